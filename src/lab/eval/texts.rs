//! How well names of places are read: letters that differ from what is known to stand on the sheets.
//!
//! In: records, the truth, and [`Names`]: the published table of names by centre and table, names by file as
//! people saw them on the sheets, or both. Out: [`Texts`], a character error rate a field, how many names are
//! right to the letter, and each wrong one with what is expected. The published table abbreviates; what the
//! sheets print instead the form says, and nothing else is allowed for. Refuses a table without
//! the columns it needs. Names of which nothing is known are not counted.

use super::Truth;
use crate::form::Form;
use crate::record::{Place, Record};
use crate::run::registry::{Registry, RegistryError};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What is known of the names on sheets.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The names that are measured, as records call them: all that the forms know but the whole's.
    pub fields: Vec<String>,
    /// The published table, by centre and table.
    pub published: Registry,
    /// What sheets print in the stead of its abbreviations, word by word.
    pub printed_as: BTreeMap<String, String>,
    /// By file, as printed; these stand before the published ones.
    pub seen: BTreeMap<String, Place>,
}

/// One field's names over all sheets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Field {
    /// As records call it.
    pub id: String,
    /// Letters that should have been read, spaces among them.
    pub letters: usize,
    /// Letters wrong, missing or too many.
    pub errors: usize,
    /// Names.
    pub names: usize,
    /// Names right to the letter.
    pub exact: usize,
    /// The others.
    pub wrong: Vec<Wrong>,
}

/// A name that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// The record's path.
    pub path: String,
    /// What stands on the sheet.
    pub expected: String,
    /// What was read.
    pub read: String,
}

/// Names measured, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Texts {
    /// One entry a field of which any name is known.
    pub fields: Vec<Field>,
}

impl Names {
    /// Reads the published table and the table of names by file, whose columns are `file` and any of the names that
    /// records of these forms hold.
    ///
    /// # Errors
    /// A table that cannot be read, or that lacks its columns.
    pub fn load(
        published: Option<&Path>,
        seen: Option<&Path>,
        forms: &[impl Borrow<Form>],
    ) -> Result<Self, RegistryError> {
        let mut names = Self::of(forms);
        if let Some(path) = published {
            names.published = Registry::load(path, forms)?;
        }
        if let Some(path) = seen {
            let broken =
                |problem: String| RegistryError::NotATable { path: path.display().to_string(), problem };
            let mut reader = csv::Reader::from_path(path).map_err(|e| broken(e.to_string()))?;
            for row in reader.deserialize() {
                let row: BTreeMap<String, String> = row.map_err(|e| broken(e.to_string()))?;
                let get = |id: &str| row.get(id).filter(|t| !t.is_empty()).cloned();
                let file = get("file").ok_or_else(|| broken("has a row without a file".to_owned()))?;
                let place = names.fields.iter().map(|id| (id.clone(), get(id))).collect();
                names.seen.insert(file, place);
            }
        }
        Ok(names)
    }

    /// No names yet, of sheets of these forms.
    fn of(forms: &[impl Borrow<Form>]) -> Self {
        let mut names = Self::default();
        for form in forms.iter().map(Borrow::borrow) {
            for name in form.levels.names().filter(|n| form.levels.find(n.id) != Some(0)) {
                if !names.fields.iter().any(|known| known == name.id) {
                    names.fields.push(name.id.to_owned());
                }
            }
            names.printed_as.extend(form.export.printed_as.clone());
        }
        names
    }

    /// The name `id` as a sheet prints it, where it is known.
    fn expected(&self, id: &str, file: &str, table: Option<(&str, u32)>) -> Option<String> {
        let seen = self.seen.get(file).and_then(|p| name(p, id));
        let published = || {
            let (centre, table) = table?;
            Some(as_printed(name(&self.published.find(centre, table)?.place, id)?, &self.printed_as))
        };
        seen.map(words).or_else(published)
    }
}

/// A published name as the sheets print it.
fn as_printed(published: &str, printed_as: &BTreeMap<String, String>) -> String {
    // Some names lose the space after their head to fit the column.
    let head = printed_as.keys().filter(|head| published.starts_with(head.as_str())).map(String::len).max();
    let head = head.or_else(|| published.find('.').filter(|dot| *dot < 4).map(|dot| dot + 1)).unwrap_or(0);
    let spaced = format!("{} {}", &published[..head], &published[head..]);
    let printed = |word| printed_as.get(word).map_or(word, String::as_str);
    spaced.split_whitespace().map(printed).collect::<Vec<_>>().join(" ")
}

/// A text with one space between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn name<'a>(place: &'a Place, id: &str) -> Option<&'a str> {
    place.get(id)?.as_deref()
}

/// Measures the names of records whose truth is known.
pub fn measure(records: &[Record], truth: &Truth, names: &Names) -> Texts {
    let mut fields: Vec<Field> =
        names.fields.iter().map(|id| Field { id: id.clone(), ..Field::default() }).collect();
    for record in records.iter().filter(|r| !r.is_part() && r.source().page == 0) {
        let Some(sheet) = truth.find(&record.source().path).map(|ix| &truth.sheets[ix]) else { continue };
        let table = sheet.centre.as_deref().zip(sheet.table);
        for field in &mut fields {
            let Some(expected) = names.expected(&field.id, &sheet.file, table) else { continue };
            let read = words(name(&record.place, &field.id).unwrap_or_default());
            let errors = strsim::levenshtein(&read, &expected);
            field.letters += expected.chars().count();
            field.errors += errors;
            field.names += 1;
            if errors == 0 {
                field.exact += 1;
            } else {
                field.wrong.push(Wrong { path: record.source().path.clone(), expected, read });
            }
        }
    }
    fields.retain(|f| f.names > 0);
    Texts { fields }
}

impl fmt::Display for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nnames of places  letters  wrong  error rate   names  exact")?;
        for x in &self.fields {
            writeln!(
                f,
                "{:<15} {:>8} {:>6} {:>9.2} %  {:>6} {:>6}  ({:.1} %)",
                x.id,
                x.letters,
                x.errors,
                100.0 * x.errors as f64 / x.letters.max(1) as f64,
                x.names,
                x.exact,
                100.0 * x.exact as f64 / x.names.max(1) as f64
            )?;
        }
        for (x, wrong) in self.fields.iter().flat_map(|x| x.wrong.iter().map(move |w| (x, w))) {
            writeln!(f, "  {} {}: {:?} read as {:?}", wrong.path, x.id, wrong.expected, wrong.read)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

    fn names() -> Names {
        let table = "CENTRO,MESA,EDO,MUN,PAR\n10203004,5,DTTO. CAPITAL,MP.BLVNO LIBERTADOR,CM. EL TIGRE\n";
        let forms = crate::form::builtin().unwrap();
        let published = Registry::parse(table.as_bytes(), "names.csv", &forms).unwrap();
        let seen = BTreeMap::from([("a.jpg".to_owned(), place(&[("centre", "LICEO  QUIÑONES")]))]);
        Names { published, seen, ..Names::of(&forms) }
    }

    fn place(names: &[(&str, &str)]) -> Place {
        names.iter().map(|(id, name)| ((*id).to_owned(), Some((*name).to_owned()))).collect()
    }

    fn measured(place: Place) -> Texts {
        let forms = crate::form::builtin().unwrap();
        let truth = Truth::parse("file,centro,mesa\na.jpg,010203004,5\n", "truth.csv", &forms).unwrap();
        measure(&[Record { place, ..sample::record("in/a.jpg") }], &truth, &names())
    }

    #[test]
    fn abbreviations_of_the_published_table_are_allowed_for_and_nothing_else() {
        let printed = place(&[
            ("state", "DISTRITO CAPITAL"),
            ("municipality", "MP. BOLIVARIANO LIBERTADOR"),
            ("parish", "PQ. EL TIGRE"),
            ("centre", "LICEO QUIÑONES"),
        ]);
        let right = measured(printed.clone());
        assert!(right.fields.iter().all(|f| f.errors == 0 && f.exact == 1 && f.letters > 0), "{right:?}");
        assert_eq!(right.fields.len(), 4, "an address is not known");
        let mut misread = printed;
        misread.extend(place(&[("parish", "PO. EL TIGRE")]));
        let wrong = measured(misread);
        let counts: Vec<usize> = wrong.fields.iter().map(|f| f.errors).collect();
        assert_eq!(counts, [0, 0, 1, 0]);
        assert!(wrong.to_string().contains("parish: \"PQ. EL TIGRE\" read as \"PO. EL TIGRE\""));
    }

    #[test]
    fn a_name_that_was_not_read_is_all_errors() {
        let texts = measured(Place::default());
        assert!(texts.fields.iter().all(|f| f.errors == f.letters && f.exact == 0));
        let state = &texts.fields[0];
        assert_eq!((state.letters, state.wrong[0].expected.as_str()), (16, "DISTRITO CAPITAL"));
    }
}
