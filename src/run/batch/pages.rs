//! Pages of one sheet put together, once all pages of a run are digitized.
//!
//! In: the sheets of a run, their records and evidence when they are asked for. Out: the records that change: the first page's
//! becomes the sheet's, with what all its pages print; the others' are parts of it. A page that is missing, that is there
//! twice or whose number could not be read is told, and holds the sheet, not its contests. Copies of a page are photos of one;
//! those that contradict each other stay by themselves, each held. Refuses to put together pages of a sheet of which one form
//! alone is looked for: each is then taken for the sheet.

use super::guard::{self, caught};
use super::together::{Member, Sheets, Together};
use super::{BatchError, Page};
use crate::decide::group::{self, Joined, PhotoEvidence};
use crate::decide::pages::{self, Nth};
use crate::form::Form;
use crate::ground::finding::{Code, Finding, Severity, What};
use crate::read::evidence::Evidence;
use crate::record::{self, Record, Text};
use crate::run::pipeline::Digitizer;
use std::sync::Arc;

/// Under this name a sheet's identity says how many of its pages are there.
pub(super) const PAGES: &str = "pages";

/// A page of a run: its index, which page of its sheet it is, what it shows.
struct Own {
    ix: usize,
    place: Option<Nth>,
    page: Page,
}

impl Own {
    /// Which page of its sheet it is, as far as that was read.
    fn number(&self) -> Option<u32> {
        Some(self.place?.page)
    }
}

/// One page of a sheet.
struct Leaf<'p> {
    /// Which it is; `None` where it was not read.
    place: Option<Nth>,
    /// The photos that show it.
    copies: Vec<(usize, &'p Page)>,
    /// What they show together.
    evidence: Evidence,
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
    let (places, leaves) = sheets.leaves();
    for members in pages::groups(&leaves) {
        let mut own: Vec<Own> = Vec::new();
        for &member in &members {
            let page = fetch(places[member])?;
            // What cannot be read back takes no part.
            if page.evidence.is_some() {
                own.push(Own { ix: places[member], place: leaves[member].leaf.place, page });
            }
        }
        let evidence = own.first().and_then(|own| own.page.evidence.as_ref());
        let Some(sheet) = evidence.and_then(|e| e.form.sheet.as_ref()) else { continue };
        let known = digitizer.forms().iter().filter(|f| f.sheet.as_ref().is_some_and(|s| s.id == sheet.id));
        if known.count() < 2 {
            continue;
        }
        if let Some(together) = of_group(digitizer, sheets, &own) {
            put(together)?;
        }
    }
    Ok(())
}

/// What came of the pages of one sheet, which are in its order.
fn of_group<'p>(digitizer: &Digitizer, sheets: &Sheets, own: &'p [Own]) -> Option<Together<'p>> {
    let name = |(ix, page): &(usize, &Page)| sheets.name(*ix, &page.record);
    let (mut leaves, mut changed, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for copies in own.chunk_by(|a, b| a.number().is_some() && a.number() == b.number()) {
        let (place, page) = (copies[0].place, copies[0].number().unwrap_or(0));
        let copies: Vec<(usize, &Page)> = copies.iter().map(|own| (own.ix, &own.page)).collect();
        if copies.len() > 1 {
            let what = What::PageTwice { page, names: copies.iter().map(name).collect() };
            findings.push(Finding::new(Severity::Review, what));
        }
        match one_page(sheets, &copies, page) {
            Ok(evidence) => leaves.push(Leaf { place, copies, evidence }),
            Err(held) => {
                for ((ix, page), held) in copies.iter().zip(held) {
                    let mut record = page.record.clone();
                    record.hold(held);
                    changed.push((*ix, record));
                }
            }
        }
    }
    if leaves.is_empty() {
        return Some(Together { changed, members: Vec::new() });
    }
    findings.extend(about_pages(&leaves, name));
    pages::agree(&mut leaves.iter_mut().map(|leaf| &mut leaf.evidence).collect::<Vec<_>>());
    let forms = leaves.iter().map(|leaf| Form::clone(&leaf.evidence.form)).collect();
    let form = Form::of_pages(forms)?;
    for (leaf, form) in leaves.iter_mut().zip(&form.pages) {
        leaf.evidence.form = form.clone();
    }
    let first = leaves[0].copies[0];
    let mut whole = match caught(|| whole(digitizer, &leaves, &form)) {
        Ok(whole) => whole?,
        Err(problem) => {
            for (ix, page) in leaves.iter().flat_map(|l| &l.copies) {
                let mut record = page.record.clone();
                let name = record.source().path.clone();
                record.hold(vec![guard::finding(&name, Severity::Review, &problem)]);
                changed.push((*ix, record));
            }
            return Some(Together { changed, members: Vec::new() });
        }
    };
    let members: Vec<Member<'p>> = leaves
        .iter()
        .flat_map(|leaf| leaf.copies.iter().map(|(ix, page)| (*ix, *page, leaf.evidence.form.clone())))
        .collect();
    if members.len() > 1 {
        let names = members.iter().map(|(ix, page, _)| name(&(*ix, *page))).collect();
        findings.push(Finding::new(Severity::Info, What::JoinedPages { count: members.len(), names }));
    }
    whole.hold(findings);
    for (ix, page, _) in &members[1..] {
        let mut record = page.record.clone();
        let part = Finding::new(Severity::Info, What::PartOfSheet { file: name(&first) });
        record.become_part(whole.source().page_ref(), part);
        changed.push((*ix, record));
    }
    changed.insert(0, (first.0, whole));
    let members = if members.len() > 1 { members } else { Vec::new() };
    Some(Together { changed, members })
}

/// What the photos of a page show together, or what holds each where they contradict each other.
fn one_page(sheets: &Sheets, copies: &[(usize, &Page)], page: u32) -> Result<Evidence, Vec<Vec<Finding>>> {
    let names: Vec<String> = copies.iter().map(|(ix, page)| sheets.name(*ix, &page.record)).collect();
    let shown: Vec<&Evidence> = copies.iter().filter_map(|(_, page)| page.evidence.as_ref()).collect();
    let first = shown[0];
    if !shown.iter().all(|e| first.form.same_numbers(&e.form)) {
        let differ = |other: usize| {
            let what = What::PagesDiffer { page, file: names[other].clone() };
            vec![Finding::new(Severity::Review, what)]
        };
        return Err((0..copies.len()).map(|ix| differ(usize::from(ix == 0))).collect());
    }
    let alike: Vec<Evidence> =
        shown.iter().map(|e| Evidence { form: first.form.clone(), measured: e.measured.clone() }).collect();
    let photos: Vec<PhotoEvidence<'_>> = alike
        .iter()
        .zip(&names)
        .zip(copies)
        .map(|((evidence, source), (ix, _))| PhotoEvidence {
            source,
            position: sheets.position(*ix),
            evidence,
        })
        .collect();
    match group::outcome(&photos, &(0..photos.len()).collect::<Vec<_>>()) {
        Joined::Alone => Ok(first.clone()),
        Joined::Together { evidence, .. } => Ok(*evidence),
        Joined::Conflict(findings) => Err(findings),
    }
}

/// Whether the pages are all there.
fn about_pages(leaves: &[Leaf<'_>], name: impl Fn(&(usize, &Page)) -> String) -> Vec<Finding> {
    let unread = leaves.iter().filter(|l| l.place.is_none());
    let unread = unread.map(|l| What::PageUnread { file: name(&l.copies[0]) });
    let of = leaves.iter().find_map(|l| Some(l.place?.of)).unwrap_or(0);
    let there = |page: &u32| leaves.iter().any(|l| l.place.is_some_and(|p| p.page == *page));
    let missing: Vec<String> = (1..=of).filter(|page| !there(page)).map(|page| page.to_string()).collect();
    let missing = (!missing.is_empty()).then_some(What::PagesMissing { missing, of });
    unread.chain(missing).map(|what| Finding::new(Severity::Review, what)).collect()
}

/// The record of a sheet of these pages.
fn whole(digitizer: &Digitizer, leaves: &[Leaf<'_>], form: &Form) -> Option<Record> {
    let record = |leaf: &Leaf<'_>| {
        let form: &Arc<Form> = &leaf.evidence.form;
        let alike = |e: &Evidence| Evidence { form: form.clone(), measured: e.measured.clone() };
        let shown: Vec<Evidence> =
            leaf.copies.iter().filter_map(|(_, p)| p.evidence.as_ref()).map(alike).collect();
        let mut record = digitizer.joined(&shown.iter().collect::<Vec<_>>(), &leaf.evidence);
        let renamed = |f: &&Finding| f.code == Code::NameElsewhere;
        record.hold(leaf.copies[0].1.record.findings.iter().filter(renamed).cloned().collect());
        record
    };
    let mut out = match leaves {
        [only] => record(only),
        leaves => record::of_pages(leaves.iter().map(record).collect(), form)?,
    };
    let line = form.sheet.as_ref().map(|s| s.line.as_str()).unwrap_or_default();
    out.sheet.identity.remove(line);
    let places: Option<Vec<Nth>> = leaves.iter().map(|leaf| leaf.place).collect();
    if let Some((value, confidence)) = places.and_then(|places| Nth::of_all(&places)) {
        out.sheet.identity.insert(PAGES.to_owned(), Text { value, confidence });
    }
    Some(out)
}
