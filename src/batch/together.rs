//! Photos of one sheet put together, once all photos of a run are digitized.
//!
//! In: the pages of all files. Out: the same pages; where several show one sheet, the first one's record
//! is the sheet's, the others' are parts of it; where they contradict each other, each says so. Pages
//! that an earlier run left without evidence are digitized again if another photo can be of their
//! sheet, so that a resumed run ends in the same bytes. Refuses nothing.

use super::{BatchError, Jobs, Page, map};
use crate::decide::Policy;
use crate::decide::Status;
use crate::decide::group::{self, Joined, PhotoEvidence};
use crate::pipeline::Digitizer;
use crate::record::Record;
use crate::report::{self, SheetPictures};
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
    pub(super) fn record<'r>(&self, results: &'r [Vec<Page<'_>>]) -> &'r Record {
        let (file, page) = self.members[0];
        &results[file][page].record
    }
}

/// Puts together what belongs together.
///
/// # Errors
/// Threads cannot be started.
pub(super) fn join<'d>(
    digitizer: &'d Digitizer,
    files: &[PathBuf],
    results: &mut [Vec<Page<'d>>],
    jobs: Jobs,
) -> Result<Vec<Sheet>, BatchError> {
    let again = without_evidence(results);
    let work = |i: usize| digitizer.file(&files[i]).into_iter().map(Page::from).collect::<Vec<_>>();
    map(&again, jobs, work, |i, pages| {
        results[i] = pages;
        Ok(())
    })?;
    let places: Vec<Place> = places(results).filter(|&(f, p)| results[f][p].evidence.is_some()).collect();
    let photos: Vec<PhotoEvidence<'_, '_>> = places
        .iter()
        .filter_map(|&(file, page)| {
            let page = &results[file][page];
            let evidence = page.evidence.as_ref()?;
            Some(PhotoEvidence { source: &page.record.source.path, position: file, evidence })
        })
        .collect();
    let groups = group::group(&photos, &Policy { max_error: digitizer.config().max_error });
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
                let mut whole = digitizer.joined(&records, *evidence);
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
    Ok(sheets)
}

fn places<'r>(results: &'r [Vec<Page<'_>>]) -> impl Iterator<Item = Place> + 'r {
    results.iter().enumerate().flat_map(|(file, pages)| (0..pages.len()).map(move |page| (file, page)))
}

/// Files with a page of an earlier run, without evidence, whose sheet another photo can show too: one of
/// the same code, or a piece near it.
fn without_evidence(results: &[Vec<Page<'_>>]) -> Vec<usize> {
    let sheets: Vec<(usize, &Page<'_>)> = places(results)
        .map(|(file, page)| (file, &results[file][page]))
        .filter(|(_, page)| page.record.form.is_some())
        .collect();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for code in sheets.iter().filter_map(|s| s.1.record.sheet.code.as_deref()) {
        *codes.entry(code).or_insert(0) += 1;
    }
    let nameless = |page: &Page<'_>| page.record.findings.iter().any(|f| f.code == "code_unreadable");
    let pieces: BTreeSet<usize> = sheets.iter().filter(|s| nameless(s.1)).map(|s| s.0).collect();
    let near_a_piece = |file: usize| {
        let (from, to) = (file.saturating_sub(group::NEAR), file + group::NEAR);
        pieces.range(from..=to).next().is_some()
    };
    let shared = |page: &Page<'_>| page.record.sheet.code.as_deref().is_some_and(|c| codes[c] > 1);
    let mut again: Vec<usize> = sheets
        .iter()
        .filter(|(file, page)| page.evidence.is_none() && (shared(page) || near_a_piece(*file)))
        .map(|s| s.0)
        .collect();
    again.dedup();
    again
}

/// The pictures of a sheet's doubtful cells, each from the photo that shows it; none of an accepted
/// sheet. The photos are decoded again: few sheets need it.
pub(super) fn pictures(
    digitizer: &Digitizer,
    files: &[PathBuf],
    results: &[Vec<Page<'_>>],
    sheet: &Sheet,
) -> SheetPictures {
    let record = sheet.record(results);
    let form = record.form.as_ref().and_then(|f| digitizer.config().forms.iter().find(|g| g.id == f.id));
    let mut out = SheetPictures::default();
    let Some(form) = form.filter(|_| record.status != Status::Accepted) else { return out };
    for (ix, &(file, page)) in sheet.members.iter().enumerate() {
        let again = digitizer.file(&files[file]).into_iter().nth(page);
        let Some((pixels, own)) = again.and_then(|d| Some((d.pixels?, d.record))) else { continue };
        // The sheet's doubt, seen on this photo.
        let seen = Record { registration: own.registration, ..record.clone() };
        let mut pictures = report::pictures(&pixels, &seen, form);
        pictures.cells.retain(|cell| {
            let vote = record.votes.iter().find(|v| v.id == cell.field).map(|v| &v.value);
            let value = vote.or_else(|| record.totals.get(&cell.field));
            value.is_some_and(|v| v.photo.unwrap_or(0) == ix)
        });
        if ix == 0 {
            out = pictures;
        } else {
            out.cells.extend(pictures.cells);
        }
    }
    out
}
