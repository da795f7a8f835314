//! What was noticed on a sheet, as data that rides on its record.
//!
//! A finding has a stable code, a severity, the field it is about and what its sentences need: what is seen, with its
//! numbers, and what a person can do. [`super::words`] makes them of that in the reader's language, where they are
//! shown; in English they ride on the record as well. Nothing that matters is only logged. Refuses a code that this
//! version does not know: what it cannot weigh it does not pass on.

use super::percent::Percent;
use super::words::{Arg, Args, Given, Language, Side, args, say};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::borrow::Cow;
use std::cmp::Ordering;
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know; does not keep a sheet from being accepted.
    Info,
    /// Keeps the sheet from being accepted until a person has looked.
    Review,
    /// The sheet or file cannot be used.
    Reject,
}

/// From the list of `codes.rs` the types that a sentence chooses its words by.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($word:ident),* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        #[allow(missing_docs)]
        pub enum $name { $($word),* }

        impl Given for $name {
            fn given(self) -> Option<Arg> {
                <&str>::from(self).to_owned().given()
            }
        }
    )*};
}

/// And the types [`Code`] and [`What`].
macro_rules! findings {
    ($($(#[$doc:meta])* $code:ident { $($arg:ident: $type:ty),* $(,)? })*) => {
        /// Everything that can be noticed; in records by its name in snake_case.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
        #[derive(Display, EnumIter, EnumString, IntoStaticStr)]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum Code { $($(#[$doc])* $code,)* }

        /// What is seen, with what its sentence needs; `None` is what is not known.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum What { $($(#[$doc])* $code { $($arg: $type),* },)* }

        impl Code {
            /// What a finding of this code may carry.
            pub const fn args(self) -> &'static [&'static str] {
                match self { $(Self::$code => &[$(stringify!($arg)),*],)* }
            }
        }

        impl What {
            /// Its code.
            pub const fn code(&self) -> Code {
                match self { $(Self::$code { .. } => Code::$code,)* }
            }

            /// Its arguments by name.
            pub fn args(self) -> Args {
                let given: Vec<(&str, Option<Arg>)> = match self {
                    $(Self::$code { $($arg),* } => vec![$((stringify!($arg), $arg.given())),*],)*
                };
                args(given)
            }
        }
    };
}

include!("codes.rs");

impl Code {
    /// Its name, as records write it.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its title.
    pub fn title(self, language: Language) -> String {
        say(language, self.name(), None, &Args::new(), &[])
    }
}

/// By name, so that no output hangs on the order above.
impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Names that records of earlier versions write, each with the one that stands for it.
const EARLIER: [(&str, &str); 2] =
    [("electores_exceeded", "registered_exceeded"), ("electores_differ", "registered_differ")];

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        let name = EARLIER.iter().find(|(earlier, _)| *earlier == name).map_or(name, |e| Cow::Borrowed(e.1));
        let unknown =
            |_| format!("this version knows no finding {name:?}; a newer cotejo may have written it");
        name.parse().map_err(unknown).map_err(D::Error::custom)
    }
}

/// One thing noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// The id of the field it is about, if it is about one.
    pub field: Option<String>,
    /// What its sentence needs, by name; absent in records of versions that wrote the sentence alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Args>,
    /// What is seen, with its numbers, in English.
    pub message: String,
    /// What a person can do about it, in English; empty when nothing needs doing.
    pub hint: String,
}

impl Finding {
    /// A finding about the whole sheet or file.
    pub fn new(severity: Severity, what: What) -> Self {
        let (code, args) = (what.code(), what.args());
        let say = |part| say(Language::En, code.name(), Some(part), &args, code.args());
        let (message, hint) = (say("seen"), say("do"));
        Self { code, severity, field: None, args: Some(args), message, hint }
    }

    /// A finding as versions without arguments wrote it.
    #[cfg(test)]
    pub fn told(code: Code, severity: Severity, message: &str, hint: &str) -> Self {
        let (message, hint) = (message.to_owned(), hint.to_owned());
        Self { code, severity, field: None, args: None, message, hint }
    }

    /// The same finding, about one field.
    #[must_use]
    pub fn on(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// Whether `label` is among the names that it gives.
    pub fn names(&self, label: &str) -> bool {
        let names = self.args.as_ref().and_then(|a| a.get("names"));
        matches!(names, Some(Arg::List(names)) if names.iter().any(|n| n == label))
    }

    /// What is seen, with its numbers; in the record's words where it lacks what the sentence needs.
    pub fn seen(&self, language: Language) -> String {
        match &self.args {
            Some(args) => say(language, self.code.name(), Some("seen"), args, self.code.args()),
            None => self.message.clone(),
        }
    }

    /// What a person can do about it; empty when nothing needs doing.
    pub fn advice(&self, language: Language) -> String {
        let say = |args| say(language, self.code.name(), Some("do"), args, self.code.args());
        match (&self.args, language) {
            (Some(args), _) => say(args),
            (None, Language::En) => self.hint.clone(),
            (None, Language::Es) => say(&Args::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator;

    #[test]
    fn a_finding_comes_back_as_written_and_an_old_one_in_its_own_words() {
        let what = What::CodeUnreadable { printed: Some("01.02".to_owned()), probability: Some(0.5) };
        let finding = Finding::new(Severity::Review, what).on("code");
        let written = serde_json::to_value(&finding).unwrap();
        assert_eq!(written["args"], serde_json::json!({"printed": "01.02", "probability": 0.5}));
        assert_eq!(serde_json::from_value::<Finding>(written).unwrap(), finding);
        let old =
            r#"{"code": "streaks", "severity": "info", "field": null, "message": "seen", "hint": "do"}"#;
        let old: Finding = serde_json::from_str(old).unwrap();
        assert_eq!((old.seen(Language::Es), old.advice(Language::En)), ("seen".to_owned(), "do".to_owned()));
        assert!(old.advice(Language::Es).starts_with("limpie"));
        assert!(serde_json::to_value(&old).unwrap().get("args").is_none());
    }

    #[test]
    fn a_code_is_written_and_read_by_its_name() {
        for code in Code::iter() {
            let written = serde_json::to_string(&code).unwrap();
            assert_eq!(written, format!("\"{}\"", code.name()));
            assert_eq!(serde_json::from_str::<Code>(&written).unwrap(), code);
        }
        assert_eq!(Code::QrOfAnotherSheet.name(), "qr_of_another_sheet");
        for (earlier, now) in EARLIER {
            assert_eq!(serde_json::from_str::<Code>(&format!("\"{earlier}\"")).unwrap().name(), now);
        }
        let refused = serde_json::from_str::<Code>("\"coffee_stain\"").unwrap_err().to_string();
        assert!(refused.contains("coffee_stain") && refused.contains("newer"), "{refused}");
    }
}
