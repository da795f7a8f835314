//! What a table of others calls what the sheets call otherwise.
//!
//! In: TOML that a person wrote, or corrected from a draft ([`super::draft`]): names of the table, and beside each the
//! sheets' name or id. Out: [`Crosswalk`]. Names are held against each other without case, accents and signs ([`key`]).
//! Refuses TOML that is no crosswalk, naming the place.
//!
//! ```toml
//! [parties]
//! REP = "R"
//! [precincts]                  # counties likewise
//! "Center 2" = "02-Center II"  # name, "number name", or code
//! [choices]                    # whatever the contest
//! "Write-ins" = "Write-In"
//! [[contests]]
//! office = "U.S. House"
//! district = "3"
//! is = "United States Representative, District 3"
//! choices = { "Ann B. Doe" = "Doe \\ Roe" }
//! ```

use crate::count::tally::columns::TableError;
use crate::ground::words;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Names of a table, and what the sheets call the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Crosswalk {
    /// Counties.
    pub counties: BTreeMap<String, String>,
    /// Precincts.
    pub precincts: BTreeMap<String, String>,
    /// Parties.
    pub parties: BTreeMap<String, String>,
    /// Choices, in whatever contest.
    pub choices: BTreeMap<String, String>,
    /// Contests with their own choices.
    pub contests: Vec<ContestNames>,
}

/// A contest of the table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContestNames {
    /// What stands in the column `office`.
    pub office: String,
    /// And in `district`.
    #[serde(default)]
    pub district: String,
    /// The sheets' contest, by name or id; the office's own name where it is not said.
    #[serde(default)]
    pub is: Option<String>,
    /// Its choices.
    #[serde(default)]
    pub choices: BTreeMap<String, String>,
}

/// A name as names are compared: its words without case, accents, signs and leading zeros.
pub fn key(name: &str) -> String {
    let mut words = words::plain(name);
    for word in &mut words {
        let bare = word.trim_start_matches('0').len();
        word.drain(..(word.len() - bare).min(word.len() - 1));
    }
    words.join(" ")
}

/// What a name stands for: the crosswalk's, or itself.
fn of<'c>(names: &'c BTreeMap<String, String>, name: &'c str) -> &'c str {
    names.iter().find(|(theirs, _)| key(theirs) == key(name)).map_or(name, |(_, ours)| ours)
}

impl Crosswalk {
    /// A crosswalk from a file.
    ///
    /// # Errors
    /// A file that cannot be read or is none.
    pub fn load(path: &Path) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| TableError::Io { path: name.clone(), source })?;
        toml::from_str(&text).map_err(|e| TableError::Crosswalk { path: name, problem: e.to_string() })
    }

    /// The sheets' county.
    pub fn county<'c>(&'c self, name: &'c str) -> &'c str {
        of(&self.counties, name)
    }

    /// The sheets' precinct.
    pub fn precinct<'c>(&'c self, name: &'c str) -> &'c str {
        of(&self.precincts, name)
    }

    /// The sheets' party.
    pub fn party<'c>(&'c self, name: &'c str) -> &'c str {
        of(&self.parties, name)
    }

    /// Names that the sheets' contest may have, the surest first.
    pub fn contests(&self, office: &str, district: &str) -> Vec<String> {
        match self.contest(office, district).and_then(|c| c.is.clone()) {
            Some(is) => vec![is],
            None if district.is_empty() => vec![office.to_owned()],
            None => vec![format!("{office} {district}"), office.to_owned()],
        }
    }

    /// The sheets' choice in a contest.
    pub fn choice<'c>(&'c self, office: &str, district: &str, name: &'c str) -> &'c str {
        let own = self.contest(office, district).map(|c| of(&c.choices, name));
        own.filter(|ours| *ours != name).unwrap_or_else(|| of(&self.choices, name))
    }

    fn contest(&self, office: &str, district: &str) -> Option<&ContestNames> {
        self.contests.iter().find(|c| key(&c.office) == key(office) && key(&c.district) == key(district))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_without_case_accents_signs_and_leading_zeros() {
        assert_eq!(key("Público: Q-1 \\ 007, 00"), "publico q 1 7 0");
        let walk: Crosswalk = toml::from_str(
            "[choices]\n\"WRITE-INS\" = \"w\"\n[[contests]]\noffice = \"House\"\ndistrict = \"3\"\n\
                choices = { \"A. B\" = \"b\" }",
        )
        .unwrap();
        assert_eq!(walk.choice("HOUSE", "03", "a b"), "b");
        assert_eq!((walk.choice("House", "", "a b"), walk.choice("House", "3", "Write ins")), ("a b", "w"));
        assert_eq!(walk.contests("House", "3"), ["House 3", "House"]);
    }

    #[test]
    fn what_is_no_crosswalk_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("names.toml");
        std::fs::write(&path, "[parties]\nREP = 3\n").unwrap();
        let error = Crosswalk::load(&path).unwrap_err().to_string();
        assert!(error.contains("names.toml") && error.contains("line 2"), "{error}");
    }
}
