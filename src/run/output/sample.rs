//! Made-up records for tests.

use crate::decide::{Basis, Status};
use crate::ground::finding::{Finding, Severity, What};
use crate::record::*;
use std::collections::BTreeMap;

/// A number that digits and words say alike.
pub fn value(value: u32, confidence: f64) -> Value {
    let channel = ChannelValue { value: Some(value), confidence, quad: None };
    Value {
        value: Some(value),
        confidence,
        basis: Basis::Read,
        channels: Channels { digits: Some(channel.clone()), words: Some(channel), qr: None },
        alternatives: Vec::new(),
        quad: None,
        photo: None,
        set_by: None,
    }
}

/// An accepted sheet of three rows: 20 and 10 for NM, 30 for EG.
pub fn record(path: &str) -> Record {
    let vote = |id: &str, n| {
        let (candidate, party) = id.split_once('_').unwrap();
        Vote {
            id: id.to_owned(),
            party: party.to_owned(),
            code: "1".to_owned(),
            candidate: candidate.to_owned(),
            value: value(n, 0.99999),
        }
    };
    let total = |id: &str, n| (id.to_owned(), value(n, 0.99999));
    Record {
        schema: SCHEMA.to_owned(),
        source: Source {
            path: path.to_owned(),
            sha256: crate::ground::hash::sha256(path.as_bytes()),
            page: 0,
            width: 640,
            height: 6850,
            format: "jpeg".to_owned(),
            ..Source::default()
        },
        status: Status::Accepted,
        confidence: 0.99995,
        form: Some(FormRef { id: "test".to_owned(), version: 1, score: 0.9 }),
        sheet: SheetInfo {
            code: Some("010203004.05.1.0001".to_owned()),
            centre: Some("010203004".to_owned()),
            table: Some(5),
            kind: Some("votes".to_owned()),
            ..SheetInfo::default()
        },
        place: Place::default(),
        place_confidence: BTreeMap::new(),
        registry: None,
        votes: vec![vote("NM_PSUV", 20), vote("NM_PCV", 10), vote("EG_MUD", 30)],
        totals: BTreeMap::from([
            total("electores", 120),
            total("votos", 62),
            total("votos_validos", 60),
            total("votos_nulos", 2),
        ]),
        candidates: BTreeMap::from([("NM".to_owned(), Some(30)), ("EG".to_owned(), Some(30))]),
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
    record.votes.clear();
    record.totals.clear();
    record.candidates.clear();
    let refused = Finding::new(Severity::Reject, What::NotAPicture { file: path.to_owned() });
    record.findings = vec![refused];
    record
}
