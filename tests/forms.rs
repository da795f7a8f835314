//! A form is data: a sheet of a country that does not exist, from its TOML alone, to sums, exports and a site.
//!
//! In: `tests/data/northmark.toml`. Nothing of it stands in the program: levels, contests, columns and names are its own,
//! it prints no words, and its code has another shape. What comes out says nothing of the form that the program carries.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use assert_cmd::Command;
use predicates::str::contains;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const FORM: &str = "northmark-2031-assembly";
/// What no file of that election may hold, nor any file's path, whatever the case.
const FOREIGN: [&str; 20] = [
    "acta",
    "c\u{e9}dula",
    "centro",
    "cod_",
    "edo.",
    "electores",
    "estado",
    "maduro",
    "mesa",
    "mp.",
    "muestra sin",
    "municip",
    "parish",
    "parroquia",
    "pq.",
    "presiden",
    "province",
    "venez",
    "votantes",
    "votos",
];
/// Plain Spanish, which pages for people may speak.
const SPANISH: [&str; 2] = ["estado", "votos"];

fn cotejo() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cotejo"))
}

type Row = BTreeMap<String, String>;

const CANDIDATES: [&str; 4] = ["HAL", "OAK", "PYE", "RUN"];

/// The rows of a table.
fn table_rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The rows of a table by a column.
fn table(path: &Path, key: &str) -> BTreeMap<String, Row> {
    table_rows(path).into_iter().map(|row| (row[key].clone(), row)).collect()
}

/// A page without the pictures that stand in it.
fn without_pictures(page: &str) -> String {
    let mut parts = page.split(";base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=".contains(c))
    })
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
    let totals = [("ASSEMBLY_VOTES", "assembly_votes"), ("SPOILT", "spoilt"), ("ROLL", "roll")];
    for (file, (station, booth, said)) in &truth {
        let row = read.iter().find(|(path, _)| path.ends_with(file.as_str())).unwrap().1;
        assert_eq!((&row["STATION"], number(row, "BOOTH")), (station, *booth), "{file}");
        for (column, id) in totals.into_iter().chain(CANDIDATES.map(|c| (c, c))) {
            assert_eq!(number(row, column), number(said, id), "{file}: {id}");
        }
    }
    let records = fs::read_to_string(out.join("records.jsonl")).unwrap();
    for record in records.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()) {
        let contests = record["contests"].as_array().unwrap().iter();
        let said: Vec<(&str, &str)> =
            contests.map(|c| (c["id"].as_str().unwrap(), c["state"].as_str().unwrap())).collect();
        assert_eq!(said, [("assembly", "accepted"), ("council", "accepted")]);
        let place: Vec<&String> = record["place"].as_object().unwrap().keys().collect();
        assert_eq!(place, ["realm", "station", "ward"]);
        let digits = record["sheet"]["centre"].as_str().unwrap().len();
        assert_eq!((digits, record["place"]["realm"].as_str()), (5, Some("NORTHMARK")));
    }

    // The sums by the form's levels.
    let sum = |id: &str| truth.values().map(|(_, _, said)| number(said, id)).sum::<u32>();
    for (level, places) in [("realm", 1), ("station", 2), ("booth", 2)] {
        let to = out.join(format!("tally-{level}.csv"));
        write(&["tally", "--level", level, "--format", "csv"], &out, &forms, &to);
        let rows = table_rows(&to);
        assert!(rows.iter().all(|r| r["LEVEL"] == level));
        for id in CANDIDATES.into_iter().chain(["assembly_votes"]) {
            let votes: Vec<u32> =
                rows.iter().filter(|r| r["ITEM"] == id).map(|r| number(r, "VOTES")).collect();
            assert_eq!((votes.len(), votes.iter().sum()), (places, sum(id)), "{level} {id}");
        }
        for format in ["text", "json"] {
            let to = out.join(format!("tally-{level}.{format}"));
            write(&["tally", "--level", level, "--format", format], &out, &forms, &to);
        }
    }
    let no_such = ["tally", "--level", "state", "--forms"];
    let refused = cotejo().args(no_such).arg(&forms).arg(&out).assert().failure();
    refused.stderr(contains("realm, station, booth"));

    // A registry under the form's words: a booth of it has no sheet.
    let (station, booth, said) = truth.values().next().unwrap();
    let registry = dir.path().join("registry.csv");
    let rows = format!("{station},{booth},{},EAST\n{station},999,500,EAST\n", number(said, "roll"));
    fs::write(&registry, format!("Station,Booth,Roll,Ward\n{rows}")).unwrap();
    let listed = registry.to_str().unwrap();
    let to = out.join("tally-listed.json");
    write(&["tally", "--level", "booth", "--format", "json", "--registry", listed], &out, &forms, &to);
    let tally: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
    let missing = tally["lines"].as_array().unwrap().iter().filter(|l| l["coverage"]["missing"] == 1);
    assert_eq!(missing.map(|l| l["code"].clone()).collect::<Vec<_>>(), [format!("{station}.999").as_str()]);

    // Every layout, under the form's names.
    for layout in ["published", "wide", "openelections", "long", "nist", "parquet", "sqlite"] {
        let to = out.join(format!("export.{layout}"));
        write(&["export", "--as", layout], &out, &forms, &to);
    }
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let published = text("export.published");
    assert!(published.starts_with("STATION,BOOTH,HAL,OAK,PYE,RUN,URL\n"), "{published}");
    let long = table_rows(&out.join("export.long"));
    let offices: BTreeSet<&str> = long.iter().map(|r| r["office"].as_str()).collect();
    let named =
        ["Assembly of the Realm", "Ballots Cast", "Council of the March", "Null Votes", "Registered Voters"];
    assert_eq!(offices.into_iter().collect::<Vec<_>>(), named);
    let nist: Value = serde_json::from_str(&text("export.nist")).unwrap();
    let units: Vec<&str> =
        nist["GpUnit"].as_array().unwrap().iter().map(|u| u["@id"].as_str().unwrap()).collect();
    assert!(units.contains(&"realm") && units.iter().any(|u| u.starts_with("booth-")), "{units:?}");
    let contests = nist.pointer("/Election/0/Contest").unwrap().as_array().unwrap();
    assert_eq!(
        contests.iter().map(|c| c["@id"].as_str().unwrap()).collect::<Vec<_>>(),
        ["contest-assembly", "contest-council"]
    );
    let base = rusqlite::Connection::open(out.join("export.sqlite")).unwrap();
    let asked = |sql: &str| -> Vec<String> {
        let mut statement = base.prepare(sql).unwrap();
        statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(asked("SELECT id FROM level ORDER BY level"), ["realm", "station", "booth"]);
    assert_eq!(asked("SELECT DISTINCT place FROM sheet_name ORDER BY place"), ["realm", "station", "ward"]);
    let codes: Vec<String> =
        truth.values().map(|(station, booth, _)| format!("{station}.{booth:03}")).collect();
    let counted = asked("SELECT code FROM unit WHERE standing = 'counted' ORDER BY code");
    assert_eq!(counted.into_iter().collect::<BTreeSet<_>>(), codes.into_iter().collect());
    let schema = asked("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").join("\n");
    fs::write(out.join("schema.sql"), schema).unwrap();

    // Held against what it exported itself, and against another table.
    let verify = |against: &Path| {
        let mut all = cotejo();
        all.arg("verify").arg(&out).arg("--forms").arg(&forms).arg("--against").arg(against);
        all
    };
    verify(&out.join("export.published")).assert().success().stdout(contains("2 booths agree"));
    let other = out.join("other.csv");
    fs::write(&other, format!("STATION,BOOTH,HAL\n{station},{booth},{}\n", number(said, "HAL") + 1)).unwrap();
    verify(&other).arg("-o").arg(out.join("verify")).assert().code(1).stdout(contains("1 booths differ"));
    let verified: Value = serde_json::from_str(&text("verify/verify.json")).unwrap();
    assert_eq!(verified["differ"][0]["table"], *booth);

    // The site: a page a place, by the form's levels.
    let site = out.join("site");
    cotejo().arg("publish").arg(&out).arg("--forms").arg(&forms).arg("-o").arg(&site).assert().success();
    let folder = &station[..station.len() - 3];
    let page = text(&format!("site/place/station/{folder}/{station}.html"));
    assert!(page.contains(&format!("id=\"t{booth}\"")) && page.contains("Booth"), "{page}");
    let front = text("site/index.html");
    assert!(front.contains("data-centre=\"5\" data-table=\"3\" data-es=\"colegios\""), "{front}");
    let manifest: Value = serde_json::from_str(&text("site/manifest.json")).unwrap();
    assert!(manifest["originals"].as_array().unwrap().iter().all(|o| o["table"].is_u64()));
    assert!(site.join("data/tally-station.csv").is_file());

    let (mut looked, mut foreign) = (0, Vec::new());
    for entry in walkdir::WalkDir::new(&out).into_iter().map(Result::unwrap) {
        let path = entry.path().strip_prefix(&out).unwrap().to_string_lossy().to_lowercase();
        let bytes = if entry.file_type().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        // Pixels spell anything.
        let text = match image::guess_format(&bytes) {
            Ok(_) => String::new(),
            Err(_) => without_pictures(&String::from_utf8_lossy(&bytes).to_lowercase()),
        };
        looked += usize::from(!text.is_empty());
        for word in FOREIGN.into_iter().filter(|w| !path.ends_with(".html") || !SPANISH.contains(w)) {
            if let Some(at) = text.find(word).or(path.find(word)) {
                let from = text.floor_char_boundary(at.saturating_sub(60));
                foreign.push((path.clone(), word, text.get(from..at).unwrap_or_default().to_owned()));
            }
        }
    }
    assert!(foreign.is_empty(), "{foreign:#?}");
    assert!(looked > 30, "{looked} files");
}
