//! Constant text: what it says, and how it is printed.
//!
//! In: [`Marks`]. Out: a [`Phrase`] each stretch of constant text that Tesseract reads and that looks, drawn, like what stands
//! there; beside them the places of those that do not. Refuses nothing: a print that is not understood is left open.

use super::cells::joined;
use super::lay::median;
use super::marks::{Marks, PX, Part, alike};
use super::numbers::FIGURES;
use crate::form::print::{ink, text_width};
use crate::form::{Style, Weight};
use image::{GrayImage, Luma};

/// Signs that are farther apart than this share of their height are of two texts.
const APART: f64 = 1.1;
/// How alike a text looks that is drawn as it was read.
const DRAWN: f64 = 0.45;

/// A constant text.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    /// What it says.
    pub text: String,
    /// Where its pen begins, mm.
    pub x: f64,
    /// Its baseline, mm.
    pub y: f64,
    /// How it is printed.
    pub style: Style,
    /// Its ink, px.
    pub part: Part,
    /// Whether it looks, drawn, like what stands there; one that does not is a name alone.
    pub drawn: bool,
}

impl Phrase {
    /// Where its pen ends, mm.
    pub fn right(&self) -> f64 {
        self.x + text_width(&self.text, &self.style)
    }

    /// Whether it has letters.
    pub fn is_name(&self) -> bool {
        self.text.chars().filter(|c| c.is_alphabetic()).count() > 1
    }
}

/// A style of so much em.
pub(super) fn text_style(size: f64, weight: Weight) -> Style {
    Style { size, weight, space: None, tracking: 0.0 }
}

/// A text drawn with its pen's start at (4 px, `base` px): the ink, and its box.
fn drawn(text: &str, style: &Style) -> Option<(GrayImage, Part, i32)> {
    let (w, h) = (text_width(text, style) * PX + 12.0, style.size * PX * 1.6);
    let base = (style.size * PX * 1.1).round();
    let mut out = GrayImage::new(w.ceil() as u32 + 1, h.ceil() as u32 + 1);
    ink(text, (4.0, base), style, PX, |x, y, coverage| {
        if x >= 0 && y >= 0 && (x as u32) < out.width() && (y as u32) < out.height() {
            let p = out.get_pixel_mut(x as u32, y as u32);
            p[0] = p[0].max((255.0 * coverage) as u8);
        }
    });
    let mut part: Option<Part> = None;
    for (x, y, _) in out.enumerate_pixels().filter(|p| p.2[0] > 100) {
        let one = Part { x0: x as i32, y0: y as i32, x1: x as i32 + 1, y1: y as i32 + 1 };
        part = Some(part.map_or(one, |p| p.with(&one)));
    }
    Some((out, part?, base as i32))
}

/// How a text is printed.
pub(super) struct Fit {
    /// Where its pen begins and its baseline, mm.
    pub at: (f64, f64),
    /// Its style by its width, or by its height where it is short.
    pub style: Style,
    /// How alike it looks.
    pub score: f64,
    /// How much higher its ink is than that of a text of its width, px.
    pub bleed: f64,
}

/// How much more a bold text has to look like what stands there: ink that bleeds makes all print bold.
const BOLD: f64 = 0.06;

/// How a text is printed whose ink takes a box and bleeds by so much, px.
pub(super) fn fit(ink: &GrayImage, text: &str, part: &Part, bleed: f64) -> Option<Fit> {
    let mut best: Option<(f64, Fit)> = None;
    for weight in [Weight::Regular, Weight::Bold] {
        let guess = text_style(f64::from(part.height()) / PX / FIGURES, weight);
        let (_, box_, _) = drawn(text, &guess)?;
        // A short text is as high as it is wide: there its height tells its size.
        let by_width = guess.size * (f64::from(part.width()) - bleed) / f64::from(box_.width());
        let by_height = guess.size * (f64::from(part.height()) - bleed) / f64::from(box_.height());
        let share = (f64::from(part.width()) / (4.0 * f64::from(part.height()))).min(1.0);
        let size = by_width * share + by_height * (1.0 - share);
        if !(0.5..=60.0).contains(&size) || by_width > 1.35 * by_height || by_height > 1.35 * by_width {
            continue;
        }
        let style = text_style(size, weight);
        let (picture, own, base) = drawn(text, &style)?;
        let mut there = GrayImage::new(picture.width(), picture.height());
        let half = (bleed / 2.0).round() as i32;
        let (dx, dy) = (part.x0 + half - own.x0, part.y1 - half - own.y1);
        for (x, y, p) in there.enumerate_pixels_mut() {
            let (u, v) = (x as i32 + dx, y as i32 + dy);
            let within = u >= part.x0 - 1 && u <= part.x1 && v >= 0 && (v as u32) < ink.height();
            if within && u >= 0 && (u as u32) < ink.width() {
                *p = Luma([ink.get_pixel(u as u32, v as u32)[0]]);
            }
        }
        let score = alike(&picture, &there, &own, 1);
        let worth = score - if weight == Weight::Bold { BOLD } else { 0.0 };
        if best.as_ref().is_none_or(|b| worth > b.0) {
            let at = (f64::from(dx + 4) / PX, f64::from(dy + base) / PX);
            let bleed = f64::from(part.height()) - f64::from(box_.height()) * by_width / guess.size;
            best = Some((worth, Fit { at, style, score, bleed }));
        }
    }
    best.map(|b| b.1)
}

/// The constant texts outside of `places`, what is no text, and how much ink bleeds, px.
pub(super) fn read(marks: &Marks, places: &[Part]) -> (Vec<Phrase>, Vec<Part>, f64) {
    let free = |p: &&Part| {
        let (x, y) = ((p.x0 + p.x1) / 2, (p.y0 + p.y1) / 2);
        !places.iter().any(|o| x >= o.x0 - 1 && x <= o.x1 + 1 && y >= o.y0 - 2 && y <= o.y1 + 3)
    };
    let signs: Vec<Part> = marks.constant.iter().filter(free).copied().collect();
    let mut boxes = joined(&signs, APART);
    // Points, dashes and accents are too small to begin a text.
    for text in &mut boxes {
        let high = text.height();
        let own = |p: &&Part| p.beside(text) > 0 && p.gap(text) * 10 < high * 4 && p.height() < high;
        let small: Vec<Part> = signs.iter().filter(own).copied().collect();
        *text = small.iter().fold(*text, |t, p| t.with(p));
    }
    let said: Vec<(Part, Option<String>)> =
        boxes.into_iter().map(|part| (part, said(marks, &part))).collect();
    let fitted =
        |(part, text): &(Part, Option<String>), bleed: f64| fit(&marks.print, text.as_ref()?, part, bleed);
    let long = said.iter().filter(|s| s.0.width() > 5 * s.0.height());
    let bleeds = long.filter_map(|s| fitted(s, 0.0)).filter(|f| f.score > DRAWN).map(|f| f.bleed);
    let bleed = median(bleeds.collect()).clamp(0.0, 3.0);
    let (mut phrases, mut open) = (Vec::new(), Vec::new());
    for one in said {
        match fitted(&one, bleed).zip(one.1) {
            Some((f, text)) => {
                let drawn = f.score > DRAWN;
                phrases.push(Phrase { text, x: f.at.0, y: f.at.1, style: f.style, part: one.0, drawn });
                open.extend((!drawn).then_some(one.0));
            }
            None => open.push(one.0),
        }
    }
    (phrases, open, bleed)
}

/// What Tesseract reads of a constant print.
#[cfg(feature = "tesseract")]
fn said(marks: &Marks, part: &Part) -> Option<String> {
    use crate::read::glyphs::{Charset, tesseract};
    let margin = 8;
    let (w, h) = (part.width() + 2 * margin, part.height() + 2 * margin);
    let crop = GrayImage::from_fn(w as u32, h as u32, |x, y| {
        let (x, y) = (x as i32 + part.x0 - margin, y as i32 + part.y0 - margin);
        let within = x >= part.x0 - 1 && x <= part.x1 && y >= part.y0 - 1 && y <= part.y1;
        let on = within
            && x >= 0
            && y >= 0
            && (x as u32) < marks.print.width()
            && (y as u32) < marks.print.height();
        Luma([if on { 255 - marks.print.get_pixel(x as u32, y as u32)[0] } else { 255 }])
    });
    let (text, sure) = tesseract::with_engine(|engine| engine.line(&crop, Charset::Text))?;
    (sure > 0.4 && !text.is_empty() && !text.contains('\n')).then_some(text)
}

#[cfg(not(feature = "tesseract"))]
fn said(_: &Marks, _: &Part) -> Option<String> {
    None
}
