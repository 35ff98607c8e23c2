//! What is in the tokens (E-6, E-29 to E-31).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devkit::cognito::{Behaviour, TokenFault, TokenKind};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::support::{CLIENT, World, claims, jwt_header, raw_part, text, world, world_with};

async fn faulty(world: &World, fault: TokenFault) -> (Value, Value) {
    world.control.set_behaviour(|behaviour| behaviour.set_id_token_fault(fault, 1));
    let tokens = world.tokens("kim", &[]).await;
    (jwt_header(text(&tokens, "id_token")), claims(&tokens, "id_token"))
}

#[tokio::test]
async fn the_two_tokens_of_a_login_are_signed_by_different_keys_of_the_set() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let (id_token, access_token) = (text(&tokens, "id_token"), text(&tokens, "access_token"));
    assert!(world.verifies(id_token).await && world.verifies(access_token).await);
    assert_ne!(jwt_header(id_token)["kid"], jwt_header(access_token)["kid"]);
}

#[tokio::test]
async fn headers_are_kid_then_alg_and_slashes_are_escaped() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    for name in ["id_token", "access_token"] {
        let header = raw_part(text(&tokens, name), 0);
        assert!(
            header.starts_with(r#"{"kid":""#) && header.ends_with(r#"=","alg":"RS256"}"#) && header.contains("\\/"),
            "{header}"
        );
        assert!(raw_part(text(&tokens, name), 1).contains(r#""iss":"http:\/\/localhost:"#));
    }
    world.control.set_behaviour(|behaviour| behaviour.typ_header = true);
    assert_eq!(jwt_header(text(&world.tokens("kim", &[]).await, "id_token"))["typ"], "JWT");
}

#[tokio::test]
async fn an_id_token_has_the_claims_of_cognito() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let id_token = claims(&tokens, "id_token");
    let hash = digest(&SHA256, text(&tokens, "access_token").as_bytes());
    for (name, value) in [
        ("aud", json!(CLIENT)),
        ("iss", json!(world.cognito.issuer())),
        ("token_use", json!("id")),
        ("cognito:username", json!("kim")),
        ("cognito:groups", json!(["ml-team"])),
        ("email", json!("kim@example.com")),
        ("email_verified", json!(true)),
        ("at_hash", json!(URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]))),
        ("custom:team", json!("blue")),
    ] {
        assert_eq!(id_token[name], value, "{name}");
    }
    assert_eq!(id_token["exp"].as_u64().unwrap() - id_token["iat"].as_u64().unwrap(), 3600);
    assert_eq!((id_token.get("scope"), id_token.get("phone_number")), (None, None));
}

#[tokio::test]
async fn an_access_token_has_client_id_and_no_aud() {
    let world = world().await;
    let token = claims(&world.tokens("kim", &[]).await, "access_token");
    assert_eq!((&token["client_id"], &token["username"]), (&json!(CLIENT), &json!("kim")));
    assert_eq!((&token["token_use"], &token["scope"]), (&json!("access"), &json!("openid email profile")));
    assert_eq!((token.get("aud"), token.get("email"), token.get("nonce")), (None, None, None));
}

#[tokio::test]
async fn a_resource_becomes_the_aud_and_survives_refresh() {
    let world = world().await;
    let tokens = world.tokens("kim", &[("resource", "https://api.example.com")]).await;
    assert_eq!(claims(&tokens, "access_token")["aud"], "https://api.example.com");
    let (_, refreshed) = world.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(claims(&refreshed, "access_token")["aud"], "https://api.example.com");
}

#[tokio::test]
async fn what_a_user_has_not_is_absent() {
    let lee = claims(&world().await.tokens("lee", &[]).await, "id_token");
    for name in ["email", "email_verified", "cognito:groups", "identities"] {
        assert_eq!(lee.get(name), None, "{name}");
    }
}

#[tokio::test]
async fn many_and_odd_groups_stay_as_they_are() {
    let world = world().await;
    let max = claims(&world.tokens("max", &[]).await, "id_token")["cognito:groups"].clone();
    assert!(
        max.as_array().unwrap().len() == 100
            && max.as_array().unwrap().iter().all(|group| group.as_str().unwrap().len() == 128)
    );
    let noa = claims(&world.tokens("noa", &[]).await, "access_token")["cognito:groups"].clone();
    assert_eq!(noa, json!(["a,b", "say \"hi\"", "Größe;50%", "管理者", "it's", "back\\slash"]));
}

#[tokio::test]
async fn a_federated_user_has_identities_and_the_group_of_the_provider() {
    let pat = claims(&world().await.tokens("pat", &[]).await, "id_token");
    assert_eq!(pat["cognito:username"], "google_10793");
    assert_eq!(pat["cognito:groups"], json!(["us-east-1_DemoPool1_Google"]));
    assert_eq!((&pat["identities"][0]["primary"], &pat["identities"][0]["userId"]), (&json!("true"), &json!("10793")));
    assert_eq!(pat["email_verified"], false);
}

#[tokio::test]
async fn optional_and_extra_claims_are_switches() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| {
        behaviour.at_hash = false;
        behaviour.short_expiry = true;
        behaviour.extra_claims = Behaviour::claims_of_every_type();
    });
    let tokens = world.tokens("kim", &[]).await;
    let token = claims(&tokens, "id_token");
    assert_eq!(token.get("at_hash"), None);
    assert_eq!(token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(), 3599);
    for token in [token, claims(&tokens, "access_token")] {
        assert!(
            Behaviour::claims_of_every_type().iter().all(|(name, value)| token.get(name) == Some(value)),
            "{token}"
        );
    }
}

#[tokio::test]
async fn lifetimes_are_switches() {
    let world = world_with(|behaviour| (behaviour.id_token_seconds, behaviour.access_token_seconds) = (300, 600)).await;
    let tokens = world.tokens("kim", &[]).await;
    let lifetime = |token: Value| token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap();
    assert_eq!(lifetime(claims(&tokens, "id_token")), 300);
    assert_eq!(lifetime(claims(&tokens, "access_token")), 600);
    assert_eq!(tokens["expires_in"], 600);
}

#[tokio::test]
async fn a_clock_set_back_issues_tokens_that_are_already_old() {
    let world = world().await;
    let before = world.control.now();
    world.control.rewind(Duration::from_secs(3590));
    let token = claims(&world.tokens("kim", &[]).await, "id_token");
    assert!((10..=40).contains(&(token["exp"].as_u64().unwrap() - before)));
}

#[tokio::test]
async fn a_claim_fault_changes_that_claim() {
    let world = world().await;
    for (fault, name, expected) in [
        (TokenFault::OtherClient, "aud", json!("another-client-of-this-pool")),
        (TokenFault::AudienceArray, "aud", json!([CLIENT, "another-client-of-this-pool"])),
        (TokenFault::AccessTokenUse, "token_use", json!("access")),
        (TokenFault::WrongNonce, "nonce", json!("bm9uY2Utb2YtYW5vdGhlci1sb2dpbg")),
        (TokenFault::WrongIssuer, "iss", json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_An0therP0")),
        (TokenFault::WrongAtHash, "at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        (TokenFault::MissingAudience, "aud", Value::Null),
        (TokenFault::MissingNonce, "nonce", Value::Null),
        (TokenFault::MissingExp, "exp", Value::Null),
        (TokenFault::MissingIat, "iat", Value::Null),
        (TokenFault::MissingSub, "sub", Value::Null),
        (TokenFault::MissingTokenUse, "token_use", Value::Null),
    ] {
        assert_eq!(faulty(&world, fault).await.1[name], expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_time_fault_moves_the_times() {
    let world = world().await;
    let now = world.control.now();
    assert!(faulty(&world, TokenFault::Expired).await.1["exp"].as_u64().unwrap() < now);
    assert!(faulty(&world, TokenFault::IssuedInFuture).await.1["iat"].as_u64().unwrap() >= now + 3600);
    assert!(faulty(&world, TokenFault::NotYetValid).await.1["nbf"].as_u64().unwrap() >= now + 3600);
}

#[tokio::test]
async fn a_header_fault_changes_the_header() {
    let world = world().await;
    assert_eq!(faulty(&world, TokenFault::AlgNone).await.0["alg"], "none");
    assert_eq!(faulty(&world, TokenFault::Hs256WithPublicKey).await.0["alg"], "HS256");
    assert_eq!(faulty(&world, TokenFault::MissingKid).await.0.get("kid"), None);
    assert!(faulty(&world, TokenFault::Crit).await.0["crit"].is_array());
    let jwks = world.metadata("jwks.json").await;
    assert!(!jwks.to_string().contains(&faulty(&world, TokenFault::UnknownKey).await.0["kid"].to_string()));
}

#[tokio::test]
async fn only_signature_faults_keep_a_token_from_verifying() {
    let world = world().await;
    let claims = world.control.claims(TokenKind::Id, "kim", CLIENT, Some("n0nce"));
    let sign = |fault| world.control.sign(TokenKind::Id, claims.clone(), fault);
    for fault in [TokenFault::BadSignature, TokenFault::UnknownKey, TokenFault::AlgNone, TokenFault::Hs256WithPublicKey]
    {
        assert!(!world.verifies(&sign(Some(fault))).await, "{fault:?}");
    }
    for fault in [None, Some(TokenFault::Crit), Some(TokenFault::Expired), Some(TokenFault::OtherClient)] {
        assert!(world.verifies(&sign(fault)).await, "{fault:?}");
    }
    assert_eq!(sign(Some(TokenFault::Garbage)), "not-a-jwt");
}

#[tokio::test]
async fn a_token_fault_ends_after_its_times() {
    let world = world().await;
    world.control.set_behaviour(|behaviour| behaviour.set_id_token_fault(TokenFault::MissingSub, 1));
    let (first, second) = (world.tokens("kim", &[]).await, world.tokens("kim", &[]).await);
    assert_eq!(claims(&first, "id_token").get("sub"), None);
    assert!(claims(&second, "id_token")["sub"].is_string());
    world.control.set_behaviour(|behaviour| behaviour.set_id_token_fault(TokenFault::MissingSub, None));
    let (third, fourth) = (world.tokens("kim", &[]).await, world.tokens("kim", &[]).await);
    assert!([third, fourth].iter().all(|tokens| claims(tokens, "id_token").get("sub").is_none()));
}

#[tokio::test]
async fn minted_tokens_are_genuine_but_for_the_changes() {
    let world = world().await;
    let id_token =
        world.control.mint_id_token("kim", CLIENT, Some("x"), |claims| _ = claims.insert("sub".into(), json!(7)));
    let access_token = world.control.mint_access_token("kim", CLIENT, |_| {});
    assert!(world.verifies(&id_token).await && world.verifies(&access_token).await);
    let id_token = claims(&json!({ "t": id_token }), "t");
    assert_eq!((&id_token["sub"], &id_token["nonce"]), (&json!(7), &json!("x")));
    world.control.rotate_keys();
    assert_eq!(world.userinfo(&access_token).await.status(), 200, "Cognito knows its former keys");
}
