//! A signed token in compact form, before and after its signature is verified (RFC 7515 §3.1, §4 and §7.1; RFC 8725).
//!
//! Decides whether a text is a compact JWS that we are able to verify, and keeps its payload out of reach until
//! [`KeySet::verify`](super::jwks::KeySet::verify) has. The choice of key is made in `jwks`; what claims must say
//! is decided in `id_token` and `bearer`.

use std::{error::Error, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

pub use super::jwks::VerifiedJwt;
use super::{
    json::{JsonError, Limits, parse_object},
    signature::Algorithm,
};

/// A well-formed token whose signature nobody has looked at: nothing it says is believed, its payload cannot be read.
pub struct UnverifiedJwt<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    signing_input: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> UnverifiedJwt<'a> {
    /// Reads the form and the header of `token`. Refuses without decoding anything what is too long or not three segments.
    pub fn parse(token: &'a str) -> Result<Self, JwtError> {
        let (signing_input, signature) = segments(token)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwtError::Segments)?;
        let header = parse_object(&decode(header)?, Limits::HEADER).map_err(JwtError::Header)?;
        refuse_unsupported(&header)?;
        let algorithm = text(&header, "alg")?.ok_or(JwtError::HeaderMember)?;
        Ok(Self {
            algorithm: Algorithm::from_str(algorithm).map_err(|_| JwtError::AlgorithmUnsupported)?,
            kid: text(&header, "kid")?.map(str::to_owned),
            typ: text(&header, "typ")?.map(str::to_owned),
            signing_input,
            payload,
            signature,
        })
    }

    /// What was signed: both encoded segments and the dot between (RFC 7515 §5.2, step 8).
    pub(super) const fn signing_input(&self) -> &'a str {
        self.signing_input
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>, JwtError> {
        decode(self.signature)
    }

    /// The payload, for [`super::jwks`] and only once the signature is good; before it is, [`super::bearer::issuer_hint`] alone
    /// looks into it.
    pub(super) fn payload(&self) -> Result<Vec<u8>, JwtError> {
        decode(self.payload)
    }
}

impl fmt::Debug for UnverifiedJwt<'_> {
    /// A token is a credential: none of its text is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedJwt").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtError {
    /// `alg` does not fit the key that `kid` names, or is not the one that the key is for.
    AlgorithmMismatch,
    /// `alg` is not among those that the configuration accepts.
    AlgorithmNotAllowed,
    /// `alg` is `none`, symmetric, or unknown to us.
    AlgorithmUnsupported,
    /// No `kid`, and more keys fit than we try.
    AmbiguousKey,
    /// The verified payload is not one strict JSON object.
    Claims(JsonError),
    /// The header says that the payload is compressed.
    Compressed,
    /// The header has `crit`: we support no extension (RFC 7515 §4.1.11).
    Critical,
    /// A segment is not canonical, unpadded base64url, or another character stands in the token.
    Encoding,
    /// Five segments: a JWE, which we do not decrypt.
    Encrypted,
    /// The header is not one strict JSON object.
    Header(JsonError),
    /// `alg` is missing, or a header member has the wrong type.
    HeaderMember,
    /// The payload is another token (`cty`).
    Nested,
    /// The token names no key, and none of the provider's verifies it.
    NoKey,
    /// Not exactly three segments.
    Segments,
    /// The signature is not the key's.
    Signature,
    /// The token is too long.
    Size,
    /// The header has `b64` other than true (RFC 7797).
    Unencoded,
    /// `kid` names none of the provider's keys.
    UnknownKid,
}

impl JwtError {
    /// The stable code in logs, metrics and documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlgorithmMismatch => "jwt_algorithm_mismatch",
            Self::AlgorithmNotAllowed => "jwt_algorithm_not_allowed",
            Self::AlgorithmUnsupported => "jwt_algorithm_unsupported",
            Self::AmbiguousKey => "jwt_ambiguous_key",
            Self::Claims(_) => "jwt_claims",
            Self::Compressed => "jwt_compressed",
            Self::Critical => "jwt_critical",
            Self::Encoding => "jwt_encoding",
            Self::Encrypted => "jwt_encrypted",
            Self::Header(_) => "jwt_header",
            Self::HeaderMember => "jwt_header_member",
            Self::Nested => "jwt_nested",
            Self::NoKey => "jwt_no_key",
            Self::Segments => "jwt_segments",
            Self::Signature => "jwt_signature",
            Self::Size => "jwt_size",
            Self::Unencoded => "jwt_unencoded",
            Self::UnknownKid => "jwt_unknown_kid",
        }
    }

    /// Whether keys that the provider published since could verify the token.
    pub const fn wants_new_keys(self) -> bool {
        matches!(self, Self::NoKey | Self::UnknownKid)
    }
}

impl fmt::Display for JwtError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlgorithmMismatch => "the token's algorithm is not its key's",
            Self::AlgorithmNotAllowed => "the token's algorithm is not among the configured ones",
            Self::AlgorithmUnsupported => "the token's algorithm is not supported",
            Self::AmbiguousKey => "the token names no key and too many fit",
            Self::Claims(error) => return write!(f, "the token's claims: {error}"),
            Self::Compressed => "the token is compressed",
            Self::Critical => "the token needs an extension (`crit`)",
            Self::Encoding => "the token is not strict base64url",
            Self::Encrypted => "the token is encrypted (JWE)",
            Self::Header(error) => return write!(f, "the token's header: {error}"),
            Self::HeaderMember => "the token's header lacks `alg` or has a member of the wrong type",
            Self::Nested => "the token holds another token",
            Self::NoKey => "the token names no key and none of the provider's verifies it",
            Self::Segments => "the token has not three segments",
            Self::Signature => "the token's signature is not good",
            Self::Size => "the token is too long",
            Self::Unencoded => "the token's payload is unencoded (`b64`)",
            Self::UnknownKid => "the token's key is none of the provider's",
        })
    }
}

impl Error for JwtError {}

/// Signing input and signature, after checks that read each byte once and decode none (RFC 8725bis: alphabet, size, dots).
fn segments(token: &str) -> Result<(&str, &str), JwtError> {
    if token.len() > TOKEN_MAX {
        return Err(JwtError::Size);
    }
    if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return Err(JwtError::Encoding);
    }
    match token.bytes().filter(|byte| *byte == b'.').count() {
        2 => token.rsplit_once('.').ok_or(JwtError::Segments),
        4 => Err(JwtError::Encrypted),
        _ => Err(JwtError::Segments),
    }
}

/// What would change how the rest is read. `jwk`, `jku`, `x5u`, `x5c` and `x5t` offer keys of the sender's choice and are never looked at.
fn refuse_unsupported(header: &Map<String, Value>) -> Result<(), JwtError> {
    if header.contains_key("crit") {
        return Err(JwtError::Critical);
    }
    if header.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)) {
        return Err(JwtError::Unencoded);
    }
    if header.contains_key("zip") {
        return Err(JwtError::Compressed);
    }
    if header.contains_key("enc") {
        return Err(JwtError::Encrypted);
    }
    match text(header, "cty")? {
        Some(cty) if cty.eq_ignore_ascii_case("JWT") || cty.eq_ignore_ascii_case("application/jwt") => {
            Err(JwtError::Nested)
        }
        _ => Ok(()),
    }
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwtError> {
    match header.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(JwtError::HeaderMember),
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, JwtError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| JwtError::Encoding)
}

/// A Cognito ID token with 100 groups of 128 characters has 18.7 KB.
const TOKEN_MAX: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(header: &str) -> JwtError {
        UnverifiedJwt::parse(&token(header)).unwrap_err()
    }

    fn token(header: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn header_members_are_kept_as_written() {
        let token = token(r#"{"alg":"EdDSA","kid":"k","typ":"at+JWT"}"#);
        let jwt = UnverifiedJwt::parse(&token).unwrap();
        assert_eq!(
            (jwt.algorithm, jwt.kid.as_deref(), jwt.typ.as_deref()),
            (Algorithm::Ed25519, Some("k"), Some("at+JWT"))
        );
    }

    // T-101, T-102
    #[test]
    fn an_algorithm_outside_the_closed_list_is_refused() {
        for name in
            ["none", "None", "nOnE", "NONE", "", "HS256", "FOO", "ES256K", "ES512", "EdDSA-x", "rs256", " RS256"]
        {
            assert_eq!(refusal(&format!(r#"{{"alg":"{name}"}}"#)), JwtError::AlgorithmUnsupported, "{name}");
        }
        for header in ["{}", r#"{"alg":null}"#, r#"{"alg":256}"#, r#"{"alg":["RS256"]}"#, r#"{"alg":{"RS256":1}}"#] {
            assert_eq!(refusal(header), JwtError::HeaderMember, "{header}");
        }
    }

    // T-105
    #[test]
    fn every_critical_extension_is_refused() {
        for crit in [r#"["exp"]"#, "[]", "null", r#"["b64"]"#, "1"] {
            assert_eq!(refusal(&format!(r#"{{"alg":"RS256","crit":{crit}}}"#)), JwtError::Critical, "{crit}");
        }
    }

    // T-130
    #[test]
    fn what_would_change_the_reading_of_the_payload_is_refused() {
        assert_eq!(refusal(r#"{"alg":"RS256","b64":false}"#), JwtError::Unencoded);
        assert_eq!(refusal(r#"{"alg":"RS256","b64":"true"}"#), JwtError::Unencoded);
        assert_eq!(refusal(r#"{"alg":"RS256","zip":"DEF"}"#), JwtError::Compressed);
        assert_eq!(refusal(r#"{"alg":"RS256","enc":"A128GCM"}"#), JwtError::Encrypted);
        assert_eq!(refusal(r#"{"alg":"RS256","cty":"jwt"}"#), JwtError::Nested);
        assert_eq!(refusal(r#"{"alg":"RS256","kid":7}"#), JwtError::HeaderMember);
    }

    #[test]
    fn a_header_that_names_a_member_twice_is_refused() {
        assert_eq!(refusal(r#"{"alg":"none","alg":"RS256"}"#), JwtError::Header(JsonError::Duplicate));
    }

    // T-110, T-133
    #[test]
    fn only_three_segments_are_a_token() {
        let long = ".".repeat(TOKEN_MAX);
        for token in ["", ".", "a.b", "a.b.c.d", "a.b.c.d.e.f", long.as_str()] {
            assert_eq!(UnverifiedJwt::parse(token).unwrap_err(), JwtError::Segments);
        }
        assert_eq!(UnverifiedJwt::parse("a.b.c.d.e").unwrap_err(), JwtError::Encrypted);
        assert_eq!(UnverifiedJwt::parse(&"a".repeat(TOKEN_MAX + 1)).unwrap_err(), JwtError::Size);
    }

    // T-118
    #[test]
    fn only_canonical_unpadded_base64url_is_read() {
        let good = token(r#"{"alg":"RS256"}"#);
        for extra in ["=", " ", "\n", "\t", "+", "/", "%", "\0", "\u{e9}"] {
            for bad in [format!("{extra}{good}"), format!("{good}{extra}"), good.replace('.', &format!("{extra}."))] {
                assert_eq!(UnverifiedJwt::parse(&bad).unwrap_err(), JwtError::Encoding, "{bad:?}");
            }
        }
        // `AB` has bits behind its one octet.
        assert_eq!(UnverifiedJwt::parse("AB.e30.AA").unwrap_err(), JwtError::Encoding);
    }

    // T-104
    #[test]
    fn the_json_serialisation_is_refused() {
        let flattened = r#"{"protected":"eyJhbGciOiJSUzI1NiJ9","payload":"e30","signature":"AA"}"#;
        assert_eq!(UnverifiedJwt::parse(flattened).unwrap_err(), JwtError::Encoding);
    }

    #[test]
    fn nothing_of_a_token_is_shown_by_debug() {
        let token = token(r#"{"alg":"RS256","kid":"secret-kid"}"#);
        let shown = format!("{:?}", UnverifiedJwt::parse(&token).unwrap());
        assert!(!shown.contains("secret") && !shown.contains("e30"), "{shown}");
    }
}
