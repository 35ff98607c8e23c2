//! The provider ends sessions behind the browser's back (OpenID Connect Back-Channel Logout 1.0; T-153, T-187, T-188).

use std::time::Duration;

use edge_oidc::{
    flow::event::Event,
    oidc::signature::Algorithm,
    secret::Secret,
    session::{Keyring, Namespace, Revoked, Shared},
};
use serde_json::{Value, json};

use crate::{
    memory::Memory,
    message::{Answer, Request},
    provider::OIDC,
    signing,
    world::{CLIENT, KEY, ORIGIN, Stream, Travel, World, oidc_config},
};

pub const PATH: &str = "/oauth2/back-channel-logout";
pub const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
pub const KIM: &str = "sub of kim@example.com";

fn tree() -> Value {
    let mut tree = oidc_config();
    tree["paths"] = json!({ "backChannel": PATH });
    tree
}

pub fn world() -> World {
    World::configured(|configured| *configured = tree())
}

/// A good token's claims with `changes`; null takes one away. Its `jti` is another each time the world has moved on.
pub fn claims(world: &World, changes: &Value) -> Value {
    let now = world.now.secs();
    let mut claims = json!({
        "iss": "https://idp.example.net", "aud": CLIENT, "sub": KIM, "iat": now, "exp": now + 120,
        "jti": format!("{} {}", world.now.millis(), world.events.len()), "events": { EVENT: {} },
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub fn token(world: &World, changes: &Value) -> String {
    signed(&json!({ "typ": "logout+jwt" }), &claims(world, changes))
}

pub fn signed(header: &Value, claims: &Value) -> String {
    let mut whole = json!({ "alg": "ES256", "kid": "key-1" });
    whole.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
    signing::sign(Algorithm::Es256, &whole, claims)
}

/// As a provider sends it: a program, by POST, without cookies.
pub fn delivery(token: &str) -> Request {
    Request::bare(PATH).posting(&format!("logout_token={token}")).with("cookie", "")
}

pub fn deliver(world: &mut World, changes: &Value) -> Answer {
    let token = token(world, changes);
    world.send(&delivery(&token))
}

/// A logout token that must be taken.
pub fn accept(world: &mut World, changes: &Value) {
    let answer = deliver(world, changes);
    assert_eq!((answer.status(), answer.reply().body()), (200, ""), "{changes}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Status, error and description (§2.8).
pub fn refusal(answer: &Answer) -> (u16, String) {
    let body: Value = serde_json::from_str(answer.reply().body()).unwrap();
    assert_eq!((&body["error"], answer.header("cache-control")), (&json!("invalid_request"), Some("no-store")));
    (answer.status(), body["error_description"].as_str().unwrap().to_owned())
}

pub fn refused(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

/// Signs `person` in with browser `number`, as the provider's session `sid`.
pub fn sign_in(world: &mut World, number: usize, person: &str, sid: Option<&str>) {
    world.switch_to(number);
    world.person = person.to_owned();
    world.provider.response.claims.insert("sid", sid.map(|sid| json!(sid)));
    world.sign_in();
    world.advance(Duration::from_secs(1));
}

/// The browsers in which somebody is signed in.
pub fn signed_in(world: &mut World) -> Vec<usize> {
    let (kept, browsers) = (world.jars.clone(), 0..world.jars.len());
    let copies: Vec<String> = browsers
        .clone()
        .map(|number| {
            world.browser = number;
            world.cookie_line()
        })
        .collect();
    let passes = |number: &usize| world.send(&Request::fetch("/api").with("cookie", &copies[*number])).passed();
    let signed_in = browsers.filter(passes).collect();
    world.jars = kept;
    signed_in
}

/// Kim three times, once without the provider's `sid`, and somebody else.
pub fn four_sessions() -> World {
    let mut world = world();
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    sign_in(&mut world, 1, "kim@example.com", Some("s-1"));
    sign_in(&mut world, 2, "kim@example.com", None);
    sign_in(&mut world, 3, "lee@example.com", Some("s-3"));
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    world
}

// T-187, §2.7
#[test]
fn a_token_ends_the_sessions_that_it_names_and_no_others() {
    let cases = [
        (json!({ "sub": null, "sid": "s-1" }), vec![0, 2, 3]),
        (json!({ "sid": "s-1" }), vec![0, 3]),
        (json!({}), vec![3]),
        (json!({ "sub": "sub of lee@example.com" }), vec![0, 1, 2]),
        (json!({ "sub": null, "sid": "s-9" }), vec![0, 1, 2, 3]),
        (json!({ "sid": "s-9" }), vec![0, 1, 3]),
        (json!({ "sub": "kim@example.com" }), vec![0, 1, 2, 3]),
        (json!({ "sub": null, "sid": KIM }), vec![0, 1, 2, 3]),
    ];
    for (changes, left) in cases {
        let mut world = four_sessions();
        accept(&mut world, &changes);
        assert_eq!(signed_in(&mut world), left, "{changes}");
        let counted = world.events.iter().filter(|event| **event == Event::LogoutToken { accepted: true });
        assert_eq!(counted.count(), 1);
    }
}

#[test]
fn sessions_end_at_every_worker_and_not_at_other_gateways() {
    let mut world = world();
    world.add_worker(&tree());
    world.add_gateway(&tree());
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    world.worker = 1;
    accept(&mut world, &json!({}));
    for (worker, left) in [(0, vec![]), (1, vec![]), (2, vec![0])] {
        world.worker = worker;
        assert_eq!(signed_in(&mut world), left, "worker {worker}");
    }
}

// T-187
#[test]
fn who_signs_in_again_is_signed_in_and_a_token_sent_again_changes_nothing() {
    let mut world = world();
    world.add_worker(&tree());
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    let token = token(&world, &json!({}));
    world.advance(Duration::from_secs(31));
    assert_eq!(world.send(&delivery(&token)).status(), 200);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.get("/").status(), 302);
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    sign_in(&mut world, 1, "kim@example.com", Some("s-1"));
    for worker in [0, 1, 0] {
        world.worker = worker;
        assert_eq!(refusal(&world.send(&delivery(&token))), refused("logout_token_replayed"));
        world.advance(Duration::from_secs(20));
    }
    assert_eq!(signed_in(&mut world), [0, 1]);
    world.advance(Duration::from_secs(130));
    assert_eq!(refusal(&world.send(&delivery(&token))), refused("logout_token_expired"));
}

// T-187: a provider whose tokens last for hours does not make us remember them, and no replay is taken when we forget.
#[test]
fn a_replay_is_refused_for_as_long_as_the_token_is_good_and_by_its_age_from_then_on() {
    let mut world = world();
    sign_in(&mut world, 0, "lee@example.com", None);
    let token = token(&world, &json!({ "exp": world.now.secs() + 86_400 }));
    assert_eq!(world.send(&delivery(&token)).status(), 200);
    for _ in 0..90 {
        let code = if world.now.secs() < 1_795_180_001 + 660 { "logout_token_replayed" } else { "logout_token_stale" };
        assert_eq!(refusal(&world.send(&delivery(&token))), refused(code));
        world.advance(Duration::from_secs(10));
    }
}

#[test]
fn an_ended_session_is_not_refreshed_and_who_brings_it_signs_in() {
    let mut world = world();
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    world.advance(Duration::from_secs(4000));
    accept(&mut world, &json!({ "sub": null, "sid": "s-0" }));
    let kept = world.jar().clone();
    assert_eq!(world.send(&Request::fetch("/api")).said(), (401, "login_required".to_owned()));
    assert!(world.session().is_none(), "the cookie goes with the answer");
    *world.jar() = kept;
    assert!(world.get("/").location().starts_with("https://idp.example.net/authorize"));
    assert_eq!(world.provider.refreshed, 0);
}

#[test]
fn a_session_keeps_the_providers_name_for_it_through_a_refresh_that_does_not_say_it() {
    for renamed in [None, Some(json!("s-1"))] {
        let mut world = world();
        sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
        let name = if renamed.is_some() { "s-1" } else { "s-0" };
        world.provider.response.refreshed_claims.insert("sid", renamed);
        world.advance(Duration::from_secs(2900));
        assert!(world.get("/").passed() && world.provider.refreshed == 1);
        accept(&mut world, &json!({ "sub": null, "sid": "s-9" }));
        assert_eq!(signed_in(&mut world), [0]);
        accept(&mut world, &json!({ "sub": null, "sid": name }));
        assert_eq!(signed_in(&mut world), Vec::<usize>::new(), "{name}");
    }
}

#[test]
fn a_refresh_that_ends_after_the_logout_token_is_of_use_to_nobody() {
    let mut world = world();
    world.provider.response.rotation = Some(Duration::ZERO);
    sign_in(&mut world, 0, "kim@example.com", Some("s-0"));
    world.advance(Duration::from_secs(4000));
    world.network = Box::new(|_| Travel::Answer(Duration::from_secs(1)));
    let waiting = world.open(&Request::fetch("/api"));
    world.advance(Duration::from_millis(500));
    assert_eq!((world.provider.refreshed, world.waits(waiting)), (1, true));
    accept(&mut world, &json!({}));
    assert_eq!(world.answer(waiting).said(), (401, "login_required".to_owned()));
    world.advance(Duration::from_secs(3));
    assert_eq!(world.provider.alive(), Vec::<&str>::new(), "the new refresh token is revoked");
    assert_eq!(signed_in(&mut world), Vec::<usize>::new());
}

// T-188
#[test]
fn without_a_memory_of_what_was_here_no_token_is_taken() {
    let mut world = four_sessions();
    world.memory().break_down();
    assert_eq!(refusal(&deliver(&mut world, &json!({}))), (503, "memory_unavailable".to_owned()));
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
}

/// Fills the place that the token `jti` would be remembered in.
fn crowd_out(world: &World, jti: &str) {
    let keys = Keyring::new(&[Secret::new(KEY.to_owned())]).unwrap();
    let namespace = Namespace { cookie_name: "__Host-edge_oidc", scope: ORIGIN };
    let (table, now) = (Revoked::new(&namespace), world.now);
    let note = |jti: &str, mut memory: Memory| {
        let mut shared = Shared { keys: &keys, memory: &mut memory, entropy: &mut Stream(1), now };
        table.note(OIDC, jti, Duration::from_secs(600), &mut shared).unwrap();
        memory.names()
    };
    let here = note(jti, Memory::default());
    let beside = (0..).map(|number: u32| number.to_string()).filter(|other| note(other, Memory::default()) == here);
    for other in beside.take(64) {
        note(&other, world.memory().clone());
    }
}

// T-188
#[test]
fn a_token_that_could_not_be_remembered_ends_nobodys_session() {
    let mut world = four_sessions();
    crowd_out(&world, "one too many");
    let answer = deliver(&mut world, &json!({ "jti": "one too many" }));
    assert_eq!(refusal(&answer), (503, "memory_unavailable".to_owned()));
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    world.advance(Duration::from_secs(601));
    accept(&mut world, &json!({ "jti": "one too many" }));
    assert_eq!(signed_in(&mut world), [3]);
}

// T-188
#[test]
fn a_provider_that_is_told_to_try_again_may_send_the_same_token() {
    for (place, left) in [(".revoked.", vec![0, 1, 2, 3]), (".jti.", vec![3])] {
        let mut world = four_sessions();
        let token = token(&world, &json!({}));
        world.memory().refuse(Some(place));
        assert_eq!(refusal(&world.send(&delivery(&token))), (503, "memory_unavailable".to_owned()), "{place}");
        assert_eq!(signed_in(&mut world), left, "{place}");
        world.memory().refuse(None);
        world.memory().conflict(20);
        assert_eq!(world.send(&delivery(&token)).status(), 200, "{place}");
        assert_eq!(signed_in(&mut world), [3], "{place}");
        assert_eq!(refusal(&world.send(&delivery(&token))), refused("logout_token_replayed"));
    }
}

#[test]
fn without_a_path_for_it_there_is_no_such_endpoint() {
    let mut world = World::oidc();
    world.sign_in();
    let token = token(&world, &json!({}));
    assert_eq!(world.send(&delivery(&token)).said(), (401, "login_required".to_owned()));
    assert!(world.send(&Request::fetch(PATH).posting(&format!("logout_token={token}"))).passed());
    assert!(world.get("/").passed());
}

#[test]
fn it_is_an_endpoint_on_public_hosts_only_and_by_its_exact_path() {
    let mut world = four_sessions();
    let token = token(&world, &json!({}));
    assert_eq!(world.send(&delivery(&token).on("other.example.com")).said(), (401, "host_unknown".to_owned()));
    for path in [format!("{PATH}/"), format!("{PATH}x"), PATH.to_uppercase()] {
        assert_eq!(world.send(&Request { path, ..delivery(&token) }).said(), (401, "login_required".to_owned()));
    }
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
}

// T-89
#[test]
fn what_the_workers_share_shows_no_name_and_what_another_plugin_writes_there_ends_nobody() {
    let mut world = four_sessions();
    accept(&mut world, &json!({ "sid": "s-1" }));
    assert_eq!(world.memory().names().len(), 3, "a jti, a session and a person");
    let ours = |name: &String| {
        let parts: Vec<&str> = name.split('.').collect();
        let [prefix, namespace, table, place] = parts[..] else { return false };
        let hex = namespace.len() == 16 && namespace.bytes().all(|byte| byte.is_ascii_hexdigit());
        prefix == "edge_oidc" && hex && ["jti", "revoked"].contains(&table) && place.parse::<u16>().is_ok()
    };
    assert!(world.memory().names().iter().all(ours) && world.memory().size() < 1_000);
    let shown: String =
        world.memory().values().values().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    assert!(["s-1", "kim", "idp.example.net"].iter().all(|text| !shown.contains(text)), "{shown}");
    assert_eq!(signed_in(&mut world), [0, 3]);
    world.memory().scribble(b"another plugin's");
    assert_eq!(signed_in(&mut world), [0, 1, 2, 3]);
    accept(&mut world, &json!({}));
    assert_eq!(signed_in(&mut world), [3], "and is written over");
}

#[test]
fn a_clock_that_was_set_back_since_the_sign_in_keeps_nobody_signed_in() {
    let mut world = world();
    sign_in(&mut world, 0, "kim@example.com", None);
    assert!(world.get("/").passed());
    world.now = world.now.minus(Duration::from_secs(300));
    accept(&mut world, &json!({}));
    assert!(!world.get("/").passed());
}
