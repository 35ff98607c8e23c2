//! Policy from the outside: requirements on claims, and which rule decides, against rules and paths by chance.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its data is its own"
)]

mod chance;
mod claims;
mod groups;
mod oracle;
mod property;
mod routes;
mod words;

#[path = "../support/stream.rs"]
mod stream;

use edge_oidc::{
    oidc::claims::{ClaimPath, TrustedClaims},
    policy::{Glob, GroupsRequirement, Requirement, Subject, Unmet},
};
use serde_json::Value;

/// What somebody with `claims` lacks; their groups stand in `groups`.
fn unmet(requirement: &Requirement, claims: &Value) -> Option<Unmet> {
    let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
    let groups = ClaimPath::top_level("groups");
    requirement.unmet(Subject {
        claims: &claims,
        groups_claim: Some(&groups),
        groups_prefix: "",
        allow_unverified_email: false,
    })
}

fn met(requirement: &Requirement, claims: &Value) -> bool {
    unmet(requirement, claims).is_none()
}

fn not(requirement: Requirement) -> Requirement {
    Requirement::Not(Box::new(requirement))
}

fn globs(names: &[&str]) -> Vec<Glob> {
    names.iter().map(|name| Glob::parse(name).unwrap()).collect()
}

fn any_group(names: &[&str]) -> Requirement {
    Requirement::Groups(GroupsRequirement { any: globs(names), ..GroupsRequirement::default() })
}

fn all_groups(names: &[&str]) -> Requirement {
    Requirement::Groups(GroupsRequirement { all: globs(names), ..GroupsRequirement::default() })
}

fn no_group(names: &[&str]) -> Requirement {
    Requirement::Groups(GroupsRequirement { none: globs(names), ..GroupsRequirement::default() })
}

fn scopes(names: &[&str]) -> Requirement {
    Requirement::Scopes(names.iter().map(|name| (*name).to_owned()).collect())
}
