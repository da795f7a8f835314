//! Lines of text, read sign by sign.

use super::ctc::Frames;
use super::network::{Network, normalise};
use super::places::Place;
use super::{Calibration, NetError, NetReader};
use crate::read::belief::Signs;
use crate::read::cut::CROP_HEIGHT;
use crate::read::glyphs::{Charset, Distribution, Look};
use image::GrayImage;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Readings of a line among which the one that fits its pattern is looked for.
const READINGS: usize = 24;
const DIGITS: &str = "0123456789";
/// No cut says less of a digit.
const LEAST: f64 = 1e-6;
/// How much of what does not fit the pattern counts against what does: a line in its place that is
/// printed otherwise is rare.
const UNLIKE_PATTERN: f64 = 0.02;

/// What the texts that fit a pattern are held against, which together have this probability.
fn like_pattern(sum: f64) -> f64 {
    (sum + UNLIKE_PATTERN * (1.0 - sum).max(0.0)).max(f64::MIN_POSITIVE)
}

/// A network that reads lines sign by sign.
pub(super) struct LineNetwork {
    pub network: Network,
    signs: Vec<char>,
}

impl LineNetwork {
    /// Loads a network whose classes are the blank, `signs`, and a sign that nobody can read.
    pub fn load(
        name: &'static str,
        bytes: Vec<u8>,
        signs: &str,
        calibration: Calibration,
    ) -> Result<Self, NetError> {
        let signs: Vec<char> = signs.chars().collect();
        Ok(Self { network: Network::load(name, bytes, None, signs.len() + 2, calibration)?, signs })
    }

    /// What the network says of a crop, frame by frame; `None` where it cannot be asked.
    fn frames(&self, crop: &GrayImage) -> Option<Frames> {
        if crop.height() != CROP_HEIGHT || crop.width() < 8 {
            return None;
        }
        let mut input = Vec::with_capacity((crop.width() * crop.height()) as usize);
        normalise(crop, &mut input);
        let logits = self.network.run(1, crop.width(), input)?;
        Some(Frames::from_logits(&logits, self.network.classes))
    }

    /// The frames of a name in capitals: after its first word, where that is none of capitals itself, no small letter
    /// stands. A small l looks like an I.
    fn capitals(&self, frames: Frames) -> Frames {
        let sign = |label: u8| self.signs.get(usize::from(label)).copied().unwrap_or(' ');
        let path = frames.path(|_| true);
        let word: Vec<&(u8, usize)> = path.iter().take_while(|p| sign(p.0) != ' ').collect();
        let small = word.iter().filter(|p| sign(p.0).is_lowercase()).count();
        let from = match path.get(word.len()) {
            Some(space) if small * 2 > word.len() => space.1,
            _ => 0,
        };
        frames.without(from, |label| sign(label).is_lowercase())
    }

    /// What the network says of a line of such signs.
    fn frames_of(&self, crop: &GrayImage, charset: Charset) -> Option<Frames> {
        let frames = self.frames(crop)?;
        Some(if charset == Charset::Capitals { self.capitals(frames) } else { frames })
    }

    /// The most probable signs of a line, and their probability.
    fn freely(&self, frames: &Frames, charset: Charset) -> (Vec<u8>, f64) {
        let allowed = |l: u8| self.allows(l, charset);
        let said = |labels: Vec<u8>| {
            let p = frames.probability(&labels);
            (labels, p)
        };
        // The best path alone doubles a sign that it halves between two: SAÁN for SAN or SÁN. Where it has more
        // than half of the probability, nothing has more.
        let path = said(frames.best_path(allowed));
        if path.1 > 0.5 {
            return path;
        }
        let probable = frames.readings(allowed, READINGS).into_iter().map(said);
        probable.fold(path, |a, b| if b.1 > a.1 { b } else { a })
    }

    fn allows(&self, label: u8, charset: Charset) -> bool {
        self.signs.get(usize::from(label)).is_some_and(|&c| charset.allows(c))
    }

    fn spelled(&self, labels: &[u8]) -> String {
        let signs = labels.iter().filter_map(|&l| self.signs.get(usize::from(l)));
        signs.collect::<String>().trim().to_owned()
    }

    /// A probability that a text is right, as a frequency.
    fn calibrated(&self, p: f64) -> f64 {
        let whole = Distribution::from_weights(vec![(0, p)], 0.0, (1.0 - p).max(0.0));
        self.network.calibration.apply(whole).probability(0)
    }

    /// The places of a text that is printed as `shape`, a 0 for each digit, with dots.
    fn shaped(&self, shape: &str) -> Vec<Place> {
        let label = |c: char| self.signs.iter().position(|&s| s == c).and_then(|at| u8::try_from(at).ok());
        let of = |signs: &str| signs.chars().filter_map(label).collect();
        let place = |c| match c {
            '0' => Place { labels: of(DIGITS), lacking: false },
            // Dots are the first to fade.
            _ => Place { labels: of(&format!("{c} ")), lacking: true },
        };
        shape.chars().map(place).collect()
    }

    /// See [`NetReader::read_places`].
    fn places(&self, crops: &[GrayImage], shape: &str) -> Option<(Signs, f64)> {
        let places = self.shaped(shape);
        let looks: Vec<(Vec<Vec<f64>>, f64)> =
            crops.iter().filter_map(|crop| self.frames(crop)?.places(&places)).collect();
        if looks.is_empty() {
            return None;
        }
        let fits = looks.iter().map(|l| l.1 / like_pattern(l.1)).sum::<f64>() / crops.len() as f64;
        // Cuts are looks at the same print: the mean of what they say, by its logarithm, is as sharp as one of them.
        let power = 1.0 / self.network.calibration.temperature / looks.len() as f64;
        let said =
            |k: usize, j: usize| looks.iter().map(|l| l.0[k][j].max(LEAST)).product::<f64>().powf(power);
        let place = |(k, c): (usize, char)| match c {
            '0' => DIGITS.chars().enumerate().map(|(j, digit)| (digit, said(k, j))).collect(),
            _ => vec![(c, 1.0)],
        };
        let signs = Signs(shape.chars().enumerate().map(place).collect()).settled();
        Some((signs.doubted(self.network.calibration.floor), fits))
    }

    /// See [`NetReader::read_looks`].
    fn looks(
        &self,
        crops: &[GrayImage],
        charset: Charset,
        stands_for: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, f64)> {
        let mut found: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        let mut looks = Vec::with_capacity(crops.len());
        for crop in crops {
            let Some(frames) = self.frames(crop) else { continue };
            for labels in frames.readings(|l| self.allows(l, charset), READINGS) {
                if let Some(text) = stands_for(&self.spelled(&labels)) {
                    found.entry(text).or_default().insert(labels);
                }
            }
            looks.push(frames);
        }
        let mut sums: Vec<(String, f64)> = found.keys().map(|t| (t.clone(), 0.0)).collect();
        for frames in &looks {
            let each: Vec<f64> = found
                .values()
                .map(|spellings| spellings.iter().map(|labels| frames.probability(labels)).sum())
                .collect();
            let sum: f64 = each.iter().sum();
            let all = like_pattern(sum);
            for (entry, p) in sums.iter_mut().zip(each) {
                entry.1 += p / all / crops.len() as f64;
            }
        }
        for entry in &mut sums {
            entry.1 = self.calibrated(entry.1);
        }
        sums.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sums
    }
}

impl NetReader {
    /// Reads a line of text, cut along [`line_frame`], as signs of `charset`: the text, and the
    /// probability that every sign of it is right. A line that has to be as `pattern` says is read as the
    /// most probable text that is; where none is probable, as without. A crop of another height says
    /// nothing.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn read_line(&self, crop: &GrayImage, charset: Charset, pattern: Option<&Regex>) -> (String, f64) {
        let lines = &self.lines;
        let Some(frames) = lines.frames_of(crop, charset) else { return (String::new(), 0.0) };
        let text = |labels: &[u8]| lines.spelled(labels);
        let free = || {
            let (labels, p) = lines.freely(&frames, charset);
            (text(&labels), p)
        };
        let (text, p) = match pattern {
            Some(pattern) => {
                as_printed(&frames, pattern, &text, |l| lines.allows(l, charset)).unwrap_or_else(free)
            }
            None => free(),
        };
        (text, lines.calibrated(p))
    }

    /// What several cuts of one line, each along [`line_frame`], say together: of what each of them says by itself the text
    /// that is most probable in their mean.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn read_cuts(&self, crops: &[&GrayImage], charset: Charset) -> (String, f64) {
        let lines = &self.lines;
        let frames: Vec<Frames> = crops.iter().filter_map(|crop| lines.frames_of(crop, charset)).collect();
        let texts: BTreeSet<Vec<u8>> = frames.iter().map(|frames| lines.freely(frames, charset).0).collect();
        let mean = |labels: Vec<u8>| {
            let sum: f64 = frames.iter().map(|frames| frames.probability(&labels)).sum();
            (labels, sum / crops.len() as f64)
        };
        let best = texts.into_iter().map(mean).max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or_else(|| (String::new(), 0.0), |(labels, p)| (lines.spelled(&labels), lines.calibrated(p)))
    }

    /// The probability that a line, cut along [`line_frame`], says `text` and nothing else, as frequencies go; 0
    /// where it has a sign that the network does not know.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn line_says(&self, crop: &GrayImage, text: &str) -> f64 {
        let label =
            |c: char| self.lines.signs.iter().position(|&s| s == c).and_then(|at| u8::try_from(at).ok());
        let labels: Option<Vec<u8>> = text.chars().map(label).collect();
        let said = labels.zip(self.lines.frames(crop)).map(|(labels, frames)| frames.probability(&labels));
        said.map_or(0.0, |p| self.lines.calibrated(p))
    }

    /// What several cuts of one line, each along [`line_frame`], say together of a text that is printed as `shape`, a 0 for
    /// each digit, with dots: its signs, and how far the line is such a text.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn read_places(&self, crops: &[GrayImage], look: Look, shape: &str) -> Option<(Signs, f64)> {
        match look {
            Look::General => self.lines.places(crops, shape),
            Look::Close => self.codes.places(crops, shape),
        }
    }

    /// How far a line, cut along [`line_frame`], is a text that is printed as `shape`, whatever its digits, by the network for all
    /// lines.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn line_fits(&self, crop: &GrayImage, shape: &str) -> f64 {
        let p = self.lines.frames(crop).map_or(0.0, |frames| frames.fit(&self.lines.shaped(shape)));
        p / like_pattern(p)
    }

    /// What several cuts of one line, each along [`line_frame`], say together: what `stands_for` makes of a
    /// text, where it makes anything, with the mean of its probabilities, most probable first, ties by text. A
    /// cut that shows nothing that fits counts as one that shows something else. Where the network for codes
    /// and numbers of voters knows no text that fits, as on a form that prints other signs, the one for all
    /// lines is asked.
    ///
    /// [`line_frame`]: crate::read::cut::line_frame
    pub fn read_looks(
        &self,
        crops: &[GrayImage],
        (charset, look): (Charset, Look),
        stands_for: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<(String, f64)> {
        let said = match look {
            Look::General => Vec::new(),
            Look::Close => self.codes.looks(crops, charset, stands_for),
        };
        if said.is_empty() { self.lines.looks(crops, charset, stands_for) } else { said }
    }
}

/// The most probable text that fits a pattern, with its probability among the texts that do.
fn as_printed(
    frames: &Frames,
    pattern: &Regex,
    text: &impl Fn(&[u8]) -> String,
    allowed: impl Fn(u8) -> bool,
) -> Option<(String, f64)> {
    let fitting = frames.readings(allowed, READINGS).into_iter().filter_map(|labels| {
        let said = text(&labels);
        pattern.is_match(&said).then(|| (said, frames.probability(&labels)))
    });
    let (mut best, mut sum): (Option<(String, f64)>, f64) = (None, 0.0);
    for (said, p) in fitting {
        sum += p;
        if best.as_ref().is_none_or(|b| p > b.1) {
            best = Some((said, p));
        }
    }
    best.map(|(said, p)| (said, p / like_pattern(sum)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::print::{Canvas, text_width};
    use crate::form::{Align, Style, Weight};
    use crate::ground::geometry::Rect;
    use crate::read::cut::{LINES_WIDTH, line_frame};
    use image::Luma;

    /// A line as the header's closer look cuts it.
    fn printed(text: &str, weight: Weight) -> GrayImage {
        let style = Style { size: 2.44, weight, space: None, tracking: 0.0 };
        let frame = line_frame(0.0, text_width(text, &style), 0.0, style.size);
        let Rect { x, y, width, height } = frame.rect;
        let mut canvas = Canvas::new(x, y, width, height, frame.px_per_mm);
        canvas.text(text, 0.0, 0.0, Align::Left, &style);
        let width = canvas.ink.width().min(LINES_WIDTH);
        GrayImage::from_fn(width, CROP_HEIGHT, |x, y| {
            let ink = if y < canvas.ink.height() { canvas.ink.get_pixel(x, y)[0] } else { 0.0 };
            Luma([(240.0 - 200.0 * ink) as u8])
        })
    }

    #[test]
    fn a_line_says_what_is_printed_and_hardly_anything_else() {
        let reader = NetReader::new().unwrap();
        let crop = printed("EL TIGRE", Weight::Regular);
        let right = reader.line_says(&crop, "EL TIGRE");
        assert!(right > 0.5 && reader.line_says(&crop, "EL TICRE") < right / 10.0, "{right}");
        assert_eq!(reader.line_says(&crop, "EL TIGRE€"), 0.0, "a sign that it does not know");
    }

    #[test]
    fn cuts_of_one_line_say_together_what_most_of_them_say() {
        let reader = NetReader::new().unwrap();
        let (tiger, other) = (printed("EL TIGRE", Weight::Regular), printed("EL TOCUYO", Weight::Regular));
        let (text, p) = reader.read_cuts(&[&tiger, &other, &tiger], Charset::Text);
        let alone = reader.read_line(&tiger, Charset::Text, None);
        assert!(text == "EL TIGRE" && p > 0.5 && p < alone.1, "{text} {p} {alone:?}");
        assert_eq!(reader.read_cuts(&[&tiger, &tiger], Charset::Text), alone);
        assert_eq!(reader.read_cuts(&[], Charset::Text), (String::new(), 0.0));
    }

    /// What a look makes of a printed text that fits a pattern.
    fn seen(text: &str, weight: Weight, kind: (Charset, Look), pattern: &str) -> Option<(String, f64)> {
        let reader = NetReader::new().unwrap();
        let pattern = Regex::new(pattern).unwrap();
        let fits = |said: &str| pattern.is_match(said).then(|| said.to_owned());
        reader.read_looks(&[printed(text, weight)], kind, &fits).into_iter().next()
    }

    #[test]
    fn codes_and_numbers_of_voters_are_read_by_a_closer_look() {
        let code = r"^\d{9}\.\d{2}\.\d\.\d{4}$";
        let voters = r"^\d{1,4} Electores$";
        for (text, weight, charset, pattern) in [
            ("082503714.96.1.0001", Weight::Regular, Charset::FaintCode, code),
            ("123456789", Weight::Regular, Charset::Digits, r"^\d{9}$"),
            ("926 Electores", Weight::Bold, Charset::Text, voters),
            ("1058 Electores", Weight::Bold, Charset::Text, voters),
        ] {
            let (said, p) = seen(text, weight, (charset, Look::Close), pattern).unwrap();
            assert!(said == text && p > 0.9, "{text}: {said} {p}");
        }
    }

    /// The closer look takes any line for a code; which line it is, the network for all lines says.
    #[test]
    fn a_name_is_no_code_to_the_general_look() {
        let kind = (Charset::Digits, Look::General);
        let said = seen("UNIDAD EDUCATIVA", Weight::Regular, kind, r"^\d{9}$");
        assert!(said.as_ref().is_none_or(|s| s.1 < 0.9), "{said:?}");
    }

    #[test]
    fn signs_that_the_closer_look_does_not_know_are_read_by_the_general_one() {
        let date =
            |look| seen("28/07/2024", Weight::Regular, (Charset::DateTime, look), r"^\d\d/\d\d/\d{4}$");
        assert_eq!(date(Look::Close).unwrap().0, "28/07/2024");
        assert_eq!(date(Look::Close), date(Look::General));
    }
}
