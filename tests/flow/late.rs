//! What comes late or never: responses, callbacks and calls; and what nobody who is not signed in can take from others.

use edge_oidc::http::request::Header;
use serde_json::json;

use crate::{
    aging::{DUE, OVER, aged_with, configured, gives, line, millis, renewed, rotating, secs, token_calls, with},
    back_channel,
    message::Request,
    provider::Provider,
    replays::sign_out,
    world::{CALLBACK, CLIENT, SECRET, Travel, World, arrival},
};

/// A person whose cookie is given out again with a response that takes its time.
fn slow_response(world: &mut World) {
    world.slow = true;
    assert!(world.get("/slow").passed());
    world.slow = false;
}

#[test]
fn a_slow_response_does_not_bring_a_signed_out_session_back() {
    let tree = configured(|tree| tree["session"]["idle"] = json!("30m"));
    let mut world = World::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK));
    world.sign_in();
    world.advance(secs(200));
    slow_response(&mut world);
    sign_out(&mut world);
    world.person = "lee@example.com".to_owned();
    world.sign_in();
    assert_eq!(world.respond(), Vec::<String>::new());
    assert_eq!(world.get("/").got("kubeflow-userid"), ["lee@example.com"]);
}

#[test]
fn a_slow_response_does_not_bring_back_whom_another_person_took_the_place_of() {
    let tree = configured(|tree| tree["session"]["idle"] = json!("30m"));
    let mut world = World::new(&tree, Provider::oidc(CLIENT, SECRET, CALLBACK));
    world.sign_in();
    world.advance(secs(200));
    slow_response(&mut world);
    world.jar().cookies().retain(|cookie| !cookie.name.contains("landed"));
    let kim = line(&mut world);
    world.jar().cookies().clear();
    world.person = "lee@example.com".to_owned();
    let callback = world.callback_for("/deep");
    let now = world.now;
    let both = format!("{kim}; {}", world.jar().line("app.example.com", "/oauth2/callback", now).unwrap());
    assert_eq!(world.send(&arrival(&callback).with("cookie", &both)).status(), 302);
    assert_eq!(world.respond(), Vec::<String>::new());
    assert_eq!(world.get("/").got("kubeflow-userid"), ["lee@example.com"]);
    assert_eq!(world.send(&with(&kim)).status(), 401);
}

#[test]
fn a_slow_response_gives_what_is_still_worth_giving() {
    let mut world = rotating(DUE, 0);
    slow_response(&mut world);
    assert_eq!(world.respond().len(), 1);
    world.advance(secs(3000));
    assert!(world.get("/").passed());
}

#[test]
fn a_slow_response_does_not_undo_a_refresh() {
    let idle = |tree: &mut serde_json::Value| tree["session"]["idle"] = json!("1h");
    let mut world = aged_with(secs(2800), idle, |provider| provider.response.rotation = Some(secs(0)));
    slow_response(&mut world);
    world.advance(secs(120));
    assert!(world.get("/").passed());
    assert_eq!((world.provider.refreshed, world.respond()), (1, Vec::new()));
    world.advance(secs(700));
    assert!(world.get("/").passed());
}

// T-187
#[test]
fn a_kept_sign_in_is_ended_by_a_later_logout_token() {
    let mut world = back_channel::world();
    let callback = world.callback_for("/deep");
    let id = world.open(&arrival(&callback));
    world.hang_up(id);
    world.advance(secs(2));
    back_channel::accept(&mut world, &json!({}));
    world.advance(secs(50));
    world.go(&callback);
    let answer = world.get("/deep");
    assert!(!answer.passed(), "signed in after the provider signed out");
}

// T-187
#[test]
fn a_sign_in_under_way_is_ended_by_a_later_logout_token() {
    let mut world = back_channel::world();
    world.provider.response.claims.insert("sid", Some(json!("s-1")));
    let callback = world.callback_for("/deep");
    token_calls(&mut world, || Travel::Answer(millis(500)));
    let id = world.open(&arrival(&callback));
    world.advance(millis(100));
    back_channel::accept(&mut world, &json!({"sid": "s-1"}));
    let _ = world.answer(id);
    let answer = world.get("/deep");
    assert!(!answer.passed(), "signed in after the provider signed out");
}

#[test]
fn the_sign_in_of_someone_whose_tokens_are_over_waits_for_their_refresh_and_starts_no_other() {
    let mut world = rotating(secs(3700), 0);
    token_calls(&mut world, || Travel::Answer(millis(400)));
    let first = world.open(&Request::fetch("/api"));
    let answer = world.get("/oauth2/sign-in?return_to=%2Fdeep");
    assert_eq!((answer.status(), answer.location()), (302, "https://app.example.com/deep"));
    assert!(world.answer(first).passed() && world.get("/deep").passed());
    assert_eq!(world.provider.refreshed, 1);
}

#[test]
fn the_sign_in_of_someone_whose_session_the_provider_ended_starts_over() {
    let mut world = rotating(secs(3700), 0);
    world.provider.end_all();
    let answer = world.get("/oauth2/sign-in?return_to=%2Fdeep");
    assert!(answer.location().starts_with("https://idp.example.net/authorize?"));
    assert_eq!(world.follow(answer).got(":path"), ["/deep"]);
}

#[test]
fn revocations_that_never_end_do_not_stop_later_ones() {
    let mut world = World::oidc();
    world.network = Box::new(|called| match called {
        "revocation" => Travel::Lose,
        _ => Travel::Answer(millis(20)),
    });
    for _ in 0..31 {
        world.sign_in();
        sign_out(&mut world);
        world.jar().cookies().clear();
    }
    world.network = Box::new(|_| Travel::Answer(millis(20)));
    world.advance(secs(3600));
    world.sign_in();
    let before = world.provider.revoked.len();
    sign_out(&mut world);
    world.advance(secs(1));
    assert_eq!(world.provider.revoked.len(), before + 1);
}

#[test]
fn logout_tokens_that_wait_take_little_room_and_leave_the_rest_to_people() {
    let mut world = back_channel::world();
    world.network = Box::new(|called| match called {
        "keys" => Travel::Lose,
        _ => Travel::Answer(millis(20)),
    });
    world.advance(secs(2));
    let token = back_channel::token(&world, &json!({ "filler": "x".repeat(10_000) }));
    let ids: Vec<_> = (0..200).map(|_| world.open(&back_channel::delivery(&token))).collect();
    assert_eq!(ids.iter().filter(|id| world.waits(**id)).count(), 64);
    assert_eq!(world.engine().gauges(world.now).waiting, 64);
}

#[test]
fn bodies_that_never_come_do_not_keep_people_out() {
    let mut world = back_channel::world();
    world.sign_in();
    world.advance(secs(3700));
    world.bodies_come = false;
    for _ in 0..4096 {
        world.open(&back_channel::delivery("x"));
    }
    let answer = world.get("/");
    assert!(answer.passed(), "{:?}", answer.said());
}

#[test]
fn without_memory_a_provider_that_is_down_is_not_asked_by_each_request() {
    let mut world = rotating(DUE, 0);
    world.memory().break_down();
    let calls = token_calls(&mut world, || Travel::Status(millis(1), 503));
    for _ in 0..200 {
        world.get("/");
    }
    assert!(calls.get() < 20, "{} calls", calls.get());
}

#[test]
fn a_key_set_that_lags_does_not_end_a_session() {
    let mut world = rotating(DUE, 0);
    world.provider.response.header["kid"] = json!("key-2");
    let answer = world.get("/");
    assert!(gives(&answer), "{:?}", world.provider.alive());
    world.provider.rotate_keys("key-2");
    world.advance(secs(700));
    renewed(&world.get("/"));
}

// T-40
#[test]
fn trailers_bring_no_token_where_one_of_ours_belongs() {
    let world = World::configured(|tree| {
        tree["identity"]["forward"] =
            json!({"idToken": {"header": "authorization"}, "accessToken": {"header": "x-forwarded-access-token"}});
    });
    let trailers: Vec<Header> = ["authorization", "X_Forwarded.Access_Token"]
        .iter()
        .map(|n| Header { name: (*n).to_owned(), value: b"Bearer forged".to_vec() })
        .collect();
    let edits = world.engine().handle_trailers(&trailers);
    assert_eq!(edits.iter().count(), 2);
}

// T-93
#[test]
fn other_caches_than_the_browsers_keep_no_session_either() {
    let edits = edge_oidc::flow::cookies::with_response(vec!["a=b".to_owned()]);
    let mut response: Vec<(String, Vec<u8>)> =
        ["x-accel-expires", "cloudflare-cdn-cache-control", "edge-control", "expires", "cdn-cache-control"]
            .iter()
            .map(|n| ((*n).to_owned(), b"max-age=600".to_vec()))
            .collect();
    edits.apply(&mut response);
    let left: Vec<_> = response.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(left, ["cache-control", "set-cookie"]);
}

// T-191
#[test]
fn a_script_that_signs_out_gets_no_token() {
    let mut world = World::configured(|tree| {
        tree["providers"][0]["logout"] = json!({"kind": "rpInitiated", "idTokenHint": true});
    });
    world.provider.response.metadata["end_session_endpoint"] = json!("https://idp.example.net/logout");
    world.sign_in();
    let answer = world.send(&Request::fetch("/oauth2/sign-out").by("POST").with("sec-fetch-site", "same-origin"));
    assert!(!answer.reply().body().contains("id_token_hint"));
}

/// A copy that no browser has: its client hung up, and its tokens are over by now.
fn unclaimed() -> World {
    let mut world = rotating(OVER, 0);
    world.provider.response.lifetime = secs(120);
    token_calls(&mut world, || Travel::Answer(millis(500)));
    let id = world.open(&Request::fetch("/api"));
    world.advance(millis(100));
    world.hang_up(id);
    world.advance(secs(201));
    assert_eq!(world.provider.refreshed, 1);
    world
}

#[test]
fn a_copy_that_no_browser_has_outlives_a_refresh_of_its_own_that_comes_to_nothing() {
    let mut world = unclaimed();
    token_calls(&mut world, || Travel::Status(millis(20), 503));
    assert_eq!(world.send(&Request::fetch("/api")).status(), 503);
    token_calls(&mut world, || Travel::Answer(millis(20)));
    world.advance(secs(40));
    assert!(world.send(&Request::fetch("/api")).passed());
    assert_eq!(world.provider.refreshed, 2);
}

#[test]
fn a_copy_that_no_browser_has_outlives_the_worker_that_was_refreshing_it() {
    let mut world = unclaimed();
    world.add_worker(&configured(|_| {}));
    token_calls(&mut world, || Travel::Lose);
    let id = world.open(&Request::fetch("/api"));
    world.replace(0, &configured(|_| {}));
    world.hang_up(id);
    token_calls(&mut world, || Travel::Answer(millis(20)));
    world.worker = 1;
    world.advance(secs(20));
    assert!(world.send(&Request::fetch("/api")).passed());
    assert_eq!(world.provider.refreshed, 2);
}

#[test]
fn a_slow_response_does_not_bring_back_whom_the_provider_refused() {
    let idle = |tree: &mut serde_json::Value| tree["session"]["idle"] = json!("1h");
    let mut world = aged_with(secs(2800), idle, |provider| provider.response.rotation = Some(secs(0)));
    slow_response(&mut world);
    world.advance(secs(120));
    world.provider.end_all();
    assert_eq!(world.get("/").status(), 302);
    world.person = "lee@example.com".to_owned();
    world.sign_in();
    assert_eq!(world.respond(), Vec::<String>::new());
    assert_eq!(world.get("/").got("kubeflow-userid"), ["lee@example.com"]);
}

#[test]
fn an_old_copy_that_waits_for_the_refresh_of_a_newer_one_falls_back_on_that() {
    let mut world = rotating(OVER, 0);
    let old = line(&mut world);
    world.provider.response.lifetime = secs(120);
    renewed(&world.get("/"));
    world.advance(secs(70));
    token_calls(&mut world, || Travel::Status(millis(500), 503));
    let leader = world.open(&Request::fetch("/api"));
    let waiter = world.open(&with(&old));
    assert!(world.answer(waiter).passed() && world.answer(leader).passed());
}

#[test]
fn a_sign_in_that_comes_to_nothing_leaves_the_person_before_signed_in() {
    let mut world = World::oidc();
    world.sign_in();
    let kim = line(&mut world);
    world.jar().cookies().clear();
    world.person = "lee@example.com".to_owned();
    world.provider.response.claims.insert("name", Some(json!("n".repeat(23_900))));
    let callback = world.callback_for("/deep");
    let now = world.now;
    let both = format!("{kim}; {}", world.jar().line("app.example.com", "/oauth2/callback", now).unwrap());
    assert_eq!(world.send(&arrival(&callback).with("cookie", &both)).status(), 500);
    assert!(world.send(&with(&kim)).passed());
}
