//! `providers` together: which can stand side by side, and what each is for.

use edge_oidc::oidc::provider::LogoutKind;
use serde_json::{Value, json};

use crate::{and, good, partners, places, pods, read, staff};

/// The good configuration with these providers.
fn providers(providers: Value) -> Value {
    let mut tree = good();
    tree["providers"] = providers;
    tree
}

#[test]
fn several_providers_are_found_by_name() {
    let config =
        read(&providers(json!([staff(), and(partners(), json!({ "displayName": "Our partners" })), pods()]))).unwrap();
    let shown: Vec<_> = config.providers().iter().map(|provider| provider.display_name.as_str()).collect();
    assert_eq!(shown, ["staff", "Our partners", "pods"]);
    assert_eq!(config.provider_named("partners").unwrap().issuer, "https://partners.example.com");
    assert!(config.provider_named("Our partners").is_none() && config.provider_named("").is_none());
}

#[test]
fn a_name_can_be_a_segment_of_a_path() {
    for (name, problems) in [(".", 1), ("..", 1), ("a/b", 1), ("...", 0), (".a", 0), ("a..b", 0)] {
        let tree = providers(json!([and(staff(), json!({ "name": name }))]));
        let places = places(&tree);
        assert_eq!(places, vec!["providers[0].name"; problems], "{name}");
    }
}

#[test]
fn no_endpoint_is_where_a_provider_sends_people_back_to() {
    let wrong = |paths: Value| {
        let mut tree = providers(json!([pods(), staff(), partners()]));
        tree["paths"] = paths;
        places(&tree)
    };
    for name in ["signIn", "signOut", "signedOut", "whoami", "backChannel", "frontChannel", "verify"] {
        assert_eq!(wrong(json!({ name: "/oauth2/callback/partners" })), [format!("paths.{name}")]);
        for free in ["/oauth2/callback/staff", "/oauth2/callback/pods", "/oauth2/callback/partners/x"] {
            assert_eq!(wrong(json!({ name: free })), Vec::<String>::new(), "{name} {free}");
        }
    }
    assert_eq!(wrong(json!({ "callback": "/c", "whoami": "/c/partners" })), ["paths.whoami"]);
}

#[test]
fn several_providers_need_names_that_differ() {
    let nameless = json!([{ "issuer": "https://a.example.com", "clientId": "a" }, staff()]);
    assert_eq!(places(&providers(nameless)), ["providers[0]"]);
    let twice = json!([staff(), and(partners(), json!({ "name": "staff" }))]);
    assert_eq!(places(&providers(twice)), ["providers[1].name"]);
    let alike = json!([
        and(staff(), json!({ "displayName": "Company" })),
        and(partners(), json!({ "displayName": "Company" })),
    ]);
    assert_eq!(places(&providers(alike)), ["providers[1].displayName"]);
    for name in ["", "a\nb", " a", &"x".repeat(65)] {
        let tree = providers(json!([and(staff(), json!({ "displayName": name }))]));
        assert_eq!(places(&tree), ["providers[0].displayName"], "{name:?}");
    }
    assert!(read(&providers(json!([and(staff(), json!({ "displayName": "Größe & Co." }))]))).is_ok());
}

// T-171
#[test]
fn one_issuer_has_one_set_of_endpoints_however_many_clients() {
    let second = |more| json!([staff(), and(and(staff(), json!({ "name": "second", "clientId": "other" })), more)]);
    assert!(read(&providers(second(json!({})))).is_ok());
    for more in [
        json!({ "clientId": "edge" }),
        json!({ "kind": "cognito" }),
        json!({ "endpoints": { "token": "https://evil.example.com/token" } }),
        json!({ "algorithms": ["ES256"] }),
    ] {
        assert_eq!(places(&providers(second(more.clone()))), ["providers[1]"], "{more}");
    }
    let programs = |name| json!({ "name": name, "issuer": "https://staff.example.com", "bearer": [{ "kind": "id_token", "audiences": ["a"] }] });
    assert!(read(&providers(json!([staff(), programs("programs")]))).is_ok());
    assert_eq!(places(&providers(json!([programs("one"), programs("two")]))), ["providers[1]"]);
    assert!(
        read(&providers(json!([
            staff(),
            and(staff(), json!({ "name": "b", "issuer": "https://staff.example.com/" }))
        ])))
        .is_ok()
    );
}

#[test]
fn without_a_client_nobody_signs_in() {
    let config = read(&providers(json!([pods()]))).unwrap();
    let provider = &config.providers()[0];
    assert!(!provider.signs_in && provider.client_id.is_empty() && provider.scopes.is_empty());
    assert_eq!(provider.logout, LogoutKind::LOCAL);
    let config = read(&providers(json!([pods(), staff()]))).unwrap();
    assert_eq!(config.providers().iter().map(|provider| provider.signs_in).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn what_only_people_need_is_refused_where_nobody_signs_in() {
    for (member, value) in [
        ("displayName", json!("Pods")),
        ("scopes", json!(["openid"])),
        ("authorizationParameters", json!({ "prompt": "login" })),
        ("logout", json!({ "kind": "local" })),
        ("userInfo", json!(true)),
        ("clientSecret", json!({ "env": "SECRET" })),
        ("clientAuthentication", json!("none")),
        ("basicEncoding", json!("raw")),
    ] {
        let tree = providers(json!([and(pods(), json!({ member: value }))]));
        assert_eq!(places(&tree), [format!("providers[0].{member}")], "{member}");
    }
    for endpoint in ["authorization", "token", "endSession", "revocation"] {
        let tree = providers(json!([and(pods(), json!({ "endpoints": { endpoint: "https://a.example.com/x" } }))]));
        assert_eq!(places(&tree), [format!("providers[0].endpoints.{endpoint}")]);
    }
    let jwks = json!({ "endpoints": { "jwks": "https://kubernetes.default.svc/openid/v1/jwks" } });
    assert!(read(&providers(json!([and(pods(), jwks)]))).is_ok());
}

#[test]
fn a_provider_is_for_people_or_for_programs_or_for_both() {
    let bare = json!([{ "issuer": "https://a.example.com" }]);
    assert_eq!(places(&providers(bare)), ["providers[0].clientId"]);
    let both = and(staff(), json!({ "bearer": [{ "kind": "id_token", "audiences": ["edge"] }] }));
    let config = read(&providers(json!([both]))).unwrap();
    assert!(config.providers()[0].signs_in && config.providers()[0].bearer.len() == 1);
    assert_eq!(places(&providers(json!([and(pods(), json!({ "signIn": true }))]))), ["providers[0].clientId"]);
    assert_eq!(places(&providers(json!([and(staff(), json!({ "signIn": false }))]))), ["providers[0].bearer"]);
}

#[test]
fn a_client_may_be_for_introspection_alone() {
    let client = json!({ "signIn": false, "clientId": "checker", "clientSecret": { "env": "SECRET" } });
    let introspection = json!({ "bearer": [{ "kind": "introspection", "audiences": ["edge"] }] });
    let checker = and(and(pods(), client.clone()), introspection);
    let config = read(&providers(json!([checker]))).unwrap();
    assert!(!config.providers()[0].signs_in);
    assert_eq!(config.providers()[0].client_id, "checker");
    assert_eq!(places(&providers(json!([and(pods(), client)]))), ["providers[0].clientId"]);
}

#[test]
fn claims_go_by_other_names_where_it_is_said() {
    let naming =
        json!({ "userId": { "claim": "sub", "prefix": "pods:" }, "groups": { "claim": ["realm_access", "roles"] } });
    let mut tree = providers(json!([and(staff(), json!({ "identity": naming }))]));
    tree["identity"] = json!({ "userId": { "claim": "email", "header": "x-user" }, "groups": { "claim": "groups", "header": "x-groups" } });
    let config = read(&tree).unwrap();
    let naming = &config.providers()[0].naming;
    assert_eq!(
        (naming.user_id_claims.as_ref().unwrap()[0].root.as_str(), naming.user_id_prefix.as_deref()),
        ("sub", Some("pods:"))
    );
    let groups = naming.groups_claim.as_ref().unwrap();
    assert_eq!((groups.root.as_str(), groups.rest.as_slice()), ("realm_access", ["roles".to_owned()].as_slice()));
    assert_eq!(naming.groups_prefix, None);
    assert_eq!(config.wanted_claims(), ["realm_access", "sub"]);
}

#[test]
fn a_naming_says_something_and_has_a_header_to_go_into() {
    let place = |naming: Value, identity: Value| {
        let mut tree = providers(json!([and(staff(), json!({ "identity": naming }))]));
        tree["identity"] = identity;
        places(&tree)
    };
    let common = json!({ "userId": { "claim": "email", "header": "x-user" } });
    for (naming, member) in [
        (json!({}), ""),
        (json!({ "userId": {} }), ".userId"),
        (json!({ "userId": { "claim": "" } }), ".userId.claim"),
        (json!({ "userId": { "claim": [] } }), ".userId.claim"),
        (json!({ "userId": { "claim": ["a", ""] } }), ".userId.claim[1]"),
        (json!({ "userId": { "claim": ["a", "b", "c", "d", "e", "f", "g", "h", "i"] } }), ".userId.claim"),
        (json!({ "userId": { "claim": 1 } }), ".userId.claim"),
        (json!({ "userId": { "prefix": "ä" } }), ".userId.prefix"),
        (json!({ "userId": { "header": "x-user" } }), ".userId.header"),
        (json!({ "groups": { "claim": "roles" } }), ".groups"),
    ] {
        let wrong = place(naming.clone(), common.clone());
        assert_eq!(wrong.first(), Some(&format!("providers[0].identity{member}")), "{naming}");
    }
    assert_eq!(
        place(json!({ "userId": { "claim": "sub" } }), json!({ "filterState": true })),
        ["providers[0].identity.userId"]
    );
}
