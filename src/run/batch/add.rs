//! Files added to a run that is there.
//!
//! In: the folder of a finished run that kept what it measured, its paths and new ones. Out: what one run of all of them
//! leaves: new files are digitized, the others stand as the folder has them, whether their photos are still there or not;
//! what belongs together is put together anew. Refuses a run of other settings or of another program, one that was edited,
//! a shard, and one that did not keep what it measured.

use super::before::Before;
use super::evidence::{self, Line};
use super::finish::{Photos, finish};
use super::journal::{self, Entry, JOURNAL, Store};
use super::merge::differing;
use super::together::Sheet;
use super::{
    BatchError, FilePages, Jobs, Keep, Page, Progress, Resume, Staged, crops, earlier, items, map, sheets,
};
use crate::ground::finding::Code;
use crate::ground::hash::sha256;
use crate::ground::words::display;
use crate::read::photo::{self, source};
use crate::record::Record;
use crate::run::inputs::{self, Inputs};
use crate::run::output::{self, EVIDENCE_JSONL, Folder, Measured, Next, OutputError, Run, disk};
use crate::run::pipeline::{Digitized, Digitizer};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why nothing can be added to a run.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// There is none.
    #[error("{dir}: holds no run to add to; leave --add away")]
    None {
        /// The folder.
        dir: String,
    },
    /// It is not done.
    #[error("{dir}: its run was cut off; end it first with `cotejo run --resume -o {dir}`")]
    Unfinished {
        /// The folder.
        dir: String,
    },
    /// It is a part.
    #[error("{dir}: is a shard; add to the run that `cotejo merge` makes of all of them")]
    Shard {
        /// The folder.
        dir: String,
    },
    /// It was made otherwise.
    #[error("{dir}: its run was made with {what}; add with the same, or digitize all anew with --overwrite")]
    Other {
        /// The folder.
        dir: String,
        /// What differs, and how it was.
        what: String,
    },
    /// What is needed of its photos is not there.
    #[error(
        "{dir}: does not hold what was measured{of}, by which new photos are put together with those that are there; \
         make its run once more with --evidence and --overwrite, then add to it"
    )]
    Evidence {
        /// The folder.
        dir: String,
        /// Of which file; empty for all.
        of: String,
    },
}

/// Lines that are looked at side by side.
const CHUNK: usize = 256;

/// The paths of the folder's run, and those that are added.
///
/// # Errors
/// Nothing can be added to what the folder holds, as far as that is told without reading its records.
pub fn added(dir: &Path, given: &[PathBuf]) -> Result<Inputs, BatchError> {
    let name = || dir.display().to_string();
    let run = output::run_of(dir)?.filter(|run| !run.inputs.is_empty());
    let run = run.ok_or_else(|| AddError::None { dir: name() })?;
    if run.shard.is_some() {
        return Err(AddError::Shard { dir: name() }.into());
    }
    let plain = |path: &Path| -> PathBuf { Path::new(&display(path)).components().collect() };
    let mut paths: Vec<PathBuf> = run.inputs.iter().map(PathBuf::from).collect();
    let mut known: BTreeSet<PathBuf> = paths.iter().map(|p| plain(p)).collect();
    paths.extend(given.iter().filter(|p| known.insert(plain(p))).cloned());
    if !journal::adds(dir) && dir.join(JOURNAL).exists() {
        return Err(AddError::Unfinished { dir: name() }.into());
    }
    if journal::adds(dir) {
        // One that was cut off goes on with its own.
        return journal::resumed(dir, &paths, None);
    }
    Ok(inputs::collect(&paths))
}

/// Refuses a run that is not of these settings and this program, or is not as it wrote it.
fn fits(dir: &Path, digitizer: &Digitizer) -> Result<(), BatchError> {
    let name = || dir.display().to_string();
    let run: Run = output::run_of(dir)?.ok_or_else(|| AddError::None { dir: name() })?;
    let settings = digitizer.config().settings();
    let what = match differing(&run.settings, &settings) {
        _ if run.cotejo != env!("CARGO_PKG_VERSION") => Some(format!("cotejo {}", run.cotejo)),
        Some(name) => {
            let was = run.settings.get(name).map_or("nothing", String::as_str);
            Some(format!("another setting ({name}: {was})"))
        }
        None => None,
    };
    if let Some(what) = what {
        return Err(AddError::Other { dir: name(), what }.into());
    }
    let mut findings = run.edited.clone();
    for file in [output::machine(dir)?, EVIDENCE_JSONL] {
        if !run.files.contains_key(file) {
            let of = String::new();
            return Err(match file {
                EVIDENCE_JSONL => AddError::Evidence { dir: name(), of }.into(),
                _ => OutputError::NoRun { dir: name() }.into(),
            });
        }
    }
    let files = [output::machine(dir)?, EVIDENCE_JSONL];
    let looked: Vec<_> = files.par_iter().map(|file| output::attested(dir, file, Some(&run))).collect();
    for found in looked {
        findings.extend(found?);
    }
    if findings.is_empty() { Ok(()) } else { Err(OutputError::Edited { findings }.into()) }
}

/// A file of the run that is there.
struct File {
    path: String,
    sha256: String,
    pages: FilePages,
}

/// What the run that is there tells: its files in their order, and the hashes of records that rest on several photos.
#[derive(Default)]
struct Known {
    files: Vec<File>,
    settled: BTreeSet<String>,
}

/// A sheet of it: its file, its key, its record by itself where the folder has another.
struct Found {
    path: String,
    sha256: String,
    page: u32,
    sheet: Sheet,
    alone: Option<Entry>,
    settled: Option<String>,
}

/// What a sheet's lines tell; `None` where what was measured is missing.
fn found(digitizer: &Digitizer, [text, measured]: &[String; 2]) -> Result<Option<Found>, String> {
    let record: Record = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let evidence = match evidence::line(measured, digitizer.forms())? {
        Line::Evidence(evidence) => Some(*evidence),
        Line::Record(_) => None,
    };
    let is_copy = record.findings.iter().any(|f| f.code == Code::DuplicateFile);
    if record.form.is_some() && evidence.is_none() && !is_copy {
        return Ok(None);
    }
    let source = record.source().clone();
    let mut page = Page { record, evidence };
    let (mut alone, mut settled) = (None, None);
    if let Some(evidence) = page.evidence.as_ref().filter(|_| !earlier::alone(&page.record)) {
        settled = (!page.record.is_part()).then(|| sha256(text.as_bytes()));
        page.record = digitizer.record(evidence);
        alone = Some(Entry::new(source.path.clone(), source.page, 0, std::slice::from_ref(&page)));
    }
    let sheet = Sheet::of(0, 0, &page);
    Ok(Some(Found { path: source.path, sha256: source.sha256, page: source.page, sheet, alone, settled }))
}

/// Goes through the run that is there; its sheets are then found by the store.
fn known(digitizer: &Digitizer, dir: &Path, store: &mut Store) -> Result<Known, BatchError> {
    let (mut before, mut known, mut nth) = (Before::open(dir)?, Known::default(), 0);
    loop {
        let mut lines = Vec::new();
        while lines.len() < CHUNK
            && let Some(next) = before.next()?
        {
            lines.push(next);
        }
        if lines.is_empty() {
            break;
        }
        let looked: Vec<_> = lines.par_iter().map(|lines| found(digitizer, lines)).collect();
        for (found, [text, _]) in looked.into_iter().zip(&lines) {
            let bad = |problem| OutputError::Line {
                path: dir.join(EVIDENCE_JSONL).display().to_string(),
                line: nth + 1,
                problem,
            };
            let Some(mut found) = found.map_err(bad)? else {
                let record: Record = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
                let (dir, of) = (dir.display().to_string(), format!(" of {}", record.source().path));
                return Err(AddError::Evidence { dir, of }.into());
            };
            found.sheet.at = match found.alone {
                Some(entry) => store.put(&entry)?,
                None => Store::before(nth),
            };
            known.settled.extend(found.settled);
            if known.files.last().is_none_or(|file| file.path != found.path) {
                let pages = FilePages::default();
                known.files.push(File { path: found.path, sha256: found.sha256, pages });
            }
            if let Some(file) = known.files.last_mut() {
                file.pages.of = found.page + 1;
                file.pages.pages.entry(found.page).or_default().push(found.sheet);
            }
            nth += 1;
        }
    }
    store.have(before);
    Ok(known)
}

/// All files in the order of one run: as the paths lead to them now, unless some of the run's have gone; then those of the
/// run come first, and a path that leads to nothing is no file.
fn ordered(known: &Known, now: &[PathBuf]) -> Vec<PathBuf> {
    let there: BTreeSet<String> = now.iter().map(|file| display(file)).collect();
    if known.files.iter().all(|file| there.contains(&file.path)) {
        return now.to_vec();
    }
    let own: BTreeSet<&str> = known.files.iter().map(|file| file.path.as_str()).collect();
    let new = now.iter().filter(|file| !own.contains(display(file).as_str()) && source::is_there(file));
    known.files.iter().map(|file| PathBuf::from(&file.path)).chain(new.cloned()).collect()
}

/// Adds files to a folder's run; `inputs` are all of its paths, as [`added`] gives them.
///
/// # Errors
/// Nothing can be added to it; what a run fails with.
pub(super) fn add(
    digitizer: &Digitizer,
    inputs: &Inputs,
    folder: &Folder,
    jobs: Jobs,
    progress: &impl Progress,
) -> Result<Staged, BatchError> {
    let (started, dir) = (SystemTime::now(), folder.path());
    fits(dir, digitizer)?;
    let goes_on = journal::adds(dir);
    let mut store = journal::open(dir, inputs, Resume::Add, Keep::Evidence)?;
    let known = match known(digitizer, dir, &mut store) {
        Err(error) if !goes_on => {
            disk::remove(&dir.join(JOURNAL))?;
            return Err(error);
        }
        known => known?,
    };
    let files = ordered(&known, &inputs.files);
    let mut own: BTreeMap<String, File> = known.files.into_iter().map(|f| (f.path.clone(), f)).collect();
    let own: Vec<Option<File>> = files.iter().map(|file| own.remove(&display(file))).collect();
    let new: Vec<usize> = (0..files.len()).filter(|&ix| own[ix].is_none()).collect();
    let limits = &digitizer.config().limits;
    let hash = |ix: usize| match &own[ix] {
        Some(file) => file.sha256.clone(),
        None => photo::read(&files[ix], limits).map(|bytes| sha256(&bytes)).unwrap_or_default(),
    };
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let originals: Vec<Option<usize>> = (0..files.len())
        .map(|ix| {
            let hash = hash(ix);
            let known = if hash.is_empty() { ix } else { *first.entry(hash).or_insert(ix) };
            (known != ix).then_some(known)
        })
        .collect();
    let paths: Vec<PathBuf> = new.iter().map(|&ix| files[ix].clone()).collect();
    let still = earlier::still(digitizer, &paths, dir, &mut store)?;
    let mut found: Vec<FilePages> =
        own.into_iter().map(|f| f.map_or_else(FilePages::default, |f| f.pages)).collect();
    new.iter().zip(still).for_each(|(&ix, pages)| found[ix] = pages);
    (0..files.len()).filter(|&ix| originals[ix].is_some()).for_each(|ix| found[ix] = FilePages::default());
    for &ix in new.iter().filter(|&&ix| found[ix].complete()) {
        progress.done(&found[ix].records(&mut store, digitizer)?);
    }
    let todo: Vec<usize> =
        new.iter().copied().filter(|&ix| originals[ix].is_none() && !found[ix].complete()).collect();
    progress.more(new.len() as u32);
    let done = found.clone();
    let wanted = |file: usize, page: u32| !done[file].pages.contains_key(&page);
    let pages = map::Pages { digitizer, files: &files, wanted, progress };
    let work = |digitized: Vec<Digitized>| {
        let pictures: Vec<_> = digitized.iter().map(|d| crops(digitizer, d)).collect();
        (digitized.into_iter().map(Page::from).collect::<Vec<_>>(), pictures)
    };
    map::pages(&todo, jobs, &pages, work, |at, (pages, pictures)| {
        let line = journal::put(&mut store, dir, &files[at.file], &at, (&pages, &pictures))?;
        progress.done(&pages.iter().map(|p| p.record.clone()).collect::<Vec<_>>());
        found[at.file].put(at.page, at.of, Sheet::of_page(line, &pages));
        Ok(())
    })?;
    let done = todo.iter().filter(|&&ix| found[ix].complete()).count();
    if progress.stop() && done < todo.len() {
        let (dir, files) = (dir.display().to_string(), new.len());
        return Err(BatchError::Stopped { dir, done: files - (todo.len() - done), files });
    }
    let (sheets, of_file) = sheets(&found);
    drop(found);
    let what = (sheets, items(&files, &originals, &of_file), inputs.names());
    let measured = |records| Measured::since(started, records, jobs.0);
    let photos = Photos { files: &files, new: new.into_iter().collect(), settled: known.settled };
    finish(digitizer, &photos, (store, Next::begin(dir)?), what, Keep::Evidence, measured, progress)
}
