//! Rotation of refresh tokens (E-21).

use std::time::Duration;

use devkit::cognito::{RefreshCounters, Rotation};
use serde_json::{Value, json};

use crate::support::{World, error, text, world, world_with};

const MONTH: u64 = 30 * 24 * 3600;

async fn with_grace(seconds: u64) -> World {
    world_with(|behaviour| behaviour.rotate_refresh_tokens(seconds)).await
}

/// The next refresh token.
async fn rotated(world: &World, refresh_token: &str) -> String {
    let (status, tokens) = world.refresh(refresh_token).await;
    assert_eq!(status, 200, "{tokens}");
    text(&tokens, "refresh_token").to_owned()
}

async fn first(world: &World) -> String {
    text(&world.tokens("kim", &[]).await, "refresh_token").to_owned()
}

#[tokio::test]
async fn within_the_grace_a_used_token_brings_another_fresh_one_every_time() {
    let world = with_grace(30).await;
    let first = first(&world).await;
    let mut all = vec![first.clone()];
    for _ in 0..4 {
        all.push(rotated(&world, &first).await);
        world.control.advance(Duration::from_secs(7));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
    for token in all.iter().filter(|token| **token != first) {
        rotated(&world, token).await;
    }
}

#[tokio::test]
async fn after_the_grace_a_used_token_is_refused_and_the_family_lives() {
    let world = with_grace(30).await;
    let first = first(&world).await;
    let second = rotated(&world, &first).await;
    world.control.advance(Duration::from_secs(20));
    rotated(&world, &first).await;
    world.control.advance(Duration::from_secs(10));
    assert_eq!(world.refresh(&first).await.1, error("invalid_grant"), "use within the grace does not extend it");
    rotated(&world, &second).await;
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 4, succeeded: 3, refused: 1 });
}

#[tokio::test]
async fn reuse_after_the_grace_can_revoke_the_family() {
    let world = world_with(|behaviour| {
        behaviour.rotation = Some(Rotation { grace_seconds: 5, reuse_revokes_family: true });
    })
    .await;
    let tokens = world.tokens("kim", &[]).await;
    let other = first(&world).await;
    let second = rotated(&world, text(&tokens, "refresh_token")).await;
    rotated(&world, text(&tokens, "refresh_token")).await;
    world.control.advance(Duration::from_secs(5));
    assert_eq!(world.refresh(text(&tokens, "refresh_token")).await.1, error("invalid_grant"));
    assert_eq!(world.refresh(&second).await.1, error("invalid_grant"));
    assert_eq!(world.userinfo(text(&tokens, "access_token")).await.status(), 401);
    rotated(&world, &other).await;
}

#[tokio::test]
async fn without_grace_one_of_many_refreshes_at_once_succeeds() {
    let world = with_grace(0).await;
    let first = first(&world).await;
    let (a, b, c, d) =
        tokio::join!(world.refresh(&first), world.refresh(&first), world.refresh(&first), world.refresh(&first));
    let answers = [a, b, c, d];
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 4, succeeded: 1, refused: 3 });
}

#[tokio::test]
async fn a_new_token_has_the_expiry_of_the_first() {
    let world = with_grace(30).await;
    let mut token = first(&world).await;
    for _ in 0..2 {
        world.control.advance(Duration::from_secs(MONTH / 2 - 10));
        token = rotated(&world, &token).await;
    }
    world.control.advance(Duration::from_secs(20));
    assert_eq!(world.refresh(&token).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn rotation_and_grace_change_at_run_time() {
    let world = world().await;
    let first = first(&world).await;
    let patch =
        async |rotation: Value| assert_eq!(world.patch("/behaviour", json!({ "rotation": rotation })).await, 200);
    assert_eq!(world.refresh(&first).await.1.get("refresh_token"), None);
    patch(json!({ "graceSeconds": 60 })).await;
    let second = rotated(&world, &first).await;
    patch(json!({ "graceSeconds": 0, "reuseRevokesFamily": false })).await;
    let third = rotated(&world, &second).await;
    assert_eq!(world.refresh(&second).await.1, error("invalid_grant"));
    rotated(&world, &first).await;
    patch(Value::Null).await;
    for _ in 0..2 {
        let (status, tokens) = world.refresh(&third).await;
        assert_eq!((status.as_u16(), tokens.get("refresh_token")), (200, None));
    }
}

#[tokio::test]
async fn revoking_any_token_of_a_family_ends_all_of_it() {
    let world = with_grace(60).await;
    let client = (crate::support::CLIENT, crate::support::SECRET);
    for revoke_the_old in [true, false] {
        let first = first(&world).await;
        let second = rotated(&world, &first).await;
        let token = if revoke_the_old { &first } else { &second };
        assert_eq!(world.revoke(client, &[("token", token)]).await.status(), 200);
        for token in [&first, &second] {
            assert_eq!(world.refresh(token).await.1, error("invalid_grant"));
        }
    }
    assert_eq!(world.control.counters().revocations, 2);
}
