//! Requirements on groups: any, all, none, and what cannot be read.

use edge_oidc::{
    oidc::claims::{ClaimPath, TrustedClaims},
    policy::{GroupsRequirement, Requirement, Subject},
};
use serde_json::{Value, json};

use crate::{all_groups, any_group, globs, met, no_group, not};

fn member(groups: &Value) -> Value {
    json!({ "groups": groups })
}

// T-34
#[test]
fn one_of_the_groups_is_enough_and_none_is_not() {
    let admins = any_group(&["admins", "team-*"]);
    for groups in [json!(["admins"]), json!(["x", "admins"]), json!(["team-a"]), json!("admins"), json!("team-b")] {
        assert!(met(&admins, &member(&groups)), "{groups}");
    }
    for groups in [json!([]), json!(["x"]), json!(["Admins"]), json!(["admins2", "xadmins"]), json!("a"), json!("")] {
        assert!(!met(&admins, &member(&groups)), "{groups}");
    }
    assert!(!met(&admins, &json!({})) && !met(&admins, &member(&Value::Null)));
}

// T-34
#[test]
fn all_of_the_groups_means_each() {
    let both = all_groups(&["a", "b-*"]);
    assert!(met(&both, &member(&json!(["b-1", "x", "a"]))));
    for groups in [json!([]), json!(["a"]), json!(["b-1"]), json!("a"), json!(["a", "b"]), json!(["a", "a"])] {
        assert!(!met(&both, &member(&groups)), "{groups}");
    }
}

// T-34
#[test]
fn none_of_the_groups_means_not_one() {
    let outside = no_group(&["guests", "temp-*"]);
    for groups in [json!([]), json!(["staff"]), json!("staff"), json!("")] {
        assert!(met(&outside, &member(&groups)), "{groups}");
    }
    assert!(met(&outside, &json!({})));
    for groups in [json!(["guests"]), json!(["staff", "temp-1"]), json!("guests"), json!(["temp-"])] {
        assert!(!met(&outside, &member(&groups)), "{groups}");
    }
}

#[test]
fn any_all_and_none_hold_together() {
    let groups = GroupsRequirement { any: globs(&["a", "b"]), all: globs(&["c"]), none: globs(&["d"]) };
    let groups = Requirement::Groups(groups);
    assert!(met(&groups, &member(&json!(["a", "c"]))) && met(&groups, &member(&json!(["c", "b"]))));
    for lacking in [json!(["a"]), json!(["c"]), json!(["a", "c", "d"]), json!(["d"]), json!([])] {
        assert!(!met(&groups, &member(&lacking)), "{lacking}");
        assert!(met(&not(groups.clone()), &member(&lacking)), "{lacking}");
    }
    assert!(!met(&not(groups), &member(&json!(["a", "c"]))));
}

#[test]
fn groups_that_cannot_be_read_open_nothing_and_excuse_nothing() {
    for unreadable in [
        json!({ "admins": true }),
        json!(1),
        json!(true),
        json!([["admins"]]),
        json!([{}]),
        json!(["admins", null]),
        json!("a\nb"),
        json!(["admins", "a\u{0}"]),
    ] {
        let claims = member(&unreadable);
        for requirement in [any_group(&["*"]), all_groups(&["*"]), no_group(&["x"]), any_group(&["admins"])] {
            assert!(!met(&requirement, &claims), "{unreadable} {requirement:?}");
            assert!(!met(&not(requirement.clone()), &claims), "not {unreadable} {requirement:?}");
            assert!(!met(&not(not(requirement.clone())), &claims), "not not {unreadable} {requirement:?}");
        }
    }
}

#[test]
fn numbers_are_the_names_that_applications_see() {
    assert!(met(&any_group(&["1001"]), &member(&json!([1001]))));
    assert!(!met(&no_group(&["1001"]), &member(&json!([1001]))));
}

#[test]
fn an_empty_name_is_no_group() {
    for groups in [json!(""), json!([""])] {
        assert!(!met(&any_group(&["*"]), &member(&groups)));
        assert!(met(&no_group(&["*"]), &member(&groups)));
    }
}

#[test]
fn the_negation_of_membership_is_a_test_like_any() {
    assert!(met(&not(any_group(&["guests"])), &json!({})));
    assert!(met(&not(any_group(&["guests"])), &member(&json!(["staff"]))));
    assert!(!met(&not(any_group(&["guests"])), &member(&json!(["staff", "guests"]))));
    assert!(met(&not(not(any_group(&["a"]))), &member(&json!(["a"]))));
    assert!(!met(&not(not(any_group(&["a"]))), &member(&json!(["b"]))));
}

fn subject<'a>(claims: &'a TrustedClaims, groups: Option<&'a ClaimPath>, prefix: &'a str) -> Subject<'a> {
    Subject { claims, groups_claim: groups, groups_prefix: prefix, allow_unverified_email: false }
}

#[test]
fn groups_stand_where_the_provider_puts_them() {
    let claims = json!({ "realm_access": { "roles": ["admins"] }, "groups": ["guests"] });
    let claims = TrustedClaims::unsealed(claims.as_object().unwrap().clone());
    let nested = ClaimPath { root: "realm_access".into(), rest: vec!["roles".into()] };
    assert!(any_group(&["admins"]).unmet(subject(&claims, Some(&nested), "")).is_none());
    assert!(any_group(&["guests"]).unmet(subject(&claims, Some(&nested), "")).is_some());
    assert!(no_group(&["x"]).unmet(subject(&claims, None, "")).is_some(), "nobody knows where the groups stand");
}

// T-160
#[test]
fn a_group_of_another_issuer_is_not_ours() {
    let claims = TrustedClaims::unsealed(json!({ "groups": ["admins"] }).as_object().unwrap().clone());
    let groups = ClaimPath::top_level("groups");
    let met = |requirement: &Requirement, prefix| requirement.unmet(subject(&claims, Some(&groups), prefix)).is_none();
    assert!(met(&any_group(&["pods:admins"]), "pods:") && met(&any_group(&["pods:*"]), "pods:"));
    assert!(!met(&any_group(&["admins"]), "pods:") && !met(&any_group(&["pods:admins"]), ""));
    assert!(!met(&all_groups(&["admins"]), "pods:") && met(&all_groups(&["pods:admins"]), "pods:"));
    // Refused is whoever may be meant.
    for refused in ["admins", "pods:admins"] {
        assert!(!met(&no_group(&[refused]), "pods:"), "{refused}");
        assert!(!met(&not(any_group(&[refused])), "pods:"), "{refused}");
    }
    assert!(met(&no_group(&["guests"]), "pods:") && met(&not(any_group(&["guests"])), "pods:"));
}

#[test]
fn many_groups_and_many_patterns_are_judged_in_no_time() {
    let many: Vec<String> = (0..1_000).map(|number| format!("{}{number}", "a".repeat(128))).collect();
    let patterns: Vec<String> = (0..100).map(|number| format!("a*a*a*a*b{number}")).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    assert!(!met(&any_group(&patterns), &member(&json!(many))));
}
