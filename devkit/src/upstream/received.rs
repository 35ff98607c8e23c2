//! One request as it arrived, and the record of the latest ones.
//!
//! Header names keep the spelling hyper gives them (lower case); order and repeats are kept. A value that is no UTF-8 is
//! shown with replacement characters: a test that cares about bytes looks for them elsewhere.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Version};
use http_body_util::BodyExt as _;
use ring::digest::{Context, SHA256};
use serde::Serialize;

const REMEMBERED: usize = 1000;

/// One request, as the upstream saw it.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query without its `?`; empty where there was none.
    pub query: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// The host that was asked for.
    pub authority: String,
    /// Names and values, repeats included.
    pub headers: Vec<(String, String)>,
    /// How many bytes of body arrived; 0 for gRPC and WebSockets, whose bodies are left alone.
    pub body_length: u64,
    /// Their SHA-256 in hex, where there was a body.
    pub body_sha256: Option<String>,
    /// Header-like members after the body.
    pub trailers: Vec<(String, String)>,
}

impl Received {
    /// Everything but the body.
    pub fn of(parts: &Parts) -> Self {
        let host = parts.headers.get("host").map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        Self {
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            version: format!("{:?}", parts.version),
            authority: parts.uri.authority().map(ToString::to_string).or(host).unwrap_or_default(),
            headers: pairs(&parts.headers),
            body_length: 0,
            body_sha256: None,
            trailers: Vec::new(),
        }
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of a header, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |(sent, _): &&(String, String)| sent.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn wants_json(&self) -> bool {
        self.query.split('&').any(|pair| pair == "format=json")
            || self.all("accept").iter().any(|accept| accept.contains("application/json"))
    }

    /// Whether the peer may keep the body open while it waits for an answer.
    pub(super) fn is_stream(&self) -> bool {
        let grpc = self.header("content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
        let h2_connect = self.method == Method::CONNECT.as_str() && self.version == format!("{:?}", Version::HTTP_2);
        grpc || h2_connect || self.header("upgrade").is_some()
    }

    /// Reads the body to its end, or to where the peer broke off.
    pub(super) async fn drain(&mut self, mut body: Body) -> Body {
        let mut digest = Context::new(&SHA256);
        while let Some(Ok(frame)) = body.frame().await {
            match frame.into_data() {
                Ok(data) => {
                    self.body_length += data.len() as u64;
                    digest.update(&data);
                }
                Err(frame) => self.trailers.extend(frame.trailers_ref().map(pairs).unwrap_or_default()),
            }
        }
        if self.body_length > 0 {
            self.body_sha256 = Some(hex(digest.finish().as_ref()));
        }
        Body::empty()
    }
}

/// What all of one upstream's connections write into.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Record>);

#[derive(Default)]
struct Record {
    hits: AtomicU64,
    requests: Mutex<VecDeque<Received>>,
}

impl Recorder {
    pub(super) fn hit(&self) {
        self.0.hits.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn push(&self, received: Received) {
        let mut requests = self.0.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == REMEMBERED {
            requests.pop_front();
        }
        requests.push_back(received);
    }

    pub(super) fn hits(&self) -> u64 {
        self.0.hits.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<Received> {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn clear(&self) {
        self.0.requests.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.hits.store(0, Ordering::SeqCst);
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
