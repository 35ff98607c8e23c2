//! How the pages look that a person meets, and whether everybody can read and use them.
//!
//! Each is brought about as it happens to people, judged in light and dark colours, and photographed into
//! `target/screenshots`. Looks are judged by whoever looks at the pictures; here is judged what a number can tell.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devkit::cognito::{CallbackError, Endpoint, Fault, FaultRule};
use devkit::install;
use e2e::chromium::Chromium;
use e2e::{APP, DOMAIN, World};
use serde_json::{Value, json};

use crate::site;

/// What is wrong with the page for someone who cannot see it, or not well: nothing, as long as this answers nothing.
const PROBLEMS: &str = r#"
const problems = [], say = (ok, problem) => ok || problems.push(problem);
say(document.documentElement.lang, 'no language');
say(document.title.trim(), 'no title');
say(document.querySelectorAll('h1').length === 1, 'not one main heading');
say(document.querySelector('meta[name=viewport]'), 'no viewport');
say(document.documentElement.scrollWidth <= innerWidth, 'it scrolls sideways');
for (const field of document.querySelectorAll('input:not([type=hidden])')) say(field.labels.length, `${field.name} has no label`);
for (const it of document.querySelectorAll('a, button')) {
  say(it.textContent.trim(), 'a link or button without text');
  say(it.getBoundingClientRect().height >= 24, `${it.textContent} is too small for a finger`);
}
for (const it of document.querySelectorAll('dd')) say(it.getBoundingClientRect().width >= 150, `${it.textContent} is squeezed`);
const channels = color => color.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const under = element => {
  const [r, g, b, a = 1] = channels(getComputedStyle(element).backgroundColor);
  if (a === 1) return [r, g, b];
  const below = element.parentElement ? under(element.parentElement)
    : matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  return [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
};
for (const element of document.body.querySelectorAll('*')) {
  if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
  const [ink, paper] = [light(channels(getComputedStyle(element).color)), light(under(element))];
  const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  say(contrast >= 4.5, `${element.tagName} ${element.textContent.trim().slice(0, 30)} has a contrast of ${contrast.toFixed(2)}`);
}
return problems;"#;

/// Judges the page that is open, and takes its pictures.
pub async fn judge(chromium: &Chromium, name: &str) {
    for (suffix, scheme, width, height) in
        [("", "light", 1280, 800), ("-dark", "dark", 1280, 800), ("-phone", "light", 390, 844)]
    {
        chromium.prefer(scheme).await;
        chromium.resize(width, height).await;
        save(&format!("{name}{suffix}"), &chromium.screenshot().await);
        assert_eq!(chromium.script(PROBLEMS, json!([])).await, json!([]), "{name}{suffix}");
    }
    chromium.prefer("light").await;
    chromium.resize(1280, 800).await;
}

fn save(name: &str, picture: &str) {
    let folder = install::target_dir().join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.png")), STANDARD.decode(picture).unwrap()).unwrap();
}

/// Whether the tab key leads to the one thing that the page offers.
async fn assert_reached_by_keyboard(chromium: &Chromium, label: &str) {
    chromium.press_tab().await;
    assert_eq!(chromium.script("return document.activeElement.textContent", json!([])).await, label);
}

fn local_sign_out(plugin: &mut Value) {
    plugin["providers"][0]["logout"] = json!({ "kind": "local" });
    plugin["routes"] = json!([
        { "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
        { "match": { "path": { "prefix": "/internal" } }, "action": "deny" },
    ]);
}

#[tokio::test]
async fn the_pages_around_a_sign_in() {
    let world = World::builder().cognito(|options| options.behaviour.show_users = true).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.open("/notebooks?ns=ada").await;
    chromium.until_at(DOMAIN).await;
    judge(&chromium, "login").await;
    chromium.log_in("ada", "wrong").await;
    chromium.until_text(".problem", "Incorrect username or password.").await;
    judge(&chromium, "login-wrong-password").await;
    chromium.log_in("ada", e2e::PASSWORD).await;
    chromium.until_landed("ada", "/notebooks?ns=ada").await;
    judge(&chromium, "application").await;
}

#[tokio::test]
async fn the_pages_after_a_session_has_ended() {
    let world = World::builder().app(site::start().await).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/form").await;
    chromium.lose_session().await;
    chromium.click("form button").await;
    chromium.until_text("h1", "Please sign in").await;
    judge(&chromium, "session-ended-form").await;
    assert_reached_by_keyboard(&chromium, "Sign in in a new tab").await;
    chromium.open("/dashboard").await;
    chromium.until_landed("ada", "/dashboard").await;
    chromium.lose_session().await;
    chromium.script("document.querySelector('iframe').src = '/inner?again'", json!([])).await;
    chromium.enter_frame("iframe").await;
    chromium.until_text("h1", "Please sign in").await;
    judge(&chromium, "session-ended-frame").await;
}

#[tokio::test]
async fn the_pages_of_signing_out_and_of_what_is_denied() {
    let world = World::builder().plugin(local_sign_out).start().await;
    let chromium = Chromium::start(&world).await;
    chromium.sign_in("ada", "/").await;
    chromium.open("/internal/metrics").await;
    chromium.until_text("h1", "No access").await;
    judge(&chromium, "denied").await;
    chromium.open("https://elsewhere.test/healthz").await;
    chromium.script("location = arguments[0]", json!([format!("https://{APP}/oauth2/sign-out")])).await;
    chromium.until_text("h1", "Sign out?").await;
    judge(&chromium, "sign-out-confirmation").await;
    assert_reached_by_keyboard(&chromium, "Sign out").await;
    chromium.click("button").await;
    chromium.until_text("h1", "Signed out").await;
    judge(&chromium, "signed-out").await;
    assert_reached_by_keyboard(&chromium, "Sign in again").await;
}

#[tokio::test]
async fn the_page_that_says_who_is_signed_in_and_its_button() {
    let many = (0..40).map(|n| format!("team-{n:02}@data-science-and-engineering.example.com"));
    let more = json!([{ "header": "x-forwarded-preferred-username", "claim": "cognito:username" }]);
    let world = World::builder()
        .cognito(|options| options.users[1].groups = many.collect())
        .plugin(move |plugin| plugin["identity"]["headers"] = more)
        .start()
        .await;
    let chromium = Chromium::start(&world).await;
    for (user, name) in [("ada", "whoami"), ("grace", "whoami-many-groups")] {
        chromium.open("/page").await;
        chromium.until_at(DOMAIN).await;
        chromium.log_in(user, e2e::PASSWORD).await;
        chromium.until_landed(user, "/page").await;
        chromium.open("/oauth2/whoami").await;
        chromium.until_text("h1", "You are signed in").await;
        assert!(chromium.text("dl").await.contains(&format!("{user}@example.com")));
        judge(&chromium, name).await;
        assert_reached_by_keyboard(&chromium, "Sign out").await;
        chromium.click("button").await;
        chromium.until_at(DOMAIN).await;
        let cookies = chromium.all_app_cookies().await;
        assert!(!cookies.contains(&"__Host-edge_oidc".to_owned()), "{cookies:?}");
        // The person is gone there, too: the next one is asked for a password.
        chromium.open("/oauth2/whoami").await;
        chromium.until_text("h1", "Please sign in").await;
        judge(&chromium, "whoami-nobody").await;
    }
}

#[tokio::test]
async fn the_pages_of_a_sign_in_that_fails() {
    let world = World::start().await;
    let chromium = Chromium::start(&world).await;
    chromium.open("/oauth2/callback?code=x&state=y").await;
    judge(&chromium, "callback-refused").await;
    assert_reached_by_keyboard(&chromium, "Sign in again").await;
    world.control().set_behaviour(|behaviour| {
        let (error, error_description) = ("access_denied".to_owned(), None);
        behaviour.callback_error = Some(CallbackError { error, error_description });
    });
    chromium.open("/notebooks").await;
    chromium.until_text("small", "Code: provider_access_denied").await;
    judge(&chromium, "sign-in-declined").await;
}

#[tokio::test]
async fn the_page_of_a_provider_that_is_down_leads_back_once_it_is_up() {
    let down = FaultRule { fault: Fault::ServiceUnavailable, remaining: None };
    let world = World::builder()
        .cognito(|options| options.behaviour.faults.extend([(Endpoint::Discovery, down)]))
        .start()
        .await;
    let chromium = Chromium::start(&world).await;
    chromium.open("/notebooks?ns=ada").await;
    chromium.until_text("h1", "Sign-in is not available right now").await;
    judge(&chromium, "provider-unavailable").await;
    assert_reached_by_keyboard(&chromium, "Try again").await;
    world.control().set_behaviour(|behaviour| behaviour.faults.clear());
    chromium.click("a").await;
    chromium.until_at(DOMAIN).await;
    chromium.log_in("ada", e2e::PASSWORD).await;
    chromium.until_landed("ada", "/notebooks?ns=ada").await;
}
