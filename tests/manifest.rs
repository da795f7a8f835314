//! What Cargo.toml promises about Rust: no dependency asks for more, and the compiler at hand is one of those. That the card of
//! the networks is of those that are built in.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::process::Command;

/// `1.94` or `1.94.0` as numbers.
fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text.split('.').map(|p| p.parse().unwrap()).collect();
    parts.resize(3, 0);
    parts
}

#[test]
fn no_dependency_asks_for_a_newer_rust_than_cargo_toml_states() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stated = version(env!("CARGO_PKG_RUST_VERSION"));
    let asks: Vec<(Vec<u32>, &str)> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| Some((version(p["rust_version"].as_str()?), p["name"].as_str()?)))
        .collect();
    assert!(asks.len() > 100, "cargo metadata lists only {} packages", asks.len());
    let more: Vec<_> = asks.iter().filter(|(asked, _)| *asked > stated).collect();
    assert!(more.is_empty(), "Cargo.toml states {stated:?}, but {more:?}: raise rust-version");
}

#[test]
fn the_card_of_the_networks_is_of_these_networks() {
    let card = std::fs::read_to_string("models/README.md").unwrap();
    let networks = std::fs::read_dir("models").unwrap().map(|e| e.unwrap().path());
    let mut seen = 0;
    for path in networks.filter(|p| p.extension().is_some_and(|e| e == "onnx")) {
        let hash: String =
            Sha256::digest(std::fs::read(&path).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
        assert!(card.contains(&hash), "models/README.md does not name {hash} of {}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 5);
}
