//! Who passes where after the move: never more than before.

use serde_json::{Value, json};

use super::given::{answer, default, forward, oidc, path, pool, refuses, rule, rules};

/// The routes that these come to.
fn routes(given: &[Value]) -> Value {
    rules(given).at("/routes")
}

#[test]
fn a_pattern_opens_what_it_opened_and_no_path_more() {
    let open = |patterns: &[&str]| routes(&[path(1, patterns, forward()), default(pool(json!({})))]);
    let one = |patterns: &[&str]| open(patterns)[0]["match"].clone();
    assert_eq!(one(&["/a"]), json!({ "path": { "exact": "/a" } }));
    assert_eq!(one(&["/a/*"]), json!({ "path": { "prefix": "/a" }, "not": { "path": { "exact": "/a" } } }));
    assert_eq!(one(&["/a", "/a/*"]), json!({ "path": { "prefix": "/a" } }));
    assert_eq!(one(&["/a*"]), json!({ "path": { "regex": "/a.*" } }));
    assert_eq!(one(&["/v?/x.html"]), json!({ "path": { "regex": r"/v./x\.html" } }));
    assert_eq!(open(&["/a", "/b"]).as_array().unwrap().len(), 2);
    assert_eq!(open(&["a/*"]), json!(null), "it never applied");
}

#[test]
fn everything_else_is_as_the_default_says() {
    assert_eq!(routes(&[default(pool(json!({})))]), json!(null));
    let open = routes(&[path(1, &["/login"], pool(json!({}))), default(forward())]);
    assert_eq!(open[1], json!({ "name": "the default action", "action": "allow" }));
    let closed = routes(&[path(1, &["/login"], pool(json!({}))), default(answer())]);
    assert_eq!(closed[1], json!({ "name": "the default action", "action": "deny" }));
    let absent = routes(&[path(1, &["/login"], pool(json!({})))]);
    assert_eq!(absent[1], json!({ "name": "the default action", "action": "deny" }));
}

#[test]
fn the_priority_decides_and_not_the_place_in_the_file() {
    let routes = routes(&[path(20, &["/b"], forward()), path(3, &["/a"], forward()), default(pool(json!({})))]);
    assert_eq!([&routes[0]["name"], &routes[1]["name"]], ["rule 3", "rule 20"]);
}

#[test]
fn whoever_is_not_signed_in_fares_as_the_rule_says() {
    let asked = |what: &str| {
        let routes = routes(&[path(1, &["/a"], pool(json!({ "OnUnauthenticatedRequest": what }))), default(forward())]);
        routes[0]["unauthenticated"].clone()
    };
    assert_eq!(asked("authenticate"), json!(null));
    assert_eq!(asked("allow"), json!("pass"));
    assert_eq!(asked("deny"), json!("challenge"));
    let wrong = rules(&[default(pool(json!({ "OnUnauthenticatedRequest": "ask" })))]);
    refuses(&wrong, "OnUnauthenticatedRequest (the default action) is none that there is");
}

/// What no rule of ours looks at.
fn unsayable() -> [Value; 5] {
    [
        json!({ "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": "X-Key", "Values": ["a"] } }),
        json!({ "Field": "query-string", "QueryStringConfig": { "Values": [{ "Value": "a" }] } }),
        json!({ "Field": "source-ip", "SourceIpConfig": { "Values": ["10.0.0.0/8"] } }),
        json!({ "Field": "host-header", "Values": ["a-*.example.com"] }),
        json!({ "Field": "path-pattern", "PathPatternConfig": { "RegexValues": ["^/a"] } }),
    ]
}

#[test]
fn what_opened_by_a_condition_that_cannot_be_said_is_left_out() {
    for condition in unsayable() {
        for actions in [forward(), pool(json!({ "OnUnauthenticatedRequest": "allow" }))] {
            let migrated = rules(&[rule(1, std::slice::from_ref(&condition), actions), default(pool(json!({})))]);
            assert_eq!(migrated.at("/routes"), json!(null), "{condition}");
            migrated.says("Rule 1 no rule of ours looks at");
        }
    }
}

#[test]
fn what_closed_by_a_condition_that_cannot_be_said_is_refused() {
    for condition in unsayable() {
        let migrated = rules(&[rule(1, &[condition], answer()), default(pool(json!({})))]);
        refuses(&migrated, "it keeps requests away from the applications");
    }
}

#[test]
fn what_asked_by_a_condition_that_cannot_be_said_asks_without_it() {
    for condition in unsayable() {
        let given = [rule(1, &[condition], pool(json!({}))), default(forward())];
        let migrated = rules(&given);
        let routes = migrated.at("/routes");
        assert_eq!(routes.as_array().map(Vec::len), None, "everything asks: {routes}");
        migrated.says("more needs a sign-in than before");
    }
    let header = &unsayable()[0];
    let below = json!({ "Field": "path-pattern", "Values": ["/a"] });
    let given = [rule(1, &[header.clone(), below], pool(json!({}))), default(forward())];
    assert_eq!(routes(&given)[0]["match"], json!({ "path": { "exact": "/a" } }));
}

/// Asked for more, it would come before what nobody may see, or what other people alone may see.
#[test]
fn a_sign_in_never_opens_what_a_later_rule_keeps() {
    let [header, ..] = unsayable();
    let kept = rules(&[
        rule(1, std::slice::from_ref(&header), pool(json!({}))),
        path(2, &["/internal"], answer()),
        default(forward()),
    ]);
    refuses(
        &kept,
        "rule 1 goes by the header `X-Key`, which no rule of ours looks at; without that it would open what rule 2 keeps away",
    );
    let others = rules(&[rule(1, &[header], pool(json!({}))), default(oidc(json!({})))]);
    refuses(&others, "without that it would open what another provider's people alone may see");
}

#[test]
fn hosts_and_methods_are_carried_over() {
    let conditions = [
        json!({ "Field": "host-header", "HostHeaderConfig": { "Values": ["API.example.com", "*.apps.example.com"] } }),
        json!({ "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["GET"] } }),
    ];
    let matched = routes(&[rule(1, &conditions, forward()), default(pool(json!({})))])[0]["match"].clone();
    assert_eq!(matched, json!({ "hosts": ["api.example.com", "*.apps.example.com"], "methods": ["GET"] }));
}

#[test]
fn rules_of_several_clients_name_theirs() {
    let migrated = rules(&[
        path(1, &["/a"], pool(json!({ "UserPoolClientId": "one" }))),
        path(2, &["/b"], pool(json!({ "UserPoolClientId": "two" }))),
        path(3, &["/c"], pool(json!({ "UserPoolClientId": "one" }))),
        default(pool(json!({ "UserPoolClientId": "two" }))),
    ]);
    let names: Vec<_> =
        migrated.at("/routes").as_array().unwrap().iter().map(|rule| rule["providers"][0].clone()).collect();
    assert_eq!(names, ["demo", "demo-2", "demo", "demo-2"]);
    assert_eq!(migrated.at("/providers").as_array().unwrap().len(), 2);
    migrated.says("register `https://app.example.com/oauth2/idpresponse/demo-2` at the provider");
}

#[test]
fn what_asks_decides_wherever_it_stands_among_the_actions() {
    let asked = pool(json!({}));
    for orders in [json!(["2", "1"]), json!([2, 1]), json!([null, null]), json!([{ "Ref": "A" }, 1])] {
        let mut actions = asked.clone();
        for (index, order) in orders.as_array().unwrap().iter().enumerate() {
            actions[index]["Order"] = order.clone();
        }
        assert_eq!(actions[0]["Type"], "forward");
        let routes = routes(&[path(1, &["/admin/*"], actions), default(forward())]);
        assert_eq!(routes[0]["action"], "authenticate", "{orders}");
    }
    let mut answers = pool(json!({}));
    answers[0] = json!({ "Type": "redirect", "Order": 2 });
    assert_eq!(routes(&[path(1, &["/a"], answers), default(pool(json!({})))])[0]["action"], "deny");
    let mut unknown = pool(json!({}));
    unknown[1] = json!({ "Type": "authenticate-saml", "Order": 1 });
    refuses(
        &rules(&[path(1, &["/a"], unknown), default(asked)]),
        "rule 1 has an action of the type `authenticate-saml`",
    );
}

#[test]
fn a_rule_that_would_be_for_everything_by_mistake_is_refused() {
    let all = || default(pool(json!({})));
    refuses(&rules(&[rule(9, &[], forward()), all()]), "rule 9 has no `Conditions`");
    let misspelt = json!({ "Priority": "9", "conditions": [{ "Field": "path-pattern", "Values": ["/low"] }], "Actions": forward() });
    refuses(&rules(&[misspelt, all()]), "`conditions` (rule 9) is no member of a rule that AWS prints");
    let misspelt = json!({ "field": "path-pattern", "Values": ["/low"] });
    refuses(&rules(&[rule(9, &[misspelt], forward()), all()]), "`field` (rule 9) is no member");
    let twice = json!({ "Field": "path-pattern", "Values": ["/a"] });
    refuses(&rules(&[rule(9, &[twice.clone(), twice], forward()), all()]), "rule 9 has two `path-pattern`");
    refuses(&rules(&[path(9, &["/a"], forward()), path(9, &["/b"], answer()), all()]), "rule 9 is there twice");
    let mut rewritten = path(9, &["/a"], forward());
    rewritten["Transforms"] = json!([{ "Type": "url-rewrite" }]);
    refuses(&rules(&[rewritten, all()]), "rule 9 rewrites addresses (`Transforms`)");
}

#[test]
fn where_nobody_would_sign_in_any_more_nothing_is_written() {
    let header = json!({ "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": "X-Key", "Values": ["a"] } });
    let pass = pool(json!({ "OnUnauthenticatedRequest": "allow" }));
    refuses(&rules(&[rule(1, &[header], pass), default(forward())]), "no rule that signs people in is left");
}
