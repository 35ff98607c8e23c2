//! The token endpoint (E-16 to E-18, E-23, E-24).

use std::time::Duration;

use devkit::cognito::CodeError;
use serde_json::{Value, json};

use crate::support::{
    CALLBACK, CLIENT, OTHER, PUBLIC_CLIENT, SECRET, VERIFIER, World, basic, browser, claims, code_form, error, member,
    text, world, world_with,
};

const SECOND_SECRET: &str = "second0demo0secret0for0rotation0";

async fn code(world: &World, changes: &[(&str, &str)]) -> String {
    member(&world.sign_in("kim", &[changes, &[("prompt", "login")]].concat()).await, "code").unwrap()
}

#[tokio::test]
async fn a_code_gets_three_tokens_and_nothing_else() {
    let world = world().await;
    let (status, tokens) = world.redeem(&code(&world, &[]).await).await;
    assert_eq!(status, 200);
    let members: Vec<_> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "id_token", "refresh_token", "token_type"]);
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3600), &json!("Bearer")));
}

#[tokio::test]
async fn answers_have_the_headers_of_cognito() {
    let world = world().await;
    let answer = world.browser.post(world.url("/oauth2/token")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json;charset=UTF-8");
    assert_eq!(answer.headers()["x-amz-cognito-request-id"].len(), 36);
    assert_eq!(answer.text().await.unwrap(), r#"{"error":"invalid_client"}"#);
}

#[tokio::test]
async fn a_code_works_once() {
    let world = world().await;
    let code = code(&world, &[]).await;
    assert_eq!(world.redeem(&code).await.0, 200);
    assert_eq!(world.redeem(&code).await, (reqwest::StatusCode::BAD_REQUEST, error("invalid_grant")));
    let counters = world.control.counters();
    assert_eq!(counters.token_outcome("authorization_code", "ok"), 1);
    assert_eq!(counters.token_outcome("authorization_code", "invalid_grant"), 1);
}

#[tokio::test]
async fn a_code_works_for_five_minutes() {
    let world = world().await;
    let (first, second) = (code(&world, &[]).await, code(&world, &[]).await);
    world.control.advance(Duration::from_secs(290));
    assert_eq!(world.redeem(&first).await.0, 200);
    world.control.advance(Duration::from_secs(10));
    assert_eq!(world.redeem(&second).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn a_code_is_bound_to_client_redirect_uri_and_challenge() {
    let world = world().await;
    let wrong_verifier = "x".repeat(43);
    for (change, value) in [
        ("redirect_uri", "http://localhost:8080/oauth2/callback"),
        ("code_verifier", &wrong_verifier),
        ("code_verifier", ""),
    ] {
        let code = code(&world, &[]).await;
        let form = code_form(&code).map(|(name, given)| if name == change { (name, value) } else { (name, given) });
        assert_eq!(world.token(&form).await.1, error("invalid_grant"), "{change} {value}");
    }
    let code = code(&world, &[]).await;
    assert_eq!(world.token_as(Some(OTHER), &code_form(&code)).await.1, error("invalid_grant"));
    assert_eq!(world.redeem(&code).await.0, 200, "another client does not use it up");
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let world = world().await;
    let code = code(&world, &[("code_challenge", ""), ("code_challenge_method", "")]).await;
    assert_eq!(world.redeem(&code).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn the_error_of_a_bad_code_is_a_switch() {
    let world = world_with(|behaviour| behaviour.code_error = CodeError::InvalidRequest).await;
    assert_eq!(world.redeem("nothing").await.1, error("invalid_request"));
}

#[tokio::test]
async fn basic_and_post_both_authenticate_with_either_active_secret() {
    let world = world().await;
    for secret in [SECRET, SECOND_SECRET] {
        assert_eq!(world.token_as(Some((CLIENT, secret)), &code_form(&code(&world, &[]).await)).await.0, 200);
        let code = code(&world, &[]).await;
        let form = [&code_form(&code)[..], &[("client_id", CLIENT), ("client_secret", secret)]].concat();
        assert_eq!(world.token_as(None, &form).await.0, 200);
    }
}

#[tokio::test]
async fn a_plus_in_a_secret_must_be_encoded_in_a_form() {
    let world = world().await;
    let body = format!("grant_type=refresh_token&refresh_token=x&client_id={CLIENT}&client_secret={SECRET}");
    let send = async |body: String| {
        let request =
            world.browser.post(world.url("/oauth2/token")).header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(send(body.clone()).await, error("invalid_client"));
    assert_eq!(send(body.replace('+', "%2B")).await, error("invalid_grant"));
}

#[tokio::test]
async fn basic_credentials_are_taken_raw_unless_switched() {
    let world = world().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let encoded = SECRET.replace('+', "%2B");
    assert_eq!(world.token_as(Some((CLIENT, &encoded)), &form).await.1, error("invalid_client"));
    world.control.set_behaviour(|behaviour| behaviour.basic_form_decoded = true);
    assert_eq!(world.token_as(Some((CLIENT, &encoded)), &form).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn wrong_client_authentication_is_invalid_client_with_400() {
    let world = world().await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    for client in [(CLIENT, "wrong"), ("nobody", SECRET), (PUBLIC_CLIENT, ""), (PUBLIC_CLIENT, "x"), (CLIENT, "")] {
        let answer = world.token_as(Some(client), &form).await;
        assert_eq!(answer, (reqwest::StatusCode::BAD_REQUEST, error("invalid_client")), "{client:?}");
    }
    let no_secret = [&form[..], &[("client_id", CLIENT)]].concat();
    assert_eq!(world.token_as(None, &no_secret).await.1, error("invalid_client"));
    let mismatch = [&form[..], &[("client_id", PUBLIC_CLIENT)]].concat();
    assert_eq!(world.token(&mismatch).await.1, error("invalid_client"));
}

#[tokio::test]
async fn a_public_client_needs_only_its_id() {
    let world = world().await;
    let code = code(&world, &[("client_id", PUBLIC_CLIENT)]).await;
    let form = [&code_form(&code)[..], &[("client_id", PUBLIC_CLIENT)]].concat();
    assert_eq!(world.token_as(None, &form).await.0, 200);
}

#[tokio::test]
async fn malformed_token_requests_have_their_own_errors() {
    let world = world().await;
    for (form, expected) in [
        (&[("grant_type", "")][..], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("grant_type", "client_credentials")], "unauthorized_client"),
        (&[("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)], "invalid_request"),
        (&[("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_secret", SECRET)], "invalid_request"),
        (
            &[("refresh_token", "x"), ("grant_type", "refresh_token"), ("grant_type", "refresh_token")],
            "invalid_request",
        ),
    ] {
        assert_eq!(world.token(form).await, (reqwest::StatusCode::BAD_REQUEST, error(expected)), "{form:?}");
    }
}

#[tokio::test]
async fn a_json_body_is_no_form() {
    let world = world().await;
    let request =
        world.browser.post(world.url("/oauth2/token")).json(&json!({ "client_id": CLIENT, "client_secret": SECRET }));
    assert_eq!(request.send().await.unwrap().json::<Value>().await.unwrap(), error("invalid_client"));
}

#[tokio::test]
async fn without_openid_there_is_no_id_token() {
    let world = world().await;
    let tokens = world.tokens("kim", &[("scope", "https://api.example.com/orders/read")]).await;
    assert_eq!(tokens.get("id_token"), None);
    assert_eq!(claims(&tokens, "access_token")["scope"], "https://api.example.com/orders/read");
}

#[tokio::test]
async fn an_unreadable_attribute_is_invalid_grant() {
    let world = world_with(|behaviour| behaviour.unreadable_attribute = true).await;
    assert_eq!(world.redeem(&code(&world, &[]).await).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn a_refresh_token_looks_like_a_jwe_of_1750_characters() {
    let tokens = world().await.tokens("kim", &[]).await;
    let token = text(&tokens, "refresh_token");
    assert_eq!(token.split('.').count(), 5);
    assert_eq!(crate::support::raw_part(token, 0), r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
    assert!((1740..1760).contains(&token.len()), "{}", token.len());
}

#[tokio::test]
async fn requests_are_recorded_as_they_arrived() {
    let world = world().await;
    let code = code(&world, &[]).await;
    world.redeem(&code).await;
    let recorded = world.control.requests().pop().unwrap();
    assert_eq!((recorded.method.as_str(), recorded.form("code")), ("POST", Some(code.as_str())));
    assert_eq!(recorded.form("code_verifier"), Some(VERIFIER));
    assert_eq!(recorded.header("authorization"), Some(basic(CLIENT, SECRET).as_str()));
    let admin = format!("http://{}/requests", world.cognito.admin_addr());
    let listed: Value = browser().get(admin).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed.as_array().unwrap().last().unwrap()["endpoint"], "token");
}
