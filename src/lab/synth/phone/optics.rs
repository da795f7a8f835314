//! Where a point of the scene stands in a phone's photo, and how sharp it is there.
//!
//! In: a frame, a lens, how the phone is held. Out: [`View`]: scene (mm, the table at z = 0, z towards the
//! phone) to photo pixels and back to the table, blur and fall-off by place. Refuses nothing; what lies
//! beside or behind the phone stands nowhere (NaN).

use super::super::SynthRng;
use crate::ground::geometry::Point;
use rand::RngExt;

/// A phone's main camera: a sensor of 1/1.56 inch (8.16 x 6.12 mm) behind f/1.8, in one of its modes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// Pixels along the long side and along the short one.
    pub frame: (usize, usize),
    /// Focal length as if on film of 36 x 24 mm, by the diagonal, mm.
    pub equivalent: f64,
}

/// Width of the sensor, mm.
const SENSOR: f64 = 8.16;
/// Diagonal of 36 x 24 mm.
const FILM: f64 = 43.27;
/// Focal length over aperture.
const STOP: f64 = 1.8;
/// Spot of the lens in focus at the middle, standard deviation in mm: half contrast at 150 line pairs a
/// millimetre, with the diffraction of f/1.8 (0.42 times wavelength times 1.8) in it.
const SPOT: f64 = 0.00125;
/// What reading colours through a mosaic costs, standard deviation in pixels.
const MOSAIC: f64 = 0.45;

impl Lens {
    /// Focal length in pixels.
    pub fn focal_px(&self) -> f64 {
        self.equivalent / FILM * (self.frame.0 as f64).hypot(self.frame.1 as f64)
    }

    /// Side of a pixel, mm.
    fn pitch(&self) -> f64 {
        SENSOR / self.frame.0 as f64
    }

    /// Focal length, mm.
    fn focal(&self) -> f64 {
        self.focal_px() * self.pitch()
    }

    /// Spot in the middle in pixels, by the lens alone.
    pub fn spot(&self) -> f64 {
        SPOT / self.pitch()
    }
}

/// How the phone is held.
#[derive(Debug, Clone, Copy)]
pub struct Stance {
    /// Tilt of the phone against the table, degrees, and towards which side, radians.
    pub tilt: (f64, f64),
    /// Turn about the line of sight, degrees.
    pub turn: f64,
    /// Share of the frame that the wanted part fills.
    pub fill: f64,
    /// Focus beside the middle of the frame, share of the distance.
    pub focus: f64,
    /// Barrel (negative) or cushion left after the phone's correction: shift at the corner, share.
    pub bulge: f64,
}

impl Stance {
    /// A stance with a tilt of up to `most` degrees to any side: the strip along the frame's long side.
    pub fn sample(most: f64, rng: &mut SynthRng) -> Self {
        Self {
            tilt: (rng.random_range(0.0..most), rng.random_range(0.0..std::f64::consts::TAU)),
            turn: rng.random_range(-4.0..4.0),
            fill: rng.random_range(0.88..0.97),
            focus: rng.random_range(-0.03..0.03),
            bulge: rng.random_range(-0.008..0.004),
        }
    }
}

/// How the frame lies to the scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The long side runs down the scene.
    Upright,
    /// The long side runs across the photo, the scene's way down from left to right.
    Sideways,
    /// The long side runs across photo and scene.
    Level,
}

/// A phone before a scene.
#[derive(Debug, Clone)]
pub struct View {
    lens: Lens,
    /// Pixels across and down, as the frame is held.
    pub size: (usize, usize),
    focal: f64,
    /// Rows: the phone's right, down and away-from-scene axes.
    turn: [[f64; 3]; 3],
    target: [f64; 3],
    aim: (f64, f64),
    distance: f64,
    focus: f64,
    bulge: f64,
}

impl View {
    /// The phone held so that the points (mm) fill the frame.
    pub fn new(lens: Lens, stance: &Stance, held: Held, points: &[[f64; 3]]) -> Self {
        let size = if held == Held::Upright { (lens.frame.1, lens.frame.0) } else { lens.frame };
        let quarter = if held == Held::Sideways { -90.0 } else { 0.0 };
        let mean = |i: usize| points.iter().map(|p| p[i]).sum::<f64>() / points.len().max(1) as f64;
        let focal = lens.focal_px();
        let mut view = Self {
            lens,
            size,
            focal,
            turn: rotation(stance, quarter),
            target: [mean(0), mean(1), mean(2)],
            aim: (0.0, 0.0),
            distance: 700.0,
            focus: 700.0,
            bulge: stance.bulge,
        };
        let (w, h) = (size.0 as f64, size.1 as f64);
        // Nearer or farther, until it fills the frame.
        for _ in 0..40 {
            let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
            for p in points {
                let q = view.project(*p);
                if q.x.is_nan() {
                    continue;
                }
                low = [low[0].min(q.x), low[1].min(q.y)];
                high = [high[0].max(q.x), high[1].max(q.y)];
            }
            let by = ((high[0] - low[0]) / w).max((high[1] - low[1]) / h) / stance.fill;
            let mm = view.distance / focal;
            view.aim.0 += ((low[0] + high[0]) / 2.0 - w / 2.0) * mm;
            view.aim.1 += ((low[1] + high[1]) / 2.0 - h / 2.0) * mm;
            view.distance = (view.distance * by.clamp(0.5, 2.0)).max(60.0);
        }
        // The phone focuses on what is in the middle of its frame.
        view.focus = view.depth_at(w / 2.0, h / 2.0) * (1.0 + stance.focus);
        view
    }

    fn seen(&self, p: [f64; 3]) -> [f64; 3] {
        let d = [0, 1, 2].map(|i| p[i] - self.target[i]);
        let q = self.turn.map(|r| r[0] * d[0] + r[1] * d[1] + r[2] * d[2]);
        [q[0] - self.aim.0, q[1] - self.aim.1, self.distance - q[2]]
    }

    /// Photo pixels of a point of the scene.
    pub fn project(&self, p: [f64; 3]) -> Point {
        let [x, y, depth] = self.seen(p);
        // Nearer than a fifth of the way nothing is painted: it lies outside the frame.
        if depth < self.distance * 0.2 {
            return Point::new(f64::NAN, f64::NAN);
        }
        let (x, y) = (x * self.focal / depth, y * self.focal / depth);
        let gain = 1.0 + self.bulge * self.corner(x, y);
        Point::new(x * gain + self.middle().0, y * gain + self.middle().1)
    }

    /// Pixels of a millimetre across the line of sight at a point.
    pub fn px_per_mm(&self, p: [f64; 3]) -> f64 {
        self.focal / self.seen(p)[2].max(1.0)
    }

    fn middle(&self) -> (f64, f64) {
        ((self.size.0 as f64 - 1.0) / 2.0, (self.size.1 as f64 - 1.0) / 2.0)
    }

    /// Square of the distance from the middle, 1 at the corners.
    fn corner(&self, x: f64, y: f64) -> f64 {
        let (w, h) = (self.size.0 as f64 / 2.0, self.size.1 as f64 / 2.0);
        (x * x + y * y) / (w * w + h * h)
    }

    /// The line of sight of a pixel: where it meets the table is `start + by * distance along it`.
    fn sight(&self, x: f64, y: f64) -> ([f64; 3], [f64; 3]) {
        let (x, y) = (x - self.middle().0, y - self.middle().1);
        let gain = 1.0 - self.bulge * self.corner(x, y);
        let ray = [x * gain / self.focal, y * gain / self.focal, -1.0];
        let eye = [self.aim.0, self.aim.1, self.distance];
        let back = |q: [f64; 3]| [0, 1, 2].map(|i| (0..3).map(|r| self.turn[r][i] * q[r]).sum::<f64>());
        let (eye, ray) = (back(eye), back(ray));
        ([0, 1, 2].map(|i| eye[i] + self.target[i]), ray)
    }

    /// Where a pixel's line of sight meets the table, mm.
    pub fn table(&self, x: f64, y: f64) -> Point {
        let (eye, ray) = self.sight(x, y);
        let depth = -eye[2] / ray[2];
        Point::new(eye[0] + ray[0] * depth, eye[1] + ray[1] * depth)
    }

    /// Where the phone is, mm.
    pub fn eye(&self) -> [f64; 3] {
        self.sight(self.middle().0, self.middle().1).0
    }

    fn depth_at(&self, x: f64, y: f64) -> f64 {
        let (eye, ray) = self.sight(x, y);
        -eye[2] / ray[2]
    }

    /// Blur at a pixel whose line of sight meets the table, standard deviation in pixels: the lens, worse
    /// towards the corners, what is out of focus, and the mosaic of colours.
    pub fn blur(&self, x: f64, y: f64) -> f64 {
        let (cx, cy) = (x - self.middle().0, y - self.middle().1);
        let spot = self.lens.spot() * (1.0 + 0.6 * self.corner(cx, cy));
        let (f, depth) = (self.lens.focal(), self.depth_at(x, y));
        // The circle of confusion of a thin lens; a disc's deviation is a quarter of its diameter.
        let circle = f * f / STOP * (depth - self.focus).abs() / (depth * (self.focus - f));
        let out = circle / self.lens.pitch() / 4.0;
        (spot * spot + out * out + MOSAIC * MOSAIC).sqrt()
    }

    /// Light that reaches a pixel, 1 at the middle: cosine to the fourth, of which the phone takes six
    /// tenths back.
    pub fn fall_off(&self, x: f64, y: f64) -> f64 {
        let (x, y) = (x - self.middle().0, y - self.middle().1);
        let cos2 = 1.0 / (1.0 + (x * x + y * y) / (self.focal * self.focal));
        (cos2 * cos2).powf(0.4)
    }
}

/// Turned about the line of sight, then tilted.
fn rotation(stance: &Stance, quarter: f64) -> [[f64; 3]; 3] {
    let (ts, tc) = stance.tilt.0.to_radians().sin_cos();
    let (az_s, az_c) = stance.tilt.1.sin_cos();
    // About the axis (cos, sin, 0) of the table (Rodrigues).
    let k = 1.0 - tc;
    let tilt = [
        [tc + az_c * az_c * k, az_c * az_s * k, az_s * ts],
        [az_c * az_s * k, tc + az_s * az_s * k, -az_c * ts],
        [-az_s * ts, az_c * ts, tc],
    ];
    let (s, c) = (stance.turn + quarter).to_radians().sin_cos();
    let turn = [[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]];
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|m| turn[i][m] * tilt[m][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::super::super::rng;
    use super::*;

    #[test]
    fn a_pixel_looks_at_the_place_of_the_table_that_it_shows() {
        let points = [[-40.0, -435.0, 0.0], [40.0, 435.0, 0.0], [-40.0, 435.0, 0.0], [40.0, -435.0, 0.0]];
        for seed in 0..5 {
            for held in [Held::Upright, Held::Sideways] {
                let stance = Stance::sample(35.0, &mut rng(seed, 0));
                let lens = Lens { frame: (4000, 3000), equivalent: 26.0 };
                let view = View::new(lens, &stance, held, &points);
                for p in points {
                    let q = view.project(p);
                    let (w, h) = (view.size.0 as f64, view.size.1 as f64);
                    assert!(q.x > 0.0 && q.y > 0.0 && q.x < w && q.y < h, "seed {seed}: {q:?}");
                    let back = view.table(q.x, q.y);
                    assert!(back.distance(Point::new(p[0], p[1])) < 0.5, "seed {seed}: {back:?} {p:?}");
                }
                // 87 cm along the long side: 95 to 118 dpi at the middle.
                let dpi = view.px_per_mm([0.0, 0.0, 0.0]) * 25.4;
                assert!((90.0..130.0).contains(&dpi), "{dpi}");
            }
        }
    }
}
