//! The lines of text of a form: above the frame, where their height varies, and within it, where they have a place.
//!
//! In: [`super::resolve`] makes them of a definition. Out: [`Header`] and its lines, form millimetres. Refuses nothing.

use super::{Align, Style};
use regex::Regex;

/// The text above the frame.
#[derive(Debug, Clone)]
pub struct Header {
    /// Right edge of the right-aligned lines.
    pub right: f64,
    /// Left edge of the header's text.
    pub left: f64,
    /// Its lines, top to bottom.
    pub lines: Vec<HeaderLine>,
    /// The upright rule between emblem and text, mm in the frame's x.
    pub rule: Option<f64>,
    /// From the paper's top edge to the first baseline, mm.
    pub top: f64,
    /// Names above the frame are printed in capitals alone, but for the word a line begins with.
    pub capitals: bool,
}

impl Header {
    /// Whether lines stand above the frame.
    pub fn above(&self) -> bool {
        !self.lines.iter().all(HeaderLine::within)
    }

    /// Baseline of a line where none below it wraps, mm in the frame's y; `None` for one that is not printed.
    pub fn nominal(&self, ix: usize) -> Option<f64> {
        let mut below: Option<f64> = None;
        for line in self.lines.get(ix..)?.iter().rev() {
            let Some(print) = line.print.as_ref().filter(|_| !line.within()) else { continue };
            below = Some(line.y.or(below).unwrap_or(-print.above) - print.above);
        }
        let line = self.lines.get(ix)?;
        let print = line.print.as_ref()?;
        if line.within() {
            return line.y;
        }
        below.map(|y| y + print.above)
    }
}

/// One line of the header.
#[derive(Debug, Clone)]
pub struct HeaderLine {
    /// What it is, such as `code` or `issued_at`.
    pub id: String,
    /// Constant text.
    pub text: Option<String>,
    /// The word it begins with.
    pub prefix: Option<String>,
    /// Its form.
    pub pattern: Option<Regex>,
    /// Baseline relative to the frame, where that is fixed.
    pub y: Option<f64>,
    /// How it is printed; `None` where only reading matters.
    pub print: Option<HeaderPrint>,
    /// Whether it is a name within a block, and says nothing of the sheet.
    pub of_block: bool,
}

impl HeaderLine {
    /// Whether it stands within the frame, at a place of its own.
    pub fn within(&self) -> bool {
        self.y.is_some_and(|y| y > 0.0) && self.print.is_some()
    }

    /// The constant text before what varies, as it is printed; empty where all varies.
    pub fn lead(&self) -> &str {
        let print = self.print.as_ref().and_then(|p| p.text.split_once('{'));
        print.map_or("", |(lead, _)| lead)
    }

    /// How many digits it is, where it has to be so many and nothing else.
    pub fn digits(&self) -> Option<usize> {
        let count = self.pattern.as_ref()?.as_str().strip_prefix(r"^\d{")?.strip_suffix("}$")?;
        count.parse().ok()
    }
}

/// How a header line is printed.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderPrint {
    /// What it says, with `{id}` for a made-up part and for the text of a line above.
    pub text: String,
    /// How it hangs on `x`.
    pub align: Align,
    /// Where it hangs, mm in the frame's x.
    pub x: f64,
    /// Its style.
    pub style: Style,
    /// From the last baseline of the line above to its first, mm.
    pub above: f64,
    /// From one baseline to the next where it wraps, mm.
    pub pitch: f64,
    /// It wraps beyond this width, mm.
    pub width: f64,
}
