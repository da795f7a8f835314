//! Which characters of a print are in sight, and whether a reading fits them.
//!
//! In: the stretches of a print's place that a mask covers, as its cell has them. Out: [`Sight`], which says of a number
//! that was read and one that stands whether what is in sight may be both. A covered digit may be read as any, and, where
//! much of it is covered, as none; so may cover right beside a number, where more of it may stand. Refuses nothing.

use crate::form::print::text_width;
use crate::form::{Align, Form, Slot, Words};
use crate::read::glyphs::{CellReading, Channel};

/// From this much of a character on it is covered, as a share of a digit's width: a streak of one pixel on a scan.
const TOUCHED: f64 = 0.1;

/// From this much of a digit's own place on nothing of it may be seen: a thin one in the middle of it.
const GONE: f64 = 0.4;

/// How far print stands beside its place, mm: the middle of made-up scans is 0.05 off, the worst cell of 95 in 100 0.37.
const BESIDE: f64 = 0.2;

/// What covers a print.
#[derive(Debug, Clone)]
pub struct Sight {
    /// From and to, mm right of where the print hangs.
    covered: Vec<(f64, f64)>,
    /// How it hangs there.
    align: Align,
    /// Width of a digit, mm.
    digit: f64,
    /// Of a print in words.
    words: Option<Line>,
}

/// How a line of words stands.
#[derive(Debug, Clone)]
struct Line {
    words: Words,
    /// Widths of the words for 0 to 9 and of what stands between them, mm.
    widths: Vec<f64>,
    separator: f64,
    /// Wider print goes on in the next line.
    wrap: f64,
}

impl Sight {
    /// Of a cell; `None` where all of it is in sight.
    pub fn of(cell: &CellReading, channel: Channel, slot: Option<&Slot>, form: &Form) -> Option<Self> {
        let slot = slot.filter(|_| !cell.covered.is_empty())?;
        let width = |text: &str| text_width(text, &slot.style);
        let line = |words: &Words| Line {
            widths: words.digits.iter().map(|w| width(w)).collect(),
            separator: width(&words.separator),
            words: words.clone(),
            wrap: slot.wrap,
        };
        let words = if channel == Channel::Words { Some(line(form.words.as_ref()?)) } else { None };
        Some(Self { covered: cell.covered.clone(), align: slot.align, digit: width("0"), words })
    }

    /// How much of a stretch is covered, in digits.
    fn hides(&self, from: f64, to: f64) -> f64 {
        let within = |s: &(f64, f64)| (s.1.min(to) - s.0.max(from)).max(0.0);
        self.covered.iter().map(within).sum::<f64>() / self.digit
    }

    /// Whether something covers a stretch.
    fn covers(&self, from: f64, to: f64) -> bool {
        self.hides(from, to) >= TOUCHED
    }

    /// Whether some of what a print of `value` takes is covered.
    pub fn touches(&self, value: u32) -> bool {
        match &self.words {
            Some(line) => line.hidden(self, value).contains(&true),
            None => {
                let width = self.digit * digits(value).len() as f64;
                let left = self.align.left(width);
                self.covers(left - self.digit, left + width + self.digit)
            }
        }
    }

    /// Whether what is in sight of a print of `value` may have been read as `read`.
    pub fn fits(&self, read: u32, value: u32) -> bool {
        match &self.words {
            Some(line) => {
                let (places, hidden) = (line.words.places, line.hidden(self, value));
                let at = |v: u32, k: usize| v / 10u32.pow((places - 1 - k) as u32) % 10;
                (0..places).all(|k| hidden[k] || at(read, k) == at(value, k))
            }
            None => {
                let shown = digits(value);
                let left = self.align.left(self.digit * shown.len() as f64);
                let place = |k: usize| left + self.digit * k as f64;
                let seen = |(k, &digit): (usize, &u32)| match (place(k), place(k + 1)) {
                    (from, to) if self.hides(from, to) >= GONE => Seen::Nothing,
                    (from, to) if self.covers(from - BESIDE, to + BESIDE) => Seen::Some,
                    _ => Seen::Digit(digit),
                };
                let mut pattern = Vec::new();
                pattern.extend(self.covers(left - self.digit, left).then_some(Seen::Nothing));
                pattern.extend(shown.iter().enumerate().map(seen));
                let right = place(shown.len());
                pattern.extend(self.covers(right, right + self.digit).then_some(Seen::Nothing));
                matches(&digits(read), &pattern)
            }
        }
    }
}

impl Line {
    /// Which words of a number something covers, from left to right; where they wrap, all of them.
    fn hidden(&self, sight: &Sight, value: u32) -> Vec<bool> {
        let places = self.words.places;
        let word = |k: usize| (value / 10u32.pow((places - 1 - k) as u32) % 10) as usize;
        let width = |k: usize| self.widths.get(word(k)).copied().unwrap_or(0.0);
        let whole: f64 = (0..places).map(width).sum::<f64>() + self.separator * (places as f64 - 1.0);
        if whole > self.wrap {
            return vec![true; places];
        }
        let mut at = sight.align.left(whole);
        let place = |k| {
            let from = at;
            at += width(k) + self.separator;
            sight.covers(from - BESIDE, from + width(k) + BESIDE)
        };
        (0..places).map(place).collect()
    }
}

/// The digits of a number, without leading noughts.
fn digits(value: u32) -> Vec<u32> {
    value.to_string().bytes().map(|b| u32::from(b - b'0')).collect()
}

/// What is in sight where a digit stands.
#[derive(Clone, Copy)]
enum Seen {
    /// All of it.
    Digit(u32),
    /// A part: it may be read as any.
    Some,
    /// Perhaps nothing: it may be read as any or as none.
    Nothing,
}

/// Whether digits that were read are what is in sight.
fn matches(read: &[u32], pattern: &[Seen]) -> bool {
    let Some((seen, rest)) = pattern.split_first() else { return read.is_empty() };
    let next = read.split_first().is_some_and(|(digit, more)| match seen {
        Seen::Digit(d) => digit == d && matches(more, rest),
        Seen::Some | Seen::Nothing => matches(more, rest),
    });
    next || (matches!(seen, Seen::Nothing) && matches(read, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    /// A digit of the form's rows is 1.13 mm wide, `Cero` 3.9 mm.
    fn sight(channel: Channel, covered: &[(f64, f64)]) -> Sight {
        let form = builtin().unwrap().remove(0);
        let field = &form.fields[1];
        let quality = crate::read::cut::Quality {
            contrast: 0.8,
            coverage: 1.0,
            px_per_mm: 7.9,
            residual: 0.05,
            sharpness: 0.3,
        };
        let cell = CellReading { readings: Vec::new(), quality, covered: covered.to_vec() };
        let slot = if channel == Channel::Digits { field.digits } else { field.words };
        Sight::of(&cell, channel, slot.as_ref(), &form).unwrap()
    }

    #[test]
    fn a_covered_digit_may_be_read_as_any_and_those_beside_it_still_speak() {
        let first = sight(Channel::Digits, &[(-1.4, -0.9)]);
        for read in [183, 783, 83] {
            assert!(first.fits(read, 183), "{read}");
        }
        for read in [188, 283 + 5, 18, 1183 + 20, 3] {
            assert!(!first.fits(read, 183), "{read}");
        }
        let far = sight(Channel::Digits, &[(-3.0, -2.5)]);
        assert!(first.touches(183) && !far.touches(83) && far.touches(1183));
    }

    #[test]
    fn a_digit_of_which_most_is_in_sight_is_a_digit() {
        // Edges of paper pasted over 116, with a 1 on it.
        let pasted = sight(Channel::Digits, &[(-2.4, -1.77), (1.43, 2.2)]);
        assert!(pasted.fits(116, 116) && pasted.fits(115, 116) && pasted.fits(816, 116));
        assert!(!pasted.fits(1, 116) && !pasted.fits(16, 126));
    }

    #[test]
    fn cover_beside_a_number_may_hide_more_of_it_or_look_like_more() {
        let left = sight(Channel::Digits, &[(-2.0, -1.2)]);
        assert!(left.fits(183, 83) && left.fits(83, 83) && left.fits(83, 183) && !left.fits(88, 83));
    }

    #[test]
    fn of_words_the_covered_ones_are_free() {
        let first = sight(Channel::Words, &[(-10.0, -9.0)]);
        assert!(first.fits(1183, 183) && !first.fits(283, 183) && first.touches(183));
        let all = sight(Channel::Words, &[(-13.0, 13.0)]);
        assert!(all.fits(4711, 183));
    }
}
