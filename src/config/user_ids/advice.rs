//! What is probably not meant so in the claims and rules for user ids.
//!
//! Decides which people the rules are tried with. It is for whoever checks a configuration; the module does not carry it.

use crate::{
    config::read::{Report, element, member},
    identity::{UserIdRule, transform::Ends},
    oidc::claims::ClaimPath,
};

/// Warns of rules that rewrite parts of other user ids, of rules that never apply, and of two people who become one.
pub(super) fn advise(path: &str, rule: &UserIdRule, report: &mut Report) {
    let path = member(path, "transforms");
    let rules = rule.transforms.rules();
    for (index, rule) in rules.iter().enumerate() {
        let (what, stays) = match rule.ends() {
            Ends { open_before: false, open_behind: false } => continue,
            Ends { open_before: true, open_behind: false } => ("at the end of longer user ids, too", "before"),
            Ends { open_before: false, open_behind: true } => ("at the beginning of longer user ids, too", "behind"),
            Ends { open_before: true, open_behind: true } => ("in the middle of longer user ids, too", "around"),
        };
        let mend = format!(
            "anchor it, as `{}`: what stands {stays} it stays, so that somebody else's user id can become like the one that is meant",
            rule.anchored()
        );
        report.warning(&member(&element(&path, index), "matches"), format!("is found {what}"), mend);
    }
    let futile = rules.iter().take(rules.len().saturating_sub(1)).position(|rule| rule.is_for_all());
    if let Some(index) = futile {
        let what = format!("never applies: `{}` is found in every user id", element(&path, index));
        report.warning(&element(&path, index.saturating_add(1)), what, "put it before that rule, or remove it");
    }
    if let Some((one, other, both)) = taken_for_each_other(rule) {
        let mend = "keep what tells them apart, unless both are always the same person; `edge-oidc check --user-id` tries other ones";
        report.warning(&path, format!("makes one user id of two: `{one}` and `{other}` become `{both}`"), mend);
    }
}

/// Warns of claims, among several, that people may be able to choose.
pub(super) fn advise_claims(path: &str, claims: &[ClaimPath], report: &mut Report) {
    for claim in claims.iter().filter(|claim| claims.len() > 1 && !is_given(claim)) {
        let mend =
            "make sure that nobody can put there what another is called by one of the other claims, or leave it out";
        report.warning(path, format!("has `{claim}`, which people may be able to choose"), mend);
    }
}

/// Whether it is the provider who says what stands there: an address is verified, the others are made up.
fn is_given(claim: &ClaimPath) -> bool {
    claim.rest.is_empty() && matches!(claim.root.as_str(), "client_id" | "email" | "sub")
}

/// Two user ids of those that are tried, and the one that both become.
fn taken_for_each_other(rule: &UserIdRule) -> Option<(String, String, String)> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for id in tried(rule) {
        let Ok((result, _)) = rule.rewrite(&id) else { continue };
        // Lower case is for people who are written in two ways.
        let same = |one: &str| if rule.lowercase { one.eq_ignore_ascii_case(&id) } else { one == id };
        if let Some((one, _)) = seen.iter().find(|(one, earlier)| *earlier == result && !same(one)) {
            return Some((one.clone(), id, result));
        }
        seen.push((id, result));
    }
    None
}

fn tried(rule: &UserIdRule) -> Vec<String> {
    let named = rule.transforms.rules().iter().flat_map(|rule| rule.domains());
    let domains: Vec<_> = ["example.com", "example.org"].map(str::to_owned).into_iter().chain(named).collect();
    let addresses =
        ["ada", "bob", "ADA"].into_iter().flat_map(|name| domains.iter().map(move |at| format!("{name}@{at}")));
    // A claim that is no address can be the part of one.
    let bare = rule.claims.iter().any(|claim| !ClaimPath::is_email(claim)).then(|| "ada".to_owned());
    addresses.chain(bare).collect()
}
