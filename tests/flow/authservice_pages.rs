//! The homepage, where a bare callback leads, and the page after sign-in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authservice::{HOMEPAGE, config, script, signed_in, text, world, world_with},
    message::{Answer, Request},
    provider::Provider,
    world::{CLIENT, SECRET, World, url},
};

const BARE: &str = "/authservice/oidc/callback";

fn page(answer: &Answer) -> String {
    assert_eq!(answer.said(), (200, "homepage".to_owned()));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    answer.reply().body().to_owned()
}

fn says_nobody(answer: &Answer) {
    let body = page(answer);
    assert!(
        body.contains("You are not signed in") && body.contains("<a class=\"go\" href=\"/oauth2/sign-in\">Sign in</a>")
    );
    assert!(!body.contains("<form") && !body.contains("kim"));
    assert!(answer.header("content-security-policy").unwrap().contains("form-action 'none'"));
}

#[test]
fn the_homepage_tells_everyone_who_is_signed_in() {
    let mut world = world("x-auth-token");
    let answer = world.get(HOMEPAGE);
    says_nobody(&answer);
    assert!(answer.cookies().is_empty() && world.provider.asked.is_empty() && world.attempts().is_empty());
    world.sign_in();
    let answer = world.get(HOMEPAGE);
    let body = page(&answer);
    assert!(body.contains("You are signed in") && body.contains("<dt>You are</dt><dd>kim@example.com</dd>"), "{body}");
    assert!(body.contains("<a class=\"go\" href=\"/\">Continue</a>"));
    assert!(
        body.contains("<form method=\"post\" action=\"/authservice/logout\"><button class=\"go\">Sign out</button>")
    );
    assert!(!answer.header("content-security-policy").unwrap().contains("form-action"));
    assert!(world.session().is_none() && !world.cookie_line().is_empty());
    says_nobody(&world.send(&Request::bare(HOMEPAGE).with("cookie", "")));
}

#[test]
fn the_homepage_renews_nothing_and_deletes_what_stands_for_nothing() {
    let mut world = signed_in(world("x-auth-token"));
    world.advance(Duration::from_secs(4000));
    assert!(page(&world.get(HOMEPAGE)).contains("kim@example.com"), "a refresh may renew it");
    assert_eq!(world.provider.refreshed, 0);
    let line = world.cookie_line();
    world.send(&Request::navigation("/authservice/logout").with("cookie", &line));
    let answer = world.send(&Request::navigation(HOMEPAGE).with("cookie", &line));
    says_nobody(&answer);
    assert!(answer.cookies()[0].contains("Max-Age=0"));
    let answer = world.send(&Request::navigation(HOMEPAGE).with("cookie", "authservice_session=x"));
    says_nobody(&answer);
    assert!(answer.cookies()[0].starts_with("authservice_session=; "));
}

// T-191
#[test]
fn another_sites_page_learns_nothing_from_the_homepage() {
    let mut world = signed_in(world("x-auth-token"));
    for request in [Request::fetch(HOMEPAGE), Request::navigation(HOMEPAGE).set("sec-fetch-dest", "iframe")] {
        for site in ["cross-site", "same-site"] {
            let answer = world.send(&request.clone().set("sec-fetch-site", site));
            assert_eq!(answer.said(), (403, "whoami_foreign".to_owned()), "{site}");
        }
    }
    // A person who follows a link sees their own page.
    assert!(page(&world.send(&Request::navigation(HOMEPAGE).set("sec-fetch-site", "cross-site"))).contains("kim@"));
    for method in ["POST", "HEAD", "OPTIONS"] {
        let answer = world.send(&Request::navigation(HOMEPAGE).by(method));
        assert_eq!((answer.status(), answer.header("allow")), (405, Some("GET")), "{method}");
    }
    assert_eq!(world.send(&Request::navigation(HOMEPAGE).on("other.example.com")).said().1, "host_unknown");
}

#[test]
fn the_homepage_takes_a_session_in_the_header() {
    let mut world = signed_in(world("x-auth-token"));
    let text = text(&world);
    assert!(page(&world.send(&script(HOMEPAGE, "x-auth-token", &text))).contains("kim@example.com"));
    let answer = world.send(&Request::navigation(HOMEPAGE).with("x-auth-token", "x"));
    says_nobody(&answer);
    assert!(answer.cookies().is_empty(), "the cookie is as good as ever");
}

#[test]
fn without_the_setting_the_homepage_is_a_path_like_any_other() {
    let mut world =
        signed_in(world_with("x-auth-token", |tree| drop(tree["paths"].as_object_mut().unwrap().remove("homepage"))));
    assert_eq!(world.get(HOMEPAGE).got(":path"), [HOMEPAGE]);
    assert_eq!(world.get(BARE).said(), (400, "callback_state_invalid".to_owned()));
    assert_eq!(world.get(&format!("{BARE}?x=1")).said(), (400, "callback_state_invalid".to_owned()));
}

#[test]
fn a_callback_that_nobody_was_sent_to_leads_to_the_homepage() {
    let mut world = world("x-auth-token");
    for query in ["", "?", "?x=1", "?codes=1&State=2"] {
        let answer = world.get(&format!("{BARE}{query}"));
        assert_eq!((answer.status(), answer.location()), (302, "https://app.example.com/authservice/site/homepage"));
    }
    says_nobody(&world.visit(BARE));
    for (query, code) in [
        ("?code=x", "callback_state_invalid"),
        ("?state=abc", "attempt_absent"),
        ("?state", "callback_state_invalid"),
        ("?code=x&state=abc", "attempt_absent"),
        ("?%63ode=x", "callback_state_invalid"),
    ] {
        assert_eq!(world.get(&format!("{BARE}{query}")).said(), (400, code.to_owned()), "{query}");
    }
    assert_eq!(world.send(&Request::navigation(BARE).by("POST")).status(), 405);
}

// F-16
#[test]
fn a_provider_that_refuses_is_shown_and_leads_to_no_homepage() {
    let mut world = world("x-auth-token");
    let answer = world.get(&format!("{BARE}?error=access_denied"));
    assert_eq!(answer.said(), (403, "provider_access_denied".to_owned()));
    assert!(answer.reply().body().contains("The sign-in was declined."));
}

fn after(url: &str) -> World {
    world_with("x-auth-token", |tree| tree["afterSignIn"] = json!({ "url": url }))
}

/// Where the browser goes after signing in for `path`.
fn lands(world: &mut World, path: &str) -> String {
    let callback = world.callback_for(path);
    let answer = world.go(&callback);
    assert_eq!(answer.status(), 302);
    answer.location().to_owned()
}

// M-10
#[test]
fn a_completed_sign_in_leads_to_its_page_which_learns_what_was_wanted() {
    let mut world = after("/welcome?a=b&next=x");
    assert_eq!(lands(&mut world, "/x?y=1"), "https://app.example.com/welcome?a=b&next=%2Fx%3Fy%3D1");
    let answer = world.get("/welcome?a=b&next=%2Fx%3Fy%3D1");
    assert_eq!(answer.got(":path"), ["/welcome?a=b&next=%2Fx%3Fy%3D1"], "and the session is there");
    // Who is signed in goes straight on.
    assert_eq!(world.get("/oauth2/sign-in?return_to=/x").location(), "https://app.example.com/x");
    let mut world = after("https://www.example.com/in");
    assert_eq!(lands(&mut world, "/x?y=1"), "https://www.example.com/in?next=%2Fx%3Fy%3D1");
}

// F-14
#[test]
fn what_the_page_learns_is_never_the_address_of_another_host() {
    let mut world = after("/in");
    for (asked, next) in [
        ("//evil.example", "%2F"),
        ("https://evil.example/", "%2F"),
        ("/x?a=b%26c", "%2Fx%3Fa%3Db%26c"),
        ("/x%23top", "%2Fx"),
        ("/%09/evil.example", "%2F"),
        ("/\\evil.example", "%2F"),
        ("/x&next=https://evil.example", "%2Fx"),
    ] {
        world.jar().cookies().clear();
        let location = lands(&mut world, &format!("/oauth2/sign-in?return_to={asked}"));
        assert_eq!(location, format!("https://app.example.com/in?next={next}"), "{asked}");
    }
}

#[test]
fn the_mark_against_loops_holds_on_the_page_after_sign_in() {
    let mut world = after("/in");
    let callback = world.callback_for("/x");
    let answer = world.go(&callback);
    world.jar().cookies().retain(|cookie| !cookie.name.ends_with("_session"));
    assert_eq!(world.follow(answer).said(), (401, "session_lost".to_owned()));
}

#[test]
fn with_many_hosts_it_is_on_the_one_where_the_person_began() {
    let mut tree: Value = config("x-auth-token");
    tree["publicUrls"] = json!(["https://auth.example.com", "https://*.apps.example.com"]);
    tree["callbackUrl"] = json!("https://auth.example.com");
    tree["session"]["cookie"]["domain"] = json!("example.com");
    tree["afterSignIn"] = json!({ "url": "/in", "parameter": "to" });
    let mut world =
        World::new(&tree, Provider::oidc(CLIENT, SECRET, "https://auth.example.com/authservice/oidc/callback"));
    let start = world.send(&Request::navigation("/x?y").on("a.apps.example.com"));
    let callback = world.authorize(&url(start.location()));
    assert_eq!(callback.host_str(), Some("auth.example.com"));
    assert_eq!(world.go(&callback).location(), "https://a.apps.example.com/in?to=%2Fx%3Fy");
    // A host that is none of ours any more, and its paths, mean nothing.
    let start = world.send(&Request::navigation("/x").on("b.apps.example.com").with("cookie", ""));
    let callback = world.authorize(&url(start.location()));
    tree["publicUrls"] = json!(["https://auth.example.com"]);
    world.restart(&tree);
    assert_eq!(world.go(&callback).location(), "https://auth.example.com/in?to=%2F");
}
