//! The numbers of a form: what each is for, and in which ways and where it is printed.
//!
//! In: [`super::resolve`] makes them of a definition. Out: [`Field`]s and their [`Slot`]s, form millimetres. Refuses nothing.

use super::{Align, FieldIx, Style};
use crate::ground::geometry::Rect;

/// One number of the sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Stable id: candidate and party for a vote row ([`value_id`] for its other numbers), the total's id otherwise.
    pub id: String,
    /// As a person would call it.
    pub label: String,
    /// What kind of number it is.
    pub kind: FieldKind,
    /// What it is for.
    pub role: Role,
    /// Of which contest it is, where it is a result: index into [`Form::contests`].
    pub contest: usize,
    /// Baseline of its first line of print.
    pub y: f64,
    /// Where the digits stand; `None` for a header field.
    pub digits: Option<Slot>,
    /// Where the words stand.
    pub words: Option<Slot>,
    /// Where it is printed once more, as a share.
    pub share: Option<Share>,
}

/// A number printed as its share of another, in per cent with two decimals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Where its digits stand; the sign for per cent follows.
    pub slot: Slot,
    /// Baseline of its print.
    pub y: f64,
    /// Of which number: index into [`Form::fields`].
    pub whole: FieldIx,
}

/// What a number of the sheet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A vote or a total of a contest: a sheet with a wrong one is wrong.
    #[default]
    Result,
    /// Who voted, whatever the contest: as binding as a result.
    Ballots,
    /// Stands beside the results: sure or open by itself, it never holds a sheet back.
    Context,
}

/// What kind of number it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// Votes of one party for one candidate.
    Vote {
        /// Index into [`Form::candidates`].
        candidate: usize,
        /// The party's printed name.
        party: String,
        /// The party's printed code.
        code: String,
    },
    /// Another number of a vote row, such as the votes that were given by post.
    Value {
        /// The row's votes: index into [`Form::fields`].
        of: FieldIx,
        /// Its name among the numbers of the row.
        name: String,
    },
    /// A total.
    Total,
    /// A total that stands in the header, found through the header line of the same id.
    Header,
}

/// Where a channel of a field may print: hanging at `x`, at most `width` wide, on `lines` lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slot {
    /// Where the print hangs.
    pub x: f64,
    /// How it hangs there.
    pub align: Align,
    /// The widest print.
    pub width: f64,
    /// What stands before the last three digits of a number of thousands.
    pub thousands: Option<char>,
    /// How many lines it may take.
    pub lines: u32,
    /// Print that is wider than this, mm, goes on in the next line (if there is one).
    pub wrap: f64,
    /// From one baseline to the next.
    pub pitch: f64,
    /// Style of the print.
    pub style: Style,
}

impl Slot {
    /// The rectangle of line `line` (0 the first) for a field whose baseline is `y`: ascent 0.80 em
    /// above and descent 0.25 em below the baseline.
    pub fn line_rect(&self, y: f64, line: u32) -> Rect {
        let base = y + f64::from(line) * self.pitch;
        let size = self.style.size;
        Rect::new(self.x + self.align.left(self.width), base - 0.80 * size, self.width, 1.05 * size)
    }
}
