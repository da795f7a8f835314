//! The record: what is handed over, one a page. Schema `cotejo.record/1`, kept stable.
//!
//! A sheet that was photographed more than once has one record that counts, its first page's:
//! `source.joined` lists all its pages, and the numbers are those of all of them together. The other
//! pages' records stay in their places, so that no page is missing, with `source.part_of` naming that
//! record, the status `rejected` (their numbers are not to be counted by themselves) and what the page
//! shows by itself. Who adds up accepted records, or accepted and reviewed ones, counts each sheet once.

mod build;
mod identity;
mod review;

pub use build::{Decided, build, registration, rejected, source};
pub(crate) use identity::pixel_key;
pub use identity::{Ordinals, SheetMark, Sheets, sheet_key};
pub use review::{Review, ReviewState, SetBy, SetHow};

use crate::decide::{self, Basis, Check, Status};
use crate::form::Form;
use crate::ground::finding::Finding;
use crate::ground::geometry::Quad;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name and version of the record's schema.
pub const SCHEMA: &str = "cotejo.record/1";

/// One input page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Always `cotejo.record/1`.
    pub schema: String,
    /// Where it comes from.
    pub source: Source,
    /// What becomes of it.
    pub status: Status,
    /// Probability that every number is right, 0 to 1; 0 for a rejected page.
    pub confidence: f64,
    /// What form it is; `None` when no known form was found.
    pub form: Option<FormRef>,
    /// What the sheet says it is.
    pub sheet: SheetInfo,
    /// Where the sheet was issued, as it prints it.
    pub place: Place,
    /// Probability that a name in `place` is right to the letter, by its field; nothing is decided by it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub place_confidence: BTreeMap<String, f64>,
    /// What a registry holds under the sheet's centre and table; absent where none was asked or it has no
    /// such table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<RegistryEntry>,
    /// The vote rows in printed order.
    pub votes: Vec<Vote>,
    /// The totals by id, `electores` among them.
    pub totals: BTreeMap<String, Value>,
    /// Sum of each candidate's rows; `None` when a row is missing.
    pub candidates: BTreeMap<String, Option<u32>>,
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

/// The file and page.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file's bytes; empty when it could not be read.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// Place among the sheets of its page, from 0; not written, because records stand in that order.
    #[serde(skip)]
    pub ordinal: u32,
    /// Pixels, EXIF orientation applied; 0 when it could not be decoded.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// File format, such as `jpeg`; empty when unknown.
    pub format: String,
    /// The pages that were read together into this record, this one first; empty when it is alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<PageRef>,
    /// The page in whose record this page's sheet stands; absent when it stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<PageRef>,
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

impl Record {
    /// The value of the field `id`, a vote or a total.
    pub fn value(&self, id: &str) -> Option<&Value> {
        self.votes.iter().find(|v| v.id == id).map(|v| &v.value).or_else(|| self.totals.get(id))
    }

    /// All numbers with the ids of their fields: votes in printed order, then totals by id.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, &Value)> {
        let votes = self.votes.iter().map(|v| (v.id.as_str(), &v.value));
        votes.chain(self.totals.iter().map(|(id, v)| (id.as_str(), v)))
    }

    /// Its form, if that is among the known ones.
    pub fn form_of<'f>(&self, forms: &'f [Form]) -> Option<&'f Form> {
        let own = self.form.as_ref()?;
        forms.iter().find(|form| form.id == own.id)
    }

    /// Whether its sheet stands in another record, so that it is not to be counted.
    pub fn is_part(&self) -> bool {
        self.source.part_of.is_some()
    }

    /// Marks it as a part of `whole`, with the finding that says why.
    pub fn become_part(&mut self, whole: &Source, finding: Finding) {
        self.source.part_of = Some(whole.page_ref());
        self.status = Status::Rejected;
        self.confidence = 0.0;
        self.findings = vec![finding];
    }

    /// Adds findings; one that asks for a person takes an acceptance back.
    pub fn hold(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.status = decide::hold_back(self.status, &mut self.findings);
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
}

/// What the sheet says it is; each `None` where it could not be read.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SheetInfo {
    /// The code, such as `021201003.02.1.0001`.
    pub code: Option<String>,
    /// The centre, nine digits with leading zeros.
    pub centre: Option<String>,
    /// The table (mesa) number.
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
}

/// What a registry of tables holds of one, to be held against what is printed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RegistryEntry {
    /// Registered voters; `None` where the registry does not say.
    pub electores: Option<u32>,
    /// Names; `None` where the registry does not say.
    pub place: Place,
}

/// Place names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// País.
    pub country: Option<String>,
    /// Estado.
    pub state: Option<String>,
    /// Municipio.
    pub municipality: Option<String>,
    /// Parroquia.
    pub parish: Option<String>,
    /// Name of the centre.
    pub centre: Option<String>,
    /// Address of the centre.
    pub address: Option<String>,
}

/// One vote row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vote {
    /// Field id, such as `NM_PSUV`.
    pub id: String,
    /// The party as printed.
    pub party: String,
    /// The party's code as printed.
    pub code: String,
    /// The candidate's short name.
    pub candidate: String,
    /// The number.
    #[serde(flatten)]
    pub value: Value,
}

/// One number with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    /// The most probable value; `None` when it could not be read.
    pub value: Option<u32>,
    /// Posterior probability of the value, 0 to 1.
    pub confidence: f64,
    /// Where the value comes from.
    pub basis: Basis,
    /// What each channel says.
    pub channels: Channels,
    /// Other values with their probability, most probable first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// The field's cells in photo pixels, digits to words; `None` when not located.
    pub quad: Option<Quad>,
    /// The page of `source.joined`, from 0, whose photo the quads are of and whose channels stand here;
    /// absent when it is this record's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<usize>,
    /// The person who set the value; `None` where the program did. `confidence` stays the program's
    /// probability for the value that stands here, 0 where it listed none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_by: Option<SetBy>,
}

/// What each channel says; `None` where the sheet, the form or the photo lacks it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Channels {
    /// As digits.
    pub digits: Option<ChannelValue>,
    /// As words.
    pub words: Option<ChannelValue>,
    /// In the QR code.
    pub qr: Option<ChannelValue>,
}

/// What one channel says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelValue {
    /// Its most probable value; `None` for blank or unreadable.
    pub value: Option<u32>,
    /// The readers' probability for it, before other channels are heard.
    pub confidence: f64,
    /// The channel's cell in photo pixels.
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
