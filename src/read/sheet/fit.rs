//! The registration's energy: every term of the print against the bending of the paper.
//!
//! In: a work picture, the mesh along which it was flattened, a template. Out: a [`Sheet`] whose mesh maps form millimetres
//! to photo pixels, and how far that moved anything. [`super::terms`] and [`super::middles`] measure how far print stands
//! from its place; the mesh is a smoothing spline through all of it ([`super::spline`]), fitted by robust weighted least
//! squares. A hidden anchor has no say: its neighbours' places come from the others. Refuses (gives `None`) what has fewer
//! than four anchors.

use super::flat::Work;
use super::spline::{Field, Seen, Stiffness};
use super::template::{FINE, Template};
use super::terms::{self, Term};
use super::{Anchored, BEYOND, Mesh, Rung, Sheet, middles};
use crate::ground::geometry::Point;

/// From one rung of the mesh to the next, mm: about one row pitch.
const SPACING: f64 = 5.0;

/// Form y of the rungs.
pub(super) fn rung_ys(template: &Template) -> Vec<f64> {
    let n = (template.frame.1 / SPACING).ceil() as usize;
    (0..=n).map(|i| i as f64 * SPACING).collect()
}

/// Within this distance, mm, an anchor at the end of what is found has to have two others: the gap at a
/// heading, twice.
const COMPANY: f64 = 18.0;
/// What one work pixel of bending from rung to rung costs.
const BEND: f64 = 1.0;
/// How far rules and rows are looked for at most, mm: rows that look alike follow each other every 3 mm.
const NEAR: f64 = 1.25;
/// An anchor farther from where the others have it is not the anchor, mm.
const ASTRAY: f64 = 0.8;

/// The sheet, and how far from the mesh before any of what is visible stands, mm. Anchors are sought within `reach` mm.
pub(super) fn fit(
    work: &Work,
    before: &Mesh,
    (template, form): (&Template, usize),
    reach: f64,
) -> Option<(Sheet, f64)> {
    let anchors = terms::anchors(work, template, reach);
    if anchors.iter().filter(|t| t.u.is_some()).count() < 4 {
        return None;
    }
    let mut all = anchors.clone();
    all.extend(terms::rules(work, &template.uprights, reach.min(NEAR)));
    all.extend(terms::rows(work, template, reach.min(NEAR)));
    all.extend(middles::find(work, template));
    let (ys, width) = (rung_ys(template), template.frame.0);
    let of = |value: fn(&Term) -> Option<f64>| -> Vec<Seen> {
        all.iter().filter_map(|t| value(t).map(|v| Seen::new(t.form, v, t.weight))).collect()
    };
    // Paper keeps its width, so that u hardly changes across; rows may turn, as at a fold.
    let u = Field::through(&ys, width, &of(|t| t.u), Stiffness::bowed(BEND, 5.0))?;
    let v = Field::through(&ys, width, &of(|t| t.v), Stiffness::bowed(BEND, 1.0))?;
    let off = |p: Point| (u.at(p), v.at(p));
    let moved = |p: Point| {
        let (u, v) = off(p);
        Point::new(p.x + u / FINE, p.y + v / FINE)
    };
    let rung =
        |y: f64| Rung { y, points: [0.0, width / 2.0, width].map(|x| before.map(moved(Point::new(x, y)))) };
    let mesh = Mesh { width, rungs: ys.iter().map(|&y| rung(y)).collect() };

    let mut sheet = Sheet {
        form,
        mesh,
        score: 0.0,
        residual: 0.0,
        anchors: 0.0,
        visible: (0.0, 0.0),
        anchored: Vec::new(),
        mistaken: terms::mistaken(work, template, off),
    };
    let (mut found, mut squares) = (0usize, 0.0);
    for term in &anchors {
        let (u, v) = off(term.form);
        let distance = (term.u.map_or(0.0, |at| at - u)).hypot(term.v.map_or(0.0, |at| at - v)) / FINE;
        if distance >= ASTRAY {
            continue;
        }
        sheet.anchored.push(Anchored { y: term.form.y, off: distance, named: term.u.is_some() });
        if term.u.is_some() {
            squares += distance * distance;
            found += 1;
            sheet.score += f64::from(term.alike);
        }
    }
    sheet.anchored.sort_by(|a, b| a.y.total_cmp(&b.y));
    // An anchor far from all others is found by chance.
    let company = |y: f64| sheet.anchored.iter().filter(|a| (a.y - y).abs() <= COMPANY).count() > 2;
    let mut seen = sheet.anchored.iter().map(|a| a.y).filter(|&y| company(y));
    let top = seen.next()?;
    let bottom = seen.next_back().unwrap_or(top);
    sheet.visible = (top - BEYOND, bottom + BEYOND);
    let whole = template.places().count();
    sheet.score /= found.max(1) as f64;
    sheet.residual = (squares / found.max(1) as f64).sqrt();
    sheet.anchors = found as f64 / whole as f64;
    let shown = ys.iter().filter(|&&y| y >= top && y <= bottom);
    let far = |p: Point| {
        let (u, v) = off(p);
        u.hypot(v) / FINE
    };
    let most = shown.flat_map(|&y| [0.0, width].map(|x| far(Point::new(x, y)))).fold(0.0, f64::max);
    Some((sheet, most))
}
