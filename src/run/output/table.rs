//! `records.csv`: the wide table, one row a sheet, one column a party.
//!
//! In: records, and the forms, which name the columns of places and totals. Out: UTF-8 CSV with a head line.
//! First stand what the published results tables have, under their names, then one column a candidate;
//! after them what only this program knows. Codes keep their leading zeros; a number that could not
//! be read is an empty cell. Text that a spreadsheet would run as a formula is given a leading
//! apostrophe; `records.jsonl` has it unchanged. The column `status` says how a sheet stands now; what the
//! program decided before people looked is the `status` of `records.jsonl`.

use super::{OutputError, RECORDS_CSV};
use crate::form::{Form, Levels};
use crate::record::{Record, ReviewState};
use std::borrow::Borrow;

/// The file's bytes. Columns of candidates, totals and parties are those of the records' forms, in
/// the order in which they first appear.
///
/// # Errors
/// A table that CSV cannot hold; none is known.
pub fn to_csv(records: &[Record], forms: &[impl Borrow<Form>]) -> Result<Vec<u8>, OutputError> {
    let form = records.iter().find_map(|r| r.form_of(forms)).or(forms.first().map(Borrow::borrow));
    let levels = form.map_or_else(Levels::default, |f| f.levels.clone());
    let first: Vec<(&str, &str)> = form.map_or_else(Vec::new, |f| f.export.totals(&f.fields).collect());
    let problem = |e: String| OutputError::Encode { what: RECORDS_CSV, problem: e };
    let candidates = in_order(records.iter().flat_map(|r| r.choices().map(|c| c.candidate.as_str())));
    let rows: Vec<_> =
        records.iter().flat_map(|r| r.choices().flat_map(|c| c.numbers())).map(|n| n.0).collect();
    let parties = in_order(rows.iter().map(|id| id.as_ref()));
    let totals = in_order(
        records.iter().flat_map(|r| r.totals().into_keys()).filter(|id| first.iter().all(|(_, p)| p != id)),
    );

    let mut head: Vec<String> =
        levels.areas().flat_map(|(d, _)| [levels.code_column(d), levels.name_column(d)]).collect();
    head.extend([levels.last() - 1, levels.last()].map(|depth| levels.code_column(depth)));
    head.extend(first.iter().map(|(name, _)| (*name).to_owned()));
    head.extend(candidates.iter().map(|&c| c.to_owned()));
    head.extend(
        [
            "status",
            "confidence",
            "path",
            "page",
            "sha256",
            "form",
            "code",
            "kind",
            "uuid",
            "issued_at",
            "hash",
        ]
        .map(str::to_owned),
    );
    head.push(levels.name_column(levels.last() - 1));
    head.extend(["findings", "review", "reviewed_by"].map(str::to_owned));
    head.extend(totals.iter().map(|id| id.to_uppercase()));
    head.extend(parties.iter().map(|&id| id.to_owned()));

    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(&head).map_err(|e| problem(e.to_string()))?;
    for record in records {
        let row = row(record, &levels, &first, (&candidates, &totals, &parties));
        csv.write_record(&row).map_err(|e| problem(e.to_string()))?;
    }
    csv.into_inner().map_err(|e| problem(e.to_string()))
}

/// Ids of candidates, of the totals that stand after them, and of rows, in the order of their columns.
type Ids<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str]);

/// One sheet's cells, in the order of the head line.
fn row(record: &Record, levels: &Levels, first: &[(&str, &str)], ids: Ids<'_>) -> Vec<String> {
    let (candidates, totals, parties) = ids;
    let (sheet, place) = (&record.sheet, &record.place);
    let text = |t: &Option<String>| t.as_deref().map_or_else(String::new, inert);
    let name = |id: &str| place.get(id).map_or_else(String::new, &text);
    let number = |n: Option<u32>| n.map_or_else(String::new, |n| n.to_string());
    let total = |id: &str| number(record.value(id).and_then(|v| v.value));
    let mut row = Vec::new();
    for (depth, level) in levels.areas() {
        let code = sheet.centre.as_deref().and_then(|c| levels.own(c, depth));
        row.push(code.map_or_else(String::new, inert));
        row.push(name(&level.id));
    }
    row.extend([text(&sheet.centre), number(sheet.table)]);
    row.extend(first.iter().map(|(_, id)| total(id)));
    row.extend(candidates.iter().map(|&c| number(record.candidate(c))));
    let codes = in_order(record.findings.iter().map(|f| f.code.name()));
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
        name(&levels.centre().id),
        codes.join(" "),
        record.review.as_ref().map_or("", |r| review(r.state)).to_owned(),
        record.review.as_ref().map_or_else(String::new, |r| inert(&r.by.join(", "))),
    ]);
    row.extend(totals.iter().map(|id| total(id)));
    row.extend(parties.iter().map(|&id| number(record.value(id).and_then(|v| v.value))));
    row
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

/// Each item once, in the order of first appearance.
fn in_order<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items {
        if seen.insert(item) {
            out.push(item);
        }
    }
    out
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
