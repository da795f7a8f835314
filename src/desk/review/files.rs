//! The run's files after review, written anew from the machine's records and the log.
//!
//! In: machine records, the entries. Out: the next state of the folder: `records.jsonl`, `records.csv`, `run.json` with
//! the log that they rest on, the report. All of it holds together or not at all, and the same records and entries give
//! the same bytes. Refuses entries that are not the log's, or fewer than the files rest on already: a station that is
//! behind never writes over newer decisions.

use super::ReviewError;
use super::log::{self, Entry, LOG, Log, LogError, held};
use super::machine::Machine;
use super::settle::{Book, Waits, settle};
use crate::desk::report;
use crate::form::Form;
use crate::ground::finding::{Code, Finding};
use crate::record::{Record, Sheets};
use crate::run::output::{
    About, Census, EVIDENCE_JSONL, LogHead, MACHINE_JSONL, Next, OutputError, RECORDS_JSONL, Rows, Run,
    Table, machine, open, run_of,
};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::path::Path;

/// Sheets that are done, of all that were asked for.
pub type Progress = (usize, usize);

/// Writes the run's files and its report from machine records and log.
///
/// # Errors
/// A log that is not these entries', or files that rest on more of them, unless those are known to be lost; a file that cannot be written: then the earlier
/// ones stand.
pub fn write(
    dir: &Path,
    records: &Machine,
    forms: &[impl Borrow<Form>],
    book: &Book,
    edited: &[Finding],
) -> Result<(), ReviewError> {
    let earlier = run_of(dir)?;
    let lost = edited.iter().any(|f| f.code == Code::LogEdited);
    fresh(dir, book.all(), earlier.as_ref().filter(|_| !lost))?;
    let mut next = Next::begin(dir)?;
    let name = machine(dir)?;
    if name == MACHINE_JSONL {
        next.stays(MACHINE_JSONL, &sha256(dir, name)?);
    } else {
        next.copy(MACHINE_JSONL, &mut open(dir, name)?)?;
    }
    // What was measured is of the machine's records, which stay.
    if let Some(sha256) = earlier.as_ref().and_then(|run| run.files.get(EVIDENCE_JSONL)) {
        next.stays(EVIDENCE_JSONL, sha256);
    }
    let sampled = book.settings.drawn(records)?;
    let mut each = 0..records.len();
    let next_one = || Ok(each.next().map(|ix| records.get(ix)).transpose()?);
    let (census, _) = settled(&mut next, next_one, forms, book, &sampled)?;
    let (inputs, settings, measured, registry) = match earlier {
        Some(run) => (run.inputs, run.settings, run.measured, run.registry),
        None => Default::default(),
    };
    let run = Run { inputs, registry, ..census.run(settings, measured) };
    commit(next, run, forms, book.all(), edited)
}

/// Brings a run that does not hold yet under the decisions of its folder's log: its records become the machine's, and
/// stand beside the reviewed ones.
///
/// # Errors
/// The log does not hold; a file that cannot be written.
pub fn apply(
    next: &mut Next,
    run: &mut Run,
    forms: &[impl Borrow<Form>],
) -> Result<(Book, Progress), ReviewError> {
    let log = Log::read(&next.dir().join(LOG))?;
    next.call(RECORDS_JSONL, MACHINE_JSONL)?;
    let path = next.path(MACHINE_JSONL);
    let (mut rows, mut sheets) = (Rows::open(&path)?, Sheets::default());
    while let Some(record) = rows.next()? {
        sheets.add(&record);
    }
    let book = Book::of(log.entries(), sheets);
    let (mut rows, mut lots) = (Rows::open(&path)?, book.settings.lots());
    while let Some(record) = rows.next()? {
        lots.add(&record);
    }
    let mut rows = Rows::open(&path)?;
    let (census, progress) = settled(next, || Ok(rows.next()?), forms, &book, &lots.drawn())?;
    let own = std::mem::take(&mut run.settings);
    let Run { counts, findings, alarms, .. } = census.run(own.clone(), run.measured.clone());
    (run.counts, run.findings, run.alarms, run.settings) = (counts, findings, alarms, own);
    run.log = Some(log.state());
    Ok((book, progress))
}

/// Writes the records after review; what was counted of them, and how many sheets are done.
fn settled(
    next: &mut Next,
    mut each: impl FnMut() -> Result<Option<Record>, ReviewError>,
    forms: &[impl Borrow<Form>],
    book: &Book,
    sampled: &BTreeSet<usize>,
) -> Result<(Census, Progress), ReviewError> {
    let (mut census, mut done, mut all, mut ix) = (Census::default(), 0, 0, 0);
    let mut table = Table::new(next)?;
    while let Some(record) = each()? {
        let settled = settle(&record, record.form_of(forms).as_deref(), book, sampled.contains(&ix));
        table.add(&settled.record)?;
        census.add(&settled.record);
        all += usize::from(!settled.tasks.is_empty());
        done += usize::from(!settled.tasks.is_empty() && Waits::of(&settled).is_none());
        ix += 1;
    }
    table.finish(forms)?;
    Ok((census, (done, all)))
}

/// Adds the report, and lets the state hold.
fn commit(
    mut next: Next,
    mut run: Run,
    forms: &[impl Borrow<Form>],
    entries: &[Entry],
    edited: &[Finding],
) -> Result<(), ReviewError> {
    run.log = Some(log::state(entries));
    run.edited = edited.to_vec();
    report::write(&mut next, forms, &About::of(&run))?;
    next.commit(run)?;
    Ok(())
}

/// Refuses entries that are not those of the folder's log, and files that rest on more of them.
fn fresh(dir: &Path, entries: &[Entry], earlier: Option<&Run>) -> Result<(), ReviewError> {
    let stale = || LogError::Busy { path: dir.join(LOG).display().to_string() };
    let own = log::state(entries);
    let rest = earlier.and_then(|run| run.log.as_ref()).map_or(0, |log: &LogHead| log.entries);
    if rest > own.entries || held(dir, Some(&own)).problem.is_some() {
        return Err(stale().into());
    }
    Ok(())
}

fn sha256(dir: &Path, name: &str) -> Result<String, OutputError> {
    crate::run::output::sha256_of(dir, name)
}
