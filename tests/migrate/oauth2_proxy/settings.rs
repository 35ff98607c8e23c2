//! What becomes of one setting.

use serde_json::{Value, json};

use super::given::{LEAST, migrate, of, with};

#[track_caller]
fn rules(lines: &str) -> Value {
    with(lines).at("/routes")
}

#[test]
fn open_paths_are_those_that_were_and_no_others() {
    let rule = |matched: Value| json!([{ "match": matched, "action": "allow" }]);
    let path = |path: Value| rule(json!({ "path": path }));
    assert_eq!(rules("skip_auth_routes = [\"^/healthz$\"]"), path(json!({ "exact": "/healthz" })));
    assert_eq!(rules("skip_auth_routes = \"^/dex/\""), path(json!({ "prefix": "/dex" })));
    assert_eq!(rules("skip_auth_regex = [\"^/v[0-9]/x$\"]"), path(json!({ "regex": "/v[0-9]/x" })));
    let get = rule(json!({ "methods": ["GET"], "path": { "exact": "/a" } }));
    assert_eq!(rules("skip_auth_routes = [\"GET=^/a$\"]"), get);
    // Whatever begins with these letters stays closed: `/apix` was, too.
    let negated = rule(json!({ "methods": ["POST"], "not": { "path": { "regex": "/api.*" } } }));
    assert_eq!(rules("skip_auth_routes = [\"POST!=^/api\"]"), negated);
    let anywhere = rule(json!({ "not": { "path": { "regex": ".*api.*" } } }));
    assert_eq!(rules("skip_auth_routes = [\"!=api\"]"), anywhere);
    let both = with("skip_auth_routes = [\"^/a$|^/b/\"]").at("/routes");
    assert_eq!(both.as_array().map(Vec::len), Some(2), "{both}");
}

#[test]
fn requirements_stand_at_every_rule_that_asks_for_a_sign_in() {
    let lines = "email_domains = [\"Example.com\", \".partners.example.net\"]\nallowed_groups = [\"a\", \"b\"]\napi_routes = [\"^/api/\"]";
    let routes = of(lines, &[]).at("/routes");
    let all = json!({ "all": [
        { "emailDomains": ["example.com", "*.partners.example.net"] },
        { "groups": { "any": ["a", "b"] } },
    ] });
    let expected = json!([
        { "match": { "path": { "prefix": "/api" } }, "action": "authenticate", "unauthenticated": "challenge", "require": all },
        { "action": "authenticate", "require": all },
    ]);
    assert_eq!(routes, expected);
}

#[test]
fn addresses_of_a_file_or_a_domain_let_in() {
    let text = format!("{LEAST}email_domains = \"example.com\"\nauthenticated_emails_file = \"/etc/people\"\n");
    let migrated = migrate(&[("proxy.cfg", &text), ("people", "# who\nAda@example.net\nbob@example.net,x\n")], &[]);
    let any =
        json!({ "any": [{ "emailDomains": ["example.com"] }, { "emails": ["ada@example.net", "bob@example.net"] }] });
    assert_eq!(migrated.at("/routes/0/require"), any);
}

#[test]
fn another_claim_for_the_address_is_held_against_expressions() {
    let migrated = of("email_domains = [\"example.com\", \"*.b.example\"]\noidc_email_claim = \"upn\"", &[]);
    let test = json!({ "claim": "upn", "matches": "(?i:[^@]+@example\\.com|[^@]+@[^@]+\\.b\\.example)" });
    assert_eq!(migrated.at("/routes/0/require/claims/0"), test);
    assert_eq!(migrated.at("/identity/userId"), json!({ "claim": "upn", "header": "x-forwarded-email" }));
}

#[test]
fn groups_that_nobody_is_told_of_restrict_all_the_same() {
    let lines = "pass_user_headers = false\npass_basic_auth = false\nallowed_groups = [\"\", \"staff\"]";
    let migrated = with(lines);
    assert_eq!(migrated.at("/routes/0/require/groups/any"), json!(["staff"]));
    assert_eq!(migrated.at("/identity/groups/header"), json!("x-forwarded-groups"));
}

#[test]
fn roles_of_keycloak_are_claims() {
    let lines = "allowed_roles = [\"auditor\", \"gateway:operator\"]\nallowed_groups = [\"role:admin\", \"/staff\"]";
    let text = LEAST.replace("\"oidc\"", "\"keycloak-oidc\"") + "email_domains = \"*\"\n" + lines;
    let migrated = migrate(&[("proxy.cfg", &text)], &[]);
    let claim = |path: Value, name: &str| json!({ "claims": [{ "claim": path, "contains": name }] });
    let any = json!([
        { "groups": { "any": ["/staff"] } },
        claim(json!(["realm_access", "roles"]), "admin"),
        claim(json!(["realm_access", "roles"]), "auditor"),
        claim(json!(["resource_access", "gateway", "roles"]), "operator"),
    ]);
    assert_eq!(migrated.at("/routes/0/require/any"), any);
}

#[test]
fn headers_are_those_that_applications_got() {
    let migrated = with("pass_access_token = true\npass_authorization_header = true\nset_xauthrequest = true");
    let headers = |pointer: &str| migrated.at(pointer);
    assert_eq!(headers("/identity/userId"), json!({ "claim": "email", "header": "x-forwarded-email" }));
    assert_eq!(headers("/identity/groups"), json!({ "claim": "groups", "header": "x-forwarded-groups" }));
    let others = json!([
        { "claim": "sub", "header": "x-forwarded-user" },
        { "claim": "preferred_username", "header": "x-forwarded-preferred-username" },
    ]);
    assert_eq!(headers("/identity/headers"), others);
    let forward =
        json!({ "idToken": { "header": "authorization" }, "accessToken": { "header": "x-forwarded-access-token" } });
    assert_eq!(headers("/identity/forward"), forward);
    let removed = headers("/identity/remove").to_string();
    assert!(removed.contains("x-auth-request-user") && !removed.contains("x-forwarded-user"), "{removed}");
    migrated.says("stood in answers to browsers");
}

#[test]
fn no_client_sends_a_header_that_was_set_and_is_not() {
    let alpha = "injectRequestHeaders:\n- { name: X-Remote-User, values: [{ claim: email }, { claim: sub }] }\n\
                 - { name: X-Proxy-Secret, values: [{ value: eA== }] }\n\
                 - { name: X_Basic, values: [{ claim: user, basicAuthPassword: { value: eA== } }] }\n\
                 - { name: X-Token, values: [{ claim: access_token }] }\n- { name: X-Auth-Request-Access-Token, values: [{ claim: access_token }] }\n\
                 - { name: X-Expires, values: [{ claim: expires_on }] }\n- { name: Authorization, values: [{ value: eA== }] }\n";
    let text = format!("{LEAST}email_domains = \"*\"\n");
    let migrated = migrate(&[("proxy.cfg", &text), ("alpha.yaml", alpha)], &[]);
    let removed = migrated.at("/identity/remove").to_string();
    for name in ["x-remote-user", "x-proxy-secret", "x_basic", "x-auth-request-access-token", "x-expires"] {
        assert!(removed.contains(&format!("\"{name}\"")), "{name}: {removed}");
    }
    assert!(!removed.contains("x-token") && !removed.contains("authorization"), "{removed}");
    migrated.says("What a client sends under this name reaches the applications");
}

#[test]
fn where_another_proxy_asked_its_headers_count() {
    let text = LEAST.replace("http://127.0.0.1:8080/", "static://202")
        + "email_domains = \"*\"\nset_xauthrequest = true\npass_access_token = true\n";
    let migrated = migrate(&[("proxy.cfg", &text)], &[]);
    assert_eq!(migrated.at("/identity/userId/header"), json!("x-auth-request-email"));
    assert_eq!(migrated.at("/identity/forward"), json!({ "accessToken": { "header": "x-auth-request-access-token" } }));
    assert!(migrated.at("/identity/remove").to_string().contains("x-forwarded-user"));
}

#[test]
fn sessions_last_as_long_and_cookies_are_called_alike() {
    let migrated = with(
        "cookie_expire = \"8h\"\ncookie_name = \"__Host-app\"\ncookie_samesite = \"none\"\ncookie_secure = \"true\"",
    );
    assert_eq!(migrated.at("/session/lifetime"), json!("8h"));
    assert_eq!(migrated.at("/session/cookie"), json!({ "name": "app", "sameSite": "None" }));
    assert_eq!(with("").at("/session/lifetime"), json!("7d"));
    assert_eq!(with("cookie_expire = \"2000h\"").at("/session/lifetime"), json!("30d"));
    assert_eq!(with("cookie_samesite = \"strict\"").at("/session/cookie/sameSite"), json!("Lax"));
}

#[test]
fn endpoints_count_where_no_metadata_is_fetched() {
    let endpoints = "login_url = \"https://id.example.com/a\"\nredeem_url = \"https://id.example.com/t\"\noidc_jwks_url = \"https://id.example.com/k\"\n";
    let by_hand = with(&format!("{endpoints}skip_oidc_discovery = true"));
    let expected = json!({
        "authorization": "https://id.example.com/a", "token": "https://id.example.com/t", "jwks": "https://id.example.com/k",
    });
    assert_eq!(by_hand.at("/providers/0/endpoints"), expected);
    assert_eq!(by_hand.at("/providers/0/userInfo"), Value::Null);
    let discovered = with(endpoints);
    assert_eq!(discovered.at("/providers/0/endpoints"), Value::Null);
    discovered.says("the metadata of the issuer counts");
}

#[test]
fn what_the_sign_in_asks_for_goes_on_and_is_verified_where_it_can_be() {
    let migrated = with("prompt = \"select_account\"\nacr_values = \"a b\"");
    assert_eq!(migrated.at("/providers/0/authorizationParameters"), json!({ "prompt": "select_account" }));
    assert_eq!(migrated.at("/routes/0/signIn"), json!({ "acrValues": ["a", "b"] }));
    let none = with("prompt = \"none\"");
    assert_eq!(none.at("/providers/0/authorizationParameters"), Value::Null);
    none.says("it forbids the provider to show its sign-in page");
}

#[test]
fn tokens_of_programs_count_for_whom_they_were_made() {
    assert_eq!(with("").at("/providers/0/bearer"), Value::Null);
    let lines = "skip_jwt_bearer_tokens = true\noidc_extra_audiences = [\"api\"]\n\
                 extra_jwt_issuers = \"https://oidc.eks.us-east-1.amazonaws.com/id/0=edge,https://id.example.com=other\"";
    let migrated = with(lines);
    assert_eq!(migrated.at("/providers/0/bearer/0"), json!({ "kind": "id_token", "audiences": ["gateway", "api"] }));
    assert_eq!(migrated.at("/providers/0/bearer/2"), json!({ "kind": "id_token", "audiences": ["other"] }));
    assert_eq!(migrated.at("/providers/1/bearer"), json!([{ "kind": "service_account", "audiences": ["edge"] }]));
    assert_eq!(migrated.at("/providers/1/identity/userId"), json!({ "claim": "sub" }));
    with("extra_jwt_issuers = \"https://a.example=b\"").says("no token of theirs counted");
}

#[test]
fn endpoints_of_ours_are_where_its_own_were() {
    let paths =
        of("email_domains = \"*\"\nproxy_prefix = \"/auth\"", &["--public-url=https://app.example.com"]).at("/paths");
    let expected = json!({
        "callback": "/oauth2/callback", "signIn": "/auth/start", "signOut": "/auth/sign_out", "signedOut": "/auth/signed-out",
        "whoami": "/auth/userinfo", "homepage": "/auth/sign_in", "returnParameter": "rd",
    });
    assert_eq!(paths, expected);
}

#[test]
fn command_lines_and_services_say_the_same_as_a_file() {
    let line = "# as the guide has it\n/usr/bin/oauth2-proxy \\\n  --provider=oidc --client-id gateway --client-secret='hunter2 client' \\\n\
                  --oidc-issuer-url=https://id.example.com --redirect-url=https://app.example.com/oauth2/callback \\\n\
                  --email-domain=example.com --upstream=http://127.0.0.1:8080/ --allowed-group=/staff\n";
    let variables = "OAUTH2_PROXY_CLIENT_ID: gateway\n      OAUTH2_PROXY_CLIENT_SECRET: hunter2 $$client\n      \
                     OAUTH2_PROXY_OIDC_ISSUER_URL: https://id.example.com\n      OAUTH2_PROXY_ALLOWED_GROUPS: /staff\n      \
                     OAUTH2_PROXY_REDIRECT_URL: https://app.example.com/oauth2/callback\n";
    let compose = format!(
        "services:\n  web: {{ image: nginx, environment: [ 'A=${{B}}' ] }}\n  proxy:\n    image: quay.io/oauth2-proxy/oauth2-proxy:v7\n    \
         command: --provider oidc --upstream=http://127.0.0.1:8080/ --email-domain=example.com\n    environment:\n      {variables}"
    );
    let file = LEAST.to_owned() + "email_domains = \"example.com\"\nallowed_groups = [\"/staff\"]\n";
    let expected = migrate(&[("proxy.cfg", &file)], &[]);
    for (name, text) in [("flags.txt", line), ("compose.yaml", compose.as_str())] {
        let migrated = migrate(&[(name, text)], &[]);
        for part in ["/providers", "/routes", "/identity", "/paths", "/publicUrls"] {
            assert!(!migrated.at(part).is_null() && migrated.at(part) == expected.at(part), "{name} {part}");
        }
    }
    let named = "oauth2-proxy --config=/etc/proxy.cfg --scope=openid";
    assert_eq!(
        migrate(&[("flags.txt", named), ("proxy.cfg", &file)], &[]).at("/providers/0/scopes"),
        json!(["openid"])
    );
    migrate(&[("flags.txt", named)], &[]).says("--config names proxy.cfg, which is none of these files: give it, too");
}

#[test]
fn flags_count_before_variables_and_those_before_files() {
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: oauth2-proxy }\nspec: { template: { spec: { containers: [\
                      { name: oauth2-proxy, args: [--client-id=by-flag], env: [\
                      { name: OAUTH2_PROXY_CLIENT_ID, value: by-variable }, { name: OAUTH2_PROXY_SCOPE, value: openid }] }] } } }\n";
    let text = format!("{LEAST}email_domains = \"*\"\nscope = \"openid email\"\n");
    let migrated = migrate(&[("proxy.cfg", &text), ("deployment.yaml", deployment)], &[]);
    assert_eq!(migrated.at("/providers/0/clientId"), json!("by-flag"));
    assert_eq!(migrated.at("/providers/0/scopes"), json!(["openid"]));
    migrated.says("says otherwise, and counts, as with oauth2-proxy");
}
