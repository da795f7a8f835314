//! Photos in archives: read where they are, as photos in a folder are.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use flate2::{Compression, write::GzEncoder};
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Two sheets, one of them to be reviewed, and notes, which are no picture.
const MEMBERS: [(&str, &str); 3] =
    [("b/3.jpg", "acta-0003.jpg"), ("a/1.jpg", "acta-0001.jpg"), ("notes.txt", "truth.csv")];

fn folder(at: &Path) {
    for (name, from) in MEMBERS {
        fs::create_dir_all(at.join(name).parent().unwrap()).unwrap();
        fs::copy(sample(from), at.join(name)).unwrap();
    }
}

fn zipped(at: &Path) {
    let mut zip = ZipWriter::new(File::create(at).unwrap());
    for (name, from) in MEMBERS {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(sample(from)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
}

fn gzipped(at: &Path) {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(at).unwrap(), Compression::default()));
    for (name, from) in MEMBERS {
        tar.append_path_with_name(sample(from), name).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

fn run(out: &Path, args: &[&Path], code: i32) -> Vec<Value> {
    let mut run = cotejo();
    run.arg("run").args(args).args(["--reader", "net", "-o"]).arg(out).assert().code(code);
    records(out)
}

/// A record without the names of its files.
fn said(record: &Value) -> String {
    let mut said = record.clone();
    said["sources"].as_array_mut().unwrap().iter_mut().for_each(|s| s["path"] = Value::Null);
    said.to_string()
}

/// Whatever a run's folder keeps of pictures.
fn pictures(out: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(out.join("pictures")).unwrap().map(|e| e.unwrap()).collect();
    all.sort_by_key(fs::DirEntry::file_name);
    all.iter().map(|e| (e.file_name().into(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn photos_in_archives_are_read_as_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    folder(&at("p"));
    zipped(&at("p.zip"));
    gzipped(&at("p.tar.gz"));
    let plain = run(&at("out"), &[&at("p")], 1);
    for name in ["p.zip", "p.tar.gz"] {
        let out = at(&format!("out-{name}"));
        let found = run(&out, &[&at(name)], 1);
        let path = |r: &Value| r["sources"][0]["path"].as_str().unwrap().to_owned();
        let paths: Vec<String> =
            ["a/1.jpg", "b/3.jpg"].map(|m| at(name).join(m).display().to_string()).into();
        assert_eq!(found.iter().map(path).collect::<Vec<_>>(), paths);
        let texts = |all: &[Value]| all.iter().map(said).collect::<Vec<_>>();
        assert_eq!(texts(&found), texts(&plain), "{name}");
        assert_eq!(pictures(&out), pictures(&at("out")), "{name}");
        // A drawn sheet is shown from its photo, and a resumed run looks whether that is the same.
        let before = fs::read(out.join("records.jsonl")).unwrap();
        cotejo().args(["run", "--resume", "--reader", "net", "-o"]).arg(&out).assert().code(1);
        assert_eq!(fs::read(out.join("records.jsonl")).unwrap(), before);
    }
    // In parts, and from within a folder beside photos of the same content.
    fs::create_dir(at("all")).unwrap();
    fs::rename(at("p"), at("all/p")).unwrap();
    fs::rename(at("p.zip"), at("all/p.zip")).unwrap();
    let whole = run(&at("whole"), &[&at("all")], 1);
    let copies = whole.iter().filter(|r| r["findings"].to_string().contains("duplicate_file")).count();
    assert_eq!((whole.len(), copies), (4, 2));
    for nth in 1..=2 {
        let part = at(&format!("part-{nth}"));
        let mut run = cotejo();
        run.arg("run")
            .arg(at("all"))
            .args(["--reader", "net", "--shard", &format!("{nth}/2"), "-o"])
            .arg(part);
        run.assert().code(1);
    }
    cotejo().arg("merge").args([at("part-1"), at("part-2")]).arg("-o").arg(at("merged")).assert().code(1);
    assert_eq!(records(&at("merged")), whole);
}

#[test]
fn a_damaged_archive_is_a_rejected_record_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    gzipped(&at("cut.tgz"));
    let bytes = fs::read(at("cut.tgz")).unwrap();
    let first = fs::metadata(sample(MEMBERS[0].1)).unwrap().len() as usize;
    fs::write(at("cut.tgz"), &bytes[..first + 20_000]).unwrap();
    fs::write(at("no.zip"), b"these are notes").unwrap();
    let found = run(&at("out"), &[&at("cut.tgz"), &at("no.zip"), &sample("acta-0001.jpg")], 1);
    let told = |r: &Value| {
        let path = Path::new(r["sources"][0]["path"].as_str().unwrap()).file_name().unwrap().to_owned();
        (path.into_string().unwrap(), r["findings"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    let told: Vec<(String, String)> = found.iter().map(told).collect();
    let archive = |name: &str| (name.to_owned(), "damaged_archive".to_owned());
    assert_eq!(told[0], archive("cut.tgz"));
    assert_eq!(told[1], archive("1.jpg"));
    assert_eq!((told[2].0.as_str(), &told[3]), ("3.jpg", &archive("no.zip")));
    assert_eq!(found[4]["status"], "accepted");
    cotejo().args(["check", "--lang", "en"]).arg(at("no.zip")).assert().code(1).stdout(contains("unpack it"));
}
