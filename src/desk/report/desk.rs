//! What the review's pages show beside the report's.
//!
//! In: nothing; these are the shapes that the review fills and the template shows. Refuses nothing.

use super::wording::Both;
use crate::picture::Picture;
use serde::Serialize;

/// The review's part of a page.
#[derive(Debug, Serialize)]
pub struct Desk {
    /// `home`, `sheets`, `sheet`, `again`, `audit`, `clash` or `cells`.
    pub kind: &'static str,
    /// The address that everything else is below, with the token and a slash at its end.
    pub base: String,
    /// The reviewer.
    pub who: String,
    /// The ways to the other pages.
    pub nav: Vec<Link>,
    /// Sheets that are done, of all that wait or waited.
    pub done: usize,
    pub all: usize,
    /// Where the first thing is that waits after this page.
    pub next: String,
    /// One or two sentences on what is asked here.
    pub lead: Option<Both>,
    /// Cells of one kind.
    pub gallery: Option<Gallery>,
    /// On the first page: decisions about sheets that the run lacks.
    pub unmatched: Vec<Unmatched>,
    /// How many entries the log has, and the hash of the last.
    pub entries: usize,
    pub head: String,
}

/// A decision about a sheet that the run lacks.
#[derive(Debug, Serialize)]
pub struct Unmatched {
    /// The first signs of its key: the hash of its file.
    pub sheet: String,
    /// The sheet's code, as far as it was read.
    pub code: String,
    pub field: String,
    pub value: String,
    pub who: String,
    pub at: String,
}

/// A way to another page.
#[derive(Debug, Serialize)]
pub struct Link {
    pub href: String,
    pub label: Both,
    /// What waits there, if that is counted.
    pub count: Option<usize>,
    pub current: bool,
}

/// All cells of one kind.
#[derive(Debug, Serialize)]
pub struct Gallery {
    /// One a value.
    pub kinds: Vec<Link>,
    pub cells: Vec<GalleryCell>,
    /// The next page, if there is one.
    pub more: Option<String>,
}

/// One cell among its like.
#[derive(Debug, Serialize)]
pub struct GalleryCell {
    /// Its sheet.
    pub href: String,
    /// What it is, for who hovers or listens.
    pub title: String,
    pub picture: Picture,
}
