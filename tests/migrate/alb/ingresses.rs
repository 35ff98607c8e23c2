//! What Ingresses of the AWS Load Balancer Controller come to.

use serde_json::{Value, json};

use super::given::{ARN, Migrated, refuses, with};

/// An Ingress with these annotations and paths.
pub fn ingress(name: &str, annotations: &[(&str, &str)], paths: &Value) -> Value {
    let annotations: serde_json::Map<_, _> =
        annotations.iter().map(|(name, value)| (format!("alb.ingress.kubernetes.io/{name}"), json!(value))).collect();
    json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "name": name, "annotations": annotations },
        "spec": { "rules": [{ "http": { "paths": paths } }] } })
}

pub fn to(path: &str, kind: &str) -> Value {
    json!({ "path": path, "pathType": kind, "backend": { "service": { "name": "a", "port": { "number": 80 } } } })
}

pub fn migrate(objects: &[Value]) -> Migrated {
    let service = json!({ "kind": "Service", "metadata": { "name": "a" } });
    let objects: Vec<_> = objects.iter().chain([&service]).collect();
    with(&json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string(), &[])
}

pub fn cognito() -> String {
    json!({ "userPoolARN": ARN, "userPoolClientID": "client", "userPoolDomain": "demo" }).to_string()
}

#[test]
fn paths_are_in_the_controllers_order() {
    let cognito = cognito();
    let own = [
        ("auth-type", "cognito"),
        ("auth-idp-cognito", cognito.as_str()),
        ("group.name", "front"),
        ("group.order", "2"),
    ];
    let paths =
        json!([to("/own/*", "ImplementationSpecific"), to("/a", "Prefix"), to("/a/long", "Prefix"), to("/z", "Exact")]);
    let open = ingress("zz", &[("group.name", "front"), ("group.order", "1")], &json!([to("/docs", "Exact")]));
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
    let redirect = r#"{"type":"redirect","redirectConfig":{"path":"/new"}}"#;
    let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str()), ("group.name", "front")];
    let answer = json!({ "path": "/old", "pathType": "Exact", "backend": { "service": { "name": "go", "port": { "name": "use-annotation" } } } });
    let open =
        ingress("open", &[("actions.go", redirect), ("group.name", "front"), ("group.order", "-1")], &json!([answer]));
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

/// The first rule of what signs people in at `/`, with these paths before it.
fn first(annotations: &[(&str, &str)], paths: Value) -> (Migrated, Value) {
    let cognito = cognito();
    let all: Vec<_> = [("group.name", "front"), ("group.order", "-1")].iter().chain(annotations).copied().collect();
    let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str()), ("group.name", "front")];
    let migrated = migrate(&[ingress("own", &own, &json!([to("/", "Prefix")])), ingress("open", &all, &paths)]);
    let rule = if migrated.outcome.code == 0 { migrated.at("/routes/0") } else { json!(null) };
    (migrated, rule)
}

#[test]
fn a_path_is_everything_as_a_prefix_alone() {
    let matched = |path: &str, kind: &str| first(&[], json!([to(path, kind)])).1["match"].clone();
    assert_eq!(matched("/", "Exact"), json!({ "path": { "exact": "/" } }));
    assert_eq!(matched("/", "ImplementationSpecific"), json!({ "path": { "exact": "/" } }));
    assert_eq!(matched("/a/", "Exact"), json!({ "path": { "exact": "/a/" } }));
    assert_eq!(matched("/a/", "Prefix"), json!({ "path": { "prefix": "/a" } }));
    refuses(&first(&[], json!([to("/", "Prefix")])).0, "no rule that signs people in is left");
    refuses(&first(&[], json!([to("/a*", "Prefix")])).0, "has `/a*` with `pathType: Prefix`, which has no `*`");
    refuses(
        &first(&[], json!([to("/a", "prefix")])).0,
        "`pathType: prefix` of a.json, Ingress open is none that there is",
    );
}

#[test]
fn conditions_of_an_annotation_are_conditions_of_its_rule() {
    let with = |conditions: &str| first(&[("conditions.a", conditions)], json!([to("/a", "Exact")]));
    let (closed, rule) = with(r#"[{"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/8"]}}]"#);
    assert_eq!(rule, json!(null), "what opened for some addresses is left out");
    closed.says("Rule 1 no rule of ours looks at the address of the client");
    let (_, more) = with(
        r#"[{"field":"http-request-method","httpRequestMethodConfig":{"Values":["GET"]}},{"Field":"path-pattern","pathPatternConfig":{"values":["/b"]}}]"#,
    );
    assert_eq!(more["match"], json!({ "methods": ["GET"], "path": { "exact": "/a" } }));
    refuses(&with("{").0, "`conditions.a` of a.json, Ingress open is no list in JSON");
    refuses(
        &with(r#"[{"field":"path-pattern","pathPattern":{"values":["/b"]}}]"#).0,
        "`pathPattern` (rule 1) is no member",
    );
    let (regex, rule) = with(r#"[{"field":"path-pattern","pathPatternConfig":{"regexValues":["^/b"]}}]"#);
    assert_eq!(rule, json!(null));
    regex.says("Rule 1 no rule of ours looks at a regular expression of the path");
}

#[test]
fn a_path_that_is_an_expression_is_no_pattern() {
    let paths = json!([to("/^/status/.?*$", "ImplementationSpecific")]);
    let (migrated, rule) = first(&[("use-regex-path-match", "true")], paths);
    assert_eq!(rule, json!(null));
    migrated.says("Rule 1 no rule of ours looks at a regular expression of the path");
}

#[test]
fn a_redirect_to_https_is_no_rule_of_the_listener_for_https() {
    let cognito = cognito();
    let redirect = |config: &str| {
        let action = format!(r#"{{"Type":"redirect","RedirectConfig":{config}}}"#);
        let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str()), ("actions.go", action.as_str())];
        let answer = json!({ "path": "/", "pathType": "Prefix", "backend": { "service": { "name": "go", "port": { "name": "use-annotation" } } } });
        migrate(&[ingress("own", &own, &json!([answer, to("/users/*", "ImplementationSpecific")]))])
    };
    let usual = redirect(r#"{"Protocol":"HTTPS","Port":"443","StatusCode":"HTTP_301"}"#);
    assert_eq!(usual.at("/routes/0/action"), "authenticate");
    usual.says("actions.go a redirect to https: the listener for https has no such rule");
    for elsewhere in [
        r#"{"Protocol":"HTTPS","Port":"8443"}"#,
        r#"{"Host":"b.example.com"}"#,
        r#"{"Query":"a=b"}"#,
        r#"{"Path":"/new"}"#,
    ] {
        refuses(&redirect(elsewhere), "no rule that signs people in is left");
    }
}

#[test]
fn what_takes_tokens_or_rewrites_addresses_is_refused() {
    let all = || json!([to("/a", "Exact")]);
    refuses(&first(&[("jwt-validation", "{}")], all()).0, "rule 1 takes tokens of programs (`jwt-validation`)");
    refuses(&first(&[("transforms.a", "[]")], all()).0, "`transforms.a` of a.json, Ingress open rewrites addresses");
    let (guarded, _) = first(&[("inbound-cidrs", "10.0.0.0/8")], all());
    guarded.says("inbound-cidrs the load balancer's: whom it keeps away comes in");
    let absent = json!({ "path": "/old", "pathType": "Exact", "backend": { "service": { "name": "go", "port": { "name": "use-annotation" } } } });
    refuses(&first(&[], json!([absent])).0, "`actions.go` of a.json, Ingress open is no action in JSON");
}

#[test]
fn a_service_that_nobody_has_seen_is_not_opened() {
    let open = |name: &str| json!([{ "path": "/docs", "pathType": "Prefix", "backend": { "service": { "name": name, "port": { "number": 80 } } } }]);
    assert_eq!(first(&[], open("a")).1["action"], "allow");
    refuses(
        &first(&[], open("other")).0,
        "Ingress open lets everyone pass to the Service other, which may ask for a sign-in itself and is in none of the files",
    );
    let mut backed = ingress("open", &[("group.name", "front")], &json!([]));
    backed["spec"]["defaultBackend"] = json!({ "service": { "name": "other", "port": { "number": 80 } } });
    let cognito = cognito();
    let own = [("auth-type", "cognito"), ("auth-idp-cognito", cognito.as_str()), ("group.name", "front")];
    refuses(
        &migrate(&[backed, ingress("own", &own, &json!([to("/", "Prefix")]))]),
        "lets everyone pass to the Service other",
    );
}
