//! Planted differences are found, and nothing else.

use super::table::ResultsTable;
use super::*;
use crate::count::export;
use crate::count::tally::Base;
use crate::count::tally::columns::ColumnMap;
use crate::decide::Status;
use crate::form::builtin;
use crate::lab::synth::records::Country;

/// The published table of a made-up country, as text.
fn published(mesas: usize) -> (Base, String) {
    let forms = builtin().unwrap();
    let mut loader = crate::count::tally::Loader::new(&forms).unwrap();
    for record in Country::new(&forms[0], mesas, 11) {
        loader.add(&record).unwrap();
    }
    let base = loader.settle(None).unwrap();
    let csv = export::published(&base, &ColumnMap::of(&builtin().unwrap()[0])).unwrap().to_csv().unwrap();
    (base, String::from_utf8(csv).unwrap())
}

fn side(csv: &str, name: &str) -> Side {
    let table = ResultsTable::parse(csv.as_bytes(), name, &ColumnMap::of(&builtin().unwrap()[0])).unwrap();
    assert!(table.problems.is_empty(), "{:?}", table.problems);
    table_side(&table, name)
}

#[test]
fn exactly_the_planted_differences_are_found_in_a_table_of_25_000_rows() {
    let (base, csv) = published(25_000);
    let mut rows: Vec<Vec<String>> = csv.lines().map(|l| l.split(',').map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 25_001);
    let column = |name: &str| rows[0].iter().position(|c| c == name).unwrap();
    let (eg, nm, valid, centre, mesa) =
        (column("EG"), column("NM"), column("VOTOS_VALIDOS"), column("CENTRO"), column("MESA"));
    let mut planted = Vec::new();
    // Two candidates swapped: the row still adds up. And one figure changed by one.
    for (row, plant) in [(500, "swap"), (12_345, "one"), (24_999, "swap"), (25_000, "one")] {
        let value = |ix: usize| rows[row][ix].parse::<u32>().unwrap();
        let (a, b, v) = (value(eg), value(nm), value(valid));
        assert!(a != b, "row {row}: a swap of equal figures is none");
        let key = (rows[row][centre].clone(), rows[row][mesa].parse().unwrap());
        if plant == "swap" {
            (rows[row][eg], rows[row][nm]) = (b.to_string(), a.to_string());
            planted.push((key.0, key.1, vec![("EG".to_owned(), a, b), ("NM".to_owned(), b, a)]));
        } else {
            rows[row][valid] = (v + 1).to_string();
            planted.push((key.0, key.1, vec![("votos_validos".to_owned(), v, v + 1)]));
        }
    }
    // One mesa that the table lacks, one that no sheet shows, and all leading zeros lost.
    let gone = rows.remove(7000);
    let mut invented = gone.clone();
    invented[centre] = "010203004".to_owned();
    rows.push(invented);
    let csv: String = rows.iter().map(|r| r.join(",") + "\n").collect();
    let table = ResultsTable::parse(csv.as_bytes(), "t.csv", &ColumnMap::of(&builtin().unwrap()[0])).unwrap();
    let left = records_side(&base, "records", "", &table.items).unwrap();
    let v = compare(&left, &table_side(&table, "t.csv")).unwrap();
    let mut found: Vec<_> = v
        .differ
        .iter()
        .map(|d| {
            let figures = d.figures.iter().map(|f| (f.item.clone(), f.left, f.right)).collect::<Vec<_>>();
            (d.centre.clone(), d.table, figures)
        })
        .collect();
    found.sort();
    planted.sort();
    assert_eq!(found, planted);
    assert_eq!(v.left_only, [(gone[centre].clone(), gone[mesa].parse().unwrap())]);
    assert_eq!(v.right_only, [("010203004".to_owned(), gone[mesa].parse().unwrap())]);
    assert_eq!((v.agree, v.empty, v.open.len()), (24_995, 0, 0));
    assert_eq!(v.compared, 24_999 * 13);
}

#[test]
fn a_sheet_in_review_is_compared_and_marked_and_a_conflict_is_not_compared() {
    let forms = builtin().unwrap();
    let mut records: Vec<_> = Country::new(&forms[0], 4, 3).collect();
    let csv = {
        let base = Base::of(&records, &forms, None).unwrap();
        let csv = export::published(&base, &ColumnMap::of(&builtin().unwrap()[0])).unwrap().to_csv().unwrap();
        String::from_utf8(csv).unwrap()
    };
    records[0].stand_at(Status::Review);
    records[0].value_mut("votos_nulos").unwrap().value = Some(999);
    let mut copy = records[1].clone();
    copy.value_mut("votos_nulos").unwrap().value = Some(998);
    records.push(copy);
    let base = Base::of(&records, &forms, None).unwrap();
    let right = side(&csv, "t.csv");
    let v = compare(&records_side(&base, "records", "", &right.items).unwrap(), &right).unwrap();
    assert_eq!(v.differ.len(), 1);
    assert_eq!((v.differ[0].standing, v.differ[0].figures[0].left), (Standing::Review, 999));
    assert_eq!((v.open.len(), v.agree), (1, 2));
}

#[test]
fn two_versions_of_a_table_are_compared_with_each_other() {
    let v1 = "CENTRO,MESA,RE,EG,NM\n10113042,1,666,232,120\n10113042,2,673,260,93\n";
    let v2 = "CENTRO,MESA,EG,NM\n010113042,1,232,121\n010113042,3,1,2\n";
    let v = compare(&side(v1, "v1"), &side(v2, "v2")).unwrap();
    assert_eq!(v.items, ["EG", "NM"]);
    assert_eq!(v.differ[0].figures, [FigureDifference { item: "NM".into(), left: 120, right: 121 }]);
    assert_eq!((v.left_only[0].1, v.right_only[0].1), (2, 3));
}

#[test]
fn sides_without_a_common_figure_are_refused() {
    let error = compare(&side("CENTRO,MESA,EG\n1,1,1\n", "a"), &side("CENTRO,MESA,NM\n1,1,1\n", "b"));
    assert!(error.unwrap_err().to_string().contains("--columns"));
}

#[test]
fn the_report_escapes_names_and_asks_nothing_of_a_network() {
    let v = compare(&side("CENTRO,MESA,EG\n1,1,1\n", "<b>a</b>"), &side("CENTRO,MESA,EG\n1,1,2\n", "b"));
    let html = page::page(&v.unwrap(), &page::Crops::new(), &BTreeMap::new()).unwrap();
    assert!(html.contains("&lt;b&gt;a") && !html.contains("<b>a</b>"));
    assert!(!html.contains("http://") && !html.contains("https://"));
    assert!(html.contains("default-src 'none'"));
}
