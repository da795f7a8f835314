//! From a stretch of print that was registered to the whole strip.
//!
//! In: a sheet of which a part is registered, whatever led to it. Out: the sheet with the rest, as far
//! as the photo shows it: the strip is flattened again along the mesh, continued beyond its ends, and
//! registered again, until nothing more is found. So bends, shadows and a paper that does not stand
//! out do not matter once a few rows are found. Refuses to give anything up: the result never has
//! fewer anchors.

use super::coarse::Alignment;
use super::refine::{Detail, refine};
use super::template::{FINE, Template};
use super::trace::Ribbon;
use super::trace::robust_line;
use super::unroll::{self, Work};
use super::{Mesh, Rung, Sheet};
use crate::ground::geometry::Point;
use image::GrayImage;

/// Anchors with which a sheet needs no second look: the 42 scans have 0.85 to 1.
const WHOLE: f64 = 0.85;
/// How far the mesh is continued at a time, mm: a bend of 1,000 mm radius is 5 mm off by then, which
/// the registration's search reaches.
const AHEAD: f64 = 100.0;
/// The stretch at the end of the mesh that tells where it goes on, mm.
const BASE: f64 = 70.0;
/// At most so many times.
const ROUNDS: usize = 6;

/// Registers what lies beyond.
pub(super) fn grow(pixels: &GrayImage, template: &Template, mut sheet: Sheet) -> Sheet {
    for _ in 0..ROUNDS {
        if sheet.anchors >= WHOLE {
            break;
        }
        let Some(again) = once(pixels, template, &sheet) else { break };
        // An anchor or two more is chance.
        let gain = again.anchors - sheet.anchors;
        if gain > 0.0 {
            sheet = again;
        }
        if gain < 0.03 {
            break;
        }
    }
    sheet
}

/// The rungs of what is registered; `None` when these are too few to go on from.
fn registered(sheet: &Sheet) -> Option<Vec<Rung>> {
    let (first, last) = sheet.visible;
    let inside: Vec<Rung> =
        sheet.mesh.rungs.iter().filter(|r| r.y >= first - 2.5 && r.y <= last + 2.5).copied().collect();
    (inside.len() >= 4).then_some(inside)
}

fn once(pixels: &GrayImage, template: &Template, sheet: &Sheet) -> Option<Sheet> {
    let (work, alignment) = flattened(pixels, template, sheet, &registered(sheet)?)?;
    as_it_lies(|detail| refine(&work, template, &alignment, sheet.form, detail))
}

/// A sheet refined as a scan, or as a photo where it does not lie as in a scan.
pub(super) fn as_it_lies(refined: impl Fn(Detail) -> Option<Sheet>) -> Option<Sheet> {
    let sheet = refined(Detail::Scanned)?;
    if scanned(&sheet) { Some(sheet) } else { refined(Detail::Flat).or(Some(sheet)) }
}

/// A work picture of a sheet that is flattened along `inside` and beyond its ends, and where the form stands
/// in it.
fn flattened(
    pixels: &GrayImage,
    template: &Template,
    sheet: &Sheet,
    inside: &[Rung],
) -> Option<(Work, Alignment)> {
    let (first, last) = sheet.visible;
    let (from, to) = ((first - AHEAD).max(-20.0), (last + AHEAD).min(template.frame.1 + 20.0));
    let mut ys = Vec::new();
    let mut rungs = Vec::new();
    let steps = ((to - from) / 5.0).ceil() as usize;
    for i in 0..=steps {
        let y = from + (to - from) * i as f64 / steps as f64;
        let (l, r) = edges(inside, y, BASE);
        let at = |x: f64| l.lerp(r, x / template.frame.0);
        ys.push(y);
        rungs.push((at(-template.paper.0), at(template.paper.1 - template.paper.0)));
    }
    let work = unroll::unroll(pixels, &Ribbon { rungs })?;
    let path: Vec<(f64, f64)> = ys.into_iter().zip(work.marks.iter().copied()).collect();
    let left = (Work::paper_left() + template.paper.0) * FINE;
    Some((work, Alignment { path, score: sheet.score, left }))
}

/// How far the edges of a flat sheet are from straight lines, mm, and how much its rows turn, radians: the
/// paper feed of the 42 scans.
const FLAT: (f64, f64) = (0.8, 0.015);
/// At most so many times; the second follows what the first put right.
const SETTLINGS: usize = 2;

/// Registers a sheet that is not flat once more, as closely as its paper bends: the strip is flattened
/// along a stiff version of the mesh, whose width and turn change slowly, and fitted with a bow.
pub(super) fn settle(pixels: &GrayImage, template: &Template, mut sheet: Sheet) -> Sheet {
    for _ in 0..SETTLINGS {
        let Some(inside) = registered(&sheet) else { break };
        if flat(&inside) {
            break;
        }
        let settled = flattened(pixels, template, &sheet, &stiff(&inside))
            .and_then(|(work, alignment)| refine(&work, template, &alignment, sheet.form, Detail::Bowed));
        match settled {
            Some(settled) if settled.anchors >= sheet.anchors - 0.02 => sheet = settled,
            _ => break,
        }
    }
    sheet
}

/// How much the width of a scanned sheet changes, of itself, and how far its rows are from square to its
/// run, radians. Not measured.
const SQUARE: (f64, f64) = (0.01, 0.01);

/// Whether what is registered of a sheet lies as in a scan: straight, of one width, its rows square to it.
fn scanned(sheet: &Sheet) -> bool {
    let Some(inside) = registered(sheet) else { return false };
    let (a, b) = (&inside[0], &inside[inside.len() - 1]);
    let width = |r: &Rung| r.points[0].distance(r.points[2]);
    let mean = inside.iter().map(width).sum::<f64>() / inside.len() as f64;
    let run = (b.points[1].y - a.points[1].y).atan2(b.points[1].x - a.points[1].x);
    let even = inside
        .iter()
        .all(|r| (width(r) / mean - 1.0).abs() < SQUARE.0 && (run - direction(r)).cos().abs() < SQUARE.1);
    even && flat(&inside)
}

/// Which way a rung runs across the photo, radians.
fn direction(rung: &Rung) -> f64 {
    (rung.points[2].y - rung.points[0].y).atan2(rung.points[2].x - rung.points[0].x)
}

/// Whether the paper is straight as in a scan.
fn flat(rungs: &[Rung]) -> bool {
    let (a, b) = (&rungs[0], &rungs[rungs.len() - 1]);
    let per_mm = a.points[0].distance(b.points[0]) / (b.y - a.y).max(1e-9);
    rungs.iter().all(|r| {
        let t = (r.y - a.y) / (b.y - a.y).max(1e-9);
        let off = |side: usize| {
            let (p, q, m) = (a.points[side], b.points[side], r.points[side]);
            // Square to the edge: along it, the feed may stretch.
            ((q.x - p.x) * (m.y - p.y) - (q.y - p.y) * (m.x - p.x)).abs() / p.distance(q).max(1e-9) / per_mm
        };
        let turn = (direction(r) - direction(a)) - t * (direction(b) - direction(a));
        off(0).max(off(2)) < FLAT.0 && turn.sin().abs() < FLAT.1
    })
}

/// Stretches over which width and turn are evened out, mm to either side.
const EVEN: (f64, f64) = (80.0, 40.0);
/// Where across the frame the mesh is surest: at the siglas and codes.
const SURE: f64 = 0.25;

/// The same strip with width and turn evened out along it.
fn stiff(rungs: &[Rung]) -> Vec<Rung> {
    let n = rungs.len();
    let across: Vec<Point> = rungs
        .iter()
        .map(|r| Point::new(r.points[2].x - r.points[0].x, r.points[2].y - r.points[0].y))
        .collect();
    // Width, and turn against the paper's run, at each rung.
    let run = |k: usize| {
        let (a, b) = (rungs[k.saturating_sub(3)].at(SURE), rungs[(k + 3).min(n - 1)].at(SURE));
        let length = a.distance(b).max(1e-9);
        Point::new((b.x - a.x) / length, (b.y - a.y) / length)
    };
    let measured: Vec<(f64, f64, f64)> = (0..n)
        .map(|k| {
            let (d, c) = (run(k), across[k]);
            let (along, square) = (c.x * d.x + c.y * d.y, c.x * d.y - c.y * d.x);
            (rungs[k].y, c.x.hypot(c.y), along.atan2(square))
        })
        .collect();
    let even = |y: f64, reach: f64, of: fn(&(f64, f64, f64)) -> f64| {
        let near: Vec<(f64, f64)> =
            measured.iter().filter(|m| (m.0 - y).abs() <= reach).map(|m| (m.0, of(m))).collect();
        let line = robust_line(&near);
        line.0 + line.1 * y
    };
    (0..n)
        .map(|k| {
            let (r, d) = (&rungs[k], run(k));
            let (width, turn) = (even(r.y, EVEN.0, |m| m.1), even(r.y, EVEN.1, |m| m.2));
            let (sin, cos) = turn.sin_cos();
            // Along the run by the sine, square to it by the cosine.
            let c = Point::new(width * (sin * d.x + cos * d.y), width * (sin * d.y - cos * d.x));
            let sure = r.at(SURE);
            let at = |t: f64| Point::new(sure.x + (t - SURE) * c.x, sure.y + (t - SURE) * c.y);
            Rung { y: r.y, points: [at(0.0), at(0.5), at(1.0)] }
        })
        .collect()
}

/// The frame's edges at form y: on the mesh, or on the line through the last `base` mm of it.
pub(super) fn edges(rungs: &[Rung], y: f64, base: f64) -> (Point, Point) {
    let (a, b) = (&rungs[0], &rungs[rungs.len() - 1]);
    if y >= a.y && y <= b.y {
        let i = rungs.partition_point(|r| r.y <= y).clamp(1, rungs.len() - 1);
        let (p, q) = (&rungs[i - 1], &rungs[i]);
        let t = (y - p.y) / (q.y - p.y);
        return (p.points[0].lerp(q.points[0], t), p.points[2].lerp(q.points[2], t));
    }
    let end = if y < a.y { a.y } else { b.y };
    let near: Vec<&Rung> = rungs.iter().filter(|r| (r.y - end).abs() <= base).collect();
    let line = |of: fn(&Rung) -> f64, weigh: f64| {
        let n = near.len() as f64;
        let (my, mv) = near.iter().fold((0.0, 0.0), |s, r| (s.0 + r.y / n, s.1 + of(r) / n));
        let (num, den) =
            near.iter().fold((0.0, 0.0), |s, r| (s.0 + (r.y - my) * (of(r) - mv), s.1 + (r.y - my).powi(2)));
        mv + weigh * num / den.max(1e-9) * (y - my)
    };
    let centre = Point::new(
        line(|r| (r.points[0].x + r.points[2].x) / 2.0, 1.0),
        line(|r| (r.points[0].y + r.points[2].y) / 2.0, 1.0),
    );
    // Width and turn go on as they are: their change over the base is mostly noise.
    let half = Point::new(
        line(|r| (r.points[2].x - r.points[0].x) / 2.0, 0.0),
        line(|r| (r.points[2].y - r.points[0].y) / 2.0, 0.0),
    );
    (Point::new(centre.x - half.x, centre.y - half.y), Point::new(centre.x + half.x, centre.y + half.y))
}

/// Whether a photo point lies on the strip of a sheet, on what is registered or within `beyond` mm of
/// it along the paper.
pub(super) fn on_strip(mesh: &Mesh, visible: (f64, f64), beyond: f64, p: Point) -> bool {
    let (from, to) = (visible.0 - beyond, visible.1 + beyond);
    let steps = ((to - from) / 20.0).ceil().max(1.0) as usize;
    (0..=steps).any(|i| {
        let y = from + (to - from) * i as f64 / steps as f64;
        let centre = mesh.map(Point::new(mesh.width / 2.0, y));
        centre.distance(p) < 0.55 * mesh.width * mesh.px_per_mm(y)
    })
}
