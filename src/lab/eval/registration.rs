//! How far [`sheet::locate`] puts print from where it is, on sheets of which the exact place of every point is
//! known.
//!
//! In: a [`Set`] of made-up scans or photos, a number of sheets and a seed. Out: a [`Registration`]: for every
//! photo the distance, in millimetres of the form, between where `locate` and the exact map put the middle of
//! each digits and words cell. A cell is asked for where all of it lies within the photo; one of which
//! `locate` says that it is not shown is counted as refused, as are all of a sheet that is not found. Refuses
//! nothing.

use super::sets::{Known, Set};
use crate::form::{Field, FieldKind, Form};
use crate::ground::geometry::{Point, Rect};
use crate::lab::synth::scan::Ink;
use crate::read::sheet::{self, Sheet, Template};
use crate::run::batch::{self, BatchError, Jobs};
use serde::Serialize;
use std::fmt;

/// Name and version of the figures' schema.
pub const SCHEMA: &str = "cotejo.registration/1";

/// Within how many mm cells are counted. Print is 1.4 mm high.
const WITHIN: [f64; 2] = [0.25, 0.5];
/// From one row above the frame to the next at which it is asked how level it is, mm.
const HEADER_ROW: f64 = 10.0;

/// How well the sheet of one picture was registered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placed {
    /// Which sheet of the set, from 1.
    pub sheet: u64,
    /// Which photo of the sheet, from 1.
    pub photo: usize,
    /// Whether it was found.
    pub found: bool,
    /// Sheets that were found besides.
    pub more: usize,
    /// Cells that lie within the photo.
    pub asked: usize,
    /// Those of them of which the registration says that they are not shown; all when nothing was found.
    pub refused: usize,
    /// Cells within 0.25 and within 0.5 mm.
    pub within: [usize; 2],
    /// Middle and largest distance of the cells that are shown, mm; `None` when there is none.
    pub median: Option<f64>,
    /// See `median`.
    pub worst: Option<f64>,
    /// Field of the worst cell.
    pub at: Option<String>,
    /// How far from level the registration has what stands level above the frame, mm: the farthest of four places from
    /// the mean of their height, which nothing there tells. `None` where none of it lies within the photo.
    pub askew: Option<f64>,
    /// Pixels a millimetre in the photo, across the strip.
    pub px_per_mm: f64,
}

impl Placed {
    /// Whether every cell is shown and within 0.25 mm.
    pub fn exact(&self) -> bool {
        self.asked > 0 && self.within[0] == self.asked
    }
}

/// The registration of a set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Registration {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// The set's name.
    pub set: String,
    /// Where the dice began.
    pub seed: u64,
    /// One entry a picture that shows a cell.
    pub pictures: Vec<Placed>,
}

/// Registers `n` sheets of a set; `done` is told of each.
///
/// # Errors
/// Threads cannot be started.
pub fn register(
    form: &Form,
    set: Set,
    n: u64,
    seed: u64,
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<Registration, BatchError> {
    let templates = [Template::new(form)];
    let work = |i: usize| -> Vec<Placed> {
        let (known, _) = set.make(form, Ink::AsFound, seed, i as u64);
        let placed = known.iter().enumerate().map(|(k, picture)| {
            let sheets = sheet::locate(&picture.pixels, &templates);
            Placed { sheet: i as u64 + 1, photo: k + 1, ..placed(&sheets, form, picture) }
        });
        placed.filter(|p| p.asked > 0).collect()
    };
    let pictures = batch::collect(n as usize, jobs, work, |_| done())?;
    let pictures = pictures.into_iter().flatten().collect();
    Ok(Registration { schema: SCHEMA, set: set.name(), seed, pictures })
}

/// The cells whose place is asked for: field, middle and outline of digits and words.
fn cells(form: &Form) -> impl Iterator<Item = (&Field, Rect)> {
    let fields = form.fields.iter().filter(|f| f.kind != FieldKind::Header);
    fields.flat_map(|f| {
        [&f.digits, &f.words].into_iter().flatten().map(move |slot| (f, slot.line_rect(f.y, 0)))
    })
}

/// How far a found pixel is from the true place of `p`, in form millimetres.
pub(super) fn apart(way: &dyn Fn(Point) -> Point, p: Point, found: Point) -> f64 {
    let off = offset(way, p, found);
    off.x.hypot(off.y)
}

/// The way from the true place of `p` to a found pixel, in form millimetres: by what a millimetre of the form is there,
/// along and across.
fn offset(way: &dyn Fn(Point) -> Point, p: Point, found: Point) -> Point {
    let step = |dx: f64, dy: f64| {
        let (a, b) = (way(Point::new(p.x - dx, p.y - dy)), way(Point::new(p.x + dx, p.y + dy)));
        (b.x - a.x, b.y - a.y)
    };
    let (across, along) = (step(0.5, 0.0), step(0.0, 0.5));
    let at = way(p);
    let (dx, dy) = (found.x - at.x, found.y - at.y);
    let det = across.0 * along.1 - across.1 * along.0;
    Point::new((dx * along.1 - dy * along.0) / det, (across.0 * dy - across.1 * dx) / det)
}

/// How far from level a sheet has what stands level above the frame, mm.
fn askew(
    sheet: &Sheet,
    form: &Form,
    way: &dyn Fn(Point) -> Point,
    inside: impl Fn(Point) -> bool,
) -> Option<f64> {
    let first = form.header.lines.iter().position(|l| l.print.is_some())?;
    let rows = (-form.header.nominal(first)? / HEADER_ROW) as i32;
    let (left, right) = (form.header.left, form.header.right);
    let places = |y: f64| [0.0, 1.0, 2.0, 3.0].map(|i| Point::new(left + (right - left) * i / 3.0, y));
    let rows = (1..=rows).map(|row| places(-HEADER_ROW * f64::from(row)));
    let far = rows.filter(|row| row.iter().all(|&p| inside(way(p)))).map(|row| {
        let down = row.map(|p| offset(way, p, sheet.mesh.map(p)).y);
        let mean = down.iter().sum::<f64>() / down.len() as f64;
        down.iter().map(|v| (v - mean).abs()).fold(0.0, f64::max)
    });
    far.reduce(f64::max)
}

/// Measures the sheets that were found against where the sheet is. Of several the nearest counts.
fn placed(sheets: &[Sheet], form: &Form, picture: &Known) -> Placed {
    let way = &*picture.way;
    let (w, h) = (f64::from(picture.pixels.width()), f64::from(picture.pixels.height()));
    let inside = |p: Point| p.x >= 0.0 && p.y >= 0.0 && p.x <= w - 1.0 && p.y <= h - 1.0;
    let asked: Vec<(&Field, Rect)> =
        cells(form).filter(|(_, rect)| rect.corners().into_iter().all(|c| inside(way(c)))).collect();
    type Cells<'f> = Vec<(f64, &'f str)>;
    let of = |sheet: &Sheet| -> (Cells<'_>, Option<f64>) {
        let shown = asked.iter().filter(|(f, _)| sheet.shows(f.y));
        let mut all: Vec<(f64, &str)> = shown
            .map(|(f, rect)| {
                let middle = rect.middle();
                (apart(way, middle, sheet.mesh.map(middle)), f.id.as_str())
            })
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        (all, askew(sheet, form, way, inside))
    };
    let middle = |all: &[(f64, &str)]| all.get(all.len() / 2).map(|d| d.0);
    let near = |all: &Cells<'_>| middle(all).unwrap_or(f64::MAX);
    let best = sheets.iter().map(of).min_by(|a, b| near(&a.0).total_cmp(&near(&b.0)));
    let found = best.is_some();
    let (best, askew) = best.unwrap_or_default();
    let frame = form.frame.0;
    let across = asked.get(asked.len() / 2).map_or(0.0, |(_, rect)| {
        let y = rect.middle().y;
        way(Point::new(0.0, y)).distance(way(Point::new(frame, y))) / frame
    });
    Placed {
        sheet: 0,
        photo: 0,
        found,
        more: sheets.len().saturating_sub(1),
        asked: asked.len(),
        refused: asked.len() - best.len(),
        within: WITHIN.map(|limit| best.iter().filter(|d| d.0 <= limit).count()),
        median: middle(&best),
        worst: best.last().map(|d| d.0),
        at: best.last().map(|d| d.1.to_owned()),
        askew,
        px_per_mm: across,
    }
}

impl Registration {
    /// Pictures in which no sheet was found.
    pub fn missed(&self) -> impl Iterator<Item = &Placed> {
        self.pictures.iter().filter(|p| !p.found)
    }

    /// The worst distance of which `share` of the pictures stay below, mm; infinite where that includes a
    /// sheet that was not found or of which nothing was shown.
    pub fn worst(&self, share: f64) -> f64 {
        let mut all: Vec<f64> = self.pictures.iter().map(|p| p.worst.unwrap_or(f64::INFINITY)).collect();
        all.sort_by(f64::total_cmp);
        let at = (share * all.len() as f64).ceil() as usize;
        all.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// How far from level the worst row above the frame is of which `share` of the pictures stay below, mm.
    pub fn askew(&self, share: f64) -> f64 {
        let mut all: Vec<f64> = self.pictures.iter().filter_map(|p| p.askew).collect();
        all.sort_by(f64::total_cmp);
        let at = (share * all.len() as f64).ceil() as usize;
        all.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// The median of the pictures' medians, mm, misses left out.
    pub fn median(&self) -> f64 {
        let mut all: Vec<f64> = self.pictures.iter().filter_map(|p| p.median).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Shares of all cells that were asked for: within 0.25 mm, within 0.5 mm, refused.
    pub fn cells(&self) -> [f64; 3] {
        let sum = |of: fn(&Placed) -> usize| self.pictures.iter().map(of).sum::<usize>() as f64;
        let asked = sum(|p| p.asked).max(1.0);
        [sum(|p| p.within[0]) / asked, sum(|p| p.within[1]) / asked, sum(|p| p.refused) / asked]
    }

    /// Share of the pictures of which every cell is within 0.25 mm.
    pub fn exact(&self) -> f64 {
        let exact = self.pictures.iter().filter(|p| p.exact()).count();
        exact as f64 / self.pictures.len().max(1) as f64
    }
}

/// The heads of the table that [`Registration`] prints a line of.
pub const HEAD: &str = "set                          pictures  missed  px/mm   median   worst: median    95 %   \
                        cells < 0.25   < 0.5  refused   sheets < 0.25 mm   header askew: 95 %";

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [near, half, refused] = self.cells().map(|share| 100.0 * share);
        let mm = |v: f64| if v.is_finite() { format!("{v:.3}") } else { "missed".to_owned() };
        let n = self.pictures.len();
        let scale = self.pictures.iter().map(|p| p.px_per_mm).sum::<f64>() / n.max(1) as f64;
        writeln!(
            f,
            "{:<28} {n:>8} {:>7} {scale:>6.2} {:>8} {:>15} {:>7} {near:>12.2} % {half:>5.2} % {refused:>6.2} % {:>16.1} % {:>19.3}",
            self.set,
            self.missed().count(),
            mm(self.median()),
            mm(self.worst(0.5)),
            mm(self.worst(0.95)),
            100.0 * self.exact(),
            self.askew(0.95)
        )?;
        for p in self.missed() {
            writeln!(
                f,
                "  not found: {} seed {}, sheet {}, photo {} ({} cells)",
                self.set, self.seed, p.sheet, p.photo, p.asked
            )?;
        }
        for p in self.pictures.iter().filter(|p| p.worst.is_some_and(|w| w > GROSS)) {
            let at = p.at.as_deref().unwrap_or_default();
            let worst = p.worst.unwrap_or_default();
            writeln!(
                f,
                "  {worst:.2} mm off at {at}: {} seed {}, sheet {}, photo {}",
                self.set, self.seed, p.sheet, p.photo
            )?;
        }
        Ok(())
    }
}

/// From here on a sheet is listed, mm: half a row, so that a reading may be of another row.
const GROSS: f64 = 2.0;

#[cfg(test)]
mod tests;
