//! A review whose disk fails at any step, or that ends there: no decision that was answered is lost, and the files are
//! those that the log gives. Files and logs that were changed outside the program are noticed.

use super::log::{LOG, Log, held};
use super::station::Station;
use super::talk::Sent;
use super::tests::{folder, keep, station, typed};
use super::{ReviewError, files, log};
use crate::desk::report;
use crate::form::builtin;
use crate::record::Record;
use crate::run::output::disk::fault::{Fault, failing};
use crate::run::output::{
    About, Census, MACHINE_JSONL, Measured, Next, Opened, RECORDS_CSV, RECORDS_JSONL, Table, load, run_of,
};
use std::path::Path;

/// Numbers of the first row, as a reader finds them.
fn first(dir: &Path) -> Option<u32> {
    load(dir).unwrap()[0].contests[0].choices[0].votes.value
}

fn bytes(dir: &Path) -> Vec<Vec<u8>> {
    [RECORDS_JSONL, RECORDS_CSV, MACHINE_JSONL]
        .iter()
        .map(|name| std::fs::read(dir.join(name)).unwrap())
        .collect()
}

/// Whether files and log belong to each other.
fn whole(dir: &Path) -> bool {
    let opened = Opened::of(dir, &builtin().unwrap()).unwrap();
    let log = opened.about().log.clone();
    opened.unedited().is_ok() && held(dir, log.as_ref()).problem.is_none()
}

fn decisions(records: &[Record]) -> [Sent; 3] {
    [
        typed(&records[0], "NM_PSUV", "21"),
        typed(&records[0], "NM_PCV", "11"),
        typed(&records[0], "NM_PSUV", "22"),
    ]
}

#[test]
fn no_answered_decision_is_lost_and_the_files_are_what_the_log_gives_whatever_fails() {
    let mut steps = 0;
    for fault in [Fault::Once, Fault::Dead] {
        for at in 0.. {
            let (dir, records) = folder();
            let mut answered = Vec::new();
            let work = || -> Result<(), ReviewError> {
                let mut s = Station::open(dir.path(), builtin().unwrap(), "ana")?;
                for sent in decisions(&records) {
                    if let Ok(answer) = s.enter(&sent) {
                        answered.push(answer.entry);
                    }
                    let _ = s.write();
                }
                Ok(())
            };
            let (_, reached) = failing(at, fault, work);
            if reached <= at {
                break;
            }
            steps += 1;
            assert!(whole(dir.path()), "{fault:?} at {at}");
            let s = station(dir.path(), "eva");
            for entry in &answered {
                assert!(s.log().entries().iter().any(|e| e.hash == *entry), "{fault:?} at {at}");
            }
            s.write().unwrap();
            drop(s);
            // The same log over the machine's records, undisturbed.
            let (other, _) = folder();
            std::fs::copy(dir.path().join(LOG), other.path().join(LOG)).unwrap();
            station(other.path(), "eva").write().unwrap();
            assert_eq!(bytes(dir.path()), bytes(other.path()), "{fault:?} at {at}");
        }
    }
    println!("{steps} steps");
    assert!(steps > 80, "{steps} steps are too few to be all");
}

#[test]
fn a_resumed_run_on_a_reviewed_folder_never_leaves_the_machines_numbers() {
    let reviewed = || {
        let (dir, records) = folder();
        let mut s = station(dir.path(), "ana");
        s.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
        s.write().unwrap();
        (dir, records)
    };
    let resume = |dir: &Path, records: &[Record]| -> Result<(), ReviewError> {
        let forms = builtin().unwrap();
        let mut next = Next::begin(dir)?;
        let (mut table, mut census) = (Table::new(&mut next)?, Census::default());
        for record in records {
            table.add(record)?;
            census.add(record);
        }
        table.finish(&forms)?;
        let mut run = census.run(Default::default(), Measured::default());
        files::apply(&mut next, &mut run, &forms)?;
        report::write(&mut next, &forms, &About::of(&run))?;
        next.commit(run)?;
        Ok(())
    };
    for at in 0.. {
        let (dir, records) = reviewed();
        let (done, reached) = failing(at, Fault::Dead, || resume(dir.path(), &records));
        assert_eq!(first(dir.path()), Some(21), "at {at}");
        assert!(whole(dir.path()), "at {at}");
        if reached <= at {
            println!("{at} steps");
            done.unwrap();
            break;
        }
    }
}

#[test]
fn a_station_that_is_behind_writes_nothing_over_newer_decisions() {
    let (dir, records) = folder();
    let (stale, mut newer) = (station(dir.path(), "ana"), station(dir.path(), "eva"));
    newer.enter(&typed(&records[0], "NM_PSUV", "21")).unwrap();
    newer.write().unwrap();
    let before = bytes(dir.path());
    let refused = stale.write().unwrap_err().to_string();
    assert!(refused.contains("nothing was written") && refused.contains(LOG), "{refused}");
    assert_eq!(bytes(dir.path()), before);
    // Nor does one whose log was put in the place of another.
    drop((stale, newer));
    let open = station(dir.path(), "ana");
    let (other, _) = folder();
    drop(Log::open(other.path()).unwrap());
    std::fs::rename(other.path().join(LOG), dir.path().join(LOG)).unwrap();
    assert!(matches!(open.write(), Err(ReviewError::Log(log::LogError::Busy { .. }))));
    assert_eq!(bytes(dir.path()), before);
}

#[test]
fn the_files_name_the_log_that_they_rest_on_and_a_cut_one_or_an_edited_record_stops_the_review() {
    let (dir, records) = folder();
    let mut s = station(dir.path(), "ana");
    for sent in decisions(&records) {
        s.enter(&sent).unwrap();
    }
    s.write().unwrap();
    let state = s.log().state();
    drop(s);
    assert_eq!(run_of(dir.path()).unwrap().unwrap().log, Some(state.clone()));
    let report = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(report.contains(&state.head), "the report names it");
    std::fs::remove_file(dir.path().join(LOG)).unwrap();
    let open = || Station::open(dir.path(), builtin().unwrap(), "eva");
    let refused = open().err().unwrap().to_string();
    assert!(refused.contains("3 decisions") && refused.contains("--edited"), "{refused}");
    assert!(!dir.path().join(LOG).exists(), "a refused review leaves no log");
    // Gone on with, what is written says so, and stays marked.
    let marked = Station::open_edited(dir.path(), builtin().unwrap(), "eva").unwrap();
    marked.write().unwrap();
    drop(marked);
    let run = run_of(dir.path()).unwrap().unwrap();
    assert_eq!((run.edited.len(), run.log.unwrap().entries), (1, 0));
    keep(dir.path(), &records);
    let text = std::fs::read_to_string(dir.path().join(RECORDS_JSONL)).unwrap();
    std::fs::write(dir.path().join(RECORDS_JSONL), text.replacen("\"value\":20", "\"value\":520", 1))
        .unwrap();
    let refused = open().err().unwrap().to_string();
    assert!(refused.contains("line 1"), "{refused}");
    let marked = Station::open_edited(dir.path(), builtin().unwrap(), "eva").unwrap();
    marked.write().unwrap();
    drop(marked);
    let run = run_of(dir.path()).unwrap().unwrap();
    assert!(!run.edited.is_empty());
    let report = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(report.contains("stands there as 30"), "the report says it");
    let opened = Opened::of(dir.path(), &builtin().unwrap()).unwrap();
    assert_eq!(opened.about().edited, run.edited, "what was gone on with once stays told");
}
