//! What was measured on a sheet, print by print. Nothing in it is concluded.
//!
//! In: the readings of a photo's cells and lines. Out: an [`Evidence`], which [`crate::decide`] decides on, alone or
//! joined with that of other photos of the sheet. Refuses nothing: what was not seen is not there. Written down, it
//! is read only with the form that it was measured with.

use crate::form::{FieldIx, Form, Layout};
use crate::ground::geometry::Quad;
use crate::ground::percent;
use crate::read::belief::{Signs, Texts};
use crate::read::code::QrOutcome;
use crate::read::glyphs::{CellReading, FieldEvidence, ReaderId};
use crate::read::photo::Origin;
use crate::read::sheet::{Mesh, Sheet};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What one reader says of a line of text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextReading {
    /// Who read.
    pub reader: ReaderId,
    /// What it says.
    pub says: Texts,
    /// The same sign by sign, of a text of which the form says where digits stand.
    #[serde(default, skip_serializing_if = "Signs::is_empty")]
    pub signs: Signs,
}

/// So many texts are listed of what is said sign by sign.
const LISTED: usize = 8;

impl TextReading {
    /// What a reader says.
    pub fn of(reader: ReaderId, says: Texts) -> Self {
        Self { reader, says, signs: Signs::default() }
    }

    /// Texts with probabilities; what they lack of 1 is another text.
    pub fn listed(reader: ReaderId, texts: Vec<(String, f64)>) -> Self {
        Self::of(reader, Texts::listed(texts))
    }

    /// What is said sign by sign of a line that is such a text with the probability `fits`.
    pub fn of_signs(reader: ReaderId, signs: Signs, fits: f64) -> Self {
        let texts = signs.texts(LISTED).into_iter().map(|(text, p)| (text, p * fits)).collect();
        Self { reader, says: Texts::listed(texts), signs: signs.doubted(1.0 - fits) }
    }

    /// Nothing was readable.
    pub fn unreadable(reader: ReaderId) -> Self {
        Self::of(reader, Texts::unreadable())
    }
}

/// A line of text as printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TextLine {
    /// The readings, the first reader's first.
    pub readings: Vec<TextReading>,
    /// Where it stands, photo pixels.
    pub quad: Quad,
    /// Stretches of its ink that a mask covers, as shares of its width from 0 to 1.
    pub covered: Vec<(f64, f64)>,
}

/// A text of the header or the foot: its lines, from top to bottom.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TextEvidence {
    /// See above.
    pub lines: Vec<TextLine>,
}

impl TextEvidence {
    /// A text on one line that one reader gives this probability.
    pub fn said(text: &str, p: f64) -> Self {
        let readings = vec![TextReading::listed(ReaderId::Lines, vec![(text.to_owned(), p)])];
        Self { lines: vec![TextLine { readings, quad: Quad::default(), covered: Vec::new() }] }
    }
}

/// How a sheet lies in its picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Placed {
    /// Form millimetres to photo pixels.
    pub mesh: Mesh,
    /// How well the print fits the form, 0 to 1.
    pub score: f64,
    /// Root mean square distance of the anchors, mm.
    pub residual: f64,
    /// Share of the anchors found.
    pub anchors: f64,
    /// Form y range, mm, whose print was found.
    pub visible: (f64, f64),
}

impl Placed {
    /// Of a sheet that was found.
    pub fn of(sheet: &Sheet) -> Self {
        let Sheet { mesh, score, residual, anchors, visible, .. } = sheet.clone();
        Self { mesh, score, residual, anchors, visible }
    }
}

/// What was measured, whatever the form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    /// The picture.
    pub origin: Origin,
    /// How the sheet lies there; `None` where only its code was found.
    pub placed: Option<Placed>,
    /// One entry a field of the form, in its order.
    pub fields: Vec<FieldEvidence>,
    /// What was read of numbers printed once more as shares, by their field: hundredths of a per cent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<FieldIx, CellReading>,
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

impl Measured {
    /// Whether it speaks of the form's fields alone and of numbers that they can print.
    fn fits(&self, form: &Form) -> bool {
        let (n, most) = (form.fields.len(), form.max_value());
        let mut read = self.fields.iter().flat_map(|f| [&f.digits, &f.words]).flatten();
        let printable =
            |c: &CellReading| c.readings.iter().flat_map(|r| &r.distribution.values).all(|v| v.0 <= most);
        let code = match &self.qr {
            QrOutcome::Read(payload) => payload.values.len() == n,
            _ => true,
        };
        let mesh = self.placed.as_ref().is_none_or(|p| p.mesh.rungs.len() >= 2 && p.mesh.width > 0.0);
        let known = self.places.keys().chain(&self.glare).all(|&ix| ix < n);
        let share = |(ix, c): (&FieldIx, &CellReading)| {
            let values = || c.readings.iter().flat_map(|r| &r.distribution.values);
            form.fields.get(*ix).is_some_and(|f| f.share.is_some()) && values().all(|v| v.0 <= percent::WHOLE)
        };
        let known = known && self.shares.iter().all(share);
        self.fields.len() == n && read.all(printable) && code && mesh && known
    }

    /// Nothing yet, of a sheet of `form`.
    pub fn of(form: &Form) -> Self {
        Self { fields: vec![FieldEvidence::default(); form.fields.len()], ..Self::default() }
    }
}

/// Everything that was measured about one sheet: what a decision and a record are made of, without a pixel. Owned,
/// so that it travels between threads, and as JSON ([`Evidence::to_json`]) between processes.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What sheet it is.
    pub form: Arc<Form>,
    /// What was measured.
    pub measured: Measured,
}

impl Deref for Evidence {
    type Target = Measured;

    fn deref(&self) -> &Measured {
        &self.measured
    }
}

impl DerefMut for Evidence {
    fn deref_mut(&mut self) -> &mut Measured {
        &mut self.measured
    }
}

/// Name and version of what [`Evidence::to_json`] writes.
pub const SCHEMA: &str = "cotejo.evidence/1";

/// At most this many values of a cell are kept: as many as a decision hears.
const KEPT: usize = 32;

/// Values below this probability are not kept: a hundredth of what the floor of a reader, 1e-3, gives each of 10,000
/// values.
const NEGLIGIBLE: f64 = 1e-9;

/// Evidence that is not of this program and its forms.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No evidence at all.
    #[error("this is no evidence: {0}")]
    Json(#[from] serde_json::Error),
    /// Of a program that writes it otherwise.
    #[error("this is evidence \"{0}\", and \"{SCHEMA}\" is known; use the program that wrote it")]
    Schema(String),
    /// The form is not among the known ones.
    #[error("this is evidence of form \"{0}\", which is not known; give its file with --forms")]
    Form(String),
    /// The form has changed since.
    #[error("form \"{0}\" has changed since this was measured; digitize the picture again")]
    Changed(String),
    /// Not of its form's fields and numbers.
    #[error("the evidence does not fit its form \"{0}\": it was changed; digitize the picture again")]
    Shape(String),
}

/// The line of a file of evidence.
#[derive(Serialize, Deserialize)]
struct Stored<M> {
    schema: String,
    form: String,
    form_sha256: String,
    /// What the page shows of the form's blocks, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<Layout>,
    measured: M,
}

impl Evidence {
    /// A sheet of `form` on which nothing was measured yet.
    pub fn new(form: impl Into<Arc<Form>>) -> Self {
        let form = form.into();
        Self { measured: Measured::of(&form), form }
    }

    /// Without what no decision looks at: listed values far below the floor at which no reader is believed join the
    /// unlisted ones.
    #[must_use]
    pub fn slimmed(mut self) -> Self {
        let Measured { fields, shares, .. } = &mut self.measured;
        let cells = fields.iter_mut().flat_map(|f| [&mut f.digits, &mut f.words]).flatten();
        let cells = cells.chain(shares.values_mut());
        for reading in cells.flat_map(|cell| &mut cell.readings) {
            let d = &mut reading.distribution;
            let keep = d.values.iter().take(KEPT).take_while(|v| v.1 >= NEGLIGIBLE).count();
            d.other += d.values.drain(keep..).map(|v| v.1).sum::<f64>();
            d.values.shrink_to_fit();
        }
        self
    }

    /// As a line of JSON without an end of line: all numbers are read back as they were.
    ///
    /// # Errors
    /// None is known.
    pub fn to_json(&self) -> Result<String, EvidenceError> {
        Ok(serde_json::to_string(&Stored {
            schema: SCHEMA.to_owned(),
            form: format!("{}/{}", self.form.id, self.form.version),
            form_sha256: self.form.sha256.clone(),
            layout: self.form.layout.clone(),
            measured: &self.measured,
        })?)
    }

    /// What [`Evidence::to_json`] wrote, of one of `forms`.
    ///
    /// # Errors
    /// It is not of this program, or not of one of these forms as they are.
    pub fn from_json(json: &str, forms: &[Arc<Form>]) -> Result<Self, EvidenceError> {
        let stored: Stored<&RawValue> = serde_json::from_str(json)?;
        if stored.schema != SCHEMA {
            return Err(EvidenceError::Schema(stored.schema));
        }
        let named = |f: &&Arc<Form>| format!("{}/{}", f.id, f.version) == stored.form;
        let form = forms.iter().find(named).ok_or_else(|| EvidenceError::Form(stored.form.clone()))?;
        if form.sha256 != stored.form_sha256 {
            return Err(EvidenceError::Changed(stored.form));
        }
        let shape = || EvidenceError::Shape(stored.form.clone());
        let form = form.page(stored.layout.as_ref()).ok_or_else(shape)?;
        let measured: Measured = serde_json::from_str(stored.measured.get())?;
        if !measured.fits(&form) {
            return Err(EvidenceError::Shape(stored.form));
        }
        Ok(Self { form, measured })
    }
}

#[cfg(test)]
mod tests;
