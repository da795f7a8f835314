//! The program's own failure on one page, kept to that page.
//!
//! In: one page's work. Out: what it gives, or the words of the panic that ended it; and the record of
//! such a page: rejected, `internal_error`. What page is meant is known by its bytes, so that a resumed
//! run does not meet it again. A stack that overflows or memory that runs out is not caught here: the
//! system ends the process. Decoders of documents, which are not this program's, have one of their own for that
//! ([`crate::read::photo::apart`]).

use crate::ground::finding::{Finding, Severity, What};
use crate::ground::hash::sha256;
use crate::ground::words::display;
use crate::read::photo::{self, page_name};
use crate::record::{self, Source};
use crate::run::pipeline::{Digitized, Digitizer, Times};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What `work` gives, or the message of its panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What outlives the page is shared as immutable, or one thread's engine that is given a new picture
    // before each use: a half-done page leaves nothing behind that another could see.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| said(panic.as_ref()))
}

/// The words of a panic; what the standard library's own macros throw is one of these two.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}

/// The finding on a page, or on a sheet, that the program failed on.
pub(super) fn finding(name: &str, severity: Severity, problem: &str) -> Finding {
    Finding::new(severity, What::InternalError { file: name.to_owned(), problem: problem.to_owned() })
}

/// The record of page `page` (of `of`) of a file.
pub(super) fn failed(digitizer: &Digitizer, file: &Path, page: u32, of: u32, problem: &str) -> Digitized {
    let path = display(file);
    let finding = finding(&page_name(&path, page, of), Severity::Reject, problem);
    let sha256 = photo::read(file, &digitizer.config().limits).map(|b| sha256(&b)).unwrap_or_default();
    let source = Source { path, sha256, page, ..Source::default() };
    Digitized {
        record: record::rejected(source, finding, digitizer.provenance(None)),
        evidence: None,
        pixels: None,
        times: Times::default(),
    }
}
