//! The log: every photo and stage has its line, and no other hand writes on the same stream.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use predicates::prelude::*;
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs;

/// The lines of the log of a run over a good sheet and an empty file, without any language of Tesseract, and
/// the run's records.
fn logged() -> (Vec<Value>, Vec<Value>) {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty.jpg");
    fs::write(&empty, b"").unwrap();
    let mut run = cotejo();
    run.arg("run").arg(sample("acta-0001.jpg")).arg(&empty).arg("-o").arg(dir.path().join("out"));
    let run = run.args(["--log", "json", "-j", "1"]).env("TESSDATA_PREFIX", dir.path()).assert().code(1);
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    let lines = stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    (lines, records(&dir.path().join("out")))
}

#[test]
fn every_line_of_a_log_is_json_whatever_libraries_have_to_say() {
    let (lines, _) = logged();
    assert!(lines.iter().all(|l| l["time"].is_string() && l["level"].is_string()), "{lines:?}");
    // What the command says to people is in the log too.
    let said = |word: &str| lines.iter().any(|l| l["message"].as_str().is_some_and(|m| m.contains(word)));
    assert!(said("2 sheets in 2 files") && said("empty.jpg"), "{lines:?}");
    if cfg!(feature = "tesseract") {
        let warning = lines.iter().find(|l| l["level"] == "warn").unwrap();
        assert!(warning["message"].as_str().unwrap().contains("reading goes on without it"), "{warning}");
        assert!(warning["file"].as_str().unwrap().ends_with("acta-0001.jpg"), "{warning}");
    }
}

#[test]
fn every_photo_and_every_stage_of_it_has_a_line_with_its_time_and_every_record_its_status() {
    let (lines, records) = logged();
    let spans = |file: &str| -> Vec<&str> {
        let of = |l: &&Value| l["file"].as_str().is_some_and(|f| f.ends_with(file)) && l["span"].is_string();
        lines.iter().filter(of).map(|l| l["span"].as_str().unwrap()).collect()
    };
    let stages = ["decode", "sheet", "qr", "cover", "header", "cells", "read", "decide", "photo"];
    assert_eq!(spans("acta-0001.jpg"), stages);
    assert_eq!(spans("empty.jpg"), ["photo"]);
    assert!(lines.iter().filter(|l| l["span"].is_string()).all(|l| l["page"] == 1 && l["ms"].is_number()));
    let total = |name: &str| lines.iter().find(|l| l["span"] == name).unwrap()["ms"].as_f64().unwrap();
    let parts: f64 = stages[..8].iter().map(|s| total(s)).sum();
    assert!(parts > 0.0 && parts <= total("photo") + 0.1, "{parts} of {}", total("photo"));
    let of_records = |name: &str| -> Vec<&Value> {
        lines.iter().filter(|l| l["message"] == "record").map(|l| &l[name]).collect()
    };
    assert_eq!(of_records("status"), records.iter().map(|r| &r["status"]).collect::<Vec<_>>());
    assert_eq!(of_records("findings"), ["", "empty_file"]);
}

#[test]
fn without_a_log_warnings_are_said_and_stages_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = cotejo();
    run.arg("run").arg(sample("acta-0001.jpg")).arg("-o").arg(dir.path().join("out"));
    let run = run.env("TESSDATA_PREFIX", dir.path()).assert();
    let warned = contains("cotejo: Tesseract found no language data");
    let run = run.stderr(contains("header").not().and(contains("Failed loading").not()));
    if cfg!(feature = "tesseract") {
        run.stderr(warned);
    }
}
