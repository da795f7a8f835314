//! What numbers, rows and contests are called.
//!
//! In: a [`Grid`] and the constant texts. Out: the text that stands beside a number or above a block, and ids made of it.
//! Refuses (gives `None`) where nothing stands there.

use super::grid::Grid;
use super::text::Phrase;
use super::ties::Contest;
use crate::form::blocks::slug;

/// Names of numbers from the texts of a sheet.
pub(super) struct Namer<'a> {
    grid: &'a Grid,
    phrases: &'a [Phrase],
}

impl<'a> Namer<'a> {
    /// Of a grid and the texts around it.
    pub fn new(grid: &'a Grid, phrases: &'a [Phrase]) -> Self {
        Self { grid, phrases }
    }

    /// The texts on the line at `y`.
    fn on(&self, y: f64, cap: f64) -> impl Iterator<Item = &'a Phrase> {
        self.phrases.iter().filter(move |p| (p.y - y).abs() < 0.45 * cap)
    }

    /// The text beside the numbers of a row: to the left, or to the right.
    pub fn row(&self, row: usize) -> Option<String> {
        let row = &self.grid.rows[row];
        let ends = |k: usize| self.grid.figures[k].cell.part;
        let (first, last) = (row.cells.first()?.1, row.cells.last()?.1);
        self.beside(row.y, self.grid.figures[first].cell.cap, (ends(first).x0, ends(last).x1))
    }

    /// The text beside one number.
    pub fn total(&self, figure: usize) -> Option<String> {
        let f = &self.grid.figures[figure];
        self.beside(f.cell.base, f.cell.cap, (f.cell.part.x0, f.cell.part.x1))
    }

    fn beside(&self, y: f64, cap: f64, (left, right): (i32, i32)) -> Option<String> {
        let before = self.on(y, cap).filter(|p| p.is_name() && p.part.x1 <= left + 4);
        let after = self.on(y, cap).filter(|p| p.is_name() && p.part.x0 >= right - 4);
        let nearest = before.max_by_key(|p| p.part.x1).or_else(|| after.min_by_key(|p| p.part.x0))?;
        Some(nearest.text.trim_matches(|c: char| c == ':' || c == '=' || c.is_whitespace()).to_owned())
    }

    /// The text above a block, below what stands before it.
    pub fn heading(&self, block: usize) -> Option<String> {
        let rows = &self.grid.blocks[block];
        let first = &self.grid.rows[*rows.first()?];
        let before = self.grid.blocks[..block].iter().flatten().map(|&r| self.grid.rows[r].y);
        let top = before.filter(|y| *y < first.y).fold(first.y - 25.0, f64::max);
        let cap = self.grid.figures[first.cells.first()?.1].cell.cap;
        let within = |p: &&Phrase| p.is_name() && p.y > top + 0.6 * cap && p.y < first.y - 0.6 * cap;
        // The line of a total has its own name and the block's: that beside the number is the number's.
        let own = |p: &&Phrase| {
            !self.grid.rows.iter().filter(|r| r.cells.len() == 1).any(|r| {
                (r.y - p.y).abs() < 0.45 * cap
                    && p.part.x1 <= self.grid.figures[r.cells[0].1].cell.part.x0 + 4
            })
        };
        let near = |p: &&Phrase| ((p.y * 2.0).round() as i64, (p.style.size * 100.0) as i64);
        self.phrases.iter().filter(within).filter(own).max_by_key(near).map(|p| p.text.clone())
    }

    /// The name of a contest: what stands above its block.
    pub fn contest(&self, contest: &Contest) -> String {
        let alone = (contest.blocks.len() == 1).then(|| self.heading(contest.blocks[0])).flatten();
        alone.unwrap_or_else(|| "Contest".to_owned())
    }

    /// Id and name of a column of a row's other numbers: what stands at its head.
    pub fn value(&self, column: usize) -> (String, String) {
        let all =
            self.grid.rows.iter().filter(|r| r.cells.len() > 1 && r.cells.iter().any(|c| c.0 == column));
        let top = all.clone().map(|r| r.y).fold(f64::MAX, f64::min);
        let parts =
            all.flat_map(|r| &r.cells).filter(|c| c.0 == column).map(|c| self.grid.figures[c.1].cell.part);
        let head = parts.reduce(|a, b| a.with(&b)).and_then(|part| {
            let over = |p: &&Phrase| {
                p.part.gap(&part) < 0 && p.y < top && p.y > top - 40.0 && p.part.width() < 3 * part.width()
            };
            self.phrases.iter().filter(over).max_by(|a, b| a.y.total_cmp(&b.y))
        });
        let text = head.map(|p| p.text.clone()).unwrap_or_else(|| format!("column {}", column + 1));
        let id = short(&text);
        // Two columns of one head are told by their number.
        let id = if id.is_empty() { format!("column_{}", column + 1) } else { id };
        (id, text)
    }

    /// The largest text.
    pub fn title(&self) -> Option<String> {
        let largest =
            self.phrases.iter().filter(|p| p.is_name()).max_by(|a, b| a.style.size.total_cmp(&b.style.size));
        largest.map(|p| p.text.clone())
    }
}

/// A text as a part of an id, not too long.
fn short(text: &str) -> String {
    slug(text).chars().take(32).collect::<String>().trim_end_matches('_').to_owned()
}

/// Ids that were given.
#[derive(Default)]
pub(super) struct Ids(Vec<String>);

impl Ids {
    /// A new id of a text, in lower case.
    pub fn lower(&mut self, text: &str, or: &str) -> String {
        self.given(short(text), or)
    }

    /// A new id of a text, in upper case.
    pub fn upper(&mut self, text: &str, or: &str) -> String {
        self.given(short(text).to_uppercase(), or)
    }

    fn given(&mut self, id: String, or: &str) -> String {
        let id = if id.is_empty() || matches!(id.as_str(), "rows" | "values") { or.to_owned() } else { id };
        let mut out = id.clone();
        let mut n = 1;
        while self.0.iter().any(|o| o.eq_ignore_ascii_case(&out)) {
            n += 1;
            out = format!("{id}_{n}");
        }
        self.0.push(out.clone());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_plain_and_given_once() {
        let mut ids = Ids::default();
        assert_eq!(ids.lower("Votos vacíos (1)", "x"), "votos_vacios_1");
        assert_eq!(ids.upper("Write-In", "x"), "WRITE_IN");
        assert_eq!(ids.upper("Write-In", "x"), "WRITE_IN_2");
        assert_eq!(ids.lower("***", "total"), "total");
        assert_eq!(ids.lower("rows", "total"), "total_2");
    }
}
