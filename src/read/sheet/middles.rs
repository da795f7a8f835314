//! The middles of the rows of words: how wide the strip is where its rules cannot be told from the
//! paper's edge or a shadow.
//!
//! In: a work picture, a template. Out: a [`Term`] across for each row of words that is
//! seen: what it says varies, but each is centred. Refuses (leaves out) rows whose ink is too little, or goes
//! on beyond what words take.

use super::flat::{FULL, Work};
use super::template::{FINE, Template, Words};
use super::terms::Term;
use crate::ground::geometry::Point;

/// How far from its place a middle is looked for, mm.
const REACH: f64 = 5.0;
/// Words within this distance, mm, are looked at together: five rows.
const TOGETHER: f64 = 9.0;
/// How far beyond the words of zero longer ones reach, mm.
const LONGER: f64 = 1.5;
/// Paper beside the words, mm, and the share of their ink that may stand on it.
const ASIDE: (f64, f64) = (2.0, 0.4);
/// Least mean ink of words.
const FAINT: f64 = 0.02;
/// Share of the ink at either end of words that may be specks.
const ENDS: f64 = 0.04;
/// A rule's stretch has 0.5; the middle of words is less exact.
const WEIGHT: f64 = 0.3;

/// The rows of words by their middle.
pub(super) fn find(work: &Work, template: &Template) -> Vec<Term> {
    let inks: Vec<Vec<f64>> = template.words.iter().map(|w| across(work, w).unwrap_or_default()).collect();
    let mut out = Vec::new();
    for words in &template.words {
        let near = template.words.iter().zip(&inks);
        let near = near.filter(|(w, _)| (w.middle.y - words.middle.y).abs() <= TOGETHER);
        let (mut ink, mut count) = (Vec::new(), 0.0);
        for (_, other) in near.filter(|n| !n.1.is_empty()) {
            ink.resize(other.len().max(ink.len()), 0.0);
            // Their middles at the same place.
            let spare = (ink.len() - other.len()) / 2;
            for (sum, v) in ink[spare..].iter_mut().zip(other) {
                *sum += v;
            }
            count += 1.0;
        }
        let Some(off) = middle(&ink, words.half + LONGER, FAINT * count) else { continue };
        if off.abs() > REACH {
            continue;
        }
        out.push(Term { form: words.middle, u: Some(off * FINE), v: None, weight: WEIGHT, alike: 0.0 });
    }
    out
}

/// How much more ink stands in the row of words than right above it, along the row, at [`FINE`] around
/// the middle: rules and shadows run through both. `None` where that is not in the picture.
fn across(work: &Work, words: &Words) -> Option<Vec<f64>> {
    let half = words.half + LONGER + ASIDE.0 + REACH;
    let width = (2.0 * half * FINE).round() as usize;
    let band = |from: f64, height: f64| -> Option<Vec<f64>> {
        let (left, top) = work.pixel(Point::new(words.middle.x - half, words.middle.y + from * words.size));
        let (left, top) = (left, usize::try_from(top).ok()?);
        let lines = (height * words.size * FINE).round().max(1.0) as usize;
        if top + lines > work.ink.height {
            return None;
        }
        // Beside the picture there is no ink.
        let mut sums = vec![0i32; width];
        let first = usize::try_from(-left).unwrap_or(0);
        let from = usize::try_from(left).unwrap_or(0);
        let count = (width.saturating_sub(first)).min(work.ink.width.saturating_sub(from));
        for y in 0..lines {
            for (s, &v) in sums[first..].iter_mut().zip(work.ink.row(top + y, from, count)) {
                *s += i32::from(v);
            }
        }
        Some(sums.into_iter().map(|s| f64::from(s) / lines as f64 / FULL).collect())
    };
    let (text, above) = (band(-0.75, 0.75)?, band(-1.5, 0.5)?);
    Some(text.into_iter().zip(above).map(|(text, above)| (text - above).max(0.0)).collect())
}

/// How far the middle of the ink is from the middle of where it was looked for, mm: mean shift
/// (Fukunaga & Hostetler 1975) of a window `half` to either side. `None` where the ink is less than `faint`,
/// or goes on beyond the window.
fn middle(ink: &[f64], half: f64, faint: f64) -> Option<f64> {
    let at = |i: usize| (i as f64 + 0.5 - ink.len() as f64 / 2.0) / FINE;
    let mean = |from: f64, to: f64| {
        let (mut sum, mut first, mut count) = (0.0, 0.0, 0.0f64);
        for (i, &v) in ink.iter().enumerate().filter(|(i, _)| (from..to).contains(&at(*i))) {
            (sum, first, count) = (sum + v, first + v * at(i), count + 1.0);
        }
        (sum / count.max(1.0), first / sum.max(1e-9))
    };
    let mut off = 0.0;
    for _ in 0..12 {
        let (density, to) = mean(off - half, off + half);
        if density < faint {
            return None;
        }
        let step = to - off;
        off = to;
        if step.abs() < 0.02 {
            break;
        }
    }
    let inside = mean(off - half, off + half).0;
    let beside = mean(off - half - ASIDE.0, off - half).0.max(mean(off + half, off + half + ASIDE.0).0);
    if beside >= ASIDE.1 * inside {
        return None;
    }
    // Letters differ in ink: between the ends of the words stands their middle.
    let window: Vec<(f64, f64)> =
        ink.iter().enumerate().map(|(i, &v)| (at(i), v)).filter(|p| (p.0 - off).abs() <= half).collect();
    let all: f64 = window.iter().map(|p| p.1).sum();
    let end = |share: f64| {
        let mut left = share * all;
        for &(x, v) in &window {
            if v >= left && v > 0.0 {
                return x + (left / v - 0.5) / FINE;
            }
            left -= v;
        }
        off
    };
    Some((end(ENDS) + end(1.0 - ENDS)) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ink from one place to another, mm from the middle of 40 mm.
    fn ink(from: f64, to: f64) -> Vec<f64> {
        let at = |i: u32| (f64::from(i) + 0.5) / FINE - 20.0;
        (0..(40.0 * FINE) as u32).map(|i| f64::from(u8::from((from..to).contains(&at(i)))) * 0.3).collect()
    }

    #[test]
    fn words_that_stand_aside_are_found_whatever_their_length() {
        for (from, to) in [(-11.5, 11.5), (-7.5, 15.5), (-15.0, 7.0), (-8.0, 13.0)] {
            let off = middle(&ink(from, to), 13.0, FAINT).unwrap();
            assert!((off - (from + to) / 2.0).abs() < 0.05, "{from} to {to}: {off}");
        }
    }

    #[test]
    fn a_pen_stroke_on_one_letter_does_not_move_the_middle() {
        let mut row = ink(-11.5, 11.5);
        row[100..104].fill(1.0);
        assert!(middle(&row, 13.0, FAINT).unwrap().abs() < 0.5);
    }

    #[test]
    fn empty_paper_and_ink_without_an_end_have_no_middle() {
        assert_eq!(middle(&ink(0.0, 0.0), 13.0, FAINT), None);
        assert_eq!(middle(&ink(-20.0, 20.0), 13.0, FAINT), None);
    }
}
