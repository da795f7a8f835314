//! Where a sheet is from: the levels of the tally, the names that it prints, and how its code nests.
//!
//! In: the form's `[[levels]]` and `[[names]]`. Out: [`Levels`], from the whole down to the table. The last but one is the
//! centre, whose code holds the codes of the areas that it lies in, one after the other; the last is the
//! table, a number within its centre. Refuses fewer levels than these three, ids that are used twice or are no plain
//! words, areas without digits, and a name on a line that the header lacks.

use super::check::Problem;
use serde::Deserialize;

/// One level.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Stable id, such as `state`, as in files.
    pub id: String,
    /// What people call one, in Spanish.
    pub es: String,
    /// The same in English.
    pub en: String,
    /// And several.
    pub plural: Plural,
    /// How many characters of a table's code are its own; 0 for the whole.
    #[serde(default)]
    pub digits: usize,
    /// Its numbers seldom go beyond this; `None` where nothing is known.
    #[serde(default)]
    pub most: Option<u32>,
    /// The header's line that prints its name; `None` where none does.
    #[serde(default)]
    pub line: Option<String>,
    /// Columns of its code and its name in exports, where those are not its id.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What NIST SP 1500-100 calls it, where that is not `other`.
    #[serde(default)]
    pub nist: Option<String>,
}

/// What people call several of a level.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plural {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
}

/// Another name that a sheet prints of where it is from, such as an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Stable id, as in files.
    pub id: String,
    /// What people call it, in Spanish.
    pub es: String,
    /// The same in English.
    pub en: String,
    /// The header's line that prints it.
    pub line: String,
}

/// A name that a sheet prints: of a level, or another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'l> {
    /// Its level's id or its own: the key in records.
    pub id: &'l str,
    /// What people call it, in Spanish.
    pub es: &'l str,
    /// The same in English.
    pub en: &'l str,
    /// The header's line that prints it.
    pub line: &'l str,
}

/// All levels of a form, from the whole to the table, and the other names that its sheets print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    levels: Vec<Level>,
    others: Vec<Named>,
}

impl Default for Levels {
    /// Those of sheets of which nobody says more: the whole, the centre, the table.
    fn default() -> Self {
        let level = |id: &str, [es, en, many_es, many_en]: [&str; 4], digits| Level {
            id: id.to_owned(),
            es: es.to_owned(),
            en: en.to_owned(),
            plural: Plural { es: many_es.to_owned(), en: many_en.to_owned() },
            digits,
            most: None,
            line: None,
            columns: Vec::new(),
            nist: None,
        };
        let levels = vec![
            level("whole", ["conjunto", "whole", "conjuntos", "wholes"], 0),
            level("centre", ["lugar", "centre", "lugares", "centres"], 1),
            level("table", ["unidad", "table", "unidades", "tables"], 1),
        ];
        Self { levels, others: Vec::new() }
    }
}

impl Levels {
    /// The levels of a definition whose header has these lines; none at all are those of [`Levels::default`].
    pub(super) fn new(levels: Vec<Level>, others: Vec<Named>, lines: &[&str]) -> Result<Self, Problem> {
        let refuse =
            |list: &str, entry: &str, problem: &str| Err((format!("{list}.{entry}"), problem.to_owned()));
        let ids = levels.iter().map(|l| ("levels", &l.id)).chain(others.iter().map(|n| ("names", &n.id)));
        let ids: Vec<(&str, &String)> = ids.collect();
        for (i, (list, id)) in ids.iter().enumerate() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if id.is_empty() || !id.chars().all(plain) {
                return refuse(list, id, "an id has lower-case letters, digits and _ alone");
            }
            if ids[..i].iter().any(|other| other.1 == *id) {
                return refuse(list, id, "the id is used twice; ids must be unique");
            }
        }
        for (i, level) in levels.iter().enumerate() {
            if (i == 0) != (level.digits == 0) || level.digits > 18 {
                let problem = "digits is 0 for the first level, the whole, and 1 to 18 for others";
                return refuse("levels", &level.id, problem);
            }
        }
        let room = |l: &Level| 10_u64.saturating_pow(u32::try_from(l.digits).unwrap_or(u32::MAX));
        if let Some(level) = levels.iter().find(|l| l.most.is_some_and(|m| u64::from(m) >= room(l))) {
            return refuse("levels", &level.id, "most has more digits than digits says");
        }
        if (1..3).contains(&levels.len()) {
            let problem = "a form has three levels or more: the whole, the centre, the table";
            return refuse("levels", &levels[0].id, problem);
        }
        let all =
            if levels.is_empty() { Self { others, ..Self::default() } } else { Self { levels, others } };
        if let Some(name) = all.names().find(|n| !lines.contains(&n.line)) {
            let list = if all.find(name.id).is_some() { "levels" } else { "names" };
            return refuse(list, name.id, &format!("there is no line \"{}\" in [[header.lines]]", name.line));
        }
        Ok(all)
    }

    /// Whether these are the same levels, whichever of their names a sheet prints.
    pub fn nest_as(&self, other: &Self) -> bool {
        let same = |(a, b): (&Level, &Level)| *a == Level { line: a.line.clone(), ..b.clone() };
        self.levels.len() == other.levels.len() && self.levels.iter().zip(&other.levels).all(same)
    }

    /// The names that a sheet prints, those of the levels first.
    pub fn names(&self) -> impl Iterator<Item = Name<'_>> {
        let levels = self.levels.iter().filter_map(|l| Some((&l.id, &l.es, &l.en, l.line.as_ref()?)));
        let all = levels.chain(self.others.iter().map(|n| (&n.id, &n.es, &n.en, &n.line)));
        all.map(|(id, es, en, line)| Name { id, es, en, line })
    }

    /// From the whole to the table.
    pub fn all(&self) -> &[Level] {
        &self.levels
    }

    /// Place of the table among them; the centre stands right before it.
    pub fn last(&self) -> usize {
        self.levels.len() - 1
    }

    /// The areas between the whole and the centre, each with its place among the levels.
    pub fn areas(&self) -> impl Iterator<Item = (usize, &Level)> {
        self.levels.iter().enumerate().take(self.last() - 1).skip(1)
    }

    /// The column of a level's code in exports.
    pub fn code_column(&self, depth: usize) -> String {
        let (level, area) = (&self.levels[depth], depth + 1 < self.last());
        let told = level.columns.first().cloned();
        told.unwrap_or_else(|| level.id.to_uppercase() + if area { "_CODE" } else { "" })
    }

    /// The column of its name.
    pub fn name_column(&self, depth: usize) -> String {
        let (level, area) = (&self.levels[depth], depth + 1 < self.last());
        let told = level.columns.get(1).cloned();
        told.unwrap_or_else(|| level.id.to_uppercase() + if area { "" } else { "_NAME" })
    }

    /// The level of the centres.
    pub fn centre(&self) -> &Level {
        &self.levels[self.last() - 1]
    }

    /// The level of the tables.
    pub fn table(&self) -> &Level {
        &self.levels[self.last()]
    }

    /// Whether people call a level so: by its id, its name in either language, or its column in exports.
    pub fn is_called(&self, depth: usize, word: &str) -> bool {
        let level = &self.levels[depth];
        let names = [level.id.as_str(), &level.es, &level.en, &self.code_column(depth)];
        names.iter().any(|name| name.eq_ignore_ascii_case(word))
    }

    /// Place of the level with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.levels.iter().position(|l| l.id == id)
    }

    /// How many characters of a centre's code stand for the levels down to this one.
    pub fn width(&self, depth: usize) -> usize {
        self.levels.iter().take(self.last()).take(depth + 1).map(|l| l.digits).sum()
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

    /// Centre and table of a sheet's code, whatever signs stand between them and whatever follows; where none stand
    /// between, by the digits of the levels.
    pub fn cut<'a>(&self, code: &'a str) -> Option<(&'a str, u32)> {
        let mut parts = code.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        let first = parts.next()?;
        let (centre, table) = match parts.next() {
            Some(table) => (first, table),
            None => {
                let (centre, rest) = first.split_at_checked(self.centre_width())?;
                (centre, rest.get(..self.table().digits)?)
            }
        };
        Some((centre, table.parse().ok()?))
    }

    /// Whether a digit of a table's code, in this place among its digits, makes a number that is seldom: beyond the most of
    /// its level.
    pub fn beyond(&self, place: usize, digit: u32) -> bool {
        let mut from = 0;
        for level in &self.levels {
            if let Some(within) = place.checked_sub(from).filter(|&k| k < level.digits) {
                let worth = u32::try_from(level.digits - 1 - within).map(|k| 10_u64.saturating_pow(k));
                return level
                    .most
                    .zip(worth.ok())
                    .is_some_and(|(most, worth)| u64::from(digit) * worth > most.into());
            }
            from += level.digits;
        }
        false
    }

    /// The code of a table: its centre's, and its number.
    pub fn code(&self, centre: &str, table: u32) -> String {
        format!("{centre}.{table:0width$}", width = self.table().digits)
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
    fn a_sheets_code_is_cut_into_centre_and_table_with_and_without_signs_between() {
        let levels = &builtin().unwrap()[0].levels;
        for code in ["010203004.05.1.0001", "010203004-05", "01020300405", "010203004 05"] {
            assert_eq!(levels.cut(code).map(|c| c.0), Some("010203004"), "{code}");
        }
        assert_eq!(levels.cut("01020300405"), Some(("010203004", 5)));
        assert_eq!(levels.cut(&levels.code("010203004", 5)), Some(("010203004", 5)));
        assert_eq!((levels.cut("no code"), levels.cut("0102"), levels.cut("")), (None, None, None));
    }

    #[test]
    fn a_digit_of_a_code_goes_beyond_what_its_level_says() {
        let mut levels = Levels::default();
        (levels.levels[1].digits, levels.levels[2].digits) = (3, 2);
        (levels.levels[1].most, levels.levels[2].most) = (Some(29), Some(15));
        let beyond: Vec<bool> = [(0, 1), (1, 2), (1, 3), (2, 9), (3, 1), (3, 2), (4, 9), (5, 9)]
            .map(|(k, d)| levels.beyond(k, d))
            .into();
        assert_eq!(beyond, [true, false, true, false, false, true, false, false]);
    }

    #[test]
    fn levels_that_cannot_nest_are_refused_by_name() {
        let level = |id: &str, digits| {
            let plural = Plural { es: id.to_owned(), en: id.to_owned() };
            let (id, es, en) = (id.to_owned(), id.to_owned(), id.to_owned());
            Level { id, es, en, plural, digits, most: None, line: None, columns: Vec::new(), nist: None }
        };
        let refused = |levels: Vec<Level>| Levels::new(levels, Vec::new(), &[]).unwrap_err();
        assert_eq!(refused(vec![level("all", 0), level("all", 2)]).0, "levels.all");
        assert!(refused(vec![level("all", 0), level("booth", 2)]).1.contains("three levels"));
        assert_eq!(refused(vec![level("all", 0), level("b", 0), level("c", 1)]).0, "levels.b");
        assert_eq!(refused(vec![level("A'b", 0)]).0, "levels.A'b");
        let named = |id: &str| Named {
            id: id.to_owned(),
            es: String::new(),
            en: String::new(),
            line: "x".to_owned(),
        };
        let with =
            |id| Levels::new(vec![level("all", 0), level("b", 1), level("c", 1)], vec![named(id)], &["y"]);
        assert_eq!(with("b").unwrap_err().0, "names.b");
        let (entry, problem) = with("address").unwrap_err();
        assert!(entry == "names.address" && problem.contains("no line \"x\""), "{entry}: {problem}");
    }
}
