//! When a session is one: its seal, its issuer, its time, and what becomes of cookies that are none (T-36, T-65, T-87, T-90).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{HOST, KEY, World, oidc_config},
};

const OTHER_KEY: &str = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4QUJDREVGR0g";
const NAME: &str = "__Host-edge_oidc";
/// Within this time a session that is gone is told and not sought again.
const JUST_SIGNED_IN: Duration = Duration::from_secs(31);

/// Nobody is signed in, and the cookies that said so are deleted in the same answer.
fn is_void(world: &mut World) {
    let kept = world.jar().clone();
    let program = world.send(&Request::fetch("/api"));
    assert_eq!(program.said(), (401, "login_required".to_owned()));
    assert!(deletes(&program) && world.session().is_none());
    *world.jar() = kept;
    let person = world.get("/");
    assert_eq!(person.status(), 302);
    assert!(deletes(&person) && world.session().is_none());
}

fn deletes(answer: &Answer) -> bool {
    answer.cookies().iter().any(|line| line.starts_with(&format!("{NAME}=; ")) && line.contains("Max-Age=0"))
}

// T-36, T-65, T-150
#[test]
fn a_session_of_another_provider_issuer_client_or_key_is_none() {
    let changes: [fn(&mut Value); 4] = [
        |tree| tree["providers"][0]["name"] = json!("another"),
        |tree| tree["providers"][0]["clientId"] = json!("another"),
        |tree| tree["providers"][0]["issuer"] = json!("https://another.example.net"),
        |tree| tree["session"]["keys"] = json!([OTHER_KEY]),
    ];
    for change in changes {
        let mut world = World::oidc();
        world.sign_in();
        let mut tree = oidc_config();
        change(&mut tree);
        world.provider.want.client_id = tree["providers"][0]["clientId"].as_str().unwrap().to_owned();
        world.provider.response.metadata["issuer"] = tree["providers"][0]["issuer"].clone();
        world.restart(&tree);
        world.advance(JUST_SIGNED_IN);
        is_void(&mut world);
    }
}

#[test]
fn a_session_that_was_made_before_a_claim_was_wanted_is_none() {
    let mut world = World::oidc();
    world.sign_in();
    world.advance(JUST_SIGNED_IN);
    let mut tree = oidc_config();
    tree["identity"]["headers"] = json!([{ "header": "x-locale", "claim": "locale" }]);
    world.restart(&tree);
    is_void(&mut world);
    // The provider gives none, and asking once was enough.
    world.sign_in();
    assert!(world.get("/").got("x-locale").is_empty());
}

// T-170
#[test]
fn an_attempt_at_another_provider_or_client_is_none() {
    for member in ["name", "clientId"] {
        let mut world = World::oidc();
        let callback = world.callback_for("/deep");
        let mut tree = oidc_config();
        tree["providers"][0][member] = json!("another");
        world.restart(&tree);
        assert_eq!(world.go(&callback).said(), (400, "attempt_absent".to_owned()), "{member}");
        assert_eq!(world.provider.times("token"), 0);
    }
}

// T-98
#[test]
fn sessions_survive_a_rotation_of_sealing_keys() {
    let mut world = World::oidc();
    world.sign_in();
    for keys in [json!([KEY, OTHER_KEY]), json!([OTHER_KEY, KEY])] {
        let mut tree = oidc_config();
        tree["session"]["keys"] = keys;
        world.restart(&tree);
        assert!(world.get("/").passed());
    }
}

// T-87, T-150
#[test]
fn a_session_cookie_with_any_character_changed_is_none_and_every_refusal_is_alike() {
    let mut world = World::oidc();
    world.sign_in();
    let good = world.session().unwrap().to_owned();
    let mut answers = std::collections::BTreeSet::new();
    for place in 0..good.len() {
        let mut bad = good.clone().into_bytes();
        bad[place] = if bad[place] == b'A' { b'B' } else { b'A' };
        let line = format!("{NAME}={}", String::from_utf8(bad).unwrap());
        answers.insert(format!("{:?}", world.send(&Request::fetch("/api").with("cookie", &line)).reply()));
    }
    for made_up in ["", "x", "eyJhbGciOiJub25lIn0", &"A".repeat(4000)] {
        let line = format!("{NAME}={made_up}");
        answers.insert(format!("{:?}", world.send(&Request::fetch("/api").with("cookie", &line)).reply()));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers.first().unwrap().contains("status: 401"));
}

// T-65
#[test]
fn stray_pieces_of_a_session_are_deleted_with_it() {
    let mut world = World::oidc();
    let line = format!("{NAME}=x; {NAME}_1=y; {NAME}_7=z; {NAME}_99=q; other=1");
    let answer = world.send(&Request::fetch("/api").with("cookie", &line));
    let mut names: Vec<&str> = answer.cookies().iter().map(|line| line.split('=').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, [NAME, "__Host-edge_oidc_1", "__Host-edge_oidc_7", "__Host-edge_oidc_99"]);
}

// T-90
#[test]
fn of_two_cookies_with_our_name_the_one_that_opens_counts_and_two_that_open_count_for_nothing() {
    let mut world = World::oidc();
    world.sign_in();
    let ours = world.session().unwrap().to_owned();
    world.switch_to(1);
    world.person = "mallory@example.com".to_owned();
    world.sign_in();
    let theirs = world.session().unwrap().to_owned();
    let mut sent = |line: String| world.send(&Request::fetch("/api").with("cookie", &line));
    for line in [
        format!("{NAME}=tossed; {NAME}={ours}"),
        format!("{NAME}={ours}; {NAME}=tossed"),
        format!("{NAME}={ours}; {NAME}={ours}"),
    ] {
        assert_eq!(sent(line).got("kubeflow-userid"), ["kim@example.com"]);
    }
    assert_eq!(sent(format!("{NAME}={ours}; {NAME}={theirs}")).status(), 401);
    assert_eq!(sent(format!("{NAME}={theirs}; {NAME}={ours}")).status(), 401);
}

// T-90
#[test]
fn an_attempt_is_no_session_and_a_session_no_attempt() {
    let mut world = World::oidc();
    let callback = world.callback_for("/deep");
    let attempt = world.jar().cookies()[0].clone();
    assert_eq!(world.send(&Request::fetch("/api").with("cookie", &format!("{NAME}={}", attempt.value))).status(), 401);
    world.switch_to(1);
    world.sign_in();
    let forged = format!("{}={}", attempt.name, world.session().unwrap());
    let request = crate::world::arrival(&callback).with("cookie", &forged);
    assert_eq!(world.send(&request).said(), (400, "attempt_absent".to_owned()));
}

#[test]
fn a_session_ends_with_its_token_and_the_leeway() {
    let mut world = World::oidc();
    world.provider.response.tokens.insert("refresh_token", None);
    world.sign_in();
    world.advance(Duration::from_secs(3600 + 59));
    assert!(world.get("/").passed());
    world.advance(Duration::from_secs(2));
    is_void(&mut world);
}

// T-189
#[test]
fn a_session_ends_with_its_lifetime_whatever_the_browser_keeps() {
    let mut world = World::configured(|tree| tree["session"]["lifetime"] = json!("10m"));
    world.sign_in();
    let now = world.now;
    let line = world.jar().line(HOST, "/", now).unwrap();
    world.advance(Duration::from_secs(599));
    assert!(world.send(&Request::fetch("/api").with("cookie", &line)).passed());
    world.advance(Duration::from_secs(1));
    let answer = world.send(&Request::fetch("/api").with("cookie", &line));
    assert!(answer.status() == 401 && deletes(&answer));
    assert_eq!(world.get("/").status(), 302);
}

#[test]
fn a_session_serves_while_the_provider_is_down() {
    let mut world = World::oidc();
    world.sign_in();
    world.network = Box::new(|_| crate::world::Travel::Lose);
    world.advance(Duration::from_secs(3500));
    assert_eq!(world.get("/").got("kubeflow-userid"), ["kim@example.com"]);
}
