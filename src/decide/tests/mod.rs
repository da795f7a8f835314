//! One test a law and one a kind of damage, on cells made up here.

mod channels;
mod inference;
mod prints;
mod retake;
mod shares;
mod sheet;
mod values;

use super::*;
use crate::form::{FieldIx, Form, builtin, parse};
use crate::ground::finding::{Code, Severity};
use crate::ground::geometry::Quad;
use crate::read::code::{QrOutcome, QrPayload};
use crate::read::cut::Quality;
use crate::read::evidence::{Evidence, TextEvidence};
use crate::read::glyphs::FieldEvidence;
use crate::read::glyphs::{CellReading, Distribution, ReaderId, Reading};

/// The voters on the roll, as the built-in form names them.
const ELECTORES: &str = "electores";

/// Three rows and three totals with one digit each; nothing of it is in code.
const TINY: &str = r#"
id = "tiny"
version = 1
title = "Tiny"
election = "none"
places = 1
[paper]
width = 50.0
margin_left = 5.0
length = [50.0, 60.0]
[frame]
width = 40.0
height = 40.0
[words]
language = "es"
separator = " "
digits = ["o", "i", "z", "e", "a", "s", "g", "t", "b", "q"]
[styles.row]
size = 2.0
[styles.words]
size = 2.0
[columns.all]
digits = { centre = 10.0, width = 5.0 }
words = { centre = 20.0, width = 5.0 }
[[candidates]]
id = "K"
name = "Kay"
[[rows]]
candidate = "K"
sigla = "A"
code = "1"
y = 5.0
columns = "all"
[[rows]]
candidate = "K"
sigla = "B"
code = "2"
y = 10.0
columns = "all"
[[rows]]
candidate = "K"
sigla = "C"
code = "3"
y = 15.0
columns = "all"
[[totals]]
id = "valid"
label = "Valid"
y = 20.0
columns = "all"
[[totals]]
id = "spoilt"
label = "Spoilt"
y = 25.0
columns = "all"
[[totals]]
id = "cast"
label = "Cast"
y = 30.0
columns = "all"
[header]
left = 0.0
right = 40.0
lines = [{ id = "code", y = 3.0, pattern = '^\d{2}$', print = { text = "No. {code}", align = "left", x = 1.0, style = "row", above = 0.0, pitch = 3.0, width = 20.0 } }]
[private]
top = 40.0
[[relations]]
id = "rows_are_valid"
left = ["rows"]
equals = ["valid"]
[[relations]]
id = "cast_are_valid_and_spoilt"
left = ["cast"]
equals = ["valid", "spoilt"]
[[relations]]
id = "circle"
left = ["cast"]
equals = ["rows", "spoilt"]
"#;

pub(super) fn acta() -> Form {
    builtin().unwrap().remove(0)
}

fn good() -> Quality {
    Quality { contrast: 0.8, coverage: 1.0, px_per_mm: 7.9, residual: 0.05, sharpness: 0.42 }
}

/// As in a photo of 12 megapixels of a whole strip: print six pixels high.
fn small() -> Quality {
    Quality { px_per_mm: 4.5, sharpness: 0.14, ..good() }
}

/// A cell as such a photo shows it.
fn in_a_photo(mut cell: CellReading) -> CellReading {
    cell.quality = small();
    cell
}

/// A sheet with all its prints as such a photo shows them.
fn photographed(mut e: Evidence) -> Evidence {
    for cell in e.fields.iter_mut().flat_map(|f| [&mut f.digits, &mut f.words]).flatten() {
        cell.quality = small();
    }
    e
}

fn cell(values: &[(u32, f64)]) -> CellReading {
    let other = 1.0 - values.iter().map(|v| v.1).sum::<f64>();
    let distribution = Distribution::from_weights(values.to_vec(), 0.0, other.max(0.0));
    CellReading {
        readings: vec![Reading { reader: ReaderId::Net, distribution }],
        quality: good(),
        covered: Vec::new(),
    }
}

pub(super) fn sure(value: u32) -> CellReading {
    cell(&[(value, 0.9995)])
}

fn unreadable() -> CellReading {
    let distribution = Distribution::unreadable();
    CellReading {
        readings: vec![Reading { reader: ReaderId::Net, distribution }],
        quality: good(),
        covered: Vec::new(),
    }
}

/// A consistent sheet: rows 1, 2, …, with 183 in the second row.
pub(super) fn truth(form: &Form) -> Vec<u32> {
    let mut v = vec![0; form.fields.len()];
    for (i, ix) in form.votes().enumerate() {
        v[ix] = (i as u32 * 7) % 23;
    }
    v[1] = 183;
    let sum: u32 = form.votes().map(|ix| v[ix]).sum();
    for (id, value) in [
        ("votos_validos", sum),
        ("opciones_validas", sum),
        ("votos_nulos", 5),
        ("opciones_nulas", 5),
        ("votos", sum + 5),
        ("votantes_maquina", sum + 5),
        ("votantes_cuaderno", sum + 5),
        ("electores", 1900),
    ] {
        v[form.field(id).unwrap()] = value;
    }
    v
}

pub(super) const CODE: &str = "021201003.02.1.0001";
pub(super) const OTHER_CODE: &str = "999999999.01.1.0001";

pub(super) fn payload(form: &Form, values: &[u32], code: &str) -> QrOutcome {
    let carried = |ix: FieldIx| {
        matches!(form.fields[ix].kind, crate::form::FieldKind::Vote { .. })
            || form.fields[ix].id == "votos_nulos"
    };
    QrOutcome::Read(QrPayload {
        text: String::new(),
        code: code.to_owned(),
        centre: String::new(),
        table: String::new(),
        values: (0..values.len()).map(|ix| carried(ix).then_some(values[ix])).collect(),
        quad: Quad([[0.0; 2]; 4]),
    })
}

pub(super) fn sheet(form: &Form, values: &[u32]) -> Evidence {
    let mut e = Evidence::new(form.clone());
    for (ix, field) in e.fields.iter_mut().enumerate() {
        field.digits = Some(sure(values[ix]));
        if form.fields[ix].words.is_some() {
            field.words = Some(sure(values[ix]));
        }
    }
    e.qr = QrOutcome::NotFound;
    e.texts.insert("code".to_owned(), TextEvidence::said(CODE, 0.999));
    e
}

fn with_qr(form: &Form, values: &[u32]) -> Evidence {
    let mut e = sheet(form, values);
    e.qr = payload(form, values, CODE);
    e
}

fn decided(e: &Evidence) -> Decision {
    decide(e, &Policy::default())
}

fn finding(d: &Decision, code: Code) -> &Finding {
    d.findings.iter().find(|f| f.code == code).unwrap_or_else(|| panic!("no {code} in {:?}", d.findings))
}

fn values(d: &Decision) -> Vec<u32> {
    d.fields.iter().map(|f| f.value.unwrap()).collect()
}
