//! Where configurations of ours lie in a file: bare, in a WasmPlugin, TrafficExtension or
//! EnvoyExtensionPolicy, or in Envoy's own configuration.
//!
//! Decides which part of the file the filter will get, and which environment variables it will see. What that part means is
//! decided in `config`.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// A configuration in a file.
#[derive(Debug)]
pub(super) struct Found {
    /// Where it lies; empty if it is the file itself.
    pub(super) place: String,
    /// What the filter gets.
    pub(super) content: Content,
    /// What it sees of the environment.
    pub(super) visible: Visible,
}

/// What the filter gets.
#[derive(Debug)]
pub(super) enum Content {
    /// This text, which must be JSON.
    Json(String),
    /// This tree, which the control plane writes as JSON.
    Tree(Value),
}

/// What the filter sees of the environment.
#[derive(Debug)]
pub(super) enum Visible {
    /// The file does not say.
    Unknown,
    /// These variables; those without a value have the proxy's.
    Only(BTreeMap<String, Option<String>>),
}

/// Why there is nothing to check.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DocumentError {
    /// Nothing in it is a configuration of ours.
    NotFound,
    /// Envoy hands the configuration of this filter over in binary form.
    Struct(String),
    /// It is neither YAML nor JSON.
    Syntax(String),
    /// This filter has no configuration.
    WithoutConfiguration(String),
}

/// Every configuration of ours in `text`.
pub(super) fn find(text: &str) -> Result<Vec<Found>, DocumentError> {
    // Snippets would show the lines around an error, and those may hold secrets.
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| DocumentError::Syntax(error.to_string()))?;
    let mut filters = Vec::new();
    for document in &documents {
        find_filters(document, &mut filters);
    }
    let sole = filters.len() == 1;
    let found: Vec<_> = filters.into_iter().filter(|filter| sole || filter.is_ours()).collect();
    match (found.is_empty(), documents.as_slice()) {
        (false, _) => found.into_iter().map(Filter::found).collect(),
        (true, [bare]) if is_bare(bare) => {
            Ok(vec![Found { place: String::new(), content: Content::Tree(bare.clone()), visible: Visible::Unknown }])
        }
        (true, _) => Err(DocumentError::NotFound),
    }
}

/// A wasm filter, ours or another's.
struct Filter<'a> {
    place: String,
    configuration: Option<&'a Value>,
    visible: Visible,
}

impl Filter<'_> {
    /// Whether it is ours, where a file has several.
    fn is_ours(&self) -> bool {
        self.configuration.is_some_and(|configuration| match inner(configuration) {
            Value::Object(members) => members.contains_key("providers") || members.contains_key("publicUrls"),
            Value::String(text) => text.contains("\"providers\"") || text.contains("\"publicUrls\""),
            _ => false,
        })
    }

    fn found(self) -> Result<Found, DocumentError> {
        let Some(configuration) = self.configuration else {
            return Err(DocumentError::WithoutConfiguration(self.place));
        };
        if configuration.get("@type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with(STRUCT)) {
            return Err(DocumentError::Struct(self.place));
        }
        let content = match inner(configuration) {
            Value::String(text) => Content::Json(text.clone()),
            tree => Content::Tree(tree.clone()),
        };
        Ok(Found { place: self.place, content, visible: self.visible })
    }
}

/// The configuration inside the `Any` that Envoy wants it in.
fn inner(configuration: &Value) -> &Value {
    match configuration.get("@type") {
        Some(_) => configuration.get("value").unwrap_or(&Value::Null),
        None => configuration,
    }
}

fn find_filters<'a>(document: &'a Value, filters: &mut Vec<Filter<'a>>) {
    let spec = field(document, "spec");
    match document.get("kind").and_then(Value::as_str) {
        Some("WasmPlugin") => filters.push(istio_filter(document, spec, "spec.pluginConfig")),
        Some("TrafficExtension") => filters.push(istio_filter(document, field(spec, "wasm"), "spec.wasm.pluginConfig")),
        Some("EnvoyExtensionPolicy") => {
            let wasm = field(spec, "wasm").as_array().into_iter().flatten();
            filters.extend((0_usize..).zip(wasm).map(|(index, wasm)| envoy_gateway_filter(document, wasm, index)));
        }
        Some("List") => {
            for item in field(document, "items").as_array().into_iter().flatten() {
                find_filters(item, filters);
            }
        }
        _ => find_envoy_filters(document, "", filters),
    }
}

fn istio_filter<'a>(document: &'a Value, wasm: &'a Value, place: &str) -> Filter<'a> {
    let kind = field(document, "kind").as_str().unwrap_or_default();
    let name = field(field(document, "metadata"), "name").as_str().unwrap_or("without a name");
    let variables = field(field(wasm, "vmConfig"), "env").as_array().into_iter().flatten().filter_map(|variable| {
        let inline = field(variable, "valueFrom").as_str() != Some("HOST");
        let value = field(variable, "value").as_str().filter(|_| inline);
        Some((field(variable, "name").as_str()?.to_owned(), value.map(str::to_owned)))
    });
    Filter {
        place: format!("{kind} {name}, {place}"),
        configuration: wasm.get("pluginConfig"),
        visible: Visible::Only(variables.collect()),
    }
}

fn envoy_gateway_filter<'a>(document: &'a Value, wasm: &'a Value, index: usize) -> Filter<'a> {
    let name = field(field(document, "metadata"), "name").as_str().unwrap_or("without a name");
    let variables = field(field(wasm, "env"), "hostKeys").as_array().into_iter().flatten();
    Filter {
        place: format!("EnvoyExtensionPolicy {name}, spec.wasm[{index}].config"),
        configuration: wasm.get("config"),
        visible: Visible::Only(variables.filter_map(|name| Some((name.as_str()?.to_owned(), None))).collect()),
    }
}

/// Envoy's filters may stand anywhere: in listeners, in discovery answers, in an EnvoyFilter's patches.
fn find_envoy_filters<'a>(value: &'a Value, place: &str, filters: &mut Vec<Filter<'a>>) {
    if let Some(wasm) = wasm_filter(value) {
        filters.push(envoy_filter(wasm, place));
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                find_envoy_filters(value, &place, filters);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                find_envoy_filters(value, &format!("{place}[{index}]"), filters);
            }
        }
        _ => {}
    }
}

/// The message of a wasm filter, typed or as a TypedStruct.
fn wasm_filter(value: &Value) -> Option<&Value> {
    let names = |name: &str, end: &str| field(value, name).as_str().is_some_and(|kind| kind.ends_with(end));
    if names("@type", WASM) {
        return Some(value);
    }
    value.get("value").filter(|_| names("@type", ".TypedStruct") && names("type_url", WASM))
}

fn envoy_filter<'a>(wasm: &'a Value, place: &str) -> Filter<'a> {
    let plugin = field(wasm, "config");
    let variables = either(either(plugin, "vm_config", "vmConfig"), "environment_variables", "environmentVariables");
    let host = either(variables, "host_env_keys", "hostEnvKeys").as_array().into_iter().flatten();
    let host = host.filter_map(|name| Some((name.as_str()?.to_owned(), None)));
    let own = either(variables, "key_values", "keyValues").as_object().into_iter().flatten();
    let own = own.map(|(name, value)| (name.clone(), value.as_str().map(str::to_owned)));
    Filter {
        place: format!("{place}.config.configuration"),
        configuration: plugin.get("configuration"),
        visible: Visible::Only(host.chain(own).collect()),
    }
}

/// A field, null if it is absent.
fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// A field by its name in proto or in JSON.
fn either<'a>(value: &'a Value, proto: &str, json: &str) -> &'a Value {
    value.get(proto).or_else(|| value.get(json)).unwrap_or(&Value::Null)
}

/// Whether a document without a filter can be a configuration itself, rather than somebody else's.
fn is_bare(document: &Value) -> bool {
    let foreign = ["apiVersion", "kind", "metadata", "spec", "static_resources", "resources", "@type"];
    document.is_object() && foreign.iter().all(|name| document.get(name).is_none())
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(
                "holds no WasmPlugin, no TrafficExtension, no EnvoyExtensionPolicy and no wasm filter of Envoy's",
            ),
            Self::Struct(place) => write!(
                f,
                "has a configuration as `google.protobuf.Struct`, which Envoy does not hand over as text: write it as JSON, the \
                 `value` of a `google.protobuf.StringValue`: {place}"
            ),
            Self::Syntax(error) => write!(f, "is neither YAML nor JSON: {error}"),
            Self::WithoutConfiguration(place) => write!(f, "has a filter without configuration: {place}"),
        }
    }
}

const STRUCT: &str = "google.protobuf.Struct";
const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";
