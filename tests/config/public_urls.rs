//! `publicUrls`, `callbackUrl` and what else hangs on where people reach us.

use edge_oidc::http::origin::Origin;
use serde_json::{Value, json};

use crate::{good, places, read, with};

fn urls(urls: &[&str]) -> Vec<String> {
    places(&with("/publicUrls", json!(urls)))
}

#[test]
fn a_wildcard_is_for_all_hosts_below_a_domain_of_ones_own() {
    let config = read(&with("/publicUrls", json!(["https://*.Apps.example.com:443"]))).unwrap();
    let origin = |authority| config.public_urls.origin_for(authority).map(|origin| origin.to_string());
    assert_eq!(origin("a.b.apps.example.com").as_deref(), Some("https://a.b.apps.example.com"));
    assert_eq!(origin("apps.example.com"), None);
    for wrong in [
        "https://*",
        "https://*.",
        "https://*.com",
        "https://*.10.0.0.1",
        "https://a.*.example.com",
        "https://*.example.com/x",
        "https://*.example.com.",
        "http://*.example.com",
        "*.example.com",
    ] {
        assert_eq!(urls(&[wrong]), ["publicUrls[0]"], "{wrong}");
    }
}

#[test]
fn wildcards_below_this_machine_may_be_plain() {
    let mut tree = with("/publicUrls", json!(["http://*.localhost:8080"]));
    tree["session"]["cookie"] = json!({ "insecure": true });
    let config = read(&tree).unwrap();
    let origin = config.public_urls.origin_for("app.localhost:8080");
    assert_eq!(origin.map(|origin| origin.to_string()).as_deref(), Some("http://app.localhost:8080"));
}

#[test]
fn no_host_is_reached_in_two_ways() {
    for (one, another) in [
        ("https://app.example.com", "https://app.example.com:8443"),
        ("https://*.example.com", "https://app.example.com:8443"),
        ("https://app.example.com:8443", "https://*.example.com"),
        ("https://*.example.com", "https://*.apps.example.com:8443"),
        ("https://*.example.com", "https://*.example.com"),
    ] {
        assert_eq!(urls(&[one, another]), ["publicUrls[1]"], "{one} {another}");
    }
    for (one, another) in [
        ("https://app.example.com", "https://*.example.com"),
        ("https://*.example.com", "https://example.com:8443"),
        ("https://*.a.example.com", "https://*.b.example.com:8443"),
    ] {
        assert_eq!(urls(&[one, another]), Vec::<String>::new(), "{one} {another}");
    }
}

#[test]
fn a_cookie_domain_covers_every_wildcard() {
    for (domain, place) in [
        ("example.com", None),
        ("apps.example.com", None),
        ("a.apps.example.com", Some("session.cookie.domain")),
        ("other.com", Some("session.cookie.domain")),
    ] {
        let mut tree = with("/publicUrls", json!(["https://*.apps.example.com"]));
        tree["session"]["cookie"] = json!({ "domain": domain });
        assert_eq!(places(&tree), Vec::from_iter(place), "{domain}");
    }
}

fn with_callback(urls: Value, domain: Option<&str>, callback: &str) -> Value {
    let mut tree = with("/publicUrls", urls);
    tree["callbackUrl"] = json!(callback);
    if let Some(domain) = domain {
        tree["session"]["cookie"] = json!({ "domain": domain });
    }
    tree
}

#[test]
fn one_callback_for_all_hosts_is_one_of_them_and_shares_their_cookies() {
    let hosts = json!(["https://app.example.com", "https://*.apps.example.com", "https://auth.example.com"]);
    let config = read(&with_callback(hosts.clone(), Some("example.com"), "https://auth.example.com")).unwrap();
    assert_eq!(config.callback_origin, Some(Origin::parse("https://auth.example.com").unwrap()));
    let below = with_callback(hosts.clone(), Some("example.com"), "https://login.apps.example.com");
    assert!(read(&below).is_ok());
    for (domain, callback) in [
        (None, "https://auth.example.com"),
        (Some("example.com"), "https://elsewhere.example.com"),
        (Some("example.com"), "https://auth.example.com:8443"),
        (Some("example.com"), "http://auth.example.com"),
        (Some("example.com"), "https://auth.example.com/oauth2/callback"),
        (Some("example.com"), "https://*.apps.example.com"),
        (Some("example.com"), "auth.example.com"),
        (Some("example.com"), ""),
    ] {
        let tree = with_callback(hosts.clone(), domain, callback);
        assert_eq!(places(&tree), ["callbackUrl"], "{domain:?} {callback}");
    }
}

#[test]
fn a_callback_at_the_only_host_needs_no_domain() {
    let only = with_callback(json!(["https://app.example.com"]), None, "https://app.example.com");
    assert!(read(&only).unwrap().callback_origin.is_some());
    assert!(read(&good()).unwrap().callback_origin.is_none());
}

#[test]
fn nothing_of_ours_lies_below_the_verify_endpoint() {
    let paths = |paths: Value| places(&with("/paths", paths));
    let config = read(&with("/paths", json!({ "verify": "/oauth2/verify" }))).unwrap();
    assert_eq!(config.paths.verify.as_deref(), Some("/oauth2/verify"));
    assert_eq!(read(&good()).unwrap().paths.verify, None);
    for wrong in [
        json!({ "verify": "/oauth2" }),
        json!({ "verify": "/oauth2/callback" }),
        json!({ "verify": "/verify/" }),
        json!({ "verify": "/check", "backChannel": "/check/back" }),
    ] {
        assert_eq!(paths(wrong.clone()), ["paths.verify"], "{wrong}");
    }
    assert_eq!(paths(json!({ "verify": "/oauth2/call" })), Vec::<String>::new());
}

#[test]
fn an_external_authorizer_is_named_by_its_url() {
    let tree = with("/externalAuthorization", json!({ "url": "https://authz.example.com:8443/check" }));
    let authorizer = read(&tree).unwrap().external_authorization.unwrap();
    assert_eq!(authorizer.cluster, "outbound|8443||authz.example.com");
    assert_eq!(authorizer.timeout.as_secs(), 2);
    let all = json!({ "url": "https://authz.example.com/check", "cluster": "authz", "timeout": "5s" });
    let authorizer = read(&with("/externalAuthorization", all)).unwrap().external_authorization.unwrap();
    assert_eq!((authorizer.cluster.as_str(), authorizer.timeout.as_secs()), ("authz", 5));
    assert!(read(&good()).unwrap().external_authorization.is_none());
    for (wrong, place) in [
        (json!({}), "externalAuthorization.url"),
        (json!({ "url": "authz.example.com" }), "externalAuthorization.url"),
        (json!({ "url": "http://authz.example.com" }), "externalAuthorization.url"),
        (json!({ "url": "https://u:p@authz.example.com" }), "externalAuthorization.url"),
        (json!({ "url": "https://a.example.com", "timeout": "31s" }), "externalAuthorization.timeout"),
        (json!({ "url": "https://a.example.com", "cluster": "" }), "externalAuthorization.cluster"),
        (json!({ "url": "https://a.example.com", "failOpen": true }), "externalAuthorization.failOpen"),
    ] {
        assert_eq!(places(&with("/externalAuthorization", wrong.clone())), [place], "{wrong}");
    }
}

#[test]
fn a_plain_external_authorizer_is_allowed_by_name_and_warned_of() {
    let plain = json!({ "url": "http://authz.auth.svc:8080/check", "insecureHttp": true });
    let config = read(&with("/externalAuthorization", plain)).unwrap();
    let warnings: Vec<_> = config.warnings().iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(warnings, ["externalAuthorization.insecureHttp"]);
    assert_eq!(config.external_authorization.unwrap().cluster, "outbound|8080||authz.auth.svc");
}
