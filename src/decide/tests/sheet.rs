//! What sheet it is: clean, another one's QR code, zero report, another election, pieces, registry.

use super::*;

#[test]
fn a_clean_sheet_is_accepted_with_and_without_qr() {
    let form = acta();
    let v = truth(&form);
    let d = decided(&with_qr(&form, &v));
    assert_eq!((d.status, values(&d)), (Status::Accepted, v.clone()), "{:?}", d.findings);
    assert!(d.findings.is_empty());
    let d = decided(&sheet(&form, &v));
    assert_eq!((d.status, values(&d)), (Status::Accepted, v), "{:?}", d.findings);
    assert!(1.0 - d.confidence < 1e-6, "{}", 1.0 - d.confidence);
    assert_eq!(finding(&d, Code::QrMissing).severity, Severity::Info);
}

#[test]
fn a_qr_of_another_sheet_is_named_and_not_believed() {
    let form = acta();
    let v = truth(&form);
    let mut other = v.clone();
    for value in &mut other[..20] {
        *value += 3;
    }
    // By its code, and, where the code in the header could not be read, by its numbers.
    for printed in [true, false] {
        let mut e = sheet(&form, &v);
        e.qr = payload(&form, &other, OTHER_CODE);
        if !printed {
            e.texts.remove("code");
        }
        let d = decided(&e);
        assert_eq!(d.status, Status::Review);
        assert!(finding(&d, Code::QrOfAnotherSheet).message.contains("20 of its 39 numbers differ"));
        assert_eq!(values(&d), v);
    }
}

#[test]
fn a_code_read_with_doubt_does_not_hold_a_sheet_back() {
    let form = acta();
    let mut e = with_qr(&form, &truth(&form));
    e.texts.insert("code".to_owned(), TextEvidence::said("021201008.02.1.0001", 0.7));
    let d = decided(&e);
    assert_eq!(d.status, Status::Accepted);
    assert_eq!(finding(&d, Code::CodeDoubtful).severity, Severity::Info);
}

#[test]
fn a_code_that_is_no_acta_code_is_a_finding() {
    let form = acta();
    let mut e = sheet(&form, &truth(&form));
    e.qr = QrOutcome::Foreign("https://example.org".to_owned());
    let d = decided(&e);
    assert_eq!((d.status, finding(&d, Code::QrForeign).severity), (Status::Review, Severity::Review));
}

#[test]
fn a_zero_report_is_never_accepted() {
    let form = acta();
    let mut v = vec![0; form.fields.len()];
    v[form.field("electores").unwrap()] = 400;
    let d = decided(&with_qr(&form, &v));
    assert_eq!(d.status, Status::Review);
    finding(&d, Code::ZeroReport);
}

#[test]
fn another_date_is_another_election() {
    let form = acta();
    let mut e = with_qr(&form, &truth(&form));
    e.texts.insert("issued_at".to_owned(), TextEvidence::said("25/05/2025 08:00:00 PM", 0.999));
    finding(&decided(&e), Code::AnotherElection);
    // As general readers are sure of a line; and with one figure that may be misread.
    e.texts.insert("issued_at".to_owned(), TextEvidence::said("25/05/2025 08:00:00 PM", 0.6));
    assert_eq!(decided(&e).status, Status::Review);
    e.texts.insert("issued_at".to_owned(), TextEvidence::said("28/07/2021 08:00:00 PM", 0.6));
    assert_eq!(decided(&e).status, Status::Accepted);
}

#[test]
fn more_votes_than_electores_is_told() {
    let form = acta();
    let mut v = truth(&form);
    v[form.field("electores").unwrap()] = 100;
    let d = decided(&with_qr(&form, &v));
    assert_eq!(
        (d.status, finding(&d, Code::RegisteredExceeded).severity),
        (Status::Accepted, Severity::Info)
    );
    // Read with doubt, it is the reading that is wrong: no value.
    let ix = form.field("electores").unwrap();
    let mut e = with_qr(&form, &v);
    e.fields[ix].digits = Some(cell(&[(100, 0.6), (1900, 0.3)]));
    let d = decided(&e);
    assert_eq!((d.status, d.fields[ix].value), (Status::Accepted, None), "{:?}", d.findings);
    assert_eq!(finding(&d, Code::CellUnreadable).severity, Severity::Info);
}

#[test]
fn a_sheet_read_mostly_with_doubt_needs_its_qr_code_or_a_person() {
    let form = acta();
    let v = truth(&form);
    let spoil = |e: &mut Evidence| {
        for (ix, field) in e.fields.iter_mut().enumerate().filter(|(ix, _)| ix % 2 == 0) {
            field.digits = Some(cell(&[(v[ix], 0.8), (v[ix] + 1, 0.15)]));
        }
    };
    let mut e = sheet(&form, &v);
    spoil(&mut e);
    let d = decided(&e);
    assert_eq!(d.status, Status::Review);
    assert!(finding(&d, Code::ManyDoubtful).message.starts_with("26 % of the cells"), "{:?}", d.findings);
    let mut e = with_qr(&form, &v);
    spoil(&mut e);
    let d = decided(&e);
    assert_eq!(d.status, Status::Accepted, "{:?}", d.findings);
}

#[test]
fn a_piece_of_a_sheet_shows_what_it_has_and_is_reviewed() {
    let form = acta();
    let v = truth(&form);
    let mut e = sheet(&form, &v);
    for ix in 20..form.fields.len() {
        e.fields[ix] = FieldEvidence::default();
    }
    let d = decided(&e);
    assert_eq!((d.status, d.fields[1].value, d.fields[30].value), (Status::Review, Some(183), None));
    assert!(finding(&d, Code::FieldsAbsent).message.starts_with("28 numbers are not on the photo"));
}

#[test]
fn nothing_read_is_rejected() {
    let form = acta();
    let d = decided(&Evidence::new(form.clone()));
    assert_eq!((d.status, d.confidence), (Status::Rejected, 0.0));
    finding(&d, Code::NothingRead);
}

#[test]
fn rows_and_relations_come_from_the_form() {
    let form = parse("tiny", TINY).unwrap();
    let mut e = Evidence::new(form.clone());
    e.texts.insert("code".to_owned(), TextEvidence::said("07", 0.999));
    for (field, value) in e.fields.iter_mut().zip([1, 2, 3, 6, 1, 7]) {
        *field = FieldEvidence { digits: Some(sure(value)), words: Some(sure(value)) };
    }
    let d = decided(&e);
    assert_eq!((d.status, d.checks.len()), (Status::Accepted, 3), "{:?}", d.findings);
    e.fields[2].words = Some(sure(5));
    let d = decided(&e);
    let held = finding(&d, Code::ValueCorrected);
    assert!(held.message.starts_with("Kay / C: digits 3, words 5"));
    assert_eq!((d.status, held.severity), (Status::Review, Severity::Review));
}

fn registered(e: &Evidence, table: Registered) -> Decision {
    decide_with(e, &Policy::default(), |_| table)
}

#[test]
fn a_table_that_the_registry_does_not_hold_is_reviewed() {
    let form = acta();
    let d = registered(&with_qr(&form, &truth(&form)), Registered::Unknown);
    assert_eq!(
        (d.status, finding(&d, Code::TableNotRegistered).severity),
        (Status::Review, Severity::Review)
    );
}

#[test]
fn electores_stay_as_printed_whatever_the_registry_says() {
    let form = acta();
    let v = truth(&form);
    let ix = form.field(ELECTORES).unwrap();
    let mut e = with_qr(&form, &v);
    assert_eq!(registered(&e, Registered::Known { voters: Some(v[ix]) }).status, Status::Accepted);
    // Surely printed, then with doubt, the registry's number among what it may be: then it is open.
    for (print, stands) in [(sure(v[ix]), Some(v[ix])), (cell(&[(v[ix], 0.6), (v[ix] - 1, 0.39)]), None)] {
        e.fields[ix].digits = Some(print);
        let alone = decided(&e);
        let d = registered(&e, Registered::Known { voters: Some(v[ix] - 1) });
        assert_eq!((d.fields[ix].value, d.fields[ix].basis), (stands, Basis::Read));
        assert_eq!((d.status, d.fields[ix].confidence), (Status::Accepted, alone.fields[ix].confidence));
    }
    e.fields[ix].digits = Some(sure(v[ix]));
    let d = registered(&e, Registered::Known { voters: Some(1950) });
    let differ = finding(&d, Code::RegisteredDiffer);
    assert_eq!(differ.message, "Electores: 1900 on the sheet, 1950 in the registry");
    assert_eq!((d.status, differ.severity), (Status::Accepted, Severity::Info));
}

#[test]
fn electores_that_cannot_be_read_are_filled_from_the_registry() {
    let form = acta();
    let v = truth(&form);
    let ix = form.field(ELECTORES).unwrap();
    let mut e = with_qr(&form, &v);
    e.fields[ix].digits = Some(unreadable());
    let d = registered(&e, Registered::Known { voters: Some(1950) });
    assert_eq!((d.fields[ix].value, d.fields[ix].basis), (Some(1950), Basis::Filled));
    assert_eq!(d.status, Status::Accepted, "{:?}", d.findings);
    let said = "Electores: no channel readable; 1950 is what the registry has";
    assert_eq!(finding(&d, Code::ValueFilled).message, said);
    // A print that shows another number, however faintly, is not overruled.
    e.fields[ix].digits = Some(cell(&[(1900, 0.4)]));
    let d = registered(&e, Registered::Known { voters: Some(1950) });
    assert_eq!(d.fields[ix].value, None, "{:?}", d.findings);
    assert_eq!(d.fields[ix].alternatives[0].0, 1900);
}

#[test]
fn a_qr_code_without_its_print_is_never_enough() {
    let form = acta();
    let mut e = Evidence::new(form.clone());
    e.qr = payload(&form, &truth(&form), CODE);
    let d = decide(&e, &Policy::at_most(0.9));
    assert_eq!((d.status, d.fields[1].value), (Status::Review, Some(183)));
    assert!(finding(&d, Code::FieldsAbsent).message.starts_with("48 numbers are not on the photo"));
}

#[test]
fn a_doubtful_code_is_confirmed_by_its_tables_electores() {
    let form = acta();
    let v = truth(&form);
    let electores = v[form.field(ELECTORES).unwrap()];
    let doubtful = || {
        let mut e = sheet(&form, &v);
        e.texts.insert("code".to_owned(), TextEvidence::said(CODE, 0.9));
        e
    };
    let e = doubtful();
    let known = |voters| Registered::Known { voters: Some(voters) };
    assert_eq!(registered(&e, known(electores)).status, Status::Accepted);
    // Another number, or no such table: nothing is said about a code that may be misread.
    for other in [known(electores + 1), Registered::Unknown] {
        let d = registered(&e, other);
        assert_eq!(finding(&d, Code::CodeUnreadable).severity, Severity::Review);
        assert!(
            d.findings.iter().all(|f| ![Code::RegisteredDiffer, Code::TableNotRegistered].contains(&f.code))
        );
    }
    // Where the code is the only word for the table, another number of voters than its table's is a doubt of it.
    let mut e = sheet(&form, &v);
    e.texts.insert("code".to_owned(), TextEvidence::said(CODE, 0.995));
    assert_eq!(registered(&e, known(electores)).status, Status::Accepted);
    let d = registered(&e, known(electores + 1));
    assert_eq!((d.status, finding(&d, Code::CodeUnreadable).severity), (Status::Review, Severity::Review));
    e.qr = payload(&form, &v, CODE);
    assert_eq!(registered(&e, known(electores + 1)).status, Status::Accepted);
    let e = doubtful();
    // The evidence is as it was measured, and says so to whoever decides on it again.
    assert_eq!(e.texts["code"], TextEvidence::said(CODE, 0.9));
    assert_eq!(decided(&e).status, Status::Review);
}

/// The sheet's rows as two contests that nothing ties.
fn two_contests() -> Form {
    let mut form = acta();
    form.relations.clear();
    form.contests.push(crate::form::Contest { id: "second".to_owned(), name: "Second".to_owned() });
    let votes: Vec<_> = form.votes().collect();
    votes[votes.len() / 2..].iter().for_each(|&ix| form.fields[ix].contest = 1);
    form
}

#[test]
fn a_contest_that_cannot_be_read_does_not_hold_another() {
    let form = two_contests();
    let v = truth(&form);
    let states = |e: &Evidence| decided(e).groups.iter().map(|g| g.state).collect::<Vec<_>>();
    let (accepted, review) = (Status::Accepted, Status::Review);
    assert_eq!(states(&sheet(&form, &v)), [accepted; 3]);
    let mut e = sheet(&form, &v);
    let last = form.votes().last().unwrap();
    e.fields[last].digits = Some(cell(&[(v[last] + 1, 0.9995)]));
    let d = decided(&e);
    assert_eq!((d.status, states(&e)), (review, vec![accepted, review, accepted]));
    assert!(d.groups[0].confidence > 0.9999);
    // Who voted is of no contest, and a doubt about which sheet it is holds them all.
    let mut e = sheet(&form, &v);
    let voters = form.field("votantes_cuaderno").unwrap();
    e.fields[voters].digits = Some(cell(&[(v[voters] + 1, 0.9995)]));
    assert_eq!(states(&e), [accepted, accepted, review]);
    let mut e = sheet(&form, &v);
    e.texts.clear();
    assert_eq!(states(&e), [review; 3]);
}

#[test]
fn a_broken_sum_holds_each_group_that_it_ties() {
    let mut form = two_contests();
    form.relations = acta().relations.into_iter().filter(|r| r.id == "votos_are_votantes_maquina").collect();
    let mut v = truth(&form);
    v[form.field("votos").unwrap()] += 100;
    let d = decided(&sheet(&form, &v));
    let states: Vec<_> = d.groups.iter().map(|g| g.state).collect();
    assert_eq!(states, [Status::Review, Status::Accepted, Status::Review]);
}

#[test]
fn where_no_code_is_printed_the_number_of_the_table_says_which_sheet_it_is() {
    let form = parse("tiny", &TINY.replace("id = \"code\"", "id = \"table\"")).unwrap();
    let mut e = sheet(&form, &[1, 2, 3, 6, 1, 7]);
    e.texts.clear();
    assert_eq!(finding(&decided(&e), Code::CodeUnreadable).severity, Severity::Review);
    e.texts.insert("table".to_owned(), TextEvidence::said("07", 0.7));
    assert_eq!(
        (decided(&e).status, finding(&decided(&e), Code::CodeUnreadable).severity),
        (Status::Review, Severity::Review)
    );
    e.texts.insert("table".to_owned(), TextEvidence::said("07", 0.999));
    assert_eq!(decided(&e).status, Status::Accepted, "{:?}", decided(&e).findings);
}

#[test]
fn of_a_form_that_names_neither_code_nor_table_nobody_knows_which_sheet_it_is() {
    let form = parse("tiny", &TINY.replace("id = \"code\"", "id = \"number\"")).unwrap();
    let d = decided(&sheet(&form, &[1, 2, 3, 6, 1, 7]));
    assert_eq!((d.status, finding(&d, Code::CodeUnreadable).severity), (Status::Review, Severity::Review));
}

#[test]
fn a_line_that_says_the_same_on_every_sheet_and_says_something_else_holds_the_sheet() {
    let line = "lines = [{ id = \"status\", y = 4.0, text = \"REPORTED\", print = { text = \"REPORTED\", \
                align = \"left\", x = 1.0, style = \"row\", above = 0.0, pitch = 3.0, width = 20.0 } }, ";
    let form = parse("tiny", &TINY.replace("lines = [", line)).unwrap();
    let mut e = sheet(&form, &[1, 2, 3, 6, 1, 7]);
    let mut status = |text: &str, p: f64| {
        e.texts.insert("status".to_owned(), TextEvidence::said(text, p));
        decided(&e)
    };
    assert_eq!(finding(&status("PARTIAL", 0.6), Code::AnotherText).severity, Severity::Review);
    for (text, p) in [("REPORTED", 0.6), ("REPORTED |", 0.6), ("RFPORTED", 0.6), ("PARTIAL", 0.1)] {
        assert_eq!(status(text, p).status, Status::Accepted, "{text}");
    }
}
