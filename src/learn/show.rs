//! What was found, drawn on a sheet.
//!
//! In: one sheet's ink and what was found. Out: a picture, [`PX`] pixels a millimetre: numbers red, those that never vary
//! violet, shares purple, what differs and is no number blue, texts green where they are labels and grey where they are open,
//! lines orange. Refuses nothing.

use super::grid::Grid;
use super::marks::{PX, Part};
use super::numbers::Kind;
use super::text::Phrase;
use crate::form::Rule;
use image::{GrayImage, Rgb, RgbImage};

/// The picture.
pub(super) fn picture(
    ink: &GrayImage,
    grid: &Grid,
    differ: &[Part],
    phrases: &[Phrase],
    rules: &[Rule],
) -> RgbImage {
    let mut out = RgbImage::from_fn(ink.width(), ink.height(), |x, y| Rgb([255 - ink.get_pixel(x, y)[0]; 3]));
    let mut frame = |p: &Part, colour: [u8; 3]| {
        let level = (p.x0..p.x1).flat_map(|x| [(x, p.y0), (x, p.y1 - 1)]);
        let upright = (p.y0..p.y1).flat_map(|y| [(p.x0, y), (p.x1 - 1, y)]);
        for (x, y) in level.chain(upright) {
            if x >= 0 && y >= 0 && (x as u32) < ink.width() && (y as u32) < ink.height() {
                out.put_pixel(x as u32, y as u32, Rgb(colour));
            }
        }
    };
    for f in &grid.figures {
        let colour = match (f.cell.constant, f.kind) {
            (true, _) => [255, 0, 255],
            (_, Kind::Share) => [150, 0, 200],
            _ => [255, 0, 0],
        };
        frame(&f.cell.part, colour);
    }
    differ.iter().for_each(|p| frame(p, [0, 0, 255]));
    phrases.iter().for_each(|p| frame(&p.part, if p.drawn { [0, 170, 0] } else { [130, 130, 130] }));
    for r in rules {
        let px = |v: f64| (v * PX) as i32;
        frame(&Part { x0: px(r.x0), y0: px(r.y0), x1: px(r.x1) + 1, y1: px(r.y1) + 1 }, [255, 140, 0]);
    }
    out
}
