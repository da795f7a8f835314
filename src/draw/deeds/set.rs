//! Something of an entry set to what was typed.
//!
//! In: a drawing, a path, a key and a text. Out: the drawing with it. Refuses places that are not there, names that are none and
//! values that do not fit.

use super::places::{parsed, slot};
use crate::draw::drawing::{Drawing, float, said};
use crate::draw::words::Word;
use crate::learn::write::layout::mm;
use toml::Value;

/// A number in what was typed.
fn number(value: &str, range: (f64, f64)) -> Result<f64, Word> {
    let v = value.replace(',', ".").parse::<f64>().ok().filter(|v| *v >= range.0 && *v <= range.1);
    v.ok_or_else(|| Word::DrawNoSuchValue { value: value.to_owned() })
}

/// A plain id.
fn id(value: &str) -> Result<Value, Word> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let reserved = matches!(value, "rows" | "values" | "");
    if reserved || !value.chars().all(plain) {
        return Err(Word::DrawNoName { name: value.to_owned() });
    }
    Ok(Value::String(value.to_owned()))
}

/// Sets a key of what a path speaks of.
///
/// # Errors
/// See the head of the file.
pub(super) fn set(out: &mut Drawing, path: &str, key: &str, value: &str) -> Result<(), Word> {
    let nothing = || Word::DrawNoSuchPlace {};
    let wrong = || Word::DrawNoSuchValue { value: value.to_owned() };
    let text = || Value::String(value.to_owned());
    if path == "form" {
        let new = match key {
            "id" | "election" | "language" => id(value)?,
            "title" if !value.is_empty() => text(),
            "issued" => text(),
            "places" => Value::Integer(number(value, (1.0, 6.0))? as i64),
            _ => return Err(wrong()),
        };
        out.own.table.insert(key.to_owned(), new);
        return Ok(());
    }
    let (list, at, part) = parsed(path).ok_or_else(nothing)?;
    let own = out.list(list).get(at).cloned().ok_or_else(nothing)?;
    // The numbers of a column alike.
    if matches!(key, "hangs" | "width" | "thousands" | "size" | "bold") && matches!(list, "rows" | "totals") {
        return set_slot(out, path, key, value);
    }
    if let (Some(j), "id" | "label") = (part.and_then(|p| p.strip_prefix("values/")), key) {
        let j: usize = j.parse().map_err(|_| nothing())?;
        let values = out.section("columns").get_mut(said(&own, "columns")).and_then(|c| c.get_mut("values"));
        let one = values.and_then(|v| v.get_mut(j)).and_then(Value::as_table_mut).ok_or_else(nothing)?;
        let new = if key == "id" { id(&value.to_lowercase())? } else { text() };
        one.insert(key.to_owned(), new);
        return Ok(());
    }
    match (list, key) {
        ("rows", "party") => {
            put(out, list, at, "sigla", Value::String(if value.is_empty() { "-" } else { value }.to_owned()))
        }
        ("rows", "name" | "id" | "contest") => {
            let candidate = said(&own, "candidate").to_owned();
            let all = out.list("candidates");
            let c = all.iter().position(|c| said(c, "id") == candidate).ok_or_else(nothing)?;
            if key == "contest" && !out.list("contests").iter().any(|c| said(c, "id") == value) {
                return Err(wrong());
            }
            if key == "id" {
                let known = all.iter().any(|c| said(c, "id") == value);
                if known {
                    // Another row of a candidate that is there.
                    return put(out, "rows", at, "candidate", text());
                }
                id(value)?;
                for row in out.list_mut("rows").iter_mut().filter(|r| said(r, "candidate") == candidate) {
                    if let Some(row) = row.as_table_mut() {
                        row.insert("candidate".to_owned(), Value::String(value.to_owned()));
                    }
                }
            }
            put(out, "candidates", c, key, text())
        }
        ("contests", "id") => {
            let old = said(&own, "id").to_owned();
            for list in ["candidates", "totals", "relations"] {
                for one in out.list_mut(list).iter_mut().filter(|o| said(o, "contest") == old) {
                    if let Some(one) = one.as_table_mut() {
                        one.insert("contest".to_owned(), Value::String(value.to_owned()));
                    }
                }
            }
            put(out, list, at, key, id(value)?)
        }
        ("contests", "name") | ("totals", "label") if !value.is_empty() => put(out, list, at, key, text()),
        ("totals", "id") => put(out, list, at, key, id(value)?),
        ("totals", "role") => {
            let contest = out.list("contests").iter().any(|c| said(c, "id") == value);
            let total = out.list_mut("totals")[at].as_table_mut().ok_or_else(nothing)?;
            total.remove("contest");
            match value {
                "ballots" | "context" => total.insert("role".to_owned(), Value::String(value.to_owned())),
                _ if contest => {
                    total.remove("role");
                    total.insert("contest".to_owned(), Value::String(value.to_owned()))
                }
                _ => return Err(wrong()),
            };
            Ok(())
        }
        ("labels", "text") if !value.is_empty() => put(out, list, at, key, text()),
        ("lines", "id") => {
            let old = format!("{{{}}}", said(&own, "id"));
            let named = id(value)?;
            if let Some(print) = out.list_mut("lines")[at].get_mut("print").and_then(Value::as_table_mut) {
                let print_text = print
                    .get("text")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .replace(&old, &format!("{{{value}}}"));
                print.insert("text".to_owned(), Value::String(print_text));
            }
            put(out, list, at, key, named)
        }
        ("lines", "pattern") => {
            let line = out.list_mut("lines")[at].as_table_mut().ok_or_else(nothing)?;
            match value.is_empty() {
                true => line.remove("pattern"),
                false => line.insert("pattern".to_owned(), Value::String(value.to_owned())),
            };
            Ok(())
        }
        ("lines", "width") => {
            let width = number(value, (1.0, 1000.0))?;
            let print = out.list_mut("lines")[at].get_mut("print").and_then(Value::as_table_mut);
            print.ok_or_else(nothing)?.insert("width".to_owned(), mm(width));
            Ok(())
        }
        _ => Err(wrong()),
    }
}

/// Sets a key of an entry.
fn put(out: &mut Drawing, list: &str, at: usize, key: &str, value: Value) -> Result<(), Word> {
    let one = out.list_mut(list).get_mut(at).and_then(Value::as_table_mut).ok_or(Word::DrawNoSuchPlace {})?;
    one.insert(key.to_owned(), value);
    Ok(())
}

/// Sets how the numbers of a column are printed.
fn set_slot(out: &mut Drawing, path: &str, key: &str, value: &str) -> Result<(), Word> {
    let nothing = || Word::DrawNoSuchPlace {};
    let style = |out: &mut Drawing| -> Option<(f64, bool)> {
        let name = slot(out, path)?.get("style").and_then(Value::as_str).unwrap_or("row").to_owned();
        let own = out.section("styles").get(&name)?.clone();
        Some((own.get("size").and_then(float)?, own.get("bold").and_then(Value::as_bool).unwrap_or(false)))
    };
    match key {
        "size" | "bold" => {
            let (size, bold) = style(out).ok_or_else(nothing)?;
            let name = match key {
                "size" => out.style(number(value, (0.5, 100.0))?, bold),
                _ => out.style(size, value == "true"),
            };
            slot(out, path).ok_or_else(nothing)?.insert("style".to_owned(), Value::String(name));
        }
        "width" => {
            let width = number(value, (0.5, 1000.0))?;
            slot(out, path).ok_or_else(nothing)?.insert("width".to_owned(), mm(width));
        }
        "thousands" => {
            let slot = slot(out, path).ok_or_else(nothing)?;
            match value.chars().next() {
                None => slot.remove("thousands"),
                Some(c) => slot.insert("thousands".to_owned(), Value::String(c.to_string())),
            };
        }
        _ => {
            let share = |t: f64| match t {
                0.0 => "left",
                0.5 => "centre",
                _ => "right",
            };
            let all = [0.0, 0.5, 1.0];
            let to = all.into_iter().find(|t| share(*t) == value).ok_or_else(nothing)?;
            let slot = slot(out, path).ok_or_else(nothing)?;
            let width = slot.get("width").and_then(float).ok_or_else(nothing)?;
            let from = all.into_iter().find(|t| slot.contains_key(share(*t))).ok_or_else(nothing)?;
            let x = slot.remove(share(from)).as_ref().and_then(float).ok_or_else(nothing)?;
            slot.insert(value.to_owned(), mm(x + (to - from) * width));
        }
    }
    Ok(())
}
