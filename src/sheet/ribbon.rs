//! The paper: where the strip runs in the photo.
//!
//! In: the photo's pixels. Out: ribbons, the middle line of each strip with its width, in photo
//! pixels, along the strip. A photo whose paper does not stand out gives one ribbon over the whole
//! picture.

use crate::geometry::Point;
use image::GrayImage;

/// The middle line of a strip.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ribbon {
    /// Points along the middle, photo pixels, from one end to the other.
    pub spine: Vec<Point>,
    /// Width of the paper, photo pixels.
    pub width: f64,
}

/// How many samples of the paper's edges are taken along the strip.
const SAMPLES: usize = 64;

/// Finds the strips.
pub(crate) fn find(pixels: &GrayImage) -> Vec<Ribbon> {
    let (w, h) = pixels.dimensions();
    if w < 60 || h < 60 {
        return Vec::new();
    }
    let along_y = h >= w;
    let (long, short) = if along_y { (h, w) } else { (w, h) };
    let at = |l: u32, s: u32| if along_y { pixels.get_pixel(s, l)[0] } else { pixels.get_pixel(l, s)[0] };
    // Mean brightness of blocks: SAMPLES along the strip, about 80 across.
    let step = (short / 80).max(1);
    let across = (short / step) as usize;
    let mut blocks = vec![0.0f64; SAMPLES * across];
    for i in 0..SAMPLES {
        let l0 = (i as u64 * u64::from(long) / SAMPLES as u64) as u32;
        let l1 = ((i as u64 + 1) * u64::from(long) / SAMPLES as u64) as u32;
        let stride = ((l1 - l0) / 24).max(1) as usize;
        for j in 0..across {
            let (mut sum, mut n) = (0.0, 0.0);
            for l in (l0..l1).step_by(stride) {
                for s in (0..step).step_by((step as usize / 4).max(1)) {
                    sum += f64::from(at(l, j as u32 * step + s));
                    n += 1.0;
                }
            }
            blocks[i * across + j] = sum / n;
        }
    }
    let mut sorted = blocks.clone();
    sorted.sort_by(f64::total_cmp);
    // Paper is bright; a scanner's border is black. 0.55 of the 80th percentile lies between.
    let threshold = 0.55 * sorted[sorted.len() * 8 / 10];
    let mut edges: Vec<(f64, f64, f64)> = Vec::new(); // along, left, right in blocks
    for i in 0..SAMPLES {
        let row = &blocks[i * across..(i + 1) * across];
        if let Some((a, b)) = longest_run(row, threshold) {
            if b - a >= across / 4 {
                edges.push(((i as f64 + 0.5) * f64::from(long) / SAMPLES as f64, a as f64, b as f64));
            }
        }
    }
    if edges.len() < SAMPLES / 8 {
        edges = vec![(0.0, 0.0, across as f64), (f64::from(long), 0.0, across as f64)];
    }
    let mut widths: Vec<f64> = edges.iter().map(|e| e.2 - e.1).collect();
    widths.sort_by(f64::total_cmp);
    let width = widths[widths.len() * 3 / 4];
    // The middle from both edges where both are seen; from the one that is not cut off otherwise.
    let mut middles: Vec<(f64, f64)> = Vec::new();
    for &(l, a, b) in &edges {
        let (cut_a, cut_b) = (a < 0.5, b > across as f64 - 1.5);
        let middle = match (cut_a, cut_b) {
            (true, false) => b - width / 2.0,
            (false, true) => a + width / 2.0,
            _ => (a + b) / 2.0,
        };
        middles.push((l, middle));
    }
    let line = robust_line(&middles);
    let unit = f64::from(step);
    let spine = [0.0, f64::from(long)]
        .map(|l| {
            let s = (line.0 + line.1 * l) * unit;
            if along_y { Point::new(s, l) } else { Point::new(l, s) }
        })
        .to_vec();
    vec![Ribbon { spine, width: width * unit }]
}

/// The longest run above the threshold, gaps of up to two blocks closed.
fn longest_run(row: &[f64], threshold: f64) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut start: Option<usize> = None;
    let mut last = 0;
    for (j, &v) in row.iter().enumerate() {
        if v > threshold {
            if start.is_none() {
                start = Some(j);
            }
            last = j;
        } else if let Some(s) = start {
            if j - last > 2 {
                if best.is_none_or(|b| last + 1 - s > b.1 - b.0) {
                    best = Some((s, last + 1));
                }
                start = None;
            }
        }
    }
    if let Some(s) = start {
        if best.is_none_or(|b| last + 1 - s > b.1 - b.0) {
            best = Some((s, last + 1));
        }
    }
    best
}

/// A line through points by repeated medians (Siegel 1982): intercept and slope; half of the points
/// may be wrong.
fn robust_line(points: &[(f64, f64)]) -> (f64, f64) {
    let mut slopes = Vec::with_capacity(points.len());
    for (i, a) in points.iter().enumerate() {
        let mut s: Vec<f64> = points
            .iter()
            .enumerate()
            .filter(|&(j, b)| j != i && b.0 != a.0)
            .map(|(_, b)| (b.1 - a.1) / (b.0 - a.0))
            .collect();
        if let Some(m) = median(&mut s) {
            slopes.push(m);
        }
    }
    let slope = median(&mut slopes).unwrap_or(0.0);
    let mut offsets: Vec<f64> = points.iter().map(|p| p.1 - slope * p.0).collect();
    (median(&mut offsets).unwrap_or(0.0), slope)
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some(values[values.len() / 2])
}
