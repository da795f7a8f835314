//! Corrections as files, and the corrections of other machines.
//!
//! In: the station; the logs of others. Out: `corrections.csv` and `corrections.json`, every entry with
//! what became of it; the others' entries appended to the own log with the id that they had there, so
//! that merging twice changes nothing. Reviewers who did not know of each other and say different
//! things contradict each other: that is listed, and neither counts until it is resolved. Refuses a log
//! whose chain does not hold; a log of others is read from a copy and never written to.

use super::ReviewError;
use super::fold::Verdict;
use super::log::{Action, Deed, Entry, Log};
use super::station::Station;
use crate::record::sheet_key;
use crate::run::output::{OutputError, inert, write_whole};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The corrections as a table.
pub const CORRECTIONS_CSV: &str = "corrections.csv";
/// The corrections as JSON.
pub const CORRECTIONS_JSON: &str = "corrections.json";

/// What became of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Entries that are new.
    pub taken: usize,
    /// Entries that the log had already.
    pub known: usize,
    /// Of those taken, entries about sheets that the run lacks.
    pub strange: usize,
}

/// People who say different things of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// The sheet's photo.
    pub path: String,
    /// The sheet's key.
    pub sheet: String,
    /// The field.
    pub field: String,
    /// Who says what; `—` for unreadable.
    pub said: Vec<(String, String)>,
}

/// Appends another log's entries to the station's.
///
/// # Errors
/// A log that is not there or does not hold; the own log cannot be written.
pub fn merge(station: &mut Station, path: &Path) -> Result<Merged, ReviewError> {
    let other = Log::read(path)?;
    let own: BTreeSet<String> = station.log().entries().iter().map(|e| e.id().to_owned()).collect();
    let mut merged = Merged::default();
    let mut deeds: Vec<Deed> = Vec::new();
    for entry in other.entries().iter().filter(|e| e.deed.action != Action::Setting) {
        if own.contains(entry.id()) {
            merged.known += 1;
            continue;
        }
        merged.taken += 1;
        merged.strange += usize::from(station.book().key(&entry.deed).is_none());
        deeds.push(Deed { origin: Some(entry.id().to_owned()), ..entry.deed.clone() });
    }
    if !deeds.is_empty() {
        station.take_in(deeds)?;
    }
    Ok(merged)
}

/// All contradictions, in the order of the sheets.
///
/// # Errors
/// The records cannot be read any more.
pub fn contradictions(station: &Station) -> Result<Vec<Clash>, ReviewError> {
    let mut out = Vec::new();
    for (&ix, _) in station.waiting().iter().filter(|(_, w)| w.clash > 0) {
        let settled = station.settled(ix)?;
        for (task, verdict) in &settled.tasks {
            let Verdict::Contradicted(heads) = verdict else { continue };
            out.push(Clash {
                path: settled.record.source().path.clone(),
                sheet: sheet_key(&settled.record).unwrap_or_default(),
                field: task.field.clone(),
                said: heads.iter().map(|e| (e.deed.who.clone(), said(e))).collect(),
            });
        }
    }
    Ok(out)
}

/// What an entry says, for people.
pub fn said(entry: &Entry) -> String {
    entry.deed.after.clone().unwrap_or_else(|| "—".to_owned())
}

/// One entry with its sheet and what became of it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    path: String,
    code: String,
    /// `stands`, `replaced`, `undone`, `contradicted`, `waits`, `unmatched` where the run has no such sheet,
    /// or `note` for what is no value.
    standing: &'static str,
    #[serde(flatten)]
    entry: &'a Entry,
}

fn rows(station: &Station) -> Result<Vec<Row<'_>>, ReviewError> {
    let mut standing: BTreeMap<&str, &'static str> = BTreeMap::new();
    // Path and code of each sheet, as the machine read it.
    let mut of_sheet: BTreeMap<&str, (String, Option<String>)> = BTreeMap::new();
    let book = station.book();
    for sheet in book.sheets() {
        let ix = station.find(sheet);
        if let Some(ix) = ix {
            let machine = station.machine().get(ix)?;
            of_sheet.insert(sheet, (machine.source().path.clone(), machine.sheet.code));
        }
        let settled = ix.map(|ix| station.settled(ix)).transpose()?;
        for field in book.fields(sheet) {
            let entries = book.on(sheet, field);
            let verdict = settled.as_ref().and_then(|s| s.tasks.iter().find(|(t, _)| t.field == field));
            let word = match verdict.map(|(_, v)| v) {
                Some(Verdict::Contradicted(_)) => "contradicted",
                Some(Verdict::Again { .. }) => "waits",
                _ => "stands",
            };
            for entry in super::fold::heads(&entries) {
                standing.insert(entry.id(), word);
            }
            for entry in entries.iter().filter(|e| e.deed.action == Action::Undo) {
                for id in &entry.deed.replaces {
                    standing.insert(id, "undone");
                }
            }
        }
    }
    let row = |(entry, key): (_, Option<&str>)| {
        let entry: &Entry = entry;
        let unknown = || (String::new(), entry.deed.sheet_code.clone());
        let (path, code) = key.and_then(|key| of_sheet.get(key).cloned()).unwrap_or_else(unknown);
        Row {
            path,
            code: code.unwrap_or_default(),
            standing: match entry.deed.action {
                Action::Undo | Action::Setting => "note",
                _ if key.is_none() => "unmatched",
                _ => standing.get(entry.id()).copied().unwrap_or("replaced"),
            },
            entry,
        }
    };
    Ok(book.with_keys().map(row).collect())
}

/// The corrections as CSV, one row an entry.
///
/// # Errors
/// A table that CSV cannot hold; none is known.
pub fn to_csv(station: &Station) -> Result<Vec<u8>, ReviewError> {
    let problem = |e: String| ReviewError::from(OutputError::Encode { what: CORRECTIONS_CSV, problem: e });
    let mut csv = csv::Writer::from_writer(Vec::new());
    let head = [
        "n", "at", "who", "path", "code", "sheet", "field", "action", "before", "after", "reason", "sight",
        "standing", "origin", "previous", "hash",
    ];
    csv.write_record(head).map_err(|e| problem(e.to_string()))?;
    for row in rows(station)? {
        let (entry, deed) = (row.entry, &row.entry.deed);
        let text = |t: &Option<String>| t.as_deref().map_or_else(String::new, inert);
        csv.write_record([
            entry.n.to_string(),
            deed.at.clone(),
            inert(&deed.who),
            inert(&row.path),
            inert(&row.code),
            deed.sheet.clone(),
            inert(&deed.field),
            deed.action.name().to_owned(),
            text(&deed.before),
            text(&deed.after),
            inert(&deed.reason),
            deed.sight.name().to_owned(),
            row.standing.to_owned(),
            text(&deed.origin),
            entry.previous.clone(),
            entry.hash.clone(),
        ])
        .map_err(|e| problem(e.to_string()))?;
    }
    csv.into_inner().map_err(|e| problem(e.to_string()))
}

/// The corrections as JSON: all entries, the contradictions, and the log's last hash.
///
/// # Errors
/// What JSON cannot hold; none is known.
pub fn to_json(station: &Station) -> Result<Vec<u8>, ReviewError> {
    let log = station.log().state();
    let all = serde_json::json!({
        "schema": "cotejo.corrections/1",
        "length": log.entries,
        "head": log.head,
        "entries": rows(station)?,
        "contradictions": contradictions(station)?,
    });
    let mut bytes = serde_json::to_vec_pretty(&all)
        .map_err(|e| OutputError::Encode { what: CORRECTIONS_JSON, problem: e.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes both files into the run's folder.
///
/// # Errors
/// A file that cannot be written.
pub fn export(station: &Station) -> Result<(), ReviewError> {
    write_whole(&station.dir().join(CORRECTIONS_CSV), &to_csv(station)?)?;
    write_whole(&station.dir().join(CORRECTIONS_JSON), &to_json(station)?)?;
    Ok(())
}
