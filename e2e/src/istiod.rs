//! What istiod and the cluster make of the manifests that the tool wrote for Istio: an Envoy.
//!
//! It knows what those manifests use, and panics at anything else, so that no line of them can stay untested. As istiod does it: a
//! host of a ServiceEntry is the cluster `outbound|PORT||HOST`, TLS to it is what a DestinationRule for that host says, and without
//! `sni` the certificate must be for the very host that is called. Services of the cluster are known without a ServiceEntry.
//! The gateway's environment is what the patch of its Deployment takes from the Secret; the filter sees what `vmConfig` names.
//! Listener and routes are the Gateway's and the VirtualServices', which nobody writes here: they are those of the shipped file.

use std::collections::BTreeMap;

use devkit::envoy::Setup;
use devkit::envoy::local::{APP_CLUSTER, ISSUER_CLUSTER};
use serde_json::{Value, json};

use crate::{Rendered, Tool};

const HTTP_MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const NAMESPACE: &str = "istio-system";

/// The gateway that the manifests in these files make, in a cluster that has these services, `HOST:PORT` without TLS.
pub fn apply(tool: &Tool, files: &[String], services: &[&str], host: &str) -> Rendered {
    let manifests: Vec<Value> = files.iter().flat_map(|file| read(tool, file)).collect();
    let environment = environment(&manifests);
    let [limits] = &of(&manifests, "EnvoyFilter")[..] else { panic!("one EnvoyFilter") };
    let outside = clusters(&manifests);
    let inside: Vec<_> = services.iter().map(|service| (named(service), (*service).to_owned(), false)).collect();
    let setup = Setup::shipped().expect("the shipped file").patch(|config| {
        filter(config, &plugin(&manifests));
        limit(config, &limits["spec"]);
        let shipped = config.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut).expect("clusters");
        let model = shipped.iter().find(|cluster| cluster["name"] == ISSUER_CLUSTER).expect("a provider").clone();
        shipped.retain(|cluster| cluster["name"] == APP_CLUSTER);
        shipped.extend(outside.iter().chain(&inside).map(|(name, place, tls)| cluster(&model, name, place, *tls)));
    });
    environment.iter().fold(Rendered::of(setup, host), |rendered, (name, value)| rendered.env(name, value))
}

fn read(tool: &Tool, file: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&tool.read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn of<'a>(manifests: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let found: Vec<_> = manifests.iter().filter(|manifest| manifest["kind"] == kind).collect();
    assert!(found.iter().all(|manifest| manifest["metadata"]["namespace"] == NAMESPACE), "{kind}: another namespace");
    found
}

fn only<'a>(manifests: &'a [Value], kind: &str) -> &'a Value {
    let [manifest] = of(manifests, kind)[..] else { panic!("not one {kind}: {manifests:?}") };
    manifest
}

/// What the gateway's containers get.
fn environment(manifests: &[Value]) -> BTreeMap<String, String> {
    let (deployment, secret) = (only(manifests, "Deployment"), only(manifests, "Secret"));
    let [container] = list(&deployment["spec"]["template"]["spec"]["containers"]) else { panic!("one container") };
    assert_eq!(container["name"], "istio-proxy");
    let variable = |variable: &Value| {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(reference["name"], secret["metadata"]["name"], "no such Secret");
        let key = reference["key"].as_str().expect("a key");
        (text(&variable["name"]), text(&secret["stringData"][key]))
    };
    list(&container["env"]).iter().map(variable).collect()
}

/// The filter as a WasmPlugin has it, or as a TrafficExtension from Istio 1.30 on.
fn plugin(manifests: &[Value]) -> Value {
    let outer = ["selector", "phase"];
    let wasm = ["url", "sha256", "imagePullPolicy", "failStrategy", "vmConfig", "pluginConfig"];
    let (spec, plugin) = match of(manifests, "TrafficExtension").is_empty() {
        true => {
            let spec = &only(manifests, "WasmPlugin")["spec"];
            known(spec, &[&outer[..], &wasm].concat());
            (spec, spec)
        }
        false => {
            let spec = &only(manifests, "TrafficExtension")["spec"];
            known(spec, &[&outer[..], &["wasm"]].concat());
            known(&spec["wasm"], &wasm);
            (spec, &spec["wasm"])
        }
    };
    assert_eq!(spec["phase"], "AUTHN");
    plugin.clone()
}

/// The filter, as the gateway gets it.
fn filter(config: &mut Value, spec: &Value) {
    known(&spec["vmConfig"], &["env"]);
    let name = |variable: &Value| {
        assert_eq!(variable["valueFrom"], "HOST", "a secret for everyone to read");
        variable["name"].clone()
    };
    let names: Vec<_> = list(&spec["vmConfig"]["env"]).iter().map(name).collect();
    let place = config.pointer_mut(HTTP_MANAGER).expect("an HTTP connection manager");
    let filter = &mut place["http_filters"][0]["typed_config"]["config"];
    filter["failure_policy"] = match spec["failStrategy"].as_str() {
        Some("FAIL_CLOSE") => json!("FAIL_CLOSED"),
        Some("FAIL_RELOAD") => json!("FAIL_RELOAD"),
        other => panic!("whoever asks while the filter is broken is let in: {other:?}"),
    };
    filter["vm_config"]["environment_variables"] = json!({ "host_env_keys": names });
    filter["configuration"]["value"] = json!(spec["pluginConfig"].to_string());
}

/// A patch of the HTTP connection manager.
fn limit(config: &mut Value, spec: &Value) {
    known(spec, &["workloadSelector", "configPatches"]);
    for change in list(&spec["configPatches"]) {
        assert_eq!((&change["applyTo"], &change["patch"]["operation"]), (&json!("NETWORK_FILTER"), &json!("MERGE")));
        assert_eq!(change["match"]["context"], "GATEWAY");
        let place = config.pointer_mut(HTTP_MANAGER).expect("an HTTP connection manager");
        merge(place, &change["patch"]["value"]["typed_config"]);
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => from.clone_into(into),
    }
}

/// Names of clusters, where they lead and whether over TLS.
fn clusters(manifests: &[Value]) -> Vec<(String, String, bool)> {
    let mut clusters = Vec::new();
    for entry in of(manifests, "ServiceEntry") {
        let spec = &entry["spec"];
        known(spec, &["hosts", "location", "resolution", "exportTo", "ports"]);
        assert_eq!((&spec["location"], &spec["resolution"]), (&json!("MESH_EXTERNAL"), &json!("DNS")));
        for (host, port) in
            list(&spec["hosts"]).iter().flat_map(|host| list(&spec["ports"]).iter().map(move |port| (host, port)))
        {
            let place = format!("{}:{}", text(host), port["number"]);
            clusters.push((named(&place), place, is_tls(manifests, host)));
        }
    }
    clusters
}

/// What the one rule for a host says. A name in `sni` would be sent and not checked.
fn is_tls(manifests: &[Value], host: &Value) -> bool {
    let rules = of(manifests, "DestinationRule").into_iter().filter(|rule| rule["spec"]["host"] == *host);
    let rules: Vec<_> = rules.collect();
    let rule = match rules[..] {
        [] => return false,
        [rule] => &rule["spec"],
        _ => panic!("several rules for {host}, of which istiod takes one"),
    };
    known(rule, &["host", "exportTo", "trafficPolicy"]);
    known(&rule["trafficPolicy"], &["tls"]);
    assert_eq!(rule["trafficPolicy"]["tls"], json!({ "mode": "SIMPLE" }));
    true
}

/// As Istio calls the cluster that leads to `HOST:PORT`.
fn named(place: &str) -> String {
    let (host, port) = place.rsplit_once(':').expect("HOST:PORT");
    format!("outbound|{port}||{host}")
}

fn cluster(model: &Value, name: &str, place: &str, tls: bool) -> Value {
    let (host, port) = place.rsplit_once(':').expect("HOST:PORT");
    let port: u16 = port.parse().expect("a port");
    let address = json!({ "socket_address": { "address": host, "port_value": port } });
    let endpoints = json!([{ "lb_endpoints": [{ "endpoint": { "address": address } }] }]);
    let mut cluster = model.clone();
    cluster["name"] = json!(name);
    cluster["load_assignment"] = json!({ "cluster_name": name, "endpoints": endpoints });
    if !tls {
        let cluster = cluster.as_object_mut().expect("an object");
        cluster.remove("transport_socket");
        cluster.remove("typed_extension_protocol_options");
    }
    cluster
}

fn known(value: &Value, names: &[&str]) {
    for name in value.as_object().expect("an object").keys() {
        assert!(names.contains(&name.as_str()), "nobody says here what istiod makes of `{name}`");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
