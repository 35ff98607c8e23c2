//! Stronger sign-ins: `max_age` and `acr_values`, honoured or ignored (E-30).

use std::time::Duration;

use serde_json::Value;

use crate::support::{World, claims, code_form, member, world, world_with};

async fn strong() -> World {
    world_with(|behaviour| behaviour.step_up = true).await
}

/// Whether the SSO session is enough.
async fn is_silent(world: &World, changes: &[(&str, &str)]) -> bool {
    world.authorize(changes).await.contains("?code=")
}

/// The claims of the ID token of a sign-in at the form.
async fn signed_in(world: &World, changes: &[(&str, &str)]) -> Value {
    let callback = world.sign_in("kim", changes).await;
    claims(&world.token(&code_form(&member(&callback, "code").unwrap())).await.1, "id_token")
}

#[tokio::test]
async fn an_old_sign_in_is_done_again_and_has_a_new_time() {
    let world = strong().await;
    let before = signed_in(&world, &[]).await["auth_time"].as_u64().unwrap();
    assert!(is_silent(&world, &[("max_age", "900")]).await);
    world.control.advance(Duration::from_secs(1000));
    assert!(is_silent(&world, &[]).await && is_silent(&world, &[("max_age", "1010")]).await);
    assert!(!is_silent(&world, &[("max_age", "900")]).await);
    let after = signed_in(&world, &[("max_age", "900")]).await["auth_time"].as_u64().unwrap();
    assert!(after >= before + 1000, "{before} {after}");
    assert!(is_silent(&world, &[("max_age", "900")]).await);
}

#[tokio::test]
async fn a_sign_in_has_the_first_acr_that_is_asked_for_and_a_session_without_it_does_not_count() {
    let world = strong().await;
    assert_eq!(signed_in(&world, &[]).await.get("acr"), None);
    assert!(!is_silent(&world, &[("acr_values", "mfa")]).await);
    let refused = world.authorize(&[("acr_values", "mfa"), ("prompt", "none")]).await;
    assert!(refused.contains("error=login_required"), "{refused}");
    assert_eq!(signed_in(&world, &[("acr_values", "mfa password")]).await["acr"], "mfa");
    assert!(is_silent(&world, &[("acr_values", "hardware mfa")]).await && is_silent(&world, &[]).await);
    assert!(!is_silent(&world, &[("acr_values", "hardware")]).await);
}

#[tokio::test]
async fn both_tokens_say_it_and_refreshed_ones_too() {
    let world = strong().await;
    let tokens = world.tokens("kim", &[("acr_values", "mfa")]).await;
    let (_, refreshed) = world.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    for tokens in [&tokens, &refreshed] {
        assert_eq!(
            (&claims(tokens, "id_token")["acr"], &claims(tokens, "access_token")["acr"]),
            (&"mfa".into(), &"mfa".into())
        );
    }
}

#[tokio::test]
async fn the_plan_lite_ignores_both() {
    let world = world().await;
    assert_eq!(signed_in(&world, &[("acr_values", "mfa")]).await.get("acr"), None);
    world.control.advance(Duration::from_secs(1000));
    assert!(is_silent(&world, &[("max_age", "1"), ("acr_values", "mfa")]).await);
}
