//! The lines of a finished run, read where they stand.
//!
//! In: its folder, whose records and evidence lie side by side, a line of each a sheet. Out: both lines of each sheet one
//! after the other, and again by their place. Refuses files of different length: the evidence is then of other records.

use crate::run::output::{self, EVIDENCE_JSONL, OutputError};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};

/// A file of lines.
struct Lines {
    path: PathBuf,
    input: BufReader<File>,
}

impl Lines {
    fn open(dir: &Path, name: &str) -> Result<Self, OutputError> {
        let input = BufReader::with_capacity(1 << 17, output::open(dir, name)?);
        Ok(Self { path: dir.join(name), input })
    }

    /// The line at a place, without its end.
    fn at(&mut self, place: u64) -> Result<String, OutputError> {
        let io = |e| OutputError::io(&self.path, e);
        let here = self.input.stream_position().map_err(io)?;
        // Lines are mostly asked for in their order.
        self.input.seek_relative(place as i64 - here as i64).map_err(io)?;
        let mut text = String::new();
        self.input.read_line(&mut text).map_err(io)?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }
}

/// The sheets of a finished run.
pub(super) struct Before {
    records: Lines,
    evidence: Lines,
    /// Where the lines of each begin, and where the next would.
    places: Vec<[u64; 2]>,
}

impl Before {
    /// Those of a folder that keeps evidence, of which none is met yet.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn open(dir: &Path) -> Result<Self, OutputError> {
        let [records, evidence] = [output::machine(dir)?, EVIDENCE_JSONL].map(|name| Lines::open(dir, name));
        Ok(Self { records: records?, evidence: evidence?, places: vec![[0, 0]] })
    }

    /// Both lines of the next sheet, until there is none.
    ///
    /// # Errors
    /// The system refuses; the files are not of one run.
    pub(super) fn next(&mut self) -> Result<Option<[String; 2]>, OutputError> {
        let ix = self.places.len() - 1;
        let lines = self.get(ix)?;
        match &lines {
            [record, evidence] if record.is_empty() && evidence.is_empty() => return Ok(None),
            [record, evidence] if record.is_empty() || evidence.is_empty() => {
                let path = self.evidence.path.display().to_string();
                let problem = "it is not of the run's records".to_owned();
                return Err(OutputError::Line { path, line: ix + 1, problem });
            }
            [record, evidence] => {
                let [a, b] = self.places[ix];
                self.places.push([a + record.len() as u64 + 1, b + evidence.len() as u64 + 1]);
            }
        }
        Ok(Some(lines))
    }

    /// Both lines of a sheet that was met: its record, and what was measured.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn get(&mut self, ix: usize) -> Result<[String; 2], OutputError> {
        let [record, evidence] = self.places[ix];
        Ok([self.records.at(record)?, self.evidence.at(evidence)?])
    }
}
