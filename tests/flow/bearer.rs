//! Bearer tokens of programs: whom each kind lets in, and where a token is looked for.

use std::time::Duration;

use serde_json::json;

use crate::{
    message::Request,
    programs::{
        ACCOUNT, MALFORMED, PLAIN, access_token, account_token, changed, forged, id_token, program, refused, rule,
        told, world,
    },
    provider::COGNITO,
    world::{CLIENT, PERSON, World},
};

#[test]
fn every_kind_of_token_lets_its_program_through_as_whom_it_says() {
    let mut world = world(|_| {});
    let none = json!({});
    let tokens = [id_token(&world, &none), access_token(&world, &none), world.provider.opaque(PERSON)];
    for (token, groups) in tokens.iter().zip([vec!["team-a,b%2Cc".to_owned()], vec![], vec![]]) {
        let answer = world.send(&program("/", token).with("kubeflow-userid", "root").with("kubeflow-groups", "admins"));
        assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
        assert_eq!(answer.got("kubeflow-groups"), groups);
        assert_eq!(answer.got("authorization"), [format!("Bearer {token}")]);
        assert!(answer.cookies().is_empty());
    }
    let account = account_token(&world, &none);
    assert_eq!(world.send(&program("/", &account)).got("kubeflow-userid"), [format!("pods:{ACCOUNT}")]);
}

#[test]
fn tokens_of_people_and_machines_of_a_user_pool_are_taken() {
    let mut tree = crate::world::cognito_config();
    tree["providers"][0]["bearer"] = json!([
        { "kind": "id_token", "audiences": [CLIENT] },
        { "kind": "access_token", "clientIds": ["machine"], "identity": { "userId": { "claim": "client_id", "prefix": "app:" } } },
    ]);
    let secret = crate::world::SECRET;
    let provider = crate::provider::Provider::cognito(CLIENT, secret, crate::world::CALLBACK);
    let mut world = World::new(&tree, provider);
    let now = world.now.secs();
    let common = json!({ "iss": COGNITO, "sub": "machine", "iat": now, "exp": now + 3600 });
    let access = json!({ "token_use": "access", "client_id": "machine", "scope": "edge/read" });
    let machine = world.provider.sign(None, &changed(common.clone(), &access));
    assert_eq!(world.send(&program("/", &machine)).got("kubeflow-userid"), ["app:machine"]);
    let id = json!({ "token_use": "id", "aud": CLIENT, "email": PERSON, "email_verified": true });
    let person = world.provider.sign(None, &changed(common.clone(), &id));
    assert_eq!(world.send(&program("/", &person)).got("kubeflow-userid"), [PERSON]);
    // T-152, T-165: the same pool's other clients, and either kind in the other's clothes.
    for (changes, code) in [
        (json!({ "token_use": "access", "client_id": CLIENT }), "bearer_client"),
        (json!({ "token_use": "access", "aud": "machine" }), "bearer_claim"),
        (json!({ "token_use": "id", "aud": "machine" }), "bearer_aud"),
        (json!({ "token_use": "id", "client_id": "machine" }), "bearer_claim"),
        (json!({ "aud": CLIENT, "client_id": "machine" }), "bearer_token_use"),
    ] {
        let token = world.provider.sign(None, &changed(common.clone(), &changes));
        told(&world.send(&program("/", &token)), 401, code, crate::programs::INVALID);
    }
}

// RFC 9110 §11.1: "It uses a case-insensitive token to identify the authentication scheme".
#[test]
fn the_scheme_is_written_in_any_case() {
    let mut world = world(|_| {});
    let token = id_token(&world, &json!({}));
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR  ", " Bearer ", "Bearer\t"] {
        let request = Request::bare("/").with("authorization", &format!("{scheme}{token} "));
        assert_eq!(world.send(&request).got("kubeflow-userid"), [PERSON], "{scheme:?}");
    }
}

// T-45
#[test]
fn more_or_less_than_one_token_is_a_malformed_request() {
    let mut world = world(|_| {});
    let token = id_token(&world, &json!({}));
    world.sign_in();
    for value in [
        "Bearer".to_owned(),
        "bearer ".to_owned(),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token},Basic a2ltOng="),
        format!("Basic a2ltOng=,Bearer {token}"),
        "Basic a2ltOng=, bearer".to_owned(),
        format!("Bearer {token} {token}"),
        format!("Bearer Bearer {token}"),
        "Bearer \u{e9}".to_owned(),
        "Bearer a\"b".to_owned(),
    ] {
        let request = Request::bare("/").with("authorization", &value);
        told(&world.send(&request), 400, "bearer_malformed", MALFORMED);
    }
    let digest = Request::bare("/").with("authorization", "Digest username=\"kim\", realm=\"bearer\"");
    assert_eq!(world.send(&digest).got("kubeflow-userid"), [PERSON]);
    let mut latin = Request::bare("/");
    latin.fields.push(("authorization".to_owned(), b"Bearer \xff\xfe".to_vec()));
    told(&world.send(&latin), 400, "bearer_malformed", MALFORMED);
    // No two fields of that name are ever taken, for which of them an application reads nobody knows.
    for other in ["Basic a2ltOng=", "", &format!("Bearer {token}")] {
        for fields in [[other, &format!("Bearer {token}")], [&format!("Bearer {token}"), other], [other, "Basic x"]] {
            let request = Request::bare("/").with("authorization", fields[0]).with("authorization", fields[1]);
            assert_eq!(world.send(&request).said(), (400, "malformed_request".to_owned()));
        }
    }
    assert!(world.get("/").passed());
}

#[test]
fn other_schemes_are_the_applications_and_the_cookie_decides() {
    let mut world = world(|_| {});
    let values =
        ["Basic a2ltOng=", "Negotiate YII=", "Bearerx y", "AWS4-HMAC-SHA256 Credential=a, Signature=b", "x", ""];
    for value in values {
        let request = Request::bare("/").with("authorization", value);
        told(&world.send(&request), 401, "login_required", PLAIN);
    }
    world.sign_in();
    for value in values {
        let answer = world.send(&Request::bare("/").with("authorization", value));
        assert_eq!(
            (answer.got("kubeflow-userid"), answer.got("authorization")),
            (vec![PERSON.into()], vec![value.into()])
        );
    }
}

#[test]
fn where_no_token_is_taken_the_header_is_the_applications() {
    let mut world = world(|tree| rule(tree, &json!({ "credentials": ["session"] })));
    let good = id_token(&world, &json!({}));
    told(&world.send(&program("/app", &good)), 401, "login_required", PLAIN);
    world.sign_in();
    for token in [good.as_str(), &forged(&good), "x", "", "a, Bearer b"] {
        let answer = world.send(&program("/app", token));
        assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
        assert_eq!(answer.got("authorization"), [format!("Bearer {token}")]);
    }
}

#[test]
fn where_only_tokens_are_taken_a_session_is_none() {
    let mut world = world(|tree| rule(tree, &json!({ "credentials": ["bearer"], "unauthenticated": "challenge" })));
    world.sign_in();
    refused(&world.get("/app"), 401, "bearer_absent", PLAIN);
    told(&world.send(&Request::fetch("/app")), 401, "bearer_absent", PLAIN);
    let token = id_token(&world, &json!({ "email": "lee@example.com" }));
    assert_eq!(world.send(&program("/app", &token)).got("kubeflow-userid"), ["lee@example.com"]);
}

#[test]
fn without_any_bearer_rule_no_header_is_looked_at() {
    let mut world = World::oidc();
    world.sign_in();
    for value in ["Bearer x", "Bearer", "Bearer x, Bearer y"] {
        let answer = world.send(&Request::bare("/").with("authorization", value));
        assert_eq!(answer.got("authorization"), [value]);
    }
}

#[test]
fn another_header_may_carry_the_token() {
    let mut world = world(|tree| tree["bearer"] = json!({ "header": "X-Auth-Token" }));
    let token = id_token(&world, &json!({}));
    told(&world.send(&program("/", &token)), 401, "login_required", PLAIN);
    let bare = Request::bare("/").with("authorization", "Bearer of the application");
    let answer = world.send(&bare.clone().with("x-auth-token", &format!("bearer {token}")));
    assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
    assert_eq!(answer.got("authorization"), ["Bearer of the application"]);
    told(&world.send(&bare.clone().with("x-auth-token", &token)), 401, "login_required", PLAIN);
    let two = bare.with("x-auth-token", "Bearer x").with("x-auth-token", "Bearer y");
    told(&world.send(&two), 400, "bearer_malformed", MALFORMED);
}

#[test]
fn the_bare_token_is_one_only_where_that_is_allowed() {
    let mut world = world(|tree| tree["bearer"] = json!({ "raw": true }));
    let token = id_token(&world, &json!({}));
    for value in [token.clone(), format!(" {token} "), format!("Bearer {token}")] {
        let answer = world.send(&Request::bare("/").with("authorization", &value));
        assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
    }
    for (value, status, code, challenge) in [
        ("Bearer", 400, "bearer_malformed", MALFORMED),
        (&*format!("{token},{token}"), 400, "bearer_malformed", MALFORMED),
        (&*forged(&token), 401, "jwt_signature", crate::programs::INVALID),
        ("Basic a2ltOng=", 401, "login_required", PLAIN),
        ("", 401, "login_required", PLAIN),
    ] {
        told(&world.send(&Request::bare("/").with("authorization", value)), status, code, challenge);
    }
}

// RFC 9700 §4.3.2: "Clients … MUST NOT pass access tokens in a URI query parameter".
#[test]
fn tokens_stand_in_the_header_and_nowhere_else() {
    let mut world = world(|_| {});
    let token = id_token(&world, &json!({}));
    let form = format!("access_token={token}");
    for request in [
        Request::bare(&format!("/?{form}")),
        Request::bare(&format!("/?authorization=Bearer%20{token}")),
        Request::bare("/").posting(&form),
        Request::bare("/").with("cookie", &form),
        Request::bare("/").with("x-access-token", &token).with("x-forwarded-access-token", &token),
        Request::bare("/").with("proxy-authorization", &format!("Bearer {token}")),
        Request::web_socket("/").with("sec-websocket-protocol", &format!("access_token, {token}")),
    ] {
        told(&world.send(&request), 401, "login_required", PLAIN);
    }
}

// A page of another site cannot make a browser send a token.
#[test]
fn a_web_socket_with_a_token_may_come_from_any_page() {
    let mut world = world(|_| {});
    world.sign_in();
    let foreign = Request::web_socket("/ws").with("origin", "https://evil.example");
    assert_eq!(world.send(&foreign).code(), "cross_origin_upgrade");
    let token = id_token(&world, &json!({ "email": "lee@example.com" }));
    let request = foreign.with("authorization", &format!("Bearer {token}"));
    assert_eq!(world.send(&request).got("kubeflow-userid"), ["lee@example.com"]);
}

#[test]
fn on_hosts_where_nobody_signs_in_tokens_count_and_nothing_else() {
    let mut world = world(|_| {});
    world.sign_in();
    let token = id_token(&world, &json!({}));
    let inside = "edge.kubeflow.svc.cluster.local:8443";
    assert_eq!(world.send(&program("/", &token).on(inside)).got("kubeflow-userid"), [PERSON]);
    let realm = r#"Bearer realm="edge.kubeflow.svc.cluster.local:8443""#;
    told(
        &world.send(&program("/", &forged(&token)).on(inside)),
        401,
        "jwt_signature",
        &format!("{realm}, error=\"invalid_token\""),
    );
    let cookies = world.cookie_line();
    told(&world.send(&Request::bare("/").on(inside).with("cookie", &cookies)), 401, "host_unknown", realm);
    assert_eq!(world.send(&Request::navigation("/").on(inside)).said(), (401, "host_unknown".to_owned()));
}

#[test]
fn a_token_is_good_until_its_exp_and_a_minute_of_grace() {
    let mut world = world(|_| {});
    let token = id_token(&world, &json!({ "exp": world.now.secs() + 300 }));
    assert!(world.send(&program("/", &token)).passed());
    world.advance(Duration::from_secs(358));
    assert!(world.send(&program("/", &token)).passed());
    world.advance(Duration::from_secs(3));
    told(&world.send(&program("/", &token)), 401, "bearer_expired", crate::programs::INVALID);
}
