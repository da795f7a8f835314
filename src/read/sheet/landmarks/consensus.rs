//! What matches agree on: where a sheet lies.
//!
//! In: matches of a photo with a form's landmarks. Out: a mesh and the matches that it rests on. A match alone tells
//! place, scale and turn; the one that most of its neighbours agree with is where a sheet is sought, and from there the
//! map grows along the paper, refitted as it reaches further. Refuses (gives `None`) fewer than [`LEAST`] that agree.

use super::{Match, apart};
use crate::ground::geometry::Point;
use crate::read::sheet::spline::{Field, Seen, Stiffness};
use crate::read::sheet::template::FINE;
use crate::read::sheet::{Mesh, Rung};
use std::collections::HashMap;

/// How far from a seed on the form its neighbours stand, mm.
const NEAR: f64 = 45.0;
/// Matches that have to agree.
pub(crate) const LEAST: usize = 8;
/// Places near one that have to agree with it; by chance a few do.
const SEED: usize = 6;
/// How far turns may differ, radians.
const TURN: f32 = 0.5;
/// How many times larger one may be seen than another.
const SIZES: f64 = 1.4;
/// How far a match may be from where the map puts it, mm.
const OFF: f64 = 1.0;
/// How much farther for each millimetre beyond what is known.
const DRIFT: f64 = 0.06;

/// How far beyond what is known a match may be that is taken, mm.
const FURTHER: f64 = 40.0;
/// Within so many mm a match has to have so many others.
const COMPANY: (f64, usize) = (15.0, 2);

/// Rounds in which the paper is stiff.
const STIFF: usize = 2;

/// Rounds in which a map grows from a seed at most.
const ROUNDS: usize = 14;

/// A place for a sheet.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Form to photo.
    pub mesh: Mesh,
    /// Which matches agree.
    pub inliers: Vec<usize>,
}

/// Finds the sheet that most matches agree on with one of those from `fresh` on; `ys` are the rungs' form y, `width` the
/// frame's. Also how many places agree with the one that most do, sheet or not.
pub(crate) fn find(matches: &[Match], fresh: usize, ys: &[f64], width: f64) -> (Option<Place>, usize) {
    let shelves = Shelves::of(matches);
    let support = |m: &Match| -> Vec<usize> {
        let (sin, cos) = f64::from(m.turn).sin_cos();
        let agrees = |o: &Match| {
            let (dx, dy) = (o.form.x - m.form.x, o.form.y - m.form.y);
            if dx.abs() > NEAR || dy.abs() > NEAR {
                return false;
            }
            let far = (dx * dx + dy * dy).sqrt();
            if far > NEAR
                || apart(o.turn, m.turn) > TURN
                || o.scale > SIZES * m.scale
                || m.scale > SIZES * o.scale
            {
                return false;
            }
            let s = (m.scale * o.scale).sqrt();
            // Along the way the scale is only known to a tenth.
            let want = (s * (dx * cos - dy * sin), s * (dx * sin + dy * cos));
            let (x, y) = (o.photo.x - m.photo.x - want.0, o.photo.y - m.photo.y - want.1);
            let most = s * (0.8 + 0.15 * far);
            x * x + y * y < most * most
        };
        let mut with: Vec<usize> = shelves.near(m).filter(|&k| agrees(&matches[k])).collect();
        with.sort_unstable();
        with
    };
    let mut best: Vec<usize> = Vec::new();
    let mut worth = 0usize;
    for m in &matches[fresh..] {
        let with = support(m);
        if with.len() > worth {
            let places = distinct(with.iter().map(|&k| matches[k].form));
            if places > worth {
                (best, worth) = (with, places);
            }
        }
    }
    let place = if worth < SEED { None } else { grow(matches, best, (ys, width), ROUNDS) };
    (place, worth)
}

/// Matches by turn, size and height on the form: those that may agree with one lie on its shelf or one beside it.
struct Shelves(HashMap<(i64, i64, i64), Vec<usize>>);

impl Shelves {
    /// Shelves of turn all around, each wider than [`TURN`].
    const TURNS: i64 = 12;

    fn of(matches: &[Match]) -> Self {
        let mut shelves: HashMap<_, Vec<usize>> = HashMap::new();
        for (k, m) in matches.iter().enumerate() {
            shelves.entry(Self::shelf(m)).or_default().push(k);
        }
        Self(shelves)
    }

    fn shelf(m: &Match) -> (i64, i64, i64) {
        let turn = f64::from(m.turn) / std::f64::consts::TAU * Self::TURNS as f64;
        let floor = |v: f64| v.floor() as i64;
        (floor(turn).rem_euclid(Self::TURNS), floor(m.scale.ln() / SIZES.ln()), floor(m.form.y / NEAR))
    }

    /// All on the shelves about one, in no order.
    fn near(&self, m: &Match) -> impl Iterator<Item = usize> {
        let (turn, size, y) = Self::shelf(m);
        let about = || -1..=1;
        let shelves = about().flat_map(move |a| about().flat_map(move |b| about().map(move |c| (a, b, c))));
        let all = shelves
            .filter_map(move |(a, b, c)| self.0.get(&((turn + a).rem_euclid(Self::TURNS), size + b, y + c)));
        all.flatten().copied()
    }
}

/// How many places there are among points, those within a millimetre being one.
fn distinct(points: impl Iterator<Item = Point>) -> usize {
    let mut cells: Vec<(i64, i64)> = points.map(|p| (p.x.round() as i64, p.y.round() as i64)).collect();
    cells.sort_unstable();
    cells.dedup();
    cells.len()
}

/// The map through some matches, grown to all that agree with it: of flat paper in a camera, and how far the paper is
/// from that.
pub(crate) fn grow(
    matches: &[Match],
    seed: Vec<usize>,
    (ys, width): (&[f64], f64),
    rounds: usize,
) -> Option<Place> {
    let middle = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let typical = middle(&mut seed.iter().map(|&k| matches[k].scale).collect());
    let mut inliers = seed;
    let mut place: Option<Place> = None;
    for round in 0..rounds {
        let pairs: Vec<(Point, Point)> =
            inliers.iter().map(|&k| (matches[k].form, matches[k].photo)).collect();
        let flat = Plane::through(&pairs, typical)?;
        let mesh =
            bent(&flat, &pairs, ys, width, if round < STIFF && rounds > STIFF + 1 { 30.0 } else { 8.0 })?;
        let mut known: Vec<f64> = pairs.iter().map(|p| p.0.y).collect();
        known.sort_by(f64::total_cmp);
        let beyond = |y: f64| {
            let at = known.partition_point(|&k| k < y);
            let before = at.checked_sub(1).map_or(f64::MAX, |j| y - known[j]);
            let after = known.get(at).map_or(f64::MAX, |k| k - y);
            before.min(after)
        };
        let mut next: Vec<usize> = Vec::new();
        for (k, m) in matches.iter().enumerate() {
            let far = beyond(m.form.y);
            if far > FURTHER {
                continue;
            }
            let ((ax, ay), down) = steps(&mesh, m.form);
            let local = scale((ax, ay), down);
            if m.scale > 1.7 * local || local > 1.7 * m.scale {
                continue;
            }
            let turn = (ay.atan2(ax) as f32).rem_euclid(std::f32::consts::TAU);
            if apart(turn, m.turn) > TURN {
                continue;
            }
            let off = mesh.map(m.form).distance(m.photo) / local;
            if off < OFF + DRIFT * far {
                next.push(k);
            }
        }
        // One far from all others is chance.
        let mut seen: Vec<f64> = next.iter().map(|&k| matches[k].form.y).collect();
        seen.sort_by(f64::total_cmp);
        let company = |y: f64| {
            let from = seen.partition_point(|&s| s < y - COMPANY.0);
            seen.partition_point(|&s| s <= y + COMPANY.0) - from > COMPANY.1
        };
        next.retain(|&k| company(matches[k].form.y));
        let done = next == inliers;
        if next.len() < LEAST {
            return None;
        }
        place = Some(Place { mesh, inliers: next.clone() });
        inliers = next;
        if done && (round >= STIFF || rounds <= STIFF + 1) {
            break;
        }
    }
    place.filter(|p| distinct(p.inliers.iter().map(|&k| matches[k].form)) >= LEAST)
}

/// Photo pixels a millimetre where one to the right and one down are these [`steps`].
pub(crate) fn scale((ax, ay): (f64, f64), (dx, dy): (f64, f64)) -> f64 {
    (ax * dy - ay * dx).abs().sqrt().max(1e-6)
}

/// What a millimetre to the right and one down are at a form point, photo px.
pub(crate) fn steps(mesh: &Mesh, p: Point) -> ((f64, f64), (f64, f64)) {
    let at = |y: f64| mesh.map(Point::new(p.x, p.y + y));
    let ([l, r], u, d) = (mesh.across(p.y, [p.x - 0.5, p.x + 0.5]), at(-0.5), at(0.5));
    ((r.x - l.x, r.y - l.y), (d.x - u.x, d.y - u.y))
}

/// The mesh of a plane, bent through the pairs.
pub(crate) fn bent(
    flat: &Plane,
    pairs: &[(Point, Point)],
    ys: &[f64],
    width: f64,
    bend: f64,
) -> Option<Mesh> {
    // Distances in millimetres of the form where they are: far parts of the paper are small in the photo.
    let off: Vec<(Point, Point)> = pairs
        .iter()
        .map(|&(form, photo)| {
            let (unit, at) = (FINE / flat.px_per_mm(form), flat.map(form));
            (form, Point::new((photo.x - at.x) * unit, (photo.y - at.y) * unit))
        })
        .collect();
    let of = |value: fn(Point) -> f64| -> Vec<Seen> {
        off.iter().map(|&(form, by)| Seen::new(form, value(by), 1.0)).collect()
    };
    let u = Field::through(ys, width, &of(|p| p.x), Stiffness::flat(bend))?;
    let v = Field::through(ys, width, &of(|p| p.y), Stiffness::flat(bend))?;
    let at = |x: f64, y: f64| {
        let form = Point::new(x, y);
        let (p, unit) = (flat.map(form), flat.px_per_mm(form) / FINE);
        Point::new(p.x + u.at(form) * unit, p.y + v.at(form) * unit)
    };
    let rungs = ys.iter().map(|&y| Rung { y, points: [0.0, width / 2.0, width].map(|x| at(x, y)) });
    Some(Mesh { width, rungs: rungs.collect() })
}

/// A plane seen by a camera: form mm to photo px.
pub(crate) struct Plane {
    h: [f64; 8],
    /// The form point that is the origin, and the unit on the form, mm.
    from: (Point, f64),
    /// The same in the photo, px.
    to: (Point, f64),
}

impl Plane {
    fn map(&self, p: Point) -> Point {
        let (x, y) = ((p.x - self.from.0.x) / self.from.1, (p.y - self.from.0.y) / self.from.1);
        let h = &self.h;
        // Behind the horizon there is no paper; far outside of all that is asked for.
        let w = (h[6] * x + h[7] * y + 1.0).max(0.05);
        let (u, v) = ((h[0] * x + h[1] * y + h[2]) / w, (h[3] * x + h[4] * y + h[5]) / w);
        Point::new(self.to.0.x + u * self.to.1, self.to.0.y + v * self.to.1)
    }

    fn px_per_mm(&self, p: Point) -> f64 {
        let at = |x: f64, y: f64| self.map(Point::new(p.x + x, p.y + y));
        let (l, r, u, d) = (at(-0.5, 0.0), at(0.5, 0.0), at(0.0, -0.5), at(0.0, 0.5));
        ((r.x - l.x) * (d.y - u.y) - (r.y - l.y) * (d.x - u.x)).abs().sqrt().max(1e-6)
    }

    /// The plane nearest to the pairs: direct linear transform (Hartley & Zisserman 2004), weighted anew where a pair is
    /// far off. What the pairs do not tell stays as in a picture taken from straight above.
    pub fn through(pairs: &[(Point, Point)], scale: f64) -> Option<Plane> {
        let n = pairs.len() as f64;
        let mean = |of: &dyn Fn(&(Point, Point)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
        let from = (Point::new(mean(&|p| p.0.x), mean(&|p| p.0.y)), 50.0);
        let to = (Point::new(mean(&|p| p.1.x), mean(&|p| p.1.y)), 50.0 * scale);
        let mut weights = vec![1.0f64; pairs.len()];
        let mut plane = None;
        for _ in 0..3 {
            let mut a = [[0.0f64; 9]; 8];
            for (&(p, q), &weight) in pairs.iter().zip(&weights) {
                let (x, y) = ((p.x - from.0.x) / from.1, (p.y - from.0.y) / from.1);
                let (u, v) = ((q.x - to.0.x) / to.1, (q.y - to.0.y) / to.1);
                for row in [
                    [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u],
                    [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v],
                ] {
                    for i in 0..8 {
                        for j in 0..9 {
                            a[i][j] += weight * row[i] * row[j];
                        }
                    }
                }
            }
            // No perspective but what is seen: three hundredths of a pair's word against it.
            for (i, row) in a.iter_mut().enumerate().skip(6) {
                row[i] += 0.03;
            }
            let h = solve(a)?;
            let fit = Plane { h, from, to };
            let off: Vec<f64> =
                pairs.iter().map(|&(p, q)| fit.map(p).distance(q) / fit.px_per_mm(p)).collect();
            let mut sorted = off.clone();
            sorted.sort_by(f64::total_cmp);
            let limit = 4.685 * (1.4826 * sorted[sorted.len() / 2]).max(0.3);
            for (w, r) in weights.iter_mut().zip(&off) {
                let z = r / limit;
                *w = if z < 1.0 { (1.0 - z * z).powi(2) } else { 0.0 };
            }
            plane = Some(fit);
        }
        plane
    }
}

/// Solves eight equations, the right side last; `None` where they do not tell.
fn solve(mut a: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for k in 0..8 {
        let pivot = (k..8).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs()))?;
        a.swap(k, pivot);
        if a[k][k].abs() < 1e-12 {
            return None;
        }
        let row = a[k];
        for (i, other) in a.iter_mut().enumerate() {
            if i != k {
                let f = other[k] / row[k];
                for (o, r) in other.iter_mut().zip(&row).skip(k) {
                    *o -= f * r;
                }
            }
        }
    }
    Some(std::array::from_fn(|k| a[k][8] / a[k][k]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a tilted sheet of 60 x 300 mm has a form point, with a bend.
    fn way(p: Point) -> Point {
        let w = 1.0 + 0.001 * p.y;
        let bend = 2.0 * (p.y / 60.0).sin();
        Point::new(300.0 + 8.0 * (p.x + bend) / w, 100.0 + 8.0 * p.y / w)
    }

    /// Matches at places all over the sheet, of which so many of ten are wrong.
    fn matches(wrong: u32) -> Vec<Match> {
        let mut state = 3u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1u32 << 24)
        };
        (0..300u32)
            .map(|k| {
                let form = Point::new(60.0 * next(), 300.0 * next());
                let stray = Point::new(1000.0 * next(), 2600.0 * next());
                let (photo, turn) = match k % 10 < wrong {
                    true => (stray, std::f32::consts::TAU * next() as f32),
                    false => (way(form), 0.0),
                };
                Match { photo, form, turn, scale: 7.0 }
            })
            .collect()
    }

    fn ys() -> Vec<f64> {
        (0..=60).map(|i| f64::from(i) * 5.0).collect()
    }

    #[test]
    fn a_bent_sheet_is_found_though_half_of_the_matches_are_wrong() {
        let found = find(&matches(5), 0, &ys(), 60.0).0.unwrap();
        for p in [(10.0, 20.0), (50.0, 150.0), (30.0, 280.0)].map(|(x, y)| Point::new(x, y)) {
            let off = found.mesh.map(p).distance(way(p)) / 7.0;
            assert!(off < 0.5, "{p:?}: {off} mm");
        }
    }

    #[test]
    fn matches_that_agree_on_nothing_are_no_sheet() {
        assert!(find(&matches(10), 0, &ys(), 60.0).0.is_none());
        let few: Vec<Match> = matches(0).into_iter().take(LEAST - 1).collect();
        assert!(find(&few, 0, &ys(), 60.0).0.is_none());
    }
}
