//! A page for one person at this machine: HTTP on 127.0.0.1, and nowhere else.
//!
//! In: what is [`Served`], a port. Out: its answers, until Ctrl-C. Refuses what [`Guard`] refuses, bodies of more than 16 KB,
//! heads that are not whole in time, and a port that is taken. A connection that is open does not keep it from ending.

mod guard;

pub use guard::Guard;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Largest body.
const BODY: usize = 16 * 1024;
/// Longest time for a request's head.
const HEAD: Duration = Duration::from_secs(10);
/// Longest time that requests in hand are waited for at the end; what they did is on the disk.
const LAST: Duration = Duration::from_secs(3);
/// From one time to the next that what is served may look after itself.
const IDLE: Duration = Duration::from_secs(5);

/// A port on 127.0.0.1; 0 for any that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("127.0.0.1:{port}: {source}; give another --port, or none for any that is free")]
pub struct Unbound {
    /// As asked for.
    port: u16,
    /// What the system said.
    source: std::io::Error,
}

/// What answers. Each call is on a thread that may take its time.
pub trait Served: Send + Sync + 'static {
    /// The Content-Security-Policy of its answers.
    fn policy(&self) -> &str;
    /// What an address below the token gives.
    fn get(&self, path: &str, query: &str) -> Answer;
    /// What a change comes to.
    fn post(&self, path: &str, body: &[u8]) -> Answer;
    /// Called every few seconds.
    fn look_after(&self) {}
}

/// An answer.
pub enum Answer {
    /// Content of a type.
    Content(&'static str, Vec<u8>),
    /// What was asked for makes no sense, as JSON.
    Unfit(Vec<u8>),
    /// Something went wrong here, as JSON.
    Failed(Vec<u8>),
    /// Another address.
    Elsewhere(String),
    /// A status alone.
    Plain(StatusCode),
}

/// What all requests share.
struct Desk<S> {
    guard: Guard,
    served: Arc<S>,
    /// Requests in hand.
    busy: AtomicU64,
}

/// Serves until Ctrl-C what `make` makes, who is given the path that everything is below; `ready` is told the address.
///
/// # Errors
/// A port that cannot be had, what `make` fails with.
pub fn serve<S: Served, E: From<Unbound>>(
    port: Port,
    make: impl FnOnce(&str) -> Result<S, E>,
    ready: impl FnOnce(&str),
) -> Result<Arc<S>, E> {
    let refused = |source| Unbound { port: port.0, source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let served = runtime.block_on(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.0));
        let listener = tokio::net::TcpListener::bind(address).await.map_err(refused)?;
        let guard = Guard::new(listener.local_addr().map_err(refused)?.port());
        let served = Arc::new(make(&guard.base())?);
        let desk = Arc::new(Desk { guard, served: served.clone(), busy: AtomicU64::new(0) });
        ready(&desk.guard.address());
        let keeper = tokio::spawn(look_after(served.clone()));
        let router = Router::new().fallback(answer::<S>).with_state(desk.clone());
        let server = tokio::spawn(accept(listener, router));
        stopped().await;
        server.abort();
        keeper.abort();
        let asked = Instant::now();
        while desk.busy.load(Ordering::SeqCst) > 0 && asked.elapsed() < LAST {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, E>(served)
    })?;
    Ok(served)
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
            // No signal can be waited for: the page is there until it is killed.
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

async fn look_after<S: Served>(served: Arc<S>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let served = served.clone();
        // One that panics is asked again.
        let _ = tokio::task::spawn_blocking(move || served.look_after()).await;
    }
}

async fn answer<S: Served>(State(desk): State<Arc<Desk<S>>>, request: Request) -> Response {
    desk.busy.fetch_add(1, Ordering::SeqCst);
    let response = answered(&desk, request).await;
    desk.busy.fetch_sub(1, Ordering::SeqCst);
    response
}

async fn answered<S: Served>(desk: &Arc<Desk<S>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let rest = match desk.guard.admit(&parts.method, parts.uri.path(), &parts.headers) {
        Ok(rest) => rest.to_owned(),
        Err(status) => return plain(status),
    };
    let Ok(bytes) = to_bytes(body, BODY).await else { return plain(StatusCode::PAYLOAD_TOO_LARGE) };
    let served = desk.served.clone();
    let work = move || match parts.method {
        Method::POST => served.post(&rest, &bytes),
        _ => served.get(&rest, parts.uri.query().unwrap_or_default()),
    };
    let policy = desk.served.policy();
    match tokio::task::spawn_blocking(work).await.unwrap_or(Answer::Plain(StatusCode::INTERNAL_SERVER_ERROR))
    {
        Answer::Content(kind, bytes) => respond(StatusCode::OK, kind, bytes, policy),
        Answer::Unfit(bytes) => respond(StatusCode::UNPROCESSABLE_ENTITY, JSON, bytes, policy),
        Answer::Failed(bytes) => respond(StatusCode::INTERNAL_SERVER_ERROR, JSON, bytes, policy),
        Answer::Plain(status) => plain(status),
        Answer::Elsewhere(address) => {
            let mut response = plain(StatusCode::SEE_OTHER);
            if let Ok(value) = HeaderValue::from_str(&address) {
                response.headers_mut().insert(header::LOCATION, value);
            }
            response
        }
    }
}

/// The type of JSON.
pub const JSON: &str = "application/json";

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
    *response.status_mut() = status;
    safe(&mut response, "default-src 'none'; frame-ancestors 'none'");
    response
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>, policy: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    safe(&mut response, policy);
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
