//! An evaluation as text for people: what matters most stands first.

use super::{Bin, Evaluation, Tally, upper_bound};
use crate::decide::Status;
use crate::ground::finding::Code;
use crate::read::glyphs::Channel;
use std::fmt;

/// A channel in one word.
fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Digits => "digits",
        Channel::Words => "words",
        Channel::Qr => "qr",
    }
}

/// `part` of `whole` in per cent.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.sheets.len();
        let bad = self.count(super::SheetResult::accepted_wrong);
        writeln!(f, "accepted and wrong: {bad}")?;
        for sheet in self.sheets.iter().filter(|s| s.accepted_wrong()) {
            writeln!(f, "  {} (stated probability of being right {:.6})", sheet.path, sheet.confidence)?;
            if let (Some(defect), Some(expected)) = (&sheet.defect, sheet.expected) {
                writeln!(f, "    made with: {defect}; expected: {}", expected.word())?;
            }
            for d in &sheet.wrong {
                writeln!(f, "    {}: {} instead of {}", d.field, d.value, d.truth)?;
            }
            for field in &sheet.unread {
                writeln!(f, "    {field}: no value")?;
            }
        }
        if !self.lost.is_empty() {
            writeln!(f, "lost (truth without a record): {}", self.lost.len())?;
            for file in &self.lost {
                writeln!(f, "  {file}")?;
            }
        }
        let of = |count| format!("{count:>5} of {n} ({:.1} %)", share(count, n));
        let by = |wanted| self.count(|s| s.status == wanted);
        let accepted = by(Status::Accepted);
        writeln!(f, "accepted:    {}", of(accepted))?;
        writeln!(f, "review:      {}", of(by(Status::Review)))?;
        writeln!(f, "rejected:    {}", of(by(Status::Rejected)))?;
        writeln!(f, "fully right: {}", of(self.count(super::SheetResult::fully_right)))?;
        let open: usize = self.sheets.iter().map(|s| s.context_open.len()).sum();
        let wrong = || self.sheets.iter().flat_map(|s| s.context_wrong.iter().map(move |d| (s, d)));
        writeln!(f, "context, which no sheet is accepted by: {} wrong, {open} open", wrong().count())?;
        for (sheet, d) in wrong() {
            writeln!(f, "  {}: {} {} for {}", sheet.path, d.field, d.value, d.truth)?;
        }
        writeln!(
            f,
            "error rate of accepted sheets: {:.4} measured, at most {:.4} with 95 % confidence",
            if accepted == 0 { 0.0 } else { bad as f64 / accepted as f64 },
            upper_bound(bad, accepted)
        )?;
        expected(self, f)?;

        writeln!(f, "\naccepted by the stated probability alone")?;
        writeln!(f, "  max error  accepted  wrong")?;
        for level in &self.levels {
            writeln!(f, "  {:>9e}  {:>8}  {:>5}", level.max_error, level.accepted, level.wrong)?;
        }

        writeln!(f, "\nchannel   right  wrong  unread")?;
        for (&id, tally) in &self.channels {
            line(f, channel(id), *tally)?;
        }
        writeln!(f, "\nfields with faults       right  wrong  unread")?;
        let total = self.fields.iter().fold(Tally::default(), |a, b| Tally {
            right: a.right + b.tally.right,
            wrong: a.wrong + b.tally.wrong,
            unread: a.unread + b.tally.unread,
        });
        for field in self.fields.iter().filter(|x| x.tally.wrong + x.tally.unread > 0) {
            writeln!(
                f,
                "{:<23} {:>6} {:>6} {:>7}",
                field.id, field.tally.right, field.tally.wrong, field.tally.unread
            )?;
        }
        writeln!(f, "{:<23} {:>6} {:>6} {:>7}", "all fields", total.right, total.wrong, total.unread)?;

        for (&id, bins) in &self.channel_reliability {
            reliability(f, &format!("{} alone", channel(id)), bins)?;
        }
        reliability(f, "decided values", &self.value_reliability)?;
        reliability(f, "whole sheets", &self.sheet_reliability)?;

        let open: Vec<_> = self.sheets.iter().filter(|s| !s.fully_right() && s.known > 0).collect();
        writeln!(f, "\nsheets that are not fully right: {}", open.len())?;
        for sheet in open {
            let wrong: Vec<String> =
                sheet.wrong.iter().map(|d| format!("{} {} for {}", d.field, d.value, d.truth)).collect();
            writeln!(
                f,
                "  {} [{}] wrong: {}; unread: {}; findings: {}",
                sheet.path,
                sheet.status.word(),
                if wrong.is_empty() { "none".to_owned() } else { wrong.join(", ") },
                few(&sheet.unread),
                few(&sheet.findings.iter().map(Code::to_string).collect::<Vec<_>>()),
            )?;
        }
        if !self.unknown.is_empty() {
            writeln!(f, "\nrecords without truth: {}", self.unknown.len())?;
        }
        Ok(())
    }
}

/// Up to eight of a list, and how many more.
fn few(list: &[String]) -> String {
    match list.len() {
        0 => "none".to_owned(),
        n if n > 8 => format!("{} and {} more", list[..8].join(", "), n - 8),
        _ => list.join(", "),
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, tally: Tally) -> fmt::Result {
    let n = tally.right + tally.wrong + tally.unread;
    writeln!(
        f,
        "{name:<7} {:>7} {:>6} {:>7}   right {:.2} %, wrong {:.2} %",
        tally.right,
        tally.wrong,
        tally.unread,
        share(tally.right, n),
        share(tally.wrong, n)
    )
}

/// Made-up sheets by what was done to them: how many became what they should.
fn expected(evaluation: &Evaluation, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut defects: std::collections::BTreeMap<&str, (usize, usize)> = std::collections::BTreeMap::new();
    for sheet in &evaluation.sheets {
        if let Some(expected) = sheet.expected {
            let entry = defects.entry(sheet.defect.as_deref().unwrap_or("none")).or_default();
            entry.0 += 1;
            entry.1 += usize::from(sheet.status == expected);
        }
    }
    if !defects.is_empty() {
        writeln!(f, "\nmade with            sheets  as expected")?;
    }
    for (defect, (n, met)) in defects {
        writeln!(f, "{defect:<20} {n:>6}  {met:>11}")?;
    }
    Ok(())
}

fn reliability(f: &mut fmt::Formatter<'_>, title: &str, bins: &[Bin]) -> fmt::Result {
    writeln!(f, "\nreliability, {title}: stated from   n   right   share right   stated")?;
    for bin in bins.iter().filter(|b| b.n > 0) {
        writeln!(
            f,
            "  {:<8} {:>6} {:>6}   {:>9.5}   {:>9.5}",
            bin.from,
            bin.n,
            bin.right,
            bin.right as f64 / bin.n as f64,
            bin.stated / bin.n as f64
        )?;
    }
    Ok(())
}
