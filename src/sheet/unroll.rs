//! The work picture: a ribbon flattened to an even, small picture of ink.
//!
//! In: photo pixels and a ribbon. Out: [`Work`]: ink from 0 (paper) to 1 (full print) on a grid of
//! [`template::FINE`](super::template::FINE) pixels per nominal millimetre, where a nominal
//! millimetre is the paper's width over the form's; with the mapping back to photo pixels.

use super::ribbon::Ribbon;
use super::template::FINE;
use crate::geometry::Point;
use image::GrayImage;

/// Paper width in nominal millimetres with which the work picture's scale is first guessed; the
/// coarse alignment corrects it.
const PAPER: f64 = 81.0;
/// Margin beyond the paper's edges, nominal millimetres, for ribbons found a little off.
const MARGIN: f64 = 10.0;

/// A flattened ribbon.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    /// Ink, 0 to 1, row by row.
    pub ink: Vec<f32>,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Photo pixels at work point (0, 0), and the steps of one work pixel across and along.
    origin: Point,
    across: Point,
    along: Point,
}

impl Work {
    /// Work pixel to photo pixel.
    pub(crate) fn to_photo(&self, u: f64, v: f64) -> Point {
        Point::new(
            self.origin.x + u * self.across.x + v * self.along.x,
            self.origin.y + u * self.across.y + v * self.along.y,
        )
    }

    /// Ink at a work point, bilinear; 0 outside.
    pub(crate) fn at(&self, u: f64, v: f64) -> f32 {
        let (x, y) = (u.floor(), v.floor());
        let (fx, fy) = ((u - x) as f32, (v - y) as f32);
        let get = |dx: i64, dy: i64| {
            let (x, y) = (x as i64 + dx, y as i64 + dy);
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

    /// The same strip read from its other end.
    pub(crate) fn turned(&self) -> Work {
        let mut ink = self.ink.clone();
        ink.reverse();
        let minus = |p: Point| Point::new(-p.x, -p.y);
        Work {
            ink,
            width: self.width,
            height: self.height,
            origin: self.to_photo(self.width as f64 - 1.0, self.height as f64 - 1.0),
            across: minus(self.across),
            along: minus(self.along),
        }
    }

    /// Nominal millimetres of the paper's left edge in the work picture.
    pub(crate) const fn paper_left() -> f64 {
        MARGIN
    }
}

/// Flattens a ribbon.
pub(crate) fn unroll(pixels: &GrayImage, ribbon: &Ribbon) -> Work {
    let (a, b) = (ribbon.spine[0], ribbon.spine[ribbon.spine.len() - 1]);
    let length = a.distance(b);
    let step = ribbon.width / PAPER / FINE; // photo pixels a work pixel
    let along = Point::new((b.x - a.x) / length * step, (b.y - a.y) / length * step);
    // Right of the direction of travel is left of the text when y grows down: across = along turned
    // by -90 degrees.
    let across = Point::new(along.y, -along.x);
    let width = ((PAPER + 2.0 * MARGIN) * FINE) as usize;
    let height = (length / step) as usize;
    let half = width as f64 / 2.0;
    let origin = Point::new(a.x - across.x * half, a.y - across.y * half);
    let mut work = Work { ink: vec![0.0; width * height], width, height, origin, across, along };
    let paper = grey(pixels, &work, step);
    even(&mut work, &paper);
    work
}

/// The photo's grey on the work grid, averaged over the photo pixels that a work pixel covers; -1
/// outside the photo.
fn grey(pixels: &GrayImage, work: &Work, step: f64) -> Vec<f32> {
    let (pw, ph) = (pixels.width() as i32, pixels.height() as i32);
    let raw = pixels.as_raw();
    let taps = (step.round() as i32).clamp(1, 4);
    let mut offsets = Vec::new();
    for i in 0..taps {
        for j in 0..taps {
            let at = |k: i32| (f64::from(k) + 0.5) / f64::from(taps) - 0.5;
            let (du, dv) = (at(i), at(j));
            // Half a pixel more, so that truncation rounds.
            offsets.push((
                (du * work.across.x + dv * work.along.x + 0.5) as f32,
                (du * work.across.y + dv * work.along.y + 0.5) as f32,
            ));
        }
    }
    let mut out = Vec::with_capacity(work.width * work.height);
    for v in 0..work.height {
        let start = work.to_photo(0.0, v as f64);
        for u in 0..work.width {
            let (x, y) =
                ((start.x + u as f64 * work.across.x) as f32, (start.y + u as f64 * work.across.y) as f32);
            let (mut sum, mut n) = (0u32, 0u32);
            for &(dx, dy) in &offsets {
                let (px, py) = ((x + dx).floor() as i32, (y + dy).floor() as i32);
                if px >= 0 && py >= 0 && px < pw && py < ph {
                    sum += u32::from(raw[(py * pw + px) as usize]);
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
    for y in 0..h {
        for x in 0..w {
            let g = grey[y * w + x];
            let fx = (x as f32 + 0.5) / BLOCK as f32 - 0.5;
            let fy = (y as f32 + 0.5) / BLOCK as f32 - 0.5;
            let (x0, y0) = (fx.floor().max(0.0) as usize, fy.floor().max(0.0) as usize);
            let (x1, y1) = ((x0 + 1).min(bw - 1), (y0 + 1).min(bh - 1));
            let (tx, ty) = ((fx - x0 as f32).clamp(0.0, 1.0), (fy - y0 as f32).clamp(0.0, 1.0));
            let p = (level[y0 * bw + x0] * (1.0 - tx) + level[y0 * bw + x1] * tx) * (1.0 - ty)
                + (level[y1 * bw + x0] * (1.0 - tx) + level[y1 * bw + x1] * tx) * ty;
            // Below 0.4 of the typical paper nothing is paper: border or background.
            work.ink[y * w + x] =
                if g < 0.0 || p < 0.4 * typical { 0.0 } else { ((1.0 - g / p) / 0.6).clamp(0.0, 1.0) };
        }
    }
}
