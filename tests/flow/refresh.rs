//! Who refreshes a session and who waits for it, on one worker: ahead of its tokens' end and after it.

use edge_oidc::flow::event::Refresh;
use serde_json::json;

use crate::{
    aging::{
        DUE, OVER, aged, aged_with, count, gives, holding, line, millis, renewed, rotating, secs, timed, token_calls,
        unchanged, well, with,
    },
    message::Request,
    world::{Travel, World},
};

fn every_client() -> Vec<Request> {
    vec![
        Request::navigation("/deep?x=1"),
        Request::fetch("/api"),
        Request::navigation("/frame").set("sec-fetch-dest", "iframe"),
        Request::web_socket("/socket").with("origin", "https://app.example.com"),
        Request::bare("/pkg.Service/Method").by("POST").with("content-type", "application/grpc"),
        Request::navigation("/form").posting("a=b"),
        Request::bare("/upload").by("PUT"),
        Request::navigation("/next").with("sec-purpose", "prefetch"),
    ]
}

#[test]
fn in_the_last_fifth_of_its_tokens_time_a_session_is_refreshed_by_the_next_request() {
    let mut world = aged(secs(2870));
    unchanged(&world.get("/"));
    assert_eq!(world.provider.times("token"), 1);
    world.advance(secs(12));
    renewed(&world.get("/"));
    assert_eq!((world.provider.times("token"), count(&world, Refresh::Renewed)), (2, 1));
    unchanged(&world.get("/"));
    world.advance(secs(2870));
    unchanged(&world.get("/"));
    assert_eq!(world.provider.times("token"), 2);
    world.advance(secs(12));
    renewed(&world.get("/"));
}

#[test]
fn a_short_token_is_refreshed_in_its_last_minute_but_not_in_its_first_half_and_not_within_ten_seconds() {
    for (lifetime, not_yet, due) in
        [(600, 479, 481), (300, 239, 241), (200, 139, 141), (110, 54, 56), (60, 29, 31), (12, 9, 11)]
    {
        let lasts = |provider: &mut crate::provider::Provider| provider.response.lifetime = secs(lifetime);
        let mut world = aged_with(secs(not_yet), |_| {}, lasts);
        unchanged(&world.get("/"));
        world.advance(secs(due - not_yet));
        renewed(&world.get("/"));
        unchanged(&world.get("/"));
        assert_eq!(world.provider.times("token"), 2, "{lifetime}");
    }
}

#[test]
fn tokens_of_a_few_seconds_are_refreshed_as_often_as_they_end() {
    let strict = |tree: &mut serde_json::Value| tree["providers"][0]["leeway"] = json!("0s");
    let short = |provider: &mut crate::provider::Provider| {
        provider.response.rotation = Some(secs(0));
        provider.response.lifetime = secs(3);
    };
    let mut world = aged_with(secs(4), strict, short);
    for _ in 0..5 {
        renewed(&world.get("/"));
        world.advance(secs(4));
    }
}

#[test]
fn a_session_without_a_refresh_token_is_never_refreshed() {
    let none = |provider: &mut crate::provider::Provider| {
        provider.response.tokens.insert("refresh_token", None);
    };
    let mut world = aged_with(secs(3500), |_| {}, none);
    for _ in 0..3 {
        let (answer, waited) = timed(&mut world, |world| world.get("/"));
        unchanged(&answer);
        assert!(waited.is_zero());
        world.advance(secs(50));
    }
    world.advance(secs(12));
    crate::aging::over(&mut world);
    assert_eq!(world.provider.times("token"), 1);
}

// T-180
#[test]
fn while_one_request_refreshes_ahead_of_time_the_others_go_on_with_the_old_session() {
    let mut world = rotating(DUE, 0);
    let calls = token_calls(&mut world, || Travel::Answer(millis(500)));
    let old = world.jar().clone();
    let leader = world.open(&Request::navigation("/"));
    for request in every_client() {
        holding(&mut world, &old);
        let (answer, waited) = timed(&mut world, |world| world.send(&request));
        unchanged(&answer);
        assert!(waited.is_zero() && world.waits(leader));
    }
    renewed(&world.answer(leader));
    assert_eq!((calls.get(), world.provider.refreshed), (1, 1));
    unchanged(&world.get("/"));
}

#[test]
fn a_slow_provider_holds_one_request_for_two_seconds_and_the_next_gets_the_result() {
    let mut world = rotating(DUE, 0);
    let calls = token_calls(&mut world, || Travel::Answer(millis(3000)));
    let (leader, waited) = timed(&mut world, |world| world.get("/"));
    unchanged(&leader);
    assert!((millis(2000)..millis(2050)).contains(&waited), "{waited:?}");
    let (next, waited) = timed(&mut world, |world| world.get("/"));
    unchanged(&next);
    assert!(waited.is_zero());
    world.advance(millis(1100));
    let (after, waited) = timed(&mut world, |world| world.get("/"));
    renewed(&after);
    assert!(waited.is_zero());
    assert_eq!((calls.get(), count(&world, Refresh::Adopted), count(&world, Refresh::Renewed)), (1, 1, 1));
    unchanged(&world.get("/"));
}

#[test]
fn the_result_is_there_for_ten_minutes_for_whoever_still_has_the_old_cookie() {
    let mut world = rotating(DUE, 0);
    let old = line(&mut world);
    renewed(&world.get("/"));
    for wait in [0, 300, 299] {
        world.advance(secs(wait));
        renewed(&world.send(&with(&old)));
    }
    assert_eq!(world.provider.times("token"), 2);
    let newest = world.jar().clone();
    world.advance(secs(2));
    // From then on the old refresh token is asked with, which a provider that rotates takes for a theft.
    assert_eq!(world.send(&with(&old)).status(), 401);
    assert_eq!(world.provider.times("token"), 3);
    holding(&mut world, &newest);
    unchanged(&world.get("/"));
}

// T-180
#[test]
fn after_the_end_everyone_waits_for_one_refresh_and_everyone_gets_the_new_session() {
    let mut world = rotating(OVER, 0);
    let calls = token_calls(&mut world, || Travel::Answer(millis(800)));
    let old = world.jar().clone();
    let mut opened = Vec::new();
    for request in every_client() {
        holding(&mut world, &old);
        opened.push(world.open(&request));
        world.advance(millis(50));
    }
    assert!(opened.iter().all(|id| world.waits(*id)));
    for id in opened {
        renewed(&world.answer(id));
    }
    assert_eq!((calls.get(), world.provider.refreshed), (1, 1));
    unchanged(&world.get("/"));
}

#[test]
fn a_request_that_waited_goes_on_as_it_came_without_what_it_may_not_bring() {
    let mut world = aged_with(
        OVER,
        |tree| tree["identity"]["forward"] = json!({"idToken": {"header": "x-id"}, "accessToken": {"header": "x-at"}}),
        |_| {},
    );
    let old = line(&mut world);
    let before = world.provider.secrets.clone();
    let request = Request::fetch("/api/a%20b?x=1;y")
        .with("cookie", &format!("theme=dark; {old}; lang=en"))
        .with("kubeflow-userid", "root@example.com")
        .with("kubeflow_groups", "admins")
        .with("x-id", "forged")
        .with("x-custom", "kept");
    let answer = world.send(&request);
    renewed(&answer);
    assert_eq!((answer.got(":path"), answer.got("x-custom")), (vec!["/api/a%20b?x=1;y".into()], vec!["kept".into()]));
    assert_eq!(answer.got("cookie"), ["theme=dark; lang=en"]);
    assert!(answer.got("kubeflow_groups").is_empty());
    for token in [answer.got("x-id"), answer.got("x-at")] {
        assert!(token.len() == 1 && world.provider.secrets.contains(&token[0]) && !before.contains(&token[0]));
    }
}

#[test]
fn a_foreign_page_cannot_open_a_web_socket_and_refreshes_nothing() {
    for age in [secs(10), DUE, OVER] {
        let mut world = aged(age);
        let foreign = Request::web_socket("/socket").with("origin", "https://evil.example");
        assert_eq!(world.send(&foreign).said(), (403, "cross_origin_upgrade".to_owned()));
        assert_eq!(world.provider.times("token"), 1);
        assert!(world.session().is_some());
    }
}

#[test]
fn what_needs_no_session_refreshes_none() {
    for age in [DUE, OVER] {
        let mut world = aged(age);
        assert!(world.get("/public").passed());
        assert_eq!(world.get("/internal").status(), 403);
        assert_eq!(world.provider.times("token"), 1);
    }
}

#[test]
fn one_persons_refresh_is_nobody_elses() {
    let mut world = rotating(secs(0), 0);
    world.switch_to(1);
    world.person = "lee@example.com".to_owned();
    world.sign_in();
    world.advance(OVER);
    token_calls(&mut world, || Travel::Answer(millis(800)));
    let mut opened = Vec::new();
    for number in 0..20 {
        world.switch_to(number % 2);
        opened.push(world.open(&Request::fetch("/api")));
    }
    for (number, id) in opened.into_iter().enumerate() {
        let answer = world.answer(id);
        assert!(gives(&answer));
        assert_eq!(answer.got("kubeflow-userid"), [["kim@example.com", "lee@example.com"][number % 2]]);
    }
    assert_eq!(world.provider.refreshed, 2);
}

#[test]
fn a_worker_that_knows_nothing_of_the_provider_yet_refreshes_all_the_same() {
    for age in [DUE, OVER] {
        let mut world = rotating(age, 0);
        world.restart(&crate::world::oidc_config());
        renewed(&world.get("/"));
        assert_eq!(world.provider.times("token"), 2);
    }
}

#[test]
fn a_worker_that_cannot_learn_of_the_provider_says_so_after_five_seconds() {
    let mut world = aged(OVER);
    world.restart(&crate::world::oidc_config());
    world.network = Box::new(|_| Travel::Lose);
    let (answer, waited) = timed(&mut world, |world| world.send(&Request::fetch("/api")));
    assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
    assert!((millis(5000)..millis(5050)).contains(&waited), "{waited:?}");
    world.network = Box::new(|_| well());
    world.advance(secs(8));
    renewed(&world.get("/"));
}

#[test]
fn no_more_than_so_many_requests_wait() {
    let mut world = aged(OVER);
    token_calls(&mut world, || Travel::Answer(secs(1)));
    let opened: Vec<_> = (0..4096).map(|_| world.open(&Request::fetch("/api"))).collect();
    assert_eq!(world.engine().gauges(world.now).waiting, 4096);
    assert_eq!(world.send(&Request::fetch("/api")).said(), (503, "too_many_waiting".to_owned()));
    assert!(world.session().is_some());
    for id in opened {
        renewed(&world.answer(id));
    }
    assert_eq!(world.engine().gauges(world.now).waiting, 0);
}

#[test]
fn a_refresh_is_seen_by_the_browser_as_one_cookie_line_that_lasts_as_long_as_the_session() {
    let mut world: World = aged(DUE);
    let answer = world.get("/");
    let [line] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    let (_, attributes) = line.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=40299; Secure; HttpOnly; SameSite=Lax");
}
