//! From what the readers say to the likelihood of a field's value, and the contradictions between channels.
//!
//! In: the evidence of one field. Out: [`Heard`], a likelihood a channel (fused over its readers),
//! their joint likelihood, and whether prints disagree with a number ([`super::prints`]).
//!
//! A reader's distribution is its posterior under a flat prior over values, so it is proportional to
//! the likelihood of its crop. No reader is believed beyond its floor: with that probability what it
//! says is unrelated to what is printed. Readers of one cell share its pixels, so that the product of
//! their likelihoods is bounded again by the cell's floor, which also stands for damage and for a
//! single channel that was altered, and which grows where the pixels are poor. Channels err
//! independently of each other, save for a small prior that digits and words of one field show one
//! and the same value that is not the field's (altered together, or both cells cut from another row).
//! The QR code is decoded with error correction and is nearly exact. Every value has the same prior:
//! the program has no opinion about who gets votes.

use super::prints::{LISTED, Print, reader_floor, says};
use super::weights::Weights;
use crate::form::FieldIx;
use crate::ground::percent::Percent;
use crate::read::code::QrOutcome;
use crate::read::cut::Quality;
use crate::read::evidence::Evidence;
use crate::read::glyphs::{CellReading, Channel, ReaderId, Reading};

/// How much of what a reader does not list, its floor included, is the value that it says with one
/// figure another; the rest is any value. A misread number keeps its length more often than not, and a
/// lone figure has nine others, not ten thousand. Chosen, not measured on real cells. On 6,000 made-up
/// sheets of `Noise::HARD` without QR code that stated 1e-3 to 1e-2, 51 were wrong for 2.9 stated without
/// it, 5 for 4.6 with it; of those that stated less, 18 for 0.3 and none for 0.4.
const NEAR: f64 = 0.5;

/// From this probability on a reading is not doubtful.
const NOT_DOUBTFUL: f64 = 0.9;

/// How far readers are believed on a sheet, by how many of its cells they doubt. Readers are calibrated
/// on sheets that they read well; a sheet with many doubtful cells is unlike those, and there they are
/// surer than they should be. The slopes are from [`crate::lab::eval::simulate`], 10,000 sheets of
/// `Noise::HARD` (November 2026, before every print had to show the value): without them 9 of 1,795 accepted
/// sheets were wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliance {
    /// Share of the cells that are doubtful, 0 to 1.
    pub doubtful: f64,
    /// Probabilities are raised to this power, at most 1.
    power: f64,
    /// Readers' floors are multiplied by this, at least 1.
    floors: f64,
}

impl Reliance {
    /// As calibrated.
    pub const FULL: Reliance = Reliance { doubtful: 0.0, power: 1.0, floors: 1.0 };

    /// On a sheet of which `doubtful` (0 to 1) of the cells are doubtful.
    pub fn with_doubtful(doubtful: f64) -> Self {
        Self { doubtful, power: 1.0 / (1.0 + 3.0 * doubtful), floors: 1.0 + 30.0 * doubtful }
    }

    /// By the doubtful share of all readings of the sheet.
    pub fn of(evidence: &Evidence) -> Self {
        let cells = evidence.fields.iter().flat_map(|f| [&f.digits, &f.words]).flatten();
        let (mut all, mut doubtful) = (0u32, 0u32);
        for cell in cells.filter(|c| !c.readings.is_empty()) {
            let sure = |r: &Reading| {
                let d = &r.distribution;
                d.values.first().is_some_and(|v| v.1 >= NOT_DOUBTFUL) || d.blank >= NOT_DOUBTFUL
            };
            all += 1;
            doubtful += u32::from(!cell.readings.iter().any(sure));
        }
        if all == 0 { Self::FULL } else { Self::with_doubtful(f64::from(doubtful) / f64::from(all)) }
    }
}

/// How often a cell shows something else than its field's value: damaged or altered. Prior, not
/// measured: no such cell among some 4,000 of the scans at hand.
const CELL_FLOOR: f64 = 2e-4;

/// How often digits and words of a field agree on a value that is not the field's. Prior: coincident
/// misreadings alone come to about (1e-3)² / 36 near values = 3e-8.
pub const TOGETHER: f64 = 1e-6;

/// How often a decoded QR code carries a wrong number: miscorrected Reed-Solomon blocks that pass the
/// form's strict grammar too. Not measured.
const QR_FLOOR: f64 = 1e-7;

/// A channel with this much on listed values is named with what it says; below it is taken for unreadable.
const SAYS: f64 = 0.3;

/// From this share of the listed values on a channel says one value.
const ONE_VALUE: f64 = 0.9;

/// What is heard about one field.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Digits, normalised; `None` where there is no such cell.
    pub digits: Option<Weights>,
    /// Words.
    pub words: Option<Weights>,
    /// QR code, if it carries the field and belongs to the sheet.
    pub qr: Option<Weights>,
    /// Its share of another number, as read.
    pub percent: Option<Percent>,
    /// The prints that were read, digits before words, for the question whether they show a number.
    pub prints: Vec<Print>,
    /// All believed channels together, normalised.
    pub likelihood: Weights,
}

impl Heard {
    /// The channels with their likelihoods, in the order digits, words, QR.
    pub fn channels(&self) -> impl Iterator<Item = (Channel, &Weights)> {
        [(Channel::Digits, &self.digits), (Channel::Words, &self.words), (Channel::Qr, &self.qr)]
            .into_iter()
            .filter_map(|(channel, weights)| weights.as_ref().map(|w| (channel, w)))
    }

    /// What the channels say that can be read at all.
    pub fn readable(&self) -> Vec<(Channel, u32)> {
        self.channels()
            .filter(|(_, w)| w.listed() >= SAYS)
            .filter_map(|(channel, w)| w.best().map(|(value, _)| (channel, value)))
            .collect()
    }

    /// How rarely all prints are read as these are where they show `value`: each errs by itself. 1 where each
    /// rather shows it. A print that is read with doubt is a misreading, two in one number seldom are.
    pub fn surprise(&self, value: u32) -> f64 {
        let prints: f64 = self.prints.iter().map(|p| p.surprise(value)).product();
        prints * if self.qr.as_ref().and_then(says).is_some_and(|v| v != value) { QR_FLOOR } else { 1.0 }
    }

    /// Whether the prints are no mere misreadings of `value`.
    pub fn disagrees(&self, value: u32, level: f64) -> bool {
        self.surprise(value) < level
    }

    /// Whether, among several, no number is one that all prints may show.
    pub fn contradictory(&self, level: f64) -> bool {
        let qr = self.qr.as_ref().and_then(says);
        let said: Vec<u32> = self.prints.iter().filter_map(Print::shows).chain(qr).collect();
        said.len() > 1 && said.iter().all(|&v| self.disagrees(v, level))
    }

    /// The prints that show no number rather than `value`, or another one.
    pub fn astray(&self, value: u32) -> impl Iterator<Item = &Print> {
        self.prints.iter().filter(move |p| p.shows() != Some(value))
    }

    /// Whether the QR code contradicts the print: what can be read of it.
    pub fn qr_contradicts_print(&self) -> bool {
        let Some(code) = self.qr.as_ref().and_then(says) else { return false };
        self.prints.iter().any(|p| p.shows().is_some() && p.disagrees(code))
            && self.prints.iter().all(|p| p.shows().is_none() || p.disagrees(code))
    }

    /// The value that two channels show with confidence and no third one contradicts.
    pub fn agreed(&self) -> Option<u32> {
        let said: Vec<u32> = self.channels().filter_map(|(_, w)| clear_value(w)).collect();
        (said.len() >= 2 && said.iter().all(|v| *v == said[0])).then(|| said[0])
    }
}

/// The one value that a channel says with confidence.
pub fn clear_value(w: &Weights) -> Option<u32> {
    w.best().map(|b| b.0).filter(|&v| share(w, v) >= ONE_VALUE)
}

/// Probability of `value`, given that the channel is readable; 0 when it is not.
fn share(w: &Weights, value: u32) -> f64 {
    if w.listed() < SAYS { 0.0 } else { w.atom(value) / w.listed() }
}

/// Hears the channels of field `ix`. The QR code counts only if `qr` says that it belongs to the
/// sheet.
pub fn hear(evidence: &Evidence, ix: FieldIx, qr: QrTrust, reliance: Reliance) -> Heard {
    let modulus = evidence.form.max_value() + 1;
    let field = &evidence.fields[ix];
    let cell = |cell: &Option<CellReading>| cell.as_ref().map(|c| said_by(c, modulus, reliance)).unzip();
    let (digits, near_digits) = cell(&field.digits);
    let (words, near_words) = cell(&field.words);
    let code = qr_value(evidence, ix)
        .filter(|_| qr == QrTrust::Belongs)
        .map(|value| Weights::at(value, QR_FLOOR, modulus));
    let mut likelihood = Weights::flat(1.0, modulus);
    if let (Some(d), Some(w)) = (&near_digits, &near_words) {
        // Both intact or one of them not (their floors); or both showing another value.
        let together = Weights::flat(TOGETHER * f64::from(modulus) * d.overlap(w), modulus);
        likelihood = d.times(w).scaled(f64::from(modulus)).plus(&together);
    } else if let Some(w) = near_digits.as_ref().or(near_words.as_ref()) {
        likelihood = w.clone();
    }
    if let Some(w) = &code {
        likelihood = likelihood.normalised().0.times(w);
    }
    let prints = [(Channel::Digits, &field.digits), (Channel::Words, &field.words)]
        .into_iter()
        .filter_map(|(channel, cell)| {
            let cell = cell.as_ref().filter(|c| !c.readings.is_empty())?;
            Some(Print::of(cell, channel, evidence, ix))
        })
        .collect();
    Heard {
        digits,
        words,
        qr: code,
        percent: None,
        prints,
        likelihood: likelihood.normalised().0.standing_out(LISTED),
    }
}

/// Whether the QR code takes part in the inference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QrTrust {
    /// It belongs to this sheet.
    Belongs,
    /// It belongs to another sheet: shown, compared, not believed.
    Foreign,
}

/// What the QR code says of field `ix`.
pub fn qr_value(evidence: &Evidence, ix: FieldIx) -> Option<u32> {
    match &evidence.qr {
        QrOutcome::Read(payload) => payload.values.get(ix).copied().flatten(),
        _ => None,
    }
}

/// What a printed channel says of a field: its most probable value by all its readers together, as the
/// decision hears them, and its probability; `(None, p)` with the probability of "blank or unreadable" when
/// that is likelier.
pub type Said = (Option<u32>, f64);

/// What digits and words say of each field; `None` where there is no such cell.
pub fn said(evidence: &Evidence) -> Vec<[Option<Said>; 2]> {
    let (modulus, reliance) = (evidence.form.max_value() + 1, Reliance::of(evidence));
    let one = |cell: &CellReading| {
        let weights = cell_weights(cell, modulus, reliance);
        let said = says(&weights);
        (said, said.map_or(weights.rest(), |value| weights.weight(value)))
    };
    evidence.fields.iter().map(|f| [&f.digits, &f.words].map(|c| c.as_ref().map(one))).collect()
}

/// What the readers of one cell say, normalised; and the same as a likelihood, in which what they do not list is more
/// probable near what they do.
fn said_by(cell: &CellReading, modulus: u32, reliance: Reliance) -> (Weights, Weights) {
    let mut fused = Weights::flat(1.0, modulus);
    let mut near = fused.clone();
    for reading in &cell.readings {
        let d = &reading.distribution;
        let said = Weights::from_atoms(d.values.iter().copied(), d.blank + d.other, modulus).normalised().0;
        let floor = (reader_floor(reading.reader) * reliance.floors).min(0.5);
        // A further network on the same pixels errs with the first: what it adds is worth its root.
        let worth = if reading.reader == ReaderId::Lines && cell.readings.len() > 1 { 0.5 } else { 1.0 };
        let said = said.tempered(reliance.power * worth).blurred(floor).standing_out(LISTED);
        near = near.times(&said.clone().gathered(NEAR).standing_out(LISTED)).normalised().0;
        fused = fused.times(&said).normalised().0;
    }
    let floor = CELL_FLOOR.max(1.0 - trust(&cell.quality)).min(1.0);
    (fused.blurred(floor), near.blurred(floor))
}

/// What the readers of one cell say together, normalised.
pub fn cell_weights(cell: &CellReading, modulus: u32, reliance: Reliance) -> Weights {
    said_by(cell, modulus, reliance).0
}

/// How far the pixels allow a cell to be believed, 0 to 1. The factors say what goes wrong with poor
/// pixels; their slopes are chosen, not measured:
/// - coverage: a number whose first digit lies outside the photo reads as a smaller number, so that
///   half of what is missing is doubt (2 % are left for the cell's margins);
/// - residual: beyond a quarter of the narrowest row pitch (3.2 mm / 4) the cell may be the next row's;
/// - resolution: at 200 dpi (7.9 px/mm) a digit is 10 px high; below 4 px/mm the readers guess;
/// - contrast: below 0.1 print and paper grain look alike.
pub fn trust(quality: &Quality) -> f64 {
    let ramp = |x: f64, none: f64, full: f64| ((x - none) / (full - none)).clamp(0.0, 1.0);
    let coverage = 1.0 - 0.5 * (1.0 - ramp(quality.coverage, 0.0, 0.98));
    let residual = 1.0 - 0.5 * ramp(quality.residual, 0.8, 2.4);
    let resolution = 1.0 - 0.2 * (1.0 - ramp(quality.px_per_mm, 2.0, 4.0));
    let contrast = 1.0 - 0.2 * (1.0 - ramp(quality.contrast, 0.02, 0.10));
    coverage * residual * resolution * contrast
}

/// What the prints of a number say, for a finding.
pub struct Told {
    /// Its digits.
    pub digits: Option<u32>,
    /// Its words.
    pub words: Option<u32>,
    /// The QR code.
    pub qr: Option<u32>,
    /// Its share of another number.
    pub percent: Option<Percent>,
}

/// See [`Told`].
pub fn told(heard: &Heard) -> Told {
    let readable = heard.readable();
    let [digits, words, qr] = [Channel::Digits, Channel::Words, Channel::Qr]
        .map(|channel| readable.iter().find(|r| r.0 == channel).map(|r| r.1));
    Told { digits, words, qr, percent: heard.percent }
}
