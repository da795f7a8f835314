//! The run's files after review, written anew from the machine's records and the log.
//!
//! In: machine records, the entries. Out: `records.jsonl`, `records.csv`, `run.json`, the report.
//! Nothing is edited in place: each file appears whole, and the same records and entries give the same
//! bytes. Refuses nothing beyond what the system does.

use super::ReviewError;
use super::settle::{Book, settle};
use crate::desk::report;
use crate::form::Form;
use crate::record::Record;
use crate::run::output::{Folder, Overwrite, RUN_JSON, Run};
use std::borrow::Borrow;
use std::path::Path;

/// All records after review.
pub fn reviewed(machine: &[Record], forms: &[impl Borrow<Form>], book: &Book) -> Vec<Record> {
    let sampled = book.settings.drawn(machine);
    let settled = |(ix, record): (usize, &Record)| {
        settle(record, record.form_of(forms), book, sampled.contains(&ix)).record
    };
    machine.iter().enumerate().map(settled).collect()
}

/// Writes the run's files and its report from machine records and log.
///
/// # Errors
/// A file that cannot be written; those before it stand.
pub fn write(
    dir: &Path,
    machine: &[Record],
    forms: &[impl Borrow<Form>],
    book: &Book,
) -> Result<(), ReviewError> {
    let records = reviewed(machine, forms, book);
    let earlier: Option<Run> =
        std::fs::read(dir.join(RUN_JSON)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (inputs, settings, measured, registry) = match earlier {
        Some(run) => (run.inputs, run.settings, run.measured, run.registry),
        None => Default::default(),
    };
    let mut run = Run::new(&records, settings, measured);
    (run.inputs, run.registry) = (inputs, registry);
    Folder::create(dir, Overwrite::Replace)?.write_reviewed(&records, forms, run)?;
    report::write(dir, &records, forms)?;
    Ok(())
}
