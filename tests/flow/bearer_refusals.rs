//! Bearer tokens that are refused: what their programs are told, and that nothing beside the token helps.

use edge_oidc::http::reply::GrpcStatus;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    programs::{
        ACCOUNT, INVALID, MALFORMED, access_token, account_token, changed, forged, id_token, program, refused, rule,
        told, world,
    },
    signing::encode,
    world::{CLIENT, PERSON, World},
};

fn on_every_rule() -> World {
    let mut number = 0;
    world(|tree| {
        for how in ["auto", "login", "challenge", "pass"] {
            number += 1;
            let path = json!({ "path": { "prefix": format!("/{how}") } });
            rule(tree, &json!({ "match": path, "unauthenticated": how, "name": format!("rule {number}") }));
        }
    })
}

/// Tokens of every kind that must be refused, each with its code.
fn bad(world: &World) -> Vec<(String, &'static str)> {
    let other = |changes| access_token(world, &changes);
    let id = |changes| id_token(world, &changes);
    let unsigned = |header: Value| {
        let token = id(json!({}));
        let (_, rest) = token.split_once('.').unwrap();
        format!("{}.{rest}", encode(header.to_string()))
    };
    let past = world.now.secs() - 120;
    vec![
        (forged(&id(json!({}))), "jwt_signature"),
        // T-109
        (id(json!({ "exp": past })), "bearer_expired"),
        (forged(&id(json!({ "exp": past }))), "jwt_signature"),
        (id(json!({ "nbf": world.now.secs() + 120 })), "bearer_nbf"),
        // T-165
        (id(json!({ "aud": "another" })), "bearer_aud"),
        (other(json!({ "aud": CLIENT })), "bearer_aud"),
        (account_token(world, &json!({ "aud": "https://kubernetes.default.svc" })), "bearer_aud"),
        // T-152: a token of one kind with another's claims.
        (id(json!({ "client_id": "robot" })), "bearer_typ"),
        (id(json!({ "events": {} })), "bearer_typ"),
        (other(json!({ "cnf": { "jkt": "x" } })), "bearer_cnf"),
        (id(json!({ "sub": ACCOUNT })), "bearer_aud"),
        (account_token(world, &json!({ "sub": "system:serviceaccount:kubeflow:admin" })), "bearer_claim"),
        // T-36: an issuer that is nobody's is invalid, not missing.
        (id(json!({ "iss": "https://evil.example" })), "bearer_iss"),
        (id(json!({ "iss": null })), "bearer_iss"),
        (id(json!({ "iss": ["https://idp.example.net"] })), "bearer_iss"),
        // T-116: nothing that is not signed is believed, whatever it says.
        (unsigned(json!({ "alg": "none" })), "jwt_algorithm_unsupported"),
        (unsigned(json!({ "alg": "HS256", "kid": "key-1" })), "jwt_algorithm_unsupported"),
        (unsigned(json!({ "alg": "ES256", "kid": "key-1", "typ": "JWT" })), "jwt_signature"),
        // Nobody vouches for it.
        ("2YotnFZFEjr1zCsicMWpAA".to_owned(), "bearer_inactive"),
        ("a=b".to_owned(), "bearer_form"),
        ("a".repeat(5000), "bearer_form"),
    ]
}

/// Whether signed in or not, and whatever the rule makes of those who bring nothing.
#[test]
fn a_bad_token_is_refused_whatever_comes_with_it() {
    let mut world = on_every_rule();
    for signed_in in [false, true] {
        for (token, code) in bad(&world) {
            for path in ["/", "/auto", "/login", "/challenge", "/pass"] {
                told(&world.send(&program(path, &token)), 401, code, INVALID);
            }
        }
        if !signed_in {
            world.sign_in();
        }
    }
    assert!(world.get("/").passed());
}

// T-36
#[test]
fn who_may_come_as_nobody_may_not_come_with_a_bad_token() {
    let mut world = on_every_rule();
    let nobody = world.send(&Request::bare("/pass").with("kubeflow-userid", "root"));
    assert_eq!((nobody.got("kubeflow-userid"), nobody.passed()), (vec![], true));
    let token = id_token(&world, &json!({}));
    assert_eq!(world.send(&program("/pass", &token)).got("kubeflow-userid"), [PERSON]);
    told(&world.send(&program("/pass", &forged(&token))), 401, "jwt_signature", INVALID);
    told(&world.send(&program("/pass", "")), 400, "bearer_malformed", MALFORMED);
}

fn clients() -> Vec<(&'static str, Request)> {
    vec![
        ("text/html; charset=utf-8", Request::navigation("/")),
        ("text/html; charset=utf-8", Request::navigation("/").set("sec-fetch-dest", "iframe")),
        ("text/html; charset=utf-8", Request::navigation("/").posting("a=b")),
        ("application/json", Request::fetch("/")),
        ("application/json", Request::web_socket("/").with("origin", "https://app.example.com")),
        ("application/json", Request::bare("/")),
    ]
}

/// A person's browser is shown a page, with all that a program is told; nobody is sent to sign in.
#[test]
fn whoever_sends_a_bad_token_is_told_so_and_sent_nowhere() {
    let mut world = world(|_| {});
    let token = forged(&id_token(&world, &json!({})));
    world.sign_in();
    for (form, request) in clients() {
        let with = |value: &str| request.clone().with("authorization", value);
        let answer = world.send(&with(&format!("Bearer {token}")));
        refused(&answer, 401, "jwt_signature", INVALID);
        assert_eq!(answer.header("content-type"), Some(form));
        assert_ne!(answer.header("content-security-policy").is_some(), form == "application/json");
        let answer = world.send(&with("Bearer"));
        refused(&answer, 400, "bearer_malformed", MALFORMED);
        assert_eq!(answer.header("content-type"), Some(form));
    }
    assert!(world.session().is_some() && world.get("/").passed());
}

#[test]
fn what_is_said_of_a_token_shows_nothing_of_it() {
    let mut world = world(|_| {});
    for (token, _) in bad(&world) {
        let answer = world.send(&program("/", &token));
        let said = format!("{:?}", answer.reply());
        for part in token.split('.').filter(|part| part.len() > 3) {
            assert!(!said.contains(part));
        }
        assert!(!said.contains("evil") && !said.contains("https://idp"), "{said}");
        assert!(said.contains("The bearer token is not good here."));
    }
    let log = format!("{:?}", world.events);
    for secret in ["evil", PERSON, "kubernetes.default", "2YotnFZFEjr1zCsicMWpAA"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

fn grpc(answer: &Answer) -> (Option<GrpcStatus>, String) {
    assert!(answer.header("www-authenticate").is_none() && answer.status() == 200);
    (answer.reply().grpc_status(), answer.reply().body().to_owned())
}

#[test]
fn grpc_clients_get_a_status_of_their_own() {
    let mut world = world(|tree| rule(tree, &json!({ "require": { "scopes": ["admin"] } })));
    let call = |path: &str, value: &str| {
        Request::bare(path).by("POST").with("content-type", "application/grpc").with("authorization", value)
    };
    let good = access_token(&world, &json!({}));
    assert!(world.send(&call("/", &format!("Bearer {good}"))).passed());
    for (path, value, status, code) in [
        ("/", format!("Bearer {}", forged(&good)), GrpcStatus::Unauthenticated, "jwt_signature"),
        ("/", "Bearer".to_owned(), GrpcStatus::InvalidArgument, "bearer_malformed"),
        ("/", "Basic x".to_owned(), GrpcStatus::Unauthenticated, "login_required"),
        ("/app", format!("Bearer {good}"), GrpcStatus::PermissionDenied, "requirement_unmet"),
    ] {
        assert_eq!(grpc(&world.send(&call(path, &value))), (Some(status), code.to_owned()));
    }
    assert_eq!((GrpcStatus::Unauthenticated.code(), GrpcStatus::PermissionDenied.code()), (16, 7));
}

// RFC 6750 §3.1: insufficient_scope, 403, and "the scope attribute with the scope necessary to access the protected resource".
#[test]
fn a_token_that_was_granted_less_hears_what_would_do() {
    let mut world = world(|tree| {
        rule(tree, &json!({ "require": { "scopes": ["write", "admin"], "groups": { "none": ["bots"] } } }))
    });
    let lacking = r#"Bearer realm="app.example.com", error="insufficient_scope", scope="write admin""#;
    for scope in [json!("write"), json!("admin"), json!("write administrator"), json!(""), Value::Null] {
        let token = access_token(&world, &json!({ "scope": scope }));
        told(&world.send(&program("/app", &token)), 403, "requirement_unmet", lacking);
    }
    for scope in [json!("admin write"), json!("x write y admin")] {
        let token = access_token(&world, &json!({ "scope": scope }));
        assert_eq!(world.send(&program("/app", &token)).got("kubeflow-userid"), [PERSON]);
    }
    // Where more than a scope is lacking, another scope would not do.
    for changes in [json!({ "groups": ["bots"] }), json!({ "groups": ["bots"], "scope": "write admin" })] {
        let token = access_token(&world, &changes);
        let answer = world.send(&program("/app", &token));
        assert_eq!(answer.said(), (403, "requirement_unmet".to_owned()));
        assert_eq!(answer.header("www-authenticate"), None);
    }
}

// RFC 9470 §3
#[test]
fn a_token_of_too_weak_or_too_old_a_sign_in_hears_what_would_do() {
    let demand = json!({ "acrValues": ["urn:mfa", "phr"], "maxAge": "5m", "scopes": ["openid", "admin"] });
    let mut world = world(|tree| rule(tree, &json!({ "signIn": demand })));
    let now = world.now.secs();
    let good = json!({ "acr": "phr", "auth_time": now - 300, "scope": "admin openid" });
    let authentication = r#"Bearer realm="app.example.com", error="insufficient_user_authentication", acr_values="urn:mfa phr", max_age="300""#;
    let scope = r#"Bearer realm="app.example.com", error="insufficient_scope", scope="openid admin""#;
    for (changes, status, challenge) in [
        (json!({ "acr": "0" }), 401, authentication),
        (json!({ "acr": null }), 401, authentication),
        (json!({ "acr": ["phr"] }), 401, authentication),
        (json!({ "auth_time": now - 361 }), 401, authentication),
        (json!({ "auth_time": null }), 401, authentication),
        (json!({ "auth_time": now + 3600 }), 401, authentication),
        (json!({ "scope": "openid" }), 403, scope),
    ] {
        let token = access_token(&world, &changed(good.clone(), &changes));
        told(&world.send(&program("/app", &token)), status, "sign_in_too_weak", challenge);
        // A browser is sent nowhere either: another sign-in would not change the token.
        let page = Request::navigation("/app").with("authorization", &format!("Bearer {token}"));
        refused(&world.send(&page), status, "sign_in_too_weak", challenge);
        assert!(world.send(&program("/", &token)).passed());
    }
    let token = access_token(&world, &good);
    assert!(world.send(&program("/app", &token)).passed());
}
