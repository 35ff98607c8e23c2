//! `match`: which requests a rule is for.
//!
//! Decides how hosts, methods and paths are written. An absent `match` means everything; one that is there must say
//! something. What they match is `policy`'s.

use super::super::read::{Node, Object, Report, each_once};
use crate::policy::{Exclusion, HostPattern, HostPatternError, PathPattern, PathPatternError};

/// What `match` says.
#[derive(Default)]
pub(super) struct Matching {
    pub(super) hosts: Vec<HostPattern>,
    pub(super) methods: Vec<String>,
    pub(super) path: Option<PathPattern>,
    pub(super) not: Option<Exclusion>,
}

pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Matching {
    let Some(object) = node.object(&["hosts", "methods", "path", "not"], report) else { return Matching::default() };
    let Exclusion { hosts, methods, path } = parts(&object, report);
    let not = object.member("not");
    if not.is_none() && says_nothing(&object) {
        let mend = "name hosts, methods or a path; to match everything, remove `match`";
        node.problem(report, "says nothing", mend);
    }
    let not = not.and_then(|node| exclusion(&node, report));
    Matching { hosts, methods, path, not }
}

fn exclusion(node: &Node<'_>, report: &mut Report) -> Option<Exclusion> {
    let object = node.object(&["hosts", "methods", "path"], report)?;
    if says_nothing(&object) {
        node.problem(report, "says nothing", "name hosts, methods or a path, or remove it: it would leave nothing");
    }
    Some(parts(&object, report))
}

fn says_nothing(object: &Object<'_>) -> bool {
    ["hosts", "methods", "path"].iter().all(|name| object.member(name).is_none())
}

fn parts(object: &Object<'_>, report: &mut Report) -> Exclusion {
    let hosts = object.member("hosts").map(|node| each_once(&node, report, host)).unwrap_or_default();
    let methods = object.member("methods").map(|node| each_once(&node, report, method)).unwrap_or_default();
    let path = object.member("path").and_then(|node| path(&node, report));
    Exclusion { hosts, methods, path }
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

fn path(node: &Node<'_>, report: &mut Report) -> Option<PathPattern> {
    type Kind = (&'static str, fn(&str) -> Result<PathPattern, PathPatternError>, &'static str);
    const KINDS: [Kind; 4] = [
        ("exact", PathPattern::exact, LITERAL_MEND),
        ("prefix", PathPattern::prefix, LITERAL_MEND),
        ("template", PathPattern::template, TEMPLATE_MEND),
        ("regex", PathPattern::regex, REGEX_MEND),
    ];
    let object = node.object(&KINDS.map(|(name, ..)| name), report)?;
    let mut given = KINDS.iter().filter_map(|(name, parse, mend)| Some((object.member(name)?, parse, mend)));
    match (given.next(), given.next()) {
        (Some((node, parse, mend)), None) => node.parse(report, mend, parse),
        (first, _) => {
            let what = if first.is_some() { "is written in two ways" } else { "says nothing" };
            let mend = "write one of `exact: /path`, `prefix: /path`, `template: /users/{id}` and `regex: /v[0-9]+/.*`";
            node.problem(report, what, mend);
            None
        }
    }
}

const LITERAL_MEND: &str = "write the path decoded and literally, such as `/healthz` or `/my docs`; names in braces are for \
                            `template`, patterns for `regex`";
const TEMPLATE_MEND: &str = "write the path decoded, with names of letters, digits, `-` and `_` for whole segments, such as `/users/{id}/files`";
const REGEX_MEND: &str = "write one that the whole decoded path matches, such as `/v[0-9]+/.*`; for what look-around would do, \
                          put a rule before this one or use `not`";
