//! The units that should be there.
//!
//! In: the `run.json` of a run that was held against a registry, or a registry. Out: [`Expected`]. Refuses
//! what [`Registry::load`] refuses.

use super::TallyError;
use crate::form::{Form, Levels};
use crate::record::Place;
use crate::run::output::run_of;
use crate::run::registry::{Registry, Table};
use std::path::Path;

/// One unit that should be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedTable {
    /// Code of the centre with leading zeros.
    pub centre: String,
    /// Its number within the centre.
    pub table: u32,
    /// Names of places, as far as they are known.
    pub names: Place,
}

/// Those that are known by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// In the order of the list.
    pub tables: Vec<ExpectedTable>,
    /// Which ones these are.
    pub of: Of,
}

/// Which units an [`Expected`] names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Of {
    /// All that the registry lists.
    #[default]
    All,
    /// Those without a usable sheet: the registry lists the others too, but for these.
    Missing {
        /// Centre, with or without leading zeros, and number of units that a sheet shows and no list has.
        unlisted: Vec<(String, u32)>,
    },
}

impl Expected {
    /// What is known to be missing from the run's own `run.json`; `None` when the run was not held
    /// against a registry.
    ///
    /// # Errors
    /// A `run.json` that cannot be read; one that is not there says nothing.
    pub fn of_run(dir: &Path, forms: &[Form]) -> Result<Option<Self>, TallyError> {
        let Some(registry) = run_of(dir)?.and_then(|run| run.registry) else { return Ok(None) };
        let levels = forms.first().map_or_else(Levels::default, |f| f.levels.clone());
        let list = |codes: &[String]| -> Vec<(String, u32)> {
            let table = |code: &String| levels.cut(code).map(|(centre, table)| (centre.to_owned(), table));
            codes.iter().filter_map(table).collect()
        };
        let table = |(centre, table)| ExpectedTable { centre, table, names: Place::default() };
        let of = Of::Missing { unlisted: list(&registry.unknown) };
        Ok(Some(Self { tables: list(&registry.missing).into_iter().map(table).collect(), of }))
    }

    /// The units of a registry of tables.
    ///
    /// # Errors
    /// As [`Registry::load`].
    pub fn of_registry(path: &Path, forms: &[Form]) -> Result<Self, TallyError> {
        let registry = Registry::load(path, forms)?;
        let table =
            |t: &Table| ExpectedTable { centre: t.centre.clone(), table: t.table, names: t.place.clone() };
        Ok(Self { tables: registry.tables().map(table).collect(), of: Of::All })
    }
}
