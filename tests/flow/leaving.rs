//! After a sign-out: what copies of a cookie are still worth, and what the provider is told (T-183, T-184, T-186).

use std::time::Duration;

use edge_oidc::flow::event::Event;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{CLIENT, Travel, World, oidc_config, url},
};

/// So long after a sign-in its tokens are due.
const DUE: Duration = Duration::from_secs(2900);
const SIGN_OUT: &str = "/oauth2/sign-out";

/// Somebody else sends a copy of the cookies.
fn replay(world: &mut World, line: &str) -> Answer {
    world.send(&Request::fetch("/api").with("cookie", line))
}

/// Nobody is signed in by `line` at any of the gateway's workers, whatever sends it.
fn is_over(world: &mut World, line: &str, workers: usize) {
    for worker in 0..workers {
        world.worker = worker;
        assert_eq!(replay(world, line).said(), (401, "login_required".to_owned()), "worker {worker}");
        assert_eq!(world.send(&Request::navigation("/").with("cookie", line)).status(), 302, "worker {worker}");
        assert_eq!(world.send(&Request::bare("/oauth2/whoami").with("cookie", line)).status(), 401, "worker {worker}");
    }
    world.worker = 0;
}

fn rotating(mut world: World) -> World {
    world.provider.response.rotation = Some(Duration::ZERO);
    world
}

/// Signed in for half a minute, so that a session that is gone is not one that was just lost; and the cookies.
fn settled(mut world: World) -> (World, String) {
    world.sign_in();
    world.advance(Duration::from_secs(31));
    let copy = world.cookie_line();
    (world, copy)
}

/// Signed in, and refreshed once: the cookies before and after.
fn refreshed(world: &mut World) -> [String; 2] {
    world.sign_in();
    world.advance(Duration::from_secs(31));
    let old = world.cookie_line();
    world.advance(DUE);
    assert!(world.get("/").passed());
    assert_eq!(world.provider.refreshed, 1);
    [old, world.cookie_line()]
}

// T-184
#[test]
fn every_copy_of_the_cookie_is_over_at_every_worker_of_the_gateway() {
    for at in [0, 1] {
        let mut world = rotating(World::oidc());
        world.add_worker(&oidc_config());
        let copies = refreshed(&mut world);
        assert_ne!(copies[0], copies[1]);
        world.worker = at;
        assert_eq!(world.get(SIGN_OUT).status(), 200);
        for copy in &copies {
            is_over(&mut world, copy, 2);
        }
        world.advance(Duration::from_secs(700));
        for copy in &copies {
            is_over(&mut world, copy, 2);
        }
        assert_eq!((world.provider.refreshed, world.provider.alive()), (1, vec![]));
    }
}

// T-184
#[test]
fn a_session_that_was_ended_stays_so_when_providers_come() {
    let (mut world, copy) = settled(World::oidc());
    assert_eq!(world.get(SIGN_OUT).status(), 200);
    let mut tree = oidc_config();
    let pods = json!({
        "name": "pods",
        "issuer": "https://kubernetes.example.com",
        "bearer": [{ "kind": "service_account", "audiences": ["edge"] }],
    });
    tree["providers"][0]["name"] = json!("default");
    tree["providers"].as_array_mut().unwrap().insert(0, pods);
    world.neighbours.strangers = true;
    world.replace(0, &tree);
    is_over(&mut world, &copy, 1);
}

// T-184
#[test]
fn a_copy_is_over_before_any_refresh_and_for_as_long_as_it_could_last() {
    let (mut world, copy) = settled(World::oidc());
    assert!(replay(&mut world, &copy).passed());
    world.get(SIGN_OUT);
    for _ in 0..12 {
        is_over(&mut world, &copy, 1);
        world.advance(Duration::from_secs(3600));
    }
    assert_eq!(world.provider.refreshed, 0);
}

// T-184: the documented limit.
#[test]
fn at_another_gateway_a_copy_serves_until_its_tokens_are_due_and_is_never_refreshed() {
    let (mut world, copy) = settled(World::oidc());
    world.add_gateway(&oidc_config());
    world.get(SIGN_OUT);
    is_over(&mut world, &copy, 1);
    world.worker = 1;
    world.advance(Duration::from_secs(2800));
    assert_eq!(replay(&mut world, &copy).got("kubeflow-userid"), ["kim@example.com"]);
    world.advance(Duration::from_secs(200));
    assert_eq!(replay(&mut world, &copy).status(), 401);
    assert_eq!((world.provider.refreshed, world.provider.revoked.len()), (0, 1));
}

// T-186
#[test]
fn the_newest_refresh_token_is_revoked_even_if_the_browser_brings_an_old_copy() {
    let mut world = rotating(World::oidc());
    let [old, new] = refreshed(&mut world);
    assert_eq!(world.provider.alive().len(), 1);
    let answer = world.send(&Request::navigation(SIGN_OUT).with("cookie", &old));
    assert_eq!(answer.status(), 200);
    world.advance(Duration::from_secs(1));
    assert_eq!((world.provider.alive(), world.provider.revoked.len()), (vec![], 1));
    is_over(&mut world, &new, 1);
}

/// Somebody signs out at worker `at` while worker 0 refreshes; `waiting` began it.
fn signs_out_during_a_refresh(waiting: &Request, expired: bool, at: usize) -> (World, Answer, Vec<String>) {
    let mut world = rotating(World::oidc());
    world.add_worker(&oidc_config());
    world.sign_in();
    world.advance(if expired { Duration::from_secs(3700) } else { DUE });
    world.network =
        Box::new(|endpoint| Travel::Answer(Duration::from_millis(if endpoint == "token" { 1500 } else { 20 })));
    let copy = world.cookie_line();
    let first = world.open(waiting);
    world.worker = 1;
    let second = expired.then(|| world.open(&waiting.clone()));
    world.advance(Duration::from_millis(300));
    assert!(world.waits(first) && world.provider.refreshed == 1);
    world.worker = at;
    assert_eq!(world.get(SIGN_OUT).status(), 200);
    let answer = world.answer(first);
    if let Some(second) = second {
        let second = world.answer(second);
        assert_eq!((second.status(), second.cookies().len()), (answer.status(), answer.cookies().len()));
    }
    world.advance(Duration::from_secs(5));
    (world, answer, vec![copy])
}

#[test]
fn a_refresh_that_ends_after_the_sign_out_is_of_use_to_nobody() {
    for (expired, at) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let program = Request::fetch("/api");
        let (mut world, answer, copies) = signs_out_during_a_refresh(&program, expired, at);
        assert_eq!(answer.said(), (401, "login_required".to_owned()), "{expired} {at}");
        assert!(world.session().is_none(), "{expired} {at}");
        assert_eq!(world.provider.alive(), Vec::<&str>::new(), "{expired} {at}");
        copies.iter().for_each(|copy| is_over(&mut world, copy, 2));
    }
    let (world, answer, _) = signs_out_during_a_refresh(&Request::navigation("/deep"), true, 1);
    assert!(answer.location().starts_with("https://idp.example.net/authorize"));
    assert!(world.session().is_none() && world.provider.alive().is_empty());
}

#[test]
fn other_sessions_of_the_same_person_go_on() {
    let mut world = World::oidc();
    world.sign_in();
    world.switch_to(1);
    world.sign_in();
    assert_eq!(world.get(SIGN_OUT).status(), 200);
    world.switch_to(0);
    assert_eq!(world.get("/").got("kubeflow-userid"), ["kim@example.com"]);
    world.advance(DUE);
    assert!(world.get("/").passed() && world.provider.refreshed == 1);
    assert_eq!(world.provider.alive().len(), 1);
}

// T-183
#[test]
fn the_back_button_and_a_second_tab_find_nobody_signed_in() {
    let mut world = World::oidc();
    world.sign_in();
    world.get(SIGN_OUT);
    assert!(world.cookie_line().is_empty());
    let back = world.get("/deep");
    assert!(back.location().starts_with("https://idp.example.net/authorize"));
    world.jar().cookies().clear();
    let tab = world.send(&Request::fetch("/api"));
    assert_eq!((tab.said(), tab.cookies().len()), ((401, "login_required".to_owned()), 0));
    assert!(world.visit("/deep").passed(), "and whoever signs in again is");
}

#[test]
fn a_new_session_of_whoever_signed_out_is_another_one() {
    let mut world = World::oidc();
    world.sign_in();
    world.get(SIGN_OUT);
    world.sign_in();
    let copy = world.cookie_line();
    assert!(replay(&mut world, &copy).passed());
}

#[test]
fn without_shared_memory_a_sign_out_ends_the_session_in_the_browser_and_the_log_says_so() {
    let mut world = World::oidc();
    world.sign_in();
    let copy = world.cookie_line();
    world.memory().break_down();
    assert_eq!(world.get(SIGN_OUT).said(), (200, "signed_out".to_owned()));
    assert!(world.cookie_line().is_empty());
    let lines = world.events.iter().filter_map(|event| match event {
        Event::Log(line) if line.code == "memory_unavailable" => Some((line.level, line.text.as_str())),
        _ => None,
    });
    let expected = "a session was signed out in its browser only: the memory that workers share could not be written";
    assert_eq!(lines.collect::<Vec<_>>(), [(log::Level::Warn, expected)]);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.provider.alive(), Vec::<&str>::new());
    assert!(replay(&mut world, &copy).passed(), "what the line is about");
}

#[test]
fn a_clock_that_was_set_back_since_the_sign_in_keeps_no_session_alive() {
    let (mut world, copy) = settled(World::oidc());
    world.now = world.now.minus(Duration::from_secs(600));
    world.get(SIGN_OUT);
    is_over(&mut world, &copy, 1);
    world.advance(Duration::from_secs(1200));
    is_over(&mut world, &copy, 1);
}

/// At a provider with an `end_session_endpoint`.
fn rp_initiated(logout: Value) -> World {
    let mut world = World::configured(|tree| tree["providers"][0]["logout"] = logout);
    world.provider.response.metadata["end_session_endpoint"] = json!("https://idp.example.net/logout?tenant=1");
    world
}

/// The parameters that the browser takes to the provider.
fn leaves_with(answer: &Answer) -> Vec<(String, String)> {
    let address = url(answer.location());
    assert_eq!((answer.status(), address.host_str(), address.path()), (302, Some("idp.example.net"), "/logout"));
    address.query_pairs().into_owned().collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn usable_state(pairs: &mut Vec<(String, String)>) -> String {
    let (name, state) = pairs.pop().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(name == "state" && state.len() == 43 && state.chars().all(plain), "{name}={state}");
    state
}

// RP-Initiated Logout §2
#[test]
fn the_provider_gets_the_newest_id_token_the_client_and_a_place_to_send_the_browser_to() {
    let mut world = rotating(rp_initiated(json!({ "kind": "rpInitiated" })));
    let [old, new] = refreshed(&mut world);
    let tokens: Vec<String> = world.provider.id_tokens().into_iter().map(str::to_owned).collect();
    assert!(tokens.len() == 2 && tokens[0] != tokens[1]);
    let back = "https://app.example.com/oauth2/signed-out";
    let usual =
        [("tenant", "1"), ("id_token_hint", &tokens[1]), ("client_id", CLIENT), ("post_logout_redirect_uri", back)];
    let mut sent = leaves_with(&world.send(&Request::navigation(SIGN_OUT).with("cookie", &old)));
    let state = usable_state(&mut sent);
    assert_eq!(sent, pairs(&usual));
    let mut sent = leaves_with(&world.send(&Request::navigation(SIGN_OUT).with("cookie", &new)));
    assert_ne!(usable_state(&mut sent), state);
    assert_eq!(sent, pairs(&usual), "a session that was signed out elsewhere still has its hint");
    let mut sent = leaves_with(&world.get(SIGN_OUT));
    usable_state(&mut sent);
    assert_eq!(sent, pairs(&[usual[0], usual[2], usual[3]]), "without a session");
}

#[test]
fn a_configured_place_goes_to_the_provider_to_the_letter() {
    let bye = "https://WWW.example.com/bye?x=1";
    let mut world = rp_initiated(json!({ "kind": "rpInitiated", "postLogoutRedirectUri": bye, "idTokenHint": false }));
    world.sign_in();
    let mut sent = leaves_with(&world.get(SIGN_OUT));
    usable_state(&mut sent);
    assert_eq!(sent, pairs(&[("tenant", "1"), ("client_id", CLIENT), ("post_logout_redirect_uri", bye)]));
}

#[test]
fn a_session_keeps_the_id_token_only_for_a_provider_that_wants_it_back() {
    let size = |logout: Value| {
        let mut world = rp_initiated(logout);
        world.sign_in();
        (world.session().unwrap().len(), world.provider.id_tokens()[0].len())
    };
    let (local, token) = size(json!({ "kind": "local" }));
    assert_eq!(size(json!({ "kind": "rpInitiated", "idTokenHint": false })).0, local);
    let with_hint = size(json!({ "kind": "rpInitiated" })).0;
    assert!(with_hint > local + token * 9 / 10, "{with_hint} {local} {token}");
}

#[test]
fn a_provider_without_the_endpoint_leaves_it_at_a_page_of_ours() {
    let mut world = World::configured(|tree| tree["providers"][0]["logout"] = json!({ "kind": "rpInitiated" }));
    world.sign_in();
    assert_eq!(world.get(SIGN_OUT).said(), (200, "signed_out".to_owned()));
    assert!(world.cookie_line().is_empty());
}

// RP-Initiated Logout §3, in the conformance suite's three variants
#[test]
fn the_landing_page_says_the_same_whatever_state_comes_back_and_sets_nothing() {
    let mut world = rp_initiated(json!({ "kind": "rpInitiated" }));
    world.sign_in();
    let mut sent = leaves_with(&world.get(SIGN_OUT));
    let state = usable_state(&mut sent);
    let junk =
        "state=%00&state=x&error=<script>&post_logout_redirect_uri=https://evil.example&return_to=//evil.example";
    let variants = [format!("state={state}"), "state=another".to_owned(), String::new(), junk.to_owned()];
    let pages: Vec<Answer> = variants.iter().map(|query| world.get(&format!("/oauth2/signed-out?{query}"))).collect();
    for page in pages.iter().chain([&world.get("/oauth2/signed-out")]) {
        assert_eq!((page.said(), page.cookies().len()), ((200, "signed_out".to_owned()), 0));
        assert_eq!((page.reply().body(), page.link()), (pages[0].reply().body(), "/oauth2/sign-in".to_owned()));
    }
}

#[test]
fn the_landing_page_takes_no_form_and_leads_whoever_is_signed_in_to_the_start_page() {
    let mut world = World::oidc();
    let post = Request::navigation("/oauth2/signed-out").by("POST");
    let refused = world.send(&post);
    assert_eq!((refused.status(), refused.header("allow")), (405, Some("GET")));
    world.sign_in();
    let answer = world.get("/oauth2/signed-out?state=x");
    assert_eq!((answer.status(), answer.location()), (302, "https://app.example.com/"));
    assert!(world.session().is_some() && answer.cookies().is_empty());
    assert_eq!(world.send(&post).status(), 405);
}

// T-72, T-186: some dashboards' buttons are scripts that only GET.
#[test]
fn a_script_of_our_own_origin_signs_out_by_get_as_it_could_by_post_and_nothing_else_does() {
    let script = || Request::fetch(SIGN_OUT).with("sec-fetch-site", "same-origin");
    let mut world = World::oidc();
    world.sign_in();
    for other in [
        Request::fetch(SIGN_OUT),
        script().set("sec-fetch-site", "same-site"),
        script().set("sec-fetch-site", "cross-site"),
        script().set("sec-fetch-site", "none"),
        script().with("sec-fetch-site", "same-origin"),
        script().set("sec-fetch-dest", "image"),
        script().set("sec-fetch-dest", "script"),
        script().set("sec-fetch-dest", ""),
        script().with("sec-purpose", "prefetch"),
        script().by("HEAD"),
        Request::bare(SIGN_OUT),
    ] {
        assert_eq!(world.send(&other).status(), 405, "{:?}", other.fields);
        assert!(world.session().is_some());
    }
    let foreign = world.send(&script().with("origin", "https://evil.example"));
    assert_eq!(foreign.said(), (403, "cross_site_sign_out".to_owned()));
    let answer = world.send(&script());
    assert!(answer.reply().body().contains("\"signed_out\":true") && world.session().is_none());
}
