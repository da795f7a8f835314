//! The header: what stands above the frame, and the hash lines below.
//!
//! In: a registered sheet, the form's header definition, the readers. Out: [`HeaderRead`]: what each reader says of each line
//! that was found, by the line's id in the form, and of the numbers that stand there. Nothing is concluded, and what the
//! form says is constant is read only to find the way. The private block between the frame and the QR code is never
//! looked at: the hash is sought under a QR code that was decoded.

mod lines;
mod looks;
mod place;
mod reader;
mod show;
mod spell;

pub use show::{FoundLine, LinePlace, flattened, found_lines};

use crate::form::print::text_width;
use crate::form::{FieldIx, Form, HeaderLine};
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::belief::Distribution;
use crate::read::cut;
use crate::read::evidence::{TextEvidence, TextLine, TextReading};
use crate::read::glyphs::{
    CellReading, Charset, LineCrops, Look, NumberCrops, ReaderChoice, ReaderId, Readers, Reading,
};
use crate::read::photo::mask::Masked;
use crate::read::sheet::{Mesh, Sheet};
use lines::Line;
use looks::window;
use place::Passed;
use reader::LineReaders;
use regex::Regex;
use std::collections::BTreeMap;

/// What was read around the frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeaderRead {
    /// Texts by the id of their line; `hash` for the hash.
    pub texts: BTreeMap<String, TextEvidence>,
    /// Numbers that stand in a line of their own, and where.
    pub numbers: Vec<(FieldIx, CellReading, Quad)>,
}

/// How far above the frame the header can begin, mm (the longest of 42 scans: 118).
const HIGHEST: f64 = 160.0;
/// How far under the QR code the hash's lines end, mm (12 on scans), and its widest line.
const HASH_DEPTH: f64 = 16.0;
/// Em of the hash's print, mm (64 signs on two lines of 61 mm).
const HASH_EM: f64 = 2.45;

/// Reads the header of a sheet and the hash under its QR code, whose corners are `qr` if it was decoded.
pub fn read(
    photo: Masked<'_>,
    sheet: &Sheet,
    form: &Form,
    qr: Option<Quad>,
    (readers, choice): (&Readers, ReaderChoice),
) -> HeaderRead {
    let readers = LineReaders::new(readers, choice, form.places);
    let start = sheet.mesh.extended(-HIGHEST, form.frame.1);
    let header = Header { form, photo, mesh: start, readers };
    let mut out = HeaderRead::default();
    for placed in header.place() {
        let spec = placed.spec;
        match form.field(&spec.id) {
            Some(field) => {
                let line = &placed.lines[0].0;
                let read = header.number(sheet, line, spec);
                out.numbers.extend(read.map(|reading| (field, reading, header.ink_quad(line))));
            }
            None => {
                let text = header.text(spec, &placed.lines);
                out.texts.insert(spec.id.clone(), text);
            }
        }
    }
    out.texts.extend(qr.and_then(|quad| header.hash(quad)).map(|hash| ("hash".to_owned(), hash)));
    out
}

/// Where the header stands, form mm.
fn area(form: &Form) -> Rect {
    let (left, right) = (form.header.left, form.header.right);
    Rect::new(left, -HIGHEST, right + 1.5 - left, HIGHEST - 0.8)
}

/// The header of one sheet.
struct Header<'a> {
    form: &'a Form,
    photo: Masked<'a>,
    /// Form millimetres to pixels, up to the paper's end.
    mesh: Mesh,
    readers: LineReaders<'a>,
}

impl Header<'_> {
    /// Em of a line's print, mm; of one that the form does not give a style, the code line's.
    fn em_of(&self, id: &str) -> f64 {
        let size = |id: &str| self.form.header_line(id)?.print.as_ref().map(|p| p.style.size);
        size(id).or_else(|| size("code")).unwrap_or(2.44)
    }

    /// A line's cuts for the readers, in a print of `em` (mm).
    fn cuts(&self, line: &Line, em: f64) -> LineCrops {
        line.crops(self.photo.pixels, &self.mesh, em)
    }

    /// What the readers say of a whole line.
    fn line(&self, line: &Line, spec: &HeaderLine, charset: Charset) -> Vec<TextReading> {
        self.second(self.first(line, spec, charset), line, spec, charset)
    }

    /// What the first of them says of it, by which the lines are told from each other.
    fn first(&self, line: &Line, spec: &HeaderLine, charset: Charset) -> Vec<TextReading> {
        let crops = self.cuts(line, self.em_of(&spec.id));
        // The identifier stands on two lines, of which neither fits.
        let whole = !matches!(charset, Charset::Uuid | Charset::Text);
        self.readers.first(&crops, charset, spec.pattern.as_ref().filter(|_| whole))
    }

    /// That, and what other cuts and then the second reader say where it leaves the line open.
    fn second(
        &self,
        said: Vec<TextReading>,
        line: &Line,
        spec: &HeaderLine,
        charset: Charset,
    ) -> Vec<TextReading> {
        if !self.readers.open(&said, charset) {
            return said;
        }
        let em = self.em_of(&spec.id);
        let crops = self.cuts(line, em);
        let said = match charset {
            Charset::Capitals | Charset::Text => {
                self.readers.closer(said, &crops, &self.beside(line, em), charset)
            }
            _ => said,
        };
        self.readers.second(said, &crops, charset)
    }

    /// The place of a line's ink.
    fn ink_quad(&self, line: &Line) -> Quad {
        let (left, right) = line.ink.unwrap_or((line.rect.x, line.rect.right()));
        self.mesh.quad(Rect::new(left, line.rect.y, right - left, line.rect.height))
    }

    /// A text whose lines are these; what was not read while they were sought is read now.
    fn text(&self, spec: &HeaderLine, lines: &[Passed]) -> TextEvidence {
        let read = |(line, said): &Passed| {
            let readings = said.clone().unwrap_or_else(|| {
                let close = self.closely(line, spec, charset(spec));
                let Some(&(_, p)) = close.says.values.first() else {
                    return self.line(line, spec, charset(spec));
                };
                let mut further = Vec::new();
                if p < looks::SURE {
                    further.push(self.glance(line, spec, (charset(spec), Look::General)));
                    further.extend(self.spelling(line, spec));
                }
                std::iter::once(close).chain(further).collect()
            });
            TextLine { readings, quad: self.mesh.quad(line.rect), covered: self.covered(line) }
        };
        TextEvidence { lines: lines.iter().map(read).collect() }
    }

    /// The stretches of a line's ink that are covered.
    fn covered(&self, line: &Line) -> Vec<(f64, f64)> {
        let Some((left, right)) = line.ink else { return Vec::new() };
        let place = Rect::new(left, line.top, right - left, line.base - line.top);
        let share = |x: f64| ((x - left) / (right - left)).clamp(0.0, 1.0);
        let covered = self.photo.mask.hides(|p| self.mesh.map(p), place);
        covered.into_iter().map(|(from, to)| (share(from), share(to))).collect()
    }

    /// A number that stands before a word: read with the line, and by itself.
    fn number(&self, sheet: &Sheet, line: &Line, spec: &HeaderLine) -> Option<CellReading> {
        let em = self.em_of(&spec.id);
        let number = |text: &str| spec.pattern.as_ref()?.captures(text)?.get(1)?.as_str().parse::<u32>().ok();
        let texts = self.closely(line, spec, Charset::Text).says;
        let mut values: Vec<(u32, f64)> = Vec::new();
        for (value, p) in texts.values.iter().filter_map(|(t, p)| Some((number(t)?, *p))) {
            match values.iter_mut().find(|v| v.0 == value) {
                Some(v) => v.1 += p,
                None => values.push((value, p)),
            }
        }
        let whole = Distribution::listed(values);
        let (places, mut readings) = self.alone(line, em, &whole).unwrap_or_default();
        if !whole.values.is_empty() {
            readings.push(Reading { reader: ReaderId::Lines, distribution: whole });
        }
        readings.sort_by_key(|r| r.reader);
        let mut quality = cut::quality(sheet, line.rect, &line.crop);
        quality.coverage = 1.0 - self.number_covered(line, places, spec);
        (!readings.is_empty()).then_some(CellReading { readings, quality, covered: Vec::new() })
    }

    /// What the readers say of the number before the widest space of a line that says `whole`, and where it stands (form x,
    /// mm).
    fn alone(&self, line: &Line, em: f64, whole: &Distribution) -> Option<((f64, f64), Vec<Reading>)> {
        let (number, after) = line.split()?;
        let (left, _) = line.ink?;
        let right = line.rect.x + f64::from(number.width()) / lines::SCALE;
        // The cut stands in the middle of a space.
        let span = (left - 0.1 * em, right - 0.05 * em);
        let cell = window(self.photo.pixels, &self.mesh, span, line.base, em);
        Some((span, self.readers.number(&NumberCrops { cell, number, after }, whole)))
    }

    /// How much of a number a mask covers, in digits, at most 1.
    fn number_covered(&self, line: &Line, (left, right): (f64, f64), spec: &HeaderLine) -> f64 {
        let Some(style) = spec.print.as_ref().map(|p| p.style) else { return 0.0 };
        let reach = cut::AROUND * style.size;
        let place = Rect::new(left - reach, line.top, right - left + 2.0 * reach, line.base - line.top);
        let hidden: f64 = self.photo.mask.hides(|p| self.mesh.map(p), place).iter().map(|s| s.1 - s.0).sum();
        (hidden / text_width("0", &style)).clamp(0.0, 1.0)
    }

    /// The hash under a QR code.
    fn hash(&self, qr: Quad) -> Option<TextEvidence> {
        let (spec, pattern) = (self.form.qr.as_ref()?, self.form.hash.as_ref()?);
        // The code itself is the frame here: millimetres from its top-left corner.
        let [a, b, c, d] = qr.points();
        let middle = |p: Point, q: Point| p.lerp(q, 0.5);
        let rung = |y: f64, l: Point, r: Point| crate::read::sheet::Rung { y, points: [l, middle(l, r), r] };
        let mesh = Mesh { width: spec.size, rungs: vec![rung(0.0, a, b), rung(spec.size, d, c)] };
        // The text is as wide as the form's frame.
        let over = (self.form.frame.0 - spec.size) / 2.0 + 1.5;
        let area = Rect::new(-over, spec.size + 2.0, spec.size + 2.0 * over, HASH_DEPTH);
        let signs = Charset::of(pattern.as_str());
        let mut out = TextEvidence::default();
        let mut text = String::new();
        for line in &lines::find(self.photo.pixels, &mesh, area) {
            let crops = line.crops(self.photo.pixels, &mesh, HASH_EM);
            let readings = place::stripped(self.readers.line(&crops, signs, None));
            text.push_str(place::best(&readings));
            out.lines.push(TextLine { readings, quad: mesh.quad(line.rect), covered: Vec::new() });
            if pattern.is_match(&text) {
                return Some(out);
            }
        }
        None
    }
}

/// What signs a line with a pattern can hold; where the form prints dots, they may have faded.
fn charset(spec: &HeaderLine) -> Charset {
    match Charset::of(spec.pattern.as_ref().map_or("", Regex::as_str)) {
        Charset::Code => Charset::FaintCode,
        other => other,
    }
}

#[cfg(test)]
mod tests;
