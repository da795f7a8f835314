//! The pages in headless Chromium: the static report, the review from end to end, and a form that is drawn.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod draw;
mod report;
mod review;
mod station;
