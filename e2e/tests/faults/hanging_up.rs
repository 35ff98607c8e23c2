//! Clients that leave while something is under way, and clients that never finish what they began.

use std::time::Duration;

use devkit::cognito::{Endpoint, Fault};
use e2e::{APP, Habits, World, until};
use tokio::time::timeout;

use crate::support::{
    SESSION, callback, expect_session, expect_try_later, hang_up, impatient_with, mend, spoil, until_metric,
};

const SOON: Duration = Duration::from_millis(250);

/// A world whose next token answer takes its time.
async fn slow_tokens(workers: u32) -> World {
    let world = World::builder().workers(workers).start().await;
    let slow = Fault::Slow { milliseconds: 800 };
    world.control().set_behaviour(|behaviour| behaviour.set_fault(Endpoint::Token, slow, 1));
    world
}

fn exchanges(world: &World) -> u64 {
    world.control().counters().token_grant("authorization_code")
}

#[tokio::test]
async fn a_sign_in_whose_client_hung_up_is_kept_for_the_reload_though_its_code_is_spent() {
    let mut world = slow_tokens(1).await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    hang_up(SOON, person.look(&callback)).await;
    until_metric(&world, "open_waits", 0).await;
    until_metric(&world, "provider_call.token.ok", 1).await;
    assert_eq!(person.cookie(SESSION), None);
    expect_session(&person.look(&callback).await, "/deep");
    assert_eq!(exchanges(&world), 1, "the code was sent twice");
    person.get("/deep").await.expect(200);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_kept_sign_in_is_given_out_once_and_only_to_the_browser_that_began_it() {
    let mut world = slow_tokens(1).await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    hang_up(SOON, person.look(&callback)).await;
    until_metric(&world, "provider_call.token.ok", 1).await;
    let thief = world.person().look(&callback).await;
    assert_eq!((thief.status, thief.all("set-cookie").len()), (400, 0), "{thief}");
    let attempt = person.cookies();
    expect_session(&person.look(&callback).await, "/deep");
    // The same attempt again, as if its deletion had never arrived: the provider does not take the code twice.
    let again = world.person();
    attempt.iter().for_each(|cookie| again.set_cookie(&cookie.name, &cookie.value));
    again.look(&callback).await.expect(400);
    assert_eq!(again.cookie(SESSION), None);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_reload_while_the_code_is_being_exchanged_joins_the_first_request() {
    let mut world = slow_tokens(1).await;
    let person = world.person();
    let callback = callback(&person, "/deep").await;
    hang_up(SOON, person.look(&callback)).await;
    let (first, second) = tokio::join!(person.look(&callback), person.look(&callback));
    expect_session(&first, "/deep");
    expect_session(&second, "/deep");
    assert_eq!(exchanges(&world), 1, "the code was sent twice");
    until_metric(&world, "open_waits", 0).await;
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn clients_that_hang_up_during_the_exchange_leave_nothing_behind() {
    let mut world = World::builder().workers(2).start().await;
    spoil(&world, Endpoint::Token, Fault::Slow { milliseconds: 800 });
    let people: Vec<_> = (0..10).map(|_| world.person()).collect();
    let leave = people.iter().map(|person| async {
        let callback = callback(person, "/deep").await;
        hang_up(SOON, person.look(&callback)).await;
    });
    futures_util::future::join_all(leave).await;
    until_metric(&world, "open_waits", 0).await;
    until_metric(&world, "provider_call.token.ok", 10).await;
    mend(&world, Endpoint::Token);
    assert_eq!(people[0].sign_in("ada", "/next").await.path, "/next");
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn clients_that_hang_up_while_metadata_is_awaited_leave_nothing_behind() {
    for workers in [1, 2] {
        let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).workers(workers).start().await;
        // With HTTP/2 a client leaves by RST_STREAM, with HTTP/1.1 by closing the connection.
        let habits = [Habits::default(), Habits::default().http2()];
        let people: Vec<_> = (0..20).map(|index| world.person_with(habits[index % 2])).collect();
        let leave = people.iter().map(|person| hang_up(Duration::from_secs(2), person.look("/deep")));
        let all_wait = until_metric(&world, "open_waits", 20);
        tokio::join!(futures_util::future::join_all(leave), all_wait);
        // Long before their deadline would have ended it.
        let forgotten = timeout(Duration::from_millis(2500), until_metric(&world, "open_waits", 0));
        forgotten.await.expect("they are waited for though they are gone");
        mend(&world, Endpoint::Discovery);
        world.assert_all_workers_alive().await;
    }
}

/// A request that says that it has a body and never sends it.
fn without_its_body(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {APP}\r\nContent-Length: 10\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_body_that_never_comes_holds_up_no_answer() {
    let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).workers(2).start().await;
    let refused = world.raw().await.ask(without_its_body("POST", "/api", "Accept: application/json\r\n")).await;
    assert_eq!(refused.status, 401, "{}", refused.head);
    let mut waiting = world.raw().await;
    waiting.send(without_its_body("GET", "/deep", "Accept: text/html\r\n")).await;
    until_metric(&world, "open_waits", 1).await;
    mend(&world, Endpoint::Discovery);
    assert_eq!(waiting.answer().await.expect("an answer").status, 302);
    until_metric(&world, "open_waits", 0).await;
    assert_eq!(world.upstream.hits(), 0);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_body_that_is_sent_while_the_request_waits_stays_here() {
    let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).start().await;
    let mut waiting = world.raw().await;
    let request = without_its_body("GET", "/deep", "Accept: text/html\r\n");
    waiting.send(request).await;
    until_metric(&world, "open_waits", 1).await;
    waiting.send("0123456789").await;
    expect_try_later(&world.person().look("/other").await, "provider_unavailable");
    assert_eq!(waiting.answer().await.expect("an answer").status, 503);
    assert_eq!(world.upstream.hits(), 0);
    mend(&world, Endpoint::Discovery);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn an_authenticated_request_whose_client_leaves_in_its_body_is_over() {
    let mut world = World::builder().workers(2).start().await;
    let person = world.person();
    person.sign_in("ada", "/").await;
    for _ in 0..10 {
        let mut raw = world.raw().await;
        raw.send(without_its_body("POST", "/upload", &format!("Cookie: {}\r\n", person.cookie_header()))).await;
        raw.send("01234").await;
    }
    until("no request is active", || async {
        (world.envoy.stat("http.edge.downstream_rq_active").await == Some(0)).then_some(())
    })
    .await;
    until_metric(&world, "open_waits", 0).await;
    world.assert_all_workers_alive().await;
}
