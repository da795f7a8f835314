//! The comparison, by unit and figure.
//!
//! In: two [`Side`]s. Out: [`Verification`]. The join is one walk over two sorted maps: a unit that
//! stands on both sides is compared figure by figure, every other is listed. Refuses sides without a
//! common figure.

use super::table::ResultsTable;
use super::*;
use crate::count::tally::{Base, By, items};
use crate::form::Levels;
use std::collections::BTreeSet;

/// The records of a run as a side, with those of the `wanted` figures that it knows. `name` and
/// `sha256` are those of its `records.jsonl`.
///
/// # Errors
/// The database refuses the question; none is known.
pub fn records_side(base: &Base, name: &str, sha256: &str, wanted: &[String]) -> Result<Side, VerifyError> {
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let (mut ids, mut known): (Vec<String>, BTreeSet<Arc<str>>) = Default::default();
    for by in [By::Candidate, By::Party] {
        for item in items(base, by)? {
            if wanted.contains(item.id.as_str()) && known.insert(item.id.as_str().into()) {
                ids.push(item.id);
            }
        }
    }
    let mut units: BTreeMap<UnitKey, SideUnit> = BTreeMap::new();
    let mut statement = base
        .db()
        .prepare("SELECT centre, table_number, standing, sheet FROM unit WHERE standing <> 'missing'")?;
    let mut rows = statement.query([])?;
    while let Some(r) = rows.next()? {
        let standing = match r.get::<_, String>(2)?.as_str() {
            "counted" => Standing::Settled,
            "review" => Standing::Review,
            _ => Standing::Open,
        };
        let unit = SideUnit { standing, at: r.get(3)?, figures: Figures::default() };
        units.insert((r.get(0)?, r.get(1)?), unit);
    }
    for sql in [
        "SELECT u.centre, u.table_number, c.id, n.value FROM unit u JOIN candidate_number n ON n.sheet = u.sheet \
         JOIN candidate c ON c.candidate = n.candidate",
        "SELECT u.centre, u.table_number, f.id, n.value FROM unit u JOIN number n ON n.sheet = u.sheet \
         JOIN field f ON f.field = n.field",
    ] {
        let mut statement = base.db().prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(r) = rows.next()? {
            let Some(item) = r.get_ref(2)?.as_str().ok().and_then(|item| known.get(item)) else { continue };
            if let Some(unit) = units.get_mut(&(r.get(0)?, r.get(1)?)) {
                unit.figures.insert(item.clone(), r.get(3)?);
            }
        }
    }
    let (name, sha256) = (name.to_owned(), sha256.to_owned());
    Ok(Side { name, sha256, origin: Origin::Sheets, items: ids, units })
}

/// A table as a side.
pub fn table_side(table: &ResultsTable, name: &str) -> Side {
    let items: Vec<Arc<str>> = table.items.iter().map(|item| item.as_str().into()).collect();
    let unit = |row: &table::Row| {
        let mut figures = Figures::default();
        items.iter().zip(&row.figures).for_each(|(item, value)| figures.insert(item.clone(), *value));
        let unit = SideUnit { standing: Standing::Settled, at: Some(row.line), figures };
        ((row.centre.clone(), row.table), unit)
    };
    Side {
        name: name.to_owned(),
        sha256: table.sha256.clone(),
        origin: Origin::Table,
        items: table.items.clone(),
        units: table.rows.iter().map(unit).collect(),
    }
}

/// Holds the left side against the right one.
///
/// # Errors
/// The sides have no figure in common.
pub fn compare(left: &Side, right: &Side) -> Result<Verification, VerifyError> {
    let of_left: BTreeSet<&String> = left.items.iter().collect();
    let items: Vec<String> = right.items.iter().filter(|i| of_left.contains(i)).cloned().collect();
    if items.is_empty() {
        return Err(VerifyError::NothingInCommon { left: left.name.clone(), right: right.name.clone() });
    }
    let mut out = Verification {
        left: left.name.clone(),
        left_sha256: left.sha256.clone(),
        left_origin: left.origin,
        right: right.name.clone(),
        right_sha256: right.sha256.clone(),
        items,
        compared: 0,
        empty: 0,
        agree: 0,
        agree_in_review: 0,
        differ: Vec::new(),
        left_only: Vec::new(),
        right_only: right.units.keys().filter(|k| !left.units.contains_key(*k)).cloned().collect(),
        open: Vec::new(),
        problems: Vec::new(),
        log: None,
        edited: Vec::new(),
        unmatched: Vec::new(),
        called: Called::default(),
        level: Levels::default().table().clone(),
    };
    for (key, a) in &left.units {
        let Some(b) = right.units.get(key) else {
            out.left_only.push(key.clone());
            continue;
        };
        if a.standing == Standing::Open {
            out.open.push(key.clone());
            continue;
        }
        let mut figures = Vec::new();
        for item in &out.items {
            // What the table does not tell of this unit is not compared.
            let Some(of_table) = b.figures.get(item) else { continue };
            match (a.figures.get(item).flatten(), of_table) {
                (Some(left), Some(right)) => {
                    out.compared += 1;
                    if left != right {
                        figures.push(FigureDifference { item: item.clone(), left, right });
                    }
                }
                _ => out.empty += 1,
            }
        }
        if figures.is_empty() {
            out.agree += 1;
            out.agree_in_review += usize::from(a.standing == Standing::Review);
        } else {
            out.differ.push(Difference {
                centre: key.0.clone(),
                table: key.1,
                standing: a.standing,
                left_at: a.at,
                right_at: b.at,
                figures,
            });
        }
    }
    Ok(out)
}
