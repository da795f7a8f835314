//! The registry of tables: which tables exist, how many registered voters each has, what the places
//! are called.
//!
//! In: a CSV table (`--registry`), see [`Registry::parse`] for its columns. Out: [`Registry`], asked by
//! centre and table; what it holds of a record's table, beside the record, with names that are printed
//! otherwise as findings; the tables of which a run holds no sheet. Refuses a table without a column for centre or table, a cell
//! that is no number, and one table given twice with different numbers.

mod load;
#[cfg(test)]
mod tests;

use crate::decide::{Registered, Status};
use crate::ground::finding::{Finding, PlaceName, Severity, What};
use crate::record::{Place, Record, RegistryEntry};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A name differs from the registry's when more than this share of its letters does. Abbreviations
/// (`BLVNO` for `BOLIVARIANO`) stay below it, names of other places above (not measured).
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
    #[error("{path}: {problem}; save it as CSV with a head line and the columns centre and mesa")]
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
    pub electores: Option<u32>,
    /// Names; `None` where the registry does not say.
    pub place: Place,
}

/// Centre without leading zeros, and table.
pub type Key = (String, u32);

/// All tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registry {
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
    pub fn load(path: &Path) -> Result<Self, RegistryError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| RegistryError::Io { path: name.clone(), source })?;
        Self::parse(&bytes, &name)
    }

    /// Reads a registry from bytes; `name` is for messages.
    ///
    /// UTF-8 (with or without a byte order mark) or Latin-1; commas, semicolons or tabs. Columns, in any
    /// order and spelling of case and accents; others are passed over:
    /// - `centre`: `centro`, `cod_centro`, `codigo_centro`, `center`; digits, leading zeros may be lost;
    /// - `mesa`: `table`, `nro_mesa`, `numero_mesa`;
    /// - `electores` (may be absent): `re`, `registrados`, `inscritos`, `electors`;
    /// - names (may be absent): `country`/`pais`, `state`/`estado`/`edo`, `municipality`/`municipio`/`mun`,
    ///   `parish`/`parroquia`/`par`, `name`/`nombre`/`centre_name`/`nombre_centro`,
    ///   `address`/`direccion`.
    ///
    /// # Errors
    /// As the module says.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, RegistryError> {
        Ok(Self { tables: load::tables(bytes, name)?, sha256: crate::ground::hash::sha256(bytes) })
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

    /// What is registered under an acta code, whose first two parts are centre and table.
    pub fn registered(&self, code: &str) -> Registered {
        let Some((centre, table)) = parts(code) else { return Registered::NotAsked };
        match self.find(centre, table) {
            Some(table) => Registered::Known { electores: table.electores },
            None => Registered::Unknown,
        }
    }

    /// Puts what the registry holds of a record's table beside the record; a name that is printed otherwise
    /// is a finding. What is printed stays as it is.
    pub fn stand_beside(&self, record: &mut Record) {
        let sheet = &record.sheet;
        let found = sheet.centre.as_deref().zip(sheet.table).and_then(|(c, t)| self.find(c, t));
        record.registry = found.map(|t| RegistryEntry { electores: t.electores, place: t.place.clone() });
        let Some(Table { place: registered, .. }) = found else { return };
        let printed = &record.place;
        let pairs = [
            (PlaceName::Country, &printed.country, &registered.country),
            (PlaceName::State, &printed.state, &registered.state),
            (PlaceName::Municipality, &printed.municipality, &registered.municipality),
            (PlaceName::Parish, &printed.parish, &registered.parish),
            (PlaceName::Centre, &printed.centre, &registered.centre),
            (PlaceName::Address, &printed.address, &registered.address),
        ];
        for (place, printed, registered) in pairs {
            if let (Some(read), Some(registered)) = (printed, registered)
                && differ(read, registered)
            {
                let (printed, registered) = (read.clone(), registered.clone());
                let what = What::PlaceDiffers { place, printed, registered };
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
            unknown: unknown.map(|(centre, table)| code(centre, *table)).collect(),
            missing: missing.map(|(_, t)| code(&t.centre, t.table)).collect(),
        }
    }
}

fn key(centre: &str, table: u32) -> Key {
    (centre.trim_start_matches('0').to_owned(), table)
}

fn code(centre: &str, table: u32) -> String {
    format!("{centre}.{table:02}")
}

/// Centre and table of an acta code.
fn parts(code: &str) -> Option<(&str, u32)> {
    let mut parts = code.split('.');
    Some((parts.next()?, parts.next()?.parse().ok()?))
}

/// Whether two names are of different places, whatever they abbreviate.
fn differ(a: &str, b: &str) -> bool {
    let letters = |t: &str| -> String {
        // `EDO.`, `MP.`, `PQ.` and the like in front say what kind of place it is.
        let kind = t.split_once(' ').filter(|(first, _)| first.ends_with(['.', ',']) && first.len() <= 5);
        let name = kind.map_or(t, |k| k.1);
        load::plain(name).chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let (a, b) = (letters(a), letters(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let within = !short.is_empty() && long.contains(short.as_str());
    !within && strsim::levenshtein(&a, &b) as f64 > NAMES_DIFFER * long.len() as f64
}
