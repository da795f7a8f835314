//! What a run has done so far, so that one that was cut off can go on.
//!
//! In: the paths that a run is given, the records and pictures of each page as it is done. Out: the
//! journal and the pictures in the run's folder; of an earlier run, what it was given, and what holds
//! still: records of the same files' bytes made with the same settings. A line that the end of the run
//! cut off is no entry: its page is done again. Refuses to go on with other paths than the run's own,
//! and with paths that do not lead to every file that the run holds: its records would be lost.

use super::{BatchError, EVIDENCE_JSONL, FilePages, Keep, Page, Resume, evidence, map};
use crate::ground::finding::Code;
use crate::ground::words::display;
use crate::picture::{Rows, SheetPictures};
use crate::read::evidence::Evidence;
use crate::read::photo;
use crate::record::Record;
use crate::run::inputs::{self, Inputs};
use crate::run::output::{self, OutputError, RUN_JSON, Run};
use crate::run::pipeline::Digitizer;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Name of the journal of an unfinished run.
pub const JOURNAL: &str = "journal.jsonl";

/// One line of the journal: a page of a file and its records.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    path: String,
    page: u32,
    of: u32,
    records: Vec<Record>,
    /// What was measured, one a record.
    #[serde(default)]
    evidence: Vec<Option<Box<RawValue>>>,
}

/// The journal's first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// The paths that the run was given.
    inputs: Vec<String>,
    /// Whether the run began anew: records that lie in the folder are then of another one.
    fresh: bool,
    /// Whether what was measured stays in the folder.
    #[serde(default)]
    keep: bool,
}

fn head(line: &str) -> Option<Head> {
    serde_json::from_str(line).ok()
}

/// The lines of a folder's journal; none where there is no journal. One that was cut off within a character is a line
/// all the same.
fn lines(dir: &Path) -> impl Iterator<Item = String> {
    let file = File::open(dir.join(JOURNAL)).ok();
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n').map_while(Result::ok));
    lines.map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// The inputs with which the folder's run goes on: its own. `given` may be empty; a folder without a run
/// takes what is given.
///
/// # Errors
/// `given` says otherwise than the run does, or neither says anything.
pub fn resumed(dir: &Path, given: &[PathBuf]) -> Result<Inputs, BatchError> {
    let own = lines(dir).find_map(|l| head(&l)).map(|h| h.inputs).or_else(|| {
        let run: Run = serde_json::from_slice(&std::fs::read(dir.join(RUN_JSON)).ok()?).ok()?;
        Some(run.inputs).filter(|i| !i.is_empty())
    });
    let name = || dir.display().to_string();
    let plain = |paths: &[PathBuf]| -> BTreeSet<PathBuf> {
        paths.iter().map(|p| Path::new(&display(p)).components().collect()).collect()
    };
    let Some(own) = own else {
        return if given.is_empty() {
            Err(BatchError::NoInputs { dir: name() })
        } else {
            Ok(inputs::collect(given))
        };
    };
    let paths: Vec<PathBuf> = own.iter().map(PathBuf::from).collect();
    if !given.is_empty() && plain(given) != plain(&paths) {
        let given = given.iter().map(|p| display(p)).collect::<Vec<_>>().join(", ");
        return Err(BatchError::OtherInputs { dir: name(), own: own.join(", "), given });
    }
    Ok(inputs::collect(&paths))
}

/// Whether the folder's run keeps what it measured.
pub(super) fn keeps_evidence(dir: &Path) -> bool {
    lines(dir).any(|l| head(&l).is_some_and(|h| h.keep)) || dir.join(EVIDENCE_JSONL).exists()
}

/// How many pages a file has, and the sheets of those that are done.
type Known = (u32, BTreeMap<u32, Vec<Page>>);

/// The pages of an earlier run of the same files with the same settings, by file. Records that a run
/// which began anew was to replace are not of it.
///
/// # Errors
/// The run holds files that are not among these, or records that cannot be read: both would be lost.
pub(super) fn earlier(
    digitizer: &Digitizer,
    files: &[PathBuf],
    dir: &Path,
) -> Result<Vec<FilePages>, BatchError> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let anew = lines(dir).any(|l| head(&l).is_some_and(|h| h.fresh));
    let records = match output::load_machine(dir) {
        _ if anew => Vec::new(),
        Err(OutputError::NoRun { .. }) => Vec::new(),
        records => records?,
    };
    let mut measured = if anew { BTreeMap::new() } else { evidence::kept(dir, digitizer.forms()) };
    for record in records {
        let source = record.source();
        let evidence = measured.remove(&(source.sha256.clone(), source.page, source.ordinal));
        let (of, pages) = known.entry(record.source().path.clone()).or_default();
        // A finished run has a record of every page.
        *of = (*of).max(record.source().page.saturating_add(1));
        pages.entry(record.source().page).or_default().push(Page { record, evidence });
    }
    for line in lines(dir) {
        if let Ok(entry) = serde_json::from_str::<Entry>(&line) {
            let (of, pages) = known.entry(entry.path).or_default();
            *of = entry.of;
            let read = |raw: &RawValue| Evidence::from_json(raw.get(), digitizer.forms()).ok();
            let mut evidence = entry.evidence.into_iter().map(|raw| read(&raw?));
            let page = |record| Page { record, evidence: evidence.next().flatten() };
            pages.insert(entry.page, entry.records.into_iter().map(page).collect());
        }
    }
    let wanted: BTreeSet<String> = files.iter().map(|f| display(f)).collect();
    let mut lost = known.keys().filter(|path| !wanted.contains(*path));
    if let Some(first) = lost.next() {
        let (dir, first, files) = (dir.display().to_string(), first.clone(), 1 + lost.count());
        return Err(BatchError::Lost { dir, files, first });
    }
    let config = digitizer.provenance(None).config;
    let still = |file: &PathBuf| -> Option<FilePages> {
        let (of, mut pages) = known.remove(&display(file))?;
        pages.retain(|&page, _| page < of);
        // What was decided with other photos is decided again.
        for page in pages.values_mut().flatten() {
            if let Some(evidence) = page.evidence.as_ref().filter(|_| page.record.provenance.config == config)
            {
                page.record = digitizer.record(evidence);
            }
        }
        let mut records = pages.values().flatten().map(|page| &page.record);
        let own = |r: &Record| {
            !r.is_joined() && !r.is_part() && !r.findings.iter().any(|f| f.code == Code::PhotosDisagree)
        };
        let sha = crate::ground::hash::sha256(&photo::read(file, &digitizer.config().limits).ok()?);
        let same = |r: &Record| r.provenance.config == config && own(r) && r.source().sha256 == sha;
        records.all(same).then(|| FilePages { of, pages })
    };
    Ok(files.iter().map(still).map(Option::unwrap_or_default).collect())
}

/// The one owner of what is written while the batch goes on.
pub(super) struct Writer {
    dir: PathBuf,
    journal: File,
}

impl Writer {
    pub(super) fn open(dir: &Path, inputs: &Inputs, resume: Resume, keep: Keep) -> Result<Self, OutputError> {
        if resume == Resume::Fresh {
            output::pictures::clear(dir)?;
            let old = dir.join(EVIDENCE_JSONL);
            if old.exists() {
                std::fs::remove_file(&old).map_err(|e| OutputError::io(&old, e))?;
            }
        }
        let path = dir.join(JOURNAL);
        output::own(&path)?;
        output::own(&dir.join(output::pictures::PICTURES))?;
        let told = resume == Resume::Continue && lines(dir).any(|l| head(&l).is_some());
        let mut options = File::options();
        options.create(true).write(true);
        match resume {
            Resume::Fresh => options.truncate(true),
            Resume::Continue => options.append(true),
        };
        let journal = options.open(&path).map_err(|e| OutputError::io(&path, e))?;
        let mut writer = Self { dir: dir.to_owned(), journal };
        if resume == Resume::Continue {
            // The run may have been cut off within a line.
            writer.journal.write_all(b"\n").map_err(|e| OutputError::io(&path, e))?;
        }
        if !told {
            let keep = keep == Keep::Evidence;
            writer.line(&Head { inputs: inputs.names(), fresh: resume == Resume::Fresh, keep })?;
        }
        Ok(writer)
    }

    fn line(&mut self, entry: &impl Serialize) -> Result<(), OutputError> {
        let mut line = serde_json::to_vec(entry)
            .map_err(|e| OutputError::Encode { what: JOURNAL, problem: e.to_string() })?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(|e| OutputError::io(&self.dir.join(JOURNAL), e))
    }

    pub(super) fn put(
        &mut self,
        file: &Path,
        at: &map::At,
        pages: &[Page],
        pictures: &[(SheetPictures, Rows)],
    ) -> Result<(), OutputError> {
        for (page, (pictures, rows)) in pages.iter().zip(pictures) {
            output::pictures::save(&self.dir, &page.record, pictures)?;
            output::pictures::save(&self.dir, &page.record, rows)?;
        }
        let raw = |page: &Page| RawValue::from_string(page.evidence.as_ref()?.to_json().ok()?).ok();
        self.line(&Entry {
            path: display(file),
            page: at.page,
            of: at.of,
            records: pages.iter().map(|p| p.record.clone()).collect(),
            evidence: pages.iter().map(raw).collect(),
        })
    }

    /// The run is whole: the journal has done its work.
    pub(super) fn close(self) -> Result<(), OutputError> {
        let path = self.dir.join(JOURNAL);
        drop(self.journal);
        std::fs::remove_file(&path).map_err(|e| OutputError::io(&path, e))
    }
}
