//! Many sign-ins at once: tabs, people, clients that go away.

use std::{collections::BTreeMap, time::Duration};

use edge_oidc::{
    flow::RequestId,
    session::{MOST_ATTEMPTS, MOST_BYTES},
};
use url::Url;

use crate::{
    message::Answer,
    world::{HOST, Stream, Travel, World, arrival},
};

// T-63
#[test]
fn ten_tabs_that_finish_in_any_order_all_succeed() {
    for seed in 0..5 {
        let mut world = World::oidc();
        let mut tabs: Vec<(usize, Url)> =
            (0..10).map(|tab| (tab, world.callback_for(&format!("/tab/{tab}")))).collect();
        assert_eq!(world.attempts().len(), 10);
        Stream(seed).shuffle(&mut tabs);
        for (tab, callback) in tabs {
            assert_eq!(world.go(&callback).location(), format!("https://app.example.com/tab/{tab}"));
        }
        assert!(world.attempts().is_empty());
        assert!(world.get("/").passed());
    }
}

// T-63
#[test]
fn of_fifty_tabs_the_newest_sixteen_stay_and_the_request_stays_small() {
    let mut world = World::oidc();
    let mut callbacks = Vec::new();
    for tab in 0..50 {
        callbacks.push(world.callback_for(&format!("/tab/{tab}")));
        world.advance(Duration::from_secs(1));
        let now = world.now;
        let line = world.jar().line(HOST, "/", now).unwrap();
        assert!(world.attempts().len() <= MOST_ATTEMPTS && line.len() <= MOST_BYTES, "{tab}: {} bytes", line.len());
    }
    assert_eq!(world.go(&callbacks[33]).said(), (400, "attempt_absent".to_owned()));
    for (tab, callback) in callbacks.iter().enumerate().skip(34) {
        assert_eq!(world.go(callback).location(), format!("https://app.example.com/tab/{tab}"));
    }
}

#[test]
fn a_tab_that_lost_its_attempt_goes_to_the_start_page_once_another_tab_has_signed_in() {
    let mut world = World::oidc();
    let callback = world.callback_for("/tab/0");
    world.sign_in();
    world.jar().cookies().retain(|cookie| !cookie.name.contains("_a_"));
    assert_eq!(world.go(&callback).location(), "https://app.example.com/");
}

/// Everyone's callbacks that are under way, and whose they are.
#[derive(Default)]
struct Crowd {
    open: BTreeMap<RequestId, usize>,
    answered: usize,
}

impl Crowd {
    fn name(person: usize) -> String {
        format!("user-{person}@example.com")
    }

    /// One more sign-in of `person`, up to the callback, which nobody waits for.
    fn start(&mut self, world: &mut World, person: usize, number: usize) {
        world.switch_to(person);
        world.person = Self::name(person);
        let path = format!("/of/{person}/{number}");
        world.jar().cookies().retain(|cookie| cookie.name.contains("_a_"));
        let callback = world.callback_for(&path);
        self.open.insert(world.open(&arrival(&callback)), person);
    }

    /// Looks at the answers that have come: each leads its own person home, under their own name.
    fn collect(&mut self, world: &mut World) {
        let done: Vec<RequestId> = self.open.keys().copied().filter(|id| !world.waits(*id)).collect();
        for id in done {
            let person = self.open.remove(&id).unwrap();
            let answer = world.answer(id);
            assert!(
                answer.location().starts_with(&format!("https://app.example.com/of/{person}/")),
                "{}",
                answer.location()
            );
            world.switch_to(person);
            assert_eq!(world.get("/").got("kubeflow-userid"), [Self::name(person)]);
            self.answered += 1;
        }
    }
}

// T-155
#[test]
fn of_a_thousand_interleaved_sign_ins_everyone_gets_their_own_identity() {
    let (mut world, mut crowd, mut dice) = (World::oidc(), Crowd::default(), Stream(155));
    let mut delays = Stream(42);
    world.network = Box::new(move |_| Travel::Answer(Duration::from_millis(delays.below(3000) as u64)));
    assert_eq!(world.get("/").status(), 302);
    for number in 0..1000 {
        crowd.start(&mut world, dice.below(50), number);
        world.advance(Duration::from_millis(dice.below(100) as u64));
        crowd.collect(&mut world);
    }
    while !crowd.open.is_empty() {
        world.advance(Duration::from_millis(10));
        crowd.collect(&mut world);
    }
    assert_eq!((crowd.answered, world.provider.times("token")), (1000, 1000));
}

fn slow_tokens(world: &mut World, seconds: u64) {
    let slow = Duration::from_secs(seconds);
    world.network = Box::new(move |endpoint| Travel::Answer(if endpoint == "token" { slow } else { Duration::ZERO }));
}

// T-182
#[test]
fn whoever_hangs_up_during_the_token_call_gets_the_session_when_they_come_back() {
    let mut world = World::oidc();
    slow_tokens(&mut world, 3);
    let callback = world.callback_for("/deep");
    let id = world.open(&arrival(&callback));
    world.advance(Duration::from_secs(1));
    world.hang_up(id);
    world.advance(Duration::from_secs(30));
    assert!(world.session().is_none());
    assert_eq!(world.go(&callback).location(), "https://app.example.com/deep");
    assert_eq!(world.provider.times("token"), 1);
    assert!(world.get("/").passed());
}

// T-182
#[test]
fn a_reload_during_the_token_call_joins_it() {
    let mut world = World::oidc();
    slow_tokens(&mut world, 3);
    let callback = world.callback_for("/deep");
    let first = world.open(&arrival(&callback));
    world.advance(Duration::from_secs(1));
    let second = world.open(&arrival(&callback));
    world.hang_up(first);
    assert_eq!(world.answer(second).location(), "https://app.example.com/deep");
    assert_eq!(world.provider.times("token"), 1);
}

#[test]
fn two_that_wait_for_one_sign_in_both_get_the_session() {
    let mut world = World::oidc();
    slow_tokens(&mut world, 3);
    let callback = world.callback_for("/deep");
    let (first, second) = (world.open(&arrival(&callback)), world.open(&arrival(&callback)));
    let answers: Vec<Answer> = [first, second].map(|id| world.answer(id)).into();
    assert!(answers.iter().all(|answer| answer.location() == "https://app.example.com/deep"));
    assert_eq!(world.provider.times("token"), 1);
}

// T-182
#[test]
fn a_finished_sign_in_is_kept_for_a_minute_and_for_its_own_browser_only() {
    let mut world = World::oidc();
    slow_tokens(&mut world, 1);
    let callback = world.callback_for("/deep");
    let id = world.open(&arrival(&callback));
    world.hang_up(id);
    world.advance(Duration::from_secs(5));
    world.switch_to(1);
    assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()));
    world.switch_to(0);
    world.advance(Duration::from_secs(61));
    assert_eq!(world.go(&callback).said(), (400, "token_invalid_grant".to_owned()));
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
}
