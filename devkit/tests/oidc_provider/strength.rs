//! How strongly people sign in at the provider that is not ours: `acr_values`, `max_age`, `prompt` (OpenID Connect Core 3.1.2.1).

use serde_json::Value;

use crate::{CALLBACK, CHALLENGE, World, claims, text, world_of};

/// A world that knows two ways to sign in.
async fn strong() -> World {
    world_of(|client| client, |options| options.acr_values = vec!["password".to_owned(), "mfa".to_owned()]).await
}

async fn id_token(world: &World, more: &[(&str, &str)]) -> Value {
    claims(text(&world.sign_in_with(more).await, "id_token"))
}

/// Whether an authorization request is answered without any page.
async fn is_silent(world: &World, more: &[(&str, &str)]) -> bool {
    let mut url = world.url("/auth");
    url.query_pairs_mut()
        .extend_pairs([
            ("client_id", "app"),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
        ])
        .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
        .extend_pairs(more);
    let answer = world.browser.get(url).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().starts_with(CALLBACK)
}

#[tokio::test]
async fn a_sign_in_has_the_acr_that_was_asked_for_and_says_none_otherwise() {
    let world = strong().await;
    assert_eq!(id_token(&world, &[]).await.get("acr"), None);
    assert_eq!(id_token(&world, &[("acr_values", "password mfa")]).await["acr"], "password");
    assert_eq!(id_token(&world, &[("acr_values", "hardware mfa")]).await["acr"], "mfa");
    assert_eq!(id_token(&world, &[("acr_values", "password mfa")]).await["acr"], "mfa", "the session stays strong");
}

#[tokio::test]
async fn a_session_that_is_too_weak_does_not_count() {
    let world = strong().await;
    world.sign_in_with(&[]).await;
    assert!(is_silent(&world, &[]).await && is_silent(&world, &[("acr_values", "password mfa")]).await);
    assert!(!is_silent(&world, &[("acr_values", "mfa")]).await);
    assert!(is_silent(&world, &[("acr_values", "hardware")]).await, "nobody can have that one");
    world.sign_in_with(&[("acr_values", "mfa")]).await;
    assert!(is_silent(&world, &[("acr_values", "mfa")]).await);
}

#[tokio::test]
async fn an_old_sign_in_and_prompt_login_ask_again_and_auth_time_says_when() {
    let world = strong().await;
    let before = id_token(&world, &[("max_age", "600")]).await["auth_time"].as_u64().unwrap();
    assert!(is_silent(&world, &[("max_age", "600")]).await);
    assert!(!is_silent(&world, &[("prompt", "login")]).await);
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert!(!is_silent(&world, &[("max_age", "1")]).await);
    let after = id_token(&world, &[("max_age", "1")]).await["auth_time"].as_u64().unwrap();
    assert!(after >= before + 2, "{before} {after}");
}

#[tokio::test]
async fn without_acr_values_there_is_no_acr() {
    let world = crate::world(|client| client).await;
    assert_eq!(id_token(&world, &[("acr_values", "mfa")]).await.get("acr"), None);
    assert!(is_silent(&world, &[("acr_values", "mfa")]).await);
}
