//! Records of `cotejo.record/1`, as folders of earlier programs hold them.
//!
//! In: JSON of such a record. Out: a [`Record`]. It had one contest, votes and totals side by side, and one page with
//! the names of those joined to it. What a number is for is asked of the built-in form of that id; of another form all
//! are the contest's but the voters on the roll. Refuses what is no such record.

use super::{
    Alternative, Ballots, Choice, Contest, FormRef, PageRef, Place, Print, Prints, Provenance, Record,
    Registration, RegistryEntry, Review, SCHEMA, SetBy, SheetInfo, Source, Value,
};
use crate::decide::{Basis, Check, Status};
use crate::form::{self, Form, Group};
use crate::ground::finding::Finding;
use crate::ground::geometry::Quad;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Name and version of the schema.
pub const SCHEMA_1: &str = "cotejo.record/1";

/// A word of that schema: the voters on the roll, whatever the form.
const ELECTORES: &str = "electores";

/// The record as it was written.
#[derive(Deserialize)]
struct Record1 {
    source: Source1,
    status: Status,
    confidence: f64,
    form: Option<FormRef>,
    sheet: SheetInfo,
    place: Place,
    #[serde(default)]
    place_confidence: BTreeMap<String, f64>,
    registry: Option<RegistryEntry>,
    votes: Vec<Vote1>,
    totals: BTreeMap<String, Value1>,
    candidates: BTreeMap<String, Option<u32>>,
    checks: Vec<Check>,
    findings: Vec<Finding>,
    registration: Option<Registration>,
    provenance: Provenance,
    review: Option<Review>,
}

#[derive(Deserialize)]
struct Source1 {
    #[serde(flatten)]
    own: Source,
    #[serde(default)]
    joined: Vec<PageRef>,
    part_of: Option<PageRef>,
}

#[derive(Deserialize)]
struct Vote1 {
    id: String,
    party: String,
    code: String,
    candidate: String,
    #[serde(flatten)]
    value: Value1,
}

#[derive(Deserialize)]
struct Value1 {
    value: Option<u32>,
    confidence: f64,
    basis: Basis,
    channels: Channels1,
    #[serde(default)]
    alternatives: Vec<Alternative>,
    quad: Option<Quad>,
    photo: Option<usize>,
    set_by: Option<SetBy>,
}

#[derive(Deserialize)]
struct Channels1 {
    digits: Option<Print>,
    words: Option<Print>,
    qr: Option<Print>,
}

impl From<Value1> for Value {
    fn from(v: Value1) -> Self {
        let Channels1 { digits, words, qr } = v.channels;
        Self {
            value: v.value,
            confidence: v.confidence,
            basis: v.basis,
            prints: Prints { digits, words, qr, percent: None },
            alternatives: v.alternatives,
            quad: v.quad,
            source: v.photo,
            set_by: v.set_by,
        }
    }
}

/// The forms that say what a number of theirs is for.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| form::builtin().unwrap_or_default());

/// The record that a line of an earlier program holds.
///
/// # Errors
/// It is no such record.
pub fn read(json: &str) -> Result<Record, serde_json::Error> {
    let old: Record1 = serde_json::from_str(json)?;
    let form = old.form.as_ref().and_then(|own| FORMS.iter().find(|f| f.id == own.id));
    let group = |id: &str| match form.and_then(|f| Some(f.group(f.field(id)?))) {
        Some(group) => group,
        None => (id != ELECTORES).then_some(Group::Contest(0)),
    };
    let (mut totals, mut ballots, mut context) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (id, value) in old.totals {
        let here = match group(&id) {
            Some(Group::Contest(_)) => &mut totals,
            Some(Group::Ballots) => &mut ballots,
            None => &mut context,
        };
        here.insert(id, Value::from(value));
    }
    let choice = |v: Vote1| {
        let Vote1 { id, party, code, candidate, value } = v;
        Choice { id, candidate, party, code, votes: value.into(), values: BTreeMap::new() }
    };
    let (id, name) = match form.map(|f| &f.contests[0]) {
        Some(contest) => (contest.id.clone(), contest.name.clone()),
        None => ("contest".to_owned(), String::new()),
    };
    let (state, confidence) = (old.status, old.confidence);
    let contest = Contest {
        id,
        name,
        state,
        confidence,
        choices: old.votes.into_iter().map(choice).collect(),
        totals,
        candidates: old.candidates,
    };
    let others = old.source.joined.iter().skip(1).cloned();
    let other = |p: PageRef| Source { path: p.path, sha256: p.sha256, page: p.page, ..Source::default() };
    let mut sources = vec![old.source.own];
    sources.extend(others.map(other));
    Ok(Record {
        schema: SCHEMA.to_owned(),
        sources,
        part_of: old.source.part_of,
        status: old.status,
        confidence: old.confidence,
        contests: if contest.choices.is_empty() { Vec::new() } else { vec![contest] },
        ballots: Ballots { state, confidence, values: ballots },
        context,
        form: old.form,
        sheet: old.sheet,
        place: old.place,
        place_confidence: old.place_confidence,
        registry: old.registry,
        checks: old.checks,
        findings: old.findings,
        registration: old.registration,
        provenance: old.provenance,
        review: old.review,
    })
}
