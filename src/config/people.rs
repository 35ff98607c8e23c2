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
    let accounts = Accounts::by(identity);
    for (index, provider) in providers.iter().enumerate() {
        let earlier = providers.iter().take(index).filter(|other| other.issuer != provider.issuer);
        let earlier: Vec<_> = earlier.collect();
        let path = element("providers", index);
        judge_names(&path, USER_IDS, (provider, accounts), &earlier, |naming| user_id(identity, naming), report);
        judge_names(&path, GROUPS, (provider, Accounts::Apart), &earlier, |naming| groups(identity, naming), report);
        judge_tokens(&member(&path, "bearer"), provider, identity, report);
    }
    judge_ways(providers, identity, accounts, report);
}

const USER_IDS: (&str, &str, &str) = (
    "user ids",
    "userId",
    "both call the same person the same: a person of one can be taken for a person of the other",
);
const GROUPS: (&str, &str, &str) =
    ("groups", "groups", "a group means the same at both: who is in `admins` at one is in `admins` of the other");

/// What a service account's `sub` can be: it begins with `system:serviceaccount:`, unless rules take that away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accounts {
    /// No person is called so.
    Apart,
    /// What a person may be called, too.
    LikePeople,
}

impl Accounts {
    /// How they are called by these rules, of which some accounts are tried.
    fn by(identity: &IdentitySettings) -> Self {
        let Some(rule) = &identity.user_id else { return Self::Apart };
        let reworded = |namespace: &&str| {
            let rewritten = rule.rewrite(&format!("{ACCOUNT}{namespace}:ada"));
            rewritten.is_ok_and(|(name, _)| !name.starts_with(ACCOUNT))
        };
        match ["default", "kubeflow", "ns"].iter().any(reworded) {
            true => Self::LikePeople,
            false => Self::Apart,
        }
    }
}

const ACCOUNT: &str = "system:serviceaccount:";

/// The claims that can name, and what stands before the name.
struct Name {
    claims: Vec<ClaimPath>,
    prefix: String,
}

impl Name {
    /// Whether both can be the same text: one prefix begins with the other, and the names decide the rest.
    fn meets(&self, other: &Self) -> bool {
        self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix)
    }
}

fn user_id(identity: &IdentitySettings, naming: &Naming) -> Option<Name> {
    identity.user_id.as_ref()?;
    let claims = identity.user_id_claims(naming).to_vec();
    Some(Name { claims, prefix: identity.user_id_prefix(naming).to_owned() })
}

fn groups(identity: &IdentitySettings, naming: &Naming) -> Option<Name> {
    let claim = identity.groups_claim(naming)?.clone();
    Some(Name { claims: vec![claim], prefix: identity.groups_prefix(naming).to_owned() })
}

/// The names that come from a provider at `path`, by each of the ways to come from there, and where each way is written.
fn names(
    path: &str,
    provider: &ProviderSettings,
    accounts: Accounts,
    name: impl Fn(&Naming) -> Option<Name>,
) -> Vec<(String, ProviderKind, Name)> {
    let people = provider.signs_in.then(|| (path.to_owned(), name(&provider.naming)));
    let rules = provider.bearer.iter().enumerate().map(|(index, rule)| {
        let name = name(&rule.naming.or(&provider.naming));
        // What else a service account has is below `kubernetes.io`.
        let inner = |name: &Name| name.claims.iter().any(|claim| claim.root == "kubernetes.io");
        let apart = rule.kind == TokenKind::ServiceAccount && accounts == Accounts::Apart;
        let name = name.filter(|name| !apart || inner(name));
        (element(&member(path, "bearer"), index), name)
    });
    people.into_iter().chain(rules).filter_map(|(path, name)| Some((path, provider.kind, name?))).collect()
}

/// Warns where names of two issuers could be the same.
fn judge_names(
    path: &str,
    (what, member, unless): (&str, &str, &str),
    (provider, accounts): (&ProviderSettings, Accounts),
    others: &[&ProviderSettings],
    name: impl Fn(&Naming) -> Option<Name>,
    report: &mut Report,
) {
    let ours = names(path, provider, accounts, &name);
    let meets = |other: &&&ProviderSettings| {
        let theirs = names("", other, accounts, &name);
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
fn judge_ways(providers: &[ProviderSettings], identity: &IdentitySettings, accounts: Accounts, report: &mut Report) {
    let mut earlier: Vec<(&str, String, Name)> = Vec::new();
    // A rule can leave of an address what another claim makes up.
    let rewritten = identity.user_id.as_ref().is_some_and(|rule| !rule.transforms.rules().is_empty());
    for (index, provider) in providers.iter().enumerate() {
        let path = element("providers", index);
        for (place, kind, name) in names(&path, provider, accounts, |naming| user_id(identity, naming)) {
            let kind = if rewritten { ProviderKind::Oidc } else { kind };
            let same = |(issuer, there, other): &(&str, String, Name)| {
                let near = *issuer == provider.issuer && name.meets(other);
                let (one, other) = near.then(|| alike(&name.claims, &other.claims, kind))??;
                Some((there.clone(), one.clone(), other.clone()))
            };
            if let Some((there, one, other)) = earlier.iter().find_map(same) {
                let mend = format!(
                    "take the same claim in both, or a prefix, as `identity: {{ userId: {{ prefix: \"{0}:\" }} }}`: whose `{0}` \
                     is another's `{1}` is taken for them",
                    one, other
                );
                report.warning(&place, format!("can give a user id that is somebody else's by `{there}`"), mend);
            }
            earlier.push((&provider.issuer, place, name));
        }
    }
}

/// A claim of `ones` and one of `others` that can name two people alike; within one list, the list itself is warned of.
fn alike<'a>(
    ones: &'a [ClaimPath],
    others: &'a [ClaimPath],
    kind: ProviderKind,
) -> Option<(&'a ClaimPath, &'a ClaimPath)> {
    let mut pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    pairs.find(|(one, other)| ones != others && can_be_alike(one, other, kind))
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
        let claims = identity.user_id_claims(&naming);
        let Some(claim) = claims.first() else { continue };
        let none_is = |roots: &[&str]| !claims.iter().any(|claim| roots.contains(&claim.root.as_str()));
        let (whose, instead) = match (rule.kind, provider.kind) {
            (TokenKind::AccessToken, ProviderKind::Cognito) if claims.iter().all(|claim| claim.root == "email") => {
                ("Cognito's access", "client_id")
            }
            (TokenKind::ServiceAccount, _) if none_is(&["sub", "kubernetes.io"]) => ("service accounts'", "sub"),
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
