//! `routes`: who passes where.
//!
//! Decides how rules are written, and which of their parts contradict each other. What they do is `policy`'s.
//!
//! | File | Reads |
//! |---|---|
//! | `matching` | `match`: which requests a rule is for |
//! | `access` | what `authenticate` asks for |
//! | `require` | `require`: which claims |
//! | `futile` | nothing; warns of rules that never do what they say |
//! | `generous` | nothing; warns of rules that let more people pass than they seem to |

mod access;
mod futile;
mod generous;
mod matching;
mod require;

use std::collections::BTreeMap;

use super::{
    paths::Paths,
    read::{Node, Object, Report},
};
use crate::{
    identity::{Forwarding, IdentitySettings},
    oidc::provider::ProviderSettings,
    policy::{Access, Action, HostPattern, Routes, Rule},
};

/// What the rules rely on and other blocks say. A block that is broken is `None`: it has its problems already.
pub(super) struct Known<'a> {
    /// Who vouches for people and programs.
    pub(super) providers: Option<&'a [ProviderSettings]>,
    /// The headers that applications get.
    pub(super) identity: &'a IdentitySettings,
    /// Whether there is an external authorizer.
    pub(super) authorizer: bool,
    /// Our own endpoints.
    pub(super) paths: Option<&'a Paths>,
    /// The hosts that they are at.
    pub(super) hosts: Vec<HostPattern>,
}

/// The rules, and by index which of them hand on other tokens than all the rest.
pub(super) fn read(node: &Node<'_>, known: &Known<'_>, report: &mut Report) -> (Routes, BTreeMap<usize, Forwarding>) {
    let nodes = node.list(report).unwrap_or_default();
    let mut names = BTreeMap::new();
    let read: Vec<_> = nodes.iter().filter_map(|node| rule(node, known, &mut names, report)).collect();
    let (mut rules, mut forwarding) = (Vec::new(), BTreeMap::new());
    for (index, (rule, forward)) in read.into_iter().enumerate() {
        forwarding.extend(forward.map(|forward| (index, forward)));
        rules.push(rule);
    }
    let routes = Routes::new(rules);
    futile::warn(&routes, &names, known, report);
    generous::warn(&routes, &names, known, report);
    (routes, forwarding)
}

fn rule(
    node: &Node<'_>,
    known: &Known<'_>,
    names: &mut BTreeMap<String, String>,
    report: &mut Report,
) -> Option<(Rule, Option<Forwarding>)> {
    let members: Vec<_> = ["name", "match", "action"].into_iter().chain(access::MEMBERS).collect();
    let object = node.object(&members, report)?;
    let name = object.member("name").map_or_else(|| Some(node.path().to_owned()), |node| name(&node, report));
    if let Some(earlier) = name.clone().and_then(|name| names.insert(name, node.path().to_owned())) {
        node.problem(report, format!("has the name of `{earlier}`"), "give each rule a name of its own");
    }
    let actions = [("allow", Action::Allow), ("deny", Action::Deny), ("authenticate", Action::Authenticate)];
    let action = object.required("action", "write `allow`, `deny` or `authenticate`", report);
    let action = action.and_then(|node| node.choice(&actions, report));
    let matching = object.member("match").map(|node| matching::read(&node, report)).unwrap_or_default();
    let (access, forward) = match action {
        Some(Action::Authenticate) => access::read(&object, known, report),
        Some(Action::Allow) => idle(&object, "lets everyone pass", report),
        Some(Action::Deny) => idle(&object, "lets nobody pass", report),
        None => (Access::default(), None),
    };
    let matching::Matching { hosts, methods, path, not } = matching;
    let rule = Rule { name: name?, hosts, methods, path, not, action: action?, access };
    if rule.action == Action::Allow && rule.is_for_every_path() {
        let mend = "remove it unless this gateway has only public applications";
        report.warning(node.path(), "lets everyone pass to every path without sign-in", mend);
    }
    Some((rule, forward))
}

/// What would ask for something on a rule that asks nothing.
fn idle(object: &Object<'_>, what: &str, report: &mut Report) -> (Access, Option<Forwarding>) {
    for name in access::MEMBERS {
        if let Some(node) = object.member(name) {
            let mend = "remove it, or write `action: authenticate`";
            node.problem(report, format!("does nothing in a rule that {what}"), mend);
        }
    }
    (Access::default(), None)
}

fn name(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let name = node.text(report)?;
    if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        node.problem(report, "is not a short name", "write up to 64 characters: it stands in logs");
    }
    Some(name.to_owned())
}

/// scope-token of RFC 6749 §3.3.
fn scope_token(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let text = node.text(report)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')) {
        let mend = "write one value without spaces, quotes and backslashes; several are a list";
        node.problem(report, "is not one value of a scope or `acr`", mend);
        return None;
    }
    Some(text.to_owned())
}

const LONGEST_NAME: usize = 64;
