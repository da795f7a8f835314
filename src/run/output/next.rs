//! The files of a run, which change together or not at all.
//!
//! In: the files of the run's next state, written into a folder of their own beside the ones that stand. Out: one
//! rename of that folder, by which they hold; from there each is moved to its place, and what is not of the state is
//! removed. Whoever reads finds a file in the folder first ([`open`]), so that a process that ends anywhere leaves
//! one state or the other; whoever may write finishes the moves ([`settle`]). Refuses links.

use super::disk::{self, Out, own};
use super::{
    EVIDENCE_JSONL, MACHINE_JSONL, OutputError, RECORDS_CSV, RECORDS_JSONL, REPORT_HTML, REPORT_PAGES,
    RUN_JSON, Run,
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The folder of a state that holds, until all of it is in its place.
const NEXT: &str = ".run-next";
/// The names of all files of the state, in that folder.
const NAMES: &str = "names.json";
/// The folder of a state that does not hold yet.
pub(super) const WORK: &str = ".cotejo-next";

/// What a run's folder holds beside `run.json` and the report's pages.
const TOGETHER: [&str; 5] = [RECORDS_JSONL, MACHINE_JSONL, RECORDS_CSV, EVIDENCE_JSONL, REPORT_HTML];

/// Opens a file of a run's folder to read it.
///
/// # Errors
/// The system refuses.
pub fn open(dir: &Path, name: &str) -> Result<File, OutputError> {
    let path = dir.join(name);
    let opened = match File::open(dir.join(NEXT).join(name)) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => File::open(&path),
        opened => opened,
    };
    opened.map_err(|e| OutputError::io(&path, e))
}

/// As [`open`]; `None` where there is no such file.
///
/// # Errors
/// The system refuses.
pub fn open_if_there(dir: &Path, name: &str) -> Result<Option<File>, OutputError> {
    match open(dir, name) {
        Err(OutputError::Io { source, .. })
            if matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        opened => opened.map(Some),
    }
}

/// What is known of the run that a folder holds; `None` where there is no `run.json`.
///
/// # Errors
/// The file cannot be read, or is none.
pub fn run_of(dir: &Path) -> Result<Option<Run>, OutputError> {
    let Some(mut file) = open_if_there(dir, RUN_JSON)? else { return Ok(None) };
    let path = dir.join(RUN_JSON);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| OutputError::io(&path, e))?;
    parsed(&path, &bytes).map(Some)
}

fn parsed<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, OutputError> {
    serde_json::from_slice(bytes).map_err(|e| OutputError::Line {
        path: path.display().to_string(),
        line: e.line(),
        problem: e.to_string(),
    })
}

/// Whether a name is one of those that change together.
fn ours(name: &str) -> bool {
    let page = |n: &str| n.starts_with("page-") && n.ends_with(".html") && !n.contains(['/', '\\']);
    let page = |n: &str| n.strip_prefix(REPORT_PAGES).and_then(|n| n.strip_prefix('/')).is_some_and(page);
    TOGETHER.contains(&name) || page(name)
}

/// Moves what a state that holds still lacks into its place.
///
/// # Errors
/// The system refuses: the state holds all the same.
pub fn settle(dir: &Path) -> Result<(), OutputError> {
    let next = dir.join(NEXT);
    own(&next)?;
    let path = next.join(NAMES);
    if let Ok(bytes) = std::fs::read(&path) {
        let names: BTreeSet<String> = parsed(&path, &bytes)?;
        for name in names.iter().filter(|n| ours(n)) {
            let (from, to) = (next.join(name), dir.join(name));
            if from.is_file() {
                to.parent().map_or(Ok(()), disk::make_dir)?;
                disk::rename(&from, &to)?;
            }
        }
        for name in there(dir).filter(|n| !names.contains(n)) {
            disk::remove(&dir.join(name))?;
        }
        if next.join(RUN_JSON).is_file() {
            disk::rename(&next.join(RUN_JSON), &dir.join(RUN_JSON))?;
        }
    }
    if next.is_dir() {
        disk::remove(&next)?;
        disk::sync_dir(dir)?;
    }
    Ok(())
}

/// The files of a folder that are of those that change together.
fn there(dir: &Path) -> impl Iterator<Item = String> {
    let pages = std::fs::read_dir(dir.join(REPORT_PAGES)).into_iter().flatten().flatten();
    let pages = pages.map(|e| format!("{REPORT_PAGES}/{}", e.file_name().to_string_lossy()));
    let pages: Vec<String> = pages.filter(|name| ours(name)).collect();
    TOGETHER.into_iter().map(str::to_owned).chain(pages)
}

/// The next state of a run's folder while it is written. Dropped, it never was.
#[derive(Debug)]
pub struct Next {
    dir: PathBuf,
    /// With their SHA-256, where the state attests it.
    files: BTreeMap<String, Option<String>>,
    holds: bool,
}

impl Next {
    /// Begins one; whoever does so holds the folder's lock.
    ///
    /// # Errors
    /// The system refuses; a file of the folder is a link.
    pub fn begin(dir: &Path) -> Result<Self, OutputError> {
        settle(dir)?;
        for name in TOGETHER.into_iter().chain([RUN_JSON, REPORT_PAGES, WORK]) {
            own(&dir.join(name))?;
        }
        disk::remove(&dir.join(WORK))?;
        disk::make_dir(&dir.join(WORK))?;
        Ok(Self { dir: dir.to_owned(), files: BTreeMap::new(), holds: false })
    }

    /// The run's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a file of this state lies until then.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(WORK).join(name)
    }

    /// A file of this state, to be written; [`Next::wrote`] puts it down.
    ///
    /// # Errors
    /// The system refuses.
    pub fn out(&self, name: &str) -> Result<Out, OutputError> {
        let path = self.path(name);
        path.parent().map_or(Ok(()), disk::make_dir)?;
        Out::create(&path)
    }

    /// A file of this state that says what is read to its end.
    ///
    /// # Errors
    /// The system refuses.
    pub fn copy(&mut self, name: &str, from: &mut impl Read) -> Result<(), OutputError> {
        let (mut out, mut part) = (self.out(name)?, vec![0; 1 << 16]);
        loop {
            match from.read(&mut part).map_err(|e| OutputError::io(&self.path(name), e))? {
                0 => return self.wrote(name, out),
                n => out.put(&part[..n])?,
            }
        }
    }

    /// Puts a file down that was written, with its SHA-256.
    ///
    /// # Errors
    /// The system refuses.
    pub fn wrote(&mut self, name: &str, out: Out) -> Result<(), OutputError> {
        self.files.insert(name.to_owned(), Some(out.finish()?));
        Ok(())
    }

    /// Writes a file of this state.
    ///
    /// # Errors
    /// The system refuses.
    pub fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), OutputError> {
        let mut out = self.out(name)?;
        out.put(bytes)?;
        self.wrote(name, out)
    }

    /// Lets a file stay as it stands in the folder, attested with its SHA-256.
    pub fn stays(&mut self, name: &str, sha256: &str) {
        self.files.insert(name.to_owned(), Some(sha256.to_owned()));
    }

    /// Lets all files stay as they stand in the folder, each attested as `run` says, or not at all.
    pub fn all_stay(&mut self, run: Option<&Run>) {
        for name in there(&self.dir).filter(|n| self.dir.join(n).is_file()) {
            let sha256 = run.and_then(|r| r.files.get(&name)).cloned();
            self.files.insert(name, sha256);
        }
    }

    /// Lets the pages of the report go.
    pub fn without_report(&mut self) {
        self.files.retain(|name, _| name != REPORT_HTML && !name.starts_with(REPORT_PAGES));
    }

    /// Gives a file of this state another name.
    ///
    /// # Errors
    /// The system refuses.
    pub fn call(&mut self, name: &str, now: &str) -> Result<(), OutputError> {
        disk::rename(&self.path(name), &self.path(now))?;
        if let Some(sha256) = self.files.remove(name) {
            self.files.insert(now.to_owned(), sha256);
        }
        Ok(())
    }

    /// Lets the state hold, with what is known of the run, whose `files` is filled with the hashes.
    ///
    /// # Errors
    /// The system refuses. Then the earlier state holds, or this one with what is still to be moved.
    pub fn commit(mut self, mut run: Run) -> Result<Run, OutputError> {
        run.files = self.files.iter().filter_map(|(n, sha256)| Some((n.clone(), sha256.clone()?))).collect();
        let mut out = self.out(RUN_JSON)?;
        out.put(&run.to_json()?)?;
        out.finish()?;
        self.hold()?;
        Ok(run)
    }

    /// Lets the state hold; what is known of the run stays as it is.
    ///
    /// # Errors
    /// As [`Next::commit`].
    pub fn hold(&mut self) -> Result<(), OutputError> {
        let names: Vec<&String> = self.files.keys().collect();
        let names = serde_json::to_vec(&names)
            .map_err(|e| OutputError::Encode { what: NAMES, problem: e.to_string() })?;
        let mut out = self.out(NAMES)?;
        out.put(&names)?;
        out.finish()?;
        let work = self.dir.join(WORK);
        if work.join(REPORT_PAGES).is_dir() {
            disk::sync_dir(&work.join(REPORT_PAGES))?;
        }
        disk::sync_dir(&work)?;
        disk::rename(&work, &self.dir.join(NEXT))?;
        self.holds = true;
        disk::sync_dir(&self.dir)?;
        settle(&self.dir)
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if !self.holds {
            // What stays of it is removed by the next writer.
            let _ = disk::remove(&self.dir.join(WORK));
        }
    }
}
