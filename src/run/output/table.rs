//! `records.csv`: the wide table, one row a sheet, one column a party.
//!
//! In: records, and the forms, which name the columns of places and totals. Out: UTF-8 CSV with a head line.
//! First stand what the published results tables have, under their names, then one column a candidate;
//! after them what only this program knows. Codes keep their leading zeros; a number that could not
//! be read is an empty cell. Text that a spreadsheet would run as a formula is given a leading
//! apostrophe; `records.jsonl` has it unchanged. The column `status` says how a sheet stands now; what the
//! program decided before people looked is the `status` of `records.jsonl`.

use super::{Next, Out, OutputError, RECORDS_CSV, RECORDS_JSONL, Rows};
use crate::form::{Form, Levels};
use crate::record::{Record, ReviewState};
use rayon::prelude::*;
use std::borrow::Borrow;
use std::collections::BTreeSet;

/// The file's bytes. Columns of candidates, totals and parties are those of the records' forms, in
/// the order in which they first appear.
///
/// # Errors
/// A table that CSV cannot hold; none is known.
pub fn to_csv(records: &[Record], forms: &[impl Borrow<Form>]) -> Result<Vec<u8>, OutputError> {
    let mut columns = Columns::default();
    records.iter().for_each(|record| columns.see(record));
    let head = columns.of(forms);
    let mut out = line(&head.names())?;
    for record in records {
        out.extend(line(&head.row(record))?);
    }
    Ok(out)
}

/// Writes the records of a run's next state, one by one, and the table of them: none stays in memory.
pub struct Table<'n> {
    next: &'n mut Next,
    records: Out,
    columns: Columns,
}

impl<'n> Table<'n> {
    /// Without a record.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new(next: &'n mut Next) -> Result<Self, OutputError> {
        let records = next.out(RECORDS_JSONL)?;
        Ok(Self { next, records, columns: Columns::default() })
    }

    /// Adds the next record.
    ///
    /// # Errors
    /// The system refuses.
    pub fn add(&mut self, record: &Record) -> Result<(), OutputError> {
        self.put(record, &super::to_jsonl(std::slice::from_ref(record))?)
    }

    /// Adds the next record, of which the line is at hand.
    ///
    /// # Errors
    /// The system refuses.
    pub fn put(&mut self, record: &Record, line: &[u8]) -> Result<(), OutputError> {
        self.columns.see(record);
        self.records.put(line)
    }

    /// Writes the table, whose columns are known once all records are.
    ///
    /// # Errors
    /// The system refuses.
    pub fn finish(self, forms: &[impl Borrow<Form>]) -> Result<(), OutputError> {
        let Self { next, records, columns } = self;
        next.wrote(RECORDS_JSONL, records)?;
        let head = columns.of(forms);
        let mut out = next.out(RECORDS_CSV)?;
        out.put(&line(&head.names())?)?;
        let mut rows = Rows::open(&next.path(RECORDS_JSONL))?;
        loop {
            let some = rows.some()?;
            if some.is_empty() {
                break;
            }
            let lines: Vec<_> = some.par_iter().map(|record| line(&head.row(record))).collect();
            lines.into_iter().try_for_each(|line| out.put(&line?))?;
        }
        next.wrote(RECORDS_CSV, out)
    }
}

/// A row as CSV.
fn line(row: &[String]) -> Result<Vec<u8>, OutputError> {
    let problem = |e: String| OutputError::Encode { what: RECORDS_CSV, problem: e };
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(row).map_err(|e| problem(e.to_string()))?;
    csv.into_inner().map_err(|e| problem(e.to_string()))
}

/// Each item once, in the order of first appearance.
#[derive(Debug, Default)]
struct InOrder {
    list: Vec<String>,
    seen: BTreeSet<String>,
}

impl InOrder {
    fn see(&mut self, item: &str) {
        if !self.seen.contains(item) {
            self.seen.insert(item.to_owned());
            self.list.push(item.to_owned());
        }
    }
}

/// What the columns will be, as records come.
#[derive(Debug, Default)]
struct Columns {
    forms: InOrder,
    candidates: InOrder,
    rows: InOrder,
    totals: InOrder,
}

impl Columns {
    fn see(&mut self, record: &Record) {
        record.form.iter().for_each(|form| self.forms.see(&form.id));
        for choice in record.choices() {
            self.candidates.see(&choice.candidate);
            choice.numbers().for_each(|(id, _)| self.rows.see(&id));
        }
        record.totals().into_keys().for_each(|id| self.totals.see(id));
    }

    /// The columns, named by the first record's form that is known, or the first form.
    fn of<F: Borrow<Form>>(self, forms: &[F]) -> Head {
        let known = |id: &String| forms.iter().map(Borrow::borrow).find(|f: &&Form| f.id == *id);
        let form = self.forms.list.iter().find_map(known).or(forms.first().map(Borrow::borrow));
        let levels = form.map_or_else(Levels::default, |f| f.levels.clone());
        let own = |(name, id): (&str, &str)| (name.to_owned(), id.to_owned());
        let first: Vec<_> = form.map_or_else(Vec::new, |f| f.export.totals(&f.fields).map(own).collect());
        let mut totals = self.totals.list;
        totals.retain(|id| first.iter().all(|(_, p)| p != id));
        Head { levels, first, candidates: self.candidates.list, totals, rows: self.rows.list }
    }
}

/// The columns of a table.
struct Head {
    levels: Levels,
    /// Names and ids of the totals that stand first.
    first: Vec<(String, String)>,
    /// Ids of candidates, of the totals that stand after them, and of rows, in the order of their columns.
    candidates: Vec<String>,
    totals: Vec<String>,
    rows: Vec<String>,
}

impl Head {
    /// The head line.
    fn names(&self) -> Vec<String> {
        let levels = &self.levels;
        let mut head: Vec<String> =
            levels.areas().flat_map(|(d, _)| [levels.code_column(d), levels.name_column(d)]).collect();
        head.extend([levels.last() - 1, levels.last()].map(|depth| levels.code_column(depth)));
        head.extend(self.first.iter().map(|(name, _)| name.clone()));
        head.extend(self.candidates.iter().cloned());
        let own = "status confidence path page sha256 form code kind uuid issued_at hash";
        head.extend(own.split_whitespace().map(str::to_owned));
        head.push(levels.name_column(levels.last() - 1));
        head.extend(["findings", "review", "reviewed_by"].map(str::to_owned));
        head.extend(self.totals.iter().map(|id| id.to_uppercase()));
        head.extend(self.rows.iter().cloned());
        head
    }

    /// One sheet's cells.
    fn row(&self, record: &Record) -> Vec<String> {
        let (sheet, place) = (&record.sheet, &record.place);
        let text = |t: &Option<String>| t.as_deref().map_or_else(String::new, inert);
        let name = |id: &str| place.get(id).map_or_else(String::new, &text);
        let number = |n: Option<u32>| n.map_or_else(String::new, |n| n.to_string());
        let total = |id: &str| number(record.value(id).and_then(|v| v.value));
        let mut row = Vec::new();
        for (depth, level) in self.levels.areas() {
            let code = sheet.centre.as_deref().and_then(|c| self.levels.own(c, depth));
            row.push(code.map_or_else(String::new, inert));
            row.push(name(&level.id));
        }
        row.extend([text(&sheet.centre), number(sheet.table)]);
        row.extend(self.first.iter().map(|(_, id)| total(id)));
        row.extend(self.candidates.iter().map(|c| number(record.candidate(c))));
        let mut codes = InOrder::default();
        record.findings.iter().for_each(|f| codes.see(f.code.name()));
        row.extend([
            standing(record).to_owned(),
            format!("{}", record.confidence),
            inert(&record.source().path),
            record.source().page.to_string(),
            record.source().sha256.clone(),
            record.form.as_ref().map_or_else(String::new, |f| f.id.clone()),
            text(&sheet.code),
            text(&sheet.kind),
            text(&sheet.uuid),
            text(&sheet.issued_at),
            text(&sheet.hash),
            name(&self.levels.centre().id),
            codes.list.join(" "),
            record.review.as_ref().map_or("", |r| review(r.state)).to_owned(),
            record.review.as_ref().map_or_else(String::new, |r| inert(&r.by.join(", "))),
        ]);
        row.extend(self.totals.iter().map(|id| total(id)));
        row.extend(self.rows.iter().map(|id| number(record.value(id).and_then(|v| v.value))));
        row
    }
}

/// What a sheet stands at once people have been heard: `accepted`; `reviewed` where a review that came to
/// its end made it count; `review` while it waits for a person; `rejected` where neither the program nor
/// people can use it; `part` for a page whose sheet stands in another row.
fn standing(record: &Record) -> &'static str {
    let finished = record.review.as_ref().is_some_and(|r| r.state == ReviewState::Complete);
    match record.counts() {
        _ if record.is_part() => "part",
        true if finished => "reviewed",
        _ if record.waits() => "review",
        true => "accepted",
        false => "rejected",
    }
}

/// The word of a review's state, as in `records.jsonl`.
fn review(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Complete => "complete",
        ReviewState::Partial => "partial",
        ReviewState::Contradicted => "contradicted",
        ReviewState::Unreadable => "unreadable",
        ReviewState::Rejected => "rejected",
    }
}

/// Text that no spreadsheet takes for a formula (OWASP, "CSV injection").
pub(crate) fn inert(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Status;
    use crate::ground::finding::{Code, Finding, Severity};
    use crate::record::Review;
    use crate::run::output::sample;

    fn cells(records: &[Record]) -> Vec<std::collections::BTreeMap<String, String>> {
        let bytes = to_csv(records, &crate::form::builtin().unwrap()).unwrap();
        csv::Reader::from_reader(bytes.as_slice()).deserialize().map(|row| row.unwrap()).collect()
    }

    #[test]
    fn columns_carry_the_published_names_and_codes_keep_their_zeros() {
        let mut record = sample::record("a.jpg");
        record.sheet.centre = Some("010113042".to_owned());
        record.sheet.table = Some(1);
        let row = cells(&[record]).remove(0);
        let get = |name: &str| row[name].as_str();
        assert_eq!(
            (get("COD_EDO"), get("COD_MUN"), get("COD_PAR"), get("CENTRO"), get("MESA")),
            ("01", "01", "13", "010113042", "1")
        );
        assert_eq!((get("RE"), get("VOTOS_VALIDOS"), get("VOTOS_NULOS")), ("120", "60", "2"));
        assert_eq!((get("NM"), get("EG")), ("30", "30"));
        assert_eq!((get("NM_PSUV"), get("EG_MUD")), ("20", "30"));
        assert_eq!(get("VOTOS"), "62");
    }

    #[test]
    fn a_number_that_could_not_be_read_is_an_empty_cell() {
        let mut record = sample::record("a.jpg");
        record.contests[0].choices[0].votes.value = None;
        record.contests[0].recount();
        let row = cells(&[record]).remove(0);
        assert_eq!((row["NM_PSUV"].as_str(), row["NM"].as_str()), ("", ""));
    }

    #[test]
    fn a_rejected_file_has_its_row() {
        let rows = cells(&[sample::record("a.jpg"), sample::rejected("b.jpg")]);
        assert_eq!((rows[1]["path"].as_str(), rows[1]["status"].as_str()), ("b.jpg", "rejected"));
        assert_eq!(rows[1]["NM_PSUV"], "");
    }

    #[test]
    fn a_row_says_how_its_sheet_stands_and_a_photo_of_a_joined_sheet_is_no_rejected_one() {
        let mut part = sample::record("b.jpg");
        let finding = Finding::told(Code::PartOfSheet, Severity::Info, "", "");
        part.become_part(sample::record("a.jpg").source().page_ref(), finding);
        let reviewed = |status, state| {
            let mut record = sample::record("c.jpg");
            record.stand_at(status);
            let (by, when, open) = (vec!["ana".to_owned()], String::new(), Vec::new());
            record.review = Some(Review { state, by, when, open, sampled: false });
            record
        };
        let records = [
            sample::record("a.jpg"),
            part,
            reviewed(Status::Review, ReviewState::Complete),
            reviewed(Status::Review, ReviewState::Partial),
            reviewed(Status::Review, ReviewState::Rejected),
            reviewed(Status::Accepted, ReviewState::Contradicted),
            sample::rejected("d.jpg"),
        ];
        let rows = cells(&records);
        let said: Vec<&str> = rows.iter().map(|r| r["status"].as_str()).collect();
        assert_eq!(said, ["accepted", "part", "reviewed", "review", "rejected", "review", "rejected"]);
    }

    #[test]
    fn text_that_a_spreadsheet_would_run_is_made_inert() {
        let mut record = sample::record("=cmd|' /C calc'!A0.jpg");
        record.place.insert("state".to_owned(), Some("@SUM(A1)".to_owned()));
        let row = cells(&[record]).remove(0);
        assert_eq!(row["path"], "'=cmd|' /C calc'!A0.jpg");
        assert_eq!(row["EDO"], "'@SUM(A1)");
    }
}
