//! What a box that a person draws becomes.
//!
//! In: a drawing, a box on the sheet and what it is to be. Out: the drawing with it: contests with their rows and columns, single
//! numbers, words beside numbers, a line that says which sheet it is, constant print, the private part. It snaps to the print
//! inside. Refuses boxes beside the paper or without such print, and prints where others are.

mod parts;

pub(super) use parts::private;

use super::drawing::{Drawing, Print, float, overlaps, said};
use super::words::Word;
use crate::form::blocks::slug;
use crate::form::{Align, print::label_rect};
use crate::ground::geometry::Rect;
use crate::learn::few::{Hung, Line, Seen, Table, Text};
use crate::learn::relations::is_share;
use crate::learn::write::layout::{entry, mm, put, text, texts};
use parts::explicit;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;

/// What a box is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tool {
    /// Rows of votes, with the totals among them.
    Votes,
    /// Numbers that are no votes.
    Numbers,
    /// The words in which numbers of a column are spelled.
    Words,
    /// A text that says which sheet it is.
    Line,
    /// Constant print.
    Print,
    /// Names and signatures: from the top of the box down.
    Private,
}

impl Tool {
    /// Whether it asks for the numbers that are drawn already.
    pub fn reads(self) -> bool {
        matches!(self, Self::Votes | Self::Numbers)
    }
}

/// The numbers of the drawing as they are read on each sheet, by their ids.
pub(super) type Values = BTreeMap<String, Vec<Option<u32>>>;

/// The words that are read, 0 to 9.
const SPELLED: [&str; 10] =
    ["Cero", "Uno", "Dos", "Tres", "Cuatro", "Cinco", "Seis", "Siete", "Ocho", "Nueve"];

/// A box on a drawing.
pub(super) struct Boxed<'a> {
    pub seen: &'a Seen,
    /// From the paper's corner to the frame's, mm.
    pub origin: (f64, f64),
    pub values: &'a Values,
}

impl Boxed<'_> {
    /// The drawing with a box, in the form's millimetres.
    ///
    /// # Errors
    /// See the head of the file.
    pub fn drawn(&self, before: &Drawing, tool: Tool, area: Rect) -> Result<Drawing, Word> {
        let paper = Rect::new(area.x + self.origin.0, area.y + self.origin.1, area.width, area.height);
        let (width, height) = self.seen.size();
        let on =
            paper.x > -1.0 && paper.y > -1.0 && paper.right() < width + 1.0 && paper.bottom() < height + 1.0;
        if !on || area.width < 0.5 || area.height < 0.5 {
            return Err(Word::DrawOutside {});
        }
        let mut out = before.clone();
        match tool {
            Tool::Votes => self.votes(&mut out, self.table(paper)?)?,
            Tool::Numbers => self.numbers(&mut out, paper)?,
            Tool::Words => self.words(&mut out, paper)?,
            Tool::Line => self.line(&mut out, paper)?,
            Tool::Print => self.print(&mut out, paper)?,
            Tool::Private => private(&mut out, area.y)?,
        }
        let form = out.whole_form().map_err(|e| Word::DrawRefused { problem: e.to_string() })?;
        let prints = out.prints(&form);
        let old: BTreeSet<String> = before
            .whole_form()
            .map(|f| before.prints(&f))
            .unwrap_or_default()
            .into_iter()
            .map(|p| p.id)
            .collect();
        if let Some((one, other)) = overlaps(&prints, |p| !old.contains(&p.id)).into_iter().next() {
            return Err(Word::DrawOverlap { one, other });
        }
        // What is a number, or says which sheet it is, is no constant print.
        let inside = |r: &Rect| {
            let (x, y) = (r.x + r.width / 2.0, r.y + r.height / 2.0);
            prints.iter().filter(|p| p.kind != "label" && !old.contains(&p.id)).any(|p| {
                let [px, py, w, h] = p.rect;
                x > px && x < px + w && y > py && y < py + h
            })
        };
        let labels = out.list("labels").len();
        let gone: Vec<bool> = form.labels.iter().take(labels).map(|l| inside(&label_rect(l))).collect();
        let mut gone = gone.iter();
        out.list_mut("labels").retain(|_| !gone.next().unwrap_or(&false));
        // What leads to a number on its line is constant, and no part of it.
        for t in self.seen.texts().into_iter().filter(|t| t.drawn).map(|t| self.moved(t)) {
            let end = (t.rect.right() - 0.5, t.rect.y + t.rect.height / 2.0);
            let holds = |p: &&Print| {
                let [x, y, w, h] = p.rect;
                end.0 > x && end.0 < x + w && end.1 > y && end.1 < y + h && t.rect.x < x - t.size / 2.0
            };
            let number = prints.iter().filter(|p| p.kind == "digits" && !old.contains(&p.id)).find(holds);
            let lead = t.text.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | ' '));
            if number.is_some() && lead.len() < t.text.len() && lead.contains(char::is_alphabetic) {
                out.label(&Text { text: lead.to_owned(), ..t });
            }
        }
        Ok(out)
    }

    /// The numbers within a box of the paper, in the form's millimetres.
    fn table(&self, paper: Rect) -> Result<Table, Word> {
        let mut table = self.seen.table(paper);
        if table.lines.is_empty() {
            return Err(if self.seen.ink(paper).is_some() {
                Word::DrawNoNumbers {}
            } else {
                Word::DrawNothingThere {}
            });
        }
        table.columns.iter_mut().for_each(|c| c.x -= self.origin.0);
        table.lines.iter_mut().for_each(|l| l.y -= self.origin.1);
        Ok(table)
    }

    /// Contests of the blocks of a table; what stands alone among them is a total.
    fn votes(&self, out: &mut Drawing, table: Table) -> Result<(), Word> {
        explicit(out);
        for (heading, block) in &table.blocks {
            let lines: Vec<&Line> = block.iter().map(|&l| &table.lines[l]).collect();
            self.contest(out, &table, heading.as_deref(), &lines);
        }
        for (k, line) in table.lines.iter().enumerate() {
            if !table.blocks.iter().any(|b| b.1.contains(&k)) {
                self.line_of_numbers(out, &table, line)?;
            }
        }
        Ok(())
    }

    /// One contest.
    fn contest(&self, out: &mut Drawing, table: &Table, heading: Option<&str>, lines: &[&Line]) {
        let name = heading.unwrap_or("Contest");
        let known: BTreeSet<String> = out.list("contests").iter().map(|c| said(c, "id").to_owned()).collect();
        let contest = unique(&slug(name), "contest", &known);
        out.list_mut("contests").push(entry([("id", text(&contest)), ("name", text(name))]));
        let of = |l: &&Line| l.numbers.iter().map(|n| n.0).collect::<Vec<_>>();
        let mut own: Vec<usize> = lines.iter().flat_map(of).collect();
        own.sort_unstable();
        own.dedup();
        let numbers: Vec<usize> = own.iter().copied().filter(|&c| !table.columns[c].share).collect();
        let Some(votes) = table.sum.filter(|s| numbers.contains(s)).or(numbers.last().copied()) else {
            return;
        };
        let mut columns = toml::Table::new();
        columns.insert("digits".to_owned(), self.slot(out, &table.columns[votes]));
        // A block whose shares are not read has them where most of the others do.
        let shared = |c: &usize| {
            let has = |b: &(Option<String>, Vec<usize>)| {
                b.1.iter().any(|&l| table.lines[l].numbers.iter().any(|n| n.0 == *c))
            };
            table.columns[*c].share && table.blocks.iter().filter(|b| has(b)).count() * 2 > table.blocks.len()
        };
        if let Some(share) = (0..table.columns.len()).find(shared) {
            columns.insert("percent".to_owned(), self.slot(out, &table.columns[share]));
        }
        let mut ids = BTreeSet::new();
        let mut values = Vec::new();
        for &c in numbers.iter().filter(|&&c| c != votes) {
            let (head, label) = &table.columns[c].head;
            let id = unique(head, &format!("value_{}", c + 1), &ids);
            ids.insert(id.clone());
            let digits = self.slot(out, &table.columns[c]);
            values.push(entry([("id", text(&id)), ("label", text(label)), ("digits", digits)]));
        }
        if !values.is_empty() {
            columns.insert("values".to_owned(), Value::Array(values));
        }
        let columns = named(out, "votes", Value::Table(columns));
        for (k, line) in lines.iter().enumerate() {
            let name = line.name.clone().unwrap_or_else(|| format!("{} {}", k + 1, contest));
            let (party, name) = parted(&name);
            let taken: BTreeSet<String> =
                out.list("candidates").iter().map(|c| said(c, "id").to_owned()).chain(out.ids()).collect();
            let id = unique(&slug(&name).to_uppercase(), "ROW", &taken);
            out.list_mut("candidates").push(entry([
                ("id", text(&id)),
                ("name", text(&name)),
                ("contest", text(&contest)),
            ]));
            out.list_mut("rows").push(entry([
                ("candidate", text(&id)),
                ("sigla", text(&party)),
                ("code", text("")),
                ("y", mm(line.y)),
                ("columns", text(&columns)),
            ]));
        }
    }

    /// Numbers that are no votes.
    fn numbers(&self, out: &mut Drawing, paper: Rect) -> Result<(), Word> {
        let table = match self.table(paper) {
            Ok(table) => table,
            // A number that is not read is one all the same where a person says so.
            Err(Word::DrawNoNumbers {}) => {
                let Some((ink, cap)) = self.seen.ink(paper) else { return Err(Word::DrawNothingThere {}) };
                let hung = Hung {
                    align: Align::Right,
                    x: ink.right() - self.origin.0,
                    width: ink.width,
                    size: Seen::em(cap),
                    bold: false,
                    share: false,
                    mark: false,
                    head: Default::default(),
                };
                let line = Line {
                    y: ink.bottom() - self.origin.1,
                    name: None,
                    numbers: vec![(0, None, Vec::new())],
                };
                Table { columns: vec![hung], lines: vec![line], ..Table::default() }
            }
            Err(other) => return Err(other),
        };
        table.lines.iter().try_for_each(|line| self.line_of_numbers(out, &table, line))
    }

    /// The numbers of one line.
    fn line_of_numbers(&self, out: &mut Drawing, table: &Table, line: &Line) -> Result<(), Word> {
        for (column, name, values) in &line.numbers {
            let hung = &table.columns[*column];
            let slot = self.slot(out, hung);
            if hung.share {
                self.share(out, slot, line.y, values)?;
                continue;
            }
            let columns = named(out, "total", entry([("digits", slot)]));
            let label = name.clone().unwrap_or_else(|| format!("Total {}", out.list("totals").len() + 1));
            let taken: BTreeSet<String> = out
                .ids()
                .into_iter()
                .chain(out.list("candidates").iter().map(|c| said(c, "id").to_owned()))
                .collect();
            let id = unique(&slug(&label), "total", &taken);
            out.list_mut("totals").push(entry([
                ("id", text(&id)),
                ("label", text(&label)),
                ("y", mm(line.y)),
                ("columns", text(&columns)),
                ("role", text("context")),
            ]));
        }
        Ok(())
    }

    /// A share, of two totals that give it on every sheet.
    fn share(&self, out: &mut Drawing, slot: Value, y: f64, shares: &[Option<u32>]) -> Result<(), Word> {
        let holds = |part: &[Option<u32>], whole: &[Option<u32>]| {
            let mut told = 0;
            let all = shares.iter().zip(part).zip(whole).all(|((s, p), w)| match (s, p, w) {
                (Some(s), Some(p), Some(w)) => {
                    told += usize::from(*p > 0 && p != w);
                    is_share(*s, *p, *w)
                }
                _ => true,
            });
            all && told > 0
        };
        let ids: Vec<String> = out.list("totals").iter().map(|t| said(t, "id").to_owned()).collect();
        let known = |id: &String| self.values.get(id).map(|v| (id.clone(), v.clone()));
        let known: Vec<_> = ids.iter().filter_map(known).collect();
        let pairs = known.iter().flat_map(|p| known.iter().map(move |w| (p, w)));
        let found =
            pairs.filter(|(p, w)| p.0 != w.0 && holds(&p.1, &w.1)).map(|(p, w)| (p.0.clone(), w.0.clone()));
        let Some((part, whole)) = found.into_iter().next() else { return Err(Word::DrawNoShare {}) };
        let columns = named(out, "share", entry([("percent", slot)]));
        let total = out.list_mut("totals").iter_mut().find(|t| said(t, "id") == part);
        if let Some(total) = total.and_then(Value::as_table_mut) {
            let percent = entry([("of", text(&whole)), ("y", mm(y)), ("columns", text(&columns))]);
            total.insert("percent".to_owned(), percent);
        }
        Ok(())
    }

    /// The words beside the rows and totals of a box.
    fn words(&self, out: &mut Drawing, paper: Rect) -> Result<(), Word> {
        let Some((ink, cap)) = self.seen.ink(paper) else { return Err(Word::DrawNothingThere {}) };
        let (top, foot) = (paper.y - self.origin.1, paper.bottom() - self.origin.1);
        let mut names: Vec<String> = Vec::new();
        for list in ["rows", "totals"] {
            for row in out.list(list) {
                let y = row.get("y").and_then(float).unwrap_or(f64::NAN);
                if y > top && y < foot {
                    names.push(said(row, "columns").to_owned());
                }
            }
        }
        names.sort();
        names.dedup();
        if names.is_empty() {
            return Err(Word::DrawWordsBesideNothing {});
        }
        let style = out.style(Seen::em(cap), false);
        let width = (ink.width + cap).min(self.seen.size().0 - ink.x - 0.05);
        let place =
            entry([("left", mm(ink.x - self.origin.0 - 0.1)), ("width", mm(width)), ("style", text(&style))]);
        for name in names {
            if let Some(columns) = out.section("columns").get_mut(&name).and_then(Value::as_table_mut) {
                columns.insert("words".to_owned(), place.clone());
            }
        }
        let words = out.section("words");
        if words.is_empty() {
            words.insert("language".to_owned(), text("es"));
            words.insert("separator".to_owned(), text(", "));
            words.insert("digits".to_owned(), texts(SPELLED));
        }
        Ok(())
    }

    /// The texts whose middle lies in a box of the paper, in the form's millimetres.
    fn texts(&self, paper: Rect) -> Vec<Text> {
        let within = |t: &Text| {
            let (x, y) = (t.rect.x + t.rect.width / 2.0, t.rect.y + t.rect.height / 2.0);
            x > paper.x && x < paper.right() && y > paper.y && y < paper.bottom()
        };
        self.seen.texts().into_iter().filter(within).map(|t| self.moved(t)).collect()
    }

    /// A text in the form's millimetres.
    pub fn moved(&self, t: Text) -> Text {
        let rect = Rect::new(t.rect.x - self.origin.0, t.rect.y - self.origin.1, t.rect.width, t.rect.height);
        Text { x: t.x - self.origin.0, y: t.y - self.origin.1, rect, ..t }
    }

    /// A line that says which sheet it is: what stands before a colon is always the same.
    fn line(&self, out: &mut Drawing, paper: Rect) -> Result<(), Word> {
        let mut texts = self.texts(paper);
        texts.sort_by(|a, b| a.x.total_cmp(&b.x));
        let Some(first) = texts.first().cloned() else { return Err(Word::DrawNothingThere {}) };
        let all: Vec<&str> = texts.iter().map(|t| t.text.as_str()).collect();
        let all = all.join(" ");
        let (lead, rest) = match all.rsplit_once(": ") {
            Some((lead, rest)) => (format!("{lead}: "), rest.trim()),
            None => (String::new(), all.trim()),
        };
        let known: BTreeSet<String> =
            out.list("lines").iter().map(|l| said(l, "id").to_owned()).chain(out.ids()).collect();
        let digits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        let named = slug(lead.trim());
        let id = match (digits && !known.contains("table"), named.is_empty()) {
            (true, _) => "table".to_owned(),
            (false, true) => unique("text", "text", &known),
            (false, false) => unique(&named, "text", &known),
        };
        let style = out.style(first.size, first.bold);
        let width = paper.right() - self.origin.0 - first.x;
        let print = entry([
            ("text", text(&format!("{lead}{{{id}}}"))),
            ("align", text("left")),
            ("x", mm(first.x)),
            ("style", text(&style)),
            ("above", mm(0.0)),
            ("pitch", mm(1.5 * first.size)),
            ("width", mm(width)),
        ]);
        let mut line = entry([("id", text(&id)), ("y", mm(first.y)), ("print", print)]);
        if digits {
            put(&mut line, "pattern", text(&format!("^\\d{{{}}}$", rest.len())));
        }
        out.list_mut("lines").push(line);
        // Constant print that is a part of it says nothing of its own.
        let own: Vec<&Text> = texts.iter().collect();
        let same = |l: &Value| {
            let at = |k: &str| l.get(k).and_then(float).unwrap_or(f64::NAN);
            own.iter().any(|t| (t.x - at("x")).abs() < 0.2 && (t.y - at("y")).abs() < 0.2)
        };
        out.list_mut("labels").retain(|l| !same(l));
        Ok(())
    }

    /// Constant print: the texts and the lines of a box.
    fn print(&self, out: &mut Drawing, paper: Rect) -> Result<(), Word> {
        let texts = self.texts(paper);
        let (x, y) = self.origin;
        let within = |r: &&crate::form::Rule| {
            let (mx, my) = ((r.x0 + r.x1) / 2.0, (r.y0 + r.y1) / 2.0);
            mx > paper.x && mx < paper.right() && my > paper.y && my < paper.bottom()
        };
        let moved = |r: &crate::form::Rule| crate::form::Rule {
            x0: r.x0 - x,
            y0: r.y0 - y,
            x1: r.x1 - x,
            y1: r.y1 - y,
        };
        let rules: Vec<_> = self.seen.rules().iter().filter(within).map(moved).collect();
        if texts.is_empty() && rules.is_empty() {
            return Err(Word::DrawNothingThere {});
        }
        texts.iter().for_each(|t| out.label(t));
        out.lines(&rules);
        Ok(())
    }

    /// The place of a column's numbers: as wide as its widest, with room for another figure.
    fn slot(&self, out: &mut Drawing, c: &Hung) -> Value {
        let (key, room) = match c.align {
            Align::Left => ("left", out.frame().0 - c.x),
            Align::Centre => ("centre", 2.0 * c.x.min(out.frame().0 - c.x)),
            Align::Right => ("right", c.x),
        };
        let width = (c.width.max(1.7 * c.size) + 0.6 * c.size).min(room);
        let style = out.style(c.size, c.bold);
        let mut slot = entry([(key, mm(c.x)), ("width", mm(width)), ("style", text(&style))]);
        if c.mark {
            put(&mut slot, "thousands", text(","));
        }
        slot
    }
}

/// The name of columns that are as told: one that is there, or a new one.
fn named(out: &mut Drawing, kind: &str, body: Value) -> String {
    let all = out.section("columns");
    if let Some((name, _)) = all.iter().find(|c| *c.1 == body) {
        return name.clone();
    }
    let mut names = std::iter::once(kind.to_owned()).chain((2..).map(|n| format!("{kind}{n}")));
    let name = names.find(|n| !all.contains_key(n)).unwrap_or_default();
    all.insert(name.clone(), body);
    name
}

/// An id that nothing has yet.
fn unique(id: &str, or: &str, taken: &BTreeSet<String>) -> String {
    let id: String = id.chars().take(32).collect();
    let id = id.trim_end_matches('_');
    let id = if id.is_empty() || matches!(id.to_lowercase().as_str(), "rows" | "values") { or } else { id };
    let free = |n: &String| !taken.iter().any(|t| t.eq_ignore_ascii_case(n));
    std::iter::once(id.to_owned()).chain((2..).map(|n| format!("{id}_{n}"))).find(free).unwrap_or_default()
}

/// A printed name as party and name: `(R) Jim Banks`; `-` where it names no party.
fn parted(name: &str) -> (String, String) {
    let inner = name.strip_prefix('(').and_then(|n| n.split_once(')'));
    match inner {
        Some((party, name)) if !party.trim().is_empty() && !name.trim().is_empty() => {
            (party.trim().to_owned(), name.trim().to_owned())
        }
        _ => ("-".to_owned(), name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_name_is_parted_and_an_id_is_given_once() {
        assert_eq!(parted("(R) Jim Banks"), ("R".to_owned(), "Jim Banks".to_owned()));
        assert_eq!(parted("Write-In"), ("-".to_owned(), "Write-In".to_owned()));
        assert_eq!(parted("(none)"), ("-".to_owned(), "(none)".to_owned()));
        let taken = BTreeSet::from(["YES".to_owned(), "yes_2".to_owned()]);
        assert_eq!(unique("YES", "ROW", &taken), "YES_3");
        assert_eq!(unique("rows", "total", &taken), "total");
    }
}
