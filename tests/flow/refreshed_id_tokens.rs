//! ID tokens that a refresh brings: what is refused, and what is nobody's fault and must lose no refresh token
//! (OpenID Connect Core §12.2).

use edge_oidc::{flow::event::Refresh, oidc::signature::Algorithm};
use serde_json::{Value, json};

use crate::{
    aging::{
        DUE, MOMENT, OVER, aged, aged_with, count, gives, logged, millis, over, renewed, rotating, secs, timed,
        token_calls, unchanged, well,
    },
    message::Request,
    provider::Provider,
    signing::encode,
    world::{START, Travel, World},
};

const MINUTES: std::time::Duration = secs(300);

fn keys_down(world: &mut World) {
    world.network = Box::new(|called| match called {
        "keys" => Travel::Status(MOMENT, 503),
        _ => Travel::Answer(MOMENT),
    });
}

/// A refresh token that the provider takes; no other one.
fn refreshes_well(world: &mut World) {
    let before = world.provider.refreshed;
    renewed(&world.get("/"));
    assert_eq!(world.provider.refreshed, before + 1);
    unchanged(&world.get("/"));
}

// Conformance: oidcc-client-test-refresh-token-invalid-issuer, -invalid-sub.
#[test]
fn a_token_with_a_wrong_claim_ends_the_session_at_once() {
    let table: [(&str, Value, &str); 12] = [
        ("iss", json!("https://idp.example.net/"), "id_token_iss"),
        ("sub", json!("sub of root@example.com"), "id_token_sub"),
        ("sub", json!(""), "id_token_malformed"),
        ("aud", json!("another"), "id_token_aud"),
        ("aud", json!([crate::world::CLIENT, "another"]), "id_token_aud_untrusted"),
        ("azp", json!("another"), "id_token_azp"),
        ("nonce", json!("another"), "id_token_nonce"),
        ("nonce", json!(""), "id_token_nonce"),
        ("auth_time", json!(START.secs() - 1), "id_token_auth_time"),
        ("auth_time", json!(START.secs() + 2900), "id_token_auth_time"),
        ("at_hash", json!(encode([0; 16])), "id_token_at_hash"),
        ("exp", json!("soon"), "id_token_malformed"),
    ];
    for (name, value, code) in table {
        for age in [DUE, OVER] {
            let mut world = rotating(age, 60);
            world.provider.response.refreshed_claims = [(name, Some(value.clone()))].into();
            over(&mut world);
            let codes: Vec<_> = codes(&world);
            assert!(logged(&world, code), "{name} {value}: {codes:?}");
            // The second of them was told by the table.
            assert_eq!((count(&world, Refresh::Refused), world.provider.times("token")), (1, 2));
        }
    }
}

fn codes(world: &World) -> Vec<&'static str> {
    let lines = world.events.iter().filter_map(|event| match event {
        edge_oidc::flow::event::Event::Log(line) => Some(line.code),
        _ => None,
    });
    lines.collect()
}

fn cut(token: &str) -> &str {
    token.rsplit_once('.').unwrap().0
}

#[test]
fn a_token_that_is_badly_signed_or_not_at_all_ends_the_session_at_once() {
    type Spoil = fn(&mut Provider);
    let table: [(Spoil, &str); 6] = [
        (|p| p.response.forge = Box::new(|token| format!("{}.{}", cut(&token), encode([1; 64]))), "jwt_signature"),
        (
            |p| {
                p.response.header["alg"] = json!("none");
                p.response.forge = Box::new(|token| format!("{}.", cut(&token)));
            },
            "jwt_algorithm_unsupported",
        ),
        (|p| p.response.forge = Box::new(|token| format!("{token}x")), "jwt_encoding"),
        (|p| p.response.forge = Box::new(|_| "not.a-token".to_owned()), "jwt_segments"),
        (|p| p.response.header["typ"] = json!("at+jwt"), "id_token_typ"),
        (
            |p| {
                p.response.algorithm = Algorithm::Es384;
                p.response.header["alg"] = json!("ES384");
            },
            "jwt_algorithm_not_allowed",
        ),
    ];
    for (spoil, code) in table {
        let mut world = aged(DUE);
        spoil(&mut world.provider);
        over(&mut world);
        assert!(logged(&world, code), "{code}: {:?}", codes(&world));
        assert_eq!((world.provider.times("token"), world.provider.times("keys")), (2, 1));
    }
}

#[test]
fn a_nonce_that_is_repeated_is_good() {
    let mut world = World::oidc();
    let answer = world.get("/");
    let location = crate::world::url(answer.location());
    let nonce = location.query_pairs().find(|(name, _)| name == "nonce").unwrap().1.into_owned();
    assert!(world.follow(answer).passed());
    world.provider.response.refreshed_claims = [("nonce", Some(json!(nonce)))].into();
    for _ in 0..2 {
        world.advance(DUE);
        refreshes_well(&mut world);
    }
}

#[test]
fn a_token_without_auth_time_at_hash_and_nonce_is_good() {
    let mut world = aged(DUE);
    world.provider.response.refreshed_claims = [("auth_time", None), ("at_hash", None), ("nonce", None)].into();
    refreshes_well(&mut world);
    world.provider.response.refreshed_claims.clear();
    world.advance(DUE);
    refreshes_well(&mut world);
    // The time of the sign-in is not forgotten over that.
    world.provider.response.refreshed_claims = [("auth_time", Some(json!(world.now.secs())))].into();
    world.advance(DUE);
    over(&mut world);
    assert!(logged(&world, "id_token_auth_time"));
}

#[test]
fn a_key_that_is_new_is_fetched_once() {
    for age in [DUE, secs(3500)] {
        let mut world = rotating(age, 0);
        let keys = world.provider.times("keys");
        world.provider.rotate_keys("key-2");
        refreshes_well(&mut world);
        assert_eq!(world.provider.times("keys"), keys + 1);
    }
}

#[test]
fn a_key_that_nobody_knows_is_looked_for_once() {
    let mut world = aged(DUE);
    world.provider.response.header["kid"] = json!("made up");
    unchanged(&world.get("/"));
    assert!(logged(&world, "jwt_unknown_kid"));
    assert_eq!((world.provider.times("keys"), world.provider.times("token")), (2, 2));
}

#[test]
fn keys_that_come_within_the_wait_are_waited_for() {
    let mut world = rotating(OVER, 0);
    world.provider.rotate_keys("key-2");
    keys_down(&mut world);
    let id = world.open(&Request::fetch("/api"));
    world.advance(secs(3));
    assert!(world.waits(id));
    world.network = Box::new(|_| well());
    renewed(&world.answer(id));
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn while_keys_cannot_be_had_ahead_of_the_end_the_session_serves_with_its_new_refresh_token() {
    let mut world = rotating(DUE, 0);
    world.provider.rotate_keys("key-2");
    keys_down(&mut world);
    let (answer, waited) = timed(&mut world, |world| world.get("/"));
    unchanged(&answer);
    assert!(waited < millis(2050));
    world.advance(secs(4));
    let answer = world.get("/");
    renewed(&answer);
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Renewed)), (1, 1));
    unchanged(&world.get("/"));
    world.network = Box::new(|_| well());
    // 4/5 of the rest of its time.
    world.advance(secs(600));
    refreshes_well(&mut world);
}

#[test]
fn while_keys_cannot_be_had_after_the_end_the_session_gets_its_new_refresh_token_and_waits() {
    let mut world = rotating(OVER, 0);
    world.provider.rotate_keys("key-2");
    keys_down(&mut world);
    for request in [Request::fetch("/api"), Request::navigation("/deep")] {
        let (answer, waited) = timed(&mut world, |world| world.send(&request));
        assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert!(gives(&answer) && answer.header("location").is_none());
        assert!((millis(5000)..millis(5100)).contains(&waited), "{waited:?}");
        world.advance(secs(6));
    }
    world.network = Box::new(|_| well());
    world.advance(secs(5));
    refreshes_well(&mut world);
}

#[test]
fn a_clock_that_was_set_back_loses_nothing() {
    for rotation in [None, Some(secs(0))] {
        let mut world = aged_with(secs(0), |_| {}, |provider| provider.response.rotation = rotation);
        world.advance(secs(3300));
        world.now = world.now.minus(MINUTES);
        world.provider_clock = |now| now.plus(MINUTES);
        // By our clock the token was made in the future.
        let answer = world.get("/");
        assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
        assert_eq!((gives(&answer), logged(&world, "id_token_iat")), (rotation.is_some(), true));
        world.provider_clock = |now| now;
        world.advance(secs(700));
        refreshes_well(&mut world);
    }
}

#[test]
fn a_clock_that_was_set_back_after_the_end_loses_nothing() {
    let mut world = rotating(secs(4200), 0);
    world.now = world.now.minus(MINUTES);
    world.provider_clock = |now| now.plus(MINUTES);
    for _ in 0..3 {
        let answer = world.get("/");
        assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
        assert!(answer.link() == "/" && answer.header("location").is_none());
        world.advance(secs(6));
    }
    world.provider_clock = |now| now;
    refreshes_well(&mut world);
}

#[test]
fn a_clock_that_was_set_forward_loses_nothing() {
    for age in [DUE, OVER] {
        let mut world = aged_with(
            age,
            |_| {},
            |provider| {
                provider.response.rotation = Some(secs(0));
                provider.response.lifetime = secs(3600);
            },
        );
        // The provider's tokens are over as they come.
        world.provider.response.lifetime = MINUTES;
        world.now = world.now.plus(secs(600));
        world.provider_clock = |now| now.minus(secs(600));
        let answer = world.get("/");
        assert!(gives(&answer) && logged(&world, "id_token_expired"), "{:?}", codes(&world));
        assert_eq!(answer.passed(), age == DUE);
        world.provider_clock = |now| now;
        world.advance(secs(120));
        refreshes_well(&mut world);
    }
}

#[test]
fn tokens_that_are_no_good_for_their_time_are_asked_for_again_once_in_five_seconds() {
    let mut world = rotating(secs(4200), 0);
    world.now = world.now.minus(MINUTES);
    world.provider_clock = |now| now.plus(MINUTES);
    let calls = token_calls(&mut world, well);
    for _ in 0..20 {
        assert_eq!(world.send(&Request::fetch("/api")).status(), 503);
    }
    assert_eq!(calls.get(), 1);
    world.advance(secs(5));
    assert_eq!(world.send(&Request::fetch("/api")).status(), 503);
    assert_eq!(calls.get(), 2);
}
