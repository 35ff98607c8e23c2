//! Decides what `/oauth2/userInfo` and `/oauth2/revoke` answer. Revocation shows at userInfo only: the JWTs keep verifying.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::User;
use super::claims::user_attributes;
use super::client_auth::authenticate;
use super::elsewhere::UserInfoVariant;
use super::gate::form;
use super::jwt::{TokenKind, verified_access_token};
use super::params::Params;
use super::pool::Pool;

/// Why userInfo refuses.
enum BearerError {
    InvalidRequest,
    InvalidToken,
}

/// GET /oauth2/userInfo
pub(super) async fn userinfo(State(pool): State<Arc<Pool>>, headers: HeaderMap) -> Response {
    match process_userinfo_request(&pool, &headers) {
        Ok((claims, client_id)) => userinfo_response(&pool, claims, &client_id),
        Err(BearerError::InvalidRequest) => {
            bearer_error(StatusCode::BAD_REQUEST, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
        }
        Err(BearerError::InvalidToken) => bearer_error(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "Access token is expired, disabled, or deleted, or the user has globally signed out.",
        ),
    }
}

/// JSON, as Cognito answers; or what a switch says.
fn userinfo_response(pool: &Pool, mut claims: Map<String, Value>, client_id: &str) -> Response {
    if !pool.behaviour().user_info.signed {
        return Json(claims).into_response();
    }
    claims.insert("iss".to_owned(), json!(pool.issuer_in_effect().text));
    claims.insert("aud".to_owned(), json!(client_id));
    ([(header::CONTENT_TYPE, "application/jwt")], pool.sign(TokenKind::Id, claims, None)).into_response()
}

/// POST /oauth2/revoke
pub(super) async fn revoke(State(pool): State<Arc<Pool>>, headers: HeaderMap, body: Bytes) -> Response {
    match process_revocation_request(&pool, &headers, &form(&headers, &body)) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            let status = if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            (status, Json(json!({ "error": error }))).into_response()
        }
    }
}

/// The claims, and the client whose token it is.
fn process_userinfo_request(pool: &Pool, headers: &HeaderMap) -> Result<(Map<String, Value>, String), BearerError> {
    let authorization =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(BearerError::InvalidRequest)?;
    let (scheme, token) = authorization.split_once(' ').ok_or(BearerError::InvalidRequest)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(BearerError::InvalidRequest);
    }
    let claims = verified_access_token(token.trim(), &pool.keys()).ok_or(BearerError::InvalidToken)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let scopes: Vec<_> = text("scope").split(' ').map(str::to_owned).collect();
    let alive = claims.get("exp").and_then(Value::as_u64).is_some_and(|exp| pool.now() < exp);
    if !alive || !scopes.iter().any(|scope| scope == "openid") || pool.ledger().is_revoked(text("origin_jti")) {
        return Err(BearerError::InvalidToken);
    }
    let user = pool.users().iter().find(|user| user.sub == text("sub")).cloned().ok_or(BearerError::InvalidToken)?;
    Ok((userinfo_claims(&user, &scopes, &pool.behaviour().user_info), text("client_id").to_owned()))
}

/// Verification flags are strings here, and there are no groups.
fn userinfo_claims(user: &User, scopes: &[String], variant: &UserInfoVariant) -> Map<String, Value> {
    let mut claims = user_attributes(user, scopes);
    claims.insert("username".to_owned(), json!(user.token_username()));
    for value in claims.values_mut() {
        if let Value::Bool(flag) = value {
            *value = json!(flag.to_string());
        }
    }
    claims.extend(variant.claims.clone());
    claims.extend(variant.sub.value(&user.sub).map(|sub| ("sub".to_owned(), sub)));
    claims
}

/// Without a scheme in `WWW-Authenticate`, as Cognito writes it.
fn bearer_error(status: StatusCode, error: &'static str, description: &'static str) -> Response {
    let mut response = (status, Json(json!({ "error": error, "error_description": description }))).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("error=\"{error}\", error_description=\"{description}\"")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

fn process_revocation_request(pool: &Pool, headers: &HeaderMap, form: &Params) -> Result<(), &'static str> {
    let client = authenticate(pool, headers, form)?;
    let token = form.get("token").filter(|_| client.revocation && !form.repeats()).ok_or("invalid_request")?;
    if token.split('.').count() == 3 {
        return Err("unsupported_token_type");
    }
    let mut ledger = pool.ledger();
    let Some(grant) = ledger.refresh_token(token).map(|token| token.grant.clone()) else {
        return Ok(());
    };
    if grant.client_id != client.client_id {
        return Err("invalid_request");
    }
    if ledger.revoke(&grant.origin_jti) {
        pool.log().counters.revocations += 1;
    }
    Ok(())
}
