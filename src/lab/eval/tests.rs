//! Tests of the evaluation on made-up records.

use super::*;
use crate::run::output::sample;

/// The truth that [`sample::record`] meets.
fn truth(file: &str) -> TruthSheet {
    let numbers =
        [("electores", 120), ("votos_validos", 60), ("NM_PSUV", 20), ("NM_PCV", 10), ("EG_MUD", 30)];
    TruthSheet {
        file: file.to_owned(),
        centre: Some("010203004".to_owned()),
        table: Some(5),
        numbers: numbers.map(|(id, n)| (id.to_owned(), n)).to_vec(),
        candidates: vec![("NM".to_owned(), 30), ("EG".to_owned(), 30)],
        ..TruthSheet::default()
    }
}

fn one(record: Record, truth: TruthSheet) -> Evaluation {
    evaluate(&[record], &Truth { sheets: vec![truth] })
}

#[test]
fn a_sheet_that_meets_its_truth_is_fully_right() {
    let evaluation = one(sample::record("in/a.jpg"), truth("a.jpg"));
    assert!(evaluation.sheets[0].fully_right() && !evaluation.sheets[0].accepted_wrong());
    assert_eq!(evaluation.channels[&Channel::Digits], Tally { right: 5, wrong: 0, unread: 0 });
    assert_eq!(evaluation.channels[&Channel::Qr], Tally { right: 0, wrong: 0, unread: 5 });
    assert_eq!(evaluation.levels.iter().map(|l| l.accepted).collect::<Vec<_>>(), [1, 1, 1, 0]);
}

#[test]
fn an_accepted_wrong_number_stands_first_with_value_and_truth() {
    let mut record = sample::record("a.jpg");
    record.contests[0].choices[2].votes.value = Some(38);
    let text = one(record, truth("a.jpg")).to_string();
    let start: Vec<&str> = text.lines().take(3).collect();
    assert_eq!(start[0], "accepted and wrong: 1");
    assert!(start[1].contains("a.jpg"), "{text}");
    assert_eq!(start[2].trim(), "EG_MUD: 38 instead of 30");
}

#[test]
fn a_wrong_centre_counts_like_a_wrong_number() {
    let mut record = sample::record("a.jpg");
    record.sheet.centre = Some("010203005".to_owned());
    assert!(one(record, truth("a.jpg")).sheets[0].accepted_wrong());
}

#[test]
fn a_missing_value_is_unread_and_never_fully_right() {
    let mut record = sample::record("a.jpg");
    record.stand_at(Status::Review);
    record.contests[0].choices[0].votes.value = None;
    let evaluation = one(record, truth("a.jpg"));
    assert_eq!(evaluation.sheets[0].unread, ["NM_PSUV"]);
    assert!(!evaluation.sheets[0].fully_right() && !evaluation.sheets[0].accepted_wrong());
}

#[test]
fn only_what_the_truth_holds_is_compared() {
    let mut record = sample::record("a.jpg");
    record.contests[0].totals.insert("votos".to_owned(), sample::value(999, 0.5));
    assert!(one(record, truth("a.jpg")).sheets[0].fully_right());
}

#[test]
fn a_defect_that_is_accepted_is_accepted_and_wrong_though_every_number_is_right() {
    let mut truth = truth("a.jpg");
    truth.defect = Some("changed number".to_owned());
    truth.expected = Some(Status::Review);
    let evaluation = one(sample::record("a.jpg"), truth);
    assert!(evaluation.sheets[0].accepted_wrong());
    assert!(evaluation.to_string().contains("made with: changed number; expected: review"));
}

#[test]
fn a_file_without_a_record_is_listed_as_lost() {
    let truth = Truth { sheets: vec![truth("a.jpg"), truth("b.jpg")] };
    let evaluation = evaluate(&[sample::record("a.jpg"), sample::record("c.jpg")], &truth);
    assert_eq!((evaluation.lost, evaluation.unknown), (vec!["b.jpg".to_owned()], vec!["c.jpg".to_owned()]));
}

#[test]
fn the_upper_bound_follows_the_rule_of_three() {
    assert!((upper_bound(0, 1000) - 0.003).abs() < 1e-5);
    // One-sided Clopper-Pearson at 95 %: 3 of 100 gives 0.0757.
    assert!((upper_bound(3, 100) - 0.0757).abs() < 5e-4, "{}", upper_bound(3, 100));
    assert!((upper_bound(0, 0) - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_comparison_names_what_got_worse_and_what_got_better() {
    let sheets = Truth { sheets: vec![truth("a.jpg"), truth("b.jpg"), truth("c.jpg")] };
    let mut wrong = sample::record("b.jpg");
    wrong.stand_at(Status::Review);
    wrong.contests[0].choices[0].votes.value = Some(21);
    let good = || sample::record("b.jpg");
    let mut accepted_wrong = sample::record("a.jpg");
    accepted_wrong.contests[0].choices[0].votes.value = Some(21);
    let before = evaluate(&[sample::record("a.jpg"), wrong, sample::record("c.jpg")], &sheets);
    let after = evaluate(&[accepted_wrong, good(), sample::record("c.jpg")], &sheets);
    let kept: Evaluation = serde_json::from_slice(&before.to_json().unwrap()).unwrap();
    let comparison = compare(&kept, &after);
    assert_eq!(comparison.worse.len(), 1);
    assert_eq!(comparison.worse[0].path, "a.jpg");
    assert_eq!(comparison.worse[0].after, "accepted, 1 wrong (NM_PSUV 21 for 20)");
    assert_eq!(comparison.better[0].path, "b.jpg");
    assert_eq!(comparison.same, 1);
}
