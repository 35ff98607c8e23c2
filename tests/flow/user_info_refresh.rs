//! UserInfo at refresh: claims that changed, and that no refresh token is lost where it gives none.

use std::collections::BTreeMap;

use edge_oidc::flow::event::Refresh;
use serde_json::{Value, json};

use crate::{
    aging::{DUE, MOMENT, OVER, aged_with, count, gives, logged, over, renewed, secs, unchanged},
    message::Request,
    world::{PERSON, Travel, World},
};

const USER: &str = "user_info";

/// A whole answer, or none.
type Reply = Option<(u16, String)>;

fn said(claims: &[(&'static str, Value)]) -> BTreeMap<&'static str, Option<Value>> {
    claims.iter().map(|(name, value)| (*name, Some(value.clone()))).collect()
}

/// Kim of `team-a`, signed in `age` ago at a provider that says groups at UserInfo only and takes each refresh token once.
fn world(age: std::time::Duration) -> World {
    let tree = |tree: &mut Value| {
        tree["providers"][0]["userInfo"] = json!(true);
        crate::programs::rule(tree, &json!({ "require": { "groups": { "any": ["team-a"] } } }));
    };
    aged_with(age, tree, |provider| {
        provider.response.rotation = Some(secs(0));
        provider.response.claims.insert("groups", None);
        provider.response.user_info = said(&[("groups", json!(["team-a", "team-b"])), ("name", json!("Kim Park"))]);
    })
}

fn without_id_token(world: &mut World) {
    world.provider.response.refreshed_tokens.insert("id_token", None);
}

// T-154
#[test]
fn a_group_that_user_info_no_longer_says_opens_nothing_after_the_next_refresh() {
    for id_token in [true, false] {
        for age in [DUE, OVER] {
            let mut world = world(age);
            if !id_token {
                without_id_token(&mut world);
            }
            world.provider.response.user_info.insert("groups", Some(json!(["team-b"])));
            assert_eq!(world.get("/app").said(), (403, "requirement_unmet".to_owned()));
            let answer = world.get("/");
            assert_eq!(answer.got("kubeflow-groups"), ["team-b"]);
            unchanged(&answer);
            assert_eq!((world.provider.times(USER), world.provider.refreshed), (2, 1));
        }
    }
}

#[test]
fn without_any_groups_any_more_a_new_id_token_leaves_none() {
    let mut world = world(DUE);
    world.provider.response.user_info.remove("groups");
    assert_eq!(world.get("/").got("kubeflow-groups"), Vec::<String>::new());
}

/// Nobody says anything anew about what stood in the first ID token.
#[test]
fn without_an_id_token_what_user_info_does_not_say_stays() {
    let mut world = world(DUE);
    without_id_token(&mut world);
    world.provider.response.user_info.insert("name", None);
    let answer = world.get("/");
    renewed(&answer);
    assert_eq!(
        (answer.got("x-user-name"), answer.got("kubeflow-userid")),
        (vec!["Kim Park".into()], vec![PERSON.into()])
    );
}

#[test]
fn without_an_id_token_no_address_stays_verified_that_is_not_the_same() {
    let mut world = world(DUE);
    without_id_token(&mut world);
    world.provider.response.user_info.insert("email", Some(json!("ceo@example.com")));
    assert_eq!(world.get("/").got("kubeflow-userid"), ["ceo@example.com"]);
    let mut world = self::world(DUE);
    without_id_token(&mut world);
    world
        .provider
        .response
        .user_info
        .extend(said(&[("email", json!("ceo@example.com")), ("email_verified", json!(false))]));
    assert_eq!(world.get("/").said(), (403, "email_unverified".to_owned()));
}

#[test]
fn a_session_goes_on_and_on_with_user_info() {
    let mut world = world(secs(0));
    for round in 0..6 {
        world.advance(if round % 2 == 0 { DUE } else { OVER });
        world.provider.response.refreshed_tokens =
            if round % 3 == 0 { [("id_token", None)].into() } else { BTreeMap::new() };
        renewed(&world.get("/"));
        unchanged(&world.get("/app"));
        assert_eq!((world.provider.refreshed, world.provider.times(USER)), (round + 1, round + 2));
    }
}

/// What UserInfo may answer: whether it is a no of its own.
fn failures() -> Vec<(&'static str, Reply, bool)> {
    let sub = |sub: &str| json!({ "sub": sub, "groups": ["admins"] }).to_string();
    vec![
        ("user_info_refused", Some((401, "{}".to_owned())), true),
        ("user_info_refused", Some((403, "{}".to_owned())), true),
        ("user_info_sub", Some((200, sub("sub of root@example.com"))), true),
        ("user_info_sub", Some((200, "{}".to_owned())), true),
        ("user_info_unavailable", Some((500, "{}".to_owned())), false),
        ("user_info_unavailable", Some((429, "{}".to_owned())), false),
        ("user_info_not_json", Some((200, "<html>".to_owned())), false),
        ("provider_unavailable", None, false),
    ]
}

fn failing(world: &mut World, answer: Reply) {
    match answer {
        Some(answer) => drop(world.provider.response.instead.insert(USER, answer)),
        None => {
            world.network = Box::new(|called| match called {
                USER => Travel::Lose,
                _ => Travel::Answer(MOMENT),
            });
        }
    }
}

fn well(world: &mut World) {
    world.provider.response.instead.clear();
    world.network = Box::new(|_| Travel::Answer(MOMENT));
}

#[test]
fn while_the_tokens_serve_the_session_goes_on_and_has_the_new_refresh_token() {
    for (code, answer, _) in failures() {
        let mut world = world(DUE);
        failing(&mut world, answer);
        let first = world.get("/app");
        assert_eq!(first.got("kubeflow-groups"), ["team-a,team-b"], "{code}");
        world.advance(secs(9));
        let second = world.get("/app");
        assert!(gives(&first) || gives(&second), "{code}");
        assert!(logged(&world, code) && count(&world, Refresh::Renewed) == 1, "{code}");
        assert_eq!(world.provider.refreshed, 1);
        // The old token is spent: only with the new one does this end well.
        well(&mut world);
        world.provider.response.user_info.insert("groups", Some(json!(["team-b"])));
        world.advance(secs(600));
        let answer = world.get("/");
        renewed(&answer);
        assert_eq!(answer.got("kubeflow-groups"), ["team-b"]);
    }
}

#[test]
fn when_the_tokens_are_over_old_claims_open_nothing_and_the_refresh_token_is_kept() {
    for (code, answer, no) in failures() {
        let mut world = world(OVER);
        failing(&mut world, answer);
        if no {
            over(&mut world);
        } else {
            for request in [Request::navigation("/"), Request::fetch("/api"), Request::navigation("/app")] {
                assert_eq!(world.send(&request).said(), (503, "provider_unavailable".to_owned()), "{code}");
                assert!(world.session().is_some());
            }
            // Meanwhile nobody was asked again and again.
            assert_eq!(world.provider.refreshed, 1, "{code}");
            well(&mut world);
            world.advance(secs(5));
            renewed(&world.get("/app"));
        }
        assert!(logged(&world, code), "{code}");
    }
}

/// Where no other worker can be told, the answer itself brings the new refresh token.
#[test]
fn a_lost_answer_of_user_info_loses_no_refresh_token_without_shared_memory() {
    let mut world = world(OVER);
    world.memory().break_down();
    failing(&mut world, None);
    let answer = world.get("/");
    assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
    assert!(gives(&answer));
    well(&mut world);
    renewed(&world.get("/"));
}

#[test]
fn an_answer_without_claims_ends_no_session_of_others() {
    let mut world = world(DUE);
    let tab = world.jars[0].clone();
    world.provider.response.instead.insert(USER, (401, String::new()));
    let first = world.get("/");
    assert!(first.passed());
    *world.jar() = tab;
    assert!(world.get("/").passed());
    assert_eq!(count(&world, Refresh::Refused), 0);
}
