//! A strip of paper on a table, and hands that hold it.
//!
//! In: a sheet, a lens, how the phone is held. Out: the frame, with the place of every point of the sheet. The
//! order is that of the light: the table, the paper's shadow, the paper, the foil over it, hands; then the
//! lens, the sensor, the file's colours. Refuses nothing.

use super::super::paper::{Bends, Lying};
use super::super::warp::Grid;
use super::super::{SynthRng, camera};
use super::file::{Frame, Matters};
use super::ground::{self, Finger, Ground, Matter};
use super::light::Light;
use super::optics::{Held, Lens, Stance, View};
use super::plane::{self, BLOCK, Plane};
use super::sensor::{Pixels, Sensor};
use super::sleeve::{self, Sleeve};
use super::{Cover, Hour, Settings, Subject, Taken};
use crate::ground::geometry::Point;
use rand::RngExt;
use std::f64::consts::PI;

/// What stays between photos of one sheet.
pub struct Scenery {
    paper: Lying,
    ground: Ground,
    light: Light,
    foil: Option<Sleeve>,
}

impl Scenery {
    /// Of paper of this size (width, length in mm).
    pub fn new(size: (f64, f64), settings: &Settings, rng: &mut SynthRng) -> Self {
        let foil = settings.cover == Cover::Sleeve;
        let bends = if foil { Bends::pressed(rng) } else { Bends::sample(rng) };
        let night = settings.hour == Hour::Night;
        Self {
            paper: Lying::new(size, &bends),
            light: if night { Light::bulb(rng) } else { Light::room(rng) },
            ground: Ground::sample(rng),
            foil: foil.then(|| Sleeve::sample(size, rng)),
        }
    }
}

/// The paper on a table, its part `window` filling the frame.
pub fn photograph(
    subject: &Subject,
    settings: &Settings,
    scene: &Scenery,
    lens: Lens,
    stance: &Stance,
    window: (f64, f64),
    rng: &mut SynthRng,
) -> Taken {
    let (width, length) = subject.size();
    let Scenery { paper, ground, foil, .. } = scene;
    let (from, to) = (window.0 * length, window.1 * length);
    let wanted: Vec<[f64; 3]> = (0..=40)
        .flat_map(|i| [0.0, width].map(|u| paper.at(u, from + (to - from) * f64::from(i) / 40.0).0))
        .collect();
    let held = if rng.random_bool(0.6) { Held::Upright } else { Held::Sideways };
    let view = View::new(lens, stance, held, &wanted);
    let night = settings.hour == Hour::Night;
    let mut light = scene.light.clone();
    let middle = paper.at(width / 2.0, (from + to) / 2.0).0;
    let about = |rng: &mut SynthRng| {
        let along = middle[1] + rng.random_range(-0.35..0.35) * (to - from);
        Point::new(middle[0] + rng.random_range(-30.0..30.0), along)
    };
    if night || rng.random_bool(0.3) {
        // The hand that holds the phone, halfway to it.
        let height = view.eye()[2] * rng.random_range(0.4..0.8);
        let on = about(rng);
        light.hand(on, height, rng);
    }
    let eye = view.eye();
    let grid = subject.grid(|u, v| {
        let by = foil.as_ref().map_or((0.0, 0.0), |f| f.shift(paper, u, v, eye));
        let mut place = paper.at(u, v).0;
        (place[0], place[1]) = (place[0] + by.0, place[1] + by.1);
        view.project(place)
    });
    let mut plane = ground.paint(&view);
    let mut matters = Matters::new(view.size, Matter::Ground(ground.material));
    let gloss = foil.as_ref().map(|f| f.gloss(paper, (width, length), &light, eye));
    shade(&mut plane, subject, paper, &light, &view);
    lay(&mut plane, &mut matters, subject, paper, &light, &grid, gloss.as_ref());
    for (ends, radius, skin) in hands(paper, (width, length), (from, to), rng) {
        hold(&mut plane, &mut matters, (ends, radius, skin), &light, &view);
    }
    plane.soften(|column, row| {
        let at = |b: usize| (b as f64 + 0.5) * BLOCK as f64;
        // Half of it was done when the print was taken from the source.
        let sigma = view.blur(at(column), at(row));
        (sigma * sigma - SOURCE * SOURCE).max(0.0).sqrt() as f32
    });
    if night {
        shake(&mut plane, rng);
    }
    let pixels = if settings.frame.0 > 6000 { Pixels::Small } else { Pixels::Large };
    let sensor = if night { Sensor::night(rng) } else { Sensor::day(pixels, rng) };
    let grey = sensor.develop(&plane, |x, y| light.at(view.table(x, y)) * view.fall_off(x, y), rng);
    // Bulbs are warm, and phones leave some of it.
    let warm = if night { rng.random_range(0.0..0.06) } else { rng.random_range(-0.02..0.02) };
    let frame = Frame::new(grey, &matters, (-warm, warm * 0.7));
    Taken { frame, grid, px_per_mm: view.px_per_mm(middle) }
}

/// Blur with which print is taken from the source, standard deviation in photo pixels: below it, print finer
/// than a pixel would alias.
const SOURCE: f64 = 0.45;

/// Share of white that thermal paper reflects.
const PAPER: f32 = 0.82;

/// The shadow of the paper where it rises from the table.
fn shade(plane: &mut Plane, subject: &Subject, paper: &Lying, light: &Light, view: &View) {
    // At an eighth of the resolution: the lamp is wide.
    const SHRINK: usize = 8;
    let (w, h) = (plane.width / SHRINK + 1, plane.height / SHRINK + 1);
    let mut mask = Plane::dark(w, h);
    let grid = subject.grid(|u, v| {
        let on = light.shadow(paper.at(u, v).0);
        let q = view.project([on.x, on.y, 0.0]);
        Point::new(q.x / SHRINK as f64, q.y / SHRINK as f64)
    });
    grid.spans((w, h), None, |span| mask.light[span.y * w + span.x..span.y * w + span.end].fill(16_000));
    mask.soften(|_, _| 1.0);
    let deep = 0.8 * (1.0 - light.scattered) as f32 / 16_000.0;
    for (y, row) in plane.light.chunks_exact_mut(plane.width).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            let near = mask.light[(y / SHRINK) * w + x / SHRINK];
            if near > 0 {
                let dark = mask.at(x as f64 / SHRINK as f64, y as f64 / SHRINK as f64) * deep;
                *value = (f32::from(*value) * (1.0 - dark)) as u16;
            }
        }
    }
}

/// Paints the paper, with the foil over it.
fn lay(
    plane: &mut Plane,
    matters: &mut Matters,
    subject: &Subject,
    paper: &Lying,
    light: &Light,
    grid: &Grid,
    gloss: Option<&(Vec<f32>, usize)>,
) {
    let native = subject.native;
    let knots = grid.ys.iter().flat_map(|y| grid.xs.iter().map(move |x| (x, y)));
    let lean: Vec<f32> = knots
        .map(|(x, y)| {
            let (place, normal) = paper.at((x + 0.5) / native, (y + 0.5) / native);
            light.lean(place, normal) as f32
        })
        .collect();
    // A scanner's grey is its own exposure: what counts is paper against print.
    let level = plane::linear(f32::from(camera::paper_level(&subject.source).max(100)));
    let mut print = Plane::of(&subject.source, PAPER / level);
    let ratio = grid.ratio();
    let soft = SOURCE * ratio.0.max(ratio.1);
    print.soften(|_, _| if ratio.0.is_finite() { soft as f32 } else { 0.0 });
    let width = plane.width;
    grid.spans((width, plane.height), Some(&lean), |span| {
        let mut at = span.at;
        for value in &mut plane.light[span.y * width..][span.x..span.end] {
            let mut lit = print.at(at.from.x, at.from.y) * at.light as f32;
            if let Some((added, across)) = gloss {
                let mm = |v: f64| ((v + 0.5) / native).max(0.0);
                let (u, v) = (mm(at.from.x), mm(at.from.y));
                lit = lit * sleeve::THROUGH + between(added, *across, u, v);
            }
            *value = lit.min(65_000.0) as u16;
            at.step(&span.by);
        }
        matters.set(span.y, span.x, span.end, Matter::Paper);
    });
}

/// A value between those of a field, one a millimetre.
fn between(values: &[f32], width: usize, u: f64, v: f64) -> f32 {
    let last = (width - 2, values.len() / width - 2);
    let (x, y) = ((u as usize).min(last.0), (v as usize).min(last.1));
    let (s, t) = ((u - x as f64) as f32, (v - y as f64) as f32);
    let at = |dx: usize, dy: usize| values[(y + dy) * width + x + dx];
    let above = at(0, 0) + (at(1, 0) - at(0, 0)) * s;
    let below = at(0, 1) + (at(1, 1) - at(0, 1)) * s;
    above + (below - above) * t
}

/// A part of a hand: its ends on the table and its radii there, mm, and what its skin reflects.
type Part = ([Point; 2], [f64; 2], f32);

/// Hands at the edges of what is wanted (`from..to`, mm): half of the photos show one that holds the strip by
/// an end or an edge, a third fingertips that press it down.
fn hands(
    paper: &Lying,
    (width, length): (f64, f64),
    (from, to): (f64, f64),
    rng: &mut SynthRng,
) -> Vec<Part> {
    let skin = rng.random_range(0.08..0.45);
    let on = |u: f64, v: f64| {
        let p = paper.at(u, v).0;
        Point::new(p[0], p[1])
    };
    let mut edge = |ends: bool| {
        if ends {
            let end = if rng.random_bool(0.5) { (0.0, 40.0) } else { (length, length - 40.0) };
            let u = width * rng.random_range(0.25..0.75);
            return (on(u, end.0), on(u, end.1), rng.random_range(8.0..20.0));
        }
        let side = if rng.random_bool(0.5) { 0.0 } else { width };
        let v = from + (to - from) * rng.random_range(0.05..0.95);
        (on(side, v), on(width / 2.0, v), rng.random_range(3.0..10.0))
    };
    let (held, pressed) = (edge(true), edge(false));
    let mut parts = Vec::new();
    if rng.random_bool(0.5) {
        parts.extend(ground::hand(held.0, held.1, held.2, rng));
    }
    if rng.random_bool(0.35) {
        parts.extend(ground::fingertip(pressed.0, pressed.1, pressed.2, rng));
    }
    parts.into_iter().map(|(ends, radius)| (ends, radius, skin)).collect()
}

/// Paints a part of a hand over the scene, with its shadow.
fn hold(plane: &mut Plane, matters: &mut Matters, (ends, radius, skin): Part, light: &Light, view: &View) {
    let px = |p: Point| view.px_per_mm([p.x, p.y, 0.0]);
    let seen = |p: Point| view.project([p.x, p.y, 0.0]);
    let radii = [radius[0] * px(ends[0]), radius[1] * px(ends[1])];
    if ends.iter().any(|&p| seen(p).x.is_nan()) {
        return;
    }
    let cast: [Point; 2] = std::array::from_fn(|i| light.shadow([ends[i].x, ends[i].y, radius[i]]));
    let soft = light.size * radius[1] / light.lamp[2] * px(ends[1]);
    let dark = 0.8 * (1.0 - light.scattered) as f32;
    ground::dim(plane, cast.map(seen), radii, soft.max(2.0), dark);
    Finger { ends: ends.map(seen), radius: radii, skin }
        .paint(plane, |x, y| matters.set(y, x, x + 1, Matter::Skin));
}

/// A hand that shakes while the shutter is open, along a line of 0.5 to 2.5 pixels: hands turn by 1 to 3
/// degrees a second, of which a stabiliser leaves a tenth, for a tenth of a second and more; a degree is 52
/// pixels of a frame 4000 wide.
fn shake(plane: &mut Plane, rng: &mut SynthRng) {
    let (length, angle) = (rng.random_range(0.5..2.5f64), rng.random_range(0.0..PI));
    // Sixteen moments, each at its nearest pixel.
    let steps = 16i64;
    let still = plane.light.clone();
    let (w, h) = (plane.width as i64, plane.height as i64);
    let offsets: Vec<(i64, i64)> = (0..=steps)
        .map(|i| {
            let t = (i as f64 / steps as f64 - 0.5) * length;
            ((t * angle.cos()).round() as i64, (t * angle.sin()).round() as i64)
        })
        .collect();
    let count = offsets.len() as u32;
    let mut sums = vec![0u32; plane.width];
    for y in 0..h {
        sums.fill(0);
        for &(dx, dy) in &offsets {
            let row = &still[((y + dy).clamp(0, h - 1) * w) as usize..][..w as usize];
            let (from, to) = ((-dx).max(0), w - dx.max(0));
            let shifted = &row[(from + dx) as usize..(to + dx) as usize];
            for (s, &v) in sums[from as usize..to as usize].iter_mut().zip(shifted) {
                *s += u32::from(v);
            }
        }
        let out = &mut plane.light[(y * w) as usize..][..w as usize];
        out.iter_mut().zip(&sums).for_each(|(v, &s)| *v = (s / count) as u16);
    }
}
