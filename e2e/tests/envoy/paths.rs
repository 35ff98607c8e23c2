//! Path tricks against the one public rule of the shipped file, `allow /healthz` (T-20 to T-25, T-28, T-29).
//!
//! The measure is what the application saw: without a session nothing may reach it that is not below `/healthz` in every
//! way an application might read it.

use e2e::{APP, PathHandling, World, h2_connection};

const TRICKS: &[&str] = &[
    "/healthz/../admin",
    "/healthz/..",
    "/healthz/.",
    "/healthz/./../admin",
    "/healthz/../healthz/../admin",
    "/healthz/a/../../admin",
    "/healthz/%2e%2e/admin",
    "/healthz/%2E%2E/admin",
    "/healthz/.%2e/admin",
    "/healthz/%2e%2e%2fadmin",
    "/healthz/..%2fadmin",
    "/healthz/..%2Fadmin",
    "/healthz%2f..%2fadmin",
    "/healthz%2F%2e%2e%2Fadmin",
    "/healthz%2f../admin",
    "/healthz/%252e%252e/admin",
    "/healthz/..%252fadmin",
    "/healthz/%252e%252e%252fadmin",
    "/healthz/%25252e%25252e/admin",
    "/healthz/%%32%65%%32%65/admin",
    "/healthz/%2e%2e%5cadmin",
    "/healthz/..;/admin",
    "/healthz/..;x=1/admin",
    "/healthz;/../admin",
    "/healthz;x/..;y/admin",
    "/healthz/%2e%2e;/admin",
    "/healthz/..%3b/admin",
    "//healthz/../admin",
    "/healthz//../admin",
    "/healthz/..//admin",
    "/healthz///..///..//admin",
    "//healthz",
    "///healthz//",
    "/.//healthz",
    "/healthz\\..\\admin",
    "/healthz/..\\admin",
    "/healthz/%5c../admin",
    "/healthz/..%5cadmin",
    "/healthz%5c..%5cadmin",
    "\\healthz",
    "/admin?/healthz",
    "/admin?x=/healthz",
    "/admin?/../healthz",
    "/admin#/healthz",
    "/admin#/../healthz",
    "/healthz#/../admin",
    "/healthz/#/../../admin",
    "/admin%23/healthz",
    "/admin%3f/healthz",
    "/admin%3F/../healthz",
    "/healthz%3f/../admin",
    "/healthz%23/../admin",
    "/admin/..%2fhealthz",
    "/admin/../healthz",
    "/admin/%2e%2e/healthz",
    "/admin/..;/healthz",
    "/admin;/healthz",
    "/admin;/../healthz",
    "/admin%2f..%2fhealthz",
    "/./healthz",
    "/healthzadmin",
    "/healthz-admin",
    "/healthz.json",
    "/healthz%20",
    "/healthz%09",
    "/healthz%00",
    "/healthz%00/../admin",
    "/healthz/%00/../../admin",
    "/healthz%0a",
    "/healthz%0d%0a/../admin",
    "/Healthz",
    "/HEALTHZ/",
    "/hEaLtHz",
    "/%68ealthz/../admin",
    "/healthz/%c0%ae%c0%ae/admin",
    "/healthz/%e0%80%ae%e0%80%ae/admin",
    "/healthz/\u{ff0e}\u{ff0e}/admin",
    "/healthz/..\u{2215}admin",
    "/healthz/....//admin",
    "/healthz/.../admin",
    "/healthz/%",
    "/healthz/%2",
    "/healthz/%zz/../admin",
    "/healthz/%u002e%u002e/admin",
    "https://app.example.com/healthz/../admin",
    "http://app.example.com/healthz/..%2fadmin",
    "https://evil.example/healthz/../admin",
    "*",
    "healthz",
    "/healthz/..?/healthz",
    "?/healthz",
    "",
];

/// What an application may make of a path: each step of decoding, of cutting parameters, of resolving.
fn readings(path: &str) -> Vec<Vec<String>> {
    let mut texts = vec![path.to_owned()];
    for _ in 0..4 {
        texts.push(decoded(texts.last().unwrap()));
    }
    let cut =
        |text: &String| text.split('/').map(|segment| segment.split(';').next().unwrap()).collect::<Vec<_>>().join("/");
    let more: Vec<_> =
        texts.iter().flat_map(|text| [cut(text), cut(&text.replace('\\', "/")), text.replace('\\', "/")]).collect();
    texts.into_iter().chain(more).map(|text| resolved(&text)).collect()
}

fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes().peekable();
    let all = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.next() {
        let hex = all
            .get(at + 1..at + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex.filter(|_| byte == b'%') {
            Some(hex) => {
                out.push(hex);
                bytes.nth(1);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn resolved(text: &str) -> Vec<String> {
    let mut kept = Vec::new();
    for segment in text.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment.to_owned()),
        }
    }
    kept
}

fn is_public(path: &str) -> bool {
    readings(path).iter().all(|segments| segments.first().is_some_and(|first| first == "healthz"))
}

#[test]
fn the_measure_itself_knows_a_trick() {
    for trick in [
        "/healthz/../admin",
        "/healthz/%252e%252e/admin",
        "/healthz\\..\\admin",
        "/healthz/..;/admin",
        "/healthzx",
        "/x/healthz",
    ] {
        assert!(!is_public(trick), "{trick}");
    }
    assert!(is_public("/healthz") && is_public("/healthz/a%2Fb;c/d"));
}

async fn no_trick_reaches_the_application(paths: PathHandling) {
    let mut world = World::builder().workers(2).path_handling(paths).start().await;
    let mut passed = Vec::new();
    for trick in TRICKS {
        world.upstream.clear();
        let mut raw = world.raw().await;
        raw.send(format!("GET {trick} HTTP/1.1\r\nhost: {APP}\r\naccept: */*\r\n\r\n")).await;
        let status = raw.head().await.map(|head| head.status);
        over_http_2(&world, trick).await;
        for seen in world.upstream.requests() {
            assert!(is_public(&seen.path), "{trick} ({status:?}) reached the application as {}", seen.path);
            passed.push(*trick);
        }
        assert!(status.is_none_or(|status| status < 500), "{trick} is {status:?}");
    }
    println!("served as what they are, below /healthz: {passed:?}");
    for (path, seen) in
        [("/healthz", "/healthz"), ("/healthz/live?x=/../admin", "/healthz/live"), ("/healthz/a%2Fb", "/healthz/a%2Fb")]
    {
        let answer = world.person().get(path).await;
        assert_eq!(answer.expect(200).forwarded().path, seen, "a plain path below it is public");
    }
    world.assert_all_workers_alive().await;
}

/// The same as a bare HTTP/2 request, where it can be written as one.
async fn over_http_2(world: &World, trick: &str) {
    let uri = http::Uri::builder().scheme("https").authority(APP).path_and_query(trick).build();
    let Ok(uri) = uri else { return };
    let mut h2 = h2_connection(&world.net, APP).await;
    let (answer, _) = h2.send_request(http::Request::get(uri).body(()).unwrap(), true).unwrap();
    if let Ok(answer) = answer.await {
        assert!(answer.status().as_u16() < 500, "{trick} is {}", answer.status());
    }
}

#[tokio::test]
async fn no_trick_reaches_the_application_where_envoy_leaves_paths_alone() {
    no_trick_reaches_the_application(PathHandling::Default).await;
}

#[tokio::test]
async fn no_trick_reaches_the_application_where_envoy_normalises_paths() {
    no_trick_reaches_the_application(PathHandling::Hardened).await;
}

// T-21: a fragment in a target is nobody's business, not even below a public path.
#[tokio::test]
async fn a_raw_fragment_is_400() {
    let mut world = World::builder().path_handling(PathHandling::Default).start().await;
    for path in ["/admin#/healthz", "/healthz#x", "/#"] {
        let answer = world.raw().await.ask(format!("GET {path} HTTP/1.1\r\nhost: {APP}\r\n\r\n")).await;
        assert_eq!((answer.status, world.upstream.hits()), (400, 0), "{path}");
    }
    world.assert_all_workers_alive().await;
}

// T-22, T-24
#[tokio::test]
async fn no_header_moves_a_request_to_a_public_path() {
    let mut world = World::start().await;
    let names = [
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
        "x-forwarded-uri",
        "x-forwarded-path",
        "x-forwarded-prefix",
        "x-envoy-original-path",
        "x-envoy-original-url",
        "x-auth-request-redirect",
        "x-http-method-override",
        "x-original-path",
        "x-envoy-decorator-operation",
        "referer",
        "user-agent",
        "x-accel-redirect",
        "x-envoy-internal",
        "x-forwarded-user",
        "x-auth-request-user",
    ];
    for name in names {
        for value in ["/healthz", "OPTIONS", "true", "GoogleHC/1.0", "kube-probe/1.30"] {
            let answer = world.person().ask(http::Method::GET, "/admin").header(name, value).send().await;
            answer.expect(401).expect_not_forwarded();
        }
    }
    world.assert_all_workers_alive().await;
}
