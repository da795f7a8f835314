//! How readings err, by kind: made-up prints read as in a run and held against their truth.
//!
//! In: [`Set`]s of made-up scans and photos, a number of sheets a set, a seed; or pictures of sheets with known numbers. Out:
//! one [`Read`] a print, its kind and what was believed of the number that it shows, the [`Table`] of them, and [`Held`]: how
//! they stand against the table that decides. Prints are cut where [`sheet::locate`] puts them, as in a run, or where they
//! exactly are. Refuses nothing.

use super::registration::apart;
use super::sets::{Known, Set};
use super::truth::Truth;
use crate::decide::prints::{belief, says};
use crate::form::Form;
use crate::ground::geometry::Point;
use crate::lab::synth::scan::Ink;
use crate::read::cut::{CAP_HEIGHT, NumberCells};
use crate::read::glyphs::{CellReading, Channel, ReaderChoice, Readers};
use crate::read::photo::mask::{Mask, Masked};
use crate::read::sheet::{self, Sheet, Template};
use crate::run::batch::{self, BatchError, Jobs};
use crate::run::pipeline::Digitizer;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

mod held;
mod table;

pub use held::Held;
pub use table::Table;

/// Where prints are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where the registration puts them.
    Located,
    /// Where they are.
    Exact,
}

/// One print that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// Its set.
    pub set: String,
    /// Which sheet of the set.
    pub sheet: usize,
    /// Digits or words.
    pub channel: Channel,
    /// How high the print's capitals are in the picture, px.
    pub height: f64,
    /// See [`crate::read::cut::Quality`].
    pub sharpness: f64,
    /// See there.
    pub contrast: f64,
    /// See there.
    pub coverage: f64,
    /// How far from its print it was cut, mm.
    pub off: f64,
    /// The number.
    pub truth: u32,
    /// What the networks say and what all readers say together: the likeliest number, if one is likelier than
    /// none; the belief in it, or in none; the belief in the truth.
    pub net: (Option<u32>, f64, f64),
    /// The same of all readers; `None` where Tesseract was not asked.
    pub both: Option<(Option<u32>, f64, f64)>,
}

/// Reads `n` sheets of a set; `done` is told of each.
///
/// # Errors
/// Threads cannot be started.
pub fn read(
    (form, readers): (&Form, &Readers),
    (set, place): (Set, Place),
    (n, seed): (usize, u64),
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<Vec<Read>, BatchError> {
    let templates = [Template::new(form)];
    let work = |i: usize| -> Vec<Read> {
        let (pictures, numbers) = set.make(form, Ink::Plain, seed, i as u64);
        let mut out = Vec::new();
        for picture in &pictures {
            let sheets = match place {
                Place::Located => sheet::locate(&picture.pixels, &templates),
                Place::Exact => vec![exact(picture)],
            };
            for sheet in &sheets {
                let mask = Mask::of(Vec::new(), picture.pixels.dimensions());
                let cells = NumberCells::cut(Masked { pixels: &picture.pixels, mask: &mask }, sheet, form);
                let read = readers.read(&cells, ReaderChoice::Auto);
                for (ix, field) in read.iter().enumerate() {
                    let spec = &form.fields[ix];
                    for (channel, cell, slot) in [
                        (Channel::Digits, &field.digits, &spec.digits),
                        (Channel::Words, &field.words, &spec.words),
                    ] {
                        let (Some(cell), Some(slot)) = (cell, slot) else { continue };
                        let middle = Point::new(slot.x, spec.y - slot.style.size / 3.0);
                        let off = apart(&*picture.way, middle, sheet.mesh.map(middle));
                        let print = (numbers[ix], slot.style.size, off);
                        out.push(one(form, cell, channel, print, (set.name(), i)));
                    }
                }
            }
        }
        out
    };
    Ok(batch::collect(n, jobs, work, |_| done())?.into_iter().flatten().collect())
}

/// Reads pictures of sheets of which numbers are known, each with the name that the truth has of it, as in a run.
///
/// # Errors
/// Threads cannot be started.
pub fn of_files(
    digitizer: &Digitizer,
    files: &[(PathBuf, String)],
    truth: &Truth,
    jobs: Jobs,
    done: impl Fn() + Sync,
) -> Result<Vec<Read>, BatchError> {
    let work = |i: usize| -> Vec<Read> {
        let (file, name) = &files[i];
        let Some(known) = truth.find(name).map(|ix| &truth.sheets[ix]) else { return Vec::new() };
        let mut out = Vec::new();
        for evidence in digitizer.file(file).into_iter().filter_map(|d| d.evidence) {
            let form: &Form = &evidence.form;
            for (spec, field) in form.fields.iter().zip(&evidence.fields) {
                let Some(&(_, number)) = known.numbers.iter().find(|n| n.0 == spec.id) else { continue };
                for (channel, cell, slot) in [
                    (Channel::Digits, &field.digits, &spec.digits),
                    (Channel::Words, &field.words, &spec.words),
                ] {
                    let (Some(cell), Some(slot)) = (cell, slot) else { continue };
                    if !cell.readings.is_empty() {
                        out.push(one(form, cell, channel, (number, slot.style.size, 0.0), (name.clone(), i)));
                    }
                }
            }
        }
        out
    };
    Ok(batch::collect(files.len(), jobs, work, |_| done())?.into_iter().flatten().collect())
}

fn one(
    form: &Form,
    cell: &CellReading,
    channel: Channel,
    (truth, size, off): (u32, f64, f64),
    (set, sheet): (String, usize),
) -> Read {
    let modulus = form.max_value() + 1;
    let said = |n: usize| {
        let w = belief(&cell.readings[..n], modulus);
        let best = says(&w);
        (best, best.map_or(w.rest(), |v| w.weight(v)), w.weight(truth))
    };
    let q = &cell.quality;
    Read {
        set,
        sheet,
        channel,
        height: q.px_per_mm * CAP_HEIGHT * size,
        sharpness: q.sharpness,
        contrast: q.contrast,
        coverage: q.coverage,
        off,
        truth,
        net: said(1),
        both: (cell.readings.len() > 1).then(|| said(cell.readings.len())),
    }
}

/// The sheet of a picture as its map has it.
fn exact(picture: &Known) -> Sheet {
    let (top, bottom) = (picture.mesh.rungs[0].y, picture.mesh.rungs[picture.mesh.rungs.len() - 1].y);
    Sheet::known(picture.mesh.clone(), (top, bottom))
}
