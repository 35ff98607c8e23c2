//! What a request says: its target, its headers as bytes, and what kind of client sent it.
//!
//! Decides which requests are too malformed to judge (answered 400) and whether a person or a program is asking.
//! Reads every header once. What a path may mean is `http::path`'s; who may pass is decided by `flow`.

use std::fmt;

/// A request's head, parsed once; every later step reads it from here.
#[derive(Clone, Debug)]
pub struct RequestView {
    method: String,
    authority: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<Header>,
    complete: bool,
}

/// One header field as the host hands it over: the name in lower case, the value as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Field name, lower case.
    pub name: String,
    /// Field value, any bytes.
    pub value: Vec<u8>,
}

/// Why a request cannot be judged at all; each is answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedRequest {
    /// `:authority` is absent, empty or not a host with an optional port.
    Authority,
    /// More than one `Authorization` header (RFC 9110 §5.3: which one counts would differ between hops).
    DuplicateAuthorization,
    /// `:path` holds a raw `#`, space, control byte, or does not begin with `/`.
    Path,
    /// No `:path`, as on CONNECT.
    PathAbsent,
}

/// What sent the request, judged by Fetch metadata where a browser sends it and by `Accept` where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// A frame inside a page: sign-in pages refuse framing, so it gets a link that leaves the frame.
    Frame,
    /// A gRPC call: answered with a gRPC status.
    Grpc,
    /// A gRPC-web call of a page's script: answered with a gRPC status in header fields.
    GrpcWeb,
    /// A person following a link or typing an address: may be redirected.
    Navigation,
    /// A speculative load: answered, but no sign-in is started for it.
    Prefetch,
    /// Everything else: a script, an API client, an image.
    Program,
    /// A person sending a form or another method than GET and HEAD: a redirect would lose what was sent.
    Submission,
    /// A WebSocket handshake.
    WebSocket,
}

impl Client {
    /// Whether no person reads the answer as it comes.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::Grpc | Self::GrpcWeb | Self::Program | Self::WebSocket)
    }
}

impl RequestView {
    /// Parses the header pairs of a request in the order of the wire; `complete` says that no body follows them.
    ///
    /// # Errors
    /// [`MalformedRequest`] says what stops any judgement.
    pub fn parse(pairs: Vec<(String, Vec<u8>)>, complete: bool) -> Result<Self, MalformedRequest> {
        let mut pseudo = Pseudo::default();
        let mut headers = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            match name.as_str() {
                ":method" => pseudo.method = Some(value),
                ":path" => pseudo.path = Some(value),
                ":authority" => pseudo.authority = Some(value),
                name if name.starts_with(':') => {}
                _ => headers.push(Header { name: name.to_ascii_lowercase(), value }),
            }
        }
        if headers.iter().filter(|header| header.name == "authorization").count() > 1 {
            return Err(MalformedRequest::DuplicateAuthorization);
        }
        let (path, query) = target(pseudo.path.ok_or(MalformedRequest::PathAbsent)?)?;
        Ok(Self {
            method: String::from_utf8(pseudo.method.unwrap_or_default()).unwrap_or_default(),
            authority: authority(pseudo.authority)?,
            path,
            query,
            headers,
            complete,
        })
    }

    /// `:method`; empty if it was not text.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// `:authority` in lower case, its port kept.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The authority without its port.
    pub fn host(&self) -> &str {
        host_of(&self.authority)
    }

    /// `:path` up to the first `?`, as it came.
    pub fn path(&self) -> &[u8] {
        &self.path
    }

    /// What follows the first `?`.
    pub fn query(&self) -> Option<&[u8]> {
        self.query.as_deref()
    }

    /// Path and query as they came.
    pub fn path_and_query(&self) -> Vec<u8> {
        match &self.query {
            Some(query) => [self.path.as_slice(), query.as_slice()].join(&b'?'),
            None => self.path.clone(),
        }
    }

    /// The same request for another path.
    #[must_use]
    pub fn at(self, path: Vec<u8>) -> Self {
        Self { path, ..self }
    }

    /// Forgets every header field but those that `wanted` names, for a request that waits.
    #[must_use]
    pub fn keeping(mut self, wanted: &[&str]) -> Self {
        self.headers.retain(|header| wanted.contains(&header.name.as_str()));
        self
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        let headers = self.headers.iter().map(|header| header.name.len().saturating_add(header.value.len()));
        let target = self.path.len().saturating_add(self.query.as_ref().map_or(0, Vec::len));
        headers.fold(target, usize::saturating_add)
    }

    /// Whether no body follows the headers.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// All header fields in order, pseudo headers excepted.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// Every value of the field `name` (lower case), in order.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |header| header.name == name).map(|header| header.value.as_slice())
    }

    /// The field `name` as text, if it came exactly once and is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.values(name);
        let only = values.next()?;
        if values.next().is_some() {
            return None;
        }
        std::str::from_utf8(only).ok()
    }

    /// `x-request-id`, for log lines: at most 64 characters of a safe alphabet, else `-`.
    pub fn request_id(&self) -> &str {
        self.text("x-request-id")
            .filter(|id| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            .unwrap_or("-")
    }

    /// Methods that some applications take in the place of the request's own.
    pub fn other_methods(&self) -> impl Iterator<Item = &[u8]> {
        METHOD_OVERRIDES
            .iter()
            .flat_map(|name| self.values(name))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty())
    }

    /// Whether a WebSocket is asked for, by whatever a proxy leaves of that.
    pub fn is_web_socket(&self) -> bool {
        let key = self.values("sec-websocket-key").next().is_some();
        key || self.lists("upgrade", "websocket") || self.text("sec-fetch-mode") == Some("websocket")
    }

    /// Whether this is a CORS preflight as browsers send it (Fetch standard §4.8): OPTIONS with one `Origin` and one
    /// `Access-Control-Request-Method`, no credentials, no body and no upgrade.
    pub fn is_cors_preflight(&self) -> bool {
        let once = |name| self.values(name).count() == 1;
        let never = |name| self.values(name).next().is_none();
        let bare = NO_PREFLIGHT_HAS.into_iter().all(never);
        let preflight = self.method == "OPTIONS" && once("origin") && once("access-control-request-method");
        let empty = self.complete && self.values("content-length").all(|length| length == b"0");
        preflight && bare && empty
    }

    /// What sent this request.
    pub fn client(&self) -> Client {
        // Before all else, for an upgrade's origin is checked whatever its content type says.
        if self.lists("upgrade", "websocket") {
            return Client::WebSocket;
        }
        if let Some(client) = self.grpc() {
            return client;
        }
        if self.mentions("sec-purpose", "prefetch") || self.mentions("purpose", "prefetch") {
            return Client::Prefetch;
        }
        match self.text("sec-fetch-mode") {
            Some("navigate") => self.navigation_by_destination(),
            Some(_) => Client::Program,
            None if self.wants_html() => self.navigation_by_method(),
            None => Client::Program,
        }
    }

    fn navigation_by_destination(&self) -> Client {
        match self.text("sec-fetch-dest") {
            Some("document") | None => self.navigation_by_method(),
            Some("iframe" | "frame" | "embed" | "object") => Client::Frame,
            Some(_) => Client::Program,
        }
    }

    fn navigation_by_method(&self) -> Client {
        match self.method.as_str() {
            "GET" | "HEAD" => Client::Navigation,
            _ => Client::Submission,
        }
    }

    /// The kind of gRPC call that it is, by the media type before any `+proto`.
    fn grpc(&self) -> Option<Client> {
        let value = self.text("content-type")?;
        let media_type = value.split([';', '+']).next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/grpc" => Some(Client::Grpc),
            "application/grpc-web" | "application/grpc-web-text" => Some(Client::GrpcWeb),
            _ => None,
        }
    }

    /// Whether `Accept` names HTML with a weight above zero and nothing marks the request as a script's.
    fn wants_html(&self) -> bool {
        !self.lists("x-requested-with", "xmlhttprequest")
            && self.values("accept").any(|value| value.split(|byte| *byte == b',').any(is_wanted_html))
    }

    fn lists(&self, name: &str, member: &str) -> bool {
        self.values(name).any(|value| {
            value.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(member.as_bytes()))
        })
    }

    fn mentions(&self, name: &str, token: &str) -> bool {
        self.values(name).any(|value| {
            value
                .split(|byte| matches!(byte, b',' | b';'))
                .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        })
    }
}

/// Fields that name another method.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// Fields that no browser sends with a preflight: credentials, a body, an upgrade, another method than it says.
const NO_PREFLIGHT_HAS: [&str; 8] = [
    "authorization",
    "content-type",
    "cookie",
    "transfer-encoding",
    "upgrade",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

#[derive(Default)]
struct Pseudo {
    method: Option<Vec<u8>>,
    path: Option<Vec<u8>>,
    authority: Option<Vec<u8>>,
}

fn target(raw: Vec<u8>) -> Result<(Vec<u8>, Option<Vec<u8>>), MalformedRequest> {
    let forbidden = |byte: &u8| *byte <= b' ' || *byte == 0x7f || *byte == b'#';
    if raw.first() != Some(&b'/') || raw.iter().any(forbidden) {
        return Err(MalformedRequest::Path);
    }
    let mut parts = raw.splitn(2, |byte| *byte == b'?');
    let path = parts.next().unwrap_or_default().to_vec();
    Ok((path, parts.next().map(<[u8]>::to_vec)))
}

fn authority(raw: Option<Vec<u8>>) -> Result<String, MalformedRequest> {
    let authority = raw.and_then(|raw| String::from_utf8(raw).ok()).ok_or(MalformedRequest::Authority)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    if authority.is_empty() || authority.len() > 300 || !authority.bytes().all(allowed) {
        return Err(MalformedRequest::Authority);
    }
    Ok(authority.to_ascii_lowercase())
}

/// The host of `authority`: an IPv6 literal keeps its brackets.
pub fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_wanted_html(range: &[u8]) -> bool {
    let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let media_type = parts.next().unwrap_or_default();
    let html =
        media_type.eq_ignore_ascii_case(b"text/html") || media_type.eq_ignore_ascii_case(b"application/xhtml+xml");
    html && !parts.any(|parameter| {
        parameter.strip_prefix(b"q=").is_some_and(|weight| weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
    })
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{} bytes]", self.name, self.value.len())
    }
}

impl fmt::Display for MalformedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authority => "the request names no usable host",
            Self::DuplicateAuthorization => "the request has more than one Authorization header",
            Self::Path => "the request path holds a character that must be percent-encoded, or does not begin with /",
            Self::PathAbsent => "the request has no path",
        })
    }
}

impl std::error::Error for MalformedRequest {}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(headers: &[(&str, &str)]) -> Result<RequestView, MalformedRequest> {
        let defaults = [(":method", "GET"), (":path", "/"), (":authority", "app.example.com")];
        let given = |name: &str| headers.iter().any(|(other, _)| *other == name);
        let pairs = defaults.iter().filter(|(name, _)| !given(name)).chain(headers);
        RequestView::parse(pairs.map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect(), true)
    }

    fn client(headers: &[(&str, &str)]) -> Client {
        view(headers).unwrap().client()
    }

    #[test]
    fn path_ends_at_the_first_question_mark() {
        let view = view(&[(":path", "/a?b?c=/d")]).unwrap();
        assert_eq!((view.path(), view.query()), (b"/a".as_slice(), Some(b"b?c=/d".as_slice())));
        assert_eq!(view.path_and_query(), b"/a?b?c=/d");
    }

    // T-21
    #[test]
    fn raw_fragment_space_and_controls_in_the_path_are_malformed() {
        for path in ["/a#b", "/a b", "/a\tb", "/a\0", "/\u{7f}", "a", "", "*", "http://x/"] {
            assert_eq!(view(&[(":path", path)]).unwrap_err(), MalformedRequest::Path, "{path:?}");
        }
    }

    #[test]
    fn connect_without_a_path_is_malformed() {
        let pairs = vec![(":method".into(), b"CONNECT".to_vec()), (":authority".into(), b"a:1".to_vec())];
        assert_eq!(RequestView::parse(pairs, true).unwrap_err(), MalformedRequest::PathAbsent);
    }

    // T-45
    #[test]
    fn two_authorization_headers_are_malformed() {
        let twice = [("authorization", "Bearer a"), ("Authorization", "Bearer b")];
        assert_eq!(view(&twice).unwrap_err(), MalformedRequest::DuplicateAuthorization);
    }

    #[test]
    fn authority_is_lower_cased_and_refused_when_odd() {
        let parsed = view(&[(":authority", "App.Example.COM:8443")]).unwrap();
        assert_eq!((parsed.authority(), parsed.host()), ("app.example.com:8443", "app.example.com"));
        assert_eq!(view(&[(":authority", "[::1]:80")]).unwrap().host(), "[::1]");
        for odd in ["", "a b", "a/b", "user@host", "a\\b", "ä"] {
            assert_eq!(view(&[(":authority", odd)]).unwrap_err(), MalformedRequest::Authority, "{odd:?}");
        }
    }

    #[test]
    fn fetch_metadata_decides_before_accept() {
        let html = ("accept", "text/html");
        assert_eq!(client(&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")]), Client::Navigation);
        assert_eq!(client(&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]), Client::Frame);
        assert_eq!(client(&[("sec-fetch-mode", "cors"), html]), Client::Program);
        let post = [(":method", "POST"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(client(&post), Client::Submission);
    }

    #[test]
    fn without_fetch_metadata_accept_decides() {
        assert_eq!(client(&[("accept", "text/html,application/xml;q=0.9,*/*;q=0.8")]), Client::Navigation);
        assert_eq!(client(&[("accept", "*/*")]), Client::Program);
        assert_eq!(client(&[("accept", "application/json, text/html;q=0")]), Client::Program);
        assert_eq!(client(&[]), Client::Program);
        assert_eq!(client(&[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")]), Client::Program);
    }

    #[test]
    fn grpc_websocket_and_prefetch_are_told_apart() {
        assert_eq!(client(&[("content-type", "application/grpc+proto"), (":method", "POST")]), Client::Grpc);
        for kind in [
            "application/grpc-web",
            "Application/gRPC-Web+proto; charset=utf-8",
            "application/grpc-web-text",
            "application/grpc-web-text+proto",
        ] {
            assert_eq!(client(&[("content-type", kind), (":method", "POST")]), Client::GrpcWeb, "{kind}");
        }
        for kind in ["application/grpc-webs", "application/grpcx", "application/grp", "text/grpc"] {
            assert_eq!(client(&[("content-type", kind), (":method", "POST")]), Client::Program, "{kind}");
        }
        assert_eq!(client(&[("upgrade", "WebSocket"), ("accept", "text/html")]), Client::WebSocket);
        assert_eq!(client(&[("upgrade", "websocket"), ("content-type", "application/grpc")]), Client::WebSocket);
        assert_eq!(client(&[("sec-purpose", "prefetch;prerender"), ("sec-fetch-mode", "navigate")]), Client::Prefetch);
    }

    #[test]
    fn a_preflight_needs_all_three_marks() {
        let full = [(":method", "OPTIONS"), ("origin", "https://x"), ("access-control-request-method", "PUT")];
        assert!(view(&full).unwrap().is_cors_preflight());
        assert!(!view(&full[..2]).unwrap().is_cors_preflight());
        assert!(!view(&full[1..]).unwrap().is_cors_preflight());
    }

    #[test]
    fn a_preflight_has_no_credentials_no_body_and_no_upgrade() {
        let full = [(":method", "OPTIONS"), ("origin", "https://x"), ("access-control-request-method", "PUT")];
        for extra in [
            ("cookie", "a=b"),
            ("authorization", "Bearer x"),
            ("upgrade", "websocket"),
            ("x-http-method-override", "DELETE"),
            ("transfer-encoding", "chunked"),
            ("content-type", "application/grpc"),
            ("origin", "https://y"),
        ] {
            let headers: Vec<_> = full.into_iter().chain([extra]).collect();
            assert!(!view(&headers).unwrap().is_cors_preflight(), "{extra:?}");
        }
        let pairs = full.iter().chain(&[(":path", "/"), (":authority", "a")]);
        let pairs = pairs.map(|(name, value)| ((*name).into(), value.as_bytes().to_vec())).collect();
        assert!(!RequestView::parse(pairs, false).unwrap().is_cors_preflight(), "a body follows");
    }

    #[test]
    fn header_values_are_not_shown_by_debug() {
        let view = view(&[("cookie", "secret=1")]).unwrap();
        assert!(!format!("{view:?}").contains("secret"));
    }
}
