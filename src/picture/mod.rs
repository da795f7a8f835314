//! Pictures of a sheet: the strip, a crop of each doubtful cell, all number cells in one.
//!
//! In: the photo's pixels, while they are in memory, and the record. Out: [`SheetPictures`] and [`Rows`], which a run
//! keeps ([`crate::run::output::pictures`]) so that its pages can be made again without the photos. The
//! private block is painted over before anything is cut, and the strip ends above it. Refuses to
//! make a strip for a sheet whose private block was not located; accepted and unregistered sheets
//! have no pictures.

mod doubt;
mod rows;

pub use doubt::{contradictory, doubtful, rank};
pub use rows::{Rows, rows};

use crate::decide::Status;
use crate::form::{Field, Form, Slot};
use crate::ground::geometry::{Point, Quad, Rect};
use crate::read::cut::cut;
use crate::read::sheet::{Mesh, Rung};
use crate::record::{Record, Registration};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, GrayImage, Luma};
use serde::{Deserialize, Serialize};

/// Width of the strip's picture in pixels: legible headings, and about 40 KB a sheet.
const STRIP_WIDTH: u32 = 240;
/// Paper above the frame that the strip shows at most, mm; it starts where the photo does. Set so that
/// the logo of the sheets looked at is on it (November 2026, 42 scans).
const STRIP_ABOVE: f64 = 130.0;
/// Width of the head's picture in pixels: its print is legible.
const HEAD_WIDTH: u32 = 560;
/// JPEG quality of the strip (a map of the sheet) and of crops (evidence).
const STRIP_QUALITY: u8 = 50;
const CROP_QUALITY: u8 = 88;
/// Paper shown around a cell, mm: the cell's own rules and a hint of its neighbours.
const CROP_MARGIN: (f64, f64) = (0.8, 0.9);
/// Resolution of crops, pixels a millimetre: the photo's own, between these.
const CROP_SCALE: (f64, f64) = (6.0, 12.0);

/// The pictures of one sheet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SheetPictures {
    /// SHA-256 of the photo's file.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// The straightened sheet from its head to the private block.
    pub strip: Option<Strip>,
    /// The doubtful cells, those that most need a look first.
    pub cells: Vec<CellPictures>,
}

/// The straightened sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strip {
    /// The picture.
    pub picture: Picture,
    /// Where the fields stand in it.
    pub marks: Vec<Mark>,
}

/// The place of a field in the strip's picture, pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Field id.
    pub field: String,
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// The crops of one field's cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellPictures {
    /// Field id.
    pub field: String,
    /// The digits' cell.
    pub digits: Option<Picture>,
    /// The words' cell.
    pub words: Option<Picture>,
}

/// A JPEG picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The file's bytes in base 64.
    pub jpeg: String,
}

/// Makes the pictures of a sheet; empty ones for a sheet that is accepted or was not found.
pub fn pictures(pixels: &GrayImage, record: &Record, form: &Form) -> SheetPictures {
    let mut out = SheetPictures {
        sha256: record.source().sha256.clone(),
        page: record.source().page,
        ..Default::default()
    };
    let Some(registration) = &record.registration else { return out };
    let Some(mesh) = mesh(registration, form).filter(|_| record.status != Status::Accepted) else {
        return out;
    };
    let mut safe = pixels.clone();
    if let Some(private) = registration.private {
        cover(&mut safe, private);
        out.strip = strip(&safe, &mesh, form);
    }
    for id in doubtful(record) {
        let [digits, words] =
            cells(&safe, &mesh, form, &id).map(|c| c.and_then(|c| encode(&c, CROP_QUALITY)));
        if digits.is_some() || words.is_some() {
            out.cells.push(CellPictures { field: id, digits, words });
        }
    }
    out
}

/// The cells of each of these numbers, of its digits and of its words, 6 to 12 pixels a millimetre; `None` where the form
/// or the photo lacks one. No pixel of the private block is in them.
pub fn crops(
    mut pixels: GrayImage,
    record: &Record,
    form: &Form,
    ids: &[String],
) -> Vec<[Option<GrayImage>; 2]> {
    let registration = record.registration.as_ref();
    let Some((registration, mesh)) = registration.and_then(|r| Some((r, mesh(r, form)?))) else {
        return vec![[None, None]; ids.len()];
    };
    registration.private.into_iter().for_each(|private| cover(&mut pixels, private));
    ids.iter().map(|id| cells(&pixels, &mesh, form, id)).collect()
}

fn cells(safe: &GrayImage, mesh: &Mesh, form: &Form, id: &str) -> [Option<GrayImage>; 2] {
    let Some(field) = form.field(id).map(|ix| &form.fields[ix]) else { return [None, None] };
    let crop = |area: Rect| {
        let centre = Point::new(area.x + area.width / 2.0, area.y + area.height / 2.0);
        in_photo(safe, mesh, centre).then(|| cut_crop(safe, mesh, area))
    };
    let slot = |slot: &Slot| crop(area(field, slot));
    let digits = field.digits.as_ref().map_or_else(|| header_area(field, form).and_then(crop), slot);
    [digits, field.words.as_ref().and_then(slot)]
}

/// Paints the private block and all that lies beyond its upper edge, whatever the photo's rotation.
pub fn cover(pixels: &mut GrayImage, private: Quad) {
    /// Mid grey: visibly a cover, neither ink nor paper.
    const COVER: Luma<u8> = Luma([160]);
    let [a, b, c, d] = private.points();
    let beyond = |x: f64, y: f64| (b.x - a.x) * (y - a.y) - (b.y - a.y) * (x - a.x);
    let inside = beyond((c.x + d.x) / 2.0, (c.y + d.y) / 2.0).signum();
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        if beyond(f64::from(x), f64::from(y)) * inside >= 0.0 {
            *pixel = COVER;
        }
    }
}

/// The record's mesh; `None` for a record whose mesh cannot be one.
pub fn mesh(registration: &Registration, form: &Form) -> Option<Mesh> {
    let rungs: Vec<Rung> = registration
        .mesh
        .iter()
        .map(|r| Rung { y: r.y, points: r.points.map(|[x, y]| Point::new(x, y)) })
        .collect();
    let ascending = rungs.windows(2).all(|w| w[0].y < w[1].y);
    (rungs.len() >= 2 && ascending).then_some(Mesh { width: form.frame.0, rungs })
}

/// All lines of a slot with paper around, form mm.
fn area(field: &Field, slot: &Slot) -> Rect {
    let (first, last) = (slot.line_rect(field.y, 0), slot.line_rect(field.y, slot.lines.max(1) - 1));
    let (mx, my) = CROP_MARGIN;
    Rect::new(first.x - mx, first.y - my, first.width + 2.0 * mx, last.bottom() - first.y + 2.0 * my)
}

/// The line of a header field, form mm; `None` for another field.
fn header_area(field: &Field, form: &Form) -> Option<Rect> {
    let line = form.header_line(&field.id)?;
    let y = line.y?;
    // The header's print is 2.7 mm high on the forms known; the line is cut with paper around it.
    Some(Rect::new(form.header.left, y - 3.6, form.header.right - form.header.left, 5.2))
}

fn cut_crop(pixels: &GrayImage, mesh: &Mesh, area: Rect) -> GrayImage {
    let native = mesh.px_per_mm(area.y + area.height / 2.0);
    cut(pixels, mesh, area, native.clamp(CROP_SCALE.0, CROP_SCALE.1))
}

/// Whether a form point lies in the photo.
fn in_photo(pixels: &GrayImage, mesh: &Mesh, point: Point) -> bool {
    let p = mesh.map(point);
    p.x >= 0.0 && p.y >= 0.0 && p.x < f64::from(pixels.width()) && p.y < f64::from(pixels.height())
}

/// The strip from its head to the private block, and the fields' places in it.
fn strip(pixels: &GrayImage, mesh: &Mesh, form: &Form) -> Option<Strip> {
    let scale = f64::from(STRIP_WIDTH) / form.paper_width;
    let top = -paper_above(pixels, mesh);
    let (left, height) = (-form.margin_left, form.private_top - top);
    let out = straight(pixels, mesh, form, STRIP_WIDTH, (top, height));
    let mut marks = Vec::new();
    for field in &form.fields {
        let areas: Vec<Rect> = [field.digits.as_ref(), field.words.as_ref()]
            .into_iter()
            .flatten()
            .map(|slot| area(field, slot))
            .chain(header_area(field, form))
            .collect();
        let Some(first) = areas.first() else { continue };
        let x = areas.iter().fold(first.x, |a, r| a.min(r.x));
        let y = areas.iter().fold(first.y, |a, r| a.min(r.y));
        let right = areas.iter().fold(first.right(), |a, r| a.max(r.right()));
        let bottom = areas.iter().fold(first.bottom(), |a, r| a.max(r.bottom()));
        marks.push(Mark {
            field: field.id.clone(),
            x: tenth((x - left) * scale),
            y: tenth((y - top) * scale),
            width: tenth((right - x) * scale),
            height: tenth((bottom - y) * scale),
        });
    }
    Some(Strip { picture: encode(&out, STRIP_QUALITY)?, marks })
}

/// The paper's whole width from `place.0` on, `place.1` high (form mm), `width` pixels wide. Cut in
/// bands, because a crop is cut flat and the paper is not.
fn straight(pixels: &GrayImage, mesh: &Mesh, form: &Form, width: u32, place: (f64, f64)) -> GrayImage {
    const BAND: f64 = 4.0;
    let scale = f64::from(width) / form.paper_width;
    let rows = (place.1 * scale).floor() as u32;
    let mut out = GrayImage::from_pixel(width, rows, Luma([255]));
    let band_rows = (BAND * scale).round().max(1.0) as u32;
    let mut y = 0;
    while y < rows {
        let n = band_rows.min(rows - y);
        let top = place.0 + f64::from(y) / scale;
        let rect = Rect::new(-form.margin_left, top, form.paper_width, f64::from(n) / scale);
        image::imageops::replace(&mut out, &cut(pixels, mesh, rect, scale), 0, i64::from(y));
        y += n;
    }
    out
}

/// What stands above the frame, large enough to read the sheet's code.
fn head(pixels: &GrayImage, mesh: &Mesh, form: &Form) -> Option<Picture> {
    let above = paper_above(pixels, mesh);
    (above > 0.0)
        .then(|| straight(pixels, mesh, form, HEAD_WIDTH, (-above, above)))
        .and_then(|p| encode(&p, STRIP_QUALITY))
}

/// How much paper above the frame is on the photo, mm, at most [`STRIP_ABOVE`].
fn paper_above(pixels: &GrayImage, mesh: &Mesh) -> f64 {
    let inside = |mm: &u32| in_photo(pixels, mesh, Point::new(mesh.width / 2.0, -f64::from(*mm)));
    f64::from((0..=STRIP_ABOVE as u32).take_while(inside).last().unwrap_or(0))
}

/// Rounded to a tenth.
fn tenth(v: f64) -> f64 {
    (v * 10.0).round() / 10.0
}

/// A JPEG; `None` if the picture is too large for one, which no crop is.
fn encode(picture: &GrayImage, quality: u8) -> Option<Picture> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(picture.as_raw(), width, height, ExtendedColorType::L8)
        .ok()?;
    Some(Picture { width, height, jpeg: STANDARD.encode(bytes) })
}

impl SheetPictures {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.strip.is_none() && self.cells.is_empty()
    }
}
