//! Behind the filter: the session's ID token is handed on, verified again, and decides.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Answer, CLIENT_ID};
use http::Method;
use serde_json::Value;

use crate::istio;

/// The claims of the token that reached the application.
fn handed_on(answer: &Answer) -> Value {
    let [value] = answer.forwarded().all("authorization")[..] else { panic!("one header: {answer}") };
    let token = value.strip_prefix("Bearer ").expect("a bearer token");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn everybody_reads_and_admins_write_by_the_token_that_is_handed_on() {
    let mut world = istio().workers(2).start().await;
    let (ada, grace) = (world.person(), world.person());
    ada.sign_in("ada", "/").await;
    grace.sign_in("grace", "/").await;
    for (person, email) in [(&ada, "ada@example.com"), (&grace, "grace@example.com")] {
        let claims = handed_on(person.get("/x").await.expect(200));
        assert_eq!((claims["email"].as_str(), claims["aud"].as_str()), (Some(email), Some(CLIENT_ID)));
        assert_eq!(claims["token_use"], "id");
    }
    ada.post("/x", "body").await.expect(200).forwarded();
    let denied = grace.post("/x", "body").await;
    assert_eq!(denied.expect(403).expect_not_forwarded().text(), "RBAC: access denied");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn somebody_who_has_just_joined_the_group_writes_after_the_next_sign_in() {
    let mut world = istio().start().await;
    let grace = world.person();
    grace.sign_in("grace", "/").await;
    grace.post("/x", "body").await.expect(403).expect_not_forwarded();
    world.control().edit_user("grace", |user| user.groups = vec!["admins".to_owned()]);
    grace.forget_cookies();
    grace.sign_in("grace", "/").await;
    grace.post("/x", "body").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn public_paths_need_no_token_and_hand_none_on() {
    let mut world = istio().start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    for person in [&ada, &world.person()] {
        for path in ["/healthz", "/healthz/live"] {
            let answer = person.ask(Method::GET, path).send().await;
            assert!(answer.expect(200).forwarded().all("authorization").is_empty());
        }
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn whoever_has_not_signed_in_is_sent_to_the_provider_not_refused_by_rbac() {
    let mut world = istio().start().await;
    world.person().begin("/x").await;
    world.person().get("/x").await.expect(401).expect_not_forwarded();
    world.assert_all_workers_alive().await;
}
