//! Registration thrown off: what the readers have to bear.
//!
//! In: an exact mesh. Out: crops as a registration with small errors would cut them, with the place
//! where the print stands in them.

use cotejo::ground::geometry::Point;
use cotejo::lab::synth::SynthRng;
use cotejo::read::cut;
use cotejo::read::cut::{CropFrame, EM_PX};
use cotejo::read::sheet::{Mesh, Rung};
use image::GrayImage;
use rand::RngExt;

/// An error of registration: how the print is off, in mm and as a linear map.
#[derive(Clone, Copy)]
pub struct Jitter {
    shift: (f64, f64),
    scale: f64,
    shear: f64,
    turn: f64,
}

impl Jitter {
    /// None.
    pub const NONE: Self = Self { shift: (0.0, 0.0), scale: 1.0, shear: 0.0, turn: 0.0 };

    /// Standard deviations: 1.6 px of 8 px/mm, 1.2 %, 0.8 and 0.5 degrees; at most thrice that.
    pub fn sample(rng: &mut SynthRng) -> Self {
        let mut normal = |deviation: f64| {
            // Irwin-Hall of three: bounded at three deviations.
            let sum: f64 = (0..3).map(|_| rng.random_range(-1.0..1.0)).sum();
            sum * deviation
        };
        Self {
            shift: (normal(0.2), normal(0.2)),
            scale: 1.0 + normal(0.012),
            shear: normal(0.8_f64.to_radians()),
            turn: normal(0.5_f64.to_radians()),
        }
    }

    /// For a line whose ends are seen: no error along it, half the error of scale.
    pub fn along_line(self) -> Self {
        Self { shift: (0.0, self.shift.1), scale: 1.0 + (self.scale - 1.0) / 2.0, ..self }
    }

    /// Cut so many mm lower.
    pub fn lowered(self, by: f64) -> Self {
        Self { shift: (self.shift.0, self.shift.1 + by), ..self }
    }

    /// Twice as much turned and stretched, and a little farther off: twice that would leave the crop.
    pub fn doubled(self) -> Self {
        Self {
            shift: (1.3 * self.shift.0, 1.3 * self.shift.1),
            scale: 1.0 + 2.0 * (self.scale - 1.0),
            shear: 2.0 * self.shear,
            turn: 2.0 * self.turn,
        }
    }

    fn linear(&self, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = (x + self.shear * y, y);
        let (s, c) = self.turn.sin_cos();
        (self.scale * (c * x - s * y), self.scale * (s * x + c * y))
    }

    /// `mesh` with this error around `centre` (form mm).
    fn apply(&self, mesh: &Mesh, centre: Point) -> Mesh {
        let rung = |y: f64| {
            let at = |x: f64| {
                let (dx, dy) = self.linear(x - centre.x, y - centre.y);
                mesh.map(Point::new(centre.x + dx + self.shift.0, centre.y + dy + self.shift.1))
            };
            Rung { y, points: [at(0.0), at(mesh.width / 2.0), at(mesh.width)] }
        };
        Mesh { width: mesh.width, rungs: vec![rung(centre.y - 4.0), rung(centre.y + 4.0)] }
    }

    /// Where print that belongs at the centre of a crop stands instead, mm from there.
    fn displaced(&self) -> (f64, f64) {
        // Inverse of `linear` to first order: the angles and the scale are within 4 %.
        let (x, y) = (-self.shift.0 / self.scale, -self.shift.1 / self.scale);
        (x - self.shear * y + self.turn * y, y - self.turn * x)
    }
}

/// Cuts one crop: its pixels, where the print's centre stands in it, its em in px.
pub fn cut(
    pixels: &GrayImage,
    mesh: &Mesh,
    frame: CropFrame,
    jitter: Jitter,
) -> (GrayImage, (f64, f64), f64) {
    let r = frame.rect;
    let centre = Point::new(r.x + r.width / 2.0, r.y + r.height / 2.0);
    let crop = cut::cut(pixels, &jitter.apply(mesh, centre), r, frame.px_per_mm);
    let (dx, dy) = jitter.displaced();
    let at = ((r.width / 2.0 + dx) * frame.px_per_mm - 0.5, (r.height / 2.0 + dy) * frame.px_per_mm - 0.5);
    (crop, at, EM_PX / jitter.scale)
}
