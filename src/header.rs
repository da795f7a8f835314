//! The header: what stands above the frame, and the hash lines below.

use crate::geometry::Quad;
use crate::reader::CellReading;
use crate::record::Place;

/// A line of text as read.
#[derive(Debug, Clone, PartialEq)]
pub struct TextReading {
    /// The text, in the form that the record uses.
    pub text: String,
    /// Probability that every character is right, 0 to 1.
    pub confidence: f64,
    /// Where it stands, photo pixels.
    pub quad: Quad,
}

/// What was read around the frame; `None` where it could not be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeaderReading {
    /// The acta code.
    pub code: Option<TextReading>,
    /// The UUID.
    pub uuid: Option<TextReading>,
    /// ISO 8601.
    pub issued_at: Option<TextReading>,
    /// Place names.
    pub place: Place,
    /// Nine digits.
    pub centre_code: Option<TextReading>,
    /// The number of voters.
    pub electores: Option<CellReading>,
    /// 64 hexadecimal characters.
    pub hash: Option<TextReading>,
}
