//! What was noticed on a sheet, as data that rides on its record.
//!
//! A finding has a stable code, a severity, the field it is about, a message that says what is seen
//! with its numbers, and a hint that says what a person can do. The words are neutral: they say what
//! is seen, not who did it. Nothing that matters is only logged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// One thing noticed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable tag, snake_case, such as `channels_disagree`.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The id of the field it is about, if it is about one.
    pub field: Option<String>,
    /// What is seen, with its numbers.
    pub message: String,
    /// What a person can do about it; empty when nothing needs doing.
    pub hint: String,
}

impl Finding {
    /// A finding about the whole sheet or file.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: code.to_owned(), severity, field: None, message: message.into(), hint: hint.into() }
    }

    /// The same finding, about one field.
    #[must_use]
    pub fn on(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}
