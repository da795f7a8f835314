//! Values that relations settle, correct or fill, and what poor pixels do.

use super::*;

#[test]
fn a_doubtful_channel_is_settled_by_the_other() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    e.fields[1].digits = Some(cell(&[(183, 0.5), (188, 0.35)]));
    let d = decided(&e);
    assert_eq!((d.status, d.fields[1].value, d.fields[1].basis), (Status::Accepted, Some(183), Basis::Read));
}

#[test]
fn a_channel_that_rather_shows_another_number_is_looked_at() {
    let form = acta();
    let v = truth(&form);
    let mut e = with_qr(&form, &v);
    e.fields[1].digits = Some(cell(&[(188, 0.45), (183, 0.35)]));
    let d = decided(&e);
    assert_eq!((d.status, d.fields[1].value), (Status::Review, Some(183)));
    let said = "digits 188, words 183, QR 183; 183 is what the channels together give";
    assert!(finding(&d, Code::ChannelsDisagree).message.ends_with(said), "{:?}", d.findings);
}

#[test]
fn a_print_that_cannot_be_read_is_looked_at_whatever_the_rest_says() {
    let form = acta();
    let v = truth(&form);
    let faint = cell(&[(183, 0.2), (188, 0.1)]);
    for (print, text) in [(unreadable(), "digits 183, QR 183"), (faint, "digits 183, words 183, QR 183")] {
        let mut e = with_qr(&form, &v);
        e.fields[1].words = Some(print);
        let d = decided(&e);
        assert_eq!(
            (d.status, d.fields[1].value, d.fields[1].basis),
            (Status::Review, Some(183), Basis::Read)
        );
        let f = finding(&d, Code::CellUnreadable);
        assert_eq!(f.field.as_deref(), Some(form.fields[1].id.as_str()));
        let said = format!("words hardly readable ({text}); 183 is what the rest gives");
        assert!(f.message.ends_with(&said), "{}", f.message);
    }
}

#[test]
fn one_unreadable_row_is_filled_by_the_sum_and_marked() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    e.fields[1] = FieldEvidence { digits: Some(unreadable()), words: Some(unreadable()) };
    let d = decided(&e);
    assert_eq!((d.fields[1].value, d.fields[1].basis), (Some(183), Basis::Filled));
    assert!(finding(&d, Code::ValueFilled).message.contains("no channel readable; 183 is what fits"));
    // The sum's word for it is good to 1 in 1,000, but no one has seen the print.
    assert!(1.0 - d.confidence < 2e-3, "{}", d.confidence);
    assert_eq!(finding(&d, Code::CellUnreadable).severity, Severity::Review);
    assert_eq!(decide(&e, &Policy::at_most(2e-2)).status, Status::Review);
}

#[test]
fn two_unreadable_rows_have_no_value() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    for ix in [1, 5] {
        e.fields[ix] = FieldEvidence { digits: Some(unreadable()), words: Some(unreadable()) };
    }
    let d = decided(&e);
    assert_eq!((d.status, d.fields[1].value, d.fields[5].value), (Status::Review, None, None));
    assert_eq!(d.findings.iter().filter(|f| f.code == Code::CellUnreadable).count(), 2);
    assert_eq!(d.confidence, 0.0);
}

#[test]
fn the_sum_corrects_a_doubtful_row_and_keeps_what_was_read() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    let doubtful = || Some(cell(&[(188, 0.6), (183, 0.39)]));
    e.fields[1] = FieldEvidence { digits: doubtful(), words: doubtful() };
    let d = decided(&e);
    assert_eq!((d.fields[1].value, d.fields[1].basis), (Some(183), Basis::Corrected));
    assert_eq!(d.fields[1].alternatives[0].0, 188);
    let f = finding(&d, Code::ValueCorrected);
    assert!(f.message.contains("digits 188, words 188; 183 is what fits"), "{}", f.message);
}

#[test]
fn a_correction_of_a_readable_channel_needs_a_person() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.fields[1] =
        FieldEvidence { digits: Some(cell(&[(188, 0.985), (183, 0.014)])), words: Some(unreadable()) };
    let d = decide(&e, &Policy::at_most(0.5));
    assert_eq!((d.fields[1].value, d.status), (Some(183), Status::Review));
    assert_eq!(finding(&d, Code::ValueCorrected).severity, Severity::Review);
}

#[test]
fn a_usual_relation_that_the_sheet_breaks_needs_a_person_and_changes_no_value() {
    let form = acta();
    let mut v = truth(&form);
    v[form.field("votantes_cuaderno").unwrap()] -= 2;
    let d = decided(&with_qr(&form, &v));
    assert_eq!((d.status, values(&d)), (Status::Review, v), "{:?}", d.findings);
    assert_eq!(finding(&d, Code::RelationBroken).field.as_deref(), Some("votantes_maquina"));
    assert!(1.0 - d.confidence < 1e-3, "{}", d.confidence);
}

#[test]
fn poor_pixels_lower_the_confidence() {
    let form = acta();
    let v = truth(&form);
    let ix = form.field("electores").unwrap();
    let clean = decided(&sheet(&form, &v)).fields[ix].confidence;
    let spoil = |quality: Quality| {
        let mut e = sheet(&form, &v);
        e.fields[ix].digits.as_mut().unwrap().quality = quality;
        decided(&e).fields[ix].confidence
    };
    for poor in [
        Quality { coverage: 0.7, ..good() },
        Quality { residual: 1.5, ..good() },
        Quality { px_per_mm: 3.0, ..good() },
        Quality { contrast: 0.04, ..good() },
    ] {
        assert!(spoil(poor) < clean - 0.01, "{poor:?}");
    }
}

#[test]
fn a_faint_print_that_seems_to_show_another_number_is_one_finding() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    let ix = form.field("NM_PSUV").unwrap();
    e.fields[ix].digits = Some(cell(&[(v[ix] + 300, 0.33), (v[ix], 0.05)]));
    let d = decided(&e);
    let of: Vec<_> = d.findings.iter().filter(|f| f.field.as_deref() == Some("NM_PSUV")).collect();
    assert_eq!(of.iter().map(|f| f.code).collect::<Vec<_>>(), [Code::CellUnreadable], "{of:?}");
    assert_eq!(d.status, Status::Review);
}
