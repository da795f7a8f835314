//! The original picture of a record, found again and proven to be the same.
//!
//! In: where a record says that its picture was. Out: its upright grey pixels. Refuses a file that is
//! not there, whose SHA-256 is not the record's, that cannot be decoded, or whose size in pixels is
//! another than the record's.

use crate::read::photo::{self, Document, Limits, PhotoError};
use crate::record::Source;
use image::GrayImage;
use std::path::{Path, PathBuf};

/// Why there are no pixels.
#[derive(Debug, thiserror::Error)]
pub enum OriginalError {
    /// It lies in none of the places looked at.
    #[error("the original was not found; say where the pictures lie with --photos")]
    NotFound,
    /// Files of that name are there, and none has the record's hash.
    #[error("the file of that name is not the one that was digitized: its SHA-256 is another")]
    OtherBytes,
    /// Damaged.
    #[error("{0}")]
    Photo(#[from] PhotoError),
    /// Decoded, it is not what the record saw.
    #[error("the picture has {found:?} pixels, the record saw {expected:?}")]
    OtherSize {
        /// As decoded now.
        found: (u32, u32),
        /// As recorded.
        expected: (u32, u32),
    },
}

impl OriginalError {
    /// Stable tag, for counts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "original_not_found",
            Self::OtherBytes | Self::OtherSize { .. } => "original_differs",
            Self::Photo(_) => "original_unreadable",
        }
    }
}

/// Where originals are looked for.
#[derive(Debug, Clone, Default)]
pub struct Originals {
    dirs: Vec<PathBuf>,
}

impl Originals {
    /// Looks where the record says, from here and from the run's folder, and in `photos`.
    pub fn new(run: &Path, photos: Option<&Path>) -> Self {
        let mut dirs: Vec<PathBuf> = photos.into_iter().map(Path::to_owned).collect();
        dirs.extend([PathBuf::new(), run.to_owned()]);
        Self { dirs }
    }

    /// The pixels of a record's page.
    ///
    /// # Errors
    /// As the module says.
    pub fn pixels(&self, source: &Source) -> Result<GrayImage, OriginalError> {
        let bytes = self.bytes(source)?;
        let limits = Limits::default();
        let document = Document::open(&source.path, source.sha256.clone(), bytes, &limits)?;
        let photo = document.page(source.page, &limits)?;
        let found = photo.pixels.dimensions();
        let expected = (source.width, source.height);
        if found != expected {
            return Err(OriginalError::OtherSize { found, expected });
        }
        Ok(photo.pixels)
    }

    /// The bytes whose hash is the record's.
    fn bytes(&self, source: &Source) -> Result<Vec<u8>, OriginalError> {
        let mut error = OriginalError::NotFound;
        // `join` of an absolute path is that path: an absolute record is found from anywhere.
        let name = crate::count::tally::file_name(&source.path);
        let places = self.dirs.iter().flat_map(|d| [d.join(&source.path), d.join(name)]);
        for path in places {
            // A file, or what an archive holds.
            if photo::source::size(&path).is_none() {
                continue;
            }
            match photo::read(&path, &Limits::default()) {
                Ok(bytes) if crate::ground::hash::sha256(&bytes) == source.sha256 => return Ok(bytes),
                Ok(_) => error = OriginalError::OtherBytes,
                Err(e) => error = e.into(),
            }
        }
        Err(error)
    }
}
