//! Debug pictures: what the program saw of a sheet, one numbered picture a step.
//!
//! In: the photo's pixels, a sheet, its cells' crops. Out: PNG files in the folder of
//! `--debug-images`: `…-1-sheet.png`, the photo with every cell outlined where it was cut, and
//! `…-2-cells.png`, the crops as the readers get them, a row a field, numbered, with what was read. The private block is covered.
//! Nothing is drawn when the folder was not asked for.

use crate::form::{FieldIx, Form, Style, Weight, print};
use crate::ground::geometry::{Point, Rect};
use crate::read::glyphs::{CellReading, FieldEvidence, Reading};
use crate::read::photo::Photo;
use crate::read::sheet::Sheet;
use image::{GrayImage, Rgb, RgbImage};
use imageproc::drawing::{draw_antialiased_line_segment_mut, draw_polygon_mut};
use imageproc::pixelops::interpolate;
use std::path::{Path, PathBuf};

const DIGITS: Rgb<u8> = Rgb([208, 32, 32]);
const WORDS: Rgb<u8> = Rgb([32, 64, 208]);

/// Where the pictures of one photo go.
#[derive(Debug, Clone)]
pub struct DebugImages {
    stem: PathBuf,
}

impl DebugImages {
    /// For a photo in `dir`.
    pub fn new(dir: &Path, photo: &Photo) -> Self {
        let name = Path::new(&photo.path).file_stem().map_or_else(|| "photo".into(), |s| s.to_string_lossy());
        // Eight figures of the hash keep photos of one name in different folders apart.
        let hash = &photo.sha256[..photo.sha256.len().min(8)];
        let page = if photo.page > 0 { format!("-p{}", photo.page + 1) } else { String::new() };
        Self { stem: dir.join(format!("{name}-{hash}{page}")) }
    }

    fn save(&self, step: &str, picture: &RgbImage) {
        let mut path = self.stem.clone().into_os_string();
        path.push(format!("-{step}.png"));
        // A debug picture that cannot be written is not worth a run.
        if let Err(error) = picture.save(&path) {
            tracing::warn!("debug picture {}: {error}", Path::new(&path).display());
        }
    }

    /// The photo with every cell outlined.
    pub fn sheet(&self, pixels: &GrayImage, sheet: &Sheet, form: &Form) {
        let mut picture = RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
            let v = pixels.get_pixel(x, y)[0];
            Rgb([v, v, v])
        });
        cover(&mut picture, sheet, form);
        for field in &form.fields {
            for (slot, colour) in [(field.digits, DIGITS), (field.words, WORDS)] {
                let Some(slot) = slot else { continue };
                for line in 0..slot.lines {
                    outline(&mut picture, sheet, slot.line_rect(field.y, line), colour);
                }
            }
        }
        self.save("1-sheet", &picture);
    }

    /// What stands above the frame, flattened along the mesh, and beside it each line as the reader gets it.
    pub fn header(&self, flat: &GrayImage, lines: &[GrayImage]) {
        let gap = 4;
        let left = flat.width() + 2 * gap;
        let height = flat.height().max(lines.iter().map(|l| l.height() + gap).sum());
        let width = left + lines.iter().map(GrayImage::width).max().unwrap_or(0);
        let mut picture = RgbImage::from_pixel(width, height.max(1), Rgb([120, 140, 120]));
        let mut put = |crop: &GrayImage, left: u32, top: u32| {
            for (x, y, p) in crop.enumerate_pixels() {
                picture.put_pixel(left + x, top + y, Rgb([p[0], p[0], p[0]]));
            }
        };
        put(flat, 0, 0);
        let mut y = 0;
        for line in lines {
            put(line, left, y);
            y += line.height() + gap;
        }
        self.save("3-header", &picture);
    }

    /// The crops as the readers get them, digits and words, a row a field, with its number, its name and what was
    /// read beside them.
    pub fn cells(
        &self,
        rows: &[(FieldIx, &GrayImage, Option<&GrayImage>)],
        form: &Form,
        read: &[FieldEvidence],
    ) {
        let gap = 4;
        let tall = |r: &(FieldIx, &GrayImage, Option<&GrayImage>)| {
            r.1.height().max(r.2.map_or(0, GrayImage::height)) + gap
        };
        let left = rows.iter().map(|r| r.1.width()).max().unwrap_or(0) + gap;
        let told = left + rows.iter().filter_map(|r| r.2).map(GrayImage::width).max().unwrap_or(0) + gap;
        let height: u32 = rows.iter().map(tall).sum();
        let mut picture = RgbImage::from_pixel(told + CAPTION, height.max(1), Rgb([232, 236, 232]));
        let mut y = 0;
        for row in rows {
            let (field, digits, words) = *row;
            for (crop, x) in [(Some(digits), 0), (words, left)].into_iter().filter_map(|c| Some((c.0?, c.1)))
            {
                for (cx, cy, p) in crop.enumerate_pixels() {
                    picture.put_pixel(x + cx, y + cy, Rgb([p[0], p[0], p[0]]));
                }
            }
            let text = format!(
                "{}  {}   digits {}   words {}",
                field + 1,
                form.fields[field].id,
                said(read[field].digits.as_ref()),
                said(read[field].words.as_ref())
            );
            let at = (f64::from(told + gap), f64::from(y + tall(row) / 2) + SMALL.size / 3.0);
            print::ink(&text, at, &SMALL, 1.0, |x, y, coverage| {
                if (0..i64::from(picture.width())).contains(&x)
                    && (0..i64::from(picture.height())).contains(&y)
                {
                    let grey = ((1.0 - coverage) * 220.0) as u8;
                    let p = picture.get_pixel_mut(x as u32, y as u32);
                    *p = Rgb(p.0.map(|v| v.min(grey)));
                }
            });
            y += tall(row);
        }
        self.save("2-cells", &picture);
    }
}

/// Style of what is written into the pictures; its size is in pixels.
const SMALL: Style = Style { size: 15.0, weight: Weight::Regular, space: None, tracking: 0.0 };

/// Room for a row's text, px.
const CAPTION: u32 = 560;

/// What each reader says of a print: its best number with its probability, or what it takes it for.
fn said(cell: Option<&CellReading>) -> String {
    let one = |r: &Reading| match r.distribution.values.first() {
        Some((value, p)) if *p >= r.distribution.blank.max(r.distribution.other) => format!("{value} {p:.4}"),
        _ => format!("unreadable {:.2}", r.distribution.blank + r.distribution.other),
    };
    let all = cell.map(|c| c.readings.iter().map(one).collect::<Vec<_>>().join(" / "));
    all.filter(|t| !t.is_empty()).unwrap_or_else(|| "-".to_owned())
}

/// Outlines a form rectangle along the mesh.
fn outline(picture: &mut RgbImage, sheet: &Sheet, rect: Rect, colour: Rgb<u8>) {
    let corners = rect.corners().map(|p| sheet.mesh.map(p));
    for k in 0..4 {
        let (a, b) = (corners[k], corners[(k + 1) % 4]);
        let end = |p: Point| (p.x.round() as i32, p.y.round() as i32);
        draw_antialiased_line_segment_mut(picture, end(a), end(b), colour, interpolate);
    }
}

/// Covers the private block and all below it.
fn cover(picture: &mut RgbImage, sheet: &Sheet, form: &Form) {
    let (top, side) = (form.private_top, form.margin_left + 15.0);
    let rect = Rect::new(-side, top, form.frame.0 + 2.0 * side, form.paper_length.1 - top);
    let points = rect.corners().map(|p| sheet.mesh.map(p));
    let clamp = |v: f64| v.clamp(-60_000.0, 60_000.0) as i32;
    let polygon: Vec<_> =
        points.iter().map(|p| imageproc::point::Point::new(clamp(p.x), clamp(p.y))).collect();
    if polygon[0] != polygon[3] {
        draw_polygon_mut(picture, &polygon, Rgb([90, 90, 90]));
    }
}
