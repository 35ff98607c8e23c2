//! Envoy's own signature check and ours say the same of every published vector, inside the real VM.
//!
//! The module is `sigcheck`; `EDGE_OIDC_SIGCHECK` names it where it is built already.

#[path = "../../../tests/support/vectors.rs"]
mod vectors;

use std::path::PathBuf;
use std::process::Command;

use devkit::envoy::{Envoy, Setup};
use devkit::install;
use serde_json::{Value, json};
use vectors::Vector;

fn module() -> PathBuf {
    if let Some(named) = std::env::var_os("EDGE_OIDC_SIGCHECK").filter(|named| !named.is_empty()) {
        return PathBuf::from(named);
    }
    let target = install::target_dir();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(install::workspace()).args([
        "build",
        "--quiet",
        "--release",
        "--target",
        "wasm32-wasip1",
        "-p",
        "sigcheck",
    ]);
    assert!(cargo.arg("--target-dir").arg(&target).status().unwrap().success(), "sigcheck does not compile");
    target.join("wasm32-wasip1/release/sigcheck.wasm")
}

async fn start() -> Envoy {
    let any = |kind: &str, mut value: Value| {
        value["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{kind}").into();
        value
    };
    let code = json!({ "local": { "filename": module() } });
    let wasm = any(
        "http.wasm.v3.Wasm",
        json!({ "config": {
        "allow_on_headers_stop_iteration": true,
        "vm_config": { "runtime": "envoy.wasm.runtime.v8", "code": code },
    } }),
    );
    let manager = any(
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "sigcheck",
            "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
                { "match": { "prefix": "/" }, "direct_response": { "status": 500 } },
            ] }] },
            "http_filters": [{ "name": "wasm", "typed_config": wasm }, { "name": "router", "typed_config": any("http.router.v3.Router", json!({})) }],
        }),
    );
    let listener = json!({
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "per_connection_buffer_limit_bytes": 32 << 20,
        "filter_chains": [{ "filters": [{ "name": "http", "typed_config": manager }] }],
    });
    Setup::from_value(json!({ "static_resources": { "listeners": [listener] } })).unwrap().start().await.unwrap()
}

#[tokio::test]
async fn envoys_signature_check_and_ours_agree_on_every_vector() {
    devkit::tls::use_ring();
    let mut envoy = start().await;
    let (url, client) = (format!("http://{}/", envoy.addr()), reqwest::Client::builder().no_proxy().build().unwrap());
    assert_eq!(
        client.get(&url).send().await.unwrap().text().await.unwrap(),
        "true",
        "Envoy's function passes our self-tests"
    );
    let (pure, native) = compare(&client, &url, &vectors::all()).await;
    assert!(pure > 2000 && native > 1000, "{pure} by ours and {native} by Envoy's");
    for file in ["json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"] {
        let Some(vectors) = vectors::of_tokens(file) else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "EDGE_OIDC_DATA must name the folder with the vectors"
            );
            eprintln!("skipped: EDGE_OIDC_DATA does not name the folder with the vectors ({file})");
            continue;
        };
        let (pure, native) = compare(&client, &url, &vectors).await;
        assert!(vectors.is_empty() || pure > 0, "{file}: {pure} by ours and {native} by Envoy's, of {}", vectors.len());
    }
    envoy.assert_alive().await.unwrap();
}

/// Asks for the verdict of both on `vectors`; how many each gave.
async fn compare(client: &reqwest::Client, url: &str, vectors: &[Vector]) -> (usize, usize) {
    let (mut pure, mut native) = (0, 0);
    for batch in vectors.chunks(100) {
        let body = batch.iter().map(Vector::to_json).collect::<Value>().to_string();
        let verdicts: Vec<Value> = client.post(url).body(body).send().await.unwrap().json().await.unwrap();
        assert_eq!(verdicts.len(), batch.len());
        for (vector, verdict) in batch.iter().zip(verdicts) {
            if let Some(ours) = verdict["pure"].as_bool() {
                assert_eq!(ours, vector.good, "{}: {verdict}", vector.name);
                pure += 1;
            }
            if !verdict["native"].is_null() {
                assert_eq!(verdict["native"], verdict["pure"], "{}", vector.name);
                native += 1;
            }
        }
    }
    (pure, native)
}
