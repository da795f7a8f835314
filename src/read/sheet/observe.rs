//! What the work picture says about where the form stands: anchors, rules, rows of text.
//!
//! In: a work picture, a template, the mesh so far. Out: [`Observation`]s for the spline. An anchor is
//! found by correlation; an upright rule is followed along its length by dynamic programming (Viterbi
//! 1967), so that text beside it does not draw it away; a row of text whose wording varies is found by its
//! profile. Refuses (leaves out) what does not resemble its print.

use super::Mesh;
use super::correlate::{correlate, sample};
use super::template::{Anchor, FINE, Pins, RowPrint, Template};
use super::flat::Work;
use crate::ground::geometry::{Point, Rect};

/// Correlation from which an anchor counts as found. Not measured at a wrong place; the found anchors of
/// the 42 scans average 0.68 to 0.75 a sheet.
pub(super) const FOUND: f32 = 0.42;

/// A measured place: a form point and where it stands in the work picture, in work pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    /// Form point, mm.
    pub form: Point,
    /// Work u, if measured.
    pub u: Option<f64>,
    /// Work v, if measured.
    pub v: Option<f64>,
    /// Weight before robust reweighting.
    pub weight: f64,
    /// Correlation.
    pub ncc: f32,
}

/// All anchors that are found.
pub(super) fn anchors(
    work: &Work,
    template: &Template,
    mesh: &Mesh,
    reach: f64,
    resolution: f64,
) -> Vec<Observation> {
    let mut out = Vec::new();
    for anchor in &template.anchors {
        let centre =
            Point::new(anchor.rect.x + anchor.rect.width / 2.0, anchor.rect.y + anchor.rect.height / 2.0);
        let (dx, dy, ncc) = correlate(work, mesh, anchor, (reach, reach), resolution).peak();
        if ncc < FOUND {
            continue;
        }
        let place = mesh.map(Point::new(centre.x + dx, centre.y + dy));
        let u = (anchor.pins == Pins::Both).then_some(place.x);
        // Words vary, so their place along x is not pinned, and their y a little less.
        let weight = f64::from(ncc) * if anchor.pins == Pins::Both { 1.0 } else { 0.5 };
        out.push(Observation { form: centre, u, v: Some(place.y), weight, ncc });
    }
    out
}

/// The longest run of anchors that fit the print of the row before (or after) better than their own:
/// rows that may have been taken for each other.
pub(super) fn mistaken(work: &Work, template: &Template, mesh: &Mesh) -> usize {
    let rows: Vec<&Anchor> = template.anchors.iter().filter(|a| a.pins == Pins::Both).collect();
    let fit = |own: &Anchor, print: &Anchor| {
        let rect = Rect::new(print.rect.x, own.rect.y, print.rect.width, print.rect.height);
        correlate(work, mesh, &Anchor { rect, ..print.clone() }, (0.5, 0.5), FINE).peak().2
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
                print > FOUND && print > own[k] + 0.05
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
/// Places looked at across a rule, a millimetre.
const PLACES: f64 = 2.0 * FINE;
/// Where the paper beside a rule is looked for, in such places: half a millimetre to a whole one.
const BESIDE: (usize, usize) = (4, 8);
/// How much more ink a rule has than what is beside it, one stretch and five together (not measured: the
/// printed rule has 0.2 to 0.5, faded and blurred 0.1).
const RIDGE: (f32, f32) = (0.03, 0.05);

/// The upright rules, up to `reach` mm from where the mesh puts them.
pub(super) fn rules(work: &Work, template: &Template, mesh: &Mesh, reach: f64) -> Vec<Observation> {
    let mut out = Vec::new();
    for &(x, y0, y1) in &template.uprights {
        let ys: Vec<f64> = (0..)
            .map(|k| y0 + 0.8 + f64::from(k) * STRETCH)
            .take_while(|y| y + WINDOW.min(y1 - y0 - 1.6) <= y1 - 0.7)
            .collect();
        let ridges: Vec<Vec<f32>> = ys.iter().map(|&y| ridge(work, mesh, x, y, reach)).collect();
        let path = smoothest(&ridges);
        for (k, &at) in path.iter().enumerate() {
            let near = k.saturating_sub(2)..(k + 3).min(path.len());
            let count = near.len() as f32;
            let mean = near.map(|j| ridges[j][path[j]]).sum::<f32>() / count;
            if ridges[k][at] < RIDGE.0 || mean < RIDGE.1 {
                continue;
            }
            let middle = ys[k] + WINDOW / 2.0;
            let place = mesh.map(Point::new(x + at as f64 / PLACES - reach, middle));
            let form = Point::new(x, middle);
            out.push(Observation { form, u: Some(place.x), v: None, weight: 0.5, ncc: 0.0 });
        }
    }
    out
}

/// How much more ink stands at each place around an upright line than on either side of it.
fn ridge(work: &Work, mesh: &Mesh, x: f64, y: f64, reach: f64) -> Vec<f32> {
    let n = (2.0 * reach * PLACES).round() as usize;
    let columns: Vec<f32> = (0..=n + 2 * BESIDE.1)
        .map(|i| {
            let fx = x - reach + (i as f64 - BESIDE.1 as f64) / PLACES;
            let mut values: Vec<f32> = (0..(WINDOW * FINE) as i32)
                .map(|k| {
                    let p = mesh.map(Point::new(fx, y + f64::from(k) / FINE));
                    work.at(p.x - 0.5, p.y - 0.5)
                })
                .collect();
            // The median along the stretch: text that crosses does not look like a rule.
            let middle = values.len() / 2;
            *values.select_nth_unstable_by(middle, f32::total_cmp).1
        })
        .collect();
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    (0..=n)
        .map(|i| {
            let c = i + BESIDE.1;
            let before = mean(&columns[c - BESIDE.1..=c - BESIDE.0]);
            let after = mean(&columns[c + BESIDE.0..=c + BESIDE.1]);
            (columns[c] - before.max(after)).clamp(-0.05, 0.4)
        })
        .collect()
}

/// The sequence of places, one a stretch, with most ridge and least bending.
fn smoothest(ridges: &[Vec<f32>]) -> Vec<usize> {
    let Some(first) = ridges.first() else { return Vec::new() };
    let last =
        |scores: &[f32]| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
    let mut scores = first.clone();
    let mut from: Vec<Vec<usize>> = Vec::new();
    for ridge in &ridges[1..] {
        let step = |i: usize| {
            let near = i.saturating_sub(SIDESTEP)..(i + SIDESTEP + 1).min(scores.len());
            let value = |j: usize| scores[j] - 0.01 * (i.abs_diff(j) * i.abs_diff(j)) as f32;
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

/// How far a rule may move aside from one stretch to the next, in places: 0.15 mm a millimetre.
const SIDESTEP: usize = 6;

/// Correlation of a row's profile from which it counts (not measured).
const ROW: f64 = 0.7;

/// Rows of text by their profile: how ink is spread over a row's height does not depend on its wording.
pub(super) fn rows(work: &Work, template: &Template, mesh: &Mesh, reach: f64) -> Vec<Observation> {
    let mut out = Vec::new();
    for row in &template.rows {
        let Some((dy, ncc)) = row_place(work, mesh, row, reach) else { continue };
        let form = row.rect.middle();
        let place = mesh.map(Point::new(form.x, form.y + dy));
        out.push(Observation { form, u: None, v: Some(place.y), weight: 0.4 * ncc, ncc: 0.0 });
    }
    out
}

/// How much lower a row stands, mm, and its correlation; `None` where nothing like it is near.
fn row_place(work: &Work, mesh: &Mesh, row: &RowPrint, reach: f64) -> Option<(f64, f64)> {
    let height = row.profile.len();
    let width = (row.rect.width * FINE).round().max(1.0) as usize;
    let ry = (reach * FINE).round() as usize;
    let ink = sample(work, mesh, row.rect, (width, height), (0, ry), FINE, 1);
    let seen: Vec<f64> = ink
        .chunks_exact(width)
        .map(|l| l.iter().map(|&v| f64::from(v)).sum::<f64>() / width as f64)
        .collect();
    let scores: Vec<f64> = (0..=2 * ry).map(|dy| likeness(&seen[dy..dy + height], &row.profile)).collect();
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))?;
    // At the end of the reach it may well stand farther off.
    if best == 0 || best + 1 == scores.len() || scores[best] < ROW {
        return None;
    }
    let (a, b, c) = (scores[best - 1], scores[best], scores[best + 1]);
    let part = (0.5 * (a - c) / (a - 2.0 * b + c).min(-1e-9)).clamp(-0.5, 0.5);
    Some(((best as f64 + part - ry as f64) / FINE, b))
}

/// Correlation of two profiles; specks on empty paper have none.
fn likeness(seen: &[f64], print: &[f32]) -> f64 {
    let n = seen.len() as f64;
    let (a, b) = (seen.iter().sum::<f64>() / n, print.iter().map(|&v| f64::from(v)).sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, n * 0.01 * 0.01, 1e-9);
    for (&x, &y) in seen.iter().zip(print) {
        let (x, y) = (x - a, f64::from(y) - b);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    ab / (aa * bb).sqrt()
}
