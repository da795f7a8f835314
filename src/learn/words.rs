//! Numbers that are spelled beside their digits.
//!
//! In: a [`Grid`] and the places beside it that print something else. Out: [`Spelled`]: columns whose numbers stand there once
//! more in words that the network reads. Refuses (leaves out) places whose words are not the numbers.

use super::cells::Cell;
use super::grid::{Grid, Source};
use super::lay::median;
use super::marks::{PX, Part, within};
use super::numbers::Kind;
use super::text::text_style;
use crate::form::{Align, Slot, Weight};
use crate::read::cut::{cut, words_frame};

/// The words that the network reads.
const WORDS: [&str; 10] = ["Cero", "Uno", "Dos", "Tres", "Cuatro", "Cinco", "Seis", "Siete", "Ocho", "Nueve"];
/// Of the numbers of a column, those that are spelled.
const SHARE: f64 = 0.6;
/// Sheets that are looked at.
const SHEETS: usize = 6;

/// Where a column's numbers are spelled.
pub(super) struct Spelled {
    /// The column.
    pub column: usize,
    /// Where words begin, and how much room they take, mm.
    pub left: f64,
    pub width: f64,
    /// Em.
    pub size: f64,
    /// From one line of words to the next, where they take two.
    pub pitch: Option<f64>,
    /// The words for 0 to 9.
    pub words: [&'static str; 10],
}

/// Finds where numbers are spelled.
pub(super) fn find(source: &Source<'_>, grid: &Grid, others: &[Cell]) -> Vec<Spelled> {
    let mut out = Vec::new();
    for column in 0..grid.columns.len() {
        if grid.columns[column].kind != Kind::Number {
            continue;
        }
        let rows: Vec<(f64, usize)> = grid
            .rows
            .iter()
            .filter_map(|r| r.cells.iter().find(|c| c.0 == column).map(|c| (r.y, c.1)))
            .collect();
        let c = &grid.columns[column];
        let size = c.style.size;
        let right_of = |f: usize| f64::from(grid.figures[f].cell.part.x1) / PX;
        // The nearest ink to the right of each number, constant or not.
        let lefts: Vec<f64> = rows
            .iter()
            .filter_map(|&(y, f)| {
                let px = |mm: f64| (mm * PX) as i32;
                let from = right_of(f) + 0.5 * size;
                let line =
                    Part { x0: px(from), y0: px(y - 0.75 * size), x1: px(from + 12.0 * size), y1: px(y) };
                within(&source.marks.clean[0], &line)
                    .iter()
                    .map(|p| f64::from(p.x0) / PX)
                    .min_by(f64::total_cmp)
            })
            .collect();
        if lefts.len() * 2 < rows.len() || rows.len() < 3 {
            continue;
        }
        let left = median(lefts) - 0.05 * size;
        let end = others.iter().filter(|o| rows.iter().any(|r| (o.base - r.0).abs() < size));
        let end =
            end.map(|o| f64::from(o.part.x1) / PX).filter(|x| *x > left).fold(left + 12.0 * size, f64::max);
        let slot = |lines: u32, pitch: f64| Slot {
            x: left,
            align: Align::Left,
            width: end - left,
            thousands: None,
            lines,
            wrap: end - left,
            pitch,
            style: text_style(size, Weight::Regular),
        };
        // A second line stands below the first, before the next row.
        let below: Vec<f64> = others
            .iter()
            .filter(|o| (f64::from(o.part.x0) / PX - left).abs() < size)
            .filter_map(|o| rows.iter().map(|r| o.base - r.0).find(|d| *d > 0.8 * size && *d < 2.2 * size))
            .collect();
        let pitch = (!below.is_empty()).then(|| median(below));
        let slot = slot(if pitch.is_some() { 2 } else { 1 }, pitch.unwrap_or(1.2 * size));
        let (mut right, mut all) = (0, 0);
        for (s, (picture, mesh)) in source.laid.sheets.iter().enumerate().take(SHEETS) {
            let cell = |y: f64, line: u32| {
                let frame = words_frame(&slot, y, line);
                cut(&source.pictures[*picture], mesh, frame.rect, frame.px_per_mm)
            };
            let first: Vec<_> = rows.iter().map(|r| cell(r.0, 0)).collect();
            let said = source.readers.net().read_words(&first, 4, |i| Some(cell(rows[i].0, 1)));
            for (row, said) in rows.iter().zip(said) {
                if let Some(value) = grid.figures[row.1].sure(s) {
                    all += 1;
                    right += usize::from(said.best().is_some_and(|b| b.0 == value));
                }
            }
        }
        if all > 0 && right as f64 >= SHARE * all as f64 {
            out.push(Spelled { column, left, width: end - left, size, pitch, words: WORDS });
        }
    }
    out
}
