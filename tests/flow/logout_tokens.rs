//! Which logout tokens are taken, and what becomes of all else that is sent in their place (T-153, T-187).

use std::time::Duration;

use edge_oidc::{flow::event::Event, oidc::signature::Algorithm};
use serde_json::json;

use crate::{
    back_channel::{
        EVENT, PATH, accept, claims, deliver, delivery, four_sessions, refusal, refused, sign_in, signed, signed_in,
        token, world,
    },
    message::Request,
    signing,
    world::{CLIENT, Travel, World},
};

// T-187, §2.6; conformance: oidcc-client-test-rp-backchannel-rpinitlogout-no-event, -with-nonce, -wrong-aud, -wrong-event,
// -wrong-iss.
#[test]
fn no_claim_may_be_missing_or_wrong() {
    let mut world = four_sessions();
    let now = world.now.secs();
    let table = [
        (json!({ "events": null }), "logout_token_events"),
        (json!({ "events": { "http://schemas.openid.net/event/other": {} } }), "logout_token_events"),
        (json!({ "events": { EVENT: "x" } }), "logout_token_events"),
        (json!({ "events": { EVENT: [] } }), "logout_token_events"),
        (json!({ "events": EVENT }), "logout_token_events"),
        (json!({ "nonce": "n" }), "logout_token_nonce"),
        (json!({ "nonce": {} }), "logout_token_nonce"),
        (json!({ "aud": "another" }), "logout_token_aud"),
        (json!({ "aud": [CLIENT, "another"] }), "logout_token_aud"),
        (json!({ "aud": null }), "logout_token_malformed"),
        (json!({ "iss": "https://another.example.net" }), "logout_token_iss"),
        (json!({ "iss": null }), "logout_token_iss"),
        (json!({ "iat": null }), "logout_token_malformed"),
        (json!({ "iat": now + 3600 }), "logout_token_iat"),
        (json!({ "iat": now - 661, "exp": now + 60 }), "logout_token_stale"),
        (json!({ "exp": null }), "logout_token_malformed"),
        (json!({ "exp": now - 61 }), "logout_token_expired"),
        (json!({ "jti": null }), "logout_token_jti"),
        (json!({ "jti": "" }), "logout_token_jti"),
        (json!({ "sub": null }), "logout_token_subject"),
        (json!({ "sub": "" }), "logout_token_malformed"),
        (json!({ "sid": 7 }), "logout_token_malformed"),
    ];
    for (changes, code) in &table {
        assert_eq!(refusal(&deliver(&mut world, changes)), refused(code), "{changes}");
    }
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    let counted = world.events.iter().filter(|event| **event == Event::LogoutToken { accepted: false });
    assert_eq!(counted.count(), table.len());
}

// T-153, T-187; conformance: oidcc-client-test-rp-backchannel-rpinitlogout-alg-none, -wrong-alg.
#[test]
fn nothing_but_a_logout_token_that_the_provider_signed_is_one() {
    let mut world = four_sessions();
    let good = claims(&world, &json!({}));
    let plain = signed(&json!({ "alg": "none" }), &good);
    let unsigned = plain.rsplit_once('.').unwrap().0.to_owned() + ".";
    let valid = signed(&json!({}), &good);
    let (input, signature) = valid.rsplit_once('.').unwrap();
    let other = signed(&json!({}), &claims(&world, &json!({ "sub": "another" })));
    let id_token = world.provider.id_tokens()[0].to_owned();
    let rsa = signing::sign(Algorithm::Rs256, &json!({ "alg": "RS256", "kid": "key-1" }), &good);
    let table = [
        (plain, "jwt_algorithm_unsupported"),
        (unsigned, "jwt_algorithm_unsupported"),
        (signed(&json!({ "alg": "HS256" }), &good), "jwt_algorithm_unsupported"),
        (signed(&json!({ "alg": "ES384" }), &good), "jwt_algorithm_not_allowed"),
        (rsa, "jwt_algorithm_mismatch"),
        (format!("{input}."), "jwt_signature"),
        (format!("{}.{signature}", other.rsplit_once('.').unwrap().0), "jwt_signature"),
        (signed(&json!({ "typ": "at+jwt" }), &good), "logout_token_typ"),
        (id_token, "logout_token_events"),
        (String::new(), "jwt_segments"),
        ("x".to_owned(), "jwt_segments"),
        (format!("{valid}.{signature}.{signature}"), "jwt_encrypted"),
    ];
    for (token, code) in table {
        assert_eq!(refusal(&world.send(&delivery(&token))), refused(code), "{token}");
    }
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    assert_eq!(world.send(&delivery(&valid)).status(), 200);
}

#[test]
fn a_token_comes_alone_in_a_form_that_is_posted() {
    let mut world = four_sessions();
    let token = token(&world, &json!({}));
    let form = format!("logout_token={token}");
    let json = Request::bare(PATH).posting(&json!({ "logout_token": token }).to_string());
    let absent = [
        Request::bare(PATH).posting(""),
        Request::bare(PATH).posting(&format!("token={token}")),
        Request::bare(PATH).posting(&format!("{form}&{form}")),
        Request::bare(PATH).posting(&format!("{form}&logout_token=")),
        json.clone(),
        json.set("content-type", "application/json"),
        Request::bare(PATH).posting(&form).set("content-type", "text/plain"),
        Request::bare(PATH).posting(&form).set("content-type", "application/x-www-form-urlencoded2"),
        Request { fields: Vec::new(), ..Request::bare(PATH).posting(&form) },
        Request { body: None, ..Request::bare(PATH).posting(&form) },
        Request { body: None, ..Request::bare(&format!("{PATH}?{form}")).posting("") },
    ];
    for request in absent {
        let fields = format!("{:?}", request.fields);
        assert_eq!(refusal(&world.send(&request.with("cookie", ""))), refused("logout_token_absent"), "{fields}");
    }
    for method in ["GET", "PUT", "HEAD", "OPTIONS"] {
        let answer = world.send(&delivery(&token).by(method));
        assert_eq!(answer.said(), (405, "method_not_allowed".to_owned()), "{method}");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    let typed = delivery(&token).set("content-type", "Application/X-WWW-Form-URLencoded; charset=utf-8");
    assert_eq!(world.send(&Request { body: Some(format!("a=b&{form}&c").into_bytes()), ..typed }).status(), 200);
}

#[test]
fn a_body_that_is_too_long_or_never_comes_is_no_token() {
    let mut world = four_sessions();
    world.bodies_come = false;
    let token = token(&world, &json!({}));
    let long = world.open(&delivery(&token));
    assert!(world.waits(long));
    world.give_body(long, None);
    assert_eq!(refusal(&world.answer(long)), refused("logout_token_absent"));
    let start = world.now;
    let lost = world.open(&delivery(&token));
    world.advance(Duration::from_millis(4900));
    assert!(world.waits(lost));
    let answer = world.answer(lost);
    assert_eq!(answer.said(), (503, "body_unread".to_owned()));
    assert!(world.now.since(start) < Duration::from_millis(5_100));
    let told =
        |event: &Event| matches!(event, Event::Log(line) if line.text.contains("allow_on_headers_stop_iteration"));
    assert!(world.events.iter().any(told));
    // What comes after that is nobody's.
    let body = format!("logout_token={token}");
    world.give_body(lost, Some(body.as_bytes()));
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    world.bodies_come = true;
    assert_eq!(world.send(&delivery(&token)).status(), 200);
}

#[test]
fn a_worker_without_keys_fetches_them_first_and_waits_no_longer_than_five_seconds() {
    let mut world = world();
    accept(&mut world, &json!({}));
    assert_eq!((world.provider.times("metadata"), world.provider.times("keys")), (1, 1));
    let mut world = crate::back_channel::world();
    world.network = Box::new(|_| Travel::Lose);
    let start = world.now;
    assert_eq!(refusal(&deliver(&mut world, &json!({}))), (503, "provider_unavailable".to_owned()));
    let waited = world.now.since(start);
    assert!(waited >= Duration::from_secs(5) && waited < Duration::from_millis(5_100), "{waited:?}");
}

fn stranger(world: &World, kid: &str) -> Request {
    delivery(&signed(&json!({ "kid": kid }), &claims(world, &json!({}))))
}

#[test]
fn made_up_keys_are_looked_for_once_in_half_a_minute_and_never_at_the_cost_of_a_sign_in() {
    let mut world = four_sessions();
    let before = world.provider.times("keys");
    for number in 0..20 {
        let request = stranger(&world, &format!("made-up-{number}"));
        assert_eq!(refusal(&world.send(&request)), refused("jwt_unknown_kid"));
        world.advance(Duration::from_secs(1));
    }
    assert_eq!(world.provider.times("keys"), before + 1);
    world.provider.rotate_keys("key-2");
    sign_in(&mut world, 4, "max@example.com", None);
    assert_eq!(world.provider.times("keys"), before + 2);
    world.advance(Duration::from_secs(11));
    let request = stranger(&world, "key-3");
    assert_eq!(refusal(&world.send(&request)), refused("jwt_unknown_kid"));
    assert_eq!(world.provider.times("keys"), before + 3);
}

#[test]
fn a_key_that_the_provider_really_has_is_found() {
    let mut world = four_sessions();
    world.provider.rotate_keys("key-2");
    let (request, before) = (stranger(&world, "key-2"), world.provider.times("keys"));
    let waiting = world.open(&request);
    assert_eq!((world.provider.times("keys"), world.waits(waiting)), (before + 1, true), "at once");
    assert_eq!(world.answer(waiting).status(), 200);
    assert_eq!(signed_in(&mut world), [3]);
}
