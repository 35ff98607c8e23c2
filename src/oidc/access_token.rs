//! Access tokens that are JWTs: Cognito's, and those of RFC 9068 and from before it.
//!
//! Decides what must stand in one. That it is one, and which of an issuer's rules it is held against, is `bearer`'s to say.

use serde_json::{Map, Value};

use super::{
    bearer::{BearerError, BearerRule, accepts, audiences},
    id_token::{optional_text, subject},
    jwt::VerifiedJwt,
    provider::ProviderSettings,
};

/// Cognito's: no RFC describes them. `client_id` stands in the place of `aud`, always: tokens of every client of a pool have
/// the same issuer and the same keys. Machine tokens (client credentials) differ only in that `sub` is `client_id`.
pub(super) fn validate_cognito(claims: &Map<String, Value>, rule: &BearerRule) -> Result<(), BearerError> {
    subject(claims).map_err(BearerError::of)?;
    let client = required_text(claims, "client_id")?;
    if !accepts(&rule.client_ids, client) {
        return Err(BearerError::Client);
    }
    optional_text(claims, "scope").map_err(BearerError::of)?;
    unbound(claims)?;
    // Whoever names audiences wants tokens that are bound to one; another rule may take the rest.
    if !claims.contains_key("aud") && rule.audiences.is_empty() {
        return Ok(());
    }
    // There is an `aud` if the client asked for a resource (RFC 8707), which is then the only place the token is for, or if a
    // Lambda put the client's own id there, which says nothing new.
    let audiences = audiences(claims)?;
    let accepted = match rule.audiences.is_empty() {
        true => !audiences.is_empty() && audiences.iter().all(|audience| *audience == client),
        false => audiences.iter().any(|audience| accepts(&rule.audiences, audience)),
    };
    if accepted { Ok(()) } else { Err(BearerError::Audience) }
}

/// RFC 9068 §4. One that is only typed `JWT` or not at all is from before it: then the client may have another name, or none
/// if the rule does not ask for it.
pub(super) fn validate(claims: &Map<String, Value>, rule: &BearerRule, untyped: bool) -> Result<(), BearerError> {
    // "The resource server MUST validate that the aud claim contains a resource indicator value corresponding to an identifier
    // the resource server expects for itself."
    if !audiences(claims)?.iter().any(|audience| accepts(&rule.audiences, audience)) {
        return Err(BearerError::Audience);
    }
    // §2.2: exp, iat, sub and client_id are REQUIRED; the times were looked at before.
    subject(claims).map_err(BearerError::of)?;
    let client = match untyped {
        true => legacy_client(claims)?,
        false => Some(required_text(claims, "client_id")?),
    };
    if !rule.client_ids.is_empty() && !client.is_some_and(|client| accepts(&rule.client_ids, client)) {
        return Err(BearerError::Client);
    }
    for name in ["scope", "scp"] {
        scopes(claims, name)?;
    }
    unbound(claims)
}

/// The client's name where RFC 9068 does not say it: Keycloak, Auth0 and Entra have `azp`, Okta `cid`, Entra of old `appid`.
fn legacy_client(claims: &Map<String, Value>) -> Result<Option<&str>, BearerError> {
    for name in ["client_id", "azp", "cid", "appid"] {
        let client = optional_text(claims, name).map_err(BearerError::of)?;
        if client.is_some() {
            return Ok(client);
        }
    }
    Ok(None)
}

/// A token that is bound to its holder's key is good only with a proof of that key, which does not come with a bearer token:
/// without one it may be stolen (RFC 9449 §7.2, RFC 8705 §3).
pub(super) fn unbound(claims: &Map<String, Value>) -> Result<(), BearerError> {
    if claims.contains_key("cnf") { Err(BearerError::Confirmation) } else { Ok(()) }
}

/// A text (RFC 9068 §2.2.3), or an array of texts, as Spring, Okta and Entra have it.
pub(super) fn scopes(claims: &Map<String, Value>, name: &'static str) -> Result<(), BearerError> {
    match claims.get(name) {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(members)) if members.iter().all(Value::is_string) => Ok(()),
        Some(_) => Err(BearerError::Malformed(name)),
    }
}

fn required_text<'a>(claims: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, BearerError> {
    optional_text(claims, name).map_err(BearerError::of)?.ok_or(BearerError::Malformed(name))
}

/// `scope` of the access token that Cognito's token endpoint gave us: its answer does not say what it granted. `None` if the
/// token is not ours.
pub fn cognito_granted_scope(token: VerifiedJwt, settings: &ProviderSettings) -> Option<String> {
    let mut claims = token.into_claims();
    let says = |name, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    let ours = says("iss", &settings.issuer) && says("token_use", "access") && says("client_id", &settings.client_id);
    match claims.remove("scope") {
        Some(Value::String(scope)) if ours => Some(scope),
        _ => None,
    }
}
