//! Readings against the table that decides (`models/readings.toml`).
//!
//! In: [`Read`]s, such as of a scanner that nothing was fitted to. Out: [`Held`]: how many erred and how many the table says
//! would, by channel and height, and how many are so rare that their number would be held. Refuses nothing.

use super::Read;
use super::table::{BELOW, PLACED, SEEN};
use crate::decide::prints::{Kind, clean, level};
use crate::read::glyphs::Channel;
use std::fmt;

/// What came of prints of one channel and height.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    channel: Channel,
    below: f64,
    prints: usize,
    /// With another number and with none, by the networks: seen, and as the table has it.
    other: (usize, f64),
    silent: (usize, f64),
    /// Asked both readers: how many, with another number seen, and as the table has it of all prints.
    asked: (usize, usize, f64),
    /// Rarer than the level, as a run reads them.
    rare: usize,
}

/// Readings by channel and height.
#[derive(Debug, Clone, PartialEq)]
pub struct Held(Vec<Line>);

impl Held {
    /// Of prints in plain sight.
    pub fn of(reads: &[Read]) -> Self {
        let mut lines = Vec::new();
        for channel in [Channel::Digits, Channel::Words] {
            let mut low = 0.0;
            for below in BELOW {
                let own: Vec<&Read> = reads
                    .iter()
                    .filter(|r| r.channel == channel && r.coverage >= SEEN && r.off <= PLACED)
                    .filter(|r| r.height >= low && r.height < below)
                    .collect();
                low = below;
                if !own.is_empty() {
                    lines.push(line(channel, below, &own));
                }
            }
        }
        Self(lines)
    }
}

fn line(channel: Channel, below: f64, own: &[&Read]) -> Line {
    let kind = |r: &Read, second| {
        let clean = clean(r.height, r.sharpness);
        Kind { channel, second, height: r.height, sharpness: r.sharpness, clean }
    };
    let mut out = Line {
        channel,
        below,
        prints: own.len(),
        other: (0, 0.0),
        silent: (0, 0.0),
        asked: (0, 0, 0.0),
        rare: 0,
    };
    for r in own {
        let wrong = |said: &(Option<u32>, f64, f64)| said.0.is_some_and(|v| v != r.truth);
        let (other, silent) = kind(r, false).errs();
        out.other = (out.other.0 + usize::from(wrong(&r.net)), out.other.1 + other);
        out.silent = (out.silent.0 + usize::from(r.net.0.is_none()), out.silent.1 + silent);
        let both = r.both.as_ref();
        out.asked.0 += usize::from(both.is_some());
        out.asked.1 += usize::from(both.is_some_and(wrong));
        out.asked.2 += kind(r, true).errs().0;
        let said = r.both.as_ref().unwrap_or(&r.net);
        let astray = said.0 != Some(r.truth);
        let rare = astray && kind(r, r.both.is_some()).surprise(said.0.is_some(), said.2) < level();
        out.rare += usize::from(rare);
    }
    out
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "against the table: channel  below px   prints   another: seen, by table   none: seen, by table   both asked  \
             another: seen, by table   rarer than the level"
        )?;
        for l in &self.0 {
            writeln!(
                f,
                "{:<26} {:>9} {:>8} {:>15} {:>9.1} {:>12} {:>9.1} {:>12} {:>14} {:>9.1} {:>22}",
                l.channel.name(),
                l.below,
                l.prints,
                l.other.0,
                l.other.1,
                l.silent.0,
                l.silent.1,
                l.asked.0,
                l.asked.1,
                l.asked.2,
                l.rare
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_reading_of_another_number_is_rare_and_a_doubtful_one_of_small_print_is_not() {
        let read = |best: Option<u32>, belief: f64, coverage: f64| Read {
            set: "made".to_owned(),
            sheet: 0,
            channel: Channel::Digits,
            height: 6.0,
            sharpness: 0.3,
            contrast: 0.8,
            coverage,
            off: 0.0,
            truth: 5,
            net: (best, 0.6, belief),
            both: None,
        };
        let reads = [
            read(Some(5), 0.9, 1.0),
            read(Some(8), 0.4, 1.0),
            read(Some(8), 1e-6, 1.0),
            read(None, 0.1, 1.0),
            read(Some(8), 1e-6, 0.5),
        ];
        let held = Held::of(&reads);
        let l = held.0[0];
        assert_eq!((held.0.len(), l.prints, l.other.0, l.silent.0, l.rare), (1, 4, 2, 1, 1));
        assert!(l.other.1 > 0.0 && l.other.1 < 1.0);
    }
}
