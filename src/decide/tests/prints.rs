//! Prints that disagree with the number that stands, from both sides: what is held and what is let through.

use super::*;

/// A cell of which a stretch is covered, mm right of its middle: so much of a character of 1.13 mm.
fn behind(mut cell: CellReading, covered: (f64, f64)) -> CellReading {
    cell.quality.coverage = 1.0 - ((covered.1 - covered.0) / 1.13).min(1.0);
    cell.covered = vec![covered];
    cell
}

fn doubtful(shown: u32, truth: u32) -> CellReading {
    cell(&[(shown, 0.6), (truth, 0.35)])
}

#[test]
fn a_digit_altered_on_a_clean_scan_is_held_by_name() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.fields[1].digits = Some(sure(283));
    let d = decided(&e);
    let f = finding(&d, Code::ChannelsDisagree);
    assert_eq!((d.status, d.fields[1].value, f.severity), (Status::Review, Some(183), Severity::Review));
    assert_eq!(f.field.as_deref(), Some(form.fields[1].id.as_str()));
    assert!(f.message.contains("digits 283, words 183"), "{}", f.message);
}

#[test]
fn on_a_clean_scan_a_reading_that_rather_shows_another_number_is_held() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.fields[1].digits = Some(doubtful(188, 183));
    let d = decided(&e);
    assert_eq!((d.status, finding(&d, Code::ChannelsDisagree).severity), (Status::Review, Severity::Review));
}

#[test]
fn on_a_clean_scan_softer_print_takes_no_leave_by_that() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    let mut soft = doubtful(188, 183);
    soft.quality.sharpness = 0.25;
    e.fields[1].digits = Some(soft);
    let d = decided(&e);
    assert_eq!((d.status, finding(&d, Code::ChannelsDisagree).severity), (Status::Review, Severity::Review));
}

#[test]
fn a_digit_altered_in_a_photo_of_12_megapixels_is_held_by_name() {
    let form = acta();
    let mut e = photographed(sheet(&form, &truth(&form)));
    e.fields[1].digits = Some(in_a_photo(sure(283)));
    let d = decided(&e);
    let f = finding(&d, Code::ChannelsDisagree);
    assert_eq!((d.status, f.field.as_deref()), (Status::Review, Some(form.fields[1].id.as_str())));
}

#[test]
fn a_doubtful_digit_of_small_print_is_a_misreading_where_words_and_sums_agree() {
    let form = acta();
    let v = truth(&form);
    let mut e = photographed(sheet(&form, &v));
    e.fields[1].digits = Some(in_a_photo(doubtful(188, 183)));
    let d = decided(&e);
    assert_eq!((d.status, values(&d)), (Status::Accepted, v), "{:?}", d.findings);
    let f = finding(&d, Code::Misreading);
    assert_eq!((f.severity, f.field.as_deref()), (Severity::Info, Some(form.fields[1].id.as_str())));
    assert!(f.message.contains("digits 188, words 183"), "{}", f.message);
}

#[test]
fn two_doubtful_prints_of_one_number_are_no_misreadings() {
    let form = acta();
    let mut e = photographed(sheet(&form, &truth(&form)));
    let print = || Some(in_a_photo(doubtful(188, 183)));
    e.fields[1] = FieldEvidence { digits: print(), words: print() };
    let d = decided(&e);
    assert_eq!(
        (d.status, d.fields[1].value, d.fields[1].basis),
        (Status::Review, Some(183), Basis::Corrected)
    );
    assert_eq!(finding(&d, Code::ValueCorrected).severity, Severity::Review);
}

#[test]
fn digits_and_words_altered_alike_break_the_sum_on_scans_and_in_photos() {
    let form = acta();
    for photo in [false, true] {
        let mut e = sheet(&form, &truth(&form));
        e.fields[1] = FieldEvidence { digits: Some(sure(283)), words: Some(sure(283)) };
        let e = if photo { photographed(e) } else { e };
        let d = decided(&e);
        assert_eq!((d.status, d.fields[1].value), (Status::Review, Some(283)));
        finding(&d, Code::RelationBroken);
    }
}

/// A number's only print, the sums against it: the sheet may have added wrongly, or someone altered the print.
#[test]
fn a_sheet_may_break_its_own_sums_where_one_print_is_left() {
    let form = acta();
    let v = truth(&form);
    let covered = || Some(behind(in_a_photo(unreadable()), (-13.0, 13.0)));
    let mut e = photographed(sheet(&form, &v));
    e.fields[1] = FieldEvidence { digits: Some(in_a_photo(sure(188))), words: covered() };
    let d = decide(&e, &Policy::at_most(0.5));
    assert_eq!((d.status, d.fields[1].value), (Status::Review, Some(183)), "{:?}", d.findings);
    assert_eq!(finding(&d, Code::ValueCorrected).severity, Severity::Review);
    // Read with doubt it is a misreading, as the sums say.
    e.fields[1].digits = Some(in_a_photo(doubtful(188, 183)));
    let d = decide(&e, &Policy::at_most(0.5));
    assert_eq!((d.status, d.fields[1].value), (Status::Accepted, Some(183)), "{:?}", d.findings);
}

#[test]
fn a_print_covered_in_part_says_nothing_where_it_is_covered() {
    let form = acta();
    let v = truth(&form);
    let unhidden = || sure(83);
    let first = || behind(sure(83), (-1.5, -0.8));
    // The last digit is covered, or the first: what is in sight of the others is not read as it stands.
    let last = || behind(sure(83), (0.8, 1.5));
    let other = || behind(sure(88), (-1.5, -0.8));
    let cases = [
        (unhidden(), Status::Review),
        (first(), Status::Accepted),
        (last(), Status::Review),
        (other(), Status::Review),
        (behind(sure(783), (-1.5, -0.8)), Status::Accepted),
        (behind(unreadable(), (-1.5, -0.8)), Status::Accepted),
    ];
    for (ix, (digits, status)) in cases.into_iter().enumerate() {
        let mut e = sheet(&form, &v);
        e.fields[1].digits = Some(digits);
        let d = decided(&e);
        assert_eq!((d.status, d.fields[1].value), (status, Some(183)), "{ix}: {:?}", d.findings);
    }
    // Both prints of a number covered: what is filled is only as sure as what fills it.
    let mut e = sheet(&form, &v);
    let covered = || Some(behind(unreadable(), (-13.0, 13.0)));
    e.fields[1] = FieldEvidence { digits: covered(), words: covered() };
    let d = decided(&e);
    assert_eq!((d.status, d.fields[1].value, d.fields[1].basis), (Status::Review, Some(183), Basis::Filled));
    finding(&d, Code::LowConfidence);
}

#[test]
fn a_print_in_plain_sight_that_cannot_be_read_takes_the_same_test() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    e.fields[1].digits = Some(unreadable());
    let d = decided(&e);
    assert_eq!((d.status, finding(&d, Code::CellUnreadable).severity), (Status::Review, Severity::Review));
}

#[test]
fn context_is_open_by_itself_and_holds_no_sheet_back() {
    let form = acta();
    let mut v = truth(&form);
    let ix = form.field(ELECTORES).unwrap();
    let sound = decided(&sheet(&form, &v));
    for print in [None, Some(unreadable()), Some(cell(&[(1900, 0.6), (1906, 0.39)]))] {
        let mut e = sheet(&form, &v);
        e.fields[ix].digits = print;
        let d = decided(&e);
        assert_eq!((d.status, d.fields[ix].value), (Status::Accepted, None), "{:?}", d.findings);
        assert!((d.confidence - sound.confidence).abs() < 1e-9, "{} {}", d.confidence, sound.confidence);
        assert_eq!(finding(&d, Code::CellUnreadable).severity, Severity::Info);
    }
    // Nor does a relation with it; a result that is exceeded by its total does.
    v[ix] = 100;
    let d = decided(&sheet(&form, &v));
    let f = finding(&d, Code::RegisteredExceeded);
    assert_eq!((d.status, f.severity), (Status::Accepted, Severity::Info));
    let votes = form.field("votos").unwrap();
    let mut e = sheet(&form, &v);
    e.fields[votes] = FieldEvidence { digits: Some(unreadable()), words: Some(unreadable()) };
    assert_eq!(decided(&e).status, Status::Review);
}

#[test]
fn a_form_that_takes_the_roll_for_a_result_holds_a_sheet_for_it() {
    let mut form = acta();
    let ix = form.field(ELECTORES).unwrap();
    form.fields[ix].role = crate::form::Role::Result;
    let mut v = truth(&form);
    v[ix] = 100;
    let d = decided(&sheet(&form, &v));
    assert_eq!(
        (d.status, finding(&d, Code::RegisteredExceeded).severity),
        (Status::Review, Severity::Review)
    );
}
