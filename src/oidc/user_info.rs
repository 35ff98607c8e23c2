//! UserInfo (OpenID Connect Core §5.3): the request and the judgement of its answer.
//!
//! Decides what is sent and which answers are about whom. Which of their claims count beside an ID token's is `claims`'s to
//! say; when to ask, and what a failure means, is `flow`'s.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    discovery::ProviderMetadata,
    json::{JsonError, Limits, parse_object},
    provider::ProviderSettings,
};
use crate::{
    http::{
        call::{Call, CallResponse},
        cluster::cluster_name,
    },
    secret::Secret,
};

/// What the provider says about the person whom an access token is for. [`process_user_info_response`] alone makes it.
#[derive(Clone, PartialEq)]
pub struct UserInfo {
    sub: String,
    claims: Map<String, Value>,
}

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
    let url = metadata.user_info_endpoint.clone()?;
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
    if response.status != 200 {
        return Err(UserInfoError::Unavailable(response.status));
    }
    let claims = parse_object(response.body.secret(), Limits::DOCUMENT).map_err(UserInfoError::Json)?;
    let sub = claims.get("sub").and_then(Value::as_str).ok_or(UserInfoError::Subject)?.to_owned();
    Ok(UserInfo { sub, claims })
}

impl UserInfo {
    /// `sub`.
    pub fn sub(&self) -> &str {
        &self.sub
    }

    /// Every member.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// This, if it is about `sub` (§5.3.2: "The sub Claim in the UserInfo Response MUST be verified to exactly match the sub
    /// Claim in the ID Token; if they do not match, the UserInfo Response values MUST NOT be used").
    ///
    /// # Errors
    /// It is about somebody else.
    pub fn for_subject(self, sub: &str) -> Result<Self, UserInfoError> {
        if self.sub == sub { Ok(self) } else { Err(UserInfoError::Subject) }
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
