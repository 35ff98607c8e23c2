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

/// A worker that remembers four thousand verdicts forgets the oldest, and asks again.
#[test]
fn what_is_remembered_is_bounded() {
    let mut world = warm(|tree| tree["providers"][0]["bearer"][3]["cache"] = json!("10m"));
    let first = world.provider.opaque(PERSON);
    assert!(world.send(&program("/", &first)).passed());
    for number in 0..4095 {
        assert_eq!(world.send(&program("/", &format!("made-up-{number}"))).status(), 401);
    }
    let asks = |world: &mut World| {
        let before = world.provider.times("introspection");
        assert!(world.send(&program("/", &first)).passed());
        world.provider.times("introspection") - before
    };
    assert_eq!(asks(&mut world), 0);
    assert_eq!(world.send(&program("/", "one-more")).status(), 401);
    assert_eq!(asks(&mut world), 1);
}
