//! What lies around the paper: wood, tiles, cloth, and hands that hold it.
//!
//! In: a [`View`] and a generator. Out: light reflected by the table, row by row, and hands painted over the
//! paper's edge; which pixels show what, for their colour. Reflectances are those of the materials (wood 0.1
//! to 0.35, tiles 0.3 to 0.65, cloth 0.04 to 0.6, skin 0.08 to 0.45 of white). Refuses nothing.

use super::super::SynthRng;
use super::optics::View;
use super::plane::{Plane, WHITE};
use crate::ground::geometry::{Point, floor};
use rand::RngExt;

/// What a pixel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// Thermal paper.
    Paper,
    /// The table, of this material.
    Ground(Material),
    /// Skin.
    Skin,
}

/// What the table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Material {
    /// Boards with grain.
    Wood,
    /// Ceramic tiles with joints.
    Tiles,
    /// Woven threads, checked.
    Cloth,
    /// The dark around a screen.
    Black,
}

impl Matter {
    /// Blue and red difference of colour as shares of brightness (Cb and Cr over Y, by eye).
    pub fn colour(self) -> (f32, f32) {
        match self {
            Self::Paper => (0.008, -0.008),
            Self::Ground(Material::Wood) => (-0.16, 0.10),
            Self::Ground(Material::Tiles) => (-0.03, 0.02),
            Self::Ground(Material::Cloth) => (0.10, -0.04),
            Self::Ground(Material::Black) => (0.02, 0.0),
            Self::Skin => (-0.12, 0.14),
        }
    }
}

/// Smooth noise on a lattice of 64 by 64, -1 to 1.
struct Lattice(Vec<f32>);

impl Lattice {
    fn new(rng: &mut SynthRng) -> Self {
        Self((0..64 * 64).map(|_| rng.random_range(-1.0..1.0)).collect())
    }

    fn at(&self, x: f64, y: f64) -> f32 {
        let (ix, iy) = (floor(x), floor(y));
        let (u, v) = ((x - ix as f64) as f32, (y - iy as f64) as f32);
        let value = |dx: i64, dy: i64| self.0[((iy + dy) & 63) as usize * 64 + ((ix + dx) & 63) as usize];
        let top = value(0, 0) + (value(1, 0) - value(0, 0)) * u;
        let bottom = value(0, 1) + (value(1, 1) - value(0, 1)) * u;
        top + (bottom - top) * v
    }
}

/// A table.
pub struct Ground {
    /// What it is of.
    pub material: Material,
    reflects: f32,
    contrast: f32,
    turn: (f64, f64),
    /// Board, tile or check, mm.
    pitch: f64,
    lattice: Lattice,
}

impl Ground {
    /// Wood, tiles or cloth of any kind.
    pub fn sample(rng: &mut SynthRng) -> Self {
        match rng.random_range(0..3u8) {
            0 => Self::new(Material::Wood, (0.10, 0.35), (70.0, 160.0), rng),
            1 => Self::new(Material::Tiles, (0.3, 0.65), (200.0, 400.0), rng),
            _ => Self::new(Material::Cloth, (0.04, 0.6), (8.0, 60.0), rng),
        }
    }

    /// Of this material, reflecting between the two shares of white, of that pitch (mm).
    pub fn new(material: Material, reflects: (f32, f32), pitch: (f64, f64), rng: &mut SynthRng) -> Self {
        Self {
            material,
            reflects: rng.random_range(reflects.0..reflects.1),
            contrast: rng.random_range(0.1..0.4),
            turn: rng.random_range(0.0..std::f64::consts::TAU).sin_cos(),
            pitch: rng.random_range(pitch.0..pitch.1),
            lattice: Lattice::new(rng),
        }
    }

    /// Share of white that a place (mm) reflects.
    fn at(&self, p: Point) -> f32 {
        let (s, c) = self.turn;
        let (x, y) = (p.x * c - p.y * s, p.x * s + p.y * c);
        let noise = &self.lattice;
        let cell = x / self.pitch;
        let board = floor(cell) as f64;
        let part = cell - board;
        let wave = match self.material {
            Material::Black => return self.reflects,
            Material::Wood => {
                let grain = 0.5 * noise.at(x / 1.3 + board * 7.0, y / 45.0);
                let ring = noise.at(x / 14.0, y / 130.0 + board * 3.0);
                grain + ring
            }
            Material::Tiles => 0.4 * noise.at(x / 30.0, y / 30.0) + 0.25 * noise.at(x / 2.1, y / 2.1),
            Material::Cloth => {
                let checked = |v: f64| if v < 0.3 { -0.7 } else { 0.0 };
                let row = y / self.pitch;
                let stripes = checked(part) + checked(row - floor(row) as f64);
                // Threads of half a millimetre, and soft folds.
                let thread = 0.6 * noise.at(x / 0.5, y / 2.0) + 0.6 * noise.at(x / 2.0 + 9.0, y / 0.5);
                stripes + thread + 0.7 * noise.at(x / 60.0, y / 60.0)
            }
        };
        let light = self.reflects * (1.0 + self.contrast * wave);
        // Joints 1.2 mm wide between boards, 4 mm between tiles.
        let joint = match self.material {
            Material::Wood => part * self.pitch < 1.2,
            Material::Tiles => {
                let row = y / self.pitch;
                part * self.pitch < 4.0 || (row - floor(row) as f64) * self.pitch < 4.0
            }
            Material::Cloth | Material::Black => false,
        };
        (if joint { light * 0.45 } else { light }).clamp(0.01, 0.9)
    }

    /// The table as the phone sees it.
    pub fn paint(&self, view: &View) -> Plane {
        let (width, height) = view.size;
        let mut plane = Plane::dark(width, height);
        if self.material == Material::Black {
            plane.light.fill((self.reflects * WHITE) as u16);
            return plane;
        }
        // Lines of sight eight pixels apart, and straight between them.
        const STEP: usize = 8;
        for (y, row) in plane.light.chunks_exact_mut(width).enumerate() {
            let mut from = view.table(0.0, y as f64);
            for (b, block) in row.chunks_mut(STEP).enumerate() {
                let to = view.table(((b + 1) * STEP) as f64, y as f64);
                for (i, value) in block.iter_mut().enumerate() {
                    *value = (self.at(from.lerp(to, i as f64 / STEP as f64)) * WHITE) as u16;
                }
                from = to;
            }
        }
        plane
    }
}

/// A part of a hand in the photo: a round, long thing between two points (pixels), and its light.
pub struct Finger {
    /// Root and tip.
    pub ends: [Point; 2],
    /// Radius in pixels at root and tip.
    pub radius: [f64; 2],
    /// Share of white that the skin reflects.
    pub skin: f32,
}

impl Finger {
    /// Paints it over the scene; `mark` is told of every pixel that shows it.
    pub fn paint(&self, plane: &mut Plane, mut mark: impl FnMut(usize, usize)) {
        around(plane, self.ends, self.radius, 1.0, |value, (x, y), spot| {
            let cover = (spot.inside + 0.5).clamp(0.0, 1.0) as f32;
            if cover <= 0.0 {
                return;
            }
            // A cylinder lit from above, with creases at two joints.
            let d = spot.radius - spot.inside;
            let round = (1.0 - (d / spot.radius).powi(2)).max(0.0).sqrt() as f32;
            let crease = [0.35, 0.68].iter().any(|c| (spot.along - c).abs() < 0.012);
            let skin = self.skin * (0.35 + 0.65 * round) * if crease { 0.8 } else { 1.0 } * WHITE;
            *value = (f32::from(*value) * (1.0 - cover) + skin * cover) as u16;
            mark(x, y);
        });
    }
}

/// Darkens the scene under something round and long between two points (pixels): `dark` of the light is lost
/// in the middle, less over `soft` pixels at the edge.
pub fn dim(plane: &mut Plane, ends: [Point; 2], radius: [f64; 2], soft: f64, dark: f32) {
    around(plane, ends, radius, soft, |value, _, spot| {
        let cover = (spot.inside / soft + 0.5).clamp(0.0, 1.0) as f32;
        *value = (f32::from(*value) * (1.0 - dark * cover * cover * (3.0 - 2.0 * cover))) as u16;
    });
}

/// Where a pixel lies in something round and long.
struct Spot {
    /// From root to tip, 0 to 1.
    along: f64,
    /// Its radius there, pixels.
    radius: f64,
    /// How far inside the edge the pixel lies, pixels; below nought outside.
    inside: f64,
}

/// Every pixel of the box around something round and long between two points, wider by `margin` pixels: its
/// light, its place, and where it lies in the thing.
fn around(
    plane: &mut Plane,
    [a, b]: [Point; 2],
    radius: [f64; 2],
    margin: f64,
    mut each: impl FnMut(&mut u16, (usize, usize), Spot),
) {
    let most = radius[0].max(radius[1]) + margin;
    let clip = |v: f64, n: usize| v.clamp(0.0, n as f64) as usize;
    let (x0, x1) = (clip(a.x.min(b.x) - most, plane.width), clip(a.x.max(b.x) + most, plane.width));
    let (y0, y1) = (clip(a.y.min(b.y) - most, plane.height), clip(a.y.max(b.y) + most, plane.height));
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let squared = (dx * dx + dy * dy).max(1e-9);
    for y in y0..y1 {
        for x in x0..x1 {
            let p = Point::new(x as f64, y as f64);
            let along = (((p.x - a.x) * dx + (p.y - a.y) * dy) / squared).clamp(0.0, 1.0);
            let radius = radius[0] + (radius[1] - radius[0]) * along;
            let inside = radius - p.distance(a.lerp(b, along));
            each(&mut plane.light[y * plane.width + x], (x, y), Spot { along, radius, inside });
        }
    }
}

/// A hand that holds the paper at `edge` from outside: the thumb reaches `deep` mm over it, and of the other
/// fingers, the palm and the arm is seen what lies beside the paper. Places in mm on the table.
pub fn hand(edge: Point, inward: Point, deep: f64, rng: &mut SynthRng) -> Vec<([Point; 2], [f64; 2])> {
    let length = edge.distance(inward).max(1e-9);
    let (ix, iy) = ((inward.x - edge.x) / length, (inward.y - edge.y) / length);
    let side = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
    let at = |inward: f64, aside: f64| {
        let aside = aside * side;
        Point::new(edge.x + ix * inward - iy * aside, edge.y + iy * inward + ix * aside)
    };
    let thumb = rng.random_range(8.5..11.0);
    vec![
        // The arm, the palm, the first finger (which goes on under the paper), the thumb.
        ([at(-900.0, -190.0), at(-110.0, -25.0)], [46.0, 31.0]),
        ([at(-95.0, -30.0), at(-80.0, 10.0)], [38.0, 34.0]),
        ([at(-60.0, 26.0), at(-7.5, 14.0)], [10.0, 7.5]),
        ([at(-70.0, -12.0), at(deep - thumb, 0.0)], [14.0, thumb]),
    ]
}

/// Fingertips that press the paper's edge down, `deep` mm over it.
pub fn fingertip(edge: Point, inward: Point, deep: f64, rng: &mut SynthRng) -> Vec<([Point; 2], [f64; 2])> {
    let length = edge.distance(inward).max(1e-9);
    let (ix, iy) = ((inward.x - edge.x) / length, (inward.y - edge.y) / length);
    let lean = rng.random_range(-25.0..25.0);
    let radius = rng.random_range(6.5..8.5);
    let at = |inward: f64, aside: f64| {
        Point::new(edge.x + ix * inward - iy * aside, edge.y + iy * inward + ix * aside)
    };
    vec![
        // The arm, the back of the hand, a bent finger, the one that presses.
        ([at(-900.0, lean * 6.0), at(-160.0, lean * 1.6)], [44.0, 29.0]),
        ([at(-125.0, lean * 1.5), at(-95.0, lean)], [40.0, 37.0]),
        ([at(-85.0, lean + 22.0), at(-38.0, 20.0)], [10.5, 9.0]),
        ([at(-85.0, lean), at(deep - radius, 0.0)], [radius * 1.25, radius]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumb_reaches_as_far_over_the_paper_as_it_is_told() {
        for seed in 0..5 {
            let parts = hand(
                Point::new(40.0, 0.0),
                Point::new(0.0, 0.0),
                10.0,
                &mut super::super::super::rng(seed, 0),
            );
            let reach = parts
                .iter()
                .flat_map(|(ends, radius)| ends.iter().zip(radius).map(|(p, r)| p.x - r))
                .fold(f64::MAX, f64::min);
            assert!((reach - 30.0).abs() < 0.01, "seed {seed}: {reach}");
        }
    }
}
