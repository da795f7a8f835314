//! `tally`, `export`, `verify` and `publish` as a user meets them: exit codes, messages with remedies.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use cotejo::lab::synth::records::Country;
use cotejo::run::output::{Folder, Measured, Overwrite, Run};
use predicates::prelude::*;
use predicates::str::contains;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn cotejo() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cotejo"))
}

/// The run of a made-up country of 30 tables.
fn run(dir: &Path) {
    let forms = cotejo::form::builtin().unwrap();
    let records: Vec<_> = Country::new(&forms[0], 30, 5).collect();
    let folder = Folder::create(dir, Overwrite::Refuse).unwrap();
    folder.write(&records, &forms, Run::new(&records, BTreeMap::new(), Measured::default())).unwrap();
}

#[test]
fn a_table_that_a_run_exported_agrees_with_it_and_a_changed_figure_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, table) = (dir.path().join("run"), dir.path().join("t.csv"));
    run(&run_dir);
    cotejo().arg("export").arg(&run_dir).args(["--as", "published", "-o"]).arg(&table).assert().code(0);
    let verify = || {
        let mut command = cotejo();
        command.arg("verify").arg(&run_dir).arg("--against").arg(&table);
        command
    };
    verify().assert().code(0).stdout(contains("30 mesas agree"));
    let text = fs::read_to_string(&table).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut cells: Vec<String> = lines[7].split(',').map(str::to_owned).collect();
    let eg = lines[0].split(',').position(|c| c == "EG").unwrap();
    let was: u32 = cells[eg].parse().unwrap();
    cells[eg] = (was + 100).to_string();
    lines[7] = cells.join(",");
    fs::write(&table, lines.join("\n")).unwrap();
    let out = dir.path().join("out");
    verify().assert().code(1).stdout(contains(format!("EG {was} / {}", was + 100)));
    verify().arg("-o").arg(&out).assert().code(1);
    let page = fs::read_to_string(out.join("verify.html")).unwrap();
    assert!(page.contains("no crop: the original is not at hand"));
    assert!(out.join("verify.json").is_file());
}

#[test]
fn binary_files_are_not_written_to_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("run"));
    for layout in ["parquet", "sqlite"] {
        let mut command = cotejo();
        command.arg("export").arg(dir.path().join("run")).args(["--as", layout]);
        command.assert().code(2).stderr(contains("-o"));
    }
}

#[test]
fn a_tally_counts_what_the_registry_lists_and_no_sheet_shows() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, registry) = (dir.path().join("run"), dir.path().join("registry.csv"));
    run(&run_dir);
    fs::write(&registry, "CENTRO,MESA,EDO\n10101001,1,AMAZONAS\n10101001,2,AMAZONAS\n").unwrap();
    let mut command = cotejo();
    command.arg("tally").arg(&run_dir).args(["--level", "state", "--registry"]).arg(&registry);
    command.assert().code(0).stdout(contains("AMAZONAS").and(contains("missing")));
    let mut command = cotejo();
    command.arg("tally").arg(&run_dir).args(["--format", "svg"]);
    command.assert().code(0).stdout(predicates::str::starts_with("<svg"));
}

#[test]
fn a_signed_site_is_made_and_a_folder_with_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, site, key) = (dir.path().join("run"), dir.path().join("site"), dir.path().join("key"));
    run(&run_dir);
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    fs::write(&key, pair.sk.to_box(None).unwrap().into_string()).unwrap();
    let publish = |to: &Path| {
        let mut command = cotejo();
        command.arg("publish").arg(&run_dir).arg("-o").arg(to).arg("--sign").arg(&key);
        command
    };
    publish(&site).assert().code(0).stderr(contains(pair.pk.to_base64()));
    let manifest = fs::read(site.join("manifest.json")).unwrap();
    let signature = fs::read_to_string(site.join("manifest.json.minisig")).unwrap();
    let signature = minisign::SignatureBox::from_string(&signature).unwrap();
    let manifest = std::io::Cursor::new(manifest);
    minisign::verify(&pair.pk, &signature, manifest, true, false, false).unwrap();
    publish(&run_dir).assert().code(2).stderr(contains("no site of cotejo"));
    assert!(run_dir.join("records.jsonl").is_file());
}
