//! A number before a word at a line's right end, where strokes of a pen touch the number.
//!
//! In: the photo, the mesh, the form's definition of the line. Out: what the readers say of the number.
//! The ink does not say where the number begins, so it is read as if it had two places, three, and so on;
//! a number stands where the window of its own places and the next wider one show the same. Refuses what
//! does not hang on its right end, and a number that the windows see differently.

use super::{PLACE_SLACK, Work, area, lines, word_of};
use crate::form::print::text_width;
use crate::form::{Align, HeaderLine};
use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::glyphs::{CellReading, Charset, Distribution, ReaderId, Reading};
use crate::read::sheet::Sheet;
use regex::Regex;

/// The most that is believed of such a number: strokes make one digit look like another.
const MOST: f64 = 0.98;

/// Capitals are as high as printed, but for this share.
const HEIGHT_SLACK: f64 = 0.25;

impl Work<'_> {
    /// The number of the line `spec` with its baseline near `y` (mm).
    pub(super) fn number_under_ink(
        &mut self,
        sheet: &Sheet,
        spec: &HeaderLine,
        y: f64,
    ) -> Option<CellReading> {
        let print = spec.print.as_ref().filter(|p| p.align == Align::Right)?;
        let pattern = spec.pattern.as_ref()?;
        let em = print.style.size;
        let cap = cut::CAP_HEIGHT * em;
        let word = text_width(&format!(" {}", word_of(pattern.as_str())), &print.style);
        let digit = text_width("0", &print.style);
        // The word by itself: strokes that touch only the number leave it alone.
        let beside = Rect::new(print.x - word + 0.3, y - 4.0, word + 1.2, 5.5);
        let (base, right) = lines::find(self.pixels, self.mesh, beside)
            .iter()
            .filter(|l| (l.base - y).abs() < PLACE_SLACK)
            .filter(|l| ((l.base - l.top) / cap - 1.0).abs() < HEIGHT_SLACK)
            .filter_map(|l| Some((l.base, l.ink?.1)))
            .min_by(|a, b| (a.0 - y).abs().total_cmp(&(b.0 - y).abs()))
            .unwrap_or((y, print.x));
        let mut line = lines::at(self.pixels, self.mesh, area(self.form), base, cap);
        let mut said = Vec::new();
        for places in 2..=self.form.words.places {
            line.ink = Some((right - word - digit * places as f64, right));
            let crops = line.crops(self.pixels, self.mesh, em);
            let (text, p) = self.reader.line(&crops, Charset::Text, Some(pattern));
            said.push((places, number_of(pattern, &text), p));
        }
        let (value, p) = agreed(&said)?;
        let p = p.min(MOST);
        let distribution = Distribution::from_weights(vec![(value, p)], 0.0, 1.0 - p);
        let readings = vec![Reading { reader: ReaderId::Net, distribution }];
        Some(CellReading { readings, quality: cut::quality(self.pixels, sheet, line.rect, &line.crop) })
    }
}

/// The number of a text that fits the pattern.
fn number_of(pattern: &Regex, text: &str) -> Option<u32> {
    pattern.captures(text)?.get(1)?.as_str().parse().ok()
}

/// The number that the window of its own places and the next wider one show, with the smaller of their
/// probabilities; `said` holds each window's places, number and probability, narrowest first. Of several
/// the longest: a narrow window shows the end of a longer number.
fn agreed(said: &[(usize, Option<u32>, f64)]) -> Option<(u32, f64)> {
    let narrowest = said.first()?.0;
    said.iter().enumerate().rev().find_map(|(i, &(places, value, p))| {
        let value = value?;
        let own = (value.checked_ilog10().unwrap_or(0) as usize + 1).max(narrowest);
        match said.get(i + 1) {
            _ if own != places => None,
            None => Some((value, p)),
            Some(&(_, wider, q)) => (wider == Some(value)).then_some((value, p.min(q))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_its_own_window_and_the_wider_one() {
        assert_eq!(
            agreed(&[(2, Some(37), 0.99), (3, Some(837), 0.999), (4, Some(837), 0.6)]),
            Some((837, 0.6))
        );
        assert_eq!(agreed(&[(2, Some(8), 0.9), (3, Some(8), 0.8), (4, None, 0.5)]), Some((8, 0.8)));
    }

    #[test]
    fn the_end_of_a_longer_number_is_none() {
        assert_eq!(
            agreed(&[(2, Some(22), 0.99), (3, Some(122), 0.9), (4, Some(1122), 0.9)]),
            Some((1122, 0.9))
        );
        assert_eq!(agreed(&[(2, Some(37), 0.99), (3, Some(837), 0.99), (4, None, 0.9)]), None);
        assert_eq!(agreed(&[(2, Some(837), 0.99), (3, Some(37), 0.99), (4, Some(37), 0.9)]), None);
        assert_eq!(agreed(&[]), None);
    }
}
