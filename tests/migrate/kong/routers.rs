//! Which route takes a request: Kong's order and conditions, and no plugin that decides is left behind unsaid.

use serde_json::{Value, json};

use super::given::{Migrated, of_file};

const DOMAIN: &str = "--domain=demo.auth.us-east-1.amazoncognito.com";

fn people(more: Value) -> Value {
    let mut config = json!({
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
        "client_id": ["304a12ktcc5djt9d7enj6dsjkg"], "client_secret": ["hunter2"],
        "auth_methods": ["authorization_code", "session"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "name": "openid-connect", "config": config })
}

fn strict() -> Value {
    people(json!({ "groups_claim": ["cognito:groups"], "groups_required": ["admins"] }))
}

/// A route of these conditions, with these plugins.
fn route(name: &str, mut conditions: Value, plugins: &[Value]) -> Value {
    conditions["name"] = json!(name);
    conditions["plugins"] = json!(plugins);
    conditions
}

fn migrated(routes: &[Value], options: &[&str]) -> Migrated {
    let options: Vec<_> = [DOMAIN].iter().chain(options).copied().collect();
    of_file(&json!({ "services": [{ "name": "app", "routes": routes }] }).to_string(), &options)
}

fn names(migrated: &Migrated) -> Vec<String> {
    let rules = migrated.at("/routes");
    rules.as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn refuses(migrated: &Migrated, said: &str) {
    migrated.says(said);
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{said}");
}

#[test]
fn a_route_of_one_port_does_not_take_the_requests_of_all() {
    let at = |name: &str, host: &str, plugin: Value| route(name, json!({ "hosts": [host], "paths": ["/"] }), &[plugin]);
    let two = |one: &str, other: &str| {
        migrated(
            &[at("lax", one, people(json!({}))), at("strict", other, strict())],
            &["--open-routes", "--public-url=https://*.example.com"],
        )
    };
    refuses(&two("app.example.com:9000", "app.example.com"), "route lax goes by the port 9000, which no rule does");
    refuses(&two("*.example.com:9000", "app.example.com:8443"), "goes by the port 9000");
    let same = two("a.example.com:9000", "b.example.com:9000").at("/routes/0/match/hosts");
    assert_eq!(same, json!(["a.example.com"]));
    assert_eq!(two("a.example.com:443", "b.example.com").at("/routes/0/match/hosts"), json!(["a.example.com"]));
}

#[test]
fn routes_are_looked_at_in_kongs_order() {
    let get = json!(["GET"]);
    let host = route("host", json!({ "hosts": ["app.example.com"], "methods": get }), &[strict()]);
    let path = route("path", json!({ "paths": ["/x"], "methods": get }), &[people(json!({}))]);
    assert_eq!(names(&migrated(&[path.clone(), host], &[]))[..2], ["host", "path"]);
    // `/` is a condition like any other path.
    let three = route("three", json!({ "hosts": ["app.example.com"], "paths": ["/"], "methods": get }), &[strict()]);
    let two = route("two", json!({ "hosts": ["app.example.com"], "paths": ["/x"] }), &[people(json!({}))]);
    assert_eq!(names(&migrated(&[two, three], &[]))[..2], ["three", "two"]);
    // Of these two Kong's routers look at one each.
    let wild = route("wild", json!({ "hosts": ["*.example.com"], "methods": get }), &[strict()]);
    refuses(&migrated(&[path, wild], &[]), "are not looked at in one order by each of Kong's routers");
}

#[test]
fn a_plugin_that_is_not_known_to_be_harmless_closes_its_route() {
    let app = route("app", json!({ "paths": ["/"] }), &[people(json!({}))]);
    for name in ["opa", "request-termination", "our-forward-authz", "pre-function", "ip-restriction", "jwt", "acl"] {
        let other = route("other", json!({ "paths": ["/other"] }), &[json!({ "name": name })]);
        let closed = migrated(&[app.clone(), other], &["--open-routes"]);
        assert_eq!(closed.at("/routes/0/action"), "deny", "{name}");
        closed.says(name);
    }
    for name in ["cors", "rate-limiting", "prometheus", "request-transformer"] {
        let other = route("other", json!({ "paths": ["/other"] }), &[json!({ "name": name })]);
        let open = migrated(&[app.clone(), other], &["--open-routes"]);
        assert_eq!(open.at("/routes/0/action"), "allow", "{name}");
    }
}

#[test]
fn a_plugin_that_decides_beside_ours_is_refused() {
    for name in ["opa", "request-termination", "our-forward-authz", "ip-restriction", "key-auth"] {
        let both = route("app", json!({ "paths": ["/"] }), &[people(json!({})), json!({ "name": name })]);
        refuses(
            &migrated(&[both], &[]),
            &format!(
                "plugin {name} of route app may decide who passes, and is not moved, so that whoever signs in would pass without it: let the gateway ask for the like,"
            ),
        );
        // Also where no file has a route.
        let alone = json!({ "plugins": [people(json!({})), { "name": name }] });
        refuses(&of_file(&alone.to_string(), &[DOMAIN]), &format!("plugin {name} may decide who passes"));
        let of_one = json!({ "plugins": [people(json!({}))], "consumers": [{ "username": "ada", "plugins": [{ "name": name }] }] });
        refuses(&of_file(&of_one.to_string(), &[DOMAIN]), &format!("plugin {name} may decide who passes"));
    }
    let off = json!({ "name": "opa", "enabled": false });
    let harmless = route("app", json!({ "paths": ["/"] }), &[people(json!({})), json!({ "name": "cors" }), off]);
    assert_eq!(migrated(&[harmless], &[]).outcome.code, 0);
}

#[test]
fn two_of_ours_in_one_place_are_refused() {
    let both = route("app", json!({ "paths": ["/"] }), &[people(json!({})), strict()]);
    refuses(&migrated(&[both], &[]), "both stand on kong.yaml, route app: leave the one that counts");
}

#[test]
fn what_is_moved_another_time_stays_closed() {
    let routes = [
        route("web", json!({ "paths": ["/"] }), &[people(json!({}))]),
        route("admin", json!({ "paths": ["/admin"] }), &[strict()]),
    ];
    let one = migrated(&routes, &["--plugin=web", "--open-routes"]);
    assert_eq!(names(&one), ["admin", "web"]);
    assert_eq!(one.at("/routes/0/action"), "deny");
    one.says("(openid-connect)");
    // Without routes nobody knows which those are.
    let mut lax = people(json!({}));
    lax["service"] = json!({ "id": "a" });
    let mut other = strict();
    other["service"] = json!({ "id": "b" });
    other["instance_name"] = json!("b");
    let both = json!({ "data": [lax, other] }).to_string();
    refuses(&of_file(&both, &[DOMAIN, "--plugin=a"]), "--plugin: no file has the routes");
}

#[test]
fn a_page_for_the_refused_is_open_where_kong_left_it_open() {
    let page = |address: &str| people(json!({ "forbidden_redirect_uri": [address] }));
    let routes = |address: &str| {
        let strict = people(
            json!({ "forbidden_redirect_uri": [address], "groups_claim": ["cognito:groups"], "groups_required": ["admins"] }),
        );
        [
            route("app", json!({ "paths": ["/app"] }), &[page(address)]),
            route("admin", json!({ "paths": ["/admin"] }), &[strict]),
            route("no", json!({ "paths": ["/no"] }), &[]),
            route("keys", json!({ "paths": ["/keys"] }), &[json!({ "name": "key-auth" })]),
        ]
    };
    let open = migrated(&routes("https://app.example.com/no/access"), &[]);
    let expected =
        json!({ "hosts": ["app.example.com"], "methods": ["GET", "HEAD"], "path": { "exact": "/no/access" } });
    assert_eq!((open.at("/routes/0/action"), open.at("/routes/0/match")), (json!("allow"), expected));
    for path in ["/app/home", "/admin", "/keys"] {
        let refused = migrated(&routes(&format!("https://app.example.com{path}")), &[]);
        refuses(
            &refused,
            &format!(
                "forbidden_redirect_uri (kong.yaml, plugin openid-connect of route app) is {path}, where people had to sign in"
            ),
        );
    }
    // A page of one host is not one of the other, which may have another there.
    let address = "https://app.example.com/no/access";
    let several = migrated(&routes(address), &["--public-url=https://b.example.com"]);
    assert_eq!(several.at("/pages/refusedUrl"), address);
    // Without routes nobody knows what is at the home page, or where people work.
    let alone = |more: Value| of_file(&people(more).to_string(), &[DOMAIN]);
    refuses(
        &alone(json!({ "forbidden_redirect_uri": ["https://app.example.com/"] })),
        "is /, where people had to sign in",
    );
    let work = ["https://app.example.com/work"];
    let both = json!({ "unauthorized_redirect_uri": work, "login_action": "redirect", "login_tokens": [], "login_redirect_uri": work });
    refuses(
        &alone(both),
        "unauthorized_redirect_uri (kong.yaml, plugin openid-connect) is /work, where people had to sign in",
    );
}

#[test]
fn a_host_at_which_nobody_could_sign_in_any_more_is_refused() {
    let at = |host: &str| route("web", json!({ "hosts": [host], "paths": ["/"] }), &[people(json!({}))]);
    for host in ["admin.example.com", "*.example.org", "example.com"] {
        refuses(&migrated(&[at(host)], &[]), &format!("route web is for {host}, which no `--public-url` names"));
    }
    for host in ["app.example.com", "APP.example.com", "app.example.com:443", "*.example.com"] {
        assert_eq!(migrated(&[at(host)], &[]).outcome.code, 0, "{host}");
    }
    assert_eq!(migrated(&[at("admin.example.com")], &["--public-url=https://admin.example.com"]).outcome.code, 0);
}
