//! The mesas that should be there.
//!
//! In: the `run.json` of a run that was held against a registry, or a registry. Out: [`Expected`]. Refuses
//! what [`Registry::load`] refuses.

use super::TallyError;
use crate::output::{OutputError, RUN_JSON};
use crate::registry::{Registry, Table};
use std::path::Path;

/// One mesa that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedTable {
    /// Code of the centre with leading zeros.
    pub centre: String,
    /// Number of the mesa.
    pub table: u32,
    /// Names of country, state, municipality, parish and centre; empty where they are not known.
    pub names: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// In the order of the list.
    pub tables: Vec<ExpectedTable>,
}

impl Expected {
    /// What is known to be missing from the run's own `run.json`; `None` when the run was not held
    /// against a registry.
    ///
    /// # Errors
    /// A `run.json` that cannot be read; one that is not there says nothing.
    pub fn of_run(dir: &Path) -> Result<Option<Self>, TallyError> {
        let path = dir.join(RUN_JSON);
        let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
        let run: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| OutputError::Line {
            path: path.display().to_string(),
            line: e.line(),
            problem: e.to_string(),
        })?;
        let missing = run.pointer("/registry/missing").and_then(|m| m.as_array());
        let table = |entry: &serde_json::Value| {
            let (centre, table) = entry.as_str()?.rsplit_once('.')?;
            Some(ExpectedTable { centre: centre.to_owned(), table: table.parse().ok()?, names: Vec::new() })
        };
        Ok(missing.map(|m| Self { tables: m.iter().filter_map(table).collect() }))
    }

    /// The mesas of a registry of tables.
    ///
    /// # Errors
    /// As [`Registry::load`].
    pub fn of_registry(path: &Path) -> Result<Self, TallyError> {
        let registry = Registry::load(path)?;
        let table = |t: &Table| {
            let place = &t.place;
            let names = [&place.country, &place.state, &place.municipality, &place.parish, &place.centre];
            let names = names.map(|n| n.clone().unwrap_or_default()).to_vec();
            ExpectedTable { centre: t.centre.clone(), table: t.table, names }
        };
        Ok(Self { tables: registry.tables().map(table).collect() })
    }
}
