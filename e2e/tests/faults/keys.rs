//! The provider's keys: fetches that fail, keys that change, and keys that are of no use beside those that are.

use devkit::cognito::{Endpoint, Fault};
use e2e::{ISSUER, World};
use serde_json::{Value, json};

use crate::support::{
    callback, expect_session, expect_try_later, impatient_with, mend, metric, spoil, until_logged, until_metric,
};

/// What goes wrong, and what the log says about it.
fn faults() -> Vec<(Fault, &'static str)> {
    vec![
        (Fault::Slow { milliseconds: 2500 }, "was answered 504"),
        (Fault::HangUp, "was answered 503"),
        (Fault::InternalServerError, "was answered 500"),
        (Fault::TooManyRequestsEmpty, "was answered 429"),
        (Fault::ForbiddenHtml, "was answered 403"),
        (Fault::HtmlOk, "the key set: "),
        (Fault::TruncatedJson, "the key set: "),
        (Fault::ShortBody, "no answer: the connection ended"),
        (Fault::Oversized { bytes: 2 << 20 }, "no answer: the body is larger"),
        (keys(&json!({ "keys": [] })), "no key that can be used"),
        (keys(&json!({ "keys": {} })), "no array `keys`"),
        (keys(&json!({ "keys": vec![0; 1000] })), "too many keys"),
        (keys(&json!({ "keys": useless() })), "no key that can be used"),
    ]
}

fn keys(set: &Value) -> Fault {
    Fault::Reply { status: 200, content_type: "application/json".to_owned(), body: set.to_string() }
}

/// Keys of every kind that we cannot, or must not, use.
fn useless() -> Vec<Value> {
    let short = "AQAB".repeat(43);
    vec![
        json!(null),
        json!("a key"),
        json!([]),
        json!({}),
        json!({ "kty": "oct", "k": "c2VjcmV0LXRoYXQtaXMtc2hhcmVkLXdpdGgtZXZlcnlib2R5", "alg": "HS256", "kid": "oct" }),
        json!({ "kty": "RSA", "n": short, "e": "AQAB", "alg": "RS256", "use": "sig", "kid": "short" }),
        json!({ "kty": "RSA", "n": "!", "e": "AQAB", "kid": "no-base64" }),
        json!({ "kty": "RSA", "kid": "no-numbers" }),
        json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "curve" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off-the-curve" }),
        json!({ "kty": "OKP", "crv": "X448", "x": "AA", "kid": "exchange" }),
        json!({ "kty": "quantum", "kid": { "not": "text" } }),
    ]
}

/// Someone signs in all the time; each callback waits for keys and is told that they do not come.
async fn while_callbacks_wait(world: &World, work: impl Future<Output = ()>) {
    let asking = async {
        loop {
            let person = world.person();
            let callback = callback(&person, "/deep").await;
            expect_try_later(&person.look(&callback).await, "provider_unavailable");
        }
    };
    tokio::select! {
        () = asking => {}
        () = work => {}
    }
}

// T-32
#[tokio::test]
async fn whatever_becomes_of_the_keys_a_sign_in_waits_for_them_and_never_does_without() {
    let mut world = impatient_with(Endpoint::Jwks, Fault::NoAnswer).start().await;
    let one_after_the_other = async {
        for (fault, said) in faults() {
            let from = world.envoy.log().len();
            spoil(&world, Endpoint::Jwks, fault);
            until_logged(&world, from, said).await;
        }
    };
    while_callbacks_wait(&world, one_after_the_other).await;
    until_metric(&world, "open_waits", 0).await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    let (answer, ()) = tokio::join!(person.look(&callback), async {
        until_metric(&world, "open_waits", 1).await;
        mend(&world, Endpoint::Jwks);
    });
    expect_session(&answer, "/deep");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn useless_keys_beside_good_ones_do_not_matter() {
    let mut world = impatient_with(Endpoint::Jwks, Fault::NoAnswer).workers(2).start().await;
    mend(&world, Endpoint::Jwks);
    let url = format!("https://{ISSUER}/us-east-1_AbCdEf012/.well-known/jwks.json");
    let mut set = world.person().look(&url).await.json();
    let good = set["keys"].as_array().unwrap().clone();
    set["keys"] = json!([useless(), good, useless()].concat());
    spoil(&world, Endpoint::Jwks, keys(&set));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn keys_that_change_between_two_sign_ins_are_fetched_at_once() {
    for workers in [1, 2] {
        let mut world = World::builder().workers(workers).start().await;
        world.assert_all_workers_alive().await;
        let before = world.control().counters().jwks;
        world.control().rotate_keys();
        world.assert_all_workers_alive().await;
        let fetched = world.control().counters().jwks - before;
        assert!(fetched <= u64::from(workers) + 1, "{fetched} fetches by {workers} workers");
    }
}

#[tokio::test]
async fn keys_that_change_just_before_signing_are_fetched_at_once() {
    let mut world = World::start().await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    assert_eq!(metric(&world, "provider_call.token.ok").await, 0);
    world.control().rotate_keys();
    expect_session(&person.look(&callback).await, "/deep");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn sessions_outlive_the_keys_that_signed_their_tokens() {
    let mut world = World::start().await;
    let person = world.person();
    person.sign_in("ada", "/").await;
    world.control().rotate_keys();
    spoil(&world, Endpoint::Jwks, Fault::HangUp);
    person.get("/still").await.expect(200);
    mend(&world, Endpoint::Jwks);
    world.assert_all_workers_alive().await;
}
