//! Photos of one sheet put together, once all photos of a run are digitized.
//!
//! In: the pages of all files. Out: the same pages; where several show one sheet, the first one's record
//! is the sheet's, the others' are parts of it; where they contradict each other, each says so. Pages
//! that an earlier run left without evidence are digitized again if another photo can be of their
//! sheet, so that a resumed run ends in the same bytes. Refuses nothing.

use super::guard::{self, caught};
use super::{BatchError, FilePages, Jobs, Page, map};
use crate::decide::group::{self, Joined, PhotoEvidence};
use crate::decide::{Policy, Status};
use crate::ground::finding::{Code, Severity};
use crate::picture::{self, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo::page_name;
use crate::record::{self, Record};
use crate::run::pipeline::{Digitized, Digitizer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A page: the index of its file, and its place among the file's.
type Place = (usize, usize);

/// A sheet that several photos show.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Its pages, the one that carries its record first.
    members: Vec<Place>,
}

impl Sheet {
    /// Its record.
    pub(super) fn record<'r>(&self, results: &'r [Vec<Page>]) -> &'r Record {
        let (file, page) = self.members[0];
        &results[file][page].record
    }
}

/// Digitizes again the files that an earlier run left without evidence, where another photo can be of their sheet.
///
/// # Errors
/// Threads cannot be started.
pub(super) fn measure_again(
    digitizer: &Digitizer,
    files: &[PathBuf],
    results: &mut [Vec<Page>],
    jobs: Jobs,
) -> Result<(), BatchError> {
    let again = without_evidence(results);
    let mut found: BTreeMap<usize, FilePages> = BTreeMap::new();
    let pages = map::Pages { digitizer, files, wanted: |_, _| true, progress: &() };
    let work = |digitized: Vec<Digitized>| digitized.into_iter().map(Page::from).collect::<Vec<_>>();
    map::pages(&again, jobs, &pages, work, |at, pages| {
        found.entry(at.file).or_default().put(&at, pages);
        Ok(())
    })?;
    for (file, pages) in found {
        results[file] = pages.in_order();
    }
    Ok(())
}

/// Puts together what belongs together.
pub(super) fn join(digitizer: &Digitizer, results: &mut [Vec<Page>]) -> Vec<Sheet> {
    let positions = positions(results);
    let places: Vec<Place> = places(results).filter(|&(f, p)| results[f][p].evidence.is_some()).collect();
    let names: Vec<String> = places.iter().map(|&(file, page)| name(&results[file], page)).collect();
    let photos: Vec<PhotoEvidence<'_>> = places
        .iter()
        .zip(&names)
        .filter_map(|(&(file, page), source)| {
            let evidence = results[file][page].evidence.as_ref()?;
            Some(PhotoEvidence { source, position: positions[file][page], evidence })
        })
        .collect();
    let groups = group::group(&photos, &Policy::at_most(digitizer.config().max_error));
    let mut sheets = Vec::new();
    let mut changed: Vec<(Place, Record)> = Vec::new();
    for group in groups {
        let members: Vec<Place> = group.members.iter().map(|&ix| places[ix]).collect();
        let records: Vec<&Record> = members.iter().map(|&(f, p)| &results[f][p].record).collect();
        match group.outcome {
            Joined::Alone => {}
            Joined::Conflict(findings) => {
                for ((place, record), findings) in members.iter().zip(records).zip(findings) {
                    let mut record = record.clone();
                    record.hold(findings);
                    changed.push((*place, record));
                }
            }
            Joined::Together { evidence, sources, part } => {
                let shown: Vec<&Evidence> =
                    members.iter().filter_map(|&(f, p)| results[f][p].evidence.as_ref()).collect();
                let joined = caught(|| digitizer.joined(&shown, &evidence));
                let mut whole = match joined {
                    Ok(whole) => whole,
                    Err(problem) => {
                        for (&place, record) in members.iter().zip(records) {
                            let mut record = record.clone();
                            let name = &record.source.path;
                            record.hold(vec![guard::finding(name, Severity::Review, &problem)]);
                            changed.push((place, record));
                        }
                        continue;
                    }
                };
                whole.hold(vec![sources]);
                for (place, record) in members.iter().zip(records).skip(1) {
                    let mut record = record.clone();
                    record.become_part(&whole.source, part.clone());
                    changed.push((*place, record));
                }
                changed.push((members[0], whole));
                sheets.push(Sheet { members });
            }
        }
    }
    for ((file, page), record) in changed {
        results[file][page].record = record;
    }
    sheets
}

fn places<'r>(results: &'r [Vec<Page>]) -> impl Iterator<Item = Place> + 'r {
    results.iter().enumerate().flat_map(|(file, pages)| (0..pages.len()).map(move |page| (file, page)))
}

/// The place of each page in the run. Two sheets of one page lie at the same place.
fn positions(results: &[Vec<Page>]) -> Vec<Vec<usize>> {
    let mut next = 0;
    let mut of_file = |pages: &Vec<Page>| {
        let first = next;
        let places = pages.iter().map(|p| first + p.record.source.page as usize).collect::<Vec<_>>();
        next = places.last().map_or(first, |&last| last) + 1;
        places
    };
    results.iter().map(&mut of_file).collect()
}

/// The name of a page for messages.
fn name(file: &[Page], page: usize) -> String {
    let source = &file[page].record.source;
    let of = file.last().map_or(1, |p| p.record.source.page.saturating_add(1));
    page_name(&source.path, source.page, of)
}

/// Files with a page of an earlier run, without evidence, whose sheet another photo can show too: one of
/// the same code, or a piece near it.
fn without_evidence(results: &[Vec<Page>]) -> Vec<usize> {
    let positions = positions(results);
    let sheets: Vec<(Place, &Page)> = places(results)
        .map(|(file, page)| ((file, positions[file][page]), &results[file][page]))
        .filter(|(_, page)| page.record.form.is_some())
        .collect();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for code in sheets.iter().filter_map(|s| s.1.record.sheet.code.as_deref()) {
        *codes.entry(code).or_insert(0) += 1;
    }
    let nameless = |page: &Page| page.record.findings.iter().any(|f| f.code == Code::CodeUnreadable);
    let pieces: BTreeSet<usize> = sheets.iter().filter(|s| nameless(s.1)).map(|s| s.0.1).collect();
    let near_a_piece = |position: usize| {
        let (from, to) = (position.saturating_sub(group::NEAR), position + group::NEAR);
        pieces.range(from..=to).next().is_some()
    };
    let shared = |page: &Page| page.record.sheet.code.as_deref().is_some_and(|c| codes[c] > 1);
    let mut again: Vec<usize> = sheets
        .iter()
        .filter(|((_, at), page)| page.evidence.is_none() && (shared(page) || near_a_piece(*at)))
        .map(|s| s.0.0)
        .collect();
    again.dedup();
    again
}

/// The pictures of a sheet's doubtful cells, each from the photo that shows it; none of an accepted
/// sheet. The photos are decoded again: few sheets need it.
pub(super) fn pictures(
    digitizer: &Digitizer,
    files: &[PathBuf],
    results: &[Vec<Page>],
    sheet: &Sheet,
) -> SheetPictures {
    let record = sheet.record(results);
    let form = record.form_of(&digitizer.config().forms);
    let mut out = SheetPictures::default();
    let Some(form) = form.filter(|_| record.status != Status::Accepted) else { return out };
    for (ix, &(file, page)) in sheet.members.iter().enumerate() {
        let seen = || {
            let evidence = results[file][page].evidence.as_ref()?;
            // The sheet's doubt, seen on this photo.
            let seen = Record { registration: record::registration(evidence), ..record.clone() };
            let photo = digitizer.decoded(&digitizer.open(&files[file]), evidence.origin.page).ok()?;
            Some(picture::pictures(&photo.pixels, &seen, form))
        };
        let Ok(Some(mut pictures)) = caught(seen) else { continue };
        pictures.cells.retain(|cell| record.value(&cell.field).is_some_and(|v| v.photo.unwrap_or(0) == ix));
        if ix == 0 {
            out = pictures;
        } else {
            out.cells.extend(pictures.cells);
        }
    }
    out
}
