//! Sessions that are over for all workers, and the page that says who is signed in.

use devkit::cognito::Fault;
use e2e::{Habits, World, until};
use http::Method;

use crate::support::{
    SESSION, expect_renewed, expect_served, expect_unchanged, expired, get_with, given, refreshes, spoil_refreshes,
    strict, with_session,
};

const SIGN_OUT: &str = "/oauth2/sign-out";
const WHOAMI: &str = "/oauth2/whoami";

#[tokio::test]
async fn a_cookie_from_before_the_sign_out_is_refused_at_every_worker() {
    let mut world = World::builder().workers(4).start().await;
    let person = with_session(&world.net, "ada").await;
    let other = with_session(&world.net, "ada").await;
    let thief = world.person_with(Habits::default().fresh_connections());
    let old = person.cookie_header();
    world.on_every_worker(|| async { expect_served(&get_with(&thief, "/before", &old).await) }).await;
    person.look(SIGN_OUT).await.expect(302);
    world
        .on_every_worker(|| async {
            let refused = get_with(&thief, "/after", &old).await;
            refused.expect(401).expect_not_forwarded();
            assert_eq!(refused.deleted_cookies(), [SESSION], "{refused}");
        })
        .await;
    // Another browser of the same person's is another session.
    expect_unchanged(&other.get("/after").await);
    assert_eq!(person.sign_in("ada", "/again").await.path, "/again");
    expect_unchanged(&person.get("/again").await);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_cookie_from_before_a_refresh_is_refused_after_the_sign_out_too() {
    let mut world = strict().workers(4).start().await;
    let [person] = expired(&world).await;
    let thief = world.person_with(Habits::default().fresh_connections());
    let oldest = person.cookie_header();
    expect_served(&person.get("/renewed").await);
    let newest = person.cookie_header();
    person.look(SIGN_OUT).await.expect(302);
    world
        .on_every_worker(|| async {
            for cookie in [&oldest, &newest] {
                get_with(&thief, "/after", cookie).await.expect(401).expect_not_forwarded();
            }
        })
        .await;
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_refresh_that_ends_after_the_sign_out_brings_nobody_back() {
    let mut world = strict().workers(4).start().await;
    let [person] = expired(&world).await;
    let old = person.cookie_header();
    spoil_refreshes(&world, Fault::Slow { milliseconds: 1000 }, None);
    let other_tab = world.person_with(Habits::default().fresh_connections());
    let (waited, ()) = tokio::join!(get_with(&other_tab, "/who", &old), async {
        until("the refresh has begun", || async { (refreshes(&world).0 == 1).then_some(()) }).await;
        person.look(SIGN_OUT).await.expect(302);
    });
    waited.expect(401).expect_not_forwarded();
    assert_eq!(waited.deleted_cookies(), [SESSION], "{waited}");
    world
        .on_every_worker(|| async {
            get_with(&other_tab, "/late", &old).await.expect(401).expect_not_forwarded();
        })
        .await;
    assert_eq!(refreshes(&world), (1, 1));
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_response_that_comes_after_the_sign_out_brings_no_cookie() {
    let mut world = strict().workers(4).start().await;
    let [person, other] = expired(&world).await;
    let tab = world.person_with(Habits::default().fresh_connections());
    let (hits, old) = (world.upstream.hits(), person.cookie_header());
    let (answer, ()) = tokio::join!(get_with(&tab, "/slow?answer_after=1500", &old), async {
        until("the application has the request", || async { (world.upstream.hits() > hits).then_some(()) }).await;
        person.look(SIGN_OUT).await.expect(302);
    });
    assert_eq!(given(&answer.all("set-cookie")), None, "{answer}");
    answer.expect(200);
    assert_eq!(world.upstream.hits(), hits + 1);
    expect_renewed(&get_with(&tab, "/slow?answer_after=300", &other.cookie_header()).await);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn who_is_signed_in_is_said_to_programs_and_to_people() {
    let mut world = World::builder().workers(2).start().await;
    let person = with_session(&world.net, "ada").await;
    let now = world.control().now();
    let answer = person.get(WHOAMI).await;
    let said = answer.expect(200).expect_not_forwarded().json();
    assert_eq!(said["headers"]["kubeflow-userid"], "ada@example.com", "{said}");
    assert_eq!(said["headers"]["kubeflow-groups"], "admins,data-science", "{said}");
    assert_eq!(said["tokens_are_renewed"], true, "{said}");
    let time = |name: &str| said[name].as_u64().unwrap();
    assert!(time("signed_in_at").abs_diff(now) < 30, "{said}");
    assert!(time("tokens_expire_at").abs_diff(now + 3600) < 30, "{said}");
    assert!(time("session_expires_at").abs_diff(now + 12 * 3600) < 30, "{said}");
    let page = person.look(WHOAMI).await;
    assert!(page.expect(200).header("content-type").starts_with("text/html"), "{page}");
    for word in ["ada@example.com", "admins,data-science", SIGN_OUT] {
        assert!(page.expect_not_forwarded().text().contains(word), "{word}: {}", page.text());
    }
    for answer in [&answer, &page] {
        assert_eq!(answer.all("cache-control"), ["no-store"], "{answer}");
    }
    let foreign = person.ask(Method::GET, WHOAMI).header("sec-fetch-site", "cross-site").send().await;
    foreign.expect(403).expect_not_forwarded();
    world.person().get(WHOAMI).await.expect(401);
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn who_asks_who_they_are_gets_the_refreshed_session() {
    let mut world = strict().workers(2).start().await;
    let [program, browser] = expired(&world).await;
    let now = world.control().now();
    let answer = program.get(WHOAMI).await;
    assert!(given(&answer.expect(200).all("set-cookie")).is_some(), "{answer}");
    assert!(answer.json()["tokens_expire_at"].as_u64().unwrap() > now + 3000, "{answer}");
    let page = browser.look(WHOAMI).await;
    assert!(given(&page.expect(200).all("set-cookie")).is_some(), "{page}");
    assert_eq!((refreshes(&world), world.upstream.hits()), ((2, 2), 0));
    world.assert_all_workers_alive().await;
}
