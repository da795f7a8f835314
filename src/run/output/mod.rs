//! What comes out of a run: `records.jsonl`, `records.csv`, `run.json` in one folder.
//!
//! In: the records in input order and what is known of the run. Out: files that appear whole or not
//! at all (written beside their place, then renamed). `records.*` depend on the records alone, so they
//! are the same bytes from run to run; what varies (time, rate) stands in `run.json` under `measured`.
//! Refuses a folder that already holds a run unless [`Overwrite::Replace`] is asked for, a path that
//! is no folder, a folder that cannot be written to, and records of another schema.

pub mod alarm;
mod lock;
pub mod pictures;
mod records;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod table;

pub use lock::Lock;
pub use records::{load, load_machine, read_records, schema, to_jsonl, visit};
pub use run::{Counts, Measured, RUN_SCHEMA, Run, alarm_finding, alarms};
pub(crate) use table::inert;
pub use table::to_csv;

use crate::form::Form;
use crate::record::Record;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io::Write;
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
                if dir.join(file).exists() {
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

    /// Writes `records.jsonl`, `records.csv` (columns as the `forms` name them) and `run.json`, in that order; `run.files` is filled with
    /// the hashes of the first two. Machine records that an earlier review kept are removed.
    ///
    /// # Errors
    /// A file that cannot be written; those before it stand.
    pub fn write(
        &self,
        records: &[Record],
        forms: &[impl Borrow<Form>],
        run: Run,
    ) -> Result<Run, OutputError> {
        let run = self.write_reviewed(records, forms, run)?;
        let machine = self.dir.join(MACHINE_JSONL);
        match std::fs::remove_file(&machine) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(OutputError::io(&machine, e)),
            _ => Ok(run),
        }
    }

    /// As [`Folder::write`], with records that people have reviewed: the program's own stay in
    /// [`MACHINE_JSONL`].
    ///
    /// # Errors
    /// A file that cannot be written; those before it stand.
    pub fn write_reviewed(
        &self,
        records: &[Record],
        forms: &[impl Borrow<Form>],
        mut run: Run,
    ) -> Result<Run, OutputError> {
        let mut files = BTreeMap::new();
        for (name, bytes) in [(RECORDS_JSONL, to_jsonl(records)?), (RECORDS_CSV, to_csv(records, forms)?)] {
            write_whole(&self.dir.join(name), &bytes)?;
            files.insert(name.to_owned(), crate::ground::hash::sha256(&bytes));
        }
        run.files = files;
        write_whole(&self.dir.join(RUN_JSON), &run.to_json()?)?;
        Ok(run)
    }
}

/// Refuses a path in a run's folder that is a link: what is written there would land elsewhere.
///
/// # Errors
/// It is one.
pub(crate) fn own(path: &Path) -> Result<(), OutputError> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => Err(OutputError::Link { path: path.display().to_string() }),
        _ => Ok(()),
    }
}

/// Writes a file that appears whole or not at all: into a temporary file of the same folder, then
/// renamed over its place.
///
/// # Errors
/// The system refused; what stood there before still does.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let io = |e| OutputError::io(path, e);
    let mut builder = tempfile::Builder::new();
    builder.prefix(lock::UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What a plainly created file has; the umask still applies. The default is owner only.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(dir).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|e| io(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

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
