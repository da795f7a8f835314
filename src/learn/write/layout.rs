//! The text of a definition, as a person reads it and holds one state of it against another.
//!
//! In: a definition's values, comments on entries. Out: TOML with an entry a line, in an order that is always the same; and
//! back, a text's comments. Refuses nothing: what is a definition is for [`crate::form`] to say.

use std::collections::BTreeMap;
use std::fmt::Write;
use toml::{Table, Value};

/// What stands first, and in which order; the rest follows by name.
const FIRST: [&str; 65] = [
    "id",
    "version",
    "title",
    "election",
    "language",
    "issued",
    "places",
    "candidate",
    "text",
    "name",
    "label",
    "sigla",
    "code",
    "of",
    "x",
    "y",
    "align",
    "centre",
    "left",
    "right",
    "top",
    "width",
    "height",
    "size",
    "bold",
    "margin_left",
    "length",
    "thousands",
    "style",
    "columns",
    "equals",
    "at_most",
    "contest",
    "whole",
    "role",
    "usual",
    "pattern",
    "prefix",
    "print",
    "digits",
    "words",
    "percent",
    "values",
    "levels",
    "names",
    "contests",
    "candidates",
    "totals",
    "rows",
    "labels",
    "rules",
    "relations",
    "pages",
    "blocks",
    "lines",
    "sheet",
    "paper",
    "frame",
    "styles",
    "header",
    "qr",
    "hash",
    "private",
    "export",
    "invent",
];

/// A definition to be written.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Definition {
    /// The lines of comment above it, without their sign.
    pub head: Vec<String>,
    /// What it says.
    pub table: Table,
    /// Comments behind entries, by list and [`key`].
    pub notes: BTreeMap<(String, String), String>,
}

/// A length in hundredths of a millimetre.
pub(crate) fn mm(v: f64) -> Value {
    Value::Float((v * 100.0).round() / 100.0)
}

/// A text.
pub(crate) fn text(t: &str) -> Value {
    Value::String(t.to_owned())
}

/// Texts.
pub(crate) fn texts<'a>(all: impl IntoIterator<Item = &'a str>) -> Value {
    Value::Array(all.into_iter().map(text).collect())
}

/// An entry of keys and values.
pub(crate) fn entry<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Table(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// Adds a key to an entry.
pub(crate) fn put(entry: &mut Value, key: &str, value: Value) {
    if let Value::Table(table) = entry {
        table.insert(key.to_owned(), value);
    }
}

/// By what an entry of a list is known: its id, its name, its text.
pub(crate) fn key(entry: &Value) -> String {
    let said = |k: &str| entry.get(k).and_then(Value::as_str);
    match (said("id"), said("candidate"), said("sigla"), said("text")) {
        (Some(id), ..) => id.to_owned(),
        (None, Some(candidate), Some(sigla), _) => format!("{candidate}_{sigla}"),
        (.., Some(text)) => text.to_owned(),
        _ => String::new(),
    }
}

/// The places of keys in a table.
fn ordered(table: &Table) -> Vec<(&String, &Value)> {
    let mut all: Vec<(&String, &Value)> = table.iter().collect();
    let place = |k: &str| FIRST.iter().position(|f| *f == k).unwrap_or(FIRST.len());
    all.sort_by(|a, b| place(a.0).cmp(&place(b.0)).then(a.0.cmp(b.0)));
    all
}

/// Whether a value is a list of entries, each of which has a line.
fn is_list(value: &Value) -> bool {
    value.as_array().is_some_and(|a| !a.is_empty() && a.iter().all(Value::is_table))
}

/// A key as it has to be written.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) {
        key.to_owned()
    } else {
        Value::String(key.to_owned()).to_string()
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let all: Vec<String> =
                ordered(table).into_iter().map(|(k, v)| format!("{} = {}", bare(k), inline(v))).collect();
            format!("{{ {} }}", all.join(", "))
        }
        // Lines of the print stand below each other.
        Value::Array(all)
            if !all.is_empty() && all.iter().all(|v| v.as_array().is_some_and(|a| a.len() == 4)) =>
        {
            let lines: Vec<String> = all.iter().map(|v| format!("    {},\n", inline(v))).collect();
            format!("[\n{}  ]", lines.concat())
        }
        Value::Array(all) => format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Float(v) => format!("{:?}", if *v == 0.0 { 0.0 } else { *v }),
        other => other.to_string(),
    }
}

/// A list of entries, one a line.
fn list(name: &str, value: &Value, notes: &BTreeMap<(String, String), String>) -> String {
    let mut out = format!("{} = [\n", bare(name));
    for entry in value.as_array().into_iter().flatten() {
        let note = notes.get(&(name.to_owned(), key(entry))).map_or_else(String::new, |n| format!("  # {n}"));
        let _ = writeln!(out, "  {},{note}", inline(entry));
    }
    out + "]\n"
}

/// A table below its name.
fn section(name: &str, table: &Table, notes: &BTreeMap<(String, String), String>, out: &mut String) {
    let below = |v: &Value| v.as_table().is_some_and(|t| t.values().any(|v| v.is_table() || is_list(v)));
    if !table.values().all(below) || table.is_empty() {
        let _ = write!(out, "\n[{name}]\n");
    }
    for (k, v) in ordered(table).into_iter().filter(|(_, v)| !below(v)) {
        let text = if is_list(v) { list(k, v, notes) } else { format!("{} = {}\n", bare(k), inline(v)) };
        out.push_str(&text);
    }
    for (k, v) in ordered(table).into_iter().filter(|(_, v)| below(v)) {
        if let Some(table) = v.as_table() {
            section(&format!("{name}.{}", bare(k)), table, notes, out);
        }
    }
}

impl Definition {
    /// Its text.
    pub fn text(&self) -> String {
        let mut out: String = self.head.iter().map(|l| format!("# {l}\n")).collect();
        let all = ordered(&self.table);
        let single = |v: &Value| !v.is_table() && !is_list(v);
        for (k, v) in all.iter().filter(|(_, v)| single(v)) {
            let _ = writeln!(out, "{} = {}", bare(k), inline(v));
        }
        out.push('\n');
        for (k, v) in all.iter().filter(|(_, v)| is_list(v)) {
            out.push_str(&list(k, v, &self.notes));
        }
        for (k, v) in &all {
            if let Some(table) = v.as_table() {
                section(&bare(k), table, &self.notes, &mut out);
            }
        }
        out
    }

    /// Of a text: its values, with the comments above it and behind its entries; and how many comments stand elsewhere.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn of(text: &str) -> Result<(Self, usize), toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        let comment = |l: &str| l.trim().strip_prefix('#').map(|l| l.trim().to_owned());
        let head: Vec<String> = text.lines().map_while(comment).collect();
        let (mut notes, mut within, mut lost) = (BTreeMap::new(), String::new(), 0);
        for line in text.lines().skip(head.len()).map(str::trim) {
            if let Some(name) = line.strip_suffix("= [") {
                within = name.trim().to_owned();
            }
            let Some((entry, note)) = noted(line) else { continue };
            let own = format!("e = {}", entry.trim().trim_end_matches(','));
            match toml::from_str::<Table>(&own).ok().filter(|_| entry.starts_with('{')) {
                Some(table) => {
                    notes.insert((within.clone(), key(&table["e"])), note.to_owned());
                }
                None => lost += 1,
            }
        }
        Ok((Self { head, table, notes }, lost))
    }
}

/// A line and the comment behind it.
fn noted(line: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return Some((&line[..at], line[at + 1..].trim())),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q && !line[..at].ends_with('\\') => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form;

    /// Definitions that stand in the project.
    fn all() -> Vec<(String, String)> {
        let folders = ["forms", "models/forms", "tests/data"].into_iter();
        let files = folders.flat_map(|d| std::fs::read_dir(d).unwrap().map(|e| e.unwrap().path()));
        let forms = files.filter(|p| p.extension().is_some_and(|e| e == "toml"));
        forms.map(|p| (p.display().to_string(), std::fs::read_to_string(p).unwrap())).collect()
    }

    #[test]
    fn a_definition_that_is_written_anew_says_the_same_and_stays_as_it_is() {
        let all = all();
        assert!(all.len() >= 6, "{}", all.len());
        for (name, text) in all {
            let (own, _) = Definition::of(&text).unwrap();
            let written = own.text();
            let (again, lost) = Definition::of(&written).unwrap_or_else(|e| panic!("{name}: {e}\n{written}"));
            assert_eq!((&again, lost), (&own, 0), "{name}");
            assert_eq!(again.text(), written, "{name}");
            form::parse(&name, &written).unwrap();
        }
    }

    #[test]
    fn comments_above_and_behind_entries_are_kept_and_others_are_counted() {
        let text = "# Of a county.\n# Twice.\nid = \"a\" # here\nrows = [\n  { candidate = \"A\", sigla = \"#1\" },  # never varies\n  # between\n]\n";
        let (own, lost) = Definition::of(text).unwrap();
        assert_eq!((own.head.len(), own.notes.len(), lost), (2, 1, 2));
        assert!(
            own.text().contains("{ candidate = \"A\", sigla = \"#1\" },  # never varies\n"),
            "{}",
            own.text()
        );
    }
}
