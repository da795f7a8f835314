//! The lines of text in an area of the form.
//!
//! In: the photo, the mesh, an area in millimetres. Out: [`Line`]s from top to bottom, each with its
//! crop. Ink that is too low or too high for a line of print (specks, stamps, handwriting) is none.

use crate::form::Rule;
use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::cut::line_frame;
use crate::read::glyphs::LineCrops;
use crate::read::photo::blocks::{self, Blocks};
use crate::read::photo::greys::Greys;
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
        let rows = picture.as_raw()[a * w..b * w].to_vec();
        let crop = GrayImage::from_raw(w as u32, (b - a) as u32, rows).expect("whole rows of the picture");
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

/// What no pixel of a row loses that has no paper.
const NOT: u8 = 255;

/// Ink of a picture: how much darker each pixel is than the paper around it.
struct Ink {
    width: usize,
    /// Share of the paper's light that is lost, of 255, row by row.
    lost: Vec<u8>,
    /// A pixel of each row that lost more is ink.
    least: Vec<u8>,
}

impl Ink {
    fn new(picture: &GrayImage) -> Self {
        let (w, h) = (picture.width().max(1) as usize, picture.height() as usize);
        let side = (BLOCK * SCALE) as usize;
        let (bw, bh) = (w.div_ceil(side), h.div_ceil(side));
        let mut papers = Vec::with_capacity(bw * bh);
        for band in picture.chunks(side * w) {
            let mut blocks = vec![Greys::NONE; bw];
            for row in band.chunks_exact(w) {
                blocks.iter_mut().zip(row.chunks(side)).for_each(|(greys, values)| greys.add(values));
            }
            papers.extend(blocks.iter().map(|block| block.share(0.6)));
        }
        let (columns, rows) = (Blocks::new(w, side, bw), Blocks::new(h, side, bh.max(1)));
        let mut lost = vec![0u8; w * h];
        let mut level = vec![0.0f32; bw];
        let mut paper = vec![0.0f32; w];
        for (y, (out, greys)) in lost.chunks_exact_mut(w).zip(picture.chunks_exact(w)).enumerate() {
            let at = |row: usize, x: usize| f32::from(papers[row * bw + x]);
            level.iter_mut().enumerate().for_each(|(x, v)| *v = rows.at(y, |row| at(row, x)));
            columns.line(&level, &mut paper);
            for ((out, &v), &paper) in out.iter_mut().zip(greys).zip(&paper) {
                *out = blocks::whole((255.0 - 255.0 * f32::from(v) / paper.max(1.0)).max(0.0)) as u8;
            }
        }
        // The darkest print of each band of rows: a line of nine digits covers a fiftieth of three lines.
        let (noise, dark) = (255.0 * NOISE, 255.0 * (1.0 - DARK as f32));
        let bands: Vec<f32> = lost
            .chunks(side * w)
            .map(|band| (FAINT * f32::from(Greys::of(band).share(0.99))).clamp(noise, dark))
            .collect();
        let typical = Greys::of(&papers).share(0.5);
        let border = (BORDER * f32::from(typical)).ceil() as u8;
        let least = picture
            .chunks_exact(w)
            .enumerate()
            .map(|(y, row)| {
                // A row of black border has no paper, and no ink.
                if row.iter().filter(|&&v| v < border).count() > w * 3 / 4 {
                    return NOT;
                }
                rows.at(y, |band| bands[band]) as u8
            })
            .collect();
        Self { width: w, lost, least }
    }

    fn row(&self, y: usize) -> &[u8] {
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
    let mut counts = vec![0u8; w];
    for y in top..base {
        let least = ink.least[y];
        counts.iter_mut().zip(ink.row(y)).for_each(|(n, &v)| *n = n.saturating_add(u8::from(v > least)));
    }
    let inked: Vec<usize> = (0..w).filter(|&x| counts[x] >= 2).collect();
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

/// How far above and below its place a rule is sought in a line's picture, mm.
const RULE: (f64, f64) = (0.2, 0.35);
/// It takes the rows of which so much is dark.
const RULED: f64 = 0.4;
/// It is looked at beside the text where so much of it stands there, px.
const BESIDE: u32 = 40;
/// How far to the side ink may run while it goes through a rule, px: tails are not upright.
const TAIL: u32 = 2;

impl Line {
    /// Puts paper where level rules run through its picture, such as the one under a heading: on the rows that a rule takes
    /// beside the text, but where ink goes through it, as the tails of letters do.
    pub fn without(&mut self, rules: &[Rule]) {
        let paper = Greys::of(&self.crop).share(0.6);
        let (w, h) = self.crop.dimensions();
        let row = |y: f64| (((y - self.rect.y) * SCALE).round().max(0.0) as u32).min(h);
        let text_ends = self.ink.map_or(0, |ink| ((ink.1 - self.rect.x + GAP) * SCALE).max(0.0) as u32);
        let beside = if text_ends + BESIDE < w { text_ends } else { 0 };
        for rule in rules.iter().filter(|r| r.y0 == r.y1 && r.x0 < self.rect.right() && r.x1 > self.rect.x) {
            let dark = |x: u32, y: u32| f64::from(self.crop.get_pixel(x, y)[0]) < DARK * f64::from(paper);
            let taken = |y: &u32| {
                let count = (beside..w).filter(|&x| dark(x, *y)).count();
                count as f64 >= RULED * f64::from(w - beside)
            };
            let mut rows = (row(rule.y0 - RULE.0)..row(rule.y0 + RULE.1)).filter(taken);
            let Some(top) = rows.next() else { continue };
            let bottom = rows.next_back().unwrap_or(top) + 1;
            let near = |x: u32, y: u32| (x.saturating_sub(TAIL)..(x + TAIL + 1).min(w)).any(|x| dark(x, y));
            let through = |x: u32| top > 0 && bottom < h && near(x, top - 1) && near(x, bottom);
            let clear: Vec<u32> = (0..w).filter(|&x| !through(x)).collect();
            for y in top..bottom {
                clear.iter().for_each(|&x| self.crop.put_pixel(x, y, image::Luma([paper])));
            }
        }
    }

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
    fn a_rule_is_taken_out_of_a_line_and_the_tails_that_go_through_it_stay() {
        // Letters from -3 to -1, one with a tail, and a rule below them that goes on beside them.
        let tail = (8.0, -3.0, 8.5, -0.3);
        let photo = photo(&[(5.0, -3.0, 7.0, -1.0), tail, (4.0, -0.75, 30.0, -0.5)]);
        let mut line = at(&photo, &mesh(), Rect::new(4.0, -4.0, 26.0, 4.0), -1.0, 2.0);
        let (x0, _, x1, _) = tail;
        let rule = Rule { x0: 4.0, y0: -0.65, x1: 30.0, y1: -0.65 };
        let ink = |line: &Line, from: f64, to: f64| {
            let (px, row) = (|x: f64| ((x - 4.0) * SCALE) as u32, ((-0.6 - line.rect.y) * SCALE) as u32);
            (px(from)..px(to)).filter(|&x| line.crop.get_pixel(x, row)[0] < 128).count()
        };
        assert_eq!(ink(&line, 10.0, 29.0), 152);
        line.without(&[rule]);
        assert_eq!((ink(&line, 5.0, 7.5), ink(&line, 10.0, 29.0)), (0, 0));
        assert!(ink(&line, x0, x1) >= 3, "the tail goes through");
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
