//! The commands: arguments parsed and resolved, the library called, people told on stderr, data on stdout, an exit code.

pub mod args;
mod check;
mod console;
mod decode;
mod define;
mod digitize;
mod given;
mod interrupt;
mod log;
mod measure;
mod opened;
mod publish;
mod results;
mod review;
mod show;

pub use decode::decode_apart;

use self::console::{Closed, tell};
use crate::cli::args::{Cli, Command, DigitizeArgs, FormCommand, JudgeArgs};
use crate::form::{self, Form};
use crate::read::glyphs::ReaderChoice;
use crate::read::photo::{self, Limits};
use crate::run::config::{Config, QrUse};
use crate::run::inputs;
use crate::run::registry::Registry;
use anyhow::{Context, bail};
use clap::Parser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a command came to; errors apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All is well: exit code 0.
    Clean,
    /// Something needs a person: exit code 1.
    Open,
}

/// The command of these arguments, the program's name first; its exit code. `apart` says by what documents are decoded.
pub fn command(args: impl IntoIterator<Item = OsString>, apart: impl FnOnce()) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        // Nothing is worse off where nobody reads it.
        Err(said) => {
            let _ = said.print();
            return said.exit_code() as u8;
        }
    };
    log::start(cli.log);
    if !matches!(cli.command, Command::Decode) {
        apart();
    }
    let result = match &cli.command {
        Command::Run(args) => digitize::run(args),
        Command::Check(args) => check::check(args),
        Command::Merge(args) => digitize::merge(args),
        Command::Decide(args) => digitize::decide(args),
        Command::Report(args) => show::report(args),
        Command::Review(args) => review::review(args),
        Command::Tally(args) => results::tally(args),
        Command::Export(args) => results::export(args),
        Command::Verify(args) => results::verify(args),
        Command::Publish(args) => publish::publish(args),
        Command::Eval(args) => measure::eval(args),
        Command::Synth(args) => measure::synth(args),
        Command::Forms(args) => show::forms(args),
        Command::Form(FormCommand::Check(args)) => define::form_check(args),
        Command::Form(FormCommand::Draw(args)) => define::form_draw(args),
        Command::Form(FormCommand::Landmarks(args)) => define::form_landmarks(args),
        Command::Form(FormCommand::Learn(args)) => define::form_learn(args),
        Command::Schema => show::schema(),
        Command::Man { dir } => show::man(dir),
        Command::Completions { shell } => show::completions(*shell),
        Command::Decode => decode::decode(),
    };
    match result {
        Ok(Outcome::Clean) => 0,
        Ok(Outcome::Open) => 1,
        // Whoever reads has seen enough.
        Err(error) if error.is::<Closed>() => 0,
        Err(error) => {
            console::failed(&error);
            2
        }
    }
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
    if cfg!(not(feature = "remote"))
        && let Some(far) = paths.iter().find(|path| path.to_string_lossy().contains("://"))
    {
        bail!(
            "{}: this cotejo was built without addresses; download what lies there, or build it with --features remote",
            far.display()
        );
    }
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
