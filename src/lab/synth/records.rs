//! Made-up records of a whole country, without pictures: to try what comes after reading at scale.
//!
//! In: a form, how many mesas, a seed. Out: accepted [`Record`]s whose numbers satisfy the form's
//! relations, in invented centres of one to six mesas that lie in invented parishes, municipalities and
//! states. The same seed gives the same records. Refuses nothing.

use super::values::{SheetTruth, ValueMode, encode_qr, invent};
use super::{SynthRng, rng};
use crate::decide::{Basis, GroupDecision, Status};
use crate::form::{FieldIx, Form};
use crate::ground::geometry::{Quad, Rect};
use crate::record::*;
use rand::RngExt;
use std::collections::BTreeMap;

/// An invented country: its mesas in the order of their codes.
#[derive(Debug)]
pub struct Country<'f> {
    form: &'f Form,
    rng: SynthRng,
    left: usize,
    centre: [u32; 4],
    mesas: u32,
    mesa: u32,
    names: [String; 4],
}

impl<'f> Country<'f> {
    /// A country of `mesas` mesas.
    pub fn new(form: &'f Form, mesas: usize, seed: u64) -> Self {
        let names = std::array::from_fn(|_| String::new());
        Self { form, rng: rng(seed, 0), left: mesas, centre: [90, 1, 1, 0], mesas: 0, mesa: 0, names }
    }

    /// Goes on to the next centre, and now and then to the next parish, municipality or state.
    fn advance(&mut self, truth: &SheetTruth) {
        // About 15 centres a parish, 4 parishes a municipality, 14 municipalities a state.
        let start = self.centre[3] == 0;
        let parish = !start && self.rng.random_bool(1.0 / 15.0);
        let municipality = parish && self.rng.random_bool(0.25);
        let state = municipality && self.rng.random_bool(1.0 / 14.0) && self.centre[0] < 99;
        if state {
            self.centre = [self.centre[0] + 1, 1, 1, 0];
        } else if municipality && self.centre[1] < 99 {
            self.centre = [self.centre[0], self.centre[1] + 1, 1, 0];
        } else if parish && self.centre[2] < 99 {
            self.centre = [self.centre[0], self.centre[1], self.centre[2] + 1, 0];
        }
        self.centre[3] += 1;
        let ids = ["state", "municipality", "parish", "centre_name"];
        for (ix, (id, changed)) in
            ids.iter().zip([state || start, municipality || start, parish || start, true]).enumerate()
        {
            if changed {
                self.names[ix] = truth.header_text(id).unwrap_or("SIN NOMBRE").to_owned();
            }
        }
        self.mesas = self.rng.random_range(1..=6);
        self.mesa = 0;
    }
}

impl Iterator for Country<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        self.left = self.left.checked_sub(1)?;
        let mut truth = invent(self.form, &mut self.rng, ValueMode::Realistic);
        if self.mesa == self.mesas {
            self.advance(&truth);
        }
        self.mesa += 1;
        let [a, b, c, d] = self.centre;
        truth.centre = format!("{a:02}{b:02}{c:02}{d:03}");
        truth.table = format!("{:02}", self.mesa);
        truth.code = format!("{}.{}.1.0001", truth.centre, truth.table);
        encode_qr(self.form, &mut truth);
        let mut record = record(self.form, &truth);
        let [state, municipality, parish, centre] = self.names.clone().map(Some);
        record.place = Place {
            country: Some("VENEZUELA".to_owned()),
            state,
            municipality,
            parish,
            centre,
            address: None,
        };
        Some(record)
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
        form: Some(FormRef { id: form.id.clone(), version: form.version, score: 0.9 }),
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
