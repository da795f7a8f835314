//! A phone before a strip of paper: whole frames, as phones take them.
//!
//! In: a [`Picture`] of a sheet (made-up, or a real scan with its mesh), [`Settings`] and what part of the
//! strip is wanted. Out: a [`Shot`]: the file's bytes and the exact way from form millimetres to its pixels.
//! The order is that of the light: paper that bends ([`paper`](super::paper)) on a table with hands
//! ([`ground`]), lit ([`light`]), under a foil ([`sleeve`]) or on a monitor ([`screen`]), through a lens
//! ([`optics`]) onto a sensor and through its software ([`sensor`]) into a file ([`file`]). Refuses nothing.
//!
//! What is left out: rolling shutter, flare, tone mapping that differs by place, and the mosaic of colours but
//! for monitors (elsewhere it is taken as a blur of half a pixel). A real scan shows no more than it holds:
//! photos nearer than its 200 dpi enlarge it.

mod file;
mod ground;
mod light;
mod optics;
mod plane;
mod scenes;
mod screen;
mod sensor;
mod sleeve;
mod table;

pub use scenes::Scene;

use super::warp::Grid;
use super::{Picture, SheetTruth, SynthRng, camera};
use crate::ground::geometry::Point;
use crate::read::sheet::{Mesh, Rung};
use file::Frame;
use image::GrayImage;
use optics::{Lens, Stance};
use rand::RngExt;
use table::Scenery;

/// The light of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hour {
    /// A room by day, or lit well.
    Day,
    /// One bulb, a hand's shadow, a hand that shakes.
    Night,
}

/// What is between paper and phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// Nothing.
    Bare,
    /// A plastic sleeve.
    Sleeve,
    /// The sheet is shown on a monitor.
    Screen,
}

/// How photos are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The phone's pixels.
    pub frame: (usize, usize),
    /// Tilt of up to so many degrees.
    pub tilt: f64,
    /// Light.
    pub hour: Hour,
    /// What is between.
    pub cover: Cover,
    /// Whether a messenger passes it on.
    pub messenger: bool,
}

/// The way from form millimetres to a photo's pixels, exact: the paper's print, then the very triangles that
/// were painted.
pub struct FormToPhoto {
    mesh: Mesh,
    grid: Grid,
    /// Share of the size that is left after shrinking.
    shrunk: f64,
}

impl FormToPhoto {
    /// Photo pixels of a form point (mm); NaN for what lies far outside the photo.
    pub fn map(&self, p: Point) -> Point {
        let q = self.grid.map(self.mesh.map(p));
        let shrink = |v: f64| (v + 0.5) * self.shrunk - 0.5;
        Point::new(shrink(q.x), shrink(q.y))
    }

    /// The same as a mesh, quadratic across: exact at the frame's edges and in its middle.
    pub fn mesh(&self) -> Mesh {
        let rungs = self.mesh.rungs.iter();
        let width = self.mesh.width;
        let place = |y: f64| [0.0, width / 2.0, width].map(|x| self.map(Point::new(x, y)));
        let rungs = rungs.map(|r| Rung { y: r.y, points: place(r.y) });
        Mesh { width, rungs: rungs.filter(|r| r.points.iter().all(|p| p.x.is_finite())).collect() }
    }
}

/// A photo.
pub struct Shot {
    /// The file's bytes, JPEG.
    pub jpeg: Vec<u8>,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Where the print is.
    pub way: FormToPhoto,
    /// What the sheet says.
    pub truth: SheetTruth,
    /// Pixels a millimetre at the middle of what was wanted.
    pub px_per_mm: f64,
}

impl Shot {
    /// What a decoder sees, grey.
    pub fn pixels(&self) -> GrayImage {
        image::load_from_memory(&self.jpeg).expect("the encoder's own bytes decode").into_luma8()
    }
}

/// A sheet before the phone.
struct Subject {
    source: GrayImage,
    mesh: Mesh,
    /// Pixels of the source to a millimetre.
    native: f64,
}

impl Subject {
    fn new(picture: &Picture, fade: f64) -> Self {
        let (source, mesh) = camera::laid(picture, fade);
        let native = mesh.px_per_mm(mesh.rungs[mesh.rungs.len() / 2].y).max(0.5);
        Self { source, mesh, native }
    }

    /// Width and length of the paper, mm.
    fn size(&self) -> (f64, f64) {
        (f64::from(self.source.width()) / self.native, f64::from(self.source.height()) / self.native)
    }

    /// The source's points placed in the photo by where the paper's millimetres are.
    fn grid(&self, place: impl Fn(f64, f64) -> Point) -> Grid {
        let (size, native) = (self.source.dimensions(), self.native);
        let knots = (f64::from(size.0) / 12.0, native * 3.0);
        Grid::new(size, knots, |p| place((p.x + 0.5) / native, (p.y + 0.5) / native))
    }
}

/// Takes a photo of the part `window` (shares of the strip's length) of the sheet. Photos of one `place` share
/// the paper's bends, the table and the lamp; `rng` is the photo's own.
fn shoot(picture: &Picture, settings: &Settings, window: (f64, f64), place: u64, rng: &mut SynthRng) -> Shot {
    let mut stays = super::rng(place, 0);
    let fade = match settings.hour {
        Hour::Day => stays.random_range(0.0..0.15),
        Hour::Night => stays.random_range(0.2..0.5),
    };
    let subject = Subject::new(picture, fade);
    let lens = Lens { frame: settings.frame, equivalent: rng.random_range(26.0..28.0) };
    let stance = Stance::sample(settings.tilt, rng);
    let taken = if settings.cover == Cover::Screen {
        screen::photograph(&subject, lens, &stance, window, rng)
    } else {
        let scene = Scenery::new(subject.size(), settings, &mut stays);
        table::photograph(&subject, settings, &scene, lens, &stance, window, rng)
    };
    let (jpeg, shrunk) = match settings.messenger {
        true => taken.frame.messaged(),
        false => (taken.frame.jpeg(rng.random_range(88..96)), 1.0),
    };
    let (w, h) = taken.frame.grey.dimensions();
    let side = |n: u32| (f64::from(n) * shrunk).round() as u32;
    let way = FormToPhoto { mesh: subject.mesh, grid: taken.grid, shrunk };
    let px_per_mm = taken.px_per_mm * shrunk;
    Shot { jpeg, size: (side(w), side(h)), way, truth: picture.truth.clone(), px_per_mm }
}

/// A frame with the places of the source's points.
struct Taken {
    frame: Frame,
    grid: Grid,
    px_per_mm: f64,
}
