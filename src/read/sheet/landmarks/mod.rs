//! Landmarks: what of a form's constant print is found again, and where a sheet lies by it.
//!
//! In: grey pixels and the [`Landmarks`] of known forms. Out: for each sheet that is seen a rough [`Mesh`], right to
//! about half a millimetre where landmarks were found. One mechanism tells the form, the page, which end is up and
//! what is visible; it needs no edge of the paper. Refuses (returns nothing for) what too few landmarks agree on.

pub(crate) mod consensus;
pub(crate) mod corners;
mod learn;

use crate::form::landmarks::{Bits, Landmark, Landmarks};
use crate::ground::geometry::Point;
use crate::read::sheet::Mesh;
use corners::{Corner, differ, smaller};
use image::GrayImage;
pub use learn::{PX_PER_MM, drawn, learn, of};
use std::f32::consts::TAU;

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
}

/// Corners of one level of a photo's pyramid.
pub(crate) struct Level {
    /// Photo pixels a pixel of this level, across and down.
    pub step: (f64, f64),
    /// Its corners.
    pub corners: Vec<Corner>,
}

impl Level {
    /// How large it is, as a share of the photo.
    pub fn share(&self) -> f64 {
        1.0 / self.scale()
    }

    /// Photo pixels a pixel of this level.
    fn scale(&self) -> f64 {
        (self.step.0 * self.step.1).sqrt()
    }

    /// A corner's place in the photo, px.
    fn place(&self, corner: &Corner) -> Point {
        let at = |v: f32, step: f64| (f64::from(v) + 0.5) * step - 0.5;
        Point::new(at(corner.x, self.step.0), at(corner.y, self.step.1))
    }
}

/// From one level of a pyramid to the next.
pub(crate) const RATIO: f64 = 0.8;

/// A photo at several sizes, made as they are asked for.
pub(crate) struct Pyramid<'a> {
    photo: &'a GrayImage,
    pictures: Vec<(f64, GrayImage)>,
}

impl<'a> Pyramid<'a> {
    /// Of a photo.
    pub fn new(photo: &'a GrayImage) -> Self {
        Self { photo, pictures: Vec::new() }
    }

    /// The level with `share` of the photo's sides, at most 1, and its clearest corners.
    pub fn level(&mut self, share: f64, most: usize) -> Level {
        // From the smallest that is at least a level larger: what is made smaller twice is softer.
        let larger = self.pictures.iter().filter(|p| p.0 * RATIO >= share * 0.999);
        let picture = match larger.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((of, picture)) => smaller(picture, share / of),
            None => smaller(self.photo, share),
        };
        let part = |whole: u32, part: u32| f64::from(whole) / f64::from(part);
        let step = (part(self.photo.width(), picture.width()), part(self.photo.height(), picture.height()));
        let corners = corners::find(&picture, most);
        self.pictures.push((share, picture));
        Level { step, corners }
    }
}

/// The least comparisons that have to differ more for the second most alike place.
const CLEAR: f64 = 0.85;
/// The most comparisons in which a corner and its landmark differ.
const MOST: u32 = 75;
/// From so many on one is no rival.
const FAR: u32 = (MOST as f64 / CLEAR) as u32;
/// Places nearer than this are one, mm.
const ONE_PLACE: f64 = 1.5;

/// The most of the first 64 comparisons in which a corner and a landmark differ that are looked at closely: chance has 32,
/// give or take 4, and what differs in 60 of 256 has 15.
const GLANCE: u32 = 18;

/// What looks like a landmark on a level.
pub(crate) fn matches(level: &Level, marks: &Landmarks, out: &mut Vec<Match>) {
    let firsts: Vec<u64> = marks.marks.iter().map(|m| m.bits[0]).collect();
    let mut close: Vec<(u32, &Landmark)> = Vec::new();
    for corner in &level.corners {
        close.clear();
        alike((&firsts, &marks.marks), &corner.bits, &mut close);
        let Some(&(best, mark)) = close.iter().min_by_key(|c| c.0).filter(|c| c.0 <= MOST) else { continue };
        let clear = f64::from(best) / CLEAR;
        let rival =
            |c: &(u32, &Landmark)| f64::from(c.0) < clear && c.1.place.distance(mark.place) > ONE_PLACE;
        if !close.iter().any(rival) {
            out.push(Match {
                photo: level.place(corner),
                form: mark.place,
                turn: (corner.angle - mark.angle).rem_euclid(TAU),
                scale: marks.px_per_mm * level.scale(),
            });
        }
    }
}

/// The landmarks, their first words beside them, that differ little from a description, and by how much. The same on every
/// machine; quick where it counts bits.
fn alike<'a>(marks: (&[u64], &'a [Landmark]), bits: &Bits, out: &mut Vec<(u32, &'a Landmark)>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("popcnt") {
        // SAFETY: the machine was asked whether it has the instructions.
        return unsafe { counted(marks, bits, out) };
    }
    compared(marks, bits, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn counted<'a>(marks: (&[u64], &'a [Landmark]), bits: &Bits, out: &mut Vec<(u32, &'a Landmark)>) {
    compared(marks, bits, out);
}

/// So many landmarks are glanced at together, most often none of them near: a bit each.
const TOGETHER: usize = u32::BITS as usize;

/// Without closures, which would be compiled for machines without the instructions.
#[inline(always)]
fn compared<'a>((firsts, marks): (&[u64], &'a [Landmark]), bits: &Bits, out: &mut Vec<(u32, &'a Landmark)>) {
    for (firsts, marks) in firsts.chunks(TOGETHER).zip(marks.chunks(TOGETHER)) {
        let mut near = 0u32;
        for (k, first) in firsts.iter().enumerate() {
            near |= u32::from((first ^ bits[0]).count_ones() <= GLANCE) << k;
        }
        while near != 0 {
            let mark = &marks[near.trailing_zeros() as usize];
            near &= near - 1;
            let differs = differ(bits, &mark.bits);
            if differs < FAR {
                out.push((differs, mark));
            }
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
            let ((ax, ay), down) = consensus::steps(mesh, mark.place);
            let local = consensus::scale((ax, ay), down);
            let turn = (ay.atan2(ax) as f32).rem_euclid(TAU);
            Expected { mark, at: mesh.map(mark.place), turn, local }
        })
        .collect();
    let mut sorted: Vec<f64> = expected.iter().map(|e| e.local).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(&side) = sorted.get(sorted.len() / 2) else { return Vec::new() };
    let side = NEAR * 2.0 * side.max(1.0);
    // Those of each square of the part of the photo that has corners.
    let places = levels.iter().flat_map(|level| level.corners.iter().map(|corner| level.place(corner)));
    let end = places.fold(Point::new(0.0, 0.0), |a, b| Point::new(a.x.max(b.x), a.y.max(b.y)));
    let cell = |p: Point| ((p.x / side).floor() as i64, (p.y / side).floor() as i64);
    let (across, down) = (cell(end).0 + 2, cell(end).1 + 2);
    let square = |(x, y): (i64, i64)| {
        let inside = (0..across).contains(&x) && (0..down).contains(&y);
        inside.then_some((y * across + x) as usize)
    };
    let mut grid: Vec<Vec<u32>> = vec![Vec::new(); (across * down) as usize];
    for (e, k) in expected.iter().zip(0..) {
        square(cell(e.at)).into_iter().for_each(|square| grid[square].push(k));
    }
    let mut out = Vec::new();
    for level in levels {
        let scale = marks.px_per_mm * level.scale();
        for corner in &level.corners {
            let place = level.place(corner);
            let (cx, cy) = cell(place);
            let near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (cx + dx, cy + dy)));
            let best = near
                .filter_map(square)
                .filter_map(|c| grid.get(c))
                .flatten()
                .map(|&k| &expected[k as usize])
                .filter(|e| {
                    let (x, y, most) = (e.at.x - place.x, e.at.y - place.y, NEAR * e.local);
                    x * x + y * y < most * most
                        && scale < 1.35 * e.local
                        && e.local < 1.35 * scale
                        && apart((corner.angle - e.mark.angle).rem_euclid(TAU), e.turn) < 0.45
                })
                .map(|e| (differ(&corner.bits, &e.mark.bits), e))
                .min_by_key(|b| b.0);
            if let Some((_, e)) = best.filter(|b| b.0 <= LIKE) {
                let turn = (corner.angle - e.mark.angle).rem_euclid(TAU);
                out.push(Match { photo: place, form: e.mark.place, turn, scale });
            }
        }
    }
    out
}

/// How far two directions are apart, radians.
pub(crate) fn apart(a: f32, b: f32) -> f32 {
    let d = (a - b).rem_euclid(TAU);
    d.min(TAU - d)
}
