//! The gateway: its secrets, its environment, and two limits that Istio has no field for.
//!
//! Decides how secrets get into the proxy: out of a Secret into the environment of its container, which `vmConfig.env` hands on.

use super::{
    super::{
        Artifact,
        kubernetes::{self, resource},
    },
    Plan, Tree,
};

/// The Secret. Its values stand in this file alone.
pub(super) fn secret(plan: &Plan<'_>) -> Artifact {
    let secret = kubernetes::secret(plan.material, &plan.variables, &plan.arguments.namespace);
    Artifact { secret: true, ..plan.artifact("secret.yaml", kubernetes::SECRET, &[secret]) }
}

/// A patch of the Deployment.
pub(super) fn environment(plan: &Plan<'_>) -> Artifact {
    let container = Tree::map().with("name", "istio-proxy").with("env", kubernetes::environment(&plan.variables));
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
    plan.artifact(
        "gateway-values.yaml",
        what,
        &[Tree::map().with("envVarFrom", kubernetes::environment(&plan.variables))],
    )
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
