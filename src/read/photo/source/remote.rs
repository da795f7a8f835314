//! Photos that lie elsewhere: `https://host/name.jpg`, `s3://bucket/folder/name.jpg`.
//!
//! In: an address. Out: its bytes within the limit; what lies below a folder of s3. Keys are those of the environment, as
//! AWS's own tools take them. What fails in passing is tried again for a minute. Refuses what is over the limit before it is
//! fetched, and says of what is not there, or not allowed, which of both it is.

use super::{Limits, PhotoError, within};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path as Key;
use object_store::{ClientConfigKey, ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a connection may take to come about, and a request to be answered whole.
const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(120);
/// What fails in passing is tried so often again, within so long.
const RETRIES: usize = 5;
const RETRY: Duration = Duration::from_secs(60);

/// An address: how its store is called, what lies there under which key.
struct Address<'a> {
    scheme: &'a str,
    host: &'a str,
    key: &'a str,
    /// What a signed address of https says behind its key.
    query: &'a str,
}

impl<'a> Address<'a> {
    /// `None` for a path of this machine.
    fn of(path: &'a Path) -> Option<Self> {
        let (scheme, rest) = path.to_str()?.split_once("://")?;
        let (host, key) = rest.split_once('/').unwrap_or((rest, ""));
        let known = matches!(scheme, "https" | "http" | "s3") && !host.is_empty();
        let (key, query) = if scheme == "s3" { (key, "") } else { key.split_once('?').unwrap_or((key, "")) };
        known.then_some(Self { scheme, host, key, query })
    }

    fn key(&self) -> Result<Key, PhotoError> {
        // Keys of s3 are written as they are, addresses of the web with percent signs.
        let key = if self.scheme == "s3" { Key::parse(self.key) } else { Key::from_url_path(self.key) };
        key.map_err(|e| PhotoError::Io(e.to_string()))
    }

    /// The store of this host or bucket; there is one of each, with its connections.
    fn store(&self) -> Result<Arc<dyn ObjectStore>, PhotoError> {
        static STORES: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>> = Mutex::new(BTreeMap::new());
        let Self { scheme, host, query, .. } = self;
        let name = format!("{scheme}://{host}/?{query}");
        let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(&name) {
            return Ok(store.clone());
        }
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY, ..RetryConfig::default() };
        let store: Result<Arc<dyn ObjectStore>, Error> = if *scheme == "s3" {
            let timeout = AmazonS3ConfigKey::Client(ClientConfigKey::Timeout);
            let s3 = AmazonS3Builder::from_env().with_bucket_name(*host).with_retry(retry);
            let s3 = s3.with_config(timeout, format!("{}s", REQUEST.as_secs()));
            s3.build().map(|store| Arc::new(store) as _)
        } else {
            let options = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST);
            let options = options.with_allow_http(*scheme == "http");
            let http = HttpBuilder::new().with_url(name.trim_end_matches('?')).with_retry(retry);
            http.with_client_options(options).build().map(|store| Arc::new(store) as _)
        };
        let store = store.map_err(said)?;
        stores.insert(name, store.clone());
        Ok(store)
    }

    /// Whether it is a folder of s3: what lies below it is meant.
    fn is_folder(&self) -> bool {
        let file = self.key.rsplit('/').next().unwrap_or_default();
        self.scheme == "s3" && !file.contains('.')
    }
}

/// What a store says, for people.
fn said(error: Error) -> PhotoError {
    PhotoError::Io(match error {
        Error::NotFound { .. } => "nothing lies there".to_owned(),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            "the server does not give it without a right to it; for s3 set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY \
             and AWS_REGION, or AWS_SKIP_SIGNATURE=true for a public bucket"
                .to_owned()
        }
        error => error.to_string(),
    })
}

/// The thread on which all requests are made.
fn runtime() -> Result<&'static Runtime, PhotoError> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let start = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
    RUNTIME.get_or_init(start).as_ref().ok_or_else(|| PhotoError::Io("no thread can be started".to_owned()))
}

/// Whether a path is an address.
pub(super) fn is_remote(path: &Path) -> bool {
    Address::of(path).is_some()
}

/// A photo's bytes.
pub(super) fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let Some(address) = Address::of(path) else { return Err(PhotoError::UnknownFormat) };
    if address.is_folder() {
        // It is read where it could not be listed: that says why.
        return Err(files(path).err().unwrap_or_else(|| PhotoError::Io("nothing lies below it".to_owned())));
    }
    let (store, key) = (address.store()?, address.key()?);
    runtime()?.block_on(fetched(&*store, &key, limits))
}

async fn fetched(store: &dyn ObjectStore, key: &Key, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let found = store.get(key).await.map_err(said)?;
    within(found.meta.size, limits)?;
    Ok(found.bytes().await.map_err(said)?.into())
}

/// How many bytes lie there, if the server says so.
pub(super) fn size(path: &Path) -> Option<u64> {
    let address = Address::of(path).filter(|address| !address.is_folder())?;
    let (store, key) = (address.store().ok()?, address.key().ok()?);
    runtime().ok()?.block_on(store.head(&key)).ok().map(|meta| meta.size)
}

/// What lies below a folder of s3, by name; `None` for another address.
pub(super) fn below(path: &Path) -> Option<Result<Vec<PathBuf>, PhotoError>> {
    Address::of(path)?.is_folder().then(|| files(path))
}

fn files(path: &Path) -> Result<Vec<PathBuf>, PhotoError> {
    let Some(address) = Address::of(path) else { return Ok(Vec::new()) };
    let (store, key) = (address.store()?, address.key()?);
    let mut keys = runtime()?.block_on(listed(&*store, key)).map_err(said)?;
    keys.sort_by(|a, b| a.as_ref().split('/').cmp(b.as_ref().split('/')));
    Ok(keys.iter().map(|key| PathBuf::from(format!("s3://{}/{key}", address.host))).collect())
}

async fn listed(store: &dyn ObjectStore, folder: Key) -> Result<Vec<Key>, Error> {
    let (mut found, mut folders) = (Vec::new(), vec![folder]);
    while let Some(folder) = folders.pop() {
        let below = store.list_with_delimiter(Some(&folder)).await?;
        folders.extend(below.common_prefixes);
        found.extend(below.objects.into_iter().map(|object| object.location));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ground::finding::Code;
    use object_store::memory::InMemory;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    /// A server that gives each request the next of these answers; what was asked of it.
    fn server(answers: Vec<&'static str>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::thread::spawn(move || {
            let serve = |answer: &str| {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                stream.write_all(answer.replace('\n', "\r\n").as_bytes()).unwrap();
                head[0].clone()
            };
            answers.into_iter().map(serve).collect()
        });
        (host, asked)
    }

    const PHOTO: &str = "HTTP/1.1 200 OK\nLast-Modified: Sat, 28 Nov 2026 06:00:00 GMT\nETag: \"1\"\nContent-Length: 5\nConnection: close\n\nphoto";
    const AWAY: &str = "HTTP/1.1 503 Service Unavailable\nContent-Length: 0\nConnection: close\n\n";
    const NONE: &str = "HTTP/1.1 404 Not Found\nContent-Length: 0\nConnection: close\n\n";
    const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\nContent-Length: 0\nConnection: close\n\n";

    #[test]
    fn a_photo_of_the_web_is_fetched_and_asked_for_again_where_the_server_was_away() {
        let (host, asked) = server(vec![AWAY, PHOTO, NONE, FORBIDDEN, PHOTO]);
        let path = |name: &str| PathBuf::from(format!("{host}/{name}"));
        let limits = Limits::default();
        assert_eq!(read(&path("a%20b/1.jpg?key=x"), &limits).unwrap(), b"photo");
        let said = [path("2.jpg"), path("3.jpg")].map(|p| read(&p, &limits).unwrap_err().to_string());
        assert!(said[0].contains("nothing lies there") && said[1].contains("without a right"), "{said:?}");
        let small = Limits { bytes: 4, ..limits };
        assert_eq!(read(&path("4.jpg"), &small).unwrap_err().code(), Code::TooLarge);
        let asked = asked.join().unwrap();
        assert_eq!((asked[0].as_str(), &asked[0]), ("GET /a%20b/1.jpg?key=x HTTP/1.1", &asked[1]));
        // Nobody listens any more.
        let error = read(&PathBuf::from("http://127.0.0.1:9/5.jpg?quick"), &limits).unwrap_err();
        assert_eq!(error.code(), Code::UnreadableFile);
    }

    #[test]
    fn what_lies_below_a_folder_is_listed_and_read() {
        let store = InMemory::new();
        let key = |name: &str| Key::parse(name).unwrap();
        let work = async {
            for name in ["n/b.jpg", "n/a/2.jpg", "n/a/10 ñ.jpg", "other/c.jpg"] {
                store.put(&key(name), name.as_bytes().to_vec().into()).await.unwrap();
            }
            let mut found = listed(&store, key("n")).await.unwrap();
            found.sort();
            assert_eq!(found, [key("n/a/10 ñ.jpg"), key("n/a/2.jpg"), key("n/b.jpg")]);
            let limits = Limits::default();
            assert_eq!(fetched(&store, &found[0], &limits).await.unwrap(), "n/a/10 ñ.jpg".as_bytes());
            let none = fetched(&store, &key("n/none.jpg"), &limits).await.unwrap_err();
            assert!(none.to_string().contains("nothing lies there"), "{none}");
        };
        runtime().unwrap().block_on(work);
    }

    #[test]
    fn an_address_says_whether_a_photo_or_a_folder_is_meant() {
        let folder = |path: &str| Address::of(Path::new(path)).map(|a| a.is_folder());
        assert_eq!(folder("s3://sheets/2026/north/"), Some(true));
        assert_eq!(folder("s3://sheets"), Some(true));
        assert_eq!(folder("s3://sheets/2026/1.jpg"), Some(false));
        assert_eq!(folder("https://example.org/sheets/"), Some(false));
        assert_eq!(folder("C:/sheets/1.jpg").or(folder("ftp://example.org/1.jpg")), None);
    }
}
