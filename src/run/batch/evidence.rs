//! What was measured in a run, written down so that it can be decided again without a pixel.
//!
//! In: the lines of such files. Out: the records of a run anew. A line is the evidence of a sheet
//! ([`crate::read::evidence`]), or, of a page on which nothing was measured, its record. Refuses a line that is
//! neither, of another program's making, or of a form that is not known, naming the line; and a file that is not the one
//! that its run names, unless that is to be marked.

use super::finish::{Item, Photos, finish};
use super::journal::{Entry, Store};
use super::together::{Sheet, Sheets};
use super::{BatchError, Keep, Page, Staged};
use crate::form::Form;
use crate::ground::finding::Finding;
use crate::ground::words::display;
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::record::{Record, SCHEMA};
use crate::run::config::QrUse;
use crate::run::output::{self, EVIDENCE_JSONL, Folder, Measured, Next, OutputError};
use crate::run::pipeline::Digitizer;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A line of the file.
pub(super) enum Line {
    Evidence(Box<Evidence>),
    Record(Box<Record>),
}

/// What a line says.
pub(super) fn line(text: &str, forms: &[Arc<Form>]) -> Result<Line, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    // As this program writes it; all else says what it is wherever it says so.
    let evidence = text.starts_with(r#"{"schema":"cotejo.evidence/1","#);
    let head =
        (!evidence).then(|| serde_json::from_str::<Head>(text).map_err(|e| e.to_string())).transpose()?;
    match head.as_ref().map(|head| head.schema.as_str()) {
        Some(SCHEMA) => {
            serde_json::from_str(text).map(|r| Line::Record(Box::new(r))).map_err(|e| e.to_string())
        }
        _ => Evidence::from_json(text, forms).map(|e| Line::Evidence(Box::new(e))).map_err(|e| e.to_string()),
    }
}

/// What a finished run kept, beside its records: a line each, in their order.
pub(super) struct Kept {
    lines: Option<BufReader<File>>,
}

impl Kept {
    /// That of a folder; nothing where none was kept, or the file is not the one that the run names.
    pub(super) fn open(dir: &Path) -> Result<Self, OutputError> {
        let run = output::run_of(dir)?;
        let Some(file) = output::open_if_there(dir, EVIDENCE_JSONL)? else { return Ok(Self { lines: None }) };
        let edited = output::attested(dir, EVIDENCE_JSONL, run.as_ref())?;
        Ok(Self { lines: edited.is_none().then(|| BufReader::new(file)) })
    }

    /// What was measured for the next record; nothing where it was not kept or is of another program.
    pub(super) fn next(
        &mut self,
        record: &Record,
        forms: &[Arc<Form>],
    ) -> Result<Option<Evidence>, OutputError> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let mut text = String::new();
        lines.read_line(&mut text).map_err(|e| OutputError::io(Path::new(EVIDENCE_JSONL), e))?;
        let of = record.source();
        Ok(match line(&text, forms) {
            Ok(Line::Evidence(e)) => {
                let origin = (&e.origin.sha256, e.origin.page, e.origin.ordinal);
                (origin == (&of.sha256, of.page, of.ordinal)).then_some(*e)
            }
            _ => None,
        })
    }
}

/// What shows that evidence was changed since its runs wrote it, where that is known.
///
/// # Errors
/// A file that cannot be read.
pub fn evidence_edited(paths: &[PathBuf]) -> Result<Vec<Finding>, OutputError> {
    let mut out = Vec::new();
    for path in paths {
        let dir = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        let Some(dir) = dir.filter(|d| path.is_dir() || d.join(EVIDENCE_JSONL) == *path) else { continue };
        let run = output::run_of(dir)?;
        out.extend(run.iter().flat_map(|r| r.edited.iter().cloned()));
        out.extend(output::attested(dir, EVIDENCE_JSONL, run.as_ref())?);
    }
    Ok(out)
}

/// Decides again on what was measured in earlier runs: photos of one sheet are joined, and everything that a run
/// writes is written, but for pictures. A file whose content stands under an earlier path is a copy of that. The same
/// evidence and settings give the same records. `paths` are files of evidence, or folders of runs that kept it.
///
/// # Errors
/// A file that is not evidence of this program, or a folder that cannot be written to.
pub fn decide(digitizer: &Digitizer, paths: &[PathBuf], folder: &Folder) -> Result<Staged, BatchError> {
    let started = SystemTime::now();
    let next = Next::begin(folder.path())?;
    let mut store = Store::new(&next.path(PAGES), next.out(PAGES)?);
    let mut sheets = Sheets::default();
    let mut items: Vec<Item> = Vec::new();
    let (mut file, mut is_copy) = (String::new(), false);
    let mut contents: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
    for path in paths {
        let (name, opened) = if path.is_dir() {
            (path.join(EVIDENCE_JSONL), output::open(path, EVIDENCE_JSONL)?)
        } else {
            (path.clone(), File::open(path).map_err(|e| OutputError::io(path, e))?)
        };
        for (ix, text) in BufReader::new(opened).lines().enumerate() {
            let text = text.map_err(|e| OutputError::io(&name, e))?;
            if text.trim().is_empty() {
                continue;
            }
            let bad = |problem| OutputError::Line { path: name.display().to_string(), line: ix + 1, problem };
            let page = match line(&text, digitizer.forms()).map_err(bad)? {
                Line::Evidence(mut evidence) => {
                    if digitizer.config().qr == QrUse::Ignore {
                        evidence.qr = QrOutcome::NotLooked;
                    }
                    Page { record: digitizer.record(&evidence), evidence: Some(*evidence) }
                }
                // Copies of files stay what they were.
                Line::Record(record) if record.is_part() => {
                    items.push(Item::Plain(store.put(&record)?));
                    continue;
                }
                Line::Record(record) => {
                    let record = Record { provenance: digitizer.provenance(None), ..*record };
                    Page { record, evidence: None }
                }
            };
            let source = page.record.source().clone();
            let fresh = file != source.path;
            if fresh {
                let known = contents.get(&source.sha256).filter(|_| !source.sha256.is_empty());
                is_copy = known.is_some();
                items.extend(known.map(|(original, of)| {
                    let (file, original) = (PathBuf::from(&source.path), PathBuf::from(original));
                    Item::Copies { file, original, of: of.clone() }
                }));
                file.clone_from(&source.path);
            }
            if is_copy {
                continue;
            }
            let at =
                store.put(&Entry::new(source.path.clone(), source.page, 0, std::slice::from_ref(&page)))?;
            let sheet = sheets.add(fresh, 0, Sheet::of(at, 0, &page));
            contents.entry(source.sha256).or_insert((source.path, Vec::new())).1.push(sheet);
            items.push(Item::Sheet(sheet));
        }
    }
    let inputs = paths.iter().map(|p| display(p)).collect();
    let measured = |records| Measured::since(started, records, 1);
    let what = (sheets, items, inputs);
    let staged = finish(digitizer, &Photos::default(), (store, next), what, Keep::Records, measured, &())?;
    Ok(staged.without_journal(PAGES)?)
}

/// Holds the pages while they are put together again.
pub(super) const PAGES: &str = "pages.jsonl";
