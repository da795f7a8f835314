//! A results table that tells of precincts, contests and choices by their names, one row a choice: OpenElections'.
//!
//! In: CSV with the columns precinct, office, candidate and votes, and as far as it has them county, district, party and the
//! ways of voting; a run's [`Base`]; a [`Crosswalk`]. Out: [`NamedTable`], and by [`Matched::of`] the side to compare the
//! run's with, under the run's own ids. A row stands for that choice of the sheet whose contest and name are called so, by
//! name or id; the party decides where that leaves several, or where no name stands in it. What has no counterpart is
//! listed, by what is not known of it. Refuses nothing of a row: cells that are no number are problems that ride along.

use super::crosswalk::{Crosswalk, key};
use super::table::{Problem, csv_of, number};
use super::{Called, Figures, Origin, Side, SideUnit, Standing, UnitKey, VerifyError};
use crate::count::export::{self, BALLOTS_CAST, NULL_VOTES, REGISTERED_VOTERS};
use crate::count::tally::Base;
use crate::count::tally::columns::{ColumnMap, TableError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows of one kind that are named by their line at most.
const LINES: usize = 5;

/// A choice or total as the table names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The column `office`.
    pub office: String,
    /// The column `district`.
    pub district: String,
    /// The column `party`.
    pub party: String,
    /// The column `candidate`.
    pub candidate: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRow {
    /// Line of the file, from 1.
    pub line: u64,
    /// County and precinct: index into [`NamedTable::precincts`].
    pub precinct: usize,
    /// Its choice: index into [`NamedTable::choices`].
    pub choice: usize,
}

/// A table of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamedTable {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its columns of figures: `votes`, and the ways of voting.
    pub columns: Vec<String>,
    /// County and precinct of its rows.
    pub precincts: Vec<(String, String)>,
    /// What its rows are of.
    pub choices: Vec<Named>,
    /// Its rows, in the file's order.
    rows: Vec<NamedRow>,
    /// One figure a column of each row; `None` for an empty cell.
    figures: Vec<Option<u32>>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Puts an entry into a list that holds each once.
fn place<T: Clone + Ord>(list: &mut Vec<T>, known: &mut BTreeMap<T, usize>, entry: T) -> usize {
    *known.entry(entry.clone()).or_insert_with(|| {
        list.push(entry);
        list.len() - 1
    })
}

impl NamedTable {
    /// Its rows, in the file's order, each with a figure a column.
    pub fn rows(&self) -> impl Iterator<Item = (&NamedRow, &[Option<u32>])> {
        self.rows.iter().zip(self.figures.chunks(self.columns.len().max(1)))
    }

    /// Reads a table from bytes; `None` for one without its columns. `ways` are the columns of the ways of voting, `name`
    /// is for messages.
    ///
    /// # Errors
    /// What is no CSV table.
    pub fn parse(bytes: &[u8], name: &str, ways: &[String]) -> Result<Option<Self>, TableError> {
        let (text, _, delimiter) = csv_of(bytes);
        let refused = |e: csv::Error| TableError::Csv { path: name.to_owned(), problem: e.to_string() };
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
        let head: Vec<String> =
            reader.headers().map_err(refused)?.iter().map(|h| h.trim().to_lowercase()).collect();
        let at = |column: &str| head.iter().position(|h| h == column);
        let (Some(precinct), Some(office), Some(candidate), Some(votes)) =
            (at("precinct"), at("office"), at("candidate"), at("votes"))
        else {
            return Ok(None);
        };
        let (county, district, party) = (at("county"), at("district"), at("party"));
        let mut figures = vec![("votes".to_owned(), votes)];
        figures.extend(ways.iter().filter_map(|way| Some((way.clone(), at(way)?))));
        let mut table = Self {
            sha256: crate::ground::hash::sha256(bytes),
            columns: figures.iter().map(|f| f.0.clone()).collect(),
            ..Self::default()
        };
        let (mut precincts, mut choices) = (BTreeMap::new(), BTreeMap::new());
        for record in reader.records() {
            let record = record.map_err(refused)?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |ix: Option<usize>| ix.and_then(|ix| record.get(ix)).unwrap_or_default().trim();
            for (column, ix) in &figures {
                let (text, column) = (cell(Some(*ix)), column.clone());
                let value = number(text);
                if value.is_none() && !text.is_empty() {
                    table.problems.push(Problem {
                        line,
                        column,
                        kind: "not_a_number",
                        text: text.to_owned(),
                    });
                }
                table.figures.push(value);
            }
            let own = |ix: Option<usize>| cell(ix).to_owned();
            let choice = Named {
                office: own(Some(office)),
                district: own(district),
                party: own(party),
                candidate: own(Some(candidate)),
            };
            let precinct = (own(county), own(Some(precinct)));
            let precinct = place(&mut table.precincts, &mut precincts, precinct);
            let choice = place(&mut table.choices, &mut choices, choice);
            table.rows.push(NamedRow { line, precinct, choice });
        }
        Ok(Some(table))
    }
}

/// A choice or total of the sheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Its votes' field.
    pub field: String,
    /// Contest, as exports call it; of totals the word that stands for an office.
    pub contest: String,
    /// Choice, as printed; empty for totals.
    pub name: String,
    /// Party, as printed.
    pub party: String,
    /// Whether a contest has it; else it is a total.
    pub chosen: bool,
    /// How its contest may be called: as in exports, by its id, as printed.
    pub(super) contests: [String; 3],
    /// How it may be called.
    names: [String; 3],
    /// The fields in the table's columns.
    columns: BTreeMap<String, Arc<str>>,
}

impl Ours {
    /// As people would call it.
    pub fn label(&self) -> String {
        label(&self.contest, &self.name, &self.party)
    }
}

fn label(office: &str, name: &str, party: &str) -> String {
    let name = if name.is_empty() { String::new() } else { format!(": {name}") };
    let party = if party.is_empty() { String::new() } else { format!(" ({party})") };
    format!("{office}{name}{party}")
}

/// What the sheets of a run have names for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sheets {
    /// Their choices and totals, in printed order.
    pub choices: Vec<Ours>,
    /// Their units: county and name as printed.
    pub units: BTreeMap<UnitKey, (String, String)>,
    /// Their units by how they may be called.
    by_name: BTreeMap<(String, String), BTreeSet<UnitKey>>,
}

impl Sheets {
    /// The names of a run.
    ///
    /// # Errors
    /// The database refuses the question; none is known.
    pub fn of(base: &Base) -> Result<Self, VerifyError> {
        let mut out = Self::default();
        let export = base.form().map(|f| f.export.clone()).unwrap_or_default();
        let totals =
            [(export.registered, REGISTERED_VOTERS), (export.cast, BALLOTS_CAST), (export.null, NULL_VOTES)];
        let modes = export::modes(base)?;
        // A lone contest has the office's name in exports.
        let alone = export::contests(base)?.len() < 2;
        let office = base.form().filter(|_| alone).map(|f| ColumnMap::of(f).office);
        let sql = "SELECT f.field, f.id, o.id, o.name, k.id, k.name, coalesce(nullif(f.party, '-'), ''), f.kind \
            FROM field f LEFT JOIN contest o USING (contest) LEFT JOIN candidate k USING (candidate) \
            WHERE f.kind <> 'value' ORDER BY f.field";
        let value = "SELECT id FROM field WHERE row = ?1 AND part = ?2";
        let mut value = base.db().prepare(value)?;
        let mut statement = base.db().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let (at, field): (i64, String) = (r.get(0)?, r.get(1)?);
            let mut columns = BTreeMap::from([("votes".to_owned(), Arc::from(field.as_str()))]);
            if r.get::<_, String>(7)? == "vote" {
                for mode in &modes {
                    if let Some(found) = value.query((at, &mode.value))?.next()? {
                        columns.insert(mode.column.clone(), found.get::<_, String>(0)?.into());
                    }
                }
                let (contest, id): (Option<String>, Option<String>) = (r.get(3)?, r.get(4)?);
                let printed = contest.unwrap_or_default();
                let contest = office.clone().unwrap_or_else(|| printed.clone());
                let id_of: String = r.get::<_, Option<String>>(2)?.unwrap_or_default();
                let name: String = r.get::<_, Option<String>>(5)?.unwrap_or_default();
                let contests = [&contest, &id_of, &printed].map(|n| key(n));
                let names = [&name, &id.unwrap_or_default(), &field].map(|n| key(n));
                let party = r.get(6)?;
                out.choices.push(Ours {
                    field,
                    contest,
                    name,
                    party,
                    chosen: true,
                    contests,
                    names,
                    columns,
                });
            } else if let Some((_, word)) = totals.iter().find(|t| t.0.as_ref() == Some(&field)) {
                if *word == BALLOTS_CAST {
                    let parts =
                        modes.iter().filter_map(|m| Some((m.column.clone(), m.cast.as_deref()?.into())));
                    columns.extend(parts);
                }
                let (contests, names) = ([key(word), key(&field), String::new()], Default::default());
                let (contest, name, party) = ((*word).to_owned(), String::new(), String::new());
                out.choices.push(Ours {
                    field,
                    contest,
                    name,
                    party,
                    chosen: false,
                    contests,
                    names,
                    columns,
                });
            }
        }
        let sql = "SELECT u.centre, u.table_number, u.code, replace(coalesce(p.name, ''), ?3, ''), coalesce(n.name, '') FROM unit u \
            LEFT JOIN area a ON a.unit = u.unit AND a.level = ?1 \
            LEFT JOIN place p ON p.level = ?1 AND p.code = a.code \
            LEFT JOIN sheet_name n ON n.sheet = u.sheet AND n.place = ?2 WHERE u.standing <> 'missing'";
        let mut statement = base.db().prepare(sql)?;
        let table = base.levels().table().id.clone();
        let mut rows = statement.query((export::county(base) as i64, table, export::county_suffix(base)))?;
        while let Some(r) = rows.next()? {
            let unit: UnitKey = (r.get(0)?, r.get(1)?);
            let (code, county, name): (String, String, String) = (r.get(2)?, r.get(3)?, r.get(4)?);
            let mut called = vec![key(&code)];
            if !name.is_empty() {
                called.extend([key(&name), key(&format!("{} {name}", unit.1))]);
            }
            for called in called {
                out.by_name.entry((key(&county), called)).or_default().insert(unit.clone());
            }
            let name = if name.is_empty() { code } else { name };
            out.units.insert(unit, (county, name));
        }
        Ok(out)
    }

    /// The figures that they have names for, by id.
    pub fn items(&self) -> Vec<String> {
        self.choices.iter().flat_map(|c| c.columns.values().map(|item| item.to_string())).collect()
    }

    /// What people call units and figures.
    pub fn called(&self) -> Called {
        let unit = |(key, (county, name)): (&UnitKey, &(String, String))| {
            let of = if county.is_empty() { String::new() } else { format!("{county}: ") };
            (key.clone(), format!("{of}{name}"))
        };
        let mut items = BTreeMap::new();
        for ours in &self.choices {
            for (column, item) in &ours.columns {
                let way = if column == "votes" { String::new() } else { format!(", {column}") };
                items.insert(item.to_string(), ours.label() + &way);
            }
        }
        Called { units: self.units.iter().map(unit).collect(), items }
    }

    /// The unit of a county and precinct; `None` where none or several are called so.
    fn unit(&self, walk: &Crosswalk, (county, precinct): &(String, String)) -> Option<&UnitKey> {
        let precinct = key(walk.precinct(precinct));
        let counties = [key(walk.county(county)), String::new()];
        let found = counties.into_iter().find_map(|county| self.by_name.get(&(county, precinct.clone())));
        // A table of one county may not name it.
        let found = found.or_else(|| {
            let mut of_any =
                self.by_name.iter().filter(|((_, name), _)| county.is_empty() && *name == precinct);
            of_any.next().map(|f| f.1).filter(|_| of_any.next().is_none())
        });
        found.filter(|units| units.len() == 1)?.first()
    }

    /// Those of the contest that a row of the table names.
    pub(super) fn contest(&self, walk: &Crosswalk, row: &Named) -> Vec<usize> {
        let found = walk.contests(&row.office, &row.district).into_iter().map(|name| {
            let name = key(&name);
            let here = |ix: &usize| !name.is_empty() && self.choices[*ix].contests.contains(&name);
            (0..self.choices.len()).filter(here).collect::<Vec<_>>()
        });
        found.into_iter().find(|f| !f.is_empty()).unwrap_or_default()
    }

    /// Those that a row of the table may be of: places in `choices`; or, where there is none, what is not known.
    fn choices(&self, walk: &Crosswalk, row: &Named) -> Result<Vec<usize>, &'static str> {
        let of_contest = self.contest(walk, row);
        if of_contest.is_empty() {
            return Err("contest");
        }
        let name = key(walk.choice(&row.office, &row.district, &row.candidate));
        let called = |&ix: &usize| {
            let ours = &self.choices[ix];
            !ours.chosen || name.is_empty() || ours.names.contains(&name)
        };
        let mut found: Vec<usize> = of_contest.into_iter().filter(called).collect();
        if found.len() > 1 || name.is_empty() {
            let party = key(walk.party(&row.party));
            found.retain(|&ix| !self.choices[ix].chosen || key(&self.choices[ix].party) == party);
        }
        if found.is_empty() { Err("choice") } else { Ok(found) }
    }
}

/// Rows of one side without a counterpart on the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// Of which side they are.
    pub side: Origin,
    /// What the other side does not know: `precinct`, `contest` or `choice`; `figure` for what it has no number of in that
    /// precinct, `several` where more than one is called so, `twice` for what stood there before.
    pub lacks: &'static str,
    /// What they are of.
    pub name: String,
    /// How many.
    pub rows: usize,
    /// The first lines of the table's file.
    pub lines: Vec<u64>,
}

/// A table whose rows were matched with a run's sheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// The table as a side, under the run's ids.
    pub side: Side,
    /// What has no counterpart.
    pub unmatched: Vec<Unmatched>,
    /// The unit of each of the table's precincts.
    pub units: Vec<Option<UnitKey>>,
    /// For each of the table's choices those of the sheets.
    pub choices: Vec<Vec<usize>>,
}

impl Matched {
    /// Matches a table with the sheets' side.
    pub fn of(
        (table, name): (&NamedTable, &str),
        (sheets, left): (&Sheets, &Side),
        walk: &Crosswalk,
    ) -> Self {
        let found: Vec<_> = table.choices.iter().map(|c| sheets.choices(walk, c)).collect();
        let units: Vec<Option<UnitKey>> =
            table.precincts.iter().map(|p| sheets.unit(walk, p).cloned()).collect();
        let mut side = Side {
            name: name.to_owned(),
            sha256: table.sha256.clone(),
            origin: Origin::Table,
            items: sheets.items(),
            units: BTreeMap::new(),
        };
        let mut without: BTreeMap<(Origin, &str, String), (usize, Vec<u64>)> = BTreeMap::new();
        for (row, figures) in table.rows() {
            let named = &table.choices[row.choice];
            let mut lack = |lacks, name: String| {
                let entry = without.entry((Origin::Table, lacks, name)).or_default();
                entry.0 += 1;
                entry.1.extend(Some(row.line).filter(|_| entry.1.len() < LINES));
            };
            let there = units[row.precinct].as_ref().and_then(|u| Some((u, left.units.get(u)?)));
            let Some((unit, there)) = there else {
                let (county, precinct) = &table.precincts[row.precinct];
                lack("precinct", format!("{county} {precinct}").trim().to_owned());
                continue;
            };
            let office = format!("{} {}", named.office, named.district).trim().to_owned();
            let whole = || label(&office, &named.candidate, &named.party);
            let choices = match &found[row.choice] {
                Ok(choices) => choices,
                Err(lacks @ "contest") => {
                    lack(lacks, office);
                    continue;
                }
                Err(lacks) => {
                    lack(lacks, whole());
                    continue;
                }
            };
            let has = |c: &&Ours| there.figures.get(&c.field).is_some();
            let here: Vec<&Ours> = choices.iter().map(|&ix| &sheets.choices[ix]).filter(has).collect();
            let [ours] = here.as_slice() else {
                lack(if here.is_empty() { "figure" } else { "several" }, whole());
                continue;
            };
            let blank =
                || SideUnit { standing: Standing::Settled, at: Some(row.line), figures: Figures::default() };
            let of_unit = side.units.entry(unit.clone()).or_insert_with(blank);
            if of_unit.figures.get(&ours.field).is_some() {
                lack("twice", whole());
                continue;
            }
            for (column, value) in table.columns.iter().zip(figures) {
                if let Some(item) = ours.columns.get(column) {
                    of_unit.figures.insert(item.clone(), *value);
                }
            }
        }
        for (unit, theirs) in &side.units {
            let Some(there) = left.units.get(unit).filter(|u| u.standing != Standing::Open) else { continue };
            let lacking =
                |c: &&Ours| there.figures.get(&c.field).is_some() && theirs.figures.get(&c.field).is_none();
            for ours in sheets.choices.iter().filter(lacking) {
                without.entry((Origin::Sheets, "figure", ours.label())).or_default().0 += 1;
            }
        }
        let entry = |((side, lacks, name), (rows, lines))| Unmatched { side, lacks, name, rows, lines };
        let unmatched = without.into_iter().map(entry).collect();
        Self { side, unmatched, units, choices: found.into_iter().map(Result::unwrap_or_default).collect() }
    }
}
