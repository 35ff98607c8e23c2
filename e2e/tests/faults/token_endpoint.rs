//! Every way in which the token endpoint can fail: an honest page, no session, and the next sign-in works.

use devkit::cognito::{Endpoint, Fault};
use e2e::{Person, World};

use crate::support::{callback, expect_failed, expect_try_later, impatient, mend, spoil};

/// Words of the provider's that no page may repeat.
const PROVIDERS_WORDS: &[&str] =
    &["back soon", "Forbidden", "Too Many Requests", "Rate exceeded", "too_many_requests", "server_error", "SPOKEN-BY"];

/// Answers after which waiting may help.
fn failures() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::Slow { milliseconds: 3000 }, "token_unavailable"),
        (Fault::NoAnswer, "token_unavailable"),
        (Fault::HangUp, "token_unavailable"),
        (Fault::InternalServerError, "token_unavailable"),
        (Fault::ServiceUnavailable, "token_unavailable"),
        (Fault::TooManyRequestsJson, "token_unavailable"),
        (Fault::TooManyRequestsHtml, "token_unavailable"),
        (Fault::TooManyRequestsEmpty, "token_unavailable"),
        (Fault::ThrottledJson, "token_unavailable"),
        (Fault::ForbiddenHtml, "token_unavailable"),
        (Fault::ShortBody, "provider_unavailable"),
        (Fault::Oversized { bytes: 2 << 20 }, "provider_unavailable"),
        (Fault::Oversized { bytes: 40 << 20 }, "provider_unavailable"),
    ]
}

fn reply(status: u16, body: &str) -> Fault {
    Fault::Reply { status, content_type: "application/json".to_owned(), body: body.to_owned() }
}

/// Answers that no waiting mends.
fn nonsense() -> Vec<(Fault, u16, &'static str)> {
    vec![
        (Fault::HtmlOk, 502, "token_not_json"),
        (Fault::TruncatedJson, 502, "token_not_json"),
        (reply(200, ""), 502, "token_not_json"),
        (reply(200, "null"), 502, "token_not_json"),
        (reply(200, &"[".repeat(100_000)), 502, "token_not_json"),
        (reply(200, r#"{"error":"SPOKEN-BY-THE-PROVIDER"}"#), 502, "token_type"),
        (reply(200, r#"{"token_type":"Bearer","access_token":"a"}"#), 502, "token_absent"),
        (
            reply(400, r#"{"error":"invalid_grant","error_description":"SPOKEN-BY-THE-PROVIDER"}"#),
            400,
            "token_invalid_grant",
        ),
        (reply(401, r#"{"error":"invalid_client"}"#), 502, "token_invalid_client"),
        (reply(302, ""), 503, "token_unavailable"),
    ]
}

/// A sign-in that the fault ends.
async fn fails(world: &World, person: &Person, fault: &Fault, status: u16, code: &str) {
    let callback = callback(person, "/deep").await;
    spoil(world, Endpoint::Token, fault.clone());
    let answer = person.look(&callback).await;
    mend(world, Endpoint::Token);
    assert_eq!(answer.status, status, "{fault:?}: {answer}");
    match status {
        503 => expect_try_later(&answer, code),
        _ => expect_failed(&answer, code),
    }
    let said = PROVIDERS_WORDS.iter().find(|words| answer.text().contains(**words));
    assert_eq!(said, None, "{fault:?} is quoted: {}", answer.text());
    assert!(person.cookies().is_empty(), "cookies are left after {fault:?}: {:?}", person.cookies());
    person.get("/deep").await.expect(401).expect_not_forwarded();
    expect_secrets_kept(world, &callback);
}

/// No log has a secret of ours, or what the callback brought.
fn expect_secrets_kept(world: &World, callback: &str) {
    let log = world.envoy.log();
    let (_, query) = callback.split_once('?').unwrap();
    let brought = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    for secret in world.secrets.iter().map(String::as_str).chain(brought) {
        assert!(!log.contains(secret), "in the log: {secret}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_a_503_and_the_same_person_signs_in_afterwards() {
    let mut world = impatient().workers(2).start().await;
    for (fault, code) in failures() {
        let person = world.person();
        fails(&world, &person, &fault, 503, code).await;
        assert_eq!(person.sign_in("ada", "/again").await.path, "/again");
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_token_endpoint_that_talks_nonsense_is_never_believed() {
    let mut world = impatient().workers(2).start().await;
    let person = world.person();
    for (fault, status, code) in nonsense() {
        fails(&world, &person, &fault, status, code).await;
    }
    assert!(!world.envoy.log().contains("SPOKEN-BY-THE-PROVIDER"));
    world.assert_all_workers_alive().await;
}
