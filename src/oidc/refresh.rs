//! The refresh request and the judgement of its answer (RFC 6749 §6, OpenID Connect Core §12).
//!
//! Decides what is sent and which answers hold tokens, by the rules of `token`. Whether a new ID token is good is
//! `refreshed_id_token`'s to say.

use std::time::Duration;

use super::{
    discovery::SignInEndpoints,
    provider::ProviderSettings,
    token::{TokenError, expires_in, scope, string, token_request, tokens},
};
use crate::{
    http::call::{Call, CallResponse},
    secret::Secret,
};

/// What the token endpoint gave for a refresh token.
#[derive(Debug)]
pub struct RefreshResponse {
    /// `id_token`, not yet verified. OpenID Connect Core §12.2: the answer "might not contain an id_token".
    pub id_token: Option<Secret<String>>,
    /// `access_token`.
    pub access_token: Secret<String>,
    /// `refresh_token`: the one that was sent is discarded for it (RFC 6749 §6). Without one, that stays good.
    pub refresh_token: Option<Secret<String>>,
    /// `expires_in`, 1 second to 24 hours: how long the access token is good.
    pub expires_in: Option<Duration>,
    /// `scope`: what is granted now, where that is not what was granted before (RFC 6749 §6).
    pub scope: Option<String>,
}

/// The token request for a refresh token (RFC 6749 §6). Without `scope`: what was granted at the sign-in.
pub fn refresh_request(
    settings: &ProviderSettings,
    metadata: &SignInEndpoints,
    refresh_token: &Secret<String>,
) -> Call {
    let form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.secret().as_str())];
    token_request(settings, metadata, form)
}

/// Judges the token endpoint's answer for a refresh token.
///
/// # Errors
/// [`TokenError`] tells a refusal (only signing in again helps) from a failure (waiting may help).
pub fn process_refresh_response(response: &CallResponse) -> Result<RefreshResponse, TokenError> {
    let body = tokens(response)?;
    Ok(RefreshResponse {
        id_token: string(&body, "id_token"),
        access_token: string(&body, "access_token").ok_or(TokenError::Absent("access_token"))?,
        refresh_token: string(&body, "refresh_token"),
        expires_in: expires_in(&body),
        scope: scope(&body)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::{
        client_auth::{BasicEncoding, ClientAuthentication},
        error::OAuthError,
    };

    fn answer(status: u16, body: &str) -> Result<RefreshResponse, TokenError> {
        process_refresh_response(&CallResponse { status, body: Secret::new(body.as_bytes().to_vec()) })
    }

    fn refreshed(body: &str) -> Result<RefreshResponse, TokenError> {
        answer(200, body)
    }

    // RFC 6749 §6
    #[test]
    fn a_refresh_names_its_token_and_the_client_and_no_scope() {
        let request = |client_authentication| {
            let settings = ProviderSettings { client_authentication, ..ProviderSettings::example() };
            refresh_request(&settings, &SignInEndpoints::cognito_example(), &Secret::new("r+1".to_owned()))
        };
        let secret = || Secret::new("s".to_owned());
        let public = request(ClientAuthentication::None);
        assert_eq!(public.url.path(), "/oauth2/token");
        assert_eq!(public.body.secret(), "grant_type=refresh_token&refresh_token=r%2B1&client_id=edge");
        assert!(request(ClientAuthentication::Post { secret: secret() }).body.secret().ends_with("&client_secret=s"));
        let basic = request(ClientAuthentication::Basic { secret: secret(), encoding: BasicEncoding::Form });
        let header = basic.headers.iter().find(|(name, _)| *name == "authorization");
        assert_eq!(header.unwrap().1.secret(), "Basic ZWRnZTpz");
    }

    // OpenID Connect Core §12.2
    #[test]
    fn a_refresh_may_bring_an_access_token_alone() {
        let alone = refreshed(r#"{"access_token":"a","token_type":"BEARER"}"#).unwrap();
        assert_eq!(alone.access_token.secret(), "a");
        assert!(alone.id_token.is_none() && alone.refresh_token.is_none() && alone.expires_in.is_none());
        let all = r#"{"id_token":"i","access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":300}"#;
        let all = refreshed(all).unwrap();
        assert_eq!((all.id_token.unwrap().secret().as_str(), all.refresh_token.unwrap().secret().as_str()), ("i", "r"));
        assert_eq!(all.expires_in, Some(Duration::from_mins(5)));
    }

    // RFC 6749 §6: the scope of a refresh may be less than the sign-in's.
    #[test]
    fn a_refresh_says_what_is_granted_now() {
        let scope = |member: &str| {
            refreshed(&format!(r#"{{"access_token":"a","token_type":"Bearer"{member}}}"#)).map(|tokens| tokens.scope)
        };
        assert_eq!((scope(""), scope(r#","scope":"openid""#)), (Ok(None), Ok(Some("openid".into()))));
        assert_eq!(scope(r#","scope":["openid"]"#), Err(TokenError::Malformed("scope")));
    }

    #[test]
    fn a_refresh_without_a_usable_access_token_is_refused() {
        assert_eq!(refreshed(r#"{"token_type":"Bearer"}"#).unwrap_err(), TokenError::Absent("access_token"));
        let dpop = r#"{"access_token":"a","token_type":"DPoP"}"#;
        assert_eq!(refreshed(dpop).unwrap_err(), TokenError::TokenType);
        assert_eq!(refreshed("<html>").unwrap_err().code(), "token_not_json");
    }

    #[test]
    fn a_refresh_token_that_is_no_longer_good_is_told_from_a_provider_that_fails() {
        let error = |status, error: &str| answer(status, &format!(r#"{{"error":"{error}"}}"#)).unwrap_err();
        assert_eq!(error(400, "invalid_grant"), TokenError::Refused(OAuthError::InvalidGrant));
        assert_eq!(error(401, "invalid_client"), TokenError::Refused(OAuthError::InvalidClient));
        for (status, code) in [
            (429, "invalid_grant"),
            (500, "invalid_grant"),
            (400, "too_many_requests"),
            (400, "temporarily_unavailable"),
            (400, "server_error"),
        ] {
            assert_eq!(error(status, code), TokenError::Unavailable(status), "{status} {code}");
        }
    }

    #[test]
    fn expires_in_is_a_whole_number_of_seconds_up_to_a_day() {
        let read = |value: &str| {
            let body = format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":{value}}}"#);
            refreshed(&body).unwrap().expires_in.map(|time| time.as_secs())
        };
        for (value, seconds) in [("1", 1), (r#""3600""#, 3600), ("86400", 86_400), ("86401", 86_400)] {
            assert_eq!(read(value), Some(seconds), "{value}");
        }
        for value in
            ["0", "-1", "1.5", "1e3", "null", "true", "[1]", r#""""#, r#""0""#, r#""+5""#, r#""5s""#, r#"" 5""#]
        {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
