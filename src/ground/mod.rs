//! What every room speaks: places, findings, hashes, figures for people.

pub mod dates;
pub mod deadline;
pub mod finding;
pub mod geometry;
pub mod hash;
pub mod memory;
pub mod percent;
pub mod words;
