//! What is to be done with the manifests, in order.
//!
//! Decides the words.

use super::{super::hosts::missing, Plan, kubeflow, plugin};

pub(super) fn steps(plan: &Plan<'_>) -> Vec<String> {
    let namespace = &plan.arguments.namespace;
    let mut steps = missing(&plan.config, &plan.hosts, "--provider-host HOST");
    let blank: Vec<_> =
        plan.variables.iter().filter(|secret| secret.value.is_none()).map(|secret| secret.variable.as_str()).collect();
    if !blank.is_empty() {
        steps.push(format!("fill in {} in istio/secret.yaml", blank.join(", ")));
    }
    if plan.module.is_placeholder {
        steps.push(format!("write where the module is in istio/{}, or say it with --image", plugin::file(plan)));
    }
    if plan.module.sha256.is_none() {
        steps.push("the module is not pinned: say --dist FOLDER, or --sha256 HEX".to_owned());
    }
    let apply = |file: &str| format!("kubectl apply -f istio/{file}");
    steps.push(apply("secret.yaml"));
    if plan.arguments.kubeflow {
        steps.push("add the folder istio to `components` of the kustomization.yaml that Kubeflow is installed from, and apply that".to_owned());
        steps.push(format!("remove what is still there of authservice: {}", kubeflow::deletion()));
        return steps;
    }
    steps.push(format!(
        "kubectl -n {namespace} patch deployment {} --patch-file istio/gateway-env.yaml (with Helm: istio/gateway-values.yaml)",
        plan.arguments.gateway
    ));
    if super::provider::artifact(plan).is_ok_and(|artifact| artifact.is_some()) {
        steps.push(apply("provider.yaml"));
    }
    steps.push(apply("gateway-limits.yaml"));
    steps.extend(super::applications::identity_headers(plan).map(|_| apply("identity-headers.yaml")));
    steps.push(apply(plugin::file(plan)));
    steps.extend(super::applications::authorization(plan).map(|_| apply("authorization.yaml")));
    steps
}
