//! `cotejo forms`, `cotejo schema`, `cotejo report`; the manual's pages and completions for packages.

use super::console::{data, say, tell};
use super::{Outcome, opened};
use crate::cli::args::{Cli, FormsArgs, ReportArgs};
use crate::desk::report as page;
use crate::form;
use crate::form::FieldKind;
use crate::run::output::{self, Lock};
use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::Path;

/// Lists the known forms.
///
/// # Errors
/// A definition that is refused.
pub(super) fn forms(args: &FormsArgs) -> anyhow::Result<Outcome> {
    for form in form::known(args.forms.as_deref())? {
        let votes = form.votes().count();
        let totals = form.fields.iter().filter(|f| f.kind == FieldKind::Total).count();
        let levels: Vec<&str> = form.levels.all().iter().map(|l| l.id.as_str()).collect();
        let (id, version, title) = (&form.id, form.version, &form.title);
        say!("{id}\tversion {version}\t{votes} vote rows, {totals} totals\t{title}\t{}", levels.join(", "))?;
    }
    Ok(Outcome::Clean)
}

/// Prints the JSON Schema of a record.
///
/// # Errors
/// None is known.
pub(super) fn schema() -> anyhow::Result<Outcome> {
    say!("{}", output::schema()?)?;
    Ok(Outcome::Clean)
}

/// Writes the manual's pages.
///
/// # Errors
/// The folder cannot be written to.
pub(super) fn man(dir: &Path) -> anyhow::Result<Outcome> {
    let written = clap_mangen::generate_to(Cli::command(), dir);
    written.with_context(|| format!("cannot write the manual's pages into {}", dir.display()))?;
    Ok(Outcome::Clean)
}

/// Prints the completions for a shell.
///
/// # Errors
/// Nobody reads them.
pub(super) fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "cotejo", &mut out);
    data(&out)?;
    Ok(Outcome::Clean)
}

/// Writes the report of a run again.
///
/// # Errors
/// A folder without a run, a report that cannot be written.
pub(super) fn report(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let forms = form::known(args.forms.as_deref())?;
    let opened = opened::open(&args.dir, &forms, &args.edited)?;
    let _lock = Lock::take(&args.dir, "report")?;
    page::again(&opened, &forms)?;
    tell!("{}", args.dir.join("report.html").display());
    Ok(Outcome::Clean)
}
