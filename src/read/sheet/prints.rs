//! Print: where dense small print stands in the photo, as strips.
//!
//! In: the small picture and its closing of the photo. Out: ribbons along bands of print,
//! widened to the paper. What paper and table have in common (white on white, one shadow over both)
//! does not matter here: print is what the closing takes away. Refuses nothing: a picture without
//! print gives no ribbons.

use super::trace::{Ribbon, pieces, trace};
use image::{GrayImage, Luma};

/// Halves of the windows in which print is dense, small pixels: two rows of print on a whole strip, and
/// the gap between a row's name and its words.
const REACHES: [i64; 2] = [8, 15];
/// The least share of the small picture that counts: the table alone of a strip that lies across a
/// photo of 4 : 3 has 4 %.
const LEAST_AREA: f64 = 0.012;
/// Paper's width over the width of the densest print.
const WIDEN: f64 = 1.12;

/// Strips of dense print with their areas, small pixels.
pub(super) fn find(small: &GrayImage, closed: &GrayImage) -> Vec<(f64, Ribbon)> {
    let mut out = Vec::new();
    for reach in REACHES {
        let dense = density(small, closed, reach);
        let mut sorted = dense.as_raw().clone();
        sorted.sort_unstable();
        let bright = f64::from(sorted[sorted.len() * 95 / 100]);
        let mut thresholds = vec![imageproc::contrast::otsu_level(&dense), (0.4 * bright) as u8];
        thresholds.sort_unstable();
        thresholds.dedup();
        for threshold in thresholds.into_iter().filter(|&t| t > 2) {
            for piece in pieces(&dense, threshold, LEAST_AREA) {
                if let Some(ribbon) = trace(&piece, small.dimensions()) {
                    out.push((piece.len() as f64, widen(&ribbon)));
                }
            }
        }
    }
    out
}

/// How much the closing took away, relative to the paper, as a mean over a window; 255 is a quarter.
fn density(small: &GrayImage, closed: &GrayImage, reach: i64) -> GrayImage {
    let (w, h) = (i64::from(small.width()), i64::from(small.height()));
    let stride = (w + 1) as usize;
    let mut sums = vec![0u64; stride * (h + 1) as usize];
    for y in 0..h as usize {
        let mut row = 0u64;
        for x in 0..w as usize {
            let i = y * w as usize + x;
            let (ink, paper) = (u64::from(small.as_raw()[i]), u64::from(closed.as_raw()[i]).max(16));
            row += paper.saturating_sub(ink) * 1024 / paper;
            sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
        }
    }
    GrayImage::from_fn(small.width(), small.height(), |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let (x0, x1) = ((x - reach).max(0), (x + reach + 1).min(w));
        let (y0, y1) = ((y - reach).max(0), (y + reach + 1).min(h));
        let at = |x: i64, y: i64| sums[y as usize * stride + x as usize];
        let sum = at(x1, y1) + at(x0, y0) - at(x0, y1) - at(x1, y0);
        Luma([(sum / ((x1 - x0) * (y1 - y0)) as u64).min(255) as u8])
    })
}

/// The same middle line with one width: that of the wider rungs, where the table is.
fn widen(ribbon: &Ribbon) -> Ribbon {
    let mut widths: Vec<f64> = ribbon.rungs.iter().map(|(l, r)| l.distance(*r)).collect();
    widths.sort_by(f64::total_cmp);
    let width = WIDEN * widths[widths.len() * 3 / 4];
    let rungs = ribbon
        .rungs
        .iter()
        .map(|&(l, r)| {
            let half = width / 2.0 / l.distance(r).max(1e-6);
            (l.lerp(r, 0.5 - half), l.lerp(r, 0.5 + half))
        })
        .collect();
    Ribbon { rungs }
}
