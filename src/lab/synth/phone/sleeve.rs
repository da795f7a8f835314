//! A plastic sleeve over the paper: what it mirrors, what it takes from the contrast, how it bends light.
//!
//! In: the paper as it lies, the lamp and the phone. Out: light added at each place of the paper, and how far
//! the print seems to be from its place. Foil of 0.18 mm, index 1.5: it mirrors 8 % (two faces of 4 %), lets
//! 85 % through on the way in and out, and scatters 3 %. Refuses nothing.

use super::super::SynthRng;
use super::super::paper::Lying;
use super::light::Light;
use super::plane::WHITE;
use rand::RngExt;
use std::f64::consts::PI;

/// What two faces mirror.
const MIRRORS: f64 = 0.08;
/// What is left of the paper's light.
pub const THROUGH: f32 = 0.85;
/// What the foil scatters of the light, share of white.
const HAZE: f64 = 0.03;
/// Thickness times (1 - 1 / index), mm: shift of what is seen at 45 degrees.
const SHIFT: f64 = 0.18 / 3.0;
/// Roughness of the foil: softness of what it mirrors, radians.
const ROUGH: f64 = 0.03;

/// A crease or wave of the foil: where, its direction, slope (radians) and width (mm).
struct Crease {
    at: (f64, f64),
    turn: (f64, f64),
    slope: f64,
    width: f64,
}

/// A foil.
pub struct Sleeve {
    creases: Vec<Crease>,
}

impl Sleeve {
    /// A foil over paper of this size: a dozen creases and three long waves.
    pub fn sample(size: (f64, f64), rng: &mut SynthRng) -> Self {
        let mut crease = |slope: f64, width: (f64, f64)| Crease {
            at: (rng.random_range(0.0..size.0), rng.random_range(0.0..size.1)),
            // Mostly along the strip.
            turn: (rng.random_range(-0.7..0.7f64) + PI / 2.0).sin_cos(),
            slope: rng.random_range(-slope..slope),
            width: rng.random_range(width.0..width.1),
        };
        let mut creases: Vec<Crease> = (0..12).map(|_| crease(0.25, (2.0, 9.0))).collect();
        creases.extend((0..3).map(|_| crease(0.08, (40.0, 150.0))));
        Self { creases }
    }

    /// Slopes of the foil against the paper, along x and y.
    fn slope(&self, u: f64, v: f64) -> (f64, f64) {
        self.creases.iter().fold((0.0, 0.0), |sum, c| {
            let (sin, cos) = c.turn;
            let (du, dv) = (u - c.at.0, v - c.at.1);
            // Across the crease, and along it: it ends after some 120 mm.
            let (t, along) = ((-du * sin + dv * cos) / c.width, (du * cos + dv * sin) / 120.0);
            let slope = c.slope * t * (0.5 - 0.5 * t * t - 0.5 * along * along).exp();
            (sum.0 - slope * sin, sum.1 + slope * cos)
        })
    }

    /// From where on the paper the print at a place seems to come, seen from `eye`: the shift in mm.
    pub fn shift(&self, paper: &Lying, u: f64, v: f64, eye: [f64; 3]) -> (f64, f64) {
        let (place, _) = paper.at(u, v);
        let up = (eye[2] - place[2]).max(1.0);
        let lean = self.slope(u, v);
        (SHIFT * ((place[0] - eye[0]) / up + lean.0), SHIFT * ((place[1] - eye[1]) / up + lean.1))
    }

    /// The light that the foil adds, a value a millimetre, row by row of `width` values.
    pub fn gloss(&self, paper: &Lying, size: (f64, f64), light: &Light, eye: [f64; 3]) -> (Vec<f32>, usize) {
        let (width, height) = (size.0.ceil() as usize + 1, size.1.ceil() as usize + 1);
        let away = light.lamp.iter().map(|c| c * c).sum::<f64>();
        // Brightness of the lamp against white paper that it lights: the inverse of its share of the sky.
        let lamp = (1.0 - light.scattered) * away / (light.size / 2.0).powi(2);
        let wide = light.size / 2.0 / away.sqrt();
        let values = (0..width * height)
            .map(|i| {
                let (u, v) = ((i % width) as f64, (i / width) as f64);
                let (place, normal) = paper.at(u, v);
                let lean = self.slope(u, v);
                let n = unit([normal[0] - lean.0, normal[1] - lean.1, normal[2]]);
                let to_eye = unit([0, 1, 2].map(|k| eye[k] - place[k]));
                let to_lamp = unit([0, 1, 2].map(|k| light.lamp[k] - place[k]));
                let facing = dot(n, to_eye);
                let mirrored = [0, 1, 2].map(|k| 2.0 * facing * n[k] - to_eye[k]);
                let off = dot(mirrored, to_lamp).clamp(-1.0, 1.0).acos();
                // Within the lamp's disc all of it, beyond it what the rough foil spreads.
                let spread = (-0.5 * ((off - wide).max(0.0) / ROUGH).powi(2)).exp();
                let share = (wide / (wide + ROUGH)).powi(2);
                // What hangs around the lamp is as bright as the scattered light makes it.
                let room = MIRRORS * light.scattered;
                (WHITE as f64 * (MIRRORS * lamp * share * spread + room + HAZE)) as f32
            })
            .collect();
        (values, width)
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(a: [f64; 3]) -> [f64; 3] {
    let length = dot(a, a).sqrt().max(1e-9);
    a.map(|c| c / length)
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Bends;
    use super::*;

    #[test]
    fn a_flat_foil_mirrors_the_lamp_where_angles_are_equal_and_shifts_print_by_its_thickness() {
        let paper = Lying::new((80.0, 800.0), &Bends::default());
        let sleeve = Sleeve { creases: Vec::new() };
        let eye = [0.0, -300.0, 700.0];
        let light = Light { lamp: [0.0, 900.0, 2100.0], size: 300.0, scattered: 0.5, before: Vec::new() };
        let (gloss, width) = sleeve.gloss(&paper, (80.0, 800.0), &light, eye);
        // Mirrored at the table: heights 700 and 2100, 1200 apart, so a quarter of the way from the phone.
        let brightest = gloss.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        let v = (brightest / width) as f64;
        assert!((v - (400.0 - 0.0)).abs() < 60.0, "{v}");
        assert!(gloss[brightest] > WHITE && gloss[width * 790] < 0.1 * WHITE);
        let (dx, dy) = sleeve.shift(&paper, 40.0, 400.0, eye);
        assert!(dx.abs() < 0.001 && (dy - SHIFT * 300.0 / 700.0).abs() < 0.001, "{dx} {dy}");
    }
}
