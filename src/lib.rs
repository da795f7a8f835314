//! cotejo digitizes election tally sheets.
//!
//! The way through the program is the list of its rooms, and each uses only those before it (`tests/rooms.rs` reads
//! the imports and fails when one runs back):
//!
//! 1. `ground`: what every room speaks: places, findings, sentences for people, hashes.
//! 2. `form`: what a sheet looks like and what its numbers have to satisfy, from TOML.
//! 3. `read`: from a photo's bytes to [`Evidence`]; it measures and never decides.
//! 4. `decide`: evidence, of one photo or several, to a decision: values, probabilities, a status, findings.
//! 5. `record`: what is handed over, one [`Record`] a sheet.
//! 6. `picture`: a record and its photo to crops and covered pictures.
//! 7. `run`: a folder of photos to the records of a run; `run::pipeline` is the way of one photo.
//! 8. `count`: results from the records of a run: tables, exports, comparisons, a site.
//! 9. `desk`: where people look and settle what is open.
//! 10. `lab`: sheets made up with their truth, and everything measured against truth.
//! 11. `learn`: a form's definition from sheets that nobody has described.
//! 12. `draw`: a form's definition that a person draws on a sample.
//! 13. `cli`: the `cotejo` command.
//!
//! The laws that every stage keeps:
//!
//! - Vision measures; `decide` alone decides. Every value keeps its evidence.
//! - Refuse rather than guess: accepted means that the probability of a wrong number is small.
//! - Channels that contradict each other with confidence are never accepted, whatever the sums say.
//! - A value that relations corrected or filled is marked so, with what was read beside it.
//! - Findings say what is seen, not who did it.
//!
//! Who builds on it takes [`Reader`]; the rooms are the crate's own.
//!
//! ```
//! use cotejo::{Options, Reader, Status};
//!
//! # fn main() -> Result<(), cotejo::Error> {
//! let reader = Reader::new(Options::default())?;
//! let sheets = reader.read_path("samples/acta-0001.jpg")?;
//! let record = &sheets[0].record;
//! assert_eq!(record.status, Status::Accepted);
//! println!("{:?} votes for {}", record.contests[0].choices[0].votes.value, record.contests[0].choices[0].party);
//! # Ok(())
//! # }
//! ```
//!
//! Features: `cli` (the command, with all that follows), `review` (report and review), `results` (tally, exports,
//! comparisons, site), `lab` (made-up sheets, measuring), `tesseract` (the second reader), `qr`, `heic`, `pdf`. Without
//! any of them a sheet is read by the networks alone from JPEG, PNG, WebP and TIFF.

// The library writes to no stream of the process: data and talk are the command's (`cli/console.rs`, which
// no other module reaches), what happens is a `tracing` event. clippy.toml names the streams themselves.
#![cfg_attr(not(all(feature = "cli", feature = "qr")), allow(dead_code, unused_imports))]
#![cfg_attr(
    not(test),
    deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro, clippy::disallowed_methods)
)]

// Each room is said once, within a module that nobody sees; the command and the tests see the rooms, and nobody else: no
// promise is kept about them.
#[path = ""]
mod rooms {
    pub mod ground;

    pub mod form;

    pub mod read;

    pub mod decide;

    pub mod record;

    pub mod picture;

    pub mod run;

    pub(crate) mod reader;

    #[cfg(feature = "results")]
    pub mod count;

    #[cfg(feature = "review")]
    pub mod desk;

    #[cfg(feature = "lab")]
    pub mod lab;

    #[cfg(feature = "cli")]
    pub mod learn;

    #[cfg(feature = "cli")]
    pub mod draw;

    #[cfg(feature = "cli")]
    pub mod cli;
}

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use rooms::*;
#[cfg(not(feature = "cli"))]
use rooms::*;

pub use decide::{Basis, Check, Status};
pub use form::{Form, FormError};
pub use ground::finding::{Code, Finding, Severity};
pub use ground::geometry::Quad;
pub use ground::words::{Arg, Args, Language};
pub use image::GrayImage;
pub use read::evidence::{Evidence, EvidenceError};
pub use read::glyphs::ReaderChoice;
pub use reader::{Error, Options, Reader, Sheet};
pub use record::{
    Ballots, Choice, Contest, PageRef, Place, Print, Prints, Record, Registration, SheetInfo, Source, Value,
};
