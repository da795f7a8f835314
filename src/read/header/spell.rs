//! A second reader of the codes: the network for numbers, asked whether the digits of a line are those of a text.
//!
//! In: a line, and the texts that it may say. Out: how far each is spelled there. Refuses (says nothing of) a text that
//! is not as wide as the line's ink.

use super::Header;
use super::lines::Line;
use super::looks::window;
use crate::form::print::text_width;
use crate::form::{Style, Weight};
use crate::read::belief::Texts;
use crate::read::cut::CAP_HEIGHT;
use crate::read::evidence::TextReading;
use crate::read::glyphs::ReaderId;
use image::GrayImage;

/// Digits in one crop: three with neighbours cut off fit with room for a misplaced edge.
const GROUP: usize = 3;
/// The face at an em of 1.
const FACE: Style = Style { size: 1.0, weight: Weight::Regular, space: None, tracking: 0.0 };
/// So many texts are asked about; further ones have next to nothing.
const ASKED: usize = 3;

impl Header<'_> {
    /// What the network for numbers says of the most probable texts of a line.
    pub(super) fn spelling(&self, line: &Line, texts: &Texts) -> Option<TextReading> {
        let asked = texts.values.iter().take(ASKED);
        let values: Option<Vec<(String, f64)>> =
            asked.map(|(text, _)| Some((text.clone(), self.spelled(line, text)?))).collect();
        let values = values.filter(|v| !v.is_empty())?;
        let over = values.iter().map(|v| v.1).sum::<f64>().max(1.0);
        let values = values.into_iter().map(|(text, p)| (text, p / over)).collect();
        Some(TextReading { reader: ReaderId::Net, says: Texts::listed(values) })
    }

    /// Probability that the line's digits are those of `text` (digits and dots); `None` when its ink is
    /// not as wide as such a text.
    fn spelled(&self, line: &Line, text: &str) -> Option<f64> {
        let (left, right) = line.ink?;
        // The side bearings of a digit are about 0.04 em.
        let em = (right - left) / (text_width(text, &FACE) - 0.08);
        let cap = line.base - line.top;
        if !(0.8..1.25).contains(&(em * CAP_HEIGHT / cap)) {
            return None;
        }
        let mut groups: Vec<(f64, f64, Vec<u8>)> = Vec::new();
        let mut x = left - 0.04 * em;
        let mut fresh = true;
        for c in text.chars() {
            let width = text_width(&c.to_string(), &FACE) * em;
            match (c.to_digit(10), groups.last_mut()) {
                (Some(d), Some(group)) if !fresh && group.2.len() < GROUP => {
                    group.1 = x + width;
                    group.2.push(d as u8);
                }
                (Some(d), _) => groups.push((x, x + width, vec![d as u8])),
                (None, _) => {}
            }
            fresh = c.to_digit(10).is_none();
            x += width;
        }
        let ask = |group: &(f64, f64, Vec<u8>), shifts: &[f64]| {
            let window = |s: &f64| {
                window(self.photo.pixels, &self.mesh, (group.0 + s * em, group.1 + s * em), line.base, em)
            };
            let crops: Vec<GrayImage> = shifts.iter().map(window).collect();
            let labels = vec![group.2.clone(); crops.len()];
            self.readers.spell(&crops, &labels).into_iter().fold(0.0, f64::max)
        };
        // A speck at either end puts the digits off: a group that is not confirmed is asked about again a
        // little to the left and right. Digits that are not there are not found that way.
        let sure = |group| {
            let p = ask(group, &[0.0]);
            if p > 0.98 { p } else { p.max(ask(group, &[-0.16, -0.08, 0.08, 0.16])) }
        };
        Some(groups.iter().map(sure).product())
    }
}
