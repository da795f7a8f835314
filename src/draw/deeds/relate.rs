//! Relations as they are typed, and what follows of names.
//!
//! In: a drawing, a text such as `a + b = c`; a drawing before and after a deed. Out: the drawing with the relation, and the roles
//! that follow from it; the drawing in which all that speaks of renamed numbers does so on. Refuses what it does not understand.

use crate::draw::drawing::{Drawing, said};
use crate::draw::words::Word;
use crate::learn::write::layout::{entry, put};
use std::collections::BTreeMap;
use toml::Value;

/// Adds a relation that is typed: `a + b = c`, `a <= b`, `rows(contest) = votes`, `values = rows`.
///
/// # Errors
/// See the head of the file.
pub(super) fn relate(out: &mut Drawing, text: &str) -> Result<(), Word> {
    let torn = || Word::DrawNoRelation { text: text.to_owned() };
    let (left, op, right) = match (text.split_once("<="), text.split_once('=')) {
        (Some((l, r)), _) => (l, "at_most", r),
        (None, Some((l, r))) => (l, "equals", r),
        (None, None) => return Err(torn()),
    };
    let ids = out.ids();
    let contests: Vec<String> = out.list("contests").iter().map(|c| said(c, "id").to_owned()).collect();
    let mut contest: Option<String> = None;
    let mut side = |text: &str| -> Result<Vec<Value>, Word> {
        let mut all = Vec::new();
        for term in text.split('+').map(str::trim) {
            let rows = term.strip_prefix("rows(").and_then(|t| t.strip_suffix(')')).map(str::trim);
            let name = match (rows, term) {
                (Some(own), _) if contests.iter().any(|c| c == own) => {
                    contest = Some(own.to_owned());
                    "rows"
                }
                (Some(own), _) => return Err(Word::DrawNoSuchNumber { name: own.to_owned() }),
                (None, "") => return Err(torn()),
                (None, "rows" | "values") => term,
                (None, id) if ids.iter().any(|i| i == id) => id,
                (None, id) => return Err(Word::DrawNoSuchNumber { name: id.to_owned() }),
            };
            all.push(Value::String(name.to_owned()));
        }
        Ok(all)
    };
    let (left, right) = (side(left)?, side(right)?);
    let first = |side: &[Value]| side.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    let (l, r) = (first(&left), first(&right));
    let ways = l == "values";
    if !ways && contest.is_none() && contests.len() > 1 && [&l, &r].contains(&&"rows".to_owned()) {
        return Err(torn());
    }
    let base = match (ways, l.as_str(), &contest) {
        (true, ..) => "ways".to_owned(),
        (_, "rows", Some(contest)) => format!("{contest}_sum"),
        _ if op == "at_most" => format!("{l}_within_{r}"),
        _ if left.len() == 1 && right.len() == 1 => format!("{l}_is_{r}"),
        _ => format!("{r}_sum"),
    };
    let taken: Vec<String> = out.list("relations").iter().map(|r| said(r, "id").to_owned()).collect();
    let names = std::iter::once(base.clone()).chain((2..).map(|n| format!("{base}_{n}")));
    let name = names.into_iter().find(|n| !taken.contains(n)).unwrap_or_default();
    // What the rows of a contest add up to is its result, what adds up with others is bound as they are.
    let (single, sum) = (right.len() == 1 && op == "equals", l == "rows" && left.len() == 1);
    let terms: Vec<String> =
        left.iter().chain(&right).filter_map(|v| v.as_str().map(str::to_owned)).collect();
    for total in out.list_mut("totals").iter_mut().filter(|t| said(t, "role") == "context") {
        let own = said(total, "id").to_owned();
        let Some(total) = total.as_table_mut() else { continue };
        match &contest {
            Some(contest) if sum && single && own == r => {
                total.remove("role");
                total.insert("contest".to_owned(), Value::String(contest.clone()));
            }
            None if op == "equals" && terms.contains(&own) => {
                total.insert("role".to_owned(), Value::String("ballots".to_owned()));
            }
            _ => {}
        }
    }
    let mut relation =
        entry([("id", Value::String(name)), ("left", Value::Array(left)), (op, Value::Array(right))]);
    if let Some(contest) = contest {
        put(&mut relation, "contest", Value::String(contest));
    }
    out.list_mut("relations").push(relation);
    Ok(())
}

/// Follows renamed numbers, and takes away what speaks of numbers that are gone, candidates without rows, contests without any.
pub(super) fn settle(before: &Drawing, out: &mut Drawing, renamed: bool) {
    let (old, new) = (before.ids(), out.ids());
    let names: BTreeMap<String, String> = match renamed && old.len() == new.len() {
        true => old.into_iter().zip(new.clone()).filter(|(a, b)| a != b).collect(),
        false => BTreeMap::new(),
    };
    let rename = |v: &mut Value| {
        if let Some(to) = v.as_str().and_then(|id| names.get(id)) {
            *v = Value::String(to.clone());
        }
    };
    let known = |id: &str| matches!(id, "rows" | "values") || new.iter().any(|n| n == id);
    for relation in out.list_mut("relations") {
        for side in ["left", "equals", "at_most"] {
            relation.get_mut(side).and_then(Value::as_array_mut).into_iter().flatten().for_each(rename);
        }
    }
    let sides = |r: &Value| {
        let all = ["left", "equals", "at_most"].map(|s| r.get(s).and_then(Value::as_array).cloned());
        all.into_iter().flatten().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    out.list_mut("relations").retain(|r| sides(r).iter().all(|id| known(id)));
    let keep = |one: &mut Value, key: &str| {
        if let Some(v) = one.get_mut(key) {
            rename(v);
            if v.as_str().is_some_and(|id| !known(id)) {
                return true;
            }
        }
        false
    };
    for contest in out.list_mut("contests") {
        if keep(contest, "whole")
            && let Some(c) = contest.as_table_mut()
        {
            c.remove("whole");
        }
    }
    for total in out.list_mut("totals") {
        let gone = total.get_mut("percent").is_some_and(|p| keep(p, "of"));
        if gone && let Some(t) = total.as_table_mut() {
            t.remove("percent");
        }
    }
    if let Some(export) = out.own.table.get_mut("export") {
        for key in ["registered", "cast", "valid", "null"] {
            if keep(export, key)
                && let Some(e) = export.as_table_mut()
            {
                e.remove(key);
            }
        }
    }
    let rows: Vec<String> = out.list("rows").iter().map(|r| said(r, "candidate").to_owned()).collect();
    out.list_mut("candidates").retain(|c| rows.iter().any(|r| r == said(c, "id")));
    let theirs: Vec<String> = out.list("candidates").iter().map(|c| said(c, "contest").to_owned()).collect();
    let used: Vec<String> = out.list("totals").iter().map(|t| said(t, "contest").to_owned()).collect();
    out.list_mut("contests").retain(|c| theirs.iter().chain(&used).any(|t| t == said(c, "id")));
    let columns: Vec<String> = ["rows", "totals"]
        .iter()
        .flat_map(|l| out.list(l))
        .flat_map(|r| {
            [said(r, "columns").to_owned(), r.get("percent").map_or("", |p| said(p, "columns")).to_owned()]
        })
        .collect();
    if out.own.table.contains_key("columns") {
        out.section("columns").retain(|name, _| columns.iter().any(|c| c == name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let text = std::fs::read_to_string("tests/data/northmark.toml").unwrap();
        Drawing::open("northmark", &text).unwrap().0
    }

    fn last(drawing: &Drawing) -> Value {
        drawing.list("relations").last().unwrap().clone()
    }

    #[test]
    fn what_is_typed_becomes_a_relation_and_says_what_its_numbers_are() {
        let mut own = drawing();
        for total in own.list_mut("totals") {
            put(total, "role", Value::String("context".to_owned()));
            total.as_table_mut().unwrap().remove("contest");
        }
        relate(&mut own, "rows(council) = council_votes").unwrap();
        let sum = last(&own);
        assert_eq!((said(&sum, "id"), said(&sum, "contest")), ("council_sum", "council"));
        relate(&mut own, "assembly_votes + spoilt = box").unwrap();
        relate(&mut own, "issued <= roll").unwrap();
        assert!(last(&own).get("at_most").is_some());
        let of = |id: &str| own.list("totals").iter().find(|t| said(t, "id") == id).unwrap().clone();
        assert_eq!(
            (said(&of("council_votes"), "contest"), of("council_votes").get("role")),
            ("council", None)
        );
        assert_eq!([said(&of("box"), "role"), said(&of("issued"), "role")], ["ballots", "context"]);
        own.form().unwrap();
        for (text, named) in [("a = box", "a"), ("rows(senate) = box", "senate")] {
            let strange = Word::DrawNoSuchNumber { name: named.to_owned() };
            assert_eq!(relate(&mut own, text), Err(strange), "{text}");
        }
        for torn in ["box", "box + = issued", "rows = box"] {
            assert!(matches!(relate(&mut own, torn), Err(Word::DrawNoRelation { .. })), "{torn}");
        }
    }

    #[test]
    fn a_renamed_number_is_named_on_everywhere_and_of_one_that_is_gone_nothing_is_said() {
        let before = drawing();
        let mut own = before.clone();
        put(&mut own.list_mut("totals")[1], "id", Value::String("urn".to_owned()));
        settle(&before, &mut own, true);
        let form = own.form().unwrap();
        assert_eq!(own.own.table["export"]["cast"].as_str(), Some("urn"));
        assert_eq!(form.relations.len(), before.form().unwrap().relations.len());
        let before = own.clone();
        own.list_mut("totals").remove(1);
        settle(&before, &mut own, false);
        let form = own.form().unwrap();
        assert_eq!(form.relations.len() + 2, before.form().unwrap().relations.len());
        assert!(own.own.table["export"].get("cast").is_none());
    }
}
