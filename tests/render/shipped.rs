//! What is written, against what the repository ships: both are the same where the values are.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::world::{CASES, document, written};

fn shipped(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

#[test]
fn the_gateways_limits_are_those_that_are_shipped() {
    assert_eq!(vec![document(CASES[0].1, "EnvoyFilter")], shipped("istio/gateway-limits.yaml"));
}

#[test]
fn the_plugin_is_the_one_that_is_shipped_and_pinned() {
    let mut plugin = document(CASES[0].1, "WasmPlugin");
    let digest = plugin["spec"].as_object_mut().unwrap().remove("sha256");
    assert_eq!(digest, Some(json!("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")));
    assert_eq!(vec![plugin], shipped("istio/wasmplugin.yaml"));
}

#[test]
fn the_way_to_the_provider_is_the_one_that_is_shipped() {
    let files = written(CASES[0].1);
    let mut ours = files.iter().find(|file| file.name == "istio/provider.yaml").unwrap().documents();
    let mut theirs = shipped("istio/provider.yaml");
    for document in ours.iter_mut().chain(&mut theirs).filter(|document| document["kind"] == "DestinationRule") {
        document["metadata"]["name"] = json!("");
    }
    assert_eq!(ours, theirs);
}

/// The file with the names of the shipped clusters, and the filter's configuration as a value.
fn envoy(mut file: Value) -> Value {
    let manager = &mut file["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    let configuration = &mut manager["http_filters"][0]["typed_config"]["config"]["configuration"]["value"];
    *configuration = serde_json::from_str(configuration.as_str().unwrap()).unwrap();
    file
}

#[test]
fn envoys_file_is_the_one_that_is_shipped() {
    let files = written(CASES[5].1);
    let file = files.iter().find(|file| file.name == "envoy/envoy.yaml").unwrap();
    let names = [
        ("provider_cognito-idp_us-east-1_amazonaws_com", "provider_issuer"),
        ("provider_demo_auth_us-east-1_amazoncognito_com", "provider_domain"),
    ];
    let text = names.iter().fold(file.text.clone(), |text, (ours, theirs)| text.replace(ours, theirs));
    let ours = envoy(serde_saphyr::from_str(&text).unwrap());
    assert_eq!(ours, envoy(shipped("envoy/envoy.yaml").remove(0)));
    let comments = |text: &str| text.lines().filter(|line| line.trim_start().starts_with('#')).count();
    assert!(comments(&file.text) > 20, "the shipped file's comments are lost");
    assert!(!file.text.contains("# 1") && !file.text.contains("README"), "{}", file.text);
}

#[test]
fn envoys_choices_are_where_they_belong() {
    let files = written(CASES[6].1);
    let file = &files.iter().find(|file| file.name == "envoy/envoy.yaml").unwrap().documents()[0];
    let listener = &file["static_resources"]["listeners"][0];
    assert_eq!(listener["address"]["socket_address"], json!({ "address": "::", "port_value": 8080 }));
    assert_eq!(listener["filter_chains"][0].get("transport_socket"), None);
    let wasm = &listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]["typed_config"]["config"];
    assert_eq!(wasm["vm_config"]["code"], json!({ "local": { "filename": "/opt/edge.wasm" } }));
    let keys = &wasm["vm_config"]["environment_variables"]["host_env_keys"];
    assert_eq!(*keys, json!(["STAFF_SECRET", "SESSION_KEY"]));
    let clusters = file["static_resources"]["clusters"].as_array().unwrap();
    let named: Vec<_> = clusters.iter().map(|cluster| cluster["name"].as_str().unwrap()).collect();
    let expected = [
        "app",
        "provider_staff_example_com_8443",
        "provider_partners_example_org",
        "provider_keys_partners_example_org",
        "authorizer_authz_example_com",
    ];
    assert_eq!(named, expected);
    for cluster in &clusters[1..] {
        let tls = &cluster["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"];
        assert_eq!(tls["trusted_ca"]["filename"], "/etc/ca.pem");
        let names =
            &cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
        let checked = json!({ "auto_sni": true, "auto_san_validation": true });
        assert_eq!(names["upstream_http_protocol_options"], checked);
    }
    let configuration = wasm["configuration"]["value"].as_str().unwrap();
    let configuration: Value = serde_json::from_str(configuration).unwrap();
    let partners = json!({
        "partners.example.org": "provider_partners_example_org",
        "keys.partners.example.org": "provider_keys_partners_example_org",
    });
    assert_eq!(configuration["providers"][1]["clusters"], partners);
    assert_eq!(configuration["externalAuthorization"]["cluster"], "authorizer_authz_example_com");
}

#[test]
fn a_host_that_is_called_in_clear_text_has_a_cluster_without_tls() {
    let files = written(CASES[7].1);
    let file = &files.iter().find(|file| file.name == "envoy/envoy.yaml").unwrap().documents()[0];
    let clusters = file["static_resources"]["clusters"].as_array().unwrap();
    let tls: Vec<_> = clusters
        .iter()
        .map(|cluster| (cluster["name"].as_str().unwrap(), cluster.get("transport_socket").is_some()))
        .collect();
    let expected = [
        ("app", false),
        ("provider_dex_auth_svc_5556", false),
        ("provider_kubernetes_default_svc_cluster_local", true),
        ("authorizer_authz_auth_svc_cluster_local_8080", false),
    ];
    assert_eq!(tls, expected);
}
