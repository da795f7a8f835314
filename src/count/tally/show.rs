//! A tally as text for a terminal, as a table with one row a figure, and as JSON.
//!
//! In: [`Tally`] and what was left aside. Out: text, a [`Frame`], bytes. Refuses nothing.

use super::{Aside, Coverage, Joined, Tally, TallyError, about};
use crate::count::tally::frame::{Cell, Column, Frame};
use crate::run::output::About;
use serde_json::json;

/// Name and version of the schema of a tally as JSON.
pub const TALLY_SCHEMA: &str = "cotejo.tally/3";

/// A table for a terminal: one line a place, one column an item that anybody has votes in. The
/// coverage stands first, so that no figure is read without it; a sum that lacks sheets has a star, and
/// where there is no sheet there is no sum.
pub fn text(tally: &Tally, aside: &Aside) -> String {
    let shown: Vec<usize> = (0..tally.items.len()).filter(|&i| tally.items[i].leads).collect();
    let mut head = vec!["code".to_owned(), tally.level().id.clone()];
    head.extend(["in", "expected", "review", "conflict", "rejected", "missing"].map(str::to_owned));
    head.extend(shown.iter().map(|&i| tally.items[i].id.clone()));
    let mut rows = vec![head];
    let known = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    for line in &tally.lines {
        let c = line.coverage;
        let mut row = vec![line.code.clone(), line.name.clone()];
        row.extend([c.counted.to_string(), known(c.expected)]);
        row.extend([c.review, c.conflict, c.rejected].map(|n| n.to_string()));
        row.push(known(c.missing));
        row.extend(shown.iter().map(|&i| {
            let figure = line.figures[i];
            let Some(votes) = figure.votes else { return "-".to_owned() };
            let star = if figure.partial == Some(true) { "*" } else { "" };
            // A figure with fewer sheets than the line says so.
            if figure.sheets < c.counted {
                format!("{votes}{star} ({})", figure.sheets)
            } else {
                format!("{votes}{star}")
            }
        }));
        rows.push(row);
    }
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|c| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &rows {
        for (c, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[c] - cell.chars().count());
            // Words to the left, numbers to the right.
            if c < 2 {
                out.push_str(&format!("{cell}{pad}  "))
            } else {
                out.push_str(&format!("{pad}{cell}  "))
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    let figures = || tally.lines.iter().flat_map(|l| shown.iter().map(|&i| l.figures[i]));
    if figures().any(|f| f.votes.is_some() && f.partial == Some(true)) {
        out.push_str("* partial: not every sheet is in this sum\n");
    }
    if figures().any(|f| f.votes.is_none()) {
        out.push_str("- no sheet: the sum is not known\n");
    }
    if tally.lines.iter().any(|l| l.coverage.expected.is_none()) {
        out.push_str(
            "? how many sheets there should be is not known: a registry of tables tells (--registry)\n",
        );
    }
    let table = &tally.levels.table().id;
    for conflict in &aside.conflicts {
        let says: Vec<String> = conflict
            .says
            .iter()
            .map(|(file, n)| format!("{file} {}", n.map_or_else(|| "-".to_owned(), |n| n.to_string())))
            .collect();
        out.push_str(&format!(
            "left out: {} {table} {}, {}: {}\n",
            conflict.centre,
            conflict.table,
            conflict.field,
            says.join(", ")
        ));
    }
    for Joined { centre, table: number, files } in &aside.joined {
        if !aside.conflicts.iter().any(|c| &c.centre == centre && c.table == *number) {
            out.push_str(&format!(
                "one sheet in {} files: {centre} {table} {number}: {}\n",
                files.len(),
                files.join(", ")
            ));
        }
    }
    if !aside.unplaced.is_empty() {
        let centre = &tally.levels.centre().id;
        out.push_str(&format!("no {centre} or {table} could be read: {}\n", aside.unplaced.join(", ")));
    }
    out
}

/// One row a figure: the form for CSV and Parquet.
pub fn frame(tally: &Tally) -> Frame {
    let columns = vec![
        Column::text("LEVEL", "id of the level, as the form has it"),
        Column::text("CODE", "code of the place with leading zeros; empty for the whole"),
        Column::text("NAME", "name of the place, the registry's or as most sheets print it"),
        Column::text("KIND", "candidate, party or total"),
        Column::text("ITEM", "id of the candidate, row or total"),
        Column::text("LABEL", "the item as printed"),
        Column::integer("VOTES", "the sum over the sheets that are in it; empty where there is none"),
        Column::integer("SHEETS", "how many sheets are in the sum"),
        Column::integer("EXPECTED", "units that the registry lists; empty where no registry was given"),
        Column::text(
            "PARTIAL",
            "yes where sheets lack in the sum, no where none does; empty where nobody knows",
        ),
        Column::integer("IN_REVIEW", "units of the place whose sheet waits for a person"),
        Column::integer("CONFLICTS", "units whose sheets contradict each other; left out"),
        Column::integer("REJECTED", "units whose sheet cannot be used"),
        Column::integer("MISSING", "units without a sheet; empty where no registry was given"),
    ];
    let whole = |n: u64| Cell::Integer(i64::try_from(n).unwrap_or(i64::MAX));
    let mut rows = Vec::new();
    for line in &tally.lines {
        let Coverage { review, conflict, rejected, missing, expected, .. } = line.coverage;
        for (item, figure) in tally.items.iter().zip(&line.figures) {
            rows.push(vec![
                Cell::Text(tally.level().id.clone()),
                Cell::Text(line.code.clone()),
                Cell::Text(line.name.clone()),
                Cell::Text(item.kind.to_owned()),
                Cell::Text(item.id.clone()),
                Cell::Text(item.name.clone()),
                figure.votes.map_or(Cell::Empty, whole),
                whole(figure.sheets),
                expected.map_or(Cell::Empty, whole),
                figure.partial.map_or(Cell::Empty, |p| Cell::Text(if p { "yes" } else { "no" }.to_owned())),
                whole(review),
                whole(conflict),
                whole(rejected),
                missing.map_or(Cell::Empty, whole),
            ]);
        }
    }
    Frame { columns, rows }
}

/// The tally with what was left aside, as JSON with a line break at the end.
///
/// # Errors
/// A tally that JSON cannot hold; none is known.
pub fn json(tally: &Tally, aside: &Aside, about: &About) -> Result<Vec<u8>, TallyError> {
    let mut bytes = serde_json::to_vec_pretty(&json!({
        "schema": TALLY_SCHEMA,
        "level": tally.level().id,
        "items": tally.items,
        "lines": tally.lines,
        "conflicts": aside.conflicts,
        "joined": aside.joined,
        "unplaced": aside.unplaced,
        "log": about.log,
        "edited": about::edited(about),
    }))?;
    bytes.push(b'\n');
    Ok(bytes)
}
