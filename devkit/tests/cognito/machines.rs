//! The client credentials grant (E-22).

use devkit::cognito::{Client, Cognito, Options};
use serde_json::{Value, json};

use crate::support::{CLIENT, claims, error, text, world, world_with};

const MACHINE: (&str, &str) = ("1m2a3c4h5i6n7e8c9l0i1e2n3t", "machine0secret0for0client0credentials");
const READ: &str = "https://api.example.com/orders/read";
const WRITE: &str = "https://api.example.com/orders/write";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn basic_and_post_both_get_an_access_token_and_nothing_else() {
    let world = world().await;
    let post = [GRANT, ("client_id", MACHINE.0), ("client_secret", MACHINE.1)];
    for (client, form) in [(Some(MACHINE), &post[..1]), (None, &post[..])] {
        let (status, tokens) = world.token_as(client, form).await;
        assert_eq!(status, 200, "{tokens}");
        let members: Vec<_> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["access_token", "expires_in", "token_type"]);
        assert!(world.verifies(text(&tokens, "access_token")).await);
        assert_eq!(world.userinfo(text(&tokens, "access_token")).await.status(), 401, "no openid");
    }
    assert_eq!(world.control.counters().token_outcome("client_credentials", "ok"), 2);
}

#[tokio::test]
async fn a_machine_token_names_the_client_and_nobody_else() {
    let world = world_with(|behaviour| behaviour.access_token_seconds = 600).await;
    let (_, tokens) = world.token_as(Some(MACHINE), &[GRANT]).await;
    let minted = json!({ "access_token": world.control.mint_machine_token(MACHINE.0, |_| {}) });
    for token in [claims(&tokens, "access_token"), claims(&minted, "access_token")] {
        assert_eq!((&token["sub"], &token["client_id"]), (&json!(MACHINE.0), &json!(MACHINE.0)));
        assert_eq!((&token["token_use"], &token["iss"]), (&json!("access"), &json!(world.cognito.issuer())));
        assert_eq!(token["scope"], format!("{READ} {WRITE}"));
        assert_eq!(token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(), 600);
        assert!(token["jti"].is_string());
        for absent in ["username", "cognito:groups", "origin_jti", "aud", "email"] {
            assert_eq!(token.get(absent), None, "{absent}");
        }
    }
}

#[tokio::test]
async fn scopes_that_a_machine_may_not_have_are_dropped() {
    let world = world().await;
    let scope = async |wanted: &str| world.token_as(Some(MACHINE), &[GRANT, ("scope", wanted)]).await.1;
    assert_eq!(claims(&scope(&format!("{WRITE} openid other/scope")).await, "access_token")["scope"], WRITE);
    assert_eq!(scope("openid").await, error("invalid_grant"));
}

#[tokio::test]
async fn a_machine_has_no_other_grant_and_other_clients_not_this_one() {
    let world = world().await;
    assert_eq!(world.token(&[GRANT]).await.1, error("unauthorized_client"));
    assert_eq!(world.token_as(Some((MACHINE.0, "wrong")), &[GRANT]).await.1, error("invalid_client"));
    let code = [("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "x")];
    assert_eq!(world.token_as(Some(MACHINE), &code).await.1, error("unauthorized_client"));
}

#[tokio::test]
async fn one_client_cannot_have_both_grants_nor_a_machine_be_public() {
    let machine = Client::machine("machine", "secret", &[READ]);
    let both = Client { code_grant: true, ..machine.clone() };
    let public = Client { client_secrets: Vec::new(), ..machine };
    for client in [both, public] {
        let error = Cognito::start(Options { clients: vec![client], ..Options::local(0, 0) }).await.unwrap_err();
        assert!(error.to_string().contains("client_credentials"), "{error}");
    }
}

#[tokio::test]
async fn a_minted_machine_token_can_be_changed() {
    let world = world().await;
    let changes = |claims: &mut serde_json::Map<String, Value>| _ = claims.insert("scope".to_owned(), json!("x/y"));
    let token = world.control.mint_machine_token(CLIENT, changes);
    assert!(world.verifies(&token).await);
    assert_eq!(claims(&json!({ "t": token }), "t")["scope"], "x/y");
}
