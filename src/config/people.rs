//! What people and programs are called, over all providers.
//!
//! Decides which of them give a warning, since one could be taken for another. What somebody is called is decided by
//! `identity`.

use super::read::{Report, element, member};
use crate::{
    identity::IdentitySettings,
    oidc::{
        bearer::TokenKind,
        claims::{ClaimPath, Naming},
        provider::{ProviderKind, ProviderSettings},
    },
};

/// Warns where somebody could be taken for somebody else (T-160).
pub(super) fn warn(providers: &[ProviderSettings], identity: &IdentitySettings, report: &mut Report) {
    for (index, provider) in providers.iter().enumerate() {
        let earlier = providers.iter().take(index).filter(|other| other.issuer != provider.issuer);
        let earlier: Vec<_> = earlier.collect();
        let path = element("providers", index);
        judge_names(&path, USER_IDS, provider, &earlier, |naming| user_id(identity, naming), report);
        judge_names(&path, GROUPS, provider, &earlier, |naming| groups(identity, naming), report);
        judge_tokens(&member(&path, "bearer"), provider, identity, report);
    }
    judge_ways(providers, identity, report);
}

const USER_IDS: (&str, &str, &str) = (
    "user ids",
    "userId",
    "both call the same person the same: a person of one can be taken for a person of the other",
);
const GROUPS: (&str, &str, &str) =
    ("groups", "groups", "a group means the same at both: who is in `admins` at one is in `admins` of the other");

/// A claim that names, and what stands before the name.
struct Name {
    claim: ClaimPath,
    prefix: String,
}

impl Name {
    /// Whether both can be the same text: one prefix begins with the other, and the names decide the rest.
    fn meets(&self, other: &Self) -> bool {
        self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix)
    }
}

fn user_id(identity: &IdentitySettings, naming: &Naming) -> Option<Name> {
    let claim = identity.user_id_claim(naming)?.clone();
    Some(Name { claim, prefix: identity.user_id_prefix(naming).to_owned() })
}

fn groups(identity: &IdentitySettings, naming: &Naming) -> Option<Name> {
    let claim = identity.groups_claim(naming)?.clone();
    Some(Name { claim, prefix: identity.groups_prefix(naming).to_owned() })
}

/// The names that come from a provider at `path`, by each of the ways to come from there, and where each way is written.
fn names(
    path: &str,
    provider: &ProviderSettings,
    name: impl Fn(&Naming) -> Option<Name>,
) -> Vec<(String, ProviderKind, Name)> {
    let people = provider.signs_in.then(|| (path.to_owned(), name(&provider.naming)));
    let rules = provider.bearer.iter().enumerate().map(|(index, rule)| {
        let name = name(&rule.naming.or(&provider.naming));
        // A service account's `sub` begins with `system:serviceaccount:`; what else it has is below `kubernetes.io`.
        let name = name.filter(|name| rule.kind != TokenKind::ServiceAccount || name.claim.root == "kubernetes.io");
        (element(&member(path, "bearer"), index), name)
    });
    people.into_iter().chain(rules).filter_map(|(path, name)| Some((path, provider.kind, name?))).collect()
}

/// Warns where names of two issuers could be the same.
fn judge_names(
    path: &str,
    (what, member, unless): (&str, &str, &str),
    provider: &ProviderSettings,
    others: &[&ProviderSettings],
    name: impl Fn(&Naming) -> Option<Name>,
    report: &mut Report,
) {
    let ours = names(path, provider, &name);
    let meets = |other: &&&ProviderSettings| {
        let theirs = names("", other, &name);
        ours.iter().any(|(.., one)| theirs.iter().any(|(.., other)| one.meets(other)))
    };
    if let Some(other) = others.iter().find(meets) {
        let mend = format!(
            "give both a prefix, as `identity: {{ {member}: {{ prefix: \"{}:\" }} }}`, and none that begins with the other's (an \
             empty one begins every name), unless {unless}",
            provider.name
        );
        report.warning(path, format!("can give the same {what} as `{}`", other.name), mend);
    }
}

/// Warns where two claims of one issuer name people, and what one says of somebody could be what the other says of another.
fn judge_ways(providers: &[ProviderSettings], identity: &IdentitySettings, report: &mut Report) {
    let mut earlier: Vec<(&str, String, Name)> = Vec::new();
    for (index, provider) in providers.iter().enumerate() {
        let path = element("providers", index);
        for (place, kind, name) in names(&path, provider, |naming| user_id(identity, naming)) {
            let same = |(issuer, _, other): &&(&str, String, Name)| {
                *issuer == provider.issuer && name.meets(other) && can_be_alike(&name.claim, &other.claim, kind)
            };
            if let Some((_, there, other)) = earlier.iter().find(same) {
                let mend = format!(
                    "take the same claim in both, or a prefix, as `identity: {{ userId: {{ prefix: \"{0}:\" }} }}`: whose `{0}` \
                     is another's `{1}` is taken for them",
                    name.claim, other.claim
                );
                report.warning(&place, format!("can give a user id that is somebody else's by `{there}`"), mend);
            }
            earlier.push((&provider.issuer, place, name));
        }
    }
}

/// Whether two claims of one issuer can name two people alike. Cognito itself makes up `sub` and `client_id`, without `@`.
fn can_be_alike(one: &ClaimPath, other: &ClaimPath, kind: ProviderKind) -> bool {
    let made_up = |claim: &ClaimPath| claim.rest.is_empty() && matches!(claim.root.as_str(), "client_id" | "sub");
    let apart = |one: &ClaimPath, other: &ClaimPath| one.is_email() && made_up(other);
    let apart = kind == ProviderKind::Cognito && (apart(one, other) || apart(other, one));
    one != other && !apart
}

/// Warns of tokens that are taken and then name nobody, because they never have the claim of the user id.
fn judge_tokens(path: &str, provider: &ProviderSettings, identity: &IdentitySettings, report: &mut Report) {
    for (index, rule) in provider.bearer.iter().enumerate() {
        let naming = rule.naming.or(&provider.naming);
        let Some(claim) = identity.user_id_claim(&naming) else { continue };
        let (whose, instead) = match (rule.kind, provider.kind) {
            (TokenKind::AccessToken, ProviderKind::Cognito) if claim.root == "email" => {
                ("Cognito's access", "client_id")
            }
            (TokenKind::ServiceAccount, _) if !["sub", "kubernetes.io"].contains(&claim.root.as_str()) => {
                ("service accounts'", "sub")
            }
            _ => continue,
        };
        let mend = format!(
            "add `identity: {{ userId: {{ claim: {instead} }} }}` to the entry: {whose} tokens have no `{}`, so each would be \
             refused for want of a user id",
            claim.root
        );
        report.warning(&element(path, index), "takes tokens that name nobody", mend);
    }
}
