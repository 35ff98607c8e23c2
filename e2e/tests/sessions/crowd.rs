//! Many requests with one session whose tokens are over: one refresh, and everybody is served.

use devkit::cognito::Fault;
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use e2e::{Builder, Habits, Person, World};
use futures_util::future::join_all;

use crate::support::{
    SHORT, expect_renewed, expect_unchanged, expired, get_with, refreshes, spoil_refreshes, strict, tokens_last,
    until_clock, with_short_sessions,
};

/// Who sends request number `index`: a hundred connections of HTTP/1.1, and ten of HTTP/2 with ten streams each.
struct Crowd {
    one: Person,
    two: Vec<Person>,
}

impl Crowd {
    fn new(world: &World) -> Crowd {
        let two = (0..10).map(|_| world.person_with(Habits::default().http2())).collect();
        Crowd { one: world.person(), two }
    }

    fn member(&self, index: usize) -> &Person {
        if index < 100 { &self.one } else { &self.two[index % 10] }
    }
}

async fn one_refresh_serves_two_hundred(shape: Builder) {
    let mut world = shape.workers(4).start().await;
    let [person] = expired(&world).await;
    let (crowd, old) = (Crowd::new(&world), person.cookie_header());
    spoil_refreshes(&world, Fault::Slow { milliseconds: 700 }, None);
    let before = world.connections().await;
    let asked = (0..200).map(|index| get_with(crowd.member(index), "/who", &old));
    let new: Vec<_> = join_all(asked).await.iter().map(expect_renewed).collect();
    let after = world.connections().await;
    assert!(after.iter().all(|(worker, count)| before[worker] < *count), "a worker had nothing to do: {after:?}");
    assert_eq!(refreshes(&world), (1, 1));
    assert!(!new.contains(&old));
    let asked = new.iter().enumerate().map(|(index, new)| get_with(crowd.member(index), "/again", new));
    join_all(asked).await.iter().for_each(expect_unchanged);
    // Who was away meanwhile still brings the old one.
    expect_renewed(&person.get("/late").await);
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn two_hundred_requests_at_four_workers_are_one_refresh() {
    one_refresh_serves_two_hundred(strict().version(ENVOY_NEWEST)).await;
}

#[tokio::test]
async fn two_hundred_requests_at_four_workers_are_one_refresh_in_the_oldest_envoy() {
    one_refresh_serves_two_hundred(strict().version(ENVOY_OLDEST)).await;
}

// Without a delay of the provider's: what comes first, during and after the refresh are all the same.
#[tokio::test]
async fn each_of_twenty_sessions_is_refreshed_once_however_its_requests_fall() {
    let mut world = strict().workers(4).start().await;
    let (people, end) = with_short_sessions::<20>(&world, SHORT + 2).await;
    until_clock(&world.control(), end).await;
    let crowd = Crowd::new(&world);
    let cookies: Vec<_> = people.iter().map(Person::cookie_header).collect();
    let asked = (0..200).map(|index| get_with(crowd.member(index), "/who", &cookies[index % 20]));
    join_all(asked).await.iter().for_each(|answer| drop(expect_renewed(answer)));
    assert_eq!(refreshes(&world), (20, 20));
    world.assert_all_workers_alive().await;
}

/// A program that keeps no cookies, when the tokens of the refresh that it caused are over as well.
#[tokio::test]
async fn a_session_whose_renewed_tokens_are_over_too_is_refreshed_again_for_the_old_cookie() {
    let mut world = strict().workers(2).start().await;
    let [person] = expired(&world).await;
    let (program, old) = (world.person_with(Habits::default().fresh_connections()), person.cookie_header());
    tokens_last(&world.control(), Some(SHORT));
    expect_renewed(&get_with(&program, "/first", &old).await);
    until_clock(&world.control(), world.control().now() + SHORT).await;
    tokens_last(&world.control(), None);
    for path in ["/second", "/third"] {
        expect_renewed(&get_with(&program, path, &old).await);
    }
    assert_eq!(refreshes(&world), (2, 2));
    world.assert_all_workers_alive().await;
}
