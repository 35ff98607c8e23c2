//! Configurations that change at run time: requests that wait are finished by the configuration they came under, new ones
//! get the new one, and a bad one changes nothing.

use std::time::Duration;

use devkit::cognito::{Endpoint, Fault};
use e2e::{Dynamic, World, until};
use serde_json::{Value, json};

use crate::support::{callback, expect_session, mend, metric, resident, spoil, until_logged, until_metric};

const REJECTED: &str = "extension_config_discovery.http_filter.edge-oidc.update_rejected";

/// Waits until the path is answered so.
async fn until_answered(world: &World, path: &str, status: u16) {
    let what = format!("{path} is answered {status}");
    until(&what, || async { (world.person().get(path).await.status == status).then_some(()) }).await;
}

fn deny_a_path(plugin: &mut Value) {
    plugin["routes"] = json!([{ "match": { "path": { "prefix": "/denied" } }, "action": "deny" }]);
}

#[tokio::test]
async fn a_request_that_waits_is_finished_by_the_configuration_it_came_under() {
    for workers in [1, 2] {
        let filter = Dynamic::filter();
        let slow = |options: &mut devkit::cognito::Options| {
            options.behaviour.set_fault(Endpoint::Discovery, Fault::Slow { milliseconds: 3000 }, None);
        };
        let mut world = filter.install(World::builder().workers(workers).cognito(slow)).start().await;
        let people: Vec<_> = (0..20).map(|_| world.person()).collect();
        let opened = people.iter().map(|person| person.look("/deep"));
        let (answers, ()) = tokio::join!(futures_util::future::join_all(opened), async {
            until_metric(&world, "open_waits", 20).await;
            filter.publish_plugin(deny_a_path);
            until_answered(&world, "/denied/here", 403).await;
            assert!(metric(&world, "open_waits").await >= 20, "what waited was forgotten");
        });
        for answer in &answers {
            answer.expect(302);
        }
        mend(&world, Endpoint::Discovery);
        until_metric(&world, "open_waits", 0).await;
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn a_code_exchange_survives_an_update_and_its_session_is_good_afterwards() {
    let filter = Dynamic::filter();
    let mut world = filter.install(World::builder()).start().await;
    let (ada, grace) = (world.person(), world.person());
    ada.sign_in("ada", "/").await;
    let callback = callback(&grace, "/deep").await;
    spoil(&world, Endpoint::Token, Fault::Slow { milliseconds: 1500 });
    let (answer, ()) = tokio::join!(grace.look(&callback), async {
        until_metric(&world, "open_waits", 1).await;
        filter.publish_plugin(deny_a_path);
        until_answered(&world, "/denied/here", 403).await;
    });
    expect_session(&answer, "/deep");
    mend(&world, Endpoint::Token);
    for person in [&ada, &grace] {
        person.get("/who").await.expect(200);
    }
    until_metric(&world, "open_waits", 0).await;
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_request_that_waits_alone_under_an_old_configuration_still_meets_its_deadline() {
    let filter = Dynamic::filter();
    let silent = |options: &mut devkit::cognito::Options| {
        options.behaviour.set_fault(Endpoint::Discovery, Fault::NoAnswer, None)
    };
    let mut world = filter.install(World::builder().cognito(silent)).start().await;
    let person = world.person();
    let (answer, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(8), person.look("/deep")), async {
        until_metric(&world, "open_waits", 1).await;
        filter.publish_plugin(deny_a_path);
        until_answered(&world, "/denied/here", 403).await;
    });
    answer.expect("its deadline was forgotten").expect(503);
    until_metric(&world, "open_waits", 0).await;
    mend(&world, Endpoint::Discovery);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_bad_update_is_rejected_with_its_reason_and_the_old_configuration_serves_on() {
    let filter = Dynamic::filter();
    let world = filter.install(World::builder().workers(2)).start().await;
    let person = world.person();
    person.sign_in("ada", "/").await;
    for bad in 1..=5 {
        filter.publish_plugin(|plugin| plugin["surprise"] = json!(bad));
        until("the update is rejected", || async { (world.envoy.stat(REJECTED).await >= Some(bad)).then_some(()) })
            .await;
        person.get("/still").await.expect(200);
        person.look("/deep").await.expect(200);
    }
    until_logged(&world, 0, "configuration_refused: surprise is not a known name").await;
    assert_eq!(world.person().sign_in("grace", "/deep").await.path, "/deep");
    filter.publish_plugin(|plugin| {
        plugin.as_object_mut().unwrap().remove("surprise");
        deny_a_path(plugin);
    });
    until_answered(&world, "/denied/here", 403).await;
    person.get("/still").await.expect(200);
}

// T-32
#[tokio::test]
async fn a_first_configuration_that_is_bad_lets_nobody_through_until_a_good_one_comes() {
    let filter = Dynamic::filter();
    let bad = World::builder().plugin(|plugin| plugin["surprise"] = json!(1));
    let world = filter.install(bad).start().await;
    let answer = world.person().get("/deep").await;
    assert_eq!(answer.status, 500, "{answer}");
    answer.expect_not_forwarded();
    filter.publish_plugin(|plugin| drop(plugin.as_object_mut().unwrap().remove("surprise")));
    until_answered(&world, "/deep", 401).await;
    assert_eq!(world.person().sign_in("ada", "/deep").await.path, "/deep");
}

#[tokio::test]
async fn a_listener_that_is_replaced_finishes_what_waits_in_it() {
    let listener = Dynamic::listener();
    let slow = |options: &mut devkit::cognito::Options| {
        options.behaviour.set_fault(Endpoint::Discovery, Fault::Slow { milliseconds: 700 }, None);
    };
    let mut world = listener.install(World::builder().workers(2).cognito(slow)).start().await;
    let person = world.person();
    let (answer, ()) = tokio::join!(person.look("/deep"), async {
        until_metric(&world, "open_waits", 1).await;
        listener.publish_plugin(deny_a_path);
    });
    answer.expect(302);
    until_answered(&world, "/denied/here", 403).await;
    world.assert_all_workers_alive().await;
    listener.publish_plugin(|plugin| plugin["surprise"] = json!(1));
    until("the update is rejected", || async {
        (world.envoy.stat("listener_manager.lds.update_rejected").await == Some(1)).then_some(())
    })
    .await;
    assert_eq!(world.person().sign_in("ada", "/deep").await.path, "/deep");
}

#[tokio::test]
async fn configurations_that_were_replaced_leave_nothing_behind() {
    let filter = Dynamic::filter();
    let mut world = filter.install(World::builder().workers(2)).start().await;
    let mut held = Vec::new();
    for round in 0..40 {
        let path = format!("/denied/{round}");
        filter.publish_plugin(|plugin| {
            plugin["routes"] = json!([{ "match": { "path": { "prefix": path } }, "action": "deny" }])
        });
        until_answered(&world, &path, 403).await;
        held.push(resident(&world));
    }
    let grown = held[39].saturating_sub(held[4]);
    assert!(grown < 2048, "{grown} kB more after 35 updates: {held:?}");
    world.assert_all_workers_alive().await;
}
