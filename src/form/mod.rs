//! What a sheet looks like and what its numbers have to satisfy: data, read from TOML.
//!
//! In: a definition (`models/forms/*.toml`, embedded, or from a folder). Out: a [`Form`]: constant
//! print, fields with the places of their channels, header lines, QR grammar, relations, the private
//! area. Refuses definitions that contradict themselves, naming the entry. Nothing about one election
//! is written in code.
//!
//! Coordinates are form coordinates: millimetres of the nominal print, origin at the top-left corner
//! of the frame (the rigid printed block), x right, y down; a text's y is its baseline.

pub mod blocks;
mod check;
mod error;
mod export;
mod field;
mod header;
mod invent;
pub mod landmarks;
mod levels;
mod load;
mod pages;
mod place;
pub mod print;
mod raw;
mod resolve;

pub use blocks::{Block, Blocks, Layout};
pub use error::FormError;
pub use export::{Export, Mode};
pub use field::{Field, FieldKind, Role, Share, Slot};
pub use header::{Header, HeaderLine, HeaderPrint};
pub use invent::Invent;
pub use levels::{Level, Levels, Name};
pub use load::{builtin, from_file, known, parse};
pub use pages::OfSheet;

use landmarks::Landmarks;
use regex::Regex;
use std::sync::Arc;

/// Index into [`Form::fields`].
pub type FieldIx = usize;

/// One known sheet.
#[derive(Debug, Clone)]
pub struct Form {
    /// Stable id, such as `ve-2024-presidential`.
    pub id: String,
    /// Version of the definition.
    pub version: u32,
    /// For people.
    pub title: String,
    /// Id of the election, for exports.
    pub election: String,
    /// The date that the sheets of this election carry, `DD/MM/YYYY`, if it is fixed.
    pub issued: Option<String>,
    /// Language of the print, such as `es`.
    pub language: String,
    /// Where a sheet is from, and how its code nests.
    pub levels: Levels,
    /// What exports say of it.
    pub export: Export,
    /// Width of the paper.
    pub paper_width: f64,
    /// From the paper's left edge to the frame's origin.
    pub margin_left: f64,
    /// Shortest and longest sheet.
    pub paper_length: (f64, f64),
    /// Width and height of the frame.
    pub frame: (f64, f64),
    /// Printed lines of the frame.
    pub rules: Vec<Rule>,
    /// Constant print of the frame: labels, headings, siglas and codes.
    pub labels: Vec<Label>,
    /// Digits of the largest number.
    pub places: usize,
    /// How numbers are spelled; `None` where the form prints digits alone.
    pub words: Option<Words>,
    /// What is voted on, at least one.
    pub contests: Vec<Contest>,
    /// Short name (the results tables' column) and printed name.
    pub candidates: Vec<Candidate>,
    /// Every number that is read: first the vote rows in printed order, then the totals in printed
    /// order, then those of the header.
    pub fields: Vec<Field>,
    /// The header.
    pub header: Header,
    /// The QR code, if the sheet has one.
    pub qr: Option<QrSpec>,
    /// The form of the hash line, if the sheet has one.
    pub hash: Option<Regex>,
    /// The area that is never read or shown: from this y down to the QR code (or the end).
    pub private_top: f64,
    /// How the private area is printed on made-up sheets.
    pub officials: Officials,
    /// What made-up sheets say.
    pub invent: Invent,
    /// What ties the fields.
    pub relations: Vec<Relation>,
    /// Of which sheet its pages are; `None` where each is a sheet of its own.
    pub sheet: Option<OfSheet>,
    /// The pages of a sheet of several, each with the ids that it has there; empty of one page.
    pub pages: Vec<Arc<Form>>,
    /// The blocks that repeat on its pages; the fields are then those of [`Form::layout`].
    pub blocks: Option<Arc<Blocks>>,
    /// What the page shows of them, where it has blocks.
    pub layout: Option<Layout>,
    /// What of its constant print is found again, where a file beside the definition says so.
    pub landmarks: Option<Landmarks>,
    /// SHA-256 of the definition's bytes, hexadecimal.
    pub sha256: String,
}

/// A printed line, `(x0, y0)` to `(x1, y1)`, axis-parallel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Start.
    pub x0: f64,
    /// Start.
    pub y0: f64,
    /// End, not left of the start.
    pub x1: f64,
    /// End, not above the start.
    pub y1: f64,
}

/// How text hangs on its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Starts at x.
    Left,
    /// Is centred on x.
    Centre,
    /// Ends at x.
    Right,
}

impl Align {
    /// From x to the left end of a print that is `width` wide: 0 or less.
    pub fn left(self, width: f64) -> f64 {
        match self {
            Self::Left => 0.0,
            Self::Centre => -width / 2.0,
            Self::Right => -width,
        }
    }
}

/// A style of print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Em height in millimetres.
    pub size: f64,
    /// Regular or bold.
    pub weight: Weight,
    /// Width of a space in em, where the print's is not the font's.
    pub space: Option<f64>,
    /// Added to the advance of every glyph, em: the print's advances are whole dots.
    pub tracking: f64,
}

/// Weight of a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Book weight.
    Regular,
    /// Bold.
    Bold,
}

/// Constant print: one line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The text.
    pub text: String,
    /// Where it hangs.
    pub x: f64,
    /// Baseline.
    pub y: f64,
    /// How it hangs.
    pub align: Align,
    /// Its style.
    pub style: Style,
}

/// How a number is spelled: one word a decimal place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Between words.
    pub separator: String,
    /// The words for 0 to 9.
    pub digits: Vec<String>,
    /// How many words a number has.
    pub places: usize,
}

impl Words {
    /// The number as words, such as `Cero, Uno, Cuatro, Nueve`; the lowest `places` decimals.
    pub fn spell(&self, value: u32) -> String {
        let mut parts = Vec::with_capacity(self.places);
        for place in (0..self.places).rev() {
            let digit = (value / 10u32.pow(place as u32)) % 10;
            parts.push(self.digits[digit as usize].as_str());
        }
        parts.join(&self.separator)
    }
}

/// One question of the election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// Short name, such as `president`.
    pub id: String,
    /// As a person would call it.
    pub name: String,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Short name, the column of the published tables, such as `NM`.
    pub id: String,
    /// As printed.
    pub name: String,
    /// What the candidate stands for: index into [`Form::contests`].
    pub contest: usize,
}

/// The QR code.
#[derive(Debug, Clone)]
pub struct QrSpec {
    /// Side of the symbol.
    pub size: f64,
    /// Left edge.
    pub left: f64,
    /// Smallest and largest y of its top edge.
    pub top: (f64, f64),
    /// Symbol versions in use.
    pub versions: Vec<u32>,
    /// Named groups: `code`, `centre`, `table`, `kind`, `votes` (comma list of the rows in printed
    /// order), the ids of totals, `rest`.
    pub grammar: Regex,
}

/// What the private area holds: never read, only made up for samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Officials {
    /// The heading.
    pub title: String,
    /// One block a person.
    pub roles: Vec<String>,
    /// What is asked of each.
    pub captions: Vec<String>,
}

/// A relation between printed numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Stable id.
    pub id: String,
    /// Fields that are added up on the left.
    pub left: Vec<FieldIx>,
    /// How the sides compare.
    pub op: RelationOp,
    /// Fields that are added up on the right.
    pub right: Vec<FieldIx>,
    /// Whether a sheet can break it without being wrong.
    pub force: Force,
}

/// How the sides of a relation compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelationOp {
    /// Left equals right.
    Equals,
    /// Left is at most right.
    AtMost,
}

/// How binding a relation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// The machine computes it: a sheet that breaks it needs a person.
    Binding,
    /// Usually holds; a sheet may break it (people counted by hand): weighs less in what is inferred,
    /// and a person looks as well.
    Usual,
}

/// The id of a row's other number, by the row's and its name.
pub fn value_id(row: &str, name: &str) -> String {
    format!("{row}_{name}")
}

/// Numbers of a sheet that are accepted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A contest's, by its index.
    Contest(usize),
    /// Those that no contest owns.
    Ballots,
}

impl Form {
    /// Its groups: the contests, then the ballots.
    pub fn groups(&self) -> impl Iterator<Item = Group> + use<> {
        (0..self.contests.len()).map(Group::Contest).chain([Group::Ballots])
    }

    /// The group of a field; `None` for context.
    pub fn group(&self, ix: FieldIx) -> Option<Group> {
        match self.fields[ix].role {
            Role::Result => Some(Group::Contest(self.fields[ix].contest)),
            Role::Ballots => Some(Group::Ballots),
            Role::Context => None,
        }
    }

    /// Whether a field is context.
    pub fn is_context(&self, ix: FieldIx) -> bool {
        self.fields[ix].role == Role::Context
    }

    /// The number of registered voters, where the sheet prints it.
    pub fn registered(&self) -> Option<FieldIx> {
        self.field(self.export.registered.as_deref()?)
    }

    /// Index of the field with this id.
    pub fn field(&self, id: &str) -> Option<FieldIx> {
        self.fields.iter().position(|f| f.id == id)
    }

    /// Indices of the vote rows, in printed order.
    pub fn votes(&self) -> impl Iterator<Item = FieldIx> + '_ {
        (0..self.fields.len()).filter(|&ix| matches!(self.fields[ix].kind, FieldKind::Vote { .. }))
    }

    /// The other numbers of a vote row, in printed order, each with its name.
    pub fn values(&self, row: FieldIx) -> impl Iterator<Item = (FieldIx, &str)> {
        self.fields.iter().enumerate().filter_map(move |(ix, field)| match &field.kind {
            FieldKind::Value { of, name } if *of == row => Some((ix, name.as_str())),
            _ => None,
        })
    }

    /// The names of the other numbers that its rows have, in printed order.
    pub fn value_names(&self) -> Vec<&str> {
        let mut out: Vec<&str> = Vec::new();
        for field in &self.fields {
            if let FieldKind::Value { name, .. } = &field.kind
                && !out.contains(&name.as_str())
            {
                out.push(name);
            }
        }
        out
    }

    /// The header line with this id.
    pub fn header_line(&self, id: &str) -> Option<&HeaderLine> {
        self.header.lines.iter().find(|l| l.id == id)
    }

    /// The number as the form spells it; empty where it prints no words.
    pub fn spell(&self, value: u32) -> String {
        self.words.as_ref().map_or_else(String::new, |w| w.spell(value))
    }

    /// The largest value that a field can print.
    pub fn max_value(&self) -> u32 {
        10u32.pow(self.places as u32) - 1
    }
}
