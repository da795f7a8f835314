//! Pages of a report become one record of their sheet: made-up reports, drawn page by page.
//!
//! In: the definitions of variant A of the precinct report in `forms/`. Nothing of it stands in the program.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FORM: &str = "us-in-2024-precinct-a";

fn cotejo(arg: &str, forms: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
    command.arg(arg).env_remove("COTEJO_FORMS").arg("--forms").arg(forms);
    command
}

fn forms() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("forms")
}

/// The definitions of one variant alone, so that a page is looked for twice.
fn variant(dir: &Path) -> PathBuf {
    let out = dir.join("variant");
    fs::create_dir_all(&out).unwrap();
    for name in [FORM.to_owned(), format!("{FORM}-pages")] {
        fs::copy(forms().join(&name).with_extension("toml"), out.join(&name).with_extension("toml")).unwrap();
    }
    out
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Draws pages, and keeps what stands on each.
struct Printer {
    dir: PathBuf,
    truth: BTreeMap<PathBuf, Vec<u64>>,
}

impl Printer {
    /// A page of this precinct into `file`. The seed says what is voted on and how.
    fn page(&mut self, file: PathBuf, (number, name): (&str, &str), page: usize, seed: u64) {
        let of = format!("{}-{}", self.truth.len(), file.file_stem().unwrap().to_str().unwrap());
        let (forms, out) = (self.dir.join(format!("{of}-form")), self.dir.join(of));
        fs::create_dir_all(&forms).unwrap();
        let id = if page == 1 { FORM.to_owned() } else { format!("{FORM}-pages") };
        let form = fs::read_to_string(self::forms().join(&id).with_extension("toml")).unwrap();
        let says = [
            ("Precinct ID: {table}", format!("Precinct ID: {number}")),
            ("Precinct Name: {place}", format!("Precinct Name: {name}")),
            ("Page {page}", format!("Page {page} of 3")),
        ];
        let form = says.iter().fold(form, |form, (from, to)| {
            assert!(form.contains(from), "{from}");
            form.replace(from, to)
        });
        fs::write(forms.join("form.toml"), form).unwrap();
        let mut synth = cotejo("synth", &forms);
        synth
            .args(["-n", "1", "--form", &id, "--seed", &seed.to_string(), "-o"])
            .arg(&out)
            .assert()
            .success();
        let truth = lines(&out.join("truth.jsonl")).remove(0);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::rename(out.join(truth["file"].as_str().unwrap()), &file).unwrap();
        // What stands beside the results may stay open.
        let result = truth["ids"].as_array().unwrap().iter().map(|id| id != "registered");
        let fields = truth["fields"].as_array().unwrap().iter().map(|f| f["value"].as_u64().unwrap());
        self.truth.insert(file, fields.zip(result).filter(|f| f.1).map(|f| f.0).collect());
    }
}

/// A record's numbers, page by page: each contest's rows and then its totals, and of page 1 all together, in any order.
fn numbers(record: &Value) -> Vec<Vec<u64>> {
    let mut out = vec![Vec::new(); record["sources"].as_array().unwrap().len()];
    let mut add = |value: &Value| {
        out[value["source"].as_u64().unwrap_or(0) as usize].push(value["value"].as_u64().unwrap());
    };
    for contest in record["contests"].as_array().unwrap() {
        for choice in contest["choices"].as_array().unwrap() {
            add(&choice["votes"]);
            let ways = ["election_day", "absentee", "early_voting"].map(|way| &choice["values"][way]);
            ways.iter().filter(|way| way.is_object()).for_each(|way| add(way));
        }
        contest["totals"].as_object().unwrap().values().for_each(&mut add);
    }
    record["ballots"]["values"].as_object().unwrap().values().for_each(add);
    out
}

fn paths(record: &Value, dir: &Path) -> Vec<PathBuf> {
    let path = |s: &Value| dir.join(s["path"].as_str().unwrap());
    record["sources"].as_array().unwrap().iter().map(path).collect()
}

fn codes(record: &Value) -> Vec<&str> {
    record["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

/// Runs into a folder of its own; its records.
fn ran(sheets: &Path, forms: &Path, out: &Path, more: &[&str]) -> Vec<Value> {
    let mut run = cotejo("run", forms);
    let ran = run.arg(sheets).arg("-o").arg(out).args(more).output().unwrap();
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{ran:?}");
    lines(&out.join("records.jsonl"))
}

#[test]
fn the_pages_of_a_precinct_make_one_record_and_those_of_two_never_mix() {
    let dir = tempfile::tempdir().unwrap();
    let (sheets, forms) = (dir.path().join("sheets"), variant(dir.path()));
    let mut printer = Printer { dir: dir.path().join("drawn"), truth: BTreeMap::new() };
    let (one, two) = (("07", "BRACKBY"), ("08", "DUNFORD"));
    // Two precincts that vote on the same, their pages in no order.
    let shuffled = [(two, 3, "a"), (one, 2, "b"), (two, 1, "c"), (one, 1, "d"), (two, 2, "e"), (one, 3, "f")];
    for (precinct, page, file) in shuffled {
        printer.page(sheets.join(file).with_extension("jpg"), precinct, page, 40 + page as u64);
    }
    let run = dir.path().join("run");
    let records = ran(&sheets, &forms, &run, &["--evidence", "-j", "2"]);
    assert_eq!(records.len(), 6, "no page is missing");
    let whole: Vec<&Value> = records.iter().filter(|r| r["part_of"].is_null()).collect();
    let names = |files: [&str; 3]| files.map(|f| sheets.join(f).with_extension("jpg")).to_vec();
    let made: Vec<Vec<PathBuf>> = whole.iter().map(|r| paths(r, &sheets)).collect();
    assert_eq!(made, [names(["c", "e", "a"]), names(["d", "b", "f"])]);
    for (record, precinct) in whole.iter().zip([two, one]) {
        assert_eq!(record["sheet"]["identity"]["pages"]["value"], "3 of 3");
        assert_eq!(record["sheet"]["identity"]["precinct"]["value"], precinct.1);
        assert_eq!(record["sheet"]["table"], json!(precinct.0.parse::<u64>().unwrap()));
        assert!(!codes(record).iter().any(|c| c.starts_with("page")), "{:?}", codes(record));
        let printed: Vec<&Vec<u64>> = paths(record, &sheets).iter().map(|p| &printer.truth[p]).collect();
        let read = numbers(record);
        assert_eq!([&read[1], &read[2]], [printed[1], printed[2]]);
        let sorted = |of: &[u64]| {
            let mut of = of.to_vec();
            of.sort_unstable();
            of
        };
        assert_eq!(sorted(&read[0]), sorted(printed[0]));
        let ids: Vec<&Value> = record["contests"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
        assert!(ids.iter().enumerate().all(|(k, id)| !ids[..k].contains(id)), "{ids:?}");
        assert_eq!(ids[..4], ["amendment", "president", "senator", "governor"].map(Value::from).each_ref());
        assert_eq!(record["form"]["pages"].as_array().unwrap().len(), 2);
    }
    // The same bytes from what was measured, from one thread, and from a run that is gone on with.
    let bytes = fs::read(run.join("records.jsonl")).unwrap();
    let again = dir.path().join("again");
    let decided = cotejo("decide", &forms).arg(&run).arg("-o").arg(&again).output().unwrap();
    assert!(matches!(decided.status.code(), Some(0 | 1)), "{decided:?}");
    assert!(fs::read(again.join("records.jsonl")).unwrap() == bytes, "decided again");
    let single = dir.path().join("single");
    ran(&sheets, &forms, &single, &["-j", "1"]);
    assert!(fs::read(single.join("records.jsonl")).unwrap() == bytes, "one thread");
    printer.page(sheets.join("g.jpg"), ("09", "BRACKFORD"), 2, 42);
    for folder in [&single, &run] {
        let records = ran(&sheets, &forms, folder, &["--resume"]);
        assert!(records.len() == 7 && codes(&records[6]).contains(&"pages_missing"));
    }
    assert!(fs::read(single.join("records.jsonl")).unwrap() == fs::read(run.join("records.jsonl")).unwrap());
    // What is published of it is of one precinct a row.
    let table = dir.path().join("table.csv");
    let mut export = cotejo("export", &forms);
    export.arg(&single).args(["--as", "openelections", "-o"]).arg(&table).assert().success();
    let table = fs::read_to_string(table).unwrap();
    let of = |name: &str| table.lines().filter(|l| l.contains(name)).count();
    assert!(of("BRACKBY") > 15 && of("BRACKBY") == of("DUNFORD"), "{table}");
}

#[test]
fn a_page_that_is_missing_or_twice_holds_the_sheet_and_not_its_contests() {
    let dir = tempfile::tempdir().unwrap();
    let (sheets, forms) = (dir.path().join("sheets"), variant(dir.path()));
    let mut printer = Printer { dir: dir.path().join("drawn"), truth: BTreeMap::new() };
    let mut page = |folder: &str, file: &str, page, seed| {
        printer.page(sheets.join(folder).join(file), ("07", "BRACKBY"), page, seed);
    };
    page("missing", "1.jpg", 1, 41);
    page("missing", "3.jpg", 3, 43);
    // Of other seeds: the same bytes are a copy of the file.
    for (folder, seed) in [("twice", 50), ("differ", 60)] {
        (1..=3).for_each(|p| page(folder, &format!("{p}.jpg"), p, seed + p as u64));
    }
    // The same page photographed again, and another one that says that it is this one.
    let copy = image::open(sheets.join("twice/2.jpg")).unwrap().into_luma8();
    copy.save(sheets.join("twice/2-again.jpg")).unwrap();
    page("differ", "2-too.jpg", 2, 72);
    let records = ran(&sheets, &forms, &dir.path().join("run"), &[]);
    let of = |folder: &str| -> Vec<&Value> {
        let here = |r: &&Value| r["sources"][0]["path"].as_str().unwrap().contains(&format!("{folder}/"));
        records.iter().filter(|r| r["part_of"].is_null()).filter(here).collect()
    };
    let counted = |record: &Value| {
        let contests = record["contests"].as_array().unwrap();
        let ties = contests.iter().filter(|c| !c["totals"].as_object().unwrap().is_empty());
        ties.map(|c| c["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let [missing] = of("missing")[..] else { panic!("{:?}", of("missing").len()) };
    let finding = |record: &Value, code: &str| {
        record["findings"].as_array().unwrap().iter().find(|f| f["code"] == code).cloned().unwrap()
    };
    let told = finding(missing, "pages_missing");
    assert_eq!((&told["args"]["missing"], &told["args"]["of"]), (&json!(["2"]), &json!(3)));
    assert_eq!(
        (&missing["status"], &missing["sheet"]["identity"]["pages"]["value"]),
        (&json!("review"), &json!("2 of 3"))
    );
    let [twice] = of("twice")[..] else { panic!("{:?}", of("twice").len()) };
    assert_eq!(finding(twice, "page_twice")["args"]["page"], 2);
    assert_eq!((&twice["status"], twice["sources"].as_array().unwrap().len()), (&json!("review"), 4));
    for record in [missing, twice] {
        let states = counted(record);
        // Those of page 1 are held for themselves: made-up sheets have more votes than voters.
        assert!(states.len() > 8 && states[4..].iter().all(|s| s == "accepted"), "{states:?}");
    }
    let differ = of("differ");
    assert_eq!(differ.len(), 3);
    assert_eq!(finding(differ[0], "pages_missing")["args"]["missing"], json!(["2"]));
    for record in &differ[1..] {
        finding(record, "pages_differ");
        assert!(counted(record).iter().all(|s| s == "review"), "which of them is the sheet's is not known");
    }
}
