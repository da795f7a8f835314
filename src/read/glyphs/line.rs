//! Lines of text as they are cut for the readers, and what signs they can hold.

use image::GrayImage;

/// What signs a line can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Digits.
    Digits,
    /// Digits and dots.
    Code,
    /// The same where dots may have faded to spaces.
    FaintCode,
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
    /// The signs; empty allows everything.
    pub fn signs(self) -> &'static str {
        match self {
            Self::Digits => "0123456789",
            Self::Code => "0123456789.",
            Self::FaintCode => "0123456789. ",
            Self::Uuid => "0123456789abcdef-",
            Self::Hash => "0123456789ABCDEF",
            Self::DateTime => "0123456789/: APM",
            Self::Text => "",
        }
    }

    /// Whether a line of this kind can hold `sign`.
    pub fn allows(self, sign: char) -> bool {
        self == Self::Text || self.signs().contains(sign)
    }
}

/// A line cut out for either reader.
#[derive(Debug, Clone)]
pub struct LineCrops {
    /// As wide as the column, 8 px/mm.
    pub wide: GrayImage,
    /// Around the ink, along [`crate::read::cut::line_frame`].
    pub tight: GrayImage,
}

/// A number that stands before a word on a line, cut out for either reader.
#[derive(Debug, Clone)]
pub struct NumberCrops {
    /// The number as a number cell, as [`crate::read::cut::digits_frame`] has it.
    pub cell: GrayImage,
    /// The number at 8 px/mm.
    pub number: GrayImage,
    /// The word after it, as high.
    pub after: GrayImage,
}

/// Which network looks at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The one for all lines: whether this is such a line at all.
    General,
    /// The larger one for codes and numbers of voters, which takes every line for one of these.
    Close,
}
