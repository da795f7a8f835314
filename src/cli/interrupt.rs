//! Ctrl-C in a run: what is in hand is finished, and how to go on is said; a second one ends at once.
//!
//! In: the signal. Out: whether it came. Where the system has no such signal the run ends as any program does.

#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(unix)]
static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on the signal is a wish.
#[cfg(unix)]
pub(super) fn watch() {
    extern "C" fn heard(_: libc::c_int) {
        // SAFETY: both may be called from a handler.
        unsafe {
            if ASKED.swap(true, Ordering::Relaxed) {
                libc::_exit(130);
            }
            let said = b"\nfinishing the sheets in hand; Ctrl-C again ends at once\n";
            libc::write(2, said.as_ptr().cast(), said.len());
        }
    }
    // SAFETY: the handler does nothing that a handler must not.
    unsafe {
        libc::signal(libc::SIGINT, heard as extern "C" fn(libc::c_int) as libc::sighandler_t);
    }
}

/// Whether it came.
#[cfg(unix)]
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

#[cfg(not(unix))]
pub(super) fn watch() {}

#[cfg(not(unix))]
pub(super) fn asked() -> bool {
    false
}
