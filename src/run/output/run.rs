//! `run.json`: what is known of a run as a whole.
//!
//! In: the run's records, its settings, what was measured. Out: counts by status and by finding,
//! versions and hashes; what varies from run to run stands apart under `measured`. Refuses nothing.

use super::{OutputError, RUN_JSON};
use crate::decide::Status;
use crate::ground::dates::utc;
use crate::ground::finding::{Code, Finding, Grouped, Severity, What};
use crate::record::{Record, ReviewState};
use crate::run::inputs::Cut;
use crate::run::output::alarm::{self, Alarm, AlarmKind, Fate, GroupKind, Outcome};
use crate::run::registry::Coverage;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

/// Name and version of the schema of `run.json`.
pub const RUN_SCHEMA: &str = "cotejo.run/1";

/// What is known of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Always `cotejo.run/1`.
    pub schema: String,
    /// Version of the program.
    pub cotejo: String,
    /// The paths that it was given; a resumed run goes on with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Which of their files these are, of a shard; `cotejo merge` puts shards together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Cut>,
    /// Settings by name, as resolved.
    pub settings: BTreeMap<String, String>,
    /// Records by status.
    pub counts: Counts,
    /// How many records carry each finding, by its code.
    pub findings: BTreeMap<Code, usize>,
    /// SHA-256 of each form's definition, by `id/version`.
    pub forms: BTreeMap<String, BTreeSet<String>>,
    /// SHA-256 of each model, by name.
    pub models: BTreeMap<String, BTreeSet<String>>,
    /// SHA-256 of the written files, by name.
    pub files: BTreeMap<String, String>,
    /// What was noticed about the run as a whole.
    #[serde(default)]
    pub alarms: Vec<Finding>,
    /// The review log that the records rest on; absent where nobody reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogHead>,
    /// What showed that the run was changed outside the program, where somebody went on with it all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<Finding>,
    /// What the run holds of the registry of tables; `None` without `--registry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<Coverage>,
    /// What varies from run to run.
    pub measured: Measured,
}

/// How long a review log is and what hash its last entry has: with the chain, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Entries.
    pub entries: u64,
    /// Hash of the last; 64 zeros for none.
    pub head: String,
}

/// Records by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// All.
    pub records: usize,
    /// Every number is certain enough.
    pub accepted: usize,
    /// A person has to look.
    pub review: usize,
    /// Cannot be used.
    pub rejected: usize,
    /// Pages whose numbers stand in another record; counted nowhere else but in `records`.
    #[serde(default)]
    pub parts: usize,
    /// Of these three, those that count because of a review that people finished.
    #[serde(default)]
    pub reviewed: usize,
}

/// What varies from run to run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Measured {
    /// When it began, ISO 8601, UTC; empty when unknown.
    pub started_at: String,
    /// How long it took.
    pub seconds: f64,
    /// Records a second; 0 when no time was measured.
    pub records_per_second: f64,
    /// Photos worked on at once.
    pub jobs: usize,
}

impl Counts {
    /// Counts records.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut counts = Self::default();
        records.into_iter().for_each(|record| counts.add(record));
        counts
    }

    fn add(&mut self, record: &Record) {
        self.records += 1;
        let complete = record.review.as_ref().is_some_and(|r| r.state == ReviewState::Complete);
        self.reviewed += usize::from(complete);
        match record.status {
            _ if record.is_part() => self.parts += 1,
            Status::Accepted => self.accepted += 1,
            Status::Review => self.review += 1,
            Status::Rejected => self.rejected += 1,
        }
    }

    /// Sheets: records that are no part of another.
    pub fn sheets(&self) -> usize {
        self.records - self.parts
    }
}

impl Measured {
    /// From the moment of the start until now.
    pub fn since(started: SystemTime, records: usize, jobs: usize) -> Self {
        let seconds = started.elapsed().map_or(0.0, |d| d.as_secs_f64());
        let records_per_second = if seconds > 0.0 { records as f64 / seconds } else { 0.0 };
        Self { started_at: utc(started), seconds, records_per_second, jobs }
    }
}

/// What is counted of a run's records as they come: none stays in memory.
#[derive(Debug, Clone, Default)]
pub struct Census {
    counts: Counts,
    findings: BTreeMap<Code, usize>,
    forms: BTreeMap<String, BTreeSet<String>>,
    models: BTreeMap<String, BTreeSet<String>>,
    outcomes: Vec<Outcome>,
}

impl Census {
    /// Counts a record.
    pub fn add(&mut self, record: &Record) {
        self.counts.add(record);
        let codes: BTreeSet<Code> = record.findings.iter().map(|f| f.code).collect();
        for code in codes {
            *self.findings.entry(code).or_insert(0) += 1;
        }
        if let (Some(form), Some(hash)) = (&record.form, &record.provenance.form) {
            self.forms.entry(format!("{}/{}", form.id, form.version)).or_default().insert(hash.clone());
        }
        for (name, hash) in &record.provenance.models {
            self.models.entry(name.clone()).or_default().insert(hash.clone());
        }
        self.outcomes.extend(outcome(record));
    }

    /// A record that was counted is another now; what the program decided of it is the same.
    pub fn again(&mut self, before: &Record, after: &Record) {
        let [before, after] = [before, after].map(|r| Counts::of([r]).reviewed);
        self.counts.reviewed = self.counts.reviewed + after - before;
    }

    /// What is known of the run: its counts, hashes and alarms; `inputs`, `shard`, `files`, `registry`, `log` and `edited`
    /// are empty.
    pub fn run(self, settings: BTreeMap<String, String>, measured: Measured) -> Run {
        Run {
            schema: RUN_SCHEMA.to_owned(),
            cotejo: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: Vec::new(),
            shard: None,
            settings,
            counts: self.counts,
            findings: self.findings,
            forms: self.forms,
            models: self.models,
            files: BTreeMap::new(),
            alarms: alarm::alarms(&self.outcomes).iter().map(alarm_finding).collect(),
            log: None,
            edited: Vec::new(),
            registry: None,
            measured,
        }
    }
}

/// What became of a record's photo; `None` for a part of another. A sheet counts once; a QR code counts where one
/// was looked for.
fn outcome(record: &Record) -> Option<Outcome> {
    let fate = |well| if well { Fate::Passed } else { Fate::Failed };
    let missed = record.findings.iter().any(|f| matches!(f.code, Code::QrMissing | Code::QrForeign));
    (!record.is_part()).then(|| Outcome {
        path: record.source().path.clone(),
        sheet: fate(record.status == Status::Accepted),
        qr: (missed || record.sheet.qr.is_some()).then(|| fate(!missed)),
    })
}

/// An alarm as a finding about the run.
pub fn alarm_finding(alarm: &Alarm) -> Finding {
    let group = match alarm.group {
        GroupKind::Folder => Grouped::Folder,
        GroupKind::Scanner => Grouped::Scanner,
    };
    let (name, chance) = (alarm.name.clone(), alarm.p_value);
    let Alarm { kind, failed, of, others_failed, others, tests, .. } = *alarm;
    let what = match kind {
        AlarmKind::Review => {
            What::GroupNotAccepted { group, name, failed, of, others_failed, others, chance, tests }
        }
        AlarmKind::Qr => {
            What::GroupWithoutQr { group, name, failed, of, others_failed, others, chance, tests }
        }
    };
    Finding::new(Severity::Review, what)
}

impl Run {
    /// The run of these records.
    pub fn new(records: &[Record], settings: BTreeMap<String, String>, measured: Measured) -> Self {
        let mut census = Census::default();
        records.iter().for_each(|record| census.add(record));
        census.run(settings, measured)
    }

    /// The bytes of `run.json`.
    ///
    /// # Errors
    /// A run that JSON cannot hold; none is known.
    pub fn to_json(&self) -> Result<Vec<u8>, OutputError> {
        let mut bytes = serde_json::to_vec_pretty(self)
            .map_err(|e| OutputError::Encode { what: RUN_JSON, problem: e.to_string() })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::output::sample;

    #[test]
    fn a_folder_that_stands_out_is_an_alarm_with_its_test() {
        let records: Vec<Record> = (0..40)
            .map(|i| {
                let mut record = sample::record(&format!("{}/{i}.jpg", if i < 10 { "a" } else { "b" }));
                if i < 10 {
                    record.stand_at(Status::Review);
                }
                record
            })
            .collect();
        let run = Run::new(&records, BTreeMap::new(), Measured::default());
        let said: Vec<_> = run.alarms.iter().map(|f| (f.code, f.message.as_str())).collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, Code::GroupNotAccepted);
        assert!(
            said[0].1.starts_with("folder a: 10 of 10 sheets not accepted, elsewhere 0 of 30"),
            "{said:?}"
        );
        assert!(said[0].1.contains("Fisher's exact test p = "), "{said:?}");
    }

    #[test]
    fn a_part_of_another_record_is_counted_apart() {
        let mut part = sample::record("b.jpg");
        part.become_part(
            sample::record("a.jpg").source().page_ref(),
            Finding::told(Code::PartOfSheet, Severity::Info, "", ""),
        );
        let counts = Counts::of(&[sample::record("a.jpg"), part]);
        assert_eq!(counts, Counts { records: 2, accepted: 1, parts: 1, ..Counts::default() });
    }

    #[test]
    fn a_finding_is_counted_once_a_record() {
        let mut record = sample::record("a.jpg");
        let finding = Finding::told(Code::ChannelsDisagree, Severity::Review, "", "");
        record.findings = vec![finding.clone().on("NM_PSUV"), finding.on("EG_MUD")];
        record.stand_at(Status::Review);
        let run = Run::new(&[record, sample::record("b.jpg")], BTreeMap::new(), Measured::default());
        assert_eq!(run.findings, BTreeMap::from([(Code::ChannelsDisagree, 1)]));
        assert_eq!(run.counts, Counts { records: 2, accepted: 1, review: 1, ..Counts::default() });
    }
}
