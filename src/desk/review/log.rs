//! The audit log: one SQLite file in the run's folder, append-only, each entry chained to the one
//! before it.
//!
//! In: what a person did. Out: [`Entry`]s, in order. An entry's hash covers all of it and the hash
//! before it, so that a changed, removed or inserted entry shows on opening; that its end was cut off, or all of it
//! computed anew, shows against its length and last hash, which `run.json`, the report and every export state ([`held`]). An entry is on the disk when [`Log::append`] returns (WAL, `synchronous=FULL`).
//! Refuses a file that is no log, a log of a later version, a chain that does not hold, and an append
//! while another process appends.

mod entry;
mod held;

pub use entry::{Action, Deed, Entry, Sight};
pub use held::{Held, held};

use crate::run::output::LogHead;
use crate::run::output::disk::{Step, step};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use std::path::Path;
use std::time::Duration;

/// The log's file within a run's folder.
pub const LOG: &str = "review.sqlite";
/// The hash before the first entry.
const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Version of the log's tables.
const VERSION: i64 = 2;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS entries (
  n INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  sheet TEXT NOT NULL,
  field TEXT NOT NULL,
  action TEXT NOT NULL,
  before TEXT,
  after TEXT,
  reason TEXT NOT NULL,
  replaces TEXT NOT NULL,
  sight TEXT NOT NULL,
  origin TEXT,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  sheet_code TEXT,
  outline TEXT
) STRICT;
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS entries_remain BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
";

/// From version 1, whose entries say of their sheet no more than its key, to 2.
const SINCE_1: &str = "
ALTER TABLE entries ADD COLUMN sheet_code TEXT;
ALTER TABLE entries ADD COLUMN outline TEXT;
";

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// SQLite refused.
    #[error("{path}: {problem}; check that the file is a review log and that you may write there")]
    Sql {
        /// The file.
        path: String,
        /// What SQLite said.
        problem: String,
    },
    /// There is no such file.
    #[error("{path}: there is no such log; give a {LOG} that `cotejo review` wrote")]
    Missing {
        /// The file.
        path: String,
    },
    /// The chain is broken.
    #[error(
        "{path}: entry {n} does not follow from the one before it: the log was changed outside the program; \
         go back to a copy, or merge the other reviewers' logs into a new one"
    )]
    Chain {
        /// The file.
        path: String,
        /// Number of the first entry that does not hold.
        n: u64,
    },
    /// Written by a later program.
    #[error("{path}: a log of version {found}, this program knows {VERSION}; use the version that wrote it")]
    Version {
        /// The file.
        path: String,
        /// What stands there.
        found: i64,
    },
    /// Someone else appended.
    #[error(
        "{path}: is not the log that this review began with, or the run's files rest on more of it; nothing was \
         written: close the other cotejo review, and open this one again"
    )]
    Busy {
        /// The file.
        path: String,
    },
}

/// How long a log of these entries is, and its last hash.
pub fn state(entries: &[Entry]) -> LogHead {
    let head = entries.last().map_or(NONE, |e| &e.hash).to_owned();
    LogHead { entries: entries.len() as u64, head }
}

/// An open log whose chain holds.
#[derive(Debug)]
pub struct Log {
    connection: Connection,
    path: String,
    entries: Vec<Entry>,
}

impl Log {
    /// Opens the log of a run's folder, making it if there is none, and verifies its chain.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        Self::open_with(&dir.join(LOG), flags)
    }

    /// Opens a log that is there; verifies its chain.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn existing(path: &Path) -> Result<Self, LogError> {
        if !path.is_file() {
            return Err(LogError::Missing { path: path.display().to_string() });
        }
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn open_with(path: &Path, flags: OpenFlags) -> Result<Self, LogError> {
        let name = path.display().to_string();
        let sql = |e: rusqlite::Error| LogError::Sql { path: name.clone(), problem: e.to_string() };
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(sql)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(sql)?;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(sql)?;
        if found > VERSION {
            return Err(LogError::Version { path: name, found });
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sql)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(sql)?;
        connection.execute_batch(TABLES).map_err(sql)?;
        if found == 1 {
            connection.execute_batch(SINCE_1).map_err(sql)?;
        }
        connection.pragma_update(None, "user_version", VERSION).map_err(sql)?;
        let mut log = Self { connection, path: name, entries: Vec::new() };
        log.entries = log.all()?;
        log.verify()?;
        Ok(log)
    }

    fn sql(&self, error: &rusqlite::Error) -> LogError {
        LogError::Sql { path: self.path.clone(), problem: error.to_string() }
    }

    fn all(&self) -> Result<Vec<Entry>, LogError> {
        let query = "SELECT n, at, who, sheet, field, action, before, after, reason, replaces, sight, \
                     origin, previous, hash, sheet_code, outline FROM entries ORDER BY n";
        let mut statement = self.connection.prepare(query).map_err(|e| self.sql(&e))?;
        let rows = statement.query_map([], Entry::of).map_err(|e| self.sql(&e))?;
        rows.collect::<Result<_, _>>().map_err(|e| self.sql(&e))
    }

    fn verify(&self) -> Result<(), LogError> {
        let mut previous = NONE;
        for (entry, n) in self.entries.iter().zip(1..) {
            let holds = entry.n == n
                && entry.previous == previous
                && entry.hash == Entry::digest(n, &entry.deed, previous);
            if !holds {
                return Err(LogError::Chain { path: self.path.clone(), n });
            }
            previous = &entry.hash;
        }
        Ok(())
    }

    /// All entries in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The last entry's hash; 64 zeros for an empty log.
    pub fn head(&self) -> &str {
        self.entries.last().map_or(NONE, |e| &e.hash)
    }

    /// Appends; on return the entries are on the disk, all of them or none.
    ///
    /// # Errors
    /// SQLite refuses, or another process has appended since this log was opened.
    pub fn append(&mut self, deeds: Vec<Deed>) -> Result<&[Entry], LogError> {
        let first = self.entries.len();
        let mut made: Vec<Entry> = Vec::with_capacity(deeds.len());
        for (deed, n) in deeds.into_iter().zip(first as u64 + 1..) {
            let previous = made.last().map_or(self.head(), |e| &e.hash).to_owned();
            let hash = Entry::digest(n, &deed, &previous);
            made.push(Entry { n, deed, previous, hash });
        }
        let path = self.path.clone();
        let sql = |e: rusqlite::Error| LogError::Sql { path: path.clone(), problem: e.to_string() };
        let io = |e: std::io::Error| LogError::Sql { path: path.clone(), problem: e.to_string() };
        step(Step::Write, Path::new(&path)).map_err(io)?;
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let tail: i64 = transaction
            .query_row("SELECT coalesce(max(n), 0) FROM entries", [], |r| r.get(0))
            .map_err(sql)?;
        if tail.unsigned_abs() != first as u64 {
            return Err(LogError::Busy { path });
        }
        {
            let insert = "INSERT INTO entries VALUES \
                (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
            let mut statement = transaction.prepare_cached(insert).map_err(sql)?;
            for entry in &made {
                let d = &entry.deed;
                statement
                    .execute(params![
                        entry.n as i64,
                        d.at,
                        d.who,
                        d.sheet,
                        d.field,
                        d.action.name(),
                        d.before,
                        d.after,
                        d.reason,
                        d.replaces.join(" "),
                        d.sight.name(),
                        d.origin,
                        entry.previous,
                        entry.hash,
                        d.sheet_code,
                        d.outline,
                    ])
                    .map_err(sql)?;
            }
        }
        step(Step::Flush, Path::new(&path)).map_err(io)?;
        transaction.commit().map_err(sql)?;
        self.entries.extend(made);
        Ok(&self.entries[first..])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::SheetMark;

    pub(in super::super) fn deed(value: &str) -> Deed {
        let mark = SheetMark { key: "aa-0".to_owned(), code: Some("1".to_owned()), outline: None };
        Deed { after: Some(value.to_owned()), ..Deed::now("ana", &mark, "NM_PSUV", Action::Typed) }
    }

    pub(in super::super) fn raw(dir: &Path, statement: &str) -> rusqlite::Result<usize> {
        Connection::open(dir.join(LOG)).unwrap().execute(statement, [])
    }

    #[test]
    fn what_was_appended_is_read_back_with_its_chain() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(dir.path()).unwrap();
        log.append(vec![deed("1"), deed("2")]).unwrap();
        log.append(vec![deed("3")]).unwrap();
        let entries = log.entries().to_vec();
        drop(log);
        let back = Log::open(dir.path()).unwrap();
        assert_eq!(back.entries(), entries);
        assert_eq!(entries[1].previous, entries[0].hash);
        assert_eq!(back.head(), entries[2].hash);
    }

    #[test]
    fn an_entry_can_neither_be_changed_nor_removed() {
        let dir = tempfile::tempdir().unwrap();
        Log::open(dir.path()).unwrap().append(vec![deed("1")]).unwrap();
        for statement in ["UPDATE entries SET after = '9'", "DELETE FROM entries"] {
            let error = raw(dir.path(), statement).unwrap_err().to_string();
            assert!(error.contains("append-only"), "{error}");
        }
    }

    #[test]
    fn an_entry_that_was_changed_behind_the_programs_back_is_named() {
        for tamper in [
            "UPDATE entries SET after = '9' WHERE n = 2",
            "UPDATE entries SET who = 'eva' WHERE n = 2",
            "UPDATE entries SET sheet_code = '2' WHERE n = 2",
            "UPDATE entries SET sheet_code = NULL WHERE n = 2",
            "UPDATE entries SET outline = '1,1 2,1 2,2 1,2' WHERE n = 2",
            "DELETE FROM entries WHERE n = 2",
        ] {
            let dir = tempfile::tempdir().unwrap();
            Log::open(dir.path()).unwrap().append(vec![deed("1"), deed("2"), deed("3")]).unwrap();
            raw(dir.path(), "DROP TRIGGER entries_stay").unwrap();
            raw(dir.path(), "DROP TRIGGER entries_remain").unwrap();
            raw(dir.path(), tamper).unwrap();
            let error = Log::open(dir.path()).unwrap_err();
            assert!(matches!(error, LogError::Chain { n: 2, .. }), "{tamper}: {error}");
        }
    }

    #[test]
    fn a_log_of_version_1_is_read_on_and_appended_to() {
        let dir = tempfile::tempdir().unwrap();
        let plain = |value| Deed { sheet_code: None, ..deed(value) };
        Log::open(dir.path()).unwrap().append(vec![plain("1"), plain("2")]).unwrap();
        for statement in [
            "ALTER TABLE entries DROP COLUMN sheet_code",
            "ALTER TABLE entries DROP COLUMN outline",
            "PRAGMA user_version = 1",
        ] {
            raw(dir.path(), statement).unwrap();
        }
        let mut log = Log::open(dir.path()).unwrap();
        log.append(vec![deed("3")]).unwrap();
        let entries = log.entries().to_vec();
        drop(log);
        assert_eq!(Log::open(dir.path()).unwrap().entries(), entries);
        assert_eq!(entries.iter().filter(|e| e.deed.sheet_code.is_some()).count(), 1);
    }

    #[test]
    fn a_second_writer_is_refused_and_nothing_of_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let mut one = Log::open(dir.path()).unwrap();
        let mut other = Log::open(dir.path()).unwrap();
        one.append(vec![deed("1")]).unwrap();
        assert!(matches!(other.append(vec![deed("2")]).unwrap_err(), LogError::Busy { .. }));
        assert_eq!(Log::open(dir.path()).unwrap().entries().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_log_is_refused_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(LOG), "these are notes, not a database, and long enough to be read")
            .unwrap();
        assert!(Log::open(dir.path()).unwrap_err().to_string().contains(LOG));
        assert!(matches!(Log::existing(&dir.path().join("gone")).unwrap_err(), LogError::Missing { .. }));
    }
}
