//! Sheets made up with their truth, and everything measured against truth.

pub mod synth;

pub mod eval;

pub mod landmarks;

pub mod check;
