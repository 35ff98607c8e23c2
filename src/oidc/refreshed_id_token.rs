//! Validation of an ID token that a refresh brings (OpenID Connect Core §12.2), the specification's bullets quoted in order.
//!
//! Decides that it is the same person's, from the same sign-in. When to refresh, and what a refusal means for the session,
//! is `flow`'s.

use sha2::{Digest as _, Sha256};

use super::{
    id_token::{
        IdTokenClaims, IdTokenError, audience, authorized_party, issuer, kind_of_token, optional_text, remaining_rules,
        required_time, subject,
    },
    jwt::VerifiedJwt,
    provider::ProviderSettings,
};
use crate::{
    secret::{Secret, constant_time_eq},
    time::UnixTime,
};

/// The sign-in that a refreshed ID token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The provider of the sign-in.
    pub settings: &'a ProviderSettings,
    /// `sub` of the sign-in's ID token.
    pub sub: &'a str,
    /// [`nonce_digest`] of the sign-in's nonce, if the session knows it.
    pub nonce_digest: Option<&'a [u8; 16]>,
    /// `auth_time` of the sign-in's ID token, in seconds since 1970.
    pub auth_time: Option<u64>,
    /// The access token that came beside the new ID token.
    pub access_token: &'a Secret<String>,
    /// The present.
    pub now: UnixTime,
}

/// The first 16 bytes of SHA-256 of a nonce: what a session remembers of it.
pub fn nonce_digest(nonce: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.iter_mut().zip(Sha256::digest(nonce)).for_each(|(to, from)| *to = from);
    digest
}

/// Validates an ID token of a refresh answer.
///
/// # Errors
/// The first step that fails. Time is judged last: who gets an error that [is about it](IdTokenError::is_about_time)
/// knows that all the rest is good.
pub fn validate_refreshed_id_token(token: VerifiedJwt, original: Original<'_>) -> Result<IdTokenClaims, IdTokenError> {
    kind_of_token(&token)?;
    let algorithm = token.algorithm();
    let claims = token.into_claims();
    let settings = original.settings;

    // "its iss Claim Value MUST be the same as in the ID Token issued when the original authentication occurred": that was
    // the configured one.
    issuer(&claims, settings)?;
    // "its sub Claim Value MUST be the same as in the ID Token issued when the original authentication occurred"
    if subject(&claims)? != original.sub {
        return Err(IdTokenError::Subject);
    }
    // "its iat Claim MUST represent the time that the new ID Token is issued": with `exp` and `nbf`, below.
    // "its aud Claim Value MUST be the same as in the ID Token issued when the original authentication occurred": that was
    // our client and nobody else.
    let audiences = audience(&claims, settings)?;
    // "if the ID Token contains an auth_time Claim, its value MUST represent the time of the original authentication - not
    // the time that the new ID token is issued"
    let repeated = original.auth_time.filter(|_| claims.contains_key("auth_time"));
    if let Some(auth_time) = repeated
        && required_time(&claims, "auth_time")?.secs() != auth_time
    {
        return Err(IdTokenError::AuthTime);
    }
    // "it SHOULD NOT have a nonce Claim, even when the ID Token issued at the time of the original authentication contained
    // nonce; however, if it is present, its value MUST be the same as in the ID Token issued at the time of the original
    // authentication"
    if let Some(nonce) = optional_text(&claims, "nonce")? {
        let expected = original.nonce_digest.ok_or(IdTokenError::Nonce)?;
        if !constant_time_eq(&nonce_digest(nonce), expected) {
            return Err(IdTokenError::Nonce);
        }
    }
    // "its azp Claim Value MUST be the same as in the ID Token issued when the original authentication occurred; if no azp
    // Claim was present in the original ID Token, one MUST NOT be present in the new ID Token": an `azp` can only be our
    // client, then as now, so one that comes or goes says nothing new.
    authorized_party(&claims, settings, audiences)?;
    // "otherwise, the same rules apply as apply when issuing an ID Token at the time of the original authentication."
    remaining_rules(claims, algorithm, settings, original.access_token, original.now)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::oidc::{logout_token::BACKCHANNEL_LOGOUT, provider::ProviderKind, signature::Algorithm};

    const NOW: u64 = 1_795_180_000;
    const NONCE: &str = "n-0S6";

    /// A token as a refresh brings it, with `changes`; a null takes a claim away.
    fn claims(changes: &Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example.net", "aud": "edge", "sub": "248289761001", "exp": NOW + 300, "iat": NOW, "token_use": "id",
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn judge(
        kind: ProviderKind,
        typ: Option<&str>,
        changes: &Value,
        adapt: fn(&mut Original<'_>),
    ) -> Result<IdTokenClaims, IdTokenError> {
        let settings = ProviderSettings { kind, ..ProviderSettings::example() };
        let access_token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned());
        let digest = nonce_digest(NONCE);
        let mut original = Original {
            settings: &settings,
            sub: "248289761001",
            nonce_digest: Some(&digest),
            auth_time: Some(NOW - 7200),
            access_token: &access_token,
            now: UnixTime::from_secs(NOW),
        };
        adapt(&mut original);
        validate_refreshed_id_token(VerifiedJwt::example(Algorithm::Es256, typ, &claims(changes)), original)
    }

    fn validate(changes: Value) -> Result<UnixTime, IdTokenError> {
        judge(ProviderKind::Cognito, None, &changes, |_| {}).map(|token| token.expires())
    }

    #[test]
    fn a_token_without_nonce_and_auth_time_is_valid_until_its_exp() {
        assert_eq!(validate(json!({})), Ok(UnixTime::from_secs(NOW + 300)));
        let oidc = judge(ProviderKind::Oidc, Some("JWT"), &json!({"token_use": null}), |_| {});
        assert_eq!(oidc.unwrap().claims()["sub"], "248289761001");
    }

    #[test]
    fn nonce_and_auth_time_may_be_repeated() {
        let repeated =
            json!({"nonce": NONCE, "auth_time": NOW - 7200, "azp": "edge", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"});
        assert!(validate(repeated).is_ok());
    }

    #[test]
    fn each_step_refuses_by_its_own_name() {
        let table = [
            (json!({"at_hash": "x"}), IdTokenError::AccessTokenHash),
            (json!({"aud": "other"}), IdTokenError::Audience),
            (json!({"aud": ["edge", "other"]}), IdTokenError::AudienceUntrusted),
            (json!({"auth_time": NOW}), IdTokenError::AuthTime),
            (json!({"aud": ["edge", "edge"]}), IdTokenError::AuthorizedParty),
            (json!({"azp": "other"}), IdTokenError::AuthorizedParty),
            (json!({"exp": NOW - 60}), IdTokenError::Expired),
            (json!({"iat": NOW + 61}), IdTokenError::IssuedInFuture),
            (json!({"iss": "https://idp.example.net/"}), IdTokenError::Issuer),
            (json!({"aud": null}), IdTokenError::Malformed("aud")),
            (json!({"auth_time": "1"}), IdTokenError::Malformed("auth_time")),
            (json!({"iat": null}), IdTokenError::Malformed("iat")),
            (json!({"nonce": 1}), IdTokenError::Malformed("nonce")),
            (json!({"sub": null}), IdTokenError::Malformed("sub")),
            (json!({"nonce": "n-0S7"}), IdTokenError::Nonce),
            (json!({"nonce": ""}), IdTokenError::Nonce),
            (json!({"nbf": NOW + 61}), IdTokenError::NotYetValid),
            (json!({"sub": "248289761002"}), IdTokenError::Subject),
            (json!({"token_use": "access"}), IdTokenError::TokenUse),
            (json!({"token_use": null}), IdTokenError::TokenUse),
        ];
        for (changes, error) in table {
            assert_eq!(validate(changes.clone()), Err(error), "{changes}");
            assert!(error.code().starts_with("id_token_") && !error.to_string().is_empty());
        }
    }

    #[test]
    fn what_the_session_does_not_know_is_not_compared_but_a_nonce_is_refused() {
        let judge = |changes| {
            judge(ProviderKind::Cognito, None, &changes, |original| {
                (original.nonce_digest, original.auth_time) = (None, None);
            })
        };
        assert!(judge(json!({"auth_time": NOW})).is_ok());
        assert_eq!(judge(json!({"nonce": NONCE})).unwrap_err(), IdTokenError::Nonce);
    }

    // T-153, RFC 8725 §3.12
    #[test]
    fn another_kind_of_token_is_refused_by_its_typ_or_its_event() {
        let typed = |typ| judge(ProviderKind::Oidc, Some(typ), &json!({}), |_| {}).unwrap_err();
        assert_eq!((typed("at+jwt"), typed("logout+jwt")), (IdTokenError::Type, IdTokenError::Type));
        assert_eq!(validate(json!({"events": {BACKCHANNEL_LOGOUT: {}}})), Err(IdTokenError::Type));
        assert!(validate(json!({"events": ["a claim of the pool's own"]})).is_ok());
    }

    #[test]
    fn time_is_judged_when_all_the_rest_is_good() {
        let late = |changes: Value| {
            let mut changes = changes;
            changes["exp"] = json!(NOW - 3600);
            validate(changes).unwrap_err()
        };
        assert!(late(json!({})).is_about_time());
        for changes in [json!({"sub": "x"}), json!({"aud": "x"}), json!({"azp": "x"}), json!({"at_hash": "x"})] {
            assert!(!late(changes.clone()).is_about_time(), "{changes}");
        }
    }

    #[test]
    fn the_digest_is_the_left_half_of_sha_256() {
        // printf abc | sha256sum
        assert_eq!(nonce_digest("abc"), 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223_u128.to_be_bytes());
    }
}
