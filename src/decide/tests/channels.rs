//! One test a kind of change in a printed channel: what contradicts is named and held back.

use super::*;

#[test]
fn digits_changed_against_words_and_qr_are_named() {
    let form = acta();
    let v = truth(&form);
    let mut e = with_qr(&form, &v);
    e.fields[1].digits = Some(sure(283));
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    let f = finding(&d, Code::ChannelsDisagree);
    assert_eq!(f.field.as_deref(), Some(form.fields[1].id.as_str()));
    let said = "digits 283, words 183, QR 183; 183 is what the channels together give";
    assert!(f.message.ends_with(said), "{}", f.message);
    assert_eq!(d.fields[1].value, Some(183));
}

#[test]
fn words_changed_without_qr_are_named_though_the_sum_holds() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.fields[1].words = Some(sure(283));
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    assert!(finding(&d, Code::ChannelsDisagree).message.contains("digits 183, words 283; 183 is"));
}

#[test]
fn digits_and_words_changed_together_disagree_with_the_qr() {
    let form = acta();
    let mut e = with_qr(&form, &truth(&form));
    e.fields[1] = FieldEvidence { digits: Some(sure(283)), words: Some(sure(283)) };
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    assert!(finding(&d, Code::ChannelsDisagree).message.contains("digits 283, words 283, QR 183; 183 is"));
}

#[test]
fn a_row_changed_in_both_printed_channels_breaks_the_sum_without_qr() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    e.fields[1] = FieldEvidence { digits: Some(sure(283)), words: Some(sure(283)) };
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    // What is printed twice alike stays as printed.
    assert_eq!((d.fields[1].value, d.fields[1].basis), (Some(283), Basis::Read));
    let sum: u32 = form.votes().map(|ix| v[ix]).sum();
    let want = format!("sum of 38 rows = {}, Votos validos = {sum}", sum + 100);
    assert_eq!(finding(&d, Code::RelationBroken).message, want);
}

#[test]
fn a_total_changed_in_both_printed_channels_is_out_of_line() {
    let form = acta();
    let v = truth(&form);
    for id in ["votos_validos", "votos", "votantes_maquina", "opciones_validas", "votos_nulos"] {
        let ix = form.field(id).unwrap();
        let mut e = sheet(&form, &v);
        e.fields[ix] = FieldEvidence { digits: Some(sure(v[ix] + 100)), words: Some(sure(v[ix] + 100)) };
        let d = decided(&e);
        assert_eq!(d.status, Status::Review, "{id}");
        assert_eq!(d.fields[ix].value, Some(v[ix] + 100), "{id}");
        assert!(d.findings.iter().any(|f| f.code == Code::RelationBroken), "{id}: {:?}", d.findings);
    }
    let ix = form.field("votos_validos").unwrap();
    let mut e = sheet(&form, &v);
    e.fields[ix] = FieldEvidence { digits: Some(sure(999)), words: Some(sure(999)) };
    let d = decided(&e);
    let f = finding(&d, Code::OutOfLine);
    assert_eq!(f.field.as_deref(), Some("votos_validos"));
    assert!(
        f.message.contains(&format!("digits 999, words 999; the other numbers of the sheet give {}", v[ix]))
    );
}

#[test]
fn rows_exchanged_so_that_the_sum_holds_disagree_with_the_qr() {
    let form = acta();
    let mut v = truth(&form);
    let qr = payload(&form, &v, CODE);
    v.swap(1, 36);
    let mut e = sheet(&form, &v);
    e.qr = qr;
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    let fields: Vec<_> = d
        .findings
        .iter()
        .filter(|f| f.code == Code::ChannelsDisagree)
        .map(|f| f.field.clone().unwrap())
        .collect();
    assert_eq!(fields, [form.fields[1].id.clone(), form.fields[36].id.clone()]);
}

#[test]
fn digits_exchanged_between_rows_disagree_with_the_words() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    let other = e.fields[36].digits.clone();
    e.fields[36].digits = std::mem::replace(&mut e.fields[1].digits, other);
    let d = decided(&e);
    assert_eq!(d.findings.iter().filter(|f| f.code == Code::ChannelsDisagree).count(), 2);
    assert_eq!(d.status, Status::Review);
}
