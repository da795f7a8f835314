//! A flat scan of a drawn sheet: paper, print faults, feed, light, noise, JPEG.
//!
//! In: a [`Drawn`] sheet and [`ScanSettings`]. Out: a [`Picture`] with the exact mesh. Lengths are
//! millimetres, tones grey levels of 255. Refuses nothing.

use super::draw::{DOTS, Drawn};
use super::warp::Grid;
use super::{Picture, SynthRng, noise};
use crate::ground::geometry::Point;
use image::GrayImage;
use rand::RngExt;
use std::f64::consts::TAU;

/// Grey or black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Grey.
    Grey,
    /// Black and white, as a fax or a copier's text mode gives.
    Bilevel,
}

/// What lies on a sheet besides its print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Strokes and stains here and there, up to two of each.
    AsFound,
    /// Nothing: all print is in plain sight.
    Plain,
    /// Two dozen strokes of a pen, written and straight, of which a dozen cross the table.
    Pen,
    /// Two dozen stains.
    Stains,
}

impl Ink {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AsFound, Self::Plain, Self::Pen, Self::Stains];

    /// Its name.
    pub fn name(&self) -> String {
        let name = match self {
            Self::AsFound => "as-found",
            Self::Plain => "plain",
            Self::Pen => "pen",
            Self::Stains => "stains",
        };
        name.to_owned()
    }

    /// A sheet of these settings with this ink.
    #[must_use]
    pub fn on(self, settings: ScanSettings) -> ScanSettings {
        match self {
            Self::AsFound => settings,
            Self::Plain => ScanSettings { strokes: 0, blotches: 0, ..settings },
            Self::Pen => ScanSettings { strokes: 12, slashes: 12, blotches: 0, ..settings },
            Self::Stains => ScanSettings { strokes: 0, blotches: 24, ..settings },
        }
    }
}

/// How a sheet is printed and scanned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanSettings {
    /// Resolution.
    pub dpi: f64,
    /// Length scanned to length printed, and how much that wavers along the strip.
    pub stretch: (f64, f64),
    /// Degrees, positive clockwise.
    pub skew: f64,
    /// Slow sideways wandering, mm.
    pub drift: f64,
    /// How far the strip's middle runs ahead of its edges where it curls, mm.
    pub curl: f64,
    /// Beyond the paper: left, right, top, bottom, mm; negative cuts the paper.
    pub border: [f64; 4],
    /// Grey of what lies beyond the paper.
    pub backing: f64,
    /// Grey of the paper.
    pub paper: f64,
    /// Grey of full ink.
    pub ink: f64,
    /// Contrast of watermark, bleed-through and creases, grey levels.
    pub watermark: f64,
    /// Brightness change from edge to edge, grey levels.
    pub gradient: f64,
    /// Share of ink lost where the print is palest, 0 to 1.
    pub fade: f64,
    /// Threshold of the dots: below 0.5 bolder, above thinner.
    pub weight: f64,
    /// Dead columns of the print head and lost lines.
    pub dropouts: u32,
    /// Soft dark or light stains.
    pub blotches: u32,
    /// Pen strokes across the sheet.
    pub strokes: u32,
    /// Straight ones of a hand that crosses out or ticks off.
    pub slashes: u32,
    /// Blur, standard deviation in scan pixels.
    pub blur: f64,
    /// Unsharp mask of the scanner.
    pub sharpen: f64,
    /// Noise, standard deviation in grey levels.
    pub noise: f64,
    /// Grey or black and white.
    pub tone: Tone,
    /// JPEG quality; `None` leaves the pixels alone.
    pub quality: Option<u8>,
    /// Clockwise quarter turns.
    pub turns: u8,
}

impl ScanSettings {
    /// A flawless scan at `dpi`.
    pub fn clean(dpi: f64) -> Self {
        Self {
            dpi,
            stretch: (1.0, 0.0),
            skew: 0.0,
            drift: 0.0,
            curl: 0.0,
            border: [0.0; 4],
            backing: 0.0,
            paper: 245.0,
            ink: 30.0,
            watermark: 0.0,
            gradient: 0.0,
            fade: 0.0,
            weight: 0.36,
            dropouts: 0,
            blotches: 0,
            strokes: 0,
            slashes: 0,
            blur: 0.0,
            sharpen: 0.0,
            noise: 0.0,
            tone: Tone::Grey,
            quality: None,
            turns: 0,
        }
    }

    /// As most of the published scans: 200 dpi grey, JPEG, a little of everything.
    pub fn typical(rng: &mut SynthRng) -> Self {
        let border = |rng: &mut SynthRng| {
            if rng.random_bool(0.5) { rng.random_range(0.0..5.0) } else { rng.random_range(-1.5..0.5) }
        };
        Self {
            dpi: if rng.random_bool(0.85) { 200.0 } else { 300.0 },
            stretch: (rng.random_range(0.98..1.01), rng.random_range(0.0..0.004)),
            skew: rng.random_range(-0.8..0.8),
            drift: rng.random_range(0.0..0.8),
            curl: rng.random_range(-0.5..0.5),
            border: [border(rng), border(rng), border(rng), border(rng)],
            backing: rng.random_range(0.0..25.0),
            paper: rng.random_range(225.0..252.0),
            ink: rng.random_range(15.0..70.0),
            watermark: rng.random_range(4.0..22.0),
            gradient: rng.random_range(0.0..20.0),
            fade: rng.random_range(0.0..0.25),
            weight: rng.random_range(0.1..0.42),
            dropouts: rng.random_range(0..3),
            blotches: rng.random_range(0..3),
            strokes: rng.random_range(0..3),
            slashes: 0,
            blur: rng.random_range(0.4..0.95),
            sharpen: rng.random_range(0.0..0.6),
            noise: rng.random_range(1.0..5.0),
            tone: Tone::Grey,
            quality: Some(rng.random_range(55..90)),
            turns: 0,
        }
    }

    /// The bare paper, for a camera to look at: print and its faults, no scanner.
    pub fn paper(rng: &mut SynthRng) -> Self {
        Self {
            dpi: 220.0,
            stretch: (1.0, 0.0),
            skew: 0.0,
            drift: 0.0,
            curl: 0.0,
            border: [0.0; 4],
            gradient: 0.0,
            blur: 0.4,
            sharpen: 0.0,
            noise: 0.0,
            quality: None,
            ..Self::typical(rng)
        }
    }

    /// Whatever still can be read: 90 to 300 dpi, faded, stained, skewed, binarised, JPEG 30.
    pub fn rough(rng: &mut SynthRng) -> Self {
        let dpi = 90.0 + 210.0 * rng.random::<f64>().powf(1.3);
        let bilevel = rng.random_bool(0.15);
        let mut border = Self::typical(rng).border;
        if rng.random_bool(0.1) {
            // The feeder lost a long edge, up to the frame.
            border[rng.random_range(0..2)] = -rng.random_range(3.0..6.0);
        }
        Self {
            border,
            dpi: if bilevel { dpi.max(190.0) } else { dpi },
            stretch: (rng.random_range(0.97..1.02), rng.random_range(0.0..0.01)),
            skew: rng.random_range(-2.0..2.0),
            drift: rng.random_range(0.0..2.0),
            curl: rng.random_range(-1.5..1.5),
            ink: rng.random_range(15.0..110.0),
            paper: rng.random_range(190.0..255.0),
            watermark: rng.random_range(0.0..40.0),
            gradient: rng.random_range(0.0..50.0),
            fade: rng.random_range(0.0..0.6),
            weight: rng.random_range(0.05..0.6),
            dropouts: rng.random_range(0..10),
            blotches: rng.random_range(0..10),
            strokes: rng.random_range(0..9),
            blur: rng.random_range(0.3..1.2),
            sharpen: rng.random_range(0.0..1.2),
            noise: rng.random_range(0.5..14.0),
            tone: if bilevel { Tone::Bilevel } else { Tone::Grey },
            quality: Some(rng.random_range(30..95)),
            turns: if rng.random_bool(0.05) { rng.random_range(1..4) } else { 0 },
            ..Self::typical(rng)
        }
    }

    /// A mixture: mostly typical, a third rough.
    pub fn sample(rng: &mut SynthRng) -> Self {
        if rng.random_bool(0.33) { Self::rough(rng) } else { Self::typical(rng) }
    }
}

/// Scans the sheet.
pub fn apply(drawn: &Drawn, settings: &ScanSettings, rng: &mut SynthRng) -> Picture {
    let source = paper(drawn, settings, rng);
    let scale = settings.dpi / 25.4;
    let (w, h) = (f64::from(source.width()) / DOTS, f64::from(source.height()) / DOTS);
    let [left, right, top, bottom] = settings.border;
    let place = feed(settings, (w, h), rng);
    // The canvas is the straight strip and its border; what skew moves out is cut, as a feeder does.
    let size = (
        (((w + left + right) * scale).round() as u32).max(16),
        (((h * settings.stretch.0 + top + bottom) * scale).round() as u32).max(16),
    );
    let grid = Grid::new((source.width(), source.height()), (40.0, 16.0), |p| {
        let q = place((p.x + 0.5) / DOTS, (p.y + 0.5) / DOTS);
        Point::new((q.x + left) * scale - 0.5, (q.y + top) * scale - 0.5)
    });
    // The scanner's spot: at least half a scan pixel, in source pixels.
    let spot = settings.blur.max(0.35) * DOTS / scale;
    let source = noise::blur(source, spot);
    let mut pixels = GrayImage::from_pixel(size.0, size.1, image::Luma([settings.backing as u8]));
    grid.paint(&source, &mut pixels, None);
    let mut pixels = noise::sharpen(pixels, 1.0, settings.sharpen);
    let tone = std::array::from_fn(|i| i as f32);
    noise::tone_and_noise(&mut pixels, &tone, settings.noise, rng);
    if settings.tone == Tone::Bilevel {
        let middle = (settings.ink + settings.paper) / 2.0 + rng.random_range(-25.0..25.0);
        pixels.iter_mut().for_each(|v| *v = if f64::from(*v) < middle { 0 } else { 255 });
    }
    let (pixels, mesh) = noise::turn(pixels, grid.mesh(&drawn.mesh), settings.turns);
    let (pixels, jpeg) = match settings.quality {
        Some(quality) => {
            let (pixels, bytes) = noise::jpeg(&pixels, quality);
            (pixels, Some(bytes))
        }
        None => (pixels, None),
    };
    Picture { pixels, mesh, truth: drawn.truth.clone(), jpeg }
}

/// How a made-up scan is turned: in turn by each quarter, askew, and by any angle; degrees clockwise.
pub fn any_turn(index: u64, rng: &mut SynthRng) -> f64 {
    match index % 6 {
        quarter @ 0..3 => 90.0 * (quarter + 1) as f64,
        3 => rng.random_range(2.0..10.0) * if rng.random_bool(0.5) { 1.0 } else { -1.0 },
        _ => rng.random_range(0.0..360.0),
    }
}

/// The scan turned clockwise by `degrees`, as on a flat bed whose lid is white or black.
pub fn turned(picture: Picture, degrees: f64, rng: &mut SynthRng) -> Picture {
    let lid = image::Luma([if rng.random_bool(0.5) { 12 } else { 240 }]);
    if degrees % 90.0 == 0.0 {
        let (pixels, mesh) = noise::turn(picture.pixels, picture.mesh, (degrees / 90.0) as u8);
        return Picture { pixels, mesh, truth: picture.truth, jpeg: None };
    }
    let (w, h) = (f64::from(picture.pixels.width()), f64::from(picture.pixels.height()));
    let (sin, cos) = degrees.to_radians().sin_cos();
    let size = (w * cos.abs() + h * sin.abs() + 40.0, w * sin.abs() + h * cos.abs() + 40.0);
    let mut pixels = GrayImage::from_pixel(size.0.round() as u32, size.1.round() as u32, lid);
    let grid = Grid::new(picture.pixels.dimensions(), (1e4, 1e4), |p| {
        let (x, y) = (p.x - w / 2.0, p.y - h / 2.0);
        Point::new(x * cos - y * sin + size.0 / 2.0, x * sin + y * cos + size.1 / 2.0)
    });
    grid.paint(&picture.pixels, &mut pixels, None);
    let (pixels, bytes) = noise::jpeg(&pixels, rng.random_range(70..95));
    Picture { pixels, mesh: grid.mesh(&picture.mesh), truth: picture.truth, jpeg: Some(bytes) }
}

/// Where a point of the paper (mm from its corner) passes the scanner's line (mm).
fn feed(
    settings: &ScanSettings,
    (w, h): (f64, f64),
    rng: &mut SynthRng,
) -> impl Fn(f64, f64) -> Point + use<> {
    let settings = *settings;
    // Wavelengths of a strip that is pushed by rollers, mm (estimated from scans).
    let (l1, l2) = (rng.random_range(60.0..200.0), rng.random_range(200.0..500.0));
    let phases: [f64; 5] = std::array::from_fn(|_| rng.random_range(0.0..TAU));
    let (sin, cos) = settings.skew.to_radians().sin_cos();
    move |u, v| {
        let (mean, waver) = settings.stretch;
        // The integral of a local stretch of amplitude `waver`.
        let along = v * mean
            + waver * l1 / TAU * (TAU * v / l1 + phases[0]).sin()
            + waver * l2 / TAU * (TAU * v / l2 + phases[1]).sin();
        let aside = settings.drift * (TAU * v / (h * 0.8) + phases[2]).sin()
            + 0.2 * settings.drift * (TAU * v / l1 + phases[3]).sin();
        let t = (u - w / 2.0) / (w / 2.0);
        let ahead = settings.curl * (TAU * v / l2 + phases[4]).sin() * t * t;
        let (x, y) = (u - w / 2.0 + aside, along + ahead - h / 2.0);
        Point::new(x * cos - y * sin + w / 2.0, x * sin + y * cos + h * mean / 2.0)
    }
}

/// The printed paper at 8 px/mm: ink with its faults, tone with watermark and stains.
fn paper(drawn: &Drawn, settings: &ScanSettings, rng: &mut SynthRng) -> GrayImage {
    let mut print = drawn.pixels.clone();
    let (w, h) = (print.width() as usize, print.height() as usize);
    for _ in 0..settings.dropouts {
        dropout(&mut print, rng);
    }
    // Heat spreads over about a dot, then the paper turns or does not.
    let mut print = noise::blur(print, 0.6);
    let steep: [u8; 256] = std::array::from_fn(|i| {
        let inked = 1.0 - i as f64 / 255.0;
        let inked = ((inked - settings.weight) * 2.2 + 0.5).clamp(0.0, 1.0);
        // Faint print (the sample mark) stays as faint as it is.
        if i > 150 {
            i.max((255.0 * (1.0 - inked)) as usize).min(255) as u8
        } else {
            (255.0 * (1.0 - inked)) as u8
        }
    });
    print.iter_mut().for_each(|v| *v = steep[usize::from(*v)]);
    let wave = |rng: &mut SynthRng, n: usize, shortest: f64, longest: f64| -> Vec<f32> {
        let mut out = vec![0f32; n];
        for _ in 0..3 {
            let (length, phase) = (rng.random_range(shortest..longest) * DOTS, rng.random_range(0.0..TAU));
            for (i, o) in out.iter_mut().enumerate() {
                *o += (TAU * i as f64 / length + phase).sin() as f32 / 3.0;
            }
        }
        out
    };
    let down = wave(rng, h, 15.0, 300.0);
    let across = wave(rng, w, 8.0, 80.0);
    let bands = wave(rng, w + h, 6.0, 40.0);
    let (fade_down, fade_across) = (wave(rng, h, 30.0, 300.0), wave(rng, w, 5.0, 60.0));
    let (gx, gy) = (rng.random_range(-1.0..1.0f32), rng.random_range(-1.0..1.0f32));
    let marks = watermark((w, h), &drawn.truth.sample, rng);
    let (mark, tilt) = (settings.watermark as f32, settings.gradient as f32);
    let (base, ink, fade) = (settings.paper as f32, settings.ink as f32, settings.fade as f32);
    for (y, row) in print.chunks_exact_mut(w).enumerate() {
        let light = base + tilt * gy * (y as f32 / h as f32 - 0.5) + mark * 0.4 * down[y];
        for (x, value) in row.iter_mut().enumerate() {
            let tone = light
                + tilt * gx * (x as f32 / w as f32 - 0.5)
                + mark * (0.3 * bands[x + y] + 0.2 * across[x])
                - mark * f32::from(marks.as_raw()[(y / 2) * marks.width() as usize + x / 2]) / 255.0;
            let pale = fade * (0.5 + 0.3 * fade_down[y] + 0.3 * fade_across[x]).clamp(0.0, 1.0);
            let inked = (1.0 - f32::from(*value) / 255.0) * (1.0 - pale);
            *value = (tone + (ink - tone) * inked + 0.5).clamp(0.0, 255.0) as u8;
        }
    }
    for _ in 0..settings.blotches {
        blotch(&mut print, rng);
    }
    for _ in 0..settings.strokes {
        let start = Point::new(rng.random_range(0.0..w as f64), rng.random_range(0.0..h as f64));
        let size = rng.random_range(4.0..14.0) * DOTS;
        let points = noise::handwriting(start, size, rng);
        let (width, ink) = (rng.random_range(0.3..0.8) * DOTS, rng.random_range(20..130));
        noise::stroke(&mut print, &points, width, ink);
    }
    for _ in 0..settings.slashes {
        let start = Point::new(rng.random_range(0.0..w as f64), rng.random_range(0.0..h as f64));
        let (length, angle) = (rng.random_range(6.0..40.0) * DOTS, rng.random_range(0.0..TAU));
        let end = Point::new(start.x + length * angle.cos(), start.y + length * angle.sin());
        let (width, ink) = (rng.random_range(0.3..0.8) * DOTS, rng.random_range(20..130));
        noise::stroke(&mut print, &[start, end], width, ink);
    }
    print
}

/// Faint outlines at half resolution, 0 none to 255 full: lozenges and mirrored lettering.
fn watermark((w, h): (usize, usize), sample: &str, rng: &mut SynthRng) -> GrayImage {
    let mut marks = GrayImage::from_pixel(w.div_ceil(2) as u32, h.div_ceil(2) as u32, image::Luma([255]));
    let half = DOTS / 2.0;
    let mut y = rng.random_range(0.0..40.0);
    while y < h as f64 / DOTS {
        let x = rng.random_range(5.0..70.0);
        if rng.random_bool(0.5) {
            let r = rng.random_range(4.0..14.0);
            for (k, dx) in [0.0, r * 1.1].into_iter().enumerate() {
                let (cx, cy) = ((x + dx) * half, (y + k as f64 * 2.0) * half);
                let r = r * half;
                let points = [(0.0, -r), (r, 0.0), (0.0, r), (-r, 0.0), (0.0, -r)]
                    .map(|(a, b)| Point::new(cx + a, cy + b));
                noise::stroke(&mut marks, &points, rng.random_range(1.0..4.0), 60);
            }
        } else {
            let style = crate::form::Style {
                size: rng.random_range(2.5..4.5),
                weight: crate::form::Weight::Bold,
                space: None,
                tracking: 0.0,
            };
            let mut line = GrayImage::from_pixel(marks.width(), 24, image::Luma([255]));
            let at = Point::new(x * half, 18.0);
            super::text::draw(&mut line, sample, at, crate::form::Align::Centre, style, half, 90);
            image::imageops::flip_horizontal_in_place(&mut line);
            image::imageops::replace(&mut marks, &line, 0, (y * half) as i64);
        }
        y += rng.random_range(15.0..60.0);
    }
    let mut marks = noise::blur(marks, 0.8);
    marks.iter_mut().for_each(|v| *v = 255 - *v);
    marks
}

/// A dead column over some length, or a lost line.
fn dropout(print: &mut GrayImage, rng: &mut SynthRng) {
    let (w, h) = print.dimensions();
    if rng.random_bool(0.7) {
        let (x, y) = (rng.random_range(0..w), rng.random_range(0..h));
        for y in y..(y + rng.random_range(h / 20..h / 2)).min(h) {
            print.put_pixel(x, y, image::Luma([255]));
        }
    } else {
        let y = rng.random_range(0..h);
        for y in y..(y + rng.random_range(1..3)).min(h) {
            for x in 0..w {
                print.put_pixel(x, y, image::Luma([255]));
            }
        }
    }
}

/// A soft stain: darkens or bleaches.
fn blotch(print: &mut GrayImage, rng: &mut SynthRng) {
    let (w, h) = print.dimensions();
    let (cx, cy) = (rng.random_range(0.0..f64::from(w)), rng.random_range(0.0..f64::from(h)));
    let (rx, ry) = (rng.random_range(1.0..10.0) * DOTS, rng.random_range(0.8..6.0) * DOTS);
    let target = if rng.random_bool(0.6) { rng.random_range(60.0..180.0) } else { 255.0 };
    let depth = rng.random_range(0.15..0.6);
    for y in (cy - ry).max(0.0) as u32..((cy + ry).max(0.0) as u32).min(h) {
        for x in (cx - rx).max(0.0) as u32..((cx + rx).max(0.0) as u32).min(w) {
            let d = ((f64::from(x) - cx) / rx).hypot((f64::from(y) - cy) / ry);
            if d < 1.0 {
                let pixel = print.get_pixel_mut(x, y);
                let value = f64::from(pixel[0]);
                let share = depth * (1.0 - d * d);
                // Dark stains darken the paper and leave the ink; light ones bleach both.
                if target > 254.0 || value > target {
                    pixel[0] = (value + (target - value) * share) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
