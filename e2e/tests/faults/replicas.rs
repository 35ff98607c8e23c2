//! Several Envoys: with the same keys a session is good at all of them, with others it is worth nothing.

use e2e::{Builder, Person, World};
use serde_json::json;

use crate::support::expect_session_deleted;

const OLD: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";
const NEW: &str = "p0H2tT9vJ6mQx3sRz8uWbY4cLdNeKf5gAi7oUlVhZqE";

/// A world that seals with the first key and opens with all of them.
fn with_keys(keys: &'static [&'static str]) -> Builder {
    World::builder().workers(2).plugin(move |plugin| plugin["session"]["keys"] = json!(keys))
}

/// The same person at another replica.
fn moved(person: &Person, to: &World) -> Person {
    let there = to.person();
    person.cookies().iter().for_each(|cookie| there.set_cookie(&cookie.name, &cookie.value));
    there
}

#[tokio::test]
async fn a_session_made_at_one_envoy_is_good_at_another_with_the_same_key() {
    let (mut one, mut other) = tokio::join!(with_keys(&[OLD]).start(), with_keys(&[OLD]).start());
    let person = one.person();
    person.sign_in("ada", "/").await;
    let there = moved(&person, &other);
    assert_eq!(there.get("/who").await.forwarded().header("kubeflow-userid"), Some("ada@example.com"));
    one.assert_all_workers_alive().await;
    other.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_sign_in_begun_at_one_envoy_ends_at_another() {
    let (mut one, mut other) = tokio::join!(with_keys(&[OLD]).start(), with_keys(&[OLD]).start());
    let person = one.person();
    let authorize = person.begin("/deep").await;
    let callback = moved(&person, &other).approve("ada", &authorize).await;
    let there = moved(&person, &other);
    let landed = there.navigate(callback.as_str()).await;
    // The code belongs to the provider of the world it was asked from.
    landed.expect(200).forwarded();
    one.assert_all_workers_alive().await;
    other.assert_all_workers_alive().await;
}

#[tokio::test]
async fn under_another_key_a_session_is_no_session_and_its_cookie_goes() {
    let (mut one, mut other) = tokio::join!(with_keys(&[OLD]).start(), with_keys(&[NEW]).start());
    let person = one.person();
    person.sign_in("ada", "/").await;
    let there = moved(&person, &other);
    let refused = there.get("/who").await;
    refused.expect(401).expect_not_forwarded();
    expect_session_deleted(&refused, &there);
    there.begin("/who").await;
    // Between two replicas with different keys a browser would be sent back and forth for ever: a page stops it.
    let looping = moved(&person, &other).look("/who").await;
    assert!(looping.expect(401).text().contains("/oauth2/sign-in"), "{looping}");
    one.assert_all_workers_alive().await;
    other.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_rolling_change_of_keys_ends_no_session_at_any_step() {
    let steps: [&'static [&'static str]; 3] = [&[OLD], &[OLD, NEW], &[NEW, OLD]];
    let mut worlds = Vec::new();
    for keys in steps {
        worlds.push(with_keys(keys).start().await);
    }
    for (made, used) in [(0, 1), (1, 0), (1, 2), (2, 1)] {
        let person = worlds[made].person();
        person.sign_in("ada", "/").await;
        moved(&person, &worlds[used]).get("/who").await.expect(200);
    }
    for world in &mut worlds {
        world.assert_all_workers_alive().await;
    }
}
