//! What is to be done with the manifests, in order.
//!
//! Decides the words, and that pods have the secrets before the filter comes.

use super::{
    super::{Artifact, Beforehand, hosts::missing},
    FOLDER, NAME, Plan, proxy,
};

pub(super) fn steps(plan: &Plan<'_>, artifacts: &[Artifact], beforehand: &Beforehand<'_>) -> Vec<String> {
    let mut steps = vec![RELEASE.to_owned()];
    steps.extend_from_slice(beforehand.steps);
    steps.extend(missing(&plan.config, &plan.hosts, "--provider-host HOST"));
    steps.extend(blank(plan));
    steps.push(TAKEN.to_owned());
    let apply = |file: &str| {
        let file = format!("{FOLDER}/{file}");
        artifacts.iter().any(|artifact| artifact.name == file).then(|| format!("kubectl apply -f {file}"))
    };
    steps.extend(apply("secret.yaml"));
    // Pods without the variables would refuse the configuration, and every request with it.
    steps.extend(apply("envoyproxy.yaml"));
    steps.extend(rollout(plan));
    steps.extend(
        ["clienttrafficpolicy.yaml", "httproute.yaml", "envoyextensionpolicy.yaml"].into_iter().filter_map(apply),
    );
    steps.extend(seen(plan));
    steps.extend(beforehand.authservice.then(|| LAST.to_owned()));
    steps
}

/// What only the reader knows.
fn blank(plan: &Plan<'_>) -> Vec<String> {
    let mut steps = Vec::new();
    let blank: Vec<_> =
        plan.variables.iter().filter(|secret| secret.value.is_none()).map(|secret| secret.variable.as_str()).collect();
    if !blank.is_empty() {
        steps.push(format!("fill in {} in {FOLDER}/secret.yaml", blank.join(", ")));
    }
    if plan.module.is_placeholder {
        steps.push(format!("write where the module is in {FOLDER}/envoyextensionpolicy.yaml, or say it with --image"));
    }
    if plan.module.sha256.is_none() {
        steps.push("the module is not pinned: say --dist FOLDER, or --sha256 HEX".to_owned());
    }
    if plan.config.paths.back_channel.is_some() {
        steps.push(BACK_CHANNEL.to_owned());
    }
    if plan.config.paths.verify.is_some() {
        steps.push(VERIFY.to_owned());
    }
    if plan.arguments.fleet.listener.is_empty() && plan.arguments.fleet.http_route.is_empty() {
        steps.push(PLAIN.to_owned());
    }
    if !plan.arguments.fleet.own_route {
        steps.push(format!(
            "see that some route matches every path of each host, such as `/`: what no route matches is answered 404 before \
             the filter runs, {} too. If none does, say --own-route",
            plan.config.paths.callback
        ));
    }
    steps
}

/// The Gateway's pods, each with the variables and the clusters.
fn rollout(plan: &Plan<'_>) -> [String; 2] {
    let (namespace, gateway) = (&plan.arguments.namespace, &plan.arguments.gateway);
    let fleet = &plan.arguments.fleet;
    let kind = if fleet.daemon_set { "daemonset" } else { "deployment" };
    [
        format!("kubectl -n {namespace} patch gateway {gateway} --type merge --patch '{}'", proxy::reference()),
        format!(
            "kubectl -n {} rollout status {kind} -l \
             gateway.envoyproxy.io/owning-gateway-name={gateway},gateway.envoyproxy.io/owning-gateway-namespace={namespace}",
            fleet.proxy_namespace
        ),
    ]
}

/// Whether it works, and everywhere.
fn seen(plan: &Plan<'_>) -> [String; 2] {
    let urls = plan.config.public_urls.iter().map(ToString::to_string);
    let url = urls.into_iter().find(|url| !url.contains('*')).unwrap_or_else(|| "https://HOST".to_owned());
    [
        format!(
            "see that it is `Accepted`, and not `Overridden` by a policy of some route, which would be open: kubectl -n {} get \
             envoyextensionpolicy {NAME} -o jsonpath='{{.status.ancestors[*].conditions}}'",
            plan.route_namespace()
        ),
        format!("see that the filter answers 401, and JSON with \"error\": curl -i {url}/"),
    ]
}

const RELEASE: &str = "see which Envoy Gateway there is; these files are for 1.6 and newer: kubectl get deployment -A -l \
                       app.kubernetes.io/name=gateway-helm -o jsonpath='{..image}'";
const TAKEN: &str = "see what the Gateway has already; of EnvoyProxy, ClientTrafficPolicy and EnvoyExtensionPolicy it takes one each, so \
                     what is there and ours must become one: kubectl get envoyproxy,clienttrafficpolicy,envoyextensionpolicy -A";
const PLAIN: &str = "if the Gateway has a listener for plain http that only leads to https, say --listener with the others' names: the filter \
                     would begin a sign-in there, whose cookie no browser takes without TLS";
const BACK_CHANNEL: &str = "back-channel logout will not work: its message is a body, and an EnvoyExtensionPolicy has no field for \
                            `allow_on_headers_stop_iteration`; leave `paths.backChannel` out";
const VERIFY: &str = "nobody may ask at `paths.verify` through this Gateway: it resolves paths, and the question must come as it was \
                      asked; take an Envoy of its own for that (docs/envoy.md), or leave `paths.verify` out";
const LAST: &str =
    "sign in yourself before everyone does, then stop authservice: docs/authservice.md says how to go back until then";
