//! What the applications, and filters after us, get to know.
//!
//! Decides the words only.

use crate::{
    config::Config,
    identity::AUTHORIZATION,
    oidc::claims::{ClaimPath, Naming},
};

/// Each header, from which claim it comes, and where that goes by another name.
pub(super) fn headers(config: &Config) -> Vec<String> {
    let identity = &config.identity;
    let mut lines = Vec::new();
    if let Some(rule) = &identity.user_id {
        let from = from(&rule.claim, &rule.prefix);
        lines.push(format!("{}: the user id, {from}; without it nobody passes", rule.header));
        let elsewhere = |naming: &Naming| (naming.user_id_claim.is_some(), naming.user_id_prefix.is_some());
        for (name, naming) in renamed(config, elsewhere) {
            let claim = naming.user_id_claim.as_ref().unwrap_or(&rule.claim);
            lines.push(format!(
                "  at {name} {}",
                self::from(claim, naming.user_id_prefix.as_ref().unwrap_or(&rule.prefix))
            ));
        }
    }
    if let Some(rule) = &identity.groups {
        lines.push(format!("{}: the groups, {}", rule.header, from(&rule.claim, &rule.prefix)));
        let elsewhere = |naming: &Naming| (naming.groups_claim.is_some(), naming.groups_prefix.is_some());
        for (name, naming) in renamed(config, elsewhere) {
            let claim = naming.groups_claim.as_ref().unwrap_or(&rule.claim);
            lines.push(format!("  at {name} {}", from(claim, naming.groups_prefix.as_ref().unwrap_or(&rule.prefix))));
        }
    }
    lines.extend(identity.headers.iter().map(|rule| format!("{}: from claim {}", rule.header, rule.claim)));
    let tokens = [("ID", &identity.forward.id_token), ("access", &identity.forward.access_token)];
    lines.extend(tokens.into_iter().filter_map(|(kind, header)| {
        let header = header.as_ref()?;
        let form = if header == AUTHORIZATION { "as `Bearer TOKEN`, in place of the client's own" } else { "as it is" };
        Some(format!("{header}: the {kind} token, {form}"))
    }));
    if lines.is_empty() {
        lines.push("none: the applications do not learn who signed in".to_owned());
    }
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

fn from(claim: &ClaimPath, prefix: &str) -> String {
    let prefix = if prefix.is_empty() { String::new() } else { format!(", after `{prefix}`") };
    format!("from claim {}{prefix}", claim)
}

const FILTER_STATE: &str =
    "wasm.edge_oidc_user, wasm.edge_oidc_groups, wasm.edge_oidc_provider and wasm.edge_oidc_subject";
