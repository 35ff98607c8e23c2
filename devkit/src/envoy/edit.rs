//! Changes to an Envoy configuration, as functions from one JSON value to another.
//!
//! They change what differs between a machine and the file a user copies, places and ports, and leave alone what makes
//! the file safe: TLS settings, name checks, limits, filters. Nothing here starts anything.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Calls `change` for the object itself and everything below it.
pub fn each_object(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            change(object);
            object.values_mut().for_each(|member| each_object(member, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

/// Points every wasm filter at this module.
pub fn wasm(config: &mut Value, module: &Path) {
    each_object(config, &mut |object| {
        if let Some(local) = object.get_mut("code").and_then(|code| code.get_mut("local")) {
            *local = json!({ "filename": module });
        }
    });
}

/// Puts this certificate into every context that trusts a file of authorities.
pub fn trusted_ca(config: &mut Value, ca: &Path) {
    each_object(config, &mut |object| {
        if let Some(trusted) = object.get_mut("trusted_ca") {
            *trusted = json!({ "filename": ca });
        }
    });
}

/// The certificate that the listeners show.
pub fn downstream_tls(config: &mut Value, certificate: &Path, key: &Path) {
    each_object(config, &mut |object| {
        if let Some(certificates) = object.get_mut("tls_certificates") {
            *certificates = json!([{
                "certificate_chain": { "filename": certificate },
                "private_key": { "filename": key },
            }]);
        }
    });
}

/// Takes TLS from every filter chain of every listener.
pub fn plain_listeners(config: &mut Value) {
    each_object(config, &mut |object| {
        if object.contains_key("filters") {
            object.remove("transport_socket");
        }
    });
}

/// Puts the first listener on this address.
pub fn listen(config: &mut Value, addr: SocketAddr) -> Result<()> {
    let listener = config.pointer_mut("/static_resources/listeners/0").context("there is no listener")?;
    *member(listener, "address")? = socket_address(addr);
    Ok(())
}

/// Puts the admin interface on a free port of this machine.
pub fn admin(config: &mut Value) -> Result<()> {
    *member(config, "admin")? = json!({ "address": socket_address(([127, 0, 0, 1], 0).into()) });
    Ok(())
}

/// Lets a cluster reach this address without asking DNS; what it demands of the peer stays as it was.
pub fn cluster_address(config: &mut Value, name: &str, addr: SocketAddr) -> Result<()> {
    let cluster = cluster(config, name)?;
    for gone in ["dns_lookup_family", "dns_refresh_rate", "respect_dns_ttl", "cluster_type"] {
        cluster.remove(gone);
    }
    cluster.insert("type".into(), json!("STATIC"));
    let endpoint = json!({ "endpoint": { "address": socket_address(addr) } });
    let assignment = json!({ "cluster_name": name, "endpoints": [{ "lb_endpoints": [endpoint] }] });
    cluster.insert("load_assignment".into(), assignment);
    Ok(())
}

/// Takes TLS from a cluster, and the rules about names that only TLS can keep.
pub fn plain_cluster(config: &mut Value, name: &str) -> Result<()> {
    let cluster = cluster(config, name)?;
    cluster.remove("transport_socket");
    cluster.remove("typed_extension_protocol_options");
    Ok(())
}

/// Speaks HTTP/2 to a cluster.
pub fn http2_cluster(config: &mut Value, name: &str) -> Result<()> {
    let options = json!({
        "@type": format!("type.googleapis.com/{PROTOCOL_OPTIONS}"),
        "explicit_http_config": { "http2_protocol_options": {} },
    });
    cluster(config, name)?.insert("typed_extension_protocol_options".into(), json!({ PROTOCOL_OPTIONS: options }));
    Ok(())
}

/// Adds a cluster that is a copy of another under a new name.
pub fn copy_cluster(config: &mut Value, of: &str, name: &str) -> Result<()> {
    let mut copy = cluster(config, of)?.clone();
    copy.insert("name".into(), json!(name));
    if let Some(assigned) = copy.get_mut("load_assignment").and_then(Value::as_object_mut) {
        assigned.insert("cluster_name".into(), json!(name));
    }
    clusters(config)?.push(Value::Object(copy));
    Ok(())
}

/// Edits every wasm filter's own configuration, whatever it is written as, and writes it back as JSON text.
pub fn plugin_config(config: &mut Value, mut change: impl FnMut(&mut Value)) -> Result<()> {
    let mut outcome = Err(anyhow::anyhow!("there is no wasm filter with a configuration"));
    each_object(config, &mut |object| {
        if object.contains_key("vm_config")
            && let Some(written) = object.get_mut("configuration")
        {
            outcome = change_written(written, &mut change);
        }
    });
    outcome
}

fn change_written(written: &mut Value, change: &mut impl FnMut(&mut Value)) -> Result<()> {
    let mut plugin = match written.get("value") {
        Some(Value::String(text)) => serde_saphyr::from_str(text).context("the filter's configuration")?,
        Some(object @ Value::Object(_)) => object.clone(),
        _ => bail!("the filter's configuration is neither text nor an object"),
    };
    change(&mut plugin);
    *written = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": plugin.to_string(),
    });
    Ok(())
}

fn clusters(config: &mut Value) -> Result<&mut Vec<Value>> {
    config.pointer_mut("/static_resources/clusters").and_then(Value::as_array_mut).context("there are no clusters")
}

fn cluster<'a>(config: &'a mut Value, name: &str) -> Result<&'a mut Map<String, Value>> {
    clusters(config)?
        .iter_mut()
        .find(|cluster| cluster["name"] == name)
        .and_then(Value::as_object_mut)
        .with_context(|| format!("there is no cluster {name}"))
}

fn member<'a>(value: &'a mut Value, name: &str) -> Result<&'a mut Value> {
    let object = value.as_object_mut().with_context(|| format!("what should hold {name} is not an object"))?;
    Ok(object.entry(name).or_insert(Value::Null))
}

fn socket_address(addr: SocketAddr) -> Value {
    json!({ "socket_address": { "address": addr.ip().to_string(), "port_value": addr.port() } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Value {
        json!({ "static_resources": {
            "listeners": [{ "address": {}, "filter_chains": [{ "transport_socket": {}, "filters": [{
                "config": {
                    "vm_config": { "code": { "local": { "filename": "/a" } } },
                    "configuration": { "@type": "any", "value": "a: 1\n" },
                },
            }] }] }],
            "clusters": [{ "name": "p", "type": "LOGICAL_DNS", "dns_lookup_family": "V4_ONLY",
                           "transport_socket": { "trusted_ca": { "filename": "/b" } } }],
        } })
    }

    #[test]
    fn a_moved_cluster_keeps_its_tls() {
        let mut config = file();
        cluster_address(&mut config, "p", ([127, 0, 0, 1], 9).into()).unwrap();
        let cluster = &config["static_resources"]["clusters"][0];
        assert_eq!((&cluster["type"], cluster.get("dns_lookup_family")), (&json!("STATIC"), None));
        assert_eq!(cluster["transport_socket"]["trusted_ca"]["filename"], "/b");
        let at = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
        assert_eq!(cluster.pointer(at), Some(&json!(9)));
        assert!(cluster_address(&mut config, "q", ([127, 0, 0, 1], 9).into()).is_err());
    }

    #[test]
    fn the_filters_configuration_is_read_as_yaml_and_written_as_json() {
        let mut config = file();
        plugin_config(&mut config, |plugin| plugin["b"] = json!([2])).unwrap();
        let at = "/static_resources/listeners/0/filter_chains/0/filters/0/config/configuration/value";
        assert_eq!(config.pointer(at), Some(&json!(r#"{"a":1,"b":[2]}"#)));
        assert!(plugin_config(&mut json!({}), |_| ()).is_err());
    }

    #[test]
    fn places_change_wherever_they_stand() {
        let mut config = file();
        wasm(&mut config, Path::new("/x.wasm"));
        trusted_ca(&mut config, Path::new("/ca.pem"));
        plain_listeners(&mut config);
        let text = config.to_string();
        assert!(text.contains("/x.wasm") && text.contains("/ca.pem") && !text.contains("\"/a\""));
        assert_eq!(config.pointer("/static_resources/listeners/0/filter_chains/0/transport_socket"), None);
    }
}
