//! Tokens of programs, and what Cognito calls otherwise.

use serde_json::json;

use super::{
    given::{LAST, MIDDLE, PUBLIC_URL, migrate, with},
    settings::becomes,
};

#[test]
fn tokens_of_programs() {
    let id = json!({ "kind": "id_token", "audiences": ["kf"] });
    let jwt = json!({ "kind": "access_token", "audiences": ["x", "y"], "types": ["at+jwt", "JWT"] });
    let opaque = |cache: &str| json!({ "kind": "user_info", "anyClient": true, "cache": cache });
    let bearer = "/providers/0/bearer";
    becomes(
        LAST,
        &[
            ("", bearer, json!([id])),
            ("IDTOKEN_AUTHN_ENABLED=f", bearer, json!(null)),
            ("AUDIENCES=x, y", bearer, json!([id, jwt])),
            ("AUDIENCES=x, y\nACCESS_TOKEN_AUTHN_ENABLED=0", bearer, json!([id])),
            ("ACCESS_TOKEN_AUTHN=opaque", bearer, json!([id, opaque("0s")])),
            ("ACCESS_TOKEN_AUTHN=opaque\nCACHE_ENABLED=1", bearer, json!([id, opaque("5m")])),
            (
                "ACCESS_TOKEN_AUTHN=opaque\nCACHE_ENABLED=1\nCACHE_EXPIRATION_MINUTES=99",
                bearer,
                json!([id, opaque("10m")]),
            ),
            ("ID_TOKEN_HEADER=X-Auth-Token", "/bearer", json!({ "header": "x-auth-token", "raw": true })),
            ("ID_TOKEN_HEADER=Authorization", "/bearer", json!(null)),
        ],
    );
    becomes(MIDDLE, &[("AUDIENCES=x", bearer, json!([id]))]);
}

// N-4
#[test]
fn service_accounts_need_the_clusters_issuer() {
    with(MIDDLE, "").says("run this again with `--kubernetes-issuer");
    assert!(!with(LAST, "KUBERNETES_AUTHN_ENABLED=false").said().contains("--kubernetes-issuer"));
    let issuer = "https://oidc.eks.us-east-1.amazonaws.com/id/0123";
    let pods = migrate(&[("a.env", MIDDLE)], &["--kubernetes-issuer", issuer]);
    let expected = json!({
        "name": "kubernetes",
        "issuer": issuer,
        "identity": { "userId": { "claim": "sub" } },
        "bearer": [{ "kind": "service_account", "audiences": ["istio-ingressgateway.istio-system.svc.cluster.local"] }],
    });
    assert_eq!((pods.at("/providers/0/name"), pods.at("/providers/1")), (json!("people"), expected));
    let list = format!("{LAST}AUDIENCES=kf\nGROUPS_ALLOWLIST=a,system:serviceaccounts:jobs,system:masters\n");
    let listed = migrate(&[("a.env", &list)], &["--kubernetes-issuer", issuer]);
    let claims = json!([
        { "claim": "iss", "equals": issuer },
        { "claim": ["kubernetes.io", "namespace"], "equals": "jobs" },
    ]);
    assert_eq!(
        listed.at("/routes/0/require"),
        json!({ "any": [{ "groups": { "any": ["a"] } }, { "claims": claims }] })
    );
    listed.says("`system:masters` is no group of service accounts");
}

#[test]
fn cognito_has_names_of_its_own() {
    let base = LAST.replace("https://idp.example.com", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x");
    let at = |line: &str| {
        migrate(&[("a.env", &format!("{base}{line}\n"))], &["--domain", "demo.auth.eu-west-1.amazoncognito.com"])
    };
    for (line, pointer, expected) in [
        ("", "/identity/groups/claim", json!("cognito:groups")),
        ("GROUPS_CLAIM=roles", "/identity/groups/claim", json!("roles")),
        ("USERID_CLAIM=username", "/identity/userId/claim", json!("cognito:username")),
        ("", "/providers/0/userInfo", json!(null)),
        ("", "/providers/0/clientAuthentication", json!(null)),
        ("OIDC_SCOPES=email groups a/b offline_access", "/providers/0/scopes", json!(["openid", "email", "a/b"])),
        ("", "/providers/0/logout", json!({ "kind": "cognito" })),
        ("AFTER_LOGOUT_URL=/bye", "/providers/0/logout/logoutUri", json!(format!("{PUBLIC_URL}/bye"))),
        ("AUDIENCES=x", "/providers/0/bearer", json!([{ "kind": "id_token", "audiences": ["kf"] }])),
        (
            "",
            "/providers/0/clusters",
            json!({ "demo.auth.eu-west-1.amazoncognito.com": "outbound|443||demo.auth.eu-west-1.amazoncognito.com" }),
        ),
    ] {
        assert_eq!(at(line).at(pointer), expected, "{line}");
    }
    let offline = ["--domain=demo.auth.eu-west-1.amazoncognito.com", "--offline-access"];
    let scopes = migrate(&[("a.env", &base)], &offline).at("/providers/0/scopes");
    assert_eq!(scopes, json!(["openid", "email"]));
    at("").says("register `https://kubeflow.example.com/` at the app client");
}

/// The dashboard's script gets what it waits for, with a load balancer too.
// M-7
#[test]
fn a_load_balancers_dashboard_signs_out_by_a_script() {
    let text = "CognitoUserPoolArn=arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_x\nCognitoAppClientId=a\n\
                CognitoUserPoolDomain=auth.example.com\n";
    let migrated = migrate(&[("a.env", text)], &[]);
    assert_eq!(migrated.at("/providers/0/issuer"), "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x");
    assert_eq!(migrated.at("/session"), json!({ "keys": [{ "env": "SESSION_KEY" }], "header": "authorization" }));
    assert_eq!(migrated.at("/paths/signOut"), "/authservice/logout");
    let yaml = migrated.written("edge-oidc/edge-oidc.yaml").unwrap();
    assert!(!yaml.contains("--offline-access") && !migrated.said().contains("authservice's EnvoyFilter"));
}

#[test]
fn the_address_of_cognitos_sign_out_page_tells_the_client_and_the_domain() {
    let text = "LOGOUT_URL=https://auth.example.com/logout?client_id=a&logout_uri=https://kubeflow.example.com/x";
    let migrated =
        migrate(&[("a.env", text)], &["--issuer", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x"]);
    assert_eq!(migrated.at("/providers/0/clientId"), "a");
    assert_eq!(migrated.at("/providers/0/clusters"), json!({ "auth.example.com": "outbound|443||auth.example.com" }));
    assert_eq!(migrated.at("/providers/0/logout/logoutUri"), "https://kubeflow.example.com/x");
}
