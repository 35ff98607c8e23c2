//! What kind of token a JWT is (RFC 8725 §3.12).
//!
//! Decides by marks that exclude each other, so that no token has two kinds and each is held against the rules of its own.

use serde_json::{Map, Value};

use super::{BearerError, BearerRule, TokenKind, service_account};
use crate::oidc::{
    id_token::{kind_of_token, optional_text},
    jwt::VerifiedJwt,
    provider::ProviderKind,
};

/// Claims that an ID token alone has: what binds it to its sign-in (OpenID Connect Core §2, §3.3.2.11; FAPI for `s_hash`).
const ID_TOKEN_CLAIMS: [&str; 4] = ["at_hash", "c_hash", "nonce", "s_hash"];
/// Claims that an access token alone has: for which client and what it was granted. RFC 9068 names `client_id` and `scope`;
/// `cid` and `scp` are Okta's, `appid`, `azpacr` and `scp` Entra's, `gty` Auth0's.
const ACCESS_TOKEN_CLAIMS: [&str; 7] = ["appid", "azpacr", "cid", "client_id", "gty", "scope", "scp"];

/// What `token` is.
pub fn kind(token: &VerifiedJwt, provider: ProviderKind) -> Result<TokenKind, BearerError> {
    match provider {
        ProviderKind::Cognito => cognito(token),
        ProviderKind::Oidc => by_marks(token),
    }
}

/// Cognito says it: `token_use`, which no attribute and no Lambda can change. Its tokens have no `typ`.
fn cognito(token: &VerifiedJwt) -> Result<TokenKind, BearerError> {
    kind_of_token(token).map_err(BearerError::of)?;
    match token.claims().get("token_use").and_then(Value::as_str) {
        Some("access") => Ok(TokenKind::AccessToken),
        Some("id") => Ok(TokenKind::IdToken),
        _ => Err(BearerError::TokenUse),
    }
}

/// By `typ`, where it says more than `JWT`: that is an access token's or none of ours. Else by claims:
/// - `events` makes a security event token (RFC 8417), of which logout tokens are one kind: never taken;
/// - `kubernetes.io` or a service account's `sub` makes a service account's token;
/// - what binds it to a sign-in makes an ID token, what names a client or a scope an access token; one with both is neither;
/// - without any of these it is an ID token: an access token from before RFC 9068 must show that it is one.
///
/// `auth_time`, `acr`, `amr`, `azp` and `sid` stand in both and mark nothing.
fn by_marks(token: &VerifiedJwt) -> Result<TokenKind, BearerError> {
    let claims = token.claims();
    if claims.contains_key("events") {
        return Err(BearerError::Type);
    }
    if !is_untyped(token) {
        return Ok(TokenKind::AccessToken);
    }
    if claims.contains_key("kubernetes.io") || service_account::is_named(claims) {
        return Ok(TokenKind::ServiceAccount);
    }
    match (is_id_token(claims), is_access_token(claims)) {
        (true, true) => Err(BearerError::Type),
        (false, true) => Ok(TokenKind::AccessToken),
        (_, false) => Ok(TokenKind::IdToken),
    }
}

/// Whether `rule`, for access tokens that are JWTs, takes the token's `typ`; none at all is `JWT` (RFC 7519 §5.1).
pub fn takes_type(rule: &BearerRule, token: &VerifiedJwt) -> bool {
    rule.types.iter().any(|name| token.has_type(name) || name == "jwt" && token.typ().is_none())
}

/// Whether `typ` says nothing.
pub fn is_untyped(token: &VerifiedJwt) -> bool {
    token.typ().is_none() || token.has_type("jwt")
}

/// Whether a claim marks an ID token. `typ` among the claims is Keycloak's.
pub fn is_id_token(claims: &Map<String, Value>) -> bool {
    ID_TOKEN_CLAIMS.iter().any(|name| claims.contains_key(*name)) || keycloak_type(claims) == Some("ID")
}

fn is_access_token(claims: &Map<String, Value>) -> bool {
    ACCESS_TOKEN_CLAIMS.iter().any(|name| claims.contains_key(*name)) || keycloak_type(claims) == Some("Bearer")
}

fn keycloak_type(claims: &Map<String, Value>) -> Option<&str> {
    optional_text(claims, "typ").ok().flatten()
}
