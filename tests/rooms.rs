//! The way through the program is the list of rooms in `src/lib.rs`: each uses only those before it.
//!
//! Read from the source: the order of `mod` lines in `lib.rs`, and within a room in its `mod.rs`; every path that
//! begins with `crate`, `self` or `super` outside of tests.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

type Module = Vec<String>;

/// Rooms whose own modules stand in an order too.
const ORDERED: [&str; 6] = ["", "read", "run", "count", "desk", "lab"];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// `src/read/sheet/mod.rs` and `src/read/sheet.rs` are the module `read::sheet`.
fn module(file: &Path) -> Module {
    let inner = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Module = inner.iter().map(|p| p.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|p| p == "mod" || p == "lib") {
        parts.pop();
    }
    parts
}

/// A file without its comments, its tests and who may see what.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let own = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    own.lines()
        .filter(|l| !l.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("(super)", "")
        .replace("(crate)", "")
}

/// Every module with those that it names.
fn imports() -> BTreeMap<Module, BTreeSet<Module>> {
    let mut all = Vec::new();
    files(Path::new("src"), &mut all);
    all.retain(|f| !f.iter().any(|p| p == "tests" || p == "tests.rs") && f != Path::new("src/main.rs"));
    let known: BTreeSet<Module> = all.iter().map(|f| module(f)).collect();
    let path = Regex::new(r"\b(crate|self|super(?:::super)*)((?:::\w+)+|)(?:::\{([^;]*?)\};|\b)").unwrap();
    let resolve = |mut parts: Module| {
        while !known.contains(&parts) {
            parts.pop();
        }
        parts
    };
    let of = |file: &PathBuf| {
        let own = module(file);
        let mut named = BTreeSet::new();
        for found in path.captures_iter(&code(file)) {
            let base = match &found[1] {
                "crate" => Module::new(),
                "self" => own.clone(),
                up => own[..own.len().saturating_sub(up.split("::").count())].to_vec(),
            };
            let tail =
                |t: &str| t.split("::").map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect();
            let mut whole = base;
            whole.extend::<Module>(tail(&found[2]));
            for item in found.get(3).map_or("", |m| m.as_str()).split(',') {
                let mut each = whole.clone();
                each.extend::<Module>(tail(item));
                named.insert(resolve(each));
            }
        }
        named.retain(|m| !m.is_empty() && *m != own);
        (own, named)
    };
    all.iter().map(of).collect()
}

/// The modules of a room in the order in which they stand.
fn order(room: &str) -> Vec<String> {
    let file = if room.is_empty() { "src/lib.rs".to_owned() } else { format!("src/{room}/mod.rs") };
    let line = Regex::new(r"(?m)^\s*(?:pub(?:\(crate\))? )?mod (\w+);").unwrap();
    line.captures_iter(&std::fs::read_to_string(file).unwrap()).map(|c| c[1].to_owned()).collect()
}

#[test]
fn each_room_uses_only_those_before_it() {
    let imports = imports();
    let mut checked = 0;
    for room in ORDERED {
        let order = order(room);
        let place = |module: &Module| {
            let (first, rest) =
                if room.is_empty() { ("", &module[..]) } else { (module[0].as_str(), &module[1..]) };
            let at = rest.first().and_then(|m| order.iter().position(|o| o == m));
            at.filter(|_| first == room)
        };
        for (from, to) in imports.iter().filter(|i| !i.0.is_empty()) {
            for to in to {
                let (Some(own), Some(other)) = (place(from), place(to)) else { continue };
                checked += 1;
                assert!(other <= own, "{} uses {}, which comes after it", from.join("::"), to.join("::"));
            }
        }
    }
    assert!(checked > 500, "{checked} imports were found, too few to be all");
}

#[test]
fn no_two_files_import_each_other() {
    let imports = imports();
    for (from, to) in &imports {
        for to in to {
            let back = imports.get(to).is_some_and(|t| t.contains(from));
            assert!(!back, "{} and {} import each other", from.join("::"), to.join("::"));
        }
    }
}
