//! Photos: bytes decoded within limits, upright, with the hash of the original bytes.
//!
//! In: a file. Out: a [`Document`], whose pages are [`Photo`]s, grey and upright (EXIF orientation
//! applied): a picture has one page, a TIFF or PDF file as many as it holds. Refuses what is empty, too
//! large, not a picture, cut short or locked, with the cause and the remedy. Limits are checked on the
//! header, before any pixel is decoded.

pub mod apart;
pub mod blocks;
mod document;
pub mod greys;
#[cfg(feature = "heic")]
mod heic;
mod jpeg;
pub mod mask;
#[cfg(feature = "pdf")]
mod pdf;
pub mod sample;
mod serve;
pub mod source;
pub mod streaks;
#[cfg(feature = "pdf")]
mod survey;
mod tiff;

pub use document::Document;
pub use serve::serve;
pub use source::{NO_FILE, read};

use crate::ground::finding::{Code, Feature, Finding, Severity, Size, What};
use greys::Greys;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader};
use jpeg::Jpeg;
use serde::{Deserialize, Serialize};
use std::io::Cursor;

/// Grey below which the middle pixel of a picture is no paper in the light.
const DARK: u8 = 110;

/// Whether most of a picture is dark, as a negative of a sheet is.
pub fn is_dark(picture: &GrayImage) -> bool {
    // One pixel in 97, an odd step so that no column is preferred.
    let seen: Vec<u8> = picture.iter().step_by(97).copied().collect();
    Greys::of(&seen).share(0.5) < DARK
}

/// Where a picture comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file's bytes, hexadecimal.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// Place among the sheets of its page, from 0.
    pub ordinal: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// File format, such as `jpeg`.
    pub format: String,
}

/// One page of a file as upright grey pixels.
#[derive(Debug, Clone)]
pub struct Photo {
    /// The path as given, with `/` between folders.
    pub path: String,
    /// SHA-256 of the file's bytes, hexadecimal.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// How many pages the file has.
    pub pages: u32,
    /// File format, such as `jpeg`.
    pub format: String,
    /// Grey pixels with the EXIF orientation applied.
    pub pixels: GrayImage,
}

impl Photo {
    /// Where the picture comes from; of the `ordinal`-th sheet on it.
    pub fn origin(&self, ordinal: u32) -> Origin {
        let (width, height) = self.pixels.dimensions();
        let (path, sha256, format) = (self.path.clone(), self.sha256.clone(), self.format.clone());
        Origin { path, sha256, page: self.page, ordinal, width, height, format }
    }

    /// The same page with other pixels of the same size.
    pub fn with_pixels(&self, pixels: GrayImage) -> Self {
        let (path, sha256, format) = (self.path.clone(), self.sha256.clone(), self.format.clone());
        Self { path, sha256, page: self.page, pages: self.pages, format, pixels }
    }
}

impl Photo {
    /// Its name for messages: the path, with the page where the file has several.
    pub fn name(&self) -> String {
        page_name(&self.path, self.page, self.pages)
    }
}

/// The name of a page for messages; people count pages from 1.
pub fn page_name(path: &str, page: u32, pages: u32) -> String {
    if pages > 1 { format!("{path}, page {}", page + 1) } else { path.to_owned() }
}

/// What a file may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of a decoded page.
    pub pixels: u64,
    /// Pages of the file.
    pub pages: u32,
    /// Seconds that a photo may take, from its bytes to its record.
    pub seconds: u64,
}

impl Limits {
    /// Seconds that decoding a page may take where it is done apart.
    pub fn decoding(&self) -> u64 {
        self.seconds.div_ceil(2)
    }

    /// Bytes of a picture as its decoder hands it over: colours of a byte each.
    fn decoded(&self) -> u64 {
        self.pixels.saturating_mul(3)
    }
}

impl Default for Limits {
    /// 200 MB and 200 megapixels: four times the largest phone camera in use; 2,000 pages, more than a
    /// scanner's tray holds; a minute, fifty times what a sheet takes, and ten where the program is not optimised.
    fn default() -> Self {
        let seconds = if cfg!(debug_assertions) { 600 } else { 60 };
        Self { bytes: 200_000_000, pixels: 200_000_000, pages: 2_000, seconds }
    }
}

/// Why a file gives no photo; its sentence is that of its finding.
#[derive(Debug, Clone, thiserror::Error, Serialize, Deserialize)]
pub enum PhotoError {
    /// The system does not give it.
    Io(String),
    /// No bytes.
    Empty,
    /// Over the limit.
    TooLarge {
        /// Bytes or pixels.
        what: Size,
        /// As found.
        value: u64,
        /// As allowed.
        limit: u64,
    },
    /// Not a picture of a known format.
    UnknownFormat,
    /// A known format, in a way that is not known.
    Unsupported {
        /// The format.
        format: String,
        /// What the decoder said.
        cause: String,
    },
    /// A format that this build leaves out: the cargo feature that reads it.
    NotBuilt(Feature),
    /// Encrypted.
    Locked,
    /// Several pages were possible, and there is none.
    NoPages(String),
    /// Over the limit.
    TooManyPages {
        /// As found.
        pages: usize,
        /// As allowed.
        limit: u32,
    },
    /// Damaged.
    Damaged {
        /// The format.
        format: String,
        /// What the decoder said.
        cause: String,
    },
    /// Its archive, or its place in that.
    Archive {
        /// The kind of archive.
        format: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Its decoder ended.
    Died {
        /// The format.
        format: String,
        /// How.
        cause: String,
    },
    /// It was not done in time.
    TooSlow {
        /// The time it had.
        seconds: u64,
    },
}

impl From<std::io::Error> for PhotoError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl PhotoError {
    /// As a finding about a file of this name.
    pub fn finding(&self, file: impl Into<String>) -> Finding {
        let file = file.into();
        let what = match self {
            Self::Io(cause) => What::UnreadableFile { file, cause: cause.clone() },
            Self::Empty => What::EmptyFile { file },
            &Self::TooLarge { what, value, limit } => What::TooLarge { file, what, value, limit },
            Self::UnknownFormat => What::NotAPicture { file },
            Self::Unsupported { format, cause } => {
                let (format, cause) = (format.clone(), Some(cause.clone()));
                What::UnsupportedPicture { file, format, cause, without: None }
            }
            Self::NotBuilt(feature) => {
                let (format, without) = (<&str>::from(feature).to_uppercase(), Some(*feature));
                What::UnsupportedPicture { file, format, cause: None, without }
            }
            Self::Locked => What::LockedFile { file },
            Self::NoPages(format) => What::NoPages { file, format: format.clone() },
            &Self::TooManyPages { pages, limit } => What::TooManyPages { file, pages, limit },
            Self::Damaged { format, cause } => {
                What::DamagedPicture { file, format: format.clone(), cause: cause.clone() }
            }
            Self::Archive { format, cause } => {
                What::DamagedArchive { file, format: format.clone(), cause: cause.clone() }
            }
            Self::Died { format, cause } => {
                What::DecoderDied { file, format: format.clone(), cause: cause.clone() }
            }
            &Self::TooSlow { seconds } => What::TooSlow { file, seconds },
        };
        Finding::new(Severity::Reject, what)
    }

    /// The code of its finding.
    pub fn code(&self) -> Code {
        self.finding("").code
    }
}

impl std::fmt::Display for PhotoError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.finding("the file").message)
    }
}

/// Decodes the first page of a file's bytes to an upright grey photo.
///
/// # Errors
/// As [`Document::open`] and [`Document::page`].
pub fn decode(path: &str, sha256: String, bytes: &[u8], limits: &Limits) -> Result<Photo, PhotoError> {
    Document::open(path, sha256, bytes.to_vec(), limits)?.page(0, limits)
}

/// Decodes a picture of one page: its format and its upright pixels.
fn picture(bytes: &[u8], limits: &Limits) -> Result<(String, GrayImage), PhotoError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let format = reader.format().ok_or(PhotoError::UnknownFormat)?;
    let name = format
        .extensions_str()
        .first()
        .map_or("unknown", |e| if *e == "jpg" { "jpeg" } else { e })
        .to_owned();
    if format == image::ImageFormat::Jpeg {
        if cut_short(bytes) {
            return Err(PhotoError::Damaged { format: name, cause: CUT_SHORT.to_owned() });
        }
        if let Some(jpeg) = Jpeg::open(bytes) {
            let (w, h) = jpeg.dimensions();
            within(w, h, limits)?;
            let orientation = jpeg.orientation;
            return match jpeg.grey() {
                Ok(pixels) => Ok((name, turned(pixels, orientation))),
                Err(e) => Err(PhotoError::Damaged { format: name, cause: e.to_string() }),
            };
        }
    }
    let decoder = match reader.into_decoder() {
        Ok(d) => d,
        Err(image::ImageError::Unsupported(_)) => return Err(PhotoError::UnknownFormat),
        Err(e) => return Err(PhotoError::Damaged { format: name, cause: e.to_string() }),
    };
    let pixels = upright(decoder, &name, limits)?;
    Ok((name, pixels))
}

/// The upright grey pixels of a picture whose header is read.
fn upright(mut decoder: impl ImageDecoder, format: &str, limits: &Limits) -> Result<GrayImage, PhotoError> {
    let (w, h) = decoder.dimensions();
    within(w, h, limits)?;
    if decoder.total_bytes() > limits.decoded() {
        let (value, limit) = (decoder.total_bytes(), limits.decoded());
        return Err(PhotoError::TooLarge { what: Size::Bytes, value, limit });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let damaged =
        |e: image::ImageError| PhotoError::Damaged { format: format.to_owned(), cause: e.to_string() };
    let picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    Ok(turned(picture.into_luma8(), orientation))
}

/// A picture turned upright.
fn turned(pixels: GrayImage, orientation: Orientation) -> GrayImage {
    let mut picture = DynamicImage::ImageLuma8(pixels);
    picture.apply_orientation(orientation);
    picture.into_luma8()
}

/// Refuses a page over the pixel limit.
fn within(width: u32, height: u32, limits: &Limits) -> Result<(), PhotoError> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.pixels {
        return Err(PhotoError::TooLarge { what: Size::Pixels, value: pixels, limit: limits.pixels });
    }
    Ok(())
}

/// What is said of a JPEG that ends within its last scan.
const CUT_SHORT: &str = "it ends before its end marker";

/// Whether a JPEG ends within its last scan: the decoder fills what is missing with grey and says
/// nothing. Within a scan every 0xFF byte is followed by 0x00 or a restart marker, so that neither
/// marker can stand there by chance.
fn cut_short(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|w| w == [0xFF, marker]);
    match (last(0xDA), last(0xD9)) {
        (Some(scan), Some(end)) => end < scan,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Luma};
    use std::path::Path;

    fn png(w: u32, h: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let picture = GrayImage::from_fn(w, h, |x, _| Luma([x as u8]));
        picture.write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        out
    }

    #[test]
    fn a_picture_over_the_pixel_limit_is_refused_before_decoding() {
        let limits = Limits { pixels: 99, ..Limits::default() };
        let error = decode("a.png", String::new(), &png(10, 10), &limits).unwrap_err();
        assert_eq!(error.code(), Code::TooLarge);
    }

    #[test]
    fn a_picture_whose_samples_are_wider_than_bytes_is_refused_before_it_takes_their_memory() {
        let mut bytes = Vec::new();
        let picture = image::ImageBuffer::from_pixel(10, 10, image::Rgba([1u16; 4]));
        DynamicImage::ImageRgba16(picture).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        let within = |pixels| {
            let limits = Limits { pixels, ..Limits::default() };
            decode("a.png", String::new(), &bytes, &limits).map(|_| ()).map_err(|e| e.code())
        };
        assert_eq!((within(300), within(200)), (Ok(()), Err(Code::TooLarge)));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_before_it_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("fifo.jpg");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero")] {
            let error = read(path, &Limits::default()).unwrap_err();
            assert!(error.to_string().contains(NO_FILE), "{error}");
        }
        // What says that it is empty may wait for ever.
        assert_eq!(read(Path::new("/proc/kmsg"), &Limits::default()).unwrap_err().code(), Code::EmptyFile);
    }

    #[test]
    fn text_is_not_a_picture() {
        let error = decode("a.jpg", String::new(), b"hello, this is text", &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::NotAPicture);
    }

    #[test]
    fn a_cut_picture_is_damaged_not_grey() {
        let bytes = png(200, 200);
        let error =
            decode("a.png", String::new(), &bytes[..bytes.len() / 2], &Limits::default()).unwrap_err();
        assert_eq!(error.code(), Code::DamagedPicture);
    }
}
