//! Ingresses for AWS's Load Balancer Controller.
//!
//! Decides which rules the controller makes of them, in which order, and which Secret is meant. They are written as AWS prints
//! its own; what they mean is decided in `rule`.

use serde_json::{Value, json};

use super::manifest::{Object, list, text};

/// What Ingresses come to.
#[derive(Default)]
pub(super) struct Ingresses {
    /// Rules, as `aws elbv2 describe-rules` prints them.
    pub(super) rules: Vec<Value>,
    /// Annotations that are not about sign-ins, and whose they stay.
    pub(super) annotations: Vec<(String, &'static str)>,
    /// What stands in the way.
    pub(super) problems: Vec<String>,
}

/// How the controller's annotations begin.
const ANNOTATION: &str = "alb.ingress.kubernetes.io/";
/// Those that are about sign-ins.
pub(super) const AUTH: [&str; 7] = [
    "auth-type",
    "auth-idp-cognito",
    "auth-idp-oidc",
    "auth-on-unauthenticated-request",
    "auth-scope",
    "auth-session-cookie",
    "auth-session-timeout",
];

/// The rules of all Ingresses, those of a group in its order.
pub(super) fn read(objects: &[Object]) -> Ingresses {
    let mut found = Ingresses::default();
    let mut ingresses: Vec<_> = objects.iter().filter(|object| object.kind == "Ingress").collect();
    let order = |object: &&Object| {
        annotation(object, "group.order").and_then(|order| order.parse::<i32>().ok()).unwrap_or_default()
    };
    ingresses.sort_by_key(|object| (order(object), object.namespace.clone(), object.name.clone()));
    if let Some(service) = objects.iter().find(|object| object.kind == "Service" && has_auth(object)) {
        found.problems.push(format!(
            "{} has annotations for sign-ins, which count for its own paths alone: write them to an Ingress of its own",
            service.described()
        ));
    }
    let mut default = None;
    for ingress in ingresses {
        let actions = actions(ingress, objects, &mut found.problems);
        for rule in list(ingress.value.pointer("/spec").unwrap_or(&Value::Null), "rules") {
            for path in paths(rule) {
                let patterns = patterns(text(path, "/path"), text(path, "/pathType"));
                let answer = answer(ingress, path);
                found.rules.push(made(text(rule, "/host"), patterns, answer.as_ref().unwrap_or(&actions)));
            }
        }
        if ingress.value.pointer("/spec/defaultBackend").is_some() {
            default = Some(actions);
        }
        found.others(ingress);
    }
    let actions = default
        .unwrap_or_else(|| json!([{ "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404" } }]));
    for (index, rule) in found.rules.iter_mut().enumerate() {
        if let Some(rule) = rule.as_object_mut() {
            rule.insert("Priority".to_owned(), index.saturating_add(1).into());
        }
    }
    if !found.rules.is_empty() || objects.iter().any(|object| object.kind == "Ingress") {
        found.rules.push(json!({ "Priority": "default", "IsDefault": true, "Actions": actions }));
    }
    found
}

impl Ingresses {
    fn others(&mut self, ingress: &Object) {
        let annotations = ingress.value.pointer("/metadata/annotations").and_then(Value::as_object);
        for name in annotations.into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(ANNOTATION)) {
            let is_auth = AUTH.contains(&name);
            if !is_auth && self.annotations.iter().all(|(other, _)| other != name) {
                let becomes = if name.starts_with("auth-") { TYPO } else { BALANCER };
                self.annotations.push((name.to_owned(), becomes));
            }
        }
    }
}

fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.value.pointer("/metadata/annotations")?.get(format!("{ANNOTATION}{name}"))?.as_str()
}

fn has_auth(object: &Object) -> bool {
    AUTH.iter().any(|name| annotation(object, name).is_some())
}

/// The paths of a rule in the controller's order: exact ones, prefixes with the longest first, then its own patterns.
fn paths(rule: &Value) -> Vec<&Value> {
    let http = rule.get("http").unwrap_or(&Value::Null);
    let mut paths: Vec<_> = list(http, "paths").collect();
    paths.sort_by_key(|path| match text(path, "/pathType") {
        "Exact" => (0, 0),
        "Prefix" => (1, usize::MAX.saturating_sub(text(path, "/path").len())),
        _ => (2, 0),
    });
    paths
}

/// The actions of a path that leads to no service, but to an answer that an annotation has.
fn answer(ingress: &Object, path: &Value) -> Option<Value> {
    let names =
        [("/backend/service/port/name", "/backend/service/name"), ("/backend/servicePort", "/backend/serviceName")];
    let (_, name) = names.into_iter().find(|(port, _)| text(path, port) == "use-annotation")?;
    let written: Value = serde_json::from_str(annotation(ingress, &format!("actions.{}", text(path, name)))?).ok()?;
    let kind = [text(&written, "/type"), text(&written, "/Type")].into_iter().find(|kind| !kind.is_empty())?;
    (kind != "forward").then(|| json!([{ "Type": kind }]))
}

/// The patterns that the controller makes of a path.
fn patterns(path: &str, kind: &str) -> Vec<String> {
    match (kind, path.trim_end_matches('/')) {
        (_, "") => Vec::new(),
        ("Prefix", path) => vec![path.to_owned(), format!("{path}/*")],
        _ => vec![path.to_owned()],
    }
}

fn made(host: &str, patterns: Vec<String>, actions: &Value) -> Value {
    let mut conditions = Vec::new();
    if !host.is_empty() {
        conditions.push(json!({ "Field": "host-header", "HostHeaderConfig": { "Values": [host] } }));
    }
    if !patterns.is_empty() {
        conditions.push(json!({ "Field": "path-pattern", "PathPatternConfig": { "Values": patterns } }));
    }
    json!({ "Conditions": conditions, "Actions": actions })
}

/// The actions that the annotations of an Ingress amount to.
fn actions(ingress: &Object, objects: &[Object], problems: &mut Vec<String>) -> Value {
    let place = ingress.described();
    let forward = json!({ "Type": "forward" });
    let (annotation_name, kind, member) = match annotation(ingress, "auth-type") {
        None | Some("none") => return json!([forward]),
        Some("cognito") => ("auth-idp-cognito", "authenticate-cognito", "AuthenticateCognitoConfig"),
        Some("oidc") => ("auth-idp-oidc", "authenticate-oidc", "AuthenticateOidcConfig"),
        Some(_) => {
            problems.push(format!("`auth-type` of {place} is none that there is: write `cognito`, `oidc` or `none`"));
            return json!([forward]);
        }
    };
    let written: Option<Value> =
        annotation(ingress, annotation_name).and_then(|text| serde_json::from_str(text).ok()).filter(Value::is_object);
    let Some(written) = written else {
        problems.push(format!(
            "`{annotation_name}` of {place} is no JSON object: write it as the load balancer controller takes it"
        ));
        return json!([forward]);
    };
    let mut config = serde_json::Map::new();
    for (name, value) in written.as_object().into_iter().flatten() {
        config.insert(named(name), value.clone());
    }
    let more = [
        ("auth-on-unauthenticated-request", "OnUnauthenticatedRequest"),
        ("auth-scope", "Scope"),
        ("auth-session-cookie", "SessionCookieName"),
        ("auth-session-timeout", "SessionTimeout"),
    ];
    for (name, member) in more {
        if let Some(value) = annotation(ingress, name) {
            config.insert(member.to_owned(), value.into());
        }
    }
    if let Some(secret) = config.remove("SecretName").as_ref().and_then(Value::as_str) {
        client(ingress, secret, objects, &mut config, problems);
    }
    json!([{ "Type": kind, member: config, "Order": 1 }, { "Type": "forward", "Order": 2 }])
}

/// What AWS calls a member of the JSON in an annotation.
fn named(name: &str) -> String {
    match name {
        "userPoolARN" => "UserPoolArn".to_owned(),
        "userPoolClientID" => "UserPoolClientId".to_owned(),
        name => {
            let mut letters = name.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

/// Our client, which the controller takes out of a Secret of the same namespace.
fn client(
    ingress: &Object,
    name: &str,
    objects: &[Object],
    config: &mut serde_json::Map<String, Value>,
    problems: &mut Vec<String>,
) {
    let near = |object: &&Object| {
        let is_near =
            object.namespace.is_empty() || ingress.namespace.is_empty() || object.namespace == ingress.namespace;
        object.kind == "Secret" && object.name == name && is_near
    };
    let data = objects.iter().find(near).map(Object::data).unwrap_or_default();
    let value = |key: &str| {
        data.get(key).and_then(|value| value.clone().ok()).map(|value| value.trim_end_matches('\n').to_owned())
    };
    match value("clientID") {
        Some(id) => drop(config.insert("ClientId".to_owned(), id.into())),
        None => problems.push(format!(
            "{} takes the client from the Secret {name} (`clientID`, `clientSecret`), which is in none of the files: add it",
            ingress.described()
        )),
    }
    if let Some(secret) = value("clientSecret") {
        config.insert("ClientSecret".to_owned(), secret.into());
    }
}

const BALANCER: &str = "the load balancer's or the gateway's: nothing of it is about sign-ins";
const TYPO: &str = "no annotation for sign-ins that there is: see whether it is a typing mistake";
