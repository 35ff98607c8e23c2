//! Many at once: one fetch serves all of a worker's requests, and nobody is forgotten.

use devkit::cognito::{Endpoint, Fault};
use e2e::{Habits, Person, World};
use futures_util::future::join_all;

use crate::support::{callback, expect_session, spoil, until_metric};

/// So many people, every other one with HTTP/2.
fn people(world: &World, count: usize) -> Vec<Person> {
    let habits = |index: usize| if index.is_multiple_of(2) { Habits::default() } else { Habits::default().http2() };
    (0..count).map(|index| world.person_with(habits(index))).collect()
}

#[tokio::test]
async fn two_hundred_people_wait_for_one_discovery_of_each_worker() {
    for workers in [1, 2] {
        let slow = |options: &mut devkit::cognito::Options| {
            options.behaviour.set_fault(Endpoint::Discovery, Fault::Slow { milliseconds: 3500 }, None);
        };
        let mut world = World::builder().workers(workers).cognito(slow).start().await;
        let people = people(&world, 50);
        let opened = people.iter().flat_map(|person| (0..4).map(move |tab| async move {
            person.look(&format!("/tab/{tab}")).await
        }));
        let (answers, ()) = tokio::join!(join_all(opened), until_metric(&world, "open_waits", 200));
        for answer in &answers {
            answer.expect(302).expect_not_forwarded();
        }
        // Envoy's main thread runs the filter as well.
        let fetches = world.control().counters().discovery;
        assert!(fetches <= u64::from(workers) + 1, "{fetches} discoveries by {workers} workers");
        until_metric(&world, "open_waits", 0).await;
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn fifty_callbacks_at_once_are_fifty_sessions() {
    for workers in [1, 2] {
        let mut world = World::builder().workers(workers).start().await;
        let people = people(&world, 50);
        let callbacks = join_all(people.iter().map(|person| callback(person, "/deep"))).await;
        spoil(&world, Endpoint::Token, Fault::Slow { milliseconds: 1000 });
        let visits = people.iter().zip(&callbacks).map(|(person, callback)| person.look(callback));
        join_all(visits).await.iter().for_each(|answer| expect_session(answer, "/deep"));
        let seen = join_all(people.iter().map(|person| person.get("/who"))).await;
        assert!(seen.iter().all(|answer| answer.forwarded().header("kubeflow-userid") == Some("ada@example.com")));
        until_metric(&world, "open_waits", 0).await;
        assert_eq!(world.control().counters().token_grant("authorization_code"), 50);
        world.assert_all_workers_alive().await;
    }
}
