//! cotejo digitizes election tally sheets.
//!
//! The way through the program, with the type that each stage hands on:
//!
//! 1. [`photo`]: bytes to [`photo::Photo`], upright grey pixels.
//! 2. [`sheet`]: photo to [`sheet::Sheet`], the mapping from the form's millimetres to photo pixels.
//! 3. [`form`]: what a sheet looks like and what its numbers have to satisfy, from TOML.
//! 4. [`qr`]: the QR code, parsed strictly by the form's grammar.
//! 5. [`cells`]: the crop of each number's digits and words.
//! 6. [`reader`]: crops to distributions over values.
//! 7. [`decide`]: all channels and relations to values, probabilities, a status and findings.
//! 8. [`record`]: what is handed over, one a page.
//! 9. [`output`]: the records of a run as files.
//! 10. [`report`]: the pages that a person looks at.
//! 11. [`review`]: the same pages, on which people settle what is open, with an audit log.
//! 12. [`tally`], [`export`], [`verify`], [`publish`]: results from the records of a run.
//!
//! [`header`] reads what stands above the frame; [`pipeline`] is the way through all stages for one
//! photo, [`batch`] for many, held against a [`registry`] of tables where there is one; [`eval`] measures records against what is known to stand on the sheets,
//! and [`synth`] makes sheets up. The laws that every stage keeps:
//!
//! - Vision measures; [`decide`] alone decides. Every value keeps its evidence.
//! - Refuse rather than guess: accepted means that the probability of a wrong number is small.
//! - Channels that contradict each other with confidence are never accepted, whatever the sums say.
//! - A value that relations corrected or filled is marked so, with what was read beside it.
//! - Findings say what is seen, not who did it.
//!
//! ```
//! use cotejo::{config::Config, decide::Status, form, pipeline::Digitizer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let digitizer = Digitizer::new(Config::new(form::builtin()?))?;
//! let sheets = digitizer.file("samples/acta-0001.jpg".as_ref());
//! let record = &sheets[0].record;
//! assert_eq!(record.status, Status::Accepted);
//! println!("{:?} votes for {}", record.votes[0].value.value, record.votes[0].party);
//! # Ok(())
//! # }
//! ```

// The library writes to no stream of the process: data and talk are the command's (`commands/console.rs`, which
// no other module reaches), what happens is a `tracing` event. clippy.toml names the streams themselves.
#![cfg_attr(
    not(test),
    deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro, clippy::disallowed_methods)
)]

pub mod batch;
pub mod cells;
pub mod cli;
pub mod commands;
pub mod config;
pub mod debug;
pub mod decide;
pub mod eval;
pub mod export;
pub mod finding;
pub mod form;
pub mod geometry;
pub mod header;
mod hidden;
pub mod inputs;
pub mod output;
pub mod photo;
pub mod pipeline;
pub mod publish;
pub mod qr;
pub mod reader;
pub mod record;
pub mod registry;
pub mod report;
pub mod review;
pub mod sheet;
pub mod synth;
pub mod tally;
pub mod verify;
