//! Parts of a sheet that are said once: where it is private, of which contests it is.
//!
//! In: a drawing. Out: the drawing with it. Refuses a private part that would hold numbers.

use crate::draw::drawing::{Drawing, float, said};
use crate::draw::words::Word;
use crate::learn::write::layout::{entry, mm, put, text};
use toml::Value;

/// From here down nothing is looked at; constant print below goes.
pub(crate) fn private(out: &mut Drawing, top: f64) -> Result<(), Word> {
    for list in ["rows", "totals", "lines"] {
        let below = out.list(list).iter().find(|r| r.get("y").and_then(float).is_some_and(|y| y > top));
        if let Some(row) = below {
            let name = if list == "rows" { said(row, "candidate") } else { said(row, "id") };
            return Err(Word::DrawPrivateHolds { name: name.to_owned() });
        }
    }
    out.section("private").insert("top".to_owned(), mm(top));
    out.list_mut("labels").retain(|l| l.get("y").and_then(float).is_none_or(|y| y <= top));
    for rules in out.list_mut("rules") {
        if let Some(lines) = rules.get_mut("lines").and_then(Value::as_array_mut) {
            lines.retain(|l| l.get(3).and_then(float).is_none_or(|y| y <= top));
        }
    }
    Ok(())
}

/// Says the one contest of a definition that names none, so that there may be another.
pub(super) fn explicit(out: &mut Drawing) {
    if !out.list("contests").is_empty() || out.list("rows").is_empty() {
        return;
    }
    let of = |k: &str| out.own.table.get(k).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, name) = (of("election"), of("title"));
    out.list_mut("contests").push(entry([("id", text(&id)), ("name", text(&name))]));
    let results = |t: &Value| t.get("role").is_none_or(|r| r.as_str() == Some("result"));
    for list in ["candidates", "totals"] {
        for one in out.list_mut(list).iter_mut().filter(|t| list == "candidates" || results(t)) {
            put(one, "contest", text(&id));
        }
    }
    for relation in out.list_mut("relations") {
        let sides = ["left", "equals", "at_most"].map(|k| relation.get(k).and_then(Value::as_array).cloned());
        let rows = sides.into_iter().flatten().flatten().any(|v| v.as_str() == Some("rows"));
        let ways = relation.get("left").and_then(|l| l.get(0)).and_then(Value::as_str) == Some("values");
        if rows && !ways {
            put(relation, "contest", text(&id));
        }
    }
}
