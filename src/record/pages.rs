//! One record of the pages of a sheet.
//!
//! In: the record of each page, in the sheet's order, and the sheet's form. Out: the first one's record with what stands on
//! the others: all contests in order, every number with the page that prints it. Decides nothing: what became of a contest
//! on its page stays.

use super::{PageForm, Record, Value};
use crate::decide::odds::both;
use crate::form::Form;

/// The record of a sheet of these pages, whose form is `form`; `None` of none.
pub fn of_pages(pages: Vec<Record>, form: &Form) -> Option<Record> {
    let mut pages = pages.into_iter();
    let mut out = pages.next()?;
    for mut page in pages {
        let before = out.sources.len();
        each(&mut page, |v| v.source = Some(before + v.source.unwrap_or(0)));
        out.sources.extend(page.sources);
        if let (Some(own), Some(form)) = (&mut out.form, page.form) {
            own.pages.push(PageForm { id: form.id, version: form.version, layout: form.layout });
        }
        out.status = out.status.max(page.status);
        out.confidence = both(out.confidence, page.confidence);
        out.contests.extend(page.contests);
        if out.ballots.values.is_empty() {
            out.ballots = page.ballots;
        } else if !page.ballots.values.is_empty() {
            out.ballots.state = out.ballots.state.max(page.ballots.state);
            out.ballots.confidence = both(out.ballots.confidence, page.ballots.confidence);
            out.ballots.values.extend(page.ballots.values);
        }
        out.context.extend(page.context);
        out.checks.extend(page.checks);
        let known = out.findings.len();
        out.findings.extend(page.findings);
        for ix in (known..out.findings.len()).rev() {
            if out.findings[..known].contains(&out.findings[ix]) {
                out.findings.remove(ix);
            }
        }
        let (own, other) = (&mut out.sheet, page.sheet);
        own.centre = own.centre.take().or(other.centre);
        own.table = own.table.or(other.table);
        for (id, text) in other.identity {
            own.identity.entry(id).or_insert(text);
        }
        for (id, name) in page.place {
            let own = out.place.entry(id.clone()).or_default();
            if own.is_none() && name.is_some() {
                *own = name;
                out.place_confidence.extend(page.place_confidence.get(&id).map(|&p| (id, p)));
            }
        }
    }
    out.findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    out.provenance.form = Some(form.sha256.clone());
    Some(out)
}

/// Changes each number of a record.
fn each(record: &mut Record, mut change: impl FnMut(&mut Value)) {
    for contest in &mut record.contests {
        for choice in &mut contest.choices {
            change(&mut choice.votes);
            choice.values.values_mut().for_each(&mut change);
        }
        contest.totals.values_mut().for_each(&mut change);
    }
    record.ballots.values.values_mut().chain(record.context.values_mut()).for_each(change);
}
