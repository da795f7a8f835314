//! Tests of the header: its texts on made-up sheets, and the words that they are told by.

use super::place::alike;
use super::*;
use crate::decide::strings::{self, Told};
use crate::lab::synth::scan::ScanSettings;
use crate::lab::synth::{Part, ValueMode, draw, rng, scan, values};
use crate::read::evidence::Evidence;
use crate::read::glyphs::{ReaderChoice, Readers};
use crate::read::photo::mask::Mask;
use crate::read::sheet::Template;

/// The texts of lines, as [`texts`] reads them.
fn read<const N: usize>(seed: u64, lines: &[(&str, &str)], asked: [&str; N]) -> [String; N] {
    let told = texts(seed, lines);
    asked.map(|id| told.get(id).map_or_else(String::new, |t| t.0.clone()))
}

/// What is read of a made-up sheet whose header's lines say `lines`, scanned as most sheets are, by the
/// networks alone.
fn texts(seed: u64, lines: &[(&str, &str)]) -> BTreeMap<String, Told> {
    let form = crate::form::builtin().unwrap().remove(0);
    let mut rng = rng(seed, 0);
    let mut truth = values::invent(&form, &mut rng, ValueMode::Realistic);
    for (id, text) in lines {
        truth.header.iter_mut().find(|l| l.0 == *id).unwrap().1 = (*text).to_owned();
    }
    let drawn = draw::draw(&form, &truth, Part::Whole, &mut rng);
    let settings = ScanSettings { blur: 0.6, noise: 3.0, quality: Some(70), ..ScanSettings::clean(200.0) };
    let picture = scan::apply(&drawn, &settings, &mut rng);
    let sheet = crate::read::sheet::locate(&picture.pixels, &[Template::new(&form)]).remove(0);
    let readers = Readers::new().unwrap();
    let mask = Mask::default();
    let seen = Masked { pixels: &picture.pixels, mask: &mask };
    let read = super::read(seen, &sheet, &form, None, (&readers, ReaderChoice::Net));
    let mut evidence = Evidence::new(form);
    evidence.texts = read.texts;
    strings::texts(&evidence)
}

#[test]
fn pq_is_read_as_pq() {
    let lines = [("parish", "Parroquia PQ. QUIQUIRE"), ("centre_name", "CASA IZQUIERDA EL JUNQUITO")];
    let said = read(1, &lines, ["parish", "centre_name"]);
    assert_eq!(said, ["PQ. QUIQUIRE", "CASA IZQUIERDA EL JUNQUITO"]);
}

#[test]
fn the_last_letter_of_a_line_is_read() {
    let lines = [
        ("state", "Estado EDO. ANZOATEGUI"),
        ("municipality", "Municipio MP. GUAÑOMBI"),
        ("parish", "Parroquia PQ. TARI"),
    ];
    for seed in 1..4 {
        let said = read(seed, &lines, ["state", "municipality", "parish"]);
        assert_eq!(said, ["EDO. ANZOATEGUI", "MP. GUAÑOMBI", "PQ. TARI"]);
    }
}

#[test]
fn a_stadium_is_no_state() {
    let lines = [("state", "Estado EDO. LARA"), ("centre_name", "ESTADIO DE BEISBOL")];
    assert_eq!(read(1, &lines, ["state", "centre_name"]), ["EDO. LARA", "ESTADIO DE BEISBOL"]);
}

/// No paragraph has two lines: their pitch is the form's.
#[test]
fn a_name_and_an_address_of_one_line_each_stand_apart() {
    let lines = [
        ("municipality", "Municipio MP. LIMA"),
        ("parish", "Parroquia PQ. LIMA"),
        ("centre_name", "LICEO LIMA"),
        ("centre_address", "SECTOR LOMA"),
    ];
    assert_eq!(read(1, &lines, ["centre_name", "centre_address"]), ["LICEO LIMA", "SECTOR LOMA"]);
}

#[test]
fn a_third_of_the_letters_may_be_wrong() {
    assert!(alike("Pais", "País") && alike("Electcres", "Electores") && alike("Muricipio", "Municipio"));
    assert!(!alike("PRESIDENTE", "Parroquia") && !alike("", "Estado"));
}
