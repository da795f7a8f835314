//! The decoder's side of [`super::apart`]: a process that decodes one document and can do nothing else.
//!
//! In: a document's bytes and the numbers of pages, on a pipe. Out: the pages' pixels, or why there are none. Takes no
//! more memory and time than it may: the system ends it where it does.

use super::apart::{Answer, Ask, MEMORY, receive, send};
use super::{Document, Limits};
use std::io::{self, Read, Write};

/// Serves one document, until nobody asks any more.
///
/// # Errors
/// The pipes.
pub fn serve(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let Some((Ask::Open(limits), bytes)) = receive(&mut from, u64::MAX)? else { return Ok(()) };
    bound_memory();
    bound_time(&limits);
    let document = match Document::open("", String::new(), bytes, &limits) {
        Ok(document) => document,
        Err(error) => return send(&mut to, &Answer::Refused(error), &[]),
    };
    let (format, pages) = (document.format().to_owned(), document.pages());
    send(&mut to, &Answer::Opened { format, pages }, &[])?;
    while let Some((Ask::Page(page), _)) = receive(&mut from, 0)? {
        bound_time(&limits);
        match document.page(page, &limits) {
            Ok(photo) => {
                let (width, height) = photo.pixels.dimensions();
                send(&mut to, &Answer::Page { format: photo.format, width, height }, photo.pixels.as_raw())?;
            }
            Err(error) => send(&mut to, &Answer::Refused(error), &[])?,
        }
    }
    Ok(())
}

/// From here on [`MEMORY`] more than there is now. Only where the system says what a process has.
#[cfg(target_os = "linux")]
fn bound_memory() {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages: Option<u64> = pages.and_then(|said| said.split(' ').next()?.parse().ok());
    // SAFETY: takes a number, returns a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    if let (Some(pages), Ok(size)) = (pages, u64::try_from(size)) {
        limit(libc::RLIMIT_AS, pages * size + MEMORY);
    }
    // What it would leave behind helps nobody.
    limit(libc::RLIMIT_CORE, 0);
}

#[cfg(not(target_os = "linux"))]
fn bound_memory() {}

/// Whoever waits ends what is late; where nobody waits any more, the system does.
#[cfg(target_os = "linux")]
fn bound_time(limits: &Limits) {
    // SAFETY: all zeros is a value of this plain structure, and it is written to.
    let used = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    };
    limit(libc::RLIMIT_CPU, used.max(0) as u64 + limits.decoding() + 2);
}

#[cfg(not(target_os = "linux"))]
fn bound_time(_: &Limits) {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
type Resource = libc::c_int;

/// Sets a limit of this process; one that the system does not take leaves it as it was.
#[cfg(target_os = "linux")]
fn limit(what: Resource, to: u64) {
    // SAFETY: both calls get a valid structure.
    unsafe {
        let mut now: libc::rlimit = std::mem::zeroed();
        libc::getrlimit(what, &mut now);
        now.rlim_cur = to.min(now.rlim_max);
        libc::setrlimit(what, &now);
    }
}
