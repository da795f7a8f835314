//! A report of letter paper by its definition alone: several contests, several numbers a row, shares in per cent.
//!
//! In: the two variants of the precinct report in `forms/`. Nothing of either stands in the program.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const FORMS: &str = "forms";
const VARIANTS: [&str; 2] = ["us-in-2024-precinct-a", "us-in-2024-precinct-b"];

fn cotejo(arg: &str) -> Command {
    of(FORMS, arg)
}

/// The command with the forms of a folder.
fn of(forms: &str, arg: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
    command.arg(arg).env_remove("COTEJO_FORMS");
    command.arg("--forms").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(forms));
    command
}

/// Made-up sheets of a form of a folder.
fn made_up(dir: &Path, forms: &str, variant: &str) -> PathBuf {
    let sheets = dir.join(variant);
    let mut synth = of(forms, "synth");
    synth.args(["-n", "3", "--seed", "8", "--form", variant, "-o"]).arg(&sheets).assert().success();
    sheets
}

#[test]
fn both_variants_of_a_report_are_told_apart_and_read() {
    let dir = tempfile::tempdir().unwrap();
    for variant in VARIANTS {
        let sheets = made_up(dir.path(), FORMS, variant);
        let figures = dir.path().join("figures.json");
        let mut eval = cotejo("eval");
        eval.arg(&sheets).arg("--truth").arg(sheets.join("truth.csv"));
        eval.arg("--json").arg(&figures).assert().success();
        let figures: Value = serde_json::from_slice(&fs::read(&figures).unwrap()).unwrap();
        for sheet in figures["sheets"].as_array().unwrap() {
            assert_eq!((&sheet["wrong"], &sheet["unread"]), (&json!([]), &json!([])), "{variant}: {sheet}");
        }
        let run = dir.path().join("run");
        let ran = cotejo("run").arg(&sheets).arg("-o").arg(&run).arg("--overwrite").output().unwrap();
        // Made-up sheets have more votes than voters.
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
        let records = fs::read_to_string(run.join("records.jsonl")).unwrap();
        let records: Vec<Value> = records.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(records.len(), 3, "{variant}");
        for record in &records {
            assert_eq!(record["form"]["id"], variant);
            assert!(record["sheet"]["table"].is_u64(), "{}", record["sheet"]);
            let held = record["findings"].as_array().unwrap().iter().find(|f| f["code"] == "another_text");
            assert_eq!(held, None, "{variant}: what is the same on every sheet was read as something else");
            for contest in record["contests"].as_array().unwrap() {
                for choice in contest["choices"].as_array().unwrap() {
                    let ways: u64 = choice["values"]
                        .as_object()
                        .unwrap()
                        .values()
                        .map(|v| v["value"].as_u64().unwrap())
                        .sum();
                    assert_eq!(choice["votes"]["value"], ways, "{variant}: {choice}");
                    assert!(choice["votes"]["prints"]["percent"]["quad"].is_array(), "{variant}: {choice}");
                }
            }
        }
    }
}

/// All numbers of a record, each contest's rows and then its totals, as a definition lists them.
fn numbers(record: &Value) -> Vec<u64> {
    let mut out = Vec::new();
    for contest in record["contests"].as_array().unwrap() {
        for choice in contest["choices"].as_array().unwrap() {
            out.push(choice["votes"]["value"].as_u64().unwrap());
            let ways =
                ["election_day", "absentee", "early_voting"].map(|way| &choice["values"][way]["value"]);
            out.extend(ways.iter().filter_map(|way| way.as_u64()));
        }
        out.extend(contest["totals"].as_object().unwrap().values().map(|v| v["value"].as_u64().unwrap()));
    }
    out
}

#[test]
fn a_page_of_blocks_is_read_whole_with_the_names_that_it_prints_and_decided_again_from_what_was_measured() {
    for variant in VARIANTS {
        a_page_of_blocks(&format!("{variant}-pages"));
    }
}

fn a_page_of_blocks(variant: &str) {
    let dir = tempfile::tempdir().unwrap();
    let sheets = made_up(dir.path(), FORMS, variant);
    let run = dir.path().join("run");
    let mut command = of(FORMS, "run");
    command.arg(&sheets).arg("-o").arg(&run).args(["--overwrite", "--evidence"]);
    let ran = command.output().unwrap();
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
    let lines = |path: PathBuf| -> Vec<Value> {
        fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    };
    let truth = lines(sheets.join("truth.jsonl"));
    let records = lines(run.join("records.jsonl"));
    assert_eq!(records.len(), truth.len());
    for (record, truth) in records.iter().zip(&truth) {
        let fields = truth["fields"].as_array().unwrap();
        let printed: Vec<u64> = fields.iter().map(|f| f["value"].as_u64().unwrap()).collect();
        assert_eq!(numbers(record), printed, "{variant}: {}", truth["file"]);
        // The definition of page 1 is known too, and the pages are of other precincts.
        assert_eq!(record["sheet"]["identity"]["pages"]["value"], "1 of 3", "{}", record["sheet"]);
        let contests = record["contests"].as_array().unwrap();
        assert!(contests.len() > 4, "{variant}: {}", contests.len());
        for contest in contests.iter().filter(|c| c["id"] != "straight_party_votes") {
            let id = contest["id"].as_str().unwrap();
            let known = truth["ids"].as_array().unwrap();
            let total = format!("{id}_votes");
            // A letter of a name may be misread, and ids follow the names.
            let near = |k: &Value| strsim::normalized_levenshtein(k.as_str().unwrap(), &total) > 0.75;
            assert!(known.iter().any(near), "{variant}: {id} is none of {known:?}");
        }
    }
    let again = dir.path().join("again");
    let mut decide = of(FORMS, "decide");
    decide.arg(run.join("evidence.jsonl")).arg("-o").arg(&again).arg("--overwrite");
    assert!(matches!(decide.output().unwrap().status.code(), Some(0 | 1)));
    assert_eq!(lines(again.join("records.jsonl")), records, "{variant}");
}

#[test]
fn a_definition_held_against_samples_says_what_is_off_and_what_never_holds() {
    let dir = tempfile::tempdir().unwrap();
    let sheets = made_up(dir.path(), FORMS, VARIANTS[0]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("forms").join(VARIANTS[0]).with_extension("toml");
    let form = fs::read_to_string(source).unwrap();
    let check = |text: &str| {
        let path = dir.path().join("form.toml");
        fs::write(&path, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
        let out = command.args(["form", "check"]).arg(&path).arg(&sheets).output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (_, said) = check(&form);
    assert!(said.contains("3 sheets on 3 pages") && said.contains("none off"), "{said}");
    let moved = form.replace("{ right = 38.52, width = 9.0 }", "{ right = 39.32, width = 9.0 }");
    assert_ne!(moved, form);
    let (code, said) = check(&moved);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("numbers absentee at x = 39.32"), "{said}");
    let untrue = form.replace("equals = [\"public_count\"]", "equals = [\"senator_votes\"]");
    let (code, said) = check(&untrue);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("count: broken on 3 of 3 sheets; it never holds"), "{said}");
}
