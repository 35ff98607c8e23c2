//! Pages of the operator's own in place of ours: who is sent there, who is not, and that nobody goes round in circles.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    choosing::rule,
    message::{Answer, Request},
    neighbours::AUTHORIZER,
    world::{START, Travel, World, url},
};

fn configured(tree: &mut Value, refused: &str, failed: &str) {
    tree["pages"] = json!({ "refusedUrl": refused, "failedUrl": failed });
    let asks = json!({ "groups": { "any": ["admins"] } });
    rule(tree, json!({ "match": { "path": { "prefix": "/admin" } }, "action": "authenticate", "require": asks }));
    rule(tree, json!({ "match": { "path": { "exact": "/no-access" }, "methods": ["GET"] }, "action": "allow" }));
    rule(tree, json!({ "match": { "path": { "exact": "/failed" } }, "action": "allow" }));
}

fn world() -> World {
    World::configured(|tree| configured(tree, "/no-access?error=x&lang=en", "/failed"))
}

const REFUSED: &str = "https://app.example.com/no-access?lang=en&error=";
const FAILED: &str = "https://app.example.com/failed?error=";

fn went(answer: &Answer, status: u16, page: &str, code: &str) {
    assert_eq!((answer.status(), answer.location()), (status, format!("{page}{code}").as_str()));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.reply().body().is_empty());
}

/// What the log and the metrics say of the latest request.
fn counted(world: &World) -> String {
    format!("{:?}", world.events.iter().rev().take(4).collect::<Vec<_>>())
}

#[test]
fn whoever_may_not_come_in_is_sent_to_the_page_for_that() {
    let mut world = world();
    world.sign_in();
    for (path, code) in [("/admin/x?error=hunter2", "requirement_unmet"), ("/internal", "denied")] {
        went(&world.get(path), 302, REFUSED, code);
        assert!(counted(&world).contains("Denied"), "{}", counted(&world));
        went(&world.send(&Request::navigation(path).by("POST")), 303, REFUSED, code);
        assert!(world.session().is_some());
    }
    assert!(world.get("/no-access?lang=en&error=denied").passed());
    let unverified = ("email_verified", Some(json!(false)));
    let mut world = self::world();
    world.provider.response.claims.extend([unverified]);
    let arrived = world.visit("/admin");
    assert_eq!(arrived.got(":path"), ["/no-access?lang=en&error=requirement_unmet"]);
    went(&world.get("/deep"), 302, REFUSED, "email_unverified");
    for (claims, code) in [(("email", None), "user_id_absent"), (("email", Some(json!("a\nb"))), "user_id_unusable")] {
        let mut world = self::world();
        world.provider.response.claims.extend([claims]);
        let answer = world.get("/deep");
        let callback = world.provider.authorize(&url(answer.location()), "kim@example.com");
        let back = world.go(&callback);
        assert_eq!(back.location(), "https://app.example.com/deep", "the sign-in itself did not fail");
        went(&world.get("/deep"), 302, REFUSED, code);
    }
}

#[test]
fn only_a_persons_navigation_is_sent_away() {
    let mut world = world();
    world.sign_in();
    for path in ["/admin", "/internal"] {
        for request in [
            Request::fetch(path),
            Request::bare(path),
            Request::navigation(path).set("sec-fetch-dest", "iframe"),
            Request::navigation(path).with("sec-purpose", "prefetch"),
            Request::bare(path).by("POST").with("content-type", "application/grpc"),
            Request::web_socket(path),
        ] {
            let answer = world.send(&request);
            assert!(answer.header("location").is_none(), "{path} {:?}", request.fields);
            let grpc = answer.reply().grpc_status().is_some();
            assert!(grpc || answer.status() == 403 && !answer.code().is_empty(), "{path} {:?}", answer.said());
        }
    }
}

#[test]
fn nobody_is_sent_to_the_page_that_they_ask_for() {
    let mut world = World::configured(|tree| {
        configured(tree, "/no-access", "https://app.example.com/failed");
        let path = json!({ "path": { "exact": "/no-access" }, "methods": ["POST", "HEAD"] });
        rule(tree, json!({ "match": path, "action": "deny" }));
    });
    for method in ["POST", "HEAD"] {
        let answer = world.send(&Request::navigation("/no-access?x=1").by(method));
        assert_eq!(answer.said(), (403, "denied".to_owned()), "{method}");
    }
}

#[test]
fn refusals_that_are_no_verdict_on_anybody_keep_their_page() {
    let mut world = world();
    world.sign_in();
    for (request, said) in [
        (Request::navigation("/oauth2/sign-out").set("sec-fetch-site", "cross-site"), (403, "cross_site_sign_out")),
        (
            Request::navigation("/oauth2/whoami").set("sec-fetch-site", "cross-site").set("sec-fetch-dest", "iframe"),
            (403, "whoami_foreign"),
        ),
        (Request::navigation("/a%2F..%2Fadmin"), (400, "ambiguous_path")),
        (Request::navigation("/oauth2/callback").by("POST"), (405, "method_not_allowed")),
    ] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (said.0, said.1.to_owned()));
    }
    let mut world = self::world();
    let form = world.send(&Request::navigation("/deep").by("POST"));
    assert_eq!(form.said(), (401, "login_required".to_owned()));
}

#[test]
fn a_sign_in_that_failed_at_the_callback_leads_to_the_page_for_that() {
    let mut world = world();
    went(&world.get("/oauth2/callback?code=x&state=hunter2"), 302, FAILED, "attempt_absent");
    went(
        &world.get("/oauth2/callback?error=access_denied&error_description=hunter2"),
        302,
        FAILED,
        "provider_access_denied",
    );
    went(&world.get("/oauth2/callback"), 302, FAILED, "callback_state_invalid");
    world.provider.response.claims.insert("nonce", Some(json!("another")));
    let callback = world.callback_for("/deep");
    went(&world.go(&callback), 302, FAILED, "id_token_nonce");
    assert!(world.session().is_none() && world.attempts().is_empty(), "the attempt is over all the same");
    assert!(counted(&world).contains("SignInFailed(\"id_token_nonce\")"), "{}", counted(&world));
    let program = world.send(&Request::bare("/oauth2/callback?code=x&state=y"));
    assert_eq!(program.said(), (400, "attempt_absent".to_owned()));
}

#[test]
fn a_sign_in_that_cannot_begin_leads_there_and_one_that_is_lost_does() {
    let mut world = world();
    world.network = Box::new(|_| Travel::Lose);
    went(&world.get("/deep"), 302, FAILED, "provider_unavailable");
    assert!(counted(&world).contains("Unavailable"), "{}", counted(&world));
    let mut world = self::world();
    went(&world.get("/oauth2/sign-in?provider=nobody"), 302, FAILED, "provider_unknown");
    // The browser keeps the mark of the sign-in, and not the session.
    world.sign_in();
    world.jar().cookies().retain(|cookie| !cookie.name.ends_with("edge_oidc"));
    went(&world.get("/deep"), 302, FAILED, "session_lost");
    assert!(world.get("/failed?error=session_lost").passed());
    let fetch = world.send(&Request::fetch("/deep"));
    assert_eq!(fetch.said(), (401, "login_required".to_owned()));
}

#[test]
fn a_refresh_that_fails_is_no_sign_in_that_failed() {
    let mut world = world();
    world.sign_in();
    world.now = START.plus(Duration::from_secs(4000));
    world.network = Box::new(|_| Travel::Lose);
    assert_eq!(world.get("/deep").said(), (503, "provider_unavailable".to_owned()));
}

#[test]
fn a_page_can_be_at_another_site_and_learns_our_code_alone() {
    let mut world = World::configured(|tree| {
        configured(tree, "https://www.example.com/help?x=1", "https://www.example.com/in?a=b");
    });
    world.sign_in();
    went(&world.get("/admin?x=hunter2"), 302, "https://www.example.com/help?x=1&error=", "requirement_unmet");
    world.jar().cookies().clear();
    went(
        &world.get("/oauth2/callback?code=hunter2&state=x"),
        302,
        "https://www.example.com/in?a=b&error=",
        "attempt_absent",
    );
}

#[test]
fn an_authorizer_that_refuses_is_a_refusal_and_one_that_is_silent_is_none() {
    let mut world = World::configured(|tree| {
        configured(tree, "/no-access?lang=en", "/failed");
        tree["externalAuthorization"] = json!({ "url": AUTHORIZER });
    });
    world.sign_in();
    for (status, refuses) in [(403, true), (503, false)] {
        world.network = Box::new(move |called| match called {
            "authorizer" => Travel::Status(Duration::from_millis(20), status),
            _ => Travel::Answer(Duration::from_millis(20)),
        });
        let answer = world.get("/deep");
        match refuses {
            true => went(&answer, 302, REFUSED, "authorizer_denied"),
            false => assert_eq!(answer.said(), (503, "authorizer_unavailable".to_owned())),
        }
    }
}

#[test]
fn a_stronger_sign_in_that_the_browser_lost_has_failed() {
    let mut world = World::configured(|tree| {
        configured(tree, "/no-access", "/failed");
        let demand = json!({ "acrValues": ["mfa"] });
        rule(tree, json!({ "match": { "path": { "prefix": "/mfa" } }, "action": "authenticate", "signIn": demand }));
    });
    world.sign_in();
    let weak = world.session().unwrap().to_owned();
    world.provider.response.claims.insert("acr", Some(json!("mfa")));
    assert!(world.visit("/mfa").passed());
    let sessions = world.jar().cookies().iter_mut().filter(|cookie| cookie.name.ends_with("edge_oidc"));
    sessions.for_each(|cookie| cookie.value.clone_from(&weak));
    went(&world.get("/mfa"), 302, FAILED, "sign_in_unmet");
}
