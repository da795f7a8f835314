//! A log held against what the files of its run say of it.
//!
//! In: a log, or the place of one; length and last hash as `run.json`, a report or an export state them. Out: whether it
//! holds those entries as they were, and how many have been added since. The log is read from a copy: nothing is left
//! beside it, and it may be open elsewhere. Refuses nothing: what does not fit is a finding.

use super::{LOG, Log, LogError, NONE};
use crate::ground::finding::{Finding, Severity, What};
use crate::run::output::{LogHead, OutputError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log that is written to while it is copied is copied again, so often.
const TRIES: usize = 3;

/// What a log is against what was said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Length and last hash of the log as it is.
    pub now: LogHead,
    /// How many entries were added since.
    pub since: u64,
    /// What does not fit.
    pub problem: Option<Finding>,
}

impl Log {
    /// How long it is, and its last hash.
    pub fn state(&self) -> LogHead {
        super::state(self.entries())
    }

    /// The number of the entry with this hash; 0 for the one before the first.
    pub fn find(&self, hash: &str) -> Option<u64> {
        if hash == NONE {
            return Some(0);
        }
        self.entries().iter().find(|e| e.hash == hash).map(|e| e.n)
    }

    /// Reads a log from a copy, with what a killed station left beside it.
    ///
    /// # Errors
    /// There is none; its chain does not hold.
    pub fn read(path: &Path) -> Result<Self, LogError> {
        let read = || -> Result<Self, LogError> {
            if !path.is_file() {
                return Err(LogError::Missing { path: path.display().to_string() });
            }
            let io = |e: std::io::Error| LogError::Sql {
                path: path.display().to_string(),
                problem: OutputError::io(path, e).to_string(),
            };
            let dir = tempfile::tempdir().map_err(io)?;
            let to = dir.path().join(LOG);
            std::fs::copy(path, &to).map_err(io)?;
            if beside(path).is_file() {
                std::fs::copy(beside(path), beside(&to)).map_err(io)?;
            }
            // The log is read whole on opening; its copy can go.
            Self::existing(&to).map_err(|e| named(e, path))
        };
        let mut last = read();
        for _ in 1..TRIES {
            if !matches!(last, Err(LogError::Sql { .. } | LogError::Chain { .. })) {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            last = read();
        }
        last
    }
}

/// SQLite's own journal of a log.
fn beside(base: &Path) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// An error of the copy under the name of what was copied.
fn named(error: LogError, path: &Path) -> LogError {
    let path = path.display().to_string();
    match error {
        LogError::Sql { problem, .. } => LogError::Sql { path, problem },
        LogError::Chain { n, .. } => LogError::Chain { path, n },
        LogError::Version { found, .. } => LogError::Version { path, found },
        LogError::Missing { .. } => LogError::Missing { path },
        LogError::Busy { .. } => LogError::Busy { path },
    }
}

/// Holds the log of a run's folder, or that there is none, against what was said of it.
pub fn held(dir: &Path, said: Option<&LogHead>) -> Held {
    let path = dir.join(LOG);
    let nothing = LogHead { entries: 0, head: NONE.to_owned() };
    let log = match path.exists().then(|| Log::read(&path)) {
        None => None,
        Some(Ok(log)) => Some(log),
        Some(Err(error)) => {
            let what = What::LogBroken { cause: error.to_string() };
            return Held { now: nothing, since: 0, problem: Some(Finding::new(Severity::Review, what)) };
        }
    };
    let now = log.as_ref().map_or_else(|| nothing.clone(), Log::state);
    let said = said.unwrap_or(&nothing);
    let there = match &log {
        Some(log) => log.find(&said.head) == Some(said.entries),
        None => said.entries == 0,
    };
    let what = What::LogEdited {
        file: path.display().to_string(),
        stated: said.entries,
        found: now.entries.min(said.entries.saturating_sub(u64::from(!there && now.entries >= said.entries))),
    };
    let problem = (!there).then(|| Finding::new(Severity::Review, what));
    Held { since: now.entries.saturating_sub(said.entries), now, problem }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{deed, raw};
    use super::*;

    fn log(values: &[&str]) -> (tempfile::TempDir, LogHead) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(dir.path()).unwrap();
        for value in values {
            log.append(vec![deed(value)]).unwrap();
        }
        let state = log.state();
        (dir, state)
    }

    #[test]
    fn entries_that_were_removed_from_the_end_or_all_and_a_chain_made_anew_are_noticed() {
        let (dir, said) = log(&["1", "2", "3"]);
        assert_eq!(held(dir.path(), Some(&said)).problem, None);
        for statement in ["DROP TRIGGER entries_remain", "DELETE FROM entries WHERE n = 3"] {
            raw(dir.path(), statement).unwrap();
        }
        let cut = held(dir.path(), Some(&said)).problem.unwrap().message;
        assert!(cut.contains("does not hold the 3 decisions") && cut.contains("2 are in it"), "{cut}");
        raw(dir.path(), "DELETE FROM entries").unwrap();
        assert!(held(dir.path(), Some(&said)).problem.unwrap().message.contains("0 are in it"));
        std::fs::remove_file(dir.path().join(LOG)).unwrap();
        assert!(held(dir.path(), Some(&said)).problem.unwrap().message.contains("0 are in it"));
        // Another log of the same length, whose own chain holds.
        let (other, _) = log(&["1", "2", "9"]);
        assert!(held(other.path(), Some(&said)).problem.is_some());
    }

    #[test]
    fn entries_added_since_are_counted_and_reading_leaves_nothing_behind() {
        let (dir, said) = log(&["1", "2"]);
        let mut open = Log::open(dir.path()).unwrap();
        open.append(vec![deed("3")]).unwrap();
        let now = held(dir.path(), Some(&said));
        assert_eq!((now.since, now.now.entries, now.problem), (1, 3, None));
        drop(open);
        held(dir.path(), Some(&said));
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, [LOG]);
    }
}
