//! ID tokens as bearers, as kubelogin and the kfp SDK send them.

use edge_oidc::oidc::{
    bearer::{BearerError, TokenKind},
    provider::{ProviderKind, ProviderSettings},
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, changed, judge, no_times, refusal, rule, settings, subject};

fn claims(changes: &Value) -> Value {
    let claims = json!({
        "iss": ISSUER, "sub": "248289761001", "aud": "kubelogin", "exp": NOW + 300, "iat": NOW, "nonce": "of another sign-in",
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "email": "kim@example.com",
    });
    changed(claims, changes)
}

fn accepting(kind: ProviderKind) -> ProviderSettings {
    settings(kind, &[rule(TokenKind::IdToken, &["edge", "kubelogin"], &["console"])])
}

fn judged(changes: Value) -> Option<BearerError> {
    refusal(&accepting(ProviderKind::Oidc), None, &claims(&changes))
}

#[test]
fn neither_nonce_nor_at_hash_is_ours_to_compare() {
    for typ in [None, Some("JWT"), Some("application/jwt")] {
        let token = judge(&accepting(ProviderKind::Oidc), typ, &claims(&json!({}))).unwrap();
        assert_eq!(
            (subject(&token), token.kind(), token.expires().secs()),
            ("248289761001", TokenKind::IdToken, NOW + 300)
        );
    }
    assert_eq!(judged(json!({"nonce": null, "at_hash": null})), None);
}

// T-107, T-165
#[test]
fn every_audience_must_be_an_accepted_one() {
    for (aud, error) in [
        (json!("other"), Some(BearerError::Audience)),
        (json!(["other"]), Some(BearerError::Audience)),
        (json!("console"), Some(BearerError::Audience)),
        (json!("Kubelogin"), Some(BearerError::Audience)),
        (json!("kubelogin "), Some(BearerError::Audience)),
        (json!(""), Some(BearerError::Audience)),
        (json!([]), Some(BearerError::Audience)),
        (json!(["kubelogin", "other"]), Some(BearerError::AudienceUntrusted)),
        (json!(null), Some(BearerError::Malformed("aud"))),
        (json!(7), Some(BearerError::Malformed("aud"))),
        (json!({"kubelogin": 1}), Some(BearerError::Malformed("aud"))),
        (json!(["kubelogin", null]), Some(BearerError::Malformed("aud"))),
        (json!([["kubelogin"]]), Some(BearerError::Malformed("aud"))),
        (json!("edge"), None),
        (json!(["edge"]), None),
    ] {
        assert_eq!(judged(json!({"aud": aud})), error, "{aud}");
    }
}

// OpenID Connect Core §3.1.3.7, steps 4 and 5
#[test]
fn the_authorized_party_is_an_accepted_audience_or_client() {
    for azp in ["edge", "kubelogin", "console"] {
        assert_eq!(judged(json!({"azp": azp})), None);
        assert_eq!(judged(json!({"azp": azp, "aud": ["edge", "kubelogin"]})), None);
    }
    assert_eq!(judged(json!({"azp": "other"})), Some(BearerError::AuthorizedParty));
    assert_eq!(judged(json!({"aud": ["edge", "kubelogin"]})), Some(BearerError::AuthorizedParty));
    assert_eq!(judged(json!({"azp": 7})), Some(BearerError::Malformed("azp")));
}

#[test]
fn each_further_check_refuses_by_its_own_name() {
    for (changes, error) in [
        (json!({"iss": "https://other.example"}), BearerError::Issuer),
        (json!({"exp": NOW - 60}), BearerError::Expired),
        (json!({"iat": NOW + 61}), BearerError::IssuedInFuture),
        (json!({"nbf": NOW + 61}), BearerError::NotYetValid),
        (json!({"sub": null}), BearerError::Malformed("sub")),
        (json!({"sub": ["x"]}), BearerError::Malformed("sub")),
        (json!({"sub": "x".repeat(256)}), BearerError::Malformed("sub")),
    ] {
        assert_eq!(judged(changes.clone()), Some(error), "{changes}");
    }
}

// T-108
#[test]
fn a_time_that_is_none_is_never_taken_for_absent() {
    for value in no_times() {
        for name in ["exp", "iat", "nbf"] {
            assert_eq!(judged(json!({name: value})), Some(BearerError::Malformed(name)), "{name} {value}");
        }
    }
    for name in ["exp", "iat"] {
        assert_eq!(judged(json!({name: null})), Some(BearerError::Malformed(name)));
    }
}

// T-152
#[test]
fn cognitos_id_token_says_so() {
    let judged = |changes: Value| refusal(&accepting(ProviderKind::Cognito), None, &claims(&changes));
    assert_eq!(judged(json!({"token_use": "id"})), None);
    assert_eq!(judged(json!({"token_use": "access"})), Some(BearerError::Kind));
    for token_use in [json!(null), json!("ID"), json!(["id"]), json!(7), json!("JSON null"), json!("refresh")] {
        assert_eq!(judged(json!({"token_use": token_use})), Some(BearerError::TokenUse), "{token_use}");
    }
}
