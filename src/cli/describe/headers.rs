//! What the applications, and filters after us, get to know.
//!
//! Decides the words only.

use crate::{
    config::Config,
    identity::{AUTHORIZATION, UserIdRule},
    oidc::claims::{ClaimPath, Naming},
};

/// Each header, from which claim it comes, and where that goes by another name.
pub(super) fn headers(config: &Config) -> Vec<String> {
    let identity = &config.identity;
    let mut lines = Vec::new();
    if let Some(rule) = &identity.user_id {
        let from = |claims: &[ClaimPath], prefix: &str| from(&choice(claims), prefix);
        let common = from(&rule.claims, &rule.prefix);
        lines.push(format!("{}: the user id, {common}; without it nobody passes", rule.header));
        let elsewhere = |naming: &Naming| (naming.user_id_claims.is_some(), naming.user_id_prefix.is_some());
        for (name, naming) in renamed(config, elsewhere) {
            let claims = naming.user_id_claims.as_ref().unwrap_or(&rule.claims);
            lines.push(format!("  at {name} {}", from(claims, naming.user_id_prefix.as_ref().unwrap_or(&rule.prefix))));
        }
        lines.extend(rewriting(rule));
    }
    if let Some(rule) = &identity.groups {
        lines.push(format!("{}: the groups, {}", rule.header, from(&rule.claim.to_string(), &rule.prefix)));
        let elsewhere = |naming: &Naming| (naming.groups_claim.is_some(), naming.groups_prefix.is_some());
        for (name, naming) in renamed(config, elsewhere) {
            let claim = naming.groups_claim.as_ref().unwrap_or(&rule.claim);
            let claim = claim.to_string();
            lines.push(format!("  at {name} {}", from(&claim, naming.groups_prefix.as_ref().unwrap_or(&rule.prefix))));
        }
    }
    lines.extend(identity.headers.iter().map(|rule| format!("{}: from claim {}", rule.header, rule.claim)));
    lines.extend(identity.auth_method.iter().map(|header| {
        format!("{header}: `cookie` for a session from its cookie, `header` for a token or a session from a header")
    }));
    let tokens = [("ID", &identity.forward.id_token), ("access", &identity.forward.access_token)];
    lines.extend(tokens.into_iter().filter_map(|(kind, header)| {
        let header = header.as_ref()?;
        let form = if header == AUTHORIZATION { "as `Bearer TOKEN`, in place of the client's own" } else { "as it is" };
        Some(format!("{header}: the {kind} token, {form}"))
    }));
    if lines.is_empty() {
        lines.push("none: the applications do not learn who signed in".to_owned());
    }
    lines.extend(identity.removed.iter().map(|header| format!("{header}: never; what clients send in it is removed")));
    if identity.filter_state {
        lines.push(format!("and for filters after us and the access log, as filter state: {FILTER_STATE}"));
    }
    lines
}

/// The providers where claims go by other names.
fn renamed(config: &Config, elsewhere: impl Fn(&Naming) -> (bool, bool)) -> impl Iterator<Item = (&str, &Naming)> {
    let namings = config.providers().iter().map(|provider| (provider.name.as_str(), &provider.naming));
    namings.filter(move |(_, naming)| elsewhere(naming) != (false, false))
}

fn from(claim: &str, prefix: &str) -> String {
    let prefix = if prefix.is_empty() { String::new() } else { format!(", after `{prefix}`") };
    format!("from claim {claim}{prefix}")
}

/// The first of some claims that is there.
pub(super) fn choice(claims: &[ClaimPath]) -> String {
    claims.iter().map(ClaimPath::to_string).collect::<Vec<_>>().join(", else ")
}

/// What is done to a user id before its prefix.
fn rewriting(rule: &UserIdRule) -> Vec<String> {
    let rules = rule.transforms.rules();
    let mut lines = Vec::new();
    if rules.len() > 1 {
        lines.push("  of these rules the first that is found in it applies, and no other:".to_owned());
    }
    lines.extend((1..).zip(rules).map(|(number, rule)| match rule.replaces() {
        "" => format!("  rule {number}: every `{}` in it is removed", rule.matches()),
        replaces => format!("  rule {number}: every `{}` in it becomes `{replaces}`", rule.matches()),
    }));
    if rule.lowercase {
        lines.push("  in lower case, as far as its letters are of ASCII".to_owned());
    }
    lines
}

const FILTER_STATE: &str =
    "wasm.edge_oidc_user, wasm.edge_oidc_groups, wasm.edge_oidc_provider and wasm.edge_oidc_subject";
