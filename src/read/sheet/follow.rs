//! Where the paper goes on above the frame, along its lines of text.
//!
//! In: the photo and a registered sheet. Out: the sheet with rungs up to [`HIGHEST`] above the frame.
//! The header's height varies and little of it is constant, so that no anchors stand there; but its
//! lines run across the paper. Step by step upwards the turn is measured at which rows of ink and rows
//! of paper part best (projection profile; Postl 1986), and the paper goes on square to them. Refuses
//! to bend where there is no text: there it goes on straight. A sheet whose first rows are not on the
//! photo stays as it is.

use super::register::edges;
use super::template::Template;
use super::{Rung, Sheet};
use crate::ground::geometry::{Point, floor};
use image::GrayImage;

/// How far above the frame the header can begin, mm.
const HIGHEST: f64 = 160.0;
/// From one rung to the next, mm: two lines of text.
const STEP: f64 = 6.0;
/// Height of the window in which the turn is measured, mm: four lines.
const WINDOW: f64 = 13.0;
/// Pixels per mm of that window: a third of the smallest capitals' height.
const SCALE: f64 = 4.0;
/// From a stand to its window, mm: the frame's upper rule is no line of text.
const CLEAR: f64 = 1.5;
/// A slope below this is the lines' own wavering: a pixel of 200 dpi over half a line.
const LEVEL: f64 = 0.002;
/// Largest change of turn from step to step, as a slope: 2.5 degrees in 6 mm is a sharp fold.
const TURN: f64 = 0.044;
/// Slopes tried to either side.
const SLOPES: i32 = 14;

/// Where the walk stands: the photo point at form x = 0, and photo pixels per mm across and down.
#[derive(Debug, Clone, Copy)]
struct Stand {
    origin: Point,
    across: Point,
    down: Point,
}

impl Stand {
    fn at(&self, x: f64, y: f64) -> Point {
        Point::new(
            self.origin.x + x * self.across.x + y * self.down.x,
            self.origin.y + x * self.across.y + y * self.down.y,
        )
    }
}

/// Stretches at the frame's top that may tell the paper's direction, mm: half the frame, so that the
/// local waves of paper feed even out, or less where the paper is bent.
const BASES: [f64; 4] = [170.0, 120.0, 80.0, 45.0];
/// How far a straight stretch may be from its line, mm.
const WAVE: f64 = 0.6;

/// Whether the first `base` mm of the rungs are straight.
fn straight(rungs: &[Rung], base: f64, width: f64) -> bool {
    let end = rungs[0].y;
    let near: Vec<&Rung> = rungs.iter().filter(|r| r.y - end <= base).collect();
    let off = |side: usize| {
        let (a, b) = (near[0], near[near.len() - 1]);
        let per_mm = a.points[0].distance(a.points[2]).max(1e-9);
        let worst = near.iter().map(|r| {
            let t = (r.y - a.y) / (b.y - a.y).max(1e-9);
            r.points[side].distance(a.points[side].lerp(b.points[side], t))
        });
        worst.fold(0.0, f64::max) / per_mm
    };
    near.len() >= 2 && off(0).max(off(2)) * width < WAVE
}

/// Puts rungs along the header's text.
pub(super) fn follow(pixels: &GrayImage, template: &Template, mut sheet: Sheet) -> Sheet {
    let width = template.frame.0;
    let inside: Vec<Rung> = sheet
        .mesh
        .rungs
        .iter()
        .filter(|r| r.y >= sheet.visible.0 && r.y <= sheet.visible.1)
        .copied()
        .collect();
    if sheet.visible.0 > 20.0 || inside.len() < 8 {
        return sheet;
    }
    // A straight strip goes on straight: lines of text cannot tell its direction better.
    if straight(&inside, BASES[0], width) {
        return sheet;
    }
    // The longest stretch of the frame that is straight tells best where the paper goes on.
    let base = BASES.into_iter().find(|&b| straight(&inside, b, width)).unwrap_or(BASES[BASES.len() - 1]);
    let (l, r) = edges(&inside, -1.0, base);
    let (up, _) = edges(&inside, -11.0, base);
    let per = |a: Point, b: Point, mm: f64| Point::new((b.x - a.x) / mm, (b.y - a.y) / mm);
    // From where the mesh ends, so that there is no step in it.
    let origin = sheet.mesh.map(Point::new(0.0, 0.0));
    let end = sheet.mesh.map(Point::new(width, 0.0));
    let across = if sheet.visible.0 < 6.0 { per(origin, end, width) } else { per(l, r, width) };
    let mut stand = Stand { origin, across, down: per(up, l, 10.0) };
    let mut rungs = Vec::new();
    for i in 1..=(HIGHEST / STEP) as usize {
        if let Some(slope) = turn(pixels, &stand, (0.3 * width, width)) {
            let s = 0.7 * (slope.abs() - LEVEL).max(0.0).copysign(slope);
            // Turned in the form's own millimetres, so that perspective stays as it is.
            let (across, down) = (stand.across, stand.down);
            stand.across = Point::new(across.x + s * down.x, across.y + s * down.y);
            stand.down = Point::new(down.x - s * across.x, down.y - s * across.y);
        }
        stand.origin = stand.at(0.0, -STEP);
        let points = [0.0, width / 2.0, width].map(|x| stand.at(x, 0.0));
        rungs.push(Rung { y: -STEP * i as f64, points });
    }
    rungs.reverse();
    rungs.extend(sheet.mesh.rungs.iter().filter(|r| r.y >= -1e-9));
    sheet.mesh.rungs = rungs;
    sheet
}

/// The slope (down over across) at which the lines above a stand run, against its `across`; `None`
/// where there is not text enough to tell.
fn turn(pixels: &GrayImage, stand: &Stand, (from, to): (f64, f64)) -> Option<f64> {
    // Beyond the window, so that a slope does not leave it.
    let spare = ((to - from) / 2.0 * TURN * SCALE).ceil() as i64 + 2;
    let (w, h) = (((to - from) * SCALE) as i64, (WINDOW * SCALE) as i64);
    let rows = h + 2 * spare;
    let mut grey = Vec::with_capacity((w * rows) as usize);
    for y in 0..rows {
        for x in 0..w {
            let fx = from + (x as f64 + 0.5) / SCALE;
            let fy = (y - spare) as f64 / SCALE - WINDOW - CLEAR;
            grey.push(sample(pixels, stand.at(fx, fy))?);
        }
    }
    let sharp = darkness(&grey, w as usize);
    // Soft down the rows, so that a slope of whole pixels looks no sharper than one between.
    let near = |i: usize, by: usize| sharp.get(i.wrapping_add(by)).copied().unwrap_or(0.0);
    let w1 = w as usize;
    let ink: Vec<f32> = (0..sharp.len())
        .map(|i| (near(i, 0) * 2.0 + near(i, w1) + near(i, w1.wrapping_neg())) / 4.0)
        .collect();
    let mut scores = Vec::new();
    for k in -SLOPES..=SLOPES {
        let slope = TURN * f64::from(k) / f64::from(SLOPES);
        let mut profile = vec![0.0f32; h as usize];
        for x in 0..w {
            let shift = (x as f64 - w as f64 / 2.0) * slope + spare as f64;
            let (whole, part) = (shift as i64, shift.fract() as f32);
            for (y, p) in profile.iter_mut().enumerate() {
                let i = ((y as i64 + whole) * w + x) as usize;
                *p += ink[i] * (1.0 - part) + ink[i + w as usize] * part;
            }
        }
        scores.push(profile.windows(2).map(|p| (p[1] - p[0]).powi(2)).sum::<f32>());
    }
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]))?;
    let mut sorted = scores.clone();
    sorted.sort_by(f32::total_cmp);
    // Text at its slope has several times the score of text askew; paper alone has none.
    if best == 0
        || best + 1 == scores.len()
        || scores[best] < 1.5 * sorted[sorted.len() / 4]
        || scores[best] < 0.003 * (w * w) as f32
    {
        return None;
    }
    let (a, b, c) = (f64::from(scores[best - 1]), f64::from(scores[best]), f64::from(scores[best + 1]));
    let top = best as f64 + 0.5 * (a - c) / (a - 2.0 * b + c).min(-1e-9);
    Some(TURN * (top - f64::from(SLOPES)) / f64::from(SLOPES))
}

/// Ink, 0 to 1: how much darker a pixel is than the paper of its quarter of the window. One level for
/// all rows of it: levels of their own would be rows at slope 0.
fn darkness(grey: &[f32], w: usize) -> Vec<f32> {
    let part = w.div_ceil(4).max(1);
    let levels: Vec<f32> = (0..w.div_ceil(part))
        .map(|k| {
            let columns = k * part..((k + 1) * part).min(w);
            let mut values: Vec<f32> =
                grey.chunks_exact(w).flat_map(|row| row[columns.clone()].to_vec()).collect();
            let at = values.len() * 4 / 5;
            if values.is_empty() { 1.0 } else { values.select_nth_unstable_by(at, f32::total_cmp).1.max(1.0) }
        })
        .collect();
    let ink = |i: usize, g: f32| (1.0 - g / levels[i % w / part]).clamp(0.0, 0.6);
    grey.iter().enumerate().map(|(i, &g)| ink(i, g)).collect()
}

/// The pixel at a photo point; `None` outside.
fn sample(pixels: &GrayImage, p: Point) -> Option<f32> {
    let (x, y) = (floor(p.x + 0.5), floor(p.y + 0.5));
    let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
    (x < pixels.width() && y < pixels.height()).then(|| f32::from(pixels.get_pixel(x, y)[0]))
}
