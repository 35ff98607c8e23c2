//! Files of Docker Compose.
//!
//! Decides which object of Kubernetes says the same as a service, so that both are read alike.

use serde_json::{Value, json};

use super::{
    super::manifest::{self, Object, members},
    flags,
};

/// The services, a pod each.
///
/// # Errors
/// What cannot be read; never with a value, since that may be a secret.
pub(super) fn objects(file: &str, text: &str) -> Result<Vec<Object>, String> {
    let documents = manifest::documents(text).map_err(|error| format!("{file} is no YAML: {error}"))?;
    let services = documents.iter().flat_map(|document| members(document, "services"));
    let objects: Result<Vec<_>, _> = services
        .filter(|(name, service)| runs(name, service))
        .map(|(name, service)| {
            let place = format!("{file}, service {name}");
            pod(name, service)
                .map(|value| Object {
                    value,
                    kind: "Pod".to_owned(),
                    name: name.clone(),
                    namespace: String::new(),
                    place: place.clone(),
                })
                .map_err(|why| format!("{place} {why}"))
        })
        .collect();
    match objects? {
        objects if objects.is_empty() => Err(format!("{file} has no service that runs an oauth2-proxy")),
        objects => Ok(objects),
    }
}

fn runs(name: &str, service: &Value) -> bool {
    [name, manifest::text(service, "/image")].iter().any(|text| text.replace('_', "-").contains("oauth2-proxy"))
}

fn pod(name: &str, service: &Value) -> Result<Value, &'static str> {
    if service.get("env_file").is_some() {
        return Err(ELSEWHERE);
    }
    let arguments = |part: &str| match service.get(part) {
        Some(Value::String(line)) => flags::words(line),
        Some(Value::Array(words)) => words.iter().map(|word| filled(Some(word))).collect(),
        _ => Ok(Vec::new()),
    };
    let pairs: Vec<(&str, Option<Value>)> = match service.get("environment") {
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).map(pair).collect(),
        _ => members(service, "environment").map(|(name, value)| (name.as_str(), Some(value.clone()))).collect(),
    };
    let variable = |(name, value): &(&str, Option<Value>)| {
        filled(value.as_ref()).map(|value| json!({ "name": name, "value": value }))
    };
    let environment: Result<Vec<Value>, &'static str> = pairs.iter().map(variable).collect();
    let container = json!({
        "name": "oauth2-proxy", "command": arguments("entrypoint")?, "args": arguments("command")?, "env": environment?,
    });
    Ok(json!({ "metadata": { "name": name }, "spec": { "containers": [container] } }))
}

fn pair(line: &str) -> (&str, Option<Value>) {
    line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value.into())))
}

/// A value that Compose fills nothing in from elsewhere; `$$` is a `$`.
fn filled(value: Option<&Value>) -> Result<String, &'static str> {
    let text = value.and_then(scalar).ok_or(ELSEWHERE)?;
    if text.replace("$$", "").contains('$') { Err(ELSEWHERE) } else { Ok(text.replace("$$", "$")) }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    }
}

const ELSEWHERE: &str = "takes a variable: give what `docker compose config` prints";
