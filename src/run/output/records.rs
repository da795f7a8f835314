//! `records.jsonl`: one compact JSON object a line, in input order; and its schema.
//!
//! In: records, or the bytes of such a file. Out: the other. Reading refuses a line of another schema
//! before it looks at anything else, and a line that is no record, naming the line.

use super::{MACHINE_JSONL, OutputError, RECORDS_JSONL, open_if_there};
use crate::ground::hash::hexadecimal;
use crate::record::earlier::{self, SCHEMA_1};
use crate::record::{Ordinals, Record, SCHEMA};
use rayon::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

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
    visit_file(dir, RECORDS_JSONL, each)
}

fn visit_file<E: From<OutputError>>(
    dir: &Path,
    name: &str,
    each: impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    Source::open(dir, name)?.visit(each)
}

/// Which file of a folder holds the records as the program made them, before any review.
///
/// # Errors
/// The system refuses.
pub fn machine(dir: &Path) -> Result<&'static str, OutputError> {
    Ok(if open_if_there(dir, MACHINE_JSONL)?.is_some() { MACHINE_JSONL } else { RECORDS_JSONL })
}

/// As [`visit`], of the records as the program made them, before any review: from [`MACHINE_JSONL`] where a review
/// has begun, else from `records.jsonl`.
///
/// # Errors
/// As [`visit`].
pub fn visit_machine<E: From<OutputError>>(
    dir: &Path,
    each: impl FnMut(Record) -> Result<(), E>,
) -> Result<(), E> {
    visit_file(dir, machine(dir)?, each)
}

/// The records of an open file; `path` is for messages. Empty lines are passed over.
///
/// # Errors
/// As [`load`].
pub fn read_records(input: impl BufRead, path: &Path) -> Result<Vec<Record>, OutputError> {
    let mut records = Vec::new();
    Source::new(input, path).visit(|record| {
        records.push(record);
        Ok::<_, OutputError>(())
    })?;
    Ok(records)
}

/// A line of a file of records.
pub(super) struct Line {
    /// Its number, from 1.
    pub(super) n: usize,
    /// Where it begins.
    at: u64,
    text: Vec<u8>,
}

/// A file of records as it is read, with its SHA-256.
pub struct Source<R = BufReader<File>> {
    path: PathBuf,
    input: R,
    hash: Sha256,
    n: usize,
    at: u64,
    records: usize,
}

impl Source {
    /// Opens a file of a run's folder.
    ///
    /// # Errors
    /// The folder holds no run; the system refuses.
    pub(crate) fn open(dir: &Path, name: &str) -> Result<Self, OutputError> {
        let file = open_if_there(dir, name)?;
        let file = file.ok_or_else(|| OutputError::NoRun { dir: dir.display().to_string() })?;
        Self::of(&file, &dir.join(name))
    }

    /// An open file, from its beginning.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn of(mut file: &File, path: &Path) -> Result<Self, OutputError> {
        let file = file.rewind().and_then(|()| file.try_clone()).map_err(|e| OutputError::io(path, e))?;
        Ok(Self::new(BufReader::with_capacity(1 << 18, file), path))
    }
}

impl<R: BufRead> Source<R> {
    fn new(input: R, path: &Path) -> Self {
        Self { path: path.to_owned(), input, hash: Sha256::new(), n: 0, at: 0, records: 0 }
    }

    /// Hands over what is left of the records, one by one.
    pub(super) fn visit<E: From<OutputError>>(
        mut self,
        mut each: impl FnMut(Record) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut ordinals = Ordinals::default();
        loop {
            let lines = self.lines(1)?;
            let Some(line) = lines.first() else { return Ok(()) };
            let mut record = self.record(line)?;
            // Those of a page stand in their order.
            ordinals.give(&mut record);
            each(record)?;
        }
    }

    /// The next lines, at most so many; none at the end. Empty ones are passed over.
    pub(super) fn lines(&mut self, most: usize) -> Result<Vec<Line>, OutputError> {
        let mut out = Vec::new();
        while out.len() < most {
            let mut text = Vec::new();
            self.input.read_until(b'\n', &mut text).map_err(|e| OutputError::io(&self.path, e))?;
            if text.is_empty() {
                break;
            }
            self.hash.update(&text);
            self.n += 1;
            let at = self.at;
            self.at += text.len() as u64;
            if !text.trim_ascii().is_empty() {
                self.records += 1;
                out.push(Line { n: self.n, at, text });
            }
        }
        Ok(out)
    }

    /// The record of a line; its ordinal is as it stands there.
    pub(super) fn record(&self, line: &Line) -> Result<Record, OutputError> {
        #[derive(Deserialize)]
        struct Head {
            schema: Option<String>,
        }
        let path = || self.path.display().to_string();
        let bad = |problem: String| OutputError::Line { path: path(), line: line.n, problem };
        let text = std::str::from_utf8(&line.text).map_err(|e| bad(e.to_string()))?;
        let found = if of_this(text) {
            SCHEMA.to_owned()
        } else {
            let head: Head = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
            head.schema.unwrap_or_default()
        };
        let record = match found.as_str() {
            SCHEMA => serde_json::from_str(text),
            SCHEMA_1 => earlier::read(text),
            _ => {
                return Err(OutputError::Schema { path: path(), line: line.n, found, expected: SCHEMA });
            }
        };
        let record: Record = record.map_err(|e| bad(e.to_string()))?;
        if let Some((id, value)) = senseless(&record) {
            let sheet = record.sheet.code.as_deref().unwrap_or(&record.source().path);
            return Err(bad(format!("{id} of the sheet {sheet} is {value}, which no sheet prints")));
        }
        Ok(record)
    }

    /// SHA-256 of what was read, and how many records that were.
    pub(super) fn finish(self) -> (String, usize) {
        (hexadecimal(&self.hash.finalize()), self.records)
    }
}

/// A number larger than any sheet prints: sums of such would not be sums.
fn senseless(record: &Record) -> Option<(String, u32)> {
    const MOST: u32 = 9_999_999;
    let too_large = |(id, n): (String, Option<u32>)| n.filter(|&n| n > MOST).map(|n| (id, n));
    let numbers = record.numbers().map(|(id, v)| (id.into_owned(), v.value));
    numbers.chain(record.sheet.table.map(|t| ("table".to_owned(), Some(t)))).find_map(too_large)
}

/// Whether a line begins as this program writes it, so that it need not be gone through for its schema.
fn of_this(text: &str) -> bool {
    let schema = text.strip_prefix(r#"{"schema":""#).and_then(|rest| rest.strip_prefix(SCHEMA));
    schema.is_some_and(|rest| rest.starts_with('"'))
}

/// Lines that are read side by side.
const AHEAD: usize = 64;

/// The records of a file, one after the other, and each again by its index.
pub struct Rows {
    source: Source,
    /// Read already, each with where it begins.
    ahead: VecDeque<(u64, Result<Record, OutputError>)>,
    /// Where each begins, and its place among the sheets of its page.
    places: Vec<(u64, u32)>,
    ordinals: Ordinals,
}

impl Rows {
    /// Those of a file.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(path: &Path) -> Result<Self, OutputError> {
        let file = File::open(path).map_err(|e| OutputError::io(path, e))?;
        Ok(Self::from(Source::new(BufReader::with_capacity(1 << 17, file), path)))
    }

    /// Those of a run's folder as the program made them, before any review.
    ///
    /// # Errors
    /// The folder holds no run; the system refuses.
    pub fn of_machine(dir: &Path) -> Result<Self, OutputError> {
        Ok(Self::from(Source::open(dir, machine(dir)?)?))
    }

    fn from(source: Source) -> Self {
        Self { source, ahead: VecDeque::new(), places: Vec::new(), ordinals: Ordinals::default() }
    }

    /// The next record, until there is none.
    ///
    /// # Errors
    /// The system refuses; a line is no record.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>, OutputError> {
        if self.ahead.is_empty() {
            let lines = self.source.lines(AHEAD)?;
            let read = lines.par_iter().map(|line| (line.at, self.source.record(line)));
            self.ahead = read.collect::<Vec<_>>().into();
        }
        let Some((at, record)) = self.ahead.pop_front() else { return Ok(None) };
        let mut record = record?;
        self.ordinals.give(&mut record);
        self.places.push((at, record.source().ordinal));
        Ok(Some(record))
    }

    /// The next records, so many as are read side by side; none at the end.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub(super) fn some(&mut self) -> Result<Vec<Record>, OutputError> {
        let mut out = Vec::from_iter(self.next()?);
        while !self.ahead.is_empty() {
            out.extend(self.next()?);
        }
        Ok(out)
    }

    /// The record of an index that was met.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub fn get(&mut self, ix: usize) -> Result<Record, OutputError> {
        let path = self.source.path.clone();
        let io = |e| OutputError::io(&path, e);
        let (place, ordinal) = self.places[ix];
        let now = self.source.input.stream_position().map_err(io)?;
        // The next one is at hand already.
        self.source.input.seek_relative(place as i64 - now as i64).map_err(io)?;
        let mut text = Vec::new();
        self.source.input.read_until(b'\n', &mut text).map_err(io)?;
        let mut record = self.source.record(&Line { n: ix + 1, at: place, text })?;
        record.source_mut().ordinal = ordinal;
        Ok(record)
    }
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
    fn a_number_that_no_sheet_prints_is_refused_with_its_line_and_its_sheet() {
        let mut record = sample::record("a.jpg");
        let fine = to_jsonl(std::slice::from_ref(&record)).unwrap();
        record.contests[0].choices[0].votes.value = Some(u32::MAX);
        let text = [fine, to_jsonl(&[record]).unwrap()].concat();
        let said = read(std::str::from_utf8(&text).unwrap()).unwrap_err().to_string();
        assert!(said.contains("line 2") && said.contains("NM_PSUV of the sheet 010203004.05"), "{said}");
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
