//! Tokens of Kubernetes service accounts, as the API server signs them for pods.
//!
//! Decides what must stand in one; whose keys and audiences is configured.

use serde_json::{Map, Value};

use super::{BearerError, BearerRule, accepts, audiences};

/// What `sub` of such a token begins with.
const PREFIX: &str = "system:serviceaccount:";

/// Whether `sub` is a service account's, well-formed or not.
pub fn is_named(claims: &Map<String, Value>) -> bool {
    claims.get("sub").and_then(Value::as_str).is_some_and(|sub| sub.starts_with(PREFIX))
}

/// `aud` and `sub`; what `kubernetes.io` says beside `sub` must be the same account.
pub fn validate(claims: &Map<String, Value>, rule: &BearerRule) -> Result<(), BearerError> {
    if !audiences(claims)?.iter().any(|audience| accepts(&rule.audiences, audience)) {
        return Err(BearerError::Audience);
    }
    let sub = claims.get("sub").and_then(Value::as_str);
    let account = sub.and_then(account).ok_or(BearerError::Malformed("sub"))?;
    match claims.get("kubernetes.io") {
        Some(object) if account_of(object) != Some(account) => Err(BearerError::Malformed("kubernetes.io")),
        _ => Ok(()),
    }
}

/// Namespace and name: a DNS label (RFC 1123) and a DNS subdomain name.
fn account(sub: &str) -> Option<(&str, &str)> {
    let (namespace, name) = sub.strip_prefix(PREFIX)?.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=63).contains(&namespace.len()) && (1..=253).contains(&name.len());
    let valid = namespace.bytes().all(plain) && name.bytes().all(|byte| plain(byte) || byte == b'.');
    (fits && valid).then_some((namespace, name))
}

fn account_of(object: &Value) -> Option<(&str, &str)> {
    Some((object.get("namespace")?.as_str()?, object.get("serviceaccount")?.get("name")?.as_str()?))
}
