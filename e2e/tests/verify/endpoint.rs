//! The verify endpoint: three answers, and only its own path names what is asked about.

use std::time::Duration;

use e2e::{Answer, CLIENT_ID, Habits, Person, World};
use http::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::verifying;

const PLAIN: &str = r#"Bearer realm="app.example.com""#;

async fn verdict(person: &Person, path: &str) -> Answer {
    let answer = person.ask(Method::GET, &format!("/oauth2/verify{path}")).send().await;
    answer.expect_not_forwarded();
    assert_eq!(answer.all("cache-control"), ["no-store"], "{answer}");
    answer
}

/// That it may go on, as whom.
#[track_caller]
fn may(answer: &Answer, user: &[&str], groups: &[&str]) {
    answer.expect(204);
    assert_eq!((answer.all("kubeflow-userid"), answer.all("kubeflow-groups")), (user.to_vec(), groups.to_vec()));
    assert!(answer.body.is_empty());
}

/// That it may not.
#[track_caller]
fn may_not(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.expect(status).json()["error"].as_str(), answer.all("location")), (Some(code), vec![]));
    assert!(answer.all("kubeflow-userid").is_empty(), "{answer}");
    let challenge = if status == 401 { vec![PLAIN] } else { vec![] };
    assert_eq!(answer.all("www-authenticate"), challenge, "{answer}");
}

async fn signed_in(world: &World, user: &str) -> Person {
    let person = world.person();
    person.sign_in(user, "/").await;
    person
}

#[tokio::test]
async fn a_session_is_answered_204_with_the_identity_and_nothing_reaches_the_application() {
    let mut world = verifying().workers(2).start().await;
    let ada = signed_in(&world, "ada").await;
    for habits in [Habits::default().fresh_connections(), Habits::default().http2()] {
        for path in ["/x", "/x/y?z=1", "/", "", "/admin/x"] {
            may(&verdict(&ada.with(habits), path).await, &["ada@example.com"], &["admins,data-science"]);
        }
    }
    may(&verdict(&ada, "/healthz").await, &[], &[]);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn strangers_are_answered_401_and_never_sent_anywhere() {
    let mut world = verifying().start().await;
    let stranger = world.person();
    for path in ["/x", "/admin", "/"] {
        may_not(&verdict(&stranger, path).await, 401, "login_required");
    }
    // However much it looks like a person: whoever asks is a proxy.
    let page = stranger.look("/oauth2/verify/x").await;
    may_not(&page, 401, "login_required");
    assert!(page.all("set-cookie").is_empty() && stranger.cookies().is_empty(), "{page}");
    may(&verdict(&stranger, "/healthz/live").await, &[], &[]);
    may(&verdict(&stranger, "/open/x").await, &[], &[]);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn what_is_not_allowed_is_answered_403_to_whoever_asks() {
    let mut world = verifying().start().await;
    let (stranger, ada, grace) = (world.person(), signed_in(&world, "ada").await, signed_in(&world, "grace").await);
    may_not(&verdict(&grace, "/admin/x").await, 403, "requirement_unmet");
    for person in [&stranger, &ada] {
        may_not(&verdict(person, "/never/x").await, 403, "denied");
        may_not(&verdict(person, "/healthz/..%2fx").await, 403, "ambiguous_path");
    }
    let token = world.control().mint_id_token("grace", CLIENT_ID, None, |_| {});
    for (value, status) in
        [(format!("Bearer {token}"), 204), (format!("Bearer {token}, x"), 403), ("Bearer x".into(), 401)]
    {
        let answer = ada.ask(Method::GET, "/oauth2/verify/x").header("authorization", &value).send().await;
        answer.expect(status).expect_not_forwarded();
        assert_eq!(answer.all("kubeflow-userid"), if status == 204 { vec!["grace@example.com"] } else { vec![] });
    }
    world.assert_all_workers_alive().await;
}

/// Asks with a header that names another path, and with others that name another method and host.
async fn misled(person: &Person, path: &str, header: &str, value: &str) -> Answer {
    let ask = person.ask(Method::GET, &format!("/oauth2/verify{path}")).header(header, value);
    let ask = ["x-original-method", "x-forwarded-method"].into_iter().fold(ask, |ask, name| ask.header(name, "POST"));
    ask.header("x-forwarded-host", "other.example.com").send().await
}

// T-24: what is asked about stands in the path, and in no header that a client could have written.
#[tokio::test]
async fn no_header_says_what_is_asked_about() {
    let mut world = verifying().start().await;
    let (stranger, grace) = (world.person(), signed_in(&world, "grace").await);
    let headers = [
        "x-original-url",
        "x-original-uri",
        "x-forwarded-uri",
        "x-forwarded-path",
        "x-rewrite-url",
        "x-envoy-original-path",
        "x-auth-request-redirect",
        "x-replaced-path",
    ];
    for header in headers {
        for value in ["/healthz", "https://app.example.com/healthz"] {
            may_not(&misled(&stranger, "/x", header, value).await, 401, "login_required");
            may_not(&misled(&grace, "/admin/x", header, value).await, 403, "requirement_unmet");
            may_not(&misled(&grace, "/never", header, value).await, 403, "denied");
        }
    }
    world.assert_all_workers_alive().await;
}

// Applications may take the method of these headers for the request's own: there is no yes for two rules at once.
#[tokio::test]
async fn a_header_that_names_another_method_gets_a_yes_under_the_same_rule_only() {
    let mut world = verifying().start().await;
    let (stranger, ada) = (world.person(), signed_in(&world, "ada").await);
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        may(&misled(&ada, "/x", header, "POST").await, &["ada@example.com"], &["admins,data-science"]);
        may_not(&misled(&stranger, "/x", header, "POST").await, 401, "login_required");
        may(&misled(&ada, "/admin/x", header, "GET").await, &["ada@example.com"], &["admins,data-science"]);
        may_not(&misled(&ada, "/admin/x", header, "POST").await, 403, "ambiguous_path");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_session_that_was_refreshed_for_a_verdict_comes_with_it() {
    let strict = |plugin: &mut Value| plugin["providers"][0]["leeway"] = json!("0s");
    let mut world = verifying().plugin(strict).start().await;
    let tokens_last = |seconds| {
        world.control().set_behaviour(|behaviour| {
            behaviour.client_lifetimes.entry(CLIENT_ID.to_owned()).or_default().id_token_seconds = seconds;
        });
    };
    let refreshed = || world.control().counters().refresh.succeeded;
    tokens_last(Some(4));
    let ada = signed_in(&world, "ada").await;
    tokens_last(None);
    sleep(Duration::from_secs(5)).await;
    let (before, cookies) = (refreshed(), ada.cookie_header());
    let answer = verdict(&ada, "/x").await;
    may(&answer, &["ada@example.com"], &["admins,data-science"]);
    assert_eq!(refreshed(), before + 1);
    assert!(!answer.all("set-cookie").is_empty() && ada.cookie_header() != cookies, "{answer}");
    may(&verdict(&ada, "/x").await, &["ada@example.com"], &["admins,data-science"]);
    assert_eq!(refreshed(), before + 1);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn it_is_off_unless_configured_and_on_other_hosts() {
    let mut world = World::start().await;
    let ada = signed_in(&world, "ada").await;
    let answer = ada.get("/oauth2/verify/x").await;
    assert_eq!(answer.expect(200).forwarded().path, "/oauth2/verify/x", "it is the application's");
    world.assert_all_workers_alive().await;
    let mut world = verifying().plugin(|plugin| plugin["paths"]["verify"] = json!("/auth")).start().await;
    let ada = signed_in(&world, "ada").await;
    may(&ada.get("/auth/x").await, &["ada@example.com"], &["admins,data-science"]);
    for path in ["/authx", "/AUTH/x", "/oauth2/verify/x"] {
        assert_eq!(ada.get(path).await.expect(200).forwarded().path, path);
    }
    let other = ada.ask(Method::GET, "/auth/x").header("host", "other.example.com").send().await;
    other.expect(401).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}
