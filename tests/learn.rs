//! `cotejo form learn`: made-up sheets of a form in, its definition out.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output};

fn cotejo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cotejo")).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn too_few_sheets_and_a_file_that_is_there_are_refused_with_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let few = cotejo(&["form", "learn", "samples/acta-0001.jpg", "--dpi", "200", "-o", &at("few.toml")]);
    assert!(said(&few).contains("give 10 or more"), "{}", said(&few));
    assert!(!Path::new(&at("few.toml")).exists());
    std::fs::write(at("there.toml"), "id = 1").unwrap();
    let there = cotejo(&["form", "learn", "samples/acta-0001.jpg", "--dpi", "200", "-o", &at("there.toml")]);
    assert!(said(&there).contains("--overwrite"), "{}", said(&there));
    assert_eq!(std::fs::read_to_string(at("there.toml")).unwrap(), "id = 1");
}
