//! A small site from end to end: links, pictures, hashes, languages, what is never in it.

use super::*;
use crate::form::builtin;
use crate::ground::hash::sha256;
use crate::lab::synth::records::Country;
use crate::record::Record;
use crate::run::config::Config;
use crate::run::output::{Measured, Opened, Overwrite, Run};
use crate::run::pipeline::Digitizer;
use std::collections::BTreeSet;

fn options(dir: &Path, out: &Path) -> Options {
    Options {
        run: Opened::of(dir, &builtin().unwrap()).unwrap(),
        out: out.to_owned(),
        existing: Overwrite::Refuse,
        photos: None,
        expected: None,
        columns: None,
        head: NistHead { issuer: "nobody".to_owned(), generated: "2024-07-29T00:00:00Z".to_owned() },
        title: String::new(),
        key: None,
    }
}

fn run(dir: &Path, records: &[Record]) {
    let folder = crate::run::output::Folder::create(dir, Overwrite::Replace).unwrap();
    folder
        .write(records, &builtin().unwrap(), Run::new(records, BTreeMap::new(), Measured::default()))
        .unwrap();
}

/// All files of a site, by path from its root.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    entries
        .filter(|e| e.file_type().is_file())
        .map(|e| {
            let path = e.path().strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            (path, std::fs::read(e.path()).unwrap())
        })
        .collect()
}

/// Every link of every page leads to a file of the site, and to a place within it.
fn check_links(files: &BTreeMap<String, Vec<u8>>) -> usize {
    let mut checked = 0;
    let link = regex::Regex::new(r#"(?:href|src)="([^"]+)""#).unwrap();
    for (path, bytes) in files.iter().filter(|(p, _)| p.ends_with(".html")) {
        let text = std::str::from_utf8(bytes).unwrap();
        for found in link.captures_iter(text) {
            let target = &found[1];
            if target.starts_with("data:") {
                continue;
            }
            assert!(!target.contains("//"), "{path} leads out to {target}");
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let mut parts: Vec<&str> = path.split('/').collect();
            parts.pop();
            if file.is_empty() {
                assert!(text.contains(&format!("id=\"{anchor}\"")), "{path}: #{anchor}");
            } else {
                for step in file.split('/') {
                    if step == ".." { assert!(parts.pop().is_some()) } else { parts.push(step) }
                }
                assert!(files.contains_key(&parts.join("/")), "{path} links {target}");
            }
            checked += 1;
        }
    }
    checked
}

#[test]
fn every_link_leads_somewhere_and_every_centre_is_reached_from_the_first_page() {
    let dir = tempfile::tempdir().unwrap();
    let forms = builtin().unwrap();
    let mut records: Vec<Record> = Country::new(&forms[0], 700, 9).collect();
    records[3].stand_at(crate::decide::Status::Review);
    records[5].place.insert("centre".to_owned(), Some("<script>alert(1)</script>".to_owned()));
    let (inside, out) = (dir.path().join("run"), dir.path().join("site"));
    run(&inside, &records);
    let site = publish(&options(&inside, &out), &forms).unwrap();
    let files = files(&out);
    assert!(check_links(&files) > 2000);
    assert!(files["index.html"].len() < 300_000);
    // By links alone, as without a script.
    let link = regex::Regex::new(r##"href="([^"#]+\.html)""##).unwrap();
    let (mut reached, mut open) = (BTreeSet::new(), vec!["index.html".to_owned()]);
    while let Some(path) = open.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        for found in link.captures_iter(std::str::from_utf8(&files[&path]).unwrap()) {
            let mut parts: Vec<&str> = path.split('/').collect();
            parts.pop();
            for step in found[1].split('/') {
                if step == ".." {
                    parts.pop();
                } else {
                    parts.push(step);
                }
            }
            open.push(parts.join("/"));
        }
    }
    let centres: BTreeSet<_> = records.iter().map(|r| r.sheet.centre.clone().unwrap()).collect();
    let pages = reached.iter().filter(|p| p.starts_with("place/centre/")).count();
    assert_eq!(pages, centres.len());
    assert_eq!(reached.len(), files.keys().filter(|p| p.ends_with(".html")).count());
    assert_eq!((site.units, site.pictures, site.refused["not_registered"]), (700, 0, 700));
    // Names from photos are text, never markup.
    let mut pages = files.iter().filter(|(path, _)| path.ends_with(".html"));
    assert!(!pages.any(|(_, f)| String::from_utf8_lossy(f).contains("<script>alert(1)")));
}

#[test]
fn pages_say_how_many_sheets_are_in_and_show_no_nought_for_what_no_sheet_tells() {
    let dir = tempfile::tempdir().unwrap();
    let forms = builtin().unwrap();
    let mut records: Vec<Record> = Country::new(&forms[0], 60, 12).collect();
    for (ix, record) in records.iter_mut().enumerate() {
        record.sheet.centre.as_mut().unwrap().replace_range(..2, ["01", "02", "03"][ix / 20]);
    }
    let (last, there) = ("03", 40);
    let table = |r: &Record| tally::ExpectedTable {
        centre: r.sheet.centre.clone().unwrap(),
        table: r.sheet.table.unwrap(),
        names: Default::default(),
    };
    let expected = Expected { tables: records.iter().map(table).collect(), of: tally::Of::All };
    let (inside, out) = (dir.path().join("run"), dir.path().join("site"));
    run(&inside, &records[..there]);
    publish(&Options { expected: Some(expected), ..options(&inside, &out) }, &forms).unwrap();
    let files = files(&out);
    let page = |path: &str| String::from_utf8(files[path].clone()).unwrap();
    let place = page(&format!("place/state/{last}.html"));
    for told in [
        "Ninguna hoja de aquí está contada",
        "No sheet from here is counted",
        &format!("{}</dd>", 60 - there),
    ] {
        assert!(place.contains(told), "{told} is not on\n{place}");
    }
    let cells = regex::Regex::new(r#"<td class="n">0</td>"#).unwrap();
    assert!(!cells.is_match(&place), "a nought that no sheet tells:\n{place}");
    let front = page("index.html");
    for told in
        ["Suma parcial: faltan hojas en ella", "Partial sum: sheets are lacking", " 60</span>", "–</span>"]
    {
        assert!(front.contains(told), "{told} is not on\n{front}");
    }
    let csv = page("data/tally-state.csv");
    assert!(csv.lines().any(|l| l.starts_with(&format!("state,{last},")) && l.contains(",,0,")), "{csv}");
}

#[test]
fn the_manifest_holds_the_hash_of_every_file_and_every_original() {
    let dir = tempfile::tempdir().unwrap();
    let forms = builtin().unwrap();
    let records: Vec<Record> = Country::new(&forms[0], 12, 9).collect();
    let (inside, out) = (dir.path().join("run"), dir.path().join("site"));
    run(&inside, &records);
    publish(&options(&inside, &out), &forms).unwrap();
    let files = files(&out);
    let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len() + 1, files.len());
    for file in listed {
        assert_eq!(file["sha256"], sha256(&files[file["path"].as_str().unwrap()]));
    }
    assert_eq!(manifest["originals"].as_array().unwrap().len(), 12);
    assert_eq!(manifest["originals"][0]["sha256"], records[0].source().sha256);
    // Folders of the machine are nobody's business.
    assert!(!files.values().any(|f| String::from_utf8_lossy(f).contains("made-up/")));
}

#[test]
fn a_folder_that_is_no_site_is_left_alone_and_a_site_is_replaced_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    let forms = builtin().unwrap();
    let (inside, out) = (dir.path().join("run"), dir.path().join("site"));
    run(&inside, &Country::new(&forms[0], 3, 1).collect::<Vec<_>>());
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("mine.txt"), "x").unwrap();
    let mut options = options(&inside, &out);
    options.existing = Overwrite::Replace;
    assert!(matches!(publish(&options, &forms), Err(PublishError::NotASite { .. })));
    std::fs::remove_file(out.join("mine.txt")).unwrap();
    publish(&options, &forms).unwrap();
    publish(&options, &forms).unwrap();
    options.existing = Overwrite::Refuse;
    assert!(matches!(publish(&options, &forms), Err(PublishError::Exists { .. })));
    // Nothing half made is left beside it.
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_sample_is_published_with_its_picture_and_a_changed_original_without() {
    let dir = tempfile::tempdir().unwrap();
    let digitizer = Digitizer::new(Config::new(builtin().unwrap())).unwrap();
    let forms = &builtin().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/acta-0001.jpg");
    let photo = dir.path().join("photo.jpg");
    std::fs::copy(&sample, &photo).unwrap();
    let records: Vec<Record> = digitizer.file(&photo).into_iter().map(|d| d.record).collect();
    let (inside, out) = (dir.path().join("run"), dir.path().join("site"));
    run(&inside, &records);
    let mut options = options(&inside, &out);
    options.existing = Overwrite::Replace;
    let site = publish(&options, forms).unwrap();
    assert_eq!(site.pictures, 1, "{:?}", site.refused);
    let files = files(&out);
    let picture = files.iter().find(|(p, _)| p.starts_with("sheets/")).unwrap();
    assert!(image::load_from_memory(picture.1).is_ok());
    check_links(&files);
    // One byte more after the picture's end: the same pixels, another file.
    let mut bytes = std::fs::read(&photo).unwrap();
    bytes.push(0);
    std::fs::write(&photo, bytes).unwrap();
    let site = publish(&options, forms).unwrap();
    assert_eq!((site.pictures, site.refused["original_differs"]), (0, 1));
}
