//! Kubeflow's central dashboard in a browser: how two generations of it sign out, and what becomes of the fragment by which it
//! names the page of an application that it shows in a frame.

use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::routing::get;
use e2e::chromium::Chromium;
use e2e::{APP, DOMAIN, PASSWORD, World};
use serde_json::json;
use tokio::net::TcpListener;

use crate::pages::judge;

/// As the dashboard of 1.7 to 1.9.1 does it: it looks for the session's cookie, and sends what it finds.
const XHR: &str = "<button id=leave onclick=\"const found = document.cookie.match(/authservice_session=([^;]*)/); \
     const ask = new XMLHttpRequest(); ask.open('POST', '/authservice/logout'); ask.responseType = 'json'; \
     ask.setRequestHeader('Authorization', 'Bearer ' + (found ? found[1] : '')); \
     ask.onload = () => location.replace(ask.response.afterLogoutURL); ask.send()\">Leave</button>";
/// As that of 1.9.2 and later.
const LINK: &str = "<a id=link href=/authservice/logout>Leave</a>";
/// The page of an application in a frame, as the dashboard's own fragment names it.
const FRAME: &str = "<script>const frame = document.createElement('iframe'); frame.width = 640; frame.height = 420; \
     frame.src = '/pipeline/' + location.hash; document.body.append(frame)</script>";
const HOMEPAGE: &str = "/authservice/site/homepage";

async fn dashboard() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let page = |content: &'static str| get(async move |headers: HeaderMap| show(&headers, content));
    let site = Router::new()
        .route("/_/pipeline/", page(FRAME))
        .route("/pipeline/", page("<p id=runs></p><script>runs.textContent = location.hash</script>"))
        .fallback(async |headers: HeaderMap| show(&headers, &format!("{XHR}{LINK}")));
    tokio::spawn(async move { axum::serve(listener, site).await });
    addr
}

fn show(headers: &HeaderMap, content: &str) -> Html<String> {
    let user = headers.get("kubeflow-userid").and_then(|user| user.to_str().ok()).unwrap_or("nobody");
    Html(format!(
        "<!doctype html><html lang=en><title>Kubeflow</title><link rel=icon href='data:,'><body><h1 id=user>{user}</h1>{content}</body>"
    ))
}

/// As whoever comes from authservice has it.
async fn kubeflow() -> World {
    let builder = World::builder().app(dashboard().await).plugin(|plugin| {
        plugin["paths"] = json!({ "signOut": "/authservice/logout", "homepage": HOMEPAGE });
        plugin["session"]["header"] = json!("authorization");
        plugin["session"]["cookie"] = json!({ "name": "authservice_session", "prefix": false });
    });
    builder.start().await
}

// M-7, F-8, F-9
#[tokio::test]
async fn both_generations_of_the_dashboard_sign_out_here_and_at_the_provider() {
    let world = kubeflow().await;
    for button in ["#leave", "#link"] {
        let chromium = Chromium::start(&world).await;
        chromium.sign_in("ada", "/").await;
        assert_eq!(chromium.script("return document.cookie", json!([])).await, "", "no script finds the session");
        let cookies = chromium.cookies().await;
        let session = cookies.iter().find(|cookie| cookie.name == "authservice_session").expect("the session");
        assert!(
            session.secure && session.http_only && session.domain == APP && session.same_site == "Lax",
            "{session:?}"
        );
        chromium.requested_pages().await;
        chromium.click(button).await;
        chromium.until_at(DOMAIN).await;
        let login = async || (chromium.url().await.path() == "/login").then_some(());
        chromium.until("the provider's login page", login).await;
        let pages: Vec<_> = chromium.requested_pages().await.iter().map(|url| url.path().to_owned()).collect();
        let at_the_provider = ["/logout", "/", "/oauth2/authorize", "/login"];
        assert!(pages.ends_with(&at_the_provider.map(str::to_owned)), "{button}: {pages:?}");
        assert!(!chromium.all_app_cookies().await.contains(&"authservice_session".to_owned()));
        chromium.log_in("grace", PASSWORD).await;
        chromium.until_landed("grace", "/").await;
    }
}

/// A browser carries the fragment through redirects, but never sends it, and a form at the provider begins a new address.
#[tokio::test]
async fn a_fragment_outlives_a_sign_in_without_a_password_and_is_lost_by_one_with() {
    let world = kubeflow().await;
    let chromium = Chromium::start(&world).await;
    let page = format!("https://{APP}/_/pipeline/?ns=ada");
    let runs = format!("{page}#/runs");
    chromium.open(&runs).await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", &page).await;
    chromium.open(&runs).await;
    chromium.until_landed("ada", &runs).await;
    chromium.lose_session().await;
    chromium.open("about:blank").await;
    chromium.open(&runs).await;
    chromium.until_landed("ada", &runs).await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("#runs", "#/runs").await;
    assert_eq!(world.control().counters().interactive_sign_ins, 1);
}

#[tokio::test]
async fn an_application_in_a_frame_asks_for_a_sign_in_that_takes_the_window_and_comes_back_to_the_dashboard() {
    let world = kubeflow().await;
    let chromium = Chromium::start(&world).await;
    let page = format!("https://{APP}/_/pipeline/?ns=ada");
    chromium.sign_in("ada", "/").await;
    chromium.open(&format!("{page}#/runs")).await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("#runs", "#/runs").await;
    chromium.leave_frames().await;
    chromium.lose_session().await;
    chromium.script("document.querySelector('iframe').src = '/pipeline/?again#/runs'", json!([])).await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("h1", "Please sign in").await;
    chromium.click("a").await;
    chromium.leave_frames().await;
    // Referer names the dashboard without its fragment.
    chromium.until_landed("ada", &page).await;
    assert_eq!(world.control().counters().interactive_sign_ins, 1, "the provider still knew her");
}

#[tokio::test]
async fn the_homepage_leads_strangers_in_and_people_on_or_out() {
    let world = kubeflow().await;
    let chromium = Chromium::start(&world).await;
    chromium.open(HOMEPAGE).await;
    chromium.until_text("h1", "You are not signed in").await;
    judge(&chromium, "homepage-nobody").await;
    chromium.press_tab().await;
    chromium.press_enter().await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", "/").await;
    chromium.open(HOMEPAGE).await;
    chromium.until_text("h1", "You are signed in").await;
    assert!(chromium.text("dl").await.contains("ada@example.com"));
    judge(&chromium, "homepage").await;
    chromium.click("a").await;
    chromium.until_landed("ada", "/").await;
    chromium.open(HOMEPAGE).await;
    chromium.click("button").await;
    chromium.until_at(DOMAIN).await;
    assert!(!chromium.all_app_cookies().await.contains(&"authservice_session".to_owned()));
}
