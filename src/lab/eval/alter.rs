//! Whether a changed number is noticed: numbers altered in the pixels of scans, photographed if a scene is given,
//! digitized, looked at.
//!
//! In: pictures of sheets, a number of alterations a sheet, a seed, a [`Scene`]. Out: [`Alterations`]: how many were
//! held back, and which were not, or without naming what was changed; and the [`curve`] of what other levels of
//! surprise would hold. Cells are pasted from other rows
//! of the same sheet along its mesh, so that print, paper and scanner are the sheet's own. Every altered
//! picture is decided twice, with its QR code and without; what only the QR code can show (two rows
//! exchanged in digits and words alike) is not asked of the second. Refuses nothing: a picture without a
//! sheet, or with numbers that are all alike, is left out and counted.

use crate::decide::{Decision, Status};
use crate::form::{Field, FieldIx, FieldKind, Form, Role, Slot};
use crate::ground::finding::{Code, Finding, Severity};
use crate::ground::geometry::Point;
use crate::ground::words::display;
use crate::lab::synth::{Picture, Scene, SheetTruth, SynthRng, rng};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::read::photo::{self, Limits, Photo};
use crate::read::sheet::{Mesh, Rung};
use crate::record::{Record, Registration};
use crate::run::pipeline::Digitizer;
use image::GrayImage;
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod curve;
mod paste;
mod show;

pub use curve::Point as CurvePoint;

/// What was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// One number's digits.
    Digits,
    /// One number's words.
    Words,
    /// One vote's digits and words alike.
    Vote,
    /// One total's digits and words alike.
    Total,
    /// The digits of two rows exchanged: the sum holds.
    DigitsExchanged,
    /// The words of two rows exchanged.
    WordsExchanged,
    /// Digits and words of two rows exchanged; only the QR code shows it.
    RowsExchanged,
}

impl Alteration {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Digits,
        Self::Words,
        Self::Vote,
        Self::Total,
        Self::DigitsExchanged,
        Self::WordsExchanged,
        Self::RowsExchanged,
    ];

    fn digits(self) -> bool {
        !matches!(self, Self::Words | Self::WordsExchanged)
    }

    fn words(self) -> bool {
        !matches!(self, Self::Digits | Self::DigitsExchanged)
    }

    fn exchanges(self) -> bool {
        matches!(self, Self::DigitsExchanged | Self::WordsExchanged | Self::RowsExchanged)
    }
}

/// What became of alterations of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Altered pictures.
    pub altered: usize,
    /// Of those, accepted.
    pub accepted: usize,
    /// Of those, with another number than the sound sheet's.
    pub wrong: usize,
    /// Of those altered, held back by a finding about an altered number or a relation of it.
    pub named: usize,
}

/// An altered picture that was accepted, or held back without naming what was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The picture.
    pub path: String,
    /// What was altered.
    pub alteration: Alteration,
    /// Whether its QR code took part.
    pub qr: bool,
    /// Whether a number is another than the sound sheet's.
    pub wrong: bool,
    /// As `FIELD 20 as 30`.
    pub change: String,
    /// What became of it.
    pub status: Status,
    /// What was found.
    pub findings: Vec<String>,
}

/// What came of altering pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alterations {
    /// Pictures that could not be altered.
    pub left_out: Vec<String>,
    /// Decided with the QR code, where the sheet's is readable.
    pub with_qr: BTreeMap<Alteration, Tally>,
    /// Decided without.
    pub without_qr: BTreeMap<Alteration, Tally>,
    /// What was not held back by name.
    pub missed: Vec<Missed>,
    /// What each level of surprise would hold, without QR code.
    pub curve: Vec<CurvePoint>,
    /// The scene through which the altered sheets were photographed.
    pub scene: Option<String>,
}

impl Alterations {
    /// Altered pictures that were accepted.
    pub fn accepted(&self) -> usize {
        self.missed.iter().filter(|m| m.status == Status::Accepted).count()
    }

    /// Of those, with another number than the sound sheet's.
    pub fn accepted_wrong(&self) -> usize {
        self.missed.iter().filter(|m| m.status == Status::Accepted && m.wrong).count()
    }

    /// Whether everything was held back by name; of photos, whose small print is read with doubt, that nothing
    /// was accepted with another number.
    pub fn holds(&self) -> bool {
        if self.scene.is_some() { self.accepted_wrong() == 0 } else { self.missed.is_empty() }
    }

    fn count(&mut self, alteration: Alteration, outcome: Outcome) {
        let tallies = if outcome.qr { &mut self.with_qr } else { &mut self.without_qr };
        let tally = tallies.entry(alteration).or_default();
        tally.altered += 1;
        let accepted = outcome.status == Status::Accepted;
        tally.accepted += usize::from(accepted);
        tally.wrong += usize::from(accepted && outcome.wrong);
        tally.named += usize::from(outcome.named);
    }
}

/// What was decided on one altered picture in one way.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    qr: bool,
    status: Status,
    named: bool,
    wrong: bool,
}

/// Alters each picture in `each` ways (at most all seven, in turn from one picture to the next), photographs it
/// in a scene of one photo a sheet, if one is given, and digitizes it. The same arguments give the same result.
pub fn alter(
    digitizer: &Digitizer,
    files: &[PathBuf],
    each: usize,
    seed: u64,
    scene: Option<Scene>,
) -> Alterations {
    let work = |(ix, file): (usize, &PathBuf)| sheet(digitizer, file, ix, (each, seed), scene);
    let sheets: Vec<Option<(Vec<Case>, Vec<CurvePoint>)>> = files.par_iter().enumerate().map(work).collect();
    let mut out =
        Alterations { scene: scene.map(|s| s.name()), curve: curve::points(), ..Alterations::default() };
    for (file, cases) in files.iter().zip(sheets) {
        let Some((cases, curve)) = cases else {
            out.left_out.push(display(file));
            continue;
        };
        curve::add(&mut out.curve, &curve);
        for case in cases {
            for (outcome, findings) in case.outcomes {
                out.count(case.alteration, outcome);
                if outcome.status == Status::Accepted || !outcome.named {
                    out.missed.push(Missed {
                        path: display(file),
                        alteration: case.alteration,
                        qr: outcome.qr,
                        wrong: outcome.wrong,
                        change: case.change.clone(),
                        status: outcome.status,
                        findings,
                    });
                }
            }
        }
    }
    out
}

/// One altered picture.
struct Case {
    alteration: Alteration,
    change: String,
    outcomes: Vec<(Outcome, Vec<String>)>,
}

/// Alters one picture; `None` when there is no sheet in it to alter.
fn sheet(
    digitizer: &Digitizer,
    file: &Path,
    ix: usize,
    (each, seed): (usize, u64),
    scene: Option<Scene>,
) -> Option<(Vec<Case>, Vec<CurvePoint>)> {
    let limits = &digitizer.config().limits;
    let bytes = photo::read(file, limits).ok()?;
    let photo = photo::decode(&display(file), crate::ground::hash::sha256(&bytes), &bytes, limits).ok()?;
    let found = digitizer.photo(photo.clone()).into_iter().next()?;
    let sound = found.record;
    let form = &*sound.form_of(&digitizer.config().forms)?;
    let mesh = mesh(sound.registration.as_ref()?, form);
    let kinds = Alteration::ALL.len();
    let seen = |pixels: GrayImage, turn: usize| match scene {
        None => Some(Photo { pixels, ..photo.clone() }),
        Some(scene) => photographed(scene, pixels, (&mesh, form), &photo, limits, (seed, ix * 8 + turn)),
    };
    let mut levels = curve::points();
    let untouched = match scene {
        None => found.evidence,
        Some(_) => digitizer.photo(seen(photo.pixels.clone(), kinds)?).into_iter().next()?.evidence,
    };
    curve::sound(&mut levels, untouched);
    let mut cases = Vec::new();
    for turn in 0..each.min(kinds) {
        let alteration = Alteration::ALL[(ix * each + turn) % kinds];
        let mut rng = rng(seed, (ix * kinds + turn) as u64);
        let Some((a, b)) = choose(form, &sound, alteration, &mut rng) else { continue };
        let Some(altered) = seen(paste::paste(&photo.pixels, &mesh, form, alteration, (a, b)), turn) else {
            continue;
        };
        let Some(digitized) = digitizer.photo(altered).into_iter().next() else { continue };
        let touched = if alteration.exchanges() { vec![a, b] } else { vec![a] };
        let mut outcomes = Vec::new();
        if let Some(mut evidence) = digitized.evidence {
            let judge =
                |evidence: &Evidence, decision: &Decision| outcome(evidence, decision, &touched, &sound);
            if matches!(evidence.qr, QrOutcome::Read(_)) {
                outcomes.push(judge(&evidence, &digitizer.decide(&evidence)));
            }
            if alteration != Alteration::RowsExchanged {
                evidence.qr = QrOutcome::NotLooked;
                outcomes.push(judge(&evidence, &digitizer.decide(&evidence)));
                curve::altered(&mut levels, &evidence, |decision| judge(&evidence, decision).0);
            }
        }
        let text = |ix: FieldIx| format!("{} {}", form.fields[ix].id, number(&sound, form, ix).unwrap_or(0));
        let change =
            format!("{} {} {}", text(a), if alteration.exchanges() { "with" } else { "as" }, text(b));
        cases.push(Case { alteration, change, outcomes });
    }
    Some((cases, levels))
}

/// The first photo that a scene takes of a sheet.
fn photographed(
    scene: Scene,
    pixels: GrayImage,
    (mesh, form): (&Mesh, &Form),
    of: &Photo,
    limits: &Limits,
    (seed, dice): (u64, usize),
) -> Option<Photo> {
    let mesh = mesh.extended(-form.paper_length.1 / 4.0, form.paper_length.1);
    let picture = Picture { pixels, mesh, truth: SheetTruth::default(), jpeg: None };
    let shot = scene.take(&picture, &mut rng(seed, dice as u64)).into_iter().next()?;
    photo::decode(&of.path, of.sha256.clone(), &shot.jpeg, limits).ok()
}

/// Whether the findings hold the sheet back and name what was changed, and whether a number is another than the
/// sound sheet's.
fn outcome(
    evidence: &Evidence,
    decision: &Decision,
    touched: &[FieldIx],
    sound: &Record,
) -> (Outcome, Vec<String>) {
    let (qr, status) = (matches!(evidence.qr, QrOutcome::Read(_)), decision.status);
    let findings: &[Finding] = &decision.findings;
    let form: &Form = &evidence.form;
    let of_touched = |id: &str| touched.iter().any(|&ix| form.fields[ix].id == id);
    // A relation that an altered number takes part in is named by the other side's total.
    let related = |id: &str| {
        form.relations.iter().any(|r| {
            let all = || r.left.iter().chain(&r.right);
            all().any(|&ix| form.fields[ix].id == id) && all().any(|ix| touched.contains(ix))
        })
    };
    let names = |f: &&Finding| match (f.code, f.field.as_deref()) {
        (Code::RelationBroken | Code::RegisteredExceeded, Some(id)) => of_touched(id) || related(id),
        (Code::RelationBroken | Code::RegisteredExceeded, None) => true,
        (Code::FieldsAbsent, _) => touched.iter().any(|&ix| f.names(&form.fields[ix].label)),
        (_, Some(id)) => of_touched(id),
        (_, None) => false,
    };
    let asked = findings.iter().filter(|f| f.severity > Severity::Info);
    let named = asked.clone().any(|f| names(&f));
    let said = asked.map(|f| format!("{}: {}", f.code, f.message)).collect();
    let results = form.fields.iter().zip(&decision.fields).filter(|(f, _)| f.role == Role::Result);
    let mut results = results.map(|(f, d)| d.value == sound.value(&f.id).and_then(|v| v.value));
    let wrong = !results.all(|right| right);
    (Outcome { qr, status, named, wrong }, said)
}

/// The mesh of a record.
fn mesh(registration: &Registration, form: &Form) -> Mesh {
    let rungs = registration.mesh.iter();
    let rungs = rungs.map(|r| Rung { y: r.y, points: r.points.map(|[x, y]| Point::new(x, y)) });
    Mesh { width: form.frame.0, rungs: rungs.collect() }
}

/// The number that the sound picture shows; `None` too where its cells are not in the picture.
fn number(record: &Record, form: &Form, ix: FieldIx) -> Option<u32> {
    let field = &form.fields[ix];
    let value = record.value(&field.id)?;
    let missing = field.digits.is_some() && value.prints.digits.is_none()
        || field.words.is_some() && value.prints.words.is_none();
    value.value.filter(|_| !missing)
}

/// The field that is altered and the one that it is pasted from: of one kind, of equal cells, with
/// different numbers. Half of the altered votes are numbers of two digits or more, if there are such.
fn choose(
    form: &Form,
    record: &Record,
    alteration: Alteration,
    rng: &mut SynthRng,
) -> Option<(FieldIx, FieldIx)> {
    let total = match alteration {
        Alteration::Total => true,
        Alteration::Digits | Alteration::Words => rng.random_bool(0.3),
        _ => false,
    };
    let kind = |field: &Field| match field.kind {
        FieldKind::Vote { .. } | FieldKind::Value { .. } => !total,
        FieldKind::Total => total,
        FieldKind::Header => false,
    };
    let all: Vec<FieldIx> = (0..form.fields.len())
        .filter(|&ix| kind(&form.fields[ix]) && number(record, form, ix).is_some())
        .collect();
    let large: Vec<FieldIx> =
        all.iter().copied().filter(|&ix| number(record, form, ix) >= Some(10)).collect();
    let from = if large.is_empty() || rng.random_bool(0.5) { &all } else { &large };
    for _ in 0..100 {
        let a = *from.get(rng.random_range(0..from.len().max(1)))?;
        let b = all[rng.random_range(0..all.len())];
        let (x, y) = (&form.fields[a], &form.fields[b]);
        let alike = |x: &Option<Slot>, y: &Option<Slot>| match (x, y) {
            (Some(x), Some(y)) => {
                x.x == y.x && x.align == y.align && x.width == y.width && x.lines == y.lines
            }
            _ => false,
        };
        if alike(&x.digits, &y.digits)
            && alike(&x.words, &y.words)
            && number(record, form, a) != number(record, form, b)
        {
            return Some((a, b));
        }
    }
    None
}

#[cfg(test)]
mod tests;
