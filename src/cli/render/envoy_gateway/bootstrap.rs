//! What Envoy has before it asks the controller for anything.
//!
//! Decides that the hosts which the filter calls are clusters of the bootstrap: Envoy Gateway makes clusters for routes alone and
//! names them itself, a filter's calls need names that stay, and what is there from the start is there when the first request
//! comes. Two limits and the labels of our metrics, which no resource has a field for, stand there, too.

use super::{
    super::{
        super::yaml::Tree,
        envoy::{clusters::outside, stats_tags},
        hosts::Host,
    },
    Plan,
};

/// The part that is added to the controller's own.
pub(super) fn bootstrap(plan: &Plan<'_>) -> Result<Tree, String> {
    let clusters = outside(&plan.hosts, |host| if is_kubernetes(host) { CLUSTER_CA } else { SYSTEM_CA })?;
    let limits = Tree::map()
        .with("envoy.reloadable_features.max_request_headers_size_kb", 96)
        .with("envoy.reloadable_features.max_request_headers_count", 200);
    let layer = Tree::map().with("name", "edge-oidc").with("static_layer", limits);
    let bootstrap = match clusters.is_empty() {
        true => Tree::map(),
        false => {
            let clusters = Tree::map().with("clusters", Tree::list(clusters));
            Tree::map().explained(CHECKED, "static_resources", clusters)
        }
    };
    Ok(bootstrap.explained(COOKIES, "layered_runtime", Tree::map().with("layers", Tree::list([layer]))).explained(
        LABELS,
        "stats_config",
        Tree::map().with("stats_tags", stats_tags()?),
    ))
}

/// Whether the filter calls the cluster's API server, whose certificate is the cluster's own.
pub(super) fn is_kubernetes(host: &Host) -> bool {
    host.tls && host.service().as_deref() == Some("kubernetes.default.svc.cluster.local")
}

/// Where Envoy's image has the system's roots.
const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Where `proxy` mounts the cluster's own.
pub(super) const CLUSTER_CA_FOLDER: &str = "/etc/edge-oidc/cluster-ca";
const CLUSTER_CA: &str = "/etc/edge-oidc/cluster-ca/ca.crt";
const CHECKED: &str = "The hosts that the filter calls. auto_sni and auto_san_validation together ask for, and insist on, a\n\
                       certificate for the very host that is called. A wasm filter cannot see a certificate: what is not checked\n\
                       here, nobody checks.";
const COOKIES: &str =
    "A session cookie, and up to sixteen sign-ins begun in as many tabs, beside an application's own cookies.";
const LABELS: &str = "The filter's metrics are `wasmcustom.edge_oidc.*`; a tag turns a part of the name into a label.";
