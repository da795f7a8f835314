//! On which line of a definition an entry stands.
//!
//! In: the definition's text, the entry that a check names and what it says of it. Out: the line, from 1; `None` where
//! nothing of that name is found. Looks where the checks look: by the path of keys, or, for what is listed, by its
//! name; then for the key that the problem begins with.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Value<'t> = Spanned<DeValue<'t>>;

/// The line of an entry.
pub(super) fn line(text: &str, entry: &str, problem: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let root = Value::new(root.span(), DeValue::Table(root.into_inner()));
    let (name, part) = entry.split_once(": ").map_or((entry, None), |(name, part)| (name, Some(part)));
    let mut words = problem.split([' ', ';']);
    let (key, said) = (words.next()?, words.find_map(|w| w.parse::<f64>().ok()));
    let named = match walk(&root, name) {
        Some(found) => vec![found],
        None => {
            let mut all = Vec::new();
            listed(&root, name, &mut all);
            all
        }
    };
    let inside = |item| within(&root, item, part, key);
    // Of several of one name that which says what the problem says.
    let says = |value: &&Value<'_>| said.is_some() && number(value) == said;
    let of_them: Vec<_> = named.iter().filter_map(|item| inside(item)).collect();
    let found = of_them.iter().copied().find(says).or(of_them.first().copied());
    let at = found.or(named.first().copied())?.span().start;
    Some(1 + text.get(..at)?.matches('\n').count())
}

fn get<'v, 't>(value: &'v Value<'t>, key: &str) -> Option<&'v Value<'t>> {
    value.get_ref().as_table()?.iter().find(|(k, _)| k.get_ref() == key).map(|(_, v)| v)
}

fn text<'v>(value: &'v Value<'_>, key: &str) -> Option<&'v str> {
    get(value, key)?.get_ref().as_str()
}

fn number(value: &Value<'_>) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(v) => v.as_str().parse().ok(),
        DeValue::Integer(v) => v.as_str().parse().ok(),
        _ => None,
    }
}

/// Along keys and places in lists; of a list of tables also by name.
fn walk<'v, 't>(root: &'v Value<'t>, path: &str) -> Option<&'v Value<'t>> {
    if let Some(ix) = path.strip_prefix("rules.lines.") {
        // The lines of all lists of them, counted through.
        let lists = get(root, "rules")?.get_ref().as_array()?.iter();
        let lines = lists.filter_map(|list| get(list, "lines")?.get_ref().as_array());
        return lines.flat_map(|l| l.iter()).nth(ix.parse().ok()?);
    }
    path.split('.').try_fold(root, |value, key| match value.get_ref() {
        DeValue::Array(list) => match key.parse::<usize>() {
            Ok(ix) => list.get(ix),
            Err(_) => list.iter().find(|item| is(item, key)),
        },
        _ => get(value, key),
    })
}

/// Whether an item of a list goes by this name.
fn is(item: &Value<'_>, name: &str) -> bool {
    let row = || {
        let (candidate, sigla) = (text(item, "candidate")?, text(item, "sigla")?);
        Some(format!("{candidate}_{}", sigla.replace(' ', "_")))
    };
    let lines = get(item, "sigla_lines").and_then(|l| l.get_ref().as_array());
    let wrapped = lines.is_some_and(|l| l.iter().any(|line| line.get_ref().as_str() == Some(name)));
    wrapped
        || ["id", "text", "sigla", "code"].iter().any(|key| text(item, key) == Some(name))
        || row().as_deref() == Some(name)
}

/// Everything listed under this name.
fn listed<'v, 't>(value: &'v Value<'t>, name: &str, out: &mut Vec<&'v Value<'t>>) {
    match value.get_ref() {
        DeValue::Table(table) => table.iter().for_each(|(_, v)| listed(v, name, out)),
        DeValue::Array(list) => {
            for item in list.iter() {
                if is(item, name) {
                    out.push(item);
                }
                listed(item, name, out);
            }
        }
        _ => {}
    }
}

/// What stands in an item under the key: in itself, in how it is printed, or in its columns.
fn within<'v, 't>(
    root: &'v Value<'t>,
    item: &'v Value<'t>,
    part: Option<&str>,
    key: &str,
) -> Option<&'v Value<'t>> {
    let columns = || get(get(root, "columns")?, text(item, "columns")?);
    let cell = part.and_then(|part| get(columns()?, part)).and_then(|cell| get(cell, key));
    let own = || get(item, key).or_else(|| get(get(item, "print")?, key));
    let label = || ["sigla_right", "code_centre"].iter().find_map(|k| get(columns()?, k));
    cell.or_else(own).or_else(|| (key == "x").then(label).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_by_its_path_by_its_name_and_in_its_columns() {
        let text = "\
places = 4
[paper]
width = 81.0
[columns.votes]
digits = { centre = 1, width = 2 }
[[rules]]
lines = [[0, 1, 2, 3],
         [4, 5, 6, 7]]
[[rows]]
candidate = \"A\"
sigla = \"P Q\"
columns = \"votes\"
y = 7
[[labels]]
text = \"NRO.\"
x = 1
[[labels]]
text = \"NRO.\"
x = 2
[header]
[[header.lines]]
id = \"code\"
print = { x = 3 }";
        for (entry, problem, at) in [
            ("places", "is 9; at most 6", 1),
            ("paper", "width is 1; too small", 3),
            ("paper.width", "is 1", 3),
            ("A_P_Q: digits", "width is 2; it has to be more", 5),
            ("A_P_Q: digits", "y is 7", 13),
            ("rules.lines.1", "x of a line's start is 4", 8),
            ("NRO.", "x is 2; too far", 19),
            ("code", "x is 3", 23),
        ] {
            assert_eq!(line(text, entry, problem), Some(at), "{entry}: {problem}");
        }
        assert_eq!(line(text, "nobody", "is 1"), None);
    }
}
