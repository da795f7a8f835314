//! Texts: what the readings of a line say together, a text of several lines, and a code that is printed twice.
//!
//! In: the evidence. Out: the most probable texts, each with the probability that it is right to the letter. Decides
//! nothing about numbers. Refuses nothing: a text that nobody read is not there.

use super::signs;
use crate::form::print::text_width;
use crate::form::{Form, HeaderLine, Levels};
use crate::ground::dates;
use crate::read::belief::{Signs, Texts, blur};
use crate::read::evidence::{Evidence, TextEvidence, TextLine, TextReading};
use chrono::NaiveDateTime;
use std::collections::{BTreeMap, BTreeSet};

/// What a reader's doubt is worth to a text that it does not list: misread texts are near to the printed one, and few
/// texts are near.
const NEAR: f64 = 0.2;
/// Readers see the same pixels: they err together more often than by chance, so that what a further one adds is worth
/// its root.
const FURTHER: f64 = 0.5;
/// What a further reading of the same signs adds, and what both prints of a code count together: they are of one photo,
/// blurred alike. (Weighed on codes of photos of the scene `night`: 42 scans, seed 2027, and 40 made-up sheets, seed 901.)
const AGAIN: f64 = 0.3;
const BOTH: f64 = 0.8;
/// How much of a covered sign nobody knows.
const COVERED: f64 = 0.5;
/// What a sign counts that is not the one that the form prints there on every sheet, and a digit that makes a number beyond
/// the most of its level.
const SELDOM: f64 = 0.02;

/// A text, and the probability that it is right to the letter.
pub type Told = (String, f64);

/// Every text of a sheet, by the id of its line.
pub fn texts(evidence: &Evidence) -> BTreeMap<String, Told> {
    evidence.texts.keys().filter_map(|id| Some((id.clone(), told(evidence, id)?))).collect()
}

/// The text of a line; of a code that is printed twice in the light of both prints.
pub fn told(evidence: &Evidence, id: &str) -> Option<Told> {
    let (form, text) = (&evidence.form, evidence.texts.get(id)?);
    if let Some((code, beginning)) = printed_twice(form).filter(|(c, b)| c.id == id || b.id == id)
        && let Some(longer) = evidence.texts.get(&code.id).and_then(|t| spelled(t, code, Some(&form.levels)))
        && let Some(shorter) = evidence.texts.get(&beginning.id).and_then(|t| spelled(t, beginning, None))
    {
        let (longer, shorter) = together(longer, shorter);
        return if id == code.id { longer } else { shorter };
    }
    // What has to be as a pattern stands without spaces, whatever lines it is on.
    let plain = form.header_line(id).is_some_and(|l| l.pattern.is_none());
    whole(text, if plain { " " } else { "" })
}

/// The sheet's code as printed.
pub fn code(evidence: &Evidence) -> Option<Told> {
    told(evidence, "code")
}

/// When the sheet was issued, and the probability that this is what is printed.
pub fn issued(evidence: &Evidence) -> Option<(NaiveDateTime, f64)> {
    let pattern = evidence.form.header_line("issued_at")?.pattern.as_ref()?;
    let (text, p) = whole(evidence.texts.get("issued_at")?, "")?;
    Some((dates::printed(&pattern.captures(&text)?)?, p))
}

/// The line of a code that begins with what another line prints by itself, and that other line.
fn printed_twice(form: &Form) -> Option<(&HeaderLine, &HeaderLine)> {
    let lines = || form.header.lines.iter().filter_map(|l| Some((l, l.print.as_ref()?.text.as_str())));
    lines().find_map(|(longer, print)| {
        let begins = |shorter: &str| print.len() > shorter.len() && print.starts_with(shorter);
        lines()
            .find(|(l, print)| print.starts_with('{') && l.pattern.is_some() && begins(print))
            .map(|s| (longer, s.0))
    })
}

/// What the readings of a line say together.
fn line(line: &TextLine) -> Texts {
    let Some(first) = line.readings.first().filter(|_| line.readings.len() > 1) else {
        return line.readings.first().map_or_else(Texts::unreadable, |r| r.says.clone());
    };
    let listed: BTreeSet<&String> = line.readings.iter().flat_map(|r| &r.says.values).map(|v| &v.0).collect();
    // What is said of a text that a reader may not list.
    let said = |r: &TextReading, text: &String| {
        let p = r.says.values.iter().find(|v| v.0 == *text).map(|v| v.1);
        p.unwrap_or(NEAR * r.says.other)
    };
    let further = || line.readings.iter().skip(1);
    let weight = |text: &String| -> f64 {
        said(first, text) * further().map(|r| said(r, text).powf(FURTHER)).product::<f64>()
    };
    let other = first.says.other * further().map(|r| (NEAR * r.says.other).powf(FURTHER)).product::<f64>();
    let values = listed.into_iter().map(|text| (text.clone(), weight(text))).collect();
    let joint = Texts::from_weights(values, 0.0, other);
    if joint.values.is_empty() { first.says.clone() } else { joint }
}

/// The most probable text of all lines.
fn whole(text: &TextEvidence, between: &str) -> Option<Told> {
    let lines: Option<Vec<Told>> = text.lines.iter().map(|l| line(l).values.into_iter().next()).collect();
    let lines = lines.filter(|l| l.iter().any(|t| !t.0.is_empty()))?;
    let p = lines.iter().map(|t| t.1).product();
    let texts: Vec<&str> = lines.iter().map(|t| t.0.as_str()).filter(|t| !t.is_empty()).collect();
    Some((texts.join(between), p))
}

/// What the readings of a code on one line say together, sign by sign: of signs that are covered half as much. What the
/// form seldom prints there, or levels seldom have, has to be read the more surely.
fn spelled(text: &TextEvidence, spec: &HeaderLine, levels: Option<&Levels>) -> Option<Signs> {
    let [line] = text.lines.as_slice() else { return None };
    let of = |r: &TextReading| if r.signs.is_empty() { signs::of(&r.says) } else { Some(r.signs.clone()) };
    let mut signs = of(line.readings.first()?)?;
    let long = signs.0.len();
    for further in line.readings.iter().skip(1).filter_map(of).filter(|f| f.0.len() == long) {
        signs = signs::and(signs, &further, AGAIN);
    }
    let Some(print) = &spec.print else { return Some(signs) };
    let best: String = signs.0.iter().filter_map(|place| place.first()).map(|sign| sign.0).collect();
    let width =
        |t: &str| text_width(t, &print.style) / text_width(&best, &print.style).max(f64::MIN_POSITIVE);
    let end = print.text.rsplit_once('}').map_or("", |t| t.1);
    let begins = long.saturating_sub(end.len());
    for k in 0..begins {
        let (from, to) = (width(&best[..k]), width(&best[..=k]));
        if line.covered.iter().any(|c| c.1 > from && c.0 < to) {
            blur(&mut signs.0[k], COVERED);
        }
    }
    for (place, c) in signs.0.iter_mut().skip(begins).zip(end.chars()) {
        place.iter_mut().filter(|sign| sign.0 != c).for_each(|sign| sign.1 *= SELDOM);
    }
    let digits = signs.0.iter_mut().take(begins).filter(|place| place.len() > 1);
    for (k, place) in digits.enumerate() {
        let beyond =
            |c: char| levels.zip(c.to_digit(10)).is_some_and(|(levels, digit)| levels.beyond(k, digit));
        place.iter_mut().filter(|sign| beyond(sign.0)).for_each(|sign| sign.1 *= SELDOM);
    }
    Some(signs.settled())
}

/// A code and its beginning, each in the light of the other's print.
fn together(mut code: Signs, mut beginning: Signs) -> (Option<Told>, Option<Told>) {
    for (ours, theirs) in code.0.iter_mut().zip(&mut beginning.0) {
        ours.iter_mut().for_each(|sign| sign.1 = (sign.1 * signs::probability(theirs, sign.0)).powf(BOTH));
        theirs.clone_from(ours);
    }
    let (code, beginning) = (code.settled(), beginning.settled());
    let best = |signs: Signs| signs.texts(1).pop();
    (best(code), best(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;
    use crate::ground::geometry::Quad;
    use crate::read::glyphs::ReaderId;

    fn said(of: &[(&str, f64)]) -> Texts {
        Texts::listed(of.iter().map(|(t, p)| ((*t).to_owned(), *p)).collect())
    }

    fn text(of: &[(&str, f64)]) -> TextEvidence {
        let readings = vec![TextReading::of(ReaderId::Lines, said(of))];
        TextEvidence { lines: vec![TextLine { readings, quad: Quad::default(), covered: Vec::new() }] }
    }

    fn both(codes: &[(&str, f64)], beginnings: &[(&str, f64)]) -> (Told, Told) {
        let form = builtin().unwrap().remove(0);
        let (code, beginning) = printed_twice(&form).unwrap();
        let told = together(
            spelled(&text(codes), code, Some(&form.levels)).unwrap(),
            spelled(&text(beginnings), beginning, None).unwrap(),
        );
        (told.0.unwrap(), told.1.unwrap())
    }

    #[test]
    fn the_form_says_which_code_is_printed_twice() {
        let form = builtin().unwrap().remove(0);
        let (code, centre) = printed_twice(&form).unwrap();
        assert_eq!((code.id.as_str(), centre.id.as_str()), ("code", "centre"));
    }

    #[test]
    fn two_prints_that_agree_make_each_other_sure() {
        let (code, centre) = both(
            &[("021201055.02.1.0001", 0.6), ("021201056.02.1.0001", 0.3)],
            &[("021201055", 0.7), ("021201053", 0.2)],
        );
        let ((code, p), (centre, q)) = (code, centre);
        assert_eq!((code.as_str(), centre.as_str()), ("021201055.02.1.0001", "021201055"));
        assert!(p > 0.9 && q >= p, "{p} {q}");
    }

    #[test]
    fn the_signs_that_are_printed_once_stay_as_sure_as_they_are() {
        let (code, _) = both(&[("021201055.02.1.0001", 0.6)], &[("021201055", 1.0)]);
        let p = code.1;
        assert!((0.9..0.99).contains(&p), "{p}");
    }

    #[test]
    fn two_prints_that_differ_make_each_other_doubtful() {
        let (code, centre) = both(&[("021201055.02.1.0001", 0.97)], &[("021201058", 0.97)]);
        let (p, q) = (code.1, centre.1);
        assert!(p < 0.7 && q < 0.7, "{p} {q}");
    }

    #[test]
    fn signs_that_both_prints_leave_open_together_are_told() {
        let at = |sure: char, p: f64| {
            let others = ('0'..='9').filter(|&c| c != sure).map(|c| (c, (1.0 - p) / 9.0));
            std::iter::once((sure, p)).chain(others).collect::<Vec<_>>()
        };
        let of = |text: &str, p: f64| Signs(text.chars().map(|c| at(c, p)).collect()).settled();
        let ((code, p), _) = match together(of("0212010550210001", 0.97), of("021201055", 0.97)) {
            (Some(code), Some(beginning)) => (code, beginning),
            other => panic!("{other:?}"),
        };
        assert_eq!(code, "0212010550210001");
        let alone = 0.97_f64.powi(7);
        assert!(p > 0.99 * alone && p < alone, "what stands twice is sure, what stands once as it is: {p}");
    }

    #[test]
    fn what_the_form_prints_alike_on_every_sheet_is_seldom_anything_else() {
        let form = builtin().unwrap().remove(0);
        let spec = form.header_line("code").unwrap();
        let first = |text: &TextEvidence| spelled(text, spec, Some(&form.levels)).unwrap().texts(1).remove(0);
        let (code, p) = first(&text(&[("021201055.02.4.0001", 0.55), ("021201055.02.1.0001", 0.44)]));
        assert!(code == "021201055.02.1.0001" && p > 0.9, "{code} {p}");
        let (code, _) = first(&text(&[("021201055.02.4.0001", 0.99)]));
        assert_eq!(code, "021201055.02.4.0001", "but what is seen is seen");
        let (code, p) = first(&text(&[("021201055.92.1.0001", 0.6), ("021201055.02.1.0001", 0.39)]));
        assert!(code == "021201055.02.1.0001" && p > 0.9, "no centre has ninety tables: {code} {p}");
        let (code, _) = first(&text(&[("021201055.32.1.0001", 0.999)]));
        assert_eq!(code, "021201055.32.1.0001", "but one may have thirty");
    }

    fn read(readings: &[&[(&str, f64)]]) -> Told {
        let readings = readings.iter().map(|r| TextReading::of(ReaderId::Lines, said(r))).collect();
        let line = TextLine { readings, quad: Quad::default(), covered: Vec::new() };
        whole(&TextEvidence { lines: vec![line] }, " ").unwrap()
    }

    #[test]
    fn readers_that_agree_are_surer_and_one_that_differs_leaves_doubt() {
        let one = read(&[&[("EL TIGRE", 0.7)]]);
        let alike = read(&[&[("EL TIGRE", 0.7)], &[("EL TIGRE", 0.6)]]);
        let apart = read(&[&[("EL TIGRE", 0.7)], &[("EL TICRE", 0.6)]]);
        assert!(one.1 == 0.7 && alike.1 > 0.8 && apart.1 < 0.7, "{one:?} {alike:?} {apart:?}");
        assert_eq!(apart.0, "EL TIGRE");
    }

    #[test]
    fn what_the_first_reader_also_holds_possible_is_taken_from_the_second() {
        let told = read(&[&[("EL TIGRE", 0.3), ("EL TICRE", 0.25)], &[("EL TICRE", 0.65)]]);
        assert_eq!(told.0, "EL TICRE");
    }

    #[test]
    fn what_the_first_reader_was_asked_about_and_denies_is_not_taken_from_the_second() {
        let told = read(&[&[("N° 5", 0.2), ("N” 5", f64::MIN_POSITIVE)], &[("N” 5", 0.6)]]);
        assert_eq!(told.0, "N° 5");
        let unasked = read(&[&[("N° 5", 0.2)], &[("N” 5", 0.6)]]);
        assert_eq!(unasked.0, "N” 5", "a text that was never put to the first reader may be the printed one");
    }

    #[test]
    fn a_covered_sign_that_is_printed_once_makes_a_code_doubtful() {
        let p = |covered: (f64, f64)| {
            let mut code = text(&[("021201055.02.1.0001", 0.999)]);
            code.lines[0].covered = vec![covered];
            let form = builtin().unwrap().remove(0);
            let (spec, beginning) = printed_twice(&form).unwrap();
            let below = spelled(&text(&[("021201055", 0.999)]), beginning, None).unwrap();
            together(spelled(&code, spec, None).unwrap(), below).0.unwrap().1
        };
        assert!(p((0.1, 0.12)) > 0.99, "the centre's code stands below once more");
        assert!(p((0.55, 0.57)) < 0.6, "the table's number does not");
        assert!(p((0.9, 0.92)) > 0.99, "the end is the same on every sheet");
    }
}
