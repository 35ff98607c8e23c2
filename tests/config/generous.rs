//! Rules that let more people pass than they seem to.

use serde_json::{Value, json};

use crate::{good, read};

/// What is said of a rule that says `more`: at staff and partners people sign in, and from pods programs come. Their names
/// are apart.
fn warnings(more: Value) -> Vec<String> {
    warnings_in(more, |_| ())
}

/// The same of a configuration that is changed so.
fn warnings_in(more: Value, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let apart = |name: &str| json!({ "userId": { "prefix": name }, "groups": { "prefix": name } });
    let mut tree = good();
    tree["providers"] = json!([
        { "name": "staff", "issuer": "https://staff.example.com", "clientId": "edge", "identity": apart("staff:") },
        { "name": "more-staff", "issuer": "https://staff.example.com", "clientId": "second" },
        { "name": "partners", "issuer": "https://p.example.com", "clientId": "edge", "identity": apart("partners:") },
        { "name": "pods", "issuer": "https://kubernetes.default.svc", "bearer": [{ "kind": "service_account", "audiences": ["a"] }] },
    ]);
    tree["identity"] = json!({
        "userId": { "claim": "sub", "header": "x-user" }, "groups": { "claim": "groups", "header": "x-groups" },
    });
    tree["externalAuthorization"] = json!({ "url": "https://authz.example.com/check" });
    let mut rule = json!({ "name": "corp", "action": "authenticate", "match": { "path": { "prefix": "/corp" } } });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tree["routes"] = json!([rule]);
    change(&mut tree);
    let config = read(&tree).unwrap();
    let own = config.warnings().iter().filter(|warning| warning.path.starts_with("routes"));
    own.map(|warning| format!("{} {}", warning.path, warning.what)).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_demand_that_every_provider_can_meet_by_its_word_gives_a_warning() {
    let claims = json!({ "claims": [{ "claim": "department", "equals": "eng" }] });
    for (demand, place) in [
        (json!({ "require": { "emailDomains": ["example.com"] } }), "require"),
        (json!({ "require": { "scopes": ["openid"] } }), "require"),
        (json!({ "require": claims }), "require"),
        (json!({ "require": { "groups": { "any": ["staff:a"] }, "any": [{ "all": [claims] }] } }), "require"),
        (json!({ "signIn": { "acrValues": ["mfa"] } }), "signIn"),
        (json!({ "signIn": { "maxAge": "15m" } }), "signIn"),
        (json!({ "require": claims, "signIn": { "maxAge": "15m" } }), "require"),
    ] {
        let with = |name: &str, value: Value| {
            let mut rule = demand.clone();
            rule[name] = value;
            warnings(rule)
        };
        let said = [format!("routes[0].{place} is taken at every provider's word")];
        assert_eq!(warnings(demand.clone()), said, "{demand}");
        assert_eq!(with("credentials", json!(["session"])), said, "{demand}");
        assert_eq!(with("providers", json!(["staff"])), NOTHING, "{demand}");
        assert_eq!(with("providers", json!(["staff", "partners"])), NOTHING, "{demand}");
    }
}

#[test]
fn a_demand_that_one_issuer_can_meet_alone_is_quiet() {
    let claims = json!({ "claims": [{ "claim": "department", "equals": "eng" }] });
    for quiet in [
        json!({ "require": { "groups": { "any": ["staff:admins"] } } }),
        json!({ "require": { "claims": [{ "claim": "iss", "equals": "https://staff.example.com" }] } }),
        json!({ "require": claims, "credentials": ["bearer"] }),
        json!({}),
    ] {
        assert_eq!(warnings(quiet.clone()), NOTHING, "{quiet}");
    }
    let demand = || json!({ "require": claims });
    let first = |count: usize| move |tree: &mut Value| tree["providers"].as_array_mut().unwrap().truncate(count);
    assert_eq!(warnings_in(demand(), first(2)), NOTHING, "two clients of one issuer");
    assert_eq!(warnings_in(demand(), first(3)).len(), 1);
}

#[test]
fn a_demand_that_somebody_without_claims_meets_gives_a_warning() {
    let no_contractor = json!({ "groups": { "none": ["staff:contractors"] } });
    let external = json!({ "claims": [{ "claim": "contract", "equals": "external" }] });
    let said = |require: &Value| warnings(json!({ "require": require, "providers": ["staff"] }));
    for open in [
        no_contractor.clone(),
        json!({ "not": external }),
        json!({ "claims": [{ "claim": "contract", "exists": false }] }),
        json!({ "all": [no_contractor, { "not": external }] }),
        json!({ "any": [{ "emailDomains": ["example.com"] }, { "not": external }] }),
    ] {
        assert_eq!(said(&open), ["routes[0].require is met by whoever has no claims at all"], "{open}");
    }
    for closed in [
        json!({ "groups": { "any": ["staff:a"], "none": ["staff:contractors"] } }),
        json!({ "emailDomains": ["example.com"], "not": external }),
        json!({ "not": { "not": external } }),
        json!({ "not": no_contractor }),
    ] {
        assert_eq!(said(&closed), NOTHING, "{closed}");
    }
}

#[test]
fn an_authorizer_that_refuses_only_who_is_known_gives_a_warning() {
    let pass = |more: Value| {
        let mut rule = json!({ "unauthenticated": "pass" });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        warnings(rule)
    };
    let said = ["routes[0].unauthenticated lets pass who is not known, and asks the authorizer about who is"];
    assert_eq!(pass(json!({})), said);
    assert_eq!(pass(json!({ "externalAuthorization": true })), said);
    assert_eq!(pass(json!({ "externalAuthorization": false })), NOTHING);
    assert_eq!(pass(json!({ "unauthenticated": "challenge" })), NOTHING);
    let without = |tree: &mut Value| drop(tree.as_object_mut().unwrap().remove("externalAuthorization"));
    assert_eq!(warnings_in(json!({ "unauthenticated": "pass" }), without), NOTHING);
}
