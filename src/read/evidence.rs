//! What was measured on a sheet, print by print. Nothing in it is concluded.
//!
//! In: the readings of a photo's cells and lines. Out: an [`Evidence`], which [`crate::decide`] decides on, alone or
//! joined with that of other photos of the sheet. Refuses nothing: what was not seen is not there.

use crate::form::{FieldIx, Form};
use crate::read::code::QrOutcome;
use crate::read::glyphs::FieldEvidence;

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
    /// The date printed in the header, `DD/MM/YYYY`, with the probability that it is right.
    pub issued: Option<(String, f64)>,
    /// The longest run of rows whose names fit the next row, or the one before, better than their own.
    pub rows_mistaken: usize,
    /// Fields with a cell that light hides in part.
    pub glare: Vec<FieldIx>,
    /// How many streaks were taken out of the photo before it was read.
    pub streaks: usize,
}

impl<'a> Evidence<'a> {
    /// A sheet of `form` on which nothing was measured yet.
    pub fn new(form: &'a Form) -> Self {
        Self {
            form,
            fields: vec![FieldEvidence::default(); form.fields.len()],
            qr: QrOutcome::NotLooked,
            printed_code: None,
            issued: None,
            rows_mistaken: 0,
            glare: Vec::new(),
            streaks: 0,
        }
    }
}
