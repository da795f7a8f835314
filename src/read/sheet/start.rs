//! The first mesh: from the coarse alignment to a place for every row.
//!
//! In: a work picture, a template and the coarse alignment. Out: a mesh that is right to about two
//! millimetres, from which [`super::refine`] goes on. Refuses nothing: where no anchor tells, the coarse
//! path stands.

use super::coarse::Alignment;
use super::correlate::correlate;
use super::template::{Pins, Template};
use super::unroll::Work;
use super::{Mesh, Rung};
use crate::ground::geometry::Point;

/// From one rung of the mesh to the next, mm: about one row pitch.
const SPACING: f64 = 5.0;

/// Form y of the rungs.
pub(super) fn rung_ys(template: &Template) -> impl Iterator<Item = f64> {
    let n = (template.frame.1 / SPACING).ceil() as usize;
    (0..=n).map(|i| i as f64 * SPACING)
}

/// A mesh from the coarse path and the best x of each stretch of anchors.
pub(super) fn first_mesh(work: &Work, template: &Template, coarse: &Alignment) -> Mesh {
    let scale = coarse.scale();
    let (y0, y1) = (coarse.path[0].0 - 10.0, coarse.path[coarse.path.len() - 1].0 + 10.0);
    let reach = 14.0;
    let steps = (reach * 2.0 * 2.0) as usize + 1;
    // Correlation for each dx (2 a mm), the best over dy, for each anchor within the path.
    let mut tables: Vec<(f64, Vec<f32>)> = Vec::new();
    for anchor in template.anchors.iter().filter(|a| a.pins == Pins::Both) {
        let y = anchor.rect.y + anchor.rect.height / 2.0;
        if y < y0 || y > y1 {
            continue;
        }
        let straight = straight(template, |y| coarse.v(y), coarse.left, scale, y);
        let map = correlate(work, &straight, anchor, (reach, 1.5), 2.0);
        let mut best = vec![-1.0f32; steps];
        for row in map.values.chunks(map.width) {
            for (ix, &v) in row.iter().enumerate().take(steps) {
                best[ix] = best[ix].max(v);
            }
        }
        tables.push((y, best));
    }
    let lefts: Vec<(f64, f64)> = tables
        .iter()
        .map(|&(y, _)| {
            let mut sum = vec![0.0f64; steps];
            for (other, table) in &tables {
                // Neighbours within about 25 mm speak with each other.
                let w = (-0.5 * ((other - y) / 25.0).powi(2)).exp();
                for (s, &t) in sum.iter_mut().zip(table) {
                    *s += w * f64::from(t);
                }
            }
            let k = (0..steps).max_by(|&a, &b| sum[a].total_cmp(&sum[b])).unwrap_or(steps / 2);
            (y, coarse.left + (k as f64 / 2.0 - reach) * scale)
        })
        .collect();
    let path = heights(work, template, coarse, &lefts);
    let v_at = |y: f64| coarse.v(y) + scale * between(&path, y);
    let left_at = |y: f64| {
        let near = lefts.iter().min_by(|a, b| (a.0 - y).abs().total_cmp(&(b.0 - y).abs()));
        near.map_or(coarse.left, |l| l.1)
    };
    // The strip's turn against the work picture: how far the left edge wanders along the form.
    let turn = {
        let points: Vec<(f64, f64)> = lefts.iter().map(|&(y, u)| (v_at(y), u)).collect();
        slope(&points)
    };
    let rungs = rung_ys(template)
        .map(|y| {
            let (u, v) = (left_at(y), v_at(y));
            let at = |x: f64| Point::new(u + x * scale, v - x * scale * turn);
            Rung { y, points: [at(0.0), at(template.frame.0 / 2.0), at(template.frame.0)] }
        })
        .collect();
    Mesh { width: template.frame.0, rungs }
}

/// Farthest that an anchor is looked for from where the coarse path puts it, mm: a row and a half.
const SLIP: f64 = 8.0;

/// How far each anchor stands from the coarse path, mm: (form y, distance). The coarse path sees rows
/// as bars, which are all alike, and can be a row off along a stretch of a bent strip; the anchors'
/// text is not alike. The best sequence of places by dynamic programming (Viterbi 1967): correlation of
/// each against the bending between neighbours.
fn heights(work: &Work, template: &Template, coarse: &Alignment, lefts: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let resolution = 2.0;
    let states = (2.0 * SLIP * resolution) as usize + 1;
    let scale = coarse.scale();
    let mut ys = Vec::new();
    let mut unary: Vec<Vec<f32>> = Vec::new();
    let anchors = template.anchors.iter().filter(|a| a.pins == Pins::Both);
    for anchor in anchors {
        let y = anchor.rect.y + anchor.rect.height / 2.0;
        let Some(left) = lefts.iter().find(|l| l.0 == y).map(|l| l.1) else { continue };
        let mesh = straight(template, |y| coarse.v(y), left, scale, y);
        let map = correlate(work, &mesh, anchor, (2.0, SLIP), resolution);
        let rows = map.values.chunks(map.width);
        ys.push(y);
        unary.push(rows.map(|r| r.iter().copied().fold(0.0, f32::max)).collect());
    }
    let Some(first) = unary.first() else { return Vec::new() };
    let mut score = first.clone();
    let mut from: Vec<Vec<usize>> = Vec::new();
    for k in 1..unary.len() {
        let gap = (ys[k] - ys[k - 1]).max(1.0) as f32;
        let mut next = vec![0.0f32; states];
        let mut back = vec![0usize; states];
        for (s, n) in next.iter_mut().enumerate() {
            let mut best = (f32::MIN, 0);
            for (t, &value) in score.iter().enumerate() {
                // A slope of 0.25, the coarse path's steepest warp, costs 0.3 a row: half of what a
                // row's own text gains over another's.
                let slope = (s as f32 - t as f32) / resolution as f32 / gap;
                let value = value - 5.0 * slope * slope * gap.min(6.0) / 5.0;
                if value > best.0 {
                    best = (value, t);
                }
            }
            *n = best.0 + unary[k][s];
            back[s] = best.1;
        }
        from.push(back);
        score = next;
    }
    let mut s = (0..states).max_by(|&a, &b| score[a].total_cmp(&score[b])).unwrap_or(states / 2);
    let mut out = vec![(ys[ys.len() - 1], s as f64 / resolution - SLIP)];
    for k in (0..from.len()).rev() {
        s = from[k][s];
        out.push((ys[k], s as f64 / resolution - SLIP));
    }
    out.reverse();
    out
}

/// Linear between the points of a path, level beyond its ends; 0 without any.
fn between(path: &[(f64, f64)], y: f64) -> f64 {
    let i = path.partition_point(|p| p.0 <= y);
    match (i.checked_sub(1).map(|j| path[j]), path.get(i)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (y - a.0) / (b.0 - a.0).max(1e-9),
        (Some(a), None) => a.1,
        (None, Some(b)) => b.1,
        (None, None) => 0.0,
    }
}

/// Least squares slope.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (mx, my) = points.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0 / n, s.1 + p.1 / n));
    let (mut num, mut den) = (0.0, 0.0);
    for p in points {
        num += (p.0 - mx) * (p.1 - my);
        den += (p.0 - mx).powi(2);
    }
    if den > 0.0 { num / den } else { 0.0 }
}

/// A mesh of two rungs around form y, for one anchor of the first search.
fn straight(template: &Template, v: impl Fn(f64) -> f64, left: f64, scale: f64, y: f64) -> Mesh {
    let rung = |y: f64| {
        let at = |x: f64| Point::new(left + x * scale, v(y));
        Rung { y, points: [at(0.0), at(template.frame.0 / 2.0), at(template.frame.0)] }
    };
    Mesh { width: template.frame.0, rungs: vec![rung(y - 5.0), rung(y + 5.0)] }
}
