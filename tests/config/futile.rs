//! Rules that never do what they say.

use serde_json::{Value, json};

use crate::{good, read};

/// The warnings of these rules, beside those of their providers: where, what and how to mend.
fn warnings(providers: Value, rules: Value) -> Vec<[String; 3]> {
    let mut tree = good();
    tree["providers"] = providers;
    tree["publicUrls"] = json!(["https://app.example.com", "https://*.apps.example.com:8443"]);
    tree["paths"] = json!({ "verify": "/oauth2/verify", "backChannel": "/oauth2/back-channel" });
    tree["routes"] = rules;
    let config = read(&tree).unwrap();
    let of_rules = config.warnings().iter().filter(|warning| warning.path.starts_with("routes"));
    // That a rule opens more than it seems to is told beside.
    let futile = ["never decides", "asks people for scopes that no sign-in asks for"];
    let own = of_rules.filter(|warning| futile.contains(&warning.what.as_str()));
    own.map(|warning| [warning.path.clone(), warning.what.clone(), warning.mend.clone()]).collect()
}

fn staff() -> Value {
    json!([{ "name": "staff", "issuer": "https://idp.example.com", "clientId": "edge", "scopes": ["openid", "email"] }])
}

fn of_path(path: &Value, hosts: &[&str]) -> Vec<[String; 3]> {
    let mut matching = json!({ "path": path });
    if !hosts.is_empty() {
        matching["hosts"] = json!(hosts);
    }
    warnings(staff(), json!([{ "name": "late", "action": "deny", "match": matching }]))
}

#[test]
fn a_rule_for_an_endpoint_of_ours_gives_a_warning() {
    for (path, endpoint) in [
        (json!({ "exact": "/oauth2/callback" }), "/oauth2/callback"),
        (json!({ "template": "/oauth2/whoami" }), "/oauth2/whoami"),
        (json!({ "exact": "/oauth2/back-channel" }), "/oauth2/back-channel"),
        (json!({ "exact": "/oauth2/verify" }), "/oauth2/verify"),
        (json!({ "prefix": "/oauth2/verify/x" }), "/oauth2/verify"),
        (json!({ "template": "/oauth2/verify/{x}" }), "/oauth2/verify"),
    ] {
        for hosts in [&[][..], &["app.example.com"], &["*.apps.example.com", "a.apps.example.com"]] {
            let said = of_path(&path, hosts);
            assert_eq!(said.len(), 1, "{path} {hosts:?}");
            assert_eq!(&said[0][..2], ["routes[0]", "never decides"], "{path}");
            assert!(said[0][2].contains("`late`") && said[0][2].contains(&format!("`{endpoint}`")), "{said:?}");
        }
    }
    for path in ["/oauth2", "/oauth2/callback", "/oauth2/front-channel", "/oauth2/verification"] {
        assert!(of_path(&json!({ "prefix": path }), &[]).is_empty(), "{path}");
    }
    let elsewhere = of_path(&json!({ "exact": "/oauth2/callback" }), &["app.example.com", "example.org"]);
    assert!(elsewhere.is_empty(), "there it is nobody's: {elsewhere:?}");
}

#[test]
fn a_rule_for_another_providers_callback_gives_a_warning() {
    let mut providers = staff();
    let partner = json!({ "name": "partner", "issuer": "https://partner.example.com", "clientId": "edge" });
    providers.as_array_mut().unwrap().push(partner);
    for (path, said) in [("/oauth2/callback/partner", 1), ("/oauth2/callback/staff", 0), ("/oauth2/callback/x", 0)] {
        let rule = json!({ "action": "deny", "match": { "path": { "exact": path } } });
        assert_eq!(warnings(providers.clone(), json!([rule])).len(), said, "{path}");
    }
}

/// What is said of a rule that says `more`, where `staff` has people and `machine` has programs.
fn of_scopes(more: Value, others: &[Value]) -> Vec<[String; 3]> {
    let mut providers = staff();
    let bearer = json!([{ "kind": "access_token", "audiences": ["edge"] }]);
    let machine = json!({ "name": "machine", "issuer": "https://m.example.com", "bearer": bearer });
    providers.as_array_mut().unwrap().push(machine);
    let mut rule = json!({ "name": "jobs", "action": "authenticate", "match": { "path": { "prefix": "/jobs" } } });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let rules: Vec<_> = std::iter::once(&rule).chain(others).collect();
    warnings(providers, json!(rules))
}

#[test]
fn scopes_that_no_sign_in_asks_for_give_a_warning() {
    let jobs = || json!({ "scopes": ["email", "jobs"] });
    for require in [
        jobs(),
        json!({ "all": [{ "emailDomains": ["example.com"] }, jobs()] }),
        json!({ "any": [jobs(), { "scopes": ["jobs"] }] }),
    ] {
        let said = of_scopes(json!({ "require": require }), &[]);
        assert_eq!(said.len(), 1, "{require}");
        assert_eq!(&said[0][..2], ["routes[0]", "asks people for scopes that no sign-in asks for"], "{require}");
        assert!(said[0][2].contains("add `jobs` to") && !said[0][2].contains("`email`"), "{said:?}");
    }
    for fine in [
        json!({ "require": { "scopes": ["email"] } }),
        json!({ "require": jobs(), "signIn": { "scopes": ["jobs"] } }),
        json!({ "require": jobs(), "credentials": ["bearer"] }),
        json!({ "require": jobs(), "providers": ["machine"] }),
        json!({ "require": { "not": jobs() } }),
        json!({ "require": { "any": [jobs(), { "emailDomains": ["example.com"] }] } }),
    ] {
        assert!(of_scopes(fine.clone(), &[]).is_empty(), "{fine}");
    }
    // Whoever was there has the scope, and may come here.
    let stronger = json!({ "action": "authenticate", "match": { "path": { "prefix": "/admin" } }, "signIn": { "scopes": ["jobs"] } });
    assert!(of_scopes(json!({ "require": jobs() }), &[stronger]).is_empty());
}

#[test]
fn what_is_asked_of_a_provider_that_does_not_count_helps_nobody() {
    let mut providers = staff();
    let partner = json!({
        "name": "partner", "issuer": "https://partner.example.com", "clientId": "edge", "scopes": ["openid", "jobs"],
    });
    providers.as_array_mut().unwrap().push(partner);
    for (taken, said) in [(json!(["staff"]), 1), (json!(["partner"]), 0), (json!(["staff", "partner"]), 0)] {
        let rule = json!({
            "action": "authenticate", "match": { "path": { "prefix": "/jobs" } }, "providers": taken,
            "require": { "scopes": ["jobs"] },
        });
        assert_eq!(warnings(providers.clone(), json!([rule])).len(), said, "{taken}");
    }
}
