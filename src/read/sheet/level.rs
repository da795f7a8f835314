//! Rows made level: a ribbon's edges say where the paper runs, its rows how it is turned.
//!
//! In: a work picture and the ribbon it was flattened along. Out: the ribbon with its rungs turned along
//! the rows of print, where perspective or a fold has them run askew. Rows of ink and paper part best
//! when added up along their own slope (projection profile; Postl 1986); neighbouring windows speak
//! with each other. Refuses (gives `None`) when the rows are level already.

use super::template::FINE;
use super::trace::Ribbon;
use super::unroll::Work;
use crate::ground::geometry::Point;

/// Slopes tried to either side and the largest: 11 degrees.
const SLOPES: i32 = 24;
const STEEPEST: f64 = 0.2;
/// Height of a window, work pixels: 24 mm, five rows.
const WINDOW: usize = 24 * FINE as usize;
/// Every so many columns are looked at: 1.25 mm.
const COLUMN: usize = 5;
/// A slope that the coarse alignment bears: a millimetre over a band of the form.
const LEVEL: f64 = 0.02;

/// The ribbon along the rows.
pub(super) fn level(work: &Work, ribbon: &Ribbon) -> Option<Ribbon> {
    let columns: Vec<usize> = (work.width / 8..work.width * 7 / 8).step_by(COLUMN).collect();
    let spare = (STEEPEST * work.width as f64 * 3.0 / 8.0).ceil() as usize + 2;
    let mut windows: Vec<(f64, Vec<f32>)> = Vec::new();
    let mut top = spare;
    while top + WINDOW + spare < work.height {
        let scores = (-SLOPES..=SLOPES).map(|k| sharpness(work, &columns, top, slope_of(k))).collect();
        windows.push(((top + WINDOW / 2) as f64, scores));
        top += WINDOW;
    }
    if windows.is_empty() {
        return None;
    }
    let slopes: Vec<(f64, f64)> = (0..windows.len())
        .map(|i| {
            // Each window with half of either neighbour, each relative to its own level.
            let mut sum = vec![0.0f32; windows[i].1.len()];
            for (j, weight) in [(i.wrapping_sub(1), 0.5), (i, 1.0), (i + 1, 0.5)] {
                if let Some((_, scores)) = windows.get(j) {
                    for (s, v) in sum.iter_mut().zip(scores) {
                        *s += weight * v;
                    }
                }
            }
            let best = (0..sum.len()).max_by(|&a, &b| sum[a].total_cmp(&sum[b])).unwrap_or(SLOPES as usize);
            (windows[i].0, slope_of(best as i32 - SLOPES))
        })
        .collect();
    if slopes.iter().filter(|s| s.1.abs() > LEVEL).count() * 8 < slopes.len() {
        return None;
    }
    let n = windows.len() * 2;
    let end = work.marks[work.marks.len() - 1];
    let rungs = (0..=n)
        .map(|i| {
            let v = end * i as f64 / n as f64;
            let (l, r) = at(ribbon, &work.marks, v);
            let half = Point::new((r.x - l.x) / 2.0, (r.y - l.y) / 2.0);
            let s = between(&slopes, v);
            let half = Point::new(half.x - s * half.y, half.y + s * half.x);
            let middle = l.lerp(r, 0.5);
            (
                Point::new(middle.x - half.x, middle.y - half.y),
                Point::new(middle.x + half.x, middle.y + half.y),
            )
        })
        .collect();
    Some(Ribbon { rungs })
}

fn slope_of(k: i32) -> f64 {
    STEEPEST * f64::from(k) / f64::from(SLOPES)
}

/// How much the sums along a slope change from row to row.
fn sharpness(work: &Work, columns: &[usize], top: usize, slope: f64) -> f32 {
    let mut profile = vec![0.0f32; WINDOW];
    for &x in columns {
        let shift = ((x as f64 - work.width as f64 / 2.0) * slope).round() as i64;
        let start = (top as i64 + shift).max(0) as usize;
        for (y, p) in profile.iter_mut().enumerate() {
            *p += work.ink[(start + y) * work.width + x];
        }
    }
    profile.windows(3).map(|p| (p[2] - p[0]).powi(2)).sum()
}

/// A ribbon's rung at height v, between the nearest two.
fn at(ribbon: &Ribbon, marks: &[f64], v: f64) -> (Point, Point) {
    let k = marks.partition_point(|&m| m <= v).clamp(1, marks.len() - 1);
    let t = (v - marks[k - 1]) / (marks[k] - marks[k - 1]).max(1e-9);
    let (a, b) = (ribbon.rungs[k - 1], ribbon.rungs[k]);
    (a.0.lerp(b.0, t), a.1.lerp(b.1, t))
}

/// Linear between points, level beyond them.
fn between(points: &[(f64, f64)], v: f64) -> f64 {
    let k = points.partition_point(|p| p.0 <= v);
    match (k.checked_sub(1).map(|i| points[i]), points.get(k)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (v - a.0) / (b.0 - a.0).max(1e-9),
        (Some(a), None) => a.1,
        (None, Some(b)) => b.1,
        (None, None) => 0.0,
    }
}
