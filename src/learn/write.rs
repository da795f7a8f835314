//! A definition of what was found.
//!
//! In: [`Found`]. Out: the text of a definition, as docs/forms.md says, with comments where a person should look; [`layout`] is
//! how any definition is written. Refuses nothing: names are what stands beside the numbers, or count them.

mod entries;
pub(crate) mod layout;

use super::grid::{Column, Grid};
use super::names::{Ids, Namer};
use super::relations::Odds;
use super::text::{Phrase, text_style};
use super::ties::Ties;
use super::words::Spelled;
use crate::form::{Align, Rule, Style, Weight};
use crate::ground::geometry::Rect;
use layout::{entry, mm, put, text, texts};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// A line of text that differs from sheet to sheet, mm.
pub(super) struct Line {
    /// Its ink.
    pub rect: Rect,
    /// Its baseline.
    pub y: f64,
    /// Em.
    pub size: f64,
}

/// All that was found.
pub(super) struct Found<'a> {
    /// The form's id.
    pub id: &'a str,
    /// How many sheets it rests on.
    pub sheets: usize,
    /// Width of the common sheet, and of the shortest and longest, mm.
    pub size: (f64, f64),
    pub length: (f64, f64),
    /// From the paper's top to that of the common sheet, mm.
    pub top: f64,
    pub grid: &'a Grid,
    pub ties: &'a Ties,
    pub phrases: &'a [Phrase],
    pub rules: &'a [Rule],
    pub lines: &'a [Line],
    /// Numbers that are spelled beside a column's.
    pub spelled: &'a [Spelled],
}

/// Odds for people.
pub(super) fn told(odds: &Odds) -> String {
    format!("{} times; by chance 1 in 10^{}", odds.sheets, (-odds.log10).floor().min(999.0))
}

struct Writer<'a> {
    found: &'a Found<'a>,
    namer: Namer<'a>,
    /// The frame's corner on the common sheet.
    origin: (f64, f64),
    frame: (f64, f64),
    styles: Vec<(Style, f64)>,
    ids: Ids,
    /// The id of each figure's field.
    fields: BTreeMap<usize, String>,
    columns: BTreeMap<String, Value>,
    written: BTreeSet<usize>,
    notes: BTreeMap<(String, String), String>,
}

/// The definition.
pub(super) fn definition(found: &Found<'_>) -> String {
    let mut writer = Writer::new(found);
    writer.styles();
    writer.all()
}

impl<'a> Writer<'a> {
    fn new(found: &'a Found<'a>) -> Self {
        let mut ends = (f64::MAX, f64::MAX, 0.0f64, 0.0f64);
        let mut hold = |x0: f64, y0: f64, x1: f64, y1: f64| {
            ends = (ends.0.min(x0), ends.1.min(y0), ends.2.max(x1), ends.3.max(y1));
        };
        found.rules.iter().for_each(|r| hold(r.x0, r.y0, r.x1, r.y1));
        found.phrases.iter().for_each(|p| hold(p.x, p.y - p.style.size, p.right(), p.y + 0.3 * p.style.size));
        for row in &found.grid.rows {
            for &(column, figure) in &row.cells {
                let em = found.grid.columns[column].style.size;
                let part = found.grid.figures[figure].cell.part;
                let px = |v: i32| f64::from(v) / super::marks::PX;
                hold(px(part.x0), row.y - em, px(part.x1), row.y + 0.4 * em);
            }
        }
        found.lines.iter().for_each(|l| hold(l.rect.x, l.y - l.size, l.rect.right(), l.y + 0.4 * l.size));
        ends.2 = found.spelled.iter().fold(ends.2, |end, s| end.max(s.left + s.width));
        let origin = (ends.0.max(0.0), ends.1.max(0.0));
        // The definition has hundredths: nothing of it stands a thousandth beyond the paper.
        let frame = ((ends.2 - origin.0).min(found.size.0 - origin.0 - 0.02), ends.3 - origin.1);
        Self {
            found,
            namer: Namer::new(found.grid, found.phrases),
            origin,
            frame,
            styles: Vec::new(),
            ids: Ids::default(),
            fields: BTreeMap::new(),
            columns: BTreeMap::new(),
            written: BTreeSet::new(),
            notes: BTreeMap::new(),
        }
    }

    /// The styles of all print: what is nearly alike is one, of the size of its widest text.
    fn styles(&mut self) {
        let mut all: Vec<(Style, f64)> =
            self.found.phrases.iter().filter(|p| p.drawn).map(|p| (p.style, p.right() - p.x)).collect();
        let columns = &self.found.grid.columns;
        all.extend(columns.iter().map(|c| (c.style, c.width)));
        all.extend(self.found.lines.iter().map(|l| (text_style(l.size, Weight::Regular), 1.0)));
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (style, width) in all {
            let like = |s: &&mut (Style, f64)| {
                s.0.weight == style.weight && (s.0.size / style.size).ln().abs() < 0.035
            };
            match self.styles.iter_mut().find(like) {
                Some(known) => {
                    let sum = known.1 + width;
                    known.0.size = (known.0.size * known.1 + style.size * width) / sum;
                    known.1 = sum;
                }
                None => self.styles.push((style, width)),
            }
        }
    }

    /// The name of the style nearest to one.
    fn style(&self, style: &Style) -> String {
        let far =
            |s: &Style| (s.size / style.size).ln().abs() + f64::from(u8::from(s.weight != style.weight));
        let nearest =
            (0..self.styles.len()).min_by(|&a, &b| far(&self.styles[a].0).total_cmp(&far(&self.styles[b].0)));
        nearest.map_or_else(|| "row".to_owned(), |k| style_name(&self.styles[k].0, k))
    }

    fn x(&self, x: f64) -> Value {
        mm(x - self.origin.0)
    }

    fn y(&self, y: f64) -> Value {
        mm(y - self.origin.1)
    }

    /// The place of a column's numbers.
    fn slot(&self, c: &Column) -> Value {
        let (align, most) = match c.align {
            Align::Left => ("left", self.found.size.0 - c.x),
            Align::Centre => ("centre", 2.0 * c.x.min(self.found.size.0 - c.x)),
            Align::Right => ("right", c.x),
        };
        let width = c.width.max(1.7 * c.style.size) + 0.6 * c.style.size;
        let style = text(&self.style(&c.style));
        let mut slot = entry([(align, self.x(c.x)), ("width", mm(width.min(most))), ("style", style)]);
        if c.mark {
            put(&mut slot, "thousands", text(","));
        }
        slot
    }

    /// The name of columns that are as told.
    fn columns(&mut self, kind: &str, body: Value) -> String {
        if let Some(known) = self.columns.iter().find(|c| c.1 == &body && c.0.starts_with(kind)) {
            return known.0.clone();
        }
        let n = self.columns.keys().filter(|k| k.starts_with(kind)).count();
        let name = if n == 0 { kind.to_owned() } else { format!("{kind}{}", n + 1) };
        self.columns.insert(name.clone(), body);
        name
    }

    /// Where the digits of a column stand, and the words beside them.
    fn digits(&self, column: usize, at: &Column) -> Value {
        let mut columns = entry([("digits", self.slot(at))]);
        if let Some(s) = self.found.spelled.iter().find(|s| s.column == column) {
            let style = text(&self.style(&text_style(s.size, Weight::Regular)));
            let mut words = entry([("left", self.x(s.left)), ("width", mm(s.width)), ("style", style)]);
            if let Some(pitch) = s.pitch {
                put(&mut words, "lines", Value::Integer(2));
                put(&mut words, "pitch", mm(pitch));
            }
            put(&mut columns, "words", words);
        }
        columns
    }

    /// Labels.
    fn labels(&self) -> Value {
        let label = |p: &Phrase| {
            entry([
                ("text", text(&p.text)),
                ("x", self.x(p.x)),
                ("y", self.y(p.y)),
                ("align", text("left")),
                ("style", text(&self.style(&p.style))),
            ])
        };
        Value::Array(self.found.phrases.iter().filter(|p| p.drawn).map(label).collect())
    }

    /// Rules.
    fn rules(&self) -> Value {
        let end = self.origin.0 + self.frame.0;
        let line = |r: &Rule| {
            Value::Array(vec![self.x(r.x0.min(end)), self.y(r.y0), self.x(r.x1.min(end)), self.y(r.y1)])
        };
        let lines = Value::Array(self.found.rules.iter().map(line).collect());
        Value::Array(vec![entry([("lines", lines)])])
    }

    /// Paper, frame, styles, columns, header.
    fn tables(&self, out: &mut Table) {
        let found = self.found;
        let length = Value::Array(vec![mm(found.length.0 - 2.0), mm(found.length.1 + 2.0)]);
        let paper = [("width", mm(found.size.0)), ("margin_left", mm(self.origin.0)), ("length", length)];
        let (width, height) = self.frame;
        let row = found.ties.contests.first().map(|c| found.grid.columns[c.votes].style);
        let row = entry([("size", mm(row.unwrap_or_else(|| text_style(3.0, Weight::Regular)).size))]);
        let mut styles = entry([("row", row.clone()), ("words", row)]);
        for (k, (style, _)) in self.styles.iter().enumerate() {
            let mut own = entry([("size", mm(style.size))]);
            if style.weight == Weight::Bold {
                put(&mut own, "bold", Value::Boolean(true));
            }
            put(&mut styles, &style_name(style, k), own);
        }
        let line = |(k, l): (usize, &Line)| {
            let style = text(&self.style(&text_style(l.size, Weight::Regular)));
            let print = entry([
                ("text", text("{place}")),
                ("align", text("left")),
                ("x", self.x(l.rect.x)),
                ("style", style),
                ("above", mm(0.0)),
                ("pitch", mm(1.5 * l.size)),
                ("width", mm(l.rect.width + 0.4 * l.size)),
            ]);
            entry([("id", text(&format!("text{}", k + 1))), ("y", self.y(l.y)), ("print", print)])
        };
        let header = [
            ("right", mm(width)),
            ("left", mm(0.0)),
            ("top", mm(found.top + self.origin.1)),
            ("lines", Value::Array(found.lines.iter().enumerate().map(line).collect())),
        ];
        let invent = [
            ("heads", texts(["BRACK", "DUN"])),
            ("tails", texts(["BY", "FORD"])),
            ("person", text("N")),
            ("parts", entry([("place", texts(["{word:1-1}"]))])),
        ];
        let tables = [
            ("paper", entry(paper)),
            ("frame", entry([("width", mm(width)), ("height", mm(height))])),
            ("styles", styles),
            ("columns", Value::Table(self.columns.clone().into_iter().collect())),
            ("header", entry(header)),
            ("private", entry([("top", mm(height))])),
            ("invent", entry(invent)),
        ];
        out.extend(tables.map(|(name, table)| (name.to_owned(), table)));
        if let Some(s) = found.spelled.first() {
            let digits = texts(s.words);
            let words = [("language", text("es")), ("separator", text(", ")), ("digits", digits)];
            out.insert("words".to_owned(), entry(words));
        }
    }
}

/// What a style is called in the definition.
fn style_name(style: &Style, k: usize) -> String {
    let bold = if style.weight == Weight::Bold { "bold" } else { "text" };
    format!("{bold}{}", k + 1)
}
