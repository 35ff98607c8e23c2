//! Clients that leave while their session is refreshed, at a provider that takes the refresh token only once.

use std::time::Duration;

use devkit::cognito::Fault;
use e2e::{Habits, Person, World};
use tokio::time::sleep;

use crate::support::{
    expect_renewed, expect_unchanged, expired, get_with, refreshes, spoil_refreshes, strict, until_answered,
};

/// Asks and hangs up before the provider has answered, but not before it was asked.
async fn leave(world: &World, person: &Person) {
    let before = refreshes(world).0;
    let asked = async {
        while refreshes(world).0 == before {
            sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = person.get("/gone") => panic!("there was an answer already"),
        () = asked => {}
    }
    assert_eq!(world.upstream.hits(), 0);
}

#[tokio::test]
async fn a_session_whose_client_hung_up_during_its_refresh_goes_on_at_every_worker() {
    let mut world = strict().workers(4).start().await;
    let [one, two] = expired(&world).await;
    spoil_refreshes(&world, Fault::Slow { milliseconds: 900 }, None);
    for (done, person) in [one.with(Habits::default()), two.with(Habits::default().http2())].iter().enumerate() {
        leave(&world, person).await;
        // Two sign-ins, and the refreshes so far.
        until_answered(&world, 3 + done as u64).await;
    }
    let again = world.person_with(Habits::default().fresh_connections());
    for person in [&one, &two] {
        let old = person.cookie_header();
        world
            .on_every_worker(|| async {
                expect_renewed(&get_with(&again, "/back", &old).await);
            })
            .await;
        expect_renewed(&person.get("/back").await);
        expect_unchanged(&person.get("/after").await);
    }
    assert_eq!(refreshes(&world), (2, 2));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_reload_during_the_refresh_joins_it() {
    let mut world = strict().workers(4).start().await;
    let [person] = expired(&world).await;
    spoil_refreshes(&world, Fault::Slow { milliseconds: 900 }, None);
    leave(&world, &person).await;
    let again = person.with(Habits::default().fresh_connections());
    let (first, second) = tokio::join!(again.get("/back"), again.get("/back"));
    for answer in [first, second] {
        expect_renewed(&answer);
    }
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}
