//! A provider's keys and the choice of the one that verifies a token (RFC 7517 §5, RFC 7515 §4.1.4, RFC 8725 §3.1).
//!
//! Decides which keys of a document are used and which key and algorithm a token may have; the only maker of
//! [`VerifiedJwt`]. When keys are fetched, kept and replaced is decided in `flow::provider`.

use std::{error::Error, fmt};

use serde_json::{Map, Value};

use super::{
    json::{JsonError, Limits, parse_object},
    jwk::{Jwk, JwkError, PublicKey},
    jwt::{JwtError, UnverifiedJwt},
    signature::{Algorithm, SignatureVerifier},
};

/// The usable keys of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Jwk>,
    skipped: Vec<JwkError>,
}

/// The claims of a token whose signature was verified; made by [`KeySet::verify`] only.
#[derive(Clone)]
pub struct VerifiedJwt {
    claims: Map<String, Value>,
    algorithm: Algorithm,
    typ: Option<String>,
}

impl VerifiedJwt {
    /// The claims.
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims, taken out.
    pub fn into_claims(self) -> Map<String, Value> {
        self.claims
    }

    /// The algorithm of the verified signature.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `typ` of the header, as written.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether `typ` is the media type `application/{subtype}`, which may be shortened and has no case (RFC 7515 §4.1.9).
    pub fn has_type(&self, subtype: &str) -> bool {
        self.typ().is_some_and(|typ| {
            let name = match typ.split_once('/') {
                Some((tree, name)) if tree.eq_ignore_ascii_case("application") => name,
                Some(_) => return false,
                None => typ,
            };
            name.eq_ignore_ascii_case(subtype)
        })
    }
}

#[cfg(test)]
impl VerifiedJwt {
    /// A token for tests of what claims must say: its signature is supposed to be good.
    pub(crate) fn example(algorithm: Algorithm, typ: Option<&str>, claims: &Value) -> Self {
        let claims = parse_object(claims.to_string().as_bytes(), Limits::CLAIMS).unwrap();
        Self { claims, algorithm, typ: typ.map(str::to_owned) }
    }
}

impl fmt::Debug for VerifiedJwt {
    /// Claims are about a person: none is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedJwt").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Why a document gives no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwksError {
    /// Not one strict JSON object.
    Json(JsonError),
    /// No array `keys`.
    NoKeys,
    /// None of the keys is one that we accept.
    NoUsableKey,
    /// More keys than any provider has.
    TooManyKeys,
}

impl JwksError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Json(_) => "jwks_json",
            Self::NoKeys => "jwks_no_keys",
            Self::NoUsableKey => "jwks_no_usable_key",
            Self::TooManyKeys => "jwks_too_many_keys",
        }
    }
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the key set: {error}"),
            Self::NoKeys => f.write_str("the key set has no array `keys`"),
            Self::NoUsableKey => f.write_str("the key set has no key that can be used"),
            Self::TooManyKeys => f.write_str("the key set has too many keys"),
        }
    }
}

impl Error for JwksError {}

impl KeySet {
    /// Reads a document's keys one by one; one that is of no use is skipped and counted, so that a provider may publish
    /// keys for other purposes and of kinds yet unknown (RFC 7517 §5).
    pub fn parse(body: &[u8]) -> Result<Self, JwksError> {
        let document = parse_object(body, Limits::DOCUMENT).map_err(JwksError::Json)?;
        let Some(Value::Array(members)) = document.get("keys") else {
            return Err(JwksError::NoKeys);
        };
        if members.len() > KEYS_MAX {
            return Err(JwksError::TooManyKeys);
        }
        let mut set = Self { keys: Vec::new(), skipped: Vec::new() };
        for member in members {
            match member.as_object().ok_or(JwkError::NotAnObject).and_then(PublicKey::from_jwk) {
                Ok(key) => set.keys.push(key),
                Err(reason) => set.skipped.push(reason),
            }
        }
        if set.is_empty() { Err(JwksError::NoUsableKey) } else { Ok(set) }
    }

    /// How many keys are used.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is used; a set that was parsed never is.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Why each key that is not used is not.
    pub fn skipped(&self) -> &[JwkError] {
        &self.skipped
    }

    /// The claims of `jwt`, if one of these keys signed it with an `allowed` algorithm.
    pub fn verify(
        &self,
        jwt: UnverifiedJwt<'_>,
        allowed: &[Algorithm],
        verifier: &dyn SignatureVerifier,
    ) -> Result<VerifiedJwt, JwtError> {
        let payload = self.verify_payload(&jwt, allowed, verifier)?;
        let claims = parse_object(&payload, Limits::CLAIMS).map_err(JwtError::Claims)?;
        Ok(VerifiedJwt { claims, algorithm: jwt.algorithm, typ: jwt.typ })
    }

    /// The payload of `jwt`, whatever it holds (RFC 7515 §5.2), on the same conditions.
    pub fn verify_payload(
        &self,
        jwt: &UnverifiedJwt<'_>,
        allowed: &[Algorithm],
        verifier: &dyn SignatureVerifier,
    ) -> Result<Vec<u8>, JwtError> {
        if !allowed.contains(&jwt.algorithm) {
            return Err(JwtError::AlgorithmNotAllowed);
        }
        let candidates = self.candidates(jwt)?;
        let (message, signature) = (jwt.signing_input().as_bytes(), jwt.signature()?);
        if candidates.iter().any(|key| verifier.verify(jwt.algorithm, key, message, &signature)) {
            return jwt.payload();
        }
        Err(if jwt.kid.is_some() { JwtError::Signature } else { JwtError::NoKey })
    }

    /// The keys to try: those that `kid` names, or all when it names none, as far as they are for the token's algorithm.
    fn candidates(&self, jwt: &UnverifiedJwt<'_>) -> Result<Vec<&PublicKey>, JwtError> {
        let named = |key: &&Jwk| jwt.kid.is_none() || key.kid == jwt.kid;
        if jwt.kid.is_some() && !self.keys.iter().any(|key| named(&key)) {
            return Err(JwtError::UnknownKid);
        }
        let fitting: Vec<_> =
            self.keys.iter().filter(named).filter(|key| is_for(key, jwt.algorithm)).map(|key| &key.key).collect();
        match fitting.len() {
            0 if jwt.kid.is_some() => Err(JwtError::AlgorithmMismatch),
            0 => Err(JwtError::NoKey),
            1..=TRIES_MAX => Ok(fitting),
            _ => Err(JwtError::AmbiguousKey),
        }
    }
}

/// The kind of key decides, then its own `alg`: the header alone never does (RFC 8725 §3.1).
fn is_for(key: &Jwk, algorithm: Algorithm) -> bool {
    key.key.fits(algorithm) && key.algorithm.is_none_or(|own| own == algorithm)
}

/// Providers publish two to ten.
const KEYS_MAX: usize = 64;

/// Signatures computed for one token at most. OpenID Connect Core §10.1 has providers with several keys send `kid`.
const TRIES_MAX: usize = 8;
