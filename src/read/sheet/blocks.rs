//! Which blocks a page shows, and where.
//!
//! In: a photo, a sheet that was found by what all its pages share, its form. Out: the page's own form and the sheet
//! registered by all that is printed on it. Each block is told by its own constant text, sought where the one before it ends
//! after so many rows; rows are told by the print in their columns. Refuses (gives `None`) a page on which print is
//! left over: what is not understood whole is not read.

use super::correlate::Print;
use super::flat::{FULL, Work, flatten};
use super::register::register;
use super::template::{FINE, Template};
use super::terms::FOUND;
use super::Sheet;
use crate::form::blocks::{Block, Blocks, Kind, Layout};
use crate::form::print::{Canvas, label_rect, text_width};
use crate::form::{Align, Form, Label, Slot};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// How far from where it should begin a block is sought, mm: less than a third of a row.
const REACH: f64 = 1.0;
/// So many rows after the last one no print may stand in its columns: one before them would have been missed.
const AFTER: usize = 4;
/// What is looked at beyond the frame, mm.
const BESIDE: f64 = 5.0;
/// Rows of a block at most.
const MOST: usize = 60;
/// The least mean likeness of a block's constant text: a text at a wrong place has below 0.3.
const ALIKE: f64 = 0.5;
/// The least ink of a row's number, as a share of full print, and the share of a row's numbers that have it.
const INK: (f64, f64) = (0.12, 0.7);
/// How much more ink a number has than what stands between it and the next: a rule has as much.
const MORE: f64 = 2.0;

/// A piece of a block's constant text.
struct Piece {
    rect: Rect,
    print: Print,
}

/// A kind of block, as it is sought.
struct Head<'a> {
    kind: &'a Kind,
    pieces: Vec<Piece>,
}

impl<'a> Head<'a> {
    fn new(kind: &'a Kind) -> Self {
        let ends = kind.labels.iter().map(label_rect);
        let area = ends.reduce(|a, b| {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            Rect::new(x, y, a.right().max(b.right()) - x, a.bottom().max(b.bottom()) - y)
        });
        let area = area.unwrap_or(Rect::new(0.0, 0.0, 1.0, 1.0));
        let mut canvas =
            Canvas::new(area.x - 4.0, area.y - 4.0, area.width + 8.0, area.height + 8.0, FINE);
        kind.rules.iter().for_each(|rule| canvas.rule(rule));
        kind.labels.iter().for_each(|label| canvas.label(label));
        let piece = |label: &Label| {
            let r = label_rect(label);
            let px = |v: f64, from: f64| ((v - from) * FINE).round().max(0.0) as u32;
            let (x, y) = (px(r.x - 0.8, canvas.origin.0), px(r.y - 0.6, canvas.origin.1));
            let (w, h) = (px(r.width + 1.6, 0.0), px(r.height + 1.2, 0.0));
            let pixel = |i: u32| canvas.ink.get_pixel(x + i % w, y + i / w)[0];
            let ink: Vec<f32> = (0..w * h).map(pixel).collect();
            let at = |v: u32, from: f64| from + f64::from(v) / FINE;
            let rect = Rect::new(at(x, canvas.origin.0), at(y, canvas.origin.1), r.width, r.height);
            Piece { rect, print: Print::new(&ink, (w as usize, h as usize)) }
        };
        Self { kind, pieces: kind.labels.iter().map(piece).collect() }
    }

    /// Where the block begins that should begin at `y`, and how alike its text is.
    fn find(&self, work: &Work, y: f64) -> Option<(f64, f64)> {
        let reach = (REACH * FINE) as usize;
        let found = self.pieces.iter().map(|piece| {
            let corner = Point::new(piece.rect.x, piece.rect.y + y);
            let at = work.pixel(corner);
            let (_, v, alike) = piece.print.find(work, at, reach)?;
            // What the pixel grid took from the place.
            let grid = at.1 as f64 / FINE + work.origin.y - corner.y;
            (alike >= FOUND * 0.7).then_some((v / FINE + grid, f64::from(alike)))
        });
        let found = found.collect::<Option<Vec<_>>>()?;
        let n = found.len() as f64;
        let alike = found.iter().map(|f| f.1).sum::<f64>() / n;
        let off: Vec<f64> = found.iter().map(|f| f.0).collect();
        let spread = off.iter().fold(f64::MIN, |a, &b| a.max(b)) - off.iter().fold(f64::MAX, |a, &b| a.min(b));
        let weight: f64 = found.iter().map(|f| f.1).sum();
        let place = y + found.iter().map(|f| f.0 * f.1).sum::<f64>() / weight;
        (alike >= ALIKE && spread < 0.8).then_some((place, alike))
    }
}

/// A page that is looked at.
struct Page<'a> {
    work: Work,
    heads: Vec<Head<'a>>,
}

impl Page<'_> {
    /// The kind of block that begins at about `y`, and where.
    fn head(&self, y: f64) -> Option<(&Head<'_>, f64)> {
        let found = self.heads.iter().filter_map(|head| Some((head, head.find(&self.work, y)?)));
        let best = found.max_by(|a, b| a.1.1.total_cmp(&b.1.1))?;
        Some((best.0, best.1.0))
    }

    /// Mean ink of a rectangle, as a share of full print.
    fn ink(&self, rect: Rect) -> f64 {
        let ink = &self.work.ink;
        let (x0, y0) = self.work.pixel(Point::new(rect.x, rect.y));
        let (x1, y1) = self.work.pixel(Point::new(rect.right(), rect.bottom()));
        let within = |v: i64, end: usize| usize::try_from(v).unwrap_or(0).min(end);
        let (x0, x1) = (within(x0, ink.width), within(x1, ink.width));
        let (y0, y1) = (within(y0, ink.height), within(y1, ink.height));
        let sum: i64 = (y0..y1).flat_map(|y| ink.row(y, x0, x1.saturating_sub(x0))).map(|&v| i64::from(v)).sum();
        sum as f64 / ((x1.saturating_sub(x0)) * (y1.saturating_sub(y0))).max(1) as f64 / FULL
    }

    /// Whether numbers stand in the columns of a row whose baseline is `y`.
    fn row(&self, kind: &Kind, y: f64) -> bool {
        let inked = |slot: Slot| {
            let (size, digit) = (slot.style.size, text_width("0", &slot.style));
            let left = match slot.align {
                Align::Left => slot.x,
                Align::Centre => slot.x - digit / 2.0,
                Align::Right => slot.x - digit,
            };
            // Beside the number on the side where no sign follows.
            let beside = left + slot.align.left(slot.width) + if slot.align == Align::Left { slot.width } else { 0.0 };
            let band = |x: f64| self.ink(Rect::new(x, y - 0.7 * size, digit, 0.7 * size));
            let (own, other) = (band(left), band(beside));
            own >= INK.0 && own >= MORE * other
        };
        let (mut all, mut with) = (0usize, 0usize);
        for slot in kind.slots() {
            all += 1;
            with += usize::from(inked(slot));
        }
        with as f64 >= INK.1 * all as f64
    }

    /// How many rows in a row begin at a block's first.
    fn rows(&self, kind: &Kind, y: f64) -> usize {
        (0..MOST).take_while(|&k| self.row(kind, y + kind.rows.y + kind.rows.pitch * k as f64)).count()
    }
}

/// The page's own form, and the sheet as all its print has it.
pub fn laid_out(pixels: &GrayImage, sheet: &Sheet, form: &Form) -> Option<(Form, Sheet)> {
    let blocks = form.blocks.as_ref()?;
    let layout = layout(pixels, sheet, form, blocks)?;
    let own = form.laid_out(layout)?.found();
    let sheet = register(pixels, (&Template::new(&own), sheet.form), sheet.mesh.clone(), sheet.visible)?;
    Some((own, sheet))
}

fn layout(pixels: &GrayImage, sheet: &Sheet, form: &Form, blocks: &Blocks) -> Option<Layout> {
    let (width, height) = form.frame;
    let area = Rect::new(-BESIDE, -BESIDE, width + 2.0 * BESIDE, height + 2.0 * BESIDE);
    let work = flatten(pixels, &sheet.mesh, area);
    let page = Page { work, heads: blocks.kinds.iter().map(Head::new).collect() };
    let mut out = Vec::new();
    let mut next = page.head(blocks.top);
    while let Some((head, y)) = next.take() {
        let kind = head.kind;
        let most = page.rows(kind, y);
        let follows = (1..=most).find_map(|rows| Some((rows, page.head(y + kind.height(rows))?)));
        let rows = follows.as_ref().map_or(most, |f| f.0);
        tracing::debug!(kind = kind.id, y, rows, "block");
        if rows == 0 {
            return None;
        }
        out.push(Block { kind: kind.id.clone(), y: (y * 100.0).round() / 100.0, name: None, rows: vec![None; rows] });
        next = follows.map(|f| f.1);
        let beyond = |k: usize| page.row(kind, y + kind.rows.y + kind.rows.pitch * k as f64);
        if next.is_none()
            && ((rows + 1..rows + AFTER).any(beyond) || page.left_over(y + kind.height(rows), form.frame.1))
        {
            return None;
        }
    }
    (!out.is_empty()).then_some(Layout { blocks: out })
}

impl Page<'_> {
    /// Whether blocks begin or rows stand between two heights.
    fn left_over(&self, from: f64, to: f64) -> bool {
        let steps = ((to - from) / REACH).max(0.0) as usize;
        let mut at = (0..steps).map(|k| from + k as f64 * REACH);
        at.any(|y| self.head(y).is_some())
    }
}
