//! What a PDF page shows, looked at without decoding a pixel.
//!
//! In: a page. Out: its pictures with their places, and whether anything else is drawn. A scan is a page
//! that shows one picture and nothing else: its pixels are taken as they are, never resampled. Refuses
//! nothing.

use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, TransformExt, interpret_page,
};
use hayro::kurbo::{Affine, BezPath, Rect, Shape};
use image::metadata::Orientation;

/// A picture's sides, at most this much apart in resolution, are not stretched.
const SQUARE: f64 = 1.02;

/// A picture may be cut at the page's edge by this share of its length: scanners round.
const CUT: f64 = 0.005;

/// A picture on a page.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Pixels as coded.
    pub(super) width: u32,
    /// Pixels as coded.
    pub(super) height: u32,
    /// From its pixels to the page as shown, in points.
    transform: Affine,
    /// Where it is on the page, points.
    area: Rect,
    /// It is shown whole and opaque.
    plain: bool,
}

impl Shown {
    /// Pixels a point, across and down the picture; the finer of the two.
    pub(super) fn scale(&self) -> f64 {
        let (x, y) = self.scales();
        x.max(y)
    }

    fn scales(&self) -> (f64, f64) {
        let [a, b, c, d, ..] = self.transform.as_coeffs();
        let scale = |size: f64| if size > 0.0 { 1.0 / size } else { 0.0 };
        (scale(a.hypot(b)), scale(c.hypot(d)))
    }

    /// How the picture is turned on the page; `None` where it is stretched or at an angle.
    pub(super) fn orientation(&self) -> Option<Orientation> {
        let (x, y) = self.scales();
        if !(x > 0.0 && y > 0.0 && x.max(y) <= SQUARE * x.min(y)) {
            return None;
        }
        let [a, b, c, d, ..] = self.transform.as_coeffs();
        let small = 0.002 * a.hypot(b);
        Some(if b.abs() <= small && c.abs() <= small {
            match (a > 0.0, d > 0.0) {
                (true, true) => Orientation::NoTransforms,
                (false, true) => Orientation::FlipHorizontal,
                (true, false) => Orientation::FlipVertical,
                (false, false) => Orientation::Rotate180,
            }
        } else if a.abs() <= small && d.abs() <= small {
            match (b > 0.0, c > 0.0) {
                (true, true) => Orientation::Rotate90FlipH,
                (true, false) => Orientation::Rotate90,
                (false, true) => Orientation::Rotate270,
                (false, false) => Orientation::Rotate270FlipH,
            }
        } else {
            return None;
        })
    }
}

/// What a page shows.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Its pictures in the order in which they are drawn.
    pub(super) pictures: Vec<Shown>,
    /// Whether lines, areas or letters are drawn too.
    pub(super) drawn: bool,
    /// Whether a JPEG picture ends early: its decoder would fill it up with grey and say nothing.
    pub(super) cut_short: bool,
    page: Rect,
    clips: Vec<Rect>,
    /// Whether each group that is open is shown as it is.
    groups: Vec<bool>,
}

impl Survey {
    /// Looks at a page. Its size is in points.
    pub(super) fn of(page: &Page<'_>) -> Self {
        let (width, height) = page.render_dimensions();
        let size = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
        let mut survey = Self { page: size, ..Self::default() };
        walk(page, &mut survey);
        survey
    }

    /// The picture whose pixels are the page's, if it is a scan.
    pub(super) fn scan(&self) -> Option<(&Shown, Orientation)> {
        match self.pictures.as_slice() {
            [one] if one.plain && !self.drawn => Some((one, one.orientation()?)),
            _ => None,
        }
    }

    /// Pixels a point at which the page's pictures lose nothing; `None` where they cover less than half
    /// of it.
    pub(super) fn scale(&self) -> Option<f64> {
        let seen = |p: &Shown| p.area.intersect(self.page).area() / self.page.area().max(1.0);
        let covered: f64 = self.pictures.iter().map(seen).sum();
        let large = self.pictures.iter().filter(|p| seen(p) >= 0.01);
        large.map(Shown::scale).max_by(f64::total_cmp).filter(|_| covered >= 0.5)
    }
}

/// Has a page drawn on a device, in points, y down.
pub(super) fn walk<'a>(page: &Page<'a>, device: &mut impl Device<'a>) {
    let (width, height) = page.render_dimensions();
    let size = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let cache = InterpreterCache::new();
    let settings = InterpreterSettings::default();
    let upright = page.initial_transform(true).to_kurbo();
    let mut context = Context::new(upright, size, &cache, page.xref(), settings);
    interpret_page(page, &mut context, device);
}

impl<'a> Device<'a> for Survey {
    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.drawn = true;
    }

    fn push_clip_path(&mut self, path: &ClipPath) {
        self.clips.push(path.path.bounding_box());
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend: BlendMode) {
        self.groups.push(opacity >= 0.999 && mask.is_none() && matches!(blend, BlendMode::Normal));
    }

    fn draw_glyph_run(&mut self, _: &GlyphRun<'_, 'a>, _: DrawProps<'a>, mode: &DrawMode) {
        // Text recognition lays invisible letters over a scan.
        self.drawn |= !matches!(mode, DrawMode::Invisible);
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let (width, height) = (image.width(), image.height());
        let transform = props.transform;
        let area = transform.transform_rect_bbox(Rect::new(0.0, 0.0, f64::from(width), f64::from(height)));
        let near = CUT * area.width().max(area.height());
        let whole = |r: &Rect| r.inflate(near, near).contains_rect(area);
        let raster = match &image {
            Image::Raster(raster) => {
                let dict = raster.stream().dict();
                ["SMask", "Mask", "SMaskInData"].iter().all(|k| !dict.contains_key(k))
            }
            Image::Stencil(_) => false,
        };
        let bytes = match &image {
            Image::Raster(raster) => raster.stream().raw_data(),
            Image::Stencil(stencil) => stencil.stream().raw_data(),
        };
        self.cut_short |= bytes.starts_with(&[0xFF, 0xD8, 0xFF]) && super::cut_short(&bytes);
        let plain = raster
            && props.soft_mask.is_none()
            && whole(&self.page)
            && self.clips.iter().all(whole)
            && self.groups.iter().all(|&g| g);
        self.pictures.push(Shown { width, height, transform, area, plain });
    }

    fn pop_clip(&mut self) {
        self.clips.pop();
    }

    fn pop_transparency_group(&mut self) {
        self.groups.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, GrayImage};

    /// Every way to lay a picture on a page straight is undone as the picture's own pixels say.
    #[test]
    fn a_turned_picture_is_turned_as_the_page_shows_it() {
        let picture = GrayImage::from_raw(3, 2, vec![0, 1, 2, 3, 4, 5]).unwrap();
        let kinds = [
            [1.0, 0.0, 0.0, 1.0],
            [-1.0, 0.0, 0.0, 1.0],
            [1.0, 0.0, 0.0, -1.0],
            [-1.0, 0.0, 0.0, -1.0],
            [0.0, 1.0, 1.0, 0.0],
            [0.0, 1.0, -1.0, 0.0],
            [0.0, -1.0, 1.0, 0.0],
            [0.0, -1.0, -1.0, 0.0],
        ];
        for [a, b, c, d] in kinds {
            let plain = Affine::new([a, b, c, d, 0.0, 0.0]);
            let area = plain.transform_rect_bbox(Rect::new(0.0, 0.0, 3.0, 2.0));
            let transform = plain.then_translate((-area.x0, -area.y0).into());
            let shown = Shown { width: 3, height: 2, transform, area, plain: true };
            let mut turned = DynamicImage::ImageLuma8(picture.clone());
            turned.apply_orientation(shown.orientation().unwrap());
            let turned = turned.into_luma8();
            for (x, y, p) in picture.enumerate_pixels() {
                let at = transform * hayro::kurbo::Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
                assert_eq!(turned.get_pixel(at.x as u32, at.y as u32), p, "{a} {b} {c} {d}: {x} {y}");
            }
        }
    }

    #[test]
    fn a_stretched_or_slanted_picture_is_no_scan() {
        let shown = |coefficients: [f64; 6]| {
            let area = Rect::new(0.0, 0.0, 1.0, 1.0);
            Shown { width: 1, height: 1, transform: Affine::new(coefficients), area, plain: true }
        };
        assert!(shown([1.0, 0.0, 0.0, 2.0, 0.0, 0.0]).orientation().is_none());
        assert!(shown([1.0, 0.1, -0.1, 1.0, 0.0, 0.0]).orientation().is_none());
        assert!(shown([0.0; 6]).orientation().is_none());
    }
}
