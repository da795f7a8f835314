//! Several photos of one sheet: copies and pieces, joined cell by cell.
//!
//! In: the evidence of each photo of a run. Out: [`Group`]s in the order of their first photo: a photo
//! alone, photos joined into one evidence (to be decided like any other), or photos that contradict
//! each other, with a finding for each of them. Refuses to average: one cell that two photos show
//! differently with confidence, and nothing of the group is joined.
//!
//! Photos belong together by form and acta code, the QR code's or the header's where it was read with
//! confidence. A piece without either (the middle of a strip) is taken to the one group, or the one
//! other piece, of its folder with which it shares numbers; where it shares none, all such pieces of
//! a folder are tried with the one incomplete group of that folder, and stay there only if every
//! number is then there and every binding relation holds.

use super::channels::{QrTrust, Reliance, cell_weights, contradict, trust};
use super::laws::{HEADER_SURE, hold_back, qr_standing};
use super::weights::Weights;
use super::{Decision, Evidence, FieldEvidence, Policy, Registered, decide};
use crate::finding::{Finding, Severity};
use crate::form::{FieldIx, Force};
use crate::qr::QrOutcome;
use crate::reader::{CellReading, Channel, Distribution, Reading};

/// A number of this size or more says which sheet it is of; smaller ones are on every sheet. 38 rows
/// of real sheets: 35 have one digit.
const TELLING: u32 = 10;

/// A photo's cell counts against another photo's with this much on listed values.
const WITNESS: f64 = 0.8;

/// How many such numbers two pieces have to share.
const SHARED: usize = 2;

/// A photo and what was measured on it.
#[derive(Debug, Clone, Copy)]
pub struct PhotoEvidence<'e, 'f> {
    /// Its path, for messages and for the folder.
    pub source: &'e str,
    /// What was measured.
    pub evidence: &'e Evidence<'f>,
}

/// Photos that belong together.
#[derive(Debug, Clone)]
pub struct Group<'f> {
    /// Indices into the photos, ascending.
    pub members: Vec<usize>,
    /// What came of them.
    pub outcome: Joined<'f>,
}

/// What came of a group of photos.
#[derive(Debug, Clone)]
pub enum Joined<'f> {
    /// One photo: its own decision stands.
    Alone,
    /// All cells of all members. The first member's record takes the decision on it, with the first
    /// finding; the others' records point there, with the second.
    Together {
        /// To be decided.
        evidence: Box<Evidence<'f>>,
        /// For the record that names its sources.
        sources: Finding,
        /// For the records whose photos went into it.
        part: Finding,
    },
    /// The members contradict each other: one list of findings a member, in their order. Their own
    /// decisions stand, held back by [`hold`].
    Conflict(Vec<Vec<Finding>>),
}

/// Adds findings to a decision; one that asks for a person takes an acceptance back.
pub fn hold(decision: &mut Decision, findings: Vec<Finding>) {
    decision.findings.extend(findings);
    hold_back(decision);
}

/// The code of the sheet: the QR code's, if it belongs to the sheet, or the header's, if it was read
/// with confidence.
pub fn sheet_code(evidence: &Evidence<'_>) -> Option<String> {
    let printed = || evidence.printed_code.as_ref().filter(|c| c.1 >= HEADER_SURE).map(|c| c.0.clone());
    match &evidence.qr {
        QrOutcome::Read(payload)
            if qr_standing(evidence, Reliance::of(evidence)).trust == QrTrust::Belongs =>
        {
            Some(payload.code.clone())
        }
        _ => printed(),
    }
}

/// Groups the photos of a run and joins what belongs together.
pub fn group<'f>(photos: &[PhotoEvidence<'_, 'f>], policy: &Policy) -> Vec<Group<'f>> {
    let codes: Vec<Option<String>> = photos.iter().map(|p| sheet_code(p.evidence)).collect();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut keys: std::collections::BTreeMap<(&str, &str), usize> = std::collections::BTreeMap::new();
    let mut pieces: Vec<usize> = Vec::new();
    for (ix, photo) in photos.iter().enumerate() {
        match &codes[ix] {
            Some(code) => {
                let place = *keys.entry((&photo.evidence.form.id, code)).or_insert(groups.len());
                if place == groups.len() { groups.push(vec![ix]) } else { groups[place].push(ix) }
            }
            None => pieces.push(ix),
        }
    }
    let pieces = take_by_shared_numbers(photos, &mut groups, pieces);
    take_by_completeness(photos, &mut groups, &pieces, policy);
    let taken: Vec<bool> = (0..photos.len()).map(|ix| groups.iter().any(|g| g.contains(&ix))).collect();
    groups.extend(pieces.into_iter().filter(|&ix| !taken[ix]).map(|ix| vec![ix]));
    for g in &mut groups {
        g.sort_unstable();
    }
    groups.sort_by_key(|g| g[0]);
    groups.into_iter().map(|members| Group { outcome: outcome(photos, &members), members }).collect()
}

fn outcome<'f>(photos: &[PhotoEvidence<'_, 'f>], members: &[usize]) -> Joined<'f> {
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
    let sources = Finding::new(
        "joined_photos",
        Severity::Info,
        format!("read from {} photos: {}", names.len(), names.join(", ")),
        "",
    );
    let part = Finding::new("part_of_sheet", Severity::Info, format!("read together with {}", names[0]), "");
    Joined::Together { evidence: Box::new(evidence), sources, part }
}

/// What photo `a` shows otherwise than photo `b`.
fn conflicts(a: &PhotoEvidence<'_, '_>, b: &PhotoEvidence<'_, '_>) -> Vec<Finding> {
    let form = a.evidence.form;
    let hint = "two photos of one sheet code differ; compare both with the paper";
    let mut out = Vec::new();
    for (ix, field) in form.fields.iter().enumerate() {
        for channel in [Channel::Digits, Channel::Words, Channel::Qr] {
            let (Some(here), Some(there)) =
                (weights(a.evidence, ix, channel), weights(b.evidence, ix, channel))
            else {
                continue;
            };
            // A poor photo is no witness against a good one.
            if here.listed().min(there.listed()) >= WITNESS && contradict(&here, &there) {
                let name = match channel {
                    Channel::Digits => "digits",
                    Channel::Words => "words",
                    Channel::Qr => "QR",
                };
                let value = |w: &Weights| w.best().map_or_else(String::new, |v| v.0.to_string());
                let message = format!(
                    "{}: {name} {} here, {name} {} on {}",
                    field.label,
                    value(&here),
                    value(&there),
                    b.source
                );
                out.push(Finding::new("photos_disagree", Severity::Review, message, hint).on(&field.id));
            }
        }
    }
    out
}

fn cell(evidence: &Evidence<'_>, ix: FieldIx, channel: Channel) -> Option<CellReading> {
    match channel {
        Channel::Digits => evidence.fields[ix].digits.clone(),
        Channel::Words => evidence.fields[ix].words.clone(),
        Channel::Qr => None,
    }
}

fn weights(evidence: &Evidence<'_>, ix: FieldIx, channel: Channel) -> Option<Weights> {
    let modulus = evidence.form.max_value() + 1;
    match (channel, &evidence.qr) {
        (Channel::Qr, QrOutcome::Read(payload)) => {
            payload.values.get(ix).copied().flatten().map(|v| Weights::at(v, 0.0, modulus))
        }
        (Channel::Qr, _) => None,
        _ => cell(evidence, ix, channel).map(|c| cell_weights(&c, modulus, Reliance::of(evidence))),
    }
}

/// Joins the evidence of photos of one sheet, cell by cell. Each reading is first made as vague as its
/// photo's pixels ask for, so that a poor photo does not spoil a good one.
///
/// The list must not be empty; of the code, the date and the registry the surest is kept.
pub fn join<'f>(photos: &[&Evidence<'f>]) -> Evidence<'f> {
    let mut out = photos[0].clone();
    let surest = |all: &mut dyn Iterator<Item = (String, f64)>| {
        all.fold(
            None,
            |best: Option<(String, f64)>, x| {
                if best.as_ref().is_some_and(|b| b.1 >= x.1) { best } else { Some(x) }
            },
        )
    };
    out.printed_code = surest(&mut photos.iter().filter_map(|p| p.printed_code.clone()));
    out.issued = surest(&mut photos.iter().filter_map(|p| p.issued.clone()));
    out.registered = Registered::NotAsked;
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
    let best = cells.iter().map(|c| c.quality).reduce(|a, b| if trust(&b) > trust(&a) { b } else { a })?;
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
    Some(CellReading { readings, quality: best })
}

fn folder(source: &str) -> &str {
    source.rfind(['/', '\\']).map_or("", |cut| &source[..cut])
}

/// How many telling numbers two photos share; `None` where they contradict each other.
fn shared(a: &PhotoEvidence<'_, '_>, b: &PhotoEvidence<'_, '_>) -> Option<usize> {
    if a.evidence.form.id != b.evidence.form.id || folder(a.source) != folder(b.source) {
        return None;
    }
    if !conflicts(a, b).is_empty() {
        return None;
    }
    let sure = |e: &Evidence<'_>, ix| {
        [Channel::Digits, Channel::Words, Channel::Qr]
            .into_iter()
            .filter_map(|c| weights(e, ix, c)?.best())
            .find(|&(v, p)| v >= TELLING && p > 0.9)
            .map(|b| b.0)
    };
    let same = |ix| sure(a.evidence, ix).is_some() && sure(a.evidence, ix) == sure(b.evidence, ix);
    Some((0..a.evidence.form.fields.len()).filter(|&ix| same(ix)).count())
}

/// Takes pieces to the one group with which they share numbers, again and again, since each piece that
/// was taken brings numbers of its own; what is left over.
fn take_by_shared_numbers(
    photos: &[PhotoEvidence<'_, '_>],
    groups: &mut Vec<Vec<usize>>,
    mut pieces: Vec<usize>,
) -> Vec<usize> {
    // Pieces may also hang together among themselves: each starts as a group of its own.
    let named = groups.len();
    groups.extend(pieces.drain(..).map(|ix| vec![ix]));
    loop {
        let fits = |a: &[usize], b: &[usize]| {
            let all = a.iter().flat_map(|&x| b.iter().map(move |&y| shared(&photos[x], &photos[y])));
            let all: Option<Vec<usize>> =
                all.filter(|s| s.is_none_or(|n| n > 0)).collect::<Option<Vec<usize>>>();
            all.is_some_and(|s| s.iter().any(|&n| n >= SHARED))
        };
        let mut join = None;
        for piece in named..groups.len() {
            let with: Vec<usize> =
                (0..groups.len()).filter(|&g| g != piece && fits(&groups[piece], &groups[g])).collect();
            // A complete sheet besides its pieces is no contradiction; two different codes are.
            let codes = with.iter().filter(|&&g| g < named).count();
            if let (Some(&to), true) = (with.first(), codes <= 1) {
                join = Some((piece, to));
                break;
            }
        }
        let Some((from, to)) = join else { break };
        let members = std::mem::take(&mut groups[from]);
        groups[to].extend(members);
        groups.remove(from);
    }
    let rest = groups.split_off(named);
    for g in rest {
        if g.len() == 1 { pieces.extend(g) } else { groups.push(g) }
    }
    pieces
}

/// Takes the pieces of a folder, together, to the one incomplete group of that folder, if the sheet is
/// then complete and its binding relations hold.
fn take_by_completeness(
    photos: &[PhotoEvidence<'_, '_>],
    groups: &mut [Vec<usize>],
    pieces: &[usize],
    policy: &Policy,
) {
    let key = |ix: usize| (folder(photos[ix].source), photos[ix].evidence.form.id.as_str());
    let mut keys: Vec<_> = pieces.iter().map(|&ix| key(ix)).collect();
    keys.sort_unstable();
    keys.dedup();
    let printed =
        |members: &[usize]| join(&members.iter().map(|&ix| photos[ix].evidence).collect::<Vec<_>>());
    let complete = |e: &Evidence<'_>| {
        let decision = decide(e, policy);
        let binding =
            e.form.relations.iter().zip(&decision.checks).filter(|(r, _)| r.force == Force::Binding);
        let all_there = e.fields.iter().zip(&e.form.fields).all(|(f, field)| {
            (f.digits.is_some() || field.digits.is_none()) && (f.words.is_some() || field.words.is_none())
        });
        all_there && decision.fields.iter().all(|f| f.value.is_some()) && { binding }
            .all(|(_, c)| c.holds == Some(true))
    };
    for k in keys {
        let open: Vec<usize> = (0..groups.len())
            .filter(|&g| groups[g].iter().any(|&ix| key(ix) == k) && !complete(&printed(&groups[g])))
            .collect();
        let &[only] = open.as_slice() else { continue };
        let mut members = groups[only].clone();
        members.extend(pieces.iter().copied().filter(|&ix| key(ix) == k));
        let quiet = members
            .iter()
            .all(|&a| members.iter().all(|&b| a == b || conflicts(&photos[a], &photos[b]).is_empty()));
        if quiet && complete(&printed(&members)) {
            groups[only] = members;
        }
    }
}

#[cfg(test)]
mod tests;
