//! All number cells of a sheet in one small picture, for the review.
//!
//! In: the photo's pixels and the record. Out: [`Rows`]: digits and words of every field one under the
//! other, kept beside the sheet's other pictures; a field's crops are cut from it when they are shown.
//! The private block is painted over before anything is cut. Refuses (makes nothing for) a sheet that
//! is not registered; a cell that does not lie in the photo is left out.

use super::{CellPictures, Mark, Picture, area, cover, cut_crop, encode, head, header_area, in_photo, mesh};
use crate::form::Form;
use crate::ground::finding::Code;
use crate::ground::geometry::{Point, Rect};
use crate::record::Record;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{GrayImage, Luma};
use serde::{Deserialize, Serialize};

/// JPEG quality of the rows: legible, and about 60 KB a sheet of 49 numbers.
const QUALITY: u8 = 72;
/// JPEG quality of a crop that is cut from them.
const CROP_QUALITY: u8 = 88;

/// Digits and words of every field of one sheet.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rows {
    /// The picture; `None` when nothing could be cut.
    pub picture: Option<Picture>,
    /// What stands above the frame, for a sheet whose code a person has to read.
    #[serde(default)]
    pub head: Option<Picture>,
    /// Where the digits stand in it.
    pub digits: Vec<Mark>,
    /// Where the words stand in it.
    pub words: Vec<Mark>,
}

/// Cuts all number cells of a sheet; empty for a sheet that is not registered.
pub fn rows(pixels: &GrayImage, record: &Record, form: &Form) -> Rows {
    let Some(registration) = &record.registration else { return Rows::default() };
    let Some(mesh) = mesh(registration, form) else { return Rows::default() };
    let mut safe = pixels.clone();
    if let Some(private) = registration.private {
        cover(&mut safe, private);
    }
    let crop = |area: Rect| {
        let centre = Point::new(area.x + area.width / 2.0, area.y + area.height / 2.0);
        in_photo(&safe, &mesh, centre).then(|| cut_crop(&safe, &mesh, area))
    };
    let asks = record.findings.iter().any(|f| f.code == Code::CodeUnreadable);
    let head = if asks { head(&safe, &mesh, form) } else { None };
    let mut out = Rows { head, ..Rows::default() };
    let mut pieces: Vec<(u32, u32, GrayImage)> = Vec::new();
    let mut y = 0;
    for field in &form.fields {
        let digits = field.digits.as_ref().map(|s| area(field, s)).or_else(|| header_area(field, form));
        let words = field.words.as_ref().map(|s| area(field, s));
        let (mut x, mut height) = (0, 0);
        for (area, marks) in [(digits, &mut out.digits), (words, &mut out.words)] {
            let Some(piece) = area.and_then(&crop) else { continue };
            marks.push(Mark {
                field: field.id.clone(),
                x: f64::from(x),
                y: f64::from(y),
                width: f64::from(piece.width()),
                height: f64::from(piece.height()),
            });
            height = height.max(piece.height());
            let width = piece.width();
            pieces.push((x, y, piece));
            x += width;
        }
        y += height;
    }
    let width = pieces.iter().map(|(x, _, p)| x + p.width()).max().unwrap_or(0);
    if width > 0 {
        let mut all = GrayImage::from_pixel(width, y, Luma([255]));
        for (x, y, piece) in &pieces {
            image::imageops::replace(&mut all, piece, i64::from(*x), i64::from(*y));
        }
        out.picture = encode(&all, QUALITY);
    }
    out
}

impl Rows {
    /// Crops of these fields, in their order; fields that are not on the photo are left out.
    pub fn cells<'a>(&self, fields: impl IntoIterator<Item = &'a str>) -> Vec<CellPictures> {
        let Some(all) = self.picture.as_ref().and_then(decode) else { return Vec::new() };
        let cut = |marks: &[Mark], field: &str| {
            let mark = marks.iter().find(|m| m.field == field)?;
            let [x, y, w, h] = [mark.x, mark.y, mark.width, mark.height].map(|v| v.max(0.0) as u32);
            let inside = w > 0 && h > 0 && x + w <= all.width() && y + h <= all.height();
            inside.then(|| image::imageops::crop_imm(&all, x, y, w, h).to_image())
        };
        let picture = |marks: &[Mark], field: &str| cut(marks, field).and_then(|c| encode(&c, CROP_QUALITY));
        fields
            .into_iter()
            .map(|field| CellPictures {
                field: field.to_owned(),
                digits: picture(&self.digits, field),
                words: picture(&self.words, field),
            })
            .filter(|c| c.digits.is_some() || c.words.is_some())
            .collect()
    }
}

fn decode(picture: &Picture) -> Option<GrayImage> {
    let bytes = STANDARD.decode(&picture.jpeg).ok()?;
    Some(image::load_from_memory(&bytes).ok()?.to_luma8())
}
