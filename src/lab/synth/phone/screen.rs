//! A sheet that is shown on a monitor and photographed from it: two grids, and what they do to each other.
//!
//! In: the picture that the monitor shows, the phone. Out: the light of the frame as the phone's mosaic of
//! colours sees it and puts it together. The monitor's red, green and blue stripes are taken as waves (the
//! first two of each), weakened by lens and pixel, and read at each pixel of the mosaic: moire comes of it by
//! itself. 24 inches, 1920 x 1080. Refuses nothing.

use super::super::SynthRng;
use super::super::warp::Grid;
use super::file::{Frame, Matters};
use super::ground::{Ground, Material, Matter};
use super::optics::{Held, Lens, Stance, View};
use super::plane::{self, Plane};
use super::sensor::{Pixels, Sensor};
use super::{Subject, Taken};
use crate::ground::geometry::{Point, floor};
use image::GrayImage;
use rand::RngExt;
use std::f64::consts::{PI, TAU};

/// Pixels of the monitor.
const SIZE: (u32, u32) = (1920, 1080);
/// Side of its pixels, mm (24 inches).
const PITCH: f64 = 0.2768;
/// Width of a stripe and height of a pixel's light, shares of a pixel.
const STRIPE: (f64, f64) = (0.28, 0.85);

/// Steps of a wave's table.
const STEPS: usize = 256;

/// A stripe's waves across a monitor's pixel: red, green and blue stand a third apart.
fn waves(weaken: impl Fn(f64) -> f64) -> [Vec<f32>; 4] {
    let wave = |share: f64, place: f64| -> Vec<f32> {
        (0..STEPS)
            .map(|i| {
                let x = i as f64 / STEPS as f64 - place;
                let sum: f64 = (1..=2)
                    .map(|k| {
                        let k = f64::from(k);
                        2.0 * (PI * k * share).sin() / (PI * k * share) * weaken(k) * (TAU * k * x).cos()
                    })
                    .sum();
                (1.0 + sum).max(0.0) as f32
            })
            .collect()
    };
    [1.0 / 6.0, 0.5, 5.0 / 6.0]
        .map(|place| wave(STRIPE.0, place))
        .into_iter()
        .chain([wave(STRIPE.1, 0.5)])
        .collect::<Vec<_>>()
        .try_into()
        .expect("three stripes and the rows are four")
}

/// Paints the monitor, whose picture `grid` places in the photo, over the dark around it. Returns the
/// differences of red and blue from green at half the resolution, shares of white.
fn paint(shown: &GrayImage, grid: &Grid, lens: Lens, plane: &mut Plane) -> [Vec<f32>; 2] {
    let ratio = grid.ratio();
    // Pixels of the photo to one of the monitor.
    let pixels = 2.0 / (ratio.0 + ratio.1);
    let spot = lens.spot();
    let weaken = |k: f64| {
        let f = k / pixels;
        (-2.0 * (PI * spot * f).powi(2)).exp() * ((PI * f).sin() / (PI * f)).abs()
    };
    let waves = waves(weaken);
    let mut source = Plane::of(shown, 1.0);
    // What lens and pixel do to the picture itself; a pixel's deviation is 0.29.
    let soft = (spot * spot + 0.29 * 0.29).sqrt() / pixels;
    source.soften(|_, _| soft as f32);
    let phase = |v: f64| (((v - floor(v) as f64) * STEPS as f64) as usize).min(STEPS - 1);
    let width = plane.width;
    grid.spans((plane.width, plane.height), None, |span| {
        let mut at = span.at;
        for x in span.x..span.end {
            // Red, green over green, blue.
            let stripe = match (x & 1, span.y & 1) {
                (0, 0) => 0,
                (1, 1) => 2,
                _ => 1,
            };
            // The middle of the first pixel stands at 0, its edge at -1/2.
            let (px, py) = (phase(at.from.x + 0.5), phase(at.from.y + 0.5));
            let light = source.at(at.from.x, at.from.y) * waves[stripe][px] * waves[3][py];
            plane.light[span.y * width + x] = light as u16;
            at.step(&span.by);
        }
    });
    demosaic(plane)
}

/// Puts the mosaic's colours together: brightness into the plane, by the neighbours of each colour
/// (bilinear); returns red and blue less green, one a square of two by two pixels.
fn demosaic(plane: &mut Plane) -> [Vec<f32>; 2] {
    let (w, h) = (plane.width, plane.height);
    let raw = plane.light.clone();
    let value = |x: usize, y: usize| f32::from(raw[y * w + x]);
    for y in 1..h - 1 {
        for x in 1..w - 1 {
            let own = value(x, y);
            let sides = (value(x - 1, y) + value(x + 1, y)) / 2.0;
            let ends = (value(x, y - 1) + value(x, y + 1)) / 2.0;
            let light = match (x & 1, y & 1) {
                (1, 0) => 0.299 * sides + 0.587 * own + 0.114 * ends,
                (0, 1) => 0.299 * ends + 0.587 * own + 0.114 * sides,
                (red, _) => {
                    let corners = (value(x - 1, y - 1)
                        + value(x + 1, y - 1)
                        + value(x - 1, y + 1)
                        + value(x + 1, y + 1))
                        / 4.0;
                    let (r, b) = if red == 0 { (own, corners) } else { (corners, own) };
                    0.299 * r + 0.587 * (sides + ends) / 2.0 + 0.114 * b
                }
            };
            plane.light[y * w + x] = light as u16;
        }
    }
    let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
    let at = |x: usize, y: usize| value(x.min(w - 1), y.min(h - 1));
    let difference = |dx: usize, dy: usize| {
        (0..cw * ch)
            .map(|i| {
                let (x, y) = (i % cw * 2, i / cw * 2);
                let green = (at(x + 1, y) + at(x, y + 1)) / 2.0;
                (at(x + dx, y + dy) - green) / plane::WHITE
            })
            .collect()
    };
    [difference(0, 0), difference(1, 1)]
}

/// What the monitor shows: the part `from..to` (rows) of the source at `scale` in the middle of a grey
/// window. Also where the source's corner stands on the monitor, pixels.
fn show(source: &GrayImage, (from, to): (f64, f64), scale: f64) -> (GrayImage, Point) {
    let mut shown = GrayImage::from_pixel(SIZE.0, SIZE.1, image::Luma([70]));
    let mut light = Plane::of(source, 1.0);
    // A viewer's shrinking takes the mean.
    light.soften(|_, _| (0.35 / scale) as f32);
    let left = ((f64::from(SIZE.0) - f64::from(source.width()) * scale) / 2.0).round();
    let top = ((f64::from(SIZE.1) - (to - from) * scale) / 2.0).round() - from * scale;
    let corner = Point::new(left, top);
    for (x, y, value) in shown.enumerate_pixels_mut() {
        let (sx, sy) = ((f64::from(x) + 0.5 - left) / scale, (f64::from(y) + 0.5 - top) / scale);
        if sx >= 0.0 && sx < f64::from(source.width()) && sy >= from && sy < to {
            let grey = plane::grey(light.at(sx - 0.5, sy - 0.5) / plane::WHITE);
            value[0] = (grey + 0.5) as u8;
        }
    }
    (shown, corner)
}

/// The sheet on a monitor, its part `window` as high as the monitor.
pub fn photograph(
    subject: &Subject,
    lens: Lens,
    stance: &Stance,
    window: (f64, f64),
    rng: &mut SynthRng,
) -> Taken {
    let rows = f64::from(subject.source.height());
    let (from, to) = (window.0 * rows, window.1 * rows);
    let scale = f64::from(SIZE.1) * 0.97 / (to - from);
    let (shown, corner) = show(&subject.source, (from, to), scale);
    let (w, h) = (f64::from(SIZE.0), f64::from(SIZE.1));
    let mm = |x: f64, y: f64| [(x + 0.5 - w / 2.0) * PITCH, (y + 0.5 - h / 2.0) * PITCH, 0.0];
    // A middle part of the monitor fills the frame: who photographs it takes the sheet.
    let half = h * rng.random_range(0.5..0.75);
    let wanted = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .map(|(x, y)| mm(w / 2.0 + x * half, h / 2.0 + y * h / 2.0));
    let view = View::new(lens, stance, Held::Level, &wanted);
    let pixels = |x: f64, y: f64| view.project(mm(x, y));
    let grid = Grid::new(SIZE, (60.0, 60.0), |p| pixels(p.x, p.y));
    let ground = Ground::new(Material::Black, (0.01, 0.03), (100.0, 101.0), rng);
    let mut plane = ground.paint(&view);
    let difference = paint(&shown, &grid, lens, &mut plane);
    let sensor = Sensor { white: Some(rng.random_range(0.5..0.8)), ..Sensor::day(Pixels::Large, rng) };
    let grey = sensor.develop(&plane, |x, y| view.fall_off(x, y), rng);
    let matters = Matters::new(view.size, Matter::Ground(Material::Black));
    let mut frame = Frame::new(grey, &matters, (-0.02, 0.0));
    frame.tint(&difference);
    let middle = view.px_per_mm([0.0; 3]) * PITCH * scale * subject.native;
    let grid = subject.grid(|u, v| {
        let (x, y) =
            ((u * subject.native) * scale + corner.x - 0.5, (v * subject.native) * scale + corner.y - 0.5);
        let shown = v * subject.native >= from - 1.0 && v * subject.native <= to + 1.0;
        if shown { pixels(x, y) } else { Point::new(f64::NAN, f64::NAN) }
    });
    Taken { frame, grid, px_per_mm: middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much red less green of a white monitor, photographed straight with `scale` pixels of the photo to
    /// one of it, changes from place to place (means of 16 pixels).
    fn slow(scale: f64) -> f64 {
        let shown = GrayImage::from_pixel(150, 150, image::Luma([255]));
        let grid = Grid::new((150, 150), (20.0, 20.0), |p| Point::new(p.x * scale, p.y * scale));
        let mut plane = Plane::dark(400, 400);
        let [red, _] = paint(&shown, &grid, Lens { frame: (4000, 3000), equivalent: 26.0 }, &mut plane);
        let block = |b: usize| red[60 * 200 + b * 8..][..8].iter().sum::<f32>() / 8.0;
        let means: Vec<f32> = (2..17).map(block).collect();
        let most = |of: fn(f32, f32) -> f32, from| means.iter().copied().fold(from, of);
        f64::from(most(f32::max, f32::MIN) - most(f32::min, f32::MAX))
    }

    #[test]
    fn a_monitor_of_nearly_the_mosaic_s_pitch_makes_waves_longer_than_either() {
        // The mosaic repeats every two pixels: 2.06 beat every 66 pixels, 2.6 every nine.
        let (near, far) = (slow(2.06), slow(2.6));
        assert!(near > 0.1 && far < near / 4.0, "{near} {far}");
    }
}
