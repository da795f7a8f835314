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
fn a_table_by_names_is_verified_by_them_and_a_draft_is_never_written_over_a_crosswalk() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, table, names) =
        (dir.path().join("run"), dir.path().join("t.csv"), dir.path().join("names.toml"));
    run(&run_dir);
    let export = |layout: &str| {
        let mut command = cotejo();
        command.arg("export").arg(&run_dir).args(["--as", layout, "-o"]).arg(&table).assert().code(0);
    };
    let verify = |more: &[&str]| {
        let mut command = cotejo();
        command.arg("verify").arg(&run_dir).arg("--against").arg(&table).args(more).assert()
    };
    let names_at = names.to_str().unwrap();
    export("openelections");
    let agrees = contains("30 mesas agree").and(contains("without a counterpart").not());
    verify(&["--draft-crosswalk", names_at]).code(0).stdout(agrees);
    let text = fs::read_to_string(&table).unwrap().replace("EDMUNDO GONZALEZ", "Gonzalez");
    fs::write(&table, text).unwrap();
    verify(&["--draft-crosswalk", names_at]).code(2).stderr(contains("is there already"));
    verify(&[]).code(0).stdout(contains("30  choice President: Gonzalez (MUD)"));
    fs::write(&names, "[choices]\nGonzalez = \"EG\"\n").unwrap();
    verify(&["--crosswalk", names_at]).code(0).stdout(contains("without a counterpart").not());
    export("published");
    verify(&["--crosswalk", names_at]).code(2).stderr(contains("precinct, office, candidate and votes"));
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

/// Adds 500 votes to the first row of the record on a line, and nothing else.
fn edit(dir: &Path, line: usize) {
    let path = dir.join("records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let begin = "\"votes\":{\"value\":";
    let at = lines[line - 1].find(begin).unwrap() + begin.len();
    let rest = lines[line - 1].split_off(at);
    let (digits, after) = rest.split_at(rest.find(',').unwrap());
    let more = digits.parse::<u32>().unwrap() + 500;
    lines[line - 1] += &format!("{more}{after}");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn edited_results_pass_no_command_and_whoever_goes_on_with_them_marks_all_that_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, table, out) = (dir.path().join("run"), dir.path().join("t.csv"), dir.path().join("out"));
    run(&run_dir);
    cotejo().arg("export").arg(&run_dir).args(["--as", "published", "-o"]).arg(&table).assert().code(0);
    edit(&run_dir, 7);
    let run_dir = run_dir.to_str().unwrap();
    let to = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (site, sqlite, table) = (to("site"), to("r.sqlite"), table.to_str().unwrap());
    let commands: [&[&str]; 8] = [
        &["tally", run_dir],
        &["export", run_dir, "--as", "wide"],
        &["export", run_dir, "--as", "sqlite", "-o", &sqlite],
        &["verify", run_dir, "--against", table],
        &["publish", run_dir, "-o", &site],
        &["report", run_dir],
        &["review", run_dir, "--export"],
        &["review", run_dir, "--merge", "none.sqlite"],
    ];
    for args in commands {
        let refused = cotejo().args(args).assert().code(2);
        refused.stderr(contains("records.jsonl, line 7").and(contains("--edited")));
    }
    assert!(!Path::new(&site).exists() && !Path::new(&sqlite).exists());
    let marked = |args: &[&str]| {
        let done = cotejo().args(args).arg("--edited").assert().code(predicate::in_iter([0, 1]));
        let done = done.stderr(contains("EDITED").and(contains("line 7")));
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    assert!(marked(commands[0]).contains("EDITED: A record contradicts itself"));
    let csv = marked(&["tally", run_dir, "--format", "csv"]);
    assert!(csv.lines().next().unwrap().ends_with(",EDITED"), "{csv}");
    for layout in ["published", "wide", "openelections", "long"] {
        let csv = marked(&["export", run_dir, "--as", layout]);
        assert!(csv.lines().next().unwrap().ends_with(",EDITED"));
        assert!(csv.lines().nth(1).unwrap().ends_with("sum_edited file_edited"), "{csv}");
    }
    assert!(marked(&["export", run_dir, "--as", "nist"]).contains("\"Notes\":\"EDITED"));
    let parquet = to("r.parquet");
    marked(&["export", run_dir, "--as", "parquet", "-o", &parquet]);
    assert!(fs::read(parquet).unwrap().windows(10).any(|w| w == b"sum_edited"));
    marked(commands[2]);
    let db = rusqlite::Connection::open(&sqlite).unwrap();
    let said: i64 =
        db.query_row("SELECT count(*) FROM about WHERE what = 'edited'", [], |r| r.get(0)).unwrap();
    assert_eq!(said, 2);
    let verify = marked(&["verify", run_dir, "--against", table, "-o", out.to_str().unwrap()]);
    assert!(verify.contains("EDITED outside the program"));
    assert!(fs::read_to_string(out.join("verify.html")).unwrap().contains("changed outside the program"));
    marked(commands[4]);
    for page in ["index.html", "about.html"] {
        let html = fs::read_to_string(Path::new(&site).join(page)).unwrap();
        assert!(html.contains("were changed outside the program"), "{page}");
    }
    assert!(fs::read_to_string(Path::new(&site).join("manifest.json")).unwrap().contains("\"sum_edited\""));
    marked(commands[5]);
    let report = fs::read_to_string(Path::new(run_dir).join("report.html")).unwrap();
    assert!(report.contains("were changed outside the program") && report.contains("line 7"));
    // What a review wrote over it has its own hash, and stays marked.
    marked(commands[6]);
    let tally = cotejo().arg("tally").arg(run_dir).assert().code(0);
    tally.stdout(contains("EDITED")).stderr(contains("EDITED"));
}

#[test]
fn every_export_names_the_review_log_and_a_cut_one_stops_all_that_reads_the_run() {
    use cotejo::desk::review::log::Action;
    use cotejo::desk::review::{
        station::Station,
        talk::{Pass, Sent},
    };
    let dir = tempfile::tempdir().unwrap();
    let run_dir = dir.path().join("run");
    run(&run_dir);
    let forms = cotejo::form::builtin().unwrap();
    let mut station = Station::open(&run_dir, forms, "ana").unwrap();
    let sheet = cotejo::record::sheet_key(&station.machine().get(0).unwrap()).unwrap();
    for value in ["21", "22"] {
        let sent = Sent {
            sheet: sheet.clone(),
            field: "NM_PSUV".to_owned(),
            action: Action::Typed,
            value: Some(value.to_owned()),
            reason: String::new(),
            pass: Pass::First,
        };
        station.enter(&sent).unwrap();
    }
    station.write().unwrap();
    let head = station.log().head().to_owned();
    let first = station.log().entries()[0].hash.clone();
    drop(station);
    let log = format!("2 {head}");
    let site = dir.path().join("site");
    for layout in ["published", "wide", "openelections", "long"] {
        let export = cotejo().arg("export").arg(&run_dir).args(["--as", layout]).assert().code(0);
        export.stdout(contains(",LOG\n").and(contains(format!(",{log}\n"))));
    }
    let export = cotejo().arg("export").arg(&run_dir).args(["--as", "nist"]).assert().code(0);
    export.stdout(contains(format!("last hash {head}")));
    cotejo().arg("tally").arg(&run_dir).assert().code(0).stdout(contains(&head));
    cotejo().arg("publish").arg(&run_dir).arg("-o").arg(&site).assert().code(0);
    for file in ["manifest.json", "about.html"] {
        assert!(fs::read_to_string(site.join(file)).unwrap().contains(&head), "{file}");
    }
    let verify_log =
        |hash: &[&str]| cotejo().arg("review").arg(&run_dir).arg("--verify-log").args(hash).assert();
    verify_log(&[]).code(0).stdout(
        contains("holds the 2 entries that run.json names").and(contains("does not prove who made an entry")),
    );
    verify_log(&[&first]).code(0).stdout(contains("the hash of its entry 1"));
    verify_log(&["beef"]).code(1).stdout(contains("NO entry"));
    // The last entry goes, the chain holds.
    let db = rusqlite::Connection::open(run_dir.join("review.sqlite")).unwrap();
    db.execute_batch("DROP TRIGGER entries_remain; DELETE FROM entries WHERE n = 2").unwrap();
    drop(db);
    verify_log(&[&head]).code(1).stdout(contains("NOT the log of the run's files").and(contains("NO entry")));
    for command in ["tally", "report"] {
        let refused = cotejo().arg(command).arg(&run_dir).assert().code(2);
        refused.stderr(contains("does not hold the 2 decisions").and(contains("--edited")));
    }
    cotejo().args(["review", "--export"]).arg(&run_dir).assert().code(2).stderr(contains("2 decisions"));
    let tally = cotejo().args(["tally", "--edited"]).arg(&run_dir).assert().code(0);
    tally.stdout(contains("EDITED: Decisions are missing in the review log"));
}

#[test]
fn a_senseless_number_is_named_with_its_sheet() {
    let dir = tempfile::tempdir().unwrap();
    let (run_dir, table) = (dir.path().join("run"), dir.path().join("t.csv"));
    run(&run_dir);
    cotejo().arg("export").arg(&run_dir).args(["--as", "published", "-o"]).arg(&table).assert().code(0);
    let path = run_dir.join("records.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let code = text.lines().next().unwrap().split("\"code\":\"").nth(1).unwrap().split('"').next().unwrap();
    let begin = text.find("\"votes\":{\"value\":").unwrap() + 17;
    let end = begin + text[begin..].find(',').unwrap();
    fs::write(&path, format!("{}4294967295{}", &text[..begin], &text[end..])).unwrap();
    let verify = cotejo().arg("verify").arg(&run_dir).arg("--against").arg(&table).assert().code(2);
    verify.stderr(contains("records.jsonl, line 1").and(contains(code)).and(contains("4294967295")));
}
