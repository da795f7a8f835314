//! What a run has done so far, so that one that was cut off can go on.
//!
//! In: the records and pictures of each page as it is done. Out: the journal and the pictures in the
//! run's folder; of an earlier run, what holds still: records of the same files' bytes made with the same
//! settings. A line that the end of the run cut off is no entry: its page is done again.

use super::{FilePages, Page, Resume, map};
use crate::output::{self, OutputError};
use crate::pipeline::{Digitizer, display};
use crate::record::Record;
use crate::report::{self, Rows, SheetPictures};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
}

/// How many pages a file has, and the records of those that are done.
type Known = (u32, BTreeMap<u32, Vec<Record>>);

/// The pages of an earlier run of the same files with the same settings, by file.
pub(super) fn earlier<'d>(digitizer: &Digitizer, files: &[PathBuf], dir: &Path) -> Vec<FilePages<'d>> {
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    if let Ok(records) = output::load_machine(dir) {
        for record in records {
            let (of, pages) = known.entry(record.source.path.clone()).or_default();
            // A finished run has a record of every page.
            *of = (*of).max(record.source.page.saturating_add(1));
            pages.entry(record.source.page).or_default().push(record);
        }
    }
    if let Ok(file) = File::open(dir.join(JOURNAL)) {
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            if let Ok(entry) = serde_json::from_str::<Entry>(&line) {
                let (of, pages) = known.entry(entry.path).or_default();
                *of = entry.of;
                pages.insert(entry.page, entry.records);
            }
        }
    }
    let config = digitizer.provenance(None).config;
    let still = |file: &PathBuf| -> Option<FilePages<'d>> {
        let (of, mut pages) = known.remove(&display(file))?;
        pages.retain(|&page, _| page < of);
        let mut records = pages.values().flatten();
        // What was decided with other photos is decided again.
        let own = |r: &Record| {
            r.source.joined.is_empty()
                && !r.is_part()
                && !r.findings.iter().any(|f| f.code == "photos_disagree")
        };
        let sha = crate::photo::sha256(&std::fs::read(file).ok()?);
        let same = |r: &Record| r.provenance.config == config && own(r) && r.source.sha256 == sha;
        let without_evidence = |record| Page { record, evidence: None };
        records.all(same).then(|| FilePages {
            of,
            pages: pages
                .into_iter()
                .map(|(page, records)| (page, records.into_iter().map(without_evidence).collect()))
                .collect(),
        })
    };
    files.iter().map(still).map(Option::unwrap_or_default).collect()
}

/// The one owner of what is written while the batch goes on.
pub(super) struct Writer {
    dir: PathBuf,
    journal: File,
}

impl Writer {
    pub(super) fn open(dir: &Path, resume: Resume) -> Result<Self, OutputError> {
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

    pub(super) fn put(
        &mut self,
        file: &Path,
        at: &map::At,
        records: &[Record],
        pictures: &[(SheetPictures, Rows)],
    ) -> Result<(), OutputError> {
        for (record, (pictures, rows)) in records.iter().zip(pictures) {
            pictures.save(&self.dir, record)?;
            rows.save(&self.dir, record)?;
        }
        let entry = Entry { path: display(file), page: at.page, of: at.of, records: records.to_vec() };
        let mut line = serde_json::to_vec(&entry)
            .map_err(|e| OutputError::Encode { what: JOURNAL, problem: e.to_string() })?;
        line.push(b'\n');
        self.journal.write_all(&line).map_err(|e| OutputError::io(&self.dir.join(JOURNAL), e))
    }

    /// The run is whole: the journal has done its work.
    pub(super) fn close(self) -> Result<(), OutputError> {
        let path = self.dir.join(JOURNAL);
        drop(self.journal);
        std::fs::remove_file(&path).map_err(|e| OutputError::io(&path, e))
    }
}
