//! Numbers that are printed once more as a share of another.

use super::*;
use crate::decide::channels::{Reliance, cell_weights};
use crate::decide::shares::Shares;
use crate::decide::totals::Forest;
use crate::decide::weights::Weights;
use crate::ground::percent::{Percent, WHOLE};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The tiny form with numbers of so many places, a share in each row, and the voters on a roll, of whom those who came
/// are printed as a share.
fn form(places: usize) -> Form {
    let percent = "digits = { centre = 10.0, width = 5.0 }\npercent = { right = 34.0, width = 4.0 }";
    let roll = "[[totals]]\nid = \"roll\"\nlabel = \"Roll\"\nrole = \"context\"\ny = 35.0\ncolumns = \"all\"\n[header]";
    let text = TINY
        .replace(
            "places = 1",
            &format!("places = {places}\ncontests = [{{ id = \"c\", name = \"C\", whole = \"valid\" }}]"),
        )
        .replace("digits = { centre = 10.0, width = 5.0 }", percent)
        .replace("id = \"cast\"", "id = \"cast\"\npercent = { of = \"roll\", y = 37.0, columns = \"all\" }")
        .replace("[header]", roll);
    parse("tiny", &text).unwrap()
}

fn share(part: u32, whole: u32) -> u32 {
    Percent::of(part, whole).unwrap().in_hundredths()
}

/// 40, 25 and 35 of 100 valid votes, 4 spoilt, of 160 on the roll, every print sure.
fn consistent(form: &Form) -> Evidence {
    let values = [40, 25, 35, 100, 4, 104, 160];
    let mut e = sheet(form, &values);
    for (row, &votes) in values.iter().enumerate().take(3) {
        e.shares.insert(row, sure(share(votes, 100)));
    }
    e.shares.insert(5, sure(share(104, 160)));
    e
}

/// Every assignment of the tiny form counted out.
#[test]
fn hearing_shares_is_exact() {
    let form = form(1);
    let forest = Forest::new(&form);
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let soft = |holds: bool| if holds { 1.0 - 1e-3 + 1e-4 } else { 1e-4 };
    for round in 0..4 {
        let mut e = Evidence::new(form.clone());
        let mut l = Vec::new();
        for field in 0..7 {
            let a = rng.random_range(0..10);
            let b = (a + rng.random_range(1..10)) % 10;
            let (p, q): (f64, f64) = (rng.random_range(0.2..0.9), 10f64.powf(rng.random_range(-4.0..-1.0)));
            // The whole is one of few numbers, which are each heard by themselves.
            let flat = if field == 3 { 0.0 } else { 1e-3 };
            l.push(Weights::from_atoms([(a, p), (b, q)], flat, 10).normalised().0);
        }
        for row in 0..3 {
            let shares = [share(rng.random_range(0..4), 4), share(rng.random_range(1..7), 7)];
            e.shares.insert(row, cell(&[(shares[0], 0.7), (shares[1], 0.2)]));
        }
        let said = |row: usize| cell_weights(&e.shares[&row], WHOLE + 1, Reliance::FULL);
        let said = [said(0), said(1), said(2)];
        let mut marginal = vec![[0.0; 10]; 6];
        let mut total = 0.0;
        for code in 0..1_000_000u32 {
            let x: [u32; 6] = std::array::from_fn(|i| code / 10u32.pow(i as u32) % 10);
            let mut w = soft((x[0] + x[1] + x[2]) % 10 == x[3]) * soft((x[3] + x[4]) % 10 == x[5]);
            for (l, v) in l.iter().zip(x) {
                w *= l.weight(v);
            }
            if w == 0.0 {
                continue;
            }
            for (said, part) in said.iter().zip(x) {
                let vague = said.rest() / f64::from(WHOLE + 1);
                let shown = Percent::of(part, x[3]).filter(|s| s.part(x[3]) == Some(part));
                w *= shown.map_or(vague, |s| said.weight(s.in_hundredths()));
            }
            total += w;
            for (m, v) in marginal.iter_mut().zip(x) {
                m[v as usize] += w;
            }
        }
        let posterior = Shares::of(&e, Reliance::FULL).hear(&forest, &l);
        for (ix, m) in marginal.iter().enumerate() {
            for (v, want) in m.iter().enumerate() {
                let (got, want) = (posterior.fields[ix].weight(v as u32), want / total);
                assert!((got - want).abs() < 1e-5, "round {round} field {ix} value {v}: {got} {want}");
            }
        }
    }
}

#[test]
fn a_sheet_whose_shares_agree_is_accepted_surer_than_without() {
    let form = form(3);
    let with = consistent(&form);
    let mut without = with.clone();
    without.shares.clear();
    let (with, without) = (decided(&with), decided(&without));
    assert_eq!((with.status, values(&with)), (Status::Accepted, vec![40, 25, 35, 100, 4, 104, 160]));
    assert!(with.confidence > without.confidence, "{} {}", with.confidence, without.confidence);
}

#[test]
fn a_number_that_cannot_be_read_and_stands_in_no_sum_alone_is_told_by_its_share() {
    let form = form(3);
    let mut e = consistent(&form);
    for row in [0, 1] {
        e.fields[row].digits = Some(unreadable());
        e.fields[row].words = None;
    }
    let told = decided(&e);
    assert_eq!((told.fields[0].value, told.fields[1].value), (Some(40), Some(25)), "{:?}", told.fields);
    e.shares.clear();
    let untold = decided(&e);
    assert!(untold.fields[0].confidence < 0.9, "the sum alone leaves both open: {:?}", untold.fields[0]);
}

#[test]
fn a_share_that_shows_another_number_holds_the_sheet_and_is_named() {
    let form = form(3);
    let mut e = consistent(&form);
    e.shares.insert(0, sure(share(41, 100)));
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    let named = |f: &Finding| {
        f.field.as_deref() == Some(form.fields[0].id.as_str()) && f.severity == Severity::Review
    };
    assert!(d.findings.iter().any(named), "{:?}", d.findings);
    assert_eq!(d.fields[0].value, Some(40), "the digits, the words and the sum say so");
}

#[test]
fn a_share_that_nobody_can_read_lets_the_sheet_through() {
    let form = form(3);
    let mut e = consistent(&form);
    let mut hidden = unreadable();
    hidden.covered = vec![(0.0, 1.0)];
    e.shares.insert(0, hidden);
    assert_eq!(decided(&e).status, Status::Accepted, "{:?}", decided(&e).findings);
}

#[test]
fn a_share_of_context_tells_the_context_and_never_holds_what_it_is_a_part_of() {
    let form = form(3);
    let roll = form.field("roll").unwrap();
    let mut e = consistent(&form);
    e.fields[roll].words = None;
    e.fields[roll].digits = Some(cell(&[(160, 0.6), (180, 0.39)]));
    assert_eq!(decided(&e).fields[roll].value, Some(160), "the turnout is of 160");
    let mut alone = e.clone();
    alone.shares.remove(&5);
    assert_eq!(decided(&alone).fields[roll].value, None, "open by itself");
    e.fields[roll].digits = Some(sure(180));
    let d = decided(&e);
    assert_eq!(d.status, Status::Accepted, "{:?}", d.findings);
    assert_eq!(d.fields[5].value, Some(104));
}
