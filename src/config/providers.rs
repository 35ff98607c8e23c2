//! `providers`: all of them together.
//!
//! Decides that each can be told from the others by name and by what its tokens say. What one block may say is
//! `provider`'s.

use std::collections::BTreeMap;

use super::{
    Environment, provider,
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
    judge_names(&nodes, report);
    let providers: Vec<_> = nodes.iter().map(|node| provider::read(node, environment, report)).collect();
    providers.into_iter().collect()
}

fn judge_names(nodes: &[Node<'_>], report: &mut Report) {
    let mut names = BTreeMap::new();
    for node in nodes {
        let Some(name) = node.member_of("name") else {
            if nodes.len() > 1 {
                let mend = "give each provider a name of its own, such as `name: staff`: sessions remember it";
                node.problem(report, "has no `name`, but there are several providers", mend);
            }
            continue;
        };
        let Some(text) = name.as_text() else { continue };
        if let Some(earlier) = names.insert(text, node.path().to_owned()) {
            name.problem(report, format!("is the name of `{earlier}`, too"), "give each provider a name of its own");
        }
    }
}
