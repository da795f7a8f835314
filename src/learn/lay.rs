//! Sheets laid over each other.
//!
//! In: pictures of sheets of one form that nobody has described, and how many millimetres their paper is wide. Out:
//! [`Laid`]: for each picture a map from the millimetres of one sheet that is common to all. One picture lends its corners
//! as landmarks; where the others have them, they lie over it; then each is drawn to what all together show, tile by tile,
//! and the common sheet is what is left when turn, size and bends of the single pictures are averaged away. Refuses (leaves
//! out) pictures that do not lie over the others.

use crate::form::landmarks::{Landmark, Landmarks};
use crate::ground::geometry::{Point, Rect, Similar};
use crate::read::cut;
use crate::read::sheet::landmarks::consensus::{self, Plane};
use crate::read::sheet::landmarks::corners::Corner;
use crate::read::sheet::landmarks::{Level, Match, PX_PER_MM, Pyramid, matches};
use crate::read::sheet::{Mesh, Rung};
use image::GrayImage;
use rayon::prelude::*;

/// The common sheet and how each picture lies under it.
pub(super) struct Laid {
    /// Width and height of the common sheet, mm.
    pub size: (f64, f64),
    /// Which pictures lie over each other, each with its map.
    pub sheets: Vec<(usize, Mesh)>,
}

/// Corners of a picture that are looked at.
const CORNERS: usize = 3000;
/// From one rung of a map to the next, mm.
const RUNG: f64 = 6.0;
/// Pictures that are tried as the one whose corners are landmarks.
const TRIED: usize = 4;
/// A picture that shows less of what another shows lies not over it: of the tiles with print.
const ALIKE: f64 = 0.35;

/// Pixels a millimetre at which tiles are compared.
const TILE_PX: f64 = 4.0;
/// Side of a tile, and from one to the next, mm.
const TILE: (f64, f64) = (7.0, 5.0);

/// Lays pictures over each other; `scales` are their pixels a millimetre.
pub(super) fn lay(pictures: &[GrayImage], scales: &[f64]) -> Option<Laid> {
    let corners: Vec<(Vec<Corner>, (f64, f64))> = pictures
        .par_iter()
        .zip(scales)
        .map(|(picture, scale)| {
            let level = Pyramid::new(picture).level((PX_PER_MM / scale).min(1.0), CORNERS);
            (level.corners, level.step)
        })
        .collect();
    let of = |k: usize| {
        let (own, step) = &corners[k];
        let at = |v: f32, step: f64| (f64::from(v) + 0.5) * step / scales[k];
        let mark = |c: &Corner| Landmark {
            place: Point::new(at(c.x, step.0), at(c.y, step.1)),
            angle: c.angle,
            bits: c.bits,
        };
        Landmarks { px_per_mm: scales[k] / step.0, marks: own.iter().map(mark).collect() }
    };
    let size = |k: usize| {
        let (w, h) = pictures[k].dimensions();
        (f64::from(w) / scales[k], f64::from(h) / scales[k])
    };
    // Those with the middling number of corners: the richest are soiled, the poorest faint.
    let mut order: Vec<usize> = (0..pictures.len()).collect();
    order.sort_by_key(|&k| corners[k].0.len());
    let from = (order.len() / 2).saturating_sub(TRIED / 2);
    let tries = order.into_iter().skip(from).take(TRIED);
    let all = tries.map(|k| {
        let (marks, (width, height)) = (of(k), size(k));
        let ys = rungs(height);
        let over = |s: usize| -> Option<(usize, Mesh, usize)> {
            if s == k {
                let points =
                    |y: f64| [0.0, width / 2.0, width].map(|x| Point::new(x * scales[k], y * scales[k]));
                let mesh = Mesh { width, rungs: ys.iter().map(|&y| Rung { y, points: points(y) }).collect() };
                return Some((s, mesh, 0));
            }
            let mut found: Vec<Match> = Vec::new();
            let level = Level { step: corners[s].1, corners: corners[s].0.clone() };
            matches(&level, &marks, &mut found);
            let place = consensus::find(&found, 0, &ys, width).0?;
            let n = place.inliers.len();
            Some((s, place.mesh, n))
        };
        let sheets: Vec<(usize, Mesh, usize)> =
            (0..pictures.len()).into_par_iter().filter_map(over).collect();
        (k, sheets)
    });
    let (k, sheets) =
        all.max_by_key(|(_, sheets)| (sheets.len(), sheets.iter().map(|s| s.2).sum::<usize>()))?;
    let size = size(k);
    let mut sheets: Vec<(usize, Mesh)> = sheets.into_iter().map(|s| (s.0, s.1)).collect();
    for reach in [2.0, 1.0] {
        sheets = drawn(pictures, sheets, size, reach);
    }
    let sheets = straight(sheets, size);
    let sheets = drawn(pictures, sheets, size, 0.75);
    let sheets = upright(pictures, sheets, size);
    (sheets.len() > 1).then_some(Laid { size, sheets })
}

/// The heights of a map's rungs, mm.
pub(super) fn rungs(height: f64) -> Vec<f64> {
    let n = (height / RUNG).ceil().max(2.0) as usize;
    (0..=n).map(|i| height * i as f64 / n as f64).collect()
}

/// How dark each pixel of a picture is against the paper around it, 0 to 255.
pub(super) fn ink(picture: &GrayImage, px_per_mm: f64) -> GrayImage {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let raw = picture.as_raw();
    let block = (6.0 * px_per_mm) as usize;
    let (bw, bh) = (w.div_ceil(block), h.div_ceil(block));
    let mut paper = vec![0f32; bw * bh];
    for (k, level) in paper.iter_mut().enumerate() {
        let (x0, y0) = (k % bw * block, k / bw * block);
        let mut counts = [0usize; 256];
        let mut n = 0;
        for y in (y0..(y0 + block).min(h)).step_by(2) {
            for x in (x0..(x0 + block).min(w)).step_by(2) {
                counts[raw[y * w + x] as usize] += 1;
                n += 1;
            }
        }
        let mut sum = 0;
        let at = counts.iter().position(|c| {
            sum += c;
            sum * 10 >= n * 8
        });
        *level = at.unwrap_or(255) as f32;
    }
    let level = |x: usize, y: usize| {
        let at = |v: usize, n: usize| {
            let t = (v as f32 / block as f32 - 0.5).clamp(0.0, (n - 1) as f32);
            let i = (t as usize).min(n.saturating_sub(2));
            (i, (i + 1).min(n - 1), t - i as f32)
        };
        let ((x0, x1, fx), (y0, y1, fy)) = (at(x, bw), at(y, bh));
        let mix = |a: f32, b: f32, f: f32| a + (b - a) * f;
        let row = |y: usize| mix(paper[y * bw + x0], paper[y * bw + x1], fx);
        mix(row(y0), row(y1), fy).max(30.0)
    };
    let mut out = vec![0u8; raw.len()];
    let mut counts = [0usize; 256];
    for y in 0..h {
        for x in 0..w {
            let l = level(x, y);
            let v = ((l - f32::from(raw[y * w + x])) / l * 255.0).clamp(0.0, 255.0) as u8;
            counts[v as usize] += 1;
            out[y * w + x] = v;
        }
    }
    // Full print is what the darkest hundredth is.
    let mut sum = 0;
    let full = counts.iter().rposition(|c| {
        sum += c;
        sum * 100 >= raw.len()
    });
    let full = full.unwrap_or(255).max(60) as u32;
    out.iter_mut().for_each(|v| *v = (u32::from(*v) * 255 / full).min(255) as u8);
    GrayImage::from_raw(picture.width(), picture.height(), out).expect("one value a pixel")
}

/// The ink of a picture under the common sheet.
pub(super) fn flattened(picture: &GrayImage, mesh: &Mesh, size: (f64, f64), px_per_mm: f64) -> GrayImage {
    ink(&cut::cut(picture, mesh, Rect::new(0.0, 0.0, size.0, size.1), px_per_mm), px_per_mm)
}

/// Draws each picture to what all show: every tile with print to where it fits best. Pictures that fit nowhere are left out.
fn drawn(
    pictures: &[GrayImage],
    sheets: Vec<(usize, Mesh)>,
    size: (f64, f64),
    reach: f64,
) -> Vec<(usize, Mesh)> {
    let flat: Vec<GrayImage> =
        sheets.par_iter().map(|(s, mesh)| flattened(&pictures[*s], mesh, size, TILE_PX)).collect();
    let mean = mean(&flat);
    let (w, h) = (mean.width() as usize, mean.height() as usize);
    let side = (TILE.0 * TILE_PX) as usize;
    let step = (TILE.1 * TILE_PX) as usize;
    let most = (reach * TILE_PX).round() as isize;
    let tiles: Vec<(usize, usize)> = (0..h.saturating_sub(side))
        .step_by(step)
        .flat_map(|y| (0..w.saturating_sub(side)).step_by(step).map(move |x| (x, y)))
        .filter(|&(x, y)| {
            let rows = (y..y + side).map(|y| &mean.as_raw()[y * w + x..][..side]);
            rows.flatten().filter(|v| **v > 100).count() * 40 > side * side
        })
        .collect();
    let ys = rungs(size.1);
    let moved = |(own, (s, mesh)): (&GrayImage, &(usize, Mesh))| -> Option<(usize, Mesh)> {
        let mut pairs: Vec<(Point, Point)> = Vec::new();
        for &(x, y) in &tiles {
            if let Some((dx, dy)) = best(mean.as_raw(), own.as_raw(), (w, h), (x, y, side), most) {
                let middle = |v: usize| (v as f64 + side as f64 / 2.0) / TILE_PX;
                let at = Point::new(middle(x), middle(y));
                pairs.push((at, mesh.map(Point::new(at.x + dx / TILE_PX, at.y + dy / TILE_PX))));
            }
        }
        if pairs.len() < consensus::LEAST || (pairs.len() as f64) < ALIKE * tiles.len() as f64 {
            return None;
        }
        let plane = Plane::through(&pairs, mesh.px_per_mm(size.1 / 2.0))?;
        Some((*s, consensus::bent(&plane, &pairs, &ys, size.0, 2.0)?))
    };
    flat.par_iter().zip(&sheets).filter_map(moved).collect()
}

/// The mean of pictures of one size.
fn mean(flat: &[GrayImage]) -> GrayImage {
    let (w, h) = flat[0].dimensions();
    let mut sums = vec![0u32; (w * h) as usize];
    for picture in flat {
        sums.iter_mut().zip(picture.as_raw()).for_each(|(s, v)| *s += u32::from(*v));
    }
    let n = flat.len() as u32;
    GrayImage::from_raw(w, h, sums.into_iter().map(|s| (s / n) as u8).collect()).expect("one value a pixel")
}

/// Some pixels of a row.
fn row(of: &[u8], w: usize, (x, y): (usize, usize), side: usize) -> &[u8] {
    &of[y * w + x..][..side]
}

/// How far to the right and down a tile of `a` fits `b` best, px; `None` where it fits nowhere or at the end of its reach.
fn best(
    a: &[u8],
    b: &[u8],
    (w, h): (usize, usize),
    (x, y, side): (usize, usize, usize),
    most: isize,
) -> Option<(f64, f64)> {
    let n = (side * side) as f64;
    let sums = |of: &[u8], x: usize, y: usize| {
        let (mut s, mut q) = (0u32, 0u32);
        (0..side).for_each(|k| {
            row(of, w, (x, y + k), side).iter().for_each(|&v| {
                s += u32::from(v);
                q += u32::from(v) * u32::from(v);
            });
        });
        (f64::from(s), f64::from(q))
    };
    let (sa, qa) = sums(a, x, y);
    let va = qa - sa * sa / n;
    let score = |dx: isize, dy: isize| -> f64 {
        let (bx, by) = (x as isize + dx, y as isize + dy);
        if bx < 0 || by < 0 || bx as usize + side > w || by as usize + side > h {
            return -1.0;
        }
        let (bx, by) = (bx as usize, by as usize);
        let (sb, qb) = sums(b, bx, by);
        let mut cross = 0u32;
        for k in 0..side {
            let (p, q) = (row(a, w, (x, y + k), side), row(b, w, (bx, by + k), side));
            cross += p.iter().zip(q).map(|(p, q)| u32::from(*p) * u32::from(*q)).sum::<u32>();
        }
        let vb = qb - sb * sb / n;
        if va <= 0.0 || vb <= 0.0 { 0.0 } else { (f64::from(cross) - sa * sb / n) / (va * vb).sqrt() }
    };
    let all = (-most..=most).flat_map(|dy| (-most..=most).map(move |dx| (dx, dy)));
    let (dx, dy, top) = all.map(|(dx, dy)| (dx, dy, score(dx, dy))).max_by(|p, q| p.2.total_cmp(&q.2))?;
    if top < 0.5 || dx.abs() == most || dy.abs() == most {
        return None;
    }
    let peak = |l: f64, m: f64, r: f64| {
        let bend = l - 2.0 * m + r;
        if bend < 0.0 { ((l - r) / (2.0 * bend)).clamp(-0.5, 0.5) } else { 0.0 }
    };
    let fx = peak(score(dx - 1, dy), top, score(dx + 1, dy));
    let fy = peak(score(dx, dy - 1), top, score(dx, dy + 1));
    Some((dx as f64 + fx, dy as f64 + fy))
}

/// The middle of values.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Takes the bends of the picture that lent its corners out of the common sheet: what most pictures say, each turned, sized
/// and shifted to lie on it, is where a point of it stands.
fn straight(sheets: Vec<(usize, Mesh)>, (width, height): (f64, f64)) -> Vec<(usize, Mesh)> {
    let ys = rungs(height);
    let grid: Vec<Point> =
        ys.iter().flat_map(|&y| [0.0, width / 2.0, width].map(|x| Point::new(x, y))).collect();
    let seen: Vec<Vec<Point>> = sheets
        .iter()
        .map(|(_, mesh)| {
            let there: Vec<Point> = grid.iter().map(|&p| mesh.map(p)).collect();
            let pairs: Vec<(Point, Point)> = there.iter().copied().zip(grid.iter().copied()).collect();
            let back = Similar::through(&pairs);
            there.into_iter().map(|p| back.map(p)).collect()
        })
        .collect();
    let at = |k: usize| {
        let of = |value: &dyn Fn(Point) -> f64| median(seen.iter().map(|s| value(s[k])).collect());
        Point::new(of(&|p| p.x), of(&|p| p.y))
    };
    let rungs_of = |k: usize| Rung { y: ys[k], points: [at(3 * k), at(3 * k + 1), at(3 * k + 2)] };
    let common = Mesh { width, rungs: (0..ys.len()).map(rungs_of).collect() };
    // Of a point of the common sheet, the point of the picture that lent its corners.
    let before = |p: Point| {
        let mut q = p;
        for _ in 0..4 {
            let now = common.map(q);
            q = Point::new(q.x + p.x - now.x, q.y + p.y - now.y);
        }
        q
    };
    composed(sheets, &ys, width, before)
}

/// Maps from another sheet that `before` takes to theirs.
fn composed(
    sheets: Vec<(usize, Mesh)>,
    ys: &[f64],
    width: f64,
    before: impl Fn(Point) -> Point,
) -> Vec<(usize, Mesh)> {
    let one = |(s, mesh): (usize, Mesh)| {
        let rung = |&y: &f64| Rung {
            y,
            points: [0.0, width / 2.0, width].map(|x| mesh.map(before(Point::new(x, y)))),
        };
        (s, Mesh { width, rungs: ys.iter().map(rung).collect() })
    };
    sheets.into_iter().map(one).collect()
}

/// A dark pixel: where it is from the middle of the sheet, and how dark it is.
type Dot = (f64, f64, f64);

/// Turns the common sheet so that its lines of print are level.
pub(super) fn upright(
    pictures: &[GrayImage],
    sheets: Vec<(usize, Mesh)>,
    size: (f64, f64),
) -> Vec<(usize, Mesh)> {
    let flat: Vec<GrayImage> =
        sheets.par_iter().map(|(s, mesh)| flattened(&pictures[*s], mesh, size, TILE_PX)).collect();
    let mean = mean(&flat);
    let (w, h) = (mean.width() as usize, mean.height() as usize);
    let dark: Vec<Dot> = (0..w * h)
        .filter(|&i| mean.as_raw()[i] > 60)
        .map(|i| {
            ((i % w) as f64 - w as f64 / 2.0, (i / w) as f64 - h as f64 / 2.0, f64::from(mean.as_raw()[i]))
        })
        .collect();
    // How far a sheet leans whose print stands in the sharpest lines, down and across.
    let sharpest = |of: fn(&Dot) -> (f64, f64), n: usize| {
        let sharp = |slope: f64| -> f64 {
            let mut lines = vec![0f64; n];
            for p in &dark {
                let (along, across) = of(p);
                let at = across + slope * along + n as f64 / 2.0;
                if at >= 0.0 && (at as usize) < n {
                    lines[at as usize] += p.2;
                }
            }
            lines.iter().map(|l| l * l).sum()
        };
        let steps = (-60..=60).map(|k| f64::from(k) * 0.0005);
        let all: Vec<(f64, f64)> = steps.map(|s| (s, sharp(s))).collect();
        let most = all.iter().map(|s| s.1).fold(0.0, f64::max);
        median(all.iter().filter(|s| s.1 > 0.98 * most).map(|s| s.0).collect())
    };
    let slope = sharpest(|p| (p.0, p.1), h);
    let lean = sharpest(|p| (p.1, p.0), w);
    tracing::debug!(slope, lean, "upright");
    let middle = Point::new(size.0 / 2.0, size.1 / 2.0);
    let before = |p: Point| {
        let (x, y) = (p.x - middle.x, p.y - middle.y);
        Point::new(middle.x + x - lean * y, middle.y + y - slope * x)
    };
    composed(sheets, &rungs(size.1), size.0, before)
}
