//! What a throttled token endpoint may answer (E-19), for refreshes alone or for all.

use std::time::{Duration, Instant};

use devkit::cognito::{Endpoint, Fault, RefreshCounters};
use reqwest::Response;
use serde_json::json;

use crate::support::{CLIENT, SECRET, World, basic, text, world};

async fn refresh(world: &World, refresh_token: &str) -> reqwest::Result<Response> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    let request = world.browser.post(world.url("/oauth2/token")).header("authorization", basic(CLIENT, SECRET));
    request.form(&form).timeout(Duration::from_secs(2)).send().await
}

async fn signed_in(world: &World) -> String {
    text(&world.tokens("kim", &[]).await, "refresh_token").to_owned()
}

#[tokio::test]
async fn throttled_refreshes_leave_sign_ins_and_the_refresh_token_alone() {
    let world = world().await;
    let refresh_token = signed_in(&world).await;
    for (fault, status, content_type, body) in [
        (Fault::TooManyRequestsJson, 429, "application/json", r#"{"error":"too_many_requests"}"#),
        (Fault::TooManyRequestsHtml, 429, "text/html", "<html>"),
        (Fault::TooManyRequestsEmpty, 429, "", ""),
        (Fault::ThrottledJson, 400, "application/json", r#"{"__type":"TooManyRequestsException""#),
        (Fault::ServiceUnavailableHtml, 503, "text/html", "<html>"),
    ] {
        world.control.set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Refresh, fault.clone(), 2));
        signed_in(&world).await;
        for _ in 0..2 {
            let answer = refresh(&world, &refresh_token).await.unwrap();
            assert_eq!(answer.status(), status, "{fault:?}");
            assert_eq!(answer.headers().get("retry-after"), None);
            let given = answer.headers().get("content-type").map_or("", |value| value.to_str().unwrap());
            assert_eq!(given, content_type, "{fault:?}");
            assert!(answer.text().await.unwrap().starts_with(body), "{fault:?}");
        }
        assert_eq!(world.control.counters().token_outcome("refresh_token", fault.name()), 2);
        assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 200, "{fault:?}");
    }
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 15, succeeded: 5, refused: 0 });
}

#[tokio::test]
async fn what_is_set_for_refreshes_comes_before_what_is_set_for_all() {
    let world = world().await;
    let refresh_token = signed_in(&world).await;
    world.control.set_behaviour(|behaviour| {
        behaviour.set_fault(Endpoint::Token, Fault::ServiceUnavailable, None);
        behaviour.set_fault(Endpoint::Refresh, Fault::TooManyRequestsEmpty, 1);
    });
    assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 429);
    assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 503);
    assert_eq!(world.patch("/behaviour", json!({ "faults": { "token": null } })).await, 200);
    assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 200);
}

#[tokio::test]
async fn throttling_lasts_until_it_is_switched_off() {
    let world = world().await;
    let refresh_token = signed_in(&world).await;
    let rule = json!({ "faults": { "refresh": { "fault": "tooManyRequestsJson" } }, "retryAfter": "7" });
    assert_eq!(world.patch("/behaviour", rule).await, 200);
    for _ in 0..3 {
        let answer = refresh(&world, &refresh_token).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    }
    assert_eq!(world.patch("/behaviour", json!({ "faults": null })).await, 200);
    let answer = refresh(&world, &refresh_token).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().get("retry-after")), (200, None), "faulty answers only");
}

#[tokio::test]
async fn a_slow_refresh_takes_effect_at_once_and_is_counted_as_one() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| behaviour.rotate_refresh_tokens(0));
    let refresh_token = signed_in(&world).await;
    let slow = Fault::Slow { milliseconds: 150 };
    world.control.set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Refresh, slow, 1));
    let begin = Instant::now();
    assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 200);
    assert!(begin.elapsed() >= Duration::from_millis(150));
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 1, succeeded: 1, refused: 0 });
}

#[tokio::test]
async fn a_refresh_without_an_answer_has_no_effect() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| {
        behaviour.rotate_refresh_tokens(0);
        behaviour.set_fault(Endpoint::Refresh, Fault::NoAnswer, 1);
    });
    let refresh_token = signed_in(&world).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
    let request = world.browser.post(world.url("/oauth2/token")).header("authorization", basic(CLIENT, SECRET));
    assert!(request.form(&form).timeout(Duration::from_millis(200)).send().await.unwrap_err().is_timeout());
    assert_eq!(refresh(&world, &refresh_token).await.unwrap().status(), 200);
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 2, succeeded: 1, refused: 0 });
}
