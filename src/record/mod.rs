//! The record: what is handed over, one a page. Schema `cotejo.record/2`, kept stable; records of `/1` are read
//! ([`earlier`]).
//!
//! A sheet holds **contests**, each with its choices and totals, **ballots** (who voted, whatever the contest) and
//! **context** (the roll), as its form says. A contest, and the ballots, are accepted or not by themselves; a sheet is
//! accepted when all of them are.
//!
//! A sheet that was photographed more than once has one record that counts, its first page's: `sources` lists all its
//! pages, and the numbers are those of all of them together. The other pages' records stay in their places, so that no
//! page is missing, with `part_of` naming that record, the status `rejected` (their numbers are not to be counted by
//! themselves) and what the page shows by itself. Who adds up accepted contests counts each once.

mod build;
pub mod earlier;
mod identity;
mod numbers;
mod pages;
mod review;
#[cfg(test)]
mod tests;

pub use crate::ground::percent::Percent;
pub use build::{Decided, Numbers, build, numbers, registration, rejected, source};
pub(crate) use identity::pixel_key;
pub use identity::{Ordinals, SheetMark, Sheets, sheet_key};
pub use pages::of_pages;
pub use review::{Review, ReviewState, SetBy, SetHow};

use crate::decide::{Basis, Check, Status};
use crate::form::Layout;
use crate::ground::finding::Finding;
use crate::ground::geometry::Quad;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Name and version of the record's schema.
pub const SCHEMA: &str = "cotejo.record/2";

/// One input page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Always `cotejo.record/2`.
    pub schema: String,
    /// Where it comes from: its page, and after it the others that show the same sheet and were read together with it.
    #[serde(deserialize_with = "at_least_one")]
    pub sources: Vec<Source>,
    /// The page in whose record this page's sheet stands; absent when it stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PageRef>,
    /// What becomes of it: accepted when every contest and the ballots are.
    pub status: Status,
    /// Probability that every number but context is right, 0 to 1; 0 for a rejected page.
    pub confidence: f64,
    /// What form it is; `None` when no known form was found.
    pub form: Option<FormRef>,
    /// What the sheet says it is.
    pub sheet: SheetInfo,
    /// The contests, in the form's order.
    pub contests: Vec<Contest>,
    /// Who voted, and other counts that no contest owns.
    pub ballots: Ballots,
    /// What stands beside the results: sure, or `null`. It never holds a contest or the ballots back.
    pub context: BTreeMap<String, Value>,
    /// Where the sheet was issued, as it prints it: the names by the ids of the form's levels, in its order; `null` where
    /// one could not be read.
    pub place: Place,
    /// Probability that a name in `place` is right to the letter, by its field; nothing is decided by it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub place_confidence: BTreeMap<String, f64>,
    /// What a registry holds under the sheet's centre and table; absent where none was asked or it has no
    /// such table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryEntry>,
    /// The form's relations.
    pub checks: Vec<Check>,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// How the sheet sits in the photo; `None` when none was found.
    pub registration: Option<Registration>,
    /// What made this record.
    pub provenance: Provenance,
    /// How far people are with it; `None` where none looked. See [`Record::counts`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// A record of no page is none.
fn at_least_one<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Source>, D::Error> {
    let sources = Vec::deserialize(from)?;
    if sources.is_empty() { Err(D::Error::invalid_length(0, &"one source or more")) } else { Ok(sources) }
}

/// One question of the election.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contest {
    /// Short name, such as `president`.
    pub id: String,
    /// As a person would call it.
    pub name: String,
    /// What becomes of its numbers, whatever becomes of other contests.
    pub state: Status,
    /// Probability, at least, that each of its numbers is right.
    pub confidence: f64,
    /// What can be voted for, in printed order.
    pub choices: Vec<Choice>,
    /// Its totals by id.
    pub totals: BTreeMap<String, Value>,
    /// Sum of each candidate's choices; `None` when one is missing.
    pub candidates: BTreeMap<String, Option<u32>>,
}

/// What can be voted for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// Field id: the candidate's, `_` and the party.
    pub id: String,
    /// The candidate's short name.
    pub candidate: String,
    /// The party as printed.
    pub party: String,
    /// The party's code as printed.
    pub code: String,
    /// Its votes, all of them: what is added up.
    pub votes: Value,
    /// The other numbers of its row by name, such as the votes by the way they were given; absent where a row has one
    /// number. The id of each is the choice's, `_` and the name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
}

/// Counts that no contest owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ballots {
    /// What becomes of them.
    pub state: Status,
    /// Probability, at least, that each of them is right.
    pub confidence: f64,
    /// The counts by id.
    pub values: BTreeMap<String, Value>,
}

/// The file and page.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file's bytes; empty when it could not be read.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// Place among the sheets of its page, from 0.
    #[serde(default)]
    pub ordinal: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// File format, such as `jpeg`; empty when unknown.
    pub format: String,
}

/// Names a page of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageRef {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file's bytes.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
}

impl Source {
    /// This page's name.
    pub fn page_ref(&self) -> PageRef {
        PageRef { path: self.path.clone(), sha256: self.sha256.clone(), page: self.page }
    }
}

/// Which form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FormRef {
    /// The form's id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// How well the sheet fits it, 0 to 1.
    pub score: f64,
    /// What its page shows of the form's blocks; absent where the form has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    /// Of a sheet of several pages the forms of those after its first; absent of one page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<PageForm>,
}

/// The form of a page of a sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PageForm {
    /// The form's id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What the page shows of the form's blocks; absent where the form has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
}

/// What the sheet says it is; each `None` where it could not be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SheetInfo {
    /// The code, such as `021201003.02.1.0001`.
    pub code: Option<String>,
    /// The code of the centre, the form's last level but one, with leading zeros.
    pub centre: Option<String>,
    /// The number of the table, the form's last level, within its centre.
    pub table: Option<u32>,
    /// `votes`, `zero` for a zero report, `other`.
    pub kind: Option<String>,
    /// The UUID.
    pub uuid: Option<String>,
    /// Date and time of printing, ISO 8601 without zone.
    pub issued_at: Option<String>,
    /// 64 hexadecimal characters under the QR code; recorded, not verifiable.
    pub hash: Option<String>,
    /// The QR code's text.
    pub qr: Option<String>,
    /// What else says which sheet it is and that it is whole, by the form's name for it, such as `precinct`, `pages`
    /// or `status`; absent where the code says all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub identity: BTreeMap<String, Text>,
}

/// A text as the sheet prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// The most probable text.
    pub value: String,
    /// Probability that it is right to the letter.
    pub confidence: f64,
}

/// What a registry of tables holds of one, to be held against what is printed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RegistryEntry {
    /// Registered voters; `None` where the registry does not say.
    #[serde(alias = "electores")]
    pub registered: Option<u32>,
    /// Names by the ids of the form's levels, as far as the registry says.
    pub place: Place,
}

/// Names of places by the ids of the form's levels and other names, in its order.
pub type Place = IndexMap<String, Option<String>>;

/// One number with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    /// The most probable value; `None` when it could not be read.
    pub value: Option<u32>,
    /// Posterior probability of the value, 0 to 1.
    pub confidence: f64,
    /// Where the value comes from.
    pub basis: Basis,
    /// What each print says.
    pub prints: Prints,
    /// Other values with their probability, most probable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// The field's cells in photo pixels, digits to words; `None` when not located.
    pub quad: Option<Quad>,
    /// The page of `sources`, from 0, whose photo the quads are of and whose prints stand here; absent when it is this
    /// record's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<usize>,
    /// The person who set the value; `None` where the program did. `confidence` stays the program's
    /// probability for the value that stands here, 0 where it listed none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<SetBy>,
}

/// What each print of a number says; `None` where the sheet, the form or the photo lacks it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Prints {
    /// As digits.
    pub digits: Option<Print>,
    /// As words.
    pub words: Option<Print>,
    /// In the QR code.
    pub qr: Option<Print>,
    /// As its share of a total, in per cent; absent where the form prints none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<PercentPrint>,
}

/// What one print says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Print {
    /// Its most probable value; `None` for blank or unreadable.
    pub value: Option<u32>,
    /// The readers' probability for it, before other prints are heard.
    pub confidence: f64,
    /// Its cell in photo pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quad: Option<Quad>,
}

/// What a share says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PercentPrint {
    /// Its most probable value; `None` for blank or unreadable.
    pub value: Option<Percent>,
    /// The readers' probability for it, before other prints are heard.
    pub confidence: f64,
    /// Its cell in photo pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quad: Option<Quad>,
}

/// A value that could be meant instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The value.
    pub value: u32,
    /// Its posterior probability.
    pub confidence: f64,
}

/// How the sheet sits in the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// The whole frame in photo pixels.
    pub quad: Quad,
    /// Root mean square distance of the anchors, mm.
    pub residual_mm: f64,
    /// Share of the anchors found.
    pub anchors: f64,
    /// Photo pixels per millimetre of print at the frame's middle.
    pub px_per_mm: f64,
    /// The private block and what lies below it in photo pixels, to be covered in anything shown.
    pub private: Option<Quad>,
    /// Rungs of the mesh: form y in mm, then the photo points at the frame's left, middle and right.
    pub mesh: Vec<RungRecord>,
}

/// One rung of the mesh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RungRecord {
    /// Form y, mm.
    pub y: f64,
    /// Photo pixels at the frame's left, middle, right.
    pub points: [[f64; 2]; 3],
}

/// What made a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// Version of the program.
    pub cotejo: String,
    /// SHA-256 of the settings that can change a value.
    pub config: String,
    /// SHA-256 of the form's definition.
    pub form: Option<String>,
    /// SHA-256 of each model by name.
    pub models: BTreeMap<String, String>,
}
