//! Signing out by an argument in the query of any path (T-72, T-186): as at the endpoint, and nothing else by it.

use serde_json::json;

use crate::{
    choosing::rule,
    message::{Answer, Request},
    world::{ORIGIN, World},
};

fn world() -> World {
    let mut world = World::configured(|tree| {
        tree["paths"] = json!({ "signOutArgument": "logout", "verify": "/oauth2/verify" });
        rule(
            tree,
            json!({ "match": { "path": { "prefix": "/login" } }, "action": "authenticate", "unauthenticated": "login" }),
        );
    });
    world.sign_in();
    world
}

/// What became of it, and whether somebody is still signed in.
fn sent(request: &Request) -> (Answer, bool) {
    let mut world = world();
    let answer = world.send(request);
    let stays = world.session().is_some();
    assert_eq!(stays, world.get("/").passed());
    (answer, stays)
}

fn own(request: Request) -> Request {
    request.set("sec-fetch-site", "same-origin").set("origin", ORIGIN)
}

#[test]
fn a_persons_link_or_form_with_the_argument_signs_out_at_any_path() {
    for path in [
        "/?logout",
        "/deep?logout=",
        "/deep?x=1&logout=0",
        "/deep?%6Cogout=no",
        "/public/x?logout",
        "/internal?logout",
        "/a%2fb/..?logout",
    ] {
        for request in [Request::navigation(path), own(Request::navigation(path).by("POST"))] {
            let (answer, stays) = sent(&request);
            assert_eq!(answer.said(), (200, "signed_out".to_owned()), "{path}");
            assert!(!stays, "{path}");
        }
    }
    let (answer, stays) = sent(&own(Request::fetch("/deep?logout").by("POST")));
    assert!(answer.reply().body().contains("\"signed_out\":true") && !stays);
}

#[test]
fn it_leads_where_the_endpoint_would() {
    let landing = |query: &str| sent(&Request::navigation(&format!("/deep?logout=1&{query}"))).0;
    assert_eq!(landing("return_to=%2Fbye%3Fx").location(), "https://app.example.com/bye?x");
    for away in ["return_to=//evil.example", "return_to=https://evil.example/", "return_to=/a&return_to=/b", "rd=/bye"]
    {
        assert_eq!(landing(away).said().1, "signed_out", "{away}");
    }
    let mut world = World::cognito();
    let mut tree = crate::world::cognito_config();
    tree["paths"] = json!({ "signOutArgument": "logout" });
    world.restart(&tree);
    world.sign_in();
    let (by_argument, by_path) = (world.get("/deep?logout"), world.get("/oauth2/sign-out"));
    assert_eq!(by_argument.location(), by_path.location());
    assert_eq!(world.provider.revoked.len(), 1);
}

// T-72, T-186
#[test]
fn a_page_of_another_site_must_ask_first() {
    let cross = Request::navigation("/deep?logout").set("sec-fetch-site", "cross-site");
    let form = Request::navigation("/deep?logout")
        .by("POST")
        .set("sec-fetch-site", "cross-site")
        .with("origin", "https://evil.example");
    let old = Request::bare("/deep?logout").with("accept", "text/html").with("referer", "https://evil.example/x");
    for request in [cross, form, old] {
        let (answer, stays) = sent(&request);
        assert_eq!(answer.said(), (403, "cross_site_sign_out".to_owned()));
        assert!(stays && answer.link() == "/oauth2/sign-out");
    }
}

#[test]
fn what_the_endpoint_does_not_take_goes_on_by_the_rules() {
    for request in [
        Request::fetch("/deep?logout"),
        Request::fetch("/deep?logout").with("sec-fetch-site", "same-origin"),
        Request::navigation("/deep?logout").set("sec-fetch-dest", "iframe"),
        Request::navigation("/deep?logout").with("sec-purpose", "prefetch"),
        Request::navigation("/deep?logout").by("HEAD"),
        Request::navigation("/deep?logout").by("PUT"),
        Request::bare("/deep?logout").set("sec-fetch-mode", "no-cors").set("sec-fetch-dest", "image"),
        Request::navigation("/deep?Logout"),
        Request::navigation("/deep?logouts=1&x=logout"),
        Request::navigation("/deep/logout"),
        Request::web_socket("/deep?logout").with("origin", ORIGIN),
    ] {
        let (answer, stays) = sent(&request);
        assert!(answer.passed() && stays, "{} {}", request.method, request.path);
    }
    let (answer, stays) = sent(&Request::fetch("/internal?logout"));
    assert_eq!((answer.said().1, stays), ("denied".to_owned(), true));
    // A program's GET of a page that sends it to sign in is no person's, either.
    assert!(sent(&Request::bare("/login?logout")).0.passed());
}

// T-20
#[test]
fn no_rule_is_got_round_by_it() {
    for path in ["/deep?logout", "/internal?logout", "/public?logout", "/login?logout"] {
        let mut world = World::configured(|tree| tree["paths"] = json!({ "signOutArgument": "logout" }));
        assert!(!world.get(path).passed(), "{path}");
        let answer = world.send(&own(Request::fetch(path).by("POST")));
        assert_eq!(answer.status(), 200, "{path}");
        assert!(path.starts_with("/public") || !world.send(&Request::fetch(path)).passed(), "{path}");
    }
}

#[test]
fn our_own_endpoints_and_questions_of_other_proxies_are_what_they_were() {
    let mut world = world();
    assert_eq!(world.get("/oauth2/sign-in?logout&return_to=/x").location(), "https://app.example.com/x");
    assert_eq!(world.get("/oauth2/whoami?logout").status(), 200);
    for request in [
        Request::navigation("/oauth2/verify/deep?logout"),
        own(Request::fetch("/oauth2/verify/deep?logout").by("POST")),
    ] {
        assert_eq!(world.send(&request).status(), 204);
    }
    assert!(world.session().is_some());
    let callback = world.callback_for("/oauth2/sign-in?again=true&return_to=/back");
    let callback = format!("{}?{}&logout", callback.path(), callback.query().unwrap());
    assert_eq!(world.get(&callback).location(), "https://app.example.com/back");
}

#[test]
fn at_a_host_of_nobodys_and_without_the_setting_it_is_an_argument_like_any_other() {
    let (answer, stays) = sent(&Request::navigation("/public?logout").on("other.example.com"));
    assert!(answer.passed() && stays);
    let mut world = World::oidc();
    world.sign_in();
    assert!(world.get("/deep?logout").passed() && world.session().is_some());
}
