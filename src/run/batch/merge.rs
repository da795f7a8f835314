//! Shards of a run put together: the run, as if one machine had made it.
//!
//! In: the folders of all shards of a run (`cotejo run --shard`), which kept what they measured. Out: the folder that one
//! run leaves, its records and its table to the byte: names and photos of one sheet are looked for anew in all of them
//! together, and so are files of one content. Refuses shards of other settings, another program or other files, one
//! that is there twice or not at all, and folders that are not as the program wrote them.

use super::evidence::PAGES;
use super::finish::{Photos, finish};
use super::journal::{Entry, Store};
use super::together::Sheet;
use super::{BatchError, FilePages, Keep, Staged, earlier, items, sheets};
use crate::form::Form;
use crate::ground::finding::Code;
use crate::run::inputs::{Cut, Shard};
use crate::run::output::{self, EVIDENCE_JSONL, Folder, Measured, Next, Opened, OutputError, Run, pictures};
use crate::run::pipeline::Digitizer;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Why folders are not the shards of one run.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A folder that cannot be read, or was edited.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A run of all files, or of none.
    #[error("{dir}: holds no shard of a run; make it with `cotejo run --shard`")]
    None {
        /// The folder.
        dir: String,
    },
    /// People have looked at it already.
    #[error(
        "{dir}: has been reviewed, and what people decided there would be lost; review the merged run instead"
    )]
    Reviewed {
        /// The folder.
        dir: String,
    },
    /// It differs from the first in what has to be the same.
    #[error("{dir}: its {what} differ from those of {first}; make all shards with the same")]
    Other {
        /// The folder.
        dir: String,
        /// What.
        what: String,
        /// The first folder.
        first: String,
    },
    /// One is there twice.
    #[error("{first} and {second} both hold shard {shard}; give each once")]
    Twice {
        /// A folder.
        first: String,
        /// Another.
        second: String,
        /// What both are.
        shard: Shard,
    },
    /// Some are missing.
    #[error("shard {first} is missing{}; make it, or give its folder too", more(*.missing))]
    Missing {
        /// The first of them.
        first: Shard,
        /// How many.
        missing: usize,
    },
    /// What it measured is needed.
    #[error("{dir}: what was measured on {file} is not there ({EVIDENCE_JSONL}); make the shard again")]
    Evidence {
        /// The folder.
        dir: String,
        /// The first file without.
        file: String,
    },
}

/// ` and n more`, after the first.
fn more(all: usize) -> String {
    match all - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    }
}

/// All shards of a run, held against each other, in their order.
pub struct Shards {
    list: Vec<(PathBuf, Cut)>,
    run: Run,
}

impl Shards {
    /// The shards in these folders.
    ///
    /// # Errors
    /// They are not those of one run.
    pub fn open<F: Borrow<Form> + Sync>(dirs: &[PathBuf], forms: &[F]) -> Result<Self, ShardError> {
        let name = |dir: &Path| dir.display().to_string();
        let mut list: BTreeMap<Shard, (PathBuf, Cut)> = BTreeMap::new();
        let mut models = BTreeMap::new();
        let mut first: Option<(&Path, Run, Cut)> = None;
        for dir in dirs {
            let opened = Opened::of(dir, forms)?.unedited()?;
            let run = opened.run().filter(|run| run.edited.is_empty());
            let Some((run, cut)) = run.and_then(|run| Some((run, run.shard.as_ref()?))) else {
                return Err(ShardError::None { dir: name(dir) });
            };
            if run.log.is_some() {
                return Err(ShardError::Reviewed { dir: name(dir) });
            }
            if let Some(finding) = output::attested(dir, EVIDENCE_JSONL, Some(run))? {
                return Err(OutputError::Edited { findings: vec![finding] }.into());
            }
            let (of, whole, whole_cut) = first.get_or_insert_with(|| (dir, run.clone(), cut.clone()));
            let mut known = |(name, hashes): (&String, &BTreeSet<String>)| {
                hashes.len() == 1 && models.entry(name.clone()).or_insert_with(|| hashes.clone()) == hashes
            };
            let differs = if run.cotejo != whole.cotejo || !run.models.iter().all(&mut known) {
                Some("program and networks".to_owned())
            } else if let Some(setting) = differing(&run.settings, &whole.settings) {
                Some(format!("settings ({setting})"))
            } else if run.inputs != whole.inputs {
                Some("paths".to_owned())
            } else if (cut.files, &cut.names) != (whole_cut.files, &whole_cut.names) {
                Some("files, of which a shard is a part,".to_owned())
            } else {
                (cut.shard.of != whole_cut.shard.of).then(|| "numbers of shards".to_owned())
            };
            if let Some(what) = differs {
                return Err(ShardError::Other { dir: name(dir), what, first: name(of) });
            }
            if let Some((before, _)) = list.insert(cut.shard, (dir.clone(), cut.clone())) {
                return Err(ShardError::Twice { first: name(&before), second: name(dir), shard: cut.shard });
            }
        }
        let Some((_, run, cut)) = first else { return Err(ShardError::None { dir: String::new() }) };
        let of = cut.shard.of;
        let missing: Vec<Shard> =
            (1..=of).map(|nth| Shard { nth, of }).filter(|s| !list.contains_key(s)).collect();
        if let Some(&first) = missing.first() {
            return Err(ShardError::Missing { first, missing: missing.len() });
        }
        Ok(Self { list: list.into_values().collect(), run })
    }

    /// The settings of all of them.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        &self.run.settings
    }

    /// Puts them together; `digitizer` is of their settings.
    ///
    /// # Errors
    /// A shard without what it measured; the system refuses.
    pub fn merge(self, digitizer: &Digitizer, folder: &Folder, keep: Keep) -> Result<Staged, BatchError> {
        let (started, dir) = (SystemTime::now(), folder.path());
        let next = Next::begin(dir)?;
        pictures::clear(dir)?;
        let mut store = Store::new(&next.path(PAGES), next.out(PAGES)?);
        let all = self.list.first().map_or(0, |(_, cut)| cut.files);
        let (mut found, mut files) = (vec![FilePages::default(); all], vec![PathBuf::new(); all]);
        let mut originals = vec![None; all];
        let mut hashes: Vec<String> = vec![String::new(); all];
        for (dir, cut) in &self.list {
            pictures::copy(dir, folder.path())?;
            let mut places = cut.places();
            earlier::by_file(digitizer, dir, |path, of, pages| {
                let lacks = || ShardError::Evidence { dir: dir.display().to_string(), file: path.clone() };
                let place = places.next().filter(|&place| place < all).ok_or_else(lacks)?;
                for (page, sheets) in pages {
                    let is_copy =
                        |s: &super::Page| s.record.findings.iter().any(|f| f.code == Code::DuplicateFile);
                    if sheets.iter().any(|s| s.record.form.is_some() && s.evidence.is_none() && !is_copy(s)) {
                        return Err(lacks().into());
                    }
                    hashes[place] =
                        sheets.first().map_or_else(String::new, |s| s.record.source().sha256.clone());
                    let at = store.put(&Entry::new(path.clone(), page, of, &sheets))?;
                    found[place].put(page, of, Sheet::of_page(at, &sheets));
                }
                files[place] = PathBuf::from(path);
                Ok(())
            })?;
        }
        if let Some(place) = files.iter().position(|file| file.as_os_str().is_empty()) {
            let of = self.list.iter().find(|(_, cut)| cut.places().any(|p| p == place));
            let dir = of.map_or_else(String::new, |(dir, _)| dir.display().to_string());
            return Err(ShardError::Evidence { dir, file: format!("file {}", place + 1) }.into());
        }
        // The first file of a content is the original of all, whatever shard it is of.
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, hash) in hashes.iter().enumerate().filter(|(_, hash)| !hash.is_empty()) {
            let known = *first.entry(hash).or_insert(place);
            originals[place] = (known != place).then_some(known);
        }
        let copies: BTreeSet<usize> = (0..all).filter(|&place| originals[place].is_some()).collect();
        copies.iter().for_each(|&place| found[place] = FilePages::default());
        let (sheets, of_file) = sheets(&found);
        drop(found);
        let what = (sheets, items(&files, &originals, &of_file), self.run.inputs.clone());
        let measured = |records| Measured::since(started, records, 1);
        let photos = Photos { files: &files, ..Photos::default() };
        let staged = finish(digitizer, &photos, (store, next), what, keep, measured, &())?;
        Ok(staged.without_journal(PAGES)?)
    }
}

/// The first setting in which two differ.
pub(super) fn differing<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
) -> Option<&'a str> {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names.into_iter().find(|name| a.get(*name) != b.get(*name)).map(String::as_str)
}
