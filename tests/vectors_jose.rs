//! Published vectors for signatures, JWS and JWK: our verdict is theirs, and where it is stricter the reason stands here.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and the environment tells it where the vectors lie"
)]

use std::{collections::BTreeMap, env, fs};

use edge_oidc::oidc::{
    envoy_signature::encode,
    jwk::{JwkError, PublicKey},
    jwks::KeySet,
    jwt::UnverifiedJwt,
    signature::{Algorithm, PureRust, SignatureVerifier},
};
use serde_json::{Value, json};

#[path = "support/vectors.rs"]
mod vectors;

#[test]
fn every_signature_vector_has_its_verdict() {
    let mut decided: BTreeMap<Algorithm, (usize, usize)> = BTreeMap::new();
    let mut refused: BTreeMap<JwkError, usize> = BTreeMap::new();
    for vector in vectors::all() {
        let key = match PublicKey::from_jwk(&vector.jwk) {
            Ok(jwk) => jwk.key,
            Err(reason) => {
                *refused.entry(reason).or_default() += 1;
                continue;
            }
        };
        let verdict = PureRust.verify(vector.algorithm, &key, &vector.message, &vector.signature);
        assert_eq!(verdict, vector.good, "{}", vector.name);
        let count = decided.entry(vector.algorithm).or_default();
        if verdict { count.0 += 1 } else { count.1 += 1 }
    }
    let expected = [
        (Algorithm::Rs256, (21, 752)),
        (Algorithm::Rs384, (21, 755)),
        (Algorithm::Rs512, (21, 755)),
        (Algorithm::Ps256, (189, 259)),
        (Algorithm::Ps384, (190, 92)),
        (Algorithm::Ps512, (132, 179)),
        (Algorithm::Es256, (173, 89)),
        (Algorithm::Es384, (193, 87)),
        (Algorithm::Ed25519, (88, 63)),
    ];
    assert_eq!(decided, BTreeMap::from(expected), "good and bad signatures by algorithm");
    // Moduli of 8192 bits, and keys with e = 3.
    assert_eq!(refused, BTreeMap::from([(JwkError::Exponent, 5), (JwkError::Modulus, 258)]));
}

#[test]
fn the_host_is_offered_every_good_signature_of_its_algorithms() {
    let hosts = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Es256, Algorithm::Es384];
    for vector in vectors::all().iter().filter(|vector| vector.good) {
        let Ok(jwk) = PublicKey::from_jwk(&vector.jwk) else { continue };
        let argument = encode(vector.algorithm, &jwk.key, &vector.message, &vector.signature);
        assert_eq!(argument.is_some(), hosts.contains(&vector.algorithm), "{}", vector.name);
    }
}

#[test]
fn every_jws_vector_has_its_verdict() {
    let Some(outcome) = run("json_web_signature_test.json") else { return };
    assert_eq!((outcome.accepted, outcome.refused), (32, 355));
    let stricter = [
        // HS256: we hold no secret in common with a provider, so we support nothing symmetric.
        ("jwt_algorithm_unsupported", &[1, 348, 352, 357, 358, 359, 376, 377][..]),
        // "ES521", a name that was never registered, on P-521.
        ("jwt_algorithm_unsupported", &[347, 351]),
        // The key is said to be for PS256 and the token has PS384: one algorithm a key (RFC 8725 §3.1).
        ("jwt_algorithm_mismatch", &[346, 350]),
        // A `?` stands in header or payload; rfc8725bis has it refused.
        ("jwt_encoding", &[372, 373]),
    ];
    assert_eq!(outcome.stricter, expected(&stricter));
}

#[test]
fn every_jwk_vector_has_its_verdict() {
    let Some(outcome) = run("json_web_key_test.json") else { return };
    assert_eq!((outcome.accepted, outcome.refused), (1, 21));
    // HS256, HS384 and HS512.
    assert_eq!(outcome.stricter, expected(&[("jwt_algorithm_unsupported", &[2, 13, 14, 15])]));
}

#[test]
fn every_crypto_vector_has_its_verdict() {
    let Some(outcome) = run("json_web_crypto_test.json") else { return };
    assert_eq!((outcome.accepted, outcome.refused), (2, 77));
    // HS256, and encrypted tokens (T-130, T-132, T-133: a JWE is refused before anything of it is decoded).
    let stricter = [("jwt_algorithm_unsupported", &[1, 48][..]), ("jwt_encrypted", &[50, 67])];
    assert_eq!(outcome.stricter, expected(&stricter));
}

/// What became of a file's vectors.
#[derive(Default)]
struct Outcome {
    /// Good ones that we accept.
    accepted: usize,
    /// Bad ones that we refuse.
    refused: usize,
    /// Good ones that we refuse, with our reason.
    stricter: BTreeMap<u64, &'static str>,
}

fn expected(reasons: &[(&'static str, &[u64])]) -> BTreeMap<u64, &'static str> {
    reasons.iter().flat_map(|(code, ids)| ids.iter().map(|id| (*id, *code))).collect()
}

fn run(file: &str) -> Option<Outcome> {
    let document = load(file)?;
    let mut outcome = Outcome::default();
    for group in document["testGroups"].as_array().unwrap() {
        // Only symmetric groups have no public part.
        let keys = group.get("public").unwrap_or(&group["private"]);
        for test in group["tests"].as_array().unwrap() {
            let id = test["tcId"].as_u64().unwrap();
            let verdict = verdict(keys, test.get("jws").unwrap_or(&test["jwe"]));
            match (test["result"].as_str().unwrap(), verdict) {
                ("valid", Ok(())) => outcome.accepted += 1,
                ("valid", Err(reason)) => drop(outcome.stricter.insert(id, reason)),
                (_, Err(_)) => outcome.refused += 1,
                (_, Ok(())) => panic!("{file} {id} is accepted: {}", test["comment"]),
            }
        }
    }
    Some(outcome)
}

/// Verifies as a filter would that was configured with every algorithm there is.
fn verdict(keys: &Value, token: &Value) -> Result<(), &'static str> {
    let document = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
    let text = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
    let jwt = UnverifiedJwt::parse(&text).map_err(|error| error.code())?;
    let set = KeySet::parse(document.to_string().as_bytes()).map_err(|error| error.code())?;
    set.verify_payload(&jwt, &Algorithm::ALL, &PureRust).map(drop).map_err(|error| error.code())
}

fn load(file: &str) -> Option<Value> {
    let Ok(folder) = env::var("EDGE_OIDC_DATA") else {
        assert!(env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA must name the folder with the vectors");
        eprintln!("skipped: EDGE_OIDC_DATA does not name the folder with the vectors ({file})");
        return None;
    };
    let text = fs::read(format!("{folder}/vectors/wycheproof/{file}")).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}
