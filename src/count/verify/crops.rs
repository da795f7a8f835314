//! The place on the sheet where a figure stands, as a picture.
//!
//! In: a record, its form, the figure's id, and the original. Out: a JPEG of the rows that the figure
//! is made of. The private block and what lies below it is painted over before anything is cut.
//! Refuses (no picture) where the sheet is not registered, its private block was not located, the
//! figure is not known to the form or was read on another photo of the sheet, or the original is not the one that was digitized.

use crate::form::{FieldKind, Form};
use crate::ground::geometry::Rect;
use crate::picture::{cover, mesh};
use crate::read::cut::cut;
use crate::record::Record;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage};

/// Paper shown around the rows, mm.
const MARGIN: f64 = 1.2;
/// Pixels a millimetre: a line of print is 12 px high.
const SCALE: f64 = 6.0;
/// A crop does not come nearer to the private block than this, mm.
const GUARD: f64 = 8.0;

/// The rows of a figure, form mm: a field's cells with their label, or all rows of a candidate.
fn region(form: &Form, item: &str) -> Option<Rect> {
    let candidate = form.candidates.iter().position(|c| c.id == item);
    let mut region: Option<Rect> = None;
    for field in &form.fields {
        let meant = field.id == item
            || matches!(&field.kind, FieldKind::Vote { candidate: c, .. } if Some(*c) == candidate);
        if !meant {
            continue;
        }
        for slot in [field.digits.as_ref(), field.words.as_ref()].into_iter().flatten() {
            let (first, last) = (slot.line_rect(field.y, 0), slot.line_rect(field.y, slot.lines.max(1) - 1));
            // From the frame's left edge: the label tells what the row is.
            let r = Rect::new(0.0, first.y, first.right(), last.bottom() - first.y);
            region = Some(region.map_or(r, |a| {
                let y = a.y.min(r.y);
                Rect::new(0.0, y, a.right().max(r.right()), a.bottom().max(r.bottom()) - y)
            }));
        }
        if field.digits.is_none()
            && let Some(y) = form.header_line(&field.id).and_then(|l| l.y)
        {
            region = Some(Rect::new(form.header.left, y - 3.6, form.header.right - form.header.left, 5.2));
        }
    }
    let r = region?;
    let (height, width) = (r.height + 2.0 * MARGIN, r.width + 2.0 * MARGIN);
    let rect = Rect::new(r.x - MARGIN, r.y - MARGIN, width, height);
    (rect.bottom() <= form.private_top - GUARD).then_some(rect)
}

/// Whether the figure, or a row of the candidate, was read on another photo of the same sheet.
fn in_another_photo(record: &Record, item: &str) -> bool {
    let rows = record.choices().filter(|c| c.id == item || c.candidate == item).map(|c| &c.votes);
    rows.chain(record.value(item)).any(|v| v.source.is_some())
}

/// The crop of a figure out of a sheet's original, as a JPEG.
pub fn crop(pixels: &GrayImage, record: &Record, form: &Form, item: &str) -> Option<Vec<u8>> {
    let registration = record.registration.as_ref()?;
    let private = registration.private?;
    if in_another_photo(record, item) {
        return None;
    }
    let (mesh, region) = (mesh(registration, form)?, region(form, item)?);
    let mut safe = pixels.clone();
    cover(&mut safe, private);
    // In bands: a crop is cut flat, and the rows of a candidate reach over 70 mm of paper.
    const BAND: f64 = 6.0;
    let rows = (region.height * SCALE).round().max(1.0) as u32;
    let width = (region.width * SCALE).round().max(1.0) as u32;
    let mut out = GrayImage::from_pixel(width, rows, image::Luma([255]));
    let step = (BAND * SCALE) as u32;
    let mut y = 0;
    while y < rows {
        let n = step.min(rows - y);
        let rect = Rect::new(region.x, region.y + f64::from(y) / SCALE, region.width, f64::from(n) / SCALE);
        image::imageops::replace(&mut out, &cut(&safe, &mesh, rect, SCALE), 0, i64::from(y));
        y += n;
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 80)
        .encode(out.as_raw(), width, rows, ExtendedColorType::L8)
        .ok()?;
    Some(bytes)
}
