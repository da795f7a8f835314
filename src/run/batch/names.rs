//! Names that a page of blocks prints, held against those of the run's other pages.
//!
//! In: the sheets of a run, their evidence when it is asked for. Out: the records of pages on which a name was read in
//! another way than many other pages have it, with theirs and a mark. Numbers are never changed. Refuses to bring two
//! names together that a contest, or a page, has both of, that differ in a figure or by more than a few letters (but for what
//! another reader says in its place), or that stand in other company: contests of other choices, choices of other contests.

use super::together::Sheets;
use super::{BatchError, Page};
use crate::form::{Form, blocks};
use crate::ground::finding::{Finding, Severity, What};
use crate::read::evidence::Evidence;
use crate::run::pipeline::Digitizer;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// On so many pages at least readers say a name that others are taken for, and so many times more often than those.
const MANY: usize = 3;
/// See [`MANY`].
const TIMES: usize = 2;
/// Of a name that readers say so many times more often, another may differ in a letter, however short it is.
const RARE: usize = 10;
/// So many letters may differ at most, and one of so many.
const LETTERS: (usize, usize) = (3, 6);

/// What is called by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Contest,
    Choice,
}

/// Where something is called by a name: its page, its contest there, its row.
type Place = (usize, usize, usize);

/// Where a name stands.
#[derive(Debug, Clone, Default)]
struct Stands {
    /// What is called by it.
    called: BTreeSet<Place>,
    /// Where a reader says it, whatever that is called.
    said: BTreeSet<Place>,
    /// What else readers say where something is called by it.
    beside: BTreeSet<String>,
    /// What it stands with: the choices of a contest, or a choice's contest.
    with: BTreeSet<Vec<String>>,
}

impl Stands {
    /// On how many pages a reader says it.
    fn pages(&self) -> usize {
        self.said.iter().map(|p| p.0).collect::<BTreeSet<_>>().len()
    }

    /// Whether both are called so side by side: two contests of a page, two choices of a contest.
    fn meets(&self, other: &Self, kind: Kind) -> bool {
        let side = |p: &Place| (p.0, if kind == Kind::Choice { p.1 } else { 0 });
        let own: BTreeSet<_> = self.called.iter().map(side).collect();
        other.called.iter().any(|p| own.contains(&side(p)))
    }
}

/// Where each name of a form stands.
type Names = BTreeMap<(String, Kind), BTreeMap<String, Stands>>;

/// A name of a page: of what, where, what readers say there, and what it stands with.
struct Named<'l> {
    kind: Kind,
    name: &'l String,
    /// Its contest on the page, and its row there.
    place: (usize, usize),
    said: BTreeSet<String>,
    with: Vec<String>,
}

/// The names of a page.
fn names(evidence: &Evidence) -> Vec<Named<'_>> {
    let said = |line: &str| -> BTreeSet<String> {
        let lines = evidence.texts.get(line).into_iter().flat_map(|t| &t.lines);
        let best = lines.flat_map(|l| &l.readings).filter_map(|r| r.says.values.first());
        best.filter_map(|(text, _)| blocks::name(text)).collect()
    };
    let mut out = Vec::new();
    for (n, block) in evidence.form.layout.iter().flat_map(|l| &l.blocks).enumerate() {
        let with = block.rows.iter().map(|r| r.clone().unwrap_or_default()).collect();
        if let Some(name) = &block.name {
            let said = said(&blocks::line_id(n, "name"));
            out.push(Named { kind: Kind::Contest, name, place: (n, 0), said, with });
        }
        for (k, name) in block.rows.iter().enumerate().filter_map(|(k, r)| Some((k, r.as_ref()?))) {
            let with = vec![block.name.clone().unwrap_or_default()];
            let said = said(&blocks::row_id(n, k));
            out.push(Named { kind: Kind::Choice, name, place: (n, k), said, with });
        }
    }
    out
}

/// The numbers of a name; a figure within a word is a letter misread.
fn figures(name: &str) -> Vec<String> {
    let words = name.split(' ').filter(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    words.map(|w| w.chars().filter(char::is_ascii_digit).collect()).collect()
}

/// Whether one name is the other misread.
fn alike(a: &str, b: &str) -> bool {
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
fn taken(all: &BTreeMap<String, Stands>, kind: Kind) -> BTreeMap<String, (String, usize)> {
    let mut out = BTreeMap::new();
    for (name, own) in all.iter().filter(|(_, own)| !own.called.is_empty()) {
        let better = all.iter().filter(|(other, there)| {
            let (read_too, often) = (own.beside.contains(*other), there.said.len() >= TIMES * own.said.len());
            // One letter of a short name is much of it.
            let rare = there.said.len() >= RARE * own.said.len() && strsim::levenshtein(name, other) == 1;
            let told = if alike(name, other) || (rare && figures(name) == figures(other)) {
                often || (read_too && there.said.len() > own.said.len())
            } else {
                often && read_too
            };
            let many = there.pages() >= MANY && !there.called.is_empty();
            *other != name && told && many && !own.meets(there, kind) && together(own, there)
        });
        if let Some((other, there)) = better.max_by_key(|(other, there)| (there.said.len(), *other)) {
            out.insert(name.clone(), (other.clone(), there.pages()));
        }
    }
    out
}

/// What the names of a run's pages are taken for. `fetch` gives a sheet's page.
///
/// # Errors
/// What that fails with.
pub(super) fn learned(
    sheets: &Sheets,
    mut fetch: impl FnMut(usize) -> Result<Page, BatchError>,
) -> Result<Taken, BatchError> {
    let mut all = Names::new();
    for ix in (0..sheets.list.len()).filter(|&ix| sheets.list[ix].laid_out) {
        let Some(evidence) = fetch(ix)?.evidence else { continue };
        for Named { kind, name, place: (n, k), said, with } in names(&evidence) {
            let of = all.entry((evidence.form.id.clone(), kind)).or_default();
            for text in &said {
                of.entry(text.clone()).or_default().said.insert((ix, n, k));
            }
            let stands = of.entry(name.clone()).or_default();
            stands.called.insert((ix, n, k));
            stands.said.insert((ix, n, k));
            stands.beside.extend(said);
            stands.with.insert(with);
        }
    }
    let all = all.iter().map(|(of, names)| (of.clone(), taken(names, of.1)));
    Ok(all.filter(|(_, taken)| !taken.is_empty()).collect())
}

/// A page with the names that stand on others; the page itself where all stay.
pub(super) fn called(digitizer: &Digitizer, taken: &Taken, page: Page) -> Page {
    let Some(evidence) = &page.evidence else { return page };
    let Some((form, findings)) = renamed(&evidence.form, taken) else { return page };
    let evidence = Evidence { form: Arc::new(form), measured: evidence.measured.clone() };
    let mut record = digitizer.record(&evidence);
    record.hold(findings);
    Page { record, evidence: Some(evidence) }
}

/// By form and kind: a name that is taken for another, with that and how many pages print it.
pub(super) type Taken = BTreeMap<(String, Kind), BTreeMap<String, (String, usize)>>;

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

    /// A name that as many pages print, one after the other from a first one, in their first contest.
    fn of(name: &str, pages: std::ops::Range<usize>, with: &[&str]) -> (String, Stands) {
        let with = with.iter().map(|&w| w.to_owned()).collect();
        let called: BTreeSet<Place> = pages.map(|page| (page, 0, 0)).collect();
        let beside = BTreeSet::new();
        (name.to_owned(), Stands { said: called.clone(), called, beside, with: [with].into() })
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
        let taken = taken(&all, Kind::Contest);
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
        let taken = taken(&all, Kind::Contest);
        assert_eq!(taken.keys().collect::<Vec<_>>(), ["County Commissioner Nortb District"]);
    }

    #[test]
    fn what_another_reader_says_there_and_more_readings_of_the_run_say_is_the_name() {
        let wrong = of("(D) Erik Hur", 0..9, &["U.S. Representative"]);
        let mut right = of("(D) Erik Hurt", 9..14, &["U.S. Representative"]);
        let taken_for = |wrong: &(String, Stands), right: &(String, Stands)| {
            let all: BTreeMap<_, _> = [wrong.clone(), right.clone()].into();
            taken(&all, Kind::Choice).into_iter().map(|(from, to)| (from, to.0)).collect::<Vec<_>>()
        };
        assert_eq!(taken_for(&wrong, &right), [], "five pages say so, nine otherwise");
        right.1.said.extend((0..9).map(|page| (page, 0, 0)));
        assert_eq!(taken_for(&wrong, &right), [], "not by the readers of these");
        let mut both = wrong.clone();
        both.1.beside.insert(right.0.clone());
        assert_eq!(taken_for(&both, &right), [(wrong.0, right.0.clone())]);
        let short = of("N5", 0..1, &["U.S. Representative"]);
        let mut other = of("No", 1..9, &["U.S. Representative"]);
        assert_eq!(taken_for(&short, &other), [], "it is no name misread by a letter or two");
        let mut both = short.clone();
        both.1.beside.insert(other.0.clone());
        assert_eq!(taken_for(&both, &other), [(short.0, other.0.clone())]);
        other.1.called.insert((0, 0, 1));
        assert_eq!(taken_for(&both, &other), [], "the contest has one that is called so");
    }
}
