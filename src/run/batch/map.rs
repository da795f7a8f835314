//! The one parallel map of the program: over files, and over the pages of a file that has several.
//!
//! In: what is to be done, how many threads. Out: results as they come, to one sink on the caller's
//! thread. A file is opened once and its pages are decoded one by one, each dropped when it is read:
//! at most one page a thread is in memory. A panic on a page is that page's record; the first error of
//! the sink ends the batch.

use super::guard::{caught, failed};
use super::{BatchError, Jobs, Progress};
use crate::run::pipeline::{Digitized, Digitizer};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::mpsc;

/// Which page of which file.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    /// Index of the file.
    pub(super) file: usize,
    /// The page, from 0.
    pub(super) page: u32,
    /// How many pages the file has.
    pub(super) of: u32,
}

/// Whose pages are digitized.
pub(super) struct Pages<'a, W, P> {
    pub(super) digitizer: &'a Digitizer,
    pub(super) files: &'a [PathBuf],
    /// Which pages of which files; the others are left out.
    pub(super) wanted: W,
    pub(super) progress: &'a P,
}

/// The receiver is gone because the sink failed, or the run is to stop: the rest is not done.
struct Gone;

/// Digitizes the pages of the files `todo`; `work` makes of each page what `sink` gets.
///
/// # Errors
/// Threads cannot be started; what the sink fails with.
pub(super) fn pages<T: Send, P: Progress>(
    todo: &[usize],
    jobs: Jobs,
    what: &Pages<'_, impl Fn(usize, u32) -> bool + Sync, P>,
    work: impl Fn(Vec<Digitized>) -> T + Sync,
    mut sink: impl FnMut(At, T) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let each = |file: usize, give: &Give<'_, (At, T)>| {
        if what.progress.stop() {
            return Err(Gone);
        }
        let path = &what.files[file];
        let opened = match caught(|| what.digitizer.open(path)) {
            Ok(opened) => opened,
            Err(problem) => {
                let made = work(vec![failed(what.digitizer, path, 0, 1, &problem)]);
                return give((At { file, page: 0, of: 1 }, made));
            }
        };
        let of = opened.pages();
        let wanted: Vec<u32> = (0..of).filter(|&page| (what.wanted)(file, page)).collect();
        what.progress.more((wanted.len() as u32).saturating_sub(1));
        wanted.par_iter().with_max_len(1).try_for_each(|&page| {
            if what.progress.stop() {
                return Err(Gone);
            }
            let made = caught(|| work(what.digitizer.page(&opened, page)));
            let made =
                made.unwrap_or_else(|problem| work(vec![failed(what.digitizer, path, page, of, &problem)]));
            give((At { file, page, of }, made))
        })
    };
    run(todo, jobs, each, |(at, made)| sink(at, made))
}

/// What `work` makes of each number below `n`, in their order; `done` is told of each as it comes.
///
/// # Errors
/// Threads cannot be started.
pub fn collect<T: Send>(
    n: usize,
    jobs: Jobs,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(&T),
) -> Result<Vec<T>, BatchError> {
    let all: Vec<usize> = (0..n).collect();
    let mut results: Vec<Option<T>> = all.iter().map(|_| None).collect();
    let each = |i: usize, give: &Give<'_, (usize, T)>| give((i, work(i)));
    run(&all, jobs, each, |(i, result)| {
        done(&result);
        results[i] = Some(result);
        Ok(())
    })?;
    Ok(results.into_iter().flatten().collect())
}

/// Hands a result to the sink.
type Give<'a, T> = dyn Fn(T) -> Result<(), Gone> + Sync + 'a;

/// `work` on `jobs` threads, `sink` on the caller's as results come, in any order.
fn run<T: Send>(
    todo: &[usize],
    jobs: Jobs,
    work: impl Fn(usize, &Give<'_, T>) -> Result<(), Gone> + Sync,
    mut sink: impl FnMut(T) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.0)
        .build()
        .map_err(|e| BatchError::Threads { jobs: jobs.0, problem: e.to_string() })?;
    // The channel holds as much as the workers make while one page is written; then they wait.
    let (sender, receiver) = mpsc::sync_channel::<T>(2 * jobs.0);
    let mut result = Ok(());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Dropped with this closure: the receiver then ends.
            let sender = sender;
            let give = |value: T| sender.send(value).map_err(|_| Gone);
            // An error says only that the sink failed, and the sink has said so.
            let _ = pool.install(|| todo.par_iter().with_max_len(1).try_for_each(|&i| work(i, &give)));
        });
        for value in receiver {
            if let Err(error) = sink(value) {
                result = Err(error);
                break;
            }
        }
    });
    result
}
