//! Drawing of a form's print: text and rules as ink coverage.
//!
//! In: labels, rules and texts in form millimetres. Out: ink coverage (0 none, 1 full) on a canvas
//! of a chosen resolution. Used by the registration for its template and by `synth` for whole
//! sheets, so that both mean the same print. Glyphs are Liberation Sans (SIL Open Font License),
//! whose widths are those of the machine's Helvetica-like face; its Q, whose tail hangs below the line, is
//! drawn as the machine prints it: an O with a stroke across its foot.

use super::{Align, Form, Label, Rule, Style, Weight};
use crate::ground::geometry::Rect;
use ab_glyph::{Font, FontRef, Glyph, Outline, OutlineCurve, OutlinedGlyph, PxScale, ScaleFont, point};
use image::{ImageBuffer, Luma};
use std::sync::LazyLock;

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../models/fonts/LiberationSans-Regular.ttf"))
        .expect("the font is part of the program and tested")
});
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../models/fonts/LiberationSans-Bold.ttf"))
        .expect("the font is part of the program and tested")
});

/// Width of a printed rule, mm: two dots at 203 dpi.
pub const RULE_WIDTH: f64 = 0.25;

/// Ink coverage of a piece of paper.
#[derive(Debug, Clone)]
pub struct Canvas {
    /// Coverage, 0 to 1.
    pub ink: ImageBuffer<Luma<f32>, Vec<f32>>,
    /// Pixels per millimetre.
    pub px_per_mm: f64,
    /// Form coordinates of the canvas's top-left corner, mm.
    pub origin: (f64, f64),
}

fn font(style: &Style) -> &'static FontRef<'static> {
    match style.weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    }
}

/// The scale at which the font's em is `em` pixels.
fn scale(font: &FontRef<'_>, em: f64) -> PxScale {
    let units = f64::from(font.units_per_em().unwrap_or(2048.0));
    PxScale::from((em * f64::from(font.height_unscaled()) / units) as f32)
}

/// Corners of the stroke across a Q's foot, in the font's units of 2048 an em (set by eye on scans).
const TAIL: [(f32, f32); 4] = [(871.0, 404.0), (1526.0, 15.0), (1468.0, -124.0), (829.0, 282.0)];
/// The same in bold.
const BOLD_TAIL: [(f32, f32); 4] = [(834.0, 418.0), (1516.0, 37.0), (1413.0, -155.0), (748.0, 212.0)];

/// The outline of a sign as the machine prints it.
fn outline(font: &FontRef<'_>, c: char, weight: Weight) -> Option<Outline> {
    if c != 'Q' {
        return font.outline(font.glyph_id(c));
    }
    let mut outline = font.outline(font.glyph_id('O'))?;
    let tail = if weight == Weight::Bold { BOLD_TAIL } else { TAIL };
    for k in 0..tail.len() {
        let (a, b) = (tail[k], tail[(k + 1) % tail.len()]);
        outline.curves.push(OutlineCurve::Line(point(a.0, a.1), point(b.0, b.1)));
        // A font's y points up: its bounds keep the top as the least, the foot as the most.
        outline.bounds.max.y = outline.bounds.max.y.min(a.1);
        outline.bounds.max.x = outline.bounds.max.x.max(a.0);
    }
    Some(outline)
}

/// Where a label's letters stand, accents and descenders with them, form mm.
pub fn label_rect(label: &Label) -> Rect {
    let width = text_width(&label.text, &label.style);
    Rect::new(label.x + label.align.left(width), label.y - 0.78 * label.style.size, width, label.style.size)
}

/// Printed width of a text, mm.
pub fn text_width(text: &str, style: &Style) -> f64 {
    let font = font(style);
    // Measured at 100 px an em, then scaled: widths are linear.
    let scaled = font.as_scaled(scale(font, 100.0));
    let mut width = 0.0;
    for c in text.chars() {
        width += match (c, style.space) {
            (' ', Some(space)) => space * 100.0,
            _ => f64::from(scaled.h_advance(font.glyph_id(c))) + style.tracking * 100.0,
        };
    }
    width / 100.0 * style.size
}

/// Hands the coverage of every pixel that a line of text inks to `add`; `at` is the pen's start on
/// the baseline in pixels.
pub fn ink(text: &str, at: (f64, f64), style: &Style, px_per_mm: f64, mut add: impl FnMut(i64, i64, f32)) {
    let font = font(style);
    let em = style.size * px_per_mm;
    let scale = scale(font, em);
    let scaled = font.as_scaled(scale);
    let mut pen = at.0;
    for c in text.chars() {
        let id = font.glyph_id(c);
        if let (' ', Some(space)) = (c, style.space) {
            pen += space * em;
            continue;
        }
        let glyph = Glyph { id, scale, position: point(pen as f32, at.1 as f32) };
        pen += f64::from(scaled.h_advance(id)) + style.tracking * em;
        if let Some(outline) = outline(font, c, style.weight) {
            let outline = OutlinedGlyph::new(glyph, outline, scaled.scale_factor());
            let bounds = outline.px_bounds();
            outline.draw(|gx, gy, coverage| {
                add(bounds.min.x as i64 + i64::from(gx), bounds.min.y as i64 + i64::from(gy), coverage);
            });
        }
    }
}

impl Canvas {
    /// A clean canvas for the form rectangle `x`, `y`, `width`, `height` (mm).
    pub fn new(x: f64, y: f64, width: f64, height: f64, px_per_mm: f64) -> Self {
        let w = (width * px_per_mm).ceil().max(1.0) as u32;
        let h = (height * px_per_mm).ceil().max(1.0) as u32;
        Self { ink: ImageBuffer::new(w, h), px_per_mm, origin: (x, y) }
    }

    fn add(&mut self, x: i64, y: i64, coverage: f32) {
        if x >= 0 && y >= 0 && x < i64::from(self.ink.width()) && y < i64::from(self.ink.height()) {
            let p = self.ink.get_pixel_mut(x as u32, y as u32);
            p[0] = (p[0] + coverage).min(1.0);
        }
    }

    /// Draws one line of text; `x`, `y` in form mm, `y` the baseline.
    pub fn text(&mut self, text: &str, x: f64, y: f64, align: Align, style: &Style) {
        let start = match align {
            Align::Left => x,
            Align::Centre => x - text_width(text, style) / 2.0,
            Align::Right => x - text_width(text, style),
        };
        let pen = (start - self.origin.0) * self.px_per_mm;
        let base = (y - self.origin.1) * self.px_per_mm;
        ink(text, (pen, base), style, self.px_per_mm, |x, y, coverage| self.add(x, y, coverage));
    }

    /// Draws a label.
    pub fn label(&mut self, label: &Label) {
        self.text(&label.text, label.x, label.y, label.align, &label.style);
    }

    /// Draws a rule, centred on its coordinates.
    pub fn rule(&mut self, rule: &Rule) {
        let half = RULE_WIDTH / 2.0;
        let (x0, x1) = (rule.x0 - half, rule.x1 + half);
        let (y0, y1) = (rule.y0 - half, rule.y1 + half);
        let px = |v: f64, o: f64| (v - o) * self.px_per_mm;
        let (px0, px1) = (px(x0, self.origin.0), px(x1, self.origin.0));
        let (py0, py1) = (px(y0, self.origin.1), px(y1, self.origin.1));
        for iy in py0.floor() as i64..=py1.ceil() as i64 {
            let cy = (py1.min(iy as f64 + 1.0) - py0.max(iy as f64)).max(0.0);
            for ix in px0.floor() as i64..=px1.ceil() as i64 {
                let cx = (px1.min(ix as f64 + 1.0) - px0.max(ix as f64)).max(0.0);
                if cx * cy > 0.0 {
                    self.add(ix, iy, (cx * cy) as f32);
                }
            }
        }
    }

    /// Draws a form's constant print: its rules and labels.
    pub fn constant(&mut self, form: &Form) {
        for rule in &form.rules {
            self.rule(rule);
        }
        for label in &form.labels {
            self.label(label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tail adds ink to an O at its foot, and takes none away.
    #[test]
    fn a_q_is_an_o_with_a_stroke_across_its_foot() {
        for weight in [Weight::Regular, Weight::Bold] {
            let style = Style { size: 10.0, weight, space: None, tracking: 0.0 };
            let drawn = |text: &str| {
                let mut canvas = Canvas::new(0.0, 0.0, 10.0, 14.0, 8.0);
                canvas.text(text, 1.0, 10.0, Align::Left, &style);
                canvas.ink
            };
            let (o, q) = (drawn("O"), drawn("Q"));
            let more: Vec<(u32, u32)> = o
                .enumerate_pixels()
                .filter(|(x, y, p)| q.get_pixel(*x, *y)[0] > p[0] + 0.5)
                .map(|p| (p.0, p.1))
                .collect();
            assert!(o.pixels().zip(q.pixels()).all(|(o, q)| q[0] > o[0] - 0.01), "{weight:?}");
            assert!(
                more.len() > 100 && more.iter().all(|p| p.0 > 36 && p.1 > 60 && p.1 < 88),
                "{weight:?} {more:?}"
            );
        }
    }

    #[test]
    fn text_inks_the_canvas_between_its_measured_ends() {
        let style = Style { size: 2.0, weight: Weight::Regular, space: None, tracking: 0.0 };
        let mut canvas = Canvas::new(0.0, 0.0, 30.0, 6.0, 8.0);
        canvas.text("1017", 15.0, 4.0, Align::Centre, &style);
        let columns: Vec<u32> = (0..canvas.ink.width())
            .filter(|&x| (0..canvas.ink.height()).any(|y| canvas.ink.get_pixel(x, y)[0] > 0.3))
            .collect();
        let width = (columns[columns.len() - 1] - columns[0]) as f64 / 8.0;
        assert!((width - text_width("1017", &style)).abs() < 0.5, "{width}");
        let middle = f64::from(columns[0] + columns[columns.len() - 1]) / 16.0;
        assert!((middle - 15.0).abs() < 0.3, "{middle}");
    }
}
