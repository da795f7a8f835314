//! What an earlier run did, to go on from there.
//!
//! In: the folder: its journal, and the records and evidence of a run that was finished. Out: for each file what holds
//! still, by the place of its lines in the journal: records of the same bytes made with the same settings. Those of a
//! finished run are put into the journal first; records that are not as its `run.json` names them are not believed,
//! and their pages done again. Refuses paths that do not lead to every file that the run holds: its records would be lost.

use super::journal::{self, Entry, Store};
use super::pages::PAGES;
use super::together::Sheet;
use super::{BatchError, FilePages, Page, evidence};
use crate::ground::finding::Code;
use crate::ground::hash::sha256;
use crate::ground::words::display;
use crate::read::photo;
use crate::record::Record;
use crate::run::output::{self, OutputError};
use crate::run::pipeline::Digitizer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A page whose line is in the journal.
struct Line {
    at: u64,
    /// SHA-256 of its file, if its records are of these settings and rest on no other photo.
    holds: Option<String>,
}

/// What is known of a file: how many pages it has, and those that are done.
#[derive(Default)]
struct Known {
    of: u32,
    pages: BTreeMap<u32, Line>,
}

/// Refuses `files` that lack some of the folder's run.
///
/// # Errors
/// They do; the records cannot be read.
pub(super) fn complete(dir: &Path, files: &[PathBuf]) -> Result<(), BatchError> {
    let wanted: BTreeSet<String> = files.iter().map(|f| display(f)).collect();
    let mut lost: BTreeSet<String> =
        journal::entries(dir).map(|(_, entry)| entry.path).filter(|path| !wanted.contains(path)).collect();
    if !journal::anew(dir) {
        records(dir, |record| {
            let path = &record.source().path;
            if !wanted.contains(path) {
                lost.insert(path.clone());
            }
            Ok(())
        })?;
    }
    let files = lost.len();
    match lost.pop_first() {
        Some(first) => Err(BatchError::Lost { dir: dir.display().to_string(), files, first }),
        None => Ok(()),
    }
}

/// The machine's records of a finished run, one by one; none where there is none.
fn records(dir: &Path, each: impl FnMut(Record) -> Result<(), BatchError>) -> Result<(), BatchError> {
    match output::visit_machine(dir, each) {
        Err(BatchError::Output(OutputError::NoRun { .. })) => Ok(()),
        done => done,
    }
}

/// The pages of each file that hold still, all of them in the journal then.
///
/// # Errors
/// Records that cannot be read; the journal cannot be written.
pub(super) fn still(
    digitizer: &Digitizer,
    files: &[PathBuf],
    dir: &Path,
    journal: &mut Store,
) -> Result<Vec<FilePages>, BatchError> {
    let config = digitizer.provenance(None).config;
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for (at, entry) in journal::entries(dir) {
        let file = known.entry(entry.path).or_default();
        file.of = entry.of;
        file.pages.insert(entry.page, Line { at, holds: holds(&entry.records, &config) });
    }
    if !journal::anew(dir) && !journal::adds(dir) && attested(dir)? {
        finished(digitizer, dir, journal, &mut known)?;
    }
    let mut out = Vec::new();
    for file in files {
        let here = known.remove(&display(file));
        let sha = || Some(sha256(&photo::read(file, &digitizer.config().limits).ok()?));
        let mut found = FilePages::default();
        if let Some(mut here) = here
            && let Some(sha) = sha()
        {
            here.pages.retain(|&page, _| page < here.of);
            if here.pages.values().all(|line| line.holds.as_ref() == Some(&sha)) {
                for (page, line) in here.pages {
                    let pages = journal.pages(line.at, digitizer.forms())?;
                    found.put(page, here.of, Sheet::of_page(line.at, &pages));
                }
            }
        }
        out.push(found);
    }
    Ok(out)
}

/// Whether the files of a finished run are those that its `run.json` names, as far as it names them, and were never
/// others.
fn attested(dir: &Path) -> Result<bool, OutputError> {
    let run = output::run_of(dir)?;
    if run.as_ref().is_some_and(|run| !run.edited.is_empty()) {
        return Ok(false);
    }
    let name = output::machine(dir)?;
    let found = output::attested(dir, name, run.as_ref())?;
    if let Some(finding) = &found {
        tracing::warn!("{}; its pages are done again", finding.message);
    }
    Ok(found.is_none())
}

/// Puts the pages of a finished run into the journal, file by file, but those that it has already.
fn finished(
    digitizer: &Digitizer,
    dir: &Path,
    journal: &mut Store,
    known: &mut BTreeMap<String, Known>,
) -> Result<(), BatchError> {
    let config = digitizer.provenance(None).config;
    by_file(digitizer, dir, |path, of, pages| {
        let here = known.entry(path.clone()).or_default();
        here.of = here.of.max(of);
        for (page, sheets) in pages {
            if here.pages.contains_key(&page) {
                continue;
            }
            let records: Vec<Record> = sheets.iter().map(|p| p.record.clone()).collect();
            let holds = holds(&records, &config);
            let at = match holds {
                Some(_) => journal.put(&Entry::new(path.clone(), page, of, &sheets))?,
                None => 0,
            };
            here.pages.insert(page, Line { at, holds });
        }
        Ok(())
    })
}

/// Hands over the files of a finished run, in their order: the path, how many pages it has, the sheets of each page.
/// What was decided with other photos is decided again, by itself.
///
/// # Errors
/// Records that cannot be read; what `each` returns.
pub(super) fn by_file(
    digitizer: &Digitizer,
    dir: &Path,
    mut each: impl FnMut(String, u32, BTreeMap<u32, Vec<Page>>) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let config = digitizer.provenance(None).config;
    let mut measured = evidence::Kept::open(dir)?;
    let mut file: Vec<Page> = Vec::new();
    let mut whole = |file: &mut Vec<Page>| -> Result<(), BatchError> {
        let Some(path) = file.first().map(|p| p.record.source().path.clone()) else { return Ok(()) };
        let mut pages: BTreeMap<u32, Vec<Page>> = BTreeMap::new();
        for page in file.drain(..) {
            pages.entry(page.record.source().page).or_default().push(page);
        }
        // A finished run has a record of every page.
        let of = pages.keys().last().map_or(0, |last| last.saturating_add(1));
        each(path, of, pages)
    };
    records(dir, |mut record| {
        let evidence = measured.next(&record, digitizer.forms())?;
        if let Some(evidence) = evidence.as_ref().filter(|_| record.provenance.config == config) {
            record = digitizer.record(evidence);
        }
        if file.first().is_some_and(|p| p.record.source().path != record.source().path) {
            whole(&mut file)?;
        }
        file.push(Page { record, evidence });
        Ok(())
    })?;
    whole(&mut file)
}

/// What is told of a page by others of the run.
const BY_OTHERS: [Code; 6] = [
    Code::PhotosDisagree,
    Code::NameElsewhere,
    Code::PagesMissing,
    Code::PageTwice,
    Code::PageUnread,
    Code::PagesDiffer,
];

/// Whether a record rests on its photo alone.
pub(super) fn alone(record: &Record) -> bool {
    let by_others = record.findings.iter().any(|f| BY_OTHERS.contains(&f.code));
    !record.is_joined() && !record.is_part() && !record.sheet.identity.contains_key(PAGES) && !by_others
}

/// SHA-256 of the file that these records of a page are of, if they are of these settings and each rests on its photo
/// alone.
fn holds(records: &[Record], config: &str) -> Option<String> {
    let sha = records.first()?.source().sha256.clone();
    let same = |r: &Record| r.provenance.config == config && alone(r) && r.source().sha256 == sha;
    records.iter().all(same).then_some(sha)
}
