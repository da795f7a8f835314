//! What a photographer is told, from both sides: which part lacks what, and where nothing is said.

use super::*;
use crate::ground::words::Language;

/// The sheet with so much of its rows, from 0 at the top to 1 at the bottom, in doubt, their pixels as `spoil` has them.
fn spoilt(form: &Form, rows: std::ops::Range<f64>, spoil: impl Fn(&mut Quality)) -> Evidence {
    let mut e = sheet(form, &truth(form));
    let table = |ix: &FieldIx| form.fields[*ix].digits.is_some();
    let ys: Vec<f64> = (0..form.fields.len()).filter(table).map(|ix| form.fields[ix].y).collect();
    let (top, bottom) = (ys.iter().copied().fold(f64::MAX, f64::min), ys.iter().copied().fold(0.0, f64::max));
    for ix in (0..form.fields.len()).filter(table) {
        if rows.contains(&((form.fields[ix].y - top) / (bottom - top))) {
            let read = &mut e.fields[ix];
            for cell in [&mut read.digits, &mut read.words].into_iter().flatten() {
                *cell = unreadable();
                spoil(&mut cell.quality);
            }
        }
    }
    e
}

fn told(e: &Evidence) -> Vec<String> {
    let findings = decided(e).findings;
    findings.iter().filter(|f| f.code == Code::Retake).map(|f| f.seen(Language::En)).collect()
}

#[test]
fn a_part_in_doubt_is_named_with_what_its_pixels_lack() {
    let form = acta();
    type Spoil = fn(&mut Quality);
    let cases: [(Spoil, &str); 5] = [
        (|q| q.contrast = 0.2, "dim or faded"),
        (|q| q.sharpness = 0.1, "out of focus or shaken"),
        (|q| q.px_per_mm = 3.8, "small"),
        (|q| q.residual = 0.8, "bent or folded"),
        (|q| q.coverage = 0.7, "covers it"),
    ];
    for (spoil, lack) in cases {
        let said = told(&spoilt(&form, 0.7..1.1, spoil));
        assert!(said.len() == 1 && said[0].starts_with("lower third"), "{said:?}");
        assert!(said[0].contains(lack), "{said:?} without {lack}");
    }
    let all = told(&spoilt(&form, 0.0..1.1, |q| q.contrast = 0.2));
    assert!(all.len() == 1 && all[0].starts_with("the whole sheet"), "{all:?}");
}

#[test]
fn a_part_that_is_not_on_the_photo_is_missing() {
    let form = acta();
    let mut e = spoilt(&form, 0.7..1.1, |q| q.coverage = 0.0);
    for field in &mut e.fields {
        let gone = |c: &CellReading| c.quality.coverage == 0.0;
        if field.digits.as_ref().is_some_and(gone) {
            *field = FieldEvidence::default();
        }
    }
    let said = told(&e);
    assert!(said.len() == 1 && said[0].contains("not on the photo"), "{said:?}");
}

#[test]
fn a_code_that_is_not_read_asks_for_the_top_where_its_pixels_are_poor() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.texts.remove("code");
    assert!(told(&e).is_empty(), "{:?}", told(&e));
    let mut small = photographed(e);
    small.texts.remove("code");
    let said = told(&small);
    assert!(said.len() == 1 && said[0].starts_with("upper third"), "{said:?}");
}

#[test]
fn nothing_is_said_of_a_sheet_that_is_accepted_or_whose_pixels_are_good() {
    let form = acta();
    let mut e = photographed(sheet(&form, &truth(&form)));
    assert_eq!((decided(&e).status, told(&e)), (Status::Accepted, Vec::new()));
    e = sheet(&form, &truth(&form));
    e.fields[1].digits = Some(sure(283));
    assert_eq!((decided(&e).status, told(&e)), (Status::Review, Vec::new()));
}
