//! From a folder of photos to the records of a run.
//!
//! In: paths, settings, a registry where there is one. Out: `records.jsonl`, `records.csv`, `run.json`.

pub mod registry;

pub mod config;

pub mod pipeline;

pub mod inputs;

pub mod output;

pub mod batch;
