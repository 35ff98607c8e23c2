//! Objects of Kubernetes: KongPlugin and KongClusterPlugin with the Secrets they name, Ingresses and HTTPRoutes that name them.
//!
//! Decides what Kong's controller makes of them: routes, and plugins on these.

use serde_json::{Map, Value, json};

use super::{
    super::manifest::{self, Object, list, text},
    Inputs,
    annotations::{self, Reference},
    conf, konnect,
};

/// Reads all objects.
pub(super) fn read(objects: &[Object], inputs: &mut Inputs) {
    for object in objects.iter().filter(|object| matches!(object.kind.as_str(), "Secret" | "ConfigMap")) {
        for (key, value) in object.data() {
            if let Ok(value) = value {
                conf::read_data(&object.place, &key, &value, inputs);
            }
        }
    }
    for object in objects {
        match object.kind.as_str() {
            "PortalIdentityProviderRequest" => drop(konnect::read(&object.place, &object.value, inputs)),
            "Ingress" => ingress(object, inputs),
            "HTTPRoute" => http_route(object, inputs),
            _ => {}
        }
    }
    judge_classes(objects, inputs);
    let references: Vec<_> = objects.iter().flat_map(annotations::references).collect();
    let is_plugin = |object: &&Object| {
        matches!(object.kind.as_str(), "KongPlugin" | "KongClusterPlugin") && object.value.get("plugin").is_some()
    };
    let plugins: Vec<_> = objects.iter().filter(is_plugin).collect();
    for reference in references.iter().filter(|reference| !plugins.iter().any(|plugin| reference.means(plugin))) {
        let (place, name) = (&reference.place, reference.described());
        let what =
            "which is in none of the files: add the file that has it, or it would be as if it did not stand there";
        inputs.problems.push(format!("{place} names the KongPlugin {name}, {what}"));
    }
    for plugin in plugins {
        add_plugin(plugin, objects, &references, inputs);
    }
}

/// Ingresses of several controllers are not one gateway's.
fn judge_classes(objects: &[Object], inputs: &mut Inputs) {
    let ingresses = objects.iter().filter(|object| object.kind == "Ingress");
    let mut classes: Vec<_> = ingresses.filter_map(annotations::class).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() > 1 {
        let what = "which are several controllers': give the files of Kong's alone";
        inputs.problems.push(format!("the Ingresses are of the classes {}, {what}", classes.join(", ")));
    }
}

/// A plugin, once for each object that names it; for everything where it says so, or where none does.
fn add_plugin(plugin: &Object, objects: &[Object], references: &[Reference], inputs: &mut Inputs) {
    let name = text(&plugin.value, "/plugin");
    let mut entity = Map::new();
    entity.insert("name".to_owned(), name.into());
    entity.insert("enabled".to_owned(), (plugin.value.get("disabled") != Some(&Value::Bool(true))).into());
    entity.insert("instance_name".to_owned(), plugin.name.clone().into());
    if name == "openid-connect" {
        entity.insert("config".to_owned(), Value::Object(config(plugin, objects, inputs)));
    } else {
        entity.insert("config".to_owned(), plugin.value.get("config").cloned().unwrap_or_default());
    }
    let is_global = text(&plugin.value, "/metadata/labels/global") == "true";
    let users: Vec<_> = references.iter().filter(|reference| !is_global && reference.means(plugin)).collect();
    if users.is_empty() {
        return inputs.declared.add_plugin(&plugin.place, &Value::Object(entity), None);
    }
    for user in users {
        let mut entity = entity.clone();
        entity.insert(user.on.to_owned(), user.key.clone().into());
        inputs.declared.add_plugin(&plugin.place, &Value::Object(entity), None);
    }
}

/// The settings: `config`, or all of a Secret's, with single ones of Secrets over them.
fn config(plugin: &Object, objects: &[Object], inputs: &mut Inputs) -> Map<String, Value> {
    let mut config = plugin.value.get("config").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(reference) = plugin.value.pointer("/configFrom/secretKeyRef") {
        let read = secret(reference, plugin, objects).map(|text| manifest::documents(&text));
        match read.as_ref().map(|read| read.as_deref().map(|documents| documents.first().and_then(Value::as_object))) {
            Some(Ok(Some(all))) => config = all.clone(),
            Some(_) => inputs
                .problems
                .push(format!("{}: what its `configFrom` names is no object in YAML or JSON", plugin.place)),
            None => inputs.problems.push(absent(plugin, "configFrom", reference)),
        }
    }
    for patch in list(&plugin.value, "configPatches") {
        let reference = patch.pointer("/valueFrom/secretKeyRef").unwrap_or(&Value::Null);
        let mut names = text(patch, "/path").trim_start_matches('/').split('/');
        let name = names.next().unwrap_or_default();
        let value = secret(reference, plugin, objects);
        // A secret of ours need not be known: it is left for people to fill in.
        let known =
            value.as_ref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str())));
        match known {
            Some(value @ (Value::Array(_) | Value::Object(_))) => drop(config.insert(name.to_owned(), value)),
            Some(value) if names.next().is_some() => drop(config.insert(name.to_owned(), json!([value]))),
            Some(value) => drop(config.insert(name.to_owned(), value)),
            None if ["client_secret", "session_secret"].contains(&name) => {
                config.insert(name.to_owned(), json!(["{vault://kubernetes}"]));
            }
            None => inputs.problems.push(absent(plugin, &format!("configPatches of {name}"), reference)),
        }
    }
    config
}

fn absent(plugin: &Object, what: &str, reference: &Value) -> String {
    let (name, key) = (text(reference, "/name"), text(reference, "/key"));
    format!("{}: {what} names the key {key} of the Secret {name}, which is in none of the files. Add it", plugin.place)
}

fn secret(reference: &Value, plugin: &Object, objects: &[Object]) -> Option<String> {
    let namespace = reference.get("namespace").and_then(Value::as_str).unwrap_or(&plugin.namespace);
    let mut secrets =
        objects.iter().filter(|object| object.kind == "Secret" && object.name == text(reference, "/name"));
    let object =
        secrets.find(|object| object.namespace == namespace || object.namespace.is_empty() || namespace.is_empty())?;
    object.data().remove(text(reference, "/key"))?.ok()
}

/// The routes of an Ingress. `=` and `^` stand for a whole path and for whole segments, which no path of Kong's begins with.
fn ingress(object: &Object, inputs: &mut Inputs) {
    annotations::judge(object, inputs);
    for rule in list_at(&object.value, "/spec/rules") {
        for path in list_at(rule, "/http/paths") {
            let service = text(path, "/backend/service/name");
            let paths = path_of(text(path, "/path"), text(path, "/pathType"));
            let host = rule.get("host").and_then(Value::as_str);
            add_route(object, (&key(object), host.into_iter().collect()), paths, (service, &Value::Null), inputs);
        }
    }
}

/// The routes of an HTTPRoute: each rule has plugins of its own.
fn http_route(object: &Object, inputs: &mut Inputs) {
    annotations::judge(object, inputs);
    let hosts: Vec<_> = list_at(&object.value, "/spec/hostnames").filter_map(Value::as_str).collect();
    for (number, rule) in list_at(&object.value, "/spec/rules").enumerate() {
        let id = rule_key(object, number);
        let service = text(rule, "/backendRefs/0/name");
        let mut matches: Vec<_> = list(rule, "matches").collect();
        if matches.is_empty() {
            matches.push(&Value::Null);
        }
        for matched in matches {
            let kind = match text(matched, "/path/type") {
                "Exact" => "Exact",
                "RegularExpression" => "Regex",
                _ => "Prefix",
            };
            let path = path_of(text(matched, "/path/value"), kind);
            add_route(object, (&id, hosts.clone()), path, (service, matched), inputs);
        }
    }
}

/// What stands for the whole object.
pub(super) fn key(object: &Object) -> String {
    match object.namespace.as_str() {
        "" => object.name.clone(),
        namespace => format!("{namespace}/{}", object.name),
    }
}

/// What stands for one rule of an HTTPRoute.
pub(super) fn rule_key(object: &Object, number: usize) -> String {
    format!("{} rule {}", key(object), number.saturating_add(1))
}

fn path_of(path: &str, kind: &str) -> String {
    match (path, kind) {
        ("" | "/", "Prefix" | "ImplementationSpecific" | "") => "/".to_owned(),
        (path, "Exact") => format!("={path}"),
        (path, "Prefix") => format!("^{path}"),
        (path, "Regex") => format!("~{path}"),
        (path, _) => path.strip_prefix("/~").map_or_else(|| path.to_owned(), |regex| format!("~{regex}")),
    }
}

fn add_route(
    object: &Object,
    (id, hosts): (&str, Vec<&str>),
    path: String,
    (service, matched): (&str, &Value),
    inputs: &mut Inputs,
) {
    let mut route = Map::new();
    route.insert("name".to_owned(), key(object).into());
    route.insert("id".to_owned(), id.into());
    if !hosts.is_empty() {
        route.insert("hosts".to_owned(), json!(hosts));
    }
    route.insert("paths".to_owned(), json!([path]));
    if let Some(method) = matched.get("method") {
        route.insert("methods".to_owned(), json!([method]));
    }
    if matched.get("headers").is_some() || matched.get("queryParams").is_some() {
        route.insert("headers".to_owned(), json!({ "of": ["HTTPRoute"] }));
    }
    if !service.is_empty() {
        let namespace = &object.namespace;
        let service = if namespace.is_empty() { service.to_owned() } else { format!("{namespace}/{service}") };
        route.insert("service".to_owned(), service.into());
    }
    route.insert(BY_LENGTH.to_owned(), (object.kind == "HTTPRoute").into());
    annotations::apply(object, &mut route);
    inputs.declared.add_route(&object.place, &Value::Object(route), None);
}

/// Of HTTPRoutes the longer path may come first, whatever the methods; no route of Kong's own has such a member.
pub(in crate::cli::migrate::kong) const BY_LENGTH: &str = "by length";

pub(super) fn list_at<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
