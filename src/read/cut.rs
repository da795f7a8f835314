//! Cells: the crop of each number's digits and words, cut along the sheet's mesh.
//!
//! In: a photo's pixels, a mesh, a form rectangle in millimetres. Out: a grey crop at a chosen
//! resolution, and the [`Quality`] of the pixels under it. Refuses nothing: what lies outside the
//! photo is white and counts against the coverage.

use crate::form::print::text_width;
use crate::form::{FieldIx, Form, Slot};
use crate::ground::geometry::{Point, Rect, floor};
use crate::read::photo::mask::{Mask, Masked};
use crate::read::sheet::{Mesh, Sheet};
use image::{GrayImage, Luma};
use imageproc::region_labelling::{Connectivity, connected_components};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod frame;

pub use frame::{
    CAP_HEIGHT, CROP_HEIGHT, CropFrame, DIGITS_WIDTH, EM_PX, LINE_END, LINES_WIDTH, WORDS_WIDTH,
    digits_frame, line_frame, words_frame,
};

/// How good the pixels of a cell are; measured, not judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Ink against paper, 0 (none) to 1 (black on white), before evening.
    pub contrast: f64,
    /// Share of the cell that lies inside the photo and is not blown out, 0 to 1.
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
    let w = (rect.width * px_per_mm).round().max(1.0) as u32;
    let h = (rect.height * px_per_mm).round().max(1.0) as u32;
    let native = mesh.px_per_mm(rect.y + rect.height / 2.0);
    // Samples along each axis: the photo's pixels that one pixel of the crop covers.
    let n = (native / px_per_mm).round().clamp(1.0, 6.0) as u32;
    let at = |i: u32, s: u32, of: u32| (f64::from(i) + (f64::from(s) + 0.5) / f64::from(n)) / f64::from(of);
    let mut out = Vec::with_capacity((w * h) as usize);
    let mut rows = Vec::with_capacity(n as usize);
    for oy in 0..h {
        rows.clear();
        rows.extend((0..n).map(|sy| Across::new(mesh, rect, rect.y + rect.height * at(oy, sy, h))));
        for ox in 0..w {
            let mut sum = 0.0;
            for row in &rows {
                for sx in 0..n {
                    sum += sample(pixels, row.at(at(ox, sx, w)));
                }
            }
            out.push((sum / f64::from(n * n)).round().clamp(0.0, 255.0) as u8);
        }
    }
    GrayImage::from_raw(w, h, out).expect("one value was pushed for each of w times h pixels")
}

/// A line across a rectangle in the photo: its ends, and how far its middle is off the straight line.
struct Across {
    left: Point,
    right: Point,
    bow: Point,
}

impl Across {
    fn new(mesh: &Mesh, rect: Rect, y: f64) -> Self {
        let at = |x: f64| mesh.map(Point::new(x, y));
        let (left, right) = (at(rect.x), at(rect.right()));
        let (middle, chord) = (at(rect.x + rect.width / 2.0), left.lerp(right, 0.5));
        Self { left, right, bow: Point::new(middle.x - chord.x, middle.y - chord.y) }
    }

    /// The point a fraction `t` of the way across.
    fn at(&self, t: f64) -> Point {
        let (p, bow) = (self.left.lerp(self.right, t), 4.0 * t * (1.0 - t));
        Point::new(p.x + bow * self.bow.x, p.y + bow * self.bow.y)
    }
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
    /// How many characters of the print a mask covers, by how many there are, from 1; of words, the share.
    pub hidden: Vec<f64>,
}

impl ChannelCell {
    /// How much of its print a mask covers, 0 to 1, where that has so many characters.
    pub fn covered(&self, characters: usize) -> f64 {
        let ix = characters.clamp(1, self.hidden.len().max(1)) - 1;
        self.hidden.get(ix).copied().unwrap_or(0.0).clamp(0.0, 1.0)
    }
}

/// How far print may stand beside its place, em: half a character.
pub(crate) const AROUND: f64 = 0.3;

/// How much of a stretch of the form's row `y` between two x (all mm) a mask covers, mm.
pub fn hidden(mask: &Mask, mesh: &Mesh, y: f64, (left, right): (f64, f64)) -> f64 {
    mask.hides(mesh.map(Point::new(left, y)), mesh.map(Point::new(right, y))) / mesh.px_per_mm(y)
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
    /// Fields with a cell that is blown out in part, ascending.
    pub glare: Vec<FieldIx>,
}

/// From this grey on a pixel is blown out.
const BLOWN: u8 = 250;
/// Paper of typical cells below this grey is not blown out itself: above, white is the paper's colour, as
/// on most scans, and says nothing.
const PAPER: u8 = 235;
/// The share of blown pixels from which a cell is under glare (not measured).
const GLARE: f64 = 0.25;

/// Ink is at least this much darker than white paper, as a share, where light does not veil it (not measured).
const DARK: f64 = 0.4;
/// How far the middle of a number's ink may be from where the form prints it, em: less than the quarter of an em
/// by which a hidden digit moves it (0.28, Liberation Sans), and more than a cell is misplaced.
const OFF_MIDDLE: f64 = 0.2;
/// The least height of a number's ink, em: capitals are 0.69 (Liberation Sans).
const HEIGHT: f64 = 0.55;

/// Whether print stands in the middle of a cell, dark and in its full height: nothing of it is hidden, however
/// white the paper around it is. Light that hides a digit moves the middle of the others.
fn seen_whole(crop: &GrayImage) -> bool {
    let dark = (255.0 * (1.0 - DARK)) as u8;
    let (w, h) = crop.dimensions();
    let ink = GrayImage::from_fn(w, h, |x, y| Luma([u8::from(crop.get_pixel(x, y)[0] <= dark)]));
    let pieces = connected_components(&ink, Connectivity::Eight, Luma([0]));
    let mut bounds: BTreeMap<u32, [u32; 4]> = BTreeMap::new();
    for (x, y, piece) in pieces.enumerate_pixels().filter(|p| p.2[0] > 0) {
        let [l, r, t, b] = *bounds.get(&piece[0]).unwrap_or(&[x, x, y, y]);
        bounds.insert(piece[0], [l.min(x), r.max(x), t.min(y), b.max(y)]);
    }
    // The number's own print stands in the middle rows; the frame's rules run from edge to edge.
    let (middle, half) = (f64::from(h) / 2.0, HEIGHT / 2.0 * EM_PX);
    let strange = |[l, r, t, b]: &[u32; 4]| {
        let runs = (*l == 0 && r + 1 == w) || (*t == 0 && b + 1 == h);
        runs || f64::from(*t) > middle + half || f64::from(*b) < middle - half
    };
    let print: Vec<_> = bounds.values().filter(|b| !strange(b)).collect();
    let least = |ix: usize| print.iter().map(|b| f64::from(b[ix])).min_by(f64::total_cmp);
    let most = |ix: usize| print.iter().map(|b| f64::from(b[ix] + 1)).max_by(f64::total_cmp);
    let (Some(left), Some(right), Some(top), Some(bottom)) = (least(0), most(1), least(2), most(3)) else {
        return false;
    };
    ((left + right - f64::from(w)) / 2.0).abs() <= OFF_MIDDLE * EM_PX && bottom - top >= HEIGHT * EM_PX
}

/// Lowers the coverage of cells that light hides; returns their fields.
fn dazzled(cells: &mut [&mut ChannelCell]) -> Vec<FieldIx> {
    let level = |crop: &GrayImage| {
        let mut values = crop.as_raw().clone();
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    };
    let mut levels: Vec<u8> = cells.iter().map(|c| level(&c.lines[0])).collect();
    levels.sort_unstable();
    if levels.get(levels.len() / 2).is_none_or(|&typical| typical >= PAPER) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for cell in cells {
        let crop = cell.lines[0].as_raw();
        let share = crop.iter().filter(|&&v| v >= BLOWN).count() as f64 / crop.len() as f64;
        // What lies outside the photo is white too, and is counted already.
        let blown = (share - (1.0 - cell.quality.coverage)).max(0.0);
        if blown >= GLARE && !seen_whole(&cell.lines[0]) {
            cell.quality.coverage = (cell.quality.coverage - blown).max(0.0);
            out.push(cell.field);
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

impl<'a> NumberCells<'a> {
    /// Cuts the cells of the fields whose print was found in the photo.
    pub fn cut(photo: Masked<'_>, sheet: &Sheet, form: &'a Form) -> Self {
        let Masked { pixels, mask } = photo;
        let mut cells = Self { form, digits: Vec::new(), words: Vec::new(), glare: Vec::new() };
        for (field, spec) in form.fields.iter().enumerate() {
            if !sheet.shows(spec.y) {
                continue;
            }
            let channel = |slot: &Slot, hidden: Vec<f64>, frame: &dyn Fn(u32) -> CropFrame| {
                let lines: Vec<GrayImage> = (0..slot.lines)
                    .map(|line| {
                        let frame = frame(line);
                        cut(pixels, &sheet.mesh, frame.rect, frame.px_per_mm)
                    })
                    .collect();
                let quality = quality(pixels, sheet, slot.line_rect(spec.y, 0), &lines[0]);
                ChannelCell { field, lines, quality, hidden }
            };
            if let Some(slot) = &spec.digits {
                let (digit, reach) = (text_width("0", &slot.style), AROUND * slot.style.size);
                let middle = spec.y - slot.style.size / 3.0;
                let behind = |places: usize| {
                    let half = digit * places as f64 / 2.0 + reach;
                    hidden(mask, &sheet.mesh, middle, (slot.centre - half, slot.centre + half)) / digit
                };
                let hidden = (1..=form.places).map(behind).collect();
                cells.digits.push(channel(slot, hidden, &|_| digits_frame(slot, spec.y)));
            }
            if let Some(slot) = &spec.words {
                let ends = (slot.centre - slot.wrap / 2.0, slot.centre + slot.wrap / 2.0);
                let hidden = vec![hidden(mask, &sheet.mesh, spec.y, ends) / slot.wrap];
                cells.words.push(channel(slot, hidden, &|line| words_frame(slot, spec.y, line)));
            }
        }
        let mut all: Vec<&mut ChannelCell> = cells.digits.iter_mut().chain(&mut cells.words).collect();
        cells.glare = dazzled(&mut all);
        cells
    }

    /// Each field whose digits were cut, with their crop and the first line of its words, for debug pictures.
    pub fn debug_rows(&self) -> Vec<(FieldIx, &GrayImage, Option<&GrayImage>)> {
        let words = |field| self.words.iter().find(|w| w.field == field).map(|w| &w.lines[0]);
        self.digits.iter().map(|d| (d.field, &d.lines[0], words(d.field))).collect()
    }
}

/// Bilinear sample at a photo point; white outside.
fn sample(pixels: &GrayImage, p: Point) -> f64 {
    let (w, h) = (pixels.width() as i64, pixels.height() as i64);
    let (x, y) = (floor(p.x), floor(p.y));
    let (fx, fy) = (p.x - x as f64, p.y - y as f64);
    let raw = pixels.as_raw();
    if x >= 0 && y >= 0 && x + 1 < w && y + 1 < h {
        let i = (y * w + x) as usize;
        let (a, b) = (f64::from(raw[i]), f64::from(raw[i + 1]));
        let (c, d) = (f64::from(raw[i + w as usize]), f64::from(raw[i + w as usize + 1]));
        let top = a + (b - a) * fx;
        return top + (c + (d - c) * fx - top) * fy;
    }
    let at = |dx: i64, dy: i64| {
        let (x, y) = (x + dx, y + dy);
        if x < 0 || y < 0 || x >= w || y >= h { 255.0 } else { f64::from(raw[(y * w + x) as usize]) }
    };
    let top = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let bottom = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    top * (1.0 - fy) + bottom * fy
}

/// Measures the pixels under a form rectangle of `sheet`, given its crop.
pub fn quality(pixels: &GrayImage, sheet: &Sheet, rect: Rect, crop: &GrayImage) -> Quality {
    let mut values = crop.as_raw().clone();
    values.sort_unstable();
    // Ink is the darkest fiftieth (print covers 5 to 15 % of a cell), paper the median.
    let (ink, paper) = (f64::from(values[values.len() / 50]), f64::from(values[values.len() / 2]));
    let contrast = if paper > 0.0 { ((paper - ink) / paper).clamp(0.0, 1.0) } else { 0.0 };
    let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let steps = 8;
    let mut inside = 0;
    for i in 0..steps {
        for j in 0..steps {
            let at = |k: i32| (f64::from(k) + 0.5) / f64::from(steps);
            let p = sheet.mesh.map(Point::new(rect.x + rect.width * at(i), rect.y + rect.height * at(j)));
            if p.x >= 0.0 && p.y >= 0.0 && p.x <= w - 1.0 && p.y <= h - 1.0 {
                inside += 1;
            }
        }
    }
    Quality {
        contrast,
        coverage: f64::from(inside) / f64::from(steps * steps),
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
    let raw = crop.as_raw();
    let at = |x: usize, y: usize| f64::from(raw[y * w + x]);
    let across = |x: usize, y: usize| at(x, y - 1) + 2.0 * at(x, y) + at(x, y + 1);
    let mut steps: Vec<f64> = (1..h - 1)
        .flat_map(|y| (1..w - 1).map(move |x| (x, y)))
        .map(|(x, y)| (across(x + 1, y) - across(x - 1, y)).abs() / 8.0)
        .collect();
    let nth = steps.len() / 50;
    let (_, &mut steepest, _) = steps.select_nth_unstable_by(nth, |a, b| b.total_cmp(a));
    (steepest / contrast).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::sheet::Rung;

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
    fn a_blown_cell_is_under_glare_on_grey_paper_but_not_on_white() {
        let cell = |field, level| ChannelCell {
            field,
            lines: vec![GrayImage::from_pixel(8, 8, Luma([level]))],
            quality: Quality { contrast: 0.5, coverage: 1.0, px_per_mm: 8.0, residual: 0.0, sharpness: 0.3 },
            hidden: Vec::new(),
        };
        let glare = |paper| {
            let mut cells = [cell(0, paper), cell(1, paper), cell(2, 255)];
            let fields = dazzled(&mut cells.iter_mut().collect::<Vec<_>>());
            (fields, cells[2].quality.coverage)
        };
        assert_eq!(glare(180), (vec![2], 0.0));
        assert_eq!(glare(252), (vec![], 1.0));
    }

    #[test]
    fn a_number_seen_whole_on_bleached_paper_is_not_under_glare() {
        let cell = |field, paper: u8, digits: std::ops::Range<u32>, top| ChannelCell {
            field,
            lines: vec![GrayImage::from_fn(48, 24, |x, y| {
                let ink = digits.contains(&x) && x % 9 < 6 && (top..18).contains(&y);
                Luma([if ink { 60 } else { paper }])
            })],
            quality: Quality { contrast: 0.5, coverage: 1.0, px_per_mm: 8.0, residual: 0.0, sharpness: 0.3 },
            hidden: Vec::new(),
        };
        let glare = |bleached: ChannelCell| {
            let mut cells = [cell(0, 200, 18..33, 6), cell(1, 200, 9..42, 6), bleached];
            dazzled(&mut cells.iter_mut().collect::<Vec<_>>())
        };
        assert_eq!(glare(cell(2, 253, 9..42, 6)), Vec::<FieldIx>::new());
        assert_eq!(glare(cell(2, 253, 18..42, 6)), vec![2], "its first digit may be hidden");
        assert_eq!(glare(cell(2, 253, 9..42, 12)), vec![2], "its upper half may be hidden");
    }

    #[test]
    fn outside_the_photo_is_white() {
        let pixels = GrayImage::from_pixel(40, 40, Luma([10]));
        let crop = cut(&pixels, &mesh(8.0), Rect::new(-2.0, 1.0, 3.0, 1.0), 8.0);
        assert_eq!(crop.get_pixel(0, 4)[0], 255);
        assert_eq!(crop.get_pixel(23, 4)[0], 10);
    }
}
