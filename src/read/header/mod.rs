//! The header: what stands above the frame, and the hash lines below.
//!
//! In: a registered sheet, the form's header definition, a reader of lines. Out: a [`HeaderReading`]:
//! code, UUID, date and time, place names, centre code, the number of voters, hash; each `None` where
//! its form does not fit. What the form says is constant is not read. The private block between the
//! frame and the QR code is never looked at: the hash is sought under a QR code that was decoded.

mod again;
mod confirm;
mod hidden;
mod level;
mod lines;
mod reader;
mod show;
mod under_ink;

pub(crate) use again::{again, doubtful};
pub(crate) use confirm::confirm;
pub(crate) use hidden::Streaks;
pub use reader::header;
pub use show::{FoundLine, flattened, found_lines};

use crate::form::{Form, HeaderLine};
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::cut;
use crate::read::glyphs::{CellReading, Charset, Distribution, LineReader, NumberCrops, ReaderId, Reading};
use crate::read::sheet::{Mesh, Sheet};
use image::GrayImage;
use lines::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Place names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// País.
    pub country: Option<String>,
    /// Estado.
    pub state: Option<String>,
    /// Municipio.
    pub municipality: Option<String>,
    /// Parroquia.
    pub parish: Option<String>,
    /// Name of the centre.
    pub centre: Option<String>,
    /// Address of the centre.
    pub address: Option<String>,
}

/// A line of text as read.
#[derive(Debug, Clone, PartialEq)]
pub struct TextReading {
    /// The text, in the form that the record uses.
    pub text: String,
    /// Probability that every character is right, 0 to 1.
    pub confidence: f64,
    /// Where it stands, photo pixels.
    pub quad: Quad,
    /// Where it stands on the form.
    pub place: LinePlace,
}

/// Where a line of text stands, form mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinePlace {
    /// Its rectangle.
    pub rect: Rect,
    /// Top of the capitals.
    pub top: f64,
    /// Baseline.
    pub base: f64,
    /// From the first to the last ink.
    pub ink: Option<(f64, f64)>,
}

/// What was read around the frame; `None` where it could not be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeaderReading {
    /// The first line, as printed: it says what kind of sheet this is.
    pub title: Option<TextReading>,
    /// The acta code.
    pub code: Option<TextReading>,
    /// The UUID.
    pub uuid: Option<TextReading>,
    /// ISO 8601.
    pub issued_at: Option<TextReading>,
    /// Place names.
    pub place: Place,
    /// Probability that a name is right to the letter, by the name's field in [`Place`].
    pub place_sure: BTreeMap<String, f64>,
    /// Nine digits.
    pub centre_code: Option<TextReading>,
    /// The number of voters.
    pub electores: Option<CellReading>,
    /// Where the line with the number of voters stands.
    pub electores_quad: Option<Quad>,
    /// 64 hexadecimal characters.
    pub hash: Option<TextReading>,
}

/// How far above the frame the header can begin, mm (the longest of 42 scans: 118).
pub(crate) const HIGHEST: f64 = 160.0;

/// How far a line may be from the place that the form gives it, mm.
const PLACE_SLACK: f64 = 1.6;

/// Capitals this much higher than the first lines' are a heading, which the form holds constant.
const HEADING: f64 = 1.22;

/// The title is among so many first lines: before it stand edges of paper, and what is printed on the roll.
const FIRST: usize = 7;

/// Between paragraphs the pitch is at least this much larger than within them (1.3 on scans).
const PARAGRAPH: f64 = 1.15;

/// How far under the QR code the hash's lines end, mm (12 on scans), and its widest line.
const HASH_DEPTH: f64 = 16.0;
/// Em of the hash's print, mm (64 signs on two lines of 61 mm).
const HASH_EM: f64 = 2.45;

/// A number of which no reader gives a value more than this is looked at as if a pen had drawn over it.
const SURE: f64 = 0.9;

/// Reads the header of a sheet and the hash under its QR code, whose corners are `qr` if it was decoded.
pub fn read(
    pixels: &GrayImage,
    sheet: &Sheet,
    form: &Form,
    qr: Option<Quad>,
    reader: &mut dyn LineReader,
) -> HeaderReading {
    let mesh = sheet.mesh.extended(-HIGHEST, form.frame.1);
    let lines = lines::find(pixels, &mesh, area(form));
    let mut work = Work { form, pixels, mesh: &mesh, reader, out: HeaderReading::default() };
    let bottom = work.fixed_lines(sheet, &lines);
    work.free_lines(&lines[..bottom]);
    work.compare_codes();
    let mut out = work.out;
    if form.hash.is_some() {
        out.hash = qr.and_then(|quad| hash(pixels, quad, form, reader));
    }
    out
}

/// Where the header stands, form mm.
fn area(form: &Form) -> Rect {
    let (left, right) = (form.header.left, form.header.right);
    Rect::new(left, -HIGHEST, right + 1.5 - left, HIGHEST - 0.8)
}

fn place_of(line: &Line) -> LinePlace {
    LinePlace { rect: line.rect, top: line.top, base: line.base, ink: line.ink }
}

/// Em of the lines that the form does not give a style, mm: the code line's.
fn em_of(form: &Form, id: &str) -> f64 {
    let size = |id: &str| form.header_line(id)?.print.as_ref().map(|p| p.style.size);
    size(id).or_else(|| size("code")).unwrap_or(2.44)
}

struct Work<'a> {
    form: &'a Form,
    pixels: &'a GrayImage,
    mesh: &'a Mesh,
    reader: &'a mut dyn LineReader,
    out: HeaderReading,
}

impl Work<'_> {
    /// Reads the whole line, which the form calls `id`.
    fn read(&mut self, line: &Line, id: &str, charset: Charset) -> (String, f64) {
        let crops = line.crops(self.pixels, self.mesh, em_of(self.form, id));
        // The identifier stands on two lines, of which neither fits.
        let spec = self.form.header_line(id).filter(|_| !matches!(charset, Charset::Uuid | Charset::Text));
        self.reader.line(&crops, charset, spec.and_then(|l| l.pattern.as_ref()))
    }

    fn text(&self, line: &Line, text: String, confidence: f64) -> TextReading {
        TextReading { text, confidence, quad: self.mesh.quad(line.rect), place: place_of(line) }
    }

    /// The place of a line's ink.
    fn quad(&self, line: &Line) -> Quad {
        let (left, right) = line.ink.unwrap_or((line.rect.x, line.rect.right()));
        self.mesh.quad(Rect::new(left, line.rect.y, right - left, line.rect.height))
    }

    /// The lines whose place the form knows: centre code and number of voters. Returns how many lines
    /// stand above them.
    fn fixed_lines(&mut self, sheet: &Sheet, lines: &[Line]) -> usize {
        let mut above = lines.len();
        for spec in self.form.header.lines.iter().rev() {
            let Some(y) = spec.y else { continue };
            let near = lines.iter().enumerate().filter(|(_, l)| (l.base - y).abs() < PLACE_SLACK);
            let near = near.min_by(|a, b| (a.1.base - y).abs().total_cmp(&(b.1.base - y).abs()));
            let drawn_over;
            let line = match near {
                Some((ix, line)) => {
                    above = above.min(ix);
                    line
                }
                None => {
                    let cap = cut::CAP_HEIGHT * em_of(self.form, &spec.id);
                    drawn_over = lines::at(self.pixels, self.mesh, area(self.form), y, cap);
                    &drawn_over
                }
            };
            if self.form.field(&spec.id).is_some() {
                let number = self.number(sheet, line, spec);
                let best = number.as_ref().and_then(CellReading::best);
                let again = if best.is_none_or(|b| b.1 <= SURE) {
                    self.number_under_ink(sheet, spec, y)
                } else {
                    None
                };
                // What was read with doubt stands unless it is read again.
                let same =
                    best.is_none_or(|b| again.as_ref().and_then(CellReading::best).map(|a| a.0) == Some(b.0));
                self.out.electores = if same { again.or(number) } else { number };
                self.out.electores_quad = self.out.electores.as_ref().map(|_| self.quad(line));
            } else {
                let (text, confidence) = self.read(line, &spec.id, Charset::Digits);
                if spec.pattern.as_ref().is_none_or(|p| p.is_match(&text)) {
                    self.out.centre_code = Some(self.text(line, text, confidence));
                }
            }
        }
        above
    }

    /// A number that stands before a word: read with the line, and again by itself.
    fn number(&mut self, sheet: &Sheet, line: &Line, spec: &HeaderLine) -> Option<CellReading> {
        let em = em_of(self.form, &spec.id);
        let crops = line.crops(self.pixels, self.mesh, em);
        let pattern = spec.pattern.as_ref()?;
        let (text, p) = self.reader.line(&crops, Charset::Text, Some(pattern));
        // The pattern with a number of one digit tells whether the word after it is the right one.
        let said = pattern.captures(&text).and_then(|c| c.get(1)?.as_str().parse::<u32>().ok());
        if said.is_none() && !alike(text.rsplit(' ').next().unwrap_or(""), &word_of(pattern.as_str())) {
            return None;
        }
        let mut readings = self.alone(line, em).unwrap_or_default();
        if let Some(value) = said {
            let whole = Distribution::from_weights(vec![(value, p)], 0.0, (1.0 - p).max(0.0));
            match readings.iter_mut().find(|r| r.reader == ReaderId::Net) {
                None => readings.insert(0, Reading { reader: ReaderId::Net, distribution: whole }),
                // Alike, the surer stands; otherwise each has half a say.
                Some(reading) => match reading.distribution.best() {
                    Some((v, q)) if v == value && q >= p => {}
                    Some((v, _)) if v == value => reading.distribution = whole,
                    _ => reading.distribution = halves(&reading.distribution, &whole),
                },
            }
        }
        let quality = cut::quality(self.pixels, sheet, line.rect, &line.crop);
        (!readings.is_empty()).then_some(CellReading { readings, quality })
    }

    /// What the readers say of the number before the widest space of a line.
    fn alone(&mut self, line: &Line, em: f64) -> Option<Vec<Reading>> {
        let (number, after) = line.split()?;
        let (left, _) = line.ink?;
        let right = line.rect.x + f64::from(number.width()) / lines::SCALE;
        // The cut stands in the middle of a space.
        let span = (left - 0.1 * em, right - 0.05 * em);
        let cell = confirm::window(self.pixels, self.mesh, span, line.base, em);
        Some(self.reader.number(&NumberCrops { cell, number, after }))
    }

    /// The lines from the top down to the fixed ones.
    fn free_lines(&mut self, lines: &[Line]) {
        let header = &self.form.header;
        let Some(start) = self.title(lines) else { return };
        let capitals = lines.get(start).map_or(1.0, |l| l.base - l.top);
        let mut next = start;
        for id in ["code", "uuid", "issued_at"] {
            let Some(spec) = header.lines.iter().find(|l| l.id == id) else { continue };
            next = self.patterned(lines, next, spec);
        }
        let rest: Vec<&Line> = lines[next..].iter().filter(|l| l.base - l.top < capitals * HEADING).collect();
        let read: Vec<(String, f64)> = rest.iter().map(|l| self.read(l, "country", Charset::Text)).collect();
        let mut place = Vec::new();
        let mut open: Option<usize> = None;
        let mut tail = rest.len();
        for (i, (text, _)) in read.iter().enumerate() {
            // The form's order is the print's: an ESTADIO below the parish is no Estado.
            let starts = header.lines.iter().position(|spec| {
                spec.prefix.as_ref().is_some_and(|p| alike(text.split(' ').next().unwrap_or(""), p))
            });
            let starts = starts.filter(|&ix| open.is_none_or(|before| ix > before));
            let gap = if i > 0 { rest[i].base - rest[i - 1].base } else { 0.0 };
            match (starts, open) {
                (Some(ix), _) => {
                    let value = text.split_once(' ').map_or("", |t| t.1).to_owned();
                    place.push((header.lines[ix].id.as_str(), value, read[i].1));
                    open = Some(ix);
                }
                // A line that follows closely goes on with the name before it.
                (None, Some(_)) if gap < self.pitch(&rest) * PARAGRAPH => {
                    if let Some(last) = place.last_mut() {
                        last.1.push(' ');
                        last.1.push_str(text);
                        last.2 *= read[i].1;
                    }
                }
                (None, Some(ix)) if Some(ix) == header.lines.iter().rposition(|l| l.prefix.is_some()) => {
                    tail = i;
                    break;
                }
                _ => {}
            }
        }
        for (id, value, p) in place {
            self.place(id, value, p);
        }
        let (mut name, mut address): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        let pitch = self.pitch(&rest);
        for i in tail..rest.len() {
            let gap = if i > tail { rest[i].base - rest[i - 1].base } else { 0.0 };
            if address.is_empty() && gap < pitch * PARAGRAPH {
                name.push(i);
            } else {
                address.push(i);
            }
        }
        for (id, of) in [("centre_name", name), ("address", address)] {
            let text: Vec<&str> = of.iter().map(|&i| read[i].0.as_str()).collect();
            self.place(id, text.join(" "), of.iter().map(|&i| read[i].1).product());
        }
    }

    /// The pitch of lines within a paragraph: the middle of those about as small as the smallest, which is a
    /// little too small where baselines are found in noise. Where no paragraph has two lines, the form's.
    fn pitch(&self, lines: &[&Line]) -> f64 {
        let print = self.form.header_line("centre_name").and_then(|l| l.print.as_ref());
        let most = print.map_or(f64::MAX, |p| p.pitch * PARAGRAPH);
        let mut all: Vec<f64> = lines.windows(2).map(|w| w[1].base - w[0].base).collect();
        all.sort_by(f64::total_cmp);
        let least = all.first().copied().unwrap_or(most).max(2.4);
        all.retain(|&gap| gap < least * PARAGRAPH);
        all.get(all.len() / 2).copied().unwrap_or(least).clamp(2.4, most.max(2.4))
    }

    /// Notes a name, right to the letter with probability `p`: that of all its lines.
    fn place(&mut self, id: &str, value: String, p: f64) {
        if value.is_empty() {
            return;
        }
        let place = &mut self.out.place;
        let (field, slot) = match id {
            "country" => (id, &mut place.country),
            "state" => (id, &mut place.state),
            "municipality" => (id, &mut place.municipality),
            "parish" => (id, &mut place.parish),
            "centre_name" => ("centre", &mut place.centre),
            "address" => (id, &mut place.address),
            _ => return,
        };
        *slot = Some(value);
        self.out.place_sure.insert(field.to_owned(), p);
    }

    /// Finds the title among the first lines; returns the index of the line after it, or the first
    /// line's when there is none.
    fn title(&mut self, lines: &[Line]) -> Option<usize> {
        let want = self.form.header_line("title").and_then(|l| l.text.clone());
        for (ix, line) in lines.iter().enumerate().take(FIRST) {
            let (text, confidence) = self.read(line, "title", Charset::Text);
            // The first word is the same on every kind of sheet of this family.
            let first = |t: &str| t.split(' ').next().unwrap_or("").to_owned();
            if want.as_ref().is_none_or(|w| alike(&first(&text), &first(w))) {
                self.out.title = Some(self.text(line, text, confidence));
                return Some(ix + 1);
            }
        }
        (!lines.is_empty()).then_some(0)
    }

    /// Reads the line of a pattern at or shortly after `from`, alone or with the line after it (a long
    /// code wraps); returns the index after it, or `from` when nothing fits.
    fn patterned(&mut self, lines: &[Line], from: usize, spec: &HeaderLine) -> usize {
        let Some(pattern) = &spec.pattern else { return from };
        let charset = match spec.id.as_str() {
            "code" => Charset::Code,
            "uuid" => Charset::Uuid,
            _ => Charset::DateTime,
        };
        let mut before: Option<(String, f64)> = None;
        for (ix, line) in lines.iter().enumerate().skip(from).take(3) {
            let (text, confidence) = self.read(line, &spec.id, charset);
            let text = text.replace(' ', if charset == Charset::DateTime { " " } else { "" });
            let joined = before.as_ref().map(|b| (format!("{}{text}", b.0), b.1.min(confidence)));
            for (text, confidence) in [Some((text.clone(), confidence)), joined].into_iter().flatten() {
                if !pattern.is_match(&text) {
                    continue;
                }
                let reading = self.text(line, text, confidence);
                match spec.id.as_str() {
                    "code" => self.out.code = Some(reading),
                    "uuid" => self.out.uuid = Some(reading),
                    _ => {
                        let groups = pattern.captures(&reading.text).and_then(|c| iso_time(&c));
                        self.out.issued_at = groups.map(|text| TextReading { text, ..reading });
                    }
                }
                return ix + 1;
            }
            before = Some((text, confidence));
        }
        from
    }

    /// The acta code begins with the centre's code, printed once more above the number of voters: two
    /// prints that agree make each other sure, two that do not make both doubtful.
    fn compare_codes(&mut self) {
        let HeaderReading { code: Some(code), centre_code: Some(centre), .. } = &mut self.out else { return };
        if code.text.starts_with(&centre.text) {
            // Half of the code's signs are the centre's; the others stay as sure as they are.
            let both = 1.0 - (1.0 - code.confidence) * (1.0 - centre.confidence);
            code.confidence = code.confidence.max(code.confidence.sqrt() * both);
            centre.confidence = both;
        } else {
            code.confidence = code.confidence.min(0.5);
            centre.confidence = centre.confidence.min(0.5);
        }
    }
}

/// The mean of two distributions.
fn halves(a: &Distribution, b: &Distribution) -> Distribution {
    let mut values: Vec<(u32, f64)> = a.values.iter().map(|&(v, p)| (v, p / 2.0)).collect();
    for &(v, p) in &b.values {
        match values.iter_mut().find(|w| w.0 == v) {
            Some(w) => w.1 += p / 2.0,
            None => values.push((v, p / 2.0)),
        }
    }
    Distribution::from_weights(values, (a.blank + b.blank) / 2.0, (a.other + b.other) / 2.0)
}

/// The letters of a pattern that ends in a word.
fn word_of(pattern: &str) -> String {
    pattern.trim_end_matches('$').rsplit(' ').next().unwrap_or("").to_owned()
}

/// Whether a word as read is the printed one, but for a third of its letters.
fn alike(read: &str, printed: &str) -> bool {
    let letters = |t: &str| -> Vec<char> { t.chars().filter(|c| c.is_alphanumeric()).collect() };
    let (a, b) = (letters(&read.to_lowercase()), letters(&printed.to_lowercase()));
    crate::read::glyphs::distance(&a, &b) * 3 <= b.len()
}

/// ISO 8601 from day, month, year, hour, minute, second and AM or PM.
fn iso_time(groups: &regex::Captures<'_>) -> Option<String> {
    let number = |ix: usize| groups.get(ix)?.as_str().parse::<u32>().ok();
    let (day, month, year) = (number(1)?, number(2)?, number(3)?);
    let (hour, minute, second) = (number(4)?, number(5)?, number(6)?);
    let half = groups.get(7)?.as_str();
    if !(1..=31).contains(&day) || !(1..=12).contains(&month) || !(1..=12).contains(&hour) {
        return None;
    }
    if minute > 59 || second > 59 {
        return None;
    }
    let hour = hour % 12 + if half == "PM" { 12 } else { 0 };
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"))
}

/// The hash under a QR code.
fn hash(pixels: &GrayImage, qr: Quad, form: &Form, reader: &mut dyn LineReader) -> Option<TextReading> {
    let (spec, pattern) = (form.qr.as_ref()?, form.hash.as_ref()?);
    // The code itself is the frame here: millimetres from its top-left corner.
    let [a, b, c, d] = qr.points();
    let middle = |p: Point, q: Point| p.lerp(q, 0.5);
    let rung = |y: f64, l: Point, r: Point| crate::read::sheet::Rung { y, points: [l, middle(l, r), r] };
    let mesh = Mesh { width: spec.size, rungs: vec![rung(0.0, a, b), rung(spec.size, d, c)] };
    // The text is as wide as the form's frame.
    let over = (form.frame.0 - spec.size) / 2.0 + 1.5;
    let area = Rect::new(-over, spec.size + 2.0, spec.size + 2.0 * over, HASH_DEPTH);
    let (mut text, mut confidence) = (String::new(), 1.0f64);
    let lines = lines::find(pixels, &mesh, area);
    let mut bounds: Option<Rect> = None;
    for line in &lines {
        let (read, sure) = reader.line(&line.crops(pixels, &mesh, HASH_EM), Charset::Hash, None);
        text.extend(read.chars().filter(|c| !c.is_whitespace()));
        confidence = confidence.min(sure);
        let top = bounds.map_or(line.rect.y, |b| b.y);
        bounds = Some(Rect::new(line.rect.x, top, line.rect.width, line.rect.bottom() - top));
        if pattern.is_match(&text) {
            let quad = mesh.quad(bounds?);
            return Some(TextReading { text, confidence, quad, place: place_of(line) });
        }
    }
    None
}

#[cfg(test)]
mod tests;
