//! Photos: bytes decoded within limits, upright, with the hash of the original bytes.
//!
//! In: a file. Out: a [`Photo`], grey and upright (EXIF orientation applied). Refuses what is empty,
//! too large, not a picture or cut short, with the cause and the remedy. Limits are checked on the
//! header, before any pixel is decoded.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader};
use sha2::{Digest, Sha256};
use std::io::Cursor;
use std::path::Path;

/// One page of a file as upright grey pixels.
#[derive(Debug, Clone)]
pub struct Photo {
    /// The path as given, with `/` between folders.
    pub path: String,
    /// SHA-256 of the file's bytes, hexadecimal.
    pub sha256: String,
    /// Page within the file, from 0.
    pub page: u32,
    /// File format, such as `jpeg`.
    pub format: String,
    /// Grey pixels with the EXIF orientation applied.
    pub pixels: GrayImage,
}

/// What a file may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of the decoded picture.
    pub pixels: u64,
}

impl Default for Limits {
    /// 200 MB and 200 megapixels: four times the largest phone camera in use.
    fn default() -> Self {
        Self { bytes: 200_000_000, pixels: 200_000_000 }
    }
}

/// Why a file gives no photo. [`PhotoError::code`] is stable.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// The system does not give it.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// No bytes.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// Over the limit.
    #[error("{what} is {value}, the limit is {limit}")]
    TooLarge {
        /// Bytes or pixels.
        what: &'static str,
        /// As found.
        value: u64,
        /// As allowed.
        limit: u64,
    },
    /// Not a picture of a known format.
    #[error("is no picture of a known format (JPEG, PNG, WebP, TIFF)")]
    UnknownFormat,
    /// Damaged.
    #[error("the {format} picture is damaged or cut short: {cause}")]
    Damaged {
        /// The format.
        format: String,
        /// What the decoder said.
        cause: String,
    },
}

impl PhotoError {
    /// Stable tag for findings.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "unreadable_file",
            Self::Empty => "empty_file",
            Self::TooLarge { .. } => "too_large",
            Self::UnknownFormat => "not_a_picture",
            Self::Damaged { .. } => "damaged_picture",
        }
    }

    /// What a person can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io(_) => "check that the file exists and that you may read it",
            Self::Empty => "copy the file again from where it came from",
            Self::TooLarge { .. } => "save the picture smaller, or raise the limit with --max-pixels",
            Self::UnknownFormat => "export it as JPEG or PNG; if it is a picture, its bytes are damaged",
            Self::Damaged { .. } => {
                "copy or download the file again; this one does not hold the whole picture"
            }
        }
    }
}

/// SHA-256 of bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads a file's bytes within the limit.
///
/// # Errors
/// What the system does not give, what is empty, what is over the limit.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let meta = std::fs::metadata(path)?;
    if meta.is_dir() {
        return Err(PhotoError::Io(std::io::Error::other("it is a folder, not a file")));
    }
    if meta.len() > limits.bytes {
        return Err(PhotoError::TooLarge { what: "size in bytes", value: meta.len(), limit: limits.bytes });
    }
    let bytes = std::fs::read(path)?;
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    Ok(bytes)
}

/// Decodes a file's bytes to an upright grey photo.
///
/// # Errors
/// Unknown formats, pictures over the limit (checked on the header), damaged pictures.
pub fn decode(path: &str, sha256: String, bytes: &[u8], limits: &Limits) -> Result<Photo, PhotoError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let format = reader.format().ok_or(PhotoError::UnknownFormat)?;
    let name = format
        .extensions_str()
        .first()
        .map_or("unknown", |e| if *e == "jpg" { "jpeg" } else { e })
        .to_owned();
    let damaged = |e: image::ImageError| PhotoError::Damaged { format: name.clone(), cause: e.to_string() };
    if format == image::ImageFormat::Jpeg && cut_short(bytes) {
        return Err(PhotoError::Damaged { format: name, cause: "it ends before its end marker".to_owned() });
    }
    let mut decoder = match reader.into_decoder() {
        Ok(d) => d,
        Err(image::ImageError::Unsupported(_)) => return Err(PhotoError::UnknownFormat),
        Err(e) => return Err(damaged(e)),
    };
    let (w, h) = decoder.dimensions();
    let pixels = u64::from(w) * u64::from(h);
    if pixels > limits.pixels {
        return Err(PhotoError::TooLarge { what: "number of pixels", value: pixels, limit: limits.pixels });
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture = DynamicImage::ImageLuma8(picture.into_luma8());
    picture.apply_orientation(orientation);
    Ok(Photo { path: path.to_owned(), sha256, page: 0, format: name, pixels: picture.into_luma8() })
}

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

    fn png(w: u32, h: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let picture = GrayImage::from_fn(w, h, |x, _| Luma([x as u8]));
        picture.write_to(&mut Cursor::new(&mut out), ImageFormat::Png).unwrap();
        out
    }

    #[test]
    fn a_picture_over_the_pixel_limit_is_refused_before_decoding() {
        let limits = Limits { bytes: 1 << 20, pixels: 99 };
        let error = decode("a.png", String::new(), &png(10, 10), &limits).unwrap_err();
        assert_eq!(error.code(), "too_large");
    }

    #[test]
    fn text_is_not_a_picture() {
        let error = decode("a.jpg", String::new(), b"hello, this is text", &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "not_a_picture");
    }

    #[test]
    fn a_cut_picture_is_damaged_not_grey() {
        let bytes = png(200, 200);
        let error =
            decode("a.png", String::new(), &bytes[..bytes.len() / 2], &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "damaged_picture");
    }
}
