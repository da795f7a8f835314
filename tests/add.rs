//! Photos added to a run: the bytes of one run over all of them, whether the old photos are still there or not.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use cotejo::desk::review::log::Action;
use cotejo::desk::review::station::Station;
use cotejo::desk::review::talk::{Pass, Sent};
use cotejo::record::sheet_key;
use cotejo::run::output::load;
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A photo of the same sheet with other bytes, somewhat smaller; of a part of its height.
fn again(from: &str, part: (f64, f64), to: &Path) {
    let picture = image::open(sample(from)).unwrap();
    let (width, height) = (picture.width() * 9 / 10, picture.height() * 9 / 10);
    let small = picture.resize_exact(width, height, image::imageops::FilterType::Triangle);
    let (top, bottom) = ((f64::from(height) * part.0) as u32, (f64::from(height) * part.1) as u32);
    small.crop_imm(0, top, width, bottom - top).to_luma8().save(to).unwrap();
}

/// Two folders. In the second: another photo of a sheet of the first that is to be reviewed, the other half of a sheet that is
/// in two photos, a copy of a file, a sheet that is new, notes.
fn folders(dir: &Path) -> [PathBuf; 2] {
    let [old, new] = ["m/old", "m/new"].map(|name| dir.join(name));
    [&old, &new].iter().for_each(|dir| fs::create_dir_all(dir).unwrap());
    let copy = |from: &str, to: PathBuf| fs::copy(sample(from), to).unwrap();
    copy("acta-0001.jpg", old.join("1.jpg"));
    copy("acta-0003.jpg", old.join("3.jpg"));
    copy("acta-0005.jpg", old.join("5.jpg"));
    again("acta-0005.jpg", (0.0, 1.0), &old.join("5 again.png"));
    again("acta-0006.jpg", (0.0, 0.7), &old.join("6 upper.png"));
    fs::write(old.join("notes.jpg"), b"these are notes").unwrap();
    copy("acta-0002.jpg", new.join("2.jpg"));
    again("acta-0003.jpg", (0.0, 1.0), &new.join("3 again.png"));
    again("acta-0006.jpg", (0.3, 1.0), &new.join("6 lower.png"));
    copy("acta-0001.jpg", new.join("1 copy.jpg"));
    [old, new]
}

fn run(paths: &[&Path], out: &Path, extra: &[&str]) -> String {
    let mut run = cotejo();
    run.arg("run").args(paths).args(["--reader", "net", "-o"]).arg(out).args(extra);
    let done = run.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(matches!(done.status.code(), Some(0 | 1)), "{said}");
    said
}

/// All files below a folder with their bytes, but what says how long it took.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name() {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(dir).unwrap().to_owned();
        if entry.file_type().is_file() && !["run.json", ".lock"].iter().any(|n| name.ends_with(n)) {
            out.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    out
}

fn same(a: &Path, b: &Path, all: bool) {
    let [a, b] = [a, b].map(|dir| {
        let mut files = files(dir);
        files.retain(|f| all || !(f.0.starts_with("pictures") || f.0.ends_with("report.html")));
        files
    });
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for (a, b) in a.iter().zip(&b) {
        assert!(a.1 == b.1, "{} differs", a.0.display());
    }
}

fn known(out: &Path) -> Value {
    let mut run: Value = serde_json::from_slice(&fs::read(out.join("run.json")).unwrap()).unwrap();
    run.as_object_mut().unwrap().remove("measured").unwrap();
    run
}

#[test]
fn what_is_added_makes_the_run_of_all_also_where_the_old_photos_have_gone() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let [old, new] = folders(dir.path());
    run(&[&old, &new], &at("whole/out"), &["--evidence"]);
    run(&[&old], &at("added/out"), &["--evidence"]);
    fs::create_dir(at("gone")).unwrap();
    let copy = |to: &str| {
        let done =
            std::process::Command::new("cp").arg("-r").arg(at("added/out")).arg(at(to)).status().unwrap();
        assert!(done.success());
    };
    copy("gone/out");
    let said = run(&[&new], &at("added/out"), &["--add"]);
    assert!(said.contains("2 sheets that were there are shown by added photos too"), "{said}");
    same(&at("whole/out"), &at("added/out"), true);
    assert_eq!(known(&at("whole/out")), known(&at("added/out")));
    let all = records(&at("added/out"));
    let sources = |r: &Value| r["sources"].as_array().unwrap().len();
    assert_eq!(all.iter().filter(|r| sources(r) == 2).count(), 3);
    // Its own paths are all of them now.
    run(&[], &at("added/out"), &["--resume"]);
    same(&at("whole/out"), &at("added/out"), true);
    run(&[&new], &at("added/out"), &["--add"]);
    same(&at("whole/out"), &at("added/out"), true);
    // A photo that lies before the others; it takes its place among them.
    fs::copy(sample("acta-0009.jpg"), old.join("0.jpg")).unwrap();
    run(&[&old], &at("added/out"), &["--add"]);
    run(&[&old, &new], &at("later/out"), &["--evidence"]);
    same(&at("later/out"), &at("added/out"), true);
    // Without the photos the records are the same; crops are those that the folder has.
    fs::remove_file(old.join("0.jpg")).unwrap();
    fs::rename(&old, at("elsewhere")).unwrap();
    run(&[&new], &at("gone/out"), &["--add"]);
    same(&at("whole/out"), &at("gone/out"), false);
    assert_eq!(known(&at("whole/out"))["counts"], known(&at("gone/out"))["counts"]);
}

#[test]
fn what_people_decided_stays_when_photos_are_added() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (first, late) = (sample("acta-0003.jpg"), sample("acta-0002.jpg"));
    run(&[&first], &at("out"), &["--evidence"]);
    let before = load(&at("out")).unwrap();
    let mut station = Station::open(&at("out"), cotejo::form::builtin().unwrap(), "ana").unwrap();
    let field = before[0].contests[0].choices[0].id.clone();
    let sent = Sent {
        sheet: sheet_key(&before[0]).unwrap(),
        field: field.clone(),
        action: Action::Typed,
        value: Some("77".to_owned()),
        reason: String::new(),
        pass: Pass::First,
    };
    station.enter(&sent).unwrap();
    station.write().unwrap();
    drop(station);
    let said = run(&[&late], &at("out"), &["--add"]);
    assert!(said.contains("review log was applied"), "{said}");
    let after = load(&at("out")).unwrap();
    assert_eq!(after.len(), 2);
    assert_eq!(after[0].value(&field).unwrap().value, Some(77));
    // And once more, after the review.
    run(&[&sample("acta-0006.jpg")], &at("out"), &["--add"]);
    assert_eq!(load(&at("out")).unwrap()[0].value(&field).unwrap().value, Some(77));
    run(&[&first, &late, &sample("acta-0006.jpg")], &at("whole"), &["--evidence"]);
    let machine = |out: &str, name: &str| fs::read(at(out).join(name)).unwrap();
    assert!(machine("out", "records.machine.jsonl") == machine("whole", "records.jsonl"));
    assert!(machine("out", "evidence.jsonl") == machine("whole", "evidence.jsonl"));
}

#[test]
fn what_nothing_can_be_added_to_is_refused_with_the_remedy_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (first, late) = (sample("acta-0001.jpg"), sample("acta-0002.jpg"));
    run(&[&first], &at("plain"), &[]);
    run(&[&first], &at("out"), &["--evidence"]);
    run(&[&first], &at("part"), &["--shard", "1/1"]);
    let refused = |out: &str, extra: &[&str], why: &str| {
        let before = if at(out).exists() { files(&at(out)) } else { Vec::new() };
        let mut run = cotejo();
        run.arg("run").arg(&late).arg("-o").arg(at(out)).arg("--add").args(extra);
        run.assert().code(2).stderr(contains(why));
        assert!(!at(out).exists() || files(&at(out)) == before, "{out} changed");
    };
    refused("nowhere", &["--reader", "net"], "holds no run to add to");
    refused("plain", &["--reader", "net"], "once more with --evidence");
    refused("part", &["--reader", "net"], "cotejo merge");
    refused("out", &["--reader", "net", "--max-error", "1e-6"], "max_error: 1e-4");
    fs::write(at("out/evidence.jsonl"), b"{}\n").unwrap();
    refused("out", &["--reader", "net"], "evidence.jsonl");
}
