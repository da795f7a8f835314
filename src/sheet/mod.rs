//! The sheet in the photo: where every millimetre of the form stands in the pixels.
//!
//! In: a photo's pixels and the known forms. Out: a [`Sheet`] a strip, with its mesh and how well
//! the printed anchors sit. Refuses (returns nothing for) strips whose anchors do not sit: what is
//! not registered is not read.
//!
//! Steps, each in its file: [`ribbon`] finds the paper, [`unroll`] flattens it to a small even work
//! picture, [`coarse`] aligns the form's print to it along the strip, [`refine`] places each printed
//! anchor and fits the [`Mesh`] through all of them.

mod coarse;
mod mesh;
mod refine;
mod ribbon;
mod template;
mod unroll;

pub use mesh::{Mesh, Rung};
pub use template::Template;

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
}

/// The least share of anchors with which a strip counts as a sheet of the form (not measured: at
/// chance below 0.1, at whole sheets above 0.8; a quarter of a sheet reaches 0.25).
const MIN_ANCHORS: f64 = 0.15;

/// Finds the sheets of a photo.
///
/// `templates` are those of the known forms, in their order. The result is empty when no strip fits
/// any form.
pub fn locate(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for ribbon in ribbon::find(pixels) {
        let mut best: Option<(f64, coarse::Alignment, unroll::Work, usize)> = None;
        for flip in ribbon.directions() {
            let work = unroll::unroll(pixels, &flip);
            for (ix, template) in templates.iter().enumerate() {
                if let Some(alignment) = coarse::align(&work, template) {
                    if best.as_ref().is_none_or(|b| alignment.score > b.0) {
                        best = Some((alignment.score, alignment, work.clone(), ix));
                    }
                }
            }
        }
        if let Some((_, alignment, work, ix)) = best {
            if let Some(sheet) = refine::refine(&work, &templates[ix], &alignment, ix) {
                if sheet.anchors >= MIN_ANCHORS {
                    sheets.push(sheet);
                }
            }
        }
    }
    sheets
}
