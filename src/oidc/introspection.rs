//! Token introspection (RFC 7662): the request and the judgement of its answer.
//!
//! Decides whether the provider vouches for an opaque token, and that it is one that the rule takes. When to ask, and how long
//! to remember the answer within what it says, is `flow`'s.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    access_token::{scopes, unbound},
    bearer::{BearerClaims, BearerError, BearerRule, accepts, audiences, check_opaque, is_id_token},
    client_auth::authenticate,
    discovery::ProviderMetadata,
    id_token::{issuer, optional_text, required_time, subject},
    json::{JsonError, Limits, parse_object},
    provider::ProviderSettings,
};
use crate::{
    http::{
        call::{Call, CallResponse},
        cluster::cluster_name,
    },
    secret::Secret,
    time::UnixTime,
};

/// Why the provider's answer about an opaque token gives no claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupError {
    /// The body is not one JSON object.
    Json(JsonError),
    /// The token is not good, or not for us.
    Refused(BearerError),
    /// The provider failed, does not know our client, or something on the way answered in its place: nobody knows.
    Unavailable(u16),
}

/// The request that asks about `token` (§2.1), if the provider has an endpoint for it and the token can be one.
pub fn introspection_request(
    settings: &ProviderSettings,
    metadata: &ProviderMetadata,
    token: &Secret<String>,
) -> Option<Call> {
    check_opaque(token.secret()).ok()?;
    let endpoint = metadata.introspection_endpoint.clone()?;
    let mut form = vec![("token", token.secret().as_str()), ("token_type_hint", "access_token")];
    let authorization = authenticate(&settings.client_authentication, &settings.client_id, &mut form);
    let cluster = cluster_name(&settings.clusters, &endpoint);
    let mut call = Call::post_form(endpoint, cluster, settings.timeout, &form);
    call.headers.extend(authorization.map(|value| ("authorization", value)));
    Some(call)
}

/// Judges the answer to [`introspection_request`] (§2.2) for `rule`.
///
/// # Errors
/// [`LookupError`] tells a token that is refused from a provider that fails.
pub fn process_introspection_response(
    settings: &ProviderSettings,
    rule: &BearerRule,
    response: &CallResponse,
    now: UnixTime,
) -> Result<BearerClaims, LookupError> {
    if response.status != 200 {
        return Err(LookupError::Unavailable(response.status));
    }
    let mut claims = parse_object(response.body.secret(), Limits::DOCUMENT).map_err(LookupError::Json)?;
    let expires = judge(settings, rule, &mut claims, now).map_err(LookupError::Refused)?;
    Ok(BearerClaims::new(claims, expires, rule, settings))
}

/// Gives until when the answer is believed.
fn judge(
    settings: &ProviderSettings,
    rule: &BearerRule,
    claims: &mut Map<String, Value>,
    now: UnixTime,
) -> Result<UnixTime, BearerError> {
    // §2.2: "active REQUIRED. Boolean indicator of whether or not the presented token is currently active."
    if claims.get("active") != Some(&Value::Bool(true)) {
        return Err(BearerError::Inactive);
    }
    if claims.contains_key("iss") {
        issuer(claims, settings).map_err(BearerError::of)?;
    }
    access_token_only(claims)?;
    let expires = times(claims, settings, now)?;
    client_and_audience(claims, rule)?;
    for name in ["scope", "scp"] {
        scopes(claims, name)?;
    }
    // A token that is nobody's but the client's own has no `sub` at some providers. A client may have been registered under a
    // person's name (RFC 9700 §4.15): only one that the rule names stands in.
    if !claims.contains_key("sub") {
        let client = claims.get("client_id").filter(|_| !rule.client_ids.is_empty()).cloned();
        claims.insert("sub".into(), client.ok_or(BearerError::Malformed("sub"))?);
    }
    subject(claims).map_err(BearerError::of)?;
    claims.insert("iss".into(), Value::String(settings.issuer.clone()));
    let believed = now.plus(rule.cache);
    Ok(expires.map_or(believed, |expires| believed.min(expires)))
}

/// Providers answer about refresh and ID tokens, too; as a bearer either would be worth far more than it was given for.
/// `token_type` is RFC 7662's, `token_use` Hydra's, `typ` Keycloak's.
fn access_token_only(claims: &Map<String, Value>) -> Result<(), BearerError> {
    let says = |name, values: &[&str]| {
        let value = optional_text(claims, name).map_err(BearerError::of)?;
        let fits = value.is_none_or(|value| values.iter().any(|other| other.eq_ignore_ascii_case(value)));
        if fits { Ok(()) } else { Err(BearerError::Type) }
    };
    says("token_type", &["Bearer"])?;
    says("token_use", &["access", "access_token"])?;
    says("typ", &["Bearer"])?;
    if is_id_token(claims) { Err(BearerError::Type) } else { unbound(claims) }
}

/// All of these are OPTIONAL, but one that is there must be a time. Gives `exp`.
fn times(
    claims: &Map<String, Value>,
    settings: &ProviderSettings,
    now: UnixTime,
) -> Result<Option<UnixTime>, BearerError> {
    let time = |name| match claims.contains_key(name) {
        true => required_time(claims, name).map(Some).map_err(BearerError::of),
        false => Ok(None),
    };
    let (expires, issued, from) = (time("exp")?, time("iat")?, time("nbf")?);
    let soon = now.plus(settings.leeway);
    if expires.is_some_and(|expires| now >= expires.plus(settings.leeway)) {
        return Err(BearerError::Expired);
    }
    if issued.is_some_and(|issued| issued > soon) {
        return Err(BearerError::IssuedInFuture);
    }
    if from.is_some_and(|from| from > soon) { Err(BearerError::NotYetValid) } else { Ok(expires) }
}

/// Whatever the rule names must fit, and it must name something: an answer is about anybody's token. Where it names clients alone,
/// a token that is for another place than the client itself is not for us, as in
/// [`validate_cognito`](super::access_token::validate_cognito).
fn client_and_audience(claims: &Map<String, Value>, rule: &BearerRule) -> Result<(), BearerError> {
    let client = optional_text(claims, "client_id").map_err(BearerError::of)?;
    let said = claims.contains_key("aud").then(|| audiences(claims)).transpose()?;
    if !rule.client_ids.is_empty() && !client.is_some_and(|client| accepts(&rule.client_ids, client)) {
        return Err(BearerError::Client);
    }
    let fits = match (rule.audiences.as_slice(), said) {
        ([], _) if rule.client_ids.is_empty() => false,
        ([], None) => true,
        ([], Some(said)) => !said.is_empty() && said.iter().all(|audience| Some(*audience) == client),
        (named, said) => said.iter().flatten().any(|audience| accepts(named, audience)),
    };
    if fits { Ok(()) } else { Err(BearerError::Audience) }
}

impl LookupError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Json(_) => "bearer_lookup_not_json",
            Self::Refused(error) => error.code(),
            Self::Unavailable(_) => "bearer_lookup_unavailable",
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the provider's answer about a bearer token is not a JSON object: {error}"),
            Self::Refused(error) => error.fmt(f),
            Self::Unavailable(status @ (401 | 403)) => write!(
                f,
                "the provider answered {status} to a question about a bearer token; may this client ask, and is its secret good?"
            ),
            Self::Unavailable(status) => write!(f, "the provider answered {status} to a question about a bearer token"),
        }
    }
}

impl std::error::Error for LookupError {}
