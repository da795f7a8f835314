//! Definitions of forms whose numbers make no sense: refused with line and field, or as harmless as any other.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use cotejo::form::{self, Form};
use cotejo::lab::synth::{Part, ValueMode, draw, rng, values};
use cotejo::read::{cut, sheet::Template};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const FORM: &str = include_str!("../models/forms/ve-2024-presidential.toml");

/// Beyond this a form hangs what works with it; a sound one takes a tenth of it.
const LATE: Duration = Duration::from_secs(2);

/// Where the numbers of a definition stand in its text, each with its last key.
fn numbers(key: &str, value: &Spanned<DeValue<'_>>, out: &mut Vec<(String, Range<usize>)>) {
    match value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) => out.push((key.to_owned(), value.span())),
        DeValue::Array(list) => list.iter().for_each(|v| numbers(key, v, out)),
        DeValue::Table(table) => table.iter().for_each(|(k, v)| numbers(k.get_ref(), v, out)),
        _ => {}
    }
}

/// All that is done with a form before a photo is looked at, and a sheet of it.
fn used(form: &Form) {
    Template::new(form);
    let mut dice = rng(1, 0);
    let truth = values::invent(form, &mut dice, ValueMode::Realistic);
    let drawn = draw::draw(form, &truth, Part::Whole, &mut dice);
    for field in &form.fields {
        for slot in [&field.digits, &field.words].into_iter().flatten() {
            for line in 0..slot.lines {
                cut::cut(&drawn.pixels, &drawn.mesh, slot.line_rect(field.y, line), draw::DOTS);
            }
        }
    }
}

#[test]
fn every_number_of_a_form_is_refused_with_line_and_field_or_harms_nobody() {
    let root = DeTable::parse(FORM).unwrap();
    let mut all = Vec::new();
    root.get_ref().iter().for_each(|(k, v)| numbers(k.get_ref(), v, &mut all));
    assert!(all.len() > 300);
    // Senseless anywhere, then senseless for most.
    let none = ["nan", "inf", "-inf", "1e308", "-1e308"];
    let some = ["-1.0", "-1", "0", "0.0", "1e-300", "1e9", "1000000000", "900.0", "2999.0"];
    let (mut refused, mut passed, mut slowest) = (0, 0, Duration::ZERO);
    let mut used_by_key: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (key, span) in &all {
        for value in none.iter().chain(&some) {
            let text = format!("{}{value}{}", &FORM[..span.start], &FORM[span.end..]);
            let at = 1 + FORM[..span.start].matches('\n').count();
            match form::parse("mutant", &text) {
                Err(error) => {
                    refused += 1;
                    let said = error.to_string();
                    let line: usize = ["form mutant:", "at line "]
                        .iter()
                        .find_map(|before| said.split_once(before)?.1.split([':', ',']).next()?.parse().ok())
                        .unwrap_or_else(|| panic!("{key} = {value} in line {at}: {said}"));
                    // What is senseless by itself is named itself; what makes others senseless may name those.
                    if none.contains(value) {
                        assert!(line == at && said.contains(key.as_str()), "{key} = {value} in {at}: {said}");
                    }
                }
                Ok(form) => {
                    assert!(!none.contains(value), "{key} = {value} in line {at} passed");
                    passed += 1;
                    // Of each key and value a few.
                    let tried = used_by_key.entry((key, value)).or_default();
                    *tried += 1;
                    if *tried <= 3 {
                        let started = Instant::now();
                        used(&form);
                        assert!(
                            started.elapsed() < LATE,
                            "{key} = {value} in line {at}: {:?}",
                            started.elapsed()
                        );
                        slowest = slowest.max(started.elapsed());
                    }
                }
            }
        }
    }
    assert!(refused > 2000 && passed > 100, "{refused} refused, {passed} passed");
    println!("{refused} refused, {passed} passed, the slowest {slowest:?}");
}
