//! Access tokens that are JWTs: RFC 9068 §4, those from before it, and Cognito's.

use edge_oidc::oidc::{
    access_token::cognito_granted_scope,
    bearer::{BearerError, BearerRule, TokenKind},
    provider::{ProviderKind, ProviderSettings},
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, changed, judge, no_times, refusal, rule, settings, subject, verified};

/// RFC 9068 §2.2: the example's claims.
fn claims(changes: &Value) -> Value {
    let claims = json!({
        "iss": ISSUER, "sub": "5ba552d67", "aud": "https://rs.example.com/", "exp": NOW + 300, "iat": NOW, "jti": "dbe39bf3a",
        "client_id": "s6BhdRkqt3", "scope": "openid profile reademail",
    });
    changed(claims, changes)
}

/// cognito.md, section 9.
fn cognito_claims(changes: &Value) -> Value {
    let claims = json!({
        "sub": "5f0c1d2e", "cognito:groups": ["ml-team"], "iss": ISSUER, "version": 2, "client_id": "4e8k2v9q", "origin_jti": "0b",
        "event_id": "77aa", "token_use": "access", "scope": "openid email", "auth_time": NOW, "exp": NOW + 3600, "iat": NOW,
        "jti": "1f2a", "username": "kim",
    });
    changed(claims, changes)
}

fn rfc9068() -> ProviderSettings {
    settings(ProviderKind::Oidc, &[rule(TokenKind::AccessToken, &["https://rs.example.com/", "other"], &[])])
}

fn legacy(client_ids: &[&str]) -> ProviderSettings {
    let rule = rule(TokenKind::AccessToken, &["https://rs.example.com/"], client_ids);
    settings(ProviderKind::Oidc, &[BearerRule { types: vec!["at+jwt".into(), "jwt".into()], ..rule }])
}

fn cognito(audiences: &[&str]) -> ProviderSettings {
    settings(ProviderKind::Cognito, &[rule(TokenKind::AccessToken, audiences, &["4e8k2v9q", "second"])])
}

#[test]
fn a_token_of_rfc_9068_is_taken_until_its_exp() {
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let token = judge(&rfc9068(), Some(typ), &claims(&json!({}))).unwrap();
        assert_eq!((subject(&token), token.kind()), ("5ba552d67", TokenKind::AccessToken));
        assert_eq!(token.expires().secs(), NOW + 300);
    }
    let several = claims(&json!({"aud": ["elsewhere", "other"]}));
    assert!(judge(&rfc9068(), Some("at+jwt"), &several).is_ok());
}

// T-107: one claim at a time, each with its own refusal.
#[test]
fn each_check_refuses_by_its_own_name() {
    let table = [
        (json!({"iss": "https://idp.example.net/"}), BearerError::Issuer),
        (json!({"iss": null}), BearerError::Issuer),
        (json!({"iss": [ISSUER]}), BearerError::Issuer),
        (json!({"aud": "elsewhere"}), BearerError::Audience),
        (json!({"aud": "https://rs.example.com"}), BearerError::Audience),
        (json!({"aud": []}), BearerError::Audience),
        (json!({"aud": null}), BearerError::Malformed("aud")),
        (json!({"aud": 7}), BearerError::Malformed("aud")),
        (json!({"aud": {"other": true}}), BearerError::Malformed("aud")),
        (json!({"aud": ["other", 7]}), BearerError::Malformed("aud")),
        (json!({"aud": "JSON null"}), BearerError::Malformed("aud")),
        (json!({"sub": null}), BearerError::Malformed("sub")),
        (json!({"sub": ""}), BearerError::Malformed("sub")),
        (json!({"sub": 7}), BearerError::Malformed("sub")),
        (json!({"client_id": null}), BearerError::Malformed("client_id")),
        (json!({"client_id": 7}), BearerError::Malformed("client_id")),
        (json!({"client_id": null, "azp": "s6BhdRkqt3"}), BearerError::Malformed("client_id")),
        (json!({"scope": 7}), BearerError::Malformed("scope")),
        (json!({"scope": ["a", 7]}), BearerError::Malformed("scope")),
        (json!({"scp": {"a": true}}), BearerError::Malformed("scp")),
        (json!({"cnf": {"jkt": "0ZcOCORZNYy"}}), BearerError::Confirmation),
        (json!({"exp": NOW - 60}), BearerError::Expired),
        (json!({"exp": null}), BearerError::Malformed("exp")),
        (json!({"iat": NOW + 61}), BearerError::IssuedInFuture),
        (json!({"iat": null}), BearerError::Malformed("iat")),
        (json!({"nbf": NOW + 61}), BearerError::NotYetValid),
    ];
    for (changes, error) in table {
        assert_eq!(refusal(&rfc9068(), Some("at+jwt"), &claims(&changes)), Some(error), "{changes}");
        assert!(error.code().starts_with("bearer_") && !error.to_string().is_empty());
    }
}

#[test]
fn the_leeway_ends_to_the_second() {
    for changes in [json!({"exp": NOW - 59}), json!({"iat": NOW + 60}), json!({"nbf": NOW + 60})] {
        assert_eq!(refusal(&rfc9068(), Some("at+jwt"), &claims(&changes)), None, "{changes}");
    }
}

// T-108
#[test]
fn a_time_that_is_none_is_never_taken_for_absent() {
    for value in no_times() {
        for (name, settings, typ, base) in [
            ("exp", rfc9068(), Some("at+jwt"), claims as fn(&Value) -> Value),
            ("iat", rfc9068(), Some("at+jwt"), claims),
            ("nbf", rfc9068(), Some("at+jwt"), claims),
            ("exp", cognito(&[]), None, cognito_claims),
            ("nbf", cognito(&[]), None, cognito_claims),
        ] {
            let error = refusal(&settings, typ, &base(&json!({name: value})));
            assert_eq!(error, Some(BearerError::Malformed(name)), "{name} {value}");
        }
    }
}

#[test]
fn a_fraction_of_a_second_is_cut_off() {
    let token = judge(&rfc9068(), Some("at+jwt"), &claims(&json!({"exp": NOW as f64 + 9.75}))).unwrap();
    assert_eq!(token.expires().secs(), NOW + 9);
}

#[test]
fn configured_clients_are_the_only_ones() {
    let settings =
        settings(ProviderKind::Oidc, &[rule(TokenKind::AccessToken, &["https://rs.example.com/"], &["s6BhdRkqt3"])]);
    assert_eq!(refusal(&settings, Some("at+jwt"), &claims(&json!({}))), None);
    for client in ["s6BhdRkqt", "S6BHDRKQT3", ""] {
        let error = refusal(&settings, Some("at+jwt"), &claims(&json!({"client_id": client})));
        assert_eq!(error, Some(BearerError::Client), "{client}");
    }
}

#[test]
fn typ_jwt_is_taken_only_where_the_rule_says_so() {
    for typ in [None, Some("JWT")] {
        assert_eq!(refusal(&rfc9068(), typ, &claims(&json!({}))), Some(BearerError::Type));
        assert_eq!(refusal(&legacy(&[]), typ, &claims(&json!({}))), None);
    }
    assert_eq!(refusal(&legacy(&[]), Some("at+jwt"), &claims(&json!({}))), None);
    for typ in ["dpop+jwt", "text/at+jwt", "application/", "secevent+jwt", ""] {
        assert_eq!(refusal(&legacy(&[]), Some(typ), &claims(&json!({}))), Some(BearerError::Type), "{typ}");
    }
}

#[test]
fn the_client_of_a_token_from_before_rfc_9068_has_other_names() {
    let judge = |changes: Value| refusal(&legacy(&["s6BhdRkqt3"]), Some("JWT"), &claims(&changes));
    assert_eq!(judge(json!({})), None);
    for name in ["azp", "cid", "appid"] {
        assert_eq!(judge(json!({"client_id": null, name: "s6BhdRkqt3"})), None, "{name}");
        assert_eq!(judge(json!({"client_id": null, name: "x"})), Some(BearerError::Client), "{name}");
        assert_eq!(judge(json!({"client_id": null, name: 7})), Some(BearerError::Malformed(name)));
    }
    // The first that is there counts: another cannot stand in for a client that is not taken.
    assert_eq!(judge(json!({"client_id": "x", "azp": "s6BhdRkqt3"})), Some(BearerError::Client));
    assert_eq!(judge(json!({"client_id": null})), Some(BearerError::Client));
}

#[test]
fn cognitos_token_is_taken_by_its_client_and_needs_no_aud() {
    let token = judge(&cognito(&[]), None, &cognito_claims(&json!({}))).unwrap();
    assert_eq!((subject(&token), token.kind()), ("5f0c1d2e", TokenKind::AccessToken));
    assert_eq!(refusal(&cognito(&[]), None, &cognito_claims(&json!({"client_id": "second", "scope": null}))), None);
}

// RFC 9449 §7.2
#[test]
fn a_token_that_is_bound_to_a_key_is_refused() {
    let bound = json!({"cnf": {"jkt": "0ZcOCORZNYy"}});
    assert_eq!(refusal(&cognito(&[]), None, &cognito_claims(&bound)), Some(BearerError::Confirmation));
    assert_eq!(refusal(&legacy(&[]), Some("JWT"), &claims(&bound)), Some(BearerError::Confirmation));
}

#[test]
fn cognitos_machine_token_is_its_client() {
    let machine = json!({
        "sub": "4e8k2v9q", "username": null, "cognito:groups": null, "origin_jti": null, "event_id": null,
        "scope": "https://rs.example.com/read",
    });
    let token = judge(&cognito(&[]), None, &cognito_claims(&machine)).unwrap();
    assert_eq!(subject(&token), token.claims()["client_id"].as_str().unwrap());
}

// T-165
#[test]
fn a_token_of_another_client_of_the_same_pool_is_refused() {
    for client in [json!("6u0i8o2p"), json!("4E8K2V9Q"), json!("")] {
        let error = refusal(&cognito(&[]), None, &cognito_claims(&json!({"client_id": client})));
        assert_eq!(error, Some(BearerError::Client), "{client}");
    }
    for client in [json!(null), json!(["4e8k2v9q"]), json!(7), json!("JSON null")] {
        let error = refusal(&cognito(&[]), None, &cognito_claims(&json!({"client_id": client})));
        assert_eq!(error, Some(BearerError::Malformed("client_id")), "{client}");
    }
    // `aud` does not stand in for it, even where a Lambda can write it.
    let aud = json!({"client_id": "6u0i8o2p", "aud": "4e8k2v9q"});
    assert_eq!(refusal(&cognito(&["4e8k2v9q"]), None, &cognito_claims(&aud)), Some(BearerError::Client));
}

// cognito.md, section 9: `resource` binds `aud`, a Lambda may write the client id.
#[test]
fn cognitos_aud_counts_where_it_is() {
    let api = "https://api.example.com";
    let judge =
        |audiences: &[&str], aud: Value| refusal(&cognito(audiences), None, &cognito_claims(&json!({"aud": aud})));
    assert_eq!((judge(&[], json!("4e8k2v9q")), judge(&[], json!(["4e8k2v9q"]))), (None, None));
    for aud in [json!(api), json!("second"), json!(["4e8k2v9q", api]), json!([])] {
        assert_eq!(judge(&[], aud.clone()), Some(BearerError::Audience), "{aud}");
    }
    assert_eq!(judge(&[api], json!(api)), None);
    // An unbound token is not for the places of a rule that names some.
    assert_eq!(judge(&[api], json!(null)), Some(BearerError::Malformed("aud")));
    for aud in [json!("4e8k2v9q"), json!("https://api.example.com/"), json!([])] {
        assert_eq!(judge(&[api], aud.clone()), Some(BearerError::Audience), "{aud}");
    }
    assert_eq!(judge(&[], json!(7)), Some(BearerError::Malformed("aud")));
}

#[test]
fn several_rules_are_tried_and_the_one_that_takes_the_token_names_its_claims() {
    let mut second = rule(TokenKind::AccessToken, &["b"], &[]);
    second.naming.user_id_prefix = Some("b:".into());
    let mut settings = settings(ProviderKind::Oidc, &[rule(TokenKind::AccessToken, &["a"], &[]), second]);
    settings.naming.user_id_prefix = Some("all:".into());
    settings.naming.groups_prefix = Some("group:".into());
    let prefixes = |aud: &str| {
        let naming = judge(&settings, Some("at+jwt"), &claims(&json!({"aud": aud}))).unwrap().naming().clone();
        (naming.user_id_prefix.unwrap(), naming.groups_prefix.unwrap())
    };
    assert_eq!(prefixes("a"), ("all:".into(), "group:".into()));
    assert_eq!(prefixes("b"), ("b:".into(), "group:".into()));
    assert_eq!(refusal(&settings, Some("at+jwt"), &claims(&json!({"aud": "c"}))), Some(BearerError::Audience));
}

#[test]
fn what_cognito_granted_stands_in_our_own_access_token_alone() {
    let ours = ProviderSettings { client_id: "4e8k2v9q".into(), ..cognito(&[]) };
    let granted = |changes: Value| cognito_granted_scope(verified(None, &cognito_claims(&changes)), &ours);
    assert_eq!(granted(json!({})).as_deref(), Some("openid email"));
    for changes in [
        json!({"client_id": "second"}),
        json!({"token_use": "id"}),
        json!({"iss": "https://other.example"}),
        json!({"scope": null}),
        json!({"scope": ["openid"]}),
    ] {
        assert_eq!(granted(changes.clone()), None, "{changes}");
    }
}
