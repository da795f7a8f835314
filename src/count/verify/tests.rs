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
    let csv = text(&base);
    (base, csv)
}

fn text(base: &Base) -> String {
    let mut csv = Vec::new();
    export::published(base, &ColumnMap::of(&builtin().unwrap()[0])).unwrap().csv(&mut csv).unwrap();
    String::from_utf8(csv).unwrap()
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
        text(&base)
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

/// Precincts of a form with several contests and ways of voting, and their table as OpenElections has it, with other names.
mod by_name {
    use super::super::crosswalk::Crosswalk;
    use super::super::named::{Matched, NamedTable, Sheets, Unmatched};
    use super::super::{Origin, Side, Verification, compare, draft, records_side};
    use crate::count::export;
    use crate::count::tally::Base;
    use crate::count::tally::columns::ColumnMap;
    use crate::decide::Status;
    use crate::lab::synth::records::Country;
    use std::path::Path;

    struct Case {
        sheets: Sheets,
        left: Side,
        rows: Vec<[String; 10]>,
    }

    const HEAD: &str =
        "county,precinct,office,district,party,candidate,votes,election_day,absentee,early_voting";

    fn case() -> Case {
        let form = crate::form::from_file(Path::new("forms/us-in-2024-precinct-b.toml")).unwrap();
        let mut records: Vec<_> = Country::new(&form, 8, 5).collect();
        for (n, record) in records.iter_mut().enumerate() {
            record.place.insert("county".to_owned(), Some("Brack".to_owned()));
            record.place.insert("precinct".to_owned(), Some(format!("Ward {}", n + 1)));
        }
        records[7].stand_at(Status::Review);
        let forms = [form];
        let base = Base::of(&records, &forms, None).unwrap();
        let mut csv = Vec::new();
        export::openelections(&base, &ColumnMap::of(&forms[0])).unwrap().csv(&mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert_eq!(csv.lines().next(), Some(HEAD));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows = reader.records().map(|r| std::array::from_fn(|ix| r.as_ref().unwrap()[ix].to_owned()));
        let sheets = Sheets::of(&base).unwrap();
        let rows: Vec<[String; 10]> = rows.collect();
        let left = records_side(&base, "records", "", &sheets.items()).unwrap();
        Case { sheets, left, rows }
    }

    fn verified(case: &Case, walk: &Crosswalk) -> (Verification, Vec<Unmatched>, String) {
        let text = case.rows.iter().map(|row| row.map_quoted()).collect::<Vec<_>>().join("\n");
        let ways = ["election_day", "absentee", "early_voting"].map(str::to_owned);
        let table =
            NamedTable::parse(format!("{HEAD}\n{text}\n").as_bytes(), "t.csv", &ways).unwrap().unwrap();
        let matched = Matched::of((&table, "t.csv"), (&case.sheets, &case.left), walk);
        let draft = draft((&table, &matched), (&case.sheets, &case.left), walk);
        (compare(&case.left, &matched.side).unwrap(), matched.unmatched, draft)
    }

    trait Quoted {
        fn map_quoted(&self) -> String;
    }

    impl Quoted for [String; 10] {
        fn map_quoted(&self) -> String {
            self.iter().map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",")
        }
    }

    /// As another hand would have typed it.
    fn renamed(case: &mut Case) {
        for row in &mut case.rows {
            for (from, to) in [
                ("President and Vice-President of the U.S.", "Presidency"),
                ("United States Senator", "U.S. Senate"),
                ("Public Question-Const Amendment", "PUBLIC QUESTION CONST AMENDMENT"),
                ("Trump \\ Vance", "Donald J. Trump"),
                ("Harris \\ Walz", "Kamala D. Harris"),
                ("Oliver \\ Ter Maat", "Chase Oliver"),
                ("Kennedy Jr. \\ Shanahan", "Robert F. Kennedy Jr."),
                ("Write-In", "Write-ins"),
                ("Ward 3", "Center, third ward"),
            ] {
                row.iter_mut().filter(|cell| *cell == from).for_each(|cell| *cell = to.to_owned());
            }
            if row[4] == "R" {
                row[4] = "REP".to_owned();
            }
        }
    }

    #[test]
    fn the_table_that_a_run_exports_agrees_with_it_in_all_columns() {
        let case = case();
        // Of each precinct 17 choices with four figures, the ballots cast with four, the registered voters.
        assert_eq!(case.rows.len(), 7 * (17 + 2));
        let (v, unmatched, draft) = verified(&case, &Crosswalk::default());
        assert_eq!((v.compared, v.agree, v.differ.len(), v.empty), (7 * (18 * 4 + 1), 7, 0, 0));
        assert_eq!((v.left_only.len(), unmatched), (1, vec![]), "the precinct that no row tells of");
        assert!(!draft.contains('['), "{draft}");
    }

    #[test]
    fn names_that_differ_are_listed_and_a_draft_finds_their_pairs_by_equal_votes() {
        let mut case = case();
        renamed(&mut case);
        let (before, unmatched, draft) = verified(&case, &Crosswalk::default());
        let of = |lacks, name: &str| {
            let found = |u: &&Unmatched| u.side == Origin::Table && u.lacks == lacks && u.name == name;
            unmatched.iter().find(found).map(|u| u.rows)
        };
        assert_eq!(of("contest", "Presidency"), Some(6 * 5));
        assert_eq!(of("choice", "Governor And Lieutenant Governor: Write-ins"), Some(6));
        assert_eq!(of("precinct", "Brack Center, third ward"), Some(19));
        assert_eq!(
            of("contest", "PUBLIC QUESTION CONST AMENDMENT"),
            None,
            "signs and case do not tell names apart"
        );
        assert!(before.agree == 6 && before.differ.is_empty());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("names.toml");
        std::fs::write(&path, &draft).unwrap();
        let walk = Crosswalk::load(&path).unwrap();
        assert_eq!(walk.parties["REP"], "R");
        assert_eq!(walk.precincts["Center, third ward"], "Ward 3");
        assert_eq!(walk.choices["Write-ins"], "Write-In");
        let (after, unmatched, _) = verified(&case, &walk);
        assert_eq!(unmatched, vec![], "{draft}");
        assert_eq!((after.compared, after.agree, after.differ.len()), (7 * (18 * 4 + 1), 7, 0));
    }

    #[test]
    fn a_figure_typed_wrong_a_row_too_many_and_one_too_few_are_found() {
        let mut case = case();
        let at = |case: &Case, precinct: &str, name: &str| {
            case.rows.iter().position(|r| r[1] == precinct && r[5] == name).unwrap()
        };
        let typed = at(&case, "Ward 2", "Jim Banks");
        let was: u32 = case.rows[typed][8].parse().unwrap();
        case.rows[typed][8] = (was + 1).to_string();
        let gone = at(&case, "Ward 4", "Todd Rokita");
        case.rows.remove(gone);
        let mut more = case.rows[0].clone();
        more[5] = "Nobody".to_owned();
        case.rows.push(more);
        let twice = case.rows[1].clone();
        case.rows.push(twice);
        let (v, unmatched, _) = verified(&case, &Crosswalk::default());
        assert_eq!(v.differ.len(), 1);
        let figure = &v.differ[0].figures[0];
        assert!(figure.item.starts_with("BANKS") && figure.item.ends_with("absentee"), "{}", figure.item);
        assert_eq!((v.differ[0].figures.len(), figure.left, figure.right), (1, was, was + 1));
        let told: Vec<_> = unmatched.iter().map(|u| (u.side, u.lacks, u.rows)).collect();
        let table = Origin::Table;
        let expected = [(Origin::Sheets, "figure", 1), (table, "choice", 1), (table, "twice", 1)];
        assert_eq!(told, expected, "{unmatched:?}");
    }
}
