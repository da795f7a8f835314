//! A run's folder opened for a command that reads it.
//!
//! In: the folder, the forms, whether edited results are gone on with. Out: the run, whose files and log belong to each
//! other; what does not is told. Refuses results that are not as the program wrote them, unless they are to be marked.

use super::console::tell;
use crate::cli::args::EditedArgs;
use crate::desk::review::log::held;
use crate::form::Form;
use crate::ground::finding::Finding;
use crate::run::output::Opened;
use std::path::Path;

/// Opens a run.
///
/// # Errors
/// The folder holds no run, or one that was edited.
pub(super) fn open(dir: &Path, forms: &[Form], edited: &EditedArgs) -> anyhow::Result<Opened> {
    let mut opened = Opened::of(dir, forms)?;
    let held = held(dir, opened.about().log.as_ref());
    held.problem.into_iter().for_each(|problem| opened.notice(problem));
    let opened = if edited.edited { opened } else { opened.unedited()? };
    tell_edited(&opened.about().edited);
    if held.since > 0 {
        tell!(
            "{} decisions of the review log are not in the run's files yet; cotejo review {} --export brings them in",
            held.since,
            dir.display()
        );
    }
    Ok(opened)
}

/// Says what shows that a run was edited.
pub(super) fn tell_edited(edited: &[Finding]) {
    for finding in edited {
        tell!("EDITED: {}", finding.message);
    }
}
