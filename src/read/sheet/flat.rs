//! The work picture: a sheet flattened to an even, small picture of ink.
//!
//! In: photo pixels, and a mesh that says about where the form lies. Out: [`Work`]: ink from 0 (paper) to 1 (full
//! print) on a grid of [`template::FINE`](super::template::FINE) pixels a millimetre of the form, with the mapping
//! back to photo pixels. Refuses nothing: what lies outside the photo has no ink.

use super::template::FINE;
use super::Mesh;
use crate::ground::geometry::{Point, Rect, floor};
use image::GrayImage;

/// A flattened ribbon.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// Ink, 0 to 1, row by row.
    pub ink: Vec<f32>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// The form point of the first pixel's corner, mm.
    pub origin: Point,
    /// Photo pixels at u = 0 and the step of one work pixel across, every [`RUNG`] work pixels along.
    rungs: Vec<(Point, Point)>,
}

/// From one rung of the work picture to the next, work pixels: 2 mm, short against any bend.
const RUNG: usize = 8;

impl Work {
    /// Work pixel to photo pixel.
    pub(crate) fn to_photo(&self, u: f64, v: f64) -> Point {
        let (origin, across) = self.line(v);
        Point::new(origin.x + u * across.x, origin.y + u * across.y)
    }

    /// Photo point at u = 0 and step across at height v, extrapolated beyond the ends.
    fn line(&self, v: f64) -> (Point, Point) {
        let k = ((v / RUNG as f64).floor().max(0.0) as usize).min(self.rungs.len() - 2);
        let t = v / RUNG as f64 - k as f64;
        let (a, b) = (self.rungs[k], self.rungs[k + 1]);
        (a.0.lerp(b.0, t), a.1.lerp(b.1, t))
    }

    /// Ink at a work point, bilinear; 0 outside.
    pub(crate) fn at(&self, u: f64, v: f64) -> f32 {
        let (x, y) = (floor(u), floor(v));
        let (fx, fy) = ((u - x as f64) as f32, (v - y as f64) as f32);
        let get = |dx: i64, dy: i64| {
            let (x, y) = (x + dx, y + dy);
            if x < 0 || y < 0 || x >= self.width as i64 || y >= self.height as i64 {
                0.0
            } else {
                self.ink[y as usize * self.width + x as usize]
            }
        };
        let top = get(0, 0) * (1.0 - fx) + get(1, 0) * fx;
        let bottom = get(0, 1) * (1.0 - fx) + get(1, 1) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// The form's points in this picture, as the mesh along which it was flattened has them; `ys` are the rungs.
    pub(crate) fn mesh(&self, ys: impl Iterator<Item = f64>, width: f64) -> Mesh {
        let at = |x: f64, y: f64| Point::new((x - self.origin.x) * FINE, (y - self.origin.y) * FINE);
        let rungs = ys.map(|y| super::Rung { y, points: [0.0, width / 2.0, width].map(|x| at(x, y)) });
        Mesh { width, rungs: rungs.collect() }
    }
}

/// Flattens `area` (form mm) of a sheet that lies as `mesh` says.
pub(crate) fn flatten(pixels: &GrayImage, mesh: &Mesh, area: Rect) -> Work {
    let size = |mm: f64| (mm * FINE).round().max(1.0) as usize;
    let (width, height) = (size(area.width), size(area.height));
    let rungs = (0..=height / RUNG + 1)
        .map(|k| {
            let y = area.y + ((k * RUNG) as f64 + 0.5) / FINE;
            let at = |u: f64| mesh.map(Point::new(area.x + (u + 0.5) / FINE, y));
            let (start, end) = (at(0.0), at(width as f64));
            let step = |a: f64, b: f64| (b - a) / width as f64;
            (start, Point::new(step(start.x, end.x), step(start.y, end.y)))
        })
        .collect();
    let origin = Point::new(area.x, area.y);
    let mut work = Work { ink: vec![0.0; width * height], width, height, origin, rungs };
    let grey = grey(pixels, &work);
    even(&mut work, &grey);
    work
}

/// The photo's grey on the work grid, averaged over the photo pixels that a work pixel covers; -1
/// outside the photo.
fn grey(pixels: &GrayImage, work: &Work) -> Vec<f32> {
    let (pw, ph) = (i64::from(pixels.width()), i64::from(pixels.height()));
    let raw = pixels.as_raw();
    let mut out = Vec::with_capacity(work.width * work.height);
    let mut offsets = Vec::new();
    for v in 0..work.height {
        let (start, across) = work.line(v as f64);
        // Samples across the photo pixels that one work pixel covers, in a square along the strip;
        // half a pixel more, so that truncation rounds.
        let taps = (across.x.hypot(across.y).round() as i32).clamp(1, 4);
        let at = |k: i32| (f64::from(k) + 0.5) / f64::from(taps) - 0.5;
        offsets.clear();
        for i in 0..taps {
            for j in 0..taps {
                let (du, dv) = (at(i), at(j));
                let dx = du * across.x - dv * across.y + 0.5;
                let dy = du * across.y + dv * across.x + 0.5;
                offsets.push((dx as f32, dy as f32));
            }
        }
        // Fixed point: 16 bits behind the point; a shift is a floor.
        let fixed = |v: f64| (v * 65_536.0).round() as i64;
        let (step_x, step_y) = (fixed(across.x), fixed(across.y));
        let taps: Vec<(i64, i64)> = offsets
            .iter()
            .map(|&(dx, dy)| (fixed(start.x + f64::from(dx)), fixed(start.y + f64::from(dy))))
            .collect();
        let last = work.width as i64 - 1;
        let inside = |&(x, y): &(i64, i64)| {
            let within = |v: i64, limit: i64| (0..limit).contains(&(v >> 16));
            within(x, pw) && within(x + last * step_x, pw) && within(y, ph) && within(y + last * step_y, ph)
        };
        let index = |x: i64, y: i64| ((y >> 16) * pw + (x >> 16)) as usize;
        if taps.iter().all(inside) {
            let share = 1.0 / taps.len() as f32;
            for u in 0..work.width as i64 {
                let (sx, sy) = (u * step_x, u * step_y);
                let sum: u32 = taps.iter().map(|&(x, y)| u32::from(raw[index(x + sx, y + sy)])).sum();
                out.push(sum as f32 * share);
            }
            continue;
        }
        for u in 0..work.width as i64 {
            let (mut sum, mut n) = (0u32, 0u32);
            for &(x, y) in &taps {
                let (x, y) = (x + u * step_x, y + u * step_y);
                if (0..pw).contains(&(x >> 16)) && (0..ph).contains(&(y >> 16)) {
                    sum += u32::from(raw[index(x, y)]);
                    n += 1;
                }
            }
            out.push(if n > 0 { sum as f32 / n as f32 } else { -1.0 });
        }
    }
    out
}

/// Block side for the paper's brightness, work pixels: 3 mm, wider than any stroke of a heading.
const BLOCK: usize = 12;

/// Grey to ink: one minus the grey over the paper's brightness nearby, scaled so that print is 1.
fn even(work: &mut Work, grey: &[f32]) {
    let (w, h) = (work.width, work.height);
    let (bw, bh) = (w.div_ceil(BLOCK), h.div_ceil(BLOCK));
    let mut level = vec![0.0f32; bw * bh];
    let mut values = Vec::with_capacity(BLOCK * BLOCK);
    for by in 0..bh {
        for bx in 0..bw {
            values.clear();
            for y in by * BLOCK..((by + 1) * BLOCK).min(h) {
                for x in bx * BLOCK..((bx + 1) * BLOCK).min(w) {
                    if grey[y * w + x] >= 0.0 {
                        values.push(grey[y * w + x]);
                    }
                }
            }
            // The brightest fifth of a block is paper, whatever is printed on it.
            let k = values.len() * 4 / 5;
            level[by * bw + bx] =
                if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(k, f32::total_cmp).1 };
        }
    }
    let mut all = level.clone();
    let k = all.len() * 7 / 10;
    let typical = *all.select_nth_unstable_by(k, f32::total_cmp).1;
    // The block before a pixel, the one after it, and how far it is between their middles.
    let between = |at: usize, blocks: usize| {
        let f = (at as f32 + 0.5) / BLOCK as f32 - 0.5;
        let before = f.floor().max(0.0) as usize;
        (before, (before + 1).min(blocks - 1), (f - before as f32).clamp(0.0, 1.0))
    };
    let columns: Vec<_> = (0..w).map(|x| between(x, bw)).collect();
    let mut row = vec![0.0f32; bw];
    for y in 0..h {
        let (y0, y1, ty) = between(y, bh);
        for (x, level_at) in row.iter_mut().enumerate() {
            *level_at = level[y0 * bw + x] * (1.0 - ty) + level[y1 * bw + x] * ty;
        }
        let line = y * w..(y + 1) * w;
        for ((ink, &g), &(x0, x1, tx)) in work.ink[line.clone()].iter_mut().zip(&grey[line]).zip(&columns) {
            let p = row[x0] * (1.0 - tx) + row[x1] * tx;
            // Below 0.4 of the typical paper nothing is paper: border or background.
            *ink = if g < 0.0 || p < 0.4 * typical { 0.0 } else { ((1.0 - g / p) / 0.6).clamp(0.0, 1.0) };
        }
    }
}
