//! The named scenes: how people photograph sheets.
//!
//! In: a scene's name. Out: a [`Scene`], which takes the photos of a sheet, all of them from one seed. Refuses
//! a name that is none, with those that are.

use super::super::scan::{self, ScanSettings};
use super::super::{Drawn, Picture, SynthRng, named};
use super::{Cover, Hour, Settings, Shot, shoot};
use rand::RngExt;

/// What a messenger's photos are called.
const MESSENGER: &str = "-messenger";
/// Frames of 12 and of 50 megapixels.
const MP12: (usize, usize) = (4000, 3000);
const MP50: (usize, usize) = (8160, 6120);

/// A way of photographing sheets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scene {
    /// Its name without what a messenger adds.
    base: &'static str,
    /// Photos a sheet.
    pub photos: usize,
    /// How each is taken.
    pub settings: Settings,
}

const fn day(base: &'static str, frame: (usize, usize), tilt: f64) -> Scene {
    let settings = Settings { frame, tilt, hour: Hour::Day, cover: Cover::Bare, messenger: false };
    Scene { base, photos: 1, settings }
}

const fn with(base: &'static str, photos: usize, tilt: f64, hour: Hour, cover: Cover) -> Scene {
    Scene { base, photos, settings: Settings { frame: MP12, tilt, hour, cover, messenger: false } }
}

/// The scenes as the phone keeps them; a messenger passes the first five on.
const BASES: [Scene; 8] = [
    day("strip-12mp", MP12, 20.0),
    day("strip-12mp-tilted", MP12, 35.0),
    day("strip-50mp", MP50, 20.0),
    day("strip-50mp-tilted", MP50, 35.0),
    with("pieces-12mp", 4, 20.0, Hour::Day, Cover::Bare),
    with("night", 1, 35.0, Hour::Night, Cover::Bare),
    with("screen", 4, 12.0, Hour::Day, Cover::Screen),
    with("sleeve", 1, 20.0, Hour::Day, Cover::Sleeve),
];

impl Scene {
    /// Every scene.
    pub fn all() -> Vec<Self> {
        let passed =
            BASES[..5].iter().map(|s| Self { settings: Settings { messenger: true, ..s.settings }, ..*s });
        BASES.into_iter().chain(passed).collect()
    }

    /// Its name.
    pub fn name(&self) -> String {
        format!("{}{}", self.base, if self.settings.messenger { MESSENGER } else { "" })
    }

    /// The scene of this name.
    ///
    /// # Errors
    /// A name that is none, with those that are.
    pub fn parse(name: &str) -> Result<Self, String> {
        named(&Self::all(), Self::name, "scene", name)
    }

    /// The photos of a sheet, from top to bottom; each piece overlaps its neighbours by a sixth of its length.
    pub fn take(&self, picture: &Picture, rng: &mut SynthRng) -> Vec<Shot> {
        let n = self.photos as f64;
        let overlap = if self.photos > 1 { 1.0 / 6.0 } else { 0.0 };
        let place = rng.random();
        (0..self.photos)
            .map(|i| {
                let window = ((i as f64 - overlap) / n, (i as f64 + 1.0 + overlap) / n);
                shoot(picture, &self.settings, (window.0.max(0.0), window.1.min(1.0)), place, rng)
            })
            .collect()
    }

    /// How a made-up sheet looks that is photographed: the paper with its print at 12 dots a millimetre; for a
    /// monitor, its scan.
    pub fn paper(&self, rng: &mut SynthRng) -> ScanSettings {
        match self.settings.cover {
            Cover::Screen => ScanSettings { dpi: 200.0, ..ScanSettings::typical(rng) },
            _ => ScanSettings {
                dpi: 304.8,
                blur: 0.3,
                fade: rng.random_range(0.0..0.2),
                ..ScanSettings::paper(rng)
            },
        }
    }

    /// What is photographed of a made-up sheet.
    pub fn original(&self, drawn: &Drawn, rng: &mut SynthRng) -> Picture {
        scan::apply(drawn, &self.paper(rng), rng)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::likeness;
    use super::super::super::{Part, ValueMode, rng, sheet};
    use super::*;
    use crate::form::{FieldKind, builtin};
    use crate::ground::geometry::{Point, Rect};
    use crate::read::cut;
    use image::GrayImage;

    fn taken(name: &str, seed: u64) -> (Picture, Vec<Shot>) {
        let form = &builtin().unwrap()[0];
        let scene = Scene::parse(name).unwrap();
        let mut dice = rng(seed, 3);
        let drawn = sheet(form, seed, ValueMode::Uniform, Part::Whole);
        let picture = scene.original(&drawn, &mut dice);
        let shots = scene.take(&picture, &mut dice);
        (picture, shots)
    }

    /// A patch of the photo along the exact way, 8 pixels a millimetre.
    fn patch(pixels: &GrayImage, way: impl Fn(Point) -> Point, rect: Rect) -> Option<GrayImage> {
        let (w, h) = ((rect.width * 8.0) as u32, (rect.height * 8.0) as u32);
        let mut out = GrayImage::new(w, h);
        for (x, y, v) in out.enumerate_pixels_mut() {
            let p = Point::new(rect.x + (f64::from(x) + 0.5) / 8.0, rect.y + (f64::from(y) + 0.5) / 8.0);
            let q = way(p);
            let inside = q.x >= 0.0
                && q.y >= 0.0
                && q.x < f64::from(pixels.width() - 1)
                && q.y < f64::from(pixels.height() - 1);
            if !inside {
                return None;
            }
            v[0] = pixels.get_pixel(q.x.round() as u32, q.y.round() as u32)[0];
        }
        Some(out)
    }

    /// The way of a photo is exact: no shift of the words' print by a third of a millimetre fits better.
    #[test]
    fn the_way_of_each_scene_leads_to_its_print() {
        let form = &builtin().unwrap()[0];
        for scene in ["strip-12mp-tilted", "pieces-12mp", "screen", "sleeve"] {
            let (picture, shots) = taken(scene, 4);
            let (mut best, mut asked) = (0, 0);
            for shot in &shots {
                let pixels = shot.pixels();
                assert_eq!(pixels.dimensions(), shot.size);
                for field in form.fields.iter().filter(|f| f.kind != FieldKind::Header).step_by(3) {
                    let rect = field.words.unwrap().line_rect(field.y, 0);
                    let flat = cut::cut(&picture.pixels, &picture.mesh, rect, 8.0);
                    let like = |dx: f64, dy: f64| {
                        let moved = |p: Point| shot.way.map(Point::new(p.x + dx, p.y + dy));
                        let seen = patch(&pixels, moved, rect)?;
                        let flat =
                            image::imageops::crop_imm(&flat, 0, 0, seen.width(), seen.height()).to_image();
                        Some(likeness(&flat, &seen))
                    };
                    let Some(own) = like(0.0, 0.0) else { continue };
                    let beside = [(0.33, 0.0), (-0.33, 0.0), (0.0, 0.33), (0.0, -0.33)];
                    let other = beside.iter().filter_map(|&(dx, dy)| like(dx, dy)).fold(0.0, f64::max);
                    asked += 1;
                    best += usize::from(own > other);
                }
            }
            // A hand or a streak may hide a few.
            assert!(asked >= 10 && best * 100 >= asked * 85, "{scene}: {best} of {asked}");
        }
    }

    #[test]
    fn the_same_seed_takes_the_same_photo() {
        let (a, b) = (taken("strip-12mp", 1).1, taken("strip-12mp", 1).1);
        assert!(a[0].jpeg == b[0].jpeg);
        assert!(a[0].jpeg != taken("strip-12mp", 2).1[0].jpeg);
    }

    #[test]
    fn a_whole_strip_has_the_resolution_of_its_frame_and_a_messenger_takes_it() {
        let dpi = |name: &str| taken(name, 5).1[0].px_per_mm * 25.4;
        assert!((95.0..125.0).contains(&dpi("strip-12mp")), "{}", dpi("strip-12mp"));
        assert!((38.0..52.0).contains(&dpi("strip-12mp-messenger")));
        let error = Scene::parse("beach").unwrap_err();
        assert!(error.contains("strip-12mp-tilted"), "{error}");
    }
}
