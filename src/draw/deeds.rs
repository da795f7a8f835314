//! What a person does to a drawing.
//!
//! In: a drawing and a [`Deed`]. Out: the drawing after it; whatever names a number that was renamed names it on, what names one
//! that is gone goes too. Refuses places that are not there, values that do not fit, names that are taken or none.

mod places;
mod relate;
mod set;

use super::boxed::{Boxed, Tool, private};
use super::drawing::{Drawing, float, said};
use super::words::Word;
use crate::ground::geometry::Rect;
use crate::learn::write::layout::mm;
use places::{parsed, slot};
use relate::{relate, settle};
use serde::Deserialize;
use set::set;
use toml::Value;

/// What is done, as the page says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Deed {
    /// A box is drawn, form mm.
    Box { tool: Tool, x: f64, y: f64, width: f64, height: f64 },
    /// A print is moved, mm: across, all of its column; down, its row.
    Move { path: String, dx: f64, dy: f64 },
    /// A row, a total, a line, a text, a printed line or a contest goes.
    Delete { path: String },
    /// All prints of a column go.
    DeleteColumn { path: String },
    /// Something of an entry is set.
    Set { path: String, key: String, value: String },
    /// A relation is added.
    Relate { text: String },
    /// A relation goes.
    Unrelate { id: String },
    /// Shares of a contest's rows are of this total.
    Whole { contest: String, total: String },
    /// There are no names and signatures.
    NothingPrivate,
}

/// Lists whose entries may be taken away.
const LISTS: [&str; 5] = ["rows", "totals", "labels", "lines", "contests"];

/// The drawing after a deed.
///
/// # Errors
/// See the head of the file.
pub(super) fn done(before: &Drawing, deed: &Deed, boxed: &Boxed<'_>) -> Result<Drawing, Word> {
    let mut out = before.clone();
    match deed {
        Deed::Box { tool, x, y, width, height } => {
            return boxed.drawn(before, *tool, Rect::new(*x, *y, *width, *height));
        }
        Deed::Move { path, dx, dy } => moved(&mut out, path, (*dx, *dy))?,
        Deed::Delete { path } => delete(&mut out, path)?,
        Deed::DeleteColumn { path } => delete_column(&mut out, path)?,
        Deed::Set { path, key, value } => set(&mut out, path, key, value.trim())?,
        Deed::Relate { text } => relate(&mut out, text)?,
        Deed::Unrelate { id } => out.list_mut("relations").retain(|r| said(r, "id") != id),
        Deed::Whole { contest, total } => {
            let known = out.list("totals").iter().any(|t| said(t, "id") == total);
            let own =
                out.list_mut("contests").iter_mut().find(|c| said(c, "id") == contest).filter(|_| known);
            let own = own.and_then(Value::as_table_mut).ok_or(Word::DrawNoSuchPlace {})?;
            own.insert("whole".to_owned(), Value::String(total.clone()));
        }
        Deed::NothingPrivate => private(&mut out, before.frame().1)?,
    }
    settle(before, &mut out, matches!(deed, Deed::Set { .. }));
    match out.twice().filter(|_| before.twice().is_none()) {
        Some(name) => Err(Word::DrawNameTwice { name }),
        None => Ok(out),
    }
}

/// Adds to a number of an entry.
fn add(entry: &mut toml::Table, key: &str, by: f64) -> bool {
    let Some(v) = entry.get(key).and_then(float) else { return false };
    entry.insert(key.to_owned(), mm(v + by));
    true
}

fn moved(out: &mut Drawing, path: &str, (dx, dy): (f64, f64)) -> Result<(), Word> {
    let nothing = || Word::DrawNoSuchPlace {};
    if !(dx.is_finite() && dy.is_finite()) {
        return Err(nothing());
    }
    if path == "private" {
        let top =
            out.own.table.get("private").and_then(|p| p.get("top")).and_then(float).ok_or_else(nothing)?;
        return private(out, top + dy);
    }
    let (list, at, part) = parsed(path).ok_or_else(nothing)?;
    let own = out.list_mut(list).get_mut(at).ok_or_else(nothing)?;
    match (list, part) {
        ("labels", _) => {
            let own = own.as_table_mut().ok_or_else(nothing)?;
            let moved = add(own, "x", dx) && add(own, "y", dy);
            return if moved { Ok(()) } else { Err(nothing()) };
        }
        ("lines", _) => {
            let own = own.as_table_mut().ok_or_else(nothing)?;
            let down = add(own, "y", dy);
            let across = own.get_mut("print").and_then(Value::as_table_mut).is_some_and(|p| add(p, "x", dx));
            return if down && across { Ok(()) } else { Err(nothing()) };
        }
        ("rules", Some(j)) => {
            let j: usize = j.parse().map_err(|_| nothing())?;
            let line = own.get_mut("lines").and_then(|l| l.get_mut(j)).and_then(Value::as_array_mut);
            for (k, v) in line.ok_or_else(nothing)?.iter_mut().enumerate() {
                *v = mm(float(v).ok_or_else(nothing)? + if k % 2 == 0 { dx } else { dy });
            }
            return Ok(());
        }
        ("totals", Some("percent")) if dy != 0.0 => {
            let share = own.get_mut("percent").and_then(Value::as_table_mut).ok_or_else(nothing)?;
            add(share, "y", dy);
        }
        ("rows" | "totals", Some(_)) if dy != 0.0 => {
            add(own.as_table_mut().ok_or_else(nothing)?, "y", dy);
        }
        ("rows" | "totals", Some(_)) => {}
        _ => return Err(nothing()),
    }
    if dx != 0.0 {
        let slot = slot(out, path).ok_or_else(nothing)?;
        for key in ["left", "centre", "right"] {
            add(slot, key, dx);
        }
    }
    Ok(())
}

fn delete(out: &mut Drawing, path: &str) -> Result<(), Word> {
    let (list, at, part) = parsed(path).ok_or(Word::DrawNoSuchPlace {})?;
    if list == "rules" {
        let j: Option<usize> = part.and_then(|p| p.parse().ok());
        let lines =
            out.list_mut("rules").get_mut(at).and_then(|r| r.get_mut("lines")).and_then(Value::as_array_mut);
        let (j, lines) = j.zip(lines).filter(|(j, l)| *j < l.len()).ok_or(Word::DrawNoSuchPlace {})?;
        lines.remove(j);
        return Ok(());
    }
    if !LISTS.contains(&list) || at >= out.list(list).len() {
        return Err(Word::DrawNoSuchPlace {});
    }
    if part == Some("percent") && list == "totals" {
        if let Some(total) = out.list_mut("totals")[at].as_table_mut() {
            total.remove("percent");
        }
        return Ok(());
    }
    let gone = out.list_mut(list).remove(at);
    if list == "contests" {
        let id = said(&gone, "id").to_owned();
        let theirs: Vec<String> = out
            .list("candidates")
            .iter()
            .filter(|c| said(c, "contest") == id)
            .map(|c| said(c, "id").to_owned())
            .collect();
        out.list_mut("rows").retain(|r| !theirs.iter().any(|t| t == said(r, "candidate")));
        out.list_mut("relations").retain(|r| said(r, "contest") != id);
        for total in out.list_mut("totals").iter_mut().filter(|t| said(t, "contest") == id) {
            if let Some(total) = total.as_table_mut() {
                total.remove("contest");
                total.insert("role".to_owned(), Value::String("context".to_owned()));
            }
        }
    }
    Ok(())
}

fn delete_column(out: &mut Drawing, path: &str) -> Result<(), Word> {
    let nothing = || Word::DrawNoSuchPlace {};
    let (list, at, part) = parsed(path).ok_or_else(nothing)?;
    let name = out.list(list).get(at).map(|r| said(r, "columns").to_owned()).ok_or_else(nothing)?;
    match part {
        // Without its votes a row is none.
        Some("digits") => {
            out.list_mut(list).retain(|r| said(r, "columns") != name);
        }
        Some("percent") if list == "totals" => return delete(out, path),
        Some(part) => {
            let columns =
                out.section("columns").get_mut(&name).and_then(Value::as_table_mut).ok_or_else(nothing)?;
            match part.split_once('/').and_then(|(_, j)| j.parse::<usize>().ok()) {
                Some(j) => {
                    let values =
                        columns.get_mut("values").and_then(Value::as_array_mut).ok_or_else(nothing)?;
                    if j >= values.len() {
                        return Err(nothing());
                    }
                    values.remove(j);
                }
                None => {
                    columns.remove(part);
                }
            }
        }
        None => return Err(nothing()),
    }
    Ok(())
}
