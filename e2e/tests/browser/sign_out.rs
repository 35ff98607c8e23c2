//! How a person gets out, and that they are out.

use e2e::{APP, DOMAIN, PASSWORD, World};
use serde_json::json;

use crate::chromium::{Chromium, LANDED};
use crate::site;

#[tokio::test]
async fn signing_out_leads_over_the_provider_and_ends_every_cookie_and_the_password_is_asked_again() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep").await;
    chromium.requested_pages().await;
    chromium.click("a.out").await;
    chromium.until_at(DOMAIN).await;
    let pages: Vec<_> = chromium.requested_pages().await.iter().map(|url| url.path().to_owned()).collect();
    assert_eq!(pages, ["/oauth2/sign-out", "/logout", "/", "/oauth2/authorize", "/login"]);
    let cookies = chromium.all_app_cookies().await;
    let attempt = |name: &String| name.starts_with("__Host-edge_oidc_") && name != LANDED;
    assert!(cookies.len() == 1 && cookies.iter().all(attempt), "only the new sign-in's: {cookies:?}");
    chromium.log_in("grace", PASSWORD).await;
    chromium.until_landed("grace", "/").await;
}

#[tokio::test]
async fn after_signing_out_back_and_reload_and_a_second_tab_ask_for_a_sign_in() {
    let world = World::builder().app(site::start().await).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/private").await;
    let first = chromium.tabs().await.remove(0);
    let second = chromium.new_tab().await;
    chromium.open("/second").await;
    chromium.until_landed("ada", "/second").await;
    chromium.switch_to(&first).await;
    chromium.open("/oauth2/sign-out").await;
    chromium.until_at(DOMAIN).await;
    chromium.back().await;
    chromium.until_at(DOMAIN).await;
    chromium.switch_to(&second).await;
    chromium.reload().await;
    chromium.until_at(DOMAIN).await;
}

#[tokio::test]
async fn another_site_cannot_sign_a_person_out_without_asking_them() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep").await;
    chromium.open("https://elsewhere.test/healthz").await;
    let sign_out = format!("https://{APP}/oauth2/sign-out");
    chromium.script("location = arguments[0]", json!([sign_out])).await;
    chromium.until_url(&sign_out).await;
    assert_eq!(chromium.app_cookies().await, ["__Host-edge_oidc"]);
    chromium.click("button").await;
    chromium.until_at(DOMAIN).await;
    assert!(!chromium.app_cookies().await.contains(&"__Host-edge_oidc".to_owned()));
}
