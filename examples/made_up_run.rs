//! Writes the run of a made-up country, without pictures, to try tally, export, verify and publish:
//!
//!     cargo run --release --example made_up_run -- out/country 30000
//!
//! In: a new folder, how many tables, a seed. Out: records.jsonl, records.csv and run.json, as `cotejo
//! run` leaves them, record by record. A fortieth of the sheets waits for review. Refuses a folder that holds a run.

use anyhow::{Context, bail};
use cotejo::decide::Status;
use cotejo::lab::synth::records::Country;
use cotejo::run::output::{Census, Folder, Measured, Next, Overwrite, Table};
use std::collections::BTreeMap;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = args.first().map(std::path::PathBuf::from) else {
        bail!("usage: made_up_run FOLDER [TABLES] [SEED]");
    };
    let tables = args.get(1).map_or(Ok(30_000), |a| a.parse()).context("the number of tables")?;
    let seed = args.get(2).map_or(Ok(1), |a| a.parse()).context("the seed")?;
    let forms = cotejo::form::builtin()?;
    let folder = Folder::create(&dir, Overwrite::Refuse)?;
    let mut next = Next::begin(folder.path())?;
    let (mut table, mut census) = (Table::new(&mut next)?, Census::default());
    for (ix, mut record) in Country::new(&forms[0], tables, seed).enumerate() {
        if ix % 40 == 39 {
            record.status = Status::Review;
            record.confidence = 0.97;
        }
        census.add(&record);
        table.add(&record)?;
    }
    table.finish(&forms)?;
    let settings = BTreeMap::from([("max_error".to_owned(), "1e-4".to_owned())]);
    next.commit(census.run(settings, Measured::default()))?;
    eprintln!("{tables} tables in {}", dir.display());
    Ok(())
}
