//! UserInfo (OpenID Connect Core §5.3): the request and the judgement of its answer.
//!
//! Decides what is sent and which answers are about whom. Which of their claims count beside an ID token's is `claims`'s to
//! say; when to ask, and what a failure means, is `flow`'s.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    bearer::{BearerClaims, BearerError, BearerRule, is_b64token, looks_like_jwt},
    claims::is_protocol_claim,
    discovery::ProviderMetadata,
    id_token::subject,
    introspection::LookupError,
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

/// What the provider says about the person whom an access token is for. [`process_user_info_response`] alone makes it.
#[derive(Clone, PartialEq)]
pub struct UserInfo {
    sub: String,
    claims: Map<String, Value>,
}

/// What the provider says about the very person of a token or a session. [`UserInfo::for_subject`] alone makes it, so what was
/// not compared adds no claim.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfirmedUserInfo(UserInfo);

/// Why there are no claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfoError {
    /// The provider has no `userinfo_endpoint`, or the access token does not fit into a header.
    EndpointAbsent,
    /// The body is not one JSON object.
    Json(JsonError),
    /// The provider does not take the access token.
    Refused,
    /// The body is a JWT: the client is registered with `userinfo_signed_response_alg`.
    Signed,
    /// `sub` is absent, of another type, or not the person of the ID token.
    Subject,
    /// The provider failed, is overloaded, or something on the way answered in its place.
    Unavailable(u16),
}

/// The request for what the provider says about whom `access_token` is for (§5.3.1), if the provider has an endpoint for it
/// and the token fits into a header.
pub fn user_info_request(
    settings: &ProviderSettings,
    metadata: &ProviderMetadata,
    access_token: &Secret<String>,
) -> Option<Call> {
    let url = metadata.user_info_endpoint.clone().filter(|_| is_b64token(access_token.secret()))?;
    let cluster = cluster_name(&settings.clusters, &url);
    let mut call = Call::get(url, cluster, settings.timeout);
    call.headers.push(("authorization", Secret::new(format!("Bearer {}", access_token.secret()))));
    Some(call)
}

/// Judges the answer to [`user_info_request`] (§5.3.2 and §5.3.4).
///
/// # Errors
/// [`UserInfoError`] tells a refusal of the token from a failure.
pub fn process_user_info_response(response: &CallResponse) -> Result<UserInfo, UserInfoError> {
    match response.status {
        200 => {}
        // §5.3.3 and RFC 6750 §3.1: Cognito answers 400 for a token that it cannot read, 403 is `insufficient_scope`.
        400 | 401 | 403 => return Err(UserInfoError::Refused),
        status => return Err(UserInfoError::Unavailable(status)),
    }
    let body = response.body.secret();
    // §5.3.2: "If the UserInfo Response is signed and/or encrypted, then the Claims are returned in a JWT".
    if str::from_utf8(body).is_ok_and(|text| looks_like_jwt(text.trim()) || text.starts_with("eyJ")) {
        return Err(UserInfoError::Signed);
    }
    let claims = parse_object(body, Limits::DOCUMENT).map_err(UserInfoError::Json)?;
    // "The sub (subject) Claim MUST always be returned in the UserInfo Response."
    let sub = subject(&claims).map_err(|_| UserInfoError::Subject)?.to_owned();
    Ok(UserInfo { sub, claims })
}

/// Judges the answer to [`user_info_request`] for an opaque bearer token that `rule` takes: the provider vouches for whom it is,
/// not for what it was granted for.
///
/// # Errors
/// [`LookupError`] tells a token that is refused from a provider that fails.
pub fn process_user_info_lookup(
    settings: &ProviderSettings,
    rule: &BearerRule,
    response: &CallResponse,
    now: UnixTime,
) -> Result<BearerClaims, LookupError> {
    let info = process_user_info_response(response).map_err(|error| match error {
        UserInfoError::Json(error) => LookupError::Json(error),
        UserInfoError::Refused | UserInfoError::EndpointAbsent => LookupError::Refused(BearerError::Inactive),
        UserInfoError::Signed => LookupError::Json(JsonError::NotAnObject),
        UserInfoError::Subject => LookupError::Refused(BearerError::Malformed("sub")),
        UserInfoError::Unavailable(status) => LookupError::Unavailable(status),
    })?;
    let mut claims = info.claims;
    claims.retain(|name, _| name == "sub" || !is_protocol_claim(name));
    claims.insert("iss".into(), Value::String(settings.issuer.clone()));
    Ok(BearerClaims::new(claims, now.plus(rule.cache), rule, settings))
}

impl UserInfo {
    /// What it says, if it is about `sub` (§5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub
    /// Claim in the ID Token; if they do not match, the UserInfo Response values MUST NOT be used").
    ///
    /// # Errors
    /// It is about somebody else.
    pub fn for_subject(self, sub: &str) -> Result<ConfirmedUserInfo, UserInfoError> {
        if self.sub == sub { Ok(ConfirmedUserInfo(self)) } else { Err(UserInfoError::Subject) }
    }
}

impl ConfirmedUserInfo {
    /// Every member.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.0.claims
    }
}

impl fmt::Debug for UserInfo {
    /// Claims are about a person: none is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserInfo").finish_non_exhaustive()
    }
}

impl UserInfoError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::EndpointAbsent => "user_info_endpoint_absent",
            Self::Json(_) => "user_info_not_json",
            Self::Refused => "user_info_refused",
            Self::Signed => "user_info_signed",
            Self::Subject => "user_info_sub",
            Self::Unavailable(_) => "user_info_unavailable",
        }
    }
}

impl fmt::Display for UserInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndpointAbsent => f.write_str("there is no userinfo_endpoint; set endpoints.userInfo"),
            Self::Json(error) => write!(f, "the UserInfo answer is not a JSON object: {error}"),
            Self::Refused => f.write_str("the UserInfo endpoint does not take the access token; was openid granted?"),
            Self::Signed => f.write_str(
                "the UserInfo answer is signed or encrypted; register the client without userinfo_signed_response_alg",
            ),
            Self::Subject => f.write_str("sub of the UserInfo answer is absent or is not the person of the token"),
            Self::Unavailable(status) => write!(f, "the UserInfo endpoint answered {status}"),
        }
    }
}

impl std::error::Error for UserInfoError {}
