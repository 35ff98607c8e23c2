//! How a person gets out, and that they are out.

use std::time::Duration;

use devkit::cognito::ClientLifetimes;
use e2e::chromium::{Chromium, LANDED};
use e2e::{APP, Builder, CLIENT_ID, DOMAIN, PASSWORD, World};
use serde_json::json;

use crate::site;

/// A public page of the application's, where the provider sends people afterwards.
const BYE: &str = "https://app.example.com/healthz/bye";

fn with_goodbye() -> Builder {
    let builder = World::builder().cognito(|options| options.clients[0].logout_urls.push(BYE.to_owned()));
    builder.plugin(|plugin| plugin["providers"][0]["logout"] = json!({ "kind": "cognito", "logoutUri": BYE }))
}

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
async fn signing_out_leaves_no_cookie_of_ours_however_many_there_were() {
    let groups = (0..90).map(|n| format!("group-{n:03}-{}", "x".repeat(100)));
    let world = with_goodbye().cognito(|options| options.users[0].groups = groups.collect()).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.open("/never-finished").await;
    chromium.until_at(DOMAIN).await;
    chromium.new_tab().await;
    chromium.sign_in("ada", "/large").await;
    let cookies = chromium.cookies().await;
    let of = |part: &str| cookies.iter().filter(|cookie| cookie.name.contains(part)).count();
    assert!(cookies.len() >= 5 && of("_landed") == 1, "chunks, the mark and an attempt: {cookies:?}");
    for cookie in &cookies {
        assert!(cookie.name.starts_with("__Host-edge_oidc"), "{cookie:?}");
        assert!(cookie.secure && cookie.http_only && cookie.path == "/" && cookie.domain == APP, "{cookie:?}");
    }
    assert_eq!(chromium.script("return document.cookie", json!([])).await, "");
    chromium.open("/oauth2/sign-out").await;
    chromium.until_url(BYE).await;
    assert_eq!(chromium.all_app_cookies().await, [""; 0]);
}

#[tokio::test]
async fn a_cookie_from_before_the_sign_out_is_of_no_use_when_it_is_put_back() {
    let world = with_goodbye().start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep").await;
    // A request for an icon would come later, with the cookie that is put back below, and lose it.
    assert_eq!(chromium.attribute("link[rel=icon]", "href").await.as_deref(), Some("data:,"));
    let mut cookies = chromium.cookies().await;
    cookies.retain(|cookie| cookie.name != LANDED);
    chromium.open("/oauth2/sign-out").await;
    chromium.until_url(BYE).await;
    world.upstream.clear();
    for target in ["/deep", "/oauth2/whoami"] {
        chromium.open(BYE).await;
        chromium.put_cookie(&cookies[0]).await;
        assert_eq!(chromium.app_cookies().await, ["__Host-edge_oidc"]);
        chromium.open(target).await;
        match target {
            "/deep" => chromium.until_at(DOMAIN).await,
            _ => chromium.until_text("h1", "Please sign in").await,
        }
        assert!(!chromium.app_cookies().await.contains(&"__Host-edge_oidc".to_owned()), "it is deleted at once");
        chromium.lose_session().await;
    }
    let seen = world.upstream.requests();
    assert!(
        seen.iter().all(|seen| seen.path == "/healthz/bye" && seen.header("kubeflow-userid").is_none()),
        "{seen:?}"
    );
}

/// The application lets its page be kept, but a response with a new session is nobody's to keep, and each page that the
/// gateway is asked for needs a session.
#[tokio::test]
async fn after_signing_out_neither_the_back_button_nor_a_click_in_a_second_tab_shows_what_needs_a_session() {
    let lasts = 4;
    let short = ClientLifetimes { id_token_seconds: Some(lasts), ..ClientLifetimes::default() };
    let world = with_goodbye()
        .app(site::start().await)
        .plugin(|plugin| plugin["providers"][0]["leeway"] = json!("0s"))
        .cognito(|options| options.behaviour.client_lifetimes.extend([(CLIENT_ID.to_owned(), short)]))
        .start()
        .await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/first").await;
    world.control().set_behaviour(|behaviour| behaviour.client_lifetimes.clear());
    tokio::time::sleep(Duration::from_secs(lasts)).await;
    // The response that brings the renewed session.
    chromium.open("/kept").await;
    chromium.until_landed("ada", "/kept").await;
    assert_eq!(world.control().counters().refresh.succeeded, 1);
    let first = chromium.tabs().await.remove(0);
    let second = chromium.new_tab().await;
    chromium.open("/second").await;
    chromium.until_landed("ada", "/second").await;
    chromium.switch_to(&first).await;
    chromium.open("/oauth2/sign-out").await;
    chromium.until_url(BYE).await;
    chromium.requested_pages().await;
    chromium.back().await;
    chromium.until_at(DOMAIN).await;
    let asked = chromium.requested_pages().await;
    assert_eq!(asked[0].path(), "/kept", "the gateway was not asked: {asked:?}");
    chromium.switch_to(&second).await;
    chromium.click("#next").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("grace", PASSWORD).await;
    chromium.until_landed("grace", "/next").await;
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
