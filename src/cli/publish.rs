//! `cotejo publish`.
//!
//! In: a run's folder and where the site goes. Out: the site. Refuses what [`crate::count::publish`] refuses.

use super::console::tell;
use super::results::{expected, nist_head};
use super::{Outcome, opened};
use crate::cli::args::PublishArgs;
use crate::count::publish::{self, Options};
use crate::count::tally::columns::ColumnMap;
use crate::form;
use crate::run::output::Overwrite;
use anyhow::Context;

/// Makes a static site of a run.
///
/// # Errors
/// A folder without a run, a folder that holds something else, a key that cannot be opened.
pub(super) fn publish(args: &PublishArgs) -> anyhow::Result<Outcome> {
    let forms = form::known(args.forms.as_deref())?;
    let columns = args.columns.as_deref().map(ColumnMap::load).transpose()?;
    let password = match &args.password_file {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password in {}", path.display()))?;
            Some(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => None,
    };
    let run = opened::open(&args.dir, &forms, &args.edited)?;
    let options = Options {
        head: nist_head(&run, args.issuer.as_deref()),
        run,
        out: args.out.clone(),
        existing: if args.overwrite { Overwrite::Replace } else { Overwrite::Refuse },
        photos: args.photos.clone(),
        expected: expected(&args.dir, args.registry.as_deref(), &forms)?,
        columns,
        title: args.title.clone().unwrap_or_default(),
        key: args.sign.clone().map(|key| (key, password)),
    };
    let site = publish::publish(&options, &forms)?;
    tell!("{} {}, {} pictures, {} files", site.units, site.level.plural.en, site.pictures, site.files);
    for (why, count) in &site.refused {
        tell!("  {count} sheets without a picture: {why}");
    }
    if let Some(key) = &site.public_key {
        tell!(
            "  signed; check it with: minisign -V -P {key} -m {}",
            args.out.join("manifest.json").display()
        );
    }
    tell!("  open {}", args.out.join("index.html").display());
    Ok(Outcome::Clean)
}
