//! A provider that does not refresh: as long as the tokens last nobody notices, then people are told, and nobody signs in anew.

use std::time::Duration;

use devkit::cognito::Fault;
use e2e::{Answer, World};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{
    SESSION, expect_renewed, expect_served, expect_unchanged, expired, given, mend_refreshes, refreshes,
    spoil_refreshes, strict, until_clock, with_short_sessions,
};

/// Tokens of so many seconds are due in their second half.
const LASTS: u64 = 26;
/// How long a provider that gave no answer is left alone.
const REST: Duration = Duration::from_secs(5);

/// None of these takes the refresh token.
const FAULTS: [Fault; 9] = [
    Fault::InternalServerError,
    Fault::ServiceUnavailable,
    Fault::TooManyRequestsJson,
    Fault::TooManyRequestsHtml,
    Fault::ThrottledJson,
    Fault::ForbiddenHtml,
    Fault::HtmlOk,
    Fault::HangUp,
    Fault::NoAnswer,
];

#[track_caller]
fn expect_told(answer: &Answer, kind: &str, fault: &Fault) {
    assert_eq!(answer.status, 503, "{fault:?}: {answer}");
    answer.expect_not_forwarded();
    assert!(answer.header("content-type").starts_with(kind), "{fault:?}: {answer}");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0), "{fault:?}: {answer}");
    assert_eq!(answer.header("cache-control"), "no-store", "{fault:?}: {answer}");
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new(), "{fault:?}: {answer}");
}

#[tokio::test]
async fn a_provider_that_fails_costs_nobody_a_sign_in() {
    let shape = strict().plugin(|plugin| plugin["providers"][0]["timeout"] = json!("1s"));
    let mut world = shape.workers(2).start().await;
    let (people, end) = with_short_sessions::<{ FAULTS.len() }>(&world, LASTS).await;
    until_clock(&world.control(), end - LASTS / 2 + 1).await;
    for (person, fault) in people.iter().zip(&FAULTS) {
        spoil_refreshes(&world, fault.clone(), None);
        expect_unchanged(&person.get("/early").await);
        expect_unchanged(&person.get("/early").await);
    }
    assert_eq!(refreshes(&world), (FAULTS.len() as u64, 0), "asked once for each session, and left alone then");
    until_clock(&world.control(), end).await;
    for (person, fault) in people.iter().zip(&FAULTS) {
        spoil_refreshes(&world, fault.clone(), None);
        expect_told(&person.get("/api").await, "application/json", fault);
        let page = person.look("/page").await;
        expect_told(&page, "text/html", fault);
        assert!(page.text().contains("Try again") && page.text().contains("href=\"/page\""), "{page}");
    }
    mend_refreshes(&world);
    sleep(REST).await;
    for person in &people {
        expect_renewed(&person.get("/recovered").await);
        expect_unchanged(&person.get("/after").await);
    }
    let (sign_ins, people) = (world.control().counters().token_grant("authorization_code"), people.len() as u64);
    assert_eq!(sign_ins, people);
    world.assert_all_workers_alive().await;
}

/// Two people whom the provider has signed out everywhere: one whose tokens are over, one whose tokens are not.
async fn refused() -> (World, [e2e::Person; 2]) {
    let world = strict().workers(2).start().await;
    let ([young], end) = with_short_sessions(&world, LASTS).await;
    let [old] = expired(&world).await;
    until_clock(&world.control(), end - LASTS / 2 + 1).await;
    assert!(world.control().global_sign_out("ada"));
    (world, [young, old])
}

#[tokio::test]
async fn whom_the_provider_signed_out_everywhere_signs_in_again_and_leaves_nothing_behind() {
    let (mut world, people) = refused().await;
    for person in &people {
        let before = refreshes(&world).0;
        let refused = person.get("/api").await;
        refused.expect(401).expect_not_forwarded();
        assert_eq!(refused.deleted_cookies(), [SESSION], "{refused}");
        assert_eq!((person.cookies().len(), refreshes(&world).0), (0, before + 1));
        let landing = person.sign_in("ada", "/again").await;
        assert_eq!(landing.path, "/again");
        expect_served(&landing.answer);
        expect_unchanged(&person.get("/after").await);
    }
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_page_of_whom_the_provider_signed_out_leads_to_the_sign_in_at_once() {
    let (mut world, people) = refused().await;
    for person in &people {
        let old = person.cookie_header();
        let landing = person.sign_in("ada", "/page?x=1").await;
        assert_eq!(landing.path, "/page?x=1");
        assert!(given(&landing.answer.all("set-cookie")).is_none() && person.cookie_header() != old);
    }
    world.assert_all_workers_alive().await;
}
