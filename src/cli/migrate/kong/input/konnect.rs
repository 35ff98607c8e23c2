//! The Dev Portal of Konnect: its OpenID provider.
//!
//! Decides which settings of the plugin it amounts to.

use serde_json::{Map, Value, json};

use super::{Inputs, Kind, On, Plugin};

/// Reads the identity provider of a portal, as the API or a manifest shows it; whether it was one.
pub(super) fn read(file: &str, document: &Value, inputs: &mut Inputs) -> bool {
    if let Some(list) = document.get("data").and_then(Value::as_array) {
        let (ours, _): (Vec<_>, Vec<_>) = list.iter().partition(|entry| settings(entry).is_some());
        ours.iter().for_each(|entry| add(file, entry, inputs));
        return !ours.is_empty();
    }
    let is_one = settings(document).is_some();
    if is_one {
        add(file, document, inputs);
    }
    is_one
}

fn add(file: &str, document: &Value, inputs: &mut Inputs) {
    let Some(settings) = settings(document) else { return };
    if document.get("enabled") == Some(&Value::Bool(false)) {
        inputs.others.push((file.to_owned(), "switched off (`enabled: false`); it is moved all the same"));
    }
    let place = format!("{file}, identity provider");
    let config = translated(settings);
    inputs.plugins.push(Plugin { label: "portal".to_owned(), place, kind: Kind::Konnect, config, on: On::Everything });
}

/// Where the settings stand.
fn settings(document: &Value) -> Option<&Map<String, Value>> {
    let places = ["/config", "/oidc_config", "/spec/apiSpec/config/oIDC", ""];
    let object = |place: &&str| document.pointer(place).and_then(Value::as_object);
    let mut found = places.iter().filter_map(object);
    found.find(|object| {
        let has = |name: &str| object.contains_key(name);
        has("issuer_url") || has("issuerURL") || (has("claim_mappings") && has("issuer"))
    })
}

/// The settings by their names in the plugin; unknown ones stay, to be named.
fn translated(settings: &Map<String, Value>) -> Map<String, Value> {
    let listed = |value: &Value| json!([value]);
    let mut config = Map::new();
    for (name, value) in settings {
        let (name, value) = match name.as_str() {
            "issuer_url" | "issuerURL" => ("issuer", value.clone()),
            "client_id" | "clientID" => ("client_id", listed(value)),
            "client_secret" | "clientSecret" => ("client_secret", listed(value)),
            "claim_mappings" | "claimMappings" => ("claim_mappings", value.clone()),
            other => (other, value.clone()),
        };
        config.insert(name.to_owned(), value);
    }
    config
}
