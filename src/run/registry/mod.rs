//! The registry of tables: which tables exist, how many registered voters each has, what the places
//! are called.
//!
//! In: a CSV table (`--registry`), see [`Registry::parse`] for its columns, and the forms, which name them. Out:
//! [`Registry`], asked by centre and table; what it holds of a record's table, beside the record, with names that are printed
//! otherwise as findings; the tables of which a run holds no sheet. Refuses a table without a column for centre or table, a cell
//! that is no number, and one table given twice with different numbers.

mod load;
#[cfg(test)]
mod tests;

use crate::decide::{Registered, Status};
use crate::form::{Form, Levels};
use crate::ground::finding::{Finding, Severity, What};
use crate::record::{Place, Record, RegistryEntry};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A name differs from the registry's when more than this share of its letters does. Abbreviations stay below it, names
/// of other places above (not measured).
const NAMES_DIFFER: f64 = 0.34;

/// Why a registry is refused.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file cannot be read.
    #[error("{path}: {source}; give a CSV table of centres and tables to --registry")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no such table.
    #[error(
        "{path}: {problem}; save it as CSV with a head line, a column for the code of the centre and one for the number of the table"
    )]
    NotATable {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A cell or row that cannot be understood.
    #[error("{path}, line {line}, column {column}: {problem}")]
    Cell {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// The column as the head line has it.
        column: String,
        /// What is wrong.
        problem: String,
    },
}

/// One table of a centre.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The centre's code, leading zeros restored.
    pub centre: String,
    /// The table's number.
    pub table: u32,
    /// Registered voters; `None` where the registry does not say.
    pub registered: Option<u32>,
    /// Names, as far as the registry says.
    pub place: Place,
}

/// Centre without leading zeros, and table.
pub type Key = (String, u32);

/// All tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registry {
    levels: Levels,
    tables: BTreeMap<Key, Table>,
    /// SHA-256 of the file's bytes.
    sha256: String,
}

/// What a run holds of a registry, for `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// SHA-256 of the registry's file.
    pub sha256: String,
    /// Tables in the registry.
    pub tables: usize,
    /// Of those, tables with a sheet that was accepted or is in review.
    pub present: usize,
    /// Sheets whose table the registry does not hold, `centre.table`.
    pub unknown: Vec<String>,
    /// Tables without a sheet, `centre.table`, by centre and table.
    pub missing: Vec<String>,
}

impl Registry {
    /// Reads a registry from a file.
    ///
    /// # Errors
    /// As the module says.
    pub fn load(path: &Path, forms: &[impl Borrow<Form>]) -> Result<Self, RegistryError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| RegistryError::Io { path: name.clone(), source })?;
        Self::parse(&bytes, &name, forms)
    }

    /// Reads a registry from bytes; `name` is for messages.
    ///
    /// UTF-8 (with or without a byte order mark) or Latin-1; commas, semicolons or tabs. Columns, in any
    /// order and spelling of case and accents; others are passed over. They are those of the form whose words for them
    /// stand in the head line most:
    /// - `centre`, or the form's level before the last: its code, of digits; leading zeros may be lost;
    /// - `table`, or the form's last level: its number;
    /// - `registered` (may be absent), or the form's total of registered voters;
    /// - names (may be absent) by the form's levels, that of the centre as `name`, and its other names.
    ///
    /// A level is told by its id, its name in either language, its column in exports and the form's further spellings.
    ///
    /// # Errors
    /// As the module says.
    pub fn parse(bytes: &[u8], name: &str, forms: &[impl Borrow<Form>]) -> Result<Self, RegistryError> {
        let (levels, tables) = load::tables(bytes, name, forms)?;
        Ok(Self { levels, tables, sha256: crate::ground::hash::sha256(bytes) })
    }

    /// SHA-256 of the registry's bytes.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many tables it holds.
    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// All tables, by centre and number.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The table of a centre; leading zeros of the centre do not count.
    pub fn find(&self, centre: &str, table: u32) -> Option<&Table> {
        self.tables.get(&key(centre, table))
    }

    /// What is registered under a sheet's code.
    pub fn registered(&self, code: &str) -> Registered {
        let Some((centre, table)) = self.levels.cut(code) else { return Registered::NotAsked };
        match self.find(centre, table) {
            Some(table) => Registered::Known { voters: table.registered },
            None => Registered::Unknown,
        }
    }

    /// Puts what the registry holds of a record's table beside the record; a name that is printed otherwise
    /// is a finding. What is printed stays as it is.
    pub fn stand_beside(&self, record: &mut Record) {
        let sheet = &record.sheet;
        let found = sheet.centre.as_deref().zip(sheet.table).and_then(|(c, t)| self.find(c, t));
        record.registry = found.map(|t| RegistryEntry { registered: t.registered, place: t.place.clone() });
        let Some(Table { place, .. }) = found else { return };
        for name in self.levels.names() {
            let [printed, registered] =
                [&record.place, place].map(|names| names.get(name.id).cloned().flatten());
            if let (Some(printed), Some(registered)) = (printed, registered)
                && differ(&printed, &registered)
            {
                let (es, en) = (Some(name.es.to_owned()), Some(name.en.to_owned()));
                let what = What::PlaceDiffers { place: name.id.to_owned(), es, en, printed, registered };
                record.findings.push(Finding::new(Severity::Info, what));
            }
        }
    }

    /// The table that a record shows; `None` for a record that cannot be used, or does not say.
    pub fn shown(&self, record: &Record) -> Option<Key> {
        let usable = record.status != Status::Rejected;
        Some(key(record.sheet.centre.as_deref().filter(|_| usable)?, record.sheet.table?))
    }

    /// What a run holds of the registry, by the tables that its records show.
    pub fn coverage(&self, keys: &BTreeSet<Key>) -> Coverage {
        let unknown = keys.iter().filter(|k| !self.tables.contains_key(k));
        let missing = self.tables.iter().filter(|(k, _)| !keys.contains(k));
        Coverage {
            sha256: self.sha256.clone(),
            tables: self.len(),
            present: keys.iter().filter(|k| self.tables.contains_key(k)).count(),
            unknown: unknown.map(|(centre, table)| self.levels.code(centre, *table)).collect(),
            missing: missing.map(|(_, t)| self.levels.code(&t.centre, t.table)).collect(),
        }
    }
}

fn key(centre: &str, table: u32) -> Key {
    (centre.trim_start_matches('0').to_owned(), table)
}

/// Whether two names are of different places, whatever they abbreviate.
fn differ(a: &str, b: &str) -> bool {
    let letters = |t: &str| -> String {
        // An abbreviation in front says what kind of place it is.
        let kind = t.split_once(' ').filter(|(first, _)| first.ends_with(['.', ',']) && first.len() <= 5);
        let name = kind.map_or(t, |k| k.1);
        load::plain(name).chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let within = !short.is_empty() && long.contains(short.as_str());
    !within && strsim::levenshtein(&a, &b) as f64 > NAMES_DIFFER * long.len() as f64
}
