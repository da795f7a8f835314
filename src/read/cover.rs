//! What covers print on a sheet: ink that runs across it, light that leaves nothing.
//!
//! In: a picture, the sheet found in it, its form's [`Print`]. Out: [`Marks`] along the form. Ink runs across where it is
//! one with ink outside of all that the form prints, over more than a row: a pen's stroke, a stamp, a finger. What stays
//! within a row, an overwritten or struck digit, is that row's print, whoever wrote it, and covers nothing. Light covers
//! where white stands on grey paper with no print about it. Refuses a sheet of which too much is ink outside of its
//! print: it does not lie where it was found.

use crate::form::print::{Canvas, RULE_WIDTH, text_width};
use crate::form::{Form, Slot};
use crate::ground::geometry::{Point, Rect};
use crate::read::cut;
use crate::read::photo::greys::Greys;
use crate::read::photo::mask::Marks;
use crate::read::sheet::Sheet;
use image::{GrayImage, Luma};
use imageproc::distance_transform::{Norm, distance_transform};
use imageproc::integral_image::{integral_image, sum_image_pixels};
use std::sync::OnceLock;

/// Pixels per millimetre at which a sheet is looked at: the finest rule (0.25 mm) has more than one.
const FINE: f64 = 5.0;
/// Beyond the frame, mm.
const EDGE: f64 = 1.0;
/// Side of the squares of which each has a paper of its own, mm: a row and the white around it.
const SQUARE: f64 = 4.0;
/// The share of a square that is brighter than its paper's grey: print covers less than a third.
const BRIGHTER: f64 = 0.4;
/// Ink is so dark as this share of the sheet's own darkest (see [`DARKEST`]), which print is.
const DARK: f64 = 0.5;
/// Of all pixels of a table some 6 % are print: the darkest of this share are its strokes' middles.
const DARKEST: f64 = 0.02;
/// How far from its place print may stand, mm (the worst cell of 95 in 100 made-up scans: 0.37), besides what the
/// registration says that it is off there.
const TOLERANCE: f64 = 0.3;
/// Ink outside of print that is as high as so many rows runs across.
const ROWS: f64 = 1.75;
/// With more ink than this outside of its print, as a share of the table, a sheet does not lie where it was found.
const STRANGE: f64 = 0.04;
/// A stroke that comes into a row is followed, with what it touches, this far to either side, mm: among digits by one
/// and a half, among words by one.
const FOLLOWED: (f64, f64) = (1.7, 6.0);
/// From this grey on a pixel is blown out.
const BLOWN: u8 = 250;
/// Paper that is brighter is white itself, as on most scans, and white says nothing.
const PAPER: u8 = 235;
/// White this close to print is its paper, mm: more than print may stand beside its place and a narrow digit beside its
/// neighbour, less than from one digit over a hidden one to the next.
const ABOUT: f64 = 1.0;
/// There print is so dark as this share of the sheet's darkest: bleached print is pale.
const PALE: f64 = 0.25;

/// Sums of ink.
type Ink = image::ImageBuffer<Luma<u32>, Vec<u32>>;

/// What a form prints, and where its numbers stand.
pub struct Print {
    /// Prepared when a sheet of the form is first looked at: most runs meet few of the forms that they know.
    far: OnceLock<Far>,
    /// Where numbers stand, and how far strokes are followed there, form mm.
    cells: Vec<(Rect, f64)>,
    /// From one row to the next, mm.
    pitch: f64,
}

/// How far each pixel is from what a form prints, px.
struct Far {
    /// From a rule.
    rules: GrayImage,
    /// From constant text.
    text: GrayImage,
    /// From either and from the cells.
    all: GrayImage,
}

/// The area that is looked at, form mm.
fn area(form: &Form) -> Rect {
    let bottom = form.frame.1.min(form.private_top);
    Rect::new(-EDGE, -EDGE, form.frame.0 + 2.0 * EDGE, bottom + EDGE)
}

impl Print {
    /// Of a form.
    pub fn new(form: &Form) -> Self {
        let mut cells = Vec::new();
        for field in &form.fields {
            let digits = |s: &Slot| text_width("0", &s.style) * form.places as f64;
            let place = |s: &Slot, width: f64, follow| (cut::print_rect(s, field.y, width, 0.0), follow);
            cells.extend(field.digits.as_ref().map(|s| place(s, digits(s), FOLLOWED.0)));
            cells.extend(field.words.as_ref().map(|s| place(s, s.width, FOLLOWED.1)));
        }
        let mut rows: Vec<f64> = form.fields.iter().filter(|f| f.digits.is_some()).map(|f| f.y).collect();
        rows.sort_by(f64::total_cmp);
        rows.dedup();
        let mut apart: Vec<f64> = rows.windows(2).map(|r| r[1] - r[0]).collect();
        apart.sort_by(f64::total_cmp);
        let pitch = apart.get(apart.len() / 2).copied().unwrap_or(SQUARE);
        Self { far: OnceLock::new(), cells, pitch }
    }

    /// How far each pixel is from what its form prints.
    fn far(&self, form: &Form) -> &Far {
        self.far.get_or_init(|| Far::of(form, &self.cells))
    }
}

impl Far {
    /// Of a form whose numbers stand in these cells.
    fn of(form: &Form, cells: &[(Rect, f64)]) -> Self {
        let area = area(form);
        let drawn = |draw: &dyn Fn(&mut Canvas)| {
            let mut canvas = Canvas::new(area.x, area.y, area.width, area.height, FINE);
            draw(&mut canvas);
            let (w, h) = canvas.ink.dimensions();
            GrayImage::from_fn(w, h, |x, y| Luma([u8::from(canvas.ink.get_pixel(x, y)[0] > 0.1)]))
        };
        let rules = drawn(&|canvas| form.rules.iter().for_each(|r| canvas.rule(r)));
        let text = drawn(&|canvas| form.labels.iter().for_each(|l| canvas.label(l)));
        let (w, h) = rules.dimensions();
        let mut all =
            GrayImage::from_fn(w, h, |x, y| Luma([rules.get_pixel(x, y)[0] | text.get_pixel(x, y)[0]]));
        for (cell, _) in cells {
            let (xs, ys) = pixels(*cell, area, (w, h), 0.0);
            ys.flat_map(|y| xs.clone().map(move |x| (x, y)))
                .for_each(|(x, y)| all.put_pixel(x, y, Luma([1])));
        }
        let far = |picture: &GrayImage| distance_transform(picture, Norm::LInf);
        Self { rules: far(&rules), text: far(&text), all: far(&all) }
    }
}

/// The pixels of a form rectangle, `more` mm wider to all sides.
fn pixels(
    r: Rect,
    area: Rect,
    (w, h): (u32, u32),
    more: f64,
) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
    let px = |v: f64, most: u32| ((v * FINE).round().max(0.0) as u32).min(most);
    let (x, y) = (r.x - area.x, r.y - area.y);
    (px(x - more, w)..px(x + r.width + more, w), px(y - more, h)..px(y + r.height + more, h))
}

/// What covers a sheet's print; `None` where nothing does.
pub fn find(picture: &GrayImage, sheet: &Sheet, form: &Form, print: &Print) -> Option<Marks> {
    let (area, far) = (area(form), print.far(form));
    let flat = cut::glimpse(picture, &sheet.mesh, area, FINE);
    let (w, h) = flat.dimensions();
    let row = |y: u32| area.y + (f64::from(y) + 0.5) / FINE;
    let off: Vec<f64> = (0..h)
        .map(|y| {
            let shown = sheet.shows(row(y));
            let residual = if shown { sheet.residual_at(row(y)) } else { f64::INFINITY };
            (TOLERANCE + residual) * FINE
        })
        .collect();
    let paper = Paper::of(&flat);
    let ink = paper.ink(&flat, DARK);
    let mut marks = GrayImage::new(w, h);
    // Distances are whole: what is farther than this is beyond.
    let near: Vec<u8> = off.iter().map(|off| off.min(255.0) as u8).collect();
    let rows = near.iter().zip(ink.chunks_exact(w as usize)).zip(far.all.chunks_exact(w as usize));
    let mut strange: Vec<bool> = Vec::with_capacity(ink.len());
    for ((near, ink), far) in rows {
        strange.extend(ink.iter().zip(far).map(|(i, f)| (*i > 0) & (f > near)));
    }
    let count = strange.iter().filter(|&&v| v).count() as f64;
    if count > 0.0 && count <= STRANGE * f64::from(w * h) {
        let loose = Loose { ink: &ink, near: &near, far };
        across(&mut marks, &strange, &loose, print, area, &off);
    }
    light(&mut marks, &flat, &paper);
    let some = marks.iter().any(|&v| v != Marks::NONE);
    some.then(|| Marks { pixels: marks, origin: Point::new(area.x, area.y), px_per_mm: FINE })
}

/// The paper's grey, by squares.
struct Paper {
    greys: Vec<u8>,
    across: usize,
}

/// Side of [`SQUARE`], px.
const SIDE: usize = (SQUARE * FINE) as usize;

impl Paper {
    fn of(flat: &GrayImage) -> Self {
        let w = flat.width() as usize;
        let across = w.div_ceil(SIDE);
        let mut greys = Vec::new();
        for band in flat.chunks(SIDE * w) {
            let mut counted = vec![Greys::NONE; across];
            for row in band.chunks_exact(w) {
                counted.iter_mut().zip(row.chunks(SIDE)).for_each(|(greys, values)| greys.add(values));
            }
            greys.extend(counted.iter().map(|square| square.share(1.0 - BRIGHTER)));
        }
        Self { greys, across }
    }

    /// The grey of most of it.
    fn typical(&self) -> u8 {
        Greys::of(&self.greys).share(0.5)
    }

    /// Where the picture is so dark against its paper as this share of its darkest: 1.
    fn ink(&self, flat: &GrayImage, share: f64) -> GrayImage {
        let mut out = flat.clone();
        let w = flat.width() as usize;
        for (y, row) in out.chunks_exact_mut(w).enumerate() {
            let greys = &self.greys[y / SIDE * self.across..];
            for (&paper, values) in greys.iter().zip(row.chunks_mut(SIDE)) {
                // What is lost times 255 through the paper, rounded down: no product reaches the next whole number.
                let each = 255 * 65536 / u32::from(paper.max(1)) + 1;
                for v in values {
                    *v = ((u32::from(paper.saturating_sub(*v)) * each) >> 16) as u8;
                }
            }
        }
        let darkest = f64::from(Greys::of(&out).share(1.0 - DARKEST));
        let least = (share * darkest).max(1.0) as u8;
        out.iter_mut().for_each(|v| *v = u8::from(*v >= least));
        out
    }
}

/// Ink that is no rule and no constant text.
struct Loose<'a> {
    ink: &'a GrayImage,
    /// How far beside its place print may stand, px, by row.
    near: &'a [u8],
    far: &'a Far,
}

impl Loose<'_> {
    /// Whether a pixel is under a rule.
    fn ruled(&self, (x, y): (i64, i64)) -> bool {
        self.far.rules.get_pixel(x as u32, y as u32)[0] <= self.near[y as usize]
    }

    fn is(&self, at: (i64, i64)) -> bool {
        let (x, y) = (at.0 as u32, at.1 as u32);
        let text = || self.far.text.get_pixel(x, y)[0] <= self.near[y as usize];
        self.ink.get_pixel(x, y)[0] > 0 && !self.ruled(at) && !text()
    }

    /// Calls `found` for each pixel of loose ink that is one with that of a pixel: the eight around it, and what stands
    /// beyond a rule beside it, as a stroke does that crosses the rule at up to 45 degrees.
    fn beside(&self, (x, y): (i64, i64), mut found: impl FnMut((i64, i64))) {
        let (w, h) = (i64::from(self.ink.width()), i64::from(self.ink.height()));
        let inside = |p: (i64, i64)| (0..w).contains(&p.0) && (0..h).contains(&p.1);
        let longest = ((RULE_WIDTH + 4.0 * TOLERANCE) * FINE) as i64;
        for (dx, dy) in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy))).filter(|d| *d != (0, 0)) {
            let next = (x + dx, y + dy);
            if !inside(next) {
                continue;
            }
            if self.is(next) {
                found(next);
            }
            if dx * dy != 0 || !self.ruled(next) {
                continue;
            }
            let beyond = |k: i64| (x + k * dx, y + k * dy);
            let Some(k) = (2..=longest + 1).find(|&k| !inside(beyond(k)) || !self.ruled(beyond(k))) else {
                continue;
            };
            for aside in 1 - k..k {
                let (bx, by) = beyond(k);
                let there = (bx + aside * dy, by + aside * dx);
                if inside(there) && self.is(there) {
                    found(there);
                }
            }
        }
    }
}

/// Marks ink that runs across the cells.
fn across(
    marks: &mut GrayImage,
    strange: &[bool],
    loose: &Loose<'_>,
    print: &Print,
    area: Rect,
    off: &[f64],
) {
    let size = marks.dimensions();
    let w = size.0 as usize;
    let at = |(x, y): (i64, i64)| y as usize * w + x as usize;
    let least = (ROWS * print.pitch * FINE) as i64;
    // Pieces of ink that have some outside of print.
    let (mut met, mut runs) = (vec![false; strange.len()], vec![false; strange.len()]);
    let mut piece: Vec<(i64, i64)> = Vec::new();
    for (i, _) in strange.iter().enumerate().filter(|s| *s.1) {
        if std::mem::replace(&mut met[i], true) {
            continue;
        }
        piece.clear();
        piece.push(((i % w) as i64, (i / w) as i64));
        let (mut top, mut bottom) = (piece[0].1, piece[0].1);
        let mut next = 0;
        while let Some(&pixel) = piece.get(next) {
            next += 1;
            if strange[at(pixel)] {
                (top, bottom) = (top.min(pixel.1), bottom.max(pixel.1));
            }
            loose.beside(pixel, |other| {
                if !std::mem::replace(&mut met[at(other)], true) {
                    piece.push(other);
                }
            });
        }
        if bottom - top >= least {
            piece.iter().for_each(|&pixel| runs[at(pixel)] = true);
        }
    }
    for (mark, (strange, runs)) in marks.iter_mut().zip(strange.iter().zip(&runs)) {
        if *strange && *runs {
            *mark = Marks::INK;
        }
    }
    for (cell, follow) in &print.cells {
        let middle = ((cell.y + cell.height / 2.0 - area.y) * FINE) as usize;
        let more = off.get(middle).copied().unwrap_or(f64::INFINITY) / FINE;
        if more.is_finite() {
            let place = pixels(*cell, area, size, more + 0.5 / FINE);
            into(marks, place, follow * FINE, |x, y| runs[y as usize * w + x as usize]);
        }
    }
}

/// Marks in a cell what runs into it and what that touches, to either side so far as `follow`, px.
fn into(
    marks: &mut GrayImage,
    (xs, ys): (std::ops::Range<u32>, std::ops::Range<u32>),
    follow: f64,
    runs: impl Fn(u32, u32) -> bool,
) {
    let all = ys.clone().flat_map(|y| xs.clone().map(move |x| (x, y)));
    let outer = |&(x, y): &(u32, u32)| x == xs.start || x + 1 == xs.end || y == ys.start || y + 1 == ys.end;
    let mut open: Vec<(u32, u32)> = all.filter(outer).filter(|&(x, y)| runs(x, y)).collect();
    let enters: Vec<u32> = open.iter().map(|p| p.0).collect();
    let near = |x: u32| enters.iter().any(|&e| f64::from(e.abs_diff(x)) <= follow);
    open.iter().for_each(|&(x, y)| marks.put_pixel(x, y, Luma([Marks::INK])));
    while let Some((x, y)) = open.pop() {
        for (u, v) in
            (y.saturating_sub(1)..=y + 1).flat_map(|v| (x.saturating_sub(1)..=x + 1).map(move |u| (u, v)))
        {
            let inside = xs.contains(&u) && ys.contains(&v) && near(u);
            if inside && runs(u, v) && marks.get_pixel(u, v)[0] == Marks::NONE {
                marks.put_pixel(u, v, Luma([Marks::INK]));
                open.push((u, v));
            }
        }
    }
}

/// Marks white on grey paper with no print about it.
fn light(marks: &mut GrayImage, flat: &GrayImage, paper: &Paper) {
    if paper.typical() >= PAPER || !flat.iter().any(|&v| v >= BLOWN) {
        return;
    }
    let pale: Ink = integral_image(&paper.ink(flat, PALE));
    let (w, h) = flat.dimensions();
    let about = (ABOUT * FINE) as u32;
    for (x, y, mark) in marks.enumerate_pixels_mut().filter(|(x, y, _)| flat.get_pixel(*x, *y)[0] >= BLOWN) {
        let (left, top) = (x.saturating_sub(about), y.saturating_sub(about));
        let near = sum_image_pixels(&pale, left, top, (x + about).min(w - 1), (y + about).min(h - 1));
        if near[0] == 0 {
            mark[0] = Marks::LIGHT;
        }
    }
}

#[cfg(test)]
mod tests;
