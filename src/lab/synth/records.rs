//! Made-up records of a whole country, without pictures: to try what comes after reading at scale.
//!
//! In: a form, how many tables, a seed. Out: accepted [`Record`]s whose numbers satisfy the form's
//! relations, in invented centres of one to six tables that lie in invented areas of the form's levels.
//! The same seed gives the same records. Refuses nothing.

use super::values::{SheetTruth, ValueMode, invent, placed};
use super::{SynthRng, rng};
use crate::decide::{Basis, GroupDecision, Status};
use crate::form::{FieldIx, Form};
use crate::ground::geometry::{Quad, Rect};
use crate::record::*;
use rand::RngExt;
use std::collections::BTreeMap;

/// How many centres, and areas within areas, an area has on the average, from the smallest areas up; larger ones have as
/// many as the last.
const WITHIN: [f64; 3] = [15.0, 4.0, 14.0];

/// An invented country: its tables in the order of their codes.
#[derive(Debug)]
pub struct Country<'f> {
    form: &'f Form,
    rng: SynthRng,
    left: usize,
    /// The number of the area at each level within the one above, the centre's last.
    numbers: Vec<u64>,
    tables: u32,
    table: u32,
    names: Place,
}

impl<'f> Country<'f> {
    /// A country of so many tables.
    pub fn new(form: &'f Form, tables: usize, seed: u64) -> Self {
        let (rng, numbers) = (rng(seed, 0), Vec::new());
        Self { form, rng, left: tables, numbers, tables: 0, table: 0, names: Place::default() }
    }

    /// The largest number at a level.
    fn most(&self, depth: usize) -> u64 {
        10u64.pow(self.form.levels.all()[depth].digits as u32) - 1
    }

    /// Goes on to the next centre, and now and then to the next area.
    fn advance(&mut self, truth: &SheetTruth) {
        let centre = self.form.levels.last() - 1;
        // The largest area that changes.
        let mut changed = centre;
        if self.numbers.is_empty() {
            // No real code of a largest area is so large.
            self.numbers =
                (1..=centre).map(|depth| if depth == 1 { 9 * self.most(1) / 10 } else { 1 }).collect();
            changed = 0;
        } else {
            let full = |country: &Self, depth: usize| country.numbers[depth - 1] == country.most(depth);
            for (depth, within) in (1..centre).rev().zip(WITHIN.iter().chain(std::iter::repeat(&WITHIN[2]))) {
                if !full(self, changed) && !self.rng.random_bool(1.0 / within) {
                    break;
                }
                changed = depth;
            }
            self.numbers[changed - 1] = (self.numbers[changed - 1] + 1).min(self.most(changed));
            self.numbers[changed..].fill(1);
        }
        for name in self.form.levels.names() {
            let depth = self.form.levels.find(name.id).unwrap_or(centre);
            if depth >= changed {
                let line = self.form.header_line(name.line);
                let prefix = line.and_then(|l| l.prefix.as_deref()).unwrap_or_default();
                let printed =
                    truth.header_text(name.line).map(|t| t.strip_prefix(prefix).unwrap_or(t).trim());
                self.names.insert(name.id.to_owned(), printed.map(str::to_owned));
            }
        }
        self.tables = self.rng.random_range(1..=6);
        self.table = 0;
    }

    /// The centre's code.
    fn centre(&self) -> String {
        let levels = self.form.levels.all().iter().skip(1);
        levels.zip(&self.numbers).map(|(l, n)| format!("{n:0width$}", width = l.digits)).collect()
    }
}

impl Iterator for Country<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.left = self.left.checked_sub(1)?;
        let mut truth = invent(self.form, &mut self.rng, ValueMode::Realistic);
        if self.table == self.tables {
            self.advance(&truth);
        }
        self.table += 1;
        placed(self.form, &mut truth, self.centre(), self.table, &mut self.rng);
        Some(Record { place: self.names.clone(), ..record(self.form, &truth) })
    }
}

/// The record of a sheet that was read without a doubt.
pub fn record(form: &Form, truth: &SheetTruth) -> Record {
    let path = format!("made-up/{}-{}.jpg", truth.centre, truth.table);
    let value = |ix: FieldIx| {
        let (field, said) = (&form.fields[ix], &truth.fields[ix]);
        let quad = |slot: Option<&crate::form::Slot>| slot.map(|s| quad(form, s.line_rect(field.y, 0)));
        let channel =
            |value: Option<u32>, quad| value.map(|v| Print { value: Some(v), confidence: 0.999, quad });
        let (digits, words) = (quad(field.digits.as_ref()), quad(field.words.as_ref()));
        Value {
            value: Some(said.value),
            confidence: 0.999_999_9,
            basis: Basis::Read,
            prints: Prints {
                digits: channel(said.digits, digits),
                words: channel(said.words, words),
                qr: channel(said.qr, None),
                percent: None,
            },
            alternatives: Vec::new(),
            quad: digits,
            source: None,
            set_by: None,
        }
    };
    let sure = GroupDecision { state: Status::Accepted, confidence: 0.999_99 };
    let groups: Vec<GroupDecision> = form.groups().map(|_| sure).collect();
    let Numbers { contests, ballots, context } = crate::record::numbers(form, &groups, &value);
    Record {
        schema: SCHEMA.to_owned(),
        sources: vec![Source {
            sha256: crate::ground::hash::sha256(path.as_bytes()),
            path,
            page: 0,
            ordinal: 0,
            width: 640,
            height: 6850,
            format: "jpeg".to_owned(),
        }],
        part_of: None,
        status: Status::Accepted,
        confidence: 0.999_99,
        form: Some(FormRef {
            id: form.id.clone(),
            version: form.version,
            score: 0.9,
            layout: None,
            pages: Vec::new(),
        }),
        sheet: SheetInfo {
            code: Some(truth.code.clone()),
            centre: Some(truth.centre.clone()),
            table: truth.table.parse().ok(),
            kind: Some("votes".to_owned()),
            qr: truth.qr.clone(),
            ..SheetInfo::default()
        },
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        contests,
        ballots,
        context,
        checks: Vec::new(),
        findings: Vec::new(),
        registration: None,
        provenance: Provenance {
            cotejo: env!("CARGO_PKG_VERSION").to_owned(),
            config: "made up".to_owned(),
            form: Some(form.sha256.clone()),
            models: BTreeMap::new(),
        },
        review: None,
    }
}

/// Where a form's rectangle would stand on a straight 200 dpi scan.
fn quad(form: &Form, rect: Rect) -> Quad {
    const PX_PER_MM: f64 = 200.0 / 25.4;
    const ABOVE_FRAME: f64 = 170.0;
    let at = |v: f64| (v * PX_PER_MM * 10.0).round() / 10.0;
    Quad(rect.corners().map(|p| [at(p.x + form.margin_left), at(p.y + ABOVE_FRAME)]))
}
