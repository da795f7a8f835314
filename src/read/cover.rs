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
use crate::read::photo::mask::Marks;
use crate::read::sheet::Sheet;
use image::{GrayImage, Luma};
use imageproc::distance_transform::{Norm, distance_transform};
use imageproc::region_labelling::{Connectivity, connected_components};

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

/// Pieces of ink by number, 0 none.
type Names = image::ImageBuffer<Luma<u32>, Vec<u32>>;

/// What a form prints, and where its numbers stand, prepared.
pub struct Print {
    /// Distance of each pixel to a rule, px.
    rules: GrayImage,
    /// To constant text.
    text: GrayImage,
    /// To either and to the cells.
    all: GrayImage,
    /// Where numbers stand, and how far strokes are followed there, form mm.
    cells: Vec<(Rect, f64)>,
    /// From one row to the next, mm.
    pitch: f64,
}

/// The area that is looked at, form mm.
fn area(form: &Form) -> Rect {
    let bottom = form.frame.1.min(form.private_top);
    Rect::new(-EDGE, -EDGE, form.frame.0 + 2.0 * EDGE, bottom + EDGE)
}

impl Print {
    /// Of a form.
    pub fn new(form: &Form) -> Self {
        let area = area(form);
        let drawn = |draw: &dyn Fn(&mut Canvas)| {
            let mut canvas = Canvas::new(area.x, area.y, area.width, area.height, FINE);
            draw(&mut canvas);
            let (w, h) = canvas.ink.dimensions();
            GrayImage::from_fn(w, h, |x, y| Luma([u8::from(canvas.ink.get_pixel(x, y)[0] > 0.1)]))
        };
        let rules = drawn(&|canvas| form.rules.iter().for_each(|r| canvas.rule(r)));
        let text = drawn(&|canvas| form.labels.iter().for_each(|l| canvas.label(l)));
        let mut cells = Vec::new();
        for field in &form.fields {
            let digits = |s: &Slot| text_width("0", &s.style) * form.places as f64;
            let place = |s: &Slot, width: f64, follow| (cut::print_rect(s, field.y, width), follow);
            cells.extend(field.digits.as_ref().map(|s| place(s, digits(s), FOLLOWED.0)));
            cells.extend(field.words.as_ref().map(|s| place(s, s.width, FOLLOWED.1)));
        }
        let (w, h) = rules.dimensions();
        let mut all =
            GrayImage::from_fn(w, h, |x, y| Luma([rules.get_pixel(x, y)[0] | text.get_pixel(x, y)[0]]));
        for (cell, _) in &cells {
            let (xs, ys) = pixels(*cell, area, (w, h), 0.0);
            ys.flat_map(|y| xs.clone().map(move |x| (x, y)))
                .for_each(|(x, y)| all.put_pixel(x, y, Luma([1])));
        }
        let mut rows: Vec<f64> = form.fields.iter().filter(|f| f.digits.is_some()).map(|f| f.y).collect();
        rows.sort_by(f64::total_cmp);
        let mut apart: Vec<f64> = rows.windows(2).map(|r| r[1] - r[0]).collect();
        apart.sort_by(f64::total_cmp);
        let pitch = apart.get(apart.len() / 2).copied().unwrap_or(SQUARE);
        let far = |picture: &GrayImage| distance_transform(picture, Norm::LInf);
        Self { rules: far(&rules), text: far(&text), all: far(&all), cells, pitch }
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
    let area = area(form);
    let flat = cut::cut(picture, &sheet.mesh, area, FINE);
    let size = flat.dimensions();
    let row = |y: u32| area.y + (f64::from(y) + 0.5) / FINE;
    let off: Vec<f64> = (0..size.1)
        .map(|y| {
            let shown = sheet.shows(row(y));
            let residual = if shown { sheet.residual_at(row(y)) } else { f64::INFINITY };
            (TOLERANCE + residual) * FINE
        })
        .collect();
    let paper = Paper::of(&flat);
    let ink = paper.ink(&flat, DARK);
    let beyond = |far: &GrayImage, x: u32, y: u32| f64::from(far.get_pixel(x, y)[0]) > off[y as usize];
    let strange = GrayImage::from_fn(size.0, size.1, |x, y| {
        Luma([u8::from(ink.get_pixel(x, y)[0] > 0 && beyond(&print.all, x, y))])
    });
    let mut marks = GrayImage::new(size.0, size.1);
    let count = strange.iter().filter(|&&v| v > 0).count() as f64;
    if count > 0.0 && count <= STRANGE * f64::from(size.0 * size.1) {
        let loose = GrayImage::from_fn(size.0, size.1, |x, y| {
            let print = !beyond(&print.rules, x, y) || !beyond(&print.text, x, y);
            Luma([u8::from(ink.get_pixel(x, y)[0] > 0 && !print)])
        });
        across(&mut marks, (&strange, &loose), print, area, &off);
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

impl Paper {
    fn of(flat: &GrayImage) -> Self {
        let side = (SQUARE * FINE) as u32;
        let (w, h) = flat.dimensions();
        let across = w.div_ceil(side);
        let mut greys = Vec::new();
        for top in (0..h).step_by(side as usize) {
            for left in (0..across).map(|i| i * side) {
                let (right, bottom) = ((left + side).min(w), (top + side).min(h));
                let raw = flat.as_raw();
                let mut seen: Vec<u8> = (top..bottom)
                    .flat_map(|y| &raw[(y * w + left) as usize..(y * w + right) as usize])
                    .copied()
                    .collect();
                let nth = ((1.0 - BRIGHTER) * seen.len() as f64) as usize;
                greys.push(*seen.select_nth_unstable(nth).1);
            }
        }
        Self { greys, across: across as usize }
    }

    fn at(&self, x: u32, y: u32) -> u8 {
        let side = (SQUARE * FINE) as u32;
        self.greys[(y / side) as usize * self.across + (x / side) as usize]
    }

    /// The grey of most of it.
    fn typical(&self) -> u8 {
        let mut greys = self.greys.clone();
        let middle = greys.len() / 2;
        *greys.select_nth_unstable(middle).1
    }

    /// Where the picture is so dark against its paper as this share of its darkest: 1.
    fn ink(&self, flat: &GrayImage, share: f64) -> GrayImage {
        let darker = |x: u32, y: u32, v: u8| {
            let paper = f64::from(self.at(x, y).max(1));
            ((paper - f64::from(v)) / paper * 255.0).clamp(0.0, 255.0) as u8
        };
        let mut out = flat.clone();
        out.enumerate_pixels_mut().for_each(|(x, y, v)| v[0] = darker(x, y, v[0]));
        let mut all = out.as_raw().clone();
        let nth = ((1.0 - DARKEST) * all.len() as f64) as usize;
        let darkest = f64::from(*all.select_nth_unstable(nth).1);
        let least = (share * darkest).max(1.0) as u8;
        out.iter_mut().for_each(|v| *v = u8::from(*v >= least));
        out
    }
}

/// Rows of pixels from the first to the last of a piece of ink outside of print.
#[derive(Clone, Copy)]
struct Span {
    top: u32,
    bottom: u32,
}

/// Pieces of ink, of which some are one.
struct Pieces {
    of: Vec<u32>,
    spans: Vec<Option<Span>>,
}

impl Pieces {
    fn new(count: usize) -> Self {
        Self { of: (0..count as u32).collect(), spans: vec![None; count] }
    }

    fn root(&mut self, mut i: u32) -> u32 {
        while self.of[i as usize] != i {
            self.of[i as usize] = self.of[self.of[i as usize] as usize];
            i = self.of[i as usize];
        }
        i
    }

    /// A piece has ink outside of print in row `y`.
    fn widen(&mut self, i: u32, y: u32) {
        let root = self.root(i) as usize;
        let span = self.spans[root].unwrap_or(Span { top: y, bottom: y });
        self.spans[root] = Some(Span { top: span.top.min(y), bottom: span.bottom.max(y) });
    }

    /// Makes one of two.
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.of[b as usize] = a;
            let wider = |s: Span, t: Span| Span { top: s.top.min(t.top), bottom: s.bottom.max(t.bottom) };
            let spans = [self.spans[a as usize], self.spans[b as usize]];
            self.spans[a as usize] = spans.into_iter().flatten().reduce(wider);
        }
    }

    fn height(&mut self, i: u32) -> u32 {
        let root = self.root(i) as usize;
        self.spans[root].map_or(0, |s| s.bottom - s.top)
    }
}

/// Joins pieces that a rule parts: ink on both sides of it, as a stroke has that crosses it at up to 45 degrees.
fn bridge(names: &Names, rules: &GrayImage, off: &[f64], mut join: impl FnMut(u32, u32)) {
    let (w, h) = names.dimensions();
    let under = |x: u32, y: u32| f64::from(rules.get_pixel(x, y)[0]) <= off[y as usize];
    let longest = ((RULE_WIDTH + 4.0 * TOLERANCE) * FINE) as u32;
    // A stretch under a rule, from `a` to `b`, along a column (or row) `i`.
    let mut over = |down: bool, i: u32, (a, b): (u32, u32), end: u32, across: u32| {
        if a == 0 || b >= end || b - a > longest {
            return;
        }
        let at = |along: u32, aside: u32| {
            names.get_pixel(if down { aside } else { along }, if down { along } else { aside })[0]
        };
        let here = at(a - 1, i);
        let slope = b - a;
        let there = i.saturating_sub(slope)..(i + slope + 1).min(across);
        if here > 0 {
            there.map(|j| at(b, j)).filter(|&name| name > 0).for_each(|name| join(here, name));
        }
    };
    for (down, across, along) in [(true, w, h), (false, h, w)] {
        for i in 0..across {
            let mut from = None;
            for k in 0..along {
                let covered = if down { under(i, k) } else { under(k, i) };
                match (covered, from) {
                    (true, None) => from = Some(k),
                    (false, Some(a)) => {
                        over(down, i, (a, k), along, across);
                        from = None;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Marks ink that runs across the cells.
fn across(
    marks: &mut GrayImage,
    (strange, loose): (&GrayImage, &GrayImage),
    print: &Print,
    area: Rect,
    off: &[f64],
) {
    let names = connected_components(loose, Connectivity::Eight, Luma([0]));
    let first = names.iter().copied().max().unwrap_or(0) + 1;
    let mut pieces = Pieces::new(first as usize);
    for (x, y, v) in strange.enumerate_pixels() {
        if v[0] > 0 {
            pieces.widen(names.get_pixel(x, y)[0], y);
        }
    }
    bridge(&names, &print.rules, off, |a, b| pieces.join(a, b));
    let least = ROWS * print.pitch * FINE;
    let runs: Vec<bool> =
        (0..first).map(|name| name > 0 && f64::from(pieces.height(name)) >= least).collect();
    let runs = |x: u32, y: u32| runs[names.get_pixel(x, y)[0] as usize];
    let size = marks.dimensions();
    for (x, y, mark) in marks.enumerate_pixels_mut() {
        if strange.get_pixel(x, y)[0] > 0 && runs(x, y) {
            mark[0] = Marks::INK;
        }
    }
    for (cell, follow) in &print.cells {
        let middle = ((cell.y + cell.height / 2.0 - area.y) * FINE) as usize;
        let more = off.get(middle).copied().unwrap_or(f64::INFINITY) / FINE;
        if more.is_finite() {
            into(marks, pixels(*cell, area, size, more + 0.5 / FINE), follow * FINE, runs);
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
    let far = distance_transform(&paper.ink(flat, PALE), Norm::LInf);
    for (mark, (v, far)) in marks.iter_mut().zip(flat.iter().zip(far.iter())) {
        if *v >= BLOWN && f64::from(*far) > ABOUT * FINE {
            *mark = Marks::LIGHT;
        }
    }
}

#[cfg(test)]
mod tests;
