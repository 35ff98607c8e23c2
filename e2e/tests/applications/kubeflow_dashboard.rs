//! The central dashboard's button for signing out, of each generation, in Chromium: a page of ours with a button that does what
//! theirs does, behind the settings that the dashboard's page gives for it.

use std::net::SocketAddr;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Html;
use e2e::chromium::Chromium;
use e2e::{DOMAIN, PASSWORD, World};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::page::Page;
use crate::world::{in_front_of, lies, without_filter};

/// From 1.9.2 on: a link, which leaves the page.
const LINK: &str = "<a id=leave href=/oauth2/sign_out>Logout</a>";
/// From 1.7 to 1.9.1: a script posts what it can read of the session's cookie, and goes where the answer says.
const SCRIPT: &str = "<button id=leave>Logout</button><script>leave.onclick = () => { \
     const pair = document.cookie.split('; ').find(pair => pair.startsWith('authservice_session=')) || ''; \
     const ask = new XMLHttpRequest(); \
     ask.open('POST', '/authservice/logout'); \
     ask.responseType = 'json'; \
     ask.setRequestHeader('Authorization', 'Bearer ' + pair.slice(pair.indexOf('=') + 1)); \
     ask.onload = () => { if (ask.status >= 200 && ask.status < 300) location.replace(ask.response.afterLogoutURL) }; \
     ask.send() }</script>";
/// Until 1.6: a link to another path.
const OLD_LINK: &str = "<a id=leave href=/logout>Logout</a>";

async fn dashboard(button: &'static str) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let site = Router::new().fallback(async move |headers: HeaderMap| {
        let user = headers.get("kubeflow-userid").and_then(|user| user.to_str().ok());
        let user = user.unwrap_or("anonymous@kubeflow.org").to_owned();
        Html(format!(
            "<!doctype html><html lang=en><link rel=icon href='data:,'><title>Kubeflow</title><h1 id=user>{user}</h1>{button}"
        ))
    });
    tokio::spawn(async move { axum::serve(listener, site).await });
    addr
}

/// The page's first configuration, with what it says for another generation in place of the same blocks.
async fn kubeflow(button: &'static str, settings: Value) -> (World, Value) {
    let mut configuration = Page::of("kubeflow-dashboard").configuration();
    for (block, value) in settings.as_object().expect("blocks") {
        configuration[block] = value.clone();
    }
    let world = in_front_of(dashboard(button).await, configuration.clone()).start().await;
    (world, configuration)
}

/// Signs in, presses the button, and sees that both sessions are over: the next person has to sign in.
async fn leaves(button: &'static str, settings: Value) {
    let (mut world, _) = kubeflow(button, settings).await;
    let browser = Chromium::start(&world).await;
    browser.sign_in("ada", "/").await;
    browser.requested_pages().await;
    browser.click("#leave").await;
    browser.until_at(DOMAIN).await;
    let form = async || (browser.url().await.path() == "/login").then_some(());
    browser.until("the provider's login page", form).await;
    let pages = browser.requested_pages().await;
    let provider = pages.iter().any(|page| page.host_str() == Some(DOMAIN) && page.path() == "/logout");
    assert!(provider, "the provider's session is over: {pages:?}");
    assert!(browser.app_cookies().await.iter().all(|name| name.contains("_a_")), "{:?}", browser.app_cookies().await);
    browser.log_in("grace", PASSWORD).await;
    browser.until_landed("grace", "/").await;
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn the_link_of_1_9_2_and_newer_signs_out() {
    leaves(LINK, json!({})).await;
}

#[tokio::test]
async fn the_script_of_1_7_to_1_9_1_signs_out() {
    let block = Page::of("kubeflow-dashboard").fence("yaml", "header: authorization");
    leaves(SCRIPT, serde_saphyr::from_str(&block).expect("YAML")).await;
}

#[tokio::test]
async fn the_link_of_1_6_and_older_signs_out() {
    leaves(OLD_LINK, json!({ "paths": { "signOut": "/logout" } })).await;
}

#[tokio::test]
async fn the_dashboard_shows_whom_the_filter_names_and_nobody_else() {
    let (mut world, configuration) = kubeflow(LINK, json!({})).await;
    let (ada, page) = crate::people::signed_in(&world, "ada", "/").await;
    assert!(page.expect(200).text().contains("<h1 id=user>ada@example.com</h1>"), "{page}");
    let lies = lies(&configuration);
    let lies: Vec<_> = lies.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let page = ada.ask(http::Method::GET, "/").headers(&lies).send().await;
    assert!(page.expect(200).text().contains(">ada@example.com<"), "{page}");
    let page = without_filter(&world).await.person().ask(http::Method::GET, "/").headers(&lies).send().await;
    assert!(page.expect(200).text().contains(crate::world::MALLORY), "it believes whatever it is sent: {page}");
    world.assert_no_vm_died().await;
}
