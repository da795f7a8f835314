//! The QR code: found, decoded, parsed strictly by the form's grammar.

use crate::geometry::Quad;

/// A payload that fits the form's grammar.
#[derive(Debug, Clone, PartialEq)]
pub struct QrPayload {
    /// The text as decoded.
    pub text: String,
    /// Group `code`.
    pub code: String,
    /// Group `centre`.
    pub centre: String,
    /// Group `table`.
    pub table: String,
    /// One entry a field of the form, in the form's order: `None` where the QR does not carry it.
    pub values: Vec<Option<u32>>,
    /// Corners in photo pixels.
    pub quad: Quad,
}

/// What looking for the QR code came to.
#[derive(Debug, Clone, PartialEq)]
pub enum QrOutcome {
    /// The form has none, or it was not to be looked at (`--no-qr`).
    NotLooked,
    /// Nothing decodable was found.
    NotFound,
    /// Something was decoded that does not fit the grammar; its text, shortened to 200 characters.
    Foreign(String),
    /// Decoded and parsed.
    Read(QrPayload),
}
