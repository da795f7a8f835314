//! The sheet in the photo: where every millimetre of the form stands in the pixels.
//!
//! In: a photo's pixels and the known forms. Out: [`Sheet`]s, each with its mesh and how well
//! the printed anchors sit. Refuses (returns nothing for) sheets whose anchors do not sit: what is
//! not registered is not read.
//!
//! Steps, each in its file: [`search`] looks for the forms' [`landmarks`] at one size of the photo after the other and
//! finds where they agree, [`register`] flattens the sheet there ([`flat`]) and [`fit`] places what is printed ([`terms`],
//! [`correlate`], [`middles`]) and fits the [`Mesh`] through all of it ([`spline`]); [`above`] does the same along the header's lines.
//! Which [`blocks`] a page shows is looked at once it is found.

mod above;
mod blocks;
mod correlate;
mod fit;
mod flat;
pub mod landmarks;
mod mesh;
mod middles;
mod register;
mod search;
mod spline;
mod template;
mod terms;

pub use blocks::laid_out;
pub use mesh::{Mesh, Rung};
pub use template::Template;

use crate::ground::geometry::Point;
use image::GrayImage;

/// A sheet found in a photo.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Index of the form among those given.
    pub form: usize,
    /// Form millimetres to photo pixels.
    pub mesh: Mesh,
    /// Registration score: mean correlation of the anchors with their print, 0 to 1.
    pub score: f64,
    /// Root mean square distance of the anchors from where the mesh puts them, mm.
    pub residual: f64,
    /// Share of the form's anchors that were found, 0 to 1.
    pub anchors: f64,
    /// Form y range, mm, whose print was found in the photo: what lies outside is not read.
    pub visible: (f64, f64),
    /// Every anchor that was found, by y.
    pub anchored: Vec<Anchored>,
    /// The longest run of anchors that fit the print of the next row, or the one before, better than
    /// their own.
    pub mistaken: usize,
}

/// An anchor that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchored {
    /// Form y, mm.
    pub y: f64,
    /// How far it is from where the mesh puts it, mm.
    pub off: f64,
    /// Whether it is constant text, that of one row and no other.
    pub named: bool,
}

/// So far beyond its last anchors a sheet is taken to be seen, mm.
pub const BEYOND: f64 = 6.0;

/// How far from a row its anchors may be to speak for it, mm: three rows either way.
const NEAR: f64 = 16.0;

/// How many anchors have to be found within [`NEAR`]. A row has two, its name and its words; between
/// headings that are covered, three rows are left.
const SUPPORT: usize = 3;
/// How many of them at least are constant text: words look alike in every row.
const NAMED: usize = 1;

/// What a row's residual counts as where no anchor tells it, mm: a row pitch.
const ASTRAY: f64 = 4.0;

impl Sheet {
    /// A sheet of the first form whose place is known exactly, all of it in sight from one form y to another.
    pub fn known(mesh: Mesh, visible: (f64, f64)) -> Self {
        let ys = (0..).map(|i| visible.0 + f64::from(i)).take_while(|y| *y <= visible.1);
        let anchored = ys.map(|y| Anchored { y, off: 0.0, named: true }).collect();
        Self { form: 0, mesh, score: 1.0, residual: 0.0, anchors: 1.0, visible, anchored, mistaken: 0 }
    }

    fn near(&self, y: f64) -> Option<&[Anchored]> {
        let from = self.anchored.partition_point(|a| a.y < y - NEAR);
        let to = self.anchored.partition_point(|a| a.y <= y + NEAR);
        let near = &self.anchored[from..to];
        (near.len() >= SUPPORT && near.iter().filter(|a| a.named).count() >= NAMED).then_some(near)
    }

    /// Whether the print around form y was found in the photo, so that what stands there can be read.
    pub fn shows(&self, y: f64) -> bool {
        y >= self.visible.0 && y <= self.visible.1 && self.near(y).is_some()
    }

    /// Root mean square distance of the anchors around form y from where the mesh puts them, mm.
    pub fn residual_at(&self, y: f64) -> f64 {
        let Some(near) = self.near(y) else { return ASTRAY };
        (near.iter().map(|a| a.off * a.off).sum::<f64>() / near.len() as f64).sqrt()
    }
}

/// Finds the sheets of a photo.
///
/// `templates` are those of the known forms, in their order. The result is empty when no strip fits
/// any form; the sheets stand from left to right, then from top to bottom.
pub fn locate(pixels: &GrayImage, templates: &[Template]) -> Vec<Sheet> {
    let above = |s: Sheet| above::above(pixels, &templates[s.form], s);
    let mut sheets: Vec<Sheet> = search::sheets(pixels, templates).into_iter().map(above).collect();
    sheets.sort_by(|a, b| {
        let (p, q) = (middle(a), middle(b));
        p.x.total_cmp(&q.x).then(p.y.total_cmp(&q.y))
    });
    sheets
}

/// The middle of a sheet's frame in the photo.
fn middle(sheet: &Sheet) -> Point {
    let y = (sheet.visible.0 + sheet.visible.1) / 2.0;
    sheet.mesh.map(Point::new(sheet.mesh.width / 2.0, y))
}
