//! Our own addresses: exact paths on public hosts, and nothing anywhere else (T-140).

use std::time::Duration;

use edge_oidc::flow::event::Event;
use serde_json::{Value, json};

use crate::{
    aging::{DUE, OVER, rotating},
    message::Request,
    provider::Provider,
    sign_in::masked,
    world::{CALLBACK, CLIENT, SECRET, World, oidc_config, url},
};

fn query(location: &str, name: &str) -> String {
    url(location).query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

/// Two public addresses, one of them with a port.
fn two_addresses() -> World {
    let mut world =
        World::configured(|tree| tree["publicUrls"] = json!(["https://app.example.com", "https://b.example.com:8443"]));
    world.provider.want.redirect_uris.push("https://b.example.com:8443/oauth2/callback".to_owned());
    world
}

// T-140
#[test]
fn an_unknown_host_gets_no_redirect_no_cookie_and_no_endpoint() {
    let mut world = World::oidc();
    let hosts = [
        "evil.example",
        "app.example.com.evil.example",
        "app.example.com.",
        "app.example.com:8443",
        "sub.app.example.com",
        "[::1]",
    ];
    for host in hosts {
        for path in ["/", "/oauth2/sign-in", "/oauth2/sign-out", "/oauth2/callback?code=x&state=abc"] {
            let answer = world.send(&Request::navigation(path).on(host));
            assert_eq!(answer.said(), (401, "host_unknown".to_owned()), "{host}{path}");
            assert!(
                answer.cookies().is_empty()
                    && answer.header("location").is_none()
                    && !answer.reply().body().contains("href")
            );
        }
        assert!(world.send(&Request::navigation("/public").on(host)).passed());
        assert_eq!(world.send(&Request::navigation("/internal").on(host)).status(), 403);
    }
    let told = |event: &Event| matches!(event, Event::Log(line) if line.code == "host_unknown" && line.text.contains("publicUrls"));
    assert!(world.events.iter().any(told));
    assert!(world.provider.asked.is_empty());
}

#[test]
fn a_session_is_not_taken_on_a_host_that_is_not_public() {
    let mut world = World::oidc();
    world.sign_in();
    let now = world.now;
    let cookies = world.jar().line("app.example.com", "/", now).unwrap();
    let answer = world.send(&Request::fetch("/api").on("other.example.com").with("cookie", &cookies));
    assert_eq!(answer.said(), (401, "host_unknown".to_owned()));
}

// T-140, T-141
#[test]
fn redirect_uri_is_made_of_the_configured_address_however_the_host_is_written() {
    for host in ["app.example.com", "APP.Example.com", "app.example.com:443", "App.Example.Com:443"] {
        let answer = World::oidc().send(&Request::navigation("/deep").on(host));
        assert_eq!(query(answer.location(), "redirect_uri"), CALLBACK, "{host}");
    }
    let answer = two_addresses().send(&Request::navigation("/deep").on("b.example.com:8443"));
    assert_eq!(query(answer.location(), "redirect_uri"), "https://b.example.com:8443/oauth2/callback");
}

#[test]
fn each_public_address_has_its_own_sessions_and_attempts() {
    let mut world = two_addresses();
    let start = world.send(&Request::navigation("/deep").on("b.example.com:8443"));
    let callback = world.provider.authorize(&url(start.location()), "kim@example.com");
    let now = world.now;
    let attempt = world.jar().line("b.example.com", "/", now).unwrap();
    let elsewhere =
        Request::navigation(&format!("{}?{}", callback.path(), callback.query().unwrap())).with("cookie", &attempt);
    assert_eq!(world.send(&elsewhere).said(), (400, "attempt_absent".to_owned()));
    assert_eq!(world.go(&callback).location(), "https://b.example.com:8443/deep");
    let session = world.jar().line("b.example.com", "/", now).unwrap();
    assert!(world.send(&Request::fetch("/api").on("b.example.com:8443")).passed());
    assert_eq!(world.send(&Request::fetch("/api").with("cookie", &session)).status(), 401);
}

#[test]
fn an_endpoint_is_ours_by_its_exact_path_only() {
    let mut world = World::oidc();
    world.sign_in();
    let asked = world.provider.asked.len();
    let almost = [
        "/oauth2/callback/",
        "/oauth2/callback/x",
        "/OAuth2/callback",
        "/oauth2/callback;x",
        "//oauth2/callback",
        "/oauth2/%63allback",
        "/oauth2/./callback",
        "/oauth2/callback%3Fcode=x",
        "/oauth2/sign-out/",
        "/oauth2//sign-out",
        "/x?/oauth2/sign-out",
        "/oauth2",
    ];
    for path in almost {
        assert!(world.get(path).passed(), "{path}");
    }
    assert!(world.session().is_some() && world.provider.asked.len() == asked);
}

#[test]
fn the_endpoints_paths_are_those_configured() {
    let paths = json!({ "callback": "/login/oidc", "signIn": "/login", "signOut": "/logout" });
    let mut tree = oidc_config();
    tree["paths"] = paths;
    let mut world = World::new(&tree, Provider::oidc(CLIENT, SECRET, "https://app.example.com/login/oidc"));
    world.sign_in();
    assert!(world.get("/oauth2/sign-out").passed());
    assert_eq!(world.get("/logout").said(), (200, "signed_out".to_owned()));
}

#[test]
fn the_sign_in_endpoint_starts_a_sign_in_like_any_other() {
    let direct = masked(World::oidc().get("/deep").location());
    let mut world = World::oidc();
    let answer = world.get("/oauth2/sign-in?return_to=/deep");
    assert_eq!(masked(answer.location()), direct);
    assert_eq!(world.follow(answer).got(":path"), ["/deep"]);
}

#[test]
fn whoever_is_signed_in_passes_the_sign_in_endpoint_without_the_provider() {
    let mut world = World::oidc();
    world.sign_in();
    let asked = world.provider.asked.len();
    assert_eq!(world.get("/oauth2/sign-in?return_to=/deep?x=1").location(), "https://app.example.com/deep?x=1");
    assert_eq!(world.get("/oauth2/sign-in").location(), "https://app.example.com/");
    assert_eq!(world.get("/oauth2/sign-in?return_to=/a&return_to=/b").location(), "https://app.example.com/");
    assert_eq!(world.provider.asked.len(), asked);
}

#[test]
fn nobody_who_touches_the_sign_in_endpoint_ends_a_session_that_stands_or_can_be_renewed() {
    let path = "/oauth2/sign-in?return_to=/deep";
    for age in [Duration::ZERO, DUE, OVER] {
        let touches = [
            Request::fetch(path),
            Request::navigation(path).with("sec-purpose", "prefetch"),
            Request::navigation(path).set("sec-fetch-dest", "iframe"),
            Request::navigation(path).by("POST"),
            Request::web_socket(path),
        ];
        for request in touches {
            let mut world = rotating(age, 0);
            world.send(&request);
            assert!(world.session().is_some(), "{age:?} {request:?}", request = request.fields);
        }
    }
}

#[test]
fn the_sign_in_endpoint_takes_no_form_and_redirects_no_program() {
    let mut world = World::oidc();
    let path = "/oauth2/sign-in?return_to=/deep";
    assert_eq!(world.send(&Request::navigation(path).by("POST")).said(), (405, "method_not_allowed".to_owned()));
    let answer = world.send(&Request::fetch(path));
    assert_eq!(answer.said(), (401, "login_required".to_owned()));
    let frame = world.send(&Request::navigation(path).set("sec-fetch-dest", "iframe"));
    assert!(frame.reply().body().contains("target=\"_top\"") && world.attempts().is_empty());
    assert!(world.visit(&frame.link()).passed());
}

#[test]
fn a_public_rule_for_everything_leaves_our_endpoints_ours() {
    let everything = |tree: &mut Value| tree["routes"] = json!([{ "action": "allow" }]);
    let mut world = World::configured(everything);
    assert!(world.get("/").passed());
    assert_eq!(world.get("/oauth2/sign-in").status(), 302);
    assert_eq!(world.get("/oauth2/callback?code=x&state=abc").status(), 400);
    // Elsewhere they are the application's.
    for path in ["/oauth2/sign-in", "/oauth2/sign-out", "/oauth2/callback?code=x&state=abc"] {
        assert!(world.send(&Request::navigation(path).on("other.example.com")).passed(), "{path}");
    }
}
