//! The fine registration: each printed anchor placed, the mesh fitted through all of them.
//!
//! In: a work picture and a template. Out: a [`Sheet`] whose mesh maps form
//! millimetres to photo pixels, with the anchors' residual. The work picture was flattened along a first mesh,
//! [`super::observe`] looks for the print around where that has it; the mesh is a smoothing
//! spline in both edges of the strip, fitted by robust weighted least squares (Tukey's biweight).
//! A hidden anchor has no say: its neighbours' places come from the others.

use super::observe::{self, Observation};
use super::spline::{Stiffness, spline};
use super::template::{FINE, Pins, Template};
use super::flat::Work;
use super::{Mesh, Rung, Sheet, middles};
use crate::ground::geometry::Point;

/// From one rung of the mesh to the next, mm: about one row pitch.
const SPACING: f64 = 5.0;

/// Form y of the rungs.
pub(super) fn rung_ys(template: &Template) -> impl Iterator<Item = f64> {
    let n = (template.frame.1 / SPACING).ceil() as usize;
    (0..=n).map(|i| i as f64 * SPACING)
}

/// Within this distance, mm, an anchor at the end of what is found has to have two others: the gap at a
/// heading, twice.
const COMPANY: f64 = 18.0;

/// Search reaches in mm, resolution in px/mm and stiffness of each pass: what the step before leaves.
const PASSES: [(f64, f64, f64); 4] = [(2.2, 2.0, 8.0), (0.8, FINE, 3.0), (0.8, FINE, 1.0), (0.5, FINE, 1.0)];
/// How far a rule is looked for in the first pass, mm, where the words tell the width and where they do not.
const RULE_REACH: (f64, f64) = (1.5, 3.0);

/// Places all anchors and fits the mesh; `None` when fewer than four anchors are found.
pub(crate) fn fit(work: &Work, template: &Template, form: usize) -> Option<Sheet> {
    let mut mesh = work.mesh(rung_ys(template), template.frame.0);
    let mut anchors = Vec::new();
    for (pass, &(reach, resolution, stiffness)) in PASSES.iter().enumerate() {
        anchors = observe::anchors(work, template, &mesh, reach, resolution);
        if anchors.iter().filter(|o| o.u.is_some() && o.v.is_some()).count() < 4 {
            return None;
        }
        let mut observations = anchors.clone();
        let words = middles::find(work, template, &mesh);
        let width_known = 2 * words.len() > template.words.len();
        let rules = if width_known { RULE_REACH.0 } else { RULE_REACH.1 };
        observations.extend(observe::rules(work, template, &mesh, rules / (pass + 1) as f64));
        if pass > 0 {
            observations.extend(observe::rows(work, template, &mesh, reach));
        }
        observations.extend(words);
        mesh = smooth(template, &mesh, &observations, stiffness)?;
    }
    Some(conclude(work, template, &mesh, &anchors, form))
}

/// The smoothing spline through the observations; `None` when the system cannot be solved.
fn smooth(template: &Template, before: &Mesh, observations: &[Observation], bend: f64) -> Option<Mesh> {
    let ys: Vec<f64> = rung_ys(template).collect();
    let of = |value: fn(&Observation) -> Option<f64>| -> Vec<(Point, f64, f64)> {
        observations.iter().filter_map(|o| value(o).map(|v| (o.form, v, o.weight))).collect()
    };
    let width = before.width;
    // Paper keeps its width, so that u hardly changes across; rows may turn, as at a fold.
    let (across, down) = (Stiffness::bowed(bend, 5.0), Stiffness::bowed(bend, 1.0));
    let u = spline(&ys, width, &of(|o| o.u), across)?;
    let v = spline(&ys, width, &of(|o| o.v), down)?;
    let rungs = ys
        .iter()
        .zip(u.iter().zip(&v))
        .map(|(&y, (u, v))| {
            let (l, r) = (Point::new(u.left, v.left), Point::new(u.right, v.right));
            let middle = l.lerp(r, 0.5);
            Rung { y, points: [l, Point::new(middle.x + u.bow, middle.y + v.bow), r] }
        })
        .collect();
    Some(Mesh { width, rungs })
}

/// The sheet: the mesh in photo pixels, and how well the anchors sit on it.
fn conclude(
    work: &Work,
    template: &Template,
    mesh: &Mesh,
    observations: &[Observation],
    form: usize,
) -> Sheet {
    let mut squares = 0.0;
    let (mut found, mut score) = (0usize, 0.0);
    let mut anchored = Vec::new();
    for o in observations {
        let Some(v) = o.v else { continue };
        let place = mesh.map(o.form);
        let distance = place.distance(Point::new(o.u.unwrap_or(place.x), v)) / FINE;
        // An anchor 0.8 mm off is not the anchor.
        if distance >= 0.8 {
            continue;
        }
        anchored.push((o.form.y, distance));
        if o.u.is_some() {
            squares += distance * distance;
            found += 1;
            score += f64::from(o.ncc);
        }
    }
    anchored.sort_by(|a, b| a.0.total_cmp(&b.0));
    // An anchor far from all others is found by chance.
    let company = |y: f64| anchored.iter().filter(|a| (a.0 - y).abs() <= COMPANY).count() > 2;
    let mut ys = anchored.iter().map(|a| a.0).filter(|&y| company(y));
    let top = ys.next().unwrap_or(f64::MAX);
    let bottom = ys.next_back().unwrap_or(f64::MIN);
    let all = template.anchors.iter().filter(|a| a.pins == Pins::Both).count();
    let rungs = mesh
        .rungs
        .iter()
        .map(|r| Rung { y: r.y, points: r.points.map(|p| work.to_photo(p.x - 0.5, p.y - 0.5)) })
        .collect();
    Sheet {
        form,
        mesh: Mesh { width: mesh.width, rungs },
        score: score / found.max(1) as f64,
        residual: (squares / found.max(1) as f64).sqrt(),
        anchors: found as f64 / all as f64,
        visible: (top - 6.0, bottom + 6.0),
        anchored,
        mistaken: observe::mistaken(work, template, mesh),
    }
}
