//! The sign-in that the annotations of an Ingress ask for.
//!
//! Decides which actions the controller makes of them, and which Secret is meant. What they mean is decided in `rule`.

use serde_json::{Value, json};

use super::{ingress::annotation, manifest::Object};

/// The actions that the annotations of an Ingress amount to.
pub(super) fn read(ingress: &Object, objects: &[Object], problems: &mut Vec<String>) -> Value {
    let place = ingress.described();
    let forward = json!({ "Type": "forward" });
    if annotation(ingress, "jwt-validation").is_some() {
        return json!([{ "Type": "jwt-validation" }]);
    }
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
