//! Counts the keys that a review of a run takes, with what is known to stand on its sheets.
//!
//! `review_keys RUN TRUTH.csv` prints keys a sheet in review (median, mean, all), as the page takes
//! them: `p` where the value shown is right, digits and Enter where it is not (Enter twice where no
//! channel says the value), one key for a question about the whole sheet, the code and Enter for a code.
//! A number that the truth does not know is taken for right as shown.

use anyhow::{Context, Result};
use cotejo::desk::review::sample::Settings;
use cotejo::desk::review::settle::{CODE, SHEET, tasks};
use cotejo::form;
use cotejo::lab::eval::Truth;
use cotejo::run::output::Rows;
use std::path::Path;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [run, truth] = args.as_slice() else { anyhow::bail!("usage: review_keys RUN TRUTH.csv") };
    let mut rows = Rows::of_machine(Path::new(run))?;
    let truth = Truth::load(Path::new(truth), &form::builtin()?)?;
    let mut keys: Vec<usize> = Vec::new();
    while let Some(record) = rows.next()? {
        let tasks = tasks(&record, &Settings::default(), false);
        if tasks.is_empty() {
            continue;
        }
        let known = truth.find(&record.source().path).map(|ix| &truth.sheets[ix]);
        let mut count = 0;
        for task in &tasks {
            count += match task.field.as_str() {
                SHEET => 1,
                CODE => record.sheet.code.as_ref().map_or(20, String::len) + 1,
                field => {
                    let shown = record.value(field).context("a task is about a field of the record")?;
                    let right = known.and_then(|k| k.numbers.iter().find(|n| n.0 == field)).map(|n| n.1);
                    match (right, shown.value) {
                        (Some(right), Some(shown)) if right == shown => 1,
                        (None, Some(_)) => 1,
                        // Not on the photo as far as anyone knows: unreadable.
                        (None, None) => 1,
                        (Some(right), now) => {
                            let c = &shown.prints;
                            let said = [&c.digits, &c.words, &c.qr];
                            let likely = said.iter().any(|c| c.as_ref().and_then(|c| c.value) == Some(right))
                                || shown.alternatives.iter().any(|a| a.value == right);
                            right.to_string().len() + 1 + usize::from(now.is_some() && !likely)
                        }
                    }
                }
            };
        }
        println!("{count}\t{}\t{}", tasks.len(), record.source().path);
        keys.push(count);
    }
    keys.sort_unstable();
    if let Some(median) = keys.get(keys.len() / 2) {
        let mean = keys.iter().sum::<usize>() as f64 / keys.len() as f64;
        println!("{} sheets in review: median {median} keys, mean {mean:.1}", keys.len());
    }
    Ok(())
}
