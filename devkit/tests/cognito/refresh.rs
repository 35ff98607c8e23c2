//! Refreshes without rotation, their ID tokens, their faults, the lifetimes of what they bring (E-20, E-31).

use std::time::Duration;

use devkit::cognito::{ClientLifetimes, RefreshCounters, RefreshNonce, TokenFault};
use serde_json::{Value, json};

use crate::support::{CLIENT, OTHER, PUBLIC_CLIENT, World, claims, code_form, error, member, text, world, world_with};

async fn refreshed(world: &World, tokens: &Value) -> Value {
    let (status, refreshed) = world.refresh(text(tokens, "refresh_token")).await;
    assert_eq!(status, 200, "{refreshed}");
    refreshed
}

#[tokio::test]
async fn a_refresh_keeps_the_sign_in_and_returns_no_refresh_token() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    world.control.advance(Duration::from_secs(1000));
    let second = refreshed(&world, &first).await;
    let members: Vec<_> = second.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "id_token", "token_type"]);
    let (old, new) = (claims(&first, "id_token"), claims(&second, "id_token"));
    for kept in ["auth_time", "origin_jti", "sub", "aud"] {
        assert_eq!(old[kept], new[kept], "{kept}");
    }
    assert!(new["iat"].as_u64().unwrap() >= old["iat"].as_u64().unwrap() + 1000);
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!((new.get("nonce"), new.get("at_hash")), (None, None));
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client_and_expires() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    assert_eq!(world.token_as(Some(OTHER), &form).await.1, error("invalid_grant"));
    assert_eq!(world.token(&form).await.0, 200);
    world.control.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(world.token(&form).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn the_nonce_of_a_refreshed_id_token_is_a_switch() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let nonce = async || claims(&refreshed(&world, &tokens).await, "id_token").get("nonce").cloned();
    assert_eq!(nonce().await, None);
    world.control.set_behaviour(|behaviour| behaviour.refresh.nonce = RefreshNonce::Repeated);
    assert_eq!(nonce().await, Some(json!("n0nce")));
    assert_eq!(world.patch("/behaviour", json!({ "refresh": { "nonce": "other" } })).await, 200);
    assert!(nonce().await.is_some_and(|nonce| nonce.is_string() && nonce != "n0nce"));
    assert_eq!(claims(&world.tokens("kim", &[]).await, "id_token")["nonce"], "n0nce", "sign-ins are not touched");
}

#[tokio::test]
async fn the_id_token_of_a_refresh_can_be_left_out() {
    let world = world_with(|behaviour| behaviour.refresh.id_token = false).await;
    let tokens = world.tokens("kim", &[]).await;
    assert!(tokens["id_token"].is_string());
    assert_eq!(refreshed(&world, &tokens).await.get("id_token"), None);
    assert_eq!(world.patch("/behaviour", json!({ "refresh": null })).await, 200);
    assert!(refreshed(&world, &tokens).await["id_token"].is_string());
}

#[tokio::test]
async fn a_fault_of_refreshes_spares_sign_ins() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    let own = claims(&first, "id_token");
    let an_hour_before = json!(own["auth_time"].as_u64().unwrap() - 3600);
    for (fault, name, expected) in [
        (
            TokenFault::WrongIssuer,
            "iss",
            Some(json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_An0therP0")),
        ),
        (TokenFault::WrongSub, "sub", Some(json!("0b5e55ed-0dd5-4ab0-8c0d-e0fa0711e501"))),
        (TokenFault::OtherClient, "aud", Some(json!("another-client-of-this-pool"))),
        (TokenFault::WrongAuthTime, "auth_time", Some(an_hour_before)),
        (TokenFault::MissingAuthTime, "auth_time", None),
        (TokenFault::MissingSub, "sub", None),
    ] {
        world.control.set_behaviour(|behaviour| behaviour.set_refresh_id_token_fault(fault, 1));
        assert_eq!(claims(&world.tokens("kim", &[]).await, "id_token")["sub"], own["sub"], "{fault:?}");
        let (faulty, good) = (refreshed(&world, &first).await, refreshed(&world, &first).await);
        assert_eq!(claims(&faulty, "id_token").get(name), expected.as_ref(), "{fault:?}");
        assert_eq!(claims(&good, "id_token")[name], own[name], "{fault:?}");
        assert!(world.verifies(text(&faulty, "id_token")).await, "{fault:?}");
    }
}

#[tokio::test]
async fn an_expired_refreshed_id_token_is_right_but_for_its_own_times() {
    let world = world_with(|behaviour| behaviour.set_refresh_id_token_fault(TokenFault::Expired, None)).await;
    let first = world.tokens("kim", &[]).await;
    let token = claims(&refreshed(&world, &first).await, "id_token");
    assert!(token["exp"].as_u64().unwrap() < world.control.now());
    assert_eq!(token["auth_time"], claims(&first, "id_token")["auth_time"]);
}

#[tokio::test]
async fn a_refreshed_id_token_can_have_a_bad_signature_or_be_missing_a_number_of_times() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    world.control.set_behaviour(|behaviour| behaviour.set_refresh_id_token_fault(TokenFault::BadSignature, 1));
    assert!(!world.verifies(text(&refreshed(&world, &first).await, "id_token")).await);
    let fault = json!({ "refresh": { "idTokenFault": { "fault": "missingToken", "remaining": 1 } } });
    assert_eq!(world.patch("/behaviour", fault).await, 200);
    assert_eq!(refreshed(&world, &first).await.get("id_token"), None);
    assert!(world.verifies(text(&refreshed(&world, &first).await, "id_token")).await);
}

#[tokio::test]
async fn lifetimes_of_one_client_change_at_run_time() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    let own = ClientLifetimes { id_token_seconds: Some(1), access_token_seconds: Some(2), refresh_token_seconds: None };
    world.control.set_behaviour(|behaviour| _ = behaviour.client_lifetimes.insert(CLIENT.to_owned(), own));
    let lifetime = |token: Value| token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap();
    let second = refreshed(&world, &first).await;
    assert_eq!(lifetime(claims(&second, "id_token")), 1);
    assert_eq!((lifetime(claims(&second, "access_token")), &second["expires_in"]), (2, &json!(2)));
    assert_eq!(world.userinfo(text(&second, "access_token")).await.status(), 200);
    world.control.advance(Duration::from_secs(2));
    assert_eq!(world.userinfo(text(&second, "access_token")).await.status(), 401);
    let changes = [("client_id", PUBLIC_CLIENT), ("prompt", "login")];
    let code = member(&world.sign_in("kim", &changes).await, "code").unwrap();
    let form = [&code_form(&code)[..], &[("client_id", PUBLIC_CLIENT)]].concat();
    assert_eq!(world.token_as(None, &form).await.1["expires_in"], 3600, "another client");
}

#[tokio::test]
async fn a_refresh_token_has_the_lifetime_of_its_issue() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    let patch = json!({ "clientLifetimes": { CLIENT: { "refreshTokenSeconds": 3 } } });
    assert_eq!(world.patch("/behaviour", patch).await, 200);
    let second = world.tokens("kim", &[]).await;
    world.control.advance(Duration::from_secs(3));
    assert_eq!(world.refresh(text(&second, "refresh_token")).await.1, error("invalid_grant"));
    assert_eq!(world.refresh(text(&first, "refresh_token")).await.0, 200);
}

#[tokio::test]
async fn refreshes_are_counted_by_what_they_did() {
    let world = world().await;
    let first = world.tokens("kim", &[]).await;
    refreshed(&world, &first).await;
    world.refresh("unknown").await;
    world.token_as(Some((CLIENT, "wrong")), &[("grant_type", "refresh_token"), ("refresh_token", "x")]).await;
    assert_eq!(world.control.counters().refresh, RefreshCounters { arrived: 3, succeeded: 1, refused: 1 });
    let url = format!("http://{}/counters", world.cognito.admin_addr());
    let counters: Value = world.get(&url).await.json().await.unwrap();
    assert_eq!(counters["refresh"], json!({ "arrived": 3, "succeeded": 1, "refused": 1 }));
}
