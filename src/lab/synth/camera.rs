//! A bent strip of paper before a pinhole camera.
//!
//! In: any [`Picture`] with a mesh (a made-up sheet or a real scan) and a strength from 0 (as a scan)
//! to 1 (hopeless). Out: the photo as a [`Picture`] with its exact mesh. The paper is a surface that
//! keeps its lengths: it bends along the strip, folds, curls across, is tilted, turned and projected.
//! Light, lens, sensor and JPEG follow in the order of a real camera. Refuses nothing.
//!
//! Strength 0.3 is "hand-held": perspective up to 10 degrees, bend, shadow, mild blur, JPEG 80, 170 to
//! 230 dpi. Strength 0.6 is "hard": twice that, 150 dpi, JPEG 60, faded.

use super::paper::Strip;
use super::scene::{Backdrop, Light};
use super::warp::Grid;
use super::{Picture, SynthRng, noise, scene};
use crate::ground::geometry::Point;
use crate::read::sheet::Mesh;
use image::GrayImage;
use rand::RngExt;
use std::f64::consts::{PI, TAU};

/// Strength of a photo as people take it with care.
pub const HAND_HELD: f64 = 0.3;
/// Strength of a photo under hard conditions.
pub const HARD: f64 = 0.6;

/// A strength as typed: `hand-held`, `hard`, or a number from 0 to 1.
///
/// # Errors
/// What is neither, with what is possible.
pub fn strength(text: &str) -> Result<f64, String> {
    match text {
        "hand-held" => Ok(HAND_HELD),
        "hard" => Ok(HARD),
        _ => text.parse().ok().filter(|s| (0.0..=1.0).contains(s)).ok_or_else(|| {
            "give hand-held, hard, or a strength between 0 (as a scan) and 1 (hopeless)".to_owned()
        }),
    }
}

/// How a photo is taken.
#[derive(Debug, Clone)]
pub struct CameraSettings {
    /// Resolution on the paper at the middle of the photo.
    pub dpi: f64,
    /// Tilt of the paper about its short and its long axis, degrees.
    pub tilt: (f64, f64),
    /// Turn in the photo's plane, degrees clockwise.
    pub angle: f64,
    /// Distance of the camera in lengths of what it sees.
    pub distance: f64,
    /// Waves of the bend along the strip: slope in degrees, wavelength in mm, phase.
    pub bend: Vec<(f64, f64, f64)>,
    /// Folds: place along the strip (0 to 1), slope in degrees, width in mm.
    pub folds: Vec<(f64, f64, f64)>,
    /// How high the paper's long edges lift where it curls most, mm.
    pub curl: f64,
    /// How much a slope brightens or darkens.
    pub shading: f64,
    /// Free space around the paper, share of its width in the photo.
    pub margin: f64,
    /// What lies behind the paper.
    pub backdrop: Backdrop,
    /// A finger that holds the paper's edge.
    pub fingers: u32,
    /// Light on the scene.
    pub light: Light,
    /// Share of the ink's contrast that is lost, 0 to 1.
    pub fade: f64,
    /// Defocus, standard deviation in pixels.
    pub blur: f64,
    /// Length in pixels and direction in radians of the camera's movement.
    pub motion: (f64, f64),
    /// Sensor noise, standard deviation in grey levels.
    pub noise: f64,
    /// Unsharp mask of the camera's software.
    pub sharpen: f64,
    /// JPEG quality.
    pub quality: u8,
}

/// A line through points (strength, value), by eye from photos of the two named settings.
fn curve(strength: f64, points: &[(f64, f64)]) -> f64 {
    let i = points.partition_point(|p| p.0 <= strength).clamp(1, points.len() - 1);
    let (a, b) = (points[i - 1], points[i]);
    a.1 + (b.1 - a.1) * ((strength - a.0) / (b.0 - a.0)).clamp(0.0, 1.0)
}

impl CameraSettings {
    /// Settings drawn at `strength`, 0 to 1.
    pub fn sample(strength: f64, rng: &mut SynthRng) -> Self {
        let s = strength.clamp(0.0, 1.0);
        let either =
            |rng: &mut SynthRng, most: f64| if most > 0.0 { rng.random_range(-most..most) } else { 0.0 };
        let upto = |rng: &mut SynthRng, most: f64| if most > 0.0 { rng.random_range(0.0..most) } else { 0.0 };
        let tilt = s / 0.3 * 10.0;
        let spread = curve(s, &[(0.0, 0.0), (0.3, 0.15), (1.0, 0.2)]);
        let dpi =
            curve(s, &[(0.0, 200.0), (0.3, 200.0), (0.6, 150.0), (1.0, 60.0)]) * (1.0 + either(rng, spread));
        let mut angle = either(rng, 27.0 * s);
        if s > 0.1 && rng.random_bool(0.3) {
            angle += 90.0 * f64::from(rng.random_range(1..4u8));
        }
        if s > 0.45 && rng.random_bool(0.3) {
            angle = either(rng, 180.0);
        }
        let waves = if s > 0.0 { 3 } else { 0 };
        let bend = (0..waves)
            .map(|_| (either(rng, 20.0 * s), rng.random_range(150.0..1500.0), rng.random_range(0.0..TAU)))
            .collect();
        let folds = (0..(8.0 * s * rng.random::<f64>()) as u32)
            .map(|_| (rng.random(), either(rng, 35.0 * s), rng.random_range(4.0..60.0)))
            .collect();
        let quality = curve(s, &[(0.0, 92.0), (0.3, 80.0), (0.6, 60.0), (1.0, 25.0)]);
        let fade = curve(s, &[(0.0, 0.0), (0.3, 0.1), (0.6, 0.45), (1.0, 0.85)]);
        let blur = curve(s, &[(0.0, 0.3), (0.3, 0.7), (0.6, 1.0), (1.0, 3.0)]);
        Self {
            dpi,
            tilt: (either(rng, tilt), either(rng, tilt)),
            angle,
            distance: rng.random_range(1.2..2.0),
            bend,
            folds,
            curl: either(rng, 15.0 * s),
            shading: either(rng, 0.8),
            margin: if s > 0.0 { rng.random_range(0.04..0.35) } else { 0.02 },
            backdrop: Backdrop::sample(rng),
            fingers: u32::from(s > 0.15 && rng.random_bool(0.35)),
            light: Light::sample(s, rng),
            fade: if s > 0.45 { fade * rng.random_range(0.6..1.0) } else { upto(rng, fade) },
            blur: blur * rng.random_range(0.7..1.2),
            motion: (upto(rng, 3.0 * s + 5.0 * (s - 0.6).max(0.0)), rng.random_range(0.0..PI)),
            noise: (1.0 + 12.0 * s) * rng.random_range(0.5..1.2),
            sharpen: upto(rng, 0.3 + s),
            quality: (quality + either(rng, 3.0)) as u8,
        }
    }
}

/// The photo of the whole strip at `strength`.
pub fn photograph(picture: &Picture, strength: f64, rng: &mut SynthRng) -> Picture {
    let settings = CameraSettings::sample(strength, rng);
    shoot(picture, &settings, (0.0, 1.0), rng)
}

/// The strip in `n` photos, top to bottom, each overlapping its neighbours by a sixth of its length.
pub fn pieces(picture: &Picture, n: usize, strength: f64, rng: &mut SynthRng) -> Vec<Picture> {
    let n = n.max(1);
    (0..n)
        .map(|i| {
            let overlap = if n > 1 { 1.0 / 6.0 } else { 0.0 };
            let from = (i as f64 - overlap) / n as f64;
            let to = (i as f64 + 1.0 + overlap) / n as f64;
            let mut settings = CameraSettings::sample(strength, rng);
            // Who takes pieces holds the camera upright or sideways, not askew.
            settings.angle =
                (settings.angle / 90.0).round() * 90.0 + rng.random_range(-20.0..20.0) * strength;
            shoot(picture, &settings, (from.max(0.0), to.min(1.0)), rng)
        })
        .collect()
}

/// The slope of the paper at `v` of its length, radians.
fn slope(settings: &CameraSettings, v: f64, length: f64) -> f64 {
    let mut slope: f64 =
        settings.bend.iter().map(|&(a, l, p)| a.to_radians() * (TAU * v / l + p).sin()).sum();
    for &(place, angle, width) in &settings.folds {
        // Up on one side of the ridge, down on the other.
        let t = (v - place * length) / width;
        if t.abs() < 1.0 {
            slope += angle.to_radians() * if t < 0.0 { 1.0 } else { -1.0 };
        }
    }
    slope
}

/// The picture as a sheet of paper on which nothing but print lies: its long side down, the scanner's
/// border cut off, and a share of its ink lost.
pub(super) fn laid(picture: &Picture, fade: f64) -> (GrayImage, Mesh) {
    let lying = picture.pixels.width() > picture.pixels.height();
    let (source, mesh) = noise::turn(picture.pixels.clone(), picture.mesh.clone(), u8::from(lying));
    let (mut source, mesh) = trim(source, mesh);
    if fade > 0.0 {
        faint(&mut source, fade);
    }
    (source, mesh)
}

/// Takes the photo of the part `window` (shares of the strip's length) of the picture.
pub fn shoot(
    picture: &Picture,
    settings: &CameraSettings,
    window: (f64, f64),
    rng: &mut SynthRng,
) -> Picture {
    let (source, mesh) = laid(picture, settings.fade);
    let middle = mesh.rungs[mesh.rungs.len() / 2].y;
    let native = mesh.px_per_mm(middle).max(0.5);
    let (width, length) = (f64::from(source.width()) / native, f64::from(source.height()) / native);
    let strip = Strip::new(length, |v| slope(settings, v, length));
    let seen = (window.1 - window.0) * length;
    let scale = settings.dpi / 25.4;
    let distance = settings.distance * seen.max(250.0);
    let centre = strip.at((window.0 + window.1) / 2.0 * length);
    // The mean slope is no tilt: the camera faces what it sees.
    let (head, tail) = (strip.at(window.0 * length), strip.at(window.1 * length));
    let facing = (tail.1 - head.1).atan2((tail.0 - head.0).max(1.0));
    let (pitch, yaw) = (settings.tilt.0.to_radians() - facing, settings.tilt.1.to_radians());
    let curl_phase = rng.random_range(0.0..TAU);
    let project = |u: f64, v: f64| {
        let (along, up, _) = strip.at(v);
        let t = (u - width / 2.0) / (width / 2.0);
        let lift = settings.curl * t * t * (0.6 + 0.4 * (TAU * v / 400.0 + curl_phase).sin());
        // What lifts comes nearer to the middle, so that lengths stay.
        let x = (u - width / 2.0) * (1.0 - (lift / width).powi(2) * 2.7);
        let (y, z) = (along - centre.0, up - centre.1 + lift);
        let (y, z) = (y * pitch.cos() - z * pitch.sin(), y * pitch.sin() + z * pitch.cos());
        let (x, z) = (x * yaw.cos() - z * yaw.sin(), x * yaw.sin() + z * yaw.cos());
        let near = scale * distance / (distance - z).max(distance * 0.2);
        let (sin, cos) = settings.angle.to_radians().sin_cos();
        Point::new(near * (x * cos - y * sin), near * (x * sin + y * cos))
    };
    let corner = canvas(&project, width, (window.0 * length, window.1 * length), settings.margin);
    let (origin, size) = corner;
    let knots = (native * width / 8.0, native * 3.0);
    let grid = Grid::new((source.width(), source.height()), knots, |p| {
        let q = project((p.x + 0.5) / native, (p.y + 0.5) / native);
        Point::new(q.x - origin.x, q.y - origin.y)
    });
    let shade: Vec<f32> = grid
        .ys
        .iter()
        .flat_map(|y| {
            let slope = strip.at(y / native).2;
            let light = (1.0 + settings.shading * slope).clamp(0.55, 1.2) as f32;
            grid.xs.iter().map(move |_| light)
        })
        .collect();
    let mut pixels = scene::backdrop(size, settings.backdrop, scale, rng);
    // Pixels of the source that one of the photo covers are averaged.
    let ratio = grid.ratio();
    let source = noise::blur(source, 0.45 * (ratio.0.max(ratio.1).powi(2) - 1.0).max(0.0).sqrt());
    scene::cast_shadow(&mut pixels, &outline(&grid), scale);
    grid.paint(&source, &mut pixels, Some(&shade));
    for _ in 0..settings.fingers {
        let side = if rng.random_bool(0.5) { 0.0 } else { width };
        let v = rng.random_range(window.0..window.1) * length;
        let (at, inward) = (project(side, v), project(width / 2.0, v));
        let place = |p: Point| Point::new(p.x - origin.x, p.y - origin.y);
        scene::finger(&mut pixels, place(at), place(inward), scale, rng);
    }
    let pixels = noise::blur(pixels, settings.blur);
    let mut pixels = if settings.motion.0 >= 1.0 {
        noise::motion(&pixels, settings.motion.0, settings.motion.1)
    } else {
        pixels
    };
    settings.light.apply(&mut pixels);
    let tone = std::array::from_fn(|i| i as f32);
    noise::tone_and_noise(&mut pixels, &tone, settings.noise, rng);
    let pixels = noise::sharpen(pixels, 1.2, settings.sharpen);
    let (pixels, bytes) = noise::jpeg(&pixels, settings.quality);
    Picture { pixels, mesh: grid.mesh(&mesh), truth: picture.truth.clone(), jpeg: Some(bytes) }
}

/// The grid's outline in the photo.
fn outline(grid: &Grid) -> Vec<Point> {
    let (columns, rows) = (grid.xs.len(), grid.ys.len());
    let left = (0..rows).map(|r| grid.places[r * columns]);
    let right = (0..rows).rev().map(|r| grid.places[r * columns + columns - 1]);
    left.chain(right).collect()
}

/// The photo's corner in projected pixels and its size, at most 65,000 px a side.
fn canvas(
    project: &impl Fn(f64, f64) -> Point,
    width: f64,
    (from, to): (f64, f64),
    margin: f64,
) -> (Point, (u32, u32)) {
    let mut low = Point::new(f64::MAX, f64::MAX);
    let mut high = Point::new(f64::MIN, f64::MIN);
    for i in 0..=60 {
        for u in [0.0, width / 2.0, width] {
            let p = project(u, from + (to - from) * f64::from(i) / 60.0);
            low = Point::new(low.x.min(p.x), low.y.min(p.y));
            high = Point::new(high.x.max(p.x), high.y.max(p.y));
        }
    }
    let across = (high.x - low.x).min(high.y - low.y) * margin;
    let origin = Point::new((low.x - across).floor(), (low.y - across).floor());
    let side = |a: f64, b: f64| ((b - a + 2.0 * across).ceil().clamp(16.0, 65_000.0)) as u32;
    (origin, (side(low.x, high.x), side(low.y, high.y)))
}

/// Less ink: grey levels below the paper's move towards it.
fn faint(pixels: &mut GrayImage, fade: f64) {
    let paper = f64::from(paper_level(pixels));
    for value in pixels.iter_mut() {
        let v = f64::from(*value);
        if v < paper {
            *value = (v + (paper - v) * fade) as u8;
        }
    }
}

/// The grey of the paper: of four tenths of the pixels that or lighter.
pub(super) fn paper_level(pixels: &GrayImage) -> u8 {
    let mut counts = [0u64; 256];
    pixels.iter().for_each(|&v| counts[usize::from(v)] += 1);
    let (mut below, half) = (0, pixels.len() as u64 * 6 / 10);
    let paper = counts.iter().position(|&c| {
        below += c;
        below > half
    });
    paper.unwrap_or(255) as u8
}

/// Cuts the scanner's black border off: rows and columns that are dark nearly throughout.
fn trim(source: GrayImage, mut mesh: Mesh) -> (GrayImage, Mesh) {
    let (w, h) = source.dimensions();
    // Scanner lids are below 60 of 255 on the scans seen; print never fills nine tenths of a line.
    let dark = |count: u32, total: u32| count * 10 > total * 9;
    let column =
        |x: u32| dark((0..h).step_by(5).filter(|&y| source.get_pixel(x, y)[0] < 60).count() as u32, h / 5);
    let row =
        |y: u32| dark((0..w).step_by(3).filter(|&x| source.get_pixel(x, y)[0] < 60).count() as u32, w / 3);
    let left = (0..w / 4).take_while(|&x| column(x)).count() as u32;
    let right = (0..w / 4).take_while(|&x| column(w - 1 - x)).count() as u32;
    let top = (0..h / 4).take_while(|&y| row(y)).count() as u32;
    let bottom = (0..h / 4).take_while(|&y| row(h - 1 - y)).count() as u32;
    if left + right + top + bottom == 0 {
        return (source, mesh);
    }
    let cut = image::imageops::crop_imm(&source, left, top, w - left - right, h - top - bottom).to_image();
    for rung in &mut mesh.rungs {
        rung.points = rung.points.map(|p| Point::new(p.x - f64::from(left), p.y - f64::from(top)));
    }
    (cut, mesh)
}

#[cfg(test)]
mod tests {
    use super::super::scan::{self, ScanSettings};
    use super::super::tests::likeness;
    use super::super::{Part, ValueMode, rng, sheet};
    use super::*;
    use crate::form::{FieldKind, Form, builtin};
    use crate::read::cut;

    fn scanned(form: &Form) -> Picture {
        let drawn = sheet(form, 8, ValueMode::Uniform, Part::Frame);
        scan::apply(&drawn, &ScanSettings::clean(200.0), &mut rng(1, 1))
    }

    fn alike(form: &Form, a: &Picture, b: &Picture, rows: impl Fn(f64) -> bool) -> (usize, f64) {
        let fields = form.fields.iter().filter(|f| f.kind != FieldKind::Header && rows(f.y));
        let scores: Vec<f64> = fields
            .map(|f| {
                let rect = f.words.unwrap().line_rect(f.y, 0);
                likeness(&cut::cut(&a.pixels, &a.mesh, rect, 5.0), &cut::cut(&b.pixels, &b.mesh, rect, 5.0))
            })
            .collect();
        (scores.len(), scores.iter().sum::<f64>() / scores.len().max(1) as f64)
    }

    #[test]
    fn the_mesh_follows_the_print_into_the_photo() {
        let form = &builtin().unwrap()[0];
        let flat = scanned(form);
        for seed in 0..4 {
            let photo = photograph(&flat, 0.3, &mut rng(seed, 2));
            let (_, score) = alike(form, &flat, &photo, |_| true);
            assert!(score > 0.75, "seed {seed}: {score}");
        }
    }

    #[test]
    fn pieces_cover_the_strip_and_share_its_mesh() {
        let form = &builtin().unwrap()[0];
        let flat = scanned(form);
        let photos = pieces(&flat, 3, 0.2, &mut rng(3, 2));
        assert_eq!(photos.len(), 3);
        for field in form.fields.iter().filter(|f| f.kind != FieldKind::Header) {
            let inside = photos.iter().filter(|p| {
                let at = p.mesh.map(Point::new(35.0, field.y));
                at.x > 0.0
                    && at.y > 0.0
                    && at.x < f64::from(p.pixels.width())
                    && at.y < f64::from(p.pixels.height())
            });
            assert!(inside.count() >= 1, "{}", field.id);
        }
    }

    #[test]
    fn more_strength_makes_the_print_less_like_the_original() {
        let form = &builtin().unwrap()[0];
        let flat = scanned(form);
        let score = |s: f64| {
            (0..3).map(|i| alike(form, &flat, &photograph(&flat, s, &mut rng(i, 2)), |_| true).1).sum::<f64>()
        };
        let (weak, hard, hopeless) = (score(0.0), score(0.6), score(1.0));
        assert!(weak > hard && hard > hopeless, "{weak} {hard} {hopeless}");
    }
}
