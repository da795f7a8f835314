//! The commands: arguments resolved, the library called, people told on stderr, data on stdout.

pub mod args;
mod check;
mod console;
mod decode;
mod define;
mod digitize;
mod interrupt;
mod log;
mod measure;
mod opened;
mod publish;
mod results;
mod review;
mod show;

pub use check::check;
pub use console::{Closed, failed};
pub use decode::{decode, decode_apart};
pub use define::{form_check, form_landmarks, form_learn};
pub use digitize::{decide, run};
pub use log::start as log;
pub use measure::{eval, synth};
pub use publish::publish;
pub use results::{export, tally, verify};
pub use review::review;
pub use show::{forms, report, schema};

use self::console::tell;
use crate::cli::args::{DigitizeArgs, JudgeArgs};
use crate::form::{self, Form};
use crate::read::glyphs::ReaderChoice;
use crate::read::photo::{self, Limits};
use crate::run::config::{Config, QrUse};
use crate::run::inputs;
use crate::run::registry::Registry;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a command came to; errors apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Clean,
    /// Something needs a person: exit code 1.
    Open,
}

/// Settings from arguments.
fn config(args: &DigitizeArgs) -> anyhow::Result<Config> {
    if let Some(dir) = &args.debug_images {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the folder {} for --debug-images", dir.display()))?;
    }
    if cfg!(not(feature = "tesseract")) && matches!(args.reader, ReaderChoice::Tesseract | ReaderChoice::Both)
    {
        bail!(
            "this cotejo was built without Tesseract; use --reader net, or build it with --features tesseract"
        );
    }
    Ok(Config {
        reader: args.reader,
        limits: Limits { pixels: args.max_pixels, seconds: args.max_seconds, ..Limits::default() },
        debug_images: args.debug_images.clone(),
        ..judged(&args.judge)?
    })
}

/// Settings for deciding; reading is as it is by default.
fn judged(args: &JudgeArgs) -> anyhow::Result<Config> {
    let dir = args.forms.as_deref();
    let forms = match &args.form {
        Some(id) => vec![named(dir, Some(id))?],
        None => form::known(dir)?,
    };
    if !(args.max_error > 0.0 && args.max_error < 1.0) {
        bail!(
            "--max-error is {}; it is a probability: give a number between 0 and 1, such as 1e-4",
            args.max_error
        );
    }
    let registry =
        args.registry.as_deref().map(|path| Registry::load(path, &forms)).transpose()?.map(Arc::new);
    let qr = if args.no_qr { QrUse::Ignore } else { QrUse::Compare };
    Ok(Config { qr, max_error: args.max_error, registry, ..Config::new(forms) })
}

/// The known form of this id, those of a folder among them; the first where none is asked for.
fn named(dir: Option<&Path>, id: Option<&str>) -> anyhow::Result<Form> {
    let forms = form::known(dir)?;
    let known = forms.iter().map(|f| f.id.as_str()).collect::<Vec<_>>().join(", ");
    let found = forms.into_iter().find(|f| id.is_none_or(|id| f.id == id));
    let asked = id.unwrap_or_default();
    found.with_context(|| {
        format!("there is no form \"{asked}\"; known are: {known}; more can be given with --forms")
    })
}

/// How many photos are worked on at once: each keeps a core busy and a picture in memory, so that more
/// than there are cores would be slower and larger.
fn jobs(args: &DigitizeArgs) -> anyhow::Result<usize> {
    clamped(args.jobs)
}

/// As many jobs as were asked for, and the machine has.
fn clamped(asked: Option<usize>) -> anyhow::Result<usize> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match asked {
        Some(0) => bail!("--jobs is 0; give at least 1"),
        Some(n) if n > cores => {
            tell!("--jobs {n} is more than this machine has cores; it works with {cores}");
            Ok(cores)
        }
        Some(n) => Ok(n),
        None => Ok(cores),
    }
}

/// Refuses paths that are not there or are no files, before anything is written.
fn all_there(paths: &[PathBuf]) -> anyhow::Result<()> {
    if let Some(odd) = inputs::no_files(paths).first() {
        bail!("{}: {}; nothing was written: give files or folders", odd.display(), photo::NO_FILE);
    }
    let missing: Vec<String> = inputs::missing(paths).iter().map(|p| p.display().to_string()).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => bail!("{one}: no such file or folder; nothing was written: check how it is spelled"),
        [first, rest @ ..] => {
            bail!("{first} and {} other paths: no such files or folders; nothing was written", rest.len())
        }
    }
}
