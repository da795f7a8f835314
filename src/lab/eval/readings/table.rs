//! From prints that were read to the table of how readings err.
//!
//! In: [`Read`]s. Out: a [`Table`], as text for people and as the TOML of `models/readings.toml`. Refuses nothing: a
//! kind of which little was read is left to the next finer one.

use super::Read;
use crate::read::glyphs::Channel;
use std::fmt::{self, Write};

/// Upper ends of the kinds' heights, px.
pub(super) const BELOW: [f64; 5] = [5.5, 7.0, 9.0, 10.0, f64::INFINITY];
/// Upper ends of their sharpness.
const FLATTER: [f64; 5] = [0.1, 0.14, 0.19, 0.33, f64::INFINITY];

/// What a kind counts besides what was seen of it: so many errors that were not seen. A tenth of one: a kind of
/// which a thousand prints were read without an error errs less than once in ten thousand.
const UNSEEN: f64 = 0.1;

/// How many errors of all kinds of a channel together are added to a kind's own where its tail is fitted.
const POOLED: f64 = 10.0;

/// What is cut further from its print than this, mm, shows something else: that is the registration's doing. Print is
/// 1.4 mm high.
pub(super) const PLACED: f64 = 1.0;

/// Prints with less of them in sight are not among them.
pub(super) const SEEN: f64 = 0.98;

/// A kind of fewer prints is left to the next finer one, which errs less: nothing passes because little was seen.
const LEAST: usize = 150;

/// The quantiles of the belief in the number shown that are printed.
const QUANTILES: [f64; 4] = [0.01, 0.1, 0.5, 0.9];

/// A kind and how its readings err.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    channel: Channel,
    second: bool,
    below: f64,
    flatter: f64,
    /// Prints, and those of them with another number, with none.
    n: usize,
    others: usize,
    silents: usize,
    /// Belief in the number shown where another has more, ascending.
    tail: Vec<f64>,
    power: f64,
}

/// The kinds in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Table(pub Vec<Row>);

/// How many ln-units the beliefs lie below one half: the power's maximum likelihood is their number over this.
fn depth(tail: &[f64]) -> f64 {
    tail.iter().map(|b| (0.5 / b.clamp(1e-12, 0.5)).ln()).sum()
}

impl Table {
    /// Of all prints in plain sight.
    pub fn of(reads: &[Read]) -> Self {
        let mut rows = Vec::new();
        for (channel, second) in
            [Channel::Digits, Channel::Words].into_iter().flat_map(|c| [(c, false), (c, true)])
        {
            let of = |r: &&Read| r.channel == channel && r.coverage >= SEEN && r.off <= PLACED;
            let all: Vec<&Read> = reads.iter().filter(of).collect();
            let said = |r: &Read| if second { r.both } else { Some(r.net) };
            let tail = |some: &[&Read]| -> Vec<f64> {
                let wrong = some.iter().filter_map(|r| Some((said(r)?, r.truth)));
                let mut tail: Vec<f64> =
                    wrong.filter(|(s, truth)| s.0.is_some_and(|v| v != *truth)).map(|(s, _)| s.2).collect();
                tail.sort_by(f64::total_cmp);
                tail
            };
            let pooled = tail(&all);
            let common = (pooled.len() as f64).max(1.0) / depth(&pooled).max(1.0);
            for below in BELOW {
                for flatter in FLATTER {
                    let low = BELOW.iter().rev().find(|b| **b < below).copied().unwrap_or(0.0);
                    let flat = FLATTER.iter().rev().find(|b| **b < flatter).copied().unwrap_or(0.0);
                    let within = |r: &&&Read| {
                        r.height >= low && r.height < below && r.sharpness >= flat && r.sharpness < flatter
                    };
                    let own: Vec<&Read> = all.iter().filter(within).copied().collect();
                    let tail = tail(&own);
                    let power = (tail.len() as f64 + POOLED) / (depth(&tail) + POOLED / common);
                    let silents = own.iter().filter(|r| said(r).is_some_and(|s| s.0.is_none())).count();
                    let (n, others) = (own.len(), tail.len());
                    if n >= LEAST || (below.is_infinite() && flatter.is_infinite()) {
                        rows.push(Row { channel, second, below, flatter, n, others, silents, tail, power });
                    }
                }
            }
        }
        Self(rows)
    }

    /// As `models/readings.toml` has it.
    pub fn toml(&self, level: f64) -> String {
        let mut out = format!("level = {level:e}\n");
        for r in &self.0 {
            let rate = |k: usize| (k as f64 + UNSEEN) / r.n as f64;
            let end = |v: f64| if v.is_finite() { format!("{v:?}") } else { "inf".to_owned() };
            let _ = write!(
                out,
                "\n[[kinds]]\nchannel = \"{}\"\nsecond = {}\nbelow = {}\nflatter = {}\nn = {}\nother = {:.2e}\n\
                 silent = {:.2e}\npower = {:.3}\n",
                r.channel.name(),
                r.second,
                end(r.below),
                end(r.flatter),
                r.n,
                rate(r.others),
                rate(r.silents),
                r.power
            );
        }
        out
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "channel readers   below px  flatter   prints   another  none   belief in the number shown: 1 %      \
             10 %     50 %     90 %    power"
        )?;
        for r in &self.0 {
            let at = |q: f64| match r.tail.len() {
                0 => "-".to_owned(),
                n => format!("{:.1e}", r.tail[((q * n as f64) as usize).min(n - 1)]),
            };
            let quantiles = QUANTILES.map(|q| format!("{:>8}", at(q))).join(" ");
            let readers = if r.second { "both" } else { "networks" };
            writeln!(
                f,
                "{:<7} {readers:<9} {:>8} {:>8} {:>8} {:>9} {:>5}   {:>26} {quantiles} {:>8.3}",
                r.channel.name(),
                r.below,
                r.flatter,
                r.n,
                r.others,
                r.silents,
                "",
                r.power
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beliefs drawn from the tail that is fitted give its power back, and the kinds are told apart.
    #[test]
    fn a_tail_is_found_again() {
        let read = |height: f64, best: Option<u32>, belief: f64| Read {
            set: "made".to_owned(),
            sheet: 0,
            channel: Channel::Digits,
            height,
            sharpness: 0.42,
            contrast: 0.8,
            coverage: 1.0,
            off: 0.0,
            truth: 5,
            net: (best, 0.6, belief),
            both: None,
        };
        let mut reads: Vec<Read> = (0..9000).map(|_| read(6.0, Some(5), 0.9)).collect();
        reads.extend((0..1000).map(|i| {
            let share = (f64::from(i) + 0.5) / 1000.0;
            read(6.0, Some(8), 0.5 * share.powf(1.0 / 0.7))
        }));
        reads.extend((0..100).map(|_| read(11.0, Some(5), 0.9)));
        reads.push(read(11.0, None, 1e-4));
        let table = Table::of(&reads);
        let of = |below: f64| table.0.iter().find(|r| !r.second && r.below == below).unwrap();
        let (small, fine) = (of(7.0), of(f64::INFINITY));
        assert_eq!((small.n, small.others, small.silents), (10_000, 1000, 0));
        assert!((small.power - 0.7).abs() < 0.01, "{}", small.power);
        assert_eq!((fine.n, fine.others, fine.silents), (101, 0, 1));
    }
}
