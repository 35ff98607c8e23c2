//! Logout token validation (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6), the specification's steps quoted in order.
//!
//! Decides that the provider ended a session of ours, and whose. The signature has been verified before: only
//! [`VerifiedJwt`] comes in. Which sessions end, and that no token counts twice, is decided by who keeps them.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::{
    id_token::{IdTokenError, audience, issuer, required_time},
    jwt::VerifiedJwt,
    provider::ProviderSettings,
};
use crate::time::UnixTime;

/// The member of `events` that makes a token a logout token (§2.4).
pub(super) const BACKCHANNEL_LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The age, by `iat` and beyond the leeway, from which a token is refused. §2.4 recommends an `exp` of two minutes at most,
/// but not every provider heeds it.
const MAX_AGE: Duration = Duration::from_mins(10);
/// The most bytes of `jti`: each is remembered until its token is too old.
const MAX_JTI: usize = 255;
/// The most characters of `sub` (OpenID Connect Core §2) and of `sid`.
const MAX_SUBJECT: usize = 255;

/// What a logout token that passed every step says. [`validate_logout_token`] alone makes it.
#[derive(Debug)]
pub struct LogoutToken {
    /// The person whose sessions end: all of them, unless `sid` names one. Never absent together with `sid`.
    pub sub: Option<String>,
    /// The session that ends, as the provider's ID tokens name it.
    pub sid: Option<String>,
    /// The token's own name, 1 to 255 bytes.
    pub jti: String,
    /// When a replay is refused by its age alone, so that `jti` need not be remembered any longer.
    pub forget_after: UnixTime,
}

/// Which check a logout token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutTokenError {
    /// `aud` does not name our client, or names a party that we do not trust.
    Audience,
    /// `events` does not hold the logout event.
    Events,
    /// `exp` is in the past.
    Expired,
    /// `iat` is in the future.
    IssuedInFuture,
    /// `iss` is not the configured issuer.
    Issuer,
    /// `jti` is absent, empty, too long or not a string.
    JwtId,
    /// The claim is absent or of another type.
    Malformed(&'static str),
    /// `nonce` is there: an ID token's claim.
    Nonce,
    /// `iat` is too long ago.
    Stale,
    /// Neither `sub` nor `sid` is there.
    Subject,
    /// `typ` names another kind of token (RFC 8725 §3.11).
    Type,
}

/// Validates a logout token.
///
/// # Errors
/// The first step that fails.
pub fn validate_logout_token(
    token: VerifiedJwt,
    settings: &ProviderSettings,
    now: UnixTime,
) -> Result<LogoutToken, LogoutTokenError> {
    // §2.4: "It is RECOMMENDED that Logout Tokens be explicitly typed": `JWT` and none at all are met too.
    if token.typ().is_some() && !token.has_type("logout+jwt") && !token.has_type("jwt") {
        return Err(LogoutTokenError::Type);
    }
    let claims = token.into_claims();

    // 1. "If the Logout Token is encrypted, decrypt it": encrypted logout tokens are not accepted.
    // 2. and 3. "Validate the Logout Token signature in the same way that an ID Token signature is validated"; "Validate the
    //    alg (algorithm) Header Parameter in the same way it is validated for ID Tokens": done before.
    // 4. "Validate the iss, aud, iat, and exp Claims in the same way they are validated in ID Tokens."
    issuer(&claims, settings).map_err(LogoutTokenError::of)?;
    audience(&claims, settings).map_err(LogoutTokenError::of)?;
    let forget_after = times(&claims, settings.leeway, now)?;
    // 5. "Verify that the Logout Token contains a sub Claim, a sid Claim, or both."
    let (sub, sid) = (subject(&claims, "sub")?, subject(&claims, "sid")?);
    if sub.is_none() && sid.is_none() {
        return Err(LogoutTokenError::Subject);
    }
    // 6. "Verify that the Logout Token contains an events Claim whose value is JSON object containing the member name
    //    http://schemas.openid.net/event/backchannel-logout." §2.4: "The corresponding member value MUST be a JSON object".
    let event = claims.get("events").and_then(Value::as_object).and_then(|events| events.get(BACKCHANNEL_LOGOUT));
    if !event.is_some_and(Value::is_object) {
        return Err(LogoutTokenError::Events);
    }
    // 7. "Verify that the Logout Token does not contain a nonce Claim."
    if claims.contains_key("nonce") {
        return Err(LogoutTokenError::Nonce);
    }
    // 8. "Optionally verify that another Logout Token with the same jti value has not been recently received": by who
    //    remembers them, until `forget_after`.
    // 9. to 11. That iss, sub and sid match "an ID Token issued for the current session": sessions are found by them.
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI);
    let jti = jti.ok_or(LogoutTokenError::JwtId)?.to_owned();
    Ok(LogoutToken { sub, sid, jti, forget_after })
}

/// `iat` and `exp`. Gives when the token's age alone refuses it.
fn times(claims: &Map<String, Value>, leeway: Duration, now: UnixTime) -> Result<UnixTime, LogoutTokenError> {
    let issued = required_time(claims, "iat").map_err(LogoutTokenError::of)?;
    if issued > now.plus(leeway) {
        return Err(LogoutTokenError::IssuedInFuture);
    }
    let stale = issued.plus(MAX_AGE).plus(leeway);
    if now >= stale {
        return Err(LogoutTokenError::Stale);
    }
    let expires = required_time(claims, "exp").map_err(LogoutTokenError::of)?;
    if now >= expires.plus(leeway) {
        return Err(LogoutTokenError::Expired);
    }
    // The leeway once more: another gateway's clock may be behind ours.
    Ok(stale.plus(leeway))
}

/// `sub` or `sid`: 1 to 255 characters.
fn subject(claims: &Map<String, Value>, name: &'static str) -> Result<Option<String>, LogoutTokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let text = value.as_str().filter(|text| !text.is_empty() && text.chars().count() <= MAX_SUBJECT);
    text.map(|text| Some(text.to_owned())).ok_or(LogoutTokenError::Malformed(name))
}

impl LogoutTokenError {
    /// What a refusal by a rule of ID tokens is for a logout token.
    const fn of(error: IdTokenError) -> Self {
        match error {
            IdTokenError::Issuer => Self::Issuer,
            IdTokenError::Malformed(claim) => Self::Malformed(claim),
            _ => Self::Audience,
        }
    }

    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Audience => "logout_token_aud",
            Self::Events => "logout_token_events",
            Self::Expired => "logout_token_expired",
            Self::IssuedInFuture => "logout_token_iat",
            Self::Issuer => "logout_token_iss",
            Self::JwtId => "logout_token_jti",
            Self::Malformed(_) => "logout_token_malformed",
            Self::Nonce => "logout_token_nonce",
            Self::Stale => "logout_token_stale",
            Self::Subject => "logout_token_subject",
            Self::Type => "logout_token_typ",
        }
    }
}

impl fmt::Display for LogoutTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audience => "aud does not name the configured clientId, or names another party beside it",
            Self::Events => "events does not hold the back-channel logout event",
            Self::Expired => "the token has expired; compare the clocks of gateway and provider",
            Self::IssuedInFuture => "iat is in the future; compare the clocks of gateway and provider",
            Self::Issuer => "iss is not the configured issuer",
            Self::JwtId => "jti is absent or is not a string of 1 to 255 bytes",
            Self::Malformed(claim) => return write!(f, "the claim {claim} is absent or of the wrong type"),
            Self::Nonce => "nonce is there, which makes it no logout token",
            Self::Stale => "iat is too long ago; compare the clocks of gateway and provider",
            Self::Subject => "neither sub nor sid is there",
            Self::Type => "typ names another kind of token",
        })
    }
}

impl std::error::Error for LogoutTokenError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        oidc::{
            assurance::Assurance,
            id_token::{Expected, validate_id_token},
            refreshed_id_token::{Original, validate_refreshed_id_token},
            signature::Algorithm,
        },
        secret::Secret,
    };

    const NOW: u64 = 1_795_180_000;

    /// The example of §2.4 with `changes`; a null takes a claim away.
    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example.net", "sub": "248289761001", "aud": "edge", "iat": NOW, "exp": NOW + 120, "jti": "bWJq",
            "sid": "08a5019c-17e1-4977-8f42-65a12843ea02", "events": {BACKCHANNEL_LOGOUT: {}},
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn typed(typ: Option<&str>, changes: &Value) -> VerifiedJwt {
        VerifiedJwt::example(Algorithm::Es256, typ, &claims(changes))
    }

    fn validate(changes: Value) -> Result<LogoutToken, LogoutTokenError> {
        let token = typed(Some("logout+jwt"), &changes);
        validate_logout_token(token, &ProviderSettings::example(), UnixTime::from_secs(NOW))
    }

    #[test]
    fn a_logout_token_names_a_person_a_session_or_both() {
        let token = validate(json!({})).unwrap();
        assert_eq!((token.sub.as_deref(), token.jti.as_str()), (Some("248289761001"), "bWJq"));
        assert_eq!(token.sid.as_deref(), Some("08a5019c-17e1-4977-8f42-65a12843ea02"));
        assert_eq!(validate(json!({"sid": null})).unwrap().sid, None);
        assert_eq!(validate(json!({"sub": null})).unwrap().sub, None);
    }

    #[test]
    fn each_step_refuses_by_its_own_name() {
        let long = "x".repeat(256);
        let table = [
            (json!({"aud": "other"}), LogoutTokenError::Audience),
            (json!({"aud": []}), LogoutTokenError::Audience),
            (json!({"aud": ["edge", "other"]}), LogoutTokenError::Audience),
            (json!({"events": null}), LogoutTokenError::Events),
            (json!({"events": {}}), LogoutTokenError::Events),
            (json!({"events": [BACKCHANNEL_LOGOUT]}), LogoutTokenError::Events),
            (json!({"events": BACKCHANNEL_LOGOUT}), LogoutTokenError::Events),
            (json!({"events": {BACKCHANNEL_LOGOUT: true}}), LogoutTokenError::Events),
            (json!({"events": {"http://schemas.openid.net/event/backchannel-logout/": {}}}), LogoutTokenError::Events),
            (json!({"exp": NOW - 60}), LogoutTokenError::Expired),
            (json!({"iat": NOW + 61}), LogoutTokenError::IssuedInFuture),
            (json!({"iss": "https://idp.example.net/"}), LogoutTokenError::Issuer),
            (json!({"iss": null}), LogoutTokenError::Issuer),
            (json!({"jti": null}), LogoutTokenError::JwtId),
            (json!({"jti": ""}), LogoutTokenError::JwtId),
            (json!({"jti": 1}), LogoutTokenError::JwtId),
            (json!({"jti": long}), LogoutTokenError::JwtId),
            (json!({"aud": null}), LogoutTokenError::Malformed("aud")),
            (json!({"exp": null}), LogoutTokenError::Malformed("exp")),
            (json!({"iat": null}), LogoutTokenError::Malformed("iat")),
            (json!({"iat": "1"}), LogoutTokenError::Malformed("iat")),
            (json!({"sid": ""}), LogoutTokenError::Malformed("sid")),
            (json!({"sid": long}), LogoutTokenError::Malformed("sid")),
            (json!({"sub": 1}), LogoutTokenError::Malformed("sub")),
            (json!({"nonce": ""}), LogoutTokenError::Nonce),
            (json!({"iat": NOW - 660}), LogoutTokenError::Stale),
            (json!({"sub": null, "sid": null}), LogoutTokenError::Subject),
        ];
        for (changes, error) in table {
            assert_eq!(validate(changes.clone()).unwrap_err(), error, "{changes}");
            assert!(error.code().starts_with("logout_token_") && !error.to_string().is_empty());
        }
    }

    #[test]
    fn the_leeway_ends_to_the_second() {
        for changes in [json!({"exp": NOW - 59}), json!({"iat": NOW + 60}), json!({"iat": NOW - 659})] {
            assert!(validate(changes.clone()).is_ok(), "{changes}");
        }
    }

    #[test]
    fn a_token_is_remembered_until_its_age_refuses_it() {
        let forget_after = validate(json!({"exp": NOW + 86_400})).unwrap().forget_after;
        assert_eq!(forget_after, UnixTime::from_secs(NOW + 600 + 2 * 60));
        let replay = typed(None, &json!({"exp": NOW + 86_400}));
        let replayed = validate_logout_token(replay, &ProviderSettings::example(), forget_after);
        assert_eq!(replayed.unwrap_err(), LogoutTokenError::Stale);
    }

    #[test]
    fn typ_may_say_jwt_or_logout_jwt() {
        let judge = |typ| {
            let now = UnixTime::from_secs(NOW);
            validate_logout_token(typed(typ, &json!({})), &ProviderSettings::example(), now).map(|_| ())
        };
        for typ in [None, Some("JWT"), Some("logout+jwt"), Some("application/Logout+JWT")] {
            assert_eq!(judge(typ), Ok(()), "{typ:?}");
        }
        for typ in ["at+jwt", "secevent+jwt", "logout", ""] {
            assert_eq!(judge(Some(typ)), Err(LogoutTokenError::Type), "{typ}");
        }
    }

    // T-153, RFC 8725 §3.12
    #[test]
    fn an_id_token_is_no_logout_token() {
        let id_token = json!({"events": null, "jti": null, "nonce": "n-0S6"});
        assert_eq!(validate(id_token).unwrap_err(), LogoutTokenError::Events);
        assert_eq!(validate(json!({"nonce": "n-0S6"})).unwrap_err(), LogoutTokenError::Nonce);
    }

    // T-153, RFC 8725 §3.12: whether it says its type or not.
    #[test]
    fn a_logout_token_is_no_id_token() {
        let settings = ProviderSettings::example();
        let (nonce, access_token) = (Secret::new("n-0S6".to_owned()), Secret::new("a".to_owned()));
        let assurance = &Assurance::default();
        let now = UnixTime::from_secs(NOW);
        for typ in [None, Some("JWT"), Some("logout+jwt")] {
            let expected = Expected { settings: &settings, nonce: &nonce, access_token: &access_token, assurance, now };
            let sign_in = validate_id_token(typed(typ, &json!({})), expected);
            assert_eq!(sign_in.unwrap_err(), IdTokenError::Type, "{typ:?}");
            let original = Original {
                settings: &settings,
                sub: "248289761001",
                nonce_digest: None,
                auth_time: None,
                access_token: &access_token,
                now,
            };
            let refreshed = validate_refreshed_id_token(typed(typ, &json!({})), original);
            assert_eq!(refreshed.unwrap_err(), IdTokenError::Type, "{typ:?}");
        }
    }
}
