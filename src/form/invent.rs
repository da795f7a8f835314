//! What made-up sheets of a form say: never read, only drawn.
//!
//! In: the form's `[invent]`. Out: [`Invent`]. Refuses nothing; what is left out is a few plain syllables.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What made-up sheets say where the header's templates have a name in braces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Invent {
    /// What a word that means nothing begins with.
    pub heads: Vec<String>,
    /// What it goes on with, once to three times.
    pub tails: Vec<String>,
    /// What files of sheets are called.
    pub file: String,
    /// What marks a sheet as made up.
    pub sample: String,
    /// The first line of a sheet that was printed before voting.
    pub zero: String,
    /// What an official's number begins with.
    pub person: String,
    /// By name, texts of which one is taken. In them `{name}` is another of these, `{word}` a word, and
    /// `{name:1-3}` one to three of them with spaces between.
    pub parts: BTreeMap<String, Vec<String>>,
}

impl Default for Invent {
    fn default() -> Self {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect();
        Self {
            heads: list("BA CO FE LU MI NO RO SI TA VE"),
            tails: list("RA LO DA GO VAL"),
            file: "sheet".to_owned(),
            sample: "SAMPLE WITHOUT VALUE".to_owned(),
            zero: "Zero report".to_owned(),
            person: String::new(),
            parts: BTreeMap::new(),
        }
    }
}
