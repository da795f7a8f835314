//! A results table by unit of the last level, as somebody published it.
//!
//! In: CSV in UTF-8 (with or without byte order mark) or Latin-1, a [`ColumnMap`]. Out:
//! [`ResultsTable`], codes with their leading zeros, figures by item. Refuses a table without the
//! columns for centre and table. Cells that are no number, rows without a place and rows of a unit that
//! stood there before are problems that ride along; nothing is passed over in silence.

use crate::count::tally::columns::{ColumnMap, TableError};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

/// Something wrong with the table itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line of the file, from 1.
    pub line: u64,
    /// The column's name; empty for the whole row.
    pub column: String,
    /// `not_a_number`, `no_place` or `twice`.
    pub kind: &'static str,
    /// What stands there.
    pub text: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file, from 1.
    pub line: u64,
    /// Code of the centre with leading zeros.
    pub centre: String,
    /// Number of the unit within its centre.
    pub table: u32,
    /// One figure an item of the table; `None` for an empty cell.
    pub figures: Vec<Option<u32>>,
}

/// A results table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsTable {
    /// SHA-256 of the file.
    pub sha256: String,
    /// `UTF-8` or `Latin-1`.
    pub encoding: &'static str,
    /// What its figures are, by id, in the map's order.
    pub items: Vec<String>,
    /// One row a unit, in the file's order.
    pub rows: Vec<Row>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

impl ResultsTable {
    /// Reads a table.
    ///
    /// # Errors
    /// As the module says.
    pub fn load(path: &Path, map: &ColumnMap) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| TableError::Io { path: name.clone(), source })?;
        Self::parse(&bytes, &name, map)
    }

    /// Reads a table from bytes; `name` is for messages.
    ///
    /// # Errors
    /// As the module says.
    pub fn parse(bytes: &[u8], name: &str, map: &ColumnMap) -> Result<Self, TableError> {
        let (text, encoding, delimiter) = csv_of(bytes);
        let csv_error = |e: csv::Error| TableError::Csv { path: name.to_owned(), problem: e.to_string() };
        let delimiter = map.delimiter.and_then(|d| u8::try_from(d).ok()).unwrap_or(delimiter);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
        let head: Vec<String> =
            reader.headers().map_err(csv_error)?.iter().map(|h| h.trim().to_owned()).collect();
        let at = |column: &str| head.iter().position(|h| h == column);
        let must = |column: &str| {
            at(column).ok_or_else(|| TableError::Column {
                path: name.to_owned(),
                column: column.to_owned(),
                found: head.join(", "),
            })
        };
        let (centre_at, table_at) = (must(&map.centre)?, must(&map.table)?);
        let figures: Vec<(usize, &str)> =
            map.figures.iter().filter_map(|f| Some((at(&f.column)?, f.item.as_str()))).collect();
        let mut table = Self {
            sha256: crate::ground::hash::sha256(bytes),
            encoding,
            items: figures.iter().map(|f| f.1.to_owned()).collect(),
            rows: Vec::new(),
            problems: Vec::new(),
        };
        let mut seen: BTreeMap<(String, u32), u64> = BTreeMap::new();
        for record in reader.records() {
            let record = record.map_err(csv_error)?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |ix: usize| record.get(ix).unwrap_or_default().trim();
            let mut problem = |column: &str, kind, text: &str| {
                table.problems.push(Problem { line, column: column.to_owned(), kind, text: text.to_owned() });
            };
            let digits =
                Some(cell(centre_at)).filter(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_digit()));
            let (Some(digits), Some(number_of)) = (digits, number(cell(table_at))) else {
                problem("", "no_place", &format!("{} {}", cell(centre_at), cell(table_at)));
                continue;
            };
            let centre = format!("{digits:0>width$}", width = map.centre_width);
            if let Some(first) = seen.get(&(centre.clone(), number_of)) {
                problem("", "twice", &format!("{centre} {number_of} stands in line {first} already"));
                continue;
            }
            seen.insert((centre.clone(), number_of), line);
            let mut values = Vec::with_capacity(figures.len());
            for (ix, _) in &figures {
                let value = number(cell(*ix));
                if value.is_none() && !cell(*ix).is_empty() {
                    problem(&head[*ix], "not_a_number", cell(*ix));
                }
                values.push(value);
            }
            table.rows.push(Row { line, centre, table: number_of, figures: values });
        }
        Ok(table)
    }
}

/// A whole number as spreadsheets write it: `12`, `012`, `12.0`.
pub(super) fn number(text: &str) -> Option<u32> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) { None } else { whole.parse().ok() }
}

/// The text, its encoding (UTF-8 if it is that, else Latin-1, whose bytes are the first 256 characters), and what stands
/// between columns.
pub(super) fn csv_of(bytes: &[u8]) -> (Cow<'_, str>, &'static str, u8) {
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (text, encoding): (Cow<'_, str>, _) = match std::str::from_utf8(plain) {
        Ok(text) => (text.into(), "UTF-8"),
        Err(_) => (plain.iter().map(|&b| char::from(b)).collect(), "Latin-1"),
    };
    let delimiter = delimiter(&text);
    (text, encoding, delimiter)
}

/// The character that the head line uses most of those in use between columns.
fn delimiter(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |d: u8| head.bytes().filter(|&b| b == d).count();
    [b';', b'\t', b','].into_iter().max_by_key(|&d| count(d)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> ColumnMap {
        ColumnMap::of(&crate::form::builtin().unwrap()[0])
    }

    fn parse(bytes: &[u8]) -> ResultsTable {
        ResultsTable::parse(bytes, "t.csv", &map()).unwrap()
    }

    #[test]
    fn a_lost_zero_comes_back_and_both_encodings_are_read() {
        let latin = parse(b"EDO,CENTRO,MESA,EG\nEDO. ANZO\xc1TEGUI,10113042,1,232\n");
        let utf = parse("\u{feff}EDO,CENTRO,MESA,EG\nEDO. ANZOÁTEGUI,010113042,01,232\n".as_bytes());
        assert_eq!((latin.encoding, utf.encoding), ("Latin-1", "UTF-8"));
        assert_eq!(latin.rows, utf.rows);
        assert_eq!(latin.rows[0].centre, "010113042");
        assert_eq!(latin.items, ["EG"]);
    }

    #[test]
    fn a_cell_that_is_no_number_and_a_unit_that_stands_twice_are_problems_with_their_line() {
        let table = parse(b"CENTRO;MESA;EG;NM\n1;1;x;3\n1;1;4;4\n;2;1;1\n2;1;;5\n");
        let problems: Vec<_> = table.problems.iter().map(|p| (p.line, p.kind)).collect();
        assert_eq!(problems, [(2, "not_a_number"), (3, "twice"), (4, "no_place")]);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.rows[1].figures, [None, Some(5)]);
    }

    #[test]
    fn a_table_without_its_key_columns_is_refused_with_the_remedy() {
        let error = ResultsTable::parse(b"a,b\n1,2\n", "t.csv", &map()).unwrap_err();
        assert!(error.to_string().contains("--columns"), "{error}");
    }
}
