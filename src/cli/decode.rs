//! `cotejo decode`, which the program itself starts for documents, and the word that it does.
//!
//! In: a document on stdin, as [`apart`] sends it. Out: its pages on stdout.

// The pages go to whoever started this process, on the streams that it gave.
#![allow(clippy::disallowed_methods)]

use super::Outcome;
use crate::read::photo::{apart, serve};
use std::io::{stdin, stdout};
use std::path::{Path, PathBuf};

/// Decodes what it is sent.
///
/// # Errors
/// A pipe that breaks: nobody waits any more.
pub(super) fn decode() -> anyhow::Result<Outcome> {
    serve(stdin().lock(), stdout().lock())?;
    Ok(Outcome::Clean)
}

/// From now on documents are decoded by processes of this program; where it does not know its own file, by itself.
pub fn decode_apart() {
    // What is replaced while it runs is still found by this name.
    let own = Path::new("/proc/self/exe");
    let own: Option<PathBuf> = if own.exists() { Some(own.into()) } else { std::env::current_exe().ok() };
    own.into_iter().for_each(|own| apart::by(own, Vec::new()));
}
