//! The pages of PDF files, as scanners write them.
//!
//! In: a file's bytes. Out: a page's upright grey pixels: the pixels of the scan itself where the page is
//! one picture, else the page drawn so that its pictures lose nothing, or at 300 dpi where it has none.
//! Refuses files that are locked or damaged as a whole, and pages that are damaged or over the limit.

use super::survey::{Survey, walk};
use super::{CUT_SHORT, Limits, PhotoError, within};
use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::hayro_interpret::hayro_syntax::{LoadPdfError, Pdf};
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageData, ImageDrawProps, InterpreterSettings,
    SoftMask,
};
use hayro::kurbo::BezPath;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::{DynamicImage, GrayImage, Pixel, Rgb, RgbImage};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pixels a point of a page without a scan: 300 dpi, as office scanners have it.
const DRAWN: f64 = 300.0 / 72.0;

/// Such a page is drawn coarser where it would come to more pixels than this: an A3 page at 300 dpi has
/// 17 million.
const DRAWN_PIXELS: f64 = 50e6;

/// Sides that a page can be drawn with.
const SIDE: f64 = 65_000.0;

/// A PDF file.
pub(super) struct Scans {
    pdf: Pdf,
}

fn damaged(cause: &str) -> PhotoError {
    PhotoError::Damaged { format: "pdf".to_owned(), cause: cause.to_owned() }
}

impl Scans {
    /// Reads the file's list of pages.
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, PhotoError> {
        // A decoder's panic on a damaged file must not end the run.
        match catch_unwind(|| Pdf::new(bytes)) {
            Ok(Ok(pdf)) => Ok(Self { pdf }),
            Ok(Err(LoadPdfError::Decryption(_))) => Err(PhotoError::Locked),
            Ok(Err(LoadPdfError::Invalid)) | Err(_) => Err(damaged("its list of pages cannot be read")),
        }
    }

    /// How many pages it has.
    pub(super) fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// A page's pixels.
    pub(super) fn page(&self, ix: usize, limits: &Limits) -> Result<GrayImage, PhotoError> {
        let page = self.pdf.pages().get(ix).ok_or_else(|| damaged("the page is missing"))?;
        catch_unwind(AssertUnwindSafe(|| pixels(page, limits)))
            .unwrap_or_else(|_| Err(damaged("the page cannot be drawn")))
    }
}

fn pixels(page: &Page<'_>, limits: &Limits) -> Result<GrayImage, PhotoError> {
    if page.page_stream().is_none() && page.raw().contains_key("Contents") {
        return Err(damaged("the page's content cannot be read"));
    }
    let survey = Survey::of(page);
    if survey.cut_short {
        return Err(damaged(CUT_SHORT));
    }
    for shown in &survey.pictures {
        within(shown.width, shown.height, limits)?;
    }
    let Some((_, orientation)) = survey.scan() else { return drawn(page, &survey, limits) };
    let mut taken = Taken(None);
    walk(page, &mut taken);
    let mut picture =
        DynamicImage::ImageLuma8(taken.0.ok_or_else(|| damaged("its picture cannot be decoded"))?);
    picture.apply_orientation(orientation);
    Ok(picture.into_luma8())
}

/// The page drawn.
fn drawn(page: &Page<'_>, survey: &Survey, limits: &Limits) -> Result<GrayImage, PhotoError> {
    let (width, height) = page.render_dimensions();
    let (w, h) = (f64::from(width), f64::from(height));
    let scale = survey.scale().unwrap_or_else(|| DRAWN.min((DRAWN_PIXELS / (w * h)).sqrt()));
    let scale = scale.min(SIDE / w.max(h));
    let side = |points: f64| (points * scale).round().max(1.0);
    let (across, down) = (side(w), side(h));
    within(across as u32, down as u32, limits)?;
    let failed = Arc::new(AtomicBool::new(false));
    let told = failed.clone();
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            use hayro::hayro_interpret::InterpreterWarning::ImageDecodeFailure;
            told.fetch_or(matches!(warning, ImageDecodeFailure), Ordering::Relaxed);
        }),
        ..InterpreterSettings::default()
    };
    // The renderer rounds down.
    let fit = |pixels: f64, points: f64| ((pixels + 0.25) / points) as f32;
    let size = PixmapSettings { x_scale: fit(across, w), y_scale: fit(down, h), bg_color: WHITE };
    let map = render(page, &RenderCache::new(), &settings, &RenderSettings::default(), &size);
    if failed.load(Ordering::Relaxed) {
        return Err(damaged("a picture on the page cannot be decoded"));
    }
    let (across, down) = (u32::from(map.width()), u32::from(map.height()));
    let grey = map.data().iter().map(|p| Rgb([p.r, p.g, p.b]).to_luma()[0]).collect();
    GrayImage::from_raw(across, down, grey).ok_or_else(|| damaged("the page cannot be drawn"))
}

/// Takes the pixels of the one picture of a page.
struct Taken(Option<GrayImage>);

impl<'a> Device<'a> for Taken {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_glyph_run(&mut self, _: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}

    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        let Image::Raster(raster) = image else { return };
        raster.with_rgba(
            |data, _| {
                self.0 = match data {
                    ImageData::Luma(l) => GrayImage::from_raw(l.width, l.height, l.data),
                    ImageData::Rgb(rgb) => RgbImage::from_raw(rgb.width, rgb.height, rgb.data)
                        .map(|rgb| DynamicImage::ImageRgb8(rgb).into_luma8()),
                };
            },
            None,
        );
    }
}

#[cfg(test)]
mod tests;
