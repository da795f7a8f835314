//! Evidence that is written down and read back.

use super::*;
use crate::form::builtin;

fn evidence() -> Evidence {
    let mut e = Evidence::new(builtin().unwrap().remove(0));
    e.texts.insert("code".to_owned(), TextEvidence::said("010203004.07.1.0001", 0.1 + 0.2));
    e.origin.path = "a/1.jpg".to_owned();
    e.glare = vec![3];
    e
}

#[test]
fn what_was_written_is_read_back_to_the_last_bit_with_its_form_only() {
    let written = evidence();
    let json = written.to_json().unwrap();
    let read = |json: &str, forms: &[Arc<Form>]| Evidence::from_json(json, forms);
    let back = read(&json, std::slice::from_ref(&written.form)).unwrap();
    assert_eq!(back.measured, written.measured);
    assert_eq!(back.to_json().unwrap(), json);
    assert!(matches!(read(&json, &[]), Err(EvidenceError::Form(form)) if form.contains('/')));
    let changed = Form { sha256: "0".repeat(64), ..(*written.form).clone() };
    assert!(matches!(read(&json, &[Arc::new(changed)]), Err(EvidenceError::Changed(_))));
    let newer = json.replace(SCHEMA, "cotejo.evidence/9");
    assert!(matches!(read(&newer, std::slice::from_ref(&written.form)), Err(EvidenceError::Schema(_))));
    assert!(matches!(read("{}", &[]), Err(EvidenceError::Json(_))));
}

#[test]
fn what_does_not_fit_its_form_is_refused_before_anything_is_decided_on_it() {
    use crate::read::cut::Quality;
    use crate::read::glyphs::{Distribution, Reading};
    let refused = |change: fn(&mut Evidence)| {
        let mut e = evidence();
        change(&mut e);
        let read = Evidence::from_json(&e.to_json().unwrap(), std::slice::from_ref(&e.form));
        matches!(read, Err(EvidenceError::Shape(_)))
    };
    assert!(!refused(|_| {}));
    assert!(refused(|e| drop(e.fields.pop())));
    assert!(refused(|e| e.glare = vec![999]));
    assert!(refused(|e| e.places.extend([(999, Quad::default())])));
    assert!(refused(|e| {
        let distribution = Distribution::from_weights(vec![(123_456, 0.9)], 0.0, 0.1);
        let quality = Quality { contrast: 0.8, coverage: 1.0, px_per_mm: 7.9, residual: 0.1, sharpness: 0.3 };
        let readings = vec![Reading { reader: ReaderId::Net, distribution }];
        e.fields[0].digits = Some(CellReading { readings, quality, covered: Vec::new() });
    }));
}

#[test]
fn what_no_decision_looks_at_is_dropped_and_its_weight_kept() {
    use crate::read::cut::Quality;
    use crate::read::glyphs::{CellReading, Distribution, ReaderId, Reading};
    let values: Vec<(u32, f64)> = (0..1000).map(|v| (v, 0.5f64.powi(v.min(60) as i32))).collect();
    let distribution = Distribution::from_weights(values, 0.0, 0.001);
    let quality = Quality { contrast: 0.8, coverage: 1.0, px_per_mm: 7.9, residual: 0.1, sharpness: 0.3 };
    let mut e = evidence();
    e.fields[0].digits = Some(CellReading {
        readings: vec![Reading { reader: ReaderId::Net, distribution }],
        quality,
        covered: Vec::new(),
    });
    let slim = e.slimmed();
    let d = &slim.fields[0].digits.as_ref().unwrap().readings[0].distribution;
    assert!(d.values.len() <= KEPT && d.values.iter().all(|v| v.1 >= NEGLIGIBLE));
    let total = d.values.iter().map(|v| v.1).sum::<f64>() + d.blank + d.other;
    assert!((total - 1.0).abs() < 1e-12);
}
