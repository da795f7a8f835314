//! What matches agree on: where a sheet lies.
//!
//! In: matches of a photo with a form's landmarks. Out: a mesh and the matches that it rests on. A match alone tells
//! place, scale and turn; the one that most of its neighbours agree with is where a sheet is sought, and from there the
//! map grows along the paper, refitted as it reaches further. Refuses (gives `None`) fewer than [`LEAST`] that agree.

use super::{Match, apart};
use crate::ground::geometry::Point;
use crate::read::sheet::spline::{Stiffness, spline};
use crate::read::sheet::template::FINE;
use crate::read::sheet::{Mesh, Rung};

/// How far from a seed on the form its neighbours stand, mm.
const NEAR: f64 = 45.0;
/// Matches that have to agree.
pub(crate) const LEAST: usize = 8;
/// How far turns may differ, radians.
const TURN: f32 = 0.5;
/// How far a match may be from where the map puts it, mm.
const OFF: f64 = 1.0;
/// How much farther for each millimetre beyond what is known.
const DRIFT: f64 = 0.06;

/// A place for a sheet.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Form to photo.
    pub mesh: Mesh,
    /// Which matches agree.
    pub inliers: Vec<usize>,
    /// Root mean square of their distances, mm.
    pub residual: f64,
}

/// Finds the sheet that most matches agree on; `ys` are the rungs' form y, `width` the frame's.
pub(crate) fn find(matches: &[Match], ys: &[f64], width: f64) -> Option<Place> {
    let support = |m: &Match| -> Vec<usize> {
        let (sin, cos) = f64::from(m.turn).sin_cos();
        let agrees = |o: &Match| {
            let (dx, dy) = (o.form.x - m.form.x, o.form.y - m.form.y);
            let far = dx.hypot(dy);
            if far > NEAR || apart(o.turn, m.turn) > TURN || o.scale > 1.4 * m.scale || m.scale > 1.4 * o.scale {
                return false;
            }
            let s = (m.scale * o.scale).sqrt();
            // Along the way the scale is only known to a tenth.
            let want = (s * (dx * cos - dy * sin), s * (dx * sin + dy * cos));
            let off = (o.photo.x - m.photo.x - want.0).hypot(o.photo.y - m.photo.y - want.1);
            off < s * (0.8 + 0.15 * far)
        };
        matches.iter().enumerate().filter(|(_, o)| agrees(o)).map(|(k, _)| k).collect()
    };
    let mut best: Vec<usize> = Vec::new();
    let mut worth = 0usize;
    for m in matches {
        let with = support(m);
        let places = distinct(with.iter().map(|&k| matches[k].form));
        if places > worth {
            (best, worth) = (with, places);
        }
    }
    if worth < LEAST / 2 {
        return None;
    }
    grow(matches, best, ys, width)
}

/// How many places there are among points, those within a millimetre being one.
fn distinct(points: impl Iterator<Item = Point>) -> usize {
    let mut cells: Vec<(i64, i64)> = points.map(|p| (p.x.round() as i64, p.y.round() as i64)).collect();
    cells.sort_unstable();
    cells.dedup();
    cells.len()
}

/// The map through some matches, grown to all that agree with it.
fn grow(matches: &[Match], seed: Vec<usize>, ys: &[f64], width: f64) -> Option<Place> {
    let middle = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let scale = middle(&mut seed.iter().map(|&k| matches[k].scale).collect());
    let unit = FINE / scale;
    let mut inliers = seed;
    let mut place: Option<Place> = None;
    for round in 0..14 {
        let of = |value: fn(Point) -> f64| -> Vec<(Point, f64, f64)> {
            inliers.iter().map(|&k| (matches[k].form, value(matches[k].photo) * unit, 1.0)).collect()
        };
        let bend = if round < 4 { 30.0 } else { 8.0 };
        let u = spline(ys, width, &of(|p| p.x), Stiffness::flat(bend))?;
        let v = spline(ys, width, &of(|p| p.y), Stiffness::flat(bend))?;
        let rungs: Vec<Rung> = ys
            .iter()
            .zip(u.iter().zip(&v))
            .map(|(&y, (u, v))| {
                let (l, r) = (Point::new(u.left / unit, v.left / unit), Point::new(u.right / unit, v.right / unit));
                Rung { y, points: [l, l.lerp(r, 0.5), r] }
            })
            .collect();
        let mesh = Mesh { width, rungs };
        let mut known: Vec<f64> = inliers.iter().map(|&k| matches[k].form.y).collect();
        known.sort_by(f64::total_cmp);
        let beyond = |y: f64| {
            let at = known.partition_point(|&k| k < y);
            let before = at.checked_sub(1).map_or(f64::MAX, |j| y - known[j]);
            let after = known.get(at).map_or(f64::MAX, |k| k - y);
            before.min(after)
        };
        let mut next = Vec::new();
        let mut squares = 0.0;
        for (k, m) in matches.iter().enumerate() {
            let local = mesh.px_per_mm(m.form.y).max(1e-6);
            if m.scale > 1.7 * local || local > 1.7 * m.scale {
                continue;
            }
            let far = beyond(m.form.y);
            if far > 80.0 {
                continue;
            }
            let run = mesh.map(Point::new(width, m.form.y));
            let from = mesh.map(Point::new(0.0, m.form.y));
            let turn = ((run.y - from.y).atan2(run.x - from.x)) as f32;
            if apart(turn.rem_euclid(std::f32::consts::TAU), m.turn) > TURN {
                continue;
            }
            let off = mesh.map(m.form).distance(m.photo) / local;
            if off < OFF + DRIFT * far {
                next.push(k);
                squares += off * off;
            }
        }
        let done = next == inliers;
        let residual = (squares / next.len().max(1) as f64).sqrt();
        if next.len() < LEAST {
            return None;
        }
        place = Some(Place { mesh, inliers: next.clone(), residual });
        inliers = next;
        if done && round >= 4 {
            break;
        }
    }
    place.filter(|p| distinct(p.inliers.iter().map(|&k| matches[k].form)) >= LEAST)
}
