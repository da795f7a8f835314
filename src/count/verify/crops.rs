//! The place on the sheet where a figure stands, as a picture.
//!
//! In: a record, its form, the figure's id, and the originals of its pages. Out: a JPEG of the rows that the figure is
//! made of: by the form's places, or, where the form does not know the row or another page shows it, by the places that the
//! record itself states. The private block and what lies below it is painted over before anything is cut. Refuses (no
//! picture) where the sheet is not registered, its private block was not located, or the original is not the one that was
//! digitized.

use crate::form::{FieldKind, Form};
use crate::ground::geometry::Rect;
use crate::picture::{cover, mesh};
use crate::read::cut::cut;
use crate::record::{Record, Source, Value};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage};

/// Paper shown around the rows, mm.
const MARGIN: f64 = 1.2;
/// Pixels a millimetre: a line of print is 12 px high.
const SCALE: f64 = 6.0;
/// A crop does not come nearer to the private block than this, mm.
const GUARD: f64 = 8.0;

/// Whether the form has nothing that must not be shown: no private block is printed within its frame.
fn all_public(form: &Form) -> bool {
    form.officials.title.is_empty() && form.officials.roles.is_empty() && form.private_top >= form.frame.1
}

/// The rows of a figure, form mm: a field's cells with their label, or all rows of a candidate.
fn region(form: &Form, item: &str) -> Option<Rect> {
    let candidate = form.candidates.iter().position(|c| c.id == item);
    let mut region: Option<Rect> = None;
    for (ix, field) in form.fields.iter().enumerate() {
        let meant = field.id == item
            || matches!(&field.kind, FieldKind::Vote { candidate: c, .. } if Some(*c) == candidate);
        if !meant {
            continue;
        }
        // A row of several numbers is shown whole: its name may stand on either side.
        let row = if let FieldKind::Value { of, .. } = field.kind { of } else { ix };
        let several = form.fields.iter().any(|f| matches!(f.kind, FieldKind::Value { of, .. } if of == row));
        for slot in [field.digits.as_ref(), field.words.as_ref()].into_iter().flatten() {
            let (first, last) = (slot.line_rect(field.y, 0), slot.line_rect(field.y, slot.lines.max(1) - 1));
            // From the frame's left edge: the label tells what the row is.
            let right = if several { form.frame.0 } else { first.right() };
            let r = Rect::new(0.0, first.y, right, last.bottom() - first.y);
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
    let guard = if all_public(form) { 0.0 } else { GUARD };
    (rect.bottom() <= form.private_top - guard).then_some(rect)
}

/// The numbers of a figure's rows as the record has them.
fn values<'r>(record: &'r Record, item: &str) -> Vec<&'r Value> {
    let of_item = |c: &&crate::record::Choice| c.candidate == item || c.number(item).is_some();
    let rows =
        record.choices().filter(of_item).flat_map(|c| std::iter::once(&c.votes).chain(c.values.values()));
    let rows: Vec<&Value> = rows.collect();
    if rows.is_empty() { record.value(item).into_iter().collect() } else { rows }
}

/// The crop of a figure out of a sheet's originals, as a JPEG; `pixels` are those of a page of the sheet.
pub fn crop(
    mut pixels: impl FnMut(&Source) -> Option<GrayImage>,
    record: &Record,
    form: &Form,
    item: &str,
) -> Option<Vec<u8>> {
    let values = values(record, item);
    let page = values.first()?.source.unwrap_or(0);
    if values.iter().any(|v| v.source.unwrap_or(0) != page) {
        return None;
    }
    let mut safe = pixels(record.sources.get(page)?)?;
    let registration = record.registration.as_ref().filter(|_| page == 0);
    match registration {
        Some(registration) => cover(&mut safe, registration.private?),
        // Where its private block lies on another page is not known.
        None if !all_public(form) => return None,
        None => {}
    }
    let by_form = registration.and_then(|r| Some((mesh(r, form)?, region(form, item)?)));
    let Some((mesh, region)) = by_form else { return jpeg(&by_places(&safe, &values)?) };
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
    jpeg(&out)
}

/// The band of a page, over its whole width, in which these numbers stand.
fn by_places(page: &GrayImage, values: &[&Value]) -> Option<GrayImage> {
    let corners = || values.iter().filter_map(|v| v.quad).flat_map(|q| q.points());
    let (top, bottom) = corners().fold((f64::MAX, f64::MIN), |(t, b), p| (t.min(p.y), b.max(p.y)));
    let margin = 0.5 * (bottom - top);
    let (top, bottom) = ((top - margin).max(0.0), (bottom + margin).min(f64::from(page.height())));
    let cut =
        || image::imageops::crop_imm(page, 0, top as u32, page.width(), (bottom - top) as u32).to_image();
    (bottom - top >= 1.0).then(cut)
}

fn jpeg(picture: &GrayImage) -> Option<Vec<u8>> {
    let (mut bytes, (width, height)) = (Vec::new(), picture.dimensions());
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 80);
    encoder.encode(picture.as_raw(), width, height, ExtendedColorType::L8).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{builtin, from_file};
    use std::path::Path;

    fn rows(form: &Form) -> Vec<Option<Rect>> {
        let rows =
            form.fields.iter().filter(|f| matches!(f.kind, FieldKind::Vote { .. } | FieldKind::Value { .. }));
        rows.map(|f| region(form, &f.id)).collect()
    }

    #[test]
    fn a_row_of_several_numbers_is_shown_whole_to_the_last_where_nothing_is_private() {
        let form = from_file(Path::new("forms/us-in-2024-precinct-b.toml")).unwrap();
        let rows = rows(&form);
        assert_eq!(rows.len(), 17 * 4);
        assert!(rows.iter().all(|r| r.is_some_and(|r| r.x <= 0.0 && r.right() >= form.frame.0)));
    }

    #[test]
    fn no_crop_comes_near_a_private_block() {
        let form = builtin().unwrap().remove(0);
        let shown: Vec<Rect> = rows(&form).into_iter().flatten().collect();
        assert!(shown.len() >= 38 && shown.iter().all(|r| r.bottom() <= form.private_top - GUARD));
    }
}
