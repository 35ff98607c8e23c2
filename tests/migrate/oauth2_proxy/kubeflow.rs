//! Kubeflow's own: what Istio's objects say, and the order in which they go.

use std::{fs, path::Path};

use serde_json::json;

use super::given::migrate;
use crate::world::Migrated;

fn shipped() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/migrate/oauth2-proxy/in/kubeflow.yaml");
    fs::read_to_string(file).unwrap()
}

fn moved(manifest: &str) -> Migrated {
    migrate(&[("kubeflow.yaml", manifest)], &["--public-url=https://kubeflow.example.com"])
}

#[test]
fn what_asks_goes_after_the_filter_answers_and_what_reads_its_tokens_after_that() {
    let said = moved(&shipped()).said();
    let at = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text} is not in {said}"));
    let order = [
        "kubectl apply -f istio/wasmplugin.yaml",
        "see that the filter answers",
        "delete authorizationpolicy istio-ingressgateway-oauth2-proxy",
        "delete authorizationpolicy istio-ingressgateway-require-jwt",
        "delete requestauthentication dex-jwt",
        "extensionProviders",
        "delete virtualservice,deployment,service oauth2-proxy",
    ];
    let places = order.map(at);
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn without_istios_objects_kubeflows_own_names_stand_for_them() {
    let manifest = shipped();
    let (before, _) = manifest.split_once("---\napiVersion: networking.istio.io").unwrap();
    let migrated = moved(before);
    assert_eq!(migrated.at("/identity/userId"), json!({ "claim": "email", "header": "kubeflow-userid" }));
    assert_eq!(migrated.at("/identity/groups"), json!({ "claim": "groups", "header": "kubeflow-groups" }));
    migrated.says("delete authorizationpolicy istio-ingressgateway-oauth2-proxy");
    migrated.says("delete requestauthentication m2m-token-issuer");
}

#[test]
fn pods_tokens_count_for_the_audience_that_is_named() {
    let pair = "https://oidc.eks.us-east-1.amazonaws.com/id/0123=https://kubernetes.default.svc";
    let migrated = moved(&shipped().replace("EXTRA_JWT_ISSUERS: \"\"", &format!("EXTRA_JWT_ISSUERS: \"{pair}\"")));
    assert_eq!(migrated.at("/providers/1/bearer/0/audiences"), json!(["https://kubernetes.default.svc"]));
    // Without one a token for anybody would do.
    let rule = "  jwtRules:\n    - issuer: https://oidc.eks.us-east-1.amazonaws.com/id/0123\n";
    let migrated = moved(&shipped().replace("  jwtRules:\n", rule));
    assert!(migrated.at("/providers/1").is_null());
    migrated.says("tokens of https://oidc.eks.us-east-1.amazonaws.com/id/0123 do not count: nothing says for whom");
}

#[test]
fn a_path_is_open_where_every_policy_leaves_it_out() {
    let policy = |name: &str, more: &str| {
        let shipped = shipped();
        let (before, after) = shipped.split_once(name).unwrap();
        format!("{before}{name}{}", after.replacen("\"/oauth2/*\"]", &format!("\"/oauth2/*\", {more}]"), 1))
    };
    // The policy that wants a token closes what nobody asks about.
    let asked = policy("metadata: { name: istio-ingressgateway-oauth2-proxy", "\"/app.css\"");
    assert_eq!(moved(&asked).at("/routes/1/action"), "authenticate");
    let both = asked.replace("\"/oauth2/*\"] }", "\"/oauth2/*\", \"/app.css\", \"/favicon*\"] }");
    let both = both.replace("\"/oauth2/*\", \"/app.css\"] }", "\"/oauth2/*\", \"/app.css\", \"/favicon*\"] }");
    let migrated = moved(&both);
    assert_eq!(migrated.at("/routes/1"), json!({ "match": { "path": { "exact": "/app.css" } }, "action": "allow" }));
    migrated.says("`/favicon*` needs a sign-in now");
}

#[test]
fn headers_that_istio_did_not_hand_on_are_not_set() {
    let migrated = moved(&shipped());
    let headers = migrated.at("/identity/headers").to_string();
    assert!(headers.contains("x-auth-request-user") && !headers.contains("preferred"), "{headers}");
    let (before, _) = shipped()
        .split_once("---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio,")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert!(moved(&before).at("/identity/headers").to_string().contains("preferred"));
}
