//! What the report says, in Spanish and in English.
//!
//! In: findings, probabilities, fields. Out: [`Both`] languages of a title, what is seen and what a person can do, from
//! the sentences of [`crate::ground::words`]. Refuses nothing: an old record's finding is shown in its own words.

use crate::form::{FieldKind, Form};
use crate::ground::finding::{Code, Finding};
use crate::ground::words::{self, Language, sentence};
use crate::record::Record;
use serde::Serialize;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Spanish.
    pub es: String,
    /// English.
    pub en: String,
}

impl Both {
    /// From both texts.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }

    /// From what makes it in a language.
    pub fn of(make: impl Fn(Language) -> String) -> Self {
        Self { es: make(Language::Es), en: make(Language::En) }
    }

    /// The same in both languages.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { es: text.clone(), en: text }
    }
}

/// The title of a finding's code.
pub fn title(code: Code) -> Both {
    Both::of(|language| code.title(language))
}

/// What a person can do about a finding; empty when nothing needs doing.
pub fn advice(finding: &Finding) -> Both {
    Both::of(|language| sentence(&finding.advice(language)))
}

/// What is seen, with its numbers; empty where the title or the sums beside it say it all.
pub fn detail(finding: &Finding) -> Both {
    match finding.code {
        Code::RelationBroken | Code::RegisteredExceeded | Code::QrMissing | Code::ZeroReport => {
            Both::same("")
        }
        _ => seen(finding),
    }
}

/// What is seen, with its numbers.
pub fn seen(finding: &Finding) -> Both {
    Both::of(|language| sentence(&finding.seen(language)))
}

/// A field as a person would call it: its party for a vote row, its label for a total.
pub fn label(id: &str, record: &Record, form: Option<&Form>) -> String {
    if let Some(vote) = record.choice(id) {
        return vote.party.clone();
    }
    let field = form.and_then(|f| f.field(id).map(|ix| &f.fields[ix]));
    field.map_or_else(
        || id.replace('_', " "),
        |f| match &f.kind {
            FieldKind::Vote { party, .. } => party.clone(),
            FieldKind::Value { .. } | FieldKind::Total | FieldKind::Header => f.label.clone(),
        },
    )
}

/// A probability in per cent, as exact as its distance from certainty asks.
pub fn percent(p: f64) -> Both {
    Both::of(|language| words::percent(p, language))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::finding::{Severity, What};

    #[test]
    fn a_probability_is_never_rounded_up_to_certainty() {
        assert_eq!(percent(0.87).en, "87%");
        assert_eq!(percent(0.994).es, "99,4 %");
        assert_eq!(percent(0.99997).en, "99.997%");
        assert_eq!(percent(0.999_999_999_9).en, "> 99.9999%");
        assert_eq!(percent(0.00032).en, "0.032%");
        assert_eq!(percent(0.0).en, "0%");
    }

    #[test]
    fn a_disagreement_is_told_in_both_languages_with_each_channels_number() {
        let (label, together) = ("PSUV".to_owned(), Some(20));
        let what = What::ChannelsDisagree {
            label,
            digits: Some(20),
            words: Some(21),
            qr: None,
            percent: None,
            together,
        };
        let both = detail(&Finding::new(Severity::Review, what));
        assert_eq!(both.es, "PSUV: dígitos 20, letras 21; los canales juntos dan 20.");
        assert_eq!(both.en, "PSUV: digits 20, words 21; 20 is what the channels together give.");
    }

    #[test]
    fn a_finding_without_arguments_speaks_in_its_records_words() {
        let old = Finding::told(Code::OutOfLine, Severity::Review, "PSUV: digits 20", "look");
        assert_eq!(detail(&old).es, "PSUV: digits 20.");
        assert_eq!(title(old.code).es, "Un número no encaja con los demás");
        assert_eq!(advice(&old).es, "Compare el número y las sumas con la foto.");
    }
}
