//! The review: a local page on which people settle what the program left open, and its audit log.
//!
//! In: the folder of a run. Out: `review.sqlite`, the [`log`] of all that was done, and the run's files
//! written anew from the machine's records and that log ([`files`]). [`settle`] says what is asked and
//! what stands, [`fold`] what holds where several people spoke, [`sample`] what is entered twice and
//! what is drawn for the audit, [`recheck`] what does not fit; [`station`] is the state in memory,
//! [`server`] the page on 127.0.0.1, [`exchange`] exports and merges.
//!
//! The program's own records stay in `records.machine.jsonl`, unchanged. Refuses a folder without a run,
//! a run that was cut off, a log whose chain of hashes does not hold, and a folder whose files or log are not as the
//! program wrote them.

pub mod exchange;
#[cfg(test)]
mod faults;
pub mod files;
pub mod fold;
pub mod log;
mod machine;
mod pages;
mod photos;
pub mod recheck;
pub mod sample;
pub mod server;
pub mod settle;
pub mod station;
pub mod talk;
#[cfg(test)]
mod tests;

pub use photos::prepare_sample;

use crate::desk::report::{Both, ReportError};
use crate::ground::words::{Language, sentence, spoken};
use crate::run::output::OutputError;

/// Why something of a review could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The log.
    #[error(transparent)]
    Log(#[from] log::LogError),
    /// A file of the run, or that it is not as the program wrote it.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A page.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A page's template; a fault of the program.
    #[error("the review's template: {0}")]
    Template(#[from] minijinja::Error),
    /// The run is not whole.
    #[error("{dir}: holds a run that was cut off; finish it with cotejo run --resume, then review it")]
    Unfinished {
        /// The folder.
        dir: String,
    },
    /// The port cannot be had.
    #[error(transparent)]
    Port(#[from] crate::desk::serve::Unbound),
    /// A sampled sheet's photo is not there.
    #[error(
        "{path}: the photo of a sheet that is drawn for the audit {problem}; put the photos back where they \
         were when the run was made, and start from the same folder"
    )]
    Photo {
        /// The photo.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What the page asked for makes no sense.
    #[error("{}", .0.told(Language::En))]
    Refused(Refusal),
}

/// From the list of `refusals.rs` the type [`Refusal`].
macro_rules! refusals {
    ($($list:tt)*) => {
        spoken! {
            /// Why the page does not get what it asked for.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            Refusal { $($list)* }
        }
    };
}

include!("refusals.rs");

impl From<Refusal> for ReviewError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl ReviewError {
    /// Whether the page asked for something that makes no sense, and in both languages what.
    pub(crate) fn for_page(&self) -> (bool, Both) {
        match self {
            Self::Refused(why) => (true, Both::of(|language| sentence(&why.told(language)))),
            other => (false, Both::same(other.to_string())),
        }
    }
}
