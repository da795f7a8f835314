//! The command as a user meets it: exit codes, messages with remedies, nothing lost or overwritten.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use predicates::prelude::*;
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs;

fn codes(record: &Value) -> Vec<&str> {
    record["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

/// Runs one bad file beside one good sheet: the batch goes on, the bad file has a rejected record with
/// this finding, and the message names the file and the remedy.
fn bad_file_beside_a_good_one(name: &str, bytes: &[u8], code: &str, remedy: &str) {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    fs::create_dir(&input).unwrap();
    fs::write(input.join(name), bytes).unwrap();
    fs::copy(sample("acta-0001.jpg"), input.join("zz-good.jpg")).unwrap();
    let out = dir.path().join("out");
    let run = cotejo().arg("run").arg(&input).arg("-o").arg(&out).assert();
    run.code(1).stderr(contains(name).and(contains(remedy)));
    let records = records(&out);
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["status"], "rejected");
    assert_eq!(codes(&records[0]), [code]);
    assert!(records[0]["sources"][0]["path"].as_str().unwrap().ends_with(name));
    assert_eq!(records[1]["status"], "accepted", "{}", records[1]["findings"]);
}

/// The record of a clean sheet.
fn first_sample() -> serde_json::Value {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    cotejo().arg("run").arg(sample("acta-0001.jpg")).arg("-o").arg(&out).assert().success();
    records(&out).swap_remove(0)
}

#[test]
fn every_number_of_a_sheet_has_its_place_in_the_photo() {
    let record = &first_sample();
    let top =
        |number: &serde_json::Value| number["quad"][0][1].as_f64().unwrap_or_else(|| panic!("{number}"));
    let contest = &record["contests"][0];
    let choices = contest["choices"].as_array().unwrap();
    let first = top(&choices[0]["votes"]);
    assert!(choices.iter().all(|c| top(&c["votes"]) >= first));
    assert!(contest["totals"].as_object().unwrap().values().map(top).all(|y| y > first));
    assert!(top(&record["ballots"]["values"]["votantes_maquina"]) < first, "who voted stands first");
    assert!(top(&record["context"]["electores"]) < first, "the voters stand above the table");
    assert_eq!((&contest["state"], &record["ballots"]["state"]), (&"accepted".into(), &"accepted".into()));
}

#[test]
fn every_name_of_a_place_says_how_sure_it_is() {
    let record = &first_sample();
    let names = record["place"].as_object().unwrap();
    assert!(names.values().filter(|n| n.is_string()).count() >= 5, "{names:?}");
    for (field, name) in names {
        let p = record["place_confidence"][field].as_f64();
        assert_eq!(p.is_some_and(|p| p > 0.0 && p < 1.0), name.is_string(), "{field}: {name} {p:?}");
    }
}

#[test]
fn an_empty_file_is_rejected_by_name_and_the_batch_goes_on() {
    bad_file_beside_a_good_one("empty.jpg", b"", "empty_file", "copy the file again");
}

#[test]
fn a_truncated_jpeg_is_rejected_not_read_half() {
    let bytes = fs::read(sample("acta-0001.jpg")).unwrap();
    bad_file_beside_a_good_one("cut.jpg", &bytes[..bytes.len() / 2], "damaged_picture", "copy or download");
}

#[test]
fn text_named_jpg_is_not_a_picture() {
    bad_file_beside_a_good_one("notes.jpg", b"these are notes", "not_a_picture", "export it as JPEG or PNG");
}

#[test]
fn a_picture_of_one_pixel_holds_no_sheet() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::new(1, 1).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bad_file_beside_a_good_one("dot.png", bytes.get_ref(), "no_sheet", "photograph it nearer");
}

#[test]
fn a_receipt_is_no_sheet() {
    let bytes = fs::read(sample("acta-0007.jpg")).unwrap();
    bad_file_beside_a_good_one("receipt.jpg", &bytes, "no_sheet", "photograph it nearer");
}

#[test]
fn a_mistyped_path_stops_the_run_and_leaves_no_folder_that_blocks_the_next_try() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run = |path: &str| cotejo().args(["run", "samples/acta-0007.jpg", path, "-o"]).arg(&out).assert();
    run("nowhere/gone.jpg").code(2).stderr(contains("nowhere/gone.jpg").and(contains("nothing was written")));
    assert!(!out.exists());
    run("samples/acta-0001.jpg").code(1);
}

#[test]
fn a_finished_run_is_resumed_with_its_own_paths_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (own, other, out) = (dir.path().join("own"), dir.path().join("other"), dir.path().join("out"));
    for (folder, names) in [(&own, &["1.jpg", "2.jpg"][..]), (&other, &["3.jpg"])] {
        fs::create_dir(folder).unwrap();
        names.iter().for_each(|n| fs::write(folder.join(n), n).unwrap());
    }
    let run = |paths: &[&std::path::Path], extra: &[&str]| {
        cotejo().arg("run").args(paths).args(extra).arg("-o").arg(&out).assert()
    };
    run(&[], &["--resume"]).code(2).stderr(contains("give the paths"));
    run(&[&own], &[]).code(1);
    let bytes = fs::read(out.join("records.jsonl")).unwrap();
    let same = || assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), bytes);
    run(&[&other], &["--resume"]).code(2).stderr(contains("other").and(contains("another folder with -o")));
    same();
    run(&[&own, &other], &["--resume"]).code(2);
    same();
    run(&[], &["--resume"]).code(1);
    same();
    run(&[&own], &["--resume"]).code(1);
    same();
}

#[test]
fn more_jobs_than_there_are_cores_are_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("none.jpg");
    fs::write(&file, b"no picture").unwrap();
    let mut command = cotejo();
    command.timeout(std::time::Duration::from_secs(60));
    let run = command.arg("run").arg(&file).args(["-j", "100000", "-o"]).arg(dir.path().join("out")).assert();
    run.code(1).stderr(contains("--jobs 100000").and(contains("cores")));
    let run: Value = serde_json::from_slice(&fs::read(dir.path().join("out/run.json")).unwrap()).unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(run["measured"]["jobs"], cores);
}

#[test]
fn no_input_at_all_fails_and_leaves_nothing_behind() {
    cotejo().args(["run", "-o", "x"]).assert().code(2).stderr(contains("PATHS"));
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run = cotejo().arg("run").arg(dir.path()).arg("-o").arg(&out).assert();
    run.code(2).stderr(contains("no pictures in").and(contains(".jpg")));
    assert!(!out.exists());
}

#[test]
fn a_folder_that_holds_a_run_is_not_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run =
        |extra: &[&str]| cotejo().args(["run", "samples/acta-0001.jpg", "-o"]).arg(&out).args(extra).assert();
    run(&[]).code(0);
    let before = fs::read(out.join("records.jsonl")).unwrap();
    run(&["--no-qr"]).code(2).stderr(contains("already holds a run").and(contains("--overwrite")));
    assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), before);
    run(&["--overwrite"]).code(0);
    assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), before, "the same input gives the same bytes");
}

#[test]
fn the_samples_come_out_as_their_truth_says_for_every_number_of_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let run = |jobs: &str| {
        let out = dir.path().join(jobs);
        cotejo().args(["run", "samples", "--jobs", jobs, "-o"]).arg(&out).assert().code(1);
        let bytes = |name: &str| fs::read(out.join(name)).unwrap();
        (bytes("records.jsonl"), bytes("records.csv"), records(&out))
    };
    let (one, three) = (run("1"), run("3"));
    assert!(one.0 == three.0 && one.1 == three.1, "records differ between 1 and 3 jobs");
    let mut truth = csv::Reader::from_path(sample("truth.csv")).unwrap();
    let head = truth.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|h| h == name).unwrap();
    let (file, expected) = (column("file"), column("expected"));
    let mut met = 0;
    for row in truth.records() {
        let row = row.unwrap();
        let record =
            one.2.iter().find(|r| r["sources"][0]["path"].as_str().unwrap().ends_with(&row[file])).unwrap();
        assert_eq!(record["status"], row[expected], "{}: {}", &row[file], record["findings"]);
        met += 1;
    }
    assert_eq!(met, one.2.len());
}

#[test]
fn nothing_accepted_among_the_samples_is_wrong() {
    let eval = cotejo().args(["eval", "samples", "--truth", "samples/truth.csv"]).assert();
    eval.code(0).stdout(contains("accepted and wrong: 0"));
}

#[test]
fn the_same_content_twice_is_digitized_once_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in");
    fs::create_dir(&input).unwrap();
    fs::copy(sample("acta-0001.jpg"), input.join("a.jpg")).unwrap();
    fs::copy(sample("acta-0001.jpg"), input.join("b.jpg")).unwrap();
    let out = dir.path().join("out");
    cotejo().arg("run").arg(&input).arg("-o").arg(&out).assert().code(0);
    let records = records(&out);
    assert_eq!(records.len(), 2);
    assert!(!codes(&records[0]).contains(&"duplicate_file"));
    assert!(codes(&records[1]).contains(&"duplicate_file"));
}

/// Makes one sheet, sound and with this defect, and gives both pictures to one run.
fn two_pictures_of_one_sheet(defect: &str) -> (tempfile::TempDir, Vec<Value>) {
    let dir = tempfile::tempdir().unwrap();
    for (name, tag) in [("a", "none"), ("b", defect)] {
        let args = ["synth", "-n", "1", "--seed", "31", "--defect", tag, "-o"];
        cotejo().args(args).arg(dir.path().join(name)).assert().code(0);
    }
    let out = dir.path().join("out");
    let run = |extra: &[&str]| {
        let mut command = cotejo();
        command.arg("run").arg(dir.path().join("a")).arg(dir.path().join("b")).arg("-o").arg(&out);
        command.args(extra).assert()
    };
    run(&[]);
    let bytes = fs::read(out.join("records.jsonl")).unwrap();
    run(&["--resume"]);
    assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), bytes, "a resumed run ends in the same bytes");
    let records = records(&out);
    (dir, records)
}

#[test]
fn what_was_measured_is_decided_again_without_the_pictures_to_the_same_bytes() {
    let (dir, joined) = two_pictures_of_one_sheet("no_qr");
    let (kept, again) = (dir.path().join("kept"), dir.path().join("again"));
    let nothing = dir.path().join("nothing.jpg");
    fs::write(&nothing, b"no picture").unwrap();
    let inputs = ["a", "b", "nothing.jpg"].map(|name| dir.path().join(name));
    cotejo().arg("run").args(&inputs).arg("--evidence").arg("-o").arg(&kept).assert().code(1);
    inputs[..2].iter().for_each(|input| fs::remove_dir_all(input).unwrap());
    cotejo().arg("decide").arg(&kept).arg("-o").arg(&again).assert().code(1);
    for file in ["records.jsonl", "records.csv"] {
        assert_eq!(fs::read(again.join(file)).unwrap(), fs::read(kept.join(file)).unwrap(), "{file}");
    }
    assert_eq!(records(&again)[..2], joined[..]);
    // Without the code, of which one picture has none.
    let blind = dir.path().join("blind");
    let evidence = kept.join("evidence.jsonl");
    cotejo().arg("decide").arg(&evidence).args(["--no-qr", "-o"]).arg(&blind).assert().code(1);
    assert!(records(&blind).iter().all(|r| r["sheet"]["qr"].is_null()));
    // A run that kept nothing, and a line that is none.
    cotejo()
        .arg("decide")
        .arg(dir.path().join("out"))
        .arg("-o")
        .arg(&again)
        .assert()
        .code(2)
        .stderr(contains("--evidence"));
    fs::write(&evidence, "{}\n").unwrap();
    let decide = |extra: &[&str]| {
        cotejo().arg("decide").arg(&kept).args(extra).args(["--overwrite", "-o"]).arg(&again).assert().code(2)
    };
    decide(&[]).stderr(contains("evidence.jsonl is not the file that run.json names"));
    decide(&["--edited"]).stderr(contains("evidence.jsonl, line 1"));
}

#[test]
fn two_pictures_of_one_sheet_are_one_sheet_that_names_both() {
    let (dir, records) = two_pictures_of_one_sheet("no_qr");
    assert_eq!(records[0]["status"], "accepted", "{}", records[0]["findings"]);
    assert!(codes(&records[0]).contains(&"joined_photos"));
    let joined = records[0]["sources"].as_array().unwrap();
    assert_eq!(joined.len(), 2);
    assert_eq!(joined[1]["path"], records[1]["sources"][0]["path"]);
    assert_eq!(records[1]["part_of"]["path"], records[0]["sources"][0]["path"]);
    assert_eq!(
        (records[1]["status"].as_str(), codes(&records[1])),
        (Some("rejected"), vec!["part_of_sheet"])
    );
    let run: Value = serde_json::from_slice(&fs::read(dir.path().join("out/run.json")).unwrap()).unwrap();
    assert_eq!((&run["counts"]["accepted"], &run["counts"]["parts"]), (&1.into(), &1.into()));
}

#[test]
fn pictures_of_one_sheet_that_contradict_each_other_are_both_reviewed() {
    let (_dir, records) = two_pictures_of_one_sheet("words_changed");
    for record in &records {
        assert_eq!(record["status"], "review");
        assert!(codes(record).contains(&"photos_disagree"), "{}", record["findings"]);
        assert!(record["part_of"].is_null() && record["sources"].as_array().unwrap().len() == 1);
        assert_eq!(record["contests"][0]["state"], "review");
    }
}

#[test]
fn sheets_that_are_no_votes_of_this_election_have_each_their_own_finding() {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("made");
    let args = ["synth", "-n", "3", "--seed", "9", "--defect", "zero_report,foreign_qr,no_sheet", "-o"];
    cotejo().args(args).arg(&made).assert().code(0);
    // A sheet of the same print, issued on another day.
    let form = fs::read_to_string(sample("../models/forms/ve-2024-presidential.toml")).unwrap();
    let other = form
        .replace("id = \"ve-2024-presidential\"", "id = \"another-day\"")
        .replace("issued = \"28/07/2024\"", "issued = \"25/05/2025\"");
    fs::write(dir.path().join("other.toml"), other).unwrap();
    let later = made.join("later");
    let args = ["synth", "-n", "1", "--seed", "3", "--form", "another-day", "--forms"];
    cotejo().args(args).arg(dir.path()).arg("-o").arg(&later).assert().code(0);
    let out = dir.path().join("out");
    cotejo().arg("run").arg(&made).arg("-o").arg(&out).assert().code(1);
    let records = records(&out);
    let wanted = ["zero_report", "qr_of_another_sheet", "no_sheet", "another_election"];
    assert_eq!(records.len(), wanted.len());
    for (record, code) in records.iter().zip(wanted) {
        assert_ne!(record["status"], "accepted", "{code}");
        assert!(codes(record).contains(&code), "{code}: {}", record["findings"]);
    }
}

#[test]
fn a_run_that_was_cut_off_is_resumed_with_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let run = |extra: &[&str]| {
        let mut command = cotejo();
        command.args(["run", "samples/acta-0001.jpg", "samples/acta-0006.jpg", "-o"]).arg(&out);
        command.args(extra).assert()
    };
    run(&[]).code(0);
    let whole = fs::read_to_string(out.join("records.jsonl")).unwrap();
    // As if the run had been cut off after its first file, in the middle of the second's line.
    let first: Value = serde_json::from_str(whole.lines().next().unwrap()).unwrap();
    let (path, line) = (&first["sources"][0]["path"], whole.lines().next().unwrap());
    let entry = format!("{{\"path\":{path},\"page\":0,\"of\":1,\"records\":[{line}]}}");
    fs::write(out.join("journal.jsonl"), format!("{entry}\n{{\"path\": \"samples/acta-00")).unwrap();
    for name in ["records.jsonl", "records.csv", "run.json", "report.html"] {
        fs::remove_file(out.join(name)).unwrap();
    }
    run(&[]).code(2).stderr(contains("--resume"));
    run(&["--resume"]).code(0);
    assert_eq!(fs::read_to_string(out.join("records.jsonl")).unwrap(), whole);
    assert!(!out.join("journal.jsonl").exists());
}

#[test]
fn a_registry_names_missing_and_unknown_tables() {
    let dir = tempfile::tempdir().unwrap();
    let truth = fs::read_to_string(sample("truth.csv")).unwrap();
    let tables: Vec<Vec<&str>> = truth.lines().map(|l| l.split(',').take(4).collect()).collect();
    let row = |ix: usize| tables[ix][1..4].join(";");
    let registry = dir.path().join("registry.csv");
    let out = dir.path().join("out");
    let run = |rows: &str| {
        fs::write(&registry, format!("CENTRO;Mesa;RE\n{rows}\n")).unwrap();
        let mut command = cotejo();
        command.args(["run", "samples/acta-0001.jpg", "--overwrite", "--registry"]).arg(&registry);
        command.arg("-o").arg(&out).assert()
    };
    run(&format!("{}\n{}", row(1), row(2))).code(0).stderr(contains("1 of the registry's 2 tables"));
    let json: Value = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    let missing = format!("{}.{:0>2}", tables[2][1], tables[2][2]);
    assert_eq!(json["registry"]["missing"], serde_json::json!([missing]));
    run(&row(2)).code(1);
    assert!(codes(&records(&out)[0]).contains(&"table_not_registered"));
    run("1;2;many").code(2).stderr(contains("line 2, column RE"));
}

/// `tests/data/record-1` is a run over two samples by a program that wrote `cotejo.record/1`.
#[test]
fn a_folder_of_the_earlier_schema_is_read_on() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    fs::create_dir(&old).unwrap();
    for file in ["records.jsonl", "run.json"] {
        fs::copy(format!("tests/data/record-1/{file}"), old.join(file)).unwrap();
    }
    cotejo().args(["run", "samples/acta-0001.jpg", "samples/acta-0006.jpg", "-o"]).arg(&new).assert().code(0);
    let said = |args: &[&str], run: &std::path::Path| {
        let done = cotejo().arg(args[0]).arg(run).args(&args[1..]).assert().code(0);
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let asked: [&[&str]; 4] = [
        &["tally", "--by", "party", "--format", "csv"],
        &["tally", "--level", "mesa", "--format", "json"],
        &["export", "--as", "published"],
        &["export", "--as", "wide"],
    ];
    // How sure a program was is its own.
    let told = |text: &str| -> Vec<Vec<String>> {
        let rows: Vec<csv::StringRecord> = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes())
            .records()
            .map(Result::unwrap)
            .collect();
        let sure = rows[0].iter().position(|c| c == "CONFIDENCE");
        let kept = |row: &csv::StringRecord| {
            let cells = row.iter().enumerate().filter(|c| Some(c.0) != sure);
            cells.map(|c| c.1.to_owned()).collect()
        };
        rows.iter().map(kept).collect()
    };
    for args in asked {
        let (before, now) = (said(args, &old), said(args, &new));
        match args.contains(&"json") {
            true => assert_eq!(before, now, "{args:?}"),
            false => assert_eq!(told(&before), told(&now), "{args:?}"),
        }
    }
    cotejo().arg("report").arg(&old).assert().code(0);
    assert!(old.join("report.html").exists());
}

#[test]
fn a_photo_is_checked_for_what_to_take_again_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let check = |photo: &str, lang: &str| {
        let mut command = cotejo();
        command.current_dir(dir.path()).arg("check").arg(sample(photo)).args(["--lang", lang]);
        command.assert()
    };
    check("acta-0001.jpg", "en").success().stdout(contains("acta-0001.jpg: good"));
    check("acta-0001.jpg", "es").success().stdout(contains("acta-0001.jpg: bien"));
    // The upper part of a sheet, no sheet, and one that no other photo would mend: its prints differ.
    let lower = contains("take it again").and(contains("lower third of the sheet: 32 of 32"));
    check("acta-0005.jpg", "en").code(1).stdout(lower);
    check("acta-0007.jpg", "en")
        .code(1)
        .stdout(contains("take it again").and(contains("photograph it nearer")));
    check("acta-0003.jpg", "en")
        .code(1)
        .stdout(contains("a person has to look").and(contains("digits 1, words 4")));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn forms_and_schema_speak_on_stdout() {
    let forms = cotejo().arg("forms").assert();
    forms.code(0).stdout(contains("ve-2024-presidential").and(contains("38 vote rows")));
    let output = cotejo().arg("schema").assert().code(0);
    let schema: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert!(schema["properties"]["contests"].is_object());
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    for args in [&["schema"] as &[&str], &["forms"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cotejo"));
        let ended = command.args(args).stdout(writer).output().unwrap();
        assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap()), (Some(0), String::new()));
    }
}

#[test]
fn a_run_whose_talk_nobody_reads_goes_on_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cotejo"));
    let file = dir.path().join("none.jpg");
    fs::write(&file, b"no picture").unwrap();
    command.arg("run").arg(&file).arg("-o").arg(&out).stderr(writer);
    assert_eq!(command.status().unwrap().code(), Some(1));
    assert_eq!(records(&out).len(), 1);
}

#[test]
fn a_max_error_that_is_no_probability_is_refused() {
    let run = cotejo().args(["run", "samples", "-o", "x", "--max-error", "5"]).assert();
    run.code(2).stderr(contains("--max-error").and(contains("between 0 and 1")));
}
