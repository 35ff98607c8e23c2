//! What Envoy Gateway makes of the manifests that the tool wrote for it: an Envoy.
//!
//! It knows what those manifests use, and panics at anything else, so that no line of them can stay untested. As Envoy Gateway
//! 1.6 to 1.9 does it: the filter is in the chain of every listener, off, and on for each route that a policy is for; of several
//! policies the one for a route counts, and the Gateway's does not run there. The bootstrap's lists are appended to the
//! controller's own. The pods' environment is what the EnvoyProxy takes from the Secret; the filter sees what `hostKeys` names.
//! The module, which pods fetch from the controller, is a file here. Routes to the application are the reader's own HTTPRoutes,
//! and so are two more filters on them: CORS for [`FRIEND`], and a script that tells the application as whom it saw the request.

use std::collections::BTreeMap;

use devkit::envoy::Setup;
use devkit::envoy::local::APP_CLUSTER;
use serde_json::{Map, Value, json};

use crate::{Rendered, Tool};

const TYPE: &str = "type.googleapis.com/envoy";
const FILTER: &str = "envoy.filters.http.wasm/envoyextensionpolicy/default/edge-oidc/wasm/0";

/// The origin whose pages may read answers.
pub const FRIEND: &str = "https://friend.example.net";
/// The header in which the script says whom it saw.
pub const SEEN: &str = "x-seen-by-script";

/// An HTTPRoute to the application.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its one rule matches: this path and all below it.
    pub prefix: &'a str,
    /// Whether somebody has made an EnvoyExtensionPolicy for it.
    pub overridden: bool,
}

/// One that matches everything.
pub const ALL: Route<'_> = Route { name: "app", prefix: "/", overridden: false };

/// The Gateway `eg` that the manifests in these files make, with these routes.
pub fn apply(tool: &Tool, files: &[String], routes: &[Route<'_>], host: &str) -> Rendered {
    let read = |file: &String| -> Vec<Value> {
        serde_saphyr::from_multiple(&tool.read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    };
    let manifests: Vec<Value> = files.iter().flat_map(read).collect();
    let proxy = only(&manifests, "EnvoyProxy");
    known(&proxy["spec"], &["provider", "bootstrap", "filterOrder", "telemetry"]);
    let manager = manager(&manifests, routes, host);
    let setup = Setup::shipped().expect("the shipped file").patch(|config| {
        let mut listener = config["static_resources"]["listeners"][0].clone();
        listener["filter_chains"][0]["filters"][0]["typed_config"] = manager;
        let clusters = config["static_resources"]["clusters"].as_array().expect("clusters").iter();
        let application: Vec<_> = clusters.filter(|cluster| cluster["name"] == APP_CLUSTER).collect();
        let mut base = json!({
            "admin": config["admin"],
            "static_resources": { "listeners": [listener], "clusters": application },
            "layered_runtime": { "layers": [{
                "name": "global_config",
                "static_layer": { "re2.max_program_size.error_level": 4_294_967_295_u32 },
            }] },
        });
        let bootstrap = &proxy["spec"]["bootstrap"];
        known(bootstrap, &["type", "value"]);
        assert_eq!(bootstrap["type"], "Merge");
        let own: Value = serde_saphyr::from_str(&text(&bootstrap["value"])).expect("YAML");
        known(&own, &["static_resources", "layered_runtime", "stats_config"]);
        append(&mut base, &own);
        *config = base;
    });
    environment(&manifests).iter().fold(Rendered::of(setup, host), |rendered, (name, value)| rendered.env(name, value))
}

/// How the controller merges a bootstrap: objects member by member, lists one after the other.
fn append(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                append(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => from.clone_into(into),
    }
}

/// What Envoy's container gets.
fn environment(manifests: &[Value]) -> BTreeMap<String, String> {
    let (proxy, secret) = (only(manifests, "EnvoyProxy"), only(manifests, "Secret"));
    assert_eq!(secret["metadata"]["namespace"], "envoy-gateway-system", "the pods are there");
    let provider = &proxy["spec"]["provider"];
    assert_eq!(provider["type"], "Kubernetes");
    known(&provider["kubernetes"], &["envoyDeployment"]);
    known(&provider["kubernetes"]["envoyDeployment"], &["container"]);
    known(&provider["kubernetes"]["envoyDeployment"]["container"], &["env"]);
    let variable = |variable: &Value| {
        let reference = &variable["valueFrom"]["secretKeyRef"];
        assert_eq!(reference["name"], secret["metadata"]["name"], "no such Secret");
        let key = reference["key"].as_str().expect("a key");
        (text(&variable["name"]), text(&secret["stringData"][key]))
    };
    list(&provider["kubernetes"]["envoyDeployment"]["container"]["env"]).iter().map(variable).collect()
}

/// The HTTP connection manager, as the controller writes it.
fn manager(manifests: &[Value], routes: &[Route<'_>], host: &str) -> Value {
    let own = routes_of(manifests)
        .into_iter()
        .map(|matched| json!({ "match": matched, "direct_response": { "status": 404 } }));
    let own = own.map(|mut route| {
        enable(&mut route, guarded(manifests, "edge-oidc"));
        route
    });
    let application = routes.iter().map(|route| {
        let matched = if route.prefix == "/" {
            json!({ "prefix": "/" })
        } else {
            json!({ "path_separated_prefix": route.prefix })
        };
        let upgrades = json!([{ "upgrade_type": "websocket" }]);
        let mut entry = json!({ "match": matched, "route": { "cluster": APP_CLUSTER, "upgrade_configs": upgrades } });
        enable(&mut entry, !route.overridden && guarded(manifests, route.name));
        entry["typed_per_filter_config"]["envoy.filters.http.cors"] = json!({
            "@type": format!("{TYPE}.extensions.filters.http.cors.v3.CorsPolicy"),
            "allow_origin_string_match": [{ "exact": FRIEND }],
            "allow_methods": "GET",
        });
        entry
    });
    let mut manager = json!({
        "@type": format!("{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "https-10443",
        "common_http_protocol_options": { "headers_with_underscores_action": "REJECT_REQUEST" },
        "http2_protocol_options": {
            "initial_connection_window_size": 1_048_576,
            "initial_stream_window_size": 65_536,
            "max_concurrent_streams": 100,
        },
        "http_filters": filters(manifests),
        "merge_slashes": true,
        "normalize_path": true,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "route_config": {
            "ignore_port_in_host_matching": true,
            "virtual_hosts": [{ "name": "app", "domains": [host], "routes": own.chain(application).collect::<Vec<_>>() }],
        },
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": true,
        "access_log": access_log(&only(manifests, "EnvoyProxy")["spec"]["telemetry"]),
    });
    read_requests(&mut manager, only(manifests, "ClientTrafficPolicy"));
    manager
}

/// The chain of filters: in the controller's own order, then as the EnvoyProxy wants it, each move before the first of a kind.
fn filters(manifests: &[Value]) -> Vec<Value> {
    let script = format!(
        "function envoy_on_request(handle)\n  local user = handle:headers():get('kubeflow-userid')\n  \
         handle:headers():replace('{SEEN}', user or 'nobody')\nend\n"
    );
    let filter =
        |name: &str, kind: &str| json!({ "name": name, "typed_config": { "@type": format!("{TYPE}.{kind}") } });
    let mut lua = filter("envoy.filters.http.lua/0", "extensions.filters.http.lua.v3.Lua");
    lua["typed_config"]["default_source_code"] = json!({ "inline_string": script });
    let mut router = filter("envoy.filters.http.router", "extensions.filters.http.router.v3.Router");
    router["typed_config"]["suppress_envoy_headers"] = json!(true);
    let mut filters = vec![
        filter("envoy.filters.http.cors", "extensions.filters.http.cors.v3.Cors"),
        lua,
        json!({ "name": FILTER, "disabled": true, "typed_config": wasm(only(manifests, "EnvoyExtensionPolicy")) }),
        router,
    ];
    for position in list(&only(manifests, "EnvoyProxy")["spec"]["filterOrder"]) {
        known(position, &["name", "before"]);
        let at = |filters: &[Value], kind: &Value| {
            filters.iter().position(|filter| text(&filter["name"]).starts_with(&text(kind)))
        };
        if let (Some(from), Some(_)) = (at(&filters, &position["name"]), at(&filters, &position["before"])) {
            let moved = filters.remove(from);
            let to = at(&filters, &position["before"]).expect("it is still there");
            filters.insert(to, moved);
        }
    }
    filters
}

/// Whether the policy is for this route, by itself or by its Gateway.
fn guarded(manifests: &[Value], route: &str) -> bool {
    let targets = &only(manifests, "EnvoyExtensionPolicy")["spec"]["targetRefs"];
    list(targets).iter().any(|target| {
        known(target, &["group", "kind", "name"]);
        assert_eq!(target["group"], "gateway.networking.k8s.io");
        (&target["kind"], &target["name"]) == (&json!("Gateway"), &json!("eg"))
            || (&target["kind"], &target["name"]) == (&json!("HTTPRoute"), &json!(route))
    })
}

fn enable(route: &mut Value, on: bool) {
    if on {
        let config = json!({ "@type": format!("{TYPE}.config.route.v3.FilterConfig"), "config": {} });
        route["typed_per_filter_config"] = json!({ FILTER: config });
    }
}

/// What the tool's own HTTPRoute matches, if it wrote one. Exact paths come first.
fn routes_of(manifests: &[Value]) -> Vec<Value> {
    let Some(route) = manifests.iter().find(|manifest| manifest["kind"] == "HTTPRoute") else { return Vec::new() };
    assert_eq!(only(manifests, "HTTPRouteFilter")["spec"], json!({ "directResponse": { "statusCode": 404 } }));
    known(&route["spec"], &["parentRefs", "hostnames", "rules"]);
    let matched = |matched: &Value| match matched["path"]["type"].as_str() {
        Some("Exact") => json!({ "path": matched["path"]["value"] }),
        other => panic!("nobody says here what becomes of {other:?}"),
    };
    list(&route["spec"]["rules"]).iter().flat_map(|rule| list(&rule["matches"]).iter().map(matched)).collect()
}

/// The filter.
fn wasm(policy: &Value) -> Value {
    known(&policy["spec"], &["targetRefs", "wasm"]);
    let [wasm] = list(&policy["spec"]["wasm"]) else { panic!("one filter") };
    known(wasm, &["name", "code", "failOpen", "env", "config"]);
    assert_eq!(wasm["failOpen"], false, "whoever asks while the filter is broken is let in");
    json!({
        "@type": format!("{TYPE}.extensions.filters.http.wasm.v3.Wasm"),
        "config": {
            "name": wasm["name"],
            "fail_open": wasm["failOpen"],
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue", "value": wasm["config"].to_string(),
            },
            "vm_config": {
                "vm_id": "envoyextensionpolicy/default/edge-oidc/wasm/0",
                "runtime": "envoy.wasm.runtime.v8",
                "code": { "local": { "filename": devkit::envoy::wasm_module() } },
                "environment_variables": { "host_env_keys": wasm["env"]["hostKeys"] },
            },
        },
    })
}

/// What a ClientTrafficPolicy says.
fn read_requests(manager: &mut Value, policy: &Value) {
    let spec = &policy["spec"];
    known(spec, &["targetRefs", "path", "timeout", "headers"]);
    assert_eq!(spec["path"], json!({ "escapedSlashesAction": "KeepUnchanged" }));
    manager["path_with_escaped_slashes_action"] = json!("KEEP_UNCHANGED");
    known(&spec["timeout"], &["http"]);
    known(&spec["timeout"]["http"], &["streamIdleTimeout"]);
    manager["stream_idle_timeout"] = spec["timeout"]["http"]["streamIdleTimeout"].clone();
    let removed = list(&spec["headers"]["earlyRequestHeaders"]["remove"]).iter();
    let mutations: Vec<_> = removed.map(|name| json!({ "remove": name })).collect();
    if !mutations.is_empty() {
        manager["early_header_mutation_extensions"] = json!([{
            "name": "envoy.http.early_header_mutation.header_mutation",
            "typed_config": {
                "@type": format!("{TYPE}.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"),
                "mutations": mutations,
            },
        }]);
    }
}

/// What an EnvoyProxy says of the access log.
fn access_log(telemetry: &Value) -> Value {
    known(telemetry, &["accessLog"]);
    known(&telemetry["accessLog"], &["settings"]);
    let log = |setting: &Value| {
        assert_eq!(setting["format"]["type"], "JSON");
        let [sink] = list(&setting["sinks"]) else { panic!("one sink") };
        let formatter = json!({
            "name": "envoy.formatter.req_without_query",
            "typed_config": { "@type": format!("{TYPE}.extensions.formatter.req_without_query.v3.ReqWithoutQuery") },
        });
        json!({ "name": "envoy.access_loggers.file", "typed_config": {
            "@type": format!("{TYPE}.extensions.access_loggers.file.v3.FileAccessLog"),
            "path": sink["file"]["path"],
            "log_format": { "formatters": [formatter], "json_format": setting["format"]["json"] },
        } })
    };
    list(&telemetry["accessLog"]["settings"]).iter().map(log).collect()
}

fn only<'a>(manifests: &'a [Value], kind: &str) -> &'a Value {
    let found: Vec<_> = manifests.iter().filter(|manifest| manifest["kind"] == kind).collect();
    let [manifest] = found[..] else { panic!("not one {kind}: {manifests:?}") };
    assert!(kind == "Secret" || manifest["metadata"]["namespace"] == "default", "{kind}: another namespace");
    manifest
}

fn known(value: &Value, names: &[&str]) {
    for name in value.as_object().unwrap_or(&Map::new()).keys() {
        assert!(names.contains(&name.as_str()), "nobody says here what Envoy Gateway makes of `{name}`");
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
