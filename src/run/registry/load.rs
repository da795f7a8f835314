//! A registry's bytes to its tables.
//!
//! In: bytes of a CSV table as spreadsheets and published tables have it, and forms. Out: tables by centre and
//! number, and the levels of the form that names its columns. Refuses as the module above says, naming line and column.

use super::{Key, RegistryError, Table, key};
use crate::form::{Form, Level, Levels};
use crate::ground::words;
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// A column's meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Centre,
    Table,
    Registered,
    /// A name, by its key in records.
    Name(String),
}

/// The columns that a form knows, each with its spellings, the surest first.
fn known(form: &Form) -> Vec<(Column, Vec<String>)> {
    let (levels, export) = (&form.levels, &form.export);
    let spelled = |words: &[&str], further: &[&str]| -> Vec<String> {
        let further = further.iter().filter_map(|key| export.spellings.get(*key)).flatten();
        let all = words.iter().copied().chain(further.map(String::as_str));
        all.map(plain).filter(|word| !word.is_empty()).collect()
    };
    let (centre, table) = (levels.centre(), levels.table());
    let coded = |level: &Level, depth: usize, word: &str| {
        spelled(&[word, &level.id, &level.es, &level.en, &levels.code_column(depth)], &[&level.id])
    };
    let registered = export.registered.as_deref().unwrap_or_default();
    let mut heads = vec!["registered", registered];
    heads.extend(export.columns.iter().filter(|c| c.1 == registered).map(|c| c.0.as_str()));
    let mut out = vec![
        (Column::Centre, coded(centre, levels.last() - 1, "centre")),
        (Column::Table, coded(table, levels.last(), "table")),
        (Column::Registered, spelled(&heads, &[registered])),
    ];
    for (depth, level) in levels.all().iter().enumerate().take(levels.last()) {
        let (name, head) = (format!("{}_name", level.id), levels.name_column(depth));
        let words = if depth + 1 == levels.last() {
            spelled(&["name", &name, &head], &[&name])
        } else {
            spelled(&[&level.id, &level.es, &level.en, &head, &name], &[&level.id, &name])
        };
        out.push((Column::Name(level.id.clone()), words));
    }
    for name in levels.names().filter(|n| levels.find(n.id).is_none()) {
        out.push((Column::Name(name.id.to_owned()), spelled(&[name.id, name.es, name.en], &[name.id])));
    }
    out
}

/// Lower case without accents; what is neither letter nor digit becomes one `_`, none at the ends.
pub(super) fn plain(text: &str) -> String {
    words::plain(text).join("_")
}

/// The text of the bytes: UTF-8, or else Latin-1, whose bytes are the first 256 characters.
fn decode(bytes: &[u8], name: &str) -> Result<String, RegistryError> {
    let refused =
        |problem: &str| Err(RegistryError::NotATable { path: name.to_owned(), problem: problem.to_owned() });
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return refused("is UTF-16; UTF-8 or Latin-1 is read");
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return refused("is a spreadsheet or archive, not CSV");
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect(),
    })
}

/// The tables by key.
pub(super) fn tables(
    bytes: &[u8],
    name: &str,
    forms: &[impl Borrow<Form>],
) -> Result<(Levels, BTreeMap<Key, Table>), RegistryError> {
    let text = decode(bytes, name)?;
    let head = text.lines().next().unwrap_or_default();
    let count = |c: u8| head.bytes().filter(|&b| b == c).count();
    // On a tie the first: `max_by_key` takes the last.
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(|&c| count(c)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let broken = |e: csv::Error| RegistryError::NotATable { path: name.to_owned(), problem: e.to_string() };
    let head: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let plainly: Vec<String> = head.iter().map(|h| plain(h)).collect();
    let place = |spellings: &[String]| spellings.iter().find_map(|s| plainly.iter().position(|h| h == s));
    let mut best: (Levels, Vec<(usize, Column)>) = Default::default();
    for form in forms.iter().map(Borrow::borrow) {
        let found = known(form).into_iter().filter_map(|(column, s)| Some((place(&s)?, column)));
        let found: Vec<_> = found.collect();
        if best.1.is_empty() || found.len() > best.1.len() {
            best = (form.levels.clone(), found);
        }
    }
    let (levels, columns) = best;
    for (column, level) in [(Column::Centre, levels.centre()), (Column::Table, levels.table())] {
        if !columns.iter().any(|c| c.1 == column) {
            let problem = format!("has no column {}; its columns are: {}", level.id, head.join(", "));
            return Err(RegistryError::NotATable { path: name.to_owned(), problem });
        }
    }
    let mut tables: BTreeMap<Key, (u64, Table)> = BTreeMap::new();
    for row in reader.records() {
        let row = row.map_err(broken)?;
        if row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let table = table(&row, &columns).map_err(|(at, problem)| RegistryError::Cell {
            path: name.to_owned(),
            line,
            column: head.get(at).cloned().unwrap_or_default(),
            problem,
        })?;
        let key = key(&table.centre, table.table);
        match tables.get(&key) {
            Some((first, known)) if known.registered != table.registered => {
                let at = columns.iter().find(|c| c.1 == Column::Registered).map_or(0, |c| c.0);
                return Err(RegistryError::Cell {
                    path: name.to_owned(),
                    line,
                    column: head.get(at).cloned().unwrap_or_default(),
                    problem: format!(
                        "table {} of centre {} stands in line {first} with another number; keep one of the two",
                        table.table, table.centre
                    ),
                });
            }
            Some(_) => {}
            None => {
                tables.insert(key, (line, table));
            }
        }
    }
    // Leading zeros that a spreadsheet took away: codes are as long as the longest.
    let width = tables.values().map(|(_, t)| t.centre.len()).max().unwrap_or(0);
    let whole = |(key, (_, mut table)): (Key, (u64, Table))| {
        table.centre = format!("{:0>width$}", table.centre);
        (key, table)
    };
    Ok((levels, tables.into_iter().map(whole).collect()))
}

/// One row; an error names the column by its place.
fn table(row: &csv::StringRecord, columns: &[(usize, Column)]) -> Result<Table, (usize, String)> {
    let mut table = Table::default();
    for &(at, ref column) in columns {
        // An apostrophe keeps a spreadsheet from taking a code for a number; `.0` is what some make of it.
        let cell = row.get(at).unwrap_or_default().trim().trim_start_matches('\'');
        let digits = cell.strip_suffix(".0").unwrap_or(cell);
        let number = || digits.parse::<u32>().map_err(|_| (at, format!("{cell:?} is no number")));
        match column {
            Column::Centre => {
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                    return Err((at, format!("{cell:?} is no centre code; digits are expected")));
                }
                table.centre = digits.to_owned();
            }
            Column::Table => table.table = number()?,
            Column::Registered if cell.is_empty() => {}
            Column::Registered => table.registered = Some(number()?),
            Column::Name(id) => {
                table.place.insert(id.clone(), (!cell.is_empty()).then(|| cell.to_owned()));
            }
        }
    }
    Ok(table)
}
