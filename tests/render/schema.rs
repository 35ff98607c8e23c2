//! Kubernetes' manifests against the schemas of Istio's resources, which are read from the folder that `EDGE_OIDC_DATA` names.
//!
//! Decides what of a structural schema counts: types, members that are not in it (the API server would drop them, so they are
//! refused here), `required`, `enum`, `pattern`, lengths and bounds, `oneOf`. Rules in CEL are the API server's alone.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use regex_lite::Regex;
use serde_json::{Value, json};

use crate::world::documents;

/// The schema of each version of each kind, or nothing where there is no data to test with.
fn schemas() -> Option<BTreeMap<(String, String), Value>> {
    let Some(data) = env::var_os("EDGE_OIDC_DATA") else {
        assert!(env::var("CI").as_deref() != Ok("true"), "EDGE_OIDC_DATA is not set, and CI runs every test");
        eprintln!("skipped: EDGE_OIDC_DATA is not set, so no schema was read");
        return None;
    };
    let mut schemas = BTreeMap::new();
    for entry in fs::read_dir(PathBuf::from(data).join("data/istio-crds")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let definition: Value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let spec = &definition["spec"];
        for version in spec["versions"].as_array().unwrap() {
            let group = format!("{}/{}", spec["group"].as_str().unwrap(), version["name"].as_str().unwrap());
            let kind = spec["names"]["kind"].as_str().unwrap().to_owned();
            schemas.insert((group, kind), version["schema"]["openAPIV3Schema"].clone());
        }
    }
    assert!(schemas.len() >= 12, "{:?}", schemas.keys());
    Some(schemas)
}

/// Everything that is wrong with `value`, each with its place.
fn judge(value: &Value, schema: &Value, place: &str, wrong: &mut Vec<String>) {
    let mut say = |what: String| wrong.push(format!("{place}: {what}"));
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => true,
    };
    if !fits {
        return say(format!("{value} is no {}", schema["type"]));
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        say(format!("{value} is none of {known:?}"));
    }
    let within = |number: Option<u64>, low: &str, high: &str| {
        number.is_none_or(|number| {
            schema[low].as_u64().is_none_or(|low| low <= number)
                && schema[high].as_u64().is_none_or(|high| number <= high)
        })
    };
    let letters = value.as_str().map(|text| text.chars().count() as u64);
    let count = value.as_array().map(|list| list.len() as u64);
    let bounds = within(value.as_u64(), "minimum", "maximum") && within(letters, "minLength", "maxLength");
    if !bounds || !within(count, "minItems", "maxItems") {
        say(format!("{value} is out of bounds"));
    }
    if let (Some(text), Some(pattern)) = (value.as_str(), schema["pattern"].as_str())
        && !Regex::new(pattern).unwrap().is_match(text)
    {
        say(format!("{text} does not match {pattern}"));
    }
    judge_below(value, schema, place, wrong);
}

fn judge_below(value: &Value, schema: &Value, place: &str, wrong: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            wrong.push(format!("{place}: {name} is missing"));
        }
    }
    let free = schema["x-kubernetes-preserve-unknown-fields"] == true;
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => judge(member, schema, &place, wrong),
            (None, schema @ Value::Object(_)) => judge(member, schema, &place, wrong),
            (None, _) if free => {}
            (None, _) => wrong.push(format!("{place} is not in the schema and would be dropped")),
        }
    }
    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
        judge(element, &schema["items"], &format!("{place}[{index}]"), wrong);
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    let met = choices.clone().filter(|choice| holds(value, choice)).count();
    if choices.count() > 0 && met != 1 {
        wrong.push(format!("{place}: {met} of the choices of oneOf hold"));
    }
}

/// The choices ask for members alone.
fn holds(value: &Value, choice: &Value) -> bool {
    let required = choice["required"].as_array().into_iter().flatten();
    let any = choice["anyOf"].as_array();
    required.into_iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        && any.is_none_or(|choices| choices.iter().any(|choice| holds(value, choice)))
        && choice.get("not").is_none_or(|not| !holds(value, not))
}

/// The members of every resource are Kubernetes' own.
fn problems(document: &Value, schema: &Value) -> Vec<String> {
    let mut own = document.clone();
    let members = own.as_object_mut().unwrap();
    ["apiVersion", "kind", "metadata"].iter().for_each(|name| drop(members.remove(*name)));
    let mut wrong = Vec::new();
    judge(&own, schema, "", &mut wrong);
    wrong
}

#[test]
fn every_resource_is_what_its_schema_says_and_nothing_of_it_would_be_dropped() {
    let Some(schemas) = schemas() else { return };
    let mut judged = BTreeMap::<String, usize>::new();
    for (name, document) in documents() {
        let text = |member: &str| document[member].as_str().unwrap_or_default().to_owned();
        let (group, kind) = (text("apiVersion"), text("kind"));
        // Of EnvoyFilter there is no schema here; the others are Kubernetes' own.
        if !group.contains("istio.io") || kind == "EnvoyFilter" {
            continue;
        }
        let schema = schemas.get(&(group.clone(), kind.clone())).unwrap_or_else(|| panic!("{name}: no {group} {kind}"));
        assert_eq!(problems(&document, schema), Vec::<String>::new(), "{name}");
        *judged.entry(kind).or_default() += 1;
    }
    let kinds: Vec<_> = judged.keys().map(String::as_str).collect();
    let all = [
        "AuthorizationPolicy",
        "DestinationRule",
        "RequestAuthentication",
        "ServiceEntry",
        "TrafficExtension",
        "WasmPlugin",
    ];
    assert_eq!(kinds, all);
}

#[test]
fn a_resource_that_is_wrong_is_found_out() {
    let Some(schemas) = schemas() else { return };
    let schema = &schemas[&("extensions.istio.io/v1alpha1".to_owned(), "WasmPlugin".to_owned())];
    let wrong = |spec: Value| problems(&json!({ "kind": "WasmPlugin", "spec": spec }), schema);
    assert_eq!(wrong(json!({ "url": "oci://a" })), Vec::<String>::new());
    for (spec, said) in [
        (json!({}), "\"url\" is missing"),
        (json!({ "url": "oci://a", "plugin_config": {} }), ".spec.plugin_config is not in the schema"),
        (json!({ "url": "oci://a", "failStrategy": "FAIL_CLOSED" }), "is none of"),
        (json!({ "url": "oci://a", "sha256": "sha256:00" }), "does not match"),
        (json!({ "url": "" }), "is out of bounds"),
        (json!({ "url": "oci://a", "selector": { "matchLabels": { "a": 1 } } }), "1 is no \"string\""),
        (json!({ "url": "oci://a", "vmConfig": { "env": [{ "valueFrom": "HOST" }] } }), "\"name\" is missing"),
    ] {
        let found = wrong(spec.clone());
        assert!(found.iter().any(|problem| problem.contains(said)), "{spec}: {found:?}");
    }
    let schema = &schemas[&("extensions.istio.io/v1alpha1".to_owned(), "TrafficExtension".to_owned())];
    let both = json!({ "spec": { "wasm": { "url": "oci://a" }, "lua": { "inlineCode": "x" } } });
    assert!(problems(&both, schema).iter().any(|problem| problem.contains("oneOf")));
}
