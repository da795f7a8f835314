//! A second opinion on the header's numbers: the network made for this print, asked whether the
//! digits of a line are those that were read.
//!
//! In: the photo, the mesh, what the header's reader said of the acta code and the centre's code. Out:
//! the same readings with the confidence that both readers give them together.
//! Refuses nothing: a line that the network cannot be asked about keeps the confidence that it has.

use super::{HeaderReading, LinePlace};
use crate::form::print::text_width;
use crate::form::{Style, Weight};
use crate::ground::geometry::Rect;
use crate::read::cut;
use crate::read::cut::{CAP_HEIGHT, CROP_HEIGHT, DIGITS_WIDTH, EM_PX};
use crate::read::glyphs::net::NetReader;
use crate::read::sheet::Mesh;
use image::{GrayImage, Luma};

/// Digits in one crop: three with neighbours cut off fit with room for a misplaced edge.
const GROUP: usize = 3;

/// How far from the capitals' middle the crop may stand, as the reader's frame has it.
const FACE: Style = Style { size: 1.0, weight: Weight::Regular, space: None, tracking: 0.0 };

/// From this probability on, the digits are taken as confirmed; below it, the line is in doubt.
const CONFIRMS: f64 = 0.9;

/// Asks the network about the code lines.
pub(crate) fn confirm(pixels: &GrayImage, mesh: &Mesh, net: &NetReader, header: &mut HeaderReading) {
    for reading in [&mut header.code, &mut header.centre_code].into_iter().flatten() {
        if let Some(p) = agreement(pixels, mesh, net, reading.place, &reading.text) {
            // Both networks saw the same kind of print in training: they err alike more often than by
            // chance, so that what this adds is worth its root.
            reading.confidence = if p > CONFIRMS {
                1.0 - (1.0 - reading.confidence) * (1.0 - p).sqrt()
            } else {
                reading.confidence.min(p.max(0.5))
            };
        }
    }
}

/// Probability that the line's digits are those of `text` (digits and dots); `None` when its ink is
/// not as wide as such a text.
fn agreement(pixels: &GrayImage, mesh: &Mesh, net: &NetReader, place: LinePlace, text: &str) -> Option<f64> {
    let (left, right) = place.ink?;
    // The side bearings of a digit are about 0.04 em.
    let em = (right - left) / (text_width(text, &FACE) - 0.08);
    let cap = place.base - place.top;
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
        let window = |s: &f64| window(pixels, mesh, (group.0 + s * em, group.1 + s * em), place.base, em);
        let crops: Vec<GrayImage> = shifts.iter().map(window).collect();
        let labels = vec![group.2.clone(); crops.len()];
        net.spell(&crops, &labels).into_iter().fold(0.0, f64::max)
    };
    // A speck at either end puts the digits off: a group that is not confirmed is asked about again a
    // little to the left and right. Digits that are not there are not found that way.
    let sure = |group| {
        let p = ask(group, &[0.0]);
        if p > 0.98 { p } else { p.max(ask(group, &[-0.16, -0.08, 0.08, 0.16])) }
    };
    Some(groups.iter().map(sure).product())
}

/// A number cell's crop around the form x range `span`; what stands beside it is covered with paper.
pub(super) fn window(pixels: &GrayImage, mesh: &Mesh, span: (f64, f64), base: f64, em: f64) -> GrayImage {
    let px_per_mm = EM_PX / em;
    let (w, h) = (f64::from(DIGITS_WIDTH) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let centre = (span.0 + span.1) / 2.0;
    let rect = Rect::new(centre - w / 2.0, base - CAP_HEIGHT / 2.0 * em - h / 2.0, w, h);
    let mut crop = cut::cut(pixels, mesh, rect, px_per_mm);
    let mut values = crop.as_raw().clone();
    values.sort_unstable();
    let paper = values[values.len() * 3 / 4];
    for (x, _, pixel) in crop.enumerate_pixels_mut() {
        let at = rect.x + (f64::from(x) + 0.5) / px_per_mm;
        if at < span.0 || at > span.1 {
            *pixel = Luma([paper]);
        }
    }
    crop
}
