//! How "you are not signed in" is said to each kind of client, and who may open a WebSocket with a person's cookie.

use edge_oidc::flow::event::Event;
use serde_json::{Value, json};

use crate::{
    message::{Answer, Request},
    world::{ORIGIN, World},
};

fn starts_nothing(world: &World, answer: &Answer) {
    assert!(answer.cookies().is_empty() && answer.header("location").is_none());
    assert!(world.attempts().is_empty());
}

#[test]
fn a_navigation_is_redirected_by_get_and_by_head() {
    let mut world = World::oidc();
    for method in ["GET", "HEAD"] {
        assert_eq!(world.send(&Request::navigation("/deep").by(method)).status(), 302);
    }
    let old_browser = Request::bare("/deep").with("accept", "text/html,*/*;q=0.8");
    assert_eq!(world.send(&old_browser).status(), 302);
}

#[test]
fn a_frame_gets_a_link_that_leaves_it_for_the_page_around_it() {
    let mut world = World::oidc();
    let frame = Request::navigation("/jupyter/?ns=kim").set("sec-fetch-dest", "iframe");
    let answer = world.send(&frame.clone().with("referer", "https://app.example.com/_/jupyter/?ns=kim"));
    assert_eq!(answer.said(), (401, "login_required".to_owned()));
    assert_eq!(answer.link(), "/oauth2/sign-in?return_to=%2F_%2Fjupyter%2F%3Fns%3Dkim");
    assert!(answer.reply().body().contains(" target=\"_top\""));
    assert!(answer.header("content-security-policy").unwrap().ends_with("frame-ancestors 'self'"));
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    starts_nothing(&world, &answer);
    for elsewhere in
        ["https://evil.example/x", "https://app.example.com.evil.example/x", "https://app.example.com//evil.example"]
    {
        let answer = world.send(&frame.clone().with("referer", elsewhere));
        assert_eq!(answer.link(), "/oauth2/sign-in?return_to=%2Fjupyter%2F%3Fns%3Dkim");
    }
    assert!(world.visit(&answer.link()).passed());
}

#[test]
fn a_page_that_is_not_for_frames_cannot_be_framed() {
    let mut world = World::oidc();
    let answer = world.get("/oauth2/callback?code=x&state=abc");
    assert!(answer.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
}

#[test]
fn a_prefetch_starts_no_sign_in() {
    let mut world = World::oidc();
    for (name, value) in [("sec-purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")] {
        for path in ["/deep", "/oauth2/sign-in?return_to=/deep"] {
            let answer = world.send(&Request::navigation(path).with(name, value));
            assert_eq!(answer.said(), (401, "login_required".to_owned()));
            starts_nothing(&world, &answer);
        }
    }
}

#[test]
fn a_form_that_was_sent_too_late_is_not_lost_to_a_redirect() {
    let mut world = World::oidc();
    for method in ["POST", "PUT"] {
        let answer = world.send(&Request::navigation("/form").by(method));
        assert_eq!(answer.said(), (401, "login_required".to_owned()));
        assert!(answer.reply().body().contains("target=\"_blank\" rel=\"noopener\""));
        assert_eq!(answer.link(), "/oauth2/sign-in");
        starts_nothing(&world, &answer);
    }
}

#[test]
fn a_program_gets_a_document_and_never_a_redirect() {
    let mut world = World::oidc();
    let requests = [
        Request::fetch("/api"),
        Request::bare("/api"),
        Request::bare("/api").with("accept", "*/*"),
        Request::bare("/api").with("accept", "text/html").with("x-requested-with", "XMLHttpRequest"),
        Request::navigation("/image.png").set("sec-fetch-dest", "image").set("sec-fetch-mode", "no-cors"),
        Request::web_socket("/ws"),
    ];
    for request in requests {
        let answer = world.send(&request);
        assert_eq!(answer.status(), 401);
        // RFC 6750 §3.1: no error code where no credentials were sent.
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"app.example.com\""));
        let body: Value = serde_json::from_str(answer.reply().body()).unwrap();
        assert_eq!(body["error"], json!("login_required"));
        assert_eq!(body["sign_in"], json!("https://app.example.com/oauth2/sign-in"));
        starts_nothing(&world, &answer);
    }
}

#[test]
fn grpc_gets_a_status_and_never_a_page() {
    let mut world = World::oidc();
    for (path, status) in [("/svc.A/B", 16), ("/internal/x", 7), ("/public/..;/x", 3)] {
        let request = Request::bare(path).by("POST").with("content-type", "application/grpc+proto");
        let answer = world.send(&request);
        assert_eq!((answer.status(), answer.reply().grpc_status().unwrap().code()), (200, status), "{path}");
        starts_nothing(&world, &answer);
    }
}

#[test]
fn a_pages_grpc_web_client_gets_a_status_in_the_fields_that_it_reads() {
    let mut world = World::oidc();
    for kind in ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"] {
        for (path, status, code) in [
            ("/svc.A/B", "16", "login_required"),
            ("/internal/x", "7", "denied"),
            ("/public/..;/x", "3", "ambiguous_path"),
        ] {
            let answer = world.send(&Request::fetch(path).by("POST").with("content-type", kind));
            let said = ["grpc-status", "grpc-message"].map(|name| answer.header(name).unwrap());
            assert_eq!((answer.status(), said), (200, [status, code]), "{kind} {path}");
            // Envoy would give a body a type of its own, and takes this for no gRPC.
            assert!(answer.reply().body().is_empty() && answer.reply().grpc_status().is_none());
            starts_nothing(&world, &answer);
        }
    }
}

// T-190
#[test]
fn a_web_socket_of_another_origin_is_refused_though_the_cookie_is_good() {
    let mut world = World::oidc();
    world.sign_in();
    let socket = || Request::web_socket("/ws");
    assert!(world.send(&socket()).passed());
    assert!(world.send(&socket().with("origin", "https://app.example.com")).passed());
    let foreign = [
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://sub.app.example.com",
        "https://APP.example.com",
        "null",
        "",
    ];
    for origin in foreign {
        let answer = world.send(&socket().with("origin", origin));
        assert_eq!(answer.said(), (403, "cross_origin_upgrade".to_owned()), "{origin}");
        assert!(answer.cookies().is_empty() && world.session().is_some());
    }
    let both = socket().with("origin", "https://app.example.com").with("origin", "https://evil.example");
    assert_eq!(world.send(&both).status(), 403);
    assert!(world.send(&Request::fetch("/api").with("origin", "https://evil.example")).passed());
}

// T-74
#[test]
fn every_page_is_complete_in_itself_and_reflects_nothing() {
    let mut world = World::oidc();
    let poison = "\"><script>alert(1)</script>";
    let encoded: String = url::form_urlencoded::byte_serialize(poison.as_bytes()).collect();
    let requests = [
        Request::navigation(&format!("/oauth2/callback?error={encoded}&error_description={encoded}&state={encoded}")),
        Request::navigation(&format!("/oauth2/sign-in?return_to=/{encoded}")).by("POST"),
        Request::navigation(&format!("/internal/{encoded}?{encoded}")),
        Request::navigation("/x?a=\"><script>alert(1)</script>").set("sec-fetch-dest", "iframe"),
        Request::navigation("/oauth2/sign-out").set("sec-fetch-site", "cross-site").with("origin", poison),
    ];
    for request in requests {
        let answer = world.send(&request);
        let body = answer.reply().body();
        assert!(!body.contains("<script") && !body.contains("alert(1)<"), "{body}");
        assert!(!body.contains("http://") && !body.contains("https://") && !body.contains(" src="), "{body}");
        assert!(
            answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; style-src 'sha256-")
        );
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[test]
fn a_sign_in_page_of_the_providers_that_is_behind_us_and_closed_is_named_and_not_gone_to() {
    let mut world = World::oidc();
    world.provider.response.metadata["authorization_endpoint"] = json!(format!("{ORIGIN}/dex/auth"));
    for path in ["/", "/dex/auth?client_id=x"] {
        let answer = world.get(path);
        assert_eq!(answer.said(), (500, "sign_in_page_closed".to_owned()));
        assert!(answer.header("location").is_none() && answer.cookies().is_empty());
    }
    let told = |event: &Event| matches!(event, Event::Log(line) if line.text.contains("`action: allow`"));
    assert!(world.events.iter().any(told));
    let opened = |tree: &mut serde_json::Value| {
        tree["routes"] = json!([{ "match": { "path": { "prefix": "/dex" } }, "action": "allow" }]);
    };
    let mut world = World::configured(opened);
    world.provider.response.metadata["authorization_endpoint"] = json!(format!("{ORIGIN}/dex/auth"));
    assert_eq!(world.get("/").status(), 302);
    assert!(world.get("/dex/auth?client_id=x").passed());
}
