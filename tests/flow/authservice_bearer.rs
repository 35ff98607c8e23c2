//! A session in a header beside bearer tokens: which of the two it is, and that neither is shown to whom it is not for.

use serde_json::{Value, json};

use crate::{
    authservice::{PUBLIC, is_kim, is_refused, script, signed_in, text, world_with},
    message::Request,
    programs::{INVALID, MALFORMED, access_token, every_kind, id_token, rule, told},
    world::World,
};

/// Tokens of every kind are taken, in `bearer`; sessions in `session`.
fn world(session: &str, bearer: Value) -> World {
    let world = world_with(session, |tree| {
        tree["providers"][0]["bearer"] = every_kind();
        tree["bearer"] = bearer;
        rule(tree, &json!({ "credentials": ["session"] }));
    });
    signed_in(world)
}

#[test]
fn in_one_header_a_session_is_told_from_every_kind_of_token() {
    for raw in [false, true] {
        let mut world = world("authorization", json!({ "raw": raw }));
        let none = json!({});
        let text = text(&world);
        let asked = world.provider.asked.clone();
        is_kim(&world.send(&script("/", "authorization", &format!("Bearer {text}"))), "authorization");
        is_kim(&world.send(&script("/", "authorization", &text)), "authorization");
        assert_eq!(world.provider.asked, asked, "the provider is shown no session");
        for token in [id_token(&world, &none), access_token(&world, &none), world.provider.opaque("kim@example.com")] {
            let answer = world.send(&script("/", "authorization", &format!("Bearer {token}")));
            assert_eq!(answer.got("authorization"), [format!("Bearer {token}")]);
        }
        // What is neither is a bad token, whatever cookie comes along.
        let long = "A".repeat(80);
        for value in ["Bearer a.b.c", &format!("Bearer {long}")] {
            let answer = world.send(&Request::navigation("/").with("authorization", value));
            assert!(answer.status() == 401 && answer.code() != "header_session_invalid", "{:?}", answer.said());
        }
        assert_eq!(world.send(&script("/", "authorization", "Bearer")).said(), (400, "bearer_malformed".to_owned()));
        assert_eq!(world.send(&Request::fetch("/").with("authorization", "Basic x")).got("authorization"), ["Basic x"]);
    }
}

#[test]
fn one_header_of_its_own_can_be_for_both_and_no_application_gets_either() {
    let mut world = world("x-auth-token", json!({ "header": "x-auth-token" }));
    let (text, token) = (text(&world), id_token(&world, &json!({})));
    for value in [format!("Bearer {text}"), text.clone(), format!("Bearer {token}")] {
        is_kim(&world.send(&script("/", "x-auth-token", &value)), "x-auth-token");
        assert!(world.send(&script(PUBLIC, "x-auth-token", &value)).got("x-auth-token").is_empty());
    }
    let answer = world.send(&script("/", "x-auth-token", "Bearer a.b.c"));
    assert!(answer.status() == 401 && answer.code() != "header_session_invalid");
    for value in ["x", "Basic x"] {
        is_refused(&world.send(&Request::fetch("/").with("x-auth-token", value)));
    }
    // Where tokens do not count, one is only something that is no session.
    is_refused(&world.send(&Request::fetch("/app").with("x-auth-token", &format!("Bearer {token}"))));
    is_kim(&world.send(&script("/app", "x-auth-token", &text)), "x-auth-token");
}

#[test]
fn a_session_and_a_token_in_two_headers_are_one_credential_too_many() {
    let mut world = world("x-auth-token", json!({}));
    let (text, token) = (text(&world), id_token(&world, &json!({ "email": "lee@example.com" })));
    let both = |value: &str| script("/", "x-auth-token", value).with("authorization", &format!("Bearer {token}"));
    told(&world.send(&both(&text)), 400, "header_session_malformed", MALFORMED);
    is_refused(&world.send(&both("x")));
    assert_eq!(world.send(&both("")).got("kubeflow-userid"), ["lee@example.com"]);
    // What is no token is the application's.
    let answer = world.send(&script("/", "x-auth-token", &text).with("authorization", "Basic a2ltOng="));
    assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
    assert_eq!(answer.got("authorization"), ["Basic a2ltOng="]);
}

#[test]
fn no_session_carries_a_token_past_that_nobody_judged() {
    for credentials in [json!(["bearer"]), json!(["bearer", "session"])] {
        let mut world = signed_in(world_with("x-auth-token", |tree| {
            tree["providers"][0]["bearer"] = every_kind();
            rule(tree, &json!({ "credentials": credentials, "unauthenticated": "pass" }));
        }));
        let text = text(&world);
        let forged = |value: &str| script("/app", "x-auth-token", value).with("authorization", "Bearer a.b.c");
        assert_eq!(world.send(&forged("")).status(), 401);
        told(&world.send(&forged(&text)), 400, "header_session_malformed", MALFORMED);
    }
}

#[test]
fn where_only_tokens_count_no_session_does_and_no_provider_is_asked_about_it() {
    for header in ["authorization", "x-auth-token"] {
        let mut world = signed_in(world_with(header, |tree| {
            tree["providers"][0]["bearer"] = every_kind();
            rule(tree, &json!({ "credentials": ["bearer"] }));
        }));
        let text = text(&world);
        let asked = world.provider.asked.clone();
        let answer = world.send(&script("/app", header, &text));
        assert_eq!(answer.said(), (401, "bearer_absent".to_owned()));
        told(
            &world.send(&script("/app", "x-auth-token", "x")),
            401,
            if header == "authorization" { "bearer_absent" } else { "header_session_invalid" },
            if header == "authorization" { crate::programs::PLAIN } else { INVALID },
        );
        assert_eq!(world.provider.asked, asked);
    }
}

#[test]
fn where_a_token_of_ours_is_handed_on_it_stands_in_the_place_of_the_session() {
    let mut world = signed_in(world_with("authorization", |tree| {
        tree["identity"]["forward"] = json!({ "accessToken": { "header": "authorization" } });
    }));
    let text = text(&world);
    let answer = world.send(&script("/", "authorization", &text));
    let handed = answer.got("authorization");
    assert!(handed.len() == 1 && !handed[0].contains(&text) && handed[0].starts_with("Bearer "), "{handed:?}");
}
