//! The token request and the judgement of its answer (RFC 6749 §4.1.3 to §5.2, OpenID Connect Core §3.1.3).
//!
//! Decides what is sent and which answers hold tokens. Whether the ID token is good is `id_token`'s to say. What a refresh
//! has of its own is in `refresh`.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::{
    authorization::ValidatedCallback,
    client_auth::authenticate,
    discovery::SignInEndpoints,
    error::OAuthError,
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

/// The longest `expires_in` that is believed, in seconds.
const MAX_EXPIRES_IN: u64 = 24 * 60 * 60;

/// What the token endpoint gave.
#[derive(Debug)]
pub struct TokenResponse {
    /// `id_token`, not yet verified.
    pub id_token: Secret<String>,
    /// `access_token`.
    pub access_token: Secret<String>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret<String>>,
    /// `expires_in`, 1 second to 24 hours: how long the access token is good.
    pub expires_in: Option<Duration>,
    /// `scope`: what was granted, where that is not what was asked for (RFC 6749 §5.1).
    pub scope: Option<String>,
}

/// Why there are no tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// `id_token` or `access_token` is absent or not a string: was `openid` granted?
    Absent(&'static str),
    /// The body is not one JSON object.
    Json(JsonError),
    /// The member is of another type.
    Malformed(&'static str),
    /// The provider refused (RFC 6749 §5.2).
    Refused(OAuthError),
    /// `token_type` is not Bearer.
    TokenType,
    /// The provider failed, is overloaded, or something on the way answered in its place.
    Unavailable(u16),
}

/// The token request for an authorization code, with `redirect_uri` and `code_verifier` of the same attempt.
pub fn authorization_code_request(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    callback: &ValidatedCallback,
    redirect_uri: &str,
    code_verifier: &Secret<String>,
) -> Call {
    let form = vec![
        ("grant_type", "authorization_code"),
        ("code", callback.code().secret().as_str()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", code_verifier.secret()),
    ];
    token_request(settings, metadata, form)
}

/// A request to the token endpoint, by which our client proves itself.
pub(super) fn token_request<'a>(
    settings: &'a ProviderSettings,
    metadata: &SignInEndpoints,
    mut form: Vec<(&'static str, &'a str)>,
) -> Call {
    let authorization = authenticate(&settings.client_authentication, &settings.client_id, &mut form);
    let cluster = cluster_name(&settings.clusters, &metadata.token_endpoint);
    let mut call = Call::post_form(metadata.token_endpoint.clone(), cluster, settings.timeout, &form);
    call.headers.extend(authorization.map(|value| ("authorization", value)));
    call
}

/// Judges the token endpoint's answer.
///
/// # Errors
/// [`TokenError`] tells a refusal (signing in again may help) from a failure (waiting may help).
pub fn process_token_response(response: &CallResponse) -> Result<TokenResponse, TokenError> {
    let body = tokens(response)?;
    Ok(TokenResponse {
        id_token: string(&body, "id_token").ok_or(TokenError::Absent("id_token"))?,
        access_token: string(&body, "access_token").ok_or(TokenError::Absent("access_token"))?,
        refresh_token: string(&body, "refresh_token"),
        expires_in: expires_in(&body),
        scope: scope(&body)?,
    })
}

/// The members of an answer that holds tokens we can use.
pub(super) fn tokens(response: &CallResponse) -> Result<Map<String, Value>, TokenError> {
    let body = parse_object(response.body.secret(), Limits::DOCUMENT);
    if response.status != 200 {
        return Err(refusal(response.status, body.ok().as_ref()));
    }
    let body = body.map_err(TokenError::Json)?;
    // RFC 6749 §5.1: token_type is case insensitive.
    let bearer = body.get("token_type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if bearer { Ok(body) } else { Err(TokenError::TokenType) }
}

/// A 400 or 401 with an OAuth error is a refusal; anything else, HTML from a firewall or a throttle's JSON included, a
/// failure. So is an error that names one: RFC 6749 has it for the authorization endpoint only, providers do not.
fn refusal(status: u16, body: Option<&Map<String, Value>>) -> TokenError {
    let error = body.and_then(|body| body.get("error")).and_then(Value::as_str).map(OAuthError::named);
    match (status, error) {
        (_, Some(OAuthError::ServerError | OAuthError::TemporarilyUnavailable | OAuthError::Unrecognised)) => {
            TokenError::Unavailable(status)
        }
        (400 | 401, Some(error)) => TokenError::Refused(error),
        _ => TokenError::Unavailable(status),
    }
}

/// A text of at least one character; what is none is absent.
pub(super) fn string(body: &Map<String, Value>, name: &str) -> Option<Secret<String>> {
    body.get(name).and_then(Value::as_str).filter(|value| !value.is_empty()).map(|value| Secret::new(value.to_owned()))
}

/// RFC 6749 §5.1: "OPTIONAL, if identical to the scope requested by the client; otherwise, REQUIRED." One of another type
/// would say that less was granted, or more, so it is not passed over.
pub(super) fn scope(body: &Map<String, Value>) -> Result<Option<String>, TokenError> {
    match body.get("scope") {
        None => Ok(None),
        Some(Value::String(scope)) => Ok(Some(scope.clone())),
        Some(_) => Err(TokenError::Malformed("scope")),
    }
}

/// RFC 6749 §5.1: a number of seconds. Some providers send it as a string; what is not a whole number from 1 says nothing.
pub(super) fn expires_in(body: &Map<String, Value>) -> Option<Duration> {
    let value = body.get("expires_in")?;
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = value.as_u64().or_else(|| value.as_str().filter(digits)?.parse().ok());
    seconds.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.min(MAX_EXPIRES_IN)))
}

impl TokenError {
    /// The stable code in logs, metrics, pages and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Absent(_) => "token_absent",
            Self::Json(_) => "token_not_json",
            Self::Malformed(_) => "token_malformed",
            Self::Refused(OAuthError::InvalidClient) => "token_invalid_client",
            Self::Refused(OAuthError::InvalidGrant) => "token_invalid_grant",
            Self::Refused(_) => "token_refused",
            Self::TokenType => "token_type",
            Self::Unavailable(_) => "token_unavailable",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(name) => write!(f, "the token endpoint's answer has no {name}"),
            Self::Json(error) => write!(f, "the token endpoint's answer is not a JSON object: {error}"),
            Self::Malformed(name) => write!(f, "{name} of the token endpoint's answer is of the wrong type"),
            Self::Refused(error) => write!(f, "the token endpoint answered error={}", error.name()),
            Self::TokenType => f.write_str("the token endpoint's answer is not of token_type Bearer"),
            Self::Unavailable(status) => write!(f, "the token endpoint answered {status}"),
        }
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<TokenResponse, TokenError> {
        process_token_response(&CallResponse { status, body: Secret::new(body.as_bytes().to_vec()) })
    }

    const TOKENS: &str = r#"{"id_token":"i","access_token":"a","token_type":"bEaReR","expires_in":"3600"}"#;

    #[test]
    fn token_type_is_compared_without_case_and_expires_in_is_not_needed() {
        let tokens = answer(200, TOKENS).unwrap();
        assert_eq!(tokens.id_token.secret(), "i");
        assert!(tokens.refresh_token.is_none());
    }

    // RFC 6749 §5.1
    #[test]
    fn scope_is_a_string_or_absent() {
        let scope = |member: &str| {
            answer(200, &TOKENS.replace("{\"id_token\"", &format!("{{{member}\"id_token\""))).map(|tokens| tokens.scope)
        };
        assert_eq!(scope(""), Ok(None));
        assert_eq!(scope(r#""scope":"openid a/b","#), Ok(Some("openid a/b".into())));
        // Nothing was granted, which is not that nothing is said.
        assert_eq!(scope(r#""scope":"","#), Ok(Some(String::new())));
        for other in ["null", "1", r#"["openid"]"#, "{}"] {
            let error = scope(&format!(r#""scope":{other},"#)).unwrap_err();
            assert_eq!((error, error.code()), (TokenError::Malformed("scope"), "token_malformed"), "{other}");
        }
    }

    #[test]
    fn cognitos_bare_errors_are_refusals() {
        assert_eq!(
            answer(400, r#"{"error":"invalid_grant"}"#).unwrap_err(),
            TokenError::Refused(OAuthError::InvalidGrant)
        );
        assert_eq!(
            answer(401, r#"{"error":"invalid_client"}"#).unwrap_err(),
            TokenError::Refused(OAuthError::InvalidClient)
        );
    }

    #[test]
    fn throttling_html_and_server_faults_are_failures() {
        for (status, body) in [
            (429, r#"{"error":"invalid_grant"}"#),
            (400, r#"{"__type":"TooManyRequestsException"}"#),
            (400, r#"{"error":"too_many_requests"}"#),
            (400, r#"{"error":"temporarily_unavailable"}"#),
            (400, r#"{"error":"server_error"}"#),
            (503, r#"{"error":"invalid_grant"}"#),
            (403, "<html>blocked</html>"),
            (500, ""),
            (302, TOKENS),
        ] {
            assert_eq!(answer(status, body).unwrap_err(), TokenError::Unavailable(status));
        }
    }

    #[test]
    fn a_200_without_tokens_is_refused() {
        assert_eq!(answer(200, "<html>").unwrap_err().code(), "token_not_json");
        assert_eq!(
            answer(200, r#"{"access_token":"a","token_type":"Bearer"}"#).unwrap_err(),
            TokenError::Absent("id_token")
        );
        let number = r#"{"id_token":1,"access_token":"a","token_type":"Bearer"}"#;
        assert_eq!(answer(200, number).unwrap_err(), TokenError::Absent("id_token"));
        assert_eq!(
            answer(200, r#"{"id_token":"i","access_token":"a","token_type":"mac"}"#).unwrap_err(),
            TokenError::TokenType
        );
    }
}
