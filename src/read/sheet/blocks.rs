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
use crate::ground::geometry::{Point, Rect, Similar};
use image::GrayImage;

/// How far from where it should begin a block is sought, mm: less than a third of a row.
const REACH: f64 = 1.0;
/// So many rows after the last one no print may stand in its columns: one before them would have been missed.
const AFTER: usize = 4;
/// What is looked at beyond the frame, mm: the foot is sought in all of its reach.
const BESIDE: f64 = FOOT + EDGE;
/// Room around a text, mm: less than to what is printed beside it.
const ROOM: (f64, f64) = (0.4, 0.6);
/// How far from where the head has it the foot is sought, mm.
const FOOT: f64 = 6.0;
/// How often a page is looked at anew.
const ROUNDS: usize = 14;
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
        let spread =
            off.iter().fold(f64::MIN, |a, &b| a.max(b)) - off.iter().fold(f64::MAX, |a, &b| a.min(b));
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
        let sum: i64 =
            (y0..y1).flat_map(|y| ink.row(y, x0, x1.saturating_sub(x0))).map(|&v| i64::from(v)).sum();
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
            let beside =
                left + slot.align.left(slot.width) + if slot.align == Align::Left { slot.width } else { 0.0 };
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

/// The page's own form, and the sheet as all its print has it, between its head and its foot.
pub fn laid_out(pixels: &GrayImage, sheet: &Sheet, form: &Form) -> Option<(Form, Sheet)> {
    let blocks = form.blocks.as_ref()?;
    let heads: Vec<Head<'_>> = blocks.kinds.iter().map(Head::new).collect();
    let (width, height) = form.frame;
    let area = Rect::new(-BESIDE, -BESIDE, width + 2.0 * BESIDE, height + 2.0 * BESIDE);
    let mut mesh = footed(pixels, sheet, form, area)?;
    let mut before = 0;
    for _ in 0..ROUNDS {
        let found = Page { work: flatten(pixels, &mesh, area), heads: &heads }.blocks(blocks);
        let rows = found.blocks.iter().map(|b| b.rows.len()).sum();
        let own = form.laid_out(Layout { blocks: found.blocks })?.found();
        let again = register(pixels, (&Template::new(&own), sheet.form), mesh, (0.0, height))?;
        if rows == before {
            // What is not registered down to its foot may hold more than was found.
            return (found.whole && again.visible.1 >= blocks.end()).then_some((own, again));
        }
        (mesh, before) = (again.mesh, rows);
    }
    None
}

/// The mesh of a page, straight on from its head to its foot; `None` where that is not found. What is seen of the head is
/// wider than it is high: the page goes on square to it, at its scale, until the foot has told more of both.
fn footed(pixels: &GrayImage, sheet: &Sheet, form: &Form, area: Rect) -> Option<Mesh> {
    let (width, height) = form.frame;
    let (top, bottom) = (sheet.visible.0, sheet.visible.1 - 2.0 * EDGE);
    let end = form.blocks.as_ref()?.end();
    let middle = |l: &Label| label_rect(l).middle();
    // Where print was found: beyond it the mesh is a guess.
    let seen = form.labels.iter().filter(|l| (top..bottom).contains(&l.y));
    let head: Vec<(Point, Point)> = seen.map(|l| (middle(l), sheet.mesh.map(middle(l)))).collect();
    let foot: Vec<&Label> = form.labels.iter().filter(|l| l.y > end).collect();
    let pieces: Vec<Piece> = foot.iter().map(|l| Piece::new(&[], std::slice::from_ref(l), l)).collect();
    let mut square = Similar::through(&head);
    for _ in 0..2 {
        let work = flatten(pixels, &straight(|p| square.map(p), (width, height)), area);
        let find = |piece: &Piece| {
            let at = work.pixel(Point::new(piece.rect.x, piece.rect.y));
            let (u, v, alike) = piece.print.find(&work, at, (FOOT * FINE) as usize)?;
            (f64::from(alike) >= ALIKE).then_some((Point::new(u / FINE, v / FINE), alike))
        };
        let found: Vec<Option<(Point, f32)>> = pieces.iter().map(find).collect();
        let best = found.iter().flatten().max_by(|a, b| a.1.total_cmp(&b.1))?.0;
        // What stands elsewhere than the surest is something else.
        let with = foot.iter().zip(&found).filter_map(|(l, f)| Some((middle(l), f.as_ref()?.0)));
        let with = with.filter(|f| f.1.distance(best) < FOOT / 2.0);
        let moved = with.map(|(p, off)| (p, square.map(Point::new(p.x + off.x, p.y + off.y))));
        square = Similar::through(&head.iter().copied().chain(moved).collect::<Vec<_>>());
    }
    Some(straight(|p| square.map(p), (width, height)))
}

/// A mesh of a frame, as a map has its points.
fn straight(map: impl Fn(Point) -> Point, (width, height): (f64, f64)) -> Mesh {
    let rung = |y: f64| Rung { y, points: [0.0, width / 2.0, width].map(|x| map(Point::new(x, y))) };
    let rungs = (0..=(height / RUNG).ceil() as usize).map(|k| rung(k as f64 * RUNG)).collect();
    Mesh { width, rungs }
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
            whole =
                !(rows + 1..rows + AFTER).any(beyond) && !self.left_over(y + kind.height(rows), blocks.end());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{FieldKind, parse};
    use image::Luma;

    const SCALE: f64 = 8.0;
    /// Paper around the frame, mm.
    const AROUND: f64 = 12.0;

    /// A page of blocks of so many rows, all numbers 105, but for those of the row at `without`.
    fn drawn(form: &Form, rows: &[usize], without: Option<usize>) -> (GrayImage, Mesh) {
        let (width, height) = form.frame;
        let mut canvas = Canvas::new(-AROUND, -AROUND, width + 2.0 * AROUND, height + 2.0 * AROUND, SCALE);
        let blocks = form.blocks.as_ref().unwrap();
        let mut y = blocks.top;
        let block = |&rows: &usize| {
            let block = Block { kind: blocks.kinds[0].id.clone(), y, name: None, rows: vec![None; rows] };
            y += blocks.kinds[0].height(rows);
            block
        };
        let own = form.laid_out(Layout { blocks: rows.iter().map(block).collect() }).unwrap();
        canvas.constant(&own);
        let of_row = |ix: usize| match own.fields[ix].kind {
            FieldKind::Value { of, .. } => of,
            _ => ix,
        };
        let lacking = without.and_then(|n| own.votes().nth(n));
        for (_, field) in own.fields.iter().enumerate().filter(|f| Some(of_row(f.0)) != lacking) {
            let share = field.share.map(|s| (s.slot, s.y));
            for (slot, y) in field.digits.map(|s| (s, field.y)).into_iter().chain(share) {
                canvas.text("105", slot.x, y, slot.align, &slot.style);
            }
        }
        let (w, h) = canvas.ink.dimensions();
        let grey = |x, y| Luma([(230.0 - 200.0 * canvas.ink.get_pixel(x, y)[0]) as u8]);
        let rung = |y: f64| {
            let at = |x: f64| Point::new((x + AROUND) * SCALE - 0.5, (y + AROUND) * SCALE - 0.5);
            Rung { y, points: [0.0, width / 2.0, width].map(at) }
        };
        (GrayImage::from_fn(w, h, grey), Mesh { width, rungs: vec![rung(0.0), rung(height)] })
    }

    /// The definitions of two variants of one report.
    fn variants() -> [Form; 2] {
        let a = include_str!("../../../forms/us-in-2024-precinct-a-pages.toml");
        let b = include_str!("../../../forms/us-in-2024-precinct-b-pages.toml");
        [a, b].map(|text| parse("pages", text).unwrap())
    }

    /// The sheet as its head tells it: a little turned and too large, so that its foot is sought 3 mm from where it is.
    fn headed(mesh: &Mesh) -> Sheet {
        let centre = mesh.map(Point::new(60.0, 20.0));
        let off = |p: Point| {
            let (x, y) = (p.x - centre.x, p.y - centre.y);
            Point::new(centre.x + 1.008 * x - 0.01 * y, centre.y + 1.008 * y + 0.01 * x)
        };
        let rungs = mesh.rungs.iter().map(|r| Rung { y: r.y, points: r.points.map(off) }).collect();
        Sheet::known(Mesh { width: mesh.width, rungs }, (0.0, 42.0))
    }

    fn rows_found(form: &Form, rows: &[usize], without: Option<usize>) -> Option<Vec<usize>> {
        let (pixels, mesh) = drawn(form, rows, without);
        let (own, sheet) = laid_out(&pixels, &headed(&mesh), form)?;
        for p in [(5.0, 20.0), (100.0, 120.0), (170.0, form.frame.1 - 5.0)].map(|(x, y)| Point::new(x, y)) {
            assert!(sheet.mesh.map(p).distance(mesh.map(p)) < 0.3 * SCALE, "{p:?} is astray");
        }
        own.layout.map(|l| l.blocks.iter().map(|b| b.rows.len()).collect())
    }

    #[test]
    fn as_many_blocks_and_rows_are_found_as_a_page_shows() {
        for form in variants() {
            for rows in [&[1][..], &[2, 5, 1, 3], &[1, 1, 1, 1, 1, 1, 1, 1, 1, 1], &[9, 2]] {
                assert_eq!(rows_found(&form, rows, None).as_deref(), Some(rows), "{}", form.id);
            }
        }
    }

    #[test]
    fn a_page_on_which_a_row_is_hidden_is_not_taken_for_one_with_a_row_less() {
        for form in variants() {
            assert_eq!(rows_found(&form, &[2, 5, 2], Some(3)), None, "within a block");
            assert_eq!(rows_found(&form, &[2, 5], Some(5)), None, "before the last row of the last block");
        }
    }

    #[test]
    fn a_page_whose_foot_is_cut_off_is_refused() {
        for form in variants() {
            let (pixels, mesh) = drawn(&form, &[2, 3], None);
            let end = mesh.map(Point::new(0.0, form.blocks.as_ref().unwrap().end() - 10.0)).y as u32;
            let cut = image::imageops::crop_imm(&pixels, 0, 0, pixels.width(), end).to_image();
            assert!(laid_out(&cut, &headed(&mesh), &form).is_none(), "{}", form.id);
        }
    }
}
