//! What is said alike in every configuration, whatever it was made of.
//!
//! Decides how durations are written, which scopes Cognito knows, and where sessions get their key.

use super::{
    ledger::Ledger,
    render::{SecretValue, new_session_key},
};
use crate::http::public_urls::PublicUrl;

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

/// A new key for sessions.
pub(super) fn session_key(ledger: &mut Ledger) -> Option<SecretValue> {
    let key = new_session_key();
    key.map_err(|error| ledger.refused(format!("no session key can be made: {error}"))).ok()
}
