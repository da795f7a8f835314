//! Cells: the crop of each number's digits and words, cut along the sheet's mesh.
//!
//! In: a photo's pixels, a mesh, a form rectangle in millimetres. Out: a grey crop at a chosen
//! resolution, the [`Quality`] of the pixels under it, and what of its place the [`Mask`](crate::read::photo::mask::Mask)
//! covers. Refuses nothing: what lies outside the photo is white and covered.

use crate::form::print::{label_rect, text_width};
use crate::form::{Align, FieldIx, Form, Share, Slot};
use crate::ground::geometry::Rect;
use crate::read::photo::greys::Greys;
use crate::read::photo::mask::Masked;
use crate::read::photo::sample::{self, Across};
use crate::read::sheet::{Mesh, Sheet};
use image::GrayImage;
use serde::{Deserialize, Serialize};

mod frame;

pub use frame::{
    AROUND, CAP_HEIGHT, CROP_HEIGHT, CropFrame, DIGITS_WIDTH, EM_PX, LINE_END, LINES_WIDTH, WORDS_WIDTH,
    digits_frame, line_frame, print_rect, share_frame, words_frame,
};

/// How good the pixels of a cell are; measured, not judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Ink against paper, 0 (none) to 1 (black on white), before evening.
    pub contrast: f64,
    /// How much of the print is in sight: 1, less what a mask covers of it, in characters.
    pub coverage: f64,
    /// Pixels of the photo per millimetre of print, across the cell.
    pub px_per_mm: f64,
    /// How far the registration's anchors around the cell are from where they should be, mm.
    pub residual: f64,
    /// How steep the print's edges are: grey from one pixel of the crop to the next, as a share of ink against
    /// paper, where it is steepest (see [`sharpness`]). An edge as sharp as the crop allows has 0.5 to 1.
    pub sharpness: f64,
}

/// Cuts a form rectangle (mm) out of the photo along the mesh at `px_per_mm`, averaging where the
/// photo is finer than that; what lies outside the photo is white. Each row of pixels follows the mesh
/// by itself, so that tall rectangles may bend.
pub fn cut(pixels: &GrayImage, mesh: &Mesh, rect: Rect, px_per_mm: f64) -> GrayImage {
    // Samples along each axis: the photo's pixels that one pixel of the crop covers.
    let native = mesh.px_per_mm(rect.y + rect.height / 2.0);
    sampled(pixels, mesh, rect, px_per_mm, (native / px_per_mm).round().clamp(1.0, 6.0) as u32)
}

/// The same with one sample a pixel, whatever the photo's resolution: quick, and a little rough.
pub fn glimpse(pixels: &GrayImage, mesh: &Mesh, rect: Rect, px_per_mm: f64) -> GrayImage {
    sampled(pixels, mesh, rect, px_per_mm, 1)
}

/// Cuts with `n` by `n` samples a pixel.
fn sampled(pixels: &GrayImage, mesh: &Mesh, rect: Rect, px_per_mm: f64, n: u32) -> GrayImage {
    let w = (rect.width * px_per_mm).round().max(1.0) as u32;
    let h = (rect.height * px_per_mm).round().max(1.0) as u32;
    let mut sums = vec![0u32; w as usize];
    let mut out = Vec::with_capacity((w * h) as usize);
    for oy in 0..h {
        sums.fill(0);
        for sy in 0..n {
            let share = (f64::from(oy) + (f64::from(sy) + 0.5) / f64::from(n)) / f64::from(h);
            let xs = [0.0, 0.5, 1.0].map(|t| rect.x + t * rect.width);
            Across::new(mesh.across(rect.y + rect.height * share, xs), n * w).add(pixels, &mut sums);
        }
        out.extend(sums.iter().map(|&sum| sample::mean(sum, n * n)));
    }
    GrayImage::from_raw(w, h, out).expect("one value was pushed for each of w times h pixels")
}

/// The cells of one printed channel of one field.
#[derive(Debug, Clone)]
pub struct ChannelCell {
    /// Index of the field.
    pub field: FieldIx,
    /// The crop of each line, top to bottom, cut as the network takes it.
    pub lines: Vec<GrayImage>,
    /// Quality of the pixels under the first line.
    pub quality: Quality,
    /// The stretches of its place that a mask covers, mm right of where its print hangs.
    pub covered: Vec<(f64, f64)>,
    /// Those of them under light.
    pub light: Vec<(f64, f64)>,
    /// How wide a character is, and how far beside its place it may stand, mm; words are one character.
    pub character: (f64, f64),
    /// How the print hangs.
    pub align: Align,
}

impl ChannelCell {
    /// How much of its print a mask covers where that has so many characters: a character or more is 1.
    pub fn hidden(&self, characters: usize) -> f64 {
        self.behind(&self.covered, characters)
    }

    /// How much light does.
    pub fn dazzled(&self, characters: usize) -> f64 {
        self.behind(&self.light, characters)
    }

    fn behind(&self, stretches: &[(f64, f64)], characters: usize) -> f64 {
        let (width, reach) = self.character;
        let print = width * characters as f64;
        let left = self.align.left(print);
        let (from, to) = (left - reach, left + print + reach);
        let within = |s: &(f64, f64)| (s.1.min(to) - s.0.max(from)).max(0.0);
        (stretches.iter().map(within).sum::<f64>() / width).min(1.0)
    }
}

/// All number cells of a sheet that are on the photo.
#[derive(Debug, Clone)]
pub struct NumberCells<'a> {
    /// The form.
    pub form: &'a Form,
    /// Cells of digits, in the fields' order.
    pub digits: Vec<ChannelCell>,
    /// Cells of words.
    pub words: Vec<ChannelCell>,
    /// Cells of shares in per cent.
    pub shares: Vec<ChannelCell>,
}

impl<'a> NumberCells<'a> {
    /// Cuts the cells of the fields whose print was found in the photo.
    pub fn cut(photo: Masked<'_>, sheet: &Sheet, form: &'a Form) -> Self {
        let Masked { pixels, mask } = photo;
        let mut cells = Self { form, digits: Vec::new(), words: Vec::new(), shares: Vec::new() };
        let labels: Vec<Rect> = form.labels.iter().map(label_rect).collect();
        for (field, spec) in form.fields.iter().enumerate() {
            if !sheet.shows(spec.y) {
                continue;
            }
            let channel =
                |slot: &Slot, character: (f64, f64), most: usize, frame: &dyn Fn(u32) -> CropFrame| {
                    let lines: Vec<GrayImage> = (0..slot.lines)
                        .map(|line| {
                            let frame = frame(line);
                            let mut crop = cut(pixels, &sheet.mesh, frame.rect, frame.px_per_mm);
                            wipe(&mut crop, frame, &labels);
                            crop
                        })
                        .collect();
                    let quality = quality(sheet, slot.line_rect(spec.y, 0), &lines[0]);
                    let place = print_rect(slot, spec.y, character.0 * most as f64, character.1);
                    let from_x = |s: (f64, f64)| (s.0 - slot.x, s.1 - slot.x);
                    let covered = mask.hides(|p| sheet.mesh.map(p), place).into_iter().map(from_x).collect();
                    let light = mask.dazzles(place).into_iter().map(from_x).collect();
                    ChannelCell { field, lines, quality, covered, light, character, align: slot.align }
                };
            if let Some(slot) = &spec.digits {
                let digit = (text_width("0", &slot.style), AROUND * slot.style.size);
                cells
                    .digits
                    .push(channel(slot, digit, form.places, &|_| digits_frame(slot, spec.y, form.places)));
            }
            if let Some(Share { slot, y, .. }) = &spec.share {
                let digit = (text_width("0", &slot.style), AROUND * slot.style.size);
                cells.shares.push(channel(slot, digit, SHARE, &|_| share_frame(slot, *y)));
            }
            if let Some(slot) = &spec.words {
                cells.words.push(channel(slot, (slot.wrap, 0.0), 1, &|line| words_frame(slot, spec.y, line)));
            }
        }
        cells
    }

    /// Each field whose digits were cut, with their crop and the first line of its words, for debug pictures.
    pub fn debug_rows(&self) -> Vec<(FieldIx, &GrayImage, Option<&GrayImage>)> {
        let words = |field| self.words.iter().find(|w| w.field == field).map(|w| &w.lines[0]);
        self.digits.iter().map(|d| (d.field, &d.lines[0], words(d.field))).collect()
    }
}

/// The most characters of a share in per cent, its point with them.
const SHARE: usize = 6;

/// Puts paper where constant print stands in a crop: its letters are of no number.
pub fn wipe(crop: &mut GrayImage, frame: CropFrame, labels: &[Rect]) {
    let CropFrame { rect, px_per_mm } = frame;
    let within =
        |l: &&Rect| l.x < rect.right() && l.right() > rect.x && l.y < rect.bottom() && l.bottom() > rect.y;
    let mut paper = None;
    for label in labels.iter().filter(within) {
        let paper = *paper.get_or_insert_with(|| Greys::of(crop).share(0.5));
        let px = |mm: f64, most: u32| ((mm * px_per_mm).round().max(0.0) as u32).min(most);
        let (w, h) = crop.dimensions();
        for y in px(label.y - rect.y, h)..px(label.bottom() - rect.y, h) {
            for x in px(label.x - rect.x, w)..px(label.right() - rect.x, w) {
                crop.put_pixel(x, y, image::Luma([paper]));
            }
        }
    }
}

/// Measures the pixels under a form rectangle of `sheet`, given its crop; what covers them is the mask's to say.
pub fn quality(sheet: &Sheet, rect: Rect, crop: &GrayImage) -> Quality {
    let greys = Greys::of(crop);
    // Ink is the darkest fiftieth (print covers 5 to 15 % of a cell), paper the median.
    let (ink, paper) = (f64::from(greys.share(0.02)), f64::from(greys.share(0.5)));
    let contrast = if paper > 0.0 { ((paper - ink) / paper).clamp(0.0, 1.0) } else { 0.0 };
    Quality {
        contrast,
        coverage: 1.0,
        px_per_mm: sheet.mesh.px_per_mm(rect.y + rect.height / 2.0),
        residual: sheet.residual_at(rect.y + rect.height / 2.0),
        sharpness: sharpness(crop, paper - ink),
    }
}

/// The steepest fiftieth of a crop's edges, in shares of `contrast` (grey levels) a pixel, at most 1. Taken across
/// over three rows, so that grain counts less than strokes.
fn sharpness(crop: &GrayImage, contrast: f64) -> f64 {
    let (w, h) = (crop.width() as usize, crop.height() as usize);
    if w < 3 || h < 3 || contrast <= 0.0 {
        return 0.0;
    }
    // Eight times the step at each pixel, counted: at most 4 times 255.
    let mut counts = [0u32; 4 * 255 + 1];
    for rows in crop.as_raw().windows(3 * w).step_by(w) {
        let across = |x: usize| i32::from(rows[x]) + 2 * i32::from(rows[w + x]) + i32::from(rows[2 * w + x]);
        let mut before = (across(0), across(1));
        for x in 2..w {
            let next = across(x);
            counts[(next - before.0).unsigned_abs() as usize] += 1;
            before = (before.1, next);
        }
    }
    let steeper = (w - 2) * (h - 2) / 50;
    let mut sum = 0;
    let steepest = counts.iter().rposition(|&count| {
        sum += count as usize;
        sum > steeper
    });
    (steepest.unwrap_or(0) as f64 / 8.0 / contrast).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::geometry::Point;
    use crate::read::sheet::Rung;
    use image::Luma;

    fn mesh(scale: f64) -> Mesh {
        let rung = |y: f64| Rung { y, points: [0.0, 5.0, 10.0].map(|x| Point::new(x * scale, y * scale)) };
        Mesh { width: 10.0, rungs: vec![rung(0.0), rung(10.0)] }
    }

    #[test]
    fn a_fine_photo_is_averaged_not_skipped() {
        // A checkerboard of single pixels at 16 px/mm averages to grey at 4 px/mm.
        let pixels = GrayImage::from_fn(160, 160, |x, y| Luma([if (x + y) % 2 == 0 { 0 } else { 255 }]));
        let crop = cut(&pixels, &mesh(16.0), Rect::new(2.0, 2.0, 4.0, 3.0), 4.0);
        assert_eq!(crop.dimensions(), (16, 12));
        assert!(crop.pixels().all(|p| (100..=155).contains(&p[0])), "{:?}", crop.get_pixel(3, 3));
    }

    #[test]
    fn outside_the_photo_is_white() {
        let pixels = GrayImage::from_pixel(40, 40, Luma([10]));
        let crop = cut(&pixels, &mesh(8.0), Rect::new(-2.0, 1.0, 3.0, 1.0), 8.0);
        assert_eq!(crop.get_pixel(0, 4)[0], 255);
        assert_eq!(crop.get_pixel(23, 4)[0], 10);
    }
}
