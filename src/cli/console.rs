//! What the commands say: data on stdout, talk on stderr.
//!
//! In: lines. Out: the same, on the process's streams; with `--log`, talk is lines of the log. Whoever stops
//! reading (`cotejo schema | head`) ends the command quietly: data refuses with [`Closed`], which is no
//! failure; talk is dropped, so that a run goes on to its end.

// The one place that talks on the process's streams.
#![allow(clippy::disallowed_methods)]

use anyhow::Context;
use std::fmt::Arguments;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Read, Write, stderr, stdin, stdout};
use std::path::Path;

/// Nobody reads the data any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads the output any more")]
pub struct Closed;

/// Writes bytes to stdout.
///
/// # Errors
/// [`Closed`]; what else the system says.
pub(super) fn data(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Err(Closed.into()),
        written => written.context("cannot write to stdout"),
    }
}

/// Writes to stdout what `write` writes, which need not be in memory together.
///
/// # Errors
/// As [`data`], and what `write` says.
pub(super) fn pour<E: Into<anyhow::Error>>(
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, Pipe { closed: false });
    let written = write(&mut out).map_err(Into::into);
    let written = written.and_then(|()| out.flush().context("cannot write to stdout"));
    if out.get_ref().closed { Err(Closed.into()) } else { written }
}

/// Stdout, which remembers that nobody reads it.
struct Pipe {
    closed: bool,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = stdout().write(bytes);
        self.closed |= written.as_ref().is_err_and(|e| e.kind() == ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stdout().flush()
    }
}

/// The bytes of a file that is given, or, for `-`, of stdin; so many at most.
///
/// # Errors
/// It cannot be read.
pub(super) fn given(file: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match file.to_str() {
        Some("-") => stdin().lock().take(most).read_to_end(&mut bytes),
        _ => File::open(file).and_then(|opened| opened.take(most).read_to_end(&mut bytes)),
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(bytes)
}

/// Writes a line to stdout.
///
/// # Errors
/// As [`data`].
pub(super) fn line(text: Arguments<'_>) -> anyhow::Result<()> {
    data(format!("{text}\n").as_bytes())
}

/// Writes a line to stderr as it is; nothing is worse off where nobody reads it.
pub(super) fn write(text: Arguments<'_>) {
    let _ = stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Whether the user asked for a log.
pub(super) fn logs() -> bool {
    tracing::enabled!(tracing::Level::INFO)
}

/// Says a line to the user: on stderr, or in the log.
pub(super) fn talk(text: Arguments<'_>) {
    if logs() {
        tracing::info!("{}", text.to_string().trim());
    } else {
        write(text);
    }
}

/// Says why the command failed.
pub fn failed(error: &anyhow::Error) {
    tracing::error!("{}", causes(error));
}

/// An error with its causes, each said once: many errors name theirs already.
fn causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        already if already.contains(cause.trim_end()) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// A line of data, formatted as `println!` does; gives a result.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::console::line(format_args!($($text)*)) };
}

/// A line of talk, formatted as `eprintln!` does.
macro_rules! tell {
    ($($text:tt)*) => { $crate::cli::console::talk(format_args!($($text)*)) };
}

pub(super) use {say, tell};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_an_error_names_is_said_once() {
        let inner = || std::io::Error::other("disk full");
        let named = anyhow::Error::from(inner()).context("out: disk full; make room");
        assert_eq!(causes(&named), "out: disk full; make room");
        assert_eq!(causes(&anyhow::Error::from(inner()).context("cannot write")), "cannot write: disk full");
    }
}
