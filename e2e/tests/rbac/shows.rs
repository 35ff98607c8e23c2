//! What stands in the filter state and in the access log, and that it is one request's alone.

use std::time::Duration;

use devkit::cognito::TokenKind;
use e2e::{CLIENT_ID, Person, World};
use http::Method;
use serde_json::{Value, json};

use crate::rbac;

const NAMES: [&str; 4] = ["user", "groups", "provider", "subject"];

/// The line of the access log for a path.
async fn line(world: &World, path: &str) -> Value {
    let text = format!(r#""path":"{path}""#);
    assert!(world.envoy.logged(&text, Duration::from_secs(5)).await, "{path}: {}", world.envoy.log_tail());
    let log = world.envoy.log();
    let line = log.lines().find(|line| line.contains(&text)).expect("a line");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[tokio::test]
async fn the_access_log_says_who_it_was_and_nothing_of_strangers() {
    let mut world = rbac().start().await;
    let (ada, stranger) = (world.person(), world.person());
    ada.sign_in("ada", "/").await;
    ada.get("/by/ada").await.expect(200);
    let seen = line(&world, "/by/ada").await;
    assert_eq!((&seen["user"], &seen["groups"]), (&json!("ada@example.com"), &json!("admins,data-science")));
    let token = world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    let ask = stranger.ask(Method::POST, "/by/grace").header("authorization", format!("Bearer {token}"));
    ask.send().await.expect(403);
    let denied = line(&world, "/by/grace").await;
    assert_eq!((&denied["user"], &denied["groups"]), (&json!("grace@example.com"), &json!("data-science")));
    for (person, path) in [(&stranger, "/by/nobody"), (&ada, "/healthz/by/ada"), (&stranger, "/healthz/by/nobody")] {
        person.ask(Method::GET, path).header("kubeflow-userid", "root@example.com").send().await;
        let seen = line(&world, path).await;
        assert_eq!((&seen["user"], &seen["groups"]), (&Value::Null, &Value::Null), "{seen}");
    }
    world.assert_all_workers_alive().await;
}

/// A world in which Envoy writes the filter state into headers behind the filter.
async fn mirrored() -> World {
    let headers = NAMES.map(|name| {
        let value = format!("%FILTER_STATE(wasm.edge_oidc_{name}:PLAIN)%");
        // Without the empty value, what a client sent in a header of that name would stay.
        json!({
            "header": { "key": format!("x-state-{name}"), "value": value },
            "keep_empty_value": true,
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        })
    });
    let builder = rbac().http_manager(move |http| http["route_config"]["request_headers_to_add"] = json!(headers));
    builder.workers(1).start().await
}

fn state(received: &devkit::upstream::Received) -> [Option<&str>; 4] {
    NAMES.map(|name| received.header(&format!("x-state-{name}")).filter(|value| !matches!(*value, "" | "-")))
}

#[tokio::test]
async fn all_four_values_stand_there_for_filters_and_routes() {
    let mut world = mirrored().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let claims = world.control().claims(TokenKind::Id, "ada", CLIENT_ID, None);
    let (sub, email, groups) = (claims["sub"].as_str(), Some("ada@example.com"), Some("admins,data-science"));
    let answer = ada.ask(Method::GET, "/x").header("x-state-user", "root@example.com").send().await;
    assert_eq!(state(answer.expect(200).forwarded()), [email, groups, Some("default"), sub]);
    let answer = ada.ask(Method::GET, "/healthz").header("x-state-user", "root@example.com").send().await;
    assert_eq!(state(answer.expect(200).forwarded()), [None; 4]);
    world.assert_all_workers_alive().await;
}

/// One request of `person` on a connection that others use, too.
fn request(person: &Person, method: &str, path: &str) -> String {
    let cookie = person.cookie_header();
    format!("{method} {path} HTTP/1.1\r\nhost: app.example.com\r\ncookie: {cookie}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn nothing_is_left_for_the_next_request_on_the_connection() {
    let mut world = mirrored().await;
    let (ada, grace, stranger) = (world.person(), world.person(), world.person());
    ada.sign_in("ada", "/").await;
    grace.sign_in("grace", "/").await;
    world.upstream.clear();
    let mut socket = world.raw().await;
    for (person, method, path, status) in [
        (&ada, "POST", "/1", 200),
        (&grace, "POST", "/2", 403),
        (&grace, "GET", "/3", 200),
        (&stranger, "GET", "/healthz/4", 200),
        (&stranger, "GET", "/5", 401),
        (&ada, "POST", "/6", 200),
    ] {
        let answer = socket.ask(request(person, method, path)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.head);
    }
    let seen = world.upstream.requests();
    let users: Vec<_> = seen.iter().map(|seen| (seen.path.as_str(), state(seen)[0])).collect();
    let (ada, grace) = (Some("ada@example.com"), Some("grace@example.com"));
    assert_eq!(users, [("/1", ada), ("/3", grace), ("/healthz/4", None), ("/6", ada)]);
    world.assert_all_workers_alive().await;
}
