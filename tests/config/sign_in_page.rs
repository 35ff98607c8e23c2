//! A provider whose sign-in page is behind the gateway that it signs people in for.

use serde_json::{Value, json};

use crate::{and, places, read, staff, with};

fn page(url: &str, routes: Value) -> Value {
    let provider = and(staff(), json!({ "endpoints": { "authorization": url } }));
    and(with("/providers/0", provider), json!({ "routes": routes }))
}

fn open(path: Value) -> Value {
    json!([{ "match": { "path": path }, "action": "allow" }])
}

const DEX: &str = "https://app.example.com/dex/auth?connector_id=ldap";

#[test]
fn a_sign_in_page_that_needs_a_sign_in_is_a_problem() {
    let elsewhere = open(json!({ "prefix": "/dexter" }));
    let late = json!([
        { "match": { "path": { "exact": "/dex/auth" } }, "action": "authenticate" },
        { "match": { "path": { "prefix": "/dex" } }, "action": "allow" },
    ]);
    let denied = json!([{ "match": { "path": { "prefix": "/dex" } }, "action": "deny" }]);
    let posts = json!([{ "match": { "methods": ["POST"], "path": { "prefix": "/dex" } }, "action": "allow" }]);
    for routes in [elsewhere, late, denied, posts] {
        assert_eq!(places(&page(DEX, routes.clone())), ["providers[0].endpoints.authorization"], "{routes}");
    }
    let problems = read(&page(DEX, open(json!({ "prefix": "/other" })))).unwrap_err();
    let said = problems.iter().next().unwrap().to_string();
    assert!(said.contains("is behind our own sign-in") && said.contains("{ prefix: /dex }"), "{said}");
}

#[test]
fn a_sign_in_page_that_everybody_reaches_is_none() {
    let passes =
        json!([{ "match": { "path": { "prefix": "/dex" } }, "action": "authenticate", "unauthenticated": "pass" }]);
    for routes in [open(json!({ "prefix": "/dex" })), open(json!({ "exact": "/dex/auth" })), passes] {
        assert_eq!(places(&page(DEX, routes.clone())), Vec::<String>::new(), "{routes}");
    }
    let closed = open(json!({ "prefix": "/other" }));
    for url in ["https://dex.example.com/dex/auth", "https://app.example.com:8443/dex/auth"] {
        assert_eq!(places(&page(url, closed.clone())), Vec::<String>::new(), "{url}");
    }
}
