//! No token has two kinds (RFC 8725 §3.12), and none that is for something else is a bearer token.

use edge_oidc::oidc::{
    bearer::{BearerError, BearerRule, TokenKind},
    provider::{ProviderKind, ProviderSettings},
};
use serde_json::{Value, json};

use crate::world::{ISSUER, NOW, judge, refusal, rule, settings};

const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Claims that every rule below could take, as far as they go, and these.
fn claims(more: Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "sub": "kim", "aud": "edge", "exp": NOW + 300, "iat": NOW, "jti": "1"});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

/// Takes everything that is a JWT, from the same audience.
fn everything(kind: ProviderKind) -> ProviderSettings {
    let access = rule(TokenKind::AccessToken, &["edge"], &["edge"]);
    let access = BearerRule { types: vec!["at+jwt".into(), "jwt".into()], ..access };
    let [id, account] = [TokenKind::IdToken, TokenKind::ServiceAccount].map(|kind| rule(kind, &["edge"], &[]));
    settings(kind, &[access, id, account])
}

fn only(kind: TokenKind) -> ProviderSettings {
    let mut settings = everything(ProviderKind::Oidc);
    settings.bearer.retain(|rule| rule.kind == kind);
    settings
}

// T-152
#[test]
fn each_token_is_of_one_kind_and_refused_where_only_others_are_taken() {
    let account = json!({"sub": "system:serviceaccount:a:b"});
    for (typ, more, kind) in [
        (Some("at+jwt"), json!({"client_id": "edge"}), TokenKind::AccessToken),
        (Some("at+jwt"), json!({"client_id": "edge", "nonce": "n", "auth_time": NOW}), TokenKind::AccessToken),
        (Some("JWT"), json!({"client_id": "edge"}), TokenKind::AccessToken),
        (None, json!({"scope": "a b", "azp": "edge"}), TokenKind::AccessToken),
        (None, json!({"scp": ["a"], "cid": "edge"}), TokenKind::AccessToken),
        (None, json!({"appid": "edge"}), TokenKind::AccessToken),
        (None, json!({"azp": "edge", "azpacr": "1"}), TokenKind::AccessToken),
        (None, json!({"azp": "edge", "gty": "client-credentials"}), TokenKind::AccessToken),
        (None, json!({"azp": "edge", "typ": "Bearer"}), TokenKind::AccessToken),
        (None, json!({}), TokenKind::IdToken),
        (
            Some("JWT"),
            json!({"nonce": "n", "azp": "edge", "acr": "1", "auth_time": NOW, "sid": "s"}),
            TokenKind::IdToken,
        ),
        (None, json!({"typ": "ID"}), TokenKind::IdToken),
        (None, account.clone(), TokenKind::ServiceAccount),
    ] {
        let claims = claims(more);
        assert_eq!(judge(&everything(ProviderKind::Oidc), typ, &claims).unwrap().kind(), kind, "{typ:?} {claims}");
        for other in [TokenKind::AccessToken, TokenKind::IdToken, TokenKind::ServiceAccount] {
            let expected = (other != kind).then_some(BearerError::Kind);
            assert_eq!(refusal(&only(other), typ, &claims), expected, "{other:?} {typ:?} {claims}");
        }
    }
}

// RFC 8725 §3.11
#[test]
fn a_typ_of_its_own_makes_neither_an_id_token_nor_a_service_accounts() {
    let account = json!({"sub": "system:serviceaccount:a:b"});
    for typ in ["dpop+jwt", "secevent+jwt", "vc+jwt", "text/jwt", ""] {
        for more in [json!({}), json!({"nonce": "n"}), account.clone()] {
            let claims = claims(more);
            assert_eq!(refusal(&everything(ProviderKind::Oidc), Some(typ), &claims), Some(BearerError::Type), "{typ}");
            for kind in [TokenKind::IdToken, TokenKind::ServiceAccount] {
                assert_eq!(refusal(&only(kind), Some(typ), &claims), Some(BearerError::Kind), "{typ}");
            }
        }
    }
}

#[test]
fn a_token_that_says_two_things_is_neither() {
    for id in [
        json!({"nonce": "n"}),
        json!({"at_hash": "x"}),
        json!({"c_hash": "x"}),
        json!({"s_hash": "x"}),
        json!({"typ": "ID"}),
    ] {
        for access in ["client_id", "scope", "scp", "cid"] {
            let mut both = claims(id.clone());
            both[access] = json!("edge");
            for typ in [None, Some("JWT")] {
                assert_eq!(refusal(&everything(ProviderKind::Oidc), typ, &both), Some(BearerError::Type), "{both}");
            }
        }
    }
}

#[test]
fn only_a_service_account_has_kubernetes_claims() {
    let odd = claims(json!({"kubernetes.io": {"namespace": "a", "serviceaccount": {"name": "b"}}}));
    assert_eq!(refusal(&only(TokenKind::IdToken), None, &odd), Some(BearerError::Kind));
    assert_eq!(refusal(&everything(ProviderKind::Oidc), None, &odd), Some(BearerError::Malformed("sub")));
}

// T-153: with and without a type of its own.
#[test]
fn a_logout_token_is_no_bearer_token() {
    for typ in [None, Some("JWT"), Some("logout+jwt"), Some("at+jwt"), Some("secevent+jwt")] {
        let logout = claims(json!({"events": {LOGOUT: {}}, "sid": "s", "client_id": "edge"}));
        assert_eq!(refusal(&everything(ProviderKind::Oidc), typ, &logout), Some(BearerError::Type), "{typ:?}");
    }
    for events in [json!({}), json!(null), json!([LOGOUT]), json!({"https://schemas.openid.net/secevent/risc": {}})] {
        let event = claims(json!({"events": events}));
        assert_eq!(refusal(&everything(ProviderKind::Oidc), None, &event), Some(BearerError::Type), "{events}");
    }
    let cognito = claims(json!({"events": {LOGOUT: {}}, "token_use": "id"}));
    assert_eq!(refusal(&everything(ProviderKind::Cognito), None, &cognito), Some(BearerError::Type));
}

#[test]
fn cognitos_tokens_are_what_token_use_says_whatever_else_they_hold() {
    let judged = |more| judge(&everything(ProviderKind::Cognito), None, &claims(more)).map(|token| token.kind());
    assert_eq!(judged(json!({"token_use": "id", "scope": "x", "client_id": "edge"})), Ok(TokenKind::IdToken));
    assert_eq!(judged(json!({"token_use": "access", "nonce": "n", "client_id": "edge"})), Ok(TokenKind::AccessToken));
    assert_eq!(judged(json!({"sub": "system:serviceaccount:a:b"})), Err(BearerError::TokenUse));
    let typed = claims(json!({"token_use": "access", "client_id": "edge"}));
    assert_eq!(refusal(&everything(ProviderKind::Cognito), Some("logout+jwt"), &typed), Some(BearerError::Type));
}

// T-162
#[test]
fn without_a_rule_nothing_is_taken() {
    let none = settings(ProviderKind::Oidc, &[]);
    assert_eq!(refusal(&none, Some("at+jwt"), &claims(json!({"client_id": "edge"}))), Some(BearerError::Kind));
    assert_eq!(refusal(&none, None, &claims(json!({}))), Some(BearerError::Kind));
    // A rule that names nobody takes nobody's.
    for kind in [TokenKind::AccessToken, TokenKind::IdToken, TokenKind::ServiceAccount] {
        let nobody = settings(ProviderKind::Oidc, &[rule(kind, &[], &[])]);
        let account = if kind == TokenKind::ServiceAccount { "system:serviceaccount:a:b" } else { "kim" };
        let typ = (kind == TokenKind::AccessToken).then_some("at+jwt");
        let mut claims = claims(json!({"sub": account}));
        if kind == TokenKind::AccessToken {
            claims["client_id"] = json!("edge");
        }
        assert_eq!(refusal(&nobody, typ, &claims), Some(BearerError::Audience), "{kind:?}");
    }
    let cognito = settings(ProviderKind::Cognito, &[rule(TokenKind::AccessToken, &["edge"], &[])]);
    let access = claims(json!({"token_use": "access", "client_id": "edge"}));
    assert_eq!(refusal(&cognito, None, &access), Some(BearerError::Client));
}

// A rule for opaque tokens says nothing about a JWT: that is not asked about here.
#[test]
fn rules_for_opaque_tokens_take_no_jwt() {
    for kind in [TokenKind::Introspection, TokenKind::UserInfo] {
        let opaque = settings(ProviderKind::Oidc, &[rule(kind, &["edge"], &["edge"])]);
        assert_eq!(refusal(&opaque, None, &claims(json!({}))), Some(BearerError::Kind));
    }
}
