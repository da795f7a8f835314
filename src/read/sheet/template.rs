//! The form's constant print as the registration looks for it.

use super::correlate::Print;
use super::landmarks;
use crate::form::landmarks::Landmarks;
use crate::form::print::{Canvas, label_rect, text_width};
use crate::form::{Align, Field, Form, Label, Rule};
use crate::ground::geometry::{Point, Rect};
use image::GrayImage;

/// Resolution of the template, pixels per millimetre: 4 (100 dpi) puts the strokes of the smallest
/// print, 0.25 mm, on one pixel.
pub(crate) const FINE: f64 = 4.0;

/// What an anchor pins down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pins {
    /// x and y: constant text.
    Both,
    /// y alone: words, whose text varies.
    Y,
}

/// A patch of print that is looked for.
#[derive(Debug, Clone)]
pub(super) struct Anchor {
    /// Where it stands, form mm.
    pub rect: Rect,
    /// Its ink.
    pub print: Print,
    /// What it pins down.
    pub pins: Pins,
}

/// A row of text whose wording varies: its ink row by row at [`FINE`].
#[derive(Debug, Clone)]
pub(crate) struct RowPrint {
    /// Where it stands, form mm.
    pub rect: Rect,
    /// Mean ink of each line of pixels.
    pub profile: Vec<f64>,
}

/// A form's print, prepared for the registration.
#[derive(Debug, Clone)]
pub struct Template {
    /// The frame's width and height, mm.
    pub(crate) frame: (f64, f64),
    /// The anchors, top to bottom.
    pub(super) anchors: Vec<Anchor>,
    /// All upright rules higher than a row: x, y0, y1.
    pub(crate) uprights: Vec<(f64, f64, f64)>,
    /// The rows of digits, and both halves of the rows of words.
    pub(crate) rows: Vec<RowPrint>,
    /// The rows of words.
    pub(crate) words: Vec<Words>,
    /// Between which x the lines above the frame stand, and the upright rule beside them, mm; `None` where none stand there.
    pub(super) header: Option<((f64, f64), Option<f64>)>,
    /// What of it is found again.
    pub(crate) landmarks: Landmarks,
    /// The paper's width and its greatest length, mm.
    paper: (f64, f64),
}

/// A row of words, whose wording varies and whose middle does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    /// Their middle on the baseline, form mm.
    pub middle: Point,
    /// Half of what they take for zero, mm.
    pub half: f64,
    /// Em height, mm.
    pub size: f64,
}

fn union(a: Rect, b: Rect) -> Rect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    Rect::new(x, y, a.right().max(b.right()) - x, a.bottom().max(b.bottom()) - y)
}

/// The part of a canvas under a form rectangle.
fn patch(canvas: &Canvas, rect: Rect) -> (Vec<f32>, (usize, usize)) {
    let x0 = ((rect.x - canvas.origin.0) * FINE).round().max(0.0) as u32;
    let y0 = ((rect.y - canvas.origin.1) * FINE).round().max(0.0) as u32;
    let w = ((rect.width * FINE).round() as u32).min(canvas.ink.width().saturating_sub(x0));
    let h = ((rect.height * FINE).round() as u32).min(canvas.ink.height().saturating_sub(y0));
    let mut ink = Vec::with_capacity((w * h) as usize);
    for y in 0..h {
        for x in 0..w {
            ink.push(canvas.ink.get_pixel(x0 + x, y0 + y)[0]);
        }
    }
    (ink, (w as usize, h as usize))
}

impl Template {
    /// Prepares a form.
    pub fn new(form: &Form) -> Self {
        let (width, height) = form.frame;
        let margin = 4.0;
        let mut canvas = Canvas::new(-margin, -margin, width + 2.0 * margin, height + 2.0 * margin, FINE);
        canvas.constant(form);
        let constant = canvas.clone();
        let zero = form.spell(0);
        let mut anchors = Vec::new();
        for field in &form.fields {
            if let Some(slot) = &field.digits {
                canvas.text("0", slot.x, field.y, slot.align, &slot.style);
            }
            if let Some(slot) = &field.words {
                canvas.text(&zero, slot.x, field.y, slot.align, &slot.style);
                let mut words =
                    Canvas::new(-margin, -margin, width + 2.0 * margin, height + 2.0 * margin, FINE);
                words.origin = canvas.origin;
                words.text(&zero, slot.x, field.y, slot.align, &slot.style);
                let w = text_width(&zero, &slot.style);
                let rect = snap(Rect::new(
                    slot.x + slot.align.left(w),
                    field.y - 1.15 * slot.style.size,
                    w,
                    1.65 * slot.style.size,
                ));
                let (ink, size) = patch(&words, rect);
                anchors.push(Anchor { rect, print: Print::new(&ink, size), pins: Pins::Y });
            }
        }
        for rect in label_rows(form) {
            let rect = snap(Rect::new(rect.x - 0.8, rect.y - 0.6, rect.width + 1.6, rect.height + 1.2));
            let (ink, size) = patch(&constant, rect);
            anchors.push(Anchor { rect, print: Print::new(&ink, size), pins: Pins::Both });
        }
        anchors.sort_by(|a, b| a.rect.y.total_cmp(&b.rect.y).then(a.rect.x.total_cmp(&b.rect.x)));
        let rows = row_prints(form, &canvas);
        Self {
            frame: form.frame,
            anchors,
            uprights: uprights(&form.rules, 10.0),
            rows,
            words: words(form),
            header: form.header.above().then_some(((form.header.left, form.header.right), form.header.rule)),
            landmarks: landmarks::of(form),
            paper: (form.paper_width, form.paper_length.1),
        }
    }
}

impl Template {
    /// Where constant text stands by which a sheet is known, form mm.
    pub(super) fn places(&self) -> impl Iterator<Item = Point> {
        self.anchors.iter().filter(|a| a.pins == Pins::Both).map(|a| a.rect.middle())
    }

    /// At which share of its size a photo that a whole sheet fills shows landmarks as they are described.
    pub(super) fn share(&self, photo: &GrayImage) -> f64 {
        let (w, h) = (f64::from(photo.width()), f64::from(photo.height()));
        let fills =
            (w.max(h) / self.paper.1.max(self.paper.0)).min(w.min(h) / self.paper.0.min(self.paper.1));
        self.landmarks.px_per_mm / fills.max(1e-6)
    }
}

/// Where words are centred.
fn words(form: &Form) -> Vec<Words> {
    let zero = form.spell(0);
    let centred = |f: &Field| f.words.filter(|slot| slot.align == Align::Centre);
    let slots = form.fields.iter().filter_map(|f| Some((f.y, centred(f)?)));
    slots
        .map(|(y, slot)| Words {
            middle: Point::new(slot.x, y),
            half: text_width(&zero, &slot.style) / 2.0,
            size: slot.style.size,
        })
        .collect()
}

/// A rectangle on the template's pixel grid.
fn snap(r: Rect) -> Rect {
    let x = (r.x * FINE).round() / FINE;
    let y = (r.y * FINE).round() / FINE;
    Rect::new(x, y, (r.width * FINE).round() / FINE, (r.height * FINE).round() / FINE)
}

/// The rectangles of the labels that share a baseline (to 0.6 mm) and stand within 8 mm of each
/// other: one anchor each.
fn label_rows(form: &Form) -> Vec<Rect> {
    let mut labels: Vec<&Label> = form.labels.iter().collect();
    labels.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)));
    let mut rows: Vec<(f64, Rect)> = Vec::new();
    for label in labels {
        let rect = label_rect(label);
        match rows
            .iter_mut()
            .rev()
            .find(|r| (r.0 - label.y).abs() < 0.6 && rect.x - r.1.right() < 8.0 && r.1.x - rect.right() < 8.0)
        {
            Some(row) => row.1 = union(row.1, rect),
            None => rows.push((label.y, rect)),
        }
    }
    rows.into_iter().map(|r| r.1).collect()
}

/// Upright rules longer than `least` mm.
fn uprights(rules: &[Rule], least: f64) -> Vec<(f64, f64, f64)> {
    rules.iter().filter(|r| r.x0 == r.x1 && r.y1 - r.y0 > least).map(|r| (r.x0, r.y0, r.y1)).collect()
}

/// The rows of numbers by their profile, with the rules that cross them.
fn row_prints(form: &Form, canvas: &Canvas) -> Vec<RowPrint> {
    let zero = form.spell(0);
    let mut rows = Vec::new();
    let mut push = |x: f64, width: f64, y: f64, size: f64| {
        let rect = snap(Rect::new(x, y - 1.15 * size, width, 1.65 * size));
        let (ink, (w, _)) = patch(canvas, rect);
        let profile =
            ink.chunks_exact(w.max(1)).map(|line| f64::from(line.iter().sum::<f32>()) / w as f64).collect();
        rows.push(RowPrint { rect, profile });
    };
    for field in &form.fields {
        if let Some(slot) = &field.digits {
            // As wide as three digits.
            let width = 1.7 * slot.style.size;
            push(slot.x + slot.align.left(width), width, field.y, slot.style.size);
        }
        if let Some(slot) = &field.words {
            let half = text_width(&zero, &slot.style) / 2.0;
            let left = slot.x + slot.align.left(2.0 * half);
            push(left, half, field.y, slot.style.size);
            push(left + half, half, field.y, slot.style.size);
        }
    }
    rows
}
