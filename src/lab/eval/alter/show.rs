//! What altered pictures came to, for people.
//!
//! In: [`Alterations`]. Out: text; what must be 0 stands first.

use super::{Alteration, Alterations};
use crate::decide::Status;
use std::fmt;

impl Alteration {
    /// For people.
    fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits of a number",
            Self::Words => "words of a number",
            Self::Vote => "digits and words of a vote",
            Self::Total => "digits and words of a total",
            Self::DigitsExchanged => "digits of two rows exchanged",
            Self::WordsExchanged => "words of two rows exchanged",
            Self::RowsExchanged => "two rows exchanged",
        }
    }
}

impl fmt::Display for Alterations {
    /// What must be 0 first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let through = self.scene.as_ref().map_or(String::new(), |s| format!(", photographed as {s}"));
        let (all, wrong) = (self.accepted(), self.accepted_wrong());
        writeln!(f, "altered{through} and accepted: {all}, with another number: {wrong}")?;
        for (name, tallies) in [("with QR", &self.with_qr), ("without QR", &self.without_qr)] {
            writeln!(f, "{name:<31} altered  accepted  wrong  named")?;
            for (alteration, t) in tallies {
                writeln!(
                    f,
                    "  {:<29} {:>7}  {:>8}  {:>5}  {:>5}",
                    alteration.name(),
                    t.altered,
                    t.accepted,
                    t.wrong,
                    t.named
                )?;
            }
        }
        writeln!(f, "without QR code, held where prints are read so rarely:")?;
        for point in &self.curve {
            writeln!(f, "  {point}")?;
        }
        for m in &self.missed {
            let how = if m.qr { "with QR" } else { "without QR" };
            let what = if m.status == Status::Accepted { "accepted" } else { "held back, not named" };
            writeln!(f, "{what}: {} ({how}), {}: {}", m.path, m.alteration.name(), m.change)?;
            for finding in &m.findings {
                writeln!(f, "  {finding}")?;
            }
        }
        if !self.left_out.is_empty() {
            writeln!(f, "left out, no sheet to alter: {}", self.left_out.join(", "))?;
        }
        Ok(())
    }
}
