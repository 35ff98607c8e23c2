//! A page that stays open for long: its session is renewed behind it, and nobody signs in twice.
//!
//! Time is real here, and a day is made of tokens that last a few seconds, at a provider that takes a refresh token once.

use std::time::Duration;

use devkit::cognito::{Control, Endpoint, Fault};
use e2e::chromium::{Chromium, Cookie, LANDED};
use e2e::{Builder, CLIENT_ID, World};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::pages::judge;

const SESSION: &str = "__Host-edge_oidc";
/// How long tokens last: time enough to finish a sign-in.
const LASTS: u64 = 4;
/// How many tokens' lives a day has.
const DAY: u64 = 3;
/// How long a provider that failed is left alone.
const REST: Duration = Duration::from_secs(5);
/// What a page does all day: three requests at once, again and again.
const BUSY: &str = "window.asked = []; \
     const ask = () => asked.push(fetch('/api/items').then(answer => [answer.status, answer.redirected])); \
     window.busy = setInterval(() => { ask(); ask(); ask() }, 100)";
const AND_REST: &str = "clearInterval(busy); return Promise.all(asked)";
const FETCH: &str = "return fetch('/api/items', { headers: { accept: 'application/json' } }) \
     .then(async answer => [answer.status, answer.redirected, (await answer.json()).error ?? null])";

/// A world that forgives no second.
fn strict() -> Builder {
    World::builder()
        .plugin(|plugin| plugin["providers"][0]["leeway"] = json!("0s"))
        .cognito(|options| options.behaviour.rotate_refresh_tokens(0))
}

/// How long the tokens last that are issued from now on; as usual, if nothing is said.
fn tokens_last(control: &Control, seconds: Option<u64>) {
    control.set_behaviour(|behaviour| {
        behaviour.client_lifetimes.entry(CLIENT_ID.to_owned()).or_default().id_token_seconds = seconds;
    });
}

async fn until_over() {
    sleep(Duration::from_secs(LASTS)).await;
}

/// The one session cookie, as it must be.
async fn session(chromium: &Chromium) -> Cookie {
    let mut cookies = chromium.cookies().await;
    cookies.retain(|cookie| cookie.name != LANDED);
    let [session] = &cookies[..] else { panic!("not one cookie: {cookies:?}") };
    assert_eq!((session.name.as_str(), session.domain.as_str(), session.path.as_str()), (SESSION, e2e::APP, "/"));
    assert!(session.secure && session.http_only && session.same_site == "Lax", "{session:?}");
    assert_eq!(chromium.script("return document.cookie", json!([])).await, "");
    cookies.remove(0)
}

#[track_caller]
fn expect_one_sign_in(world: &World) {
    let counters = world.control().counters();
    assert_eq!((counters.interactive_sign_ins, counters.silent_sign_ins), (1, 0));
    assert_eq!(counters.refresh.arrived, counters.refresh.succeeded, "a refresh token came twice");
}

#[tokio::test]
async fn a_page_that_is_busy_all_day_and_the_tab_beside_it_are_served_without_another_sign_in() {
    let mut world = strict().workers(2).start().await;
    tokens_last(&world.control(), Some(LASTS));
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/busy").await;
    let busy = chromium.tabs().await.remove(0);
    chromium.script(BUSY, json!([])).await;
    let first = session(&chromium).await;
    chromium.new_tab().await;
    let mut pages = 0;
    while world.control().counters().refresh.succeeded < DAY {
        pages += 1;
        let page = format!("/page/{pages}");
        chromium.open(&page).await;
        chromium.until_landed("ada", &page).await;
    }
    assert_ne!(session(&chromium).await.value, first.value);
    chromium.switch_to(&busy).await;
    chromium.until_landed("ada", "/busy").await;
    let answers = chromium.script(AND_REST, json!([])).await;
    let answers = answers.as_array().expect("a list");
    assert!(answers.len() > 20, "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == json!([200, false])), "{answers:?}");
    expect_one_sign_in(&world);
    tokens_last(&world.control(), None);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_page_that_rests_is_served_with_the_first_click_or_script_after_its_tokens_end() {
    let world = strict().start().await;
    tokens_last(&world.control(), Some(LASTS));
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/rests").await;
    let mut before = session(&chromium).await;
    for by_script in [true, false] {
        until_over().await;
        let refreshed = world.control().counters().refresh.succeeded;
        match by_script {
            true => assert_eq!(chromium.script(FETCH, json!([])).await, json!([200, false, null])),
            false => chromium.reload().await,
        }
        chromium.until_landed("ada", "/rests").await;
        assert!(world.control().counters().refresh.succeeded > refreshed);
        let after = session(&chromium).await;
        assert_ne!(after.value, before.value);
        before = after;
    }
    expect_one_sign_in(&world);
}

#[tokio::test]
async fn a_provider_that_is_down_when_the_tokens_end_sends_nobody_to_a_sign_in_and_the_button_leads_back() {
    let world = strict().start().await;
    tokens_last(&world.control(), Some(LASTS));
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/notebooks?ns=ada").await;
    world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Refresh, Fault::ServiceUnavailable, None));
    until_over().await;
    assert_eq!(chromium.script(FETCH, json!([])).await, json!([503, false, "provider_unavailable"]));
    let before = session(&chromium).await;
    chromium.reload().await;
    for _ in 0..2 {
        chromium.until_text("h1", "Sign-in is not available right now").await;
        assert_eq!(session(&chromium).await.value, before.value, "the session stays");
        judge(&chromium, "session-not-renewed").await;
        assert_eq!(chromium.text("a").await, "Try again");
        chromium.click("a").await;
    }
    chromium.until_text("h1", "Sign-in is not available right now").await;
    tokens_last(&world.control(), None);
    world.control().set_behaviour(|behaviour| behaviour.faults.clear());
    sleep(REST).await;
    chromium.click("a").await;
    chromium.until_landed("ada", "/notebooks?ns=ada").await;
    assert_ne!(session(&chromium).await.value, before.value);
    let counters = world.control().counters();
    assert_eq!((counters.interactive_sign_ins, counters.silent_sign_ins, counters.refresh.succeeded), (1, 0, 1));
}

#[tokio::test]
async fn a_person_whom_the_provider_signed_out_meets_the_login_page_and_comes_back_to_the_page() {
    let world = strict().cognito(|options| options.behaviour.global_sign_out_ends_sso = true).start().await;
    tokens_last(&world.control(), Some(LASTS));
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/deep?x=1").await;
    assert!(world.control().global_sign_out("ada"));
    tokens_last(&world.control(), None);
    until_over().await;
    let refused: Value = chromium.script(FETCH, json!([])).await;
    assert_eq!(refused, json!([401, false, "login_required"]));
    assert_eq!(chromium.app_cookies().await, [""; 0], "the session is gone with it");
    chromium.reload().await;
    chromium.until_at(e2e::DOMAIN).await;
    chromium.log_in("ada", e2e::PASSWORD).await;
    chromium.until_landed("ada", "/deep?x=1").await;
}
