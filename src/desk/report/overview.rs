//! The run at a glance, and the register of all its sheets.
//!
//! In: all records. Out: counts, findings by kind, a histogram of the sheets' probabilities, a strip
//! chart for each folder or scanner; and the register as compact JSON that the page's script lists
//! and filters. Refuses nothing.

use super::audit::{Audit, audit};
use super::wording::{Both, alarm, percent, title};
use crate::decide::Status;
use crate::ground::finding::Code;
use crate::record::Record;
use crate::run::output::{Counts, alarms};
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

/// The overview of a run.
pub fn overview(records: &[Record]) -> Overview {
    let counts = Counts::of(records);
    let (grouped_by, groups) = groups(records);
    Overview {
        counts,
        rate: share(counts.accepted, counts.sheets()),
        alarms: alarms(records).iter().map(alarm).collect(),
        findings: findings(records),
        histogram: histogram(records),
        groups,
        grouped_by,
        waiting: records.iter().filter(|r| r.waits()).count(),
        audit: audit(records),
    }
}

fn share(part: usize, whole: usize) -> Both {
    let p = if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    let text = if part == whole { format!("{p:.0}") } else { format!("{p:.1}") };
    Both::new(format!("{} %", text.replace('.', ",")), format!("{text}%"))
}

/// How many records carry each code, the most frequent first.
fn count_findings<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<(Code, usize)> {
    let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
    for record in records.into_iter().filter(|r| !r.is_part()) {
        for code in record.findings.iter().map(|f| f.code).collect::<BTreeSet<_>>() {
            *counts.entry(code).or_insert(0) += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts
}

fn findings(records: &[Record]) -> Vec<FindingCount> {
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
pub fn finding_titles<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<(Code, Both)> {
    count_findings(records).into_iter().map(|(code, _)| (code, title(code))).collect()
}

fn histogram(records: &[Record]) -> Vec<Bar> {
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
fn groups(records: &[Record]) -> (&'static str, Vec<Group>) {
    let folders: BTreeSet<&str> = records.iter().map(|r| folder(&r.source().path)).collect();
    let (grouped_by, key): (_, fn(&str) -> &str) =
        if folders.len() > 1 { ("folder", folder) } else { ("scanner", scanner) };
    let mut members: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(|r| !r.is_part()) {
        members.entry(key(&record.source().path)).or_default().push(record);
    }
    let mut groups: Vec<(&str, Vec<&Record>)> = members.into_iter().collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.1.len()));
    if groups.len() > GROUPS {
        let rest = groups.split_off(GROUPS - 1).into_iter().flat_map(|g| g.1).collect();
        groups.push(("…", rest));
    }
    let view = |(name, members): (&str, Vec<&Record>)| {
        let counts = Counts::of(members.iter().copied());
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
pub fn register(records: &[Record], order: &[usize], place: impl Fn(usize) -> String) -> String {
    let codes = count_findings(records);
    let rows: Vec<serde_json::Value> = order
        .iter()
        .enumerate()
        .map(|(rank, &ix)| {
            let record = &records[ix];
            let found: Vec<usize> =
                (0..codes.len()).filter(|&i| record.findings.iter().any(|f| f.code == codes[i].0)).collect();
            let status = match record.status {
                Status::Accepted => 0,
                Status::Review => 1,
                Status::Rejected => 2,
            };
            let open = super::is_open(record);
            serde_json::json!([
                record.source().path,
                record.sheet.code,
                status,
                percent(record.confidence).en,
                found,
                open.then(|| place(rank)),
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
