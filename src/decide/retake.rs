//! What a photographer can do about a sheet that is not accepted: which part of it to take again, and why.
//!
//! In: the evidence, what was decided of its numbers, and what was found. Out: a [`Finding`] a part with prints that are
//! in doubt and whose pixels say why. It holds nothing back: that is done by what it goes with. A part of which the pixels
//! are good gives none, whatever is in doubt there: another photo would show the same.

use super::{FieldDecision, Status};
use crate::form::{Field, FieldIx, Slot};
use crate::ground::finding::{Code, Finding, Lack, Part, Severity, What};
use crate::read::cut::Quality;
use crate::read::evidence::Evidence;
use crate::read::glyphs::CellReading;

/// A print that no reader gives this is in doubt.
const SURE: f64 = 0.9;

/// Less of a print in sight than this is covered.
const IN_SIGHT: f64 = 0.97;

/// Pixels a millimetre below which digits of 1.8 mm are fewer than eight pixels high.
const SMALL: f64 = 4.5;

/// Edges below this share of what a crop of the same scale can show are out of focus or shaken.
const BLURRED: f64 = 0.22;

/// Ink against paper below this is too dim, or faded.
const FAINT: f64 = 0.35;

/// Registration that is farther off than this, mm, is of paper that is bent or folded.
const BENT: f64 = 0.4;

/// A print of the sheet: how far down it stands, what was read of it, and whether that is in doubt.
struct Seen<'a> {
    y: f64,
    cell: Option<&'a CellReading>,
    doubtful: bool,
}

/// The parts of a sheet to take again, from top to bottom; one finding where all lack the same.
pub fn about_retake(evidence: &Evidence, fields: &[FieldDecision], findings: &[Finding]) -> Vec<Finding> {
    let held = |f: &&Finding| Status::from(f.severity) != Status::Accepted;
    if !findings.iter().any(|f| held(&f)) {
        return Vec::new();
    }
    let prints = prints(evidence, fields);
    let ys = || prints.iter().map(|p| p.y);
    let (top, bottom) = (ys().fold(f64::MAX, f64::min), ys().fold(f64::MIN, f64::max));
    let third = |p: &Seen| (((p.y - top) / (bottom - top).max(1.0) * 3.0) as usize).min(2);
    // The code stands above the table, and is no number.
    let code = |f: &Finding| matches!(f.code, Code::CodeUnreadable | Code::CodeDoubtful);
    let code = findings.iter().filter(held).any(code);
    let parts = [Part::Upper, Part::Middle, Part::Lower].into_iter().enumerate();
    let lacks = parts.filter_map(|(nr, part)| {
        let here: Vec<&Seen> = prints.iter().filter(|p| third(p) == nr).collect();
        let lack = lack(&here, code && part == Part::Upper)?;
        Some((part, lack, here.iter().filter(|p| p.doubtful).count(), here.len()))
    });
    let lacks: Vec<_> = lacks.collect();
    let told = |&(part, lack, doubtful, prints): &(Part, Lack, usize, usize)| {
        Finding::new(Severity::Info, What::Retake { part, lack, doubtful, prints })
    };
    match lacks.as_slice() {
        [a, b, c] if a.1 == b.1 && b.1 == c.1 => {
            vec![told(&(Part::Whole, a.1, a.2 + b.2 + c.2, a.3 + b.3 + c.3))]
        }
        some => some.iter().map(told).collect(),
    }
}

/// All prints that the form has in the table.
fn prints<'a>(evidence: &'a Evidence, fields: &[FieldDecision]) -> Vec<Seen<'a>> {
    let of = |(ix, field): (FieldIx, &Field)| {
        let (read, y, value) = (&evidence.fields[ix], field.y, fields[ix].value);
        let doubtful =
            |cell: &CellReading| cell.best().is_none_or(|(read, p)| p < SURE || Some(read) != value);
        let at = |slot: Option<Slot>, cell: Option<&'a CellReading>| {
            slot.map(|_| Seen { y, cell, doubtful: cell.is_none_or(doubtful) })
        };
        [at(field.digits, read.digits.as_ref()), at(field.words, read.words.as_ref())]
    };
    evidence.form.fields.iter().enumerate().flat_map(of).flatten().collect()
}

/// What the prints in doubt lack: that most are not on the photo, or covered; or what the pixels of the whole part lack.
/// `None` where nothing is in doubt or the pixels are good.
fn lack(here: &[&Seen], code: bool) -> Option<Lack> {
    let doubtful: Vec<&Seen> = here.iter().copied().filter(|p| p.doubtful).collect();
    let seen: Vec<&Quality> = doubtful.iter().filter_map(|p| p.cell.map(|c| &c.quality)).collect();
    if doubtful.is_empty() && !code {
        return None;
    }
    if 2 * seen.len() < doubtful.len() {
        return Some(Lack::Missing);
    }
    let all: Vec<&Quality> = here.iter().filter_map(|p| p.cell.map(|c| &c.quality)).collect();
    let tests = [
        (middle(&seen, |q| q.coverage).is_some_and(|v| v < IN_SIGHT), Lack::Covered),
        (middle(&all, |q| q.residual).is_some_and(|v| v > BENT), Lack::Bent),
        (middle(&all, |q| q.contrast).is_some_and(|v| v < FAINT), Lack::Faint),
        (middle(&all, |q| q.sharpness).is_some_and(|v| v < BLURRED), Lack::Blurred),
        (middle(&all, |q| q.px_per_mm).is_some_and(|v| v < SMALL), Lack::Small),
    ];
    tests.into_iter().find(|t| t.0).map(|t| t.1)
}

/// The middle one; `None` of nothing.
fn middle(of: &[&Quality], what: impl Fn(&Quality) -> f64) -> Option<f64> {
    let mut all: Vec<f64> = of.iter().map(|q| what(q)).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}
