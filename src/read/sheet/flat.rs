//! The work picture: a sheet flattened to an even, small picture of ink.
//!
//! In: photo pixels, and a mesh that says about where the form lies. Out: [`Work`]: ink from 0 (paper) to [`FULL`]
//! (full print) on a grid of [`FINE`] pixels a millimetre of the form. Refuses nothing: what lies outside the photo has
//! no ink.

use super::Mesh;
use super::template::FINE;
use crate::ground::geometry::{Point, Rect};
use crate::read::photo::blocks::{self, Blocks};
use crate::read::photo::sample::{self, Across};
use image::GrayImage;

/// What full print counts.
pub(super) const FULL: f64 = 255.0;

/// A picture of ink.
#[derive(Debug, Clone)]
pub(super) struct Ink {
    /// Row by row, 0 to [`FULL`].
    pub values: Vec<i16>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

impl Ink {
    /// A row's pixels from `x`, so many.
    pub fn row(&self, y: usize, x: usize, count: usize) -> &[i16] {
        &self.values[y * self.width + x..][..count]
    }

    /// Half as large.
    fn half(&self) -> Ink {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut values = Vec::with_capacity(width * height);
        for y in 0..height {
            let (a, b) = (self.row(2 * y, 0, 2 * width), self.row(2 * y + 1, 0, 2 * width));
            values.extend(
                a.chunks_exact(2).zip(b.chunks_exact(2)).map(|(a, b)| (a[0] + a[1] + b[0] + b[1]) / 4),
            );
        }
        Ink { values, width, height }
    }
}

/// A flattened stretch of a sheet.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// Its ink.
    pub ink: Ink,
    /// The same at half the resolution.
    pub half: Ink,
    /// The form point of the first pixel's corner, mm.
    pub origin: Point,
}

impl Work {
    /// Of ink, whose first pixel's corner is a form point.
    pub fn of(ink: Ink, origin: Point) -> Self {
        Self { half: ink.half(), ink, origin }
    }

    /// The pixel column and row whose corner is a form point.
    pub fn pixel(&self, p: Point) -> (i64, i64) {
        let at = |v: f64, from: f64| ((v - from) * FINE).round() as i64;
        (at(p.x, self.origin.x), at(p.y, self.origin.y))
    }
}

/// From one line along the mesh to the next, work pixels: 2 mm, short against any bend.
const LINE: usize = 8;

/// Flattens `area` (form mm, on the grid) of a sheet that lies as `mesh` says.
pub(super) fn flatten(pixels: &GrayImage, mesh: &Mesh, area: Rect) -> Work {
    let size = |mm: f64| (mm * FINE).round().max(2.0) as usize;
    let (width, height) = (size(area.width), size(area.height));
    let lines: Vec<[Point; 3]> = (0..=height / LINE + 1)
        .map(|k| {
            let y = area.y + ((k * LINE) as f64 + 0.5) / FINE;
            mesh.across(y, [0.0, 0.5, 1.0].map(|t| area.x + t * area.width))
        })
        .collect();
    let grey = grey(pixels, &lines, (width, height));
    Work::of(Ink { values: even(&grey, width, height), width, height }, Point::new(area.x, area.y))
}

/// The photo's grey along lines, averaged over the photo's pixels that a work pixel covers; -1 outside the photo.
fn grey(pixels: &GrayImage, lines: &[[Point; 3]], (width, height): (usize, usize)) -> Vec<i16> {
    let across = |at: f64| {
        let (k, t) = (at.max(0.0) as usize / LINE, at.max(0.0) % LINE as f64 / LINE as f64);
        [0, 1, 2].map(|i| lines[k][i].lerp(lines[k + 1][i], t))
    };
    let mut out = Vec::with_capacity(width * height);
    let mut sums = vec![0u32; width];
    for v in 0..height {
        let [a, _, c] = across(v as f64);
        // A sample is a mean of four pixels.
        let n = (a.distance(c) / width as f64 / 2.0).round().clamp(1.0, 4.0) as u32;
        let row = |s: u32| across(v as f64 + (f64::from(s) + 0.5) / f64::from(n) - 0.5);
        let rows: Vec<Across> = (0..n).map(|s| Across::new(row(s), n * width as u32)).collect();
        if rows.iter().all(|row| row.outside(pixels)) {
            out.resize(out.len() + width, -1);
            continue;
        }
        let inside = rows.iter().all(|row| row.inside(pixels));
        sums.fill(0);
        rows.into_iter().for_each(|row| row.add(pixels, &mut sums));
        let from = out.len();
        out.extend(sums.iter().map(|&sum| i16::from(sample::mean(sum, n * n))));
        if !inside {
            let shown = Across::new(across(v as f64), width as u32).shown(pixels);
            out[from..].iter_mut().zip(shown).filter(|p| !p.1).for_each(|(grey, _)| *grey = -1);
        }
    }
    out
}

/// Side of the blocks in which the paper's brightness is taken, work pixels: 3 mm, wider than any stroke of a heading.
const BLOCK: usize = 12;
/// What full print loses of the paper's light.
const LOST: f64 = 0.6;
/// Below this share of the typical paper nothing is paper: border or background.
const PAPER: f64 = 0.4;

/// The grey that four fifths of a block's do not reach; 0 where none is of the photo.
fn brightest(rows: &[&[i16]]) -> u8 {
    // Counted by sixteens, then singly among those; what is outside stands last.
    let mut coarse = [0u16; 32];
    rows.iter().flat_map(|row| *row).for_each(|&v| coarse[((v >> 4) & 31) as usize] += 1);
    let k = coarse[..16].iter().sum::<u16>() * 4 / 5;
    let mut below = 0;
    let mut passes = |count: &u16| {
        below += count;
        below > k
    };
    let Some(high) = coarse[..16].iter().position(&mut passes) else { return 0 };
    below -= coarse[high];
    let mut fine = [0u16; 16];
    let of = rows.iter().flat_map(|row| *row).filter(|v| **v >> 4 == high as i16);
    of.for_each(|&v| fine[(v & 15) as usize] += 1);
    let low = fine.iter().position(|count| {
        below += count;
        below > k
    });
    ((high as u8) << 4) | low.unwrap_or(15) as u8
}

/// Grey to ink: how much darker than the paper nearby.
fn even(grey: &[i16], w: usize, h: usize) -> Vec<i16> {
    let (bw, bh) = (w.div_ceil(BLOCK), h.div_ceil(BLOCK));
    let mut level = Vec::with_capacity(bw * bh);
    for band in grey.chunks(BLOCK * w) {
        for from in (0..w).step_by(BLOCK) {
            let rows: Vec<&[i16]> =
                band.chunks_exact(w).map(|row| &row[from..(from + BLOCK).min(w)]).collect();
            // The brightest fifth of a block is paper, whatever is printed on it.
            level.push(f32::from(brightest(&rows)));
        }
    }
    let mut all = level.clone();
    let k = all.len() * 7 / 10;
    let typical = *all.select_nth_unstable_by(k, f32::total_cmp).1;
    let (columns, rows) = (Blocks::new(w, BLOCK, bw), Blocks::new(h, BLOCK, bh));
    let mut row = vec![0.0f32; bw];
    let mut paper = vec![0.0f32; w];
    let mut out = Vec::with_capacity(w * h);
    let least = PAPER as f32 * typical;
    for y in 0..h {
        row.iter_mut().enumerate().for_each(|(x, v)| *v = rows.at(y, |block| level[block * bw + x]));
        columns.line(&row, &mut paper);
        out.extend(grey[y * w..(y + 1) * w].iter().zip(&paper).map(|(&g, &p)| {
            let lost = (1.0 - f32::from(g) / p) * (FULL / LOST) as f32;
            let ink = blocks::whole(lost.clamp(0.0, FULL as f32));
            if (g < 0) | (p < least) | (p <= 0.0) { 0 } else { ink }
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::sheet::Rung;
    use image::Luma;

    #[test]
    fn print_stands_where_a_bowed_mesh_has_it_whatever_the_light() {
        // A form of 40 x 30 mm at 8 px/mm, its middle 2 mm lower than its edges; a rule at y = 10 mm, light from one side.
        let bow = |x: f64| 2.0 * 4.0 * (x / 40.0) * (1.0 - x / 40.0);
        let photo = GrayImage::from_fn(360, 300, |px, py| {
            let (x, y) = ((f64::from(px) + 0.5) / 8.0 - 2.0, (f64::from(py) + 0.5) / 8.0 - 2.0);
            let light = 120.0 + 0.3 * f64::from(px);
            let rule = (0.0..40.0).contains(&x) && (y - bow(x) - 10.0).abs() < 0.4;
            Luma([if rule { light * 0.3 } else { light } as u8])
        });
        let at = |x: f64, y: f64| Point::new((x + 2.0) * 8.0 - 0.5, (y + bow(x) + 2.0) * 8.0 - 0.5);
        let rung = |y: f64| Rung { y, points: [at(0.0, y), at(20.0, y), at(40.0, y)] };
        let mesh = Mesh { width: 40.0, rungs: vec![rung(0.0), rung(30.0)] };
        let work = flatten(&photo, &mesh, Rect::new(0.0, 0.0, 40.0, 30.0));
        assert_eq!((work.ink.width, work.ink.height), (160, 120));
        for x in [8, 80, 150] {
            let column: Vec<i16> = (0..120).map(|y| work.ink.row(y, x, 1)[0]).collect();
            let inked: Vec<usize> = (0..120).filter(|&y| column[y] > 128).collect();
            assert!(!inked.is_empty() && inked.iter().all(|y| (38..=42).contains(y)), "{x}: {inked:?}");
        }
    }
}
