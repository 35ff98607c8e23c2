//! Envoy's pods: an EnvoyProxy.
//!
//! Decides how secrets get into Envoy (out of a Secret into the environment of its container, which the policy's `env.hostKeys`
//! hands on), which filters come after ours, and what is logged.

use super::{
    super::{
        super::yaml::Tree,
        Artifact,
        kubernetes::{environment, resource},
    },
    GROUP, Plan,
    bootstrap::{CLUSTER_CA_FOLDER, bootstrap, is_kubernetes},
};

pub(super) fn artifact(plan: &Plan<'_>) -> Result<Artifact, String> {
    let fleet = if plan.arguments.fleet.daemon_set { "envoyDaemonSet" } else { "envoyDeployment" };
    let kubernetes = Tree::map().explained(SECRETS, fleet, workload(plan));
    let provider = Tree::map().with("type", "Kubernetes").with("kubernetes", kubernetes);
    let bootstrap = Tree::map().with("type", "Merge").with("value", bootstrap(plan)?.to_yaml());
    let spec = Tree::map()
        .with("provider", provider)
        .explained(BOOTSTRAP, "bootstrap", bootstrap)
        .explained(ORDER, "filterOrder", Tree::list(AFTER.iter().map(|filter| before(filter))))
        .explained(LOG, "telemetry", Tree::map().with("accessLog", access_log()));
    let proxy = resource(GROUP, "EnvoyProxy", plan.metadata()).with("spec", spec);
    let what = format!(
        "Envoy's pods, for Envoy Gateway 1.6 and newer. The Gateway names this in spec.infrastructure.parametersRef:\n  \
         kubectl -n {} patch gateway {} --type merge --patch '{}'\n\
         A Gateway has one EnvoyProxy, and it takes the place of its GatewayClass's. If there is one, put this `spec` into it.",
        plan.arguments.namespace,
        plan.arguments.gateway,
        reference()
    );
    Ok(plan.artifact("envoyproxy.yaml", &what, &[proxy]))
}

/// What names the EnvoyProxy in a Gateway.
pub(super) fn reference() -> &'static str {
    r#"{"spec":{"infrastructure":{"parametersRef":{"group":"gateway.envoyproxy.io","kind":"EnvoyProxy","name":"edge-oidc"}}}}"#
}

/// The pods' part.
fn workload(plan: &Plan<'_>) -> Tree {
    let container = Tree::map();
    let container = match plan.variables.is_empty() {
        true => container,
        false => container.with("env", environment(&plan.variables)),
    };
    if !plan.hosts.iter().any(is_kubernetes) {
        return Tree::map().with("container", container);
    }
    let volume = Tree::map().with("name", "cluster-ca").explained(
        "Every namespace has this ConfigMap; Envoy's pods have no service account's token, and so no `ca.crt`.",
        "configMap",
        Tree::map().with("name", "kube-root-ca.crt"),
    );
    let mount = Tree::map().with("name", "cluster-ca").with("mountPath", CLUSTER_CA_FOLDER).with("readOnly", true);
    Tree::map()
        .with("container", container.with("volumeMounts", Tree::list([mount])))
        .with("pod", Tree::map().with("volumes", Tree::list([volume])))
}

fn before(filter: &str) -> Tree {
    Tree::map().with("name", "envoy.filters.http.wasm").with("before", filter)
}

fn access_log() -> Tree {
    let json = Tree::members(FIELDS.iter().map(|(name, value)| (*name, (*value).into())));
    let format = Tree::map().with("type", "JSON").with("json", json);
    let file = Tree::map().with("type", "File").with("file", Tree::map().with("path", "/dev/stdout"));
    let setting = Tree::map().with("format", format).with("sinks", Tree::list([file]));
    Tree::map().with("settings", Tree::list([setting]))
}

/// What stands before wasm filters by default and may look at identity. The filters are moved in this order, each time before
/// the first of the kind: in the end before all of them.
const AFTER: [&str; 7] = [
    "envoy.filters.http.ext_proc",
    "envoy.filters.http.lua",
    "envoy.filters.http.jwt_authn",
    "envoy.filters.http.oauth2",
    "envoy.filters.http.basic_auth",
    "envoy.filters.http.api_key_auth",
    "envoy.filters.http.ext_authz",
];
const FIELDS: [(&str, &str); 14] = [
    ("start_time", "%START_TIME%"),
    ("x-request-id", "%REQ(X-REQUEST-ID)%"),
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ("method", "%REQ(:METHOD)%"),
    (":authority", "%REQ(:AUTHORITY)%"),
    ("path", "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
    ("protocol", "%PROTOCOL%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    ("duration", "%DURATION%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
];
const SECRETS: &str = "Secrets come from the environment of Envoy's container: the policy's `config` is readable to anyone who may read\n\
                       it or Envoy's configuration.";
const BOOTSTRAP: &str = "Added to the controller's own. A change of it rolls the pods.";
const ORDER: &str = "Whatever judges by identity headers or by a token judges after the filter, which removes what clients send under\n\
                     their names. CORS stays before it: SecurityPolicy's `cors` answers a preflight itself, and its headers stand on\n\
                     the filter's answers, too. `authorization` and rate limits come after by themselves.";
const LOG: &str = "The query never reaches the log: on /oauth2/callback it holds the authorization code and the state, and the\n\
                   default format would write it. For the same reason neither Referer nor a cookie belongs into this list.";
