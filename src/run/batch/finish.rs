//! The end of a run: its pages, which lie on the disk, become the files of its folder.
//!
//! In: a small key of each sheet, and the order in which records stand. Out: the next state of the folder, which does
//! not hold yet ([`Staged`]): whoever made the run adds to it what stands beside the records, then lets it hold. One
//! record at a time is in memory, or the photos that might be of one sheet. Refuses nothing of a record.

use super::journal::{Entry, Store};
use super::together::{self, Sheets, Together};
use super::{BatchError, Keep, Page, Progress, copies, names, pages as pages_of};
use crate::decide::Status;
use crate::form::Form;
use crate::ground::finding::Code;
use crate::ground::hash::sha256;
use crate::record::Record;
use crate::run::output::{
    self, Census, EVIDENCE_JSONL, Measured, Next, OutputError, Run, Table, disk, pictures,
};
use crate::run::pipeline::Digitizer;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

/// Lines that are looked at side by side.
const AHEAD: usize = 64;

/// What stands at a place of the records.
pub(super) enum Item {
    /// A sheet, by its index.
    Sheet(usize),
    /// The sheets of a file whose content was digitized under another path, as parts of them.
    Copies { file: PathBuf, original: PathBuf, of: Vec<usize> },
    /// A record as it is, by its place on the disk.
    Plain(u64),
}

/// A run that is done and does not hold yet.
pub struct Staged {
    /// The state of the folder that is to hold.
    pub next: Next,
    /// What is known of the run.
    pub run: Run,
    /// What was seen on each rejected page, and what to do.
    pub rejected: Vec<String>,
    /// How many files it is of.
    pub files: usize,
    /// Sheets that were there and that added photos show too.
    pub joined: Vec<String>,
    pages: Store,
    /// Whether the pages are kept until the state holds: they are the run's journal.
    journal: bool,
}

impl Staged {
    /// Lets it hold; the journal has then done its work.
    ///
    /// # Errors
    /// The system refuses.
    pub fn commit(self) -> Result<Run, OutputError> {
        let run = self.next.commit(self.run)?;
        if self.journal {
            self.pages.remove()?;
        }
        Ok(run)
    }

    /// The same without its pages, which were written for it alone.
    pub(super) fn without_journal(self, name: &str) -> Result<Self, OutputError> {
        disk::remove(&self.next.path(name))?;
        Ok(Self { journal: false, ..self })
    }
}

/// A sheet's record, its line, and what was measured as it is written.
struct Ready {
    record: Record,
    line: Vec<u8>,
    measured: Option<String>,
}

impl Ready {
    fn of(mut entry: Entry, nth: usize) -> Result<Self, OutputError> {
        let measured = entry.raw(nth).map(str::to_owned);
        let record = entry.records.swap_remove(nth);
        Ok(Self { line: written(&record)?, record, measured })
    }
}

/// The line of a record.
fn written(record: &Record) -> Result<Vec<u8>, OutputError> {
    output::to_jsonl(std::slice::from_ref(record))
}

/// The photos of a run, of which pictures are cut; none where there are no photos at hand.
#[derive(Default)]
pub(super) struct Photos<'a> {
    /// The paths behind the sheets' indices of files.
    pub(super) files: &'a [PathBuf],
    /// Those that are added to a run that was there.
    pub(super) new: BTreeSet<usize>,
    /// SHA-256 of that run's records whose pictures the folder has.
    pub(super) settled: BTreeSet<String>,
}

impl Photos<'_> {
    /// Whether the folder has the pictures of this record.
    fn has(&self, record: &Record) -> bool {
        let hash = || serde_json::to_vec(record).map(|text| sha256(&text));
        !self.settled.is_empty() && hash().is_ok_and(|hash| self.settled.contains(&hash))
    }
}

/// Holds the records that rest on several photos until all are in their places.
const CHANGED: &str = "changed.jsonl";

/// Writes the next state of a run's folder.
///
/// # Errors
/// The system refuses.
pub(super) fn finish(
    digitizer: &Digitizer,
    photos: &Photos<'_>,
    (mut pages, mut next): (Store, Next),
    (sheets, items, inputs): (Sheets, Vec<Item>, Vec<String>),
    keep: Keep,
    measured: impl FnOnce(usize) -> Measured,
    progress: &impl Progress,
) -> Result<Staged, BatchError> {
    let config = digitizer.config();
    let mut changed: BTreeMap<usize, u64> = BTreeMap::new();
    let mut spill = Store::new(&next.path(CHANGED), next.out(CHANGED)?);
    let mut fetch = |ix: usize| {
        let sheet = &sheets.list[ix];
        Ok(pages.pages(sheet.at, &config.forms)?.swap_remove(sheet.nth))
    };
    let taken = names::learned(&sheets, &mut fetch)?;
    let mut fetch = |ix: usize| Ok(names::called(digitizer, &taken, fetch(ix)?));
    let named = (0..sheets.list.len()).filter(|&ix| sheets.list[ix].laid_out && !taken.is_empty());
    for ix in named {
        let page = fetch(ix)?;
        if page.record.findings.iter().any(|f| f.code == Code::NameElsewhere) {
            changed.insert(ix, spill.put(&page.record)?);
        }
    }
    let (mut joined, dir) = (Vec::new(), next.dir().to_owned());
    let mut put = |together: Together<'_>| {
        let is_new = |ix: &usize| photos.new.contains(&sheets.list[*ix].file);
        let (new, there): (Vec<usize>, Vec<usize>) = together.changed.iter().map(|c| c.0).partition(is_new);
        if let (Some((_, record)), false) = (together.changed.first(), photos.files.is_empty()) {
            if !new.is_empty() && !there.is_empty() {
                joined.push(record.source().path.clone());
            }
            let shown: Vec<(&PathBuf, &Page, &Form)> = together
                .members
                .iter()
                .map(|(ix, page, form)| (&photos.files[sheets.list[*ix].file], *page, &**form))
                .collect();
            if !shown.is_empty() && !photos.has(record) {
                let pictures =
                    together::pictures(digitizer, record, &shown, |page| pictures::load(&dir, page));
                pictures::save(&dir, record, &pictures)?;
            }
        }
        for (ix, record) in &together.changed {
            changed.insert(*ix, spill.put(record)?);
        }
        Ok(())
    };
    together::join(digitizer, &sheets, &mut fetch, &mut put)?;
    pages_of::join(digitizer, &sheets, fetch, put)?;
    let mut kept = (keep == Keep::Evidence).then(|| next.out(EVIDENCE_JSONL)).transpose()?;
    let mut table = Table::new(&mut next)?;
    let (mut census, mut tables, mut rejected) = (Census::default(), BTreeSet::new(), Vec::new());
    let mut n = 0;
    let mut add = |record: &Record, line: &[u8], measured: Option<&str>| -> Result<(), OutputError> {
        n += 1;
        table.put(record, line)?;
        census.add(record);
        tables.extend(config.registry.as_ref().and_then(|registry| registry.shown(record)));
        if record.status == Status::Rejected && !record.is_part() {
            rejected.extend(record.findings.iter().map(|f| format!("{}; {}", f.message, f.hint)));
        }
        let Some(kept) = &mut kept else { return Ok(()) };
        match measured {
            Some(measured) => kept.put(format!("{measured}\n").as_bytes()),
            None => kept.put(line),
        }
    };
    // Lines are read one after the other, and what they say side by side.
    let mut ahead = VecDeque::new();
    for (nth, item) in items.iter().enumerate() {
        if nth % AHEAD == 0 {
            let line = |item: &Item| match item {
                Item::Sheet(ix) => Ok(Some((sheets.list[*ix].nth, pages.text(sheets.list[*ix].at)?))),
                _ => Ok(None),
            };
            let lines: Vec<_> =
                items[nth..].iter().take(AHEAD).map(line).collect::<Result<_, OutputError>>()?;
            let ready = |line: &Option<(usize, Vec<u8>)>| {
                line.as_ref().map(|(nth, line)| Ready::of(pages.parsed(line)?, *nth)).transpose()
            };
            ahead = lines.par_iter().map(ready).collect::<Vec<_>>().into();
        }
        let ready = ahead.pop_front().transpose()?.flatten();
        match (item, ready) {
            (Item::Sheet(ix), ready) => {
                let Ready { record, line, measured } = match ready {
                    Some(ready) => ready,
                    None => Ready::of(pages.get(sheets.list[*ix].at)?, sheets.list[*ix].nth)?,
                };
                match changed.get(ix) {
                    Some(&at) => {
                        let record: Record = spill.get(at)?;
                        add(&record, &written(&record)?, measured.as_deref())?;
                    }
                    None => add(&record, &line, measured.as_deref())?,
                }
            }
            (Item::Copies { file, original, of }, _) => {
                let mut shown = Vec::new();
                for ix in of {
                    let sheet = &sheets.list[*ix];
                    let mut entry: Entry = pages.get(sheet.at)?;
                    let record = entry.records.swap_remove(sheet.nth);
                    shown.push(changed.get(ix).map_or(Ok(record), |&at| spill.get(at))?);
                }
                let copies = copies(file, original, &shown);
                progress.done(&copies);
                copies.iter().try_for_each(|record| add(record, &written(record)?, None))?;
            }
            (Item::Plain(at), _) => {
                let record: Record = pages.get(*at)?;
                add(&record, &written(&record)?, None)?;
            }
        }
    }
    table.finish(&config.forms)?;
    if let Some(kept) = kept {
        next.wrote(EVIDENCE_JSONL, kept)?;
    }
    spill.remove()?;
    let mut run = census.run(config.settings(), measured(n));
    run.inputs = inputs;
    run.registry = config.registry.as_ref().map(|registry| registry.coverage(&tables));
    let files = photos.files.len();
    Ok(Staged { next, run, rejected, files, joined, pages, journal: true })
}
