//! What a run has done so far, on the disk: so that it stays out of memory, and that one that was cut off can go on.
//!
//! In: the paths that a run is given, the records, evidence and pictures of each page as it is done. Out: the journal and
//! the pictures in the run's folder, each page by the place of its line; of an earlier run what it was given. Of a run that
//! is added to, the sheets are found where they stand. A line that the end of the run cut off is no entry: its page is done again. Refuses to go on with other paths than the run's own.

use super::before::Before;
use super::{BatchError, Keep, Page, Resume, map};
use crate::form::Form;
use crate::ground::words::display;
use crate::picture::{Rows, SheetPictures};
use crate::read::evidence::Evidence;
use crate::record::Record;
use crate::run::inputs::{self, Inputs, Shard};
use crate::run::output::{self, EVIDENCE_JSONL, Out, OutputError, disk};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the journal of an unfinished run.
pub const JOURNAL: &str = "journal.jsonl";

/// One line of the journal: a page of a file and its records.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) page: u32,
    pub(super) of: u32,
    pub(super) records: Vec<Record>,
    /// What was measured, one a record.
    #[serde(default)]
    evidence: Vec<Option<Box<RawValue>>>,
}

impl Entry {
    pub(super) fn new(path: String, page: u32, of: u32, pages: &[Page]) -> Self {
        let raw = |page: &Page| RawValue::from_string(page.evidence.as_ref()?.to_json().ok()?).ok();
        let records = pages.iter().map(|p| p.record.clone()).collect();
        Self { path, page, of, records, evidence: pages.iter().map(raw).collect() }
    }

    /// What was measured for the record `ix`, as it is written.
    pub(super) fn raw(&self, ix: usize) -> Option<&str> {
        self.evidence.get(ix)?.as_deref().map(RawValue::get)
    }

    /// The same, read.
    pub(super) fn evidence(&self, ix: usize, forms: &[Arc<Form>]) -> Option<Evidence> {
        Evidence::from_json(self.raw(ix)?, forms).ok()
    }
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
    /// Whether files are added to the finished run that the folder holds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    adds: bool,
    /// Which part of their files is digitized; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard: Option<Shard>,
}

/// The head of a folder's journal; `None` where there is no journal, or none that got so far.
fn head(dir: &Path) -> Option<Head> {
    lines(&dir.join(JOURNAL)).find_map(|(_, line)| serde_json::from_slice(&line).ok())
}

/// The lines of a file with their places; none where there is no file. One that was cut off within a character is a
/// line all the same.
fn lines(path: &Path) -> impl Iterator<Item = (u64, Vec<u8>)> + use<> {
    let mut at = 0;
    let file = File::open(path).ok();
    let lines = file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n').map_while(Result::ok));
    lines.map(move |line| {
        let here = at;
        at += line.len() as u64 + 1;
        (here, line)
    })
}

/// The entries of a folder's journal with their places.
pub(super) fn entries(dir: &Path) -> impl Iterator<Item = (u64, Entry)> + use<> {
    lines(&dir.join(JOURNAL)).filter_map(|(at, line)| Some((at, serde_json::from_slice(&line).ok()?)))
}

/// The inputs with which the folder's run goes on: its own. `given` may be empty, and the shard away; a folder without
/// a run takes what is given.
///
/// # Errors
/// What is given says otherwise than the run does, or neither says anything.
pub fn resumed(dir: &Path, given: &[PathBuf], shard: Option<Shard>) -> Result<Inputs, BatchError> {
    let own = head(dir).map(|h| (h.inputs, h.shard)).or_else(|| {
        let run = output::run_of(dir).ok()??;
        Some((run.inputs, run.shard.map(|cut| cut.shard))).filter(|own| !own.0.is_empty())
    });
    let name = || dir.display().to_string();
    let plain = |paths: &[PathBuf]| -> BTreeSet<PathBuf> {
        paths.iter().map(|p| Path::new(&display(p)).components().collect()).collect()
    };
    let Some((own, own_shard)) = own else {
        return if given.is_empty() {
            Err(BatchError::NoInputs { dir: name() })
        } else {
            Ok(inputs::collect(given).part(shard))
        };
    };
    if shard.is_some() && shard != own_shard {
        let own = own_shard.map_or_else(|| "the whole".to_owned(), |own| format!("shard {own}"));
        return Err(BatchError::OtherShard { dir: name(), own });
    }
    let paths: Vec<PathBuf> = own.iter().map(PathBuf::from).collect();
    if !given.is_empty() && plain(given) != plain(&paths) {
        let given = given.iter().map(|p| display(p)).collect::<Vec<_>>().join(", ");
        return Err(BatchError::OtherInputs { dir: name(), own: own.join(", "), given });
    }
    Ok(inputs::collect(&paths).part(own_shard))
}

/// Whether the folder's run keeps what it measured.
pub(super) fn keeps_evidence(dir: &Path) -> bool {
    head(dir).map_or_else(|| dir.join(EVIDENCE_JSONL).exists(), |h| h.keep)
}

/// Whether the folder's unfinished run began anew, so that the records that lie there are not its own.
pub(super) fn anew(dir: &Path) -> bool {
    head(dir).is_some_and(|h| h.fresh)
}

/// Whether what is unfinished there adds files to the folder's run.
pub fn adds(dir: &Path) -> bool {
    head(dir).is_some_and(|h| h.adds)
}

/// Lines on the disk, each found again by its place.
pub(super) struct Store {
    path: PathBuf,
    out: Out,
    input: Option<BufReader<File>>,
    before: Option<Before>,
}

/// Marks a place that is the number of a sheet of the run that is there.
const BEFORE: u64 = 1 << 63;

impl Store {
    pub(super) fn new(path: &Path, out: Out) -> Self {
        Self { path: path.to_owned(), out, input: None, before: None }
    }

    /// From now on the sheets of a finished run are found too.
    pub(super) fn have(&mut self, before: Before) {
        self.before = Some(before);
    }

    /// The place of one of those.
    pub(super) fn before(nth: usize) -> u64 {
        BEFORE | nth as u64
    }

    /// Adds a line; its place.
    ///
    /// # Errors
    /// The system refuses; the file has gone.
    pub(super) fn put(&mut self, line: &impl Serialize) -> Result<u64, OutputError> {
        let mut text = serde_json::to_vec(line)
            .map_err(|e| OutputError::Encode { what: JOURNAL, problem: e.to_string() })?;
        text.push(b'\n');
        let at = self.out.at();
        self.out.put(&text)?;
        self.out.flush()?;
        Ok(at)
    }

    /// The line at a place.
    ///
    /// # Errors
    /// The system refuses; what stands there is no longer what was written.
    pub(super) fn get<T: for<'de> Deserialize<'de>>(&mut self, at: u64) -> Result<T, OutputError> {
        let text = self.text(at)?;
        self.parsed(&text)
    }

    /// What such a line says.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub(super) fn parsed<T: for<'de> Deserialize<'de>>(&self, text: &[u8]) -> Result<T, OutputError> {
        serde_json::from_slice(text).map_err(|e| {
            let (path, problem) = (self.path.display().to_string(), e.to_string());
            OutputError::Line { path, line: 0, problem }
        })
    }

    /// The line at a place as it stands there.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn text(&mut self, at: u64) -> Result<Vec<u8>, OutputError> {
        if let Some(before) = self.before.as_mut().filter(|_| at & BEFORE != 0) {
            let [record, evidence] = before.get((at ^ BEFORE) as usize)?;
            let entry =
                format!(r#"{{"path":"","page":0,"of":0,"records":[{record}],"evidence":[{evidence}]}}"#);
            return Ok(entry.into_bytes());
        }
        let io = |e| OutputError::io(&self.path, e);
        let input = match &mut self.input {
            Some(input) => input,
            none => none.insert(BufReader::with_capacity(1 << 17, File::open(&self.path).map_err(io)?)),
        };
        // Lines are mostly asked for in their order.
        let here = input.stream_position().map_err(io)?;
        input.seek_relative(at as i64 - here as i64).map_err(io)?;
        let mut text = Vec::new();
        input.read_until(b'\n', &mut text).map_err(io)?;
        Ok(text)
    }

    /// The pages of an entry.
    ///
    /// # Errors
    /// As [`Store::get`].
    pub(super) fn pages(&mut self, at: u64, forms: &[Arc<Form>]) -> Result<Vec<Page>, OutputError> {
        let entry: Entry = self.get(at)?;
        let evidence: Vec<_> = (0..entry.records.len()).map(|ix| entry.evidence(ix, forms)).collect();
        let page = |(record, evidence)| Page { record, evidence };
        Ok(entry.records.into_iter().zip(evidence).map(page).collect())
    }

    /// Removes the file.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn remove(self) -> Result<(), OutputError> {
        drop(self.out);
        disk::remove(&self.path)
    }
}

/// Opens the journal of a folder's run, with its head.
///
/// # Errors
/// The system refuses; the journal or the pictures are a link.
pub(super) fn open(dir: &Path, inputs: &Inputs, resume: Resume, keep: Keep) -> Result<Store, OutputError> {
    let path = dir.join(JOURNAL);
    disk::own(&path)?;
    disk::own(&dir.join(output::pictures::PICTURES))?;
    if resume == Resume::Fresh {
        output::pictures::clear(dir)?;
    }
    let told = resume != Resume::Fresh && head(dir).is_some();
    let mut out = if resume == Resume::Fresh { Out::create(&path)? } else { Out::append(&path)? };
    if out.at() > 0 {
        // The run may have been cut off within a line.
        out.put(b"\n")?;
    }
    let mut store = Store::new(&path, out);
    if !told {
        let keep = keep == Keep::Evidence;
        let (fresh, shard) = (resume == Resume::Fresh, inputs.cut.as_ref().map(|cut| cut.shard));
        store.put(&Head { inputs: inputs.names(), fresh, keep, adds: resume == Resume::Add, shard })?;
    }
    Ok(store)
}

/// Puts a page down, and its pictures before it; the place of its line.
///
/// # Errors
/// The system refuses; the folder has gone.
pub(super) fn put(
    store: &mut Store,
    dir: &Path,
    file: &Path,
    at: &map::At,
    (pages, pictures): (&[Page], &[(SheetPictures, Rows)]),
) -> Result<u64, OutputError> {
    for (page, (pictures, rows)) in pages.iter().zip(pictures) {
        output::pictures::save(dir, &page.record, pictures)?;
        output::pictures::save(dir, &page.record, rows)?;
    }
    store.put(&Entry::new(display(file), at.page, at.of, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_within_a_character_is_no_entry_and_those_after_it_are() {
        let dir = tempfile::tempdir().unwrap();
        let entry = |path: &str| {
            let entry =
                Entry { path: path.to_owned(), page: 0, of: 1, records: Vec::new(), evidence: Vec::new() };
            serde_json::to_vec(&entry).unwrap()
        };
        let (first, second, third) = (entry("a.jpg"), entry("ñandú.jpg"), entry("c.jpg"));
        let within = second.iter().position(|b| !b.is_ascii()).unwrap() + 1;
        let bytes = [&first[..], b"\n", &second[..within], b"\n", &third, b"\n"].concat();
        std::fs::write(dir.path().join(JOURNAL), bytes).unwrap();
        let found: Vec<(u64, String)> = entries(dir.path()).map(|(at, e)| (at, e.path)).collect();
        let third_at = (first.len() + 1 + within + 1) as u64;
        assert_eq!(found, [(0, "a.jpg".to_owned()), (third_at, "c.jpg".to_owned())]);
    }
}
