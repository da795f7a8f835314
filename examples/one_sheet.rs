//! Digitizes pictures one after the other, without a pool, for counting what that takes:
//! `scripts/instructions`.
//!
//!     one_sheet PICTURES
//!
//! In: pictures with one sheet each. Out: nothing but the count of them. Refuses a picture of which the
//! record is not accepted: what a sheet takes that is given up is no measure.

use anyhow::ensure;
use cotejo::decide::Status;
use cotejo::form;
use cotejo::run::config::Config;
use cotejo::run::pipeline::Digitizer;

fn main() -> anyhow::Result<()> {
    let mut config = Config::new(form::builtin()?);
    // Counted, a sheet takes a hundred times as long.
    config.limits.seconds = 3600;
    let digitizer = Digitizer::new(config)?;
    let pictures: Vec<String> = std::env::args().skip(1).collect();
    for picture in &pictures {
        let sheets = digitizer.file(picture.as_ref());
        let status = sheets.first().map(|s| s.record.status);
        ensure!(status == Some(Status::Accepted), "{picture}: {status:?}");
    }
    println!("{} sheets", pictures.len());
    Ok(())
}
