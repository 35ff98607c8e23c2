//! Objects of a cluster: what in them is a setting, and what has nothing to do with it.

use super::given::{LAST, MIDDLE, Migrated, migrate};

const SET: &str = "kind: StatefulSet\nmetadata: { name: authservice }\nspec:\n  template:\n    spec:\n      containers:\n        \
                   - name: authservice\n          ";
const REST: &str = "OIDC_PROVIDER=https://idp.example.com\nCLIENT_ID=kf\nAUTHSERVICE_URL_PREFIX=/authservice/\n";

fn workload(rest: &str, objects: &str, settings: &str) -> Migrated {
    let set = format!("{SET}{rest}\n---\n{objects}");
    migrate(&[("set.yaml", &set), ("a.env", settings)], &[])
}

#[test]
fn what_is_no_setting_does_not_stop_it() {
    let objects = "kind: Secret\nmetadata: { name: tls }\ndata: { tls.key: /w==, ca.crt: YQ== }\n---\n\
                   kind: Secret\nmetadata: { name: other }\ndata: { ca.crt: Yg==, bytes: '!' }\n---\n\
                   kind: ConfigMap\nmetadata: { name: p }\ndata: { USERID_PREFIX: 'x:', count: 7 }\n";
    let migrated = migrate(&[("a.env", MIDDLE), ("k.yaml", objects)], &[]);
    assert_eq!(migrated.at("/identity/userId/prefix"), "x:");
    assert!(!migrated.said().contains("tls.key") && !migrated.said().contains("ca.crt"), "{}", migrated.said());
}

#[test]
fn a_setting_that_is_no_text_is_named_with_its_mend() {
    let of = |object: &str| migrate(&[("a.env", REST), ("k.yaml", object)], &[]);
    let quotes = "USERID_PREFIX (k.yaml, ConfigMap p) is no text: write it in quotes";
    of("kind: ConfigMap\nmetadata: { name: p }\ndata: { USERID_PREFIX: 7 }\n").says(quotes);
    let plain = "CLIENT_SECRET (k.yaml, Secret s) is no text: write it in quotes";
    of("kind: Secret\nmetadata: { name: s }\nstringData: { CLIENT_SECRET: 7 }\n").says(plain);
    let bytes = "CLIENT_SECRET (k.yaml, Secret s) is no text in UTF-8";
    of("kind: Secret\nmetadata: { name: s }\ndata: { CLIENT_SECRET: /w== }\n").says(bytes);
}

#[test]
fn a_key_that_is_referred_to_is_judged_whatever_it_is_called() {
    let env = "env: [{ name: CLIENT_SECRET, valueFrom: { secretKeyRef: { name: s, key: own } } }]";
    let secret = "kind: Secret\nmetadata: { name: s }\ndata: { own: 'hunter2!', other: '!' }\n";
    let migrated = workload(env, secret, REST);
    migrated.says("own (set.yaml, Secret s) is not base64: encode it, or write it below `stringData`");
    assert_eq!(migrated.outcome.code, 1);
    assert!(!migrated.said().contains("hunter2") && !migrated.said().contains("other ("), "{}", migrated.said());
}

#[test]
fn the_names_of_a_whole_object_can_have_a_prefix() {
    let objects = "kind: ConfigMap\nmetadata: { name: p }\ndata: { PREFIX: 'x:', CLAIM: sub }\n";
    let migrated = workload("envFrom: [{ prefix: USERID_, configMapRef: { name: p } }]", objects, MIDDLE);
    assert_eq!(migrated.at("/identity/userId/prefix"), "x:", "{}", migrated.said());
    assert_eq!(migrated.at("/identity/userId/claim"), "sub");
}

/// Nobody needs to give a secret that goes nowhere; any other setting is asked for.
#[test]
fn the_password_of_a_store_may_be_elsewhere() {
    let elsewhere =
        |name: &str| format!("env: [{{ name: {name}, valueFrom: {{ secretKeyRef: {{ name: s, key: k }} }} }}]");
    let migrated = workload(&elsewhere("SESSION_STORE_REDIS_PWD"), "", LAST);
    assert_eq!(migrated.outcome.code, 0, "{}", migrated.said());
    workload(&elsewhere("SESSION_STORE_REDIS_ADDR"), "", LAST).says("SESSION_STORE_REDIS_ADDR: set.yaml");
}
