//! The second reader: Tesseract, through its C interface in this process.
//!
//! In: crops of one line of print. Out: distributions over values for digits and digit words, a text
//! with a confidence for free text. Refuses to start without its language data, and says which.
//!
//! One [`TesseractReader`] a thread. Tesseract's own threads are switched off (a parallel map over
//! photos with OpenMP inside ran several times slower), and the binding's result iterators, which can
//! outlive the engine, never leave this module.

use super::ink::Ink;
use super::{Charset, Distribution, spelling};
use crate::form::Words;
use image::GrayImage;
use tesseract_rs::{TessPageIteratorLevel, TessPageSegMode, TesseractAPI};

/// Tesseract did not start or failed.
#[derive(Debug, thiserror::Error)]
pub enum TesseractError {
    /// No language data.
    #[error(
        "Tesseract found no language data for {0}; install the package tesseract-ocr-spa or set TESSDATA_PREFIX"
    )]
    Language(String),
    /// A call failed.
    #[error("Tesseract failed: {0}")]
    Call(#[from] tesseract_rs::TesseractError),
}

/// White pixels around what is shown (10 to 30 read alike).
const PADDING: u32 = 20;
/// Width of a digit with its gap over its height, in the print's face (0.556 em over 0.716 em).
const DIGIT_PITCH: f64 = 0.776;
/// The gap between digits over their height.
const DIGIT_GAP: f64 = 0.13;

/// A Tesseract engine for one thread.
pub struct TesseractReader {
    engine: TesseractAPI,
    charset: Option<Charset>,
    choices: Option<Choices>,
}

/// Whether the engine reports alternatives a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choices {
    Best,
    All,
}

/// One sign as read.
#[derive(Debug, Clone)]
struct Sign {
    /// Its middle in pixels from the picture's left edge.
    middle: f64,
    /// Alternatives with their confidences, 0 to 100, best first.
    choices: Vec<(String, f64)>,
}

impl std::fmt::Debug for TesseractReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TesseractReader").field("charset", &self.charset).finish_non_exhaustive()
    }
}

impl TesseractReader {
    /// Starts an engine (about 90 ms).
    pub fn new() -> Result<Self, TesseractError> {
        single_threaded();
        let engine = TesseractAPI::new();
        // Before it starts: what it finds wrong then, it would say on stderr.
        engine.set_variable("debug_file", "/dev/null")?;
        for language in ["spa", "eng"] {
            // An empty path means TESSDATA_PREFIX, then the place compiled in.
            if engine.init("", language).is_ok() {
                engine.set_variable("classify_enable_learning", "0")?;
                // The print is dark on light: unsure lines are not tried again inverted.
                engine.set_variable("tessedit_do_invert", "0")?;
                return Ok(Self { engine, charset: None, choices: None });
            }
        }
        Err(TesseractError::Language("Spanish or English".to_owned()))
    }

    /// Reads a field's number cell and word cell: digits, words.
    ///
    /// Tesseract loses or invents lone digits (80 to 120 of 134 right, whatever the scale and padding)
    /// and reads them well as the first word of a line of text (131 of 134; 14 scans, 23 November
    /// 2026). So the digits are shown in front of the first line of words, without what stands
    /// between. Both crops have the same resolution and the same vertical place.
    pub fn field(
        &mut self,
        digits: &GrayImage,
        lines: &[GrayImage],
        words: &Words,
    ) -> (Distribution, Distribution) {
        let (number, first) = (Ink::find(digits), lines.first().and_then(Ink::find));
        let (Some(number), Some(first), Some(line)) = (number, first, lines.first()) else {
            return (self.digits(digits), self.words(lines, words));
        };
        let (read, right) = self.joined(&number, digits, &first, line);
        let mut text = text_of(&right);
        for line in lines.iter().skip(1) {
            if Ink::find(line).is_some() {
                text.push('\n');
                text.push_str(&self.line(line, Charset::Text).0);
            }
        }
        (read, spelled(&text, words))
    }

    /// Reads a number in front of text: the number, and the signs of the text.
    fn joined(
        &mut self,
        number: &Ink,
        digits: &GrayImage,
        first: &Ink,
        line: &GrayImage,
    ) -> (Distribution, Vec<Sign>) {
        let (picture, boundary) = join(number, digits, first, line);
        let signs = self
            .signs(&picture, TessPageSegMode::PSM_SINGLE_LINE, Charset::Text, Choices::All)
            .unwrap_or_default();
        let (left, right): (Vec<Sign>, Vec<Sign>) = signs.into_iter().partition(|s| s.middle < boundary);
        let mut read = number_of(&left, digits_in(number));
        if read.best().is_none_or(|b| b.1 < 0.7) {
            // Nearly always a lost digit or one taken for a letter: the digits alone have a say too.
            read = average(&[read, self.digits(digits)]);
        }
        (read, right)
    }

    /// Reads a number cell's digits alone.
    pub fn digits(&mut self, crop: &GrayImage) -> Distribution {
        let Some(ink) = Ink::find(crop) else {
            return Distribution { values: Vec::new(), blank: 1.0, other: 0.0 };
        };
        let expected = digits_in(&ink);
        let mut tried: Vec<Distribution> = Vec::new();
        for (mode, height) in [(TessPageSegMode::PSM_SINGLE_LINE, 20), (TessPageSegMode::PSM_RAW_LINE, 32)] {
            let picture = ink.enlarge(crop, height, PADDING);
            let signs = self.signs(&picture, mode, Charset::Digits, Choices::All).unwrap_or_default();
            let read = number_of(&signs, expected);
            let sure = read.best().is_some_and(|b| b.1 > 0.7);
            tried.push(read);
            if sure {
                break;
            }
        }
        average(&tried)
    }

    /// Reads a number cell's digit words, given its lines from top to bottom.
    pub fn words(&mut self, lines: &[GrayImage], words: &Words) -> Distribution {
        let mut text = String::new();
        for line in lines {
            if Ink::find(line).is_some() {
                text.push_str(&self.line(line, Charset::Text).0);
                text.push('\n');
            }
        }
        spelled(&text, words)
    }

    /// Reads one line of text: the text, trimmed, and a confidence, 0 to 1 (0 for a blank line).
    pub fn line(&mut self, crop: &GrayImage, charset: Charset) -> (String, f64) {
        let Some(ink) = Ink::find(crop) else { return (String::new(), 0.0) };
        let picture = ink.enlarge(crop, LINE_HEIGHT, PADDING / 2);
        let Ok((text, confidence)) = self.text(&picture, charset) else { return (String::new(), 0.0) };
        (text.trim().to_owned(), confidence)
    }

    /// Reads the number that stands before a word on a line; both crops have the same height.
    pub fn number_before(&mut self, number: &GrayImage, after: &GrayImage) -> Distribution {
        match (Ink::find(number), Ink::find(after)) {
            (Some(ink), Some(rest)) => self.joined(&ink, number, &rest, after).0,
            _ => self.digits(number),
        }
    }

    fn prepare(&mut self, charset: Charset, choices: Choices) -> Result<(), TesseractError> {
        single_threaded();
        if self.charset != Some(charset) {
            self.engine.set_variable("tessedit_char_whitelist", charset.signs())?;
            self.charset = Some(charset);
        }
        if self.choices != Some(choices) {
            let mode = if choices == Choices::All { "2" } else { "0" };
            self.engine.set_variable("lstm_choice_mode", mode)?;
            self.choices = Some(choices);
        }
        Ok(())
    }

    fn show(&mut self, picture: &GrayImage, mode: TessPageSegMode) -> Result<(), TesseractError> {
        self.engine.set_page_seg_mode(mode)?;
        let (w, h) = (picture.width() as i32, picture.height() as i32);
        self.engine.set_image(picture.as_raw(), w, h, 1, w)?;
        self.engine.set_source_resolution(300)?;
        Ok(())
    }

    fn text(&mut self, picture: &GrayImage, charset: Charset) -> Result<(String, f64), TesseractError> {
        self.prepare(charset, Choices::Best)?;
        self.show(picture, TessPageSegMode::PSM_SINGLE_LINE)?;
        let text = self.engine.get_utf8_text()?;
        let confidence = f64::from(self.engine.mean_text_conf()?) / 100.0;
        Ok((text, confidence.clamp(0.0, 1.0)))
    }

    fn signs(
        &mut self,
        picture: &GrayImage,
        mode: TessPageSegMode,
        charset: Charset,
        alternatives: Choices,
    ) -> Result<Vec<Sign>, TesseractError> {
        self.prepare(charset, alternatives)?;
        self.show(picture, mode)?;
        self.engine.recognize()?;
        let mut signs = Vec::new();
        let level = TessPageIteratorLevel::RIL_SYMBOL;
        // A page without text has no iterator, or one without text.
        let Ok(results) = self.engine.get_iterator() else { return Ok(signs) };
        while let Ok(best) = results.get_utf8_text(level) {
            let mut choices: Vec<(String, f64)> = Vec::new();
            if let Ok(choice) = results.get_choice_iterator() {
                loop {
                    if let (Ok(text), Ok(c)) = (choice.get_utf8_text(), choice.confidence()) {
                        choices.push((text.trim().to_owned(), f64::from(c)));
                    }
                    if !choice.next().unwrap_or(false) {
                        break;
                    }
                }
            }
            if choices.is_empty() {
                choices.push((best.trim().to_owned(), f64::from(results.confidence(level)?)));
            }
            let (left, _, right, _) = results.get_bounding_box(level)?;
            signs.push(Sign { middle: f64::from(left + right) / 2.0, choices });
            if !results.next(level)? {
                break;
            }
        }
        Ok(signs)
    }
}

/// The best choice of every sign.
fn text_of(signs: &[Sign]) -> String {
    signs.iter().filter_map(|s| s.choices.first()).map(|c| c.0.as_str()).collect()
}

/// Pixels of a text line's ink box, ascender to descender.
const LINE_HEIGHT: u32 = 40;

/// How many digits an ink box holds, from its shape.
fn digits_in(ink: &Ink) -> usize {
    ((ink.aspect() + DIGIT_GAP) / DIGIT_PITCH).round().max(1.0) as usize
}

/// The distribution that signs with alternatives spell; `expected` is the number of digits that the
/// ink's shape speaks for.
fn number_of(signs: &[Sign], expected: usize) -> Distribution {
    // Rules and specks read as punctuation stand between or beside digits.
    let signs: Vec<Vec<(u32, f64)>> = signs.iter().map(digit_weights).filter(|s| !s.is_empty()).collect();
    if signs.is_empty() {
        return Distribution::unreadable();
    }
    let mut values: Vec<(u32, f64)> = vec![(0, 1.0)];
    for weights in &signs {
        let mut next = Vec::new();
        for &(value, p) in &values {
            for &(digit, w) in weights {
                next.push((value.saturating_mul(10) + digit, p * w));
            }
        }
        next.sort_by(|a: &(u32, f64), b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        next.truncate(12);
        values = next;
    }
    let mut merged: Vec<(u32, f64)> = Vec::new();
    for (value, p) in values {
        match merged.iter_mut().find(|m| m.0 == value) {
            Some(entry) => entry.1 += p,
            None => merged.push((value, p)),
        }
    }
    // A number of digits that the ink's shape contradicts is a lost or an invented digit.
    let fits = if signs.len() == expected && signs.len() <= 4 { 1.0 } else { 0.1 };
    let total: f64 = merged.iter().map(|m| m.1).sum();
    for m in &mut merged {
        m.1 *= fits;
    }
    Distribution::from_weights(merged, 0.0, (1.0 - total * fits).max(0.002))
}

/// What a sign says as a digit: each digit with its probability, their sum below 1 by what a low
/// confidence leaves open; nothing for a sign that no digit looks like.
fn digit_weights(sign: &Sign) -> Vec<(u32, f64)> {
    let top = sign.choices.iter().map(|c| c.1).fold(0.0, f64::max);
    let mut weights: Vec<(u32, f64)> = Vec::new();
    for (text, confidence) in &sign.choices {
        let Some((digit, share)) = as_digit(text) else { continue };
        let weight = share * ((confidence - top) / MARGIN).exp();
        match weights.iter_mut().find(|w| w.0 == digit) {
            Some(entry) => entry.1 += weight,
            None => weights.push((digit, weight)),
        }
    }
    let sum: f64 = weights.iter().map(|w| w.1).sum();
    let seen = (top / 100.0).clamp(0.0, 1.0).sqrt();
    for w in &mut weights {
        w.1 *= seen / sum.max(1.0);
    }
    let read = weights.clone();
    for w in &mut weights {
        w.1 *= 1.0 - CONFUSED[w.0 as usize];
    }
    for (digit, weight) in read {
        let other = LOOKALIKE[digit as usize];
        let share = weight * CONFUSED[digit as usize];
        match weights.iter_mut().find(|w| w.0 == other) {
            Some(entry) => entry.1 += share,
            None => weights.push((other, share)),
        }
    }
    weights
}

/// The digit that a sign stands for in a number, with the share of its weight that it keeps; letters
/// that look like a digit keep less.
fn as_digit(text: &str) -> Option<(u32, f64)> {
    let mut signs = text.chars();
    let sign = signs.next()?;
    if let Some(digit) = sign.to_digit(10) {
        return signs.next().is_none().then_some((digit, 1.0));
    }
    match sign {
        'o' | 'O' | 'Q' | 'D' => Some((0, 0.95)),
        'l' | 'I' | 'i' => Some((1, 0.7)),
        'z' | 'Z' => Some((2, 0.7)),
        'A' => Some((4, 0.5)),
        's' | 'S' => Some((5, 0.5)),
        'G' | 'b' => Some((6, 0.5)),
        'T' => Some((7, 0.5)),
        'B' => Some((8, 0.7)),
        'g' | 'q' | 'y' | 'Y' => Some((9, 0.5)),
        _ => None,
    }
}

/// The distribution that the text of a word cell spells.
fn spelled(text: &str, words: &Words) -> Distribution {
    let read = spelling::read(text, words);
    // A reader that skips ink reads clean words all the same.
    let values = read.values.iter().map(|&(v, p)| (v, p * (1.0 - READ_DOUBT))).collect();
    Distribution::from_weights(values, read.blank, read.other + READ_DOUBT * (1.0 - read.blank))
}

/// Doubt that stays on clean words (205 of 205 cells were right on the two scanners held out).
const READ_DOUBT: f64 = 0.003;

/// Digits and the first line of words beside each other at [`JOINED_HEIGHT`], and the pixel between.
fn join(number: &Ink, digits: &GrayImage, first: &Ink, line: &GrayImage) -> (GrayImage, f64) {
    let (tall, wide) = (number.frame.3 - number.frame.1, first.frame.2 - first.frame.0);
    let margin = 2;
    let height = digits.height().max(line.height());
    let gap = tall * GAP;
    let cut = |ink: &Ink, crop: &GrayImage| {
        let (l, r) = (ink.frame.0.saturating_sub(margin), (ink.frame.2 + margin).min(crop.width()));
        image::imageops::crop_imm(&ink.clean(crop), l, 0, r - l, crop.height()).to_image()
    };
    let paper = image::Luma([number.paper.max(first.paper) as u8]);
    let (a, b) = (cut(number, digits), cut(first, line));
    let mut both = GrayImage::from_pixel(a.width() + gap + b.width(), height, paper);
    image::imageops::replace(&mut both, &a, 0, 0);
    image::imageops::replace(&mut both, &b, i64::from(a.width() + gap), 0);
    let scale = f64::from(JOINED_HEIGHT) / f64::from(tall.max(1));
    // A box much taller than a digit is not one: the scale stays within what text can need.
    let scale = scale.min(4000.0 / f64::from(both.width().max(wide))).clamp(0.2, 6.0);
    let (w, h) = ((f64::from(both.width()) * scale) as u32, (f64::from(height) * scale) as u32);
    let large = image::imageops::resize(&both, w.max(1), h.max(1), image::imageops::FilterType::CatmullRom);
    let mut out = GrayImage::from_pixel(w.max(1) + 2 * PADDING, h.max(1) + 2 * PADDING, paper);
    image::imageops::replace(&mut out, &large, i64::from(PADDING), i64::from(PADDING));
    let boundary = f64::from(PADDING) + (f64::from(a.width()) + f64::from(gap) / 2.0) * scale;
    (out, boundary)
}

/// Pixels of digit height in front of words (24 to 35 read alike, 20 worse).
const JOINED_HEIGHT: u32 = 30;

/// The gap before the words in digit heights (5 to 8 read alike, 2 worse; the print has 3 to 8).
const GAP: u32 = 6;

/// The digit that each digit, as read, most often is instead, and the share of a sign's weight that
/// this other digit gets whatever Tesseract's confidence: of 697 cells of one scanner 25 were wrong, most
/// of the confident ones a 5 read as 6 (November 2026); the other shares are not measured singly.
const LOOKALIKE: [u32; 10] = [8, 4, 7, 8, 1, 6, 5, 1, 6, 4];
/// See [`LOOKALIKE`].
const CONFUSED: [f64; 10] = [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.25, 0.05, 0.05, 0.05];

/// The confidence margin, in Tesseract's points, that makes one digit e times as likely as another
/// (its choices of 90 against 40 are nearly always right, 90 against 80 often wrong).
const MARGIN: f64 = 12.0;

/// The mean of distributions.
fn average(tried: &[Distribution]) -> Distribution {
    let mut values: Vec<(u32, f64)> = Vec::new();
    let (mut blank, mut other) = (0.0, 0.0);
    for d in tried {
        blank += d.blank;
        other += d.other;
        for &(v, p) in &d.values {
            match values.iter_mut().find(|m| m.0 == v) {
                Some(entry) => entry.1 += p,
                None => values.push((v, p)),
            }
        }
    }
    Distribution::from_weights(values, blank, other)
}

/// Switches OpenMP off for the calling thread, if it is in the process: the setting belongs to the
/// thread, and the environment variable would have to stand before the process starts.
fn single_threaded() {
    // SAFETY: the name is a C string, and the symbol, where it exists, is OpenMP's
    // `void omp_set_max_active_levels(int)`.
    unsafe {
        let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"omp_set_max_active_levels".as_ptr());
        if !symbol.is_null() {
            let set: extern "C" fn(libc::c_int) = std::mem::transmute(symbol);
            set(0);
        }
    }
}

thread_local! {
    /// One engine a thread; `None` inside when it did not start.
    static ENGINE: std::cell::OnceCell<Option<std::cell::RefCell<TesseractReader>>> =
        const { std::cell::OnceCell::new() };
}

/// Runs `work` with this thread's engine, starting it at first use; `None` when it does not start.
pub fn with_engine<T>(work: impl FnOnce(&mut TesseractReader) -> T) -> Option<T> {
    ENGINE.with(|cell| {
        let engine = cell.get_or_init(|| match TesseractReader::new() {
            Ok(engine) => Some(std::cell::RefCell::new(engine)),
            Err(error) => {
                tracing::warn!("{error}; reading goes on without it");
                None
            }
        });
        engine.as_ref().map(|e| work(&mut e.borrow_mut()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::{Form, Slot};
    use image::Luma;

    fn form() -> Form {
        crate::form::builtin().unwrap().remove(0)
    }

    /// A line of the form's print at 200 dpi in a crop of the slot's size.
    fn printed(text: &str, slot: &Slot) -> GrayImage {
        use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
        let ppm = 200.0 / 25.4;
        let bytes = include_bytes!("../../../models/fonts/LiberationSans-Regular.ttf");
        let font = FontRef::try_from_slice(bytes).unwrap();
        // Scale of the em, which ab_glyph counts by ascent plus descent.
        let em = font.units_per_em().unwrap();
        let size = slot.style.size * ppm;
        let scale = PxScale::from((size * f64::from(font.height_unscaled() / em)) as f32);
        let font = font.as_scaled(scale);
        let width: f32 = text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum();
        let (w, h) = ((slot.width * ppm) as u32, (1.2 * size) as u32);
        let mut out = GrayImage::from_pixel(w, h, Luma([225]));
        let mut x = (w as f32 - width) / 2.0;
        for c in text.chars() {
            let id = font.glyph_id(c);
            let glyph = id.with_scale_and_position(scale, point(x, 0.92 * size as f32));
            if let Some(outline) = font.outline_glyph(glyph) {
                let at = outline.px_bounds().min;
                outline.draw(|gx, gy, v| {
                    let (px, py) = (at.x as i64 + i64::from(gx), at.y as i64 + i64::from(gy));
                    if px >= 0 && py >= 0 && px < i64::from(w) && py < i64::from(h) {
                        let p = out.get_pixel_mut(px as u32, py as u32);
                        p[0] = p[0].min((225.0 - 180.0 * v.min(1.0)) as u8);
                    }
                });
            }
            x += font.h_advance(id);
        }
        image::imageops::blur(&out, 0.6)
    }

    #[test]
    fn drawn_fields_are_read_by_digits_and_words() {
        let form = form();
        let field = &form.fields[form.field("NM_PSUV").unwrap()];
        let (digits, words) = (field.digits.unwrap(), field.words.unwrap());
        let mut reader = TesseractReader::new().unwrap();
        let mut right = (0, 0);
        let values = [0, 2, 3, 7, 8, 12, 30, 149, 283, 470];
        for value in values {
            let crop = printed(&value.to_string(), &digits);
            let line = printed(&form.spell(value), &words);
            let blank = printed("", &words);
            let (d, w) = reader.field(&crop, &[line, blank], form.words.as_ref().unwrap());
            right.0 += u32::from(d.best().is_some_and(|b| b.0 == value));
            right.1 += u32::from(w.best().is_some_and(|b| b.0 == value));
        }
        assert!(right.0 >= 8, "digits {} of {}", right.0, values.len());
        assert_eq!(right.1, values.len() as u32, "words");
    }

    #[test]
    fn blank_cells_are_blank_and_never_a_number() {
        let form = form();
        let field = &form.fields[0];
        let (digits, words) = (field.digits.unwrap(), field.words.unwrap());
        let mut reader = TesseractReader::new().unwrap();
        let (d, w) =
            reader.field(&printed("", &digits), &[printed("", &words)], form.words.as_ref().unwrap());
        assert_eq!((d.blank, w.blank), (1.0, 1.0));
    }

    #[test]
    fn a_code_line_keeps_its_signs() {
        let form = form();
        let mut slot = form.fields[0].words.unwrap();
        slot.width = 50.0;
        let mut reader = TesseractReader::new().unwrap();
        let (text, confidence) = reader.line(&printed("123456789.02.1.0001", &slot), Charset::Code);
        assert_eq!(text, "123456789.02.1.0001");
        assert!(confidence > 0.5);
    }

    #[test]
    fn a_digit_more_than_the_ink_shows_is_doubted() {
        let sign = |t: &str| Sign { middle: 0.0, choices: vec![(t.to_owned(), 99.0)] };
        let two = number_of(&[sign("1"), sign("0")], 1);
        assert!(two.best().is_none(), "{two:?}");
        assert_eq!(number_of(&[sign("O")], 1).best().map(|b| b.0), Some(0));
    }
}
