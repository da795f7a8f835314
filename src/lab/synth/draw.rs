//! The whole sheet as the thermal printer prints it, 8 dots to the millimetre.
//!
//! In: a [`Form`] and a [`SheetTruth`]. Out: [`Drawn`]: ink (0) on paper (255), with the place of the
//! frame, hence the exact mesh. Every printed place comes from the form; the private area holds
//! invented people, and the sheet says in large grey letters that it is a sample.

use super::values::SheetTruth;
use super::{SynthRng, noise, text};
use crate::form::print::RULE_WIDTH;
use crate::form::{Align, FieldKind, Form, Slot, Style, Weight};
use crate::ground::geometry::Point;
use crate::ground::percent::Percent;
use crate::read::sheet::{Mesh, Rung};
use image::{GrayImage, Luma};
use rand::RngExt;

/// Dots per millimetre of the 203 dpi print head.
pub const DOTS: f64 = 8.0;
/// Grey of the writing over every sheet: light enough to vanish when a scan is evened to black and white.
const SAMPLE_INK: u8 = 176;
/// Blank paper below the hash, mm, to the closing rule and from it to the cut.
const FOOT: (f64, f64) = (9.5, 4.5);

/// Most lines that one line of the header wraps to.
const WRAPPED: usize = 20;

/// How much of the sheet is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// From the top edge to the cut.
    Whole,
    /// The frame and a little around it: for training the reader.
    Frame,
}

/// A drawn sheet.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The paper from edge to edge: ink 0, paper 255, 8 px/mm.
    pub pixels: GrayImage,
    /// The frame's origin in `pixels`.
    pub frame_origin: Point,
    /// Form millimetres to `pixels`.
    pub mesh: Mesh,
    /// What is printed.
    pub truth: SheetTruth,
}

/// Pen on paper in form coordinates.
struct Printer {
    pixels: GrayImage,
    origin: Point,
}

impl Printer {
    fn at(&self, x: f64, y: f64) -> Point {
        Point::new(self.origin.x + x * DOTS, self.origin.y + y * DOTS)
    }

    fn text(&mut self, text: &str, x: f64, y: f64, align: Align, style: Style) {
        let at = self.at(x, y);
        text::draw(&mut self.pixels, text, at, align, style, DOTS, 0);
    }

    /// An axis-parallel line of the rules' width, or a filled rectangle with `ink`.
    fn fill(&mut self, x0: f64, y0: f64, x1: f64, y1: f64, ink: u8) {
        let (a, b) = (self.at(x0, y0), self.at(x1, y1));
        for y in a.y.round() as i64..b.y.round() as i64 {
            for x in a.x.round() as i64..b.x.round() as i64 {
                self.set(x, y, ink);
            }
        }
    }

    fn rule(&mut self, x0: f64, y0: f64, x1: f64, y1: f64) {
        let half = RULE_WIDTH / 2.0;
        self.fill(x0 - half, y0 - half, x1 + half, y1 + half, 0);
    }

    fn set(&mut self, x: i64, y: i64, ink: u8) {
        if x >= 0 && y >= 0 && x < i64::from(self.pixels.width()) && y < i64::from(self.pixels.height()) {
            let pixel = self.pixels.get_pixel_mut(x as u32, y as u32);
            pixel[0] = pixel[0].min(ink);
        }
    }

    /// A stroke through points in form coordinates, `width` mm wide.
    fn stroke(&mut self, points: &[Point], width: f64, ink: u8) {
        let points: Vec<Point> = points.iter().map(|p| self.at(p.x, p.y)).collect();
        noise::stroke(&mut self.pixels, &points, width * DOTS, ink);
    }
}

/// Draws the sheet.
pub fn draw(form: &Form, truth: &SheetTruth, part: Part, rng: &mut SynthRng) -> Drawn {
    let header = header_lines(form, truth);
    let above = match part {
        Part::Whole => -header.first().map_or(-form.header.top, |l| l.1 - form.header.top),
        Part::Frame => 12.0,
    };
    let qr_top = form.qr.as_ref().map(|q| q.top.0 + (q.top.1 - q.top.0) * rng.random::<f64>());
    let hash_top = qr_top.zip(form.qr.as_ref()).map_or(form.private_top + 250.0, |(top, q)| top + q.size);
    let bottom = match part {
        Part::Whole => hash_top + 11.5 + FOOT.0 + FOOT.1,
        Part::Frame => form.frame.1 + 6.0,
    };
    let size = ((form.paper_width * DOTS).round() as u32, ((above + bottom) * DOTS).round() as u32);
    let origin = Point::new((form.margin_left * DOTS).round(), (above * DOTS).round());
    let mut printer = Printer { pixels: GrayImage::from_pixel(size.0, size.1, Luma([255])), origin };
    frame(&mut printer, form, truth);
    header_print(&mut printer, form, &header);
    if part == Part::Whole {
        sample(&mut printer, form, -above + 22.0);
        sample(&mut printer, form, form.private_top + 120.0);
        sample(&mut printer, form, hash_top + 18.6);
        officials(&mut printer, form, truth, qr_top.unwrap_or(hash_top), rng);
        if let (Some(payload), Some(top)) = (&truth.qr, qr_top) {
            qr(&mut printer, form, payload, top);
        }
        hash(&mut printer, form, truth, hash_top);
    }
    let mesh = mesh(form, &printer, above, bottom);
    Drawn { pixels: printer.pixels, frame_origin: origin, mesh, truth: truth.clone() }
}

/// The exact mesh of the drawing, a rung every 2 mm.
fn mesh(form: &Form, printer: &Printer, above: f64, bottom: f64) -> Mesh {
    let width = form.frame.0;
    let count = ((above + bottom) / 2.0).floor() as usize;
    let rungs = (0..=count)
        .map(|i| {
            let y = -above + 2.0 * i as f64;
            // The centre of pixel 0 stands at half a dot.
            let points = [0.0, width / 2.0, width].map(|x| {
                let p = printer.at(x, y);
                Point::new(p.x - 0.5, p.y - 0.5)
            });
            Rung { y, points }
        })
        .collect();
    Mesh { width, rungs }
}

fn frame(printer: &mut Printer, form: &Form, truth: &SheetTruth) {
    for r in &form.rules {
        printer.rule(r.x0, r.y0, r.x1, r.y1);
    }
    for l in &form.labels {
        printer.text(&l.text, l.x, l.y, l.align, l.style);
    }
    for (field, said) in form.fields.iter().zip(&truth.fields) {
        if field.kind == FieldKind::Header {
            continue;
        }
        if let (Some(slot), Some(value)) = (&field.digits, said.digits) {
            cell(printer, field.y, slot, &figures(value, slot));
        }
        if let (Some(share), Some(part)) = (&field.share, said.digits)
            && let Some(share_of) =
                truth.fields[share.whole].digits.and_then(|whole| Percent::of(part, whole))
        {
            cell(printer, share.y, &share.slot, &share_of.to_string());
        }
        if let (Some(slot), Some(value)) = (&field.words, said.words) {
            cell(printer, field.y, slot, &form.spell(value));
        }
    }
}

/// A number as its slot prints it.
fn figures(value: u32, slot: &Slot) -> String {
    match (value, slot.thousands) {
        (1000.., Some(mark)) => format!("{}{mark}{:03}", value / 1000, value % 1000),
        _ => value.to_string(),
    }
}

/// A number in its slot, wrapped where the column is narrower.
fn cell(printer: &mut Printer, y: f64, slot: &Slot, print: &str) {
    let lines =
        if slot.lines > 1 { text::wrap(print, slot.style, slot.wrap) } else { vec![print.to_owned()] };
    for (i, line) in lines.iter().enumerate() {
        printer.text(line, slot.x, y + i as f64 * slot.pitch, slot.align, slot.style);
    }
}

/// The header's printed lines: index into the form's lines, baseline, text; top to bottom.
fn header_lines(form: &Form, truth: &SheetTruth) -> Vec<(usize, f64, String)> {
    let mut lines = Vec::new();
    let mut below: Option<f64> = None;
    for (ix, line) in form.header.lines.iter().enumerate().rev() {
        let (Some(print), Some(text)) = (&line.print, truth.header_text(&line.id)) else { continue };
        let mut wrapped = text::wrap(text, print.style, print.width);
        wrapped.truncate(WRAPPED);
        let last = if line.within() { line.y } else { line.y.or(below) }.unwrap_or(-print.above);
        for (i, part) in wrapped.iter().rev().enumerate() {
            lines.push((ix, last - i as f64 * print.pitch, part.clone()));
        }
        if line.within() {
            continue;
        }
        below = Some(last - (wrapped.len().max(1) - 1) as f64 * print.pitch - print.above);
    }
    lines.sort_by(|a, b| a.1.total_cmp(&b.1));
    lines
}

fn header_print(printer: &mut Printer, form: &Form, lines: &[(usize, f64, String)]) {
    for (ix, y, text) in lines {
        if let Some(print) = &form.header.lines[*ix].print {
            printer.text(text, print.x, *y, print.align, print.style);
        }
    }
    if let (Some(x), Some(first)) = (form.header.rule, lines.first()) {
        // From a line's height above the title to just above the frame.
        printer.rule(x, first.1 - 3.0, x, -2.4);
        // An emblem that is nobody's: a screened disc.
        for i in 0..40 {
            for j in 0..40 {
                let (u, v) = (f64::from(i) - 19.5, f64::from(j) - 19.5);
                if (i + j) % 2 == 0 && u.hypot(v) < 19.0 && (u.hypot(v) > 13.0 || (i / 4 + j / 4) % 2 == 0) {
                    let (x, y) = (x / 2.0 + u * 0.25, first.1 + 7.0 + v * 0.25);
                    printer.fill(x, y, x + 0.25, y + 0.25, 0);
                }
            }
        }
    }
}

/// The writing that marks the sheet as a sample.
fn sample(printer: &mut Printer, form: &Form, y: f64) {
    let style = Style { size: 6.2, weight: Weight::Bold, space: None, tracking: 0.0 };
    let at = printer.at(form.frame.0 / 2.0, y);
    text::draw(&mut printer.pixels, &form.invent.sample, at, Align::Centre, style, DOTS, SAMPLE_INK);
}

/// The private area: a block a role, with an invented person and a scribble.
fn officials(printer: &mut Printer, form: &Form, truth: &SheetTruth, end: f64, rng: &mut SynthRng) {
    let roles = &form.officials.roles;
    if roles.is_empty() {
        return;
    }
    let bold = Style { size: 2.67, weight: Weight::Bold, space: None, tracking: 0.0 };
    let plain = Style { weight: Weight::Regular, ..bold };
    let top = form.private_top + 10.0;
    printer.text(&form.officials.title, 0.6, top, Align::Left, bold);
    let pitch = (end - 8.0 - top) / roles.len() as f64;
    for (i, role) in roles.iter().enumerate() {
        let y = top + 6.0 + i as f64 * pitch;
        printer.text(role, 0.6, y, Align::Left, bold);
        let empty = (String::new(), String::new());
        let person = truth.officials.get(i).unwrap_or(&empty);
        for (j, caption) in form.officials.captions.iter().enumerate() {
            let y = y + (j + 1) as f64 * pitch / 5.0;
            printer.text(caption, 0.6, y, Align::Left, plain);
            let answer = [person.0.as_str(), person.1.as_str()].get(j).copied();
            match answer {
                Some(answer) => printer.text(answer, 18.0, y, Align::Left, plain),
                None => {
                    printer.rule(18.0, y + 6.0, 62.0, y + 6.0);
                    scribble(printer, 20.0, y + 3.0, rng);
                }
            }
        }
    }
}

/// A signature that is nobody's.
fn scribble(printer: &mut Printer, x: f64, y: f64, rng: &mut SynthRng) {
    let (a, b, c) = (rng.random_range(2.0..6.0), rng.random_range(0.7..1.6), rng.random_range(0.2..0.5));
    let (d, e) = (rng.random_range(0.0..6.0), rng.random_range(1.0..4.0));
    let points: Vec<Point> = (0..rng.random_range(60..150))
        .map(|i| {
            let t = f64::from(i) / 4.0;
            Point::new(x + t + e * (t * b + d).sin(), y + a * (t * (b + c) + e).cos() * (1.0 - t / 40.0))
        })
        .collect();
    printer.stroke(&points, 0.5, 40);
}

/// The QR code, its modules printed as dots that grow together.
fn qr(printer: &mut Printer, form: &Form, payload: &str, top: f64) {
    use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
    let Some(spec) = &form.qr else { return };
    let least = spec.versions.iter().copied().min().unwrap_or(1).clamp(1, 40) as u8;
    let segment = [QrSegment::make_bytes(payload.as_bytes())];
    let code = QrCode::encode_segments_advanced(
        &segment,
        QrCodeEcc::Quartile,
        Version::new(least),
        Version::MAX,
        None,
        false,
    );
    let Ok(code) = code else { return };
    let module = spec.size * DOTS / f64::from(code.size());
    let start = printer.at(spec.left, top);
    // Rounded squares: corners cut at 0.68 of the module's side from its centre (by eye).
    let reach = module * 0.68;
    for my in 0..code.size() {
        for mx in 0..code.size() {
            if !code.get_module(mx, my) {
                continue;
            }
            let centre = Point::new(
                start.x + (f64::from(mx) + 0.5) * module,
                start.y + (f64::from(my) + 0.5) * module,
            );
            let half = (module / 2.0).ceil() as i64 + 1;
            for dy in -half..=half {
                for dx in -half..=half {
                    let (x, y) = (centre.x as i64 + dx, centre.y as i64 + dy);
                    let (u, v) = (x as f64 + 0.5 - centre.x, y as f64 + 0.5 - centre.y);
                    if u.abs() <= module * 0.56 && v.abs() <= module * 0.56 && u.hypot(v) <= reach {
                        printer.set(x, y, 0);
                    }
                }
            }
        }
    }
}

fn hash(printer: &mut Printer, form: &Form, truth: &SheetTruth, top: f64) {
    let Some(hash) = &truth.hash else { return };
    let style = Style { size: 2.45, weight: Weight::Regular, space: None, tracking: 0.0 };
    let centre = form.qr.as_ref().map_or(form.frame.0 / 2.0, |q| q.left + q.size / 2.0);
    for (i, line) in text::wrap(hash, style, 61.5).iter().enumerate() {
        printer.text(line, centre, top + 8.9 + 2.6 * i as f64, Align::Centre, style);
    }
    printer.rule(0.0, top + 11.5 + FOOT.0, form.frame.0, top + 11.5 + FOOT.0);
}

#[cfg(test)]
mod tests {
    use super::super::{ValueMode, sheet};
    use super::*;
    use crate::form::builtin;
    use crate::read::cut;

    #[test]
    fn the_mesh_finds_the_ink_of_every_cell_and_label() {
        let form = &builtin().unwrap()[0];
        let drawn = sheet(form, 3, ValueMode::Realistic, Part::Whole);
        for field in form.fields.iter().filter(|f| f.kind != FieldKind::Header) {
            let rect = field.digits.unwrap().line_rect(field.y, 0);
            let crop = cut::cut(&drawn.pixels, &drawn.mesh, rect, DOTS);
            let ink = crop.pixels().filter(|p| p[0] < 128).count();
            assert!(ink > 15, "{} has {ink} dots", field.id);
        }
        // A rule's own place is ink, one millimetre beside it is not.
        let on = drawn.mesh.map(Point::new(10.0, 0.0));
        assert!(drawn.pixels.get_pixel(on.x.round() as u32, on.y.round() as u32)[0] < 128);
        assert!(drawn.pixels.get_pixel(on.x.round() as u32, on.y.round() as u32 - 8)[0] > 128);
    }

    #[test]
    fn the_qr_of_a_drawn_sheet_decodes_to_its_payload() {
        let form = &builtin().unwrap()[0];
        for seed in 0..3 {
            let drawn = sheet(form, seed, ValueMode::Realistic, Part::Whole);
            let codes = zxingcpp::read().from(&super::super::tests::view(&drawn.pixels)).unwrap();
            let texts: Vec<String> = codes.iter().map(|c| c.text()).collect();
            assert!(texts.contains(drawn.truth.qr.as_ref().unwrap()), "seed {seed}: {texts:?}");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_bytes() {
        let form = &builtin().unwrap()[0];
        let a = sheet(form, 9, ValueMode::Uniform, Part::Frame);
        let b = sheet(form, 9, ValueMode::Uniform, Part::Frame);
        assert_eq!(a.pixels, b.pixels);
        assert_ne!(a.pixels, sheet(form, 10, ValueMode::Uniform, Part::Frame).pixels);
    }
}
