//! What a provider says about an opaque token (RFC 7662).

use std::time::Duration;

use edge_oidc::{
    http::call::Method,
    oidc::{
        bearer::{BearerClaims, BearerError, BearerRule, TokenKind},
        client_auth::{BasicEncoding, ClientAuthentication},
        discovery::ProviderMetadata,
        introspection::{LookupError, introspection_request, process_introspection_response},
        json::JsonError,
        provider::{ProviderKind, ProviderSettings},
    },
    secret::Secret,
};
use serde_json::{Value, json};
use url::Url;

use crate::world::{ISSUER, NOW, answer, changed, now, rule, settings, subject};

fn metadata(endpoint: bool) -> ProviderMetadata {
    let url = |path: &str| Url::parse(&format!("{ISSUER}/{path}")).unwrap();
    ProviderMetadata {
        jwks_uri: url("keys"),
        user_info_endpoint: None,
        introspection_endpoint: endpoint.then(|| url("introspect")),
        sign_in: None,
    }
}

/// RFC 7662 §2.2: the example's answer, at our time.
fn body(changes: &Value) -> Value {
    let body = json!({
        "active": true, "client_id": "l238j323ds-23ij4", "username": "jdoe", "scope": "read write dolphin", "sub": "Z5O3upPC88QrAjx",
        "aud": "https://protected.example.net/resource", "iss": ISSUER, "exp": NOW + 300, "iat": NOW,
    });
    changed(body, changes)
}

fn by_audience() -> BearerRule {
    rule(TokenKind::Introspection, &["https://protected.example.net/resource"], &[])
}

const ROBOT: &str = "l238j323ds-23ij4";

fn by_client() -> BearerRule {
    rule(TokenKind::Introspection, &[], &[ROBOT])
}

fn judge(rule: &BearerRule, changes: &Value) -> Result<BearerClaims, LookupError> {
    let response = answer(200, &body(changes).to_string());
    process_introspection_response(&settings(ProviderKind::Oidc, &[]), rule, &response, now())
}

fn refusal(changes: &Value) -> Option<BearerError> {
    match judge(&by_audience(), changes) {
        Ok(_) => None,
        Err(LookupError::Refused(error)) => Some(error),
        Err(other) => panic!("{other}"),
    }
}

// RFC 7662 §2.1
#[test]
fn the_question_proves_the_client_and_shows_the_token_in_the_body_alone() {
    let secret = Secret::new("s+1".to_owned());
    let basic = ClientAuthentication::Basic { secret: secret.clone(), encoding: BasicEncoding::Form };
    let ask = |client_authentication| {
        let settings = ProviderSettings { client_authentication, ..settings(ProviderKind::Oidc, &[]) };
        introspection_request(&settings, &metadata(true), &Secret::new("mF_9.B5f+4".to_owned())).unwrap()
    };
    let call = ask(ClientAuthentication::Post { secret });
    assert_eq!((call.method, call.url.as_str()), (Method::Post, "https://idp.example.net/introspect"));
    let body = "token=mF_9.B5f%2B4&token_type_hint=access_token&client_id=edge";
    assert_eq!(call.body.secret(), &format!("{body}&client_secret=s%2B1"));
    assert_eq!(call.cluster, "outbound|443||idp.example.net");
    let call = ask(basic);
    assert_eq!(call.body.secret(), body);
    let authorization = call.headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    assert_eq!(authorization.1.secret(), "Basic ZWRnZTpzJTJCMQ==");
    assert!(!format!("{call:?}").contains("mF_9"));
}

#[test]
fn nobody_is_asked_without_an_endpoint_or_about_what_is_no_token() {
    let settings = settings(ProviderKind::Oidc, &[]);
    let asked = |endpoint, token: &str| {
        introspection_request(&settings, &metadata(endpoint), &Secret::new(token.to_owned())).is_some()
    };
    assert!(asked(true, "x") && !asked(false, "x") && !asked(true, "x y") && !asked(true, &"x".repeat(4097)));
}

#[test]
fn an_active_token_for_us_is_taken() {
    for (rule, changes) in [(by_audience(), json!({})), (by_client(), json!({"aud": null}))] {
        let token = judge(&rule, &changes).unwrap();
        assert_eq!((subject(&token), token.kind()), ("Z5O3upPC88QrAjx", TokenKind::Introspection));
        assert_eq!(token.claims()["scope"], "read write dolphin");
    }
    for changes in [
        json!({"aud": ["x", "https://protected.example.net/resource"]}),
        json!({"exp": null, "iat": null, "client_id": null, "scope": null}),
        json!({"token_type": "bearer", "token_use": "access_token", "typ": "Bearer"}),
    ] {
        assert_eq!(refusal(&changes), None, "{changes}");
    }
    // `iss` is the configured one, said or not.
    assert_eq!(judge(&by_audience(), &json!({"iss": null})).unwrap().claims()["iss"], ISSUER);
}

#[test]
fn active_is_true_and_nothing_else() {
    for active in [json!(null), json!(false), json!("true"), json!(1), json!("JSON null"), json!([true]), json!({})] {
        assert_eq!(refusal(&json!({"active": active})), Some(BearerError::Inactive), "{active}");
    }
}

// T-31, T-107, T-165
#[test]
fn the_answer_names_us_or_a_client_of_ours() {
    let both = rule(TokenKind::Introspection, &["https://protected.example.net/resource"], &["l238j323ds-23ij4"]);
    let nobody = rule(TokenKind::Introspection, &[], &[]);
    let judge = |rule: &BearerRule, changes| judge(rule, &changes).map(|_| ()).map_err(LookupError::code);
    assert_eq!(judge(&both, json!({})), Ok(()));
    assert_eq!(judge(&both, json!({"aud": "x"})), Err("bearer_aud"));
    assert_eq!(judge(&both, json!({"client_id": "x"})), Err("bearer_client"));
    assert_eq!(judge(&nobody, json!({})), Err("bearer_aud"));
    for aud in [json!(null), json!([]), json!("x"), json!(["https://protected.example.net/"])] {
        assert_eq!(judge(&by_audience(), json!({"aud": aud})), Err("bearer_aud"), "{aud}");
    }
    for aud in [json!(7), json!({}), json!([null]), json!("JSON null")] {
        assert_eq!(judge(&by_client(), json!({"aud": aud})), Err("bearer_claim"), "{aud}");
    }
    for (client, code) in [(json!(null), "bearer_client"), (json!(""), "bearer_client"), (json!(7), "bearer_claim")] {
        assert_eq!(judge(&by_client(), json!({"aud": null, "client_id": client})), Err(code), "{client}");
    }
}

// RFC 8707: a token for a resource is for that alone, whichever client it was given to.
#[test]
fn a_client_of_ours_may_have_tokens_for_other_places() {
    let judge = |aud| judge(&by_client(), &json!({"aud": aud})).map(|_| ()).map_err(LookupError::code);
    for aud in [json!(null), json!(ROBOT), json!([ROBOT]), json!([ROBOT, ROBOT])] {
        assert_eq!(judge(aud.clone()), Ok(()), "{aud}");
    }
    for aud in
        [json!("https://payroll.example.com"), json!([ROBOT, "https://payroll.example.com"]), json!([]), json!("")]
    {
        assert_eq!(judge(aud.clone()), Err("bearer_aud"), "{aud}");
    }
}

#[test]
fn another_issuer_is_refused() {
    for iss in [json!("https://idp.example.net/"), json!(7), json!("JSON null"), json!([ISSUER])] {
        assert_eq!(refusal(&json!({"iss": iss})), Some(BearerError::Issuer), "{iss}");
    }
}

#[test]
fn without_sub_the_token_is_its_clients_own_if_the_rule_names_that() {
    assert_eq!(subject(&judge(&by_client(), &json!({"sub": null, "aud": null})).unwrap()), ROBOT);
    // RFC 9700 §4.15: any other client may have been registered under a person's name.
    assert_eq!(refusal(&json!({"sub": null})), Some(BearerError::Malformed("sub")));
    assert_eq!(refusal(&json!({"sub": null, "client_id": "248289761001"})), Some(BearerError::Malformed("sub")));
    assert_eq!(refusal(&json!({"sub": null, "client_id": null})), Some(BearerError::Malformed("sub")));
    for sub in [json!(""), json!(7), json!("JSON null"), json!(["x"]), json!("a\nb")] {
        assert_eq!(refusal(&json!({"sub": sub})), Some(BearerError::Malformed("sub")), "{sub}");
    }
}

// T-152: providers answer about all their tokens.
#[test]
fn a_refresh_or_id_token_is_no_bearer_token() {
    for changes in [
        json!({"token_type": "Refresh"}),
        json!({"token_type": "N_A"}),
        json!({"token_use": "refresh_token"}),
        json!({"typ": "Refresh"}),
        json!({"typ": "Offline"}),
        json!({"typ": "ID"}),
        json!({"nonce": "n"}),
        json!({"at_hash": "x"}),
    ] {
        assert_eq!(refusal(&changes), Some(BearerError::Type), "{changes}");
    }
    for scope in [json!(7), json!(["a", 7]), json!("JSON null"), json!({})] {
        assert_eq!(refusal(&json!({"scope": scope})), Some(BearerError::Malformed("scope")), "{scope}");
    }
    assert_eq!(refusal(&json!({"token_type": 7})), Some(BearerError::Malformed("token_type")));
    assert_eq!(refusal(&json!({"token_type": "DPoP"})), Some(BearerError::Type));
    assert_eq!(refusal(&json!({"cnf": {"x5t#S256": "x"}})), Some(BearerError::Confirmation));
}

// T-157, T-108
#[test]
fn an_answer_is_believed_for_the_cache_and_never_beyond_exp() {
    let until = |cache, exp: Value| {
        let rule = BearerRule { cache: Duration::from_secs(cache), ..by_audience() };
        judge(&rule, &json!({"exp": exp})).map(|token| token.expires().secs()).map_err(LookupError::code)
    };
    assert_eq!(until(60, json!(NOW + 300)), Ok(NOW + 60));
    assert_eq!(until(600, json!(NOW + 300)), Ok(NOW + 300));
    assert_eq!(until(60, json!(null)), Ok(NOW + 60));
    assert_eq!(until(0, json!(NOW + 300)), Ok(NOW));
    assert_eq!(until(60, json!(NOW - 59)), Ok(NOW - 59));
    assert_eq!(until(60, json!(NOW - 60)), Err("bearer_expired"));
    assert_eq!(until(60, json!(0)), Err("bearer_expired"));
    for exp in [json!(-1), json!("JSON null"), json!("3600"), json!(1e30), json!(true), json!([NOW])] {
        assert_eq!(until(60, exp.clone()), Err("bearer_claim"), "{exp}");
    }
    assert_eq!(refusal(&json!({"iat": NOW + 61})), Some(BearerError::IssuedInFuture));
    assert_eq!(refusal(&json!({"nbf": NOW + 61})), Some(BearerError::NotYetValid));
    for name in ["iat", "nbf"] {
        assert_eq!(refusal(&json!({name: NOW + 60})), None);
        assert_eq!(refusal(&json!({name: "1"})), Some(BearerError::Malformed(name)));
    }
}

#[test]
fn a_provider_that_fails_is_told_from_a_token_that_is_refused() {
    let judge = |status, body: &str| {
        let response = answer(status, body);
        process_introspection_response(&settings(ProviderKind::Oidc, &[]), &by_audience(), &response, now())
            .unwrap_err()
    };
    let good = body(&json!({})).to_string();
    for status in [201, 204, 302, 400, 401, 403, 404, 429, 500, 503] {
        let error = judge(status, &good);
        assert_eq!((error, error.code()), (LookupError::Unavailable(status), "bearer_lookup_unavailable"));
        assert!(error.to_string().contains(&status.to_string()));
    }
    for body in ["", "null", "[]", "<html>", "eyJhbGciOiJFUzI1NiJ9.e30.AA", r#"{"active":true,"active":false}"#] {
        assert!(matches!(judge(200, body), LookupError::Json(_)), "{body}");
    }
    assert_eq!(judge(200, "null"), LookupError::Json(JsonError::NotAnObject));
    assert_eq!(judge(200, r#"{"active":false}"#), LookupError::Refused(BearerError::Inactive));
}
