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
//!
//! [`eval`] measures records against what is known to stand on the sheets.

pub mod batch;
pub mod cells;
pub mod cli;
pub mod commands;
pub mod config;
pub mod debug;
pub mod decide;
pub mod eval;
pub mod finding;
pub mod form;
pub mod geometry;
pub mod header;
pub mod inputs;
pub mod output;
pub mod photo;
pub mod pipeline;
pub mod qr;
pub mod reader;
pub mod record;
pub mod report;
pub mod sheet;
pub mod synth;
