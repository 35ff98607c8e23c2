//! Several workers of one gateway: exactly one refreshes, all get the result, and whatever becomes of the one that leads, of
//! its client or of the shared memory, nobody is lost.

use std::time::Duration;

use edge_oidc::flow::{RequestId, event::Refresh};

use crate::{
    aging::{
        DUE, MOMENT, OVER, count, gives, holding, line, millis, renewed, rotating, secs, takes_away, timed,
        token_calls, unchanged, well, with,
    },
    message::Request,
    world::{Travel, World, oidc_config},
};

/// A session that is `age` old at a gateway of `workers`, and a provider that rotates without any grace.
fn gateway(workers: usize, age: Duration) -> World {
    let mut world = rotating(secs(0), 0);
    for _ in 1..workers {
        world.add_worker(&oidc_config());
    }
    world.advance(age);
    world
}

/// The same request to every worker in turn.
fn open_on_all(world: &mut World, count: usize) -> Vec<RequestId> {
    let old = world.jar().clone();
    let mut opened = Vec::new();
    for number in 0..count {
        holding(world, &old);
        world.worker = number % world.workers.len();
        opened.push(world.open(&Request::fetch(&format!("/api/{number}"))));
    }
    opened
}

// T-180
#[test]
fn of_two_hundred_requests_on_four_workers_one_refreshes_and_all_get_the_new_session() {
    for travel in [well, || Travel::Answer(Duration::from_millis(1500))] {
        let mut world = gateway(4, OVER);
        let calls = token_calls(&mut world, travel);
        for id in open_on_all(&mut world, 200) {
            renewed(&world.answer(id));
        }
        assert_eq!((calls.get(), world.provider.refreshed), (1, 1));
        assert_eq!((count(&world, Refresh::Renewed), count(&world, Refresh::Alone)), (1, 0));
        for worker in 0..4 {
            world.worker = worker;
            unchanged(&world.get("/"));
        }
    }
}

// T-180
#[test]
fn ahead_of_the_end_one_worker_refreshes_and_all_others_go_on_at_once() {
    let mut world = gateway(4, DUE);
    let calls = token_calls(&mut world, || Travel::Answer(millis(900)));
    let (opened, waited) = timed(&mut world, |world| open_on_all(world, 40));
    assert!(waited.is_zero());
    for id in opened.iter().skip(1) {
        assert!(!world.waits(*id));
        unchanged(&world.answer(*id));
    }
    renewed(&world.answer(opened[0]));
    assert_eq!((calls.get(), world.provider.refreshed), (1, 1));
}

#[test]
fn the_result_of_one_worker_is_there_for_a_later_request_to_another() {
    for age in [DUE, OVER] {
        let mut world = gateway(2, age);
        let old = line(&mut world);
        renewed(&world.get("/"));
        world.worker = 1;
        let (answer, waited) = timed(&mut world, |world| world.send(&with(&old)));
        renewed(&answer);
        assert!(waited.is_zero());
        assert_eq!((world.provider.times("token"), count(&world, Refresh::Adopted)), (2, 1));
    }
}

#[test]
fn a_worker_that_waits_for_another_answers_as_soon_as_that_one_has_its_answer() {
    let mut world = gateway(2, OVER);
    token_calls(&mut world, || Travel::Answer(millis(700)));
    let (answers, waited) = timed(&mut world, |world| {
        let opened = open_on_all(world, 2);
        opened.into_iter().map(|id| world.answer(id)).collect::<Vec<_>>()
    });
    answers.iter().for_each(renewed);
    assert!((millis(700)..millis(740)).contains(&waited), "{waited:?}");
}

// T-180, T-181
#[test]
fn a_refusal_to_one_worker_is_one_to_all() {
    let mut world = gateway(3, OVER);
    world.provider.end_all();
    let calls = token_calls(&mut world, || Travel::Answer(millis(300)));
    for id in open_on_all(&mut world, 30) {
        assert!(takes_away(&world.answer(id)));
    }
    assert_eq!((calls.get(), count(&world, Refresh::Refused)), (1, 1));
}

#[test]
fn a_failure_of_one_worker_is_one_of_all() {
    let mut world = gateway(3, OVER);
    let calls = token_calls(&mut world, || Travel::Status(MOMENT, 503));
    for id in open_on_all(&mut world, 30) {
        assert_eq!(world.answer(id).status(), 503);
    }
    assert_eq!(calls.get(), 1);
    token_calls(&mut world, well);
    world.advance(secs(5));
    for id in open_on_all(&mut world, 30) {
        renewed(&world.answer(id));
    }
    assert_eq!(world.provider.refreshed, 1);
}

// T-182
#[test]
fn a_leader_whose_client_hangs_up_goes_on_for_the_others() {
    for age in [DUE, OVER] {
        for follows_on in [0, 1] {
            let mut world = gateway(2, age);
            let calls = token_calls(&mut world, || Travel::Answer(millis(500)));
            let old = world.jar().clone();
            let leader = world.open(&Request::navigation("/"));
            world.worker = follows_on;
            let other = world.open(&Request::fetch("/api"));
            world.advance(millis(100));
            world.hang_up(leader);
            let answer = world.answer(other);
            assert!(answer.passed() && gives(&answer) == (age == OVER));
            world.advance(secs(1));
            holding(&mut world, &old);
            renewed(&world.get("/"));
            assert_eq!((calls.get(), world.provider.refreshed), (1, 1));
        }
    }
}

// T-182
#[test]
fn whoever_hangs_up_during_a_refresh_has_their_session_when_they_come_back_on_any_worker() {
    for age in [DUE, OVER] {
        for comes_back_to in [0, 1] {
            for after in [millis(200), secs(60), secs(590)] {
                let mut world = gateway(2, age);
                token_calls(&mut world, || Travel::Answer(millis(500)));
                let id = world.open(&Request::navigation("/"));
                world.advance(millis(100));
                world.hang_up(id);
                world.advance(after);
                world.worker = comes_back_to;
                let answer = world.get("/");
                assert!(answer.passed(), "{age:?} {after:?}");
                // Still under way.
                if age == DUE && after == millis(200) {
                    world.advance(secs(1));
                    renewed(&world.get("/"));
                } else {
                    assert!(gives(&answer));
                }
                assert_eq!(world.provider.refreshed, 1);
                unchanged(&world.get("/"));
            }
        }
    }
}

#[test]
fn when_the_leader_dies_a_waiting_worker_takes_over_as_the_lease_ends() {
    let mut world = gateway(2, OVER);
    world.provider.response.rotation = None;
    let calls = token_calls(&mut world, || Travel::Answer(secs(4)));
    let dead = world.open(&Request::fetch("/api"));
    world.advance(secs(2));
    world.worker = 1;
    let early = world.open(&Request::fetch("/api"));
    world.replace(0, &oidc_config());
    token_calls(&mut world, well);
    world.advance(secs(8));
    let late = world.open(&Request::fetch("/api"));
    world.worker = 0;
    let on_the_new_one = world.open(&Request::fetch("/api"));
    assert!(world.waits(early) && world.waits(late) && world.waits(on_the_new_one));
    let start = world.now;
    for id in [early, late, on_the_new_one] {
        renewed(&world.answer(id));
    }
    // 17 seconds from the moment that the lease was given.
    let waited = world.now.since(start);
    assert!((millis(6900)..millis(7200)).contains(&waited), "{waited:?}");
    assert_eq!((calls.get(), world.provider.refreshed), (1, 2));
    world.hang_up(dead);
}

#[test]
fn when_the_leader_dies_nobody_waits_longer_than_the_deadline_even_if_the_provider_is_gone_too() {
    let mut world = gateway(2, OVER);
    token_calls(&mut world, || Travel::Lose);
    let dead = world.open(&Request::fetch("/api"));
    world.worker = 1;
    let waiting = world.open(&Request::fetch("/api"));
    world.replace(0, &oidc_config());
    let (answer, waited) = timed(&mut world, |world| world.answer(waiting));
    assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
    assert!(waited <= millis(17_100) && answer.cookies().is_empty(), "{waited:?}");
    world.hang_up(dead);
}

#[test]
fn ahead_of_the_end_a_dead_leader_holds_nobody() {
    let mut world = gateway(2, DUE);
    token_calls(&mut world, || Travel::Lose);
    let dead = world.open(&Request::fetch("/api"));
    world.replace(0, &oidc_config());
    token_calls(&mut world, well);
    world.worker = 1;
    let (answer, waited) = timed(&mut world, |world| world.get("/"));
    unchanged(&answer);
    assert!(waited.is_zero());
    world.advance(secs(17));
    renewed(&world.get("/"));
    world.hang_up(dead);
}

#[test]
fn a_slow_leader_keeps_the_right_to_tell_until_its_deadlines_end() {
    let mut world = gateway(2, OVER);
    world.provider.rotate_keys("key-2");
    // 4.9 s for the tokens and 4 s for the keys.
    world.network = Box::new(|called| match called {
        "token" => Travel::Answer(millis(4900)),
        _ => Travel::Answer(millis(4000)),
    });
    let opened = open_on_all(&mut world, 4);
    for id in opened {
        renewed(&world.answer(id));
    }
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn a_newer_copy_of_a_session_is_not_ended_by_what_becomes_of_an_older_one() {
    let mut world = gateway(2, secs(0));
    let old = line(&mut world);
    world.advance(DUE);
    renewed(&world.get("/"));
    // The table has forgotten it, and both copies are over.
    world.advance(OVER);
    let newer = world.jar().clone();
    token_calls(&mut world, || Travel::Answer(millis(400)));
    let stale = world.open(&with(&old));
    let good = world.open(&Request::fetch("/api"));
    world.worker = 1;
    let good_elsewhere = world.open(&Request::fetch("/api"));
    assert!(takes_away(&world.answer(stale)));
    holding(&mut world, &newer);
    renewed(&world.answer(good));
    renewed(&world.answer(good_elsewhere));
    unchanged(&world.get("/"));
    // The first was refused, and the second renewed what the third waited for.
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Refused)), (2, 1));
    renewed(&world.send(&with(&old)));
}

#[test]
fn whoami_and_pages_share_one_refresh() {
    let mut world = gateway(2, OVER);
    token_calls(&mut world, || Travel::Answer(millis(400)));
    let page = world.open(&Request::navigation("/"));
    world.worker = 1;
    let whoami = world.open(&Request::fetch("/oauth2/whoami").set("sec-fetch-site", "same-origin"));
    renewed(&world.answer(page));
    let answer = world.answer(whoami);
    assert!(answer.status() == 200 && gives(&answer));
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn a_result_whose_tokens_are_over_as_well_is_what_the_next_refresh_begins_with() {
    for comes_back_to in [0, 1] {
        let mut world = gateway(2, OVER);
        world.provider.response.lifetime = secs(120);
        let old = line(&mut world);
        renewed(&world.get("/"));
        world.advance(secs(300));
        world.worker = comes_back_to;
        renewed(&world.send(&with(&old)));
        assert_eq!((world.provider.refreshed, world.provider.times("token")), (2, 3));
    }
}
