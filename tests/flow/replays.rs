//! What was over stays over, and what was said of one session says nothing of others (T-181, T-183, T-184).

use edge_oidc::time::{Entropy, EntropyError};
use serde_json::json;

use crate::{
    aging::{DUE, aged_with, configured, gives, line, millis, rotating, secs, token_calls, with},
    back_channel,
    given::Stream,
    message::{Answer, Request},
    provider::Provider,
    world::{ORIGIN, Travel, World},
};

pub fn sign_out(world: &mut World) -> Answer {
    world.send(&Request::navigation("/oauth2/sign-out").set("sec-fetch-site", "same-origin"))
}

/// Somebody signs out who has nothing but this cookie line.
pub fn sign_out_with(world: &mut World, line: &str) {
    let browser = world.browser;
    world.switch_to(999);
    let request = Request::bare("/oauth2/sign-out").by("POST").with("origin", ORIGIN).with("cookie", line);
    assert_eq!(world.send(&request).status(), 200);
    world.switch_to(browser);
}

/// Puts every session into the same place of the table.
struct Clustered(Stream);
impl Entropy for Clustered {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(bytes)?;
        if bytes.len() == 16 {
            (bytes[0], bytes[1]) = (0, 0);
        }
        Ok(())
    }
}

// T-181
#[test]
fn a_session_that_the_provider_refused_stays_over() {
    let mut world = aged_with(DUE, |_| {}, |_| {});
    let copy = line(&mut world);
    world.provider.end_all();
    assert_eq!(world.send(&with(&copy)).status(), 401);
    assert_eq!(world.send(&with(&copy)).status(), 401);
    world.advance(secs(601));
    token_calls(&mut world, || Travel::Status(millis(20), 503));
    assert!(!world.send(&with(&copy)).passed(), "revived");
}

// T-181
#[test]
fn a_session_that_the_provider_refused_lets_nobody_pass_during_another_try() {
    let mut world = aged_with(DUE, |_| {}, |_| {});
    let copy = line(&mut world);
    world.provider.end_all();
    assert_eq!(world.send(&with(&copy)).status(), 401);
    world.advance(secs(601));
    let first = world.open(&with(&copy));
    assert!(!world.send(&with(&copy)).passed(), "revived");
    assert_eq!(world.answer(first).status(), 401);
}

// T-181
#[test]
fn a_refusal_counts_as_long_as_day_long_tokens() {
    let mut world = aged_with(secs(7 * 3600), |_| {}, |p: &mut Provider| p.response.lifetime = secs(8 * 3600));
    let copy = line(&mut world);
    world.provider.end_all();
    assert_eq!(world.send(&with(&copy)).status(), 401);
    let mut passed = 0;
    for _ in 0..5 {
        world.advance(secs(601));
        let first = world.open(&with(&copy));
        passed += usize::from(world.send(&with(&copy)).passed());
        world.answer(first);
    }
    assert_eq!(passed, 0);
}

#[test]
fn signing_out_of_what_is_over_long_ago_ends_nobody_elses_session() {
    let mut world = World::oidc();
    world.entropy = Box::new(Clustered(Stream(9)));
    let mut old = Vec::new();
    for number in 1..=65 {
        world.switch_to(number);
        world.person = "mallory@example.com".to_owned();
        world.sign_in();
        old.push(line(&mut world));
    }
    // All of them end by themselves.
    world.advance(secs(13 * 3600));
    world.switch_to(0);
    world.person = "kim@example.com".to_owned();
    world.sign_in();
    world.advance(secs(5));
    assert!(world.get("/").passed());
    for l in &old {
        sign_out_with(&mut world, l);
    }
    assert!(world.get("/").passed(), "kim was signed out by 65 dead cookies of mallory's");
}

#[test]
fn cookies_of_sessions_that_were_ended_end_nobody_however_often_they_come() {
    let mut world = World::oidc();
    world.entropy = Box::new(Clustered(Stream(9)));
    let mut old = Vec::new();
    for number in 1..=66 {
        world.switch_to(number);
        world.sign_in();
        old.push(line(&mut world));
    }
    for l in &old {
        sign_out_with(&mut world, l);
    }
    let mut rounds = 0;
    for _ in 0..3 {
        world.advance(secs(60));
        world.switch_to(0);
        world.jar().cookies().clear();
        world.sign_in();
        world.advance(secs(5));
        for l in &old {
            sign_out_with(&mut world, l);
        }
        rounds += usize::from(!world.get("/").passed());
    }
    assert_eq!(rounds, 0);
}

#[test]
fn signing_out_of_what_is_over_writes_nothing_and_asks_nobody() {
    let mut world = World::oidc();
    world.sign_in();
    let copy = line(&mut world);
    sign_out(&mut world);
    let before = world.memory().values();
    let asked = world.provider.times("revocation");
    world.advance(secs(13 * 3600));
    for _ in 0..3 {
        sign_out_with(&mut world, &copy);
        world.advance(secs(1));
    }
    assert!(before == world.memory().values());
    assert_eq!(world.provider.times("revocation"), asked);
}

// T-184
#[test]
fn another_host_with_other_keys_does_not_undo_a_sign_out() {
    let mut world = World::oidc();
    world.entropy = Box::new(Clustered(Stream(9)));
    let other = configured(|tree| {
        tree["session"]["keys"] = json!(["Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4QUJDREVGR0g"]);
        tree["publicUrls"] = json!(["https://other.example.com"]);
    });
    world.add_worker(&other);
    world.provider.want.redirect_uris.push("https://other.example.com/oauth2/callback".to_owned());
    world.sign_in();
    let copy = line(&mut world);
    sign_out(&mut world);
    assert_eq!(world.send(&with(&copy)).status(), 401);
    // Somebody signs out at the other host.
    world.switch_to(1);
    world.worker = 1;
    let answer = world.send(&Request::navigation("/").on("other.example.com"));
    let person = world.person.clone();
    let callback = world.provider.authorize(&crate::world::url(answer.location()), &person);
    let answer = world.go(&callback);
    assert_eq!(answer.status(), 302, "{answer:?}");
    let leave = Request::navigation("/oauth2/sign-out").on("other.example.com").set("sec-fetch-site", "same-origin");
    assert!(world.send(&leave).status() < 400);
    world.switch_to(0);
    world.worker = 0;
    assert_eq!(world.send(&with(&copy)).said().0, 401);
}

#[test]
fn a_clock_that_was_ahead_for_a_while_forgets_no_sign_out() {
    let mut world = World::oidc();
    world.entropy = Box::new(Clustered(Stream(9)));
    world.sign_in();
    let copy = line(&mut world);
    world.switch_to(1);
    world.sign_in();
    world.switch_to(0);
    sign_out(&mut world);
    let right = world.now;
    world.now = right.plus(secs(13 * 3600));
    world.switch_to(1);
    world.sign_in();
    sign_out(&mut world);
    world.now = right.plus(secs(60));
    world.switch_to(2);
    assert_eq!(world.send(&with(&copy)).status(), 401);
}

#[test]
fn idle_is_not_undone_by_the_table() {
    let mut world = aged_with(
        secs(0),
        |tree| tree["session"]["idle"] = json!("15m"),
        |p: &mut Provider| {
            p.response.lifetime = secs(300);
        },
    );
    let copy = line(&mut world);
    world.advance(secs(280));
    assert!(gives(&world.get("/")));
    world.advance(secs(500));
    assert!(world.get("/").passed());
    world.advance(secs(125));
    assert_eq!(world.send(&with(&copy)).status(), 401);
}

// T-184
#[test]
fn a_sign_out_at_one_worker_ends_a_refresh_at_another() {
    let mut world = rotating(secs(3700), 0);
    world.add_worker(&configured(|_| {}));
    let copy = line(&mut world);
    token_calls(&mut world, || Travel::Answer(millis(800)));
    let waiting = world.open(&with(&copy));
    world.worker = 1;
    let follower = world.open(&with(&copy));
    world.advance(millis(100));
    sign_out_with(&mut world, &copy);
    assert_eq!(world.answer(waiting).status(), 401);
    assert_eq!(world.answer(follower).status(), 401);
    world.advance(secs(2));
    assert!(world.provider.alive().is_empty(), "{:?}", world.provider.alive());
    for worker in [0, 1] {
        world.worker = worker;
        assert_eq!(world.send(&with(&copy)).status(), 401);
    }
}

// T-187
#[test]
fn a_logout_token_ends_a_refresh_that_is_under_way() {
    let mut world = back_channel::world();
    world.provider.response.rotation = Some(secs(0));
    world.sign_in();
    world.advance(secs(3700));
    let copy = line(&mut world);
    token_calls(&mut world, || Travel::Answer(millis(800)));
    let waiting = world.open(&with(&copy));
    world.advance(millis(100));
    back_channel::accept(&mut world, &json!({}));
    assert_eq!(world.answer(waiting).status(), 401);
    assert_eq!(world.send(&with(&copy)).status(), 401);
    world.advance(secs(1));
    assert!(world.provider.alive().is_empty());
}
