//! Both readers on the header's lines: who is asked for what.
//!
//! In: the photo, the sheet, the choice of readers. Out: a [`HeaderReading`]. Refuses nothing.

use super::HeaderReading;
use crate::form::Form;
use crate::ground::geometry::Quad;
use crate::read::glyphs::net::NetReader;
use crate::read::glyphs::{
    Charset, Distribution, LineCrops, LineReader, Look, NumberCrops, OPEN, ReaderChoice, ReaderId, Readers,
    Reading,
};
use crate::read::sheet::Sheet;
use image::GrayImage;
use regex::Regex;

/// Reads the header and the hash under the QR code, whose corners are `qr` if it was decoded.
pub fn header(
    readers: &Readers,
    pixels: &GrayImage,
    sheet: &Sheet,
    form: &Form,
    qr: Option<Quad>,
    choice: ReaderChoice,
) -> HeaderReading {
    let mut reader = HeaderReader { net: readers.net(), choice, places: form.words.places };
    let mut read = super::read(pixels, sheet, form, qr, &mut reader);
    let mesh = sheet.mesh.extended(-super::HIGHEST, form.frame.1);
    super::confirm(pixels, &mesh, readers.net(), &mut read);
    if super::doubtful(&read, qr) {
        super::again(pixels, sheet, form, qr, &mut reader, &mut read);
    }
    read
}

/// Below this probability that every sign is right, a line is shown to Tesseract too: names, dates and
/// identifiers, which nothing is decided by. (Of 168 names on 42 scans 164 are right with 0.3, 165 with 0.9.)
const OPEN_TEXT: f64 = 0.5;
/// How much less than its own the network may give Tesseract's text of such a line, that being taken: Tesseract
/// loses accents and reads signs that the print does not have (of 7274 random signs 826 were lost with it in every
/// doubt, 386 without it, 382 with it so).
const LESS: f64 = 0.1;
/// The same for the lines that say which sheet it is; a second network confirms these.
const OPEN_CODE: f64 = 0.9;

/// Both readers on lines of text.
struct HeaderReader<'a> {
    net: &'a NetReader,
    choice: ReaderChoice,
    places: usize,
}

impl LineReader for HeaderReader<'_> {
    fn line(&mut self, line: &LineCrops, charset: Charset, pattern: Option<&Regex>) -> (String, f64) {
        let (net, other) = match self.choice {
            ReaderChoice::Tesseract => (None, second_line(&line.wide, charset)),
            _ => (Some(self.net.read_line(&line.tight, charset, pattern)), None),
        };
        let sure = match charset {
            Charset::Code | Charset::Digits => OPEN_CODE,
            _ => OPEN_TEXT,
        };
        let ask = match self.choice {
            ReaderChoice::Auto => net.as_ref().is_some_and(|n| n.1 < sure),
            ReaderChoice::Both => true,
            ReaderChoice::Net | ReaderChoice::Tesseract => false,
        };
        let other = if ask { second_line(&line.wide, charset) } else { other };
        match (net, other) {
            // Alike: each makes the other surer. Otherwise whoever is surer, and that is even odds.
            (Some(net), Some(other)) if net.0 == other.0 => (net.0, 1.0 - (1.0 - net.1) * (1.0 - other.1)),
            (Some(net), Some(other)) => {
                let likely =
                    || charset != Charset::Text || self.net.line_says(&line.tight, &other.0) > LESS * net.1;
                let surer = if other.1 > net.1 && likely() { other } else { net };
                (surer.0, surer.1.min(0.5))
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => (String::new(), 0.0),
        }
    }

    fn looks(
        &mut self,
        crops: &[GrayImage],
        kind: (Charset, Look),
        stands_for: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, f64)> {
        match self.choice {
            ReaderChoice::Tesseract => Vec::new(),
            _ => self.net.read_looks(crops, kind, stands_for),
        }
    }

    fn number(&mut self, crops: &NumberCrops) -> Vec<Reading> {
        let net = match self.choice {
            ReaderChoice::Tesseract => None,
            _ => self.net.read_digits(std::slice::from_ref(&crops.cell), self.places).pop(),
        };
        let open = net.as_ref().is_none_or(|d| d.best().is_none_or(|b| b.1 < OPEN));
        let mut readings = Vec::new();
        readings.extend(net.map(|distribution| Reading { reader: ReaderId::Net, distribution }));
        if (open || self.choice == ReaderChoice::Both)
            && self.choice != ReaderChoice::Net
            && let Some(distribution) = second_number(&crops.number, &crops.after)
        {
            readings.push(Reading { reader: ReaderId::Tesseract, distribution });
        }
        readings
    }
}

/// What Tesseract says of a line, its confidence at its worth: of lines where every sign has to be right
/// about two thirds are (42 scans). `None` where it does not start or is not built in.
#[cfg(feature = "tesseract")]
fn second_line(wide: &GrayImage, charset: Charset) -> Option<(String, f64)> {
    let (text, confidence) =
        crate::read::glyphs::tesseract::with_engine(|engine| engine.line(wide, charset))?;
    Some((text, 0.7 * confidence))
}

#[cfg(not(feature = "tesseract"))]
fn second_line(_: &GrayImage, _: Charset) -> Option<(String, f64)> {
    None
}

/// What Tesseract says of a number before a word.
#[cfg(feature = "tesseract")]
fn second_number(number: &GrayImage, after: &GrayImage) -> Option<Distribution> {
    crate::read::glyphs::tesseract::with_engine(|engine| engine.number_before(number, after))
}

#[cfg(not(feature = "tesseract"))]
fn second_number(_: &GrayImage, _: &GrayImage) -> Option<Distribution> {
    None
}
