//! Moves a picture by a grid: where each knot of the source stands in the target.
//!
//! In: a source, a [`Grid`]. Out: the source painted into a target along the grid's triangles, and
//! the source's mesh moved exactly the same way. Refuses nothing; knots outside the target are cut.

use crate::ground::geometry::Point;
use crate::read::sheet::{Mesh, Rung};
use image::GrayImage;

/// Knots in source pixels with their places in target pixels.
pub struct Grid {
    /// Source x of the columns, ascending.
    pub xs: Vec<f64>,
    /// Source y of the rows, ascending.
    pub ys: Vec<f64>,
    /// Target places, row by row.
    pub places: Vec<Point>,
}

impl Grid {
    /// Knots every `step` source pixels over a picture of this size, placed by `place`.
    pub fn new(size: (u32, u32), step: (f64, f64), place: impl Fn(Point) -> Point) -> Self {
        let axis = |length: u32, step: f64| -> Vec<f64> {
            let last = f64::from(length) - 1.0;
            let n = (last / step).ceil().max(1.0) as usize;
            (0..=n).map(|i| last * i as f64 / n as f64).collect()
        };
        let (xs, ys) = (axis(size.0, step.0), axis(size.1, step.1));
        let places = ys.iter().flat_map(|&y| xs.iter().map(move |&x| Point::new(x, y))).map(place).collect();
        Self { xs, ys, places }
    }

    fn knot(&self, column: usize, row: usize) -> Point {
        self.places[row * self.xs.len() + column]
    }

    /// Where a source point stands in the target: affine on the same triangles that [`Grid::paint`]
    /// fills, extrapolated beyond the edges.
    pub fn map(&self, p: Point) -> Point {
        let column = self.xs.partition_point(|&x| x <= p.x).clamp(1, self.xs.len() - 1) - 1;
        let row = self.ys.partition_point(|&y| y <= p.y).clamp(1, self.ys.len() - 1) - 1;
        let u = (p.x - self.xs[column]) / (self.xs[column + 1] - self.xs[column]);
        let v = (p.y - self.ys[row]) / (self.ys[row + 1] - self.ys[row]);
        let (a, b) = (self.knot(column, row), self.knot(column + 1, row));
        let (c, d) = (self.knot(column, row + 1), self.knot(column + 1, row + 1));
        let along = |o: Point, e: Point, f: Point, s: f64, t: f64| {
            Point::new(o.x + s * (e.x - o.x) + t * (f.x - o.x), o.y + s * (e.y - o.y) + t * (f.y - o.y))
        };
        if u + v <= 1.0 { along(a, b, c, u, v) } else { along(d, c, b, 1.0 - u, 1.0 - v) }
    }

    /// The mesh of the source, moved.
    pub fn mesh(&self, mesh: &Mesh) -> Mesh {
        let rungs =
            mesh.rungs.iter().map(|r| Rung { y: r.y, points: r.points.map(|p| self.map(p)) }).collect();
        Mesh { width: mesh.width, rungs }
    }

    /// Source pixels per target pixel along x and y, over the whole grid.
    pub fn ratio(&self) -> (f64, f64) {
        let (columns, rows) = (self.xs.len() - 1, self.ys.len() - 1);
        let (mut across, mut along) = (0.0, 0.0);
        for r in 0..=rows {
            across += (0..columns).map(|c| self.knot(c, r).distance(self.knot(c + 1, r))).sum::<f64>();
        }
        for c in 0..=columns {
            along += (0..rows).map(|r| self.knot(c, r).distance(self.knot(c, r + 1))).sum::<f64>();
        }
        let across = across / (rows + 1) as f64;
        let along = along / (columns + 1) as f64;
        (self.xs[columns] / across.max(1.0), self.ys[rows] / along.max(1.0))
    }

    /// Paints the source into the target; `light` scales each pixel by the knots' value, one a knot.
    pub fn paint(&self, source: &GrayImage, target: &mut GrayImage, light: Option<&[f32]>) {
        let width = target.width() as usize;
        let size = (width, target.height() as usize);
        let (sw, sh) = (source.width() as usize, source.height() as usize);
        let pixels = source.as_raw();
        let out: &mut [u8] = target;
        self.spans(size, light, |span| {
            let mut at = span.at;
            for value in &mut out[span.y * width..][span.x..span.end] {
                let x = at.from.x.clamp(0.0, sw as f64 - 1.001);
                let y = at.from.y.clamp(0.0, sh as f64 - 1.001);
                let (x0, y0) = (x as usize, y as usize);
                let (ux, uy) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
                let i = y0 * sw + x0;
                let px = |i: usize| f32::from(pixels[i]);
                let above = px(i) + (px(i + 1) - px(i)) * ux;
                let below = px(i + sw) + (px(i + sw + 1) - px(i + sw)) * ux;
                let v = (above + (below - above) * uy) * at.light as f32;
                *value = (v + 0.5).clamp(0.0, 255.0) as u8;
                at.step(&span.by);
            }
        });
    }

    /// Calls `paint` for each run of pixels of a target of this size (width, height) that the source
    /// covers; cells with a knot that stands nowhere (NaN) are left out.
    pub fn spans(&self, size: (usize, usize), light: Option<&[f32]>, mut paint: impl FnMut(Span)) {
        for row in 0..self.ys.len() - 1 {
            for column in 0..self.xs.len() - 1 {
                let corner = |dc: usize, dr: usize| {
                    let at = (row + dr) * self.xs.len() + column + dc;
                    Corner {
                        to: self.places[at],
                        from: Point::new(self.xs[column + dc], self.ys[row + dr]),
                        light: light.map_or(1.0, |l| f64::from(l[at])),
                    }
                };
                let [a, b, c, d] = [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)];
                triangle(size, [a, b, c], &mut paint);
                triangle(size, [d, c, b], &mut paint);
            }
        }
    }
}

/// A run of target pixels `x..end` of row `y` within one triangle.
pub struct Span {
    /// Row of the target.
    pub y: usize,
    /// First column.
    pub x: usize,
    /// Behind the last column.
    pub end: usize,
    /// What the first pixel shows.
    pub at: Seen,
    /// What each further pixel adds.
    pub by: Seen,
}

/// What a target pixel shows: a place of the source, and how bright.
#[derive(Clone, Copy)]
pub struct Seen {
    /// Source pixels.
    pub from: Point,
    /// Gain.
    pub light: f64,
}

impl Seen {
    /// Goes on by one pixel.
    pub fn step(&mut self, by: &Self) {
        self.from.x += by.from.x;
        self.from.y += by.from.y;
        self.light += by.light;
    }
}

#[derive(Clone, Copy)]
struct Corner {
    to: Point,
    from: Point,
    light: f64,
}

/// The runs of one triangle of the target, affine from the source.
fn triangle((tw, th): (usize, usize), [a, b, c]: [Corner; 3], paint: &mut impl FnMut(Span)) {
    let det = (b.to.x - a.to.x) * (c.to.y - a.to.y) - (c.to.x - a.to.x) * (b.to.y - a.to.y);
    if det.is_nan() || det.abs() < 1e-9 {
        return;
    }
    let ys = [a.to.y, b.to.y, c.to.y];
    let top = ys.iter().copied().fold(f64::MAX, f64::min).ceil().max(0.0);
    let bottom = ys.iter().copied().fold(f64::MIN, f64::max).floor().min(th as f64 - 1.0);
    let mut y = top;
    while y <= bottom {
        // The span of this row: where all three weights are not negative.
        let (mut left, mut right) = (f64::MIN, f64::MAX);
        let weight = |x: f64| {
            let s = ((x - a.to.x) * (c.to.y - a.to.y) - (c.to.x - a.to.x) * (y - a.to.y)) / det;
            let t = ((b.to.x - a.to.x) * (y - a.to.y) - (x - a.to.x) * (b.to.y - a.to.y)) / det;
            [1.0 - s - t, s, t]
        };
        let (w0, w1) = (weight(0.0), weight(1.0));
        let slope = [w1[0] - w0[0], w1[1] - w0[1], w1[2] - w0[2]];
        for (at, slope) in w0.iter().zip(slope) {
            // A hair of tolerance, so that neighbouring triangles leave no gap.
            let root = (-1e-6 - at) / slope;
            if slope > 1e-12 {
                left = left.max(root);
            } else if slope < -1e-12 {
                right = right.min(root);
            } else if *at < -1e-6 {
                right = f64::MIN;
            }
        }
        let first = left.ceil().max(0.0);
        let last = right.floor().min(tw as f64 - 1.0);
        if first <= last {
            let mix = |w: [f64; 3], f: fn(&Corner) -> f64| w[0] * f(&a) + w[1] * f(&b) + w[2] * f(&c);
            let seen = |w: [f64; 3]| Seen {
                from: Point::new(mix(w, |k| k.from.x), mix(w, |k| k.from.y)),
                light: mix(w, |k| k.light),
            };
            let (x, end) = (first as usize, last as usize + 1);
            paint(Span { y: y as usize, x, end, at: seen(weight(first)), by: seen(slope) });
        }
        y += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_painted_point_stands_where_the_map_says() {
        let mut source = GrayImage::from_pixel(100, 80, image::Luma([255]));
        for (x, y) in [(30, 40), (31, 40), (30, 41), (31, 41)] {
            source.put_pixel(x, y, image::Luma([0]));
        }
        let place = |p: Point| Point::new(20.0 + 1.5 * p.x - 0.4 * p.y, 50.0 + 0.4 * p.x + 1.5 * p.y);
        let grid = Grid::new((100, 80), (9.0, 7.0), place);
        let mut target = GrayImage::from_pixel(200, 220, image::Luma([255]));
        grid.paint(&source, &mut target, None);
        let p = grid.map(Point::new(30.5, 40.5));
        assert!(target.get_pixel(p.x.round() as u32, p.y.round() as u32)[0] < 40);
        let dark = target.pixels().filter(|p| p[0] < 128).count();
        assert!((5..20).contains(&dark), "{dark}");
    }

    #[test]
    fn triangles_leave_no_gaps() {
        let source = GrayImage::from_pixel(64, 64, image::Luma([200]));
        let grid = Grid::new((64, 64), (8.0, 8.0), |p| Point::new(10.0 + p.x * 1.31, 10.0 + p.y * 1.17));
        let mut target = GrayImage::new(110, 100);
        grid.paint(&source, &mut target, None);
        for y in 12..80 {
            for x in 12..90 {
                assert_eq!(target.get_pixel(x, y)[0], 200, "{x} {y}");
            }
        }
    }
}
