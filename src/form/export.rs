//! What exports say of an election, and under which names.
//!
//! In: the form's `[export]`. Out: [`Export`]. Refuses a total that the form does not have and a level that is
//! no area; a form that says nothing exports under its own ids.

use super::check::Problem;
use super::{Field, Levels};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Votes by the way they were given: a column of their own beside the votes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// The column, such as `absentee`.
    pub column: String,
    /// The number that stands in it, by its name among the numbers of a row.
    pub value: String,
    /// The total that is this part of the ballots cast.
    #[serde(default)]
    pub cast: Option<String>,
}

/// Names and meanings that the form's ids do not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Export {
    /// The results' title; empty for the form's.
    pub title: String,
    /// The office that is voted on; empty for the title.
    pub office: String,
    /// The whole, as exports name it.
    pub country: String,
    /// The total that is the number of registered voters.
    pub registered: Option<String>,
    /// The total that is the number of ballots cast.
    pub cast: Option<String>,
    /// The total that is the number of valid votes.
    pub valid: Option<String>,
    /// The total that is the number of invalid votes.
    pub null: Option<String>,
    /// Votes by the way they were given; a number of a row that is not listed has a column of its own name.
    pub modes: Vec<Mode>,
    /// The level that stands in OpenElections' column `county`; the largest area unless told, or the centre where there is
    /// none.
    pub county: Option<String>,
    /// What sheets print after a county's name and tables leave out, such as ` County, Indiana`.
    pub county_suffix: String,
    /// Code of a centre and table, to show how it looks.
    pub example: Option<String>,
    /// Columns of results tables in their order, each with the candidate, total or row in it; what is not
    /// listed comes after them under its id.
    pub columns: Vec<(String, String)>,
    /// Further heads of columns in tables of others, by what stands in them: a level's id (of the centre and the table
    /// their code and number, of others the name), `ID_name`, another name's id, the total of registered voters.
    pub spellings: BTreeMap<String, Vec<String>>,
    /// Words that tables of others abbreviate in names of places, and what sheets print in their stead.
    pub printed_as: BTreeMap<String, String>,
}

impl Export {
    /// Refuses what refers to nothing; `values` are the names of the numbers that rows have beside their votes.
    pub(super) fn check(
        &self,
        fields: &[Field],
        candidates: &[String],
        values: &[&str],
        levels: &Levels,
    ) -> Result<(), Problem> {
        let refuse = |key: &str, problem: String| Err((format!("export.{key}"), problem));
        let field = |id: &str| fields.iter().any(|f| f.id == id);
        let totals = [
            ("registered", &self.registered),
            ("cast", &self.cast),
            ("valid", &self.valid),
            ("null", &self.null),
        ];
        for (key, id) in totals {
            if let Some(id) = id.as_deref().filter(|id| !field(id)) {
                return refuse(key, format!("there is no total \"{id}\""));
            }
        }
        for (i, mode) in self.modes.iter().enumerate() {
            if !values.contains(&mode.value.as_str()) {
                return refuse("modes", format!("no row has a number \"{}\" beside its votes", mode.value));
            }
            if let Some(id) = mode.cast.as_deref().filter(|id| !field(id)) {
                return refuse("modes", format!("there is no total \"{id}\""));
            }
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let twice = self.modes[..i].iter().any(|m| m.column == mode.column || m.value == mode.value);
            if twice || mode.column.is_empty() || !mode.column.chars().all(plain) {
                let problem = "each column and number once, a column in lower-case letters, digits and _";
                return refuse("modes", format!("\"{}\": {problem}", mode.column));
            }
        }
        if let Some((_, id)) = self.columns.iter().find(|c| !field(&c.1) && !candidates.contains(&c.1)) {
            return refuse("columns", format!("there is no candidate, total or row \"{id}\""));
        }
        let known = |key: &str| {
            let level = |l: &super::Level| key.strip_suffix("_name").unwrap_or(key) == l.id;
            levels.all().iter().any(level) || levels.names().any(|n| n.id == key) || field(key)
        };
        if let Some(key) = self.spellings.keys().find(|key| !known(key)) {
            return refuse("spellings", format!("there is no level, name or total \"{key}\""));
        }
        match &self.county {
            Some(id) if id != &levels.centre().id && !levels.areas().any(|(_, l)| &l.id == id) => {
                refuse("county", format!("there is no area and no centre \"{id}\" in [[levels]]"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a table for people shows this total first.
    pub fn leads(&self, id: &str) -> bool {
        [&self.valid, &self.null].into_iter().any(|t| t.as_deref() == Some(id))
    }

    /// The columns of those items that are totals, in their order, each with its item.
    pub fn totals<'a>(&'a self, fields: &'a [Field]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let total = |id: &str| fields.iter().any(|f| f.id == id);
        self.columns.iter().filter(move |c| total(&c.1)).map(|c| (c.0.as_str(), c.1.as_str()))
    }
}
