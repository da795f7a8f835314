//! The station's page.
//!
//! In: a [`Station`], a port. Out: pages, answers to entries, and, when it is stopped or no one types
//! for a while, the run's files written anew. No address leads to a file: what is served is made from
//! the station's memory and from pictures that are found by a sheet's key. Refuses what [`serve`](crate::desk::serve) refuses.

use super::pages::{Made, Pages};
use super::station::Station;
use super::talk::Sent;
use super::{ReviewError, exchange, files};
use crate::desk::serve::{self, Answer, JSON, Served};
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use serve::Port;

/// What all requests share.
struct Desk {
    pages: Pages,
    station: Mutex<Station>,
    /// One writer of files at a time.
    writing: Mutex<()>,
    /// Entries taken since the start, how many of them the files hold, and how many there were when it was last looked.
    taken: AtomicU64,
    written: AtomicU64,
    seen: AtomicU64,
}

impl Desk {
    fn station(&self) -> MutexGuard<'_, Station> {
        // A panic while answering leaves the log whole: it is written before memory changes.
        self.station.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the run's files from a snapshot; entries go on being taken meanwhile.
    fn write(&self) -> Result<(), ReviewError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (dir, machine, forms, book, edited, taken) = {
            let s = self.station();
            let taken = self.taken.load(Ordering::SeqCst);
            let (machine, book) = (s.machine().clone(), s.book().clone());
            (s.dir().to_owned(), machine, s.forms().to_vec(), book, s.edited().to_vec(), taken)
        };
        files::write(&dir, &machine, &forms, &book, &edited)?;
        self.written.store(taken, Ordering::SeqCst);
        Ok(())
    }

    fn stale(&self) -> bool {
        self.taken.load(Ordering::SeqCst) != self.written.load(Ordering::SeqCst)
    }

    /// Takes an entry, or takes the last one back; the answer as JSON.
    fn change(&self, what: &str, bytes: &[u8]) -> Option<Result<Vec<u8>, ReviewError>> {
        if what == "api/entry" {
            let sent = serde_json::from_slice::<Sent>(bytes).ok()?;
            let answer = self.station().enter(&sent);
            return Some(answer.and_then(|a| json(&a)));
        }
        #[derive(Serialize)]
        struct Undone {
            href: String,
            #[serde(flatten)]
            answer: super::talk::Answer,
        }
        let mut station = self.station();
        let answer = station.undo();
        Some(answer.and_then(|answer| {
            let href = self.pages.place(&station, &answer.sheet);
            json(&Undone { href, answer })
        }))
    }
}

/// Serves a station until Ctrl-C; `ready` is told the address. Returns how many sheets are done, of
/// how many.
///
/// # Errors
/// A port that cannot be had, a log or file that cannot be written at the end.
pub fn serve(station: Station, port: Port, ready: impl FnOnce(&str)) -> Result<(usize, usize), ReviewError> {
    let make = |base: &str| {
        Ok::<_, ReviewError>(Desk {
            pages: Pages::new(base, &station)?,
            station: Mutex::new(station),
            writing: Mutex::new(()),
            taken: AtomicU64::new(0),
            written: AtomicU64::new(0),
            seen: AtomicU64::new(0),
        })
    };
    let desk = serve::serve(port, make, ready)?;
    // A write that was under way is waited for: its lock is held until it is whole.
    if desk.stale() {
        desk.write()?;
    }
    let progress = desk.station().progress();
    Ok(progress)
}

impl Served for Desk {
    fn policy(&self) -> &str {
        self.pages.policy()
    }

    fn get(&self, path: &str, query: &str) -> Answer {
        let station = self.station();
        let made = match path {
            "corrections.csv" => exchange::to_csv(&station).map(|b| Made::File("text/csv; charset=utf-8", b)),
            "corrections.json" => exchange::to_json(&station).map(|b| Made::File(JSON, b)),
            page => self.pages.make(&station, page, query),
        };
        match made {
            Ok(Made::Page(html)) => Answer::Content("text/html; charset=utf-8", html.into()),
            Ok(Made::File(kind, bytes)) => Answer::Content(kind, bytes),
            Ok(Made::Elsewhere(address)) => Answer::Elsewhere(address),
            Ok(Made::Nothing) => Answer::Plain(StatusCode::NOT_FOUND),
            Err(error) => failed(&error),
        }
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        match path {
            "api/entry" | "api/undo" => match self.change(path, body) {
                Some(Ok(bytes)) => {
                    self.taken.fetch_add(1, Ordering::SeqCst);
                    Answer::Content(JSON, bytes)
                }
                Some(Err(error)) => failed(&error),
                None => Answer::Plain(StatusCode::BAD_REQUEST),
            },
            "api/finish" => {
                let written = self.write().and_then(|()| json(&serde_json::json!({ "written": true })));
                written.map_or_else(|error| failed(&error), |bytes| Answer::Content(JSON, bytes))
            }
            _ => Answer::Plain(StatusCode::NOT_FOUND),
        }
    }

    /// Writes the run's files whenever entries came and then none for a while.
    fn look_after(&self) {
        let taken = self.taken.load(Ordering::SeqCst);
        if self.stale()
            && taken == self.seen.swap(taken, Ordering::SeqCst)
            && let Err(error) = self.write()
        {
            tracing::error!("{error}");
        }
        self.seen.store(taken, Ordering::SeqCst);
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ReviewError> {
    serde_json::to_vec(value).map_err(|e| {
        let problem = e.to_string();
        crate::run::output::OutputError::Encode { what: "answer", problem }.into()
    })
}

/// An error as JSON in both languages; what the page did wrong, and the rest.
fn failed(error: &ReviewError) -> Answer {
    let (asked_wrong, both) = error.for_page();
    let bytes = serde_json::to_vec(&both).unwrap_or_default();
    if asked_wrong { Answer::Unfit(bytes) } else { Answer::Failed(bytes) }
}
