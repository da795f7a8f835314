//! What a phone's sensor and its software make of light.
//!
//! In: a [`Plane`] of light and how bright each place is lit. Out: grey levels as the phone keeps them: noise
//! of photons and of reading, clipping, tone curve, denoising, sharpening. Refuses nothing.

use super::super::{SynthRng, noise};
use super::plane::{BLOCK, Plane, WHITE, grey};
use image::GrayImage;
use rand::RngExt;

/// How large the sensor's pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pixels {
    /// Two micrometres a side: 12 megapixels.
    Large,
    /// One micrometre: 50 megapixels.
    Small,
}

/// How a photo is exposed and developed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensor {
    /// Electrons of a pixel that is just not clipped, frames that are merged counted together.
    pub electrons: f32,
    /// Noise of reading, electrons.
    pub read: f32,
    /// What white paper in full light comes to, share of clipping; `None`: as the phone measures the scene.
    pub white: Option<f32>,
    /// How far in deviations of the noise neighbours may be to be averaged; 0 leaves the noise.
    pub denoise: f32,
    /// Share of the difference from a blur of 1.2 pixels that is added.
    pub sharpen: f32,
}

impl Sensor {
    /// A room by day, ISO 100 to 400: 12,000 electrons fill a pixel of 2 micrometres at ISO 50 (a pixel of
    /// 1 micrometre a quarter of it), reading costs 1.5. Small pixels are denoised, all are sharpened.
    pub fn day(pixels: Pixels, rng: &mut SynthRng) -> Self {
        let iso = rng.random_range(2.0..8.0f32);
        let (full, denoise) = match pixels {
            Pixels::Large => (12_000.0, 0.0),
            Pixels::Small => (3_000.0, 2.0),
        };
        Self { electrons: full / iso, read: 1.5, white: None, denoise, sharpen: rng.random_range(0.3..0.8) }
    }

    /// Night, ISO 1600 to 6400, four frames merged: 750 to 1,500 electrons, denoised and sharpened hard.
    pub fn night(rng: &mut SynthRng) -> Self {
        let electrons = 4.0 * 12_000.0 / rng.random_range(32.0..128.0f32);
        Self {
            electrons,
            read: 3.0,
            white: Some(rng.random_range(0.3..0.55)),
            denoise: 2.5,
            sharpen: rng.random_range(0.8..1.4),
        }
    }

    /// Noise of the grey plane at a share of clipping: that of one pixel, a quarter less by the mosaic.
    fn noise(&self, share: f32) -> f32 {
        0.75 * (share * self.electrons + self.read * self.read).sqrt() / self.electrons
    }

    /// Exposes and develops; `gain` is the light on a pixel (x, y), 1 in full light, asked for at corners of
    /// blocks.
    pub fn develop(&self, plane: &Plane, gain: impl Fn(f64, f64) -> f64, rng: &mut SynthRng) -> GrayImage {
        let (columns, rows) = (plane.width.div_ceil(BLOCK) + 1, plane.height.div_ceil(BLOCK) + 1);
        let side = BLOCK as f64;
        let gains: Vec<f32> = (0..rows * columns)
            .map(|i| gain((i % columns) as f64 * side, (i / columns) as f64 * side) as f32)
            .collect();
        let white = self.white.unwrap_or_else(|| measured(plane, &gains, columns));
        let pixels = self.expose(plane, &gains, columns, white, rng);
        let pixels = self.denoised(pixels);
        sharpened(pixels, self.sharpen)
    }

    fn expose(
        &self,
        plane: &Plane,
        gains: &[f32],
        columns: usize,
        white: f32,
        rng: &mut SynthRng,
    ) -> GrayImage {
        let tone = tone();
        let sigma: Vec<f32> =
            (0..=LEVELS).map(|i| self.noise(i as f32 / LEVELS as f32) * LEVELS as f32).collect();
        let mut dice = noise::Dice::new(rng);
        let scale = LEVELS as f32 * white / WHITE;
        let mut out = GrayImage::new(plane.width as u32, plane.height as u32);
        let rows = plane.light.chunks_exact(plane.width).zip(out.chunks_exact_mut(plane.width));
        for (y, (light, to)) in rows.enumerate() {
            let (r, v) = (y / BLOCK, (y % BLOCK) as f32 / BLOCK as f32);
            let knot = |c: usize| {
                let (above, below) = (gains[r * columns + c], gains[(r + 1) * columns + c]);
                (above + (below - above) * v) * scale
            };
            for (b, (light, to)) in light.chunks(BLOCK).zip(to.chunks_mut(BLOCK)).enumerate() {
                let (mut gain, next) = (knot(b), knot(b + 1));
                let by = (next - gain) / BLOCK as f32;
                for (light, to) in light.chunks(2).zip(to.chunks_mut(2)) {
                    let grains = dice.two();
                    for ((&light, to), grain) in light.iter().zip(to).zip(grains) {
                        let level = (f32::from(light) * gain).min(LEVELS as f32);
                        let level = level + sigma[level as usize] * grain + 0.5;
                        *to = tone[(level.max(0.0) as usize).min(LEVELS)];
                        gain += by;
                    }
                }
            }
        }
        out
    }

    /// Averages each pixel with those of its five by five neighbours that differ by no more than noise does
    /// (sigma filter, Lee 1983).
    fn denoised(&self, pixels: GrayImage) -> GrayImage {
        if self.denoise <= 0.0 {
            return pixels;
        }
        // Noise in grey levels at each level, through the slope of the tone curve.
        let tone = tone();
        let reach: [i16; 256] = std::array::from_fn(|g| {
            let at = tone.partition_point(|&t| usize::from(t) < g).min(LEVELS);
            let (low, high) = (at.saturating_sub(40), (at + 40).min(LEVELS));
            let slope = f32::from(tone[high] - tone[low]) / (high - low) as f32;
            (self.denoise * self.noise(at as f32 / LEVELS as f32) * LEVELS as f32 * slope).min(120.0) as i16
        });
        let (w, h) = (pixels.width() as usize, pixels.height() as usize);
        let mut out = pixels.clone();
        let raw = pixels.as_raw();
        for y in 2..h.saturating_sub(2) {
            for x0 in (2..w.saturating_sub(2)).step_by(BLOCK) {
                let n = BLOCK.min(w - 2 - x0);
                let (mut sums, mut counts) = ([0i16; BLOCK], [0i16; BLOCK]);
                let centre = &raw[y * w + x0..][..n];
                let mut near = [0i16; BLOCK];
                near.iter_mut().zip(centre).for_each(|(r, &c)| *r = reach[usize::from(c)]);
                for dy in 0..5 {
                    for dx in 0..5 {
                        let other = &raw[(y + dy - 2) * w + x0 + dx - 2..][..n];
                        for i in 0..n {
                            let d = i16::from(other[i]) - i16::from(centre[i]);
                            let take = -i16::from(d.abs() <= near[i]);
                            sums[i] += d & take;
                            counts[i] -= take;
                        }
                    }
                }
                let to = &mut out.as_flat_samples_mut().samples[y * w + x0..][..n];
                for i in 0..n {
                    // The pixel itself is among those counted.
                    let mean = f32::from(sums[i]) / f32::from(counts[i]);
                    to[i] = (f32::from(centre[i]) + mean + 0.5) as u8;
                }
            }
        }
        out
    }
}

/// Steps of light up to clipping.
const LEVELS: usize = 4095;

/// Grey levels of light: sRGB with a little more contrast in the middle.
fn tone() -> Vec<u8> {
    let curve = |i: usize| {
        let v = grey(i as f32 / LEVELS as f32) / 255.0;
        let steep = v * v * (3.0 - 2.0 * v);
        (255.0 * (v + 0.25 * (steep - v)) + 0.5) as u8
    };
    (0..=LEVELS).map(curve).collect()
}

/// What white in full light comes to when the phone sets the frame's mean, its middle counted twice, to a
/// quarter of clipping; between 0.45 and 0.85, as phones save highlights and shadows.
fn measured(plane: &Plane, gains: &[f32], columns: usize) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0);
    for y in (0..plane.height).step_by(BLOCK) {
        for x in (0..plane.width).step_by(BLOCK) {
            let lit = f32::from(plane.light[y * plane.width + x]) / WHITE;
            let inner = |v: usize, n: usize| v > n / 4 && v < n * 3 / 4;
            let weight = if inner(x, plane.width) && inner(y, plane.height) { 2.0 } else { 1.0 };
            sum += weight * lit.min(1.5) * gains[y / BLOCK * columns + x / BLOCK];
            count += weight;
        }
    }
    (0.25 * count / f32::max(sum, 1e-6)).clamp(0.45, 0.85)
}

/// Unsharp mask over a blur of 1.2 pixels.
fn sharpened(mut pixels: GrayImage, amount: f32) -> GrayImage {
    if amount <= 0.0 {
        return pixels;
    }
    let soft = noise::blur(pixels.clone(), 1.2);
    let amount = (amount * 256.0) as i32;
    for (v, &s) in pixels.iter_mut().zip(soft.iter()) {
        let sharp = i32::from(*v) * 256 + amount * (i32::from(*v) - i32::from(s)) + 128;
        *v = (sharp >> 8).clamp(0, 255) as u8;
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::super::super::rng;
    use super::*;

    fn grey_of(sensor: &Sensor, light: f32) -> (f64, f64) {
        let plane = Plane { width: 256, height: 256, light: vec![(light * WHITE) as u16; 256 * 256] };
        let out = sensor.develop(&plane, |_, _| 1.0, &mut rng(1, 1));
        let n = out.len() as f64;
        let mean = out.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let var = out.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
        (mean, var.sqrt())
    }

    #[test]
    fn fewer_electrons_make_more_noise_and_denoising_takes_most_of_it() {
        let raw = Sensor { electrons: 3_000.0, read: 1.5, white: Some(0.7), denoise: 0.0, sharpen: 0.0 };
        let (mean, clean) = grey_of(&raw, 0.85);
        assert!((190.0..235.0).contains(&mean), "{mean}");
        let dim = Sensor { electrons: 300.0, ..raw };
        let noisy = grey_of(&dim, 0.85).1;
        // Shot noise goes with the root of the electrons.
        assert!((noisy / clean - 10f64.sqrt()).abs() < 0.4, "{clean} {noisy}");
        let denoised = grey_of(&Sensor { denoise: 2.5, ..dim }, 0.85).1;
        assert!(denoised < noisy * 0.5, "{noisy} {denoised}");
    }

    #[test]
    fn the_phone_exposes_dark_scenes_longer() {
        let sensor = Sensor { electrons: 3_000.0, read: 1.5, white: None, denoise: 0.0, sharpen: 0.0 };
        assert!(grey_of(&sensor, 0.2).0 > 100.0);
        assert!(grey_of(&sensor, 0.85).0 < 200.0);
    }
}
