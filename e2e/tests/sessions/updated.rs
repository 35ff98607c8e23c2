//! Configurations that change while Envoy runs, as Istio changes them: what workers share outlives them.

use devkit::cognito::Fault;
use e2e::{Dynamic, Habits, World, until};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{
    SHORT, expect_renewed, expect_served, expect_unchanged, expired, get_with, refreshes, spoil_refreshes, strict,
    until_clock, with_session, with_short_sessions,
};

/// Publishes a configuration with these keys, if any are given, and waits until every worker has it.
async fn publish(filter: &Dynamic, world: &World, step: usize, keys: Option<&[&str]>) {
    let path = format!("/step/{step}");
    filter.publish_plugin(|plugin| {
        plugin["routes"] = json!([{ "match": { "path": { "prefix": path } }, "action": "deny" }]);
        if let Some(keys) = keys {
            plugin["session"]["keys"] = json!(keys);
        }
    });
    let anybody = world.person_with(Habits::default().fresh_connections());
    until("every worker has the new configuration", || async {
        let everywhere = AtomicBool::new(true);
        world
            .on_every_worker(|| async {
                let status = anybody.get(&path).await.status;
                everywhere.fetch_and(status == 403, Ordering::Relaxed);
            })
            .await;
        everywhere.into_inner().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_refresh_outlives_the_configuration_it_began_under_and_the_next_one_knows_its_result() {
    let filter = Dynamic::filter();
    let mut world = filter.install(strict().workers(4)).start().await;
    let [person] = expired(&world).await;
    let old = person.cookie_header();
    spoil_refreshes(&world, Fault::Slow { milliseconds: 2500 }, None);
    let again = world.person_with(Habits::default().fresh_connections());
    let ((first, second), ()) = tokio::join!(
        async {
            // The second comes under the new configuration, while the first still waits under the old one.
            let first = person.get("/who");
            let second = async {
                until("the update", || async { (world.person().get("/step/1").await.status == 403).then_some(()) })
                    .await;
                get_with(&again, "/who", &old).await
            };
            tokio::join!(first, second)
        },
        async {
            until("the refresh has begun", || async { (refreshes(&world).0 == 1).then_some(()) }).await;
            publish(&filter, &world, 1, None).await;
        }
    );
    for answer in [&first, &second] {
        expect_renewed(answer);
    }
    world.on_every_worker(|| async { drop(expect_renewed(&get_with(&again, "/late", &old).await)) }).await;
    expect_unchanged(&person.get("/after").await);
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

const OLD: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";
const NEW: &str = "p0H2tT9vJ6mQx3sRz8uWbY4cLdNeKf5gAi7oUlVhZqE";

#[tokio::test]
async fn keys_change_without_a_restart_and_who_signed_out_before_stays_out() {
    let filter = Dynamic::filter();
    let shape = strict().workers(4).plugin(|plugin| plugin["session"]["keys"] = json!([OLD]));
    let mut world = filter.install(shape).start().await;
    let (left, asleep) = (with_session(&world.net, "ada").await, with_session(&world.net, "ada").await);
    let stolen = left.cookie_header();
    left.look("/oauth2/sign-out").await.expect(302);
    let thief = world.person_with(Habits::default().fresh_connections());
    let mut daily = Vec::new();
    for (step, keys) in [&[OLD, NEW][..], &[NEW, OLD], &[NEW]].into_iter().enumerate() {
        let ([early], end) = with_short_sessions(&world, SHORT).await;
        until_clock(&world.control(), end).await;
        publish(&filter, &world, step, Some(keys)).await;
        world
            .on_every_worker(|| async {
                get_with(&thief, "/stolen", &stolen).await.expect(401).expect_not_forwarded();
            })
            .await;
        match keys {
            [NEW] => drop(asleep.get("/asleep").await.expect(401).expect_not_forwarded()),
            _ => expect_unchanged(&asleep.get("/asleep").await),
        }
        // Made under the keys of the step before, refreshed under these.
        expect_renewed(&early.get("/renewed").await);
        daily.push(early);
        let here_to_stay = if keys[0] == NEW { &daily[1..] } else { &daily[..] };
        for person in here_to_stay {
            expect_served(&person.get("/daily").await);
        }
    }
    assert_eq!(refreshes(&world), (3, 3));
    world.assert_all_workers_alive().await;
}
