//! The readers on the header's lines: who is asked for what.
//!
//! In: the cuts of a line. Out: what each reader says of it, for [`crate::decide`] to put together. Refuses nothing.

use crate::read::belief::{Distribution, Texts};
use crate::read::evidence::TextReading;
use crate::read::glyphs::net::NetReader;
use crate::read::glyphs::{
    Charset, LineCrops, Look, NumberCrops, ReaderChoice, ReaderId, Readers, Reading, settled,
};
use image::GrayImage;
use regex::Regex;

/// Below this probability that every sign is right, a line is shown to Tesseract too: names, dates and
/// identifiers, which nothing is decided by. (Of 168 names on 42 scans 164 are right with 0.3, 165 with 0.9.)
const OPEN_TEXT: f64 = 0.5;

/// The readers of lines.
pub(super) struct LineReaders<'a> {
    net: &'a NetReader,
    choice: ReaderChoice,
    places: usize,
}

impl<'a> LineReaders<'a> {
    /// The readers that were chosen, for numbers of so many places.
    pub fn new(readers: &'a Readers, choice: ReaderChoice, places: usize) -> Self {
        Self { net: readers.net(), choice, places }
    }

    /// What is said of a line of text; `pattern` is what the whole line has to be, where the form says so.
    pub fn line(&self, line: &LineCrops, charset: Charset, pattern: Option<&Regex>) -> Vec<TextReading> {
        self.second(self.first(line, charset, pattern), line, charset)
    }

    /// What the network says of it; Tesseract, where that alone is to read.
    pub fn first(&self, line: &LineCrops, charset: Charset, pattern: Option<&Regex>) -> Vec<TextReading> {
        if self.choice == ReaderChoice::Tesseract {
            return tesseract(line, charset).into_iter().collect();
        }
        vec![TextReading::listed(ReaderId::Lines, vec![self.net.read_line(&line.tight, charset, pattern)])]
    }

    /// What is said of so many digits, cut as a number cell is.
    pub fn run(&self, crop: &GrayImage, digits: usize, line: &LineCrops) -> Vec<TextReading> {
        if self.choice == ReaderChoice::Tesseract {
            return tesseract(line, Charset::Digits).into_iter().collect();
        }
        vec![TextReading::of(ReaderId::Net, self.net.read_run(crop, digits))]
    }

    /// What is said of a line in a face that the network for lines does not know.
    pub fn other_face(&self, line: &LineCrops) -> Vec<TextReading> {
        match self.choice {
            ReaderChoice::Net => self.first(line, Charset::Text, None),
            _ => tesseract(line, Charset::Text).into_iter().collect(),
        }
    }

    /// Whether a line is shown to Tesseract after a first reading: where that leaves it open. (Of 15 identifiers and
    /// hashes that it leaves open on 42 scans Tesseract reads none.)
    pub fn open(&self, readings: &[TextReading], charset: Charset) -> bool {
        let own = readings.first().filter(|r| r.reader == ReaderId::Lines);
        let sure = |r: &TextReading| r.says.values.first().is_some_and(|v| v.1 >= OPEN_TEXT);
        match self.choice {
            ReaderChoice::Both => own.is_some(),
            ReaderChoice::Net => false,
            _ => !matches!(charset, Charset::Uuid | Charset::Hash) && own.is_some_and(|r| !sure(r)),
        }
    }

    /// A text that the first reading leaves open as that cut and others of it are read together, where they leave it
    /// open no more.
    pub fn closer(
        &self,
        mut readings: Vec<TextReading>,
        line: &LineCrops,
        others: &[GrayImage],
        charset: Charset,
    ) -> Vec<TextReading> {
        let Some(own) = readings.first_mut().filter(|r| r.reader == ReaderId::Lines) else { return readings };
        let crops: Vec<&GrayImage> = std::iter::once(&line.tight).chain(others).collect();
        let says = self.net.read_cuts(&crops, charset);
        if says.1 >= OPEN_TEXT {
            own.says = Texts::listed(vec![says]);
        }
        readings
    }

    /// With what Tesseract says, where the first reading leaves it open.
    pub fn second(
        &self,
        mut readings: Vec<TextReading>,
        line: &LineCrops,
        charset: Charset,
    ) -> Vec<TextReading> {
        if !self.open(&readings, charset) {
            return readings;
        }
        let Some((own, second)) = readings.first_mut().zip(tesseract(line, charset)) else { return readings };
        // What the network says of Tesseract's text, if only next to nothing: a text that it does not list is one
        // that it was not asked about.
        for (text, _) in &second.says.values {
            if own.says.values.iter().all(|v| v.0 != *text) {
                let mut values = std::mem::take(&mut own.says.values);
                let most = (1.0 - values.iter().map(|v| v.1).sum::<f64>()).max(0.0);
                let says = self.net.line_says(&line.tight, text).min(most).max(f64::MIN_POSITIVE);
                values.push((text.clone(), says));
                own.says = Texts::listed(values);
            }
        }
        readings.push(second);
        readings
    }

    /// What several cuts of one line say together: what `stands_for` makes of a text, where it makes anything.
    pub fn looks(
        &self,
        crops: &[GrayImage],
        kind: (Charset, Look),
        stands_for: &dyn Fn(&str) -> Option<String>,
    ) -> TextReading {
        match self.choice {
            ReaderChoice::Tesseract => TextReading::unreadable(ReaderId::Lines),
            _ => TextReading::listed(ReaderId::Lines, self.net.read_looks(crops, kind, stands_for)),
        }
    }

    /// How far a line is a text that is printed as `shape`, by the network for all lines.
    pub fn fits(&self, crop: &GrayImage, shape: &str) -> f64 {
        match self.choice {
            ReaderChoice::Tesseract => 0.0,
            _ => self.net.line_fits(crop, shape),
        }
    }

    /// The same of a text that is printed as `shape`, a 0 for each digit, with dots.
    pub fn places(&self, crops: &[GrayImage], look: Look, shape: &str) -> TextReading {
        let reads = self.choice != ReaderChoice::Tesseract;
        let said = reads.then(|| self.net.read_places(crops, look, shape)).flatten();
        said.map_or_else(
            || TextReading::unreadable(ReaderId::Lines),
            |(signs, fits)| TextReading::of_signs(ReaderId::Lines, signs, fits),
        )
    }

    /// What the network for numbers says of so many digits, cut as a number cell is.
    pub fn digits(&self, crop: &GrayImage, count: usize) -> Texts {
        match self.choice {
            ReaderChoice::Tesseract => Texts::unreadable(),
            _ => self.net.read_run(crop, count),
        }
    }

    /// What is said of a number before a word, of which the whole line says `whole`; at most one reading a reader.
    pub fn number(&self, crops: &NumberCrops, whole: &Distribution) -> Vec<Reading> {
        let net = match self.choice {
            ReaderChoice::Tesseract => None,
            _ => self.net.read_digits(std::slice::from_ref(&crops.cell), self.places).pop(),
        };
        let open = net.as_ref().is_none_or(|said| !settled(said, Some(whole)));
        let mut readings = Vec::new();
        readings.extend(net.map(|distribution| Reading { reader: ReaderId::Net, distribution }));
        if (open || self.choice == ReaderChoice::Both)
            && self.choice != ReaderChoice::Net
            && let Some(distribution) = second_number(&crops.number, &crops.after)
        {
            let distribution = distribution.within(10u32.pow(self.places as u32) - 1);
            readings.push(Reading { reader: ReaderId::Tesseract, distribution });
        }
        readings
    }
}

/// What Tesseract says of a line, its confidence at its worth: of lines where every sign has to be right
/// about two thirds are (42 scans). `None` where it does not start or is not built in.
#[cfg(feature = "tesseract")]
fn tesseract(line: &LineCrops, charset: Charset) -> Option<TextReading> {
    let said = crate::read::glyphs::tesseract::with_engine(|engine| engine.line(&line.wide, charset));
    let (text, confidence) = said?;
    Some(TextReading::listed(ReaderId::Tesseract, vec![(text, 0.7 * confidence)]))
}

#[cfg(not(feature = "tesseract"))]
fn tesseract(_: &LineCrops, _: Charset) -> Option<TextReading> {
    None
}

/// What Tesseract says of a number before a word.
#[cfg(feature = "tesseract")]
fn second_number(number: &GrayImage, after: &GrayImage) -> Option<Distribution> {
    crate::read::glyphs::tesseract::with_engine(|engine| engine.field(number, after))
}

#[cfg(not(feature = "tesseract"))]
fn second_number(_: &GrayImage, _: &GrayImage) -> Option<Distribution> {
    None
}
