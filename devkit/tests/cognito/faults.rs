//! Faulty answers (E-19), at every endpoint.

use std::time::{Duration, Instant};

use devkit::cognito::{Endpoint, Fault};
use reqwest::Response;
use serde_json::Value;

use crate::support::{CLIENT, SECRET, World, basic, code_form, member, text, world};

async fn redeem(world: &World, code: &str) -> reqwest::Result<Response> {
    let request = world.browser.post(world.url("/oauth2/token")).header("authorization", basic(CLIENT, SECRET));
    request.form(&code_form(code)).send().await
}

async fn code(world: &World) -> String {
    member(&world.sign_in("kim", &[("prompt", "login")]).await, "code").unwrap()
}

fn set(world: &World, endpoint: Endpoint, fault: Fault, times: impl Into<Option<u32>>) {
    world.control.set_behaviour(|behaviour| behaviour.set_fault(endpoint, fault, times));
}

#[tokio::test]
async fn a_refusal_leaves_the_code_unused_and_ends_after_its_times() {
    let world = world().await;
    let code = code(&world).await;
    for (fault, status, body) in [
        (Fault::TooManyRequestsJson, 429, r#"{"error":"too_many_requests"}"#),
        (Fault::TooManyRequestsEmpty, 429, ""),
        (Fault::TooManyRequestsHtml, 429, "<html>"),
        (Fault::ThrottledJson, 400, r#"{"__type":"TooManyRequestsException""#),
        (Fault::ForbiddenHtml, 403, "<html>"),
        (Fault::InternalServerError, 500, ""),
        (Fault::ServiceUnavailable, 503, ""),
        (Fault::HtmlOk, 200, "<!DOCTYPE html>"),
        (Fault::Reply { status: 418, content_type: "text/plain".into(), body: "tea".into() }, 418, "tea"),
    ] {
        set(&world, Endpoint::Token, fault.clone(), 1);
        let answer = redeem(&world, &code).await.unwrap();
        assert_eq!(answer.status(), status, "{fault:?}");
        assert!(answer.text().await.unwrap().starts_with(body), "{fault:?}");
        assert_eq!(world.control.counters().token_outcome("authorization_code", fault.name()), 1);
    }
    assert_eq!(redeem(&world, &code).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_truncated_answer_has_used_the_code_up() {
    let world = world().await;
    let code = code(&world).await;
    set(&world, Endpoint::Token, Fault::TruncatedJson, 1);
    let body = redeem(&world, &code).await.unwrap().text().await.unwrap();
    assert!(body.starts_with("{\"") && serde_json::from_str::<Value>(&body).is_err());
    assert_eq!(redeem(&world, &code).await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_short_body_breaks_off_below_its_content_length() {
    let world = world().await;
    set(&world, Endpoint::Token, Fault::ShortBody, 1);
    let mut answer = redeem(&world, &code(&world).await).await.unwrap();
    let length = answer.content_length().unwrap();
    let mut arrived = 0;
    let broken = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => arrived += chunk.len() as u64,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken && arrived > 0 && arrived < length, "{arrived} of {length}");
}

#[tokio::test]
async fn hanging_up_is_no_answer_at_all() {
    let world = world().await;
    set(&world, Endpoint::Jwks, Fault::HangUp, None);
    let url = format!("{}/.well-known/jwks.json", world.cognito.issuer());
    assert!(world.browser.get(&url).send().await.is_err());
    world.control.set_behaviour(|behaviour| behaviour.faults.clear());
    assert_eq!(world.browser.get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_answer_keeps_the_connection_open() {
    let world = world().await;
    set(&world, Endpoint::Discovery, Fault::NoAnswer, 1);
    let url = format!("{}/.well-known/openid-configuration", world.cognito.issuer());
    let answer = world.browser.get(&url).timeout(Duration::from_millis(200)).send().await;
    assert!(answer.unwrap_err().is_timeout());
    assert_eq!(world.browser.get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_slow_answer_is_a_right_one() {
    let world = world().await;
    let code = code(&world).await;
    set(&world, Endpoint::Token, Fault::Slow { milliseconds: 150 }, 1);
    let begin = Instant::now();
    let tokens: Value = redeem(&world, &code).await.unwrap().json().await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(150));
    assert!(!text(&tokens, "id_token").is_empty());
}

#[tokio::test]
async fn an_oversized_answer_is_json_of_that_size() {
    let world = world().await;
    set(&world, Endpoint::Jwks, Fault::Oversized { bytes: 2 << 20 }, 1);
    let body = world.get(&format!("{}/.well-known/jwks.json", world.cognito.issuer())).await.bytes().await.unwrap();
    assert!(body.len() > 2 << 20 && serde_json::from_slice::<Value>(&body).is_ok());
}

#[tokio::test]
async fn every_endpoint_can_fail() {
    let world = world().await;
    let issuer = world.cognito.issuer().to_owned();
    let domain = world.cognito.domain().to_owned();
    for (endpoint, url) in [
        (Endpoint::Authorize, format!("{domain}/oauth2/authorize")),
        (Endpoint::Discovery, format!("{issuer}/.well-known/openid-configuration")),
        (Endpoint::Jwks, format!("{issuer}/.well-known/jwks.json")),
        (Endpoint::Login, format!("{domain}/login")),
        (Endpoint::Logout, format!("{domain}/logout")),
        (Endpoint::Revoke, format!("{domain}/oauth2/revoke")),
        (Endpoint::Token, format!("{domain}/oauth2/token")),
        (Endpoint::UserInfo, format!("{domain}/oauth2/userInfo")),
    ] {
        set(&world, endpoint, Fault::ServiceUnavailable, 2);
        assert_eq!(world.get(&url).await.status(), 503, "{endpoint:?}");
        assert_eq!(world.get(&url).await.status(), 503, "{endpoint:?}");
        assert_ne!(world.get(&url).await.status(), 503, "{endpoint:?}");
    }
}
