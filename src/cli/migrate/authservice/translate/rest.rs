//! What is left: the external authorizer and the name on pages, and everything that has no counterpart.
//!
//! Decides what to do instead of the latter.

use super::{
    super::{super::yaml::Tree, names},
    Given,
};

/// Adds what can be kept.
pub(super) fn translate(given: &mut Given<'_>, configuration: Tree) -> Tree {
    let mut configuration = configuration;
    if let Some(setting) = given.take_filled("CLIENT_NAME") {
        given.carry(&setting, "pages.name");
        configuration = configuration.with("pages", Tree::map().with("name", setting.value));
    }
    if let Some(setting) = given.take_filled("EXTERNAL_AUTHZ_URL") {
        given.carry(&setting, "externalAuthorization");
        let what = "asked with the same question. Its reasons are not shown to people, no answer within two seconds \
                    (`timeout`) is 503, and the session of whoever is refused \
                    stays";
        given.ledger.changed(&setting.name, what);
        let insecure = setting.value.starts_with("http://");
        let authorizer = Tree::map().with("url", setting.value);
        let authorizer = if insecure { authorizer.with("insecureHttp", true) } else { authorizer };
        configuration = configuration.with("externalAuthorization", authorizer);
    }
    strict(given);
    judge(given);
    lost(given);
    configuration
}

/// `STRICT_SESSION_VALIDATION` (N-6).
fn strict(given: &mut Given<'_>) {
    let is_set = given.take("STRICT_SESSION_VALIDATION").is_some();
    match (given.take_boolean("STRICT_SESSION_VALIDATION", false), is_set) {
        (true, _) => {
            let instead = "the provider is not asked about each request. Whoever is locked out there gets in until the \
                           session's tokens are renewed: let them end soon, or use back-channel logout \
                           (`paths.backChannel`) (N-6)";
            given.ledger.lost("STRICT_SESSION_VALIDATION", instead);
        }
        (false, true) => given.ledger.carried("STRICT_SESSION_VALIDATION", "off, as it always is here"),
        (false, false) => {}
    }
}

/// Settings that go, whose values authservice was particular about all the same.
fn judge(given: &mut Given<'_>) {
    if let Some(setting) = given.take("LOG_LEVEL") {
        if !["FATAL", "ERROR", "WARN", "INFO", "DEBUG"].contains(&setting.value.as_str()) {
            given.refuse(
                &setting,
                "is no level",
                "write `INFO`, or leave it out: authservice does not start with anything else",
            );
        }
        given.ledger.lost(
            "LOG_LEVEL",
            "the proxy's: `istioctl proxy-config log ... --level wasm:info`, or `--component-log-level wasm:info` of \
             Envoy",
        );
    }
    if given.take_integer("SESSION_STORE_REDIS_DB").is_some() {
        given.ledger.lost("SESSION_STORE_REDIS_DB", STORE);
    }
}

fn lost(given: &mut Given<'_>) {
    let pages = given.beginning(names::TEMPLATE_CONTEXT);
    let pages = PAGES.into_iter().map(str::to_owned).chain(pages).map(|name| (name, OUR_PAGES));
    let stores = STORES.into_iter().map(|name| (name.to_owned(), STORE));
    let servers = SERVERS.into_iter().map(|name| (name.to_owned(), SERVER));
    let trust = [("CA_BUNDLE".to_owned(), TRUST)];
    for (name, instead) in stores.chain(servers).chain(trust).chain(pages) {
        if given.take(&name).is_some() {
            given.ledger.lost(&name, instead);
        }
    }
}

const STORES: [&str; 6] = [
    "OIDC_STATE_STORE_PATH",
    "SESSION_STORE_PATH",
    "STORE_PATH",
    "SESSION_STORE_TYPE",
    "SESSION_STORE_REDIS_ADDR",
    "SESSION_STORE_REDIS_PWD",
];
const SERVERS: [&str; 4] = ["SERVER_HOSTNAME", "SERVER_PORT", "WEB_SERVER_PORT", "READINESS_PROBE_PORT"];
const PAGES: [&str; 3] = ["THEMES_URL", "THEME", "TEMPLATE_PATH"];
const SERVER: &str = "there is no server of its own: the gateway's listeners and its readiness count (N-3)";
const TRUST: &str = "the gateway's clusters say whom they trust: `caCertificates` or `credentialName` in the `tls` of the \
                     provider's DestinationRule, `--trusted-ca` for Envoy \
                     (N-3)";
const OUR_PAGES: &str = "our own pages; `pages` has their name, colours and logo (N-2)";
const STORE: &str =
    "sessions are in the cookie, sealed: no store, no volume, no Redis, and any number of replicas (N-3)";
