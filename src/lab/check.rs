//! A definition held against samples of its form: what is read, what never holds, and where its places are off.
//!
//! In: what was digitized of samples. Out: [`Checked`]. A print is off where its ink stands elsewhere than the same text drawn
//! by the definition: at its left and right ends, its top and its foot. Refuses (passes over) ink that runs on beyond
//! a print's place, and prints that are not read.

use crate::form::print::{Canvas, label_rect};
use crate::form::{FieldKind, Form, Label};
use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::photo::greys::Greys;
use crate::read::sheet::Mesh;
use crate::run::pipeline::Digitized;
use image::{GrayImage, Luma};
use serde::Serialize;
use std::collections::BTreeMap;

/// Pixels a millimetre in which ink is measured.
const SCALE: f64 = 10.0;
/// So far around its place a print is sought, mm across and down: less than to the next print.
const AROUND: (f64, f64) = (1.2, 0.7);
/// Ink is at least so much darker than its paper.
const CONTRAST: u8 = 50;
/// From here on a print is off, mm: a tenth of a row, and what scanners bend.
pub const OFF: f64 = 0.3;
/// A sheet says something of a definition with so many of its anchors.
const ANCHORS: f64 = 0.3;

/// What samples say of a definition.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// Pages that were looked at.
    pub pages: usize,
    /// Sheets of the form that were found.
    pub sheets: usize,
    /// Share of the constant print that was found, a sheet each.
    pub anchors: Vec<f64>,
    /// How far it stood from its place, mm, a sheet each.
    pub residual: Vec<f64>,
    /// By number: on how many sheets it is sure, and open.
    pub numbers: BTreeMap<String, Counted>,
    /// By relation: on how many sheets it holds, is broken, and cannot be told.
    pub relations: BTreeMap<String, Held>,
    /// Prints that are off, the farthest first.
    pub off: Vec<Off>,
    /// Prints that were measured.
    pub measured: usize,
    #[serde(skip)]
    seen: BTreeMap<String, Vec<[f64; 4]>>,
}

/// How often a number is read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// With 0.99 and more.
    pub sure: usize,
    /// Not at all, or with less.
    pub open: usize,
}

/// How often a relation holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its sides are equal.
    pub holds: usize,
    /// They are not.
    pub broken: usize,
    /// A number of it is not known.
    pub open: usize,
}

/// A print that stands elsewhere than its definition says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Off {
    /// A label's text, or where numbers of a column or a row stand.
    pub what: String,
    /// How much its left and right ends, its top and its foot are farther right and down, mm: the middle of all sheets.
    pub by: [f64; 4],
    /// How often it was measured.
    pub times: usize,
}

impl Off {
    /// How far it is off, across or down, mm: both of its ends have to be, or its width alone; ink beside it moves one.
    fn most(&self) -> f64 {
        let [left, right, top, foot] = self.by;
        let both = |a: f64, b: f64| if a * b > 0.0 { f64::min(a.abs(), b.abs()) } else { 0.0 };
        let wide = if f64::max(top.abs(), foot.abs()) < OFF / 2.0 { (right - left).abs() / 2.0 } else { 0.0 };
        both(left, right).max(both(top, foot)).max(wide)
    }
}

impl Checked {
    /// Hears of one page.
    pub fn hear(&mut self, form: &Form, page: &[Digitized]) {
        self.pages += 1;
        for sheet in page {
            let Some((evidence, pixels)) = sheet.evidence.as_ref().zip(sheet.pixels.as_deref()) else {
                continue;
            };
            let Some(placed) =
                evidence.placed.as_ref().filter(|p| evidence.form.id == form.id && p.anchors >= ANCHORS)
            else {
                continue;
            };
            // Of a page of blocks its own.
            let form = &evidence.form;
            self.sheets += 1;
            self.anchors.push(placed.anchors);
            self.residual.push(placed.residual);
            for check in &sheet.record.checks {
                let held = self.relations.entry(check.id.clone()).or_default();
                match check.holds {
                    Some(true) => held.holds += 1,
                    Some(false) => held.broken += 1,
                    None => held.open += 1,
                }
            }
            for label in &form.labels {
                self.measure(label.text.clone(), label, pixels, &placed.mesh);
            }
            for (id, value) in sheet.record.numbers() {
                let counted = self.numbers.entry(id.to_string()).or_default();
                let Some(number) = value.value.filter(|_| value.confidence >= 0.99) else {
                    counted.open += 1;
                    continue;
                };
                counted.sure += 1;
                let Some(field) = form.field(&id).map(|ix| &form.fields[ix]) else { continue };
                let Some(slot) = field.digits.as_ref().filter(|_| number < 1000) else { continue };
                let (text, x, style) = (number.to_string(), slot.x, slot.style);
                let print = Label { text, x, y: field.y, align: slot.align, style };
                let column = match &field.kind {
                    FieldKind::Value { name, .. } => format!("numbers {name} at x = {x}"),
                    _ => format!("numbers at x = {x}"),
                };
                self.measure(column, &print, pixels, &placed.mesh);
            }
        }
    }

    /// Hears of all that another heard of.
    pub fn join(&mut self, other: Self) {
        self.pages += other.pages;
        self.sheets += other.sheets;
        self.anchors.extend(other.anchors);
        self.residual.extend(other.residual);
        for (id, n) in other.numbers {
            let own = self.numbers.entry(id).or_default();
            *own = Counted { sure: own.sure + n.sure, open: own.open + n.open };
        }
        for (id, h) in other.relations {
            let own = self.relations.entry(id).or_default();
            *own =
                Held { holds: own.holds + h.holds, broken: own.broken + h.broken, open: own.open + h.open };
        }
        for (key, by) in other.seen {
            self.seen.entry(key).or_default().extend(by);
        }
    }

    /// How far one print is off.
    fn measure(&mut self, key: String, print: &Label, pixels: &GrayImage, mesh: &Mesh) {
        let place = label_rect(print);
        let area = Rect::new(
            place.x - AROUND.0,
            place.y - AROUND.1,
            place.width + 2.0 * AROUND.0,
            place.height + 2.0 * AROUND.1,
        );
        let mut canvas = Canvas::new(area.x, area.y, area.width, area.height, SCALE);
        canvas.label(print);
        let drawn = GrayImage::from_fn(canvas.ink.width(), canvas.ink.height(), |x, y| {
            Luma([(255.0 - 255.0 * canvas.ink.get_pixel(x, y)[0]) as u8])
        });
        let seen = cut::cut(pixels, mesh, area, SCALE);
        if let (Some(drawn), Some(seen)) = (bounds(&drawn), bounds(&seen)) {
            let by = [0, 1, 2, 3].map(|side| (seen[side] - drawn[side]) / SCALE);
            self.seen.entry(key).or_default().push(by);
        }
    }

    /// What all pages say together.
    pub fn settle(mut self) -> Self {
        for (what, all) in std::mem::take(&mut self.seen) {
            self.measured += all.len();
            let middle = |side: usize| {
                let mut values: Vec<f64> = all.iter().map(|by| by[side]).collect();
                values.sort_by(f64::total_cmp);
                (100.0 * values[values.len() / 2]).round() / 100.0
            };
            let off = Off { what, by: [0, 1, 2, 3].map(middle), times: all.len() };
            if off.most() >= OFF && 2 * off.times >= self.sheets {
                self.off.push(off);
            }
        }
        self.off.sort_by(|a, b| b.most().total_cmp(&a.most()).then_with(|| a.what.cmp(&b.what)));
        self
    }
}

/// The first and the last column with ink, the first and the last row, px; `None` where there is none, or it runs on
/// beyond the picture.
fn bounds(picture: &GrayImage) -> Option<[f64; 4]> {
    let greys = Greys::of(picture);
    let (ink, paper) = (greys.share(0.01), greys.share(0.6));
    if paper.saturating_sub(ink) < CONTRAST {
        return None;
    }
    let level = ink / 2 + paper / 2;
    let (w, h) = picture.dimensions();
    let dark = |x: u32, y: u32| picture.get_pixel(x, y)[0] < level;
    let columns: Vec<u32> = (0..w).filter(|&x| (0..h).filter(|&y| dark(x, y)).count() > 1).collect();
    let rows: Vec<u32> = (0..h).filter(|&y| (0..w).filter(|&x| dark(x, y)).count() > 1).collect();
    let (left, right) = (*columns.first()?, *columns.last()?);
    let (top, foot) = (*rows.first()?, *rows.last()?);
    let within = left > 0 && right + 1 < w && top > 0 && foot + 1 < h;
    within.then(|| [left, right, top, foot].map(f64::from))
}
