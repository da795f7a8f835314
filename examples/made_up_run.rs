//! Writes the run of a made-up country, without pictures, to try tally, export, verify and publish:
//!
//!     cargo run --release --example made_up_run -- out/country 30000
//!
//! In: a new folder, how many tables, a seed. Out: records.jsonl and run.json, as `cotejo run` leaves
//! them, record by record. A fortieth of the sheets waits for review. Refuses a folder that holds a run.

use anyhow::{Context, bail};
use cotejo::decide::Status;
use cotejo::lab::synth::records::Country;
use cotejo::run::output::{Measured, Run};
use std::collections::BTreeMap;
use std::io::Write;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(dir) = args.first().map(std::path::PathBuf::from) else {
        bail!("usage: made_up_run FOLDER [TABLES] [SEED]");
    };
    let tables = args.get(1).map_or(Ok(30_000), |a| a.parse()).context("the number of tables")?;
    let seed = args.get(2).map_or(Ok(1), |a| a.parse()).context("the seed")?;
    if dir.join("records.jsonl").exists() {
        bail!("{}: holds a run already", dir.display());
    }
    std::fs::create_dir_all(&dir)?;
    let forms = cotejo::form::builtin()?;
    let mut file = std::io::BufWriter::new(std::fs::File::create(dir.join("records.jsonl"))?);
    let mut run = Run::new(&[], BTreeMap::new(), Measured::default());
    for (ix, mut record) in Country::new(&forms[0], tables, seed).enumerate() {
        if ix % 40 == 39 {
            record.status = Status::Review;
            record.confidence = 0.97;
        }
        run.counts.records += 1;
        match record.status {
            Status::Accepted => run.counts.accepted += 1,
            Status::Review => run.counts.review += 1,
            Status::Rejected => run.counts.rejected += 1,
        }
        serde_json::to_writer(&mut file, &record)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    run.settings.insert("max_error".to_owned(), "1e-4".to_owned());
    std::fs::write(dir.join("run.json"), run.to_json()?)?;
    eprintln!("{tables} tables in {}", dir.display());
    Ok(())
}
