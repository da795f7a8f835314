//! One sheet as the page shows it: texts, numbers, pictures, nothing left to compute.
//!
//! In: a record, its form, its pictures. Out: [`Sheet`]. Refuses nothing.

use super::wording::{Both, advice, detail, label, percent, title};
use crate::decide::{Basis, Check, Status};
use crate::form::{FieldIx, FieldKind, Form, Levels, RelationOp};
use crate::ground::finding::{Code, Finding, Severity};
use crate::picture::{Mark, Picture, SheetPictures, doubtful};
use crate::record::{Print, Record, ReviewState, Value};
use serde::Serialize;
use std::collections::BTreeSet;

/// A sheet.
#[derive(Debug, Serialize)]
pub struct Sheet {
    /// Its place in the report's order, from 0; its anchor is `s` and this number.
    pub rank: usize,
    pub status: Status,
    pub path: String,
    pub page: u32,
    pub code: Option<String>,
    pub centre: Option<String>,
    pub table: Option<u32>,
    /// What people call such a table.
    pub level: Both,
    pub place: String,
    pub qr: Option<String>,
    pub sha256: String,
    pub confidence: Both,
    /// Whether it is doubt that holds it back, and not something seen on it.
    pub unsure: bool,
    /// Codes of its findings, with spaces between.
    pub codes: String,
    pub reasons: Vec<Reason>,
    pub sums: Vec<Sum>,
    pub ways: Ways,
    pub cells: Vec<Cell>,
    pub strip: Option<StripView>,
    pub numbers: Vec<Number>,
    /// How far people are, if they have begun: a word of `ReviewState`.
    pub review: Option<ReviewState>,
    /// Who reviewed it.
    pub by: String,
    /// What the review asks; `None` in the static report.
    pub desk: Option<Asked>,
}

/// What the review asks of one sheet.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Asked {
    /// The sheet's key.
    pub key: String,
    /// The fields, in order.
    pub entries: Vec<Entry>,
    /// What stands above the frame.
    pub head: Option<Picture>,
}

/// What the review asks of one field.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Field id, `@sheet` or `@code`.
    pub field: String,
    /// `number`, `code` or `sheet`.
    pub kind: &'static str,
    /// `open`, `done`, `again` (waits for another entry) or `clash`.
    pub state: &'static str,
    /// Whether values known so far are kept from who enters.
    pub hidden: bool,
    /// What stands, if it may be shown.
    pub value: Option<String>,
    /// Who set it.
    pub who: String,
    /// Values that are no surprise, with spaces between; for the page's own check of typing errors.
    pub likely: String,
    /// Most characters of an entry.
    pub longest: usize,
    /// What several people said, where they contradict each other.
    pub others: Vec<(String, String)>,
}

/// Why it is here: the findings of one kind.
#[derive(Debug, Serialize)]
pub struct Reason {
    pub severity: Severity,
    pub title: Both,
    pub details: Vec<Both>,
    pub advice: Both,
}

/// A relation that does not hold, as arithmetic.
#[derive(Debug, Serialize)]
pub struct Sum {
    pub left: Vec<Term>,
    pub right: Vec<Term>,
    pub left_sum: Option<u32>,
    pub right_sum: Option<u32>,
    /// What stands between the sides: `≠` or `>`.
    pub sign: &'static str,
    /// Left minus right, with its sign.
    pub difference: String,
}

/// One number of a relation.
#[derive(Debug, Serialize)]
pub struct Term {
    pub label: String,
    pub value: Option<u32>,
}

/// In which ways, beside digits, a sheet prints numbers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ways {
    pub words: bool,
    pub qr: bool,
    pub percent: bool,
}

/// A doubtful field.
#[derive(Debug, Serialize)]
pub struct Cell {
    pub field: String,
    pub label: String,
    pub sub: String,
    pub digits: Option<Picture>,
    pub words: Option<Picture>,
    pub number: Number,
    pub entry: Option<Entry>,
}

/// A field's number with its channels.
#[derive(Debug, Serialize)]
pub struct Number {
    pub label: String,
    pub value: Option<u32>,
    pub confidence: Both,
    pub basis: Basis,
    pub alternatives: Vec<(u32, Both)>,
    pub digits: Option<Said>,
    pub words: Option<Said>,
    pub qr: Option<Said>,
    /// Its share of another number.
    pub percent: Option<Said>,
    /// Whether a channel says another value than the one decided.
    pub differs: bool,
    /// The person who set it, and the value before, as text.
    pub set_by: Option<(String, String)>,
}

/// What a channel says.
#[derive(Debug, Serialize)]
pub struct Said {
    pub value: Option<String>,
    pub confidence: Both,
    pub differs: bool,
}

/// The strip with the doubtful cells marked.
#[derive(Debug, Serialize)]
pub struct StripView {
    pub picture: Picture,
    pub marks: Vec<Mark>,
}

/// A record as a sheet of the page; with `desk`, its cells are those that the review asks for.
pub fn sheet(
    record: &Record,
    form: Option<&Form>,
    pictures: &SheetPictures,
    rank: usize,
    desk: Option<Asked>,
) -> Sheet {
    let ids: Vec<String> = match &desk {
        Some(asked) => asked.entries.iter().map(|e| e.field.clone()).collect(),
        None if record.status == Status::Accepted => Vec::new(),
        None => doubtful(record),
    };
    let mut cells: Vec<Cell> = ids.iter().filter_map(|id| cell(id, record, form, pictures)).collect();
    let mut hides = false;
    for entry in desk.iter().flat_map(|d| &d.entries).filter(|e| e.kind == "number") {
        if let Some(cell) = cells.iter_mut().find(|c| c.field == entry.field) {
            cell.entry = Some(entry.clone());
            if entry.hidden {
                hides = true;
                cell.number = blank(cell.label.clone());
            }
        }
    }
    let mut findings: Vec<_> = record.findings.iter().collect();
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let codes: BTreeSet<Code> = record.findings.iter().map(|f| f.code).collect();
    let levels = form.map_or_else(Levels::default, |f| f.levels.clone());
    let names = levels.all().iter().skip(1).filter_map(|level| record.place.get(&level.id)?.clone());
    let place = names.collect::<Vec<_>>().join(" · ");
    Sheet {
        rank,
        status: record.status,
        path: record.source().path.clone(),
        page: record.source().page,
        code: record.sheet.code.clone(),
        centre: record.sheet.centre.clone(),
        table: record.sheet.table,
        place,
        level: Both::new(levels.table().es.as_str(), levels.table().en.as_str()),
        qr: record.sheet.qr.clone(),
        sha256: record.source().sha256.clone(),
        confidence: percent(record.confidence),
        unsure: codes.contains(&Code::LowConfidence),
        codes: codes.into_iter().map(Code::name).collect::<Vec<_>>().join(" "),
        // Where a value is hidden, nothing beside it may tell it.
        reasons: if hides { Vec::new() } else { reasons(&findings) },
        sums: record
            .checks
            .iter()
            .filter(|c| c.holds == Some(false) && !hides)
            .filter_map(|c| sum(c, record, form))
            .collect(),
        strip: pictures.strip.as_ref().map(|s| StripView {
            picture: s.picture.clone(),
            marks: s.marks.iter().filter(|m| ids.contains(&m.field)).cloned().collect(),
        }),
        ways: Ways {
            words: record.numbers().any(|(_, v)| v.prints.words.is_some()),
            qr: form.is_none_or(|f| f.qr.is_some()),
            percent: record.numbers().any(|(_, v)| v.prints.percent.is_some()),
        },
        cells,
        numbers: if hides {
            Vec::new()
        } else {
            record.numbers().map(|(id, v)| number(label(&id, record, form), v)).collect()
        },
        review: record.review.as_ref().map(|r| r.state),
        by: record.review.as_ref().map_or_else(String::new, |r| r.by.join(", ")),
        desk,
    }
}

/// Findings by kind, in the order given.
fn reasons(findings: &[&Finding]) -> Vec<Reason> {
    let mut out: Vec<(Code, Reason)> = Vec::new();
    for finding in findings {
        let detail = Some(detail(finding)).filter(|d| !d.es.is_empty());
        match out.iter_mut().find(|r| r.0 == finding.code) {
            Some((_, reason)) => reason.details.extend(detail),
            None => out.push((
                finding.code,
                Reason {
                    severity: finding.severity,
                    title: title(finding.code),
                    details: detail.into_iter().collect(),
                    advice: advice(finding),
                },
            )),
        }
    }
    out.into_iter().map(|r| r.1).collect()
}

fn cell(id: &str, record: &Record, form: Option<&Form>, pictures: &SheetPictures) -> Option<Cell> {
    let value = record.value(id)?;
    let cut = pictures.cells.iter().find(|c| c.field == id);
    let label = label(id, record, form);
    let sub = record.choice(id).map_or_else(String::new, |v| {
        let name = form.and_then(|f| f.candidates.iter().find(|c| c.id == v.candidate));
        format!("{} · {}", name.map_or(v.candidate.as_str(), |c| c.name.as_str()), v.code)
    });
    Some(Cell {
        field: id.to_owned(),
        sub,
        digits: cut.and_then(|c| c.digits.clone()),
        words: cut.and_then(|c| c.words.clone()),
        number: number(label.clone(), value),
        label,
        entry: None,
    })
}

/// A number of which nothing is told.
fn blank(label: String) -> Number {
    Number {
        label,
        value: None,
        confidence: Both::same(""),
        basis: Basis::Read,
        alternatives: Vec::new(),
        digits: None,
        words: None,
        qr: None,
        percent: None,
        differs: false,
        set_by: None,
    }
}

fn number(label: String, value: &Value) -> Number {
    let said = |c: &Option<Print>| {
        c.as_ref().map(|c| Said {
            value: c.value.map(|v| v.to_string()),
            confidence: percent(c.confidence),
            differs: c.value.zip(value.value).is_some_and(|(c, v)| c != v),
        })
    };
    let channels = &value.prints;
    let (digits, words, qr) = (said(&channels.digits), said(&channels.words), said(&channels.qr));
    let share = channels.percent.as_ref().map(|share| Said {
        value: share.value.map(|v| v.to_string()),
        confidence: percent(share.confidence),
        differs: false,
    });
    let differs = [&digits, &words, &qr].into_iter().flatten().any(|s| s.differs);
    Number {
        label,
        value: value.value,
        confidence: percent(value.confidence),
        basis: value.basis,
        // Below one in a thousand an alternative is noise to a reader.
        alternatives: value
            .alternatives
            .iter()
            .filter(|a| a.confidence >= 1e-3)
            .map(|a| (a.value, percent(a.confidence)))
            .collect(),
        digits,
        words,
        qr,
        percent: share,
        differs,
        set_by: value
            .set_by
            .as_ref()
            .map(|s| (s.who.clone(), s.was.map_or_else(|| "—".to_owned(), |v| v.to_string()))),
    }
}

/// A check as arithmetic; `None` when the form does not know it.
fn sum(check: &Check, record: &Record, form: Option<&Form>) -> Option<Sum> {
    let form = form?;
    let relation = form.relations.iter().find(|r| r.id == check.id)?;
    let terms = |side: &[FieldIx]| -> Vec<Term> {
        let term = |&ix: &FieldIx| {
            let field = &form.fields[ix];
            let value = record.numbers().find(|f| f.0 == field.id).and_then(|f| f.1.value);
            let label = match &field.kind {
                FieldKind::Vote { party, .. } => party.clone(),
                FieldKind::Value { .. } | FieldKind::Total | FieldKind::Header => field.label.clone(),
            };
            Term { label, value }
        };
        side.iter().map(term).collect()
    };
    let (left, right) = (check.left?, check.right?);
    let difference = i64::from(left) - i64::from(right);
    Some(Sum {
        left: terms(&relation.left),
        right: terms(&relation.right),
        left_sum: check.left,
        right_sum: check.right,
        sign: match relation.op {
            RelationOp::Equals => "≠",
            RelationOp::AtMost => ">",
        },
        difference: if difference < 0 {
            format!("−{}", difference.unsigned_abs())
        } else {
            format!("+{difference}")
        },
    })
}
