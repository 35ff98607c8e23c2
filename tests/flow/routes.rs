//! Who passes where: rules, readings of a path, and the headers that must not matter (T-20 to T-28, T-48, T-145).

use serde_json::json;

use crate::{
    message::{Answer, Request},
    world::World,
};

#[test]
fn a_public_path_passes_without_session_provider_or_cookie() {
    let mut world = World::oidc();
    world.network = Box::new(|endpoint| panic!("{endpoint} was called"));
    for request in
        [Request::navigation("/public/page"), Request::fetch("/public").by("POST"), Request::web_socket("/public/ws")]
    {
        let answer = world.send(&request);
        assert!(answer.got("kubeflow-userid").is_empty() && answer.got("cookie").is_empty());
    }
}

#[test]
fn a_denied_path_passes_for_nobody() {
    let mut world = World::oidc();
    assert_eq!(world.get("/internal/x").said(), (403, "denied".to_owned()));
    world.sign_in();
    for request in
        [Request::navigation("/internal"), Request::fetch("/internal/x?y"), Request::web_socket("/internal/ws")]
    {
        assert_eq!(world.send(&request).said(), (403, "denied".to_owned()));
    }
    let preflight = Request::bare("/internal")
        .by("OPTIONS")
        .with("origin", "https://x")
        .with("access-control-request-method", "PUT");
    assert_eq!(world.send(&preflight).said(), (403, "denied".to_owned()));
}

#[test]
fn a_path_that_no_rule_names_needs_a_session() {
    let mut world = World::oidc();
    for path in ["/", "/publicity", "/Public", "/x/public", "/public.json"] {
        assert_eq!(world.get(path).status(), 302, "{path}");
    }
}

#[test]
fn a_preflight_passes_stripped_and_nothing_less_than_one_does() {
    let mut world = World::oidc();
    let full =
        Request::bare("/api").by("OPTIONS").with("origin", "https://x").with("access-control-request-method", "PUT");
    let forged = full.clone().with("kubeflow-userid", "root");
    assert!(world.send(&forged).got("kubeflow-userid").is_empty());
    assert_eq!(world.send(&full.clone().by("GET")).status(), 401);
    for (name, value) in
        [("cookie", "a=1"), ("authorization", "Basic x"), ("content-length", "1"), ("origin", "https://y")]
    {
        assert_eq!(world.send(&full.clone().with(name, value)).status(), 401, "{name}");
    }
    assert_eq!(world.send(&full.clone().on("other.example.com")).said(), (401, "host_unknown".to_owned()));
    assert_eq!(world.send(&Request::bare("/api").by("OPTIONS").with("origin", "https://x")).status(), 401);
}

// T-20, T-21
#[test]
fn neither_query_nor_fragment_takes_part() {
    let mut world = World::oidc();
    for path in [
        "/private?x=/public",
        "/private?/public",
        "/private?/../public",
        "/private%23/public",
        "/public%23",
        "/public%3fx",
    ] {
        assert_eq!(world.get(path).status(), 302, "{path}");
    }
    assert!(world.get("/public?x=/internal").passed());
    for path in ["/private#/public", "/public#", "/public/#/x"] {
        assert_eq!(world.get(path).said(), (400, "malformed_request".to_owned()), "{path}");
    }
}

// T-25
#[test]
fn a_path_is_public_only_if_all_its_readings_are() {
    let mut world = World::oidc();
    let ways_out = [
        "/public/../private",
        "/public/%2e%2e/private",
        "/public/.%2e/private",
        "/public/..;/private",
        "/public/..;a=b/private",
        "/public%2f..%2fprivate",
        "/public/..%2fprivate",
        "/public/..%5cprivate",
        "/public/..\\private",
        "/public\\..\\private",
        "/public/%252e%252e/private",
        "/public/..%252fprivate",
        "/private/../public",
        "/private/..;/public",
        "//public",
        "/%70ublic",
        "/public;/../private",
        "/./public",
    ];
    for path in ways_out {
        let answer = world.get(path);
        assert!(!answer.passed() && matches!(answer.status(), 302 | 400), "{path}");
    }
    for path in ["/public/./a", "/public//a", "/public/a%2Fb", "/public/a;b=c"] {
        assert!(world.get(path).passed(), "{path}");
    }
}

// T-25
#[test]
fn no_reading_of_a_denied_path_passes_with_a_session() {
    let mut world = World::oidc();
    world.sign_in();
    let ways_in = [
        "/internal;x=y",
        "/%69nternal",
        "//internal",
        "/x/../internal",
        "/x/..%2finternal",
        "/x/..;/internal",
        "/.//internal",
        "\\internal",
        "/\\internal",
        "/%2finternal",
        "/%2569nternal",
    ];
    for path in ways_in {
        let answer = world.get(path);
        assert!(!answer.passed() && matches!(answer.status(), 400 | 403), "{path}");
    }
}

#[test]
fn the_first_matching_rule_decides() {
    let rules = json!([
        { "match": { "path": { "exact": "/a" } }, "action": "deny" },
        { "match": { "path": { "prefix": "/a" }, "methods": ["GET"] }, "action": "allow" },
        { "match": { "hosts": ["other.example.com"] }, "action": "allow" },
    ]);
    let mut world = World::configured(|tree| tree["routes"] = rules);
    assert_eq!(world.get("/a").status(), 403);
    assert!(world.get("/a/b").passed());
    assert_eq!(world.send(&Request::fetch("/a/b").by("POST")).status(), 401);
    assert!(world.send(&Request::fetch("/c").on("other.example.com")).passed());
}

/// What becomes of `request` in a world where nothing else happened before, so that even random values are the same.
fn outcome(request: &Request, signed_in: bool) -> String {
    let mut world = World::oidc();
    if signed_in {
        world.sign_in();
    }
    match world.send(request) {
        Answer::Reply(reply) => format!("{reply:?} {:?}", world.provider.asked),
        Answer::Upstream(mut headers, _) => {
            headers.retain(|(name, _)| name != ":scheme" && !request.fields.iter().any(|(given, _)| given == name));
            format!("{headers:?} {:?}", world.provider.asked)
        }
    }
}

// T-22, T-24, T-27, T-48, T-140, T-141, T-145
#[test]
fn no_header_of_a_proxy_or_prober_changes_a_decision() {
    let headers = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "8080"),
        ("x-forwarded-uri", "/public"),
        ("x-forwarded-path", "/public"),
        ("x-forwarded-prefix", "/public"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-method", "OPTIONS"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=evil.example;proto=http"),
        ("x-original-url", "/public"),
        ("x-original-uri", "/public"),
        ("x-original-host", "evil.example"),
        ("x-rewrite-url", "/public"),
        ("x-envoy-original-path", "/public"),
        ("x-envoy-original-host", "evil.example"),
        ("x-envoy-internal", "true"),
        ("x-http-method-override", "OPTIONS"),
        ("x-auth-request-redirect", "https://evil.example"),
        ("x-skipper-proxy", "https://evil.example"),
        ("user-agent", "kube-probe/1.35"),
        ("user-agent", "GoogleHC/1.0"),
        ("user-agent", ""),
        ("referer", "https://app.example.com/public"),
        ("host", "evil.example"),
        (":scheme", "http"),
        (":scheme", "HtTp"),
        (":scheme", "ftp"),
    ];
    let requests = [
        Request::navigation("/private"),
        Request::fetch("/private"),
        Request::navigation("/public"),
        Request::navigation("/internal"),
        Request::navigation("/oauth2/sign-in?return_to=/a"),
        Request::navigation("/oauth2/sign-out"),
        Request::navigation("/oauth2/callback?code=x&state=abc"),
    ];
    for (request, signed_in) in requests.iter().flat_map(|request| [(request, false), (request, true)]) {
        let usual = outcome(request, signed_in);
        for (name, value) in headers {
            let tried = outcome(&request.clone().with(name, value), signed_in);
            assert_eq!(tried, usual, "{} with {name}: {value}", request.path);
        }
    }
}
