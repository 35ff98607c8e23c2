//! userInfo, revocation, sign-out (E-25 to E-27).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{CALLBACK, CLIENT, PUBLIC_CLIENT, SECRET, browser, location, query, text, world, world_of};

#[tokio::test]
async fn userinfo_has_string_booleans_and_no_groups() {
    let world = world().await;
    let tokens = world.tokens("kim", &[("scope", "openid email phone profile")]).await;
    let answer = world.userinfo(text(&tokens, "access_token")).await;
    assert_eq!(answer.headers()["cache-control"], "no-cache, no-store, max-age=0, must-revalidate");
    let expected = json!({
        "sub": "5f0c1d2e-3a4b-4c5d-8e6f-708192a3b4c5", "username": "kim", "email": "kim@example.com", "email_verified": "true",
        "phone_number": "+12025550123", "phone_number_verified": "false", "name": "Kim Example", "custom:team": "blue",
    });
    assert_eq!(answer.json::<Value>().await.unwrap(), expected);
}

#[tokio::test]
async fn userinfo_refuses_what_is_no_living_access_token_with_openid() {
    let world = world().await;
    let plain = world.tokens("kim", &[("scope", "https://api.example.com/orders/read")]).await;
    let tokens = world.tokens("kim", &[]).await;
    for token in [text(&plain, "access_token"), text(&tokens, "id_token"), text(&tokens, "refresh_token"), "x"] {
        let answer = world.userinfo(token).await;
        assert_eq!(answer.status(), 401, "{token}");
        assert!(
            answer.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .starts_with("error=\"invalid_token\", error_description=")
        );
    }
    world.control.advance(Duration::from_secs(3600));
    assert_eq!(world.userinfo(text(&tokens, "access_token")).await.status(), 401);
}

#[tokio::test]
async fn userinfo_without_a_bearer_token_is_a_bad_request() {
    let world = world().await;
    let answer = world.get("/oauth2/userInfo").await;
    assert_eq!(answer.status(), 400);
    assert!(answer.headers()["www-authenticate"].to_str().unwrap().starts_with("error=\"invalid_request\""));
}

#[tokio::test]
async fn a_revoked_sign_in_ends_refresh_and_userinfo_but_not_the_signature() {
    let world = world().await;
    let (tokens, other) = (world.tokens("kim", &[]).await, world.tokens("kim", &[]).await);
    let refresh_token = text(&tokens, "refresh_token");
    for _ in 0..2 {
        let answer = world.revoke((CLIENT, SECRET), &[("token", refresh_token)]).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    }
    assert_eq!(world.refresh(refresh_token).await.1, json!({ "error": "invalid_grant" }));
    assert_eq!(world.userinfo(text(&tokens, "access_token")).await.status(), 401);
    assert!(world.verifies(text(&tokens, "access_token")).await);
    assert_eq!(world.userinfo(text(&other, "access_token")).await.status(), 200, "another login");
    assert_eq!(world.refresh(text(&other, "refresh_token")).await.0, 200, "another login");
}

#[tokio::test]
async fn revocation_errors_have_their_statuses() {
    let world = world().await;
    let tokens = world.tokens("kim", &[]).await;
    for (client, token, status, error) in [
        ((CLIENT, "wrong"), "x", 401, json!({ "error": "invalid_client" })),
        ((CLIENT, SECRET), "", 400, json!({ "error": "invalid_request" })),
        ((CLIENT, SECRET), text(&tokens, "access_token"), 400, json!({ "error": "unsupported_token_type" })),
    ] {
        let answer = world.revoke(client, &[("token", token)]).await;
        assert_eq!((answer.status().as_u16(), answer.json::<Value>().await.unwrap()), (status, error));
    }
    assert_eq!(world.revoke((CLIENT, SECRET), &[("token", "unknown")]).await.status(), 200);
}

#[tokio::test]
async fn a_client_without_revocation_cannot_revoke() {
    let world = world_of(|options| options.clients[0].revocation = false).await;
    let answer = world.revoke((CLIENT, SECRET), &[("token", "unknown")]).await;
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "error": "invalid_request" }));
}

#[tokio::test]
async fn a_public_client_revokes_with_its_id() {
    let world = world().await;
    let form = [("token", "unknown"), ("client_id", PUBLIC_CLIENT)];
    let answer = world.browser.post(world.url("/oauth2/revoke")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn logout_goes_to_the_registered_url_without_state_and_ends_sso() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    let target = format!(
        "/logout?client_id={CLIENT}&logout_uri=https%3A%2F%2Fapp.example.com%2F&state=x&redirect_uri={CALLBACK}"
    );
    assert_eq!(location(&world.get(&target).await), "https://app.example.com/");
    assert!(world.authorize(&[]).await.contains("/login?"));
}

#[tokio::test]
async fn a_copy_of_the_sso_cookie_is_worthless_after_logout() {
    let world = world().await;
    let answer = world.submit(&[], "kim", "password").await;
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let url = world.url(&format!("/oauth2/authorize?{}", query(&[])));
    let replay = async || location(&browser().get(&url).header("cookie", &cookie).send().await.unwrap());
    assert!(replay().await.contains("?code="));
    world.get(&format!("/logout?client_id={CLIENT}&logout_uri=https%3A%2F%2Fapp.example.com%2F")).await;
    assert!(replay().await.contains("/login?"));
}

#[tokio::test]
async fn logout_with_a_callback_shows_the_login_of_a_new_sign_in() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    let target =
        format!("/logout?client_id={CLIENT}&redirect_uri={CALLBACK}&response_type=code&scope=openid&state=a%2Bb");
    let login = location(&world.get(&target).await);
    assert!(login.starts_with(&world.url("/login?client_id=")) && login.ends_with("state=a%2Bb"), "{login}");
    assert_eq!(world.get(&login).await.status(), 200);
    assert!(world.authorize(&[]).await.contains("/login?"), "signed out");
}

#[tokio::test]
async fn rp_initiated_logout_ends_on_the_error_page_and_signs_nobody_out() {
    let world = world().await;
    world.sign_in("kim", &[]).await;
    for query in [
        "id_token_hint=x&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F",
        &format!("client_id={CLIENT}&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F"),
        &format!("client_id={CLIENT}&logout_uri=https%3A%2F%2Fapp.example.com"),
        &format!("client_id={CLIENT}&redirect_uri={CALLBACK}"),
        &format!("client_id={CLIENT}&redirect_uri={CALLBACK}/&response_type=code"),
    ] {
        let error = location(&world.get(&format!("/logout?{query}")).await);
        assert!(error.starts_with(&world.url("/error?error=Required+String+parameter")), "{error}");
        assert_eq!(world.get(&error).await.status(), 400);
    }
    assert!(world.authorize(&[]).await.contains("?code="));
}
