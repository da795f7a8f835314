//! A second look at the lines that say which sheet it is and how many voters it has, where the first left
//! them in doubt.
//!
//! In: the photo, the sheet, what the first look made of its header. Out: the same readings, surer or
//! others, and the mesh levelled along the lines. Each line is cut several times, a little higher, lower,
//! wider, narrower and askew, and what the cuts say is averaged over whole texts: print that reads alike
//! however it is cut is read. The acta code is sought among all lines, and held against the centre's code,
//! which it begins with. Refuses what does not fit its pattern.

use super::level::level;
use super::lines::{self, Line};
use super::{HIGHEST, HeaderReading, PLACE_SLACK, Work, area, em_of, halves};
use crate::form::print::text_width;
use crate::form::{Form, HeaderLine};
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::cut;
use crate::read::cut::line_frame;
use crate::read::glyphs::{CellReading, Charset, Distribution, LineReader, Look, ReaderId, Reading};
use crate::read::sheet::{Mesh, Rung, Sheet};
use image::GrayImage;

/// From this probability on a line is not looked at again: as sure as a decision asks for.
const SURE: f64 = 0.99;
/// How a line is cut: its left end moved, and the whole moved down, by em; its em; its slope.
const LOOKS: [(f64, f64, f64, f64); 9] = [
    (0.0, 0.0, 1.0, 0.0),
    (0.03, 0.09, 1.0, 0.0),
    (-0.03, -0.09, 1.0, 0.0),
    (0.0, 0.0, 0.94, 0.0),
    (0.0, 0.0, 1.06, 0.0),
    (0.03, 0.04, 1.0, 0.018),
    (-0.03, -0.04, 1.0, -0.018),
    (-0.5, 0.05, 1.03, 0.0),
    (-0.3, -0.05, 0.97, 0.0),
];
/// How far from its place a line above the frame is sought, mm: two lines.
const ASTRAY: f64 = 9.0;
/// A line of the acta code stands above this, mm: below it stand place names over several lines.
const CODE_ABOVE: f64 = -40.0;
/// How much wider or narrower than its print the code's ink may be found, as a share: specks beside it, or
/// faint ends.
const WIDTHS: (f64, f64) = (0.5, 1.6);
/// What a text counts that does not end as the form prints it, against one that does.
const ODD_END: f64 = 0.02;
/// What one of the two prints of the centre's code counts for a code that only the other shows.
const UNSEEN: f64 = 2e-3;

/// Whether the header says less than it could about the sheet's identity, which a QR code at `qr` says too,
/// or about its voters.
pub(crate) fn doubtful(header: &HeaderReading, qr: Option<Quad>) -> bool {
    identity_doubtful(header, qr) || voters_doubtful(header)
}

fn identity_doubtful(header: &HeaderReading, qr: Option<Quad>) -> bool {
    qr.is_none() && header.code.as_ref().is_none_or(|c| c.confidence < SURE)
}

fn voters_doubtful(header: &HeaderReading) -> bool {
    header.electores.as_ref().and_then(CellReading::best).is_none_or(|b| b.1 < SURE)
}

/// Looks again at what is in doubt. Returns the mesh that the readings' places are on now.
pub(crate) fn again(
    pixels: &GrayImage,
    sheet: &Sheet,
    form: &Form,
    qr: Option<Quad>,
    reader: &mut dyn LineReader,
    out: &mut HeaderReading,
) -> Mesh {
    let start = sheet.mesh.extended(-HIGHEST, form.frame.1);
    let mesh = level(pixels, &start, area(form), form.header.rule);
    let found = lines::find(pixels, &mesh, area(form));
    let (identity, voters) = (identity_doubtful(out, qr), voters_doubtful(out));
    let mut work = Work { form, pixels, mesh: &mesh, reader, out: std::mem::take(out) };
    let (spec, line) = work.voters_line(&found).unzip();
    let shift = spec.zip(line).and_then(|(s, l)| Some(l.base - s.y?)).unwrap_or(0.0);
    if voters && let Some((spec, line)) = spec.zip(line) {
        work.voters_again(sheet, line, spec);
    }
    if identity {
        work.identity_again(&found, shift);
    }
    *out = work.out;
    mesh
}

/// Texts with their probabilities, most probable first.
type Texts = Vec<(String, f64)>;

impl Work<'_> {
    /// What several cuts of a line say together.
    fn looks(&mut self, line: &Line, spec: &HeaderLine, charset: Charset) -> Texts {
        let em = em_of(self.form, &spec.id);
        let crops: Vec<GrayImage> = LOOKS.iter().filter_map(|&look| self.cut(line, em, look)).collect();
        self.texts(&crops, spec, (charset, Look::Close))
    }

    /// One cut of a line in a print of `em`: see [`LOOKS`]. `None` where it has no ink.
    fn cut(&self, line: &Line, em: f64, (dx, dy, wide, slope): (f64, f64, f64, f64)) -> Option<GrayImage> {
        let (left, right) = line.ink?;
        let frame = line_frame(left + dx * em, right, line.base + dy * em, wide * em);
        let mesh = askew(self.mesh, frame.rect, slope, (line.base, tallness(line, em)));
        Some(cut::cut(self.pixels, &mesh, frame.rect, frame.px_per_mm))
    }

    fn texts(&mut self, crops: &[GrayImage], spec: &HeaderLine, kind: (Charset, Look)) -> Texts {
        let Some(pattern) = &spec.pattern else { return Vec::new() };
        let plain = |text: &str| pattern.is_match(text).then(|| text.to_owned());
        let mut texts = match skeleton(pattern.as_str()) {
            // Dots are the first to fade.
            Some(shape) if kind.0 == Charset::FaintCode => {
                self.reader.looks(crops, kind, &|text| dotted(text, &shape).filter(|t| pattern.is_match(t)))
            }
            _ => self.reader.looks(crops, kind, &plain),
        };
        let end = spec.print.as_ref().and_then(|p| p.text.rsplit_once('}')).map_or("", |t| t.1);
        for (text, p) in &mut texts {
            if !text.ends_with(end) {
                *p *= ODD_END;
            }
        }
        texts.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        texts
    }

    /// The line of the number of voters: right above the frame, or a little higher where the mesh's end is
    /// off, whichever reads most like it.
    fn voters_line<'l>(&mut self, found: &'l [Line]) -> Option<(&'l HeaderLine, &'l Line)>
    where
        Self: 'l,
    {
        let form = self.form;
        let lines = form.header.lines.iter().filter(|l| form.field(&l.id).is_some());
        let (spec, y) = lines.filter_map(|l| Some((l, l.y?))).next()?;
        let em = em_of(form, &spec.id);
        let mut best: Option<(f64, &Line)> = None;
        for line in found.iter().filter(|l| l.ink.is_some() && (l.base - y).abs() < ASTRAY) {
            let Some(crop) = self.cut(line, em, LOOKS[0]) else { continue };
            let p = self.texts(&[crop], spec, (Charset::Text, Look::General)).first().map_or(0.0, |t| t.1);
            if p > best.map_or(0.0, |b| b.0) {
                best = Some((p, line));
            }
        }
        best.map(|b| (spec, b.1)).or_else(|| Some((spec, nearest(found, y)?)))
    }

    fn voters_again(&mut self, sheet: &Sheet, line: &Line, spec: &HeaderLine) {
        let form = self.form;
        let before = self.out.electores.take();
        let texts = self.looks(line, spec, Charset::Text);
        let number = |text: &str| spec.pattern.as_ref()?.captures(text)?.get(1)?.as_str().parse::<u32>().ok();
        let mut values: Vec<(u32, f64)> = Vec::new();
        for (value, p) in texts.iter().filter_map(|(t, p)| Some((number(t)?, *p))) {
            match values.iter_mut().find(|v| v.0 == value) {
                Some(v) => v.1 += p,
                None => values.push((value, p)),
            }
        }
        let rest = (1.0 - values.iter().map(|v| v.1).sum::<f64>()).max(0.0);
        let whole = Distribution::from_weights(values, 0.0, rest);
        let alone = self.alone(line, em_of(form, &spec.id)).unwrap_or_default();
        let digits = alone.into_iter().find(|r| r.reader == ReaderId::Net).map(|r| r.distribution);
        let joined = match (&digits, whole.best()) {
            // Two networks on several cuts each, alike: trained on one kind of print, they err together more
            // often than by chance, so that what the doubtful one adds is worth its root.
            (Some(d), Some((v, p))) if d.best().is_some_and(|b| b.0 == v) => {
                let q = d.probability(v);
                let both = 1.0 - (1.0 - p.max(q)) * (1.0 - p.min(q)).sqrt();
                Distribution::from_weights(vec![(v, both)], 0.0, 1.0 - both)
            }
            (Some(d), Some((v, _))) if d.best().is_some_and(|b| b.0 != v) => halves(&whole, d),
            (Some(d), None) => halves(&whole, d),
            _ => whole,
        };
        let quality = cut::quality(self.pixels, sheet, line.rect, &line.crop);
        let readings = vec![Reading { reader: ReaderId::Net, distribution: joined }];
        let now = CellReading { readings, quality };
        let p = |r: &CellReading| r.best().map_or(0.0, |b| b.1);
        self.out.electores = match before {
            Some(before) if p(&before) > p(&now) => Some(before),
            _ => {
                self.out.electores_quad = Some(self.quad(line));
                Some(now)
            }
        };
    }

    /// The acta code and the centre's code, which stands `shift` mm lower than the form says.
    fn identity_again(&mut self, found: &[Line], shift: f64) {
        let form = self.form;
        let Some(spec) = form.header_line("code") else { return };
        let centre_spec = form.header.lines.iter().find(|l| l.y.is_some() && form.field(&l.id).is_none());
        let centre_line = centre_spec.and_then(|l| nearest(found, l.y? + shift));
        let centres = match (centre_spec, centre_line) {
            (Some(spec), Some(line)) => self.looks(line, spec, Charset::Digits),
            _ => Vec::new(),
        };
        let line = self.code_line(found, spec);
        let codes = line.as_ref().map_or_else(Vec::new, |l| self.looks(l, spec, Charset::FaintCode));
        let ((codes, sure), (centres, centre_sure)) = together(codes, centres);
        let before = self.out.code.as_ref().map_or(0.0, |c| c.confidence);
        if let (Some(text), Some(line)) = (codes, &line)
            && sure > before
        {
            self.out.code = Some(self.text(line, text, sure));
        }
        let before = self.out.centre_code.as_ref().map_or(0.0, |c| c.confidence);
        if let (Some(text), Some(line)) = (centres, centre_line)
            && centre_sure > before
        {
            self.out.centre_code = Some(self.text(line, text, centre_sure));
        }
    }

    /// The line that reads most like an acta code.
    fn code_line(&mut self, found: &[Line], spec: &HeaderLine) -> Option<Line> {
        let em = em_of(self.form, &spec.id);
        let print = spec.print.as_ref()?;
        // Digits are equally wide.
        let wide = text_width(&skeleton(spec.pattern.as_ref()?.as_str())?, &print.style);
        let mut best: Option<(f64, Line)> = None;
        for line in found.iter().filter(|l| l.base < CODE_ABOVE) {
            let Some((left, right)) = line.ink else { continue };
            let share = (right - left) / wide;
            if !(WIDTHS.0..WIDTHS.1).contains(&share) {
                continue;
            }
            // Where ink does not end with the print, a stretch around where it should stand is read.
            let middle = if (0.9..1.1).contains(&share) { None } else { Some(print.x) };
            let spans = [Some((left, right)), middle.map(|m| (m - 0.62 * wide, m + 0.62 * wide))];
            for (left, right) in spans.into_iter().flatten() {
                let line = Line { ink: Some((left, right)), ..line.clone() };
                let Some(crop) = self.cut(&line, em, LOOKS[0]) else { continue };
                let said = self.texts(&[crop], spec, (Charset::FaintCode, Look::General));
                if let Some((_, p)) = said.first()
                    && best.as_ref().is_none_or(|b| *p > b.0)
                {
                    best = Some((*p, line));
                }
            }
        }
        best.map(|b| b.1)
    }
}

/// The line at the form's baseline `y`.
fn nearest(found: &[Line], y: f64) -> Option<&Line> {
    let near = found.iter().filter(|l| (l.base - y).abs() < PLACE_SLACK && l.ink.is_some());
    near.min_by(|a, b| (a.base - y).abs().total_cmp(&(b.base - y).abs()))
}

/// A text that fits a pattern of nothing but digits and dots: its digits as 0. `None` for other patterns.
fn skeleton(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern.trim_start_matches('^').trim_end_matches('$');
    while let Some(sign) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(r"\d{") {
            let (count, after) = after.split_once('}')?;
            out.push_str(&"0".repeat(count.parse().ok().filter(|&n| n < 64)?));
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\d") {
            out.push('0');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(r"\.") {
            out.push('.');
            rest = after;
        } else if "()".contains(sign) {
            rest = &rest[1..];
        } else {
            return None;
        }
    }
    Some(out)
}

/// The digits of a text with dots where `shape` has them; `None` where its own dots and spaces stand
/// elsewhere, or the digits are too many or too few.
fn dotted(text: &str, shape: &str) -> Option<String> {
    let mut out = String::new();
    let mut signs = text.chars().peekable();
    for place in shape.chars() {
        if place == '.' {
            signs.next_if(|c| !c.is_ascii_digit());
            out.push('.');
        } else {
            out.push(signs.next().filter(char::is_ascii_digit)?);
        }
    }
    signs.next().is_none().then_some(out)
}

/// How much blur adds to the height at which capitals are found, mm (lines of photos: 2.0 to 2.1 for 1.7).
const BLUR: f64 = 0.35;
/// Lines whose capitals are this much lower or higher than printed are cut as high as they are: the paper
/// leans away from the camera there.
const LEANS: f64 = 0.12;

/// How high a line's capitals stand against their print.
fn tallness(line: &Line, em: f64) -> f64 {
    let share = (line.base - line.top - BLUR) / (cut::CAP_HEIGHT * em);
    if (share - 1.0).abs() < LEANS { 1.0 } else { share.clamp(0.6, 1.5) }
}

/// The mesh along a rectangle, turned about its middle so that it falls by `slope` to the right, and
/// stretched down from a baseline by a factor.
fn askew(mesh: &Mesh, rect: Rect, slope: f64, (base, tall): (f64, f64)) -> Mesh {
    let middle = rect.x + rect.width / 2.0;
    let rung = |y: f64| {
        let at = |t: f64| {
            let x = t * mesh.width;
            mesh.map(Point::new(x, base + (y - base) * tall + slope * (x - middle)))
        };
        Rung { y, points: [at(0.0), at(0.5), at(1.0)] }
    };
    Mesh { width: mesh.width, rungs: vec![rung(rect.y), rung(rect.bottom())] }
}

/// The most probable code and centre, each with its probability, in the light of each other: a code begins
/// with its centre.
fn together(codes: Texts, centres: Texts) -> ((Option<String>, f64), (Option<String>, f64)) {
    let first = |texts: &Texts| texts.first().map_or((None, 0.0), |t| (Some(t.0.clone()), t.1));
    if codes.is_empty() || centres.is_empty() {
        return (first(&codes), first(&centres));
    }
    let centre_of = |code: &str| code.split('.').next().unwrap_or("").to_owned();
    let seen = |centre: &str| centres.iter().find(|c| c.0 == centre).map_or(0.0, |c| c.1);
    let weighed: Texts = codes.iter().map(|(c, p)| (c.clone(), p * (seen(&centre_of(c)) + UNSEEN))).collect();
    // Centres that no code shows, and codes that are not listed.
    let others: Vec<(String, f64)> = centres
        .iter()
        .filter(|c| !codes.iter().any(|k| centre_of(&k.0) == c.0))
        .map(|(c, p)| (c.clone(), p * UNSEEN))
        .collect();
    let listed: f64 = codes.iter().map(|c| c.1).sum();
    let total: f64 =
        weighed.iter().chain(&others).map(|w| w.1).sum::<f64>() + UNSEEN * (1.0 - listed).max(0.0);
    let top = |texts: &[(String, f64)]| {
        texts.iter().fold(None, |best: Option<(String, f64)>, t| match best {
            Some(b) if b.1 >= t.1 => Some(b),
            _ => Some(t.clone()),
        })
    };
    let Some((code, weight)) = top(&weighed) else { return (first(&codes), first(&centres)) };
    let mut by_centre: Texts = others;
    for (code, p) in &weighed {
        let centre = centre_of(code);
        match by_centre.iter_mut().find(|c| c.0 == centre) {
            Some(c) => c.1 += p,
            None => by_centre.push((centre, *p)),
        }
    }
    let centre = top(&by_centre).map_or((None, 0.0), |(c, p)| (Some(c), p / total));
    ((Some(code), weight / total), centre)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[(&str, f64)]) -> Texts {
        of.iter().map(|(t, p)| ((*t).to_owned(), *p)).collect()
    }

    #[test]
    fn two_prints_that_agree_make_each_other_sure() {
        let codes = texts(&[("021201055.02.1.0001", 0.6), ("021201056.02.1.0001", 0.3)]);
        let centres = texts(&[("021201055", 0.7), ("021201053", 0.2)]);
        let ((code, p), (centre, q)) = together(codes, centres);
        assert_eq!(code.as_deref(), Some("021201055.02.1.0001"));
        assert_eq!(centre.as_deref(), Some("021201055"));
        assert!(p > 0.98 && q >= p, "{p} {q}");
    }

    #[test]
    fn two_prints_that_differ_make_each_other_doubtful() {
        let codes = texts(&[("021201055.02.1.0001", 0.97)]);
        let centres = texts(&[("021201058", 0.97)]);
        let ((_, p), (_, q)) = together(codes, centres);
        assert!(p < 0.7 && q < 0.7, "{p} {q}");
    }

    #[test]
    fn faded_dots_are_put_back_where_the_form_prints_them() {
        let shape = skeleton(r"^(\d{9})\.(\d{2})\.(\d)\.(\d{4})$").unwrap();
        assert_eq!(shape, "000000000.00.0.0000");
        let whole = Some("021201046.01.1.0001".to_owned());
        assert_eq!(dotted("021201046 01 1.0001", &shape), whole);
        assert_eq!(dotted("0212010460110001", &shape), whole);
        assert_eq!(dotted("02120104.601.1.0001", &shape), None);
        assert_eq!(dotted("021201046.01.1.00011", &shape), None);
        assert_eq!(skeleton(r"^(\d{1,4}) Electores$"), None);
    }

    #[test]
    fn one_print_alone_is_as_sure_as_it_is() {
        let ((code, p), centre) = together(texts(&[("021201055.02.1.0001", 0.8)]), Vec::new());
        assert_eq!((code.as_deref(), p, centre), (Some("021201055.02.1.0001"), 0.8, (None, 0.0)));
    }
}
