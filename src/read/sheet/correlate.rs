//! Where a piece of print stands: normalised cross-correlation (Lewis 1995) with the work picture.
//!
//! In: ink, a [`Patch`] of print, where it should stand. Out: how far from there it stands, and how alike it is. Refuses
//! (gives `None`) places that are not wholly in the picture.

use super::flat::{FULL, Ink, Work};

/// A piece of print: its ink, its mean taken away.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    values: Vec<i16>,
    /// What rounding left of the mean: the sum of all values.
    sum: f64,
    norm: f64,
    /// Pixels across and down.
    pub size: (usize, usize),
}

impl Patch {
    /// From ink, 0 to 1, row by row.
    pub fn new(ink: &[f32], size: (usize, usize)) -> Self {
        let n = ink.len().max(1) as f64;
        let mean = ink.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let values: Vec<i16> = ink.iter().map(|&v| ((f64::from(v) - mean) * FULL).round() as i16).collect();
        let sum = values.iter().map(|&v| f64::from(v)).sum();
        let norm = values.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt().max(1e-6);
        Self { values, sum, norm, size }
    }

    /// Half as large.
    pub fn half(ink: &[f32], (w, h): (usize, usize)) -> Self {
        let (hw, hh) = (w / 2, h / 2);
        let at = |x: usize, y: usize| ink[y * w + x];
        let mean = |x: usize, y: usize| (at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4.0;
        let values: Vec<f32> = (0..hw * hh).map(|i| mean(2 * (i % hw), 2 * (i / hw))).collect();
        Self::new(&values, (hw, hh))
    }
}

/// Deviation of specks on empty paper, which must not correlate.
const SPECKS: f64 = 0.03 * FULL;

/// Correlations of a patch for whole-pixel displacements up to `reach` from `at` (its top left pixel), row by row.
fn map(ink: &Ink, patch: &Patch, at: (i64, i64), reach: (usize, usize)) -> Option<Vec<f32>> {
    let (w, h) = patch.size;
    let (rx, ry) = reach;
    let left = usize::try_from(at.0 - rx as i64).ok()?;
    let top = usize::try_from(at.1 - ry as i64).ok()?;
    if left + w + 2 * rx > ink.width || top + h + 2 * ry > ink.height || w * h == 0 {
        return None;
    }
    let (nx, ny) = (2 * rx + 1, 2 * ry + 1);
    // Sums of ink and of its squares over each window, row by row of the picture.
    let rows = h + 2 * ry;
    let mut sums = vec![(0i32, 0i32); rows * nx];
    for (y, out) in sums.chunks_exact_mut(nx).enumerate() {
        let row = ink.row(top + y, left, w + 2 * rx);
        let square = |v: i16| i32::from(v) * i32::from(v);
        let mut sum: i32 = row[..w].iter().map(|&v| i32::from(v)).sum();
        let mut squares: i32 = row[..w].iter().map(|&v| square(v)).sum();
        out[0] = (sum, squares);
        for x in 1..nx {
            sum += i32::from(row[x + w - 1]) - i32::from(row[x - 1]);
            squares += square(row[x + w - 1]) - square(row[x - 1]);
            out[x] = (sum, squares);
        }
    }
    let n = (w * h) as f64;
    let mut values = Vec::with_capacity(nx * ny);
    for dy in 0..ny {
        for dx in 0..nx {
            let mut dot = 0i64;
            let (mut sum, mut squares) = (0i64, 0i64);
            for y in 0..h {
                dot += i64::from(product(ink.row(top + dy + y, left + dx, w), &patch.values[y * w..][..w]));
                let s = sums[(dy + y) * nx + dx];
                sum += i64::from(s.0);
                squares += i64::from(s.1);
            }
            let (sum, squares) = (sum as f64, squares as f64);
            let spread = (squares - sum * sum / n).max(0.0);
            let alike =
                (dot as f64 - patch.sum * sum / n) / (patch.norm * (spread + n * SPECKS * SPECKS).sqrt());
            values.push(alike as f32);
        }
    }
    Some(values)
}

/// The sum of products; a row of print at most, so that 32 bits hold it.
fn product(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// The largest of a map's values: its column and row, to a fraction, from the middle, and the value.
fn peak(values: &[f32], nx: usize) -> (f64, f64, f32) {
    let mut k = 0;
    for (i, &v) in values.iter().enumerate() {
        if v > values[k] {
            k = i;
        }
    }
    let ny = values.len() / nx;
    let (x, y) = (k % nx, k / nx);
    let at = |x: usize, y: usize| f64::from(values[y * nx + x]);
    let between = |before: Option<f64>, here: f64, after: Option<f64>| match (before, after) {
        (Some(a), Some(c)) if a - 2.0 * here + c < 0.0 => {
            (0.5 * (a - c) / (a - 2.0 * here + c)).clamp(-0.5, 0.5)
        }
        _ => 0.0,
    };
    let fx = between(x.checked_sub(1).map(|x| at(x, y)), at(x, y), (x + 1 < nx).then(|| at(x + 1, y)));
    let fy = between(y.checked_sub(1).map(|y| at(x, y)), at(x, y), (y + 1 < ny).then(|| at(x, y + 1)));
    (x as f64 + fx - (nx / 2) as f64, y as f64 + fy - (ny / 2) as f64, values[k])
}

/// A piece of print at both resolutions.
#[derive(Debug, Clone)]
pub(super) struct Print {
    full: Patch,
    half: Patch,
}

impl Print {
    /// From ink, 0 to 1, row by row.
    pub fn new(ink: &[f32], size: (usize, usize)) -> Self {
        Self { full: Patch::new(ink, size), half: Patch::half(ink, size) }
    }

    /// How alike the print is that stands at a pixel, or within one pixel of it.
    pub fn alike(&self, work: &Work, at: (i64, i64)) -> Option<f32> {
        map(&work.ink, &self.full, at, (1, 1)).map(|m| m.iter().copied().fold(f32::MIN, f32::max))
    }

    /// How far the print stands from a pixel, px across and down, sought within `reach` px, and how alike it is: first at
    /// half the resolution, then around what is best there.
    pub fn find(&self, work: &Work, at: (i64, i64), reach: usize) -> Option<(f64, f64, f32)> {
        let half = reach.div_ceil(2);
        let (x, y) = (at.0.div_euclid(2), at.1.div_euclid(2));
        let coarse = map(&work.half, &self.half, (x, y), (half, half))?;
        let (dx, dy, _) = peak(&coarse, 2 * half + 1);
        let near = (2 * x + (2.0 * dx).round() as i64, 2 * y + (2.0 * dy).round() as i64);
        let fine = map(&work.ink, &self.full, near, (2, 2))?;
        let (fx, fy, alike) = peak(&fine, 5);
        Some(((near.0 - at.0) as f64 + fx, (near.1 - at.1) as f64 + fy, alike))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::geometry::Point;

    /// An L of ink, `x` and `y` px from the corner of a picture.
    fn work(x: usize, y: usize) -> Work {
        let (width, height) = (80, 60);
        let inked = |i: usize| {
            let (u, v) = ((i % width).wrapping_sub(x), (i / width).wrapping_sub(y));
            (u < 4 && v < 16) || (u < 20 && (12..16).contains(&v))
        };
        let values = (0..width * height).map(|i| if inked(i) { 200 } else { 0 }).collect();
        Work::of(Ink { values, width, height }, Point::new(0.0, 0.0))
    }

    fn print() -> Print {
        let inked = |i: usize| (i % 24 < 4 && i / 24 < 16) || (i % 24 < 20 && (12..16).contains(&(i / 24)));
        let ink: Vec<f32> = (0..24 * 20).map(|i| f32::from(u8::from(inked(i)))).collect();
        Print::new(&ink, (24, 20))
    }

    #[test]
    fn print_is_found_where_it_stands_and_is_not_alike_elsewhere() {
        let (u, v, alike) = print().find(&work(33, 18), (30, 20), 6).unwrap();
        assert!((u - 3.0).abs() < 0.3 && (v + 2.0).abs() < 0.3 && alike > 0.9, "{u} {v} {alike}");
        assert!(print().alike(&work(10, 2), (40, 30)).unwrap() < 0.3);
    }

    #[test]
    fn print_that_is_not_wholly_in_the_picture_is_not_sought() {
        assert!(print().find(&work(33, 18), (2, 20), 6).is_none());
        assert!(print().find(&work(33, 18), (60, 20), 6).is_none());
    }
}
