//! What was measured on a sheet, print by print. Nothing in it is concluded.
//!
//! In: the readings of a photo's cells and lines. Out: an [`Evidence`], which [`crate::decide`] decides on, alone or
//! joined with that of other photos of the sheet. Refuses nothing: what was not seen is not there.

use crate::form::{FieldIx, Form};
use crate::ground::geometry::Quad;
use crate::read::belief::Texts;
use crate::read::code::QrOutcome;
use crate::read::glyphs::{FieldEvidence, ReaderId};
use std::collections::BTreeMap;

/// What one reader says of a line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextReading {
    /// Who read.
    pub reader: ReaderId,
    /// What it says.
    pub says: Texts,
}

/// A line of text as printed.
#[derive(Debug, Clone, PartialEq)]
pub struct TextLine {
    /// The readings, the first reader's first.
    pub readings: Vec<TextReading>,
    /// Where it stands, photo pixels.
    pub quad: Quad,
    /// Stretches of its ink that a mask covers, as shares of its width from 0 to 1.
    pub covered: Vec<(f64, f64)>,
}

/// A text of the header or the foot: its lines, from top to bottom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TextEvidence {
    /// See above.
    pub lines: Vec<TextLine>,
}

impl TextEvidence {
    /// A text on one line that one reader gives this probability.
    pub fn said(text: &str, p: f64) -> Self {
        let says = Texts::listed(vec![(text.to_owned(), p)]);
        let readings = vec![TextReading { reader: ReaderId::Lines, says }];
        Self { lines: vec![TextLine { readings, quad: Quad::default(), covered: Vec::new() }] }
    }
}

/// Everything that was measured about one sheet.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// What sheet it is.
    pub form: &'a Form,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldEvidence>,
    /// The texts around the table that were found, by the id of their line in the form.
    pub texts: BTreeMap<String, TextEvidence>,
    /// Where the numbers stand whose place the form does not give, photo pixels.
    pub places: BTreeMap<FieldIx, Quad>,
    /// The QR code.
    pub qr: QrOutcome,
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
            texts: BTreeMap::new(),
            places: BTreeMap::new(),
            qr: QrOutcome::NotLooked,
            rows_mistaken: 0,
            glare: Vec::new(),
            streaks: 0,
        }
    }
}
