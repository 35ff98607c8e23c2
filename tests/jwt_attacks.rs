//! Published attacks on JWT verification, each against the key set that a provider's document becomes.
//! The ids are those of the security catalogue; what only concerns claims (T-107, T-108) is tested with `id_token` and in
//! `tests/bearer`.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and one here measures time"
)]

use std::time::{Duration, Instant};

use edge_oidc::oidc::{
    jwk::{JwkError, PublicKey},
    jwks::{JwksError, KeySet},
    jwt::{JwtError, UnverifiedJwt, VerifiedJwt},
    signature::{Algorithm, PureRust, SignatureVerifier},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signing::{encode, jwk, sign, signature};

#[path = "support/signing.rs"]
mod signing;

#[test]
fn a_token_signed_by_a_published_key_is_verified_for_every_algorithm() {
    for algorithm in Algorithm::ALL {
        let token = sign(algorithm, &json!({"alg": algorithm.name(), "kid": "a", "typ": "JWT"}), &claims());
        let jwt = verify(&keys(&[jwk(algorithm, "a")]), &token).unwrap();
        assert_eq!((jwt.algorithm(), jwt.claims()["sub"].as_str()), (algorithm, Some("alice")));
        assert!(jwt.has_type("jwt") && !jwt.has_type("at+jwt"));
    }
}

// T-100
#[test]
fn the_public_key_is_no_secret_for_hmac() {
    let key = jwk(Algorithm::Rs256, "a");
    let der = PublicKey::from_jwk(key.as_object().unwrap()).unwrap().key.spki_der().to_vec();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", encode(&der));
    let secrets = [pem.clone(), format!(" {pem}"), pem.trim().to_owned(), key.to_string(), key["n"].to_string()];
    for secret in secrets.iter().map(String::as_bytes).chain([der.as_slice()]) {
        for (alg, error) in [("HS256", JwtError::AlgorithmUnsupported), ("RS256", JwtError::Signature)] {
            let input = format!("{}.e30", encode(json!({"alg": alg, "kid": "a"}).to_string()));
            let token = format!("{input}.{}", encode(hmac_sha256(secret, input.as_bytes())));
            assert_eq!(verify(&keys(std::slice::from_ref(&key)), &token).unwrap_err(), error);
        }
    }
}

// T-163: no configuration turns HMAC on, so neither a client's secret nor an empty one signs anything.
#[test]
fn a_clients_secret_signs_no_token() {
    let set = keys(&[jwk(Algorithm::Rs256, "a"), json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0"})]);
    assert_eq!(
        (set.len(), Algorithm::ALL.iter().filter(|algorithm| algorithm.name().starts_with("HS")).count()),
        (1, 0)
    );
    for secret in ["", "secret", "client-secret-of-the-example-0123456789"] {
        for kid in ["a", "s"] {
            let input = format!("{}.e30", encode(json!({"alg": "HS256", "kid": kid}).to_string()));
            let token = format!("{input}.{}", encode(hmac_sha256(secret.as_bytes(), input.as_bytes())));
            assert_eq!(verify(&set, &token).unwrap_err(), JwtError::AlgorithmUnsupported);
        }
    }
}

// T-100
#[test]
fn the_header_does_not_choose_the_algorithm() {
    let of_its_own = with(jwk(Algorithm::Rs256, "a"), "alg", "RS256");
    let set = keys(&[of_its_own, jwk(Algorithm::Es256, "b")]);
    for (algorithm, kid) in
        [(Algorithm::Ps256, "a"), (Algorithm::Rs512, "a"), (Algorithm::Es256, "a"), (Algorithm::Rs256, "b")]
    {
        let token = sign(algorithm, &json!({"alg": algorithm.name(), "kid": kid}), &claims());
        assert_eq!(verify(&set, &token).unwrap_err(), JwtError::AlgorithmMismatch, "{algorithm} {kid}");
    }
    let token = sign(Algorithm::Rs256, &json!({"alg": "RS256", "kid": "a"}), &claims());
    let jwt = UnverifiedJwt::parse(&token).unwrap();
    assert_eq!(set.verify(jwt, &[Algorithm::Es256], &PureRust).unwrap_err(), JwtError::AlgorithmNotAllowed);
}

// T-103
#[test]
fn keys_that_the_token_brings_along_are_never_used() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    let own = jwk(Algorithm::Ed25519, "a");
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://evil.example/")),
        ("x5u", json!("https://evil.example/")),
        ("x5c", json!(["AA=="])),
        ("x5t", json!("AA")),
    ] {
        let header = |alg: &str| json!({"alg": alg, "kid": "a", name: value});
        let forged = sign(Algorithm::Ed25519, &header("Ed25519"), &claims());
        assert_eq!(verify(&set, &forged).unwrap_err(), JwtError::AlgorithmMismatch);
        assert!(verify(&set, &sign(Algorithm::Es256, &header("ES256"), &claims())).is_ok(), "{name}");
    }
}

// T-106
#[test]
fn ecdsa_signatures_of_another_form_or_range_are_refused() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    let input = format!("{}.e30", encode(r#"{"alg":"ES256","kid":"a"}"#));
    let good = signature(Algorithm::Es256, input.as_bytes());
    assert!(verify(&set, &format!("{input}.{}", encode(&good))).is_ok());
    let (r, s) = good.split_at(32);
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let der = [&[0x30, 70, 2, 33, 0][..], r, &[2, 33, 0], s].concat();
    let zero = [0; 32];
    for bad in [
        [&zero[..], &zero[..]].concat(),
        [&zero, s].concat(),
        [r, &zero].concat(),
        [&order, s].concat(),
        [r, &order].concat(),
        good[..63].to_vec(),
        [&good[..], &[0]].concat(),
        [&[0], &good[..]].concat(),
        der,
        vec![],
    ] {
        assert_eq!(verify(&set, &format!("{input}.{}", encode(&bad))).unwrap_err(), JwtError::Signature, "{bad:x?}");
    }
}

#[test]
fn an_rsa_signature_plus_the_modulus_is_not_the_signature() {
    let key = PublicKey::from_jwk(jwk(Algorithm::Ps256, "a").as_object().unwrap()).unwrap().key;
    let modulus = rsa::BigUint::from_bytes_be(&decode(jwk(Algorithm::Ps256, "a")["n"].as_str().unwrap()));
    let mut tried = 0;
    for algorithm in [Algorithm::Ps256, Algorithm::Rs256] {
        for message in 0..20_u8 {
            let good = signature(algorithm, &[message]);
            let other = (rsa::BigUint::from_bytes_be(&good) + &modulus).to_bytes_be();
            assert!(PureRust.verify(algorithm, &key, &[message], &good));
            assert!(!PureRust.verify(algorithm, &key, &[message], &other));
            tried += usize::from(other.len() == 256);
        }
    }
    assert!(tried > 0, "no sum was short enough to be told from a signature by its value alone");
}

// T-109
#[test]
fn a_forged_token_is_a_forged_token_whatever_its_claims_say() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    let token = sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": "a"}), &json!({"sub": "alice", "exp": 1}));
    let forged = token.replace('.', ".e"); // another payload, another signature
    assert!(matches!(verify(&set, &forged).unwrap_err(), JwtError::Signature | JwtError::Encoding));
    let (input, _) = token.rsplit_once('.').unwrap();
    let stolen = encode(signature(Algorithm::Es256, b"another"));
    assert_eq!(verify(&set, &format!("{input}.{stolen}")).unwrap_err(), JwtError::Signature);
    assert_eq!(verify(&set, &format!("{input}.")).unwrap_err(), JwtError::Signature);
}

// T-115
#[test]
fn without_keys_there_is_no_valid_token() {
    for body in ["", "<html>", "null", "[]", "{\"keys\":[]}{}"] {
        assert!(matches!(KeySet::parse(body.as_bytes()).unwrap_err(), JwksError::Json(_)), "{body}");
    }
    for body in ["{}", r#"{"keys":null}"#, r#"{"keys":{}}"#] {
        assert_eq!(KeySet::parse(body.as_bytes()).unwrap_err(), JwksError::NoKeys, "{body}");
    }
    for body in [r#"{"keys":[]}"#, r#"{"keys":[1,{},{"kty":"oct","k":"AA"}]}"#] {
        assert_eq!(KeySet::parse(body.as_bytes()).unwrap_err(), JwksError::NoUsableKey, "{body}");
    }
    let many = json!({"keys": vec![json!({}); 65]}).to_string();
    assert_eq!(KeySet::parse(many.as_bytes()).unwrap_err(), JwksError::TooManyKeys);
}

#[test]
fn one_unusable_key_does_not_spoil_the_others() {
    let set = keys(&[
        json!({"kty": "RSA"}),
        jwk(Algorithm::Es256, "a"),
        json!("?"),
        with(jwk(Algorithm::Es384, "b"), "use", "enc"),
    ]);
    assert_eq!(set.len(), 1);
    assert_eq!(set.skipped(), [JwkError::Encoding, JwkError::NotAnObject, JwkError::Use]);
    assert!(verify(&set, &sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": "a"}), &claims())).is_ok());
}

#[test]
fn an_unknown_kid_asks_for_new_keys_and_a_bad_signature_does_not() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    for kid in ["b", "", "A", "a ", "../a", "a\u{0}"] {
        let error = verify(&set, &sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": kid}), &claims())).unwrap_err();
        assert_eq!((error, error.wants_new_keys()), (JwtError::UnknownKid, true));
    }
    assert!(!JwtError::Signature.wants_new_keys());
}

#[test]
fn without_kid_the_fitting_keys_are_tried_within_bounds() {
    let token = sign(Algorithm::Es256, &json!({"alg": "ES256"}), &claims());
    let others = json!({"kty": "RSA", "n": jwk(Algorithm::Rs256, "")["n"], "e": "AQAB"});
    assert!(verify(&keys(&[others.clone(), jwk(Algorithm::Es256, "a")]), &token).is_ok());
    assert_eq!(verify(&keys(&[others]), &token).unwrap_err(), JwtError::NoKey);
    let forged = sign(Algorithm::Ed25519, &json!({"alg": "ES256"}), &claims());
    assert_eq!(verify(&keys(&[jwk(Algorithm::Es256, "a")]), &forged).unwrap_err(), JwtError::NoKey);
    assert_eq!(verify(&keys(&vec![jwk(Algorithm::Es256, "a"); 9]), &token).unwrap_err(), JwtError::AmbiguousKey);
}

#[test]
fn two_keys_of_one_kid_are_both_tried() {
    let set = keys(&[jwk(Algorithm::Rs256, "a"), jwk(Algorithm::Es256, "a"), jwk(Algorithm::Ed25519, "a")]);
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ed25519] {
        assert!(verify(&set, &sign(algorithm, &json!({"alg": algorithm.name(), "kid": "a"}), &claims())).is_ok());
    }
}

// T-108: what a number is stays visible to whoever reads the claims; what is no JSON number is no claim set.
#[test]
fn claims_must_be_one_strict_object() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    let header = encode(r#"{"alg":"ES256","kid":"a"}"#);
    for payload in [
        "",
        "null",
        "[]",
        "1",
        "{\"exp\":NaN}",
        "{\"exp\":1e999}",
        "{\"sub\":\"a\",\"sub\":\"b\"}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{}{}",
        "{\"sub\":\"\u{0}\"}",
    ] {
        let input = format!("{header}.{}", encode(payload));
        let token = format!("{input}.{}", encode(signature(Algorithm::Es256, input.as_bytes())));
        assert!(matches!(verify(&set, &token).unwrap_err(), JwtError::Claims(_)), "{payload}");
    }
}

// T-118
#[test]
fn a_signed_payload_with_loose_trailing_bits_is_refused() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    // `e31` decodes like `e30` to a decoder that drops the last bits.
    let input = format!("{}.e31", encode(r#"{"alg":"ES256","kid":"a"}"#));
    let token = format!("{input}.{}", encode(signature(Algorithm::Es256, input.as_bytes())));
    assert_eq!(verify(&set, &token).unwrap_err(), JwtError::Encoding);
}

// T-110, T-136
#[test]
fn refusing_takes_time_linear_in_the_input() {
    let measure = |length: usize, make: &dyn Fn(usize) -> String| {
        let text = make(length);
        let round = |_| {
            let start = Instant::now();
            let _ = UnverifiedJwt::parse(&text).map(drop);
            let _ = KeySet::parse(text.as_bytes()).map(drop);
            start.elapsed()
        };
        // The least of many is the one that nothing else on the machine disturbed.
        (0..20).map(round).min().unwrap()
    };
    let shapes: [&dyn Fn(usize) -> String; 5] = [
        &|n| ".".repeat(n),
        &|n| "[".repeat(n),
        &|n| format!("{{\"keys\":[{}]}}", vec!["{}"; n / 3].join(",")),
        &|n| format!("{{{}}}", (0..n / 10).map(|i| format!("\"{i:06}\":1")).collect::<Vec<_>>().join(",")),
        &|n| format!("{}.e30.AA", encode(format!("{{\"alg\":\"{}\"}}", "\\u0041".repeat(n / 10)))),
    ];
    for make in shapes {
        let (short, long) = (measure(3_000, make), measure(30_000, make));
        assert!(long < short * 12 + Duration::from_millis(5), "{short:?} {long:?} {:?}", &make(20));
    }
}

#[test]
fn no_change_of_one_byte_survives() {
    let set = keys(&[jwk(Algorithm::Es256, "a")]);
    let token = sign(Algorithm::Es256, &json!({"alg": "ES256", "kid": "a"}), &claims());
    for at in 0..token.len() {
        for byte in [b'A', b'.', b'=', b' '] {
            let mut bytes = token.clone().into_bytes();
            if std::mem::replace(&mut bytes[at], byte) != byte {
                assert!(verify(&set, std::str::from_utf8(&bytes).unwrap()).is_err(), "byte {at}");
            }
        }
        assert!(verify(&set, &token[..at]).is_err());
    }
}

fn verify(set: &KeySet, token: &str) -> Result<VerifiedJwt, JwtError> {
    set.verify(UnverifiedJwt::parse(token)?, &Algorithm::ALL, &PureRust)
}

fn keys(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn claims() -> Value {
    json!({"sub": "alice"})
}

fn with(mut key: Value, name: &str, value: &str) -> Value {
    key[name] = json!(value);
    key
}

fn hmac_sha256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mut key = if secret.len() > 64 { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
    key.resize(64, 0);
    let pad = |with: u8| key.iter().map(|octet| octet ^ with).collect::<Vec<_>>();
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

fn hex(digits: &str) -> Vec<u8> {
    rsa::BigUint::parse_bytes(digits.as_bytes(), 16).unwrap().to_bytes_be()
}

fn decode(text: &str) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
