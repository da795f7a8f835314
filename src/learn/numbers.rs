//! What sheets print at the places that were found.
//!
//! In: pictures, how they lie under the common sheet, [`Cell`]s. Out: a [`Figure`] each place that prints numbers or shares in
//! per cent, with what is read on each sheet and how surely. Refuses (leaves out) places that print something else.

use super::cells::{Cell, Span};
use super::lay::{Laid, median};
use crate::form::{Align, Slot, Style, Weight};
use crate::read::cut::{self, CropFrame, digits_frame};
use crate::read::glyphs::Readers;
use image::{GrayImage, Luma};
use rayon::prelude::*;

/// A value is read surely from here on.
pub(super) const SURE: f64 = 0.97;
/// Places of the largest number that is read.
const PLACES: usize = 5;
/// The share of the sheets on which a place that prints numbers is read.
const READ: f64 = 0.7;
/// Height of figures in em, with the blur of the picture.
pub(super) const FIGURES: f64 = 0.715;

/// What a place prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole numbers.
    Number,
    /// Per cent with two decimals; its values are hundredths.
    Share,
}

/// A place that prints numbers.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// The place.
    pub cell: Cell,
    /// What it prints.
    pub kind: Kind,
    /// Per sheet, the value and its probability.
    pub values: Vec<Option<(u32, f64)>>,
}

impl Figure {
    /// The value of a sheet that was read surely.
    pub fn sure(&self, sheet: usize) -> Option<u32> {
        self.values[sheet].filter(|v| v.1 >= SURE).map(|v| v.0)
    }

    /// Em of its print, mm.
    pub fn em(&self) -> f64 {
        self.cell.cap / FIGURES
    }
}

/// The crop of a number, with nothing but itself in it.
fn crop(picture: &GrayImage, mesh: &crate::read::sheet::Mesh, span: &Span, cell: &Cell) -> GrayImage {
    let size = cell.cap / FIGURES;
    let style = Style { size, weight: Weight::Regular, space: None, tracking: 0.0 };
    // Before the ink of a figure its face has some paper.
    let slot = Slot {
        x: span.left - 0.05 * size,
        align: Align::Left,
        width: span.right - span.left,
        thousands: None,
        lines: 1,
        wrap: f64::MAX,
        pitch: size,
        style,
    };
    let frame = digits_frame(&slot, cell.base, PLACES);
    let mut crop = cut::cut(picture, mesh, frame.rect, frame.px_per_mm);
    let CropFrame { rect, px_per_mm } = frame;
    let paper = {
        let mut values = crop.as_raw().clone();
        values.sort_unstable();
        values[values.len() * 7 / 10]
    };
    let px = |mm: f64| (mm - rect.x) * px_per_mm;
    let (from, to) = (px(span.left - 0.12 * size), px(span.right + 0.12 * size));
    for (x, _, p) in crop.enumerate_pixels_mut() {
        if f64::from(x) < from || f64::from(x) > to {
            *p = Luma([paper]);
        }
    }
    crop
}

/// Reads a place on all sheets; `None` where it prints no numbers.
fn figure(pictures: &[GrayImage], laid: &Laid, readers: &Readers, cell: Cell) -> Option<Figure> {
    let spans: Vec<(usize, Span)> =
        cell.spans.iter().enumerate().filter_map(|(k, s)| Some((k, (*s)?))).collect();
    let n = spans.len();
    if n < 2.min(cell.spans.len()) {
        return None;
    }
    let signs = median(spans.iter().map(|s| s.1.signs as f64).collect());
    let wide = median(spans.iter().map(|s| s.1.right - s.1.left).collect());
    // A figure is about half an em wide.
    if signs > 6.0 || wide > 5.5 * cell.cap {
        return None;
    }
    let crops: Vec<GrayImage> = spans
        .iter()
        .map(|(k, span)| {
            let (picture, mesh) = &laid.sheets[*k];
            crop(&pictures[*picture], mesh, span, &cell)
        })
        .collect();
    let points = spans.iter().filter(|s| s.1.point).count();
    let kind = if points * 2 > n { Kind::Share } else { Kind::Number };
    let read = match kind {
        Kind::Share => readers.net().read_shares(&crops),
        Kind::Number => readers.net().read_digits(&crops, PLACES),
    };
    let mut values = vec![None; cell.spans.len()];
    let mut good = 0;
    for ((k, span), said) in spans.iter().zip(&read) {
        values[*k] = said.best();
        let signs =
            |v: u32| if kind == Kind::Share { v.to_string().len().max(3) } else { v.to_string().len() };
        good += usize::from(said.best().is_some_and(|(v, p)| p > 0.9 && signs(v).abs_diff(span.signs) <= 1));
    }
    (good as f64 >= READ * n as f64).then_some(Figure { cell, kind, values })
}

/// Reads all places: those that print numbers, and the others.
pub(super) fn read(
    pictures: &[GrayImage],
    laid: &Laid,
    readers: &Readers,
    cells: Vec<Cell>,
) -> (Vec<Figure>, Vec<Cell>) {
    let told: Vec<Result<Figure, Cell>> =
        cells.into_par_iter().map(|cell| figure(pictures, laid, readers, cell.clone()).ok_or(cell)).collect();
    let (mut figures, mut others) = (Vec::new(), Vec::new());
    for one in told {
        match one {
            Ok(figure) => figures.push(figure),
            Err(cell) => others.push(cell),
        }
    }
    (figures, others)
}
