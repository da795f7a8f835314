//! What stands in the columns of a results table.
//!
//! In: a form, or TOML (see `models/tables/`) that the user gives. Out: [`ColumnMap`].
//! Refuses TOML that is no map, naming the place.

use crate::form::Form;
use serde::Deserialize;
use std::path::Path;

/// Why a table or a map is refused.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read.
    #[error("{path}: {source}; check that the file exists and that you may read it")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no CSV table.
    #[error("{path}: no CSV table: {problem}; save it as CSV with a head line")]
    Csv {
        /// The file.
        path: String,
        /// What the reader said.
        problem: String,
    },
    /// A column that has to be there is not.
    #[error(
        "{path}: has no column {column:?}; its columns are {found}; \
         say what stands in them with --columns FILE.toml (see models/tables/)"
    )]
    Column {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What is there.
        found: String,
    },
    /// The crosswalk is none.
    #[error("{path}: no crosswalk of names: {problem}; cotejo verify --help shows one")]
    Crosswalk {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The column map is none.
    #[error("{path}: no column map: {problem}")]
    Map {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

/// The columns of a results table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMap {
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Id of the election, as in a form.
    #[serde(default)]
    pub election: String,
    /// The office that is voted on.
    #[serde(default)]
    pub office: String,
    /// The country, as exports name it.
    #[serde(default)]
    pub country: String,
    /// Column of the centre's code.
    pub centre: String,
    /// Column of the table's number.
    pub table: String,
    /// How many digits a centre's code has: lost leading zeros are put back.
    #[serde(default)]
    pub centre_width: usize,
    /// Between columns, one character; `None` for the one that the head line uses most.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// Columns with figures.
    #[serde(default)]
    pub figures: Vec<FigureColumn>,
}

/// One column with figures.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureColumn {
    /// Its name in the head line.
    pub column: String,
    /// What stands in it: a candidate, a total or a vote row, by its id.
    pub item: String,
}

impl ColumnMap {
    /// The map of a form: the columns that it names, then those of its other candidates.
    pub fn of(form: &Form) -> Self {
        let (levels, export) = (&form.levels, &form.export);
        let figure = |(column, item): &(String, String)| {
            let (column, item) = (column.clone(), item.clone());
            FigureColumn { column, item }
        };
        let title = if export.title.is_empty() { &form.title } else { &export.title };
        let office = if export.office.is_empty() { title } else { &export.office };
        Self {
            title: title.clone(),
            election: form.election.clone(),
            office: office.clone(),
            country: export.country.clone(),
            centre: levels.code_column(levels.last() - 1),
            table: levels.code_column(levels.last()),
            centre_width: levels.centre_width(),
            delimiter: None,
            figures: export.columns.iter().map(figure).collect(),
        }
        .with_items(form.candidates.iter().map(|c| c.id.as_str()))
    }

    /// A map from a file.
    ///
    /// # Errors
    /// A file that cannot be read or is no map.
    pub fn load(path: &Path) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| TableError::Io { path: name.clone(), source })?;
        toml::from_str(&text).map_err(|e| TableError::Map { path: name, problem: e.to_string() })
    }

    /// The same map, with a column for each of these items under the item's own id where it has none:
    /// what `cotejo export --as wide` writes is then read as well.
    #[must_use]
    pub fn with_items<'a>(mut self, items: impl IntoIterator<Item = &'a str>) -> Self {
        for item in items {
            if !self.figures.iter().any(|f| f.item == item || f.column == item) {
                self.figures.push(FigureColumn { column: item.to_owned(), item: item.to_owned() });
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    #[test]
    fn the_map_of_the_built_in_form_is_the_published_one() {
        let published = toml::from_str(include_str!("../../../models/tables/ve-2024-results.toml"));
        assert_eq!(ColumnMap::of(&builtin().unwrap()[0]), published.unwrap());
    }
}
