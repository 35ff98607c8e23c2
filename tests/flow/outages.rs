//! A provider that refuses a refresh, and one that cannot be had: who is signed out, who goes on, who is told to come back.

use std::time::Duration;

use edge_oidc::{flow::event::Refresh, http::call::CallFailure};
use serde_json::json;

use crate::{
    aging::{
        DUE, MOMENT, OVER, aged, count, gives, holding, millis, over, renewed, rotating, secs, takes_away, timed,
        token_calls, unchanged, well,
    },
    message::{Answer, Request},
    world::Travel,
};

/// What a provider answers that cannot renew a session now.
fn failures() -> Vec<(u16, &'static str)> {
    vec![
        (500, ""),
        (503, r#"{"error":"invalid_grant"}"#),
        (429, r#"{"error":"invalid_grant"}"#),
        (400, r#"{"__type":"TooManyRequestsException","message":"Rate exceeded"}"#),
        (400, r#"{"error":"too_many_requests"}"#),
        (400, r#"{"error":"temporarily_unavailable"}"#),
        (403, "<html>blocked</html>"),
        (200, "<html>maintenance</html>"),
        (200, "null"),
        (200, r#"{"token_type":"Bearer"}"#),
        (200, r#"{"access_token":"a","token_type":"DPoP"}"#),
        (302, ""),
        (404, "{}"),
    ]
}

/// Nobody is signed out over it, and nobody is sent anywhere.
fn told_to_come_back(answer: &Answer) {
    assert_eq!((answer.said(), answer.header("retry-after")), ((503, "provider_unavailable".to_owned()), Some("5")));
    assert!(answer.header("location").is_none() && answer.cookies().is_empty());
}

// T-181
#[test]
fn a_refresh_token_that_is_no_longer_good_ends_the_session_at_once_and_a_new_sign_in_works() {
    for age in [DUE, OVER] {
        let mut world = rotating(age, 0);
        world.provider.end_all();
        over(&mut world);
        // The second of these two was told by the table.
        assert_eq!((world.provider.times("token"), count(&world, Refresh::Refused)), (2, 1));
        world.sign_in();
        unchanged(&world.get("/"));
        world.advance(age);
        renewed(&world.get("/"));
    }
}

// T-180, T-181
#[test]
fn of_many_requests_with_a_session_that_ended_one_asks_and_all_are_told() {
    let mut world = rotating(OVER, 0);
    world.provider.end_all();
    let calls = token_calls(&mut world, || Travel::Answer(millis(500)));
    let old = world.jar().clone();
    let mut opened = Vec::new();
    for number in 0..20 {
        holding(&mut world, &old);
        let kinds = [Request::fetch("/api"), Request::navigation("/deep"), Request::web_socket("/ws")];
        opened.push((number % 3, world.open(&kinds[number % 3])));
    }
    for (kind, id) in opened {
        let answer = world.answer(id);
        assert!(takes_away(&answer));
        assert_eq!(answer.status(), if kind == 1 { 302 } else { 401 });
    }
    for wait in [0, 60, 500] {
        world.advance(secs(wait));
        holding(&mut world, &old);
        assert_eq!(world.send(&Request::fetch("/api")).status(), 401);
    }
    assert_eq!(calls.get(), 1);
}

#[test]
fn a_person_whose_session_ended_comes_back_to_where_they_were() {
    let mut world = rotating(OVER, 0);
    world.provider.end_all();
    let answer = world.visit("/deep?x=1&y=2");
    assert_eq!(answer.got(":path"), ["/deep?x=1&y=2"]);
}

#[test]
fn a_form_that_is_sent_with_an_ended_session_is_not_lost_in_a_redirect() {
    let mut world = rotating(OVER, 0);
    world.provider.end_all();
    let answer = world.send(&Request::navigation("/form").posting("a=b"));
    assert_eq!(answer.said(), (401, "login_required".to_owned()));
    assert!(takes_away(&answer) && answer.reply().body().contains("Sign in in a new tab"));
}

// T-181
#[test]
fn a_refusal_that_is_a_settings_fault_ends_no_session_before_its_tokens() {
    for (status, error) in
        [(401, "invalid_client"), (400, "unauthorized_client"), (400, "invalid_scope"), (400, "unsupported_grant_type")]
    {
        let mut world = rotating(DUE, 0);
        world.provider.response.instead_of_refresh = Some((status, json!({ "error": error })));
        let calls = token_calls(&mut world, well);
        while world.now < crate::world::START.plus(secs(3600 + 55)) {
            unchanged(&world.get("/"));
            world.advance(secs(10));
        }
        assert!((20..=30).contains(&calls.get()), "{}", calls.get());
        world.advance(secs(31));
        over(&mut world);
        world.provider.response.instead_of_refresh = None;
        world.sign_in();
    }
}

// T-181
#[test]
fn whatever_the_provider_fails_with_the_session_serves_until_its_tokens_end_and_outlives_the_failure() {
    for (status, body) in failures() {
        let mut world = rotating(DUE, 0);
        world.provider.response.instead.insert("token", (status, body.to_owned()));
        unchanged(&world.get("/"));
        assert_eq!((world.provider.times("token"), count(&world, Refresh::Failed)), (2, 1), "{status} {body}");
        world.advance(OVER - DUE);
        for request in [Request::fetch("/api"), Request::web_socket("/ws"), Request::bare("/x").by("PUT")] {
            told_to_come_back(&world.send(&request));
        }
        assert_eq!(world.provider.times("token"), 3, "{status} {body}");
        world.provider.response.instead.clear();
        world.advance(secs(5));
        renewed(&world.get("/"));
        assert_eq!(world.provider.times("token"), 4);
    }
}

// T-181
#[test]
fn whatever_becomes_of_the_call_the_session_outlives_it() {
    let outages: [fn() -> Travel; 6] = [
        || Travel::Lose,
        || Travel::Status(MOMENT, 503),
        || Travel::Status(Duration::from_secs(5), 504),
        || Travel::Fail(MOMENT, CallFailure::Cut),
        || Travel::Fail(MOMENT, CallFailure::NoHost),
        || Travel::Fail(MOMENT, CallFailure::UnknownCluster),
    ];
    for outage in outages {
        let mut world = rotating(DUE, 0);
        let calls = token_calls(&mut world, outage);
        let (answer, waited) = timed(&mut world, |world| world.send(&Request::fetch("/api")));
        unchanged(&answer);
        assert!(waited < millis(2050), "{waited:?}");
        world.advance(OVER - DUE);
        told_to_come_back(&world.send(&Request::fetch("/api")));
        // A call of which nothing is heard may still be answered: it counts as failed a while later.
        world.advance(secs(16));
        assert_eq!((calls.get(), count(&world, Refresh::Failed)), (2, 2));
        token_calls(&mut world, well);
        world.advance(secs(5));
        renewed(&world.get("/"));
    }
}

#[test]
fn without_any_answer_a_request_waits_for_seven_seconds_and_those_that_come_later_no_longer() {
    let mut world = aged(OVER);
    let calls = token_calls(&mut world, || Travel::Lose);
    let start = world.now;
    let first = world.open(&Request::fetch("/api"));
    world.advance(secs(5));
    let second = world.open(&Request::fetch("/api"));
    told_to_come_back(&world.answer(first));
    told_to_come_back(&world.answer(second));
    let waited = world.now.since(start);
    assert!((millis(7000)..millis(7050)).contains(&waited), "{waited:?}");
    assert_eq!(calls.get(), 1);
}

#[test]
fn while_the_old_session_serves_a_provider_that_failed_is_left_alone_for_thirty_seconds() {
    let mut world = aged(DUE);
    let calls = token_calls(&mut world, || Travel::Status(MOMENT, 503));
    unchanged(&world.get("/"));
    for _ in 0..29 {
        world.advance(secs(1));
        let (answer, waited) = timed(&mut world, |world| world.get("/"));
        unchanged(&answer);
        assert!(waited.is_zero());
    }
    assert_eq!(calls.get(), 1);
    world.advance(secs(2));
    unchanged(&world.get("/"));
    assert_eq!(calls.get(), 2);
}

#[test]
fn once_the_session_no_longer_serves_the_provider_is_asked_every_five_seconds_and_not_more_often() {
    let mut world = aged(OVER);
    let calls = token_calls(&mut world, || Travel::Status(MOMENT, 503));
    for round in 0..3 {
        for _ in 0..20 {
            told_to_come_back(&world.send(&Request::fetch("/api")));
            world.now = world.now.plus(millis(200));
        }
        assert_eq!(calls.get(), round + 1);
        world.advance(millis(1100));
    }
    token_calls(&mut world, well);
    renewed(&world.get("/"));
}

#[test]
fn a_session_that_rests_ahead_of_its_end_need_not_rest_as_long_after_it() {
    let mut world = aged(secs(3650));
    let calls = token_calls(&mut world, || Travel::Status(MOMENT, 503));
    unchanged(&world.get("/"));
    world.advance(secs(11));
    told_to_come_back(&world.send(&Request::fetch("/api")));
    assert_eq!(calls.get(), 2);
}

#[test]
fn a_person_gets_a_page_that_leads_back_to_where_they_are() {
    let mut world = aged(OVER);
    token_calls(&mut world, || Travel::Status(MOMENT, 503));
    let answer = world.get("/deep?x=1&y=2");
    told_to_come_back(&answer);
    assert!(answer.reply().body().contains("Try again"));
    assert_eq!(answer.link(), "/deep?x=1&y=2");
    told_to_come_back(&world.get(&answer.link()));
    for request in [
        Request::navigation("/frame").set("sec-fetch-dest", "iframe"),
        Request::navigation("/form").posting("a=b"),
        Request::navigation("/next").with("sec-purpose", "prefetch"),
    ] {
        told_to_come_back(&world.send(&request));
    }
    token_calls(&mut world, well);
    world.advance(secs(5));
    renewed(&world.get(&answer.link()));
}

#[test]
fn a_grpc_client_is_told_in_its_own_way() {
    let mut world = aged(OVER);
    let call = Request::bare("/pkg.Service/Method").by("POST").with("content-type", "application/grpc");
    token_calls(&mut world, || Travel::Status(MOMENT, 503));
    let answer = world.send(&call);
    assert_eq!(answer.reply().grpc_status().unwrap().code(), 14);
    token_calls(&mut world, well);
    world.advance(secs(5));
    world.provider.end_all();
    let answer = world.send(&call);
    assert_eq!(answer.reply().grpc_status().unwrap().code(), 16);
    assert!(takes_away(&answer));
}

// The provider has taken the old refresh token and its answer is lost: only a grace period helps.
#[test]
fn an_answer_that_is_lost_costs_a_sign_in_only_where_a_rotation_has_no_grace() {
    for (grace, survives) in [(0, false), (60, true)] {
        let mut world = rotating(OVER, grace);
        token_calls(&mut world, || Travel::Answer(secs(30)));
        told_to_come_back(&world.send(&Request::fetch("/api")));
        token_calls(&mut world, well);
        world.advance(secs(20));
        let answer = world.send(&Request::fetch("/api"));
        assert_eq!((answer.passed(), world.provider.refreshed), (survives, 1 + usize::from(survives)));
        assert!(if survives { gives(&answer) } else { takes_away(&answer) });
    }
}

#[test]
fn an_answer_that_comes_late_loses_nobody_even_where_a_rotation_has_no_grace() {
    let mut world = rotating(OVER, 0);
    token_calls(&mut world, || Travel::Answer(secs(8)));
    told_to_come_back(&world.send(&Request::fetch("/api")));
    world.advance(secs(2));
    renewed(&world.send(&Request::fetch("/api")));
    assert_eq!(world.provider.refreshed, 1);
}
