//! How long the work of one thread may take.
//!
//! In: work that looks at the clock now and then ([`check`]). Out: what it gives, or that it was [`Late`]: then it ends
//! where it looked. Work that never looks is not ended.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

/// The work took longer than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late;

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What `work` gives, if it does within these seconds.
///
/// # Errors
/// It looked at the clock when they were over.
///
/// # Panics
/// With the work's own panic.
pub fn within<T>(seconds: u64, work: impl FnOnce() -> T) -> Result<T, Late> {
    let before = END.replace(Instant::now().checked_add(Duration::from_secs(seconds)));
    // What the work leaves half done is its own, as with a panic.
    let done = catch_unwind(AssertUnwindSafe(work));
    END.set(before);
    done.map_err(|panic| match panic.downcast::<Late>() {
        Ok(late) => *late,
        Err(panic) => resume_unwind(panic),
    })
}

/// Ends the work if its time is over.
pub fn check() {
    if END.get().is_some_and(|end| Instant::now() > end) {
        resume_unwind(Box::new(Late));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_where_it_looks_at_the_clock_too_late_and_only_that_work() {
        let slow = || {
            std::thread::sleep(Duration::from_millis(2));
            check();
            7
        };
        assert_eq!(within(0, slow), Err(Late));
        assert_eq!(within(60, slow), Ok(7));
        assert_eq!(slow(), 7);
        let own = catch_unwind(|| within(60, || panic!("its own")));
        assert_eq!(own.unwrap_err().downcast_ref::<&str>(), Some(&"its own"));
    }
}
