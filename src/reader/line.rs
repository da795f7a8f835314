//! What a reader of text lines offers: free text and code lines around the frame.
//!
//! In: the crop of one line. Out: its text with a confidence, or a number that stands before a word.
//! A small trait, so that the header can be read by either reader, and by a made-up one in tests.

use super::Distribution;
use image::GrayImage;

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

/// Reads lines of text.
pub trait LineReader {
    /// The line's text, trimmed, and a confidence, 0 to 1 (0 for a blank line).
    fn line(&mut self, crop: &GrayImage, charset: Charset) -> (String, f64);

    /// The number that a line begins with, and the text after it. `crop` is cut between the two:
    /// `number` holds the first, `after` the rest, both of the same height.
    fn number_before(&mut self, number: &GrayImage, after: &GrayImage) -> (Distribution, String);
}
