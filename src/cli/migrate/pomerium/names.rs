//! Every setting that Pomerium reads.
//!
//! Decides what is said of those that are not about sign-ins. What becomes of the others is decided in `translate`.

/// What `translate` takes.
pub(super) const TAKEN: [&str; 30] = [
    "allow_upgrades",
    "authenticate_callback_path",
    "authenticate_service_url",
    "bearer_token_format",
    "cookie_domain",
    "cookie_expire",
    "cookie_http_only",
    "cookie_name",
    "cookie_same_site",
    "cookie_secret",
    "cookie_secret_file",
    "cookie_secure",
    "identity_providers",
    "idp_access_token_allowed_audiences",
    "idp_client_id",
    "idp_client_secret",
    "idp_client_secret_file",
    "idp_provider",
    "idp_provider_url",
    "idp_request_params",
    "idp_scopes",
    "jwt_claims_headers",
    "pass_identity_headers",
    "policy",
    "policy_file",
    "remove_request_headers",
    "routes",
    "signing_key",
    "signing_key_file",
    "signout_redirect_url",
];

/// Settings whose names begin so, or are so, and what is said of them.
const REST: [(&[&str], &str); 11] = [
    (
        &[
            "shared_secret",
            "shared_secret_file",
            "services",
            "installation_id",
            "databroker_",
            "autocert_dir",
            "blob_storage",
        ],
        STORE,
    ),
    (
        &[
            "authenticate_internal_service_url",
            "authorize_",
            "grpc_",
            "override_certificate_name",
            "tls_derive",
            "proxy_log_level",
        ],
        PARTS,
    ),
    (
        &["insecure_server"],
        "the gateway's listener decides about TLS; people must come by https either way, and cookies are `Secure`",
    ),
    (
        &[
            "address",
            "http_redirect_addr",
            "autocert",
            "certificate",
            "use_proxy_protocol",
            "skip_xff_append",
            "xff_",
            "codec_type",
            "http3_advertise_port",
            "timeout_",
            "circuit_breaker_thresholds",
            "default_upstream_timeout",
            "dns_",
            "set_response_headers",
            "headers",
            "health_check_",
            "match_any_incoming_port",
            "session_recording",
            "cert",
            "key",
        ],
        "the gateway's: its listeners, certificates, timeouts and headers",
    ),
    (&["downstream_mtls", "client_ca", "client_crl"], MTLS),
    (
        &[
            "log_level",
            "access_log_fields",
            "metrics_",
            "tracing_",
            "otel_",
            "debug_address",
            "envoy_",
            "authorize_log_fields",
        ],
        "the proxy's own logs, metrics and traces: docs/operations.md has ours",
    ),
    (
        &["normalize_path", "merge_slashes", "path_with_escaped_slashes_action", "headers_with_underscores_action"],
        "every reading of a path is judged here, whatever the gateway does to it",
    ),
    (&["jwt_groups_filter", "jwt_issuer_format"], "of the signed assertion, which there is none of"),
    (&["programmatic_redirect_domain_whitelist"], PROGRAMS),
    (
        &[
            "ssh_",
            "mcp_",
            "runtime_flags",
            "auto_apply_changesets",
            "google_cloud_serverless",
            "branding",
            "primary_color",
            "secondary_color",
            "darkmode_",
            "logo_url",
            "favicon_url",
            "error_message_first_paragraph",
            "cluster_name",
        ],
        "nothing here does that; `pages` has the name, colours and logo of our own pages",
    ),
    (
        &["idp_service_account", "idp_refresh_directory_", "idp_qps", "forward_auth_url", "cache_"],
        "removed from Pomerium itself long ago. Nothing to do",
    ),
];

/// What routes are asked for.
pub(super) const OF_ROUTES: [&str; 22] = [
    "allow_any_authenticated_user",
    "allow_public_unauthenticated_access",
    "allowed_domains",
    "allowed_groups",
    "allowed_idp_claims",
    "allowed_users",
    "bearer_token_format",
    "cors_allow_preflight",
    "from",
    "identity_providers",
    "idp_client_id",
    "idp_client_secret",
    "name",
    "pass_identity_headers",
    "path",
    "policy",
    "prefix",
    "regex",
    "regex_priority_order",
    "remove_request_headers",
    "set_request_headers",
    "sub_policies",
];

/// What belongs to routing, and so to the gateway.
const ROUTING: [&str; 44] = [
    "allow_spdy",
    "allow_upgrades",
    "allow_websockets",
    "circuit_breaker_thresholds",
    "depends_on",
    "description",
    "health_checks",
    "healthy_panic_threshold",
    "host_path_regex_rewrite_pattern",
    "host_path_regex_rewrite_substitution",
    "host_rewrite",
    "host_rewrite_header",
    "id",
    "idle_timeout",
    "idp_access_token_allowed_audiences",
    "jwt_groups_filter",
    "jwt_issuer_format",
    "lb_config",
    "load_balancing_policy",
    "load_balancing_policy_config",
    "logo_url",
    "mcp",
    "outlier_detection",
    "prefix_rewrite",
    "preserve_host_header",
    "redirect",
    "regex_rewrite_pattern",
    "regex_rewrite_substitution",
    "response",
    "rewrite_response_headers",
    "session_recording",
    "set_response_headers",
    "show_error_details",
    "timeout",
    "tls_client_cert",
    "tls_client_cert_file",
    "tls_client_key",
    "tls_client_key_file",
    "tls_custom_ca",
    "tls_custom_ca_file",
    "tls_server_name",
    "tls_upstream_allow_renegotiation",
    "tls_upstream_server_name",
    "to",
];

/// Whether Pomerium reads a setting of this name.
pub(super) fn is_known(name: &str) -> bool {
    TAKEN.contains(&name) || rest(name).is_some()
}

/// What is said of a setting that nothing here is made of.
pub(super) fn rest(name: &str) -> Option<&'static str> {
    let is = |known: &&&str| name == **known || known.ends_with('_') && name.starts_with(**known);
    let certificates = || name.starts_with("certificate").then_some("certificate");
    let found = REST.iter().find(|(names, _)| names.iter().any(|known| is(&known)));
    found
        .or_else(|| REST.iter().find(|(names, _)| certificates().is_some_and(|known| names.contains(&known))))
        .map(|(_, said)| *said)
}

/// What is said of a setting of a route that nothing here is made of.
pub(super) fn of_route(name: &str) -> &'static str {
    match name {
        "tls_skip_verify" => {
            "warning: Pomerium did not verify the application's certificate. Whether the gateway does is its own setting: let it"
        }
        "tls_downstream_client_ca" | "tls_downstream_client_ca_file" | "tls_downstream_server_name" => MTLS,
        "kubernetes_service_account_token"
        | "kubernetes_service_account_token_file"
        | "enable_google_cloud_serverless_authentication" => {
            "nothing here signs in at an application in its own name: no impersonation, no token of Google's. Whoever writes such a \
             token at the gateway takes `Impersonate-*` off requests there"
        }
        "upstream_tunnel" => "nothing here makes tunnels",
        "secure_upstream" | "service_proxy_upstream" | "tls_client" => "routing: the gateway's own",
        name if name.starts_with("mcp_") => "nothing here speaks MCP's own sign-in",
        name if ROUTING.contains(&name) => "routing: the gateway's own",
        _ => UNKNOWN_OF_ROUTE,
    }
}

/// What is said of a name that no setting of a route has.
pub(super) const UNKNOWN_OF_ROUTE: &str =
    "no setting of a route that Pomerium reads: see whether it is a typing mistake";
const STORE: &str =
    "sessions are in the cookie, sealed with a new key: no databroker, no shared secret, any number of replicas";
const PARTS: &str = "there are no services that talk to each other";
const MTLS: &str = "client certificates are the gateway's: let its listener ask for them (`require_client_certificate` of Envoy's), or \
                    whoever has none comes in";
pub(super) const PROGRAMS: &str = "programs sign in at the provider and send its tokens (`providers[].bearer`): docs/programs.md. \
                                   `/.pomerium/api/v1/login` and `Authorization: Pomerium` have no counterpart";
