//! Opaque bearer tokens: whom the provider is asked about, how often, and for how long its answer counts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    programs::{INVALID, ROBOT, id_token, program, rule, told, unavailable, warm, world},
    world::{PERSON, Travel, World, oidc_config},
};

const MOMENT: Duration = Duration::from_millis(20);

/// Calls to `endpoint` go as `travel` says, all others well.
fn on(world: &mut World, endpoint: &'static str, travel: fn() -> Travel) {
    world.network = Box::new(move |called| if called == endpoint { travel() } else { Travel::Answer(MOMENT) });
}

fn asked(world: &World) -> usize {
    world.provider.times("introspection")
}

fn is_person(answer: &Answer) {
    assert_eq!(answer.got("kubeflow-userid"), [PERSON]);
}

fn remembering(cache: &str) -> World {
    warm(|tree| tree["providers"][0]["bearer"][3]["cache"] = json!(cache))
}

#[test]
fn an_answer_counts_for_as_long_as_it_is_to_be_remembered() {
    let mut world = remembering("2m");
    let token = world.provider.opaque(PERSON);
    is_person(&world.send(&program("/", &token)));
    world.advance(Duration::from_secs(118));
    is_person(&world.send(&program("/", &token)));
    assert_eq!(asked(&world), 1);
    world.provider.access.clear();
    world.advance(Duration::from_secs(2));
    told(&world.send(&program("/", &token)), 401, "bearer_inactive", INVALID);
    assert_eq!(asked(&world), 2);
}

#[test]
fn an_answer_counts_no_longer_than_the_token() {
    let mut world = remembering("10m");
    world.provider.response.lifetime = Duration::from_secs(30);
    let token = world.provider.opaque(PERSON);
    is_person(&world.send(&program("/", &token)));
    world.advance(Duration::from_secs(28));
    is_person(&world.send(&program("/", &token)));
    assert_eq!(asked(&world), 1);
    world.provider.access.clear();
    world.advance(Duration::from_secs(2));
    told(&world.send(&program("/", &token)), 401, "bearer_inactive", INVALID);
}

/// An answer that is remembered for no time at all serves whoever waited for it.
#[test]
fn what_may_not_be_remembered_is_asked_for_each_request() {
    let over = |world: &World| Some(json!(world.now.secs() - 20));
    for (cache, expires) in [("0s", None), ("60s", Some(()))] {
        let mut world = remembering(cache);
        let token = world.provider.opaque(PERSON);
        if expires.is_some() {
            let exp = over(&world);
            world.provider.response.introspection.insert("exp", exp);
        }
        for round in 1..=3 {
            let requests = [world.open(&program("/", &token)), world.open(&program("/", &token))];
            requests.into_iter().for_each(|id| is_person(&world.answer(id)));
            assert_eq!(asked(&world), round, "{cache}");
        }
    }
}

#[test]
fn each_worker_asks_for_itself_and_once() {
    let mut world = remembering("60s");
    let mut tree = oidc_config();
    crate::programs::taking_every_kind(&mut tree);
    world.add_worker(&tree);
    let token = world.provider.opaque(PERSON);
    for worker in [0, 1, 0, 1] {
        world.worker = worker;
        is_person(&world.send(&program("/", &token)));
    }
    assert_eq!(asked(&world), 2);
}

#[test]
fn a_no_counts_for_ten_seconds() {
    let mut world = remembering("10m");
    let token = world.provider.opaque(PERSON);
    world.provider.access.clear();
    told(&world.send(&program("/", &token)), 401, "bearer_inactive", INVALID);
    world.provider.access.insert(token.clone(), PERSON.to_owned());
    world.advance(Duration::from_secs(9));
    told(&world.send(&program("/", &token)), 401, "bearer_inactive", INVALID);
    assert_eq!(asked(&world), 1);
    world.advance(Duration::from_secs(2));
    is_person(&world.send(&program("/", &token)));
    assert_eq!(asked(&world), 2);
}

// T-165
#[test]
fn a_token_for_others_is_refused_and_that_is_remembered() {
    for (name, value, code) in [
        ("client_id", json!("another"), "bearer_client"),
        ("client_id", Value::Null, "bearer_client"),
        ("aud", json!(["another"]), "bearer_aud"),
        ("iss", json!("https://evil.example"), "bearer_iss"),
        ("token_type", json!("refresh_token"), "bearer_typ"),
        ("active", json!("true"), "bearer_inactive"),
        ("cnf", json!({ "jkt": "x" }), "bearer_cnf"),
    ] {
        let mut world = remembering("60s");
        world.provider.response.introspection.insert(name, Some(value).filter(|value| !value.is_null()));
        let token = world.provider.opaque(PERSON);
        for _ in 0..3 {
            told(&world.send(&program("/", &token)), 401, code, INVALID);
        }
        assert_eq!(asked(&world), 1, "{code}");
    }
}

// T-165
#[test]
fn a_token_of_our_client_for_another_resource_is_not_for_us() {
    let mut world =
        warm(|tree| tree["providers"][0]["bearer"][3] = json!({ "kind": "introspection", "clientIds": [ROBOT] }));
    for aud in [None, Some(json!(ROBOT))] {
        world.provider.response.introspection.insert("aud", aud);
        let token = world.provider.opaque(PERSON);
        is_person(&world.send(&program("/api", &token)));
    }
    world.provider.response.introspection.insert("aud", Some(json!(["https://payroll.example.com"])));
    let token = world.provider.opaque(PERSON);
    told(&world.send(&program("/api", &token)), 401, "bearer_aud", INVALID);
}

/// RFC 9700 §4.15: whoever may register clients chooses what they are called.
#[test]
fn a_client_that_is_called_like_a_person_is_nobody() {
    for (clients, passes) in [(None, false), (Some(json!(["sub of kim"])), true)] {
        let mut world = warm(|tree| {
            let mut rule = json!({ "kind": "introspection", "audiences": ["edge"] });
            rule.as_object_mut().unwrap().extend(clients.map(|clients| ("clientIds".to_owned(), clients)));
            tree["providers"][0]["bearer"][3] = rule;
            tree["identity"]["userId"] = json!({ "claim": "sub", "header": "kubeflow-userid" });
        });
        let said = [("sub", None), ("client_id", Some(json!("sub of kim")))];
        world.provider.response.introspection.extend(said);
        let token = world.provider.opaque("x");
        let answer = world.send(&program("/api", &token));
        match passes {
            true => assert_eq!(answer.got("kubeflow-userid"), ["sub of kim"]),
            false => told(&answer, 401, "bearer_claim", INVALID),
        }
    }
}

// T-156
#[test]
fn many_requests_with_one_token_ask_once_and_each_gets_its_own_answer() {
    let mut world = warm(|tree| rule(tree, &json!({ "require": { "scopes": ["admin"] } })));
    let tokens = [world.provider.opaque(PERSON), world.provider.opaque("lee@example.com")];
    let mut waiting = Vec::new();
    for number in 0..60 {
        let path = if number % 3 == 0 { "/app" } else { "/" };
        waiting.push((number, world.open(&program(path, &tokens[number % 2]))));
    }
    for (number, id) in waiting {
        let answer = world.answer(id);
        match number % 3 {
            // T-31: whose token it is, is remembered, not what it opens.
            0 => assert_eq!(answer.said(), (403, "requirement_unmet".to_owned())),
            _ => assert_eq!(answer.got("kubeflow-userid"), [[PERSON, "lee@example.com"][number % 2]]),
        }
    }
    assert_eq!(asked(&world), 2);
}

#[test]
fn who_goes_away_leaves_the_answer_to_those_who_come_after() {
    let mut world = remembering("60s");
    let token = world.provider.opaque(PERSON);
    let first = world.open(&program("/", &token));
    let second = world.open(&program("/", &token));
    world.hang_up(first);
    is_person(&world.answer(second));
    let third = world.provider.opaque("lee@example.com");
    let gone = world.open(&program("/", &third));
    world.hang_up(gone);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.send(&program("/", &third)).got("kubeflow-userid"), ["lee@example.com"]);
    assert_eq!(asked(&world), 2);
}

#[test]
fn a_provider_that_fails_is_no_no() {
    for (status, body) in [
        (500, "{}"),
        (503, "upstream connect error"),
        (429, "{}"),
        (401, "{\"error\":\"invalid_client\"}"),
        (403, "{}"),
        (302, ""),
        (404, "not found"),
        (200, ""),
        (200, "<html>"),
        (200, "[]"),
        (200, "{\"active\":true,\"active\":true}"),
    ] {
        let mut world = remembering("60s");
        let token = world.provider.opaque(PERSON);
        world.provider.response.instead.insert("introspection", (status, body.to_owned()));
        world.sign_in();
        unavailable(&world.send(&program("/", &token)), "provider_unavailable");
        unavailable(
            &world.send(&Request::navigation("/").with("authorization", &format!("Bearer {token}"))),
            "provider_unavailable",
        );
        let code = if status == 200 { "bearer_lookup_not_json" } else { "bearer_lookup_unavailable" };
        assert!(crate::aging::logged(&world, code), "{status} {body}");
        // Nothing is remembered of it.
        world.provider.response.instead.clear();
        is_person(&world.send(&program("/", &token)));
        assert_eq!(asked(&world), 3, "{status} {body}");
    }
}

#[test]
fn a_question_that_is_never_answered_ends_and_may_be_asked_again() {
    let mut world = remembering("60s");
    let token = world.provider.opaque(PERSON);
    on(&mut world, "introspection", || Travel::Lose);
    let since = world.now;
    let first = world.open(&program("/", &token));
    world.advance(Duration::from_secs(4));
    let second = world.open(&program("/", &token));
    unavailable(&world.answer(first), "provider_unavailable");
    unavailable(&world.answer(second), "provider_unavailable");
    let waited = world.now.since(since);
    assert!((Duration::from_secs(7)..Duration::from_secs(8)).contains(&waited), "{waited:?}");
    on(&mut world, "introspection", || Travel::Answer(MOMENT));
    is_person(&world.send(&program("/", &token)));
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
}

#[test]
fn what_the_provider_names_no_endpoint_for_is_nobodys_fault_but_the_settings() {
    let mut world = world(|_| {});
    world.provider.response.metadata.as_object_mut().unwrap().remove("introspection_endpoint");
    let token = world.provider.opaque(PERSON);
    assert_eq!(world.send(&program("/", &token)).said(), (502, "lookup_endpoint_absent".to_owned()));
}

// A token is a secret: nobody is shown one that is not theirs to judge.
#[test]
fn a_jwt_is_shown_to_its_issuer_alone() {
    let only_opaque = |tree: &mut Value| {
        let rule = json!([{ "kind": "introspection", "audiences": ["edge"] }]);
        tree["providers"][0]["bearer"] = rule;
    };
    let mut world = World::configured(only_opaque);
    let own = id_token(&world, &json!({}));
    world.provider.access.insert(own.clone(), PERSON.to_owned());
    is_person(&world.send(&program("/", &own)));
    assert_eq!(asked(&world), 1);
    let (header, rest) = own.split_once('.').unwrap();
    let none = crate::signing::encode(r#"{"alg":"none"}"#);
    for (token, code) in [
        (id_token(&world, &json!({ "iss": "https://evil.example" })), "bearer_iss"),
        (id_token(&world, &json!({ "iss": null })), "bearer_iss"),
        (format!("{none}.{rest}"), "jwt_algorithm_unsupported"),
        (format!("{header}.e30.AA"), "bearer_iss"),
    ] {
        told(&world.send(&program("/", &token)), 401, code, INVALID);
    }
    assert_eq!(asked(&world), 1);
}

/// What UserInfo cannot know is never taken from it.
#[test]
fn user_info_says_whose_a_token_is_and_nothing_of_the_token() {
    let mut world = World::configured(|tree| {
        tree["providers"][0]["bearer"] = json!([{ "kind": "user_info", "anyClient": true, "cache": "60s" }]);
        rule(tree, &json!({ "require": { "scopes": ["admin"] } }));
    });
    let said =
        [("email", json!(PERSON)), ("email_verified", json!(true)), ("scope", json!("admin")), ("acr", json!("phr"))];
    world.provider.response.user_info.extend(said.map(|(name, value)| (name, Some(value))));
    let token = world.provider.opaque(PERSON);
    is_person(&world.send(&program("/", &token)));
    assert_eq!(world.send(&program("/app", &token)).said(), (403, "requirement_unmet".to_owned()));
    assert_eq!(world.provider.times("user_info"), 1);
    told(&world.send(&program("/", "unknown")), 401, "bearer_inactive", INVALID);
    // T-158
    for sub in [None, Some(json!("")), Some(json!(7))] {
        world.provider.response.user_info.insert("sub", sub);
        let token = world.provider.opaque(PERSON);
        told(&world.send(&program("/", &token)), 401, "bearer_claim", INVALID);
    }
    world.provider.response.instead.insert("user_info", (200, id_token(&world, &json!({}))));
    let signed = world.provider.opaque(PERSON);
    unavailable(&world.send(&program("/", &signed)), "provider_unavailable");
}
