//! Opaque tokens in numbers: questions, those who wait for an answer, and what is remembered are bounded.

use std::time::Duration;

use serde_json::json;

use crate::{
    programs::{program, unavailable, warm},
    world::{PERSON, Travel, World},
};

const LEE: &str = "lee@example.com";

#[test]
fn a_flood_of_made_up_tokens_asks_sixty_four_at_a_time_and_hurts_nobody() {
    let mut world = warm(|_| {});
    world.sign_in();
    let known = world.provider.opaque(PERSON);
    assert!(world.send(&program("/", &known)).passed());
    let before = world.provider.times("introspection");
    world.network = Box::new(|_| Travel::Answer(Duration::from_secs(3)));
    let ids: Vec<_> = (0..3000).map(|number| world.open(&program("/", &format!("made-up-{number}")))).collect();
    assert_eq!(world.provider.times("introspection") - before, 64);
    assert!(world.get("/").passed());
    assert!(world.send(&program("/", &known)).passed());
    let token = crate::programs::id_token(&world, &json!({}));
    assert!(world.send(&program("/", &token)).passed());
    let mut codes = std::collections::BTreeMap::new();
    for id in ids {
        *codes.entry(world.answer(id).code()).or_insert(0) += 1;
    }
    let expected = [("bearer_inactive".to_owned(), 64), ("too_many_waiting".to_owned(), 3000 - 64)];
    assert_eq!(codes, expected.into());
    let new = world.provider.opaque(LEE);
    assert_eq!(world.send(&program("/", &new)).got("kubeflow-userid"), [LEE]);
}

#[test]
fn a_thousand_requests_wait_with_tokens_and_no_more() {
    let mut world = warm(|_| {});
    world.sign_in();
    let token = world.provider.opaque(PERSON);
    world.network = Box::new(|_| Travel::Answer(Duration::from_secs(3)));
    let ids: Vec<_> = (0..1100).map(|_| world.open(&program("/", &token))).collect();
    assert_eq!(world.engine().gauges(world.now).waiting, 1024);
    assert!(world.get("/").passed());
    let answers: Vec<_> = ids.into_iter().map(|id| world.answer(id)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.passed()).count(), 1024);
    answers.iter().filter(|answer| !answer.passed()).for_each(|answer| unavailable(answer, "too_many_waiting"));
    assert_eq!(world.provider.times("introspection"), 1);
}

fn remembering() -> World {
    let mut world = warm(|tree| tree["providers"][0]["bearer"][3]["cache"] = json!("10m"));
    world.network = Box::new(|_| Travel::Answer(Duration::from_millis(1)));
    world
}

/// How many questions a request with `token` makes, which passes or not.
fn asks(world: &mut World, token: &str, passes: bool) -> usize {
    let before = world.provider.times("introspection");
    assert_eq!(world.send(&program("/", token)).passed(), passes, "{token}");
    world.provider.times("introspection") - before
}

/// A worker that remembers four thousand good tokens, and five hundred others, forgets the oldest and asks again.
#[test]
fn what_is_remembered_is_bounded() {
    let mut world = remembering();
    let good: Vec<_> = (0..4097).map(|_| world.provider.opaque(PERSON)).collect();
    let (first, more) = good.split_first().unwrap();
    let (last, more) = more.split_last().unwrap();
    assert_eq!(asks(&mut world, first, true), 1);
    more.iter().for_each(|token| assert_eq!(asks(&mut world, token, true), 1));
    assert_eq!(asks(&mut world, first, true), 0);
    assert_eq!((asks(&mut world, last, true), asks(&mut world, first, true)), (1, 1));
    assert_eq!(asks(&mut world, "made-up", false), 1);
    (1..512).for_each(|number| assert_eq!(asks(&mut world, &format!("made-up-{number}"), false), 1));
    assert_eq!(asks(&mut world, "made-up", false), 0);
    assert_eq!((asks(&mut world, "one-more", false), asks(&mut world, "made-up", false)), (1, 1));
}

#[test]
fn made_up_tokens_push_out_no_good_one() {
    let mut world = remembering();
    let known = world.provider.opaque(PERSON);
    assert_eq!(asks(&mut world, &known, true), 1);
    (0..4096).for_each(|number| assert_eq!(asks(&mut world, &format!("made-up-{number}"), false), 1));
    // Nobody could be asked now.
    world.network = Box::new(|_| Travel::Answer(Duration::from_secs(3)));
    for number in 0..64 {
        world.open(&program("/", &format!("more-{number}")));
    }
    assert_eq!(asks(&mut world, &known, true), 0);
}
