//! What stands in a form's TOML, as it stands there.
//!
//! In: TOML. Out: these types, field by field as written, nothing resolved or checked. Refuses (serde) what has
//! another shape: a key that is not known, one that is missing, a value of another kind.

use super::levels::Named;
use super::{Align, Export, Invent, Level, Role};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The whole definition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawForm {
    pub id: String,
    pub version: u32,
    pub title: String,
    pub election: String,
    pub language: Option<String>,
    pub issued: Option<String>,
    #[serde(default)]
    pub levels: Vec<Level>,
    #[serde(default)]
    pub names: Vec<Named>,
    #[serde(default)]
    pub export: Export,
    pub paper: RawPaper,
    pub frame: RawFrame,
    pub places: usize,
    pub words: Option<RawWords>,
    pub styles: BTreeMap<String, RawStyle>,
    pub columns: BTreeMap<String, RawColumns>,
    #[serde(default)]
    pub rules: Vec<RawRules>,
    #[serde(default)]
    pub labels: Vec<RawLabel>,
    #[serde(default)]
    pub contests: Vec<RawContest>,
    #[serde(default)]
    pub candidates: Vec<RawCandidate>,
    #[serde(default)]
    pub totals: Vec<RawTotal>,
    #[serde(default)]
    pub rows: Vec<RawRow>,
    pub sheet: Option<RawSheet>,
    pub pages: Option<RawPages>,
    #[serde(default)]
    pub blocks: Vec<RawBlock>,
    pub header: RawHeader,
    pub qr: Option<RawQr>,
    pub hash: Option<RawHash>,
    pub private: RawPrivate,
    #[serde(default)]
    pub invent: Invent,
    #[serde(default)]
    pub relations: Vec<RawRelation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPaper {
    pub width: f64,
    pub margin_left: f64,
    pub length: [f64; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFrame {
    pub width: f64,
    pub height: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWords {
    pub language: String,
    pub separator: String,
    pub digits: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStyle {
    pub size: f64,
    #[serde(default)]
    pub bold: bool,
    pub space: Option<f64>,
    #[serde(default)]
    pub tracking: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawColumns {
    pub sigla_right: Option<f64>,
    #[serde(rename = "sigla_width")]
    pub _sigla_width: Option<f64>,
    pub code_centre: Option<f64>,
    pub digits: Option<RawSlot>,
    pub words: Option<RawSlot>,
    #[serde(default)]
    pub values: Vec<RawValue>,
    /// The share of the row's votes in the contest's `whole`.
    pub percent: Option<RawSlot>,
}

/// Another number of a row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawValue {
    pub id: String,
    pub label: Option<String>,
    pub digits: Option<RawSlot>,
    pub words: Option<RawSlot>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSlot {
    pub centre: Option<f64>,
    pub left: Option<f64>,
    pub right: Option<f64>,
    pub width: f64,
    pub thousands: Option<char>,
    pub lines: Option<u32>,
    pub pitch: Option<f64>,
    pub wrap: Option<f64>,
    pub style: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    pub lines: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLabel {
    pub text: String,
    pub x: f64,
    pub y: f64,
    pub align: Align,
    pub style: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawContest {
    pub id: String,
    pub name: String,
    /// The total of which rows print shares.
    pub whole: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCandidate {
    pub id: String,
    pub name: String,
    pub contest: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTotal {
    pub id: String,
    pub label: String,
    pub y: f64,
    pub columns: String,
    #[serde(default)]
    pub role: Role,
    pub contest: Option<String>,
    pub percent: Option<RawShare>,
}

/// Where a total is printed once more, as its share of another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShare {
    pub of: String,
    pub y: f64,
    pub columns: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRow {
    pub candidate: String,
    pub sigla: String,
    pub code: String,
    pub y: f64,
    pub columns: String,
    pub sigla_lines: Option<Vec<String>>,
}

/// Where blocks stand on a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPages {
    pub top: f64,
}

/// Of which sheet pages are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSheet {
    pub id: String,
    /// The line that prints which page of how many.
    pub line: String,
    /// The lines that all pages of one sheet print alike.
    pub same: Vec<String>,
}

/// A kind of block; every y from where the block begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBlock {
    pub id: String,
    pub title: Option<String>,
    #[serde(default)]
    pub rules: Vec<RawRules>,
    #[serde(default)]
    pub labels: Vec<RawLabel>,
    #[serde(default)]
    pub lines: Vec<RawHeaderLine>,
    #[serde(default)]
    pub totals: Vec<RawTotal>,
    pub rows: RawRows,
    #[serde(default)]
    pub relations: Vec<RawRelation>,
}

/// The rows of a kind of block.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRows {
    pub y: f64,
    pub pitch: f64,
    pub foot: f64,
    pub columns: String,
    /// The total of which they print shares.
    pub whole: Option<String>,
    pub choice: RawHeaderPrint,
    /// How a choice's name is parted.
    pub party: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeader {
    pub right: f64,
    pub left: f64,
    pub rule: Option<f64>,
    #[serde(default)]
    pub top: f64,
    /// Names are printed in capitals.
    #[serde(default)]
    pub capitals: bool,
    pub lines: Vec<RawHeaderLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeaderLine {
    pub id: String,
    pub text: Option<String>,
    pub prefix: Option<String>,
    /// What people call the number that stands in it; it is then a field.
    pub label: Option<String>,
    pub pattern: Option<String>,
    pub y: Option<f64>,
    #[serde(default)]
    pub role: Role,
    pub print: Option<RawHeaderPrint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeaderPrint {
    pub text: String,
    pub align: Align,
    pub x: f64,
    pub style: String,
    pub above: f64,
    pub pitch: f64,
    pub width: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawQr {
    pub size: f64,
    pub left: f64,
    pub top: [f64; 2],
    pub versions: Vec<u32>,
    pub grammar: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHash {
    pub pattern: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrivate {
    pub top: f64,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub roles: Vec<String>,
    #[serde(default)]
    pub captions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelation {
    pub id: String,
    pub left: Vec<String>,
    pub equals: Option<Vec<String>>,
    pub at_most: Option<Vec<String>>,
    /// Whose rows `rows` are, where the form has several contests.
    pub contest: Option<String>,
    #[serde(default)]
    pub usual: bool,
}
