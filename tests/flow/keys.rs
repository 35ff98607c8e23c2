//! Metadata and keys over time: rotation, budgets, deadlines, a provider that is down and comes back.

use std::time::Duration;

use edge_oidc::{http::call::CallFailure, time::UnixTime};
use serde_json::json;

use crate::{
    message::{Answer, Request},
    signing::encode,
    world::{Travel, World, arrival, oidc_config},
};

const MOMENT: Duration = Duration::from_millis(20);

/// Calls to `endpoint` go as `travel` says, all others well.
fn on(world: &mut World, endpoint: &'static str, travel: fn() -> Travel) {
    world.network = Box::new(move |called| if called == endpoint { travel() } else { Travel::Answer(MOMENT) });
}

fn all_well(world: &mut World) {
    world.network = Box::new(|_| Travel::Answer(MOMENT));
}

fn down() -> Travel {
    Travel::Status(MOMENT, 503)
}

fn unavailable(answer: &Answer, code: &str) {
    assert_eq!(answer.said(), (503, code.to_owned()));
    assert_eq!(answer.header("retry-after"), Some("5"));
}

fn within(world: &World, since: UnixTime, least: u64, most: u64) {
    let waited = world.now.since(since);
    assert!((Duration::from_millis(least)..=Duration::from_millis(most)).contains(&waited), "{waited:?}");
}

// oidcc-client-test-signing-key-rotation-just-before-signing
#[test]
fn keys_that_rotate_just_before_signing_are_fetched_once_more() {
    let mut world = World::oidc();
    world.sign_in();
    world.jar().cookies().clear();
    let callback = world.callback_for("/deep");
    world.provider.rotate_keys("key-2");
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
    assert_eq!(world.provider.times("keys"), 2);
}

#[test]
fn while_one_sign_in_waits_for_a_key_that_could_not_be_had_so_does_the_next() {
    let mut world = World::oidc();
    world.sign_in();
    world.jar().cookies().clear();
    let (first, second) = (world.callback_for("/first"), world.callback_for("/second"));
    world.provider.rotate_keys("key-2");
    on(&mut world, "keys", down);
    let first = world.open(&arrival(&first));
    world.advance(Duration::from_millis(500));
    let second = world.open(&arrival(&second));
    world.advance(Duration::from_millis(200));
    assert!(world.waits(first) && world.waits(second));
    all_well(&mut world);
    assert_eq!(world.answer(first).location(), "https://app.example.com/first");
    assert_eq!(world.answer(second).location(), "https://app.example.com/second");
}

// oidcc-client-test-signing-key-rotation, T-207
#[test]
fn after_a_rotation_new_keys_are_trusted_and_old_ones_are_not() {
    let mut world = World::oidc();
    world.sign_in();
    world.provider.rotate_keys("key-2");
    world.jar().cookies().clear();
    world.sign_in();
    world.jar().cookies().clear();
    world.provider.response.header["kid"] = json!("key-1");
    assert_eq!(world.failed_sign_in(), (502, "jwt_unknown_kid".to_owned()));
}

// T-205, T-207
#[test]
fn unknown_keys_cause_one_fetch_in_five_seconds() {
    let mut world = World::oidc();
    world.sign_in();
    world.jar().cookies().clear();
    for round in 0..3 {
        for number in 0..10 {
            world.provider.response.header["kid"] = json!(format!("made up {number}"));
            assert_eq!(world.failed_sign_in(), (502, "jwt_unknown_kid".to_owned()));
        }
        assert_eq!(world.provider.times("keys"), 2 + round);
        world.advance(Duration::from_secs(5));
    }
    world.provider.response.header["kid"] = json!("key-1");
    world.sign_in();
}

#[test]
fn a_bad_signature_under_a_known_kid_causes_no_fetch() {
    let mut world = World::oidc();
    world.sign_in();
    world.jar().cookies().clear();
    world.provider.response.forge =
        Box::new(|token| format!("{}.{}", token.rsplit_once('.').unwrap().0, encode([1; 64])));
    assert_eq!(world.failed_sign_in(), (502, "jwt_signature".to_owned()));
    assert_eq!(world.provider.times("keys"), 1);
}

// oidcc-client-test-discovery-issuer-mismatch, discovery-jwks-uri-keys, T-144
#[test]
fn metadata_that_cannot_be_believed_signs_nobody_in() {
    let table = [
        ("issuer", json!("https://idp.example.net/")),
        ("issuer", json!(null)),
        ("token_endpoint", json!("http://idp.example.net/token")),
        ("token_endpoint", json!("https://10.0.0.1/token")),
        ("jwks_uri", json!("https://[::1]/keys")),
        ("jwks_uri", json!("https://user:pass@idp.example.net/keys")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!(null)),
    ];
    for (name, value) in table {
        let mut world = World::oidc();
        let mut document = world.provider.response.metadata.clone();
        document[name] = value.clone();
        world.provider.response.instead.insert("metadata", (200, document.to_string()));
        unavailable(&world.get("/deep"), "provider_unavailable");
        assert!(!world.provider.asked.contains(&"token") && !world.provider.asked.contains(&"keys"), "{name} {value}");
    }
}

#[test]
fn jwks_uri_is_wherever_the_metadata_says() {
    for place in ["https://keys.example.net/v2", "https://idp.example.net/run-7/jwks?x=1"] {
        let mut world = World::oidc();
        world.provider.response.metadata["jwks_uri"] = json!(place);
        world.sign_in();
    }
}

// T-32, T-115
#[test]
fn while_the_provider_is_down_nothing_protected_passes() {
    let outages: [fn() -> Travel; 4] = [
        down,
        || Travel::Fail(MOMENT, CallFailure::UnknownCluster),
        || Travel::Fail(MOMENT, CallFailure::Cut),
        || Travel::Lose,
    ];
    for outage in outages {
        let mut world = World::oidc();
        world.network = Box::new(move |_| outage());
        let start = world.now;
        unavailable(&world.get("/private"), "provider_unavailable");
        within(&world, start, 5000, 5050);
        for request in [Request::fetch("/private"), Request::web_socket("/private"), Request::bare("/private")] {
            assert_eq!(world.send(&request).status(), 401);
        }
        assert!(world.get("/public").passed());
    }
}

// T-115
#[test]
fn without_keys_that_can_be_used_no_token_is_valid() {
    for body in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "<html>"] {
        let mut world = World::oidc();
        world.provider.response.instead.insert("keys", (200, body.to_owned()));
        let answer = world.visit("/deep");
        unavailable(&answer, "provider_unavailable");
        assert!(world.session().is_none(), "{body}");
    }
}

#[test]
fn a_provider_that_comes_back_within_the_wait_is_waited_for() {
    let mut world = World::oidc();
    on(&mut world, "metadata", down);
    let id = world.open(&Request::navigation("/deep"));
    world.advance(Duration::from_secs(3));
    all_well(&mut world);
    let answer = world.answer(id);
    assert!(world.follow(answer).passed());
}

#[test]
fn once_the_provider_is_back_the_next_request_works() {
    let outages: [fn() -> Travel; 3] = [down, || Travel::Fail(MOMENT, CallFailure::NoHost), || Travel::Lose];
    for (endpoint, outage) in
        ["metadata", "keys", "token"].into_iter().flat_map(|name| outages.map(|outage| (name, outage)))
    {
        let mut world = World::oidc();
        on(&mut world, endpoint, outage);
        assert_eq!(world.visit("/deep").status(), 503, "{endpoint}");
        all_well(&mut world);
        world.advance(Duration::from_secs(3));
        assert!(world.visit("/deep").passed(), "{endpoint}");
    }
}

#[test]
fn a_token_call_without_any_answer_ends_two_seconds_after_its_timeout() {
    let mut world = World::oidc();
    on(&mut world, "token", || Travel::Lose);
    let callback = world.callback_for("/deep");
    let start = world.now;
    unavailable(&world.go(&callback), "provider_unavailable");
    within(&world, start, 7000, 7050);
    assert!(world.attempts().is_empty() && world.session().is_none());
}

#[test]
fn an_answer_that_comes_too_late_is_nobodys() {
    let mut world = World::oidc();
    on(&mut world, "token", || Travel::Answer(Duration::from_secs(9)));
    let callback = world.callback_for("/deep");
    unavailable(&world.go(&callback), "provider_unavailable");
    world.advance(Duration::from_secs(10));
    assert!(world.session().is_none());
    all_well(&mut world);
    assert!(world.visit("/deep").passed());
}

#[test]
fn a_clock_that_is_set_back_strands_nobody() {
    let mut world = World::oidc();
    on(&mut world, "metadata", || Travel::Lose);
    let id = world.open(&Request::navigation("/deep"));
    world.now = world.now.minus(Duration::from_secs(4 * 3600));
    let start = world.now;
    unavailable(&world.answer(id), "provider_unavailable");
    within(&world, start, 0, 100);
    all_well(&mut world);
    world.advance(Duration::from_secs(8));
    assert!(world.visit("/deep").passed());
}

#[test]
fn keys_that_never_come_end_the_sign_in_after_five_seconds() {
    let mut world = World::oidc();
    on(&mut world, "keys", || Travel::Lose);
    let callback = world.callback_for("/deep");
    let start = world.now;
    unavailable(&world.go(&callback), "provider_unavailable");
    within(&world, start, 5000, 5100);
}

#[test]
fn a_token_endpoint_that_fails_is_told_from_one_that_refuses() {
    let table = [
        (400, r#"{"error":"invalid_grant"}"#, (400, "token_invalid_grant")),
        (401, r#"{"error":"invalid_client"}"#, (502, "token_invalid_client")),
        (400, r#"{"error":"unsupported_grant_type","error_description":"<b>x</b>"}"#, (502, "token_refused")),
        (400, "<html>", (503, "token_unavailable")),
        (429, r#"{"error":"invalid_grant"}"#, (503, "token_unavailable")),
        (500, "", (503, "token_unavailable")),
        (302, "", (503, "token_unavailable")),
        (200, "<html>", (502, "token_not_json")),
        (200, "null", (502, "token_not_json")),
    ];
    for (status, body, (ours, code)) in table {
        let mut world = World::oidc();
        world.provider.response.instead.insert("token", (status, body.to_owned()));
        assert_eq!(world.failed_sign_in(), (ours, code.to_owned()), "{status} {body}");
        let retry = world.replies.last().unwrap().header("retry-after");
        assert_eq!(retry.is_some(), ours == 503, "{status} {body}");
    }
}

#[test]
fn old_keys_serve_for_a_day_while_fetching_fails_and_not_longer() {
    let mut world = World::oidc();
    world.provider.response.tokens.insert("refresh_token", None);
    world.sign_in();
    on(&mut world, "keys", down);
    world.advance(Duration::from_secs(23 * 3600));
    world.sign_in();
    world.advance(Duration::from_secs(2 * 3600));
    assert_eq!(world.visit("/").said(), (503, "provider_unavailable".to_owned()));
    all_well(&mut world);
    world.sign_in();
}

#[test]
fn keys_are_fetched_again_every_hour_and_not_more_often() {
    let mut world = World::oidc();
    world.sign_in();
    world.advance(Duration::from_secs(3 * 3600 + 60));
    assert_eq!((world.provider.times("metadata"), world.provider.times("keys")), (4, 4));
    on(&mut world, "keys", || Travel::Status(MOMENT, 500));
    let before = world.engine().gauges(world.now).key_age.unwrap();
    world.advance(Duration::from_secs(3600));
    assert!(world.engine().gauges(world.now).key_age.unwrap() > before);
}

#[test]
fn configured_endpoints_need_no_metadata() {
    let mut tree = oidc_config();
    tree["providers"][0]["endpoints"] = json!({
        "authorization": "https://idp.example.net/authorize?tenant=1",
        "token": "https://idp.example.net/token",
        "jwks": "https://idp.example.net/keys",
    });
    let mut world = World::oidc();
    world.restart(&tree);
    world.sign_in();
    assert_eq!(world.provider.asked, ["keys", "token"]);
}

#[test]
fn a_callback_that_comes_before_the_metadata_waits_for_it() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    world.restart(&oidc_config());
    let id = world.open(&arrival(&callback));
    assert!(world.waits(id));
    assert_eq!(world.answer(id).location(), "https://app.example.com/deep");
}
