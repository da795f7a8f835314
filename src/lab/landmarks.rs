//! Landmarks of a form, learned from its sheets.
//!
//! In: pictures of sheets, which are found by the landmarks that there are. Out: [`Landmarks`] of what recurs in the
//! frame, with those of the print as it is drawn, and on how many sheets they rest. Refuses (leaves out) sheets that are not seen whole. Nothing outside the
//! frame is looked at, so nothing of the private block, and of what differs from sheet to sheet nothing is kept.

use crate::form::Form;
use crate::form::landmarks::Landmarks;
use crate::ground::geometry::{Point, Rect};
use crate::read::cut;
use crate::read::sheet::{self, Template, landmarks};
use crate::run::batch::{self, BatchError, Jobs};
use crate::run::pipeline::Digitizer;
use std::path::PathBuf;

/// A sheet with fewer of its anchors is not learned from.
const WHOLE: f64 = 0.8;
/// The share of the sheets on which a landmark recurs.
const SHARE: f64 = 0.3;
/// Beyond the frame, mm: its own rules have corners too.
const BESIDE: f64 = 2.0;

/// Learns a form's landmarks from the sheets on pictures; `done` is told of each.
///
/// # Errors
/// Threads cannot be started.
pub fn learn(
    digitizer: &Digitizer,
    form: &Form,
    files: &[PathBuf],
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<(Landmarks, usize), BatchError> {
    let templates = [Template::new(form)];
    let area = Rect::new(-BESIDE, -BESIDE, form.frame.0 + 2.0 * BESIDE, form.frame.1 + 2.0 * BESIDE);
    let area = Rect { height: area.height.min(form.private_top - area.y), ..area };
    let scale = landmarks::PX_PER_MM;
    let origin = Point::new(area.x + 0.5 / scale, area.y + 0.5 / scale);
    let flatten = |i: usize| {
        let opened = digitizer.open(&files[i]);
        let pages = (0..opened.pages()).filter_map(|page| digitizer.decoded(&opened, page).ok());
        let of = |pixels: image::GrayImage| {
            let sheets = sheet::locate(&pixels, &templates).into_iter().filter(|s| s.anchors >= WHOLE);
            sheets.map(|s| (cut::cut(&pixels, &s.mesh, area, scale), origin)).collect::<Vec<_>>()
        };
        pages.flat_map(|photo| of(photo.pixels)).collect::<Vec<_>>()
    };
    let sheets: Vec<_> =
        batch::collect(files.len(), jobs, flatten, |_| done())?.into_iter().flatten().collect();
    let mut learned = landmarks::learn(&sheets, SHARE);
    learned.marks.extend(landmarks::drawn(form).marks);
    Ok((learned, sheets.len()))
}
