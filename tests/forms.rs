//! A form is data: a sheet of a country that does not exist, from its TOML alone, to sums and exports.
//!
//! In: `tests/data/northmark.toml`. Nothing of it stands in the program: levels, columns and names are its own, it
//! prints no words, and its code has another shape. What comes out says nothing of the form that the program carries.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FORM: &str = "northmark-2031-assembly";
/// What no file of that election may hold, whatever the case.
const FOREIGN: [&str; 14] = [
    "estado",
    "edo.",
    "cod_",
    "municipio",
    "parroquia",
    "centro",
    "mesa",
    "maduro",
    "venez",
    "electores",
    "votos",
    "presiden",
    "acta-",
    "muestra",
];

fn cotejo() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cotejo"))
}

type Row = BTreeMap<String, String>;

/// The rows of a table by a column.
fn table(path: &Path, key: &str) -> BTreeMap<String, Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.deserialize::<Row>().map(Result::unwrap);
    rows.map(|row| (row[key].clone(), row)).collect()
}

fn number(row: &Row, column: &str) -> u32 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

/// `cotejo NAME DIR … --forms FORMS`, to a file.
fn write(name: &[&str], dir: &Path, forms: &Path, to: &Path) {
    let (command, rest) = name.split_first().unwrap();
    cotejo().arg(command).arg(dir).args(rest).arg("--forms").arg(forms).arg("-o").arg(to).assert().success();
}

/// What the sheets say, row by row, and where they are from.
fn truth(sheets: &Path) -> BTreeMap<String, (String, u32, Row)> {
    let sums = table(&sheets.join("truth.csv"), "file");
    let text = fs::read_to_string(sheets.join("truth.jsonl")).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap());
    let entry = |line: Value| {
        let text = |id: &str| line[id].as_str().unwrap().to_owned();
        let sums = sums[&text("file")].clone();
        (text("file"), (text("centre"), text("table").parse().unwrap(), sums))
    };
    lines.map(entry).collect()
}

#[test]
fn a_made_up_form_of_an_invented_country_is_digitized_added_up_and_exported_from_its_toml_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (forms, sheets, out) = (dir.path().join("forms"), dir.path().join("sheets"), dir.path().join("out"));
    fs::create_dir(&forms).unwrap();
    let toml = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northmark.toml");
    fs::copy(toml, forms.join("northmark.toml")).unwrap();
    let with_form = |command: &str| {
        let mut all = cotejo();
        all.arg(command).arg("--forms").arg(&forms).args(["--form", FORM]);
        all
    };
    with_form("synth").args(["-n", "2", "--seed", "11", "-o"]).arg(&sheets).assert().success();
    with_form("run").arg(&sheets).arg("-o").arg(&out).assert().success();

    // Every number, and where each sheet is from.
    let (truth, read) = (truth(&sheets), table(&out.join("records.csv"), "path"));
    assert_eq!(truth.len(), 2);
    let candidates = ["HAL", "OAK", "PYE", "RUN"];
    for (file, (station, booth, said)) in &truth {
        let row = read.iter().find(|(path, _)| path.ends_with(file.as_str())).unwrap().1;
        assert_eq!((&row["STATION"], number(row, "BOOTH")), (station, *booth), "{file}");
        assert_eq!(row["PROVINCE_CODE"], station[..2]);
        assert_eq!(number(row, "ROLL"), number(said, "roll"), "{file}");
        assert_eq!(number(row, "VALID"), number(said, "valid"), "{file}");
        for id in candidates {
            assert_eq!(number(row, id), number(said, id), "{file}: {id}");
        }
    }

    // The sums by the form's levels.
    let sum = |id: &str| truth.values().map(|(_, _, said)| number(said, id)).sum::<u32>();
    for (level, places) in [("realm", 1), ("province", 2), ("station", 2), ("booth", 2)] {
        let to = dir.path().join(format!("out/tally-{level}.csv"));
        write(&["tally", "--level", level, "--format", "csv"], &out, &forms, &to);
        let mut reader = csv::Reader::from_path(&to).unwrap();
        let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
        assert!(rows.iter().all(|r| r["LEVEL"] == level));
        for id in candidates.into_iter().chain(["valid"]) {
            let votes: Vec<u32> =
                rows.iter().filter(|r| r["ITEM"] == id).map(|r| number(r, "VOTES")).collect();
            assert_eq!((votes.len(), votes.iter().sum()), (places, sum(id)), "{level} {id}");
        }
        let to = dir.path().join(format!("out/tally-{level}.txt"));
        write(&["tally", "--level", level], &out, &forms, &to);
    }
    let no_such = ["tally", "--level", "state", "--forms"];
    let refused = cotejo().args(no_such).arg(&forms).arg(&out).assert().failure();
    refused.stderr(contains("realm, province, station, booth"));

    // Every layout, under the form's names.
    for layout in ["published", "wide", "long", "nist", "parquet", "sqlite"] {
        let to = out.join(format!("export.{layout}"));
        write(&["export", "--as", layout], &out, &forms, &to);
    }
    let published = fs::read_to_string(out.join("export.published")).unwrap();
    assert!(
        published.starts_with("PROVINCE_CODE,PROVINCE,STATION,BOOTH,HAL,OAK,PYE,RUN,URL\n"),
        "{published}"
    );
    let nist: Value = serde_json::from_slice(&fs::read(out.join("export.nist")).unwrap()).unwrap();
    let units: Vec<&str> =
        nist["GpUnit"].as_array().unwrap().iter().map(|u| u["@id"].as_str().unwrap()).collect();
    assert!(units.contains(&"realm") && units.iter().any(|u| u.starts_with("booth-")), "{units:?}");
    let base = rusqlite::Connection::open(out.join("export.sqlite")).unwrap();
    let counted = "SELECT count(*) FROM booth WHERE standing = 'counted' AND booth > 0";
    assert_eq!(base.query_row(counted, [], |r| r.get::<_, u32>(0)).unwrap(), 2);
    let against = cotejo()
        .arg("verify")
        .arg(&out)
        .arg("--forms")
        .arg(&forms)
        .arg("--against")
        .arg(out.join("export.published"))
        .assert();
    against.success().stdout(contains("2 booths agree"));

    // The report alone speaks Spanish too: its own words, not the form's. `municipality` is a key of records.
    for entry in fs::read_dir(&out).unwrap().map(Result::unwrap).filter(|e| e.file_name() != "report.html") {
        let Ok(bytes) = fs::read(entry.path()) else { continue };
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for word in FOREIGN {
            assert!(!text.contains(word), "{} holds {word:?}", entry.path().display());
        }
    }
}
