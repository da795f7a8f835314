//! A batch: one parallel map over the pages of files, photos of one sheet put together, one writer,
//! results in input order.
//!
//! In: files, a [`Digitizer`], an output folder. Out: records.jsonl, records.csv and
//! run.json. Each finished page is put down in a journal at once, so that a run that was cut off can
//! be resumed. The files are the same bytes whatever the number of jobs. Refuses to resume a run with
//! inputs that would lose some of its records.

mod add;
mod before;
mod earlier;
mod evidence;
#[cfg(test)]
mod faults;
mod finish;
mod guard;
mod journal;
mod map;
mod merge;
mod names;
mod pages;
#[cfg(test)]
mod tests;
mod together;

pub use add::{AddError, added};
pub use evidence::{decide, evidence_edited};
pub use finish::Staged;
pub use journal::{JOURNAL, adds, resumed};
pub use map::collect;
pub use merge::{ShardError, Shards};

use crate::decide::Status;
use crate::ground::finding::{Finding, Severity, What};
use crate::ground::words::display;
use crate::picture::{self, Rows, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo::{self, Limits};
use crate::record::Record;
use crate::run::inputs::Inputs;
use crate::run::output::{Folder, Measured, Next, OutputError};
use crate::run::pipeline::{Digitized, Digitizer, Times};
use finish::{Item, Photos, finish};
use journal::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use together::{Sheet, Sheets};

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
    /// As [`Resume::Continue`], of a finished run, whose photos are not looked at again.
    Add,
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
    /// A shard that cannot be merged.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A run that nothing can be added to.
    #[error(transparent)]
    Add(#[from] AddError),
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
    /// A run is resumed as another shard than its own.
    #[error("{dir}: its run is {own}, and --resume goes on with the same: leave --shard away")]
    OtherShard {
        /// The folder.
        dir: String,
        /// What its run is.
        own: String,
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

/// Digitizes files into a folder: everything that a run leaves behind is written, and holds when the caller says so. In
/// memory stays a small key a sheet.
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
) -> Result<Staged, BatchError> {
    if resume == Resume::Add {
        return add::add(digitizer, inputs, folder, jobs, progress);
    }
    let started = SystemTime::now();
    let (dir, files) = (folder.path(), inputs.files.as_slice());
    let kept = resume == Resume::Continue && journal::keeps_evidence(dir);
    let keep = if kept { Keep::Evidence } else { keep };
    if resume == Resume::Continue {
        earlier::complete(dir, files)?;
    }
    let mut journal = journal::open(dir, inputs, resume, keep)?;
    let mut found: Vec<FilePages> = vec![FilePages::default(); files.len()];
    if resume == Resume::Continue {
        found = earlier::still(digitizer, files, dir, &mut journal)?;
        for file in found.iter().filter(|f| f.complete()) {
            progress.done(&file.records(&mut journal, digitizer)?);
        }
    }
    let originals = duplicates(files, &digitizer.config().limits);
    let todo: Vec<usize> =
        (0..files.len()).filter(|&i| !found[i].complete() && originals[i].is_none()).collect();
    let work = |digitized: Vec<Digitized>| {
        let pictures: Vec<_> = digitized.iter().map(|d| crops(digitizer, d)).collect();
        (digitized.into_iter().map(Page::from).collect::<Vec<_>>(), pictures)
    };
    let known = found.clone();
    let wanted = |file: usize, page: u32| !known[file].pages.contains_key(&page);
    let pages = map::Pages { digitizer, files, wanted, progress };
    map::pages(&todo, jobs, &pages, work, |at, (pages, pictures)| {
        let line = journal::put(&mut journal, dir, &files[at.file], &at, (&pages, &pictures))?;
        progress.done(&pages.iter().map(|p| p.record.clone()).collect::<Vec<_>>());
        found[at.file].put(at.page, at.of, Sheet::of_page(line, &pages));
        Ok(())
    })?;
    let done = found.iter().filter(|f| f.complete()).count();
    if progress.stop() && done < originals.iter().filter(|o| o.is_none()).count() {
        let (dir, files) = (dir.display().to_string(), files.len());
        return Err(BatchError::Stopped { dir, done, files });
    }
    // Pages that an earlier run left without evidence are digitized again if another photo can be of their sheet, so
    // that a resumed run ends in the same bytes.
    let again = sheets(&found).0.without_evidence();
    let pages = map::Pages { digitizer, files, wanted: |_, _| true, progress: &() };
    let work = |digitized: Vec<Digitized>| digitized.into_iter().map(Page::from).collect::<Vec<_>>();
    map::pages(&again, jobs, &pages, work, |at, pages| {
        let line = journal::put(&mut journal, dir, &files[at.file], &at, (&pages, &[]))?;
        found[at.file].put(at.page, at.of, Sheet::of_page(line, &pages));
        Ok(())
    })?;
    let (sheets, of_file) = sheets(&found);
    drop(found);
    let what = (sheets, items(files, &originals, &of_file), inputs.names());
    let measured = |records| Measured::since(started, records, jobs.0);
    let photos = Photos { files, ..Photos::default() };
    let mut staged =
        finish(digitizer, &photos, (journal, Next::begin(dir)?), what, keep, measured, progress)?;
    staged.run.shard = inputs.cut.clone();
    Ok(staged)
}

/// What stands in the places of the records: the sheets of each file, or that it is a copy of another.
fn items(files: &[PathBuf], originals: &[Option<usize>], of_file: &[Vec<usize>]) -> Vec<Item> {
    let item = |i: usize| match originals[i] {
        Some(first) => {
            let (file, original) = (files[i].clone(), files[first].clone());
            vec![Item::Copies { file, original, of: of_file[first].clone() }]
        }
        None => of_file[i].iter().map(|&ix| Item::Sheet(ix)).collect(),
    };
    (0..files.len()).flat_map(item).collect()
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
    let mut found: BTreeMap<(usize, u32), Vec<Page>> = BTreeMap::new();
    let mut times = Times::default();
    let work = |digitized: Vec<Digitized>| -> (Vec<Page>, Vec<Times>) {
        digitized.into_iter().map(|d| (d.times, Page::from(d))).map(|(t, p)| (p, t)).unzip()
    };
    let pages = map::Pages { digitizer, files, wanted: |_, _| true, progress };
    map::pages(&all, jobs, &pages, work, |at, (pages, took)| {
        progress.done(&pages.iter().map(|p| p.record.clone()).collect::<Vec<_>>());
        took.iter().for_each(|t| times.add(t));
        found.insert((at.file, at.page), pages);
        Ok(())
    })?;
    let pages = found.into_iter().flat_map(|((file, _), pages)| pages.into_iter().map(move |p| (file, p)));
    Ok((in_memory(digitizer, pages.collect())?, times))
}

/// What was measured on pictures of a run, in their order, put together: the records that count.
pub fn joined(digitizer: &Digitizer, evidence: Vec<Evidence>) -> Vec<Record> {
    let page = |e: Evidence| Page { record: digitizer.record(&e), evidence: Some(e) };
    let pages = evidence.into_iter().map(page).enumerate().collect();
    // Nothing is read or written.
    let records = in_memory(digitizer, pages).unwrap_or_default();
    records.into_iter().filter(|r| !r.is_part()).collect()
}

/// The records of pages, each with the index of its file, put together.
fn in_memory(digitizer: &Digitizer, mut pages: Vec<(usize, Page)>) -> Result<Vec<Record>, BatchError> {
    let mut sheets = Sheets::default();
    let mut last = None;
    for (file, page) in &pages {
        sheets.add(last.replace(*file) != Some(*file), *file, Sheet::of(0, 0, page));
    }
    let mut changed = Vec::new();
    let fetch = |ix: usize| Ok(pages[ix].1.clone());
    let mut put = |together: together::Together<'_>| {
        changed.extend(together.changed);
        Ok(())
    };
    together::join(digitizer, &sheets, fetch, &mut put)?;
    pages::join(digitizer, &sheets, fetch, put)?;
    for (ix, record) in changed {
        pages[ix].1.record = record;
    }
    Ok(pages.into_iter().map(|(_, page)| page.record).collect())
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

/// What is known of a file so far.
#[derive(Debug, Clone, Default)]
struct FilePages {
    /// How many pages it has; 0 while nobody has looked.
    of: u32,
    /// The sheets of each page that is done.
    pages: BTreeMap<u32, Vec<Sheet>>,
}

impl FilePages {
    fn put(&mut self, page: u32, of: u32, sheets: Vec<Sheet>) {
        self.of = of;
        self.pages.insert(page, sheets);
    }

    fn complete(&self) -> bool {
        self.of > 0 && self.pages.len() == self.of as usize
    }

    fn records(&self, journal: &mut Store, digitizer: &Digitizer) -> Result<Vec<Record>, OutputError> {
        let mut out = Vec::new();
        for sheet in self.pages.values().filter_map(|sheets| sheets.first()) {
            out.extend(journal.pages(sheet.at, digitizer.forms())?.into_iter().map(|p| p.record));
        }
        Ok(out)
    }
}

/// The sheets of all files in the run's order, and those of each file.
fn sheets(found: &[FilePages]) -> (Sheets, Vec<Vec<usize>>) {
    let mut sheets = Sheets::default();
    let mut of_file = Vec::new();
    for (file, pages) in found.iter().enumerate() {
        let own = pages.pages.values().flatten().cloned().enumerate();
        of_file.push(own.map(|(nth, sheet)| sheets.add(nth == 0, file, sheet)).collect());
    }
    (sheets, of_file)
}

fn crops(digitizer: &Digitizer, digitized: &Digitized) -> (SheetPictures, Rows) {
    let form = digitized.record.form_of(&digitizer.config().forms);
    match (&digitized.pixels, form) {
        (Some(pixels), Some(form)) if digitized.record.status == Status::Review => {
            let record = &digitized.record;
            (picture::pictures(pixels, record, &form), picture::rows(pixels, record, &form))
        }
        (Some(pixels), Some(form)) => (picture::pictures(pixels, &digitized.record, &form), Rows::default()),
        _ => <(SheetPictures, Rows)>::default(),
    }
}

/// For each file the earlier file with the same content, if there is one. Only files of equal size
/// are read.
fn duplicates(files: &[PathBuf], limits: &Limits) -> Vec<Option<usize>> {
    let mut by_size: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        if let Some(size) = photo::source::size(file).filter(|size| (1..=limits.bytes).contains(size)) {
            by_size.entry(size).or_default().push(i);
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
fn copies(file: &Path, original: &Path, records: &[Record]) -> Vec<Record> {
    let copy = |record: &Record| {
        let whole = record.source().page_ref();
        let mut copy = record.clone();
        copy.source_mut().path = display(file);
        copy.sources.truncate(1);
        let file = display(original);
        copy.become_part(whole, Finding::new(Severity::Info, What::DuplicateFile { file }));
        copy
    };
    records.iter().map(copy).collect()
}
