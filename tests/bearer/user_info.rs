//! UserInfo: for claims beside an ID token, and for opaque bearer tokens.

use std::time::Duration;

use edge_oidc::{
    http::call::Method,
    oidc::{
        bearer::{BearerRule, TokenKind},
        claims::TrustedClaims,
        discovery::ProviderMetadata,
        introspection::LookupError,
        provider::ProviderKind,
        user_info::{UserInfo, UserInfoError, process_user_info_lookup, process_user_info_response, user_info_request},
    },
    secret::Secret,
};
use serde_json::{Value, json};
use url::Url;

use crate::world::{ISSUER, NOW, answer, now, rule, settings, subject};

fn metadata(endpoint: bool) -> ProviderMetadata {
    let url = |path: &str| Url::parse(&format!("{ISSUER}/{path}")).unwrap();
    ProviderMetadata {
        jwks_uri: url("keys"),
        user_info_endpoint: endpoint.then(|| url("oauth2/userInfo")),
        introspection_endpoint: None,
        sign_in: None,
    }
}

fn judge(status: u16, body: &str) -> Result<UserInfo, UserInfoError> {
    process_user_info_response(&answer(status, body))
}

fn of(body: &Value) -> Result<UserInfo, UserInfoError> {
    judge(200, &body.to_string())
}

// Core §5.3.1, RFC 6750 §2.1
#[test]
fn the_token_travels_in_the_header_and_nowhere_else() {
    let ask = |endpoint, token: &str| {
        user_info_request(&settings(ProviderKind::Oidc, &[]), &metadata(endpoint), &Secret::new(token.to_owned()))
    };
    let call = ask(true, "mF_9.B5f-4.1JqM").unwrap();
    assert_eq!((call.method, call.url.as_str()), (Method::Get, "https://idp.example.net/oauth2/userInfo"));
    let authorization = call.headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    assert_eq!(authorization.1.secret(), "Bearer mF_9.B5f-4.1JqM");
    assert!(call.body.secret().is_empty() && !format!("{call:?}").contains("mF_9"));
    // A Cognito access token with many groups is longer than any opaque one.
    assert!(ask(true, &"x".repeat(20_000)).is_some() && ask(false, "x").is_none());
    for token in ["", "a b", "a\r\nx-admin: 1", "é"] {
        assert!(ask(true, token).is_none(), "{token:?}");
    }
}

#[test]
fn statuses_tell_a_refused_token_from_a_failing_provider() {
    let good = json!({"sub": "kim"}).to_string();
    assert!(judge(200, &good).unwrap().for_subject("kim").is_ok());
    for status in [400, 401, 403] {
        assert_eq!(judge(status, &good), Err(UserInfoError::Refused), "{status}");
    }
    for status in [201, 302, 404, 429, 500, 502, 503] {
        assert_eq!(judge(status, &good), Err(UserInfoError::Unavailable(status)));
    }
}

// Core §5.3.2
#[test]
fn only_an_object_is_read_and_a_signed_answer_has_its_own_name() {
    for body in ["", "null", "[]", "<html>", r#"{"sub":"a","sub":"b"}"#] {
        assert_eq!(judge(200, body).unwrap_err().code(), "user_info_not_json", "{body}");
    }
    for body in ["eyJhbGciOiJSUzI1NiJ9.e30.AA", "eyJhbGciOiJSUzI1NiJ9.e30.AA\n", "eyJhbGciOiJkaXIifQ.a.b.c.d"] {
        assert_eq!(judge(200, body), Err(UserInfoError::Signed), "{body}");
    }
    for error in [UserInfoError::EndpointAbsent, UserInfoError::Refused, UserInfoError::Signed, UserInfoError::Subject]
    {
        assert!(error.code().starts_with("user_info_") && !error.to_string().is_empty());
    }
}

// T-158
#[test]
fn an_answer_without_sub_or_about_somebody_else_is_dropped() {
    for sub in [json!(null), json!(""), json!(7), json!(["kim"]), json!({}), json!("x".repeat(256))] {
        assert_eq!(of(&json!({"sub": sub})), Err(UserInfoError::Subject), "{sub}");
    }
    assert_eq!(of(&json!({"email": "kim@example.com"})), Err(UserInfoError::Subject));
    let kim = of(&json!({"sub": "kim"})).unwrap();
    assert!(kim.clone().for_subject("kim").is_ok());
    for other in ["", "Kim", "kim ", "kimberley"] {
        assert_eq!(kim.clone().for_subject(other), Err(UserInfoError::Subject), "{other}");
    }
}

#[test]
fn debug_shows_nobody() {
    let info = of(&json!({"sub": "hunter2", "email": "hunter2"})).unwrap();
    assert!(!format!("{info:?}").contains("hunter2"));
}

#[test]
fn an_opaque_token_is_whom_user_info_says_for_as_long_as_the_rule_says() {
    let rule = BearerRule { cache: Duration::from_secs(30), ..rule(TokenKind::UserInfo, &[], &[]) };
    let settings = settings(ProviderKind::Oidc, &[]);
    let look =
        |status, body: &Value| process_user_info_lookup(&settings, &rule, &answer(status, &body.to_string()), now());
    let token = look(200, &json!({"sub": "kim", "email": "kim@example.com", "iss": "https://other.example"})).unwrap();
    assert_eq!((subject(&token), token.kind(), token.expires().secs()), ("kim", TokenKind::UserInfo, NOW + 30));
    assert_eq!((&token.claims()["iss"], &token.claims()["email"]), (&json!(ISSUER), &json!("kim@example.com")));
    let code = |status, body: &Value| look(status, body).unwrap_err().code();
    assert_eq!(code(401, &json!({})), "bearer_inactive");
    assert_eq!(code(200, &json!({"email": "x"})), "bearer_claim");
    assert_eq!(look(503, &json!({})).unwrap_err(), LookupError::Unavailable(503));
    assert_eq!(code(200, &json!([])), "bearer_lookup_not_json");
    let signed = process_user_info_lookup(&settings, &rule, &answer(200, "eyJhbGciOiJSUzI1NiJ9.e30.AA"), now());
    assert!(matches!(signed, Err(LookupError::Json(_))));
}

// What a person may write into a profile must not count as what a sign-in proved.
#[test]
fn user_info_says_nothing_about_the_token() {
    let rule = rule(TokenKind::UserInfo, &[], &[]);
    let body = json!({"sub": "kim", "scope": "admin", "scp": ["admin"], "acr": "mfa", "auth_time": NOW, "exp": 1, "client_id": "x",
                      "groups": ["a"]});
    let token =
        process_user_info_lookup(&settings(ProviderKind::Oidc, &[]), &rule, &answer(200, &body.to_string()), now());
    let claims = TrustedClaims::of_bearer(&token.unwrap()).into_map();
    let names: Vec<_> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["groups", "iss", "sub"]);
}
