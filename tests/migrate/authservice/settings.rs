//! What becomes of each setting.

use serde_json::{Value, json};

use super::given::{FIRST, LAST, MIDDLE, PUBLIC_URL, migrate, with};

/// Holds each setting against what stands at a place of the configuration.
#[track_caller]
pub(super) fn becomes(base: &str, cases: &[(&str, &str, Value)]) {
    for (line, pointer, expected) in cases {
        assert_eq!(with(base, line).at(pointer), *expected, "{line}");
    }
}

// M-4, F-6
#[test]
fn the_client_and_what_it_asks_for() {
    becomes(
        MIDDLE,
        &[
            ("", "/providers/0/scopes", json!(["openid", "email"])),
            (
                "OIDC_SCOPES=profile email groups",
                "/providers/0/scopes",
                json!(["openid", "profile", "email", "groups"]),
            ),
            ("OIDC_SCOPES= profile,,openid,email", "/providers/0/scopes", json!(["openid", "profile", "email"])),
            ("OIDC_SCOPES=", "/providers/0/scopes", json!(["openid"])),
            ("", "/providers/0/userInfo", json!(true)),
            ("", "/providers/0/clientSecret", json!({ "env": "OIDC_CLIENT_SECRET" })),
            ("", "/providers/0/clientAuthentication", json!("client_secret_basic")),
            ("", "/providers/0/insecureHttp", json!(null)),
        ],
    );
    let public = migrate(&[("a.env", &MIDDLE.replace("=hunter2", "="))], &[]);
    assert_eq!((public.at("/providers/0/clientSecret"), public.outcome.code), (json!(null), 0));
    let scopes = migrate(&[("a.env", MIDDLE)], &["--offline-access"]).at("/providers/0/scopes");
    assert_eq!(scopes, json!(["openid", "email", "offline_access"]));
}

// M-6, F-15
#[test]
fn addresses_of_the_provider() {
    let plain = with(
        &MIDDLE.replace("https://idp.example.com", "http://dex.auth.svc:5556/dex"),
        "OIDC_AUTH_URL=/dex/auth?x=1\nSKIP_AUTH_URLS=/dex",
    );
    assert_eq!(plain.at("/providers/0/insecureHttp"), true);
    assert_eq!(plain.at("/providers/0/endpoints/authorization"), format!("{PUBLIC_URL}/dex/auth?x=1"));
    becomes(
        MIDDLE,
        &[
            (
                "OIDC_AUTH_URL=https://sso.example.com/a?b",
                "/providers/0/endpoints/authorization",
                json!("https://sso.example.com/a?b"),
            ),
            ("OIDC_AUTH_URL=", "/providers/0/endpoints", json!(null)),
        ],
    );
    let slash = migrate(&[("a.env", &MIDDLE.replace("idp.example.com", "idp.example.com/"))], &[]);
    assert_eq!(slash.at("/providers/0/issuer"), "https://idp.example.com/");
    slash.says("ends in `/`, and stays so");
    let hidden = migrate(
        &[("a.env", &MIDDLE.replace("https://idp.example.com", "http://dex.auth.svc.cluster.local:5556/dex"))],
        &[],
    );
    hidden.says("run this again with `--authorization-url`");
    let second = migrate(
        &[("a.env", MIDDLE)],
        &["--public-url=https://*.apps.example.com", "--authorization-url=/x", "--open=/x"],
    );
    assert_eq!(second.at("/providers/0/endpoints/authorization"), format!("{PUBLIC_URL}/x"));
}

// M-11
#[test]
fn our_endpoints_are_where_authservice_had_its_own() {
    becomes(
        MIDDLE,
        &[
            ("", "/paths/callback", json!("/authservice/oidc/callback")),
            ("", "/paths/signOut", json!("/authservice/logout")),
            ("", "/paths/signedOut", json!("/authservice/site/after_logout")),
            ("", "/paths/homepage", json!("/authservice/site/homepage")),
            ("", "/paths/verify", json!(null)),
            ("HOMEPAGE_URL=/", "/paths/homepage", json!("/authservice/site/homepage")),
            ("REDIRECT_URL=/other/callback", "/paths/callback", json!("/other/callback")),
            ("REDIRECT_URL=https://kubeflow.example.com/cb?x=1", "/paths/callback", json!("/cb")),
        ],
    );
    with(MIDDLE, "REDIRECT_URL=/other/callback").says("waited at `/authservice/oidc/callback` all the same");
    assert!(!with(LAST, "REDIRECT_URL=/other/callback").said().contains("all the same"));
    let other = migrate(&[("a.env", MIDDLE)], &["--url-prefix", "/a//b/"]);
    assert_eq!(other.at("/paths/signOut"), "/a/b/logout");
    with(MIDDLE, "").says("register `https://kubeflow.example.com/authservice/oidc/callback` at the provider");
    becomes(
        FIRST,
        &[
            ("", "/paths/callback", json!("/login/oidc")),
            ("", "/paths/signOut", json!("/logout")),
            ("", "/paths/homepage", json!(null)),
        ],
    );
}

// M-12
#[test]
fn the_verify_endpoint_is_the_last_releases() {
    becomes(
        LAST,
        &[
            ("", "/paths/verify", json!(null)),
            ("VERIFY_AUTH_URL=", "/paths/verify", json!(null)),
            ("VERIFY_AUTH_URL=/check/", "/paths/verify", json!("/check")),
        ],
    );
    becomes(MIDDLE, &[("VERIFY_AUTH_URL=/check/", "/paths/verify", json!("/check"))]);
    let unset = with(LAST, "");
    unset.says("VERIFY_AUTH_URL (not set) no verify endpoint: write `paths.verify: /authservice/verify` if");
    let text = unset.written("edge-oidc/edge-oidc.yaml").unwrap();
    assert!(text.contains("# verify: /authservice/verify\n"), "{text}");
    assert!(!with(MIDDLE, "").said().contains("VERIFY_AUTH_URL"));
}

// M-7, M-10, F-9
#[test]
fn where_people_go() {
    becomes(
        MIDDLE,
        &[
            ("", "/providers/0/logout", json!({ "kind": "local" })),
            ("AFTER_LOGOUT_URL=/", "/providers/0/logout/returnUrl", json!("/")),
            (
                "AFTER_LOGOUT_URL=https://www.example.com/bye",
                "/providers/0/logout/returnUrl",
                json!("https://www.example.com/bye"),
            ),
            ("AFTER_LOGOUT_URL=", "/providers/0/logout", json!({ "kind": "local" })),
            ("", "/afterSignIn", json!(null)),
            ("AFTER_LOGIN_URL=/welcome?a=b", "/afterSignIn", json!({ "url": "/welcome?a=b", "parameter": "next" })),
        ],
    );
    becomes(
        FIRST,
        &[
            ("", "/providers/0/logout/returnUrl", json!("/")),
            ("STATIC_DESTINATION_URL=/home", "/afterSignIn/url", json!("/home")),
        ],
    );
}

// M-1, M-2, M-13, F-13
#[test]
fn user_ids() {
    becomes(
        MIDDLE,
        &[
            ("", "/identity/userId", json!({ "claim": "email", "header": "kubeflow-userid" })),
            ("USERID_HEADER=x-user", "/identity/userId/header", json!("x-user")),
            ("USERID_HEADER=", "/identity/userId", json!(null)),
            ("USERID_HEADER=", "/identity/remove", json!(["kubeflow-userid"])),
            ("USERID_HEADER=\nGROUPS_HEADER=", "/identity/remove", json!(["kubeflow-userid", "kubeflow-groups"])),
            ("USERID_HEADER=Kubeflow_Groups\nGROUPS_HEADER=", "/identity/remove", json!(null)),
            ("USERID_PREFIX=user:", "/identity/userId/prefix", json!("user:")),
            ("USERID_CLAIM=username", "/identity/userId/claim", json!("username")),
            ("USERID_CLAIM=sub", "/identity/userId/claim", json!("sub")),
        ],
    );
    with(MIDDLE, "USERID_HEADER=").says("`identity.remove` takes away the `kubeflow-userid` that clients send");
    becomes(
        FIRST,
        &[("USERID_TOKEN_HEADER=x-token", "/identity/forward", json!({ "idToken": { "header": "x-token" } }))],
    );
    with(LAST, "USERID_TOKEN_HEADER=x-token").says("USERID_TOKEN_HEADER read and used nowhere");
}

// M-3
#[test]
fn transforms_are_an_array_of_objects_with_two_texts() {
    let rules =
        r#"USERID_TRANSFORMERS=[{"matches":"@a\\.b$","replaces":"","other":1},{"replaces":"x$1","matches":"y"}]"#;
    let expected = json!([{ "matches": "@a\\.b$", "replaces": "" }, { "matches": "y", "replaces": "x$1" }]);
    becomes(
        MIDDLE,
        &[
            (rules, "/identity/userId/transforms", expected),
            ("USERID_TRANSFORMERS=[]", "/identity/userId/transforms", json!(null)),
            ("USERID_TRANSFORMERS=null", "/identity/userId/transforms", json!(null)),
        ],
    );
}

// M-1, M-13, F-1
#[test]
fn groups() {
    let usual = json!({ "claim": "groups", "header": "kubeflow-groups" });
    becomes(
        MIDDLE,
        &[
            ("", "/identity/groups", usual),
            ("GROUPS_HEADER=", "/identity/groups", json!(null)),
            ("GROUPS_HEADER=", "/identity/remove", json!(["kubeflow-groups"])),
            ("GROUPS_CLAIM=", "/identity/remove", json!(["kubeflow-groups"])),
            ("GROUPS_CLAIM=\nGROUPS_HEADER=x-groups", "/identity/remove", json!(["x-groups"])),
            ("", "/identity/remove", json!(null)),
            ("GROUPS_CLAIM=", "/identity/groups", json!(null)),
            ("GROUPS_CLAIM=roles", "/identity/groups/claim", json!("roles")),
            ("GROUPS_HEADER=\nGROUPS_ALLOWLIST=a", "/identity/groups/header", json!("kubeflow-groups")),
            ("GROUPS_HEADER=\nGROUPS_ALLOWLIST=*", "/identity/groups", json!(null)),
            ("", "/identity/authMethod", json!(null)),
        ],
    );
    becomes(
        LAST,
        &[
            ("", "/identity/authMethod/header", json!("auth-method")),
            ("AUTH_METHOD_HEADER=x-how", "/identity/authMethod/header", json!("x-how")),
            ("AUTH_METHOD_HEADER=", "/identity/authMethod", json!(null)),
            ("AUTH_METHOD_HEADER=", "/identity/remove", json!(["auth-method"])),
        ],
    );
}

// M-14, F-18
#[test]
fn the_allowlist() {
    let any = |groups: Value| json!([{ "name": "GROUPS_ALLOWLIST", "action": "authenticate", "require": { "groups": { "any": groups } } }]);
    let nobody = json!([{ "name": "GROUPS_ALLOWLIST", "action": "deny" }]);
    becomes(
        LAST,
        &[
            ("GROUPS_ALLOWLIST=a,b c", "/routes", any(json!(["a", "b c"]))),
            ("GROUPS_ALLOWLIST=a, b,,", "/routes", any(json!(["a", "b"]))),
            ("GROUPS_ALLOWLIST=a,*", "/routes", json!(null)),
            ("GROUPS_ALLOWLIST=a,team-*", "/routes", any(json!(["a"]))),
            ("GROUPS_ALLOWLIST=", "/routes", nobody.clone()),
            ("GROUPS_ALLOWLIST=team-*", "/routes", nobody.clone()),
            ("GROUPS_ALLOWLIST=a\nGROUPS_CLAIM=", "/routes", nobody.clone()),
            ("GROUPS_ALLOWLIST=system:serviceaccounts", "/routes", nobody),
        ],
    );
    with(LAST, "GROUPS_ALLOWLIST=team-*").says("authservice compared letter by letter");
}

/// A ` *` with a space let nobody in, so it does not let everyone in now.
// F-18
#[test]
fn a_star_with_a_space_does_not_open_everything() {
    let migrated = with(LAST, "GROUPS_ALLOWLIST=a, *");
    assert_eq!(migrated.at("/routes/0/require/groups/any"), json!(["a"]));
}

// F-4, M-4
#[test]
fn open_paths_are_whole_segments() {
    let open = |paths: &[&str]| {
        let rules = paths.iter().map(|path| json!({ "match": { "path": { "prefix": path } }, "action": "allow" }));
        Value::from(rules.collect::<Vec<_>>())
    };
    becomes(
        MIDDLE,
        &[
            ("SKIP_AUTH_URLS=/dex", "/routes", open(&["/dex"])),
            ("SKIP_AUTH_URLS=/dex/, /healthz,/dex", "/routes", open(&["/dex", "/healthz"])),
            ("SKIP_AUTH_URLS=/dex, /dex/auth /dex", "/routes", open(&["/dex", "/dex/auth"])),
            ("SKIP_AUTH_URLS=dex admin,/ok", "/routes", open(&["/ok"])),
            ("SKIP_AUTH_URLS=", "/routes", json!(null)),
            ("SKIP_AUTH_URLS=dex,/a?b,//x,/ok", "/routes", open(&["/ok"])),
        ],
    );
    with(MIDDLE, "SKIP_AUTH_URLS=/dex").says("`/dex` opened `/dexfoo`, too");
    with(MIDDLE, "SKIP_AUTH_URLS=dex").says("`dex` does not begin with `/`, so it opened nothing");
    becomes(FIRST, &[("SKIP_AUTH_URI=/dex /x", "/routes", open(&["/dex", "/x"]))]);
}

/// They were one path, so that what is behind them was closed.
// M-4
#[test]
fn open_paths_with_another_dialects_separator_are_refused() {
    let list = "SKIP_AUTH_URLS=/ok,/dex /admin";
    let said = "SKIP_AUTH_URLS (a.env:5) holds `/dex /admin`, which yours read as one path, so that none of them was open: \
                if everyone may see each of them, give `--open /dex --open /admin`, or write commas between them";
    for (list, said) in
        [(list, said), ("SKIP_AUTH_URLS=/ok /ok/a /admin", "`/ok /ok/a /admin`"), ("SKIP_AUTH_URLS=dex /a", "`dex /a`")]
    {
        let migrated = with(MIDDLE, list);
        migrated.says(said);
        assert_eq!((migrated.outcome.code, migrated.files().len()), (1, 0));
    }
    let text = format!("{MIDDLE}{list}\n");
    let opened = |options: &[&str]| migrate(&[("a.env", &text)], options);
    assert_eq!(opened(&["--open=/dex", "--open=/admin"]).at("/routes/2/match/path/prefix"), "/admin");
    assert_eq!(opened(&["--open=/dex"]).outcome.code, 1);
    with(FIRST, "SKIP_AUTH_URI=/dex,/admin").says("`/dex,/admin`, which yours read as one path");
    // A line break inside a ConfigMap's value.
    let map = "kind: ConfigMap\nmetadata: { name: p }\ndata: { SKIP_AUTH_URLS: \"/dex\\n/admin\" }\n";
    migrate(&[("a.env", MIDDLE), ("p.yaml", map)], &[]).says("holds `/dex /admin`, which");
}

// M-8, M-9
#[test]
fn sessions() {
    let lifetime = "/session/lifetime";
    becomes(
        MIDDLE,
        &[
            ("", lifetime, json!("24h")),
            ("SESSION_MAX_AGE=0xe10", lifetime, json!("1h")),
            ("SESSION_MAX_AGE=5_400", lifetime, json!("90m")),
            ("SESSION_MAX_AGE=86400", lifetime, json!("24h")),
            ("SESSION_MAX_AGE=604800", lifetime, json!("7d")),
            ("SESSION_MAX_AGE=3601", lifetime, json!("3601s")),
            ("SESSION_MAX_AGE=60", lifetime, json!("5m")),
            ("SESSION_MAX_AGE=31536000", lifetime, json!("30d")),
            ("", "/session/cookie", json!({ "name": "authservice_session", "prefix": false })),
            ("SESSION_SAME_SITE=None", "/session/cookie/sameSite", json!("None")),
            ("SESSION_SAME_SITE=Strict", "/session/cookie/sameSite", json!("Lax")),
            ("SESSION_SAME_SITE=none", "/session/cookie/sameSite", json!("Lax")),
            ("", "/session/header", json!("authorization")),
            ("AUTH_HEADER=X-Auth-Token", "/session/header", json!("x-auth-token")),
            ("AUTH_HEADER=", "/session/header", json!(null)),
        ],
    );
    becomes(FIRST, &[("", "/session/header", json!("x-auth-token")), ("", "/bearer", json!(null))]);
}

#[test]
fn the_external_authorizer_and_the_pages_name_are_kept() {
    becomes(
        LAST,
        &[
            (
                "EXTERNAL_AUTHZ_URL=http://a.b.svc:80/c",
                "/externalAuthorization",
                json!({ "url": "http://a.b.svc:80/c", "insecureHttp": true }),
            ),
            (
                "EXTERNAL_AUTHZ_URL=https://a.example/c",
                "/externalAuthorization",
                json!({ "url": "https://a.example/c" }),
            ),
            ("EXTERNAL_AUTHZ_URL=", "/externalAuthorization", json!(null)),
            ("CLIENT_NAME=Us", "/pages/name", json!("Us")),
        ],
    );
}

// N-1, N-2, N-3, N-5, N-6
#[test]
fn what_is_gone_has_a_word_on_what_to_do_instead() {
    for (line, said) in [
        ("", "sessions everyone signs in once more (N-1)"),
        ("THEME=x", "THEME our own pages; `pages` has their name"),
        ("TEMPLATE_CONTEXT_A=b", "TEMPLATE_CONTEXT_A our own pages"),
        ("CA_BUNDLE=/x", "CA_BUNDLE the gateway's clusters say whom they trust"),
        ("SERVER_PORT=1", "SERVER_PORT there is no server of its own"),
        ("SESSION_STORE_PATH=/x", "SESSION_STORE_PATH sessions are in the cookie"),
        ("SESSION_STORE_REDIS_DB=1", "SESSION_STORE_REDIS_DB sessions are in the cookie"),
        ("", "sign-out on the server a copy of a cookie"),
        ("STRICT_SESSION_VALIDATION=true", "STRICT_SESSION_VALIDATION the provider is not asked about each request"),
        ("STRICT_SESSION_VALIDATION=0", "STRICT_SESSION_VALIDATION off, as it always is here"),
    ] {
        with(LAST, line).says(said);
    }
}

/// Each difference that is there whatever was set has its number.
#[test]
fn every_difference_is_said() {
    let said = with(
        LAST,
        "SKIP_AUTH_URLS=/a\nUSERID_TRANSFORMERS=[{\"matches\":\"a\",\"replaces\":\"b\"}]\nGROUPS_ALLOWLIST= a",
    )
    .said();
    for number in [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18] {
        assert!(said.contains(&format!("F-{number}")), "F-{number}");
    }
}
