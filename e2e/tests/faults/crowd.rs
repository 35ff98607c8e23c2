//! Many at once: one fetch serves all of a worker's requests, and nobody is forgotten.

use devkit::cognito::{Endpoint, Fault};
use e2e::{Answer, Habits, Person, World};
use futures_util::future::join_all;

use crate::support::{expect_session, expect_try_later, impatient_with, mend, spoil, until_metric};

const USERS: [&str; 2] = ["ada", "grace"];
/// How many requests of a worker may wait.
const MOST_WAITING: u64 = 4096;

/// So many people, every other one with HTTP/2.
fn people(world: &World, count: usize) -> Vec<Person> {
    let habits = |index: usize| if index.is_multiple_of(2) { Habits::default() } else { Habits::default().http2() };
    (0..count).map(|index| world.person_with(habits(index))).collect()
}

/// Finishes the sign-in that this answer began; it must lead to where it began.
async fn finish(person: &Person, begun: &Answer) {
    let callback = person.approve("ada", &begun.location()).await;
    expect_session(&person.look(callback.as_str()).await, begun.url.path());
}

#[tokio::test]
async fn two_hundred_people_wait_for_one_discovery_of_each_worker() {
    for workers in [1, 2] {
        let slow = |options: &mut devkit::cognito::Options| {
            options.behaviour.set_fault(Endpoint::Discovery, Fault::Slow { milliseconds: 3500 }, None);
        };
        let mut world = World::builder().workers(workers).cognito(slow).start().await;
        let people = people(&world, 50);
        let opened = (0..200).map(|tab| {
            let person = &people[tab % 50];
            async move { person.look(&format!("/tab/{tab}")).await }
        });
        let (answers, ()) = tokio::join!(join_all(opened), until_metric(&world, "open_waits", 200));
        for answer in &answers {
            answer.expect(302).expect_not_forwarded();
        }
        // Envoy's main thread runs the filter as well.
        let fetches = world.control().counters().discovery;
        assert!(fetches <= u64::from(workers) + 1, "{fetches} discoveries by {workers} workers");
        until_metric(&world, "open_waits", 0).await;
        join_all((0..200).step_by(17).map(|tab| finish(&people[tab % 50], &answers[tab]))).await;
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn fifty_callbacks_at_once_are_fifty_sessions_each_its_own() {
    for workers in [1, 2] {
        let mut world = World::builder().workers(workers).start().await;
        let people = people(&world, 50);
        let everybody = people.iter().enumerate();
        let callbacks = join_all(everybody.clone().map(|(index, person)| async move {
            let authorize = person.begin(&format!("/deep/{index}")).await;
            person.approve(USERS[index % 2], &authorize).await
        }))
        .await;
        spoil(&world, Endpoint::Token, Fault::Slow { milliseconds: 1000 });
        let visits = people.iter().zip(&callbacks).map(|(person, callback)| person.look(callback.as_str()));
        for (index, answer) in join_all(visits).await.iter().enumerate() {
            expect_session(answer, &format!("/deep/{index}"));
        }
        for (index, person) in everybody {
            let user = format!("{}@example.com", USERS[index % 2]);
            assert_eq!(person.get("/who").await.forwarded().header("kubeflow-userid"), Some(user.as_str()));
        }
        until_metric(&world, "open_waits", 0).await;
        assert_eq!(world.control().counters().token_grant("authorization_code"), 50);
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn when_four_thousand_wait_the_next_is_told_at_once() {
    let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).start().await;
    let people: Vec<_> = (0..41).map(|_| world.person_with(Habits::default().http2())).collect();
    let late = world.person();
    let opened = people.iter().flat_map(|person| (0..100).map(|_| person.look("/deep")));
    let (answers, ()) = tokio::join!(join_all(opened), async {
        until_metric(&world, "open_waits", MOST_WAITING).await;
        expect_try_later(&late.look("/deep").await, "too_many_waiting");
    });
    let at_once = answers.iter().filter(|answer| answer.text().contains("Code: too_many_waiting<")).count();
    assert_eq!((at_once, answers.len()), (4, 4100));
    assert!(answers.iter().all(|answer| answer.status == 503));
    until_metric(&world, "open_waits", 0).await;
    mend(&world, Endpoint::Discovery);
    world.assert_all_workers_alive().await;
}
