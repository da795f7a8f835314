//! What the work picture says about where the form stands: anchors, rules, rows of text, the middles of words.
//!
//! In: a work picture, a template. Out: [`Term`]s of the registration's energy: a form point, and how far from where the
//! picture should have it it stands. An anchor is found by correlation; an upright rule is followed along its length by
//! dynamic programming (Viterbi 1967), so that text beside it does not draw it away; a row of text whose wording varies
//! is found by its profile. Refuses (leaves out) what does not resemble its print.

use super::flat::{FULL, Work};
use super::template::{Anchor, FINE, Pins, RowPrint, Template};
use crate::ground::geometry::{Point, Rect};

/// Correlation from which an anchor counts as found. Not measured at a wrong place; the found anchors of
/// the 42 scans average 0.68 to 0.75 a sheet.
pub(super) const FOUND: f32 = 0.42;

/// A measured place: a form point and how far it stands from its place in the work picture, in work pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// Form point, mm.
    pub form: Point,
    /// Across, if measured.
    pub u: Option<f64>,
    /// Down, if measured.
    pub v: Option<f64>,
    /// Weight before robust reweighting.
    pub weight: f64,
    /// Correlation.
    pub alike: f32,
}

/// Millimetres as work pixels.
fn px(mm: f64) -> usize {
    (mm * FINE).round() as usize
}

/// All anchors that are found within `reach` mm.
pub(super) fn anchors(work: &Work, template: &Template, reach: f64) -> Vec<Term> {
    let place = |anchor: &Anchor| {
        let (u, v, alike) = anchor.print.find(work, work.pixel(anchor.rect.corners()[0]), px(reach))?;
        let both = anchor.pins == Pins::Both;
        // Words vary, so their place along x is not pinned, and their y a little less.
        let weight = f64::from(alike) * if both { 1.0 } else { 0.5 };
        let term = Term { form: anchor.rect.middle(), u: both.then_some(u), v: Some(v), weight, alike };
        (alike >= FOUND).then_some(term)
    };
    template.anchors.iter().filter_map(place).collect()
}

/// The longest run of anchors that fit the print of the row before (or after) better than their own:
/// rows that may have been taken for each other. What is found at its own place is not.
pub(super) fn mistaken(work: &Work, template: &Template, off: impl Fn(Point) -> (f64, f64)) -> usize {
    let rows: Vec<&Anchor> = template.anchors.iter().filter(|a| a.pins == Pins::Both).collect();
    let fit = |own: &Anchor, print: &Anchor| {
        let (u, v) = off(own.rect.middle());
        let (x, y) = work.pixel(Point::new(print.rect.x, own.rect.y));
        print.print.alike(work, (x + u.round() as i64, y + v.round() as i64)).unwrap_or(0.0)
    };
    let own: Vec<f32> = rows.iter().map(|row| fit(row, row)).collect();
    let mut longest = 0;
    for step in [-1i64, 1] {
        let mut run = 0;
        for (k, row) in rows.iter().enumerate() {
            let other = usize::try_from(k as i64 + step).ok().and_then(|j| rows.get(j));
            // Prints of the same kind only: a heading's height is not a row's.
            let alike = other.filter(|o| (o.rect.height - row.rect.height).abs() < 0.3);
            let better = alike.is_some_and(|o| {
                let print = fit(row, o);
                own[k] < FOUND && print > FOUND && print > own[k] + 0.05
            });
            run = if better { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    longest
}

/// From one stretch of a rule to the next, mm.
const STRETCH: f64 = 5.0;
/// Length of a stretch, mm: two rows of text.
const WINDOW: f64 = 8.0;
/// Where the paper beside a rule is looked for, work pixels: half a millimetre to a whole one.
const BESIDE: (usize, usize) = (2, 4);
/// How much more ink a rule has than what is beside it, one stretch and five together (not measured: the
/// printed rule has 0.2 to 0.5, faded and blurred 0.1).
const RIDGE: (f32, f32) = (0.03, 0.05);

/// Upright rules (x, from y to y), up to `reach` mm from where they should be.
pub(super) fn rules(work: &Work, uprights: &[(f64, f64, f64)], reach: f64) -> Vec<Term> {
    let mut out = Vec::new();
    let reach = px(reach);
    for &(x, y0, y1) in uprights {
        let ys: Vec<f64> = (0..)
            .map(|k| y0 + 0.8 + f64::from(k) * STRETCH)
            .take_while(|y| y + WINDOW.min(y1 - y0 - 1.6) <= y1 - 0.7)
            .collect();
        let ridges: Vec<(f64, Vec<f32>)> =
            ys.iter().filter_map(|&y| Some((y, ridge(work, x, y, reach)?))).collect();
        let path = smoothest(&ridges);
        for (k, &at) in path.iter().enumerate() {
            let near = k.saturating_sub(2)..(k + 3).min(path.len());
            let count = near.len() as f32;
            let mean = near.map(|j| ridges[j].1[path[j]]).sum::<f32>() / count;
            let ridge = &ridges[k].1;
            if ridge[at] < RIDGE.0 || mean < RIDGE.1 {
                continue;
            }
            let part = if at > 0 && at + 1 < ridge.len() {
                let (a, b, c) = (ridge[at - 1], ridge[at], ridge[at + 1]);
                let bend = a - 2.0 * b + c;
                if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 }
            } else {
                0.0
            };
            // A rule's middle, on the grid of pixel corners.
            let corner = work.pixel(Point::new(x, 0.0)).0 as f64 - (x - work.origin.x) * FINE;
            let u = at as f64 + f64::from(part) - reach as f64 + 0.5 + corner;
            let form = Point::new(x, ridges[k].0 + WINDOW / 2.0);
            out.push(Term { form, u: Some(u), v: None, weight: 0.5, alike: 0.0 });
        }
    }
    out
}

/// How much more ink stands at each place around an upright line than on either side of it; `None` where that is not
/// in the picture.
fn ridge(work: &Work, x: f64, y: f64, reach: usize) -> Option<Vec<f32>> {
    let (ink, (left, top)) = (&work.ink, work.pixel(Point::new(x, y)));
    let left = usize::try_from(left - (reach + BESIDE.1) as i64).ok()?;
    let (top, count, rows) = (usize::try_from(top).ok()?, 2 * reach + 1, px(WINDOW));
    if left + count + 2 * BESIDE.1 > ink.width || top + rows > ink.height {
        return None;
    }
    let mut values = Vec::with_capacity(rows);
    let columns: Vec<f32> = (0..count + 2 * BESIDE.1)
        .map(|i| {
            values.clear();
            values.extend((0..rows).map(|k| ink.values[(top + k) * ink.width + left + i]));
            // The median along the stretch: text that crosses does not look like a rule.
            f32::from(*values.select_nth_unstable(rows / 2).1) / FULL as f32
        })
        .collect();
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let place = |i: usize| {
        let c = i + BESIDE.1;
        let before = mean(&columns[c - BESIDE.1..=c - BESIDE.0]);
        let after = mean(&columns[c + BESIDE.0..=c + BESIDE.1]);
        (columns[c] - before.max(after)).clamp(-0.05, 0.4)
    };
    Some((0..count).map(place).collect())
}

/// The sequence of places, one a stretch, with most ridge and least bending.
fn smoothest(ridges: &[(f64, Vec<f32>)]) -> Vec<usize> {
    let Some((_, first)) = ridges.first() else { return Vec::new() };
    let last =
        |scores: &[f32]| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    let mut scores = first.clone();
    let mut from: Vec<Vec<usize>> = Vec::new();
    for (_, ridge) in &ridges[1..] {
        let step = |i: usize| {
            let near = i.saturating_sub(SIDESTEP)..(i + SIDESTEP + 1).min(scores.len());
            let value = |j: usize| scores[j] - 0.04 * (i.abs_diff(j) * i.abs_diff(j)) as f32;
            let best = near.max_by(|&a, &b| value(a).total_cmp(&value(b))).unwrap_or(i);
            (best, value(best))
        };
        let steps: Vec<(usize, f32)> = (0..ridge.len()).map(step).collect();
        scores = steps.iter().zip(ridge).map(|(s, r)| s.1 + r).collect();
        from.push(steps.iter().map(|s| s.0).collect());
    }
    let mut path = vec![last(&scores)];
    for back in from.iter().rev() {
        path.push(back[path[path.len() - 1]]);
    }
    path.reverse();
    path
}

/// How far a rule may move aside from one stretch to the next, work pixels: 0.15 mm a millimetre.
const SIDESTEP: usize = 3;

/// Correlation of a row's profile from which it counts (not measured).
const ROW: f64 = 0.7;

/// Rows of text by their profile: how ink is spread over a row's height does not depend on its wording.
pub(super) fn rows(work: &Work, template: &Template, reach: f64) -> Vec<Term> {
    let place = |row: &RowPrint| {
        let (v, alike) = row_place(work, row, px(reach))?;
        Some(Term { form: row.rect.middle(), u: None, v: Some(v), weight: 0.4 * alike, alike: 0.0 })
    };
    template.rows.iter().filter_map(place).collect()
}

/// How much lower a row stands, work pixels, and its correlation; `None` where nothing like it is near.
fn row_place(work: &Work, row: &RowPrint, reach: usize) -> Option<(f64, f64)> {
    let height = row.profile.len();
    let seen = sums(work, Rect { y: row.rect.y - reach as f64 / FINE, ..row.rect }, height + 2 * reach)?;
    let scores: Vec<f64> = (0..=2 * reach).map(|dy| likeness(&seen[dy..dy + height], &row.profile)).collect();
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))?;
    // At the end of the reach it may well stand farther off.
    if best == 0 || best + 1 == scores.len() || scores[best] < ROW {
        return None;
    }
    let part = summit(scores[best - 1], scores[best], scores[best + 1]);
    Some((best as f64 + part - reach as f64, scores[best]))
}

/// The mean ink of rows of pixels from a rectangle's top on; `None` where they are not in the picture.
fn sums(work: &Work, rect: Rect, rows: usize) -> Option<Vec<f64>> {
    let (left, top) = work.pixel(rect.corners()[0]);
    let (left, top, width) = (usize::try_from(left).ok()?, usize::try_from(top).ok()?, px(rect.width).max(1));
    if left + width > work.ink.width || top + rows > work.ink.height {
        return None;
    }
    let mean = |y: usize| {
        let sum: i32 = work.ink.row(top + y, left, width).iter().map(|&v| i32::from(v)).sum();
        f64::from(sum) / width as f64 / FULL
    };
    Some((0..rows).map(mean).collect())
}

/// Deviation of the ink of specks on empty paper, which must not correlate.
const SPECKS: f64 = 0.01;

/// Correlation of how ink is spread over rows of pixels.
pub(super) fn likeness(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, n * SPECKS * SPECKS, n * SPECKS * SPECKS);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    ab / (aa * bb).sqrt()
}

/// Where between three values, the middle one the largest, a parabola through them is highest: from -1/2 to 1/2.
pub(super) fn summit(before: f64, at: f64, after: f64) -> f64 {
    (0.5 * (before - after) / (before - 2.0 * at + after).min(-1e-9)).clamp(-0.5, 0.5)
}
