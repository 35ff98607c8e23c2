//! A gateway in front of an application: with the filter, without it, and with lies behind it.

use std::net::SocketAddr;

use devkit::envoy::Setup;
use devkit::envoy::local::{DOMAIN_CLUSTER, ISSUER_CLUSTER};
use e2e::{Builder, DOMAIN, ISSUER, World};
use serde_json::{Value, json};

/// Somebody who is nobody.
pub const MALLORY: &str = "mallory@example.com";

const HTTP_MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// A world to be: the shipped gateway with this configuration in front of an application. The first provider is the local pool.
pub fn in_front_of(application: SocketAddr, configuration: Value) -> Builder {
    let headers = identity_headers(&configuration);
    let builder = World::builder().app(application).plugin(move |plugin| *plugin = with_clusters(configuration));
    match std::env::var("EDGE_OIDC_FRONT").as_deref() {
        Ok("taken-out") => builder.setup(taken_out),
        Ok("forged") => builder.patch(move |config| forge(config, &headers)),
        Ok(other) => panic!("EDGE_OIDC_FRONT is {other}: taken-out or forged"),
        Err(_) => builder,
    }
}

/// Another gateway between the same people and the same application that lets everything through: what the application believes
/// there is what the filter keeps from it.
pub async fn without_filter(world: &World) -> World {
    world.replica(taken_out).await
}

/// The headers that the application believes, each with a lie.
pub fn lies(configuration: &Value) -> Vec<(String, String)> {
    identity_headers(configuration).into_iter().map(|header| (header, MALLORY.to_owned())).collect()
}

fn taken_out(setup: Setup) -> Setup {
    setup.patch(|config| {
        let filters =
            config.pointer_mut(HTTP_MANAGER).expect("an HTTP connection manager")["http_filters"].as_array_mut();
        let filters = filters.expect("HTTP filters");
        assert_eq!(filters.remove(0)["name"], "edge-oidc");
    })
}

/// Every header that the configuration puts an identity or a token into.
fn identity_headers(configuration: &Value) -> Vec<String> {
    let mut found = Vec::new();
    named("header", &configuration["identity"], &mut found);
    named("header", &configuration["routes"], &mut found);
    found.sort();
    found.dedup();
    found
}

fn named(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(key).and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| named(key, member, found));
        }
        Value::Array(members) => members.iter().for_each(|member| named(key, member, found)),
        _ => {}
    }
}

fn with_clusters(mut configuration: Value) -> Value {
    configuration["providers"][0]["clusters"] = json!({ ISSUER: ISSUER_CLUSTER, DOMAIN: DOMAIN_CLUSTER });
    configuration
}

/// Behind the filter, so that it can do nothing about it.
fn forge(config: &mut Value, headers: &[String]) {
    let forged = headers.iter().map(|header| {
        json!({ "header": { "key": header, "value": MALLORY }, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" })
    });
    let routes = &mut config.pointer_mut(HTTP_MANAGER).expect("an HTTP connection manager")["route_config"];
    routes["request_headers_to_add"] = forged.collect();
}
