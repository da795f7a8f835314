//! The reader made for this print: small convolutional networks, one for number cells, one for lines
//! of digit words, one for lines of text; and two larger ones for number cells and for codes in doubt.
//!
//! In: crops cut by [`crate::read::cut::cut`] along its frames: the em of the
//! print is [`crate::read::cut::EM_PX`] pixels high, the middle of the capitals stands in the middle of the crop, as wide as
//! the longest number that its field prints. Out:
//! a [`Distribution`] a cell, calibrated on sheets that the fitting did not see
//! (`models/net.toml`). Refuses crops of another size: they are unreadable, never guessed at.
//!
//! Inference runs on one thread beside the caller's: a worker of a parallel map waits for it without
//! taking up another photo meanwhile.

use super::Distribution;
use crate::ground::percent;
use crate::read::belief::Texts;
use crate::read::cut::{CROP_HEIGHT, DIGITS_WIDTH, WORDS_WIDTH};
use ctc::Sequences;
use image::GrayImage;
use lines::LineNetwork;
use network::Network;
use serde::Deserialize;
use std::collections::BTreeMap;

mod ctc;
mod lines;
mod network;
mod places;

/// The signs of a line of text, in the order of the network's classes after the blank.
pub const SIGNS: &str = include_str!("../../../../models/signs.txt");
/// The same of the network for codes and numbers of voters (scripts/training/nets.py).
const CODE_SIGNS: &str = "0123456789. Electors";
/// Above this probability of fewer words than a number has, the second line is looked at. What is left
/// out counts as "other" (not measured).
const SECOND_LINE: f64 = 1e-3;
/// Classes for numbers: the blank, the digits 0 to 9, and a character that cannot be read.
const CLASSES: usize = 12;

/// Whether a number cell's crop is one even grey: paper without grain is drawn, or none, and print is never so.
fn flat(crop: &GrayImage) -> bool {
    let raw = crop.as_raw();
    crop.width() >= DIGITS_WIDTH && crop.height() == CROP_HEIGHT && raw.iter().all(|v| Some(v) == raw.first())
}

/// Why the reader cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A network does not load: the build is damaged.
    #[error("the network \"{0}\" does not load ({1}); build the program again from a clean checkout")]
    Model(&'static str, String),
    /// The calibration does not parse.
    #[error(
        "the calibration models/net.toml does not parse ({0}); build the program again from a clean checkout"
    )]
    Calibration(String),
}

/// How a network's probabilities become frequencies.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Calibration {
    /// Probabilities are raised to 1/temperature and made to sum to 1 again.
    pub temperature: f64,
    /// Share of the probability that always goes to "other": what the network cannot know.
    pub floor: f64,
}

#[derive(Debug, Deserialize)]
struct Calibrations {
    digits: Calibration,
    words: Calibration,
    lines: Calibration,
    codes: Calibration,
}

/// The networks as ONNX.
#[derive(Debug, Clone)]
pub struct Models {
    /// Reads number cells.
    pub digits: Vec<u8>,
    /// Reads number cells that the first is not sure of.
    pub digits_close: Vec<u8>,
    /// Reads lines of digit words.
    pub words: Vec<u8>,
    /// Reads lines of text.
    pub lines: Vec<u8>,
    /// Reads lines of codes and of the number of voters that are looked at again.
    pub codes: Vec<u8>,
}

/// The reader. Cheap to share between threads.
pub struct NetReader {
    digits: Network,
    words: Network,
    lines: LineNetwork,
    codes: LineNetwork,
}

impl NetReader {
    /// Loads the embedded networks.
    pub fn new() -> Result<Self, NetError> {
        let models = Models {
            digits: include_bytes!("../../../../models/digits.onnx").to_vec(),
            digits_close: include_bytes!("../../../../models/digits-close.onnx").to_vec(),
            words: include_bytes!("../../../../models/words.onnx").to_vec(),
            lines: include_bytes!("../../../../models/lines.onnx").to_vec(),
            codes: include_bytes!("../../../../models/codes.onnx").to_vec(),
        };
        Self::from_bytes(models, include_str!("../../../../models/net.toml"))
    }

    /// Loads networks from bytes and their calibration from TOML, for judging networks that are not
    /// embedded.
    pub fn from_bytes(models: Models, calibration: &str) -> Result<Self, NetError> {
        let c: Calibrations =
            toml::from_str(calibration).map_err(|e| NetError::Calibration(e.to_string()))?;
        let digits_close = Some(models.digits_close);
        Ok(Self {
            digits: Network::load("digits", models.digits, digits_close, CLASSES, c.digits)?,
            words: Network::load("words", models.words, None, CLASSES, c.words)?,
            lines: LineNetwork::load("lines", models.lines, SIGNS, c.lines)?,
            codes: LineNetwork::load("codes", models.codes, CODE_SIGNS, c.codes)?,
        })
    }

    /// SHA-256 of each network by name, hexadecimal.
    pub fn hashes(&self) -> BTreeMap<String, String> {
        let networks = [&self.digits, &self.words, &self.lines.network, &self.codes.network];
        let name =
            |n: &Network, ix: usize| if ix == 0 { n.name.to_owned() } else { format!("{}-close", n.name) };
        let each = |n: &Network| -> Vec<(String, String)> {
            n.sha256.iter().enumerate().map(|(ix, sha)| (name(n, ix), sha.clone())).collect()
        };
        networks.into_iter().flat_map(each).collect()
    }

    /// Reads number cells, cut along [`crate::read::cut::digits_frame`], of numbers of at most `places` decimal places; one
    /// distribution a crop, in order. A number with a leading zero or too many places counts as "other".
    pub fn read_digits(&self, crops: &[GrayImage], places: usize) -> Vec<Distribution> {
        self.figures(crops, places, |s| number(s, places))
    }

    /// Reads shares in per cent, cut as number cells are: two decimals, the point left out; one distribution of hundredths
    /// of a per cent a crop, in order.
    pub fn read_shares(&self, crops: &[GrayImage]) -> Vec<Distribution> {
        self.figures(crops, SHARE, |s| listed(s, share))
    }

    /// What crops of so many digits at most say, where `says` takes what they spell for a number.
    fn figures(
        &self,
        crops: &[GrayImage],
        longest: usize,
        says: impl Fn(&Sequences) -> Distribution,
    ) -> Vec<Distribution> {
        let found = self.digits.read(DIGITS_WIDTH, &crops.iter().collect::<Vec<_>>(), longest + 1);
        let one = |(s, crop): (Sequences, &GrayImage)| match flat(crop) {
            true => Distribution { values: Vec::new(), blank: 0.5, other: 0.5 },
            false => self.digits.calibration.apply(says(&s)),
        };
        found.into_iter().zip(crops).map(one).collect()
    }

    /// Reads a run of so many digits, leading noughts and all, cut as a number cell is.
    pub fn read_run(&self, crop: &GrayImage, digits: usize) -> Texts {
        let of = |labels: &[u8]| decimal(labels).filter(|_| labels.len() == digits);
        let found = self.digits.read(DIGITS_WIDTH, &[crop], digits + 1).pop();
        let said = found.map_or_else(Distribution::unreadable, |s| listed(&s, of));
        let said = self.digits.calibration.apply(said);
        let values = said.values.into_iter().map(|(v, p)| (format!("{v:0digits$}"), p)).collect();
        Texts::from_weights(values, said.blank, said.other)
    }

    /// Reads words cells: `first[i]` is line 0 of cell `i`, cut along [`crate::read::cut::words_frame`]; `second(i)`
    /// cuts its line 1 (`None` where the column has one line), asked for only where the first line may
    /// have fewer words than a number has. One distribution a cell, in order; anything but exactly
    /// `places` words counts as "other".
    pub fn read_words(
        &self,
        first: &[GrayImage],
        places: usize,
        mut second: impl FnMut(usize) -> Option<GrayImage>,
    ) -> Vec<Distribution> {
        let lines = self.words.read(WORDS_WIDTH, &first.iter().collect::<Vec<_>>(), places + 1);
        let mut wrapped = Vec::new();
        for (i, line) in lines.iter().enumerate() {
            if line.shorter_than(places) > SECOND_LINE
                && let Some(crop) = second(i)
            {
                wrapped.push((i, crop));
            }
        }
        let below =
            self.words.read(WORDS_WIDTH, &wrapped.iter().map(|w| &w.1).collect::<Vec<_>>(), places + 1);
        let mut next: Vec<Sequences> = vec![Sequences::nothing(); lines.len()];
        for ((i, _), line) in wrapped.iter().zip(below) {
            next[*i] = line;
        }
        let joined = lines.iter().zip(&next).map(|(a, b)| words(a, b, places));
        joined.map(|d| self.words.calibration.apply(d)).collect()
    }
}

impl Calibration {
    /// `raw` as frequencies.
    pub fn apply(self, raw: Distribution) -> Distribution {
        let power = 1.0 / self.temperature;
        let values = raw.values.iter().map(|&(v, p)| (v, p.powf(power))).collect();
        let even = Distribution::from_weights(values, raw.blank.powf(power), raw.other.powf(power));
        let keep = 1.0 - self.floor;
        let values = even.values.iter().map(|&(v, p)| (v, p * keep)).collect();
        Distribution::from_weights(values, even.blank * keep, even.other * keep + self.floor)
    }
}

/// The number that labels spell as digits; `None` for a leading zero, an unreadable character, none
/// or too many places.
fn value(labels: &[u8], places: usize) -> Option<u32> {
    if labels.is_empty() || labels.len() > places || (labels.len() > 1 && labels[0] == 0) {
        return None;
    }
    decimal(labels)
}

/// Labels as decimal places; `None` where one is not a digit.
fn decimal(labels: &[u8]) -> Option<u32> {
    labels.iter().try_fold(0u32, |v, &d| (d < 10).then_some(v * 10 + u32::from(d)))
}

/// Most digits of a share in per cent.
const SHARE: usize = 5;

/// Labels as hundredths of a per cent: one digit or more before the point, and no nought that need not be.
fn share(labels: &[u8]) -> Option<u32> {
    let whole = labels.len().checked_sub(2).filter(|&n| n == 1 || (n > 1 && labels[0] != 0))?;
    decimal(labels).filter(|&v| whole <= SHARE && v <= percent::WHOLE)
}

/// What a number cell says.
fn number(sequences: &Sequences, places: usize) -> Distribution {
    listed(sequences, |labels| value(labels, places))
}

/// What a cell says of which `value` makes a number of labels.
fn listed(sequences: &Sequences, value: impl Fn(&[u8]) -> Option<u32>) -> Distribution {
    let (mut values, mut blank, mut other) = (Vec::new(), 0.0, sequences.rest);
    for (labels, p) in &sequences.listed {
        match value(labels) {
            Some(v) => values.push((v, *p)),
            None if labels.is_empty() => blank += p,
            None => other += p,
        }
    }
    Distribution::from_weights(values, blank, other)
}

/// What two lines of words say together. Where the first line has all the words, whatever was made
/// of the second (feet of the letters above, a stain) does not count.
fn words(first: &Sequences, second: &Sequences, places: usize) -> Distribution {
    let mut values: BTreeMap<u32, f64> = BTreeMap::new();
    let (mut blank, mut known) = (0.0, 0.0);
    let mut add = |labels: &[u8], p: f64| {
        if labels.is_empty() {
            blank += p;
        } else if labels.len() == places
            && let Some(v) = decimal(labels)
        {
            *values.entry(v).or_default() += p;
        } else {
            return;
        }
        known += p;
    };
    for (a, p) in &first.listed {
        if a.len() >= places {
            add(a, *p);
            continue;
        }
        for (b, q) in &second.listed {
            let labels: Vec<u8> = a.iter().chain(b).copied().collect();
            add(&labels, p * q);
        }
    }
    Distribution::from_weights(values.into_iter().collect(), blank, (1.0 - known).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::print::Canvas;
    use crate::form::{Align, Style, Weight};
    use image::Luma;

    fn said(listed: &[(&[u8], f64)]) -> Sequences {
        let listed: Vec<_> = listed.iter().map(|(l, p)| (l.to_vec(), *p)).collect();
        let rest = 1.0 - listed.iter().map(|s| s.1).sum::<f64>();
        Sequences { listed, rest }
    }

    #[test]
    fn a_leading_zero_and_an_unreadable_character_are_other() {
        let d = number(&said(&[(&[1, 2], 0.6), (&[0, 7], 0.2), (&[3, 10], 0.1), (&[], 0.05)]), 4);
        assert_eq!(d.values, [(12, 0.6)]);
        assert!((d.blank - 0.05).abs() < 1e-12 && (d.other - 0.35).abs() < 1e-12);
    }

    #[test]
    fn a_lone_zero_is_a_value() {
        assert_eq!(number(&said(&[(&[0], 1.0)]), 4).best(), Some((0, 1.0)));
    }

    #[test]
    fn words_on_two_lines_are_joined_over_every_split() {
        let first = said(&[(&[0, 0, 9], 0.7), (&[0, 0, 9, 4], 0.3)]);
        let second = said(&[(&[4], 0.8), (&[], 0.2)]);
        let d = words(&first, &second, 4);
        assert_eq!(d.values.len(), 1);
        assert!((d.probability(94) - (0.7 * 0.8 + 0.3)).abs() < 1e-12);
    }

    #[test]
    fn nothing_follows_the_last_word() {
        let d = words(&said(&[(&[0, 0, 0, 9], 1.0)]), &said(&[(&[3], 0.9), (&[], 0.1)]), 4);
        assert_eq!(d.values, [(9, 1.0)]);
    }

    #[test]
    fn three_words_alone_are_no_number() {
        let d = words(&said(&[(&[0, 0, 9], 1.0)]), &Sequences::nothing(), 4);
        assert_eq!((d.values.len(), d.other), (0, 1.0));
    }

    #[test]
    fn a_floor_keeps_a_certain_reading_from_being_certain() {
        let c = Calibration { temperature: 2.0, floor: 0.01 };
        let d = c.apply(Distribution::from_weights(vec![(5, 0.98), (6, 0.02)], 0.0, 0.0));
        assert!(d.probability(5) < 0.9 && d.probability(6) > 0.1 && d.other >= 0.01);
        assert!((d.probability(5) + d.probability(6) + d.other - 1.0).abs() < 1e-12);
    }

    /// A number or words as a cell's crop of this width is cut.
    fn printed(text: &str, width: u32) -> GrayImage {
        let style = Style { size: 2.03, weight: Weight::Regular, space: None, tracking: 0.0 };
        let px_per_mm = crate::read::cut::EM_PX / style.size;
        let (w, h) = (f64::from(width) / px_per_mm, f64::from(CROP_HEIGHT) / px_per_mm);
        let top = -crate::read::cut::CAP_HEIGHT / 2.0 * style.size - h / 2.0;
        let mut canvas = Canvas::new(-w / 2.0, top, w, h, px_per_mm);
        canvas.text(text, 0.0, 0.0, Align::Centre, &style);
        GrayImage::from_fn(width, CROP_HEIGHT, |x, y| {
            Luma([(240.0 - 200.0 * canvas.ink.get_pixel(x, y)[0]) as u8])
        })
    }

    /// Forms of other numbers of places are read by the same networks, each by its own.
    #[test]
    fn a_number_has_as_many_places_as_its_form_says() {
        let reader = NetReader::new().unwrap();
        let value = |d: Vec<Distribution>| d[0].best().map(|b| b.0);
        let digits = |places| value(reader.read_digits(&[printed("1058", DIGITS_WIDTH)], places));
        assert_eq!([3, 4, 5].map(digits), [None, Some(1058), Some(1058)]);
        let line = printed("Cero, Uno, Cuatro, Nueve", WORDS_WIDTH);
        let words = |places| value(reader.read_words(std::slice::from_ref(&line), places, |_| None));
        assert_eq!([3, 4, 5].map(words), [None, Some(149), None]);
    }

    #[test]
    fn a_crop_of_another_size_is_unreadable() {
        let reader = NetReader::new().unwrap();
        let found = reader.read_digits(&[GrayImage::from_pixel(40, 24, Luma([255]))], 4);
        assert_eq!(found, [Distribution { values: vec![], blank: 0.0, other: 1.0 }]);
    }

    /// Blank or covered evenly: without its surroundings a flat crop is either. Paper's grain reads as nothing.
    #[test]
    fn flat_paper_is_no_number() {
        let reader = NetReader::new().unwrap();
        let crops = vec![GrayImage::from_pixel(DIGITS_WIDTH, CROP_HEIGHT, Luma([230])); 3];
        assert!(reader.read_digits(&crops, 4).iter().all(|d| d.best().is_none() && d.blank + d.other > 0.8));
        let grain =
            GrayImage::from_fn(DIGITS_WIDTH, CROP_HEIGHT, |x, y| Luma([224 + ((x * 31 + y * 57) % 7) as u8]));
        assert!(
            reader.read_digits(&[grain], 4).iter().all(|d| d.best().is_none() && d.blank + d.other > 0.8)
        );
        let lines = vec![GrayImage::from_pixel(WORDS_WIDTH, CROP_HEIGHT, Luma([230])); 2];
        let found = reader.read_words(&lines, 4, |i| Some(lines[i].clone()));
        assert!(found.iter().all(|d| d.best().is_none() && d.blank + d.other > 0.8));
    }
}
