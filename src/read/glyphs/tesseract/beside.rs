//! A number shown in front of a line of words, as [`super::TesseractReader::field`] wants it.
//!
//! In: two crops of the same resolution with their ink. Out: one picture, and the pixel between them.

use super::PADDING;
use crate::read::glyphs::ink::Ink;
use image::GrayImage;

/// Digits and the first line of words beside each other at [`JOINED_HEIGHT`], and the pixel between.
pub(super) fn beside(number: &Ink, digits: &GrayImage, first: &Ink, line: &GrayImage) -> (GrayImage, f64) {
    let (tall, wide) = (number.frame.3 - number.frame.1, first.frame.2 - first.frame.0);
    let margin = 2;
    let height = digits.height().max(line.height());
    let gap = tall * GAP;
    let cut = |ink: &Ink, crop: &GrayImage| {
        let (l, r) = (ink.frame.0.saturating_sub(margin), (ink.frame.2 + margin).min(crop.width()));
        image::imageops::crop_imm(&ink.clean(crop), l, 0, r - l, crop.height()).to_image()
    };
    let paper = image::Luma([number.paper.max(first.paper) as u8]);
    let (a, b) = (cut(number, digits), cut(first, line));
    let mut both = GrayImage::from_pixel(a.width() + gap + b.width(), height, paper);
    image::imageops::replace(&mut both, &a, 0, 0);
    image::imageops::replace(&mut both, &b, i64::from(a.width() + gap), 0);
    let scale = f64::from(JOINED_HEIGHT) / f64::from(tall.max(1));
    // A box much taller than a digit is not one: the scale stays within what text can need.
    let scale = scale.min(4000.0 / f64::from(both.width().max(wide))).clamp(0.2, 6.0);
    let (w, h) = ((f64::from(both.width()) * scale) as u32, (f64::from(height) * scale) as u32);
    let large = image::imageops::resize(&both, w.max(1), h.max(1), image::imageops::FilterType::CatmullRom);
    let mut out = GrayImage::from_pixel(w.max(1) + 2 * PADDING, h.max(1) + 2 * PADDING, paper);
    image::imageops::replace(&mut out, &large, i64::from(PADDING), i64::from(PADDING));
    let boundary = f64::from(PADDING) + (f64::from(a.width()) + f64::from(gap) / 2.0) * scale;
    (out, boundary)
}

/// Pixels of digit height in front of words (24 to 35 read alike, 20 worse).
const JOINED_HEIGHT: u32 = 30;

/// The gap before the words in digit heights (5 to 8 read alike, 2 worse; the print has 3 to 8).
const GAP: u32 = 6;
