//! Text as the thermal printer prints it: glyph outlines to nearly bi-level dots.
//!
//! In: a text, a [`Style`] and a place in pixels. Out: ink in a picture, or the text's width in
//! millimetres. Characters that the font lacks are left out.

use crate::form::{Align, Style, Weight};
use crate::geometry::Point;
use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use image::GrayImage;
use std::sync::OnceLock;

/// Liberation Sans, the free face of the print's metrics.
const REGULAR: &[u8] = include_bytes!("../../models/fonts/LiberationSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../../models/fonts/LiberationSans-Bold.ttf");

fn font(weight: Weight) -> &'static FontRef<'static> {
    static FONTS: OnceLock<[FontRef<'static>; 2]> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        [REGULAR, BOLD].map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded fonts are whole"))
    });
    match weight {
        Weight::Regular => &fonts[0],
        Weight::Bold => &fonts[1],
    }
}

/// The scale at which one em is `em` pixels: ab_glyph scales by ascent minus descent.
fn scale(font: &FontRef<'_>, em: f64) -> PxScale {
    let units = font.units_per_em().unwrap_or(2048.0);
    PxScale::from((em * f64::from(font.height_unscaled() / units)) as f32)
}

/// Advances of the characters, in em.
fn advances(text: &str, style: Style) -> impl Iterator<Item = (char, f64)> + '_ {
    let font = font(style.weight);
    let units = f64::from(font.units_per_em().unwrap_or(2048.0));
    text.chars().map(move |c| {
        let own = f64::from(font.h_advance_unscaled(font.glyph_id(c))) / units;
        (c, if c == ' ' { style.space.unwrap_or(own) } else { own })
    })
}

/// Width of the text in millimetres.
pub fn width(text: &str, style: Style) -> f64 {
    advances(text, style).map(|(_, a)| a).sum::<f64>() * style.size
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
    let em = style.size * px_per_mm;
    let start = match align {
        Align::Left => at.x,
        Align::Centre => at.x - width(text, style) * px_per_mm / 2.0,
        Align::Right => at.x - width(text, style) * px_per_mm,
    };
    let font = font(style.weight);
    let scale = scale(font, em);
    // The printer has whole dots: baselines and glyph origins sit on them.
    let mut x = start;
    for (c, advance) in advances(text, style) {
        if c != ' ' {
            let position = ab_glyph::point(x.round() as f32, at.y.round() as f32);
            let glyph = font.glyph_id(c).with_scale_and_position(scale, position);
            if let Some(outline) = font.as_scaled(scale).outline_glyph(glyph) {
                let bounds = outline.px_bounds();
                outline.draw(|gx, gy, coverage| {
                    dot(
                        pixels,
                        bounds.min.x as i64 + i64::from(gx),
                        bounds.min.y as i64 + i64::from(gy),
                        coverage,
                        ink,
                    );
                });
            }
        }
        x += advance * em;
    }
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

    #[test]
    fn words_break_after_the_comma_when_the_column_is_narrower() {
        let style = Style { size: 2.03, weight: Weight::Regular, space: Some(0.525) };
        assert_eq!(wrap("Cero, Cero, Cero, Cuatro", style, 24.9).len(), 1);
        assert_eq!(wrap("Cero, Cero, Nueve, Cuatro", style, 24.9), ["Cero, Cero, Nueve,", "Cuatro"]);
    }

    #[test]
    fn text_hangs_where_its_alignment_says() {
        let style = Style { size: 4.0, weight: Weight::Bold, space: None };
        let mut pixels = GrayImage::from_pixel(200, 60, image::Luma([255]));
        draw(&mut pixels, "HI", Point::new(100.0, 50.0), Align::Right, style, 8.0, 0);
        let inked = |x: u32| (0..60).any(|y| pixels.get_pixel(x, y)[0] < 128);
        assert!((60..100).any(inked));
        assert!(!(101..200).any(inked));
    }
}
