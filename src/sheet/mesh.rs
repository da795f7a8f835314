//! The mesh: where every millimetre of the form stands in the photo.

use crate::geometry::{Point, Quad, Rect};

/// The stretch at either end of the mesh along which it is continued, mm: long against the noise of
/// one rung.
const BASELINE: f64 = 60.0;

/// A line across the strip: where the form's points (0, y), (w/2, y) and (w, y) stand in the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Form y, mm.
    pub y: f64,
    /// Photo pixels at form x = 0, w/2 and w, where w is the frame's width.
    pub points: [Point; 3],
}

/// The mapping from form millimetres to photo pixels: rungs in ascending y, quadratic across,
/// linear from one to the next, extrapolated beyond the ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// The frame's width, mm.
    pub width: f64,
    /// At least two rungs, ascending y.
    pub rungs: Vec<Rung>,
}

impl Rung {
    /// The photo point at form x = `t` times the frame's width.
    fn at(&self, t: f64) -> Point {
        // Lagrange through t = 0, 1/2, 1.
        let (a, b, c) = (2.0 * (t - 0.5) * (t - 1.0), -4.0 * t * (t - 1.0), 2.0 * t * (t - 0.5));
        let [p, q, r] = self.points;
        Point::new(a * p.x + b * q.x + c * r.x, a * p.y + b * q.y + c * r.y)
    }
}

impl Mesh {
    /// Form point (mm) to photo point (px).
    pub fn map(&self, p: Point) -> Point {
        let (first, last) = (0, self.rungs.len() - 1);
        let t = p.x / self.width;
        let (i, j) = if p.y < self.rungs[first].y {
            (first, self.rungs.partition_point(|r| r.y < self.rungs[first].y + BASELINE).clamp(1, last))
        } else if p.y > self.rungs[last].y {
            (self.rungs.partition_point(|r| r.y <= self.rungs[last].y - BASELINE).clamp(1, last) - 1, last)
        } else {
            let i = self.rungs.partition_point(|r| r.y <= p.y).clamp(1, last);
            (i - 1, i)
        };
        let (a, b) = (&self.rungs[i], &self.rungs[j]);
        a.at(t).lerp(b.at(t), (p.y - a.y) / (b.y - a.y))
    }

    /// The photo quad of a form rectangle.
    pub fn quad(&self, r: Rect) -> Quad {
        Quad::from_points(r.corners().map(|p| self.map(p)))
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
    fn a_straight_mesh_is_a_similarity_and_extrapolates() {
        let rung =
            |y: f64| Rung { y, points: [0.0, 5.0, 10.0].map(|x| Point::new(3.0 + 2.0 * x, 7.0 + 2.0 * y)) };
        let mesh = Mesh { width: 10.0, rungs: vec![rung(0.0), rung(4.0)] };
        assert_eq!(mesh.map(Point::new(2.5, 1.0)), Point::new(8.0, 9.0));
        assert_eq!(mesh.map(Point::new(-1.0, 10.0)), Point::new(1.0, 27.0));
        assert!((mesh.px_per_mm(2.0) - 2.0).abs() < 1e-12);
    }
}
