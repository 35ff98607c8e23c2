//! Rules that let more people pass than they seem to.
//!
//! Decides which of them give a warning. Who passes is decided by `policy` and `flow`.

use std::collections::{BTreeMap, BTreeSet};

use super::Known;
use crate::{
    config::read::{Report, member},
    oidc::{assurance::Assurance, provider::ProviderSettings},
    policy::{Access, Requirement, Routes, Unauthenticated},
};

/// Warns of each such rule; `places` has where each is, by its name.
pub(super) fn warn(routes: &Routes, places: &BTreeMap<String, String>, known: &Known<'_>, report: &mut Report) {
    for rule in routes.rules() {
        let place = places.get(&rule.name).map_or("routes", String::as_str);
        let access = &rule.access;
        if access.requirement.as_ref().is_some_and(Requirement::takes_whoever_has_no_claims) {
            let mend = "say as well what somebody must have, such as `groups: { any: [employees] }`: a provider that leaves a \
                        claim out lets everyone pass";
            report.warning(&member(place, "require"), "is met by whoever has no claims at all", mend);
        }
        if let Some(demand) = known.providers.and_then(|providers| taken_at_any_word(access, providers)) {
            let mend = "name `providers`: who may pass is otherwise as each of them says, the least trusted one, too";
            report.warning(&member(place, demand), "is taken at every provider's word", mend);
        }
        let is_asked = known.authorizer && access.external_authorization;
        if is_asked && access.unauthenticated == Unauthenticated::Pass {
            let mend = "write `externalAuthorization: false`, or another `unauthenticated`: whoever is refused signs out and passes";
            report.warning(
                &member(place, "unauthenticated"),
                "lets pass who is not known, and asks the authorizer about who is",
                mend,
            );
        }
    }
}

/// The demand that each of several issuers' claims can meet, where the rule does not say whose count. Groups have prefixes,
/// and `iss` is the issuer's own.
fn taken_at_any_word(access: &Access, providers: &[ProviderSettings]) -> Option<&'static str> {
    let claims = access.requirement.as_ref().map(Requirement::claim_names).unwrap_or_default();
    let demand = match claims.iter().any(|claim| *claim != "iss") {
        true => "require",
        false if access.assurance != Assurance::default() => "signIn",
        false => return None,
    };
    let given = access.credentials_of(providers);
    let counts = |provider: &&ProviderSettings| {
        (given.session && provider.signs_in) || (given.bearer && !provider.bearer.is_empty())
    };
    let issuers: BTreeSet<_> = providers.iter().filter(counts).map(|provider| &provider.issuer).collect();
    (access.providers.is_empty() && issuers.len() > 1).then_some(demand)
}
