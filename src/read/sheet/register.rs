//! A sheet where landmarks put it, registered on the photo's own pixels.
//!
//! In: the photo, a template, a rough mesh and the stretch of the form that it is known for. Out: the [`Sheet`]: it is
//! flattened along the mesh, its print is placed, and again along what that gives, as long as more of it is seen or its
//! paper bends. Refuses (gives `None`) what has too little of the form's print.

use super::fit::fit;
use super::template::{FINE, Template};
use super::{Mesh, Sheet, flat};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// How far beyond what is known the print is sought, mm.
const AHEAD: f64 = 50.0;
/// Beyond the frame, mm.
const BESIDE: f64 = 7.0;
/// At most so many times.
const ROUNDS: usize = 6;
/// How far from where landmarks put it print is sought, mm, and from where print put it.
const REACH: (f64, f64) = (1.5, 1.0);
/// Paper that moved by less needs no second look, mm: correlation is as exact as on a picture flattened anew.
const STILL: f64 = 0.5;

/// Registers a sheet that lies about as `mesh` says, which is known from one form y to another.
pub(super) fn register(
    pixels: &GrayImage,
    of: (&Template, usize),
    mut mesh: Mesh,
    mut known: (f64, f64),
) -> Option<Sheet> {
    let height = of.0.frame.1;
    let mut best: Option<Sheet> = None;
    let mut reach = REACH.0;
    for _ in 0..ROUNDS {
        let within = (known.0 - AHEAD, known.1 + AHEAD);
        let snap = |y: f64| (y * FINE).round() / FINE;
        let (from, to) = (snap(within.0.max(-BESIDE)), snap(within.1.min(height + BESIDE)));
        let area = Rect::new(-BESIDE, from, of.0.frame.0 + 2.0 * BESIDE, to - from);
        let Some((sheet, moved)) = fit(&flat::flatten(pixels, &mesh, area), &mesh, of, reach) else { break };
        let (top, bottom) = sheet.visible;
        let more = (top < within.0 + AHEAD / 2.0 && within.0 > 0.0)
            || (bottom > within.1 - AHEAD / 2.0 && within.1 < height);
        (mesh, known, reach) = (sheet.mesh.clone(), sheet.visible, REACH.1);
        let better = best.as_ref().is_none_or(|b| sheet.anchors >= b.anchors - 0.02);
        if better {
            best = Some(sheet);
        }
        if !better || !(more || moved > STILL) {
            break;
        }
    }
    best
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
