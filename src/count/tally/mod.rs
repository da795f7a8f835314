//! From records to results: votes added up by place, candidate and party.
//!
//! In: the records of a run ([`Base`]), a level of their form and what to add up ([`By`]). Out: [`Tally`], each
//! figure with the number of sheets in it, as text, CSV, JSON, Parquet or a bar chart. Only accepted
//! and reviewed sheets count, one a unit of the form's last level: sheets of one unit that say the same are joined, those that
//! contradict each other are listed and left out. A place without a sheet has no sum, which is not a sum
//! of nought, and a sum that lacks sheets says so. All sums are SQL's. Refuses what [`Base::load`] refuses.

pub mod about;
mod base;
mod chart;
pub mod columns;
mod expected;
pub mod frame;
mod show;
#[cfg(test)]
mod tests;

pub use base::{Base, Loader, SCHEMA, file_name, status};
pub use chart::{Bars, svg};
pub use expected::{Expected, ExpectedTable, Of};
pub use show::{frame, json, text};

use crate::form::{Level, Levels};
use crate::run::output::OutputError;
use crate::run::registry::RegistryError;
use rusqlite::params;
use serde::Serialize;

/// Why there is no tally.
#[derive(Debug, thiserror::Error)]
pub enum TallyError {
    /// The run cannot be read, or a file not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Sheets that cannot be added up by the same places.
    #[error(
        "the sheets of {one} and {other} have other levels and cannot be added up together; \
         digitize each form by itself (--form)"
    )]
    Levels {
        /// The form of the first sheets.
        one: String,
        /// The form with other levels.
        other: String,
    },
    /// A report in NIST's format states the day of the election.
    #[error(
        "the form \"{form}\" does not say the day of its election, which NIST's format asks for; \
         give it issued = \"DD/MM/YYYY\", or take another layout"
    )]
    NoDay {
        /// The form's id; empty where none is known.
        form: String,
    },
    /// The database; a fault of the program, or a disk that is full.
    #[error("the tables of the run: {0}")]
    Database(#[from] rusqlite::Error),
    /// A Parquet file that cannot be written.
    #[error("Parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// JSON that cannot be written.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What votes are added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum By {
    /// One figure a candidate.
    Candidate,
    /// One figure a party row, and one each other number of it.
    Party,
}

/// What is added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// `candidate`, `party`, `value` (another number of a party's row) or `total`.
    pub kind: &'static str,
    /// Short name, as the form has it.
    pub id: String,
    /// As printed.
    pub name: String,
    /// Whether a table for people shows it: candidates, rows, and the totals that the form names.
    #[serde(skip)]
    pub leads: bool,
}

/// How many units of a place are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// With a sheet in the sums.
    pub counted: u64,
    /// Whose sheet waits for a person.
    pub review: u64,
    /// Whose sheets contradict each other.
    pub conflict: u64,
    /// Whose sheet cannot be used.
    pub rejected: u64,
    /// Without a sheet; `None` where it is not known which units there are.
    pub missing: Option<u64>,
    /// How many the registry lists; `None` where there is none.
    pub expected: Option<u64>,
}

impl Coverage {
    /// All units that are known of: shown by a sheet or listed.
    pub fn known(&self) -> u64 {
        self.counted + self.review + self.conflict + self.rejected + self.missing.unwrap_or(0)
    }

    /// Whether a sum over this many sheets lacks some; `None` where nobody knows how many there should be.
    pub fn lacks(&self, sheets: u64) -> Option<bool> {
        if sheets < self.known() { Some(true) } else { self.expected.map(|_| false) }
    }
}

/// One sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figure {
    /// The sum; `None` where no sheet is in it.
    pub votes: Option<u64>,
    /// How many sheets are in it; a sheet on which the number could not be read is not.
    pub sheets: u64,
    /// Whether sheets are lacking in it; `None` where nobody knows how many there should be.
    pub partial: Option<bool>,
}

/// The sums of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its code, digits; empty for the whole.
    pub code: String,
    /// The code of the area above it.
    pub parent: String,
    /// Its name; empty where no sheet could be read.
    pub name: String,
    /// Its units.
    pub coverage: Coverage,
    /// One figure an item, in their order.
    pub figures: Vec<Figure>,
}

/// Sums by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The levels of the sheets' form.
    pub levels: Levels,
    /// By which of them.
    pub depth: usize,
    /// What is added up: candidates or parties, then totals.
    pub items: Vec<Item>,
    /// One line a place, by code.
    pub lines: Vec<Line>,
}

impl Tally {
    /// By what places.
    pub fn level(&self) -> &Level {
        &self.levels.all()[self.depth.min(self.levels.last())]
    }
}

/// A unit whose sheets contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// Code of the centre.
    pub centre: String,
    /// Its number within the centre.
    pub table: u32,
    /// The number on which they differ.
    pub field: String,
    /// What each file says.
    pub says: Vec<(String, Option<u32>)>,
}

/// A unit that several sheets show alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// Code of the centre.
    pub centre: String,
    /// Its number within the centre.
    pub table: u32,
    /// The files.
    pub files: Vec<String>,
}

/// What did not go into the sums as a sheet of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Aside {
    /// Units left out because their sheets contradict each other, a line a number.
    pub conflicts: Vec<Conflict>,
    /// Units that several sheets show.
    pub joined: Vec<Joined>,
    /// Files of sheets that count and do not say where they are from.
    pub unplaced: Vec<String>,
}

/// The items of a run.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn items(base: &Base, by: By) -> Result<Vec<Item>, TallyError> {
    let items = match by {
        By::Candidate => "SELECT id, name, 'candidate' FROM candidate ORDER BY candidate",
        By::Party => "SELECT id, name, kind FROM field WHERE kind <> 'total' ORDER BY field",
    };
    let mut out = Vec::new();
    for sql in [items, "SELECT id, name, kind FROM field WHERE kind = 'total' ORDER BY field"] {
        let mut statement = base.db().prepare(sql)?;
        let rows = statement.query_map([], |r| {
            let id: String = r.get(0)?;
            let kind = match r.get::<_, String>(2)?.as_str() {
                "candidate" => "candidate",
                "vote" => "party",
                "value" => "value",
                _ => "total",
            };
            let leads = kind != "total" || base.form().is_some_and(|f| f.export.leads(&id));
            Ok(Item { kind, id, name: r.get(1)?, leads })
        })?;
        for row in rows {
            out.push(row?);
        }
    }
    Ok(out)
}

/// Adds up by the level at `depth`, 0 the whole, of the places whose code begins with `within`.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn tally(base: &Base, depth: usize, by: By, within: &str) -> Result<Tally, TallyError> {
    let items = items(base, by)?;
    let mut lines = Vec::new();
    let mut at = std::collections::BTreeMap::new();
    let sql = "SELECT p.code, p.parent, p.name, \
        count(*) FILTER (WHERE u.standing = 'counted'), count(*) FILTER (WHERE u.standing = 'review'), \
        count(*) FILTER (WHERE u.standing = 'conflict'), count(*) FILTER (WHERE u.standing = 'rejected'), \
        count(*) FILTER (WHERE u.standing = 'missing'), count(*) FILTER (WHERE u.listed) \
        FROM place p JOIN area a ON a.level = p.level AND a.code = p.code \
        JOIN unit u USING (unit) \
        WHERE p.level = ?1 AND u.centre GLOB ?2 GROUP BY p.code ORDER BY p.code";
    let glob = format!("{}*", within.replace(['*', '?', '['], ""));
    let mut statement = base.db().prepare(sql)?;
    let mut rows = statement.query(params![depth as i64, glob])?;
    while let Some(r) = rows.next()? {
        let coverage = Coverage {
            counted: r.get(3)?,
            review: r.get(4)?,
            conflict: r.get(5)?,
            rejected: r.get(6)?,
            missing: if base.knows_missing() { Some(r.get(7)?) } else { None },
            expected: if base.knows_missing() { Some(r.get(8)?) } else { None },
        };
        let none = Figure { partial: coverage.lacks(0), ..Figure::default() };
        let figures = vec![none; items.len()];
        let line = Line { code: r.get(0)?, parent: r.get(1)?, name: r.get(2)?, coverage, figures };
        at.insert(line.code.clone(), lines.len());
        lines.push(line);
    }
    let candidates = "SELECT a.code, c.id, sum(n.value), count(n.value) \
        FROM area a JOIN unit u USING (unit) \
        JOIN candidate_number n ON n.sheet = u.sheet JOIN candidate c ON c.candidate = n.candidate \
        WHERE a.level = ?1 AND u.standing = 'counted' AND u.centre GLOB ?2 GROUP BY a.code, n.candidate";
    let fields = "SELECT a.code, f.id, sum(n.value), count(n.value) \
        FROM area a JOIN unit u USING (unit) \
        JOIN number n ON n.sheet = u.sheet JOIN field f ON f.field = n.field \
        WHERE a.level = ?1 AND u.standing = 'counted' AND u.centre GLOB ?2 AND f.kind = ?3 \
        GROUP BY a.code, n.field";
    let mut put = |kind: &str, code: &str, id: &str, votes: Option<u64>, sheets: u64| {
        let item = items.iter().position(|i| i.id == id && (i.kind == "total") == (kind == "total"));
        if let (Some(&line), Some(item)) = (at.get(code), item) {
            let line: &mut Line = &mut lines[line];
            line.figures[item] = Figure { votes, sheets, partial: line.coverage.lacks(sheets) };
        }
    };
    for kind in ["vote", "value", "total"].into_iter().filter(|&k| k != "value" || by == By::Party) {
        let by_candidate = kind == "vote" && by == By::Candidate;
        let mut statement = base.db().prepare(if by_candidate { candidates } else { fields })?;
        let mut rows = if by_candidate {
            statement.query(params![depth as i64, glob])?
        } else {
            statement.query(params![depth as i64, glob, kind])?
        };
        while let Some(r) = rows.next()? {
            put(kind, &r.get::<_, String>(0)?, &r.get::<_, String>(1)?, r.get(2)?, r.get(3)?);
        }
    }
    Ok(Tally { levels: base.levels().clone(), depth, items, lines })
}

/// What did not go into the sums, and what was joined.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn aside(base: &Base) -> Result<Aside, TallyError> {
    let mut out = Aside::default();
    let sql = "SELECT u.centre, u.table_number, f.id, s.file, c.value \
        FROM conflict c JOIN unit u USING (unit) JOIN field f USING (field) JOIN sheet s ON s.sheet = c.sheet \
        ORDER BY u.centre, u.table_number, c.field, c.sheet";
    let mut statement = base.db().prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (centre, table, field): (String, u32, String) = (r.get(0)?, r.get(1)?, r.get(2)?);
        let says = (r.get(3)?, r.get(4)?);
        match out.conflicts.last_mut() {
            Some(c) if c.centre == centre && c.table == table && c.field == field => c.says.push(says),
            _ => out.conflicts.push(Conflict { centre, table, field, says: vec![says] }),
        }
    }
    let sql = "SELECT u.centre, u.table_number, s.file FROM unit u JOIN sheet s ON s.unit = u.unit \
        WHERE u.copies > 1 AND coalesce(s.kind, 'votes') <> 'zero' ORDER BY u.centre, u.table_number, s.sheet";
    let mut statement = base.db().prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let (centre, table): (String, u32) = (r.get(0)?, r.get(1)?);
        match out.joined.last_mut() {
            Some(j) if j.centre == centre && j.table == table => j.files.push(r.get(2)?),
            _ => out.joined.push(Joined { centre, table, files: vec![r.get(2)?] }),
        }
    }
    let sql =
        "SELECT file FROM sheet WHERE counts AND (centre IS NULL OR table_number IS NULL) ORDER BY sheet";
    let mut statement = base.db().prepare(sql)?;
    let files = statement.query_map([], |r| r.get(0))?;
    out.unplaced = files.collect::<Result<_, _>>()?;
    Ok(out)
}
