//! The gateway: its secrets, its environment, and two limits that Istio has no field for.
//!
//! Decides how secrets get into the proxy: out of a Secret into the environment of its container, which `vmConfig.env` hands on.

use super::{
    super::{Artifact, Material, SecretValue},
    Plan, Tree, resource,
};

/// The Secret. Its values stand in this file alone.
pub(super) fn secret(plan: &Plan<'_>) -> Artifact {
    let mut data = Tree::map();
    for SecretValue { variable, value } in &plan.variables {
        data = match value {
            Some(value) => data.with(variable, value.secret().as_str()),
            None => data.explained(fill_in(plan.material, variable), variable, ""),
        };
    }
    let secret = resource("v1", "Secret", plan.metadata("edge-oidc")).with("type", "Opaque").with("stringData", data);
    let what = "The filter's secrets. Keep this file out of repositories, and keep the session key: a new one signs\n\
                everybody out.";
    Artifact { secret: true, ..plan.artifact("secret.yaml", what, &[secret]) }
}

/// What stands above a value that nobody knows here.
pub(in crate::cli::render) fn fill_in(material: &Material, variable: &str) -> &'static str {
    match material.is_key(variable) {
        true => "Fill in: `edge-oidc keygen` makes a key. Without it the filter refuses its configuration.",
        false => {
            "Fill in: the secret that the provider gave the client. Without it the filter refuses its configuration."
        }
    }
}

fn variables(plan: &Plan<'_>) -> Tree {
    let variable = |secret: &SecretValue| {
        let key = Tree::members([("name", "edge-oidc".into()), ("key", secret.variable.as_str().into())]);
        let from = Tree::map().with("secretKeyRef", key);
        Tree::map().with("name", secret.variable.as_str()).with("valueFrom", from)
    };
    Tree::list(plan.variables.iter().map(variable))
}

/// A patch of the Deployment.
pub(super) fn environment(plan: &Plan<'_>) -> Artifact {
    let container = Tree::map().with("name", "istio-proxy").with("env", variables(plan));
    let pod = Tree::map().with("spec", Tree::map().with("containers", Tree::list([container])));
    let patch = resource("apps/v1", "Deployment", plan.metadata(&plan.arguments.gateway))
        .with("spec", Tree::map().with("template", pod));
    let what = format!(
        "A patch of the gateway's Deployment: the secrets as environment variables of the proxy's container.\n  \
         kubectl -n {} patch deployment {} --patch-file gateway-env.yaml\n\
         A gateway that Helm manages would lose it: gateway-values.yaml is for that one.",
        plan.arguments.namespace, plan.arguments.gateway
    );
    plan.artifact("gateway-env.yaml", &what, &[patch])
}

/// The same for the gateway's Helm chart.
pub(super) fn values(plan: &Plan<'_>) -> Artifact {
    let what = "Values for the Helm chart `gateway`, in the place of gateway-env.yaml: the secrets as environment variables\n\
                of the proxy's container.";
    plan.artifact("gateway-values.yaml", what, &[Tree::map().with("envVarFrom", variables(plan))])
}

/// The EnvoyFilter.
pub(super) fn limits(plan: &Plan<'_>) -> Artifact {
    let manager = "envoy.filters.network.http_connection_manager";
    let filter = Tree::map().with("name", manager);
    let listener = Tree::map().with("filterChain", Tree::map().with("filter", filter));
    let kind = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let settings = Tree::map()
        .with("@type", kind)
        .explained(IDLE, "stream_idle_timeout", "300s")
        .explained(COOKIES, "max_request_headers_kb", 96)
        .with("common_http_protocol_options", Tree::map().with("max_headers_count", 200));
    let patch = Tree::map().with("operation", "MERGE").with("value", Tree::map().with("typed_config", settings));
    let change = Tree::map()
        .with("applyTo", "NETWORK_FILTER")
        .with("match", Tree::map().with("context", "GATEWAY").with("listener", listener))
        .with("patch", patch);
    let spec = Tree::map()
        .with("workloadSelector", Tree::map().with("labels", plan.labels()))
        .with("configPatches", Tree::list([change]));
    let filter = resource("networking.istio.io/v1alpha3", "EnvoyFilter", plan.metadata("edge-oidc-gateway-limits"));
    let what = "Two settings of the gateway's HTTP listeners that Istio has no field for.";
    plan.artifact("gateway-limits.yaml", what, &[filter.with("spec", spec)])
}

const IDLE: &str = "The last rope: when a wasm VM dies, a request that waits for an answer in it is never woken again. Only\n\
                    this timeout ends it, and Istio sets it to 0s. It also closes a WebSocket with no traffic at all for so\n\
                    long; applications that keep one open send pings far more often.";
const COOKIES: &str =
    "A session cookie, and up to sixteen sign-ins begun in as many tabs, beside an application's own cookies.";
