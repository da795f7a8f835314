//! Text as the thermal printer prints it: glyph outlines to nearly bi-level dots.
//!
//! In: a text, a [`Style`] and a place in pixels. Out: ink in a picture, or the text's width in
//! millimetres. Characters that the font lacks are left out.

use crate::form::{Align, Style, print};
use crate::ground::geometry::Point;
use image::GrayImage;

/// Width of the text in millimetres.
pub fn width(text: &str, style: Style) -> f64 {
    print::text_width(text, &style)
}

/// Draws the text with its baseline through `at` (pixels), `px_per_mm` fine; `ink` is the grey of
/// a fully inked dot, 0 to 255.
pub fn draw(
    pixels: &mut GrayImage,
    text: &str,
    at: Point,
    align: Align,
    style: Style,
    px_per_mm: f64,
    ink: u8,
) {
    let start = match align {
        Align::Left => at.x,
        Align::Centre => at.x - width(text, style) * px_per_mm / 2.0,
        Align::Right => at.x - width(text, style) * px_per_mm,
    };
    print::ink(text, (start, at.y), &style, px_per_mm, |x, y, coverage| dot(pixels, x, y, coverage, ink));
}

/// Inks one dot. A dot is printed or not: coverage is steepened around one half, less a little for
/// the heat that spreads (compared with scans by eye).
fn dot(pixels: &mut GrayImage, x: i64, y: i64, coverage: f32, ink: u8) {
    if x < 0 || y < 0 || x >= i64::from(pixels.width()) || y >= i64::from(pixels.height()) {
        return;
    }
    let inked = ((coverage - 0.42) * 4.0 + 0.5).clamp(0.0, 1.0);
    let pixel = pixels.get_pixel_mut(x as u32, y as u32);
    let value = 255.0 - inked * f32::from(255 - ink);
    pixel[0] = pixel[0].min(value as u8);
}

/// The text in lines no wider than `limit` millimetres, broken after a space or a hyphen; a word that
/// is wider alone is broken between characters.
pub fn wrap(text: &str, style: Style, limit: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in text.split_inclusive([' ', '-']) {
        if !line.is_empty() && width((line.clone() + piece).trim_end(), style) > limit {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        for c in piece.chars() {
            if c != ' ' && width(&line, style) + width(c.encode_utf8(&mut [0; 4]), style) > limit {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.trim_end().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Weight;

    #[test]
    fn words_break_after_the_comma_when_the_column_is_narrower() {
        let style = Style { size: 2.03, weight: Weight::Regular, space: Some(0.36), tracking: 0.028 };
        assert_eq!(wrap("Cero, Cero, Cero, Cuatro", style, 25.08).len(), 1);
        assert_eq!(wrap("Cero, Cero, Nueve, Cuatro", style, 25.08), ["Cero, Cero, Nueve,", "Cuatro"]);
    }

    #[test]
    fn text_hangs_where_its_alignment_says() {
        let style = Style { size: 4.0, weight: Weight::Bold, space: None, tracking: 0.0 };
        let mut pixels = GrayImage::from_pixel(200, 60, image::Luma([255]));
        draw(&mut pixels, "HI", Point::new(100.0, 50.0), Align::Right, style, 8.0, 0);
        let inked = |x: u32| (0..60).any(|y| pixels.get_pixel(x, y)[0] < 128);
        assert!((60..100).any(inked));
        assert!(!(101..200).any(inked));
    }
}
