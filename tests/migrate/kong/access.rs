//! Who passes where: what Kong asked for, and nothing less.

use serde_json::{Value, json};

use super::given::{at_cognito, of_file};

const OPTIONS: [&str; 1] = ["--domain=demo.auth.us-east-1.amazoncognito.com"];

fn people(more: Value) -> Value {
    let mut config = json!({
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
        "client_id": ["304a12ktcc5djt9d7enj6dsjkg"],
        "auth_methods": ["authorization_code", "session"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "name": "openid-connect", "config": config })
}

#[test]
fn entries_are_choices_and_words_are_demands() {
    let claims = |name: &str| json!([{ "claim": "roles", "contains": name }]);
    for (more, expected) in [
        (json!({ "scopes_required": ["a b"] }), json!({ "scopes": ["a", "b"] })),
        (json!({ "scopes_required": ["a", "b"] }), json!({ "any": [{ "scopes": ["a"] }, { "scopes": ["b"] }] })),
        (
            json!({ "roles_required": ["x", "y"] }),
            json!({ "any": [{ "claims": claims("x") }, { "claims": claims("y") }] }),
        ),
        (
            json!({ "roles_required": ["x y"] }),
            json!({ "claims": [{ "claim": "roles", "contains": "x" }, { "claim": "roles", "contains": "y" }] }),
        ),
        (
            json!({ "groups_required": ["x y"], "authenticated_groups_claim": ["groups"] }),
            json!({ "claims": [{ "claim": "groups", "contains": "x" }, { "claim": "groups", "contains": "y" }] }),
        ),
        (
            json!({ "groups_required": ["x", "y"], "authenticated_groups_claim": ["groups"] }),
            json!({ "groups": { "any": ["x", "y"] } }),
        ),
        (json!({ "claims_forbidden": ["bad"] }), json!({ "claims": [{ "claim": "bad", "exists": false }] })),
        (json!({ "domains": ["example.com"] }), json!({ "claims": [{ "claim": "hd", "oneOf": ["example.com"] }] })),
    ] {
        assert_eq!(at_cognito(more.clone()).at("/routes/0/require"), expected, "{more}");
    }
    // A group's name with a star was a name.
    let star = at_cognito(json!({ "groups_required": ["a*"], "authenticated_groups_claim": ["groups"] }));
    assert_eq!(star.at("/routes/0/require"), json!({ "claims": [{ "claim": "groups", "contains": "a*" }] }));
}

#[test]
fn consumers_alone_pass() {
    let plugin = people(json!({ "consumer_claim": ["email"], "consumer_by": ["username"] }));
    let kong = |acl: Option<Value>| {
        let plugins: Vec<_> = [Some(plugin.clone()), acl].into_iter().flatten().collect();
        json!({
            "consumers": [{ "username": "ada", "acls": [{ "group": "admins" }] }, { "username": "bob", "custom_id": "eve" }],
            "services": [{ "name": "a", "routes": [{ "name": "r", "paths": ["/"] }], "plugins": plugins }],
        })
        .to_string()
    };
    let required = |text: &str| of_file(text, &OPTIONS).at("/routes/0/require");
    assert_eq!(required(&kong(None)), json!({ "claims": [{ "claim": "email", "oneOf": ["ada", "bob"] }] }));
    let acl = json!({ "name": "acl", "config": { "allow": ["admins"] } });
    assert_eq!(required(&kong(Some(acl))), json!({ "claims": [{ "claim": "email", "oneOf": ["ada"] }] }));
    let nobody = json!({ "name": "acl", "config": { "allow": ["owners"] } });
    of_file(&kong(Some(nobody)), &OPTIONS).says("none of the files' is in a group that the acl plugin allows (owners)");
    let optional = at_cognito(json!({ "consumer_claim": ["email"], "consumer_optional": true }));
    assert_eq!((optional.at("/identity/userId"), optional.at("/routes/0/require")), (json!(null), json!(null)));
}

#[test]
fn a_route_keeps_what_begins_like_it_from_a_weaker_one() {
    let admin = people(json!({ "roles_required": ["admin"] }));
    let kong = json!({ "services": [{ "name": "a", "routes": [
        { "name": "all", "paths": ["/"], "plugins": [people(json!({}))] },
        { "name": "admin", "paths": ["/admin"], "plugins": [admin] },
        { "name": "open", "paths": ["/open"] },
        { "name": "keys", "paths": ["/keys"], "plugins": [{ "name": "key-auth", "config": {} }] },
    ] }] })
    .to_string();
    let rule = |migrated: &crate::world::Migrated, name: &str| {
        let rules = migrated.at("/routes");
        rules.as_array().unwrap().iter().find(|rule| rule["name"] == name).unwrap().clone()
    };
    let closed = of_file(&kong, &OPTIONS);
    assert_eq!(rule(&closed, "admin")["match"], json!({ "path": { "regex": "/admin.*" } }));
    assert_eq!(rule(&closed, "open")["action"], "authenticate");
    assert_eq!(rule(&closed, "keys")["action"], "deny");
    assert_eq!(rule(&closed, "all")["match"], json!(null));
    let opened = of_file(&kong, &[OPTIONS[0], "--open-routes"]);
    let open = rule(&opened, "open");
    assert_eq!((&open["action"], &open["match"]), (&json!("allow"), &json!({ "path": { "prefix": "/open" } })));
    assert_eq!(rule(&opened, "keys")["action"], "deny");
}

#[test]
fn what_no_route_takes_is_closed_where_routes_differ() {
    let kong = json!({ "services": [{ "name": "a", "routes": [
        { "name": "one", "paths": ["/one"], "plugins": [people(json!({}))] },
        { "name": "two", "paths": ["/two"], "plugins": [people(json!({ "roles_required": ["x"] }))] },
    ] }] });
    let rules = of_file(&kong.to_string(), &OPTIONS).at("/routes");
    assert_eq!(rules[2], json!({ "name": "no route of Kong's", "action": "deny" }));
}

#[test]
fn several_clients_are_several_providers() {
    let other = people(json!({ "client_id": ["other"], "client_secret": ["hunter2"] }));
    let kong = json!({ "services": [
        { "name": "a", "routes": [{ "name": "ra", "paths": ["/a"] }], "plugins": [people(json!({}))] },
        { "name": "b", "routes": [{ "name": "rb", "paths": ["/b"] }], "plugins": [other] },
    ] });
    let migrated = of_file(&kong.to_string(), &OPTIONS);
    let names = ["/providers/0/name", "/providers/1/name", "/routes/0/providers/0", "/routes/1/providers/0"];
    assert_eq!(names.map(|pointer| migrated.at(pointer)), ["a", "b", "a", "b"].map(Value::from));
    assert_eq!(migrated.at("/providers/1/clientSecret/env"), "OIDC_CLIENT_SECRET_2");
    let one = of_file(&kong.to_string(), &[OPTIONS[0], "--plugin=b"]);
    assert_eq!(one.at("/providers/0/clientId"), "other");
}

#[test]
fn a_route_for_programs_takes_no_session_and_one_for_people_no_token() {
    let route = |name: &str, methods: Value| json!({ "name": name, "paths": [format!("/{name}")], "plugins": [people(json!({ "auth_methods": methods }))] });
    let kong = json!({ "routes": [
        route("a", json!(["bearer"])), route("b", json!(["authorization_code", "session"])), route("c", json!(["session", "bearer"])),
    ] });
    let rules = of_file(&kong.to_string(), &OPTIONS).at("/routes");
    let credentials = [0, 1, 2].map(|index| rules[index]["credentials"].clone());
    assert_eq!(credentials, [json!(["bearer"]), json!(["session"]), json!(null)], "{rules}");
    assert_eq!(
        [0, 1, 2].map(|index| rules[index]["unauthenticated"].clone()),
        [json!("challenge"), json!(null), json!("challenge")]
    );
}
