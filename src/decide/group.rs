//! Several photos of one sheet: copies and pieces, joined cell by cell.
//!
//! In: the evidence of each photo of a run. Out: [`Group`]s in the order of their first photo: a photo
//! alone, photos joined into one evidence (to be decided like any other), or photos that contradict
//! each other, with a finding for each of them. Refuses to average: one cell that two photos show
//! differently with confidence, and nothing of the group is joined.
//!
//! Photos belong together by form and code, the QR code's or the header's where it was read with
//! confidence. A piece without either (the middle of a strip) is held against the photos near it in
//! its folder: it is taken to the one sheet, or the other pieces, with which it shares numbers and
//! contradicts none. Pieces that are left over are tried, a run of neighbours at a time, with the
//! incomplete sheet beside them, and stay there only if every number is then there and every binding
//! relation holds. What fits two sheets is left alone.

mod find;

pub use find::{NEAR, folder};

use super::Policy;
use super::channels::{Reliance, cell_weights, qr_value, trust};
use super::codes::sheet_code;
use super::prints::Print;
use super::strings;
use super::weights::Weights;
use crate::form::{FieldIx, Form};
use crate::ground::finding::{Finding, Severity, Shown, What};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use crate::read::glyphs::FieldEvidence;
use crate::read::glyphs::{CellReading, Channel, Distribution, Reading};

/// A photo's cell counts against another photo's with this much on listed values.
const WITNESS: f64 = 0.8;

/// A photo and what was measured on it.
#[derive(Debug, Clone, Copy)]
pub struct PhotoEvidence<'e> {
    /// Its path, for messages and for the folder.
    pub source: &'e str,
    /// Its place in the run: photos of one sheet lie near each other.
    pub position: usize,
    /// What was measured.
    pub evidence: &'e Evidence,
}

/// Photos that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Indices into the photos, ascending.
    pub members: Vec<usize>,
    /// What came of them.
    pub outcome: Joined,
}

/// What came of a group of photos.
#[derive(Debug, Clone)]
// One a sheet of several photos, and gone with it.
#[allow(clippy::large_enum_variant)]
pub enum Joined {
    /// One photo: its own decision stands.
    Alone,
    /// All cells of all members. The first member's record takes the decision on it, with the first
    /// finding; the others' records point there, with the second.
    Together {
        /// To be decided.
        evidence: Box<Evidence>,
        /// For the record that names its sources.
        sources: Finding,
        /// For the records whose photos went into it.
        part: Finding,
    },
    /// The members contradict each other: one list of findings a member, in their order. Their own
    /// decisions stand, held back by them ([`super::hold_back`]).
    Conflict(Vec<Vec<Finding>>),
}

/// Groups the photos of a run and joins what belongs together.
pub fn group(photos: &[PhotoEvidence<'_>], policy: &Policy) -> Vec<Group> {
    let mut groups = find::groups(photos, policy);
    for g in &mut groups {
        g.sort_unstable();
    }
    groups.sort_by_key(|g| g[0]);
    groups.into_iter().map(|members| Group { outcome: outcome(photos, &members), members }).collect()
}

/// What comes of photos that show one page, whose forms have the same numbers.
pub fn outcome(photos: &[PhotoEvidence<'_>], members: &[usize]) -> Joined {
    if members.len() == 1 {
        return Joined::Alone;
    }
    let conflicts: Vec<Vec<Finding>> = members
        .iter()
        .map(|&a| {
            members.iter().filter(|&&b| b != a).flat_map(|&b| conflicts(&photos[a], &photos[b])).collect()
        })
        .collect();
    if conflicts.iter().any(|c| !c.is_empty()) {
        return Joined::Conflict(conflicts);
    }
    let evidence = join(&members.iter().map(|&ix| photos[ix].evidence).collect::<Vec<_>>());
    let names: Vec<&str> = members.iter().map(|&ix| photos[ix].source).collect();
    let part = Finding::new(Severity::Info, What::PartOfSheet { file: names[0].to_owned() });
    let (count, names) = (names.len(), names.into_iter().map(str::to_owned).collect());
    let sources = Finding::new(Severity::Info, What::JoinedPhotos { count, names });
    Joined::Together { evidence: Box::new(evidence), sources, part }
}

/// What photo `a` shows otherwise than photo `b`.
fn conflicts(a: &PhotoEvidence<'_>, b: &PhotoEvidence<'_>) -> Vec<Finding> {
    let form: &Form = &a.evidence.form;
    let mut out = Vec::new();
    for (ix, field) in form.fields.iter().enumerate() {
        for channel in [Channel::Digits, Channel::Words, Channel::Qr] {
            let (Some(here), Some(there)) =
                (weights(a.evidence, ix, channel), weights(b.evidence, ix, channel))
            else {
                continue;
            };
            // A poor photo is no witness against a good one.
            if here.listed().min(there.listed()) >= WITNESS && differ(a.evidence, b.evidence, ix, channel) {
                let print = match channel {
                    Channel::Digits => Shown::Digits,
                    Channel::Words => Shown::Words,
                    Channel::Qr => Shown::Qr,
                };
                let value = |w: &Weights| w.best().map(|v| v.0);
                let (label, file) = (field.label.clone(), b.source.to_owned());
                let (here, there) = (value(&here), value(&there));
                let what = What::PhotosDisagree { label, print, here, there, file };
                out.push(Finding::new(Severity::Review, what).on(&field.id));
            }
        }
    }
    out
}

/// Whether two photos show a number differently: neither is a mere misreading of what the other shows.
fn differ(a: &Evidence, b: &Evidence, ix: FieldIx, channel: Channel) -> bool {
    let print = |e: &Evidence| Some(Print::of(&cell(e, ix, channel)?, channel, e, ix));
    let (Some(here), Some(there)) = (print(a), print(b)) else { return qr_value(a, ix) != qr_value(b, ix) };
    match (here.shows(), there.shows()) {
        (Some(x), Some(y)) => here.disagrees(y) && there.disagrees(x),
        _ => false,
    }
}

fn cell(evidence: &Evidence, ix: FieldIx, channel: Channel) -> Option<CellReading> {
    match channel {
        Channel::Digits => evidence.fields[ix].digits.clone(),
        Channel::Words => evidence.fields[ix].words.clone(),
        Channel::Qr => None,
    }
}

fn weights(evidence: &Evidence, ix: FieldIx, channel: Channel) -> Option<Weights> {
    let modulus = evidence.form.max_value() + 1;
    match channel {
        Channel::Qr => qr_value(evidence, ix).map(|v| Weights::at(v, 0.0, modulus)),
        _ => cell(evidence, ix, channel).map(|c| cell_weights(&c, modulus, Reliance::of(evidence))),
    }
}

/// Joins the evidence of photos of one sheet, cell by cell. Each reading is first made as vague as its
/// photo's pixels ask for, so that a poor photo does not spoil a good one.
///
/// The list must not be empty; of each text the surest is kept.
pub fn join(photos: &[&Evidence]) -> Evidence {
    let mut out = photos[0].clone();
    for photo in photos {
        for (id, text) in &photo.texts {
            let p = |e: &Evidence| strings::told(e, id).map_or(0.0, |t| t.1);
            if p(photo) > p(&out) {
                out.texts.insert(id.clone(), text.clone());
            }
        }
    }
    out.rows_mistaken = photos.iter().map(|p| p.rows_mistaken).max().unwrap_or(0);
    // Light on a number is told where no photo shows the number without it.
    let shows = |p: &Evidence, ix: usize| p.fields[ix].digits.is_some() || p.fields[ix].words.is_some();
    out.glare = photos.iter().flat_map(|p| p.glare.iter().copied()).collect();
    out.glare.sort_unstable();
    out.glare.dedup();
    out.glare.retain(|&ix| photos.iter().all(|p| p.glare.contains(&ix) || !shows(p, ix)));
    out.streaks = photos.iter().map(|p| p.streaks).max().unwrap_or(0);
    let rank = |qr: &QrOutcome| match qr {
        QrOutcome::Read(_) => 3,
        QrOutcome::Foreign(_) => 2,
        QrOutcome::NotFound => 1,
        QrOutcome::NotLooked => 0,
    };
    for photo in photos {
        if rank(&photo.qr) > rank(&out.qr) {
            out.qr = photo.qr.clone();
        }
    }
    let shares = |ix: FieldIx| photos.iter().filter_map(|p| p.shares.get(&ix).cloned()).collect::<Vec<_>>();
    out.shares = (0..out.fields.len()).filter_map(|ix| Some((ix, joined(shares(ix))?))).collect();
    for (ix, field) in out.fields.iter_mut().enumerate() {
        let cells = |channel| photos.iter().filter_map(|p| cell(p, ix, channel)).collect::<Vec<_>>();
        *field =
            FieldEvidence { digits: joined(cells(Channel::Digits)), words: joined(cells(Channel::Words)) };
    }
    out
}

/// One cell on several photos. One reader then speaks more than once: its floor counts each time, the
/// cell's floor, which stands for the print itself, once.
fn joined(cells: Vec<CellReading>) -> Option<CellReading> {
    if cells.len() < 2 {
        return cells.into_iter().next();
    }
    let better = |a: &CellReading, b: &CellReading| trust(&b.quality) > trust(&a.quality);
    let best = cells.iter().reduce(|a, b| if better(a, b) { b } else { a })?;
    let (quality, covered) = (best.quality, best.covered.clone());
    let readings = cells
        .iter()
        .flat_map(|cell| {
            let share = trust(&cell.quality);
            cell.readings.iter().map(move |r| {
                let d = &r.distribution;
                let values = d.values.iter().map(|&(v, p)| (v, p * share)).collect();
                let distribution =
                    Distribution::from_weights(values, d.blank * share, d.other * share + 1.0 - share);
                Reading { reader: r.reader, distribution }
            })
        })
        .collect();
    Some(CellReading { readings, quality, covered })
}

#[cfg(test)]
mod tests;
