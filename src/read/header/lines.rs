//! The lines of text in an area of the form.
//!
//! In: the photo, the mesh, an area in millimetres. Out: [`Line`]s from top to bottom, each with its
//! crop. Ink that is too low or too high for a line of print (specks, stamps, handwriting) is none.

use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::cut::line_frame;
use crate::read::glyphs::LineCrops;
use crate::read::sheet::Mesh;
use image::GrayImage;
use image::imageops;

/// Pixels per millimetre of the crops: the dots of the printer.
pub(super) const SCALE: f64 = 8.0;

/// Height of the capitals of a line of print, mm: from the smallest to the largest of the form.
const HEIGHTS: (f64, f64) = (0.9, 4.0);

/// What is cut above and below the capitals, mm: accents and descenders.
const AROUND: f64 = 0.75;

/// A pixel darker than this share of the paper around it is ink.
const DARK: f64 = 0.72;
/// Where print is faint: a pixel that lost this share of what the darkest print nearby lost (half, less a
/// little for the blur of thin strokes).
const FAINT: f32 = 0.45;
/// More than this is no print: tables and shadows.
const DARKEST: f32 = 0.6;
/// What noise can lose by itself, as a share of the paper.
const NOISE: f32 = 0.1;
/// Share of the typical paper below which a row is none: scanners' lids and dark tables.
const BORDER: f32 = 0.4;
/// Side of the blocks in which paper is measured, mm: two lines of text, so that most of it is paper.
const BLOCK: f64 = 6.0;

/// A gap in the ink of one line wider than this, mm, parts it from specks beside it.
const GAP: f64 = 3.0;

/// A line of text.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Form y of the capitals' top and of the baseline, mm.
    pub top: f64,
    /// See `top`.
    pub base: f64,
    /// Where the crop stands, form millimetres.
    pub rect: Rect,
    /// Its pixels at [`SCALE`].
    pub crop: GrayImage,
    /// From the first to the last ink, form x in mm.
    pub ink: Option<(f64, f64)>,
}

/// Finds the lines of an area.
pub(super) fn find(pixels: &GrayImage, mesh: &Mesh, area: Rect) -> Vec<Line> {
    let picture = cut::cut(pixels, mesh, area, SCALE);
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let ink = Ink::new(&picture);
    let counts: Vec<usize> = (0..h).map(|y| ink.count(y)).collect();
    // A row belongs to the capitals when it holds a fair share of its line's ink: accents, commas and
    // descenders hold less.
    let reach = (1.5 * SCALE) as usize;
    let active: Vec<bool> = (0..h)
        .map(|y| {
            let near = &counts[y.saturating_sub(reach)..(y + reach + 1).min(h)];
            let most = near.iter().copied().max().unwrap_or(0);
            counts[y] >= 3 && counts[y] * 6 >= most
        })
        .collect();
    let mut out = Vec::new();
    let mut y = 0;
    while y < h {
        if !active[y] {
            y += 1;
            continue;
        }
        let start = y;
        while y < h && (active[y] || (y + 1 < h && active[y + 1])) {
            y += 1;
        }
        let height = (y - start) as f64 / SCALE;
        if height < HEIGHTS.0 || height > HEIGHTS.1 {
            continue;
        }
        let pad = (AROUND * SCALE) as usize;
        let (a, b) = (start.saturating_sub(pad), (y + pad).min(h));
        let crop = imageops::crop_imm(&picture, 0, a as u32, w as u32, (b - a) as u32).to_image();
        let at = |row: usize| area.y + row as f64 / SCALE;
        let ink = extent(&crop, start - a, y - a).map(|(l, r)| (area.x + l / SCALE, area.x + r / SCALE));
        let rect = Rect::new(area.x, at(a), area.width, (b - a) as f64 / SCALE);
        out.push(Line { top: at(start), base: at(y), rect, crop, ink });
    }
    out
}

/// The line of capitals `cap` mm high on the baseline `base` of an area, where [`find`] sees none because
/// something else is drawn there too.
pub(super) fn at(pixels: &GrayImage, mesh: &Mesh, area: Rect, base: f64, cap: f64) -> Line {
    let rect = Rect::new(area.x, base - cap - AROUND, area.width, cap + 2.0 * AROUND);
    let crop = cut::cut(pixels, mesh, rect, SCALE);
    let (pad, high) = ((AROUND * SCALE) as usize, (cap * SCALE) as usize);
    let bottom = (pad + high).min(crop.height() as usize);
    let ink = extent(&crop, pad, bottom).map(|(l, r)| (area.x + l / SCALE, area.x + r / SCALE));
    Line { top: base - cap, base, rect, crop, ink }
}

/// How much darker each pixel of a picture is than the paper around it, 0 to 1; nothing where there is no
/// paper.
pub(super) fn light_lost(picture: &GrayImage) -> Vec<f32> {
    let ink = Ink::new(picture);
    let rows = ink.lost.chunks(ink.width.max(1)).zip(&ink.least);
    rows.flat_map(|(row, &least)| {
        row.iter().map(move |&v| if least < f32::MAX { v.min(DARKEST) } else { 0.0 })
    })
    .collect()
}

/// Ink of a picture: how much darker each pixel is than the paper around it.
struct Ink {
    width: usize,
    /// Share of the paper's light that is lost, row by row.
    lost: Vec<f32>,
    /// From which loss on a pixel of each row is ink.
    least: Vec<f32>,
}

impl Ink {
    fn new(picture: &GrayImage) -> Self {
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let side = (BLOCK * SCALE) as usize;
        let (bw, bh) = (w.div_ceil(side), h.div_ceil(side));
        let raw = picture.as_raw();
        let mut papers = Vec::with_capacity(bw * bh);
        for by in 0..bh {
            for bx in 0..bw {
                let columns = bx * side..((bx + 1) * side).min(w);
                let rows = by * side..((by + 1) * side).min(h);
                let mut values: Vec<u8> =
                    rows.flat_map(|y| raw[y * w..(y + 1) * w][columns.clone()].iter().copied()).collect();
                let rank = values.len() * 3 / 5;
                papers.push(f32::from(*values.select_nth_unstable(rank).1));
            }
        }
        let between = |at: usize, blocks: usize| {
            let f = ((at as f32 + 0.5) / side as f32 - 0.5).clamp(0.0, blocks as f32 - 1.0);
            (f as usize, (f as usize + 1).min(blocks - 1), f.fract())
        };
        let mut lost = Vec::with_capacity(w * h);
        for y in 0..h {
            let (y0, y1, ty) = between(y, bh);
            for x in 0..w {
                let (x0, x1, tx) = between(x, bw);
                let level = |row: usize| papers[row * bw + x0] * (1.0 - tx) + papers[row * bw + x1] * tx;
                let paper = level(y0) * (1.0 - ty) + level(y1) * ty;
                lost.push((1.0 - f32::from(raw[y * w + x]) / paper.max(1.0)).max(0.0));
            }
        }
        // The darkest print of each band of rows: a line of nine digits covers a fiftieth of three lines.
        let bands: Vec<f32> = lost
            .chunks(side * w.max(1))
            .map(|band| {
                let mut values = band.to_vec();
                let rank = values.len() * 99 / 100;
                (FAINT * *values.select_nth_unstable_by(rank, f32::total_cmp).1)
                    .clamp(NOISE, 1.0 - DARK as f32)
            })
            .collect();
        let mut sorted = papers.clone();
        let typical = match sorted.len() / 2 {
            0 => 0.0,
            middle => *sorted.select_nth_unstable_by(middle, f32::total_cmp).1,
        };
        let least = (0..h)
            .map(|y| {
                // A row of black border has no paper, and no ink.
                let mut row = raw[y * w..(y + 1) * w].to_vec();
                let rank = row.len() * 3 / 4;
                if f32::from(*row.select_nth_unstable(rank).1) < BORDER * typical {
                    return f32::MAX;
                }
                let (y0, y1, ty) = between(y, bands.len().max(1));
                bands[y0] * (1.0 - ty) + bands[y1] * ty
            })
            .collect();
        Self { width: w, lost, least }
    }

    fn row(&self, y: usize) -> &[f32] {
        &self.lost[y * self.width..(y + 1) * self.width]
    }

    /// How many pixels of a row are ink.
    fn count(&self, y: usize) -> usize {
        self.row(y).iter().filter(|&&v| v > self.least[y]).count()
    }
}

/// The widest stretch of ink without a gap, in pixels from the crop's left edge; ink is looked for
/// between rows `top` and `base`.
fn extent(crop: &GrayImage, top: usize, base: usize) -> Option<(f64, f64)> {
    let w = crop.width() as usize;
    let ink = Ink::new(crop);
    let inked: Vec<usize> =
        (0..w).filter(|&x| (top..base).filter(|&y| ink.row(y)[x] > ink.least[y]).count() >= 2).collect();
    let mut best: Option<(usize, usize)> = None;
    let mut start = *inked.first()?;
    for (i, &x) in inked.iter().enumerate() {
        let next = inked.get(i + 1).copied();
        if next.is_none_or(|n| (n - x) as f64 > GAP * SCALE) {
            if best.is_none_or(|b| x - start > b.1 - b.0) {
                best = Some((start, x));
            }
            start = next.unwrap_or(x);
        }
    }
    best.map(|(a, b)| (a as f64, b as f64 + 1.0))
}

impl Line {
    /// Cut for the readers, in a print of `em` (mm).
    pub fn crops(&self, pixels: &GrayImage, mesh: &Mesh, em: f64) -> LineCrops {
        let (left, right) = self.ink.unwrap_or((self.rect.x, self.rect.x + 1.0));
        let frame = line_frame(left, right, self.base, em);
        LineCrops { wide: self.crop.clone(), tight: cut::cut(pixels, mesh, frame.rect, frame.px_per_mm) }
    }

    /// The crop in two at its widest gap, which on a line of two words stands between them: before,
    /// after. `None` where no gap is as wide as a space.
    pub fn split(&self) -> Option<(GrayImage, GrayImage)> {
        let (w, h) = (self.crop.width() as usize, self.crop.height() as usize);
        let pad = ((self.top - self.rect.y) * SCALE) as usize;
        let ink = Ink::new(&self.crop);
        let rows = pad..h.saturating_sub(pad).max(pad);
        let inked = |x: usize| rows.clone().any(|y| ink.row(y)[x] > ink.least[y]);
        // A space with its bearings is 0.45 of the capitals' height, the gap beside a 1 at most 0.25.
        let mut widest = ((self.base - self.top) * 0.3 * SCALE) as usize;
        let (mut middle, mut last) = (None, None);
        for x in (0..w).filter(|&x| inked(x)) {
            if let Some(before) = last.replace(x)
                && x - before > widest
            {
                widest = x - before;
                middle = Some(before + widest / 2);
            }
        }
        let middle = middle?;
        let cut = |x0: usize, x1: usize| {
            imageops::crop_imm(&self.crop, x0 as u32, 0, (x1 - x0) as u32, h as u32).to_image()
        };
        Some((cut(0, middle), cut(middle, w)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::geometry::Point;
    use crate::read::sheet::Rung;
    use image::Luma;

    fn mesh() -> Mesh {
        let rung =
            |y: f64| Rung { y, points: [0.0, 20.0, 40.0].map(|x| Point::new(x * SCALE, (y + 40.0) * SCALE)) };
        Mesh { width: 40.0, rungs: vec![rung(-40.0), rung(0.0)] }
    }

    /// Paper of 40 x 40 mm with bars of ink: (left, top, right, bottom) in mm, y from the frame.
    fn photo(bars: &[(f64, f64, f64, f64)]) -> GrayImage {
        GrayImage::from_fn(320, 320, |x, y| {
            let (x, y) = (f64::from(x) / SCALE, f64::from(y) / SCALE - 40.0);
            let inside = bars.iter().any(|b| x >= b.0 && x < b.2 && y >= b.1 && y < b.3);
            Luma([if inside { 30 } else { 220 }])
        })
    }

    #[test]
    fn lines_are_found_in_order_without_specks_and_stamps() {
        let bars = [(5.0, -30.0, 12.0, -28.2), (8.0, -25.0, 9.0, -24.8), (2.0, -20.0, 30.0, -12.0)];
        let more = [(10.0, -8.0, 20.0, -6.4)];
        let photo = photo(&[&bars[..], &more[..]].concat());
        let lines = find(&photo, &mesh(), Rect::new(0.0, -40.0, 40.0, 39.0));
        let bases: Vec<f64> = lines.iter().map(|l| (l.base * 2.0).round() / 2.0).collect();
        assert_eq!(bases, vec![-28.0, -6.5]);
    }

    #[test]
    fn a_line_is_split_at_its_space_not_beside_a_narrow_digit() {
        let photo = photo(&[(5.0, -8.0, 8.0, -6.2), (8.4, -8.0, 9.0, -6.2), (10.0, -8.0, 20.0, -6.2)]);
        let lines = find(&photo, &mesh(), Rect::new(0.0, -40.0, 40.0, 39.0));
        let (number, after) = lines[0].split().unwrap();
        assert!((number.width() as f64 / SCALE - 9.5).abs() < 0.5, "{}", number.width());
        assert_eq!(number.width() + after.width(), 320);
    }
}
