//! How paper is seen: scanned, photographed, in black and white, as phones take it.

use anyhow::Result;
use cotejo::ground::geometry::Point;
use cotejo::lab::synth::draw::Drawn;
use cotejo::lab::synth::{Picture, Scene, SheetTruth, SynthRng, camera, scan};
use cotejo::read::sheet::{Mesh, Rung};
use image::GrayImage;
use rand::RngExt;

/// The drawing scanned, or, six in ten, photographed: a print, or, one in four, a scan of it.
pub fn taken(drawn: &Drawn, rng: &mut SynthRng) -> Picture {
    let mut settings = scan::ScanSettings::sample(rng);
    settings.turns = 0;
    if !rng.random_bool(0.6) {
        return scan::apply(drawn, &settings, rng);
    }
    let settings = if rng.random_bool(0.25) {
        scan::ScanSettings { dpi: settings.dpi.max(170.0), ..settings }
    } else {
        // Print and paper as they are, without a scanner's faults on top.
        scan::ScanSettings {
            fade: settings.fade,
            weight: settings.weight,
            dropouts: settings.dropouts,
            strokes: settings.strokes,
            ..scan::ScanSettings::clean(300.0)
        }
    };
    let picture = scan::apply(drawn, &settings, rng);
    camera::photograph(&picture, rng.random_range(0.05..0.75), rng)
}

/// A scan, registered, seen through a camera.
pub fn photographed(pixels: &GrayImage, mesh: &Mesh, rng: &mut SynthRng) -> Picture {
    let (pixels, mesh) = (pixels.clone(), mesh.clone());
    let picture = Picture { pixels, mesh, truth: SheetTruth::default(), jpeg: None };
    camera::photograph(&picture, rng.random_range(0.15..0.75), rng)
}

/// A picture in black and white, as a scanner's text mode gives it: read finer or not, soft or not, every
/// threshold between the ink and the paper.
pub fn black_and_white(pixels: &GrayImage, mesh: &Mesh, rng: &mut SynthRng) -> Picture {
    let finer = if rng.random_bool(0.5) { rng.random_range(1.2..1.7) } else { 1.0 };
    let soft = if rng.random_bool(0.5) { rng.random_range(0.4..1.3) * finer as f32 } else { 0.0 };
    let size = |n: u32| (f64::from(n) * finer).round() as u32;
    let (w, h) = pixels.dimensions();
    let mut seen = if finer > 1.0 {
        image::imageops::resize(pixels, size(w), size(h), image::imageops::FilterType::CatmullRom)
    } else {
        pixels.clone()
    };
    if soft > 0.0 {
        seen = imageproc::filter::gaussian_blur_f32(&seen, soft);
    }
    let mut levels: Vec<u8> = seen.iter().step_by(101).copied().collect();
    levels.sort_unstable();
    // The paper, and the darkest of the print where some backing may be seen beside the strip.
    let at = |share: f64| f64::from(levels[(levels.len() as f64 * share) as usize]);
    let (paper, ink) = (at(0.75), at(0.01).min(at(0.75) - 40.0));
    let threshold = ink + (paper - ink) * rng.random_range(0.35..0.9);
    let grain = if rng.random_bool(0.4) { rng.random_range(2.0..25.0) } else { 0.0 };
    for v in seen.iter_mut() {
        let level = f64::from(*v) + grain * (rng.random_range(-1.0..1.0) + rng.random_range(-1.0..1.0));
        *v = if level < threshold { 0 } else { 255 };
    }
    let grown = |p: Point| Point::new((p.x + 0.5) * finer - 0.5, (p.y + 0.5) * finer - 0.5);
    let rungs = mesh.rungs.iter().map(|r| Rung { y: r.y, points: r.points.map(grown) }).collect();
    let mesh = Mesh { width: mesh.width, rungs };
    Picture { pixels: seen, mesh, truth: SheetTruth::default(), jpeg: None }
}

/// How the paper is seen from which lines are cut.
pub enum Seen {
    /// Scanned or photographed: the share in black and white, or how often each view of a real scan is taken.
    Scanned(f64),
    /// As phones take it.
    Scenes(Vec<Scene>),
}

impl Seen {
    /// From a number, or names of scenes, comma after comma.
    pub fn parse(said: &str) -> Result<Self> {
        Ok(match said.parse() {
            Ok(number) => Self::Scanned(number),
            Err(_) => Self::Scenes(scenes(said)?),
        })
    }
}

/// Scenes by their names, comma after comma.
pub fn scenes(names: &str) -> Result<Vec<Scene>> {
    names.split(',').map(|name| Scene::parse(name).map_err(anyhow::Error::msg)).collect()
}
