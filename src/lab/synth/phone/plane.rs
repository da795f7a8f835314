//! A picture in linear light, and its blur.
//!
//! In: grey levels of a screen (sRGB). Out: [`Plane`]s of light that falls on pixels, [`WHITE`] where white
//! paper lies in full light. Refuses nothing.

use image::GrayImage;

/// White in full light: highlights up to eight times as bright do not clip before the sensor does.
pub const WHITE: f32 = 8000.0;

/// Pixels a side of the blocks in which blur and light are taken as even.
pub const BLOCK: usize = 32;

/// A picture in linear light.
#[derive(Clone)]
pub struct Plane {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Rows of light.
    pub light: Vec<u16>,
}

/// Share of white of an sRGB grey level, 0 to 1 (IEC 61966-2-1).
pub fn linear(grey: f32) -> f32 {
    let v = grey / 255.0;
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB grey level of a share of white.
pub fn grey(linear: f32) -> f32 {
    let v = linear.clamp(0.0, 1.0);
    255.0 * if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

impl Plane {
    /// A plane without light.
    pub fn dark(width: usize, height: usize) -> Self {
        Self { width, height, light: vec![0; width * height] }
    }

    /// What reflects the light as the picture's grey levels say, 255 as much as `white` of [`WHITE`].
    pub fn of(picture: &GrayImage, white: f32) -> Self {
        let levels: [u16; 256] = std::array::from_fn(|i| (linear(i as f32) * WHITE * white) as u16);
        let light = picture.iter().map(|&v| levels[usize::from(v)]).collect();
        Self { width: picture.width() as usize, height: picture.height() as usize, light }
    }

    /// Light between pixels; the edge goes on outside.
    pub fn at(&self, x: f64, y: f64) -> f32 {
        let x = x.clamp(0.0, self.width as f64 - 1.001);
        let y = y.clamp(0.0, self.height as f64 - 1.001);
        let (x0, y0) = (x as usize, y as usize);
        let (u, v) = ((x - x0 as f64) as f32, (y - y0 as f64) as f32);
        let i = y0 * self.width + x0;
        let px = |i: usize| f32::from(self.light[i]);
        let above = px(i) + (px(i + 1) - px(i)) * u;
        let below = px(i + self.width) + (px(i + self.width + 1) - px(i + self.width)) * u;
        above + (below - above) * v
    }

    /// Gaussian blur; `sigma` gives the standard deviation in pixels of a block (column, row of blocks).
    pub fn soften(&mut self, sigma: impl Fn(usize, usize) -> f32) {
        let (columns, rows) = (self.width.div_ceil(BLOCK), self.height.div_ceil(BLOCK));
        // Steps of a fortieth of a pixel: neighbouring blocks do not show.
        let step = |s: f32| ((s * 40.0).round().max(0.0) as usize).min(400);
        let of: Vec<usize> = (0..rows * columns).map(|i| step(sigma(i % columns, i / columns))).collect();
        let most = of.iter().copied().max().unwrap_or(0);
        // Below a fifth of a pixel nothing is blurred.
        if most < 8 {
            return;
        }
        let kernels: Vec<Vec<f32>> = (0..=most).map(|s| kernel(s as f32 / 40.0)).collect();
        self.across(&of, &kernels);
        self.down(&of, &kernels);
    }

    fn across(&mut self, of: &[usize], kernels: &[Vec<f32>]) {
        let (width, columns) = (self.width, self.width.div_ceil(BLOCK));
        let radius = kernels[kernels.len() - 1].len();
        let mut padded = vec![0f32; width + 2 * radius];
        for (y, row) in self.light.chunks_exact_mut(width).enumerate() {
            for (p, &v) in padded[radius..].iter_mut().zip(row.iter()) {
                *p = f32::from(v);
            }
            let (first, last) = (padded[radius], padded[radius + width - 1]);
            padded[..radius].fill(first);
            padded[radius + width..].fill(last);
            for (b, block) in row.chunks_mut(BLOCK).enumerate() {
                let kernel = &kernels[of[y / BLOCK * columns + b]];
                let at = radius + b * BLOCK;
                let mut sums = [0.5f32; BLOCK];
                add(&mut sums[..block.len()], &padded[at..], &padded[at..], kernel[0] / 2.0);
                for (k, &w) in kernel.iter().enumerate().skip(1) {
                    add(&mut sums[..block.len()], &padded[at - k..], &padded[at + k..], w);
                }
                block.iter_mut().zip(sums).for_each(|(v, s)| *v = s as u16);
            }
        }
    }

    fn down(&mut self, of: &[usize], kernels: &[Vec<f32>]) {
        let (width, height, columns) = (self.width, self.height, self.width.div_ceil(BLOCK));
        let radius = kernels[kernels.len() - 1].len();
        // The rows as they were, from `radius` above to `radius` below.
        let ring = 2 * radius + 1;
        let mut rows = vec![0f32; ring * width];
        let load = |rows: &mut [f32], light: &[u16], y: usize| {
            let slot = y % ring * width;
            let from = &light[y * width..][..width];
            rows[slot..slot + width].iter_mut().zip(from).for_each(|(t, &v)| *t = f32::from(v));
        };
        for y in 0..radius.min(height) {
            load(&mut rows, &self.light, y);
        }
        for y in 0..height {
            if y + radius < height {
                load(&mut rows, &self.light, y + radius);
            }
            for b in 0..columns {
                let (from, to) = (b * BLOCK, ((b + 1) * BLOCK).min(width));
                let kernel = &kernels[of[y / BLOCK * columns + b]];
                let mut sums = [0.5f32; BLOCK];
                let row = |y: usize| &rows[y % ring * width + from..y % ring * width + to];
                add(&mut sums[..to - from], row(y), row(y), kernel[0] / 2.0);
                for (k, &w) in kernel.iter().enumerate().skip(1) {
                    add(&mut sums[..to - from], row(y.saturating_sub(k)), row((y + k).min(height - 1)), w);
                }
                let out = &mut self.light[y * width + from..y * width + to];
                out.iter_mut().zip(sums).for_each(|(v, s)| *v = s as u16);
            }
        }
    }
}

/// Adds `weight` times `a` plus `b`.
fn add(sums: &mut [f32], a: &[f32], b: &[f32], weight: f32) {
    for ((s, a), b) in sums.iter_mut().zip(a).zip(b) {
        *s += weight * (a + b);
    }
}

/// Half of a Gaussian, from its middle on, cut at two and a half deviations.
fn kernel(sigma: f32) -> Vec<f32> {
    if sigma < 0.2 {
        return vec![1.0];
    }
    let radius = (sigma * 2.5).ceil() as usize;
    let raw: Vec<f32> = (0..=radius).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let total = raw[0] + 2.0 * raw[1..].iter().sum::<f32>();
    raw.iter().map(|w| w / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blur_keeps_light_and_has_the_deviation_that_is_asked_for_in_each_block() {
        let mut plane = Plane::dark(256, 96);
        let dots = [(48usize, 48usize, 1.0f64), (200, 40, 2.2)];
        for (x, y, _) in dots {
            plane.light[y * 256 + x] = 60_000;
        }
        plane.soften(|column, _| if column < 4 { 1.0 } else { 2.2 });
        for (x, y, sigma) in dots {
            let (mut sum, mut spread) = (0.0, 0.0);
            for dy in -12i64..=12 {
                for dx in -12i64..=12 {
                    let at = (y as i64 + dy) * 256 + x as i64 + dx;
                    let v = f64::from(plane.light[at as usize]);
                    (sum, spread) = (sum + v, spread + v * (dx * dx) as f64);
                }
            }
            assert!((sum - 60_000.0).abs() < 600.0, "{sum}");
            // Cut at two and a half deviations: 3 % less than asked for.
            assert!(((spread / sum).sqrt() / sigma - 0.97).abs() < 0.03, "{}", (spread / sum).sqrt());
        }
    }
}
