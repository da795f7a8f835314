//! The run at a glance, and the register of all its sheets.
//!
//! In: all records, one by one; a little of each stays in memory ([`Seen`]). Out: counts, findings by kind, a histogram
//! of the sheets' probabilities, a strip chart for each folder or scanner; and the register as compact JSON that the
//! page's script lists and filters. Refuses nothing.

use super::audit::{Audit, Audited, audit};
use super::wording::{Both, percent, seen, title};
use crate::decide::Status;
use crate::ground::finding::Code;
use crate::picture;
use crate::record::{Record, ReviewState};
use crate::run::output::{About, Census, Counts, Measured};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// At most this many folders or scanners are charted; the rest are added up.
const GROUPS: usize = 24;
/// A strip chart has at most this many places.
const PLACES: usize = 120;
/// The lower ends of the histogram's bins, and as text: each step is one more nine.
const BINS: [(f64, &str); 7] = [
    (0.0, "0"),
    (0.5, "50"),
    (0.9, "90"),
    (0.99, "99"),
    (0.999, "99.9"),
    (0.9999, "99.99"),
    (0.99999, "99.999"),
];

/// The run at a glance.
#[derive(Debug, Serialize)]
pub struct Overview {
    pub counts: Counts,
    /// Share accepted.
    pub rate: Both,
    /// Folders and scanners that stand out.
    pub alarms: Vec<Both>,
    pub findings: Vec<FindingCount>,
    pub histogram: Vec<Bar>,
    pub groups: Vec<Group>,
    /// What the groups are: `folder` or `scanner`.
    pub grouped_by: &'static str,
    /// Sheets that wait for a person.
    pub waiting: usize,
    /// What the audit says, if there was one.
    pub audit: Option<Audit>,
    /// How many decisions the log holds that the records rest on, and the hash of the last.
    pub log: Option<(u64, String)>,
    /// What shows that the run is not as the program wrote it.
    pub edited: Vec<Both>,
}

/// How many records carry a finding.
#[derive(Debug, Serialize)]
pub struct FindingCount {
    pub code: Code,
    pub title: Both,
    pub count: usize,
    /// Length of its bar, 0 to 100.
    pub length: f64,
}

/// A bar of the histogram.
#[derive(Debug, Serialize)]
pub struct Bar {
    pub from: Both,
    pub accepted: usize,
    pub review: usize,
    pub count: usize,
    /// Heights of its parts, 0 to 100.
    pub accepted_height: f64,
    pub review_height: f64,
}

/// The sheets of a folder or scanner in input order.
#[derive(Debug, Serialize)]
pub struct Group {
    pub name: String,
    pub counts: Counts,
    pub rate: Both,
    pub places: Vec<Tick>,
}

/// One place of a strip chart: one sheet, or several when there are many.
#[derive(Debug, Serialize)]
pub struct Tick {
    /// Shares of sheets in review and rejected, 0 to 100.
    pub review: f64,
    pub rejected: f64,
}

/// What stays in memory of a record.
#[derive(Debug)]
pub struct Glance {
    path: String,
    code: Option<String>,
    status: Status,
    confidence: f64,
    codes: BTreeSet<Code>,
    part: bool,
    reviewed: bool,
    waits: bool,
    /// Whether it is shown with its evidence.
    pub open: bool,
    rank: (u8, bool, u64),
}

impl Glance {
    fn of(record: &Record) -> Self {
        Self {
            path: record.source().path.clone(),
            code: record.sheet.code.clone(),
            status: record.status,
            confidence: record.confidence,
            codes: record.findings.iter().map(|f| f.code).collect(),
            part: record.is_part(),
            reviewed: record.review.as_ref().is_some_and(|r| r.state == ReviewState::Complete),
            waits: record.waits(),
            open: super::is_open(record),
            rank: picture::rank(record),
        }
    }
}

/// The records of a run as they were seen, one by one.
#[derive(Debug, Default)]
pub struct Seen {
    /// A glance at each, in their order.
    pub all: Vec<Glance>,
    census: Census,
    audited: Audited,
}

impl Seen {
    /// Takes in the next record.
    pub fn add(&mut self, record: &Record) {
        self.all.push(Glance::of(record));
        self.census.add(record);
        self.audited.add(record);
    }

    /// A record that was seen is another now: people entered something.
    pub fn again(&mut self, ix: usize, before: &Record, after: &Record) {
        // What it is shown by stays, so that nothing moves under people's hands.
        self.all[ix] = Glance { rank: self.all[ix].rank, ..Glance::of(after) };
        self.census.again(before, after);
        self.audited.again(before, after);
    }

    /// Indices of the records in the order in which they are shown: review before rejected before accepted;
    /// contradictions first, then the least probable, then input order. Pages whose sheet stands in another record are
    /// left out.
    pub fn order(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.all.len()).filter(|&ix| !self.all[ix].part).collect();
        all.sort_by_key(|&ix| (self.all[ix].rank, ix));
        all
    }

    /// The overview of the run.
    pub fn overview(&self, about: &About) -> Overview {
        let run = self.census.clone().run(BTreeMap::new(), Measured::default());
        let (grouped_by, groups) = groups(&self.all);
        Overview {
            counts: run.counts,
            rate: share(run.counts.accepted, run.counts.sheets()),
            alarms: run.alarms.iter().map(seen).collect(),
            findings: findings(&self.all),
            histogram: histogram(&self.all),
            groups,
            grouped_by,
            waiting: self.all.iter().filter(|g| g.waits).count(),
            audit: audit(&self.audited),
            log: about.log.as_ref().map(|l| (l.entries, l.head.clone())),
            edited: about.edited.iter().map(seen).collect(),
        }
    }
}

fn share(part: usize, whole: usize) -> Both {
    let p = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    let text = if part == whole { format!("{p:.0}") } else { format!("{p:.1}") };
    Both::new(format!("{} %", text.replace('.', ",")), format!("{text}%"))
}

/// How many records carry each code, the most frequent first.
fn count_findings<'a>(records: impl IntoIterator<Item = &'a Glance>) -> Vec<(Code, usize)> {
    let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
    for code in records.into_iter().filter(|g| !g.part).flat_map(|g| &g.codes) {
        *counts.entry(*code).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts
}

fn findings(records: &[Glance]) -> Vec<FindingCount> {
    let counts = count_findings(records);
    let most = counts.first().map_or(1, |c| c.1) as f64;
    counts
        .into_iter()
        .map(|(code, count)| FindingCount {
            code,
            title: title(code),
            count,
            length: 100.0 * count as f64 / most,
        })
        .collect()
}

/// Codes and titles of the findings of some records, the most frequent first, for the filter.
pub fn finding_titles<'a>(records: impl IntoIterator<Item = &'a Glance>) -> Vec<(Code, Both)> {
    count_findings(records).into_iter().map(|(code, _)| (code, title(code))).collect()
}

fn histogram(records: &[Glance]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = BINS
        .iter()
        .map(|(_, text)| Bar {
            from: Both::new(format!("{} %", text.replace('.', ",")), format!("{text}%")),
            accepted: 0,
            review: 0,
            count: 0,
            accepted_height: 0.0,
            review_height: 0.0,
        })
        .collect();
    for record in records.iter().filter(|r| r.status != Status::Rejected) {
        let ix = BINS.iter().rposition(|bin| record.confidence >= bin.0).unwrap_or(0);
        bars[ix].count += 1;
        match record.status {
            Status::Accepted => bars[ix].accepted += 1,
            Status::Review | Status::Rejected => bars[ix].review += 1,
        }
    }
    let most = bars.iter().map(|b| b.count).max().unwrap_or(0).max(1) as f64;
    for bar in &mut bars {
        bar.accepted_height = 100.0 * bar.accepted as f64 / most;
        bar.review_height = 100.0 * bar.review as f64 / most;
    }
    bars
}

fn counts(records: &[&Glance]) -> Counts {
    let of = |status| records.iter().filter(|g| !g.part && g.status == status).count();
    Counts {
        records: records.len(),
        accepted: of(Status::Accepted),
        review: of(Status::Review),
        rejected: of(Status::Rejected),
        parts: records.iter().filter(|g| g.part).count(),
        reviewed: records.iter().filter(|g| g.reviewed).count(),
    }
}

/// The folder of a path; empty for none.
fn folder(path: &str) -> &str {
    path.rfind(['/', '\\']).map_or("", |i| &path[..i])
}

/// The part of a file name that scanners put first: up to `_` or `-`.
fn scanner(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.find(['_', '-']).map_or("", |i| &name[..i])
}

/// The records by folder; by scanner when all lie in one folder.
fn groups(records: &[Glance]) -> (&'static str, Vec<Group>) {
    let folders: BTreeSet<&str> = records.iter().map(|r| folder(&r.path)).collect();
    let (grouped_by, key): (_, fn(&str) -> &str) =
        if folders.len() > 1 { ("folder", folder) } else { ("scanner", scanner) };
    let mut members: BTreeMap<&str, Vec<&Glance>> = BTreeMap::new();
    for record in records.iter().filter(|g| !g.part) {
        members.entry(key(&record.path)).or_default().push(record);
    }
    let mut groups: Vec<(&str, Vec<&Glance>)> = members.into_iter().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.1.len()));
    if groups.len() > GROUPS {
        let rest = groups.split_off(GROUPS - 1).into_iter().flat_map(|g| g.1).collect();
        groups.push(("…", rest));
    }
    let view = |(name, members): (&str, Vec<&Glance>)| {
        let counts = counts(&members);
        let places = members
            .chunks(members.len().div_ceil(PLACES).max(1))
            .map(|sheets| {
                let of = |status| sheets.iter().filter(|r| r.status == status).count() as f64;
                let n = sheets.len() as f64;
                Tick { review: 100.0 * of(Status::Review) / n, rejected: 100.0 * of(Status::Rejected) / n }
            })
            .collect();
        Group { name: name.to_owned(), counts, rate: share(counts.accepted, counts.records), places }
    };
    (grouped_by, groups.into_iter().map(view).collect())
}

/// All sheets in the report's order as JSON for the page's script: `findings` as code, Spanish,
/// English; `rows` as path, code, status (0 accepted, 1 review, 2 rejected), stated probability,
/// indices of findings, and the place of the sheet in the report (`null` for an accepted one).
/// `place` maps a sheet's rank to its address. Safe within a script element.
pub fn register(records: &[Glance], order: &[usize], place: impl Fn(usize) -> String) -> String {
    let codes = count_findings(records);
    let rows: Vec<serde_json::Value> = order
        .iter()
        .enumerate()
        .map(|(rank, &ix)| {
            let record = &records[ix];
            let found: Vec<usize> =
                (0..codes.len()).filter(|&i| record.codes.contains(&codes[i].0)).collect();
            let status = match record.status {
                Status::Accepted => 0,
                Status::Review => 1,
                Status::Rejected => 2,
            };
            serde_json::json!([
                record.path,
                record.code,
                status,
                percent(record.confidence).en,
                found,
                record.open.then(|| place(rank)),
            ])
        })
        .collect();
    let findings: Vec<_> = codes
        .iter()
        .map(|(code, _)| {
            let both = title(*code);
            serde_json::json!([code, both.es, both.en])
        })
        .collect();
    // The escapes keep any text from ending the script element it stands in.
    serde_json::json!({ "findings": findings, "rows": rows })
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
