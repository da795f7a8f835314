//! Who may ask: only pages of this very station.
//!
//! In: a request's method, path and headers. Out: what is asked for below the token. Refuses a Host
//! that is not this station's loopback address (a name that was bent to 127.0.0.1), a path without the
//! token, a change that does not come from this station's own page (Origin, Sec-Fetch-Site) or is not
//! JSON. The answer to a refusal tells nothing about what exists.

use axum::http::{HeaderMap, Method, StatusCode, header};

/// What this station answers to.
#[derive(Debug, Clone)]
pub struct Guard {
    token: String,
    port: u16,
}

impl Guard {
    /// A guard with a new token: 128 random bits.
    pub fn new(port: u16) -> Self {
        let token: [u8; 16] = rand::random();
        Self { token: crate::ground::hash::hexadecimal(&token), port }
    }

    /// The path that everything is below: `/TOKEN/`.
    pub fn base(&self) -> String {
        format!("/{}/", self.token)
    }

    /// The address to open.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.base())
    }

    /// The path below the token, or why there is no answer.
    pub fn admit<'p>(
        &self,
        method: &Method,
        path: &'p str,
        headers: &HeaderMap,
    ) -> Result<&'p str, StatusCode> {
        let one = |name| {
            let mut all = headers.get_all(name).iter();
            match (all.next(), all.next()) {
                (Some(value), None) => value.to_str().ok(),
                _ => None,
            }
        };
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let host = one(header::HOST).filter(|h| hosts.iter().any(|own| own == h));
        let host = host.ok_or(StatusCode::FORBIDDEN)?;
        let (token, rest) =
            path.strip_prefix('/').and_then(|p| p.split_once('/')).ok_or(StatusCode::NOT_FOUND)?;
        if !same(token, &self.token) {
            return Err(StatusCode::NOT_FOUND);
        }
        let site = headers.get("sec-fetch-site").map(|v| v.to_str().unwrap_or_default());
        match *method {
            // A page that is opened by hand comes from nowhere ("none").
            Method::GET if matches!(site, None | Some("none" | "same-origin")) => Ok(rest),
            Method::POST => {
                let own = one(header::ORIGIN) == Some(&format!("http://{host}"));
                let json = one(header::CONTENT_TYPE) == Some("application/json");
                let near = matches!(site, None | Some("same-origin"));
                if own && json && near { Ok(rest) } else { Err(StatusCode::FORBIDDEN) }
            }
            Method::GET => Err(StatusCode::FORBIDDEN),
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

/// Compares without telling by the time it takes where the difference lies.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Result<String, u16> {
        let guard = Guard { token: "cafe".to_owned(), port: 8080 };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.admit(&method, path, &map).map(str::to_owned).map_err(|s| s.as_u16())
    }

    #[test]
    fn only_the_stations_own_address_with_its_token_is_answered() {
        let own = ("host", "127.0.0.1:8080");
        assert_eq!(admit(Method::GET, "/cafe/page/1", &[own]).as_deref(), Ok("page/1"));
        assert_eq!(admit(Method::GET, "/cafe/", &[("host", "localhost:8080")]).as_deref(), Ok(""));
        for host in ["evil.example:8080", "127.0.0.1", "127.0.0.1:81", "127.0.0.1:8080.evil.example"] {
            assert_eq!(admit(Method::GET, "/cafe/", &[("host", host)]), Err(403), "{host}");
        }
        assert_eq!(admit(Method::GET, "/cafe/", &[]), Err(403));
        assert_eq!(admit(Method::GET, "/cafe/", &[own, own]), Err(403), "two hosts");
        for path in ["/", "/cafe", "/beef/", "/cafeX/", "//", "/../cafe/"] {
            assert_eq!(admit(Method::GET, path, &[own]), Err(404), "{path}");
        }
        assert_eq!(admit(Method::PUT, "/cafe/", &[own]), Err(405));
        let cross = [own, ("sec-fetch-site", "cross-site")];
        assert_eq!(admit(Method::GET, "/cafe/", &cross), Err(403));
    }

    #[test]
    fn a_change_has_to_come_from_the_stations_own_page() {
        let host = ("host", "127.0.0.1:8080");
        let origin = ("origin", "http://127.0.0.1:8080");
        let json = ("content-type", "application/json");
        let post = |headers: &[_]| admit(Method::POST, "/cafe/api/entry", headers);
        assert_eq!(post(&[host, origin, json]).as_deref(), Ok("api/entry"));
        assert_eq!(post(&[host, json]), Err(403), "no origin");
        assert_eq!(post(&[host, ("origin", "null"), json]), Err(403));
        assert_eq!(post(&[host, ("origin", "http://evil.example"), json]), Err(403));
        assert_eq!(post(&[host, ("origin", "http://localhost:8080"), json]), Err(403), "another name");
        assert_eq!(post(&[host, origin, ("content-type", "text/plain")]), Err(403), "a plain form");
        assert_eq!(post(&[host, origin, json, ("sec-fetch-site", "same-site")]), Err(403));
    }
}
