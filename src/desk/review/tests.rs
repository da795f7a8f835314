//! Tests of the review on made-up records, without a browser.

use super::pages::{Made, Pages};
use super::sample::Settings;
use super::station::Station;
use super::talk::{Pass, Sent};
use super::*;
use crate::decide::Status;
use crate::form::Form;
use crate::ground::finding::{Code, Finding, Severity};
use crate::record::{Record, ReviewState, SetHow, sheet_key};
use crate::run::output::{Folder, MACHINE_JSONL, Measured, Overwrite, RECORDS_JSONL, Run, load, sample};
use log::{Action, LOG};
use std::path::Path;

/// A folder with three sheets: one in review for its first row, one accepted, one rejected.
pub(super) fn folder() -> (tempfile::TempDir, Vec<Record>) {
    let mut open = sample::record("open.jpg");
    open.stand_at(Status::Review);
    open.confidence = 0.6;
    open.contests[0].choices[0].votes.confidence = 0.6;
    open.contests[0].choices[0].votes.prints.words.as_mut().unwrap().value = Some(21);
    open.findings = vec![Finding::told(Code::ChannelsDisagree, Severity::Review, "", "").on("NM_PSUV")];
    let records = vec![open, sample::record("fine.jpg"), sample::rejected("lost.jpg")];
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), &records);
    (dir, records)
}

pub(super) fn keep(dir: &Path, records: &[Record]) {
    let run = Run::new(records, std::collections::BTreeMap::new(), Measured::default());
    Folder::create(dir, Overwrite::Replace)
        .unwrap()
        .write(records, &crate::form::builtin().unwrap(), run)
        .unwrap();
}

pub(super) fn station(dir: &Path, who: &str) -> Station {
    Station::open(dir, crate::form::builtin().unwrap(), who).unwrap()
}

fn sent(record: &Record, field: &str, action: Action, value: Option<&str>) -> Sent {
    Sent {
        sheet: sheet_key(record).unwrap(),
        field: field.to_owned(),
        action,
        value: value.map(str::to_owned),
        reason: String::new(),
        pass: Pass::First,
    }
}

pub(super) fn typed(record: &Record, field: &str, value: &str) -> Sent {
    sent(record, field, Action::Typed, Some(value))
}

fn write(station: &Station) -> Vec<Record> {
    station.write().unwrap();
    load(station.dir()).unwrap()
}

#[test]
fn a_typed_value_says_who_set_it_and_the_sheet_counts_then() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    assert_eq!(s.progress(), (0, 1));
    let answer = s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    assert_eq!((answer.state, answer.done, answer.review), ("done", 1, Some(ReviewState::Complete)));
    let after = write(&s);
    let value = &after[0].contests[0].choices[0].votes;
    let set = value.set_by.as_ref().unwrap();
    assert_eq!((value.value, set.who.as_str(), set.how, set.was), (Some(21), "ana", SetHow::Typed, Some(20)));
    assert_eq!(set.entry, s.log().head());
    assert_eq!(after[0].candidate("NM"), Some(31), "the sums follow");
    assert!(after[0].counts() && after[0].status == Status::Review, "the program's status stays");
    assert_eq!(after[1..], records[1..], "other sheets are as they were");
    let run: Run = serde_json::from_slice(&std::fs::read(dir.path().join("run.json")).unwrap()).unwrap();
    assert_eq!((run.counts.reviewed, run.counts.review), (1, 1));
    let table = std::fs::read_to_string(dir.path().join("records.csv")).unwrap();
    assert!(table.lines().nth(1).unwrap().contains("complete,ana"), "{table}");
}

#[test]
fn the_programs_records_stay_and_the_files_are_the_same_bytes_when_written_again() {
    let (dir, records) = folder();
    let machine = std::fs::read(dir.path().join(RECORDS_JSONL)).unwrap();
    let mut s = station(dir.path(), "ana");
    s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    write(&s);
    let written = std::fs::read(dir.path().join(RECORDS_JSONL)).unwrap();
    drop(s);
    assert_eq!(std::fs::read(dir.path().join(MACHINE_JSONL)).unwrap(), machine);
    let again = station(dir.path(), "eva");
    write(&again);
    assert_eq!(std::fs::read(dir.path().join(RECORDS_JSONL)).unwrap(), written);
    keep(dir.path(), &records);
    assert!(!dir.path().join(MACHINE_JSONL).exists(), "a new run has new machine records");
}

#[test]
fn a_sheet_that_nobody_asked_for_counts_from_its_first_entry_on() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    assert_eq!(s.progress(), (0, 1));
    s.enter(&typed(&records[1], "NM_PSUV", "21")).unwrap();
    let progress = s.progress();
    drop(s);
    assert_eq!((progress.1, progress), (2, station(dir.path(), "ana").progress()));
}

#[test]
fn a_station_that_is_opened_again_goes_on_where_the_last_one_stopped() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    let pages = Pages::new("/t/", &s).unwrap();
    let next = |s: &Station| match pages.make(s, "next", "").unwrap() {
        Made::Elsewhere(address) => address,
        _ => panic!("next leads somewhere"),
    };
    assert_eq!(next(&s), "/t/page/1?at=0");
    s.enter(&sent(&records[0], "NM_PSUV", Action::AsPrinted, None)).unwrap();
    drop(s);
    let mut s = station(dir.path(), "ana");
    assert_eq!((s.progress(), next(&s).as_str()), ((1, 1), "/t/"));
    let undone = s.undo().unwrap();
    assert_eq!((undone.state, undone.done), ("open", 0));
    assert!(matches!(s.undo().unwrap_err(), ReviewError::Refused(Refusal::NothingToUndo {})));
    assert!(write(&s)[0].review.is_none(), "what was taken back leaves the record as it was");
}

/// The record of [`folder`] that waits, as a sheet that lies at `x` on its page.
fn lying(record: &Record, x: f64) -> Record {
    let mut record = record.clone();
    record.registration = Some(crate::record::Registration {
        quad: crate::ground::geometry::Quad([[x, 40.0], [x + 160.0, 40.0], [x + 160.0, 900.0], [x, 900.0]]),
        residual_mm: 0.1,
        anchors: 0.9,
        px_per_mm: 8.0,
        private: None,
        mesh: Vec::new(),
    });
    record
}

#[test]
fn a_decision_stays_with_its_sheet_when_a_newer_program_measures_a_pixel_otherwise() {
    let (dir, mut records) = folder();
    records[0] = lying(&records[0], 100.0);
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "ana");
    s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    drop(s);
    records[0] = lying(&records[0], 101.4);
    keep(dir.path(), &records);
    let s = station(dir.path(), "ana");
    assert_eq!((s.progress(), s.book().unmatched().len()), ((1, 1), 0));
    assert_eq!(write(&s)[0].contests[0].choices[0].votes.value, Some(21));
}

#[test]
fn a_decision_moves_with_its_sheet_and_never_to_another_one() {
    let (dir, mut records) = folder();
    records[0] = lying(&records[0], 100.0);
    records[0].sheet.code = Some("010203004.06.1.0001".to_owned());
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "ana");
    s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    drop(s);
    // Another sheet is found left of it now, and takes its ordinal.
    let mut left = lying(&records[0], 2.0);
    left.sheet.code = Some("010203004.07.1.0001".to_owned());
    let moved = lying(&records[0], 300.0);
    keep(dir.path(), &[left.clone(), moved, records[1].clone()]);
    let after = write(&station(dir.path(), "ana"));
    assert_eq!(
        (after[0].contests[0].choices[0].votes.value, after[1].contests[0].choices[0].votes.value),
        (Some(20), Some(21))
    );
    assert!(after[0].review.is_none() && after[1].review.is_some());
    // Without it the decision is kept and listed, not moved to what lies on the page.
    keep(dir.path(), &[left, records[1].clone()]);
    let s = station(dir.path(), "ana");
    assert!(write(&s).iter().all(|r| r.review.is_none()));
    assert_eq!(s.book().unmatched(), s.log().entries().iter().collect::<Vec<_>>());
    exchange::export(&s).unwrap();
    let csv = std::fs::read_to_string(dir.path().join("corrections.csv")).unwrap();
    let row = csv.lines().nth(1).unwrap();
    assert!(row.contains("unmatched") && row.contains("010203004.06.1.0001"), "{csv}");
    let pages = Pages::new("/t/", &s).unwrap();
    let Made::Page(home) = pages.make(&s, "", "").unwrap() else { panic!("a page") };
    for told in ["Decisiones sin hoja", "Decisions without a sheet", "010203004.06.1.0001", "<td>21</td>"] {
        assert!(home.contains(told), "{told}");
    }
    drop(s);
    keep(dir.path(), &records);
    assert_eq!(
        write(&station(dir.path(), "ana"))[0].contests[0].choices[0].votes.value,
        Some(21),
        "it was only kept"
    );
}

#[test]
fn a_log_whose_keys_hold_a_pixel_is_read_on() {
    let (dir, mut records) = folder();
    records[0] = lying(&records[0], 100.0);
    keep(dir.path(), &records);
    let key = crate::record::pixel_key(&records[0]).unwrap();
    let old = crate::record::SheetMark { key, ..Default::default() };
    let deed =
        log::Deed { after: Some("21".to_owned()), ..log::Deed::now("ana", &old, "NM_PSUV", Action::Typed) };
    log::Log::open(dir.path()).unwrap().append(vec![deed]).unwrap();
    records[0] = lying(&records[0], 99.0);
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "ana");
    assert_eq!(write(&s)[0].contests[0].choices[0].votes.value, Some(21));
    s.undo().unwrap();
    assert_eq!(write(&s)[0].contests[0].choices[0].votes.value, Some(20));
    assert!(s.book().unmatched().is_empty());
}

#[test]
fn what_makes_no_sense_is_refused_and_not_logged() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    for bad in ["", "-1", "1e3", "10000", "99999999999", "<b>", "٣"] {
        let error = s.enter(&typed(&records[0], "NM_PSUV", bad)).unwrap_err();
        assert!(matches!(error, ReviewError::Refused(Refusal::NotANumber { .. })), "{bad}: {error}");
    }
    assert!(matches!(
        s.enter(&typed(&records[0], "../x", "1")).unwrap_err(),
        ReviewError::Refused(Refusal::UnknownNumber {})
    ));
    let elsewhere = Sent { sheet: "../../etc/passwd".to_owned(), ..typed(&records[0], "NM_PSUV", "1") };
    assert!(matches!(s.enter(&elsewhere).unwrap_err(), ReviewError::Refused(Refusal::UnknownSheet {})));
    let undo = sent(&records[0], "NM_PSUV", Action::Undo, None);
    assert!(matches!(s.enter(&undo).unwrap_err(), ReviewError::Refused(Refusal::NoSuchAction {})));
    assert!(s.log().entries().is_empty());
}

#[test]
fn an_unreadable_vote_row_keeps_the_sheet_from_counting() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    let answer = s.enter(&sent(&records[0], "NM_PSUV", Action::Unreadable, None)).unwrap();
    assert_eq!(answer.review, Some(ReviewState::Unreadable));
    let after = write(&s);
    assert_eq!((after[0].contests[0].choices[0].votes.value, after[0].candidate("NM")), (None, None));
    assert!(!after[0].counts() && !after[0].waits());
}

#[test]
fn a_sheet_held_back_for_something_else_than_a_number_is_asked_about_as_a_whole() {
    let (dir, mut records) = folder();
    records[0].findings.push(Finding::told(Code::QrOfAnotherSheet, Severity::Review, "", ""));
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "ana");
    let answer = s.enter(&typed(&records[0], "NM_PSUV", "20")).unwrap();
    assert_eq!((answer.review, answer.open), (Some(ReviewState::Partial), vec!["@sheet".to_owned()]));
    let no = sent(&records[0], "@sheet", Action::Rejected, None);
    assert_eq!(s.enter(&no).unwrap().review, Some(ReviewState::Rejected));
    let yes = sent(&records[0], "@sheet", Action::AsPrinted, None);
    assert_eq!(s.enter(&yes).unwrap().review, Some(ReviewState::Complete));
}

#[test]
fn a_code_that_could_not_be_read_is_typed_as_the_form_prints_it() {
    let (dir, mut records) = folder();
    records[0].form.as_mut().unwrap().id = crate::form::builtin().unwrap()[0].id.clone();
    records[0].findings = vec![Finding::told(Code::CodeUnreadable, Severity::Review, "", "")];
    records[0].contests[0].choices[0].votes = sample::value(20, 0.99999);
    records[0].sheet = Default::default();
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "ana");
    let error = s.enter(&typed(&records[0], "@code", "12.3")).unwrap_err();
    assert!(matches!(error, ReviewError::Refused(Refusal::NotACode {})), "{error}");
    s.enter(&typed(&records[0], "@code", "010203004.05.1.0001")).unwrap();
    let after = write(&s);
    assert_eq!((after[0].sheet.centre.as_deref(), after[0].sheet.table), (Some("010203004"), Some(5)));
    assert!(after[0].counts());
}

#[test]
fn a_blind_field_tells_nothing_and_takes_two_equal_entries() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    s.set(&Settings { blind: Some((1.0, 7)), ..Settings::default() }).unwrap();
    let pages = Pages::new("/t/", &s).unwrap();
    let html = |s: &Station, path: &str| match pages.make(s, path, "").unwrap() {
        Made::Page(html) => html,
        _ => panic!("{path} is a page"),
    };
    let page = html(&s, "page/1");
    assert!(page.contains("data-hidden=\"true\" data-likely=\"\""));
    for told in [">20<", ">21<", "Σ", "Dígitos 20", "\"20\""] {
        assert!(!page.contains(told), "{told} is on the page");
    }
    let no = s.enter(&sent(&records[0], "NM_PSUV", Action::AsPrinted, None)).unwrap_err();
    assert!(matches!(no, ReviewError::Refused(Refusal::NothingShown {})), "{no}");
    let first = s.enter(&typed(&records[0], "NM_PSUV", "20")).unwrap();
    assert_eq!((first.state, first.value, first.notes.len()), ("again", None, 0));
    let again = |value| Sent { pass: Pass::Again, ..typed(&records[0], "NM_PSUV", value) };
    assert_eq!(s.enter(&again("21")).unwrap().state, "again", "two that differ ask for a third");
    assert!(!html(&s, "again").contains("value=\"21\""));
    let third = s.enter(&again("21")).unwrap();
    assert_eq!((third.state, third.review), ("done", Some(ReviewState::Complete)));
    assert_eq!(write(&s)[0].contests[0].choices[0].votes.value, Some(21));
}

#[test]
fn the_audit_measures_the_error_rate_of_accepted_sheets() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    s.set(&Settings { audit: Some((5, 1)), ..Settings::default() }).unwrap();
    assert_eq!(s.sampled().iter().copied().collect::<Vec<_>>(), [1], "only one sheet is accepted");
    let fields: Vec<(String, u32)> =
        records[1].numbers().map(|(id, v)| (id.into_owned(), v.value.unwrap())).collect();
    for (field, value) in &fields {
        let value = if field == "NM_PCV" { "11".to_owned() } else { value.to_string() };
        s.enter(&typed(&records[1], field, &value)).unwrap();
    }
    assert_eq!(write(&s)[1].review.as_ref().unwrap().open, ["NM_PCV"], "what differs is looked at twice");
    s.enter(&Sent { pass: Pass::Again, ..typed(&records[1], "NM_PCV", "11") }).unwrap();
    let after = write(&s);
    assert!(after[1].review.as_ref().unwrap().sampled && after[1].status == Status::Accepted);
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.contains("1 with a wrong number of 1") && page.contains("1 wrong of 7"), "in the report");
    assert!(page.contains("exact 95% Clopper-Pearson interval"));
}

#[test]
fn corrections_of_two_machines_merge_and_contradictions_count_for_neither() {
    let (here, records) = folder();
    let (there, _) = folder();
    let mut ana = station(here.path(), "ana");
    let mut eva = station(there.path(), "eva");
    ana.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    eva.enter(&typed(&records[0], "NM_PSUV", "22")).unwrap();
    eva.enter(&typed(&records[0], "NM_PCV", "10")).unwrap();
    let log = there.path().join(LOG);
    let merged = exchange::merge(&mut ana, &log).unwrap();
    assert_eq!((merged.taken, merged.known, merged.strange), (2, 0, 0));
    let again = exchange::merge(&mut ana, &log).unwrap();
    assert_eq!((again.taken, again.known), (0, 2), "merging twice changes nothing");
    let clashes = exchange::contradictions(&ana).unwrap();
    assert_eq!(clashes.len(), 1);
    assert_eq!(clashes[0].said, [("ana".to_owned(), "21".to_owned()), ("eva".to_owned(), "22".to_owned())]);
    let after = write(&ana);
    assert_eq!(after[0].contests[0].choices[0].votes.value, Some(20), "neither wins");
    assert_eq!(after[0].review.as_ref().unwrap().state, ReviewState::Contradicted);
    ana.enter(&typed(&records[0], "NM_PSUV", "22")).unwrap();
    assert!(exchange::contradictions(&ana).unwrap().is_empty());
    assert_eq!(write(&ana)[0].contests[0].choices[0].votes.value, Some(22));
    // The resolution travels back with its reasons.
    exchange::merge(&mut eva, &here.path().join(LOG)).unwrap();
    assert!(exchange::contradictions(&eva).unwrap().is_empty());
    assert_eq!(write(&eva)[0].contests[0].choices[0].votes.value, Some(22));
}

#[test]
fn the_export_names_every_entry_with_what_became_of_it() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "=ana");
    s.enter(&typed(&records[0], "NM_PSUV", "1")).unwrap();
    s.undo().unwrap();
    s.enter(&typed(&records[0], "NM_PSUV", "2")).unwrap();
    s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    exchange::export(&s).unwrap();
    let csv = std::fs::read(dir.path().join("corrections.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    let standing: Vec<&str> = rows.iter().map(|r| r["standing"].as_str()).collect();
    assert_eq!(standing, ["undone", "note", "replaced", "stands"]);
    assert_eq!((rows[3]["before"].as_str(), rows[3]["after"].as_str()), ("2", "21"));
    assert_eq!(rows[0]["who"], "'=ana", "no spreadsheet runs a name");
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("corrections.json")).unwrap()).unwrap();
    assert_eq!(json["head"], s.log().head());
    assert_eq!(json["entries"].as_array().unwrap().len(), 4);
}

#[test]
fn markup_in_names_and_texts_stays_text_on_every_page() {
    let (dir, mut records) = folder();
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>.jpg";
    for record in &mut records {
        record.source_mut().path = evil.to_owned();
        record.sheet.qr = Some("</script><script>alert(2)</script>".to_owned());
        record.sheet.code = Some("</script><script>alert(4)</script>".to_owned());
        record.place.insert("state".to_owned(), Some("<b onclick=alert(3)>".to_owned()));
    }
    records[0].findings.push(Finding::told(
        Code::CodeUnreadable,
        Severity::Review,
        "<svg onload=alert(5)>",
        "",
    ));
    keep(dir.path(), &records);
    let mut s = station(dir.path(), "<i>ana</i>");
    s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    let pages = Pages::new("/t/", &s).unwrap();
    for path in ["", "page/1", "sheet/0", "sheet/1", "cells/7", "again", "clash"] {
        let Made::Page(page) = pages.make(&s, path, "").unwrap() else { panic!("{path} is a page") };
        for part in
            ["<script>alert", "<img src=x", "<b onclick", "<svg onload", "<i>ana", "onerror=alert(1)>"]
        {
            assert!(!page.contains(part), "{path}: {part}");
        }
        let scripts = 2 + usize::from(path.is_empty());
        assert_eq!(page.matches("<script").count(), scripts, "{path}");
        assert!(!page.contains(" style=\"") && !page.contains("http:") && !page.contains("https:"), "{path}");
    }
}

#[test]
fn an_address_never_leads_to_a_file() {
    let (dir, _) = folder();
    let s = station(dir.path(), "ana");
    let pages = Pages::new("/t/", &s).unwrap();
    for path in [
        "records.jsonl",
        "../records.jsonl",
        "pictures/x.json",
        "sheet/../../x",
        "page/0",
        "page/99",
        "sheet/99",
        "cells/11",
        "audit/1",
        "%2e%2e/",
        "review.sqlite",
        "home",
    ] {
        assert!(matches!(pages.make(&s, path, "").unwrap(), Made::Nothing), "{path}");
    }
}

#[test]
fn a_run_that_was_cut_off_is_not_reviewed() {
    let (dir, _) = folder();
    std::fs::write(dir.path().join(crate::run::batch::JOURNAL), "").unwrap();
    let error = Station::open(dir.path(), Vec::<Form>::new(), "ana").err().unwrap();
    assert!(error.to_string().contains("--resume"), "{error}");
}
