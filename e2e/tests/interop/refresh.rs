//! Sessions that outlive their tokens. This provider gives a refresh token without `offline_access`; where it rotates, a
//! refresh token that comes twice ends all of the sign-in.

use std::time::Duration;

use devkit::oidc_provider::Client;
use e2e::{Answer, Person};
use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use tokio::time::sleep;
use url::Url;

use crate::world::World;

/// How long ID tokens last: time enough to finish a sign-in.
const LASTS: Duration = Duration::from_secs(4);
const HOUR: Duration = Duration::from_hours(1);
const CROWD: usize = 40;

/// A world that forgives no second.
async fn with_short_tokens(change: impl FnOnce(Client) -> Client + 'static) -> World {
    let shape = World::shape("client_secret_basic", "ES256").workers(2);
    let shape = shape.client(|client| change(client.with_lifetimes(LASTS, HOUR, HOUR)));
    shape.plugin(|plugin| plugin["providers"][0]["leeway"] = json!("0s")).start().await
}

/// What a program gets that brings exactly these cookies.
async fn get_with(program: &Person, cookies: &str) -> Answer {
    let ask = program.ask(Method::GET, "/who").header("accept", "application/json");
    ask.without_cookies().header("cookie", cookies).send().await
}

/// A crowd brings the cookies of a session whose tokens are over: one of them has it renewed, and everybody is served.
async fn one_refresh_serves_a_crowd(world: &World, program: &Person, old: &str) {
    sleep(LASTS).await;
    let before = world.count("grant.success");
    let answers = join_all((0..CROWD).map(|_| get_with(program, old))).await;
    for answer in &answers {
        let seen = answer.expect(200).forwarded();
        assert_eq!(seen.header("kubeflow-userid"), Some("ada@example.com"), "{answer}");
        assert_eq!(seen.header("kubeflow-groups"), Some("admins,data-science"), "{answer}");
        let given = answer.all("set-cookie");
        assert!(
            given.iter().any(|line| line.starts_with("__Host-edge_oidc=") && !line.contains("Max-Age=0")),
            "{answer}"
        );
        assert_eq!(answer.all("cache-control"), ["private, no-store"], "{answer}");
    }
    world.until_counted("grant.success", before + 1).await;
}

/// Two rounds, so that what the first one brought is of use; then the way out, with the newest refresh token.
async fn is_renewed(rotate: bool) {
    let change = if rotate { Client::with_rotation } else { |client| client };
    let world = with_short_tokens(change).await;
    let (person, program) = (world.person(), world.program());
    world.sign_in(&person, "ada", "/a").await.expect(200);
    let oldest = person.cookie_header();
    one_refresh_serves_a_crowd(&world, &program, &oldest).await;
    let newer = program.cookie_header();
    assert_ne!(newer, oldest);
    one_refresh_serves_a_crowd(&world, &program, &newer).await;
    // Who was away meanwhile brings the first one, and does no harm.
    get_with(&program, &oldest).await.expect(200);
    let workers = world.envoy.stats("listener.").await.unwrap().into_iter();
    let idle = workers.filter(|(name, count)| name.contains(".worker_") && name.ends_with("cx_total") && *count == 0);
    assert_eq!(idle.count(), 0, "a worker had nothing to do");
    for event in ["grant.error", "grant.revoked"] {
        assert_eq!(world.count(event), 0, "{:?}", world.provider.events());
    }
    assert_eq!(world.count("refresh_token.consumed"), if rotate { 2 } else { 0 });
    program.look("/oauth2/sign-out").await.expect(200);
    world.until_counted("grant.revoked", 1).await;
    for cookies in [&oldest, &newer] {
        get_with(&program, cookies).await.expect(401).expect_not_forwarded();
    }
}

#[tokio::test]
async fn a_session_is_renewed_once_for_everybody_where_refresh_tokens_stay() {
    is_renewed(false).await;
}

#[tokio::test]
async fn a_session_is_renewed_once_for_everybody_where_refresh_tokens_change() {
    is_renewed(true).await;
}

#[tokio::test]
async fn who_is_signed_in_is_said_with_what_the_refresh_brought() {
    let world = with_short_tokens(Client::with_rotation).await;
    let person = world.person();
    world.sign_in(&person, "grace", "/a").await.expect(200);
    let before = person.get("/oauth2/whoami").await.expect(200).json();
    sleep(LASTS).await;
    let answer = person.get("/oauth2/whoami").await;
    let after = answer.expect(200).expect_not_forwarded().json();
    for said in [&before, &after] {
        assert_eq!(said["issuer"], world.provider.issuer(), "{said}");
        assert_eq!(said["headers"]["kubeflow-userid"], "grace@example.com", "{said}");
        assert_eq!(said["headers"]["kubeflow-groups"], "data-science", "{said}");
        assert_eq!(said["tokens_are_renewed"], true, "{said}");
    }
    let end = |said: &serde_json::Value| said["tokens_expire_at"].as_u64().unwrap();
    assert!(end(&after) >= end(&before) + LASTS.as_secs(), "{before} {after}");
    assert_eq!(after["session_expires_at"], before["session_expires_at"], "a refresh prolongs no session");
}

#[tokio::test]
async fn a_session_that_the_provider_ended_is_over_with_its_tokens_and_the_password_is_asked_again() {
    let world = with_short_tokens(Client::with_rotation).await;
    let person = world.person();
    world.sign_in(&person, "ada", "/a").await.expect(200);
    let end_session = Url::parse(world.provider.issuer()).unwrap().join("/session/end").unwrap();
    world.leave(&person, &end_session).await;
    sleep(LASTS).await;
    let refused = person.get("/api").await;
    refused.expect(401).expect_not_forwarded();
    assert!(person.cookies().iter().all(|cookie| cookie.name != "__Host-edge_oidc"), "{:?}", person.cookies());
    assert_eq!(world.count("grant.error"), 1, "{:?}", world.provider.events());
    assert!(world.asks_for_a_password(&person, "/b").await);
    assert_eq!(
        world.sign_in(&person, "grace", "/b").await.forwarded().header("kubeflow-userid"),
        Some("grace@example.com")
    );
}
