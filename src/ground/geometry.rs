//! Points, rectangles and quads, in one of two coordinate systems.
//!
//! *Photo* coordinates are pixels of the upright photo (EXIF orientation applied), x to the right,
//! y down, the centre of the top-left pixel at (0, 0). *Form* coordinates are millimetres of the
//! nominal print, in the frame that the form defines (see [`crate::form`]). Which one a value is in
//! stands at the field that holds it. Refuses nothing: plain data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest whole number not above `v`, for coordinates above -65536: a truncation, because the
/// baseline x86-64 has no instruction for `f64::floor` and calls a function for every pixel.
pub fn floor(v: f64) -> i64 {
    (v + 65536.0) as i64 - 65536
}

/// A point; the field that holds it says in which coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// The point (x, y).
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Euclidean distance to `other`.
    pub fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point a fraction `t` of the way to `other`.
    pub fn lerp(self, other: Point, t: f64) -> Point {
        Point::new(self.x + (other.x - self.x) * t, self.y + (other.y - self.y) * t)
    }
}

/// A turn with a scale and a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    from: Point,
    to: Point,
    /// Where a step to the right leads.
    step: Point,
}

impl Similar {
    /// What takes the first point of each pair nearest to the second, in the sense of least squares; of two pairs or more.
    pub fn through(pairs: &[(Point, Point)]) -> Self {
        let n = pairs.len() as f64;
        let mean = |of: fn(&(Point, Point)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
        let from = Point::new(mean(|p| p.0.x), mean(|p| p.0.y));
        let to = Point::new(mean(|p| p.1.x), mean(|p| p.1.y));
        let (mut a, mut b, mut s) = (0.0, 0.0, 0.0);
        for (p, q) in pairs {
            let (x, y, u, v) = (p.x - from.x, p.y - from.y, q.x - to.x, q.y - to.y);
            a += x * u + y * v;
            b += x * v - y * u;
            s += x * x + y * y;
        }
        Self { from, to, step: Point::new(a / s, b / s) }
    }

    /// Where it takes a point.
    pub fn map(&self, p: Point) -> Point {
        let (x, y) = (p.x - self.from.x, p.y - self.from.y);
        let Point { x: a, y: b } = self.step;
        Point::new(self.to.x + a * x - b * y, self.to.y + b * x + a * y)
    }
}

/// An axis-parallel rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
}

impl Rect {
    /// The rectangle with this top-left corner and size.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self { x, y, width, height }
    }

    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Bottom edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Its middle.
    pub fn middle(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Corners in the order of [`Quad`].
    pub fn corners(&self) -> [Point; 4] {
        [
            Point::new(self.x, self.y),
            Point::new(self.right(), self.y),
            Point::new(self.right(), self.bottom()),
            Point::new(self.x, self.bottom()),
        ]
    }
}

/// Four corners: top-left, top-right, bottom-right, bottom-left as the text reads.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Quad(pub [[f64; 2]; 4]);

impl Quad {
    /// From four points in the order of the type.
    pub fn from_points(points: [Point; 4]) -> Self {
        Self(points.map(|p| [p.x, p.y]))
    }

    /// The corners as points.
    pub fn points(&self) -> [Point; 4] {
        self.0.map(|[x, y]| Point::new(x, y))
    }

    /// The smallest axis-parallel rectangle around the corners.
    pub fn bounds(&self) -> Rect {
        let xs = self.0.map(|p| p[0]);
        let ys = self.0.map(|p| p[1]);
        let (x0, x1) =
            (xs.iter().copied().fold(f64::MAX, f64::min), xs.iter().copied().fold(f64::MIN, f64::max));
        let (y0, y1) =
            (ys.iter().copied().fold(f64::MAX, f64::min), ys.iter().copied().fold(f64::MIN, f64::max));
        Rect::new(x0, y0, x1 - x0, y1 - y0)
    }
}
