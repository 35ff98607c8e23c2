//! The memory that workers share: without it, with others writing into it, with too much in it, and what nobody may read
//! there.

use edge_oidc::{
    flow::{RequestId, event::Refresh},
    time::{Entropy, EntropyError},
};
use serde_json::{Value, json};

use crate::{
    aging::{
        DUE, OVER, aged_with, configured, count, gives, line, millis, over, renewed, rotating, secs, token_calls,
        unchanged, with,
    },
    given::Stream,
    message::Request,
    provider::Provider,
    world::{PERSON, Travel, World, oidc_config},
};

/// A random source by which every session comes to the same place of the table.
struct OnePlace(Stream);

impl Entropy for OnePlace {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes)?;
        if let [first, second, rest @ ..] = bytes
            && rest.len() == 14
        {
            (*first, *second) = (0, 7);
        }
        Ok(())
    }
}

/// The names of the table of refreshes.
fn places(world: &World) -> usize {
    world.memory().names().iter().filter(|name| name.contains(".refresh.")).count()
}

#[test]
fn without_shared_memory_each_worker_refreshes_alone() {
    let mut world = rotating(secs(0), 60);
    world.add_worker(&oidc_config());
    world.memory().break_down();
    world.advance(OVER);
    token_calls(&mut world, || Travel::Answer(millis(500)));
    let mut opened = Vec::new();
    for number in 0..20 {
        world.worker = number % 2;
        opened.push(world.open(&Request::fetch("/api")));
    }
    for id in opened {
        renewed(&world.answer(id));
    }
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (2, 2));
    world.advance(DUE);
    renewed(&world.get("/"));
    unchanged(&world.get("/"));
    world.provider.end_all();
    world.advance(OVER);
    over(&mut world);
}

#[test]
fn memory_that_breaks_down_during_a_refresh_costs_the_others_their_wait_and_no_session() {
    let mut world = rotating(secs(0), 60);
    world.add_worker(&oidc_config());
    world.advance(OVER);
    token_calls(&mut world, || Travel::Answer(millis(500)));
    let leader = world.open(&Request::fetch("/api"));
    world.worker = 1;
    let other = world.open(&Request::fetch("/api"));
    world.advance(millis(100));
    world.memory().break_down();
    renewed(&world.answer(leader));
    renewed(&world.answer(other));
    assert_eq!(world.provider.refreshed, 2);
}

#[test]
fn conflicts_with_other_workers_are_overcome() {
    for conflicts in [1, 2, 63] {
        let mut world = rotating(OVER, 0);
        let old = line(&mut world);
        world.memory().conflict(conflicts);
        renewed(&world.get("/"));
        renewed(&world.send(&with(&old)));
        assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (1, 0));
    }
    let mut world = rotating(OVER, 0);
    world.memory().conflict(64);
    renewed(&world.get("/"));
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (1, 1));
}

#[test]
fn what_another_plugin_writes_is_as_if_nothing_were_there() {
    let garbage: [&[u8]; 5] =
        [b"", b"\0", b"{\"a\":1}", &[0xff; 70_000], b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
    for value in garbage {
        let mut world = rotating(secs(0), 0);
        world.add_worker(&oidc_config());
        for _ in 0..3 {
            world.advance(DUE);
            world.memory().scribble(value);
            renewed(&world.get("/"));
            world.memory().scribble(value);
            unchanged(&world.get("/"));
        }
        // During a refresh as well: the table is empty then, so that another worker leads, too.
        world.provider.response.rotation = Some(secs(60));
        world.advance(OVER);
        token_calls(&mut world, || Travel::Answer(millis(500)));
        let first = world.open(&Request::fetch("/api"));
        world.worker = 1;
        let second = world.open(&Request::fetch("/api"));
        world.advance(millis(100));
        world.memory().scribble(value);
        renewed(&world.answer(first));
        renewed(&world.answer(second));
        unchanged(&world.get("/"));
    }
}

#[test]
fn a_value_that_was_put_into_another_place_or_is_of_another_key_is_nothing() {
    let mut world = rotating(OVER, 0);
    let old = line(&mut world);
    renewed(&world.get("/"));
    let values = world.memory().values();
    let (name, value) = values.iter().find(|(name, _)| name.contains(".refresh.")).unwrap();
    // Everything says the same now, so only the place that it was written for believes it.
    world.memory().scribble(value);
    renewed(&world.send(&with(&old)));
    assert_eq!(world.provider.refreshed, 1, "{name}");
}

#[test]
fn nothing_in_the_memory_can_be_read() {
    let forwards = |tree: &mut Value| {
        tree["identity"]["forward"] = json!({"idToken": {"header": "x-id"}, "accessToken": {"header": "x-at"}});
    };
    let rotates = |provider: &mut Provider| provider.response.rotation = Some(secs(60));
    let mut world = aged_with(DUE, forwards, rotates);
    renewed(&world.get("/"));
    world.advance(OVER);
    renewed(&world.get("/"));
    let refreshed = world.provider.secrets.clone();
    assert!(places(&world) == 1 && refreshed.len() > 6);
    let personal =
        [PERSON, "sub of", "Kim Park", "team-a", crate::world::SECRET, crate::world::KEY, crate::world::CLIENT];
    for (name, value) in world.memory().values() {
        let text = format!("{name} {}", String::from_utf8_lossy(&value));
        for word in refreshed.iter().map(String::as_str).chain(personal) {
            assert!(!text.contains(word), "{word} in {name}");
            assert!(!text.contains(word.split('.').next().unwrap()), "{word} in {name}");
        }
    }
}

/// Somebody's session, refreshed once when it is due.
fn many(world: &mut World, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..count {
        world.jar().cookies().clear();
        world.sign_in();
        lines.push(line(world));
        world.replies.clear();
        world.events.clear();
    }
    lines
}

#[test]
fn the_table_has_so_many_places_and_forgets_after_ten_minutes() {
    let mut world = rotating(secs(0), 0);
    let mut lines = many(&mut world, 1000);
    let mut sizes = Vec::new();
    for round in 0..2 {
        world.advance(DUE);
        for line in &mut lines {
            world.jar().cookies().clear();
            renewed(&world.send(&with(line)));
            *line = crate::aging::line(&mut world);
        }
        assert_eq!(world.provider.refreshed, 1000 * (round + 1));
        assert!((400..=512).contains(&places(&world)), "{}", places(&world));
        sizes.push(world.memory().size());
    }
    // What is ten minutes old makes room for what is new.
    assert!(sizes[1] < sizes[0] * 11 / 10 && sizes[0] < 1000 * 2000, "{sizes:?}");
}

/// Sessions of about 13 KB, of which four fit into a place.
fn large() -> World {
    let forwards = |tree: &mut Value| tree["identity"]["forward"] = json!({"accessToken": {"header": "x-at"}});
    let mut world = World::new(
        &configured(forwards),
        Provider::oidc(crate::world::CLIENT, crate::world::SECRET, crate::world::CALLBACK),
    );
    world.entropy = Box::new(OnePlace(Stream(11)));
    world.provider.response.rotation = Some(secs(0));
    world.provider.response.claims.insert("at_hash", None);
    for tokens in [&mut world.provider.response.tokens, &mut world.provider.response.refreshed_tokens] {
        tokens.insert("access_token", Some(json!("~".repeat(13_000))));
    }
    world
}

#[test]
fn a_full_place_keeps_what_is_fresh_and_lets_the_oldest_results_go() {
    let mut world = large();
    let lines = many(&mut world, 8);
    world.advance(OVER);
    let refresh = |world: &mut World, number: usize| {
        let answer = world.send(&with(&lines[number]));
        assert!(gives(&answer) && answer.passed());
    };
    for number in 0..4 {
        refresh(&mut world, number);
        world.now = world.now.plus(secs(1));
    }
    assert_eq!((places(&world), count(&world, Refresh::Alone)), (1, 0));
    // No room, and what is there is too fresh to go: the lease is too small to matter, the result is not kept.
    refresh(&mut world, 4);
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (5, 1));
    for number in 0..4 {
        refresh(&mut world, number);
    }
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Adopted)), (5, 4));
    world.now = world.now.plus(secs(55));
    refresh(&mut world, 5);
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (6, 2));
    // A minute after the first, but not after the second; then after all of them.
    world.now = world.now.plus(millis(1300));
    refresh(&mut world, 6);
    world.now = world.now.plus(secs(10));
    refresh(&mut world, 7);
    assert_eq!((world.provider.refreshed, count(&world, Refresh::Alone)), (8, 2));
    for number in [2, 3, 6, 7] {
        refresh(&mut world, number);
    }
    assert_eq!(world.provider.refreshed, 8);
    for gone in [0, 1] {
        assert_eq!(world.send(&with(&lines[gone])).status(), 401);
    }
    assert!(world.memory().size() < 100_000);
}

#[test]
fn sessions_that_share_a_place_do_not_share_anything_else() {
    let mut world = World::oidc();
    world.entropy = Box::new(OnePlace(Stream(5)));
    world.provider.response.rotation = Some(secs(0));
    world.add_worker(&oidc_config());
    for browser in 0..10 {
        world.switch_to(browser);
        world.person = format!("person-{browser}@example.com");
        world.sign_in();
    }
    world.advance(OVER);
    token_calls(&mut world, || Travel::Answer(millis(700)));
    let mut opened = Vec::new();
    for number in 0..40 {
        (world.browser, world.worker) = (number % 10, number / 10 % 2);
        opened.push((number % 10, world.open(&Request::fetch("/api"))));
    }
    for (browser, id) in opened {
        let answer = world.answer(id);
        assert!(gives(&answer));
        assert_eq!(answer.got("kubeflow-userid"), [format!("person-{browser}@example.com")]);
    }
    assert_eq!((world.provider.refreshed, places(&world)), (10, 1));
}

/// The first worker leads, its lease is written over, and the second leads as well; a third waits. Each call takes as long
/// as `travels` says.
fn two_leaders(grace: u64, travels: [fn() -> Travel; 2]) -> (World, [RequestId; 3]) {
    let mut world = rotating(secs(0), grace);
    world.add_worker(&oidc_config());
    world.add_worker(&oidc_config());
    world.advance(OVER);
    let mut calls = 0;
    world.network = Box::new(move |called| {
        calls += usize::from(called == "token");
        if called == "token" { travels[calls - 1]() } else { Travel::Answer(millis(20)) }
    });
    let mut opened = Vec::new();
    for worker in 0..3 {
        world.worker = worker;
        opened.push(world.open(&Request::fetch("/api")));
        world.advance(millis(100));
        if worker == 0 {
            world.memory().scribble(b"garbage");
        }
    }
    let opened = opened.try_into().unwrap();
    (world, opened)
}

#[test]
fn who_has_lost_the_lease_tells_nobody_of_a_failure() {
    let (mut world, [first, second, third]) =
        two_leaders(60, [|| Travel::Status(millis(500), 503), || Travel::Answer(millis(1500))]);
    assert_eq!(world.answer(first).status(), 503);
    assert!(world.waits(third));
    renewed(&world.answer(second));
    renewed(&world.answer(third));
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn who_has_lost_the_lease_tells_of_a_success_and_a_later_refusal_takes_it_from_nobody() {
    let (mut world, opened) = two_leaders(0, [|| Travel::Answer(millis(500)), || Travel::Answer(millis(1500))]);
    let old = line(&mut world);
    for id in opened {
        renewed(&world.answer(id));
    }
    renewed(&world.send(&with(&old)));
    assert_eq!((world.provider.refreshed, world.provider.times("token")), (1, 3));
}
