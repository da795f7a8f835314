//! A batch: one parallel map over files, photos of one sheet put together, one writer, results in
//! input order.
//!
//! In: files, a [`Digitizer`], an output folder. Out: records.jsonl, records.csv, run.json and the
//! report. Each finished file is put down in a journal at once, so that a run that was cut off can
//! be resumed. The files are the same bytes whatever the number of jobs.

mod together;

use crate::decide::{Evidence, Status};
use crate::finding::{Finding, Severity};
use crate::output::{self, Folder, Measured, OutputError, Run};
use crate::pipeline::{Digitized, Digitizer, Times, display};
use crate::record::Record;
use crate::report::{self, ReportError, Rows, SheetPictures};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::SystemTime;

/// Name of the journal of an unfinished run.
pub const JOURNAL: &str = "journal.jsonl";

/// What happens as a batch goes on, for whoever shows progress.
pub trait Progress: Sync {
    /// A file is done.
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

/// One line of the journal: a file and its records.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: String,
    records: Vec<Record>,
}

/// Why a batch failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
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
/// The folder cannot be written to, or threads cannot be started. What single files suffer from is in
/// their records.
pub fn run(
    digitizer: &Digitizer,
    files: &[PathBuf],
    folder: &Folder,
    jobs: Jobs,
    resume: Resume,
    progress: &impl Progress,
) -> Result<(Vec<Record>, Run), BatchError> {
    let started = SystemTime::now();
    let mut results: Vec<Option<Vec<Page<'_>>>> = vec![None; files.len()];
    if resume == Resume::Continue {
        for (slot, records) in results.iter_mut().zip(earlier(digitizer, files, folder.path())) {
            if let Some(records) = records {
                progress.done(&records);
                *slot = Some(records.into_iter().map(|record| Page { record, evidence: None }).collect());
            }
        }
    }
    let originals = duplicates(files);
    let todo: Vec<usize> =
        (0..files.len()).filter(|&i| results[i].is_none() && originals[i].is_none()).collect();
    let mut writer = Writer::open(folder.path(), resume)?;
    let work = |i: usize| {
        let digitized = digitizer.file(&files[i]);
        let pictures: Vec<_> = digitized.iter().map(|d| pictures(digitizer, d)).collect();
        (digitized.into_iter().map(Page::from).collect::<Vec<_>>(), pictures)
    };
    map(&todo, jobs, work, |i, (pages, pictures)| {
        let records: Vec<Record> = pages.iter().map(|p| p.record.clone()).collect();
        writer.put(&files[i], &records, &pictures)?;
        progress.done(&records);
        results[i] = Some(pages);
        Ok(())
    })?;
    let mut results: Vec<Vec<Page<'_>>> = results.into_iter().map(Option::unwrap_or_default).collect();
    let joined = together::join(digitizer, files, &mut results, jobs)?;
    for sheet in &joined {
        together::pictures(digitizer, files, &results, sheet).save(folder.path(), sheet.record(&results))?;
    }
    let mut records = Vec::new();
    for i in 0..files.len() {
        match originals[i] {
            None => records.extend(results[i].iter().map(|p| p.record.clone())),
            Some(first) => {
                let copies = copies(&files[i], &files[first], &results[first]);
                progress.done(&copies);
                records.extend(copies);
            }
        }
    }
    let measured = Measured::since(started, records.len(), jobs.0);
    let config = digitizer.config();
    let mut run = Run::new(&records, config.settings(), measured);
    run.registry = config.registry.as_ref().map(|registry| registry.coverage(&records));
    let run = folder.write(&records, run)?;
    report::write(folder.path(), &records, &config.forms)?;
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
    let work = |i: usize| -> (Vec<Page<'_>>, Vec<Times>) {
        digitizer.file(&files[i]).into_iter().map(|d| (d.times, Page::from(d))).map(|(t, p)| (p, t)).unzip()
    };
    let found = collect(files.len(), jobs, work, |(pages, _): &(Vec<Page<'_>>, Vec<Times>)| {
        let records: Vec<Record> = pages.iter().map(|p| p.record.clone()).collect();
        progress.done(&records);
    })?;
    let (mut results, took): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let mut times = Times::default();
    took.iter().flatten().for_each(|t| times.add(t));
    together::join(digitizer, files, &mut results, jobs)?;
    Ok((results.into_iter().flatten().map(|p| p.record).collect(), times))
}

/// What `work` makes of each number below `n`, in their order; `done` is told of each as it comes.
///
/// # Errors
/// Threads cannot be started.
pub fn collect<T: Send>(
    n: usize,
    jobs: Jobs,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(&T),
) -> Result<Vec<T>, BatchError> {
    let all: Vec<usize> = (0..n).collect();
    let mut results: Vec<Option<T>> = all.iter().map(|_| None).collect();
    map(&all, jobs, work, |i, result| {
        done(&result);
        results[i] = Some(result);
        Ok(())
    })?;
    Ok(results.into_iter().flatten().collect())
}

/// A sheet of a file: its record, and what was measured unless the record is of an earlier run.
#[derive(Debug, Clone)]
struct Page<'d> {
    record: Record,
    evidence: Option<Evidence<'d>>,
}

impl<'d> From<Digitized<'d>> for Page<'d> {
    fn from(digitized: Digitized<'d>) -> Self {
        Self { record: digitized.record, evidence: digitized.evidence }
    }
}

/// The parallel map: `work` on `jobs` threads, `sink` on the caller's as results come, in any order.
/// The first error of `sink` ends the batch.
fn map<T: Send>(
    todo: &[usize],
    jobs: Jobs,
    work: impl Fn(usize) -> T + Sync,
    mut sink: impl FnMut(usize, T) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.0)
        .build()
        .map_err(|e| BatchError::Threads { jobs: jobs.0, problem: e.to_string() })?;
    // The channel holds as much as the workers make while one file is written; then they wait.
    let (sender, receiver) = mpsc::sync_channel::<(usize, T)>(2 * jobs.0);
    let mut result = Ok(());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pool.install(|| {
                todo.par_iter().with_max_len(1).try_for_each_with(sender, |sender, &i| {
                    // An error: the receiver is gone because the sink failed; the rest is not done.
                    sender.send((i, work(i))).map_err(|_| ())
                })
            })
        });
        for (i, value) in receiver {
            if let Err(error) = sink(i, value) {
                result = Err(error);
                break;
            }
        }
    });
    result
}

fn pictures(digitizer: &Digitizer, digitized: &Digitized<'_>) -> (SheetPictures, Rows) {
    let form = digitized.record.form.as_ref();
    let form = form.and_then(|f| digitizer.config().forms.iter().find(|g| g.id == f.id));
    match (&digitized.pixels, form) {
        (Some(pixels), Some(form)) if digitized.record.status == Status::Review => {
            let record = &digitized.record;
            (report::pictures(pixels, record, form), report::rows(pixels, record, form))
        }
        (Some(pixels), Some(form)) => (report::pictures(pixels, &digitized.record, form), Rows::default()),
        _ => <(SheetPictures, Rows)>::default(),
    }
}

/// For each file the earlier file with the same content, if there is one. Only files of equal size
/// are read.
fn duplicates(files: &[PathBuf]) -> Vec<Option<usize>> {
    let mut by_size: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, file) in files.iter().enumerate() {
        if let Ok(meta) = std::fs::metadata(file)
            && meta.is_file()
            && meta.len() > 0
        {
            by_size.entry(meta.len()).or_default().push(i);
        }
    }
    let mut out = vec![None; files.len()];
    for group in by_size.values().filter(|g| g.len() > 1) {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for &i in group {
            if let Ok(bytes) = std::fs::read(&files[i]) {
                let known = *first.entry(crate::photo::sha256(&bytes)).or_insert(i);
                out[i] = (known != i).then_some(known);
            }
        }
    }
    out
}

/// The records of a file whose content was digitized under another path: parts of the original's.
fn copies(file: &Path, original: &Path, pages: &[Page<'_>]) -> Vec<Record> {
    let copy = |page: &Page<'_>| {
        let whole = &page.record.source;
        let mut copy = page.record.clone();
        copy.source.path = display(file);
        copy.source.joined = Vec::new();
        let message = format!("the file has the same content as {}", display(original));
        copy.become_part(
            whole,
            Finding::new("duplicate_file", Severity::Info, message, "count one of the two"),
        );
        copy
    };
    pages.iter().map(copy).collect()
}

/// Records of an earlier run of the same files with the same settings, by file.
fn earlier(digitizer: &Digitizer, files: &[PathBuf], dir: &Path) -> Vec<Option<Vec<Record>>> {
    let mut known: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    if let Ok(records) = output::load_machine(dir) {
        for record in records {
            known.entry(record.source.path.clone()).or_default().push(record);
        }
    }
    if let Ok(file) = File::open(dir.join(JOURNAL)) {
        // A line that was cut off by the end of the run is not an entry: its file is done again.
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            if let Ok(entry) = serde_json::from_str::<Entry>(&line) {
                known.insert(entry.path, entry.records);
            }
        }
    }
    let config = digitizer.provenance(None).config;
    files
        .iter()
        .map(|file| {
            let records = known.remove(&display(file))?;
            // What was decided with other photos is decided again.
            let own = |r: &Record| {
                r.source.joined.is_empty()
                    && !r.is_part()
                    && !r.findings.iter().any(|f| f.code == "photos_disagree")
            };
            let same = records.iter().all(|r| r.provenance.config == config && own(r));
            let sha = crate::photo::sha256(&std::fs::read(file).ok()?);
            (same && records.iter().all(|r| r.source.sha256 == sha)).then_some(records)
        })
        .collect()
}

/// The one owner of what is written while the batch goes on.
struct Writer {
    dir: PathBuf,
    journal: File,
}

impl Writer {
    fn open(dir: &Path, resume: Resume) -> Result<Self, OutputError> {
        if resume == Resume::Fresh {
            report::clear_pictures(dir)?;
        }
        let path = dir.join(JOURNAL);
        let mut options = File::options();
        options.create(true).write(true);
        match resume {
            Resume::Fresh => options.truncate(true),
            Resume::Continue => options.append(true),
        };
        let journal = options.open(&path).map_err(|e| OutputError::io(&path, e))?;
        Ok(Self { dir: dir.to_owned(), journal })
    }

    fn put(
        &mut self,
        file: &Path,
        records: &[Record],
        pictures: &[(SheetPictures, Rows)],
    ) -> Result<(), OutputError> {
        for (record, (pictures, rows)) in records.iter().zip(pictures) {
            pictures.save(&self.dir, record)?;
            rows.save(&self.dir, record)?;
        }
        let entry = Entry { path: display(file), records: records.to_vec() };
        let mut line = serde_json::to_vec(&entry)
            .map_err(|e| OutputError::Encode { what: JOURNAL, problem: e.to_string() })?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(|e| OutputError::io(&self.dir.join(JOURNAL), e))
    }

    /// The run is whole: the journal has done its work.
    fn close(self) -> Result<(), OutputError> {
        let path = self.dir.join(JOURNAL);
        drop(self.journal);
        std::fs::remove_file(&path).map_err(|e| OutputError::io(&path, e))
    }
}
