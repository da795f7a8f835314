//! Texts: what the readings of a line say together, a text of several lines, and a code that is printed twice.
//!
//! In: the evidence. Out: the most probable texts, each with the probability that it is right to the letter. Decides
//! nothing about numbers. Refuses nothing: a text that nobody read is not there.

use crate::form::print::text_width;
use crate::form::{Form, HeaderLine};
use crate::ground::dates;
use crate::read::belief::Texts;
use crate::read::evidence::{Evidence, TextEvidence, TextLine, TextReading};
use chrono::NaiveDateTime;
use std::collections::{BTreeMap, BTreeSet};

/// What a reader's doubt is worth to a text that it does not list: misread texts are near to the printed one, and few
/// texts are near.
const NEAR: f64 = 0.2;
/// Readers see the same pixels: they err together more often than by chance, so that what a further one adds is worth
/// its root.
const FURTHER: f64 = 0.5;
/// What one of two prints of a code counts for a code that only the other shows.
const UNSEEN: f64 = 2e-3;

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
        && let (Some(longer), Some(shorter)) =
            (evidence.texts.get(&code.id), evidence.texts.get(&beginning.id))
    {
        let shorter = only_line(shorter, None);
        let long = shorter.values.first().map_or(0, |b| b.0.len());
        let (longer, shorter) = together(code, only_line(longer, Some((code, long))), shorter);
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

/// What is believed of a text on one line. Of a code that is printed as `code` says, whose first signs (so many) another
/// line shows too, a covered sign that only it shows makes it doubtful.
fn only_line(text: &TextEvidence, code: Option<(&HeaderLine, usize)>) -> Texts {
    let [only] = text.lines.as_slice() else { return Texts::unreadable() };
    let mut says = line(only);
    let covered = code.filter(|_| !only.covered.is_empty());
    let Some((print, twice)) = covered.and_then(|(spec, twice)| Some((spec.print.as_ref()?, twice))) else {
        return says;
    };
    let ends = print.text.rsplit_once('}').map_or("", |t| t.1);
    for (said, p) in &mut says.values {
        let width =
            |t: &str| text_width(t, &print.style) / text_width(said, &print.style).max(f64::MIN_POSITIVE);
        let twice = said.get(..twice).map_or(0.0, width);
        let same = if said.ends_with(ends) { 1.0 - width(ends) } else { 1.0 };
        if only.covered.iter().any(|c| c.1 > twice && c.0 < same) {
            *p /= 2.0;
        }
    }
    Texts::listed(says.values)
}

/// The most probable code and its beginning, each in the light of the other's print.
fn together(spec: &HeaderLine, codes: Texts, beginnings: Texts) -> (Option<Told>, Option<Told>) {
    let first = |texts: &Texts| texts.values.first().cloned();
    if codes.values.is_empty() || beginnings.values.is_empty() {
        return (first(&codes), first(&beginnings));
    }
    // All beginnings are equally long.
    let long = beginnings.values[0].0.len();
    let beginning = |code: &str| code.get(..long).unwrap_or(code).to_owned();
    let seen = |text: &str| beginnings.values.iter().find(|c| c.0 == text).map_or(0.0, |c| c.1);
    let weighed: Vec<Told> =
        codes.values.iter().map(|(c, p)| (c.clone(), p * (seen(&beginning(c)) + UNSEEN))).collect();
    // Beginnings that no listed code has; codes that are not listed begin with any of them, or as the best does.
    let others: Vec<Told> = beginnings
        .values
        .iter()
        .filter(|b| !codes.values.iter().any(|c| beginning(&c.0) == b.0))
        .map(|(b, p)| (b.clone(), p * UNSEEN))
        .collect();
    let tail = codes.values.first().map_or(0.0, |c| {
        let varies = spec.print.as_ref().and_then(|p| p.text.rsplit_once('}')).map_or(0, |t| t.1.len());
        let signs = c.0.len().saturating_sub(varies).max(1);
        signs.saturating_sub(beginning(&c.0).len()) as f64 / signs as f64
    });
    let best = codes.values.first().map_or(0.0, |c| seen(&beginning(&c.0)));
    let unlisted = codes.other * (tail * best + UNSEEN);
    let total: f64 = weighed.iter().chain(&others).map(|w| w.1).sum::<f64>() + unlisted;
    let top = |texts: &[Told]| {
        texts.iter().fold(None, |best: Option<Told>, t| match best {
            Some(b) if b.1 >= t.1 => Some(b),
            _ => Some(t.clone()),
        })
    };
    let Some((code, weight)) = top(&weighed) else { return (first(&codes), first(&beginnings)) };
    let mut by_beginning = others;
    for (code, p) in &weighed {
        let text = beginning(code);
        match by_beginning.iter_mut().find(|c| c.0 == text) {
            Some(c) => c.1 += p,
            None => by_beginning.push((text, *p)),
        }
    }
    let shorter = top(&by_beginning).map(|(c, p)| (c, p / total));
    (Some((code, weight / total)), shorter)
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

    fn both(codes: &[(&str, f64)], beginnings: &[(&str, f64)]) -> (Option<Told>, Option<Told>) {
        let form = builtin().unwrap().remove(0);
        together(form.header_line("code").unwrap(), said(codes), said(beginnings))
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
        let ((code, p), (centre, q)) = (code.unwrap(), centre.unwrap());
        assert_eq!((code.as_str(), centre.as_str()), ("021201055.02.1.0001", "021201055"));
        assert!(p > 0.9 && q >= p, "{p} {q}");
    }

    #[test]
    fn the_signs_that_are_printed_once_stay_as_sure_as_they_are() {
        let (code, _) = both(&[("021201055.02.1.0001", 0.9)], &[("021201055", 1.0)]);
        let p = code.unwrap().1;
        assert!((0.9..0.99).contains(&p), "{p}");
    }

    #[test]
    fn two_prints_that_differ_make_each_other_doubtful() {
        let (code, centre) = both(&[("021201055.02.1.0001", 0.97)], &[("021201058", 0.97)]);
        let (p, q) = (code.unwrap().1, centre.unwrap().1);
        assert!(p < 0.7 && q < 0.7, "{p} {q}");
    }

    #[test]
    fn one_print_alone_is_as_sure_as_it_is() {
        let (code, centre) = both(&[("021201055.02.1.0001", 0.8)], &[]);
        assert_eq!((code, centre), (Some(("021201055.02.1.0001".to_owned(), 0.8)), None));
    }

    fn read(readings: &[&[(&str, f64)]]) -> Told {
        let readings =
            readings.iter().map(|r| TextReading { reader: ReaderId::Lines, says: said(r) }).collect();
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
        let form = builtin().unwrap().remove(0);
        let spec = form.header_line("code").unwrap();
        let p = |covered: (f64, f64)| {
            let mut text = TextEvidence::said("021201055.02.1.0001", 0.999);
            text.lines[0].covered = vec![covered];
            only_line(&text, Some((spec, 9))).values[0].1
        };
        assert!(p((0.1, 0.12)) > 0.99, "the centre's code stands below once more");
        assert!(p((0.55, 0.57)) < 0.6, "the table's number does not");
        assert!(p((0.9, 0.92)) > 0.99, "the end is the same on every sheet");
    }
}
