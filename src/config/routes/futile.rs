//! Rules that never do what they say.
//!
//! Decides which of them give a warning. Whether a rule contradicts itself is judged where it is read.

use std::collections::BTreeMap;

use super::Known;
use crate::{
    config::{paths::Paths, read::Report},
    oidc::provider::ProviderSettings,
    policy::{Action, PathPattern, Requirement, Routes, Rule},
};

/// Warns of each such rule once; `places` has where each is, by its name.
pub(super) fn warn(routes: &Routes, places: &BTreeMap<String, String>, known: &Known<'_>, report: &mut Report) {
    let place = |rule: &Rule| places.get(&rule.name).map_or("routes", String::as_str);
    for rule in routes.rules() {
        if rule.is_void() {
            let mend = format!("its own `not` leaves nothing of `{}`: narrow that, or remove the rule", rule.name);
            report.warning(place(rule), "never decides", mend);
        } else if let Some(endpoint) = known.paths.and_then(|paths| endpoint_above(rule, paths, known)) {
            let mend =
                format!("remove `{}`: `{endpoint}` is an endpoint of ours, which comes before all rules", rule.name);
            report.warning(place(rule), "never decides", mend);
        }
    }
    for (rule, earlier) in routes.shadowed().filter(|(rule, _)| !rule.is_void()) {
        let mend =
            format!("move `{}` before `{}`, which takes all its requests, or remove it", rule.name, earlier.name);
        report.warning(place(rule), "never decides", mend);
    }
    for rule in routes.rules() {
        let asked = known.providers.map_or(Asked::Nobody, |providers| asked(rule, routes, providers));
        if let Asked::InVain(scopes) = asked {
            let mend = format!(
                "add `{}` to the `scopes` of a provider or to `signIn: {{ scopes: […] }}`, or write `credentials: [bearer]` if \
                 `{}` is for programs only",
                scopes.join("`, `"),
                rule.name
            );
            report.warning(place(rule), "asks people for scopes that no sign-in asks for", mend);
        }
    }
}

/// The endpoint of ours that takes all requests of `rule`, if one does. At other hosts than ours there are none.
fn endpoint_above(rule: &Rule, paths: &Paths, known: &Known<'_>) -> Option<String> {
    let path = rule.path.as_ref()?;
    if rule.hosts.iter().any(|host| !known.hosts.iter().any(|ours| ours.covers(host))) {
        return None;
    }
    let providers = known.providers.unwrap_or_default();
    let people = providers.iter().filter(|provider| provider.signs_in);
    let callbacks = people.map(|provider| paths.callback_of(provider, providers));
    let takes = |endpoint: Option<PathPattern>| endpoint.is_some_and(|endpoint| endpoint.covers(path));
    let mut exact = paths.exact().map(str::to_owned).chain(callbacks);
    let exact = exact.find(|endpoint| takes(PathPattern::exact(endpoint).ok()));
    exact.or_else(|| paths.verify.clone().filter(|verify| takes(PathPattern::prefix(verify).ok())))
}

/// Who is asked for the scopes of a rule's requirement.
enum Asked {
    /// People who may have them, or no people.
    Nobody,
    /// People who can have none of these.
    InVain(Vec<String>),
}

/// Whether people can have the scopes that `rule` requires: by what their provider is always asked for, or by what some rule's
/// sign-in asks for.
fn asked(rule: &Rule, routes: &Routes, providers: &[ProviderSettings]) -> Asked {
    let access = &rule.access;
    let Some(wanted) = access.requirement.as_ref().filter(|_| rule.action == Action::Authenticate) else {
        return Asked::Nobody;
    };
    if !access.credentials_of(providers).session {
        return Asked::Nobody;
    }
    let people = providers.iter().filter(|provider| provider.signs_in && access.takes(&provider.name));
    let stronger = routes.rules().iter().flat_map(|rule| &rule.access.assurance.scopes);
    let scopes: Vec<&String> = people.flat_map(|provider| &provider.scopes).chain(stronger).collect();
    let mut lacking = Vec::new();
    match can_be_met(wanted, &scopes, &mut lacking) {
        true => Asked::Nobody,
        false => Asked::InVain(lacking),
    }
}

/// Whether somebody with `scopes` at most can meet `wanted`, all else being as it must; else what is `lacking`.
fn can_be_met(wanted: &Requirement, scopes: &[&String], lacking: &mut Vec<String>) -> bool {
    let mut each = |parts: &[Requirement]| parts.iter().filter(|part| can_be_met(part, scopes, lacking)).count();
    match wanted {
        Requirement::All(parts) => each(parts) == parts.len(),
        Requirement::Any(parts) => each(parts) > 0,
        Requirement::Scopes(wanted) => {
            let missing: Vec<_> = wanted.iter().filter(|scope| !scopes.contains(scope)).collect();
            for scope in &missing {
                if !lacking.contains(scope) {
                    lacking.push((*scope).clone());
                }
            }
            missing.is_empty()
        }
        Requirement::Claim(..)
        | Requirement::EmailDomains(_)
        | Requirement::Emails(_)
        | Requirement::Groups(_)
        | Requirement::Not(_) => true,
    }
}
