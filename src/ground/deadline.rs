//! How long the work of one thread may take, in time of the processor: a busy machine makes no work late.
//!
//! In: work that looks at the clock now and then ([`check`]). Out: what it gives, or that it was [`Late`]: then it ends
//! where it looked. Work that never looks is not ended, and what waits takes no time.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// The work took longer than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late;

thread_local! {
    static END: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// What `work` gives, if it does within these seconds.
///
/// # Errors
/// It looked at the clock when they were over.
///
/// # Panics
/// With the work's own panic.
pub fn within<T>(seconds: u64, work: impl FnOnce() -> T) -> Result<T, Late> {
    let before = END.replace(used().checked_add(Duration::from_secs(seconds)));
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
    if END.get().is_some_and(|end| used() > end) {
        resume_unwind(Box::new(Late));
    }
}

/// What this thread has used of the processor.
#[cfg(unix)]
fn used() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to a valid structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

/// The time since it was first asked for, where the system does not tell what a thread used.
#[cfg(not(unix))]
fn used() -> Duration {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_where_it_looks_at_the_clock_too_late_and_only_that_work() {
        let slow = || {
            let begun = used();
            while used() < begun + Duration::from_millis(2) {}
            check();
            7
        };
        assert_eq!(within(0, slow), Err(Late));
        assert_eq!(within(60, slow), Ok(7));
        assert_eq!(slow(), 7);
        let waits = || {
            std::thread::sleep(Duration::from_millis(1100));
            check();
        };
        assert_eq!(within(1, waits), Ok(()));
        let own = catch_unwind(|| within(60, || panic!("its own")));
        assert_eq!(own.unwrap_err().downcast_ref::<&str>(), Some(&"its own"));
    }
}
