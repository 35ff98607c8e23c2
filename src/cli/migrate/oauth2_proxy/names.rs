//! Every setting of oauth2-proxy 7: its name in a configuration file, its flag, and what kind of value it has.
//!
//! Decides what is a setting at all, and which of them have no counterpart whatever they say. What becomes of the others is
//! decided in `translate`.

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Flag,
    /// Several texts.
    List,
    /// A text, a number or a duration.
    Text,
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Its name in a configuration file. In the environment that is in upper case behind `OAUTH2_PROXY_`.
    pub(super) name: &'static str,
    /// Its flag, without dashes.
    flag: Option<&'static str>,
    /// What its value is.
    pub(super) kind: Kind,
    /// What people do instead, if nothing takes its place.
    pub(super) instead: Option<&'static str>,
}

impl Known {
    /// Its flag, without dashes.
    pub(super) fn flag(&self) -> String {
        self.flag.map_or_else(|| self.name.replace('_', "-"), str::to_owned)
    }
}

/// The setting of this name.
pub(super) fn by_name(name: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.name == name)
}

/// The setting of this flag.
pub(super) fn by_flag(flag: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.flag() == flag)
}

/// The setting of this variable.
pub(super) fn by_variable(variable: &str) -> Option<&'static Known> {
    by_name(&variable.strip_prefix(VARIABLE)?.to_ascii_lowercase())
}

/// The setting that was probably meant by a name that is none: another number, or a flag's name.
pub(super) fn meant(name: &str) -> Option<&'static Known> {
    let bare = |text: &str| text.replace(['-', '_'], "").trim_end_matches('s').to_ascii_lowercase();
    let meant = bare(name);
    ALL.iter().find(|known| bare(known.name) == meant || bare(&known.flag()) == meant)
}

/// How the variables begin.
pub(super) const VARIABLE: &str = "OAUTH2_PROXY_";

/// Settings whose value is a secret: no message shows it.
pub(super) const SECRETS: [&str; 9] = [
    "basic_auth_password",
    "client_secret",
    "cookie_secret",
    "github_token",
    "jwt_key",
    "redis_connection_url",
    "redis_password",
    "redis_sentinel_password",
    "signature_key",
];

const fn text(name: &'static str) -> Known {
    Known { name, flag: None, kind: Kind::Text, instead: None }
}

const fn switch(name: &'static str) -> Known {
    Known { name, flag: None, kind: Kind::Flag, instead: None }
}

const fn list(name: &'static str, flag: &'static str) -> Known {
    Known { name, flag: Some(flag), kind: Kind::List, instead: None }
}

impl Known {
    const fn gone(self, instead: &'static str) -> Self {
        Self { instead: Some(instead), ..self }
    }
}

/// All of them, by what they are about.
pub(super) const ALL: &[Known] = &[
    // The provider.
    text("acr_values"),
    text("approval_prompt"),
    text("azure_tenant"),
    text("backend_logout_url"),
    text("client_id"),
    text("client_secret"),
    text("client_secret_file"),
    text("code_challenge_method"),
    list("entra_id_allowed_tenants", "entra-id-allowed-tenant"),
    switch("entra_id_federated_token_auth"),
    text("force_code_challenge_method"),
    switch("insecure_oidc_allow_unverified_email"),
    switch("insecure_oidc_skip_issuer_verification"),
    switch("insecure_oidc_skip_nonce"),
    text("login_url"),
    list("oidc_audience_claims", "oidc-audience-claim"),
    text("oidc_email_claim"),
    list("oidc_enabled_signing_algs", "oidc-enabled-signing-alg"),
    list("oidc_extra_audiences", "oidc-extra-audience"),
    text("oidc_groups_claim"),
    text("oidc_issuer_url"),
    text("oidc_jwks_url"),
    list("oidc_public_key_files", "oidc-public-key-file"),
    text("profile_url"),
    text("prompt"),
    text("provider"),
    list("provider_ca_files", "provider-ca-file").gone(TRUST),
    text("provider_display_name"),
    text("redeem_url"),
    text("resource"),
    text("scope"),
    switch("skip_claims_from_profile_url"),
    switch("skip_oidc_discovery"),
    switch("ssl_insecure_skip_verify"),
    switch("use_system_trust_store").gone(TRUST),
    text("user_id_claim"),
    text("validate_url")
        .gone("every token is verified here by the provider's keys; the provider is not asked about each request"),
    text("auth_request_response_mode"),
    // Who may pass.
    list("allowed_groups", "allowed-group"),
    list("allowed_roles", "allowed-role"),
    text("authenticated_emails_file"),
    list("email_domains", "email-domain"),
    list("gitlab_groups", "gitlab-group"),
    list("gitlab_projects", "gitlab-project"),
    list("google_group", "google-group-of-old"),
    list("google_groups", "google-group"),
    list("keycloak_groups", "keycloak-group"),
    // Providers that are none of OpenID Connect's, and what other providers were asked beside signing in.
    text("azure_graph_group_field").gone(GRAPH),
    text("bitbucket_repository").gone(OTHER),
    text("bitbucket_team").gone(OTHER),
    text("github_org").gone(OTHER),
    text("github_repo").gone(OTHER),
    text("github_team").gone(OTHER),
    text("github_token").gone(OTHER),
    list("github_users", "github-user").gone(OTHER),
    text("google_admin_api_user_scope").gone(DIRECTORY),
    text("google_admin_email").gone(DIRECTORY),
    text("google_service_account_json").gone(DIRECTORY),
    text("google_target_principal").gone(DIRECTORY),
    switch("google_use_application_default_credentials").gone(DIRECTORY),
    switch("google_use_organization_id").gone(DIRECTORY),
    text("jwt_key").gone(ASSERTION),
    text("jwt_key_file").gone(ASSERTION),
    text("pubjwk_url").gone(ASSERTION),
    // Paths.
    list("api_routes", "api-route"),
    text("proxy_prefix"),
    text("redirect_url"),
    switch("relative_redirect_url"),
    list("skip_auth_regex", "skip-auth-regex"),
    list("skip_auth_routes", "skip-auth-route"),
    list("whitelist_domains", "whitelist-domain"),
    text("ping_path").gone(HEALTH),
    text("ping_user_agent").gone(HEALTH),
    text("ready_path").gone(HEALTH),
    switch("gcp_healthchecks").gone(HEALTH),
    // Requests.
    switch("allow_query_semicolons").gone("a query goes on as it came, semicolons and all"),
    switch("bearer_token_login_fallback"),
    switch("encode_state"),
    list("extra_jwt_issuers", "extra-jwt-issuers"),
    switch("force_https"),
    switch("force_json_errors"),
    switch("skip_auth_preflight"),
    switch("skip_jwt_bearer_tokens"),
    switch("skip_provider_button"),
    list("trusted_ips", "trusted-ip"),
    text("real_client_ip_header").gone(ADDRESS),
    switch("reverse_proxy").gone(ADDRESS),
    list("trusted_proxy_ips", "trusted-proxy-ip").gone(ADDRESS),
    // Headers.
    text("basic_auth_password"),
    switch("pass_access_token"),
    switch("pass_authorization_header"),
    switch("pass_basic_auth"),
    switch("pass_user_headers"),
    switch("prefer_email_to_user"),
    switch("set_authorization_header"),
    switch("set_basic_auth"),
    switch("set_xauthrequest"),
    switch("skip_auth_strip_headers"),
    text("signature_key")
        .gone("no request is signed: what reaches the application comes through the gateway or not at all"),
    // Cookies and sessions.
    text("cookie_csrf_expire").gone(ATTEMPTS),
    switch("cookie_csrf_per_request").gone(ATTEMPTS),
    text("cookie_csrf_per_request_limit").gone(ATTEMPTS),
    text("cookie_csrf_samesite").gone(ATTEMPTS),
    list("cookie_domains", "cookie-domain"),
    text("cookie_expire"),
    switch("cookie_httponly"),
    text("cookie_name"),
    text("cookie_path"),
    text("cookie_refresh"),
    text("cookie_samesite"),
    text("cookie_secret"),
    text("cookie_secret_file"),
    switch("cookie_secure"),
    list("redis_cluster_connection_urls", "redis-cluster-connection-urls").gone(STORE),
    list("redis_sentinel_connection_urls", "redis-sentinel-connection-urls").gone(STORE),
    switch("redis_insecure_skip_tls_verify").gone(STORE),
    switch("redis_use_cluster").gone(STORE),
    switch("redis_use_sentinel").gone(STORE),
    switch("session_cookie_minimal")
        .gone("a session holds the claims that are asked for, and a token only where one is handed on"),
    text("redis_ca_path").gone(STORE),
    text("redis_connection_idle_timeout").gone(STORE),
    text("redis_connection_url").gone(STORE),
    text("redis_password").gone(STORE),
    text("redis_sentinel_master_name").gone(STORE),
    text("redis_sentinel_password").gone(STORE),
    text("redis_username").gone(STORE),
    text("session_store_type").gone(STORE),
    // The server, what is behind it, its pages and its log.
    list("tls_cipher_suites", "tls-cipher-suite").gone(SERVER),
    list("upstreams", "upstream"),
    switch("disable_keep_alives").gone(UPSTREAM),
    switch("pass_host_header").gone(UPSTREAM),
    switch("proxy_websockets").gone(UPSTREAM),
    switch("ssl_upstream_insecure_skip_verify").gone(UPSTREAM),
    text("flush_interval").gone(UPSTREAM),
    text("http_address").gone(SERVER),
    text("https_address").gone(SERVER),
    text("metrics_address").gone(METRICS),
    text("metrics_secure_address").gone(METRICS),
    text("metrics_tls_cert_file").gone(METRICS),
    text("metrics_tls_key_file").gone(METRICS),
    text("tls_cert_file").gone(SERVER),
    text("tls_key_file").gone(SERVER),
    text("tls_min_version").gone(SERVER),
    text("upstream_timeout").gone(UPSTREAM),
    switch("display_htpasswd_form").gone(PASSWORDS),
    text("htpasswd_file"),
    list("htpasswd_user_groups", "htpasswd-user-group").gone(PASSWORDS),
    switch("show_debug_on_error").gone("no page shows what went wrong inside; the log does, by its code"),
    text("banner").gone(PAGES),
    text("custom_sign_in_logo").gone(PAGES),
    text("custom_templates_dir").gone(PAGES),
    text("footer").gone(PAGES),
    list("exclude_logging_paths", "exclude-logging-path").gone(LOG),
    switch("auth_logging").gone(LOG),
    switch("errors_to_info_log").gone(LOG),
    switch("logging_compress").gone(LOG),
    switch("logging_local_time").gone(LOG),
    switch("request_logging").gone(LOG),
    switch("silence_ping_logging").gone(LOG),
    switch("standard_logging").gone(LOG),
    text("auth_logging_format").gone(LOG),
    text("logging_filename").gone(LOG),
    text("logging_max_age").gone(LOG),
    text("logging_max_backups").gone(LOG),
    text("logging_max_size").gone(LOG),
    text("request_id_header").gone(LOG),
    text("request_logging_format").gone(LOG),
    text("standard_logging_format").gone(LOG),
];

const ADDRESS: &str =
    "the gateway's: it knows the client's address and the host that was called, and nothing here goes by either";
const ASSERTION: &str = "clients prove themselves by their secret; no key of theirs signs anything (`private_key_jwt`)";
const ATTEMPTS: &str = "each sign-in has a cookie of its own, for ten minutes; sixteen at most, the oldest go first";
const DIRECTORY: &str =
    "Google's directory is not asked: groups count as they stand in the ID token, and Google puts none there";
const GRAPH: &str = "Microsoft Graph is not asked: groups count as the ID token has them (`groupMembershipClaims` of the app registration)";
const HEALTH: &str =
    "no health check of its own: the gateway's readiness counts. Point the load balancer's check there";
const LOG: &str = "the proxy's log and access log";
const METRICS: &str = "the proxy's own metrics have ours among them, at its port for metrics";
const OTHER: &str = "only read with a provider that is none of OpenID Connect's";
const PAGES: &str = "our own pages; `pages` has their name, colours and logo";
const PASSWORDS: &str = "no passwords are checked here: the provider has the accounts";
const SERVER: &str = "there is no server of its own: the gateway's listeners count";
const STORE: &str = "sessions are in the cookie, sealed: no store, no Redis, and any number of replicas";
const TRUST: &str = "the gateway's clusters say whom they trust: `caCertificates` or `credentialName` in the `tls` of the provider's \
                     DestinationRule, `--trusted-ca` for Envoy";
pub(super) const UPSTREAM: &str = "the gateway's routes lead to the applications: a VirtualService or an HTTPRoute in Istio, `--upstream` for a plain Envoy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_and_no_flag_is_there_twice() {
        for (index, known) in ALL.iter().enumerate() {
            let mut others = ALL.iter().skip(index.saturating_add(1));
            assert!(others.all(|other| other.name != known.name && other.flag() != known.flag()), "{}", known.name);
        }
        assert!(SECRETS.iter().all(|name| by_name(name).is_some()));
    }

    #[test]
    fn a_singular_or_a_flag_is_taken_for_what_was_meant() {
        let meant = |name| meant(name).map(|known| known.name);
        assert_eq!(meant("allowed_group"), Some("allowed_groups"));
        assert_eq!(meant("EMAIL_DOMAIN"), Some("email_domains"));
        assert_eq!(meant("cookie-secret"), Some("cookie_secret"));
        assert_eq!(meant("favourite_colour"), None);
    }
}
