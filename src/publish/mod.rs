//! A static site of a run's results, for all to see.
//!
//! In: the records and pictures of a run. Out: so far, the originals found again. Refuses what is not the
//! picture that was digitized.

pub mod original;
