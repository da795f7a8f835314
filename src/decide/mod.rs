//! The one module that decides.

use crate::finding::Finding;
use crate::form::Form;
use crate::qr::QrOutcome;
use crate::reader::CellReading;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that was measured about one field.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldEvidence {
    /// The digits as read; `None` when the cell is not on the photo or the form has none.
    pub digits: Option<CellReading>,
    /// The words as read.
    pub words: Option<CellReading>,
}

/// Everything that was measured about one sheet.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// What sheet it is.
    pub form: &'a Form,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldEvidence>,
    /// The QR code.
    pub qr: QrOutcome,
    /// The acta code as printed in the header, with the probability that it is right.
    pub printed_code: Option<(String, f64)>,
}

/// What is asked of a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// The largest probability that any number of an accepted sheet is wrong.
    pub max_error: f64,
}

/// What becomes of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every number is certain enough.
    Accepted,
    /// A person has to look.
    Review,
    /// It cannot be used.
    Rejected,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// A channel says it.
    Read,
    /// The relations overruled what the best channel says.
    Corrected,
    /// No channel could be read; the relations determine it.
    Filled,
}

/// What is decided about one field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDecision {
    /// The most probable value; `None` when nothing could be read.
    pub value: Option<u32>,
    /// Posterior probability of the value.
    pub confidence: f64,
    /// Where it comes from.
    pub basis: Basis,
    /// Other values with their posterior probability, most probable first, at most four.
    pub alternatives: Vec<(u32, f64)>,
}

/// A relation of the form on the decided values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The relation's id.
    pub id: String,
    /// Whether it holds; `None` when a value is missing.
    pub holds: Option<bool>,
    /// The left side.
    pub left: Option<u32>,
    /// The right side.
    pub right: Option<u32>,
}

/// What is decided about one sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Accepted, review or rejected.
    pub status: Status,
    /// Probability that every number is right.
    pub confidence: f64,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldDecision>,
    /// The form's relations, in its order.
    pub checks: Vec<Check>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}
