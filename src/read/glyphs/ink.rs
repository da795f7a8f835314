//! The ink of a crop: paper and ink levels, what belongs to the text, its box, a clean enlarged copy.
//!
//! In: a crop of one line of print. Out: an [`Ink`] with the text's box, or nothing for blank paper.
//! Ruling lines and scraps of neighbours that come in from the crop's edges are no text.

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use imageproc::definitions::Image;
use imageproc::map::map_pixels;
use imageproc::region_labelling::{Connectivity, connected_components};

/// The text of a crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink {
    /// Grey level of the paper.
    pub paper: f64,
    /// Grey level of the ink.
    pub ink: f64,
    /// Left, top, right, bottom of the text in pixels of the crop; right and bottom are outside.
    pub frame: (u32, u32, u32, u32),
    /// How many separate pieces of ink of at least half the text's height stand side by side.
    pub pieces: u32,
}

/// Ink below this share of the paper's level away from it is none: JPEG noise and the paper's print
/// from the back stay below 0.12 on scans.
const FAINT: f64 = 0.15;

impl Ink {
    /// Width over height of the text's box.
    pub fn aspect(&self) -> f64 {
        f64::from(self.frame.2 - self.frame.0) / f64::from((self.frame.3 - self.frame.1).max(1))
    }

    /// Finds the text of a crop; `None` for blank paper.
    pub fn find(crop: &GrayImage) -> Option<Self> {
        let mut values = crop.as_raw().clone();
        if values.is_empty() {
            return None;
        }
        values.sort_unstable();
        let paper = f64::from(values[values.len() * 7 / 10]);
        let ink = f64::from(values[values.len() / 100]);
        if paper - ink < FAINT * paper.max(1.0) {
            return None;
        }
        let (w, h) = crop.dimensions();
        let mut parts = parts(crop, (paper + ink) / 2.0).0;
        parts.retain(|p| p.is_text(w, h));
        let frame = parts.iter().fold(None, |frame: Option<(u32, u32, u32, u32)>, p| {
            let (l, t, r, b) = frame.unwrap_or((p.x0, p.y0, p.x1, p.y1));
            Some((l.min(p.x0), t.min(p.y0), r.max(p.x1), b.max(p.y1)))
        })?;
        let half = f64::from(frame.3 - frame.1) / 2.0;
        let pieces = parts.iter().filter(|p| f64::from(p.y1 - p.y0) >= half).count() as u32;
        Some(Self { paper, ink, frame, pieces })
    }

    /// The whole crop without what is no text. Its greys stay: stretched to black, thin strokes are
    /// misread (a 1 as a 4).
    pub fn clean(&self, crop: &GrayImage) -> GrayImage {
        let (w, h) = crop.dimensions();
        let (parts, labels) = parts(crop, (self.paper + self.ink) / 2.0);
        let keep: Vec<bool> = parts.iter().map(|p| p.is_text(w, h)).collect();
        // The soft edge of a removed part goes with it: a pixel nearer to it than to kept ink.
        let near = |x: u32, y: u32| {
            let mut removed = false;
            for ny in y.saturating_sub(1)..(y + 2).min(h) {
                for nx in x.saturating_sub(1)..(x + 2).min(w) {
                    match labels.get_pixel(nx, ny)[0].checked_sub(1) {
                        Some(part) if keep[part as usize] => return false,
                        Some(_) => removed = true,
                        None => {}
                    }
                }
            }
            removed
        };
        GrayImage::from_fn(crop.width(), crop.height(), |x, y| {
            if near(x, y) { Luma([self.paper as u8]) } else { *crop.get_pixel(x, y) }
        })
    }

    /// The text cut tight, stretched to black on white, `height` pixels high, with `padding` white
    /// pixels around.
    pub fn enlarge(&self, crop: &GrayImage, height: u32, padding: u32) -> GrayImage {
        let (l, t, r, b) = self.frame;
        let cut = imageops::crop_imm(crop, l, t, r - l, b - t).to_image();
        let stretched = GrayImage::from_fn(cut.width(), cut.height(), |x, y| {
            let v = f64::from(cut.get_pixel(x, y)[0]);
            Luma([((v - self.ink) / (self.paper - self.ink) * 255.0).clamp(0.0, 255.0) as u8])
        });
        let width = (f64::from(height) * self.aspect()).round().max(1.0) as u32;
        let large = imageops::resize(&stretched, width, height, FilterType::CatmullRom);
        let mut out = GrayImage::from_pixel(width + 2 * padding, height + 2 * padding, Luma([255]));
        imageops::replace(&mut out, &large, i64::from(padding), i64::from(padding));
        out
    }
}

/// A connected piece of ink; right and bottom are outside.
#[derive(Debug, Clone, Copy)]
struct Part {
    x0: u32,
    y0: u32,
    x1: u32,
    y1: u32,
    area: u32,
}

impl Part {
    /// Neither a rule nor a scrap that comes in from the top or bottom edge, nor a speck.
    fn is_text(&self, w: u32, h: u32) -> bool {
        let (pw, ph) = (self.x1 - self.x0, self.y1 - self.y0);
        let at_edge = self.y0 == 0 || self.y1 == h;
        let at_side = self.x0 == 0 || self.x1 == w;
        let flat = ph * 4 < h;
        let rule = (pw * 2 > w && flat) || (at_side && pw * 6 < ph) || (ph + 1 >= h && pw * 6 < ph);
        let speck = self.area * 400 < h * h || (pw.max(ph) * 10 < h);
        // Rules that meet in a corner come in from two sides.
        !(rule || speck || (at_edge && (flat || at_side)))
    }
}

/// The connected pieces (eight neighbours) of what is darker than `level`; and for each pixel its piece's number from 1,
/// 0 for paper.
fn parts(crop: &GrayImage, level: f64) -> (Vec<Part>, Image<Luma<u32>>) {
    let dark = map_pixels(crop, |p| Luma([u8::from(f64::from(p[0]) < level)]));
    let labels = connected_components(&dark, Connectivity::Eight, Luma([0]));
    let count = labels.iter().max().map_or(0, |&n| n as usize);
    let mut parts = vec![Part { x0: u32::MAX, y0: u32::MAX, x1: 0, y1: 0, area: 0 }; count];
    for (x, y, label) in labels.enumerate_pixels().filter(|l| l.2[0] > 0) {
        let part = &mut parts[label[0] as usize - 1];
        part.area += 1;
        (part.x0, part.y0) = (part.x0.min(x), part.y0.min(y));
        (part.x1, part.y1) = (part.x1.max(x + 1), part.y1.max(y + 1));
    }
    (parts, labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paper of 60 x 20 with black rectangles (left, top, right, bottom).
    fn paper(boxes: &[(u32, u32, u32, u32)]) -> GrayImage {
        GrayImage::from_fn(60, 20, |x, y| {
            let inside = boxes.iter().any(|b| x >= b.0 && x < b.2 && y >= b.1 && y < b.3);
            Luma([if inside { 40 } else { 220 }])
        })
    }

    #[test]
    fn blank_paper_has_no_ink() {
        assert_eq!(Ink::find(&paper(&[])), None);
        assert_eq!(Ink::find(&GrayImage::new(0, 0)), None);
    }

    #[test]
    fn rules_and_neighbours_at_the_edges_are_no_text() {
        let ink = Ink::find(&paper(&[(0, 0, 60, 2), (30, 17, 40, 20), (20, 5, 26, 15), (28, 5, 34, 15)]));
        let ink = ink.unwrap();
        assert_eq!(ink.frame, (20, 5, 34, 15));
        assert_eq!(ink.pieces, 2);
    }

    #[test]
    fn a_cleaned_crop_keeps_the_text_in_its_place_and_loses_the_rules() {
        let crop = paper(&[(0, 0, 60, 2), (20, 5, 26, 15), (57, 0, 60, 20)]);
        let clean = Ink::find(&crop).unwrap().clean(&crop);
        assert_eq!(clean.dimensions(), crop.dimensions());
        assert_eq!(
            (clean.get_pixel(22, 10)[0], clean.get_pixel(10, 1)[0], clean.get_pixel(58, 9)[0]),
            (40, 220, 220)
        );
    }

    #[test]
    fn the_enlarged_text_is_black_on_white_with_its_padding() {
        let crop = paper(&[(20, 5, 26, 15)]);
        let large = Ink::find(&crop).unwrap().enlarge(&crop, 30, 10);
        assert_eq!(large.dimensions(), (18 + 20, 50));
        assert_eq!(large.get_pixel(0, 0)[0], 255);
        assert_eq!(large.get_pixel(19, 25)[0], 0);
    }
}
