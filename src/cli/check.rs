//! `cotejo check`: whether photos of a sheet are good enough, while it still hangs on the wall.

use super::console::say;
use super::{Outcome, all_there, config, given, jobs};
use crate::cli::args::PhotosArgs;
use crate::decide::Status;
use crate::ground::finding::{Code, Finding};
use crate::ground::words::{Language, spoken};
use crate::record::Record;
use crate::run::batch::{self, Jobs};
use crate::run::inputs;
use crate::run::pipeline::Digitizer;
use anyhow::bail;

macro_rules! sentences {
    ($($list:tt)*) => {
        spoken! {
            /// What the command says to people in their language.
            #[derive(Debug, Clone, PartialEq, Eq)]
            Sentence { $($list)* }
        }
    };
}

include!("sentences.rs");

/// At most this many findings of a sheet are told beside what to take again.
const TOLD: usize = 3;

/// Says of each sheet whether its photos do, and if not, what to take again.
///
/// # Errors
/// Settings that make no sense, no input.
pub fn check(args: &PhotosArgs) -> anyhow::Result<Outcome> {
    given::held(&args.paths)?;
    all_there(&args.paths)?;
    let inputs = inputs::collect(&args.paths);
    if inputs.files.is_empty() {
        bail!("no pictures in {}; give photos, or folders of them", inputs.names().join(", "));
    }
    let digitizer = Digitizer::new(config(&args.digitize)?)?;
    let (records, _) = batch::records(&digitizer, &inputs.files, Jobs(jobs(&args.digitize)?), &())?;
    let language = args.lang.map_or_else(around, Language::from);
    let mut outcome = Outcome::Clean;
    for record in records.iter().filter(|r| !r.is_part()) {
        let (sentence, findings) = told(record);
        if record.status != Status::Accepted {
            outcome = Outcome::Open;
        }
        say!("{}", sentence.told(language))?;
        for finding in findings {
            say!("  {}; {}", finding.seen(language), finding.advice(language))?;
        }
    }
    Ok(outcome)
}

/// The language of the process's surroundings: Spanish where they ask for it.
fn around() -> Language {
    let mut set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    match set.find(|locale| !locale.is_empty()) {
        Some(locale) if locale.starts_with("es") => Language::Es,
        _ => Language::En,
    }
}

/// What is said of a sheet, and the findings that say why.
fn told(record: &Record) -> (Sentence, Vec<&Finding>) {
    let photos: Vec<&str> = record.sources.iter().map(|s| s.path.as_str()).collect();
    let photos = photos.join(" + ");
    if record.status == Status::Accepted {
        return (Sentence::GoodPhotos { photos }, Vec::new());
    }
    let held = record.findings.iter().filter(|f| Status::from(f.severity) == record.status);
    let parts = record.findings.iter().filter(|f| f.code == Code::Retake);
    let again = record.status == Status::Rejected || parts.clone().next().is_some();
    let sentence = if again { Sentence::TakeAgain { photos } } else { Sentence::LookAt { photos } };
    (sentence, parts.chain(held.take(TOLD)).collect())
}
