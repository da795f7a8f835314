//! What tests of the command share.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The command, in the project's folder.
pub fn cotejo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A file of `samples/`.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

/// The records of a run's folder.
pub fn records(out: &Path) -> Vec<Value> {
    let text = fs::read_to_string(out.join("records.jsonl")).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}
