//! Steps that fail, for tests: the system's refusals at any place, and the end of the process.
//!
//! In: the number of a step, how it fails. Out: what the work under test returns, and how many steps it came to. Holds
//! for the thread that does the work. Refuses nothing.

use super::Step;
use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// How a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It alone, as on a disk that is full for a moment; a write has written half.
    Once,
    /// It and all after it, as when the process ends there.
    Dead,
}

struct Plan {
    done: usize,
    at: usize,
    fault: Fault,
}

thread_local! {
    static PLAN: RefCell<Option<Plan>> = const { RefCell::new(None) };
}

/// Does `work`, whose step `at`, from 0, fails so; with it, how many steps were asked for.
pub(crate) fn failing<T>(at: usize, fault: Fault, work: impl FnOnce() -> T) -> (T, usize) {
    PLAN.set(Some(Plan { done: 0, at, fault }));
    let out = work();
    (out, PLAN.take().map_or(0, |plan| plan.done))
}

/// Asks whether a step may be done.
pub(crate) fn step(step: Step, path: &Path) -> Result<()> {
    PLAN.with_borrow_mut(|plan| {
        let Some(plan) = plan else { return Ok(()) };
        let here = plan.done;
        plan.done += 1;
        let fails = match plan.fault {
            Fault::Once => here == plan.at,
            Fault::Dead => here >= plan.at,
        };
        if !fails {
            return Ok(());
        }
        // What is torn is the step itself, not those that a dead process no longer takes.
        let kind =
            if step == Step::Write && here == plan.at { ErrorKind::WriteZero } else { ErrorKind::Other };
        Err(Error::new(kind, format!("injected at {step:?} {here} of {}", path.display())))
    })
}
