//! The tally of made-up sheets against sums that are made another way.

use super::*;
use crate::decide::Status;
use crate::form::{Form, builtin};
use crate::record::Record;
use crate::synth::records::Country;
use std::collections::BTreeMap;

fn country(mesas: usize, seed: u64) -> (Vec<Form>, Vec<Record>) {
    let forms = builtin().unwrap();
    let records = Country::new(&forms[0], mesas, seed).collect();
    (forms, records)
}

/// Length of an area's code; the mesa's has its own.
fn code(record: &Record, level: Level) -> String {
    let centre = record.sheet.centre.clone().unwrap();
    match level {
        Level::Country => String::new(),
        Level::State => centre[..2].to_owned(),
        Level::Municipality => centre[..4].to_owned(),
        Level::Parish => centre[..6].to_owned(),
        Level::Centre => centre,
        Level::Mesa => format!("{centre}.{:02}", record.sheet.table.unwrap()),
    }
}

#[test]
fn sums_equal_the_truth_at_every_level_by_candidate_and_party() {
    let (forms, mut records) = country(1500, 4);
    for (ix, record) in records.iter_mut().enumerate() {
        match ix % 9 {
            3 => record.status = Status::Review,
            5 => record.status = Status::Rejected,
            _ => {}
        }
    }
    let base = Base::of(&records, &forms, None).unwrap();
    for level in Level::ALL {
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
                        record.candidates.iter().map(|(id, n)| (id.clone(), n.unwrap())).collect()
                    }
                    By::Party => {
                        record.votes.iter().map(|v| (v.id.clone(), v.value.value.unwrap())).collect()
                    }
                };
                let totals = record.totals.iter().map(|(id, v)| (id.clone(), v.value.unwrap()));
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
                    let sum = truth.get(&(line.code.clone(), item.id.clone())).copied().unwrap_or_default();
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
    copy.source.path = "copy.jpg".to_owned();
    let mut other = records[1].clone();
    other.source.path = "other.jpg".to_owned();
    let was = other.votes[3].value.value.unwrap();
    other.votes[3].value.value = Some(was + 1);
    let without =
        tally(&Base::of(&records[2..], &forms, None).unwrap(), Level::Country, By::Party, "").unwrap();
    let whole = tally(&Base::of(&records, &forms, None).unwrap(), Level::Country, By::Party, "").unwrap();
    records.extend([copy, other]);
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, Level::Country, By::Party, "").unwrap();
    assert_eq!((tally.lines[0].coverage.counted, tally.lines[0].coverage.conflict), (5, 1));
    for (ix, item) in tally.items.iter().enumerate() {
        let one = records[0]
            .votes
            .iter()
            .find(|v| v.id == item.id)
            .map_or_else(|| records[0].totals[&item.id].value, |v| v.value.value);
        assert_eq!(
            tally.lines[0].figures[ix].votes,
            without.lines[0].figures[ix].votes + u64::from(one.unwrap())
        );
    }
    assert_eq!(whole.lines[0].coverage.counted, 6);
    let aside = aside(&base).unwrap();
    assert_eq!(aside.conflicts.len(), 1);
    let conflict = &aside.conflicts[0];
    assert_eq!(conflict.field, records[1].votes[3].id);
    assert_eq!(conflict.says[1], ("other.jpg".to_owned(), Some(was + 1)));
    assert_eq!(aside.joined.len(), 2);
    assert!(text(&tally, &aside).contains("left out"));
}

#[test]
fn a_number_that_could_not_be_read_is_not_in_its_sum_and_the_sum_says_so() {
    let (forms, mut records) = country(3, 3);
    records[0].votes[0].value.value = None;
    let base = Base::of(&records, &forms, None).unwrap();
    let by_party = tally(&base, Level::Country, By::Party, "").unwrap();
    let by_candidate = tally(&base, Level::Country, By::Candidate, "").unwrap();
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
        names: vec![String::new(), "ESTADO DEL REGISTRO".to_owned()],
    };
    let expected = Expected { tables: records.iter().map(table).collect() };
    let base = Base::of(&records[..30], &forms, Some(&expected)).unwrap();
    let tally = tally(&base, Level::Country, By::Candidate, "").unwrap();
    assert_eq!(tally.lines[0].coverage.missing, Some(10));
    let states = super::tally(&base, Level::State, By::Candidate, "").unwrap();
    assert_eq!(states.lines[0].name, "ESTADO DEL REGISTRO");
}

#[test]
fn a_zero_report_is_no_result() {
    let (forms, mut records) = country(2, 6);
    records[1].sheet.kind = Some("zero".to_owned());
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, Level::Country, By::Candidate, "").unwrap();
    assert_eq!(tally.lines[0].coverage.counted, 1);
}

#[test]
fn within_keeps_to_the_codes_that_begin_so() {
    let (forms, records) = country(400, 7);
    let base = Base::of(&records, &forms, None).unwrap();
    let parish = records[200].sheet.centre.clone().unwrap()[..6].to_owned();
    let tally = tally(&base, Level::Mesa, By::Candidate, &parish).unwrap();
    let expected = records.iter().filter(|r| r.sheet.centre.as_ref().unwrap().starts_with(&parish)).count();
    assert_eq!(tally.lines.len(), expected);
    assert!(expected > 0 && expected < 400);
}

#[test]
fn the_bar_chart_is_xml_with_its_coverage_and_escapes_names() {
    let (forms, mut records) = country(2, 8);
    for record in &mut records {
        record.place.state = Some("A & B <c>".to_owned());
    }
    let base = Base::of(&records, &forms, None).unwrap();
    let tally = tally(&base, Level::State, By::Candidate, "").unwrap();
    let svg = svg(&Bars::of(&tally, &tally.lines[0]));
    assert!(svg.contains("A &amp; B &lt;c&gt;"), "{svg}");
    assert!(svg.contains("2 sheets counted"));
}
