//! What takes the place of Kubeflow's authservice: a Kustomize component.
//!
//! Decides what of stock Kubeflow 1.7 to 1.9 goes, and that Dex can stay reachable without sign-in.

use super::{super::Artifact, Plan, Tree};

/// Adds a rule that lets everybody reach Dex, unless there is one.
pub(in crate::cli::render) fn keep_dex_open(configuration: &mut Tree) {
    let rule = |path: Tree, action: Tree| {
        let path = Tree::map().with("prefix", path);
        Tree::map().with("match", Tree::map().with("path", path)).with("action", action)
    };
    let open = rule("/dex".into(), "allow".into());
    if configuration.member("routes").is_none() {
        configuration.set("routes", Tree::list([]));
    }
    let Some(routes) = configuration.member_mut("routes") else { return };
    let is_open = |rule: &Tree| {
        let path = rule.member("match").and_then(|rule| rule.member("path")).and_then(|path| path.member("prefix"));
        let path = path.and_then(Tree::text).map(|path| path.trim_end_matches('/'));
        path == Some("/dex") && rule.member("action").and_then(Tree::text) == Some("allow")
    };
    if !routes.elements().any(is_open) {
        routes.insert_first("Dex's own pages: people sign in there, so nobody is signed in yet.", open);
    }
}

/// The component; `files` are the manifests beside it.
pub(super) fn component(plan: &Plan<'_>, files: &[Artifact]) -> Artifact {
    let aside = |name: &str| matches!(name, "gateway-env.yaml" | "gateway-values.yaml");
    let names = files.iter().filter(|file| !file.secret).filter_map(|file| file.name.strip_prefix("istio/"));
    let resources = names.filter(|name| !aside(name)).map(Tree::from);
    let target = Tree::members([
        ("kind", "Deployment".into()),
        ("name", plan.arguments.gateway.as_str().into()),
        ("namespace", plan.arguments.namespace.as_str().into()),
    ]);
    let environment = Tree::map().with("path", "gateway-env.yaml").with("target", target);
    let patches = std::iter::once(environment).chain(AUTHSERVICE.iter().map(|gone| gone.patch()));
    let component = Tree::map()
        .with("apiVersion", "kustomize.config.k8s.io/v1alpha1")
        .with("kind", "Component")
        .explained(
            "secret.yaml is not among them: it belongs into no repository. Apply it by itself, first.",
            "resources",
            Tree::list(resources),
        )
        .explained(GONE, "patches", Tree::list(patches));
    let what = "In the place of Kubeflow's authservice. In the kustomization.yaml that Kubeflow is installed from, add\n  \
                components: [PATH/TO/THIS/FOLDER]";
    plan.artifact("kustomization.yaml", what, &[component])
}

/// Something of authservice's.
struct Gone {
    group: &'static str,
    kind: &'static str,
    name: &'static str,
    namespaced: bool,
}

impl Gone {
    fn patch(&self) -> Tree {
        let namespace = self.namespaced.then_some(ISTIO_SYSTEM);
        let target = Tree::map().with("kind", self.kind).with("name", self.name).with_some("namespace", namespace);
        let deleted = Tree::map()
            .with("$patch", "delete")
            .with("apiVersion", self.group)
            .with("kind", self.kind)
            .with("metadata", Tree::map().with("name", self.name));
        Tree::map().with("patch", deleted.to_yaml()).with("target", target)
    }
}

/// What takes authservice out of the way of requests: leaving it out of what is applied does not.
pub(super) fn detachment() -> String {
    format!("kubectl -n {ISTIO_SYSTEM} delete --ignore-not-found {}", names(|gone| gone.kind == FILTER))
}

/// What deletes all else of it from a cluster.
pub(super) fn deletion() -> String {
    format!(
        "kubectl -n {ISTIO_SYSTEM} delete --ignore-not-found {} && kubectl delete --ignore-not-found {}",
        names(|gone| gone.namespaced && gone.kind != FILTER),
        names(|gone| !gone.namespaced)
    )
}

/// What of authservice's is meant, as kubectl names it.
fn names(which: impl Fn(&Gone) -> bool) -> String {
    let one = |gone: &Gone| format!("{}/{}", gone.kind.to_ascii_lowercase(), gone.name);
    AUTHSERVICE.iter().filter(|gone| which(gone)).map(one).collect::<Vec<_>>().join(" ")
}

const fn gone(group: &'static str, kind: &'static str, name: &'static str) -> Gone {
    Gone { group, kind, name, namespaced: true }
}

const ISTIO_SYSTEM: &str = "istio-system";
const FILTER: &str = "EnvoyFilter";
/// As stock Kubeflow names it; releases differ in the StatefulSet.
const AUTHSERVICE: [Gone; 10] = [
    gone("networking.istio.io/v1alpha3", FILTER, "authn-filter"),
    gone("apps/v1", "StatefulSet", "authservice"),
    gone("apps/v1", "StatefulSet", "oidc-authservice"),
    gone("v1", "ConfigMap", "oidc-authservice-parameters"),
    gone("v1", "Secret", "oidc-authservice-client"),
    gone("v1", "PersistentVolumeClaim", "authservice-pvc"),
    gone("v1", "ServiceAccount", "authservice"),
    Gone { namespaced: false, ..gone("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "authn-delegators") },
    Gone { namespaced: false, ..gone("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "authn-delegator") },
    Gone { namespaced: false, ..gone("rbac.authorization.k8s.io/v1", "ClusterRole", "authn-delegator") },
];
const GONE: &str = "A patch whose target is not there does nothing. The Service `authservice` stays, without pods: Kubeflow's own\n\
                    `vars` refer to it, and Kustomize would stop without it.";
