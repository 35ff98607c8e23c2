//! What paths may mean, against the published attacks on products like this: T-n are the tests of the security catalogue.
//!
//! The open-redirect lists are read from the folder that `EDGE_OIDC_DATA` names; without it the tests that need them say
//! that they were skipped, and in CI they fail.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use edge_oidc::{
    http::{
        origin::Origin,
        path::{RawPath, ReturnPath},
    },
    policy::{Access, Action, AmbiguousPath, PathPattern, Routes, Rule},
};
use url::Url;

fn origin() -> Origin {
    Origin::parse("https://app.example.com").unwrap()
}

fn returns(path: &[u8]) -> Option<String> {
    ReturnPath::parse(path, &origin()).map(|path| path.as_str().to_owned())
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn encoded(text: &str, times: usize) -> String {
    (0..times).fold(text.to_owned(), |text, round| match round {
        0 => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        _ => text.replace('%', "%25"),
    })
}

/// The lines of one open-redirect list, or `None` where there is no data to test with.
fn payloads(file: &str) -> Option<Vec<Vec<u8>>> {
    let Some(data) = env::var_os("EDGE_OIDC_DATA") else {
        assert!(env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA is not set, and CI runs every test");
        eprintln!("skipped: EDGE_OIDC_DATA is not set, so {file} was not tried");
        return None;
    };
    let path = PathBuf::from(data).join("vectors/open-redirect").join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
}

fn no_payload_leaves_the_origin(file: &str, at_least: usize) {
    let Some(payloads) = payloads(file) else { return };
    assert!(payloads.len() >= at_least, "{file} has {} lines", payloads.len());
    for payload in payloads {
        for tried in [payload.clone(), decoded(&payload), decoded(&decoded(&payload))] {
            let Some(target) = returns(&tried) else { continue };
            for read in
                [target.clone(), lossy(&decoded(target.as_bytes())), lossy(&decoded(&decoded(target.as_bytes())))]
            {
                assert_stays(&read, &payload);
            }
        }
    }
}

fn assert_stays(target: &str, payload: &[u8]) {
    let base = Url::parse("https://app.example.com/oauth2/callback?code=x").unwrap();
    let resolved = base.join(target).unwrap();
    assert_eq!(resolved.origin(), base.origin(), "{} became {resolved}", lossy(payload));
    assert!(!resolved.path().starts_with("//"), "{} became {resolved}", lossy(payload));
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn t3_no_payload_of_oauth2_proxy_leaves_the_origin() {
    no_payload_leaves_the_origin("oauth2-proxy-openredirects.txt", 379);
}

#[test]
fn t3_no_payload_of_mod_auth_openidc_leaves_the_origin() {
    no_payload_leaves_the_origin("mod_auth_openidc-open-redirect-payload-list.txt", 551);
}

#[test]
fn t1_backslashes_are_refused() {
    for path in ["/\\evil.com", "\\\\evil.com", "/\\/evil.com", "/./\\evil", "/a\\b", "/%5cevil.com", "/%255cevil.com"]
    {
        assert_eq!(returns(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn t2_bytes_that_are_stripped_or_folded_are_refused_in_every_encoding() {
    let controls = (0..0x20).chain([0x7f]).filter_map(char::from_u32);
    for c in controls.chain(['\u{85}', '\u{a0}', '\u{2028}', '\u{2029}']) {
        for times in 0..=2 {
            let c = encoded(&c.to_string(), times);
            for path in [format!("/{c}/evil.com"), format!("/a{c}b"), format!("/a/{c}"), format!("/{c}")] {
                assert_eq!(returns(path.as_bytes()), None, "{path:?}");
            }
        }
    }
    for latin in ["/%85/evil.com", "/a%a0b", "/%C2", "/%9f"] {
        assert_eq!(returns(latin.as_bytes()).is_some(), latin == "/%C2", "{latin}");
    }
}

#[test]
fn t2_a_space_is_refused_raw_anywhere_and_encoded_at_the_ends_of_a_segment() {
    for path in ["/a b", "/ /evil.com", "/x?q=a b", "/x#a b"] {
        assert_eq!(returns(path.as_bytes()), None, "{path:?}");
    }
    for times in 1..=2 {
        let space = encoded(" ", times);
        for path in [format!("/{space}/evil.com"), format!("/{space}"), format!("/a{space}/b"), format!("/a/{space}b")]
        {
            assert_eq!(returns(path.as_bytes()), None, "{path:?}");
        }
    }
}

#[test]
fn deep_links_come_back_unchanged() {
    for path in [
        "/",
        "/search?q=a%20b&next=https%3A%2F%2Fother.example.org%2F",
        "/search?q=line%0D%0Abreak",
        "/lab/tree/My%20Notebook.ipynb",
        "/lab/api/contents/a%2Fb.ipynb",
        "/_/pipeline/?ns=team#/runs/details/1",
        "/caf%C3%A9/%E6%97%A5%E6%9C%AC?x=%E2%80%A8",
        "/files/100%25",
        "/a//b",
        "/a/../b/./c",
        "/user@example.com:8080/",
    ] {
        assert_eq!(returns(path.as_bytes()).as_deref(), Some(path), "{path}");
    }
}

#[test]
fn raw_bytes_beyond_ascii_come_back_encoded() {
    assert_eq!(returns("/café".as_bytes()).as_deref(), Some("/caf%C3%A9"));
    assert_eq!(returns(b"/\xe9?\xe9").as_deref(), Some("/%E9?%E9"));
    assert_eq!(returns("/a\u{a0}b".as_bytes()), None);
}

#[test]
fn what_is_no_path_with_one_slash_is_refused() {
    for path in [
        "",
        "a",
        "//evil.com",
        "///evil.com",
        "https://app.example.com/",
        "https:evil.com",
        "javascript:alert(1)",
        "?x",
        "#x",
        ".",
        "@evil.com",
        "/.//evil.com",
        "/..//evil.com",
        "/a/..//evil.com",
        "/%2fevil.com",
        "/%252f%252fevil.com",
        "/%2e/%2fevil.com",
        "/%2e%2e//evil.com",
    ] {
        assert_eq!(returns(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn t4_other_origins_are_never_ours() {
    for authority in
        ["evilapp.example.com", "app.example.com.evil", "app.example.com@evil", "evil.com#.app.example.com"]
    {
        assert!(!origin().has_authority(authority), "{authority}");
        for path in [format!("https://{authority}/"), format!("//{authority}/"), format!("/\\{authority}")] {
            assert_eq!(returns(path.as_bytes()), None, "{path}");
        }
    }
}

#[test]
fn lengths_are_bounded() {
    let path = |length: usize| format!("/{}", "a".repeat(length - 1));
    assert_eq!(returns(path(2048).as_bytes()).as_deref(), Some(path(2048).as_str()));
    assert_eq!(returns(path(2049).as_bytes()), None);
    assert_eq!(returns(format!("/{}", "é".repeat(1000)).as_bytes()), None);
    let shortened = |path: &str| ReturnPath::parse(path.as_bytes(), &origin()).unwrap().shortened().as_str().to_owned();
    assert_eq!(shortened(&path(1024)), path(1024));
    assert_eq!(shortened(&format!("/a?{}", "b".repeat(1200))), "/a");
    assert_eq!(shortened(&format!("/a#{}", "b".repeat(1200))), "/a");
    assert_eq!(shortened(&path(1025)), "/");
}

fn rule(path: PathPattern, action: Action) -> Rule {
    Rule {
        name: path.to_string(),
        hosts: Vec::new(),
        methods: Vec::new(),
        path: Some(path),
        not: None,
        action,
        access: Access::default(),
    }
}

/// `/public` is open, `/admin` is closed, and all else wants a sign-in.
fn routes() -> Routes {
    Routes::new(vec![
        rule(PathPattern::prefix("/public").unwrap(), Action::Allow),
        rule(PathPattern::exact("/status").unwrap(), Action::Allow),
        rule(PathPattern::prefix("/admin").unwrap(), Action::Deny),
    ])
}

fn decide(routes: &Routes, path: &[u8]) -> Result<Action, AmbiguousPath> {
    routes.decide("app.example.com", "GET", &RawPath::new(path)).map(|route| route.action())
}

#[test]
fn t20_query_and_fragment_take_no_part() {
    for path in ["/private?x=/status", "/private?/../public", "/private?x=/public/", "/?/public", "/private??/public"] {
        assert_eq!(decide(&routes(), path.as_bytes()), Ok(Action::Authenticate), "{path}");
    }
    for path in ["/status?x=%2e%2e/admin", "/public/x?a=/../admin;b"] {
        assert_eq!(decide(&routes(), path.as_bytes()), Ok(Action::Allow), "{path}");
    }
}

#[test]
fn t21_an_encoded_hash_is_data() {
    for path in ["/private%23/public", "/private%23", "/status%23", "/publi%23c"] {
        assert_eq!(decide(&routes(), path.as_bytes()), Ok(Action::Authenticate), "{path}");
    }
    assert_eq!(decide(&routes(), b"/public/%23/x"), Ok(Action::Allow));
    assert_eq!(decide(&routes(), b"/private#/public"), Ok(Action::Authenticate));
}

#[test]
fn t25_a_path_is_open_only_if_every_reading_is() {
    for path in [
        "/public/../admin",
        "/public/..",
        "/public/%2e%2e/admin",
        "/public/%2E%2e/x",
        "/public/.%2e/x",
        "/public/..%2fx",
        "/public/..%5cx",
        "/public\\..\\x",
        "/public/..;/x",
        "/public/..;a=b/x",
        "/public/%252e%252e/x",
        "/public/..%252fx",
        "/public/x/../../y",
        "//public",
        "/./public",
        "/x/../public",
        "/public;x=y",
        "/;x/public",
        "/%70ublic",
        "/%2570ublic",
        "/public%2fx",
        "/public%2Fx",
        "/public%5cx",
        "/public%252fx",
        "/public%3bx",
        "/public%00",
        "/public/%00/x",
        "/public/\\..\\..\\x",
        "/public/%2f..%2f../x",
        "/public/a/%252e%252e/%252e%252e/x",
    ] {
        assert_eq!(decide(&routes(), path.as_bytes()), Err(AmbiguousPath), "{path}");
    }
}

#[test]
fn odd_paths_within_one_rule_work() {
    for (path, action) in [
        ("/public/a%2Fb", Action::Allow),
        ("/public/a//b", Action::Allow),
        ("/public/a;v=1/b", Action::Allow),
        ("/public/./a", Action::Allow),
        ("/public/a/../b", Action::Allow),
        ("/public/%20%25%E9", Action::Allow),
        ("/admin/a%5Cb", Action::Deny),
        ("/lab/api/contents/a%2Fb%20c.ipynb", Action::Authenticate),
        ("/publicity", Action::Authenticate),
        ("/public-/..%2f", Action::Authenticate),
    ] {
        assert_eq!(decide(&routes(), path.as_bytes()), Ok(action), "{path}");
    }
}

#[test]
fn t28_a_literal_is_no_pattern() {
    let routes = Routes::new(vec![
        rule(PathPattern::exact("/a.b").unwrap(), Action::Allow),
        rule(PathPattern::prefix("/x+(y)|z$").unwrap(), Action::Allow),
    ]);
    assert_eq!(decide(&routes, b"/a.b"), Ok(Action::Allow));
    assert_eq!(decide(&routes, b"/x+(y)|z$/1"), Ok(Action::Allow));
    for path in ["/axb", "/a/b", "/xx(y)", "/xy", "/z", "/"] {
        assert_eq!(decide(&routes, path.as_bytes()), Ok(Action::Authenticate), "{path}");
    }
}

/// What proxies between the client and the application may do to a path, Envoy's normalisation included.
const REWRITES: [fn(&str) -> String; 7] = [
    |path| Url::parse(&format!("http://h{path}")).unwrap().path().to_owned(),
    |path| {
        let mut merged = path.to_owned();
        while merged.contains("//") {
            merged = merged.replace("//", "/");
        }
        merged
    },
    |path| path.replace("%2f", "/").replace("%2F", "/").replace("%5c", "\\").replace("%5C", "\\"),
    |path| path.replace("%2f", "/").replace("%2F", "/"),
    |path| path.replace('\\', "/"),
    |path| path.split('/').map(|segment| segment.split(';').next().unwrap()).collect::<Vec<_>>().join("/"),
    |path| path.replace("%61", "a").replace("%2e", ".").replace("%2E", "."),
];

/// A path over an alphabet of trouble, from a linear congruential generator: the same ones in every run.
fn troublesome(seed: u64) -> String {
    let pieces = [
        "/", "/", "a", "b", "..", ".", "%2e", "%2f", "%5C", "\\", ";", "%252e", "%252f", "%61", "%25", "//", "?", "%3b",
    ];
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 40).unwrap()
    };
    let length = 1 + next() % 9;
    (0..length).fold(String::from("/"), |path, _| path + pieces[next() % pieces.len()])
}

/// The readings of a path, as far as rules can tell them apart: no literal holds `%`, `\`, `;` or an inner `/`.
fn readings(path: &str) -> Option<BTreeSet<String>> {
    let segment = |segment: &[u8]| match segment.iter().any(|byte| b"%\\;/".contains(byte)) {
        true => "*".to_owned(),
        false => lossy(segment),
    };
    let readings = RawPath::new(path.as_bytes()).readings().ok()?;
    Some(readings.iter().map(|reading| reading.segments().map(segment).collect::<Vec<_>>().join("|")).collect())
}

#[test]
fn what_proxies_do_to_a_path_adds_no_reading() {
    let mut compared = 0;
    for seed in 0..1_000 {
        let path = troublesome(seed);
        let path = path.split('?').next().unwrap();
        let Some(before) = readings(path) else { continue };
        for first in REWRITES {
            for second in REWRITES {
                let rewritten = second(&first(path));
                let after = readings(&rewritten).unwrap_or_default();
                assert!(after.is_subset(&before), "{path} became {rewritten}: {:?}", after.difference(&before));
                compared += after.len().min(1);
            }
        }
    }
    assert!(compared > 25_000, "only {compared} rewritten paths were readable");
}
