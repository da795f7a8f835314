//! Made-up records for tests.

use crate::decide::{Basis, Status};
use crate::ground::finding::{Finding, Severity, What};
use crate::record::*;
use std::collections::BTreeMap;

/// A number that digits and words say alike.
pub fn value(value: u32, confidence: f64) -> Value {
    let channel = Print { value: Some(value), confidence, quad: None };
    Value {
        value: Some(value),
        confidence,
        basis: Basis::Read,
        prints: Prints { digits: Some(channel.clone()), words: Some(channel), ..Prints::default() },
        alternatives: Vec::new(),
        quad: None,
        source: None,
        set_by: None,
    }
}

/// An accepted sheet of three rows: 20 and 10 for NM, 30 for EG.
pub fn record(path: &str) -> Record {
    let choice = |id: &str, n| {
        let (candidate, party) = id.split_once('_').unwrap();
        Choice {
            id: id.to_owned(),
            party: party.to_owned(),
            code: "1".to_owned(),
            candidate: candidate.to_owned(),
            votes: value(n, 0.99999),
            values: BTreeMap::new(),
        }
    };
    let total = |id: &str, n| (id.to_owned(), value(n, 0.99999));
    let contest = Contest {
        id: "president".to_owned(),
        name: "President".to_owned(),
        state: Status::Accepted,
        confidence: 0.99995,
        choices: vec![choice("NM_PSUV", 20), choice("NM_PCV", 10), choice("EG_MUD", 30)],
        totals: BTreeMap::from([total("votos", 62), total("votos_validos", 60), total("votos_nulos", 2)]),
        candidates: BTreeMap::from([("NM".to_owned(), Some(30)), ("EG".to_owned(), Some(30))]),
    };
    Record {
        schema: SCHEMA.to_owned(),
        sources: vec![Source {
            path: path.to_owned(),
            sha256: crate::ground::hash::sha256(path.as_bytes()),
            page: 0,
            width: 640,
            height: 6850,
            format: "jpeg".to_owned(),
            ..Source::default()
        }],
        part_of: None,
        status: Status::Accepted,
        confidence: 0.99995,
        form: Some(FormRef {
            id: "test".to_owned(),
            version: 1,
            score: 0.9,
            layout: None,
            pages: Vec::new(),
        }),
        sheet: SheetInfo {
            code: Some("010203004.05.1.0001".to_owned()),
            centre: Some("010203004".to_owned()),
            table: Some(5),
            kind: Some("votes".to_owned()),
            ..SheetInfo::default()
        },
        contests: vec![contest],
        ballots: Ballots { state: Status::Accepted, confidence: 0.99995, values: BTreeMap::new() },
        context: BTreeMap::from([total("electores", 120)]),
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        checks: Vec::new(),
        findings: Vec::new(),
        registration: None,
        provenance: Provenance {
            cotejo: "0".to_owned(),
            config: "c".to_owned(),
            form: Some("f".to_owned()),
            models: BTreeMap::new(),
        },
        review: None,
    }
}

/// A file that could not be read.
pub fn rejected(path: &str) -> Record {
    let mut record = record(path);
    record.status = Status::Rejected;
    record.confidence = 0.0;
    record.form = None;
    record.sheet = SheetInfo::default();
    record.contests.clear();
    record.ballots = Ballots::default();
    record.context.clear();
    let refused = Finding::new(Severity::Reject, What::NotAPicture { file: path.to_owned() });
    record.findings = vec![refused];
    record
}
