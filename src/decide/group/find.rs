//! Which photos of a run show one sheet.
//!
//! In: the photos' evidence. Out: indices that belong together. Refuses to guess: a piece without a
//! code that fits two sheets, or none, stays alone.

use super::{PhotoEvidence, conflicts, join, sheet_code, weights};
use crate::decide::{Policy, decide};
use crate::form::{Force, Form};
use crate::read::evidence::Evidence;
use crate::read::glyphs::Channel;
use std::collections::{BTreeMap, BTreeSet};

/// Photos of one sheet are taken one after the other: pieces are held against photos up to this many
/// places away in the run. Who takes a strip in more pieces than that overlaps them.
pub const NEAR: usize = 6;

/// How much agreement, in bits, makes two pieces one sheet: two numbers of two digits.
const AGREEMENT: f64 = 13.0;

/// What it says, in bits, that two rows show the same value: minus the logarithm of how often two rows
/// of different sheets do. 38 rows of real sheets: most are 0 to 2, 35 have one digit; rounded down.
fn telling(value: u32) -> f64 {
    match value {
        0 => 0.5,
        1 => 1.0,
        2 => 2.0,
        3..=9 => 3.0,
        _ => 6.6,
    }
}

/// Groups of photos, which are in the run's order; the groups are not.
pub(super) fn groups(photos: &[PhotoEvidence<'_>], policy: &Policy) -> Vec<Vec<usize>> {
    let mut found = Finder::new(photos, policy);
    found.by_shared_numbers();
    found.by_completeness();
    found.groups.into_values().collect()
}

struct Finder<'a, 'e> {
    photos: &'a [PhotoEvidence<'e>],
    policy: &'a Policy,
    /// By the index under which they began.
    groups: BTreeMap<usize, Vec<usize>>,
    /// The group of each photo.
    group_of: Vec<usize>,
    /// Groups with a code.
    named: BTreeSet<usize>,
    /// Agreement of pairs that were looked at; `None` where they contradict each other.
    known: BTreeMap<(usize, usize), Option<f64>>,
}

impl<'a, 'e> Finder<'a, 'e> {
    /// By code; a photo without one begins alone.
    fn new(photos: &'a [PhotoEvidence<'e>], policy: &'a Policy) -> Self {
        let mut found = Self {
            photos,
            policy,
            groups: BTreeMap::new(),
            group_of: Vec::new(),
            named: BTreeSet::new(),
            known: BTreeMap::new(),
        };
        let mut codes: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for (ix, photo) in photos.iter().enumerate() {
            let form: &Form = &photo.evidence.form;
            let code = sheet_code(photo.evidence);
            // A form without a code line has no pieces: nothing would say where one sheet ends.
            let named = code.is_some() || form.header_line("code").is_none();
            let to = code.map_or(ix, |code| *codes.entry((&form.id, code)).or_insert(ix));
            if named {
                found.named.insert(to);
            }
            found.groups.entry(to).or_default().push(ix);
            found.group_of.push(to);
        }
        found
    }

    /// Whether two photos can be of one sheet by where they lie.
    fn near(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.photos[a], &self.photos[b]);
        a.evidence.form.id == b.evidence.form.id
            && folder(a.source) == folder(b.source)
            && a.position.abs_diff(b.position) <= NEAR
    }

    /// The photos up to `far` places from `ix`, itself among them, of its form and folder. Photos are in
    /// the run's order.
    fn around(&self, ix: usize, far: usize) -> impl Iterator<Item = usize> + '_ {
        let at = self.photos[ix].position;
        let from = self.photos.partition_point(|p| p.position + far < at);
        let to = self.photos.partition_point(|p| p.position <= at + far);
        (from..to).filter(move |&other| self.near(ix, other))
    }

    /// Agreement of two photos in bits; `None` where they contradict each other.
    fn agreement(&mut self, a: usize, b: usize) -> Option<f64> {
        let photos = self.photos;
        *self.known.entry((a.min(b), a.max(b))).or_insert_with(|| agreement(&photos[a], &photos[b]))
    }

    /// Whether two groups are one sheet by the numbers that both show.
    fn fits(&mut self, a: usize, b: usize) -> bool {
        let (left, right) = (self.groups[&a].clone(), self.groups[&b].clone());
        let mut most = 0.0f64;
        for &x in &left {
            for &y in &right {
                match self.agreement(x, y) {
                    Some(bits) if self.near(x, y) => most = most.max(bits),
                    Some(_) => {}
                    None => return false,
                }
            }
        }
        most >= AGREEMENT
    }

    fn merge(&mut self, from: usize, to: usize) {
        let members = self.groups.remove(&from).unwrap_or_default();
        for &ix in &members {
            self.group_of[ix] = to;
        }
        self.groups.entry(to).or_default().extend(members);
    }

    /// Pieces, and groups of them, in the photos' order.
    fn pieces(&self) -> Vec<usize> {
        self.groups.keys().copied().filter(|g| !self.named.contains(g)).collect()
    }

    /// Takes pieces to the one group with which they share numbers, again and again, since each piece
    /// that was taken brings numbers of its own.
    fn by_shared_numbers(&mut self) {
        loop {
            let mut taken = false;
            for piece in self.pieces() {
                let Some(members) = self.groups.get(&piece).cloned() else { continue };
                let around: BTreeSet<usize> = members
                    .iter()
                    .flat_map(|&m| self.around(m, NEAR))
                    .map(|ix| self.group_of[ix])
                    .filter(|&g| g != piece)
                    .collect();
                let with: Vec<usize> = around.into_iter().filter(|&g| self.fits(piece, g)).collect();
                let codes: Vec<usize> = with.iter().copied().filter(|g| self.named.contains(g)).collect();
                // One sheet, or other pieces; two sheets are one too many.
                match (codes.as_slice(), with.first()) {
                    (&[to], _) | (&[], Some(&to)) => {
                        self.merge(piece, to);
                        taken = true;
                    }
                    _ => {}
                }
            }
            if !taken {
                return;
            }
        }
    }

    /// Takes a run of pieces, together, to the sheet before or after it, if that one is incomplete
    /// alone and complete with them, every binding relation holding; if both are, to neither.
    fn by_completeness(&mut self) {
        let open: Vec<usize> =
            (0..self.photos.len()).filter(|&ix| !self.named.contains(&self.group_of[ix])).collect();
        let mut runs: Vec<Vec<usize>> = Vec::new();
        for ix in open {
            match runs.last_mut() {
                Some(run) if run.iter().any(|&last| self.around(last, 1).any(|next| next == ix)) => {
                    run.push(ix)
                }
                _ => runs.push(vec![ix]),
            }
        }
        for run in runs {
            let parts: BTreeSet<usize> = run.iter().map(|&ix| self.group_of[ix]).collect();
            if parts.iter().any(|g| self.named.contains(g)) {
                continue; // An earlier run's sheet took one of them.
            }
            let pieces: Vec<usize> = parts.iter().flat_map(|g| self.groups[g].iter().copied()).collect();
            let sides: BTreeSet<usize> = run
                .iter()
                .flat_map(|&ix| self.around(ix, 1))
                .map(|ix| self.group_of[ix])
                .filter(|g| self.named.contains(g) && !self.complete(&self.groups[g]))
                .collect();
            let fitting: Vec<usize> = sides
                .into_iter()
                .filter(|g| {
                    let all: Vec<usize> = self.groups[g].iter().chain(&pieces).copied().collect();
                    self.quiet(&all) && self.complete(&all)
                })
                .collect();
            if let &[to] = fitting.as_slice() {
                for part in parts {
                    self.merge(part, to);
                }
            }
        }
    }

    /// Whether no two of these photos contradict each other.
    fn quiet(&self, members: &[usize]) -> bool {
        members.iter().enumerate().all(|(i, &a)| {
            members[..i].iter().all(|&b| conflicts(&self.photos[a], &self.photos[b]).is_empty())
        })
    }

    /// Whether these photos show every number in every printed way, and the binding relations hold.
    fn complete(&self, members: &[usize]) -> bool {
        let evidence: Vec<&Evidence> = members.iter().map(|&ix| self.photos[ix].evidence).collect();
        let e = join(&evidence);
        let all_there = e.fields.iter().zip(&e.form.fields).all(|(f, field)| {
            (f.digits.is_some() || field.digits.is_none()) && (f.words.is_some() || field.words.is_none())
        });
        if !all_there {
            return false;
        }
        let decision = decide(&e, self.policy);
        let mut binding =
            e.form.relations.iter().zip(&decision.checks).filter(|(r, _)| r.force == Force::Binding);
        decision.fields.iter().all(|f| f.value.is_some()) && binding.all(|(_, c)| c.holds == Some(true))
    }
}

/// The folder of a path.
pub fn folder(source: &str) -> &str {
    source.rfind(['/', '\\']).map_or("", |cut| &source[..cut])
}

/// Agreement of the numbers that both photos show, in bits; `None` where they contradict each other.
fn agreement(a: &PhotoEvidence<'_>, b: &PhotoEvidence<'_>) -> Option<f64> {
    if a.evidence.form.id != b.evidence.form.id || !conflicts(a, b).is_empty() {
        return None;
    }
    let sure = |e: &Evidence, ix| {
        [Channel::Digits, Channel::Words, Channel::Qr]
            .into_iter()
            .filter_map(|c| weights(e, ix, c)?.best())
            .find(|&(_, p)| p > 0.9)
            .map(|b| b.0)
    };
    let same = |ix| sure(a.evidence, ix).filter(|&v| sure(b.evidence, ix) == Some(v));
    Some((0..a.evidence.form.fields.len()).filter_map(same).map(telling).sum())
}
