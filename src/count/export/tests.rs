//! Exports keep what they are made of.

use super::*;
use crate::count::tally::frame::Cell;
use crate::form::{Form, builtin};
use crate::lab::synth::records::Country;
use crate::record::Record;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

fn run(tables: usize) -> (Vec<Form>, Vec<Record>, Base) {
    let forms = builtin().unwrap();
    let records: Vec<Record> = Country::new(&forms[0], tables, 21).collect();
    let base = Base::of(&records, &forms, None).unwrap();
    (forms, records, base)
}

fn csv(table: Asked<'_>) -> String {
    let mut bytes = Vec::new();
    table.csv(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn written(base: &Base, map: &ColumnMap, head: &NistHead) -> Result<serde_json::Value, TallyError> {
    let mut out = Vec::new();
    nist(base, map, head, &mut out)?;
    Ok(serde_json::from_slice(&out).unwrap())
}

fn map() -> ColumnMap {
    ColumnMap::of(&builtin().unwrap()[0])
}

#[test]
fn the_published_layout_has_its_columns_and_keeps_leading_zeros() {
    let (forms, mut records, _) = run(3);
    records[0].sheet.centre = Some("010203004".to_owned());
    let base = Base::of(&records, &forms, None).unwrap();
    let csv = csv(published(&base, &map()).unwrap());
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "COD_EDO,EDO,COD_MUN,MUN,COD_PAR,PAR,CENTRO,MESA,RE,VOTOS_VALIDOS,VOTOS_NULOS,\
         EG,NM,LM,JABE,JOBR,AE,CF,DC,EM,BERA,URL"
    );
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!((row[0], row[2], row[4], row[6], row[7]), ("01", "02", "03", "010203004", "1"));
    let eg = records[0].candidate("EG").unwrap().to_string();
    assert_eq!(row[11], eg);
}

#[test]
fn the_wide_table_has_every_number_of_a_sheet_once() {
    let (_, records, base) = run(5);
    let frame = wide(&base, &map()).unwrap().frame().unwrap();
    let names: Vec<&str> = frame.columns.iter().map(|c| c.name.as_str()).collect();
    assert!(names.contains(&"NM_PSUV") && names.contains(&"EG_MUD"), "{names:?}");
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
    let record = &records[0];
    let row = &frame.rows[0];
    for vote in record.choices() {
        let at = names.iter().position(|n| *n == column_name(&vote.id)).unwrap();
        assert_eq!(row[at], Cell::Integer(vote.votes.value.unwrap().into()), "{}", vote.id);
    }
    for (id, value) in record.totals() {
        let column =
            map().figures.iter().find(|f| f.item == id).map_or(id.to_uppercase(), |f| f.column.clone());
        let at = names.iter().position(|n| *n == column).unwrap();
        assert_eq!(row[at], Cell::Integer(value.value.unwrap().into()), "{id}");
    }
}

#[test]
fn the_long_table_has_one_row_a_figure() {
    let (_, records, base) = run(4);
    let frame = long(&base, &map()).unwrap().frame().unwrap();
    assert_eq!(frame.rows.len(), 4 * (38 + 3));
    let sum: i64 = frame
        .rows
        .iter()
        .filter(|r| r[2] == Cell::Text("President".to_owned()))
        .map(|r| if let Cell::Integer(n) = r[6] { n } else { panic!("{:?}", r[6]) })
        .sum();
    let truth: u32 = records.iter().map(|r| r.value("votos_validos").unwrap().value.unwrap()).sum();
    assert_eq!(sum, i64::from(truth));
}

#[test]
fn parquet_is_read_back_cell_by_cell_with_nulls() {
    let (forms, mut records, _) = run(3);
    records[1].contests[0].choices[2].votes.value = None;
    let base = Base::of(&records, &forms, None).unwrap();
    let frame = wide(&base, &map()).unwrap().frame().unwrap();
    let mut bytes = Vec::new();
    wide(&base, &map()).unwrap().parquet(&mut bytes).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    let mut nulls = 0;
    for (row, cells) in reader.get_row_iter(None).unwrap().zip(&frame.rows) {
        for ((_, field), cell) in row.unwrap().get_column_iter().zip(cells) {
            let back = match field {
                Field::Null => Cell::Empty,
                Field::Str(t) => Cell::Text(t.clone()),
                Field::Long(n) => Cell::Integer(*n),
                Field::Double(x) => Cell::Real(*x),
                other => panic!("{other:?}"),
            };
            nulls += usize::from(back == Cell::Empty);
            assert_eq!(&back, cell);
        }
    }
    // The row that could not be read, and with it the candidate's sum.
    assert!(nulls >= 2, "{nulls}");
}

#[test]
fn nist_names_every_area_once_and_every_reference_leads_somewhere() {
    let (_, records, base) = run(60);
    let head = NistHead { issuer: "A & B".to_owned(), generated: "2024-07-29T00:00:00Z".to_owned() };
    let report = written(&base, &map(), &head).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    collect_ids(&report, &mut ids);
    let mut checked = 0;
    check_references(&report, &ids, &mut checked);
    assert!(checked > 600, "{checked}");
    let selections = report.pointer("/Election/0/Contest/0/ContestSelection").unwrap().as_array().unwrap();
    let votes = |s: &serde_json::Value| {
        s["VoteCounts"].as_array().unwrap().iter().map(|c| c["Count"].as_u64().unwrap()).sum::<u64>()
    };
    let sum: u64 = selections.iter().map(votes).sum();
    let truth: u32 = records.iter().map(|r| r.value("votos_validos").unwrap().value.unwrap()).sum();
    assert_eq!(sum, u64::from(truth));
    assert_eq!(report["Status"], "unofficial-partial");
    // Nothing that is printed can stand in the place of a list.
    let head = NistHead { issuer: "\u{1}0".to_owned(), ..head };
    let lists = |r: &serde_json::Value| r["GpUnit"].as_array().map(Vec::len);
    assert_eq!(written(&base, &map(), &head).ok().and_then(|r| lists(&r)), None);
}

fn collect_ids(value: &serde_json::Value, ids: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            if let Some(id) = map.get("@id").and_then(|v| v.as_str()) {
                assert!(ids.insert(id.to_owned()), "{id} stands twice");
            }
            map.values().for_each(|v| collect_ids(v, ids));
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| collect_ids(v, ids)),
        _ => {}
    }
}

fn check_references(
    value: &serde_json::Value,
    ids: &std::collections::BTreeSet<String>,
    checked: &mut usize,
) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, v) in map {
                let reference = key.ends_with("Id") && key != "VendorApplicationId";
                if let (true, Some(id)) = (reference, v.as_str()) {
                    assert!(ids.contains(id), "{key}: {id}");
                    *checked += 1;
                }
                if let (true, Some(list)) = (key.ends_with("Ids"), v.as_array()) {
                    assert!(list.iter().all(|id| ids.contains(id.as_str().unwrap())), "{key}");
                    *checked += list.len();
                }
                check_references(v, ids, checked);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|v| check_references(v, ids, checked)),
        _ => {}
    }
}

#[test]
fn the_sqlite_file_opens_and_holds_every_sheet_with_its_standing() {
    let (forms, mut records, _) = run(5);
    records[4].stand_at(crate::decide::Status::Review);
    let base = Base::of(&records, &forms, None).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.sqlite");
    base.save_over(&path).unwrap();
    base.save_over(&path).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let count = |sql: &str| db.query_row(sql, [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM sheet"), 5);
    assert_eq!(count("SELECT count(*) FROM unit WHERE standing = 'counted'"), 4);
    assert_eq!(count("SELECT count(*) FROM number"), 5 * 49);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_formula_in_a_name_is_made_inert() {
    let (forms, mut records, _) = run(1);
    records[0].place.insert("state".to_owned(), Some("=1+1".to_owned()));
    let base = Base::of(&records, &forms, None).unwrap();
    let csv = csv(published(&base, &map()).unwrap());
    assert!(csv.contains(",'=1+1,"), "{csv}");
}

#[test]
fn the_documentation_names_every_column() {
    let forms = builtin().unwrap();
    let text = describe(&empty(&forms).unwrap(), &map()).unwrap();
    let page = include_str!("../../../docs/exports.md");
    assert_eq!(page, text, "renew it: cotejo export --describe > docs/exports.md");
    let (_, _, base) = run(2);
    let (map, base) = (map(), &base);
    for frame in [published(base, &map), wide(base, &map), openelections(base, &map), long(base, &map)] {
        for column in frame.unwrap().columns {
            assert!(page.contains(&format!("| {} |", column.name)), "{}", column.name);
            assert!(!column.about.is_empty());
            assert_ne!((column.name.as_str(), column.kind), ("CENTRO", Kind::Integer));
        }
    }
}

/// A precinct report of two contests, of a form that is not known, whose rows have their votes by the way they were given.
#[test]
fn votes_by_the_way_they_were_given_stand_beside_their_total_and_are_added_up() {
    let record: Record =
        serde_json::from_str(include_str!("../../../tests/data/record-2/precinct.json")).unwrap();
    let mut other = record.clone();
    other.sheet.table = Some(2);
    let base = Base::of(&[record.clone(), other], &[], None).unwrap();
    let sums = crate::count::tally::tally(&base, 0, By::Party, "").unwrap();
    let sum = |id: &str| {
        let at = sums.items.iter().position(|i| i.id == id).unwrap();
        (sums.items[at].kind, sums.lines[0].figures[at].votes)
    };
    assert_eq!(sum("TRUMP_VANCE_R"), ("party", Some(2 * 287)));
    assert_eq!(sum("TRUMP_VANCE_R_absentee"), ("value", Some(2 * 16)));
    assert_eq!(sum("president_votes"), ("total", Some(2 * 413)));
    let by = crate::count::tally::tally(&base, 0, By::Candidate, "").unwrap();
    assert!(by.items.iter().all(|i| i.kind != "value"));

    let csv = csv(long(&base, &ColumnMap::default()).unwrap());
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2 * 7);
    let cells = |row: usize| {
        ["office", "party", "candidate", "votes", "election_day", "absentee", "walk_in"]
            .map(|c| rows[row][c].as_str())
    };
    assert_eq!(cells(1), ["Public Question-Const Amendment", "", "NO", "161", "102", "8", "51"]);
    let president = "President and Vice-President of the U.S.";
    assert_eq!(cells(9), [president, "R", "TRUMP_VANCE", "287", "205", "16", "66"]);
    let names: Vec<String> =
        wide(&base, &ColumnMap::default()).unwrap().columns.into_iter().map(|c| c.name).collect();
    assert!(names.contains(&"KENNEDY_SHANAHAN_WTP_walk_in".to_owned()), "{names:?}");

    let head = NistHead { issuer: "A".to_owned(), generated: "2024-11-06T00:00:00Z".to_owned() };
    let without_a_day = written(&base, &ColumnMap::default(), &head).unwrap_err().to_string();
    assert!(without_a_day.contains("issued ="), "{without_a_day}");
    let base = Base::of(&[record], &builtin().unwrap(), None).unwrap();
    let report = written(&base, &ColumnMap::default(), &head).unwrap();
    let contests = report.pointer("/Election/0/Contest").unwrap().as_array().unwrap();
    let choices: Vec<usize> =
        contests.iter().map(|c| c["ContestSelection"].as_array().unwrap().len()).collect();
    assert_eq!((choices, contests[1]["Name"].as_str()), (vec![2, 5], Some(president)));
}
