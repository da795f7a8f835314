//! Every door of the program that takes bytes from outside, with changed bytes: a few a run, more with
//! `COTEJO_FUZZ_CASES`.

#![cfg(feature = "cli")]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

mod targets;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::sync::atomic::{AtomicUsize, Ordering};

/// One change: what, where (as a share of the length), with what.
type Edit = (u8, u16, u16, Vec<u8>);

/// Bytes that mean something somewhere.
const TELLING: [&[u8]; 16] = [
    b"nan",
    b"1e308",
    b"-1",
    b"4294967296",
    b"18446744073709551616",
    b"null",
    b"\"",
    b"\n",
    b"{",
    b"[",
    b"\xFF\xFF\xFF\xFF",
    b"\0\0\0\0",
    b"\xED\xA0\x80",
    b"\xEF\xBB\xBF",
    b"1e999",
    b",,,,",
];

fn changed(seed: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for (what, at, to, with) in edits {
        let place = |share: u16| usize::from(share) * bytes.len() / 65536;
        let (a, b) = (place(*at).min(place(*to)), place(*at).max(place(*to)));
        let digits = |from: usize| bytes[from..].iter().position(u8::is_ascii_digit).map(|d| from + d);
        match what % 8 {
            0 => bytes.truncate(a),
            1 => drop(bytes.drain(a..b.min(a + 64))),
            2 => drop(bytes.splice(a..(a + with.len()).min(bytes.len()), with.iter().copied())),
            3 => drop(bytes.splice(a..a, with.iter().copied())),
            4 => {
                let copy = bytes[a..b.min(a + 256)].to_vec();
                drop(bytes.splice(b..b, copy));
            }
            // A number becomes another.
            _ => {
                if let Some(from) = digits(a) {
                    let end = bytes[from..].iter().position(|c| !c.is_ascii_digit() && *c != b'.');
                    let end = end.map_or(bytes.len(), |e| from + e);
                    let telling = TELLING[with.first().map_or(0, |w| usize::from(*w)) % TELLING.len()];
                    drop(bytes.splice(from..end, telling.iter().copied()));
                }
            }
        }
    }
    bytes
}

fn cases() -> u32 {
    std::env::var("COTEJO_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

/// Changed bytes at one door.
fn knock(name: &str) {
    let (name, target) = *targets::TARGETS.iter().find(|t| t.0 == name).unwrap();
    let seeds = targets::seeds(name);
    seeds.iter().for_each(|seed| target(seed));
    let edit = (any::<u8>(), any::<u16>(), any::<u16>(), proptest::collection::vec(any::<u8>(), 1..9));
    let input = (any::<prop::sample::Index>(), proptest::collection::vec(edit, 0..5));
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    // The same every time, unless more than usual is asked for.
    let mut runner = if std::env::var_os("COTEJO_FUZZ_CASES").is_some() {
        TestRunner::new(config)
    } else {
        TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(Default::default()),
        )
    };
    let done = AtomicUsize::new(0);
    runner
        .run(&input, |(ix, edits)| {
            let bytes = changed(&seeds[ix.index(seeds.len())], &edits);
            let started = std::time::Instant::now();
            target(&bytes);
            prop_assert!(started.elapsed().as_secs() < 5, "took {:?}", started.elapsed());
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
    println!("{name}: {} inputs", done.into_inner());
}

#[test]
fn photos() {
    knock("photo");
}

#[test]
fn texts_of_qr_codes() {
    knock("qr");
}

#[test]
fn definitions_of_forms() {
    knock("form");
}

#[test]
fn records_of_runs() {
    knock("records");
}

#[test]
fn what_was_measured() {
    knock("evidence");
}

#[test]
fn tables_of_others() {
    knock("tables");
}

#[test]
fn what_a_page_of_the_review_sends() {
    knock("review");
}

#[test]
fn answers_of_a_decoder() {
    knock("message");
}
