//! Readers: from the crop of a cell to a distribution over what it says.
//!
//! In: crops cut by [`crate::read::cut`]. Out: a [`Distribution`] a cell, never a string; blank and
//! unreadable are outcomes like any other. Two readers that share nothing: [`net`], small networks
//! made for this print, and [`tesseract`], asked for what the networks leave open.
//! No reader decides: thresholds on the meaning of a number stand in [`crate::decide`].

mod both;
#[cfg(feature = "tesseract")]
mod ink;
mod line;
pub mod net;
mod spelling;
#[cfg(feature = "tesseract")]
pub mod tesseract;

pub use crate::read::belief::Distribution;
use crate::read::cut::Quality;
pub(crate) use both::settled;
pub use both::{Readers, glare};
pub use line::{Charset, LineCrops, Look, NumberCrops};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Adds a weight to that of the same value.
fn add(list: &mut Vec<(u32, f64)>, value: u32, weight: f64) {
    match list.iter_mut().find(|v| v.0 == value) {
        Some(entry) => entry.1 += weight,
        None => list.push((value, weight)),
    }
}

/// The ways in which a sheet prints a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// As digits.
    Digits,
    /// As digit words.
    Words,
    /// In the QR code.
    Qr,
}

impl Channel {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Words => "words",
            Self::Qr => "QR",
        }
    }
}

/// Who read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReaderId {
    /// The network made for this print.
    Net,
    /// The networks for lines of text.
    Lines,
    /// Tesseract.
    Tesseract,
}

/// Which readers read the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum ReaderChoice {
    /// The network; Tesseract for cells that it leaves open and for free text.
    Auto,
    /// The network alone.
    Net,
    /// Tesseract alone.
    Tesseract,
    /// Both for every cell.
    Both,
}

impl ReaderChoice {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Net => "net",
            Self::Tesseract => "tesseract",
            Self::Both => "both",
        }
    }
}

/// What one reader says of one printed channel of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Who read.
    pub reader: ReaderId,
    /// What it says.
    pub distribution: Distribution,
}

/// Everything known about one printed channel of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellReading {
    /// The readings, at most one a reader, in the order of [`ReaderId`].
    pub readings: Vec<Reading>,
    /// The pixels' quality.
    pub quality: Quality,
    /// The stretches of its place that a mask covers, mm right of the middle of where it prints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covered: Vec<(f64, f64)>,
}

impl CellReading {
    /// The value of the reader that is surest of its own.
    pub fn best(&self) -> Option<(u32, f64)> {
        self.readings.iter().filter_map(|r| r.distribution.best()).max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Everything that was measured about one field.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FieldEvidence {
    /// The digits as read; `None` when the cell is not on the photo or the form has none.
    pub digits: Option<CellReading>,
    /// The words as read.
    pub words: Option<CellReading>,
}
