//! What a program is told, to the letter (RFC 6750 3, RFC 9110 11.6.1), and what is more or less than one token.

use e2e::{CLIENT_ID, Habits, WebSocket, health_client};
use http::Method;
use serde_json::json;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;

use crate::{INVALID, MALFORMED, PLAIN, ROBOT, first_rule, forged, programs, refused, user, with};

#[tokio::test]
async fn without_credentials_there_is_a_challenge_and_the_way_to_sign_in() {
    let mut world = programs().start().await;
    for habits in [Habits::default(), Habits::default().http2()] {
        let program = world.person_with(habits);
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = program.ask(method, "/x").send().await;
            refused(&answer, 401, "login_required", PLAIN);
            assert_eq!(answer.json()["sign_in"], "https://app.example.com/oauth2/sign-in");
        }
        let head = program.ask(Method::HEAD, "/x").send().await;
        assert_eq!((head.status, head.all("www-authenticate"), head.body.len()), (401, vec![PLAIN], 0));
    }
    world.assert_all_workers_alive().await;
}

// T-45
#[tokio::test]
async fn two_headers_or_two_tokens_in_one_are_a_malformed_request() {
    let mut world = programs().start().await;
    let token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    let good = format!("Bearer {token}");
    for habits in [Habits::default(), Habits::default().http2()] {
        let grace = world.person_with(habits);
        grace.sign_in("grace", "/").await;
        for other in [good.as_str(), "Bearer x", "Basic YWRhOng="] {
            let ask = grace.ask(Method::GET, "/x").header("authorization", &good).also("authorization", other);
            refused(&ask.send().await, 400, "bearer_malformed", MALFORMED);
        }
        for value in ["Bearer", "Bearer ", &format!("{good}, {good}"), &format!("{good},Basic x"), "Bearer a\"b"] {
            let ask = grace.ask(Method::GET, "/x").header("authorization", value);
            refused(&ask.send().await, 400, "bearer_malformed", MALFORMED);
        }
        // Envoy makes one line of the two, which begins with a scheme that is the application's.
        let ask = grace.ask(Method::GET, "/x").header("authorization", "Basic YWRhOng=").also("authorization", &good);
        refused(&ask.send().await, 400, "bearer_malformed", MALFORMED);
    }
    for (name, folded) in [("AUTHORIZATION", "aUTHorization"), ("authorization", "Authorization")] {
        let mut raw = world.raw().await;
        let lines = format!("{name}: {good}\r\n{folded}: {good}\r\n");
        let answer = raw.ask(format!("GET /x HTTP/1.1\r\nhost: app.example.com\r\n{lines}\r\n")).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (400, Some(MALFORMED)), "{}", answer.head);
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn the_scheme_is_written_in_any_case_and_other_schemes_are_the_applications() {
    let mut world = programs().start().await;
    let program = world.person();
    let token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let ask = program.ask(Method::GET, "/x").header("authorization", format!("{scheme} {token}"));
        assert_eq!(user(&ask.send().await), ["ada@example.com"]);
    }
    for other in ["Basic YWRhOng=", "Negotiate YII=", &token] {
        let ask = program.ask(Method::GET, "/x").header("authorization", other);
        refused(&ask.send().await, 401, "login_required", PLAIN);
    }
    let grace = world.person();
    grace.sign_in("grace", "/").await;
    let answer = grace.ask(Method::GET, "/x").header("authorization", "Basic YWRhOng=").send().await;
    assert_eq!(user(&answer), ["grace@example.com"]);
    assert_eq!(answer.forwarded().all("authorization"), ["Basic YWRhOng="]);
    world.assert_all_workers_alive().await;
}

// RFC 9700 4.3.2
#[tokio::test]
async fn a_token_elsewhere_than_in_the_header_is_none() {
    let mut world = programs().start().await;
    let program = world.person();
    let token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    let form = format!("access_token={token}");
    refused(&program.get(&format!("/x?{form}")).await, 401, "login_required", PLAIN);
    let ask = program.ask(Method::POST, "/x").header("content-type", "application/x-www-form-urlencoded");
    refused(&ask.body(form.clone()).send().await, 401, "login_required", PLAIN);
    for (name, value) in [
        ("cookie", form.as_str()),
        ("proxy-authorization", &format!("Bearer {token}")),
        ("x-forwarded-access-token", &token),
        ("x-auth-token", &token),
    ] {
        refused(&program.ask(Method::GET, "/x").header(name, value).send().await, 401, "login_required", PLAIN);
    }
    world.assert_all_workers_alive().await;
}

// RFC 6750 3.1
#[tokio::test]
async fn a_scope_that_is_missing_is_named_and_a_group_is_told_in_words() {
    let builder = programs().plugin(|plugin| {
        let rule = |path: &str, require| json!({ "match": { "path": { "prefix": path } }, "action": "authenticate", "require": require });
        first_rule(plugin, rule("/write", json!({ "scopes": ["edge/write"] })));
        first_rule(plugin, rule("/admin", json!({ "groups": { "any": ["admins"] } })));
    });
    let mut world = builder.start().await;
    let (program, control) = (world.person(), world.control());
    let machine = |scope: &'static str| {
        control.mint_machine_token(ROBOT, |claims| drop(claims.insert("scope".into(), json!(scope))))
    };
    assert_eq!(user(&with(&program, "/write", &machine("edge/read edge/write")).send().await).len(), 1);
    let wanted = r#"Bearer realm="app.example.com", error="insufficient_scope", scope="edge/write""#;
    for scope in ["edge/read", "edge/writes", "EDGE/WRITE", ""] {
        refused(&with(&program, "/write", &machine(scope)).send().await, 403, "requirement_unmet", wanted);
    }
    let grace = control.mint_id_token("grace", CLIENT_ID, None, |_| {});
    let answer = with(&program, "/admin", &grace).send().await;
    refused(&answer, 403, "requirement_unmet", "");
    assert!(answer.json()["error_description"].as_str().unwrap().contains("admins"), "{answer}");
    let ada = control.mint_id_token("ada", CLIENT_ID, None, |_| {});
    assert_eq!(user(&with(&program, "/admin", &ada).send().await), ["ada@example.com"]);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_web_socket_and_a_grpc_call_come_in_by_token_too() {
    let mut world = programs().start().await;
    let token = world.control().mint_id_token("ada", CLIENT_ID, None, |_| {});
    let socket = WebSocket::open(&world.net, "/ws", &[("authorization", &format!("Bearer {token}"))]).await;
    assert!(socket.is_ok(), "{:?}", socket.err().map(|answer| answer.head));
    let mut client = health_client(&world.net).await;
    for (value, code) in
        [(format!("Bearer {}", forged(&token)), Code::Unauthenticated), ("Bearer".into(), Code::InvalidArgument)]
    {
        let mut request = Request::new(HealthCheckRequest::default());
        request.metadata_mut().insert("authorization", value.parse().unwrap());
        assert_eq!(client.check(request).await.unwrap_err().code(), code);
    }
    let answer = world
        .person()
        .ask(Method::GET, "/x")
        .header("authorization", format!("Bearer {}", forged(&token)))
        .send()
        .await;
    refused(&answer, 401, "jwt_signature", INVALID);
    world.assert_all_workers_alive().await;
}
