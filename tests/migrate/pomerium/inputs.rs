//! Files: configurations, variables, and Kubernetes.

use serde_json::json;

use super::given::{BASE, ROUTES, refuses};
use crate::world::migrate;

#[test]
fn the_environment_counts_before_a_file() {
    let files = [
        ("config.yaml", &*format!("{BASE}{ROUTES}")),
        ("a.env", "IDP_CLIENT_ID='other'\nexport COOKIE_EXPIRE=2h\n# X\n\n"),
    ];
    let migrated = migrate("pomerium", &files, &[]);
    assert_eq!(migrated.at("/providers/0/clientId"), "other");
    assert_eq!(migrated.at("/session/lifetime"), "2h");
    migrated.says("idp_client_id the environment says otherwise than config.yaml, and counts, as in Pomerium");
    let reversed = migrate("pomerium", &[files[1], files[0]], &[]);
    assert_eq!(reversed.at("/providers/0/clientId"), "other");
}

#[test]
fn two_files_that_differ_are_refused_without_their_values() {
    let files = [("a.yaml", &*format!("{BASE}{ROUTES}")), ("b.yaml", "idp_client_secret: hunter2-other\n")];
    let migrated = migrate("pomerium", &files, &[]);
    refuses(&migrated, "idp_client_secret has two values: in a.yaml and in b.yaml");
    assert!(!migrated.said().contains("hunter2"));
}

#[test]
fn a_line_that_is_no_variable_is_named_by_its_number_alone() {
    let migrated = migrate("pomerium", &[("a.env", "IDP_CLIENT_ID=a\nhunter2 of a broken secret\n")], &[]);
    refuses(&migrated, "a.env:2 is not NAME=value");
    assert!(!migrated.said().contains("hunter2"));
    refuses(
        &migrate("pomerium", &[("a.env", "ROUTES=hunter2\n")], &[]),
        "ROUTES (a.env:1) is no list of routes in base64",
    );
}

#[test]
fn a_variable_of_the_deployment_is_found_in_its_secret() {
    let deployment = |name: &str| {
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "pomerium" }, "spec": { "template": { "spec": { "containers": [
            { "name": "proxy", "image": "pomerium/pomerium:v0.30.2", "env": [{ "name": "IDP_CLIENT_ID", "valueFrom": { "secretKeyRef": { "name": name, "key": "id" } } }] },
        ] } } } })
    };
    let config = BASE.lines().filter(|line| !line.starts_with("idp_client_id")).collect::<Vec<_>>().join("\n");
    let config = format!("{config}\n{ROUTES}");
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: idp }\nstringData: { id: gateway }\n";
    let yaml = |name: &str| format!("{}\n---\n{secret}", serde_saphyr::to_string(&deployment(name)).unwrap());
    let found = migrate("pomerium", &[("config.yaml", &config), ("cluster.yaml", &yaml("idp"))], &[]);
    assert_eq!(found.at("/providers/0/clientId"), "gateway");
    let absent = migrate("pomerium", &[("config.yaml", &config), ("cluster.yaml", &yaml("other"))], &[]);
    refuses(&absent, "idp_client_id is in the Secret other, which is in none of the files");
}

#[test]
fn ingresses_are_routes_in_the_controllers_order() {
    let ingress = |name: &str, path: &str, kind: &str, annotations: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  annotations: {{ {annotations} }}\nspec:\n  ingressClassName: pomerium\n  rules:\n  - host: app.example.com\n    http:\n      paths: [{{ path: '{path}', pathType: {kind} }}]\n"
        )
    };
    let any = "ingress.pomerium.io/allow_any_authenticated_user: 'true'";
    let regex = format!("{any}, ingress.pomerium.io/path_regex: 'true'");
    let open = "ingress.pomerium.io/allow_public_unauthenticated_access: 'true'";
    let text = [
        ingress("a", "/", "Prefix", any),
        ingress("b", "/longer", "Prefix", open),
        ingress("c", "/v[0-9]+", "ImplementationSpecific", &regex),
        ingress("d", "/exact", "Exact", open),
    ]
    .concat();
    let migrated = migrate("pomerium", &[("config.yaml", BASE), ("cluster.yaml", &text)], &[]);
    let paths: Vec<_> =
        migrated.at("/routes").as_array().unwrap().iter().map(|rule| rule["match"]["path"].clone()).collect();
    assert_eq!(
        paths,
        [
            json!({ "exact": "/exact" }),
            json!({ "regex": "/v[0-9]+" }),
            json!({ "prefix": "/longer" }),
            json!(null),
            json!(null)
        ]
    );
    let hostless = text.replace("- host: app.example.com\n    http", "- http");
    refuses(
        &migrate("pomerium", &[("config.yaml", BASE), ("cluster.yaml", &hostless)], &[]),
        "has a rule without a host",
    );
}
