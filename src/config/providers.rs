//! `providers`: all of them together.
//!
//! Decides that each can be told from the others: by its name, by what its tokens say, and by what its people are called.
//! What one block may say is `provider`'s.

use std::collections::BTreeMap;

use super::{
    Environment,
    identity::Common,
    provider,
    read::{Node, Object, Report, element, member},
};
use crate::{
    identity::IdentitySettings,
    oidc::{
        bearer::TokenKind,
        claims::Naming,
        provider::{ProviderKind, ProviderSettings},
    },
};

/// Every provider, or `None` if one is broken.
pub(super) fn read(
    root: &Object<'_>,
    environment: &dyn Environment,
    report: &mut Report,
) -> Option<Vec<ProviderSettings>> {
    let mend = "add one provider with `issuer` and `clientId`";
    let nodes = root.required("providers", mend, report)?.list(report)?;
    let several = nodes.len() > 1;
    judge_names(&nodes, several, report);
    let common = Common::of(root);
    let providers: Vec<_> = nodes.iter().map(|node| provider::read(node, common, environment, report)).collect();
    let mut earlier: Vec<&ProviderSettings> = Vec::new();
    for (node, provider) in nodes.iter().zip(&providers) {
        let Some(provider) = provider else { continue };
        judge_apart(node, provider, &earlier, report);
        judge_opaque(node, provider, &earlier, report);
        earlier.push(provider);
    }
    providers.into_iter().collect()
}

fn judge_names(nodes: &[Node<'_>], several: bool, report: &mut Report) {
    let mut names = BTreeMap::new();
    let mut displayed = BTreeMap::new();
    for node in nodes {
        let name = node.member_of("name");
        if name.is_none() && several {
            let mend = "give each provider a name of its own, such as `name: staff`: sessions remember it";
            node.problem(report, "has no `name`, but there are several providers", mend);
        }
        unique(name, node, &mut names, report);
        unique(node.member_of("displayName"), node, &mut displayed, report);
    }
}

fn unique<'a>(name: Option<Node<'a>>, of: &Node<'_>, taken: &mut BTreeMap<&'a str, String>, report: &mut Report) {
    let Some((name, text)) = name.and_then(|name| name.as_text().map(|text| (name.clone(), text))) else { return };
    if let Some(earlier) = taken.insert(text, of.path().to_owned()) {
        name.problem(report, format!("is the same as that of `{earlier}`"), "give each provider one of its own");
    }
}

/// Several clients of one issuer are told apart by `aud` alone, so all else must be the same (T-171).
fn judge_apart(node: &Node<'_>, provider: &ProviderSettings, earlier: &[&ProviderSettings], report: &mut Report) {
    let Some(other) = earlier.iter().find(|other| other.issuer == provider.issuer) else { return };
    if earlier.iter().any(|other| other.issuer == provider.issuer && other.client_id == provider.client_id) {
        let mend = "keep one of them, or give each a `clientId` of its own: nothing else tells apart what comes from one issuer";
        node.problem(report, format!("has the issuer and the client of `{}`", other.name), mend);
    }
    let same = [
        ("kind", other.kind == provider.kind),
        ("endpoints", other.endpoints == provider.endpoints),
        ("algorithms", other.algorithms == provider.algorithms),
    ];
    for (name, _) in same.into_iter().filter(|(_, same)| !same) {
        let mend = format!("write the same `{name}` in both: an issuer has one set of keys and endpoints");
        node.problem(report, format!("has the issuer of `{}`, but another `{name}`", other.name), mend);
    }
}

/// A token that only its provider can read would be shown to every provider that is asked about such tokens.
fn judge_opaque(node: &Node<'_>, provider: &ProviderSettings, earlier: &[&ProviderSettings], report: &mut Report) {
    let asks = |provider: &ProviderSettings| provider.bearer.iter().any(|rule| rule.kind.lookup().is_some());
    if let Some(other) = earlier.iter().find(|other| asks(other)).filter(|_| asks(provider)) {
        let mend = "keep `introspection` or `user_info` at one provider: an opaque token does not say whose it is, so each would \
                    get to see, and could use, the tokens of the other";
        node.problem(report, format!("asks about opaque tokens, as `{}` does", other.name), mend);
    }
}

/// Warns where a person of one issuer could be taken for a person of another (T-160).
pub(super) fn judge_people(providers: &[ProviderSettings], identity: &IdentitySettings, report: &mut Report) {
    for (index, provider) in providers.iter().enumerate() {
        let earlier: Vec<_> = providers.iter().take(index).filter(|other| other.issuer != provider.issuer).collect();
        let path = element("providers", index);
        judge_person(&path, provider, &earlier, identity, report);
        judge_tokens(&member(&path, "bearer"), provider, identity, report);
    }
}

fn judge_person(
    path: &str,
    provider: &ProviderSettings,
    others: &[&ProviderSettings],
    identity: &IdentitySettings,
    report: &mut Report,
) {
    let user_ids = |naming: &Naming| identity.user_id.as_ref().map(|_| identity.user_id_prefix(naming).to_owned());
    let groups = |naming: &Naming| identity.groups.as_ref().map(|_| identity.groups_prefix(naming).to_owned());
    if let Some(other) = others.iter().find(|other| meet(&prefixes(provider, user_ids), &prefixes(other, user_ids))) {
        let mend = format!(
            "give each provider a prefix of its own, as `identity: {{ userId: {{ prefix: \"{}:\" }} }}`, unless both call the \
             same person the same: a person of one can be taken for a person of the other",
            provider.name
        );
        report.warning(path, format!("can give the same user ids as `{}`", other.name), mend);
    }
    if let Some(other) = others.iter().find(|other| meet(&prefixes(provider, groups), &prefixes(other, groups))) {
        let mend = format!(
            "give each provider a prefix of its own, as `identity: {{ groups: {{ prefix: \"{}:\" }} }}`, unless a group means the \
             same at both: who is in `admins` at one is in `admins` of the other",
            provider.name
        );
        report.warning(path, format!("can give the same groups as `{}`", other.name), mend);
    }
}

/// What stands before the names that come from a provider, by each of the ways to come from there. A service account's own
/// name begins with `system:serviceaccount:`, and it has no groups.
fn prefixes(provider: &ProviderSettings, prefix: impl Fn(&Naming) -> Option<String>) -> Vec<String> {
    let people = provider.signs_in.then(|| prefix(&provider.naming));
    let tokens = provider.bearer.iter().filter(|rule| rule.kind != TokenKind::ServiceAccount);
    let tokens = tokens.map(|rule| prefix(&rule.naming.or(&provider.naming)));
    people.into_iter().chain(tokens).flatten().collect()
}

fn meet(one: &[String], other: &[String]) -> bool {
    one.iter().any(|prefix| other.contains(prefix))
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
