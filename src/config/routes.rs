//! `routes`: who passes where.
//!
//! Decides how rules are written. An absent `match` means everything; one that is there must say something. What the
//! rules match is `policy`'s.

use std::collections::BTreeMap;

use super::read::{Node, Report};
use crate::policy::{Access, Action, HostPattern, HostPatternError, PathPattern, Routes, Rule};

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Routes {
    let nodes = node.list(report).unwrap_or_default();
    let mut names = BTreeMap::new();
    let rules: Vec<_> = nodes.iter().filter_map(|node| rule(node, &mut names, report)).collect();
    let routes = Routes::new(rules);
    for (rule, earlier) in routes.shadowed() {
        let mend = format!("move it before `{}`, which takes all its requests, or remove it", earlier.name);
        report.warning(names.get(&rule.name).map_or("routes", String::as_str), "never decides", mend);
    }
    routes
}

fn rule(node: &Node<'_>, names: &mut BTreeMap<String, String>, report: &mut Report) -> Option<Rule> {
    let object = node.object(&["name", "match", "action"], report)?;
    let name = object.member("name").map_or_else(|| Some(node.path().to_owned()), |node| name(&node, report));
    if let Some(earlier) = name.clone().and_then(|name| names.insert(name, node.path().to_owned())) {
        node.problem(report, format!("has the name of `{earlier}`"), "give each rule a name of its own");
    }
    let actions = [("allow", Action::Allow), ("deny", Action::Deny), ("authenticate", Action::Authenticate)];
    let action = object.required("action", "write `allow`, `deny` or `authenticate`", report);
    let action = action.and_then(|node| node.choice(&actions, report));
    // An action that is missing is reported, so that no rule is made of this stand-in.
    let stand_in = action.unwrap_or(Action::Deny);
    let rule = Rule {
        name: name?,
        hosts: Vec::new(),
        methods: Vec::new(),
        path: None,
        not: None,
        action: stand_in,
        access: Access::default(),
    };
    let rule = match object.member("match") {
        Some(node) => narrowed(rule, &node, report)?,
        None => rule,
    };
    if rule.action == Action::Allow && rule.hosts.is_empty() && is_everything(rule.path.as_ref()) {
        let mend = "remove it unless this gateway has only public applications";
        report.warning(node.path(), "lets everyone pass to every path without sign-in", mend);
    }
    Some(rule)
}

fn is_everything(path: Option<&PathPattern>) -> bool {
    path.is_none_or(|path| matches!(path, PathPattern::Prefix(segments) if segments.is_empty()))
}

fn name(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let name = node.text(report)?;
    if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        node.problem(report, "is not a short name", "write up to 64 characters: it stands in logs");
    }
    Some(name.to_owned())
}

/// `rule`, narrowed to what `match` says.
fn narrowed(rule: Rule, node: &Node<'_>, report: &mut Report) -> Option<Rule> {
    let object = node.object(&["hosts", "methods", "path"], report)?;
    let [hosts, methods, path] = ["hosts", "methods", "path"].map(|name| object.member(name));
    if hosts.is_none() && methods.is_none() && path.is_none() {
        let mend = "name hosts, methods or a path; to match everything, remove `match`";
        node.problem(report, "says nothing", mend);
    }
    let hosts = hosts.and_then(|node| node.list(report)).unwrap_or_default();
    let hosts = hosts.iter().filter_map(|node| host(node, report)).collect();
    let methods = methods.and_then(|node| node.list(report)).unwrap_or_default();
    let methods = methods.iter().filter_map(|node| method(node, report)).collect();
    let path = path.and_then(|node| path_pattern(&node, report));
    Some(Rule { hosts, methods, path, ..rule })
}

fn host(node: &Node<'_>, report: &mut Report) -> Option<HostPattern> {
    let mend = "write `app.example.com`, or `*.example.com` for all names below it";
    node.parse::<_, HostPatternError>(report, mend, HostPattern::parse)
}

fn method(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let method = node.text(report)?;
    if !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        node.problem(report, "is not a method", "write it in upper case, such as `GET`: methods are case-sensitive");
    }
    Some(method.to_owned())
}

fn path_pattern(node: &Node<'_>, report: &mut Report) -> Option<PathPattern> {
    let object = node.object(&["exact", "prefix"], report)?;
    match (object.member("exact"), object.member("prefix")) {
        (Some(node), None) => node.parse(report, PATH_MEND, PathPattern::exact),
        (None, Some(node)) => node.parse(report, PATH_MEND, PathPattern::prefix),
        (exact, _) => {
            let what = if exact.is_some() { "has both `exact` and `prefix`" } else { "says nothing" };
            node.problem(report, what, "write either `exact: /path` or `prefix: /path`");
            None
        }
    }
}

const PATH_MEND: &str = "write the path decoded and literally, such as `/healthz` or `/my docs`";
const LONGEST_NAME: usize = 64;
