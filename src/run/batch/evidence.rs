//! What was measured in a run, written down so that it can be decided again without a pixel.
//!
//! In: the pages of a run, or the lines of such a file. Out: the other. A line is the evidence of a sheet
//! ([`crate::read::evidence`]), or, of a page on which nothing was measured, its record. Refuses a line that is
//! neither, of another program's making, or of a form that is not known, naming the line.

use super::{BatchError, Page, together};
use crate::form::Form;
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::record::{Record, SCHEMA};
use crate::run::config::QrUse;
use crate::run::output::{Folder, Measured, OutputError, Run, write_whole};
use crate::run::pipeline::Digitizer;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Name of the file in a run's folder.
pub const EVIDENCE_JSONL: &str = "evidence.jsonl";

/// A line of the file.
enum Line {
    Evidence(Box<Evidence>),
    Record(Box<Record>),
}

/// Writes what was measured on `pages`, which stand in the order of their records.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write<'p>(dir: &Path, pages: impl Iterator<Item = &'p Page>) -> Result<(), OutputError> {
    let encode = |problem: String| OutputError::Encode { what: EVIDENCE_JSONL, problem };
    let mut out = String::new();
    for page in pages {
        let line = match &page.evidence {
            Some(evidence) => evidence.to_json().map_err(|e| encode(e.to_string()))?,
            None => serde_json::to_string(&page.record).map_err(|e| encode(e.to_string()))?,
        };
        out.push_str(&line);
        out.push('\n');
    }
    write_whole(&dir.join(EVIDENCE_JSONL), out.as_bytes())
}

fn line(text: &str, forms: &[Arc<Form>]) -> Result<Line, String> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let head: Head = serde_json::from_str(text).map_err(|e| e.to_string())?;
    match head.schema.as_str() {
        SCHEMA => serde_json::from_str(text).map(|r| Line::Record(Box::new(r))).map_err(|e| e.to_string()),
        _ => Evidence::from_json(text, forms).map(|e| Line::Evidence(Box::new(e))).map_err(|e| e.to_string()),
    }
}

fn lines(path: &Path, forms: &[Arc<Form>]) -> Result<Vec<Line>, OutputError> {
    let text = std::fs::read_to_string(path).map_err(|e| OutputError::io(path, e))?;
    let numbered = text.lines().enumerate().filter(|l| !l.1.trim().is_empty());
    let bad =
        |ix: usize, problem| OutputError::Line { path: path.display().to_string(), line: ix + 1, problem };
    numbered.map(|(ix, text)| line(text, forms).map_err(|problem| bad(ix, problem))).collect()
}

/// What a run's folder holds, by file, page and ordinal; nothing where it was not kept or is of another program.
pub(super) fn kept(dir: &Path, forms: &[Arc<Form>]) -> BTreeMap<(String, u32, u32), Evidence> {
    let lines = lines(&dir.join(EVIDENCE_JSONL), forms).unwrap_or_default();
    let evidence = lines.into_iter().filter_map(|l| match l {
        Line::Evidence(e) => Some(((e.origin.sha256.clone(), e.origin.page, e.origin.ordinal), *e)),
        Line::Record(_) => None,
    });
    evidence.collect()
}

/// Decides again on what was measured in earlier runs: photos of one sheet are joined, and everything that a run
/// writes is written, but for pictures. The same evidence and settings give the same records. `paths` are files of
/// evidence, or folders of runs that kept it.
///
/// # Errors
/// A file that is not evidence of this program, or a folder that cannot be written to.
pub fn decide(
    digitizer: &Digitizer,
    paths: &[PathBuf],
    folder: &Folder,
) -> Result<(Vec<Record>, Run), BatchError> {
    let started = SystemTime::now();
    let mut results: Vec<Vec<Page>> = Vec::new();
    // Copies of files stay what they were: they stand after the page before them.
    let mut copies: Vec<(usize, Record)> = Vec::new();
    for path in paths {
        let path = if path.is_dir() { path.join(EVIDENCE_JSONL) } else { path.clone() };
        for line in lines(&path, digitizer.forms())? {
            let page = match line {
                Line::Evidence(mut evidence) => {
                    if digitizer.config().qr == QrUse::Ignore {
                        evidence.qr = QrOutcome::NotLooked;
                    }
                    Page { record: digitizer.record(&evidence), evidence: Some(*evidence) }
                }
                Line::Record(record) if record.is_part() => {
                    copies.push((results.len(), *record));
                    continue;
                }
                Line::Record(record) => Page {
                    record: Record { provenance: digitizer.provenance(None), ..*record },
                    evidence: None,
                },
            };
            let path = |p: &Page| p.record.source().path.clone();
            match results.last_mut().filter(|last| last.first().is_some_and(|p| path(p) == path(&page))) {
                Some(last) => last.push(page),
                None => results.push(vec![page]),
            }
        }
    }
    together::join(digitizer, &mut results);
    let mut records = Vec::new();
    let mut copies = copies.into_iter().peekable();
    for (ix, pages) in results.into_iter().enumerate() {
        records.extend(std::iter::from_fn(|| copies.next_if(|c| c.0 <= ix)).map(|c| c.1));
        records.extend(pages.into_iter().map(|p| p.record));
    }
    records.extend(copies.map(|c| c.1));
    let config = digitizer.config();
    let mut run = Run::new(&records, config.settings(), Measured::since(started, records.len(), 1));
    run.inputs = paths.iter().map(|p| crate::ground::words::display(p)).collect();
    run.registry = config.registry.as_ref().map(|registry| registry.coverage(&records));
    let run = folder.write(&records, &config.forms, run)?;
    Ok((records, run))
}
