//! Every setting that some authservice read, and which of them read it.
//!
//! Decides what is a dead variable. What becomes of a live one is decided in `translate`.

use super::dialect::Dialect;

/// The Kustomize parameters, and the variables that their StatefulSet made of them.
pub(super) const PARAMETERS: [(&str, &str); 8] = [
    ("client_id", "CLIENT_ID"),
    ("oidc_provider", "OIDC_PROVIDER"),
    ("oidc_redirect_uri", "REDIRECT_URL"),
    ("oidc_auth_url", "OIDC_AUTH_URL"),
    ("application_secret", "CLIENT_SECRET"),
    ("skip_auth_uri", "SKIP_AUTH_URI"),
    ("userid-header", "USERID_HEADER"),
    ("userid-prefix", "USERID_PREFIX"),
];

/// What that StatefulSet set beside them.
pub(super) const HARD_CODED: [(&str, &str); 2] = [("USERID_CLAIM", "email"), ("OIDC_SCOPES", "profile email groups")];

/// The parameters of AWS's distribution of Kubeflow, where the load balancer signs people in.
pub(super) const LOAD_BALANCER: [&str; 5] =
    ["CognitoUserPoolArn", "CognitoAppClientId", "CognitoUserPoolDomain", "certArn", "LOGOUT_URL"];

/// What only the last release reads.
pub(super) const LAST_ONLY: [&str; 14] = [
    "ACCESS_TOKEN_AUTHN",
    "ACCESS_TOKEN_AUTHN_ENABLED",
    "AUTH_METHOD_HEADER",
    "CACHE_ENABLED",
    "CACHE_EXPIRATION_MINUTES",
    "EXTERNAL_AUTHZ_URL",
    "IDTOKEN_AUTHN_ENABLED",
    "KUBERNETES_AUTHN_ENABLED",
    "LOG_LEVEL",
    "SESSION_STORE_REDIS_ADDR",
    "SESSION_STORE_REDIS_DB",
    "SESSION_STORE_REDIS_PWD",
    "SESSION_STORE_TYPE",
    "VERIFY_AUTH_URL",
];

/// What came with the release before it.
pub(super) const SINCE_MIDDLE: [&str; 23] = [
    "AUTHSERVICE_URL_PREFIX",
    "SKIP_AUTH_URLS",
    "AFTER_LOGIN_URL",
    "AFTER_LOGOUT_URL",
    "AUDIENCES",
    "AUTH_HEADER",
    "CA_BUNDLE",
    "CLIENT_NAME",
    "GROUPS_ALLOWLIST",
    "GROUPS_CLAIM",
    "GROUPS_HEADER",
    "HOMEPAGE_URL",
    "ID_TOKEN_HEADER",
    "OIDC_STATE_STORE_PATH",
    "READINESS_PROBE_PORT",
    "SESSION_SAME_SITE",
    "SESSION_STORE_PATH",
    "STRICT_SESSION_VALIDATION",
    "TEMPLATE_PATH",
    "THEME",
    "THEMES_URL",
    "USERID_TRANSFORMERS",
    "WEB_SERVER_PORT",
];

/// What only the first one reads.
pub(super) const FIRST_ONLY: [&str; 3] = ["SKIP_AUTH_URI", "STATIC_DESTINATION_URL", "STORE_PATH"];

/// What all of them read.
const COMMON: [&str; 13] = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "OIDC_AUTH_URL",
    "OIDC_PROVIDER",
    "OIDC_SCOPES",
    "REDIRECT_URL",
    "SERVER_HOSTNAME",
    "SERVER_PORT",
    "SESSION_MAX_AGE",
    "USERID_CLAIM",
    "USERID_HEADER",
    "USERID_PREFIX",
    "USERID_TOKEN_HEADER",
];

/// How the names begin whose values pages could show.
pub(super) const TEMPLATE_CONTEXT: &str = "TEMPLATE_CONTEXT_";

/// Whether `dialect` reads a variable of this name.
pub(super) fn reads(dialect: Dialect, name: &str) -> bool {
    let since_middle = || SINCE_MIDDLE.contains(&name) || name.starts_with(TEMPLATE_CONTEXT);
    match dialect {
        Dialect::Last => COMMON.contains(&name) || since_middle() || LAST_ONLY.contains(&name),
        Dialect::Middle => COMMON.contains(&name) || since_middle(),
        // The parameters are made variables of its own before anything asks.
        Dialect::First | Dialect::Parameters => COMMON.contains(&name) || FIRST_ONLY.contains(&name),
        // Some of authservice's own stand for what its parameters amount to, and for options.
        Dialect::LoadBalancer => LOAD_BALANCER.contains(&name) || COMMON.contains(&name),
    }
}

/// Whether anything reads a setting of this name: some authservice, its manifests, or a load balancer.
pub(super) fn is_known(name: &str) -> bool {
    let variable =
        [Dialect::Last, Dialect::First, Dialect::LoadBalancer].into_iter().any(|dialect| reads(dialect, name));
    variable || PARAMETERS.iter().any(|(parameter, _)| *parameter == name)
}

/// Whether a value is a secret, which people may fill in afterwards.
pub(super) fn is_secret(name: &str) -> bool {
    ["CLIENT_SECRET", "SESSION_STORE_REDIS_PWD"].contains(&name)
}

/// What a variable is that `dialect` does not read.
pub(super) fn dead(dialect: Dialect, name: &str) -> String {
    let others = [Dialect::Last, Dialect::Middle, Dialect::First].into_iter().filter(|other| *other != dialect);
    let readers: Vec<_> = others.filter(|other| reads(*other, name)).map(Dialect::name).collect();
    let meant = match name {
        "SKIP_AUTH_URL" => Some("`SKIP_AUTH_URLS` was meant: those paths were never open"),
        "WEB_SERVER_THEME" => Some("`THEME` was meant, and there are no themes any more"),
        "WEB_SERVER_THEMES_URL" => Some("`THEMES_URL` was meant, and there are no themes any more"),
        "DISABLE_USERINFO" => Some("write `userInfo: false` if UserInfo shall not be asked"),
        "LOGOUT_URL" => Some("it is the dashboard's: set it there to `paths.signOut`, if it is not that already"),
        "namespace" => Some("it belongs to the manifests: `--namespace`"),
        "gatewaySelector" => Some("it belongs to the manifests: `--selector`"),
        _ => None,
    };
    match (meant, readers.as_slice()) {
        (Some(meant), _) => format!("dead: no authservice read it; {meant}"),
        (None, []) => "dead: no authservice ever read it. Nothing to do".to_owned(),
        (None, readers) => format!("dead: only {} read it. Nothing to do", readers.join(" and ")),
    }
}
