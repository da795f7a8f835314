//! Results from the records of a run: tables, exports, comparisons, a site.

pub mod tally;

pub mod export;

pub mod verify;

pub mod publish;
