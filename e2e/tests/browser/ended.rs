//! A page is open and its session is over: what becomes of what the page does next.

use e2e::chromium::Chromium;
use e2e::{APP, DOMAIN, PASSWORD, World};
use serde_json::json;

use crate::site;

const FETCH: &str = "return fetch('/api/items').then(async answer => \
     [answer.status, answer.redirected, answer.headers.get('content-type'), (await answer.json()).error])";
/// What becomes of a WebSocket: its first message, or `refused`.
const WEBSOCKET: &str = "return new Promise(done => { const socket = new WebSocket(arguments[0]); \
     socket.onmessage = message => done(JSON.parse(message.data).path); socket.onerror = () => done('refused') })";

async fn with_site() -> World {
    World::builder().app(site::start().await).start().await
}

#[tokio::test]
async fn a_script_gets_401_as_json_and_no_redirect() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/page").await;
    chromium.lose_session().await;
    let answer = chromium.script(FETCH, json!([])).await;
    assert_eq!(answer, json!([401, false, "application/json", "login_required"]));
    assert_eq!(chromium.app_cookies().await, [""; 0], "no sign-in was begun");
}

#[tokio::test]
async fn a_frame_shows_a_sign_in_page_that_takes_the_whole_window() {
    let world = with_site().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/other").await;
    chromium.open("/dashboard?ns=ada").await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("#user", "ada@example.com").await;
    chromium.leave_frames().await;
    chromium.lose_all_cookies().await;
    chromium.script("document.querySelector('iframe').src = '/inner?again'", json!([])).await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("h1", "Please sign in").await;
    assert_eq!(chromium.attribute("a", "target").await.as_deref(), Some("_top"));
    chromium.click("a").await;
    chromium.leave_frames().await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", PASSWORD).await;
    chromium.until_landed("ada", "/dashboard?ns=ada").await;
}

#[tokio::test]
async fn a_form_that_was_sent_too_late_is_not_lost() {
    let world = with_site().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/form").await;
    chromium.type_into("textarea", "an hour of work").await;
    chromium.lose_session().await;
    chromium.click("form button").await;
    chromium.until_text("h1", "Please sign in").await;
    assert!(chromium.text("p").await.contains("go back one page and send it again"));
    let form = chromium.tabs().await;
    chromium.click("a").await;
    let two = async || Some(chromium.tabs().await).filter(|tabs| tabs.len() == 2);
    let tabs = chromium.until("a second tab", two).await;
    let new = tabs.iter().find(|tab| !form.contains(tab)).expect("the new tab");
    chromium.switch_to(new).await;
    chromium.until_landed("ada", "/").await;
    chromium.switch_to(&form[0]).await;
    chromium.back().await;
    chromium.until_text("#user", "ada@example.com").await;
    assert_eq!(chromium.script("return document.querySelector('textarea').value", json!([])).await, "an hour of work");
    chromium.click("form button").await;
    chromium.until_text("#sent", "text=an+hour+of+work").await;
}

#[tokio::test]
async fn a_websocket_opens_for_pages_of_the_application_only() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    let socket = json!([format!("wss://{APP}/ws")]);
    chromium.sign_in("ada", "/page").await;
    assert_eq!(chromium.script(WEBSOCKET, socket.clone()).await, "/ws");
    // A sibling is the same site: the browser sends the session cookie along.
    chromium.open("https://sibling.example.com/healthz").await;
    world.upstream.clear();
    assert_eq!(chromium.script(WEBSOCKET, socket.clone()).await, "refused");
    assert_eq!(world.upstream.hits(), 0);
    chromium.open("/page").await;
    chromium.lose_session().await;
    assert_eq!(chromium.script(WEBSOCKET, socket).await, "refused");
}
