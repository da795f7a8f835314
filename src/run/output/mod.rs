//! What comes out of a run: `records.jsonl`, `records.csv`, `run.json` in one folder.
//!
//! In: the records in input order and what is known of the run. Out: files that change together or not at all ([`Next`]).
//! `records.*` depend on the records alone, so they are the same bytes from run to run; what varies (time, rate)
//! stands in `run.json` under `measured`. Who reads a run opens it first ([`Opened`]).
//! Refuses a folder that already holds a run unless [`Overwrite::Replace`] is asked for, a path that
//! is no folder, a folder that cannot be written to, and records of another schema.

pub mod alarm;
pub(crate) mod disk;
mod lock;
mod next;
mod opened;
pub mod pictures;
mod records;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod table;

pub use disk::{Out, write_whole, writing};
pub use lock::Lock;
pub use next::{Next, open, open_if_there, run_of};
pub use opened::{About, Opened};
pub(crate) use opened::{attested, sha256_of};
pub use records::{Rows, Source, load, machine, read_records, schema, to_jsonl, visit, visit_machine};
pub use run::{Census, Counts, LogHead, Measured, RUN_SCHEMA, Run, alarm_finding};
pub(crate) use table::inert;
pub use table::{Table, to_csv};

use crate::form::Form;
use crate::ground::finding::Finding;
use crate::record::Record;
use std::borrow::Borrow;
use std::path::{Path, PathBuf};

/// The records, one JSON object a line.
pub const RECORDS_JSONL: &str = "records.jsonl";
/// The records as the program made them, kept from the moment that a review begins: `records.jsonl` is
/// then written from them and the review's log.
pub const MACHINE_JSONL: &str = "records.machine.jsonl";
/// The records as a wide table.
pub const RECORDS_CSV: &str = "records.csv";
/// What is known of the run.
pub const RUN_JSON: &str = "run.json";

/// What was measured, where it is kept.
pub const EVIDENCE_JSONL: &str = "evidence.jsonl";
/// The report's file.
pub const REPORT_HTML: &str = "report.html";
/// The folder of its further pages.
pub const REPORT_PAGES: &str = "report";

/// Says who writes to the folder now, and is locked by it.
pub const LOCK: &str = ".lock";

/// What to do with a folder that already holds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it alone and say so.
    Refuse,
    /// Replace the run's files; other files stay.
    Replace,
}

/// Why something could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder holds a run already.
    #[error("{dir}: already holds a run ({file}); give another folder with -o, or --overwrite to replace it")]
    HoldsRun {
        /// The folder.
        dir: String,
        /// The file that shows it.
        file: &'static str,
    },
    /// Another process writes to it.
    #[error("{dir}: {by} writes to it; wait until that is done, or end it")]
    Locked {
        /// The folder.
        dir: String,
        /// Who, as it says itself.
        by: String,
    },
    /// A file of the run is a link: what lies behind it is not the run's.
    #[error(
        "{path}: is a link, and nothing is written through one; remove it, or give another folder with -o"
    )]
    Link {
        /// The link.
        path: String,
    },
    /// What was written to is no longer there.
    #[error(
        "{path}: was removed or moved away while it was written to; put the folder back and go on with --resume, \
         or start again"
    )]
    Gone {
        /// The file.
        path: String,
    },
    /// The run is not as the program wrote it.
    #[error("{}", told(findings))]
    Edited {
        /// What shows it.
        findings: Vec<Finding>,
    },
    /// The path is something else.
    #[error("{dir}: is not a folder; give a folder with -o (it is made if it does not exist)")]
    NotAFolder {
        /// The path.
        dir: String,
    },
    /// The system refused.
    #[error(
        "{path}: {source}; check that the folder exists, that you may write there, and that the disk has room"
    )]
    Io {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no run to read.
    #[error("{dir}: holds no records.jsonl; give the folder that `cotejo run -o` wrote")]
    NoRun {
        /// The folder.
        dir: String,
    },
    /// The records are of another schema.
    #[error(
        "{path}, line {line}: schema {found:?}, this program reads {expected:?}; \
         read it with the version that wrote it, or digitize the photos again"
    )]
    Schema {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What this program reads.
        expected: &'static str,
    },
    /// A line is no record.
    #[error(
        "{path}, line {line}: not a record: {problem}; the file was cut or edited: digitize the photos again"
    )]
    Line {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A value that cannot be written down.
    #[error("{what}: cannot be written: {problem}")]
    Encode {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        problem: String,
    },
}

/// The first finding with its remedy, and how many more there are.
fn told(findings: &[Finding]) -> String {
    let Some(first) = findings.first() else { return String::new() };
    let more = match findings.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    format!("{}{more}; {}", first.message, first.hint)
}

impl OutputError {
    /// An error of the system at `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }
}

/// The folder of a run, opened before the long work so that a mistake shows at once.
#[derive(Debug, Clone)]
pub struct Folder {
    dir: PathBuf,
}

impl Folder {
    /// Makes the folder if need be and checks that it can take a run.
    ///
    /// # Errors
    /// The path is no folder, holds a run and `overwrite` is [`Overwrite::Refuse`], or cannot be
    /// written to.
    pub fn create(dir: &Path, overwrite: Overwrite) -> Result<Self, OutputError> {
        if dir.exists() && !dir.is_dir() {
            return Err(OutputError::NotAFolder { dir: dir.display().to_string() });
        }
        if overwrite == Overwrite::Refuse {
            for file in [RECORDS_JSONL, RECORDS_CSV, RUN_JSON] {
                if open_if_there(dir, file)?.is_some() {
                    return Err(OutputError::HoldsRun { dir: dir.display().to_string(), file });
                }
            }
        }
        std::fs::create_dir_all(dir).map_err(|e| OutputError::io(dir, e))?;
        // Asks the system, which alone knows (read-only media, quotas, rights of a mounted share).
        tempfile::NamedTempFile::new_in(dir).map_err(|e| OutputError::io(dir, e))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Writes `records.jsonl`, `records.csv` (columns as the `forms` name them) and `run.json`, which name the two.
    ///
    /// # Errors
    /// A file that cannot be written; what stood there before still does.
    pub fn write(
        &self,
        records: &[Record],
        forms: &[impl Borrow<Form>],
        run: Run,
    ) -> Result<Run, OutputError> {
        let mut next = Next::begin(&self.dir)?;
        let mut table = Table::new(&mut next)?;
        records.iter().try_for_each(|record| table.add(record))?;
        table.finish(forms)?;
        next.commit(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;
    use std::collections::BTreeMap;

    #[test]
    fn a_folder_that_holds_a_run_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(dir.path(), Overwrite::Refuse).unwrap();
        folder.write(&[], &Vec::<Form>::new(), Run::new(&[], BTreeMap::new(), Measured::default())).unwrap();
        let error = Folder::create(dir.path(), Overwrite::Refuse).unwrap_err().to_string();
        assert!(error.contains("--overwrite"), "{error}");
        Folder::create(dir.path(), Overwrite::Replace).unwrap();
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Folder::create(file.path(), Overwrite::Replace).unwrap_err();
        assert!(matches!(error, OutputError::NotAFolder { .. }), "{error}");
    }

    #[test]
    fn records_are_the_same_bytes_whatever_the_run_took() {
        let records = [sample::record("a.jpg"), sample::record("b.jpg")];
        let write = |seconds| {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::create(dir.path(), Overwrite::Refuse).unwrap();
            let measured = Measured { seconds, ..Measured::default() };
            folder
                .write(
                    &records,
                    &crate::form::builtin().unwrap(),
                    Run::new(&records, BTreeMap::new(), measured),
                )
                .unwrap();
            let read = |name| std::fs::read(dir.path().join(name)).unwrap();
            let mut run: serde_json::Value = serde_json::from_slice(&read(RUN_JSON)).unwrap();
            run.as_object_mut().unwrap().remove("measured").unwrap();
            (read(RECORDS_JSONL), read(RECORDS_CSV), run)
        };
        assert_eq!(write(1.0), write(2.0));
    }

    #[test]
    fn no_temporary_file_is_left_behind() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(dir.path(), Overwrite::Refuse).unwrap();
        folder.write(&[], &Vec::<Form>::new(), Run::new(&[], BTreeMap::new(), Measured::default())).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, [RECORDS_CSV, RECORDS_JSONL, RUN_JSON]);
    }
}
