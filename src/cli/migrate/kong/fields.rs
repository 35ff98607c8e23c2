//! Every setting of Kong's `openid-connect` plugin, and of what goes by its name: Kong Manager's, the Dev Portal's.
//!
//! Decides which are translated, which have no counterpart and what to do instead, which always hold here, and which stand in the
//! way. What a translated one becomes is decided in `translate`. A name may have Kong's own default behind a `=`.

use serde_json::Value;

/// What becomes of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It says how much is checked, and everything is checked here.
    Always(&'static str),
    /// It has no counterpart.
    Gone(&'static str),
    /// `translate` knows it.
    Read,
    /// It stands in the way unless it has Kong's default.
    Refused(&'static str),
}

/// A setting, and Kong's default of it.
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Null where there is none.
    pub(super) default: Value,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// The setting of this name, if there is one.
pub(super) fn find(name: &str) -> Option<Field> {
    all().find(|field| field.name == name)
}

/// All there are.
pub(super) fn all() -> impl Iterator<Item = Field> {
    let each = |(fate, entries): (Fate, &'static str)| {
        entries.split_whitespace().map(move |entry| {
            let (name, default) = entry.split_once('=').unwrap_or((entry, "null"));
            Field { name, default: serde_json::from_str(default).unwrap_or_default(), fate }
        })
    };
    let gone = GONE.iter().map(|(why, entries)| (Fate::Gone(why), *entries));
    let always = ALWAYS.iter().map(|(why, entries)| (Fate::Always(why), *entries));
    let refused = REFUSED.iter().map(|(why, entries)| (Fate::Refused(why), *entries));
    [(Fate::Read, READ)].into_iter().chain(always).chain(refused).chain(gone).flat_map(each)
}

/// Those that may differ between plugins of one issuer and client: they say who passes on a route.
pub(super) const OF_RULES: &str = "
    auth_methods anonymous scopes_required scopes_claim groups_required groups_claim roles_required roles_claim
    claims_forbidden domains max_age consumer_groups_optional bearer_token_param_type
";

/// Those that may differ between plugins of several issuers or clients, too.
pub(super) const OF_PROVIDERS: &str = "
    issuer client_id client_secret client_auth client_alg client_jwk client_arg token_endpoint_auth_method scopes audience
    audience_claim audience_required issuers_allowed authorization_endpoint token_endpoint jwks_endpoint end_session_endpoint
    revocation_endpoint userinfo_endpoint introspection_endpoint introspect_jwt_tokens authorization_query_args_names
    authorization_query_args_values authorization_query_args_client leeway timeout search_user_info logout_redirect_uri
    using_pseudo_issuer response_mode response_type require_proof_key_for_code_exchange verify_parameters ssl_verify
    verify_signature verify_claims verify_nonce ignore_signature redirect_uri
";

/// Those that are translated.
const READ: &str = r#"
    issuer client_id client_secret client_auth token_endpoint_auth_method client_arg="client_id"
    auth_methods login_action="upstream" login_tokens=["id_token"] login_redirect_uri login_methods=["authorization_code"]
    redirect_uri scopes=["openid"] response_mode="query" using_pseudo_issuer=false issuers_allowed
    authorization_endpoint token_endpoint jwks_endpoint end_session_endpoint revocation_endpoint userinfo_endpoint
    introspection_endpoint introspect_jwt_tokens=false
    authorization_query_args_names authorization_query_args_values authorization_query_args_client audience
    leeway=0 timeout=10000 search_user_info=false
    logout_query_arg logout_uri_suffix logout_methods=["DELETE","POST"] logout_redirect_uri logout_revoke=false
    unauthorized_redirect_uri forbidden_redirect_uri unexpected_redirect_uri
    audience_claim=["aud"] audience_required scopes_claim=["scope"] scopes_required groups_claim=["groups"] groups_required
    roles_claim=["roles"] roles_required claims_forbidden domains max_age
    anonymous authenticated_groups_claim credential_claim=["sub"]
    consumer_claim consumer_claims consumer_by=["username","custom_id"] by_username_ignore_case=false consumer_optional=false
    consumer_groups_claim consumer_groups_optional=false
    bearer_token_param_type=["body","header","query"] bearer_token_header_name bearer_token_cookie_name hide_credentials=true
    upstream_access_token_header="authorization:bearer" upstream_id_token_header upstream_headers upstream_headers_claims
    upstream_headers_names
    session_absolute_timeout=86400 session_idling_timeout=900 session_cookie_name="session" session_cookie_domain
    session_cookie_path="/" session_cookie_same_site="Lax" session_cookie_idletime session_cookie_samesite
    preserve_query_args=false admin_claim claim_mappings
"#;

/// What is always checked, or always so.
const ALWAYS: &[(&str, &str)] = &[
    (
        "checked at each sign-in and for each token; there is no option to skip it",
        r#"verify_signature=true verify_claims=true verify_nonce=true ignore_signature=[] introspection_check_active=true
           require_proof_key_for_code_exchange reverify=false"#,
    ),
    (
        "the certificate of each server is checked against its name, by the gateway's clusters. One of an authority of your own: \
         `caCertificates` or `credentialName` in the `tls` of the provider's DestinationRule, `--trusted-ca` for Envoy",
        "ssl_verify=true tls_client_auth_ssl_verify=true",
    ),
    (
        "each cookie is `HttpOnly` and `Secure`, and goes to every path",
        r#"session_cookie_http_only=true session_cookie_httponly session_cookie_secure authorization_cookie_http_only=true
           authorization_cookie_httponly authorization_cookie_secure authorization_cookie_path="/""#,
    ),
    ("sessions are renewed while the provider renews their tokens", "refresh_tokens=true"),
    ("a refusal says its reason in `www-authenticate`, as RFC 6750 has it", "expose_error_code=true"),
    (
        "a true CORS preflight (`Origin`, `Access-Control-Request-Method`, no credentials) passes without a sign-in, as nobody; \
         every other OPTIONS must sign in",
        "run_on_preflight=true",
    ),
];

/// What there is nothing for, and whose absence would take protection away or end every sign-in.
const REFUSED: &[(&str, &str)] = &[
    (
        "HS256 and its like make the client's secret a signing key: choose RS256, ES256 or another of `algorithms` at the \
         provider, and remove it",
        "enable_hs_signatures=false",
    ),
    (
        "the request for a sign-in is neither signed nor pushed here: remove it if the provider does without; otherwise this \
         client cannot move",
        r#"require_signed_request_object=false require_pushed_authorization_requests=false
           pushed_authorization_request_endpoint"#,
    ),
    (
        "nothing here holds a token against the client's certificate or key, so a stolen one would count: keep Kong for these \
         programs, or remove it if their tokens may be plain ones",
        r#"proof_of_possession_mtls="off" proof_of_possession_dpop="off" proof_of_possession_mtls_from_header"#,
    ),
    (
        "tokens of other issuers are not exchanged here: remove it, and give each of those issuers a provider of its own with \
         `signIn: false` and `bearer`",
        "token_exchange token_exchange_endpoint",
    ),
    (
        "keys of several issuers behind one name let each of them speak for the others: remove it, and give each issuer a provider \
         of its own with `signIn: false` and `bearer`",
        "extra_jwks_uris",
    ),
    ("only `code` keeps tokens out of addresses: write `[code]`, or remove it", r#"response_type=["code"]"#),
    ("a second session of another maker is not held against ours: remove it", "jwt_session_cookie"),
    (
        "Kong Identity's principals are not looked up here: remove it, and write who may pass as `groups_required` and the like",
        "principals",
    ),
];

/// What has no counterpart, and what to do instead.
const GONE: &[(&str, &str)] = &[
    (
        "nothing to set: a token that was verified is remembered by itself until it ends; `cache` of a `bearer` entry is for \
         introspection",
        r#"cache_introspection=true cache_token_exchange=true cache_tokens=true cache_tokens_salt cache_ttl=3600 cache_ttl_max
           cache_ttl_min cache_ttl_neg cache_ttl_resurrect cache_user_info=true token_cache_key_include_scope=false"#,
    ),
    (
        "sessions are in the cookie, sealed: no store, no Redis, no memcached, and any number of replicas",
        r#"session_storage="cookie" session_strategy session_compressor session_store_metadata=false session_hash_subject=false
           session_hash_storage_key=false session_memcached_host="127.0.0.1" session_memcached_port=11211
           session_memcached_prefix session_memcached_socket session_memcached_ssl session_memcached_ssl_verify=true
           session_memcache_host session_memcache_port session_memcache_prefix session_memcache_socket redis
           session_redis_cluster_max_redirections session_redis_cluster_maxredirections session_redis_cluster_nodes
           session_redis_connect_timeout session_redis_host session_redis_password session_redis_port session_redis_prefix
           session_redis_read_timeout session_redis_send_timeout session_redis_server_name session_redis_socket
           session_redis_ssl session_redis_ssl_verify session_redis_username cluster_cache_redis cluster_cache_strategy="off"
           cluster_cache_items=["introspection"]"#,
    ),
    (
        "a key of its own is made, and stands in the file with the secrets; everyone signs in once more",
        "session_secret",
    ),
    (
        "sessions renew themselves; `session.lifetime` (at most 30 days) and `session.idle` are all there is to say about their end",
        r#"session_rolling_timeout=3600 session_cookie_lifetime session_cookie_renew session_cookie_maxsize
           session_remember=false session_remember_cookie_name="remember" session_remember_rolling_timeout=604800
           session_remember_absolute_timeout=2592000 disable_session"#,
    ),
    (
        "a session is bound to its host, its client and its issuer by its seal, and to nothing else",
        r#"session_audience="default" session_bind session_enforce_same_subject=false jwt_session_claim="sid""#,
    ),
    (
        "applications do not learn a session's id or times; `paths.whoami` tells the person",
        r#"session_request_headers session_response_headers upstream_session_id_header downstream_session_id_header"#,
    ),
    (
        "a sign-in under way has a sealed cookie of its own, for ten minutes",
        r#"authorization_cookie_name="authorization" authorization_cookie_domain authorization_cookie_same_site="Default"
           authorization_cookie_samesite authorization_cookie_lifetime authorization_rolling_timeout=600"#,
    ),
    (
        "nothing is added to answers; `paths.whoami` tells a page who is signed in, without tokens",
        r#"downstream_access_token_header downstream_access_token_jwk_header downstream_headers downstream_headers_claims
           downstream_headers_names downstream_id_token_header downstream_id_token_jwk_header downstream_introspection_header
           downstream_introspection_jwt_header downstream_refresh_token_header downstream_user_info_header
           downstream_user_info_jwt_header"#,
    ),
    (
        "write what the application reads of it as `identity.headers`, one header for each claim",
        r#"upstream_introspection_header upstream_introspection_jwt_header upstream_user_info_header
           upstream_user_info_jwt_header upstream_access_token_jwk_header upstream_id_token_jwk_header"#,
    ),
    (
        "refresh tokens never leave the gateway: whoever has one is the person until it ends",
        "upstream_refresh_token_header",
    ),
    (
        "the gateway takes sessions and access tokens and no other credentials: programs fetch their token at the provider and send \
         it as `Authorization: Bearer`",
        r#"client_credentials_param_type=["body","header","query"] password_param_type=["body","header","query"]
           refresh_token_param_name refresh_token_param_type=["body","header","query"] id_token_param_name
           id_token_param_type=["body","header","query"]"#,
    ),
    (
        "nothing is added to what the provider is asked at these endpoints; at the authorization endpoint \
         `authorizationParameters` and `signInParameters` are",
        r#"token_post_args_client token_post_args_names token_post_args_values token_headers_client token_headers_names
           token_headers_values introspection_headers_client introspection_headers_names introspection_headers_values
           introspection_post_args_client introspection_post_args_client_headers introspection_post_args_names
           introspection_post_args_values userinfo_headers_client userinfo_headers_names userinfo_headers_values
           userinfo_query_args_client userinfo_query_args_names userinfo_query_args_values discovery_headers_names
           discovery_headers_values"#,
    ),
    ("the provider's answers stay at the gateway", "token_headers_grants token_headers_prefix token_headers_replay"),
    (
        "as the specifications have it: `token`, `token_type_hint`, JSON",
        r#"introspection_hint="access_token" introspection_accept="application/json" introspection_token_param_name="token"
           revocation_token_param_name="token" userinfo_accept="application/json""#,
    ),
    (
        "the client proves itself alike at every endpoint: `clientAuthentication`",
        "introspection_endpoint_auth_method revocation_endpoint_auth_method pushed_authorization_request_endpoint_auth_method",
    ),
    (
        "only with a client certificate or a signed assertion, which there is nothing for",
        r#"tls_client_auth_cert_id client_jwk client_alg mtls_token_endpoint mtls_introspection_endpoint
           mtls_revocation_endpoint proof_of_possession_auth_methods_validation=true dpop_proof_lifetime=300
           dpop_use_nonce=false"#,
    ),
    (
        "the gateway's clusters say how the provider is reached",
        r#"http_proxy http_proxy_authorization https_proxy https_proxy_authorization no_proxy http_version=1.1 keepalive=true"#,
    ),
    (
        "metadata and keys are fetched again by themselves, at once when a token has a key that nobody knows",
        "rediscovery_lifetime=30",
    ),
    (
        "our own pages, in the reader's words; `pages` has their name, colours and logo, `pages.refusedUrl` a page of yours",
        r#"unauthorized_error_message="Unauthorized" forbidden_error_message="Forbidden" display_errors=false"#,
    ),
    (
        "whoever is refused stays signed in, so that other paths still open; they can sign out, or in as someone else",
        "unauthorized_destroy_session=true forbidden_destroy_session=true",
    ),
    ("no token reaches the browser, so there is nothing to place", r#"login_redirect_mode="fragment""#),
    ("bodies are not read: let the form post to `paths.signOut`", "logout_post_arg"),
    (
        "the refresh token is revoked, wherever the provider has an endpoint for it, and with it what it renews; an access token \
         ends by itself",
        "logout_revoke_access_token=true logout_revoke_refresh_token=true",
    ),
    (
        "claims are read from the token (and UserInfo); none is fetched from elsewhere",
        "resolve_distributed_claims=false",
    ),
    ("a sign-in is held against the provider's metadata as it happens", "verify_parameters=false"),
    (
        "Kong Manager's own: roles, tokens and accounts of administrators stay there",
        r#"admin_by admin_auto_create=true admin_auto_create_rbac_token_disabled=false authenticated_groups_delimiter
           auto_approve"#,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_setting_stands_in_one_place() {
        let names: Vec<_> = all().map(|field| field.name).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        let twice: Vec<_> =
            names.iter().filter(|name| names.iter().filter(|other| other == name).count() > 1).collect();
        assert_eq!(names.len(), unique.len(), "{twice:?}");
        for name in OF_RULES.split_whitespace().chain(OF_PROVIDERS.split_whitespace()) {
            assert!(unique.contains(&name), "{name}");
        }
    }

    #[test]
    fn defaults_are_json() {
        let defaults = |text: &str| text.split_whitespace().filter(|entry| entry.contains('=')).count();
        let tables = [ALWAYS, REFUSED, GONE].concat();
        let written = defaults(READ) + tables.iter().map(|(_, entries)| defaults(entries)).sum::<usize>();
        assert_eq!(all().filter(|field| !field.default.is_null()).count(), written);
    }
}
