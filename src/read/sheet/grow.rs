//! A sheet where landmarks put it, registered on the photo's own pixels.
//!
//! In: the photo, a template, a rough mesh and the stretch of the form that it is known for. Out: the [`Sheet`]: it is
//! flattened along the mesh, its print is placed, and again along what that gives, as long as more of it is seen or its
//! paper bends. Refuses (gives `None`) what has too little of the form's print.

use super::refine::{Detail, refine};
use super::template::Template;
use super::{Mesh, Rung, Sheet, unroll};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// How far beyond what is known the print is sought, mm.
const AHEAD: f64 = 50.0;
/// Beyond the frame, mm.
const BESIDE: f64 = 7.0;
/// At most so many times.
const ROUNDS: usize = 6;

/// Registers a sheet that lies about as `mesh` says, which is known from one form y to another.
pub(super) fn register(
    pixels: &GrayImage,
    (template, form): (&Template, usize),
    mut mesh: Mesh,
    mut known: (f64, f64),
) -> Option<Sheet> {
    let mut best: Option<Sheet> = None;
    for _ in 0..ROUNDS {
        let work = flattened(pixels, template, &mesh, known);
        let Some(sheet) = as_it_lies(|detail| refine(&work, template, form, detail)) else { break };
        let reach = (known.0 - AHEAD, known.1 + AHEAD);
        let (top, bottom) = sheet.visible;
        let more = (top < reach.0 + AHEAD / 2.0 && reach.0 > 0.0)
            || (bottom > reach.1 - AHEAD / 2.0 && reach.1 < template.frame.1);
        (mesh, known) = (sheet.mesh.clone(), sheet.visible);
        let better = best.as_ref().is_none_or(|b| sheet.anchors >= b.anchors);
        if better {
            best = Some(sheet);
        }
        if !more || !better {
            break;
        }
    }
    best
}

fn flattened(pixels: &GrayImage, template: &Template, mesh: &Mesh, known: (f64, f64)) -> unroll::Work {
    let (from, to) = ((known.0 - AHEAD).max(-BESIDE), (known.1 + AHEAD).min(template.frame.1 + BESIDE));
    let area = Rect::new(-BESIDE, from, template.frame.0 + 2.0 * BESIDE, to - from);
    unroll::flatten(pixels, mesh, area)
}

/// The rungs of what is registered; `None` when these are too few to go on from.
fn registered(sheet: &Sheet) -> Option<Vec<Rung>> {
    let (first, last) = sheet.visible;
    let inside: Vec<Rung> =
        sheet.mesh.rungs.iter().filter(|r| r.y >= first - 2.5 && r.y <= last + 2.5).copied().collect();
    (inside.len() >= 4).then_some(inside)
}

/// A sheet refined as a scan, or as a photo where it does not lie as in a scan.
pub(super) fn as_it_lies(refined: impl Fn(Detail) -> Option<Sheet>) -> Option<Sheet> {
    let sheet = refined(Detail::Scanned)?;
    if scanned(&sheet) { Some(sheet) } else { refined(Detail::Flat).or(Some(sheet)) }
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
        let work = flattened(pixels, template, &sheet.mesh, sheet.visible);
        let settled = refine(&work, template, sheet.form, Detail::Bowed);
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
