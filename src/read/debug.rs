//! Debug pictures: what the program saw of a sheet, one numbered picture a step.
//!
//! In: the photo's pixels, a sheet, its cells' crops. Out: PNG files in the folder of
//! `--debug-images`: `…-1-sheet.png`, the photo with every cell outlined where it was cut, and
//! `…-2-cells.png`, the crops as the readers get them, a row a field. The private block is covered.
//! Nothing is drawn when the folder was not asked for.

use crate::form::Form;
use crate::ground::geometry::{Point, Rect};
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

    /// The crops as the readers get them: digits, then words, a row a field.
    pub fn cells(&self, rows: &[(&GrayImage, &GrayImage)]) {
        let gap = 4;
        let height: u32 = rows.iter().map(|r| r.0.height().max(r.1.height()) + gap).sum();
        let left = rows.iter().map(|r| r.0.width()).max().unwrap_or(0) + gap;
        let width = left + rows.iter().map(|r| r.1.width()).max().unwrap_or(0);
        let mut picture = RgbImage::from_pixel(width.max(1), height.max(1), Rgb([120, 140, 120]));
        let mut y = 0;
        for (digits, words) in rows {
            for (crop, x) in [(digits, 0), (words, left)] {
                for (cx, cy, p) in crop.enumerate_pixels() {
                    picture.put_pixel(x + cx, y + cy, Rgb([p[0], p[0], p[0]]));
                }
            }
            y += digits.height().max(words.height()) + gap;
        }
        self.save("2-cells", &picture);
    }
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
