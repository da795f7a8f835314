//! Which line of the form each line above the frame is.
//!
//! In: the lines found in the photo, the form. Out: [`Placed`], each line of the form with its lines in the photo, and
//! what was read of them on the way. Nothing in the header is constant enough to be registered, so that a line is told by
//! where it stands, by its first word or by its pattern. Refuses lines that nothing tells.

use super::lines::{self, Line};
use super::looks::window;
use super::{Header, area, charset, looks};
use crate::form::print::text_width;
use crate::form::{HeaderLine, Weight};
use crate::ground::geometry::Rect;
use crate::read::cut::CAP_HEIGHT;
use crate::read::evidence::TextReading;
use crate::read::glyphs::{Charset, Look};

/// Room beside digits whose place the form knows, em: less than what stands beside them keeps away.
const BEARING: f64 = 0.04;
/// Paper before a name of a block, em.
const ROOM: f64 = 0.2;
/// How far a line may be from the place that the form gives it, mm.
const PLACE_SLACK: f64 = 1.6;
/// How far from its place a line above the frame is sought, mm: two lines.
const ASTRAY: f64 = 9.0;
/// A line of the sheet's code stands so far above the first name's, mm: below it stand names over several lines.
const CODE_ABOVE: f64 = 3.0;
/// How wide the code's ink may be found against its print, with specks beside it; below the other its ends are too faint
/// for where it begins to be known.
const WIDEST: f64 = 1.6;
const LEAST: f64 = 0.5;
/// A line that reads as a code, or as a number before its word, with this is one.
const TOLD: f64 = 0.9;
/// Capitals this much higher than the first lines' are a heading, which the form holds constant.
const HEADING: f64 = 1.22;
/// The title is among so many first lines: before it stand edges of paper, and what is printed on the roll.
const FIRST: usize = 7;
/// Between paragraphs the pitch is at least this much larger than within them (1.3 on scans).
const PARAGRAPH: f64 = 1.15;

/// A line of the photo, with what was read of it on the way.
pub(super) type Passed = (Line, Option<Vec<TextReading>>);

/// A line of the form, and the lines of the photo on which it stands.
pub(super) struct Placed<'a> {
    pub spec: &'a HeaderLine,
    pub lines: Vec<Passed>,
}

/// The text that the readings say most surely.
pub(super) fn best(readings: &[TextReading]) -> &str {
    let firsts = readings.iter().filter_map(|r| r.says.values.first());
    firsts.max_by(|a, b| a.1.total_cmp(&b.1)).map_or("", |v| v.0.as_str())
}

/// The readings without spaces in their texts.
pub(super) fn stripped(mut readings: Vec<TextReading>) -> Vec<TextReading> {
    for value in readings.iter_mut().flat_map(|r| &mut r.says.values) {
        value.0.retain(|c| !c.is_whitespace());
    }
    readings
}

impl Header<'_> {
    /// Finds the form's lines.
    pub(super) fn place(&self) -> Vec<Placed<'_>> {
        let mut out = self.lines_within();
        if !self.form.header.above() {
            return out;
        }
        let found = lines::find(self.photo.pixels, &self.mesh, area(self.form));
        let (fixed, above) = self.fixed_lines(&found);
        out.extend(fixed);
        self.free_lines(&found[..above], &mut out);
        out
    }

    /// The lines that stand within the frame, which is registered: each at its place.
    fn lines_within(&self) -> Vec<Placed<'_>> {
        let mut out = Vec::new();
        for spec in self.form.header.lines.iter().filter(|l| l.within()) {
            let Some((print, y)) = spec.print.as_ref().zip(spec.y) else { continue };
            let (em, lead) = (print.style.size, text_width(spec.lead(), &print.style));
            // Some paper before a name, which stands free.
            let room = if spec.of_block && lead == 0.0 { ROOM * em } else { 0.0 };
            let left = print.x + print.align.left(print.width) + lead - room;
            let width = spec.digits().map(|n| text_width(&"0".repeat(n), &print.style));
            let area = Rect::new(left, y - em, width.unwrap_or(print.width - lead), 1.4 * em);
            let mut line = lines::at(self.photo.pixels, &self.mesh, area, y, CAP_HEIGHT * em);
            if spec.of_block {
                line.without(&self.form.rules);
            }
            if line.ink.is_none() {
                continue;
            }
            let said = match spec.digits() {
                Some(digits) => {
                    let span = (area.x - BEARING * em, area.right() + BEARING * em);
                    let crop = window(self.photo.pixels, &self.mesh, span, y, em);
                    self.readers.run(&crop, digits, &self.cuts(&line, em))
                }
                // The network for lines knows regular print.
                None if print.style.weight == Weight::Bold => self.readers.other_face(&self.cuts(&line, em)),
                None => self.line(&line, spec, charset(spec)),
            };
            out.push(Placed { spec, lines: vec![(line, Some(said))] });
        }
        out
    }

    /// The lines whose place the form knows; how many lines stand above them. The number in a line of its own, which
    /// stands right above the frame, tells how far the mesh's end is off.
    fn fixed_lines(&self, found: &[Line]) -> (Vec<Placed<'_>>, usize) {
        let outside = || self.form.header.lines.iter().filter(|l| !l.within());
        let fixed = || outside().filter_map(|l| Some((l, l.y?)));
        let number = |spec: &HeaderLine| self.form.field(&spec.id).is_some();
        let told = fixed().find(|l| number(l.0)).and_then(|(spec, y)| {
            let far = |ix: &usize| (found[*ix].base - y).abs();
            let mut near: Vec<usize> = (0..found.len()).filter(|ix| found[*ix].ink.is_some()).collect();
            near.retain(|ix| far(ix) < ASTRAY);
            near.sort_by(|a, b| far(a).total_cmp(&far(b)));
            let mut best = (0.0, 0);
            for ix in near {
                let said = self.glance(&found[ix], spec, (Charset::Text, Look::General));
                let p = said.says.values.first().map_or(0.0, |v| v.1);
                if p > best.0 {
                    best = (p, ix);
                }
                if p >= TOLD {
                    break;
                }
            }
            Some(best).filter(|b| b.0 > 0.0).map(|(_, ix)| (ix, found[ix].base - y))
        });
        let shift = told.map_or(0.0, |t| t.1);
        let mut above = found.len();
        let mut out = Vec::new();
        for (spec, y) in fixed() {
            let at = told.map(|t| t.0).filter(|_| number(spec)).or_else(|| nearest(found, y + shift));
            let line = match at {
                Some(ix) => {
                    above = above.min(ix);
                    found[ix].clone()
                }
                // Something else is drawn there too.
                None => {
                    let cap = CAP_HEIGHT * self.em_of(&spec.id);
                    lines::at(self.photo.pixels, &self.mesh, area(self.form), y + shift, cap)
                }
            };
            out.push(Placed { spec, lines: vec![(line, None)] });
        }
        (out, above)
    }

    /// The lines from the top down to the fixed ones.
    fn free_lines<'s>(&'s self, lines: &[Line], out: &mut Vec<Placed<'s>>) {
        let header = &self.form.header;
        let start = self.title(lines);
        let mut next = start;
        for spec in header.lines.iter().filter(|l| l.pattern.is_some() && l.y.is_none()) {
            let placed = match spec.pattern.as_ref().and_then(|p| looks::skeleton(p.as_str())) {
                Some(shape) => self.code(lines, spec, &shape),
                None => self.patterned(lines, next, spec),
            };
            if let Some((last, placed)) = placed {
                next = next.max(last + 1);
                out.push(placed);
            }
        }
        // Headings stand above the names; below, an accent makes a line high.
        let high = |l: &Line| l.base - l.top;
        let capitals = lines.get(start).map_or(1.0, high);
        self.names(&lines[next..], |l| high(l) > capitals * HEADING, out);
    }

    /// The lines that begin with a word of the form, those that go on with them, and what stands below in paragraphs.
    fn names<'s>(&'s self, rest: &[Line], heading: impl Fn(&Line) -> bool, out: &mut Vec<Placed<'s>>) {
        let specs = &self.form.header.lines;
        let Some(style) = specs.iter().find(|l| l.prefix.is_some()) else { return };
        let signs = if self.form.header.capitals { Charset::Capitals } else { Charset::Text };
        let pitch = self.pitch(rest);
        let gap = |i: usize| if i > 0 { rest[i].base - rest[i - 1].base } else { 0.0 };
        let mut named: Vec<(usize, Vec<Passed>)> = Vec::new();
        let mut tail = rest.len();
        let mut first = None;
        for (i, line) in rest.iter().enumerate() {
            let open = named.last().map(|n| n.0);
            let above = open.is_none() && heading(line);
            let said = if above { Vec::new() } else { self.first(line, style, signs) };
            let text = best(&said);
            // The form's order is the print's: an ESTADIO below the parish is no Estado.
            let starts = specs.iter().position(|spec| {
                spec.prefix.as_ref().is_some_and(|p| alike(text.split(' ').next().unwrap_or(""), p))
            });
            match (starts.filter(|&ix| open.is_none_or(|before| ix > before)), open) {
                (Some(ix), _) => {
                    let said = self.second(said, line, style, signs);
                    named.push((ix, vec![(line.clone(), Some(without_first_word(said)))]));
                }
                // A line that follows closely goes on with the name before it.
                (None, Some(_)) if gap(i) < pitch * PARAGRAPH => {
                    if let Some(last) = named.last_mut() {
                        let said = self.second(said, line, style, signs);
                        last.1.push((line.clone(), Some(said)));
                    }
                }
                (None, Some(ix)) if Some(ix) == specs.iter().rposition(|l| l.prefix.is_some()) => {
                    (tail, first) = (i, Some(said));
                    break;
                }
                _ => {}
            }
        }
        out.extend(named.into_iter().map(|(ix, lines)| Placed { spec: &specs[ix], lines }));
        // Paragraphs, each a line of the form that nothing else tells; the last takes what is left.
        let plain = |l: &&HeaderLine| l.text.is_none() && l.prefix.is_none() && l.pattern.is_none();
        let mut below: Vec<Placed<'_>> = Vec::new();
        let mut specs = specs.iter().filter(plain);
        for (i, line) in rest.iter().enumerate().skip(tail) {
            let said = first.take().unwrap_or_else(|| self.first(line, style, signs));
            let line = (line.clone(), Some(self.second(said, line, style, signs)));
            let goes_on = i > tail && gap(i) < pitch * PARAGRAPH;
            match (below.last_mut(), if goes_on { None } else { specs.next() }) {
                (_, Some(spec)) => below.push(Placed { spec, lines: vec![line] }),
                (Some(last), None) => last.lines.push(line),
                (None, None) => {}
            }
        }
        out.extend(below);
    }

    /// The pitch of lines within a paragraph: the middle of those about as small as the smallest, which is a
    /// little too small where baselines are found in noise. Where no paragraph has two lines, the form's.
    fn pitch(&self, lines: &[Line]) -> f64 {
        let print =
            self.form.header.lines.iter().filter(|l| l.prefix.is_some()).find_map(|l| l.print.as_ref());
        let most = print.map_or(f64::MAX, |p| p.pitch * PARAGRAPH);
        let mut all: Vec<f64> = lines.windows(2).map(|w| w[1].base - w[0].base).collect();
        all.sort_by(f64::total_cmp);
        let least = all.first().copied().unwrap_or(most).max(2.4);
        all.retain(|&gap| gap < least * PARAGRAPH);
        all.get(all.len() / 2).copied().unwrap_or(least).clamp(2.4, most.max(2.4))
    }

    /// The index of the line after the title, or the first line's where there is none.
    fn title(&self, lines: &[Line]) -> usize {
        let Some((spec, want)) = self.form.header.lines.iter().find_map(|l| Some((l, l.text.as_deref()?)))
        else {
            return 0;
        };
        // The first word is the same on every kind of sheet of this family.
        let first = |t: &str| t.split(' ').next().unwrap_or("").to_owned();
        let is = |line: &Line| alike(&first(best(&self.first(line, spec, Charset::Text))), &first(want));
        lines.iter().take(FIRST).position(is).map_or(0, |ix| ix + 1)
    }

    /// The line of a pattern at or shortly after `from`, alone or with the line after it: by the first reader, or where
    /// that sees none by both.
    fn patterned<'s>(
        &'s self,
        lines: &[Line],
        from: usize,
        spec: &'s HeaderLine,
    ) -> Option<(usize, Placed<'s>)> {
        let pattern = spec.pattern.as_ref()?;
        let charset = charset(spec);
        // What may stand on two lines is joined without spaces.
        let plain = |said| if charset.allows(' ') { said } else { stripped(said) };
        let mut said: Vec<Vec<TextReading>> = Vec::new();
        let near = lines.iter().enumerate().skip(from).take(3);
        for both in [false, true] {
            for (k, (ix, line)) in near.clone().enumerate() {
                if both {
                    said[k] = plain(self.second(std::mem::take(&mut said[k]), line, spec, charset));
                } else {
                    said.push(plain(self.first(line, spec, charset)));
                }
                let two = k > 0 && pattern.is_match(&format!("{}{}", best(&said[k - 1]), best(&said[k])));
                let of = match (pattern.is_match(best(&said[k])), two) {
                    (true, _) => k..k + 1,
                    (_, true) => k - 1..k + 1,
                    _ => continue,
                };
                let read = |k: usize| {
                    let (line, said) = (&lines[from + k], said[k].clone());
                    let read = if both { said } else { plain(self.second(said, line, spec, charset)) };
                    (line.clone(), Some(read))
                };
                return Some((ix, Placed { spec, lines: of.map(read).collect() }));
            }
        }
        None
    }

    /// The line that reads most like a code of digits, whichever they are.
    fn code<'s>(&'s self, found: &[Line], spec: &'s HeaderLine, shape: &str) -> Option<(usize, Placed<'s>)> {
        let print = spec.print.as_ref()?;
        // Digits are equally wide.
        let wide = text_width(shape, &print.style);
        let names = self.form.header.lines.iter().position(|l| l.prefix.is_some());
        let lowest = names.and_then(|ix| self.form.header.nominal(ix)).unwrap_or(0.0) - CODE_ABOVE;
        let mut best: Option<(f64, usize, Line)> = None;
        for (ix, line) in found.iter().enumerate().filter(|(_, l)| l.base < lowest) {
            let Some((left, right)) = line.ink else { continue };
            let share = (right - left) / wide;
            if share > WIDEST {
                continue;
            }
            // Where ink does not end with the print, a stretch around where it should stand is read.
            let own = Some((left, right)).filter(|_| share > LEAST);
            let middle = if (0.9..1.1).contains(&share) { None } else { Some(print.x) };
            let spans = [own, middle.map(|m| (m - 0.62 * wide, m + 0.62 * wide))];
            for ink in spans.into_iter().flatten() {
                let line = Line { ink: Some(ink), ..line.clone() };
                let fits = self.fits(&line, spec, shape);
                if fits >= TOLD {
                    return Some((ix, Placed { spec, lines: vec![(line, None)] }));
                }
                // Blurred print is no text to the network for all lines; the one for codes is least sure of what is no code.
                let close = self.glance(&line, spec, (Charset::FaintCode, Look::Close));
                let fits = fits * close.says.values.first().map_or(0.0, |v| v.1);
                if best.as_ref().is_none_or(|b| fits > b.0) {
                    best = Some((fits, ix, line));
                }
            }
        }
        best.map(|(_, ix, line)| (ix, Placed { spec, lines: vec![(line, None)] }))
    }
}

/// The index of the line at the baseline `y`.
fn nearest(found: &[Line], y: f64) -> Option<usize> {
    let far = |l: &Line| (l.base - y).abs();
    let near = found.iter().enumerate().filter(|(_, l)| far(l) < PLACE_SLACK && l.ink.is_some());
    near.min_by(|a, b| far(a.1).total_cmp(&far(b.1))).map(|n| n.0)
}

/// The readings without the first word of each text.
fn without_first_word(mut readings: Vec<TextReading>) -> Vec<TextReading> {
    for value in readings.iter_mut().flat_map(|r| &mut r.says.values) {
        value.0 = value.0.split_once(' ').map_or("", |t| t.1).to_owned();
    }
    readings
}

/// Whether a word as read is the printed one, but for a third of its letters.
pub(super) fn alike(read: &str, printed: &str) -> bool {
    let letters = |t: &str| -> Vec<char> { t.chars().filter(|c| c.is_alphanumeric()).collect() };
    let (a, b) = (letters(&read.to_lowercase()), letters(&printed.to_lowercase()));
    strsim::generic_levenshtein(&a, &b) * 3 <= b.len()
}
