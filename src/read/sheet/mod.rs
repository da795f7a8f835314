//! The sheet in the photo: where every millimetre of the form stands in the pixels.
//!
//! In: a photo's pixels and the known forms. Out: a [`Sheet`] a strip, with its mesh and how well
//! the printed anchors sit. Refuses (returns nothing for) strips whose anchors do not sit: what is
//! not registered is not read.
//!
//! Steps, each in its file: [`ribbon`] finds the paper and [`prints`] bands of print, [`unroll`] flattens
//! them to a small even work picture, [`level`] turns it along its rows, [`coarse`] aligns the form's
//! print to it along the strip, [`start`] gives each row a first place, [`refine`] places each printed
//! anchor ([`observe`], [`correlate`]) and the words ([`middles`]) and fits the [`Mesh`] through all of
//! them ([`spline`]), [`grow`] goes on from there to what the ribbon missed and follows the paper's bends,
//! [`follow`] goes up the header's lines.

mod correlate;
mod follow;
mod register;
pub(crate) mod landmarks;
mod mesh;
mod middles;
mod fit;
mod flat;
mod spline;
mod template;
mod terms;

pub use mesh::{Mesh, Rung};
pub use template::Template;

use crate::ground::geometry::Point;
use image::GrayImage;

/// A sheet found in a photo.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Index of the form among those given.
    pub form: usize,
    /// Form millimetres to photo pixels.
    pub mesh: Mesh,
    /// Registration score: mean correlation of the anchors with their print, 0 to 1.
    pub score: f64,
    /// Root mean square distance of the anchors from where the mesh puts them, mm.
    pub residual: f64,
    /// Share of the form's anchors that were found, 0 to 1.
    pub anchors: f64,
    /// Form y range, mm, whose print was found in the photo: what lies outside is not read.
    pub visible: (f64, f64),
    /// Form y of every anchor that was found and its distance from where the mesh puts it, mm, by y.
    pub anchored: Vec<(f64, f64)>,
    /// The longest run of anchors that fit the print of the next row, or the one before, better than
    /// their own.
    pub mistaken: usize,
}

/// How far from a row its anchors may be to speak for it, mm: three rows either way.
const NEAR: f64 = 16.0;

/// How many anchors have to be found within [`NEAR`]. A row has two, its name and its words; between
/// headings that are covered, three rows are left.
const SUPPORT: usize = 3;

/// What a row's residual counts as where no anchor tells it, mm: a row pitch.
const ASTRAY: f64 = 4.0;

impl Sheet {
    fn near(&self, y: f64) -> &[(f64, f64)] {
        let from = self.anchored.partition_point(|a| a.0 < y - NEAR);
        let to = self.anchored.partition_point(|a| a.0 <= y + NEAR);
        &self.anchored[from..to]
    }

    /// Whether the print around form y was found in the photo, so that what stands there can be read.
    pub fn shows(&self, y: f64) -> bool {
        y >= self.visible.0 && y <= self.visible.1 && self.near(y).len() >= SUPPORT
    }

    /// Root mean square distance of the anchors around form y from where the mesh puts them, mm.
    pub fn residual_at(&self, y: f64) -> f64 {
        let near = self.near(y);
        if near.len() < SUPPORT {
            return ASTRAY;
        }
        (near.iter().map(|a| a.1 * a.1).sum::<f64>() / near.len() as f64).sqrt()
    }
}

/// The least share of anchors with which a strip counts as a sheet of the form (not measured: at
/// chance below 0.1, at whole sheets above 0.8; a quarter of a sheet reaches 0.25).
const MIN_ANCHORS: f64 = 0.15;

/// Of a photo's own size: the levels of its pyramid that are looked at first, and those that are when nothing was found;
/// the largest, and how many. A landmark's 2 px a millimetre are reached from 85 dpi up.
const SIZES: [(f64, usize); 2] = [(0.25, 4), (0.61, 4)];
/// The most corners of a level.
const CORNERS: usize = 4000;

/// Finds the sheets of a photo.
///
/// `templates` are those of the known forms, in their order. The result is empty when no strip fits
/// any form; the sheets stand from left to right, then from top to bottom.
pub fn locate(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    for (largest, count) in SIZES {
        let levels = landmarks::levels(pixels, largest, count, CORNERS);
        for (form, template) in templates.iter().enumerate() {
            let mut matches = Vec::new();
            levels.iter().for_each(|level| landmarks::matches(level, &template.landmarks, &mut matches));
            let ys: Vec<f64> = fit::rung_ys(template);
            while let Some(place) = landmarks::consensus::find(&matches, &ys, template.frame.0) {
                let (mesh, known) = closely(&levels, template, &matches, &place, &ys);
                let found = register::register(pixels, (template, form), mesh, known)
                    .filter(|s| s.anchors >= MIN_ANCHORS);
                let mut inlier = vec![false; matches.len()];
                place.inliers.iter().for_each(|&k| inlier[k] = true);
                // What lies on the sheet is of no other one.
                let on = |m: &landmarks::Match| {
                    found.as_ref().is_some_and(|s| register::on_strip(&s.mesh, s.visible, 20.0, m.photo))
                };
                let rest = matches.iter().zip(inlier).filter(|(m, inlier)| !inlier && !on(m));
                matches = rest.map(|(m, _)| *m).collect();
                let Some(sheet) = found else { continue };
                if sheets.iter().any(|s| s.anchors >= sheet.anchors && overlap(s, &sheet)) {
                    continue;
                }
                sheets.retain(|s| !overlap(&sheet, s));
                sheets.push(sheet);
            }
        }
        if !sheets.is_empty() {
            break;
        }
    }
    let mut sheets: Vec<Sheet> = sheets.into_iter().map(|s| settle(pixels, &templates[s.form], s)).collect();
    sheets.sort_by(|a, b| {
        let (p, q) = (middle(a), middle(b));
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y))
    });
    sheets
}

/// A place made exact with what looks like a landmark where it puts one; the form y between which it is known.
fn closely(
    levels: &[landmarks::Level],
    template: &Template,
    matches: &[landmarks::Match],
    place: &landmarks::consensus::Place,
    ys: &[f64],
) -> (Mesh, (f64, f64)) {
    let ends = |matches: &[landmarks::Match], inliers: &[usize]| {
        let ys = || inliers.iter().map(|&k| matches[k].form.y);
        (ys().fold(f64::MAX, f64::min), ys().fold(f64::MIN, f64::max))
    };
    let (mut mesh, mut known) = (place.mesh.clone(), ends(matches, &place.inliers));
    for _ in 0..GUIDED {
        let near = landmarks::guided(levels, &template.landmarks, &mesh, known);
        let all = (0..near.len()).collect();
        let Some(again) = landmarks::consensus::grow(&near, all, ys, template.frame.0) else { break };
        let ends = ends(&near, &again.inliers);
        let more = ends.0 < known.0 - 5.0 || ends.1 > known.1 + 5.0;
        (mesh, known) = (again.mesh, ends);
        if !more {
            break;
        }
    }
    (mesh, known)
}

/// How often landmarks are sought where they should be, as long as more of the sheet is seen.
const GUIDED: usize = 12;

/// What is done once a sheet is found: its bends followed, in the frame and above it.
fn settle(pixels: &GrayImage, template: &Template, sheet: Sheet) -> Sheet {
    follow::follow(pixels, template, sheet)
}

/// The middle of a sheet's frame in the photo.
fn middle(sheet: &Sheet) -> Point {
    let y = (sheet.visible.0 + sheet.visible.1) / 2.0;
    sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y))
}

/// Whether `b` is of the strip that `a` is of: half of its visible middle line lies on what `a` shows.
fn overlap(a: &Sheet, b: &Sheet) -> bool {
    let line = |i: i32| {
        let y = b.visible.0 + (b.visible.1 - b.visible.0) * f64::from(i) / 20.0;
        b.mesh.map(Point::new(b.mesh.width / 2.0, y))
    };
    (0..=20).filter(|&i| register::on_strip(&a.mesh, a.visible, 20.0, line(i))).count() > 8
}
