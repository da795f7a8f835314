//! Paper as a surface that bends and keeps its lengths.
//!
//! In: slopes along a line. Out: the line's profile ([`Strip`]), and the strip of paper that lies on a
//! table along it ([`Lying`]): a cylinder over the profile, its straight lines across the strip or
//! askew, so that it is developable. Lengths in mm, x to the right, y down the strip, z up from the
//! table. Refuses nothing.

use super::SynthRng;
use rand::RngExt;
use std::f64::consts::{PI, TAU};

/// A line that rises and falls: places by arc length.
pub struct Strip {
    /// Arc length of the samples, mm.
    step: f64,
    /// Along and up, mm, and slope, radians, at each sample.
    profile: Vec<(f64, f64, f64)>,
}

impl Strip {
    /// The line of this length that has `slope` (radians) at each arc length.
    pub fn new(length: f64, slope: impl Fn(f64) -> f64) -> Self {
        let step = 2.0;
        let (mut along, mut up) = (0.0, 0.0);
        let mut profile = Vec::new();
        for i in 0..=(length / step).ceil() as usize {
            let slope = slope(i as f64 * step);
            profile.push((along, up, slope));
            along += step * slope.cos();
            up += step * slope.sin();
        }
        Self { step, profile }
    }

    /// Along, up and slope at arc length `v`.
    pub fn at(&self, v: f64) -> (f64, f64, f64) {
        let i = ((v / self.step).floor().max(0.0) as usize).min(self.profile.len() - 2);
        let t = v / self.step - i as f64;
        let (a, b) = (self.profile[i], self.profile[i + 1]);
        (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t, a.2 + (b.2 - a.2) * t)
    }
}

/// How a strip of thermal paper is bent.
#[derive(Debug, Clone, Default)]
pub struct Bends {
    /// Waves: height and length in mm, phase.
    pub waves: Vec<(f64, f64, f64)>,
    /// Creases: place along the strip (0 to 1), angle in degrees, width in mm over which it turns.
    pub folds: Vec<(f64, f64, f64)>,
    /// What the roll left at the head and the foot: length in mm that rises, radius in mm.
    pub ends: [(f64, f64); 2],
    /// How far the straight lines of the surface are from running across the strip, degrees.
    pub askew: f64,
}

impl Bends {
    /// A strip that was torn off a roll, folded for a pocket and laid on a table: waves 1 to 5 mm high and
    /// 120 to 500 mm long, up to three creases of up to 14 degrees, ends that rise on a radius of 60 to 200
    /// mm (not measured: by the eye, from strips of till paper).
    pub fn sample(rng: &mut SynthRng) -> Self {
        let waves = (0..2)
            .map(|_| (rng.random_range(0.5..2.5), rng.random_range(120.0..500.0), rng.random_range(0.0..TAU)))
            .collect();
        let folds = (0..rng.random_range(0..4u8))
            .map(|_| (rng.random_range(0.1..0.9), rng.random_range(-14.0..14.0), rng.random_range(8.0..40.0)))
            .collect();
        let ends = std::array::from_fn(|_| {
            if rng.random_bool(0.5) {
                (rng.random_range(15.0..60.0), rng.random_range(60.0..200.0))
            } else {
                (0.0, 1.0)
            }
        });
        Self { waves, folds, ends, askew: rng.random_range(-25.0..25.0) }
    }

    /// A strip in a sleeve, which presses it flat but for one wave of half a millimetre to two.
    pub fn pressed(rng: &mut SynthRng) -> Self {
        let wave = (rng.random_range(0.25..1.0), rng.random_range(200.0..600.0), rng.random_range(0.0..TAU));
        Self { waves: vec![wave], ..Self::default() }
    }

    /// The slope at arc length `v` of a line of this length, radians.
    fn slope(&self, v: f64, length: f64) -> f64 {
        let waves =
            self.waves.iter().map(|&(height, l, phase)| height * TAU / l * (TAU * v / l + phase).sin());
        let folds = self.folds.iter().map(|&(place, angle, width)| {
            // Up on one side of the crease, down on the other, within six widths.
            let t = (v - place * length) / width;
            -angle.to_radians() / 2.0 * (t * 1.5).tanh() * (-(t / 4.0).powi(2)).exp()
        });
        let [head, foot] = self.ends;
        // No radius is below 10 mm: an end that does not rise has none.
        let head = -(head.0 - v).max(0.0) / head.1.max(10.0);
        let foot = (v - length + foot.0).max(0.0) / foot.1.max(10.0);
        waves.sum::<f64>() + folds.sum::<f64>() + head + foot
    }
}

/// A strip of paper on a table.
pub struct Lying {
    strip: Strip,
    /// Width and length of the paper, mm.
    size: (f64, f64),
    /// Half the length of the profile.
    half: f64,
    /// Sine and cosine of the straight lines' turn.
    askew: (f64, f64),
    /// The mean slope, which is taken out, and what lifts the lowest point to the table.
    trend: f64,
    low: f64,
}

impl Lying {
    /// The paper of this size (width, length), bent.
    pub fn new(size: (f64, f64), bends: &Bends) -> Self {
        let (sin, cos) = bends.askew.to_radians().sin_cos();
        let length = size.1 * cos + size.0 * sin.abs();
        let strip = Strip::new(length, |v| bends.slope(v, length));
        let (a, b) = (strip.at(0.0), strip.at(length));
        let trend = (b.1 - a.1).atan2((b.0 - a.0).max(1.0));
        let mut lying = Self { strip, size, half: length / 2.0, askew: (sin, cos), trend, low: 0.0 };
        let heights = (0..=200).map(|i| lying.profile(length * (f64::from(i) / 200.0 - 0.5)).1);
        // The thickness of what lies: 0.1 mm.
        lying.low = heights.fold(f64::MAX, f64::min) - 0.1;
        lying
    }

    /// Along and up from the middle, mm, and slope, at arc length `s` from the middle.
    fn profile(&self, s: f64) -> (f64, f64, f64) {
        let (along, up, slope) = self.strip.at(s + self.half);
        let middle = self.strip.at(self.half);
        let (sin, cos) = self.trend.sin_cos();
        let (a, h) = (along - middle.0, up - middle.1);
        (a * cos + h * sin, h * cos - a * sin, slope - self.trend)
    }

    /// Where the paper's point (mm from its corner) lies, and its unit normal.
    pub fn at(&self, u: f64, v: f64) -> ([f64; 3], [f64; 3]) {
        let (u, v) = (u - self.size.0 / 2.0, v - self.size.1 / 2.0);
        let (sin, cos) = self.askew;
        let (s, t) = (v * cos + u * sin, u * cos - v * sin);
        let (along, up, slope) = self.profile(s);
        let place = [along * sin + t * cos, along * cos - t * sin, up - self.low];
        let lean = slope.clamp(-PI / 2.0, PI / 2.0);
        (place, [-lean.sin() * sin, -lean.sin() * cos, lean.cos()])
    }
}

#[cfg(test)]
mod tests {
    use super::super::rng;
    use super::*;

    #[test]
    fn bent_paper_keeps_its_lengths_and_lies_on_the_table() {
        for seed in 0..6 {
            let paper = Lying::new((81.0, 870.0), &Bends::sample(&mut rng(seed, 0)));
            let apart = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt();
            for i in 0..80 {
                let (u, v) = (f64::from(i), 5.0 + 10.7 * f64::from(i));
                let here = paper.at(u, v);
                // A millimetre along, across and askew is a millimetre in space.
                for (du, dv) in [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (0.6, -0.8)] {
                    let length = apart(here.0, paper.at(u + du, v + dv).0);
                    assert!((length - 1.0).abs() < 0.01, "seed {seed}, {u} {v}: {length}");
                }
                assert!(here.0[2] > 0.0, "seed {seed}: {:?}", here.0);
            }
        }
    }
}
