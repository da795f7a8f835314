//! A batch: one parallel map over the pages of files, photos of one sheet put together, one writer,
//! results in input order.
//!
//! In: files, a [`Digitizer`], an output folder. Out: records.jsonl, records.csv and
//! run.json. Each finished page is put down in a journal at once, so that a run that was cut off can
//! be resumed. The files are the same bytes whatever the number of jobs. Refuses to resume a run with
//! inputs that would lose some of its records.

mod evidence;
mod guard;
mod journal;
mod map;
#[cfg(test)]
mod tests;
mod together;

pub use evidence::{EVIDENCE_JSONL, decide};
pub use journal::{JOURNAL, resumed};
pub use map::collect;

use crate::decide::Status;
use crate::ground::finding::{Finding, Severity, What};
use crate::ground::words::display;
use crate::picture::{self, Rows, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo::{self, Limits};
use crate::record::Record;
use crate::run::inputs::Inputs;
use crate::run::output::{Folder, Measured, OutputError, Run, pictures};
use crate::run::pipeline::{Digitized, Digitizer, Times};
use journal::{Writer, earlier};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What happens as a batch goes on, for whoever shows progress.
pub trait Progress: Sync {
    /// A file turned out to have this many pages more than the one that every file has.
    fn more(&self, _pages: u32) {}

    /// Whether the run is to end when what is in hand is done.
    fn stop(&self) -> bool {
        false
    }

    /// A page is done, or a file of an earlier run, or a copy of a file.
    fn done(&self, records: &[Record]);
}

/// Nothing is shown.
impl Progress for () {
    fn done(&self, _: &[Record]) {}
}

/// How many photos are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jobs(pub usize);

/// Whether finished files of an earlier run are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Everything is digitized.
    Fresh,
    /// What the folder's journal or records hold, made with the same settings of the same file, stays.
    Continue,
}

/// Whether what was measured stays in the folder, to be decided again ([`decide`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The records alone; a folder that is gone on with keeps what it kept.
    Records,
    /// The evidence too, in [`EVIDENCE_JSONL`].
    Evidence,
}

/// Why a batch failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A run is resumed with other paths than its own.
    #[error(
        "{dir}: its run was made of {own}, and --resume goes on with the same: leave the paths away; for {given} \
         give another folder with -o"
    )]
    OtherInputs {
        /// The folder.
        dir: String,
        /// What its run was given.
        own: String,
        /// What was given now.
        given: String,
    },
    /// A run is resumed without some of its files.
    #[error(
        "{dir}: its run holds {files} files that the paths do not lead to now, such as {first}; nothing was changed: \
         put them back, start from the same working folder, or give another folder with -o"
    )]
    Lost {
        /// The folder.
        dir: String,
        /// How many.
        files: usize,
        /// The first by name.
        first: String,
    },
    /// Nothing says what is to be digitized.
    #[error("{dir}: does not say which files its run is of; give the paths")]
    NoInputs {
        /// The folder.
        dir: String,
    },
    /// Somebody ended it before it was done.
    #[error("stopped: {done} of {files} files are done; go on with `cotejo run --resume -o {dir}`")]
    Stopped {
        /// The folder.
        dir: String,
        /// Files of which every page has its records.
        done: usize,
        /// All files.
        files: usize,
    },
    /// Worker threads cannot be started.
    #[error("cannot start {jobs} worker threads: {problem}; try a smaller --jobs")]
    Threads {
        /// As asked for.
        jobs: usize,
        /// What the system said.
        problem: String,
    },
}

/// Digitizes files into a folder and writes everything that a run leaves behind.
///
/// # Errors
/// The folder cannot be written to, its run holds files that are not among the inputs, or threads cannot
/// be started. What single files suffer from is in their records.
pub fn run(
    digitizer: &Digitizer,
    inputs: &Inputs,
    folder: &Folder,
    (jobs, resume, keep): (Jobs, Resume, Keep),
    progress: &impl Progress,
) -> Result<(Vec<Record>, Run), BatchError> {
    let started = SystemTime::now();
    let files = inputs.files.as_slice();
    let kept = resume == Resume::Continue && journal::keeps_evidence(folder.path());
    let keep = if kept { Keep::Evidence } else { keep };
    let mut found: Vec<FilePages> = vec![FilePages::default(); files.len()];
    if resume == Resume::Continue {
        found = earlier(digitizer, files, folder.path())?;
        found.iter().filter(|f| f.complete()).for_each(|f| progress.done(&f.records()));
    }
    let originals = duplicates(files, &digitizer.config().limits);
    let todo: Vec<usize> =
        (0..files.len()).filter(|&i| !found[i].complete() && originals[i].is_none()).collect();
    let mut writer = Writer::open(folder.path(), inputs, resume, keep)?;
    let known = found.clone();
    let work = |digitized: Vec<Digitized>| {
        let pictures: Vec<_> = digitized.iter().map(|d| crops(digitizer, d)).collect();
        (digitized.into_iter().map(Page::from).collect::<Vec<_>>(), pictures)
    };
    let wanted = |file: usize, page: u32| !known[file].pages.contains_key(&page);
    let pages = map::Pages { digitizer, files, wanted, progress };
    map::pages(&todo, jobs, &pages, work, |at, (pages, pictures)| {
        writer.put(&files[at.file], &at, &pages, &pictures)?;
        progress.done(&pages.iter().map(|p| p.record.clone()).collect::<Vec<_>>());
        found[at.file].put(&at, pages);
        Ok(())
    })?;
    let done = found.iter().filter(|f| f.complete()).count();
    if progress.stop() && done < originals.iter().filter(|o| o.is_none()).count() {
        let (dir, files) = (folder.path().display().to_string(), files.len());
        return Err(BatchError::Stopped { dir, done, files });
    }
    let mut results: Vec<Vec<Page>> = found.into_iter().map(FilePages::in_order).collect();
    together::measure_again(digitizer, files, &mut results, jobs)?;
    let joined = together::join(digitizer, &mut results);
    for sheet in &joined {
        let of_all = together::pictures(digitizer, files, &results, sheet);
        pictures::save(folder.path(), sheet.record(&results), &of_all)?;
    }
    for i in 0..files.len() {
        if let Some(first) = originals[i] {
            let copies = copies(&files[i], &files[first], &results[first]);
            progress.done(&copies);
            results[i] = copies.into_iter().map(|record| Page { record, evidence: None }).collect();
        }
    }
    let records: Vec<Record> = results.iter().flatten().map(|p| p.record.clone()).collect();
    let measured = Measured::since(started, records.len(), jobs.0);
    let config = digitizer.config();
    let mut run = Run::new(&records, config.settings(), measured);
    run.inputs = inputs.names();
    run.registry = config.registry.as_ref().map(|registry| registry.coverage(&records));
    let run = folder.write(&records, &digitizer.config().forms, run)?;
    if keep == Keep::Evidence {
        evidence::write(folder.path(), results.iter().flatten())?;
    }
    writer.close()?;
    Ok((records, run))
}

/// Digitizes files without writing anything: the records in input order, and what all stages took
/// together.
///
/// # Errors
/// Threads cannot be started.
pub fn records(
    digitizer: &Digitizer,
    files: &[PathBuf],
    jobs: Jobs,
    progress: &impl Progress,
) -> Result<(Vec<Record>, Times), BatchError> {
    let all: Vec<usize> = (0..files.len()).collect();
    let mut found: Vec<FilePages> = vec![FilePages::default(); files.len()];
    let mut times = Times::default();
    let work = |digitized: Vec<Digitized>| -> (Vec<Page>, Vec<Times>) {
        digitized.into_iter().map(|d| (d.times, Page::from(d))).map(|(t, p)| (p, t)).unzip()
    };
    let pages = map::Pages { digitizer, files, wanted: |_, _| true, progress };
    map::pages(&all, jobs, &pages, work, |at, (pages, took)| {
        progress.done(&pages.iter().map(|p| p.record.clone()).collect::<Vec<_>>());
        took.iter().for_each(|t| times.add(t));
        found[at.file].put(&at, pages);
        Ok(())
    })?;
    let mut results: Vec<Vec<Page>> = found.into_iter().map(FilePages::in_order).collect();
    together::join(digitizer, &mut results);
    Ok((results.into_iter().flatten().map(|p| p.record).collect(), times))
}

/// What was measured on pictures of a run, in their order, put together: the records that count.
pub fn joined(digitizer: &Digitizer, evidence: Vec<Evidence>) -> Vec<Record> {
    let page = |e: Evidence| Page { record: digitizer.record(&e), evidence: Some(e) };
    let mut results: Vec<Vec<Page>> = evidence.into_iter().map(|e| vec![page(e)]).collect();
    together::join(digitizer, &mut results);
    results.into_iter().flatten().map(|p| p.record).filter(|r| !r.is_part()).collect()
}

/// A sheet of a file: its record, and what was measured unless the record is of an earlier run.
#[derive(Debug, Clone)]
struct Page {
    record: Record,
    evidence: Option<Evidence>,
}

impl From<Digitized> for Page {
    fn from(digitized: Digitized) -> Self {
        Self { record: digitized.record, evidence: digitized.evidence }
    }
}

/// What is known of a file so far, by page.
#[derive(Debug, Clone, Default)]
struct FilePages {
    /// How many pages it has; 0 while nobody has looked.
    of: u32,
    /// The sheets of each page that is done.
    pages: BTreeMap<u32, Vec<Page>>,
}

impl FilePages {
    fn put(&mut self, at: &map::At, pages: Vec<Page>) {
        self.of = at.of;
        self.pages.insert(at.page, pages);
    }

    fn complete(&self) -> bool {
        self.of > 0 && self.pages.len() == self.of as usize
    }

    fn in_order(self) -> Vec<Page> {
        self.pages.into_values().flatten().collect()
    }

    fn records(&self) -> Vec<Record> {
        self.pages.values().flatten().map(|p| p.record.clone()).collect()
    }
}

fn crops(digitizer: &Digitizer, digitized: &Digitized) -> (SheetPictures, Rows) {
    let form = digitized.record.form_of(&digitizer.config().forms);
    match (&digitized.pixels, form) {
        (Some(pixels), Some(form)) if digitized.record.status == Status::Review => {
            let record = &digitized.record;
            (picture::pictures(pixels, record, form), picture::rows(pixels, record, form))
        }
        (Some(pixels), Some(form)) => (picture::pictures(pixels, &digitized.record, form), Rows::default()),
        _ => <(SheetPictures, Rows)>::default(),
    }
}

/// For each file the earlier file with the same content, if there is one. Only files of equal size
/// are read.
fn duplicates(files: &[PathBuf], limits: &Limits) -> Vec<Option<usize>> {
    let mut by_size: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        if let Ok(meta) = std::fs::metadata(file)
            && meta.is_file()
            && (1..=limits.bytes).contains(&meta.len())
        {
            by_size.entry(meta.len()).or_default().push(i);
        }
    }
    let mut out = vec![None; files.len()];
    for group in by_size.values().filter(|g| g.len() > 1) {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for &i in group {
            if let Ok(bytes) = photo::read(&files[i], limits) {
                let known = *first.entry(crate::ground::hash::sha256(&bytes)).or_insert(i);
                out[i] = (known != i).then_some(known);
            }
        }
    }
    out
}

/// The records of a file whose content was digitized under another path: parts of the original's.
fn copies(file: &Path, original: &Path, pages: &[Page]) -> Vec<Record> {
    let copy = |page: &Page| {
        let whole = page.record.source().page_ref();
        let mut copy = page.record.clone();
        copy.source_mut().path = display(file);
        copy.sources.truncate(1);
        let file = display(original);
        copy.become_part(whole, Finding::new(Severity::Info, What::DuplicateFile { file }));
        copy
    };
    pages.iter().map(copy).collect()
}
