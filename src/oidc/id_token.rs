//! ID token validation (OpenID Connect Core §3.1.3.7), the specification's steps quoted in order.
//!
//! Decides whose token it is and that it answers this sign-in. The signature has been verified before: only
//! [`VerifiedJwt`] comes in, and only [`IdTokenClaims`] goes out. One that a refresh brings is judged in
//! `refreshed_id_token`, by the same rules where they are the same.

use std::{fmt, slice, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::{
    assurance::Assurance,
    jwt::VerifiedJwt,
    logout_token::BACKCHANNEL_LOGOUT,
    provider::{ProviderKind, ProviderSettings},
    signature::Algorithm,
};
use crate::{
    secret::{Secret, constant_time_eq},
    time::UnixTime,
};

/// The most characters of `sub` (OpenID Connect Core §2).
const MAX_SUB: usize = 255;

/// The claims of an ID token that passed every step. [`validate_id_token`] and
/// [`validate_refreshed_id_token`](super::refreshed_id_token::validate_refreshed_id_token) alone make them.
#[derive(Debug)]
pub struct IdTokenClaims {
    claims: Map<String, Value>,
    expires: UnixTime,
}

/// What an ID token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The provider it must come from.
    pub settings: &'a ProviderSettings,
    /// The nonce of the authorization request.
    pub nonce: &'a Secret<String>,
    /// The access token that came beside it.
    pub access_token: &'a Secret<String>,
    /// What the authorization request demanded beyond the ordinary.
    pub assurance: &'a Assurance,
    /// The present.
    pub now: UnixTime,
}

/// Which check an ID token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdTokenError {
    /// `at_hash` is not the access token's (Core §3.1.3.8).
    AccessTokenHash,
    /// `acr` is absent or none of those that were asked for.
    Acr,
    /// `aud` does not name our client.
    Audience,
    /// `aud` names a party that we do not trust.
    AudienceUntrusted,
    /// `auth_time` is not that of the sign-in (Core §12.2).
    AuthTime,
    /// `azp` is not our client, or is absent though there are several audiences.
    AuthorizedParty,
    /// `exp` is in the past.
    Expired,
    /// `iat` is in the future.
    IssuedInFuture,
    /// `iss` is not the configured issuer.
    Issuer,
    /// The claim is absent or of another type.
    Malformed(&'static str),
    /// `auth_time` is absent or too long ago, though `max_age` was asked for.
    MaxAge,
    /// `nonce` is not the one sent.
    Nonce,
    /// `nbf` is in the future.
    NotYetValid,
    /// `sub` is not the person who signed in (Core §12.2).
    Subject,
    /// Cognito's `token_use` is not `id`.
    TokenUse,
    /// `typ` or `events` names another kind of token (RFC 8725 §3.11, §3.12).
    Type,
}

/// Validates an ID token of the code flow.
///
/// # Errors
/// The first step that fails.
pub fn validate_id_token(token: VerifiedJwt, expected: Expected<'_>) -> Result<IdTokenClaims, IdTokenError> {
    kind_of_token(&token)?;
    let algorithm = token.algorithm();
    let claims = token.into_claims();
    let settings = expected.settings;

    // 1. "If the ID Token is encrypted, decrypt it": encrypted ID tokens are not accepted.
    // 2. "The Issuer Identifier for the OpenID Provider MUST exactly match the value of the iss Claim."
    issuer(&claims, settings)?;
    // 3. "The Client MUST validate that the aud Claim contains its client_id value … The ID Token MUST be rejected if the
    //    ID Token does not list the Client as a valid audience, or if it contains additional audiences not trusted by the
    //    Client." We trust none but ourselves.
    let audiences = audience(&claims, settings)?;
    // 4. and 5. "If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present"; "If an
    //    azp Claim is present, the Client SHOULD verify that its client_id is the Claim Value."
    authorized_party(&claims, settings, audiences)?;
    // 6., 7., 8. "The Client MUST validate the signature … The alg value SHOULD be the default of RS256 or the algorithm sent
    //    by the Client": done before, against the configured algorithms; MAC algorithms are never accepted.
    let expires = times(&claims, settings.leeway, expected.now)?;
    // 11. "If a nonce value was sent in the Authentication Request, a nonce Claim MUST be present and its value checked."
    let nonce = optional_text(&claims, "nonce")?.ok_or(IdTokenError::Nonce)?;
    if !constant_time_eq(nonce.as_bytes(), expected.nonce.secret().as_bytes()) {
        return Err(IdTokenError::Nonce);
    }
    // 12. "If the acr Claim was requested, the Client SHOULD check that the asserted Claim Value is appropriate."
    // 13. "If the auth_time Claim was requested, either through a specific request for this Claim or by using the max_age
    //     parameter, the Client SHOULD check the auth_time Claim value and request re-authentication if it determines too
    //     much time has elapsed since the last End-User authentication."
    assured(&claims, expected)?;
    subject(&claims)?;
    token_use(&claims, settings.kind)?;
    access_token_hash(&claims, algorithm, expected.access_token)?;
    Ok(IdTokenClaims { claims, expires })
}

/// Steps 12 and 13. Core §2 on `auth_time`: "When a max_age request is made … then this Claim is REQUIRED".
fn assured(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), IdTokenError> {
    let Expected { settings, assurance, now, .. } = expected;
    if !assurance.acr_values.is_empty() {
        let acr = optional_text(claims, "acr")?.ok_or(IdTokenError::Acr)?;
        if !assurance.takes_acr(acr) {
            return Err(IdTokenError::Acr);
        }
    }
    if assurance.max_age.is_some() {
        let auth_time = match claims.contains_key("auth_time") {
            true => Some(required_time(claims, "auth_time")?),
            false => None,
        };
        if !assurance.is_recent(auth_time, settings.leeway, now) {
            return Err(IdTokenError::MaxAge);
        }
    }
    Ok(())
}

/// What remains for a token that was found to be the right person's, from the right sign-in, time last:
/// [`validate_refreshed_id_token`](super::refreshed_id_token::validate_refreshed_id_token) ends with it.
pub(super) fn remaining_rules(
    claims: Map<String, Value>,
    algorithm: Algorithm,
    settings: &ProviderSettings,
    access_token: &Secret<String>,
    now: UnixTime,
) -> Result<IdTokenClaims, IdTokenError> {
    token_use(&claims, settings.kind)?;
    access_token_hash(&claims, algorithm, access_token)?;
    let expires = times(&claims, settings.leeway, now)?;
    Ok(IdTokenClaims { claims, expires })
}

/// RFC 8725 §3.12: mutually exclusive rules for different kinds of tokens. A logout token may lack a `typ` of its own, and
/// where a refresh asks for no nonce its event alone tells it from an ID token (T-153).
pub(super) fn kind_of_token(token: &VerifiedJwt) -> Result<(), IdTokenError> {
    let typed = token.typ().is_some() && !token.has_type("jwt");
    let event = token.claims().get("events").and_then(|events| events.get(BACKCHANNEL_LOGOUT)).is_some();
    if typed || event { Err(IdTokenError::Type) } else { Ok(()) }
}

/// Step 2.
pub(super) fn issuer(claims: &Map<String, Value>, settings: &ProviderSettings) -> Result<(), IdTokenError> {
    match claims.get("iss").and_then(Value::as_str) == Some(settings.issuer.as_str()) {
        true => Ok(()),
        false => Err(IdTokenError::Issuer),
    }
}

/// Step 3. Gives how many audiences there are.
pub(super) fn audience(claims: &Map<String, Value>, settings: &ProviderSettings) -> Result<usize, IdTokenError> {
    let malformed = IdTokenError::Malformed("aud");
    let audiences = match claims.get("aud").ok_or(malformed)? {
        Value::Array(audiences) => audiences.as_slice(),
        audience => slice::from_ref(audience),
    };
    let ours = |audience: &Value| audience.as_str().map(|audience| audience == settings.client_id).ok_or(malformed);
    let ours = audiences.iter().map(ours).collect::<Result<Vec<_>, _>>()?;
    match (ours.contains(&true), ours.contains(&false)) {
        (false, _) => Err(IdTokenError::Audience),
        (true, true) => Err(IdTokenError::AudienceUntrusted),
        (true, false) => Ok(ours.len()),
    }
}

/// Steps 4 and 5.
pub(super) fn authorized_party(
    claims: &Map<String, Value>,
    settings: &ProviderSettings,
    audiences: usize,
) -> Result<(), IdTokenError> {
    match optional_text(claims, "azp")? {
        Some(azp) if azp == settings.client_id => Ok(()),
        None if audiences == 1 => Ok(()),
        _ => Err(IdTokenError::AuthorizedParty),
    }
}

/// Steps 9 and 10, and `nbf` (RFC 7519 §4.1.5). Gives `exp`.
pub(super) fn times(claims: &Map<String, Value>, leeway: Duration, now: UnixTime) -> Result<UnixTime, IdTokenError> {
    // 9. "The current time MUST be before the time represented by the exp Claim."
    let expires = required_time(claims, "exp")?;
    if now >= expires.plus(leeway) {
        return Err(IdTokenError::Expired);
    }
    // 10. "The iat Claim can be used to reject tokens that were issued too far away from the current time."
    if required_time(claims, "iat")? > now.plus(leeway) {
        return Err(IdTokenError::IssuedInFuture);
    }
    if claims.contains_key("nbf") && required_time(claims, "nbf")? > now.plus(leeway) {
        return Err(IdTokenError::NotYetValid);
    }
    Ok(expires)
}

/// A NumericDate: a JSON number from 0 to the year 9999; a fraction is cut off (T-108).
pub(super) fn required_time(claims: &Map<String, Value>, name: &'static str) -> Result<UnixTime, IdTokenError> {
    claims.get(name).and_then(numeric_date).ok_or(IdTokenError::Malformed(name))
}

/// A NumericDate (RFC 7519 §2), from 1970 to the year 9999.
pub(super) fn numeric_date(value: &Value) -> Option<UnixTime> {
    const YEAR_9999: u64 = 253_402_300_800;
    let seconds = match (value.as_u64(), value.as_f64()) {
        (Some(whole), _) => whole,
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked here")]
        (None, Some(fraction)) if (0.0..253_402_300_800.0).contains(&fraction) => fraction as u64,
        _ => return None,
    };
    (seconds < YEAR_9999).then(|| UnixTime::from_secs(seconds))
}

/// Core §2: "It MUST NOT exceed 255 ASCII characters in length." Control characters would break the lines of logs that show it.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<&str, IdTokenError> {
    let shown = |byte: u8| matches!(byte, b' '..=b'~');
    let sub = optional_text(claims, "sub")?.filter(|sub| !sub.is_empty() && sub.len() <= MAX_SUB);
    sub.filter(|sub| sub.bytes().all(shown)).ok_or(IdTokenError::Malformed("sub"))
}

fn token_use(claims: &Map<String, Value>, kind: ProviderKind) -> Result<(), IdTokenError> {
    match (kind, claims.get("token_use").and_then(Value::as_str)) {
        (ProviderKind::Oidc, _) | (ProviderKind::Cognito, Some("id")) => Ok(()),
        (ProviderKind::Cognito, _) => Err(IdTokenError::TokenUse),
    }
}

/// Core §3.1.3.8: the left half of the hash of the access token, with the hash of the ID token's `alg`.
fn access_token_hash(
    claims: &Map<String, Value>,
    algorithm: Algorithm,
    access_token: &Secret<String>,
) -> Result<(), IdTokenError> {
    let Some(at_hash) = optional_text(claims, "at_hash")? else { return Ok(()) };
    let token = access_token.secret().as_bytes();
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => Sha256::digest(token).to_vec(),
        Algorithm::Rs384 | Algorithm::Ps384 | Algorithm::Es384 => Sha384::digest(token).to_vec(),
        Algorithm::Rs512 | Algorithm::Ps512 | Algorithm::Ed25519 => Sha512::digest(token).to_vec(),
    };
    let half = hash.get(..hash.len() / 2).unwrap_or_default();
    match constant_time_eq(URL_SAFE_NO_PAD.encode(half).as_bytes(), at_hash.as_bytes()) {
        true => Ok(()),
        false => Err(IdTokenError::AccessTokenHash),
    }
}

pub(super) fn optional_text<'a>(
    claims: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, IdTokenError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(IdTokenError::Malformed(name)),
    }
}

impl IdTokenClaims {
    /// Every claim of the token.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// `sub`.
    pub fn subject(&self) -> &str {
        self.claims.get("sub").and_then(Value::as_str).unwrap_or_default()
    }

    /// `exp`.
    pub fn expires(&self) -> UnixTime {
        self.expires
    }

    /// `auth_time` in seconds since 1970, if it is there and a NumericDate; it must be only if `max_age` was asked for.
    pub fn auth_time(&self) -> Option<u64> {
        required_time(&self.claims, "auth_time").ok().map(UnixTime::secs)
    }
}

impl IdTokenError {
    /// The stable code in logs, metrics, pages and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessTokenHash => "id_token_at_hash",
            Self::Acr => "id_token_acr",
            Self::Audience => "id_token_aud",
            Self::AudienceUntrusted => "id_token_aud_untrusted",
            Self::AuthTime => "id_token_auth_time",
            Self::AuthorizedParty => "id_token_azp",
            Self::Expired => "id_token_expired",
            Self::IssuedInFuture => "id_token_iat",
            Self::Issuer => "id_token_iss",
            Self::Malformed(_) => "id_token_malformed",
            Self::MaxAge => "id_token_max_age",
            Self::Nonce => "id_token_nonce",
            Self::NotYetValid => "id_token_nbf",
            Self::Subject => "id_token_sub",
            Self::TokenUse => "id_token_token_use",
            Self::Type => "id_token_typ",
        }
    }

    /// Whether the present is what the token was refused for: the clocks of gateway and provider may differ.
    pub const fn is_about_time(self) -> bool {
        matches!(self, Self::Expired | Self::IssuedInFuture | Self::NotYetValid)
    }
}

impl fmt::Display for IdTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessTokenHash => f.write_str("at_hash does not fit the access token"),
            Self::Acr => f.write_str("acr is absent or none of those asked for; does the provider know acrValues?"),
            Self::Audience => f.write_str("aud does not name the configured clientId"),
            Self::AudienceUntrusted => f.write_str("aud names another party beside the configured clientId"),
            Self::AuthTime => f.write_str("auth_time is not that of the sign-in"),
            Self::AuthorizedParty => f.write_str("azp is not the configured clientId"),
            Self::Expired => f.write_str("the token has expired; compare the clocks of gateway and provider"),
            Self::IssuedInFuture => f.write_str("iat is in the future; compare the clocks of gateway and provider"),
            Self::Issuer => f.write_str("iss is not the configured issuer"),
            Self::Malformed(claim) => write!(f, "the claim {claim} is absent or of the wrong type"),
            Self::MaxAge => f.write_str(
                "auth_time is absent or too long ago, though max_age was asked for; does the provider know max_age, and are the \
                 clocks right? If not, leave signIn.maxAge out",
            ),
            Self::Nonce => f.write_str("nonce is not the one sent"),
            Self::NotYetValid => f.write_str("nbf is in the future; compare the clocks of gateway and provider"),
            Self::Subject => f.write_str("sub is not the person who signed in"),
            Self::TokenUse => f.write_str("token_use is not id"),
            Self::Type => f.write_str("typ or events names another kind of token"),
        }
    }
}

impl std::error::Error for IdTokenError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    const NOW: u64 = 1_795_180_000;

    fn settings(kind: ProviderKind) -> ProviderSettings {
        ProviderSettings { kind, ..ProviderSettings::example() }
    }

    /// A token that answers the sign-in, with `changes`; a null takes a claim away.
    fn claims(changes: Value) -> Value {
        let mut claims = json!({
            "iss": "https://idp.example.net", "aud": "edge", "sub": "248289761001", "nonce": "n-0S6", "exp": NOW + 300, "iat": NOW,
            "token_use": "id",
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn judge(kind: ProviderKind, jwt: VerifiedJwt) -> Result<IdTokenClaims, IdTokenError> {
        judge_for(kind, &Assurance::default(), jwt)
    }

    fn judge_for(kind: ProviderKind, assurance: &Assurance, jwt: VerifiedJwt) -> Result<IdTokenClaims, IdTokenError> {
        let (nonce, access_token) =
            (Secret::new("n-0S6".to_owned()), Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned()));
        let settings = settings(kind);
        let expected = Expected {
            settings: &settings,
            nonce: &nonce,
            access_token: &access_token,
            assurance,
            now: UnixTime::from_secs(NOW),
        };
        validate_id_token(jwt, expected)
    }

    fn validate(changes: Value) -> Result<UnixTime, IdTokenError> {
        judge(ProviderKind::Cognito, VerifiedJwt::example(Algorithm::Es256, None, &claims(changes)))
            .map(|token| token.expires())
    }

    #[test]
    fn a_token_that_answers_the_sign_in_is_valid_until_its_exp() {
        assert_eq!(validate(json!({})), Ok(UnixTime::from_secs(NOW + 300)));
        assert_eq!(validate(json!({"exp": NOW as f64 + 9.75})), Ok(UnixTime::from_secs(NOW + 9)));
        let oidc = judge(
            ProviderKind::Oidc,
            VerifiedJwt::example(Algorithm::Es256, None, &claims(json!({"token_use": null}))),
        );
        assert_eq!(oidc.unwrap().claims()["sub"], "248289761001");
    }

    // Style, row 8: every check has its own error.
    #[test]
    fn each_step_refuses_by_its_own_name() {
        let table = [
            (json!({"at_hash": "x"}), IdTokenError::AccessTokenHash),
            (json!({"aud": "other"}), IdTokenError::Audience),
            (json!({"aud": ["edge", "other"]}), IdTokenError::AudienceUntrusted),
            (json!({"aud": ["edge", "edge"]}), IdTokenError::AuthorizedParty),
            (json!({"azp": "other"}), IdTokenError::AuthorizedParty),
            (json!({"exp": NOW - 60}), IdTokenError::Expired),
            (json!({"iat": NOW + 61}), IdTokenError::IssuedInFuture),
            (json!({"iss": "https://idp.example.net/"}), IdTokenError::Issuer),
            (json!({"iat": "1"}), IdTokenError::Malformed("iat")),
            (json!({"sub": ""}), IdTokenError::Malformed("sub")),
            (json!({"sub": "kim\n"}), IdTokenError::Malformed("sub")),
            (json!({"nonce": "n-0S7"}), IdTokenError::Nonce),
            (json!({"nonce": null}), IdTokenError::Nonce),
            (json!({"nbf": NOW + 61}), IdTokenError::NotYetValid),
            (json!({"token_use": "access"}), IdTokenError::TokenUse),
            (json!({"events": {BACKCHANNEL_LOGOUT: {}}}), IdTokenError::Type),
        ];
        for (changes, error) in table {
            assert_eq!(validate(changes.clone()), Err(error), "{changes}");
            assert!(error.code().starts_with("id_token_") && !error.to_string().is_empty());
        }
    }

    #[test]
    fn three_refusals_are_about_time() {
        let about_time: Vec<_> =
            [json!({"exp": NOW - 60}), json!({"iat": NOW + 61}), json!({"nbf": NOW + 61}), json!({"iss": "x"})]
                .map(|changes| validate(changes).unwrap_err().is_about_time())
                .into();
        assert_eq!(about_time, [true, true, true, false]);
    }

    #[test]
    fn auth_time_is_known_if_it_is_a_time() {
        let auth_time = |value| {
            let jwt = VerifiedJwt::example(Algorithm::Es256, None, &claims(json!({"auth_time": value})));
            judge(ProviderKind::Cognito, jwt).unwrap().auth_time()
        };
        assert_eq!(auth_time(json!(NOW - 5)), Some(NOW - 5));
        assert_eq!((auth_time(json!(null)), auth_time(json!("1"))), (None, None));
    }

    fn assured(assurance: &Assurance, changes: Value) -> Result<(), IdTokenError> {
        let jwt = VerifiedJwt::example(Algorithm::Es256, None, &claims(changes));
        judge_for(ProviderKind::Oidc, assurance, jwt).map(|_| ())
    }

    // Step 12
    #[test]
    fn acr_is_one_of_those_asked_for() {
        let asked = Assurance { acr_values: vec!["phr".into(), "mfa".into()], ..Assurance::default() };
        assert_eq!(assured(&asked, json!({"acr": "mfa"})), Ok(()));
        for acr in [json!("pwd"), json!(""), json!("phr mfa"), json!(null)] {
            assert_eq!(assured(&asked, json!({"acr": acr})), Err(IdTokenError::Acr), "{acr}");
        }
        assert_eq!(assured(&asked, json!({"acr": ["mfa"]})), Err(IdTokenError::Malformed("acr")));
        assert_eq!(assured(&Assurance::default(), json!({"acr": ["mfa"]})), Ok(()));
    }

    // Step 13
    #[test]
    fn auth_time_is_there_and_recent_if_max_age_was_asked_for() {
        let asked = Assurance { max_age: Some(Duration::from_mins(5)), ..Assurance::default() };
        for auth_time in [NOW, NOW - 360, NOW + 60] {
            assert_eq!(assured(&asked, json!({"auth_time": auth_time})), Ok(()), "{auth_time}");
        }
        for auth_time in [json!(NOW - 361), json!(NOW + 61), json!(null)] {
            assert_eq!(assured(&asked, json!({"auth_time": auth_time})), Err(IdTokenError::MaxAge), "{auth_time}");
        }
        for auth_time in [json!(NOW.to_string()), json!(-1), json!(true)] {
            assert_eq!(assured(&asked, json!({"auth_time": auth_time})), Err(IdTokenError::Malformed("auth_time")));
        }
        assert_eq!(assured(&Assurance::default(), json!({"auth_time": 1})), Ok(()));
        for error in [IdTokenError::Acr, IdTokenError::MaxAge] {
            assert!(error.code().starts_with("id_token_") && !error.to_string().is_empty() && !error.is_about_time());
        }
    }

    #[test]
    fn the_leeway_ends_to_the_second() {
        for changes in [json!({"exp": NOW - 59}), json!({"iat": NOW + 60}), json!({"nbf": NOW + 60})] {
            assert!(validate(changes.clone()).is_ok(), "{changes}");
        }
    }

    // T-108
    #[test]
    fn a_time_outside_the_calendar_is_malformed() {
        for exp in [
            json!(253_402_300_800_u64),
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
            json!("1795180300"),
            json!(true),
            json!([1]),
        ] {
            assert_eq!(validate(json!({"exp": exp})), Err(IdTokenError::Malformed("exp")), "{exp}");
        }
    }

    // RFC 8725 §3.11
    #[test]
    fn typ_may_only_say_jwt() {
        let typed = |typ| {
            judge(ProviderKind::Oidc, VerifiedJwt::example(Algorithm::Es256, Some(typ), &claims(json!({})))).map(|_| ())
        };
        assert_eq!((typed("JWT"), typed("application/jwt")), (Ok(()), Ok(())));
        for typ in ["at+jwt", "application/at+jwt", "jwt ", "text/jwt"] {
            assert_eq!(typed(typ), Err(IdTokenError::Type), "{typ}");
        }
    }

    // Core §3.1.3.8, with the example of appendix A.3, and the longer hash of Ed25519.
    #[test]
    fn at_hash_is_half_of_the_hash_that_alg_names() {
        assert!(validate(json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"})).is_ok());
        let sha512 = Sha512::digest("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        let with = |at_hash: String| {
            judge(
                ProviderKind::Oidc,
                VerifiedJwt::example(Algorithm::Ed25519, None, &claims(json!({"at_hash": at_hash}))),
            )
        };
        assert!(with(URL_SAFE_NO_PAD.encode(&sha512[..32])).is_ok());
        assert_eq!(with("77QmUPtjPfzWtF2AnpK9RQ".into()).unwrap_err(), IdTokenError::AccessTokenHash);
        assert_eq!(with(URL_SAFE_NO_PAD.encode(sha512)).unwrap_err(), IdTokenError::AccessTokenHash);
    }
}
