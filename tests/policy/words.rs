//! What a person is told that they lack.

use edge_oidc::{
    oidc::claims::ClaimPath,
    policy::{ClaimTest, Domain, Email, GroupsRequirement, Requirement, Scalar, WholeRegex},
};
use serde_json::{Value, json};

use crate::{all_groups, any_group, globs, no_group, not, scopes, unmet};

fn words(requirement: &Requirement, claims: &Value) -> String {
    unmet(requirement, claims).unwrap().text
}

fn claim(test: ClaimTest) -> Requirement {
    Requirement::Claim(ClaimPath { root: "realm".into(), rest: vec!["role".into()] }, test)
}

fn secret() -> Requirement {
    claim(ClaimTest::OneOf(vec![Scalar::Text("s3cret".into())]))
}

fn domains() -> Requirement {
    Requirement::EmailDomains(vec![Domain::parse("a.org").unwrap(), Domain::parse("b.org").unwrap()])
}

fn emails() -> Requirement {
    Requirement::Emails(vec![Email::parse("p@a.org").unwrap()])
}

#[test]
fn each_requirement_says_what_is_missing() {
    let anybody = json!({ "groups": ["x", "y"], "scope": "s t" });
    for (requirement, text) in [
        (any_group(&["admins"]), "must be in the group admins"),
        (any_group(&["admins", "team-*"]), "must be in one of the groups admins or team-*"),
        (any_group(&["a", "b", "c"]), "must be in one of the groups a, b or c"),
        (all_groups(&["a", "b"]), "must be in all of the groups a and b"),
        (no_group(&["x"]), "must not be in the group x"),
        (no_group(&["x", "z"]), "must not be in any of the groups x or z"),
        (not(any_group(&["x", "z"])), "must not be in any of the groups x or z"),
        (not(all_groups(&["x", "y"])), "must not be in all of the groups x and y"),
        (not(no_group(&["a", "b"])), "must be in one of the groups a or b"),
        (scopes(&["a"]), "must have the scope a"),
        (scopes(&["a", "b"]), "must have the scopes a and b"),
        (not(scopes(&["s"])), "must not have the scope s"),
        (not(scopes(&["s", "t"])), "must not have all of the scopes s and t"),
        (domains(), "must have a verified e-mail address at a.org or b.org"),
        (emails(), "must have a verified e-mail address that is on the list"),
        (claim(ClaimTest::Exists(true)), "must have the claim realm.role"),
        (not(claim(ClaimTest::Exists(false))), "must have the claim realm.role"),
        (secret(), "must have an accepted value in the claim realm.role"),
    ] {
        assert_eq!(words(&requirement, &anybody), text);
    }
    let somebody = json!({ "realm": { "role": "s3cret" }, "email": "p@a.org", "email_verified": true });
    for (requirement, text) in [
        (claim(ClaimTest::Exists(false)), "must not have the claim realm.role"),
        (not(claim(ClaimTest::Exists(true))), "must not have the claim realm.role"),
        (not(secret()), "must not have a refused value in the claim realm.role"),
        (not(domains()), "must not have an e-mail address at a.org or b.org"),
        (not(emails()), "must not have an e-mail address that is on the list"),
    ] {
        assert_eq!(words(&requirement, &somebody), text);
    }
}

#[test]
fn only_what_is_missing_is_said() {
    let anybody = json!({ "groups": ["a"] });
    let all = Requirement::All(vec![any_group(&["a"]), any_group(&["b"])]);
    assert_eq!(words(&all, &anybody), "must be in the group b");
    let groups = GroupsRequirement { any: globs(&["a"]), all: globs(&["b"]), none: globs(&["a"]) };
    assert_eq!(words(&Requirement::Groups(groups), &anybody), "must be in the group b, and must not be in the group a");
}

#[test]
fn combinations_read_as_one_sentence() {
    let anybody = json!({ "groups": ["x"] });
    let either = Requirement::Any(vec![any_group(&["a"]), scopes(&["s"])]);
    assert_eq!(words(&either, &anybody), "either must be in the group a, or must have the scope s");
    let both = Requirement::All(vec![any_group(&["a"]), no_group(&["x"])]);
    assert_eq!(words(&both, &anybody), "must be in the group a, and must not be in the group x");
    let nested = Requirement::Any(vec![both, scopes(&["s"])]);
    let text = "either (must be in the group a, and must not be in the group x), or must have the scope s";
    assert_eq!(words(&nested, &anybody), text);
    let neither = not(Requirement::Any(vec![any_group(&["x"]), not(any_group(&["a"]))]));
    assert_eq!(words(&neither, &anybody), "must not be in the group x, and must be in the group a");
    assert_eq!(words(&Requirement::Any(Vec::new()), &anybody), "must be somebody whom nothing describes");
}

#[test]
fn a_lack_of_scopes_alone_names_all_that_are_asked_for() {
    let named = |requirement: &Requirement, claims: Value| unmet(requirement, &claims).unwrap().scopes;
    let none: [&str; 0] = [];
    assert_eq!(named(&scopes(&["a", "b"]), json!({ "scope": "a" })), ["a", "b"]);
    let all = Requirement::All(vec![scopes(&["a"]), scopes(&["b", "a"]), any_group(&["g"])]);
    assert_eq!(named(&all, json!({ "scope": "a", "groups": ["g"] })), ["a", "b"]);
    assert_eq!(named(&all, json!({ "scope": "a" })), none);
    assert_eq!(named(&all, json!({ "scope": "a b" })), none);
    let either = Requirement::Any(vec![scopes(&["a"]), scopes(&["b"])]);
    assert_eq!(named(&either, json!({})), ["a"]);
    let mixed = Requirement::Any(vec![scopes(&["a"]), any_group(&["g"])]);
    assert_eq!(named(&mixed, json!({})), none);
    assert_eq!(named(&not(scopes(&["a"])), json!({ "scope": "a" })), none);
}

#[test]
fn neither_values_nor_the_persons_own_claims_are_said() {
    let person =
        json!({ "groups": ["p3rson"], "realm": { "role": "p3rson" }, "email": "p3rson@x.org", "scope": "p3rson" });
    let contains = claim(ClaimTest::Contains(Scalar::Text("s3cret".into())));
    let matches = claim(ClaimTest::Matches(WholeRegex::parse("s3cret").unwrap()));
    let all = Requirement::All(vec![any_group(&["a"]), scopes(&["b"]), domains(), secret(), contains, matches]);
    let text = words(&all, &person);
    assert!(!text.contains("p3rson") && !text.contains("s3cret"), "{text}");
}

#[test]
fn the_words_are_few() {
    let names: Vec<String> = (0..100).map(|number| format!("größe-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = Requirement::All(names.iter().map(|name| any_group(&[name])).collect());
    for requirement in [any_group(&names), many.clone(), Requirement::Any(vec![many, any_group(&names)])] {
        let text = words(&requirement, &json!({}));
        assert_eq!((text.chars().count(), text.ends_with('…')), (300, true), "{text}");
    }
    for (length, whole) in [(17, true), (18, false)] {
        let requirement = any_group(&["a".repeat(250).as_str(), "b".repeat(length).as_str()]);
        let text = words(&requirement, &json!({}));
        assert_eq!((text.chars().count(), !text.ends_with('…')), (300, whole), "{text}");
    }
}
