//! The entries of a definition: contests, candidates, rows, totals, relations.
//!
//! In: what was found, named. Out: lists of TOML, each relation with its odds, each number that never varies with what it
//! always is. Refuses nothing.

use super::{Writer, quoted, told};
use crate::learn::grid::printed;
use crate::learn::numbers::Kind;
use crate::learn::relations::Odds;
use crate::learn::ties::Contest;
use std::fmt::Write;

/// Entries that are written so far.
#[derive(Default)]
struct Lists {
    contests: String,
    candidates: String,
    totals: String,
    rows: String,
    relations: String,
}

/// The entry of a candidate.
fn candidate(id: &str, name: &str, contest: &str) -> String {
    format!("  {{ id = {}, name = {}, contest = {} }},\n", quoted(id), quoted(name), quoted(contest))
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
            lists.totals.push_str(&self.total(figure, None));
        }
        let relations = self.ways() + &lists.relations + &self.between();
        let title = self.namer.title().unwrap_or_else(|| found.id.to_owned());
        let mut out = format!(
            "# Learned from {} sheets by `cotejo form learn`; look at what it says before it is used: names and ids are what \
             stands\n# beside the numbers; roles, levels and the header are for a person to say.\n\
             id = {}\nversion = 1\ntitle = {}\nelection = {}\nlanguage = \"en\"\nplaces = {}\n\n",
            found.sheets,
            quoted(found.id),
            quoted(&title),
            quoted(found.id),
            self.places(),
        );
        let Lists { contests, candidates, totals, rows, .. } = lists;
        let lists = [("contests", contests), ("candidates", candidates), ("totals", totals), ("rows", rows)];
        for (name, list) in lists {
            let _ = write!(out, "{name} = [\n{list}]\n");
        }
        self.print(&mut out);
        let _ = write!(out, "relations = [\n{relations}]\n\n");
        self.tables(&mut out);
        out
    }

    /// A contest with its rows and its total.
    fn contest(&mut self, contest: &Contest, (name, id): (&str, &str), lists: &mut Lists) {
        let blocks = &self.found.grid.blocks;
        let several = contest.blocks.len() > 1;
        for &block in &contest.blocks {
            let over = several.then(|| {
                let name = self.namer.heading(block).unwrap_or_else(|| format!("Block {}", block + 1));
                let own = self.ids.upper(&name, "BLOCK");
                lists.candidates.push_str(&candidate(&own, &name, id));
                own
            });
            for &r in &blocks[block] {
                let name = self.namer.row(r).unwrap_or_else(|| format!("Row {}", r + 1));
                let own = self.ids.upper(&name, "ROW");
                if over.is_none() {
                    lists.candidates.push_str(&candidate(&own, &name, id));
                }
                let (candidate, sigla) = over.as_ref().map_or((own.as_str(), "-"), |o| (o, &own));
                let entry = self.row(r, contest, candidate, sigla);
                lists.rows.push_str(&entry.unwrap_or_default());
            }
        }
        let (total, share) = (contest.total.map(|t| t.0), contest.share);
        if let Some(figure) = total {
            lists.totals.push_str(&self.total(figure, Some((name, id))));
        }
        if let Some((_, whole, _)) = share.filter(|s| Some(s.1) != total && !self.written.contains(&s.1)) {
            lists.totals.push_str(&self.total(whole, None));
        }
        let whole = share.map_or_else(String::new, |s| format!(", whole = {}", quoted(&self.fields[&s.1])));
        let note = share.and_then(|s| s.2).map_or_else(String::new, |o| format!("  # shares: {}", told(&o)));
        let _ =
            writeln!(lists.contests, "  {{ id = {}, name = {}{whole} }},{note}", quoted(id), quoted(name));
        if let Some((figure, odds)) = contest.total {
            let (own, total) = (quoted(&format!("{id}_sum")), quoted(&self.fields[&figure]));
            let _ = writeln!(
                lists.relations,
                "  {{ id = {own}, left = [\"rows\"], equals = [{total}], contest = {} }},  # {}",
                quoted(id),
                told(&odds)
            );
        }
    }

    /// A row; `None` where it has no votes.
    fn row(&mut self, r: usize, contest: &Contest, candidate: &str, sigla: &str) -> Option<String> {
        let grid = self.found.grid;
        let row = &grid.rows[r];
        let &(votes, figure) = row.cells.iter().find(|c| c.0 == contest.votes)?;
        let mut body = self.digits(votes, &grid.columns[votes]);
        if let Some((share, ..)) = contest.share {
            let _ = writeln!(body, "percent = {}", self.slot(&grid.columns[share]));
        }
        let field = format!("{candidate}_{sigla}");
        let (mut values, mut never) = (String::new(), Vec::new());
        for &(column, figure) in &row.cells {
            let f = &grid.figures[figure];
            let mut named = if f.kind == Kind::Share { "percent" } else { "digits" }.to_owned();
            if f.kind == Kind::Number && column != votes {
                let (value, label) = self.value(column);
                let (own, label) = (quoted(&value), quoted(&label));
                let _ = writeln!(
                    values,
                    "  {{ id = {own}, label = {label}, digits = {} }},",
                    self.slot(&grid.columns[column])
                );
                self.fields.insert(figure, format!("{field}_{value}"));
                self.written.insert(figure);
                named = value;
            }
            if f.cell.constant {
                never.push(format!("{named} {}", self.constant(figure)));
            }
        }
        if !values.is_empty() {
            let _ = write!(body, "values = [\n{values}]\n");
        }
        let columns = self.columns("votes", body);
        self.fields.insert(figure, field);
        self.written.insert(figure);
        let note =
            if never.is_empty() { String::new() } else { format!("  # never varies: {}", never.join(", ")) };
        Some(format!(
            "  {{ candidate = {}, sigla = {}, code = \"\", y = {}, columns = {} }},{note}\n",
            quoted(candidate),
            quoted(sigla),
            self.y(row.y),
            quoted(&columns)
        ))
    }

    /// What holds between totals.
    fn between(&self) -> String {
        let ties = self.found.ties;
        let mut out = String::new();
        let mut relation = |id: String, left: &[usize], right: usize, odds: &Odds| {
            let left: Vec<String> = left.iter().map(|p| quoted(&self.fields[p])).collect();
            let (id, right) = (quoted(&id), quoted(&self.fields[&right]));
            let _ = writeln!(
                out,
                "  {{ id = {id}, left = [{}], equals = [{right}] }},  # {}",
                left.join(", "),
                told(odds)
            );
        };
        for (parts, whole, odds) in &ties.sums {
            relation(format!("{}_sum", self.fields[whole]), parts, *whole, odds);
        }
        for (a, b, odds) in &ties.equal {
            relation(format!("{}_is_{}", self.fields[a], self.fields[b]), &[*a], *b, odds);
        }
        out
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
    fn total(&mut self, figure: usize, contest: Option<(&str, &str)>) -> String {
        let (grid, ties) = (self.found.grid, self.found.ties);
        let f = &grid.figures[figure];
        let Some(column) = grid.rows.iter().flat_map(|r| &r.cells).find(|c| c.1 == figure).map(|c| c.0)
        else {
            return String::new();
        };
        let own = self.namer.total(figure).unwrap_or_else(|| format!("Number {}", figure + 1));
        let label = contest.map_or(own.clone(), |(name, _)| format!("{name}, {own}"));
        let id = self.fields[&figure].clone();
        self.written.insert(figure);
        let body = self.digits(column, &grid.columns[column]);
        let columns = self.columns("total", body);
        let tied = ties.sums.iter().any(|s| s.1 == figure || s.0.contains(&figure))
            || ties.equal.iter().any(|e| e.0 == figure || e.1 == figure)
            || ties.shares.iter().any(|s| s.1 == figure);
        let role = match contest {
            Some((_, id)) => format!(", contest = {}", quoted(id)),
            None if tied => ", role = \"ballots\"".to_owned(),
            None => ", role = \"context\"".to_owned(),
        };
        let mut percent = String::new();
        let mut note = if f.cell.constant {
            format!("  # never varies: {}", self.constant(figure))
        } else {
            String::new()
        };
        if let Some(&(share, _, whole, odds)) = ties.shares.iter().find(|s| s.1 == figure) {
            let of = grid.rows.iter().flat_map(|r| &r.cells).find(|c| c.1 == share).map(|c| c.0);
            if let Some(column) = of {
                let body = format!("percent = {}\n", self.slot(&grid.columns[column]));
                let columns = self.columns("share", body);
                let of = self.fields[&whole].clone();
                percent = format!(
                    ", percent = {{ of = {}, y = {}, columns = {} }}",
                    quoted(&of),
                    self.y(grid.figures[share].cell.base),
                    quoted(&columns)
                );
                let _ = write!(note, "  # share: {}", told(&odds));
            }
        }
        format!(
            "  {{ id = {}, label = {}, y = {}, columns = {}{role}{percent} }},{note}\n",
            quoted(&id),
            quoted(&label),
            self.y(f.cell.base),
            quoted(&columns)
        )
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
    fn ways(&self) -> String {
        let (grid, ties) = (self.found.grid, self.found.ties);
        let Some(first) = ties.ways.first() else { return String::new() };
        if self.plain_ways() {
            return format!(
                "  {{ id = \"ways\", left = [\"values\"], equals = [\"rows\"] }},  # {}\n",
                told(&first.2)
            );
        }
        let mut out = String::new();
        for &r in grid.blocks.iter().flatten() {
            let at =
                |c: &usize| grid.rows[r].cells.iter().find(|o| o.0 == *c).and_then(|o| self.fields.get(&o.1));
            for (parts, whole, odds) in &ties.ways {
                let left: Option<Vec<String>> = parts.iter().map(|c| at(c).map(|f| quoted(f))).collect();
                if let Some((left, whole)) = left.zip(at(whole)) {
                    let _ = writeln!(
                        out,
                        "  {{ id = {}, left = [{}], equals = [{}] }},  # {}",
                        quoted(&format!("{whole}_ways")),
                        left.join(", "),
                        quoted(whole),
                        told(odds)
                    );
                }
            }
        }
        out
    }
}
