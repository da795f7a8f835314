//! Whether a print disagrees with the number that stands: a test of surprise.
//!
//! In: what the readers of a print believe, its [`Kind`], a number. Out: how rarely readings of that kind give a
//! number that they do show as little belief as this one gets, where they believe something else more
//! ([`Print::surprise`]). How readings err stands in `models/readings.toml`, measured by
//! [`crate::lab::eval::readings`] on made-up prints of scans and of the camera's scenes, none of which a network was
//! fitted to. Refuses nothing.
//!
//! It is no question of who is likelier right: an alteration is no accident whose prior one knows, and a sheet may
//! break its own sums.

use super::sight::Sight;
use super::weights::Weights;
use crate::form::{FieldIx, Share, Slot};
use crate::ground::percent::{Percent, WHOLE};
use crate::read::cut::{CAP_HEIGHT, Quality};
use crate::read::evidence::Evidence;
use crate::read::glyphs::{CellReading, Channel, ReaderId, Reading};
use serde::Deserialize;
use std::sync::LazyLock;

/// How readings err, by kind.
static READINGS: LazyLock<Readings> = LazyLock::new(|| {
    toml::from_str(include_str!("../../models/readings.toml")).expect("the table is tested to parse")
});

/// Print as high (px) and as sharp as a clean scan's: there a reading that rather shows another number is held,
/// however much of its belief the number that stands has. (Of the digits of 42 real scans 97 in 100 are this sharp, of
/// 50-megapixel photos of whole strips, whose print is as high, 20.) It is asked of the middle one of a sheet's digits:
/// print that was altered may be softer than what stands around it, and takes no leave by that.
const CLEAN: (f64, f64) = (9.0, 0.33);

/// The table of `models/readings.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readings {
    /// A number is held when its prints are read as its like are more rarely than this: one good sheet in two
    /// hundred, of some 80 prints each.
    pub level: f64,
    /// By kind; a print is of the first kind that fits.
    pub kinds: Vec<Row>,
}

/// How readings of one kind err.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Digits or words.
    pub channel: Channel,
    /// Whether the second reader was asked as well, as it is for what the first leaves open.
    pub second: bool,
    /// The print is lower than this, px.
    pub below: f64,
    /// Its edges are flatter than this.
    pub flatter: f64,
    /// How many prints were measured.
    pub n: u32,
    /// How often another number has more belief than the one shown.
    pub other: f64,
    /// How often none has, though the print is in plain sight.
    pub silent: f64,
    /// Of those with another number, the share that gives the one shown less than b is (2 b) to this power.
    pub power: f64,
}

/// What readings of a print are compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kind {
    /// Digits or words.
    pub channel: Channel,
    /// Whether the second reader was asked.
    pub second: bool,
    /// Height of the capitals in the picture, px.
    pub height: f64,
    /// See [`crate::read::cut::Quality`].
    pub sharpness: f64,
    /// Whether the sheet is printed and seen as a clean scan's.
    pub clean: bool,
}

/// Whether print of this height (px) and sharpness is as a clean scan's.
pub fn clean(height: f64, sharpness: f64) -> bool {
    height >= CLEAN.0 && sharpness >= CLEAN.1
}

/// Whether the middle one of a sheet's digits is.
fn clean_sheet(evidence: &Evidence) -> bool {
    let form = &evidence.form;
    let read = |field: usize| {
        let cell = evidence.fields[field].digits.as_ref().filter(|c| !c.readings.is_empty())?;
        let quality = &cell.quality;
        Some((height(quality, form.fields[field].digits.as_ref()), quality.sharpness))
    };
    let (mut heights, mut edges): (Vec<f64>, Vec<f64>) = (0..form.fields.len()).filter_map(read).unzip();
    let middle = |values: &mut Vec<f64>| {
        let at = values.len() / 2;
        (!values.is_empty()).then(|| *values.select_nth_unstable_by(at, f64::total_cmp).1)
    };
    middle(&mut heights).zip(middle(&mut edges)).is_some_and(|(height, sharpness)| clean(height, sharpness))
}

/// Height of the capitals in the picture, px.
fn height(quality: &Quality, slot: Option<&Slot>) -> f64 {
    quality.px_per_mm * CAP_HEIGHT * slot.map_or(0.0, |s| s.style.size)
}

impl Kind {
    /// How often readings of a print, of the number that it shows, believe another more (`other`; or else none) and
    /// this one so little.
    pub fn surprise(&self, other: bool, belief: f64) -> f64 {
        let row = row(self);
        match other {
            true if self.clean => 0.0,
            true => row.other * (2.0 * belief).min(1.0).powf(row.power),
            false => row.silent,
        }
    }

    /// How often another number has more belief than the one shown, and how often none has.
    pub fn errs(&self) -> (f64, f64) {
        let row = row(self);
        (row.other, row.silent)
    }
}

/// A print with what its readers believe of it.
#[derive(Debug, Clone)]
pub struct Print {
    /// What it is compared with.
    pub kind: Kind,
    /// Normalised.
    pub belief: Weights,
    /// What of it is in sight, where not all is.
    sight: Option<Sight>,
}

impl Print {
    /// A cell's of field `ix`.
    pub fn of(cell: &CellReading, channel: Channel, evidence: &Evidence, ix: FieldIx) -> Self {
        let form = &evidence.form;
        let field = &form.fields[ix];
        let slot = if channel == Channel::Words { &field.words } else { &field.digits };
        let kind = Kind {
            channel,
            second: cell.readings.iter().any(|r| r.reader == ReaderId::Tesseract),
            height: height(&cell.quality, slot.as_ref()),
            sharpness: cell.quality.sharpness,
            clean: clean_sheet(evidence),
        };
        let sight = Sight::of(cell, channel, slot.as_ref(), form);
        Self { kind, belief: belief(&cell.readings, form.max_value() + 1), sight }
    }

    /// Of a number that is printed as its share of `whole` as well.
    pub fn share(cell: &CellReading, evidence: &Evidence, share: &Share, whole: u32) -> Self {
        let form = &evidence.form;
        let kind = Kind {
            channel: Channel::Digits,
            second: false,
            height: height(&cell.quality, Some(&share.slot)),
            sharpness: cell.quality.sharpness,
            clean: clean_sheet(evidence),
        };
        let said = belief(&cell.readings, WHOLE + 1);
        let part = |&(share, p): &(u32, f64)| Some((Percent::hundredths(share)?.part(whole)?, p));
        let parts: Vec<(u32, f64)> = said.atoms().iter().filter_map(part).collect();
        let listed: f64 = parts.iter().map(|p| p.1).sum();
        // A share that no part has is misread.
        let belief = Weights::from_atoms(parts, (said.total() - listed).max(0.0), form.max_value() + 1);
        Self { kind, belief: belief.normalised().0, sight: None }
    }

    /// The number that has more belief than any other and than none.
    pub fn shows(&self) -> Option<u32> {
        says(&self.belief)
    }

    /// Whether a print of `value` may be read as `read` where all that is in sight of it is read right.
    fn fits(&self, read: u32, value: u32) -> bool {
        read == value || self.sight.as_ref().is_some_and(|s| s.fits(read, value))
    }

    /// How often readings of this kind, of a print that shows `value`, are as far from it as this one; 1 where
    /// what is in sight of `value` has the most belief. What a mask covers says nothing.
    pub fn surprise(&self, value: u32) -> f64 {
        match self.shows() {
            Some(v) if self.fits(v, value) => 1.0,
            None if self.sight.as_ref().is_some_and(|s| s.touches(value)) => 1.0,
            shown => {
                let fitting =
                    self.belief.atoms().iter().map(|a| a.0).filter(|&v| v != value && self.fits(v, value));
                let belief = fitting.map(|v| self.belief.weight(v)).sum::<f64>() + self.belief.weight(value);
                self.kind.surprise(shown.is_some(), belief)
            }
        }
    }

    /// Whether it, by itself, does not show `value`.
    pub fn disagrees(&self, value: u32) -> bool {
        self.surprise(value) < level()
    }
}

/// How rarely readings have to be so for their print to be taken for another number's.
pub fn level() -> f64 {
    READINGS.level
}

/// The first row that fits, or the last of the channel: the table ends with the finest print.
fn row(kind: &Kind) -> &'static Row {
    let alike = || READINGS.kinds.iter().filter(|r| r.channel == kind.channel && r.second == kind.second);
    alike()
        .find(|r| kind.height < r.below && kind.sharpness < r.flatter)
        .or_else(|| alike().next_back())
        .expect("the table is tested to have rows of both channels, read by one and by both")
}

/// How often a reader is wrong whatever it says. The network: issue 3 asks for 99.8 % of cells right
/// by a single channel, most of the rest with low confidence. Tesseract: 0 to 13 % of clean lone
/// digits wrong by padding alone, with confidences that mislead. Not measured on this program's cells.
pub(super) const fn reader_floor(reader: ReaderId) -> f64 {
    match reader {
        ReaderId::Net | ReaderId::Lines => 1e-3,
        ReaderId::Tesseract => 2e-2,
    }
}

/// The most values that are listed for one cell; a network lists hundreds, most of them below its
/// floor. Bounds the time.
pub(super) const LISTED: usize = 32;

/// The value that is likelier than "something else, blank or unreadable".
pub fn says(w: &Weights) -> Option<u32> {
    w.best().filter(|b| b.1 > w.rest()).map(|b| b.0)
}

/// What the readers of a print believe of it together, each bounded by its floor, normalised: what the print is
/// held against others of its kind by.
pub fn belief(readings: &[Reading], modulus: u32) -> Weights {
    readings.iter().fold(Weights::flat(1.0, modulus), |fused, reading| {
        let d = &reading.distribution;
        let said = Weights::from_atoms(d.values.iter().copied(), d.blank + d.other, modulus).normalised().0;
        fused.times(&said.blurred(reader_floor(reading.reader)).standing_out(LISTED)).normalised().0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_knows_both_channels_read_by_one_and_by_both() {
        let table: Readings = toml::from_str(include_str!("../../models/readings.toml")).unwrap();
        for channel in [Channel::Digits, Channel::Words] {
            for second in [false, true] {
                let rows: Vec<_> =
                    table.kinds.iter().filter(|r| r.channel == channel && r.second == second).collect();
                let last = rows.last().unwrap();
                assert!(last.below.is_infinite() && last.flatter.is_infinite(), "{channel:?} {second}");
                let share = |v: f64| v > 0.0 && v < 1.0;
                assert!(rows.iter().all(|r| r.n > 0 && share(r.other) && share(r.silent) && r.power > 0.0));
            }
        }
    }

    #[test]
    fn less_belief_is_more_surprise() {
        let print = |belief: f64| {
            let weights = Weights::from_atoms([(183, belief), (188, 0.9 - belief)], 0.1, 10_000);
            let kind =
                Kind { channel: Channel::Digits, second: false, height: 6.3, sharpness: 0.2, clean: false };
            Print { kind, belief: weights, sight: None }.surprise(183)
        };
        assert_eq!(print(0.5), 1.0);
        assert!(print(0.4) > print(0.1) && print(0.1) > print(1e-4));
    }
}
