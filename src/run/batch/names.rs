//! Names that a page of blocks prints, held against those of the run's other pages.
//!
//! In: the sheets of a run, their evidence when it is asked for. Out: the records of pages on which a name was read in
//! another way than many other pages have it, with theirs and a mark. Numbers are never changed. Refuses to bring two
//! names together that one page has both of, that differ in a figure or by more than a letter or two, or that stand in other
//! company: contests of other choices, choices of other contests.

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
const TIMES: usize = 2;
/// So many letters may differ at most, and one of so many.
const LETTERS: (usize, usize) = (2, 8);

/// What is called by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Contest,
    Choice,
}

/// Where a name stands.
#[derive(Debug, Clone, Default)]
struct Stands {
    /// The pages, by their index.
    on: BTreeSet<usize>,
    /// What it stands with: the choices of a contest, or a choice's contest.
    with: BTreeSet<Vec<String>>,
}

/// Where each name of a form stands.
type Names = BTreeMap<(String, Kind), BTreeMap<String, Stands>>;

/// The names of a page, each with what it stands with.
fn names(layout: &Layout) -> impl Iterator<Item = (Kind, &String, Vec<String>)> {
    layout.blocks.iter().flat_map(|block| {
        let rows: Vec<String> = block.rows.iter().map(|r| r.clone().unwrap_or_default()).collect();
        let contest = block.name.as_ref().map(|name| (Kind::Contest, name, rows));
        let of = vec![block.name.clone().unwrap_or_default()];
        contest.into_iter().chain(block.rows.iter().flatten().map(move |n| (Kind::Choice, n, of.clone())))
    })
}

/// Whether one name is the other misread.
fn alike(a: &str, b: &str) -> bool {
    let figures = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    let off = strsim::levenshtein(a, b);
    figures(a) == figures(b)
        && off <= LETTERS.0
        && off * LETTERS.1 <= a.chars().count().max(b.chars().count())
}

/// Whether two names stand in the same company somewhere: as many names, half of them alike.
fn together(a: &Stands, b: &Stands) -> bool {
    let same = |(a, b): (&String, &String)| a == b || alike(a, b);
    let like = |a: &[String], b: &[String]| {
        a.len() == b.len() && 2 * a.iter().zip(b).filter(|&p| same(p)).count() >= a.len()
    };
    a.with.iter().any(|a| b.with.iter().any(|b| like(a, b)))
}

/// What each name is taken for, where that is another.
fn taken(all: &BTreeMap<String, Stands>) -> BTreeMap<String, (String, usize)> {
    let mut out = BTreeMap::new();
    for (name, own) in all {
        let better = all.iter().filter(|(other, there)| {
            let many = there.on.len() >= MANY && there.on.len() >= TIMES * own.on.len();
            many && alike(name, other) && there.on.is_disjoint(&own.on) && together(own, there)
        });
        if let Some((other, there)) = better.max_by_key(|(other, there)| (there.on.len(), *other)) {
            out.insert(name.clone(), (other.clone(), there.on.len()));
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
        for (kind, name, with) in evidence.form.layout.iter().flat_map(names) {
            let of = all.entry((evidence.form.id.clone(), kind)).or_default();
            let stands = of.entry(name.clone()).or_default();
            stands.on.insert(ix);
            stands.with.insert(with);
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

    fn of(name: &str, pages: std::ops::Range<usize>, with: &[&str]) -> (String, Stands) {
        let with = with.iter().map(|&w| w.to_owned()).collect();
        (name.to_owned(), Stands { on: pages.collect(), with: [with].into() })
    }

    #[test]
    fn a_name_is_taken_for_that_of_many_pages_but_not_for_one_with_another_figure_or_beside_it() {
        let all: BTreeMap<_, _> = [
            of("County Treasurer", 0..20, &["(R) Pam Gregory"]),
            of("Countv Treasurer", 20..21, &["(R) Pam Greqory"]),
            of("School Board District 1", 0..12, &["Yes", "No"]),
            of("School Board District 4", 12..14, &["Yes", "No"]),
            of("Court Clerk A of the county", 0..9, &["Yes", "No"]),
            of("Court Clerk B of the county", 8..9, &["Yes", "No"]),
        ]
        .into();
        let taken = taken(&all);
        assert_eq!(taken.len(), 1);
        assert_eq!(taken["Countv Treasurer"], ("County Treasurer".to_owned(), 20));
    }

    #[test]
    fn contests_that_differ_by_two_letters_and_have_other_choices_stay_two() {
        let all: BTreeMap<_, _> = [
            of("County Commissioner North District", 0..20, &["(R) Doug Horn", "(D) Jane Roe"]),
            of("County Commissioner South District", 20..23, &["(R) Duane Monroe", "(D) Blake Watson"]),
            of("County Commissioner Nortb District", 23..24, &["(R) Doug Horm", "(D) Jane Roe"]),
        ]
        .into();
        let taken = taken(&all);
        assert_eq!(taken.keys().collect::<Vec<_>>(), ["County Commissioner Nortb District"]);
    }
}
