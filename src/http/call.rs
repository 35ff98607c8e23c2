//! A call to a provider and what came of it.
//!
//! Decides the shape only: `oidc` builds calls and judges answers, the adapter's call desk sends them.

use std::{fmt, time::Duration};

use url::Url;

use crate::secret::Secret;

/// The most bytes of an answer's body that are looked at.
pub const MAX_BODY: usize = 512 * 1024;

/// One HTTP request to a provider. Header values and the body may hold a code, a token or a secret, so neither is printed;
/// the URL never holds one.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where to: scheme and authority as the provider's certificate names them, path and query.
    pub url: Url,
    /// The Envoy cluster that leads there.
    pub cluster: String,
    /// Further header fields.
    pub headers: Vec<(&'static str, Secret<String>)>,
    /// The body; empty for GET.
    pub body: Secret<String>,
    /// How long Envoy waits for the whole answer.
    pub timeout: Duration,
}

/// The methods that provider endpoints take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

impl Method {
    /// The method's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Call {
    /// A GET of a JSON document.
    pub fn get(url: Url, cluster: String, timeout: Duration) -> Self {
        let headers = vec![("accept", Secret::new("application/json".into()))];
        Self { method: Method::Get, url, cluster, headers, body: Secret::default(), timeout }
    }

    /// A POST of a form.
    pub fn post_form(url: Url, cluster: String, timeout: Duration, form: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = vec![
            ("accept", Secret::new("application/json".into())),
            ("content-type", Secret::new("application/x-www-form-urlencoded".into())),
        ];
        Self { method: Method::Post, url, cluster, headers, body: Secret::new(body), timeout }
    }

    /// A POST of a JSON document.
    pub fn post_json(url: Url, cluster: String, timeout: Duration, document: &serde_json::Value) -> Self {
        let headers = vec![
            ("accept", Secret::new("application/json".into())),
            ("content-type", Secret::new("application/json".into())),
        ];
        Self { method: Method::Post, url, cluster, headers, body: Secret::new(document.to_string()), timeout }
    }

    /// `:authority` of the call: the host, with a port that is not the scheme's own.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.into(),
        }
    }

    /// `:path` of the call: path and query.
    pub fn path(&self) -> String {
        let path = self.url.path();
        match self.url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.into(),
        }
    }
}

/// What came of a call.
#[derive(Debug)]
pub enum CallOutcome {
    /// The provider, or Envoy in its place, answered.
    Answer(CallResponse),
    /// There was no whole answer.
    Failure(CallFailure),
}

/// An answer. Envoy makes up a 503 for a refused connection or failed TLS, and a 504 for a timeout.
#[derive(Clone, Debug)]
pub struct CallResponse {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Secret<Vec<u8>>,
}

/// Why there was no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFailure {
    /// The body is larger than [`MAX_BODY`].
    BodyTooLarge,
    /// The connection ended inside the answer.
    Cut,
    /// The cluster has no usable host.
    NoHost,
    /// Envoy knows no cluster of that name.
    UnknownCluster,
}

impl CallFailure {
    /// The stable code in logs and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::BodyTooLarge | Self::Cut => "provider_answer_cut",
            Self::NoHost | Self::UnknownCluster => "provider_cluster",
        }
    }
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BodyTooLarge => "the body is larger than any answer of a provider",
            Self::Cut => "the connection ended inside it",
            Self::NoHost => "the cluster has no address; can Envoy resolve its host name?",
            Self::UnknownCluster => "Envoy has no cluster of that name; is it configured, and in clusters?",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authority_keeps_a_port_that_is_not_the_schemes_own() {
        let call = |url: &str| Call::get(Url::parse(url).unwrap(), "c".into(), Duration::from_secs(1)).authority();
        assert_eq!(call("https://a.example:443/x"), "a.example");
        assert_eq!(call("http://localhost:9000/x"), "localhost:9000");
    }

    #[test]
    fn a_form_escapes_what_a_secret_may_hold() {
        let url = Url::parse("https://a.example/token").unwrap();
        let call = Call::post_form(url, "c".into(), Duration::from_secs(1), &[("client_secret", "a+b/c=&d e")]);
        assert_eq!(call.body.secret(), "client_secret=a%2Bb%2Fc%3D%26d+e");
        assert!(!format!("{call:?}").contains("a%2Bb"));
    }
}
