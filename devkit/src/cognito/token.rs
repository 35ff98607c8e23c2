//! Decides what the token endpoint answers (RFC 6749 4.1.3, 4.4, 6, RFC 7636 4.6, with Cognito's deviations): always 400 for
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
use super::random::uuid;
use super::token_fault::TokenFault;
use super::{Behaviour, Client, RefreshNonce};

/// What ID token and access token are made at.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Occasion {
    Refresh,
    SignIn,
}

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
        Some("refresh_token") => {
            let answer = process_refresh_grant(pool, client, form);
            pool.log().count_refresh(answer.as_ref().err().copied());
            answer
        }
        Some("client_credentials") => process_client_credentials_grant(pool, client, form),
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
    let mut tokens = tokens(pool, &grant, &behaviour, Occasion::SignIn)?;
    let expires = now.saturating_add(behaviour.lifetimes(&client.client_id).refresh_token);
    let refresh_token = pool.ledger().issue_refresh_token(grant, expires, now);
    tokens.insert("refresh_token".to_owned(), json!(refresh_token));
    Ok(tokens)
}

fn process_refresh_grant(pool: &Pool, client: &Client, form: &Params) -> Result<Map<String, Value>, &'static str> {
    let name = form.get("refresh_token").ok_or("invalid_request")?;
    let (now, behaviour) = (pool.now(), pool.behaviour());
    // Check and replacement in one: of two refreshes at once with no grace, one succeeds.
    let used = pool.ledger().use_refresh_token(name, &client.client_id, now, behaviour.rotation);
    let (mut grant, refresh_token) = used.ok_or("invalid_grant")?;
    match behaviour.refresh.nonce {
        RefreshNonce::Absent => grant.nonce = None,
        RefreshNonce::Other => grant.nonce = Some(uuid()),
        RefreshNonce::Repeated => {}
    }
    let mut tokens = tokens(pool, &grant, &behaviour, Occasion::Refresh)?;
    if let Some(refresh_token) = refresh_token {
        tokens.insert("refresh_token".to_owned(), json!(refresh_token));
    }
    Ok(tokens)
}

/// Only custom scopes; those that are not allowed are dropped, and a token without any is refused (Cognito's answer is unknown).
fn process_client_credentials_grant(
    pool: &Pool,
    client: &Client,
    form: &Params,
) -> Result<Map<String, Value>, &'static str> {
    if !client.client_credentials {
        return Err("unauthorized_client");
    }
    let mut scopes = client.custom_scopes();
    if let Some(wanted) = form.get("scope") {
        scopes.retain(|scope| wanted.split(' ').any(|wanted| wanted == scope));
    }
    if scopes.is_empty() {
        return Err("invalid_grant");
    }
    let access_token = pool.sign(TokenKind::Access, pool.machine_claims(&client.client_id, &scopes), None);
    Ok(answer(&access_token, &client.client_id, &pool.behaviour()))
}

/// Both tokens of a grant; the user as they are now.
fn tokens(
    pool: &Pool,
    grant: &Grant,
    behaviour: &Behaviour,
    occasion: Occasion,
) -> Result<Map<String, Value>, &'static str> {
    let user = pool.user(&grant.username).ok_or("invalid_grant")?;
    let claims = pool.claims(grant, &user, |subject| subject.access_token());
    let access_token = pool.sign(TokenKind::Access, claims, None);
    let mut tokens = answer(&access_token, &grant.client_id, behaviour);
    if grant.scopes.iter().any(|scope| scope == "openid") && occasion.has_id_token(behaviour) {
        let fault = occasion.take_fault(pool);
        let at_hash = (occasion == Occasion::SignIn && behaviour.at_hash).then_some(&*access_token);
        let claims = pool.claims(grant, &user, |subject| subject.id_token(at_hash));
        if fault != Some(TokenFault::MissingToken) {
            tokens.insert("id_token".to_owned(), json!(pool.sign(TokenKind::Id, claims, fault)));
        }
    }
    Ok(tokens)
}

/// What every answer with tokens has.
fn answer(access_token: &str, client_id: &str, behaviour: &Behaviour) -> Map<String, Value> {
    let expires_in = behaviour.lifetimes(client_id).access_token;
    let members =
        [("access_token", json!(access_token)), ("token_type", json!("Bearer")), ("expires_in", json!(expires_in))];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

impl Occasion {
    fn has_id_token(self, behaviour: &Behaviour) -> bool {
        self == Occasion::SignIn || behaviour.refresh.id_token
    }

    fn take_fault(self, pool: &Pool) -> Option<TokenFault> {
        match self {
            Occasion::Refresh => pool.take_refresh_id_token_fault(),
            Occasion::SignIn => pool.take_id_token_fault(),
        }
    }
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
