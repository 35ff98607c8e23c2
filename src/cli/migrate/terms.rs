//! What is said alike in every configuration, whatever it was made of.
//!
//! Decides how durations are written, which scopes Cognito knows, when cookies may do without `Secure`, and
//! where sessions get their key.

use super::{
    ledger::Ledger,
    render::{SecretValue, new_session_key},
    yaml::Tree,
};
use crate::http::{origin::Scheme, public_urls::PublicUrl};

/// Whether people can reach a gateway by these.
///
/// # Errors
/// The first that is no public URL, as people are told.
pub(super) fn judge_public_urls(urls: &[String]) -> Result<(), String> {
    urls.iter().try_for_each(|url| {
        let said = |error| format!("--public-url {error}: write it as https://kubeflow.example.com");
        PublicUrl::parse(url).map(drop).map_err(said)
    })
}

/// A number of seconds as a configuration has it: `24h`, `7d`, `90s`.
pub(super) fn duration(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let whole = |(size, unit): (i64, &str)| {
        (seconds.checked_rem(size)? == 0).then(|| Some(format!("{}{unit}", seconds.checked_div(size)?)))?
    };
    let units = units.into_iter().filter(|(_, unit)| seconds != 86_400 || *unit == "h");
    units.into_iter().find_map(whole).unwrap_or_else(|| format!("{seconds}s"))
}

/// Whether Cognito knows a scope; it refuses the whole sign-in for one that it does not.
pub(super) fn is_scope_of_cognito(scope: &str) -> bool {
    ["openid", "email", "phone", "profile"].contains(&scope) || scope.starts_with("aws.cognito.") || scope.contains('/')
}

/// Cookies without `Secure`, where people reach the gateway by http: on their own machine alone.
pub(super) fn insecure(ledger: &mut Ledger, public_urls: &[String], cookie: Tree) -> Tree {
    ledger.source("session.cookie", "--public-url");
    let urls: Vec<_> = public_urls.iter().filter_map(|url| PublicUrl::parse(url).ok()).collect();
    let is_trial = |url: &PublicUrl| url.scheme() == Scheme::Http && url.is_loopback();
    if !urls.iter().any(is_trial) {
        return cookie;
    }
    if !urls.iter().all(is_trial) {
        ledger.refused(
            "--public-url is http on this machine and something else as well: migrate twice, once for a trial and once for \
             everyone. Cookies are `Secure` or they are not",
        );
        return cookie;
    }
    ledger.changed("--public-url", TRIAL);
    cookie.explained(INSECURE, "insecure", true)
}

/// A new key for sessions.
pub(super) fn session_key(ledger: &mut Ledger) -> Option<SecretValue> {
    let key = new_session_key();
    key.map_err(|error| ledger.refused(format!("no session key can be made: {error}"))).ok()
}

const TRIAL: &str = "warning: http, so cookies are not `Secure` (`session.cookie.insecure: true`). It is for a trial on this \
                     machine, such as `kubectl port-forward`, and for nobody else";
const INSECURE: &str = "For a trial by http on this machine. Remove it where people come by https.";
