//! Another proxy asks whether it may let a request pass: 204, 401, 403 or 503, and never a redirect (T-24, T-25).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    choosing::rule,
    message::{Answer, Request},
    programs::{access_token, id_token},
    world::{Travel, World},
};

fn configure(tree: &mut Value) {
    tree["paths"] = json!({ "verify": "/oauth2/verify" });
    tree["providers"][0]["bearer"] = json!([
        { "kind": "id_token", "audiences": ["kubelogin"] },
        { "kind": "access_token", "audiences": ["edge"] },
    ]);
    let path = |path: &str| json!({ "path": { "prefix": path } });
    let reads = json!({ "path": { "prefix": "/files" }, "methods": ["GET", "HEAD"] });
    rule(tree, json!({ "match": path("/files"), "action": "deny" }));
    rule(tree, json!({ "match": reads, "action": "allow" }));
    rule(tree, json!({ "match": path("/open"), "action": "authenticate", "unauthenticated": "pass" }));
    rule(tree, json!({ "match": path("/people"), "action": "authenticate", "unauthenticated": "login" }));
    rule(
        tree,
        json!({ "match": path("/admin"), "action": "authenticate", "require": { "groups": { "any": ["admins"] } } }),
    );
    rule(tree, json!({ "match": path("/mfa"), "action": "authenticate", "signIn": { "acrValues": ["mfa"] } }));
}

fn world() -> World {
    World::configured(configure)
}

/// What the proxy asks about `path`.
fn question(path: &str) -> Request {
    Request::bare(&format!("/oauth2/verify{path}"))
}

/// The fields that the proxy may hand on.
fn fields(answer: &Answer) -> Vec<(String, String)> {
    let own = ["cache-control", "x-content-type-options", "set-cookie"];
    let fields = answer.reply().fields().filter(|(name, _)| !own.contains(name));
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn nobody(answer: &Answer) {
    assert_eq!((answer.status(), answer.reply().body(), fields(answer)), (204, "", Vec::new()));
}

fn kim() -> Vec<(String, String)> {
    let fields =
        [("kubeflow-userid", "kim@example.com"), ("kubeflow-groups", "team-a,b%2Cc"), ("x-user-name", "Kim Park")];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

// A page's script can ask, too.
#[test]
fn no_token_goes_with_a_verdict() {
    let mut world = World::configured(|tree| {
        configure(tree);
        tree["identity"]["forward"] = json!({
            "idToken": { "header": "authorization" },
            "accessToken": { "header": "x-access-token" },
        });
    });
    world.sign_in();
    assert!(!world.send(&Request::fetch("/")).got("x-access-token").is_empty());
    assert_eq!(fields(&world.send(&question("/"))), kim());
}

#[test]
fn whoever_is_signed_in_passes_with_the_headers_that_applications_get() {
    let mut world = world();
    world.sign_in();
    for path in ["/", "/x", "/x?y=1", "", "/people", "/open/x", "/oauth2/whoami", "/oauth2/callback?code=1&state=2"] {
        let answer = world.send(&question(path).with("kubeflow-userid", "root@example.com"));
        assert_eq!((answer.status(), answer.reply().body(), fields(&answer)), (204, "", kim()), "{path}");
        assert!(answer.cookies().is_empty());
    }
    let token = |token: String| question("/x").with("cookie", "").with("authorization", &format!("Bearer {token}"));
    let answer = world.send(&token(access_token(&world, &json!({}))));
    assert_eq!((answer.status(), fields(&answer)[0].1.as_str()), (204, "kim@example.com"));
    let answer = world.send(&token(id_token(&world, &json!({ "email": "lee@example.com" }))));
    assert_eq!((answer.status(), fields(&answer)[0].1.as_str()), (204, "lee@example.com"));
}

#[test]
fn nobody_is_told_401_and_never_sent_anywhere() {
    let mut world = world();
    for path in ["/", "/x", "/people", "/admin", "/mfa", "/oauth2/sign-in", "/oauth2/verify/public"] {
        for request in [
            question(path),
            Request::navigation(&format!("/oauth2/verify{path}")),
            question(path).by("POST").with("content-type", "application/grpc"),
            Request::web_socket(&format!("/oauth2/verify{path}")),
            question(path).with("x-forwarded-method", "GET").by("DELETE"),
        ] {
            let answer = world.send(&request);
            assert_eq!(answer.said(), (401, "login_required".to_owned()), "{path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"app.example.com\""));
            assert!(answer.header("location").is_none() && world.attempts().is_empty());
        }
    }
    let answer = world.send(&question("/x").with("cookie", "__Host-edge_oidc=x"));
    assert!(answer.status() == 401 && answer.cookies()[0].contains("Max-Age=0"));
    let answer = world.send(&question("/x").with("authorization", "Bearer x"));
    assert_eq!(answer.status(), 401);
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

#[test]
fn rules_for_nobody_say_204_without_headers_and_rules_for_none_say_403() {
    let mut world = world();
    for signed_in in [false, true] {
        if signed_in {
            world.sign_in();
        }
        nobody(&world.send(&question("/public/page").with("kubeflow-userid", "root")));
        assert_eq!(world.send(&question("/internal/x")).said(), (403, "denied".to_owned()));
    }
    let anonymous = |request: Request| request.with("cookie", "theme=dark").with("kubeflow-userid", "root");
    nobody(&world.send(&anonymous(question("/open/x"))));
    assert_eq!(world.send(&question("/admin")).said(), (403, "requirement_unmet".to_owned()));
    assert_eq!(world.get("/oauth2/verify/admin").said(), (403, "requirement_unmet".to_owned()));
}

// T-25
#[test]
fn a_path_that_reads_in_two_ways_does_not_pass() {
    let mut world = world();
    world.sign_in();
    for path in [
        "/public/../internal/x",
        "/public/%2e%2e/internal",
        "/public%2f..%2finternal",
        "//internal",
        "/public/..%5cinternal",
    ] {
        let answer = world.send(&question(path));
        assert_eq!(answer.status(), 403, "{path}: {:?}", answer.said());
    }
    // And none of these is the endpoint at all.
    world.jar().cookies().clear();
    for path in [
        "/oauth2/%76erify/public",
        "/oauth2/verifypublic",
        "/OAUTH2/verify/public",
        "/oauth2/verify%2fpublic",
        "//oauth2/verify/public",
    ] {
        let answer = world.send(&Request::navigation(path));
        assert!(answer.status() == 302 || answer.status() == 400, "{path}: {:?}", answer.said());
    }
}

// T-24
#[test]
fn no_header_and_no_parameter_names_another_path_method_or_host() {
    let mut world = world();
    for name in [
        "x-forwarded-uri",
        "x-forwarded-path",
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
        "x-envoy-original-path",
        "x-auth-request-redirect",
        "x-original-path",
        "referer",
    ] {
        let lie = |path: &str, value: &str| question(path).with(name, value);
        assert_eq!(world.send(&lie("/x", "/public")).status(), 401, "{name}");
        assert_eq!(world.send(&lie("/internal", "/public")).status(), 403, "{name}");
        assert_eq!(world.send(&lie("/public", "/internal")).status(), 204, "{name}");
    }
    for name in ["x-forwarded-method", "x-original-method", "x-http-method-override", "x-http-method"] {
        assert_eq!(world.send(&question("/files").by("PUT").with(name, "GET")).status(), 403, "{name}");
        // What an application may take for the method must be allowed, too.
        let verdict = if name.starts_with("x-http") { 403 } else { 204 };
        assert_eq!(world.send(&question("/files").with(name, "PUT")).status(), verdict, "{name}");
    }
    assert_eq!(world.send(&question("/x?path=/public&uri=/public")).status(), 401);
    assert_eq!(
        world.send(&question("/x").with("x-forwarded-host", "app.example.com").on("other.example.com")).status(),
        401
    );
    assert_eq!(world.send(&question("/public").on("other.example.com")).said(), (401, "host_unknown".to_owned()));
}

#[test]
fn it_is_the_method_of_the_question_that_counts() {
    let mut world = world();
    for (method, status) in [("GET", 204), ("HEAD", 204), ("POST", 403), ("DELETE", 403)] {
        assert_eq!(world.send(&question("/files/x").by(method)).status(), status, "{method}");
    }
}

#[test]
fn a_sign_in_that_is_too_weak_is_told() {
    let mut world = world();
    world.sign_in();
    for request in [question("/mfa"), Request::navigation("/oauth2/verify/mfa")] {
        let answer = world.send(&request);
        assert_eq!(answer.said(), (401, "sign_in_too_weak".to_owned()));
        assert!(answer.header("www-authenticate").unwrap().contains("acr_values=\"mfa\""));
    }
    assert!(world.session().is_some());
}

#[test]
fn a_session_is_renewed_on_the_way_and_given_with_the_verdict_whatever_that_is() {
    for (path, status) in [("/x", 204), ("/admin", 403)] {
        let mut world = world();
        world.sign_in();
        let before = world.session().unwrap().to_owned();
        world.advance(Duration::from_secs(4000));
        world.provider.response.refreshed_claims.insert("name", Some(json!("Kim P. Park")));
        let answer = world.send(&question(path));
        assert_eq!(answer.status(), status);
        assert!(status != 204 || fields(&answer)[2].1 == "Kim P. Park");
        assert!(world.provider.refreshed == 1 && world.session().is_some_and(|session| *session != before), "{path}");
        assert_eq!(world.send(&question("/x")).status(), 204);
    }
}

#[test]
fn what_cannot_be_told_now_is_503_and_the_session_stays() {
    let mut world = world();
    world.sign_in();
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(5), 503));
    world.advance(Duration::from_secs(4000));
    let answer = world.send(&question("/x"));
    assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()));
    assert!(answer.header("retry-after").is_some() && world.session().is_some());
    nobody(&world.send(&question("/open").with("kubeflow-userid", "root")));
}

#[test]
fn a_connection_that_another_sites_page_opens_does_not_pass() {
    let mut world = world();
    world.sign_in();
    let socket = || Request::web_socket("/oauth2/verify/ws");
    assert_eq!(world.send(&socket().with("origin", "https://app.example.com")).status(), 204);
    assert_eq!(
        world.send(&socket().with("origin", "https://evil.example")).said(),
        (403, "cross_origin_upgrade".to_owned())
    );
}

#[test]
fn every_verdict_is_one_of_four() {
    let mut world = World::configured(|tree| {
        configure(tree);
        tree["identity"]["userId"]["claim"] = json!("nickname");
    });
    assert_eq!(world.send(&question("/x").with("authorization", "Bearer")).status(), 403, "malformed");
    world.visit("/");
    assert_eq!(world.send(&question("/x")).said(), (403, "user_id_absent".to_owned()));
    for reply in &world.replies {
        assert!(reply.status() == 302 || [204, 401, 403, 503].contains(&reply.status()));
    }
}

#[test]
fn without_the_setting_it_is_a_path_like_any_other() {
    let mut world = World::oidc();
    assert_eq!(world.get("/oauth2/verify/public").status(), 302);
    world.sign_in();
    assert_eq!(world.get("/oauth2/verify/public").got(":path"), ["/oauth2/verify/public"]);
}
