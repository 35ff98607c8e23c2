//! Who passes after the move: never more than before.

use serde_json::{Value, json};

use super::given::{BASE, Migrated, config, policy, refuses, route, with};

/// The first rule of the only route.
fn first(migrated: &Migrated) -> Value {
    migrated.at("/routes/0")
}

#[test]
fn a_route_without_a_policy_lets_nobody_in() {
    let migrated = route("name: closed");
    assert_eq!(
        first(&migrated),
        json!({ "name": "closed", "match": { "hosts": ["app.example.com"] }, "action": "deny" })
    );
    assert_eq!(first(&route("policy: []"))["action"], "deny");
    assert_eq!(migrated.at("/routes/1"), json!({ "name": "no other route", "action": "deny" }));
}

#[test]
fn what_routes_had_before_policies() {
    assert_eq!(first(&route("allow_public_unauthenticated_access: true"))["action"], "allow");
    assert_eq!(first(&route("allow_public_unauthenticated_access: false"))["action"], "deny");
    let any = first(&route("allow_any_authenticated_user: true"));
    assert_eq!((&any["action"], &any["require"]), (&json!("authenticate"), &json!(null)));
    let require = |settings: &str| first(&route(settings))["require"].clone();
    assert_eq!(
        require("allowed_domains: [example.com, example.org]"),
        json!({ "emailDomains": ["example.com", "example.org"] })
    );
    let users =
        json!({ "any": [{ "emails": ["ada@example.com"] }, { "claims": [{ "claim": "sub", "oneOf": ["1f2e"] }] }] });
    assert_eq!(require("allowed_users: [ada@example.com, 1f2e]"), users);
    let claims = json!({ "any": [{ "claims": [{ "claim": "cognito:groups", "contains": "a" }] }, { "claims": [{ "claim": "cognito:groups", "contains": "b" }] }] });
    assert_eq!(require("allowed_idp_claims: { 'cognito:groups': [a, b] }"), claims);
    refuses(
        &route("allowed_groups: [admins]"),
        "routes[0] (https://app.example.com): `groups` means the groups of a directory",
    );
}

#[test]
fn several_ways_in_are_each_enough() {
    let text = "allow_any_authenticated_user: true\npolicy:\n  allow:\n    or: [{ email: ada@example.com }]";
    assert_eq!(first(&route(text))["require"], json!(null));
    let both = policy(
        "- allow:\n    and: [{ claim/family_name: Smith }]\n    or: [{ domain: a.example }, { domain: b.example }]",
    );
    let expected = json!({ "any": [{ "claims": [{ "claim": "family_name", "contains": "Smith" }] }, { "emailDomains": ["a.example", "b.example"] }] });
    assert_eq!(first(&both)["require"], expected);
}

#[test]
fn operators_mean_what_they_meant() {
    let require = |operator: &str| {
        first(&policy(&format!("allow:\n  {operator}: [{{ domain: a.example }}, {{ claim/groups: admin }}]")))["require"].clone()
    };
    let (domain, claim) =
        (json!({ "emailDomains": ["a.example"] }), json!({ "claims": [{ "claim": "groups", "contains": "admin" }] }));
    assert_eq!(require("and"), json!({ "all": [domain, claim] }));
    assert_eq!(require("or"), json!({ "any": [domain, claim] }));
    assert_eq!(require("not"), json!({ "not": { "any": [domain, claim] } }));
    assert_eq!(require("nor"), json!({ "not": { "all": [domain, claim] } }));
}

#[test]
fn a_denial_outweighs() {
    let denied = policy("- allow:\n    or: [{ domain: example.com }]\n- deny:\n    or: [{ email: eve@example.com }]");
    let expected =
        json!({ "all": [{ "emailDomains": ["example.com"] }, { "not": { "emails": ["eve@example.com"] } }] });
    assert_eq!(first(&denied)["require"], expected);
    let alone = policy("deny:\n  or: [{ email: eve@example.com }]");
    assert_eq!(first(&alone)["action"], "deny");
    let open = policy("- allow:\n    or: [{ accept: true }]\n- deny:\n    or: [{ email: eve@example.com }]");
    assert_eq!(first(&open)["action"], "authenticate", "who is refused must be known");
    let closed = policy("- allow:\n    or: [{ accept: true }]\n- deny:\n    or: [{ accept: true }]");
    assert_eq!(first(&closed)["action"], "deny");
}

#[test]
fn matchers_of_texts() {
    let require = |criterion: &str| first(&policy(&format!("allow:\n  and: [{{ {criterion} }}]")))["require"].clone();
    assert_eq!(
        require("email: { in: [a@x.example, b@x.example] }"),
        json!({ "emails": ["a@x.example", "b@x.example"] })
    );
    assert_eq!(require("email: { not: a@x.example }"), json!({ "not": { "emails": ["a@x.example"] } }));
    assert_eq!(require("email: { not_in: [a@x.example] }"), json!({ "not": { "emails": ["a@x.example"] } }));
    assert_eq!(require("email: { ends_with: '@x.example' }"), json!({ "emailDomains": ["x.example"] }));
    assert_eq!(require("domain: { ends_with: .x.example }"), json!({ "emailDomains": ["*.x.example"] }));
    assert_eq!(require("user: { in: [a, b] }"), json!({ "claims": [{ "claim": "sub", "oneOf": ["a", "b"] }] }));
    assert_eq!(require("claim/roles: { has: a, exclude: b }")["all"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        require("claim/realm_access.roles: 3"),
        json!({ "claims": [{ "claim": ["realm_access", "roles"], "contains": 3 }] })
    );
}

#[test]
fn what_lets_in_more_than_it_seems_is_refused() {
    for criterion in [
        "email: { contains: example.com }",
        "email: { ends_with: example.com }",
        "email: { starts_with: admin }",
        "domain: { contains: example }",
    ] {
        refuses(&policy(&format!("allow:\n  or: [{{ {criterion} }}]")), "register");
    }
    refuses(&policy("allow:\n  or: [{ domain: { ends_with: example.com } }]"), "lets `evilexample.com` in");
}

#[test]
fn what_nothing_here_can_look_at_is_refused_wherever_it_stands() {
    let criteria = [
        "source_ip: 10.0.0.0/8",
        "date: { after: '2026-01-01' }",
        "day_of_week: mon-fri",
        "time_of_day: { timezone: UTC }",
        "device: { type: any }",
        "record: { type: x }",
        "client_certificate: { fingerprint: ab }",
        "invalid_client_certificate: true",
        "mcp_tool: { is: x }",
        "colour: blue",
    ];
    for criterion in criteria {
        let name = criterion.split(':').next().unwrap();
        for operator in ["allow:\n  and", "allow:\n  or", "deny:\n  or", "deny:\n  nor"] {
            refuses(
                &policy(&format!("{operator}: [{{ authenticated_user: true }}, {{ {criterion} }}]")),
                &format!("`{name}` of policy has no counterpart"),
            );
        }
    }
    refuses(&policy("allow:\n  or: [{ claim/role: { is: a } }]"), "asks that it be the only value");
    refuses(&policy("allow:\n  or: [{ claim/role: { has: [a] } }]"), "is held against what is no text");
    refuses(&policy("allow:\n  or: [{ email: { equals: a@x.example } }]"), "there is no operator `equals`");
    refuses(&policy("alow:\n  or: [{ accept: true }]"), "policy has `alow` where an action stands");
    refuses(&policy("allow:\n  xor: [{ accept: true }]"), "has the operator `xor`");
    refuses(&policy("allow:\n  or: [{ accept: true, reject: true }]"), "a criterion that is not one name and its data");
}

#[test]
fn groups_are_a_claim_where_somebody_says_which() {
    let text = format!(
        "{BASE}routes:\n- {{ from: https://app.example.com, to: http://a, policy: {{ allow: {{ or: [{{ groups: {{ has: staff }} }}] }} }} }}\n"
    );
    refuses(&config(&text), "name it by `--groups-claim`");
    let named = with(&text, &["--groups-claim=cognito:groups"]);
    assert_eq!(first(&named)["require"], json!({ "claims": [{ "claim": "cognito:groups", "contains": "staff" }] }));
}

/// The matches and the actions of all rules but the last.
fn rules(migrated: &Migrated) -> Vec<(Value, Value)> {
    let routes = migrated.at("/routes");
    let mut rules: Vec<_> =
        routes.as_array().unwrap().iter().map(|rule| (rule["match"].clone(), rule["action"].clone())).collect();
    rules.pop();
    rules
}

#[test]
fn methods_and_paths_of_a_policy_become_rules() {
    let host = json!(["app.example.com"]);
    let read = policy("allow:\n  and: [{ authenticated_user: true }, { http_method: { in: [GET, HEAD] } }]");
    assert_eq!(
        rules(&read),
        [
            (json!({ "hosts": host, "methods": ["GET", "HEAD"] }), json!("authenticate")),
            (json!({ "hosts": host }), json!("deny")),
        ]
    );
    let both = policy(
        "- allow:\n    or: [{ authenticated_user: true }, { http_path: /robots.txt }]\n- deny:\n    not: [{ http_method: GET }]",
    );
    assert_eq!(
        rules(&both),
        [
            (json!({ "hosts": host, "methods": ["GET"], "path": { "exact": "/robots.txt" } }), json!("allow")),
            (json!({ "hosts": host, "path": { "exact": "/robots.txt" } }), json!("deny")),
            (json!({ "hosts": host, "methods": ["GET"] }), json!("authenticate")),
            (json!({ "hosts": host }), json!("deny")),
        ]
    );
    let below = policy(
        "- allow:\n    or: [{ authenticated_user: true }]\n- deny:\n    or: [{ http_path: { starts_with: /secret } }]",
    );
    assert_eq!(rules(&below)[0], (json!({ "hosts": host, "path": { "regex": "/secret.*" } }), json!("deny")));
    refuses(&policy("allow:\n  or: [{ http_method: { starts_with: G } }]"), "write the methods by `is` or `in`");
    let many: Vec<_> = (0..5).map(|number| format!("{{ http_path: /{number} }}")).collect();
    refuses(&policy(&format!("allow:\n  or: [{}]", many.join(", "))), "policy looks at 5 methods and paths");
    let overlapping = route("prefix: /a\npolicy: { allow: { or: [{ http_path: { starts_with: /a/b } }] } }");
    refuses(&overlapping, "policy looks at paths that overlap");
}

#[test]
fn a_prefix_never_leaves_to_a_wider_route_what_it_kept() {
    let followed = |first: &str| {
        let routes = format!(
            "routes:\n- {{ from: https://app.example.com, to: http://a, prefix: /admin, {first} }}\n- {{ from: https://app.example.com, to: http://a, allow_public_unauthenticated_access: true }}\n"
        );
        config(&format!("{BASE}{routes}")).at("/routes/0/match/path")
    };
    assert_eq!(followed("allowed_users: [ada@example.com]"), json!({ "regex": "/admin.*" }));
    assert_eq!(followed("allow_public_unauthenticated_access: true"), json!({ "prefix": "/admin" }));
    let alone = route("prefix: /admin\nallow_any_authenticated_user: true");
    assert_eq!(alone.at("/routes/0/match/path"), json!({ "prefix": "/admin" }));
    alone.says("`prefix: /admin` means whole segments");
    let slash = route("prefix: /admin/\nallow_any_authenticated_user: true");
    assert_eq!(slash.at("/routes/0/match/not"), json!({ "path": { "exact": "/admin" } }));
    assert_eq!(
        route("path: /a\nallow_any_authenticated_user: true").at("/routes/0/match/path"),
        json!({ "exact": "/a" })
    );
    refuses(&route("path: /a\nprefix: /b"), "has more than one of `prefix`, `path` and `regex`");
    refuses(
        &route("regex: '/a(?=b)'\nallow_any_authenticated_user: true"),
        "routes[0] (https://app.example.com): routes[0].match.path.regex",
    );
}

/// A host with routes of its own got 404 for all else, and nothing of the wildcard's.
#[test]
fn a_host_never_falls_to_the_routes_of_a_wildcard() {
    let routes = "routes:\n- { from: 'https://*.example.com', to: http://a, allow_public_unauthenticated_access: true }\n\
                  - { from: https://hr.example.com, to: http://b, path: /people, allowed_users: [ada@example.com] }\n";
    let migrated = config(&format!("{BASE}{routes}"));
    assert_eq!(migrated.at("/routes/0/match/hosts"), json!(["hr.example.com"]));
    assert_eq!(
        migrated.at("/routes/1"),
        json!({ "name": "no other path", "match": { "hosts": ["hr.example.com"] }, "action": "deny" })
    );
    assert_eq!(migrated.at("/routes/2/match/hosts"), json!(["*.example.com"]));
}

#[test]
fn a_list_that_is_empty_opens_nothing() {
    for criterion in ["email: { not_in: [] }", "domain: { not_in: [] }", "user: { not_in: [] }", "email: { in: [] }"] {
        refuses(
            &policy(&format!("allow:\n  and: [{{ {criterion} }}]")),
            "its list is empty: write values, or take it away",
        );
    }
    for action in ["allow:\n  and: []", "deny:\n  and: []"] {
        refuses(&policy(action), "`and` of policy is an empty list: write criteria");
    }
}

#[test]
fn an_order_that_is_not_the_files_is_refused() {
    refuses(
        &route("regex: /a/b.*\nregex_priority_order: 10\nallow_any_authenticated_user: true"),
        "routes[0] (https://app.example.com) has `regex_priority_order`",
    );
}

#[test]
fn what_pomerium_answered_itself_reaches_no_application() {
    for answer in ["redirect: { host_redirect: b.example.com }", "response: { status: 200, body: ok }"] {
        let migrated = route(&format!("allow_public_unauthenticated_access: true\n{answer}"));
        assert_eq!(first(&migrated)["action"], "deny");
        migrated.says("was Pomerium's own answer, and no application ever got these requests");
    }
}
