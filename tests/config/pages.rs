//! `pages`: what may be set of how our pages look.

use serde_json::{Value, json};

use crate::{places, read, with};

const LOGO: &str = "data:image/svg+xml;base64,PHN2Zy8+";

fn pages(pages: Value) -> Value {
    with("/pages", pages)
}

#[test]
fn a_name_a_logo_and_readable_colours_are_taken_without_a_word() {
    let config =
        read(&pages(json!({ "name": "Example & Sons", "logo": LOGO, "accent": "#2456c8", "accentDark": "#8fb0ff" })))
            .unwrap();
    assert_eq!(config.theme.name.as_deref(), Some("Example & Sons"));
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
}

#[test]
fn what_could_not_be_read_gives_a_warning() {
    for (pale, dark) in [("#ffee00", "#8fb0ff"), ("#2456c8", "#1b2029")] {
        let config = read(&pages(json!({ "accent": pale, "accentDark": dark }))).unwrap();
        assert_eq!(config.warnings().len(), 1, "{pale} {dark}");
    }
    let light = read(&pages(json!({ "accent": "#2456c8" }))).unwrap();
    assert!(light.warnings()[0].to_string().contains("add `accentDark`"));
}

#[test]
fn what_a_page_could_load_or_break_on_is_a_problem() {
    for (member, value) in [
        ("accent", json!("red")),
        ("accent", json!("#12345g")),
        ("accent", json!("#123456}body{display:none")),
        ("accentDark", json!("#é1234")),
        ("logo", json!("https://cdn.example.com/logo.png")),
        ("logo", json!("data:text/html;base64,PHN2Zy8+")),
        ("logo", json!("data:image/png;base64,")),
        ("logo", json!("data:image/png;base64,\" onerror=\"x")),
        ("logo", json!(format!("data:image/png;base64,{}", "A".repeat(16_384)))),
        ("name", json!("")),
        ("name", json!(" x")),
        ("name", json!("a\nb")),
        ("name", json!("x".repeat(65))),
    ] {
        let mut theme = json!({ "name": "x", "accentDark": "#8fb0ff" });
        theme[member] = value.clone();
        assert_eq!(places(&pages(theme)), [format!("pages.{member}")], "{value}");
    }
    assert_eq!(places(&pages(json!({ "logo": LOGO }))), ["pages"]);
    assert_eq!(places(&pages(json!({ "color": "x" }))), ["pages.color"]);
}

/// The places of problems where `rules` are there and both pages are at `url`.
fn elsewhere(url: &str, rules: Value) -> Vec<String> {
    let mut tree = with("/routes", rules);
    tree["publicUrls"] = json!(["https://app.example.com", "https://*.apps.example.com"]);
    tree["paths"] = json!({ "verify": "/oauth2/verify", "homepage": "/home" });
    tree["pages"] = json!({ "refusedUrl": url, "failedUrl": url });
    places(&tree)
}

const BOTH: [&str; 2] = ["pages.refusedUrl", "pages.failedUrl"];

fn allow(more: Value) -> Value {
    let mut rule = json!({ "match": { "path": { "exact": "/no" } }, "action": "allow" });
    rule["match"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

#[test]
fn a_page_at_our_hosts_must_be_open_to_everyone_at_each_of_them() {
    let open = || allow(json!({}));
    let deny = |matched: Value| json!({ "match": matched, "action": "deny" });
    let apps = json!({ "hosts": ["*.apps.example.com"] });
    for rules in [
        json!([open()]),
        json!([deny(json!({ "path": { "prefix": "/x" } })), open()]),
        json!([deny(json!({ "methods": ["POST"] })), open()]),
        json!([allow(apps.clone()), allow(json!({ "hosts": ["app.example.com"] }))]),
        json!([allow(json!({ "hosts": ["x.apps.example.com"] })), open()]),
        json!([deny(json!({ "hosts": ["other.example.com", "*.example.org"] })), open()]),
        json!([{ "match": { "path": { "prefix": "/" } }, "action": "allow" }]),
        json!([deny(json!({ "path": { "prefix": "/" }, "not": { "path": { "exact": "/no" } } })), open()]),
    ] {
        assert_eq!(elsewhere("/no?lang=en", rules.clone()), [""; 0], "{rules}");
    }
    for rules in [
        json!([deny(json!({ "path": { "exact": "/other" } }))]),
        json!([deny(json!({ "path": { "prefix": "/no" } })), open()]),
        json!([deny(apps), open()]),
        json!([deny(json!({ "hosts": ["x.apps.example.com"] })), open()]),
        json!([deny(json!({ "hosts": ["*.deep.apps.example.com"] })), open()]),
        json!([deny(json!({ "hosts": ["*.example.com"] })), open()]),
        json!([allow(json!({ "hosts": ["app.example.com"] }))]),
        json!([allow(json!({ "hosts": ["*.apps.example.com"] }))]),
        json!([allow(json!({ "not": { "hosts": ["x.apps.example.com"] } }))]),
        json!([allow(json!({ "not": { "hosts": ["*.b.apps.example.com"] } }))]),
        json!([allow(json!({ "methods": ["POST"] }))]),
        json!([{ "match": { "path": { "exact": "/no" } }, "action": "authenticate", "unauthenticated": "pass" }]),
    ] {
        assert_eq!(elsewhere("/no", rules.clone()), BOTH, "{rules}");
    }
    // An address with a host is judged at that host alone.
    let here = || json!([allow(json!({ "hosts": ["app.example.com"] }))]);
    assert_eq!(elsewhere("https://app.example.com/no", here()), [""; 0]);
    assert_eq!(elsewhere("https://x.apps.example.com/no", here()), BOTH);
    assert_eq!(elsewhere("https://app.example.com/other", here()), BOTH);
    assert_eq!(elsewhere("https://www.example.com/other", here()), [""; 0]);
}

#[test]
fn a_page_is_no_endpoint_of_ours_and_no_other_kind_of_address() {
    let open = || json!([{ "match": { "path": { "prefix": "/" } }, "action": "allow" }]);
    for url in [
        "/oauth2/callback",
        "/oauth2/sign-in?x=1",
        "/oauth2/sign-out",
        "/oauth2/signed-out",
        "/oauth2/whoami",
        "/home",
        "/oauth2/verify",
        "/oauth2/verify/no",
        "https://app.example.com/oauth2/whoami",
        "https://a.apps.example.com/home",
        "no",
        "//evil.example/no",
        "/\\evil.example",
        "http://www.example.com/",
        "https://www.example.com/#x",
        "javascript:alert(1)",
        "/a b",
        "",
    ] {
        assert_eq!(elsewhere(url, open()), BOTH, "{url}");
    }
    assert_eq!(elsewhere("/no-access", open()), [""; 0]);
}
