//! The search of a site: small files that are loaded as they are needed.
//!
//! In: centres with their names and places. Out: scripts that hand over a list each (`cotejo.put(…)`),
//! because a page that was opened from a folder may load scripts and nothing else: one for each first
//! digits of a code, one for each two first letters of a word of a name, and one with the words
//! that are too frequent to be looked up. Refuses nothing.

use super::PublishError;
use super::manifest::Writer;
use crate::form::Levels;
use crate::ground::words;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A centre as the search shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The areas that it lies in, the smallest first.
    pub place: String,
    /// Its page.
    pub href: String,
}

/// A word in more than this share of the centres, and in more than a few, is not looked up by itself.
const FREQUENT: f64 = 0.03;
const FEW: usize = 200;

/// The words that are looked up: those of more than one character.
pub fn plain(text: &str) -> Vec<String> {
    words::plain(text).into_iter().filter(|w| w.len() > 1).collect()
}

/// The script of a list.
fn script(key: &str, list: &[&Entry]) -> String {
    let rows: Vec<_> = list.iter().map(|e| json!([e.code, e.name, e.place, e.href])).collect();
    format!("cotejo.put({},{});\n", json!(key), json!(rows))
}

/// How many digits of a code name its list: that many, or the whole code of a form with shorter ones.
pub fn key(levels: &Levels) -> usize {
    levels.centre_width().min(4)
}

/// Writes the index, of codes by their first `key` digits.
///
/// # Errors
/// A file cannot be written.
pub fn write(site: &Writer, entries: &[Entry], key: usize) -> Result<(), PublishError> {
    let mut codes: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let mut words: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (ix, entry) in entries.iter().enumerate() {
        codes.entry(entry.code.get(..key).unwrap_or(&entry.code)).or_default().push(entry);
        for word in plain(&entry.name) {
            words.entry(word).or_default().insert(ix);
        }
    }
    for (key, list) in codes {
        site.file(&format!("search/c-{}.js", safe(key)), script(key, &list).as_bytes())?;
    }
    let most = ((entries.len() as f64 * FREQUENT) as usize).max(FEW);
    let (frequent, rare): (Vec<_>, Vec<_>) = words.into_iter().partition(|(_, list)| list.len() > most);
    let mut shards: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (word, list) in rare {
        shards.entry(word[..2].to_owned()).or_default().extend(list);
    }
    for (key, list) in &shards {
        let list: Vec<&Entry> = list.iter().map(|&ix| &entries[ix]).collect();
        site.file(&format!("search/w-{key}.js"), script(key, &list).as_bytes())?;
    }
    let frequent: Vec<&String> = frequent.iter().map(|(w, _)| w).collect();
    let shards: Vec<&String> = shards.keys().collect();
    let meta = format!("cotejo.meta({},{});\n", json!(frequent), json!(shards));
    site.file("search/meta.js", meta.as_bytes())
}

fn safe(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_without_accents_and_signs() {
        assert_eq!(plain("U.E. \"José María\" Nº 2 – Ñáñez"), ["jose", "maria", "nanez"]);
    }
}
