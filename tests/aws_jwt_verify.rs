//! What aws-jwt-verify's own tests say about Cognito's tokens, said about ours (its lists `jwt-verifier`, `cognito-verifier`,
//! `jwk` and `assert`). Where we are stricter, or differ, the name or the comment of a test says so.
//!
//! What they have and this file has not: fetching one key set at a time, the penalty box and errors while waiting are
//! `tests/flow/keys.rs`; distinct issuers and verifiers without client or audience are refused by the configuration; there is
//! no switch by which `issuer`, `clientId` or `tokenUse` is not checked, and none that puts a token into an error.
#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use edge_oidc::{
    oidc::{
        assurance::{Assurance, Shortfall},
        bearer::{BearerClaims, BearerError, TokenKind, validate_bearer},
        claims::{ClaimPath, TrustedClaims},
        jwk::JwkError,
        jwks::{JwksError, KeySet},
        jwt::{JwtError, UnverifiedJwt},
        provider::{ProviderKind, ProviderSettings},
        signature::{Algorithm, PureRust},
    },
    policy::{Glob, GroupsRequirement, Requirement, Subject},
};
use serde_json::{Value, json};
use signing::{encode, jwk, sign, signature};
use world::{NOW, changed, now, rule, settings};

#[path = "support/signing.rs"]
mod signing;
#[allow(dead_code, reason = "tests/bearer needs more of it")]
#[path = "bearer/world.rs"]
mod world;

const POOL: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc";

/// Why a token is refused, by the part that refuses it.
#[derive(Debug, PartialEq)]
enum Refused {
    Jwt(JwtError),
    Bearer(BearerError),
}

/// A user pool of which access and ID tokens of `myclientid` are taken.
fn pool() -> ProviderSettings {
    let rules = [rule(TokenKind::AccessToken, &[], &["myclientid"]), rule(TokenKind::IdToken, &["myclientid"], &[])];
    let settings = settings(ProviderKind::Cognito, &rules);
    ProviderSettings { issuer: POOL.into(), algorithms: vec![Algorithm::Rs256], ..settings }
}

fn only(kind: TokenKind) -> ProviderSettings {
    let mut pool = pool();
    pool.bearer.retain(|rule| rule.kind == kind);
    pool
}

/// Cognito's two keys; the kid has standard base64's alphabet.
fn keys() -> Value {
    json!({"keys": [pool_key("aB+/=", json!({})), pool_key("cD+/=", json!({}))]})
}

/// A key as Cognito publishes it, with `changes`; a null takes a member away.
fn pool_key(kid: &str, changes: Value) -> Value {
    let mut key = jwk(Algorithm::Rs256, kid);
    key["alg"] = json!("RS256");
    key["use"] = json!("sig");
    changed(key, &changes)
}

fn access(changes: Value) -> Value {
    let claims = json!({
        "token_use": "access", "iss": POOL, "client_id": "myclientid", "sub": "5f0c1d2e", "exp": NOW + 3600, "iat": NOW,
        "jti": "1f2a", "scope": "openid email", "username": "kim",
    });
    changed(claims, &changes)
}

fn id(changes: Value) -> Value {
    let claims = json!({
        "token_use": "id", "iss": POOL, "aud": "myclientid", "sub": "5f0c1d2e", "exp": NOW + 3600, "iat": NOW, "jti": "9d8e",
    });
    changed(claims, &changes)
}

fn header() -> Value {
    json!({"kid": "aB+/=", "alg": "RS256"})
}

fn verify_with(settings: &ProviderSettings, keys: &Value, token: &str) -> Result<BearerClaims, Refused> {
    let keys = KeySet::parse(keys.to_string().as_bytes()).unwrap();
    let jwt = UnverifiedJwt::parse(token).map_err(Refused::Jwt)?;
    let jwt = keys.verify(jwt, &settings.algorithms, &PureRust).map_err(Refused::Jwt)?;
    validate_bearer(jwt, settings, now()).map_err(Refused::Bearer)
}

fn verify(settings: &ProviderSettings, claims: &Value) -> Result<BearerClaims, Refused> {
    verify_with(settings, &keys(), &sign(Algorithm::Rs256, &header(), claims))
}

/// The claim checks' refusal of a token that is well signed.
fn refusal(claims: &Value) -> Option<BearerError> {
    match verify(&pool(), claims) {
        Ok(_) => None,
        Err(Refused::Bearer(error)) => Some(error),
        Err(Refused::Jwt(error)) => panic!("{error}"),
    }
}

#[test]
fn both_tokens_of_a_login_are_verified_each_by_its_key() {
    assert_eq!(verify(&pool(), &access(json!({}))).unwrap().kind(), TokenKind::AccessToken);
    let token = sign(Algorithm::Rs256, &json!({"kid": "cD+/=", "alg": "RS256"}), &id(json!({})));
    assert_eq!(verify_with(&pool(), &keys(), &token).unwrap().kind(), TokenKind::IdToken);
}

#[test]
fn every_algorithm_that_we_accept_verifies_and_padding_is_refused_where_they_take_it() {
    for algorithm in Algorithm::ALL {
        let pool = ProviderSettings { algorithms: vec![algorithm], ..pool() };
        let keys =
            json!({"keys": [jwk(algorithm, "a"), {"kty": "EC", "crv": "P-521", "kid": "u", "x": "AA", "y": "AA"}]});
        let token = sign(algorithm, &json!({"kid": "a", "alg": algorithm.name()}), &access(json!({})));
        assert!(verify_with(&pool, &keys, &token).is_ok(), "{algorithm}");
        let padded = verify_with(&pool, &keys, &format!("{token}=="));
        assert_eq!(padded.unwrap_err(), Refused::Jwt(JwtError::Encoding), "{algorithm}");
    }
}

// Stricter: ES512 and Ed448, which they know, are none of ours, and a Cognito pool has RS256 alone.
#[test]
fn another_algorithm_is_refused() {
    for (alg, error) in [
        ("ES512", JwtError::AlgorithmUnsupported),
        ("Ed448", JwtError::AlgorithmUnsupported),
        ("HS256", JwtError::AlgorithmUnsupported),
        ("none", JwtError::AlgorithmUnsupported),
        ("rs256", JwtError::AlgorithmUnsupported),
        ("RS384", JwtError::AlgorithmNotAllowed),
        ("PS256", JwtError::AlgorithmNotAllowed),
        ("ES256", JwtError::AlgorithmNotAllowed),
    ] {
        let token = sign(Algorithm::Rs256, &json!({"kid": "aB+/=", "alg": alg}), &access(json!({})));
        assert_eq!(verify_with(&pool(), &keys(), &token).unwrap_err(), Refused::Jwt(error), "{alg}");
    }
    let both = ProviderSettings { algorithms: vec![Algorithm::Rs256, Algorithm::Rs384], ..pool() };
    let token = sign(Algorithm::Rs384, &json!({"kid": "aB+/=", "alg": "RS384"}), &access(json!({})));
    assert_eq!(verify_with(&both, &keys(), &token).unwrap_err(), Refused::Jwt(JwtError::AlgorithmMismatch));
}

#[test]
fn unicode_and_escaped_slashes_are_what_they_stand_for() {
    let name = "Bergström — 東京 🗼";
    assert_eq!(verify(&pool(), &access(json!({"username": name}))).unwrap().claims()["username"], name);
    let escaped = access(json!({})).to_string().replace('/', "\\/");
    let input = format!("{}.{}", encode(r#"{"kid":"aB+\/=","alg":"RS256"}"#), encode(escaped));
    let token = format!("{input}.{}", encode(signature(Algorithm::Rs256, input.as_bytes())));
    assert!(verify_with(&pool(), &keys(), &token).is_ok());
}

#[test]
fn what_is_no_jwt_is_refused() {
    let part = |text: &str| encode(text);
    for (token, error) in [
        (String::new(), JwtError::Segments),
        ("header.payload".into(), JwtError::Segments),
        ("header.payload.signature.other".into(), JwtError::Segments),
        ("header.payload.signature.other.garbage".into(), JwtError::Encrypted),
        (format!("{}.{}.AA", part(r#"{"alg":1}"#), part("{}")), JwtError::HeaderMember),
        (format!("{}.{}.AA", part("{}"), part("{}")), JwtError::HeaderMember),
        (format!("{}.{}.AA", part(r#"{"alg":"RS256","kid":["a"]}"#), part("{}")), JwtError::HeaderMember),
        (format!("{}.{}.AA", part(r#"{"alg":"RS256","kid":null}"#), part("{}")), JwtError::HeaderMember),
        (format!("{}.{}.AA", part(r#"{"alg":"RS256","kid":"x"}"#), part("{}")), JwtError::UnknownKid),
    ] {
        assert_eq!(verify_with(&pool(), &keys(), &token).unwrap_err(), Refused::Jwt(error), "{token}");
    }
    for header in ["abc", "{abc", "123", "\"a\"", "null", "[]"] {
        let token = format!("{}.{}.AA", part(header), part("{}"));
        assert!(matches!(verify_with(&pool(), &keys(), &token), Err(Refused::Jwt(JwtError::Header(_)))), "{header}");
    }
    for payload in ["abc", "123", "null", "[]", "\"a\"", "{\"exp\":}"] {
        let input = format!("{}.{}", part(&header().to_string()), part(payload));
        let token = format!("{input}.{}", encode(signature(Algorithm::Rs256, input.as_bytes())));
        assert!(matches!(verify_with(&pool(), &keys(), &token), Err(Refused::Jwt(JwtError::Claims(_)))), "{payload}");
    }
}

// T-109
#[test]
fn a_signature_of_other_bytes_is_refused_before_any_claim_is_read() {
    let token = sign(Algorithm::Rs256, &header(), &access(json!({"exp": 1, "client_id": "other"})));
    let (input, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{input}.{}", encode(signature(Algorithm::Rs256, b"other")));
    assert_eq!(verify_with(&pool(), &keys(), &forged).unwrap_err(), Refused::Jwt(JwtError::Signature));
}

// Theirs passes a claim of another type over where its check is off; here no check is ever off.
#[test]
fn a_claim_of_the_wrong_json_type_is_refused() {
    for value in [json!(7), json!(true), json!({}), json!([7]), json!("JSON null")] {
        for name in ["sub", "client_id", "scope", "jti", "aud"] {
            let error = refusal(&access(json!({name: value})));
            assert_eq!(error, Some(BearerError::Malformed(name)), "{name} {value}");
        }
        for name in ["sub", "aud", "jti", "azp"] {
            assert_eq!(refusal(&id(json!({name: value}))), Some(BearerError::Malformed(name)), "{name} {value}");
        }
        assert_eq!(refusal(&access(json!({"iss": value}))), Some(BearerError::Issuer), "{value}");
        assert_eq!(refusal(&access(json!({"token_use": value}))), Some(BearerError::TokenUse), "{value}");
    }
    for value in [json!("1"), json!(true), json!({}), json!([NOW]), json!("JSON null"), json!("Garbage")] {
        for name in ["exp", "nbf", "iat"] {
            let error = refusal(&access(json!({name: value})));
            assert_eq!(error, Some(BearerError::Malformed(name)), "{name} {value}");
        }
    }
}

#[test]
fn exp_and_nbf_end_with_the_grace_and_unlike_theirs_exp_and_iat_must_be_there() {
    for (changes, error) in [
        (json!({"exp": NOW - 59}), None),
        (json!({"exp": NOW - 60}), Some(BearerError::Expired)),
        (json!({"nbf": NOW + 60}), None),
        (json!({"nbf": NOW + 61}), Some(BearerError::NotYetValid)),
        (json!({"exp": null}), Some(BearerError::Malformed("exp"))),
        (json!({"iat": null}), Some(BearerError::Malformed("iat"))),
        (json!({"iat": NOW + 61}), Some(BearerError::IssuedInFuture)),
    ] {
        assert_eq!(refusal(&access(changes.clone())), error, "{changes}");
    }
}

#[test]
fn the_issuer_is_the_pools_own() {
    for iss in [
        json!(null),
        json!(""),
        json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abd"),
        json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc/"),
        json!("https://cognito-idp.us-east-2.amazonaws.com/us-east-1_abc"),
        json!("https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"),
    ] {
        assert_eq!(refusal(&access(json!({"iss": iss}))), Some(BearerError::Issuer), "{iss}");
    }
}

// Theirs refuses an array; ours takes one whose members are all accepted (OpenID Connect Core §2), and no other.
#[test]
fn an_id_token_is_for_an_accepted_client() {
    for (aud, error) in [
        (json!("myclientid"), None),
        (json!(["myclientid"]), None),
        (json!("other"), Some(BearerError::Audience)),
        (json!(""), Some(BearerError::Audience)),
        (json!([]), Some(BearerError::Audience)),
        (json!(null), Some(BearerError::Malformed("aud"))),
        (json!(["myclientid", "other"]), Some(BearerError::AudienceUntrusted)),
    ] {
        assert_eq!(refusal(&id(json!({"aud": aud}))), error, "{aud}");
    }
    assert_eq!(refusal(&id(json!({"aud": null, "client_id": "myclientid"}))), Some(BearerError::Malformed("aud")));
}

// Stricter: theirs never looks at the `aud` of an access token.
#[test]
fn an_access_token_is_of_an_accepted_client() {
    for (changes, error) in [
        (json!({"client_id": "other"}), Some(BearerError::Client)),
        (json!({"client_id": ""}), Some(BearerError::Client)),
        (json!({"client_id": null}), Some(BearerError::Malformed("client_id"))),
        (json!({"client_id": null, "aud": "myclientid"}), Some(BearerError::Malformed("client_id"))),
        (json!({"aud": "https://other.example"}), Some(BearerError::Audience)),
        (json!({"aud": "myclientid"}), None),
    ] {
        assert_eq!(refusal(&access(changes.clone())), error, "{changes}");
    }
}

#[test]
fn one_kind_of_token_is_refused_where_the_other_is_wanted() {
    let refused = |kind, claims: &Value| verify(&only(kind), claims).map(|_| ()).unwrap_err();
    assert_eq!(refused(TokenKind::IdToken, &access(json!({}))), Refused::Bearer(BearerError::Kind));
    assert_eq!(refused(TokenKind::AccessToken, &id(json!({}))), Refused::Bearer(BearerError::Kind));
    // What the other kind has makes it no token of that kind.
    let both = access(json!({"aud": "myclientid", "nonce": "n", "cognito:username": "kim"}));
    assert_eq!(refused(TokenKind::IdToken, &both), Refused::Bearer(BearerError::Kind));
    let both = id(json!({"client_id": "myclientid", "scope": "openid"}));
    assert_eq!(refused(TokenKind::AccessToken, &both), Refused::Bearer(BearerError::Kind));
    for token_use in [json!(null), json!(""), json!("Access"), json!("refresh")] {
        assert_eq!(refusal(&access(json!({"token_use": token_use}))), Some(BearerError::TokenUse), "{token_use}");
    }
}

// Theirs wants one of several scopes; a demand of ours wants all that it names, and `any` combines demands.
#[test]
fn scopes_are_wanted_whole() {
    let short = |wanted: &[&str], claims: &Value| {
        let scopes = wanted.iter().map(|scope| (*scope).to_owned()).collect();
        let token = verify(&pool(), claims).unwrap();
        let wanted = Assurance { scopes, ..Assurance::default() };
        wanted.shortfall(&TrustedClaims::of_bearer(&token), None, pool().leeway, now())
    };
    let granted = access(json!({"scope": "openid https://api.example.com/read"}));
    assert_eq!(short(&[], &granted), None);
    assert_eq!(short(&["https://api.example.com/read"], &granted), None);
    assert_eq!(short(&["https://api.example.com/read", "openid"], &granted), None);
    assert_eq!(short(&["https://api.example.com/read", "email"], &granted), Some(Shortfall::Scope));
    assert_eq!(short(&["https://api.example.com/"], &granted), Some(Shortfall::Scope));
    assert_eq!(short(&["openid"], &access(json!({"scope": null}))), Some(Shortfall::Scope));
}

#[test]
fn a_group_is_wanted_of_a_list_or_a_single_name() {
    let groups = GroupsRequirement { any: vec![Glob::parse("admin").unwrap()], all: Vec::new(), none: Vec::new() };
    let (wanted, path) = (Requirement::Groups(groups), ClaimPath::top_level("cognito:groups"));
    let met = |groups: Value| {
        let token = verify(&pool(), &access(json!({"cognito:groups": groups}))).unwrap();
        let claims = TrustedClaims::of_bearer(&token);
        let subject =
            Subject { claims: &claims, groups_claim: Some(&path), groups_prefix: "", allow_unverified_email: false };
        wanted.unmet(subject).is_none()
    };
    assert!(met(json!(["users", "others", "admin"])) && met(json!("admin")));
    for groups in [json!(["users"]), json!(null), json!([]), json!(["Admin"]), json!([["admin"]]), json!({"admin": 1})]
    {
        assert!(!met(groups.clone()), "{groups}");
    }
}

// Theirs refuses a token without kid; ours tries the few keys that fit (OpenID Connect Core §10.1): it must be one of them.
#[test]
fn kid_names_a_key_and_without_it_one_of_the_keys_must_fit() {
    let token = |header: Value| sign(Algorithm::Rs256, &header, &access(json!({})));
    let refused = |keys: &Value, header| verify_with(&pool(), keys, &token(header)).map(|_| ()).unwrap_err();
    assert_eq!(refused(&keys(), json!({"kid": "AB+/=", "alg": "RS256"})), Refused::Jwt(JwtError::UnknownKid));
    assert_eq!(refused(&keys(), json!({"kid": "", "alg": "RS256"})), Refused::Jwt(JwtError::UnknownKid));
    assert!(verify_with(&pool(), &keys(), &token(json!({"alg": "RS256"}))).is_ok());
    let others = json!({"keys": [jwk(Algorithm::Es256, "aB+/=")]});
    assert_eq!(refused(&others, json!({"alg": "RS256"})), Refused::Jwt(JwtError::NoKey));
}

#[test]
fn a_jwk_is_for_signatures_of_its_algorithm() {
    let judge = |changes: Value| {
        let keys = json!({"keys": [pool_key("aB+/=", changes), pool_key("other", json!({}))]});
        verify_with(&pool(), &keys, &sign(Algorithm::Rs256, &header(), &access(json!({})))).map(|_| ())
    };
    assert_eq!((judge(json!({"alg": null})), judge(json!({"use": null}))), (Ok(()), Ok(())));
    assert_eq!(judge(json!({"alg": "RS384"})), Err(Refused::Jwt(JwtError::AlgorithmMismatch)));
    // A key that is of no use is not there; theirs keeps it until it is asked for.
    for changes in [
        json!({"use": "notsig"}),
        json!({"kty": "oct"}),
        json!({"kty": null}),
        json!({"n": null}),
        json!({"e": null}),
        json!({"alg": 7}),
        json!({"kid": 7}),
    ] {
        assert_eq!(judge(changes.clone()), Err(Refused::Jwt(JwtError::UnknownKid)), "{changes}");
    }
    for (algorithm, member) in [
        (Algorithm::Es256, "crv"),
        (Algorithm::Es256, "x"),
        (Algorithm::Es256, "y"),
        (Algorithm::Ed25519, "crv"),
        (Algorithm::Ed25519, "x"),
    ] {
        let keys = json!({"keys": [changed(jwk(algorithm, "a"), &json!({member: null})), jwk(algorithm, "b")]});
        let keys = KeySet::parse(keys.to_string().as_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped().len()), (1, 1), "{algorithm} {member}");
    }
}

#[test]
fn a_key_set_is_an_object_with_an_array_of_keys() {
    let parse = |body: &str| KeySet::parse(body.as_bytes()).map(|keys| keys.len());
    for body in ["", "foo", "\"foo\"", "null", "[]", "{\"keys\":[}"] {
        assert!(matches!(parse(body), Err(JwksError::Json(_))), "{body}");
    }
    for body in ["{}", r#"{"keys":{}}"#, r#"{"keys":"x"}"#, r#"{"notkeys":[]}"#] {
        assert_eq!(parse(body), Err(JwksError::NoKeys), "{body}");
    }
    assert_eq!(parse(r#"{"keys":[{}]}"#), Err(JwksError::NoUsableKey));
    let mixed = json!({"keys": ["foobar", {}, pool_key("a", json!({}))]}).to_string();
    let keys = KeySet::parse(mixed.as_bytes()).unwrap();
    assert_eq!((keys.len(), keys.skipped().first()), (1, Some(&JwkError::NotAnObject)));
}

// Theirs takes `__proto__` and `constructor` out of what it parses: here these are claims like others, and mean nothing.
#[test]
fn names_that_are_special_elsewhere_are_names() {
    let token = verify(&pool(), &access(json!({"__proto__": {"token_use": "id"}, "constructor": 1}))).unwrap();
    assert_eq!((token.kind(), &token.claims()["constructor"]), (TokenKind::AccessToken, &json!(1)));
}
