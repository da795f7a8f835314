//! What is around the paper in a photo: backdrop, fingers, shadows, light.
//!
//! In: picture sizes and a generator. Out: grey pixels. Everything is made by code; nothing is
//! photographed.

use super::{SynthRng, noise};
use crate::ground::geometry::Point;
use image::GrayImage;
use rand::RngExt;

/// What lies behind the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Backdrop {
    /// One grey.
    Uniform(f64),
    /// Boards with grain.
    Wood(f64),
    /// Woven threads.
    Cloth(f64),
    /// Speckled stone or plastic.
    Table(f64),
}

impl Backdrop {
    /// Any of them, any grey.
    pub fn sample(rng: &mut SynthRng) -> Self {
        let grey = rng.random_range(25.0..215.0);
        match rng.random_range(0..4u8) {
            0 => Self::Uniform(grey),
            1 => Self::Wood(grey),
            2 => Self::Cloth(grey),
            _ => Self::Table(grey),
        }
    }
}

/// Smooth noise on a lattice, -1 to 1.
struct Lattice {
    values: Vec<f32>,
}

impl Lattice {
    const SIDE: usize = 64;

    fn new(rng: &mut SynthRng) -> Self {
        Self { values: (0..Self::SIDE * Self::SIDE).map(|_| rng.random_range(-1.0..1.0)).collect() }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let (fx, fy) = (x.floor(), y.floor());
        let (ux, uy) = (x - fx, y - fy);
        let wrap = |v: f32, d: i64| (v as i64 + d).rem_euclid(Self::SIDE as i64) as usize;
        let value = |dx, dy| self.values[wrap(fy, dy) * Self::SIDE + wrap(fx, dx)];
        let top = value(0, 0) * (1.0 - ux) + value(1, 0) * ux;
        let bottom = value(0, 1) * (1.0 - ux) + value(1, 1) * ux;
        top * (1.0 - uy) + bottom * uy
    }
}

/// A backdrop of this size at `px_per_mm`.
pub fn backdrop(size: (u32, u32), kind: Backdrop, px_per_mm: f64, rng: &mut SynthRng) -> GrayImage {
    let lattice = Lattice::new(rng);
    let mm = 1.0 / px_per_mm as f32;
    let (sin, cos) = rng.random_range(0.0..std::f32::consts::TAU).sin_cos();
    let mut out = GrayImage::new(size.0, size.1);
    let w = size.0 as usize;
    for (y, row) in out.chunks_exact_mut(w).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            let (x, y) = (x as f32 * mm, y as f32 * mm);
            let (u, v) = (x * cos - y * sin, x * sin + y * cos);
            let grey = match kind {
                Backdrop::Uniform(g) => g as f32 + 4.0 * lattice.at(u / 40.0, v / 40.0),
                Backdrop::Wood(g) => {
                    let board = (u / 90.0).floor();
                    let grain = lattice.at(u / 2.0 + board * 7.0, v / 60.0);
                    let ring = lattice.at(u / 15.0, v / 120.0 + board * 3.0);
                    let gap = if (u / 90.0).fract().abs() < 0.012 { -40.0 } else { 0.0 };
                    g as f32 + 14.0 * grain + 18.0 * ring + gap
                }
                Backdrop::Cloth(g) => {
                    let weave = (u * 3.3).sin() * (v * 3.3).sin();
                    g as f32 + 16.0 * weave + 14.0 * lattice.at(u / 30.0, v / 30.0)
                }
                Backdrop::Table(g) => {
                    g as f32 + 20.0 * lattice.at(u / 0.8, v / 0.8) + 8.0 * lattice.at(u / 25.0, v / 25.0)
                }
            };
            *value = grey.clamp(0.0, 255.0) as u8;
        }
    }
    out
}

/// Darkens what lies beside the paper's outline (photo pixels): the shadow it casts where it lifts.
pub fn cast_shadow(pixels: &mut GrayImage, outline: &[Point], px_per_mm: f64) {
    // At an eighth of the resolution: the shadow is soft.
    const SHRINK: u32 = 8;
    let (w, h) = (pixels.width() / SHRINK + 1, pixels.height() / SHRINK + 1);
    let mut mask = GrayImage::new(w, h);
    let small: Vec<Point> =
        outline.iter().map(|p| Point::new(p.x / f64::from(SHRINK), p.y / f64::from(SHRINK))).collect();
    let mm = px_per_mm / f64::from(SHRINK);
    mask.iter_mut().for_each(|v| *v = 255);
    noise::stroke(&mut mask, &small, 3.0 * mm, 0);
    let mask = noise::blur(mask, mm.max(0.5));
    let width = pixels.width() as usize;
    let (mw, soft) = (w as usize, mask.as_raw());
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        let (r, v) = (y as u32 / SHRINK, y as u32 % SHRINK);
        let below = (r + 1).min(h - 1) as usize * mw;
        let above = r as usize * mw;
        for (x, value) in row.iter_mut().enumerate() {
            let (c, u) = (x / SHRINK as usize, x as u32 % SHRINK);
            let next = (c + 1).min(mw - 1);
            let mix = |at: usize| u32::from(soft[at + c]) * (SHRINK - u) + u32::from(soft[at + next]) * u;
            let lit = (mix(above) * (SHRINK - v) + mix(below) * v) / (SHRINK * SHRINK);
            // At most four tenths are lost.
            *value = (u32::from(*value) * (153 * 255 + 102 * lit) / 65025) as u8;
        }
    }
}

/// A fingertip at the paper's edge, from outside towards `inward`; it reaches 5 mm in.
pub fn finger(pixels: &mut GrayImage, edge: Point, inward: Point, px_per_mm: f64, rng: &mut SynthRng) {
    let length = edge.distance(inward).max(1.0);
    let (dx, dy) = ((inward.x - edge.x) / length, (inward.y - edge.y) / length);
    let radius = rng.random_range(6.0..9.0) * px_per_mm;
    let grey = rng.random_range(90.0..190.0);
    let depth = 5.0 * px_per_mm - radius;
    let tip = Point::new(edge.x + dx * depth, edge.y + dy * depth);
    let back = Point::new(tip.x - dx * 60.0 * px_per_mm, tip.y - dy * 60.0 * px_per_mm);
    let (x0, x1) = (tip.x.min(back.x) - radius, tip.x.max(back.x) + radius);
    let (y0, y1) = (tip.y.min(back.y) - radius, tip.y.max(back.y) + radius);
    let clip = |v: f64, most: u32| v.clamp(0.0, f64::from(most)) as u32;
    for y in clip(y0, pixels.height())..clip(y1, pixels.height()) {
        for x in clip(x0, pixels.width())..clip(x1, pixels.width()) {
            let p = Point::new(f64::from(x), f64::from(y));
            // Distance from the finger's axis.
            let t = ((p.x - tip.x) * -dx + (p.y - tip.y) * -dy).max(0.0);
            let axis = Point::new(tip.x - dx * t, tip.y - dy * t);
            let d = p.distance(axis) / radius;
            if d < 1.0 {
                pixels.put_pixel(x, y, image::Luma([(grey * (0.55 + 0.45 * (1.0 - d * d).sqrt())) as u8]));
            }
        }
    }
}

/// Light on the scene; places in shares of the photo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Light {
    /// Gain change from edge to edge, across and down.
    pub gradient: (f64, f64),
    /// Edges of shadows: a point, the direction of the dark side in radians, depth, softness.
    pub shadows: Vec<(Point, f64, f64, f64)>,
    /// Spots: centre, radius, grey levels added.
    pub spots: Vec<(Point, f64, f64)>,
}

impl Light {
    /// Light drawn at a camera strength, 0 to 1.
    pub fn sample(strength: f64, rng: &mut SynthRng) -> Self {
        let s = strength;
        if s <= 0.0 {
            return Self::default();
        }
        let any = |rng: &mut SynthRng| Point::new(rng.random_range(0.0..1.0), rng.random_range(0.0..1.0));
        let mut light =
            Self { gradient: (rng.random_range(-s..s), rng.random_range(-s..s)), ..Self::default() };
        for _ in 0..rng.random_range(0..3u8) {
            let depth = rng.random_range(0.2..1.0) * (1.4 * s).min(0.8);
            let angle = rng.random_range(0.0..std::f64::consts::TAU);
            light.shadows.push((any(rng), angle, depth, rng.random_range(0.005..0.15)));
        }
        // A lamp's or flash's reflection: seldom below the hand-held setting, often when hard.
        if rng.random_bool((0.6 * s).min(1.0)) {
            let radius = rng.random_range(0.02..0.1);
            light.spots.push((any(rng), radius, rng.random_range(0.3..1.0) * (260.0 * s).min(220.0)));
        }
        light
    }

    /// Gain and added grey at a place.
    fn at(&self, x: f64, y: f64) -> (f32, f32) {
        let mut gain = 1.0 + self.gradient.0 * (x - 0.5) + self.gradient.1 * (y - 0.5);
        for (p, angle, depth, soft) in &self.shadows {
            let side = (x - p.x) * angle.cos() + (y - p.y) * angle.sin();
            gain *= 1.0 - depth / (1.0 + (-side / soft * 4.0).exp());
        }
        let mut add = 0.0;
        for (p, radius, level) in &self.spots {
            let d = (x - p.x).hypot(y - p.y) / radius;
            add += level * (-0.5 * d * d).exp();
        }
        (gain.clamp(0.12, 1.3) as f32, add as f32)
    }

    /// Lights the scene.
    pub fn apply(&self, pixels: &mut GrayImage) {
        if *self == Self::default() {
            return;
        }
        // Evaluated every 16 px and interpolated: nothing here is sharper than that.
        const CELL: usize = 16;
        let (w, h) = (pixels.width() as usize, pixels.height() as usize);
        let (columns, rows) = (w / CELL + 2, h / CELL + 2);
        // Shares of the longer side, so that a spot is round.
        let long = w.max(h) as f64;
        let (ox, oy) = ((1.0 - w as f64 / long) / 2.0, (1.0 - h as f64 / long) / 2.0);
        let field: Vec<(f32, f32)> = (0..rows * columns)
            .map(|i| {
                let (x, y) = ((i % columns * CELL) as f64 / long, (i / columns * CELL) as f64 / long);
                self.at(x + ox, y + oy)
            })
            .collect();
        for (y, row) in pixels.chunks_exact_mut(w).enumerate() {
            let (r, v) = (y / CELL, (y % CELL) as f32 / CELL as f32);
            for (x, value) in row.iter_mut().enumerate() {
                let (c, u) = (x / CELL, (x % CELL) as f32 / CELL as f32);
                let knot = |dr: usize, dc: usize| field[(r + dr) * columns + c + dc];
                let mix = |f: fn((f32, f32)) -> f32| {
                    let top = f(knot(0, 0)) * (1.0 - u) + f(knot(0, 1)) * u;
                    let bottom = f(knot(1, 0)) * (1.0 - u) + f(knot(1, 1)) * u;
                    top * (1.0 - v) + bottom * v
                };
                *value = (f32::from(*value) * mix(|k| k.0) + mix(|k| k.1)).clamp(0.0, 255.0) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_darkens_its_side_and_a_spot_brightens_its_place() {
        let mut pixels = GrayImage::from_pixel(320, 320, image::Luma([150]));
        let light = Light {
            shadows: vec![(Point::new(0.5, 0.5), 0.0, 0.5, 0.02)],
            spots: vec![(Point::new(0.2, 0.5), 0.05, 90.0)],
            ..Light::default()
        };
        light.apply(&mut pixels);
        assert!(pixels.get_pixel(300, 20)[0] < 90);
        assert!(pixels.get_pixel(20, 20)[0] > 140);
        assert!(pixels.get_pixel(64, 160)[0] > 220);
    }
}
