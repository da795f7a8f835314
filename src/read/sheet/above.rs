//! Where the paper goes on above the frame.
//!
//! In: the photo and a registered sheet. Out: the sheet with rungs up to [`HIGHEST`] above the frame. The header's height
//! varies and little of it is constant, so that no anchors stand there; but its lines run level, its rule upright. The
//! paper goes on as a plane seen by a camera, as far as that was registered; what stands there is flattened, and the same
//! energy as below ([`super::fit`]) bends it: the frame holds it, text that stands lower than the text beside it turns
//! it, the rule moves it across, and where nothing is printed it goes on straight. A sheet whose first rows are not on
//! the photo stays as it is.

use super::flat::{self, FULL, Work};
use super::landmarks::consensus::{self, Plane};
use super::spline::{Field, Seen, Stiffness};
use super::template::{FINE, Template};
use super::{Mesh, Rung, Sheet, terms};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// How far above the frame the header can begin, mm.
const HIGHEST: f64 = 160.0;
/// So far the paper is followed at first, and then on: what is bent is seen better from nearer.
const REACHES: [f64; 3] = [50.0, 100.0, HIGHEST];
/// From one rung to the next, mm.
const STEP: f64 = 5.0;
/// How much of the frame tells how the paper goes on, mm.
const BASE: f64 = 120.0;
/// How stiff the paper is on the way from that.
const STIFF: f64 = 30.0;
/// What bending costs across, and down, where a fold turns the lines at once. (Of 84 made-up pictures, scans and photos,
/// 0.1 down has 90 % within 0.09 mm of level, 1 within 0.11; across 1 has 0.5 mm of aside at the most of tilted ones, 0.1 0.8.)
const BEND: (f64, f64) = (1.0, 0.1);
/// How much of the frame holds the paper above it, mm, and with what weight.
const HELD: (f64, f64) = (15.0, 20.0);
/// Beside the frame, mm.
const BESIDE: f64 = 3.0;
/// From the frame's upper rule to the first text, mm.
const CLEAR: f64 = 1.5;
/// Text is held against what stands beside it in pieces so wide and so high, mm: two words, three lines.
const PIECE: (f64, f64) = (6.0, 10.0);
/// How much lower or higher it may stand there, mm: less than half from line to line, or 12 degrees.
const LOWER: f64 = 1.25;
/// Two pieces whose rows of ink are so alike are of the same lines.
const ALIKE: f64 = 0.7;
/// Weight of two pieces.
const WEIGHT: f64 = 0.5;
/// Paper that turns goes on square to its lines, with this weight: a rule tells better.
const SQUARE: f64 = 0.02;

/// Puts rungs along the header's text.
pub(super) fn above(pixels: &GrayImage, template: &Template, mut sheet: Sheet) -> Sheet {
    let Some(header) = template.header else { return sheet };
    let Some(mut mesh) = onwards(&sheet, template.frame.0) else { return sheet };
    for reach in REACHES {
        match bent(pixels, &mesh, header, reach) {
            Some(next) => mesh = next,
            None => break,
        }
    }
    mesh.rungs.retain(|r| r.y < -1e-9);
    mesh.rungs.extend(sheet.mesh.rungs.iter().filter(|r| r.y >= -1e-9));
    sheet.mesh = mesh;
    sheet
}

/// The mesh as it goes on above the frame by the plane that the frame's beginning lies on and what it bends there.
fn onwards(sheet: &Sheet, width: f64) -> Option<Mesh> {
    let from = sheet.visible.0.max(0.0);
    let shown = |r: &&Rung| r.y >= from && r.y <= sheet.visible.1.min(from + BASE);
    let rungs: Vec<&Rung> = sheet.mesh.rungs.iter().filter(shown).collect();
    if sheet.visible.0 > 20.0 || rungs.len() < 8 {
        return None;
    }
    let places = |r: &&Rung| {
        let y = r.y;
        [0.0, 0.5, 1.0].iter().zip(r.points).map(|(t, p)| (Point::new(t * width, y), p)).collect::<Vec<_>>()
    };
    let pairs: Vec<(Point, Point)> = rungs.iter().flat_map(places).collect();
    let plane = Plane::through(&pairs, sheet.mesh.px_per_mm(from))?;
    let ys: Vec<f64> = (0..=((HIGHEST + BASE) / STEP) as usize).map(|i| STEP * i as f64 - HIGHEST).collect();
    let smooth = consensus::bent(&plane, &pairs, &ys, width, STIFF)?;
    // From where the mesh is, so that there is no step in it.
    let (at, end) = (smooth.map(Point::new(width / 2.0, 0.0)), sheet.mesh.map(Point::new(width / 2.0, 0.0)));
    let by = Point::new(end.x - at.x, end.y - at.y);
    let moved = |r: &Rung| Rung { y: r.y, points: r.points.map(|p| Point::new(p.x + by.x, p.y + by.y)) };
    let mut rungs: Vec<Rung> = smooth.rungs.iter().filter(|r| r.y < -1e-9).map(moved).collect();
    rungs.extend(sheet.mesh.rungs.iter().filter(|r| r.y >= -1e-9));
    Some(Mesh { width, rungs })
}

/// The mesh bent by what is seen up to `reach` mm above the frame.
fn bent(
    pixels: &GrayImage,
    before: &Mesh,
    (text, rule): ((f64, f64), Option<f64>),
    reach: f64,
) -> Option<Mesh> {
    let width = before.width;
    let area = Rect::new(-BESIDE, -reach, width + 2.0 * BESIDE, reach);
    let work = flat::flatten(pixels, before, area);
    let first = -((HIGHEST / STEP).round() as i32);
    let ys: Vec<f64> = (first..=(HELD.0 / STEP) as i32).map(|i| STEP * f64::from(i)).collect();
    let held = ys
        .iter()
        .filter(|y| **y >= 0.0)
        .flat_map(|&y| [0.0, width / 2.0, width].map(|x| Seen::new(Point::new(x, y), 0.0, HELD.1)));
    let held: Vec<Seen> = held.collect();
    let mut turned = held.clone();
    turned.extend(level(&work, text, reach));
    let v = Field::through(&ys, width, &turned, Stiffness::bowed(BEND.1, 1.0))?;
    let mut across = held;
    // From the frame upwards: as the lines turn, so does the way on.
    let mut aside = 0.0;
    for &y in ys.iter().rev().filter(|y| **y < 0.0) {
        let fall = |y: f64| v.at(Point::new(width, y)) - v.at(Point::new(0.0, y));
        aside += fall(y + STEP / 2.0) / width * STEP;
        across.extend([0.0, width].map(|x| Seen::new(Point::new(x, y), aside, SQUARE)));
    }
    if let Some(x) = rule {
        let rule = terms::rules(&work, &[(x, -reach, -CLEAR)], LOWER);
        across.extend(rule.iter().filter_map(|t| Some(Seen::new(t.form, t.u?, t.weight))));
    }
    let u = Field::through(&ys, width, &across, Stiffness::bowed(BEND.0, 1.0))?;
    let rung = |y: f64| {
        let at = |x: f64| {
            let p = Point::new(x, y);
            before.map(Point::new(x + u.at(p) / FINE, y + v.at(p) / FINE))
        };
        Rung { y, points: [0.0, width / 2.0, width].map(at) }
    };
    let mut rungs: Vec<Rung> = ys.iter().filter(|y| **y < 0.0).map(|&y| rung(y)).collect();
    rungs.extend(before.rungs.iter().filter(|r| r.y >= -1e-9));
    Some(Mesh { width, rungs })
}

/// How much lower text stands than what is beside it, in work pixels: pieces of the rows between two form x.
fn level(work: &Work, (left, right): (f64, f64), reach: f64) -> Vec<Seen> {
    let px = |mm: f64| (mm * FINE).round() as usize;
    let (wide, high, lower) = (px(PIECE.0), px(PIECE.1), px(LOWER));
    let rows = px(reach - CLEAR).min(work.ink.height);
    let from = ((left - work.origin.x) * FINE).round().max(0.0) as usize;
    let to = (((right - work.origin.x) * FINE).round() as usize).min(work.ink.width);
    // How much ink stands in each row of each piece.
    let columns: Vec<usize> = (from..to.saturating_sub(wide)).step_by(wide).collect();
    let profile = |&x: &usize| -> Vec<f64> {
        let mean = |y: usize| f64::from(work.ink.row(y, x, wide).iter().map(|&v| i32::from(v)).sum::<i32>());
        (0..rows).map(|y| mean(y) / (wide as f64 * FULL)).collect()
    };
    let profiles: Vec<Vec<f64>> = columns.iter().map(profile).collect();
    let mut out = Vec::new();
    for (k, pair) in profiles.windows(2).enumerate() {
        let middle = |k: usize| work.origin.x + (columns[k] as f64 + wide as f64 / 2.0) / FINE;
        for top in (lower..rows.saturating_sub(high + lower)).step_by(high / 2) {
            let here = &pair[0][top..top + high];
            let there = |by: usize| &pair[1][top + by - lower..top + by - lower + high];
            let alike: Vec<f64> = (0..=2 * lower).map(|by| terms::likeness(here, there(by))).collect();
            let Some(best) = (0..alike.len()).max_by(|&a, &b| alike[a].total_cmp(&alike[b])) else {
                continue;
            };
            if best == 0 || best == 2 * lower || alike[best] < ALIKE {
                continue;
            }
            let part = terms::summit(alike[best - 1], alike[best], alike[best + 1]);
            let value = best as f64 + part - lower as f64;
            let y = work.origin.y + (top as f64 + high as f64 / 2.0) / FINE;
            let at = Point::new(middle(k + 1), y);
            out.push(Seen { at, beside: Some(middle(k)), value, weight: WEIGHT * alike[best] });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;
    use image::Luma;

    /// Lines of print every 4 mm, 2 mm high, falling by `slope` to the right, and a rule that leans as they are turned,
    /// above a frame whose corner is at (100, 1700); 10 px/mm.
    fn photo(slope: f64) -> GrayImage {
        GrayImage::from_fn(900, 2200, |x, y| {
            let (x, y) = (f64::from(x) / 10.0 - 10.0, f64::from(y) / 10.0 - 170.0);
            let row = (y - slope * x).rem_euclid(4.0);
            let letters = (x * 1.3).fract() < 0.5 && (24.0..66.0).contains(&x);
            let rule = (x - 20.5 + slope * y).abs() < 0.2 && y < -2.0;
            Luma([if (row < 2.0 && letters && y < -2.0) || rule { 60 } else { 200 }])
        })
    }

    fn sheet() -> Sheet {
        let width = 68.6;
        let at = |x: f64, y: f64| Point::new(100.0 + 10.0 * x, 1700.0 + 10.0 * y);
        let rungs = (0..10).map(|i| 5.0 * f64::from(i));
        let rung = |y: f64| Rung { y, points: [0.0, width / 2.0, width].map(|x| at(x, y)) };
        Sheet::known(Mesh { width, rungs: rungs.map(rung).collect() }, (0.0, 40.0))
    }

    #[test]
    fn rungs_follow_lines_that_run_askew_and_the_rule_and_the_frame_stays() {
        let template = Template::new(&builtin().unwrap()[0]);
        for slope in [-0.06, 0.0, 0.03] {
            let found = above(&photo(slope), &template, sheet());
            for y in [-30.0, -60.0, -90.0] {
                let (a, b) = (found.mesh.map(Point::new(25.0, y)), found.mesh.map(Point::new(65.0, y)));
                let fall = (b.y - a.y) / (b.x - a.x);
                assert!((fall - slope).abs() < 0.006, "{slope} at {y}: {fall}");
                let rule = found.mesh.map(Point::new(20.5, y));
                let (x, y) = (rule.x / 10.0 - 10.0, rule.y / 10.0 - 170.0);
                assert!((x - 20.5 + slope * y).abs() < 0.25, "{slope} at {y}: {x}");
            }
            let frame = Point::new(60.0, 5.0);
            assert!(found.mesh.map(frame).distance(sheet().mesh.map(frame)) < 1e-9);
        }
    }

    #[test]
    fn paper_without_text_goes_on_straight_and_unseen_rows_tell_nothing() {
        let template = Template::new(&builtin().unwrap()[0]);
        let blank = GrayImage::from_pixel(900, 2200, Luma([200]));
        let found = above(&blank, &template, sheet());
        assert!(found.mesh.map(Point::new(30.0, -100.0)).distance(Point::new(400.0, 700.0)) < 1.0);
        let lower = Sheet { visible: (30.0, 300.0), ..sheet() };
        assert_eq!(above(&blank, &template, lower.clone()).mesh, lower.mesh);
    }
}
