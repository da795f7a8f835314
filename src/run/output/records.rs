//! `records.jsonl`: one compact JSON object a line, in input order; and its schema.
//!
//! In: records, or the bytes of such a file. Out: the other. Reading refuses a line of another schema
//! before it looks at anything else, and a line that is no record, naming the line.

use super::{MACHINE_JSONL, OutputError, RECORDS_JSONL};
use crate::record::earlier::{self, SCHEMA_1};
use crate::record::{Ordinals, Record, SCHEMA};
use serde::Deserialize;
use std::io::BufRead;
use std::path::Path;

/// The file's bytes.
///
/// # Errors
/// A record that JSON cannot hold; none is known.
pub fn to_jsonl(records: &[Record]) -> Result<Vec<u8>, OutputError> {
    let mut out = Vec::new();
    for record in records {
        serde_json::to_writer(&mut out, record)
            .map_err(|e| OutputError::Encode { what: RECORDS_JSONL, problem: e.to_string() })?;
        out.push(b'\n');
    }
    Ok(out)
}

/// The records of a run's folder, in their order.
///
/// # Errors
/// The folder holds no run, the file cannot be read, or a line is of another schema or no record.
pub fn load(dir: &Path) -> Result<Vec<Record>, OutputError> {
    let mut records = Vec::new();
    visit(dir, |record| {
        records.push(record);
        Ok::<_, OutputError>(())
    })?;
    Ok(records)
}

/// Hands over the records of a run's folder one by one, in their order: a large run does not have to
/// fit into memory.
///
/// # Errors
/// As [`load`], and what `each` returns.
pub fn visit<E: From<OutputError>>(dir: &Path, each: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
    let path = dir.join(RECORDS_JSONL);
    if !path.is_file() {
        return Err(OutputError::NoRun { dir: dir.display().to_string() }.into());
    }
    let file = std::fs::File::open(&path).map_err(|e| OutputError::io(&path, e))?;
    visit_lines(std::io::BufReader::new(file), &path, each)
}

/// The records as the program made them, before any review: from [`MACHINE_JSONL`] where a review has
/// begun, else from `records.jsonl`.
///
/// # Errors
/// As [`load`].
pub fn load_machine(dir: &Path) -> Result<Vec<Record>, OutputError> {
    let path = dir.join(MACHINE_JSONL);
    match std::fs::File::open(&path) {
        Ok(file) => read_records(std::io::BufReader::new(file), &path),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => load(dir),
        Err(e) => Err(OutputError::io(&path, e)),
    }
}

/// The records of an open file; `path` is for messages. Empty lines are passed over.
///
/// # Errors
/// As [`load`].
pub fn read_records(input: impl BufRead, path: &Path) -> Result<Vec<Record>, OutputError> {
    let mut records = Vec::new();
    visit_lines(input, path, |record| {
        records.push(record);
        Ok::<_, OutputError>(())
    })?;
    Ok(records)
}

fn visit_lines<E: From<OutputError>>(
    input: impl BufRead,
    path: &Path,
    mut each: impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    #[derive(Deserialize)]
    struct Head {
        schema: Option<String>,
    }
    let mut ordinals = Ordinals::default();
    for (ix, line) in input.lines().enumerate() {
        let line = line.map_err(|e| OutputError::io(path, e))?;
        if line.trim().is_empty() {
            continue;
        }
        let bad =
            |problem: String| OutputError::Line { path: path.display().to_string(), line: ix + 1, problem };
        let head: Head = serde_json::from_str(&line).map_err(|e| bad(e.to_string()))?;
        let found = head.schema.unwrap_or_default();
        let mut record = match found.as_str() {
            SCHEMA => serde_json::from_str(&line),
            SCHEMA_1 => earlier::read(&line),
            _ => {
                let path = path.display().to_string();
                return Err(OutputError::Schema { path, line: ix + 1, found, expected: SCHEMA }.into());
            }
        }
        .map_err(|e| bad(e.to_string()))?;
        // Those of a page stand in their order.
        ordinals.give(&mut record);
        each(record)?;
    }
    Ok(())
}

/// The JSON Schema of a record, from its types, with a line break at the end.
///
/// # Errors
/// A schema that JSON cannot hold; none is known.
pub fn schema() -> Result<String, OutputError> {
    let schema = schemars::schema_for!(Record);
    let mut text = serde_json::to_string_pretty(&schema)
        .map_err(|e| OutputError::Encode { what: "schema", problem: e.to_string() })?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

    fn read(text: &str) -> Result<Vec<Record>, OutputError> {
        read_records(text.as_bytes(), Path::new("records.jsonl"))
    }

    #[test]
    fn what_is_written_is_read_back_exactly() {
        let mut record = sample::record("a.jpg");
        // A number whose nearest double is missed by a reader that rounds twice.
        record.confidence = 0.999_934_463_921_123_7;
        record.contests[0].choices[0].votes.confidence = 1.0 - f64::EPSILON;
        let bytes = to_jsonl(std::slice::from_ref(&record)).unwrap();
        let back = read(std::str::from_utf8(&bytes).unwrap()).unwrap();
        assert_eq!(back, [record]);
        assert_eq!(to_jsonl(&back).unwrap(), bytes);
    }

    #[test]
    fn a_record_takes_one_line_whatever_its_text_holds() {
        let mut record = sample::record("a\nb\u{2028}\".jpg");
        record.sheet.qr = Some("line\r\nline".to_owned());
        let bytes = to_jsonl(&[record]).unwrap();
        assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count(), 1);
    }

    #[test]
    fn another_schema_is_named_with_its_line() {
        let line = String::from_utf8(to_jsonl(&[sample::record("a.jpg")]).unwrap()).unwrap();
        let other = line.replace(SCHEMA, "cotejo.record/9");
        let error = read(&format!("{line}{other}")).unwrap_err();
        assert!(
            matches!(&error, OutputError::Schema { line: 2, found, .. } if found == "cotejo.record/9"),
            "{error}"
        );
    }

    #[test]
    fn two_sheets_of_one_page_have_each_its_place_also_in_the_earlier_schema_which_did_not_say_it() {
        let line = include_str!("../../../tests/data/record-1/records.jsonl").lines().next().unwrap();
        let ordinals =
            |text: &str| read(text).unwrap().iter().map(|r| r.source().ordinal).collect::<Vec<_>>();
        assert_eq!(ordinals(&format!("{line}\n{line}\n")), [0, 1]);
        let now: Vec<Record> = read(&format!("{line}\n{line}\n")).unwrap();
        assert_eq!(ordinals(std::str::from_utf8(&to_jsonl(&now).unwrap()).unwrap()), [0, 1]);
    }

    #[test]
    fn a_record_of_no_page_is_refused() {
        let mut record = sample::record("a.jpg");
        record.sources.clear();
        let error = read(std::str::from_utf8(&to_jsonl(&[record]).unwrap()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("one source or more"), "{error}");
    }

    #[test]
    fn a_cut_file_is_an_error_that_names_the_line() {
        let line = String::from_utf8(to_jsonl(&[sample::record("a.jpg")]).unwrap()).unwrap();
        let cut = format!("{line}{}", &line[..line.len() / 2]);
        assert!(matches!(read(&cut).unwrap_err(), OutputError::Line { line: 2, .. }));
    }

    #[test]
    fn a_folder_without_a_run_says_what_to_give() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).unwrap_err().to_string().contains("cotejo run"));
    }

    #[test]
    fn the_schema_names_every_part_of_a_written_record() {
        let schema: serde_json::Value = serde_json::from_str(&schema().unwrap()).unwrap();
        let record = serde_json::to_value(sample::record("a.jpg")).unwrap();
        for key in record.as_object().unwrap().keys() {
            assert!(schema["properties"][key].is_object(), "{key} is missing from the schema");
        }
    }
}
