//! Blocks that repeat: a page that holds as many contests, each of as many rows, as were printed on it.
//!
//! In: what a definition says of its kinds of blocks ([`Blocks`]), and what a page shows of them ([`Layout`]): which
//! blocks, where each begins, its rows, and what names were read. Out: the page's own [`Form`], with every field, name and
//! relation in its place, so that a page of blocks is cut, read, decided and written down as any other sheet is. Refuses
//! (gives `None`) a layout of blocks that the definition does not have.

use super::field::{Role, Share};
use super::*;
use crate::ground::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a page shows: its blocks from top to bottom, at least one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Layout {
    /// See above.
    pub blocks: Vec<Block>,
}

/// A block of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Block {
    /// Id of its kind in the form.
    pub kind: String,
    /// Where it begins, form mm.
    pub y: f64,
    /// Its contest's name as read; absent where it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its rows from top to bottom, each with what was read of its name, the party with it.
    pub rows: Vec<Option<String>>,
}

/// What a definition says of its blocks.
#[derive(Debug, Clone)]
pub struct Blocks {
    /// The page without any block.
    pub(super) base: Form,
    /// Where the first block begins, form mm.
    pub top: f64,
    /// The kinds of blocks.
    pub kinds: Vec<Kind>,
}

/// A kind of block; every y counts from where the block begins.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name.
    pub id: String,
    /// Its contest's name, where that is always the same.
    pub title: Option<String>,
    /// Its lines.
    pub rules: Vec<Rule>,
    /// Its constant text.
    pub labels: Vec<Label>,
    /// Its texts that are read, by their name: `name` is the contest's.
    pub lines: Vec<HeaderLine>,
    /// Its totals.
    pub(super) totals: Vec<Field>,
    /// Its rows.
    pub rows: Rows,
    /// What ties its numbers.
    pub(super) relations: Vec<Tie>,
}

/// The rows of a kind of block.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Baseline of the first.
    pub y: f64,
    /// From one to the next.
    pub pitch: f64,
    /// From the last one's baseline to where the block ends.
    pub foot: f64,
    /// Where the votes stand.
    pub digits: Option<Slot>,
    /// Where its other numbers stand: name, what people call it, place.
    pub(super) values: Vec<(String, String, Option<Slot>)>,
    /// Where the share stands, and of which total.
    pub(super) share: Option<(Slot, usize)>,
    /// The name of the choice, at a row's baseline.
    pub(super) choice: HeaderLine,
    /// How a name is parted: groups `party` and `name`; the whole is the name where it does not fit.
    pub(super) party: Option<Regex>,
}

/// A relation of a kind of block.
#[derive(Debug, Clone)]
pub(super) struct Tie {
    pub id: String,
    pub left: Vec<Side>,
    pub op: RelationOp,
    pub right: Vec<Side>,
    pub force: Force,
}

/// What stands on a side of a relation of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The votes of all rows.
    Rows,
    /// The other numbers of each row.
    Values,
    /// A total of the kind, by its index.
    Total(usize),
}

impl Blocks {
    /// Where what stands below the blocks begins, form mm.
    pub fn end(&self) -> f64 {
        let below = self.base.labels.iter().map(|l| l.y - l.style.size).filter(|&y| y > self.top);
        below.fold(self.base.frame.1, f64::min)
    }
}

impl Kind {
    /// From where a block of so many rows begins to where it ends, mm.
    pub fn height(&self, rows: usize) -> f64 {
        self.rows.y + self.rows.pitch * rows.saturating_sub(1) as f64 + self.rows.foot
    }

    /// The places of a row's numbers.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let share = self.rows.share.map(|s| s.0);
        self.rows.values.iter().filter_map(|v| v.2).chain(self.rows.digits).chain(share)
    }
}

impl Layout {
    /// A page of one block of one row, by which pages are found: what every page has.
    pub(super) fn first(blocks: &Blocks) -> Self {
        let kind = blocks.kinds.first().map_or_else(String::new, |k| k.id.clone());
        Self { blocks: vec![Block { kind, y: blocks.top, name: None, rows: vec![None] }] }
    }

    /// With the names that `told` says of a page's lines.
    #[must_use]
    pub fn named(mut self, told: impl Fn(&str) -> Option<String>) -> Self {
        for (n, block) in self.blocks.iter_mut().enumerate() {
            block.name = told(&line_id(n, "name")).as_deref().and_then(name);
            for (k, row) in block.rows.iter_mut().enumerate() {
                *row = told(&row_id(n, k)).as_deref().and_then(name);
            }
        }
        self
    }
}

/// The id of the line that holds a text of block `n` (0 the first).
pub fn line_id(n: usize, name: &str) -> String {
    format!("block_{}_{name}", n + 1)
}

/// The id of the line that holds the name of row `k` of block `n` (0 the first).
pub fn row_id(n: usize, k: usize) -> String {
    format!("block_{}_row_{}", n + 1, k + 1)
}

/// A name as it was read, without the specks and lines behind it; `None` where nothing else was read.
pub fn name(text: &str) -> Option<String> {
    let mut out = text;
    loop {
        let mut kept = out.trim_end_matches(|c: char| !c.is_alphanumeric() && !".)]}".contains(c));
        // A stop after a space, or after more specks, is one as well.
        if let Some(before) = kept.strip_suffix('.')
            && !before.ends_with(|c: char| c.is_alphanumeric() || c == ')')
        {
            kept = before;
        }
        if kept == out {
            break;
        }
        out = kept;
    }
    let out = out.trim_start();
    out.contains(char::is_alphanumeric).then(|| out.to_owned())
}

/// A name as part of an id: its words in lower case without accents, `_` between them.
pub fn slug(name: &str) -> String {
    words::plain(name).join("_")
}

impl Form {
    /// The form of a page that shows this.
    pub fn laid_out(&self, layout: Layout) -> Option<Form> {
        let blocks = self.blocks.as_ref()?;
        let mut out = Page { form: blocks.base.clone(), ids: BTreeSet::new() };
        for (n, block) in layout.blocks.iter().enumerate() {
            let kind = blocks.kinds.iter().find(|k| k.id == block.kind)?;
            out.add(n, kind, block);
        }
        // What every page has comes first where it was first.
        Some(Form { blocks: self.blocks.clone(), layout: Some(layout), landmarks: None, ..out.form })
    }

    /// The same without landmarks: of a page that was found already.
    #[must_use]
    pub fn found(self) -> Form {
        Form { landmarks: Some(Landmarks { px_per_mm: 1.0, marks: Vec::new() }), ..self }
    }

    /// The form of a page of this form: itself where it has no blocks.
    pub fn page(self: &Arc<Self>, layout: Option<&Layout>) -> Option<Arc<Form>> {
        match layout {
            Some(layout) => self.laid_out(layout.clone()).map(Arc::new),
            None => Some(self.clone()),
        }
    }
}

/// A page that is being laid out.
struct Page {
    form: Form,
    ids: BTreeSet<String>,
}

impl Page {
    /// An id that nothing else has.
    fn unique(&mut self, id: String) -> String {
        let mut out = id.clone();
        for n in 2.. {
            if self.ids.insert(out.clone()) {
                break;
            }
            out = format!("{id}_{n}");
        }
        out
    }

    fn add(&mut self, n: usize, kind: &Kind, block: &Block) {
        let down = |y: f64| y + block.y;
        let rule = |r: &Rule| Rule { y0: down(r.y0), y1: down(r.y1), ..*r };
        self.form.rules.extend(kind.rules.iter().map(rule));
        self.form.labels.extend(kind.labels.iter().map(|l| Label { y: down(l.y), ..l.clone() }));
        for line in &kind.lines {
            let text = block.name.as_deref().filter(|_| line.id == "name");
            self.line(line, line_id(n, &line.id), down(line.y.unwrap_or(0.0)), text);
        }
        let name = block.name.clone().or_else(|| kind.title.clone());
        let slugged = name.as_deref().map(slug).filter(|s| !s.is_empty());
        let id = self.unique(slugged.unwrap_or_else(|| line_id(n, &kind.id)));
        let name = name.unwrap_or_else(|| id.clone());
        let contest = self.form.contests.len();
        self.form.contests.push(Contest { id: id.clone(), name: name.clone() });
        let rows: Vec<FieldIx> = block
            .rows
            .iter()
            .enumerate()
            .map(|(k, text)| {
                let y = down(kind.rows.y + kind.rows.pitch * k as f64);
                self.line(&kind.rows.choice, row_id(n, k), y, text.as_deref());
                self.row(kind, (contest, &id), text.as_deref(), k, y)
            })
            .collect();
        let first = self.form.fields.len();
        for total in &kind.totals {
            self.form.fields.push(Field {
                id: format!("{id}_{}", total.id),
                label: format!("{name}, {}", total.label),
                contest,
                y: down(total.y),
                ..total.clone()
            });
        }
        if let Some((slot, of)) = kind.rows.share {
            for &row in &rows {
                let (y, style) = (self.form.fields[row].y, slot.style);
                self.form.labels.push(Label {
                    text: "%".to_owned(),
                    x: slot.x,
                    y,
                    align: Align::Left,
                    style,
                });
                // A contest's only choice has all of it, whatever its number.
                if rows.len() > 1 {
                    self.form.fields[row].share = Some(Share { slot, y, whole: first + of });
                }
            }
        }
        for tie in &kind.relations {
            self.tie(tie, (&id, first), &rows);
        }
    }

    /// A text that is read, and what it is known to say.
    fn line(&mut self, line: &HeaderLine, id: String, y: f64, says: Option<&str>) {
        let mut line = HeaderLine { id, y: Some(y), ..line.clone() };
        if let Some((print, says)) = line.print.as_mut().zip(says) {
            let (before, rest) = print.text.split_once('{').unwrap_or((&print.text, ""));
            let after = rest.split_once('}').map_or("", |r| r.1);
            print.text = format!("{before}{says}{after}");
        }
        self.form.header.lines.push(line);
    }

    /// A row's numbers; the field of its votes.
    fn row(
        &mut self,
        kind: &Kind,
        (contest, of): (usize, &str),
        text: Option<&str>,
        k: usize,
        y: f64,
    ) -> FieldIx {
        let parts = text.zip(kind.rows.party.as_ref()).and_then(|(t, p)| p.captures(t));
        let part = |name: &str| Some(parts.as_ref()?.name(name)?.as_str().trim().to_owned());
        let name = part("name").or_else(|| text.map(str::to_owned));
        let party = part("party").unwrap_or_else(|| "-".to_owned());
        let slugged = name.as_deref().map(slug).filter(|s| !s.is_empty());
        let id = self.unique(format!("{of}_{}", slugged.unwrap_or_else(|| format!("row_{}", k + 1))));
        let name = name.unwrap_or_else(|| id.clone());
        let candidate = self.form.candidates.len();
        self.form.candidates.push(Candidate { id: id.clone(), name: name.clone(), contest });
        let field = Field {
            id: self.unique(format!("{id}_{party}")),
            label: format!("{} / {name}", self.form.contests[contest].name),
            kind: FieldKind::Vote { candidate, party, code: String::new() },
            role: Role::Result,
            contest,
            y,
            digits: kind.rows.digits,
            words: None,
            share: None,
        };
        let of = self.form.fields.len();
        let values: Vec<Field> = kind
            .rows
            .values
            .iter()
            .map(|(name, label, digits)| Field {
                id: value_id(&field.id, name),
                label: format!("{} / {label}", field.label),
                kind: FieldKind::Value { of, name: name.clone() },
                digits: *digits,
                ..field.clone()
            })
            .collect();
        self.form.fields.push(field);
        self.form.fields.extend(values);
        of
    }

    /// The relations of a block: one, or one a row where it ties the other numbers of each to its votes.
    fn tie(&mut self, tie: &Tie, (contest, first): (&str, usize), rows: &[FieldIx]) {
        let side = |sides: &[Side]| -> Vec<FieldIx> {
            let fields = sides.iter().flat_map(|side| match side {
                Side::Rows => rows.to_vec(),
                Side::Total(k) => vec![first + k],
                Side::Values => Vec::new(),
            });
            fields.collect()
        };
        let (op, force) = (tie.op, tie.force);
        if tie.left == [Side::Values] {
            for &row in rows {
                let left: Vec<FieldIx> = self.form.values(row).map(|v| v.0).collect();
                let id = format!("{}_{}", tie.id, self.form.fields[row].id);
                self.form.relations.push(Relation { id, left, op, right: vec![row], force });
            }
        } else {
            let id = format!("{contest}_{}", tie.id);
            let (left, right) = (side(&tie.left), side(&tie.right));
            self.form.relations.push(Relation { id, left, op, right, force });
        }
    }
}
