//! The picture of a sheet as everybody may see it: nothing of the private block is in it.
//!
//! In: the original's pixels, the record, the form, and where the private blocks of other sheets on the
//! same photo are. Out: a new JPEG, drawn from the straightened sheet down to a guard above the
//! private block, and below that a plain cover. It is a new picture: no byte, no metadata and no
//! thumbnail of the original is in it, and no pixel below the guard was ever copied. What lies beyond the
//! block's upper edge is painted over in the source as well, before anything is cut.
//!
//! Refuses wherever it is not certain where the block is: no known form, no registration, a partial
//! sheet, few anchors, a large residual, a mesh that is torn or contradicts itself, and numbers right
//! above the block that were not read there or do not add up: rows look alike, their numbers do not.

use crate::form::{Field, Form, Relation};
use crate::ground::finding::Code;
use crate::ground::geometry::{Point, Quad, Rect};
use crate::picture::{cover, mesh};
use crate::read::cut::cut;
use crate::read::sheet::Mesh;
use crate::record::{Record, Registration};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, Luma};

/// Paper left out above the private block, mm: one and a half rows of the form, so that a registration
/// that slipped by a whole row still shows nothing of the block (November 2026, `scripts/check-redaction
/// 400`: 352 of 400 made-up scans and photos were published, without a pixel of the block).
pub const GUARD: f64 = 8.0;
/// Largest residual of the anchors, mm. 42 real scans have 0.11 to 0.19.
const MAX_RESIDUAL: f64 = 0.6;
/// Least share of anchors found. 42 real scans have 0.80 to 1.00.
const MIN_ANCHORS: f64 = 0.6;
/// How much longer or shorter than the sheet's mean a piece of the mesh may be: feed stretch and
/// perspective stay below it, a mesh that jumps does not. Not measured.
const MAX_STRETCH: f64 = 0.5;
/// How far the recorded private block may lie from where the mesh puts it, mm.
const MAX_SHIFT: f64 = 1.0;
/// How many of the numbers right above the block have to have been read where the mesh has them: one more
/// than a registration is off by that still passes the residual.
const LAST_NUMBERS: usize = 4;
/// Paper above the frame that is shown at most, mm.
const ABOVE: f64 = 190.0;
/// Height of the cover under the picture, mm.
const COVER: f64 = 14.0;
/// Pixels a millimetre at most: print is legible, and a sheet is about 150 kB.
const SCALE: f64 = 6.0;
/// JPEG quality.
const QUALITY: u8 = 60;

/// A picture without the private block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The file's bytes.
    pub jpeg: Vec<u8>,
}

/// Why a sheet is published without a picture.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No form is known for it.
    #[error("the sheet's form is not known")]
    Form,
    /// It was not registered.
    #[error("the sheet was not found in the picture")]
    NotRegistered,
    /// The print right above the private block is not on the picture, or another sheet's is not.
    #[error("the private block was not located: the picture shows a part of the sheet")]
    NotLocated,
    /// The registration is not certain enough.
    #[error("the private block is not located with certainty: {0}")]
    Uncertain(String),
    /// The original is not at hand, or is another: its stable tag, and what is wrong.
    #[error("{1}")]
    Unreadable(&'static str, String),
    /// The picture is too large for a JPEG.
    #[error("the picture cannot be written")]
    Encode,
}

impl Refusal {
    /// Stable tag, for counts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form => "form_unknown",
            Self::NotRegistered => "not_registered",
            Self::NotLocated => "block_not_located",
            Self::Uncertain(_) => "block_uncertain",
            Self::Unreadable(code, _) => code,
            Self::Encode => "not_encoded",
        }
    }
}

/// The mesh of a sheet whose private block is located with certainty.
///
/// # Errors
/// As the module says.
pub fn certain(record: &Record, form: &Form) -> Result<(Mesh, Quad), Refusal> {
    let registration = record.registration.as_ref().ok_or(Refusal::NotRegistered)?;
    let private = registration.private.ok_or(Refusal::NotLocated)?;
    if record.findings.iter().any(|f| f.code == Code::FieldsAbsent) {
        return Err(Refusal::NotLocated);
    }
    let Registration { residual_mm, anchors, .. } = *registration;
    // Written so that what is no number is refused.
    let near = residual_mm <= MAX_RESIDUAL;
    if !near {
        return Err(Refusal::Uncertain(format!("the anchors are {residual_mm} mm off")));
    }
    let enough = anchors >= MIN_ANCHORS;
    if !enough {
        return Err(Refusal::Uncertain(format!("{:.0} % of the anchors were found", 100.0 * anchors)));
    }
    let torn = || Refusal::Uncertain("the mesh of the sheet is torn".to_owned());
    let mesh = mesh(registration, form).ok_or_else(torn)?;
    if !whole(&mesh, form) {
        return Err(torn());
    }
    if !last_numbers_read(record, form) {
        return Err(Refusal::Uncertain("the numbers right above the block are not certain".to_owned()));
    }
    // The block's upper edge as recorded is where the mesh puts it: neither was changed alone.
    let scale = mesh.px_per_mm(form.frame.1 / 2.0);
    let [left, right, ..] = private.points();
    let edge = mesh.map(Point::new(mesh.width / 2.0, form.private_top));
    if distance_to_line(edge, left, right) > MAX_SHIFT * scale {
        return Err(Refusal::Uncertain("the recorded block is not where the mesh has it".to_owned()));
    }
    Ok((mesh, private))
}

/// Whether the mesh reaches from the frame's top to the private block without a jump.
fn whole(mesh: &Mesh, form: &Form) -> bool {
    let (first, last) = (mesh.rungs[0], mesh.rungs[mesh.rungs.len() - 1]);
    let reaches = first.y <= form.frame.1 * 0.25 && last.y >= form.private_top - GUARD;
    let length = |a: &crate::read::sheet::Rung, b: &crate::read::sheet::Rung| {
        a.points[1].distance(b.points[1]) / (b.y - a.y)
    };
    let mean = length(&first, &last);
    let even = mesh.rungs.windows(2).all(|w| {
        let ratio = length(&w[0], &w[1]) / mean;
        ratio.is_finite() && (1.0 - MAX_STRETCH..=1.0 + MAX_STRETCH).contains(&ratio)
    });
    reaches && mean > 0.0 && even
}

/// Whether the numbers right above the block were read in their places, by the program or by a person,
/// and no relation that one of them is in is broken.
fn last_numbers_read(record: &Record, form: &Form) -> bool {
    let mut printed: Vec<(usize, &Field)> = form
        .fields
        .iter()
        .enumerate()
        .filter(|(_, f)| f.digits.is_some() && f.y < form.private_top)
        .collect();
    printed.sort_by(|a, b| b.1.y.total_cmp(&a.1.y));
    printed.truncate(LAST_NUMBERS);
    let read = |id: &str| {
        record.value(id).is_some_and(|v| {
            let said = [&v.prints.digits, &v.prints.words];
            v.set_by.is_some()
                || v.value.is_some() && said.into_iter().flatten().any(|channel| channel.value == v.value)
        })
    };
    let broken = |relation: &Relation| {
        let among = |ix: &usize| printed.iter().any(|p| p.0 == *ix);
        relation.left.iter().chain(&relation.right).any(among)
            && record.checks.iter().any(|c| c.id == relation.id && c.holds == Some(false))
    };
    printed.iter().all(|(_, field)| read(&field.id)) && !form.relations.iter().any(broken)
}

/// Distance of a point from the line through `a` and `b`.
fn distance_to_line(p: Point, a: Point, b: Point) -> f64 {
    let length = a.distance(b).max(1e-9);
    ((b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x)).abs() / length
}

/// Paints a quad and everything inside it.
fn paint(pixels: &mut GrayImage, quad: Quad) {
    let bounds = quad.bounds();
    let clamp = |v: f64, most: u32| v.clamp(0.0, f64::from(most)) as u32;
    let (x0, x1) =
        (clamp(bounds.x.floor(), pixels.width()), clamp(bounds.right().ceil() + 1.0, pixels.width()));
    let (y0, y1) =
        (clamp(bounds.y.floor(), pixels.height()), clamp(bounds.bottom().ceil() + 1.0, pixels.height()));
    let points = quad.points();
    for y in y0..y1 {
        for x in x0..x1 {
            let (px, py) = (f64::from(x), f64::from(y));
            let side = |i: usize| {
                let (a, b) = (points[i], points[(i + 1) % 4]);
                (b.x - a.x) * (py - a.y) - (b.y - a.y) * (px - a.x)
            };
            let signs = [side(0), side(1), side(2), side(3)];
            if signs.iter().all(|&s| s >= 0.0) || signs.iter().all(|&s| s <= 0.0) {
                pixels.put_pixel(x, y, Luma([160]));
            }
        }
    }
}

/// The picture of a sheet for everybody. `others` are the private blocks of other sheets on the same
/// photo, which are covered too.
///
/// # Errors
/// As the module says: the sheet is published without a picture then.
pub fn redact(
    pixels: &GrayImage,
    record: &Record,
    form: &Form,
    others: &[Quad],
) -> Result<Redacted, Refusal> {
    let (mesh, private) = certain(record, form)?;
    let mut safe = pixels.clone();
    cover(&mut safe, private);
    for &other in others {
        paint(&mut safe, other);
    }
    let scale = mesh.px_per_mm(form.frame.1 / 2.0).min(SCALE);
    let top = -above(&safe, &mesh);
    let (left, bottom) = (-form.margin_left, form.private_top - GUARD);
    // Headers hang hundreds of millimetres above the frame.
    let mesh = mesh.extended(top, form.private_top);
    let width = (form.paper_width * scale).round() as u32;
    // Whole rows only: none reaches below the guard.
    let rows = ((bottom - top) * scale).floor() as u32;
    let covered = (COVER * scale).round() as u32;
    let mut out = GrayImage::from_pixel(width, rows + covered, Luma([160]));
    // In bands, because a crop is cut flat and the strip is not.
    const BAND: f64 = 4.0;
    let step = (BAND * scale).round().max(1.0) as u32;
    let mut y = 0;
    while y < rows {
        let n = step.min(rows - y);
        let rect = Rect::new(left, top + f64::from(y) / scale, form.paper_width, f64::from(n) / scale);
        image::imageops::replace(&mut out, &cut(&safe, &mesh, rect, scale), 0, i64::from(y));
        y += n;
    }
    // A bar across the cover: it is seen to be one.
    for x in 0..width {
        for y in rows..(rows + (scale as u32).max(1)).min(out.height()) {
            out.put_pixel(x, y, Luma([40]));
        }
    }
    let (width, height) = out.dimensions();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(out.as_raw(), width, height, ExtendedColorType::L8)
        .map_err(|_| Refusal::Encode)?;
    Ok(Redacted { width, height, jpeg })
}

/// How much paper above the frame lies in the photo, mm.
fn above(pixels: &GrayImage, mesh: &Mesh) -> f64 {
    let (w, h) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let inside = |mm: &u32| {
        let p = mesh.map(Point::new(mesh.width / 2.0, -f64::from(*mm)));
        p.x >= 0.0 && p.y >= 0.0 && p.x < w && p.y < h
    };
    f64::from((0..=ABOVE as u32).take_while(inside).last().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;
    use crate::lab::synth::records::Country;
    use crate::record::{Prints, RungRecord};

    /// A record registered straight at 8 px/mm with its frame at (100, 1600).
    fn registered() -> (Record, Form) {
        let form = builtin().unwrap().remove(0);
        let mut record = Country::new(&form, 1, 1).next().unwrap();
        let at = |x: f64, y: f64| [100.0 + 8.0 * x, 1600.0 + 8.0 * y];
        let rungs = (0..=68).map(|i| f64::from(i) * 5.0);
        let (w, top) = (form.frame.0, form.private_top);
        record.registration = Some(Registration {
            quad: Quad([at(0.0, 0.0), at(w, 0.0), at(w, 340.0), at(0.0, 340.0)]),
            residual_mm: 0.15,
            anchors: 0.95,
            px_per_mm: 8.0,
            private: Some(Quad([at(-21.0, top), at(90.0, top), at(90.0, 960.0), at(-21.0, 960.0)])),
            mesh: rungs.map(|y| RungRecord { y, points: [at(0.0, y), at(w / 2.0, y), at(w, y)] }).collect(),
        });
        (record, form)
    }

    fn refused(change: impl FnOnce(&mut Registration)) -> &'static str {
        let (mut record, form) = registered();
        change(record.registration.as_mut().unwrap());
        redact(&GrayImage::new(800, 6000), &record, &form, &[]).unwrap_err().code()
    }

    #[test]
    fn a_sheet_whose_block_is_not_located_with_certainty_has_no_picture() {
        let (record, form) = registered();
        assert!(redact(&GrayImage::new(800, 6000), &record, &form, &[]).is_ok());
        assert_eq!(refused(|r| r.private = None), "block_not_located");
        assert_eq!(refused(|r| r.residual_mm = 0.9), "block_uncertain");
        assert_eq!(refused(|r| r.residual_mm = f64::NAN), "block_uncertain");
        assert_eq!(refused(|r| r.anchors = 0.4), "block_uncertain");
        // A piece of a sheet, a jump of the mesh, a mesh that was changed without the block.
        assert_eq!(refused(|r| r.mesh.truncate(40)), "block_uncertain");
        assert_eq!(refused(|r| r.mesh[30].points[1][1] += 40.0), "block_uncertain");
        let down =
            |r: &mut Registration| r.mesh.iter_mut().flat_map(|r| &mut r.points).for_each(|p| p[1] += 80.0);
        assert_eq!(refused(down), "block_uncertain");
        let mut slipped = record.clone();
        let ids: Vec<String> = slipped.totals().into_keys().map(str::to_owned).collect();
        ids.iter().for_each(|id| slipped.value_mut(id).unwrap().prints = Prints::default());
        let error = redact(&GrayImage::new(800, 6000), &slipped, &form, &[]).unwrap_err();
        assert_eq!(error.code(), "block_uncertain");
        let mut unregistered = record.clone();
        unregistered.registration = None;
        let error = redact(&GrayImage::new(8, 8), &unregistered, &form, &[]).unwrap_err();
        assert_eq!(error.code(), "not_registered");
    }

    #[test]
    fn nothing_below_the_guard_changes_the_picture_and_everything_above_it_does() {
        let (record, form) = registered();
        let white = GrayImage::from_pixel(800, 6000, Luma([255]));
        let first_private = (1600.0 + 8.0 * form.private_top) as u32;
        let with_ink = |from: u32, to: u32| {
            let mut pixels = white.clone();
            (from..to).for_each(|y| (0..800).for_each(|x| pixels.put_pixel(x, y, Luma([0]))));
            redact(&pixels, &record, &form, &[]).unwrap()
        };
        let clean = redact(&white, &record, &form, &[]).unwrap();
        assert_eq!(clean, with_ink(first_private, 6000));
        assert_ne!(clean, with_ink(first_private - 100, first_private - 80));
    }

    #[test]
    fn the_block_of_another_sheet_on_the_photo_is_covered_too() {
        let (record, form) = registered();
        let mut pixels = GrayImage::from_pixel(800, 6000, Luma([255]));
        let other = Quad([[200.0, 2000.0], [300.0, 2000.0], [300.0, 2300.0], [200.0, 2300.0]]);
        let before = redact(&pixels, &record, &form, &[other]).unwrap();
        (2000..=2300).for_each(|y| (200..=300).for_each(|x| pixels.put_pixel(x, y, Luma([0]))));
        assert_eq!(redact(&pixels, &record, &form, &[other]).unwrap(), before);
        assert_ne!(redact(&pixels, &record, &form, &[]).unwrap(), before);
    }

    #[test]
    fn the_file_holds_no_metadata() {
        let (record, form) = registered();
        let jpeg = redact(&GrayImage::new(800, 6000), &record, &form, &[]).unwrap().jpeg;
        for marker in [0xE1u8, 0xE2, 0xED, 0xFE] {
            assert!(!jpeg.windows(2).take(600).any(|w| w == [0xFF, marker]), "{marker:x}");
        }
    }
}
