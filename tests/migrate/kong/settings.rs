//! What becomes of one setting.

use serde_json::{Value, json};

use super::given::{at_cognito, elsewhere};

#[track_caller]
fn becomes(cases: &[(Value, &str, Value)]) {
    for (more, pointer, expected) in cases {
        assert_eq!(at_cognito(more.clone()).at(pointer), *expected, "{more}");
    }
}

#[test]
fn the_issuer_may_be_the_address_of_the_metadata() {
    let pool = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf012";
    for written in [pool.to_owned(), format!("{pool}/"), format!("{pool}/.well-known/openid-configuration")] {
        assert_eq!(at_cognito(json!({ "issuer": written })).at("/providers/0/issuer"), pool);
    }
    for (written, issuer) in [
        ("https://accounts.google.com/", "https://accounts.google.com"),
        ("https://x.auth0.com/.well-known/openid-configuration", "https://x.auth0.com/"),
        ("https://idp.example.com/realms/a/", "https://idp.example.com/realms/a/"),
    ] {
        assert_eq!(elsewhere(json!({ "issuer": written }), &[]).at("/providers/0/issuer"), issuer);
    }
}

#[test]
fn the_client_and_its_secret() {
    becomes(&[
        (json!({}), "/providers/0/clientSecret", json!({ "env": "OIDC_CLIENT_SECRET" })),
        (json!({ "client_secret": null }), "/providers/0/clientSecret", json!(null)),
        (json!({ "client_auth": ["none"] }), "/providers/0/clientSecret", json!(null)),
        (
            json!({ "client_auth": ["client_secret_basic"] }),
            "/providers/0/clientAuthentication",
            json!("client_secret_basic"),
        ),
        (json!({ "client_id": ["a", "b"] }), "/providers/0/clientId", json!("a")),
    ]);
    for reference in ["{vault://aws/kong/secret}", "${{ env \"DECK_SECRET\" }}"] {
        let migrated = at_cognito(json!({ "client_secret": [reference] }));
        migrated.says("for you to fill in");
        let files = migrated.files();
        let secret = files.iter().find(|(name, _, _)| name.ends_with("secret.yaml")).unwrap();
        assert!(!secret.1.contains(reference) && secret.2, "{}", secret.1);
    }
}

#[test]
fn parameters_scopes_and_limits() {
    becomes(&[
        (json!({ "scopes": ["email"] }), "/providers/0/scopes", json!(["openid", "email"])),
        (json!({ "scopes": ["openid", "offline_access"] }), "/providers/0/scopes", json!(["openid"])),
        (
            json!({ "authorization_query_args_names": ["lang"], "authorization_query_args_values": ["de"] }),
            "/providers/0/authorizationParameters",
            json!({ "lang": "de" }),
        ),
        (
            json!({ "authorization_query_args_client": ["login_hint"] }),
            "/providers/0/signInParameters",
            json!([{ "name": "login_hint" }]),
        ),
        (json!({ "leeway": 1000 }), "/providers/0/leeway", json!("300s")),
        (json!({ "leeway": 30 }), "/providers/0/leeway", json!("30s")),
        (json!({ "timeout": 2500 }), "/providers/0/timeout", json!("3s")),
        (json!({ "search_user_info": true }), "/providers/0/userInfo", json!(true)),
    ]);
}

#[test]
fn sessions() {
    becomes(&[
        (json!({}), "/session/lifetime", json!("24h")),
        (json!({}), "/session/idle", json!("15m")),
        (json!({ "session_absolute_timeout": 0 }), "/session/lifetime", json!("30d")),
        (json!({ "session_absolute_timeout": 3600, "session_idling_timeout": 0 }), "/session/idle", json!(null)),
        (json!({ "session_idling_timeout": 60 }), "/session/idle", json!("15m")),
        (json!({ "session_cookie_domain": ".example.com" }), "/session/cookie/domain", json!("example.com")),
        (json!({ "session_cookie_same_site": "Strict" }), "/session/cookie", json!(null)),
    ]);
}

#[test]
fn endpoints_and_pages() {
    becomes(&[
        (
            json!({ "redirect_uri": ["https://app.example.com/auth/callback"] }),
            "/paths/callback",
            json!("/auth/callback"),
        ),
        (json!({ "redirect_uri": ["https://app.example.com/"] }), "/paths/callback", json!(null)),
        (json!({ "logout_query_arg": "logout" }), "/paths/signOutArgument", json!("logout")),
        (json!({ "logout_uri_suffix": "logout" }), "/paths/signOut", json!("/logout")),
        (
            json!({ "logout_redirect_uri": ["https://app.example.com/bye"] }),
            "/providers/0/logout/logoutUri",
            json!("https://app.example.com/bye"),
        ),
        (json!({ "forbidden_redirect_uri": ["https://app.example.com/no"] }), "/pages/refusedUrl", json!("/no")),
        (json!({ "forbidden_redirect_uri": ["https://app.example.com/no"] }), "/routes/0/action", json!("allow")),
        (
            json!({ "forbidden_redirect_uri": ["https://www.example.com/no"] }),
            "/pages/refusedUrl",
            json!("https://www.example.com/no"),
        ),
        (
            json!({ "unexpected_redirect_uri": ["https://www.example.com/x"] }),
            "/pages/failedUrl",
            json!("https://www.example.com/x"),
        ),
        (
            json!({ "login_action": "redirect", "login_tokens": [], "login_redirect_uri": ["https://app.example.com/in"] }),
            "/afterSignIn",
            json!({ "url": "/in", "parameter": "next" }),
        ),
    ]);
    let elsewhere = elsewhere(json!({ "logout_redirect_uri": ["https://www.example.com/bye"] }), &[]);
    assert_eq!(elsewhere.at("/providers/0/logout/postLogoutRedirectUri"), "https://www.example.com/bye");
}

#[test]
fn headers() {
    let forwarded = json!({ "accessToken": { "header": "authorization" } });
    becomes(&[
        (json!({}), "/identity/forward", forwarded),
        (json!({ "upstream_access_token_header": null }), "/identity/forward", json!(null)),
        (json!({ "upstream_access_token_header": "nil" }), "/identity/forward", json!(null)),
        (
            json!({ "upstream_access_token_header": "x-token:bearer" }),
            "/identity/forward/accessToken/header",
            json!("x-token"),
        ),
        (json!({ "upstream_id_token_header": "x-id" }), "/identity/forward/idToken/header", json!("x-id")),
        (
            json!({ "upstream_headers_claims": ["email"], "upstream_headers_names": ["X-Mail"] }),
            "/identity/headers",
            json!([{ "header": "x-mail", "claim": "email" }]),
        ),
        (
            json!({ "upstream_headers": [{ "header": "X-Role", "path": ["realm_access", "role"] }] }),
            "/identity/headers",
            json!([{ "header": "x-role", "claim": ["realm_access", "role"] }]),
        ),
        (json!({ "credential_claim": ["sub"] }), "/identity/headers", json!(null)),
        (
            json!({ "authenticated_groups_claim": ["cognito:groups"] }),
            "/identity/groups/header",
            json!("x-authenticated-groups"),
        ),
    ]);
    let removed = at_cognito(json!({})).at("/identity/remove");
    assert!(
        ["x-consumer-username", "x-consumer-groups"]
            .iter()
            .all(|name| removed.as_array().unwrap().contains(&json!(name)))
    );
}

#[test]
fn every_header_that_kong_wrote_is_taken_from_clients() {
    let migrated = at_cognito(json!({
        "upstream_user_info_header": "x-userinfo", "upstream_user_info_jwt_header": "X-Userinfo-Jwt", "upstream_introspection_header": "x-intro",
        "upstream_introspection_jwt_header": "x-ij", "upstream_id_token_jwk_header": "x-jwk", "upstream_access_token_jwk_header": "x-aj:bearer",
        "upstream_session_id_header": "x-sid", "upstream_refresh_token_header": "x-rt", "session_request_headers": ["id", "idling-timeout"],
        "upstream_id_token_header": "x-id", "upstream_headers_claims": ["email"], "upstream_headers_names": ["X-Mail"],
    }));
    let removed = migrated.at("/identity/remove");
    let removed: Vec<_> = removed.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in [
        "x-userinfo",
        "x-userinfo-jwt",
        "x-intro",
        "x-ij",
        "x-jwk",
        "x-aj",
        "x-sid",
        "x-rt",
        "session-id",
        "session-idling-timeout",
    ] {
        assert!(removed.contains(&name), "{name}: {removed:?}");
    }
    // These are set here, and what a program sends in `Authorization` is its own.
    assert!(["x-id", "x-mail", "authorization"].iter().all(|name| !removed.contains(name)), "{removed:?}");
}

#[test]
fn bearer_tokens_are_for_somebody() {
    let clients = |ids: Value| json!([{ "kind": "access_token", "clientIds": ids }]);
    becomes(&[
        (json!({}), "/providers/0/bearer", clients(json!(["304a12ktcc5djt9d7enj6dsjkg"]))),
        (json!({ "auth_methods": ["authorization_code", "session"] }), "/providers/0/bearer", json!(null)),
        (
            json!({ "audience_claim": ["client_id"], "audience_required": ["x"] }),
            "/providers/0/bearer",
            clients(json!(["x"])),
        ),
        (json!({ "auth_methods": ["bearer"] }), "/providers/0/signIn", json!(false)),
    ]);
    assert_eq!(elsewhere(json!({}), &[]).at("/providers/0/bearer"), json!(null));
    let audience = elsewhere(json!({}), &["--audience=api"]).at("/providers/0/bearer");
    assert_eq!(audience, json!([{ "kind": "access_token", "audiences": ["api"] }]));
}
