//! That the runner really starts Envoy from the shipped file, that the file suits every Envoy we name, and that the
//! manifests for Istio say the same. The filter is taken out here: what it does has tests of its own.

use std::time::Duration;

use devkit::envoy::{Envoy, Setup};
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/envoy.yaml");
const ISTIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../istio");
const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";

fn without_the_filter() -> Setup {
    Setup::from_file(FILE).unwrap().patch(|config| {
        config.pointer_mut(FILTERS).and_then(Value::as_array_mut).unwrap().remove(0);
    })
}

async fn start(upstream: &Upstream) -> Envoy {
    let setup = without_the_filter().plain_listener().cluster_address("app", upstream.addr()).unwrap();
    setup.start().await.unwrap()
}

async fn upstream() -> Upstream {
    tls::use_ring();
    Upstream::start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

#[tokio::test]
async fn the_shipped_file_is_valid_in_the_oldest_and_the_newest_envoy() {
    let folder = std::env::temp_dir().join(format!("edge-oidc-{}", std::process::id()));
    let (certificate, key) = TestCa::new().unwrap().server(&["app.example.com"]).unwrap().write_to(&folder).unwrap();
    for version in [ENVOY_NEWEST, ENVOY_OLDEST] {
        let setup = without_the_filter().downstream_tls(&certificate, &key).version(version);
        let output = setup.validate().await.unwrap();
        assert!(output.status.success(), "{version}: {}", String::from_utf8_lossy(&output.stderr));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn it_proxies_counts_and_ends() {
    let upstream = upstream().await;
    let mut envoy = start(&upstream).await;
    let answer = reqwest::get(format!("http://{}/a//b?c=d&format=json", envoy.addr())).await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["path"], "/a/b");
    assert_eq!(upstream.hits(), 1);
    assert_eq!(envoy.stat("cluster.app.upstream_rq_total").await, Some(1));
    envoy.assert_alive().await.unwrap();
    envoy.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_access_log_leaves_every_query_out() {
    let upstream = upstream().await;
    let envoy = start(&upstream).await;
    let answer = reqwest::get(format!("http://{}/oauth2/callback?code=hidden&state=away", envoy.addr())).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(envoy.logged(r#""path":"/oauth2/callback""#, Duration::from_secs(5)).await, "{}", envoy.log());
    assert!(!envoy.log().contains("hidden") && !envoy.log().contains("away"));
}

#[tokio::test]
async fn a_refused_configuration_is_an_error_with_the_log() {
    let setup = without_the_filter().plain_listener().patch(|config| config["static_resources"]["surprise"] = 1.into());
    let error = format!("{:#}", setup.start().await.unwrap_err());
    assert!(error.contains("surprise"), "{error}");
}

fn manifests(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{ISTIO}/{name}")).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

#[test]
fn the_wasm_plugin_is_configured_as_the_filter_of_a_plain_envoy_is() {
    let mut plain = Value::Null;
    Setup::from_file(FILE).unwrap().plugin_config(|plugin| plain = plugin.clone()).unwrap();
    // Istio's own names for clusters are the default.
    plain["providers"][0].as_object_mut().unwrap().remove("clusters").unwrap();
    let [plugin] = &manifests("wasmplugin.yaml")[..] else { panic!("one manifest") };
    assert_eq!(plugin["spec"]["pluginConfig"], plain);
    assert_eq!(plugin["spec"]["failStrategy"], "FAIL_RELOAD");
}

// T-146
#[test]
fn istio_checks_the_certificate_of_every_host_of_the_provider() {
    let manifests = manifests("provider.yaml");
    let (entries, rules): (Vec<_>, Vec<_>) = manifests.iter().partition(|manifest| manifest["kind"] == "ServiceEntry");
    let mut hosts: Vec<_> = entries.iter().flat_map(|entry| entry["spec"]["hosts"].as_array().unwrap()).collect();
    for rule in rules {
        // With `sni` and nothing else Istio would no longer compare the certificate with the host.
        assert_eq!(rule["spec"]["trafficPolicy"]["tls"], json!({ "mode": "SIMPLE" }));
        hosts.retain(|host| **host != rule["spec"]["host"]);
    }
    assert!(hosts.is_empty(), "without a DestinationRule: {hosts:?}");
}
