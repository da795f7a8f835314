//! What a path of the page speaks of, such as `rows/3/values/1`.
//!
//! In: a drawing, a path. Out: its list and index, the part of a column. Refuses (gives `None`) what is not there.

use crate::draw::drawing::{Drawing, said};

/// A path's list, index and what follows.
pub(super) fn parsed(path: &str) -> Option<(&str, usize, Option<&str>)> {
    let (list, rest) = path.split_once('/')?;
    let (index, part) = rest.split_once('/').map_or((rest, None), |(i, p)| (i, Some(p)));
    Some((list, index.parse().ok()?, part))
}

/// The part of a column that a path speaks of.
pub(super) fn slot<'a>(out: &'a mut Drawing, path: &str) -> Option<&'a mut toml::Table> {
    let (list, at, part) = parsed(path)?;
    let row = out.list(list).get(at)?.clone();
    let share = list == "totals" && part == Some("percent");
    let name = if share { said(row.get("percent")?, "columns") } else { said(&row, "columns") };
    let columns = out.section("columns").get_mut(name)?;
    match part?.split_once('/') {
        Some(("values", j)) => {
            columns.get_mut("values")?.get_mut(j.parse::<usize>().ok()?)?.get_mut("digits")?
        }
        _ => columns.get_mut(part?)?,
    }
    .as_table_mut()
}
