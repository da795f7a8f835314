//! cotejo digitizes election tally sheets.
//!
//! The way through the program is the list of its rooms, and each uses only those before it (`tests/rooms.rs` reads
//! the imports and fails when one runs back):
//!
//! 1. [`ground`]: what every room speaks: places, findings, sentences for people, hashes.
//! 2. [`form`]: what a sheet looks like and what its numbers have to satisfy, from TOML.
//! 3. [`read`]: from a photo's bytes to [`read::evidence::Evidence`]; it measures and never decides.
//! 4. [`decide`]: evidence, of one photo or several, to a [`decide::Decision`]: values, probabilities, a status, findings.
//! 5. [`record`]: what is handed over, one [`record::Record`] a sheet.
//! 6. [`picture`]: a record and its photo to crops and covered pictures.
//! 7. [`run`]: a folder of photos to the records of a run; [`run::pipeline`] is the way of one photo.
//! 8. [`count`]: results from the records of a run: tables, exports, comparisons, a site.
//! 9. [`desk`]: where people look and settle what is open.
//! 10. [`lab`]: sheets made up with their truth, and everything measured against truth.
//! 11. [`cli`]: the `cotejo` command.
//!
//! The laws that every stage keeps:
//!
//! - Vision measures; [`decide`] alone decides. Every value keeps its evidence.
//! - Refuse rather than guess: accepted means that the probability of a wrong number is small.
//! - Channels that contradict each other with confidence are never accepted, whatever the sums say.
//! - A value that relations corrected or filled is marked so, with what was read beside it.
//! - Findings say what is seen, not who did it.
//!
//! ```
//! use cotejo::{decide::Status, form, run::config::Config, run::pipeline::Digitizer};
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

// The library writes to no stream of the process: data and talk are the command's (`cli/console.rs`, which
// no other module reaches), what happens is a `tracing` event. clippy.toml names the streams themselves.
#![cfg_attr(
    not(test),
    deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro, clippy::disallowed_methods)
)]

pub mod ground;

pub mod form;

pub mod read;

pub mod decide;

pub mod record;

pub mod picture;

pub mod run;

pub mod count;

pub mod desk;

pub mod lab;

pub mod cli;
