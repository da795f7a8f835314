//! The mesh: where every millimetre of the form stands in the photo.

use crate::ground::geometry::{Point, Quad, Rect};
use serde::{Deserialize, Serialize};

/// The stretch at either end of the mesh along which it is continued, mm: long against the noise of
/// one rung.
const BASELINE: f64 = 60.0;

/// A line across the strip: where the form's points (0, y), (w/2, y) and (w, y) stand in the photo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rung {
    /// Form y, mm.
    pub y: f64,
    /// Photo pixels at form x = 0, w/2 and w, where w is the frame's width.
    pub points: [Point; 3],
}

/// The mapping from form millimetres to photo pixels: rungs in ascending y, quadratic across,
/// linear from one to the next, extrapolated beyond the ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mesh {
    /// The frame's width, mm.
    pub width: f64,
    /// At least two rungs, ascending y.
    pub rungs: Vec<Rung>,
}

/// How much of the mesh tells the paper's direction at its end, mm: half the frame of a long form, so
/// that the local waves of paper feed and flattening even out.
const REACH: f64 = 170.0;

impl Rung {
    /// The photo point at form x = `t` times the frame's width.
    pub(super) fn at(&self, t: f64) -> Point {
        // Lagrange through t = 0, 1/2, 1.
        let (a, b, c) = (2.0 * (t - 0.5) * (t - 1.0), -4.0 * t * (t - 1.0), 2.0 * t * (t - 0.5));
        let [p, q, r] = self.points;
        Point::new(a * p.x + b * q.x + c * r.x, a * p.y + b * q.y + c * r.y)
    }
}

impl Mesh {
    /// Form point (mm) to photo point (px).
    pub fn map(&self, p: Point) -> Point {
        self.across(p.y, [p.x])[0]
    }

    /// Form points of one height to photo points.
    pub fn across<const N: usize>(&self, y: f64, xs: [f64; N]) -> [Point; N] {
        let (first, last) = (0, self.rungs.len() - 1);
        let (i, j) = if y < self.rungs[first].y {
            (first, self.rungs.partition_point(|r| r.y < self.rungs[first].y + BASELINE).clamp(1, last))
        } else if y > self.rungs[last].y {
            (self.rungs.partition_point(|r| r.y <= self.rungs[last].y - BASELINE).clamp(1, last) - 1, last)
        } else {
            let i = self.rungs.partition_point(|r| r.y <= y).clamp(1, last);
            (i - 1, i)
        };
        let (a, b) = (&self.rungs[i], &self.rungs[j]);
        let share = (y - a.y) / (b.y - a.y);
        xs.map(|x| a.at(x / self.width).lerp(b.at(x / self.width), share))
    }

    /// The photo quad of a form rectangle.
    pub fn quad(&self, r: Rect) -> Quad {
        Quad::from_points(r.corners().map(|p| self.map(p)))
    }

    /// The same mesh with a far rung at each end, at form y `top` and `bottom` where those lie outside.
    ///
    /// For what lies hundreds of millimetres outside, as the QR code and the header do: the far rungs go
    /// on from the end rung in the direction of the least-squares line through the nearest `REACH`
    /// millimetres (42 scans: the code, 290 mm below the frame, within 7.5 mm across and 1.5 mm down).
    #[must_use]
    pub fn extended(&self, top: f64, bottom: f64) -> Mesh {
        let mut mesh = self.clone();
        let (first, last) = (self.rungs[0], self.rungs[self.rungs.len() - 1]);
        if top < first.y {
            mesh.rungs.insert(0, self.far_rung(&first, top));
        }
        if bottom > last.y {
            mesh.rungs.push(self.far_rung(&last, bottom));
        }
        mesh
    }

    /// The rung at form y `y`, going on from `end` along the paper's direction there.
    fn far_rung(&self, end: &Rung, y: f64) -> Rung {
        let last = self.rungs.len() - 1;
        let neighbour = if end.y == self.rungs[last].y { last - 1 } else { 1 };
        let reach = REACH.max((self.rungs[neighbour].y - end.y).abs());
        let near = || self.rungs.iter().filter(|r| (r.y - end.y).abs() <= reach);
        let n = near().count() as f64;
        let mean = near().map(|r| r.y).sum::<f64>() / n;
        let spread: f64 = near().map(|r| (r.y - mean).powi(2)).sum();
        let slope = |of: fn(&Point) -> f64| {
            let sum = |r: &Rung| r.points.iter().map(of).sum::<f64>() / 3.0;
            near().map(|r| (r.y - mean) * sum(r)).sum::<f64>() / spread.max(1e-9)
        };
        let (dx, dy) = (slope(|p| p.x), slope(|p| p.y));
        let by = y - end.y;
        Rung { y, points: end.points.map(|p| Point::new(p.x + dx * by, p.y + dy * by)) }
    }

    /// Photo pixels per millimetre across the strip at form y.
    pub fn px_per_mm(&self, y: f64) -> f64 {
        self.map(Point::new(0.0, y)).distance(self.map(Point::new(self.width, y))) / self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_mesh_ignores_the_wobble_of_its_last_rung() {
        let rung = |y: f64, wobble: f64| Rung {
            y,
            points: [0.0, 5.0, 10.0].map(|x| Point::new(3.0 + x + wobble, 7.0 + y)),
        };
        let mut rungs: Vec<Rung> = (0..40).map(|i| rung(f64::from(i) * 5.0, 0.0)).collect();
        rungs[39] = rung(195.0, 0.4);
        let mesh = Mesh { width: 10.0, rungs };
        let far = Point::new(5.0, 495.0);
        assert!((mesh.extended(0.0, 500.0).map(far).x - 8.0).abs() < 2.0);
    }

    #[test]
    fn a_straight_mesh_is_a_similarity_and_extrapolates() {
        let rung =
            |y: f64| Rung { y, points: [0.0, 5.0, 10.0].map(|x| Point::new(3.0 + 2.0 * x, 7.0 + 2.0 * y)) };
        let mesh = Mesh { width: 10.0, rungs: vec![rung(0.0), rung(4.0)] };
        assert_eq!(mesh.map(Point::new(2.5, 1.0)), Point::new(8.0, 9.0));
        assert!(mesh.map(Point::new(-1.0, 10.0)).distance(Point::new(1.0, 27.0)) < 1e-9);
        for mesh in [&mesh, &Mesh { width: 10.0, rungs: vec![rung(0.0), rung(400.0)] }] {
            let far = mesh.extended(-100.0, 500.0);
            assert_eq!(far.rungs.len(), 4);
            for y in [-50.0, 450.0] {
                let p = Point::new(2.0, y);
                assert!(far.map(p).distance(mesh.map(p)) < 1e-9);
            }
        }
        assert!((mesh.px_per_mm(2.0) - 2.0).abs() < 1e-12);
    }
}
