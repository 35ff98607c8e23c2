//! Bearer tokens (RFC 6750): which are taken from an issuer, and what is believed of one.
//!
//! Decides what kind of token a verified JWT is, which of its issuer's rules takes it, and which texts can be a token at all.
//! What must stand in an access token is in `access_token`, what a provider says about an opaque one in `introspection` and
//! `user_info`. Which requests may use which issuers is `policy`'s.

use std::{fmt, slice, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    access_token,
    claims::Naming,
    id_token::{issuer, optional_text, subject, times},
    json::{Limits, parse_object},
    jwt::{UnverifiedJwt, VerifiedJwt},
    provider::{ProviderKind, ProviderSettings},
};
use crate::time::UnixTime;

mod error;
mod kind;
mod service_account;

pub use error::BearerError;
pub(super) use kind::is_id_token;

/// The most bytes of an opaque token.
const MAX_OPAQUE: usize = 4 * 1024;

/// One kind of token that is taken from an issuer, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerRule {
    /// The kind.
    pub kind: TokenKind,
    /// Accepted members of `aud`.
    pub audiences: Vec<String>,
    /// Accepted `client_id`s (for ID tokens `azp`), where the kind has them.
    pub client_ids: Vec<String>,
    /// Accepted `typ` of a JWT access token, lower case, without `application/`; `at+jwt` by default (RFC 9068 §2.1).
    pub types: Vec<String>,
    /// For how long at most an answer of the provider about an opaque token is believed.
    pub cache: Duration,
    /// What the claims of such tokens are called, before what [`ProviderSettings::naming`](super::provider::ProviderSettings)
    /// and the common settings say.
    pub naming: Naming,
}

/// What a bearer token is, by the rules that it is validated with. No token passes by the rules of another kind (RFC 8725 §3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// A JWT access token: Cognito's, or RFC 9068's.
    AccessToken,
    /// An ID token, as kubelogin and the kfp SDK send.
    IdToken,
    /// A token that the provider is asked about by introspection (RFC 7662).
    Introspection,
    /// A token of a Kubernetes service account.
    ServiceAccount,
    /// A token that the provider is asked about at UserInfo; its audience cannot be known.
    UserInfo,
}

/// What a provider is asked about a token that carries no signature for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lookup {
    /// Whether it is active, whose and for whom it is (RFC 7662).
    Introspection,
    /// Whose it is (OpenID Connect Core §5.3).
    UserInfo,
}

impl TokenKind {
    /// What the provider is asked about tokens of this kind; nothing about signed ones.
    pub const fn lookup(self) -> Option<Lookup> {
        match self {
            Self::AccessToken | Self::IdToken | Self::ServiceAccount => None,
            Self::Introspection => Some(Lookup::Introspection),
            Self::UserInfo => Some(Lookup::UserInfo),
        }
    }
}

/// The claims of a bearer token that a rule takes. [`validate_bearer`],
/// [`process_introspection_response`](super::introspection::process_introspection_response) and
/// [`process_user_info_lookup`](super::user_info::process_user_info_lookup) alone make them.
#[derive(Clone)]
pub struct BearerClaims {
    claims: Map<String, Value>,
    expires: UnixTime,
    kind: TokenKind,
    naming: Naming,
}

impl BearerClaims {
    pub(super) fn new(
        claims: Map<String, Value>,
        expires: UnixTime,
        rule: &BearerRule,
        settings: &ProviderSettings,
    ) -> Self {
        Self { claims, expires, kind: rule.kind, naming: rule.naming.or(&settings.naming) }
    }

    /// Every claim; `iss` and `sub` are always there.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Until when this is believed, the leeway not counted: `exp`, or sooner where the provider was asked.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What the token is.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// What its claims are called: as the rule says, else as the provider does.
    pub const fn naming(&self) -> &Naming {
        &self.naming
    }
}

impl fmt::Debug for BearerClaims {
    /// Claims are about a person: none is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerClaims").field("kind", &self.kind).field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Validates a signed token that somebody sent: `iss`, its kind, its times, then what the rules for its kind ask for.
///
/// # Errors
/// The first check that fails; where several rules are for its kind, that of the last.
pub fn validate_bearer(
    token: VerifiedJwt,
    settings: &ProviderSettings,
    now: UnixTime,
) -> Result<BearerClaims, BearerError> {
    issuer(token.claims(), settings).map_err(BearerError::of)?;
    let kind = kind::kind(&token, settings.kind)?;
    let expires = times(token.claims(), settings.leeway, now).map_err(BearerError::of)?;
    optional_text(token.claims(), "jti").map_err(BearerError::of)?;
    let mut refusal = BearerError::Kind;
    for rule in settings.bearer.iter().filter(|rule| rule.kind == kind) {
        match judge(&token, rule, settings.kind) {
            Ok(()) => return Ok(BearerClaims::new(token.into_claims(), expires, rule, settings)),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn judge(token: &VerifiedJwt, rule: &BearerRule, provider: ProviderKind) -> Result<(), BearerError> {
    let claims = token.claims();
    match (rule.kind, provider) {
        (TokenKind::AccessToken, ProviderKind::Cognito) => access_token::validate_cognito(claims, rule),
        (TokenKind::AccessToken, ProviderKind::Oidc) if kind::takes_type(rule, token) => {
            access_token::validate(claims, rule, kind::is_untyped(token))
        }
        (TokenKind::AccessToken, ProviderKind::Oidc) => Err(BearerError::Type),
        (TokenKind::IdToken, _) => id_token(claims, rule),
        (TokenKind::ServiceAccount, _) => service_account::validate(claims, rule),
        (TokenKind::Introspection | TokenKind::UserInfo, _) => Err(BearerError::Kind),
    }
}

/// OpenID Connect Core §3.1.3.7, steps 3 to 5, with the accepted audiences in the place of our client. Neither nonce nor
/// `at_hash` is compared: this token answers no request of ours.
fn id_token(claims: &Map<String, Value>, rule: &BearerRule) -> Result<(), BearerError> {
    subject(claims).map_err(BearerError::of)?;
    let audiences = audiences(claims)?;
    let accepted = audiences.iter().filter(|audience| accepts(&rule.audiences, audience)).count();
    if accepted == 0 {
        return Err(BearerError::Audience);
    }
    if accepted < audiences.len() {
        return Err(BearerError::AudienceUntrusted);
    }
    match optional_text(claims, "azp").map_err(BearerError::of)? {
        Some(azp) if accepts(&rule.audiences, azp) || accepts(&rule.client_ids, azp) => Ok(()),
        None if audiences.len() == 1 => Ok(()),
        _ => Err(BearerError::AuthorizedParty),
    }
}

/// The members of `aud`: "an array of case-sensitive strings … In the special case when the JWT has one audience, the aud value
/// MAY be a single case-sensitive string" (RFC 7519 §4.1.3).
pub(super) fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, BearerError> {
    let malformed = BearerError::Malformed("aud");
    let members = match claims.get("aud").ok_or(malformed)? {
        Value::Array(members) => members.as_slice(),
        member => slice::from_ref(member),
    };
    members.iter().map(|member| member.as_str().ok_or(malformed)).collect()
}

/// Whether `name` is listed.
pub(super) fn accepts(listed: &[String], name: &str) -> bool {
    listed.iter().any(|other| other == name)
}

/// Whether `token` has the form of a JWT: three segments, of which the first begins with an object. All else is opaque.
pub fn looks_like_jwt(token: &str) -> bool {
    let header = token.split('.').next().and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    header.is_some_and(|header| header.trim_ascii_start().starts_with(b"{"))
        && token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// What an unverified token says its issuer is: only to choose whose keys to ask.
pub fn issuer_hint(token: &str) -> Option<String> {
    let payload = UnverifiedJwt::parse(token).and_then(|jwt| jwt.payload()).ok()?;
    match parse_object(&payload, Limits::CLAIMS).ok()?.remove("iss") {
        Some(Value::String(issuer)) => Some(issuer),
        _ => None,
    }
}

/// Whether an opaque token can be one: RFC 6750 §2.1's `b64token`, of a length that a provider may be asked about.
///
/// # Errors
/// [`BearerError::Form`].
pub fn check_opaque(token: &str) -> Result<(), BearerError> {
    if token.len() <= MAX_OPAQUE && is_b64token(token) { Ok(()) } else { Err(BearerError::Form) }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`: what an Authorization header can carry.
pub(super) fn is_b64token(token: &str) -> bool {
    let text = token.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
