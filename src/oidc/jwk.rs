//! One public key of a provider (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
//!
//! Decides which keys are strong, valid and meant for verifying, and gives their DER form (RFC 5280 §4.1.2.7) to the
//! host's verifier. Which key verifies which token is decided in `jwks`. Certificates (`x5c`, `x5t`, `x5u`) are ignored.

mod der;
mod roca;

use std::{error::Error, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{BigUint, RsaPublicKey};
use serde_json::{Map, Value};

pub(super) use der::{SEQUENCE, tlv, unsigned};

use super::signature::Algorithm;

/// A usable key with what its document says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// `kid`, by which a token names its key.
    pub kid: Option<String>,
    /// `alg`, the only algorithm the key is for, if the provider says one.
    pub algorithm: Option<Algorithm>,
    /// The key itself.
    pub key: PublicKey,
}

/// A public key that our policy accepts: RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519.
#[derive(Clone)]
pub struct PublicKey {
    material: Material,
    spki: Vec<u8>,
}

/// The key as its primitive takes it.
#[derive(Clone)]
pub(super) enum Material {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(ed25519_compact::PublicKey),
}

/// Why a key is of no use to us; the others of its set are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JwkError {
    /// `alg` is one that we do not accept, or not one for this kind of key.
    Algorithm,
    /// `crv` is one that we do not accept.
    Curve,
    /// A member that must be a string of unpadded base64url is not.
    Encoding,
    /// `e` is even, below 65537 or above 32 bits.
    Exponent,
    /// `kid` is not a string.
    KeyId,
    /// `key_ops` has no `verify`.
    KeyOperations,
    /// `kty` is one that we do not accept.
    KeyType,
    /// `n` is even, or not of 2048 to 4096 bits in whole bytes.
    Modulus,
    /// The key is no object.
    NotAnObject,
    /// The coordinates are no usable point of the curve.
    Point,
    /// The document publishes the private key.
    Private,
    /// `use` is not `sig`.
    Use,
    /// The modulus has the mark of a generator whose keys can be factored (CVE-2017-15361).
    Weak,
}

impl PublicKey {
    /// The key that `jwk` describes, if it is one we accept. Cheap checks come first.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Jwk, JwkError> {
        if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        let kid = match jwk.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(JwkError::KeyId),
        };
        for_verifying(jwk)?;
        let algorithm = match jwk.get("alg") {
            None => None,
            Some(Value::String(name)) => Some(Algorithm::from_str(name).map_err(|_| JwkError::Algorithm)?),
            Some(_) => return Err(JwkError::Algorithm),
        };
        let key = material(jwk)?;
        if algorithm.is_some_and(|a| !key.fits(a)) {
            return Err(JwkError::Algorithm);
        }
        Ok(Jwk { kid, algorithm, key })
    }

    /// The key as `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), in DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `algorithm` is one for this kind of key.
    pub const fn fits(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => matches!(self.material, Material::Rsa(_)),
            Algorithm::Es256 => matches!(self.material, Material::P256(_)),
            Algorithm::Es384 => matches!(self.material, Material::P384(_)),
            Algorithm::Ed25519 => matches!(self.material, Material::Ed25519(_)),
        }
    }

    pub(super) const fn material(&self) -> &Material {
        &self.material
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.material {
            Material::Rsa(_) => "PublicKey(RSA)",
            Material::P256(_) => "PublicKey(P-256)",
            Material::P384(_) => "PublicKey(P-384)",
            Material::Ed25519(_) => "PublicKey(Ed25519)",
        })
    }
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "`alg` is not accepted for this key",
            Self::Curve => "`crv` is not accepted",
            Self::Encoding => "a member is missing or not base64url",
            Self::Exponent => "`e` is not accepted",
            Self::KeyId => "`kid` is not a string",
            Self::KeyOperations => "`key_ops` does not hold `verify`",
            Self::KeyType => "`kty` is not accepted",
            Self::Modulus => "`n` is not accepted",
            Self::NotAnObject => "not an object",
            Self::Point => "not a usable point of the curve",
            Self::Private => "private key published",
            Self::Use => "`use` is not `sig`",
            Self::Weak => "weak modulus (ROCA)",
        })
    }
}

impl Error for JwkError {}

/// RFC 7517 §4.2 and §4.3: absent, `use` and `key_ops` restrict nothing.
fn for_verifying(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    if jwk.get("use").is_some_and(|value| value != "sig") {
        return Err(JwkError::Use);
    }
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|o| o == "verify") => Ok(()),
        Some(_) => Err(JwkError::KeyOperations),
    }
}

fn material(jwk: &Map<String, Value>) -> Result<PublicKey, JwkError> {
    match (text(jwk, "kty"), text(jwk, "crv")) {
        (Some("RSA"), _) => rsa_key(jwk),
        (Some("EC"), Some("P-256")) => p256_key(jwk),
        (Some("EC"), Some("P-384")) => p384_key(jwk),
        (Some("OKP"), Some("Ed25519")) => ed25519_key(jwk),
        (Some("EC" | "OKP"), _) => Err(JwkError::Curve),
        _ => Err(JwkError::KeyType),
    }
}

/// RFC 7518 §6.3.1, with a policy that leaves no key on which two verifiers could disagree: BoringSSL refuses exponents
/// over 33 bits and the `rsa` crate moduli over 4096; a modulus of whole bytes gives PSS one layout.
fn rsa_key(jwk: &Map<String, Value>) -> Result<PublicKey, JwkError> {
    let (n, e) = (integer(jwk, "n")?, integer(jwk, "e")?);
    let modulus = BigUint::from_bytes_be(&n);
    if !(2048..=4096).contains(&modulus.bits())
        || !modulus.bits().is_multiple_of(8)
        || n.last().is_none_or(|o| o % 2 == 0)
    {
        return Err(JwkError::Modulus);
    }
    let exponent = e.iter().try_fold(0_u32, |sum, octet| Some(sum.checked_mul(256)? | u32::from(*octet)));
    let exponent = exponent.filter(|e| *e >= 65537 && e % 2 == 1).ok_or(JwkError::Exponent)?;
    if roca::is_marked(&n) {
        return Err(JwkError::Weak);
    }
    let key = RsaPublicKey::new(modulus, BigUint::from(exponent)).map_err(|_| JwkError::Modulus)?;
    let pkcs1 = tlv(SEQUENCE, &[&unsigned(&n), &unsigned(&e)]);
    Ok(PublicKey { material: Material::Rsa(key), spki: der::spki(der::RSA_ENCRYPTION, &pkcs1) })
}

fn p256_key(jwk: &Map<String, Value>) -> Result<PublicKey, JwkError> {
    let point = sec1_point(jwk, 32)?;
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| JwkError::Point)?;
    Ok(PublicKey { material: Material::P256(key), spki: der::spki(der::EC_P256, &point) })
}

fn p384_key(jwk: &Map<String, Value>) -> Result<PublicKey, JwkError> {
    let point = sec1_point(jwk, 48)?;
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| JwkError::Point)?;
    Ok(PublicKey { material: Material::P384(key), spki: der::spki(der::EC_P384, &point) })
}

fn ed25519_key(jwk: &Map<String, Value>) -> Result<PublicKey, JwkError> {
    let x = octets(jwk, "x")?;
    let key = ed25519_compact::PublicKey::from_slice(&x).map_err(|_| JwkError::Point)?;
    // Only the length was checked so far; a key of small order would accept signatures of many messages.
    key.validate().map_err(|_| JwkError::Point)?;
    Ok(PublicKey { material: Material::Ed25519(key), spki: der::spki(der::ED25519, &x) })
}

/// The uncompressed point (SEC 1 §2.3.3) of coordinates that RFC 7518 §6.2.1.2 wants in their full `length`.
fn sec1_point(jwk: &Map<String, Value>, length: usize) -> Result<Vec<u8>, JwkError> {
    let (x, y) = (octets(jwk, "x")?, octets(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err(JwkError::Point);
    }
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}

/// An unsigned integer without leading zeros. RFC 7518 §2 forbids them, but §6.3.1.1 knows of libraries that write one.
fn integer(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JwkError> {
    let octets = octets(jwk, name)?;
    Ok(octets.into_iter().skip_while(|octet| *octet == 0).collect())
}

fn octets(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JwkError> {
    text(jwk, name)
        .filter(|value| value.len() <= MEMBER_MAX)
        .and_then(|value| URL_SAFE_NO_PAD.decode(value).ok())
        .ok_or(JwkError::Encoding)
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    jwk.get(name)?.as_str()
}

/// RFC 7518 §6.2.2, §6.3.2, §6.4 and RFC 8037 §2.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Twice what the largest key we accept needs (4096 bits are 683 characters), so that larger ones are told from noise.
const MEMBER_MAX: usize = 2048;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oidc::envoy_signature::SELF_TESTS;

    #[test]
    fn a_key_keeps_what_its_document_says() {
        let jwk =
            PublicKey::from_jwk(&with(rsa(), json!({"kid": "k", "alg": "PS256", "use": "sig", "x5c": [1]}))).unwrap();
        assert_eq!((jwk.kid.as_deref(), jwk.algorithm), (Some("k"), Some(Algorithm::Ps256)));
    }

    #[test]
    fn members_that_speak_against_verifying_make_a_key_unusable() {
        for (change, reason) in [
            (json!({"use": "enc"}), JwkError::Use),
            (json!({"use": null}), JwkError::Use),
            (json!({"key_ops": ["encrypt"]}), JwkError::KeyOperations),
            (json!({"key_ops": "verify"}), JwkError::KeyOperations),
            (json!({"alg": "ES256"}), JwkError::Algorithm),
            (json!({"alg": "HS256"}), JwkError::Algorithm),
            (json!({"alg": null}), JwkError::Algorithm),
            (json!({"kid": 7}), JwkError::KeyId),
            (json!({"kty": "oct"}), JwkError::KeyType),
            (json!({"kty": null}), JwkError::KeyType),
        ] {
            assert_eq!(refusal(rsa(), change.clone()), reason, "{change}");
        }
        for name in PRIVATE_MEMBERS {
            assert_eq!(refusal(rsa(), json!({name: "AQAB"})), JwkError::Private);
        }
    }

    #[test]
    fn rsa_exponents_are_odd_and_from_65537_to_32_bits() {
        for good in ["AQAB", "AAEAAQ", "AQADAQ", "_____w"] {
            assert!(PublicKey::from_jwk(&with(rsa(), json!({"e": good}))).is_ok(), "{good}");
        }
        for bad in ["", "AQ", "Aw", "AQAA", "AP__", "AQAAAAE", "AQAAAAAAAAAB"] {
            assert_eq!(refusal(rsa(), json!({"e": bad})), JwkError::Exponent, "{bad}");
        }
        assert_eq!(refusal(rsa(), json!({"e": "AQAB="})), JwkError::Encoding);
        assert_eq!(refusal(rsa(), json!({"e": 65537})), JwkError::Encoding);
    }

    #[test]
    fn rsa_moduli_are_odd_and_of_2048_to_4096_bits_in_whole_bytes() {
        let modulus = |octets: &[u8]| json!({"n": URL_SAFE_NO_PAD.encode(octets)});
        let octets = |length: usize, first: u8, last: u8| [&[first][..], &vec![0x5a; length - 2], &[last]].concat();
        for good in [octets(256, 0x80, 1), octets(512, 0xff, 0xff), [&[0][..], &octets(256, 0x80, 1)].concat()] {
            assert!(PublicKey::from_jwk(&with(rsa(), modulus(&good))).is_ok());
        }
        for bad in
            [octets(256, 0x7f, 1), octets(257, 1, 1), octets(513, 0x80, 1), octets(256, 0x80, 2), vec![], vec![0]]
        {
            assert_eq!(refusal(rsa(), modulus(&bad)), JwkError::Modulus);
        }
    }

    // T-117
    #[test]
    fn a_modulus_of_the_weak_generator_is_refused() {
        let is_prime = |n: &u32| (2..*n).all(|d| !n.is_multiple_of(d));
        let product = (2..=701).filter(is_prime).fold(BigUint::from(1_u8), |product, prime| product * prime);
        // A power of 65537 modulo every one of the primes.
        let modulus = (&product << (2048 - product.bits())) + 65537_u32;
        let change = json!({"n": URL_SAFE_NO_PAD.encode(modulus.to_bytes_be())});
        assert_eq!(refusal(rsa(), change), JwkError::Weak);
    }

    // T-117
    #[test]
    fn a_point_beside_its_curve_is_refused() {
        let point = p256();
        assert_eq!(refusal(point.clone(), json!({"x": point["y"], "y": point["x"]})), JwkError::Point);
        assert_eq!(refusal(point.clone(), json!({"crv": "P-384"})), JwkError::Point);
        assert_eq!(refusal(point.clone(), json!({"crv": "secp256k1"})), JwkError::Curve);
        assert_eq!(refusal(point.clone(), json!({"kty": "OKP"})), JwkError::Curve);
        assert_eq!(refusal(point, json!({"x": URL_SAFE_NO_PAD.encode([0; 33])})), JwkError::Point);
    }

    #[test]
    fn an_ed25519_key_of_small_order_or_loose_encoding_is_refused() {
        let key = |x: [u8; 32]| json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(x)});
        let mut one = [0; 32];
        one[0] = 1;
        for x in [[0; 32], one, [0xff; 32]] {
            assert_eq!(refusal(Map::new(), key(x)), JwkError::Point);
        }
    }

    fn rsa() -> Map<String, Value> {
        serde_json::from_str(SELF_TESTS[0].jwk).unwrap()
    }

    fn p256() -> Map<String, Value> {
        let of_p256 = SELF_TESTS.iter().find(|test| test.algorithm == Algorithm::Es256).unwrap();
        serde_json::from_str(of_p256.jwk).unwrap()
    }

    fn with(mut jwk: Map<String, Value>, change: Value) -> Map<String, Value> {
        jwk.extend(change.as_object().unwrap().clone());
        jwk
    }

    fn refusal(jwk: Map<String, Value>, change: Value) -> JwkError {
        PublicKey::from_jwk(&with(jwk, change)).unwrap_err()
    }
}
