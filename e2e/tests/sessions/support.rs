//! What these tests share: sessions whose tokens are over, and the cookies that follow them.
//!
//! Time is real here. A sign-in that is to grow old gets tokens for a few seconds, and the test waits for their end.

use std::time::Duration;

use devkit::cognito::{Control, Endpoint, Fault};
use e2e::{Answer, Builder, CLIENT_ID, Net, Person, World};
use serde_json::json;
use tokio::time::sleep;

/// The cookie that a session is.
pub const SESSION: &str = "__Host-edge_oidc";
/// The mark of a sign-in that has just completed. It lasts half a minute.
const LANDED: &str = "__Host-edge_oidc_landed";
/// How long a sign-in's tokens last that is to be over soon: time enough to finish it, two seconds at least.
pub const SHORT: u64 = 4;

/// A world that forgives no second, with a provider that takes each refresh token once.
pub fn strict() -> Builder {
    forgiving(0)
}

/// The same with a provider that takes it again for so many seconds.
pub fn forgiving(grace: u64) -> Builder {
    World::builder()
        .plugin(|plugin| plugin["providers"][0]["leeway"] = json!("0s"))
        .cognito(move |options| options.behaviour.rotate_refresh_tokens(grace))
}

/// How long the tokens last that are issued from now on; as usual, if nothing is said.
pub fn tokens_last(control: &Control, seconds: Option<u64>) {
    control.set_behaviour(|behaviour| {
        behaviour.client_lifetimes.entry(CLIENT_ID.to_owned()).or_default().id_token_seconds = seconds;
    });
}

/// Waits until the clock of the provider, and of everybody here, shows `seconds`.
pub async fn until_clock(control: &Control, seconds: u64) {
    while control.now() < seconds {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Someone who signed in a while ago and has not used the session yet.
pub async fn with_session(net: &Net, user: &str) -> Person {
    let person = Person::new(net, e2e::Habits::default());
    let authorize = person.begin("/deep").await;
    let landed = person.look(person.approve(user, &authorize).await.as_str()).await;
    assert!(given(&landed.expect(302).all("set-cookie")).is_some(), "no session: {landed}");
    person.forget_cookie(LANDED);
    person
}

/// People with sessions of `seconds`, and when the last of these ends. What is issued later lasts as usual.
pub async fn with_short_sessions<const N: usize>(world: &World, seconds: u64) -> ([Person; N], u64) {
    let control = world.control();
    tokens_last(&control, Some(seconds));
    let mut people = Vec::new();
    for _ in 0..N {
        people.push(with_session(&world.net, "ada").await);
    }
    tokens_last(&control, None);
    (people.try_into().ok().expect("so many"), control.now() + seconds)
}

/// People whose tokens are over.
pub async fn expired<const N: usize>(world: &World) -> [Person; N] {
    let (people, end) = with_short_sessions(world, SHORT).await;
    until_clock(&world.control(), end).await;
    people
}

/// Spoils the next refreshes, all of them unless it is said how many.
pub fn spoil_refreshes(world: &World, fault: Fault, times: impl Into<Option<u32>>) {
    world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Refresh, fault, times));
}

/// Refreshes are good again.
pub fn mend_refreshes(world: &World) {
    world.control().set_behaviour(|behaviour| drop(behaviour.faults.remove(&Endpoint::Refresh)));
}

/// How many refreshes the provider was asked for, and how many it granted.
pub fn refreshes(world: &World) -> (u64, u64) {
    let counted = world.control().counters().refresh;
    (counted.arrived, counted.succeeded)
}

/// Waits until the filter has the answers of so many good token requests, sign-ins included.
pub async fn until_answered(world: &World, token_requests: u64) {
    world.until_metric("provider_call.token.ok", token_requests).await;
}

/// The session among these Set-Cookie lines, as `name=value`. Panics if it lacks an attribute that keeps it safe.
#[track_caller]
pub fn given(set_cookie: &[&str]) -> Option<String> {
    let mut lines = set_cookie.iter().filter(|line| line.starts_with(&format!("{SESSION}=")));
    let line = lines.next()?;
    assert!(lines.next().is_none(), "two sessions: {set_cookie:?}");
    let mut parts = line.split("; ");
    let pair = parts.next()?.to_owned();
    let attributes: Vec<_> = parts.collect();
    for wanted in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
        assert!(attributes.contains(&wanted), "{wanted} is missing in {attributes:?}");
    }
    (!attributes.contains(&"Max-Age=0")).then_some(pair)
}

/// Served as ada, with a new session: its `name=value`.
#[track_caller]
pub fn expect_renewed(answer: &Answer) -> String {
    expect_served(answer);
    given(&answer.all("set-cookie")).unwrap_or_else(|| panic!("no new session: {answer}"))
}

/// Served as ada.
#[track_caller]
pub fn expect_served(answer: &Answer) {
    assert_eq!(answer.expect(200).forwarded().all("kubeflow-userid"), ["ada@example.com"], "{answer}");
}

/// Served as ada, and no cookie came with it.
#[track_caller]
pub fn expect_unchanged(answer: &Answer) {
    expect_served(answer);
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{answer}");
}

/// A request of a program with exactly this Cookie header.
pub async fn get_with(person: &Person, target: &str, cookie: &str) -> Answer {
    let ask = person.ask(http::Method::GET, target).header("accept", "application/json");
    ask.without_cookies().header("cookie", cookie).send().await
}
