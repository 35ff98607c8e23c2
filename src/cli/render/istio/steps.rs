//! What is to be done with the manifests, in order.
//!
//! Decides the words, and that no step opens the gateway: authservice goes when the filter is there, never before.

use super::{
    super::{Artifact, Beforehand, hosts::missing, release::Release},
    Plan, kubeflow, plugin,
};

pub(super) fn steps(plan: &Plan<'_>, artifacts: &[Artifact], beforehand: &Beforehand<'_>) -> Vec<String> {
    let mut steps = release(plan);
    steps.extend_from_slice(beforehand.steps);
    steps.extend(missing(&plan.config, &plan.hosts, "--provider-host HOST"));
    steps.extend(blank(plan));
    let apply = |file: &str| {
        let file = format!("istio/{file}");
        artifacts.iter().any(|artifact| artifact.name == file).then(|| format!("kubectl apply -f {file}"))
    };
    steps.extend(apply("secret.yaml"));
    // Pods without the variables would refuse the configuration, and every request with it.
    steps.extend(environment(plan));
    match plan.arguments.kubeflow {
        true => steps.push(COMPONENT.to_owned()),
        false => {
            let files = ["provider.yaml", "gateway-limits.yaml", "identity-headers.yaml", plugin::file(plan)];
            steps.extend(files.into_iter().filter_map(apply));
        }
    }
    let has_authservice = plan.arguments.kubeflow || beforehand.authservice;
    if has_authservice {
        steps.extend(detachment(plan));
    }
    if !plan.arguments.kubeflow {
        steps.extend(apply("authorization.yaml"));
    }
    if has_authservice {
        steps.push(format!(
            "later, when nobody misses it, the rest of authservice (docs/authservice.md says how to go back until then; its \
             Service stays, since Kubeflow's own kustomization refers to it): {}",
            kubeflow::deletion()
        ));
    }
    steps
}

/// Which Istio there must be.
fn release(plan: &Plan<'_>) -> Vec<String> {
    let which = format!(
        "see which Istio there is; these files are for Istio {} and newer, and --istio RELEASE writes them for another: kubectl \
         get deployment -A -l app=istiod -o jsonpath='{{..image}}'",
        plan.release.since()
    );
    let tested = Release::TESTED;
    let old = (plan.release < tested)
        .then(|| format!("upgrade Istio to {tested} or newer first: none of our tests runs on Istio {}", plan.release));
    [which].into_iter().chain(old).collect()
}

/// What only the reader knows.
fn blank(plan: &Plan<'_>) -> Vec<String> {
    let mut steps = Vec::new();
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
    steps
}

/// The gateway's variables, in every pod.
fn environment(plan: &Plan<'_>) -> [String; 3] {
    let (namespace, gateway) = (&plan.arguments.namespace, &plan.arguments.gateway);
    [
        format!("kubectl -n {namespace} patch deployment {gateway} --patch-file istio/gateway-env.yaml"),
        format!(
            "instead of that, if Helm manages the gateway (VERSION is what helm list -n {namespace} shows): helm upgrade {gateway} \
             istio/gateway -n {namespace} --version VERSION --reuse-values -f istio/gateway-values.yaml"
        ),
        format!("kubectl -n {namespace} rollout status deployment {gateway}"),
    ]
}

/// What ends authservice's part in requests. As long as its filter comes first, ours cannot be seen.
fn detachment(plan: &Plan<'_>) -> [String; 2] {
    let urls = plan.config.public_urls.iter().map(ToString::to_string);
    let url = urls.into_iter().find(|url| !url.contains('*')).unwrap_or_else(|| "https://HOST".to_owned());
    [
        format!(
            "at once, and never before the filter is applied, which would open the gateway: {}",
            kubeflow::detachment()
        ),
        format!(
            "see that the filter answers 401, and JSON with \"error\" (if not, docs/authservice.md says how to go back): curl -i \
             {url}/"
        ),
    ]
}

const COMPONENT: &str =
    "add the folder istio to `components` of the kustomization.yaml that Kubeflow is installed from, and apply that";
