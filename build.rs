//! Holds the sentences of `locales/` against the findings of `src/ground/codes.rs`, the review's refusals, what the command
//! says and what the page of a drawing does.
//!
//! In: all of them. Out: nothing. Refuses, and the build fails: a file that does not parse, a finding without title,
//! `.seen` or `.do` in a language, a refusal or reply without sentence, a sentence of neither, an argument that is not supplied,
//! a choice by a word that its argument never is.

// A build script fails by panicking.
#![allow(clippy::unwrap_used)]

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};
use std::collections::{BTreeMap, BTreeSet};

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($word:ident),* })*) => {
        const CHOICES: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($word)),*])),*];
    };
}

macro_rules! findings {
    ($($(#[$doc:meta])* $code:ident { $($arg:ident: $type:ty),* $(,)? })*) => {
        const FINDINGS: &[(&str, &[(&str, &str)])] =
            &[$((stringify!($code), &[$((stringify!($arg), stringify!($type))),*])),*];
    };
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident { $($arg:ident: $type:ty),* })*) => {
        const REFUSALS: &[(&str, &[(&str, &str)])] =
            &[$((stringify!($name), &[$((stringify!($arg), stringify!($type))),*])),*];
    };
}

macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident { $($arg:ident: $type:ty),* })*) => {
        const SENTENCES: &[(&str, &[(&str, &str)])] =
            &[$((stringify!($name), &[$((stringify!($arg), stringify!($type))),*])),*];
    };
}

macro_rules! drawn {
    ($($(#[$doc:meta])* $name:ident { $($arg:ident: $type:ty),* })* - $($word:ident {})*) => {
        const DRAWN: &[(&str, &[(&str, &str)])] = &[
            $((stringify!($name), &[$((stringify!($arg), stringify!($type))),*]),)*
            $((stringify!($word), &[]),)*
        ];
    };
}

include!("src/cli/sentences.rs");
include!("src/desk/review/refusals.rs");
include!("src/draw/said.rs");
include!("src/ground/codes.rs");

/// The arguments of a sentence, each with the words that one may choose by.
type Args = BTreeMap<&'static str, BTreeSet<String>>;

/// `ChannelsDisagree` as `channels_disagree`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

/// What an argument of this type may be, as far as a sentence chooses by it: a word, a plural form, no value.
fn words(of: &str) -> BTreeSet<String> {
    let inner = of.replace(' ', "").replace("Option<", "").replace('>', "");
    let words = CHOICES.iter().find(|c| c.0 == inner).map_or(&["one", "other"][..], |c| c.1);
    words.iter().copied().chain(["none"]).map(snake).collect()
}

/// A sentence of one message, with what it may use.
struct Sentence<'a> {
    name: String,
    args: &'a Args,
}

impl Sentence<'_> {
    fn pattern(&self, text: &Pattern<&str>) {
        for element in &text.elements {
            if let PatternElement::Placeable { expression } = element {
                self.expression(expression);
            }
        }
    }

    fn expression(&self, expression: &Expression<&str>) {
        let (selector, variants) = match expression {
            Expression::Inline(inline) => return self.inline(inline),
            Expression::Select { selector, variants } => (selector, variants),
        };
        self.inline(selector);
        let InlineExpression::VariableReference { id } = selector else {
            panic!("{}: a choice by something else than an argument", self.name)
        };
        for variant in variants {
            if let (VariantKey::Identifier { name }, false) = (&variant.key, variant.default) {
                assert!(self.args[id.name].contains(*name), "{}: ${} is never {name}", self.name, id.name);
            }
            self.pattern(&variant.value);
        }
    }

    fn inline(&self, expression: &InlineExpression<&str>) {
        match expression {
            InlineExpression::StringLiteral { .. } | InlineExpression::NumberLiteral { .. } => {}
            InlineExpression::VariableReference { id } => {
                assert!(self.args.contains_key(id.name), "{}: there is no ${}", self.name, id.name);
            }
            InlineExpression::FunctionReference { id, arguments } => {
                assert!(
                    ["PERCENT", "SCIENTIFIC"].contains(&id.name),
                    "{}: no function {}",
                    self.name,
                    id.name
                );
                arguments.positional.iter().for_each(|a| self.inline(a));
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            other => panic!("{}: neither a message nor a term may stand in another: {other:?}", self.name),
        }
    }
}

fn main() {
    for file in [
        "build.rs",
        "src/ground/codes.rs",
        "src/cli/sentences.rs",
        "src/desk/review/refusals.rs",
        "src/draw/said.rs",
        "locales",
    ] {
        println!("cargo::rerun-if-changed={file}");
    }
    let said = (&["digits", "words", "qr", "percent", "nothing"][..], Args::from([("n", BTreeSet::new())]));
    let mut wanted = BTreeMap::from([("said".to_owned(), said)]);
    let findings = FINDINGS.iter().map(|f| (f, &["", "seen", "do"][..]));
    for ((name, args), parts) in
        findings.chain(REFUSALS.iter().chain(SENTENCES).chain(DRAWN).map(|r| (r, &[""][..])))
    {
        let mut args: Args = args.iter().map(|(name, of)| (*name, words(of))).collect();
        if args.contains_key("digits") {
            args.insert("said", BTreeSet::new());
        }
        assert!(wanted.insert(snake(name), (parts, args)).is_none(), "{name} stands twice in the lists");
    }
    for language in ["en", "es"] {
        let file = format!("locales/{language}.ftl");
        let text = std::fs::read_to_string(&file).unwrap();
        let resource =
            fluent_syntax::parser::parse(text.as_str()).unwrap_or_else(|(_, e)| panic!("{file}: {e:?}"));
        let mut found = BTreeSet::new();
        for entry in &resource.body {
            let message = match entry {
                Entry::Message(message) => message,
                Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => continue,
                other => panic!("{file}: {other:?}"),
            };
            let id = message.id.name;
            let (parts, args) = wanted.get(id).unwrap_or_else(|| panic!("{file}: {id} is in no list"));
            let title = message.value.iter().map(|v| ("", v));
            for (part, value) in title.chain(message.attributes.iter().map(|a| (a.id.name, &a.value))) {
                assert!(found.insert((id, part)), "{file}: {id} .{part} stands there twice");
                // A title is shown of a code without a finding.
                let args = if part.is_empty() && parts.len() > 1 { &Args::new() } else { args };
                Sentence { name: format!("{file}: {id} .{part}"), args }.pattern(value);
            }
        }
        for (id, (parts, _)) in &wanted {
            for part in *parts {
                assert!(found.contains(&(id.as_str(), *part)), "{file}: {id} has no .{part}");
            }
        }
    }
}
