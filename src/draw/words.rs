//! What the page of a drawing says, and why it does not do what it was asked for.
//!
//! In: the list of `said.rs`. Out: [`Word`], a refusal with its arguments; [`page`], the words of the page by their id, in both
//! languages. Refuses nothing: `build.rs` has seen that each sentence is there.

use crate::desk::report::Both;
use crate::ground::words::{sentence, spoken};
use std::collections::BTreeMap;

/// From the list of `said.rs`, refusals and then words of the page, the type that says them.
macro_rules! drawn {
    ($($(#[$doc:meta])* $name:ident { $($arg:ident: $type:ty),* })* - $($word:ident {})*) => {
        spoken! {
            /// Why a drawing is not changed, or not saved; and what the page says.
            // All sentences of the program stand in one list, where their names tell whose they are.
            #[allow(clippy::enum_variant_names)]
            #[derive(Debug, Clone, PartialEq, Eq)]
            Word { $($(#[$doc])* $name { $($arg: $type),* })* $($word {})* }
        }

        /// The page's words by their id.
        pub(super) fn page() -> BTreeMap<&'static str, Both> {
            let all = [$(Word::$word {}),*];
            all.into_iter().map(|w| ((&w).into(), Both::of(|language| w.clone().told(language)))).collect()
        }
    };
}

include!("said.rs");

impl Word {
    /// It in both languages.
    pub fn both(&self) -> Both {
        Both::of(|language| sentence(&self.clone().told(language)))
    }
}
