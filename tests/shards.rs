//! A run in shards, put together: the bytes of one run, and nothing else.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use predicates::str::contains;
use program::{cotejo, records, sample};
use std::fs;
use std::path::{Path, PathBuf};

/// A photo of the same sheet with other bytes, somewhat smaller.
fn again(from: &str, to: &Path) {
    let picture = image::open(sample(from)).unwrap();
    let (width, height) = (picture.width() * 9 / 10, picture.height() * 9 / 10);
    let small = picture.resize_exact(width, height, image::imageops::FilterType::Triangle);
    small.to_luma8().save(to).unwrap();
}

/// Three folders: a sheet photographed in two of them, a file that lies in two of them, one that is no picture, one with a
/// sheet to review.
fn folders(dir: &Path) -> PathBuf {
    let scans = dir.join("scans");
    for folder in ["a", "b", "c"] {
        fs::create_dir_all(scans.join(folder)).unwrap();
    }
    let copy = |from: &str, to: &str| fs::copy(sample(from), scans.join(to)).unwrap();
    copy("acta-0001.jpg", "b/1.jpg");
    copy("acta-0002.jpg", "c/2.jpg");
    copy("acta-0002.jpg", "a/2 again.jpg");
    copy("acta-0003.jpg", "c/3.jpg");
    again("acta-0001.jpg", &scans.join("a/1.png"));
    fs::write(scans.join("b/notes.jpg"), b"these are notes").unwrap();
    scans
}

fn shard(scans: &Path, out: &Path, shard: &str, extra: &[&str]) {
    let mut run = cotejo();
    run.arg("run").arg(scans).arg("-o").arg(out).args(["--reader", "net", "--shard", shard]).args(extra);
    ended(&mut run);
}

/// Runs to its end, whatever becomes of the sheets.
fn ended(run: &mut assert_cmd::Command) {
    assert!(matches!(run.output().unwrap().status.code(), Some(0 | 1)));
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

#[test]
fn shards_in_any_order_make_the_run_of_one_machine() {
    let dir = tempfile::tempdir().unwrap();
    let scans = folders(dir.path());
    let at = |name: &str| dir.path().join(name);
    let run =
        cotejo().arg("run").arg(&scans).arg("-o").arg(at("whole/out")).args(["--reader", "net"]).assert();
    run.code(1);
    for nth in 1..=4 {
        shard(&scans, &at(&format!("part-{nth}")), &format!("{nth}/4"), &[]);
    }
    let counts: Vec<usize> = (1..=4).map(|nth| records(&at(&format!("part-{nth}"))).len()).collect();
    assert_eq!((counts.iter().sum::<usize>(), counts.iter().filter(|&&n| n == 0).count()), (6, 1));
    // Resumed without a word of the shard it is that shard.
    ended(cotejo().args(["run", "--resume", "--reader", "net", "-o"]).arg(at("part-1")));
    let other = cotejo().args(["run", "--resume", "--shard", "2/4", "-o"]).arg(at("part-1")).assert();
    other.code(2).stderr(contains("its run is shard 1/4"));
    let parts: Vec<PathBuf> = [3, 1, 4, 2].map(|nth| at(&format!("part-{nth}"))).into();
    cotejo().arg("merge").args(&parts).arg("-o").arg(at("merged/out")).assert().code(1);
    let (whole, merged) = (files(&at("whole/out")), files(&at("merged/out")));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&whole), names(&merged));
    assert!(names(&whole).iter().any(|name| name.starts_with("pictures")), "one is to be reviewed");
    for (a, b) in whole.iter().zip(&merged) {
        assert!(a.1 == b.1, "{} differs", a.0.display());
    }
    let all = records(&at("merged/out"));
    assert_eq!(all[0]["sources"].as_array().unwrap().len(), 2, "one sheet in two shards");
    let copies: Vec<&str> = (all.iter().filter(|r| r["findings"].to_string().contains("duplicate_file")))
        .map(|r| r["sources"][0]["path"].as_str().unwrap())
        .collect();
    assert!(matches!(copies[..], [one] if one.ends_with("c/2.jpg")), "{copies:?}");
    let run: serde_json::Value =
        serde_json::from_slice(&fs::read(at("merged/out/run.json")).unwrap()).unwrap();
    let one: serde_json::Value =
        serde_json::from_slice(&fs::read(at("whole/out/run.json")).unwrap()).unwrap();
    for name in ["inputs", "settings", "counts", "findings", "forms", "models", "alarms", "files", "shard"] {
        assert_eq!(run.get(name), one.get(name), "{name}");
    }
}

#[test]
fn what_is_not_the_shards_of_one_run_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let scans = dir.path().join("scans");
    for folder in ["a", "b"] {
        fs::create_dir_all(scans.join(folder)).unwrap();
        fs::write(scans.join(folder).join("notes.jpg"), folder).unwrap();
    }
    let at = |name: &str| dir.path().join(name);
    shard(&scans, &at("one"), "1/2", &[]);
    shard(&scans, &at("two"), "2/2", &[]);
    shard(&scans, &at("stricter"), "2/2", &["--max-error", "1e-6"]);
    cotejo().arg("run").arg(&scans).arg("-o").arg(at("plain")).args(["--reader", "net"]).assert().code(1);
    let refused = |names: &[&str], why: &str| {
        let dirs = names.iter().map(|name| at(name));
        let merge = cotejo().arg("merge").args(dirs).arg("-o").arg(at("out")).assert();
        merge.code(2).stderr(contains(why));
        assert!(!at("out").exists());
    };
    refused(&["one"], "shard 2/2 is missing");
    refused(&["one", "two", "one"], "both hold shard 1/2");
    refused(&["one", "stricter"], "settings (max_error) differ");
    refused(&["one", "plain"], "holds no shard");
    fs::write(scans.join("b/more.jpg"), b"more").unwrap();
    shard(&scans, &at("later"), "2/2", &[]);
    refused(&["one", "later"], "its files");
    let path = at("one/run.json");
    let text = fs::read_to_string(&path).unwrap();
    let version = format!("\"cotejo\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version));
    fs::write(&path, text.replace(&version, "\"cotejo\": \"0.0.1\"")).unwrap();
    refused(&["one", "two"], "program");
    fs::write(&path, text).unwrap();
    let evidence = at("two/evidence.jsonl");
    fs::write(&evidence, b"").unwrap();
    refused(&["one", "two"], "evidence.jsonl");
}
