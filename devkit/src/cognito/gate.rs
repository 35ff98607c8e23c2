//! Decides what happens to every request before an endpoint sees it: the authority must be the listener's own, the request
//! is recorded and counted, a fault that is due takes over; afterwards the headers that Cognito always sends are added.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fault::Endpoint;
use super::log::{Head, Recorded};
use super::params::Params;
use super::pool::Pool;
use super::random::uuid;

/// What an answer of the token endpoint counts as; an extension of the response.
#[derive(Clone, Debug)]
pub(super) struct Outcome(pub(super) &'static str);

/// The largest request body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// In front of the issuer listener.
pub(super) async fn issuer_gate(State(pool): State<Arc<Pool>>, request: Request, next: Next) -> Response {
    let authority = authority(request.uri(), request.headers());
    if !pool.issuer.answers_for(&authority) && !pool.updated_issuer.answers_for(&authority) {
        return misdirected("issuer", &pool.issuer.authority, &authority);
    }
    let endpoint = match request.uri().path().strip_prefix(&pool.issuer.path) {
        Some("/.well-known/openid-configuration") => Endpoint::Discovery,
        Some("/.well-known/jwks.json") => Endpoint::Jwks,
        _ => return next.run(request).await,
    };
    admit(&pool, endpoint, &authority, request, next).await
}

/// In front of the domain listener.
pub(super) async fn domain_gate(State(pool): State<Arc<Pool>>, request: Request, next: Next) -> Response {
    let authority = authority(request.uri(), request.headers());
    if !pool.domain.answers_for(&authority) {
        return misdirected("domain", &pool.domain.authority, &authority);
    }
    let endpoint = match request.uri().path() {
        "/login" => Endpoint::Login,
        "/logout" => Endpoint::Logout,
        "/oauth2/authorize" => Endpoint::Authorize,
        "/oauth2/revoke" => Endpoint::Revoke,
        "/oauth2/token" => Endpoint::Token,
        "/oauth2/userInfo" => Endpoint::UserInfo,
        _ => return next.run(request).await,
    };
    let mut response = admit(&pool, endpoint, &authority, request, next).await;
    dress(&mut response, endpoint, pool.domain.secure);
    response
}

/// The answer to a path that this host does not have.
pub(super) async fn not_here(uri: Uri) -> Response {
    (StatusCode::NOT_FOUND, format!("404: nothing at {} on this host of the local Cognito\n", uri.path()))
        .into_response()
}

/// Records, counts, and lets a due fault take over.
async fn admit(pool: &Pool, endpoint: Endpoint, authority: &str, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let head = Head { method: &parts.method, version: parts.version, authority, headers: &parts.headers };
    let form = form(&parts.headers, &body);
    let grant_type = known_grant(form.get("grant_type"));
    let query = Params::parse(parts.uri.query().unwrap_or_default().as_bytes());
    if endpoint != Endpoint::Discovery && endpoint != Endpoint::Jwks {
        pool.log().keep(Recorded::new(endpoint, &head, query.into_vec(), form.into_vec()));
    }
    pool.log().count(endpoint);
    let refresh = endpoint == Endpoint::Token && grant_type == "refresh_token";
    if refresh {
        pool.log().counters.refresh.arrived += 1;
    }
    let fault = refresh.then(|| pool.take_fault(Endpoint::Refresh)).flatten().or_else(|| pool.take_fault(endpoint));
    let answer = next.run(Request::from_parts(parts, Body::from(body)));
    if let Some(fault) = fault {
        if endpoint == Endpoint::Token {
            pool.log().count_token(grant_type, fault.name());
        }
        return with_retry_after(pool, fault.apply(answer).await);
    }
    let response = answer.await;
    if let Some(Outcome(outcome)) = response.extensions().get() {
        pool.log().count_token(grant_type, outcome);
    }
    response
}

/// The header that a faulty answer has if a switch says so.
fn with_retry_after(pool: &Pool, mut response: Response) -> Response {
    if let Some(value) = pool.behaviour().retry_after.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// The members of a form; of any other body none.
pub(super) fn form(headers: &HeaderMap, body: &Bytes) -> Params {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Params::parse(body)
    } else {
        Params::default()
    }
}

/// The authority of HTTP/2 or of an absolute URL, else the Host header.
pub(super) fn authority(uri: &Uri, headers: &HeaderMap) -> String {
    let host = || headers.get(header::HOST)?.to_str().ok();
    uri.authority().map(|authority| authority.as_str()).or_else(host).unwrap_or_default().to_owned()
}

fn misdirected(name: &str, own: &str, given: &str) -> Response {
    let text = format!(
        "404: this is the {name} host of the local Cognito; it answers for \"{own}\", the request named \"{given}\"\n"
    );
    (StatusCode::NOT_FOUND, text).into_response()
}

fn known_grant(grant_type: Option<&str>) -> &'static str {
    match grant_type {
        Some("authorization_code") => "authorization_code",
        Some("client_credentials") => "client_credentials",
        Some("refresh_token") => "refresh_token",
        _ => "other",
    }
}

/// The headers every answer of the domain has; CORS is only for what scripts may call.
fn dress(response: &mut Response, endpoint: Endpoint, secure: bool) {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate");
    set(header::PRAGMA, "no-cache");
    set(header::EXPIRES, "0");
    if secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000 ; includeSubDomains");
    }
    if matches!(endpoint, Endpoint::Revoke | Endpoint::Token | Endpoint::UserInfo) {
        set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    }
    if let Ok(id) = HeaderValue::from_str(&uuid()) {
        headers.insert("x-amz-cognito-request-id", id);
    }
}
