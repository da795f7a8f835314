//! The pages in headless Chromium: the static report, and the review from end to end.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod report;
mod review;
mod station;
