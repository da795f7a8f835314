//! A strip's edges, traced along one piece of a picture.
//!
//! In: the pixels of a bright piece. Out: a [`Ribbon`]. Refuses pieces that are not elongated.

use crate::ground::geometry::Point;
use image::{GrayImage, Luma};
use imageproc::region_labelling::{Connectivity, connected_components};

/// A strip's edges, rung by rung from one end to the other; left and right as seen when walking from
/// the first rung to the last with the photo's y pointing down.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ribbon {
    /// Left and right edge points, photo pixels.
    pub rungs: Vec<(Point, Point)>,
}

impl Ribbon {
    /// The same middle line, `times` as wide.
    pub fn wider(&self, times: f64) -> Ribbon {
        let (from, to) = (0.5 - times / 2.0, 0.5 + times / 2.0);
        Ribbon { rungs: self.rungs.iter().map(|(l, r)| (l.lerp(*r, from), l.lerp(*r, to))).collect() }
    }

    /// Along its middle line, photo pixels.
    pub fn length(&self) -> f64 {
        let middle = |r: &(Point, Point)| r.0.lerp(r.1, 0.5);
        self.rungs.windows(2).map(|w| middle(&w[0]).distance(middle(&w[1]))).sum()
    }
}

/// Slices along a strip.
const SLICES: usize = 48;
/// The connected bright pieces that are large enough, each as its pixels.
pub(super) fn pieces(closed: &GrayImage, threshold: u8, share: f64) -> Vec<Vec<(u32, u32)>> {
    let (w, h) = closed.dimensions();
    let mask = GrayImage::from_fn(w, h, |x, y| Luma([u8::from(closed.get_pixel(x, y)[0] > threshold)]));
    let labels = connected_components(&mask, Connectivity::Four, Luma([0u8]));
    let count = labels.pixels().map(|p| p[0]).max().unwrap_or(0) as usize;
    let mut found = vec![Vec::new(); count + 1];
    for (x, y, label) in labels.enumerate_pixels() {
        if label[0] > 0 {
            found[label[0] as usize].push((x, y));
        }
    }
    let least = share * f64::from(w) * f64::from(h);
    found.retain(|p| p.len() as f64 > least);
    found
}

/// The edges of one piece of paper along its length; `None` when it is not elongated.
pub(super) fn trace(piece: &[(u32, u32)], size: (u32, u32)) -> Option<Ribbon> {
    let n = piece.len() as f64;
    let (mx, my) = piece.iter().fold((0.0, 0.0), |s, p| (s.0 + f64::from(p.0) / n, s.1 + f64::from(p.1) / n));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for p in piece {
        let (x, y) = (f64::from(p.0) - mx, f64::from(p.1) - my);
        xx += x * x / n;
        xy += x * y / n;
        yy += y * y / n;
    }
    // The principal axis; downwards, or to the right when it lies.
    let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
    let (mut ax, mut ay) = (angle.cos(), angle.sin());
    if ay < -1e-9 || (ay.abs() <= 1e-9 && ax < 0.0) {
        (ax, ay) = (-ax, -ay);
    }
    let (major, minor) = {
        let t = ((xx - yy) / 2.0).hypot(xy);
        ((xx + yy) / 2.0 + t, ((xx + yy) / 2.0 - t).max(1e-9))
    };
    // A rectangle of 1.6 : 1; a quarter of a sheet has 2.7 : 1.
    if (major / minor).sqrt() < 1.6 {
        return None;
    }
    let along: Vec<(f64, f64)> = piece
        .iter()
        .map(|p| {
            let (x, y) = (f64::from(p.0) - mx, f64::from(p.1) - my);
            (x * ax + y * ay, x * ay - y * ax) // along the axis; across, to the left's right
        })
        .collect();
    let (s0, s1) = along.iter().fold((f64::MAX, f64::MIN), |m, p| (m.0.min(p.0), m.1.max(p.0)));
    let mut slices: Vec<Vec<f64>> = vec![Vec::new(); SLICES];
    for &(s, t) in &along {
        let k = ((s - s0) / (s1 - s0 + 1e-9) * SLICES as f64) as usize;
        slices[k.min(SLICES - 1)].push(t);
    }
    let mut edges: Vec<Edge> = Vec::new();
    for (k, slice) in slices.iter_mut().enumerate() {
        if slice.len() < 4 {
            continue;
        }
        slice.sort_by(f64::total_cmp);
        // Nineteen twentieths of the slice: burrs at the edges do not count.
        let (a, b) = (slice[slice.len() / 40], slice[slice.len() - 1 - slice.len() / 40]);
        let grow = (b - a) / 38.0;
        let s = s0 + (k as f64 + 0.5) / SLICES as f64 * (s1 - s0);
        edges.push(Edge { s, left: a - grow - 0.5, right: b + grow + 0.5 });
    }
    let place = |s: f64, t: f64| Point::new(mx + s * ax + t * ay, my + s * ay - t * ax);
    let outside =
        |p: Point| p.x < 1.5 || p.y < 1.5 || p.x > f64::from(size.0) - 2.5 || p.y > f64::from(size.1) - 2.5;
    straighten(&mut edges, |s, t| outside(place(s, t)))?;
    let first = *edges.first()?;
    let last = *edges.last()?;
    let half = (s1 - s0) / SLICES as f64 / 2.0;
    let mut rungs = vec![(place(first.s - half, first.left), place(first.s - half, first.right))];
    rungs.extend(edges.iter().map(|e| (place(e.s, e.left), place(e.s, e.right))));
    rungs.push((place(last.s + half, last.left), place(last.s + half, last.right)));
    Some(Ribbon { rungs: square(&rungs) })
}

/// A slice's edges across the axis.
#[derive(Debug, Clone, Copy)]
struct Edge {
    s: f64,
    left: f64,
    right: f64,
}

/// Smooths the edges; an edge cut off by the picture's border is put a strip's width from the other.
/// `None` when too few slices have both edges.
fn straighten(edges: &mut Vec<Edge>, outside: impl Fn(f64, f64) -> bool) -> Option<()> {
    let mut widths: Vec<f64> = edges.iter().map(|e| e.right - e.left).collect();
    let typical = median(&mut widths)?;
    edges.retain(|e| e.right - e.left > 0.4 * typical);
    if edges.len() < 6 {
        return None;
    }
    let cut: Vec<(bool, bool)> =
        edges.iter().map(|e| (outside(e.s, e.left), outside(e.s, e.right))).collect();
    let whole: Vec<(f64, f64)> =
        edges.iter().zip(&cut).filter(|(_, c)| !c.0 && !c.1).map(|(e, _)| (e.s, e.right - e.left)).collect();
    if whole.len() >= 6 {
        let line = robust_line(&whole);
        for (e, c) in edges.iter_mut().zip(&cut) {
            let width = line.0 + line.1 * e.s;
            match c {
                (true, false) => e.left = e.right - width,
                (false, true) => e.right = e.left + width,
                _ => {}
            }
        }
    }
    for side in [0, 1] {
        let values: Vec<(f64, f64)> =
            edges.iter().map(|e| (e.s, if side == 0 { e.left } else { e.right })).collect();
        // A line through each slice's neighbourhood, robustly: bends stay, bites and fingers go.
        let reach = 6;
        for (k, e) in edges.iter_mut().enumerate() {
            let near = &values[k.saturating_sub(reach)..(k + reach + 1).min(values.len())];
            let line = robust_line(near);
            let value = line.0 + line.1 * e.s;
            if side == 0 { e.left = value } else { e.right = value }
        }
    }
    Some(())
}

/// Rungs that stand square on the middle line: slices of a bent or tilted strip are cut along the
/// axis, its print runs across its own direction.
fn square(rungs: &[(Point, Point)]) -> Vec<(Point, Point)> {
    let mids: Vec<Point> = rungs.iter().map(|r| r.0.lerp(r.1, 0.5)).collect();
    let n = mids.len();
    (0..n)
        .map(|k| {
            let (a, b) = (mids[k.saturating_sub(3)], mids[(k + 3).min(n - 1)]);
            let length = a.distance(b).max(1e-9);
            let (dx, dy) = ((b.x - a.x) / length, (b.y - a.y) / length);
            let (l, r) = rungs[k];
            // The strip's width is the slice's, seen square on; right of a walk down is -x turned.
            let across = Point::new(r.x - l.x, r.y - l.y);
            let half = (across.x * dy - across.y * dx).abs() / 2.0;
            let sign = if across.x * dy - across.y * dx >= 0.0 { 1.0 } else { -1.0 };
            let (nx, ny) = (dy * sign * half, -dx * sign * half);
            (Point::new(mids[k].x - nx, mids[k].y - ny), Point::new(mids[k].x + nx, mids[k].y + ny))
        })
        .collect()
}

/// A line through points by repeated medians (Siegel 1982): intercept and slope; half of the points
/// may be wrong.
pub(super) fn robust_line(points: &[(f64, f64)]) -> (f64, f64) {
    let mut slopes = Vec::with_capacity(points.len());
    for (i, a) in points.iter().enumerate() {
        let mut s: Vec<f64> = points
            .iter()
            .enumerate()
            .filter(|&(j, b)| j != i && b.0 != a.0)
            .map(|(_, b)| (b.1 - a.1) / (b.0 - a.0))
            .collect();
        slopes.extend(median(&mut s));
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
