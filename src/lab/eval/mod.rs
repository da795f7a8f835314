//! How good records are: measured against what is known to stand on the sheets.
//!
//! In: records and the [`Truth`]. Out: an [`Evaluation`], which prints accepted-and-wrong first, then
//! what was accepted and fully right, each field and channel, and how far probabilities can be
//! trusted; as JSON it is kept and compared with a later one. Only what the truth holds is compared.
//! Refuses nothing: files without truth, and truth without a record, are listed.

pub mod alter;
pub mod camera;
mod compare;
pub mod letters;
mod print;
pub mod readings;
pub mod registration;
pub mod sets;
pub mod simulate;
pub mod texts;
mod truth;

pub use compare::{Change, Comparison, compare};
pub use truth::{Truth, TruthError, TruthSheet};

use crate::decide::Status;
use crate::ground::finding::Code;
use crate::read::glyphs::Channel;
use crate::record::{Prints, Record};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Name and version of an evaluation's schema.
pub const EVAL_SCHEMA: &str = "cotejo.eval/1";

/// The lower ends of the reliability tables' bins: each step is one more nine.
const BINS: [f64; 7] = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];

/// The error rates at which the accept rate is stated.
const LEVELS: [f64; 4] = [1e-2, 1e-3, 1e-4, 1e-5];

/// Records measured against truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Always `cotejo.eval/1`.
    pub schema: String,
    /// One entry a record that has truth, in the records' order.
    pub sheets: Vec<SheetResult>,
    /// Truth whose file has no record: lost files.
    pub lost: Vec<String>,
    /// Records without truth; not counted anywhere else.
    pub unknown: Vec<String>,
    /// Decided values by field, in the truth's order, `centre` and `table` first.
    pub fields: Vec<FieldResult>,
    /// What each channel says by itself, over votes and totals.
    pub channels: BTreeMap<Channel, Tally>,
    /// Probabilities of a channel's value against the share that is right.
    pub channel_reliability: BTreeMap<Channel, Vec<Bin>>,
    /// Probabilities of decided values against the share that is right.
    pub value_reliability: Vec<Bin>,
    /// Probabilities of whole sheets against the share that is fully right.
    pub sheet_reliability: Vec<Bin>,
    /// What would be accepted at other error rates, by the sheets' probability alone.
    pub levels: Vec<Level>,
}

/// One sheet against its truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SheetResult {
    /// The record's path.
    pub path: String,
    /// What became of it.
    pub status: Status,
    /// The probability that the record states.
    pub confidence: f64,
    /// How many numbers the truth holds for it.
    pub known: usize,
    /// Values that differ from the truth.
    pub wrong: Vec<Difference>,
    /// Fields without a value.
    pub unread: Vec<String>,
    /// Numbers of context, which no sheet is accepted or held back by, that differ from the truth.
    #[serde(default)]
    pub context_wrong: Vec<Difference>,
    /// Numbers of context without a value.
    #[serde(default)]
    pub context_open: Vec<String>,
    /// Codes of its findings, each once.
    pub findings: BTreeSet<Code>,
    /// What was done to a made-up sheet.
    pub defect: Option<String>,
    /// What had to become of it.
    pub expected: Option<Status>,
}

/// A value that differs from the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Field id, candidate, `centre` or `table`.
    pub field: String,
    /// The record's value.
    pub value: String,
    /// The truth.
    pub truth: String,
}

/// How often right, wrong, unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The value is the truth's.
    pub right: usize,
    /// Another value.
    pub wrong: usize,
    /// No value.
    pub unread: usize,
}

/// The decided values of one field over all sheets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldResult {
    /// Field id, `centre` or `table`.
    pub id: String,
    /// The counts.
    #[serde(flatten)]
    pub tally: Tally,
}

/// One bin of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The smallest probability of the bin; the next bin's is its end.
    pub from: f64,
    /// How many fell into it.
    pub n: usize,
    /// How many of them are right.
    pub right: usize,
    /// The sum of their probabilities: how many should be right.
    pub stated: f64,
}

/// What would be accepted at one error rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The largest stated probability that a number is wrong.
    pub max_error: f64,
    /// Sheets within it.
    pub accepted: usize,
    /// Those of them with a wrong or missing number.
    pub wrong: usize,
}

impl SheetResult {
    /// Whether every number that the truth holds is read and right.
    pub fn fully_right(&self) -> bool {
        self.known > 0 && self.wrong.is_empty() && self.unread.is_empty()
    }

    /// Whether it is accepted and should not have been: a number is wrong or missing, or another
    /// status was expected.
    pub fn accepted_wrong(&self) -> bool {
        let elsewhere = self.expected.is_some_and(|e| e != Status::Accepted);
        self.status == Status::Accepted && (!self.wrong.is_empty() || !self.unread.is_empty() || elsewhere)
    }
}

impl Tally {
    fn count(&mut self, value: Option<&str>, truth: &str) {
        match value {
            None => self.unread += 1,
            Some(value) if value == truth => self.right += 1,
            Some(_) => self.wrong += 1,
        }
    }
}

impl Evaluation {
    /// The evaluation as JSON, to be kept and compared.
    ///
    /// # Errors
    /// A number that JSON cannot hold; none is known.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// How many sheets `what` holds for.
    pub fn count(&self, what: impl Fn(&SheetResult) -> bool) -> usize {
        self.sheets.iter().filter(|s| what(s)).count()
    }
}

/// The largest error rate that `wrong` of `n` does not rule out with 95 % confidence.
pub fn upper_bound(wrong: usize, n: usize) -> f64 {
    crate::decide::odds::upper_bound(wrong as u64, n as u64, 0.95)
}

/// Measures records against truth.
pub fn evaluate(records: &[Record], truth: &Truth) -> Evaluation {
    let mut work = Work { values: bins(), ..Work::default() };
    let mut sheets = Vec::new();
    let mut unknown = Vec::new();
    let mut met = BTreeSet::new();
    for record in records {
        // A later page of a file has no truth of its own.
        match truth.find(&record.source().path).filter(|ix| !met.contains(ix)) {
            // Its sheet is counted with the record that it is a part of.
            Some(ix) if record.is_part() => {
                met.insert(ix);
            }
            Some(ix) => {
                met.insert(ix);
                sheets.push(work.sheet(record, &truth.sheets[ix]));
            }
            None => unknown.push(record.source().path.clone()),
        }
    }
    let lost = (0..truth.sheets.len()).filter(|ix| !met.contains(ix));
    let levels = LEVELS.map(|max_error| {
        let within: Vec<_> = sheets
            .iter()
            .filter(|s| s.status != Status::Rejected && 1.0 - s.confidence <= max_error)
            .collect();
        let wrong = within.iter().filter(|s| !s.wrong.is_empty() || !s.unread.is_empty()).count();
        Level { max_error, accepted: within.len(), wrong }
    });
    let mut sheet_reliability = bins();
    for sheet in sheets.iter().filter(|s| s.known > 0 && s.status != Status::Rejected) {
        put(&mut sheet_reliability, sheet.confidence, sheet.fully_right());
    }
    Evaluation {
        schema: EVAL_SCHEMA.to_owned(),
        lost: lost.map(|ix| truth.sheets[ix].file.clone()).collect(),
        unknown,
        fields: work.fields,
        channels: work.channels,
        channel_reliability: work.channel_reliability,
        value_reliability: work.values,
        sheet_reliability,
        levels: levels.to_vec(),
        sheets,
    }
}

/// Empty bins of a reliability table.
fn bins() -> Vec<Bin> {
    BINS.iter().map(|&from| Bin { from, n: 0, right: 0, stated: 0.0 }).collect()
}

/// Counts one statement of probability `p`.
fn put(bins: &mut [Bin], p: f64, right: bool) {
    if let Some(bin) = bins.iter_mut().rev().find(|b| p >= b.from) {
        bin.n += 1;
        bin.right += usize::from(right);
        bin.stated += p;
    }
}

/// What is counted over all sheets.
#[derive(Default)]
struct Work {
    fields: Vec<FieldResult>,
    channels: BTreeMap<Channel, Tally>,
    channel_reliability: BTreeMap<Channel, Vec<Bin>>,
    values: Vec<Bin>,
}

impl Work {
    /// Compares one sheet and counts it.
    fn sheet(&mut self, record: &Record, truth: &TruthSheet) -> SheetResult {
        let mut result = SheetResult {
            path: record.source().path.clone(),
            status: record.status,
            confidence: record.confidence,
            known: truth.numbers.len() + truth.candidates.len(),
            wrong: Vec::new(),
            unread: Vec::new(),
            context_wrong: Vec::new(),
            context_open: Vec::new(),
            findings: record.findings.iter().map(|f| f.code).collect(),
            defect: truth.defect.clone(),
            expected: truth.expected,
        };
        let text = |n: Option<u32>| n.map(|n| n.to_string());
        if let Some(centre) = &truth.centre {
            self.field(&mut result, "centre", record.sheet.centre.clone(), centre);
        }
        if let Some(table) = truth.table {
            self.field(&mut result, "table", text(record.sheet.table), &table.to_string());
        }
        for (id, number) in &truth.numbers {
            let value = record.value(id);
            self.field(&mut result, id, text(value.and_then(|v| v.value)), &number.to_string());
            match value {
                Some(value) => {
                    self.channels(&value.prints, *number);
                    if let Some(read) = value.value {
                        put(&mut self.values, value.confidence, read == *number);
                    }
                }
                None => self.channels(&Prints::default(), *number),
            }
        }
        for (id, number) in &truth.candidates {
            let sum = record.candidate(id);
            compare_into(&mut result, id, text(sum), &number.to_string());
        }
        let context = |id: &str| truth.context.contains(id);
        result.context_wrong = result.wrong.extract_if(.., |d| context(&d.field)).collect();
        result.context_open = result.unread.extract_if(.., |id| context(id)).collect();
        result
    }

    /// Compares one field and counts it.
    fn field(&mut self, result: &mut SheetResult, id: &str, value: Option<String>, truth: &str) {
        let ix = self.fields.iter().position(|f| f.id == id).unwrap_or_else(|| {
            self.fields.push(FieldResult { id: id.to_owned(), tally: Tally::default() });
            self.fields.len() - 1
        });
        self.fields[ix].tally.count(value.as_deref(), truth);
        compare_into(result, id, value, truth);
    }

    /// Counts what each channel of one number says by itself; a channel that the record lacks is unread.
    fn channels(&mut self, channels: &Prints, truth: u32) {
        let all = [
            (Channel::Digits, &channels.digits),
            (Channel::Words, &channels.words),
            (Channel::Qr, &channels.qr),
        ];
        for (channel, said) in all {
            let said = said.as_ref().and_then(|c| Some((c.value?, c.confidence)));
            let text = said.map(|(v, _)| v.to_string());
            self.channels.entry(channel).or_default().count(text.as_deref(), &truth.to_string());
            if let Some((value, p)) = said {
                put(self.channel_reliability.entry(channel).or_insert_with(bins), p, value == truth);
            }
        }
    }
}

/// Notes a value that differs or is missing.
fn compare_into(result: &mut SheetResult, id: &str, value: Option<String>, truth: &str) {
    match value {
        None => result.unread.push(id.to_owned()),
        Some(value) if value == truth => {}
        Some(value) => {
            result.wrong.push(Difference { field: id.to_owned(), value, truth: truth.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests;
