//! The record of a sheet that several photos show.
//!
//! In: the photos' own records and what was decided on their evidence together. Out: one [`Record`],
//! each number with the channels and the place of the photo that shows it best. Decides nothing.

use super::build::{candidates, decided, numbers, place, place_confidence, sheet_info};
use super::*;
use crate::decide::Decision;
use crate::form::Form;

/// The record of the sheet that `members` show, in the first one's place. `code` is the sheet's code,
/// if it is known. The list must not be empty.
pub fn join(members: &[&Record], form: &Form, code: Option<String>, decision: &Decision) -> Record {
    let first = members[0];
    let (votes, totals) = numbers(form, |ix| value(members, &form.fields[ix].id, decided(decision, ix)));
    let mut source = first.source.clone();
    source.joined = members.iter().map(|m| m.source.page_ref()).collect();
    // The picture that shows most of the sheet says what form it is.
    let forms = members.iter().filter_map(|m| m.form.as_ref());
    let form_ref = forms.fold(None, |best: Option<&FormRef>, f| match best {
        Some(b) if b.score >= f.score => Some(b),
        _ => Some(f),
    });
    Record {
        source,
        form: form_ref.cloned(),
        status: decision.status,
        confidence: decision.confidence,
        sheet: sheet(members, form, code, decision),
        place: place(decision),
        place_confidence: place_confidence(decision),
        registry: None,
        candidates: candidates(form, &votes),
        votes,
        totals,
        checks: decision.checks.clone(),
        findings: decision.findings.clone(),
        ..first.clone()
    }
}

/// A decided value with channels and quads of the photo that shows it best, and the QR code's number
/// from whichever photo shows the code.
fn value(members: &[&Record], id: &str, decided: Value) -> Value {
    let shown = |v: &Value| -> f64 {
        let channels = [&v.channels.digits, &v.channels.words].into_iter().flatten();
        channels.filter(|c| c.value.is_some()).map(|c| c.confidence).sum()
    };
    let all: Vec<Option<&Value>> = members.iter().map(|m| m.value(id)).collect();
    let best = (0..all.len()).fold(0, |best, ix| {
        if all[ix].map_or(0.0, shown) > all[best].map_or(0.0, shown) { ix } else { best }
    });
    let mut out = decided;
    if let Some(value) = all[best] {
        out.channels = value.channels.clone();
        out.quad = value.quad;
        out.photo = (best > 0).then_some(best);
    }
    out.channels.qr = all.iter().flatten().find_map(|v| v.channels.qr.clone());
    out
}

/// What the sheet says it is, with what the photo that shows the QR code says of that.
fn sheet(members: &[&Record], form: &Form, code: Option<String>, decision: &Decision) -> SheetInfo {
    let qr = members.iter().find_map(|m| m.sheet.qr.clone());
    let known = code.or_else(|| members.iter().find_map(|m| m.sheet.code.clone()));
    let said = known.as_deref().map(|code| (code, qr.as_deref().unwrap_or_default()));
    SheetInfo { qr: qr.clone(), ..sheet_info(form, said, decision) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Policy, decide};
    use crate::form::builtin;
    use crate::read::cut::Quality;
    use crate::read::evidence::Evidence;
    use crate::read::glyphs::FieldEvidence;
    use crate::read::glyphs::{CellReading, Distribution, ReaderId, Reading};

    fn sure(value: u32) -> CellReading {
        let distribution = Distribution::from_weights(vec![(value, 0.9995)], 0.0, 0.0005);
        let quality =
            Quality { contrast: 0.8, coverage: 1.0, px_per_mm: 7.9, residual: 0.05, sharpness: 0.3 };
        CellReading { readings: vec![Reading { reader: ReaderId::Net, distribution }], quality }
    }

    /// The record of a photo that shows the rows of `range`, each with its index as its number.
    fn photo(form: &Form, path: &str, range: std::ops::Range<usize>) -> Record {
        let mut record = crate::run::output::sample::record(path);
        let vote = record.votes[0].clone();
        record.votes = range
            .map(|ix| {
                let id = form.fields[ix].id.clone();
                Vote { id, value: crate::run::output::sample::value(ix as u32, 0.9), ..vote.clone() }
            })
            .collect();
        record
    }

    #[test]
    fn each_number_has_the_channels_of_the_photo_that_shows_it() {
        let form = builtin().unwrap().remove(0);
        let (top, bottom) = (photo(&form, "1.jpg", 0..3), photo(&form, "2.jpg", 3..5));
        let mut e = Evidence::new(&form);
        for ix in 0..5 {
            e.fields[ix] = FieldEvidence { digits: Some(sure(ix as u32)), words: Some(sure(ix as u32)) };
        }
        let decision = decide(&e, &Policy::default());
        let record = join(&[&top, &bottom], &form, Some("010203004.07.1.0001".to_owned()), &decision);
        let photos: Vec<_> = record.votes[..5].iter().map(|v| v.value.photo).collect();
        assert_eq!(photos, [None, None, None, Some(1), Some(1)]);
        assert_eq!(record.votes[4].value.channels.words.as_ref().unwrap().value, Some(4));
        let paths: Vec<_> = record.source.joined.iter().map(|p| p.path.as_str()).collect();
        assert_eq!((record.source.path.as_str(), paths), ("1.jpg", vec!["1.jpg", "2.jpg"]));
        assert_eq!((record.sheet.table, record.status), (Some(7), Status::Review));
    }
}
