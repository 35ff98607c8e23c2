//! Several Envoys with the same keys that share nothing else; and with keys that change, one Envoy after the other.

use devkit::envoy::Setup;
use e2e::{Balancer, Habits, Person, World};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    SESSION, SHORT, expect_renewed, expect_served, expect_unchanged, expired, forgiving, get_with, refreshes,
    tokens_last, until_clock, with_session, with_short_sessions,
};

/// The seconds for which the provider takes a refresh token again: as AWS advises for clients that work in parallel.
const GRACE: u64 = 30;

#[tokio::test]
async fn a_session_of_one_envoy_is_refreshed_at_three_in_parallel_and_nobody_is_lost() {
    let mut one = forgiving(GRACE).workers(2).start().await;
    let (mut two, mut three) = tokio::join!(one.replica(|setup| setup), one.replica(|setup| setup));
    let balancer = Balancer::start(&[&one, &two, &three]).await;
    let net = balancer.net(&one.net);
    let crowd = Person::new(&net, Habits::default().fresh_connections());
    // Whatever the balancer does between the steps of a sign-in, it is finished.
    with_session(&net, "ada").await;
    let [person] = expired(&one).await;
    tokens_last(&one.control(), Some(SHORT));
    let old = person.cookie_header();
    let asked = join_all((0..60).map(|_| get_with(&crowd, "/who", &old))).await;
    let new: Vec<_> = asked.iter().map(expect_renewed).collect();
    // One each, since they share no memory.
    assert_eq!(refreshes(&one), (3, 3));
    // Each of the three goes on by itself, wherever its requests come to, also when its own tokens are over.
    until_clock(&one.control(), one.control().now() + SHORT).await;
    tokens_last(&one.control(), None);
    // One on in the round, so that none comes to the Envoy that renewed it.
    let elsewhere = new.iter().cycle().skip(1).take(new.len());
    let asked = join_all(elsewhere.map(|new| get_with(&crowd, "/who", new))).await;
    let newest: Vec<_> = asked.iter().map(expect_renewed).collect();
    join_all(newest.iter().map(|newest| get_with(&crowd, "/who", newest))).await.iter().for_each(expect_unchanged);
    let (arrived, succeeded) = refreshes(&one);
    assert_eq!(arrived, succeeded, "a refresh was refused");
    for world in [&mut one, &mut two, &mut three] {
        world.assert_all_workers_alive().await;
    }
}

#[tokio::test]
async fn a_session_made_at_one_envoy_is_used_and_refreshed_at_the_others() {
    let mut one = forgiving(0).start().await;
    let (mut two, mut three) = tokio::join!(one.replica(|setup| setup), one.replica(|setup| setup));
    let [person] = expired(&one).await;
    for (world, path) in [(&two, "/two"), (&three, "/three"), (&one, "/one")] {
        let answer = get_with(&world.person(), path, &person.cookie_header()).await;
        match path {
            "/two" => person.set_cookie(SESSION, expect_renewed(&answer).split_once('=').unwrap().1),
            _ => expect_unchanged(&answer),
        }
    }
    assert_eq!(refreshes(&one), (1, 1));
    for world in [&mut one, &mut two, &mut three] {
        world.assert_all_workers_alive().await;
    }
}

const OLD: &str = "C0l4_wOKFZp1nXh0kQk0TDcbgIY7bPkZ7v1mFz3wB1c";
const NEW: &str = "p0H2tT9vJ6mQx3sRz8uWbY4cLdNeKf5gAi7oUlVhZqE";

fn with_keys(setup: Setup, keys: &[&str]) -> Setup {
    setup.plugin_config(|plugin| plugin["session"]["keys"] = json!(keys)).unwrap()
}

/// The person's session at another Envoy; the person keeps what they get there.
async fn visit(person: &Person, world: &World) -> e2e::Answer {
    let there = world.person();
    person.cookies().iter().for_each(|cookie| there.set_cookie(&cookie.name, &cookie.value));
    let answer = there.get("/visit").await;
    person.forget_cookies();
    there.cookies().iter().for_each(|cookie| person.set_cookie(&cookie.name, &cookie.value));
    answer
}

// Rollouts as documented: add the new key behind the old one, put it in front, take the old one away.
#[tokio::test]
async fn keys_change_in_three_rollouts_and_only_whose_cookie_was_not_sealed_anew_signs_in_again() {
    let mut rolled_out = forgiving(GRACE).setup(|setup| with_keys(setup, &[OLD])).start().await;
    let control = rolled_out.control();
    let asleep = with_session(&rolled_out.net, "ada").await;
    let mut sealed_by_the_old = Vec::new();
    let mut people = vec![with_session(&rolled_out.net, "ada").await];
    for keys in [&[OLD, NEW][..], &[NEW, OLD], &[NEW]] {
        // Two Envoys side by side, one step apart; their people go to and fro.
        let mut next = rolled_out.replica(|setup| with_keys(setup, keys)).await;
        for world in [&rolled_out, &next] {
            people.push(with_session(&world.net, "ada").await);
        }
        let last_step = keys == [NEW];
        if last_step {
            let lost = visit(&asleep, &next).await;
            lost.expect(401).expect_not_forwarded();
            assert_eq!(lost.deleted_cookies(), [SESSION], "{lost}");
            assert_eq!(next.person().sign_in("ada", "/anew").await.path, "/anew");
            for person in &sealed_by_the_old {
                visit(person, &next).await.expect(401).expect_not_forwarded();
            }
        } else {
            expect_served(&get_with(&next.person(), "/asleep", &asleep.cookie_header()).await);
        }
        // Who was here during the step before has the key of that step by a refresh.
        for (index, person) in people.iter().enumerate() {
            let to_and_fro = if index % 2 == 0 { [&next, &rolled_out] } else { [&rolled_out, &next] };
            for world in to_and_fro {
                expect_served(&visit(person, world).await);
            }
        }
        if !last_step {
            let ([first, second], end) = with_short_sessions(&next, SHORT).await;
            people.extend([first, second]);
            until_clock(&control, end).await;
            for person in &people[people.len() - 2..] {
                expect_renewed(&visit(person, &next).await);
                expect_unchanged(&visit(person, &rolled_out).await);
            }
            // Only who gets a cookie of the new key outlives the old one: here those who sign in or are refreshed.
            if keys == [NEW, OLD] {
                sealed_by_the_old.extend(people.drain(..people.len() - 3));
            }
        }
        next.assert_all_workers_alive().await;
        rolled_out = next;
    }
}
