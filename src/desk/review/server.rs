//! The station's page: HTTP on 127.0.0.1, and nowhere else.
//!
//! In: a [`Station`], a port. Out: pages, answers to entries, and, when it is stopped or no one types
//! for a while, the run's files written anew. No address leads to a file: what is served is made from
//! the station's memory and from pictures that are found by a sheet's key. Refuses what [`Guard`]
//! refuses, bodies of more than 16 KB, heads that are not whole in time, and a port that is taken. A connection that is
//! open does not keep it from ending.

use super::guard::Guard;
use super::pages::{Made, Pages};
use super::station::Station;
use super::talk::Sent;
use super::{ReviewError, exchange, files};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Largest body.
const BODY: usize = 16 * 1024;
/// Longest time for a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// Longest time that requests in hand are waited for at the end; what they did is on the disk.
const LAST: Duration = Duration::from_secs(3);
/// The files are written when no entry came for this long.
const IDLE: Duration = Duration::from_secs(5);

/// A port on 127.0.0.1; 0 for any that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

/// What all requests share.
struct Desk {
    guard: Guard,
    pages: Pages,
    station: Mutex<Station>,
    /// One writer of files at a time.
    writing: Mutex<()>,
    /// Entries taken since the start, and how many of them the files hold.
    taken: AtomicU64,
    written: AtomicU64,
    /// Requests in hand.
    busy: AtomicU64,
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
}

/// Serves a station until Ctrl-C; `ready` is told the address. Returns how many sheets are done, of
/// how many.
///
/// # Errors
/// A port that cannot be had, a log or file that cannot be written at the end.
pub fn serve(station: Station, port: Port, ready: impl FnOnce(&str)) -> Result<(usize, usize), ReviewError> {
    let refused = |source| ReviewError::Port { port: port.0, source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let desk = runtime.block_on(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.0));
        let listener = tokio::net::TcpListener::bind(address).await.map_err(refused)?;
        let guard = Guard::new(listener.local_addr().map_err(refused)?.port());
        let desk = Arc::new(Desk {
            pages: Pages::new(&guard.base(), &station)?,
            guard,
            station: Mutex::new(station),
            writing: Mutex::new(()),
            taken: AtomicU64::new(0),
            written: AtomicU64::new(0),
            busy: AtomicU64::new(0),
        });
        ready(&desk.guard.address());
        let writer = tokio::spawn(keep_written(desk.clone()));
        let router = Router::new().fallback(answer).with_state(desk.clone());
        let server = tokio::spawn(accept(listener, router));
        stopped().await;
        server.abort();
        writer.abort();
        let asked = Instant::now();
        while desk.busy.load(Ordering::SeqCst) > 0 && asked.elapsed() < LAST {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, ReviewError>(desk)
    })?;
    // A write that was under way is waited for: its lock is held until it is whole.
    if desk.stale() {
        desk.write()?;
    }
    let progress = desk.station().progress();
    Ok(progress)
}

/// Takes connections, each by itself: one that sends no whole head in time is closed.
async fn accept(listener: tokio::net::TcpListener, router: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many files are open, for one: later there may be fewer.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD);
            // What goes wrong with a connection is its other end's affair.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Ctrl-C, or the signal that ends a service.
async fn stopped() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signal can be waited for: the station runs until it is killed.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    let (mut interrupt, mut terminate) = (std::pin::pin!(interrupt), std::pin::pin!(terminate));
    std::future::poll_fn(|cx| {
        let done = interrupt.as_mut().poll(cx).is_ready() || terminate.as_mut().poll(cx).is_ready();
        if done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// Writes the run's files whenever entries came and then none for a while.
async fn keep_written(desk: Arc<Desk>) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(IDLE).await;
        let taken = desk.taken.load(Ordering::SeqCst);
        if desk.stale() && taken == seen {
            let desk = desk.clone();
            let written = tokio::task::spawn_blocking(move || desk.write()).await;
            if let Ok(Err(error)) = written {
                tracing::error!("{error}");
            }
        }
        seen = taken;
    }
}

async fn answer(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    desk.busy.fetch_add(1, Ordering::SeqCst);
    let response = answered(&desk, request).await;
    desk.busy.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn answered(desk: &Arc<Desk>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let rest = match desk.guard.admit(&parts.method, parts.uri.path(), &parts.headers) {
        Ok(rest) => rest.to_owned(),
        Err(status) => return plain(status),
    };
    if parts.method == Method::POST {
        let Ok(bytes) = to_bytes(body, BODY).await else { return plain(StatusCode::PAYLOAD_TOO_LARGE) };
        return post(desk, &rest, &bytes).await;
    }
    let query = parts.uri.query().unwrap_or_default();
    let made = {
        let station = desk.station();
        match rest.as_str() {
            "corrections.csv" => exchange::to_csv(&station).map(|b| Made::File("text/csv; charset=utf-8", b)),
            "corrections.json" => exchange::to_json(&station).map(|b| Made::File("application/json", b)),
            page => desk.pages.make(&station, page, query),
        }
    };
    match made {
        Ok(Made::Page(html)) => respond(StatusCode::OK, "text/html; charset=utf-8", html.into(), desk),
        Ok(Made::File(kind, bytes)) => respond(StatusCode::OK, kind, bytes.into(), desk),
        Ok(Made::Elsewhere(address)) => {
            let mut response = plain(StatusCode::SEE_OTHER);
            if let Ok(value) = HeaderValue::from_str(&address) {
                response.headers_mut().insert(header::LOCATION, value);
            }
            response
        }
        Ok(Made::Nothing) => plain(StatusCode::NOT_FOUND),
        Err(error) => failed(&error, desk),
    }
}

async fn post(desk: &Arc<Desk>, what: &str, bytes: &[u8]) -> Response {
    let done = match what {
        "api/entry" => match serde_json::from_slice::<Sent>(bytes) {
            Ok(sent) => {
                let answer = desk.station().enter(&sent);
                answer.and_then(|a| json(&a))
            }
            Err(_) => return plain(StatusCode::BAD_REQUEST),
        },
        "api/undo" => {
            let mut station = desk.station();
            let answer = station.undo();
            answer.and_then(|answer| {
                #[derive(Serialize)]
                struct Undone {
                    href: String,
                    #[serde(flatten)]
                    answer: super::talk::Answer,
                }
                let href = desk.pages.place(&station, &answer.sheet);
                json(&Undone { href, answer })
            })
        }
        "api/finish" => {
            let desk = desk.clone();
            match tokio::task::spawn_blocking(move || desk.write()).await {
                Ok(written) => written.and_then(|()| json(&serde_json::json!({ "written": true }))),
                Err(_) => return plain(StatusCode::INTERNAL_SERVER_ERROR),
            }
        }
        _ => return plain(StatusCode::NOT_FOUND),
    };
    match done {
        Ok(bytes) => {
            if what != "api/finish" {
                desk.taken.fetch_add(1, Ordering::SeqCst);
            }
            respond(StatusCode::OK, "application/json", bytes.into(), desk)
        }
        Err(error) => failed(&error, desk),
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, ReviewError> {
    serde_json::to_vec(value).map_err(|e| {
        let problem = e.to_string();
        crate::run::output::OutputError::Encode { what: "answer", problem }.into()
    })
}

/// An error as JSON in both languages; what the page did wrong is 422, the rest 500.
fn failed(error: &ReviewError, desk: &Desk) -> Response {
    let (asked_wrong, both) = error.for_page();
    let status =
        if asked_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::INTERNAL_SERVER_ERROR };
    let bytes = serde_json::to_vec(&both).unwrap_or_default();
    respond(status, "application/json", bytes.into(), desk)
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
    *response.status_mut() = status;
    safe(&mut response, "default-src 'none'; frame-ancestors 'none'");
    response
}

fn respond(status: StatusCode, kind: &'static str, body: Body, desk: &Desk) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    safe(&mut response, desk.pages.policy());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The headers that every answer carries.
fn safe(response: &mut Response, policy: &str) {
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
