//! Landmarks: what of a form's constant print is found again, and where a sheet lies by it.
//!
//! In: grey pixels and the [`Landmarks`] of known forms. Out: for each sheet that is seen a rough [`Mesh`], right to
//! about half a millimetre where landmarks were found. One mechanism tells the form, the page, which end is up and
//! what is visible; it needs no edge of the paper. Refuses (returns nothing for) what too few landmarks agree on.

pub(crate) mod consensus;
pub(crate) mod corners;
mod file;

use crate::ground::geometry::Point;
use corners::{Bits, Corner, differ, smaller};
use crate::read::sheet::Mesh;
use image::GrayImage;
use std::collections::BTreeMap;
use std::f32::consts::TAU;

/// A corner of constant print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmark {
    /// Its place on the form, mm.
    pub place: Point,
    /// Which way its brightness lies, radians.
    pub angle: f32,
    /// What stands around it.
    pub bits: Bits,
}

/// The landmarks of a form at one resolution.
#[derive(Debug, Clone)]
pub struct Landmarks {
    /// Pixels a millimetre at which they were described.
    pub px_per_mm: f64,
    /// The landmarks.
    pub marks: Vec<Landmark>,
}

/// A corner of the photo that looks like a landmark.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Match {
    /// Place in the photo, px.
    pub photo: Point,
    /// Place on the form, mm.
    pub form: Point,
    /// How much the photo is turned against the form there, radians from 0 to a turn.
    pub turn: f32,
    /// Photo pixels a millimetre, by the level of the pyramid.
    pub scale: f64,
    /// How many comparisons differ.
    pub differ: u32,
}

/// Corners of one level of a photo's pyramid.
pub(crate) struct Level {
    /// Photo pixels a pixel of this level, across and down.
    pub step: (f64, f64),
    /// Its corners.
    pub corners: Vec<Corner>,
}

impl Level {
    /// A corner's place in the photo, px.
    fn place(&self, corner: &Corner) -> Point {
        let at = |v: f32, step: f64| (f64::from(v) + 0.5) * step - 0.5;
        Point::new(at(corner.x, self.step.0), at(corner.y, self.step.1))
    }
}

/// From one level of a pyramid to the next.
pub(crate) const RATIO: f64 = 0.8;

/// The corners of a photo at several sizes: from `largest` of its own down, as many as `levels`.
pub(crate) fn levels(pixels: &GrayImage, largest: f64, levels: usize, most: usize) -> Vec<Level> {
    let mut out = Vec::new();
    let mut picture = smaller(pixels, largest);
    for k in 0..levels {
        if k > 0 {
            picture = smaller(&picture, RATIO);
        }
        let share = |whole: u32, part: u32| f64::from(whole) / f64::from(part);
        let step = (share(pixels.width(), picture.width()), share(pixels.height(), picture.height()));
        out.push(Level { step, corners: corners::find(&picture, most) });
    }
    out
}

/// The least comparisons that have to differ more for the second most alike place.
const CLEAR: f64 = 0.85;
/// The most comparisons in which a corner and its landmark differ.
const MOST: u32 = 75;
/// Places nearer than this are one, mm.
const ONE_PLACE: f64 = 1.5;

/// What looks like a landmark on a level.
pub(crate) fn matches(level: &Level, marks: &Landmarks, out: &mut Vec<Match>) {
    for corner in &level.corners {
        let (mut best, mut at) = (u32::MAX, 0usize);
        for (k, mark) in marks.marks.iter().enumerate() {
            let d = differ(&corner.bits, &mark.bits);
            if d < best {
                (best, at) = (d, k);
            }
        }
        if best > MOST {
            continue;
        }
        let mark = &marks.marks[at];
        let near = f64::from(best) / CLEAR;
        let rival = marks.marks.iter().any(|m| {
            f64::from(differ(&corner.bits, &m.bits)) < near && m.place.distance(mark.place) > ONE_PLACE
        });
        if !rival {
            out.push(Match {
                photo: level.place(corner),
                form: mark.place,
                turn: (corner.angle - mark.angle).rem_euclid(TAU),
                scale: marks.px_per_mm * (level.step.0 * level.step.1).sqrt(),
                differ: best,
            });
        }
    }
}

/// How far from where a map puts it a landmark's corner may be, mm, near what is known.
const NEAR: f64 = 2.0;
/// The most comparisons in which they differ: chance has 128, its best of a few near ones 105.
const LIKE: u32 = 70;

/// What looks like a landmark where a mesh puts it: each corner with the most alike landmark of those near it. The mesh is
/// known from one form y to another.
pub(crate) fn guided(levels: &[Level], marks: &Landmarks, mesh: &Mesh, known: (f64, f64)) -> Vec<Match> {
    let reach = (known.0 - 25.0, known.1 + 25.0);
    struct Expected<'a> {
        mark: &'a Landmark,
        at: Point,
        turn: f32,
        local: f64,
    }
    let expected: Vec<Expected<'_>> = marks
        .marks
        .iter()
        .filter(|m| m.place.y >= reach.0 && m.place.y <= reach.1)
        .map(|mark| {
            let ((ax, ay), (dx, dy)) = consensus::steps(mesh, mark.place);
            let local = (ax * dy - ay * dx).abs().sqrt();
            Expected { mark, at: mesh.map(mark.place), turn: ay.atan2(ax) as f32, local }
        })
        .collect();
    let mut sorted: Vec<f64> = expected.iter().map(|e| e.local).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(&side) = sorted.get(sorted.len() / 2) else { return Vec::new() };
    let side = NEAR * 2.0 * side.max(1.0);
    let cell = |p: Point| ((p.x / side).floor() as i64, (p.y / side).floor() as i64);
    let mut grid: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (k, e) in expected.iter().enumerate() {
        grid.entry(cell(e.at)).or_default().push(k);
    }
    let mut out = Vec::new();
    for level in levels {
        let scale = marks.px_per_mm * (level.step.0 * level.step.1).sqrt();
        for corner in &level.corners {
            let place = level.place(corner);
            let (cx, cy) = cell(place);
            let near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cx + dx, cy + dy)));
            let best = near
                .filter_map(|c| grid.get(&c))
                .flatten()
                .map(|&k| &expected[k])
                .filter(|e| {
                    e.at.distance(place) < NEAR * e.local
                        && scale < 1.35 * e.local
                        && e.local < 1.35 * scale
                        && apart((corner.angle - e.mark.angle).rem_euclid(TAU), e.turn.rem_euclid(TAU)) < 0.45
                })
                .map(|e| (differ(&corner.bits, &e.mark.bits), e))
                .min_by_key(|b| b.0);
            if let Some((differ, e)) = best.filter(|b| b.0 <= LIKE) {
                let turn = (corner.angle - e.mark.angle).rem_euclid(TAU);
                out.push(Match { photo: place, form: e.mark.place, turn, scale, differ });
            }
        }
    }
    out
}

/// Within this distance corners of several sheets are one landmark, mm.
const SAME: f64 = 0.45;
/// And within this angle, radians.
const SAME_TURN: f32 = 0.4;

impl Landmarks {
    /// Learns what recurs on sheets that were flattened to `px_per_mm`, each with the form point (mm) of the middle of
    /// its first pixel.
    pub fn learn(sheets: &[(GrayImage, Point)], px_per_mm: f64, share: f64, most: usize) -> Self {
        struct Cluster {
            place: Point,
            angle: f32,
            members: Vec<(usize, Corner, Point)>,
        }
        let mut clusters: Vec<Cluster> = Vec::new();
        let mut grid: std::collections::BTreeMap<(i64, i64), Vec<usize>> = std::collections::BTreeMap::new();
        let cell = |p: Point| ((p.x / SAME).floor() as i64, (p.y / SAME).floor() as i64);
        for (ix, (pixels, origin)) in sheets.iter().enumerate() {
            for corner in corners::find(pixels, usize::MAX) {
                let place = Point::new(
                    origin.x + f64::from(corner.x) / px_per_mm,
                    origin.y + f64::from(corner.y) / px_per_mm,
                );
                let (cx, cy) = cell(place);
                let near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cx + dx, cy + dy)));
                let like = near
                    .filter_map(|c| grid.get(&c))
                    .flatten()
                    .copied()
                    .filter(|&k| {
                        let c: &Cluster = &clusters[k];
                        c.place.distance(place) < SAME
                            && apart(c.angle, corner.angle) < SAME_TURN
                            && c.members.iter().all(|m| m.0 != ix)
                    })
                    .min_by(|&a, &b| clusters[a].place.distance(place).total_cmp(&clusters[b].place.distance(place)));
                match like {
                    Some(k) => clusters[k].members.push((ix, corner, place)),
                    None => {
                        grid.entry((cx, cy)).or_default().push(clusters.len());
                        clusters.push(Cluster { place, angle: corner.angle, members: vec![(ix, corner, place)] });
                    }
                }
            }
        }
        let needed = (share * sheets.len() as f64).ceil().max(1.0) as usize;
        let mut marks: Vec<(f64, Landmark)> = Vec::new();
        for c in clusters.iter().filter(|c| c.members.len() >= needed) {
            let n = c.members.len();
            let mut bits: Bits = [0; 4];
            for i in 0..256 {
                let set = c.members.iter().filter(|m| m.1.bits[i / 64] >> (i % 64) & 1 == 1).count();
                bits[i / 64] |= u64::from(2 * set > n) << (i % 64);
            }
            let spread = c.members.iter().map(|m| f64::from(differ(&m.1.bits, &bits))).sum::<f64>() / n as f64;
            let mean = |of: &dyn Fn(&(usize, Corner, Point)) -> f64| c.members.iter().map(of).sum::<f64>() / n as f64;
            let place = Point::new(mean(&|m| m.2.x), mean(&|m| m.2.y));
            let (s, k) = (mean(&|m| f64::from(m.1.angle).sin()), mean(&|m| f64::from(m.1.angle).cos()));
            let angle = (s.atan2(k) as f32).rem_euclid(TAU);
            // Often found, and alike where it is.
            let worth = n as f64 / sheets.len() as f64 * (1.0 - spread / 128.0).max(0.0);
            marks.push((worth, Landmark { place, angle, bits }));
        }
        marks.sort_by(|a, b| b.0.total_cmp(&a.0));
        marks.truncate(most);
        Self { px_per_mm, marks: marks.into_iter().map(|m| m.1).collect() }
    }
}

/// How far two directions are apart, radians.
pub(crate) fn apart(a: f32, b: f32) -> f32 {
    let d = (a - b).rem_euclid(TAU);
    d.min(TAU - d)
}
