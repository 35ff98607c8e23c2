//! What somebody's claims must be, in words.
//!
//! Decides the words only; whether claims are so is `policy`'s.

use crate::{
    oidc::claims::ClaimPath,
    policy::{ClaimTest, GroupsRequirement, Requirement, Scalar, list},
};

/// Goes on from "required:": `in the group admins`.
pub(super) fn words(requirement: &Requirement) -> String {
    match requirement {
        Requirement::All(parts) => parts.iter().map(inner).collect::<Vec<_>>().join(" and "),
        Requirement::Any(parts) => parts.iter().map(inner).collect::<Vec<_>>().join(" or "),
        Requirement::Claim(path, test) => claim(path, test),
        Requirement::EmailDomains(domains) => format!("with an e-mail address at {}", list(domains, "or")),
        Requirement::Emails(emails) => format!("with the e-mail address {}", list(emails, "or")),
        Requirement::Groups(groups) => in_groups(groups),
        Requirement::Not(part) => format!("not {}", inner(part)),
        Requirement::Scopes(scopes) => format!("granted {}", list(scopes, "and")),
    }
}

/// A part of a whole; one that has parts of its own stands in parentheses.
fn inner(requirement: &Requirement) -> String {
    let words = words(requirement);
    match requirement {
        Requirement::All(parts) | Requirement::Any(parts) if parts.len() > 1 => format!("({words})"),
        _ => words,
    }
}

fn in_groups(groups: &GroupsRequirement) -> String {
    let part = |which: &str, names: &[_], word| (!names.is_empty()).then(|| format!("{which} {}", list(names, word)));
    let one = |names: &[_], several: &'static str| if names.len() > 1 { several } else { "in the group" };
    let none = if groups.none.len() > 1 { "in none of the groups" } else { "not in the group" };
    let parts = [
        part(one(&groups.any, "in one of the groups"), &groups.any, "and"),
        part(one(&groups.all, "in all of the groups"), &groups.all, "and"),
        part(none, &groups.none, "and"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

fn claim(name: &ClaimPath, test: &ClaimTest) -> String {
    match test {
        ClaimTest::Contains(value) => format!("with {} in the claim {name}", scalar(value)),
        ClaimTest::Exists(true) => format!("with the claim {name}"),
        ClaimTest::Exists(false) => format!("without the claim {name}"),
        ClaimTest::Matches(regex) => format!("with a claim {name} that matches `{}`", regex.source()),
        ClaimTest::OneOf(values) => {
            let values: Vec<_> = values.iter().map(scalar).collect();
            format!("with {} as the claim {name}", list(&values, "or"))
        }
    }
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Flag(flag) => flag.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => format!("\"{text}\""),
    }
}
