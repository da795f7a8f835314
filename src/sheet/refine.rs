//! The fine registration: each printed anchor placed, the mesh fitted through all of them.
//!
//! In: a work picture, a template and the coarse alignment. Out: a [`Sheet`] whose mesh maps form
//! millimetres to photo pixels, with the anchors' residual. Anchors are found by normalised
//! cross-correlation (Lewis 1995) around where the mesh so far puts them; the mesh is a smoothing
//! spline in both edges of the strip, fitted by robust weighted least squares (Tukey's biweight).
//! A hidden anchor has no say: its neighbours' places come from the others.

use super::coarse::Alignment;
use super::spline::spline;
use super::template::{Anchor, FINE, Pins, Template};
use super::unroll::Work;
use super::{Mesh, Rung, Sheet};
use crate::geometry::{Point, Rect};

/// From one rung of the mesh to the next, mm: about one row pitch.
const SPACING: f64 = 5.0;
/// Correlation from which an anchor counts as found. Not measured at a wrong place; the found anchors of
/// the 42 scans average 0.68 to 0.75 a sheet.
const FOUND: f32 = 0.42;

/// Within this distance, mm, an anchor at the end of what is found has to have two others: the gap at a
/// heading, twice.
const COMPANY: f64 = 18.0;

/// A measured place: a form point and where it stands in the work picture, in work pixels.
#[derive(Debug, Clone, Copy)]
struct Observation {
    /// Form point, mm.
    form: Point,
    /// Work u, if measured.
    u: Option<f64>,
    /// Work v, if measured.
    v: Option<f64>,
    /// Weight before robust reweighting.
    weight: f64,
    /// Correlation.
    ncc: f32,
}

/// Places all anchors and fits the mesh; `None` when fewer than four anchors are found.
pub(crate) fn refine(work: &Work, template: &Template, coarse: &Alignment, form: usize) -> Option<Sheet> {
    let mut mesh = first_mesh(work, template, coarse);
    let mut observations = Vec::new();
    // Search ranges in mm and resolution in px/mm: what the step before leaves.
    for (reach, resolution, stiffness) in [(2.2, 2.0, 8.0), (0.8, FINE, 3.0), (0.5, FINE, 1.0)] {
        observations = anchors(work, template, &mesh, reach, resolution);
        observations.extend(verticals(work, template, &mesh, reach.min(1.5)));
        if observations.iter().filter(|o| o.u.is_some() && o.v.is_some()).count() < 4 {
            return None;
        }
        mesh = fit(template, &mesh, &observations, stiffness)?;
    }
    Some(conclude(work, template, &mesh, &observations, form))
}

/// A mesh from the coarse path and the best x of each stretch of anchors.
fn first_mesh(work: &Work, template: &Template, coarse: &Alignment) -> Mesh {
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

/// The longest run of anchors that fit the print of the row before (or after) better than their own:
/// rows that may have been taken for each other.
fn mistaken(work: &Work, template: &Template, mesh: &Mesh) -> usize {
    let rows: Vec<&Anchor> = template.anchors.iter().filter(|a| a.pins == Pins::Both).collect();
    let fit = |own: &Anchor, print: &Anchor| {
        let rect = Rect::new(print.rect.x, own.rect.y, print.rect.width, print.rect.height);
        correlate(work, mesh, &Anchor { rect, ..print.clone() }, (0.5, 0.5), FINE).peak().2
    };
    let own: Vec<f32> = rows.iter().map(|row| fit(row, row)).collect();
    let mut longest = 0;
    for step in [-1i64, 1] {
        let mut run = 0;
        for (k, row) in rows.iter().enumerate() {
            let other = usize::try_from(k as i64 + step).ok().and_then(|j| rows.get(j));
            // Prints of the same kind only: a heading's height is not a row's.
            let alike = other.filter(|o| (o.rect.height - row.rect.height).abs() < 0.3);
            let better = alike.is_some_and(|o| {
                let print = fit(row, o);
                print > FOUND && print > own[k] + 0.05
            });
            run = if better { run + 1 } else { 0 };
            longest = longest.max(run);
        }
    }
    longest
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

fn rung_ys(template: &Template) -> impl Iterator<Item = f64> {
    let n = (template.frame.1 / SPACING).ceil() as usize;
    (0..=n).map(|i| i as f64 * SPACING)
}

/// Correlations around an anchor's predicted place.
struct Map {
    values: Vec<f32>,
    width: usize,
    /// Pixels of reach in x and y.
    reach: (usize, usize),
    /// Pixels per mm.
    resolution: f64,
}

impl Map {
    /// The best place: dx and dy in mm, to a fraction of a pixel, with its correlation.
    fn peak(&self) -> (f64, f64, f32) {
        let (mut k, mut best) = (0, f32::MIN);
        for (i, &v) in self.values.iter().enumerate() {
            if v > best {
                (k, best) = (i, v);
            }
        }
        let (ix, iy) = (k % self.width, k / self.width);
        let height = self.values.len() / self.width;
        let at = |x: usize, y: usize| self.values[y * self.width + x];
        let parabola = |a: f32, b: f32, c: f32| {
            let d = a - 2.0 * b + c;
            if d < 0.0 { f64::from(0.5 * (a - c) / d).clamp(-0.5, 0.5) } else { 0.0 }
        };
        let fx =
            if ix > 0 && ix + 1 < self.width { parabola(at(ix - 1, iy), best, at(ix + 1, iy)) } else { 0.0 };
        let fy = if iy > 0 && iy + 1 < height { parabola(at(ix, iy - 1), best, at(ix, iy + 1)) } else { 0.0 };
        let dx = (ix as f64 + fx - self.reach.0 as f64) / self.resolution;
        let dy = (iy as f64 + fy - self.reach.1 as f64) / self.resolution;
        (dx, dy, best)
    }
}

/// Normalised cross-correlation of an anchor with the work picture seen through the mesh, for
/// displacements up to `reach` (x, y in mm) at `resolution` px/mm ([`FINE`] or half of it).
fn correlate(work: &Work, mesh: &Mesh, anchor: &Anchor, reach: (f64, f64), resolution: f64) -> Map {
    let factor = (FINE / resolution).round() as usize;
    let (tw, th) = (anchor.size.0 / factor, anchor.size.1 / factor);
    let mut print = vec![0.0f32; tw * th];
    for y in 0..th {
        for x in 0..tw {
            let mut sum = 0.0;
            for sy in 0..factor {
                for sx in 0..factor {
                    sum += anchor.ink[(y * factor + sy) * anchor.size.0 + x * factor + sx];
                }
            }
            print[y * tw + x] = sum / (factor * factor) as f32;
        }
    }
    let n = (tw * th) as f32;
    let mean = print.iter().sum::<f32>() / n;
    for p in &mut print {
        *p -= mean;
    }
    let norm = print.iter().map(|p| p * p).sum::<f32>().sqrt().max(1e-6);
    let (rx, ry) = ((reach.0 * resolution).round() as usize, (reach.1 * resolution).round() as usize);
    let region = sample(work, mesh, anchor.rect, (tw, th), (rx, ry), resolution, factor);
    let rw = tw + 2 * rx;
    let below = Integral::new(&region, rw);
    let mut values = Vec::with_capacity((2 * rx + 1) * (2 * ry + 1));
    for dy in 0..=2 * ry {
        for dx in 0..=2 * rx {
            let mut lanes = [0.0f32; LANES];
            for y in 0..th {
                let line = &region[(y + dy) * rw + dx..(y + dy) * rw + dx + tw];
                add_products(&mut lanes, line, &print[y * tw..(y + 1) * tw]);
            }
            let dot: f32 = lanes.iter().sum();
            let (sum, square) = below.sums((dx, dy), (tw, th));
            let var = (square - sum * sum / f64::from(n)).max(0.0) as f32;
            // 0.03: specks on empty paper must not correlate.
            values.push(dot / (norm * (var + n * 0.03 * 0.03).sqrt()));
        }
    }
    Map { values, width: 2 * rx + 1, reach: (rx, ry), resolution }
}

/// Products that are added up side by side: the compiler may not reorder sums of floats by itself.
const LANES: usize = 8;

/// Adds a·b to the lanes.
fn add_products(lanes: &mut [f32; LANES], a: &[f32], b: &[f32]) {
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (&x, &y) in chunks_a.remainder().iter().zip(chunks_b.remainder()) {
        lanes[0] += x * y;
    }
    for (x, y) in chunks_a.zip(chunks_b) {
        for i in 0..LANES {
            lanes[i] += x[i] * y[i];
        }
    }
}

/// Sums of values and of their squares over any rectangle (Crow 1984).
struct Integral {
    width: usize,
    sums: Vec<(f64, f64)>,
}

impl Integral {
    /// Of a picture `width` wide.
    fn new(values: &[f32], width: usize) -> Self {
        let mut sums = vec![(0.0, 0.0); width + 1];
        for (y, line) in values.chunks_exact(width).enumerate() {
            let mut row = (0.0, 0.0);
            sums.push(row);
            for (x, &v) in line.iter().enumerate() {
                let v = f64::from(v);
                row = (row.0 + v, row.1 + v * v);
                let above = sums[y * (width + 1) + x + 1];
                sums.push((above.0 + row.0, above.1 + row.1));
            }
        }
        Self { width: width + 1, sums }
    }

    /// Over the rectangle at `from` of `size` (x, y).
    fn sums(&self, from: (usize, usize), size: (usize, usize)) -> (f64, f64) {
        let at = |x: usize, y: usize| self.sums[y * self.width + x];
        let (a, b) = (at(from.0, from.1), at(from.0 + size.0, from.1));
        let (c, d) = (at(from.0, from.1 + size.1), at(from.0 + size.0, from.1 + size.1));
        (d.0 - c.0 - b.0 + a.0, d.1 - c.1 - b.1 + a.1)
    }
}

/// The work picture around a form rectangle, on the form's grid. The mesh is linearised over the
/// rectangle: it bends less than a work pixel over one row of print.
fn sample(
    work: &Work,
    mesh: &Mesh,
    rect: Rect,
    size: (usize, usize),
    reach: (usize, usize),
    resolution: f64,
    factor: usize,
) -> Vec<f32> {
    let (x0, y0) = (rect.x - reach.0 as f64 / resolution, rect.y - reach.1 as f64 / resolution);
    let (w, h) = (size.0 + 2 * reach.0, size.1 + 2 * reach.1);
    let (x1, y1) = (x0 + w as f64 / resolution, y0 + h as f64 / resolution);
    let (a, b, c) =
        (mesh.map(Point::new(x0, y0)), mesh.map(Point::new(x1, y0)), mesh.map(Point::new(x0, y1)));
    let ex = Point::new((b.x - a.x) / w as f64, (b.y - a.y) / w as f64);
    let ey = Point::new((c.x - a.x) / h as f64, (c.y - a.y) / h as f64);
    let mut out = Vec::with_capacity(w * h);
    for iy in 0..h {
        for ix in 0..w {
            let mut sum = 0.0;
            for ty in 0..factor {
                for tx in 0..factor {
                    let fx = ix as f64 + (tx as f64 + 0.5) / factor as f64;
                    let fy = iy as f64 + (ty as f64 + 0.5) / factor as f64;
                    sum += work.at(a.x + fx * ex.x + fy * ey.x - 0.5, a.y + fx * ex.y + fy * ey.y - 0.5);
                }
            }
            out.push(sum / (factor * factor) as f32);
        }
    }
    out
}

/// All anchors that are found.
fn anchors(work: &Work, template: &Template, mesh: &Mesh, reach: f64, resolution: f64) -> Vec<Observation> {
    let mut out = Vec::new();
    for anchor in &template.anchors {
        let centre =
            Point::new(anchor.rect.x + anchor.rect.width / 2.0, anchor.rect.y + anchor.rect.height / 2.0);
        let (dx, dy, ncc) = correlate(work, mesh, anchor, (reach, reach), resolution).peak();
        if ncc < FOUND {
            continue;
        }
        let place = mesh.map(Point::new(centre.x + dx, centre.y + dy));
        let u = (anchor.pins == Pins::Both).then_some(place.x);
        // Words vary, so their place along x is not pinned, and their y a little less.
        let weight = f64::from(ncc) * if anchor.pins == Pins::Both { 1.0 } else { 0.5 };
        out.push(Observation { form: centre, u, v: Some(place.y), weight, ncc });
    }
    out
}

/// The long borders, in stretches of one rung spacing: the darkest column near where they should be.
fn verticals(work: &Work, template: &Template, mesh: &Mesh, reach: f64) -> Vec<Observation> {
    let mut out = Vec::new();
    let n = (reach * FINE * 2.0).round() as i64;
    for &(x, y0, y1) in &template.verticals {
        let mut y = y0 + 2.0;
        while y + 8.0 < y1 {
            let mut columns = Vec::new();
            for i in -n..=n {
                let fx = x + i as f64 / (2.0 * FINE);
                let mut values: Vec<f32> = (0..32)
                    .map(|k| {
                        let p = mesh.map(Point::new(fx, y + f64::from(k) * 0.25));
                        work.at(p.x - 0.5, p.y - 0.5)
                    })
                    .collect();
                // The median along the stretch: text that crosses does not look like a rule.
                values.sort_by(f32::total_cmp);
                columns.push(values[values.len() / 2]);
            }
            let k = (0..columns.len()).max_by(|&a, &b| columns[a].total_cmp(&columns[b])).unwrap_or(0);
            let mean = columns.iter().sum::<f32>() / columns.len() as f32;
            if columns[k] > 0.15 && columns[k] > 3.0 * mean {
                let dx = (k as i64 - n) as f64 / (2.0 * FINE);
                let form = Point::new(x, y + 4.0);
                let place = mesh.map(Point::new(x + dx, y + 4.0));
                out.push(Observation { form, u: Some(place.x), v: None, weight: 0.5, ncc: 0.0 });
            }
            y += SPACING;
        }
    }
    out
}

/// The smoothing spline through the observations; `None` when the system cannot be solved.
fn fit(template: &Template, before: &Mesh, observations: &[Observation], stiffness: f64) -> Option<Mesh> {
    let ys: Vec<f64> = rung_ys(template).collect();
    let us: Vec<(Point, f64, f64)> =
        observations.iter().filter_map(|o| o.u.map(|u| (o.form, u, o.weight))).collect();
    let vs: Vec<(Point, f64, f64)> =
        observations.iter().filter_map(|o| o.v.map(|v| (o.form, v, o.weight))).collect();
    let width = before.width;
    let u = spline(&ys, width, &us, stiffness)?;
    let v = spline(&ys, width, &vs, stiffness)?;
    let rungs = ys
        .iter()
        .enumerate()
        .map(|(j, &y)| {
            let (l, r) = (Point::new(u[2 * j], v[2 * j]), Point::new(u[2 * j + 1], v[2 * j + 1]));
            Rung { y, points: [l, l.lerp(r, 0.5), r] }
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
        mistaken: mistaken(work, template, mesh),
    }
}
