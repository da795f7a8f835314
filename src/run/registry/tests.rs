//! Registries as spreadsheets and published tables have them, and what a run says of them.

use super::*;
use crate::run::output::sample;

const HEAD: &str = "centre,mesa,electores,state,name\n";

fn forms() -> Vec<crate::form::Form> {
    crate::form::builtin().unwrap()
}

fn registry(rows: &str) -> Registry {
    Registry::parse(format!("{HEAD}{rows}").as_bytes(), "r.csv", &forms()).unwrap()
}

fn refused(text: &str) -> String {
    Registry::parse(text.as_bytes(), "r.csv", &forms()).unwrap_err().to_string()
}

#[test]
fn a_table_is_found_with_and_without_its_leading_zeros() {
    let r = registry("10203004,5,900,EDO. ALFA,ESCUELA UNO\n240111028,1,92,,\n");
    let table = r.find("010203004", 5).unwrap();
    assert_eq!((table.centre.as_str(), table.registered), ("010203004", Some(900)));
    assert_eq!(r.registered("010203004.05.1.0001"), Registered::Known { voters: Some(900) });
    assert_eq!(r.registered("010203004.06.1.0001"), Registered::Unknown);
    assert_eq!(r.registered("no code"), Registered::NotAsked);
}

#[test]
fn a_published_table_is_read_as_it_is() {
    let text = "\u{feff}COD_EDO,EDO,COD_MUN,MUN,COD_PAR,PAR,CENTRO,MESA,RE,VOTOS_VALIDOS\n\
                1,EDO. ALFA,2,MP. BETA,3,PQ. GAMA,10203004,5,900,400\n";
    let r = Registry::parse(text.as_bytes(), "r.csv", &forms()).unwrap();
    let table = r.find("010203004", 5).unwrap();
    assert_eq!(table.registered, Some(900));
    assert_eq!(table.place["state"].as_deref(), Some("EDO. ALFA"));
    assert_eq!(table.place["parish"].as_deref(), Some("PQ. GAMA"));
}

#[test]
fn latin_1_semicolons_accents_and_apostrophes_are_read() {
    let bytes =
        b"C\xf3digo Centro;Nro. Mesa;Direcci\xf3n;Nombre\r\n'010203004;05;CALLE A;NI\xd1O JES\xdaS\r\n";
    let r = Registry::parse(bytes, "r.csv", &forms()).unwrap();
    let table = r.find("10203004", 5).unwrap();
    assert_eq!(table.place["centre"].as_deref(), Some("NIÑO JESÚS"));
    assert_eq!((table.place["address"].as_deref(), table.registered), (Some("CALLE A"), None));
}

#[test]
fn what_is_wrong_is_named_with_line_and_column() {
    let e = refused("centro,electores\n1,2\n");
    assert!(e.contains("no column mesa") && e.contains("centro, electores"), "{e}");
    let e = refused(&format!("{HEAD}010203004,5,9oo,,\n"));
    assert!(e.contains("line 2, column electores: \"9oo\" is no number"), "{e}");
    let e = refused(&format!("{HEAD}C1,5,900,,\n"));
    assert!(e.contains("column centre"), "{e}");
    let e = refused(&format!("{HEAD}010203004,5,900,,\n10203004,5,901,,\n"));
    assert!(e.contains("line 3") && e.contains("stands in line 2 with another number"), "{e}");
    assert!(
        Registry::parse(b"PK\x03\x04rest", "r.xlsx", &forms()).unwrap_err().to_string().contains("not CSV")
    );
}

#[test]
fn places_stay_as_printed_with_the_registrys_names_beside_them() {
    let r = registry("010203004,5,900,DTTO. CAPITAL,ESCUELA BÁSICA UNO\n");
    let mut record = sample::record("a.jpg");
    record.place.insert("state".to_owned(), Some("DISTRITO CAPITAL".to_owned()));
    record.place.insert("centre".to_owned(), Some("CALLE DEL MEDIO CON 4".to_owned()));
    let printed = record.place.clone();
    r.stand_beside(&mut record);
    assert_eq!(record.place, printed);
    let beside = record.registry.as_ref().unwrap();
    assert_eq!(beside.registered, Some(900));
    assert_eq!(beside.place["state"].as_deref(), Some("DTTO. CAPITAL"));
    assert_eq!(beside.place["centre"].as_deref(), Some("ESCUELA BÁSICA UNO"));
    let found: Vec<_> = record.findings.iter().map(|f| (f.code.name(), f.message.as_str())).collect();
    let message = "centre: \"CALLE DEL MEDIO CON 4\" on the sheet, \"ESCUELA BÁSICA UNO\" in the registry";
    assert_eq!(found, [("place_differs", message)]);
    // Another table's names do not stay beside it.
    record.sheet.table = Some(6);
    r.stand_beside(&mut record);
    assert_eq!(record.registry, None);
}

#[test]
fn misread_letters_and_abbreviations_are_the_same_place() {
    assert!(!differ("PO. SAMAN DE GUERE", "PQ. SAMÁN DE GUERE"));
    assert!(!differ("MP. BOLIVARIANO LIBERTADOR", "MP. BLVNO LIBERTADOR"));
    assert!(differ("PQ. EL RECREO", "PQ. ALTAGRACIA"));
    assert!(differ("", "PQ. ALTAGRACIA"));
}

#[test]
fn tables_without_a_sheet_and_sheets_without_a_table_are_listed() {
    let r = registry("10203004,5,900,,\n10203004,6,901,,\n240111028,1,92,,\n");
    let mut other = sample::record("b.jpg");
    other.sheet.centre = Some("999999999".to_owned());
    let mut lost = sample::record("c.jpg");
    lost.sheet.table = Some(6);
    lost.status = Status::Rejected;
    let c = r.coverage(
        &[sample::record("a.jpg"), other, lost].iter().filter_map(|record| r.shown(record)).collect(),
    );
    assert_eq!((c.tables, c.present), (3, 1));
    assert_eq!(c.missing, ["010203004.06", "240111028.01"]);
    assert_eq!(c.unknown, ["999999999.05"]);
}
