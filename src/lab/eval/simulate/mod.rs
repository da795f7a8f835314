//! Whether the probabilities hold: sheets made up at the level of cells, read by readers of known
//! errors, decided, and held against their truth.
//!
//! In: a form, a number of sheets, a seed, a [`Noise`]. Out: a [`Simulation`]: accepted,
//! accepted-and-wrong, altered-and-accepted, the reliability of the sheet's probability, the accept
//! rate at several error rates, the upper bound of the error rate. Every sheet is decided twice, with
//! its QR code and without. Refuses nothing.
//!
//! What is simulated does not use what [`crate::decide::channels`] assumes: a reader's distribution is made so
//! that it is calibrated (the truth takes each candidate's place with that candidate's probability),
//! then, for an overconfident reader, sharpened, and mixed with confident errors. In one thing both
//! are alike in kind: a misread number is mostly the number with one figure another. One sheet in
//! twenty is altered in one of the [`Alteration`]s. Nothing here draws pixels: that readers on real
//! pixels are as good as a [`Noise`] is for `cotejo eval` on pictures to show.
//!
//! One kind of alteration stands apart, [`Counts::unseen`]: no changed print shows what was changed, because
//! readers take each for what the machine printed or cannot read it at all. Nothing in the readings then differs
//! from an untouched sheet, and such a sheet may be accepted, with every number as the machine printed it.
//!
//! Figures: docs/measured.md. Poor and hard readers are seldom accepted because among a hundred cells one nearly
//! always shows another number or none, which is a reason to look.

mod made;

pub use made::{Alteration, Noise};

use crate::decide::odds::{at_most, upper_bound};
use crate::decide::{Policy, Status, decide};
use crate::form::Form;
use crate::ground::finding::{Code, Severity};
use crate::lab::synth::rng;
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use made::{Printed, print, read};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The error rates at which the accept rate is stated.
pub const LEVELS: [f64; 4] = [1e-2, 1e-3, 1e-4, 1e-5];

/// Upper ends of the reliability table's bins, in the stated probability of a wrong number.
const BINS: [f64; 9] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 1.0];

/// Sheets that one thread decides on at a time.
const BLOCK: u64 = 100;

/// Simulations in which as many accepted sheets were wrong have at most this probability of having kept
/// the policy's error rate.
const DOUBT: f64 = 0.01;

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// How many sheets were made up.
    pub sheets: u64,
    /// The generator's seed.
    pub seed: u64,
    /// The readers' errors.
    pub noise: Noise,
    /// The policy's error rate.
    pub max_error: f64,
    /// Decided with the QR code.
    pub with_qr: Counts,
    /// Decided without.
    pub without_qr: Counts,
}

/// The counts of one way of deciding.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Sheets as printed by the machine.
    pub untouched: u64,
    /// Of those, accepted.
    pub accepted: u64,
    /// Of those, with a wrong vote or total.
    pub accepted_wrong: u64,
    /// Upper 95 % bound of the rate of wrong among accepted.
    pub wrong_at_most: f64,
    /// Untouched sheets of which a number of context is wrong with a stated confidence of 0.99 or more.
    pub context_wrong: u64,
    /// Altered sheets, but for the unseen ones.
    pub altered: u64,
    /// Of those, accepted with a number that the machine did not print.
    pub altered_accepted_wrong: u64,
    /// Of those, accepted with every number as the machine printed it.
    pub altered_accepted_right: u64,
    /// Of those, with a finding on an altered field, on a relation of it or on the QR code.
    pub altered_named: u64,
    /// Of those that were accepted, sheets that name no number that was touched.
    pub altered_untold: u64,
    /// Altered sheets of which no print shows the change: each changed one is read as the number that the machine
    /// printed, or not at all.
    pub unseen: u64,
    /// Of those, accepted with every number as the machine printed it.
    pub unseen_accepted_right: u64,
    /// Of those, accepted with a number that the machine did not print.
    pub unseen_accepted_wrong: u64,
    /// At each of [`LEVELS`].
    pub levels: Vec<Level>,
    /// Stated against observed, untouched sheets only.
    pub reliability: Vec<Bin>,
}

/// What is accepted at an error rate.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Level {
    /// The error rate asked for.
    pub max_error: f64,
    /// Untouched sheets accepted at it.
    pub accepted: u64,
    /// Of those, wrong.
    pub wrong: u64,
}

/// Sheets whose stated probability of a wrong number is at most `below` (and above the last bin's).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Bin {
    /// Upper end.
    pub below: f64,
    /// How many sheets.
    pub sheets: u64,
    /// Wrong sheets expected: the sum of the stated probabilities.
    pub expected: f64,
    /// Wrong sheets seen. A sheet with a number missing counts as wrong and states 1.
    pub wrong: u64,
}

/// Makes up `sheets` sheets of `form` and decides on each with and without its QR code, in parallel on
/// the threads of the pool it is called in. The same arguments give the same result.
pub fn simulate(form: &Form, sheets: u64, seed: u64, noise: Noise, policy: &Policy) -> Simulation {
    let form = &Arc::new(form.clone());
    let starts: Vec<u64> = (0..sheets).step_by(BLOCK as usize).collect();
    let block = |&start: &u64| {
        let mut counts = [Counts::new(), Counts::new()];
        for number in start..sheets.min(start + BLOCK) {
            let mut rng = rng(seed, number);
            let printed = print(form, number, &mut rng);
            let mut evidence = read(form, &printed, noise, &mut rng);
            counts[0].count(&evidence, &printed, policy);
            evidence.qr = QrOutcome::NotLooked;
            counts[1].count(&evidence, &printed, policy);
        }
        counts
    };
    // In order, so that sums of fractions do not depend on the threads.
    let blocks: Vec<[Counts; 2]> = starts.par_iter().map(block).collect();
    let [mut with_qr, mut without_qr] = [Counts::new(), Counts::new()];
    for [with, without] in &blocks {
        with_qr.add(with);
        without_qr.add(without);
    }
    for counts in [&mut with_qr, &mut without_qr] {
        counts.wrong_at_most = upper_bound(counts.accepted_wrong, counts.accepted, 0.95);
    }
    Simulation { sheets, seed, noise, max_error: policy.max_error, with_qr, without_qr }
}

impl Simulation {
    /// Whether nothing altered was accepted on clean print, on small print only with the machine's numbers and with the
    /// change named (a doubtful reading there is a misreading), an unseen change only with the machine's numbers, and no more
    /// untouched sheets were wrong than the policy's error rate explains (exact binomial test at 1 %).
    pub fn holds(&self) -> bool {
        [&self.with_qr, &self.without_qr].into_iter().all(|c| {
            let fewer = c.accepted_wrong.checked_sub(1);
            let as_many = fewer.map_or(1.0, |k| 1.0 - at_most(k, c.accepted, self.max_error));
            let told = c.altered_accepted_right == 0 || !self.noise.clean() && c.altered_untold == 0;
            c.altered_accepted_wrong + c.unseen_accepted_wrong == 0 && told && as_many >= DOUBT
        })
    }
}

impl Counts {
    /// Adds other counts; the bound is not theirs to add.
    fn add(&mut self, other: &Self) {
        self.untouched += other.untouched;
        self.accepted += other.accepted;
        self.accepted_wrong += other.accepted_wrong;
        self.context_wrong += other.context_wrong;
        self.altered += other.altered;
        self.altered_accepted_wrong += other.altered_accepted_wrong;
        self.altered_accepted_right += other.altered_accepted_right;
        self.altered_named += other.altered_named;
        self.altered_untold += other.altered_untold;
        self.unseen += other.unseen;
        self.unseen_accepted_right += other.unseen_accepted_right;
        self.unseen_accepted_wrong += other.unseen_accepted_wrong;
        for (level, more) in self.levels.iter_mut().zip(&other.levels) {
            level.accepted += more.accepted;
            level.wrong += more.wrong;
        }
        for (bin, more) in self.reliability.iter_mut().zip(&other.reliability) {
            bin.sheets += more.sheets;
            bin.expected += more.expected;
            bin.wrong += more.wrong;
        }
    }

    fn new() -> Self {
        Self {
            levels: LEVELS.iter().map(|&max_error| Level { max_error, ..Level::default() }).collect(),
            reliability: BINS.iter().map(|&below| Bin { below, ..Bin::default() }).collect(),
            ..Self::default()
        }
    }

    fn count(&mut self, evidence: &Evidence, printed: &Printed, policy: &Policy) {
        let form: &Form = &evidence.form;
        let qr = matches!(evidence.qr, QrOutcome::Read(_));
        let decision = decide(evidence, policy);
        let right = |ix: usize| decision.fields[ix].value == Some(printed.truth[ix]);
        let wrong = (0..form.fields.len()).any(|ix| !form.is_context(ix) && !right(ix));
        let accepted = decision.status == Status::Accepted;
        if let Some(alteration) = printed.alteration {
            if !qr && !alteration.shows_without_qr() {
                return;
            }
            if printed.unseen(evidence) {
                self.unseen += 1;
                self.unseen_accepted_right += u64::from(accepted && !wrong);
                self.unseen_accepted_wrong += u64::from(accepted && wrong);
                return;
            }
            self.altered += 1;
            self.altered_accepted_wrong += u64::from(accepted && wrong);
            self.altered_accepted_right += u64::from(accepted && !wrong);
            let touched = |id: &str| printed.touched.iter().any(|&ix| form.fields[ix].id == id);
            let named = decision.findings.iter().any(|f| {
                matches!(f.code, Code::QrOfAnotherSheet | Code::RelationBroken)
                    || f.field.as_deref().is_some_and(touched)
            });
            self.altered_named += u64::from(named);
            self.altered_untold += u64::from(accepted && !named);
            return;
        }
        self.untouched += 1;
        self.accepted += u64::from(accepted);
        self.accepted_wrong += u64::from(accepted && wrong);
        let sure = |ix: usize| decision.fields[ix].confidence >= 0.99;
        self.context_wrong +=
            u64::from((0..form.fields.len()).any(|ix| form.is_context(ix) && sure(ix) && !right(ix)));
        let stated = 1.0 - decision.confidence;
        let held =
            decision.findings.iter().any(|f| f.severity > Severity::Info && f.code != Code::LowConfidence);
        for level in &mut self.levels {
            let accepted = !held && stated <= level.max_error;
            level.accepted += u64::from(accepted);
            level.wrong += u64::from(accepted && wrong);
        }
        if let Some(bin) = self.reliability.iter_mut().find(|b| stated <= b.below) {
            bin.sheets += 1;
            bin.expected += stated;
            bin.wrong += u64::from(wrong);
        }
    }
}

impl std::fmt::Display for Simulation {
    /// A page of text: what must be 0 first.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} made-up sheets, seed {}, max error {:.0e}", self.sheets, self.seed, self.max_error)?;
        for (name, c) in [("with QR", &self.with_qr), ("without QR", &self.without_qr)] {
            writeln!(f, "{name}")?;
            writeln!(
                f,
                "  accepted and wrong {} of {} accepted (95 % bound {:.1e}), of {} untouched",
                c.accepted_wrong, c.accepted, c.wrong_at_most, c.untouched
            )?;
            writeln!(
                f,
                "  altered and accepted {} wrong, {} right ({} not named), of {}; named {}",
                c.altered_accepted_wrong,
                c.altered_accepted_right,
                c.altered_untold,
                c.altered,
                c.altered_named
            )?;
            writeln!(
                f,
                "  altered, and no reading shows it: accepted {} wrong, {} right, of {}",
                c.unseen_accepted_wrong, c.unseen_accepted_right, c.unseen
            )?;
            writeln!(f, "  context wrong with confidence: {}", c.context_wrong)?;
            for l in &c.levels {
                let share = 100.0 * l.accepted as f64 / c.untouched.max(1) as f64;
                writeln!(f, "  at {:.0e}: {share:6.2} % accepted, {} wrong", l.max_error, l.wrong)?;
            }
            writeln!(f, "  stated wrong  sheets  expected  seen")?;
            for b in c.reliability.iter().filter(|b| b.sheets > 0) {
                writeln!(f, "  <= {:<8.0e} {:>8} {:>9.2} {:>5}", b.below, b.sheets, b.expected, b.wrong)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;

    #[test]
    fn nothing_altered_is_accepted_and_nothing_accepted_is_wrong() {
        let form = builtin().unwrap().remove(0);
        for noise in [Noise::SCAN, Noise::OVERCONFIDENT] {
            let s = simulate(&form, 300, 7, noise, &Policy::default());
            for c in [&s.with_qr, &s.without_qr] {
                assert!(s.holds() && c.accepted_wrong == 0, "{s}");
                assert!(c.accepted > 0 && c.altered > 0, "{s}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_simulation() {
        let form = builtin().unwrap().remove(0);
        let run = |seed| simulate(&form, 30, seed, Noise::PHOTO, &Policy::default());
        assert_eq!(run(1), run(1));
    }

    /// The full one is `cotejo eval --simulate 40000`.
    #[test]
    fn every_noise_keeps_the_error_rate() {
        let form = builtin().unwrap().remove(0);
        for (name, noise) in Noise::ALL {
            let s = simulate(&form, 200, 2026, noise, &Policy::default());
            assert!(s.holds(), "{name}: {s}");
        }
    }
}
