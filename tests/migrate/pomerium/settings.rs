//! What becomes of each setting, and what stands in the way.

use serde_json::json;

use super::given::{BASE, Migrated, ROUTES, config, refuses, route, setting, with};

/// The usual one with another line in place of the one that begins so.
fn instead(begins: &str, line: &str) -> Migrated {
    let lines = BASE.lines().map(|other| if other.starts_with(begins) { line } else { other });
    config(&format!("{}\n{ROUTES}", lines.collect::<Vec<_>>().join("\n")))
}

#[test]
fn one_session_for_all_hosts_below_the_domain_of_the_sign_in() {
    let usual = config(&format!("{BASE}{ROUTES}"));
    assert_eq!(usual.at("/publicUrls"), json!(["https://app.example.com", "https://authenticate.example.com"]));
    assert_eq!(usual.at("/callbackUrl"), "https://authenticate.example.com");
    assert_eq!(usual.at("/session/cookie/domain"), "example.com");
    let apart = with(&format!("{BASE}{ROUTES}"), &["--session-per-host"]);
    assert_eq!((apart.at("/callbackUrl"), apart.at("/session/cookie")), (json!(null), json!(null)));
    apart.says("register `https://app.example.com/oauth2/callback` at the provider");
    let elsewhere = instead("authenticate_service_url", "authenticate_service_url: https://login.example.org");
    assert_eq!(elsewhere.at("/callbackUrl"), json!(null));
    elsewhere.says("app.example.com is not below example.org");
    let shared = instead("authenticate_service_url", "authenticate_service_url: https://example.co.uk");
    assert_eq!(shared.at("/session/cookie"), json!(null), "everyone's domain");
}

#[test]
fn the_domain_that_is_written_counts_where_it_covers_all() {
    let written = setting("cookie_domain: .example.com");
    assert_eq!(written.at("/session/cookie/domain"), "example.com");
    refuses(&setting("cookie_domain: apps.example.com"), "cookie_domain (config.yaml) does not cover app.example.com");
    refuses(&setting("authenticate_service_url: x"), "config.yaml is no YAML");
}

#[test]
fn providers_are_known_by_their_names() {
    let provider = |name: &str, url: &str| {
        config(&format!(
            "authenticate_service_url: https://authenticate.example.com\nidp_provider: {name}\n{url}idp_client_id: a\nidp_client_secret: hunter2\n{ROUTES}"
        ))
    };
    let google = provider("google", "");
    assert_eq!(google.at("/providers/0/issuer"), "https://accounts.google.com");
    assert_eq!(
        google.at("/providers/0/authorizationParameters"),
        json!({ "prompt": "select_account consent", "access_type": "offline" })
    );
    assert_eq!(
        provider("auth0", "idp_provider_url: https://x.auth0.com\n").at("/providers/0/issuer"),
        "https://x.auth0.com/"
    );
    let cognito = "idp_provider_url: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x/\n";
    refuses(&provider("cognito", cognito), "no setting names the domain of the pool: add `--domain HOST`");
    refuses(&provider("oidc", ""), "idp_provider_url is in none of the files");
    refuses(&provider("azure", ""), "Pomerium took people of every tenant and did not compare the issuer");
    let common = "idp_provider_url: https://login.microsoftonline.com/common/v2.0\n";
    refuses(&provider("azure", common), "takes people of every tenant");
    refuses(&provider("github", ""), "idp_provider (config.yaml) (`github`) is no OpenID provider");
    refuses(&provider("apple", ""), "has a client secret that ends after some months");
    refuses(&provider("keycloack", ""), "is no provider that Pomerium knows: write `oidc`");
    refuses(&provider("oidc", "idp_provider_url: http://idp.example.net\n"), "is plain http: whoever is on the way");
    refuses(&config(ROUTES), "idp_provider is in none of the files");
}

#[test]
fn scopes_are_pomeriums_own_where_none_are_written() {
    let usual = config(&format!("{BASE}{ROUTES}"));
    assert_eq!(usual.at("/providers/0/scopes"), json!(["openid", "profile", "email", "offline_access"]));
    assert_eq!(setting("idp_scopes: 'email, groups'").at("/providers/0/scopes"), json!(["openid", "email", "groups"]));
    let pool = instead("idp_provider_url", "idp_provider_url: https://cognito-idp.us-east-1.amazonaws.com/us-east-1_x");
    refuses(&pool, "add `--domain HOST`");
}

#[test]
fn what_a_sign_in_asks_for_beside_the_usual() {
    let migrated = setting("idp_request_params: { hd: example.com, prompt: login }");
    assert_eq!(migrated.at("/providers/0/authorizationParameters"), json!({ "prompt": "login" }));
    migrated.says("`hd` only chose what Google's page offers");
    refuses(
        &setting("idp_request_params: { prompt: none }"),
        "idp_request_params (config.yaml): providers[0].authorizationParameters",
    );
}

#[test]
fn cookies_and_lifetimes() {
    assert_eq!(setting("cookie_expire: 1h30m").at("/session/lifetime"), "90m");
    assert_eq!(config(&format!("{BASE}{ROUTES}")).at("/session/lifetime"), "14h");
    assert_eq!(setting("cookie_expire: 8760h").at("/session/lifetime"), "30d");
    refuses(&setting("cookie_expire: 14"), "cookie_expire (config.yaml) is no duration above zero");
    assert_eq!(setting("cookie_name: mine").at("/session/cookie/name"), "mine");
    assert_eq!(setting("cookie_same_site: none").at("/session/cookie/sameSite"), "None");
    assert_eq!(setting("cookie_same_site: strict").at("/session/cookie/sameSite"), json!(null));
    refuses(&setting("cookie_same_site: loose"), "cookie_same_site (config.yaml) is none that there is");
    setting("cookie_secure: false").says("cookie_secure cookies are always `Secure`");
    let secret = setting("cookie_secret: hunter2-of-a-cookie");
    assert!(secret.files().iter().all(|(_, text, _)| !text.contains("hunter2-of-a-cookie")));
}

#[test]
fn where_people_land_when_they_sign_out() {
    let logout = |migrated: &Migrated| migrated.at("/providers/0/logout");
    let usual = json!({ "kind": "rpInitiated", "postLogoutRedirectUri": "https://authenticate.example.com/.pomerium/signed_out" });
    assert_eq!(logout(&config(&format!("{BASE}{ROUTES}"))), usual);
    let own = setting("signout_redirect_url: https://www.example.com/bye");
    assert_eq!(logout(&own), json!({ "kind": "rpInitiated", "postLogoutRedirectUri": "https://www.example.com/bye" }));
    own.says("register `https://www.example.com/bye`");
    assert_eq!(own.at("/paths/signOut"), "/.pomerium/sign_out");
    refuses(
        &setting("signout_redirect_url: bye"),
        "signout_redirect_url (config.yaml): providers[0].logout.postLogoutRedirectUri",
    );
}

#[test]
fn headers_reach_applications_where_a_route_passes_them() {
    let headers = |more: &str| setting(&format!("{more}\njwt_claims_headers: [email, user, groups, aud]"));
    let on = headers("pass_identity_headers: true");
    assert_eq!(
        on.at("/identity/headers"),
        json!([
            { "header": "x-pomerium-claim-email", "claim": "email" },
            { "header": "x-pomerium-claim-user", "claim": "sub" },
            { "header": "x-pomerium-claim-groups", "claim": "groups" },
        ])
    );
    assert_eq!(on.at("/identity/remove"), json!(["x-pomerium-claim-aud", "x-pomerium-jwt-assertion"]));
    let off = headers("pass_identity_headers: false");
    assert_eq!(off.at("/identity/headers"), json!(null));
    assert_eq!(off.at("/identity/remove").as_array().map(Vec::len), Some(5));
    assert_eq!(
        setting("pass_identity_headers: true\njwt_claims_headers: { X-Mail: email }").at("/identity/headers/0/header"),
        "x-mail"
    );
    assert_eq!(
        setting("pass_identity_headers: true\njwt_claims_headers: 'email,realm_access.roles'")
            .at("/identity/headers/1/claim"),
        json!(["realm_access", "roles"])
    );
    refuses(
        &setting("pass_identity_headers: true\njwt_claims_headers: ['a:b']"),
        "jwt_claims_headers (config.yaml): identity.headers[0].header",
    );
    refuses(&setting("pass_identity_headers: perhaps"), "pass_identity_headers (config.yaml) is no boolean");
}

#[test]
fn the_assertion_is_the_id_token_where_somebody_wants_it() {
    let text = format!(
        "{BASE}pass_identity_headers: true\nroutes:\n- {{ from: https://app.example.com, to: http://a, allow_any_authenticated_user: true }}\n- {{ from: https://b.example.com, to: http://b, allow_any_authenticated_user: true, pass_identity_headers: false }}\n"
    );
    let forwarded = with(&text, &["--forward-id-token"]);
    assert_eq!(forwarded.at("/identity/forward"), json!({ "idToken": { "header": "x-pomerium-jwt-assertion" } }));
    assert_eq!(forwarded.at("/routes/0/forward"), json!(null));
    assert_eq!(forwarded.at("/routes/1/forward"), json!({}), "not to the one that passes nothing");
    let without = config(&text);
    assert_eq!(without.at("/identity"), json!({ "remove": ["x-pomerium-jwt-assertion"] }));
    without.says("X-Pomerium-Jwt-Assertion nothing here signs an assertion");
}

#[test]
fn tokens_in_headers_of_a_route() {
    let migrated = route(
        "allow_any_authenticated_user: true\nset_request_headers: { Authorization: 'Bearer ${pomerium.access_token}', X-Id: $pomerium.id_token, X-Key: hunter2, X-Jwt: '${pomerium.jwt}' }",
    );
    let forward = json!({ "accessToken": { "header": "authorization" }, "idToken": { "header": "x-id" } });
    assert_eq!(migrated.at("/routes/0/forward"), forward);
    migrated.says("`X-Jwt` is made of what no rule here hands on");
    migrated.says("what is the same for everyone is the gateway's to set");
    assert!(!migrated.said().contains("hunter2"));
}

#[test]
fn programs_bring_tokens_where_they_could() {
    let identity = setting("bearer_token_format: idp_identity_token");
    assert_eq!(identity.at("/providers/0/bearer"), json!([{ "kind": "id_token", "audiences": ["gateway"] }]));
    assert_eq!(identity.at("/routes/0/credentials"), json!(null));
    let one = config(&format!(
        "{BASE}routes:\n- {{ from: https://app.example.com, to: http://a, allow_any_authenticated_user: true }}\n- {{ from: https://b.example.com, to: http://b, allow_any_authenticated_user: true, bearer_token_format: idp_identity_token }}\n"
    ));
    assert_eq!(one.at("/routes/0/credentials"), json!(["session"]));
    assert_eq!(one.at("/routes/1/credentials"), json!(null));
    let access = setting("bearer_token_format: idp_access_token\nidp_access_token_allowed_audiences: [api]");
    assert_eq!(access.at("/providers/0/bearer/0/audiences"), json!(["api"]));
    let anybody = setting("bearer_token_format: idp_access_token");
    assert_eq!(anybody.at("/providers/0/bearer"), json!(null));
    anybody.says("access tokens for anybody");
}

#[test]
fn every_other_setting_is_named() {
    let migrated = setting(
        "databroker_storage_type: postgres\nautocert: true\ncertificate_file: a.pem\ninsecure_server: true\nidp_scoops: [a]\ngrpc_address: ':1'\nshared_secret: hunter2-shared",
    );
    migrated.says("idp_scoops no setting that Pomerium reads: see whether it is a typing mistake");
    for name in
        ["databroker_storage_type", "autocert", "certificate_file", "insecure_server", "grpc_address", "shared_secret"]
    {
        assert!(migrated.outcome.output.contains(&format!("\n  {name}")), "{name}: {}", migrated.outcome.output);
        assert!(!migrated.said().contains(&format!("{name} no setting")), "{name}");
    }
    let route =
        route("allow_any_authenticated_user: true\ntls_skip_verify: true\nprefix_rewrite: /\nalow_websockets: true");
    route.says("tls_skip_verify warning: Pomerium did not verify the application's certificate");
    route.says("alow_websockets no setting of a route that Pomerium reads");
}

#[test]
fn routes_that_no_filter_of_http_sees_are_left_out() {
    let migrated = config(&format!(
        "{BASE}{ROUTES}- {{ from: 'tcp+https://db.example.com:5432', to: tcp://db, allow_any_authenticated_user: true }}\n"
    ));
    assert_eq!(migrated.at("/publicUrls").as_array().map(Vec::len), Some(2));
    migrated.says("a stream, which no filter of HTTP sees");
    let own = format!(
        "{BASE}routes:\n- {{ from: https://a-*.example.com, to: http://a, allow_any_authenticated_user: true }}\n"
    );
    refuses(&config(&own), "routes[0] (https://a-*.example.com) is for an address that is no public URL");
    refuses(
        &route("allow_any_authenticated_user: true\nidp_client_id: other"),
        "has a client of its own (`idp_client_id`)",
    );
}

/// Applications believe them, since no client could send them.
#[test]
fn what_pomerium_took_off_or_wrote_no_client_may_send() {
    let any = "allow_any_authenticated_user: true";
    let removed = |settings: &str| route(&format!("{any}\n{settings}")).at("/identity/remove");
    let names = json!(["x-pomerium-jwt-assertion", "x-remote-user"]);
    assert_eq!(removed("remove_request_headers: [X-Remote-User]"), names);
    assert_eq!(removed("set_request_headers: { X-Remote-User: fixed }"), names);
    assert_eq!(removed("set_request_headers: { X-Remote-User: '${pomerium.jwt}' }"), names);
    assert_eq!(
        removed("set_request_headers: { X-Remote-User: $pomerium.id_token }"),
        json!(["x-pomerium-jwt-assertion"])
    );
    assert_eq!(setting("remove_request_headers: [X-Remote-User, x_remote_user]").at("/identity/remove"), names);
    let account = removed("kubernetes_service_account_token: hunter2");
    assert_eq!(
        account,
        json!(["x-pomerium-jwt-assertion", "impersonate-user", "impersonate-group", "impersonate-uid"])
    );
    let kept = route(&format!("{any}\nremove_request_headers: [Authorization]"));
    assert_eq!(kept.at("/identity/remove"), json!(["x-pomerium-jwt-assertion"]));
    kept.says("authorization HTTP, Envoy or a sign-in needs this header");
    refuses(
        &route(&format!("{any}\nset_request_headers: a-secret")),
        "`set_request_headers` has no headers that can be read here",
    );
    refuses(
        &route(&format!("{any}\nremove_request_headers: {{ a: b }}")),
        "`remove_request_headers` is no list of headers",
    );
}

#[test]
fn an_address_by_http_beside_others_is_named() {
    let mixed =
        format!("{BASE}{ROUTES}- {{ from: http://f.example.com, to: http://f, allow_any_authenticated_user: true }}\n");
    refuses(&config(&mixed), "routes[1] (http://f.example.com): publicUrls[1] is plain http");
}

#[test]
fn a_typing_mistake_is_named_with_whatever_stands_in_the_way() {
    let migrated = instead("idp_client_id", "idp_clientid: gateway");
    refuses(&migrated, "idp_client_id is in none of the files");
    migrated.says("idp_clientid: no setting that Pomerium reads: see whether it is a typing mistake");
    let wrong = config(&format!(
        "{}routes:\n- {{ from: https://a.example.com, tto: http://a }}\n",
        BASE.replace(": oidc", ": cognitoo")
    ));
    refuses(&wrong, "idp_provider (config.yaml) (`cognitoo`) is no provider that Pomerium knows");
    wrong.says("tto: no setting of a route that Pomerium reads");
}
