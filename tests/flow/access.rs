//! What becomes of a request that nobody is known for, by its rule and by who asks (T-22, T-46, T-65).

use std::time::Duration;

use serde_json::json;

use crate::{
    choosing::{rule, sign_in_at},
    message::{Answer, Request},
    neighbours::PARTNER,
    provider::OIDC,
    world::{Travel, World},
};

const WAYS: [&str; 4] = ["auto", "login", "challenge", "pass"];

/// `/auto`, `/login`, `/challenge` and `/pass`, for people of `staff`.
fn world() -> World {
    World::two_providers(|tree| {
        for way in WAYS {
            let path = json!({ "path": { "prefix": format!("/{way}") } });
            rule(
                tree,
                json!({ "match": path, "action": "authenticate", "unauthenticated": way, "providers": ["staff"] }),
            );
        }
    })
}

/// One request of each kind of client.
fn clients(path: &str) -> [(&'static str, Request); 8] {
    let forged = |request: Request| request.with("kubeflow-userid", "root@example.com").with("x-user-name", "root");
    let navigation = forged(Request::navigation(path));
    [
        ("navigation", navigation.clone()),
        ("frame", navigation.clone().set("sec-fetch-dest", "iframe")),
        ("prefetch", navigation.clone().with("sec-purpose", "prefetch;prerender")),
        ("submission", navigation.posting("a=1")),
        ("program", forged(Request::bare(path))),
        ("write", forged(Request::bare(path).by("PUT"))),
        ("web_socket", forged(Request::web_socket(path))),
        ("grpc", forged(Request::bare(path).by("POST").with("content-type", "application/grpc+proto"))),
    ]
}

/// What somebody is told who is told so in `code`.
fn told(answer: &Answer, html: bool, code: &str) {
    assert_eq!(answer.said(), (401, code.to_owned()));
    assert_eq!(answer.header("content-type").unwrap().starts_with("text/html"), html);
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some("Bearer realm=\"app.example.com\""), "every 401 names a scheme");
    assert!(answer.header("location").is_none());
}

/// Judges `answer` to a client of this kind, at the rule `way`; nobody is known, and cookies say so with `code`.
fn judge(way: &str, kind: &str, answer: &Answer, code: &str) {
    match (way, kind) {
        ("pass", _) => {
            for name in ["kubeflow-userid", "kubeflow-groups", "x-user-name", "cookie"] {
                assert!(answer.got(name).is_empty(), "{kind} {name}");
            }
        }
        (_, "grpc") => assert_eq!(answer.reply().grpc_status().unwrap().code(), 16),
        ("auto" | "login", "navigation") | ("login", "program") => {
            assert!(answer.status() == 302 && answer.location().starts_with(OIDC), "{way} {kind}");
        }
        ("auto" | "login", "frame" | "prefetch" | "submission") => told(answer, true, code),
        _ => told(answer, false, code),
    }
}

#[test]
fn nobody_is_treated_as_the_rule_says_whoever_asks() {
    let mut world = world();
    for way in WAYS {
        for (kind, request) in clients(&format!("/{way}/x")) {
            let answer = world.send(&request);
            judge(way, kind, &answer, "login_required");
            assert!(answer.passed() || answer.status() == 302 || answer.cookies().is_empty(), "{way} {kind}");
        }
    }
}

// T-65
#[test]
fn cookies_that_open_nothing_are_nobody_and_are_deleted_wherever_it_is_we_who_answer() {
    let mut world = world();
    for way in WAYS {
        for (kind, request) in clients(&format!("/{way}/x")) {
            let answer = world.send(&request.with("cookie", "__Host-edge_oidc=AAAA; __Host-edge_oidc_1=B"));
            judge(way, kind, &answer, "login_required");
            let deleted = answer.cookies().iter().filter(|line| line.contains("Max-Age=0")).count();
            assert_eq!(deleted, if way == "pass" || kind == "grpc" { deleted } else { 2 }, "{way} {kind}");
        }
    }
}

#[test]
fn a_session_of_another_provider_is_nobody_that_stays() {
    let mut world = world();
    sign_in_at(&mut world, "partner");
    let session = world.session().unwrap().to_owned();
    for way in WAYS {
        for (kind, request) in clients(&format!("/{way}/x")) {
            let answer = world.send(&request);
            judge(way, kind, &answer, "other_provider");
            assert!(world.session() == Some(&session), "{way} {kind}");
        }
    }
}

#[test]
fn a_session_that_cannot_be_renewed_now_is_kept_and_only_those_who_may_be_nobody_pass() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    world.network = Box::new(|_| Travel::Status(Duration::from_millis(5), 503));
    world.advance(Duration::from_secs(4000));
    let session = world.session().unwrap().to_owned();
    for way in WAYS {
        for (kind, request) in clients(&format!("/{way}/x")) {
            let answer = world.send(&request);
            match (way, kind) {
                ("pass", _) => judge(way, kind, &answer, ""),
                (_, "grpc") => assert_eq!(answer.reply().grpc_status().unwrap().code(), 14),
                _ => assert_eq!(answer.said(), (503, "provider_unavailable".to_owned()), "{way} {kind}"),
            }
            assert!(world.session() == Some(&session), "{way} {kind}");
        }
    }
    world.network = Box::new(|_| Travel::Answer(Duration::from_millis(5)));
    world.advance(Duration::from_secs(60));
    for way in WAYS {
        assert_eq!(world.get(&format!("/{way}")).got("kubeflow-userid"), ["kim@example.com"]);
    }
}

#[test]
fn a_session_that_was_ended_is_nobody() {
    for way in WAYS {
        let mut world = world();
        sign_in_at(&mut world, "staff");
        // Without the mark that it has only just been made, which would be told.
        let copy = format!("__Host-edge_oidc={}", world.session().unwrap());
        world.get("/oauth2/sign-out");
        for (kind, request) in clients(&format!("/{way}/x")) {
            judge(way, kind, &world.send(&request.with("cookie", &copy)), "login_required");
        }
    }
}

#[test]
fn whoever_is_known_passes_at_every_rule_and_is_who_they_are() {
    let mut world = world();
    sign_in_at(&mut world, "staff");
    for way in WAYS {
        for (kind, request) in clients(&format!("/{way}/x")) {
            let answer = world.send(&request);
            assert_eq!(answer.got("kubeflow-userid"), ["kim@example.com"], "{way} {kind}");
        }
    }
    // Also where nobody need be known, another site's page opens no connection as them.
    for way in WAYS {
        let socket = Request::web_socket(&format!("/{way}")).with("origin", "https://evil.example");
        assert_eq!(world.send(&socket).said(), (403, "cross_origin_upgrade".to_owned()), "{way}");
    }
}

// T-22, T-46
#[test]
fn nobody_passes_with_nothing_that_says_who_they_are() {
    let mut world = World::configured(|tree| {
        tree["identity"]["forward"] =
            json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "x-token" } });
        let path = json!({ "path": { "prefix": "/pass" } });
        rule(tree, json!({ "match": path, "action": "authenticate", "unauthenticated": "pass" }));
    });
    for name in [
        "kubeflow-userid",
        "Kubeflow-UserId",
        "kubeflow_userid",
        "kubeflow-groups",
        "x-user-name",
        "x-token",
        "authorization",
    ] {
        for request in [Request::navigation("/pass"), Request::bare("/pass").by("DELETE")] {
            let answer = world.send(&request.with(name, "root").with("x-other", "kept"));
            assert!(answer.got(name).is_empty(), "{name}");
            assert_eq!(answer.got("x-other"), ["kept"]);
            assert!(world.properties.is_empty());
        }
    }
    // What somebody is known by does not stay either.
    world.sign_in();
    assert_eq!(world.get("/pass").got("kubeflow-userid"), ["kim@example.com"]);
    assert!(world.get("/pass").got("cookie").is_empty());
}

#[test]
fn whoever_is_sent_to_sign_in_though_no_person_comes_back_to_where_they_asked() {
    let mut world = world();
    let head = Request::bare("/login/x?y=1").by("HEAD");
    let answer = world.send(&head);
    assert_eq!(answer.status(), 302);
    let callback = world.authorize(&crate::world::url(answer.location()));
    assert_eq!(world.go(&callback).location(), "https://app.example.com/login/x?y=1");
    // And is told, if the session does not come with them.
    let session = world.jar().clone();
    world.jar().cookies().retain(|cookie| !cookie.name.ends_with("edge_oidc"));
    assert_eq!(world.send(&head).said(), (401, "session_lost".to_owned()));
    *world.jar() = session;
    assert!(world.send(&head).passed());
}

#[test]
fn where_no_session_counts_none_is_asked_for_or_ended() {
    let mut world = World::two_providers(|tree| {
        tree["providers"][0]["bearer"] = json!([{ "kind": "access_token", "audiences": ["edge"] }]);
        let robots = json!({
            "name": "robots", "issuer": "https://robots.example.net",
            "bearer": [{ "kind": "access_token", "audiences": ["edge"] }],
        });
        tree["providers"].as_array_mut().unwrap().push(robots);
        let path = |path: &str| json!({ "path": { "prefix": path } });
        rule(tree, json!({ "match": path("/api"), "action": "authenticate", "credentials": ["bearer"] }));
        rule(tree, json!({ "match": path("/robots"), "action": "authenticate", "providers": ["robots"] }));
    });
    world.neighbours.strangers = true;
    sign_in_at(&mut world, "staff");
    let session = world.session().unwrap().to_owned();
    for path in ["/api/x", "/robots/x"] {
        for (kind, request) in clients(path) {
            let answer = world.send(&request);
            match kind {
                "grpc" => assert_eq!(answer.reply().grpc_status().unwrap().code(), 16),
                "navigation" | "frame" | "prefetch" | "submission" => told(&answer, true, "bearer_absent"),
                _ => told(&answer, false, "bearer_absent"),
            }
            assert!(answer.cookies().is_empty() && !answer.reply().body().contains("href="), "{path} {kind}");
            assert!(world.session() == Some(&session) && world.attempts().is_empty(), "{path} {kind}");
        }
        let sign_in = world.get(&format!("/oauth2/sign-in?return_to={path}&again=true"));
        assert_eq!(
            sign_in.said(),
            if path == "/api/x" { (401, "choose_provider".into()) } else { (400, "provider_unknown".into()) }
        );
    }
    assert!(world.get("/").passed());
}

#[test]
fn where_only_sessions_count_a_bearer_token_is_the_applications_business() {
    let (people, partners) = (json!({ "prefix": "/people" }), json!({ "prefix": "/partners" }));
    let mut world = World::two_providers(|tree| {
        tree["providers"][0]["bearer"] = json!([{ "kind": "access_token", "audiences": ["edge"] }]);
        rule(tree, json!({ "match": { "path": people }, "action": "authenticate", "credentials": ["session"] }));
        // Only the other provider gives tokens.
        rule(tree, json!({ "match": { "path": partners }, "action": "authenticate", "providers": ["partner"] }));
    });
    let request = |path| Request::navigation(path).with("authorization", "Bearer rubbish");
    assert_eq!(world.send(&request("/people")).code(), "choose_provider");
    assert!(world.send(&request("/partners")).location().starts_with(PARTNER));
    let refused = |answer: Answer| answer.header("www-authenticate").is_some_and(|says| says.contains("invalid_token"));
    assert!(refused(world.send(&request("/x"))));
    sign_in_at(&mut world, "partner");
    for path in ["/people", "/partners"] {
        assert_eq!(world.send(&request(path)).got("authorization"), ["Bearer rubbish"], "{path}");
    }
    assert!(refused(world.send(&request("/x"))));
}
