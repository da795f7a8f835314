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
pub(crate) use overview::{finding_titles, overview, register};
pub(crate) use page::{Page, Templates};
pub(crate) use view::{Asked, Entry, Sheet, sheet};
pub(crate) use wording::{Both, label};

use crate::decide::Status;
use crate::form::Form;
use crate::picture::order;
use crate::record::Record;
use crate::run::output::{OutputError, pictures, write_whole};
use page::Pager;
use std::borrow::Borrow;
use std::path::Path;

/// The report's file.
pub const REPORT_HTML: &str = "report.html";
/// The folder of its further pages.
pub const REPORT_PAGES: &str = "report";
/// Up to this many sheets to look at stand in one file: with about 70 KB of pictures each it stays
/// near 15 MB.
pub const SINGLE: usize = 200;
/// Sheets a page above that.
const PER_PAGE: usize = 40;

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

/// Makes the report of a run in its folder, replacing one that is there; returns how many pages it
/// has. Pictures are taken from the folder.
///
/// # Errors
/// A page that cannot be written.
pub fn write(dir: &Path, records: &[Record], forms: &[impl Borrow<Form>]) -> Result<usize, ReportError> {
    let templates = Templates::new()?;
    let order = order(records);
    let open: Vec<usize> = order.iter().copied().filter(|&ix| is_open(&records[ix])).collect();
    let size = if open.len() <= SINGLE { open.len().max(1) } else { PER_PAGE };
    let pages: Vec<&[usize]> = open.chunks(size).collect();
    let folder = dir.join(REPORT_PAGES);
    clear(&folder)?;
    let place = |rank: usize| {
        if pages.len() > 1 {
            format!("{REPORT_PAGES}/{}#s{rank}", page_name(rank / size))
        } else {
            format!("#s{rank}")
        }
    };
    let title = dir
        .canonicalize()
        .ok()
        .and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()))
        .unwrap_or_default();

    let sheets = |page: usize, indices: &[usize]| -> Vec<view::Sheet> {
        let view = |(i, &ix): (usize, &usize)| {
            let record = &records[ix];
            let pictures = pictures::load(dir, record);
            let form = record.form_of(forms);
            view::sheet(record, form, &pictures, page * size + i, None)
        };
        indices.iter().enumerate().map(view).collect()
    };
    let single = pages.len() <= 1;
    let index = Page {
        title: title.clone(),
        overview: Some(overview::overview(records)),
        register: Some(overview::register(records, &order, place)),
        sheets: if single { pages.first().map_or_else(Vec::new, |p| sheets(0, p)) } else { Vec::new() },
        pager: Pager::index(&pages),
        findings: overview::finding_titles(records),
        desk: None,
    };
    if !single {
        std::fs::create_dir_all(&folder).map_err(|e| OutputError::io(&folder, e))?;
        for (n, indices) in pages.iter().enumerate() {
            let page = Page {
                title: title.clone(),
                overview: None,
                register: None,
                sheets: sheets(n, indices),
                pager: Pager::page(n, &pages),
                findings: overview::finding_titles(indices.iter().map(|&ix| &records[ix])),
                desk: None,
            };
            write_whole(&folder.join(page_name(n)), templates.render(&page)?.as_bytes())?;
        }
    }
    // Last, so that it never leads to pages that are not there yet.
    write_whole(&dir.join(REPORT_HTML), templates.render(&index)?.as_bytes())?;
    Ok(if single { 1 } else { pages.len() + 1 })
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

/// Removes the pages of an earlier report; other files stay.
fn clear(folder: &Path) -> Result<(), OutputError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|e| OutputError::io(folder, e))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("page-") && name.ends_with(".html") {
            std::fs::remove_file(&path).map_err(|e| OutputError::io(&path, e))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
