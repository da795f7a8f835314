//! The paper: where strips run in the photo.
//!
//! In: the photo's pixels. Out: ribbons, each a strip's two edges along its length in photo pixels.
//! Paper is what is bright once its print is closed over, at several thresholds, or brighter than its
//! surroundings; a strip is an elongated piece of it. A photo whose paper does not stand out gives one straight ribbon over the
//! whole picture. Refuses pictures under 60 px.

use super::prints;
use super::trace::{Ribbon, pieces, trace};
use crate::ground::geometry::Point;
use image::{GrayImage, Luma};
use imageproc::contrast::otsu_level;

/// Longer side of the small picture on which paper is sought, px: a strip of 10 : 1 is then 80 px
/// wide, its print below a pixel.
const SMALL: f64 = 800.0;
/// The least share of the small picture that counts as paper.
const LEAST_AREA: f64 = 0.02;

/// The strips of a photo.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ribbons {
    /// Paper and bands of print, most promising first; never more than thirteen.
    pub strips: Vec<Ribbon>,
    /// The bands of print, which run along a strip but are not as wide, and the whole picture, which is wider.
    pub prints: Vec<Ribbon>,
}

/// Finds the strips.
pub(crate) fn find(pixels: &GrayImage) -> Ribbons {
    let (w, h) = pixels.dimensions();
    if w < 60 || h < 60 {
        return Ribbons::default();
    }
    let factor = (f64::from(w.max(h)) / SMALL).max(1.0);
    let small = shrink(pixels, factor);
    let closed = close(&small);
    let mut ribbons: Vec<(f64, Ribbon)> = Vec::new();
    let local = against_surroundings(&closed);
    let levels = thresholds(&closed).into_iter().map(|t| (&closed, t));
    for (picture, threshold) in levels.chain(LOCAL.map(|t| (&local, t))) {
        for mask in pieces(picture, threshold, LEAST_AREA) {
            if let Some(ribbon) = trace(&mask, small.dimensions()) {
                let area = mask.len() as f64;
                // The same strip at another threshold: kept once, the first (largest) outline.
                if !ribbons.iter().any(|r| same(&r.1, &ribbon)) {
                    ribbons.push((area, ribbon));
                }
            }
        }
    }
    let prints = prints::find(&small, &closed);
    for (area, ribbon) in prints.iter().cloned() {
        if !ribbons.iter().any(|r| same(&r.1, &ribbon)) {
            ribbons.push((area, ribbon));
        }
    }
    // What has one width all along is a strip; most paper first among these and among the rest.
    ribbons.sort_by(|a, b| even(&b.1).cmp(&even(&a.1)).then(b.0.total_cmp(&a.0)));
    ribbons.truncate(12);
    let mut out: Vec<Ribbon> = ribbons.into_iter().map(|r| r.1).collect();
    let whole = whole(small.dimensions());
    if !out.iter().any(|r| same(r, &whole)) {
        out.push(whole.clone());
    }
    let mut prints: Vec<Ribbon> = prints.into_iter().map(|p| p.1).collect();
    prints.push(whole);
    for ribbon in out.iter_mut().chain(&mut prints) {
        for (l, r) in &mut ribbon.rungs {
            *l = Point::new((l.x + 0.5) * factor - 0.5, (l.y + 0.5) * factor - 0.5);
            *r = Point::new((r.x + 0.5) * factor - 0.5, (r.y + 0.5) * factor - 0.5);
        }
    }
    Ribbons { strips: out, prints }
}

/// Half of the surroundings against which paper is held, small pixels: a strip of 10 : 1 is as wide.
const SURROUNDINGS: i64 = 80;
/// Levels from which a pixel is brighter than its surroundings (128 is as bright; 100 more is twice as
/// bright): 4 and 12 %.
const LOCAL: [u8; 2] = [132, 140];

/// How bright each pixel is against the mean around it: light that falls unevenly, and a backdrop as bright
/// as paper elsewhere, do not matter.
fn against_surroundings(closed: &GrayImage) -> GrayImage {
    let means = Means::new(closed);
    GrayImage::from_fn(closed.width(), closed.height(), |x, y| {
        let mean = means.around(x, y, SURROUNDINGS).max(8.0);
        let part = f64::from(closed.get_pixel(x, y)[0]) / mean;
        Luma([(128.0 + 100.0 * (part - 1.0)).clamp(0.0, 255.0) as u8])
    })
}

/// Means over any square of a picture (Crow 1984).
struct Means {
    size: (i64, i64),
    sums: Vec<u64>,
}

impl Means {
    fn new(picture: &GrayImage) -> Self {
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let mut sums = vec![0u64; (w + 1) * (h + 1)];
        for y in 0..h {
            let mut row = 0u64;
            for x in 0..w {
                row += u64::from(picture.as_raw()[y * w + x]);
                sums[(y + 1) * (w + 1) + x + 1] = sums[y * (w + 1) + x + 1] + row;
            }
        }
        Self { size: (w as i64, h as i64), sums }
    }

    /// Of what lies within `reach` of a pixel and in the picture.
    fn around(&self, x: u32, y: u32, reach: i64) -> f64 {
        let span = |at: u32, size: i64| {
            let at = i64::from(at);
            ((at - reach).max(0), (at + reach + 1).min(size))
        };
        let ((x0, x1), (y0, y1)) = (span(x, self.size.0), span(y, self.size.1));
        let at = |x: i64, y: i64| self.sums[(y * (self.size.0 + 1) + x) as usize];
        let sum = at(x1, y1) + at(x0, y0) - at(x0, y1) - at(x1, y0);
        sum as f64 / ((x1 - x0) * (y1 - y0)) as f64
    }
}

/// The picture, smaller by `factor`, each pixel the mean of up to 36 samples under it.
fn shrink(pixels: &GrayImage, factor: f64) -> GrayImage {
    let (w, h) = pixels.dimensions();
    let (sw, sh) = ((f64::from(w) / factor) as u32, (f64::from(h) / factor) as u32);
    let n = (factor.round() as u32).clamp(1, 6);
    let raw = pixels.as_raw();
    GrayImage::from_fn(sw.max(1), sh.max(1), |x, y| {
        let mut sum = 0u32;
        for j in 0..n {
            let sy = ((f64::from(y) + (f64::from(j) + 0.5) / f64::from(n)) * factor) as u32;
            for i in 0..n {
                let sx = ((f64::from(x) + (f64::from(i) + 0.5) / f64::from(n)) * factor) as u32;
                sum += u32::from(raw[(sy.min(h - 1) * w + sx.min(w - 1)) as usize]);
            }
        }
        Luma([(sum / (n * n)) as u8])
    })
}

/// Grey closing by a 5 x 5 square: print vanishes, paper and background stay.
fn close(small: &GrayImage) -> GrayImage {
    let pass = |from: &GrayImage, dx: i64, dy: i64, pick: fn(u8, u8) -> u8| {
        let (w, h) = (i64::from(from.width()), i64::from(from.height()));
        GrayImage::from_fn(from.width(), from.height(), |x, y| {
            let (x, y) = (i64::from(x), i64::from(y));
            let at = |k: i64| {
                from.get_pixel((x + k * dx).clamp(0, w - 1) as u32, (y + k * dy).clamp(0, h - 1) as u32)[0]
            };
            Luma([(-2..=2).map(at).reduce(pick).unwrap_or(0)])
        })
    };
    let dilated = pass(&pass(small, 1, 0, u8::max), 0, 1, u8::max);
    pass(&pass(&dilated, 1, 0, u8::min), 0, 1, u8::min)
}

/// Brightness levels at which paper may part from what is around it: Otsu's, that of the brighter
/// part alone, and a fixed share of the bright end (scans with a black border).
fn thresholds(closed: &GrayImage) -> Vec<u8> {
    let mut sorted = closed.as_raw().clone();
    sorted.sort_unstable();
    let bright = f64::from(sorted[sorted.len() * 8 / 10]);
    let otsu = otsu_level(closed);
    let above: Vec<u8> = closed.as_raw().iter().copied().filter(|&v| v > otsu).collect();
    let mut out = vec![(0.55 * bright) as u8, otsu];
    if above.len() > 100 {
        let upper = GrayImage::from_raw(above.len() as u32, 1, above).expect("one row of as many pixels");
        out.push(otsu_level(&upper));
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Whether a ribbon is longer than wide and has much the same width all along: perspective of 20 degrees
/// changes it by a quarter from end to end.
fn even(ribbon: &Ribbon) -> bool {
    let mut widths: Vec<f64> = ribbon.rungs.iter().map(|(l, r)| l.distance(*r)).collect();
    widths.sort_by(f64::total_cmp);
    let n = widths.len();
    widths[n * 9 / 10] < 1.25 * widths[n / 10] && ribbon.length() > 2.5 * widths[n / 2]
}

/// The whole picture as a straight ribbon along its longer side.
fn whole((w, h): (u32, u32)) -> Ribbon {
    let (w, h) = (f64::from(w) - 1.0, f64::from(h) - 1.0);
    let rungs = if h >= w {
        vec![(Point::new(0.0, 0.0), Point::new(w, 0.0)), (Point::new(0.0, h), Point::new(w, h))]
    } else {
        vec![(Point::new(0.0, h), Point::new(0.0, 0.0)), (Point::new(w, h), Point::new(w, 0.0))]
    };
    Ribbon { rungs }
}

/// Whether two ribbons run over the same paper: ends and width within a tenth of the width, in either
/// direction.
fn same(a: &Ribbon, b: &Ribbon) -> bool {
    let mid = |r: &(Point, Point)| r.0.lerp(r.1, 0.5);
    let width = |r: &Ribbon| {
        let m = r.rungs[r.rungs.len() / 2];
        m.0.distance(m.1)
    };
    let ends = |r: &Ribbon| (mid(&r.rungs[0]), mid(&r.rungs[r.rungs.len() - 1]));
    let ((a0, a1), (b0, b1)) = (ends(a), ends(b));
    let tolerance = 0.1 * width(a);
    let along = a0.distance(b0).max(a1.distance(b1)).min(a0.distance(b1).max(a1.distance(b0)));
    along < 3.0 * tolerance && (width(a) - width(b)).abs() < tolerance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilted_strip_on_a_dark_table_is_found_with_its_width() {
        // A strip 60 px wide and 600 long, turned by 20 degrees, on dark ground.
        let (sin, cos) = 20f64.to_radians().sin_cos();
        let pixels = GrayImage::from_fn(700, 800, |x, y| {
            let (dx, dy) = (f64::from(x) - 350.0, f64::from(y) - 400.0);
            let (s, t) = (dx * sin + dy * cos, dx * cos - dy * sin);
            Luma([if s.abs() < 300.0 && t.abs() < 30.0 { 220 } else { 40 }])
        });
        let ribbons = find(&pixels);
        let best = &ribbons.strips[0];
        let (l, r) = best.rungs[best.rungs.len() / 2];
        assert!((l.distance(r) - 60.0).abs() < 5.0, "{}", l.distance(r));
        assert!(l.x < r.x);
        let (a, b) = (best.rungs[0], best.rungs[best.rungs.len() - 1]);
        let length = a.0.lerp(a.1, 0.5).distance(b.0.lerp(b.1, 0.5));
        assert!((length - 600.0).abs() < 30.0, "{length}");
    }
}
