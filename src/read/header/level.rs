//! The mesh above the frame, levelled along the lines of text.
//!
//! In: the photo, a mesh, the area where the header's lines stand. Out: the mesh with a rung every few
//! millimetres, along which the lines run level and straight, and square to them the form's upright rule.
//! Nothing in the header is constant enough to
//! be registered, but its lines cross the paper: at the right slope and bow, rows of ink and rows of paper
//! part best (projection profile; Postl 1986). The path of slopes from the frame upwards that does so best
//! and changes slowly is sought (Viterbi 1967). Refuses nothing: where there is no text, the slope of the
//! text nearest to it goes on.

use super::lines;
use crate::ground::geometry::{Point, Rect};
use crate::read::cut;
use crate::read::sheet::{Mesh, Rung};
use image::GrayImage;

/// Pixels per mm of the picture in which slopes are measured: seven on the capitals' height.
const SCALE: f64 = 4.0;
/// From one rung to the next, mm: a line of text.
const STEP: f64 = 3.0;
/// Height of the window that tells the slope at a rung, mm: four lines.
const WINDOW: f64 = 12.0;
/// Slopes tried to either side, and from one to the next: 7 degrees, and half a pixel at the lines' ends.
const SLOPES: (i32, f64) = (24, 0.005);
/// Bows tried to either side, mm between a line's middle and its ends, and from one to the next.
const BOWS: (i32, f64) = (8, 0.12);
/// What a change by one slope from rung to rung costs, as a share of the best score (not measured).
const CHANGE: f64 = 0.04;
/// The most slopes that may be changed at once: 2 degrees from line to line is a sharp fold.
const LEAP: usize = 7;
/// Windows with less than this share of what the clearest ones show count less than their share.
const FAINT: f64 = 0.15;

/// The mesh levelled in `area`, which stands above the frame; an upright rule stands at form x `rule`.
pub(super) fn level(pixels: &GrayImage, mesh: &Mesh, area: Rect, rule: Option<f64>) -> Mesh {
    let sloped = turned(pixels, mesh, area, SLOPES, |u| u);
    let upright = match rule {
        Some(x) => upright(pixels, &sloped, area, x),
        None => sloped,
    };
    turned(pixels, &upright, area, BOWS, |u| u * u - 0.5)
}

/// How far to either side the rule is sought, mm.
const BESIDE: f64 = 16.0;
/// The columns that part a rule from the paper beside it, px.
const THIN: usize = 3;
/// What a rule that moves by a column from step to step costs, as a share of a clear one, and the most
/// columns: 14 degrees.
const SWAY: (f64, usize) = (0.06, 3);
/// A path is the rule's when it shows at least this much of a clear one on average, where it is clearest.
const RULED: f64 = 0.3;

/// The mesh moved across so that the rule at form x `rule` runs upright.
fn upright(pixels: &GrayImage, mesh: &Mesh, area: Rect, rule: f64) -> Mesh {
    let cut = Rect::new(rule - BESIDE, area.y, 2.0 * BESIDE, area.height);
    let picture = cut::cut(pixels, mesh, cut, SCALE);
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let ink = lines::light_lost(&picture);
    let steps = (area.height / STEP) as usize;
    let tall = (STEP * SCALE) as usize;
    // How much of a step each column is darker than both columns beside it.
    let scores: Vec<Vec<f64>> = (0..=steps)
        .map(|i| {
            let end = h.saturating_sub(i * tall);
            let rows = end.saturating_sub(tall)..end;
            let column = |x: usize| {
                if x < THIN || x + THIN >= w || rows.is_empty() {
                    return 0.0;
                }
                let mut levels: Vec<f32> = rows
                    .clone()
                    .map(|y| {
                        let at = |x: usize| ink[y * w + x];
                        at(x).max(at(x - 1)).max(at(x + 1)) - at(x - THIN).max(at(x + THIN))
                    })
                    .collect();
                // Two thirds of the rows have to show it: letters are not as tall as the step.
                let rank = levels.len() / 3;
                f64::from(levels.select_nth_unstable_by(rank, f32::total_cmp).1.max(0.0))
            };
            (0..w).map(column).collect()
        })
        .collect();
    let mut tops: Vec<f64> = scores.iter().map(|r| r.iter().copied().fold(0.0, f64::max)).collect();
    tops.sort_by(f64::total_cmp);
    let clear = tops[tops.len() / 2].max(1e-3);
    let shares: Vec<Vec<f64>> =
        scores.iter().map(|r| r.iter().map(|v| (v / clear).min(1.0)).collect()).collect();
    let path = best_path(&shares, SWAY.0, SWAY.1);
    let shown: f64 = path.iter().zip(&shares).map(|(&k, row)| row[(k + w as f64 / 2.0) as usize]).sum();
    if shown < RULED * path.len() as f64 {
        return mesh.clone();
    }
    let path = smooth(&path);
    moved(mesh, area, |i, p| Point::new(p.x + path[i] / SCALE, p.y))
}

/// The mesh with rungs every [`STEP`] in `area`, each point taken from where `to` says (step from the area's
/// bottom upwards, form point).
fn moved(mesh: &Mesh, area: Rect, to: impl Fn(usize, Point) -> Point) -> Mesh {
    let steps = (area.height / STEP) as usize;
    let mut rungs: Vec<Rung> = (0..=steps)
        .rev()
        .map(|i| {
            let y = area.bottom() - STEP * i as f64;
            let at = |t: f64| mesh.map(to(i, Point::new(t * mesh.width, y)));
            Rung { y, points: [at(0.0), at(0.5), at(1.0)] }
        })
        .collect();
    rungs.extend(mesh.rungs.iter().filter(|r| r.y > area.bottom() + 0.1));
    Mesh { width: mesh.width, rungs }
}

/// The mesh moved down, at each rung, by the multiple of `shape` that parts rows best. `shape` is given
/// places from -1 to 1 across the area and says by what the form's point moves, in half the area's width for
/// slopes and mm for bows, as `tried` counts them.
fn turned(pixels: &GrayImage, mesh: &Mesh, area: Rect, tried: (i32, f64), shape: fn(f64) -> f64) -> Mesh {
    let half = area.width / 2.0;
    let middle = area.x + half;
    let unit = if tried == SLOPES { half * tried.1 } else { tried.1 };
    let by = |k: f64, x: f64| k * unit * shape((x - middle) / half);
    let spare = f64::from(tried.0) * unit + 1.0;
    let cut = Rect::new(area.x, area.y - spare, area.width, area.height + 2.0 * spare);
    let picture = cut::cut(pixels, mesh, cut, SCALE);
    let w = picture.width() as usize;
    let ink = lines::light_lost(&picture);
    let rows = (area.height * SCALE) as usize;
    let steps = (area.height / STEP) as usize;
    // Rungs from the frame upwards.
    let y_of = |i: usize| area.bottom() - STEP * i as f64;
    let states = (2 * tried.0 + 1) as usize;
    let mut scores = vec![vec![0.0f64; states]; steps + 1];
    for s in 0..states {
        let k = s as f64 - f64::from(tried.0);
        let shifts: Vec<f64> =
            (0..w).map(|x| (by(k, area.x + (x as f64 + 0.5) / SCALE) + spare) * SCALE).collect();
        let sharp = sharpness(&ink, w, rows, &shifts);
        for (i, row) in scores.iter_mut().enumerate() {
            let at = |y: f64| (((y - area.y) * SCALE).max(0.0) as usize).min(rows);
            let (a, b) = (at(y_of(i) - WINDOW / 2.0), at(y_of(i) + WINDOW / 2.0));
            row[s] = sharp[b] - sharp[a];
        }
    }
    even(&mut scores);
    let path = smooth(&best_path(&scores, CHANGE, LEAP));
    moved(mesh, area, |i, p| Point::new(p.x, p.y + by(path[i], p.x)))
}

/// How sharply rows part, added up to each row: squared steps of the ink from row to row, the column at `x`
/// moved up by `shifts[x]` pixels.
fn sharpness(ink: &[f32], w: usize, rows: usize, shifts: &[f64]) -> Vec<f64> {
    let mut profile = vec![0.0f32; rows];
    for (x, shift) in shifts.iter().enumerate() {
        let (whole, part) = (shift.max(0.0) as usize, shift.max(0.0).fract() as f32);
        // A pixel's worth of blur whatever the part: sharpness must not prefer whole pixels.
        for (y, p) in profile.iter_mut().enumerate() {
            let at = |dy: usize| ink.get((y + whole + dy) * w + x).copied().unwrap_or(0.0);
            *p += (at(0) * (1.0 - part) + at(1) + at(2) * part) / 2.0;
        }
    }
    let mut sums = vec![0.0; rows + 1];
    for y in 0..rows {
        let step = if y > 0 { f64::from(profile[y] - profile[y - 1]) } else { 0.0 };
        sums[y + 1] = sums[y] + step * step;
    }
    sums
}

/// Makes each step's best score about 1 and its worst 0; what is faint against the clearest stays less.
fn even(scores: &mut [Vec<f64>]) {
    let best = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
    let mut tops: Vec<f64> = scores.iter().map(|r| best(r)).collect();
    tops.sort_by(f64::total_cmp);
    let clear = tops[tops.len() * 3 / 4];
    for row in scores {
        let full = best(row) + FAINT * clear + 1e-9;
        let least = row.iter().copied().fold(f64::MAX, f64::min);
        for v in row.iter_mut() {
            *v = (*v - least) / full;
        }
    }
}

/// The best state of each step, counted from the middle one, which is the best before the first step; a
/// change by one state costs `change`, and more than `leap` at once are none.
fn best_path(scores: &[Vec<f64>], change: f64, leap: usize) -> Vec<f64> {
    let states = scores[0].len();
    let zero = states / 2;
    let mut sums: Vec<f64> = (0..states).map(|s| -change * s.abs_diff(zero) as f64).collect();
    let mut came: Vec<Vec<usize>> = Vec::new();
    for row in scores {
        let mut from = vec![0; states];
        let mut next = vec![f64::MIN; states];
        for s in 0..states {
            let first = s.saturating_sub(leap);
            for (before, sum) in sums[first..(s + leap + 1).min(states)].iter().enumerate() {
                let before = first + before;
                let sum = sum - change * s.abs_diff(before) as f64 + row[s];
                if sum > next[s] {
                    (next[s], from[s]) = (sum, before);
                }
            }
        }
        came.push(from);
        sums = next;
    }
    let mut at = (0..states).fold(0, |a, b| if sums[b] > sums[a] { b } else { a });
    let mut out = Vec::with_capacity(came.len());
    for from in came.iter().rev() {
        out.push(at as f64 - zero as f64);
        at = from[at];
    }
    out.reverse();
    out
}

/// Each with half of its neighbours.
fn smooth(path: &[f64]) -> Vec<f64> {
    let last = path.len() - 1;
    (0..path.len())
        .map(|i| (path[i.saturating_sub(1)] + 2.0 * path[i] + path[(i + 1).min(last)]) / 4.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// Lines of print every 4 mm, 2 mm high, falling by `slope` to the right; 10 px/mm.
    fn photo(slope: f64) -> GrayImage {
        GrayImage::from_fn(700, 1000, |x, y| {
            let (x, y) = (f64::from(x) / 10.0, f64::from(y) / 10.0);
            let row = (y - slope * (x - 45.0)).rem_euclid(4.0);
            let letters = (x * 1.3).fract() < 0.5 && (24.0..66.0).contains(&x);
            Luma([if row < 2.0 && letters { 60 } else { 200 }])
        })
    }

    fn straight() -> Mesh {
        let rung =
            |y: f64| Rung { y, points: [0.0, 35.0, 70.0].map(|x| Point::new(x * 10.0, (y + 90.0) * 10.0)) };
        Mesh { width: 70.0, rungs: vec![rung(-90.0), rung(0.0), rung(10.0)] }
    }

    #[test]
    fn rungs_follow_lines_that_run_askew() {
        for slope in [-0.06, 0.0, 0.03] {
            let mesh = level(&photo(slope), &straight(), Rect::new(23.0, -80.0, 44.0, 78.0), None);
            let fall = |y: f64| {
                let (a, b) = (mesh.map(Point::new(25.0, y)), mesh.map(Point::new(65.0, y)));
                (b.y - a.y) / (b.x - a.x)
            };
            for y in [-60.0, -40.0, -20.0] {
                assert!((fall(y) - slope).abs() < 0.006, "{slope} at {y}: {}", fall(y));
            }
        }
    }

    #[test]
    fn a_rule_that_leans_is_made_upright() {
        let mut photo = photo(0.0);
        for y in 0..880u32 {
            let x = 200 + (880 - y) / 10;
            (x..x + 3).for_each(|x| photo.put_pixel(x, y, Luma([60])));
        }
        let mesh = level(&photo, &straight(), Rect::new(23.0, -80.0, 44.0, 78.0), Some(20.0));
        let lean = mesh.map(Point::new(20.0, -70.0)).x - mesh.map(Point::new(20.0, -10.0)).x;
        assert!((lean - 60.0).abs() < 8.0, "{lean}");
    }

    #[test]
    fn the_frame_stays_where_it_is() {
        let (before, after) =
            (straight(), level(&photo(0.05), &straight(), Rect::new(23.0, -80.0, 44.0, 78.0), None));
        let at = Point::new(60.0, 5.0);
        assert!(before.map(at).distance(after.map(at)) < 1e-9);
    }
}
