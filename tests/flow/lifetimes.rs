//! How long a session lasts: its absolute end, its idle time, and clocks that are set while it does.

use std::time::Duration;

use edge_oidc::time::UnixTime;
use serde_json::{Value, json};

use crate::{
    aging::{
        DUE, OVER, aged, aged_with, configured, gives, holding, line, millis, over, renewed, rotating, secs,
        takes_away, timed, token_calls, unchanged, with,
    },
    message::{Answer, Request},
    provider::Provider,
    world::{Travel, World},
};

const MINUTE: Duration = secs(60);
const MINUTES: Duration = secs(300);

fn max_age(answer: &Answer) -> u64 {
    let line = *answer.cookies().first().unwrap();
    let (_, rest) = line.split_once("Max-Age=").unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

fn idle(tree: &mut Value) {
    tree["session"]["idle"] = json!("30m");
}

fn long_token(provider: &mut Provider) {
    provider.response.lifetime = secs(8 * 3600);
}

// T-189
#[test]
fn no_refresh_moves_the_end_of_a_session() {
    let mut world = rotating(secs(0), 0);
    let end = world.now.plus(secs(12 * 3600));
    let mut last = String::new();
    while world.now.plus(secs(600)) < end {
        world.advance(secs(600));
        let answer = world.get("/");
        assert!(answer.passed());
        if gives(&answer) {
            let left = end.since(world.now).as_secs();
            assert!((left - 1..=left + 1).contains(&max_age(&answer)), "{left}");
        }
        last = line(&mut world);
    }
    assert!((13..=15).contains(&world.provider.refreshed), "{}", world.provider.refreshed);
    world.advance(end.since(world.now).checked_sub(secs(5)).unwrap());
    assert!(world.send(&with(&last)).passed());
    let asked = world.provider.times("token");
    world.advance(secs(6));
    let answer = world.send(&with(&last));
    assert_eq!((answer.said(), world.provider.times("token")), ((401, "login_required".to_owned()), asked));
}

// T-189
#[test]
fn a_refresh_that_comes_after_the_end_gives_no_session() {
    let mut world = aged_with(secs(0), |tree| tree["session"]["lifetime"] = json!("50m"), |_| {});
    let last = line(&mut world);
    world.advance(secs(50 * 60 - 1));
    token_calls(&mut world, || Travel::Answer(millis(1500)));
    let answer = world.send(&with(&last));
    assert_eq!((answer.said(), world.provider.refreshed), ((401, "login_required".to_owned()), 1));
    assert!(!gives(&answer) && takes_away(&answer));
}

// T-189
#[test]
fn a_lifetime_that_was_shortened_holds_for_sessions_that_are_there() {
    for age in [secs(1900), DUE, OVER] {
        let mut world = rotating(age, 0);
        world.restart(&configured(|tree| tree["session"]["lifetime"] = json!("30m")));
        over(&mut world);
        assert_eq!(world.provider.times("token"), 1);
    }
    let mut world = rotating(DUE, 0);
    world.restart(&configured(|tree| tree["session"]["lifetime"] = json!("1h")));
    let answer = world.get("/");
    renewed(&answer);
    assert!((698..=700).contains(&max_age(&answer)), "{}", max_age(&answer));
}

#[test]
fn a_lifetime_that_was_lengthened_is_for_new_sessions() {
    let mut world = aged_with(secs(0), |tree| tree["session"]["lifetime"] = json!("30m"), |_| {});
    world.restart(&configured(|_| {}));
    let kept = line(&mut world);
    world.advance(secs(1801));
    assert_eq!(world.send(&with(&kept)).status(), 401);
}

#[test]
fn a_session_that_is_used_does_not_become_idle() {
    let mut world = aged_with(secs(0), idle, long_token);
    for _ in 0..20 {
        world.advance(secs(29 * 60));
        let answer = world.get("/");
        renewed(&answer);
        assert_eq!(max_age(&answer), 1800.min(12 * 3600 - world.now.since(crate::world::START).as_secs()));
    }
    assert!(world.provider.refreshed <= 2);
}

#[test]
fn a_session_that_nobody_used_for_thirty_minutes_is_over_whatever_the_browser_keeps() {
    for (age, passes) in [(secs(1799), true), (secs(1801), false)] {
        let mut world = aged_with(secs(31), idle, long_token);
        let kept = line(&mut world);
        world.advance(age - secs(31));
        let answer = world.send(&with(&kept));
        assert_eq!(answer.passed(), passes, "{age:?}");
        if !passes {
            assert_eq!(answer.said(), (401, "login_required".to_owned()));
            assert_eq!(world.send(&Request::navigation("/").with("cookie", &kept)).status(), 302);
        }
    }
    // A refresh does not bring it back either.
    let mut world = aged_with(secs(0), idle, |provider| provider.response.lifetime = MINUTES);
    let kept = line(&mut world);
    world.advance(secs(1801));
    assert_eq!(world.send(&with(&kept)).status(), 401);
    assert_eq!(world.provider.times("token"), 1);
}

#[test]
fn a_session_is_given_out_again_at_most_once_in_a_tenth_of_its_idle_time() {
    let mut world = aged_with(secs(0), idle, long_token);
    let start = world.now;
    let mut given: Vec<u64> = Vec::new();
    while world.now.since(start) < secs(3600) {
        world.advance(secs(10));
        let answer = world.get("/");
        if gives(&answer) {
            given.push(world.now.since(start).as_secs());
        }
    }
    assert!((19..=20).contains(&given.len()), "{given:?}");
    assert!(given.windows(2).all(|pair| pair[1] - pair[0] >= 180), "{given:?}");
    assert_eq!(world.provider.refreshed, 0);
    // Without an idle time never.
    let mut world = aged_with(secs(3600), |_| {}, long_token);
    unchanged(&world.get("/"));
}

#[test]
fn a_refresh_counts_as_use() {
    let mut world = aged_with(secs(0), idle, |_| {});
    let mut waited = secs(0);
    while waited < DUE {
        waited += secs(1700);
        world.advance(secs(1700));
        renewed(&world.get("/"));
    }
    assert_eq!(world.provider.refreshed, 1);
    world.advance(secs(170));
    unchanged(&world.get("/"));
    world.advance(secs(1600));
    renewed(&world.get("/"));
}

#[test]
fn while_a_refresh_is_under_way_the_old_session_is_not_given_out_again() {
    let mut world = aged_with(secs(0), idle, |_| {});
    world.advance(secs(1500));
    renewed(&world.get("/"));
    world.advance(secs(1400));
    token_calls(&mut world, || Travel::Answer(millis(1000)));
    let old = world.jar().clone();
    let leader = world.open(&Request::navigation("/"));
    for _ in 0..3 {
        holding(&mut world, &old);
        unchanged(&world.get("/"));
    }
    renewed(&world.answer(leader));
    // Nor to the one that asked, when it has waited long enough.
    world.advance(secs(1500));
    renewed(&world.get("/"));
    world.advance(secs(1400));
    token_calls(&mut world, || Travel::Answer(millis(3000)));
    unchanged(&world.get("/"));
}

#[test]
fn while_the_provider_rests_a_worn_session_is_given_out_again() {
    let mut world = aged_with(secs(0), idle, long_token);
    let start = world.now;
    world.provider.response.instead_of_refresh = Some((503, json!({})));
    while world.now.since(start) < secs(25_000) {
        world.advance(secs(1000));
        renewed(&world.get("/"));
    }
    world.advance(secs(175));
    unchanged(&world.get("/"));
    let asked = world.provider.times("token");
    world.advance(secs(10));
    renewed(&world.get("/"));
    assert_eq!(world.provider.times("token"), asked);
}

#[test]
fn whoever_uses_a_session_while_the_provider_is_down_does_not_become_idle() {
    let mut world = aged_with(secs(0), idle, long_token);
    token_calls(&mut world, || Travel::Status(millis(20), 503));
    while world.now < crate::world::START.plus(secs(8 * 3600)) {
        world.advance(secs(5 * 60));
        assert!(world.get("/").passed(), "after {:?}", world.now.since(crate::world::START));
    }
}

fn ahead(now: UnixTime) -> UnixTime {
    now.minus(MINUTES)
}

fn behind(now: UnixTime) -> UnixTime {
    now.plus(MINUTES)
}

/// The gateway's clock is set forward or back by five minutes, while the provider's goes on.
fn set(world: &mut World, forward: bool, wrong: bool) {
    world.now = if forward { world.now.plus(MINUTES) } else { world.now.minus(MINUTES) };
    world.provider_clock = match (forward, wrong) {
        (true, true) => ahead,
        (false, true) => behind,
        (_, false) => |now| now,
    };
}

#[test]
fn a_clock_that_is_set_wrong_at_any_time_and_right_five_minutes_later_harms_nobody() {
    for forward in [true, false] {
        for (tokens, limit) in [(3600, None), (3600, Some("30m")), (900, Some("15m"))] {
            for at in (0..64).step_by(3) {
                let mut world = aged_with(
                    secs(0),
                    |tree| {
                        if let Some(limit) = limit {
                            tree["session"]["idle"] = json!(limit);
                        }
                    },
                    |provider| {
                        provider.response.rotation = Some(secs(0));
                        provider.response.lifetime = secs(tokens);
                    },
                );
                for minute in 0..100 {
                    match minute {
                        _ if minute == at => set(&mut world, forward, true),
                        _ if minute == at + 5 => set(&mut world, !forward, false),
                        _ => {}
                    }
                    let answer = world.get("/");
                    assert!(answer.passed(), "forward: {forward}, {tokens} s, at {at}, minute {minute}: {answer:?}");
                    world.now = world.now.plus(MINUTE);
                }
            }
        }
    }
}

#[test]
fn a_clock_that_is_set_during_a_refresh_loses_nobody_whom_the_provider_lets_ask_again() {
    for (forward, age) in [(true, DUE), (true, OVER), (false, DUE), (false, secs(4200))] {
        for grace in [None, Some(secs(30))] {
            let mut world = aged_with(age, |_| {}, |provider| provider.response.rotation = grace);
            world.add_worker(&configured(|_| {}));
            token_calls(&mut world, || Travel::Answer(millis(800)));
            let leader = world.open(&Request::fetch("/api"));
            world.worker = 1;
            let other = world.open(&Request::fetch("/api"));
            set(&mut world, forward, true);
            let (answers, waited) = timed(&mut world, |world| [world.answer(leader), world.answer(other)]);
            assert!(waited < secs(5), "{waited:?}");
            assert!(answers.iter().all(|answer| answer.passed() || answer.status() == 503), "{answers:?}");
            set(&mut world, !forward, false);
            world.advance(secs(6));
            for _ in 0..3 {
                let answer = world.get("/");
                assert!(answer.passed(), "forward: {forward}, {age:?}, {grace:?}: {answer:?}");
                world.advance(secs(15));
            }
        }
    }
}

#[test]
fn the_result_of_a_refresh_is_not_forgotten_when_the_clock_is_set_back() {
    let mut world = rotating(OVER, 0);
    let old = line(&mut world);
    renewed(&world.get("/"));
    set(&mut world, false, true);
    renewed(&world.send(&with(&old)));
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn a_lease_and_a_rest_do_not_last_longer_when_the_clock_is_set_back() {
    let mut world = aged(secs(4200));
    token_calls(&mut world, || Travel::Status(millis(20), 503));
    assert_eq!(world.send(&Request::fetch("/api")).status(), 503);
    world.now = world.now.minus(MINUTES);
    let calls = token_calls(&mut world, || Travel::Lose);
    let dead = world.open(&Request::fetch("/api"));
    assert_eq!(calls.get(), 1);
    world.replace(0, &configured(|_| {}));
    world.now = world.now.minus(secs(60));
    token_calls(&mut world, || Travel::Answer(millis(20)));
    world.provider_clock = behind;
    let (_, waited) = timed(&mut world, |world| world.send(&Request::fetch("/api")));
    assert!(waited < millis(100) && world.provider.refreshed == 1, "{waited:?}");
    world.hang_up(dead);
}

#[test]
fn an_idle_time_that_the_clock_runs_over_ends_no_used_session_and_a_clock_set_back_none_at_all() {
    for forward in [true, false] {
        let mut world = aged_with(secs(0), idle, long_token);
        for _ in 0..10 {
            world.advance(secs(20 * 60));
            set(&mut world, forward, true);
            assert!(world.get("/").passed());
            set(&mut world, !forward, false);
            assert!(world.get("/").passed());
        }
    }
}

#[test]
fn a_session_made_by_a_clock_that_was_ahead_is_refreshed_as_any_other() {
    let mut world = World::oidc();
    world.provider.response.rotation = Some(secs(0));
    world.provider_clock = ahead;
    world.sign_in();
    set(&mut world, false, false);
    for _ in 0..3 {
        world.advance(OVER);
        let answer = world.get("/");
        assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"]);
        assert!(gives(&answer));
        unchanged(&world.get("/"));
    }
}

// Of two copies the newer is known by its moment, which must grow even if the clock does not.
#[test]
fn the_result_of_a_refresh_by_a_clock_that_was_ahead_is_not_older_than_what_it_replaces() {
    let mut world = rotating(OVER, 0);
    world.provider.response.lifetime = secs(120);
    set(&mut world, true, true);
    let answer = world.get("/");
    assert!(answer.status() == 503 && gives(&answer));
    let old = line(&mut world);
    set(&mut world, false, false);
    world.provider.response.lifetime = secs(3600);
    renewed(&world.get("/"));
    renewed(&world.send(&with(&old)));
    assert_eq!(world.provider.refreshed, 2);
}

#[test]
fn a_person_whose_session_ends_while_they_wait_is_sent_to_sign_in() {
    let mut world = aged_with(secs(0), |tree| tree["session"]["lifetime"] = json!("3702s"), |_| {});
    world.advance(OVER);
    token_calls(&mut world, || Travel::Status(secs(4), 503));
    assert_eq!(world.get("/").status(), 302);
}
