//! What annotations and rules of Kubernetes's objects say: each rule's own plugins, and conditions that none may lose.

use serde_json::{Value, json};

use super::given::{Migrated, of_file};

const DOMAIN: &str = "--domain=demo.auth.us-east-1.amazoncognito.com";

fn plugin(name: &str, more: Value) -> Value {
    let mut config = json!({
        "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012",
        "client_id": ["304a12ktcc5djt9d7enj6dsjkg"], "client_secret": ["hunter2"],
        "auth_methods": ["authorization_code", "session"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let metadata = json!({ "name": name, "namespace": "shop" });
    json!({ "apiVersion": "configuration.konghq.com/v1", "kind": "KongPlugin", "metadata": metadata, "plugin": "openid-connect", "config": config })
}

/// `lax` lets everybody in who signs in, `strict` the staff.
fn plugins() -> Vec<Value> {
    let staff = json!({ "roles_claim": ["cognito:groups"], "roles_required": ["staff"] });
    vec![plugin("lax", json!({})), plugin("strict", staff)]
}

fn ingress(name: &str, path: &str, annotations: Value) -> Value {
    let path = json!({ "path": path, "pathType": "Prefix", "backend": { "service": { "name": name } } });
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": name, "namespace": "shop", "annotations": annotations },
        "spec": { "rules": [{ "host": "app.example.com", "http": { "paths": [path] } }] },
    })
}

fn named(plugin: &str) -> Value {
    json!({ "konghq.com/plugins": plugin })
}

fn migrated(more: impl IntoIterator<Item = Value>, options: &[&str]) -> Migrated {
    let items: Vec<_> = plugins().into_iter().chain(more).collect();
    let options: Vec<_> = [DOMAIN, "--public-url=https://b.example.com"].iter().chain(options).copied().collect();
    of_file(&json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string(), &options)
}

/// Path, and groups that are needed, of each rule.
fn rules(migrated: &Migrated) -> Vec<(Value, Value)> {
    let rules = migrated.at("/routes");
    let rule = |rule: &Value| (rule["match"]["path"].clone(), rule["require"]["claims"][0]["contains"].clone());
    rules.as_array().unwrap().iter().map(rule).collect()
}

#[test]
fn each_rule_of_an_http_route_has_plugins_of_its_own() {
    let rule = |path: &str, plugin: &str| {
        let filter = json!({ "type": "ExtensionRef", "extensionRef": { "group": "configuration.konghq.com", "kind": "KongPlugin", "name": plugin } });
        json!({ "matches": [{ "path": { "type": "PathPrefix", "value": path } }], "filters": [filter] })
    };
    let route = |rules: Value, annotations: Value| {
        let metadata = json!({ "name": "r", "namespace": "shop", "annotations": annotations });
        json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": { "hostnames": ["app.example.com"], "rules": rules } })
    };
    let both = migrated([route(json!([rule("/", "lax"), rule("/admin", "strict")]), json!({}))], &[]);
    let found = rules(&both);
    assert_eq!(found[0], (json!({ "prefix": "/admin" }), json!("staff")));
    assert_eq!(found[1], (json!(null), json!(null)));
    // Kong's routers do not agree whether methods or longer paths come first.
    let mut get = rule("/", "lax");
    get["matches"][0]["method"] = json!("GET");
    let doubtful = migrated([route(json!([get, rule("/admin", "strict")]), json!({}))], &[]);
    doubtful.says("are not looked at in one order by each of Kong's routers");
    let twice = migrated([route(json!([rule("/", "lax")]), named("strict"))], &[]);
    twice.says("both stand on kong.yaml, HTTPRoute r, route shop/r: leave the one that counts");
}

#[test]
fn conditions_of_annotations_are_kept_or_refused() {
    let web = ingress("web", "/", named("strict"));
    let canary = |name: &str, value: &str| {
        migrated([ingress("canary", "/", json!({ "konghq.com/plugins": "lax", name: value })), web.clone()], &[])
    };
    let methods = canary("konghq.com/methods", "get, Post").at("/routes/0/match/methods");
    assert_eq!(methods, json!(["GET", "POST"]));
    let aliases = canary("konghq.com/host-aliases", "b.example.com").at("/routes");
    assert!(
        aliases
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| rule["match"]["hosts"] == json!(["app.example.com", "b.example.com"]))
    );
    for (name, said) in [
        ("konghq.com/headers.x-internal", "goes by headers, which no rule does"),
        ("konghq.com/snis", "goes by snis, which no rule does"),
        ("konghq.com/override", "names a KongIngress"),
        ("konghq.com/regex-prefix", "makes other paths expressions"),
    ] {
        let refused = canary(name, "x");
        refused.says(said);
        assert_eq!(refused.files().len(), 0, "{name}");
    }
    canary("konghq.com/strip-path", "true").says("konghq.com/strip-path where a request goes, and how");
    canary("konghq.com/plugin", "strict").says("konghq.com/plugin no annotation of Kong's that is known here");
}

#[test]
fn a_plugin_that_no_file_has_is_refused() {
    let keyed =
        migrated([ingress("web", "/", named("lax")), ingress("keyed", "/keyed", named("keys"))], &["--open-routes"]);
    keyed.says("`konghq.com/plugins` names the KongPlugin keys of the namespace shop, which is in none of the files");
    assert_eq!((keyed.outcome.code, keyed.files().len()), (1, 0));
}

#[test]
fn a_plugin_of_another_namespace_counts() {
    let mut other = ingress("other", "/secret", named("shop:strict"));
    other["metadata"]["namespace"] = json!("other");
    let found = rules(&migrated([ingress("web", "/", named("lax")), other.clone()], &[]));
    assert_eq!(found[0], (json!({ "prefix": "/secret" }), json!("staff")));
    // A bare name is one of its own namespace.
    other["metadata"]["annotations"] = named("strict");
    migrated([ingress("web", "/", named("lax")), other], &[])
        .says("names the KongPlugin strict of the namespace other");
}

#[test]
fn ingresses_of_two_controllers_are_not_one_gateway() {
    let mut web = ingress("web", "/", named("lax"));
    web["spec"]["ingressClassName"] = json!("kong");
    let mut foreign = ingress("foreign", "/foreign", json!({}));
    foreign["metadata"]["annotations"] = json!({ "kubernetes.io/ingress.class": "nginx" });
    let refused = migrated([web, foreign], &["--open-routes"]);
    refused.says("the Ingresses are of the classes kong, nginx");
    assert_eq!(refused.files().len(), 0);
}
