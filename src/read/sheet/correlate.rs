//! Where a piece of print stands: normalised cross-correlation (Lewis 1995) with the work picture.
//!
//! In: a work picture, a mesh that says about where an anchor stands, the anchor. Out: a [`Map`] of
//! correlations for displacements around that place, with its peak. Refuses nothing: what is outside the
//! work picture is paper.

use super::Mesh;
use super::template::{Anchor, FINE};
use super::flat::Work;
use crate::ground::geometry::{Point, Rect};

/// Correlations around an anchor's predicted place.
pub(super) struct Map {
    /// Row by row.
    pub values: Vec<f32>,
    /// Of a row.
    pub width: usize,
    /// Pixels of reach in x and y.
    reach: (usize, usize),
    /// Pixels per mm.
    resolution: f64,
}

impl Map {
    /// The best place: dx and dy in mm, to a fraction of a pixel, with its correlation.
    pub(super) fn peak(&self) -> (f64, f64, f32) {
        let (mut k, mut best) = (0, f32::MIN);
        for (i, &v) in self.values.iter().enumerate() {
            if v > best {
                (k, best) = (i, v);
            }
        }
        let (ix, iy) = (k % self.width, k / self.width);
        let height = self.values.len() / self.width;
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        let parabola = |a: f32, b: f32, c: f32| {
            let d = a - 2.0 * b + c;
            if d < 0.0 { f64::from(0.5 * (a - c) / d).clamp(-0.5, 0.5) } else { 0.0 }
        };
        let fx =
            if ix > 0 && ix + 1 < self.width { parabola(at(ix - 1, iy), best, at(ix + 1, iy)) } else { 0.0 };
        let fy = if iy > 0 && iy + 1 < height { parabola(at(ix, iy - 1), best, at(ix, iy + 1)) } else { 0.0 };
        let dx = (ix as f64 + fx - self.reach.0 as f64) / self.resolution;
        let dy = (iy as f64 + fy - self.reach.1 as f64) / self.resolution;
        (dx, dy, best)
    }
}

/// Normalised cross-correlation of an anchor with the work picture seen through the mesh, for
/// displacements up to `reach` (x, y in mm) at `resolution` px/mm ([`FINE`] or half of it).
pub(super) fn correlate(
    work: &Work,
    mesh: &Mesh,
    anchor: &Anchor,
    reach: (f64, f64),
    resolution: f64,
) -> Map {
    let factor = (FINE / resolution).round() as usize;
    let (tw, th) = (anchor.size.0 / factor, anchor.size.1 / factor);
    let mut print = vec![0.0f32; tw * th];
    for y in 0..th {
        for x in 0..tw {
            let mut sum = 0.0;
            for sy in 0..factor {
                for sx in 0..factor {
                    sum += anchor.ink[(y * factor + sy) * anchor.size.0 + x * factor + sx];
                }
            }
            print[y * tw + x] = sum / (factor * factor) as f32;
        }
    }
    let n = (tw * th) as f32;
    let mean = print.iter().sum::<f32>() / n;
    for p in &mut print {
        *p -= mean;
    }
    let norm = print.iter().map(|p| p * p).sum::<f32>().sqrt().max(1e-6);
    let (rx, ry) = ((reach.0 * resolution).round() as usize, (reach.1 * resolution).round() as usize);
    let region = sample(work, mesh, anchor.rect, (tw, th), (rx, ry), resolution, factor);
    let rw = tw + 2 * rx;
    let below = Integral::new(&region, rw);
    let mut values = Vec::with_capacity((2 * rx + 1) * (2 * ry + 1));
    for dy in 0..=2 * ry {
        for dx in 0..=2 * rx {
            let mut lanes = [0.0f32; LANES];
            for y in 0..th {
                let line = &region[(y + dy) * rw + dx..(y + dy) * rw + dx + tw];
                add_products(&mut lanes, line, &print[y * tw..(y + 1) * tw]);
            }
            let dot: f32 = lanes.iter().sum();
            let (sum, square) = below.sums((dx, dy), (tw, th));
            let var = (square - sum * sum / f64::from(n)).max(0.0) as f32;
            // 0.03: specks on empty paper must not correlate.
            values.push(dot / (norm * (var + n * 0.03 * 0.03).sqrt()));
        }
    }
    Map { values, width: 2 * rx + 1, reach: (rx, ry), resolution }
}

/// Products that are added up side by side: the compiler may not reorder sums of floats by itself.
const LANES: usize = 8;

/// Adds a·b to the lanes.
fn add_products(lanes: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (&x, &y) in chunks_a.remainder().iter().zip(chunks_b.remainder()) {
        lanes[0] += x * y;
    }
    for (x, y) in chunks_a.zip(chunks_b) {
        for i in 0..LANES {
            lanes[i] += x[i] * y[i];
        }
    }
}

/// Sums of values and of their squares over any rectangle (Crow 1984).
struct Integral {
    width: usize,
    sums: Vec<(f64, f64)>,
}

impl Integral {
    /// Of a picture `width` wide.
    fn new(values: &[f32], width: usize) -> Self {
        let mut sums = vec![(0.0, 0.0); width + 1];
        for (y, line) in values.chunks_exact(width).enumerate() {
            let mut row = (0.0, 0.0);
            sums.push(row);
            for (x, &v) in line.iter().enumerate() {
                let v = f64::from(v);
                row = (row.0 + v, row.1 + v * v);
                let above = sums[y * (width + 1) + x + 1];
                sums.push((above.0 + row.0, above.1 + row.1));
            }
        }
        Self { width: width + 1, sums }
    }

    /// Over the rectangle at `from` of `size` (x, y).
    fn sums(&self, from: (usize, usize), size: (usize, usize)) -> (f64, f64) {
        let at = |x: usize, y: usize| self.sums[y * self.width + x];
        let (a, b) = (at(from.0, from.1), at(from.0 + size.0, from.1));
        let (c, d) = (at(from.0, from.1 + size.1), at(from.0 + size.0, from.1 + size.1));
        (d.0 - c.0 - b.0 + a.0, d.1 - c.1 - b.1 + a.1)
    }
}

/// The work picture around a form rectangle, on the form's grid. The mesh is linearised over the
/// rectangle: it bends less than a work pixel over one row of print.
pub(super) fn sample(
    work: &Work,
    mesh: &Mesh,
    rect: Rect,
    size: (usize, usize),
    reach: (usize, usize),
    resolution: f64,
    factor: usize,
) -> Vec<f32> {
    let (x0, y0) = (rect.x - reach.0 as f64 / resolution, rect.y - reach.1 as f64 / resolution);
    let (w, h) = (size.0 + 2 * reach.0, size.1 + 2 * reach.1);
    let (x1, y1) = (x0 + w as f64 / resolution, y0 + h as f64 / resolution);
    let (a, b, c) =
        (mesh.map(Point::new(x0, y0)), mesh.map(Point::new(x1, y0)), mesh.map(Point::new(x0, y1)));
    let ex = Point::new((b.x - a.x) / w as f64, (b.y - a.y) / w as f64);
    let ey = Point::new((c.x - a.x) / h as f64, (c.y - a.y) / h as f64);
    let mut out = Vec::with_capacity(w * h);
    for iy in 0..h {
        for ix in 0..w {
            let mut sum = 0.0;
            for ty in 0..factor {
                for tx in 0..factor {
                    let fx = ix as f64 + (tx as f64 + 0.5) / factor as f64;
                    let fy = iy as f64 + (ty as f64 + 0.5) / factor as f64;
                    sum += work.at(a.x + fx * ex.x + fy * ey.x - 0.5, a.y + fx * ex.y + fy * ey.y - 0.5);
                }
            }
            out.push(sum / (factor * factor) as f32);
        }
    }
    out
}
