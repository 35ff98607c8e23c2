//! Several gateways that share no memory, only their keys: one sign-in for all of them, what parallel refreshes cost, and
//! how sealing keys are rotated among them.

use std::time::Duration;

use edge_oidc::flow::event::Refresh;
use serde_json::{Value, json};

use crate::{
    aging::{
        DUE, OVER, configured, count, gives, holding, line, millis, over, renewed, rotating, secs, takes_away,
        token_calls, unchanged, well, with,
    },
    message::Request,
    world::{KEY, Travel, World, oidc_config},
};

const NEW_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4QUJDREVGR0g";
const HOUR: Duration = secs(3600);

/// A session that is `age` old, and so many gateways.
fn gateways(count: usize, age: Duration, grace: u64) -> World {
    let mut world = rotating(secs(0), grace);
    for _ in 1..count {
        world.add_gateway(&oidc_config());
    }
    world.advance(age);
    world
}

#[test]
fn who_signs_in_at_one_gateway_is_signed_in_at_all() {
    let mut world = gateways(3, secs(10), 0);
    for round in 0..4 {
        for gateway in 0..3 {
            world.worker = gateway;
            let answer = world.get("/");
            assert!(answer.passed() && gives(&answer) == (round > 0 && gateway == 0));
        }
        world.advance(DUE);
    }
    assert_eq!((world.provider.refreshed, world.provider.times("token")), (3, 4));
}

// T-180
#[test]
fn parallel_refreshes_at_gateways_lose_nobody_within_the_grace_period() {
    for (age, grace) in [(DUE, 10), (DUE, 60), (OVER, 10), (OVER, 30), (OVER, 60)] {
        let mut world = gateways(3, age, grace);
        token_calls(&mut world, || Travel::Answer(millis(400)));
        let old = world.jar().clone();
        let mut opened = Vec::new();
        for number in 0..30 {
            holding(&mut world, &old);
            world.worker = number % 3;
            opened.push(world.open(&Request::fetch("/api")));
        }
        for id in opened {
            let answer = world.answer(id);
            assert!(answer.passed() && (age == DUE || gives(&answer)));
        }
        assert_eq!(world.provider.refreshed, 3);
        // Whichever of the three cookies the browser has in the end.
        for gateway in [0, 1, 2] {
            world.worker = gateway;
            unchanged(&world.get("/"));
        }
        world.advance(OVER);
        renewed(&world.get("/"));
    }
}

// Documented: a rotation without grace asks for one gateway, or for a session that stays at one.
#[test]
fn without_grace_the_gateway_that_comes_second_ends_its_copy_and_the_newer_cookie_works_everywhere() {
    let mut world = gateways(2, OVER, 0);
    let old = line(&mut world);
    renewed(&world.get("/"));
    let newer = world.jar().clone();
    world.worker = 1;
    assert!(takes_away(&world.send(&with(&old))));
    for gateway in [1, 0] {
        holding(&mut world, &newer);
        world.worker = gateway;
        unchanged(&world.get("/"));
    }
    world.advance(DUE);
    world.worker = 1;
    renewed(&world.get("/"));
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Refused)), (2, 1));
}

// T-182
#[test]
fn a_refresh_at_one_gateway_is_nothing_that_another_waits_for() {
    let mut world = gateways(2, OVER, 30);
    token_calls(&mut world, || Travel::Lose);
    let first = world.open(&Request::fetch("/api"));
    token_calls(&mut world, well);
    world.worker = 1;
    renewed(&world.get("/"));
    world.hang_up(first);
}

fn keys(keys: &[&str]) -> Value {
    configured(|tree| tree["session"]["keys"] = json!(keys))
}

/// Two gateways are given the keys `step` by step, the second an hour after the first; a session is used all the time.
#[test]
fn a_key_is_replaced_step_by_step_and_gateways_that_are_a_step_apart_lose_nobody() {
    let steps = [keys(&[KEY]), keys(&[KEY, NEW_KEY]), keys(&[NEW_KEY, KEY]), keys(&[NEW_KEY])];
    let mut world = gateways(2, secs(10), 0);
    let use_it = |world: &mut World| {
        for number in 0..8 {
            world.worker = number % 2;
            assert!(world.get("/").passed(), "at gateway {}", world.worker);
            world.advance(HOUR / 8);
        }
    };
    for step in &steps[1..] {
        for gateway in 0..2 {
            world.replace(gateway, step);
            use_it(&mut world);
        }
    }
    assert_eq!(world.provider.times("token"), 1 + world.provider.refreshed);
}

#[test]
fn a_key_that_is_removed_ends_its_sessions_at_once() {
    for age in [secs(600), DUE, OVER] {
        let mut world = rotating(age, 0);
        world.restart(&keys(&[NEW_KEY]));
        over(&mut world);
        assert_eq!(world.provider.times("token"), 1);
    }
}

#[test]
fn a_refresh_seals_with_the_first_key() {
    let mut world = rotating(DUE, 0);
    world.restart(&keys(&[NEW_KEY, KEY]));
    renewed(&world.get("/"));
    world.restart(&keys(&[NEW_KEY]));
    unchanged(&world.get("/"));
}

// Documented: both keys must stay for as long as a session lasts.
#[test]
fn a_session_that_was_not_given_out_again_since_ends_with_the_key_that_sealed_it() {
    let mut world = rotating(secs(60), 0);
    world.restart(&keys(&[NEW_KEY, KEY]));
    // Neither due nor worn: it keeps the old seal.
    unchanged(&world.get("/"));
    world.advance(secs(2000));
    unchanged(&world.get("/"));
    world.restart(&keys(&[NEW_KEY]));
    over(&mut world);
}

#[test]
fn a_session_with_an_idle_time_is_sealed_anew_within_a_tenth_of_it() {
    let with_idle = |keys: &[&str]| {
        configured(|tree| {
            tree["session"]["keys"] = json!(keys);
            tree["session"]["idle"] = json!("30m");
        })
    };
    let mut world = rotating(secs(0), 0);
    world.restart(&with_idle(&[NEW_KEY, KEY]));
    world.advance(secs(181));
    renewed(&world.get("/"));
    world.restart(&with_idle(&[NEW_KEY]));
    unchanged(&world.get("/"));
    assert_eq!(world.provider.refreshed, 0);
}

#[test]
fn the_table_of_refreshes_outlives_a_rotation_of_keys() {
    let mut world = rotating(OVER, 0);
    let old = line(&mut world);
    renewed(&world.get("/"));
    world.restart(&keys(&[NEW_KEY, KEY]));
    renewed(&world.send(&with(&old)));
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn a_session_that_another_configuration_refreshed_without_our_claims_is_none_of_ours() {
    let mut world = rotating(OVER, 0);
    let old = line(&mut world);
    world.add_worker(&configured(|tree| drop(tree["identity"].as_object_mut().unwrap().remove("groups"))));
    world.worker = 1;
    assert!(world.send(&with(&old)).got("kubeflow-groups").is_empty());
    world.worker = 0;
    assert_eq!(world.send(&with(&old)).said(), (401, "login_required".to_owned()));
}
