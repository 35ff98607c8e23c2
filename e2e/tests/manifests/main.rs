//! The manifests that the tool writes, against `@kubernetes-models/istio`: Istio's resources, typed by somebody else.
//!
//! That package knows EnvoyFilter, too, and is of Istio 1.29: TrafficExtension is newer. That nothing in a manifest is unknown
//! to Istio's own schemas is held by the tests of `edge-oidc`.

use std::io::Write as _;
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

/// What is wrong with these documents, as the package says; `None` of one that it has no type for.
fn judged(documents: &[Value]) -> Vec<Option<Vec<String>>> {
    let node = install::node().unwrap_or_else(|error| panic!("{error:#}"));
    let models = install::istio_models().unwrap_or_else(|error| panic!("{error:#}"));
    let mut command = Command::new(node);
    command.arg(SCRIPT).arg(models).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut judge = command.spawn().expect("node starts");
    judge.stdin.take().expect("its input").write_all(json!(documents).to_string().as_bytes()).expect("it reads");
    let output = judge.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", output.status);
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

/// Istio's resources among what a command writes.
fn resources(options: &[&str]) -> Vec<Value> {
    let tool = Tool::new();
    tool.put("config.yaml", CONFIGURATION);
    let command = ["render", "istio", "config.yaml", "--output", "out", "--provider-host", "auth.example.com"];
    tool.expect(&[&command[..], options].concat());
    let files = tool.files().into_iter().filter(|name| name.starts_with("out/") && name.ends_with(".yaml"));
    let documents = files.flat_map(|name| serde_saphyr::from_multiple::<Value>(&tool.read(&name)).expect("YAML"));
    let istios = |document: &Value| document["apiVersion"].as_str().is_some_and(|group| group.contains("istio.io/"));
    documents.filter(istios).collect()
}

#[test]
fn every_manifest_is_what_the_types_say() {
    for options in [&["--applications", "apps"][..], &["--istio", "1.17", "--kubeflow", "--keep-dex-open"]] {
        let documents = resources(options);
        let mut kinds: Vec<_> =
            documents.iter().map(|document| document["kind"].as_str().unwrap_or_default()).collect();
        kinds.sort_unstable();
        kinds.dedup();
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
        assert_eq!(kinds, all.into_iter().filter(policies).collect::<Vec<_>>());
        for (document, problems) in documents.iter().zip(judged(&documents)) {
            assert_eq!(problems, Some(Vec::new()), "{document}");
        }
    }
}

#[test]
fn the_types_find_out_what_is_wrong() {
    let plugin = |spec: Value| json!({ "apiVersion": "extensions.istio.io/v1alpha1", "kind": "WasmPlugin", "metadata": { "name": "a" }, "spec": spec });
    let wrong =
        [json!({}), json!({ "url": "oci://a", "failStrategy": "FAIL_CLOSED" }), json!({ "url": 1 })].map(plugin);
    for (document, problems) in wrong.iter().zip(judged(&wrong)) {
        assert!(problems.is_some_and(|problems| !problems.is_empty()), "{document}");
    }
}
