//! Names that a page of blocks prints, held against those of the run's other pages.
//!
//! In: the sheets of a run, their evidence when it is asked for. Out: the records of pages on which a name was read in
//! another way than many other pages have it, with theirs and a mark. Numbers are never changed. Refuses to bring two
//! names together that one page has both of, that differ in a figure, or by more than a letter or two.

use super::together::Sheets;
use super::{BatchError, Page};
use crate::form::{Form, Layout};
use crate::ground::finding::{Finding, Severity, What};
use crate::read::evidence::Evidence;
use crate::record::Record;
use crate::run::pipeline::Digitizer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// On so many pages at least a name stands that others are taken for, and on so many times more than those.
const MANY: usize = 3;
/// See [`MANY`].
const TIMES: usize = 4;
/// So many letters may differ at most, and one of so many.
const LETTERS: (usize, usize) = (2, 8);

/// What is called by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Contest,
    Choice,
}

/// The pages, by their index, on which each name of a form stands.
type Names = BTreeMap<(String, Kind), BTreeMap<String, BTreeSet<usize>>>;

/// The names of a page.
fn names(layout: &Layout) -> impl Iterator<Item = (Kind, &String)> {
    let contests = layout.blocks.iter().filter_map(|b| b.name.as_ref()).map(|n| (Kind::Contest, n));
    contests.chain(layout.blocks.iter().flat_map(|b| b.rows.iter().flatten()).map(|n| (Kind::Choice, n)))
}

/// Whether one name is the other misread.
fn alike(a: &str, b: &str) -> bool {
    let figures = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    let off = strsim::levenshtein(a, b);
    figures(a) == figures(b)
        && off <= LETTERS.0
        && off * LETTERS.1 <= a.chars().count().max(b.chars().count())
}

/// What each name is taken for, where that is another.
fn taken(all: &BTreeMap<String, BTreeSet<usize>>) -> BTreeMap<String, (String, usize)> {
    let mut out = BTreeMap::new();
    for (name, pages) in all {
        let better = all.iter().filter(|(other, on)| {
            on.len() >= MANY && on.len() >= TIMES * pages.len() && alike(name, other) && on.is_disjoint(pages)
        });
        if let Some((other, on)) = better.max_by_key(|(other, on)| (on.len(), *other)) {
            out.insert(name.clone(), (other.clone(), on.len()));
        }
    }
    out
}

/// Brings the names of a run's pages together. `fetch` gives a sheet's page, `put` takes each record that changes.
///
/// # Errors
/// What the two fail with.
pub(super) fn agree(
    digitizer: &Digitizer,
    sheets: &Sheets,
    mut fetch: impl FnMut(usize) -> Result<Page, BatchError>,
    mut put: impl FnMut(usize, &Record) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let laid_out: Vec<usize> = (0..sheets.list.len()).filter(|&ix| sheets.list[ix].laid_out).collect();
    let mut all = Names::new();
    for &ix in &laid_out {
        let Some(evidence) = fetch(ix)?.evidence else { continue };
        for (kind, name) in evidence.form.layout.iter().flat_map(names) {
            let of = all.entry((evidence.form.id.clone(), kind)).or_default();
            of.entry(name.clone()).or_default().insert(ix);
        }
    }
    let taken: Taken = all.iter().map(|(of, names)| (of.clone(), taken(names))).collect();
    if taken.values().all(BTreeMap::is_empty) {
        return Ok(());
    }
    for &ix in &laid_out {
        let page = fetch(ix)?;
        let Some(evidence) = page.evidence else { continue };
        if let Some((form, findings)) = renamed(&evidence.form, &taken) {
            let mut record = digitizer.record(&Evidence { form: Arc::new(form), ..evidence });
            record.hold(findings);
            put(ix, &record)?;
        }
    }
    Ok(())
}

/// By form and kind: a name that is taken for another, with that and how many pages print it.
type Taken = BTreeMap<(String, Kind), BTreeMap<String, (String, usize)>>;

/// The form of a page with the names that stand on others, and what is said of each; `None` where all stay.
fn renamed(form: &Form, taken: &Taken) -> Option<(Form, Vec<Finding>)> {
    let mut layout = form.layout.clone()?;
    let mut findings = Vec::new();
    let mut look = |kind: Kind, name: &mut Option<String>| {
        let other = taken.get(&(form.id.clone(), kind)).zip(name.as_ref()).and_then(|(t, n)| t.get(n));
        let Some((other, count)) = other else { return };
        let read = name.replace(other.clone()).unwrap_or_default();
        let what = What::NameElsewhere { read, name: other.clone(), count: *count };
        findings.push(Finding::new(Severity::Info, what));
    };
    for block in &mut layout.blocks {
        look(Kind::Contest, &mut block.name);
        block.rows.iter_mut().for_each(|row| look(Kind::Choice, row));
    }
    if findings.is_empty() {
        return None;
    }
    Some((form.laid_out(layout)?.found(), findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_for_that_of_many_pages_but_not_for_one_with_another_figure_or_beside_it() {
        let of =
            |name: &str, pages: std::ops::Range<usize>| (name.to_owned(), pages.collect::<BTreeSet<_>>());
        let all: BTreeMap<_, _> = [
            of("County Treasurer", 0..20),
            of("Countv Treasurer", 20..21),
            of("School Board District 1", 0..12),
            of("School Board District 4", 12..14),
            of("Court Clerk A of the county", 0..9),
            of("Court Clerk B of the county", 8..9),
        ]
        .into();
        let taken = taken(&all);
        assert_eq!(taken.len(), 1);
        assert_eq!(taken["Countv Treasurer"], ("County Treasurer".to_owned(), 20));
    }
}
