//! The second reader: Tesseract, through its C interface in this process.
//!
//! In: crops of one line of print. Out: distributions over values for digits and digit words, a text
//! with a confidence for free text. Refuses to start without its language data, and says which.
//!
//! One [`TesseractReader`] a thread. Tesseract's own threads are switched off (a parallel map over
//! photos with OpenMP inside ran several times slower), and the binding's result iterators, which can
//! outlive the engine, never leave this module.

mod beside;
mod signs;

use super::ink::Ink;
use super::{Charset, Distribution, spelling};
use crate::form::Words;
use beside::beside;
use image::GrayImage;
use signs::{Sign, average, digits_in, number_of};
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

    /// Reads a field's number cell with the first line of its words.
    ///
    /// Tesseract loses or invents lone digits (80 to 120 of 134 right, whatever the scale and padding)
    /// and reads them well as the first word of a line of text (131 of 134; 14 scans, 23 November
    /// 2026). So the digits are shown in front of the first line of words, without what stands
    /// between. Both crops have the same resolution and the same vertical place.
    pub fn field(&mut self, digits: &GrayImage, words: &GrayImage) -> Distribution {
        match (Ink::find(digits), Ink::find(words)) {
            (Some(number), Some(first)) => self.joined(&number, digits, &first, words),
            _ => self.digits(digits),
        }
    }

    /// Reads a number in front of text.
    fn joined(&mut self, number: &Ink, digits: &GrayImage, first: &Ink, line: &GrayImage) -> Distribution {
        let (picture, boundary) = beside(number, digits, first, line);
        let mut signs = self
            .signs(&picture, TessPageSegMode::PSM_SINGLE_LINE, Charset::Text, Choices::All)
            .unwrap_or_default();
        signs.retain(|s| s.middle < boundary);
        let read = number_of(&signs, digits_in(number));
        if read.best().is_none_or(|b| b.1 < 0.7) {
            // Nearly always a lost digit or one taken for a letter: the digits alone have a say too.
            return average(&[read, self.digits(digits)]);
        }
        read
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

/// Pixels of a text line's ink box, ascender to descender.
const LINE_HEIGHT: u32 = 40;

/// The distribution that the text of a word cell spells.
fn spelled(text: &str, words: &Words) -> Distribution {
    let read = spelling::read(text, words);
    // A reader that skips ink reads clean words all the same.
    let values = read.values.iter().map(|&(v, p)| (v, p * (1.0 - READ_DOUBT))).collect();
    Distribution::from_weights(values, read.blank, read.other + READ_DOUBT * (1.0 - read.blank))
}

/// Doubt that stays on clean words (205 of 205 cells were right on the two scanners held out).
const READ_DOUBT: f64 = 0.003;

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
            let d = reader.field(&crop, &line);
            let w = reader.words(&[line, blank], form.words.as_ref().unwrap());
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
        let blank = printed("", &words);
        let d = reader.field(&printed("", &digits), &blank);
        let w = reader.words(&[blank], form.words.as_ref().unwrap());
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
}
