//! What clients of oidc-authservice need: bare cookie names, a header for sessions, a homepage, places after sign-in and sign-out.

use edge_oidc::oidc::provider::LogoutKind;
use serde_json::{Value, json};

use crate::{and, good, partners, places, read, staff, with};

/// The places of all warnings.
fn warned(tree: &Value) -> Vec<String> {
    read(tree).unwrap().warnings().iter().map(|warning| warning.path.clone()).collect()
}

#[test]
fn a_cookie_may_have_just_its_name_which_warns() {
    let bare = with("/session/cookie", json!({ "name": "authservice_session", "prefix": false }));
    assert_eq!(read(&bare).unwrap().session.cookie.session_name(), "authservice_session");
    assert_eq!(warned(&bare), ["session.cookie.prefix"]);
    let said = with("/session/cookie", json!({ "prefix": true }));
    assert_eq!(read(&said).unwrap().session.cookie.session_name(), "__Host-edge_oidc");
    assert!(warned(&said).is_empty());
    let mut shared = with("/session/cookie", json!({ "domain": "example.com", "prefix": false }));
    assert_eq!(read(&shared).unwrap().session.cookie.session_name(), "edge_oidc");
    assert_eq!(warned(&shared), ["session.cookie.domain", "session.cookie.prefix"]);
    // Without TLS there is no prefix that could be left away.
    shared["session"]["cookie"] = json!({ "insecure": true, "prefix": false });
    shared["publicUrls"] = json!(["http://localhost"]);
    assert!(warned(&shared).is_empty());
    assert_eq!(places(&with("/session/cookie", json!({ "name": "__x", "prefix": false }))), ["session.cookie.name"]);
}

#[test]
fn a_header_for_sessions_is_reserved_unless_it_is_authorization_and_warns() {
    let header = |name: &str| with("/session/header", name.into());
    for (name, reserved) in [("X-Auth-Token", Some("x-auth-token")), ("Authorization", None)] {
        let config = read(&header(name)).unwrap();
        assert_eq!(config.session.header, Some(name.to_ascii_lowercase()));
        assert_eq!(config.header_names().collect::<Vec<_>>(), reserved.into_iter().collect::<Vec<_>>());
        assert_eq!(warned(&header(name)), ["session.header"]);
    }
    for name in ["cookie", "host", "x y", "", "content-type", "sec-token", "x-forwarded-for", "x-envoy-peer-metadata"] {
        assert_eq!(places(&header(name)), ["session.header"], "{name}");
    }
    assert_eq!(read(&good()).unwrap().session.header, None);
}

#[test]
fn a_header_that_only_carries_what_we_write_carries_no_session() {
    let user_id = json!({ "userId": { "claim": "email", "header": "x-user" } });
    let forward = json!({ "forward": { "idToken": { "header": "x-user" } } });
    for identity in [user_id, forward] {
        for (header, problems) in
            [("x-user", vec!["session.header"]), ("X_User", vec!["session.header"]), ("x-token", vec![])]
        {
            let mut tree = with("/session/header", header.into());
            tree["identity"] = identity.clone();
            assert_eq!(places(&tree), problems, "{header}");
        }
    }
    // The header of bearer tokens may be the same one.
    let mut tree = with("/session/header", "x-token".into());
    tree["providers"][0]["bearer"] = json!([{ "kind": "id_token", "audiences": ["x"] }]);
    tree["bearer"] = json!({ "header": "x-token" });
    assert!(places(&tree).is_empty());
}

#[test]
fn the_homepage_is_an_endpoint_like_the_others() {
    let paths = |paths: Value| with("/paths", paths);
    assert_eq!(read(&good()).unwrap().paths.homepage, None);
    let config = read(&paths(json!({ "homepage": "/site/homepage" }))).unwrap();
    assert_eq!(config.paths.homepage.as_deref(), Some("/site/homepage"));
    assert!(config.paths.exact().any(|path| path == "/site/homepage"));
    for wrong in ["/", "/oauth2/callback", "/oauth2/whoami", "site", "/site/", "/a%20b", "/site?x=1"] {
        assert_eq!(places(&paths(json!({ "homepage": wrong }))), ["paths.homepage"], "{wrong}");
    }
    assert_eq!(places(&paths(json!({ "verify": "/site", "homepage": "/site/homepage" }))), ["paths.verify"]);
    let mut two =
        and(paths(json!({ "homepage": "/oauth2/callback/partners" })), json!({ "providers": [staff(), partners()] }));
    assert_eq!(places(&two), ["paths.homepage"]);
    two["paths"] = json!({ "homepage": "/oauth2/callback/staff" });
    assert!(places(&two).is_empty(), "the first one's is `callback` itself");
}

#[test]
fn the_page_after_sign_in_is_ours_or_behind_tls() {
    let page = |url: &str| with("/afterSignIn", json!({ "url": url }));
    for (url, shown) in [
        ("/welcome?a=b", "/welcome?a=b&next=…"),
        ("/", "/?next=…"),
        ("https://www.example.com", "https://www.example.com/?next=…"),
        ("http://localhost:3000/x", "http://localhost:3000/x?next=…"),
        ("/oauth2/whoami", "/oauth2/whoami?next=…"),
    ] {
        assert_eq!(read(&page(url)).unwrap().after_sign_in.unwrap().shown(), shown);
    }
    for wrong in [
        "",
        "//evil.example",
        "/\\evil.example",
        "/%2f/evil.example",
        "/ü",
        "/a b",
        "welcome",
        "http://www.example.com/",
        "https://kim@www.example.com/",
        "https://www.example.com/#x",
        "javascript:alert(1)",
        "/oauth2/callback",
        "/oauth2/sign-in?return_to=/x",
        "/oauth2/sign-out#x",
    ] {
        assert_eq!(places(&page(wrong)), ["afterSignIn.url"], "{wrong}");
    }
    assert_eq!(places(&with("/afterSignIn", json!({}))), ["afterSignIn.url"]);
    assert!(read(&good()).unwrap().after_sign_in.is_none());
    let named = |name: &str| places(&with("/afterSignIn", json!({ "url": "/x", "parameter": name })));
    assert!(named(&"a".repeat(64)).is_empty() && named("return_to").is_empty());
    for wrong in ["", "a b", "a=b", "a&b", "ü", "a%20", &"a".repeat(65)] {
        assert_eq!(named(wrong), ["afterSignIn.parameter"], "{wrong}");
    }
}

#[test]
fn a_local_sign_out_ends_on_a_page_of_ours_or_behind_tls() {
    let logout = |logout: Value| with("/providers/0/logout", logout);
    for (url, kept) in [("/", "/"), ("/bye?x=1", "/bye?x=1"), ("https://www.example.com", "https://www.example.com/")] {
        let config = read(&logout(json!({ "kind": "local", "returnUrl": url }))).unwrap();
        assert_eq!(config.providers()[0].logout, LogoutKind::Local { return_url: Some(kept.to_owned()) });
    }
    let endpoints = ["/oauth2/sign-out", "/oauth2/sign-in?return_to=/", "/oauth2/callback"];
    let wrong = ["//evil.example", "/%5cevil.example", "http://www.example.com/", "bye", "https://x@www.example.com/"];
    for wrong in endpoints.into_iter().chain(wrong) {
        let tree = logout(json!({ "kind": "local", "returnUrl": wrong }));
        assert_eq!(places(&tree), ["providers[0].logout.returnUrl"], "{wrong}");
    }
    let cognito = logout(json!({ "returnUrl": "/" }));
    let other = json!({ "issuer": "https://idp.example.com", "clientId": "x", "logout": { "kind": "rpInitiated", "returnUrl": "/" } });
    for tree in [cognito, with("/providers/0", other)] {
        assert_eq!(places(&tree), ["providers[0].logout.returnUrl"]);
    }
}
