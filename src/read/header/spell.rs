//! A second reader of the codes: the network for numbers, shown the digits of a line in groups.
//!
//! In: a line whose pattern says where digits and dots stand. Out: what its signs are. Refuses (says nothing of) a line that
//! is not as wide as such a text.

use super::Header;
use super::lines::Line;
use super::looks::{skeleton, window};
use crate::form::print::text_width;
use crate::form::{HeaderLine, Style, Weight};
use crate::read::belief::{Signs, Texts};
use crate::read::cut::CAP_HEIGHT;
use crate::read::evidence::TextReading;
use crate::read::glyphs::ReaderId;

/// Digits in one crop: three with neighbours cut off fit with room for a misplaced edge.
const GROUP: usize = 3;
/// The face at an em of 1.
const FACE: Style = Style { size: 1.0, weight: Weight::Regular, space: None, tracking: 0.0 };

impl Header<'_> {
    /// What the network for numbers says of a line of digits and dots, a 0 of the form's pattern for each digit.
    pub(super) fn spelling(&self, line: &Line, spec: &HeaderLine) -> Option<TextReading> {
        let shape = skeleton(spec.pattern.as_ref()?.as_str())?;
        let (left, right) = line.ink?;
        // The side bearings of a digit are about 0.04 em. Digits are equally wide.
        let em = (right - left) / (text_width(&shape, &FACE) - 0.08);
        let cap = line.base - line.top;
        if !(0.8..1.25).contains(&(em * CAP_HEIGHT / cap)) {
            return None;
        }
        let mut signs = Signs::default();
        let mut x = left - 0.04 * em;
        for group in grouped(&shape) {
            let width = text_width(group, &FACE) * em;
            match group.chars().next() {
                Some('0') => signs.0.extend(self.digits(line, (x, x + width), em, group.len())),
                dot => signs.0.extend(dot.map(|c| vec![(c, 1.0)])),
            }
            x += width;
        }
        Some(TextReading::of_signs(ReaderId::Net, signs.settled(), 1.0))
    }

    /// What so many digits between two places (form x, mm) are. A speck at either end of the line puts them off: where they
    /// are not sure, the surest of what they say a little to the left and right. Digits that are not there are not found
    /// that way.
    fn digits(&self, line: &Line, span: (f64, f64), em: f64, count: usize) -> Vec<Vec<(char, f64)>> {
        let p = |said: &Texts| said.values.first().map_or(0.0, |v| v.1);
        let mut best = Texts::unreadable();
        for shift in [0.0, -0.16, -0.08, 0.08, 0.16] {
            let at = (span.0 + shift * em, span.1 + shift * em);
            let said = self.readers.digits(&window(self.photo.pixels, &self.mesh, at, line.base, em), count);
            if p(&said) > p(&best) {
                best = said;
            }
            if shift == 0.0 && p(&best) > 0.98 {
                break;
            }
        }
        let rest = 1.0 - best.values.iter().map(|v| v.1).sum::<f64>();
        let of = |k: usize, digit: char| {
            let shows = best.values.iter().filter(|v| v.0.chars().nth(k) == Some(digit));
            (digit, shows.map(|v| v.1).sum::<f64>() + rest / 10.0)
        };
        (0..count).map(|k| ('0'..='9').map(|digit| of(k, digit)).collect()).collect()
    }
}

/// A shape in groups of digits, and its dots.
fn grouped(shape: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    for (ix, c) in shape.char_indices() {
        let within = c == '0' && shape[from..ix].chars().all(|d| d == '0') && ix - from < GROUP;
        if ix > from && !within {
            out.push(&shape[from..ix]);
            from = ix;
        }
    }
    if from < shape.len() {
        out.push(&shape[from..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_between_dots() {
        assert_eq!(
            grouped("000000000.00.0.0000"),
            ["000", "000", "000", ".", "00", ".", "0", ".", "000", "0"]
        );
        assert_eq!(grouped(""), [""; 0]);
    }
}
