//! Decoding QR codes in a window of a photo with zxing-cpp.
//!
//! In: grey pixels and a window of them. Out: every QR code that decodes, with its corners in photo
//! pixels. No other kind of symbol is looked for, and a code that fails its error correction is none.

use crate::ground::deadline;
use crate::ground::geometry::{Point, Quad};
use image::GrayImage;
use zxingcpp::{BarcodeFormat, Binarizer, ImageFormat, ImageView};

/// A decoded code.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decoded {
    /// Its text.
    pub text: String,
    /// Corners in photo pixels, in the symbol's own orientation.
    pub quad: Quad,
}

/// How much time is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thoroughness {
    /// Upright or turned by quarter-turns, as the finder patterns show it.
    Normal,
    /// Also with another binarisation.
    Hard,
}

/// A rectangle of whole pixels inside a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width, at least 1.
    pub width: u32,
    /// Height, at least 1.
    pub height: u32,
}

impl Window {
    /// The whole photo.
    pub fn whole(pixels: &GrayImage) -> Self {
        Self { x: 0, y: 0, width: pixels.width(), height: pixels.height() }
    }

    /// The part of the photo around a quad; `None` when less than a QR code's worth of it is inside.
    pub fn around(quad: Quad, pixels: &GrayImage) -> Option<Self> {
        let b = quad.bounds();
        let clip = |v: f64, max: u32| v.clamp(0.0, f64::from(max)) as u32;
        let (x0, x1) = (clip(b.x.floor(), pixels.width()), clip(b.right().ceil(), pixels.width()));
        let (y0, y1) = (clip(b.y.floor(), pixels.height()), clip(b.bottom().ceil(), pixels.height()));
        // The smallest QR symbol has 21 modules: less than 21 pixels hold none.
        (x1 >= x0 + 21 && y1 >= y0 + 21).then_some(Self { x: x0, y: y0, width: x1 - x0, height: y1 - y0 })
    }
}

/// Decodes every QR code in a window of the photo.
pub(super) fn window(pixels: &GrayImage, window: Window, thoroughness: Thoroughness) -> Vec<Decoded> {
    deadline::check();
    let mut found = pass(pixels, window, Binarizer::LocalAverage);
    if found.is_empty() && thoroughness == Thoroughness::Hard {
        found = pass(pixels, window, Binarizer::GlobalHistogram);
    }
    found
}

/// Decodes a picture that holds one clean, upright code and nothing else.
pub(super) fn clean(picture: &GrayImage) -> Option<String> {
    let (w, h) = (picture.width(), picture.height());
    let view = ImageView::from_slice(picture.as_raw(), w, h, ImageFormat::Lum).ok()?;
    let reader = zxingcpp::read()
        .formats(BarcodeFormat::QRCode)
        .is_pure(true)
        .try_harder(false)
        .try_rotate(false)
        .try_invert(false)
        .try_downscale(false)
        .binarizer(Binarizer::FixedThreshold)
        .max_number_of_symbols(1);
    reader.from(&view).ok()?.into_iter().find(|code| code.is_valid()).map(|code| code.text())
}

/// One pass of the decoder over a window.
fn pass(pixels: &GrayImage, window: Window, binarizer: Binarizer) -> Vec<Decoded> {
    let (w, h) = (pixels.width(), pixels.height());
    let Ok(view) = ImageView::from_slice(pixels.as_raw(), w, h, ImageFormat::Lum) else { return Vec::new() };
    let view = view.cropped(window.x as i32, window.y as i32, window.width as i32, window.height as i32);
    let reader = zxingcpp::read()
        .formats(BarcodeFormat::QRCode)
        .try_harder(true)
        .try_rotate(false)
        .try_invert(false)
        .try_downscale(true)
        .binarizer(binarizer)
        .max_number_of_symbols(8);
    let Ok(codes) = reader.from(&view) else { return Vec::new() };
    let place = |p: zxingcpp::PointI| {
        Point::new(f64::from(p.x) + f64::from(window.x), f64::from(p.y) + f64::from(window.y))
    };
    codes
        .into_iter()
        .filter(|code| code.is_valid())
        .map(|code| {
            let p = code.position();
            let corners = [p.top_left, p.top_right, p.bottom_right, p.bottom_left].map(place);
            Decoded { text: code.text(), quad: Quad::from_points(corners) }
        })
        .collect()
}
