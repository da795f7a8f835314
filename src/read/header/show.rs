//! The header's lines as they were found, for training and debug pictures.
//!
//! In: the photo's pixels, a sheet, its form. Out: crops. Nothing is read or decided here.

use super::{HIGHEST, area, lines};
use crate::form::Form;
use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::glyphs::LineCrops;
use crate::read::sheet::Sheet;
use image::GrayImage;

/// Where a line of text stands, form mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinePlace {
    /// Its rectangle.
    pub rect: Rect,
    /// Top of the capitals.
    pub top: f64,
    /// Baseline.
    pub base: f64,
    /// From the first to the last ink.
    pub ink: Option<(f64, f64)>,
}

/// A line of text above the frame, as found.
#[derive(Debug, Clone)]
pub struct FoundLine {
    /// Where it stands.
    pub place: LinePlace,
    /// Em of its print, mm.
    pub em: f64,
    /// Its crops.
    pub crops: LineCrops,
}

/// The lines of text above the frame that are read, top to bottom; headings are left out. For
/// training and debug pictures.
pub fn found_lines(pixels: &GrayImage, sheet: &Sheet, form: &Form) -> Vec<FoundLine> {
    let mesh = sheet.mesh.extended(-HIGHEST, form.frame.1);
    let em = form.header_line("code").and_then(|l| l.print.as_ref()).map_or(2.44, |p| p.style.size);
    lines::find(pixels, &mesh, area(form))
        .iter()
        .filter(|l| l.ink.is_some() && l.base - l.top < 0.9 * em)
        .map(|l| FoundLine {
            place: LinePlace { rect: l.rect, top: l.top, base: l.base, ink: l.ink },
            em,
            crops: l.crops(pixels, &mesh, em),
        })
        .collect()
}

/// What stands above the frame, flattened along the mesh. For debug pictures.
pub fn flattened(pixels: &GrayImage, sheet: &Sheet, form: &Form) -> GrayImage {
    let mesh = sheet.mesh.extended(-HIGHEST, form.frame.1);
    let (from, to) = (-form.margin_left, form.frame.0 + form.margin_left);
    cut::cut(pixels, &mesh, Rect::new(from, -HIGHEST, to - from, HIGHEST + 4.0), lines::SCALE)
}
