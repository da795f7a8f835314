//! The face of the library: a picture to records, with what was measured, in one call.
//!
//! In: [`Options`], then files, bytes or pixels. Out: a [`Sheet`] each sheet that is found, or the [`Error`] that says
//! why a file gives none, with a code and what to do. A [`Reader`] is made once (it loads the networks) and shared by
//! threads; what it returns borrows nothing from it.

use crate::decide::Status;
use crate::form::{self, Form, FormError};
use crate::ground::hash::sha256;
use crate::read::evidence::{Evidence, EvidenceError};
use crate::read::glyphs::ReaderChoice;
use crate::read::glyphs::net::NetError;
use crate::read::photo::{self, Limits, Photo, PhotoError};
use crate::record::Record;
use crate::run::batch;
use crate::run::config::{Config, QrUse};
use crate::run::pipeline::{Digitized, Digitizer, Opened};
use crate::run::registry::{Registry, RegistryError};
use image::GrayImage;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How pictures are read and decided on.
#[derive(Debug, Clone)]
pub struct Options {
    /// The forms that are looked for; empty: the built-in ones. [`Options::with_forms`] reads others.
    pub forms: Vec<Form>,
    /// Whether the QR code takes part; without it the printed table has to be enough.
    pub qr: bool,
    /// Which readers read the print.
    pub readers: ReaderChoice,
    /// The largest probability that any number of an accepted sheet is wrong, between 0 and 1.
    pub max_error: f64,
    /// The largest picture that is decoded, in pixels.
    pub max_pixels: u64,
    /// A registry of tables that sheets are held against, a CSV file.
    pub registry: Option<PathBuf>,
}

impl Default for Options {
    /// The built-in forms, all readers of this build, one wrong sheet in 10,000, 200 million pixels, no registry.
    fn default() -> Self {
        Self {
            forms: Vec::new(),
            qr: true,
            readers: ReaderChoice::Auto,
            max_error: 1e-4,
            max_pixels: Limits::default().pixels,
            registry: None,
        }
    }
}

impl Options {
    /// With the built-in forms and those of a folder's `*.toml`, of which one replaces a built-in one of the same id.
    ///
    /// # Errors
    /// The first file that cannot be read or is refused.
    pub fn with_forms(self, dir: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self { forms: form::known(Some(dir.as_ref()))?, ..self })
    }
}

/// A sheet of a picture.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What is handed over; rejected, with the finding that says why, where the picture shows no sheet or none that can
    /// be read.
    pub record: Record,
    /// What was measured, to be kept, decided on again or joined with that of other pictures of the sheet; `None` where
    /// nothing was.
    pub evidence: Option<Evidence>,
}

/// Why there is nothing to hand over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A form's definition.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file, or a page of it.
    #[error("{}", .source.finding(.name).message)]
    Picture {
        /// The file's name.
        name: String,
        /// What it suffers from.
        source: PhotoError,
    },
    /// Evidence of another program or form.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The networks that the program carries.
    #[error(transparent)]
    Networks(#[from] NetError),
    /// An option.
    #[error("{0}")]
    Options(String),
}

impl Error {
    /// A stable tag: for a picture that of the finding its record would have.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "form",
            Self::Registry(_) => "registry",
            Self::Picture { source, .. } => source.code().name(),
            Self::Evidence(_) => "evidence",
            Self::Networks(_) => "networks",
            Self::Options(_) => "options",
        }
    }

    /// What a person can do; empty where the message says it.
    pub fn hint(&self) -> String {
        match self {
            Self::Picture { source, name } => source.finding(name).hint,
            _ => String::new(),
        }
    }
}

/// Reads tally sheets.
///
/// Everything happens in the calling process and thread. The `cotejo` command has PDF, HEIC and TIFF files and very large
/// pictures decoded by a process of its own, bounded in memory and time, and gives up a photo that takes more than a
/// minute; a library has no command beside it, so that a file made to do harm can end or hold up the process that reads
/// it here: who reads files of strangers runs the command, or this in a process that may die.
///
/// ```
/// use cotejo::{Options, Reader, Status};
///
/// # fn main() -> Result<(), cotejo::Error> {
/// let reader = Reader::new(Options::default())?;
/// for sheet in reader.read_path("samples/acta-0001.jpg")? {
///     assert_eq!(sheet.record.status, Status::Accepted);
///     for choice in sheet.record.choices() {
///         println!("{:?} votes for {}", choice.votes.value, choice.party);
///     }
/// }
/// let error = reader.read_bytes("notes.txt", b"no picture".to_vec()).unwrap_err();
/// assert_eq!((error.code(), error.hint().is_empty()), ("not_a_picture", false));
/// # Ok(())
/// # }
/// ```
pub struct Reader {
    digitizer: Digitizer,
}

impl Reader {
    /// Loads the networks and the registry.
    ///
    /// # Errors
    /// An option that makes no sense, a registry that cannot be read.
    pub fn new(options: Options) -> Result<Self, Error> {
        let Options { forms, qr, readers, max_error, max_pixels, registry } = options;
        if !(max_error > 0.0 && max_error < 1.0) {
            let said =
                format!("max_error is {max_error}; it is a probability: give a number between 0 and 1");
            return Err(Error::Options(said));
        }
        let forms = if forms.is_empty() { form::builtin()? } else { forms };
        let config = Config {
            qr: if qr { QrUse::Compare } else { QrUse::Ignore },
            reader: readers,
            max_error,
            limits: Limits { pixels: max_pixels, ..Limits::default() },
            registry: registry.map(|path| Registry::load(&path, &forms)).transpose()?.map(Arc::new),
            ..Config::new(forms)
        };
        Ok(Self { digitizer: Digitizer::new(config)? })
    }

    /// Reads a file: the sheets of all its pages, in order; at least one a page.
    ///
    /// # Errors
    /// A file, or a page of it, that gives no picture.
    pub fn read_path(&self, path: impl AsRef<Path>) -> Result<Vec<Sheet>, Error> {
        self.pages(&self.digitizer.open(path.as_ref()))
    }

    /// Reads the bytes of a file; `name` is what its records say.
    ///
    /// # Errors
    /// As [`Reader::read_path`].
    pub fn read_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<Vec<Sheet>, Error> {
        self.pages(&self.digitizer.open_bytes(name, Ok(bytes)))
    }

    /// Reads an upright picture of dark print on light paper; `name` is what its records say. The identity of its
    /// records rests on the pixels' SHA-256.
    pub fn read_image(&self, name: &str, pixels: GrayImage) -> Vec<Sheet> {
        let (path, sha256) = (name.to_owned(), sha256(pixels.as_raw()));
        let photo = Photo { path, sha256, page: 0, pages: 1, format: "pixels".to_owned(), pixels };
        self.digitizer.photo(photo).into_iter().map(Sheet::from).collect()
    }

    /// Decides again on what was measured: the same evidence and options give the same record.
    pub fn decide(&self, evidence: &Evidence) -> Record {
        self.digitizer.record(evidence)
    }

    /// Puts together what was measured on several pictures, in the order in which they were taken: one record a sheet
    /// that they show, in the place of its first picture. Pictures that contradict each other are held, each by itself.
    ///
    /// ```
    /// # fn main() -> Result<(), cotejo::Error> {
    /// let reader = cotejo::Reader::new(cotejo::Options::default())?;
    /// let twice = ["samples/acta-0001.jpg", "samples/acta-0001.jpg"];
    /// let mut evidence = Vec::new();
    /// for path in twice {
    ///     evidence.extend(reader.read_path(path)?.into_iter().filter_map(|sheet| sheet.evidence));
    /// }
    /// assert_eq!(reader.join(evidence)[0].sources.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(&self, evidence: Vec<Evidence>) -> Vec<Record> {
        batch::joined(&self.digitizer, evidence)
    }

    /// What [`Evidence::to_json`] wrote, of one of this reader's forms.
    ///
    /// # Errors
    /// It is not of this program, or not of one of these forms as they are.
    pub fn evidence(&self, json: &str) -> Result<Evidence, Error> {
        Ok(Evidence::from_json(json, self.digitizer.forms())?)
    }

    /// What it works with, for the command's own bindings.
    #[cfg(feature = "cli")]
    #[doc(hidden)]
    pub fn digitizer(&self) -> &Digitizer {
        &self.digitizer
    }

    fn pages(&self, opened: &Opened) -> Result<Vec<Sheet>, Error> {
        let mut sheets = Vec::new();
        for page in 0..opened.pages() {
            let photo = self.digitizer.decoded(opened, page).map_err(|source| {
                let name = photo::page_name(opened.name(), page, opened.pages());
                Error::Picture { name, source }
            })?;
            sheets.extend(self.digitizer.photo(photo).into_iter().map(Sheet::from));
        }
        Ok(sheets)
    }
}

impl From<Digitized> for Sheet {
    fn from(digitized: Digitized) -> Self {
        Self { record: digitized.record, evidence: digitized.evidence }
    }
}

impl Sheet {
    /// Whether it counts as it is.
    pub fn is_accepted(&self) -> bool {
        self.record.status == Status::Accepted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_and_what_it_returns_go_from_thread_to_thread() {
        fn free<T: Send + Sync + 'static>() {}
        free::<Reader>();
        free::<Sheet>();
        free::<Error>();
    }

    #[test]
    fn an_option_that_makes_no_sense_is_refused() {
        let error = Reader::new(Options { max_error: 2.0, ..Options::default() }).err().unwrap();
        assert!(error.code() == "options" && error.to_string().contains("between 0 and 1"));
    }
}
