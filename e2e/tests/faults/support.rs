//! What these tests share: settings that make faults short, and looks at the filter's own numbers.

use std::fs;
use std::future::Future;
use std::time::{Duration, Instant};

use devkit::cognito::{Endpoint, Fault};
use e2e::{Answer, Builder, Person, World, until};
use serde_json::json;
use tokio::time::timeout;

/// The cookie that a session is.
pub const SESSION: &str = "__Host-edge_oidc";
/// How long metadata and keys are waited for, and what a busy machine adds to it.
pub const PROVIDER_WAIT: Duration = Duration::from_millis(7000);

/// A world whose provider calls end after a second.
pub fn impatient() -> Builder {
    World::builder().plugin(|plugin| plugin["providers"][0]["timeout"] = json!("1s"))
}

/// The same, with an endpoint that is faulty from the beginning.
pub fn impatient_with(endpoint: Endpoint, fault: Fault) -> Builder {
    impatient().cognito(|options| options.behaviour.set_fault(endpoint, fault, None))
}

/// One of the filter's metrics; 0 where there is none yet.
pub async fn metric(world: &World, name: &str) -> u64 {
    world.metric(name).await
}

/// Waits until a metric is `value`.
pub async fn until_metric(world: &World, name: &str, value: u64) {
    world.until_metric(name, value).await;
}

/// Waits until what the log holds after its first `from` bytes holds `text`.
pub async fn until_logged(world: &World, from: usize, text: &str) {
    let what = || format!("in the log: {text}");
    until(&what(), || async { world.envoy.log().get(from..).is_some_and(|log| log.contains(text)).then_some(()) })
        .await;
}

/// Takes an endpoint's fault away.
pub fn mend(world: &World, endpoint: Endpoint) {
    world.control().set_behaviour(|behaviour| drop(behaviour.faults.remove(&endpoint)));
}

/// Gives an endpoint a fault until it is mended.
pub fn spoil(world: &World, endpoint: Endpoint, fault: Fault) {
    world.control().set_behaviour(|behaviour| behaviour.set_fault(endpoint, fault, None));
}

/// Goes as far as the provider's answer to the browser: the callback with code and state, which is not visited.
pub async fn callback(person: &Person, target: &str) -> String {
    let authorize = person.begin(target).await;
    person.approve("ada", &authorize).await.to_string()
}

/// Hangs up on a request that has no answer after `patience`. Panics if there is one.
pub async fn hang_up<T>(patience: Duration, request: impl Future<Output = T>) {
    assert!(timeout(patience, request).await.is_err(), "there was an answer already");
}

/// Does `work` while somebody who is not signed in opens pages all the time and is told that the provider is away.
pub async fn while_people_wait<T>(world: &World, work: impl Future<Output = T>) -> T {
    let person = world.person();
    let asking = async {
        loop {
            let began = Instant::now();
            expect_try_later(&person.look("/waiting").await, "provider_unavailable");
            assert!(began.elapsed() < PROVIDER_WAIT, "it took {:?}", began.elapsed());
        }
    };
    tokio::select! {
        never = asking => never,
        done = work => done,
    }
}

/// An honest 503: the code, when to try again, no session, and nothing that reached the application.
#[track_caller]
pub fn expect_try_later(answer: &Answer, code: &str) {
    answer.expect(503).expect_not_forwarded();
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "no Retry-After: {answer}");
    expect_failed(answer, code);
}

/// A failed sign-in: the code is on the page, nothing may be cached, and there is no session.
#[track_caller]
pub fn expect_failed(answer: &Answer, code: &str) {
    answer.expect_not_forwarded();
    assert!(answer.text().contains(&format!("Code: {code}<")), "the code is not {code}: {}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    expect_no_session(answer);
}

/// No session cookie is set.
#[track_caller]
pub fn expect_no_session(answer: &Answer) {
    let deleted = answer.deleted_cookies();
    for line in answer.all("set-cookie") {
        let name = line.split('=').next().unwrap_or_default();
        assert!(name != SESSION || deleted.iter().any(|gone| gone == name), "a session: {line}");
    }
}

/// The session's cookie is deleted, in the answer and in the person's browser.
#[track_caller]
pub fn expect_session_deleted(answer: &Answer, person: &Person) {
    assert!(answer.deleted_cookies().iter().any(|name| name == SESSION), "the session stays: {answer}");
    assert_eq!(person.cookie(SESSION), None);
}

/// The end of a good sign-in: a redirect to `target` with a session.
#[track_caller]
pub fn expect_session(answer: &Answer, target: &str) {
    assert_eq!(answer.expect(302).location().path(), target);
    assert!(answer.all("set-cookie").iter().any(|line| line.starts_with(&format!("{SESSION}="))), "{answer}");
}

/// What the process holds in memory, in kilobytes.
pub fn resident(world: &World) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", world.envoy.pid().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
