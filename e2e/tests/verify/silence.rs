//! The external authorizer does not answer, or not rightly, or whoever asked has left: nothing passes without its word.

use std::time::{Duration, Instant};

use devkit::authorizer::Verdict;
use devkit::cognito::Fault;
use e2e::{Answer, Habits, World};
use futures_util::future::join_all;
use http::Method;
use tokio::time::timeout;

use crate::authorized;

/// A second of patience, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_millis(3500);

fn unavailable(answer: &Answer) {
    answer.expect(503).expect_not_forwarded();
    assert_eq!(answer.json()["error"], "authorizer_unavailable", "{answer}");
    assert_eq!(answer.all("retry-after"), ["5"], "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_no_word_passes_nothing() {
    let (builder, authorizer) = authorized().await;
    let mut world = builder.start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    let faults = [
        Fault::InternalServerError,
        Fault::HangUp,
        Fault::ServiceUnavailable,
        Fault::NoAnswer,
        Fault::TooManyRequestsJson,
    ];
    for fault in faults {
        authorizer.set_fault(fault.clone(), None);
        let began = Instant::now();
        unavailable(&ada.get("/x").await);
        assert!(began.elapsed() < PATIENCE, "{fault:?} took {:?}", began.elapsed());
    }
    authorizer.clear_fault();
    for status in [302, 404, 400, 500, 100 + 599] {
        authorizer.set_verdict(Verdict::new(status, "yes"));
        unavailable(&ada.get("/x").await);
    }
    let page = ada.look("/x?y=1").await;
    assert!(page.expect(503).text().contains("Try again") && page.text().contains("/x?y=1"), "{page}");
    ada.ask(Method::GET, "/oauth2/verify/x").send().await.expect(503).expect_not_forwarded();
    ada.get("/free/x").await.expect(200).forwarded();
    authorizer.set_verdict(Verdict::new(204, ""));
    ada.get("/x").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn a_huge_or_odd_body_changes_nothing_about_its_status() {
    let (builder, authorizer) = authorized().await;
    let mut world = builder.start().await;
    let ada = world.person();
    ada.sign_in("ada", "/").await;
    for fault in [Fault::Oversized { bytes: 4 << 20 }, Fault::HtmlOk] {
        authorizer.set_fault(fault, 1);
        let answer = ada.get("/x").await;
        assert!(matches!(answer.status, 200 | 503), "{answer}");
    }
    authorizer.set_fault(Fault::ForbiddenHtml, 1);
    ada.get("/x").await.expect(403).expect_not_forwarded();
    ada.get("/x").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}

#[tokio::test]
async fn slow_words_hold_their_own_requests_only_and_who_has_left_is_not_forwarded() {
    let (builder, authorizer) = authorized().await;
    let mut world: World = builder.workers(2).start().await;
    let ada = world.person_with(Habits::default().http2());
    ada.sign_in("ada", "/").await;
    authorizer.clear();
    authorizer.set_fault(Fault::Slow { milliseconds: 600 }, None);
    let began = Instant::now();
    let many = join_all((0..40).map(|number| {
        let ada = &ada;
        async move { ada.get(&format!("/x/{number}")).await }
    }));
    let others = async {
        ada.get("/free/x").await.expect(200);
        world.person().get("/healthz").await.expect(200);
        assert!(began.elapsed() < Duration::from_millis(500), "others waited: {:?}", began.elapsed());
    };
    let (answers, ()) = tokio::join!(many, others);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.expect(200).forwarded().path, format!("/x/{number}"));
    }
    assert_eq!(authorizer.asked(), 40);
    world.upstream.clear();
    let gone = join_all((0..10).map(|_| timeout(Duration::from_millis(200), ada.get("/gone")))).await;
    assert!(gone.iter().all(Result::is_err));
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(world.upstream.hits(), 0, "nobody is there any more");
    authorizer.clear_fault();
    ada.get("/x").await.expect(200).forwarded();
    world.assert_all_workers_alive().await;
}
