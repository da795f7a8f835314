//! A record of either kind of sheet that the types were made for comes back as it was written.
//!
//! `acta.json` is what the program wrote of a made-up sheet before rows could have several numbers; `precinct.json` was
//! written by hand, from a precinct report's first page, before the types could read it.

use super::*;
use crate::ground::finding::{Code, Severity};

const ACTA: &str = include_str!("../../tests/data/record-2/acta.json");
const PRECINCT: &str = include_str!("../../tests/data/record-2/precinct.json");

fn read(text: &str) -> Record {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_sheet_of_one_number_a_row_is_written_as_before_to_the_byte() {
    assert_eq!(serde_json::to_string(&read(ACTA)).unwrap() + "\n", ACTA);
}

#[test]
fn a_sheet_of_several_numbers_a_row_loses_nothing() {
    let written: serde_json::Value = serde_json::from_str(PRECINCT).unwrap();
    assert_eq!(serde_json::to_value(read(PRECINCT)).unwrap(), written);
}

#[test]
fn every_number_of_a_row_is_found_by_its_id_and_held_with_its_contest() {
    let mut record = read(PRECINCT);
    let row =
        ["HARRIS_WALZ_D", "HARRIS_WALZ_D_absentee", "HARRIS_WALZ_D_election_day", "HARRIS_WALZ_D_walk_in"];
    let said = |record: &Record| row.map(|id| record.value(id).and_then(|v| v.value));
    assert_eq!(said(&record), [114, 7, 70, 37].map(Some));
    let ids: Vec<String> = record.numbers().map(|(id, _)| id.into_owned()).collect();
    assert_eq!(ids.len(), 7 * 4 + 2 + 4 + 1);
    assert!(ids.iter().all(|id| record.value(id).is_some()));
    assert_eq!(record.value("HARRIS_WALZ_D_by_mule"), None);
    record.value_mut(row[1]).unwrap().value = Some(8);
    assert_eq!(said(&record), [114, 8, 70, 37].map(Some));

    let finding = Finding::told(Code::ChannelsDisagree, Severity::Review, "", "").on(row[1]);
    record.hold(vec![finding]);
    let states: Vec<Status> = record.contests.iter().map(|c| c.state).collect();
    assert_eq!((states, record.ballots.state), (vec![Status::Accepted, Status::Review], Status::Accepted));
    assert!(!record.counts_number(row[0]) && !record.counts_number(row[3]));
    assert!(record.counts_number("YES_absentee"));
}

#[test]
fn a_share_is_the_total_printed_again() {
    let record = read(PRECINCT);
    for contest in &record.contests {
        let votes = contest.totals.values().next().unwrap().value.unwrap();
        for Choice { votes: own, values, .. } in &contest.choices {
            let printed = own.prints.percent.as_ref().unwrap().value;
            assert_eq!(Percent::of(own.value.unwrap(), votes), printed);
            assert_eq!(values.values().map(|v| v.value).sum::<Option<u32>>(), own.value);
        }
    }
}
