//! Decides what the token endpoint answers (RFC 6749 4.1.3, 6, RFC 7636 4.6, with Cognito's deviations): always 400 for
//! errors, no description, no new refresh token unless rotation is on. Who asks is decided in `client_auth`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::client_auth::authenticate;
use super::gate::{Outcome, form};
use super::jwt::TokenKind;
use super::ledger::{Code, Grant};
use super::params::Params;
use super::pool::Pool;
use super::{Behaviour, Client};

/// POST /oauth2/token
pub(super) async fn token(State(pool): State<Arc<Pool>>, headers: HeaderMap, body: Bytes) -> Response {
    let (status, outcome, body) = match process_token_request(&pool, &headers, &form(&headers, &body)) {
        Ok(tokens) => (StatusCode::OK, "ok", Value::Object(tokens)),
        Err(error) => (StatusCode::BAD_REQUEST, error, json!({ "error": error })),
    };
    let headers = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
    let mut response = (status, headers, body.to_string()).into_response();
    response.extensions_mut().insert(Outcome(outcome));
    response
}

fn process_token_request(pool: &Pool, headers: &HeaderMap, form: &Params) -> Result<Map<String, Value>, &'static str> {
    if form.repeats() {
        return Err("invalid_request");
    }
    let client = authenticate(pool, headers, form)?;
    match form.get("grant_type") {
        None => Err("invalid_request"),
        Some("authorization_code") => process_code_grant(pool, client, form),
        Some("refresh_token") => process_refresh_grant(pool, client, form),
        // Cognito does not let one client have both this and the code grant.
        Some("client_credentials") => Err("unauthorized_client"),
        Some(_) => Err("unsupported_grant_type"),
    }
}

fn process_code_grant(pool: &Pool, client: &Client, form: &Params) -> Result<Map<String, Value>, &'static str> {
    if !client.code_grant {
        return Err("unauthorized_client");
    }
    let (name, redirect_uri) =
        (form.get("code").ok_or("invalid_request")?, form.get("redirect_uri").ok_or("invalid_request")?);
    let (now, behaviour) = (pool.now(), pool.behaviour());
    let code = pool.ledger().redeem_code(name, &client.client_id, now);
    let code =
        code.filter(|code| code.redirect_uri == redirect_uri && verifier_matches(code, form.get("code_verifier")));
    let grant = code.ok_or(behaviour.code_error.as_str())?.grant;
    if behaviour.unreadable_attribute {
        return Err("invalid_grant");
    }
    let mut tokens = tokens(pool, &grant, &behaviour, behaviour.at_hash)?;
    let expires = now.saturating_add(behaviour.refresh_token_seconds);
    let refresh_token = pool.ledger().issue_refresh_token(grant, expires, now);
    tokens.insert("refresh_token".to_owned(), json!(refresh_token));
    Ok(tokens)
}

fn process_refresh_grant(pool: &Pool, client: &Client, form: &Params) -> Result<Map<String, Value>, &'static str> {
    let name = form.get("refresh_token").ok_or("invalid_request")?;
    let (now, behaviour) = (pool.now(), pool.behaviour());
    let token = pool.ledger().usable_refresh_token(name, &client.client_id, now).ok_or("invalid_grant")?;
    let mut grant = token.grant.clone();
    if !behaviour.nonce_on_refresh {
        grant.nonce = None;
    }
    let mut tokens = tokens(pool, &grant, &behaviour, false)?;
    if let Some(rotation) = behaviour.rotation {
        let mut ledger = pool.ledger();
        ledger.replace_refresh_token(name, now.saturating_add(rotation.grace_seconds));
        let refresh_token = ledger.issue_refresh_token(token.grant, token.expires, now);
        tokens.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    Ok(tokens)
}

/// Both tokens of a grant; the user as they are now.
fn tokens(
    pool: &Pool,
    grant: &Grant,
    behaviour: &Behaviour,
    at_hash: bool,
) -> Result<Map<String, Value>, &'static str> {
    let user = pool.user(&grant.username).ok_or("invalid_grant")?;
    let claims = pool.claims(grant, &user, |subject| subject.access_token());
    let access_token = pool.sign(TokenKind::Access, claims, None);
    let mut tokens = Map::new();
    if grant.scopes.iter().any(|scope| scope == "openid") {
        let claims = pool.claims(grant, &user, |subject| subject.id_token(at_hash.then_some(&access_token)));
        let id_token = pool.sign(TokenKind::Id, claims, pool.take_id_token_fault());
        tokens.insert("id_token".to_owned(), json!(id_token));
    }
    tokens.insert("access_token".to_owned(), json!(access_token));
    tokens.insert("token_type".to_owned(), json!("Bearer"));
    tokens.insert("expires_in".to_owned(), json!(behaviour.access_token_seconds));
    Ok(tokens)
}

/// RFC 7636 4.6; a verifier without a challenge is refused too, because only a mistake or a downgrade sends one.
fn verifier_matches(code: &Code, code_verifier: Option<&str>) -> bool {
    match (&code.code_challenge, code_verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len())
                && URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())) == *challenge
        }
        _ => false,
    }
}
