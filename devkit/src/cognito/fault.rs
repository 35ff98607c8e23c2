//! Decides which faulty answers an endpoint can give and what they look like on the wire. When one is due is a switch of
//! [`super::Behaviour`]; `gate` asks here before it lets a request through.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

/// What a fault can be set for; wire names are camelCase.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Endpoint {
    /// `/oauth2/authorize`
    Authorize,
    /// `/.well-known/openid-configuration`
    Discovery,
    /// `/.well-known/jwks.json`
    Jwks,
    /// `/login`
    Login,
    /// `/logout`
    Logout,
    /// `/oauth2/token` with `grant_type=refresh_token`, before what is set for [`Endpoint::Token`].
    Refresh,
    /// `/oauth2/revoke`
    Revoke,
    /// `/oauth2/token`
    Token,
    /// `/oauth2/userInfo`
    UserInfo,
}

/// A fault and how often it still happens.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// What happens.
    pub fault: Fault,
    /// How many times; absent = until changed.
    #[serde(default)]
    pub remaining: Option<u32>,
}

/// A faulty answer. On the wire a string, or `{"slow":{"milliseconds":500}}` where it has settings. Unless said
/// otherwise the request has no effect: a code sent along stays unused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// 403 with an HTML body, as AWS WAF blocks.
    ForbiddenHtml,
    /// The connection ends without an answer.
    HangUp,
    /// 200 with an HTML body.
    HtmlOk,
    /// 500 with a JSON body.
    InternalServerError,
    /// No answer, on an open connection.
    NoAnswer,
    /// 200 and JSON of `bytes` bytes (of filling in an unknown member).
    #[serde(rename_all = "camelCase")]
    Oversized {
        /// Size of the filling, at most 64 MB.
        bytes: usize,
    },
    /// Exactly this answer.
    #[serde(rename_all = "camelCase")]
    Reply {
        /// The status; 500 if it is none.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// 503 with an empty body.
    ServiceUnavailable,
    /// 503 with an HTML body.
    ServiceUnavailableHtml,
    /// The request takes effect; then half of the body under the `Content-Length` of the whole, then the connection ends.
    ShortBody,
    /// The request takes effect; the answer comes this much later.
    #[serde(rename_all = "camelCase")]
    Slow {
        /// How much later.
        milliseconds: u64,
    },
    /// 400 with the throttling error of the JSON API.
    ThrottledJson,
    /// 429 with an empty body.
    TooManyRequestsEmpty,
    /// 429 with an HTML body.
    TooManyRequestsHtml,
    /// 429 with a JSON body.
    TooManyRequestsJson,
    /// The request takes effect; half of the JSON arrives as if it were all.
    TruncatedJson,
}

/// Marks an answer in whose place the connection is to end; `listen` does so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HangUp;

impl Endpoint {
    /// All of them.
    pub const ALL: [Endpoint; 9] = [
        Endpoint::Authorize,
        Endpoint::Discovery,
        Endpoint::Jwks,
        Endpoint::Login,
        Endpoint::Logout,
        Endpoint::Refresh,
        Endpoint::Revoke,
        Endpoint::Token,
        Endpoint::UserInfo,
    ];
}

impl FaultRule {
    /// Takes one occurrence: the fault, if any is left, and the rule that is left.
    pub(crate) fn take(self) -> (Option<Fault>, Option<FaultRule>) {
        match self.remaining {
            None => (Some(self.fault.clone()), Some(self)),
            Some(0) => (None, None),
            Some(1) => (Some(self.fault), None),
            Some(times) => (Some(self.fault.clone()), Some(FaultRule { remaining: Some(times - 1), ..self })),
        }
    }
}

impl Fault {
    /// A short name for counters.
    pub fn name(&self) -> &'static str {
        match self {
            Fault::ForbiddenHtml => "forbiddenHtml",
            Fault::HangUp => "hangUp",
            Fault::HtmlOk => "htmlOk",
            Fault::InternalServerError => "internalServerError",
            Fault::NoAnswer => "noAnswer",
            Fault::Oversized { .. } => "oversized",
            Fault::Reply { .. } => "reply",
            Fault::ServiceUnavailable => "serviceUnavailable",
            Fault::ServiceUnavailableHtml => "serviceUnavailableHtml",
            Fault::ShortBody => "shortBody",
            Fault::Slow { .. } => "slow",
            Fault::ThrottledJson => "throttledJson",
            Fault::TooManyRequestsEmpty => "tooManyRequestsEmpty",
            Fault::TooManyRequestsHtml => "tooManyRequestsHtml",
            Fault::TooManyRequestsJson => "tooManyRequestsJson",
            Fault::TruncatedJson => "truncatedJson",
        }
    }

    /// Answers in place of `answer`, or spoils it.
    pub(crate) async fn apply(self, answer: impl Future<Output = Response>) -> Response {
        match self {
            Fault::ForbiddenHtml => html(403, "<html><body><h1>403 Forbidden</h1></body></html>"),
            Fault::HangUp => {
                let mut response = StatusCode::BAD_GATEWAY.into_response();
                response.extensions_mut().insert(HangUp);
                response
            }
            Fault::HtmlOk => html(200, "<!DOCTYPE html><html><body>We will be back soon.</body></html>"),
            Fault::InternalServerError => json(500, r#"{"error":"server_error"}"#),
            Fault::NoAnswer => pending().await,
            Fault::Oversized { bytes } => oversized(bytes),
            Fault::Reply { status, content_type, body } => reply(status, &content_type, body),
            Fault::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Fault::ServiceUnavailableHtml => html(503, "<html><body><h1>503 Service Unavailable</h1></body></html>"),
            Fault::ShortBody => short(answer.await).await,
            Fault::Slow { milliseconds } => {
                let response = answer.await;
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                response
            }
            Fault::ThrottledJson => json(400, r#"{"__type":"TooManyRequestsException","message":"Rate exceeded"}"#),
            Fault::TooManyRequestsEmpty => StatusCode::TOO_MANY_REQUESTS.into_response(),
            Fault::TooManyRequestsHtml => html(429, "<html><body><h1>429 Too Many Requests</h1></body></html>"),
            Fault::TooManyRequestsJson => json(429, r#"{"error":"too_many_requests"}"#),
            Fault::TruncatedJson => truncated(answer.await).await,
        }
    }
}

fn html(status: u16, body: &str) -> Response {
    reply(status, "text/html", body.to_owned())
}

fn json(status: u16, body: &str) -> Response {
    reply(status, "application/json", body.to_owned())
}

fn reply(status: u16, content_type: &str, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = HeaderValue::from_str(content_type).unwrap_or(HeaderValue::from_static("text/plain"));
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn oversized(bytes: usize) -> Response {
    let filling = "x".repeat(bytes.min(64 << 20));
    reply(200, "application/json", format!(r#"{{"filling":"{filling}"}}"#))
}

/// The whole body, and the part of the answer before it.
async fn whole(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    (parts, to_bytes(body, usize::MAX).await.unwrap_or_default())
}

async fn truncated(response: Response) -> Response {
    let (parts, body) = whole(response).await;
    Response::from_parts(parts, Body::from(body.slice(..body.len() / 2)))
}

async fn short(response: Response) -> Response {
    let (mut parts, body) = whole(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    // The pause lets the half leave before the connection breaks; without it the server may drop both together.
    let end = stream::once(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(io::Error::other("cut"))
    });
    let body = stream::once(async { Ok::<_, Infallible>(half) }).map(|half| half.map_err(io::Error::other));
    Response::from_parts(parts, Body::from_stream(body.chain(end)))
}
