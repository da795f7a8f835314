//! How sentences, figures and paths are written for people.
//!
//! In: the id of a sentence and its arguments. Out: the sentence in a [`Language`], from `locales/`. Refuses nothing:
//! `build.rs` has seen that each sentence is there in each language, with no argument that its finding lacks.

use super::percent::Percent;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::{FluentNumber, FluentNumberOptions};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

/// A language of the sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Spanish.
    Es,
    /// English.
    En,
}

/// What a sentence is given under a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Arg {
    /// A count, a vote.
    Count(u64),
    /// Any number.
    Number(f64),
    /// A name, or a word that the sentence chooses by.
    Text(String),
    /// Names.
    List(Vec<String>),
}

/// Arguments by name.
pub type Args = BTreeMap<String, Arg>;

/// The arguments that there are.
pub fn args(given: Vec<(&str, Option<Arg>)>) -> Args {
    given.into_iter().filter_map(|(name, arg)| Some((name.to_owned(), arg?))).collect()
}

/// What may be an argument; `None` is left out.
pub trait Given {
    /// The argument.
    fn given(self) -> Option<Arg>;
}

macro_rules! given {
    ($($type:ty: $self:ident => $arg:expr;)*) => {
        $(impl Given for $type { fn given($self) -> Option<Arg> { $arg } })*
    };
}

given! {
    u32: self => Some(Arg::Count(self.into()));
    u64: self => Some(Arg::Count(self));
    usize: self => Some(Arg::Count(self as u64));
    Percent: self => Some(Arg::Text(self.to_string()));
    f64: self => Some(Arg::Number(self));
    String: self => Some(Arg::Text(self));
    Vec<String>: self => (!self.is_empty()).then_some(Arg::List(self));
}

/// From a list of sentences, read once more by `build.rs`, an enum of them that says itself.
macro_rules! spoken {
    ($(#[$top:meta])* $enum:ident { $($(#[$doc:meta])* $name:ident { $($arg:ident: $type:ty),* $(,)? })* }) => {
        $(#[$top])*
        #[derive(strum::IntoStaticStr)]
        #[strum(serialize_all = "snake_case")]
        #[allow(missing_docs)]
        pub enum $enum { $($(#[$doc])* $name { $($arg: $type),* },)* }

        impl $enum {
            /// What is said to the person.
            pub fn told(self, language: $crate::ground::words::Language) -> String {
                use $crate::ground::words::{Arg, Given, args, say};
                let id: &str = (&self).into();
                match self {
                    $(Self::$name { $($arg),* } => {
                        let given: Vec<(&str, Option<Arg>)> = vec![$((stringify!($arg), $arg.given())),*];
                        say(language, id, None, &args(given), &[$(stringify!($arg)),*])
                    })*
                }
            }
        }
    };
}
pub(crate) use spoken;

/// A side of a relation.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// A sum of so many rows; as a number among the arguments.
    Rows(usize),
    /// The labels of its fields.
    Labels(String),
}

impl Given for Side {
    fn given(self) -> Option<Arg> {
        match self {
            Self::Rows(n) => n.given(),
            Self::Labels(text) => text.given(),
        }
    }
}

impl<T: Given> Given for Option<T> {
    fn given(self) -> Option<Arg> {
        self.and_then(Given::given)
    }
}

/// A sentence, or a part of its entry. Of `names`, what `args` lacks is `none`; where `digits` is among them, `$said`
/// lists what the prints of a number say.
pub fn say(language: Language, id: &str, part: Option<&str>, args: &Args, names: &[&str]) -> String {
    let mut given = FluentArgs::new();
    let tenths = FluentNumberOptions { minimum_fraction_digits: Some(1), ..FluentNumberOptions::default() };
    for name in names {
        let value = match args.get(*name) {
            Some(Arg::Count(n)) => FluentValue::from(*n),
            Some(Arg::Number(n)) => FluentNumber::new(*n, tenths.clone()).into(),
            Some(Arg::Text(text)) => FluentValue::from(text.as_str()),
            Some(Arg::List(items)) => FluentValue::from(items.join(", ")),
            None => FluentValue::from("none"),
        };
        given.set(*name, value);
    }
    if names.contains(&"digits") {
        given.set("said", said(language, args));
    }
    formatted(language, id, part, &given)
}

/// `digits 183, words 283, QR 283`.
fn said(language: Language, args: &Args) -> String {
    let one = |print: &&str| {
        let Some(Arg::Count(n)) = args.get(*print) else { return None };
        let given: FluentArgs<'_> = [("n", *n)].into_iter().collect();
        Some(formatted(language, "said", Some(print), &given))
    };
    let all: Vec<String> = ["digits", "words", "qr", "percent"].iter().filter_map(one).collect();
    match all.is_empty() {
        true => formatted(language, "said", Some("nothing"), &FluentArgs::new()),
        false => all.join(", "),
    }
}

type Bundle = FluentBundle<FluentResource>;

static ES: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Es, include_str!("../../locales/es.ftl")));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::En, include_str!("../../locales/en.ftl")));

fn bundle(language: Language, text: &str) -> Bundle {
    let locale = match language {
        Language::Es => "es",
        Language::En => "en",
    };
    let mut bundle =
        Bundle::new_concurrent(vec![locale.parse().expect("a language without region or script")]);
    // The marks around arguments are for text of mixed direction; they would stand in records and terminals.
    bundle.set_use_isolating(false);
    if language == Language::Es {
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(n) => Some(n.as_string().replace('.', ",")),
            _ => None,
        }));
    }
    let number = |args: &[FluentValue<'_>]| match args.first() {
        Some(FluentValue::Number(n)) => n.value,
        _ => f64::NAN,
    };
    let decimal = move |text: String| match language {
        Language::Es => text.replace('.', ","),
        Language::En => text,
    };
    let functions = [
        bundle.add_function("PERCENT", move |args, _| percent(number(args), language).into()),
        bundle.add_function("SCIENTIFIC", move |args, _| decimal(format!("{:.1e}", number(args))).into()),
    ];
    debug_assert!(functions.iter().all(Result::is_ok), "two functions of different names");
    // What does not parse does not build.
    let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(text.to_owned());
    bundle.add_resource_overriding(resource);
    bundle
}

fn formatted(language: Language, id: &str, part: Option<&str>, args: &FluentArgs<'_>) -> String {
    let bundle = match language {
        Language::Es => &ES,
        Language::En => &EN,
    };
    let message = bundle.get_message(id);
    let pattern = message.and_then(|m| match part {
        Some(part) => m.get_attribute(part).map(|a| a.value()),
        None => m.value(),
    });
    let Some(pattern) = pattern else { return id.replace('_', " ") };
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "{id} {part:?}: {errors:?}");
    text
}

/// A probability in per cent, as exact as its distance from certainty asks: `87 %`, `99.4 %`,
/// `99.997 %`; never rounded up to 100.
pub fn percent(p: f64, language: Language) -> String {
    let p = p.clamp(0.0, 1.0);
    let edge = p.min(1.0 - p);
    let text = if p == 0.0 || p >= 1.0 {
        format!("{:.0}", p * 100.0)
    } else if edge < 1e-7 {
        (if p < 0.5 { "< 0.00001" } else { "> 99.9999" }).to_owned()
    } else {
        // Two digits of the distance from the nearer end, one of them behind a row of nines.
        let zeros = (-edge.log10()).floor();
        let digits = if p < 0.5 && zeros > 0.0 { zeros } else { zeros - 1.0 }.clamp(0.0, 7.0) as usize;
        // Cut, not rounded, above a half: 99.97 is never shown as 100.
        let scale = 10f64.powi(digits as i32);
        let cut = if p > 0.5 { (p * 100.0 * scale + 1e-6).floor() / scale } else { p * 100.0 };
        format!("{cut:.digits$}")
    };
    match language {
        Language::Es => format!("{} %", text.replace('.', ",")),
        Language::En => format!("{text}%"),
    }
}

/// A text that begins with a capital, unless with a file's name, and ends with a full stop; nothing stays nothing.
pub fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let end = if text.ends_with(['.', '…', '!', '?']) { "" } else { "." };
    match text.split(' ').next() {
        Some(name) if name.contains(['.', '/']) => format!("{text}{end}"),
        _ => format!("{}{}{end}", first.to_uppercase(), chars.as_str()),
    }
}

/// A count with a narrow no-break space between thousands, as both languages allow: `25 201`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A path as records show it: `/` between folders.
pub fn display(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A noun as pages use it: one, several, and both with a capital.
pub fn noun(one: &str, several: &str) -> [String; 4] {
    let capital = |text: &str| {
        let mut letters = text.chars();
        letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
    };
    [one.to_owned(), several.to_owned(), capital(one), capital(several)]
}

/// The words of a text in lower case without accents; what is neither letter nor digit stands between them.
pub fn plain(text: &str) -> Vec<String> {
    let bare = |c: char| match c {
        'á' | 'à' | 'ä' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        c => c,
    };
    let text: String = text.chars().flat_map(char::to_lowercase).map(bare).collect();
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}
