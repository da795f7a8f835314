//! A form learned from sheets that nobody has described.
//!
//! In: pictures of ten or more sheets of one form. Out: [`Learned`]: a definition ([`crate::form`]) as text, and what was left
//! open. [`lay`] lays the sheets over each other; [`marks`] tells print that recurs from print that differs; [`cells`] finds
//! the places that differ, [`numbers`] reads them; [`grid`] makes columns, rows and blocks of them, [`ties`] contests, totals
//! and what holds between them ([`relations`] with what odds); [`words`] finds where numbers are spelled, [`text`] reads the
//! constant print, [`names`] calls numbers by it; [`write`] writes it all down. Refuses too few sheets, sheets that do not lie
//! over each other, and sheets without numbers that differ.

mod cells;
pub(crate) mod few;
mod grid;
mod lay;
mod marks;
mod names;
mod numbers;
pub(crate) mod relations;
mod show;
mod text;
mod ties;
mod words;
pub(crate) mod write;

use crate::ground::geometry::Rect;
use crate::read::glyphs::Readers;
use crate::read::glyphs::net::NetError;
use image::{GrayImage, RgbImage};
use marks::{Marks, PX, Part};
use numbers::{Figure, Kind};
use rayon::prelude::*;

/// The least sheets from which a form is learned.
pub const LEAST: usize = 10;
/// Steps of which whoever waits is told.
pub const STEPS: usize = 6;

/// A picture of a sheet.
#[derive(Debug)]
pub struct Picture {
    /// For messages.
    pub name: String,
    /// Upright, dark print on light paper.
    pub pixels: GrayImage,
    /// Pixels a millimetre of the paper.
    pub scale: f64,
    /// From the paper's top to the first pixel, and how long the paper is, mm.
    pub paper: (f64, f64),
}

/// What was learned.
#[derive(Debug)]
pub struct Learned {
    /// The definition, as docs/forms.md says.
    pub definition: String,
    /// On how many sheets it rests.
    pub sheets: usize,
    /// Pictures that do not lie over the others.
    pub left_out: Vec<String>,
    /// How many numbers it has, and how many of them never vary.
    pub numbers: (usize, usize),
    /// What a person has to look at.
    pub open: Vec<String>,
    /// One sheet with everything that was found.
    pub picture: RgbImage,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// Too few pictures.
    #[error("{0} sheets are too few to tell what differs from what recurs; give {LEAST} or more of one form")]
    Few(usize),
    /// They are not of one form, or bent.
    #[error(
        "of {of} sheets {alike} lie over each other; give {LEAST} or more of one form, scanned flat and whole, and the \
         pages of one kind alone"
    )]
    Apart {
        /// How many do.
        alike: usize,
        /// Of how many.
        of: usize,
    },
    /// Nothing on them is a number that differs.
    #[error(
        "nothing that differs on {0} sheets is read as a number; give sheets that are filled in differently"
    )]
    NoNumbers(usize),
    /// The networks.
    #[error(transparent)]
    Networks(#[from] NetError),
}

/// Learns a form of this id; `done` is told of each of [`STEPS`] steps.
///
/// # Errors
/// Too few sheets, sheets that are not of one form, no numbers.
pub fn learn(mut pictures: Vec<Picture>, id: &str, done: impl Fn() + Sync) -> Result<Learned, LearnError> {
    if pictures.len() < LEAST {
        return Err(LearnError::Few(pictures.len()));
    }
    let pixels: Vec<GrayImage> = pictures.iter_mut().map(|p| std::mem::take(&mut p.pixels)).collect();
    let scales: Vec<f64> = pictures.iter().map(|p| p.scale).collect();
    let apart = |alike| LearnError::Apart { alike, of: pictures.len() };
    let laid = lay::lay(&pixels, &scales).ok_or_else(|| apart(0))?;
    if laid.sheets.len() < LEAST {
        return Err(apart(laid.sheets.len()));
    }
    done();
    let flat: Vec<GrayImage> =
        laid.sheets.par_iter().map(|(k, mesh)| lay::flattened(&pixels[*k], mesh, laid.size, PX)).collect();
    let marks = Marks::of(&flat);
    done();
    let readers = Readers::new()?;
    let (figures, others) = numbers::read(&pixels, &laid, &readers, cells::differing(&marks));
    if figures.is_empty() {
        return Err(LearnError::NoNumbers(laid.sheets.len()));
    }
    done();
    let differ: Vec<Part> = others.iter().map(|o| o.part).collect();
    let (mut phrases, unread, bleed) = text::read(&marks, &differ);
    done();
    let source =
        grid::Source { pictures: &pixels, laid: &laid, readers: &readers, marks: &marks, flat: &flat, bleed };
    let grid = grid::Grid::of(&source, figures);
    let ties = ties::find(&grid);
    let spelled = words::find(&source, &grid, &others);
    done();
    // What is a number, or the sign behind a share, is no label.
    phrases.retain(|p| !grid.figures.iter().any(|f| takes(f, &p.text, &p.part)));
    let lines = lines(&others, &grid, laid.sheets.len());
    let lengths = laid.sheets.iter().map(|(k, _)| pictures[*k].paper.1);
    let length = lengths.fold((f64::MAX, 0.0f64), |e, l| (e.0.min(l), e.1.max(l)));
    let found = write::Found {
        id,
        sheets: laid.sheets.len(),
        size: laid.size,
        length,
        top: pictures[0].paper.0,
        grid: &grid,
        ties: &ties,
        phrases: &phrases,
        rules: &marks.rules,
        lines: &lines,
        spelled: &spelled,
    };
    let definition = write::definition(&found);
    let mut open = Vec::new();
    let place = |p: &Part| format!("at {:.0}, {:.0} mm", f64::from(p.x0) / PX, f64::from(p.y1) / PX);
    open.extend(
        unread
            .iter()
            .map(|p| format!("constant print that is not read, or not of a known face, {}", place(p))),
    );
    open.extend(differ.iter().map(|p| format!("print that differs and is no number, {}", place(p))));
    let in_no_column = grid.figures.len() - grid.rows.iter().map(|r| r.cells.len()).sum::<usize>();
    if in_no_column > 0 {
        open.push(format!("{in_no_column} numbers that are read on too few sheets"));
    }
    let numbers = |f: &&Figure| f.kind == Kind::Number;
    let never = grid.figures.iter().filter(numbers).filter(|f| f.cell.constant).count();
    let seen: Vec<usize> = laid.sheets.iter().map(|s| s.0).collect();
    let left_out =
        (0..pictures.len()).filter(|k| !seen.contains(k)).map(|k| pictures[k].name.clone()).collect();
    done();
    Ok(Learned {
        definition,
        sheets: laid.sheets.len(),
        left_out,
        numbers: (grid.figures.iter().filter(numbers).count(), never),
        open,
        picture: show::picture(&flat[0], &grid, &differ, &phrases, &marks.rules),
    })
}

/// Whether a constant text is a number's, or the sign behind a share.
fn takes(figure: &Figure, text: &str, part: &Part) -> bool {
    let (own, share) = (&figure.cell.part, figure.kind == Kind::Share && text.ends_with('%'));
    own.beside(part) > 2 && own.gap(part) < if share { 12 } else { -1 }
}

/// Lines of text that differ from sheet to sheet and stand beside no number.
fn lines(others: &[cells::Cell], grid: &grid::Grid, sheets: usize) -> Vec<write::Line> {
    let alone = |c: &&cells::Cell| {
        let printed = c.spans.iter().flatten().count();
        let row = |r: &grid::Row| (r.y - c.base).abs() < c.cap;
        printed * 10 >= sheets * 8 && !grid.rows.iter().any(row)
    };
    let line = |c: &cells::Cell| {
        let px = |v: i32| f64::from(v) / PX;
        write::Line {
            rect: Rect::new(px(c.part.x0), px(c.part.y0), px(c.part.width()), px(c.part.height())),
            y: c.base,
            size: c.cap / numbers::FIGURES,
        }
    };
    others.iter().filter(alone).map(line).collect()
}
