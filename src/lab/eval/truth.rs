//! What is known to stand on sheets: the truth that records are measured against.
//!
//! In: a CSV table with a head line, one row a file. Columns: `file`; `centre`, `table`, or what a known form calls
//! these levels; any field id of a known form; one a candidate; `qr_payload`, whose votes are parsed by the form's grammar; `defect` and `expected` (a status) on
//! made-up sheets. Empty cells are unknown. Refuses a table without `file`, a number that is none, a
//! payload that fits no form, and a file named twice.

use crate::decide::Status;
use crate::form::{Field, FieldKind, Form, Role};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::path::Path;

/// Why a truth table is refused.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The file cannot be read or is no CSV.
    #[error("{path}: {source}; give a CSV table with a head line and a column `file`")]
    Csv {
        /// The file.
        path: String,
        /// What the reader said.
        source: csv::Error,
    },
    /// A cell that cannot be understood.
    #[error("{path}, line {line}, column {column}: {problem}")]
    Cell {
        /// The file.
        path: String,
        /// Line, from 1.
        line: u64,
        /// The column's name.
        column: String,
        /// What is wrong.
        problem: String,
    },
}

/// What is known of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TruthSheet {
    /// File name, or the end of a path.
    pub file: String,
    /// Centre code with its leading zeros.
    pub centre: Option<String>,
    /// Table number.
    pub table: Option<u32>,
    /// Votes and totals by field id: columns first, then the payload's.
    pub numbers: Vec<(String, u32)>,
    /// Those of them that are context: no sheet is accepted or held back by them.
    pub context: BTreeSet<String>,
    /// Sums by candidate.
    pub candidates: Vec<(String, u32)>,
    /// What was done to a made-up sheet.
    pub defect: Option<String>,
    /// What has to become of it; `None`: accepted or review, as long as nothing accepted is wrong.
    pub expected: Option<Status>,
}

/// The truth of a set of files, by file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Truth {
    /// One entry a file, in the table's order.
    pub sheets: Vec<TruthSheet>,
}

impl Truth {
    /// Reads a table from a file.
    ///
    /// # Errors
    /// As the module says.
    pub fn load(path: &Path, forms: &[impl Borrow<Form>]) -> Result<Self, TruthError> {
        let name = path.display().to_string();
        let file = csv::Reader::from_path(path);
        let mut reader = file.map_err(|source| TruthError::Csv { path: name.clone(), source })?;
        read(&mut reader, &name, forms)
    }

    /// Reads a table from text; `name` is for messages.
    ///
    /// # Errors
    /// As the module says.
    pub fn parse(text: &str, name: &str, forms: &[impl Borrow<Form>]) -> Result<Self, TruthError> {
        read(&mut csv::Reader::from_reader(text.as_bytes()), name, forms)
    }

    /// Index of the entry for a record's path: its file name, or its end from a folder on.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.sheets.iter().position(|s| {
            path.strip_suffix(s.file.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '\\']))
        })
    }
}

fn read<R: std::io::Read>(
    reader: &mut csv::Reader<R>,
    name: &str,
    forms: &[impl Borrow<Form>],
) -> Result<Truth, TruthError> {
    let csv_error = |source| TruthError::Csv { path: name.to_owned(), source };
    let columns: Vec<String> = reader.headers().map_err(csv_error)?.iter().map(str::to_owned).collect();
    let cell_error = |line, column: &str, problem: String| TruthError::Cell {
        path: name.to_owned(),
        line,
        column: column.to_owned(),
        problem,
    };
    if !columns.iter().any(|c| c == "file") {
        return Err(cell_error(1, "file", "is missing".to_owned()));
    }
    let forms: Vec<&Form> = forms.iter().map(Borrow::borrow).collect();
    let fields: BTreeSet<&str> = forms.iter().flat_map(|f| f.fields.iter().map(|f| f.id.as_str())).collect();
    let of_context = |f: &&Field| f.role == Role::Context;
    let context: BTreeSet<String> =
        forms.iter().flat_map(|f| f.fields.iter().filter(of_context).map(|f| f.id.clone())).collect();
    let candidates: BTreeSet<&str> =
        forms.iter().flat_map(|f| f.candidates.iter().map(|c| c.id.as_str())).collect();

    let is_level = |word: &str, generic: &str, above: usize| {
        word == generic || forms.iter().any(|f| f.levels.is_called(f.levels.last() - above, word))
    };

    let mut truth = Truth::default();
    let mut seen = BTreeSet::new();
    for row in reader.records() {
        let row = row.map_err(csv_error)?;
        let line = row.position().map_or(0, csv::Position::line);
        let mut sheet = TruthSheet { context: context.clone(), ..TruthSheet::default() };
        for (column, cell) in columns.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty()) {
            let number =
                || cell.parse().map_err(|_| cell_error(line, column, format!("{cell:?} is no number")));
            match column.as_str() {
                "file" => sheet.file = cell.to_owned(),
                word if is_level(word, "centre", 1) => sheet.centre = Some(cell.to_owned()),
                word if is_level(word, "table", 0) => sheet.table = Some(number()?),
                "defect" => sheet.defect = Some(cell.to_owned()),
                "expected" => {
                    let quoted = serde_json::Value::String(cell.to_owned());
                    sheet.expected = Some(serde_json::from_value(quoted).map_err(|_| {
                        cell_error(
                            line,
                            column,
                            format!("{cell:?} is no status; accepted, review or rejected"),
                        )
                    })?);
                }
                "qr_payload" => {
                    let votes = payload(cell, &forms).ok_or_else(|| {
                        cell_error(line, column, "fits the QR grammar of no known form".to_owned())
                    })?;
                    for (id, value) in votes {
                        if sheet.numbers.iter().all(|(known, _)| *known != id) {
                            sheet.numbers.push((id, value));
                        }
                    }
                }
                id if fields.contains(id) => {
                    let value = number()?;
                    sheet.numbers.retain(|(known, _)| known != id);
                    sheet.numbers.push((id.to_owned(), value));
                }
                id if candidates.contains(id) => sheet.candidates.push((id.to_owned(), number()?)),
                _ => {}
            }
        }
        if !seen.insert(sheet.file.clone()) {
            return Err(cell_error(line, "file", format!("{:?} stands twice", sheet.file)));
        }
        truth.sheets.push(sheet);
    }
    Ok(truth)
}

/// The numbers of a QR payload by field id, rows first, by the first form whose grammar and rows it fits.
fn payload(text: &str, forms: &[&Form]) -> Option<Vec<(String, u32)>> {
    forms.iter().find_map(|form| {
        let spec = form.qr.as_ref()?;
        let groups = spec.grammar.captures(text)?;
        let votes: Vec<u32> =
            groups.name("votes")?.as_str().split(',').map(str::parse).collect::<Result<_, _>>().ok()?;
        if votes.len() != form.votes().count() {
            return None;
        }
        let mut out: Vec<(String, u32)> =
            form.votes().map(|ix| form.fields[ix].id.clone()).zip(votes).collect();
        for field in form.fields.iter().filter(|f| !matches!(f.kind, FieldKind::Vote { .. })) {
            if let Some(value) = groups.name(&field.id) {
                out.push((field.id.clone(), value.as_str().parse().ok()?));
            }
        }
        Some(out)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    const HEAD: &str = "file,centro,mesa,electores,votos_validos,EG,qr_payload,defect,expected\n";

    fn parse(rows: &str) -> Result<Truth, TruthError> {
        Truth::parse(&format!("{HEAD}{rows}"), "truth.csv", &builtin().unwrap())
    }

    /// A payload whose rows are 1, 2, 3, …
    fn payload_text() -> String {
        let votes: Vec<String> = (1..=38).map(|n: u32| n.to_string()).collect();
        format!("010203004.05.1.0001!{}!7!0", votes.join(","))
    }

    #[test]
    fn the_payload_gives_each_row_its_number() {
        let truth = parse(&format!("a.jpg,010203004,5,900,741,105,\"{}\",,\n", payload_text())).unwrap();
        let sheet = &truth.sheets[0];
        let get = |id: &str| sheet.numbers.iter().find(|(f, _)| f == id).unwrap().1;
        assert_eq!((get("NM_PSUV"), get("EG_MUD"), get("BERA_CONDE")), (1, 36, 38));
        assert_eq!((get("votos_nulos"), get("electores"), get("votos_validos")), (7, 900, 741));
        assert_eq!(sheet.candidates, [("EG".to_owned(), 105)]);
        assert_eq!((sheet.centre.as_deref(), sheet.table), (Some("010203004"), Some(5)));
    }

    #[test]
    fn an_empty_cell_is_unknown_not_zero() {
        let truth = parse("a.jpg,,,,,,,cut,rejected\n").unwrap();
        assert!(truth.sheets[0].numbers.is_empty() && truth.sheets[0].candidates.is_empty());
        assert_eq!(truth.sheets[0].expected, Some(Status::Rejected));
    }

    #[test]
    fn what_is_no_number_is_named_with_line_and_column() {
        let error = parse("a.jpg,1,1,9x,,,,,\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("electores"), "{error}");
        let error = parse("a.jpg,1,1,9,,,garbage,,\n").unwrap_err().to_string();
        assert!(error.contains("qr_payload"), "{error}");
        assert!(parse("a.jpg,,,,,,,,\na.jpg,,,,,,,,\n").is_err());
    }

    #[test]
    fn a_path_is_matched_by_whole_names() {
        let truth = parse("a.jpg,,,,,,,,\nsub/b.jpg,,,,,,,,\n").unwrap();
        assert_eq!(truth.find("in/put/a.jpg"), Some(0));
        assert_eq!(truth.find("in/sub/b.jpg"), Some(1));
        assert_eq!(truth.find("in/ba.jpg"), None);
        assert_eq!(truth.find("in/b.jpg"), None);
    }
}
