//! Samples of a photo along a line, in fixed point.
//!
//! In: a photo, three points of a line that may bow. Out: bilinear samples, evenly spaced from its first point to its last,
//! added up by so many; what lies outside the photo is white. Refuses nothing.

use crate::ground::geometry::Point;
use image::GrayImage;

/// What one pixel of the photo counts along a line.
const ONE: f64 = 4_294_967_296.0;
/// The weight of one sample: 8 bits a side.
const WHOLE: u32 = 65_536;

/// Samples on the parabola through three points: place, step and change of the step, in [`ONE`]s of a pixel.
#[derive(Debug, Clone)]
pub struct Across {
    at: (i64, i64),
    step: (i64, i64),
    bend: (i64, i64),
    count: u32,
    /// What holds all of it: the least and the most x and y.
    bounds: [f64; 4],
}

impl Across {
    /// `count` samples between a line's first and last point, its middle given too.
    pub fn new([a, b, c]: [Point; 3], count: u32) -> Self {
        let n = f64::from(count);
        let fixed = |v: f64| (v * ONE).round() as i64;
        // a + l t + q t², at t = (k + 1/2) / n.
        let line = |a: f64, b: f64, c: f64| {
            let (l, q) = (-3.0 * a + 4.0 * b - c, 2.0 * (a - 2.0 * b + c));
            let nn = n * n;
            (fixed(a + l / (2.0 * n) + q / (4.0 * nn)), fixed(l / n + 2.0 * q / nn), fixed(2.0 * q / nn))
        };
        let (x, y) = (line(a.x, b.x, c.x), line(a.y, b.y, c.y));
        // A parabola lies within its control points.
        let ends = |a: f64, b: f64, c: f64| {
            let control = 2.0 * b - (a + c) / 2.0;
            (a.min(c).min(control), a.max(c).max(control))
        };
        let ((left, right), (top, bottom)) = (ends(a.x, b.x, c.x), ends(a.y, b.y, c.y));
        let bounds = [left, right, top, bottom];
        Self { at: (x.0, y.0), step: (x.1, y.1), bend: (x.2, y.2), count, bounds }
    }

    /// Whether every sample lies within the photo.
    pub fn inside(&self, pixels: &GrayImage) -> bool {
        let [left, right, top, bottom] = self.bounds;
        let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
        left >= 0.0 && top >= 0.0 && right <= w - 1.0 && bottom <= h - 1.0
    }

    /// Whether none does, though it bows.
    pub fn outside(&self, pixels: &GrayImage) -> bool {
        let [left, right, top, bottom] = self.bounds;
        let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
        right < -1.0 || bottom < -1.0 || left > w || top > h
    }

    /// Of each sample, whether it is nearest to a pixel of the photo.
    pub fn shown(mut self, pixels: &GrayImage) -> impl Iterator<Item = bool> {
        let (w, h) = (u64::from(pixels.width()), u64::from(pixels.height()));
        (0..self.count).map(move |_| {
            // Negative places are larger than any.
            let near = |v: i64| ((v + (1 << 31)) >> 32) as u64;
            let inside = near(self.at.0) < w && near(self.at.1) < h;
            self.step();
            inside
        })
    }

    fn step(&mut self) {
        self.at = (self.at.0 + self.step.0, self.at.1 + self.step.1);
        self.step = (self.step.0 + self.bend.0, self.step.1 + self.bend.1);
    }

    /// Adds the samples up, as many to each sum as there are more of them than sums.
    pub fn add(mut self, pixels: &GrayImage, sums: &mut [u32]) {
        let each = self.count as usize / sums.len().max(1);
        if self.outside(pixels) {
            sums.iter_mut().for_each(|sum| *sum += each as u32 * 255 * WHOLE);
            return;
        }
        for sum in sums {
            for _ in 0..each {
                *sum += sample(pixels, self.at);
                self.step();
            }
        }
    }
}

/// The mean of so many samples, rounded.
pub fn mean(sum: u32, count: u32) -> u8 {
    let all = WHOLE * count;
    ((sum + all / 2) / all) as u8
}

/// Bilinear sample at a photo point, times [`WHOLE`]; white outside.
#[inline]
fn sample(pixels: &GrayImage, at: (i64, i64)) -> u32 {
    let (w, h) = (pixels.width() as usize, pixels.height() as usize);
    // Negative places are larger than any.
    let (x, y) = ((at.0 >> 32) as usize, (at.1 >> 32) as usize);
    if x < w - 1 && y < h - 1 {
        let four = &pixels.as_raw()[y * w + x..][..w + 2];
        between([four[0], four[1]], [four[w], four[w + 1]], at)
    } else {
        edge(pixels, at)
    }
}

/// The same where not all of its pixels are in the photo.
#[cold]
#[inline(never)]
fn edge(pixels: &GrayImage, at: (i64, i64)) -> u32 {
    let pixel = |dx: i64, dy: i64| {
        let (x, y) = ((at.0 >> 32) + dx, (at.1 >> 32) + dy);
        let inside =
            (0..i64::from(pixels.width())).contains(&x) && (0..i64::from(pixels.height())).contains(&y);
        if inside { pixels.get_pixel(x as u32, y as u32)[0] } else { 255 }
    };
    between([pixel(0, 0), pixel(1, 0)], [pixel(0, 1), pixel(1, 1)], at)
}

/// The value at a place among four pixels, times [`WHOLE`].
fn between(top: [u8; 2], low: [u8; 2], (px, py): (i64, i64)) -> u32 {
    let part = |v: i64| (v >> 24) as u32 & 0xff;
    let (fx, fy) = (part(px), part(py));
    // Left and right beside each other, 16 bits each.
    let pair = |[a, b]: [u8; 2]| u32::from(a) | (u32::from(b) << 16);
    let both = pair(top) * (256 - fy) + pair(low) * fy;
    (both & 0xffff) * (256 - fx) + (both >> 16) * fx
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    #[test]
    fn samples_stand_on_the_bow_and_outside_is_white() {
        // Grey tells the place: 2 a column, 3 a row.
        let photo = GrayImage::from_fn(50, 30, |x, y| Luma([(2 * x + 3 * y) as u8]));
        let (a, c) = (Point::new(4.0, 5.0), Point::new(44.0, 5.0));
        let line = Across::new([a, Point::new(24.0, 15.0), c], 40);
        assert!(line.inside(&photo));
        let mut sums = vec![0; 20];
        line.add(&photo, &mut sums);
        for (k, &sum) in sums.iter().enumerate() {
            let t = (k as f64 + 0.5) / 20.0;
            let want = 2.0 * (4.0 + 40.0 * t) + 3.0 * (5.0 + 40.0 * t * (1.0 - t));
            assert!((f64::from(mean(sum, 2)) - want).abs() < 1.0, "{k}: {} for {want}", mean(sum, 2));
        }
        let beside = Across::new([Point::new(-30.0, 5.0), Point::new(-20.0, 5.0), Point::new(-10.0, 5.0)], 4);
        assert!(!beside.inside(&photo));
        let mut sums = vec![0; 2];
        beside.add(&photo, &mut sums);
        assert_eq!(sums.iter().map(|&sum| mean(sum, 2)).collect::<Vec<_>>(), [255, 255]);
    }
}
