//! Manifests of several namespaces: somebody else's objects never count, and what is unclear is refused.

use super::given::{Migrated, migrate};

/// A ConfigMap `p` with everything that is needed, and `line`.
fn map(namespace: &str, line: &str) -> String {
    format!(
        "---\nkind: ConfigMap\nmetadata: {{ name: p{namespace} }}\ndata:\n  OIDC_PROVIDER: https://idp.example.com\n  \
         AUTHSERVICE_URL_PREFIX: /authservice/\n  CLIENT_ID: kf\n  CLIENT_SECRET: hunter2\n  {line}\n"
    )
}

/// A Pod with authservice in it, whose settings are those of the ConfigMap `p`.
fn pod(metadata: &str, env: &str) -> String {
    format!(
        "---\nkind: Pod\nmetadata: {{ {metadata} }}\nspec:\n  containers:\n    - name: authservice\n      \
         envFrom: [{{ configMapRef: {{ name: p }} }}]\n      env: [{env}]\n"
    )
}

const OURS: &str = ", namespace: istio-system";
const ALICES: &str = ", namespace: alice";

fn all(parts: &[String]) -> Migrated {
    migrate(&[("all.yaml", &parts.concat())], &[])
}

#[track_caller]
fn refused(parts: &[String], why: &str) {
    let migrated = all(parts);
    migrated.says(why);
    assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0), "{}", migrated.said());
}

#[test]
fn a_name_means_the_object_of_the_workloads_own_namespace() {
    let alices = map(ALICES, "USERID_HEADER: x-alice");
    let ours = map(OURS, "USERID_HEADER: x-ours");
    let workload = pod("name: authservice, namespace: istio-system", "");
    for parts in [[&alices, &ours, &workload], [&workload, &ours, &alices]] {
        let migrated = all(&parts.map(String::clone));
        assert_eq!(migrated.at("/identity/userId/header"), "x-ours");
    }
    let missing = "takes its settings from the ConfigMap p, which is in none of the files";
    refused(&[alices, workload], missing);
}

#[test]
fn a_key_of_another_namespaces_secret_is_not_taken() {
    let secret = |namespace: &str, id: &str| {
        format!("---\nkind: Secret\nmetadata: {{ name: s{namespace} }}\nstringData: {{ id: {id} }}\n")
    };
    let env = "{ name: CLIENT_ID, valueFrom: { secretKeyRef: { name: s, key: id } } }";
    let workload = pod("name: authservice, namespace: istio-system", env);
    let parts = [secret(ALICES, "evil"), secret(OURS, "kf2"), map(OURS, ""), workload];
    assert_eq!(all(&parts).at("/providers/0/clientId"), "kf2");
}

#[test]
fn what_names_no_namespace_is_one_set() {
    let workload = pod("name: authservice, namespace: istio-system", "");
    assert_eq!(all(&[map("", "USERID_HEADER: x-ours"), workload]).at("/identity/userId/header"), "x-ours");
    let workload = pod("name: authservice", "");
    assert_eq!(all(&[map(OURS, "USERID_HEADER: x-ours"), workload]).at("/identity/userId/header"), "x-ours");
}

#[test]
fn several_workloads_are_refused_with_all_places() {
    let opened = pod("name: tensorboard, namespace: alice", "{ name: SKIP_AUTH_URLS, value: /pipeline }");
    let workload = pod("name: authservice, namespace: istio-system", "");
    let why = "several workloads run an authservice: all.yaml, Pod tensorboard of namespace alice; all.yaml, Pod \
               authservice of namespace istio-system. Give those of one authservice alone, as `kubectl -n istio-system get";
    refused(&[map(OURS, ""), opened, workload.clone()], why);
    refused(
        &[map(OURS, ""), pod("name: other, namespace: istio-system", "{ name: USERID_PREFIX, value: a }"), workload],
        "several",
    );
}

/// As `kubectl get all` has it.
#[test]
fn a_pod_and_what_made_it_are_one_workload() {
    let made =
        "name: authservice-0, namespace: istio-system, ownerReferences: [{ kind: StatefulSet, name: authservice }]";
    let set = "---\nkind: StatefulSet\nmetadata: { name: authservice, namespace: istio-system }\nspec:\n  template:\n    spec:\n      \
               containers: [{ name: authservice, envFrom: [{ configMapRef: { name: p } }] }]\n";
    let older = pod(made, "{ name: USERID_PREFIX, value: older }");
    let migrated = all(&[map(OURS, ""), older, set.to_owned()]);
    assert_eq!(migrated.at("/identity/userId/prefix"), serde_json::Value::Null);
    // An owner of another namespace made nothing here.
    let elsewhere = made.replace("istio-system", "alice");
    refused(&[map(OURS, ""), pod(&elsewhere, ""), set.to_owned()], "several workloads");
    let twin = pod("name: authservice-1, namespace: istio-system", "");
    assert_eq!(all(&[map(OURS, ""), twin.clone(), twin.replace("-1", "-0")]).outcome.code, 0);
}

#[test]
fn objects_of_several_namespaces_without_a_workload_are_refused() {
    let why = "the objects are of several namespaces, and no workload tells which one counts: all.yaml, ConfigMap p of \
               namespace alice; all.yaml, ConfigMap p of namespace istio-system. Give those";
    refused(&[map(ALICES, "SKIP_AUTH_URLS: /x"), map(OURS, "")], why);
    refused(&[map(ALICES, ""), map(OURS, ""), pod("name: authservice", "")], why);
    assert_eq!(all(&[map(OURS, ""), map("", "")]).outcome.code, 0);
}

#[test]
fn an_object_that_is_there_twice_and_differs_is_refused() {
    let workload = pod("name: authservice, namespace: istio-system", "");
    for (one, other) in [(OURS, OURS), ("", OURS), ("", "")] {
        let (one, other) = (map(one, "USERID_HEADER: x-one"), map(other, "USERID_HEADER: x-hunter3"));
        refused(
            &[one.clone(), other.clone(), workload.clone()],
            "the ConfigMap p is there twice, with other contents: in all.yaml",
        );
        assert!(!all(&[one.clone(), other, workload.clone()]).said().contains("hunter3"));
        assert_eq!(all(&[one.clone(), one, workload.clone()]).outcome.code, 0);
    }
}
