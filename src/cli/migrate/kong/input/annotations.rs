//! What annotations of Ingresses, HTTPRoutes and Services say to Kong's controller: which plugins stand there, and what else a
//! route goes by.
//!
//! Decides which annotations a route's conditions are in, which are the gateway's matter, and that no other vanishes.

use serde_json::{Map, Value, json};

use super::{
    super::manifest::{Object, list, text},
    Inputs,
    kubernetes::{key, list_at, rule_key},
};

/// A plugin that something names.
pub(super) struct Reference {
    /// The object, and where in it.
    pub(super) place: String,
    /// `route` or `service`.
    pub(super) on: &'static str,
    /// What it stands on.
    pub(super) key: String,
    namespace: String,
    is_of_another: bool,
    name: String,
}

impl Reference {
    /// Whether it is this plugin.
    pub(super) fn means(&self, plugin: &Object) -> bool {
        let is_near = match plugin.kind.as_str() {
            "KongClusterPlugin" => !self.is_of_another,
            _ => plugin.namespace == self.namespace,
        };
        is_near && plugin.name == self.name
    }

    /// Its name, with the namespace where one is known.
    pub(super) fn described(&self) -> String {
        match self.namespace.as_str() {
            "" => self.name.clone(),
            namespace => format!("{} of the namespace {namespace}", self.name),
        }
    }
}

/// All plugins that an object names: for all of it, or for one rule.
pub(super) fn references(object: &Object) -> Vec<Reference> {
    let on = match object.kind.as_str() {
        "HTTPRoute" | "Ingress" => "route",
        "Service" => "service",
        _ => return Vec::new(),
    };
    let named = annotation(object, PLUGINS).unwrap_or_default();
    let mut references: Vec<_> = items(named)
        .map(|item| {
            let (namespace, name) = item.split_once(':').map_or((None, item), |(space, name)| (Some(space), name));
            let (place, key) = (format!("{}: `{PREFIX}{PLUGINS}`", object.place), key(object));
            let is_of_another = namespace.is_some_and(|namespace| namespace.trim() != object.namespace);
            let namespace = namespace.unwrap_or(&object.namespace).trim().to_owned();
            Reference { place, on, key, namespace, is_of_another, name: name.trim().to_owned() }
        })
        .collect();
    for (number, rule) in list_at(&object.value, "/spec/rules").enumerate() {
        let kinds = ["", "KongPlugin", "KongClusterPlugin"];
        let ours = |filter: &&Value| {
            filter.get("extensionRef").is_some() && kinds.contains(&text(filter, "/extensionRef/kind"))
        };
        references.extend(list(rule, "filters").filter(ours).map(|filter| Reference {
            place: format!("{}: `extensionRef` of rule {}", object.place, number.saturating_add(1)),
            on,
            key: rule_key(object, number),
            namespace: object.namespace.clone(),
            is_of_another: false,
            name: text(filter, "/extensionRef/name").to_owned(),
        }));
    }
    references
}

/// The class of an Ingress, which says whose it is.
pub(super) fn class(object: &Object) -> Option<&str> {
    let annotations = annotations(object);
    let annotated = annotations.and_then(|all| all.get("kubernetes.io/ingress.class")).and_then(Value::as_str);
    let named = object.value.pointer("/spec/ingressClassName").and_then(Value::as_str);
    named.or(annotated)
}

/// Puts the conditions of annotations into a route.
pub(super) fn apply(object: &Object, route: &mut Map<String, Value>) {
    let upper = |name| annotation(object, name).map(|all| items(all).map(str::to_ascii_uppercase).collect::<Vec<_>>());
    if let Some(methods) = upper("methods").filter(|methods| !methods.is_empty()) {
        route.insert("methods".to_owned(), json!(methods));
    }
    if let Some(aliases) = annotation(object, "host-aliases") {
        let hosts = route.get("hosts").and_then(Value::as_array).into_iter().flatten().cloned();
        let hosts: Vec<_> = hosts.chain(items(aliases).map(Value::from)).collect();
        route.insert("hosts".to_owned(), json!(hosts));
    }
    if let Some(snis) = annotation(object, "snis") {
        route.insert("snis".to_owned(), json!([snis]));
    }
    if let Some(priority) = annotation(object, "regex-priority").and_then(|text| text.trim().parse::<i64>().ok()) {
        route.insert("regex_priority".to_owned(), priority.into());
    }
    let names = annotations(object).into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(PREFIX));
    let headers: Vec<_> = names.filter_map(|name| name.strip_prefix("headers.")).collect();
    if !headers.is_empty() {
        route.insert("headers".to_owned(), json!(headers));
    }
}

/// What no rule can be made of, and what is nobody's setting here.
pub(super) fn judge(object: &Object, inputs: &mut Inputs) {
    let place = &object.place;
    if annotation(object, "override").is_some() {
        let what = "names a KongIngress, whose methods, headers and names are not read here: write them as annotations";
        inputs.problems.push(format!("{place}: `{PREFIX}override` {what}"));
    }
    if annotation(object, "regex-prefix").is_some_and(|prefix| prefix != "/~") {
        let what = "makes other paths expressions: begin those with `/~`, and remove it";
        inputs.problems.push(format!("{place}: `{PREFIX}regex-prefix` {what}"));
    }
    let matches = list_at(&object.value, "/spec/rules").flat_map(|rule| list(rule, "matches"));
    if annotation(object, "methods").is_some() && matches.into_iter().any(|matched| matched.get("method").is_some()) {
        let what = "says methods, and so do rules: write them in one of the two";
        inputs.problems.push(format!("{place}: `{PREFIX}methods` {what}"));
    }
    for name in annotations(object).into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(PREFIX)) {
        let is_read = READ.contains(&name) || name.starts_with("headers.");
        let what = match OF_THE_GATEWAY.contains(&name) {
            true => "where a request goes, and how, is the gateway's own matter",
            false => {
                "no annotation of Kong's that is known here: a typo, or newer than this tool. Nothing is made of it"
            }
        };
        let row = (format!("{PREFIX}{name}"), what);
        if !is_read && !inputs.others.contains(&row) {
            inputs.others.push(row);
        }
    }
}

fn annotations(object: &Object) -> Option<&Map<String, Value>> {
    object.value.pointer("/metadata/annotations").and_then(Value::as_object)
}

/// The value of an annotation of Kong's.
fn annotation<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    annotations(object)?.get(&format!("{PREFIX}{name}"))?.as_str()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

const PREFIX: &str = "konghq.com/";
const PLUGINS: &str = "plugins";
/// What is in the routes and plugins, or refused.
const READ: [&str; 7] = ["host-aliases", "methods", "override", "plugins", "regex-prefix", "regex-priority", "snis"];
const OF_THE_GATEWAY: [&str; 19] = [
    "client-cert",
    "connect-timeout",
    "headers-separator",
    "host-header",
    "https-redirect-status-code",
    "path",
    "path-handling",
    "preserve-host",
    "protocol",
    "protocols",
    "read-timeout",
    "request-buffering",
    "response-buffering",
    "retries",
    "rewrite",
    "strip-path",
    "tags",
    "upstream-policy",
    "write-timeout",
];
