//! Where a sheet is from: the levels of the tally, and how a sheet's code nests them.
//!
//! In: the form's `[[levels]]`. Out: [`Levels`], from the whole down to the table. The last but one is the
//! centre, whose code holds the codes of the areas that it lies in, one after the other; the last is the
//! table, a number within its centre. Refuses fewer levels than these three, ids that are used twice or are no plain
//! words, and areas without digits.

use super::check::Problem;
use serde::Deserialize;

/// One level.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Stable id, such as `state`, as in files.
    pub id: String,
    /// What people call it, in Spanish.
    pub es: String,
    /// The same in English.
    pub en: String,
    /// How many characters of a table's code are its own; 0 for the whole.
    #[serde(default)]
    pub digits: usize,
    /// Which of a record's places names it; `None` where no line of the sheet does.
    #[serde(default)]
    pub place: Option<PlaceName>,
    /// Columns of its code and its name in exports, where those are not its id.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What NIST SP 1500-100 calls it, where that is not `other`.
    #[serde(default)]
    pub nist: Option<String>,
}

/// The names of places that a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceName {
    /// The country's.
    Country,
    /// The state's.
    State,
    /// The municipality's.
    Municipality,
    /// The parish's.
    Parish,
    /// The centre's.
    Centre,
}

impl PlaceName {
    /// The columns of the table `sheet` in which these names stand, in their order.
    pub const COLUMNS: [&str; 5] = ["country", "state", "municipality", "parish", "centre_name"];

    /// Its column.
    pub fn column(self) -> &'static str {
        Self::COLUMNS[self as usize]
    }
}

/// What else stands in the SQLite file, in which the tables have the last level's id.
const TAKEN: [&str; 9] =
    ["candidate", "field", "sheet", "number", "area", "place", "candidate_number", "conflict", "centre"];

/// All levels of a form, from the whole to the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(Vec<Level>);

impl Default for Levels {
    /// Those of sheets of which nobody says more: the whole, the centre, the table.
    fn default() -> Self {
        let level = |id: &str, es: &str, en: &str, digits, place| {
            let [id, es, en] = [id, es, en].map(str::to_owned);
            Level { id, es, en, digits, place, columns: Vec::new(), nist: None }
        };
        Self(vec![
            level("whole", "conjunto", "whole", 0, Some(PlaceName::Country)),
            level("centre", "centro", "centre", 1, Some(PlaceName::Centre)),
            level("table", "mesa", "table", 1, None),
        ])
    }
}

impl Levels {
    /// The levels of a definition; none at all are those of [`Levels::default`].
    pub(super) fn new(levels: Vec<Level>) -> Result<Self, Problem> {
        if levels.is_empty() {
            return Ok(Self::default());
        }
        let refuse = |entry: &str, problem: &str| Err((format!("levels.{entry}"), problem.to_owned()));
        for (i, level) in levels.iter().enumerate() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if level.id.is_empty() || !level.id.chars().all(plain) {
                return refuse(&level.id, "an id has lower-case letters, digits and _ alone");
            }
            if levels[..i].iter().any(|l| l.id == level.id) {
                return refuse(&level.id, "the id is used twice; ids must be unique");
            }
            if (i == 0) != (level.digits == 0) || level.digits > 18 {
                return refuse(
                    &level.id,
                    "digits is 0 for the first level, the whole, and 1 to 18 for others",
                );
            }
        }
        if let Some(last) = levels.last().filter(|l| TAKEN.contains(&l.id.as_str())) {
            return refuse(&last.id, "the id is the name of another table of exports; take another");
        }
        if levels.len() < 3 {
            return refuse(
                &levels[0].id,
                "a form has three levels or more: the whole, the centre, the table",
            );
        }
        Ok(Self(levels))
    }

    /// From the whole to the table.
    pub fn all(&self) -> &[Level] {
        &self.0
    }

    /// Place of the table among them; the centre stands right before it.
    pub fn last(&self) -> usize {
        self.0.len() - 1
    }

    /// The areas between the whole and the centre, each with its place among the levels.
    pub fn areas(&self) -> impl Iterator<Item = (usize, &Level)> {
        self.0.iter().enumerate().take(self.last() - 1).skip(1)
    }

    /// The column of a level's code in exports.
    pub fn code_column(&self, depth: usize) -> String {
        let (level, area) = (&self.0[depth], depth + 1 < self.last());
        let told = level.columns.first().cloned();
        told.unwrap_or_else(|| level.id.to_uppercase() + if area { "_CODE" } else { "" })
    }

    /// The column of its name.
    pub fn name_column(&self, depth: usize) -> String {
        let (level, area) = (&self.0[depth], depth + 1 < self.last());
        let told = level.columns.get(1).cloned();
        told.unwrap_or_else(|| level.id.to_uppercase() + if area { "" } else { "_NAME" })
    }

    /// The level of the centres.
    pub fn centre(&self) -> &Level {
        &self.0[self.last() - 1]
    }

    /// The level of the tables.
    pub fn table(&self) -> &Level {
        &self.0[self.last()]
    }

    /// Place of the level with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.0.iter().position(|l| l.id == id)
    }

    /// How many characters of a centre's code stand for the levels down to this one.
    pub fn width(&self, depth: usize) -> usize {
        self.0.iter().take(self.last()).take(depth + 1).map(|l| l.digits).sum()
    }

    /// How many characters a centre's code has; 0 where the form does not say how codes nest.
    pub fn centre_width(&self) -> usize {
        self.width(self.last() - 1)
    }

    /// The code of the area that a centre lies in, the centre's own at its depth; `None` for a code of another
    /// length.
    pub fn area<'a>(&self, centre: &'a str, depth: usize) -> Option<&'a str> {
        if depth + 1 == self.last() {
            return Some(centre);
        }
        let whole = depth == 0 || centre.len() == self.centre_width();
        centre.get(..self.width(depth)).filter(|_| whole)
    }

    /// The part of a centre's code that is this area's own.
    pub fn own<'a>(&self, centre: &'a str, depth: usize) -> Option<&'a str> {
        let from = self.width(depth.saturating_sub(1));
        self.area(centre, depth).filter(|_| centre.is_ascii()).and_then(|code| code.get(from..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    #[test]
    fn a_code_nests_as_the_form_says_and_one_of_another_length_lies_nowhere() {
        let levels = &builtin().unwrap()[0].levels;
        let at = |centre| (0..levels.last()).map(|d| levels.area(centre, d)).collect::<Vec<_>>();
        let nested = ["", "01", "0102", "010203", "010203004"].map(Some);
        assert_eq!(at("010203004"), nested);
        assert_eq!(at("1234"), [Some(""), None, None, None, Some("1234")]);
        assert_eq!(levels.own("010203004", 3), Some("03"));
        assert_eq!((levels.centre_width(), levels.find("mesa")), (9, Some(levels.last())));
    }

    #[test]
    fn levels_that_cannot_nest_are_refused_by_name() {
        let level = |id: &str, digits| {
            let (es, en) = (id.to_owned(), id.to_owned());
            Level { id: id.to_owned(), es, en, digits, place: None, columns: Vec::new(), nist: None }
        };
        let refused = |levels: Vec<Level>| Levels::new(levels).unwrap_err();
        assert_eq!(refused(vec![level("all", 0), level("all", 2)]).0, "levels.all");
        assert!(refused(vec![level("all", 0), level("booth", 2)]).1.contains("three levels"));
        assert_eq!(refused(vec![level("all", 0), level("b", 0), level("c", 1)]).0, "levels.b");
        assert_eq!(refused(vec![level("A'b", 0)]).0, "levels.A'b");
    }
}
