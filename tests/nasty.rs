//! Files that are made to do harm, and what is no file: none ends, stops or fills a run, each has a record that says
//! why, and going on does not meet it again.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod program;

use predicates::prelude::*;
use predicates::str::contains;
use program::{cotejo, records, sample};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A PDF file of a page with these objects beside its tree, its content the last.
#[cfg(feature = "pdf")]
fn pdf(resources: &str, objects: &[String]) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let content = 3 + objects.len();
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {content} 0 R /Resources << {resources} >> >>"
    );
    let tree = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", &page];
    let all = tree.into_iter().map(str::to_owned).chain(objects.iter().cloned());
    let mut places = Vec::new();
    for (ix, object) in all.enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", ix + 1).bytes());
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").bytes()));
    let size = places.len() + 1;
    out.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    out
}

#[cfg(feature = "pdf")]
fn stream(rest: &str, text: &str) -> String {
    format!("<< {rest} /Length {} >>\nstream\n{text}\nendstream", text.len())
}

/// A line of 10^13 dashes.
#[cfg(feature = "pdf")]
fn dashes() -> Vec<u8> {
    pdf("", &[stream("", "[0.00001 0.00001] 0 d 1 w 0 0 m 100000000 100000000 l S")])
}

/// Twelve forms, each drawing the next ten times.
#[cfg(feature = "pdf")]
fn nested() -> Vec<u8> {
    let form = |ix: usize| {
        let next = if ix < 12 {
            format!("/Resources << /XObject << /F {} 0 R >> >>", 4 + ix)
        } else {
            String::new()
        };
        let draws = if ix < 12 { "/F Do ".repeat(10) } else { "0 0 m 9 9 l S".to_owned() };
        stream(&format!("/Type /XObject /Subtype /Form /BBox [0 0 600 800] {next}"), &draws)
    };
    let mut objects: Vec<String> = (1..=12).map(form).collect();
    objects.push(stream("", &"/F Do ".repeat(10)));
    pdf("/XObject << /F 4 0 R >>", &objects)
}

/// Status and first finding of each.
fn codes(records: &[Value]) -> Vec<(&str, &str)> {
    records.iter().map(|r| (said(r, "/status"), said(r, "/findings/0/code"))).collect()
}

fn said<'r>(record: &'r Value, at: &str) -> &'r str {
    record.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[cfg(feature = "pdf")]
#[test]
fn a_document_that_ends_or_holds_up_its_decoder_is_a_rejected_record_and_is_not_met_again() {
    let dir = tempfile::tempdir().unwrap();
    let photos = dir.path().join("photos");
    fs::create_dir(&photos).unwrap();
    assert!(dashes().len() < 600 && nested().len() < 5000);
    fs::write(photos.join("a-dashes.pdf"), dashes()).unwrap();
    fs::write(photos.join("b-nested.pdf"), nested()).unwrap();
    fs::copy(sample("acta-0001.jpg"), photos.join("c.jpg")).unwrap();
    let out = dir.path().join("out");
    let started = Instant::now();
    let mut run = cotejo();
    let ran = run.arg("run").arg(&photos).arg("-o").arg(&out).args(["--max-seconds", "20"]).assert().code(1);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    ran.stderr(contains("a-dashes.pdf").and(contains("b-nested.pdf")).and(contains("--max-seconds")));
    let first = records(&out);
    assert_eq!(codes(&first)[1], ("rejected", "too_slow"));
    assert!(
        [("rejected", "decoder_died"), ("rejected", "too_slow")].contains(&codes(&first)[0]),
        "{:?}",
        first[0]
    );
    assert_eq!(first[2]["status"], "accepted");
    assert!(first.iter().all(|r| r["sources"][0]["sha256"].as_str().unwrap().len() == 64));
    // Gone on with, they are not met again.
    let started = Instant::now();
    cotejo().args(["run", "--resume", "-o"]).arg(&out).assert().code(1);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(records(&out), first);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once_and_in_a_folder_left_out_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let photos = dir.path().join("photos");
    fs::create_dir(&photos).unwrap();
    pipe(&photos.join("fifo.jpg"));
    fs::write(photos.join("a.jpg"), b"no picture").unwrap();
    let out = dir.path().join("out");
    for odd in [photos.join("fifo.jpg").to_str().unwrap(), "/dev/zero"] {
        let ran =
            cotejo().args(["run", odd, "-o"]).arg(&out).timeout(Duration::from_secs(20)).assert().code(2);
        ran.stderr(contains(odd).and(contains("not a file")));
        assert!(!out.exists());
    }
    let ran = cotejo().arg("run").arg(&photos).arg("-o").arg(&out).timeout(Duration::from_secs(60)).assert();
    ran.code(1).stderr(
        contains("1 files are no pictures by their names, or no files at all").and(contains("fifo.jpg")),
    );
    assert_eq!(codes(&records(&out)), [("rejected", "not_a_picture")]);
    // What the system makes up as it is read says that it is empty.
    if Path::new("/proc/kmsg").exists() {
        let out = dir.path().join("kmsg");
        let ran =
            cotejo().args(["run", "/proc/kmsg", "-o"]).arg(&out).timeout(Duration::from_secs(60)).assert();
        ran.code(1);
        assert_eq!(codes(&records(&out)), [("rejected", "empty_file")]);
    }
}

#[test]
fn a_photo_that_takes_longer_than_it_may_is_a_rejected_record_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    // Sixty bands of print, none of a sheet.
    let bands = |x: u32, y: u32| {
        image::Luma([if x % 150 < 90 && (y / 9 + x / 7).is_multiple_of(2) { 40 } else { 250 }])
    };
    let large = dir.path().join("a.png");
    image::GrayImage::from_fn(14_000, 10_000, bands).save(&large).unwrap();
    fs::write(dir.path().join("b.jpg"), b"no picture").unwrap();
    let out = dir.path().join("out");
    let ran = cotejo().arg("run").arg(dir.path()).args(["--max-seconds", "1", "-o"]).arg(&out).assert();
    ran.code(1).stderr(contains("a.png was not done within 1 seconds"));
    assert_eq!(codes(&records(&out)), [("rejected", "too_slow"), ("rejected", "not_a_picture")]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_finishes_what_is_in_hand_and_says_how_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, out) = (dir.path().join("photos"), dir.path().join("out"));
    fs::create_dir(&photos).unwrap();
    for ix in 0..12 {
        let picture = image::open(sample("acta-0001.jpg")).unwrap().into_luma8();
        let mut picture = picture;
        picture.put_pixel(ix, 0, image::Luma([7]));
        picture.save(photos.join(format!("{ix:02}.png"))).unwrap();
    }
    let mut run = Command::new(env!("CARGO_BIN_EXE_cotejo"));
    run.arg("run").arg(&photos).args(["-j", "1", "-o"]).arg(&out).stderr(std::process::Stdio::piped());
    let child = run.spawn().unwrap();
    let journal =
        || fs::read_to_string(out.join("journal.jsonl")).unwrap_or_default().matches("\"records\"").count();
    while journal() < 2 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // A second writer is told of the first.
    let second = cotejo().args(["run", "--resume", "-o"]).arg(&out).assert().code(2);
    second.stderr(contains(format!("cotejo run, process {}", child.id())));
    // SAFETY: a signal to a process that this test started.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGINT) };
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.code() == Some(2) && said.contains("finishing") && said.contains("--resume"),
        "{said}"
    );
    assert!(!out.join("records.jsonl").exists());
    let cut = fs::read(out.join("journal.jsonl")).unwrap();
    assert!(cut.ends_with(b"\n"), "what was in hand was finished");
    // Cut off within a character besides, it goes on all the same.
    let mut torn = cut.clone();
    torn.extend(b"{\"path\":\"\xC3");
    fs::write(out.join("journal.jsonl"), torn).unwrap();
    cotejo().args(["run", "--resume", "-o"]).arg(&out).assert().code(predicate::in_iter([0, 1]));
    assert_eq!(records(&out).len(), 12);
}

#[cfg(unix)]
#[test]
fn nothing_in_a_runs_folder_is_written_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (out, own) = (dir.path().join("out"), dir.path().join("own"));
    fs::write(dir.path().join("a.jpg"), b"no picture").unwrap();
    for name in ["journal.jsonl", "pictures", ".lock"] {
        let _ = fs::remove_dir_all(&out);
        fs::create_dir(&out).unwrap();
        if name == "pictures" {
            fs::create_dir_all(&own).unwrap();
        } else {
            let _ = fs::remove_dir(&own);
            fs::write(&own, b"mine").unwrap();
        }
        std::os::unix::fs::symlink(&own, out.join(name)).unwrap();
        let mut run = cotejo();
        let ran = run
            .args(["run", "--overwrite"])
            .arg(dir.path().join("a.jpg"))
            .arg("-o")
            .arg(&out)
            .assert()
            .code(2);
        ran.stderr(contains(name).and(contains("is a link")));
        assert!(own.is_dir() || fs::read(&own).unwrap() == b"mine");
        let _ = fs::remove_file(&own);
    }
}
