//! The filter itself: a WasmPlugin, or a TrafficExtension where Istio has it.
//!
//! Decides what it says beside the filter's configuration.

use super::{
    super::{Artifact, kubernetes::resource},
    Plan, Tree,
};

pub(super) fn artifact(plan: &Plan<'_>) -> Artifact {
    let metadata = plan.metadata("edge-oidc");
    let selector = Tree::map().with("matchLabels", plan.labels());
    let phase = "Before RequestAuthentication and AuthorizationPolicy, which may then rely on the identity headers.";
    let spec = Tree::map().with("selector", selector);
    let (kind, spec) = match plan.release.has_traffic_extension() {
        true => ("TrafficExtension", spec.explained(phase, "phase", "AUTHN").with("wasm", wasm(plan, Tree::map()))),
        false => ("WasmPlugin", wasm(plan, spec.explained(phase, "phase", "AUTHN"))),
    };
    let plugin = resource("extensions.istio.io/v1alpha1", kind, metadata).with("spec", spec);
    plan.artifact(
        file(plan),
        &format!("The filter on the ingress gateway, for {}. Apply it last.", plan.release.range()),
        &[plugin],
    )
}

/// The file's name.
pub(super) fn file(plan: &Plan<'_>) -> &'static str {
    if plan.release.has_traffic_extension() { "trafficextension.yaml" } else { "wasmplugin.yaml" }
}

/// The fields that both resources have, after those of `tree`.
fn wasm(plan: &Plan<'_>, tree: Tree) -> Tree {
    let module = &plan.module;
    let place = if module.is_placeholder { "Where the module is; write where you put it." } else { "" };
    let tree = tree.explained(place, "url", module.url.as_str());
    let tree = match &module.sha256 {
        Some(digest) => {
            tree.explained("What pins it: another module under this address is refused.", "sha256", digest.as_str())
        }
        None => tree,
    };
    let unpinned =
        "The module is not pinned. Add `sha256`: of an image the digest of its manifest, else the file's hash.\n";
    let (strategy, why) = match plan.release.has_fail_reload() {
        true => ("FAIL_RELOAD", RELOAD),
        false => ("FAIL_CLOSE", CLOSE),
    };
    let why = if module.sha256.is_none() { format!("{unpinned}{why}") } else { why.to_owned() };
    let variable = |name: &str| Tree::members([("name", name.into()), ("valueFrom", "HOST".into())]);
    let variables: Vec<_> = plan.variables.iter().map(|secret| variable(&secret.variable)).collect();
    let tree = tree.explained(&why, "failStrategy", strategy);
    let tree = match variables.is_empty() {
        true => tree,
        false => tree.explained(SECRETS, "vmConfig", Tree::map().with("env", Tree::list(variables))),
    };
    tree.with("pluginConfig", plan.configuration.clone())
}

const RELOAD: &str = "If the filter's VM ever fails, requests are refused (never let through) and the VM is built anew.\n\
                      Never write FAIL_OPEN: it lets everybody in without signing in.";
const CLOSE: &str = "This release does not know FAIL_RELOAD: if the filter's VM ever fails, requests are refused until the\n\
                     pod restarts. Never write FAIL_OPEN: it lets everybody in without signing in.";
const SECRETS: &str = "Secrets come from the environment of the gateway's pods; pluginConfig is readable to anyone who may read\n\
                       this resource or the proxy's configuration.";
