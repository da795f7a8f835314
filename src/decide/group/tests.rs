//! Copies, pieces and contradictions, on cells made up here.

use super::*;
use crate::decide::tests::{CODE, OTHER_CODE, acta, payload, sheet, sure, truth};
use crate::decide::{Status, decide, hold_back};
use crate::form::Form;
use crate::ground::finding::Code;
use crate::read::evidence::TextEvidence;
use std::ops::Range;

/// The photo of the fields of `range`, without QR code and header.
fn piece(form: &Form, values: &[u32], range: Range<usize>) -> Evidence {
    let mut e = sheet(form, values);
    for (ix, field) in e.fields.iter_mut().enumerate() {
        if !range.contains(&ix) {
            *field = FieldEvidence::default();
        }
    }
    e.texts.remove("code");
    e
}

fn headed(mut e: Evidence, code: &str) -> Evidence {
    e.texts.insert("code".to_owned(), TextEvidence::said(code, 0.999));
    e
}

fn grouped(photos: &[(&str, &Evidence)]) -> Vec<Group> {
    let photos: Vec<_> = photos
        .iter()
        .enumerate()
        .map(|(position, &(source, evidence))| PhotoEvidence { source, position, evidence })
        .collect();
    group(&photos, &Policy::default())
}

fn members(groups: &[Group]) -> Vec<Vec<usize>> {
    groups.iter().map(|g| g.members.clone()).collect()
}

fn together(group: &Group) -> &Evidence {
    match &group.outcome {
        Joined::Together { evidence, .. } => evidence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_that_overlap_become_one_accepted_sheet() {
    let form = acta();
    let v = truth(&form);
    let n = form.fields.len();
    let top = headed(piece(&form, &v, 0..14), CODE);
    let middle = piece(&form, &v, 10..28);
    let lower = piece(&form, &v, 22..n);
    let mut bottom = piece(&form, &v, 0..0);
    bottom.qr = payload(&form, &v, CODE);
    let groups =
        grouped(&[("a/1.jpg", &top), ("a/2.jpg", &middle), ("a/3.jpg", &lower), ("a/4.jpg", &bottom)]);
    assert_eq!(members(&groups), [vec![0, 1, 2, 3]]);
    let d = decide(together(&groups[0]), &Policy::default());
    assert_eq!(d.status, Status::Accepted, "{:?}", d.findings);
    assert_eq!(d.fields.iter().map(|f| f.value.unwrap()).collect::<Vec<_>>(), v);
    let Joined::Together { sources, part, .. } = &groups[0].outcome else { panic!() };
    assert_eq!(sources.message, "read from 4 photos: a/1.jpg, a/2.jpg, a/3.jpg, a/4.jpg");
    assert_eq!((sources.code, part.code), (Code::JoinedPhotos, Code::PartOfSheet));
}

#[test]
fn pieces_without_overlap_join_when_the_sums_hold() {
    let form = acta();
    let v = truth(&form);
    let n = form.fields.len();
    let top = headed(piece(&form, &v, 0..20), CODE);
    let rest = piece(&form, &v, 20..n);
    assert_eq!(members(&grouped(&[("a/1.jpg", &top), ("a/2.jpg", &rest)])), [vec![0, 1]]);
    // Another sheet's lower part breaks them.
    let mut other = v.clone();
    other[25] += 4;
    let rest = piece(&form, &other, 20..n);
    assert_eq!(members(&grouped(&[("a/1.jpg", &top), ("a/2.jpg", &rest)])), [vec![0], vec![1]]);
    // Another folder is another place.
    let rest = piece(&form, &v, 20..n);
    assert_eq!(members(&grouped(&[("a/1.jpg", &top), ("b/2.jpg", &rest)])), [vec![0], vec![1]]);
}

#[test]
fn a_piece_that_fits_two_sheets_is_left_alone() {
    let form = acta();
    let v = truth(&form);
    let (one, two) = (headed(sheet(&form, &v), CODE), headed(sheet(&form, &v), OTHER_CODE));
    let part = piece(&form, &v, 0..20);
    let groups = grouped(&[("a/1.jpg", &one), ("a/2.jpg", &two), ("a/3.jpg", &part)]);
    assert_eq!(members(&groups), [vec![0], vec![1], vec![2]]);
}

#[test]
fn copies_that_contradict_each_other_are_a_finding_on_both() {
    let form = acta();
    let v = truth(&form);
    let one = sheet(&form, &v);
    let mut two = sheet(&form, &v);
    two.fields[1] = FieldEvidence { digits: Some(sure(283)), words: Some(sure(283)) };
    let groups = grouped(&[("a.jpg", &one), ("b.jpg", &two)]);
    let Joined::Conflict(findings) = &groups[0].outcome else { panic!("{:?}", groups[0].outcome) };
    assert!(findings[0][0].message.ends_with("digits 183 here, digits 283 on b.jpg"), "{:?}", findings[0]);
    assert!(findings[1][1].message.ends_with("words 283 here, words 183 on a.jpg"), "{:?}", findings[1]);
    let mut d = decide(&one, &Policy::default());
    assert_eq!(d.status, Status::Accepted);
    d.findings.extend(findings[0].clone());
    assert_eq!(hold_back(d.status, &mut d.findings), Status::Review);
    assert_eq!(d.findings[0].code, Code::PhotosDisagree);
}

#[test]
fn a_poor_copy_does_not_spoil_a_good_one() {
    let form = acta();
    let v = truth(&form);
    let good = sheet(&form, &v);
    let mut poor = sheet(&form, &v);
    for cell in poor.fields.iter_mut().flat_map(|f| [&mut f.digits, &mut f.words]).flatten() {
        *cell = sure(7);
        cell.quality.coverage = 0.3;
    }
    poor.streaks = 2;
    poor.glare = vec![3];
    let groups = grouped(&[("a.jpg", &good), ("b.jpg", &poor)]);
    let d = decide(together(&groups[0]), &Policy::default());
    assert_eq!(d.status, Status::Accepted, "{:?}", d.findings);
    let told = |code: Code| d.findings.iter().any(|f| f.code == code);
    assert!(told(Code::Streaks), "what was done to one photo is said of the sheet");
    assert!(!told(Code::Glare), "what light hides on one photo another shows");
}

#[test]
fn sheets_of_different_codes_stay_apart() {
    let form = acta();
    let v = truth(&form);
    let (one, two) = (headed(sheet(&form, &v), CODE), headed(sheet(&form, &v), OTHER_CODE));
    assert_eq!(members(&grouped(&[("a.jpg", &one), ("b.jpg", &two)])), [vec![0], vec![1]]);
}

#[test]
fn photos_far_apart_in_the_run_are_not_held_against_each_other() {
    let form = acta();
    let v = truth(&form);
    let (one, part) = (headed(sheet(&form, &v), CODE), piece(&form, &v, 0..20));
    let at = |position| {
        let photos = [
            PhotoEvidence { source: "a/1.jpg", position: 0, evidence: &one },
            PhotoEvidence { source: "a/2.jpg", position, evidence: &part },
        ];
        group(&photos, &Policy::default()).len()
    };
    assert_eq!((at(1), at(6), at(7)), (1, 1, 2));
}

#[test]
fn a_run_of_pieces_between_two_sheets_goes_to_the_one_that_it_completes() {
    let form = acta();
    let (v, mut w) = (truth(&form), truth(&form));
    // One vote more in every row.
    for (ix, field) in form.fields.iter().enumerate() {
        let sums = ["votos_validos", "opciones_validas", "votos", "votantes_maquina", "votantes_cuaderno"];
        w[ix] +=
            if sums.contains(&field.id.as_str()) { 38 } else { u32::from(form.votes().any(|v| v == ix)) };
    }
    let n = form.fields.len();
    let a = headed(piece(&form, &v, 0..20), CODE);
    let (middle, lower) = (piece(&form, &v, 20..30), piece(&form, &v, 30..n));
    let b = headed(piece(&form, &w, 0..20), OTHER_CODE);
    let rest = piece(&form, &w, 20..n);
    let groups =
        grouped(&[("1.jpg", &a), ("2.jpg", &middle), ("3.jpg", &lower), ("4.jpg", &b), ("5.jpg", &rest)]);
    assert_eq!(members(&groups), [vec![0, 1, 2], vec![3, 4]]);
}

#[test]
fn what_is_kept_between_photos_decides_the_same() {
    let form = acta();
    let v = truth(&form);
    let mut e = headed(sheet(&form, &v), CODE);
    let long = (0..200).map(|i| (183 + i, 0.999 * 0.1f64.powi(i as i32))).collect();
    let distribution = Distribution::from_weights(long, 1e-5, 1e-4);
    e.fields[1].digits.as_mut().unwrap().readings[0].distribution = distribution;
    let slim = e.clone().slimmed();
    assert_eq!(slim.fields[1].digits.as_ref().unwrap().readings[0].distribution.values.len(), 9);
    let (full, slim) = (decide(&e, &Policy::default()), decide(&slim, &Policy::default()));
    assert_eq!((full.status, &full.findings), (slim.status, &slim.findings));
    assert!((full.confidence - slim.confidence).abs() < 1e-9);
}
