//! The entries of a definition: contests, candidates, rows, totals, relations.
//!
//! In: what was found, named. Out: lists of entries, and notes beside them: each relation's odds, and of each number that never
//! varies what it always is. Refuses nothing.

use super::layout::{self, Definition, entry, put, text, texts};
use super::{Writer, told};
use crate::learn::grid::printed;
use crate::learn::numbers::Kind;
use crate::learn::ties::Contest;
use toml::{Table, Value};

/// Entries that are written so far.
#[derive(Default)]
struct Lists {
    contests: Vec<Value>,
    candidates: Vec<Value>,
    totals: Vec<Value>,
    rows: Vec<Value>,
    relations: Vec<Value>,
}

/// The entry of a candidate.
fn candidate(id: &str, name: &str, contest: &str) -> Value {
    entry([("id", text(id)), ("name", text(name)), ("contest", text(contest))])
}

/// A relation.
fn relation<'a>(id: &str, left: impl IntoIterator<Item = &'a str>, right: &str) -> Value {
    entry([("id", text(id)), ("left", texts(left)), ("equals", texts([right]))])
}

impl Writer<'_> {
    /// All of the definition.
    pub(super) fn all(&mut self) -> String {
        let (found, ties) = (self.found, self.found.ties);
        let mut lists = Lists::default();
        let named = self.name_totals();
        for (contest, (name, id)) in ties.contests.iter().zip(named) {
            self.contest(contest, (&name, &id), &mut lists);
        }
        let mut rest: Vec<usize> = found.grid.rows.iter().flat_map(|r| &r.cells).map(|c| c.1).collect();
        rest.retain(|k| found.grid.figures[*k].kind == Kind::Number && !self.written.contains(k));
        for figure in rest {
            lists.totals.extend(self.total(figure, None));
        }
        let relations = [self.ways(), std::mem::take(&mut lists.relations), self.between()].concat();
        let title = self.namer.title().unwrap_or_else(|| found.id.to_owned());
        let head = [
            format!(
                "Learned from {} sheets by `cotejo form learn`; look at what it says before it is used: names and ids are what \
                 stands",
                found.sheets
            ),
            "beside the numbers; roles, levels and the header are for a person to say.".to_owned(),
        ];
        let Lists { contests, candidates, totals, rows, .. } = lists;
        let all = [
            ("id", text(found.id)),
            ("version", Value::Integer(1)),
            ("title", text(&title)),
            ("election", text(found.id)),
            ("language", text("en")),
            ("places", Value::Integer(self.places() as i64)),
            ("contests", Value::Array(contests)),
            ("candidates", Value::Array(candidates)),
            ("totals", Value::Array(totals)),
            ("rows", Value::Array(rows)),
            ("labels", self.labels()),
            ("rules", self.rules()),
            ("relations", Value::Array(relations)),
        ];
        let mut table: Table = all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        self.tables(&mut table);
        Definition { head: head.to_vec(), table, notes: std::mem::take(&mut self.notes) }.text()
    }

    /// Puts a note beside an entry of a list.
    fn note(&mut self, list: &str, entry: &Value, note: String) {
        let all = self.notes.entry((list.to_owned(), layout::key(entry))).or_default();
        let between = if all.is_empty() { "" } else { "; " };
        *all = format!("{all}{between}{note}");
    }

    /// A contest with its rows and its total.
    fn contest(&mut self, contest: &Contest, (name, id): (&str, &str), lists: &mut Lists) {
        let blocks = &self.found.grid.blocks;
        let several = contest.blocks.len() > 1;
        for &block in &contest.blocks {
            let over = several.then(|| {
                let name = self.namer.heading(block).unwrap_or_else(|| format!("Block {}", block + 1));
                let own = self.ids.upper(&name, "BLOCK");
                lists.candidates.push(candidate(&own, &name, id));
                own
            });
            for &r in &blocks[block] {
                let name = self.namer.row(r).unwrap_or_else(|| format!("Row {}", r + 1));
                let own = self.ids.upper(&name, "ROW");
                if over.is_none() {
                    lists.candidates.push(candidate(&own, &name, id));
                }
                let (candidate, sigla) = over.as_ref().map_or((own.as_str(), "-"), |o| (o, &own));
                lists.rows.extend(self.row(r, contest, candidate, sigla));
            }
        }
        let (total, share) = (contest.total.map(|t| t.0), contest.share);
        if let Some(figure) = total {
            lists.totals.extend(self.total(figure, Some((name, id))));
        }
        if let Some((_, whole, _)) = share.filter(|s| Some(s.1) != total && !self.written.contains(&s.1)) {
            lists.totals.extend(self.total(whole, None));
        }
        let mut own = entry([("id", text(id)), ("name", text(name))]);
        if let Some((_, whole, odds)) = share {
            put(&mut own, "whole", text(&self.fields[&whole]));
            if let Some(odds) = odds {
                self.note("contests", &own, format!("shares: {}", told(&odds)));
            }
        }
        lists.contests.push(own);
        if let Some((figure, odds)) = contest.total {
            let mut sum = relation(&format!("{id}_sum"), ["rows"], &self.fields[&figure]);
            put(&mut sum, "contest", text(id));
            self.note("relations", &sum, told(&odds));
            lists.relations.push(sum);
        }
    }

    /// A row; `None` where it has no votes.
    fn row(&mut self, r: usize, contest: &Contest, candidate: &str, sigla: &str) -> Option<Value> {
        let grid = self.found.grid;
        let row = &grid.rows[r];
        let &(votes, figure) = row.cells.iter().find(|c| c.0 == contest.votes)?;
        let mut body = self.digits(votes, &grid.columns[votes]);
        if let Some((share, ..)) = contest.share {
            put(&mut body, "percent", self.slot(&grid.columns[share]));
        }
        let field = format!("{candidate}_{sigla}");
        let (mut values, mut never) = (Vec::new(), Vec::new());
        for &(column, figure) in &row.cells {
            let f = &grid.figures[figure];
            let mut named = if f.kind == Kind::Share { "percent" } else { "digits" }.to_owned();
            if f.kind == Kind::Number && column != votes {
                let (value, label) = self.value(column);
                let digits = self.slot(&grid.columns[column]);
                values.push(entry([("id", text(&value)), ("label", text(&label)), ("digits", digits)]));
                self.fields.insert(figure, format!("{field}_{value}"));
                self.written.insert(figure);
                named = value;
            }
            if f.cell.constant {
                never.push(format!("{named} {}", self.constant(figure)));
            }
        }
        if !values.is_empty() {
            put(&mut body, "values", Value::Array(values));
        }
        let columns = self.columns("votes", body);
        self.fields.insert(figure, field);
        self.written.insert(figure);
        let row = entry([
            ("candidate", text(candidate)),
            ("sigla", text(sigla)),
            ("code", text("")),
            ("y", self.y(row.y)),
            ("columns", text(&columns)),
        ]);
        if !never.is_empty() {
            self.note("rows", &row, format!("never varies: {}", never.join(", ")));
        }
        Some(row)
    }

    /// What holds between totals.
    fn between(&mut self) -> Vec<Value> {
        let ties = self.found.ties;
        let sums = ties.sums.iter().map(|(parts, whole, odds)| {
            let left: Vec<&str> = parts.iter().map(|p| self.fields[p].as_str()).collect();
            (relation(&format!("{}_sum", self.fields[whole]), left, &self.fields[whole]), told(odds))
        });
        let equal = ties.equal.iter().map(|(a, b, odds)| {
            let (a, b) = (self.fields[a].as_str(), self.fields[b].as_str());
            (relation(&format!("{a}_is_{b}"), [a], b), told(odds))
        });
        let all: Vec<(Value, String)> = sums.chain(equal).collect();
        self.noted(all)
    }

    /// Relations, with what is said of each beside it.
    fn noted(&mut self, all: Vec<(Value, String)>) -> Vec<Value> {
        all.iter().for_each(|(relation, odds)| self.note("relations", relation, odds.clone()));
        all.into_iter().map(|r| r.0).collect()
    }

    /// Id and name of a column of a row's other numbers, each id once.
    fn value(&self, column: usize) -> (String, String) {
        let (id, label) = self.namer.value(column);
        let twice = (0..column)
            .any(|c| self.found.grid.columns[c].kind == Kind::Number && self.namer.value(c).0 == id);
        (if twice { format!("{id}_{}", column + 1) } else { id }, label)
    }

    /// Ids of contests and totals; name and id of each contest.
    fn name_totals(&mut self) -> Vec<(String, String)> {
        let (grid, ties) = (self.found.grid, self.found.ties);
        let own = |w: &Self, k: usize| w.namer.total(k).unwrap_or_else(|| format!("Number {}", k + 1));
        let mut out = Vec::new();
        for (k, contest) in ties.contests.iter().enumerate() {
            let name = self.namer.contest(contest);
            let id = self.ids.lower(&name, &format!("contest{}", k + 1));
            if let Some((figure, _)) = contest.total {
                let text = format!("{id} {}", own(self, figure));
                let total = self.ids.lower(&text, "total");
                self.fields.insert(figure, total);
            }
            out.push((name, id));
        }
        let votes = |k: usize| {
            let rows = ties.contests.iter().flat_map(|c| &c.blocks).flat_map(|&b| &grid.blocks[b]);
            rows.flat_map(|&r| &grid.rows[r].cells).any(|c| c.1 == k)
        };
        for k in 0..grid.figures.len() {
            if grid.figures[k].kind == Kind::Number && !votes(k) && !self.fields.contains_key(&k) {
                let text = own(self, k);
                let total = self.ids.lower(&text, "total");
                self.fields.insert(k, total);
            }
        }
        out
    }

    fn places(&self) -> usize {
        let longest = self
            .found
            .grid
            .figures
            .iter()
            .filter(|f| f.kind == Kind::Number)
            .flat_map(|f| f.values.iter().flatten());
        longest.map(|v| v.0.to_string().len()).max().unwrap_or(1).clamp(4, 6)
    }

    /// What a number that never varies always is.
    fn constant(&self, figure: usize) -> String {
        let f = &self.found.grid.figures[figure];
        f.values.iter().flatten().next().map_or_else(String::new, |v| printed(f.kind, v.0, false))
    }

    /// The entry of a total, which has its field from then on.
    fn total(&mut self, figure: usize, contest: Option<(&str, &str)>) -> Option<Value> {
        let (grid, ties) = (self.found.grid, self.found.ties);
        let f = &grid.figures[figure];
        let cells = || grid.rows.iter().flat_map(|r| &r.cells);
        let column = cells().find(|c| c.1 == figure)?.0;
        let own = self.namer.total(figure).unwrap_or_else(|| format!("Number {}", figure + 1));
        let label = contest.map_or(own.clone(), |(name, _)| format!("{name}, {own}"));
        self.written.insert(figure);
        let body = self.digits(column, &grid.columns[column]);
        let columns = self.columns("total", body);
        let tied = ties.sums.iter().any(|s| s.1 == figure || s.0.contains(&figure))
            || ties.equal.iter().any(|e| e.0 == figure || e.1 == figure)
            || ties.shares.iter().any(|s| s.1 == figure);
        let mut total = entry([
            ("id", text(&self.fields[&figure])),
            ("label", text(&label)),
            ("y", self.y(f.cell.base)),
            ("columns", text(&columns)),
        ]);
        match contest {
            Some((_, id)) => put(&mut total, "contest", text(id)),
            None => put(&mut total, "role", text(if tied { "ballots" } else { "context" })),
        }
        if f.cell.constant {
            self.note("totals", &total, format!("never varies: {}", self.constant(figure)));
        }
        if let Some(&(share, _, whole, odds)) = ties.shares.iter().find(|s| s.1 == figure)
            && let Some(column) = cells().find(|c| c.1 == share).map(|c| c.0)
        {
            let columns = self.columns("share", entry([("percent", self.slot(&grid.columns[column]))]));
            let y = self.y(grid.figures[share].cell.base);
            let percent = [("of", text(&self.fields[&whole])), ("y", y), ("columns", text(&columns))];
            put(&mut total, "percent", entry(percent));
            self.note("totals", &total, format!("share: {}", told(&odds)));
        }
        Some(total)
    }

    /// Whether in all rows with several numbers all but one add up to that one.
    fn plain_ways(&self) -> bool {
        let grid = self.found.grid;
        let row =
            |r: &usize| {
                let all: Vec<usize> = grid.rows[*r]
                    .cells
                    .iter()
                    .filter(|c| grid.figures[c.1].kind == Kind::Number)
                    .map(|c| c.0)
                    .collect();
                all.len() < 2
                    || self.found.ties.ways.iter().any(|w| {
                        all.len() == w.0.len() + 1 && w.0.iter().chain([&w.1]).all(|c| all.contains(c))
                    })
            };
        grid.blocks.iter().flatten().all(row)
    }

    /// The relations of the ways in which votes were given.
    fn ways(&mut self) -> Vec<Value> {
        let (grid, ties) = (self.found.grid, self.found.ties);
        let Some(first) = ties.ways.first() else { return Vec::new() };
        if self.plain_ways() {
            return self.noted(vec![(relation("ways", ["values"], "rows"), told(&first.2))]);
        }
        let mut all = Vec::new();
        for &r in grid.blocks.iter().flatten() {
            let at = |c: &usize| {
                let own = grid.rows[r].cells.iter().find(|o| o.0 == *c)?;
                self.fields.get(&own.1).map(String::as_str)
            };
            for (parts, whole, odds) in &ties.ways {
                let left: Option<Vec<&str>> = parts.iter().map(at).collect();
                if let Some((left, whole)) = left.zip(at(whole)) {
                    all.push((relation(&format!("{whole}_ways"), left, whole), told(odds)));
                }
            }
        }
        self.noted(all)
    }
}
