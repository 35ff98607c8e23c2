//! What Ingresses of the AWS Load Balancer Controller come to.

use serde_json::{Value, json};

use super::given::{ARN, Migrated, refuses, with};

/// An Ingress with these annotations and paths.
fn ingress(name: &str, annotations: &[(&str, &str)], paths: &Value) -> Value {
    let annotations: serde_json::Map<_, _> =
        annotations.iter().map(|(name, value)| (format!("alb.ingress.kubernetes.io/{name}"), json!(value))).collect();
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": name, "annotations": annotations },
        "spec": { "rules": [{ "http": { "paths": paths } }] } })
}

fn to(path: &str, kind: &str) -> Value {
    json!({ "path": path, "pathType": kind, "backend": { "service": { "name": "a", "port": { "number": 80 } } } })
}

fn migrate(objects: &[Value]) -> Migrated {
    with(&json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string(), &[])
}

fn cognito() -> String {
    json!({ "userPoolARN": ARN, "userPoolClientID": "client", "userPoolDomain": "demo" }).to_string()
}

#[test]
fn paths_are_in_the_controllers_order() {
    let cognito = cognito();
    let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str()), ("group.order", "2")];
    let paths =
        json!([to("/own/*", "ImplementationSpecific"), to("/a", "Prefix"), to("/a/long", "Prefix"), to("/z", "Exact")]);
    let open = ingress("zz", &[("group.order", "1")], &json!([to("/docs", "Exact")]));
    let routes = migrate(&[ingress("aa", &own, &paths), open]).at("/routes");
    let path = |index: usize| routes[index]["match"]["path"].clone();
    assert_eq!(routes[0]["action"], "allow");
    assert_eq!(
        [path(0), path(1), path(2), path(3), path(4)],
        [
            json!({ "exact": "/docs" }),
            json!({ "exact": "/z" }),
            json!({ "prefix": "/a/long" }),
            json!({ "prefix": "/a" }),
            json!({ "prefix": "/own" }),
        ]
    );
    assert_eq!(routes[5], json!({ "name": "the default action", "action": "deny" }), "the controller answers 404");
}

#[test]
fn an_answer_of_an_annotation_opens_nothing() {
    let cognito = cognito();
    let redirect = r#"{"type":"redirect","redirectConfig":{"port":"443"}}"#;
    let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str())];
    let answer = json!({ "path": "/old", "pathType": "Exact", "backend": { "service": { "name": "go", "port": { "name": "use-annotation" } } } });
    let open = ingress("open", &[("actions.go", redirect), ("group.order", "-1")], &json!([answer]));
    let routes = migrate(&[open, ingress("own", &own, &json!([to("/", "Prefix")]))]).at("/routes");
    assert_eq!(routes[0]["action"], "deny");
}

#[test]
fn annotations_become_the_settings_that_they_are() {
    let cognito = cognito();
    let own = [
        ("auth-type", "cognito"),
        ("auth-idp-cognito", cognito.as_str()),
        ("auth-on-unauthenticated-request", "deny"),
        ("auth-scope", "openid email"),
        ("auth-session-timeout", "3600"),
        ("auth-session-cookie", "my-cookie"),
        ("auth-sope", "x"),
        ("scheme", "internal"),
    ];
    let migrated = migrate(&[ingress("own", &own, &json!([to("/", "Prefix")]))]);
    assert_eq!(migrated.at("/routes/0/unauthenticated"), "challenge");
    assert_eq!(migrated.at("/providers/0/scopes"), json!(["openid", "email"]));
    assert_eq!(migrated.at("/session/lifetime"), "1h");
    migrated.says("SessionCookieName `my-cookie`");
    migrated.says("auth-sope no annotation for sign-ins that there is: see whether it is a typing mistake");
    migrated.says("scheme the load balancer's or the gateway's");
}

#[test]
fn the_client_of_another_provider_is_in_its_secret() {
    let written = r#"{"issuer":"https://idp.example.net","authorizationEndpoint":"https://idp.example.net/a","tokenEndpoint":"https://idp.example.net/t","userInfoEndpoint":"https://idp.example.net/u","secretName":"client"}"#;
    let own = ingress("own", &[("auth-type", "oidc"), ("auth-idp-oidc", written)], &json!([to("/", "Prefix")]));
    refuses(
        &migrate(std::slice::from_ref(&own)),
        "takes the client from the Secret client (`clientID`, `clientSecret`), which is in none of the files",
    );
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "client" },
        "stringData": { "clientID": "gateway\n", "clientSecret": "hunter2-in-a-secret\n" } });
    let migrated = migrate(&[own, secret]);
    assert_eq!(migrated.at("/providers/0/clientId"), "gateway");
    assert!(migrated.files().iter().any(|(_, text, secret)| *secret && text.contains("hunter2-in-a-secret")));
}

#[test]
fn annotations_that_cannot_be_read_are_refused() {
    let all = json!([to("/", "Prefix")]);
    refuses(
        &migrate(&[ingress("own", &[("auth-type", "cognito"), ("auth-idp-cognito", "{")], &all)]),
        "`auth-idp-cognito` of a.json, Ingress own is no JSON object",
    );
    refuses(
        &migrate(&[ingress("own", &[("auth-type", "Cognito")], &all)]),
        "`auth-type` of a.json, Ingress own is none that there is",
    );
    let mut service = ingress("own", &[("auth-type", "cognito")], &all);
    service["kind"] = json!("Service");
    refuses(&migrate(&[service]), "has annotations for sign-ins, which count for its own paths alone");
}
