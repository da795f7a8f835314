//! A published results table held against the sheets, or against another table.
//!
//! In: two [`Side`]s: the records of a run ([`records_side`]) or a table, by codes ([`table_side`]) or by names
//! ([`named`], with a [`crosswalk`] where sheet and table call the same otherwise). Out:
//! [`Verification`]: per unit agree or differ, and on which side alone it stands; every difference with
//! both values. [`page`] makes a report of it, with a crop of the sheet beside each difference. Only
//! figures that both sides give are compared. Refuses sides that share no figure.

mod compare;
pub mod crops;
pub mod crosswalk;
mod draft;
pub mod named;
pub mod page;
pub mod table;
#[cfg(test)]
mod tests;

pub use compare::{compare, records_side, table_side};
pub use draft::draft;

use crate::count::tally::TallyError;
use crate::form::Level;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name and version of the schema of a verification as JSON.
pub const VERIFY_SCHEMA: &str = "cotejo.verify/2";

/// Figures, and kinds of rows, that a summary names one by one at most.
const LISTED: usize = 40;

/// Why nothing was verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The records or a table cannot be read.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// Nothing to compare.
    #[error(
        "{left} and {right} have no figure in common; \
         say what stands in the table's columns with --columns FILE.toml (see models/tables/)"
    )]
    NothingInCommon {
        /// Name of the one.
        left: String,
        /// Name of the other.
        right: String,
    },
    /// The report's template; a fault of the program.
    #[error("the report's template: {0}")]
    Template(#[from] minijinja::Error),
}

impl From<rusqlite::Error> for VerifyError {
    fn from(e: rusqlite::Error) -> Self {
        Self::Tally(e.into())
    }
}

/// How far a unit's figures are to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Accepted or reviewed; every row of a table.
    Settled,
    /// The sheet waits for a person: a difference can be a misreading.
    Review,
    /// Its sheets contradict each other or cannot be used: not compared.
    Open,
}

/// One unit of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideUnit {
    /// How far to trust it.
    pub standing: Standing,
    /// Place of its sheet in the run, or line of its row in the table.
    pub at: Option<u64>,
    /// Figures by item; `None` where a number could not be read or a cell is empty.
    pub figures: Figures,
}

/// A unit's figures by item, in the order of their ids: some dozens, of each of tens of thousands of units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures(Vec<(Arc<str>, Option<u32>)>);

impl Figures {
    /// What is said of an item; `None` where nothing is.
    pub fn get(&self, item: &str) -> Option<Option<u32>> {
        self.0.binary_search_by(|f| f.0.as_ref().cmp(item)).ok().map(|at| self.0[at].1)
    }

    /// Puts down what is said of an item, in the place of what was.
    pub fn insert(&mut self, item: Arc<str>, value: Option<u32>) {
        match self.0.binary_search_by(|f| f.0.cmp(&item)) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (item, value)),
        }
    }
}

/// What is held against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What a person would call it.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Whether its units are sheets of a run.
    pub origin: Origin,
    /// Its figures, by id, in order.
    pub items: Vec<String>,
    /// Its units by centre and number.
    pub units: BTreeMap<(String, u32), SideUnit>,
}

/// Where a side's figures come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The sheets of a run.
    Sheets,
    /// A table.
    Table,
}

/// One figure that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FigureDifference {
    /// Which, by id.
    pub item: String,
    /// What the left side says.
    pub left: u32,
    /// What the right side says.
    pub right: u32,
}

/// One unit that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Code of the centre.
    pub centre: String,
    /// Number of the unit within its centre.
    pub table: u32,
    /// How far the left side is to be trusted.
    pub standing: Standing,
    /// Place of the sheet in the run, or line in the left table.
    pub left_at: Option<u64>,
    /// Line in the right table.
    pub right_at: Option<u64>,
    /// What differs.
    pub figures: Vec<FigureDifference>,
}

/// What people call units and figures; empty where codes and ids are all that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Called {
    /// Units: county and name.
    #[serde(skip)]
    pub units: BTreeMap<UnitKey, String>,
    /// Figures by id.
    pub items: BTreeMap<String, String>,
}

impl Called {
    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A unit, by name or by its code.
    pub fn unit(&self, (centre, number): &UnitKey, level: &Level) -> String {
        let code = || format!("{centre} {} {number}", level.en);
        self.units.get(&(centre.clone(), *number)).cloned().unwrap_or_else(code)
    }

    /// A figure, by name or by its id.
    pub fn item<'c>(&'c self, id: &'c str) -> &'c str {
        self.items.get(id).map_or(id, String::as_str)
    }
}

/// A unit, by centre and number.
pub type UnitKey = (String, u32);

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Name of the left side.
    pub left: String,
    /// Its SHA-256.
    pub left_sha256: String,
    /// Where its figures come from.
    pub left_origin: Origin,
    /// Name of the right side, always a table.
    pub right: String,
    /// Its SHA-256.
    pub right_sha256: String,
    /// The figures that were compared.
    pub items: Vec<String>,
    /// How many figures were compared.
    pub compared: usize,
    /// How many were not, because one side does not give them.
    pub empty: usize,
    /// How many units agree in all figures that were compared.
    pub agree: usize,
    /// Of those, how many wait for a person.
    pub agree_in_review: usize,
    /// Units that differ.
    pub differ: Vec<Difference>,
    /// Units on the left alone.
    pub left_only: Vec<UnitKey>,
    /// Units in the right table alone.
    pub right_only: Vec<UnitKey>,
    /// Units of both that were not compared: sheets in conflict or rejected.
    pub open: Vec<UnitKey>,
    /// Rows without a counterpart, where the table tells by names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<named::Unmatched>,
    /// What people call units and figures.
    #[serde(skip_serializing_if = "Called::is_empty")]
    pub called: Called,
    /// What is wrong with the tables themselves.
    pub problems: Vec<table::Problem>,
    /// The review log that the sheets' figures rest on, as length and last hash.
    pub log: Option<String>,
    /// What shows that the run was changed outside the program.
    pub edited: Vec<String>,
    /// The last level of the sheets' form.
    #[serde(skip)]
    pub level: Level,
}

impl Verification {
    /// The counts in one paragraph for a terminal.
    pub fn summary(&self) -> String {
        let figures: usize = self.differ.iter().map(|d| d.figures.len()).sum();
        let in_review = self.differ.iter().filter(|d| d.standing == Standing::Review).count();
        let left = match self.left_origin {
            Origin::Sheets => "on a sheet only",
            Origin::Table => "in the first table only",
        };
        let tables = &self.level.plural.en;
        let mut out = format!(
            "{} against {}\n  {} figures compared: {}\n  {} {tables} agree ({} in review)\n  \
             {} {tables} differ in {figures} figures ({in_review} in review)\n  {} {left}\n  {} in the table only\n  \
             {} not compared: their sheets contradict each other or were rejected\n",
            self.left,
            self.right,
            self.compared,
            if self.items.len() <= LISTED {
                self.items.join(", ")
            } else {
                format!("{} kinds", self.items.len())
            },
            self.agree,
            self.agree_in_review,
            self.differ.len(),
            self.left_only.len(),
            self.right_only.len(),
            self.open.len(),
        );
        if let Some(log) = &self.log {
            out.push_str(&format!("  review log: {log}\n"));
        }
        if !self.edited.is_empty() {
            out.push_str(&format!("  EDITED outside the program: {}\n", self.edited.join(", ")));
        }
        if self.empty > 0 {
            out.push_str(&format!("  {} figures could not be read or are empty cells\n", self.empty));
        }
        for (side, of) in [(Origin::Sheets, "the sheets"), (Origin::Table, "the table")] {
            let rows: Vec<_> = self.unmatched.iter().filter(|u| u.side == side).collect();
            if !rows.is_empty() {
                let count: usize = rows.iter().map(|u| u.rows).sum();
                out.push_str(&format!("  {count} rows of {of} without a counterpart:\n"));
            }
            for u in rows.iter().take(LISTED) {
                out.push_str(&format!("    {:>5}  {} {}\n", u.rows, u.lacks, u.name));
            }
            if rows.len() > LISTED {
                out.push_str(&format!("           and {} more kinds\n", rows.len() - LISTED));
            }
        }
        if !self.problems.is_empty() {
            out.push_str(&format!("  {} problems of the table itself\n", self.problems.len()));
        }
        out
    }
}
