//! Landmarks learned: from sheets that were flattened, or from a form's print as it is drawn.
//!
//! In: flattened sheets, or a form. Out: [`Landmarks`]: corners that recur, each with the description that most of its
//! sheets give it. Refuses nothing: what does not recur is left out.

use super::apart;
use super::corners::{self, Corner, differ};
use crate::form::Form;
use crate::form::landmarks::{Bits, Landmark, Landmarks};
use crate::form::print::Canvas;
use crate::ground::geometry::Point;
use image::{GrayImage, Luma};
use std::collections::BTreeMap;
use std::f32::consts::TAU;

/// Pixels a millimetre at which landmarks are described: strokes are half a pixel wide, rows of text four pixels high.
pub const PX_PER_MM: f64 = 2.0;
/// The most landmarks of a form.
const MOST: usize = 1200;

/// The landmarks of a form: those of its file, or where it has none those of its print as it is drawn.
pub fn of(form: &Form) -> Landmarks {
    form.landmarks.clone().unwrap_or_else(|| drawn(form))
}

/// From the print as it is drawn, once sharp and once soft.
pub fn drawn(form: &Form) -> Landmarks {
    let (width, height) = form.frame;
    let mut canvas = Canvas::new(-3.0, -3.0, width + 6.0, height + 6.0, 4.0 * PX_PER_MM);
    canvas.constant(form);
    let grey = |v: f32| (235.0 - 190.0 * v.clamp(0.0, 1.0)).round() as u8;
    let (w, h) = canvas.ink.dimensions();
    let fine = GrayImage::from_fn(w, h, |x, y| Luma([grey(canvas.ink.get_pixel(x, y)[0])]));
    let sharp = corners::smaller(&fine, 0.25);
    let soft = corners::smaller(&corners::blur(&corners::blur(&fine)), 0.25);
    let origin = Point::new(-3.0 + 0.5 / PX_PER_MM, -3.0 + 0.5 / PX_PER_MM);
    learn(&[(sharp, origin), (soft, origin)], 0.5)
}

/// Within this distance corners of several sheets are one landmark, mm.
const SAME: f64 = 0.45;
/// And within this angle, radians.
const SAME_TURN: f32 = 0.4;

/// Learns what recurs on a share of sheets that were flattened to [`PX_PER_MM`], each with the form point (mm) of the
/// middle of its first pixel.
pub fn learn(sheets: &[(GrayImage, Point)], share: f64) -> Landmarks {
    struct Cluster {
        place: Point,
        angle: f32,
        members: Vec<(usize, Corner, Point)>,
    }
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut grid: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    let cell = |p: Point| ((p.x / SAME).floor() as i64, (p.y / SAME).floor() as i64);
    for (ix, (pixels, origin)) in sheets.iter().enumerate() {
        for corner in corners::find(pixels, usize::MAX) {
            let place = Point::new(
                origin.x + f64::from(corner.x) / PX_PER_MM,
                origin.y + f64::from(corner.y) / PX_PER_MM,
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
                .min_by(|&a, &b| {
                    clusters[a].place.distance(place).total_cmp(&clusters[b].place.distance(place))
                });
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
        let mean =
            |of: &dyn Fn(&(usize, Corner, Point)) -> f64| c.members.iter().map(of).sum::<f64>() / n as f64;
        let place = Point::new(mean(&|m| m.2.x), mean(&|m| m.2.y));
        let (s, k) = (mean(&|m| f64::from(m.1.angle).sin()), mean(&|m| f64::from(m.1.angle).cos()));
        let angle = (s.atan2(k) as f32).rem_euclid(TAU);
        // Often found, and alike where it is.
        let worth = n as f64 / sheets.len() as f64 * (1.0 - spread / 128.0).max(0.0);
        marks.push((worth, Landmark { place, angle, bits }));
    }
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    marks.truncate(MOST);
    Landmarks { px_per_mm: PX_PER_MM, marks: marks.into_iter().map(|m| m.1).collect() }
}
