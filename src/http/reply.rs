//! An answer that we make ourselves, complete before it leaves.
//!
//! Decides what every such answer carries (`Cache-Control: no-store`, `nosniff`) and that no header value can split it:
//! Envoy does not check the headers of a local reply. What the answer says is decided by `flow`.

/// A local reply. Built by the constructors below; every one is uncacheable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    verdict: Vec<(String, String)>,
    body: String,
    grpc: Option<GrpcStatus>,
}

/// A gRPC status that takes the place of an HTTP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcStatus {
    /// 3: the request cannot be judged.
    InvalidArgument,
    /// 7: known, but not allowed.
    PermissionDenied,
    /// 14: try again.
    Unavailable,
    /// 16: not signed in.
    Unauthenticated,
}

impl GrpcStatus {
    /// The number on the wire.
    pub const fn code(self) -> u32 {
        match self {
            Self::InvalidArgument => 3,
            Self::PermissionDenied => 7,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl Reply {
    /// An empty answer with `status`.
    pub fn empty(status: u16) -> Self {
        let headers = vec![("cache-control", "no-store".into()), ("x-content-type-options", "nosniff".into())];
        Self { status, headers, verdict: Vec::new(), body: String::new(), grpc: None }
    }

    /// A 302 to `location`, which must be an absolute URL or path in ASCII.
    pub fn redirect(location: &str) -> Self {
        Self::empty(302).with("location", location).with("referrer-policy", "no-referrer")
    }

    /// A 303 to `location`: the way on from a POST (RFC 9700 §4.12).
    pub fn see_other(location: &str) -> Self {
        Self { status: 303, ..Self::redirect(location) }
    }

    /// A JSON document.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self { body: value.to_string(), ..Self::empty(status).with("content-type", "application/json") }
    }

    /// A complete HTML page with its content security policy.
    pub fn html(status: u16, body: String, content_security_policy: &str) -> Self {
        let head = Self::empty(status)
            .with("content-type", "text/html; charset=utf-8")
            .with("content-security-policy", content_security_policy)
            .with("referrer-policy", "no-referrer");
        Self { body, ..head }
    }

    /// A gRPC status with a message in plain ASCII.
    pub fn grpc(status: GrpcStatus, message: &str) -> Self {
        Self { body: message.into(), grpc: Some(status), ..Self::empty(200) }
    }

    /// The same for a page's script: a gRPC-web answer that ends with its headers. It has no content type, since Envoy takes that
    /// off an answer without a body.
    pub fn grpc_web(status: GrpcStatus, message: &str) -> Self {
        Self::empty(200).with("grpc-status", status.code().to_string()).with("grpc-message", message)
    }

    /// Adds a header. A value with a control byte or a byte beyond ASCII is left out: it could split the answer.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if value.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            self.headers.push((name, value));
        }
        self
    }

    /// Adds a field that an application would have got. A value that is no text, or has a control character, is left out.
    #[must_use]
    pub fn with_field(mut self, (name, value): (String, Vec<u8>)) -> Self {
        if let Ok(value) = String::from_utf8(value)
            && !value.chars().any(char::is_control)
        {
            self.verdict.push((name, value));
        }
        self
    }

    /// Adds one `set-cookie` for each of `cookies`.
    #[must_use]
    pub fn with_cookies(self, cookies: impl IntoIterator<Item = String>) -> Self {
        cookies.into_iter().fold(self, |reply, cookie| reply.with("set-cookie", cookie))
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header fields in order.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// All fields: those of the answer itself, then those that an application would have got.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        own.chain(self.verdict.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The first value of `name`.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// The body, or the gRPC message.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The gRPC status, if the client speaks gRPC.
    pub fn grpc_status(&self) -> Option<GrpcStatus> {
        self.grpc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // T-93
    #[test]
    fn every_answer_is_uncacheable() {
        let replies = [
            Reply::empty(401),
            Reply::redirect("/"),
            Reply::see_other("/"),
            Reply::json(200, &serde_json::json!({})),
            Reply::html(200, String::new(), "default-src 'none'"),
        ];
        for reply in replies {
            assert_eq!(reply.header("cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn a_value_that_could_split_the_answer_is_left_out() {
        for value in ["/a\r\nset-cookie: evil=1", "/a\n", "/\0", "/ä", "/\u{7f}"] {
            assert_eq!(Reply::redirect(value).header("location"), None, "{value:?}");
        }
    }
}
