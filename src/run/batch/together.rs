//! Photos of one sheet put together, once all photos of a run are digitized.
//!
//! In: a small key of each sheet ([`Sheets`]); its record and evidence when they are asked for. Out: the records that
//! change: where several photos show one sheet, the first one's record is the sheet's, the others' are parts of it;
//! where they contradict each other, each says so. Which photos might be of one sheet is told by the keys alone: those
//! of one code, and a piece without a code with its neighbours; only those are looked at, one such cluster at a time.
//! Refuses nothing.

use super::guard::{self, caught};
use super::{BatchError, Page};
use crate::decide::codes::sheet_code;
use crate::decide::group::{self, Joined, PhotoEvidence};
use crate::decide::{Policy, Status};
use crate::ground::finding::{Code, Severity};
use crate::picture::{self, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo::page_name;
use crate::record::{self, Record};
use crate::run::pipeline::Digitizer;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What stays in memory of a sheet.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    /// Index of its file.
    pub(super) file: usize,
    /// Place of its page's line on the disk, and its own among the sheets of the page.
    pub(super) at: u64,
    pub(super) nth: usize,
    /// Which run of pages of one file it is of.
    group: usize,
    page: u32,
    /// Place of its page in the run; two sheets of one page lie at the same place.
    position: usize,
    /// Its code as its record has it.
    code: Option<Box<str>>,
    known: bool,
    /// Whether its page has blocks.
    pub(super) laid_out: bool,
    nameless: bool,
    /// What was measured tells this of it; `None` where nothing was kept.
    measured: Option<Key>,
}

impl Sheet {
    /// The sheets of a page whose line is at this place.
    pub(super) fn of_page(at: u64, pages: &[Page]) -> Vec<Self> {
        pages.iter().enumerate().map(|(nth, page)| Self::of(at, nth, page)).collect()
    }

    /// A sheet of a page; where it stands in the run is not known yet.
    pub(super) fn of(at: u64, nth: usize, page: &Page) -> Self {
        let record = &page.record;
        let key = |e: &Evidence| match sheet_code(e) {
            Some(code) => Key::Code(e.form.id.as_str().into(), code.into()),
            None if e.form.header_line("code").is_none() => Key::Alone,
            None => Key::Piece,
        };
        Self {
            file: 0,
            at,
            nth,
            group: 0,
            page: record.source().page,
            position: 0,
            code: record.sheet.code.as_deref().map(Into::into),
            known: record.form.is_some(),
            laid_out: record.form.as_ref().is_some_and(|f| f.layout.is_some()),
            nameless: record.findings.iter().any(|f| f.code == Code::CodeUnreadable),
            measured: page.evidence.as_ref().map(key),
        }
    }
}

/// By what photos of one sheet are found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// Form and code.
    Code(Box<str>, Box<str>),
    /// A form without a code line has no pieces.
    Alone,
    /// A piece, of the sheet that shows the same numbers.
    Piece,
}

/// The sheets of a run, in their order.
#[derive(Debug, Default)]
pub(super) struct Sheets {
    pub(super) list: Vec<Sheet>,
    /// The last page of each run of pages of one file.
    last: Vec<u32>,
    first: usize,
    next: usize,
}

impl Sheets {
    /// Adds the next sheet, `fresh` if it is the first of its file; its index.
    pub(super) fn add(&mut self, fresh: bool, file: usize, sheet: Sheet) -> usize {
        if fresh || self.last.is_empty() {
            self.first = self.next;
            self.last.push(sheet.page);
        }
        let group = self.last.len() - 1;
        self.last[group] = sheet.page;
        let position = self.first + sheet.page as usize;
        self.next = position + 1;
        self.list.push(Sheet { file, group, position, ..sheet });
        self.list.len() - 1
    }

    /// The name of a sheet's page for messages.
    fn name(&self, ix: usize, record: &Record) -> String {
        let sheet = &self.list[ix];
        page_name(&record.source().path, sheet.page, self.last[sheet.group].saturating_add(1))
    }

    /// Files with a page of an earlier run, without evidence, whose sheet another photo can show too: one of
    /// the same code, or a piece near it.
    pub(super) fn without_evidence(&self) -> Vec<usize> {
        let known = || self.list.iter().filter(|s| s.known);
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for code in known().filter_map(|s| s.code.as_deref()) {
            *codes.entry(code).or_insert(0) += 1;
        }
        let pieces: BTreeSet<usize> = known().filter(|s| s.nameless).map(|s| s.position).collect();
        let near_a_piece = |position: usize| {
            let (from, to) = (position.saturating_sub(group::NEAR), position + group::NEAR);
            pieces.range(from..=to).next().is_some()
        };
        let shared = |s: &Sheet| s.code.as_deref().is_some_and(|c| codes[c] > 1);
        let again = known().filter(|s| s.measured.is_none() && (shared(s) || near_a_piece(s.position)));
        let mut again: Vec<usize> = again.map(|s| s.file).collect();
        again.dedup();
        again
    }

    /// Sheets that might be of one, by their keys: each cluster in the run's order, with two members or more.
    fn clusters(&self) -> Vec<Vec<usize>> {
        let mut of: Vec<usize> = (0..self.list.len()).collect();
        fn root(of: &mut [usize], mut ix: usize) -> usize {
            while of[ix] != ix {
                of[ix] = of[of[ix]];
                ix = of[ix];
            }
            ix
        }
        fn join(of: &mut [usize], a: usize, b: usize) {
            let (a, b) = (root(of, a), root(of, b));
            of[a.max(b)] = a.min(b);
        }
        let measured: Vec<usize> =
            (0..self.list.len()).filter(|&ix| self.list[ix].measured.is_some()).collect();
        let mut codes: BTreeMap<&Key, usize> = BTreeMap::new();
        for (place, &ix) in measured.iter().enumerate() {
            match &self.list[ix].measured {
                Some(key @ Key::Code(..)) => join(&mut of, *codes.entry(key).or_insert(ix), ix),
                Some(Key::Piece) => {
                    let near = |other: &usize| {
                        self.list[*other].position.abs_diff(self.list[ix].position) <= group::NEAR
                    };
                    for &other in measured[..place].iter().rev().take_while(|o| near(o)) {
                        join(&mut of, other, ix);
                    }
                    for &other in measured[place + 1..].iter().take_while(|o| near(o)) {
                        join(&mut of, other, ix);
                    }
                }
                _ => {}
            }
        }
        let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for ix in measured {
            clusters.entry(root(&mut of, ix)).or_default().push(ix);
        }
        clusters.into_values().filter(|c| c.len() > 1).collect()
    }
}

/// What came of photos that show one sheet.
pub(super) struct Together<'p> {
    /// Records that take the places of those that were.
    pub(super) changed: Vec<(usize, Record)>,
    /// The photos of a sheet that was put together, the one that carries its record first.
    pub(super) members: Vec<(usize, &'p Page)>,
}

/// Puts together what belongs together. `fetch` gives a sheet's page, `put` takes what came of each group.
///
/// # Errors
/// What the two fail with.
pub(super) fn join(
    digitizer: &Digitizer,
    sheets: &Sheets,
    mut fetch: impl FnMut(usize) -> Result<Page, BatchError>,
    mut put: impl FnMut(Together<'_>) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    for mut cluster in sheets.clusters() {
        let mut pages: Vec<Page> = cluster.iter().map(|&ix| fetch(ix)).collect::<Result<_, _>>()?;
        // What cannot be read back takes no part.
        let mut there = pages.iter().map(|p| p.evidence.is_some()).collect::<Vec<_>>().into_iter();
        cluster.retain(|_| there.next().unwrap_or_default());
        pages.retain(|p| p.evidence.is_some());
        let names: Vec<String> =
            cluster.iter().zip(&pages).map(|(&ix, p)| sheets.name(ix, &p.record)).collect();
        let mut photos: Vec<PhotoEvidence<'_>> = Vec::new();
        for ((&ix, page), source) in cluster.iter().zip(&pages).zip(&names) {
            if let Some(evidence) = &page.evidence {
                photos.push(PhotoEvidence { source, position: sheets.list[ix].position, evidence });
            }
        }
        for group in group::group(&photos, &Policy::at_most(digitizer.config().max_error)) {
            let members: Vec<(usize, &Page)> =
                group.members.iter().map(|&place| (cluster[place], &pages[place])).collect();
            if let Some(together) = of_group(digitizer, members, group.outcome) {
                put(together)?;
            }
        }
    }
    Ok(())
}

fn of_group<'p>(
    digitizer: &Digitizer,
    members: Vec<(usize, &'p Page)>,
    outcome: Joined,
) -> Option<Together<'p>> {
    let mut changed: Vec<(usize, Record)> = Vec::new();
    match outcome {
        Joined::Alone => return None,
        Joined::Conflict(findings) => {
            for ((ix, page), findings) in members.iter().zip(findings) {
                let mut record = page.record.clone();
                record.hold(findings);
                changed.push((*ix, record));
            }
        }
        Joined::Together { evidence, sources, part } => {
            let shown: Vec<&Evidence> = members.iter().filter_map(|(_, p)| p.evidence.as_ref()).collect();
            match caught(|| digitizer.joined(&shown, &evidence)) {
                Ok(mut whole) => {
                    whole.hold(vec![sources]);
                    for (ix, page) in &members[1..] {
                        let mut record = page.record.clone();
                        record.become_part(whole.source().page_ref(), part.clone());
                        changed.push((*ix, record));
                    }
                    changed.insert(0, (members[0].0, whole));
                    return Some(Together { changed, members });
                }
                Err(problem) => {
                    for (ix, page) in &members {
                        let mut record = page.record.clone();
                        let name = &record.source().path;
                        record.hold(vec![guard::finding(name, Severity::Review, &problem)]);
                        changed.push((*ix, record));
                    }
                }
            }
        }
    }
    Some(Together { changed, members: Vec::new() })
}

/// The pictures of a sheet's doubtful cells, each from the photo that shows it; none of an accepted
/// sheet. The photos are decoded again: few sheets need it.
pub(super) fn pictures(
    digitizer: &Digitizer,
    record: &Record,
    photos: &[(&PathBuf, &Page)],
) -> SheetPictures {
    let form = record.form_of(&digitizer.config().forms);
    let mut out = SheetPictures::default();
    let Some(form) = form.filter(|_| record.status != Status::Accepted) else { return out };
    for (ix, (file, page)) in photos.iter().enumerate() {
        let seen = || {
            let evidence = page.evidence.as_ref()?;
            // The sheet's doubt, seen on this photo.
            let seen = Record { registration: record::registration(evidence), ..record.clone() };
            let photo = digitizer.decoded(&digitizer.open(file), evidence.origin.page).ok()?;
            Some(picture::pictures(&photo.pixels, &seen, &form))
        };
        let Ok(Some(mut pictures)) = caught(seen) else { continue };
        pictures.cells.retain(|cell| record.value(&cell.field).is_some_and(|v| v.source.unwrap_or(0) == ix));
        if ix == 0 {
            out = pictures;
        } else {
            out.cells.extend(pictures.cells);
        }
    }
    out
}
