//! Any paper: one form printed on strips, letter and A4, upright and across, and found by its own print.
//!
//! In: `tests/data/northmark.toml`, whose lengths are stretched to each paper. Nothing of any paper stands in the program.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// A paper, and how the form is stretched to it.
struct Paper {
    name: &'static str,
    /// Width, left margin and length, mm.
    size: (f64, f64, f64),
    /// Across, down, and of its print.
    by: (f64, f64, f64),
}

/// From receipts to A4 across.
const PAPERS: [Paper; 4] = [
    Paper { name: "strip-58", size: (58.0, 3.0, 500.0), by: (0.75, 0.8, 0.8) },
    Paper { name: "strip-112", size: (112.0, 8.0, 700.0), by: (1.38, 1.3, 1.3) },
    Paper { name: "letter", size: (215.9, 22.0, 279.4), by: (2.5, 1.05, 1.35) },
    Paper { name: "a4-across", size: (297.0, 30.0, 210.0), by: (3.4, 0.9, 1.1) },
];

/// Multiplies every number of a value.
fn scale(value: &mut Value, by: f64) {
    match value {
        Value::Float(v) => *v *= by,
        Value::Integer(v) => *value = Value::Float(*v as f64 * by),
        Value::Array(all) => all.iter_mut().for_each(|v| scale(v, by)),
        Value::Table(all) => all.iter_mut().for_each(|(_, v)| scale(v, by)),
        _ => {}
    }
}

/// Stretches what has a place or a size, by its name.
fn stretch(value: &mut Value, by: (f64, f64, f64)) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|v| stretch(v, by)),
        Value::Table(all) => {
            for (key, v) in all.iter_mut() {
                match key.as_str() {
                    "x" | "centre" | "sigla_right" | "code_centre" | "left" | "right" if v.is_float() => {
                        scale(v, by.0)
                    }
                    "y" => scale(v, by.1),
                    "size" | "above" | "pitch" | "width" | "top" if v.is_float() => scale(v, by.2),
                    _ => stretch(v, by),
                }
            }
        }
        _ => {}
    }
}

/// The form on a paper.
fn on(paper: &Paper) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northmark.toml");
    let mut form: Table = fs::read_to_string(source).unwrap().parse().unwrap();
    for (key, value) in form.iter_mut().filter(|(key, _)| *key != "rules") {
        let private = key.as_str() == "private";
        match (value, private) {
            // Where a block begins is a place.
            (Value::Table(block), true) => block.iter_mut().for_each(|(_, v)| scale(v, paper.by.1)),
            (value, _) => stretch(value, paper.by),
        }
    }
    for rule in form["rules"].as_array_mut().unwrap() {
        for line in rule["lines"].as_array_mut().unwrap() {
            let ends = line.as_array_mut().unwrap();
            ends.iter_mut()
                .enumerate()
                .for_each(|(i, v)| scale(v, if i % 2 == 0 { paper.by.0 } else { paper.by.1 }));
        }
    }
    let (width, left, length) = paper.size;
    let number = |v: f64| Value::Float(v);
    let frame = |key: &str| form["frame"][key].as_float().unwrap();
    let (across, down) = (frame("width") / paper.by.2 * paper.by.0, frame("height") * paper.by.1);
    form["frame"]["width"] = number(across);
    form["frame"]["height"] = number(down);
    form["paper"]["width"] = number(width);
    form["paper"]["margin_left"] = number(left);
    form["paper"]["length"] = Value::Array(vec![number(length), number(length)]);
    form.insert("id".to_owned(), Value::String(format!("northmark-{}", paper.name)));
    form.to_string()
}

#[test]
fn a_form_is_found_and_read_on_any_paper_in_scans_and_in_photos() {
    let dir = tempfile::tempdir().unwrap();
    for paper in &PAPERS {
        let forms = dir.path().join(paper.name);
        fs::create_dir(&forms).unwrap();
        fs::write(forms.join("form.toml"), on(paper)).unwrap();
        let id = format!("northmark-{}", paper.name);
        // On the narrowest the code's print is 1.2 mm high, which scans show.
        let photographed = (paper.size.0 > 60.0).then_some(Some("strip-12mp-tilted"));
        for scene in [None].into_iter().chain(photographed) {
            let sheets = dir.path().join(format!("{}-{}", paper.name, scene.unwrap_or("scans")));
            let figures = sheets.with_extension("json");
            let cotejo = || {
                let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
                command.env_remove("COTEJO_FORMS");
                command
            };
            let mut synth = cotejo();
            synth
                .args(["synth", "-n", "3", "--seed", "5", "--ink", "plain", "--form", &id, "--forms"])
                .arg(&forms);
            synth.arg("-o").arg(&sheets);
            synth.args(scene.map(|scene| ["--scene", scene]).into_iter().flatten()).assert().success();
            let mut eval = cotejo();
            eval.arg("eval")
                .arg(&sheets)
                .arg("--truth")
                .arg(sheets.join("truth.csv"))
                .arg("--forms")
                .arg(&forms);
            eval.arg("--json").arg(&figures).assert().success();
            let figures: serde_json::Value = serde_json::from_slice(&fs::read(&figures).unwrap()).unwrap();
            let found = figures["sheets"].as_array().unwrap();
            assert_eq!(found.len(), 3, "{id} {scene:?}");
            for sheet in found {
                let none = serde_json::json!([]);
                assert_eq!((&sheet["wrong"], &sheet["unread"]), (&none, &none), "{id} {scene:?}: {sheet}");
            }
        }
    }
}
