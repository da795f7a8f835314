//! What a person should look at first: the doubtful fields of a record, and its rank among others.
//!
//! In: records as decided. Out: field ids in the order of their doubt, and what records are put in order by. Decides
//! nothing about a value: it only says where looking pays most. Refuses nothing.

use crate::decide::{Basis, Status};
use crate::ground::finding::{Code, Severity};
use crate::record::{Prints, Record};
use std::borrow::Cow;

/// At most this many fields are shown one by one; a sheet with more needs its photo, not crops.
const MOST: usize = 12;
/// Fields are shown until what is left holds at most this share of the sheet's doubt.
const LEFT: f64 = 0.1;
/// A field that holds less than this share of the sheet's doubt is not worth a look of its own.
const LEAST: f64 = 0.01;

/// Ids of the fields that a person should look at, those that most need it first: fields that a
/// finding names which asks for a look, that channels contradict each other on, or whose value no
/// channel says; then those with the largest probability of being wrong, until a tenth of the sheet's
/// doubt is left or none holds a hundredth of it. At most twelve. A field without a value that no such
/// finding names is not on the photo: looking at it shows nothing. Context holds nothing back, and is not looked at.
pub fn doubtful(record: &Record) -> Vec<String> {
    let asks = |id: &str| {
        record.findings.iter().any(|f| f.severity >= Severity::Review && f.field.as_deref() == Some(id))
    };
    let mut fields: Vec<(bool, f64, Cow<'_, str>)> = record
        .numbers()
        .filter(|(id, value)| value.value.is_some() || asks(id))
        .map(|(id, value)| {
            let open = value.basis != Basis::Read || contradictory(record, &value.prints);
            (asks(&id) || open, 1.0 - value.confidence, id)
        })
        .collect();
    // A stable sort: ties keep the printed order.
    fields.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let whole: f64 = fields.iter().map(|f| f.1).sum();
    let least = LEAST * fields.iter().fold(1.0 - record.confidence, |most, f| most.max(f.1));
    let mut left = whole;
    let mut out = Vec::new();
    for (must, doubt, id) in fields {
        if out.len() == MOST || (!must && (left <= whole * LEFT || doubt < least)) {
            break;
        }
        left -= doubt;
        if asks(&id) || !record.context.contains_key(id.as_ref()) {
            out.push(id.into_owned());
        }
    }
    out
}

/// Whether two channels of a record's field say different values. A QR code that a finding takes for
/// another sheet's is not heard: that it differs everywhere says nothing about a single field.
pub fn contradictory(record: &Record, prints: &Prints) -> bool {
    let foreign = record.findings.iter().any(|f| f.code == Code::QrOfAnotherSheet);
    let qr = prints.qr.as_ref().filter(|_| !foreign);
    let said: Vec<u32> = [prints.digits.as_ref(), prints.words.as_ref(), qr]
        .into_iter()
        .flatten()
        .filter_map(|c| c.value)
        .collect();
    said.windows(2).any(|w| w[0] != w[1])
}

/// What a record is put in order by when it is shown: review before rejected before accepted; contradictions first, then
/// the least probable.
pub fn rank(record: &Record) -> (u8, bool, u64) {
    let class = match record.status {
        _ if record.waits() => 0,
        Status::Rejected if record.review.is_none() => 1,
        _ => 2,
    };
    let conflict = record.numbers().any(|(_, v)| contradictory(record, &v.prints))
        || record.checks.iter().any(|c| c.holds == Some(false));
    // A probability is not negative: its bits order as it does.
    (class, !conflict, record.confidence.max(0.0).to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::finding::Finding;
    use crate::run::output::sample;

    #[test]
    fn a_field_that_a_finding_names_stands_first() {
        let mut record = sample::record("a.jpg");
        record.contests[0].choices[0].votes.confidence = 0.5;
        record.findings = vec![Finding::told(Code::ChannelsDisagree, Severity::Review, "", "").on("EG_MUD")];
        assert_eq!(doubtful(&record), ["EG_MUD", "NM_PSUV"]);
    }

    #[test]
    fn a_finding_that_is_only_good_to_know_asks_for_no_look() {
        let mut record = sample::record("a.jpg");
        record.contests[0].choices[0].votes.confidence = 0.5;
        record.findings = vec![Finding::told(Code::RegisteredDiffer, Severity::Info, "", "").on("electores")];
        assert_eq!(doubtful(&record), ["NM_PSUV"]);
    }

    #[test]
    fn a_field_that_is_not_on_the_photo_is_not_shown_and_one_that_could_not_be_read_is() {
        let mut record = sample::record("a.jpg");
        for choice in record.choices_mut().take(2) {
            choice.votes.value = None;
            choice.votes.confidence = 0.0;
        }
        record.confidence = 0.0;
        record.findings = vec![Finding::told(Code::CellUnreadable, Severity::Review, "", "").on("NM_PSUV")];
        assert_eq!(doubtful(&record), ["NM_PSUV"]);
    }

    #[test]
    fn a_foreign_qr_code_makes_no_field_doubtful() {
        let mut record = sample::record("a.jpg");
        for choice in record.choices_mut() {
            choice.votes.prints.qr =
                Some(crate::record::Print { value: Some(99), confidence: 1.0, quad: None });
        }
        record.confidence = 0.9;
        assert_eq!(doubtful(&record).len(), 3, "without the finding each is a contradiction");
        record.findings = vec![Finding::told(Code::QrOfAnotherSheet, Severity::Review, "", "")];
        assert!(doubtful(&record).is_empty());
    }

    #[test]
    fn contradictions_come_before_mere_doubt_and_accepted_sheets_last() {
        let mut doubt = sample::record("doubt.jpg");
        doubt.status = Status::Review;
        doubt.confidence = 0.1;
        let mut conflict = sample::record("conflict.jpg");
        conflict.status = Status::Review;
        conflict.contests[0].choices[0].votes.prints.words.as_mut().unwrap().value = Some(21);
        let records = [sample::record("fine.jpg"), sample::rejected("lost.jpg"), doubt, conflict];
        assert!(records.windows(2).all(|two| rank(&two[1]) < rank(&two[0])));
    }
}
