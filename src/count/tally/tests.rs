//! The tally of made-up sheets against sums that are made another way.

use super::*;
use crate::decide::Status;
use crate::form::{Form, builtin};
use crate::lab::synth::records::Country;
use crate::record::Record;
use std::collections::BTreeMap;

fn country(mesas: usize, seed: u64) -> (Vec<Form>, Vec<Record>) {
    let forms = builtin().unwrap();
    let records = Country::new(&forms[0], mesas, seed).collect();
    (forms, records)
}

/// Length of an area's code; the mesa's has its own.
/// Levels of the built-in form.
const COUNTRY: usize = 0;
const STATE: usize = 1;
const MESA: usize = 5;

fn code(record: &Record, level: usize) -> String {
    let centre = record.sheet.centre.clone().unwrap();
    match level {
        0 => String::new(),
        1 => centre[..2].to_owned(),
        2 => centre[..4].to_owned(),
        3 => centre[..6].to_owned(),
        4 => centre,
        _ => format!("{centre}.{:02}", record.sheet.table.unwrap()),
    }
}

#[test]
fn sums_equal_the_truth_at_every_level_by_candidate_and_party() {
    let (forms, mut records) = country(1500, 4);
    for (ix, record) in records.iter_mut().enumerate() {
        match ix % 9 {
            3 => record.stand_at(Status::Review),
            5 => record.stand_at(Status::Rejected),
            _ => {}
        }
    }
    let base = Base::of(&records, &forms, None).unwrap();
    for level in 0..=MESA {
        for by in [By::Candidate, By::Party] {
            let mut truth: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
            let mut places: BTreeMap<String, [u64; 3]> = BTreeMap::new();
            for record in &records {
                let place = code(record, level);
                places.entry(place.clone()).or_default()[record.status as usize] += 1;
                if record.status != Status::Accepted {
                    continue;
                }
                let votes: Vec<(String, u32)> = match by {
                    By::Candidate => {
                        record.contests[0].candidates.iter().map(|(id, n)| (id.clone(), n.unwrap())).collect()
                    }
                    By::Party => record.choices().map(|c| (c.id.clone(), c.votes.value.unwrap())).collect(),
                };
                let totals = record.totals().into_iter().map(|(id, v)| (id.to_owned(), v.value.unwrap()));
                for (id, n) in votes.into_iter().chain(totals) {
                    let sum = truth.entry((place.clone(), id)).or_default();
                    sum.0 += u64::from(n);
                    sum.1 += 1;
                }
            }
            let tally = tally(&base, level, by, "").unwrap();
            assert_eq!(tally.lines.len(), places.len());
            assert_eq!(tally.items.len(), if by == By::Candidate { 10 } else { 38 } + 11);
            for line in &tally.lines {
                let c = line.coverage;
                assert_eq!([c.counted, c.review, c.rejected], places[&line.code], "{}", line.code);
                assert_eq!((c.conflict, c.missing), (0, None));
                for (item, figure) in tally.items.iter().zip(&line.figures) {
                    let sum = truth.get(&(line.code.clone(), item.id.clone()));
                    let sum = sum.map_or((None, 0), |s| (Some(s.0), s.1));
                    assert_eq!((figure.votes, figure.sheets), sum, "{} {}", line.code, item.id);
                }
            }
        }
    }
}

#[test]
fn sheets_of_one_mesa_that_say_the_same_are_joined_and_those_that_do_not_are_left_out() {
    let (forms, mut records) = country(6, 2);
    let mut copy = records[0].clone();
    copy.source_mut().path = "copy.jpg".to_owned();
    let mut other = records[1].clone();
    other.source_mut().path = "other.jpg".to_owned();
    let was = other.contests[0].choices[3].votes.value.unwrap();
    other.contests[0].choices[3].votes.value = Some(was + 1);
    let without = tally(&Base::of(&records[2..], &forms, None).unwrap(), COUNTRY, By::Party, "").unwrap();
    let whole = tally(&Base::of(&records, &forms, None).unwrap(), COUNTRY, By::Party, "").unwrap();
    records.extend([copy, other]);
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, COUNTRY, By::Party, "").unwrap();
    assert_eq!((tally.lines[0].coverage.counted, tally.lines[0].coverage.conflict), (5, 1));
    for (ix, item) in tally.items.iter().enumerate() {
        let one = records[0].value(&item.id).unwrap().value;
        assert_eq!(
            tally.lines[0].figures[ix].votes.unwrap(),
            without.lines[0].figures[ix].votes.unwrap() + u64::from(one.unwrap())
        );
    }
    assert_eq!(whole.lines[0].coverage.counted, 6);
    let aside = aside(&base).unwrap();
    assert_eq!(aside.conflicts.len(), 1);
    let conflict = &aside.conflicts[0];
    assert_eq!(conflict.field, records[1].contests[0].choices[3].id);
    assert_eq!(conflict.says[1], ("other.jpg".to_owned(), Some(was + 1)));
    assert_eq!(aside.joined.len(), 2);
    assert!(text(&tally, &aside).contains("left out"));
}

#[test]
fn a_number_that_could_not_be_read_is_not_in_its_sum_and_the_sum_says_so() {
    let (forms, mut records) = country(3, 3);
    records[0].contests[0].choices[0].votes.value = None;
    let base = Base::of(&records, &forms, None).unwrap();
    let by_party = tally(&base, COUNTRY, By::Party, "").unwrap();
    let by_candidate = tally(&base, COUNTRY, By::Candidate, "").unwrap();
    assert_eq!(by_party.lines[0].figures[0].sheets, 2);
    assert_eq!(by_party.lines[0].figures[1].sheets, 3);
    // The candidate's sum of that sheet is not known either.
    assert_eq!(by_candidate.lines[0].figures[0].sheets, 2);
}

#[test]
fn mesas_of_the_registry_without_a_sheet_are_missing_in_their_places() {
    let (forms, records) = country(40, 5);
    let table = |r: &Record| ExpectedTable {
        centre: r.sheet.centre.clone().unwrap(),
        table: r.sheet.table.unwrap(),
        names: [("state".to_owned(), Some("ESTADO DEL REGISTRO".to_owned()))].into_iter().collect(),
    };
    let expected = Expected { tables: records.iter().map(table).collect(), of: Of::All };
    let base = Base::of(&records[..30], &forms, Some(&expected)).unwrap();
    let tally = tally(&base, COUNTRY, By::Candidate, "").unwrap();
    let coverage = tally.lines[0].coverage;
    assert_eq!((coverage.counted, coverage.missing, coverage.expected), (30, Some(10), Some(40)));
    let states = super::tally(&base, STATE, By::Candidate, "").unwrap();
    assert_eq!(states.lines[0].name, "ESTADO DEL REGISTRO");
}

/// What a registry lists: these records' mesas.
fn listed(records: &[Record]) -> Vec<ExpectedTable> {
    let table = |r: &Record| ExpectedTable {
        centre: r.sheet.centre.clone().unwrap(),
        table: r.sheet.table.unwrap(),
        names: Default::default(),
    };
    records.iter().map(table).collect()
}

#[test]
fn what_no_sheet_tells_is_not_nought_and_a_sum_that_lacks_sheets_says_so() {
    let (forms, mut records) = country(60, 12);
    for (ix, record) in records.iter_mut().enumerate() {
        let centre = record.sheet.centre.as_mut().unwrap();
        centre.replace_range(..2, ["01", "02", "03"][ix / 20]);
    }
    // The last state has no sheet; the sheet before it waits for a person.
    let last = code(&records[59], STATE);
    let there = records.iter().position(|r| code(r, STATE) == last).unwrap();
    records[there - 1].stand_at(Status::Review);
    let (all, expected) = (there as u64, Expected { tables: listed(&records), of: Of::All });
    let base = Base::of(&records[..there], &forms, Some(&expected)).unwrap();
    let states = tally(&base, STATE, By::Candidate, "").unwrap();
    let line = states.lines.last().unwrap();
    assert_eq!((line.code.as_str(), line.coverage.counted), (last.as_str(), 0));
    assert_eq!(line.coverage.expected, Some(60 - all));
    assert!(line.figures.iter().all(|f| f.votes.is_none() && f.sheets == 0));
    let whole = states.lines.iter().find(|l| l.coverage.counted == l.coverage.known()).unwrap();
    assert!(whole.figures.iter().all(|f| f.votes.is_some() && f.partial == Some(false)));
    let mesas = tally(&base, MESA, By::Party, &last).unwrap();
    assert!(mesas.lines.iter().flat_map(|l| &l.figures).all(|f| f.votes.is_none()));
    // In every form that it is handed over in.
    let country = tally(&base, COUNTRY, By::Candidate, "").unwrap();
    assert_eq!(country.lines[0].coverage.expected, Some(60));
    assert!(country.lines[0].figures.iter().all(|f| f.partial == Some(true)));
    let told = text(&states, &Aside::default());
    let row = told.lines().find(|l| l.starts_with(&last)).unwrap();
    assert!(row.ends_with(" -") && !row.contains(" 0 -"), "{row}");
    assert!(told.contains("* partial") && told.contains("- no sheet") && !told.contains('?'), "{told}");
    let csv = String::from_utf8(frame(&states).to_csv().unwrap()).unwrap();
    let row = csv.lines().find(|l| l.starts_with(&format!("state,{last},"))).unwrap();
    assert!(row.contains(&format!(",,0,{},yes,", 60 - all)), "{row}");
    let bytes = json(&states, &Aside::default(), base.about()).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let figure = value["lines"].as_array().unwrap().last().unwrap()["figures"][0].clone();
    assert_eq!(figure, serde_json::json!({ "votes": null, "sheets": 0, "partial": true }));
    let chart = svg(&Bars::of(&states, line));
    assert!(chart.contains("no sheet") && chart.contains("partial: 0 sheets counted of"), "{chart}");
}

#[test]
fn without_a_registry_nobody_says_that_a_sum_is_whole() {
    let (forms, mut records) = country(4, 13);
    let sum = |records: &[Record]| {
        let base = Base::of(records, &forms, None).unwrap();
        let tally = tally(&base, COUNTRY, By::Candidate, "").unwrap();
        (tally.lines[0].coverage.expected, tally.lines[0].figures[0].partial, text(&tally, &Aside::default()))
    };
    let (expected, partial, told) = sum(&records);
    assert_eq!((expected, partial), (None, None));
    assert!(told.contains("--registry") && !told.contains('*'), "{told}");
    records[0].stand_at(Status::Review);
    assert_eq!(sum(&records).1, Some(true), "a sheet is known to be lacking");
}

#[test]
fn an_accepted_contest_counts_although_its_sheet_waits_for_who_voted() {
    let (forms, mut records) = country(3, 9);
    let finding = crate::ground::finding::Finding::told(
        crate::ground::finding::Code::ChannelsDisagree,
        crate::ground::finding::Severity::Review,
        "",
        "",
    );
    records[1].hold(vec![finding.clone().on("votantes_cuaderno")]);
    records[2].hold(vec![finding.on("NM_PSUV")]);
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, COUNTRY, By::Party, "").unwrap();
    let line = &tally.lines[0];
    assert_eq!((line.coverage.counted, line.coverage.review), (2, 1));
    let figure = |id: &str| line.figures[tally.items.iter().position(|i| i.id == id).unwrap()];
    let sum = |id: &str, of: &[usize]| {
        of.iter().map(|&r| u64::from(records[r].value(id).unwrap().value.unwrap())).sum()
    };
    for (id, of) in [("NM_PSUV", &[0, 1][..]), ("votos_validos", &[0, 1]), ("votantes_cuaderno", &[0])] {
        assert_eq!((figure(id).votes, figure(id).sheets), (Some(sum(id, of)), of.len() as u64), "{id}");
    }
}

#[test]
fn what_a_run_found_missing_tells_how_many_there_should_be() {
    let (forms, records) = country(12, 14);
    let dir = tempfile::tempdir().unwrap();
    // Two are lacking, one stands on no list.
    let list: Vec<String> = records[1..].iter().fold(vec!["CENTRO;MESA".to_owned()], |mut all, r| {
        all.push(format!("{};{}", r.sheet.centre.clone().unwrap(), r.sheet.table.unwrap()));
        all
    });
    let registry = crate::run::registry::Registry::parse(list.join("\n").as_bytes(), "list", &forms).unwrap();
    let mut run = crate::run::output::Run::new(&records[..10], BTreeMap::new(), Default::default());
    run.registry = Some(registry.coverage(&records[..10].iter().filter_map(|r| registry.shown(r)).collect()));
    std::fs::write(dir.path().join("run.json"), run.to_json().unwrap()).unwrap();
    let expected = Expected::of_run(dir.path(), &forms).unwrap();
    let base = Base::of(&records[..10], &forms, expected.as_ref()).unwrap();
    let coverage = tally(&base, COUNTRY, By::Candidate, "").unwrap().lines[0].coverage;
    assert_eq!((coverage.counted, coverage.missing, coverage.expected), (10, Some(2), Some(11)));
}

#[test]
fn a_photo_of_a_joined_sheet_makes_no_mesa_of_its_own() {
    let (forms, mut records) = country(3, 15);
    let whole = records[0].source().page_ref();
    let finding = crate::ground::finding::Finding::told(
        crate::ground::finding::Code::PartOfSheet,
        crate::ground::finding::Severity::Info,
        "",
        "",
    );
    records[1].become_part(whole, finding);
    let base = Base::of(&records, &forms, None).unwrap();
    let coverage = tally(&base, COUNTRY, By::Candidate, "").unwrap().lines[0].coverage;
    assert_eq!((coverage.counted, coverage.rejected), (2, 0));
    let parts: i64 =
        base.db().query_row("SELECT count(*) FROM sheet WHERE status = 'part'", [], |r| r.get(0)).unwrap();
    assert_eq!(parts, 1);
}

#[test]
fn a_zero_report_is_no_result() {
    let (forms, mut records) = country(2, 6);
    records[1].sheet.kind = Some("zero".to_owned());
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, COUNTRY, By::Candidate, "").unwrap();
    assert_eq!(tally.lines[0].coverage.counted, 1);
}

#[test]
fn within_keeps_to_the_codes_that_begin_so() {
    let (forms, records) = country(400, 7);
    let base = Base::of(&records, &forms, None).unwrap();
    let parish = records[200].sheet.centre.clone().unwrap()[..6].to_owned();
    let tally = tally(&base, MESA, By::Candidate, &parish).unwrap();
    let expected = records.iter().filter(|r| r.sheet.centre.as_ref().unwrap().starts_with(&parish)).count();
    assert_eq!(tally.lines.len(), expected);
    assert!(expected > 0 && expected < 400);
}

#[test]
fn the_bar_chart_is_xml_with_its_coverage_and_escapes_names() {
    let (forms, mut records) = country(2, 8);
    for record in &mut records {
        record.place.insert("state".to_owned(), Some("A & B <c>".to_owned()));
    }
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, STATE, By::Candidate, "").unwrap();
    let svg = svg(&Bars::of(&tally, &tally.lines[0]));
    assert!(svg.contains("A &amp; B &lt;c&gt;"), "{svg}");
    assert!(svg.contains("2 sheets counted"));
}
