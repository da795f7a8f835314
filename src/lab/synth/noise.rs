//! Pixel work that scans and photos share: blur, noise, strokes, JPEG, quarter turns.
//!
//! In and out: grey pictures. Refuses nothing; everything random comes from the caller's generator.

use super::SynthRng;
use crate::ground::geometry::Point;
use crate::read::sheet::Mesh;
use image::GrayImage;
use rand::RngExt;

/// Gaussian blur, `sigma` in pixels; below 0.2 the picture is returned as it is.
pub fn blur(pixels: GrayImage, sigma: f64) -> GrayImage {
    if sigma < 0.2 {
        return pixels;
    }
    let radius = (sigma * 2.5).ceil() as usize;
    let raw: Vec<f64> = (0..=radius).map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp()).collect();
    let total = raw[0] + 2.0 * raw[1..].iter().sum::<f64>();
    // Fixed point, so that every machine rounds alike; the centre takes the rounding's rest.
    let mut weights: Vec<u32> = raw.iter().map(|w| (w / total * 65536.0).round() as u32).collect();
    weights[0] = 65536 - 2 * weights[1..].iter().sum::<u32>();
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    let source = pixels.into_raw();
    let mut middle = vec![0u8; w * h];
    let mut padded = vec![0u8; w + 2 * radius];
    let mut sums = vec![0u32; w];
    for (from, to) in source.chunks_exact(w).zip(middle.chunks_exact_mut(w)) {
        padded[..radius].fill(from[0]);
        padded[radius..radius + w].copy_from_slice(from);
        padded[radius + w..].fill(from[w - 1]);
        sums.fill(32768);
        for (k, &weight) in weights.iter().enumerate() {
            let (left, right) = (&padded[radius - k..][..w], &padded[radius + k..][..w]);
            let weight = if k == 0 { weight / 2 } else { weight };
            for ((s, &a), &b) in sums.iter_mut().zip(left).zip(right) {
                *s += weight * (u32::from(a) + u32::from(b));
            }
        }
        for (t, &s) in to.iter_mut().zip(&sums) {
            *t = (s >> 16).min(255) as u8;
        }
    }
    let mut out = vec![0u8; w * h];
    for (y, to) in out.chunks_exact_mut(w).enumerate() {
        sums.fill(32768);
        for (k, &weight) in weights.iter().enumerate() {
            let above = &middle[y.saturating_sub(k) * w..][..w];
            let below = &middle[(y + k).min(h - 1) * w..][..w];
            let weight = if k == 0 { weight / 2 } else { weight };
            for ((s, &a), &b) in sums.iter_mut().zip(above).zip(below) {
                *s += weight * (u32::from(a) + u32::from(b));
            }
        }
        for (t, &s) in to.iter_mut().zip(&sums) {
            *t = (s >> 16).min(255) as u8;
        }
    }
    GrayImage::from_raw(w as u32, h as u32, out).expect("the buffer was made w times h")
}

/// Averages along a line of `length` pixels at `angle` radians: motion while the shutter is open.
pub fn motion(pixels: &GrayImage, length: f64, angle: f64) -> GrayImage {
    let steps = length.round().max(1.0) as i64;
    let offsets: Vec<(i64, i64)> = (0..=steps)
        .map(|i| {
            let t = i as f64 - steps as f64 / 2.0;
            ((t * angle.cos()).round() as i64, (t * angle.sin()).round() as i64)
        })
        .collect();
    let (w, h) = (i64::from(pixels.width()), i64::from(pixels.height()));
    let source = pixels.as_raw();
    let mut out = GrayImage::new(pixels.width(), pixels.height());
    for (i, value) in out.iter_mut().enumerate() {
        let (x, y) = (i as i64 % w, i as i64 / w);
        let sum: u32 = offsets
            .iter()
            .map(|&(dx, dy)| {
                u32::from(source[((y + dy).clamp(0, h - 1) * w + (x + dx).clamp(0, w - 1)) as usize])
            })
            .sum();
        *value = (sum / offsets.len() as u32) as u8;
    }
    out
}

/// A fast generator for per-pixel noise, seeded from the sheet's.
pub struct Dice(u64);

impl Dice {
    /// Seeded by the sheet's generator.
    pub fn new(rng: &mut SynthRng) -> Self {
        Self(rng.random::<u64>() | 1)
    }

    /// Two numbers of standard deviation 1, near enough Gaussian.
    pub fn two(&mut self) -> [f32; 2] {
        let bits = self.next().to_le_bytes();
        // Four bytes summed have standard deviation 147.8.
        let four = |at: usize| bits[at..at + 4].iter().map(|&b| i32::from(b)).sum::<i32>() - 510;
        [four(0) as f32 / 147.8, four(4) as f32 / 147.8]
    }

    fn next(&mut self) -> u64 {
        // xorshift64* (Vigna 2016).
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

/// Adds noise of standard deviation `sigma` grey levels, near enough Gaussian, through `tone`:
/// value = `tone[pixel]` + noise.
pub fn tone_and_noise(pixels: &mut GrayImage, tone: &[f32; 256], sigma: f64, rng: &mut SynthRng) {
    let mut dice = Dice::new(rng);
    // Four bytes summed have standard deviation 147.8.
    let scale = (sigma / 147.8) as f32;
    for chunk in pixels.chunks_mut(2) {
        let bits = dice.next().to_le_bytes();
        for (value, four) in chunk.iter_mut().zip(bits.chunks_exact(4)) {
            let sum: i32 = four.iter().map(|&b| i32::from(b)).sum::<i32>() - 510;
            *value = (tone[usize::from(*value)] + sum as f32 * scale + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
}

/// Unsharp mask: adds `amount` times the difference from a blur of `sigma`.
pub fn sharpen(pixels: GrayImage, sigma: f64, amount: f64) -> GrayImage {
    if amount <= 0.0 {
        return pixels;
    }
    let soft = blur(pixels.clone(), sigma);
    let mut out = pixels;
    for (value, &s) in out.iter_mut().zip(soft.iter()) {
        let v = f64::from(*value);
        *value = (v + amount * (v - f64::from(s))).round().clamp(0.0, 255.0) as u8;
    }
    out
}

/// A pen stroke through points in pixels, `width` pixels wide; only darkens.
pub fn stroke(pixels: &mut GrayImage, points: &[Point], width: f64, ink: u8) {
    let radius = width / 2.0;
    let reach = radius.ceil() as i64;
    for pair in points.windows(2) {
        let steps = (pair[0].distance(pair[1]) * 1.5).ceil().max(1.0) as usize;
        for i in 0..=steps {
            let p = pair[0].lerp(pair[1], i as f64 / steps as f64);
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let (x, y) = (p.x.round() as i64 + dx, p.y.round() as i64 + dy);
                    let inside =
                        x >= 0 && y >= 0 && x < i64::from(pixels.width()) && y < i64::from(pixels.height());
                    if inside && (dx as f64).hypot(dy as f64) <= radius + 0.3 {
                        let pixel = pixels.get_pixel_mut(x as u32, y as u32);
                        pixel[0] = pixel[0].min(ink);
                    }
                }
            }
        }
    }
}

/// A wandering curve as of a hand that writes, starting at `start`, about `size` pixels high.
pub fn handwriting(start: Point, size: f64, rng: &mut SynthRng) -> Vec<Point> {
    let (mut p, mut angle) = (start, rng.random_range(0.0..std::f64::consts::TAU));
    let mut points = vec![p];
    let mut turn = 0.0;
    for i in 0..rng.random_range(20..90) {
        turn = 0.8 * turn + rng.random_range(-0.35..0.35);
        angle += turn;
        let step = size * 0.09;
        // It drifts to the right and stays within its line.
        p = Point::new(p.x + step * (angle.cos() + 0.25), p.y + step * angle.sin());
        p.y += (start.y - p.y) * 0.04;
        if i % 30 != 29 {
            points.push(p);
        }
    }
    points
}

/// JPEG at `quality` and back: the bytes, and what a decoder sees.
pub fn jpeg(pixels: &GrayImage, quality: u8) -> (GrayImage, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100));
    encoder.encode_image(pixels).expect("encoding grey pixels into memory cannot fail below 65,536 px");
    let decoded = image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        .expect("the encoder's own bytes decode");
    (decoded.into_luma8(), bytes)
}

/// Turns picture and mesh clockwise by quarter turns.
pub fn turn(pixels: GrayImage, mut mesh: Mesh, quarters: u8) -> (GrayImage, Mesh) {
    let (w, h) = (f64::from(pixels.width()) - 1.0, f64::from(pixels.height()) - 1.0);
    let (pixels, place): (GrayImage, &dyn Fn(Point) -> Point) = match quarters % 4 {
        1 => (image::imageops::rotate90(&pixels), &|p| Point::new(h - p.y, p.x)),
        2 => (image::imageops::rotate180(&pixels), &|p| Point::new(w - p.x, h - p.y)),
        3 => (image::imageops::rotate270(&pixels), &|p| Point::new(p.y, w - p.x)),
        _ => (pixels, &|p| p),
    };
    for rung in &mut mesh.rungs {
        rung.points = rung.points.map(place);
    }
    (pixels, mesh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::sheet::Rung;
    use rand::SeedableRng;

    #[test]
    fn blur_keeps_a_flat_picture_and_its_sum() {
        let flat = blur(GrayImage::from_pixel(40, 30, image::Luma([200])), 1.7);
        assert!(flat.iter().all(|&v| v == 200));
        let mut dot = GrayImage::new(41, 41);
        dot.put_pixel(20, 20, image::Luma([255]));
        let soft = blur(dot, 1.0);
        assert!(soft.get_pixel(20, 20)[0] < 60 && soft.get_pixel(21, 20)[0] > 15);
    }

    #[test]
    fn noise_has_the_deviation_that_is_asked_for() {
        let mut pixels = GrayImage::from_pixel(400, 400, image::Luma([128]));
        let tone = std::array::from_fn(|i| i as f32);
        tone_and_noise(&mut pixels, &tone, 8.0, &mut SynthRng::seed_from_u64(1));
        let n = pixels.len() as f64;
        let variance = pixels.iter().map(|&v| (f64::from(v) - 128.0).powi(2)).sum::<f64>() / n;
        assert!((variance.sqrt() - 8.0).abs() < 0.3, "{}", variance.sqrt());
    }

    #[test]
    fn a_turned_mesh_points_at_the_same_pixel() {
        let mut pixels = GrayImage::new(30, 50);
        pixels.put_pixel(7, 11, image::Luma([255]));
        let p = Point::new(7.0, 11.0);
        let rungs = vec![Rung { y: 0.0, points: [p; 3] }, Rung { y: 1.0, points: [p; 3] }];
        let mesh = Mesh { width: 1.0, rungs };
        for quarters in 0..4 {
            let (turned, mesh) = turn(pixels.clone(), mesh.clone(), quarters);
            let q = mesh.rungs[0].points[0];
            assert_eq!(turned.get_pixel(q.x as u32, q.y as u32)[0], 255, "{quarters}");
        }
    }
}
