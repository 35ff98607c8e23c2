//! The process: drained or ended while requests wait, and its memory after much work.

use std::process::Command;
use std::time::Duration;

use devkit::cognito::{Endpoint, Fault};
use e2e::{Habits, Person, World, until};
use futures_util::future::join_all;
use http::Method;

use crate::support::{
    SESSION, callback, expect_session, impatient_with, mend, resident, spoil, until_logged, until_metric,
};

#[tokio::test]
async fn a_listener_that_drains_still_answers_what_waits() {
    let mut world = impatient_with(Endpoint::Discovery, Fault::NoAnswer).workers(2).start().await;
    let person = world.person();
    let (answer, ()) = tokio::join!(person.look("/deep"), async {
        until_metric(&world, "open_waits", 1).await;
        let drain = format!("http://{}/drain_listeners?graceful&skip_exit", world.envoy.admin_addr());
        world.person().ask(Method::POST, &drain).send().await.expect(200);
        mend(&world, Endpoint::Discovery);
    });
    answer.expect(302);
    until_metric(&world, "open_waits", 0).await;
    world.assert_no_vm_died().await;
}

#[tokio::test]
async fn sigterm_while_requests_and_calls_are_under_way_ends_envoy_in_order() {
    for workers in [1, 2] {
        let mut world = World::builder().workers(workers).start().await;
        let person = world.person();
        let callback = callback(&person, "/deep").await;
        spoil(&world, Endpoint::Token, Fault::NoAnswer);
        let process = world.envoy.pid().unwrap().to_string();
        let leave = async {
            until_metric(&world, "open_waits", 1).await;
            assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        };
        let (answer, ()) = tokio::join!(person.ask(Method::GET, &callback).navigation().try_send(), leave);
        assert!(answer.is_err(), "{answer:?}");
        until_logged(&world, 0, "] exiting").await;
        let ended = tokio::time::timeout(Duration::from_secs(5), async {
            while world.envoy.is_running() {
                tokio::task::yield_now().await;
            }
        });
        ended.await.expect("it does not end");
        let log = world.envoy.log();
        let crash = log.lines().find(|line| line.contains("Caught ") || line.contains("[critical]"));
        assert_eq!(crash, None);
    }
}

/// Someone who starts many sign-ins and finishes none, with cookies and callbacks that mean nothing.
async fn start_sign_ins(person: &Person, count: usize) {
    for index in 0..count {
        let garbage = format!("{index}").repeat(1 + index % 97);
        person.forget_cookies();
        person.set_cookie(SESSION, garbage.as_bytes());
        person.set_cookie(&format!("{SESSION}.{index}"), [0xff, 0x80, b'a'].repeat(1 + index % 31));
        person.look(&format!("/start/{garbage}?q={garbage}")).await.expect(302);
        let state = format!("{garbage:0>43}");
        person.look(&format!("/oauth2/callback?code={garbage}&state={state}")).await.expect(400);
        person.post("/api", garbage).await.expect(401);
    }
}

/// Half of the work: 1,500 sign-ins that are only started, 150 that are finished.
async fn work(world: &World) {
    let people: Vec<_> = (0..10).map(|_| world.person_with(Habits::default().http2())).collect();
    join_all(people.iter().map(|person| start_sign_ins(person, 150))).await;
    for person in &people {
        for _ in 0..15 {
            person.forget_cookies();
            let callback = callback(person, "/deep").await;
            expect_session(&person.look(&callback).await, "/deep");
            person.get("/who").await.expect(200);
        }
    }
    until_metric(world, "open_waits", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_thousand_sign_ins_that_are_started_leave_nothing_behind() {
    let mut world = World::builder().log_level("warning").start().await;
    work(&world).await;
    let after_half = resident(&world);
    work(&world).await;
    let after_all = until("the memory is counted", || async { Some(resident(&world)) }).await;
    let grown = after_all.saturating_sub(after_half);
    assert!(grown < 8 * 1024, "{grown} kB more after as much work again: {after_half} kB, then {after_all} kB");
    world.assert_all_workers_alive().await;
}
