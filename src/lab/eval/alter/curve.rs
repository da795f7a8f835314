//! Good sheets held by mistake against alterations held, by the level of surprise.
//!
//! In: what was measured on sound and on altered sheets. Out: a [`Point`] a level. Refuses nothing.

use super::Outcome;
use crate::decide::prints::level;
use crate::decide::{Decision, Policy, Status, decide};
use crate::ground::finding::{Code, Severity};
use crate::read::code::QrOutcome;
use crate::read::evidence::Evidence;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Levels beside the one that is taken: from nearly every doubtful print to hardly any.
const LEVELS: [f64; 7] = [1.0, 1e-2, 1e-3, 2e-4, 2e-5, 1e-6, 1e-8];

/// What one level would hold, without QR code.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Point {
    /// The level.
    pub level: f64,
    /// Sound sheets.
    pub sound: usize,
    /// Of those, accepted.
    pub accepted: usize,
    /// Of those, held because a print disagrees.
    pub held: usize,
    /// Altered sheets.
    pub altered: usize,
    /// Of those, held by name.
    pub named: usize,
    /// Of those, accepted with every number as on the sound sheet.
    pub slipped: usize,
    /// Of those, accepted with another.
    pub wrong: usize,
}

impl Eq for Point {}

/// The levels, nothing counted yet.
pub(super) fn points() -> Vec<Point> {
    let mut levels: Vec<f64> = LEVELS.into_iter().chain([level()]).collect();
    levels.sort_by(|a, b| b.total_cmp(a));
    levels.into_iter().map(|level| Point { level, ..Point::default() }).collect()
}

/// Adds other counts of the same levels.
pub(super) fn add(all: &mut [Point], more: &[Point]) {
    for (a, b) in all.iter_mut().zip(more) {
        a.sound += b.sound;
        a.accepted += b.accepted;
        a.held += b.held;
        a.altered += b.altered;
        a.named += b.named;
        a.slipped += b.slipped;
        a.wrong += b.wrong;
    }
}

fn at(level: f64, evidence: &Evidence) -> Decision {
    decide(evidence, &Policy { surprise: level, ..Policy::default() })
}

/// Counts a sound sheet, if one was found.
pub(super) fn sound(points: &mut [Point], evidence: Option<Evidence>) {
    let Some(mut evidence) = evidence else { return };
    evidence.qr = QrOutcome::NotLooked;
    for point in points {
        let decision = at(point.level, &evidence);
        let law = |code| matches!(code, Code::ChannelsDisagree | Code::CellUnreadable | Code::ValueCorrected);
        let held = decision.findings.iter().any(|f| f.severity == Severity::Review && law(f.code));
        point.sound += 1;
        point.held += usize::from(held);
        point.accepted += usize::from(decision.status == Status::Accepted);
    }
}

/// Counts an altered sheet; `judge` says what came of it.
pub(super) fn altered(points: &mut [Point], evidence: &Evidence, judge: impl Fn(&Decision) -> Outcome) {
    for point in points {
        let outcome = judge(&at(point.level, evidence));
        let accepted = outcome.status == Status::Accepted;
        point.altered += 1;
        point.named += usize::from(!accepted && outcome.named);
        point.slipped += usize::from(accepted && !outcome.wrong);
        point.wrong += usize::from(accepted && outcome.wrong);
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.level == level() { "<- taken" } else { "" };
        write!(
            f,
            "{:>7.0e}: {:>3} of {} sound sheets held by mistake, {:>3} accepted; of {} altered {:>3} held by name, \
             {} accepted with the sound numbers, {} with another {mark}",
            self.level,
            self.held,
            self.sound,
            self.accepted,
            self.altered,
            self.named,
            self.slipped,
            self.wrong
        )
    }
}
