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

mod coarse;
mod correlate;
mod follow;
mod grow;
mod level;
mod mesh;
mod middles;
mod observe;
mod prints;
mod refine;
mod ribbon;
mod spline;
mod start;
mod template;
mod trace;
mod unroll;

pub use mesh::{Mesh, Rung};
pub use template::Template;

use crate::ground::deadline;
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

/// Coarse score from which a strip is not tried from its other end. Not measured: all 42 scans register
/// upright with it, and turned samples are found.
const CERTAIN: f64 = 0.45;

/// Anchors from which a strip is not tried along another ribbon (not measured: the 42 scans have 0.85
/// to 1).
const SETTLED: f64 = 0.8;

/// Coarse score from which the rows of a strip are level enough (not measured: the scan looked at has 1.0,
/// photos 0.2 to 0.7).
const LEVEL: f64 = 0.8;

/// What a band of print is tried wider and narrower: its window blurs a narrow strip to twice its width,
/// and it may be the words alone.
const WIDTHS: [f64; 6] = [0.8, 0.65, 1.25, 1.6, 2.0, 0.5];

/// Finds the sheets of a photo.
///
/// `templates` are those of the known forms, in their order. The result is empty when no strip fits
/// any form; the sheets stand from left to right, then from top to bottom.
pub fn locate(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let mut sheets: Vec<Sheet> = Vec::new();
    let ribbon::Ribbons { strips, prints } = ribbon::find(pixels);
    // A band of print along a sheet that nothing else told is tried as wide as its paper may be.
    let hidden = WIDTHS.iter().flat_map(|&times| prints.iter().map(move |p| p.wider(times)));
    let last_resort = strips.len();
    for (count, ribbon) in strips.into_iter().chain(hidden).enumerate() {
        deadline::check();
        if count >= last_resort && !sheets.is_empty() {
            break;
        }
        if sheets.iter().any(|s| s.anchors >= SETTLED && covers(s, &ribbon)) {
            continue;
        }
        let Some(sheet) = register(pixels, &ribbon, templates) else { continue };
        let sheet = grow::grow(pixels, &templates[sheet.form], sheet);
        if sheets.iter().any(|s| s.anchors >= sheet.anchors && overlap(s, &sheet)) {
            continue;
        }
        sheets.retain(|s| !overlap(&sheet, s));
        sheets.push(sheet);
    }
    let mut sheets: Vec<Sheet> = sheets.into_iter().map(|s| settle(pixels, &templates[s.form], s)).collect();
    sheets.sort_by(|a, b| {
        let (p, q) = (middle(a), middle(b));
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y))
    });
    sheets
}

/// What is done once a sheet is found: its bends followed, in the frame and above it.
fn settle(pixels: &GrayImage, template: &Template, sheet: Sheet) -> Sheet {
    follow::follow(pixels, template, grow::settle(pixels, template, sheet))
}

/// Registers the strip along a ribbon.
fn register(pixels: &GrayImage, ribbon: &trace::Ribbon, templates: &[Template]) -> Option<Sheet> {
    let flat = unroll::unroll(pixels, ribbon)?;
    let fits = |work: unroll::Work| either_end(work, templates);
    let best = fits(flat.clone());
    // Rows that run askew spoil the alignment; those of a straight strip need no second look.
    let level = match &best {
        Some((_, alignment, _)) if alignment.score >= LEVEL => None,
        _ => level::level(&flat, ribbon).and_then(|turned| unroll::unroll(pixels, &turned)).and_then(fits),
    };
    let worth = |fit: &Fit| fit.1.score;
    let (work, alignment, ix) = match (best, level) {
        (Some(a), Some(b)) if worth(&b) > worth(&a) => b,
        (Some(a), _) => a,
        (None, b) => b?,
    };
    grow::as_it_lies(|detail| refine::refine(&work, &templates[ix], &alignment, ix, detail))
        .filter(|s| s.anchors >= MIN_ANCHORS)
}

/// A work picture, how a form fits it, and which form.
type Fit = (unroll::Work, coarse::Alignment, usize);

/// The best fit of a strip read from one end, or from the other where the first does not settle it.
fn either_end(work: unroll::Work, templates: &[Template]) -> Option<Fit> {
    let upright = best_form(&work, templates);
    if upright.as_ref().is_some_and(|b| b.0.score >= CERTAIN) {
        return upright.map(|(alignment, ix)| (work, alignment, ix));
    }
    let turned = work.turned();
    match (upright, best_form(&turned, templates)) {
        (Some(a), Some(b)) if b.0.score > a.0.score => Some((turned, b.0, b.1)),
        (Some(a), _) => Some((work, a.0, a.1)),
        (None, b) => b.map(|(alignment, ix)| (turned, alignment, ix)),
    }
}

/// The middle of a sheet's frame in the photo.
fn middle(sheet: &Sheet) -> Point {
    let y = (sheet.visible.0 + sheet.visible.1) / 2.0;
    sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y))
}

/// Whether a ribbon shows nothing but a sheet that was found already: it runs along it, or the sheet
/// lies within it.
fn covers(sheet: &Sheet, ribbon: &trace::Ribbon) -> bool {
    let centre = middle(sheet);
    let within = ribbon.rungs.iter().any(|(l, r)| l.lerp(*r, 0.5).distance(centre) < l.distance(*r) / 2.0);
    // A sheet is three times as long as its frame at most.
    let length = sheet.visible.1 - sheet.visible.0;
    let along = |p: Point| grow::on_strip(&sheet.mesh, sheet.visible, length.max(100.0), p);
    let count = ribbon.rungs.iter().filter(|(l, r)| along(l.lerp(*r, 0.5))).count();
    within || 2 * count > ribbon.rungs.len()
}

/// Whether `b` is of the strip that `a` is of: half of its visible middle line lies on what `a` shows.
fn overlap(a: &Sheet, b: &Sheet) -> bool {
    let line = |i: i32| {
        let y = b.visible.0 + (b.visible.1 - b.visible.0) * f64::from(i) / 20.0;
        b.mesh.map(Point::new(b.mesh.width / 2.0, y))
    };
    (0..=20).filter(|&i| grow::on_strip(&a.mesh, a.visible, 20.0, line(i))).count() > 8
}

/// The form that fits a work picture best, and how.
fn best_form(work: &unroll::Work, templates: &[Template]) -> Option<(coarse::Alignment, usize)> {
    let fits = templates.iter().enumerate().filter_map(|(ix, t)| Some((coarse::align(work, t)?, ix)));
    fits.fold(None, |best: Option<(coarse::Alignment, usize)>, fit| match best {
        Some(b) if b.0.score >= fit.0.score => Some(b),
        _ => Some(fit),
    })
}
