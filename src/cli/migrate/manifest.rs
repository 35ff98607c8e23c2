//! Kubernetes manifests: the objects in a file, and what ConfigMaps and Secrets hold.
//!
//! Decides nothing about what any of it means.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

/// One object, and what to call it.
pub(super) struct Object {
    /// All of it.
    pub(super) value: Value,
    /// `kind`.
    pub(super) kind: String,
    /// `metadata.name`.
    pub(super) name: String,
    /// `metadata.namespace`; empty where none is written.
    pub(super) namespace: String,
    /// The file, the kind and the name.
    pub(super) place: String,
}

/// Whether a text is a manifest rather than an env file.
pub(super) fn is_manifest(text: &str) -> bool {
    let begins =
        |line: &str| ["apiVersion:", "kind:", "\"apiVersion\"", "\"kind\""].iter().any(|key| line.starts_with(key));
    text.trim_start().starts_with('{') || text.lines().any(begins)
}

/// The documents of a text in YAML or JSON.
///
/// # Errors
/// It is neither.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, String> {
    // Snippets would show the lines around an error, and those may hold secrets.
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| error.to_string())
}

/// The objects of a manifest, those in lists among them.
///
/// # Errors
/// It is no YAML.
pub(super) fn objects(file: &str, text: &str) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    documents(text)?.into_iter().for_each(|document| unfold(file, document, &mut objects));
    Ok(objects)
}

fn unfold(file: &str, value: Value, objects: &mut Vec<Object>) {
    let kind = text(&value, "/kind").to_owned();
    if kind == "List" || value.get("items").is_some() {
        let items = value.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.into_iter().for_each(|item| unfold(file, item, objects));
        return;
    }
    let name = text(&value, "/metadata/name").to_owned();
    let namespace = text(&value, "/metadata/namespace").to_owned();
    let place = format!("{file}, {kind} {name}");
    objects.push(Object { value, kind, name, namespace, place });
}

impl Object {
    /// What to call it, with its namespace.
    pub(super) fn described(&self) -> String {
        described(&self.place, &self.namespace)
    }

    /// The data of a ConfigMap or a Secret, decoded, or why one is no text.
    pub(super) fn data(&self) -> BTreeMap<String, Result<String, &'static str>> {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("is no text: write it in quotes");
        let decoded = |value: &Value| {
            let bytes = BASE64_STANDARD.decode(text(value)?.trim());
            let bytes = bytes.map_err(|_| "is not base64: encode it, or write it below `stringData`")?;
            String::from_utf8(bytes).map_err(|_| "is no text in UTF-8, as settings are")
        };
        let is_secret = self.kind == "Secret";
        let data = members(&self.value, "data");
        let data = data.map(|(name, value)| (name.clone(), if is_secret { decoded(value) } else { text(value) }));
        let plain = members(&self.value, "stringData").map(|(name, value)| (name.clone(), text(value)));
        data.chain(plain).collect()
    }
}

/// A text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The elements of a member.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// The members of a member.
pub(super) fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// A place, and its namespace if that is known.
pub(super) fn described(place: &str, namespace: &str) -> String {
    match namespace {
        "" => place.to_owned(),
        namespace => format!("{place} of namespace {namespace}"),
    }
}
