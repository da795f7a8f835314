//! The review's server as a process: what holds a connection open keeps nobody waiting.

#![cfg(all(feature = "cli", unix))]
// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use cotejo::lab::synth::records::Country;
use cotejo::run::output::{Folder, Measured, Overwrite, Run};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A review of the run of a made-up country, and its port.
fn review(dir: &Path) -> (Child, u16) {
    let forms = cotejo::form::builtin().unwrap();
    let records: Vec<_> = Country::new(&forms[0], 3, 5).collect();
    let folder = Folder::create(dir, Overwrite::Refuse).unwrap();
    folder.write(&records, &forms, Run::new(&records, BTreeMap::new(), Measured::default())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cotejo"));
    let mut child = command.arg("review").arg(dir).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let port = line.split("127.0.0.1:").nth(1).and_then(|r| r.split('/').next()).unwrap().parse().unwrap();
    // Nobody waits for what it says further.
    std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    (child, port)
}

/// A connection whose request's head is not whole.
fn half_open(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127").unwrap();
    stream
}

fn ended(child: &mut Child, within: Duration) -> Option<i32> {
    let started = Instant::now();
    while started.elapsed() < within {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    None
}

#[test]
fn an_interrupt_ends_the_review_while_a_connection_is_half_open() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, port) = review(&dir.path().join("run"));
    let _open = [half_open(port), half_open(port)];
    std::thread::sleep(Duration::from_millis(200));
    // SAFETY: a signal to a process that this test started.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGINT) };
    assert_eq!(ended(&mut child, Duration::from_secs(5)), Some(0));
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for_and_others_are_answered_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, port) = review(&dir.path().join("run"));
    let mut slow = half_open(port);
    let mut other = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let ask = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    other.write_all(ask.as_bytes()).unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let started = Instant::now();
    // The end of the connection, or that it was refused first.
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    // SAFETY: as above.
    unsafe { libc::kill(i32::try_from(child.id()).unwrap(), libc::SIGINT) };
    assert_eq!(ended(&mut child, Duration::from_secs(5)), Some(0));
}
