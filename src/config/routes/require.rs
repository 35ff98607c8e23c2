//! `require`: which claims somebody must have.
//!
//! Decides how requirements are written; the members of one object must all be met. What meets them is `policy`'s.

use serde_json::Value;

use super::{
    super::{
        identity,
        read::{Node, Report, each_once},
    },
    Known, scope_token,
};
use crate::policy::{
    ClaimTest, Domain, DomainError, Email, EmailError, Glob, GlobError, GroupsRequirement, RegexError, Requirement,
    Scalar, WholeRegex,
};

pub(super) fn read(node: &Node<'_>, known: &Known<'_>, report: &mut Report) -> Option<Requirement> {
    let object = node.object(&MEMBERS, report)?;
    let mut parts = Vec::new();
    parts.extend(object.member("groups").and_then(|node| groups(&node, known, report)).map(Requirement::Groups));
    parts.extend(object.member("scopes").map(|node| Requirement::Scopes(each_once(&node, report, scope_token))));
    parts.extend(object.member("emailDomains").map(|node| Requirement::EmailDomains(each_once(&node, report, domain))));
    parts.extend(object.member("emails").map(|node| Requirement::Emails(each_once(&node, report, email))));
    for node in object.member("claims").and_then(|node| node.list(report)).unwrap_or_default() {
        parts.extend(claim(&node, report));
    }
    parts.extend(object.member("all").map(|node| Requirement::All(several(&node, known, report))));
    parts.extend(object.member("any").map(|node| Requirement::Any(several(&node, known, report))));
    let not = object.member("not").and_then(|node| read(&node, known, report));
    parts.extend(not.map(|part| Requirement::Not(Box::new(part))));
    if MEMBERS.iter().all(|name| object.member(name).is_none()) {
        node.problem(
            report,
            "says nothing",
            "name what must be met, such as `groups: { any: [admins] }`, or remove it",
        );
    }
    let alone = if parts.len() == 1 { parts.pop() } else { None };
    Some(alone.unwrap_or(Requirement::All(parts)))
}

const MEMBERS: [&str; 8] = ["groups", "scopes", "emailDomains", "emails", "claims", "all", "any", "not"];

fn several(node: &Node<'_>, known: &Known<'_>, report: &mut Report) -> Vec<Requirement> {
    let nodes = node.list(report).unwrap_or_default();
    nodes.iter().filter_map(|node| read(node, known, report)).collect()
}

fn groups(node: &Node<'_>, known: &Known<'_>, report: &mut Report) -> Option<GroupsRequirement> {
    let object = node.object(&["any", "all", "none"], report)?;
    if known.identity.groups.is_none() {
        let mend = "add `identity.groups` with the `claim` of the groups, and the `header` that the applications read";
        node.problem(report, "cannot be judged: nothing says which claim holds the groups", mend);
    }
    let [any, all, none] = ["any", "all", "none"].map(|name| object.member(name));
    if any.is_none() && all.is_none() && none.is_none() {
        node.problem(report, "says nothing", "name groups as `any`, `all` or `none`");
    }
    let globs = |node: Option<Node<'_>>, report: &mut Report| {
        node.map(|node| each_once(&node, report, glob)).unwrap_or_default()
    };
    let groups = GroupsRequirement { any: globs(any, report), all: globs(all, report), none: globs(none, report) };
    if groups.is_void() {
        report.warning(
            node.path(),
            "can never be met",
            "`none` takes what `any` or `all` asks for: remove one of the two",
        );
    }
    Some(groups)
}

fn glob(node: &Node<'_>, report: &mut Report) -> Option<Glob> {
    node.parse::<_, GlobError>(report, "write a group's name, with `*` for any run of characters", Glob::parse)
}

fn domain(node: &Node<'_>, report: &mut Report) -> Option<Domain> {
    let mend = "write what stands after the `@`, such as `example.com`, or `*.example.com` for all that is below that";
    node.parse::<_, DomainError>(report, mend, Domain::parse)
}

fn email(node: &Node<'_>, report: &mut Report) -> Option<Email> {
    let mend = "write one address as `ada@example.com`; for everybody at a domain there is `emailDomains`";
    node.parse::<_, EmailError>(report, mend, Email::parse)
}

/// One of `claims`: a claim and one test.
fn claim(node: &Node<'_>, report: &mut Report) -> Option<Requirement> {
    const TESTS: [&str; 5] = ["equals", "oneOf", "contains", "exists", "matches"];
    let object = node.object(&["claim", "equals", "oneOf", "contains", "exists", "matches"], report)?;
    let path = object.required("claim", "name the claim, such as `department` or `[realm_access, roles]`", report);
    let path = path.and_then(|node| identity::claim_path(&node, report));
    let mut given = TESTS.iter().filter_map(|name| Some((*name, object.member(name)?)));
    let test = match (given.next(), given.next()) {
        (Some((name, node)), None) => test(name, &node, report),
        (first, _) => {
            let what = if first.is_some() { "has two tests" } else { "has no test" };
            let mend =
                "write one of `equals`, `oneOf`, `contains`, `exists` and `matches`; several tests are several entries";
            node.problem(report, what, mend);
            None
        }
    };
    Some(Requirement::Claim(path?, test?))
}

fn test(name: &str, node: &Node<'_>, report: &mut Report) -> Option<ClaimTest> {
    match name {
        "contains" => scalar(node, report).map(ClaimTest::Contains),
        "equals" => scalar(node, report).map(|value| ClaimTest::OneOf(vec![value])),
        "exists" => node.flag(report).map(ClaimTest::Exists),
        "matches" => {
            let mend = "write one that the whole claim matches, such as `eng-[0-9]+`; for what look-around would do, use `not`";
            node.parse::<_, RegexError>(report, mend, WholeRegex::parse).map(ClaimTest::Matches)
        }
        _ => {
            let values = each_once(node, report, scalar);
            let kinds = |value: &Scalar| std::mem::discriminant(value);
            if values.windows(2).any(|pair| matches!(pair, [one, other] if kinds(one) != kinds(other))) {
                let mend = "write values of one type: `1` and `\"1\"` are different, and tokens carry one of them";
                node.problem(report, "mixes types", mend);
            }
            Some(ClaimTest::OneOf(values))
        }
    }
}

fn scalar(node: &Node<'_>, report: &mut Report) -> Option<Scalar> {
    match node.value() {
        Value::Bool(flag) => Some(Scalar::Flag(*flag)),
        Value::Number(number) if number.as_i64().is_some() => number.as_i64().map(Scalar::Number),
        Value::String(_) => node.text(report).map(|text| Scalar::Text(text.to_owned())),
        _ => {
            let mend = "write a text, a whole number, `true` or `false`";
            node.problem(report, "is nothing that claims are compared with", mend);
            None
        }
    }
}
