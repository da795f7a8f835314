//! A run's folder, opened to be read: whether its files are those that the program wrote.
//!
//! In: the folder, the known forms. Out: [`Opened`], with what shows that a file was changed since: another SHA-256 of
//! `records.jsonl` than `run.json` names, another number of records, a sum or relation that a record states and its own
//! numbers do not give. Whoever reads a run either refuses that ([`Opened::unedited`]) or says it in all that it makes
//! of the run ([`About`]). Refuses a folder without a run and a line that is no record.

use super::records::Source;
use super::{LogHead, OutputError, RECORDS_JSONL, Run, open_if_there, run_of};
use crate::decide::{Check, check};
use crate::form::{Form, RelationOp};
use crate::ground::finding::{Finding, Severity, What};
use crate::record::Record;
use rayon::prelude::*;
use serde::Serialize;
use std::borrow::Borrow;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Lines that are looked at side by side.
const CHUNK: usize = 64;
/// A folder that changes while it is looked at is looked at again, so often.
const TRIES: usize = 3;
/// So many contradictions are told.
const TOLD: usize = 20;

/// What whatever is made of a run says of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct About {
    /// SHA-256 of `records.jsonl`.
    pub records_sha256: String,
    /// How many records it holds.
    pub records: usize,
    /// The review log that the records rest on; absent where nobody reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogHead>,
    /// What shows that the run is not as the program wrote it; absent where nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<Finding>,
}

impl About {
    /// What is to be said of a run.
    pub fn of(run: &Run) -> Self {
        let records_sha256 = run.files.get(RECORDS_JSONL).cloned().unwrap_or_default();
        Self { records_sha256, records: run.counts.records, log: run.log.clone(), edited: run.edited.clone() }
    }
}

/// A run's folder whose files were looked at.
#[derive(Debug, Clone)]
pub struct Opened {
    dir: PathBuf,
    path: PathBuf,
    /// The file that was looked at.
    records: Arc<File>,
    run: Option<Run>,
    about: About,
    new: bool,
}

impl Opened {
    /// Looks at a run's files.
    ///
    /// # Errors
    /// The folder holds no run; a file cannot be read, or a line is no record.
    pub fn of<F: Borrow<Form> + Sync>(dir: &Path, forms: &[F]) -> Result<Self, OutputError> {
        Self::with(dir, RECORDS_JSONL, forms)
    }

    /// The same of a folder whose records stand in the file `name`.
    ///
    /// # Errors
    /// As [`Opened::of`].
    pub fn with<F: Borrow<Form> + Sync>(dir: &Path, name: &str, forms: &[F]) -> Result<Self, OutputError> {
        for _ in 1..TRIES {
            let opened = Self::looked_at(dir, name, forms)?;
            // A state that began to hold meanwhile is no edited one.
            if !opened.new || run_of(dir)? == opened.run {
                return Ok(opened);
            }
        }
        Self::looked_at(dir, name, forms)
    }

    fn looked_at<F: Borrow<Form> + Sync>(dir: &Path, name: &str, forms: &[F]) -> Result<Self, OutputError> {
        let run = run_of(dir)?;
        let records = open_if_there(dir, name)?;
        let records = records.ok_or_else(|| OutputError::NoRun { dir: dir.display().to_string() })?;
        let path = dir.join(name);
        let mut source = Source::of(&records, &path)?;
        let mut sums = Vec::new();
        loop {
            let lines = source.lines(CHUNK)?;
            if lines.is_empty() {
                break;
            }
            let looked = lines.par_iter().map(|line| Ok(contradictions(&source.record(line)?, forms)));
            let looked: Vec<_> = looked.collect::<Result<_, OutputError>>()?;
            for (line, found) in lines.iter().zip(looked) {
                let edited = |(sum, stated, given)| {
                    let file = dir.join(name).display().to_string();
                    finding(What::SumEdited { file, line: line.n, sum, stated, given })
                };
                sums.extend(found.into_iter().map(edited).take(TOLD.saturating_sub(sums.len())));
            }
        }
        let (found, n) = source.finish();
        let file = dir.join(name).display().to_string();
        let mut edited = sums;
        let stated = run.as_ref().and_then(|r| r.files.get(name).cloned());
        match (&run, stated) {
            (Some(run), Some(stated)) => {
                if run.counts.records != n {
                    let (stated, file) = (run.counts.records, file.clone());
                    edited.push(finding(What::RecordsCount { file, stated, found: n }));
                }
                if stated != found {
                    edited.push(finding(What::FileEdited { file, stated, found: found.clone() }));
                }
            }
            _ => edited.push(finding(What::FileUnattested { file })),
        }
        let new = !edited.is_empty();
        // What was noticed once stays told.
        edited.splice(0..0, run.iter().flat_map(|r| r.edited.iter().cloned()));
        let log = run.as_ref().and_then(|r| r.log.clone());
        let about = About { records_sha256: found, records: n, log, edited };
        Ok(Self { dir: dir.to_owned(), path, records: Arc::new(records), run, about, new })
    }

    /// Hands over the records that were looked at, one by one, in their order: those, also where another state of the
    /// folder holds by now.
    ///
    /// # Errors
    /// The file cannot be read; what `each` returns.
    pub fn visit<E: From<OutputError>>(&self, each: impl FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        Source::of(&self.records, &self.path)?.visit(each)
    }

    /// Adds what was noticed elsewhere.
    pub fn notice(&mut self, problem: Finding) {
        self.new = true;
        self.about.edited.push(problem);
    }

    /// Itself, if it is as the program wrote it, or as somebody went on with knowingly.
    ///
    /// # Errors
    /// It was changed since.
    pub fn unedited(self) -> Result<Self, OutputError> {
        if self.new { Err(OutputError::Edited { findings: self.about.edited }) } else { Ok(self) }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What `run.json` says; `None` where there is none.
    pub fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// What is to be said of it.
    pub fn about(&self) -> &About {
        &self.about
    }
}

fn finding(what: What) -> Finding {
    Finding::new(Severity::Review, what)
}

/// Whether a file of a folder is the one that its `run.json` names; `None` where that names none.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn attested(dir: &Path, name: &str, run: Option<&Run>) -> Result<Option<Finding>, OutputError> {
    let Some(stated) = run.and_then(|r| r.files.get(name)) else { return Ok(None) };
    let found = sha256_of(dir, name)?;
    let file = dir.join(name).display().to_string();
    Ok((found != *stated).then(|| finding(What::FileEdited { file, stated: stated.clone(), found })))
}

/// SHA-256 of a file of a run's folder.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn sha256_of(dir: &Path, name: &str) -> Result<String, OutputError> {
    let mut source = Source::open(dir, name)?;
    while !source.lines(CHUNK)?.is_empty() {}
    Ok(source.finish().0)
}

/// The sums and relations of a record that its numbers do not give as stated: which, as stated, as given.
fn contradictions<F: Borrow<Form>>(record: &Record, forms: &[F]) -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    let number = |n: Option<u32>| n.map_or_else(|| "—".to_owned(), |n| n.to_string());
    for contest in &record.contests {
        let mut counted = contest.clone();
        counted.recount();
        for (candidate, stated) in &contest.candidates {
            let given = counted.candidates.get(candidate).copied().flatten();
            if given != *stated {
                out.push((candidate.clone(), number(*stated), number(given)));
            }
        }
    }
    let Some(form) = record.form_of(forms).filter(|f| record.provenance.form.as_ref() == Some(&f.sha256))
    else {
        return out;
    };
    let values: Vec<Option<u32>> =
        form.fields.iter().map(|f| record.value(&f.id).and_then(|v| v.value)).collect();
    for stated in &record.checks {
        let Some(relation) = form.relations.iter().find(|r| r.id == stated.id) else { continue };
        let given = check(relation, &values);
        let told = |c: &Check| {
            let sign = match (relation.op, c.holds) {
                (_, None) => "?",
                (RelationOp::Equals, Some(true)) => "=",
                (RelationOp::Equals, Some(false)) => "≠",
                (RelationOp::AtMost, Some(true)) => "≤",
                (RelationOp::AtMost, Some(false)) => ">",
            };
            format!("{} {sign} {}", number(c.left), number(c.right))
        };
        if given != *stated {
            out.push((stated.id.clone(), told(stated), told(&given)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::builtin;
    use crate::run::output::{Census, Folder, Measured, Overwrite, RUN_JSON, sample};
    use std::collections::BTreeMap;

    fn folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let form = &builtin().unwrap()[0];
        let mut records = vec![sample::record("a.jpg"), sample::record("b.jpg")];
        records[1].form.as_mut().unwrap().id = form.id.clone();
        records[1].provenance.form = Some(form.sha256.clone());
        let values: Vec<Option<u32>> =
            form.fields.iter().map(|f| records[1].value(&f.id).and_then(|v| v.value)).collect();
        records[1].checks = form.relations.iter().map(|r| check(r, &values)).collect();
        let mut census = Census::default();
        records.iter().for_each(|r| census.add(r));
        let run = census.run(BTreeMap::new(), Measured::default());
        Folder::create(dir.path(), Overwrite::Refuse)
            .unwrap()
            .write(&records, &builtin().unwrap(), run)
            .unwrap();
        dir
    }

    fn edit(dir: &Path, line: usize, from: &str, to: &str) {
        let path = dir.join(RECORDS_JSONL);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert!(lines[line].contains(from), "{}", lines[line]);
        lines[line] = lines[line].replacen(from, to, 1);
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }

    fn open(dir: &Path) -> Opened {
        Opened::of(dir, &builtin().unwrap()).unwrap()
    }

    #[test]
    fn a_run_is_as_it_was_written_until_a_byte_of_its_records_changes() {
        let dir = folder();
        let opened = open(dir.path()).unedited().unwrap();
        assert_eq!((opened.about().records, opened.about().edited.len()), (2, 0));
        edit(dir.path(), 0, "0.99995", "0.99996");
        let said = open(dir.path()).unedited().unwrap_err().to_string();
        assert!(
            said.contains("records.jsonl") && said.contains("SHA-256") && said.contains("--edited"),
            "{said}"
        );
    }

    #[test]
    fn an_edited_number_is_found_on_its_line_also_where_the_hash_was_made_to_fit() {
        for (line, from, to, names) in [
            // A row whose candidate's sum stands beside it.
            (0, "\"value\":20", "\"value\":520", "line 1: NM stands there as 30"),
            // A total that only a relation of the form knows.
            (1, "\"votos\":{\"value\":62", "\"votos\":{\"value\":562", "line 2: votos_"),
        ] {
            let dir = folder();
            edit(dir.path(), line, from, to);
            let said = open(dir.path()).unedited().unwrap_err().to_string();
            assert!(said.contains(names), "{said}");
            let path = dir.path().join(RUN_JSON);
            let mut run: Run = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let bytes = std::fs::read(dir.path().join(RECORDS_JSONL)).unwrap();
            run.files.insert(RECORDS_JSONL.to_owned(), crate::ground::hash::sha256(&bytes));
            std::fs::write(&path, run.to_json().unwrap()).unwrap();
            assert!(open(dir.path()).unedited().unwrap_err().to_string().contains(names));
        }
    }

    #[test]
    fn what_was_looked_at_is_what_is_handed_over_whatever_holds_by_then() {
        let dir = folder();
        let opened = open(dir.path());
        let other = [sample::record("c.jpg")];
        let run = Run::new(&other, BTreeMap::new(), Measured::default());
        Folder::create(dir.path(), Overwrite::Replace)
            .unwrap()
            .write(&other, &builtin().unwrap(), run)
            .unwrap();
        for _ in 0..2 {
            let mut paths = Vec::new();
            let keep = |record: Record| {
                paths.push(record.source().path.clone());
                Ok::<_, OutputError>(())
            };
            opened.visit(keep).unwrap();
            assert_eq!(paths, ["a.jpg", "b.jpg"]);
        }
        assert_eq!(open(dir.path()).unedited().unwrap().about().records, 1);
    }

    #[test]
    fn a_record_less_and_a_run_without_its_run_json_are_told() {
        let dir = folder();
        let path = dir.path().join(RECORDS_JSONL);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.lines().next().unwrap().to_owned() + "\n").unwrap();
        let said = open(dir.path()).unedited().unwrap_err().to_string();
        assert!(said.contains("holds 1 records, run.json says 2"), "{said}");
        std::fs::write(&path, text).unwrap();
        std::fs::remove_file(dir.path().join(RUN_JSON)).unwrap();
        assert!(open(dir.path()).unedited().unwrap_err().to_string().contains("run.json is not beside it"));
    }
}
