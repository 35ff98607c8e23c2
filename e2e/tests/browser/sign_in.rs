//! How a person gets in, and what stays in their browser.

use e2e::chromium::{Chromium, LANDED};
use e2e::{APP, DOMAIN, PASSWORD, World};
use serde_json::json;

const DEEP_LINK: &str = "/notebooks/ada/lab?path=a%20b%2Fc&cell=7";

#[tokio::test]
async fn a_deep_link_leads_through_the_login_page_back_to_itself() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", DEEP_LINK).await;
    assert_eq!(chromium.text("#request code").await, "GET /notebooks/ada/lab?path=a%20b%2Fc&cell=7");
    assert_eq!(chromium.text("#groups").await.split_whitespace().collect::<Vec<_>>(), ["admins", "data-science"]);
}

#[tokio::test]
async fn after_a_wrong_password_the_right_one_still_leads_to_the_deep_link() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.open("/deep?x=1").await;
    chromium.log_in("ada", "wrong").await;
    chromium.until_text(".problem", "Incorrect username or password.").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", "/deep?x=1").await;
}

#[tokio::test]
async fn one_session_cookie_is_left_and_no_script_or_other_site_gets_it() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep?x=1").await;
    let mut cookies = chromium.cookies().await;
    cookies.retain(|cookie| cookie.name != LANDED);
    let [session] = &cookies[..] else { panic!("not one cookie: {cookies:?}") };
    assert_eq!((session.name.as_str(), session.domain.as_str(), session.path.as_str()), ("__Host-edge_oidc", APP, "/"));
    assert!(session.secure && session.http_only, "{session:?}");
    assert_eq!(session.same_site, "Lax");
    assert!(session.name.len() + session.value.len() < 4096, "{session:?}");
    assert_eq!(chromium.script("return document.cookie", json!([])).await, "");
}

#[tokio::test]
async fn reload_and_back_stay_signed_in() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/first?x=1").await;
    chromium.open("/second").await;
    chromium.until_landed("ada", "/second").await;
    chromium.reload().await;
    chromium.until_landed("ada", "/second").await;
    chromium.back().await;
    chromium.until_landed("ada", "/first?x=1").await;
    assert_eq!(world.control().counters().interactive_sign_ins, 1);
}

#[tokio::test]
async fn the_callback_that_comes_again_is_harmless() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep?x=1").await;
    let pages = chromium.requested_pages().await;
    let callback = pages.iter().find(|url| url.path() == "/oauth2/callback").expect("a callback");
    for _ in 0..2 {
        chromium.open(callback.as_str()).await;
        chromium.until_landed("ada", "/").await;
    }
    assert_eq!(chromium.app_cookies().await, ["__Host-edge_oidc"]);
}

#[tokio::test]
async fn the_callback_of_another_browser_gives_a_page_with_one_link_and_no_session() {
    let world = World::start().await;
    let (chromium, mallory) = (Chromium::start(&world).await, world.person());
    let callback = mallory.approve("grace", &mallory.begin("/mallory").await).await;
    chromium.open(callback.as_str()).await;
    assert_eq!(chromium.text("h1").await, "That did not work");
    assert_eq!(chromium.script("return document.links.length", json!([])).await, 1);
    assert_eq!(chromium.app_cookies().await, [""; 0]);
    chromium.click("a").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", "/").await;
}

#[tokio::test]
async fn a_sign_in_without_a_password_keeps_even_the_fragment() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/").await;
    chromium.lose_session().await;
    chromium.open("/notebook?cell=7#output").await;
    chromium.until_landed("ada", "/notebook?cell=7#output").await;
}
