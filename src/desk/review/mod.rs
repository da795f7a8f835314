//! The review: a local page on which people settle what the program left open, and its audit log.
//!
//! In: the folder of a run. Out: `review.sqlite`, the [`log`] of all that was done, and the run's files
//! written anew from the machine's records and that log ([`files`]). [`settle`] says what is asked and
//! what stands, [`fold`] what holds where several people spoke, [`sample`] what is entered twice and
//! what is drawn for the audit, [`recheck`] what does not fit; [`station`] is the state in memory,
//! [`server`] the page on 127.0.0.1, [`exchange`] exports and merges.
//!
//! The program's own records stay in `records.machine.jsonl`, unchanged. Refuses a folder without a run,
//! a run that was cut off, and a log whose chain of hashes does not hold.

pub mod exchange;
pub mod files;
pub mod fold;
mod guard;
pub mod log;
mod pages;
mod photos;
pub mod recheck;
pub mod sample;
pub mod server;
pub mod settle;
pub mod station;
#[cfg(test)]
mod tests;

pub use photos::prepare_sample;

use crate::desk::report::{Both, ReportError};
use crate::run::output::OutputError;

/// Why something of a review could not be done.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The log.
    #[error(transparent)]
    Log(#[from] log::LogError),
    /// A file of the run.
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
    #[error("127.0.0.1:{port}: {source}; give another --port, or none for any that is free")]
    Port {
        /// As asked for.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
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
    /// The page asked for a sheet that the run lacks.
    #[error("the run has no such sheet")]
    NoSheet,
    /// The sheet lacks the field.
    #[error("the sheet has no such number")]
    NoField,
    /// That cannot be done to it.
    #[error("that cannot be done to this field")]
    NoAction,
    /// Not a number that the form can print.
    #[error("type a whole number from 0 to {largest}")]
    NoNumber {
        /// The largest that the form can print.
        largest: u32,
    },
    /// Not a code of the form.
    #[error("this is not how the form prints its code")]
    NoCode,
    /// "As printed" without a value.
    #[error("no value is shown that could be as printed; type it")]
    NothingShown,
    /// Nothing of this reviewer is left to undo.
    #[error("there is nothing to undo")]
    NothingToUndo,
}

impl ReviewError {
    /// Whether the page asked for something that makes no sense, and in both languages what.
    pub(crate) fn for_page(&self) -> (bool, Both) {
        let es = match self {
            Self::NoSheet => "La corrida no tiene esa hoja.".to_owned(),
            Self::NoField => "La hoja no tiene ese número.".to_owned(),
            Self::NoAction => "Eso no se puede hacer con esta casilla.".to_owned(),
            Self::NoNumber { largest } => format!("Escriba un número entero de 0 a {largest}."),
            Self::NoCode => "Así no imprime la hoja su código.".to_owned(),
            Self::NothingShown => "No hay valor a la vista: escríbalo.".to_owned(),
            Self::NothingToUndo => "No hay nada que deshacer.".to_owned(),
            other => return (false, Both::same(other.to_string())),
        };
        let en = self.to_string();
        let mut letters = en.chars();
        let first = letters.next().map_or_else(String::new, |c| c.to_uppercase().to_string());
        (true, Both::new(es, format!("{first}{}.", letters.as_str())))
    }
}
