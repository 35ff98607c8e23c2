//! That the runner really starts Envoy from the shipped files, that they suit every Envoy we name, and that the
//! manifests for Istio say the same. The filter is taken out here: what it does has tests of its own.

use std::time::Duration;

use devkit::envoy::{Envoy, Setup};
use devkit::install::{ENVOY_NEWEST, ENVOY_OLDEST};
use devkit::tls::{self, TestCa};
use devkit::upstream::Upstream;
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/envoy.yaml");
const RBAC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/rbac.yaml");
const ISTIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../istio");
const ACCESS_LOG: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/access_log/0/typed_config/log_format/json_format";
const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";

fn without_the_filter() -> Setup {
    without_the_filter_of(FILE)
}

fn without_the_filter_of(file: &str) -> Setup {
    Setup::from_file(file).unwrap().patch(|config| {
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
async fn the_shipped_files_are_valid_in_the_oldest_and_the_newest_envoy() {
    let folder = std::env::temp_dir().join(format!("edge-oidc-{}", std::process::id()));
    let (certificate, key) = TestCa::new().unwrap().server(&["app.example.com"]).unwrap().write_to(&folder).unwrap();
    for version in [ENVOY_NEWEST, ENVOY_OLDEST] {
        for file in [FILE, RBAC] {
            let setup = without_the_filter_of(file).downstream_tls(&certificate, &key).version(version);
            let output = setup.validate().await.unwrap();
            assert!(output.status.success(), "{file}, {version}: {}", String::from_utf8_lossy(&output.stderr));
        }
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

#[test]
fn the_example_with_rbac_is_the_shipped_file_with_three_additions() {
    let mut rbac = Setup::from_file(RBAC).unwrap().plugin_config(|plugin| {
        assert_eq!(plugin["identity"].as_object_mut().unwrap().remove("filterState"), Some(json!(true)));
    });
    let config = &mut rbac.as_mut().unwrap().config;
    let filters = config.pointer_mut(FILTERS).and_then(Value::as_array_mut).unwrap();
    assert_eq!(filters.remove(1)["name"], "envoy.filters.http.rbac");
    let line = config.pointer_mut(ACCESS_LOG).and_then(Value::as_object_mut).unwrap();
    for name in ["user", "groups"] {
        assert_eq!(line.remove(name), Some(json!(format!("%FILTER_STATE(wasm.edge_oidc_{name}:PLAIN)%"))));
    }
    // Both pass through the same reading and writing of the filter's own configuration.
    assert_eq!(rbac.unwrap().config, Setup::from_file(FILE).unwrap().plugin_config(|_| ()).unwrap().config);
}

/// Envoy with the example's RBAC filter; who it is comes from two headers, in place of our filter.
async fn start_rbac(upstream: &Upstream) -> Envoy {
    let value = |name: &str| {
        let text =
            json!({ "text_format_source": { "inline_string": format!("%REQ(x-{name})%") }, "omit_empty_values": true });
        json!({ "object_key": format!("wasm.edge_oidc_{name}"), "factory_key": "envoy.string",
                "format_string": text, "skip_if_empty": true })
    };
    let stand_in = json!({ "name": "stand-in", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
        "on_request_headers": [value("user"), value("groups")],
    } });
    let setup = without_the_filter_of(RBAC).plain_listener().cluster_address("app", upstream.addr()).unwrap();
    let setup = setup.patch(|config| {
        config.pointer_mut(FILTERS).and_then(Value::as_array_mut).unwrap().insert(0, stand_in);
    });
    setup.start().await.unwrap()
}

#[tokio::test]
async fn the_example_with_rbac_lets_everybody_read_and_admins_write() {
    let upstream = upstream().await;
    let envoy = start_rbac(&upstream).await;
    for (user, groups, get, post) in [
        ("", "", 403, 403),
        ("", "data-science", 403, 403),
        ("kim", "", 200, 403),
        ("kim", "data-science", 200, 403),
        ("kim", "admins", 200, 200),
        ("kim", "data-science,admins", 200, 200),
        ("kim", "admins,data-science", 200, 200),
        ("kim", "a,admins,b", 200, 200),
        ("kim", "noadmins", 200, 403),
        ("kim", "admins-not", 200, 403),
        ("kim", "a%2Cadmins", 200, 403),
        ("kim", "Admins", 200, 403),
    ] {
        for (method, expected) in [("GET", get), ("HEAD", get), ("POST", post), ("DELETE", post), ("OPTIONS", post)] {
            let url = format!("http://{}/x", envoy.addr());
            let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
            for (name, value) in
                [("x-user", user), ("x-groups", groups)].into_iter().filter(|(_, value)| !value.is_empty())
            {
                request = request.header(name, value);
            }
            let status = request.send().await.unwrap().status();
            assert_eq!(status, expected, "{method} by {user:?} of {groups:?}");
        }
    }
    for (path, expected) in [("/healthz", 200), ("/healthz/live", 200), ("/healthzx", 403)] {
        let status = reqwest::get(format!("http://{}{path}", envoy.addr())).await.unwrap().status();
        assert_eq!(status, expected, "{path}");
    }
}

#[tokio::test]
async fn the_example_with_rbac_logs_who_it_was() {
    let upstream = upstream().await;
    let envoy = start_rbac(&upstream).await;
    let url = format!("http://{}/who", envoy.addr());
    let request = reqwest::Client::new().get(url).header("x-user", "k\"im").header("x-groups", "a,b");
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(envoy.logged(r#""user":"k\"im""#, Duration::from_secs(5)).await, "{}", envoy.log());
    assert!(envoy.log().contains(r#""groups":"a,b""#));
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
