//! A file whose pages are decoded one by one.
//!
//! In: a file's bytes. Out: how many pages it has, and each as a [`Photo`]. Documents and very large pictures are
//! decoded [`super::apart`] where this process has a program for it. Refuses a file as a whole
//! when it has no pages, too many, or is locked; a page that cannot be decoded is refused by itself.

use super::apart::{self, Apart};
#[cfg(feature = "heic")]
use super::heic;
#[cfg(feature = "pdf")]
use super::pdf::Scans;
use super::{Limits, Photo, PhotoError, picture, tiff};
#[cfg(any(not(feature = "pdf"), not(feature = "heic")))]
use crate::ground::finding::Feature;
use image::ImageReader;
use std::io::Cursor;

/// An opened file. Its pages can be decoded from several threads at once.
pub struct Document {
    path: String,
    sha256: String,
    kind: Kind,
}

enum Kind {
    /// Decoded by another process.
    Apart(Apart),
    Picture(Vec<u8>),
    #[cfg(feature = "heic")]
    Heic(Vec<u8>),
    /// Where the directory of each page lies.
    Tiff(Vec<u8>, Vec<u64>),
    #[cfg(feature = "pdf")]
    Pdf(Scans),
}

impl Document {
    /// Opens a file's bytes; `path` and `sha256` are what its photos will say.
    ///
    /// # Errors
    /// A format that this build leaves out; PDF and TIFF files that are damaged as a whole, are locked,
    /// or have no pages or too many.
    pub fn open(path: &str, sha256: String, bytes: Vec<u8>, limits: &Limits) -> Result<Self, PhotoError> {
        let apart = if apart::is_wanted() { hard(&bytes) } else { None };
        let kind = if let Some(format) = apart {
            Kind::Apart(Apart::open(bytes, format, limits)?)
        } else if is_pdf(&bytes) {
            open_pdf(bytes)?
        } else if is_heic(&bytes) {
            open_heic(bytes)?
        } else if let Some(pages) = tiff::directories(&bytes, limits.pages as usize + 1) {
            Kind::Tiff(bytes, pages)
        } else {
            Kind::Picture(bytes)
        };
        let document = Self { path: path.to_owned(), sha256, kind };
        match document.count() {
            0 => Err(PhotoError::NoPages(document.format().to_owned())),
            pages if pages > limits.pages as usize => {
                Err(PhotoError::TooManyPages { pages, limit: limits.pages })
            }
            _ => Ok(document),
        }
    }

    /// How many pages it has, at least 1.
    pub fn pages(&self) -> u32 {
        u32::try_from(self.count()).unwrap_or(u32::MAX)
    }

    fn count(&self) -> usize {
        match &self.kind {
            Kind::Apart(apart) => apart.pages() as usize,
            Kind::Picture(_) => 1,
            #[cfg(feature = "heic")]
            Kind::Heic(_) => 1,
            Kind::Tiff(_, pages) => pages.len(),
            #[cfg(feature = "pdf")]
            Kind::Pdf(scans) => scans.pages(),
        }
    }

    /// Its format, or that it is a picture.
    pub(super) fn format(&self) -> &str {
        match &self.kind {
            Kind::Apart(apart) => apart.format(),
            Kind::Picture(_) => "picture",
            #[cfg(feature = "heic")]
            Kind::Heic(_) => "heic",
            Kind::Tiff(..) => "tiff",
            #[cfg(feature = "pdf")]
            Kind::Pdf(_) => "pdf",
        }
    }

    /// Decodes a page, counted from 0.
    ///
    /// # Errors
    /// Unknown formats, pages over the pixel limit (checked before decoding), damaged pages.
    pub fn page(&self, page: u32, limits: &Limits) -> Result<Photo, PhotoError> {
        let ix = page as usize;
        let missing = || PhotoError::Damaged {
            format: self.format().to_owned(),
            cause: format!("it has no page {}", page + 1),
        };
        if ix >= self.count() {
            return Err(missing());
        }
        let (format, pixels) = match &self.kind {
            Kind::Apart(apart) => apart.page(page, limits)?,
            Kind::Picture(bytes) => picture(bytes, limits)?,
            #[cfg(feature = "heic")]
            Kind::Heic(bytes) => (self.format().to_owned(), heic::decode(bytes, limits)?),
            Kind::Tiff(bytes, pages) => {
                let place = *pages.get(ix).ok_or_else(missing)?;
                (self.format().to_owned(), tiff::page(bytes, place, limits)?)
            }
            #[cfg(feature = "pdf")]
            Kind::Pdf(scans) => (self.format().to_owned(), scans.page(ix, limits)?),
        };
        let (path, sha256) = (self.path.clone(), self.sha256.clone());
        Ok(Photo { path, sha256, page, pages: self.pages(), format, pixels })
    }
}

/// Pixels from which a picture is decoded like a document: four times those of most phones; fewer take a decoder
/// less than 500 MB.
const LARGE: u64 = 50_000_000;

/// The format of what may take its decoder much memory or time, or end it: `None` for a photo as most are.
fn hard(bytes: &[u8]) -> Option<&'static str> {
    const TIFF: [&[u8]; 4] = [b"II\x2A\0", b"MM\0\x2A", b"II\x2B\0", b"MM\0\x2B"];
    if is_pdf(bytes) {
        return Some("pdf");
    }
    if is_heic(bytes) {
        return Some("heic");
    }
    if TIFF.iter().any(|mark| bytes.starts_with(mark)) {
        return Some("tiff");
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    (u64::from(width) * u64::from(height) > LARGE).then_some("picture")
}

/// The mark of a PDF file may stand anywhere in its first kilobyte.
fn is_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|w| w == b"%PDF-")
}

/// ISO 23008-12: a `ftyp` box whose brands, the major one first, name a still picture coded as HEVC.
fn is_heic(bytes: &[u8]) -> bool {
    const BRANDS: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];
    let Some(head) = bytes.get(..12).filter(|h| &h[4..8] == b"ftyp") else { return false };
    let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let brands = bytes.get(8..size.clamp(12, 256)).unwrap_or(&head[8..12]);
    brands.chunks_exact(4).any(|b| BRANDS.contains(&b))
}

#[cfg(feature = "pdf")]
fn open_pdf(bytes: Vec<u8>) -> Result<Kind, PhotoError> {
    Ok(Kind::Pdf(Scans::open(bytes)?))
}

#[cfg(not(feature = "pdf"))]
fn open_pdf(_: Vec<u8>) -> Result<Kind, PhotoError> {
    Err(PhotoError::NotBuilt(Feature::Pdf))
}

#[cfg(feature = "heic")]
fn open_heic(bytes: Vec<u8>) -> Result<Kind, PhotoError> {
    Ok(Kind::Heic(bytes))
}

#[cfg(not(feature = "heic"))]
fn open_heic(_: Vec<u8>) -> Result<Kind, PhotoError> {
    Err(PhotoError::NotBuilt(Feature::Heic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageFormat, Luma};

    fn open(bytes: Vec<u8>) -> Result<Document, PhotoError> {
        Document::open("a", String::new(), bytes, &Limits::default())
    }

    #[test]
    fn a_picture_is_a_document_of_one_page() {
        let mut out = Vec::new();
        let picture = GrayImage::from_pixel(3, 4, Luma([9]));
        picture.write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        let document = open(out).unwrap();
        assert_eq!(document.pages(), 1);
        let photo = document.page(0, &Limits::default()).unwrap();
        assert_eq!((photo.name().as_str(), photo.format.as_str(), photo.pixels), ("a", "png", picture));
        assert!(document.page(1, &Limits::default()).is_err());
    }

    #[test]
    fn pictures_of_phones_and_scanners_are_known_by_their_bytes() {
        assert!(is_heic(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"));
        assert!(!is_heic(b"\0\0\0\x18ftypavif\0\0\0\0avifmif1"), "AVIF is another format");
        assert!(!is_heic(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"), "a film is no picture");
        assert!(is_pdf(b"\xEF\xBB\xBF%PDF-1.4\n") && !is_pdf(b"PDF") && !is_pdf(b""));
    }

    #[cfg(not(feature = "pdf"))]
    #[test]
    fn a_pdf_file_is_refused_by_a_build_without_pdf() {
        let error = open(b"%PDF-1.4\n".to_vec()).err().unwrap();
        assert!(
            error.to_string().contains("without PDF") && error.finding("a").hint.contains("--features pdf")
        );
    }

    #[cfg(not(feature = "heic"))]
    #[test]
    fn a_heic_picture_is_refused_by_a_build_without_heic() {
        let error = open(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec()).err().unwrap();
        assert!(
            error.to_string().contains("without HEIC") && error.finding("a").hint.contains("--features heic")
        );
    }
}
