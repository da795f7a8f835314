//! Batch alarms: a folder or a scanner whose sheets fail more often than the others'.
//!
//! In: what became of each photo of a run. Out: [`Alarm`]s with their test, in a fixed order. Refuses
//! groups below [`LEAST`] photos and runs that are one group: there is nothing to hold them against.
//!
//! The test is Fisher's exact one, one-sided, of the group against the rest of the run, at 1 % for all
//! tests of the run together (Bonferroni). An alarm needs twice the others' rate besides, so that a
//! large run does not raise one for a trifle.

use crate::decide::odds::at_least_by_chance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Groups smaller than this are not tested: five failures of five against a 10 % rate are 1e-5.
const LEAST: u64 = 5;

/// Probability of any false alarm in a run.
const FALSE_ALARM: f64 = 0.01;

/// What became of one photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The photo's path.
    pub path: String,
    /// Whether its sheet was accepted.
    pub sheet: Fate,
    /// Whether its QR code was read; `None` where none was looked for.
    pub qr: Option<Fate>,
}

/// Went well or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Accepted, or read.
    Passed,
    /// Not accepted, or not read.
    Failed,
}

/// What fails too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlarmKind {
    /// Sheets that are not accepted.
    Review,
    /// QR codes that are not read.
    Qr,
}

/// How photos were grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupKind {
    /// By the folder that they are in.
    Folder,
    /// By the first part of the file name, which scanners fill with their name.
    Scanner,
}

/// A group that stands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// What fails.
    pub kind: AlarmKind,
    /// How the group was made.
    pub group: GroupKind,
    /// The folder, or the first part of the file names.
    pub name: String,
    /// Failures in the group.
    pub failed: u64,
    /// Photos in the group.
    pub of: u64,
    /// Failures in the rest of the run.
    pub others_failed: u64,
    /// Photos in the rest of the run.
    pub others: u64,
    /// Probability of as many failures or more in the group by chance.
    pub p_value: f64,
    /// How many tests the run made; the alarm is raised below 0.01 / tests.
    pub tests: u64,
}

/// The alarms of a run, by kind, group and name.
pub fn alarms(outcomes: &[Outcome]) -> Vec<Alarm> {
    let mut out = Vec::new();
    for kind in [AlarmKind::Review, AlarmKind::Qr] {
        for group in [GroupKind::Folder, GroupKind::Scanner] {
            let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
            let mut all = (0, 0);
            for outcome in outcomes {
                let fate = match kind {
                    AlarmKind::Review => Some(outcome.sheet),
                    AlarmKind::Qr => outcome.qr,
                };
                let Some(fate) = fate else { continue };
                let failed = u64::from(fate == Fate::Failed);
                all = (all.0 + failed, all.1 + 1);
                let Some(name) = name(&outcome.path, group) else { continue };
                let count = counts.entry(name).or_default();
                *count = (count.0 + failed, count.1 + 1);
            }
            for (name, (failed, of)) in counts {
                let (others_failed, others) = (all.0 - failed, all.1 - of);
                if of < LEAST || others < LEAST {
                    continue;
                }
                let p_value = at_least_by_chance(failed, of, others_failed, others);
                out.push(Alarm {
                    kind,
                    group,
                    name: name.to_owned(),
                    failed,
                    of,
                    others_failed,
                    others,
                    p_value,
                    tests: 0,
                });
            }
        }
    }
    let tests = out.len() as u64;
    out.retain(|a| {
        let twice = a.failed * a.others >= 2 * a.others_failed * a.of;
        a.p_value < FALSE_ALARM / tests as f64 && twice
    });
    for alarm in &mut out {
        alarm.tests = tests;
    }
    out
}

/// The group of a path; `None` where the file name has no first part.
fn name(path: &str, group: GroupKind) -> Option<&str> {
    let cut = path.rfind(['/', '\\']);
    match group {
        GroupKind::Folder => Some(cut.map_or(".", |c| &path[..c])),
        GroupKind::Scanner => {
            let file = &path[cut.map_or(0, |c| c + 1)..];
            file.split_once(['_', '-', ' ']).map(|p| p.0).filter(|p| !p.is_empty())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(groups: &[(&str, usize, usize)]) -> Vec<Alarm> {
        let of_group = |&(name, failed, of): &(&str, usize, usize)| {
            let fate = move |i| if i < failed { Fate::Failed } else { Fate::Passed };
            let path = format!("in/{name}_");
            let one =
                move |i| Outcome { path: format!("{path}{i}.jpg"), sheet: Fate::Passed, qr: Some(fate(i)) };
            (0..of).map(one).collect::<Vec<_>>()
        };
        alarms(&groups.iter().flat_map(of_group).collect::<Vec<_>>())
    }

    #[test]
    fn a_scanner_that_loses_qr_codes_is_named_with_its_test() {
        let found = run(&[("AB12", 12, 20), ("CD34", 2, 60), ("EF56", 1, 60)]);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].kind, found[0].group, found[0].name.as_str()),
            (AlarmKind::Qr, GroupKind::Scanner, "AB12")
        );
        let [a, b, c, d] = [found[0].failed, found[0].of, found[0].others_failed, found[0].others];
        assert_eq!([a, b, c, d], [12, 20, 3, 120]);
    }

    #[test]
    fn chance_raises_no_alarm() {
        assert_eq!(run(&[("AB12", 3, 20), ("CD34", 5, 60), ("EF56", 2, 60)]), []);
    }

    #[test]
    fn one_group_alone_is_not_compared() {
        assert_eq!(run(&[("AB12", 20, 20)]), []);
    }

    #[test]
    fn a_small_difference_in_a_large_run_raises_no_alarm() {
        assert_eq!(run(&[("AB12", 300, 3000), ("CD34", 1500, 22000)]), []);
    }
}
