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
fn an_audience_can_be_given_beside_what_is_shipped() {
    let shipped = shipped();
    let env = "OAUTH2_PROXY_EXTRA_JWT_ISSUERS=https://oidc.eks.us-east-1.amazonaws.com/id/0=edge\n";
    for files in [
        [("kubeflow.yaml", shipped.as_str()), ("extra.env", env)],
        [("extra.env", env), ("kubeflow.yaml", shipped.as_str())],
    ] {
        let migrated = migrate(&files, &["--public-url=https://kubeflow.example.com"]);
        assert_eq!(migrated.at("/providers/1/bearer/0/audiences"), json!(["edge"]));
    }
    // Two that are missing stand in one value.
    let rules = "  jwtRules:\n    - issuer: https://a.example\n    - issuer: https://b.example\n";
    moved(&shipped.replace("  jwtRules:\n", rules))
        .says("`OAUTH2_PROXY_EXTRA_JWT_ISSUERS=https://a.example=AUDIENCE,https://b.example=AUDIENCE`");
}

#[test]
fn guards_of_others_are_never_named_for_deletion_and_are_named_as_left() {
    let others = [
        ("AuthorizationPolicy", "opa-guard", "payroll", "{ action: CUSTOM, provider: { name: opa }, rules: [{}] }"),
        (
            "AuthorizationPolicy",
            "block-admin",
            "payroll",
            "{ action: DENY, rules: [{ from: [{ source: { notIpBlocks: [10.0.0.0/8] } }] }] }",
        ),
        (
            "AuthorizationPolicy",
            "want-token",
            "payroll",
            "{ action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ['*'] } }] }] }",
        ),
        (
            "AuthorizationPolicy",
            "deny-here",
            "istio-system",
            "{ action: DENY, selector: { matchLabels: { app: istio-ingressgateway } }, rules: [{ to: [{ operation: { paths: [/x] } }] }] }",
        ),
        ("RequestAuthentication", "partners", "payroll", "{ jwtRules: [{ issuer: 'https://partners.example' }] }"),
        (
            "RequestAuthentication",
            "here",
            "istio-system",
            "{ selector: { matchLabels: { app: istio-ingressgateway } }, jwtRules: [{ issuer: 'https://partners.example' }] }",
        ),
    ];
    let object = |(kind, name, namespace, spec): &(&str, &str, &str, &str)| {
        format!(
            "---\napiVersion: v1\nkind: {kind}\nmetadata: {{ name: {name}, namespace: {namespace} }}\nspec: {spec}\n"
        )
    };
    let migrated = moved(&(shipped() + &others.iter().map(object).collect::<String>()));
    let said = migrated.said();
    let (_, left) = said.split_once("these stay").unwrap();
    for (kind, name, ..) in &others {
        assert!(!said.contains(&format!("delete {} {name}", kind.to_ascii_lowercase())), "{name}: {said}");
        assert!(left.contains(&format!("{kind} {name}")), "{name}: {said}");
    }
    // They close nothing of what oauth2-proxy left open: they are still there.
    assert_eq!(migrated.at("/routes/0"), moved(&shipped()).at("/routes/0"));
    let filter = |name: &str, cluster: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {{ name: {name}, namespace: istio-system }}\nspec: {{ patch: {{ cluster: '{cluster}' }} }}\n"
        )
    };
    let asked = "outbound|4180||oauth2-proxy.oauth2-proxy.svc.cluster.local";
    let filters = moved(&(shipped() + &filter("asks", asked) + &filter("limits", "outbound|81||limits.svc"))).said();
    assert!(filters.contains("kubectl -n istio-system delete envoyfilter asks"), "{filters}");
    assert!(!filters.contains("envoyfilter limits"), "{filters}");
    for ours in ["istio-ingressgateway-oauth2-proxy", "istio-ingressgateway-require-jwt", "dex-jwt"] {
        assert!(said.contains(&format!(" {ours} --ignore-not-found")) && !left.contains(ours), "{ours}: {said}");
    }
}

#[test]
fn objects_of_any_name_are_known_by_what_they_say() {
    let shipped = shipped();
    let (_, istio) = shipped.split_once("---\napiVersion: networking.istio.io").unwrap();
    let istio = format!("apiVersion: networking.istio.io{istio}");
    let renamed = ["istio-ingressgateway-oauth2-proxy", "istio-ingressgateway-require-jwt", "dex-jwt"]
        .iter()
        .enumerate()
        .fold(istio, |text, (index, name)| text.replace(&format!("name: {name}"), &format!("name: ours-{index}")));
    let renamed =
        renamed.replace("name: oauth2-proxy }", "name: asked }").replace("name: oauth2-proxy\n", "name: asked\n");
    let dex = "http://dex.auth.svc.cluster.local:5556/dex";
    let text = super::given::LEAST.replace("https://id.example.com", dex) + "email_domains = \"*\"\n";
    let migrated = migrate(&[("proxy.cfg", &text), ("istio.yaml", &renamed)], &[]);
    let said = migrated.said();
    for index in 0..3 {
        assert!(said.contains(&format!(" ours-{index} --ignore-not-found")), "{index}: {said}");
    }
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
