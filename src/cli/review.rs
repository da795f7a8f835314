//! `cotejo review`.
//!
//! In: resolved arguments. Out: the local page until it is stopped, or an export or a merge.

use super::console::{say, tell};
use super::{Outcome, opened};
use crate::cli::args::ReviewArgs;
use crate::desk::review::exchange::{contradictions, export, merge, said};
use crate::desk::review::log::{LOG, Log, held};
use crate::desk::review::prepare_sample;
use crate::desk::review::sample::Settings;
use crate::desk::review::server::{self, Port};
use crate::desk::review::settle::Book;
use crate::desk::review::station::Station;
use crate::form;
use crate::run::output::{Lock, RECORDS_JSONL, open_if_there, run_of};
use anyhow::bail;
use std::path::Path;

/// Says which decisions are about no sheet of the run.
pub(super) fn tell_unmatched(book: &Book) {
    /// So many are named, the rest counted.
    const NAMED: usize = 10;
    let lost = book.unmatched();
    if lost.is_empty() {
        return;
    }
    tell!(
        "{} decisions of the log match no sheet of this run; they are kept, and applied to none:",
        lost.len()
    );
    for entry in lost.iter().take(NAMED) {
        let deed = &entry.deed;
        let code = deed.sheet_code.as_deref().unwrap_or("without a code");
        tell!("  {} of {}: sheet {code}, {} {}", deed.at, deed.who, deed.field, said(entry));
    }
    if lost.len() > NAMED {
        tell!("  and {} more: cotejo review --export lists all", lost.len() - NAMED);
    }
}

/// Reviews a run; [`Outcome::Open`] when something still waits.
///
/// # Errors
/// A folder without a whole run, a log that does not hold, settings that make no sense, a port that
/// cannot be had.
pub(super) fn review(args: &ReviewArgs) -> anyhow::Result<Outcome> {
    if let Some(share) = args.blind.filter(|s| !(0.0..=1.0).contains(s)) {
        bail!("--blind is {share}; it is a share: give a number between 0 and 1, such as 0.1");
    }
    let who = args.who.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
    let who: String = who.trim().chars().filter(|c| !c.is_control()).take(80).collect();
    let who = if who.is_empty() { "reviewer".to_owned() } else { who };
    if let Some(head) = &args.verify_log {
        return verify_log(&args.dir, head.as_deref());
    }
    // A folder without a run is refused as such.
    let run = open_if_there(&args.dir, RECORDS_JSONL)?.is_some();
    let _lock = run.then(|| Lock::take(&args.dir, "review")).transpose()?;
    let forms = form::known(args.forms.as_deref())?;
    let open = if args.edited.edited { Station::open_edited } else { Station::open };
    let mut station = open(&args.dir, forms, &who)?;
    opened::tell_edited(station.edited());
    if !args.merge.is_empty() {
        for path in &args.merge {
            let merged = merge(&mut station, path)?;
            tell!(
                "{}: {} entries taken in, {} were known, {} are about sheets that this run lacks",
                path.display(),
                merged.taken,
                merged.known,
                merged.strange
            );
        }
        let clashes = contradictions(&station)?;
        for clash in &clashes {
            let said: Vec<String> = clash.said.iter().map(|(who, v)| format!("{who} {v}")).collect();
            tell!("  {} {}: {}", clash.path, clash.field, said.join(", "));
        }
        tell!("{} contradictions; neither side counts until they are resolved", clashes.len());
    }
    tell_unmatched(station.book());
    if args.export || !args.merge.is_empty() {
        export(&station)?;
        station.write()?;
        let (done, all) = station.progress();
        tell!("{done} of {all} sheets reviewed; corrections.csv and corrections.json written");
        return Ok(if done == all { Outcome::Clean } else { Outcome::Open });
    }
    let seed = match args.seed {
        Some(seed) => seed,
        // 53 bits, which a reader of the log in any language holds exactly.
        None => rand::random::<u64>() >> 11,
    };
    let now = station.book().settings.clone();
    let again = |old: Option<u64>| args.seed.or(old).unwrap_or(seed);
    station.set(&Settings {
        blind: args.blind.map(|share| (share, again(now.blind.map(|b| b.1)))),
        audit: args.audit.map(|n| (n, again(now.audit.map(|a| a.1)))),
        ..Settings::default()
    })?;
    prepare_sample(&station)?;
    // What a killed station had written to the log only.
    station.write()?;
    let (done, all) = server::serve(station, Port(args.port), |address| {
        tell!("open {address}");
        tell!("the address holds a key: give it to no one; Ctrl-C ends the review");
    })?;
    tell!("{done} of {all} sheets reviewed");
    Ok(if done == all { Outcome::Clean } else { Outcome::Open })
}

/// Says what the log, its chain and what is known of its head prove, and what they do not.
fn verify_log(dir: &Path, head: Option<&str>) -> anyhow::Result<Outcome> {
    let path = dir.join(LOG);
    let log = Log::read(&path)?;
    let state = log.state();
    say!("{}: {} entries, each follows from the one before it", path.display(), state.entries)?;
    say!("  last hash {}", state.head)?;
    let mut well = true;
    match run_of(dir)?.and_then(|run| run.log) {
        Some(said) => {
            let held = held(dir, Some(&said));
            match &held.problem {
                Some(problem) => say!("  NOT the log of the run's files: {}", problem.message)?,
                None => say!(
                    "  holds the {} entries that run.json names, and {} since",
                    said.entries,
                    held.since
                )?,
            }
            well &= held.problem.is_none();
        }
        None => say!("  run.json names no log: nothing was written from it yet")?,
    }
    if let Some(head) = head {
        let found = log.find(head);
        match found {
            Some(n) => say!("  {head} is the hash of its entry {n}: the first {n} are as they were then")?,
            None => say!(
                "  {head} is the hash of NO entry: the log is another than the one that it was noted of"
            )?,
        }
        well &= found.is_some();
    }
    say!(
        "This proves that no entry was changed, removed or put between others since a hash was noted elsewhere:"
    )?;
    say!(
        "in run.json, a report, an export or a site, or on paper. It does not prove who made an entry, nor when; and"
    )?;
    say!(
        "whoever can write to the folder can make log, run.json and report anew, all three alike: hold the last hash"
    )?;
    say!("against a copy that they could not reach (--verify-log HASH).")?;
    Ok(if well { Outcome::Clean } else { Outcome::Open })
}
