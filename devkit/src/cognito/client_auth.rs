//! Decides which client sends a token or revocation request: `client_secret_basic` or `client_secret_post`, never both.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Client;
use super::params::Params;
use super::pool::Pool;

/// The client, or an error code of RFC 6749 5.2.
pub(super) fn authenticate<'a>(pool: &'a Pool, headers: &HeaderMap, form: &Params) -> Result<&'a Client, &'static str> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return post(pool, form).ok_or("invalid_client");
    };
    if form.get("client_secret").is_some() {
        return Err("invalid_request");
    }
    let credentials = authorization.to_str().ok().and_then(decoded).ok_or("invalid_client")?;
    let client = basic(pool, &credentials).ok_or("invalid_client")?;
    match form.get("client_id") {
        Some(client_id) if client_id != client.client_id => Err("invalid_client"),
        _ => Ok(client),
    }
}

/// Credentials in the body; a public client has none, and must not pretend to.
fn post<'a>(pool: &'a Pool, form: &Params) -> Option<&'a Client> {
    let client = pool.client(form.get("client_id")?)?;
    match form.get("client_secret") {
        Some(secret) => knows(client, secret).then_some(client),
        None => client.client_secrets.is_empty().then_some(client),
    }
}

fn basic<'a>(pool: &'a Pool, credentials: &str) -> Option<&'a Client> {
    let (client_id, secret) = credentials.split_once(':')?;
    if !pool.behaviour().basic_form_decoded {
        return pool.client(client_id).filter(|client| knows(client, secret));
    }
    let (client_id, secret) = (form_decoded(client_id), form_decoded(secret));
    pool.client(&client_id).filter(|client| knows(client, &secret))
}

fn knows(client: &Client, secret: &str) -> bool {
    client.client_secrets.iter().any(|known| known == secret)
}

fn decoded(authorization: &str) -> Option<String> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    String::from_utf8(decoded).ok()
}

fn form_decoded(text: &str) -> String {
    // As a name without a value, so that `=` and `&` need no care: neither can stand in an encoded text.
    let params = Params::parse(text.as_bytes()).into_vec();
    params.into_iter().next().map(|(name, _)| name).unwrap_or_default()
}
