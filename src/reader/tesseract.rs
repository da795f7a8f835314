//! The second reader: Tesseract, through its C interface in this process.
//!
//! In: crops of one line of print. Out: distributions over values for digits and digit words, a text
//! with a confidence for free text. Refuses to start without its language data, and says which.
//!
//! One [`TesseractReader`] a thread. Tesseract's own threads are switched off (a parallel map over
//! photos with OpenMP inside ran several times slower), and the binding's result iterators, which can
//! outlive the engine, never leave this module.

use super::ink::Ink;
use super::{Distribution, spelling};
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

/// What signs a line can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Digits.
    Digits,
    /// Digits and dots.
    Code,
    /// Digits, a to f, hyphens.
    Uuid,
    /// Digits, A to F.
    Hash,
    /// Date and time with AM or PM.
    DateTime,
    /// Anything.
    Text,
}

impl Charset {
    /// Tesseract's whitelist; empty allows everything.
    fn whitelist(self) -> &'static str {
        match self {
            Self::Digits => "0123456789",
            Self::Code => "0123456789.",
            Self::Uuid => "0123456789abcdef-",
            Self::Hash => "0123456789ABCDEF",
            Self::DateTime => "0123456789/: APM",
            Self::Text => "",
        }
    }
}

/// Pixels of digit height at which Tesseract reads lone digits best, and the white around them (the
/// best of 20 settings on 38 clean cells).
const DIGIT_HEIGHT: u32 = 32;
/// White around the digits.
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

/// One sign with its alternatives and their confidences, 0 to 100, best first.
type Sign = Vec<(String, f64)>;

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
        for language in ["spa", "eng"] {
            // An empty path means TESSDATA_PREFIX, then the place compiled in.
            if engine.init("", language).is_ok() {
                engine.set_variable("debug_file", "/dev/null")?;
                engine.set_variable("classify_enable_learning", "0")?;
                return Ok(Self { engine, charset: None, choices: None });
            }
        }
        Err(TesseractError::Language("Spanish or English".to_owned()))
    }

    /// Reads a number cell's digits.
    pub fn digits(&mut self, crop: &GrayImage) -> Distribution {
        let Some(ink) = Ink::find(crop) else {
            return Distribution { values: Vec::new(), blank: 1.0, other: 0.0 };
        };
        let expected = digits_in(&ink);
        let mut tried: Vec<Distribution> = Vec::new();
        let modes = [
            (TessPageSegMode::PSM_SINGLE_LINE, DIGIT_HEIGHT),
            (
                if expected == 1 { TessPageSegMode::PSM_SINGLE_CHAR } else { TessPageSegMode::PSM_RAW_LINE },
                DIGIT_HEIGHT,
            ),
            (TessPageSegMode::PSM_SINGLE_WORD, 40),
        ];
        for (mode, height) in modes {
            let picture = ink.enlarge(crop, height, PADDING);
            let signs = self.signs(&picture, mode, Charset::Digits, Choices::All).unwrap_or_default();
            let read = number(&signs, expected);
            let sure = read.best().is_some_and(|b| b.1 > 0.97);
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
        let mut confidence: f64 = 1.0;
        for line in lines {
            if Ink::find(line).is_none() {
                continue;
            }
            let (read, sure) = self.line(line, Charset::Text);
            text.push_str(&read);
            text.push('\n');
            confidence = confidence.min(sure);
        }
        let read = spelling::read(&text, words);
        // Tesseract's own confidence says little about which word it is; it widens the doubt.
        let doubt = 0.02 * (1.0 - confidence) + 0.002;
        let values = read.values.iter().map(|&(v, p)| (v, p * (1.0 - doubt))).collect();
        Distribution::from_weights(values, read.blank, read.other + doubt * (1.0 - read.blank))
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
            self.engine.set_variable("tessedit_char_whitelist", charset.whitelist())?;
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
        choices: Choices,
    ) -> Result<Vec<Sign>, TesseractError> {
        self.prepare(charset, choices)?;
        self.show(picture, mode)?;
        self.engine.recognize()?;
        let mut signs = Vec::new();
        let level = TessPageIteratorLevel::RIL_SYMBOL;
        // A page without text has no iterator, or one without text.
        let Ok(results) = self.engine.get_iterator() else { return Ok(signs) };
        loop {
            let Ok(best) = results.get_utf8_text(level) else { break };
            let mut sign: Sign = Vec::new();
            if let Ok(choice) = results.get_choice_iterator() {
                loop {
                    if let (Ok(text), Ok(c)) = (choice.get_utf8_text(), choice.confidence()) {
                        sign.push((text.trim().to_owned(), f64::from(c)));
                    }
                    if !choice.next().unwrap_or(false) {
                        break;
                    }
                }
            }
            if sign.is_empty() {
                sign.push((best.trim().to_owned(), f64::from(results.confidence(level)?)));
            }
            signs.push(sign);
            if !results.next(level)? {
                break;
            }
        }
        Ok(signs)
    }
}

/// Pixels of a text line's ink box, ascender to descender.
const LINE_HEIGHT: u32 = 40;

/// How many digits an ink box holds, from its shape.
fn digits_in(ink: &Ink) -> usize {
    ((ink.aspect() + DIGIT_GAP) / DIGIT_PITCH).round().max(1.0) as usize
}

/// The distribution that signs with alternatives spell; `expected` is the number of digits that the
/// ink's shape speaks for.
fn number(signs: &[Sign], expected: usize) -> Distribution {
    if signs.is_empty() {
        return Distribution::unreadable();
    }
    let mut values: Vec<(u32, f64)> = vec![(0, 1.0)];
    for sign in signs {
        let top = sign.iter().map(|s| s.1).fold(0.0, f64::max);
        let weights: Vec<(u32, f64)> = sign
            .iter()
            .filter_map(|(text, c)| text.parse::<u32>().ok().filter(|d| *d <= 9).map(|d| (d, *c)))
            .map(|(d, c)| (d, ((c - top) / MARGIN).exp()))
            .collect();
        let sum: f64 = weights.iter().map(|w| w.1).sum();
        // What a low confidence leaves open.
        let seen = (top / 100.0).clamp(0.0, 1.0).powf(0.5);
        let mut next = Vec::new();
        for &(value, p) in &values {
            for &(digit, w) in &weights {
                next.push((value * 10 + digit, p * w / sum.max(1e-12) * seen));
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
                eprintln!("cotejo: {error}; reading goes on without it");
                None
            }
        });
        engine.as_ref().map(|e| work(&mut e.borrow_mut()))
    })
}
