//! Which ID tokens make a session, through whole sign-ins: the conformance suite's modules and the published attacks.

use std::time::Duration;

use edge_oidc::oidc::signature::Algorithm;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    provider::Provider,
    signing::{encode, jwk},
    world::{CLIENT, START, World},
};

fn refused(change: impl FnOnce(&mut Provider)) -> (u16, String) {
    let mut world = World::oidc();
    change(&mut world.provider);
    world.failed_sign_in()
}

fn accepted(change: impl FnOnce(&mut Provider)) {
    let mut world = World::oidc();
    change(&mut world.provider);
    assert_eq!(world.sign_in().got("kubeflow-userid"), ["kim@example.com"]);
}

fn with_claim(name: &'static str, value: Option<Value>) -> (u16, String) {
    refused(|provider| drop(provider.response.claims.insert(name, value)))
}

fn with_good_claim(name: &'static str, value: Value) {
    accepted(|provider| drop(provider.response.claims.insert(name, Some(value))));
}

fn code(code: &str) -> (u16, String) {
    (502, code.to_owned())
}

/// The three segments of a token, changed.
fn segments(change: impl Fn(&str, &str, &str) -> String + 'static) -> Box<dyn Fn(String) -> String> {
    Box::new(move |token| {
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        change(header, payload, signature)
    })
}

// oidcc-client-test-invalid-iss, missing-iss
#[test]
fn iss_must_be_the_configured_issuer_exactly() {
    let wrong =
        ["https://idp.example.net/", "https://IDP.example.net", "http://idp.example.net", "https://evil.example", ""];
    for iss in wrong.map(|iss| Some(json!(iss))).into_iter().chain([
        None,
        Some(json!(["https://idp.example.net"])),
        Some(json!(1)),
    ]) {
        // Discovery still names the right issuer; only the token differs.
        assert_eq!(with_claim("iss", iss.clone()), code("id_token_iss"), "{iss:?}");
    }
}

// oidcc-client-test-missing-sub
#[test]
fn sub_must_be_a_text_of_1_to_255_ascii_characters() {
    for sub in
        [None, Some(json!("")), Some(json!(7)), Some(json!(null)), Some(json!("ä")), Some(json!("s".repeat(256)))]
    {
        assert_eq!(with_claim("sub", sub.clone()), code("id_token_malformed"), "{sub:?}");
    }
    with_good_claim("sub", json!("s".repeat(255)));
}

// T-107, T-165, oidcc-client-test-invalid-aud, missing-aud, invalid-secondary-aud, valid-aud-as-array
#[test]
fn aud_must_be_our_client_and_nobody_else() {
    for aud in [json!("other-client"), json!([]), json!(["other-client"]), json!(""), json!(format!("{CLIENT} "))] {
        assert_eq!(with_claim("aud", Some(aud.clone())), code("id_token_aud"), "{aud}");
    }
    for aud in [None, Some(json!(7)), Some(json!({ CLIENT: true })), Some(json!(null)), Some(json!([CLIENT, 7]))] {
        assert_eq!(with_claim("aud", aud.clone()), code("id_token_malformed"), "{aud:?}");
    }
    assert_eq!(with_claim("aud", Some(json!([CLIENT, "other-client"]))), code("id_token_aud_untrusted"));
    with_good_claim("aud", json!([CLIENT]));
}

#[test]
fn azp_must_be_our_client_where_it_is_there() {
    assert_eq!(with_claim("azp", Some(json!("other-client"))), code("id_token_azp"));
    assert_eq!(with_claim("azp", Some(json!(7))), code("id_token_malformed"));
    assert_eq!(with_claim("aud", Some(json!([CLIENT, CLIENT]))), code("id_token_azp"));
    with_good_claim("azp", json!(CLIENT));
}

// oidcc-client-test-nonce-invalid, missing-nonce
#[test]
fn nonce_must_be_the_one_sent() {
    assert_eq!(with_claim("nonce", Some(json!("another"))), code("id_token_nonce"));
    assert_eq!(with_claim("nonce", None), code("id_token_nonce"));
    assert_eq!(with_claim("nonce", Some(json!(null))), code("id_token_malformed"));
}

// oidcc-client-test-missing-iat, missing-exp, invalid-expired-exp
#[test]
fn an_expired_token_and_one_from_the_future_are_refused() {
    let now = START.secs();
    assert_eq!(with_claim("exp", None), code("id_token_malformed"));
    assert_eq!(with_claim("iat", None), code("id_token_malformed"));
    assert_eq!(with_claim("exp", Some(json!(now - 120))), code("id_token_expired"));
    assert_eq!(with_claim("iat", Some(json!(now + 120))), code("id_token_iat"));
    assert_eq!(with_claim("nbf", Some(json!(now + 120))), code("id_token_nbf"));
    with_good_claim("iat", json!(now + 30));
    with_good_claim("nbf", json!(now + 30));
}

#[test]
fn a_token_that_expired_within_the_leeway_gives_a_session_until_the_leeways_end() {
    let mut world = World::oidc();
    world.provider.response.claims.insert("exp", Some(json!(START.secs() - 30)));
    world.provider.response.tokens.insert("refresh_token", None);
    world.sign_in();
    world.advance(Duration::from_secs(25));
    assert!(world.get("/").passed());
    world.advance(Duration::from_secs(10));
    assert_eq!(world.get("/").status(), 302);
}

// T-108
#[test]
fn a_time_of_another_type_is_never_taken_for_absent() {
    let odd = [
        json!("1795190000"),
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!("NaN"),
        json!(9_223_372_036_854_775_808_u64),
        json!([1_795_190_000]),
        json!({}),
    ];
    for (name, value) in ["exp", "iat", "nbf"].into_iter().flat_map(|name| odd.iter().map(move |value| (name, value))) {
        assert_eq!(with_claim(name, Some(value.clone())), code("id_token_malformed"), "{name} {value}");
    }
    with_good_claim("exp", json!(START.secs() as f64 + 3600.5));
}

#[test]
fn at_hash_must_be_the_access_tokens_where_it_is_there() {
    assert_eq!(with_claim("at_hash", Some(json!("AAAAAAAAAAAAAAAAAAAAAA"))), code("id_token_at_hash"));
    assert_eq!(with_claim("at_hash", Some(json!(1))), code("id_token_malformed"));
    accepted(|provider| drop(provider.response.claims.insert("at_hash", None)));
}

// T-152
#[test]
fn at_cognito_only_an_id_token_is_an_id_token() {
    for token_use in [None, Some(json!("access")), Some(json!("ID")), Some(json!(["id"]))] {
        let mut world = World::cognito();
        world.provider.response.claims.insert("token_use", token_use.clone());
        assert_eq!(world.failed_sign_in(), code("id_token_token_use"), "{token_use:?}");
    }
}

// T-152, RFC 8725 §3.11
#[test]
fn a_token_typed_for_another_use_is_refused() {
    for typ in ["at+jwt", "logout+jwt", "application/at+jwt", "secevent+jwt", ""] {
        assert_eq!(refused(|provider| provider.response.header["typ"] = json!(typ)), code("id_token_typ"), "{typ}");
    }
    for typ in ["JWT", "jwt", "application/jwt"] {
        accepted(|provider| provider.response.header["typ"] = json!(typ));
    }
}

// T-101, oidcc-client-test-idtoken-sig-none
#[test]
fn an_unsigned_token_is_refused_however_none_is_spelled() {
    for alg in [json!("none"), json!("None"), json!("nOnE"), json!(""), json!(null), json!(0), json!(["ES256"])] {
        for keep in [true, false] {
            let alg = alg.clone();
            let (status, _) = refused(|provider| {
                provider.response.header["alg"] = alg;
                let signature = move |h: &str, p: &str, s: &str| format!("{h}.{p}.{}", if keep { s } else { "" });
                provider.response.forge = segments(signature);
            });
            assert_eq!(status, 502);
        }
    }
    let missing = refused(|provider| drop(provider.response.header.as_object_mut().unwrap().remove("alg")));
    assert_eq!(missing, code("jwt_header_member"));
}

// oidcc-client-test-invalid-sig-rs256, T-109, T-50
#[test]
fn a_token_that_was_changed_after_signing_is_refused() {
    let zero = |h: &str, p: &str, _: &str| format!("{h}.{p}.{}", encode([0; 64]));
    let short = |h: &str, p: &str, s: &str| format!("{h}.{p}.{}", &s[..s.len() - 2]);
    let swapped = |h: &str, p: &str, s: &str| {
        let mut claims: Value = serde_json::from_slice(&decoded(p)).unwrap();
        claims["email"] = json!("root@example.com");
        format!("{h}.{}.{s}", encode(claims.to_string()))
    };
    for forge in [segments(zero), segments(short), segments(swapped)] {
        let (status, said) = refused(|provider| provider.response.forge = forge);
        assert!(status == 502 && (said == "jwt_signature" || said == "jwt_encoding"), "{said}");
    }
    let expired_too = refused(|provider| {
        provider.response.claims.insert("exp", Some(json!(1)));
        provider.response.forge = segments(swapped);
    });
    assert_eq!(expired_too, code("jwt_signature"));
}

fn decoded(segment: &str) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(segment).unwrap()
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    let pad = |with: u8| (0..64).map(|place| key.get(place).unwrap_or(&0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

// T-100
#[test]
fn the_public_key_and_the_client_secret_are_no_keys_for_hmac() {
    let key = jwk(Algorithm::Es256, "key-1");
    for secret in
        [key.to_string(), key["x"].as_str().unwrap().to_owned(), crate::world::SECRET.to_owned(), String::new()]
    {
        let said = refused(|provider| {
            provider.response.header["alg"] = json!("HS256");
            provider.response.forge = segments(move |h, p, _| {
                let input = format!("{h}.{p}");
                format!("{input}.{}", encode(hmac(secret.as_bytes(), input.as_bytes())))
            });
        });
        assert_eq!(said, code("jwt_algorithm_unsupported"));
    }
}

// T-102
#[test]
fn an_algorithm_that_is_unknown_or_not_configured_is_refused() {
    for alg in ["FOO", "ES256K", "EdDSA-x", "es256"] {
        assert_eq!(refused(|provider| provider.response.header["alg"] = json!(alg)), code("jwt_algorithm_unsupported"));
    }
    let not_configured = refused(|provider| provider.sign_with(Algorithm::Es384));
    assert_eq!(not_configured, code("jwt_algorithm_not_allowed"));
    let not_the_keys = refused(|provider| provider.response.header["alg"] = json!("RS256"));
    assert_eq!(not_the_keys, code("jwt_algorithm_mismatch"));
}

// T-103
#[test]
fn a_key_that_the_token_brings_is_never_used() {
    for member in ["jwk", "jku", "x5u", "x5c", "x5t"] {
        let said = refused(|provider| {
            provider.response.algorithm = Algorithm::Rs256;
            let brought =
                if member == "jwk" { jwk(Algorithm::Rs256, "evil") } else { json!("https://evil.example/keys") };
            provider.response.header = json!({"alg": "RS256", "kid": "evil", member: brought});
        });
        assert_eq!(said, code("jwt_unknown_kid"), "{member}");
    }
}

// T-104, T-105, T-110
#[test]
fn a_token_of_another_form_is_refused() {
    assert_eq!(refused(|provider| provider.response.header["crit"] = json!(["exp"])), code("jwt_critical"));
    let json = |h: &str, p: &str, s: &str| json!({"protected": h, "payload": p, "signature": s}).to_string();
    assert_eq!(refused(|provider| provider.response.forge = segments(json)), code("jwt_encoding"));
    assert_eq!(refused(|provider| provider.response.forge = Box::new(|_| ".".repeat(20_000))), code("jwt_segments"));
    assert_eq!(refused(|provider| provider.response.forge = Box::new(|token| token + ".")), code("jwt_segments"));
    assert_eq!(refused(|provider| provider.response.forge = Box::new(|_| "a".repeat(40_000))), code("jwt_size"));
}

// oidcc-client-test-kid-absent-single-jwks, kid-absent-multiple-jwks, idtoken-sig-rs256
#[test]
fn without_kid_every_key_that_fits_is_tried() {
    let without_kid = |provider: &mut Provider| drop(provider.response.header.as_object_mut().unwrap().remove("kid"));
    accepted(without_kid);
    let others = [Algorithm::Rs256, Algorithm::Ed25519, Algorithm::Es384];
    accepted(|provider| {
        without_kid(provider);
        provider.response.keys.splice(0..0, others.map(|algorithm| jwk(algorithm, "other")));
    });
    let none_fits = refused(|provider| {
        without_kid(provider);
        provider.response.keys = others.map(|algorithm| jwk(algorithm, "other")).into();
    });
    assert_eq!(none_fits, code("jwt_no_key"));
    accepted(|provider| provider.sign_with(Algorithm::Rs256));
}

// token-type-case-insensitivity, token-endpoint-response-without-expires_in, no-scope-in-token-endpoint-response, T-157
#[test]
fn token_type_has_no_case_and_expires_in_is_not_needed() {
    let token = |name: &'static str, value: Option<Value>| {
        accepted(|provider| drop(provider.response.tokens.insert(name, value)))
    };
    token("token_type", Some(json!("bEaReR")));
    for expires_in in [None, Some(json!(0)), Some(json!(-1)), Some(json!(null)), Some(json!("3600")), Some(json!(1e30))]
    {
        token("expires_in", expires_in);
    }
    token("scope", Some(json!("openid")));
    token("refresh_token", None);
}

#[test]
fn a_token_answer_without_tokens_is_refused_by_what_it_lacks() {
    let token = |name: &'static str, value: Option<Value>| {
        refused(|provider| drop(provider.response.tokens.insert(name, value)))
    };
    assert_eq!(token("id_token", None), code("token_absent"));
    assert_eq!(token("id_token", Some(json!(7))), code("token_absent"));
    assert_eq!(token("access_token", None), code("token_absent"));
    assert_eq!(token("token_type", None), code("token_type"));
    assert_eq!(token("token_type", Some(json!("DPoP"))), code("token_type"));
}
