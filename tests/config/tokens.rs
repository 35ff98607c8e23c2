//! `bearer`: which tokens of an issuer are taken, and where they stand.

use std::time::Duration;

use edge_oidc::{
    config::Config,
    oidc::bearer::{BearerRule, TokenKind},
};
use serde_json::{Value, json};

use crate::{good, places, read, with};

/// A provider that is not Cognito, with a client that proves itself.
fn oidc(bearer: Value) -> Value {
    with(
        "/providers/0",
        json!({
            "issuer": "https://idp.example.com",
            "clientId": "edge",
            "clientSecret": { "env": "SECRET" },
            "bearer": bearer,
        }),
    )
}

fn cognito(bearer: Value) -> Value {
    with("/providers/0/bearer", bearer)
}

fn rules(tree: &Value) -> Vec<BearerRule> {
    read(tree).unwrap().providers()[0].bearer.clone()
}

fn warnings(config: &Config) -> Vec<&str> {
    config.warnings().iter().map(|warning| warning.path.as_str()).filter(|path| path.contains("bearer")).collect()
}

#[test]
fn each_kind_says_whose_tokens_it_takes() {
    let all = rules(&oidc(json!([
        { "kind": "id_token", "audiences": ["edge", "kubelogin"] },
        { "kind": "access_token", "audiences": ["https://api.example.com"], "clientIds": ["cli"] },
        { "kind": "service_account", "audiences": ["edge"] },
        { "kind": "introspection", "clientIds": ["batch"], "cache": "2m" },
    ])));
    let kinds: Vec<_> = all.iter().map(|rule| rule.kind).collect();
    let expected = [TokenKind::IdToken, TokenKind::AccessToken, TokenKind::ServiceAccount, TokenKind::Introspection];
    assert_eq!(kinds, expected);
    assert_eq!(all[0].audiences, ["edge", "kubelogin"]);
    assert_eq!(
        (all[1].client_ids.as_slice(), all[1].types.as_slice()),
        (["cli".to_owned()].as_slice(), ["at+jwt".to_owned()].as_slice())
    );
    assert_eq!((all[2].cache, all[3].cache), (Duration::from_mins(1), Duration::from_mins(2)));
}

// T-111
#[test]
fn an_entry_that_does_not_say_whose_tokens_it_takes_is_refused() {
    for (kind, place) in [
        ("id_token", "providers[0].bearer[0].audiences"),
        ("access_token", "providers[0].bearer[0].audiences"),
        ("service_account", "providers[0].bearer[0].audiences"),
        ("introspection", "providers[0].bearer[0].audiences"),
        ("user_info", "providers[0].bearer[0].anyClient"),
    ] {
        assert_eq!(places(&oidc(json!([{ "kind": kind }]))), [place], "{kind}");
    }
    assert_eq!(places(&cognito(json!([{ "kind": "access_token" }]))), ["providers[0].bearer[0].clientIds"]);
    let audiences_only = json!([{ "kind": "access_token", "audiences": ["https://api.example.com"] }]);
    assert_eq!(places(&cognito(audiences_only)), ["providers[0].bearer[0].clientIds"]);
    let clients_only = json!([{ "kind": "access_token", "clientIds": ["cli"] }]);
    assert_eq!(places(&oidc(clients_only)), ["providers[0].bearer[0].audiences"]);
    for empty in [json!([]), json!([""]), json!([" "]), json!([" a"]), json!(["a", "a"]), json!("a"), json!([null])] {
        let place = places(&oidc(json!([{ "kind": "id_token", "audiences": empty }])));
        assert!(place[0].starts_with("providers[0].bearer[0].audiences"), "{empty}: {place:?}");
    }
}

#[test]
fn an_entry_says_nothing_that_its_kind_cannot_keep() {
    for (entry, member) in [
        (json!({ "kind": "id_token", "audiences": ["a"], "types": ["JWT"] }), "types"),
        (json!({ "kind": "id_token", "audiences": ["a"], "cache": "1m" }), "cache"),
        (json!({ "kind": "service_account", "audiences": ["a"], "clientIds": ["b"] }), "clientIds"),
        (json!({ "kind": "access_token", "audiences": ["a"], "anyClient": true }), "anyClient"),
        (json!({ "kind": "introspection", "audiences": ["a"], "types": ["JWT"] }), "types"),
        (json!({ "kind": "user_info", "anyClient": true, "audiences": ["a"] }), "audiences"),
        (json!({ "kind": "user_info", "anyClient": true, "clientIds": ["a"] }), "clientIds"),
        (json!({ "kind": "id_token", "audiences": ["a"], "audience": "a" }), "audience"),
        (json!({ "kind": "jwt", "audiences": ["a"] }), "kind"),
        (json!({ "audiences": ["a"] }), "kind"),
    ] {
        assert_eq!(places(&oidc(json!([entry]))), [format!("providers[0].bearer[0].{member}")], "{entry}");
    }
    let types = json!([{ "kind": "access_token", "clientIds": ["a"], "types": ["at+jwt"] }]);
    assert_eq!(places(&cognito(types)), ["providers[0].bearer[0].types"]);
    assert_eq!(places(&oidc(json!([]))), ["providers[0].bearer"]);
}

#[test]
fn cognito_has_neither_pods_nor_opaque_tokens() {
    for entry in [
        json!({ "kind": "service_account", "audiences": ["a"] }),
        json!({ "kind": "introspection", "audiences": ["a"] }),
        json!({ "kind": "user_info", "anyClient": true }),
    ] {
        let mut tree = cognito(json!([entry]));
        tree["providers"][0]["clientSecret"] = json!({ "env": "SECRET" });
        assert_eq!(places(&tree), ["providers[0].bearer[0].kind"], "{entry}");
    }
    let bound = json!([{ "kind": "access_token", "clientIds": ["cli"], "audiences": ["https://api.example.com"] }]);
    assert_eq!(rules(&cognito(bound))[0].audiences, ["https://api.example.com"]);
}

#[test]
fn access_tokens_are_of_two_types_and_the_one_that_says_little_is_warned_of() {
    let types = |types: Value| oidc(json!([{ "kind": "access_token", "audiences": ["a"], "types": types }]));
    let both = read(&types(json!(["application/AT+JWT", "JWT"]))).unwrap();
    assert_eq!(both.providers()[0].bearer[0].types, ["at+jwt", "jwt"]);
    assert_eq!(warnings(&both), ["providers[0].bearer[0].types[1]"]);
    assert_eq!(warnings(&read(&types(json!(["at+jwt"]))).unwrap()), Vec::<&str>::new());
    for wrong in ["logout+jwt", "dpop+jwt", "", "at+jwt "] {
        assert_eq!(places(&types(json!([wrong]))), ["providers[0].bearer[0].types[0]"], "{wrong}");
    }
    assert_eq!(places(&types(json!(["JWT", "jwt"]))), ["providers[0].bearer[0].types[1]"]);
}

#[test]
fn tokens_of_any_client_are_taken_only_by_that_word_and_warned_of() {
    let any = |flag: Value| oidc(json!([{ "kind": "user_info", "anyClient": flag }]));
    let config = read(&any(json!(true))).unwrap();
    assert_eq!(warnings(&config), ["providers[0].bearer[0].anyClient"]);
    assert_eq!(config.providers()[0].bearer[0].kind, TokenKind::UserInfo);
    for wrong in [json!(false), json!("true")] {
        assert_eq!(places(&any(wrong.clone())), ["providers[0].bearer[0].anyClient"], "{wrong}");
    }
}

#[test]
fn an_answer_about_an_opaque_token_is_kept_for_minutes_at_most() {
    let cache = |cache: &str| oidc(json!([{ "kind": "introspection", "audiences": ["a"], "cache": cache }]));
    assert_eq!(rules(&cache("0s"))[0].cache, Duration::ZERO);
    assert_eq!(rules(&cache("10m"))[0].cache, Duration::from_mins(10));
    assert_eq!(rules(&oidc(json!([{ "kind": "introspection", "audiences": ["a"] }])))[0].cache, Duration::from_mins(1));
    for wrong in ["11m", "1h", "60"] {
        assert_eq!(places(&cache(wrong)), ["providers[0].bearer[0].cache"], "{wrong}");
    }
}

#[test]
fn introspection_needs_a_client_that_proves_itself() {
    let mut public = oidc(json!([{ "kind": "introspection", "audiences": ["a"] }]));
    public["providers"][0].as_object_mut().unwrap().remove("clientSecret");
    assert_eq!(places(&public), ["providers[0].clientSecret"]);
    public["providers"][0].as_object_mut().unwrap().remove("clientId");
    assert_eq!(places(&public), ["providers[0].clientId", "providers[0].clientSecret"]);
}

#[test]
fn opaque_tokens_are_shown_to_one_provider_only() {
    let introspection = json!({ "kind": "introspection", "audiences": ["a"] });
    let both = oidc(json!([introspection, { "kind": "user_info", "anyClient": true }]));
    assert_eq!(places(&both), ["providers[0].bearer[1]"]);
    let mut two = oidc(json!([introspection]));
    two["providers"][0]["name"] = json!("one");
    let mut other = two["providers"][0].clone();
    (other["name"], other["issuer"]) = (json!("other"), json!("https://other.example.com"));
    two["providers"].as_array_mut().unwrap().push(other);
    assert_eq!(places(&two), ["providers[1]"]);
    two["providers"][1]["bearer"] = json!([{ "kind": "id_token", "audiences": ["a"] }]);
    assert!(read(&two).is_ok());
}

#[test]
fn what_is_asked_of_the_provider_has_an_endpoint() {
    let by_hand = json!({
        "authorization": "https://idp.example.com/a",
        "token": "https://idp.example.com/t",
        "jwks": "https://idp.example.com/k",
    });
    for (bearer, endpoint) in [
        (json!({ "kind": "introspection", "audiences": ["a"] }), "introspection"),
        (json!({ "kind": "user_info", "anyClient": true }), "userInfo"),
    ] {
        let mut tree = oidc(json!([bearer]));
        tree["providers"][0]["endpoints"] = by_hand.clone();
        assert_eq!(places(&tree), [format!("providers[0].endpoints.{endpoint}")]);
        tree["providers"][0]["endpoints"][endpoint] = json!("https://idp.example.com/x");
        assert!(read(&tree).is_ok(), "{endpoint}");
    }
    let mut discovered = oidc(json!([{ "kind": "introspection", "audiences": ["a"] }]));
    discovered["providers"][0]["endpoints"] = json!({ "jwks": "https://idp.example.com/k" });
    assert!(read(&discovered).is_ok());
    discovered["providers"][0]["signIn"] = json!(false);
    assert_eq!(places(&discovered), ["providers[0].endpoints.introspection"]);
    let mut tree = oidc(json!([{ "kind": "id_token", "audiences": ["a"] }]));
    tree["providers"][0]["endpoints"] = by_hand;
    tree["providers"][0]["userInfo"] = json!(true);
    assert_eq!(places(&tree), ["providers[0].endpoints.userInfo"]);
}

#[test]
fn a_token_stands_in_authorization_unless_another_header_is_named() {
    let taken = |bearer: Value| {
        let mut tree = oidc(json!([{ "kind": "id_token", "audiences": ["a"] }]));
        tree["bearer"] = bearer;
        tree["identity"] = json!({ "userId": { "claim": "sub", "header": "x-user" } });
        tree
    };
    let settings = read(&good()).unwrap().bearer;
    assert_eq!((settings.header.as_str(), settings.raw), ("authorization", false));
    let settings = read(&taken(json!({ "header": "X-Auth-Token" }))).unwrap().bearer;
    assert_eq!((settings.header.as_str(), settings.raw), ("x-auth-token", false));
    assert!(read(&taken(json!({ "header": "Authorization" }))).is_ok());
    for header in ["cookie", "host", "x y", "", "x-forwarded-for", "X_User", "proxy-authorization"] {
        assert_eq!(places(&taken(json!({ "header": header }))), ["bearer.header"], "{header}");
    }
    let raw = read(&taken(json!({ "raw": true }))).unwrap();
    assert!(raw.bearer.raw);
    assert_eq!(warnings(&raw), ["bearer.raw"]);
    assert_eq!(places(&taken(json!({ "raw": "yes" }))), ["bearer.raw"]);
    assert_eq!(places(&with("/bearer", json!({ "raw": true }))), ["bearer"]);
}

#[test]
fn no_client_brings_a_header_that_any_rule_hands_a_token_on_in() {
    let mut tree = good();
    tree["identity"] = json!({
        "userId": { "claim": "sub", "header": "x-user" },
        "forward": { "idToken": { "header": "x-id" } },
    });
    let rule = |name: &str, forward: Value| json!({ "name": name, "action": "authenticate", "match": { "methods": [name] }, "forward": forward });
    tree["routes"] = json!([
        rule("PUT", json!({ "accessToken": { "header": "X-Access" } })),
        rule("POST", json!({ "idToken": { "header": "authorization" } })),
        rule("GET", json!({})),
    ]);
    let config = read(&tree).unwrap();
    assert_eq!(config.header_names().collect::<Vec<_>>(), ["x-user", "x-id", "x-access"]);
    let forwards = |rule| config.forwarding(rule).header_names().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        (forwards(Some(0)), forwards(Some(2)), forwards(None)),
        (vec!["x-access".to_owned()], vec![], vec!["x-id".to_owned()])
    );
    assert!(config.forwarding(Some(1)).takes_authorization() && !config.forwarding(None).takes_authorization());
}
