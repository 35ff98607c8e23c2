//! Keys for bearer tokens: waited for, rotated, gone, and asked for by whoever makes up their names.

use std::{cell::Cell, rc::Rc, time::Duration};

use edge_oidc::{
    http::call::CallFailure,
    oidc::{
        jwk::PublicKey,
        signature::{Algorithm, PureRust, SignatureVerifier},
    },
};
use serde_json::json;

use crate::{
    given::oidc_config,
    message::Request,
    programs::{INVALID, forged, id_token, program, taking_every_kind, told, unavailable, warm, world},
    provider::Provider,
    signing,
    world::{CALLBACK, CLIENT, PERSON, SECRET, Travel, World, engine_with},
};

const MOMENT: Duration = Duration::from_millis(20);

/// An ID token under a key name of anybody's invention.
fn under(world: &World, kid: &str) -> String {
    let mut provider = Provider::oidc(CLIENT, SECRET, CALLBACK);
    provider.response.header["kid"] = json!(kid);
    let claims = json!({
        "iss": crate::provider::OIDC, "sub": "x", "aud": "kubelogin", "email": PERSON, "email_verified": true, "nonce": "n",
        "iat": world.now.secs(), "exp": world.now.secs() + 3600,
    });
    provider.sign(None, &claims)
}

fn keys_go(world: &mut World, travel: fn() -> Travel) {
    world.network = Box::new(move |called| if called == "keys" { travel() } else { Travel::Answer(MOMENT) });
}

#[test]
fn a_token_that_comes_before_the_keys_waits_for_them() {
    let mut world = world(|_| {});
    let token = id_token(&world, &json!({}));
    let ids: Vec<_> = (0..20).map(|_| world.open(&program("/", &token))).collect();
    for id in ids {
        assert_eq!(world.answer(id).got("kubeflow-userid"), [PERSON]);
    }
    assert_eq!(world.provider.asked, ["metadata", "keys"]);
}

// T-115
#[test]
fn without_keys_no_token_is_good_and_after_five_seconds_that_is_said() {
    let outages: [fn() -> Travel; 3] =
        [|| Travel::Status(MOMENT, 500), || Travel::Fail(MOMENT, CallFailure::Cut), || Travel::Lose];
    for outage in outages {
        let mut world = world(|_| {});
        keys_go(&mut world, outage);
        let token = id_token(&world, &json!({}));
        let since = world.now;
        unavailable(&world.send(&program("/", &token)), "provider_unavailable");
        let waited = world.now.since(since);
        assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&waited), "{waited:?}");
        keys_go(&mut world, || Travel::Answer(MOMENT));
        assert!(world.send(&program("/", &token)).passed());
    }
    for keys in ["", "{}", "{\"keys\":[]}", "{\"keys\":{}}", "not json"] {
        let mut world = world(|_| {});
        world.provider.response.instead.insert("keys", (200, keys.to_owned()));
        let token = id_token(&world, &json!({}));
        let answer = world.send(&program("/", &token));
        assert!(matches!(answer.status(), 401 | 503), "{keys:?} {:?}", answer.said());
    }
}

#[test]
fn keys_that_come_while_a_token_waits_let_it_go_on() {
    let mut world = world(|_| {});
    keys_go(&mut world, || Travel::Status(MOMENT, 503));
    let token = id_token(&world, &json!({}));
    let (first, gone) = (world.open(&program("/", &token)), world.open(&program("/", &token)));
    world.advance(Duration::from_secs(2));
    assert!(world.waits(first));
    world.hang_up(gone);
    keys_go(&mut world, || Travel::Answer(MOMENT));
    assert_eq!(world.answer(first).got("kubeflow-userid"), [PERSON]);
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
}

#[test]
fn a_key_that_is_rotated_in_is_fetched_once() {
    let mut world = warm(|_| {});
    let old = id_token(&world, &json!({}));
    assert!(world.send(&program("/", &old)).passed());
    world.provider.response.keys.push(signing::jwk(world.provider.response.algorithm, "key-2"));
    world.provider.response.header["kid"] = json!("key-2");
    let new = id_token(&world, &json!({}));
    let ids: Vec<_> = (0..20).map(|_| world.open(&program("/", &new))).collect();
    assert!(world.send(&program("/", &old)).passed());
    for id in ids {
        assert!(world.answer(id).passed());
    }
    assert!(world.send(&program("/", &new)).passed());
    assert_eq!(world.provider.times("keys"), 2);
}

// T-207
#[test]
fn a_key_that_is_gone_is_good_no_more() {
    let mut world = warm(|_| {});
    let old = id_token(&world, &json!({ "exp": world.now.secs() + 7200 }));
    assert!(world.send(&program("/", &old)).passed());
    world.provider.rotate_keys("key-2");
    let new = id_token(&world, &json!({ "exp": world.now.secs() + 7200 }));
    assert!(world.send(&program("/", &new)).passed());
    told(&world.send(&program("/", &old)), 401, "jwt_unknown_kid", INVALID);
    // Without any new token it is gone with the next look at the keys.
    world.provider.rotate_keys("key-3");
    world.advance(Duration::from_secs(3601));
    told(&world.send(&program("/", &new)), 401, "jwt_unknown_kid", INVALID);
}

/// Verifies as ever, and counts how often.
struct Counting(Rc<Cell<usize>>);

impl SignatureVerifier for Counting {
    fn verify(&self, algorithm: Algorithm, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        PureRust.verify(algorithm, key, message, signature)
    }
}

#[test]
fn a_signature_is_paid_for_once_with_each_key_set_and_all_else_each_time() {
    let mut tree = oidc_config();
    taking_every_kind(&mut tree);
    let mut world = warm(|_| {});
    let count = Rc::new(Cell::new(0));
    world.workers[0].engine = engine_with(&tree, Box::new(Counting(Rc::clone(&count))));
    let token = id_token(&world, &json!({}));
    let verified = |world: &mut World, token: &str| {
        let before = count.get();
        let passed = world.send(&program("/", token)).passed();
        (passed, count.get() - before)
    };
    assert_eq!(verified(&mut world, &token), (true, 1));
    assert_eq!(verified(&mut world, &token), (true, 0));
    let another = id_token(&world, &json!({ "jti": "another" }));
    assert_eq!(verified(&mut world, &another), (true, 1));
    let bad = forged(&token);
    assert_eq!(verified(&mut world, &bad), (false, 1));
    assert_eq!(verified(&mut world, &bad), (false, 1));
    // The keys are the same, but they were fetched anew.
    world.advance(Duration::from_secs(3601));
    world.send(&program("/", "x"));
    let long = id_token(&world, &json!({ "exp": world.now.secs() + 600 }));
    assert_eq!(verified(&mut world, &long), (true, 1));
    world.advance(Duration::from_secs(661));
    assert_eq!(verified(&mut world, &long), (false, 0));
}

// T-205
#[test]
fn thousands_of_made_up_key_names_cost_one_fetch_in_half_a_minute() {
    let mut world = warm(|_| {});
    world.sign_in();
    let good = id_token(&world, &json!({}));
    let before = world.provider.times("keys");
    for round in 1..=3 {
        for number in 0..1000 {
            let token = under(&world, &format!("made up {round} {number}"));
            told(&world.send(&program("/", &token)), 401, "jwt_unknown_kid", INVALID);
            if number % 100 == 0 {
                assert!(world.send(&program("/", &good)).passed() && world.get("/").passed());
            }
        }
        assert_eq!(world.provider.times("keys") - before, round);
        world.advance(Duration::from_secs(30));
    }
}

#[test]
fn made_up_key_names_all_at_once_wait_for_one_fetch() {
    let mut world = warm(|_| {});
    world.sign_in();
    let good = id_token(&world, &json!({}));
    let before = world.provider.times("keys");
    let bad: Vec<_> = (0..1500).map(|number| under(&world, &number.to_string())).collect();
    let ids: Vec<_> = bad.iter().map(|token| world.open(&program("/", token))).collect();
    assert_eq!(world.engine().gauges(world.now).waiting, 1024);
    assert!(world.send(&program("/", &good)).passed() && world.get("/").passed());
    let codes: Vec<_> = ids.into_iter().map(|id| world.answer(id).code()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "jwt_unknown_kid").count(), 1024);
    assert_eq!(codes.iter().filter(|code| *code == "too_many_waiting").count(), 1500 - 1024);
    assert_eq!(world.provider.times("keys") - before, 1);
}

// T-206: while the keys cannot be had, who made names up waits in vain, and nobody else.
#[test]
fn made_up_key_names_while_the_keys_cannot_be_had_cost_a_fetch_a_second() {
    let mut world = warm(|_| {});
    world.sign_in();
    let good = id_token(&world, &json!({}));
    let fetches = Rc::new(Cell::new(0));
    let counted = Rc::clone(&fetches);
    world.network = Box::new(move |called| {
        let keys = called == "keys";
        counted.set(counted.get() + i32::from(keys));
        if keys { Travel::Status(MOMENT, 503) } else { Travel::Answer(MOMENT) }
    });
    for number in 0..200 {
        let token = under(&world, &number.to_string());
        world.open(&program("/", &token));
        world.advance(Duration::from_millis(50));
        assert!(world.send(&program("/", &good)).passed() && world.get("/").passed());
    }
    assert!((2..=11).contains(&fetches.get()), "{fetches:?}");
    world.advance(Duration::from_secs(6));
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
}

/// A sign-in has a budget of its own.
#[test]
fn made_up_key_names_do_not_keep_people_from_signing_in_with_a_new_key() {
    let mut world = warm(|_| {});
    for number in 0..50 {
        let token = under(&world, &number.to_string());
        assert_eq!(world.send(&program("/", &token)).status(), 401);
    }
    world.provider.rotate_keys("key-2");
    world.sign_in();
    let new = id_token(&world, &json!({}));
    assert!(world.send(&program("/", &new)).passed());
    assert!(world.send(&Request::bare("/public")).passed());
}
