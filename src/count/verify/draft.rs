//! A draft of a crosswalk, for a person to check.
//!
//! In: a table, the names of a run's sheets, and what of them was matched already. Out: TOML: the crosswalk at hand with a
//! pair for every name that is left over, as far as one is likely: precincts whose rows hold the votes of a sheet, contests
//! with the same votes in the same precincts, choices with equal votes; where that is not enough, names that are alike. Beside
//! each pair stands what speaks for it; what no pair was found for is listed. Refuses nothing, and is sure of nothing.

use super::crosswalk::{ContestNames, Crosswalk, key};
use super::named::{Matched, Named, NamedRow, NamedTable, Sheets};
use super::{Side, UnitKey};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// From this share of equal votes a pair is proposed, whatever it is called.
const EQUAL: f64 = 0.5;
/// From here names are alike enough, whatever the votes are.
const ALIKE: f64 = 0.6;
/// What likeness of names counts beside the share of equal votes.
const NAME: f64 = 0.3;
/// Precincts that contests and choices are held against each other in at most.
const PRECINCTS: usize = 100;

/// A pair that was found, with what speaks for it.
struct Pair {
    a: usize,
    b: usize,
    score: f64,
    why: String,
}

/// How far two names are alike, 0 to 1: letter by letter, or by the words that they share.
fn alike(a: &str, b: &str) -> f64 {
    let (a, b) = (key(a), key(b));
    let words = |t: &str| t.split(' ').map(str::to_owned).collect::<BTreeSet<_>>();
    let (wa, wb) = (words(&a), words(&b));
    let shared = wa.intersection(&wb).filter(|w| w.len() > 2).count() as f64;
    strsim::normalized_levenshtein(&a, &b).max(shared / wa.len().min(wb.len()).max(1) as f64)
}

/// How many of the numbers stand in both lists; noughts say nothing.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (mut left, mut found) = (b.to_vec(), 0);
    for n in a.iter().filter(|n| **n > 0) {
        if let Some(at) = left.iter().position(|l| l == n) {
            left.swap_remove(at);
            found += 1;
        }
    }
    found
}

/// The best pairs, each name in one of them.
fn best(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(|x, y| y.score.total_cmp(&x.score).then((x.a, x.b).cmp(&(y.a, y.b))));
    let (mut a, mut b) = (BTreeSet::new(), BTreeSet::new());
    pairs.retain(|p| !a.contains(&p.a) && !b.contains(&p.b) && a.insert(p.a) && b.insert(p.b));
    pairs
}

/// A pair of `equal` of `all` votes and of names, if that is enough.
fn pair((a, b): (usize, usize), (equal, all): (usize, usize), (theirs, ours): (&str, &str)) -> Option<Pair> {
    let (share, name) = (equal as f64 / all.max(1) as f64, alike(theirs, ours));
    let enough = (share >= EQUAL && equal > 0) || name >= ALIKE;
    let why = match share >= EQUAL {
        true => format!("{equal} of {all} votes equal"),
        false => format!("CHECK: only the names are alike; {equal} of {all} votes equal"),
    };
    enough.then_some(Pair { a, b, score: share + NAME * name, why })
}

/// What is known while a draft is made.
struct Work<'t> {
    table: &'t NamedTable,
    sheets: &'t Sheets,
    left: &'t Side,
    /// Votes of the table: by precinct and choice.
    theirs: BTreeMap<(usize, usize), u32>,
    /// Precincts with their unit.
    units: Vec<(usize, UnitKey)>,
}

impl Work<'_> {
    fn ours(&self, unit: &UnitKey, choice: usize) -> Option<u32> {
        self.left.units.get(unit)?.figures.get(&self.sheets.choices[choice].field)?
    }

    /// Votes of some choices in a precinct, and of others on its sheet.
    fn votes(&self, (at, unit): &(usize, UnitKey), theirs: &[usize], ours: &[usize]) -> (Vec<u32>, Vec<u32>) {
        let of_table = theirs.iter().filter_map(|&c| self.theirs.get(&(*at, c)).copied()).collect();
        (of_table, ours.iter().filter_map(|&c| self.ours(unit, c)).collect())
    }

    /// Precincts without a unit and units without a precinct, paired by the votes in their rows.
    fn precincts(&self, walk: &Crosswalk) -> Vec<(usize, UnitKey, String)> {
        let taken: BTreeSet<&UnitKey> = self.units.iter().map(|u| &u.1).collect();
        let known: BTreeSet<usize> = self.units.iter().map(|u| u.0).collect();
        let free: Vec<&UnitKey> = self.left.units.keys().filter(|u| !taken.contains(u)).collect();
        let all: Vec<usize> = (0..self.sheets.choices.len()).collect();
        let of_unit = |u: &&UnitKey| all.iter().filter_map(|&c| self.ours(u, c)).collect::<Vec<u32>>();
        let of_unit: Vec<Vec<u32>> = free.iter().map(of_unit).collect();
        let mut rows: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for ((precinct, _), votes) in self.theirs.iter().filter(|t| !known.contains(&t.0.0)) {
            rows.entry(*precinct).or_default().push(*votes);
        }
        let mut pairs = Vec::new();
        for (&at, theirs) in &rows {
            let (county, name) = &self.table.precincts[at];
            for (b, (unit, ours)) in free.iter().zip(&of_unit).enumerate() {
                let (of, called) = &self.sheets.units[*unit];
                if county.is_empty() || of.is_empty() || alike(walk.county(county), of) >= ALIKE {
                    let counted = ours.iter().filter(|n| **n > 0).count();
                    pairs.extend(pair((at, b), (common(ours, theirs), counted), (name, called)));
                }
            }
        }
        best(pairs).into_iter().map(|p| (p.a, free[p.b].clone(), p.why)).collect()
    }

    /// Contests of the table without one of the sheets, paired by the votes in the same precincts.
    fn contests(&self, theirs: &[(Named, Vec<usize>)], ours: &[Vec<usize>]) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (a, (named, of_table)) in theirs.iter().enumerate() {
            for (b, of_sheets) in ours.iter().enumerate() {
                let (mut equal, mut all) = (0, 0);
                for unit in self.units.iter().take(PRECINCTS) {
                    let (x, y) = self.votes(unit, of_table, of_sheets);
                    if !x.is_empty() && !y.is_empty() {
                        let counted = |v: &[u32]| v.iter().filter(|n| **n > 0).count();
                        all += counted(&x).max(counted(&y));
                        equal += common(&x, &y);
                    }
                }
                let theirs = format!("{} {}", named.office, named.district);
                let ours = &self.sheets.choices[of_sheets[0]].contest;
                pairs.extend(pair((a, b), (equal, all), (theirs.trim(), ours)));
            }
        }
        best(pairs)
    }

    /// Choices of a contest, paired by equal votes.
    fn choices(&self, theirs: &[usize], ours: &[usize]) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for &a in theirs {
            for &b in ours {
                let both =
                    |(at, unit): &(usize, UnitKey)| Some((*self.theirs.get(&(*at, a))?, self.ours(unit, b)?));
                let both: Vec<(u32, u32)> = self.units.iter().take(PRECINCTS).filter_map(both).collect();
                let equal = both.iter().filter(|(x, y)| x == y).count();
                let names = (self.table.choices[a].candidate.as_str(), self.sheets.choices[b].name.as_str());
                pairs.extend(pair((a, b), (equal, both.len()), names));
            }
        }
        best(pairs)
    }
}

/// A draft: `walk` and what was found besides.
pub fn draft(
    (table, matched): (&NamedTable, &Matched),
    (sheets, left): (&Sheets, &Side),
    walk: &Crosswalk,
) -> String {
    let votes = |(row, figures): (&NamedRow, &[Option<u32>])| Some(((row.precinct, row.choice), figures[0]?));
    let rows = table.rows().filter_map(votes);
    let units = matched.units.iter().enumerate().filter_map(|(at, u)| Some((at, u.clone()?)));
    let mut work = Work { table, sheets, left, theirs: rows.collect(), units: units.collect() };
    let (mut walk, mut why) = (walk.clone(), BTreeMap::new());
    for (at, unit, reason) in work.precincts(&walk) {
        let ((county, theirs), (of, ours)) = (&table.precincts[at], &sheets.units[&unit]);
        if key(walk.county(county)) != key(of) && !county.is_empty() {
            why.insert(("county", county.clone()), "of a precinct's".to_owned());
            walk.counties.insert(county.clone(), of.clone());
        }
        if key(walk.precinct(theirs)) != key(ours) {
            why.insert(("precinct", theirs.clone()), reason);
            walk.precincts.insert(theirs.clone(), ours.clone());
        }
        work.units.push((at, unit));
    }
    // By contest: the table's choices.
    let mut contests: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (ix, named) in table.choices.iter().enumerate() {
        contests.entry((named.office.clone(), named.district.clone())).or_default().push(ix);
    }
    let mut of_sheets: BTreeMap<&[String; 3], Vec<usize>> = BTreeMap::new();
    for (ix, ours) in sheets.choices.iter().enumerate().filter(|(_, o)| o.chosen) {
        of_sheets.entry(&ours.contests).or_default().push(ix);
    }
    let known: BTreeMap<&(String, String), Vec<usize>> =
        contests.iter().map(|(name, all)| (name, sheets.contest(&walk, &table.choices[all[0]]))).collect();
    let taken: BTreeSet<usize> = known.values().flatten().copied().collect();
    let unknown = contests.iter().filter(|(name, _)| known[name].is_empty());
    let unknown: Vec<(Named, Vec<usize>)> =
        unknown.map(|(_, all)| (table.choices[all[0]].clone(), all.clone())).collect();
    let free: Vec<Vec<usize>> = of_sheets.into_values().filter(|all| !taken.contains(&all[0])).collect();
    let mut together: Vec<(Vec<usize>, Vec<usize>)> =
        contests.iter().map(|(name, all)| (all.clone(), known[name].clone())).collect();
    for found in work.contests(&unknown, &free) {
        let (named, all) = &unknown[found.a];
        let is = Some(sheets.choices[free[found.b][0]].contest.clone());
        let (office, district) = (named.office.clone(), named.district.clone());
        why.insert(("contest", format!("{office}\n{district}")), found.why);
        walk.contests.push(ContestNames { office, district, is, choices: BTreeMap::new() });
        together.push((all.clone(), free[found.b].clone()));
    }
    let mut parties: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut found: BTreeMap<(String, String), Vec<(usize, String)>> = BTreeMap::new();
    for (theirs, ours) in together.iter().filter(|t| t.1.iter().all(|&ix| sheets.choices[ix].chosen)) {
        let of =
            |ix: &usize| matched.choices[*ix].first().copied().filter(|_| matched.choices[*ix].len() == 1);
        let hit: Vec<(usize, usize)> = theirs.iter().filter_map(|ix| Some((*ix, of(ix)?))).collect();
        let left_over: Vec<usize> = theirs.iter().filter(|ix| of(ix).is_none()).copied().collect();
        let free: Vec<usize> = ours.iter().filter(|ix| hit.iter().all(|h| h.1 != **ix)).copied().collect();
        let pairs = work.choices(&left_over, &free);
        for (a, b) in hit.into_iter().chain(pairs.iter().map(|p| (p.a, p.b))) {
            let (theirs, ours) = (&table.choices[a].party, &sheets.choices[b].party);
            if !theirs.is_empty() && !ours.is_empty() && key(walk.party(theirs)) != key(ours) {
                *parties.entry((theirs.clone(), ours.clone())).or_default() += 1;
            }
        }
        for p in pairs {
            let (theirs, ours) = (&table.choices[p.a].candidate, &sheets.choices[p.b].name);
            if !theirs.is_empty() && key(theirs) != key(ours) {
                found.entry((theirs.clone(), ours.clone())).or_default().push((p.a, p.why));
            }
        }
    }
    for ((theirs, ours), at) in found {
        // What several contests call so is called so everywhere.
        if at.len() > 1 {
            why.insert(("choice", theirs.clone()), format!("in {} contests", at.len()));
            walk.choices.insert(theirs, ours);
            continue;
        }
        for (ix, reason) in at {
            let Named { office, district, .. } = &table.choices[ix];
            let same =
                |c: &&mut ContestNames| key(&c.office) == key(office) && key(&c.district) == key(district);
            why.insert(("choice", format!("{office}\n{district}\n{theirs}")), reason);
            if let Some(contest) = walk.contests.iter_mut().find(same) {
                contest.choices.insert(theirs.clone(), ours.clone());
            } else {
                let choices = BTreeMap::from([(theirs.clone(), ours.clone())]);
                let (office, district) = (office.clone(), district.clone());
                walk.contests.push(ContestNames { office, district, is: None, choices });
            }
        }
    }
    let mut by_number: Vec<_> = parties.into_iter().collect();
    by_number.sort_by_key(|(names, n)| (*n, names.clone()));
    for ((theirs, ours), n) in by_number {
        why.insert(("party", theirs.clone()), format!("of {n} choices"));
        walk.parties.insert(theirs, ours);
    }
    let matched = Matched::of((table, ""), (sheets, left), &walk);
    write(&walk, &why, &matched)
}

/// The crosswalk as TOML with what speaks for each pair.
fn write(walk: &Crosswalk, why: &BTreeMap<(&str, String), String>, matched: &Matched) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let reason = |kind: &'static str, name: String| {
        why.get(&(kind, name)).map_or_else(String::new, |w| format!("  # {w}"))
    };
    let mut out = String::from(
        "# Draft of a crosswalk: names of the table, and what the sheets call the same. Check every pair against a sheet.\n",
    );
    let tables: [(&str, &'static str, &BTreeMap<String, String>); 4] = [
        ("counties", "county", &walk.counties),
        ("precincts", "precinct", &walk.precincts),
        ("parties", "party", &walk.parties),
        ("choices", "choice", &walk.choices),
    ];
    for (table, kind, names) in tables.into_iter().filter(|t| !t.2.is_empty()) {
        let _ = writeln!(out, "\n[{table}]");
        for (theirs, ours) in names {
            let _ = writeln!(out, "{} = {}{}", quoted(theirs), quoted(ours), reason(kind, theirs.clone()));
        }
    }
    for contest in &walk.contests {
        let ContestNames { office, district, is, choices } = contest;
        let _ = writeln!(out, "\n[[contests]]\noffice = {}", quoted(office));
        if !district.is_empty() {
            let _ = writeln!(out, "district = {}", quoted(district));
        }
        if let Some(is) = is {
            let _ =
                writeln!(out, "is = {}{}", quoted(is), reason("contest", format!("{office}\n{district}")));
        }
        if !choices.is_empty() {
            let _ = writeln!(out, "[contests.choices]");
        }
        for (theirs, ours) in choices {
            let why = reason("choice", format!("{office}\n{district}\n{theirs}"));
            let _ = writeln!(out, "{} = {}{why}", quoted(theirs), quoted(ours));
        }
    }
    let without: Vec<_> = matched.unmatched.iter().filter(|u| u.lacks != "figure").collect();
    if !without.is_empty() {
        out.push_str("\n# With these pairs, still without a counterpart:\n");
    }
    for u in without {
        let _ = writeln!(out, "# {} {}: {} rows", u.lacks, u.name, u.rows);
    }
    out
}
