//! Photos: bytes decoded within limits, upright, with the hash of the original bytes.

use image::GrayImage;

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
