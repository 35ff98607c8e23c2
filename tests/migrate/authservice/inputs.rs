//! Files: env files, Kubernetes manifests, several of them as one set.

use serde_json::json;

use super::given::{MIDDLE, Migrated, PUBLIC_URL, migrate, migrate_in, with};

const WORKLOAD: &str = "kind: StatefulSet\nmetadata: { name: authservice }\nspec:\n  template:\n    spec:\n      containers:\n        \
                        - name: authservice\n          ";

fn workload(rest: &str, more: &[(&str, &str)]) -> Migrated {
    let manifest = format!("{WORKLOAD}{rest}\n");
    let files: Vec<_> = [("set.yaml", manifest.as_str())].into_iter().chain(more.iter().copied()).collect();
    migrate(&files, &[])
}

#[test]
fn several_files_are_one_set() {
    let (one, other) = MIDDLE.split_at(MIDDLE.find("CLIENT_SECRET").unwrap());
    let migrated = migrate(&[("a.env", one), ("b.env", other)], &[]);
    assert_eq!(migrated.at("/providers/0/clientId"), "kf");
    assert_eq!(migrated.at("/paths/callback"), "/authservice/oidc/callback");
}

#[test]
fn two_values_of_one_name_are_refused_by_both_places_and_without_the_values() {
    let migrated = migrate(&[("a.env", MIDDLE), ("b.env", "\nCLIENT_SECRET=hunter3")], &[]);
    migrated.says("CLIENT_SECRET has two values: in a.env:3 and in b.env:2");
    assert_eq!(migrated.outcome.code, 1);
    assert!(!migrated.said().contains("hunter"), "{}", migrated.said());
    let same = migrate(&[("a.env", MIDDLE), ("b.env", "CLIENT_ID=kf")], &[]);
    assert_eq!(same.outcome.code, 0, "{}", same.said());
}

#[test]
fn the_standard_input_is_a_file_like_any_other() {
    let migrated = migrate(&[("-", MIDDLE), ("b.env", "CLIENT_ID=other")], &[]);
    migrated.says("CLIENT_ID has two values: in standard input:2 and in b.env:1");
}

// M-13
#[test]
fn values_are_verbatim() {
    let migrated = with(MIDDLE, "USERID_PREFIX=\"kf:\"");
    assert_eq!(migrated.at("/identity/userId/prefix"), "\"kf:\"");
}

#[test]
fn config_maps_and_secrets_are_settings_by_themselves() {
    let map = "apiVersion: v1\nkind: List\nitems:\n  - kind: ConfigMap\n    metadata: { name: p }\n    data:\n      \
               OIDC_PROVIDER: https://idp.example.com\n      AUTHSERVICE_URL_PREFIX: /authservice/\n  - kind: Secret\n    \
               metadata: { name: s }\n    data: { CLIENT_ID: a2Y=, CLIENT_SECRET: aHVudGVyMg== }\n";
    let migrated = migrate(&[("all.yaml", map)], &[]);
    assert_eq!(migrated.at("/providers/0/clientId"), "kf");
    assert!(migrated.files().iter().any(|(_, text, secret)| *secret && text.contains("hunter2")));
    let json = r#"{"kind":"ConfigMap","metadata":{"name":"p"},"data":{"USERID_PREFIX":"x:"}}"#;
    assert_eq!(migrate(&[("a.env", MIDDLE), ("p.json", json)], &[]).at("/identity/userId/prefix"), "x:");
}

#[test]
fn a_secret_that_is_no_base64_is_named_and_not_shown() {
    let secret = "kind: Secret\nmetadata: { name: s }\ndata: { CLIENT_SECRET: hunter2! }\n";
    let migrated = migrate(
        &[
            ("a.env", "CLIENT_ID=kf\nOIDC_PROVIDER=https://idp.example.com\nAUTHSERVICE_URL_PREFIX=/a/"),
            ("s.yaml", secret),
        ],
        &[],
    );
    migrated.says("CLIENT_SECRET (s.yaml, Secret s) is not base64: encode it, or write it below `stringData`");
    assert!(!migrated.said().contains("hunter2"));
}

#[test]
fn a_workload_takes_what_it_refers_to_and_nothing_else() {
    let maps = "kind: ConfigMap\nmetadata: { name: one }\ndata: { USERID_PREFIX: 'one:', USERID_CLAIM: sub, GROUPS_CLAIM: one }\n---\n\
                kind: ConfigMap\nmetadata: { name: two }\ndata: { USERID_PREFIX: 'two:', USERID_CLAIM: upn }\n---\n\
                kind: ConfigMap\nmetadata: { name: other }\ndata: { GROUPS_CLAIM: other }\n";
    let from = "envFrom: [{ configMapRef: { name: one } }, { configMapRef: { name: two } }]\n          \
                env: [{ name: USERID_PREFIX, value: 'own:' }]";
    let migrated = workload(from, &[("maps.yaml", maps), ("a.env", MIDDLE)]);
    assert_eq!(
        migrated.at("/identity/userId"),
        json!({ "claim": "upn", "header": "kubeflow-userid", "prefix": "own:" })
    );
    assert_eq!(migrated.at("/identity/groups/claim"), "one");
}

#[test]
fn a_key_of_an_object_may_stand_in_an_env_file_under_its_own_name() {
    let env = "env: [{ name: CLIENT_ID, valueFrom: { configMapKeyRef: { name: parameters, key: client_id } } }, \
               { name: USERID_HEADER, value: $(userid-header) }, { name: USERID_PREFIX, value: 'a$$(b)' }]";
    let rest = "OIDC_PROVIDER=https://idp.example.com\nAUTHSERVICE_URL_PREFIX=/authservice/\nclient_id=kf\nuserid-header=x-user\n";
    let migrated = workload(env, &[("a.env", rest)]);
    assert_eq!(
        (migrated.at("/providers/0/clientId"), migrated.at("/identity/userId/header")),
        (json!("kf"), json!("x-user"))
    );
    assert_eq!(migrated.at("/identity/userId/prefix"), "a$(b)");
    assert!(!migrated.said().contains("userid-header"), "{}", migrated.said());
}

#[test]
fn what_stands_in_none_of_the_files_is_named() {
    let missing = "envFrom: [{ configMapRef: { name: parameters } }]";
    workload(missing, &[]).says("set.yaml, StatefulSet authservice takes its settings from the ConfigMap parameters, which is in none of the files");
    let key = "env: [{ name: OIDC_PROVIDER, valueFrom: { secretKeyRef: { name: s, key: k } } }, { name: AUTHSERVICE_URL_PREFIX, value: /a/ }]";
    workload(key, &[]).says(
        "OIDC_PROVIDER: set.yaml, StatefulSet authservice takes it from the Secret s, which is in none of the files",
    );
    workload("env: [{ name: USERID_HEADER, value: $(nobody) }]", &[("a.env", MIDDLE)])
        .says("USERID_HEADER (set.yaml, StatefulSet authservice) names a variable that is in none of the files");
    let optional = "envFrom: [{ configMapRef: { name: parameters, optional: true } }]";
    assert!(!workload(optional, &[]).said().contains("parameters"));
    let key = "env: [{ name: OIDC_AUTH_URL, valueFrom: { configMapKeyRef: { name: p, key: k, optional: true } } }]";
    assert_eq!(workload(key, &[("a.env", MIDDLE)]).outcome.code, 0);
    // An env file is what Kustomize makes the ConfigMap of.
    assert_eq!(workload(missing, &[("a.env", MIDDLE)]).outcome.code, 0);
}

/// The secret is the one value that people may fill in afterwards.
#[test]
fn a_client_secret_that_is_elsewhere_is_left_to_be_filled_in() {
    let env = "env: [{ name: CLIENT_SECRET, valueFrom: { secretKeyRef: { name: s, key: k } } }]";
    let rest = "OIDC_PROVIDER=https://idp.example.com\nAUTHSERVICE_URL_PREFIX=/authservice/\nCLIENT_ID=kf\n";
    let migrated = workload(env, &[("a.env", rest)]);
    assert_eq!(migrated.at("/providers/0/clientSecret"), json!({ "env": "OIDC_CLIENT_SECRET" }));
    migrated.says("which is for you to fill in");
}

#[test]
fn files_that_cannot_be_read_end_it() {
    let folder = std::path::Path::new("/nowhere");
    let migrated = migrate_in(folder, &["absent.env"], &["--public-url", PUBLIC_URL]);
    assert_eq!(migrated.outcome.code, 2);
    migrated.says("edge-oidc: absent.env:");
    let migrated = migrate(&[("a.yaml", "kind: [hunter2")], &[]);
    assert_eq!(migrated.outcome.code, 2);
    migrated.says("a.yaml is neither an env file nor YAML");
    assert!(!migrated.said().contains("hunter2"));
}
