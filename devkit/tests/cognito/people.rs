//! People who change, and people who are signed out everywhere.

use serde_json::{Value, json};

use crate::support::{browser, claims, error, text, world, world_with};

#[tokio::test]
async fn a_refresh_sees_the_user_as_they_are_now() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    assert!(world.control.edit_user("kim", |user| {
        user.groups = vec!["new".to_owned()];
        user.email = Some("kim@example.org".to_owned());
        user.attributes.insert("custom:team".to_owned(), json!("green"));
    }));
    let (_, refreshed) = world.refresh(text(&tokens, "refresh_token")).await;
    let token = claims(&refreshed, "id_token");
    assert_eq!(token["cognito:groups"], json!(["new"]));
    assert_eq!((&token["email"], &token["custom:team"]), (&json!("kim@example.org"), &json!("green")));
    assert_eq!(claims(&refreshed, "access_token")["cognito:groups"], json!(["new"]));
    assert!(!world.control.edit_user("nobody", |_| {}));
    world.control.edit_users(Vec::clear);
    assert_eq!(world.refresh(text(&tokens, "refresh_token")).await.1, error("invalid_grant"));
}

#[tokio::test]
async fn the_admin_port_changes_a_user() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let patch = json!({ "groups": ["new"], "email": null, "attributes": { "custom:team": null } });
    assert_eq!(world.patch("/users/kim", patch).await, 200);
    let token = claims(&world.refresh(text(&tokens, "refresh_token")).await.1, "id_token");
    assert_eq!(token["cognito:groups"], json!(["new"]));
    assert_eq!((token.get("email"), token.get("custom:team")), (None, None));
    assert_eq!(token["name"], "Kim Example");
    assert_eq!(world.patch("/users/kim", json!({ "sub": null })).await, 400);
    assert_eq!(world.patch("/users/kim", json!({ "nothing": 1 })).await, 400);
    assert_eq!(world.patch("/users/nobody", json!({})).await, 404);
}

#[tokio::test]
async fn a_global_sign_out_ends_every_sign_in_of_the_user_but_not_the_signatures() {
    let world = world().await;
    let own = [world.tokens("kim", &[]).await, world.tokens("kim", &[]).await];
    let (_, refreshed) = world.refresh(text(&own[0], "refresh_token")).await;
    let other = world.tokens("lee", &[]).await;
    assert!(world.control.global_sign_out("kim") && !world.control.global_sign_out("nobody"));
    for tokens in &own {
        assert_eq!(world.refresh(text(tokens, "refresh_token")).await.1, error("invalid_grant"));
    }
    for tokens in own.iter().chain([&refreshed]) {
        let answer = world.userinfo(text(tokens, "access_token")).await;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("error=\"invalid_token\""));
        assert!(world.verifies(text(tokens, "access_token")).await && world.verifies(text(tokens, "id_token")).await);
    }
    assert_eq!(world.refresh(text(&other, "refresh_token")).await.0, 200);
    assert_eq!(world.userinfo(text(&other, "access_token")).await.status(), 200);
    let again = world.tokens("kim", &[]).await;
    assert_eq!(world.refresh(text(&again, "refresh_token")).await.0, 200, "a sign-in after it, in the same second");
    assert_eq!(world.control.counters().global_sign_outs, 1);
}

#[tokio::test]
async fn a_global_sign_out_leaves_the_sso_cookie_unless_switched() {
    for ends_sso in [false, true] {
        let world = world_with(|behaviour| behaviour.global_sign_out_ends_sso = ends_sso).await;
        world.sign_in("kim", &[]).await;
        world.control.global_sign_out("kim");
        let target = world.authorize(&[]).await;
        assert_eq!((target.contains("?code="), target.contains("/login?")), (!ends_sso, ends_sso), "{target}");
    }
}

#[tokio::test]
async fn the_admin_port_signs_out_globally() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    let minted = world.control.mint_access_token("kim", crate::support::CLIENT, |_| {});
    let post = async |username: &str| {
        let url = format!("http://{}/users/{username}/global-sign-out", world.cognito.admin_addr());
        browser().post(url).send().await.unwrap().status()
    };
    assert_eq!((post("nobody").await.as_u16(), post("kim").await.as_u16()), (404, 204));
    assert_eq!(world.refresh(text(&tokens, "refresh_token")).await.1, error("invalid_grant"));
    assert_eq!(world.userinfo(&minted).await.status(), 401, "a minted token is the user's too");
    let counters: Value =
        world.get(&format!("http://{}/counters", world.cognito.admin_addr())).await.json().await.unwrap();
    assert_eq!(counters["globalSignOuts"], 1);
}
