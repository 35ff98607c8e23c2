//! Who gets in, with which kinds of client and signature, and who does not.

use e2e::Answer;
use url::Url;

use crate::world::{METHODS, World};

const DEEP_LINK: &str = "/notebooks/ada?path=a%20b%2Fc&cell=7";
/// One of each family and curve; the published vectors try all. `EdDSA` is the older name for Ed25519, and the usual one.
const ALGORITHMS: [&str; 6] = ["RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"];

fn assert_signed_in(answer: &Answer, user: &str, target: &str) {
    let seen = answer.expect(200).forwarded();
    assert_eq!(seen.header("kubeflow-userid"), Some(format!("{user}@example.com").as_str()));
    assert!(answer.url.as_str().ends_with(target), "{answer}");
}

/// The callback with another value of one parameter, or without it.
fn with(callback: &Url, name: &str, value: Option<&str>) -> Url {
    let others = callback.query_pairs().filter(|(other, _)| other != name);
    let mut changed = callback.clone();
    changed.query_pairs_mut().clear().extend_pairs(others).extend_pairs(value.map(|value| (name, value)));
    changed
}

fn value(callback: &Url, name: &str) -> String {
    let found = callback.query_pairs().find(|(other, _)| other == name);
    found.unwrap_or_else(|| panic!("no {name} in {callback}")).1.into_owned()
}

#[tokio::test]
async fn every_kind_of_client_signs_a_person_in_on_a_deep_link() {
    for method in METHODS {
        let world = World::start(method, "RS256").await;
        let answer = world.sign_in(&world.person(), "ada", DEEP_LINK).await;
        assert_signed_in(&answer, "ada", DEEP_LINK);
        assert_eq!(answer.forwarded().header("kubeflow-groups"), Some("admins,data-science"), "{method}");
    }
}

#[tokio::test]
async fn every_family_of_signatures_is_verified() {
    for algorithm in ALGORITHMS {
        let world = World::start("client_secret_basic", algorithm).await;
        assert_signed_in(&world.sign_in(&world.person(), "grace", "/a").await, "grace", "/a");
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_configured_signs_nobody_in() {
    let world = World::shape("client_secret_basic", "PS256").accepting("RS256").start().await;
    let person = world.person();
    let answer = world.sign_in(&person, "ada", "/a").await;
    answer.expect(502).expect_not_forwarded();
    assert!(person.cookies().iter().all(|cookie| cookie.name != "__Host-edge_oidc"), "{:?}", person.cookies());
}

#[tokio::test]
async fn the_issuer_in_the_response_is_demanded_as_announced() {
    let world = World::start("client_secret_basic", "ES256").await;
    for (iss, code) in [(None, "callback_iss_absent"), (Some("https://mallory.example"), "callback_iss_mismatch")] {
        let person = world.person();
        let callback = world.approve(&person, "ada", "/a").await;
        assert_eq!(value(&callback, "iss"), world.provider.issuer());
        let answer = person.navigate(with(&callback, "iss", iss).as_str()).await;
        assert!(answer.expect(400).text().contains(code), "{answer}");
    }
    assert!(world.provider.events().iter().all(|event| event.event != "grant.success"), "no code was redeemed");
}

#[tokio::test]
async fn a_code_of_another_persons_sign_in_is_worth_nothing() {
    let world = World::start("none", "ES256").await;
    let (ada, mallory) = (world.person(), world.person());
    let callback = world.approve(&ada, "ada", "/a").await;
    let injected = value(&world.approve(&mallory, "grace", "/m").await, "code");
    let answer = ada.navigate(with(&callback, "code", Some(&injected)).as_str()).await;
    answer.expect(400).expect_not_forwarded();
    let events = world.provider.events();
    let pkce = |error: &String| error.contains("code_challenge");
    assert!(events.iter().filter_map(|event| event.error.as_ref()).any(pkce), "not PKCE ended it: {events:?}");
}

#[tokio::test]
async fn a_person_who_declines_gets_a_page_that_leads_back_to_the_deep_link() {
    let world = World::start("client_secret_post", "ES256").await;
    let person = world.person();
    let login = world.page(&person, DEEP_LINK).await;
    let text = login.text();
    let cancel = text.split("href=\"").find(|rest| rest.contains("[ Cancel ]")).and_then(|rest| rest.split('"').next());
    let answer = person.navigate(cancel.expect("a link to cancel")).await;
    assert!(answer.expect(403).text().contains("The sign-in was declined."), "{answer}");
    let again = "/oauth2/sign-in?return_to=%2Fnotebooks%2Fada%3Fpath%3Da%2520b%252Fc%26cell%3D7";
    assert!(answer.text().contains(&format!("href=\"{again}\"")), "{answer}");
    assert_signed_in(&world.sign_in(&person, "ada", again).await, "ada", DEEP_LINK);
}

#[tokio::test]
async fn new_keys_of_the_provider_are_found_and_sessions_from_before_go_on() {
    let mut world = World::start("client_secret_basic", "RS256").await;
    let (before, after) = (world.person(), world.person());
    assert_signed_in(&world.sign_in(&before, "ada", "/a").await, "ada", "/a");
    world.provider = world.provider.restart().await.expect("the provider again");
    assert_signed_in(&world.sign_in(&after, "grace", "/b").await, "grace", "/b");
    assert_signed_in(&before.look("/c").await, "ada", "/c");
}
