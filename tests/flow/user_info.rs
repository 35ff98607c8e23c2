//! UserInfo at sign-in: whose claims count, and that nothing is lost where it gives none.

use std::time::Duration;

use edge_oidc::http::call::CallFailure;
use serde_json::{Value, json};

use crate::{
    message::Request,
    programs::id_token,
    world::{PERSON, Travel, World, arrival},
};

const MOMENT: Duration = Duration::from_millis(20);
const USER: &str = "user_info";

/// What becomes of a call.
type Outage = fn() -> Travel;

/// A provider whose ID tokens say who somebody is and no more.
fn asking(change: impl FnOnce(&mut Value)) -> World {
    let mut world = World::configured(|tree| {
        tree["providers"][0]["userInfo"] = json!(true);
        change(tree);
    });
    for name in ["email", "email_verified", "groups", "name"] {
        world.provider.response.claims.insert(name, None);
    }
    world.provider.response.user_info = said(&[
        ("email", json!(PERSON)),
        ("email_verified", json!(true)),
        ("groups", json!(["team-a"])),
        ("name", json!("Kim Park")),
    ]);
    world
}

fn said(claims: &[(&'static str, Value)]) -> std::collections::BTreeMap<&'static str, Option<Value>> {
    claims.iter().map(|(name, value)| (*name, Some(value.clone()))).collect()
}

#[test]
fn claims_that_the_id_token_does_not_say_come_from_user_info() {
    let mut world = asking(|_| {});
    let answer = world.sign_in();
    assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
    assert_eq!(
        (answer.got("kubeflow-groups"), answer.got("x-user-name")),
        (vec!["team-a".into()], vec!["Kim Park".into()])
    );
    // Once for a sign-in, and not for each request.
    world.advance(Duration::from_secs(60));
    assert!(world.get("/").passed());
    assert_eq!(world.provider.times(USER), 1);
    assert_eq!(world.provider.asked, ["metadata", "keys", "token", USER]);
}

#[test]
fn where_it_is_not_asked_for_nobody_asks() {
    let mut world = World::oidc();
    world.provider.response.user_info = said(&[("name", json!("Another"))]);
    assert_eq!(world.sign_in().got("x-user-name"), ["Kim Park"]);
    assert_eq!(world.provider.times(USER), 0);
}

#[test]
fn what_the_id_token_says_counts_before_what_user_info_says() {
    let mut world = asking(|_| {});
    world.provider.response.claims.extend(said(&[("name", json!("Kim")), ("groups", json!(["team-b"]))]));
    let answer = world.sign_in();
    assert_eq!((answer.got("kubeflow-groups"), answer.got("x-user-name")), (vec!["team-b".into()], vec!["Kim".into()]));
}

// T-160
#[test]
fn one_address_is_not_verified_by_what_is_said_of_another() {
    let mut world = asking(|_| {});
    world
        .provider
        .response
        .claims
        .extend(said(&[("email", json!("ceo@example.com")), ("email_verified", json!(false))]));
    assert_eq!(world.visit("/").said(), (403, "email_unverified".to_owned()));
    let mut world = asking(|_| {});
    world.provider.response.claims.insert("email_verified", Some(json!(true)));
    world.provider.response.user_info.insert("email_verified", Some(json!(false)));
    assert_eq!(world.visit("/").said(), (403, "email_unverified".to_owned()));
}

#[test]
fn what_a_sign_in_is_worth_is_the_id_tokens_to_say() {
    let demand = json!({ "match": { "path": { "prefix": "/app" } }, "action": "authenticate", "require": {
        "claims": [{ "claim": "acr", "equals": "phr" }] } });
    let mut world = asking(|tree| tree["routes"].as_array_mut().unwrap().insert(0, demand));
    world.provider.response.user_info.extend(said(&[("acr", json!("phr")), ("iss", json!("https://evil.example"))]));
    world.sign_in();
    assert_eq!(world.get("/app").said(), (403, "requirement_unmet".to_owned()));
}

/// What UserInfo answers, and what is made of it.
fn failures(world: &World) -> Vec<(u16, String, u16, &'static str)> {
    let good = json!({ "sub": format!("sub of {PERSON}"), "email": PERSON });
    let sub = |value: Value| json!({ "sub": value, "email": PERSON }).to_string();
    vec![
        // T-158
        (200, sub(json!("sub of root@example.com")), 502, "user_info_sub"),
        (200, sub(json!(format!("Sub of {PERSON}"))), 502, "user_info_sub"),
        (200, sub(json!("")), 502, "user_info_sub"),
        (200, sub(json!(null)), 502, "user_info_sub"),
        (200, json!({ "email": PERSON }).to_string(), 502, "user_info_sub"),
        (200, String::new(), 502, "user_info_not_json"),
        (200, format!("[{good}]"), 502, "user_info_not_json"),
        (200, id_token(world, &json!({})), 502, "user_info_signed"),
        (400, good.to_string(), 502, "user_info_refused"),
        (401, good.to_string(), 502, "user_info_refused"),
        (403, good.to_string(), 502, "user_info_refused"),
        (302, good.to_string(), 503, "user_info_unavailable"),
        (404, good.to_string(), 503, "user_info_unavailable"),
        (429, good.to_string(), 503, "user_info_unavailable"),
        (500, good.to_string(), 503, "user_info_unavailable"),
        (503, good.to_string(), 503, "user_info_unavailable"),
    ]
}

#[test]
fn without_claims_nobody_is_signed_in_and_the_next_try_comes_to_the_same_place() {
    for (status, body, told, code) in failures(&asking(|_| {})) {
        let mut world = asking(|_| {});
        world.provider.response.instead.insert(USER, (status, body));
        let answer = world.visit("/deep");
        assert_eq!(answer.said(), (told, code.to_owned()));
        assert_eq!(answer.header("retry-after").is_some(), told == 503, "{code}");
        assert!(world.session().is_none() && world.attempts().is_empty());
        world.provider.response.instead.clear();
        let next = world.get(&answer.link());
        assert_eq!(world.follow(next).got(":path"), ["/deep"]);
    }
}

#[test]
fn no_answer_from_user_info_is_an_answer_in_time() {
    let outages: [(Outage, u64, u64); 3] = [
        (|| Travel::Fail(MOMENT, CallFailure::Cut), 0, 1),
        (|| Travel::Status(MOMENT, 504), 0, 1),
        (|| Travel::Lose, 7, 8),
    ];
    for (outage, least, most) in outages {
        let mut world = asking(|_| {});
        world.network = Box::new(move |called| if called == USER { outage() } else { Travel::Answer(MOMENT) });
        let since = world.now;
        assert_eq!(world.failed_sign_in().0, 503);
        let waited = world.now.since(since);
        assert!((Duration::from_secs(least)..Duration::from_secs(most)).contains(&waited), "{waited:?}");
        world.network = Box::new(|_| Travel::Answer(MOMENT));
        world.sign_in();
    }
}

#[test]
fn a_session_that_stood_before_stands_after_a_sign_in_that_failed() {
    let mut world = asking(|_| {});
    world.sign_in();
    world.provider.response.instead.insert(USER, (500, String::new()));
    let answer = world.visit("/oauth2/sign-in?again=true");
    assert_eq!(answer.said(), (503, "user_info_unavailable".to_owned()));
    assert_eq!(world.get("/").got("kubeflow-userid"), [PERSON]);
}

#[test]
fn a_provider_without_user_info_signs_nobody_in_who_asks_for_it() {
    let mut world = asking(|_| {});
    world.provider.response.metadata.as_object_mut().unwrap().remove("userinfo_endpoint");
    assert_eq!(world.failed_sign_in(), (502, "user_info_endpoint_absent".to_owned()));
}

/// The code is spent: what its answers gave is kept for the browser that comes back.
#[test]
fn who_hangs_up_before_user_info_answers_has_their_session_when_they_come_back() {
    let mut world = asking(|_| {});
    let callback = world.callback_for("/deep");
    world.network = Box::new(|called| match called {
        USER => Travel::Answer(Duration::from_secs(2)),
        _ => Travel::Answer(MOMENT),
    });
    let id = world.open(&arrival(&callback));
    world.advance(Duration::from_secs(1));
    assert_eq!(world.provider.times(USER), 1);
    world.hang_up(id);
    world.advance(Duration::from_secs(3));
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
    assert_eq!(world.get("/").got("kubeflow-userid"), [PERSON]);
    assert_eq!((world.provider.times("token"), world.provider.times(USER)), (1, 1));
}

#[test]
fn a_script_never_waits_for_user_info() {
    let mut world = asking(|_| {});
    world.sign_in();
    world.network = Box::new(|called| match called {
        USER => Travel::Lose,
        _ => Travel::Answer(MOMENT),
    });
    let since = world.now;
    assert!(world.send(&Request::fetch("/api")).passed());
    assert_eq!(world.now.since(since), Duration::ZERO);
}
