//! `routes`: what a rule may say, what it means, and what contradicts itself.

use std::time::Duration;

use edge_oidc::{
    config::Config,
    policy::{Access, PathPattern, Unauthenticated},
};
use serde_json::{Value, json};

use crate::{good, read};

const ISSUER: &str = "https://idp.example.com";

/// People sign in at `staff`, programs bring tokens of `pods`, and `both` has both.
fn tree(rule: Value) -> Value {
    let mut tree = good();
    let bearer = json!([{ "kind": "service_account", "audiences": ["edge"] }]);
    tree["providers"] = json!([
        { "name": "staff", "issuer": ISSUER, "clientId": "edge" },
        { "name": "pods", "issuer": "https://pods.example.com", "bearer": bearer },
        { "name": "both", "issuer": "https://both.example.com", "clientId": "edge", "bearer": bearer },
    ]);
    tree["identity"] = json!({
        "userId": { "claim": "sub", "header": "x-user", "prefix": "p:" },
        "groups": { "claim": "groups", "header": "x-groups" },
        "forward": { "idToken": { "header": "x-id-token" } },
    });
    tree["externalAuthorization"] = json!({ "url": "https://authz.example.com/check" });
    tree["routes"] = json!([rule]);
    tree
}

/// A rule that authenticates and says `more`.
fn authenticate(more: &Value) -> Value {
    let mut rule = json!({ "action": "authenticate", "match": { "path": { "prefix": "/x" } } });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    rule
}

fn config(more: &Value) -> Config {
    read(&tree(authenticate(more))).unwrap_or_else(|problems| panic!("{more}: {problems}"))
}

fn access(more: &Value) -> Access {
    config(more).routes.rules()[0].access.clone()
}

/// Where the problems of a rule are, after `routes[0].`.
fn problems(tree: &Value) -> Vec<String> {
    let problems = read(tree).err().unwrap_or_default();
    problems
        .iter()
        .map(|problem| problem.path.trim_start_matches("routes[0]").trim_start_matches('.').to_owned())
        .collect()
}

fn refused(more: &Value) -> Vec<String> {
    problems(&tree(authenticate(more)))
}

fn matching(matching: &Value) -> Vec<String> {
    problems(&tree(json!({ "action": "deny", "match": matching })))
}

fn routes(rules: Value) -> Config {
    let mut tree = tree(json!({}));
    tree["routes"] = rules;
    read(&tree).unwrap()
}

fn warnings(config: &Config) -> Vec<String> {
    let own = config.warnings().iter().filter(|warning| warning.path.starts_with("routes"));
    own.map(|warning| format!("{} {}", warning.path, warning.what)).collect()
}

#[test]
fn a_rule_that_says_nothing_more_takes_whoever_is_known() {
    assert_eq!(access(&json!({})), Access::default());
    assert_eq!(Access::default().unauthenticated, Unauthenticated::Auto);
    assert!(Access::default().external_authorization && Access::default().requirement.is_none());
}

#[test]
fn each_demand_is_read() {
    let demands = access(&json!({
        "unauthenticated": "challenge",
        "credentials": ["bearer", "session"],
        "providers": ["both"],
        "signIn": { "scopes": ["admin", "a:b/c"], "acrValues": ["urn:mfa"], "maxAge": "15m" },
        "externalAuthorization": false,
    }));
    assert_eq!(demands.unauthenticated, Unauthenticated::Challenge);
    assert!(demands.credentials.session && demands.credentials.bearer && !demands.external_authorization);
    assert_eq!(demands.providers, ["both"]);
    assert_eq!(demands.assurance.scopes, ["admin", "a:b/c"]);
    assert_eq!(demands.assurance.acr_values, ["urn:mfa"]);
    assert_eq!(demands.assurance.max_age, Some(Duration::from_mins(15)));
    let bearer = access(&json!({ "credentials": ["bearer"] })).credentials;
    assert!(bearer.bearer && !bearer.session);
    let session = access(&json!({ "credentials": ["session"] })).credentials;
    assert!(session.session && !session.bearer);
    for (word, way) in
        [("auto", Unauthenticated::Auto), ("login", Unauthenticated::Login), ("pass", Unauthenticated::Pass)]
    {
        assert_eq!(access(&json!({ "unauthenticated": word })).unauthenticated, way);
    }
}

// T-33
#[test]
fn what_a_rule_does_not_say_stays_as_strict_as_it_is() {
    let plain = Access::default();
    let requirement = access(&json!({ "require": { "scopes": ["a"] } }));
    assert_eq!(Access { requirement: None, ..requirement }, plain);
    let named = access(&json!({ "providers": ["staff"] }));
    assert_eq!(Access { providers: Vec::new(), ..named }, plain);
    let sign_in = access(&json!({ "signIn": { "maxAge": "15m" } }));
    assert_eq!(Access { assurance: plain.assurance.clone(), ..sign_in }, plain);
    assert_eq!(access(&json!({ "forward": {} })), plain);
}

#[test]
fn each_way_to_write_a_path_is_its_own() {
    let path = |path: Value| {
        let config = routes(json!([{ "action": "deny", "match": { "path": path } }]));
        config.routes.rules()[0].path.clone().unwrap()
    };
    assert_eq!(path(json!({ "exact": "/a" })), PathPattern::exact("/a").unwrap());
    assert_eq!(path(json!({ "prefix": "/a" })), PathPattern::prefix("/a").unwrap());
    assert_eq!(path(json!({ "template": "/a/{b}" })), PathPattern::template("/a/{b}").unwrap());
    assert_eq!(path(json!({ "regex": "/a.*" })), PathPattern::regex("/a.*").unwrap());
}

// T-23
#[test]
fn paths_that_mean_nothing_or_too_much_are_refused() {
    for path in [
        json!({}),
        json!({ "exact": "/a", "regex": "/a" }),
        json!({ "template": "/a", "prefix": "/a" }),
        json!({ "glob": "/a" }),
        json!("/a"),
    ] {
        assert_eq!(matching(&json!({ "path": path }))[0].split('.').next(), Some("match"), "{path}");
    }
    for text in ["", " ", "a/{b}", "/{}", "/{a", "/a}", "/x{a}", "/{a}/{a}", "/{a b}", "/{a}/*", "/{a}//b", "/{{a}}"] {
        assert_eq!(matching(&json!({ "path": { "template": text } })), ["match.path.template"], "{text}");
    }
    for text in [
        "",
        "(",
        "(?=/a)",
        "/(?!a)",
        "(/a)\\1",
        "/\\p{L}",
        "users/.*",
        "/a)|(/b",
        "(/a{1000}){1000}",
        &"/a".repeat(513),
    ] {
        assert_eq!(matching(&json!({ "path": { "regex": text } })), ["match.path.regex"], "{text}");
    }
}

#[test]
fn a_refused_expression_says_what_is_not_known() {
    let problems = read(&tree(json!({ "action": "deny", "match": { "path": { "regex": "/(?!a).*" } } }))).unwrap_err();
    let text = problems.to_string();
    assert!(text.contains("look-around") && text.contains("back-references") && text.contains("`not`"), "{text}");
}

#[test]
fn an_exclusion_says_something() {
    let not = json!({ "hosts": ["x.org"], "methods": ["GET"], "path": { "regex": "/a.*" } });
    let config = routes(json!([{ "action": "deny", "match": { "not": not } }]));
    let read = config.routes.rules()[0].not.clone().unwrap();
    assert_eq!((read.hosts.len(), read.methods.as_slice()), (1, ["GET".to_owned()].as_slice()));
    assert_eq!(read.path, Some(PathPattern::regex("/a.*").unwrap()));
    for (not, place) in [
        (json!({}), "match.not"),
        (json!({ "not": { "methods": ["GET"] } }), "match.not.not"),
        (json!({ "hosts": [] }), "match.not.hosts"),
        (json!({ "hosts": [""] }), "match.not.hosts[0]"),
        (json!({ "methods": ["get"] }), "match.not.methods[0]"),
        (json!({ "methods": ["GET", "GET"] }), "match.not.methods[1]"),
        (json!({ "path": {} }), "match.not.path"),
    ] {
        assert_eq!(matching(&json!({ "path": { "prefix": "/a" }, "not": not }))[0], place, "{not}");
    }
}

#[test]
fn nothing_is_asked_of_those_whom_nobody_asks() {
    let demands = json!({
        "unauthenticated": "auto",
        "credentials": ["session"],
        "providers": ["staff"],
        "signIn": { "maxAge": "15m" },
        "require": { "scopes": ["a"] },
        "forward": {},
        "externalAuthorization": true,
    });
    for (name, demand) in demands.as_object().unwrap() {
        for action in ["allow", "deny"] {
            let mut rule = authenticate(&json!({ name: demand }));
            rule["action"] = json!(action);
            assert_eq!(problems(&tree(rule)), [name.as_str()], "{action}");
        }
        assert_eq!(refused(&json!({ name: demand })), [""; 0], "{name}");
    }
}

#[test]
fn contradictions_are_problems() {
    for (more, places) in [
        (json!({ "unauthenticated": "pass", "require": { "scopes": ["a"] } }), vec!["require"]),
        (json!({ "unauthenticated": "pass", "signIn": { "maxAge": "15m" } }), vec!["signIn"]),
        (json!({ "credentials": ["bearer"], "unauthenticated": "login" }), vec!["unauthenticated"]),
        (json!({ "credentials": ["bearer"], "signIn": { "maxAge": "15m" } }), vec!["signIn"]),
        (json!({ "providers": ["pods"], "signIn": { "maxAge": "15m" } }), vec!["signIn"]),
        (json!({ "providers": ["pods"], "unauthenticated": "login" }), vec!["unauthenticated"]),
        (json!({ "providers": ["nobody"] }), vec!["providers[0]"]),
        (json!({ "providers": ["staff", "nobody"] }), vec!["providers[1]"]),
        (json!({ "providers": ["staff", "staff"] }), vec!["providers[1]"]),
        (json!({ "providers": ["staff", "pods"], "credentials": ["session"] }), vec!["providers[1]"]),
        (json!({ "providers": ["staff", "both"], "credentials": ["bearer"] }), vec!["providers[0]"]),
        (json!({ "providers": ["staff"], "credentials": ["session", "bearer"] }), vec!["credentials"]),
        (json!({ "providers": ["pods"], "credentials": ["session", "bearer"] }), vec!["credentials"]),
        (json!({ "credentials": ["cookie"] }), vec!["credentials[0]"]),
        (json!({ "credentials": [] }), vec!["credentials"]),
        (json!({ "credentials": ["session", "session"] }), vec!["credentials[1]"]),
    ] {
        assert_eq!(refused(&more), places, "{more}");
    }
    for fine in [
        json!({ "providers": ["staff", "pods"] }),
        json!({ "providers": ["both", "pods"], "credentials": ["bearer"] }),
        json!({ "providers": ["pods", "staff"], "unauthenticated": "login", "signIn": { "maxAge": "15m" } }),
        json!({ "unauthenticated": "pass", "providers": ["staff"], "forward": {} }),
    ] {
        assert_eq!(refused(&fine), [""; 0], "{fine}");
    }
}

#[test]
fn a_credential_counts_where_a_provider_that_counts_gives_it() {
    for (more, counts) in [
        (json!({}), (true, true)),
        (json!({ "providers": ["staff"] }), (true, false)),
        (json!({ "providers": ["pods"] }), (false, true)),
        (json!({ "providers": ["staff", "pods"] }), (true, true)),
        (json!({ "credentials": ["bearer"] }), (false, true)),
        (json!({ "providers": ["both"], "credentials": ["session"] }), (true, false)),
    ] {
        let config = config(&more);
        let credentials = config.credentials(&config.routes.rules()[0].access);
        assert_eq!((credentials.session, credentials.bearer), counts, "{more}");
    }
}

#[test]
fn bearer_tokens_are_named_only_where_a_provider_gives_them() {
    let mut tree = tree(authenticate(&json!({ "credentials": ["session", "bearer"] })));
    tree["providers"] = json!([{ "name": "staff", "issuer": ISSUER, "clientId": "edge" }]);
    assert_eq!(problems(&tree), ["credentials"]);
    tree["routes"][0]["credentials"] = json!(["session"]);
    assert_eq!(problems(&tree), [""; 0]);
}

#[test]
fn what_other_blocks_do_not_give_is_not_asked_for() {
    let mut without = tree(authenticate(&json!({ "require": { "any": [{ "groups": { "any": ["a"] } }] } })));
    without["identity"] = json!({ "userId": { "claim": "sub", "header": "x-user", "prefix": "p:" } });
    assert_eq!(problems(&without), ["require.any[0].groups"]);
    for flag in [true, false] {
        let mut without = tree(authenticate(&json!({ "externalAuthorization": flag })));
        without.as_object_mut().unwrap().remove("externalAuthorization");
        assert_eq!(problems(&without), ["externalAuthorization"]);
    }
}

#[test]
fn step_up_is_within_bounds() {
    for (sign_in, place) in [
        (json!({}), "signIn"),
        (json!({ "scopes": [] }), "signIn.scopes"),
        (json!({ "scopes": [""] }), "signIn.scopes[0]"),
        (json!({ "scopes": ["a b"] }), "signIn.scopes[0]"),
        (json!({ "scopes": ["a\"b"] }), "signIn.scopes[0]"),
        (json!({ "scopes": ["a\\b"] }), "signIn.scopes[0]"),
        (json!({ "scopes": ["é"] }), "signIn.scopes[0]"),
        (json!({ "acrValues": ["a b"] }), "signIn.acrValues[0]"),
        (json!({ "maxAge": "59s" }), "signIn.maxAge"),
        (json!({ "maxAge": "31d" }), "signIn.maxAge"),
        (json!({ "maxAge": 900 }), "signIn.maxAge"),
        (json!({ "acr": ["a"] }), "signIn.acr"),
    ] {
        assert!(refused(&json!({ "signIn": sign_in })).contains(&place.to_owned()), "{sign_in}");
    }
    for age in ["1m", "60s", "30d"] {
        assert_eq!(refused(&json!({ "signIn": { "maxAge": age } })), [""; 0], "{age}");
    }
}

#[test]
fn a_rule_hands_on_its_own_tokens_in_headers_of_their_own() {
    let forward = |forward: Value| {
        let config = config(&json!({ "forward": forward }));
        let rule = config.forwarding(Some(0)).clone();
        (rule.id_token, rule.access_token)
    };
    assert_eq!(forward(json!({})), (None, None));
    let one = forward(json!({ "accessToken": { "header": "X-Token" } }));
    assert_eq!(one, (None, Some("x-token".to_owned())));
    let other = forward(json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "x-id-token" } }));
    assert_eq!(other, (Some("authorization".to_owned()), Some("x-id-token".to_owned())));
    let rest = config(&json!({}));
    assert_eq!(rest.forwarding(Some(0)).id_token.as_deref(), Some("x-id-token"), "what is common to all");
    for (forward, place) in [
        (json!({ "idToken": { "header": "X_User" } }), "forward.idToken.header"),
        (json!({ "idToken": { "header": "cookie" } }), "forward.idToken.header"),
        (json!({ "idToken": { "header": "x-a" }, "accessToken": { "header": "x_a" } }), "forward.accessToken.header"),
        (json!({ "idToken": {} }), "forward.idToken.header"),
        (json!({ "refreshToken": { "header": "x-a" } }), "forward.refreshToken"),
    ] {
        assert!(refused(&json!({ "forward": forward })).contains(&place.to_owned()), "{forward}");
    }
}

#[test]
fn tokens_of_a_rule_are_those_of_its_place() {
    let config = routes(json!([
        { "action": "deny", "match": { "path": { "exact": "/a" } } },
        { "action": "authenticate", "match": { "path": { "exact": "/b" } }, "forward": {} },
        { "action": "authenticate", "match": { "path": { "exact": "/c" } } },
    ]));
    let has = |rule| config.forwarding(rule).id_token.is_some();
    assert_eq!([has(None), has(Some(0)), has(Some(1)), has(Some(2))], [true, true, false, true]);
}

#[test]
fn a_rule_that_never_decides_gives_a_warning() {
    let allow = |name: &str, matching: Value| json!({ "name": name, "action": "allow", "match": matching });
    let config = routes(json!([
        allow("users", json!({ "path": { "template": "/users/{id}" } })),
        allow("me", json!({ "path": { "exact": "/users/me" } })),
        allow("void", json!({ "path": { "prefix": "/v" }, "not": { "path": { "prefix": "/v" } } })),
    ]));
    assert_eq!(warnings(&config), ["routes[2] never decides", "routes[1] never decides"]);
    let named =
        |names: &[&str]| config.warnings().iter().any(|warning| names.iter().all(|name| warning.mend.contains(name)));
    assert!(named(&["`me`", "`users`"]) && named(&["`void`"]));
    let everything = routes(json!([{ "action": "allow", "match": { "methods": ["GET"] } }]));
    assert_eq!(warnings(&everything), ["routes[0] lets everyone pass to every path without sign-in"]);
    let but_one = routes(json!([allow("most", json!({ "not": { "path": { "prefix": "/admin" } } }))]));
    assert_eq!(warnings(&but_one), [""; 0]);
}

#[test]
fn names_are_short_and_unique() {
    let deny =
        |name: &str, path: &str| json!({ "name": name, "action": "deny", "match": { "path": { "exact": path } } });
    let mut tree = tree(json!({}));
    tree["routes"] = json!([deny("a", "/a"), deny("a", "/b")]);
    assert_eq!(problems(&tree), ["routes[1]"]);
    for name in ["", "a\nb", &"a".repeat(65)] {
        tree["routes"] = json!([deny(name, "/a")]);
        assert_eq!(problems(&tree), ["name"], "{name:?}");
    }
    tree["routes"] = json!([{ "match": { "path": { "exact": "/a" } } }]);
    assert_eq!(problems(&tree), ["action"]);
}
