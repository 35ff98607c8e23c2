//! The provider signs people out in a frame of its own page (OpenID Connect Front-Channel Logout 1.0; T-187).

use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{World, oidc_config},
};

const ISSUER: &str = "https%3A%2F%2Fidp.example.net";

fn tree() -> Value {
    let mut tree = oidc_config();
    tree["paths"] = json!({ "frontChannel": "/oauth2/front-channel" });
    tree["session"]["cookie"] = json!({ "sameSite": "None" });
    tree
}

/// A person whose session at the provider is called `s1`.
fn signed_in() -> World {
    let mut world = World::oidc();
    world.restart(&tree());
    world.provider.response.claims.insert("sid", Some(json!("s1")));
    world.sign_in();
    world
}

/// The provider's page loads its frame.
fn framed(world: &mut World, query: &str) -> Answer {
    let path = format!("/oauth2/front-channel{query}");
    let frame = Request::navigation(&path).set("sec-fetch-dest", "iframe").set("sec-fetch-site", "cross-site");
    world.send(&frame)
}

fn is_signed_in(world: &mut World, cookies: &str) -> bool {
    world.send(&Request::fetch("/api").with("cookie", cookies)).passed()
}

// The conformance module oidcc-client-test-rp-frontchannel-rpinitlogout.
#[test]
fn a_frame_that_names_the_session_ends_it_and_every_copy_of_its_cookie() {
    let mut world = signed_in();
    let copy = format!("__Host-edge_oidc={}", world.session().unwrap());
    let answer = framed(&mut world, &format!("?iss={ISSUER}&sid=s1"));
    assert_eq!((answer.status(), world.session()), (200, None));
    let policy = answer.header("content-security-policy").unwrap();
    assert_eq!(policy, "default-src 'none'; frame-ancestors https://idp.example.net");
    assert!(!is_signed_in(&mut world, &copy));
    assert_eq!(world.provider.revoked, Vec::<String>::new());
}

#[test]
fn a_frame_that_names_it_wrongly_or_not_at_all_changes_nothing_and_is_told_nothing() {
    let mut world = signed_in();
    let told = framed(&mut world, &format!("?iss={ISSUER}&sid=s2")).reply().clone();
    for query in [
        "".to_owned(),
        format!("?iss={ISSUER}"),
        "?sid=s1".to_owned(),
        "?iss=https%3A%2F%2Fevil.example&sid=s1".to_owned(),
        format!("?iss={ISSUER}&sid=s1&sid=s1"),
        format!("?iss={ISSUER}&sid="),
    ] {
        assert_eq!(framed(&mut world, &query).reply(), &told, "{query}");
        assert!(world.get("/").passed(), "{query}");
    }
}

#[test]
fn without_its_cookie_no_session_ends() {
    let mut world = signed_in();
    world.switch_to(1);
    assert_eq!(framed(&mut world, &format!("?iss={ISSUER}&sid=s1")).status(), 200);
    world.switch_to(0);
    assert!(world.get("/").passed());
}

#[test]
fn a_session_without_a_sid_cannot_be_named() {
    let mut world = World::oidc();
    world.restart(&tree());
    world.sign_in();
    for sid in ["", "null"] {
        framed(&mut world, &format!("?iss={ISSUER}&sid={sid}"));
        assert!(world.get("/").passed());
    }
}

#[test]
fn it_takes_get_alone_and_is_an_ordinary_path_unless_it_is_configured() {
    let mut world = signed_in();
    assert_eq!(world.send(&Request::fetch("/oauth2/front-channel").by("POST")).status(), 405);
    world.restart(&oidc_config());
    world.sign_in();
    assert!(world.get("/oauth2/front-channel").passed());
}
