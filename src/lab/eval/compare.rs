//! Two evaluations, sheet by sheet: what got better and what got worse.
//!
//! In: the evaluation before and the one after. Out: a [`Comparison`]. A sheet is matched by its file
//! name. Refuses nothing: sheets that only one of them holds are listed.

use super::{Evaluation, SheetResult};
use crate::decide::Status;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// One sheet before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The sheet's path after.
    pub path: String,
    /// What it was, in words.
    pub before: String,
    /// What it is, in words.
    pub after: String,
}

/// What changed from one evaluation to the next, in the order of the later one's sheets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Worse than before.
    pub worse: Vec<Change>,
    /// Better than before.
    pub better: Vec<Change>,
    /// Other fields are wrong or unread, as many as before.
    pub different: Vec<Change>,
    /// As before.
    pub same: usize,
    /// Only in the later one.
    pub new: Vec<String>,
    /// Only in the earlier one.
    pub gone: Vec<String>,
}

/// Compares two evaluations.
pub fn compare(before: &Evaluation, after: &Evaluation) -> Comparison {
    let mut earlier: BTreeMap<&str, &SheetResult> =
        before.sheets.iter().map(|s| (file_name(&s.path), s)).collect();
    let mut out = Comparison::default();
    for sheet in &after.sheets {
        let Some(old) = earlier.remove(file_name(&sheet.path)) else {
            out.new.push(sheet.path.clone());
            continue;
        };
        let change = || Change { path: sheet.path.clone(), before: words(old), after: words(sheet) };
        match rank(sheet).cmp(&rank(old)) {
            Ordering::Less => out.worse.push(change()),
            Ordering::Greater => out.better.push(change()),
            Ordering::Equal if old.wrong == sheet.wrong && old.unread == sheet.unread => out.same += 1,
            Ordering::Equal => out.different.push(change()),
        }
    }
    out.gone = earlier.into_values().map(|s| s.path.clone()).collect();
    out
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Better sheets compare greater: accepted and wrong is worst, then rejected, then review with ever
/// fewer faults, then review without, then as it should be.
fn rank(sheet: &SheetResult) -> (u8, std::cmp::Reverse<usize>) {
    let faults = sheet.wrong.len() + sheet.unread.len();
    let as_expected = sheet.status == sheet.expected.unwrap_or(Status::Accepted);
    let class = match sheet.status {
        _ if sheet.accepted_wrong() => 0,
        _ if as_expected => 4,
        Status::Rejected => 1,
        _ if faults > 0 => 2,
        _ => 3,
    };
    (class, std::cmp::Reverse(faults))
}

/// A sheet in words, such as `review, 2 wrong (FIELD 3 for 5, …), 1 unread (TOTAL)`.
fn words(sheet: &SheetResult) -> String {
    let mut out = sheet.status.word().to_owned();
    if !sheet.wrong.is_empty() {
        let list: Vec<String> =
            sheet.wrong.iter().map(|d| format!("{} {} for {}", d.field, d.value, d.truth)).collect();
        out += &format!(", {} wrong ({})", list.len(), shorten(&list));
    }
    if !sheet.unread.is_empty() {
        out += &format!(", {} unread ({})", sheet.unread.len(), shorten(&sheet.unread));
    }
    if sheet.fully_right() {
        out += ", all right";
    }
    out
}

/// The first three of a list.
fn shorten(list: &[String]) -> String {
    let more = if list.len() > 3 { ", …" } else { "" };
    format!("{}{more}", list[..list.len().min(3)].join(", "))
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "against the earlier evaluation: {} worse, {} better, {} different, {} as before",
            self.worse.len(),
            self.better.len(),
            self.different.len(),
            self.same
        )?;
        for (title, list) in
            [("worse", &self.worse), ("better", &self.better), ("different", &self.different)]
        {
            for change in list {
                writeln!(f, "  {title}: {}", change.path)?;
                writeln!(f, "    before: {}", change.before)?;
                writeln!(f, "    after:  {}", change.after)?;
            }
        }
        for (title, list) in [("new", &self.new), ("gone", &self.gone)] {
            for path in list {
                writeln!(f, "  {title}: {path}")?;
            }
        }
        Ok(())
    }
}
