//! What a page of the review sends, and what it is told.

use super::log::Action;
use crate::desk::report::Both;
use crate::record::ReviewState;
use serde::{Deserialize, Serialize};

/// What a page sends.
#[derive(Debug, Clone, Deserialize)]
pub struct Sent {
    /// The sheet's key.
    pub sheet: String,
    /// Field id, `@sheet` or `@code`.
    pub field: String,
    /// What was done.
    pub action: Action,
    /// What was typed.
    pub value: Option<String>,
    /// In the reviewer's words.
    #[serde(default)]
    pub reason: String,
    /// Whether it is a second or third blind entry.
    #[serde(default)]
    pub pass: Pass,
}

/// Which entry on a field it is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// The first, or its correction.
    #[default]
    First,
    /// Another one, without knowledge of the first.
    Again,
}

/// What the page is told.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The sheet's key.
    pub sheet: String,
    /// The field.
    pub field: String,
    /// `open`, `done`, `again` or `clash`.
    pub state: &'static str,
    /// What stands, if it may be shown.
    pub value: Option<String>,
    /// Who set it.
    pub who: String,
    /// What does not fit; empty where all does, and for hidden fields.
    pub notes: Vec<Both>,
    /// How far the sheet is.
    pub review: Option<ReviewState>,
    /// What of the sheet waits.
    pub open: Vec<String>,
    /// Sheets that are done.
    pub done: usize,
    /// The entry's hash.
    pub entry: String,
}
