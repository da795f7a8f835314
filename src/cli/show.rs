//! `cotejo forms`, `cotejo schema`, `cotejo report`.

use super::console::{say, tell};
use super::{Outcome, opened};
use crate::cli::args::{FormsArgs, ReportArgs};
use crate::desk::report as page;
use crate::form;
use crate::form::FieldKind;
use crate::run::output::{self, Lock};

/// Lists the known forms.
///
/// # Errors
/// A definition that is refused.
pub fn forms(args: &FormsArgs) -> anyhow::Result<Outcome> {
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
pub fn schema() -> anyhow::Result<Outcome> {
    say!("{}", output::schema()?)?;
    Ok(Outcome::Clean)
}

/// Writes the report of a run again.
///
/// # Errors
/// A folder without a run, a report that cannot be written.
pub fn report(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let forms = form::known(args.forms.as_deref())?;
    let opened = opened::open(&args.dir, &forms, &args.edited)?;
    let _lock = Lock::take(&args.dir, "report")?;
    page::again(&opened, &forms)?;
    tell!("{}", args.dir.join("report.html").display());
    Ok(Outcome::Clean)
}
