//! A simulated sheet: what stands on it, and what simulated readers say of it.
//!
//! In: a form, a number, a [`Noise`]. Out: [`Printed`] and an [`Evidence`]. Refuses nothing.

use crate::form::{FieldIx, FieldKind, Form};
use crate::ground::geometry::Quad;
use crate::lab::synth::SynthRng;
use crate::lab::synth::values::{ValueMode, invent};
use crate::read::code::{QrOutcome, QrPayload};
use crate::read::cut::Quality;
use crate::read::evidence::{Evidence, TextEvidence};
use crate::read::glyphs::FieldEvidence;
use crate::read::glyphs::{CellReading, Distribution, ReaderId, Reading};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One sheet in this many is altered.
const ALTERED_ONE_IN: u64 = 20;

/// How a simulated reader errs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Share of cells that are read with doubt: the best candidate's probability is uniform between
    /// 0.4 and 0.999.
    pub doubtful: f64,
    /// Share of cells that are not readable at all.
    pub unreadable: f64,
    /// Probability that a cell read without doubt is wrong; the reader says 1e-4.
    pub confident_error: f64,
    /// Power to which a reader raises its probabilities: 1 calibrated, above 1 overconfident.
    pub sharpened: f64,
    /// Pixels a millimetre and sharpness of the print that is read so.
    pub print: (f64, f64),
}

/// Print of a scan at 200 dpi, and of a whole strip in 12 megapixels.
const SCANNED: (f64, f64) = (7.9, 0.3);
const PHOTOGRAPHED: (f64, f64) = (4.5, 0.14);

impl Noise {
    /// A reader as issue 3 asks for, on flat scans: 99.8 % of cells right by themselves.
    pub const SCAN: Noise =
        Noise { doubtful: 5e-3, unreadable: 5e-4, confident_error: 1e-4, sharpened: 1.0, print: SCANNED };
    /// The same reader on photos held in a hand.
    pub const PHOTO: Noise = Noise {
        doubtful: 5e-2,
        unreadable: 5e-3,
        confident_error: 2e-4,
        sharpened: 1.0,
        print: PHOTOGRAPHED,
    };
    /// A reader that is surer than it should be, beyond the floor at which it is believed.
    pub const OVERCONFIDENT: Noise =
        Noise { doubtful: 2e-2, unreadable: 1e-3, confident_error: 3e-3, sharpened: 3.0, print: SCANNED };
    /// A photo hardly worth reading, by a reader that knows it.
    pub const POOR: Noise =
        Noise { doubtful: 0.3, unreadable: 5e-2, confident_error: 1e-3, sharpened: 1.0, print: PHOTOGRAPHED };
    /// The same photo, by a reader that is surer than it should be.
    pub const HARD: Noise =
        Noise { doubtful: 0.3, unreadable: 5e-2, confident_error: 2e-3, sharpened: 1.5, print: PHOTOGRAPHED };

    /// Whether its print is as high and sharp as a clean scan's, on which every alteration is held.
    pub(super) fn clean(&self) -> bool {
        self.print == SCANNED
    }

    /// The models by name.
    pub const ALL: [(&'static str, Noise); 5] = [
        ("scan", Noise::SCAN),
        ("photo", Noise::PHOTO),
        ("overconfident", Noise::OVERCONFIDENT),
        ("poor", Noise::POOR),
        ("hard", Noise::HARD),
    ];
}

/// What was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// One number's digits.
    Digits,
    /// One number's words.
    Words,
    /// One vote's digits and words alike, the QR code left alone.
    DigitsAndWords,
    /// One total's digits and words alike.
    Total,
    /// Two rows exchanged in digits and words, so that the sum holds; shows only in the QR code.
    RowsExchanged,
    /// The digits of two rows exchanged.
    DigitsExchanged,
    /// The QR code is of another sheet.
    OtherQr,
}

impl Alteration {
    const ALL: [Alteration; 7] = [
        Alteration::Digits,
        Alteration::Words,
        Alteration::DigitsAndWords,
        Alteration::Total,
        Alteration::RowsExchanged,
        Alteration::DigitsExchanged,
        Alteration::OtherQr,
    ];

    /// Whether the sheet shows it without a QR code.
    pub(super) fn shows_without_qr(self) -> bool {
        !matches!(self, Alteration::RowsExchanged | Alteration::OtherQr)
    }
}

/// Values per channel as they stand on the paper.
pub(super) struct Printed {
    pub truth: Vec<u32>,
    digits: Vec<Option<u32>>,
    words: Vec<Option<u32>>,
    qr: Vec<Option<u32>>,
    qr_code: String,
    code: String,
    pub touched: Vec<FieldIx>,
    pub alteration: Option<Alteration>,
}

/// A made-up sheet, one in [`ALTERED_ONE_IN`] altered.
pub(super) fn print(form: &Form, number: u64, rng: &mut SynthRng) -> Printed {
    let sheet = invent(form, rng, ValueMode::Realistic);
    let carried = |ix: FieldIx| {
        let field = &form.fields[ix];
        matches!(field.kind, FieldKind::Vote { .. })
            || form.qr.as_ref().is_some_and(|q| q.grammar.capture_names().flatten().any(|n| n == field.id))
    };
    let truth: Vec<u32> = sheet.fields.iter().map(|f| f.value).collect();
    let mut printed = Printed {
        digits: sheet.fields.iter().map(|f| f.digits).collect(),
        words: sheet.fields.iter().map(|f| f.words).collect(),
        qr: (0..truth.len()).map(|ix| carried(ix).then_some(truth[ix])).collect(),
        truth,
        qr_code: sheet.code.clone(),
        code: sheet.code,
        touched: Vec::new(),
        alteration: None,
    };
    if number.is_multiple_of(ALTERED_ONE_IN) {
        let which = (number / ALTERED_ONE_IN) as usize % Alteration::ALL.len();
        alter(form, &mut printed, Alteration::ALL[which], rng);
    }
    printed
}

fn alter(form: &Form, printed: &mut Printed, alteration: Alteration, rng: &mut SynthRng) {
    let votes: Vec<FieldIx> = form.votes().collect();
    let totals: Vec<FieldIx> =
        (0..form.fields.len()).filter(|&ix| form.fields[ix].kind == FieldKind::Total).collect();
    let vote = votes[rng.random_range(0..votes.len())];
    let total = totals[rng.random_range(0..totals.len())];
    match alteration {
        Alteration::Digits => {
            printed.touched = vec![if rng.random_bool(0.7) { vote } else { total }];
            let ix = printed.touched[0];
            printed.digits[ix] = Some(near(form, printed.truth[ix], rng));
        }
        Alteration::Words => {
            printed.touched = vec![if rng.random_bool(0.7) { vote } else { total }];
            let ix = printed.touched[0];
            printed.words[ix] = Some(near(form, printed.truth[ix], rng));
        }
        Alteration::DigitsAndWords | Alteration::Total => {
            let ix = if alteration == Alteration::Total { total } else { vote };
            let value = Some(near(form, printed.truth[ix], rng));
            (printed.digits[ix], printed.words[ix]) = (value, value);
            printed.touched = vec![ix];
        }
        Alteration::RowsExchanged | Alteration::DigitsExchanged => {
            let unequal: Vec<FieldIx> =
                votes.iter().copied().filter(|&ix| printed.truth[ix] != printed.truth[vote]).collect();
            // A sheet whose rows are all alike cannot be altered so.
            let Some(&other) = unequal.get(rng.random_range(0..unequal.len().max(1))) else { return };
            printed.digits.swap(vote, other);
            if alteration == Alteration::RowsExchanged {
                printed.words.swap(vote, other);
            }
            printed.touched = vec![vote, other];
        }
        Alteration::OtherQr => {
            let other = invent(form, rng, ValueMode::Realistic);
            for (qr, field) in printed.qr.iter_mut().zip(&other.fields) {
                *qr = qr.map(|_| field.value);
            }
            printed.qr_code = other.code;
            printed.touched = votes;
        }
    }
    printed.alteration = Some(alteration);
}

/// A value that looks like `value`: one digit another, one more or one less.
fn near(form: &Form, value: u32, rng: &mut SynthRng) -> u32 {
    loop {
        let places = value.checked_ilog10().unwrap_or(0) + 1;
        let unit = 10u32.pow(rng.random_range(0..places));
        let other = match rng.random_range(0..8) {
            0 => value / 10,
            1 => value * 10 + rng.random_range(0..10),
            _ => value - (value / unit % 10) * unit + rng.random_range(0..10) * unit,
        };
        if other != value && other <= form.max_value() {
            return other;
        }
    }
}

pub(super) fn read(form: &Arc<Form>, printed: &Printed, noise: Noise, rng: &mut SynthRng) -> Evidence {
    let mut evidence = Evidence::new(form.clone());
    for (ix, field) in evidence.fields.iter_mut().enumerate() {
        *field = FieldEvidence {
            digits: printed.digits[ix].map(|v| read_cell(form, v, noise, rng)),
            words: printed.words[ix].map(|v| read_cell(form, v, noise, rng)),
        };
    }
    if rng.random_bool(0.9) {
        evidence.texts.insert("code".to_owned(), TextEvidence::said(&printed.code, 0.995));
    }
    evidence.qr = QrOutcome::Read(QrPayload {
        text: String::new(),
        code: printed.qr_code.clone(),
        centre: String::new(),
        table: String::new(),
        values: printed.qr.clone(),
        quad: Quad([[0.0; 2]; 4]),
    });
    evidence
}

/// What a reader of this noise says of a cell that shows `value`.
fn read_cell(form: &Form, value: u32, noise: Noise, rng: &mut SynthRng) -> CellReading {
    let kind: f64 = rng.random();
    let distribution = if kind < noise.unreadable {
        Distribution::unreadable()
    } else {
        let doubtful = kind < noise.unreadable + noise.doubtful;
        let best = if doubtful { rng.random_range(0.4..0.999) } else { 1.0 - 1e-4 };
        // The others share the rest by halves; what is left is on values that are not listed.
        let mut weights = vec![best];
        let mut rest = 1.0 - best;
        for _ in 0..4 {
            rest /= 2.0;
            weights.push(rest);
        }
        let place = if doubtful {
            pick(&weights, rng)
        } else if rng.random_bool(noise.confident_error) {
            Some(1)
        } else {
            Some(0)
        };
        let mut candidates: Vec<(u32, f64)> = Vec::new();
        for (i, &w) in weights.iter().enumerate() {
            let candidate = if Some(i) == place { value } else { near(form, value, rng) };
            // A candidate drawn twice would stand twice in the list: its weight joins the unlisted.
            let taken =
                candidates.iter().any(|c| c.0 == candidate) || (candidate == value && Some(i) != place);
            if !taken {
                candidates.push((candidate, w.powf(noise.sharpened)));
            }
        }
        Distribution::from_weights(candidates, 0.0, rest.powf(noise.sharpened))
    };
    let (px_per_mm, sharpness) = noise.print;
    let quality = Quality { contrast: 0.8, coverage: 1.0, px_per_mm, residual: 0.1, sharpness };
    CellReading {
        readings: vec![Reading { reader: ReaderId::Net, distribution }],
        quality,
        covered: Vec::new(),
    }
}

/// An index with the probability of its weight; `None` with what is missing to 1.
fn pick(weights: &[f64], rng: &mut SynthRng) -> Option<usize> {
    let mut u: f64 = rng.random();
    weights.iter().position(|w| {
        u -= w;
        u < 0.0
    })
}

impl Printed {
    /// Whether no print that was changed says what was changed: each is read as the number that the machine printed, or
    /// not read at all. No reading then differs from those of an untouched sheet.
    pub fn unseen(&self, evidence: &Evidence) -> bool {
        let as_before = |cell: &Option<CellReading>, print: Option<u32>, truth: u32| {
            let read = || cell.as_ref().and_then(CellReading::best).map(|b| b.0);
            print.is_none_or(|p| p == truth) || read().is_none_or(|v| v == truth)
        };
        self.alteration != Some(Alteration::OtherQr)
            && self.touched.iter().all(|&ix| {
                let (truth, field) = (self.truth[ix], &evidence.fields[ix]);
                as_before(&field.digits, self.digits[ix], truth)
                    && as_before(&field.words, self.words[ix], truth)
            })
    }
}
