//! `providers`: all of them together.
//!
//! Decides that each can be told from the others: by its name, and by what its tokens say. What one block may say is
//! `provider`'s, and what people are called `people`'s.

use std::collections::BTreeMap;

use super::{
    Environment,
    identity::Common,
    provider,
    read::{Node, Object, Report},
};
use crate::oidc::provider::ProviderSettings;

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
