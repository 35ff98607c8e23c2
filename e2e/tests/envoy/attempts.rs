//! Sign-ins side by side, and callbacks that belong to none of them.

use std::collections::HashSet;

use e2e::{Habits, Person, World};
use futures_util::future::join_all;
use url::Url;

const SESSION: &str = "__Host-edge_oidc";
const LANDED: &str = "__Host-edge_oidc_landed";

fn with_query(callback: &Url, change: impl Fn(&str, String) -> String) -> String {
    let pairs: Vec<_> =
        callback.query_pairs().map(|(name, value)| (name.to_string(), change(&name, value.into()))).collect();
    let mut url = callback.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.to_string()
}

/// Signed out and not signed in by it: a page that leads on, no session, nothing at the application or at the provider.
async fn is_refused(world: &World, person: &Person, callback: &str) {
    let before = world.control().counters().token_grant("authorization_code");
    let answer = person.look(callback).await;
    assert!((400..500).contains(&answer.status), "{answer}");
    answer.expect_not_forwarded();
    assert_eq!(person.cookie(SESSION), None);
    assert!(answer.text().contains("Sign in again"), "{answer}");
    assert_eq!(world.control().counters().token_grant("authorization_code"), before, "a token was asked for");
}

// T-63: the attempts are finished from the middle outwards, on either worker.
#[tokio::test]
async fn ten_attempts_side_by_side_all_succeed_in_any_order() {
    let mut world = World::builder().workers(2).start().await;
    let ada = world.person_with(Habits::default().http2().fresh_connections());
    let paths: Vec<_> = (0..10).map(|tab| format!("/tab/{tab}?n={tab}")).collect();
    let asked = join_all(paths.iter().map(|path| ada.begin(path))).await;
    let states: HashSet<_> = asked.iter().flat_map(|url| url.query_pairs().find(|(name, _)| name == "state")).collect();
    assert_eq!(states.len(), 10, "states are different");
    let first = ada.approve("ada", &asked[5]).await;
    let mut callbacks = vec![first];
    for tab in [4, 6, 0, 9, 2, 7, 1, 8, 3] {
        callbacks.push(ada.approve("ada", &asked[tab]).await);
    }
    let landings = join_all(callbacks.iter().map(|callback| ada.navigate(callback.as_str()))).await;
    for (tab, landing) in [5, 4, 6, 0, 9, 2, 7, 1, 8, 3].into_iter().zip(&landings) {
        assert_eq!(landing.expect(200).forwarded().query, format!("n={tab}"));
    }
    let names: Vec<_> = ada.cookies().into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(names, [SESSION, LANDED], "every attempt's cookie is gone");
    world.assert_all_workers_alive().await;
}

// T-63: the oldest attempts go, requests stay small.
#[tokio::test]
async fn forty_attempts_leave_no_more_than_sixteen_cookies() {
    let mut world = World::start().await;
    let ada = world.person();
    for tab in 0..40 {
        ada.begin(&format!("/tab/{tab}")).await;
        assert!(ada.cookies().len() <= 16 && ada.cookie_header().len() <= 8192);
    }
    assert_eq!(ada.sign_in("ada", "/last").await.path, "/last");
    world.assert_all_workers_alive().await;
}

// T-60, T-61
#[tokio::test]
async fn a_callback_without_the_right_state_signs_nobody_in() {
    let mut world = World::start().await;
    let ada = world.person();
    let authorize = ada.begin("/x").await;
    let right = ada.approve("ada", &authorize).await;
    let code = right.query_pairs().find(|(name, _)| name == "code").unwrap().1;
    let base = "https://app.example.com/oauth2/callback";
    let other = |name: &str, value: String| if name == "state" { "A".repeat(value.len()) } else { value };
    for wrong in [
        base.to_owned(),
        format!("{base}?"),
        format!("{base}?code={code}"),
        format!("{base}?code={code}&state="),
        format!("{base}?code={code}&state=%00"),
        format!("{base}?code={code}&state=%ff%fe"),
        format!("{base}?code={code}&state={}", "x".repeat(20_000)),
        format!("{right}&state=another"),
        format!("{base}?state=&error=access_denied"),
        with_query(&right, other),
    ] {
        is_refused(&world, &ada, &wrong).await;
    }
    assert_eq!(ada.navigate(right.as_str()).await.expect(200).forwarded().path, "/x", "the right one still works");
    world.assert_all_workers_alive().await;
}

// T-67: login CSRF
#[tokio::test]
async fn another_browsers_callback_signs_nobody_in() {
    let mut world = World::start().await;
    let (mallory, victim) = (world.person(), world.person());
    let callback = mallory.approve("grace", &mallory.begin("/trap").await).await;
    is_refused(&world, &victim, callback.as_str()).await;
    victim.begin("/own").await;
    is_refused(&world, &victim, callback.as_str()).await;
    victim.forget_cookies();
    victim.sign_in("ada", "/own").await;
    let answer = victim.navigate(callback.as_str()).await;
    assert_eq!(answer.expect(200).forwarded().all("kubeflow-userid"), ["ada@example.com"], "still who she was");
    assert_eq!(answer.url.path(), "/");
    world.assert_all_workers_alive().await;
}

// T-68
#[tokio::test]
async fn a_callback_that_is_opened_again_makes_no_second_session() {
    let mut world = World::start().await;
    let ada = world.person();
    let callback = ada.approve("ada", &ada.begin("/once").await).await;
    assert_eq!(ada.look(callback.as_str()).await.expect(302).location().path(), "/once");
    let session = ada.cookie(SESSION);
    let again = ada.look(callback.as_str()).await;
    assert_eq!(again.expect(302).location().as_str(), "https://app.example.com/");
    assert_eq!((again.all("set-cookie").len(), ada.cookie(SESSION)), (0, session));
    ada.forget_cookie(SESSION);
    is_refused(&world, &ada, callback.as_str()).await;
    assert_eq!(world.control().counters().token_grant("authorization_code"), 1);
    world.assert_all_workers_alive().await;
}

// T-64
#[tokio::test]
async fn a_sign_in_always_makes_a_new_session() {
    let mut world = World::start().await;
    let ada = world.person();
    ada.sign_in("ada", "/first").await;
    let first = ada.cookie(SESSION).unwrap();
    ada.forget_cookies();
    let authorize = ada.begin("/second").await;
    ada.set_cookie(SESSION, &first);
    ada.navigate(ada.approve("ada", &authorize).await.as_str()).await.expect(200);
    assert_ne!(ada.cookie(SESSION).unwrap(), first);
    world.assert_all_workers_alive().await;
}
