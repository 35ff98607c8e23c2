//! What came back, and what the application saw of it.

use devkit::upstream::Received;
use http::HeaderMap;
use serde_json::Value;
use url::Url;

/// An answer to one request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked for.
    pub url: Url,
    /// The status.
    pub status: u16,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// What of this very request reached the application: nothing, or one request.
    pub upstream: Vec<Received>,
}

impl Answer {
    /// The first value of a header, as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self}"))
    }

    /// Where a redirect leads.
    #[track_caller]
    pub fn location(&self) -> Url {
        self.url.join(self.header("location")).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Panics unless the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Panics if the application saw anything of the request.
    #[track_caller]
    pub fn expect_not_forwarded(&self) -> &Self {
        assert!(self.upstream.is_empty(), "it reached the application: {self}");
        self
    }

    /// What the application saw; panics unless that was this request, once.
    #[track_caller]
    pub fn forwarded(&self) -> &Received {
        assert_eq!(self.upstream.len(), 1, "it reached the application so many times: {self}");
        &self.upstream[0]
    }

    /// The names of the cookies that this answer deletes.
    pub fn deleted_cookies(&self) -> Vec<String> {
        let deletes = |line: &&str| line.split(';').any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
        let name = |line: &str| line.split('=').next().unwrap_or_default().to_owned();
        self.all("set-cookie").into_iter().filter(deletes).map(name).collect()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start: String = self.text().chars().take(400).collect();
        write!(f, "{} answered {} {:?}: {start}", self.url, self.status, self.headers)
    }
}
