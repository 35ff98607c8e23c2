//! The manifests that the tool writes, against `@kubernetes-models`: resources typed by somebody else.
//!
//! The package for Istio knows EnvoyFilter, too, and is of Istio 1.29: TrafficExtension is newer. That nothing in a manifest is
//! unknown to Istio's own schemas is held by the tests of `edge-oidc` as well. That for Envoy Gateway has the fields of 1.7.
//! `terraform` judges the example for Terraform by the arguments of its provider.

mod terraform;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use devkit::install;
use e2e::Tool;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/manifests/judge.mjs");
const CONFIGURATION: &str = r#"providers:
  - issuer: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012
    clientId: 304a12ktcc5djt9d7enj6dsjkg
    clientSecret: { env: OIDC_CLIENT_SECRET }
publicUrls: [https://app.example.com]
session:
  keys: [{ env: SESSION_KEY }]
identity:
  userId: { claim: email, header: kubeflow-userid }
  forward: { idToken: { header: authorization } }
routes:
  - { match: { path: { prefix: /healthz } }, action: allow }
"#;

/// Whose types a document is judged by.
#[derive(Clone, Copy)]
struct Types {
    install: fn() -> anyhow::Result<PathBuf>,
    packages: &'static [&'static str],
}

const ISTIO: Types = Types { install: install::istio_models, packages: &["@kubernetes-models/istio"] };
const ENVOY_GATEWAY: Types = Types {
    install: install::envoy_gateway_models,
    packages: &["@kubernetes-models/envoy-gateway", "@kubernetes-models/gateway-api"],
};

/// What is wrong with these documents, as the types say; `None` of one that they do not know.
fn judged(types: Types, documents: &[Value]) -> Vec<Option<Vec<String>>> {
    let node = install::node().unwrap_or_else(|error| panic!("{error:#}"));
    let models = (types.install)().unwrap_or_else(|error| panic!("{error:#}"));
    let mut command = Command::new(node);
    command.arg(SCRIPT).arg(models).args(types.packages).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut judge = command.spawn().expect("node starts");
    judge.stdin.take().expect("its input").write_all(json!(documents).to_string().as_bytes()).expect("it reads");
    let output = judge.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

/// The resources of this group among what a command writes.
fn resources(target: &str, group: &str, options: &[&str]) -> Vec<Value> {
    let tool = Tool::new();
    tool.put("config.yaml", CONFIGURATION);
    let command = ["render", target, "config.yaml", "--output", "out", "--provider-host", "auth.example.com"];
    tool.expect(&[&command[..], options].concat());
    let files = tool.files().into_iter().filter(|name| name.starts_with("out/") && name.ends_with(".yaml"));
    let documents = files.flat_map(|name| serde_saphyr::from_multiple::<Value>(&tool.read(&name)).expect("YAML"));
    documents.filter(|document| document["apiVersion"].as_str().is_some_and(|of| of.contains(group))).collect()
}

fn kinds(documents: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<_> = documents.iter().map(|document| document["kind"].as_str().unwrap_or_default()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn every_manifest_is_what_the_types_say() {
    for options in [&["--applications", "apps"][..], &["--istio", "1.17", "--kubeflow", "--keep-dex-open"]] {
        let documents = resources("istio", "istio.io/", options);
        let all = [
            "AuthorizationPolicy",
            "DestinationRule",
            "EnvoyFilter",
            "RequestAuthentication",
            "ServiceEntry",
            "WasmPlugin",
        ];
        let policies =
            |kind: &&str| options.contains(&"--applications") || !kind.starts_with('A') && !kind.starts_with('R');
        assert_eq!(kinds(&documents), all.into_iter().filter(policies).collect::<Vec<_>>());
        for (document, problems) in documents.iter().zip(judged(ISTIO, &documents)) {
            assert_eq!(problems, Some(Vec::new()), "{document}");
        }
    }
}

#[test]
fn the_types_find_out_what_is_wrong() {
    let plugin = |spec: Value| json!({ "apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": { "name": "a" }, "spec": spec });
    let wrong =
        [json!({}), json!({ "url": "oci://a", "failStrategy": "FAIL_CLOSED" }), json!({ "url": 1 })].map(plugin);
    for (document, problems) in wrong.iter().zip(judged(ISTIO, &wrong)) {
        assert!(problems.is_some_and(|problems| !problems.is_empty()), "{document}");
    }
}

#[test]
fn every_manifest_for_envoy_gateway_is_what_the_types_say_and_nothing_of_it_would_be_dropped() {
    let pinned = ["--image", "https://files.example.com/e.wasm", "--sha256", &"0".repeat(64)];
    let routes = ["--http-route", "notebooks", "--route-namespace", "apps", "--own-route", "--daemon-set"];
    let image = ["--image", "oci://registry.example.com/e:1", "--listener", "https"];
    for options in [&[][..], &pinned, &routes, &image] {
        let documents = resources("envoy-gateway", "gateway.", options);
        let all =
            ["ClientTrafficPolicy", "EnvoyExtensionPolicy", "EnvoyProxy", "HTTPRoute", "HTTPRouteFilter"].into_iter();
        let wanted = |kind: &&str| options.contains(&"--own-route") || !kind.starts_with("HTTPRoute");
        assert_eq!(kinds(&documents), all.filter(wanted).collect::<Vec<_>>());
        for (document, problems) in documents.iter().zip(judged(ENVOY_GATEWAY, &documents)) {
            assert_eq!(problems, Some(Vec::new()), "{document}");
        }
    }
}

#[test]
fn the_types_of_envoy_gateway_find_out_what_is_wrong() {
    let mut good = resources("envoy-gateway", "gateway.", &["--own-route"]);
    good.sort_by_key(|document| document["kind"].as_str().unwrap_or_default().to_owned());
    let wrong = [
        (0, "/spec/headers/earlyRequestHeaders/remove", json!("a")),
        (0, "/spec/path/escapedSlashesAction", json!("KEEP_UNCHANGED")),
        (0, "/spec/path", json!({ "escapedSlashes": "KeepUnchanged" })),
        (1, "/spec/wasm/0/code/type", json!("OCI")),
        (1, "/spec/wasm/0/env", json!({ "hostEnvKeys": ["A"] })),
        (1, "/spec/targetRefs/0", json!({ "kind": "Gateway", "name": "eg" })),
        (2, "/spec/bootstrap/type", json!("Append")),
        (2, "/spec/filterOrder/0/name", json!("edge-oidc")),
        (2, "/spec/provider/kubernetes", json!({ "envoyDeployment": { "env": [] } })),
        (2, "/spec/provider/kubernetes/envoyDeployment/container/env/0", json!({ "name": "A", "secret": "b" })),
        (3, "/spec/rules/0/matches/0/path/type", json!("Whole")),
        (3, "/spec/rules/0/filters/0/extensionRef/group", Value::Null),
        (4, "/spec/directResponse", json!({ "status": 404 })),
    ];
    for (index, place, value) in wrong {
        let mut document = good[index].clone();
        *document.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = value;
        let problems = judged(ENVOY_GATEWAY, std::slice::from_ref(&document)).remove(0);
        assert!(problems.is_some_and(|problems| !problems.is_empty()), "{place}: {document}");
    }
}
