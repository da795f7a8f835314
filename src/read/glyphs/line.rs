//! Lines of text as they are cut for the readers, and what signs they can hold.

use image::GrayImage;
use regex_syntax::hir::{Class, Hir, HirKind};
use std::collections::BTreeSet;

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
    /// A name in capitals, after a word of the form's or none.
    Capitals,
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
            Self::Capitals | Self::Text => "",
        }
    }

    /// The narrowest kind that holds every sign of a pattern.
    pub fn of(pattern: &str) -> Self {
        let parser = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let mut signs = BTreeSet::new();
        if !parser.is_ok_and(|hir| gather(&hir, &mut signs)) || signs.is_empty() {
            return Self::Text;
        }
        let holds = |kind: &Self| signs.iter().all(|&sign| kind.allows(char::from(sign)));
        let kinds = [Self::Digits, Self::Code, Self::Uuid, Self::Hash, Self::DateTime];
        kinds.into_iter().find(holds).unwrap_or(Self::Text)
    }

    /// Whether a line of this kind can hold `sign`.
    pub fn allows(self, sign: char) -> bool {
        matches!(self, Self::Capitals | Self::Text) || self.signs().contains(sign)
    }
}

/// Gathers the signs of an expression; `false` for one that holds more than single bytes.
fn gather(hir: &Hir, signs: &mut BTreeSet<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(text) => {
            signs.extend(text.0.iter());
            true
        }
        HirKind::Class(Class::Bytes(class)) => {
            signs.extend(class.ranges().iter().flat_map(|r| r.start()..=r.end()));
            true
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Repetition(of) => gather(&of.sub, signs),
        HirKind::Capture(of) => gather(&of.sub, signs),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().all(|of| gather(of, signs)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_says_what_signs_its_line_can_hold() {
        let form = crate::form::builtin().unwrap().remove(0);
        let of = |id: &str| Charset::of(form.header_line(id).unwrap().pattern.as_ref().unwrap().as_str());
        let kinds = ["code", "uuid", "issued_at", "centre", "electores"].map(of);
        let expected = [Charset::Code, Charset::Uuid, Charset::DateTime, Charset::Digits, Charset::Text];
        assert_eq!(kinds, expected);
        assert_eq!(Charset::of(form.hash.as_ref().unwrap().as_str()), Charset::Hash);
        assert_eq!((Charset::of(""), Charset::of("(")), (Charset::Text, Charset::Text));
    }
}
