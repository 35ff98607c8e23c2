//! A refresh ahead of the tokens' end, with a provider that takes its time.

use std::time::{Duration, Instant};

use devkit::cognito::Fault;
use e2e::Habits;
use futures_util::future::join_all;

use crate::support::{
    expect_renewed, expect_unchanged, get_with, refreshes, spoil_refreshes, strict, until_answered, until_clock,
    with_short_sessions,
};

/// A session of so many seconds is due in its second half.
const LASTS: u64 = 26;
/// About as long a request waits whose session still serves.
const PATIENCE: Duration = Duration::from_millis(1800);

#[tokio::test]
async fn one_request_waits_two_seconds_and_no_other_and_the_cookie_comes_with_the_next() {
    let mut world = strict().workers(4).start().await;
    let ([person], end) = with_short_sessions(&world, LASTS).await;
    expect_unchanged(&person.get("/young").await);
    until_clock(&world.control(), end - LASTS / 2 + 1).await;
    spoil_refreshes(&world, Fault::Slow { milliseconds: 4500 }, 1);
    let crowd = world.person_with(Habits::default().fresh_connections());
    let cookie = person.cookie_header();
    let took = join_all((0..40).map(|_| async {
        let began = Instant::now();
        expect_unchanged(&get_with(&crowd, "/who", &cookie).await);
        began.elapsed()
    }));
    let mut took = took.await;
    took.sort();
    // The provider has not answered yet: who waited went on without it.
    assert_eq!(refreshes(&world).0, 1);
    assert_eq!(world.metric("refresh.renewed").await, 0);
    assert_eq!(took.iter().filter(|took| **took > PATIENCE).count(), 1, "{took:?}");
    until_answered(&world, 2).await;
    world
        .on_every_worker(|| async {
            expect_renewed(&get_with(&crowd, "/next", &cookie).await);
        })
        .await;
    expect_renewed(&person.get("/next").await);
    expect_unchanged(&person.get("/after").await);
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn with_a_quick_provider_the_request_that_waits_has_the_cookie_itself() {
    let mut world = strict().workers(2).start().await;
    let ([person], end) = with_short_sessions(&world, LASTS).await;
    until_clock(&world.control(), end - LASTS / 2 + 1).await;
    let began = Instant::now();
    expect_renewed(&person.get("/who").await);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    expect_unchanged(&person.get("/after").await);
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}
