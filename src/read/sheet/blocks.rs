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
use super::{Mesh, Rung, Sheet};
use crate::form::blocks::{Block, Blocks, Kind, Layout};
use crate::form::print::{Canvas, label_rect, text_width};
use crate::form::{Align, Form, Label, Rule, Slot};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// How far from where it should begin a block is sought, mm: less than a third of a row.
const REACH: f64 = 1.0;
/// So many rows after the last one no print may stand in its columns: one before them would have been missed.
const AFTER: usize = 4;
/// What is looked at beyond the frame, mm.
const BESIDE: f64 = 5.0;
/// Room around a text, mm: less than to what is printed beside it.
const ROOM: (f64, f64) = (0.4, 0.6);
/// How far from where the head has it the foot is sought, mm.
const FOOT: f64 = 6.0;
/// How often a page is looked at anew.
const ROUNDS: usize = 4;
/// From one rung of a straight mesh to the next, mm.
const RUNG: f64 = 5.0;
/// What a sheet is seen beyond its anchors, mm.
const EDGE: f64 = 3.0;
/// Rows of a block at most.
const MOST: usize = 60;
/// The least mean likeness of a block's constant text: a text at a wrong place has below 0.3.
const ALIKE: f64 = 0.45;
/// The least ink of a row's number, as a share of full print, and the share of a row's numbers that have it.
const INK: (f64, f64) = (0.12, 0.7);
/// How much more ink a number has than what stands between it and the next: a rule has as much.
const MORE: f64 = 2.0;

/// A piece of a block's constant text.
struct Piece {
    rect: Rect,
    print: Print,
}

impl Piece {
    /// A text, with what is printed beside it.
    fn new(rules: &[Rule], labels: &[Label], label: &Label) -> Self {
        let r = label_rect(label);
        let area = Rect::new(r.x - ROOM.0, r.y - ROOM.1, r.width + 2.0 * ROOM.0, r.height + 2.0 * ROOM.1);
        let mut canvas = Canvas::new(area.x, area.y, area.width, area.height, FINE);
        rules.iter().for_each(|rule| canvas.rule(rule));
        labels.iter().for_each(|label| canvas.label(label));
        let size = (canvas.ink.width() as usize, canvas.ink.height() as usize);
        let ink: Vec<f32> = canvas.ink.pixels().map(|p| p[0]).collect();
        Self { rect: area, print: Print::new(&ink, size) }
    }
}

/// A kind of block, as it is sought.
struct Head<'a> {
    kind: &'a Kind,
    pieces: Vec<Piece>,
}

impl<'a> Head<'a> {
    fn new(kind: &'a Kind) -> Self {
        let piece = |label: &Label| Piece::new(&kind.rules, &kind.labels, label);
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
    heads: &'a [Head<'a>],
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

/// The page's own form, and the sheet as all its print has it: its head is known and its foot is sought, then the blocks
/// between them, by which it is registered as a whole.
pub fn laid_out(pixels: &GrayImage, sheet: &Sheet, form: &Form) -> Option<(Form, Sheet)> {
    let blocks = form.blocks.as_ref()?;
    let heads: Vec<Head<'_>> = blocks.kinds.iter().map(Head::new).collect();
    let (width, height) = form.frame;
    let area = Rect::new(-BESIDE, -BESIDE, width + 2.0 * BESIDE, height + 2.0 * BESIDE);
    let mut mesh = footed(pixels, sheet, form, area);
    let mut before: Option<(usize, Form, Sheet)> = None;
    for _ in 0..ROUNDS {
        let found = Page { work: flatten(pixels, &mesh, area), heads: &heads }.blocks(blocks);
        let rows = found.blocks.iter().map(|b| b.rows.len()).sum();
        if let Some((_, own, sheet)) = before.take_if(|b| b.0 == rows) {
            return (found.whole && inside(pixels, &sheet, blocks.end())).then_some((own, sheet));
        }
        let own = form.laid_out(Layout { blocks: found.blocks })?.found();
        let again = register(pixels, (&Template::new(&own), sheet.form), mesh, (0.0, height))?;
        mesh = again.mesh.clone();
        before = Some((rows, own, again));
    }
    None
}

/// The mesh of a page, straight on from its head to its foot, where that is found.
fn footed(pixels: &GrayImage, sheet: &Sheet, form: &Form, area: Rect) -> Mesh {
    let (width, height) = form.frame;
    let (top, bottom) = (sheet.visible.0.max(0.0) + EDGE, sheet.visible.1 - 2.0 * EDGE);
    let at = |x: f64, y: f64| sheet.mesh.map(Point::new(x, y));
    // The paper's direction, from what is seen of it.
    let straight = |x: f64, y: f64| {
        let t = (y - top) / (bottom - top).max(1.0);
        at(x, top).lerp(at(x, bottom), t)
    };
    let made = |off: (f64, f64), foot: f64| {
        let rung = |y: f64| {
            let t = ((y - bottom) / (foot - bottom).max(1.0)).max(0.0);
            let place = |x: f64| straight(x + off.0 * t, y + off.1 * t);
            Rung { y, points: [0.0, width / 2.0, width].map(place) }
        };
        let rungs = (0..=(height / RUNG).ceil() as usize).map(|k| rung(k as f64 * RUNG)).collect();
        Mesh { width, rungs }
    };
    let plain = made((0.0, 0.0), height);
    let work = flatten(pixels, &plain, area);
    let foot: Vec<&Label> =
        form.labels.iter().filter(|l| form.blocks.as_ref().is_some_and(|b| l.y > b.end())).collect();
    let pieces = foot.iter().map(|l| Piece::new(&[], std::slice::from_ref(*l), l));
    let found = pieces.filter_map(|piece| {
        let at = work.pixel(Point::new(piece.rect.x, piece.rect.y));
        let (u, v, alike) = piece.print.find(&work, at, (FOOT * FINE) as usize)?;
        Some((u / FINE, v / FINE, piece.rect.y, alike))
    });
    let best = found.filter(|f| f64::from(f.3) >= ALIKE).max_by(|a, b| a.3.total_cmp(&b.3));
    if std::env::var("DBG").is_ok() { eprintln!("foot {best:?} visible {:?}", sheet.visible); }
    best.map_or(plain, |(u, v, y, _)| made((u, v), y))
}

/// Whether the photo shows what stands at a form y.
fn inside(pixels: &GrayImage, sheet: &Sheet, y: f64) -> bool {
    let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let middle = sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y));
    (0.0..w).contains(&middle.x) && (0.0..h).contains(&middle.y)
}

/// The blocks of a page.
struct Found {
    blocks: Vec<Block>,
    /// Whether nothing is left over below them.
    whole: bool,
}

impl Page<'_> {
    fn blocks(&self, blocks: &Blocks) -> Found {
        let mut out = Vec::new();
        let mut next = self.head(blocks.top);
        let (mut nominal, mut whole) = (blocks.top, false);
        while let Some((head, y)) = next.take() {
            let kind = head.kind;
            let most = self.rows(kind, y);
            let follows = (1..=most).find_map(|rows| Some((rows, self.head(y + kind.height(rows))?)));
            let rows = follows.as_ref().map_or(most, |f| f.0);
            if rows == 0 {
                return Found { blocks: out, whole: false };
            }
            // The definition's distances, not the measured ones: they are what the sheet is registered by.
            out.push(Block { kind: kind.id.clone(), y: nominal, name: None, rows: vec![None; rows] });
            nominal += kind.height(rows);
            next = follows.map(|f| f.1);
            let beyond = |k: usize| self.row(kind, y + kind.rows.y + kind.rows.pitch * k as f64);
            whole = !(rows + 1..rows + AFTER).any(beyond)
                && !self.left_over(y + kind.height(rows), blocks.end());
        }
        Found { blocks: out, whole }
    }

    /// Whether blocks begin or rows stand between two heights.
    fn left_over(&self, from: f64, to: f64) -> bool {
        let steps = ((to - from) / REACH).max(0.0) as usize;
        let mut at = (0..steps).map(|k| from + k as f64 * REACH);
        at.any(|y| self.head(y).is_some())
    }
}
