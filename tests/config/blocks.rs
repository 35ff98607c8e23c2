//! The document as a whole, and `paths`, `identity` and `routes`.

use std::collections::BTreeMap;

use edge_oidc::{
    config::Config,
    oidc::{client_auth::ClientAuthentication, provider::ProviderKind},
    policy::Action,
};
use serde_json::json;

use crate::{KEY, Variables, good, places, read, with};

#[test]
fn what_is_not_written_has_a_safe_default() {
    let config = read(&good()).unwrap();
    let provider = &config.providers()[0];
    assert_eq!((provider.kind, provider.name.as_str()), (ProviderKind::Cognito, "default"));
    assert!(matches!(provider.client_authentication, ClientAuthentication::None));
    assert_eq!(provider.scopes, ["openid", "email"]);
    assert_eq!(config.paths.callback, "/oauth2/callback");
    assert_eq!(config.session.cookie.session_name(), "__Host-edge_oidc");
    assert!(config.routes.rules().is_empty());
    assert!(config.warnings().is_empty());
}

#[test]
fn a_member_given_twice_is_a_problem() {
    let text = good().to_string().replacen("\"clientId\"", "\"clientId\":\"other\",\"clientId\"", 1);
    let problems = Config::parse(&text, &Variables([("SESSION_KEY".to_owned(), KEY.to_owned())].into())).unwrap_err();
    assert_eq!(problems.to_string(), "providers[0].clientId is given twice: keep one of the two");
}

#[test]
fn text_that_is_no_json_object_is_a_problem() {
    for text in ["", "{", "[]", "null", "{} {}", "\"x\"", &"[".repeat(100_000)] {
        let problems = Config::parse(text, &Variables(BTreeMap::new())).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems}");
    }
}

#[test]
fn every_unknown_name_is_a_problem() {
    for pointer in [
        "/x",
        "/providers/0/x",
        "/providers/0/endpoints",
        "/providers/0/logout",
        "/paths",
        "/session/x",
        "/session/cookie",
        "/identity",
        "/identity/userId",
        "/identity/forward",
        "/identity/forward/idToken",
        "/identity/forward/accessToken",
    ] {
        let value = if pointer.ends_with("/x") { json!(1) } else { json!({ "x": 1 }) };
        let problems = read(&with(pointer, value)).unwrap_err();
        assert!(problems.iter().any(|problem| problem.what == "is not a known name"), "{pointer}: {problems}");
    }
    for rule in [json!({ "x": 1, "action": "deny" }), json!({ "match": { "x": 1 }, "action": "deny" })] {
        let problems = read(&with("/routes", json!([rule]))).unwrap_err();
        assert!(problems.iter().any(|problem| problem.what == "is not a known name"), "{rule}: {problems}");
    }
}

// T-23
#[test]
fn emptiness_is_never_a_match() {
    for (pointer, value) in [
        ("/routes", json!([])),
        ("/routes", json!([{ "match": {}, "action": "allow" }])),
        ("/routes", json!([{ "match": null, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [""] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "hosts": [null] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "methods": [] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "methods": [""] }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": {} }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": { "prefix": "" } }, "action": "allow" }])),
        ("/routes", json!([{ "match": { "path": { "exact": " " } }, "action": "allow" }])),
        ("/providers", json!([])),
        ("/publicUrls", json!([])),
        ("/publicUrls", json!([""])),
        ("/session/keys", json!([])),
        ("/session/keys", json!([""])),
        ("/providers/0/scopes", json!([])),
        ("/providers/0/algorithms", json!([])),
        ("/providers/0/clientId", json!("")),
        ("/identity", json!({ "userId": { "claim": "", "header": "x-user" } })),
        ("/identity", json!({ "userId": { "claim": "email", "header": "" } })),
    ] {
        assert!(read(&with(pointer, value.clone())).is_err(), "{pointer} {value}");
    }
}

#[test]
fn a_rule_means_what_it_says() {
    let rules = json!([
        { "match": { "path": { "prefix": "/healthz" } }, "action": "allow" },
        { "name": "no", "match": { "methods": ["TRACE"] }, "action": "deny" },
        { "action": "authenticate" },
    ]);
    let config = read(&with("/routes", rules)).unwrap();
    let rules: Vec<_> = config.routes.rules().iter().map(|rule| (rule.name.as_str(), rule.action)).collect();
    assert_eq!(rules, [("routes[0]", Action::Allow), ("no", Action::Deny), ("routes[2]", Action::Authenticate)]);
}

#[test]
fn headers_that_http_or_envoy_need_carry_no_identity() {
    for header in [
        "Host",
        "cookie",
        "Authorization",
        "content-length",
        "Content_Length",
        "connection",
        "te",
        "transfer-encoding",
        ":path",
        "set-cookie",
        "x-forwarded-for",
        "X_Forwarded_Proto",
        "x.forwarded.host",
        "x-envoy-original-path",
        "x-request-id",
        "sec-fetch-mode",
        "proxy-authorization",
        "x y",
        "x:y",
        "ä",
    ] {
        let tree = with("/identity", json!({ "headers": [{ "header": header, "claim": "sub" }] }));
        assert_eq!(places(&tree), ["identity.headers[0].header"], "{header}");
    }
    for header in ["kubeflow-userid", "X-User", "x-forwarded-email", "x-forwarded-user", "remote-user"] {
        let tree = with("/identity", json!({ "headers": [{ "header": header, "claim": "sub" }] }));
        assert_eq!(read(&tree).unwrap().identity.headers[0].header, header.to_ascii_lowercase());
    }
}

#[test]
fn our_own_paths_are_plain_and_distinct() {
    for path in ["/", "", "x", "/a/", "//a", "/a/../b", "/a%20b", "/a?b", "/a;b", "/a b", "/*"] {
        assert_eq!(places(&with("/paths", json!({ "signIn": path }))), ["paths.signIn"], "{path:?}");
    }
    for (same, place) in [
        (json!({ "signIn": "/oauth2/callback" }), "paths.signIn"),
        (json!({ "signOut": "/oauth2/signed-out" }), "paths.signedOut"),
        (json!({ "backChannel": "/oauth2/whoami" }), "paths.backChannel"),
        (json!({ "whoami": "/me", "backChannel": "/me" }), "paths.backChannel"),
    ] {
        assert_eq!(places(&with("/paths", same.clone())), [place], "{same}");
    }
    for name in ["signedOut", "whoami", "backChannel"] {
        assert_eq!(places(&with("/paths", json!({ name: "/a/../b" }))), [format!("paths.{name}")]);
    }
    assert_eq!(read(&good()).unwrap().paths.back_channel, None);
}

#[test]
fn a_forwarded_token_has_a_header_of_its_own() {
    let forward = |forward| {
        places(&with("/identity", json!({ "userId": { "claim": "sub", "header": "x-user" }, "forward": forward })))
    };
    for (wrong, place) in [
        (json!({ "idToken": { "header": "X_User" } }), "identity.forward.idToken.header"),
        (
            json!({ "idToken": { "header": "x-token" }, "accessToken": { "header": "X.Token" } }),
            "identity.forward.accessToken.header",
        ),
        (
            json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "Authorization" } }),
            "identity.forward.accessToken.header",
        ),
        (json!({ "accessToken": { "header": "cookie" } }), "identity.forward.accessToken.header"),
        (json!({ "accessToken": { "header": "proxy-authorization" } }), "identity.forward.accessToken.header"),
        (json!({ "accessToken": {} }), "identity.forward.accessToken.header"),
        (
            json!({ "refreshToken": { "header": "x-token" }, "idToken": { "header": "x-id" } }),
            "identity.forward.refreshToken",
        ),
        (json!({}), "identity.forward"),
    ] {
        assert_eq!(forward(wrong.clone()), [place], "{wrong}");
    }
    let both = json!({ "idToken": { "header": "X-Id" }, "accessToken": { "header": "Authorization" } });
    let config = read(&with("/identity", json!({ "forward": both }))).unwrap();
    let kept = config.identity.forward.clone();
    assert_eq!((kept.id_token.as_deref(), kept.access_token.as_deref()), (Some("x-id"), Some("authorization")));
    let warnings: Vec<_> = config.warnings().iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warnings, ["identity.forward"]);
}

#[test]
fn a_front_channel_that_gets_no_cookie_gives_a_warning() {
    let warnings = |same_site: &str| {
        let mut tree = good();
        tree["paths"] = json!({ "frontChannel": "/oauth2/front-channel" });
        tree["session"]["cookie"] = json!({ "sameSite": same_site });
        let config = read(&tree).unwrap();
        config.warnings().iter().map(|warning| warning.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(warnings("Lax"), ["paths.frontChannel"]);
    assert_eq!(warnings("None"), ["session.cookie.sameSite"]);
}
