//! A second opinion on the header's numbers: the network made for this print, asked whether the
//! digits of a line are those that were read.
//!
//! In: the photo, the mesh, what the header's reader said of the acta code, the centre's code and the
//! number of voters. Out: the same readings with the confidence that both readers give them together.
//! Refuses nothing: a line that the network cannot be asked about keeps the confidence that it has.

use super::{HeaderReading, LinePlace};
use crate::cells;
use crate::form::print::text_width;
use crate::form::{Form, Style, Weight};
use crate::geometry::Rect;
use crate::reader::net::{CROP_HEIGHT, DIGITS_WIDTH, EM_PX, NetReader};
use crate::reader::{ReaderId, Reading};
use crate::sheet::Mesh;
use image::{GrayImage, Luma};

/// Pixels per millimetre at which a line's ink is measured.
const SCALE: f64 = 8.0;
/// A gap in the ink of one line wider than this, mm, parts it from specks beside it.
const GAP: f64 = 3.0;
/// Digits in one crop: three with neighbours cut off fit with room for a misplaced edge.
const GROUP: usize = 3;
/// Height of the capitals in em (Liberation Sans; see the reader).
const CAP_HEIGHT: f64 = 0.69;
/// How far from the capitals' middle the crop may stand, as the reader's frame has it.
const FACE: Style = Style { size: 1.0, weight: Weight::Regular, space: None, tracking: 0.0 };

/// Asks the network about the code lines and the number of voters.
pub(crate) fn confirm(
    pixels: &GrayImage,
    mesh: &Mesh,
    form: &Form,
    net: &NetReader,
    header: &mut HeaderReading,
) {
    for reading in [&mut header.code, &mut header.centre_code].into_iter().flatten() {
        if let Some(p) = agreement(pixels, mesh, net, reading.place, &reading.text) {
            // Two readers that share nothing are both wrong alike more rarely than this product.
            reading.confidence =
                if p > 0.5 { 1.0 - (1.0 - p) * (1.0 - reading.confidence) } else { p.min(0.5) };
        }
    }
    let printed = form.header_line("electores").and_then(|l| l.print.as_ref()).map(|p| p.style.size);
    if let (Some(cell), Some((place, end))) = (&mut header.electores, header.electores_line)
        && let em = printed.unwrap_or((place.base - place.top) / CAP_HEIGHT)
        && let Some(distribution) = number(pixels, mesh, net, place, end, em)
    {
        cell.readings.insert(0, Reading { reader: ReaderId::Net, distribution });
    }
}

/// From the first to the last ink of a line, form x in mm.
fn extent(pixels: &GrayImage, mesh: &Mesh, place: LinePlace) -> Option<(f64, f64)> {
    let crop = cells::cut(pixels, mesh, place.rect, SCALE);
    let mut values = crop.as_raw().clone();
    values.sort_unstable();
    let dark = f64::from(values[values.len() / 2]) * 0.72;
    let row = |y: f64| (((y - place.rect.y) * SCALE).round().max(0.0) as u32).min(crop.height());
    let (top, base) = (row(place.top), row(place.base));
    let inked: Vec<u32> = (0..crop.width())
        .filter(|&x| (top..base).filter(|&y| f64::from(crop.get_pixel(x, y)[0]) < dark).count() >= 2)
        .collect();
    // The widest stretch without a gap.
    let mut best: Option<(u32, u32)> = None;
    let mut start = *inked.first()?;
    for (i, &x) in inked.iter().enumerate() {
        let ends = inked.get(i + 1).is_none_or(|&n| f64::from(n - x) > GAP * SCALE);
        if ends {
            if best.is_none_or(|b| x - start > b.1 - b.0) {
                best = Some((start, x));
            }
            start = inked.get(i + 1).copied().unwrap_or(x);
        }
    }
    let at = |x: f64| place.rect.x + x / SCALE;
    best.map(|(a, b)| (at(f64::from(a)), at(f64::from(b) + 1.0)))
}

/// Probability that the line's digits are those of `text` (digits and dots); `None` when its ink is
/// not as wide as such a text.
fn agreement(pixels: &GrayImage, mesh: &Mesh, net: &NetReader, place: LinePlace, text: &str) -> Option<f64> {
    let (left, right) = extent(pixels, mesh, place)?;
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

/// What the network reads on a line before form x `end`.
fn number(
    pixels: &GrayImage,
    mesh: &Mesh,
    net: &NetReader,
    place: LinePlace,
    end: f64,
    em: f64,
) -> Option<crate::reader::Distribution> {
    let front = Rect::new(place.rect.x, place.rect.y, end - place.rect.x, place.rect.height);
    let (left, right) = extent(pixels, mesh, LinePlace { rect: front, ..place })?;
    let span = (left - 0.1 * em, right + 0.1 * em);
    // Four digits are 2.2 em wide.
    (right - left < 2.5 * em)
        .then(|| net.read_digits(&[window(pixels, mesh, span, place.base, em)]))
        .and_then(|mut d| d.pop())
}

/// A number cell's crop around the form x range `span`; what stands beside it is covered with paper.
fn window(pixels: &GrayImage, mesh: &Mesh, span: (f64, f64), base: f64, em: f64) -> GrayImage {
    let px_per_mm = EM_PX / em;
    let (w, h) = (f64::from(DIGITS_WIDTH) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
    let centre = (span.0 + span.1) / 2.0;
    let rect = Rect::new(centre - w / 2.0, base - CAP_HEIGHT / 2.0 * em - h / 2.0, w, h);
    let mut crop = cells::cut(pixels, mesh, rect, px_per_mm);
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
