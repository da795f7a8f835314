//! The report: pages that open offline and show what needs a person, with the evidence beside it.
//!
//! In: a run's records, the known forms, and the pictures that were kept while the photos were in
//! memory ([`crate::picture`], [`pictures`]). Out: `report.html`; above [`SINGLE`] sheets to look
//! at, an index with `report/page-NNN.html` beside it. The pages ask nothing of any network: a
//! Content-Security-Policy forbids it, and names the hashes of the page's own style and script. All
//! text from photos and file names is escaped. Refuses nothing: a record without pictures is shown
//! without.

mod audit;
mod desk;
mod overview;
mod page;
mod view;
mod wording;

pub(crate) use desk::{Desk, Gallery, GalleryCell, Link, Unmatched};
pub(crate) use overview::{Seen, finding_titles, register};
pub(crate) use page::{Page, Templates};
pub(crate) use view::{Asked, Entry, Sheet, sheet};
pub(crate) use wording::{Both, label};

use crate::decide::Status;
use crate::form::Form;
use crate::picture::SheetPictures;
use crate::record::Record;
use crate::run::output::{
    About, Next, Opened, OutputError, RECORDS_JSONL, REPORT_HTML, REPORT_PAGES, Rows, pictures,
};
use page::Pager;
use std::borrow::Borrow;
use std::ops::Range;
use std::path::Path;

/// Up to this many sheets to look at stand in one file, if their pictures are no more than [`BYTES`].
pub const SINGLE: usize = 200;
/// Sheets a page above that.
const PER_PAGE: usize = 40;
/// A page is full with this many bytes of pictures: a browser opens it at once.
const BYTES: u64 = 12_000_000;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The page's template does not fit what is shown; a fault of the program.
    #[error("the report's template: {0}")]
    Template(#[from] minijinja::Error),
}

/// Makes the report of a run's next state, whose records are written; returns how many pages it has. Pictures are
/// taken from the folder. One page of sheets at a time is in memory.
///
/// # Errors
/// A page that cannot be written.
pub fn write(next: &mut Next, forms: &[impl Borrow<Form>], about: &About) -> Result<usize, ReportError> {
    let records = next.path(RECORDS_JSONL);
    write_of(next, &records, forms, about)
}

/// Makes the report of records that stand in a file.
///
/// # Errors
/// A page that cannot be written.
pub fn write_of(
    next: &mut Next,
    records: &Path,
    forms: &[impl Borrow<Form>],
    about: &About,
) -> Result<usize, ReportError> {
    let templates = Templates::new()?;
    let dir = next.dir().to_owned();
    let mut rows = Rows::open(records)?;
    let mut seen = Seen::default();
    let mut sizes = Vec::new();
    while let Some(record) = rows.next()? {
        seen.add(&record);
        sizes.push(if is_open(&record) { pictures::size::<SheetPictures>(&dir, &record) } else { 0 });
    }
    let order = seen.order();
    let open: Vec<usize> = order.iter().copied().filter(|&ix| seen.all[ix].open).collect();
    let pages = pages(&open.iter().map(|&ix| sizes[ix]).collect::<Vec<_>>());
    let single = pages.len() <= 1;
    let place = |rank: usize| match pages.iter().position(|p| p.contains(&rank)) {
        Some(n) if !single => format!("{REPORT_PAGES}/{}#s{rank}", page_name(n)),
        _ => format!("#s{rank}"),
    };
    let title = dir
        .canonicalize()
        .ok()
        .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_default();
    let mut sheets = |ranks: Range<usize>| -> Result<Vec<view::Sheet>, OutputError> {
        let view = |rank: usize| {
            let record = rows.get(open[rank])?;
            let pictures = pictures::load(&dir, &record);
            Ok(view::sheet(&record, record.form_of(forms).as_deref(), &pictures, rank, None))
        };
        ranks.map(view).collect()
    };
    let index = Page {
        title: title.clone(),
        overview: Some(seen.overview(about)),
        register: Some(overview::register(&seen.all, &order, place)),
        sheets: if single {
            pages.first().map_or(Ok(Vec::new()), |p| sheets(p.clone()))?
        } else {
            Vec::new()
        },
        pager: Pager::index(&pages),
        findings: overview::finding_titles(&seen.all),
        desk: None,
    };
    next.put(REPORT_HTML, templates.render(&index)?.as_bytes())?;
    drop(index);
    for (n, ranks) in pages.iter().enumerate().filter(|_| !single) {
        let page = Page {
            title: title.clone(),
            overview: None,
            register: None,
            sheets: sheets(ranks.clone())?,
            pager: Pager::page(n, &pages),
            findings: overview::finding_titles(open[ranks.clone()].iter().map(|&ix| &seen.all[ix])),
            desk: None,
        };
        next.put(&format!("{REPORT_PAGES}/{}", page_name(n)), templates.render(&page)?.as_bytes())?;
    }
    Ok(if single { 1 } else { pages.len() + 1 })
}

/// Makes the report of a finished run anew; its other files stay.
///
/// # Errors
/// A page that cannot be written.
pub fn again(opened: &Opened, forms: &[impl Borrow<Form>]) -> Result<usize, ReportError> {
    let mut next = Next::begin(opened.dir())?;
    next.all_stay(opened.run());
    next.without_report();
    let pages = write_of(&mut next, &opened.dir().join(RECORDS_JSONL), forms, opened.about())?;
    match opened.run() {
        Some(run) => drop(next.commit(run.clone())?),
        None => next.hold()?,
    }
    Ok(pages)
}

/// The ranks that stand on each page, by the bytes of their pictures.
fn pages(sizes: &[u64]) -> Vec<Range<usize>> {
    let most = if sizes.len() <= SINGLE { SINGLE } else { PER_PAGE };
    let (mut out, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (rank, size) in sizes.iter().enumerate() {
        if rank > from && (rank - from == most || bytes + size > BYTES) {
            out.push(from..rank);
            (from, bytes) = (rank, 0);
        }
        bytes += size;
    }
    if from < sizes.len() {
        out.push(from..sizes.len());
    }
    out
}

/// Whether a sheet is shown with its evidence: a person has something to do, or it cannot be used and
/// no person has said so yet.
fn is_open(record: &Record) -> bool {
    record.waits() || (record.status == Status::Rejected && record.review.is_none() && !record.is_part())
}

/// The file name of page `n`, from 0.
fn page_name(n: usize) -> String {
    format!("page-{:03}.html", n + 1)
}

#[cfg(test)]
mod tests;
